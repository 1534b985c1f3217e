//! What is to be done about deals.

use std::collections::BTreeMap;

use crate::db::second_turns::Wanted;
use crate::db::worklist::Waiting;
use crate::db::{self, Conn};
use crate::domain::deal_clock::DealClock;
use crate::domain::ids::{DealId, OrganizationId};
use crate::domain::pipeline::Deal;
use crate::domain::values::Side;
use crate::domain::worklist::{RecordKind, WorkKind, curator_turn, end_of, never, side_turn};
use crate::services::{Error, pipelines};

use super::pile::Pile;

impl Pile<'_> {
    /// Deals that wait for a curator: to confirm what a side reports, to ask why
    /// they stand, to agree as the second person, to close a round; and firms
    /// that may be one.
    pub(super) fn deals_of_curator(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let record = RecordKind::Deal;
        let kinds = [WorkKind::AdvanceDeal, WorkKind::ChaseDeal];
        if kinds.iter().any(|kind| self.wants(*kind, record)) {
            let now = self.context.now();
            for (found, deal, clock) in self.open_deals(conn, None)? {
                let stale_at = clock.and_then(|clock| clock.stale_at);
                let overdue = stale_at.is_some_and(|at| at < now);
                let pipeline = pipelines::of_deal(self.context, conn, &deal)?;
                if let Some(kind) = curator_turn(&deal, &pipeline, overdue) {
                    self.push(kind, record, &found, stale_at);
                }
            }
        }
        let me = self.caller.id();
        self.second_of_deals(conn, WorkKind::VouchFunding, Wanted::Vouched(me))?;
        self.second_of_deals(conn, WorkKind::ConfirmPayment, Wanted::PaidToOperator(me))?;
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
        let record = RecordKind::Deal;
        let kinds = [WorkKind::ConfirmFunding, WorkKind::ReportDeal];
        if !kinds.iter().any(|kind| self.wants(*kind, record)) {
            return Ok(());
        }
        for (found, deal, clock) in self.open_deals(conn, Some(own))? {
            let ours = match side {
                Side::Startup => deal.startup,
                Side::Investor => deal.investor,
            };
            if !own.contains(&ours) {
                continue;
            }
            let pipeline = pipelines::of_deal(self.context, conn, &deal)?;
            let stale_at = clock.and_then(|clock| clock.stale_at);
            if let Some(kind) = side_turn(&deal, &pipeline, side) {
                self.push(kind, record, &found, stale_at);
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
        let (kind, record) = (WorkKind::DoTask, RecordKind::DealTask);
        if !self.wants(kind, record) {
            return Ok(());
        }
        let under = self.under();
        let me = self.caller.id();
        let listed = db::deal_tasks::waiting(conn, me, (own, under), self.most())?;
        if let Some((last, _)) = listed.last() {
            self.read_until(listed.len(), end_of(last.details.due));
        }
        for (task, programme) in listed {
            let found = Waiting {
                id: task.id.uuid(),
                programme: Some(programme),
                since: task.created_at,
                by: None,
            };
            self.push(kind, record, &found, Some(end_of(task.details.due)));
        }
        Ok(())
    }

    /// Open deals, whole, with their clocks.
    fn open_deals(
        &mut self,
        conn: &mut Conn,
        owners: Option<&[OrganizationId]>,
    ) -> Result<Vec<(Waiting, Deal, Option<DealClock>)>, Error> {
        let under = self.under();
        let timed = db::deal_clocks::open(conn, owners, under, self.most())?;
        if let Some((_, last)) = timed.last() {
            self.read_until(timed.len(), *last);
        }
        let others = db::deal_clocks::open_at_ease(conn, owners, under, self.most())?;
        self.read_until(others.len(), never());
        let found: Vec<Waiting> = timed
            .into_iter()
            .map(|(one, _)| one)
            .chain(others)
            .collect();
        let ids: Vec<DealId> = found.iter().map(|one| one.id.into()).collect();
        let clocks: BTreeMap<_, _> = db::deal_clocks::of(conn, &ids)?;
        let deals = db::deals::find_many(conn, &ids)?.into_iter();
        let mut deals: BTreeMap<_, _> = deals.map(|deal| (deal.id, deal)).collect();
        let whole = found.into_iter().zip(ids).filter_map(|(one, id)| {
            let deal = deals.remove(&id)?;
            Some((one, deal, clocks.get(&id).copied()))
        });
        Ok(whole.collect())
    }
}
