//! What the log says of the introductions and deals of a programme, record by
//! record.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::deal_course::{DealCourse, Turn};
use crate::domain::event::SubjectKind;
use crate::domain::scorecard::Line;
use crate::domain::values::Side;

/// How far an introduction came, each step with the first time that it was
/// taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Way {
    /// Asked for.
    pub requested: Option<DateTime<Utc>>,
    /// Its mail went out.
    pub sent: Option<DateTime<Utc>>,
    /// The two met.
    pub met: Option<DateTime<Utc>>,
    /// A deal was opened.
    pub deal: Option<DateTime<Utc>>,
    /// The deal was signed.
    pub signed: Option<DateTime<Utc>>,
    /// The first of its money was confirmed.
    pub funded: Option<DateTime<Utc>>,
}

impl Way {
    /// The steps in their order.
    pub const fn steps(&self) -> [Option<DateTime<Utc>>; 6] {
        [
            self.requested,
            self.sent,
            self.met,
            self.deal,
            self.signed,
            self.funded,
        ]
    }
}

/// What became of a question to one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Nothing yet.
    Nothing,
    /// Yes.
    Yes,
    /// No, or not now.
    No,
    /// Nothing until it was too late.
    TooLate,
    /// It was taken back, or stopped.
    Stopped,
}

/// A question to one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Of which introduction.
    pub introduction: Uuid,
    /// When it was put.
    pub put: DateTime<Utc>,
    /// What became of it.
    pub said: Said,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// Which side answered.
    pub side: Option<Side>,
}

/// What the lines read so far say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Courses {
    /// Introductions.
    pub ways: BTreeMap<Uuid, Way>,
    /// Questions, in the order in which they were put.
    pub questions: Vec<Question>,
    /// Deals.
    pub deals: BTreeMap<Uuid, DealCourse>,
    /// The question of an introduction that waits for an answer.
    open: BTreeMap<Uuid, usize>,
}

fn is_asking(status: &str) -> bool {
    matches!(status, "asking_first" | "asking_second")
}

impl Courses {
    /// Reads one more line. `signed` are the stages at and after which a deal
    /// counts as signed, of all pipelines.
    pub fn read(&mut self, line: &Line<'_>, signed: &BTreeSet<String>) {
        match line.subject.kind {
            SubjectKind::Introduction => self.introduction(line),
            SubjectKind::Deal => self.deal(line, signed),
            _ => {}
        }
    }

    fn introduction(&mut self, line: &Line<'_>) {
        let id = line.subject.id;
        let way = self.ways.entry(id).or_default();
        if line.kind == "introduction.requested" {
            way.requested = way.requested.or(Some(line.at));
        }
        if line.kind != "introduction.moved" {
            return;
        }
        let (from, to) = (line.code("from"), line.code("to"));
        match to {
            Some("sent") => way.sent = way.sent.or(Some(line.at)),
            Some("met") => way.met = way.met.or(Some(line.at)),
            _ => {}
        }
        if from == to {
            return;
        }
        // A freeze stops the clock of a question, not the question.
        let goes_on = from == Some("frozen") && to.is_some_and(is_asking);
        if to == Some("frozen") || goes_on && self.open.contains_key(&id) {
            return;
        }
        if let Some(place) = self.open.remove(&id)
            && let Some(question) = self.questions.get_mut(place)
        {
            question.said = match line.code("action") {
                Some("accept") => Said::Yes,
                Some("decline" | "not_now") => Said::No,
                Some("expire") => Said::TooLate,
                _ => Said::Stopped,
            };
            question.at = Some(line.at);
            question.side = line.code("side").and_then(Side::from_code);
        }
        if to.is_some_and(is_asking) {
            self.open.insert(id, self.questions.len());
            self.questions.push(Question {
                introduction: id,
                put: line.at,
                said: Said::Nothing,
                at: None,
                side: None,
            });
        }
    }

    fn deal(&mut self, line: &Line<'_>, signed: &BTreeSet<String>) {
        let id = line.subject.id;
        if line.kind == "deal.opened" {
            let deal = DealCourse::opened(line);
            if let Some(introduction) = deal.introduction {
                let way = self.ways.entry(introduction).or_default();
                way.deal = way.deal.or(Some(line.at));
            }
            self.deals.insert(id, deal);
            return;
        }
        let Some(deal) = self.deals.get_mut(&id) else {
            return;
        };
        let turn = deal.read(line, signed);
        let Some(introduction) = deal.introduction else {
            return;
        };
        let way = self.ways.entry(introduction).or_default();
        let first = |step: &mut Option<DateTime<Utc>>, taken: bool| {
            *step = step.or(taken.then_some(line.at));
        };
        first(&mut way.met, turn == Turn::Step);
        let moved = line.kind == "deal.moved";
        first(&mut way.signed, moved && signed.contains(&deal.stage));
        first(&mut way.funded, deal.first_funding().is_some());
    }
}
