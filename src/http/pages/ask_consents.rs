//! The page that sends the way to one's consents: mail to both sides of an
//! introduction, and pages of links that others may hold by now, lead here,
//! since a link that knows its reader has no place in them.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_LANGUAGE, LOCATION};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use askama::Template;
use serde::Deserialize;
use utoipa::IntoParams;

use super::examples::{Shown, alone};
use super::phrase::{Piece, phrase};
use super::wording::{self, Wording};
use super::{page, same_site};
use crate::domain::text::{Email, Language};
use crate::http::problem::Problem;
use crate::services::{Context, consents};

/// In which language, and whether the link was asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AskQuery {
    /// `en`, `he`, `az` or `ru`; else as the browser wants it.
    #[param(max_length = 35, example = "az")]
    lang: Option<String>,
    /// The link was asked for.
    #[param(max_length = 10, example = "yes")]
    sent: Option<String>,
}

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AskForm {
    email: String,
}

/// The form, or that it was sent.
#[derive(Template)]
#[template(path = "ask_consents.html", config = "src/http/pages/askama.toml")]
struct AskPage<'a> {
    words: &'static Wording,
    others: Vec<&'static Wording>,
    lead: Vec<Piece>,
    email: &'a str,
    fault: bool,
    sent: bool,
}

impl AskPage<'_> {
    fn of(context: &Context, words: &'static Wording) -> Self {
        Self::blank(words, context.settings.operator.display_name().as_str())
    }

    fn blank(words: &'static Wording, operator: &str) -> Self {
        let others = wording::ALL.into_iter().filter(|it| it.tag != words.tag);
        Self {
            words,
            others: others.collect(),
            lead: phrase(words.consents.ask.lead, &[("operator", operator)]),
            email: "",
            fault: false,
            sent: false,
        }
    }
}

/// The language that is asked for, else the first that the browser wants and
/// there is.
fn language(asked: Option<&str>, request: &HttpRequest) -> &'static Wording {
    let known = |tag: &str| {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let mut all = wording::ALL.into_iter();
        all.find(|it| it.tag.eq_ignore_ascii_case(primary))
    };
    let header = request.headers().get(ACCEPT_LANGUAGE);
    let wanted = header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut wanted = wanted
        .split(',')
        .filter_map(|one| known(one.split(';').next().unwrap_or_default().trim()));
    asked
        .and_then(known)
        .or_else(|| wanted.next())
        .unwrap_or_else(|| wording::of(&Language::english()))
}

/// The form, with a fault, and that it was sent, in one language.
pub(super) fn examples(reader: &Language, operator: &str) -> Vec<Shown> {
    let words = wording::of(reader);
    let page = |email, fault, sent| AskPage {
        email,
        fault,
        sent,
        ..AskPage::blank(words, operator)
    };
    vec![
        ("my_consents_ask", alone(&page("", false, false))),
        ("my_consents_ask_fault", alone(&page("@", true, false))),
        ("my_consents_ask_sent", alone(&page("", false, true))),
    ]
}

/// A form that asks for an address, to which the link to its consents is sent.
#[utoipa::path(
    operation_id = "show_consent_request",
    tag = "pages",
    security(()),
    params(AskQuery),
    responses((status = 200, description = "The form, or that it was sent.", content_type = "text/html", body = String))
)]
#[get("/my-consents")]
pub(super) async fn show_form(
    context: web::Data<Context>,
    request: HttpRequest,
    query: web::Query<AskQuery>,
) -> Result<HttpResponse, Problem> {
    let words = language(query.lang.as_deref(), &request);
    let form = AskPage {
        sent: query.sent.is_some(),
        ..AskPage::of(&context, words)
    };
    page(StatusCode::OK, &form)
}

/// Sends the link to an address, if anything was agreed to with it or it has an
/// account.
///
/// The answer is the same if not, and an address that gets no mail gets none.
#[utoipa::path(
    operation_id = "request_consents_link",
    tag = "pages",
    security(()),
    params(AskQuery),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`email`: the address."),
    responses(
        (status = 303, description = "Accepted.", headers(("Location" = String, description = "The same page, which says so."))),
        (status = 403, description = "Another site's page sent the form."),
        (status = 422, description = "The form with what is wrong.", content_type = "text/html", body = String),
        (status = 429, description = "Too many from here."),
    )
)]
#[post("/my-consents")]
pub(super) async fn send_link(
    context: web::Data<Context>,
    request: HttpRequest,
    query: web::Query<AskQuery>,
    form: web::Form<AskForm>,
) -> Result<HttpResponse, Problem> {
    same_site::check(&request, &context.settings.public_url)?;
    let form = form.into_inner();
    let words = language(query.lang.as_deref(), &request);
    let Ok(email) = form.email.trim().parse::<Email>() else {
        let again = AskPage {
            email: &form.email,
            fault: true,
            ..AskPage::of(&context, words)
        };
        return page(StatusCode::UNPROCESSABLE_ENTITY, &again);
    };
    consents::send_link(&context, &email).await?;
    let place = format!("/my-consents?lang={}&sent=yes", words.tag);
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, place))
        .finish())
}
