//! How long a deal may stand where it stands: counted in working days of
//! whoever has to act, standing still while the deal does.

use chrono::{DateTime, Utc};

use super::pipeline::{Deal, DealStatus, Pipeline};
use super::values::{Side, codes};

/// Working days that whoever is given the turn has at least, however late the
/// stage is by then.
const GRACE_DAYS: u32 = 2;

codes! {
    /// Who has to act for a deal to go on.
    Turn {
        /// The startup.
        Startup = "startup",
        /// The investor.
        Investor = "investor",
        /// Both sides.
        Both = "both",
        /// A curator, who confirms what a side reported.
        Curator = "curator",
    }
}

impl Turn {
    /// The sides among them.
    pub const fn sides(self) -> &'static [Side] {
        match self {
            Self::Startup => &[Side::Startup],
            Self::Investor => &[Side::Investor],
            Self::Both => &[Side::Startup, Side::Investor],
            Self::Curator => &[],
        }
    }

    pub(super) const fn of_side(side: Side) -> Self {
        match side {
            Side::Startup => Self::Startup,
            Side::Investor => Self::Investor,
        }
    }
}

/// Whose turn it is.
pub fn turn(deal: &Deal, pipeline: &Pipeline) -> Turn {
    if pipeline.is_last(&deal.stage) {
        return match (&deal.startup_funding, &deal.investor_funding) {
            (None, Some(_)) => Turn::Startup,
            (Some(_), None) => Turn::Investor,
            // Nothing said yet, or two figures that differ.
            _ => Turn::Both,
        };
    }
    let by_sides = pipeline
        .find(&deal.stage)
        .is_some_and(|(_, stage)| stage.side_reports);
    match deal.reported_by {
        Some(side) if by_sides => Turn::of_side(side.other()),
        Some(_) => Turn::Curator,
        None => Turn::Both,
    }
}

/// The clock of a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DealClock {
    /// From when on the days are counted.
    pub counted_from: DateTime<Utc>,
    /// How many working days there are from then on; while the deal stands
    /// still, how many are left.
    pub days: u32,
    /// Who has to act.
    pub turn: Turn,
    /// From when on it stands too long; none while its clock stands.
    pub stale_at: Option<DateTime<Utc>>,
    /// When those who have to act were told.
    pub told_at: Option<DateTime<Utc>>,
}

/// Working days, by the calendars of those who have to act.
pub trait WorkingDays {
    /// The end of the last of `days` working days after `from`.
    fn end(&self, turn: Turn, from: DateTime<Utc>, days: u32) -> DateTime<Utc>;
    /// Working days from one instant's day up to another's.
    fn between(&self, turn: Turn, from: DateTime<Utc>, to: DateTime<Utc>) -> u32;
}

/// The clock of a deal that has none yet.
pub fn start(deal: &Deal, pipeline: &Pipeline, calendar: &impl WorkingDays) -> DealClock {
    let days = pipeline
        .find(&deal.stage)
        .map_or(0, |(_, stage)| stage.days);
    let turn = turn(deal, pipeline);
    let running = deal.status == DealStatus::Open;
    DealClock {
        counted_from: deal.stage_entered_at,
        days,
        turn,
        stale_at: running.then(|| calendar.end(turn, deal.stage_entered_at, days)),
        told_at: None,
    }
}

/// The clock after the deal has moved.
pub fn follow(
    clock: &DealClock,
    before: &Deal,
    after: &Deal,
    pipeline: &Pipeline,
    now: DateTime<Utc>,
    calendar: &impl WorkingDays,
) -> DealClock {
    use DealStatus as S;

    let entered = after.stage_entered_at != before.stage_entered_at
        || after.stage != before.stage
        || after.pipeline != before.pipeline;
    let begun = start(after, pipeline, calendar);
    match (before.status, after.status) {
        (S::Open, S::Open) if entered => begun,
        (S::Open, S::Open) if begun.turn == clock.turn => *clock,
        (S::Open, S::Open) => {
            let turn = begun.turn;
            let planned = calendar.end(turn, clock.counted_from, clock.days);
            DealClock {
                turn,
                stale_at: Some(planned.max(calendar.end(turn, now, GRACE_DAYS))),
                told_at: None,
                ..*clock
            }
        }
        (S::OnHold | S::Blocked, S::Open) => DealClock {
            counted_from: now,
            stale_at: Some(calendar.end(clock.turn, now, clock.days)),
            told_at: None,
            ..*clock
        },
        // Taken up again, it has the days of its stage anew.
        (_, S::Open) => DealClock {
            counted_from: now,
            stale_at: Some(calendar.end(begun.turn, now, begun.days)),
            ..begun
        },
        (S::Open, _) => {
            let until = clock.stale_at.unwrap_or(now).max(now);
            DealClock {
                counted_from: now,
                days: calendar.between(clock.turn, now, until),
                stale_at: None,
                told_at: None,
                ..*clock
            }
        }
        _ => DealClock {
            stale_at: None,
            ..*clock
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::permission::Hat;
    use crate::domain::pipeline::{DealAction, Origin, PipelineStage, step};
    use chrono::TimeDelta;
    use std::collections::BTreeMap;
    use uuid::Uuid;

    /// Every day is a working day, and ends when it began.
    struct EveryDay;

    impl WorkingDays for EveryDay {
        fn end(&self, _: Turn, from: DateTime<Utc>, days: u32) -> DateTime<Utc> {
            from + TimeDelta::days(days.into())
        }

        fn between(&self, _: Turn, from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
            u32::try_from((to - from).num_days()).unwrap_or(0)
        }
    }

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    fn pipeline() -> Pipeline {
        let stage = |slug: &str| PipelineStage {
            slug: slug.parse().expect("a slug"),
            days: 10,
            probability: 0,
            side_reports: true,
            exit_criteria: vec![],
        };
        let stages = vec![stage("first"), stage("second"), stage("last")];
        Pipeline::new("short".parse().expect("a slug"), stages).expect("a pipeline")
    }

    fn deal() -> Deal {
        let id = Uuid::from_u128(1);
        Deal {
            id: id.into(),
            programme: id.into(),
            origin: Origin::Introduction {
                matched: id.into(),
                introduction: id.into(),
            },
            startup_profile: id.into(),
            startup: id.into(),
            mandate: id.into(),
            investor: id.into(),
            pipeline_set: None,
            pipeline: "short".parse().expect("a slug"),
            stage: "first".parse().expect("a slug"),
            stage_entered_at: day(0),
            status: DealStatus::Open,
            resume_on: None,
            close_code: None,
            reported_by: None,
            facts: BTreeMap::new(),
            startup_funding: None,
            investor_funding: None,
            version: 1,
            created_at: day(0),
            updated_at: day(0),
        }
    }

    fn walk(steps: &[(i64, DealAction, Hat)]) -> DealClock {
        let pipeline = pipeline();
        let mut deal = deal();
        let mut clock = start(&deal, &pipeline, &EveryDay);
        for (on, action, who) in steps {
            let after = step(&deal, action, *who, &pipeline, day(*on)).expect("a step");
            clock = follow(&clock, &deal, &after, &pipeline, day(*on), &EveryDay);
            deal = after;
        }
        clock
    }

    #[test]
    fn a_hold_stops_the_clock_and_gives_back_what_was_left() {
        let hold = (4, DealAction::Hold(day(50).date_naive()), Hat::Startup);
        let held = walk(std::slice::from_ref(&hold));
        assert_eq!((held.stale_at, held.days), (None, 6));
        let resumed = walk(&[hold, (50, DealAction::Resume, Hat::System)]);
        assert_eq!(resumed.stale_at, Some(day(56)));
    }

    #[test]
    fn whoever_gets_the_turn_late_has_two_days_at_least() {
        let report = |on| (on, DealAction::Report, Hat::Startup);
        assert_eq!(walk(&[report(3)]).stale_at, Some(day(10)));
        let late = walk(&[report(30)]);
        assert_eq!((late.stale_at, late.turn), (Some(day(32)), Turn::Investor));
        let next = walk(&[report(30), (31, DealAction::Report, Hat::Investor)]);
        assert_eq!((next.stale_at, next.turn), (Some(day(41)), Turn::Both));
    }

    #[test]
    fn a_deal_that_is_over_is_never_stale() {
        let over = walk(&[(3, DealAction::Withdraw, Hat::Startup)]);
        assert_eq!(over.stale_at, None);
        let again = walk(&[
            (3, DealAction::Withdraw, Hat::Startup),
            (90, DealAction::Reopen, Hat::Curator),
        ]);
        assert_eq!(again.stale_at, Some(day(100)));
    }
}
