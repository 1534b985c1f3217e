//! What came back of mail: a mail provider says so, the operator's people read
//! it.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{intent, path_id, query_code, query_email, query_id};
use super::finding::Wrong;
use super::messages::without_addresses;
use super::values::time;
use crate::domain::bounce::{
    Bounce, BounceKind, BounceOutcome, BounceSource, Delivery, DeliveryAction, Notification, Status,
};
use crate::domain::calendar_reply::of_calendar as calendar_of;
use crate::domain::fault::Faults;
use crate::domain::meeting_answer::CalendarReply;
use crate::domain::text::{Email, bounded};
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::bounces::{self, Filter};
use crate::services::paging::PageRequest;

/// Longest text of a provider's.
const TEXT_MAX: usize = 2_000;
/// Longest calendar.
const CALENDAR_MAX: usize = 65_536;
/// Longest id of a provider's, and longest address or Message-ID.
const ID_MAX: usize = 300;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_bounces)
        .service(report_bounce)
        .service(get_bounce);
}

/// What a mail provider says became of a mail to one address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBounce {
    /// What happened: `failed` (not delivered, no longer tried), `delayed`
    /// (still tried), `delivered`, `relayed`, `expanded` (RFC 3464),
    /// `complaint` (its reader called it spam), or `calendar_reply` (a calendar
    /// answered an invitation, `METHOD:REPLY` or `COUNTER`).
    #[schema(max_length = 20, example = "failed")]
    event: String,
    /// The address it went to; of a calendar's answer, whoever sent that.
    #[schema(format = "email", max_length = 254, example = "dana@tamar.example")]
    recipient: String,
    /// The sender address of the envelope, which proves that the mail was
    /// ours. This or `message_id` is needed, but for a calendar's answer.
    #[schema(
        max_length = 300,
        example = "bounces+agjzdkqh3zz6jlxuzlqa7rk7yy5cvp2hk5jzg6q@corridor.example"
    )]
    return_path: Option<String>,
    /// The Message-ID of the mail, for providers that send under an envelope
    /// of their own.
    #[schema(max_length = 300)]
    message_id: Option<String>,
    /// The enhanced status code (RFC 3463). A failure is for good when it
    /// begins with 5, or when there is none and `diagnostic` is a reply that
    /// does; not so of a mailbox that is full (5.2.2, 5.3.1), nor of what is
    /// held against the sender (5.7.x, 5.1.7, 5.1.8), which is only noted.
    #[schema(max_length = 11, example = "5.1.1")]
    status: Option<String>,
    /// What the other server said.
    #[schema(max_length = 2000, example = "smtp; 550 5.1.1 no such user")]
    diagnostic: Option<String>,
    /// The provider's own id of what happened. The same id again is the same
    /// event; without one, the same content is.
    #[schema(max_length = 300, example = "evt-8812")]
    id: Option<String>,
    /// With `calendar_reply`: the calendar that came (RFC 5545), as text.
    #[schema(max_length = 65536)]
    calendar: Option<String>,
}

/// What happened, in our words.
enum Event {
    Delivery(DeliveryAction),
    Complaint,
    CalendarReply,
}

impl NewBounce {
    fn read(self, context: &Context, body: &[u8]) -> Result<Notification, Faults> {
        let mut faults = Faults::new();
        let event = match self.event.as_str() {
            "complaint" => Some(Event::Complaint),
            "calendar_reply" => Some(Event::CalendarReply),
            code => DeliveryAction::from_code(code).map(Event::Delivery),
        };
        if event.is_none() {
            faults.push("/event", "unknown_code", "This is no event of a mail.");
        }
        let email = faults.take("/recipient", "invalid_email", self.recipient.parse());
        let status = self.status.as_deref();
        let status = status
            .and_then(|text| faults.take("/status", "invalid_status", text.parse::<Status>()));
        for (pointer, text, most) in [
            ("/return_path", &self.return_path, ID_MAX),
            ("/message_id", &self.message_id, ID_MAX),
            ("/diagnostic", &self.diagnostic, TEXT_MAX),
            ("/id", &self.id, ID_MAX),
        ] {
            if let Some(text) = text {
                faults.take(pointer, "invalid_text", bounded(text, most, true));
            }
        }
        let answers = matches!(event, Some(Event::CalendarReply));
        let reply = calendar_reply(
            &mut faults,
            answers,
            self.calendar.as_deref(),
            email.as_ref(),
        );
        let returned_to = match (self.return_path, &self.message_id) {
            (None, None) if answers => vec![],
            (Some(path), None) => vec![path],
            (None, Some(id)) => bounces::return_path_of(context, id).into_iter().collect(),
            _ => {
                let detail = "Either `return_path` or `message_id` says which mail it was.";
                faults.push("", "one_of", detail);
                vec![]
            }
        };
        match (event, email) {
            (Some(event), Some(email)) if faults.is_empty() => Ok(Notification {
                source: BounceSource::Provider,
                identity: self.id.map_or_else(|| body.to_vec(), String::into_bytes),
                returned_to,
                deliveries: delivery(&event, email, status, self.diagnostic.as_deref())
                    .into_iter()
                    .collect(),
                reply,
            }),
            _ => Err(faults),
        }
    }
}

fn delivery(
    event: &Event,
    email: Email,
    status: Option<Status>,
    diagnostic: Option<&str>,
) -> Option<Delivery> {
    match event {
        Event::Delivery(action) => Some(Delivery::new(vec![email], *action, status, diagnostic)),
        Event::Complaint => Some(Delivery::complaint(email)),
        Event::CalendarReply => None,
    }
}

/// What a calendar answers, where that is what happened.
fn calendar_reply(
    faults: &mut Faults,
    answers: bool,
    calendar: Option<&str>,
    from: Option<&Email>,
) -> Option<CalendarReply> {
    let calendar = match (answers, calendar) {
        (true, Some(calendar)) => calendar,
        (true, None) => {
            faults.push("/calendar", "required", "The answer itself is needed.");
            return None;
        }
        (false, Some(_)) => {
            let detail = "Only an answer of a calendar (`calendar_reply`) comes with one.";
            faults.push("/calendar", "not_both", detail);
            return None;
        }
        (false, None) => return None,
    };
    if calendar.chars().count() > CALENDAR_MAX {
        faults.push("/calendar", "too_long", "A calendar's answer is shorter.");
        return None;
    }
    let read = calendar_of(calendar, from?);
    if read.is_none() {
        let detail = "This is no answer of a calendar to an invitation.";
        faults.push("/calendar", "not_a_calendar_reply", detail);
    }
    read
}

/// Which notices.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BounceFilters {
    /// What became of them: `suppressed`, `counted`, `noted`, `ignored`,
    /// `unknown`, `forged` or `answered`.
    #[param(max_length = 20, example = "suppressed")]
    outcome: Option<String>,
    /// About that address.
    #[param(max_length = 254, example = "dana@tamar.example")]
    email: Option<String>,
    /// About that message.
    #[param(max_length = 36, format = "uuid")]
    message: Option<String>,
}

impl BounceFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let outcome = query_code("outcome", self.outcome.as_deref(), BounceOutcome::from_code);
        let filter = Filter {
            outcome: wrong.take(outcome),
            email: wrong.take(query_email("email", self.email.as_deref())),
            message: wrong.take(query_id("message", self.message.as_deref())),
        };
        wrong.or(filter)
    }
}

/// What came back of one mail to one address, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bounce)]
pub struct BounceView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// How it got here: `mailbox`, `provider`, or `session` where a server said
    /// so while it was handed the mail.
    #[schema(max_length = 20, example = "provider")]
    source: &'static str,
    /// What became of it: the address is `suppressed` from now on, `counted`
    /// as one that can't take mail for now, or the notice is `noted` with
    /// nothing to do, `ignored` since nothing failed, `unknown` since it names
    /// no mail on record, `forged`, or `answered` where it was a calendar's
    /// answer to an invitation that is in the meeting's record now.
    #[schema(max_length = 20, example = "suppressed")]
    outcome: &'static str,
    /// The message that came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    message: Option<String>,
    /// The address, one of those the message went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "email", max_length = 254, example = "dana@tamar.example")]
    email: Option<String>,
    /// What it means: `hard`, `soft` or `complaint`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "hard")]
    kind: Option<&'static str>,
    /// The enhanced status code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 11, example = "5.1.1")]
    status: Option<String>,
    /// What the other server said, addresses left out; of a calendar's answer,
    /// what it says and why it doesn't count, if it doesn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    diagnostic: Option<String>,
    /// When it was read.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl From<&Bounce> for BounceView {
    fn from(bounce: &Bounce) -> Self {
        Self {
            id: bounce.id.to_string(),
            source: bounce.source.code(),
            outcome: bounce.outcome.code(),
            message: bounce.message.map(|id| id.to_string()),
            email: bounce.email.as_ref().map(Email::to_string),
            kind: bounce.kind.map(BounceKind::code),
            status: bounce.status.clone(),
            diagnostic: bounce.diagnostic.as_deref().map(without_addresses),
            created_at: time(bounce.created_at),
        }
    }
}

/// What came back of mail, oldest first.
#[utoipa::path(
    operation_id = "list_bounces",
    tag = "messages",
    params(BounceFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<BounceView>))
)]
#[get("/v1/bounces")]
async fn list_bounces(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<BounceFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(BounceFilters::read)?;
    let page = bounces::list(&context, &caller, filter, PageRequest::from(page)).await?;
    let view = PageView {
        items: page.items.iter().map(BounceView::from).collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(view.respond(&request))
}

/// Says what became of a mail: for the provider that sends it.
///
/// A key of somebody who looks after the mail, limited to `bounces:write`, is
/// all it takes. The mail is known by its envelope's sender, which can't be
/// made up, or by its Message-ID; whoever it didn't go to isn't touched. An
/// address that is no good gets no mail from then on, but what its account
/// needs, and a curator hears of it.
#[utoipa::path(
    operation_id = "report_bounce",
    tag = "messages",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewBounce,
    responses((status = 201, description = "It is on record, with what became of it; said again, it is the same record.", body = BounceView, headers(("Location" = String))))
)]
#[post("/v1/bounces")]
async fn report_bounce(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewBounce>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/bounces", &request, &key, body.bytes());
    let content = body.bytes().to_vec();
    let notification = body.read(|it| it.read(&context, &content))?;
    let bounce = bounces::report(&context, &caller, intent, notification).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/bounces/{}", bounce.id)))
        .json(BounceView::from(&bounce)))
}

/// What came back of one mail to one address.
#[utoipa::path(
    operation_id = "get_bounce",
    tag = "messages",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The notice.", body = BounceView))
)]
#[get("/v1/bounces/{id}")]
async fn get_bounce(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let bounce = bounces::find(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(BounceView::from(&bounce)))
}
