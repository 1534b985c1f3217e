//! The one door: every use case that would show one side to the other loads
//! its facts here, asks [`crate::domain::disclosure`], and writes the ledger.

mod facts;
mod ledger;
pub mod opening;
mod release;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::NaiveDate;

use crate::db::{self, Conn};
use crate::domain::compliance::{ClearanceVerdict, Freeze, FreezeScope, clearance_on};
use crate::domain::consent::Standing;
use crate::domain::disclosure::{Account, Decision, Rule};
use crate::domain::fault::Fault;
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::mandate::Mandate;
use crate::domain::profile::StartupProfile;
use crate::domain::programme::Programme;
use crate::domain::refusal::Refusal;
use crate::domain::release::Sensitive;
use crate::domain::tag::Taxonomy;
use crate::domain::values::Side;
use crate::services::known::each;
use crate::services::{Context, Error, succession};

pub use facts::Gathered;
pub use ledger::{Answered, Showing, answer, answer_about, is_noted, record, record_opening};
pub(in crate::services) use release::keep_releases;
pub use release::{release, releases, sensitivity, unreleased};

/// The records of a pair, by their ids.
pub type Ids = (ProgrammeId, StartupProfileId, MandateId);

/// The two records that would be shown to each other, and the programme.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The programme.
    pub programme: Programme,
    /// The startup's profile.
    pub profile: StartupProfile,
    /// The investor's mandate.
    pub mandate: Mandate,
}

impl Pair {
    /// Loads the three records as they are now.
    pub fn load(
        conn: &mut Conn,
        programme: ProgrammeId,
        profile: StartupProfileId,
        mandate: MandateId,
    ) -> Result<Self, Error> {
        Ok(Self {
            programme: db::programmes::find(conn, programme)?.ok_or(Error::NotFound)?,
            profile: db::startup_profiles::find(conn, profile)?.ok_or(Error::NotFound)?,
            mandate: db::mandates::find(conn, mandate)?.ok_or(Error::NotFound)?,
        })
    }

    /// [`Self::load`] of several at once, by their ids; those of which a record
    /// is not there are left out.
    pub fn load_many(conn: &mut Conn, wanted: &[Ids]) -> Result<BTreeMap<Ids, Self>, Error> {
        let programmes = each(wanted.iter().map(|ids| ids.0));
        let profiles = each(wanted.iter().map(|ids| ids.1));
        let mandates = each(wanted.iter().map(|ids| ids.2));
        let mut known = BTreeMap::new();
        for id in programmes {
            known.extend(db::programmes::find(conn, id)?.map(|it| (id, it)));
        }
        let profiles = db::startup_profiles::find_many(conn, &profiles)?.into_iter();
        let profiles: BTreeMap<_, _> = profiles.map(|it| (it.id, it)).collect();
        let mandates = db::mandates::find_many(conn, &mandates)?.into_iter();
        let mandates: BTreeMap<_, _> = mandates.map(|it| (it.id, it)).collect();
        let pair = |ids: &Ids| {
            let pair = Self {
                programme: known.get(&ids.0)?.clone(),
                profile: profiles.get(&ids.1)?.clone(),
                mandate: mandates.get(&ids.2)?.clone(),
            };
            Some((*ids, pair))
        };
        Ok(wanted.iter().filter_map(pair).collect())
    }

    /// [`Self::going_on`] of several at once, by the ids that they began under.
    pub fn going_on_many(conn: &mut Conn, wanted: &[Ids]) -> Result<BTreeMap<Ids, Self>, Error> {
        let mut pairs = Self::load_many(conn, wanted)?;
        let mut following = BTreeMap::new();
        for pair in pairs.values_mut() {
            let next = match following.entry(pair.programme.id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unread) => {
                    unread.insert(succession::going_on(conn, pair.programme.clone())?)
                }
            };
            pair.programme = next.clone();
        }
        Ok(pairs)
    }

    /// The same, under the programme that goes on from theirs where that was
    /// renewed: what began under the one goes on under the other.
    pub fn going_on(
        conn: &mut Conn,
        programme: ProgrammeId,
        profile: StartupProfileId,
        mandate: MandateId,
    ) -> Result<Self, Error> {
        let mut pair = Self::load(conn, programme, profile, mandate)?;
        pair.programme = succession::going_on(conn, pair.programme)?;
        Ok(pair)
    }
}

/// When the gate is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Something new would be shown: a release, a request.
    New,
    /// What was shown before is read again; a pass since then hides nothing
    /// from whoever passed.
    Shown,
    /// An introduction that runs goes on: pausing a profile or mandate stops
    /// new ones and leaves that one alone.
    Running,
    /// Its mail is about to go out, which a pass since then still stops.
    Sending,
    /// The two were connected: what they show each other since then goes on
    /// when the programme that brought them together is over, or one of them
    /// takes part in it no more.
    Connected,
}

impl Occasion {
    const fn tolerates_pause(self) -> bool {
        matches!(self, Self::Running | Self::Sending | Self::Connected)
    }

    /// Whether it goes on although that programme is over, or past its last
    /// day.
    pub(super) fn outlives(self, programme: &Programme, today: NaiveDate) -> bool {
        let past = programme.status.in_force() && programme.details.ends_on < today;
        self == Self::Connected && (programme.status.is_over() || past)
    }

    const fn heeds_cool_down(self) -> bool {
        matches!(self, Self::New | Self::Sending)
    }
}

/// Asks the gate on facts as fresh as the open transaction; those that the
/// matching knows a gate for come from that gate.
pub fn ask(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    occasion: Occasion,
) -> Result<Decision, Error> {
    Ok(account(context, conn, pair, occasion)?.decision)
}

/// [`ask`] about several pairs, in their order, in about as many statements as
/// about one.
pub fn ask_all(
    context: &Context,
    conn: &mut Conn,
    pairs: &[&Pair],
    occasion: Occasion,
) -> Result<Vec<Decision>, Error> {
    let accounts = accounts(context, conn, pairs, occasion)?.into_iter();
    Ok(accounts.map(|account| account.decision).collect())
}

/// [`ask_all`], with what the answers rest on.
pub(super) fn accounts(
    context: &Context,
    conn: &mut Conn,
    pairs: &[&Pair],
    occasion: Occasion,
) -> Result<Vec<Account>, Error> {
    let accounts = accounts_and_open(context, conn, pairs, occasion)?.into_iter();
    Ok(accounts.map(|(account, _)| account).collect())
}

/// [`accounts`], each with what in the startup's profile not enough people have
/// released to the investor's country.
pub(super) fn accounts_and_open(
    context: &Context,
    conn: &mut Conn,
    pairs: &[&Pair],
    occasion: Occasion,
) -> Result<Vec<(Account, Vec<Sensitive>)>, Error> {
    /// Pairs of one round of statements.
    const AT_ONCE: usize = 500;
    let mut accounts = Vec::with_capacity(pairs.len());
    for some in pairs.chunks(AT_ONCE) {
        let gathered = Gathered::load(context, conn, some)?;
        for pair in some {
            let account = gathered.account(context, pair, occasion)?;
            accounts.push((account, gathered.open(context, pair)));
        }
    }
    Ok(accounts)
}

/// [`ask`], with what the answer rests on.
pub(super) fn account(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    occasion: Occasion,
) -> Result<Account, Error> {
    Gathered::load(context, conn, &[pair])?.account(context, pair, occasion)
}

/// Whether the people of these firms agreed that they are proposed: the worst of
/// what stands.
pub(super) fn consent_of(
    context: &Context,
    conn: &mut Conn,
    firms: &[OrganizationId],
) -> Result<Standing, Error> {
    let standings = db::consents::standings(conn, firms, context.now())?;
    Ok(standings.into_values().max().unwrap_or(Standing::Given))
}

/// A denial as a refusal that its reader may see: everything to the operator's
/// people, to a side what its own record lacks.
pub fn refusal(rules: &[Rule], reader: Option<Side>) -> Refusal {
    let told = rules
        .iter()
        .filter(|rule| reader.is_none_or(|side| rule.is_about_own_record(side)));
    let missing = told.map(|rule| Fault::new("", rule.code(), rule.says()));
    let (code, detail) = match reader {
        None => (
            "gate_closed",
            "The gate does not let these two be shown to each other now.",
        ),
        Some(_) => ("not_available", "This is not available in this programme."),
    };
    Refusal {
        missing: missing.collect(),
        ..Refusal::new(code, detail)
    }
}

/// Whether a freeze covers a startup's profile.
pub fn covers_startup(freeze: &Freeze, taxonomy: &Taxonomy, profile: &StartupProfile) -> bool {
    match &freeze.scope {
        FreezeScope::All | FreezeScope::Country(_) | FreezeScope::Organization(_) => {
            (freeze.scope).covers_firm(profile.organization, profile.country)
        }
        FreezeScope::Tag(frozen) => profile
            .content
            .all_tags()
            .any(|tag| taxonomy.is_within(tag, frozen)),
        FreezeScope::Programme(_) => false,
    }
}

/// Whether a freeze covers a mandate.
pub fn covers_mandate(freeze: &Freeze, mandate: &Mandate) -> bool {
    freeze
        .scope
        .covers_firm(mandate.organization, mandate.country)
}

/// The clearances of many firms on a day; a firm that is not listed has none.
pub fn clearances_of(
    conn: &mut Conn,
    organizations: &[OrganizationId],
    today: NaiveDate,
) -> Result<BTreeMap<OrganizationId, ClearanceVerdict>, Error> {
    // A statement takes a limited number of values.
    const AT_ONCE: usize = 10_000;
    let mut verdicts = BTreeMap::new();
    for some in organizations.chunks(AT_ONCE) {
        for (id, clearance) in db::clearances::latest_many(conn, some)? {
            verdicts.insert(id, clearance_on(Some(&clearance), today));
        }
    }
    Ok(verdicts)
}
