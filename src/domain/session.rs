//! Where a person is signed in.

use chrono::{DateTime, Utc};

use super::ids::{SessionId, UserId};
use super::values::codes;

codes! {
    /// Why a session ended before its time.
    EndReason {
        /// The person signed out there.
        SignedOut = "signed_out",
        /// The person ended it from another one.
        Revoked = "revoked",
        /// One of its refresh tokens came a second time: somebody has a copy.
        Reuse = "reuse",
        /// The password was changed or reset.
        Password = "password",
        /// The account was closed.
        Disabled = "disabled",
        /// The second factor was taken away.
        SecondFactor = "second_factor",
    }
}

/// What began with a sign-in and lasts as long as its tokens are renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id; access tokens name it.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// Whether a second factor was shown.
    pub second_factor: bool,
    /// What the program that signed in called itself.
    pub agent: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When its tokens were renewed last.
    pub last_used_at: DateTime<Utc>,
    /// When it ends whatever happens.
    pub expires_at: DateTime<Utc>,
    /// When it ended before that, and why.
    pub ended: Option<(DateTime<Utc>, EndReason)>,
}
