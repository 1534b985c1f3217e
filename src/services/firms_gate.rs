//! The gate between two firms of a programme that are to be shown to each other
//! as firms: where one has a profile and the other a mandate there, what holds
//! for these; else what holds for the firms.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::db::{self, Conn};
use crate::domain::compliance::{ClearanceVerdict, FreezeScope};
use crate::domain::consent::Standing;
use crate::domain::disclosure::{Account, Decision, Facts, Rule};
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::mandate::Mandate;
use crate::domain::practice::Practice;
use crate::domain::profile::StartupProfile;
use crate::domain::programme::{Programme, ProgrammeStatus};
use crate::domain::release::{Sensitive, gravest};
use crate::domain::tag::Sensitivity;

use super::disclosure::{
    Occasion, Pair, accounts_and_open, clearances_of, consent_of, covers_mandate, covers_startup,
};
use super::practice_decisions::open_among;
use super::review_questions::scope_of;
use super::reviews::Scope;
use super::{Context, Error, programmes, succession};

/// What of a profile waits for a release towards firms of a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What a release would cover.
    pub scope: Scope,
    /// What is sensitive there and not released by enough people, each once.
    pub matters: Vec<Sensitive>,
}

impl Held {
    /// Whether it is about the same matters, as grave as they were there.
    pub fn is_as(&self, read: &Self) -> bool {
        self.scope == read.scope
            && self.matters.len() == read.matters.len()
            && self.matters.iter().all(|it| read.matters.contains(it))
    }
}

/// What the gate says of two firms, and what of it a release would settle.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The answer.
    pub account: Account,
    /// What waits for a release; nothing where the answer is no question of that.
    pub held: Vec<Held>,
}

fn waits_for_release(account: &Account) -> bool {
    match &account.decision {
        Decision::Review { rules, .. } => rules.contains(&Rule::Sensitivity),
        Decision::Allow | Decision::Deny { .. } => false,
    }
}

/// What a firm has in a programme.
struct Presence {
    firm: OrganizationId,
    profiles: Vec<StartupProfile>,
    mandates: Vec<Mandate>,
    party: bool,
}

impl Presence {
    fn of(conn: &mut Conn, programme: &Programme, firm: OrganizationId) -> Result<Self, Error> {
        let profiles = db::practices::profiles_of(conn, programme.id, firm)?;
        let mandates = db::practices::mandates_of(conn, programme.id, firm)?;
        let mut parties = programme.details.parties.iter();
        Ok(Self {
            firm,
            profiles: db::startup_profiles::find_many(conn, &profiles)?,
            mandates: db::mandates::find_many(conn, &mandates)?,
            party: parties.any(|party| party.organization == firm),
        })
    }

    fn takes_part(&self) -> bool {
        self.party || !self.profiles.is_empty() || !self.mandates.is_empty()
    }
}

/// What the gate says of the two firms of a practice now.
pub fn of_practice(
    context: &Context,
    conn: &mut Conn,
    practice: &Practice,
    occasion: Occasion,
) -> Result<Account, Error> {
    let one = std::slice::from_ref(practice);
    let mut accounts = of_practices(context, conn, one, occasion)?;
    accounts.pop().ok_or(Error::NotFound)
}

/// [`of_practice`] of several, in their order.
pub fn of_practices(
    context: &Context,
    conn: &mut Conn,
    practices: &[Practice],
    occasion: Occasion,
) -> Result<Vec<Account>, Error> {
    let asked = ask_practices(context, conn, practices, occasion)?.into_iter();
    Ok(asked.map(|asked| asked.account).collect())
}

/// [`of_practices`], with what a release would settle: what a firm has in a
/// programme is looked up once, and the gate is asked about all pairs together.
pub fn ask_practices(
    context: &Context,
    conn: &mut Conn,
    practices: &[Practice],
    occasion: Occasion,
) -> Result<Vec<Asked>, Error> {
    let mut programmes: BTreeMap<ProgrammeId, Programme> = BTreeMap::new();
    let mut present: BTreeMap<(ProgrammeId, OrganizationId), Presence> = BTreeMap::new();
    for practice in practices {
        let programme = match programmes.entry(practice.programme) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unread) => {
                let began = programmes::load(conn, practice.programme)?;
                unread.insert(succession::going_on(conn, began)?)
            }
        };
        for firm in practice.firms() {
            if let Entry::Vacant(unread) = present.entry((practice.programme, firm)) {
                unread.insert(Presence::of(conn, programme, firm)?);
            }
        }
    }
    let mut meetings = Vec::with_capacity(practices.len());
    for practice in practices {
        let programme = programmes.get(&practice.programme).ok_or(Error::NotFound)?;
        let [a, b] = practice.firms();
        let presence = |firm| {
            present
                .get(&(practice.programme, firm))
                .ok_or(Error::NotFound)
        };
        meetings.push(Meeting::of(programme, presence(a)?, presence(b)?));
    }
    let pairs = meetings.iter().flat_map(|meeting| &meeting.pairs);
    let pairs: Vec<&Pair> = pairs.collect();
    let mut asked = accounts_and_open(context, conn, &pairs, occasion)?.into_iter();
    let mut told = Vec::with_capacity(meetings.len());
    for meeting in &meetings {
        let of_it: Vec<_> = asked.by_ref().take(meeting.pairs.len()).collect();
        let held = held_of(&meeting.pairs, &of_it);
        let accounts = of_it.into_iter().map(|(account, _)| account);
        told.push(match of_pairs(accounts.collect()) {
            Some(account) if account.decision == Decision::Allow => Asked {
                account,
                held: Vec::new(),
            },
            Some(account) => Asked { account, held },
            None => of_firms(context, conn, meeting, occasion)?,
        });
    }
    Ok(told)
}

/// Two firms of a programme, and each profile of the one with each mandate of
/// the other.
struct Meeting<'a> {
    programme: &'a Programme,
    firms: [&'a Presence; 2],
    pairs: Vec<Pair>,
}

impl<'a> Meeting<'a> {
    fn of(programme: &'a Programme, a: &'a Presence, b: &'a Presence) -> Self {
        let mut pairs = Vec::new();
        for (shown, to) in [(a, b), (b, a)] {
            for profile in &shown.profiles {
                pairs.extend(to.mandates.iter().map(|mandate| Pair {
                    programme: programme.clone(),
                    profile: profile.clone(),
                    mandate: mandate.clone(),
                }));
            }
        }
        Self {
            programme,
            firms: [a, b],
            pairs,
        }
    }
}

/// What the gate says of two firms by all that it says of their pairs: a yes to
/// one is enough, and what only waits for somebody comes before what is
/// forbidden. None where there are no pairs.
fn of_pairs(accounts: Vec<Account>) -> Option<Account> {
    let mut last: Option<Account> = None;
    for account in accounts {
        if account.decision == Decision::Allow {
            return Some(account);
        }
        let waits = |last: &Account| matches!(last.decision, Decision::Review { .. });
        if !last.as_ref().is_some_and(waits) {
            last = Some(account);
        }
    }
    last
}

/// What of the profiles waits for a release: of the pairs that wait for one.
fn held_of(pairs: &[Pair], asked: &[(Account, Vec<Sensitive>)]) -> Vec<Held> {
    let mut held: BTreeMap<Scope, &Vec<Sensitive>> = BTreeMap::new();
    for (pair, (account, open)) in pairs.iter().zip(asked) {
        if waits_for_release(account) {
            held.insert(scope_of(pair), open);
        }
    }
    let held = held.into_iter().map(|(scope, matters)| Held {
        scope,
        matters: matters.clone(),
    });
    held.collect()
}

fn of_firms(
    context: &Context,
    conn: &mut Conn,
    meeting: &Meeting<'_>,
    occasion: Occasion,
) -> Result<Asked, Error> {
    let (programme, [a, b]) = (meeting.programme, meeting.firms);
    let today = context.now().date_naive();
    let firms = [a.firm, b.firm];
    let cleared = clearances_of(conn, &firms, today)?;
    let clearance = |firm| {
        let verdict = cleared.get(&firm).copied();
        verdict.unwrap_or(ClearanceVerdict::Review)
    };
    let found = db::organizations::find_many(conn, &firms)?;
    let freezes = db::freezes::active(conn, context.now())?;
    let taxonomy = context.taxonomy();
    let covered = freezes.iter().any(|freeze| match &freeze.scope {
        FreezeScope::All | FreezeScope::Programme(_) => freeze.scope.stops_programme(programme.id),
        FreezeScope::Organization(_) | FreezeScope::Country(_) => found
            .iter()
            .any(|firm| freeze.scope.covers_firm(firm.id, firm.details.country)),
        FreezeScope::Tag(_) => {
            let mut profiles = a.profiles.iter().chain(&b.profiles);
            let mut mandates = a.mandates.iter().chain(&b.mandates);
            profiles.any(|it| covers_startup(freeze, &taxonomy, it))
                || mandates.any(|it| covers_mandate(freeze, it))
        }
    });
    let claimed = !db::users::members(conn, a.firm)?.is_empty()
        && !db::users::members(conn, b.firm)?.is_empty();
    let profiles = a.profiles.iter().chain(&b.profiles);
    let sensitivity = profiles.map(|it| it.content.sensitivity(&taxonomy)).max();
    let sensitivity = sensitivity.unwrap_or(Sensitivity::None);
    let country = |firm| {
        let mut found = found.iter();
        let found = found.find(|it| it.id == firm);
        found.and_then(|it| it.details.country)
    };
    let (of_a, of_b) = (country(b.firm), country(a.firm));
    let of_a = a.profiles.iter().map(|profile| (profile, of_a));
    let of_b = b.profiles.iter().map(|profile| (profile, of_b));
    let shown = of_a.chain(of_b);
    let (held, licensed) = open_among(context, conn, programme.id, shown)?;
    let grades = held.iter().map(|it| gravest(&it.matters));
    let account = Account::of(&Facts {
        programme_in_force: programme.in_force_on(today) && a.takes_part() && b.takes_part()
            || occasion.outlives(programme, today),
        startup_live: true,
        under_review: false,
        mandate_live: true,
        claimed,
        startup_clearance: clearance(a.firm),
        investor_clearance: clearance(b.firm),
        sensitivity,
        unreleased: grades.max().unwrap_or(Sensitivity::None),
        licensed,
        frozen: covered
            || programme.status == ProgrammeStatus::Suspended
            || occasion != Occasion::Connected && succession::is_awaited(conn, programme, today)?,
        conflict: db::walls::stand_between(conn, a.firm, b.firm)?,
        excluded: false,
        consent: consent_of_firms(context, conn, [a, b])?,
        connected: occasion == Occasion::Connected,
        cooling_down: false,
    });
    let held = if waits_for_release(&account) {
        held
    } else {
        Vec::new()
    };
    Ok(Asked { account, held })
}

/// Whether the firms agreed to be shown. A party to the programme takes part by
/// its signature under the MoU and not by a person's consent, unless that was
/// given and taken back.
fn consent_of_firms(
    context: &Context,
    conn: &mut Conn,
    firms: [&Presence; 2],
) -> Result<Standing, Error> {
    let mut worst = Standing::Given;
    for presence in firms {
        let standing = consent_of(context, conn, &[presence.firm])?;
        if standing == Standing::Withdrawn || !presence.party {
            worst = worst.max(standing);
        }
    }
    Ok(worst)
}
