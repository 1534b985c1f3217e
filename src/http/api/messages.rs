//! The queue of messages: what waits, what went out, what was given up.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::SubjectView;
use super::exchange::{intent, path_id, query_code};
use super::transitions::TransitionsView;
use crate::domain::fault::Faults;
use crate::http::caller::Authenticated;
use crate::http::fields::JsonBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::messages::{self, Message, State};
use crate::services::paging::PageRequest;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_messages)
        .service(get_message)
        .service(list_message_transitions)
        .service(move_message);
}

/// Which messages.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessageFilters {
    /// `pending`, `done`, `dead` or `cancelled`.
    #[param(max_length = 20, example = "dead")]
    state: Option<String>,
}

/// An intent to tell somebody something. To whom is looked up when it is sent
/// and never shown here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    pub id: String,
    /// How it is sent.
    #[schema(max_length = 40, example = "mail")]
    pub kind: String,
    /// The record it is about.
    pub subject: SubjectView,
    /// The Message-ID, the same on every attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    pub message_id: Option<String>,
    /// What became of it so far.
    #[schema(max_length = 20, example = "dead")]
    pub state: &'static str,
    /// Attempts so far.
    #[schema(minimum = 0, example = 5)]
    pub attempts: u32,
    /// When it is due, or when the attempt that runs must be over.
    #[schema(format = "date-time", max_length = 35)]
    pub available_at: String,
    /// Why the last attempt failed, addresses left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub last_error: Option<String>,
    /// When it was queued.
    #[schema(format = "date-time", max_length = 35)]
    pub created_at: String,
    /// When it was done, given up or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    pub finished_at: Option<String>,
    /// Since when it is being handed over, or may have gone out without the
    /// server's word for it. For the mail of an introduction only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    pub sending_since: Option<String>,
}

impl From<&Message> for MessageView {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id.to_string(),
            kind: message.kind.clone(),
            subject: message.subject.into(),
            message_id: message.message_id.clone(),
            state: message.state.code(),
            attempts: message.attempts,
            available_at: message.available_at.to_rfc3339(),
            last_error: message.last_error.as_deref().map(without_addresses),
            created_at: message.created_at.to_rfc3339(),
            finished_at: message.finished_at.map(|at| at.to_rfc3339()),
            sending_since: message.sending_since.map(|at| at.to_rfc3339()),
        }
    }
}

/// A server's words without the addresses that servers like to repeat.
pub(super) fn without_addresses(text: &str) -> String {
    let words = text.split(' ');
    let words = words.map(|word| if word.contains('@') { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Messages, oldest first.
#[utoipa::path(
    operation_id = "list_messages",
    tag = "messages",
    params(MessageFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<MessageView>))
)]
#[get("/v1/messages")]
async fn list_messages(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: ListQuery<MessageFilters>,
) -> Result<HttpResponse, Problem> {
    let state = query_code("state", query.filters.state.as_deref(), State::from_code)?;
    let page = messages::list(&context, &caller, state, PageRequest::from(query.page)).await?;
    let view = PageView {
        items: page.items.iter().map(MessageView::from).collect(),
        next_cursor: page.next,
    };
    Ok(view.respond(&request))
}

/// One message.
#[utoipa::path(
    operation_id = "get_message",
    tag = "messages",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The message.", body = MessageView))
)]
#[get("/v1/messages/{id}")]
async fn get_message(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let message = messages::find(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(MessageView::from(&message)))
}

/// What can be done with a message now.
#[utoipa::path(
    operation_id = "list_message_transitions",
    tag = "messages",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The actions that are the caller's.", body = TransitionsView))
)]
#[get("/v1/messages/{id}/transitions")]
async fn list_message_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let message = messages::find(&context, &caller, path_id(&id)?).await?;
    let retry = messages::retry_verdict(&caller, &message);
    let actions = retry.map(|verdict| ("retry", verdict.err()));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What to do with a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessageTransition {
    /// `retry`.
    #[schema(max_length = 40, example = "retry")]
    action: String,
}

impl NewMessageTransition {
    fn read(&self) -> Result<(), Faults> {
        let mut faults = Faults::new();
        if self.action != "retry" {
            faults.push("/action", "unknown_action", "A message knows only “retry”.");
        }
        faults.finish()
    }
}

/// Has a message tried again that was given up.
///
/// It needs no version: only a dead message is taken, and only once.
#[utoipa::path(
    operation_id = "move_message",
    tag = "messages",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewMessageTransition,
    responses((status = 200, description = "It waits to be sent.", body = MessageView), (status = 409, description = "It was not given up."))
)]
#[post("/v1/messages/{id}/transitions")]
async fn move_message(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: JsonBody<NewMessageTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/messages/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    body.into_inner().read()?;
    let message = messages::retry(&context, &caller, intent, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(MessageView::from(&message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_lose_their_addresses() {
        let said = "550 5.1.1 <dana@tamar.example>: no such user";
        assert_eq!(without_addresses(said), "550 5.1.1 … no such user");
    }
}
