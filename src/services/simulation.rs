//! What publishing a rule set would change, on what there is now: looked at
//! before anybody publishes, and kept.

use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use crate::db::page::{Cursor, Page};
use crate::db::{self, Conn, rule_sets};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, RuleSetId, StartupProfileId};
use crate::domain::permission::Operation;
use crate::domain::rule_set::{Exposure, KeptRuleSet, Shift, Simulation};
use crate::domain::scoring::{Explanation, RuleSet};
use crate::matching::reference::Filter;
use crate::matching::simulation::{Difference, Line, Lists, compare};

use super::once::write_once;
use super::paging::{PageRequest, read_page};
use super::ranking::{self, Ground};
use super::rule_sets::{load, with_rarity};
use super::teasers::Party;
use super::{Caller, Context, Error, Intent, programmes};

/// Most startups whose lists are made: two lists each, at about a millisecond.
pub const MOST_STARTUPS: usize = 1_000;

/// Most firms that are named as gaining, and as losing.
const MOST_NAMED: usize = 20;

/// A simulation with the names of whom it is about.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was found.
    pub simulation: Simulation,
    /// One page of its shifts.
    pub shifts: Page<Named>,
    /// Who is in more lists than before, who gains most first.
    pub gains: Vec<(Party, Exposure)>,
    /// Who is in fewer, who loses most first.
    pub losses: Vec<(Party, Exposure)>,
}

/// A shift with who it is about.
#[derive(Debug, Clone)]
pub struct Named {
    /// What changes.
    pub shift: Shift,
    /// The startup.
    pub startup: Party,
    /// The investor.
    pub investor: Party,
}

/// Simulates a rule set beside the rules that its programme matches by, over
/// the `top` best of every startup, and keeps what was found.
pub async fn simulate(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: RuleSetId,
    top: usize,
) -> Result<Simulation, Error> {
    caller.may(Operation::ReadRules, &[])?;
    caller.may(Operation::WriteRules, &[])?;
    let found = context
        .look_over(move |context, conn| {
            let kept = load(conn, id)?;
            run(context, conn, &kept, top)
        })
        .await?;
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            rule_sets::insert_simulation(conn, &found)?;
            pen.append(
                conn,
                "rule_set.simulated",
                (SubjectKind::RuleSet, found.rule_set),
                vec![
                    ("version", Value::Int(found.version)),
                    ("against", Value::Id(found.against.uuid())),
                    ("appears", Value::Int(found.tally.appears)),
                    ("vanishes", Value::Int(found.tally.vanishes)),
                    ("moves", Value::Int(found.tally.moves)),
                ],
            )?;
            Ok(found)
        },
        |conn, id| rule_sets::find_simulation(conn, id)?.ok_or(Error::NotFound),
    )
    .await
}

fn run(
    context: &Context,
    conn: &mut Conn,
    kept: &KeptRuleSet,
    top: usize,
) -> Result<Simulation, Error> {
    let programme = kept.programme.ok_or_else(|| {
        Error::refused(
            "no_programme",
            "This rule set came with the service. Draft one for a programme and simulate that.",
        )
    })?;
    let held = programmes::load(conn, programme)?.rule_set;
    let rules = with_rarity(
        conn,
        &context.taxonomy(),
        kept.programme,
        kept.rules.clone(),
    )?;
    let (difference, startups, of) = beside(context, conn, programme, &rules, top)?;
    Ok(Simulation {
        id: context.new_id(),
        rule_set: kept.id,
        version: kept.version,
        against: held,
        top: i64::try_from(top).unwrap_or(i64::MAX),
        startups,
        of,
        tally: difference.tally,
        before: difference.before,
        after: difference.after,
        exposure: difference.exposure,
        shifts: difference.shifts,
        created_at: context.now(),
    })
}

/// What other rules would change in a programme now; with it, how many
/// startups were looked at, of how many.
///
/// # Errors
/// A statement failed.
pub fn beside(
    context: &Context,
    conn: &mut Conn,
    programme: ProgrammeId,
    rules: &RuleSet,
    top: usize,
) -> Result<(Difference, i64, i64), Error> {
    let present = Ground::load(context, conn, programme)?;
    let other = present.by(rules.clone());
    let owners = db::programmes::published_mandates(conn, programme)?;
    let (startups, of) = db::programmes::published_startups(conn, programme, MOST_STARTUPS)?;
    let mut lists = Vec::with_capacity(startups.len());
    for startup in &startups {
        let mut best = |ground: &Ground| -> Result<Vec<Line>, Error> {
            let filter = Filter::default();
            let found = ranking::mandates_for(context, conn, ground, *startup, top, &filter)?;
            Ok(found
                .iter()
                .filter_map(|told| line(&owners, told))
                .collect())
        };
        lists.push(Lists {
            startup: *startup,
            before: best(&present)?,
            after: best(&other)?,
        });
    }
    let investors: BTreeSet<OrganizationId> = owners.values().copied().collect();
    let looked_at = i64::try_from(lists.len()).unwrap_or(i64::MAX);
    Ok((compare(&lists, &investors), looked_at, of))
}

fn line(owners: &BTreeMap<MandateId, OrganizationId>, told: &Explanation) -> Option<Line> {
    let mandate = told.mandate.0;
    Some(Line {
        mandate,
        investor: *owners.get(&mandate)?,
        score: told.score,
    })
}

/// The latest simulation of a rule set with one page of what changes, for the
/// operator's people.
pub async fn latest(
    context: &Context,
    caller: &Caller,
    id: RuleSetId,
    page: PageRequest,
) -> Result<Report, Error> {
    caller.may(Operation::ReadRules, &[])?;
    let simulation = context
        .db
        .read(move |conn| {
            load(conn, id)?;
            rule_sets::latest_simulation(conn, id)?.ok_or(Error::NotFound)
        })
        .await?;
    report(context, simulation, page).await
}

/// A simulation with one page of what changes, by name.
pub async fn report(
    context: &Context,
    simulation: Simulation,
    page: PageRequest,
) -> Result<Report, Error> {
    let shifts = simulation.shifts.clone();
    let at = simulation.created_at;
    let name = format!("simulation {}", simulation.id);
    let numbered = read_page(
        context,
        name,
        page,
        move |conn, cursor, limit| {
            let from = cursor.map_or(0, |cursor| cursor.id.as_u128());
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            let some = shifts.into_iter().enumerate().skip(from).take(limit + 1);
            let some = some.map(|(place, shift)| (at, place + 1, shift)).collect();
            name_all(conn, some)
        },
        |(at, number, _)| {
            let number = u128::try_from(*number).unwrap_or(0);
            Cursor::at(*at, Uuid::from_u128(number))
        },
    )
    .await?;
    let exposure = &simulation.exposure;
    let gains = exposure.iter().filter(|one| one.after > one.before);
    let losses = exposure.iter().rev().filter(|one| one.after < one.before);
    let gains: Vec<Exposure> = gains.take(MOST_NAMED).copied().collect();
    let losses: Vec<Exposure> = losses.take(MOST_NAMED).copied().collect();
    let (gains, losses) = context
        .db
        .read(move |conn| Ok::<_, Error>((exposed(conn, gains)?, exposed(conn, losses)?)))
        .await?;
    Ok(Report {
        simulation,
        shifts: numbered.map(|(_, _, named)| named),
        gains,
        losses,
    })
}

/// Exposures by name.
fn exposed(conn: &mut Conn, some: Vec<Exposure>) -> Result<Vec<(Party, Exposure)>, Error> {
    let firms: Vec<OrganizationId> = some.iter().map(|one| one.investor).collect();
    let names = names_of(conn, &firms)?;
    let named = some.into_iter().filter_map(|one| {
        let (id, name) = (one.investor, names.get(&one.investor)?.clone());
        Some((Party { id, name }, one))
    });
    Ok(named.collect())
}

type Numbered<T> = (chrono::DateTime<chrono::Utc>, usize, T);

fn name_all(conn: &mut Conn, shifts: Vec<Numbered<Shift>>) -> Result<Vec<Numbered<Named>>, Error> {
    let startups: BTreeSet<_> = shifts.iter().map(|(_, _, shift)| shift.startup).collect();
    let mandates: BTreeSet<_> = shifts.iter().map(|(_, _, shift)| shift.mandate).collect();
    let startups: Vec<StartupProfileId> = startups.into_iter().collect();
    let mandates: Vec<MandateId> = mandates.into_iter().collect();
    let of_startup: BTreeMap<_, _> = db::startup_profiles::find_many(conn, &startups)?
        .into_iter()
        .map(|profile| (profile.id, profile.organization))
        .collect();
    let of_mandate: BTreeMap<_, _> = db::mandates::find_many(conn, &mandates)?
        .into_iter()
        .map(|mandate| (mandate.id, mandate.organization))
        .collect();
    let firms: Vec<_> = of_startup
        .values()
        .chain(of_mandate.values())
        .copied()
        .collect();
    let names = names_of(conn, &firms)?;
    let party = |id: Option<&OrganizationId>| {
        let id = *id?;
        let name = names.get(&id)?.clone();
        Some(Party { id, name })
    };
    let named = shifts.into_iter().map(|(at, number, shift)| {
        let startup = party(of_startup.get(&shift.startup));
        let investor = party(of_mandate.get(&shift.mandate));
        match (startup, investor) {
            (Some(startup), Some(investor)) => Ok((
                at,
                number,
                Named {
                    shift,
                    startup,
                    investor,
                },
            )),
            _ => Err(Error::internal("a simulation names a firm that is gone")),
        }
    });
    named.collect()
}

/// The names of firms.
///
/// # Errors
/// A statement failed.
pub fn names_of(
    conn: &mut Conn,
    firms: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, String>, Error> {
    let firms: BTreeSet<OrganizationId> = firms.iter().copied().collect();
    let firms: Vec<OrganizationId> = firms.into_iter().collect();
    let found = db::organizations::find_many(conn, &firms)?;
    Ok(found
        .into_iter()
        .map(|firm| (firm.id, firm.details.display_name().to_string()))
        .collect())
}
