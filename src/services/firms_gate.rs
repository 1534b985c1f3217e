//! The gate between two firms of a programme that are to be shown to each other
//! as firms: where one has a profile and the other a mandate there, what holds
//! for these; else what holds for the firms.

use crate::db::{self, Conn};
use crate::domain::compliance::{ClearanceVerdict, FreezeScope};
use crate::domain::consent::Standing;
use crate::domain::disclosure::{Account, Decision, Facts};
use crate::domain::ids::OrganizationId;
use crate::domain::mandate::Mandate;
use crate::domain::practice::Practice;
use crate::domain::profile::StartupProfile;
use crate::domain::programme::{Programme, ProgrammeStatus};
use crate::domain::tag::Sensitivity;

use super::disclosure::{
    Occasion, Pair, account as ask_pair, clearances_of, consent_of, covers_mandate, covers_startup,
};
use super::{Context, Error, programmes, succession};

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
    let programme = programmes::load(conn, practice.programme)?;
    let programme = succession::going_on(conn, programme)?;
    ask(context, conn, &programme, practice.firms(), occasion)
}

/// Asks the gate whether two firms may be shown to each other now.
fn ask(
    context: &Context,
    conn: &mut Conn,
    programme: &Programme,
    firms: [OrganizationId; 2],
    occasion: Occasion,
) -> Result<Account, Error> {
    let [a, b] = firms;
    let (a, b) = (
        Presence::of(conn, programme, a)?,
        Presence::of(conn, programme, b)?,
    );
    let pairs = a
        .profiles
        .iter()
        .flat_map(|profile| b.mandates.iter().map(move |mandate| (profile, mandate)));
    let turned = b
        .profiles
        .iter()
        .flat_map(|profile| a.mandates.iter().map(move |mandate| (profile, mandate)));
    let mut last = None;
    for (profile, mandate) in pairs.chain(turned) {
        let pair = Pair {
            programme: programme.clone(),
            profile: profile.clone(),
            mandate: mandate.clone(),
        };
        let account = ask_pair(context, conn, &pair, occasion)?;
        if account.decision == Decision::Allow {
            return Ok(account);
        }
        // What only waits for somebody comes before what is forbidden.
        let waits = |last: &Account| matches!(last.decision, Decision::Review { .. });
        if !last.as_ref().is_some_and(waits) {
            last = Some(account);
        }
    }
    match last {
        Some(account) => Ok(account),
        None => of_firms(context, conn, programme, [&a, &b], occasion),
    }
}

fn of_firms(
    context: &Context,
    conn: &mut Conn,
    programme: &Programme,
    [a, b]: [&Presence; 2],
    occasion: Occasion,
) -> Result<Account, Error> {
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
    Ok(Account::of(&Facts {
        programme_in_force: programme.in_force_on(today) && a.takes_part() && b.takes_part()
            || occasion.outlives(programme, today),
        startup_live: true,
        mandate_live: true,
        claimed,
        startup_clearance: clearance(a.firm),
        investor_clearance: clearance(b.firm),
        sensitivity,
        // Nobody releases what one firm shows another as a firm.
        unreleased: sensitivity,
        licensed: false,
        frozen: covered
            || programme.status == ProgrammeStatus::Suspended
            || occasion != Occasion::Connected && succession::is_awaited(conn, programme, today)?,
        conflict: db::walls::stand_between(conn, a.firm, b.firm)?,
        excluded: false,
        consent: consent_of_firms(context, conn, [a, b])?,
        connected: occasion == Occasion::Connected,
        cooling_down: false,
    }))
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
