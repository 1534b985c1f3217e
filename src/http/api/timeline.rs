//! The log as timelines of records: whole for the operator's people, for a
//! side only what it may know.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;
use uuid::Uuid;

pub use super::timeline_query::TimelineQuery;
pub use super::timeline_rules::{
    ADMISSION, CLOSING, COMMITMENT, DEAL, EVIDENCE, INTRODUCTION, LICENCE, MATCH, ORGANIZATION,
    PARTNER_INTRODUCTION, PRACTICE, PROGRAMME, RECORD, REFERRAL, SideRules, TASK, WALL,
};
use super::values::{MoneyView, time};
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::http::problem::Problem;
use crate::services::log::{Kinds, PAGE, SealedEvent, timeline, timeline_of, timeline_of_part};
use crate::services::{Caller, Context, Error};

/// A part of a record's timeline, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timeline)]
pub struct TimelineView {
    /// The events.
    #[schema(max_items = 100)]
    pub items: Vec<EventView>,
    /// `after` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub next_after: Option<i64>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEvent)]
pub struct EventView {
    /// Its place in the log.
    #[schema(minimum = 1)]
    pub position: i64,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    pub at: String,
    /// What.
    #[schema(max_length = 80, example = "introduction.moved")]
    pub kind: String,
    /// By whom.
    pub actor: ActorView,
    /// The facts: codes, ids, numbers, amounts, days, hashes of texts.
    #[schema(value_type = Object)]
    pub payload: Map<String, Json>,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub struct ActorView {
    /// `user`, `link` or `system`.
    #[schema(max_length = 10, example = "user")]
    pub kind: &'static str,
    /// The person, or the question whose link was used; for a side only if it
    /// was the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub id: Option<String>,
}

impl From<Actor> for ActorView {
    fn from(actor: Actor) -> Self {
        Self {
            kind: actor.code(),
            id: actor.id().map(|id| id.to_string()),
        }
    }
}

/// A part of the log as it was read.
#[derive(Default)]
pub struct Timeline {
    events: Vec<SealedEvent>,
    next_after: Option<i64>,
}

/// Reads a part of the timeline of a record that the caller was found to be
/// allowed to read.
pub async fn read(
    context: &Context,
    subject: Subject,
    query: &TimelineQuery,
) -> Result<Timeline, Problem> {
    let &TimelineQuery { after, limit } = query;
    let events = timeline(context, subject, after, limit).await?;
    let next_after = events.last().filter(|_| events.len() == limit);
    Ok(Timeline {
        next_after: next_after.map(|event| event.position),
        events,
    })
}

/// [`read`], as far as the events are of some kinds.
pub async fn read_kinds(
    context: &Context,
    subject: Subject,
    kinds: Kinds,
    query: &TimelineQuery,
) -> Result<Timeline, Problem> {
    let &TimelineQuery { after, limit } = query;
    let mut events = timeline_of(context, subject, kinds, after).await?;
    events.truncate(limit);
    let next_after = events.last().filter(|_| events.len() == limit);
    Ok(Timeline {
        next_after: next_after.map(|event| event.position),
        events,
    })
}

/// What tells of a part of some records of a kind: their events that name it
/// by a fact, such as a programme's of a commitment.
#[derive(Clone)]
pub struct PartOf {
    /// The records.
    pub records: (SubjectKind, Vec<Uuid>),
    /// The fact.
    pub fact: (&'static str, Value),
}

impl PartOf {
    /// A part of one record.
    pub fn one(subject: Subject, fact: (&'static str, Value)) -> Self {
        Self {
            records: (subject.kind, vec![subject.id]),
            fact,
        }
    }

    async fn read(
        &self,
        context: &Context,
        kinds: Kinds,
        (after, limit): (i64, usize),
    ) -> Result<Vec<SealedEvent>, Error> {
        let Self { records, fact } = self.clone();
        timeline_of_part(context, records, fact, kinds, after, limit).await
    }
}

/// Reads the timeline of a part of a record as far as its events are of some
/// kinds.
pub async fn read_part(
    context: &Context,
    part: &PartOf,
    kinds: Kinds,
    query: &TimelineQuery,
) -> Result<Timeline, Problem> {
    let &TimelineQuery { after, limit } = query;
    let events = part.read(context, kinds, (after, limit)).await?;
    let next_after = events.last().filter(|_| events.len() == limit);
    Ok(Timeline {
        next_after: next_after.map(|event| event.position),
        events,
    })
}

/// [`read_for_side`] of a part of a record.
pub async fn read_part_for_side(
    context: &Context,
    caller: &Caller,
    part: &PartOf,
    query: &TimelineQuery,
    rules: &SideRules,
) -> Result<TimelineView, Problem> {
    shown(context, caller, Told::Part(part), query, rules).await
}

impl Timeline {
    /// Both in the order of the log, as far as one answer goes.
    #[must_use]
    pub fn with(mut self, other: Self, query: &TimelineQuery) -> Self {
        let limit = query.limit;
        let more = self.next_after.is_some() || other.next_after.is_some();
        self.events.extend(other.events);
        self.events.sort_by_key(|event| event.position);
        let more = more || self.events.len() > limit;
        self.events.truncate(limit);
        let last = self.events.last().filter(|_| more);
        self.next_after = last.map(|event| event.position);
        self
    }

    /// All of it for the operator's people; for others without who did it. For
    /// records of one firm, which have nothing to hide from it.
    pub fn for_caller(&self, caller: &Caller) -> TimelineView {
        let mut view = self.whole();
        if !caller.reads_everything() {
            for event in &mut view.items {
                event.actor.id = None;
            }
        }
        view
    }

    /// Everything, for the operator's people.
    pub fn whole(&self) -> TimelineView {
        TimelineView {
            items: self.events.iter().map(EventView::of).collect(),
            next_after: self.next_after,
        }
    }
}

/// Reads what a side may know of a timeline: no ids of others, no hashes, no
/// reasons, no actions of compliance. It reads on until there are as many
/// events as were asked for, so that what is hidden leaves neither a gap nor a
/// position.
pub async fn read_for_side(
    context: &Context,
    caller: &Caller,
    subject: Subject,
    query: &TimelineQuery,
    rules: &SideRules,
) -> Result<TimelineView, Problem> {
    shown(context, caller, Told::Record(subject), query, rules).await
}

/// What is told of.
#[derive(Clone, Copy)]
enum Told<'a> {
    Record(Subject),
    Part(&'a PartOf),
}

async fn shown(
    context: &Context,
    caller: &Caller,
    told: Told<'_>,
    query: &TimelineQuery,
    rules: &SideRules,
) -> Result<TimelineView, Problem> {
    let &TimelineQuery { mut after, limit } = query;
    let mut items: Vec<EventView> = Vec::new();
    loop {
        let events = match told {
            Told::Record(subject) => timeline_of(context, subject, rules.kinds, after).await?,
            Told::Part(part) => part.read(context, rules.kinds, (after, PAGE)).await?,
        };
        for event in events.iter().filter(|event| rules.shows(caller, event)) {
            if items.len() == limit {
                let next_after = items.last().map(|last| last.position);
                return Ok(TimelineView { items, next_after });
            }
            items.push(rules.view(caller, event));
        }
        match events.last().filter(|_| events.len() == PAGE) {
            Some(last) => after = last.position,
            None => {
                return Ok(TimelineView {
                    items,
                    next_after: None,
                });
            }
        }
    }
}

impl TimelineView {
    /// Without whether it was a person, a link or the service that did what the
    /// reader did not do.
    #[must_use]
    pub fn without_others(mut self) -> Self {
        for event in &mut self.items {
            if event.actor.id.is_none() {
                event.actor = Actor::System.into();
            }
        }
        self
    }
}

impl EventView {
    /// All of an event, for the operator's people.
    pub fn of(event: &SealedEvent) -> Self {
        let facts = event.payload.iter();
        Self {
            position: event.position,
            at: time(event.at),
            kind: event.kind.clone(),
            actor: event.actor.into(),
            payload: facts
                .map(|(key, value)| (key.clone(), fact(value)))
                .collect(),
        }
    }
}

impl SideRules {
    /// The kinds of event.
    pub const fn kinds(&self) -> Kinds {
        self.kinds
    }

    fn shows(&self, caller: &Caller, event: &SealedEvent) -> bool {
        let own = event.actor == caller.actor();
        let hidden = |(key, value): &(String, Value)| {
            let named = |actions: &[&str]| matches!(value, Value::Code(action) if actions.contains(&action.as_str()));
            key == "action" && (named(self.hidden_actions) || !own && named(self.own_actions))
        };
        !(event.payload.iter().any(hidden) || self.only_changes && self.stays(event))
    }

    /// Whether it moved a record between states that its reader knows as one.
    fn stays(&self, event: &SealedEvent) -> bool {
        let state = |wanted: &str| {
            event.payload.iter().find_map(|(key, value)| match value {
                Value::Code(code) if key == wanted => Some((self.state)(code)),
                _ => None,
            })
        };
        state("from").is_some_and(|from| state("to") == Some(from))
    }

    fn view(&self, caller: &Caller, event: &SealedEvent) -> EventView {
        let facts = event.payload.iter();
        let facts =
            facts.filter(|(key, _)| self.facts.is_none_or(|known| known.contains(&key.as_str())));
        let own = event.actor == caller.actor();
        EventView {
            actor: ActorView {
                kind: event.actor.code(),
                id: (own && self.own_id).then(|| caller.id().to_string()),
            },
            payload: facts
                .map(|(key, value)| (key.clone(), self.fact(key, value)))
                .collect(),
            ..EventView::of(event)
        }
    }

    fn fact(&self, key: &str, value: &Value) -> Json {
        match value {
            Value::Code(code) if matches!(key, "from" | "to") => json!((self.state)(code)),
            other => fact(other),
        }
    }
}

fn fact(value: &Value) -> Json {
    match value {
        Value::Code(code) => json!(code),
        Value::Id(id) => json!(id.to_string()),
        Value::Int(number) => json!(number),
        Value::Flag(flag) => json!(flag),
        Value::Money(money) => json!(MoneyView::from(*money)),
        Value::Date(day) => json!(day.to_string()),
        Value::Hash(hash) => json!(hex(hash)),
        Value::Codes(codes) => json!(codes),
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
