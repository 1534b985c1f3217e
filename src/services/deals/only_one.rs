//! One deal of the same two goes on in a pipeline at a time, however it came
//! there: by an introduction, by hand, through another pipeline or taken up again.

use uuid::Uuid;

use super::choose_pipeline;
use crate::db::{self, Conn, deals};
use crate::domain::introduction::Introduction;
use crate::domain::pipeline::{Deal, DealStatus};
use crate::domain::refusal::Refusal;
use crate::services::disclosure::Pair;
use crate::services::{Context, Error};

/// Has whoever else begins a deal of the two wait until the transaction ends,
/// and refuses this one where another goes on in its pipeline.
pub(super) fn check(conn: &mut Conn, deal: &Deal) -> Result<(), Error> {
    let firms = [deal.startup, deal.investor];
    db::organizations::lock_pair(conn, firms)?;
    if deals::is_going_on(conn, firms, &deal.pipeline, deal.id)? {
        return Err(going_on().into());
    }
    Ok(())
}

/// [`check`] of a deal that moves, where it comes into a pipeline by that.
pub(super) fn check_move(conn: &mut Conn, before: &Deal, after: &Deal) -> Result<(), Error> {
    let reopened = matches!(before.status, DealStatus::Lost | DealStatus::Withdrawn)
        && after.status == DealStatus::Open;
    if reopened || after.pipeline != before.pipeline {
        check(conn, after)?;
    }
    Ok(())
}

/// What stands in the way of taking a deal up again.
pub(super) fn in_the_way(conn: &mut Conn, deal: &Deal) -> Result<Option<Refusal>, Error> {
    let firms = [deal.startup, deal.investor];
    let other = deals::is_going_on(conn, firms, &deal.pipeline, deal.id)?;
    Ok(other.then(going_on))
}

/// Whether an introduction can become a deal: none of the two goes on in the
/// pipeline that it would go through.
pub(in crate::services) fn has_room(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<bool, Error> {
    let (programme, profile) = (introduction.programme, introduction.startup_profile);
    let pair = Pair::load(conn, programme, profile, introduction.mandate)?;
    let (_, pipeline) = choose_pipeline(context, conn, &pair, None)?;
    let firms = [introduction.startup, introduction.investor];
    // No deal has this id: it would be another one.
    let new = Uuid::nil().into();
    Ok(!deals::is_going_on(conn, firms, &pipeline.slug, new)?)
}

fn going_on() -> Refusal {
    Refusal::new(
        "deal_going_on",
        "A deal of these two goes on in this pipeline already.",
    )
}
