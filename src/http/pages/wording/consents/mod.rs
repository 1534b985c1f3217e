//! The words of the page of what its reader agreed to, one table a language.

use super::Note;

pub(super) mod az;
pub(super) mod en;
pub(super) mod he;
pub(super) mod ru;

/// One language's words.
pub(in super::super) struct ConsentWords {
    pub title: &'static str,
    /// With `{address}`, `{operator}`.
    pub lead: &'static str,
    pub none: &'static str,
    /// With `{programme}`, `{organization}`.
    pub introduction: &'static str,
    /// With `{organization}`.
    pub proposals: &'static str,
    /// With `{recipient}`.
    pub recipient: &'static str,
    /// What goes on at once, and what once both have agreed.
    pub recipient_later: &'static str,
    /// Who reads of a firm that is proposed.
    pub recipient_proposals: &'static str,
    /// With `{country}`.
    pub country: &'static str,
    pub data: &'static str,
    /// With `{day}`, `{name}`.
    pub given: &'static str,
    /// With `{day}`.
    pub valid: &'static str,
    /// With `{day}`.
    pub withdrawn: &'static str,
    /// With `{day}`.
    pub over: &'static str,
    /// Above the text.
    pub text: &'static str,
    pub withdraw: &'static str,
    /// What follows.
    pub hint: &'static str,
    /// On other pages.
    pub link: &'static str,
    /// Of the page that asks who reads.
    pub ask: AskWords,
}

/// The words of the page that sends the link to an address.
pub(in super::super) struct AskWords {
    /// With `{operator}`.
    pub lead: &'static str,
    pub address: &'static str,
    pub send: &'static str,
    pub fault: &'static str,
    /// Above the other languages.
    pub languages: &'static str,
    /// The same whoever asks.
    pub sent: Note,
}
