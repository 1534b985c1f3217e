//! What a request with an `Idempotency-Key` came to.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::idempotency::{Outcome, Settled};
use crate::db::{Error, Result};
use crate::domain::event::SubjectKind;
use crate::domain::fault::Fault;

const SCHEMA: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    schema: u32,
    #[serde(flatten)]
    outcome: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Created {
        id: String,
        version: i64,
    },
    Refused {
        code: String,
        detail: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<StoredFault>,
    },
    Settled {
        records: Vec<StoredSettled>,
    },
}

#[derive(Serialize, Deserialize)]
struct StoredSettled {
    place: usize,
    kind: String,
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl From<Settled> for StoredSettled {
    fn from(settled: Settled) -> Self {
        let (status, refused) = match settled.outcome {
            Ok(status) => (Some(status), None),
            Err(code) => (None, Some(code)),
        };
        Self {
            place: settled.place,
            kind: settled.kind.code().to_owned(),
            id: settled.id.hyphenated().to_string(),
            status,
            refused,
        }
    }
}

impl StoredSettled {
    fn read(self) -> Option<Settled> {
        Some(Settled {
            place: self.place,
            kind: SubjectKind::from_code(&self.kind)?,
            id: Uuid::try_parse(&self.id).ok()?,
            outcome: match (self.status, self.refused) {
                (Some(status), None) => Ok(status),
                (None, Some(code)) => Err(code),
                _ => return None,
            },
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredFault {
    pointer: String,
    code: String,
    detail: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<String>,
}

impl From<Fault> for StoredFault {
    fn from(fault: Fault) -> Self {
        let Fault {
            pointer,
            code,
            detail,
            suggestions,
        } = fault;
        Self {
            pointer,
            code: code.into_owned(),
            detail,
            suggestions,
        }
    }
}

impl From<StoredFault> for Fault {
    fn from(stored: StoredFault) -> Self {
        Self::new(stored.pointer, stored.code, stored.detail).suggesting(stored.suggestions)
    }
}

pub(in crate::db) fn encode(outcome: &Outcome) -> Result<String> {
    let outcome = match outcome.clone() {
        Outcome::Created { id, version } => Kind::Created {
            id: id.hyphenated().to_string(),
            version,
        },
        Outcome::Refused {
            code,
            detail,
            missing,
        } => Kind::Refused {
            code,
            detail,
            missing: missing.into_iter().map(StoredFault::from).collect(),
        },
        Outcome::Settled(records) => Kind::Settled {
            records: records.into_iter().map(StoredSettled::from).collect(),
        },
    };
    serde_json::to_string(&Stored {
        schema: SCHEMA,
        outcome,
    })
    .map_err(|error| Error::Corrupt(error.to_string()))
}

pub(in crate::db) fn decode(text: &str) -> Result<Outcome> {
    let corrupt = |why: String| Error::Corrupt(format!("a stored outcome: {why}"));
    let stored: Stored = serde_json::from_str(text).map_err(|error| corrupt(error.to_string()))?;
    if stored.schema != SCHEMA {
        return Err(corrupt(format!("schema {}", stored.schema)));
    }
    Ok(match stored.outcome {
        Kind::Created { id, version } => Outcome::Created {
            id: Uuid::try_parse(&id).map_err(|error| corrupt(error.to_string()))?,
            version,
        },
        Kind::Refused {
            code,
            detail,
            missing,
        } => Outcome::Refused {
            code,
            detail,
            missing: missing.into_iter().map(Fault::from).collect(),
        },
        Kind::Settled { records } => {
            let records = records.into_iter().map(StoredSettled::read);
            let records: Option<_> = records.collect();
            Outcome::Settled(records.ok_or_else(|| corrupt("a record".into()))?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_survive_storage() {
        for outcome in [
            Outcome::Created {
                id: Uuid::from_u128(5),
                version: 3,
            },
            Outcome::Refused {
                code: "already_open".into(),
                detail: "…".into(),
                missing: vec![],
            },
            Outcome::Refused {
                code: "gate".into(),
                detail: "closed".into(),
                missing: vec![
                    Fault::new("/blurb", "carries_link", "A link."),
                    Fault::new("/tags/0", "unknown_tag", "No tag.").suggesting(["water"]),
                ],
            },
            Outcome::Settled(vec![
                Settled {
                    place: 1,
                    kind: SubjectKind::Match,
                    id: Uuid::from_u128(7),
                    outcome: Ok("candidate".into()),
                },
                Settled {
                    place: 1,
                    kind: SubjectKind::Introduction,
                    id: Uuid::from_u128(8),
                    outcome: Err("second_person_needed".into()),
                },
            ]),
        ] {
            let text = encode(&outcome).expect("encodes");
            assert!(text.starts_with(r#"{"schema":1,"#), "{text}");
            assert_eq!(decode(&text).expect("decodes"), outcome);
        }
    }
}
