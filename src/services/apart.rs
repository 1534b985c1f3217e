//! What stands between two sides that know each other already: a freeze or a
//! suspended programme for the time being, a block, a firm that may be shown to
//! nobody. What was shown stays shown; nothing new goes from one to the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::{self, Conn};
use crate::domain::compliance::{ClearanceVerdict, Freeze};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::introduction::Introduction;
use crate::domain::organization::Organization;
use crate::domain::pipeline::Deal;
use crate::domain::programme::{Programme, ProgrammeStatus};
use crate::domain::refusal::Refusal;

use super::disclosure::{clearances_of, covers_mandate, covers_startup};
use super::{Caller, Context, Error, programmes, succession};

/// Why nothing goes from one side to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// Until a freeze is lifted or a programme resumed.
    Frozen,
    /// For good, as far as anybody knows.
    Barred,
}

/// Refuses what would go on between two sides while something keeps them
/// apart: without a reason, except to the operator's people.
pub fn check(
    caller: &Caller,
    firms: &[OrganizationId],
    apart: Option<Apart>,
) -> Result<(), Refusal> {
    let detail = match apart {
        None => return Ok(()),
        Some(_) if !caller.reads_all_of(firms) => {
            return Err(not_available());
        }
        Some(Apart::Frozen) => {
            "A freeze covers one of the two, or their programme is suspended or frozen; this \
             waits until it is lifted."
        }
        Some(Apart::Barred) => "The two are kept apart, or one of them may be shown to nobody.",
    };
    Err(Refusal::new("gate_closed", detail))
}

/// What somebody of a side reads while something keeps the two apart.
pub fn not_available() -> Refusal {
    Refusal::new("not_available", "This is not available in this programme.")
}

/// What keeps the sides of a deal apart now.
pub fn of_deal(context: &Context, conn: &mut Conn, deal: &Deal) -> Result<Option<Apart>, Error> {
    of(
        context,
        conn,
        deal.programme,
        deal.startup_profile,
        deal.mandate,
    )
}

/// What keeps the sides of an introduction apart now.
pub fn of_introduction(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<Option<Apart>, Error> {
    of(
        context,
        conn,
        introduction.programme,
        introduction.startup_profile,
        introduction.mandate,
    )
}

/// What keeps an investor that takes part in a deal apart from its startup.
pub fn of_participant(
    context: &Context,
    conn: &mut Conn,
    deal: &Deal,
    investor: OrganizationId,
) -> Result<Option<Apart>, Error> {
    if investor == deal.investor {
        return of_deal(context, conn, deal);
    }
    let profile = db::startup_profiles::find(conn, deal.startup_profile)?;
    let profile = profile.ok_or(Error::NotFound)?;
    let firm = db::organizations::find(conn, investor)?.ok_or(Error::NotFound)?;
    if are_barred(context, conn, [deal.startup, investor])? {
        return Ok(Some(Apart::Barred));
    }
    let freezes = db::freezes::active(conn, context.now())?;
    let frozen = firm_is_frozen(context, conn, &firm)?
        || freezes
            .iter()
            .any(|freeze| covers_startup(freeze, &context.taxonomy(), &profile))
        || programme_is_frozen(conn, &freezes, deal.programme)?;
    Ok(frozen.then_some(Apart::Frozen))
}

/// Whether nothing moves in a programme, or in the one that goes on from it,
/// for the time being: a freeze covers it, or it is suspended.
fn programme_is_frozen(
    conn: &mut Conn,
    freezes: &[Freeze],
    programme: ProgrammeId,
) -> Result<bool, Error> {
    let stands_still = |programme: &Programme| {
        let mut freezes = freezes.iter();
        programme.status == ProgrammeStatus::Suspended
            || freezes.any(|freeze| freeze.scope.stops_programme(programme.id))
    };
    let begun_under = programmes::load(conn, programme)?;
    if stands_still(&begun_under) {
        return Ok(true);
    }
    Ok(stands_still(&succession::going_on(conn, begun_under)?))
}

/// Whether a block or a wall stands between two firms, or one may be shown to nobody.
fn are_barred(
    context: &Context,
    conn: &mut Conn,
    [a, b]: [OrganizationId; 2],
) -> Result<bool, Error> {
    let cleared = clearances_of(conn, &[a, b], context.now().date_naive())?;
    let barred = cleared
        .values()
        .any(|verdict| *verdict == ClearanceVerdict::Blocked);
    Ok(barred || db::walls::stand_between(conn, a, b)?)
}

/// Whether a freeze is in force of a firm or of its country.
pub fn firm_is_frozen(
    context: &Context,
    conn: &mut Conn,
    firm: &Organization,
) -> Result<bool, Error> {
    let freezes = db::freezes::active(conn, context.now())?;
    let mut scopes = freezes.iter().map(|freeze| &freeze.scope);
    Ok(scopes.any(|scope| scope.covers_firm(firm.id, firm.details.country)))
}

/// What keeps the owners of a profile and a mandate apart now.
pub fn of(
    context: &Context,
    conn: &mut Conn,
    programme: ProgrammeId,
    profile: StartupProfileId,
    mandate: MandateId,
) -> Result<Option<Apart>, Error> {
    let mut found = of_many(context, conn, &[(programme, profile, mandate)])?;
    found.pop().ok_or(Error::NotFound)
}

/// [`of`] many at once, in their order: what it goes by is looked up together.
pub fn of_many(
    context: &Context,
    conn: &mut Conn,
    asked: &[(ProgrammeId, StartupProfileId, MandateId)],
) -> Result<Vec<Option<Apart>>, Error> {
    if asked.is_empty() {
        return Ok(vec![]);
    }
    let profiles: BTreeSet<_> = asked.iter().map(|(_, profile, _)| *profile).collect();
    let profiles: Vec<_> = profiles.into_iter().collect();
    let profiles = db::startup_profiles::find_many(conn, &profiles)?.into_iter();
    let profiles: BTreeMap<_, _> = profiles.map(|it| (it.id, it)).collect();
    let mandates: BTreeSet<_> = asked.iter().map(|(_, _, mandate)| *mandate).collect();
    let mandates: Vec<_> = mandates.into_iter().collect();
    let mandates = db::mandates::find_many(conn, &mandates)?.into_iter();
    let mandates: BTreeMap<_, _> = mandates.map(|it| (it.id, it)).collect();
    let startups = profiles.values().map(|it| it.organization);
    let firms: BTreeSet<_> = startups
        .chain(mandates.values().map(|it| it.organization))
        .collect();
    let firms: Vec<_> = firms.into_iter().collect();
    let cleared = clearances_of(conn, &firms, context.now().date_naive())?;
    let barred = |firm: OrganizationId| cleared.get(&firm) == Some(&ClearanceVerdict::Blocked);
    let kept = db::walls::kept_from_some(conn, &firms)?;
    let freezes = db::freezes::active(conn, context.now())?;
    let taxonomy = context.taxonomy();
    let mut still: BTreeMap<ProgrammeId, bool> = BTreeMap::new();
    let mut found = Vec::with_capacity(asked.len());
    for (programme, profile, mandate) in asked {
        let profile = profiles.get(profile).ok_or(Error::NotFound)?;
        let mandate = mandates.get(mandate).ok_or(Error::NotFound)?;
        let (a, b) = (profile.organization, mandate.organization);
        let between = kept.get(&a).is_some_and(|others| others.contains(&b));
        if barred(a) || barred(b) || between {
            found.push(Some(Apart::Barred));
            continue;
        }
        let covered = freezes.iter().any(|freeze| {
            covers_startup(freeze, &taxonomy, profile) || covers_mandate(freeze, mandate)
        });
        if !covered && !still.contains_key(programme) {
            let frozen = programme_is_frozen(conn, &freezes, *programme)?;
            still.insert(*programme, frozen);
        }
        let frozen = covered || still.get(programme) == Some(&true);
        found.push(frozen.then_some(Apart::Frozen));
    }
    Ok(found)
}
