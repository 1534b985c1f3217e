//! What people agreed to, as they gave it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ids::{OrganizationId, UserId};
use super::text::{Language, Name};

/// The record of one agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentReceipt {
    /// Its id.
    pub id: Uuid,
    /// Who gave it.
    pub user: UserId,
    /// For which firm.
    pub organization: OrganizationId,
    /// What for, a stable code.
    pub purpose: &'static str,
    /// The name of who answered, as they wrote it.
    pub person_name: Name,
    /// Their part in the firm, in their words.
    pub person_role: Option<String>,
    /// Under which law, a stable code.
    pub law: &'static str,
    /// The text that was agreed to: data, recipients and countries, validity,
    /// deletion. Its hash is in the log.
    pub text: String,
    /// The language of that text.
    pub language: Language,
    /// How it was given, a stable code.
    pub method: &'static str,
    /// When.
    pub given_at: DateTime<Utc>,
    /// How long it holds.
    pub valid_to: DateTime<Utc>,
}
