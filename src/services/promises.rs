//! Looks at the promises of programmes once a day, so that whoever sees to one
//! that falls behind hears of it long before it is due.

use std::collections::BTreeMap;

use crate::db::commitment_watch::{self, Watch};
use crate::db::{self, Conn};
use crate::domain::commitment::{Commitment, CommitmentStatus, Health};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{CommitmentId, ProgrammeId};
use crate::domain::message::News;
use crate::domain::programme::{Programme, ProgrammeStatus};
use crate::domain::values::OrganizationKind;

use super::scorecard::{Progress, progress_of, share_of, told_of};
use super::transitions::code;
use super::{Context, Error, following, notices, programmes};

/// Looks at all programmes once a day.
const DAILY: &str = "promises_daily";
/// Programmes read at a time.
const PAGE: usize = 100;

/// Looks once a day how the open promises of programmes in force do, and says
/// in the log which fell behind and which caught up; answers how many.
///
/// # Errors
/// A statement failed.
pub async fn watch_due(context: &Context) -> Result<usize, Error> {
    let Some(turn) = following::daily(context, DAILY).await? else {
        return Ok(0);
    };
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
    following::done(context, turn).await?;
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
                after = Some(db::page::Cursor::at(programme.created_at, programme.id));
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
    // How deals go parties are told late and rounded; the rest as it is.
    let deals = progress
        .iter()
        .any(|it| it.commitment.details.measure.is_of_deals());
    let told = if deals {
        told_of(context, conn, &programme)?
    } else {
        BTreeMap::new()
    };
    let now = context.now();
    let mut changed = 0;
    for one in progress {
        if one.commitment.status != CommitmentStatus::Open {
            continue;
        }
        // All of it is told here, where nobody reads.
        let (Some(health), Some(share)) = (one.health, one.share) else {
            continue;
        };
        let id = one.commitment.id;
        let was = before.get(&id);
        let moved = was.is_none_or(|was| was.health != health);
        let told = if one.commitment.details.measure.is_of_deals() {
            told.get(&id).copied()
        } else {
            Some(health)
        };
        let told_before = was.and_then(|was| was.told);
        let told = told.map(|told| match told_before {
            Some((before, since)) if before == told => (told, since),
            _ => (told, now),
        });
        let watch = Watch {
            health,
            share,
            since: match was {
                Some(was) if !moved => was.since,
                _ => now,
            },
            told,
        };
        // Another node may have been first.
        if !commitment_watch::put(conn, id, was, &watch)? {
            continue;
        }
        if moved && (was.is_some() || health == Health::AtRisk) {
            say(context, conn, &programme, &one, &watch)?;
            changed += 1;
        }
        tell(context, conn, &programme, &one, was, &watch)?;
    }
    Ok(changed)
}

fn say(
    context: &Context,
    conn: &mut Conn,
    programme: &Programme,
    progress: &Progress,
    watch: &Watch,
) -> Result<(), Error> {
    context.pen(Actor::System).append(
        conn,
        "commitment.health_changed",
        (SubjectKind::Programme, programme.id),
        vec![
            ("commitment", Value::Id(progress.commitment.id.uuid())),
            ("health", code(watch.health.code())),
            ("share", Value::Int(watch.share)),
        ],
    )
}

/// Tells the owner of a promise that it has fallen behind or was missed: the
/// operator by all that there is, a party by what parties are told.
fn tell(
    context: &Context,
    conn: &mut Conn,
    programme: &Programme,
    progress: &Progress,
    was: Option<&Watch>,
    watch: &Watch,
) -> Result<(), Error> {
    let owner = progress.commitment.details.owner;
    let firm = db::organizations::find(conn, owner)?;
    let operator = firm.is_some_and(|firm| firm.details.kind == OrganizationKind::Operator);
    let by = |watch: &Watch| {
        let told = watch.told.map(|(health, _)| health);
        if operator { Some(watch.health) } else { told }
    };
    let (before, now) = (was.and_then(by), by(watch));
    let news = match now.filter(|_| now != before) {
        Some(Health::AtRisk) => News::PromiseAtRisk,
        // What was missed before anybody looked is no news.
        Some(Health::Missed) if was.is_some() => News::PromiseMissed,
        _ => return Ok(()),
    };
    let of = Some(programme.id);
    if operator {
        notices::tell_curators(context, conn, owner, news, of)
    } else {
        notices::tell_of_programme(context, conn, owner, news, of)
    }
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
