//! The programme: a corridor between countries, run under an MoU.

use chrono::{DateTime, NaiveDate, Utc};

use super::country::Country;
use super::ids::{OrganizationId, ProgrammeId, RuleSetId, UserId};
use super::permission::Hat;
use super::refusal::Refusal;
use super::text::{Name, Slug};
use super::values::codes;

/// One direction of a corridor: startups of one country, investors of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Corridor {
    /// Where the startups are.
    pub startup: Country,
    /// Where the investors are.
    pub investor: Country,
}

codes! {
    /// What an organization is in a programme.
    PartyRole {
        /// Signed the MoU.
        Signatory = "signatory",
        /// Refers firms and gives evidence.
        TradeOffice = "trade_office",
        /// Refers firms.
        Referrer = "referrer",
        /// Runs the programme on the parties' behalf.
        Operator = "operator",
    }
}

/// A party to the MoU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Party {
    /// Which organization.
    pub organization: OrganizationId,
    /// As what.
    pub role: PartyRole,
}

codes! {
    /// Where a programme stands.
    ProgrammeStatus {
        /// Being written.
        Draft = "draft",
        /// Between the parties.
        Negotiation = "negotiation",
        /// The texts are frozen.
        TextAgreed = "text_agreed",
        /// Being signed.
        Signing = "signing",
        /// In force.
        Active = "active",
        /// In force, within its notice days.
        Expiring = "expiring",
        /// Over.
        Expired = "expired",
        /// Over, with a successor.
        Renewed = "renewed",
        /// A party said no.
        Declined = "declined",
        /// Stopped for a while.
        Suspended = "suspended",
        /// Ended early.
        Terminated = "terminated",
    }
}

impl ProgrammeStatus {
    /// Whether it was ever in force: until then it is known to its parties and
    /// to the operator alone.
    pub const fn is_public(self) -> bool {
        !matches!(
            self,
            Self::Draft | Self::Negotiation | Self::TextAgreed | Self::Signing | Self::Declined
        )
    }

    /// Whether matches, introductions and deals may begin under it.
    pub const fn in_force(self) -> bool {
        matches!(self, Self::Active | Self::Expiring)
    }

    /// Whether it was in force and won't be again.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Expired | Self::Renewed | Self::Terminated)
    }

    /// Whether it may yet come into force for the first time.
    pub const fn is_coming(self) -> bool {
        matches!(
            self,
            Self::Draft | Self::Negotiation | Self::TextAgreed | Self::Signing
        )
    }
}

/// What a programme says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeDetails {
    /// Its name in addresses and files.
    pub slug: Slug,
    /// Its title.
    pub title: Name,
    /// The directions it joins; at least one.
    pub corridors: Vec<Corridor>,
    /// Tags it is limited to; none means all.
    pub scope_tags: Vec<Slug>,
    /// Its parties.
    pub parties: Vec<Party>,
    /// First day in force.
    pub starts_on: NaiveDate,
    /// Last day in force.
    pub ends_on: NaiveDate,
}

/// A programme on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// Its id.
    pub id: ProgrammeId,
    /// What it says of itself.
    pub details: ProgrammeDetails,
    /// The rules it matches by.
    pub rule_set: RuleSetId,
    /// Where it stands.
    pub status: ProgrammeStatus,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Programme {
    /// Whether it joins startups of one country with investors of the other.
    pub fn joins(&self, startup: Country, investor: Country) -> bool {
        self.details
            .corridors
            .contains(&Corridor { startup, investor })
    }

    /// Whether matches, introductions and deals may begin on that day.
    pub fn in_force_on(&self, day: NaiveDate) -> bool {
        self.status.in_force() && (self.details.starts_on..=self.details.ends_on).contains(&day)
    }
}

codes! {
    /// What can be done to a programme.
    ProgrammeAction {
        /// Put it before the parties.
        Negotiate = "negotiate",
        /// Freeze the texts.
        AgreeText = "agree_text",
        /// Start signing.
        StartSigning = "start_signing",
        /// A party said no.
        Decline = "decline",
        /// Everything is signed.
        Activate = "activate",
        /// Stop for a while.
        Suspend = "suspend",
        /// Go on.
        Resume = "resume",
        /// End early.
        Terminate = "terminate",
        /// Its notice has begun.
        GiveNotice = "give_notice",
        /// The end date has passed.
        Expire = "expire",
        /// Another programme takes its place.
        Renew = "renew",
    }
}

impl ProgrammeAction {
    /// Whether it is done for a reason that is kept.
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::Decline | Self::Suspend | Self::Terminate)
    }
}

/// Why a programme was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeReason {
    /// What was done.
    pub action: ProgrammeAction,
    /// Where it stood before.
    pub from: ProgrammeStatus,
    /// Why, in words for the operator's people.
    pub reason: String,
    /// Who did it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// The state to which a programme comes back that was stopped in that one: one
/// in its notice stays in it, and its parties aren't told of that again.
pub const fn resumed(stopped_in: Option<ProgrammeStatus>) -> ProgrammeStatus {
    match stopped_in {
        Some(ProgrammeStatus::Expiring) => ProgrammeStatus::Expiring,
        _ => ProgrammeStatus::Active,
    }
}

/// The machine. Returns the state after `action`, or why it can't be.
pub fn step(
    programme: &Programme,
    action: ProgrammeAction,
    who: Hat,
    today: NaiveDate,
) -> Result<ProgrammeStatus, Refusal> {
    use ProgrammeAction as A;
    use ProgrammeStatus as S;

    let (allowed, next) = match (programme.status, action) {
        (S::Draft, A::Negotiate) => (who == Hat::Curator, S::Negotiation),
        (S::Negotiation, A::AgreeText) => (who == Hat::Curator, S::TextAgreed),
        (S::TextAgreed, A::Negotiate) => (who == Hat::Curator, S::Negotiation),
        (S::TextAgreed, A::StartSigning) => (who == Hat::Curator, S::Signing),
        (S::Draft | S::Negotiation | S::TextAgreed | S::Signing, A::Decline) => {
            (who == Hat::Curator, S::Declined)
        }
        (S::Signing, A::Activate) => (who == Hat::Curator, S::Active),
        (S::Active | S::Expiring, A::Suspend) => (who == Hat::Curator, S::Suspended),
        (S::Suspended, A::Resume) => (who == Hat::Curator, S::Active),
        (S::Active | S::Expiring | S::Suspended, A::Terminate) => {
            (who == Hat::Curator, S::Terminated)
        }
        (S::Active, A::GiveNotice) => (who == Hat::System, S::Expiring),
        (S::Active | S::Expiring | S::Suspended, A::Expire) => (who == Hat::System, S::Expired),
        (S::Active | S::Expiring | S::Suspended | S::Expired, A::Renew) => {
            (who == Hat::System, S::Renewed)
        }
        (_, action) => return Err(Refusal::no_transition(action.code())),
    };
    if !allowed {
        return Err(Refusal::not_yours(action.code()));
    }
    if action == ProgrammeAction::Activate {
        if programme.details.parties.is_empty() {
            return Err(Refusal::new(
                "no_parties",
                "A programme needs at least one party.",
            ));
        }
        if today < programme.details.starts_on || today > programme.details.ends_on {
            return Err(Refusal::new(
                "outside_term",
                "Today is outside the programme's term.",
            ));
        }
    }
    Ok(next)
}
