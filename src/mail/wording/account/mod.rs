//! The words of mails about accounts, one table a language.

use super::super::notice::AccountNews;

pub(super) mod az;
pub(super) mod en;
pub(super) mod he;
pub(super) mod ru;

/// One language's words.
pub(in crate::mail) struct AccountWords {
    /// With `{expires}`.
    pub expiry: &'static str,
    /// Why the reader gets this.
    pub footer: &'static str,
    /// To who registered, with `{firm}`.
    pub registration: TicketWords,
    /// To who is invited, with `{firm}`, `{by}`.
    pub invitation: TicketWords,
    /// To who is invited by the service itself, with `{firm}`.
    pub invitation_plain: TicketWords,
    /// To who forgot the password.
    pub password_reset: TicketWords,
    /// To whom a profile is about, with `{firm}`.
    pub claim: TicketWords,
    /// To who wants to see what they agreed to.
    pub my_consents: TicketWords,
    /// What happened to an account.
    pub news: NewsWords,
}

/// The words of one kind of link.
pub(in crate::mail) struct TicketWords {
    /// The subject.
    pub subject: &'static str,
    /// What it is about.
    pub lead: &'static str,
    /// On the button.
    pub action: &'static str,
    /// If the reader didn't expect it.
    pub otherwise: &'static str,
}

/// What happened to an account.
pub(in crate::mail) struct NewsWords {
    /// The subject.
    pub subject: &'static str,
    /// With `{at}`.
    pub at: &'static str,
    /// If it wasn't the reader.
    pub otherwise: &'static str,
    pub password_changed: &'static str,
    pub session_copied: &'static str,
    pub second_factor_set: &'static str,
    pub second_factor_removed: &'static str,
    pub recovery_code_used: &'static str,
    pub recovery_codes_renewed: &'static str,
    pub key_made: &'static str,
    pub roles_changed: &'static str,
    pub account_closed: &'static str,
    pub account_reopened: &'static str,
    pub member_joined: &'static str,
    pub document_cleared: &'static str,
    pub document_refused: &'static str,
    pub consent_needed: &'static str,
    pub admission_withdrawn: &'static str,
    pub programme_declined: &'static str,
    pub programme_expiring: &'static str,
    pub programme_over: &'static str,
    pub promise_at_risk: &'static str,
    pub promise_missed: &'static str,
    pub deal_opened: &'static str,
}

impl NewsWords {
    /// The sentence that says it.
    pub(in crate::mail) const fn sentence(&self, news: AccountNews) -> &'static str {
        match news {
            AccountNews::PasswordChanged => self.password_changed,
            AccountNews::SessionCopied => self.session_copied,
            AccountNews::SecondFactorSet => self.second_factor_set,
            AccountNews::SecondFactorRemoved => self.second_factor_removed,
            AccountNews::RecoveryCodeUsed => self.recovery_code_used,
            AccountNews::RecoveryCodesRenewed => self.recovery_codes_renewed,
            AccountNews::KeyMade => self.key_made,
            AccountNews::RolesChanged => self.roles_changed,
            AccountNews::AccountClosed => self.account_closed,
            AccountNews::AccountReopened => self.account_reopened,
            AccountNews::MemberJoined => self.member_joined,
            AccountNews::DocumentCleared => self.document_cleared,
            AccountNews::DocumentRefused => self.document_refused,
            AccountNews::ConsentNeeded => self.consent_needed,
            AccountNews::AdmissionWithdrawn => self.admission_withdrawn,
            AccountNews::ProgrammeDeclined => self.programme_declined,
            AccountNews::ProgrammeExpiring => self.programme_expiring,
            AccountNews::ProgrammeOver => self.programme_over,
            AccountNews::PromiseAtRisk => self.promise_at_risk,
            AccountNews::PromiseMissed => self.promise_missed,
            AccountNews::DealOpened => self.deal_opened,
        }
    }
}
