//! The words of regular mail and of what happens to profiles, one table a
//! language.

pub(super) mod az;
pub(super) mod en;
pub(super) mod he;
pub(super) mod ru;

/// One language's words.
pub(in crate::mail) struct RegularWords {
    /// See [`crate::mail::regular::DigestMail`].
    pub digest: DigestWords,
}

/// The weekly digest.
pub(in crate::mail) struct DigestWords {
    /// With `{mandate}`, `{count}`.
    pub subject: &'static str,
    /// With `{mandate}`.
    pub lead: &'static str,
    /// Above an entry, with `{number}`, `{band}`.
    pub section: &'static str,
    /// Above what speaks against it.
    pub risk: &'static str,
    /// Above what is not known.
    pub missing: &'static str,
    /// On the link to the page that answers.
    pub answer: &'static str,
    /// On the link to the brief.
    pub brief: &'static str,
    /// With `{more}`.
    pub more: &'static str,
    /// The links are personal.
    pub personal: &'static str,
    /// Why the reader gets this, with `{mandate}`.
    pub footer: &'static str,
}
