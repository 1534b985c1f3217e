//! The words of regular mail and of what happens to profiles, one table a
//! language.

use crate::domain::worklist::WorkKind;

pub(super) mod az;
pub(super) mod en;
pub(super) mod he;
pub(super) mod ru;

/// One language's words.
pub(in crate::mail) struct RegularWords {
    /// See [`crate::mail::regular::DigestMail`].
    pub digest: DigestWords,
    /// A day: `{day}`, `{month}`, `{year}`.
    pub date: &'static str,
    /// See [`crate::mail::regular::ProfileMail`].
    pub profile: ProfileWords,
    /// See [`crate::mail::regular::MandateMail`].
    pub mandate: MandateWords,
    /// See [`crate::mail::regular::StatusMail`].
    pub status: StatusWords,
    /// See [`crate::mail::regular::WorkMail`].
    pub work: WorkWords,
    /// The parts of a profile.
    pub fields: FieldWords,
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

/// What happens to a profile; each with `{firm}`, where it names it.
pub(in crate::mail) struct ProfileWords {
    pub received_subject: &'static str,
    /// With `{by}`.
    pub received: &'static str,
    pub changes_subject: &'static str,
    /// Above the comments.
    pub changes: &'static str,
    pub changes_next: &'static str,
    pub rejected_subject: &'static str,
    /// With `{reason}`.
    pub rejected: &'static str,
    /// With `{by}`.
    pub rejected_next: &'static str,
    pub published_subject: &'static str,
    /// With `{by}`.
    pub confirm_by: &'static str,
    /// With `{by}`.
    pub confirm_subject: &'static str,
    /// What being shown means to a startup.
    pub of_startup: ShownWords,
    /// And to an investor.
    pub of_investor: ShownWords,
    /// Why the reader gets this.
    pub footer: &'static str,
}

/// Where a profile is shown, and that it is no longer.
pub(in crate::mail) struct ShownWords {
    pub published: &'static str,
    /// With `{by}`.
    pub confirm: &'static str,
    pub stale_subject: &'static str,
    pub stale: &'static str,
}

/// What happens to a mandate; each with `{mandate}`.
pub(in crate::mail) struct MandateWords {
    pub published_subject: &'static str,
    /// With `{capacity}`.
    pub published: &'static str,
    /// With `{by}`.
    pub confirm_by: &'static str,
    /// With `{by}`.
    pub confirm_subject: &'static str,
    /// With `{by}`.
    pub confirm: &'static str,
    pub stale_subject: &'static str,
    pub stale: &'static str,
}

/// How a profile fared in a month.
pub(in crate::mail) struct StatusWords {
    /// With `{month}`, `{year}`.
    pub subject: &'static str,
    /// With `{firm}`, `{month}`, `{year}`.
    pub lead: &'static str,
    /// With `{programme}`.
    pub section: &'static str,
    /// With `{count}`.
    pub shown: &'static str,
    /// With `{count}`.
    pub shown_new: &'static str,
    /// With `{count}`.
    pub waiting: &'static str,
    /// With `{count}`.
    pub own: &'static str,
    /// In the place of a small number, with `{least}`.
    pub fewer: &'static str,
    /// Above the reasons.
    pub passes: &'static str,
    /// Above what would help.
    pub improve: &'static str,
    /// With `{fields}`.
    pub missing: &'static str,
    /// With `{intent}`, `{count}`.
    pub intent: &'static str,
    /// With `{count}`.
    pub cheque: &'static str,
    /// Why small numbers are left out.
    pub small: &'static str,
}

/// What waits for one of the operator’s people.
pub(in crate::mail) struct WorkWords {
    /// With `{count}`.
    pub subject: &'static str,
    /// Above the list.
    pub lead: &'static str,
    /// With `{kind}`, `{count}`, `{since}`.
    pub line: &'static str,
    /// With `{count}`.
    pub overdue: &'static str,
    /// On the link to the list.
    pub action: &'static str,
    /// Where the list is, where there is no link to it.
    pub at_work: &'static str,
    /// What is to be done.
    pub kind: fn(WorkKind) -> &'static str,
}

/// The parts of a startup’s profile, and of an investor’s.
pub(in crate::mail) struct FieldWords {
    pub one_liner: &'static str,
    pub summary: &'static str,
    pub tags: &'static str,
    pub technologies: &'static str,
    pub business_models: &'static str,
    pub customer_types: &'static str,
    pub stage: &'static str,
    pub stage_before: &'static str,
    pub markets: &'static str,
    pub languages: &'static str,
    pub deal_intents: &'static str,
    pub round: &'static str,
    pub traction: &'static str,
    pub team_size: &'static str,
    pub encumbrances: &'static str,
    pub transfer_topics: &'static str,
    pub controls: &'static str,
    pub investor_type: &'static str,
    pub residence: &'static str,
    pub about: &'static str,
    pub assets: &'static str,
    pub portfolio: &'static str,
    pub accreditation: &'static str,
    /// For a part that has no name of its own.
    pub profile: &'static str,
}

impl FieldWords {
    /// The name of the part that a JSON Pointer leads to, as reviewers and the
    /// readiness of a profile name it.
    pub(in crate::mail) fn of(&self, pointer: &str) -> &'static str {
        let first = pointer.trim_start_matches('/').split('/').next();
        match first.unwrap_or_default() {
            "one_liner" => self.one_liner,
            "summary" => self.summary,
            "primary_tags" | "tags" => self.tags,
            "technologies" => self.technologies,
            "business_models" => self.business_models,
            "customer_types" => self.customer_types,
            "stage" => self.stage,
            "stage_before" => self.stage_before,
            "markets_now" | "markets_wanted" => self.markets,
            "languages" => self.languages,
            "deal_intents" => self.deal_intents,
            "round" => self.round,
            "traction" => self.traction,
            "team_size" => self.team_size,
            "encumbrances" => self.encumbrances,
            "transfer_topics" => self.transfer_topics,
            "controls" => self.controls,
            "type" => self.investor_type,
            "residence" => self.residence,
            "about" => self.about,
            "assets" => self.assets,
            "portfolio" => self.portfolio,
            "accreditation" => self.accreditation,
            _ => self.profile,
        }
    }
}
