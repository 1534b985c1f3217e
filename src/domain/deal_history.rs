//! How long a deal stood where, told by its log: every visit of a stage with
//! what of it the deal was held. The visits follow each other without a gap
//! except while the deal was closed, so their times sum up.

use chrono::{DateTime, TimeDelta, Utc};

use super::deal_clock::Turn;
use super::event::Value;
use super::values::Side;

/// One stay at a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Of which pipeline; none where the log doesn't say.
    pub pipeline: Option<String>,
    /// At which stage.
    pub stage: String,
    /// Since when.
    pub entered_at: DateTime<Utc>,
    /// Until when; none while it lasts.
    pub left_at: Option<DateTime<Utc>>,
    /// How much of it the deal was on hold or blocked.
    pub held: TimeDelta,
    /// When which side reported the next stage or confirmed the funding, and it
    /// waited for somebody else from then on.
    said: Vec<(DateTime<Utc>, Side)>,
}

impl Visit {
    /// How long it lasted, or has so far.
    pub fn lasted(&self, now: DateTime<Utc>) -> TimeDelta {
        self.left_at.unwrap_or(now) - self.entered_at
    }

    /// Who had to act from when to when. `by_sides` is whether both sides end
    /// the stage between them: where they don't, what one reports waits for a
    /// curator.
    pub fn turns(
        &self,
        by_sides: bool,
        now: DateTime<Utc>,
    ) -> Vec<(Turn, DateTime<Utc>, DateTime<Utc>)> {
        let (mut turn, mut from) = (Turn::Both, self.entered_at);
        let mut turns = Vec::with_capacity(self.said.len() + 1);
        for (at, side) in &self.said {
            turns.push((turn, from, *at));
            from = *at;
            turn = match turn {
                Turn::Both if by_sides => Turn::of_side(side.other()),
                Turn::Both => Turn::Curator,
                // The other one has said so too, and something else.
                _ => Turn::Both,
            };
        }
        turns.push((turn, from, self.left_at.unwrap_or(now)));
        turns
    }
}

/// Reads the lines of one deal in their order.
#[derive(Debug, Clone, Default)]
pub struct History {
    visits: Vec<Visit>,
    pipeline: Option<String>,
    held_since: Option<DateTime<Utc>>,
    /// Whether that compliance stopped it doesn't show.
    discreet: bool,
}

fn code<'a>(payload: &'a [(String, Value)], key: &str) -> Option<&'a str> {
    payload.iter().find_map(|(name, value)| match value {
        Value::Code(code) if name == key => Some(code.as_str()),
        _ => None,
    })
}

impl History {
    /// For a side, to which a deal that compliance stopped for a time stood as
    /// it stood before.
    pub fn for_side() -> Self {
        Self {
            discreet: true,
            ..Self::default()
        }
    }

    /// Reads one more line.
    pub fn read(&mut self, at: DateTime<Utc>, kind: &str, payload: &[(String, Value)]) {
        match kind {
            "deal.opened" => {
                self.pipeline = code(payload, "pipeline").map(str::to_owned);
                if let Some(stage) = code(payload, "stage") {
                    self.enter(stage, at);
                }
            }
            "deal.moved" => self.moved(at, payload),
            _ => {}
        }
    }

    fn moved(&mut self, at: DateTime<Utc>, payload: &[(String, Value)]) {
        let (from, to) = (code(payload, "from"), code(payload, "to"));
        let (stage_from, stage) = (code(payload, "stage_from"), code(payload, "stage_to"));
        if self.discreet && to == Some("blocked") {
            return;
        }
        if let Some(pipeline) = code(payload, "pipeline") {
            self.pipeline = Some(pipeline.to_owned());
        }
        let held = |status: Option<&str>| matches!(status, Some("on_hold" | "blocked"));
        let closed = |status: Option<&str>| matches!(status, Some("won" | "lost" | "withdrawn"));
        if held(from) && !held(to) {
            self.release(at);
        }
        if let Some(stage) = stage {
            if closed(from) {
                self.enter(stage, at);
            } else if stage_from != Some(stage) {
                self.leave(at);
                self.enter(stage, at);
            }
        }
        if held(to) && !held(from) {
            self.held_since = Some(at);
        }
        let said = matches!(code(payload, "action"), Some("report" | "confirm"));
        let side = code(payload, "as").and_then(Side::from_code);
        if let (Some(side), Some(last)) = (side.filter(|_| said), self.visits.last_mut())
            && last.left_at.is_none()
            && last.entered_at < at
        {
            last.said.push((at, side));
        }
        if closed(to) {
            self.leave(at);
        }
    }

    fn enter(&mut self, stage: &str, at: DateTime<Utc>) {
        self.visits.push(Visit {
            pipeline: self.pipeline.clone(),
            stage: stage.to_owned(),
            entered_at: at,
            left_at: None,
            held: TimeDelta::zero(),
            said: Vec::new(),
        });
    }

    fn leave(&mut self, at: DateTime<Utc>) {
        self.release(at);
        if let Some(last) = self.visits.last_mut() {
            last.left_at = last.left_at.or(Some(at));
        }
    }

    fn release(&mut self, at: DateTime<Utc>) {
        if let (Some(since), Some(last)) = (self.held_since.take(), self.visits.last_mut()) {
            last.held += at - since;
        }
    }

    /// Every stay, the first first; one that lasts counts its hold up to `now`.
    pub fn visits(mut self, now: DateTime<Utc>) -> Vec<Visit> {
        if let (Some(since), Some(last)) = (self.held_since, self.visits.last_mut()) {
            last.held += now - since;
        }
        self.visits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn moved(from: &str, to: &str, stage_from: &str, stage_to: &str) -> Vec<(String, Value)> {
        [
            ("from", from),
            ("to", to),
            ("stage_from", stage_from),
            ("stage_to", stage_to),
        ]
        .map(|(key, code)| (key.to_owned(), Value::Code(code.to_owned())))
        .into()
    }

    #[test]
    fn a_side_does_not_learn_from_the_times_that_compliance_stopped_it() {
        let times = |mut history: History| {
            let opened = vec![("stage".to_owned(), Value::Code("a".to_owned()))];
            history.read(at(0), "deal.opened", &opened);
            for (hour, from, to) in [
                (1, "open", "blocked"),
                (4, "blocked", "open"),
                (5, "open", "on_hold"),
                (6, "on_hold", "blocked"),
                (8, "blocked", "open"),
            ] {
                history.read(at(hour), "deal.moved", &moved(from, to, "a", "a"));
            }
            let visits = history.visits(at(9));
            (visits.len(), visits[0].held.num_hours())
        };
        assert_eq!(times(History::default()), (1, 6));
        // From its own hold on, until it went on.
        assert_eq!(times(History::for_side()), (1, 3));
    }

    #[test]
    fn whoever_the_other_waits_for_has_the_turn() {
        let mut history = History::default();
        let opened = vec![("stage".to_owned(), Value::Code("a".to_owned()))];
        history.read(at(0), "deal.opened", &opened);
        let said = |action: &str, side: &str, to: &str| {
            let mut payload = moved("open", "open", "a", to);
            for (key, value) in [("action", action), ("as", side)] {
                payload.push((key.to_owned(), Value::Code(value.to_owned())));
            }
            payload
        };
        history.read(at(3), "deal.moved", &said("report", "startup", "a"));
        history.read(at(8), "deal.moved", &said("report", "investor", "b"));
        let visits = history.visits(at(9));
        let turns = |by_sides| {
            let turns = visits[0].turns(by_sides, at(9)).into_iter();
            let hours = turns.map(|(turn, from, to)| (turn, (to - from).num_hours()));
            hours.collect::<Vec<_>>()
        };
        assert_eq!(turns(true), [(Turn::Both, 3), (Turn::Investor, 5)]);
        assert_eq!(turns(false), [(Turn::Both, 3), (Turn::Curator, 5)]);
        assert_eq!(visits[1].turns(true, at(9)).len(), 1);
    }

    #[test]
    fn the_visits_follow_each_other_and_sum_up() {
        let mut history = History::default();
        let opened = vec![("stage".to_owned(), Value::Code("a".to_owned()))];
        history.read(at(0), "deal.opened", &opened);
        for (hour, from, to, stage_from, stage_to) in [
            (5, "open", "open", "a", "b"),
            (6, "open", "on_hold", "b", "b"),
            (9, "on_hold", "open", "b", "b"),
            (10, "open", "open", "b", "a"),
            (12, "open", "on_hold", "a", "a"),
            (13, "on_hold", "lost", "a", "a"),
            (20, "lost", "open", "a", "a"),
            (21, "open", "open", "a", "c"),
        ] {
            let payload = moved(from, to, stage_from, stage_to);
            history.read(at(hour), "deal.moved", &payload);
        }
        let visits = history.visits(at(24));
        let said: Vec<_> = visits
            .iter()
            .map(|visit| {
                let (lasted, held) = (visit.lasted(at(24)), visit.held);
                (visit.stage.as_str(), lasted.num_hours(), held.num_hours())
            })
            .collect();
        assert_eq!(
            said,
            [
                ("a", 5, 0),
                ("b", 5, 3),
                ("a", 3, 1),
                ("a", 1, 0),
                ("c", 3, 0)
            ]
        );
        // All of the day but the seven hours for which it was lost.
        let whole: i64 = said.iter().map(|(_, hours, _)| hours).sum();
        assert_eq!(whole, 24 - 7);
    }
}
