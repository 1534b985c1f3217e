//! The page behind the link in each mail: what its reader agreed to, with a
//! button that takes it back. Only POST takes anything back.

pub(super) mod examples;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::phrase::{Piece, date, phrase};
use super::question::NotePage;
use super::wording::{self, Wording};
use super::{page, same_site};
use crate::http::problem::{Kind, Problem};
use crate::services::consents::{self, Consents, Given, Purpose};
use crate::services::{Context, Error};

/// The form: which consent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    consent: String,
}

/// One consent.
struct Entry<'a> {
    id: String,
    title: Vec<Piece>,
    lines: Vec<Vec<Piece>>,
    lang: &'a str,
    dir: &'static str,
    text: &'a str,
    holds: bool,
}

/// What somebody agreed to.
#[derive(Template)]
#[template(path = "my_consents.html", config = "src/http/pages/askama.toml")]
struct ConsentsPage<'a> {
    words: &'static Wording,
    lead: Vec<Piece>,
    entries: Vec<Entry<'a>>,
    token: &'a str,
}

impl<'a> ConsentsPage<'a> {
    fn of(context: &Context, consents: &'a Consents, token: &'a str) -> Self {
        let words = wording::of(&consents.language);
        let operator = context.settings.operator.display_name();
        let facts = [
            ("address", consents.email.as_str()),
            ("operator", operator.as_str()),
        ];
        let entry = |given| Entry::of(context, words, &consents.language, given);
        Self {
            words,
            lead: phrase(words.consents.lead, &facts),
            entries: consents.given.iter().map(entry).collect(),
            token,
        }
    }
}

impl<'a> Entry<'a> {
    fn of(
        context: &Context,
        words: &'static Wording,
        reader: &crate::domain::text::Language,
        given: &'a Given,
    ) -> Self {
        let own = &words.consents;
        let day = |at: DateTime<Utc>| date(at.date_naive(), words.entries.date, words);
        let organization = ("organization", given.organization.as_str());
        let title = match &given.purpose {
            Purpose::Introduction { programme, .. } => {
                phrase(own.introduction, &[("programme", programme), organization])
            }
            Purpose::Proposals => phrase(own.proposals, &[organization]),
        };
        let mut lines = vec![match (&given.recipient, &given.purpose) {
            (Some(name), _) => phrase(own.recipient, &[("recipient", name)]),
            (None, Purpose::Introduction { .. }) => phrase(own.recipient_later, &[]),
            (None, Purpose::Proposals) => phrase(own.recipient_proposals, &[]),
        }];
        if let Some(country) = given.country {
            let name = context.wording.word("country", country.code(), reader);
            let name = name.unwrap_or(country.code());
            lines.push(phrase(own.country, &[("country", name)]));
        }
        lines.push(phrase(own.data, &[]));
        let given_on = [
            ("day", day(given.given_at)),
            ("name", given.person_name.clone()),
        ];
        let given_on = given_on
            .each_ref()
            .map(|(name, fact)| (*name, fact.as_str()));
        lines.push(phrase(own.given, &given_on));
        let ended = given.valid_to <= context.now();
        let (sentence, at) = match given.withdrawn_at {
            Some(at) => (own.withdrawn, at),
            None if ended => (own.over, given.valid_to),
            None => (own.valid, given.valid_to),
        };
        lines.push(phrase(sentence, &[("day", &day(at))]));
        Self {
            id: given.id.to_string(),
            title,
            lines,
            lang: given.language.as_str(),
            dir: given.language.direction(),
            text: &given.text,
            holds: given.withdrawn_at.is_none() && !ended,
        }
    }
}

/// What the reader of a mail agreed to.
///
/// Reading changes nothing.
#[utoipa::path(
    operation_id = "show_my_consents",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 600, example = "AZMp…")),
    responses(
        (status = 200, description = "The consents, each with a button that takes it back.", content_type = "text/html", body = String),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
    )
)]
#[get("/my-consents/{token}")]
pub(super) async fn show_consents(
    context: web::Data<Context>,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    show(&context, &token, StatusCode::OK).await
}

/// Takes back what the reader of a mail agreed to.
///
/// It holds at once: an introduction that was not sent ends, and its mail is
/// not sent.
#[utoipa::path(
    operation_id = "withdraw_consent_by_link",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 600, example = "AZMp…")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`consent`: the id of the consent."),
    responses(
        (status = 303, description = "Taken back.", headers(("Location" = String, description = "The same page."))),
        (status = 403, description = "Another site's page sent the form."),
        (status = 404, description = "No link of this service, or no consent of its reader.", content_type = "text/html", body = String),
        (status = 409, description = "It was taken back before.", content_type = "text/html", body = String),
    )
)]
#[post("/my-consents/{token}")]
pub(super) async fn withdraw(
    context: web::Data<Context>,
    request: HttpRequest,
    token: web::Path<String>,
    form: web::Form<Sent>,
) -> Result<HttpResponse, Problem> {
    same_site::check(&request, &context.settings.public_url)?;
    let id = Uuid::parse_str(&form.consent)
        .map_err(|_| Problem::new(Kind::BadRequest).detail("The form names no consent."))?;
    match consents::withdraw_by_link(&context, &token, id).await {
        Ok(()) => Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/my-consents/{token}")))
            .finish()),
        Err(Error::Refused(_)) => show(&context, &token, StatusCode::CONFLICT).await,
        Err(Error::NotFound) => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        Err(other) => Err(other.into()),
    }
}

async fn show(context: &Context, token: &str, status: StatusCode) -> Result<HttpResponse, Problem> {
    match consents::of_link(context, token).await {
        Ok(found) => page(status, &ConsentsPage::of(context, &found, token)),
        Err(Error::NotFound) => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        Err(other) => Err(other.into()),
    }
}
