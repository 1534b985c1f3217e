//! The page behind the link in the e-mail about a deal that stands too long: a
//! button for each thing that its reader can say now. Only POST answers: scanners
//! of e-mail follow links.

pub(super) mod examples;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use askama::Template;
use serde::Deserialize;

use super::phrase::{Piece, phrase};
use super::question::NotePage;
use super::wording::{self, Wording};
use super::{page, same_site};
use crate::domain::text::Language;
use crate::http::problem::{Kind, Problem};
use crate::services::deal_entries::{self, DealWord, Opened, Page};
use crate::services::{Context, Error, consents};

/// The form: which button.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    answer: String,
    /// The version that the page showed.
    #[serde(default)]
    seen: i64,
    /// That it was asked whether they mean it.
    #[serde(default)]
    sure: String,
}

/// One button.
struct Button {
    code: &'static str,
    label: &'static str,
}

/// The question with its buttons.
#[derive(Template)]
#[template(path = "deal.html", config = "src/http/pages/askama.toml")]
struct DealPage {
    words: &'static Wording,
    question: Vec<Piece>,
    buttons: Vec<Button>,
    seen: i64,
    /// Asks whether they mean it.
    sure: bool,
    my_consents: String,
}

impl DealPage {
    fn of(context: &Context, shown: &Page) -> Self {
        let about = (shown.counterpart.as_str(), shown.programme.as_str());
        let my_consents = consents::token(context, &shown.person.email).unwrap_or_default();
        Self {
            seen: shown.version,
            ..Self::about(&shown.person.language, about, &shown.words, my_consents)
        }
    }

    /// Whether the side means it that it is out.
    fn sure(context: &Context, shown: &Page) -> Self {
        let page = Self::of(context, shown);
        let out = Button {
            code: DealWord::Out.code(),
            label: page.words.deal.sure,
        };
        Self {
            buttons: vec![out],
            sure: true,
            ..page
        }
    }

    /// The page about a deal with a counterpart in a programme.
    fn about(
        reader: &Language,
        (counterpart, programme): (&str, &str),
        can: &[DealWord],
        my_consents: String,
    ) -> Self {
        let words = wording::of(reader);
        let deal = &words.deal;
        let button = |word: &DealWord| Button {
            code: word.code(),
            label: match word {
                DealWord::Further => deal.further,
                DealWord::Later => deal.later,
                DealWord::Out => deal.out,
            },
        };
        let facts = [("counterpart", counterpart), ("programme", programme)];
        Self {
            words,
            question: phrase(deal.question, &facts),
            buttons: can.iter().map(button).collect(),
            seen: 0,
            sure: false,
            my_consents,
        }
    }
}

/// The question what became of a deal, behind a link.
///
/// Shows a button for each thing that can be said now, or that nothing waits for
/// its reader. Reading changes nothing.
#[utoipa::path(
    operation_id = "show_deal_page",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 400, example = "AwGT…")),
    responses(
        (status = 200, description = "The question, or that nothing waits.", content_type = "text/html", body = String),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
        (status = 410, description = "Too late.", content_type = "text/html", body = String),
    )
)]
#[get("/deals/{token}")]
pub(super) async fn show_deal(
    context: web::Data<Context>,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    show(&context, &token, StatusCode::OK).await
}

/// Says what became of a deal.
#[utoipa::path(
    operation_id = "answer_deal_page",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 400, example = "AwGT…")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`answer`: `further` (reports the next stage), `later` (puts it off for 30 days) or `out` (withdraws, once `sure` is `yes`; else it is asked). `seen`: the version that the page showed."),
    responses(
        (status = 200, description = "The question whether they mean it that they are out.", content_type = "text/html", body = String),
        (status = 303, description = "Recorded.", headers(("Location" = String, description = "The same page."))),
        (status = 403, description = "Another site's page sent the form."),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
        (status = 409, description = "It can't be said now, or the deal has moved since the page was shown.", content_type = "text/html", body = String),
        (status = 410, description = "Too late.", content_type = "text/html", body = String),
    )
)]
#[post("/deals/{token}")]
pub(super) async fn answer_deal(
    context: web::Data<Context>,
    request: HttpRequest,
    token: web::Path<String>,
    form: web::Form<Sent>,
) -> Result<HttpResponse, Problem> {
    same_site::check(&request, &context.settings.public_url)?;
    let word = DealWord::from_code(&form.answer)
        .ok_or_else(|| Problem::new(Kind::BadRequest).detail("The form has no such answer."))?;
    if word == DealWord::Out && form.sure != "yes" {
        return match deal_entries::open(&context, &token).await {
            Ok(Opened::Open(shown)) if shown.words.contains(&word) => {
                page(StatusCode::OK, &DealPage::sure(&context, &shown))
            }
            _ => show(&context, &token, StatusCode::CONFLICT).await,
        };
    }
    match deal_entries::answer(&context, &token, word, form.seen).await {
        Ok(()) => Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/deals/{token}")))
            .finish()),
        Err(Error::Refused(_) | Error::StaleVersion) => {
            show(&context, &token, StatusCode::CONFLICT).await
        }
        Err(Error::NotFound | Error::Forbidden) => {
            page(StatusCode::NOT_FOUND, &NotePage::invalid())
        }
        Err(other) => Err(other.into()),
    }
}

async fn show(context: &Context, token: &str, closed: StatusCode) -> Result<HttpResponse, Problem> {
    match deal_entries::open(context, token).await {
        Ok(Opened::Open(shown)) => page(closed, &DealPage::of(context, &shown)),
        Ok(Opened::Over(reader)) => {
            let note = NotePage::for_person(context, &reader, |words| &words.deal.over);
            page(closed, &note)
        }
        Ok(Opened::Expired(reader)) => page(
            StatusCode::GONE,
            &NotePage::to(&reader.language, |words| &words.deal.expired),
        ),
        Err(Error::NotFound) => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        Err(other) => Err(other.into()),
    }
}
