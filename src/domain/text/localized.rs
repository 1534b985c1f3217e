//! One text in several languages.

use std::collections::BTreeMap;

use super::Language;

/// How a translation came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextState {
    /// Written by its author.
    Original,
    /// Translated by a machine and not yet read by a person.
    Machine,
    /// Translated or checked by a person.
    Human,
}

impl TextState {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Machine => "machine",
            Self::Human => "human",
        }
    }

    /// The state with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Original, Self::Machine, Self::Human]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

/// A text in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalText {
    /// The words.
    pub text: String,
    /// Where they come from.
    pub state: TextState,
}

/// One text in several languages. A reader gets their own language first,
/// English next, whatever there is last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Localized(BTreeMap<Language, LocalText>);

impl Localized {
    /// No text at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the text of a language.
    pub fn insert(&mut self, language: Language, text: LocalText) {
        self.0.insert(language, text);
    }

    /// Whether there is no text in any language.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the text can be published: there is English.
    pub fn has_english(&self) -> bool {
        self.0.keys().any(|language| language.primary() == "en")
    }

    /// The best text for a reader, with the language it is in.
    pub fn for_reader(&self, reader: &Language) -> Option<(&Language, &LocalText)> {
        let of = |primary: &str| self.0.iter().find(|(tag, _)| tag.primary() == primary);
        self.0
            .get_key_value(reader)
            .or_else(|| of(reader.primary()))
            .or_else(|| of("en"))
            .or_else(|| self.0.iter().next())
    }

    /// All texts by language.
    pub fn iter(&self) -> impl Iterator<Item = (&Language, &LocalText)> {
        self.0.iter()
    }
}

impl FromIterator<(Language, LocalText)> for Localized {
    fn from_iter<I: IntoIterator<Item = (Language, LocalText)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}
