//! The page of a mailed ticket, as its template sees it.

use askama::Template;
use serde::Deserialize;

use super::phrase::{Piece, phrase};
use super::wording::{self, TicketWords, Wording};
use crate::domain::fault::Fault;
use crate::domain::text::{Language, Localized};
use crate::domain::ticket::TicketKind;
use crate::services::Context;
use crate::services::claims::Records;
use crate::services::tickets::Open;

/// The languages of the pages, each in its own words.
const LANGUAGES: &[(&str, &str)] = &[
    ("en", "English"),
    ("he", "עברית"),
    ("az", "Azərbaycanca"),
    ("ru", "Русский"),
];

/// The form as it was sent; a field that was left out is empty.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sent {
    pub(super) action: String,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) language: String,
    pub(super) zone: String,
    pub(super) password: String,
    pub(super) one_liner: String,
    pub(super) summary: String,
    pub(super) agree: String,
}

/// A ticket with its form.
#[derive(Template)]
#[template(path = "ticket.html", config = "src/http/pages/askama.toml")]
pub(super) struct TicketPage {
    words: &'static Wording,
    ticket: &'static TicketWords,
    heading: Vec<Piece>,
    lead: Vec<Piece>,
    known: bool,
    claims: bool,
    editable: bool,
    facts: Vec<String>,
    asks_name: bool,
    asks_account: bool,
    asks_password: bool,
    button: &'static str,
    refuse: Option<&'static str>,
    sent: Sent,
    faults: Vec<(String, &'static str)>,
}

impl TicketPage {
    /// The page as it is first shown.
    pub(super) fn fresh(context: &Context, open: &Open) -> Self {
        let profile = open.claim.as_ref().and_then(|claim| claim.profiles.first());
        let sent = Sent {
            language: open.language.primary().to_owned(),
            zone: "UTC".to_owned(),
            one_liner: profile.map_or_else(String::new, |it| english(&it.content.one_liner)),
            summary: profile.map_or_else(String::new, |it| english(&it.content.summary)),
            ..Sent::default()
        };
        Self::of(context, open, sent, &[])
    }

    /// The page with what was sent and what is wrong with it.
    pub(super) fn of(context: &Context, open: &Open, sent: Sent, faults: &[Fault]) -> Self {
        let words = wording::of(&open.language);
        let ticket = &words.tickets;
        let kind = open.ticket.permit.kind();
        let newcomer = !open.has_account;
        let claims = kind == TicketKind::Claim;
        let (heading, lead, button, refuse) = match kind {
            TicketKind::Registration => (
                ticket.title_registration,
                ticket.lead_registration,
                ticket.confirm,
                Some(ticket.refuse),
            ),
            TicketKind::Invitation => (
                ticket.title_invitation,
                ticket.lead_invitation,
                ticket.accept,
                Some(ticket.refuse),
            ),
            TicketKind::PasswordReset => {
                (ticket.title_reset, ticket.lead_reset, ticket.choose, None)
            }
            TicketKind::Claim => (
                ticket.title_claim,
                ticket.lead_claim,
                ticket.stand_behind,
                Some(ticket.refuse_claim),
            ),
        };
        let firm = [("firm", open.firm.as_deref().unwrap_or_default())];
        let joins = matches!(kind, TicketKind::Invitation | TicketKind::Claim);
        Self {
            words,
            ticket,
            heading: phrase(heading, &firm),
            lead: phrase(lead, &firm),
            known: joins && !newcomer,
            claims,
            editable: open
                .claim
                .as_ref()
                .is_some_and(|it| !it.profiles.is_empty()),
            facts: open.claim.as_ref().map_or_else(Vec::new, |records| {
                facts(context, ticket, records, &open.language)
            }),
            asks_name: claims || joins && newcomer,
            asks_account: joins && newcomer,
            asks_password: kind == TicketKind::PasswordReset || joins && newcomer,
            button,
            refuse,
            sent,
            faults: in_words(ticket, faults),
        }
    }

    fn fault(&self, field: &str) -> Option<&'static str> {
        let mut faults = self.faults.iter();
        faults.find(|fault| fault.0 == field).map(|fault| fault.1)
    }
}

fn english(text: &Localized) -> String {
    let english = Language::english();
    let mut texts = text.iter();
    texts
        .find(|(language, _)| **language == english)
        .map_or_else(String::new, |(_, text)| text.text.clone())
}

/// What was written, a line each.
fn facts(
    context: &Context,
    words: &TicketWords,
    records: &Records,
    reader: &Language,
) -> Vec<String> {
    let label = |slug: &crate::domain::text::Slug| {
        let tag = context.taxonomy.tags().find(|tag| tag.slug == *slug);
        tag.and_then(|tag| {
            let texts = &tag.labels.texts;
            let own = texts
                .iter()
                .find(|(language, _)| language.primary() == reader.primary());
            own.or_else(|| {
                texts
                    .iter()
                    .find(|(language, _)| language.primary() == "en")
            })
            .map(|(_, text)| text.clone())
        })
        .unwrap_or_else(|| slug.to_string())
    };
    let mut facts = Vec::new();
    for (place, profile) in records.profiles.iter().enumerate() {
        if place > 0 {
            facts.push(english(&profile.content.one_liner));
        }
        let tags: Vec<String> = profile.content.all_tags().map(&label).collect();
        facts.push(tags.join(", "));
        facts.extend(profile.content.source_tags.iter().cloned());
        facts.extend(profile.content.stage.map(|stage| stage.to_string()));
    }
    for mandate in &records.mandates {
        let tags: Vec<String> = mandate.content.tags.keys().map(&label).collect();
        let title = mandate.content.title.as_ref().map(ToString::to_string);
        let title = title.unwrap_or_default();
        facts.push(format!("{}: {title} {}", words.mandate, tags.join(", ")));
    }
    facts.retain(|fact| !fact.trim().is_empty());
    facts
}

/// The faults in the reader's language, one a field.
fn in_words(words: &TicketWords, faults: &[Fault]) -> Vec<(String, &'static str)> {
    let mut told: Vec<(String, &'static str)> = Vec::new();
    for fault in faults {
        let field = fault.pointer.trim_start_matches('/');
        let (field, text) = match field {
            "name" => (field, words.fault_name),
            "role" => (field, words.fault_role),
            "language" => (field, words.fault_language),
            "zone" => (field, words.fault_zone),
            "agree" => (field, words.fault_agree),
            "password" => (field, words.fault_password),
            _ => ("one_liner", words.fault_text),
        };
        if told.iter().all(|(known, _)| known != field) {
            told.push((field.to_owned(), text));
        }
    }
    told
}
