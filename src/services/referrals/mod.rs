//! Referrals: a partner hands in a firm, whom to reach there, and its profile
//! or mandate, all in one transaction. The partner's own id for it makes that
//! repeatable: the same again changes nothing, something new corrects what
//! nobody of the firm stands behind yet, and afterwards it is the firm's to
//! change. A startup's profile goes to review as soon as nothing is missing;
//! then the contact is mailed the claim link (see [`super::contacts`]). A firm
//! whose web site is another's is left to a curator.

mod about;
mod asking;
mod mandates;
mod startups;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::page::Page;
pub use crate::db::referrals::Filter;
use crate::db::{self, Conn, organizations, referrals};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::fault::{Fault, Faults};
use crate::domain::identifier::Statement;
use crate::domain::ids::{InvestorProfileId, OrganizationId, ReferralId};
use crate::domain::import::RowOutcome;
use crate::domain::investor::InvestorContent;
use crate::domain::mandate::MandateContent;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::permission::Operation;
use crate::domain::profile::StartupContent;
use crate::domain::referral::{Claim, Referral, ReferralState, Referred};
use crate::domain::refusal::Refusal;
use crate::domain::text::Website;
use crate::domain::ticket::{TicketKind, TicketOutcome};
use crate::domain::values::OrganizationKind;

use super::accounts::{note_organization, update_organization};
pub use super::contacts::Contact;
use super::duplicates::{is_contested, live_firm};
use super::log::Pen;
use super::once::{Recorded, write_once_versioned};
use super::organizations::note_identified;
use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error, Intent};

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

/// Referrals, oldest first: a partner's own for its people, all for the
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
    let reader = Reader::of(caller);
    read_page(
        context,
        format!("referrals {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let found = referrals::list(conn, &filter, cursor, limit)?;
            standings(conn, found, reader)
        },
        |standing| after(standing.referral.created_at, standing.referral.id),
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

/// Where referrals are taken in, within one transaction.
pub(super) struct Desk {
    context: Context,
    pen: Pen,
    actor: Actor,
    now: DateTime<Utc>,
    ask_contacts: bool,
}

impl Desk {
    fn of(context: &Context, caller: &Caller) -> Self {
        Self::of_actor(context, caller.actor(), true)
    }

    /// The desk at which `actor` hands in.
    pub(super) fn of_actor(context: &Context, actor: Actor, ask_contacts: bool) -> Self {
        Self {
            context: context.clone(),
            pen: context.pen(actor),
            actor,
            now: context.now(),
            ask_contacts,
        }
    }

    /// One whose work will be undone: it decides the same and tells nobody.
    pub(super) fn tried(self) -> Self {
        Self {
            pen: self.pen.silent(),
            ask_contacts: false,
            ..self
        }
    }

    fn hand_in(&self, conn: &mut Conn, new: NewReferral, reader: Reader) -> Result<Handed, Error> {
        let email = new.contact.email.clone();
        let (referral, outcome) = self.put(conn, new)?;
        if outcome == RowOutcome::Unchanged {
            // What kept its contact from being asked may be over.
            self.ask(conn, &referral, &email)?;
        }
        let standing = standing(&self.context, conn, referral, reader)?;
        let created = outcome == RowOutcome::Created;
        Ok(Handed { standing, created })
    }

    /// Takes in a firm, or takes it in again; with what that changed.
    pub(super) fn put(
        &self,
        conn: &mut Conn,
        new: NewReferral,
    ) -> Result<(Referral, RowOutcome), Error> {
        // One at a time for each partner, so that two of the same id are one,
        // and none is handed in while the partner becomes another one.
        organizations::lock(conn, new.partner)?;
        let partner = live_firm(conn, new.partner)?;
        if partner.details.kind != OrganizationKind::Partner {
            return Err(Error::refused(
                "not_a_partner",
                "Only a partner refers firms.",
            ));
        }
        let known = referrals::find_by_external_id(conn, new.partner, &new.external_id)?;
        Ok(match known {
            None => (self.create(conn, new)?, RowOutcome::Created),
            Some(known) if known.digest == new.digest => (known, RowOutcome::Unchanged),
            Some(known) => (self.correct(conn, known, new)?, RowOutcome::Updated),
        })
    }

    fn create(&self, conn: &mut Conn, new: NewReferral) -> Result<Referral, Error> {
        let firm = Organization {
            id: self.context.new_id(),
            details: new.details,
            external_id: None,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        // Before it is looked for under them.
        organizations::insert(conn, &firm)?;
        let stated = new.identifiers.onto(&BTreeSet::new());
        db::identifiers::replace(conn, firm.id, &stated)?;
        note_organization(conn, &self.pen, &firm)?;
        let id = self.context.new_id();
        let record = match new.content {
            Content::StartupProfile(content) => {
                Referred::StartupProfile(self.insert_profile(conn, id, &firm, *content)?)
            }
            Content::Mandate(content) => {
                Referred::Mandate(self.insert_mandate(conn, id, &firm, *content)?)
            }
        };
        let referral = Referral {
            id,
            partner: new.partner,
            external_id: new.external_id,
            organization: firm.id,
            record,
            digest: new.digest,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        referrals::insert(conn, &referral)?;
        if let Some(about) = new.about {
            self.put_about(conn, id, firm.id, *about)?;
        }
        self.log(conn, &referral)?;
        let (email, language) = (&new.contact.email, &new.contact.language);
        db::contacts::put(conn, firm.id, email, language, self.now)?;
        self.ask(conn, &referral, email)?;
        Ok(referral)
    }

    /// Puts right what nobody of the firm stands behind yet.
    fn correct(
        &self,
        conn: &mut Conn,
        before: Referral,
        new: NewReferral,
    ) -> Result<Referral, Error> {
        if before.record.kind() != new.content.kind() {
            let mut faults = Faults::new();
            faults.push(
                "/organization/kind",
                "read_only",
                "It stays what it was handed in as; another firm has another external id.",
            );
            return Err(faults.into());
        }
        let firm = before.organization;
        organizations::lock(conn, firm)?;
        if !db::users::members(conn, firm)?.is_empty() {
            return Err(claimed());
        }
        // Whose record it is by now is not the partner's to say.
        if db::merges::is_part(conn, firm)? {
            return Err(reviewed());
        }
        self.correct_contact(conn, firm, &new.contact)?;
        self.correct_firm(conn, &before, new.details, &new.identifiers)?;
        match (before.record, new.content) {
            (Referred::StartupProfile(id), Content::StartupProfile(content)) => {
                self.correct_profile(conn, before.id, id, *content)?;
            }
            (Referred::Mandate(id), Content::Mandate(content)) => {
                self.correct_mandate(conn, before.id, id, *content)?;
            }
            _ => return Err(Error::internal("a referral of two kinds")),
        }
        if let Some(about) = new.about {
            self.put_about(conn, before.id, firm, *about)?;
        }
        let after = Referral {
            digest: new.digest,
            version: before.version + 1,
            updated_at: self.now,
            ..before
        };
        if !referrals::update(conn, &after)? {
            return Err(Error::StaleVersion);
        }
        self.log(conn, &after)?;
        self.ask(conn, &after, &new.contact.email)?;
        Ok(after)
    }

    /// A link that went to somebody else than the contact ends, whatever the
    /// state of the record.
    fn correct_contact(
        &self,
        conn: &mut Conn,
        firm: OrganizationId,
        contact: &Contact,
    ) -> Result<(), Error> {
        let (email, language) = (&contact.email, &contact.language);
        db::contacts::put(conn, firm, email, language, self.now)?;
        for open in db::tickets::open_of(conn, TicketKind::Claim, firm, self.now)? {
            if open.email.key() != email.key() {
                db::tickets::close(conn, open.id, TicketOutcome::Revoked, self.now)?;
            }
        }
        Ok(())
    }

    /// What was looked into under a name is not handed on to another: once a
    /// record was taken up or its firm was cleared, who it is stays.
    fn correct_firm(
        &self,
        conn: &mut Conn,
        referral: &Referral,
        details: OrganizationDetails,
        identifiers: &Statement,
    ) -> Result<(), Error> {
        let id = referral.organization;
        let before = organizations::find(conn, id)?.ok_or(Error::NotFound)?;
        let known = db::identifiers::of(conn, id)?;
        let identifiers = identifiers.onto(&known);
        if before.details == details && known == identifiers {
            return Ok(());
        }
        match referral.record {
            Referred::StartupProfile(id) => startups::check_nameable(conn, id)?,
            Referred::Mandate(id) => mandates::check_nameable(conn, id)?,
        }
        if db::clearances::latest(conn, id)?.is_some() {
            return Err(reviewed());
        }
        let host = |it: &OrganizationDetails| it.website.as_ref().map(Website::host);
        if let Some(left) = host(&before.details).filter(|it| host(&details).as_ref() != Some(it)) {
            organizations::release_identifier(conn, id, "domain", &left)?;
        }
        let after = Organization {
            details,
            version: before.version + 1,
            updated_at: self.now,
            ..before
        };
        db::identifiers::replace(conn, id, &identifiers)?;
        if known != identifiers {
            note_identified(conn, &self.pen, (id, after.version), &identifiers)?;
        }
        update_organization(conn, &self.pen, "organization.corrected_by_partner", &after)
    }

    /// Notes it on the firm's timeline; the record's own says what changed.
    fn log(&self, conn: &mut Conn, referral: &Referral) -> Result<(), Error> {
        self.pen.append(
            conn,
            "organization.referred",
            (SubjectKind::Organization, referral.organization),
            vec![
                ("partner", Value::Id(referral.partner.uuid())),
                ("referral", Value::Id(referral.id.uuid())),
                ("version", Value::Int(referral.version)),
            ],
        )
    }
}

fn claimed() -> Error {
    Error::refused(
        "referral_claimed",
        "The firm stands behind its record now and changes it itself.",
    )
}

fn reviewed() -> Error {
    Error::refused(
        "referral_reviewed",
        "It was looked into under this name, country and web site; the operator corrects them now.",
    )
}

fn closed() -> Error {
    Error::refused(
        "referral_closed",
        "Its record can't be changed in its present state.",
    )
}

/// A refusal about a part of the document, by pointers into the whole.
fn at(place: &str, refusal: Refusal) -> Error {
    let missing = refusal.missing.into_iter().map(|fault| Fault {
        pointer: format!("{place}{}", fault.pointer),
        ..fault
    });
    Error::Refused(Refusal {
        missing: missing.collect(),
        ..refusal
    })
}
