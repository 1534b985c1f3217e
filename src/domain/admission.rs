//! Who takes part in a programme: profiles and mandates that were admitted, and
//! those whose admission was taken back.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId, UserId};
use super::profile::ProfileStatus;
use super::values::codes;

/// Most characters of why an admission is taken back.
pub const REASON_MAX: usize = 2_000;

codes! {
    /// What is admitted.
    AdmissionKind {
        /// A startup's profile.
        StartupProfile = "startup_profile",
        /// An investor's mandate.
        Mandate = "mandate",
    }
}

codes! {
    /// What is done with an admission.
    AdmissionAction {
        /// It is taken back, with a reason.
        Withdraw = "withdraw",
        /// What was taken back is admitted again.
        Admit = "admit",
    }
}

/// What is admitted to a programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// A startup's profile.
    StartupProfile(StartupProfileId),
    /// An investor's mandate.
    Mandate(MandateId),
}

impl Admission {
    /// Of what sort it is.
    pub const fn kind(self) -> AdmissionKind {
        match self {
            Self::StartupProfile(_) => AdmissionKind::StartupProfile,
            Self::Mandate(_) => AdmissionKind::Mandate,
        }
    }

    /// The id of the record.
    pub const fn record(self) -> Uuid {
        match self {
            Self::StartupProfile(id) => id.uuid(),
            Self::Mandate(id) => id.uuid(),
        }
    }
}

/// An admission on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// Of what.
    pub admission: Admission,
    /// Whose record it is now.
    pub organization: OrganizationId,
    /// Where the record stands; both kinds name their states alike.
    pub status: ProfileStatus,
    /// Since when.
    pub admitted_at: DateTime<Utc>,
    /// That it was taken back; none while it holds.
    pub departure: Option<Departure>,
}

impl Admitted {
    /// By what a list of them is in order.
    pub fn place(&self) -> (DateTime<Utc>, Uuid) {
        match &self.departure {
            Some(departure) => (departure.at, departure.id),
            None => (self.admitted_at, self.admission.record()),
        }
    }
}

/// That an admission was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: UserId,
    /// Why, in words for the operator's people.
    pub reason: String,
}

/// Which admissions of a programme to list; what is absent doesn't matter.
#[derive(Debug, Clone)]
pub struct AdmissionFilter {
    /// To which programme.
    pub programme: ProgrammeId,
    /// Of what sort.
    pub kind: Option<AdmissionKind>,
    /// Of that firm's records.
    pub organization: Option<OrganizationId>,
    /// Of records that stand so.
    pub status: Option<ProfileStatus>,
    /// Of these firms' records.
    pub known_to: Option<Vec<OrganizationId>>,
    /// Of that record.
    pub record: Option<Uuid>,
    /// Those that were taken back instead of those that hold.
    pub withdrawn: bool,
}
