//! The question of an introduction to one person of the side asked.

use chrono::{DateTime, Utc};

use super::ids::{AskId, IntroductionId, UserId};
use super::text::Email;
use super::values::{Side, codes};

codes! {
    /// Where a question to a person stands.
    AskState {
        /// Waits for an answer.
        Open = "open",
        /// Was answered; the answer is final.
        Answered = "answered",
        /// Is void: the introduction went on or ended without it.
        Dead = "dead",
    }
}

/// One question to one person of the side asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Its id, which the link carries.
    pub id: AskId,
    /// About which introduction.
    pub introduction: IntroductionId,
    /// To which side.
    pub side: Side,
    /// To whom.
    pub person: UserId,
    /// Where it stands.
    pub state: AskState,
    /// Until when an answer counts.
    pub expires_at: DateTime<Utc>,
    /// When it was put.
    pub created_at: DateTime<Utc>,
    /// When its person is reminded next.
    pub remind_at: Option<DateTime<Utc>>,
    /// How often they were.
    pub reminders: u32,
}

/// Who is to answer instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delegate {
    /// Somebody of the same organization.
    Member(UserId),
    /// Whoever reads that address.
    Address(Email),
}
