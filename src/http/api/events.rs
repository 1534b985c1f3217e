//! The whole log, for the auditor: every event in its place, with the hash of
//! the chain and the payload as it was hashed.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::timeline::{ActorView, TimelineQuery, hex};
use super::values::time;
use crate::http::caller::Authenticated;
use crate::http::fields::Query;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::log::{self, SealedEvent};

/// Registers the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_events);
}

/// A part of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Log)]
pub struct LogView {
    /// By position, without gaps.
    #[schema(max_items = 100)]
    pub items: Vec<LoggedView>,
    /// `after` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub next_after: Option<i64>,
}

/// One line of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedEvent)]
pub struct LoggedView {
    /// Its place, from 1.
    #[schema(minimum = 1)]
    pub position: i64,
    /// The chain's SHA-256 up to and with it, in hexadecimal.
    #[schema(min_length = 64, max_length = 64)]
    pub hash: String,
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    pub id: String,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    pub at: String,
    /// What.
    #[schema(max_length = 80, example = "match.computed")]
    pub kind: String,
    /// To which record.
    pub subject: SubjectView,
    /// By whom.
    pub actor: ActorView,
    /// The facts as JSON, to the byte as they were hashed.
    #[schema(max_length = 20_000)]
    pub payload: String,
}

/// A record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subject)]
pub struct SubjectView {
    /// What kind.
    #[schema(max_length = 40, example = "match")]
    pub kind: &'static str,
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    pub id: String,
}

impl From<crate::domain::event::Subject> for SubjectView {
    fn from(subject: crate::domain::event::Subject) -> Self {
        Self {
            kind: subject.kind.code(),
            id: subject.id.to_string(),
        }
    }
}

impl From<&SealedEvent> for LoggedView {
    fn from(event: &SealedEvent) -> Self {
        Self {
            position: event.position,
            hash: hex(&event.hash),
            id: event.id.to_string(),
            at: time(event.at),
            kind: event.kind.clone(),
            subject: event.subject.into(),
            actor: event.actor.into(),
            payload: event.payload_text.clone(),
        }
    }
}

/// The log after a position; for the auditor.
#[utoipa::path(
    operation_id = "list_events",
    tag = "log",
    params(TimelineQuery),
    responses((status = 200, description = "By position.", body = LogView))
)]
#[get("/v1/events")]
async fn list_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let TimelineQuery { after, limit } = query.0;
    let events = log::page(&context, &caller, after, limit).await?;
    let last = events.last().filter(|_| events.len() == limit);
    Ok(HttpResponse::Ok().json(LogView {
        next_after: last.map(|event| event.position),
        items: events.iter().map(LoggedView::from).collect(),
    }))
}
