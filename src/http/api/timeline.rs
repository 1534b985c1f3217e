//! What happened to a record, from the log, the same in every noun.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use utoipa::{IntoParams, ToSchema};

use super::values::{MoneyView, time};
use crate::domain::event::{Actor, Subject, Value};
use crate::http::problem::{Kind, Problem};
use crate::services::log::{self, SealedEvent};
use crate::services::{Caller, Context};

/// Which part of a timeline.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// Only what comes after this position.
    #[serde(default)]
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64, default = 0)]
    pub after: i64,
    /// At most so many events.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: usize,
}

const fn default_limit() -> usize {
    50
}

impl TimelineQuery {
    /// The position and the limit.
    ///
    /// # Errors
    /// 400 if one is out of range.
    pub fn read(&self) -> Result<(i64, usize), Problem> {
        if !(1..=log::PAGE).contains(&self.limit) {
            let detail = format!("`limit` must be 1–{}.", log::PAGE);
            return Err(Problem::new(Kind::BadQuery).detail(detail));
        }
        if self.after < 0 {
            return Err(Problem::new(Kind::BadQuery).detail("`after` must not be below 0."));
        }
        Ok((self.after, self.limit))
    }
}

/// A part of a timeline.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Timeline)]
pub struct TimelineView {
    /// In the order of the log.
    #[schema(max_items = 100)]
    pub items: Vec<EventView>,
    /// What `after` has to be for the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_after: Option<i64>,
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// Its place in the log of the whole service.
    #[schema(minimum = 1)]
    pub position: i64,
    /// When.
    #[schema(format = DateTime, max_length = 40)]
    pub at: String,
    /// What, as `<record>.<past participle>`.
    #[schema(max_length = 100, example = "startup_profile.submitted")]
    pub kind: String,
    /// Who did it.
    pub actor: ActorView,
    /// The facts: codes, ids, numbers, amounts, days, hashes of texts.
    #[schema(additional_properties, value_type = Object)]
    pub payload: BTreeMap<String, Json>,
}

/// Who did something.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Actor)]
pub struct ActorView {
    /// `user`, `link` (somebody who followed a mailed link) or `system`.
    #[schema(max_length = 20, example = "user")]
    pub kind: String,
    /// Which one; for the operator's people only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    pub id: Option<String>,
}

/// A part of the timeline of a record.
#[derive(Debug)]
pub struct Timeline {
    events: Vec<SealedEvent>,
    limit: usize,
}

/// Reads a part of the timeline of a record that the caller was found to be
/// allowed to read.
///
/// # Errors
/// 400 for a query out of range, or what the store says.
pub async fn read(
    context: &Context,
    subject: Subject,
    query: &TimelineQuery,
) -> Result<Timeline, Problem> {
    let (after, limit) = query.read()?;
    let events = log::timeline(context, subject, after, limit).await?;
    Ok(Timeline { events, limit })
}

impl Timeline {
    /// All of it for the operator's people; without who did it for others.
    pub fn for_caller(&self, caller: &Caller) -> TimelineView {
        self.view(caller.reads_everything())
    }

    /// All of it.
    pub fn whole(&self) -> TimelineView {
        self.view(true)
    }

    fn view(&self, names_actors: bool) -> TimelineView {
        self.select(|event| Some(EventView::of(event, names_actors)))
    }

    /// What `view` makes of each event; some may be left out.
    pub fn select(&self, view: impl Fn(&SealedEvent) -> Option<EventView>) -> TimelineView {
        let last = self.events.last().map(|event| event.position);
        TimelineView {
            items: self.events.iter().filter_map(view).collect(),
            next_after: last.filter(|_| self.events.len() == self.limit),
        }
    }
}

impl EventView {
    /// An event with its facts; who did it only if `names_actors`.
    pub fn of(event: &SealedEvent, names_actors: bool) -> Self {
        let facts = event.payload.iter();
        Self {
            position: event.position,
            at: time(event.at),
            kind: event.kind.clone(),
            actor: ActorView::of(event.actor, names_actors),
            payload: facts
                .map(|(key, value)| (key.clone(), fact(value)))
                .collect(),
        }
    }
}

impl ActorView {
    /// Who did something; which one only if `named`.
    pub fn of(actor: Actor, named: bool) -> Self {
        Self {
            kind: actor.code().to_owned(),
            id: actor.id().filter(|_| named).map(|id| id.to_string()),
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
        Value::Hash(hash) => json!(format!("sha256:{}", hex(hash))),
        Value::Codes(codes) => json!(codes),
    }
}

/// A hash in lower-case hexadecimal.
pub fn hex(hash: &[u8; 32]) -> String {
    let mut text = String::new();
    for byte in hash {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
