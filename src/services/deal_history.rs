//! How long a deal stood at which stage, told by the log.

use chrono::TimeDelta;

use crate::db;
use crate::domain::deal_history::{History, Visit};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::DealId;
use crate::domain::permission::Operation;

use super::deals::{load, pipeline_of};
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
    /// Working days of the startup's country that it took, days of a hold
    /// among them.
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
            let firm = db::organizations::find(conn, deal.startup)?;
            let country = firm.and_then(|firm| firm.details.country);
            let calendar = context_in.calendars.of(country);
            let pipeline = pipeline_of(&context_in, &deal)?;
            let stay = |visit: Visit| {
                let allowed = visit.stage.parse().ok();
                let allowed = allowed.and_then(|slug| pipeline.find(&slug));
                Stay {
                    lasted: visit.lasted(now),
                    working_days: calendar.working_days(
                        visit.entered_at.date_naive(),
                        visit.left_at.unwrap_or(now).date_naive(),
                    ),
                    allowed_days: allowed.map_or(0, |(_, stage)| stage.days),
                    visit,
                }
            };
            Ok(history.visits(now).into_iter().map(stay).collect())
        })
        .await
}
