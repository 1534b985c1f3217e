//! How people move matches.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::db::curations::{CuratedPair, MatchNote};
use crate::db::{self, Conn, matches};
use crate::domain::disclosure::Level;
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::domain::ids::MatchId;
use crate::domain::permission::{Hat, Operation};
use crate::domain::refusal::Refusal;
use crate::domain::release::Leave;
use crate::domain::review::{
    Audience, Match, MatchAction, MatchStatus, Response, SNOOZE_DAYS, step, suppressed_until,
};
use crate::domain::scoring::GateVerdict;
use crate::domain::values::{PassReason, Side};
use crate::services::caller::in_any_hat;
use crate::services::compliance::note_decision;
use crate::services::disclosure::{self, Answered, Occasion, Pair, Showing};
use crate::services::once::write_once;
use crate::services::transitions::{available, check_version, code};
use crate::services::{Caller, Context, Error, Intent};

use super::{find, load, load_shown, side_of};

/// What somebody wants to do with a match.
#[derive(Debug, Clone)]
pub struct Move {
    /// What.
    pub action: MatchAction,
    /// From when on a pair that was passed for now may come again.
    pub until: Option<DateTime<Utc>>,
    /// Why compliance lets it through or stops it, in words.
    pub reason: Option<String>,
    /// What a side adds to its pass, in words for the operator's people.
    pub note: Option<String>,
    /// Until when compliance's yes is to hold, where that is less than it can.
    pub holds_until: Option<NaiveDate>,
}

impl From<MatchAction> for Move {
    fn from(action: MatchAction) -> Self {
        Self {
            action,
            until: None,
            reason: None,
            note: None,
            holds_until: None,
        }
    }
}

/// Moves a match in its machine. Compliance's yes releases what is sensitive;
/// releasing asks the gate afresh and writes the ledger; a pass keeps the pair
/// apart for a while.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: MatchId,
    expected: Option<i64>,
    wanted: impl Into<Move>,
) -> Result<Match, Error> {
    let wanted = wanted.into();
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (context_again, caller_again) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| apply(&context_in, &caller_in, conn, id, expected, wanted),
        move |conn, id| load_shown(&context_again, &caller_again, conn, id.into()),
    )
    .await
}

pub(in crate::services) fn apply(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: MatchId,
    expected: Option<i64>,
    wanted: Move,
) -> Result<Match, Error> {
    let Move {
        action,
        until,
        reason,
        note,
        holds_until,
    } = wanted;
    let now = context.now();
    let before = load_shown(context, caller, conn, id)?;
    caller.may(Operation::MoveMatch, &[before.startup, before.investor])?;
    check_version(expected, before.version_for(side_of(caller, &before)?))?;
    check_date(action, until, now)?;
    if action.curates() && reason.is_none() {
        return Err(Error::refused(
            "reason_needed",
            "A pin or a veto is given and taken back with a reason.",
        ));
    }
    let hats = caller.hats(before.startup, before.investor);
    let mut by = None;
    let granted = match action {
        MatchAction::Release(_) => by.insert(fresh(context, conn, &before)?).is_allow(),
        MatchAction::Allow | MatchAction::Block => {
            in_any_hat(&hats, |hat| step(&before, action, hat, true))?;
            let leave = reason.clone().map(|reason| Leave {
                reason,
                until: holds_until,
            });
            decide(context, caller, conn, &before, action, leave.as_ref())?
        }
        _ => true,
    };
    let (moved, _) = in_any_hat(&hats, |hat| step(&before, action, hat, granted))?;
    if !shown_to(&before, Side::Investor) && shown_to(&moved, Side::Investor) {
        check_weekly_capacity(context, conn, &before)?;
    }
    let mut moved = moved.following(&before, now);
    note_showing(&mut moved, now);
    store(conn, &moved)?;
    if let MatchAction::Pass(reason) = action {
        let until = suppressed_until(reason, until, now);
        matches::suppress(conn, moved.startup, moved.investor, until)?;
    }
    if action.curates() {
        curate(context, caller, conn, &moved, reason.as_deref())?;
    }
    let note = note
        .as_ref()
        .or(reason.as_ref().filter(|_| action.curates()));
    if let Some(note) = note {
        keep_note(context, caller, conn, id, action.code(), note)?;
    }
    disclose(
        context,
        caller.actor(),
        conn,
        (&before, &moved),
        by.as_ref(),
    )?;
    let words = reason.as_deref();
    log_move(
        context,
        caller.actor(),
        conn,
        &before,
        &moved,
        action,
        words,
    )?;
    Ok(moved)
}

/// What puts something off names a day ahead, and not too far.
fn check_date(
    action: MatchAction,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    match action {
        MatchAction::Pass(PassReason::NotNow) if until.is_none_or(|until| until <= now) => Err(
            Error::refused("date_needed", "“not_now” needs a date in the future."),
        ),
        MatchAction::Snooze(until)
            if until <= now || until > now + TimeDelta::days(SNOOZE_DAYS) =>
        {
            Err(Error::refused(
                "date_out_of_range",
                format!("A match is put off for at most {SNOOZE_DAYS} days."),
            ))
        }
        _ => Ok(()),
    }
}

/// Says of the pair what was said of its match.
fn curate(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    moved: &Match,
    reason: Option<&str>,
) -> Result<(), Error> {
    let pair = (moved.programme, moved.startup_profile, moved.mandate);
    let Some(curation) = moved.curation else {
        return Ok(db::curations::clear(conn, pair)?);
    };
    let curated = CuratedPair {
        pair,
        curation,
        reason: reason.unwrap_or_default().to_owned(),
        author: caller.id(),
        created_at: context.now(),
    };
    Ok(db::curations::set(conn, &curated)?)
}

/// Keeps what somebody said of a match.
pub(super) fn keep_note(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    matched: MatchId,
    action: &str,
    note: &str,
) -> Result<(), Error> {
    let note = MatchNote {
        id: context.new_id(),
        matched,
        action: action.to_owned(),
        note: note.to_owned(),
        author: caller.id(),
        created_at: context.now(),
    };
    Ok(db::curations::insert_note(conn, &note)?)
}

/// Shows a match to one side or both in a name and a capacity: the gate is
/// asked afresh, a mandate's week is heeded, the ledger is written.
///
/// # Errors
/// A refusal when it can't be shown, before anything was written.
pub(in crate::services) fn release_in(
    context: &Context,
    conn: &mut Conn,
    (actor, hat): (Actor, Hat),
    before: &Match,
    to: Audience,
) -> Result<Match, Error> {
    let by = fresh(context, conn, before)?;
    let action = MatchAction::Release(to);
    let moved = step(before, action, hat, by.is_allow())?;
    if !shown_to(before, Side::Investor) && shown_to(&moved, Side::Investor) {
        check_weekly_capacity(context, conn, before)?;
    }
    let mut moved = moved.following(before, context.now());
    note_showing(&mut moved, context.now());
    store(conn, &moved)?;
    disclose(context, actor, conn, (before, &moved), Some(&by))?;
    log_move(context, actor, conn, before, &moved, action, None)?;
    Ok(moved)
}

/// Stores why compliance decides as it does, and with a yes releases what is
/// sensitive. Answers whether enough people have said so.
fn decide(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    matched: &Match,
    action: MatchAction,
    leave: Option<&Leave>,
) -> Result<bool, Error> {
    let leave = leave.ok_or_else(reason_needed)?;
    let subject = Subject::new(SubjectKind::Match, matched.id);
    note_decision(context, caller, conn, subject, action.code(), &leave.reason)?;
    if action == MatchAction::Block {
        return Ok(true);
    }
    let pair = Pair::load(
        conn,
        matched.programme,
        matched.startup_profile,
        matched.mandate,
    )?;
    // Who decides read what the match was computed from, and a release counts
    // for the revision it names.
    if pair.profile.revision != matched.explanation.startup.1 {
        return Err(Error::refused(
            "revision_changed",
            "The profile has another revision than this match was computed from; put the pair on record again and decide on that.",
        ));
    }
    if disclosure::sensitivity(context, conn, &pair)? == GateVerdict::Pass {
        return Ok(true);
    }
    let new = disclosure::release(context, conn, &pair, caller, leave)?;
    let enough = disclosure::sensitivity(context, conn, &pair)? == GateVerdict::Pass;
    if new || enough {
        Ok(enough)
    } else {
        Err(second_person_needed())
    }
}

/// Compliance lets something through, or stops it, without saying why.
pub(in crate::services) fn reason_needed() -> Error {
    Error::refused("reason_needed", "A decision of compliance needs a reason.")
}

/// The first of two people tries to be the second as well.
pub(in crate::services) fn second_person_needed() -> Error {
    Error::refused(
        "second_person_needed",
        "You have released this already; somebody else of compliance has to agree.",
    )
}

/// What the gate says of showing the pair anew.
fn fresh(context: &Context, conn: &mut Conn, matched: &Match) -> Result<Answered, Error> {
    let pair = Pair::load(
        conn,
        matched.programme,
        matched.startup_profile,
        matched.mandate,
    )?;
    disclosure::answer(context, conn, &pair, Occasion::New)
}

fn shown_to(matched: &Match, side: Side) -> bool {
    matched.released_to.is_some_and(|to| to.includes(side))
}

/// Notes when a side was first shown a match.
fn note_showing(matched: &mut Match, now: DateTime<Utc>) {
    for side in [Side::Startup, Side::Investor] {
        if shown_to(matched, side) && matched.shown_at.of(side).is_none() {
            matched.shown_at.set(side, Some(now));
        }
    }
}

/// A mandate says how many new matches a week its investor looks at.
fn check_weekly_capacity(context: &Context, conn: &mut Conn, matched: &Match) -> Result<(), Error> {
    // Two releases at once would each count without the other.
    db::mandates::lock(conn, matched.mandate)?;
    let mandate = db::mandates::find(conn, matched.mandate)?.ok_or(Error::NotFound)?;
    let week_ago = context.now() - TimeDelta::days(7);
    let shown = db::disclosures::matches_shown(conn, mandate.id, mandate.organization, week_ago)?;
    if shown >= mandate.content.capacity.new_per_week {
        return Err(Error::refused(
            "mandate_at_capacity",
            format!(
                "The mandate was shown {shown} new matches within a week, as many as it takes."
            ),
        ));
    }
    Ok(())
}

/// A release shows a teaser of the other to each side that didn't see it yet.
fn disclose(
    context: &Context,
    actor: Actor,
    conn: &mut Conn,
    (before, matched): (&Match, &Match),
    by: Option<&Answered>,
) -> Result<(), Error> {
    // Only a release shows anything, and each asked the gate.
    let Some(by) = by else {
        return Ok(());
    };
    let pen = context.pen(actor);
    let sides = [
        (Side::Startup, matched.investor, matched.startup),
        (Side::Investor, matched.startup, matched.investor),
    ];
    for (side, shown, to) in sides {
        if shown_to(matched, side) && !shown_to(before, side) {
            let showing = Showing {
                programme: matched.programme,
                shown,
                to,
                level: Level::Teaser,
                subject: Subject::new(SubjectKind::Match, matched.id),
                opened: None,
            };
            disclosure::record(context, conn, &pen, showing, by)?;
        }
    }
    Ok(())
}

fn log_move(
    context: &Context,
    actor: Actor,
    conn: &mut Conn,
    before: &Match,
    moved: &Match,
    action: MatchAction,
    words: Option<&str>,
) -> Result<(), Error> {
    let mut payload = vec![
        ("action", code(action.code())),
        ("from", code(before.status.code())),
        ("to", code(moved.status.code())),
    ];
    match action {
        MatchAction::Release(to) => payload.push(("released_to", code(to.code()))),
        MatchAction::Pass(reason) => payload.push(("reason", code(reason.code()))),
        MatchAction::Snooze(until) => payload.push(("until", Value::Date(until.date_naive()))),
        _ => payload.extend(words.map(|words| ("reason", Value::hash_of(words)))),
    }
    context
        .pen(actor)
        .append(conn, "match.moved", (SubjectKind::Match, moved.id), payload)
}

/// What can be done with a match now. Whether the gate lets a release pass is
/// asked afresh.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: MatchId,
) -> Result<Vec<(MatchAction, Option<Refusal>)>, Error> {
    let found = find(context, caller, id).await?;
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| open_to(&context_in, conn, &caller, &found))
        .await
}

/// What the caller can do with a match that they may see.
pub(in crate::services) fn open_to(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    found: &Match,
) -> Result<Vec<(MatchAction, Option<Refusal>)>, Error> {
    let tomorrow = context.now() + TimeDelta::days(1);
    let actions = [
        MatchAction::Allow,
        MatchAction::Block,
        MatchAction::Release(Audience::Both),
        MatchAction::Interested,
        MatchAction::Snooze(tomorrow),
        MatchAction::Pass(PassReason::Other),
        MatchAction::Pin,
        MatchAction::Unpin,
        MatchAction::Veto,
        MatchAction::Unveto,
    ];
    let allowed = fresh(context, conn, found)?.is_allow();
    let hats = caller.hats(found.startup, found.investor);
    Ok(available(&actions, &hats, |action, hat| {
        step(found, action, hat, allowed).map(drop)
    }))
}

/// Ends the live match of a pair whose revisions or rules are others by now.
pub(super) fn supersede(context: &Context, conn: &mut Conn, newer: &Match) -> Result<(), Error> {
    let before = matches::live_of(conn, newer.programme, newer.startup_profile, newer.mandate)?;
    let versions = |matched: &Match| {
        let account = &matched.explanation;
        (account.startup.1, account.mandate.1, account.rule_set)
    };
    match before {
        Some(before) if versions(&before) != versions(newer) => {
            move_by_system(context, conn, &before, MatchAction::Supersede)
        }
        _ => Ok(()),
    }
}

pub(in crate::services) fn move_by_system(
    context: &Context,
    conn: &mut Conn,
    before: &Match,
    action: MatchAction,
) -> Result<(), Error> {
    let after = step(before, action, Hat::System, true)?.following(before, context.now());
    store(conn, &after)?;
    log_move(context, Actor::System, conn, before, &after, action, None)
}

/// Notes that an introduction was asked for out of a match.
pub(in crate::services) fn introduce(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    before: &Match,
    after: Match,
) -> Result<(), Error> {
    let after = after.following(before, context.now());
    store(conn, &after)?;
    log_move(
        context,
        caller.actor(),
        conn,
        before,
        &after,
        MatchAction::Introduce,
        None,
    )
}

/// Gives a match back whose introduction came to nothing: passed where a side
/// said no, else as it was shown before. A newer live match of the pair takes
/// its place instead.
pub(in crate::services) fn give_back(
    context: &Context,
    conn: &mut Conn,
    id: MatchId,
    declined: bool,
) -> Result<(), Error> {
    let before = load(conn, id)?;
    let newer = matches::live_of(
        conn,
        before.programme,
        before.startup_profile,
        before.mandate,
    )?;
    if before.status != MatchStatus::Introduced || newer.is_some() {
        return Ok(());
    }
    let passed = [before.startup_response, before.investor_response].contains(&Response::Passed);
    let status = match before.released_to {
        _ if declined || passed => MatchStatus::Passed,
        Some(_) if before.wakes_at.is_some() => MatchStatus::Snoozed,
        Some(_) => MatchStatus::Released,
        None => MatchStatus::Candidate,
    };
    let after = Match {
        status,
        ..before.clone()
    };
    let after = after.following(&before, context.now());
    store(conn, &after)?;
    context.pen(Actor::System).append(
        conn,
        "match.given_back",
        (SubjectKind::Match, id),
        vec![
            ("from", code(before.status.code())),
            ("to", code(after.status.code())),
        ],
    )
}

pub(super) fn store(conn: &mut Conn, matched: &Match) -> Result<(), Error> {
    if matches::update(conn, matched)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}
