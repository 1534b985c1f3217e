//! What a simulation found, as it is kept.

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use crate::db::Result;
use crate::domain::rule_set::{Concentration, Exposure, Shift, Simulation, Standing, Tally};

/// Place and score, where there is one.
type StoredStanding = Option<[i64; 2]>;

/// What stands beside the columns of a simulation.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    top: i64,
    startups: i64,
    of: i64,
    /// Pairs that appear, vanish, move and stay.
    tally: [i64; 4],
    /// Share of the top three and Gini's coefficient.
    before: [i64; 2],
    after: [i64; 2],
    exposure: Vec<(String, i64, i64)>,
    /// Startup, mandate, and place and score before and after.
    shifts: Vec<(String, String, StoredStanding, StoredStanding)>,
}

/// The canonical text of what was found.
pub(in crate::db) fn encode(simulation: &Simulation) -> Result<String> {
    let Simulation {
        id: _,
        rule_set: _,
        version: _,
        against: _,
        top,
        startups,
        of,
        tally,
        before,
        after,
        exposure,
        shifts,
        created_at: _,
    } = simulation;
    let Tally {
        appears,
        vanishes,
        moves,
        stays,
    } = *tally;
    form::write(&Stored {
        schema: One,
        top: *top,
        startups: *startups,
        of: *of,
        tally: [appears, vanishes, moves, stays],
        before: [before.top_three, before.gini],
        after: [after.top_three, after.gini],
        exposure: exposure
            .iter()
            .map(|one| (one.investor.to_string(), one.before, one.after))
            .collect(),
        shifts: shifts
            .iter()
            .map(|shift| {
                let pair = |at: Option<Standing>| at.map(|at| [at.place, at.score]);
                (
                    shift.startup.to_string(),
                    shift.mandate.to_string(),
                    pair(shift.before),
                    pair(shift.after),
                )
            })
            .collect(),
    })
}

/// Fills in what was found by that text.
pub(in crate::db) fn decode(text: &str, bare: Simulation) -> Result<Simulation> {
    let stored: Stored = form::read("a simulation", text)?;
    let [appears, vanishes, moves, stays] = stored.tally;
    let concentration = |[top_three, gini]: [i64; 2]| Concentration { top_three, gini };
    let standing = |at: Option<[i64; 2]>| at.map(|[place, score]| Standing { place, score });
    Ok(Simulation {
        top: stored.top,
        startups: stored.startups,
        of: stored.of,
        tally: Tally {
            appears,
            vanishes,
            moves,
            stays,
        },
        before: concentration(stored.before),
        after: concentration(stored.after),
        exposure: stored
            .exposure
            .iter()
            .map(|(investor, before, after)| {
                Ok(Exposure {
                    investor: form::id(investor)?,
                    before: *before,
                    after: *after,
                })
            })
            .collect::<Result<_>>()?,
        shifts: stored
            .shifts
            .iter()
            .map(|(startup, mandate, before, after)| {
                Ok(Shift {
                    startup: form::id(startup)?,
                    mandate: form::id(mandate)?,
                    before: standing(*before),
                    after: standing(*after),
                })
            })
            .collect::<Result<_>>()?,
        ..bare
    })
}
