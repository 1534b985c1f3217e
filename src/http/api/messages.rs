//! The queue of messages: what waits, what went out, what was given up.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::SubjectView;
use super::exchange::{intent, path_id, query_code, query_email, query_id};
use super::finding::Wrong;
use super::transitions::TransitionsView;
use super::values::time;
use crate::domain::fault::Faults;
use crate::domain::mail_state::Hold;
use crate::domain::text::Email;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, MeantQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::messages::{self, Filter, Message, MessageState};
use crate::services::paging::PageRequest;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_messages)
        .service(list_own_messages)
        .service(get_message)
        .service(get_message_body)
        .service(list_message_transitions)
        .service(move_message);
}

/// Which messages.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessageFilters {
    /// Where they stand: `queued`, `held`, `sent`, `bounced`, `suppressed`,
    /// `dropped`, `cancelled` or `failed`.
    #[param(max_length = 20, example = "failed")]
    state: Option<String>,
    /// About the record with that id.
    #[param(max_length = 36, format = "uuid")]
    subject: Option<String>,
    /// Sent, or tried, to that address.
    #[param(max_length = 254, example = "dana@tamar.example")]
    email: Option<String>,
}

impl MessageFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let state = query_code("state", self.state.as_deref(), MessageState::from_code);
        let filter = Filter {
            state: wrong.take(state),
            subject: wrong.take(query_id("subject", self.subject.as_deref())),
            email: wrong.take(query_email("email", self.email.as_deref())),
        };
        wrong.or(filter)
    }
}

/// An intent to tell somebody something. To whom is looked up when it is sent.
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
    /// What it tells: `introduction_ask`, `introduction`, `pulse`…
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "introduction_ask")]
    pub notice: Option<&'static str>,
    /// Where it stands: `queued`, `held` (by the gate, or until its reader's
    /// morning), `sent`, `bounced`, `suppressed` (its address gets no such
    /// mail), `dropped` (no longer wanted), `cancelled` or `failed` (given up).
    #[schema(max_length = 20, example = "failed")]
    pub state: &'static str,
    /// Why it is held: `gate` or `quiet`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "quiet")]
    pub hold: Option<&'static str>,
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
    /// What the mail server said when it took it, addresses left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500, example = "2.0.0 Ok: queued as 4f1Q")]
    pub last_answer: Option<String>,
    /// When it was queued.
    #[schema(format = "date-time", max_length = 35)]
    pub created_at: String,
    /// When it was done, given up or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    pub finished_at: Option<String>,
    /// Since when it is known that it came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    pub bounced_at: Option<String>,
    /// Since when it is being handed over, or may have gone out without the
    /// server's word for it. For the mail of an introduction only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    pub sending_since: Option<String>,
    /// How often the server's answer was lost, so that it may have taken the
    /// message without our knowing. Such a message is tried again rarely.
    #[schema(minimum = 0, example = 0)]
    pub doubts: u32,
    /// Since when no mail server takes it from us: none can be reached, or its
    /// policy is against our address or signature. It waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    pub unserved_since: Option<String>,
    /// The addresses that it was sent, or tried, to; with one message only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10)]
    pub recipients: Option<Vec<String>>,
}

impl From<&Message> for MessageView {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id.to_string(),
            kind: message.kind.clone(),
            subject: message.subject.into(),
            message_id: message.message_id.clone(),
            notice: messages::notice(message),
            state: message.standing().code(),
            hold: message.hold.map(Hold::code),
            attempts: message.attempts,
            available_at: time(message.available_at),
            last_error: message.last_error.as_deref().map(without_addresses),
            last_answer: message.last_answer.as_deref().map(without_addresses),
            created_at: time(message.created_at),
            bounced_at: message.bounced_at.map(time),
            finished_at: message.finished_at.map(time),
            sending_since: message.sending_since.map(time),
            doubts: message.doubts,
            unserved_since: message.unserved_since.map(time),
            recipients: None,
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
    query: MeantQuery<MessageFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(MessageFilters::read)?;
    let page = messages::list(&context, &caller, filter, PageRequest::from(page)).await?;
    let view = PageView {
        items: page.items.iter().map(MessageView::from).collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(view.respond(&request))
}

/// A mail to the caller's own address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnMessage)]
pub struct OwnMessageView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "introduction_ask")]
    notice: Option<&'static str>,
    /// The record it is about.
    subject: SubjectView,
    /// Where it stands, as for all messages.
    #[schema(max_length = 20, example = "sent")]
    state: &'static str,
    /// When it was queued.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it was sent or ended otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    finished_at: Option<String>,
}

impl From<&Message> for OwnMessageView {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id.to_string(),
            notice: messages::notice(message),
            subject: message.subject.into(),
            state: message.standing().code(),
            created_at: time(message.created_at),
            finished_at: message.finished_at.map(time),
        }
    }
}

/// The mail that was sent, or tried, to the caller's own address, oldest
/// first.
#[utoipa::path(
    operation_id = "list_own_messages",
    tag = "accounts",
    params(PageQuery),
    responses((status = 200, description = "A page.", body = PageView<OwnMessageView>))
)]
#[get("/v1/me/messages")]
async fn list_own_messages(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = messages::own(&context, &caller, PageRequest::from(query.page)).await?;
    let view = PageView {
        items: page.items.iter().map(OwnMessageView::from).collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(view.respond(&request))
}

/// What a mail said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageBody)]
pub struct MessageBodyView {
    /// Its subject.
    #[schema(max_length = 998)]
    subject: String,
    /// Its text, links into the service left out.
    #[schema(max_length = 100_000)]
    text: String,
    /// The same as HTML.
    #[schema(max_length = 200_000)]
    html: String,
    /// When it was sent.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

/// What a mail said, for as long as that is kept (30 days by default).
///
/// Links into the service are left out, since they prove who their reader is.
#[utoipa::path(
    operation_id = "get_message_body",
    tag = "messages",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "Its words.", body = MessageBodyView))
)]
#[get("/v1/messages/{id}/body")]
async fn get_message_body(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (copy, at) = messages::body(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(MessageBodyView {
        subject: copy.subject,
        text: copy.text,
        html: copy.html,
        created_at: time(at),
    }))
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
    let id = path_id(&id)?;
    let (message, to) = messages::find_with_recipients(&context, &caller, id).await?;
    Ok(HttpResponse::Ok().json(MessageView {
        recipients: Some(to.iter().map(Email::to_string).collect()),
        ..MessageView::from(&message)
    }))
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

/// Has a message tried again that was given up, came back, or was kept from its
/// address.
///
/// It needs no version: only such a message is taken, and only once. Lift the
/// suppression of its address first.
#[utoipa::path(
    operation_id = "move_message",
    tag = "messages",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewMessageTransition,
    responses((status = 200, description = "It waits to be sent.", body = MessageView), (status = 409, description = "It waits already, or was sent."))
)]
#[post("/v1/messages/{id}/transitions")]
async fn move_message(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewMessageTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/messages/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    body.read(|it| it.read())?;
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
