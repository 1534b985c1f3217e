//! People and the parts they play.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::ids::{OrganizationId, UserId};
use super::text::{Email, Language, Name};
use super::values::{OrganizationKind, codes};

codes! {
    /// A person's part in an organization. The first three are those of any
    /// firm, the others those of the operator's people.
    Role {
        /// Everything of the firm's, its people included.
        Owner = "owner",
        /// Writes the firm's records.
        Editor = "editor",
        /// Reads the firm's records.
        Viewer = "viewer",
        /// Runs programmes.
        Curator = "curator",
        /// Decides what may be disclosed.
        Compliance = "compliance",
        /// Accounts and settings, no profile content.
        Admin = "admin",
        /// Reads everything, changes nothing.
        Auditor = "auditor",
    }
}

impl Role {
    /// Whether people of an organization of that kind can have this role.
    pub const fn fits(self, kind: OrganizationKind) -> bool {
        let of_the_operator = matches!(
            self,
            Self::Curator | Self::Compliance | Self::Admin | Self::Auditor
        );
        of_the_operator == matches!(kind, OrganizationKind::Operator)
    }
}

/// What stands in the place of the name of a person who was erased.
pub const ERASED_NAME: &str = "Erased person";

/// The host of the addresses that stand in the place of theirs, to which no
/// mail goes (RFC 2606).
pub const ERASED_HOST: &str = "erased.invalid";

/// Whether an address stands for a person who was erased.
pub fn is_erased(address: &Email) -> bool {
    let host = address.as_str().rsplit_once('@').map(|(_, host)| host);
    host == Some(ERASED_HOST)
}

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The address they sign in with.
    pub email: Email,
    /// What they are called.
    pub name: Name,
    /// The language they read.
    pub language: Language,
    /// Where their working day is.
    pub zone: Tz,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
}

/// A person's part in one organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub organization: OrganizationId,
    /// What kind of organization that is.
    pub kind: OrganizationKind,
    /// As what.
    pub role: Role,
}
