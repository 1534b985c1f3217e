//! What somebody else wrote, in the language that it has.

use crate::domain::text::Language;
use crate::domain::tongue;

/// Words in a language that may not be the reader's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The words.
    pub text: String,
    /// What the `lang` of HTML says of them: a tag (BCP 47), empty where nobody
    /// knows; none where they are the reader's language, as ours are.
    pub lang: Option<String>,
    /// What its `dir` says.
    pub dir: &'static str,
}

impl Said {
    /// A text whose language is on record.
    pub fn in_language(text: String, language: &Language) -> Self {
        Self {
            text,
            lang: Some(language.to_string()),
            dir: language.direction(),
        }
    }

    /// A text whose language only its letters tell.
    pub fn by_somebody(text: String) -> Self {
        match tongue::of(&text) {
            Some(language) => Self::in_language(text, &language),
            None => Self {
                text,
                lang: Some(String::new()),
                dir: "auto",
            },
        }
    }

    /// The same with other words.
    #[must_use]
    pub(super) fn with(&self, text: String) -> Self {
        Self {
            text,
            ..self.clone()
        }
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self {
            text,
            lang: None,
            dir: "auto",
        }
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}
