//! What a freeze, a block or a clearance does to deals under way: a freeze, or
//! that their programme is suspended, puts them on hold until it is over, what
//! keeps two firms apart for good blocks them. Every step asks as well
//! (`super::apply`), so that nothing moves before this has come around. Texts that
//! waited for what the gate left open between the two go to their places when it
//! lets things across again.

use crate::db::deals::UnderWay;
use crate::db::{self, Conn, deals};
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::ids::DealId;
use crate::domain::permission::Hat;
use crate::domain::pipeline::{Deal, DealAction, DealStatus, step};
use crate::services::apart::{self, Apart};
use crate::services::log::SealedEvent;
use crate::services::{Context, Error, following, pipelines};

use super::clock::follow;
use super::{held, load, log, store};

/// The follower of the log that looks again at deals whose gate changed.
const FOLLOWER: &str = "deal_gate";
/// The one that looks at all of them once a day.
const DAILY: &str = "deal_gate_daily";
/// Events read at a time.
const EVENTS: usize = 200;
/// Deals looked at in one transaction.
const AT_ONCE: usize = 50;

/// Puts on hold, blocks or takes off hold, or tells the other side what waited for
/// the gate alone, the deals of which the log says that
/// what stands between their sides may have changed, and once a day looks at
/// all of them. Answers how many moved.
///
/// # Errors
/// A statement failed.
pub async fn follow_gate(context: &Context) -> Result<usize, Error> {
    let (mut moved, mut looked) = (0, false);
    // The first daily round sees to what was before.
    while let Some((some, turn)) = following::news(context, FOLLOWER, EVENTS).await? {
        let of = context.db.read(move |conn| concerned(conn, &some)).await?;
        for of in of {
            moved += look(context, of).await?;
            looked = true;
        }
        following::done(context, turn).await?;
    }
    if let Some(turn) = following::daily(context, DAILY).await? {
        moved += look(context, UnderWay::All).await?;
        looked = true;
        following::done(context, turn).await?;
    }
    // What waited is told of a deal that is over, too.
    if looked {
        let context_in = context.clone();
        let open = move |conn: &mut Conn| held::open_by_gate(&context_in, conn);
        let open = context.db.read(open).await?;
        if !open.is_empty() {
            moved += move_all(context, open).await?;
        }
    }
    Ok(moved)
}

fn concerned(conn: &mut Conn, some: &[SealedEvent]) -> Result<Vec<UnderWay>, Error> {
    let mut concerned = Vec::new();
    for event in some {
        let id = event.subject.id;
        let of = match event.subject.kind {
            SubjectKind::Freeze if event.kind != "freeze.lifting_proposed" => Some(UnderWay::All),
            // What was shown to whom changes nothing.
            SubjectKind::Organization if event.kind != "organization.disclosed" => {
                Some(UnderWay::Firm(id.into()))
            }
            SubjectKind::Programme if event.kind == "programme.moved" => Some(UnderWay::All),
            SubjectKind::StartupProfile => Some(UnderWay::Startup(id.into())),
            SubjectKind::Mandate => Some(UnderWay::Mandate(id.into())),
            SubjectKind::Introduction if event.kind == "introduction.abuse_reported" => {
                let found = db::introductions::find(conn, id.into())?;
                found.map(|found| UnderWay::Firm(found.startup))
            }
            _ => None,
        };
        if let Some(of) = of.filter(|of| !concerned.contains(of)) {
            concerned.push(of);
        }
    }
    if concerned.contains(&UnderWay::All) {
        concerned = vec![UnderWay::All];
    }
    Ok(concerned)
}

async fn look(context: &Context, of: UnderWay) -> Result<usize, Error> {
    let (mut after, mut moved) = (None, 0);
    loop {
        let context_in = context.clone();
        let (due, last) = context
            .db
            .read(move |conn| {
                let some = deals::under_way(conn, of, after, AT_ONCE)?;
                let last = some.last().filter(|_| some.len() == AT_ONCE);
                let last = last.map(|deal| deal.id);
                let mut due = Vec::new();
                for deal in some {
                    if wanted(&context_in, conn, &deal)?.is_some() {
                        due.push(deal.id);
                    }
                }
                Ok::<_, Error>((due, last))
            })
            .await?;
        if !due.is_empty() {
            moved += move_all(context, due).await?;
        }
        match last {
            Some(last) => after = Some(last),
            None => return Ok(moved),
        }
    }
}

/// Moves deals, each looked at once more in the transaction that moves it; one
/// that fails keeps no other.
async fn move_all(context: &Context, due: Vec<DealId>) -> Result<usize, Error> {
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let mut moved = 0;
            for id in due {
                let one = db::transaction(conn, |conn| {
                    let before = load(conn, id)?;
                    let moved = obey(&context_in, conn, &before)?;
                    let told = held::follow_gate(&context_in, conn, id)?;
                    Ok::<_, Error>(moved || told > 0)
                });
                match one {
                    Ok(done) => moved += usize::from(done),
                    Err(Error::StaleVersion) => {}
                    Err(error) => tracing::error!(%id, %error, "the deal's gate was not followed"),
                }
            }
            Ok(moved)
        })
        .await
}

/// What is to happen to a deal for what stands between its sides now.
fn wanted(context: &Context, conn: &mut Conn, deal: &Deal) -> Result<Option<DealAction>, Error> {
    let apart = apart::of_deal(context, conn, deal)?;
    Ok(match (deal.status, apart) {
        (DealStatus::Open | DealStatus::OnHold, Some(Apart::Barred)) => Some(DealAction::Block),
        (DealStatus::Open, Some(Apart::Frozen)) => Some(DealAction::Pause),
        (DealStatus::OnHold, None) if deal.is_paused() => Some(DealAction::GoOn),
        _ => None,
    })
}

/// Does to a deal what is to happen for what stands between its sides; false
/// when that is nothing.
fn obey(context: &Context, conn: &mut Conn, before: &Deal) -> Result<bool, Error> {
    match wanted(context, conn, before)? {
        Some(action) => move_by_system(context, conn, before, &action).map(|()| true),
        None => Ok(false),
    }
}

/// Takes up a deal whose hold ends today; in a freeze it waits for its end
/// instead.
pub(super) fn resume(context: &Context, conn: &mut Conn, before: &Deal) -> Result<(), Error> {
    let action = match apart::of_deal(context, conn, before)? {
        None => DealAction::Resume,
        Some(Apart::Frozen) => DealAction::Pause,
        Some(Apart::Barred) => DealAction::Block,
    };
    move_by_system(context, conn, before, &action)
}

fn move_by_system(
    context: &Context,
    conn: &mut Conn,
    before: &Deal,
    action: &DealAction,
) -> Result<(), Error> {
    let now = context.now();
    let pipeline = pipelines::of_deal(context, conn, before)?;
    let after = Deal {
        version: before.version + 1,
        updated_at: now,
        ..step(before, action, Hat::System, &pipeline, now)?
    };
    store(conn, &after)?;
    follow(context, conn, before, &after)?;
    let actor = Actor::System;
    log(context, conn, actor, before, &after, action, None, None)
}
