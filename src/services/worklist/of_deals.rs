//! What is to be done about deals.

use std::collections::BTreeMap;

use crate::db::second_turns::PAID;
use crate::db::worklist::{self as waiting, Waiting};
use crate::db::{self, Conn};
use crate::domain::deal_clock::DealClock;
use crate::domain::ids::{DealId, OrganizationId};
use crate::domain::pipeline::Deal;
use crate::domain::values::Side;
use crate::domain::worklist::{RecordKind, WorkKind, curator_turn, end_of, side_turn};
use crate::services::Error;
use crate::services::deals::pipeline_of;

use super::MOST_OF_A_KIND as MOST;
use super::gather::Pile;

impl Pile<'_> {
    /// Deals that wait for a curator: to confirm what a side reports, to ask why
    /// they stand, to agree as the second person, to close a round; and firms
    /// that may be one.
    pub(super) fn deals_of_curator(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let now = self.context.now();
        for (found, deal, clock) in deals(conn, None)? {
            let stale_at = clock.and_then(|clock| clock.stale_at);
            let overdue = stale_at.is_some_and(|at| at < now);
            let pipeline = pipeline_of(self.context, &deal)?;
            if let Some(kind) = curator_turn(&deal, pipeline, overdue) {
                self.push(kind, RecordKind::Deal, &found, stale_at);
            }
        }
        self.second_of_deals(conn, WorkKind::VouchFunding, "vouch")?;
        self.second_of_deals(conn, WorkKind::ConfirmPayment, PAID)?;
        self.closings(conn, None)?;
        self.duplicates(conn)?;
        self.tasks(conn, None)
    }

    /// Deals that wait for a side to report or confirm.
    pub(super) fn deals_of_side(
        &mut self,
        conn: &mut Conn,
        side: Side,
        own: &[OrganizationId],
    ) -> Result<(), Error> {
        for (found, deal, clock) in deals(conn, Some(own))? {
            let ours = match side {
                Side::Startup => deal.startup,
                Side::Investor => deal.investor,
            };
            if !own.contains(&ours) {
                continue;
            }
            let pipeline = pipeline_of(self.context, &deal)?;
            let stale_at = clock.and_then(|clock| clock.stale_at);
            if let Some(kind) = side_turn(&deal, pipeline, side) {
                self.push(kind, RecordKind::Deal, &found, stale_at);
            }
        }
        Ok(())
    }

    /// Tasks of the operator's people, or of those firms'. Whether the caller
    /// learns of one is asked when it is shown.
    pub(super) fn tasks(
        &mut self,
        conn: &mut Conn,
        own: Option<&[OrganizationId]>,
    ) -> Result<(), Error> {
        for task in db::deal_tasks::waiting(conn, self.caller.id(), own, MOST)? {
            let found = Waiting {
                id: task.id.uuid(),
                programme: None,
                since: task.created_at,
                by: None,
            };
            let due = Some(end_of(task.details.due));
            self.push(WorkKind::DoTask, RecordKind::DealTask, &found, due);
        }
        Ok(())
    }
}

/// Open deals, whole, with their clocks.
fn deals(
    conn: &mut Conn,
    owners: Option<&[OrganizationId]>,
) -> Result<Vec<(Waiting, Deal, Option<DealClock>)>, Error> {
    let found = waiting::open_deals(conn, owners, MOST)?;
    let ids: Vec<DealId> = found.iter().map(|one| one.id.into()).collect();
    let clocks: BTreeMap<_, _> = db::deal_clocks::of(conn, &ids)?;
    let mut whole = Vec::with_capacity(found.len());
    for (one, id) in found.into_iter().zip(ids) {
        if let Some(deal) = db::deals::find(conn, id)? {
            whole.push((one, deal, clocks.get(&id).copied()));
        }
    }
    Ok(whole)
}
