//! Referrals: a partner hands in a firm, whom to reach there, and what the
//! firm offers or looks for, under an id of the partner's own. Until somebody
//! of the firm stands behind it, the partner may correct it; afterwards the
//! partner reads only where it stands.

use chrono::{DateTime, Utc};

use super::ids::{MandateId, OrganizationId, ReferralId, StartupProfileId};
use super::mandate::MandateStatus;
use super::profile::ProfileStatus;
use super::values::{OrganizationKind, codes};

/// The record that a referral made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referred {
    /// A startup's profile.
    StartupProfile(StartupProfileId),
    /// An investor's mandate.
    Mandate(MandateId),
}

impl Referred {
    /// What kind of firm it is.
    pub const fn kind(self) -> OrganizationKind {
        match self {
            Self::StartupProfile(_) => OrganizationKind::Startup,
            Self::Mandate(_) => OrganizationKind::Investor,
        }
    }
}

/// A referral on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// Its id.
    pub id: ReferralId,
    /// Whose it is.
    pub partner: OrganizationId,
    /// The partner's own id for it; the same one names the same firm again.
    pub external_id: String,
    /// The firm that was made.
    pub organization: OrganizationId,
    /// Its record.
    pub record: Referred,
    /// SHA-256 of what was handed in last, so that the same again is known
    /// without comparing it with what the firm says by now.
    pub digest: [u8; 32],
    /// Counts what was handed in.
    pub version: i64,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When something new was last handed in.
    pub updated_at: DateTime<Utc>,
}

codes! {
    /// Where the record of a referral stands, as its partner reads it. What
    /// compliance decides and how a record ended is not the partner's to know.
    ReferralState {
        /// Something is missing.
        Draft = "draft",
        /// Waiting for review.
        Submitted = "submitted",
        /// Under review.
        InReview = "in_review",
        /// Sent back with comments.
        ChangesRequested = "changes_requested",
        /// Refused.
        Rejected = "rejected",
        /// Reviewed, not yet shown.
        Approved = "approved",
        /// Live.
        Published = "published",
        /// Not shown for now.
        Paused = "paused",
        /// Not confirmed in time.
        Stale = "stale",
        /// Over.
        Ended = "ended",
    }
}

impl From<ProfileStatus> for ReferralState {
    fn from(status: ProfileStatus) -> Self {
        use ProfileStatus as S;
        match status {
            S::Draft => Self::Draft,
            S::Submitted => Self::Submitted,
            S::InReview => Self::InReview,
            S::ChangesRequested => Self::ChangesRequested,
            S::Rejected => Self::Rejected,
            S::Approved => Self::Approved,
            S::Published => Self::Published,
            S::Paused | S::Suspended => Self::Paused,
            S::Stale => Self::Stale,
            S::Withdrawn | S::Archived | S::Erased => Self::Ended,
        }
    }
}

impl From<MandateStatus> for ReferralState {
    fn from(status: MandateStatus) -> Self {
        use MandateStatus as S;
        match status {
            S::Draft => Self::Draft,
            S::Published => Self::Published,
            S::Paused | S::Suspended => Self::Paused,
            S::Stale => Self::Stale,
            S::Withdrawn | S::Archived | S::Erased => Self::Ended,
        }
    }
}

codes! {
    /// Whether the firm stands behind what was handed in for it.
    Claim {
        /// Nobody of the firm was asked yet.
        Waiting = "waiting",
        /// The contact was mailed a link.
        Asked = "asked",
        /// Somebody of the firm stands behind it.
        Claimed = "claimed",
        /// The contact said no.
        Refused = "refused",
    }
}
