//! What the log says of the introductions and deals of a programme, record by
//! record.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::event::SubjectKind;
use crate::domain::money::Money;
use crate::domain::rate_lock::RateLock;
use crate::domain::scorecard::{Funded, Line};
use crate::domain::syndicate::Interest;
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
    /// The money was confirmed.
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

/// How a deal stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Through which pipeline it goes.
    pub pipeline: String,
    /// At which stage.
    pub stage: String,
    /// The code of its status.
    pub status: String,
    /// What was promised in it, by investor, with its locked rates.
    pub promised: BTreeMap<Uuid, (Money, RateLock)>,
    /// What arrived.
    pub funded: Option<Funded>,
    introduction: Option<Uuid>,
}

/// What the lines read so far say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Courses {
    /// Introductions.
    pub ways: BTreeMap<Uuid, Way>,
    /// Questions, in the order in which they were put.
    pub questions: Vec<Question>,
    /// Deals.
    pub deals: BTreeMap<Uuid, Standing>,
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
            let text = |key| line.code(key).unwrap_or_default().to_owned();
            let introduction = line.id("introduction");
            self.deals.insert(
                id,
                Standing {
                    pipeline: text("pipeline"),
                    stage: text("stage"),
                    status: "open".to_owned(),
                    promised: BTreeMap::new(),
                    funded: None,
                    introduction,
                },
            );
            if let Some(introduction) = introduction {
                let way = self.ways.entry(introduction).or_default();
                way.deal = way.deal.or(Some(line.at));
            }
            return;
        }
        let Some(deal) = self.deals.get_mut(&id) else {
            return;
        };
        match line.kind {
            "deal.participant_set" => promise(deal, line),
            "deal.moved" => {
                let before = deal.stage.clone();
                moved(deal, line);
                let introduction = deal.introduction;
                let way = introduction.map(|id| self.ways.entry(id).or_default());
                if let Some(way) = way {
                    // Step by step it goes on only after they met.
                    let step = matches!(line.code("action"), Some("report" | "advance"));
                    if step && deal.stage != before {
                        way.met = way.met.or(Some(line.at));
                    }
                    if signed.contains(&deal.stage) {
                        way.signed = way.signed.or(Some(line.at));
                    }
                    if deal.status == "won" {
                        way.funded = way.funded.or(Some(line.at));
                    }
                }
            }
            _ => {}
        }
    }
}

fn promise(deal: &mut Standing, line: &Line<'_>) {
    let Some(firm) = line.id("participant") else {
        return;
    };
    let out = line.code("interest") == Some(Interest::Withdrawn.code());
    match line.money("amount").filter(|_| !out) {
        Some(amount) => drop(deal.promised.insert(firm, (amount, line.lock()))),
        None => drop(deal.promised.remove(&firm)),
    }
}

fn moved(deal: &mut Standing, line: &Line<'_>) {
    if let Some(status) = line.code("to") {
        status.clone_into(&mut deal.status);
    }
    if let Some(stage) = line.code("stage_to") {
        stage.clone_into(&mut deal.stage);
    }
    if let Some(pipeline) = line.code("pipeline") {
        pipeline.clone_into(&mut deal.pipeline);
    }
    if deal.status == "won"
        && let Some(amount) = line.money("amount")
    {
        deal.funded = Some(Funded {
            amount,
            value_date: line.day("value_date").unwrap_or(line.at.date_naive()),
            lock: line.lock(),
        });
    }
}
