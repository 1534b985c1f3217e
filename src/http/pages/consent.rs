//! The page behind the link in the e-mail that asks somebody whether they
//! want to be introduced. Only POST answers: scanners of e-mail follow links.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};

use super::question::{NotePage, QuestionPage, Sent};
use super::{page, same_site};
use crate::domain::fault::{Fault, Faults};
use crate::domain::introduction::Reply;
use crate::domain::meeting::Enclosed;
use crate::domain::text::{Name, bounded};
use crate::http::answer::{Parts, read};
use crate::http::problem::Problem;
use crate::http::slots;
use crate::services::introductions::{Answerer, Opened, Question, answer_link, open_link};
use crate::services::{Context, Error};

const ROLE_MAX: usize = 100;

/// The question behind a link.
///
/// Shows the question with its form, or that it was answered, is paused or
/// closed, or came too late. Reading changes nothing.
#[utoipa::path(
    operation_id = "show_question",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 200, example = "AZMp…")),
    responses(
        (status = 200, description = "The question, or what became of it.", content_type = "text/html", body = String),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
        (status = 410, description = "The time to answer has passed.", content_type = "text/html", body = String),
    )
)]
#[get("/consent/{token}")]
pub(super) async fn show_question(
    context: web::Data<Context>,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    match open(&context, &token).await? {
        Some(opened) => show(&context, &opened, StatusCode::OK),
        None => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
    }
}

/// Answers the question behind a link, once.
///
/// The form shows itself again with every fault, or leads back to the page,
/// which then says that the answer is recorded.
#[utoipa::path(
    operation_id = "answer_question",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 200, example = "AZMp…")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`answer` (`accept`, `decline`, `not_now`, `need_more_time`, `delegate`, `report_abuse`), `reason`, `share_reason`, `until`, `delegate_email`, `curator_in_copy`, `slot_1` to `slot_5`, `slot_minutes`, `note`, `name`, `role`."),
    responses(
        (status = 303, description = "The answer is recorded.", headers(("Location" = String, description = "The same page."))),
        (status = 403, description = "Another site's page sent the form."),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
        (status = 409, description = "It was answered before, is paused, or is closed.", content_type = "text/html", body = String),
        (status = 410, description = "The time to answer has passed.", content_type = "text/html", body = String),
        (status = 422, description = "The form with every fault.", content_type = "text/html", body = String),
    )
)]
#[post("/consent/{token}")]
pub(super) async fn answer_question(
    context: web::Data<Context>,
    request: HttpRequest,
    token: web::Path<String>,
    form: web::Form<Sent>,
) -> Result<HttpResponse, Problem> {
    same_site::check(&request, &context.settings.public_url)?;
    let sent = form.into_inner();
    match open(&context, &token).await? {
        Some(Opened::Open(question)) => answer(&context, &token, &question, sent).await,
        Some(closed) => show(&context, &closed, StatusCode::CONFLICT),
        None => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
    }
}

async fn open(context: &Context, token: &str) -> Result<Option<Opened>, Problem> {
    match open_link(context, token).await {
        Ok(opened) => Ok(Some(opened)),
        Err(Error::NotFound) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// The page of what a link opens; `closed` is the status where nothing can be
/// answered any more.
fn show(context: &Context, opened: &Opened, closed: StatusCode) -> Result<HttpResponse, Problem> {
    match opened {
        Opened::Open(question) => page(StatusCode::OK, &QuestionPage::fresh(context, question)),
        Opened::Answered(person) => page(
            closed,
            &NotePage::for_person(context, person, |words| &words.answered),
        ),
        Opened::PassedOn(person) => page(
            closed,
            &NotePage::to(&person.language, |words| &words.passed_on),
        ),
        Opened::Paused(person) => page(
            closed,
            &NotePage::for_person(context, person, |words| &words.paused),
        ),
        Opened::Over(person) => page(closed, &NotePage::to(&person.language, |words| &words.over)),
        Opened::Expired(person) => page(
            StatusCode::GONE,
            &NotePage::to(&person.language, |words| &words.expired),
        ),
    }
}

async fn answer(
    context: &Context,
    token: &str,
    question: &Question,
    sent: Sent,
) -> Result<HttpResponse, Problem> {
    let (reply, enclosed, answerer) = match given(context, question, &sent) {
        Ok(given) => given,
        Err(faults) => return again(context, question, sent, &faults.into_vec()),
    };
    match answer_link(context, token, reply, enclosed, answerer).await {
        Ok(_) => Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/consent/{token}")))
            .finish()),
        // Somebody was faster, or the question lets it be answered otherwise.
        Err(Error::Refused(refusal)) => match open(context, token).await? {
            Some(Opened::Open(question)) => {
                let mut faults = Faults::new();
                let (field, code) = match &*refusal.code {
                    "extended_already" => ("/answer", "extended_already"),
                    "delegate_cannot_be_asked" | "passed_on_too_often" => {
                        ("/delegate_email", "refused")
                    }
                    _ => ("/answer", "refused"),
                };
                faults.push(field, code, refusal.detail);
                again(context, &question, sent, &faults.into_vec())
            }
            Some(closed) => show(context, &closed, StatusCode::CONFLICT),
            None => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        },
        Err(Error::StaleVersion) => match open(context, token).await? {
            Some(opened) => show(context, &opened, StatusCode::CONFLICT),
            None => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        },
        Err(other) => Err(other.into()),
    }
}

/// The form once more, with what is wrong.
fn again(
    context: &Context,
    question: &Question,
    sent: Sent,
    faults: &[Fault],
) -> Result<HttpResponse, Problem> {
    page(
        StatusCode::UNPROCESSABLE_ENTITY,
        &QuestionPage::of(context, question, sent, faults),
    )
}

/// What was answered, and by whom.
fn given(
    context: &Context,
    question: &Question,
    sent: &Sent,
) -> Result<(Reply, Enclosed, Answerer), Faults> {
    let mut faults = Faults::new();
    let zone = question.person.zone;
    let slots = if sent.answer == "accept" {
        slots::read_form(
            &mut faults,
            &sent.slots(),
            &sent.slot_minutes,
            zone,
            context.now(),
        )
    } else {
        vec![]
    };
    let parts = Parts {
        answer: &sent.answer,
        reason: &sent.reason,
        share_reason: !sent.share_reason.is_empty(),
        until: &sent.until,
        note: &sent.note,
        delegate_person: "",
        delegate_email: &sent.delegate_email,
        curator_copy: !sent.curator_in_copy.is_empty(),
        slots: &slots,
    };
    let answer = faults.nest("", read(parts, zone, context.now()));
    let name = faults.take("/name", "invalid_text", sent.name.parse::<Name>());
    let role = match sent.role.trim() {
        "" => None,
        role => faults.take("/role", "invalid_text", bounded(role, ROLE_MAX, false)),
    };
    match (answer, name) {
        (Some((answer, enclosed)), Some(name)) if faults.is_empty() => {
            let name = name.to_string();
            Ok((answer, enclosed, Answerer { name, role }))
        }
        _ => Err(faults),
    }
}
