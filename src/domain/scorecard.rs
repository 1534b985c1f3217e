//! What came of a programme, told by the log alone: fold its lines up to a day
//! and that day's state is there again, whatever the records say since.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::commitment::{Adds, CommitmentStatus, Goal, Measure, Target, TargetKind};
use super::deal_course::DealCourse;
use super::deal_money::Funded;
use super::event::{Subject, SubjectKind, Value};
use super::ids::OrganizationId;
use super::money::Money;
use super::programme::ProgrammeStatus;
use super::programme_evidence::{Apart, follow};
use super::rate_lock::RateLock;

/// A line of the log.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: &'a str,
    /// To which record.
    pub subject: Subject,
    /// The facts.
    pub payload: &'a [(String, Value)],
}

impl Line<'_> {
    fn value(&self, key: &str) -> Option<&Value> {
        let mut facts = self.payload.iter();
        facts.find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(super) fn code(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Value::Code(code) => Some(code),
            _ => None,
        }
    }

    pub(super) fn id(&self, key: &str) -> Option<Uuid> {
        match self.value(key)? {
            Value::Id(id) => Some(*id),
            _ => None,
        }
    }

    pub(super) fn money(&self, key: &str) -> Option<Money> {
        match self.value(key)? {
            Value::Money(money) => Some(*money),
            _ => None,
        }
    }

    pub(super) fn day(&self, key: &str) -> Option<NaiveDate> {
        match self.value(key)? {
            Value::Date(day) => Some(*day),
            _ => None,
        }
    }

    /// Several codes; none where it says none.
    pub(super) fn codes(&self, key: &str) -> &[String] {
        match self.value(key) {
            Some(Value::Codes(codes)) => codes,
            _ => &[],
        }
    }

    /// The rates that were locked with its amount.
    pub(super) fn lock(&self) -> RateLock {
        RateLock {
            rates_of: self.day("rates_of"),
            digest: match self.value("rates") {
                Some(Value::Hash(digest)) => Some(*digest),
                _ => None,
            },
        }
    }

    fn number(&self, key: &str) -> Option<i64> {
        match self.value(key)? {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }
}

/// How a commitment stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitmentState {
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// To what end.
    pub goal: Goal,
    /// What counts.
    pub measure: Measure,
    /// Of what sort the target is.
    pub kind: TargetKind,
    /// How many, for a count.
    pub count: i64,
    /// How much, for money.
    pub money: Option<Money>,
    /// The last day.
    pub due: NaiveDate,
    /// Which party sees to it.
    pub owner: OrganizationId,
    /// Where it stood.
    pub status: CommitmentStatus,
    /// What evidence added that nothing has replaced.
    pub added: Vec<Added>,
}

/// What a piece of evidence added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// Its id; older lines name none.
    evidence: Option<Uuid>,
    /// The day it is of.
    pub on: NaiveDate,
    /// What.
    pub adds: Adds,
    /// The rates locked with it.
    pub lock: RateLock,
}

/// What the lines read so far say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Where the programme stood.
    pub status: Option<ProgrammeStatus>,
    /// When it came into force first.
    pub in_force_at: Option<DateTime<Utc>>,
    /// Its first day by the text of that time.
    starts_on: Option<NaiveDate>,
    /// The days on which its parties signed that text.
    signatures: BTreeMap<Uuid, NaiveDate>,
    /// Admitted startups' profiles.
    pub startups: BTreeSet<Uuid>,
    /// Admitted mandates.
    pub mandates: BTreeSet<Uuid>,
    /// Introductions asked for.
    pub requested: BTreeSet<Uuid>,
    /// Introductions whose mail went out.
    pub sent: BTreeSet<Uuid>,
    /// Introductions of which somebody said that the two met.
    met: BTreeMap<Uuid, Meeting>,
    /// Deals.
    pub deals: BTreeMap<Uuid, DealCourse>,
    /// What firms show each other, by the code of how it stood.
    pub practices: BTreeMap<Uuid, String>,
    /// Sessions that were held and not taken back.
    pub sessions: BTreeMap<Uuid, HeldSession>,
    /// Commitments.
    pub commitments: BTreeMap<Uuid, CommitmentState>,
    /// Evidence that no commitment has.
    pub apart: Apart,
    /// When a deal was first opened.
    pub first_deal: Option<NaiveDate>,
}

/// A session in which one firm showed another something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldSession {
    /// Its day.
    pub held_on: NaiveDate,
    /// How long it took.
    pub minutes: i64,
}

/// When two met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meeting {
    /// The day that somebody named.
    on: Option<NaiveDate>,
    /// The day on which it was said.
    said_on: NaiveDate,
}

fn earliest(known: &mut Option<NaiveDate>, day: NaiveDate) {
    *known = Some(known.map_or(day, |known| known.min(day)));
}

impl Account {
    /// Reads one more line. `signed` are the stages at and after which a deal
    /// counts as signed, of all pipelines.
    pub fn read(&mut self, line: &Line<'_>, signed: &BTreeSet<String>) {
        match line.subject.kind {
            SubjectKind::Programme => self.programme(line),
            SubjectKind::Introduction => self.introduction(line),
            SubjectKind::Deal => self.deal(line, signed),
            SubjectKind::Practice => self.practice(line),
            _ => {}
        }
    }

    fn programme(&mut self, line: &Line<'_>) {
        match line.kind {
            "programme.created" => {
                self.status = Some(ProgrammeStatus::Draft);
                self.starts_on = line.day("starts_on");
            }
            "programme.amended" => self.starts_on = line.day("starts_on").or(self.starts_on),
            "programme.signed" => self.signed_by(line),
            "programme.moved" => {
                let to = line.code("to").and_then(ProgrammeStatus::from_code);
                self.status = to.or(self.status);
                if to == Some(ProgrammeStatus::Negotiation) {
                    // Whatever comes of that is another text.
                    self.signatures.clear();
                }
                if to == Some(ProgrammeStatus::Active) && self.in_force_at.is_none() {
                    self.in_force_at = Some(line.at);
                }
            }
            "programme.admitted" => match (line.code("kind"), line.id("id")) {
                (Some("startup_profile"), Some(id)) => drop(self.startups.insert(id)),
                (Some("mandate"), Some(id)) => drop(self.mandates.insert(id)),
                _ => {}
            },
            // Who takes part no more is not counted as admitted.
            "programme.admission_withdrawn" => match (line.code("kind"), line.id("id")) {
                (Some("startup_profile"), Some(id)) => drop(self.startups.remove(&id)),
                (Some("mandate"), Some(id)) => drop(self.mandates.remove(&id)),
                _ => {}
            },
            _ => self.commitment(line),
        }
    }

    fn signed_by(&mut self, line: &Line<'_>) {
        let Some(party) = line.id("organization") else {
            return;
        };
        match line.day("signed_on") {
            Some(day) if line.code("signing") == Some("signed") => {
                self.signatures.insert(party, day);
            }
            _ => {
                self.signatures.remove(&party);
            }
        }
    }

    /// The day of the MoU: once it is in force, the one on which the last party
    /// signed, or its first day by its text where that came later; before, that
    /// first day. Where nobody's signature is on record, the day on which it came
    /// into force.
    pub fn mou_on(&self) -> Option<NaiveDate> {
        let Some(in_force_at) = self.in_force_at else {
            return self.starts_on;
        };
        match self.signatures.values().max() {
            Some(signed) => Some(self.starts_on.map_or(*signed, |day| day.max(*signed))),
            None => Some(in_force_at.date_naive()),
        }
    }

    fn commitment(&mut self, line: &Line<'_>) {
        let sort = line.code("kind");
        follow(&mut self.apart, line.kind, line.id("evidence"), sort);
        let Some(id) = line.id("commitment") else {
            return;
        };
        match line.kind {
            "commitment.made" | "commitment.changed" => {
                let before = self.commitments.remove(&id);
                if let Some(state) = promised(line, before) {
                    self.commitments.insert(id, state);
                }
            }
            "commitment.moved" => {
                let to = line.code("to").and_then(CommitmentStatus::from_code);
                if let (Some(state), Some(to)) = (self.commitments.get_mut(&id), to) {
                    state.status = to;
                }
            }
            "commitment.evidenced" => {
                if let Some(state) = self.commitments.get_mut(&id) {
                    let adds = match (line.number("count"), line.money("amount")) {
                        (Some(count), _) => Adds::Count(count),
                        (None, Some(money)) => Adds::Money(money),
                        (None, None) if line.value("fulfils").is_some() => Adds::Fulfils,
                        (None, None) => Adds::Nothing,
                    };
                    let on = line.day("happened_on");
                    let on = on.unwrap_or(line.at.date_naive());
                    // Older lines say no rates: those of its day hold.
                    let mut lock = line.lock();
                    lock.rates_of = lock.rates_of.or(Some(on));
                    if let Some(replaced) = line.id("replaces") {
                        state.added.retain(|it| it.evidence != Some(replaced));
                    }
                    state.added.push(Added {
                        evidence: line.id("evidence"),
                        on,
                        adds,
                        lock,
                    });
                }
            }
            _ => {}
        }
    }

    fn introduction(&mut self, line: &Line<'_>) {
        let id = line.subject.id;
        match (line.kind, line.code("to")) {
            ("introduction.requested", _) => drop(self.requested.insert(id)),
            ("introduction.moved", Some("sent")) => drop(self.sent.insert(id)),
            ("introduction.moved", Some("met")) => {
                let said_on = line.at.date_naive();
                let on = line.day("met_on");
                self.met.entry(id).or_insert(Meeting { on, said_on });
            }
            ("introduction.met_on", _) => {
                if let Some(meeting) = self.met.get_mut(&id) {
                    meeting.on = line.day("met_on").or(meeting.on);
                }
            }
            _ => {}
        }
    }

    fn practice(&mut self, line: &Line<'_>) {
        let id = line.subject.id;
        match (line.kind, line.id("session")) {
            ("practice.proposed", _) => drop(self.practices.insert(id, "proposed".to_owned())),
            ("practice.moved", _) => {
                let state = self.practices.get_mut(&id);
                if let (Some(state), Some(to)) = (state, line.code("to")) {
                    to.clone_into(state);
                }
            }
            ("practice.session_held", Some(session)) => {
                let held_on = line.day("held_on").unwrap_or(line.at.date_naive());
                let minutes = line.number("minutes").unwrap_or(0);
                self.sessions
                    .insert(session, HeldSession { held_on, minutes });
            }
            ("practice.session_taken_back", Some(session)) => drop(self.sessions.remove(&session)),
            _ => {}
        }
    }

    /// Practices that both firms agreed to and neither ended without anything.
    pub fn practices_agreed(&self) -> usize {
        let states = self.practices.values();
        states
            .filter(|state| matches!(state.as_str(), "agreed" | "running" | "completed"))
            .count()
    }

    /// Practices of which something was adopted.
    pub fn practices_completed(&self) -> usize {
        let states = self.practices.values();
        states.filter(|state| *state == "completed").count()
    }

    /// Introductions after which the two met, with the day: the one that is
    /// recorded, else the one that somebody named, else the first on which
    /// anybody said so, be it that their deal went a step on.
    pub fn meetings(&self) -> BTreeMap<Uuid, NaiveDate> {
        // Recorded and seen, of all deals that came of an introduction.
        let mut of_deals: BTreeMap<Uuid, [Option<NaiveDate>; 2]> = BTreeMap::new();
        for deal in self.deals.values() {
            let Some(id) = deal.introduction else {
                continue;
            };
            let [recorded, seen] = of_deals.entry(id).or_default();
            *recorded = recorded.iter().copied().chain(deal.met_on()).min();
            *seen = seen.iter().copied().chain(deal.stepped()).min();
        }
        let ids: BTreeSet<&Uuid> = self.met.keys().chain(of_deals.keys()).collect();
        let day = |id: &Uuid| {
            let [recorded, seen] = of_deals.get(id).copied().unwrap_or_default();
            let said = self.met.get(id);
            // What is recorded tells the day of what was said to have happened.
            let first_said = said.map(|it| it.said_on).into_iter().chain(seen).min()?;
            let named = said.and_then(|it| it.on);
            Some(recorded.or(named).unwrap_or(first_said))
        };
        ids.into_iter()
            .filter_map(|id| Some((*id, day(id)?)))
            .collect()
    }

    /// The first day on which a session was held.
    pub fn first_session(&self) -> Option<NaiveDate> {
        self.sessions.values().map(|it| it.held_on).min()
    }

    /// When two first met.
    pub fn first_meeting(&self) -> Option<NaiveDate> {
        self.meetings().into_values().min()
    }

    /// When a deal was first signed.
    pub fn first_signature(&self) -> Option<NaiveDate> {
        self.deals.values().filter_map(DealCourse::signature).min()
    }

    /// When money first arrived.
    pub fn first_funding(&self) -> Option<NaiveDate> {
        let days = self.deals.values().filter_map(DealCourse::first_funding);
        days.min()
    }

    fn deal(&mut self, line: &Line<'_>, signed: &BTreeSet<String>) {
        let id = line.subject.id;
        if line.kind == "deal.opened" {
            self.deals.insert(id, DealCourse::opened(line));
            earliest(&mut self.first_deal, line.at.date_naive());
            return;
        }
        if let Some(deal) = self.deals.get_mut(&id) {
            deal.read(line, signed);
        }
    }

    /// Deals that were signed and still stand.
    pub fn signed(&self, signed: &BTreeSet<String>) -> usize {
        let deals = self.deals.values();
        deals
            .filter(|deal| deal.stands() && signed.contains(&deal.stage))
            .count()
    }

    /// What arrived, deal by deal.
    pub fn funded(&self) -> impl Iterator<Item = Vec<Funded>> + '_ {
        let of_each = self.deals.values().map(DealCourse::funded);
        of_each.filter(|of_deal| !of_deal.is_empty())
    }

    /// What that measure counts; none for money and for what people say.
    pub fn counted(&self, measure: Measure, signed: &BTreeSet<String>) -> Option<i64> {
        let count = match measure {
            Measure::IntroductionsSent => self.sent.len(),
            Measure::MeetingsHeld => self.meetings().len(),
            Measure::DealsOpened => self.deals.len(),
            Measure::DealsSigned => self.signed(signed),
            Measure::DealsFunded => self.funded().count(),
            Measure::StartupsAdmitted => self.startups.len(),
            Measure::MandatesAdmitted => self.mandates.len(),
            Measure::SessionsHeld => self.sessions.len(),
            Measure::PracticesCompleted => self.practices_completed(),
            Measure::MoneyFunded | Measure::Manual => return None,
        };
        i64::try_from(count).ok()
    }
}

fn promised(line: &Line<'_>, before: Option<CommitmentState>) -> Option<CommitmentState> {
    let kind = TargetKind::from_code(line.code("target")?)?;
    Some(CommitmentState {
        made_at: before.as_ref().map_or(line.at, |state| state.made_at),
        goal: Goal::from_code(line.code("goal")?)?,
        measure: Measure::from_code(line.code("measure")?)?,
        kind,
        count: line.number("target_count").unwrap_or(0),
        money: line.money("target_money"),
        due: line.day("due")?,
        owner: line.id("owner")?.into(),
        status: before
            .as_ref()
            .map_or(CommitmentStatus::Open, |state| state.status),
        added: before.map(|state| state.added).unwrap_or_default(),
    })
}

/// The facts of a commitment for the log; its words stand there as hashes.
pub fn promise_facts(details: &super::commitment::CommitmentDetails) -> Vec<(&'static str, Value)> {
    let mut facts = vec![
        ("goal", Value::Code(details.goal.code().to_owned())),
        ("measure", Value::Code(details.measure.code().to_owned())),
        (
            "target",
            Value::Code(details.target.kind().code().to_owned()),
        ),
        ("due", Value::Date(details.due)),
        ("owner", Value::Id(details.owner.uuid())),
        ("title", Value::hash_of(&details.title)),
    ];
    match &details.target {
        Target::Count(count) => facts.push(("target_count", Value::Int(*count))),
        Target::Money(money) => facts.push(("target_money", Value::Money(*money))),
        Target::Date(day) => facts.push(("target_date", Value::Date(*day))),
        Target::Text(text) => facts.push(("target_text", Value::hash_of(text))),
    }
    facts
}

#[cfg(test)]
mod tests;
