//! Looks at the promises of programmes once a day, so that whoever sees to one
//! that falls behind hears of it long before it is due.

use chrono::NaiveDate;

use crate::db::commitment_watch::{self, Watch};
use crate::db::{self, Conn, consumers};
use crate::domain::commitment::{Commitment, CommitmentStatus, Health};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{CommitmentId, ProgrammeId};
use crate::domain::message::News;
use crate::domain::programme::{Programme, ProgrammeStatus};

use super::scorecard::{Progress, progress_of, share_of};
use super::transitions::code;
use super::{Context, Error, notices, programmes};

/// Looks at all programmes once a day; its position is the number of the day.
const DAILY: &str = "promises_daily";
/// Programmes read at a time.
const PAGE: usize = 100;

/// Looks once a day how the open promises of programmes in force do, and says
/// in the log which fell behind and which caught up; answers how many.
///
/// # Errors
/// A statement failed.
pub async fn watch_due(context: &Context) -> Result<usize, Error> {
    let today = context.now().date_naive();
    let day = today.signed_duration_since(NaiveDate::default()).num_days();
    let from = context
        .db
        .read(|conn| consumers::position(conn, DAILY))
        .await?;
    if from >= day {
        return Ok(0);
    }
    let mut changed = 0;
    for programme in context.db.read(in_force).await? {
        let context_in = context.clone();
        let look = move |conn: &mut Conn| look(&context_in, conn, programme);
        match context.db.write(look).await {
            Ok(some) => changed += some,
            // It is looked at again tomorrow, and keeps no other from it.
            Err(error) => tracing::error!(%programme, %error, "its promises were not looked at"),
        }
    }
    context
        .db
        .write(move |conn| consumers::advance(conn, DAILY, from, day).map(drop))
        .await
        .map_err(Error::from)?;
    Ok(changed)
}

fn in_force(conn: &mut Conn) -> Result<Vec<ProgrammeId>, Error> {
    use ProgrammeStatus as S;
    let mut ids = Vec::new();
    for status in [S::Active, S::Expiring, S::Suspended] {
        let filter = db::programmes::Filter {
            status: Some(status),
            known_to: None,
            own_only: false,
        };
        let mut after = None;
        loop {
            let page = db::programmes::list(conn, &filter, after, PAGE)?;
            let whole = page.len() <= PAGE;
            for programme in page.into_iter().take(PAGE) {
                after = Some(db::page::Cursor {
                    created_at: programme.created_at,
                    id: programme.id.uuid(),
                });
                ids.push(programme.id);
            }
            if whole {
                break;
            }
        }
    }
    Ok(ids)
}

fn look(context: &Context, conn: &mut Conn, id: ProgrammeId) -> Result<usize, Error> {
    let programme = programmes::load(conn, id)?;
    let progress = progress_of(context, conn, &programme)?;
    let ids: Vec<CommitmentId> = progress.iter().map(|it| it.commitment.id).collect();
    let before = commitment_watch::of(conn, &ids)?;
    let mut changed = 0;
    for one in progress {
        if one.commitment.status != CommitmentStatus::Open {
            continue;
        }
        let id = one.commitment.id;
        let was = before.get(&id);
        let moved = was.is_none_or(|was| was.health != one.health);
        let watch = Watch {
            health: one.health,
            share: one.share,
            since: match was {
                Some(was) if !moved => was.since,
                _ => context.now(),
            },
        };
        // Another node may have been first.
        let ours = commitment_watch::put(conn, id, was, &watch)?;
        if ours && moved && (was.is_some() || one.health == Health::AtRisk) {
            say(context, conn, &programme, &one)?;
            changed += 1;
        }
    }
    Ok(changed)
}

fn say(
    context: &Context,
    conn: &mut Conn,
    programme: &Programme,
    progress: &Progress,
) -> Result<(), Error> {
    context.pen(Actor::System).append(
        conn,
        "commitment.health_changed",
        (SubjectKind::Programme, programme.id),
        vec![
            ("commitment", Value::Id(progress.commitment.id.uuid())),
            ("health", code(progress.health.code())),
            ("share", Value::Int(progress.share)),
        ],
    )?;
    // How deals go parties are told late and rounded, by the scorecard alone.
    let details = &progress.commitment.details;
    if progress.health != Health::AtRisk || details.measure.is_of_deals() {
        return Ok(());
    }
    let (owner, of) = (details.owner, Some(programme.id));
    notices::tell_of_programme(context, conn, owner, News::PromiseAtRisk, of)
}

/// The share of a promise's target for a list of things to do: as of the last
/// look, which a list of many can afford; as of now where nobody has looked
/// yet, or evidence came today.
pub(super) fn share_lately(
    context: &Context,
    conn: &mut Conn,
    programme: &Programme,
    found: &Commitment,
) -> Result<i64, Error> {
    let today = context.now().date_naive();
    let watches = commitment_watch::of(conn, &[found.id])?;
    match watches.get(&found.id) {
        Some(watch) if found.updated_at.date_naive() < today => Ok(watch.share),
        _ => share_of(context, conn, programme, found.id),
    }
}
