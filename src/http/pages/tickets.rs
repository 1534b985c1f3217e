//! The page behind a mailed ticket: finish a registration, join a firm, choose
//! a new password, stand behind a record. Only POST does anything: scanners of
//! e-mail follow links.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono_tz::Tz;

use super::question::NotePage;
use super::ticket::{Sent, TicketPage};
use super::wording::{self, Note, Wording};
use super::{page, same_site};
use crate::domain::fault::Faults;
use crate::domain::text::{Language, Name, Slug, Website, bounded};
use crate::domain::ticket::{TicketKind, TicketOutcome};
use crate::domain::values::Stage;
use crate::http::problem::Problem;
use crate::services::claims::{self, Agreement, Corrections};
use crate::services::tickets::{self, Newcomer, Open, Opened};
use crate::services::{Context, Error};

const ROLE_MAX: usize = 100;
/// As everywhere a profile is written.
const ONE_LINER_MAX: usize = 300;
const SUMMARY_MAX: usize = 5_000;

/// The page behind a mailed ticket.
///
/// Shows what it is for with its form, or what became of it. Reading changes
/// nothing.
#[utoipa::path(
    operation_id = "show_ticket",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 200, example = "AgGT…")),
    responses(
        (status = 200, description = "What it is for, or what became of it.", content_type = "text/html", body = String),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
        (status = 410, description = "Too late.", content_type = "text/html", body = String),
    )
)]
#[get("/tickets/{token}")]
pub(super) async fn show_ticket(
    context: web::Data<Context>,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    match open(&context, &token).await? {
        Some(opened) => show(&context, &opened, StatusCode::OK),
        None => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
    }
}

/// Does what a mailed ticket is for, once.
///
/// The form shows itself again with every fault, or leads back to the page,
/// which then says that it is done.
#[utoipa::path(
    operation_id = "use_ticket",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 200, example = "AgGT…")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`action` (`confirm`, `refuse`), and as the page asks `name`, `role`, `language`, `zone`, `password`, `agree`, `seen` (which state of the records was read; another since is shown first); to correct a record `firm_name`, `website`, `one_liner`, `summary`, `stage`, `title`, and, with `kept`, each tag that stays as `keep` and each other word as `keep_word`."),
    responses(
        (status = 303, description = "Done.", headers(("Location" = String, description = "The same page."))),
        (status = 403, description = "Another site's page sent the form."),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
        (status = 409, description = "It was used before, or taken back.", content_type = "text/html", body = String),
        (status = 410, description = "Too late.", content_type = "text/html", body = String),
        (status = 422, description = "The form with every fault.", content_type = "text/html", body = String),
        (status = 429, description = "Too many from here."),
    )
)]
#[post("/tickets/{token}")]
pub(super) async fn use_ticket(
    context: web::Data<Context>,
    request: HttpRequest,
    token: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    same_site::check(&request, &context.settings.public_url)?;
    let sent = Sent::read(form.into_inner())?;
    let opened = match open(&context, &token).await? {
        Some(Opened::Open(opened)) => opened,
        Some(closed) => return show(&context, &closed, StatusCode::CONFLICT),
        None => return page(StatusCode::NOT_FOUND, &NotePage::invalid()),
    };
    let faults = match carry_out(&context, &token, &opened, &sent).await {
        Ok(()) => {
            return Ok(HttpResponse::SeeOther()
                .insert_header((LOCATION, format!("/tickets/{token}")))
                .finish());
        }
        Err(Error::Invalid(faults)) if faults.iter().any(|it| it.pointer == "/seen") => {
            return match open(&context, &token).await? {
                Some(Opened::Open(now)) => page(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    &TicketPage::of(&context, &now, sent.about_reader(), &faults),
                ),
                Some(closed) => show(&context, &closed, StatusCode::CONFLICT),
                None => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
            };
        }
        Err(Error::Invalid(faults)) => faults,
        // The corrected texts give the firm away.
        Err(Error::Refused(refusal)) if refusal.code == "texts_not_clean" => refusal.missing,
        // Somebody was faster.
        Err(Error::Refused(_) | Error::StaleVersion) => {
            return match open(&context, &token).await? {
                Some(opened) => show(&context, &opened, StatusCode::CONFLICT),
                None => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
            };
        }
        Err(other) => return Err(other.into()),
    };
    page(
        StatusCode::UNPROCESSABLE_ENTITY,
        &TicketPage::of(&context, &opened, sent, &faults),
    )
}

async fn open(context: &Context, token: &str) -> Result<Option<Opened>, Problem> {
    match tickets::open(context, token).await {
        Ok(opened) => Ok(Some(opened)),
        Err(Error::NotFound) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// The page of what a link opens; `closed` is the status where nothing can be
/// done any more.
fn show(context: &Context, opened: &Opened, closed: StatusCode) -> Result<HttpResponse, Problem> {
    match opened {
        Opened::Open(open) => page(StatusCode::OK, &TicketPage::fresh(context, open)),
        Opened::Closed(language, kind, outcome) => {
            page(closed, &NotePage::to(language, done(*kind, *outcome)))
        }
        Opened::Expired(language) => page(
            StatusCode::GONE,
            &NotePage::to(language, |words| &words.tickets.expired),
        ),
    }
}

fn done(kind: TicketKind, outcome: TicketOutcome) -> fn(&'static Wording) -> &'static Note {
    match (outcome, kind) {
        (TicketOutcome::Refused, _) => |words| &words.tickets.refused,
        (TicketOutcome::Revoked, _) => |words| &words.tickets.revoked,
        (TicketOutcome::Used, TicketKind::Registration) => |words| &words.tickets.registered,
        (TicketOutcome::Used, TicketKind::Invitation) => |words| &words.tickets.joined,
        (TicketOutcome::Used, TicketKind::PasswordReset) => |words| &words.tickets.password_changed,
        (TicketOutcome::Used, TicketKind::Claim) => |words| &words.tickets.confirmed,
    }
}

async fn carry_out(context: &Context, token: &str, open: &Open, sent: &Sent) -> Result<(), Error> {
    let kind = open.ticket.permit.kind();
    if sent.action == "refuse" && kind != TicketKind::PasswordReset {
        return tickets::refuse(context, token).await;
    }
    match kind {
        TicketKind::Registration => {
            tickets::confirm_registration(context, token, &sent.password).await
        }
        TicketKind::PasswordReset => tickets::reset_password(context, token, &sent.password).await,
        TicketKind::Invitation => {
            let newcomer = newcomer(open, sent)?;
            tickets::accept_invitation(context, token, newcomer).await
        }
        TicketKind::Claim => {
            let agreement = agreement(context, open, sent).await?;
            claims::confirm(context, token, agreement).await
        }
    }
}

/// What somebody without an account says of themselves.
fn newcomer(open: &Open, sent: &Sent) -> Result<Option<Newcomer>, Faults> {
    if open.has_account {
        return Ok(None);
    }
    let mut faults = Faults::new();
    let name = faults.take("/name", "invalid_text", sent.name.parse::<Name>());
    let language = sent.language.parse::<Language>();
    let language = faults.take("/language", "unknown_language", language);
    let zone = sent.zone.trim().parse::<Tz>().map_err(|_| "unknown");
    let zone = faults.take("/zone", "unknown_time_zone", zone);
    match (name, language, zone) {
        (Some(name), Some(language), Some(zone)) => Ok(Some(Newcomer {
            name,
            language,
            zone,
            password: sent.password.clone(),
        })),
        _ => Err(faults),
    }
}

/// What somebody agrees to, and what they corrected first; every fault at
/// once.
async fn agreement(context: &Context, open: &Open, sent: &Sent) -> Result<Agreement, Error> {
    let mut faults = Faults::new();
    let name = faults.take("/name", "invalid_text", sent.name.parse::<Name>());
    let newcomer = faults.nest("", newcomer(open, sent));
    let role = match sent.role.trim() {
        "" => None,
        role => faults.take("/role", "invalid_text", bounded(role, ROLE_MAX, false)),
    };
    if sent.agree.is_empty() {
        faults.push("/agree", "required", "Nothing happens without agreement.");
    }
    let corrections = corrections(&mut faults, sent);
    let known = claims::faults(context, open, &corrections, &sent.password).await?;
    faults.absorb("", known);
    let words = wording::of(&open.language);
    match (name, newcomer) {
        (Some(name), Some(newcomer)) if faults.is_empty() => Ok(Agreement {
            newcomer,
            name,
            role,
            text: words.tickets.consent.join("\n\n"),
            language: open.language.clone(),
            corrections,
            seen: sent.seen.clone(),
        }),
        _ => Err(without_doubles(faults).into()),
    }
}

/// What the form says otherwise than the record; a field that did not come is
/// left as it is.
fn corrections(faults: &mut Faults, sent: &Sent) -> Corrections {
    let mut text = |pointer: &str, sent: &Option<String>, max, lines| match sent.as_deref() {
        None => None,
        Some(text) if text.trim().is_empty() => Some(String::new()),
        Some(text) => faults.take(pointer, "invalid_text", bounded(text, max, lines)),
    };
    let one_liner = text("/one_liner", &sent.one_liner, ONE_LINER_MAX, true);
    let summary = text("/summary", &sent.summary, SUMMARY_MAX, true);
    let mut name = |pointer: &str, sent: &Option<String>| {
        let text = sent.as_deref()?;
        faults.take(pointer, "invalid_text", text.parse::<Name>())
    };
    let firm_name = name("/firm_name", &sent.firm_name);
    let title = name("/title", &sent.title);
    let website = sent.website.as_deref().and_then(|text| match text.trim() {
        "" => Some(None),
        text => faults
            .take("/website", "invalid_text", text.parse::<Website>())
            .map(Some),
    });
    let stage = sent.stage.as_deref().and_then(|code| match code {
        "" => Some(None),
        code => faults
            .take(
                "/stage",
                "unknown_code",
                Stage::from_code(code).ok_or("unknown"),
            )
            .map(Some),
    });
    let tags = sent
        .keep
        .iter()
        .filter_map(|slug| slug.parse::<Slug>().ok());
    Corrections {
        firm_name,
        website,
        one_liner,
        summary,
        stage,
        tags: sent.kept.then(|| tags.collect()),
        words: sent.kept.then(|| sent.keep_word.iter().cloned().collect()),
        title,
    }
}

/// A field that two checks look at has one fault.
fn without_doubles(faults: Faults) -> Faults {
    let mut kept = Faults::new();
    let mut seen: Vec<String> = Vec::new();
    for fault in faults.into_vec() {
        if !seen.contains(&fault.pointer) {
            seen.push(fault.pointer.clone());
            kept.add(fault);
        }
    }
    kept
}
