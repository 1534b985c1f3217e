//! The page behind the link at the foot of each e-mail: what its reader is
//! mailed about. Mail programs take somebody off by a POST of their own
//! (RFC 8058); no GET ever does.

pub(super) mod examples;

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use askama::Template;

use super::phrase::{Piece, phrase};
use super::question::NotePage;
use super::wording::{self, Wording};
use super::{page, same_site};
use crate::domain::mail_event::{MailEvent, Wanted};
use crate::domain::message::Topic;
use crate::domain::text::Language;
use crate::http::problem::{Kind, Problem};
use crate::services::suppressions::{self, Settings};
use crate::services::{Context, Error, consents};

/// What a mail program sends (RFC 8058 §3.1).
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// Largest form of a mail program.
const FORM_MAX: usize = 4_096;

/// What the form says of itself when it has a box for each thing.
const EACH: (&str, &str) = ("boxes", "each");

/// Something with its box.
struct Choice {
    code: &'static str,
    label: &'static str,
    wanted: bool,
    /// The things that a topic is, where they are several.
    parts: Vec<Choice>,
}

/// The settings with their form.
#[derive(Template)]
#[template(path = "mail_settings.html", config = "src/http/pages/askama.toml")]
struct SettingsPage {
    words: &'static Wording,
    lead: Vec<Piece>,
    choices: Vec<Choice>,
    saved: bool,
    token: String,
    my_consents: String,
}

impl SettingsPage {
    fn of(context: &Context, settings: &Settings, saved: bool, token: &str) -> Self {
        let my_consents = consents::token(context, &settings.email).unwrap_or_default();
        Self::about(
            (&settings.language, settings.email.as_str()),
            &settings.wanted,
            saved,
            (token, my_consents),
        )
    }

    fn about(
        (reader, address): (&Language, &str),
        wanted: &Wanted,
        saved: bool,
        (token, my_consents): (&str, String),
    ) -> Self {
        let words = wording::of(reader);
        let label = |topic| match topic {
            Topic::Questions => words.mail.questions,
            Topic::Progress => words.mail.progress,
            Topic::Pulses => words.mail.pulses,
            Topic::Deals => words.mail.deals,
            Topic::Work => words.mail.work,
            Topic::Alerts => words.mail.alerts,
            Topic::Digest => words.mail.digest,
            Topic::Profile => words.mail.profile,
            Topic::Mandates => words.mail.mandates,
            Topic::Status => words.mail.status,
            Topic::Firm => words.mail.firm,
        };
        let part = |event: MailEvent| Choice {
            code: event.code(),
            label: (words.mail.event)(event),
            wanted: wanted.events.contains(&event),
            parts: vec![],
        };
        let choices = Topic::ALL.iter().copied().map(|topic| Choice {
            code: topic.code(),
            label: label(topic),
            wanted: wanted.topics.contains(&topic),
            parts: MailEvent::of(topic).map(part).collect(),
        });
        Self {
            words,
            lead: phrase(words.mail.lead, &[("address", address)]),
            choices: choices.collect(),
            saved,
            token: token.to_owned(),
            my_consents,
        }
    }
}

/// What the reader of a mail is mailed about.
///
/// Reading changes nothing.
#[utoipa::path(
    operation_id = "show_mail_settings",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 600, example = "AZMp…")),
    responses(
        (status = 200, description = "The settings with their form.", content_type = "text/html", body = String),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
    )
)]
#[get("/mail-settings/{token}")]
pub(super) async fn show_settings(
    context: web::Data<Context>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    show(&context, &token, request.query_string() == "saved").await
}

async fn show(context: &Context, token: &str, saved: bool) -> Result<HttpResponse, Problem> {
    match suppressions::settings_of_link(context, token).await {
        Ok(settings) => page(
            StatusCode::OK,
            &SettingsPage::of(context, &settings, saved, token),
        ),
        Err(Error::NotFound) => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        Err(other) => Err(other.into()),
    }
}

/// Stores what the reader of a mail wants to be mailed about.
#[utoipa::path(
    operation_id = "change_mail_settings",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 600, example = "AZMp…")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`topic` for each that is wanted: `questions`, `progress`, `pulses`, `deals`, `work`, `alerts`, `digest`, `profile`, `mandates`, `status`, `firm`; with `boxes=each` also `event` for each single thing that is, by the names of `NotificationEvents`."),
    responses(
        (status = 303, description = "Stored.", headers(("Location" = String, description = "The same page."))),
        (status = 403, description = "Another site's page sent the form."),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
    )
)]
#[post("/mail-settings/{token}")]
pub(super) async fn change_settings(
    context: web::Data<Context>,
    request: HttpRequest,
    token: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    same_site::check(&request, &context.settings.public_url)?;
    let wanted = wanted(&form)?;
    match suppressions::change_by_link(&context, &token, wanted).await {
        Ok(()) => Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/mail-settings/{token}?saved")))
            .finish()),
        Err(Error::NotFound) => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        Err(other) => Err(other.into()),
    }
}

/// What is ticked. A form that has boxes for topics alone, as links that were
/// open before show it, keeps nothing out of them.
fn wanted(form: &[(String, String)]) -> Result<Wanted, Problem> {
    let (mut topics, mut events) = (BTreeSet::new(), BTreeSet::new());
    let mut has_each = false;
    for (name, value) in form {
        let known = match name.as_str() {
            "topic" => Topic::from_code(value).map(|topic| topics.insert(topic)),
            "event" => MailEvent::from_code(value).map(|event| events.insert(event)),
            _ if (name.as_str(), value.as_str()) == EACH => {
                has_each = true;
                Some(true)
            }
            _ => None,
        };
        if known.is_none() {
            return Err(Problem::new(Kind::BadRequest).detail("The form has no such field."));
        }
    }
    if !has_each {
        events.extend(MailEvent::ALL);
    }
    Ok(Wanted { topics, events })
}

/// Takes the reader of a mail off its topic, as mail programs ask for it.
///
/// The form is `List-Unsubscribe=One-Click` (RFC 8058), urlencoded or
/// multipart; there is neither sign-in nor redirect, and doing it again is no
/// harm.
#[utoipa::path(
    operation_id = "unsubscribe",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 600, example = "AZMp…")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`List-Unsubscribe=One-Click`."),
    responses(
        (status = 200, description = "Done.", content_type = "text/html", body = String),
        (status = 400, description = "Not the form of RFC 8058."),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
    )
)]
#[post("/unsubscribe/{token}")]
pub(super) async fn unsubscribe(
    context: web::Data<Context>,
    token: web::Path<String>,
    body: web::Bytes,
) -> Result<HttpResponse, Problem> {
    if !is_one_click(&body) {
        let detail = format!("The form must be {ONE_CLICK}.");
        return Err(Problem::new(Kind::BadRequest).detail(detail));
    }
    match suppressions::unsubscribe(&context, &token).await {
        Ok(settings) => page(
            StatusCode::OK,
            &SettingsPage::of(&context, &settings, true, &token),
        ),
        Err(Error::NotFound) => page(StatusCode::NOT_FOUND, &NotePage::invalid()),
        Err(other) => Err(other.into()),
    }
}

/// Urlencoded, or the one field of a multipart form: its name in a header,
/// its value in a line of its own.
fn is_one_click(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    if text.len() > FORM_MAX {
        return false;
    }
    text.trim() == ONE_CLICK
        || text.contains("name=\"List-Unsubscribe\"")
            && text.lines().any(|line| line.trim() == "One-Click")
}

/// The settings, for readers who open the address of their mail program's
/// button. It takes nobody off.
#[utoipa::path(
    operation_id = "show_unsubscribe",
    tag = "pages",
    security(()),
    params(("token" = String, Path, description = "The link's own part, as it was mailed.", max_length = 600, example = "AZMp…")),
    responses(
        (status = 200, description = "The settings with their form.", content_type = "text/html", body = String),
        (status = 404, description = "No link of this service.", content_type = "text/html", body = String),
    )
)]
#[get("/unsubscribe/{token}")]
pub(super) async fn show_unsubscribe(
    context: web::Data<Context>,
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    show(&context, &token, false).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_each_thing_or_topics_alone() {
        let read = |fields: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            wanted(&fields.iter().map(owned).collect::<Vec<_>>()).ok()
        };
        let before = read(&[("topic", "profile")]).unwrap();
        assert!(before.holds(Topic::Profile, Some(MailEvent::ProfileStale)));
        assert!(!before.topics.contains(&Topic::Firm));
        let each = [EACH, ("topic", "profile"), ("event", "profile_stale")];
        let each = read(&each).unwrap();
        assert!(each.holds(Topic::Profile, Some(MailEvent::ProfileStale)));
        assert!(!each.holds(Topic::Profile, Some(MailEvent::ProfileReceived)));
        for bad in [
            ("event", "profile"),
            ("topic", "profile_stale"),
            ("boxes", "some"),
            ("x", ""),
        ] {
            assert!(read(&[bad]).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn both_forms_of_a_mail_program_are_understood_and_nothing_else() {
        let multipart = b"--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
        assert!(is_one_click(b"List-Unsubscribe=One-Click"));
        assert!(is_one_click(multipart));
        for other in [&b""[..], b"List-Unsubscribe=No", b"One-Click", &[0xff; 8]] {
            assert!(!is_one_click(other));
        }
    }
}
