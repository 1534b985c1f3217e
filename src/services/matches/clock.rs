//! What becomes of matches by themselves: they come back when they were put
//! off, expire when nobody answers, and end when a gate fails by now.

use chrono::TimeDelta;

use crate::db::Conn;
use crate::db::matches::{self, LiveOf};
use crate::domain::admission::{Admission, AdmissionKind};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{MatchId, ProgrammeId};
use crate::domain::permission::Hat;
use crate::domain::programme::ProgrammeStatus;
use crate::domain::review::{Match, MatchAction, MatchStatus, UNANSWERED_DAYS, ended_by, step};
use crate::domain::scoring::{Explanation, Gate, GateVerdict};
use crate::services::disclosure::{self, Occasion, Pair};
use crate::services::log::SealedEvent;
use crate::services::ranking::{self, Ground};
use crate::services::{Context, Error, admissions, due, following};

use super::moves::{move_by_system, store};

/// The follower of the log that looks again at matches whose records changed.
const FOLLOWER: &str = "match_inputs";
/// The one that looks at all of them once a day.
const DAILY: &str = "match_inputs_daily";
/// Events read at a time.
const EVENTS: usize = 200;
/// Matches looked at in one reading.
const AT_ONCE: usize = 100;

/// Ends matches that were shown and not answered in time; answers how many.
pub async fn expire_due(context: &Context) -> Result<usize, Error> {
    let context_in = context.clone();
    let since = context.now() - TimeDelta::days(UNANSWERED_DAYS);
    due::each(
        context,
        "match.expire",
        |matched: &Match| matched.id.uuid(),
        move |conn, limit| matches::unanswered_since(conn, since, limit),
        move |conn, before: &Match| {
            if is_frozen(&context_in, conn, before)? {
                // Nobody could read it, so its time begins again.
                start_anew(&context_in, conn, before)
            } else {
                move_by_system(&context_in, conn, before, MatchAction::Expire)
            }
        },
    )
    .await
}

fn is_frozen(context: &Context, conn: &mut Conn, matched: &Match) -> Result<bool, Error> {
    let pair = Pair::load(
        conn,
        matched.programme,
        matched.startup_profile,
        matched.mandate,
    )?;
    Ok(disclosure::ask(context, conn, &pair, Occasion::Shown)?.is_frozen())
}

fn start_anew(context: &Context, conn: &mut Conn, before: &Match) -> Result<(), Error> {
    let after = before.clone().following(before, context.now());
    store(conn, &after)?;
    let subject = (SubjectKind::Match, before.id);
    context
        .pen(Actor::System)
        .append(conn, "match.prolonged", subject, vec![])
}

/// Brings back matches whose time of being put off is over; answers how many.
pub async fn wake_due(context: &Context) -> Result<usize, Error> {
    let context_in = context.clone();
    let now = context.now();
    due::each(
        context,
        "match.wake",
        |matched: &Match| matched.id.uuid(),
        move |conn, limit| matches::to_wake(conn, now, limit),
        move |conn, before: &Match| {
            move_by_system(&context_in, conn, before, MatchAction::Wake(now))
        },
    )
    .await
}

/// Ends live matches of which a gate fails by now: those whose records the log
/// says have changed, and once a day all of them, since terms run out without
/// anybody doing anything. Answers how many ended.
pub async fn recheck_due(context: &Context) -> Result<usize, Error> {
    let mut ended = 0;
    while let Some((some, turn)) = following::news(context, FOLLOWER, EVENTS).await? {
        for (programme, admission) in some.iter().filter_map(left) {
            admissions::settle(context, programme, admission).await?;
        }
        for of in concerned(&some) {
            ended += recheck(context, of).await?;
        }
        following::done(context, turn).await?;
    }
    if let Some(turn) = following::daily(context, DAILY).await? {
        ended += recheck(context, LiveOf::All).await?;
        following::done(context, turn).await?;
    }
    Ok(ended)
}

/// Of which records some events say that a change may have ended matches.
/// Freezes hide and end nothing.
fn concerned(some: &[SealedEvent]) -> Vec<LiveOf> {
    let changed = some.iter().filter_map(|event| {
        let id = event.subject.id;
        match event.subject.kind {
            SubjectKind::StartupProfile => Some(LiveOf::Startup(id.into())),
            SubjectKind::Mandate => Some(LiveOf::Mandate(id.into())),
            SubjectKind::Organization => Some(LiveOf::Firm(id.into())),
            SubjectKind::Programme if event.kind == "programme.moved" => {
                Some(LiveOf::Programme(id.into()))
            }
            SubjectKind::Programme => left(event).map(|(_, admission)| match admission {
                Admission::StartupProfile(id) => LiveOf::Startup(id),
                Admission::Mandate(id) => LiveOf::Mandate(id),
            }),
            // What is graded otherwise may wait for compliance.
            SubjectKind::Tag if is_graded(event) => Some(LiveOf::All),
            // A pass keeps the two firms apart, by other mandates as well.
            SubjectKind::Match if is_pass(event) => Some(LiveOf::BesideMatch(id.into())),
            _ => None,
        }
    });
    let mut concerned: Vec<LiveOf> = Vec::new();
    for of in changed {
        if !concerned.contains(&of) {
            concerned.push(of);
        }
    }
    concerned
}

/// A record that left a programme.
fn left(event: &SealedEvent) -> Option<(ProgrammeId, Admission)> {
    if event.kind != "programme.admission_withdrawn" {
        return None;
    }
    let fact = |name: &str| {
        let mut payload = event.payload.iter();
        payload.find(|(key, _)| key == name).map(|(_, value)| value)
    };
    let (Value::Id(id), Value::Code(kind)) = (fact("id")?, fact("kind")?) else {
        return None;
    };
    let admission = match AdmissionKind::from_code(kind)? {
        AdmissionKind::StartupProfile => Admission::StartupProfile((*id).into()),
        AdmissionKind::Mandate => Admission::Mandate((*id).into()),
    };
    Some((event.subject.id.into(), admission))
}

/// Whether a tag is handled otherwise since, by its own grade or its parent's.
fn is_graded(event: &SealedEvent) -> bool {
    let mut payload = event.payload.iter();
    event.kind == "tag.graded"
        || event.kind == "tag.edited" && payload.any(|(key, _)| key == "parent")
}

fn is_pass(event: &SealedEvent) -> bool {
    let passed = MatchStatus::Passed.code();
    let mut payload = event.payload.iter();
    payload.any(|(key, value)| key == "to" && matches!(value, Value::Code(code) if code == passed))
}

/// Looks again at live matches, ends those of which a gate fails, and brings
/// those before compliance of which something sensitive is not released.
async fn recheck(context: &Context, of: LiveOf) -> Result<usize, Error> {
    let (mut after, mut ended) = (None, 0);
    loop {
        let context_in = context.clone();
        let (some, last) = context
            .db
            .read(move |conn| {
                let some = matches::live(conn, of, after, AT_ONCE)?;
                let last = some.last().filter(|_| some.len() == AT_ONCE);
                let last = last.map(|matched| matched.id);
                Ok::<_, Error>((failing(&context_in, conn, &some)?, last))
            })
            .await?;
        if !some.is_empty() {
            ended += end_all(context, some).await?;
        }
        match last {
            Some(last) => after = Some(last),
            None => return Ok(ended),
        }
    }
}

/// Those of which a gate fails for good, or that wait for compliance.
fn failing(context: &Context, conn: &mut Conn, some: &[Match]) -> Result<Vec<MatchId>, Error> {
    let mut failing = Vec::new();
    for matched in some {
        if wanted(context, conn, matched)?.is_some() {
            failing.push(matched.id);
        }
    }
    Ok(failing)
}

/// What is to happen to a live match for how its gates stand now.
fn wanted(
    context: &Context,
    conn: &mut Conn,
    matched: &Match,
) -> Result<Option<MatchAction>, Error> {
    let (account, status) = account_of(context, conn, matched)?;
    if ended_by(&account, status) {
        return Ok(Some(MatchAction::InputsChanged));
    }
    let mut gates = account.gates.iter();
    let open =
        gates.any(|trace| trace.gate == Gate::Sensitivity && trace.verdict == GateVerdict::Unknown);
    let action = MatchAction::AskAgain;
    // Of another revision there will be another match.
    let current = account.startup.1 == matched.explanation.startup.1;
    let possible = current && step(matched, action, Hat::System, true).is_ok();
    Ok((open && possible).then_some(action))
}

fn account_of(
    context: &Context,
    conn: &mut Conn,
    matched: &Match,
) -> Result<(Explanation, ProgrammeStatus), Error> {
    let pair = Pair::load(
        conn,
        matched.programme,
        matched.startup_profile,
        matched.mandate,
    )?;
    let status = pair.programme.status;
    let ground = Ground::of(context, conn, pair.programme)?;
    let account = ranking::one_pair(context, conn, &ground, &pair.profile, &pair.mandate)?;
    Ok((account, status))
}

/// Ends matches, each looked at once more in the transaction that ends it.
async fn end_all(context: &Context, ids: Vec<MatchId>) -> Result<usize, Error> {
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let mut ended = 0;
            for id in ids {
                let Some(before) = matches::find(conn, id)? else {
                    continue;
                };
                if !before.status.is_live() {
                    continue;
                }
                if let Some(action) = wanted(&context_in, conn, &before)? {
                    move_by_system(&context_in, conn, &before, action)?;
                    ended += 1;
                }
            }
            Ok(ended)
        })
        .await
}
