//! The page behind the link in the e-mail that asks how an introduction goes:
//! a button an answer. Only POST answers: scanners of e-mail follow links.

pub(super) mod examples;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::phrase::{Piece, phrase};
use super::question::NotePage;
use super::wording::{self, Note, Wording};
use super::{page, same_site};
use crate::domain::pulse::{PulseAnswer, PulseKind};
use crate::domain::text::Language;
use crate::http::problem::{Kind, Problem};
use crate::services::apart::Apart;
use crate::services::introductions::{OpenPulse, answer_pulse, open_pulse};
use crate::services::{Context, Error, consents};

/// The form: which button.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    answer: String,
    /// The day on which the two met; empty where nobody names one.
    #[serde(default)]
    met_on: String,
}

/// One button.
struct Button {
    code: &'static str,
    label: &'static str,
}

/// Where the day of a meeting is asked for.
struct Day {
    value: String,
    first: NaiveDate,
    last: NaiveDate,
    wrong: bool,
}

/// The question with its buttons.
#[derive(Template)]
#[template(path = "pulse.html", config = "src/http/pages/askama.toml")]
struct PulsePage {
    words: &'static Wording,
    question: Vec<Piece>,
    day: Option<Day>,
    buttons: Vec<Button>,
    my_consents: String,
}

impl PulsePage {
    /// The page; with the day that somebody sent, where it can't be.
    fn of(context: &Context, open: &OpenPulse, wrong_day: Option<&str>) -> Self {
        let my_consents = consents::token(context, &open.person.email).unwrap_or_default();
        let reader = &open.person.language;
        let (first, last) = open.days;
        let day = Day {
            value: wrong_day.unwrap_or_default().to_owned(),
            first,
            last,
            wrong: wrong_day.is_some(),
        };
        let about = (open.pulse.kind, open.counterpart.as_str());
        Self::about(reader, about, day, my_consents)
    }

    fn about(
        reader: &Language,
        (kind, counterpart): (PulseKind, &str),
        day: Day,
        my_consents: String,
    ) -> Self {
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
            day: (kind == PulseKind::Open).then_some(day),
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
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`answer`: `met`, `talking`, `no_reply` or `not_a_fit`; long after a close `yes` or `no`. With `met` the day, `met_on`, if somebody names it."),
    responses(
        (status = 303, description = "Recorded.", headers(("Location" = String, description = "The same page."))),
        (status = 403, description = "Another site's page sent the form."),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
        (status = 409, description = "It was answered before.", content_type = "text/html", body = String),
        (status = 410, description = "Too late.", content_type = "text/html", body = String),
        (status = 422, description = "The two can't have met on that day.", content_type = "text/html", body = String),
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
    let met_on = match form.met_on.as_str() {
        "" => None,
        _ if answer != PulseAnswer::Met => None,
        text => match text.parse::<NaiveDate>() {
            Ok(day) => Some(day),
            Err(_) => return show_again(&context, &token, text).await,
        },
    };
    match answer_pulse(&context, &token, answer, met_on).await {
        Ok(()) => Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/pulse/{token}")))
            .finish()),
        Err(Error::Refused(_) | Error::StaleVersion) => {
            show(&context, &token, StatusCode::CONFLICT).await
        }
        Err(Error::Invalid(_)) => show_again(&context, &token, &form.met_on).await,
        Err(Error::NotFound) => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        Err(other) => Err(other.into()),
    }
}

async fn show(context: &Context, token: &str, closed: StatusCode) -> Result<HttpResponse, Problem> {
    show_with(context, token, closed, None).await
}

/// The page once more, for a day on which the two can't have met.
async fn show_again(context: &Context, token: &str, day: &str) -> Result<HttpResponse, Problem> {
    show_with(context, token, StatusCode::UNPROCESSABLE_ENTITY, Some(day)).await
}

async fn show_with(
    context: &Context,
    token: &str,
    closed: StatusCode,
    wrong_day: Option<&str>,
) -> Result<HttpResponse, Problem> {
    let open = match open_pulse(context, token).await {
        Ok(open) => open,
        Err(Error::NotFound) => return page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        Err(other) => return Err(other.into()),
    };
    let reader = &open.person;
    // A day that can't be is no matter where nothing can be answered.
    let settled = wrong_day.map_or(closed, |_| StatusCode::CONFLICT);
    if open.pulse.answer.is_some() {
        let note = NotePage::for_person(context, reader, |words| &words.pulse.answered);
        return page(settled, &note);
    }
    if open.late {
        return page(
            StatusCode::GONE,
            &NotePage::to(&reader.language, |words| &words.pulse.expired),
        );
    }
    if let Some(apart) = open.apart {
        let note: fn(&'static Wording) -> &'static Note = match apart {
            Apart::Frozen => |words| &words.pulse.paused,
            Apart::Barred => |words| &words.over,
        };
        return page(settled, &NotePage::for_person(context, reader, note));
    }
    page(closed, &PulsePage::of(context, &open, wrong_day))
}
