//! The page behind the link in the e-mail that asks how an introduction goes:
//! a button an answer. Only POST answers: scanners of e-mail follow links.

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
use crate::domain::pulse::{PulseAnswer, PulseKind};
use crate::domain::text::Language;
use crate::http::problem::{Kind, Problem};
use crate::services::introductions::{OpenPulse, answer_pulse, open_pulse};
use crate::services::{Context, Error, consents};

/// The form: which button.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    answer: String,
}

/// One button.
struct Button {
    code: &'static str,
    label: &'static str,
}

/// The question with its buttons.
#[derive(Template)]
#[template(path = "pulse.html", config = "src/http/pages/askama.toml")]
struct PulsePage {
    words: &'static Wording,
    question: Vec<Piece>,
    buttons: Vec<Button>,
    my_consents: String,
}

impl PulsePage {
    fn of(context: &Context, open: &OpenPulse) -> Self {
        let my_consents = consents::token(context, &open.person.email).unwrap_or_default();
        let reader = &open.person.language;
        Self::about(reader, open.pulse.kind, &open.counterpart, my_consents)
    }

    fn about(reader: &Language, kind: PulseKind, counterpart: &str, my_consents: String) -> Self {
        let words = wording::of(reader);
        let pulse = &words.pulse;
        let (question, answers) = match kind {
            PulseKind::Open => (
                pulse.open,
                vec![
                    (PulseAnswer::Met, pulse.met),
                    (PulseAnswer::Talking, pulse.talking),
                    (PulseAnswer::NoReply, pulse.no_reply),
                    (PulseAnswer::NotAFit, pulse.not_a_fit),
                ],
            ),
            PulseKind::Late => (
                pulse.late,
                vec![(PulseAnswer::Yes, pulse.yes), (PulseAnswer::No, pulse.no)],
            ),
        };
        let button = |(answer, label): (PulseAnswer, _)| Button {
            code: answer.code(),
            label,
        };
        Self {
            words,
            question: phrase(question, &[("counterpart", counterpart)]),
            buttons: answers.into_iter().map(button).collect(),
            my_consents,
        }
    }
}

/// The question how an introduction goes, behind a link.
///
/// Shows a button an answer, or that it was answered or came too late. Reading
/// changes nothing.
#[utoipa::path(
    operation_id = "show_pulse",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 200, example = "AwGT…")),
    responses(
        (status = 200, description = "The question, or that it was answered.", content_type = "text/html", body = String),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
        (status = 410, description = "Too late.", content_type = "text/html", body = String),
    )
)]
#[get("/pulse/{token}")]
pub(super) async fn show_pulse(
    context: web::Data<Context>,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    show(&context, &token, StatusCode::OK).await
}

/// Answers how an introduction goes, once.
#[utoipa::path(
    operation_id = "answer_pulse",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 200, example = "AwGT…")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`answer`: `met`, `talking`, `no_reply` or `not_a_fit`; long after a close `yes` or `no`."),
    responses(
        (status = 303, description = "Recorded.", headers(("Location" = String, description = "The same page."))),
        (status = 403, description = "Another site's page sent the form."),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
        (status = 409, description = "It was answered before.", content_type = "text/html", body = String),
        (status = 410, description = "Too late.", content_type = "text/html", body = String),
    )
)]
#[post("/pulse/{token}")]
pub(super) async fn click(
    context: web::Data<Context>,
    request: HttpRequest,
    token: web::Path<String>,
    form: web::Form<Sent>,
) -> Result<HttpResponse, Problem> {
    same_site::check(&request, &context.settings.public_url)?;
    let answer = PulseAnswer::from_code(&form.answer)
        .ok_or_else(|| Problem::new(Kind::BadRequest).detail("The form has no such answer."))?;
    match answer_pulse(&context, &token, answer).await {
        Ok(()) => Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/pulse/{token}")))
            .finish()),
        Err(Error::Refused(_) | Error::StaleVersion) => {
            show(&context, &token, StatusCode::CONFLICT).await
        }
        Err(Error::NotFound) => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        Err(other) => Err(other.into()),
    }
}

async fn show(context: &Context, token: &str, closed: StatusCode) -> Result<HttpResponse, Problem> {
    let open = match open_pulse(context, token).await {
        Ok(open) => open,
        Err(Error::NotFound) => return page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        Err(other) => return Err(other.into()),
    };
    let reader = &open.person;
    if open.pulse.answer.is_some() {
        let note = NotePage::for_person(context, reader, |words| &words.pulse.answered);
        return page(closed, &note);
    }
    if open.late {
        return page(
            StatusCode::GONE,
            &NotePage::to(&reader.language, |words| &words.pulse.expired),
        );
    }
    page(closed, &PulsePage::of(context, &open))
}
