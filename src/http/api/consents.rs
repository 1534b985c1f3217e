//! What the caller agreed to.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{intent, path_id};
use super::timeline::hex;
use super::values::time;
use crate::http::caller::Authenticated;
use crate::http::fields::{JsonBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::consents::{self, Given, Purpose};
use crate::services::paging::PageRequest;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_consents)
        .service(get_consent_words)
        .service(give_consent)
        .service(withdraw_consent)
        .service(renew_consent);
}

/// What the caller agreed to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What for: `introduction`, or `introductions` for being proposed at all.
    #[schema(max_length = 40, example = "introduction")]
    purpose: &'static str,
    /// To which introduction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    introduction: Option<String>,
    /// In which programme, by its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Israel–Azerbaijan")]
    programme: Option<String>,
    /// For which firm, by its name.
    #[schema(max_length = 200, example = "Tamar")]
    organization: String,
    /// What the caller called themselves.
    #[schema(max_length = 200, example = "Dana Levi")]
    person_name: String,
    /// Their part in the firm.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "Founder")]
    person_role: Option<String>,
    /// Who runs the service.
    #[schema(max_length = 200, example = "Corridor operator")]
    operator: String,
    /// Under which law.
    #[schema(max_length = 40, example = "il_protection_of_privacy")]
    law: String,
    /// What is covered.
    #[schema(max_items = 10, example = json!(["name", "role", "email", "organization", "profile"]))]
    data: Vec<&'static str>,
    /// The firm that name and address were passed on to, once both were told.
    /// It may read the name and profile of one's own firm before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Khazar Capital")]
    recipient: Option<String>,
    /// The country of who it is passed on to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2, example = "AZ")]
    country: Option<String>,
    /// What becomes of it in the end.
    #[schema(max_length = 60, example = "at_its_end_unless_the_law_wants_it_kept")]
    deletion: &'static str,
    /// Whether a curator of the programme may get the mail that connects, too.
    curator_in_copy: bool,
    /// The text that was agreed to.
    #[schema(max_length = 10000)]
    text: String,
    /// Its SHA-256.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    text_hash: String,
    /// Its language.
    #[schema(max_length = 35, example = "he")]
    language: String,
    /// How it was given: `request`, `mailed_link`, `signed_in`, `submission` of a
    /// profile, or `own_act` by publishing a record of one's own firm.
    #[schema(max_length = 20, example = "mailed_link")]
    method: String,
    /// `standing`, `expired` or `withdrawn`.
    #[schema(max_length = 10, example = "standing")]
    state: &'static str,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    given_at: String,
    /// How long it holds.
    #[schema(format = "date-time", max_length = 35)]
    valid_to: String,
    /// When it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    withdrawn_at: Option<String>,
}

impl ConsentView {
    /// How it stands at that moment.
    pub fn of(given: &Given, now: DateTime<Utc>) -> Self {
        let (introduction, programme) = match &given.purpose {
            Purpose::Introduction {
                introduction,
                programme,
            } => (Some(introduction.to_string()), Some(programme.clone())),
            Purpose::Proposals => (None, None),
        };
        Self {
            id: given.id.to_string(),
            purpose: given.purpose.code(),
            introduction,
            programme,
            organization: given.organization.clone(),
            person_name: given.person_name.clone(),
            person_role: given.person_role.clone(),
            operator: given.operator.clone(),
            law: given.law.clone(),
            data: given.data.clone(),
            recipient: given.recipient.clone(),
            country: given.country.map(|country| country.code().to_owned()),
            deletion: given.deletion,
            curator_in_copy: given.curator_copy,
            text: given.text.clone(),
            text_hash: given.text_hash.clone(),
            language: given.language.to_string(),
            method: given.method.clone(),
            state: match given.withdrawn_at {
                Some(_) => "withdrawn",
                None if now < given.valid_to => "standing",
                None => "expired",
            },
            given_at: time(given.given_at),
            valid_to: time(given.valid_to),
            withdrawn_at: given.withdrawn_at.map(time),
        }
    }
}

/// What the caller agreed to, oldest first.
#[utoipa::path(
    operation_id = "list_consents",
    tag = "accounts",
    params(PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ConsentView>))
)]
#[get("/v1/me/consents")]
async fn list_consents(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let page = consents::own(&context, &caller, PageRequest::from(query.page)).await?;
    let view = PageView {
        items: page
            .items
            .iter()
            .map(|given| ConsentView::of(given, context.now()))
            .collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(view.respond(&request))
}

/// What a consent to be proposed says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentWords)]
pub struct ConsentWordsView {
    /// The language of the text: the caller's, or English.
    #[schema(max_length = 35, example = "az")]
    language: &'static str,
    /// The text.
    #[schema(max_length = 10000)]
    text: String,
    /// Its SHA-256, as receipts have it.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    text_hash: String,
}

/// Shows what the caller would agree to by putting a record of their own firm
/// forward (`submit` of a profile, `publish` of a profile or mandate) or by
/// agreeing by name.
#[utoipa::path(
    operation_id = "get_consent_words",
    tag = "accounts",
    responses((status = 200, description = "The words.", body = ConsentWordsView))
)]
#[get("/v1/me/consents/words")]
async fn get_consent_words(Authenticated(caller): Authenticated) -> Result<HttpResponse, Problem> {
    let words = consents::words(&caller)?;
    Ok(HttpResponse::Ok().json(ConsentWordsView {
        language: words.language,
        text_hash: hex(&words.hash()),
        text: words.text,
    }))
}

/// A consent that shall be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// The firm that agrees to be proposed to others.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
}

/// Agrees that a firm of the caller's is proposed to others.
///
/// For a firm whose people never said so, or whose consent has run out or ends
/// within a month: until it stands, nothing new of the firm is shown. Putting a
/// record of one's own firm forward (`submit` of a startup's profile, `publish`
/// of a mandate) says the same, in the same words, which
/// `GET /v1/me/consents/words` shows before.
#[utoipa::path(
    operation_id = "give_consent",
    tag = "accounts",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewConsent,
    responses(
        (status = 200, description = "Given.", body = ConsentView),
        (status = 404, description = "The caller doesn't answer for such a firm."),
        (status = 409, description = "It stands, or it was taken back, which a renewal gives again."),
    )
)]
#[post("/v1/me/consents")]
async fn give_consent(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: JsonBody<NewConsent>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/me/consents", &request, &key, body.bytes());
    let firm = path_id(&body.into_inner().organization)?;
    let given = consents::give_own(&context, &caller, intent, firm).await?;
    Ok(HttpResponse::Ok().json(ConsentView::of(&given, context.now())))
}

/// Takes back what the caller agreed to.
///
/// It holds at once: an introduction that was not sent ends, and its mail is
/// not sent. What was sent before can't be called back. Without the consent to
/// be proposed at all, what is shown of the firm is paused as well, unless
/// somebody else of it stands by theirs.
#[utoipa::path(
    operation_id = "withdraw_consent",
    tag = "accounts",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    responses(
        (status = 200, description = "Taken back.", body = ConsentView),
        (status = 409, description = "It was taken back before."),
    )
)]
#[post("/v1/me/consents/{id}/withdrawal")]
async fn withdraw_consent(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/me/consents/{id}/withdrawal", &request, &key, b"");
    let given = consents::withdraw_own(&context, &caller, intent, (path_id(&id)?, None)).await?;
    Ok(HttpResponse::Ok().json(ConsentView::of(&given, context.now())))
}

/// How a consent is given again.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RenewalQuery {
    /// Whether what was paused when it was taken back is published again.
    #[serde(default)]
    #[param(default = false)]
    publish: bool,
}

/// Gives again that the caller's firm is proposed to others.
///
/// A new consent in the words of the one that was taken back, by the caller or
/// somebody else of a firm that the caller answers for. What was paused for that
/// is published again with the same step if `publish` is true, as far as nothing
/// else stands against it; else it can be published again record by record.
#[utoipa::path(
    operation_id = "renew_consent",
    tag = "accounts",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
        RenewalQuery,
    ),
    responses(
        (status = 200, description = "Given again.", body = ConsentView),
        (status = 409, description = "It stands, or the caller no longer answers for the firm."),
    )
)]
#[post("/v1/me/consents/{id}/renewal")]
async fn renew_consent(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    id: web::Path<String>,
    query: Query<RenewalQuery>,
) -> Result<HttpResponse, Problem> {
    let publish = query.0.publish;
    let body: &[u8] = if publish { b"publish" } else { b"" };
    let intent = intent("POST /v1/me/consents/{id}/renewal", &request, &key, body);
    let of = (path_id(&id)?, None);
    let given = consents::renew_own(&context, &caller, intent, of, publish).await?;
    Ok(HttpResponse::Ok().json(ConsentView::of(&given, context.now())))
}
