//! The pages behind the links of a weekly digest: a match with a form that
//! answers it, and a brief of it to print for a committee. Only POST answers:
//! scanners of e-mail follow links.

pub(super) mod examples;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::phrase::{Piece, date, phrase};
use super::question::NotePage;
use super::wording::{self, EntryWords, Wording};
use super::{page, same_site};
use crate::domain::fault::{Fault, Faults};
use crate::domain::review::{MatchAction, SNOOZE_DAYS};
use crate::domain::text::{Language, bounded};
use crate::domain::values::PassReason;
use crate::http::answer::{NOTE_MAX, day_within, days_ahead};
use crate::http::problem::Problem;
use crate::services::digest::Note;
use crate::services::entries::{self, Brief, Opened, OpenedBrief, Page};
use crate::services::matches::Move;
use crate::services::{Context, Error, consents};

/// The form as it was sent; a field that was left out is empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sent {
    answer: String,
    reason: String,
    until: String,
    note: String,
}

/// One of the answers.
struct Choice {
    code: &'static str,
    label: &'static str,
}

/// What is wrong with one field.
struct FieldFault {
    field: String,
    text: &'static str,
}

/// What a match says, for both pages.
struct Sheet<'a> {
    one_liner: Option<OneLiner<'a>>,
    facts: Vec<(&'static str, String)>,
    score: Vec<Piece>,
    reasons: Vec<&'a str>,
    risks: Vec<&'a str>,
    missing: Vec<&'a str>,
}

/// A sentence in the language that it has.
struct OneLiner<'a> {
    lang: &'a str,
    dir: &'static str,
    text: &'a str,
}

impl<'a> Sheet<'a> {
    fn of(words: &EntryWords, shown: &'a Page) -> Self {
        let (entry, facts) = (&shown.entry, &shown.facts);
        let tags = (!facts.tags.is_empty()).then(|| facts.tags.join(", "));
        let facts_of = [
            (words.country, facts.country.clone()),
            (words.stage, facts.stage.clone()),
            (words.tags, tags),
        ];
        let percent = |bp: i64| ((bp + 50) / 100).to_string();
        let score = [
            ("band", entry.band_label.as_str()),
            ("score", &percent(entry.score)),
            ("known", &percent(entry.confidence)),
        ];
        Self {
            one_liner: facts
                .one_liner
                .as_ref()
                .map(|(language, text)| one_liner(language, text)),
            facts: facts_of
                .into_iter()
                .filter_map(|(label, fact)| Some((label, fact?)))
                .collect(),
            score: phrase(words.score, &score),
            reasons: entry.reasons.iter().map(said).collect(),
            risks: entry.risk.iter().map(said).collect(),
            missing: entry
                .missing
                .iter()
                .map(|note| note.label.as_str())
                .collect(),
        }
    }
}

fn one_liner<'a>(language: &'a Language, text: &'a str) -> OneLiner<'a> {
    OneLiner {
        lang: language.as_str(),
        dir: language.direction(),
        text,
    }
}

/// The sentence, or where it would tell figures the name of what stands out.
fn said(note: &Note) -> &str {
    note.sentence.as_deref().unwrap_or(&note.label)
}

/// What the investor calls the mandate, or a word for it.
fn mandate<'a>(words: &EntryWords, shown: &'a Page) -> &'a str {
    match &shown.mandate {
        Some(title) => title.as_str(),
        None => words.untitled,
    }
}

/// The match with its form.
#[derive(Template)]
#[template(path = "entry.html", config = "src/http/pages/askama.toml")]
struct EntryPage<'a> {
    words: &'static Wording,
    lead: Vec<Piece>,
    sheet: Sheet<'a>,
    until_hint: Vec<Piece>,
    earliest: NaiveDate,
    latest: NaiveDate,
    put_off_before: bool,
    sent: Sent,
    faults: Vec<FieldFault>,
    token: &'a str,
    my_consents: String,
}

impl<'a> EntryPage<'a> {
    fn of(
        context: &Context,
        shown: &'a Page,
        token: &'a str,
        sent: Sent,
        faults: &[Fault],
    ) -> Self {
        let words = wording::of(&shown.person.language);
        let entry = &words.entries;
        let (earliest, _) = days_ahead(shown.person.zone, context.now());
        let facts = [
            ("mandate", mandate(entry, shown)),
            ("programme", &shown.programme),
        ];
        Self {
            words,
            lead: phrase(entry.lead, &facts),
            sheet: Sheet::of(entry, shown),
            until_hint: phrase(entry.until_hint, &[("days", &SNOOZE_DAYS.to_string())]),
            earliest,
            latest: earliest + chrono::TimeDelta::days(SNOOZE_DAYS - 1),
            put_off_before: shown.put_off_before,
            sent,
            faults: field_faults(words, faults),
            token,
            my_consents: consents::token(context, &shown.person.email).unwrap_or_default(),
        }
    }

    fn answers(&self) -> Vec<Choice> {
        let entry = &self.words.entries;
        let mut answers = vec![("interested", entry.interested), ("pass", entry.pass)];
        if !self.put_off_before {
            answers.push(("snooze", entry.snooze));
        }
        answers
            .into_iter()
            .map(|(code, label)| Choice { code, label })
            .collect()
    }

    fn fault(&self, field: &str) -> Option<&'static str> {
        let mut faults = self.faults.iter();
        faults
            .find(|fault| fault.field == field)
            .map(|fault| fault.text)
    }
}

/// The faults in the reader's language, one a field, in the form's order.
fn field_faults(words: &Wording, faults: &[Fault]) -> Vec<FieldFault> {
    let text = |field: &str, code: &str| match (field, code) {
        ("reason", _) => words.faults.reason,
        ("until", _) => words.entries.until_fault,
        ("note", "required") => words.faults.note_needed,
        ("note", _) => words.faults.note,
        (_, "snoozed_before") => words.entries.put_off_before,
        _ => words.faults.answer,
    };
    let mut told: Vec<FieldFault> = Vec::new();
    for field in ["answer", "reason", "until", "note"] {
        let mut of_field = faults.iter();
        let found = of_field.find(|fault| fault.pointer.trim_start_matches('/') == field);
        told.extend(found.map(|fault| FieldFault {
            field: field.to_owned(),
            text: text(field, &fault.code),
        }));
    }
    told
}

/// A match on one page, for a committee.
#[derive(Template)]
#[template(path = "brief.html", config = "src/http/pages/askama.toml")]
struct BriefPage<'a> {
    words: &'static Wording,
    lead: Vec<Piece>,
    day: Vec<Piece>,
    name: Option<&'a str>,
    summary: Option<OneLiner<'a>>,
    sheet: Sheet<'a>,
    token: &'a str,
    my_consents: String,
}

impl<'a> BriefPage<'a> {
    fn of(context: &Context, brief: &'a Brief, token: &'a str) -> Self {
        let shown = &brief.page;
        let reader = &shown.person.language;
        let words = wording::of(reader);
        let entry = &words.entries;
        let day = date(brief.day, entry.date, words);
        let facts = [
            ("mandate", mandate(entry, shown)),
            ("programme", &shown.programme),
        ];
        let named = brief.named.as_ref();
        Self {
            words,
            lead: phrase(entry.brief_lead, &facts),
            day: phrase(entry.day, &[("day", &day)]),
            name: named.map(|named| named.name.as_str()),
            summary: named
                .and_then(|named| named.summary.for_reader(reader))
                .map(|(language, local)| one_liner(language, &local.text)),
            sheet: Sheet::of(entry, shown),
            token,
            my_consents: consents::token(context, &shown.person.email).unwrap_or_default(),
        }
    }
}

/// A match of a weekly digest, behind a link.
///
/// Shows the match without the startup's name, with the form that answers it,
/// or that it was answered or is not open now. Reading changes nothing.
#[utoipa::path(
    operation_id = "show_match",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 600, example = "AZMp…")),
    responses(
        (status = 200, description = "The match, or what became of it.", content_type = "text/html", body = String),
        (status = 404, description = "No link of this service, or its reader no longer answers for the investor.", content_type = "text/html", body = String),
        (status = 410, description = "The link is too old.", content_type = "text/html", body = String),
    )
)]
#[get("/matches/{token}")]
pub(super) async fn show_match(
    context: web::Data<Context>,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    show(&context, &token, StatusCode::OK).await
}

/// Answers a match of a weekly digest: interested, not for us, or later.
///
/// The form shows itself again with every fault, or leads back to the page,
/// which then says that the answer is recorded.
#[utoipa::path(
    operation_id = "answer_match",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 600, example = "AZMp…")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`answer` (`interested`, `pass`, `snooze`), `reason`, `until`, `note`."),
    responses(
        (status = 303, description = "The answer is recorded.", headers(("Location" = String, description = "The same page."))),
        (status = 403, description = "Another site's page sent the form."),
        (status = 404, description = "No link of this service, or its reader no longer answers for the investor.", content_type = "text/html", body = String),
        (status = 409, description = "It was answered before, or is not open now.", content_type = "text/html", body = String),
        (status = 410, description = "The link is too old.", content_type = "text/html", body = String),
        (status = 422, description = "The form with every fault.", content_type = "text/html", body = String),
    )
)]
#[post("/matches/{token}")]
pub(super) async fn answer_match(
    context: web::Data<Context>,
    request: HttpRequest,
    token: web::Path<String>,
    form: web::Form<Sent>,
) -> Result<HttpResponse, Problem> {
    same_site::check(&request, &context.settings.public_url)?;
    match entries::open(&context, &token).await {
        Ok(Opened::Open(shown)) => answer(&context, &token, &shown, form.into_inner()).await,
        Ok(closed) => tell(&context, &token, &closed, StatusCode::CONFLICT),
        Err(error) => not_found(error),
    }
}

/// A match of a weekly digest on one page, to be printed for a committee.
///
/// Without the startup's name, unless the startup let the investor know it; the
/// opening is then noted in its ledger.
#[utoipa::path(
    operation_id = "show_brief",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 600, example = "AZMp…")),
    responses(
        (status = 200, description = "The brief.", content_type = "text/html", body = String),
        (status = 404, description = "No link of this service, or its reader no longer answers for the investor.", content_type = "text/html", body = String),
        (status = 410, description = "There is nothing to see any more.", content_type = "text/html", body = String),
    )
)]
#[get("/matches/{token}/brief")]
pub(super) async fn show_brief(
    context: web::Data<Context>,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    match entries::brief(&context, &token).await {
        Ok(OpenedBrief::Brief(brief)) => {
            page(StatusCode::OK, &BriefPage::of(&context, &brief, &token))
        }
        Ok(OpenedBrief::Over(person)) => page(
            StatusCode::GONE,
            &NotePage::to(&person.language, |words| &words.entries.over),
        ),
        Err(error) => not_found(error),
    }
}

async fn show(context: &Context, token: &str, closed: StatusCode) -> Result<HttpResponse, Problem> {
    match entries::open(context, token).await {
        Ok(opened) => tell(context, token, &opened, closed),
        Err(error) => not_found(error),
    }
}

fn not_found(error: Error) -> Result<HttpResponse, Problem> {
    match error {
        Error::NotFound => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        other => Err(other.into()),
    }
}

/// The page of what a link opens; `closed` is the status where nothing can be
/// answered any more.
fn tell(
    context: &Context,
    token: &str,
    opened: &Opened,
    closed: StatusCode,
) -> Result<HttpResponse, Problem> {
    match opened {
        Opened::Open(shown) => {
            let fresh = EntryPage::of(context, shown, token, Sent::default(), &[]);
            page(StatusCode::OK, &fresh)
        }
        Opened::Answered(person) => {
            let note = NotePage::for_person(context, person, |words| &words.entries.answered);
            page(closed, &note)
        }
        Opened::Over(person) => {
            let note = NotePage::to(&person.language, |words| &words.entries.over);
            page(closed, &note)
        }
        Opened::Expired(person) => {
            let note = NotePage::to(&person.language, |words| &words.entries.expired);
            page(StatusCode::GONE, &note)
        }
    }
}

async fn answer(
    context: &Context,
    token: &str,
    shown: &Page,
    sent: Sent,
) -> Result<HttpResponse, Problem> {
    let again = |sent, faults: Faults| {
        let faults = faults.into_vec();
        page(
            StatusCode::UNPROCESSABLE_ENTITY,
            &EntryPage::of(context, shown, token, sent, &faults),
        )
    };
    let wanted = match read(&sent, shown, context.now()) {
        Ok(wanted) => wanted,
        Err(faults) => return again(sent, faults),
    };
    match entries::answer(context, token, wanted).await {
        Ok(()) => Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/matches/{token}")))
            .finish()),
        Err(Error::Refused(refusal)) if refusal.code == "snoozed_before" => {
            let mut faults = Faults::new();
            faults.push("/answer", "snoozed_before", refusal.detail);
            again(sent, faults)
        }
        // Somebody was faster, or the gate closed meanwhile.
        Err(Error::Refused(_) | Error::StaleVersion | Error::NotFound) => {
            show(context, token, StatusCode::CONFLICT).await
        }
        Err(other) => Err(other.into()),
    }
}

/// What the form means, sent by the reader of a page at `now`.
fn read(sent: &Sent, shown: &Page, now: DateTime<Utc>) -> Result<Move, Faults> {
    let mut faults = Faults::new();
    let note = match sent.note.trim() {
        "" => None,
        note => faults.take("/note", "invalid_text", bounded(note, NOTE_MAX, true)),
    };
    let action = match sent.answer.as_str() {
        "interested" => Some(MatchAction::Interested),
        "snooze" => faults
            .nest(
                "/until",
                day_within(&sent.until, SNOOZE_DAYS, shown.person.zone, now),
            )
            .map(MatchAction::Snooze),
        "pass" => {
            // “Not now” is an answer of its own here.
            let reason =
                PassReason::from_code(&sent.reason).filter(|reason| *reason != PassReason::NotNow);
            if reason.is_none() {
                faults.push("/reason", "unknown_code", "This is no reason to pass.");
            }
            if reason == Some(PassReason::Other) && note.is_none() && faults.is_empty() {
                faults.push("/note", "required", "This reason needs words.");
            }
            reason.map(MatchAction::Pass)
        }
        _ => {
            faults.push("/answer", "unknown_code", "This is no answer.");
            None
        }
    };
    match action {
        Some(action) if faults.is_empty() => Ok(Move {
            note,
            ..Move::from(action)
        }),
        _ => Err(faults),
    }
}
