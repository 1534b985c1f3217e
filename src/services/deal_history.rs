//! How long a deal stood at which stage, told by the log.

use chrono::TimeDelta;

use crate::db;
use crate::domain::deal_clock::WorkingDays;
use crate::domain::deal_history::{History, Visit};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::DealId;
use crate::domain::permission::Operation;

use super::deals::{Places, load};
use super::{Caller, Context, Error};

/// Most lines of one deal that are read.
const MOST: usize = 10_000;

/// One stay at a stage.
#[derive(Debug, Clone)]
pub struct Stay {
    /// What the log says.
    pub visit: Visit,
    /// How long it lasted, or has so far.
    pub lasted: TimeDelta,
    /// Working days that it took, of whoever had to act, days of a hold among
    /// them.
    pub working_days: u32,
    /// Working days that it should take at most.
    pub allowed_days: u32,
}

/// Every stay of a deal at a stage, the first first; for its sides and the
/// operator's people.
pub async fn read(context: &Context, caller: &Caller, id: DealId) -> Result<Vec<Stay>, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let deal = load(conn, id)?;
            caller.may(Operation::ReadDeal, &[deal.startup, deal.investor])?;
            let now = context_in.now();
            let mut history = if caller.reads_all_of(&[deal.startup, deal.investor]) {
                History::default()
            } else {
                History::for_side()
            };
            let subject = Subject::new(SubjectKind::Deal, id);
            for event in db::events::timeline(conn, subject, 0, MOST)? {
                history.read(event.at, &event.kind, &event.payload);
            }
            let places = Places::of(&context_in, conn, &deal)?;
            let set = context_in.pipelines.of(conn, deal.pipeline_set)?;
            let stay = |visit: Visit| {
                // The pipeline that it went through then, if there is one of
                // that name.
                let then = visit.pipeline.as_deref().and_then(|it| it.parse().ok());
                let then = then.unwrap_or_else(|| deal.pipeline.clone());
                let pipeline = set.get(&then);
                let stage = pipeline.zip(visit.stage.parse().ok());
                let stage =
                    stage.and_then(|(pipeline, slug)| Some((pipeline, pipeline.find(&slug)?.1)));
                let by_sides = stage
                    .is_some_and(|(pipeline, it)| it.side_reports || pipeline.is_last(&it.slug));
                let turns = visit.turns(by_sides, now).into_iter();
                let days = turns.map(|(turn, from, to)| places.between(turn, from, to));
                Stay {
                    lasted: visit.lasted(now),
                    working_days: days.sum(),
                    allowed_days: stage.map_or(0, |(_, stage)| stage.days),
                    visit,
                }
            };
            Ok(history.visits(now).into_iter().map(stay).collect())
        })
        .await
}
