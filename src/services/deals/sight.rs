//! Deals as their readers see them. What surrounds those of a page is looked up
//! together.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{held, notes};
use crate::db::{self, Conn};
use crate::domain::deal_clock::DealClock;
use crate::domain::deal_work::{Camp, DealNote, Plan, Reader};
use crate::domain::fault::Fault;
use crate::domain::ids::{DealId, OrganizationId};
use crate::domain::pipeline::{Deal, DealStatus, Funding, missing_to_leave};
use crate::domain::rate_lock::{LockedRate, RateLock};
use crate::services::locked::LockedBook;
use crate::services::{Caller, Context, Error, pipelines};

/// A deal with what surrounds it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The record.
    pub deal: Deal,
    /// The startup's name; none to the other side while something keeps the
    /// two apart.
    pub startup_name: Option<String>,
    /// The investor's name, likewise.
    pub investor_name: Option<String>,
    /// Working days that the present stage should take at most.
    pub stage_days: u32,
    /// How likely money is, in bp: what a curator said, else what the stage
    /// says; 0 once it is lost.
    pub probability: u32,
    /// Texts of the reader's own side that wait for compliance, for their places;
    /// all to the operator's people.
    pub waiting: Vec<DealNote>,
    /// What is planned; the next step only for whom it is still meant.
    pub plan: Plan,
    /// From when on it stands too long; none while its clock stands.
    pub stale_at: Option<DateTime<Utc>>,
    /// What is missing before the stage can be left.
    pub missing: Vec<Fault>,
    /// What the money that arrived was worth in dollars when both confirmed it;
    /// none where it is dollars, before, and to whom the money isn't shown.
    pub rate: Option<LockedRate>,
}

/// A deal that the caller was found to be allowed to read, as they see it.
pub(in crate::services) fn see(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: Deal,
) -> Result<Seen, Error> {
    let mut seen = see_all(context, conn, caller, vec![deal])?;
    seen.pop().ok_or(Error::NotFound)
}

/// [`see`] of several.
pub(super) fn see_all(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deals: Vec<Deal>,
) -> Result<Vec<Seen>, Error> {
    let mut around = Around::load(context, conn, caller, &deals)?;
    deals
        .into_iter()
        .map(|deal| around.see(context, conn, deal))
        .collect()
}

/// What surrounds some deals.
struct Around {
    readers: BTreeMap<DealId, Reader>,
    names: BTreeMap<OrganizationId, String>,
    plans: BTreeMap<DealId, Plan>,
    clocks: BTreeMap<DealId, DealClock>,
    waiting: BTreeMap<DealId, Vec<DealNote>>,
    locks: BTreeMap<DealId, RateLock>,
    book: LockedBook,
}

impl Around {
    fn load(
        context: &Context,
        conn: &mut Conn,
        caller: &Caller,
        deals: &[Deal],
    ) -> Result<Self, Error> {
        let ids: Vec<DealId> = deals.iter().map(|deal| deal.id).collect();
        let mut firms: Vec<_> = deals
            .iter()
            .flat_map(|deal| [deal.startup, deal.investor])
            .collect();
        firms.sort_unstable();
        firms.dedup();
        let firms = db::organizations::find_many(conn, &firms)?.into_iter();
        let readers = notes::readers_of(context, conn, caller, deals)?;
        let won: Vec<DealId> = deals
            .iter()
            .filter(|deal| deal.status == DealStatus::Won)
            .map(|deal| deal.id)
            .collect();
        let locks = if won.is_empty() {
            BTreeMap::new()
        } else {
            db::syndicates::locked_rates(conn, &won)?
        };
        Ok(Self {
            names: firms
                .map(|firm| (firm.id, firm.details.display_name().to_string()))
                .collect(),
            plans: db::deal_plans::of(conn, &ids)?,
            clocks: db::deal_clocks::of(conn, &ids)?,
            waiting: held::waiting(conn, &readers)?,
            readers,
            locks,
            book: LockedBook::default(),
        })
    }

    fn see(&mut self, context: &Context, conn: &mut Conn, mut deal: Deal) -> Result<Seen, Error> {
        let pipeline = pipelines::of_deal(context, conn, &deal)?;
        let stage = pipeline.find(&deal.stage).map(|(_, stage)| stage);
        let alive = matches!(
            deal.status,
            DealStatus::Open | DealStatus::OnHold | DealStatus::Won
        );
        let mut plan = self.plans.remove(&deal.id).unwrap_or_default();
        let missing = missing_to_leave(&deal, &pipeline).into_vec();
        let reader = self.readers.get(&deal.id).ok_or(Error::NotFound)?;
        let knows = |camp| reader.sees_across || reader.camps.contains(&camp);
        let (knows_startup, knows_investor) = (knows(Camp::Startup), knows(Camp::Investor));
        if !reader.sees_across {
            // What both wrote there stands for either.
            plan.next_step = None;
            deal.facts.clear();
        }
        if !knows_startup {
            deal.startup_funding = None;
        }
        if !knows_investor {
            deal.investor_funding = None;
        }
        let name = |firm| self.names.get(&firm).cloned().ok_or(Error::NotFound);
        let startup_name = name(deal.startup)?;
        let investor_name = name(deal.investor)?;
        let rate = self.won_rate(conn, &deal)?;
        let clock = self.clocks.remove(&deal.id);
        let likely = plan.likelihood.as_ref().map(|likely| likely.bp);
        let likely = likely.or(stage.map(|stage| stage.probability));
        Ok(Seen {
            stale_at: clock.and_then(|clock| clock.stale_at),
            waiting: self.waiting.remove(&deal.id).unwrap_or_default(),
            plan,
            startup_name: Some(startup_name).filter(|_| knows_startup),
            investor_name: Some(investor_name).filter(|_| knows_investor),
            stage_days: stage.map_or(0, |stage| stage.days),
            probability: likely.filter(|_| alive).unwrap_or(0),
            missing,
            rate,
            deal,
        })
    }

    fn won_rate(&mut self, conn: &mut Conn, deal: &Deal) -> Result<Option<LockedRate>, Error> {
        let funding: Option<&Funding> = deal.startup_funding.as_ref();
        let funding = funding.or(deal.investor_funding.as_ref());
        let Some(funding) = funding.filter(|_| deal.status == DealStatus::Won) else {
            return Ok(None);
        };
        match self.locks.get(&deal.id) {
            Some(lock) => self.book.rate(conn, lock, funding.amount.currency),
            None => Ok(None),
        }
    }
}
