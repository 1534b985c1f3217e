//! The page of a mailed ticket, as its template sees it.

pub(super) mod examples;

use std::collections::BTreeSet;

use askama::Template;

use super::phrase::{Piece, phrase};
use super::wording::{self, TicketWords, Wording};
use crate::domain::fault::Fault;
use crate::domain::text::{Language, Localized, Slug};
use crate::domain::ticket::TicketKind;
use crate::domain::values::Stage;
use crate::http::problem::{Kind, Problem};
use crate::services::claims::Records;
use crate::services::tickets::Open;
use crate::services::{Context, consents};

/// The languages of the pages, each in its own words.
const LANGUAGES: &[(&str, &str)] = &[
    ("en", "English"),
    ("he", "עברית"),
    ("az", "Azərbaycanca"),
    ("ru", "Русский"),
];

/// The form as it was sent; a field that was left out is empty or none.
#[derive(Clone, Default)]
pub(super) struct Sent {
    pub(super) action: String,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) language: String,
    pub(super) zone: String,
    pub(super) password: String,
    pub(super) agree: String,
    /// Which state of the records the reader saw.
    pub(super) seen: Option<String>,
    pub(super) firm_name: Option<String>,
    pub(super) website: Option<String>,
    pub(super) one_liner: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) stage: Option<String>,
    pub(super) title: Option<String>,
    /// Whether the form had tags to keep.
    pub(super) kept: bool,
    pub(super) keep: Vec<String>,
    pub(super) keep_word: Vec<String>,
}

impl Sent {
    /// Reads a form in which only what is kept may come several times.
    ///
    /// # Errors
    /// 400 for a field that the page doesn't have, or that comes twice.
    pub(super) fn read(fields: Vec<(String, String)>) -> Result<Self, Problem> {
        let wrong = |name: &str, what: &str| {
            Err(Problem::new(Kind::BadRequest).detail(format!("The field {name:?} {what}.")))
        };
        let mut sent = Self::default();
        let mut seen = BTreeSet::new();
        for (name, value) in fields {
            match name.as_str() {
                "keep" => sent.keep.push(value),
                "keep_word" => sent.keep_word.push(value),
                single if !seen.insert(single.to_owned()) => return wrong(single, "comes twice"),
                "action" => sent.action = value,
                "name" => sent.name = value,
                "role" => sent.role = value,
                "language" => sent.language = value,
                "zone" => sent.zone = value,
                "password" => sent.password = value,
                "agree" => sent.agree = value,
                "seen" => sent.seen = Some(value),
                "firm_name" => sent.firm_name = Some(value),
                "website" => sent.website = Some(value),
                "one_liner" => sent.one_liner = Some(value),
                "summary" => sent.summary = Some(value),
                "stage" => sent.stage = Some(value),
                "title" => sent.title = Some(value),
                "kept" => sent.kept = true,
                unknown => return wrong(unknown, "is not of this page"),
            }
        }
        Ok(sent)
    }

    /// Only what the reader said of themselves: what was written about the
    /// firm is read anew, and agreed to anew.
    pub(super) fn about_reader(self) -> Self {
        Self {
            name: self.name,
            role: self.role,
            language: self.language,
            zone: self.zone,
            ..Self::default()
        }
    }
}

/// Something that the reader may let stay or take away.
struct Kept {
    /// `keep` for a tag, `keep_word` for a word without one.
    field: &'static str,
    value: String,
    label: String,
    stays: bool,
}

/// A text to be corrected, in its own language.
struct Text {
    field: &'static str,
    label: &'static str,
    rows: u8,
    max: u16,
    language: String,
    direction: &'static str,
    value: String,
}

/// The record that can be corrected on the page.
struct Record {
    firm_name: String,
    website: String,
    texts: Vec<Text>,
    title: Option<String>,
    /// Code and word, and whether it is chosen.
    stages: Vec<(&'static str, String, bool)>,
    kept: Vec<Kept>,
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
    record: Option<Record>,
    facts: Vec<String>,
    /// Which state of the records this is; after a fault the one that was read
    /// first, as what was sent is shown again.
    seen: String,
    asks_name: bool,
    asks_account: bool,
    asks_password: bool,
    /// The password that was chosen when registering.
    asks_chosen: bool,
    button: &'static str,
    refuse: Option<&'static str>,
    sent: Sent,
    faults: Vec<(String, &'static str)>,
    /// The link to what the reader agreed to, where they have an account.
    my_consents: Option<String>,
}

impl TicketPage {
    /// The page as it is first shown.
    pub(super) fn fresh(context: &Context, open: &Open) -> Self {
        let sent = Sent {
            language: open.language.primary().to_owned(),
            zone: "UTC".to_owned(),
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
        let (heading, lead, button, refuse) = forms(ticket, kind);
        let firm = [("firm", open.firm.as_deref().unwrap_or_default())];
        let joins = matches!(kind, TicketKind::Invitation | TicketKind::Claim);
        Self {
            words,
            ticket,
            heading: phrase(heading, &firm),
            lead: phrase(lead, &firm),
            known: joins && !newcomer,
            claims,
            record: open
                .claim
                .as_ref()
                .and_then(|records| record(context, ticket, open, records, &sent)),
            seen: sent.seen.clone().unwrap_or_else(|| {
                let records = open.claim.as_ref();
                records.map(Records::seen).unwrap_or_default()
            }),
            facts: open.claim.as_ref().map_or_else(Vec::new, |records| {
                facts(context, ticket, records, &open.language)
            }),
            asks_name: claims || joins && newcomer,
            asks_account: joins && newcomer,
            asks_chosen: kind == TicketKind::Registration,
            asks_password: kind == TicketKind::PasswordReset || joins && newcomer,
            button,
            refuse,
            sent,
            faults: in_words(ticket, kind, faults),
            my_consents: Some(&open.ticket.email)
                .filter(|_| open.has_account)
                .and_then(|email| consents::token(context, email).ok()),
        }
    }

    fn fault(&self, field: &str) -> Option<&'static str> {
        let mut faults = self.faults.iter();
        faults.find(|fault| fault.0 == field).map(|fault| fault.1)
    }
}

/// Heading, lead, button and the button that refuses, of a kind of ticket.
type Form = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

fn forms(ticket: &'static TicketWords, kind: TicketKind) -> Form {
    match kind {
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
        TicketKind::PasswordReset => (ticket.title_reset, ticket.lead_reset, ticket.choose, None),
        TicketKind::Claim => (
            ticket.title_claim,
            ticket.lead_claim,
            ticket.stand_behind,
            Some(ticket.refuse_claim),
        ),
    }
}

/// The first record of a firm with what was sent of it.
fn record(
    context: &Context,
    words: &'static TicketWords,
    open: &Open,
    records: &Records,
    sent: &Sent,
) -> Option<Record> {
    let reader = &open.language;
    let tag = |slug: &Slug| Kept {
        field: "keep",
        value: slug.to_string(),
        label: label(context, slug, reader),
        stays: !sent.kept || sent.keep.iter().any(|kept| *kept == slug.as_str()),
    };
    let word = |word: &String| Kept {
        field: "keep_word",
        value: word.clone(),
        label: word.clone(),
        stays: !sent.kept || sent.keep_word.contains(word),
    };
    let (mut texts, mut stages, mut title) = (Vec::new(), Vec::new(), None);
    let kept = if let Some(profile) = records.profiles.first() {
        let content = &profile.content;
        texts = vec![
            text(
                "one_liner",
                words.one_liner,
                (2, 300),
                &content.one_liner,
                reader,
            ),
            text(
                "summary",
                words.summary,
                (8, 5_000),
                &content.summary,
                reader,
            ),
        ];
        for (text, sent) in texts.iter_mut().zip([&sent.one_liner, &sent.summary]) {
            if let Some(sent) = sent {
                text.value.clone_from(sent);
            }
        }
        let chosen = match &sent.stage {
            Some(code) => Stage::from_code(code),
            None => content.stage,
        };
        stages = Stage::ALL
            .iter()
            .map(|stage| {
                let name = context.wording.word("stage", stage.code(), reader);
                let name = name.unwrap_or(stage.code()).to_owned();
                (stage.code(), name, chosen == Some(*stage))
            })
            .collect();
        let tags = content.all_tags().map(tag);
        tags.chain(content.source_tags.iter().map(word)).collect()
    } else {
        let content = &records.mandates.first()?.content;
        let own = content.title.as_ref().map(ToString::to_string);
        title = Some(sent.title.clone().or(own).unwrap_or_default());
        let tags = content.tags.keys().map(tag);
        tags.chain(content.source_tags.iter().map(word)).collect()
    };
    let website = records.firm.website.as_ref().map(ToString::to_string);
    let firm_name = records.firm.display_name().to_string();
    Some(Record {
        firm_name: sent.firm_name.clone().unwrap_or(firm_name),
        website: sent.website.clone().or(website).unwrap_or_default(),
        texts,
        title,
        stages,
        kept,
    })
}

fn text(
    field: &'static str,
    label: &'static str,
    (rows, max): (u8, u16),
    texts: &Localized,
    reader: &Language,
) -> Text {
    let (language, value) = match texts.for_reader(reader) {
        Some((language, text)) => (language.clone(), text.text.clone()),
        None => (Language::english(), String::new()),
    };
    Text {
        field,
        label,
        rows,
        max,
        direction: language.direction(),
        language: language.to_string(),
        value,
    }
}

fn label(context: &Context, slug: &Slug, reader: &Language) -> String {
    let taxonomy = context.taxonomy();
    let tag = taxonomy.tag(slug);
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
}

/// What was written beside the first record, a line each.
fn facts(
    context: &Context,
    words: &TicketWords,
    records: &Records,
    reader: &Language,
) -> Vec<String> {
    let mut facts = Vec::new();
    for profile in records.profiles.iter().skip(1) {
        let content = &profile.content;
        let one_liner = content.one_liner.for_reader(reader);
        facts.extend(one_liner.map(|(_, text)| text.text.clone()));
        let tags: Vec<String> = content
            .all_tags()
            .map(|slug| label(context, slug, reader))
            .collect();
        facts.push(tags.join(", "));
        facts.extend(content.source_tags.iter().cloned());
        let stage = content.stage.map(|stage| {
            let word = context.wording.word("stage", stage.code(), reader);
            word.unwrap_or(stage.code()).to_owned()
        });
        facts.extend(stage);
    }
    for mandate in records.mandates.iter().skip(1) {
        let tags: Vec<String> = mandate
            .content
            .tags
            .keys()
            .map(|slug| label(context, slug, reader))
            .collect();
        let title = mandate.content.title.as_ref().map(ToString::to_string);
        let title = title.unwrap_or_default();
        facts.push(format!("{}: {title} {}", words.mandate, tags.join(", ")));
    }
    facts.retain(|fact| !fact.trim().is_empty());
    facts
}

/// The faults in the reader's language, one a field.
fn in_words(
    words: &TicketWords,
    kind: TicketKind,
    faults: &[Fault],
) -> Vec<(String, &'static str)> {
    let mut told: Vec<(String, &'static str)> = Vec::new();
    for fault in faults {
        let field = fault.pointer.trim_start_matches('/');
        let field = field.split('/').next().unwrap_or_default();
        let (field, text) = match field {
            "name" => (field, words.fault_name),
            "role" => (field, words.fault_role),
            "language" => (field, words.fault_language),
            "zone" => (field, words.fault_zone),
            "agree" => (field, words.fault_agree),
            "seen" => (field, words.fault_seen),
            "password" if kind == TicketKind::Registration => (field, words.fault_chosen),
            "password" => (field, words.fault_password),
            "firm_name" => (field, words.fault_firm_name),
            "website" => (field, words.fault_website),
            "tags" | "stage" | "title" => (field, words.fault_record),
            "summary" => (field, words.fault_text),
            _ => ("one_liner", words.fault_text),
        };
        if told.iter().all(|(known, _)| known != field) {
            told.push((field.to_owned(), text));
        }
    }
    told
}
