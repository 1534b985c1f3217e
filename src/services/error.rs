//! Why a use case did not happen. `http` alone turns this into a status.

use crate::db;
use crate::domain::fault::{Fault, Faults};
pub use crate::domain::refusal::Refusal;

/// Why a use case did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the caller may not know that there is.
    #[error("not found")]
    NotFound,
    /// Nobody knows who asks.
    #[error("not signed in")]
    Unauthenticated(AuthFault),
    /// The caller may see it, but not do this.
    #[error("not allowed")]
    Forbidden,
    /// The token's scopes don't include it; the one that would.
    #[error("the scope {0} is needed")]
    InsufficientScope(&'static str),
    /// The caller must set up a second factor before anything else.
    #[error("a second factor must be set up first")]
    SecondFactorDue,
    /// The document can't mean anything valid; never empty.
    #[error("{} fault(s) in the document", .0.len())]
    Invalid(Vec<Fault>),
    /// A rule said no in the present state.
    #[error("refused: {}", .0.code)]
    Refused(Refusal),
    /// The caller decided on an older version of the thing.
    #[error("changed meanwhile")]
    StaleVersion,
    /// The idempotency key was used before with another payload.
    #[error("idempotency key reused")]
    KeyReused,
    /// The first request with this idempotency key still runs.
    #[error("idempotency key in use")]
    KeyInUse,
    /// The cursor is damaged, or belongs to another query.
    #[error("bad cursor")]
    BadCursor,
    /// The store can't take it now.
    #[error("busy, try again in {retry_after_s} s")]
    Busy {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// The caller asked too often.
    #[error("too many requests, try again in {retry_after_s} s")]
    TooMany {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// Something broke. The cause is for the log, never for the caller.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why nobody knows who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFault {
    /// No credentials came.
    Missing,
    /// Credentials came that don't hold: wrong or revoked.
    Invalid,
    /// A token of ours came that has run out.
    Expired,
    /// They hold, and a second factor is needed beside them.
    SecondFactor,
}

impl Error {
    /// A refusal that can't say what is missing.
    pub fn refused(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(code, detail))
    }

    /// Something broke; `cause` goes to the log.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<Faults> for Error {
    fn from(faults: Faults) -> Self {
        Self::Invalid(faults.into_vec())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        match error {
            // Whether an unavailable store did it is unknown; the client's
            // idempotency key makes asking again safe.
            db::Error::Busy | db::Error::Unavailable(_) => {
                tracing::warn!(%error, "the store can't take it now");
                Self::Busy { retry_after_s: 1 }
            }
            db::Error::Outdated => Self::StaleVersion,
            other => Self::internal(other),
        }
    }
}
