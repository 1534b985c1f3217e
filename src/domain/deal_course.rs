//! How a deal went by the lines of the log: one fold for the scorecard and the
//! reports, so that both say the same of any day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;

use super::deal_money::{Funded, Part, Worth, worth};
use super::rate_lock::RateLock;
use super::scorecard::Line;
use super::syndicate::{Firmness, Interest};

/// The day on which the two met, as it is recorded for an exit criterion.
pub const MET_ON: &str = "first_meeting_held_on";
/// The day on which the agreement was signed, likewise.
const SIGNED_ON: &str = "signed_on";
/// Exit criteria by which days are counted: of what came after the two were brought
/// together.
pub const COUNTED_DAYS: [&str; 3] = [MET_ON, SIGNED_ON, "value_date"];

/// How a deal stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealCourse {
    /// The introduction it came from.
    pub introduction: Option<Uuid>,
    /// Through which pipeline it goes.
    pub pipeline: String,
    /// At which stage.
    pub stage: String,
    /// The code of its status.
    pub status: String,
    /// By investor.
    parts: BTreeMap<Uuid, Part>,
    /// What both sides confirmed of the whole.
    won: Option<Funded>,
    /// The rates that were locked with its round.
    round: RateLock,
    /// Whether a closing was closed by those.
    is_fixed: bool,
    /// The first step on that wasn't undone.
    stepped: Option<Step>,
    /// The day on which it came to the stages that count as signed; none while it
    /// is at none of them.
    came_to_signed: Option<NaiveDate>,
    /// What is recorded of these days.
    days: BTreeMap<String, NaiveDate>,
    /// Where it stood, one stay after the other; never empty.
    stays: Vec<Stay>,
}

/// A stay of a deal at a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// Of which pipeline.
    pub pipeline: String,
    /// At which stage of it.
    pub stage: String,
    /// Since when.
    pub entered_at: DateTime<Utc>,
    /// How it ended, and when; none while it lasts.
    pub end: Option<(StayEnd, DateTime<Utc>)>,
}

/// A step from one stage to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    /// The stage that it left.
    from: String,
    /// The day.
    on: NaiveDate,
}

/// How a stay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StayEnd {
    /// The deal went on, or was won from there.
    WentOn,
    /// It was lost or withdrawn.
    Closed,
    /// It went back, or through another pipeline.
    Otherwise,
}

/// What a line meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It went a stage on, as a side reported or a curator confirmed. Whoever
    /// goes on step by step has met; a jump says nothing of that.
    Step,
    /// Anything else.
    Other,
}

impl DealCourse {
    /// A deal that is opened.
    pub fn opened(line: &Line<'_>) -> Self {
        let text = |key| line.code(key).unwrap_or_default().to_owned();
        Self {
            introduction: line.id("introduction"),
            pipeline: text("pipeline"),
            stage: text("stage"),
            status: "open".to_owned(),
            parts: BTreeMap::new(),
            won: None,
            round: RateLock::default(),
            is_fixed: false,
            stepped: None,
            came_to_signed: None,
            days: BTreeMap::new(),
            stays: vec![Stay {
                pipeline: text("pipeline"),
                stage: text("stage"),
                entered_at: line.at,
                end: None,
            }],
        }
    }

    /// Reads one more line of it. `signed` are the stages at and after which a
    /// deal counts as signed.
    pub fn read(&mut self, line: &Line<'_>, signed: &BTreeSet<String>) -> Turn {
        match line.kind {
            "deal.participant_set" => self.promise(line),
            "deal.allocated" => self.give(line),
            "deal.round_set" if !self.is_fixed => self.round = line.lock(),
            "deal.closing_moved" => self.is_fixed |= line.code("to") == Some("closed"),
            "deal.facts_recorded" => self.record(line),
            "deal.moved" => {
                let from = self.stage.clone();
                let turn = self.moved(line);
                let on = line.at.date_naive();
                if turn == Turn::Step {
                    self.stepped.get_or_insert(Step { from, on });
                } else if line.code("action") == Some("move_back") {
                    self.stepped.take_if(|it| it.from == self.stage);
                }
                // Whoever takes it back from there says that it wasn't signed.
                let is_signed = signed.contains(&self.stage);
                self.came_to_signed = is_signed.then(|| self.came_to_signed.unwrap_or(on));
                return turn;
            }
            _ => {}
        }
        Turn::Other
    }

    /// Keeps the days that were recorded, of what had happened by then.
    fn record(&mut self, line: &Line<'_>) {
        let latest = line.at.date_naive() + Days::new(1);
        let values = line.codes("values");
        for key in line.codes("keys") {
            let said = values.iter().filter_map(|it| it.split_once('='));
            let mut value = said.filter(|(of, _)| of == key).map(|(_, value)| value);
            let day = value.find_map(|it| it.parse::<NaiveDate>().ok());
            match day.filter(|day| *day <= latest) {
                Some(day) => {
                    self.days.insert(key.clone(), day);
                }
                None => {
                    self.days.remove(key);
                }
            }
        }
    }

    fn promise(&mut self, line: &Line<'_>) {
        let Some(firm) = line.id("participant") else {
            return;
        };
        let interest = line.code("interest").and_then(Interest::from_code);
        let stands = interest != Some(Interest::Withdrawn);
        let Some(amount) = line.money("amount").filter(|_| stands) else {
            self.parts.remove(&firm);
            return;
        };
        let paid = interest == Some(Interest::Funded);
        let on = line.day("value_date").unwrap_or(line.at.date_naive());
        let part = Part {
            firm: firm.into(),
            amount,
            lock: line.lock(),
            hard: line.code("firmness") == Some(Firmness::Hard.code()),
            // What a closing gave stays as long as the part stands.
            given: self.parts.get(&firm).and_then(|part| part.given),
            arrived_on: paid.then_some(on),
        };
        self.parts.insert(firm, part);
    }

    fn give(&mut self, line: &Line<'_>) {
        let part = line.id("participant");
        let part = part.and_then(|firm| self.parts.get_mut(&firm));
        if let Some(part) = part {
            let given = line.money("allocated");
            part.given = given.map(|money| (money, self.round));
        }
    }

    /// Where it stood, one stay after the other.
    pub fn stays(&self) -> &[Stay] {
        &self.stays
    }

    /// When it was opened.
    pub fn opened_at(&self) -> Option<DateTime<Utc>> {
        self.stays.first().map(|stay| stay.entered_at)
    }

    /// Ends the present stay and begins another, as far as a line says so.
    fn stay(&mut self, line: &Line<'_>) {
        let over = match self.status.as_str() {
            "won" => Some(StayEnd::WentOn),
            "lost" | "withdrawn" => Some(StayEnd::Closed),
            _ => None,
        };
        let Some(last) = self.stays.last_mut() else {
            return;
        };
        let elsewhere = last.stage != self.stage || last.pipeline != self.pipeline;
        let left = match line.code("action") {
            Some("report" | "advance" | "skip") => StayEnd::WentOn,
            _ => StayEnd::Otherwise,
        };
        let end = over.or(elsewhere.then_some(left));
        if last.end.is_none() {
            last.end = end.map(|end| (end, line.at));
        }
        let again = last.end.is_some() && over.is_none();
        if again {
            self.stays.push(Stay {
                pipeline: self.pipeline.clone(),
                stage: self.stage.clone(),
                entered_at: line.at,
                end: None,
            });
        }
    }

    fn moved(&mut self, line: &Line<'_>) -> Turn {
        if let Some(status) = line.code("to") {
            status.clone_into(&mut self.status);
        }
        if let Some(pipeline) = line.code("pipeline") {
            pipeline.clone_into(&mut self.pipeline);
        }
        let before = std::mem::take(&mut self.stage);
        let stage = line.code("stage_to").unwrap_or(&before);
        stage.clone_into(&mut self.stage);
        if self.status == "won"
            && let Some(amount) = line.money("amount")
        {
            self.won = Some(Funded {
                amount,
                value_date: line.day("value_date").unwrap_or(line.at.date_naive()),
                lock: line.lock(),
            });
        }
        self.stay(line);
        let step = matches!(line.code("action"), Some("report" | "advance"));
        if step && self.stage != before {
            Turn::Step
        } else {
            Turn::Other
        }
    }

    /// Whether it still stands: neither lost nor withdrawn.
    pub fn stands(&self) -> bool {
        !matches!(self.status.as_str(), "lost" | "withdrawn")
    }

    /// What it is worth.
    pub fn worth(&self) -> Vec<Worth> {
        let parts: Vec<Part> = self.parts.values().copied().collect();
        worth(&parts, self.won.as_ref())
    }

    /// What arrived, whatever became of the rest.
    pub fn funded(&self) -> Vec<Funded> {
        let worth = self.worth().into_iter();
        worth.filter_map(|it| it.funded()).collect()
    }

    /// The day on which the two met, as somebody recorded it.
    pub fn met_on(&self) -> Option<NaiveDate> {
        self.days.get(MET_ON).copied()
    }

    /// The day on which it first went a stage on, before which they had met; none
    /// if it was taken back to where it had been.
    pub fn stepped(&self) -> Option<NaiveDate> {
        self.stepped.as_ref().map(|it| it.on)
    }

    /// The day on which it was signed: the one that is recorded, else the one on
    /// which it came to a stage that counts as signed; none before.
    pub fn signature(&self) -> Option<NaiveDate> {
        let recorded = self.days.get(SIGNED_ON).copied();
        self.came_to_signed.map(|came| recorded.unwrap_or(came))
    }

    /// The first day on which money of it arrived.
    pub fn first_funding(&self) -> Option<NaiveDate> {
        self.funded().iter().map(|it| it.value_date).min()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::super::event::{Subject, SubjectKind, Value};
    use super::super::money::{Currency, Money};
    use super::*;

    fn read(lines: &[(&str, &[(&str, Value)])]) -> (DealCourse, Vec<Turn>) {
        let at: DateTime<Utc> = "2026-11-24T09:00:00Z".parse().expect("an instant");
        let subject = Subject::new(SubjectKind::Deal, Uuid::from_u128(1));
        let signed: BTreeSet<String> = ["signed", "funded"].map(str::to_owned).into();
        let (mut course, mut turns) = (None, Vec::new());
        for (kind, payload) in lines {
            let payload: Vec<_> = payload
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect();
            let line = Line {
                at,
                kind,
                subject,
                payload: &payload,
            };
            match &mut course {
                None => course = Some(DealCourse::opened(&line)),
                Some(course) => turns.push(course.read(&line, &signed)),
            }
        }
        (course.expect("a deal"), turns)
    }

    fn code(code: &str) -> Value {
        Value::Code(code.to_owned())
    }

    fn usd(minor: i64) -> Value {
        Value::Money(Money::new(minor, Currency::USD))
    }

    fn says(firm: u128, interest: &str, minor: i64) -> Vec<(&'static str, Value)> {
        vec![
            ("participant", Value::Id(Uuid::from_u128(firm))),
            ("interest", code(interest)),
            ("firmness", code("hard")),
            ("amount", usd(minor)),
        ]
    }

    fn moved(action: &str, to: &str, stage: &str) -> Vec<(&'static str, Value)> {
        vec![
            ("action", code(action)),
            ("to", code(to)),
            ("stage_to", code(stage)),
        ]
    }

    #[test]
    fn stays_follow_each_other_and_say_how_they_ended() {
        let (course, _) = read(&[
            ("deal.opened", &[("stage", code("introduced"))]),
            ("deal.moved", &moved("report", "open", "introduced")),
            ("deal.moved", &moved("report", "open", "screening")),
            ("deal.moved", &moved("move_back", "open", "introduced")),
            ("deal.moved", &moved("hold", "on_hold", "introduced")),
            ("deal.moved", &moved("lose", "lost", "introduced")),
            ("deal.moved", &moved("reopen", "open", "introduced")),
        ]);
        let stays = course.stays().iter();
        let stays: Vec<_> = stays
            .map(|stay| (stay.stage.as_str(), stay.end.map(|(end, _)| end)))
            .collect();
        assert_eq!(
            stays,
            [
                ("introduced", Some(StayEnd::WentOn)),
                ("screening", Some(StayEnd::Otherwise)),
                ("introduced", Some(StayEnd::Closed)),
                ("introduced", None),
            ]
        );
    }

    #[test]
    fn only_a_step_says_that_they_met() {
        let (_, turns) = read(&[
            ("deal.opened", &[("stage", code("introduced"))]),
            ("deal.moved", &moved("report", "open", "introduced")),
            ("deal.moved", &moved("skip", "open", "screening")),
            ("deal.moved", &moved("lose", "lost", "screening")),
            ("deal.moved", &moved("reopen", "open", "screening")),
            ("deal.moved", &moved("advance", "open", "due_diligence")),
        ]);
        let steps: Vec<_> = turns.iter().map(|turn| *turn == Turn::Step).collect();
        assert_eq!(steps, [false, false, false, false, true]);
    }

    #[test]
    fn days_are_those_that_people_record_and_not_those_of_their_clicks() {
        let codes = |all: &[&str]| Value::Codes(all.iter().map(|it| (*it).to_owned()).collect());
        let (moved_on, keys) = (
            moved("advance", "open", "signed"),
            ["signed_on", "pitch_deck", "first_meeting_held_on"],
        );
        let recorded = [
            ("keys", codes(&keys)),
            (
                "values",
                codes(&["signed_on=2026-11-10", "first_meeting_held_on=2027-03-01"]),
            ),
        ];
        let taken_back = [("keys", codes(&["signed_on"])), ("values", codes(&[]))];
        let opened = [("stage", code("introduced"))];
        let before = [
            ("deal.opened", &opened[..]),
            ("deal.facts_recorded", &recorded[..]),
        ];
        let (course, _) = read(&before);
        assert_eq!((course.signature(), course.stepped()), (None, None));
        // What is to come is a plan.
        assert_eq!(course.met_on(), None);
        let mut after = before.to_vec();
        after.push(("deal.moved", &moved_on));
        let (course, _) = read(&after);
        assert_eq!(course.signature(), "2026-11-10".parse().ok());
        assert_eq!(course.stepped(), "2026-11-24".parse().ok());
        after.push(("deal.facts_recorded", &taken_back));
        let (course, _) = read(&after);
        assert_eq!(course.signature(), "2026-11-24".parse().ok());
    }

    #[test]
    fn a_step_and_a_signature_that_are_taken_back_were_none() {
        let opened = [("stage", code("introduced"))];
        let moves = [
            moved("advance", "open", "screening"),
            moved("skip", "open", "signed"),
            moved("move_back", "open", "screening"),
            moved("move_back", "open", "introduced"),
        ];
        let mut lines = vec![("deal.opened", &opened[..])];
        let mut known = Vec::new();
        for to in &moves {
            lines.push(("deal.moved", to));
            let (course, _) = read(&lines);
            known.push((course.stepped().is_some(), course.signature().is_some()));
        }
        assert_eq!(
            known,
            [(true, false), (true, true), (true, false), (false, false)]
        );
    }

    #[test]
    fn a_share_that_was_paid_stays_whatever_becomes_of_the_rest() {
        let given = [
            ("participant", Value::Id(Uuid::from_u128(7))),
            ("allocated", usd(40)),
        ];
        let out = [
            ("participant", Value::Id(Uuid::from_u128(8))),
            ("interest", code("withdrawn")),
        ];
        let (course, _) = read(&[
            ("deal.opened", &[("stage", code("introduced"))]),
            ("deal.participant_set", &says(7, "committed", 90)),
            ("deal.participant_set", &says(8, "committed", 50)),
            ("deal.allocated", &given),
            ("deal.participant_set", &says(7, "funded", 90)),
            ("deal.participant_set", &out),
            ("deal.moved", &moved("lose", "lost", "introduced")),
        ]);
        assert!(!course.stands());
        let funded = course.funded();
        let minor: Vec<_> = funded.iter().map(|it| it.amount.amount_minor).collect();
        assert_eq!(minor, [40]);
        assert_eq!(course.first_funding(), "2026-11-24".parse().ok());
    }
}
