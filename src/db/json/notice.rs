//! The stored form of an intent to tell somebody something.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::{Error, Result};
use crate::domain::message::{Ending, Notice};

#[derive(Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case", deny_unknown_fields)]
enum Stored {
    IntroductionAsk {
        schema: u8,
        ask: Uuid,
    },
    Introduction {
        schema: u8,
        introduction: Uuid,
    },
    IntroductionClosed {
        schema: u8,
        introduction: Uuid,
        person: Uuid,
        ending: String,
    },
    RegistrationExists {
        schema: u8,
        user: Uuid,
    },
}

/// Writes an intent.
pub fn encode(notice: &Notice) -> Result<String> {
    let schema = 1;
    let stored = match *notice {
        Notice::IntroductionAsk { ask } => Stored::IntroductionAsk {
            schema,
            ask: ask.uuid(),
        },
        Notice::Introduction { introduction } => Stored::Introduction {
            schema,
            introduction: introduction.uuid(),
        },
        Notice::IntroductionClosed {
            introduction,
            person,
            ending,
        } => Stored::IntroductionClosed {
            schema,
            introduction: introduction.uuid(),
            person: person.uuid(),
            ending: ending.code().to_owned(),
        },
        Notice::RegistrationExists { user } => Stored::RegistrationExists {
            schema,
            user: user.uuid(),
        },
    };
    serde_json::to_string(&stored).map_err(|error| Error::Corrupt(error.to_string()))
}

/// Reads an intent.
pub fn decode(text: &str) -> Result<Notice> {
    let corrupt = |what: &str| Error::Corrupt(format!("a queued notice: {what}"));
    let stored: Stored = serde_json::from_str(text).map_err(|error| corrupt(&error.to_string()))?;
    let (schema, notice) = match stored {
        Stored::IntroductionAsk { schema, ask } => {
            (schema, Notice::IntroductionAsk { ask: ask.into() })
        }
        Stored::Introduction {
            schema,
            introduction,
        } => (
            schema,
            Notice::Introduction {
                introduction: introduction.into(),
            },
        ),
        Stored::IntroductionClosed {
            schema,
            introduction,
            person,
            ending,
        } => (
            schema,
            Notice::IntroductionClosed {
                introduction: introduction.into(),
                person: person.into(),
                ending: Ending::from_code(&ending).ok_or_else(|| corrupt("its ending"))?,
            },
        ),
        Stored::RegistrationExists { schema, user } => (
            schema,
            Notice::RegistrationExists { user: user.into() },
        ),
    };
    if schema == 1 {
        Ok(notice)
    } else {
        Err(corrupt("its schema number"))
    }
}
