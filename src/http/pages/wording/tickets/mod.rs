//! The words of the pages behind mailed tickets, one table a language.

use super::Note;

pub(super) mod az;
pub(super) mod en;
pub(super) mod he;
pub(super) mod ru;

/// One language's words.
pub(in crate::http::pages) struct TicketWords {
    /// Of the page that finishes a registration.
    pub title_registration: &'static str,
    /// With `{firm}`.
    pub lead_registration: &'static str,
    /// Of the page that invites.
    pub title_invitation: &'static str,
    /// With `{firm}`.
    pub lead_invitation: &'static str,
    /// To somebody who has an account.
    pub lead_known: &'static str,
    /// Of the page for a new password.
    pub title_reset: &'static str,
    /// What it does.
    pub lead_reset: &'static str,
    /// Of the page of a claim, with `{firm}`.
    pub title_claim: &'static str,
    /// With `{firm}`.
    pub lead_claim: &'static str,
    /// Above what was written.
    pub records: &'static str,
    /// Of the firm's name.
    pub firm_name: &'static str,
    /// Of its web site.
    pub website: &'static str,
    /// Of the sentence.
    pub one_liner: &'static str,
    /// Of the paragraphs.
    pub summary: &'static str,
    /// Of the round.
    pub stage: &'static str,
    /// Above the tags, of which those that are wrong can be taken away.
    pub tags: &'static str,
    /// Before a mandate.
    pub mandate: &'static str,
    /// Above what is agreed to.
    pub consent_heading: &'static str,
    /// What is agreed to, a paragraph each: data, recipients and countries, validity, deletion.
    pub consent: [&'static str; 3],
    /// Beside the box.
    pub agree: &'static str,
    /// Above what the reader says of themselves.
    pub about_you: &'static str,
    pub name: &'static str,
    pub role: &'static str,
    pub optional: &'static str,
    pub language: &'static str,
    pub zone: &'static str,
    pub zone_hint: &'static str,
    pub password: &'static str,
    pub password_hint: &'static str,
    /// Beside the password that was chosen when registering.
    pub chosen_hint: &'static str,
    pub confirm: &'static str,
    pub accept: &'static str,
    pub choose: &'static str,
    pub stand_behind: &'static str,
    pub refuse: &'static str,
    pub refuse_claim: &'static str,
    pub faults: &'static str,
    pub fault_password: &'static str,
    pub fault_chosen: &'static str,
    pub fault_name: &'static str,
    pub fault_language: &'static str,
    pub fault_zone: &'static str,
    pub fault_agree: &'static str,
    pub fault_seen: &'static str,
    pub fault_text: &'static str,
    pub fault_firm_name: &'static str,
    pub fault_website: &'static str,
    pub fault_record: &'static str,
    pub fault_role: &'static str,
    pub registered: Note,
    pub joined: Note,
    pub password_changed: Note,
    pub confirmed: Note,
    pub refused: Note,
    pub revoked: Note,
    pub expired: Note,
}
