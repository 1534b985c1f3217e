//! What was confirmed goes out, a few lines in one transaction, so that nobody
//! waits long behind it and a process that dies loses nothing: whoever comes
//! next goes on with the lines that have no outcome.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::db::matches::Filter;
use crate::db::{self, Conn};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{MatchId, ReleaseId};
use crate::domain::permission::{Hat, is_recused};
use crate::domain::releasing::{
    BulkRelease, MOST_LINES, Outcome, ReleaseLine, ReleaseSettings, ReleaseStatus, SkipReason,
};
use crate::domain::review::{Audience, Match, MatchStatus};
use crate::services::matches::release_in;
use crate::services::transitions::code;
use crate::services::{Context, Error, programmes};

use super::{count, load, look};

/// Lines of one transaction.
const AT_ONCE: usize = 10;
/// How long a release may lie still before another process takes it up.
const STILL: TimeDelta = TimeDelta::seconds(60);
/// Candidates that a rule looks through until some can go out.
const MOST_CANDIDATES: usize = 20_000;
/// How often a programme's rule is looked at.
const BY_RULE_EVERY: TimeDelta = TimeDelta::minutes(10);

/// Lets a confirmed release go out to its end.
pub(super) async fn go_on(context: &Context, id: ReleaseId) -> Result<BulkRelease, Error> {
    loop {
        let context_in = context.clone();
        let release = context
            .db
            .write(move |conn| some_lines(&context_in, conn, id))
            .await?;
        if release.status != ReleaseStatus::Running {
            return Ok(release);
        }
    }
}

/// The next lines; the release is done when there are none.
fn some_lines(context: &Context, conn: &mut Conn, id: ReleaseId) -> Result<BulkRelease, Error> {
    let release = load(conn, id)?;
    if release.status != ReleaseStatus::Running {
        return Ok(release);
    }
    let open = |line: &&ReleaseLine| line.skip.is_none() && line.outcome.is_none();
    let next: Vec<&ReleaseLine> = release.lines.iter().filter(open).take(AT_ONCE).collect();
    let done = next.is_empty();
    for line in next {
        let outcome = go_out(context, conn, &release, line)?;
        if !db::releases::finish_line(conn, id, line.place, outcome)? {
            return Err(Error::StaleVersion);
        }
    }
    let status = if done {
        ReleaseStatus::Done
    } else {
        ReleaseStatus::Running
    };
    let after = BulkRelease {
        status,
        version: release.version + 1,
        updated_at: context.now(),
        ..release
    };
    if !db::releases::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    if done {
        tell_done(context, conn, &after)?;
    }
    load(conn, id)
}

fn tell_done(context: &Context, conn: &mut Conn, release: &BulkRelease) -> Result<(), Error> {
    let mut lines = release.lines.iter();
    let out = lines
        .by_ref()
        .filter(|line| line.outcome == Some(Outcome::Released));
    let payload = vec![
        ("release", Value::Id(release.id.uuid())),
        ("from", code(ReleaseStatus::Running.code())),
        ("to", code(ReleaseStatus::Done.code())),
        ("released", count(out.count())),
    ];
    let subject = (SubjectKind::Programme, release.programme);
    let pen = context.pen(Actor::User(release.by));
    pen.append(conn, "programme.release_moved", subject, payload)
}

/// One match goes out as it was looked at, or not at all.
fn go_out(
    context: &Context,
    conn: &mut Conn,
    release: &BulkRelease,
    line: &ReleaseLine,
) -> Result<Outcome, Error> {
    let before = db::matches::find(conn, line.matched)?.ok_or(Error::NotFound)?;
    if before.version != line.version {
        return Ok(Outcome::Skipped(SkipReason::Changed));
    }
    // Whoever confirmed it may belong to one of the firms.
    let hats = db::users::memberships(conn, release.by)?;
    if is_recused(&hats, &[before.startup, before.investor]) {
        return Ok(Outcome::Skipped(SkipReason::State));
    }
    let actor = Actor::User(release.by);
    outcome(release_in(context, conn, (actor, Hat::Curator), &before, release.to).map(drop))
}

/// A refusal says why not; nothing was written then.
fn outcome(released: Result<(), Error>) -> Result<Outcome, Error> {
    match released {
        Ok(()) => Ok(Outcome::Released),
        Err(Error::Refused(refusal)) => Ok(Outcome::Skipped(match refusal.code.as_ref() {
            "mandate_at_capacity" => SkipReason::Capacity,
            "vetoed" => SkipReason::Vetoed,
            "disclosure_not_allowed" => SkipReason::Gate,
            _ => SkipReason::State,
        })),
        Err(other) => Err(other),
    }
}

/// Takes up releases that were cut off while they went out; answers how many.
///
/// # Errors
/// The store failed; what went out stays so.
pub async fn resume_due(context: &Context) -> Result<usize, Error> {
    let since = context.now() - STILL;
    let still = context
        .db
        .read(move |conn| db::releases::running_since(conn, since, MOST_LINES))
        .await?;
    for id in &still {
        match go_on(context, *id).await {
            // Another process is faster.
            Ok(_) | Err(Error::StaleVersion) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(still.len())
}

/// Releases what the programmes' rules say: candidates from the band upwards,
/// all gates passing, within what each mandate takes a week, spread as the
/// programme wants. Answers how many went out.
///
/// # Errors
/// The store failed; what went out stays so.
pub async fn release_by_rule(context: &Context) -> Result<usize, Error> {
    let settings = context.db.read(db::releases::by_rule).await?;
    let mut released = 0;
    for one in settings {
        if is_my_turn(context, &one).await? {
            released += of_programme(context, one).await?;
        }
    }
    Ok(released)
}

/// One process looks at a programme's rule, and now and then only.
async fn is_my_turn(context: &Context, settings: &ReleaseSettings) -> Result<bool, Error> {
    let name = format!("release_by_rule:{}", settings.programme);
    let (holder, now) = (context.new_id(), context.now());
    context
        .db
        .write(move |conn| db::leases::claim(conn, &name, holder, now + BY_RULE_EVERY, now))
        .await
        .map_err(Error::from)
}

async fn of_programme(context: &Context, settings: ReleaseSettings) -> Result<usize, Error> {
    let Some(rule) = settings.by_rule else {
        return Ok(0);
    };
    let context_in = context.clone();
    let chosen = context
        .db
        .read(move |conn| {
            let programme = programmes::load(conn, settings.programme)?;
            if !programme.in_force_on(context_in.now().date_naive()) {
                return Ok(Vec::new());
            }
            let filter = Filter {
                programme: Some(programme.id),
                status: Some(MatchStatus::Candidate),
                min_band: Some(rule.from),
                ..Filter::default()
            };
            // Those that can't go out stay candidates, and must not hide the
            // ones behind them.
            let ids = db::matches::best_ids(conn, &filter, MOST_CANDIDATES)?;
            for some in ids.chunks(MOST_LINES) {
                let found = in_order(conn, some)?;
                let lines = look(&context_in, conn, programme.id, &found, rule.to)?;
                let open = lines.into_iter().filter(|line| line.skip.is_none());
                let open: Vec<_> = open.map(|line| (line.matched, line.version)).collect();
                if !open.is_empty() {
                    return Ok(open);
                }
            }
            Ok::<_, Error>(Vec::new())
        })
        .await?;
    let mut released = 0;
    for some in chosen.chunks(AT_ONCE) {
        released += some_by_rule(context, some.to_vec(), rule.to).await?;
    }
    Ok(released)
}

/// These matches, in the order of their ids.
fn in_order(conn: &mut Conn, ids: &[MatchId]) -> Result<Vec<Match>, Error> {
    let found = db::matches::find_many(conn, ids)?.into_iter();
    let mut found: BTreeMap<MatchId, Match> = found.map(|it| (it.id, it)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

async fn some_by_rule(
    context: &Context,
    some: Vec<(MatchId, i64)>,
    to: Audience,
) -> Result<usize, Error> {
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let mut released = 0;
            for (id, version) in some {
                let before = db::matches::find(conn, id)?.ok_or(Error::NotFound)?;
                if before.version != version {
                    continue;
                }
                let by = (Actor::System, Hat::System);
                let gone = release_in(&context_in, conn, by, &before, to).map(drop);
                if outcome(gone)? == Outcome::Released {
                    released += 1;
                }
            }
            Ok(released)
        })
        .await
}
