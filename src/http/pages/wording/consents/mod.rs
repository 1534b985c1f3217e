//! The words of the page of what its reader agreed to, one table a language.

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
    pub recipient_later: &'static str,
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
}
