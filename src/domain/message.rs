//! What people are told by mail, as an intent: which notice, about what, to
//! whom. The words and addresses are looked up when it is sent, so that a
//! queued notice holds nothing about a person and never shows what was
//! withdrawn meanwhile.

use super::ids::{AskId, IntroductionId, TicketId, UserId};
use super::values::codes;

codes! {
    /// How an introduction ended, as the requester is told.
    Ending {
        /// Not taken up, for reasons that stay private.
        Declined = "declined",
        /// Nobody answered in time.
        Expired = "expired",
        /// Taken back by who asked.
        Withdrawn = "withdrawn",
        /// Could not be made.
        Refused = "refused",
    }
}

codes! {
    /// What happened to an account that its person should hear of, whoever
    /// did it.
    News {
        /// The password was changed.
        PasswordChanged = "password_changed",
        /// A used refresh token came again, and the session was ended.
        SessionCopied = "session_copied",
        /// A second factor counts from now on.
        SecondFactorSet = "second_factor_set",
        /// The second factor was taken away.
        SecondFactorRemoved = "second_factor_removed",
        /// A recovery code was used to sign in.
        RecoveryCodeUsed = "recovery_code_used",
        /// The recovery codes were replaced.
        RecoveryCodesRenewed = "recovery_codes_renewed",
        /// A key for scripts was made.
        KeyMade = "key_made",
        /// A part in a firm was given, changed or taken away.
        RolesChanged = "roles_changed",
        /// The account was closed.
        AccountClosed = "account_closed",
        /// The account was opened again.
        AccountReopened = "account_reopened",
    }
}

/// One intent to tell somebody something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Asks the person of that question.
    IntroductionAsk {
        /// The question.
        ask: AskId,
    },
    /// Connects both sides in one mail.
    Introduction {
        /// Which introduction.
        introduction: IntroductionId,
    },
    /// Tells somebody that it came to nothing.
    IntroductionClosed {
        /// Which introduction.
        introduction: IntroductionId,
        /// Whom.
        person: UserId,
        /// How it ended.
        ending: Ending,
    },
    /// Tells the owner of an address that somebody tried to register with it.
    RegistrationExists {
        /// The owner.
        user: UserId,
    },
    /// Mails a ticket to its address.
    Ticket {
        /// Which.
        ticket: TicketId,
    },
    /// Tells a person what happened to their account.
    News {
        /// Whom.
        user: UserId,
        /// What.
        news: News,
    },
}

impl Notice {
    /// The stable code of the kind of notice.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::IntroductionAsk { .. } => "introduction_ask",
            Self::Introduction { .. } => "introduction",
            Self::IntroductionClosed { .. } => "introduction_closed",
            Self::RegistrationExists { .. } => "registration_exists",
            Self::Ticket { .. } => "ticket",
            Self::News { .. } => "news",
        }
    }
}
