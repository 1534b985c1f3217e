//! The words of the pages behind a weekly digest, one table a language.

use super::Note;

pub(super) mod az;
pub(super) mod en;
pub(super) mod he;
pub(super) mod ru;

/// One language's words.
pub(in super::super) struct EntryWords {
    /// Of the page that answers.
    pub title: &'static str,
    /// With `{mandate}`, `{programme}`.
    pub lead: &'static str,
    /// For a mandate without a title.
    pub untitled: &'static str,
    pub country: &'static str,
    pub stage: &'static str,
    pub tags: &'static str,
    /// With `{band}`, `{score}`, `{known}`.
    pub score: &'static str,
    pub risk: &'static str,
    pub missing: &'static str,
    pub brief: &'static str,
    pub interested: &'static str,
    pub pass: &'static str,
    pub snooze: &'static str,
    pub if_pass: &'static str,
    pub if_snooze: &'static str,
    pub until: &'static str,
    /// With `{days}`.
    pub until_hint: &'static str,
    pub until_fault: &'static str,
    pub put_off_before: &'static str,
    /// Who reads the answer.
    pub private: &'static str,
    /// `{day}`, `{month}`, `{year}`.
    pub date: &'static str,
    pub brief_title: &'static str,
    /// With `{mandate}`, `{programme}`.
    pub brief_lead: &'static str,
    /// With `{day}`.
    pub day: &'static str,
    /// What to do with a name.
    pub named: &'static str,
    /// Why there is none.
    pub unnamed: &'static str,
    pub decision: &'static str,
    pub signed_on: &'static str,
    pub signature: &'static str,
    pub back: &'static str,
    pub answered: Note,
    /// Whatever the reason.
    pub over: Note,
    pub expired: Note,
}
