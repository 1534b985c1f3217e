//! Tickets: mailed permissions to do one thing once.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::account::Role;
use super::ids::{OrganizationId, TicketId, UserId};
use super::organization::OrganizationDetails;
use super::text::{Email, Language, Name};
use super::values::codes;

codes! {
    /// What a ticket is for.
    TicketKind {
        /// Finish a registration.
        Registration = "registration",
        /// Join a firm.
        Invitation = "invitation",
        /// Choose a new password.
        PasswordReset = "password_reset",
        /// Stand behind records that somebody else wrote.
        Claim = "claim",
    }
}

codes! {
    /// What became of a ticket.
    TicketOutcome {
        /// It did what it was for.
        Used = "used",
        /// Its reader said no.
        Refused = "refused",
        /// Who sent it took it back, or sent another.
        Revoked = "revoked",
    }
}

/// Somebody who has chosen a password and has still to show that the address
/// is theirs.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingPerson {
    /// What they are called.
    pub name: Name,
    /// The language they read.
    pub language: Language,
    /// Where their working day is.
    pub zone: Tz,
    /// The hash of the password.
    pub password_hash: String,
}

impl std::fmt::Debug for PendingPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingPerson").finish_non_exhaustive()
    }
}

/// What a ticket permits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permit {
    /// To found that firm's account and one's own; empty once the ticket is
    /// closed, when nobody needs the password's hash any more.
    Registration(Option<Box<(OrganizationDetails, PendingPerson)>>),
    /// To join that firm.
    Invitation {
        /// Which.
        organization: OrganizationId,
        /// As what.
        role: Role,
    },
    /// To choose a new password.
    PasswordReset,
    /// To stand behind what others wrote about that firm.
    Claim {
        /// Which.
        organization: OrganizationId,
    },
}

impl Permit {
    /// What kind it is.
    pub const fn kind(&self) -> TicketKind {
        match self {
            Self::Registration(_) => TicketKind::Registration,
            Self::Invitation { .. } => TicketKind::Invitation,
            Self::PasswordReset => TicketKind::PasswordReset,
            Self::Claim { .. } => TicketKind::Claim,
        }
    }
}

/// A mailed permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its id; the link names it.
    pub id: TicketId,
    /// To whom it is mailed.
    pub email: Email,
    /// In which language.
    pub language: Language,
    /// What for.
    pub permit: Permit,
    /// Who had it sent, if a person did.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// From when on it is void.
    pub expires_at: DateTime<Utc>,
    /// What became of it, and when.
    pub closed: Option<(DateTime<Utc>, TicketOutcome)>,
}
