//! What a request with an `Idempotency-Key` came to.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::idempotency::Outcome;
use crate::db::{Error, Result};
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
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredFault {
    pointer: String,
    code: String,
    detail: String,
}

impl From<Fault> for StoredFault {
    fn from(fault: Fault) -> Self {
        let Fault {
            pointer,
            code,
            detail,
        } = fault;
        Self {
            pointer,
            code: code.into_owned(),
            detail,
        }
    }
}

impl From<StoredFault> for Fault {
    fn from(stored: StoredFault) -> Self {
        Self {
            pointer: stored.pointer,
            code: stored.code.into(),
            detail: stored.detail,
        }
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
                missing: vec![Fault {
                    pointer: "/blurb".into(),
                    code: "carries_link".into(),
                    detail: "A link.".into(),
                }],
            },
        ] {
            let text = encode(&outcome).expect("encodes");
            assert!(text.starts_with(r#"{"schema":1,"#), "{text}");
            assert_eq!(decode(&text).expect("decodes"), outcome);
        }
    }
}
