//! Matches: computed on demand, reviewed, released, answered.
//!
//! | module | holds |
//! |---|---|
//! | here | computing, readings |
//! | `rank` | the curators' live ranking |
//! | `list` | what is on record, and what is new to a side |
//! | `moves` | transitions by people |
//! | `clock` | what becomes of a match by itself: it comes back, expires, ends when a gate fails |

mod clock;
mod list;
mod moves;
mod rank;

use std::collections::BTreeSet;

use crate::db::curations::PairKey;
pub use crate::db::curations::{CuratedPair, MatchNote};
pub use crate::db::matches::Filter;
use crate::db::matches::{self, InsertOutcome};
use crate::db::{self, Conn};
use crate::domain::disclosure::Decision;
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::grounds::Grounds;
use crate::domain::ids::{MandateId, MatchId, ProgrammeId, StartupProfileId};
use crate::domain::permission::Operation;
use crate::domain::review::{Match, MatchStatus, PerSide, Response, Told, initial_status};
use crate::domain::scoring::Explanation;
use crate::domain::values::Side;

use super::disclosure::{self, Ids, Occasion, Pair};
use super::once::write_once;
use super::ranking::{self, Ground};
use super::transitions::code;
use super::{Caller, Context, Error, Intent};

pub use clock::{expire_due, recheck_due, wake_due};
pub(in crate::services) use list::count;
pub use list::{Listed, is_new, list, note_visit};
pub(in crate::services) use moves::apply;
use moves::supersede;
pub use moves::{Move, transition, transitions};
pub(super) use moves::{give_back, introduce, open_to, reason_needed, second_person_needed};
pub(super) use moves::{move_by_system, release_in};
pub use rank::{Query, Ranked, Request, Wanted, rank};

pub(super) fn only_programme(conn: &mut Conn, query: Query) -> Result<ProgrammeId, Error> {
    let admitted = match query {
        Query::Startup(id) => db::programmes::programmes_of_startup(conn, id)?,
        Query::Mandate(id) => db::programmes::programmes_of_mandate(conn, id)?,
    };
    match admitted.as_slice() {
        [only] => Ok(only.id),
        [] => Err(Error::refused(
            "not_admitted",
            "It is admitted to no programme, so there is nothing to rank it in.",
        )),
        _ => Err(Error::refused(
            "programme_needed",
            "It is admitted to several programmes: name one.",
        )),
    }
}

/// The account of one pair as of now, ruled out or not: why am I not matched
/// with X?
pub async fn explain_pair(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    profile: StartupProfileId,
    mandate: MandateId,
) -> Result<Explanation, Error> {
    caller.may(Operation::RankMatches, &[])?;
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let pair = Pair::load(conn, programme, profile, mandate)?;
            let firms = [pair.profile.organization, pair.mandate.organization];
            caller.may(Operation::RankMatches, &firms)?;
            let ground = Ground::load(&context_in, conn, programme)?;
            ranking::one_pair(&context_in, conn, &ground, &pair.profile, &pair.mandate)
        })
        .await
}

/// Puts a pair on record with the account of its score. It takes the place of a
/// live match that was computed from older revisions or by other rules.
pub async fn compute(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    programme: ProgrammeId,
    profile: StartupProfileId,
    mandate: MandateId,
) -> Result<Match, Error> {
    caller.may(Operation::RankMatches, &[])?;
    // An auditor ranks but puts nothing on record.
    caller.may(Operation::MoveMatch, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let caller_again = caller.clone();
    let actor = caller.actor();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let pair = Pair::load(conn, programme, profile, mandate)?;
            // Owners move their own matches but put none on record.
            let firms = [pair.profile.organization, pair.mandate.organization];
            caller_in.may(Operation::RankMatches, &firms)?;
            put_pair_on_record(&context_in, conn, actor, &pair)
        },
        move |conn, id| {
            let found = load(conn, id.into())?;
            caller_again.may(Operation::RankMatches, &[found.startup, found.investor])?;
            Ok(found)
        },
    )
    .await
}

/// Puts a pair on record with the account of its score as it is now.
pub(super) fn put_pair_on_record(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    pair: &Pair,
) -> Result<Match, Error> {
    let (profile, mandate) = (&pair.profile, &pair.mandate);
    let ground = Ground::load(context, conn, pair.programme.id)?;
    let (explanation, grounds) =
        ranking::one_pair_to_keep(context, conn, &ground, profile, mandate)?;
    let at = (pair.programme.id, profile.id, mandate.id);
    put_on_record(context, conn, actor, at, explanation, &grounds)
}

/// Puts a pair on record with its account, in the place of a live match that
/// was computed from older revisions or by other rules.
///
/// # Errors
/// A refusal when a gate rules it out or it has a live match as new as this.
pub(super) fn put_on_record(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    (programme, profile, mandate): PairKey,
    explanation: Explanation,
    grounds: &Grounds,
) -> Result<Match, Error> {
    let now = context.now();
    let pair = Pair::load(conn, programme, profile, mandate)?;
    let curated = db::curations::of_pair(conn, (programme, profile, mandate))?;
    let matched = Match {
        id: context.new_id(),
        programme,
        startup_profile: profile,
        startup: pair.profile.organization,
        mandate,
        investor: pair.mandate.organization,
        status: initial_status(&explanation)?,
        explanation,
        released_to: None,
        startup_response: Response::None,
        investor_response: Response::None,
        snoozed: PerSide::default(),
        wakes_at: None,
        shown_at: PerSide::default(),
        curation: curated.map(|curated| curated.curation),
        told: Told::first(now),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    supersede(context, conn, &matched)?;
    if matches::insert(conn, &matched)? == InsertOutcome::LiveMatchExists {
        return Err(Error::refused(
            "match_exists",
            "This pair has a live match in this programme already.",
        ));
    }
    matches::keep_grounds(conn, matched.id, grounds)?;
    let account = &matched.explanation;
    context.pen(actor).append(
        conn,
        "match.computed",
        (SubjectKind::Match, matched.id),
        vec![
            ("to", code(matched.status.code())),
            ("score", Value::Int(account.score)),
            ("confidence", Value::Int(account.confidence)),
            ("rule_set", Value::Id(account.rule_set.uuid())),
            ("startup_revision", Value::Int(account.startup.1)),
            ("mandate_revision", Value::Int(account.mandate.1)),
        ],
    )?;
    Ok(matched)
}

/// One match: for the operator's people, and for a side it was released to.
pub async fn find(context: &Context, caller: &Caller, id: MatchId) -> Result<Match, Error> {
    let context_in = context.clone();
    let caller = caller.clone();
    context
        .db
        .read(move |conn| load_shown(&context_in, &caller, conn, id))
        .await
}

/// A match that the caller may see now: read, moved and replayed alike.
pub(super) fn load_shown(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: MatchId,
) -> Result<Match, Error> {
    let found = load(conn, id)?;
    check_visible(caller, &found)?;
    if side_of(caller, &found)?.is_none() || shown_now(context, conn, &found)? {
        Ok(found)
    } else {
        Err(Error::NotFound)
    }
}

/// Whether the gate lets the sides see a match now: what was released is
/// pulled while a profile is paused, under review again, frozen or blocked. An
/// introduction that runs is not hidden from those it runs between.
pub(super) fn shown_now(
    context: &Context,
    conn: &mut Conn,
    matched: &Match,
) -> Result<bool, Error> {
    Ok(closed_now(context, conn, &[matched])?.is_empty())
}

/// Those of these matches that the gate keeps from the sides now; see
/// [`shown_now`].
pub(super) fn closed_now(
    context: &Context,
    conn: &mut Conn,
    some: &[&Match],
) -> Result<BTreeSet<MatchId>, Error> {
    let mut closed = BTreeSet::new();
    for occasion in [Occasion::Connected, Occasion::Shown] {
        let connected = occasion == Occasion::Connected;
        let of_it = some
            .iter()
            .filter(|matched| (matched.status == MatchStatus::Introduced) == connected);
        let of_it: Vec<&Match> = of_it.copied().collect();
        if of_it.is_empty() {
            continue;
        }
        let ids = |matched: &Match| (matched.programme, matched.startup_profile, matched.mandate);
        let wanted: Vec<Ids> = of_it.iter().map(|matched| ids(matched)).collect();
        let pairs = if connected {
            Pair::going_on_many(conn, &wanted)?
        } else {
            Pair::load_many(conn, &wanted)?
        };
        let asked: Vec<&Pair> = wanted
            .iter()
            .map(|ids| pairs.get(ids).ok_or(Error::NotFound))
            .collect::<Result<_, _>>()?;
        let decisions = disclosure::ask_all(context, conn, &asked, occasion)?;
        for (matched, decision) in of_it.iter().zip(decisions) {
            if decision != Decision::Allow {
                closed.insert(matched.id);
            }
        }
    }
    Ok(closed)
}

fn check_visible(caller: &Caller, found: &Match) -> Result<(), Error> {
    let side = side_of(caller, found)?;
    if side.is_none_or(|side| found.visible_to(side)) {
        caller.may(Operation::ReadMatch, &[found.startup, found.investor])
    } else {
        Err(Error::NotFound)
    }
}

/// The side as which the caller sees a match; none for the operator's people.
///
/// # Errors
/// The caller is neither.
pub fn side_of(caller: &Caller, matched: &Match) -> Result<Option<Side>, Error> {
    if caller.reads_all_of(&[matched.startup, matched.investor]) {
        return Ok(None);
    }
    caller
        .side(matched.startup, matched.investor)
        .map(Some)
        .ok_or(Error::NotFound)
}

pub(super) fn load(conn: &mut Conn, id: MatchId) -> Result<Match, Error> {
    matches::find(conn, id)?.ok_or(Error::NotFound)
}
