//! Referrals: a partner hands in a firm, whom to reach there, and its profile
//! or mandate, all in one transaction. The partner's own id for it makes that
//! repeatable: the same again changes nothing, something new corrects what
//! nobody of the firm stands behind yet, and afterwards it is the firm's to
//! change. A startup's profile goes to review as soon as nothing is missing;
//! then the contact is mailed the claim link (see [`super::contacts`]). A firm
//! whose web site is another's is left to a curator.

pub(super) mod about;
mod asking;
mod desk;
mod mandates;
mod startups;

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::db::page::{Cursor, Page};
pub use crate::db::referrals::Filter;
use crate::db::{self, Conn, referrals};
use crate::domain::fault::{Fault, Faults};
use crate::domain::identifier::Statement;
use crate::domain::ids::{InvestorProfileId, OrganizationId, ReferralId};
use crate::domain::investor::InvestorContent;
use crate::domain::mandate::MandateContent;
use crate::domain::organization::OrganizationDetails;
use crate::domain::permission::Operation;
use crate::domain::profile::StartupContent;
use crate::domain::referral::{Claim, Referral, ReferralState, Referred};
use crate::domain::values::OrganizationKind;

pub use super::contacts::Contact;
use super::duplicates::is_contested;
use super::once::{Recorded, write_once_versioned};
use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error, Intent};
pub(super) use desk::Desk;
use desk::{at, claimed, closed, reviewed};

/// What a partner hands in.
#[derive(Debug, Clone)]
pub struct NewReferral {
    /// For which partner.
    pub partner: OrganizationId,
    /// The partner's own id for it.
    pub external_id: String,
    /// The firm.
    pub details: OrganizationDetails,
    /// What is said of its numbers in registers.
    pub identifiers: Statement,
    /// Through whom it is reached.
    pub contact: Contact,
    /// What it offers or looks for.
    pub content: Content,
    /// What an investor says of itself, beside its mandate.
    pub about: Option<Box<InvestorContent>>,
    /// SHA-256 of the whole document.
    pub digest: [u8; 32],
}

/// What a firm offers or looks for.
#[derive(Debug, Clone)]
pub enum Content {
    /// A startup's profile.
    StartupProfile(Box<StartupContent>),
    /// An investor's mandate.
    Mandate(Box<MandateContent>),
}

impl Content {
    /// What kind of firm has it.
    pub const fn kind(&self) -> OrganizationKind {
        match self {
            Self::StartupProfile(_) => OrganizationKind::Startup,
            Self::Mandate(_) => OrganizationKind::Investor,
        }
    }
}

/// A referral and what became of it.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The referral.
    pub referral: Referral,
    /// Where its record stands.
    pub state: ReferralState,
    /// Whether the firm stands behind it.
    pub claim: Claim,
    /// What was handed in of what an investor says of itself, until the firm
    /// stands behind that.
    pub investor_profile: Option<InvestorProfileId>,
    /// Everything that is missing before the record can go on, by pointers
    /// into the document that was handed in; nothing once the firm stands
    /// behind it, for what it says then is its own.
    pub missing: Vec<Fault>,
}

/// What handing in came to.
#[derive(Debug)]
pub struct Handed {
    /// What is on record now.
    pub standing: Standing,
    /// Whether it is new.
    pub created: bool,
}

impl Recorded for Handed {
    fn id(&self) -> Uuid {
        self.standing.referral.id.uuid()
    }

    /// One for what was new, so that a replay is answered as the first time.
    fn version(&self) -> i64 {
        i64::from(self.created)
    }
}

/// Hands in a firm for a partner, or again.
///
/// # Errors
/// A refusal when the firm stands behind its record, or the record is where
/// nobody can change it.
pub async fn hand_in(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    new: NewReferral,
) -> Result<Handed, Error> {
    caller.may(Operation::ReadReferral, &[new.partner])?;
    caller.may(Operation::WriteReferral, &[new.partner])?;
    let (desk, again) = (Desk::of(context, caller), context.clone());
    let reader = Reader::of(caller);
    Box::pin(write_once_versioned(
        context,
        caller.id(),
        intent,
        move |conn| desk.hand_in(conn, new, reader),
        move |conn, id, created| {
            let referral = referrals::find(conn, id.into())?.ok_or(Error::NotFound)?;
            let standing = standing(&again, conn, referral, reader)?;
            let created = created == 1;
            Ok(Handed { standing, created })
        },
    ))
    .await
}

/// One referral, for its partner and the operator's people.
pub async fn find(context: &Context, caller: &Caller, id: ReferralId) -> Result<Standing, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let found = referrals::find(conn, id)?.ok_or(Error::NotFound)?;
            caller.may(Operation::ReadReferral, &[found.partner])?;
            standing(&context_in, conn, found, Reader::of(&caller))
        })
        .await
}

/// Referrals in an order of time: a partner's own for its people, all for the
/// operator's. What is missing is told of one at a time.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Standing>, Error> {
    if !caller.reads_everything() {
        let own = caller.organizations(OrganizationKind::Partner).next();
        let partner = filter.partner.or(own).ok_or(Error::NotFound)?;
        caller.may(Operation::ReadReferral, &[partner])?;
        filter.partner = Some(partner);
    }
    let key: fn(&Standing) -> Cursor = if filter.sort.is_by_change() {
        |standing| after(standing.referral.updated_at, standing.referral.id)
    } else {
        |standing| after(standing.referral.created_at, standing.referral.id)
    };
    let reader = Reader::of(caller);
    read_page(
        context,
        format!("referrals {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let found = referrals::list(conn, &filter, cursor, limit)?;
            standings(conn, found, reader)
        },
        key,
    )
    .await
}

/// One referral with all that is missing.
fn standing(
    context: &Context,
    conn: &mut Conn,
    referral: Referral,
    reader: Reader,
) -> Result<Standing, Error> {
    let record = referral.record;
    let mut found = standings(conn, vec![referral], reader)?;
    let mut standing = found.pop().ok_or(Error::NotFound)?;
    let merged = db::merges::of_gone(conn, standing.referral.organization)?.is_some();
    if standing.claim != Claim::Claimed && !merged {
        let (place, missing) = match record {
            Referred::StartupProfile(id) => {
                ("/startup_profile", startups::missing(context, conn, id)?)
            }
            Referred::Mandate(id) => ("/mandate", mandates::missing(conn, id)?),
        };
        let mut faults = Faults::new();
        faults.absorb(place, missing);
        let about = about::missing(context, conn, standing.referral.organization)?;
        faults.absorb("/investor_profile", about);
        standing.missing = faults.into_vec();
    }
    Ok(standing)
}

/// Who reads where referrals stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The operator's people, who judge whose web site it is.
    Operator,
    /// A partner, to whom a firm whose web site is another's looks like any
    /// other: whether a firm is on record is not told to whoever names its
    /// web site.
    Partner,
}

impl Reader {
    fn of(caller: &Caller) -> Self {
        if caller.reads_everything() {
            Self::Operator
        } else {
            Self::Partner
        }
    }
}

/// Whether the contact of what was handed in would have been asked, were its
/// web site nobody else's.
fn would_be_asked(
    conn: &mut Conn,
    referral: &Referral,
    state: ReferralState,
) -> Result<bool, Error> {
    let forward = match referral.record {
        Referred::StartupProfile(_) => state == ReferralState::Submitted,
        Referred::Mandate(id) => mandates::is_forward(conn, id)?,
    };
    Ok(forward && is_contested(conn, referral.organization)?)
}

/// Where records stand, without what they say.
fn standings(
    conn: &mut Conn,
    referrals: Vec<Referral>,
    reader: Reader,
) -> Result<Vec<Standing>, Error> {
    let (mut profiles, mut wanted) = (Vec::new(), Vec::new());
    for referral in &referrals {
        match referral.record {
            Referred::StartupProfile(id) => profiles.push(id),
            Referred::Mandate(id) => wanted.push(id),
        }
    }
    let mut states: BTreeMap<Uuid, (ReferralState, bool)> = BTreeMap::new();
    for (id, status, claimed) in db::startup_profiles::states(conn, &profiles)? {
        states.insert(id.uuid(), (status.into(), claimed));
    }
    for (id, status, claimed) in db::mandates::states(conn, &wanted)? {
        states.insert(id.uuid(), (status.into(), claimed));
    }
    let firms: Vec<OrganizationId> = referrals.iter().map(|it| it.organization).collect();
    let about = db::investor_profiles::unclaimed_of(conn, &firms)?;
    let (mut asked, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for (firm, was_asked, said_no) in db::contacts::asked_of(conn, &firms)? {
        if was_asked {
            asked.insert(firm);
        }
        if said_no {
            refused.insert(firm);
        }
    }
    let stand = |referral: Referral| {
        let id = match referral.record {
            Referred::StartupProfile(id) => id.uuid(),
            Referred::Mandate(id) => id.uuid(),
        };
        let (state, claimed) = *states.get(&id).ok_or(Error::NotFound)?;
        let claim = match &referral.organization {
            _ if claimed => Claim::Claimed,
            firm if refused.contains(firm) => Claim::Refused,
            firm if asked.contains(firm) => Claim::Asked,
            _ => Claim::Waiting,
        };
        let hidden = reader == Reader::Partner && claim == Claim::Waiting;
        let claim = if hidden && would_be_asked(conn, &referral, state)? {
            Claim::Asked
        } else {
            claim
        };
        Ok(Standing {
            investor_profile: about.get(&referral.organization).copied(),
            referral,
            state,
            claim,
            missing: Vec::new(),
        })
    };
    referrals.into_iter().map(stand).collect()
}
