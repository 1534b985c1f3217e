//! What people are told by mail, as an intent: which notice, about what, to
//! whom. The words and addresses are looked up when it is sent, so that a
//! queued notice holds nothing about a person and never shows what was
//! withdrawn meanwhile.

use super::ids::{AskId, IntroductionId, UserId};
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
}

impl Notice {
    /// The stable code of the kind of notice.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::IntroductionAsk { .. } => "introduction_ask",
            Self::Introduction { .. } => "introduction",
            Self::IntroductionClosed { .. } => "introduction_closed",
            Self::RegistrationExists { .. } => "registration_exists",
        }
    }
}
