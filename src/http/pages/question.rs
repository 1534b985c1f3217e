//! The pages a link can open, as templates see them.

pub(super) mod examples;

use std::collections::BTreeMap;

use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::phrase::{Piece, moment, phrase};
use super::wording::{self, Note, Wording};
use crate::domain::consent::{curator_copy_text, introduction_text};
use crate::domain::fault::Fault;
use crate::domain::meeting::MOST_SLOTS;
use crate::domain::text::{Language, Localized};
use crate::domain::tongue;
use crate::http::answer::days_ahead;
use crate::services::introductions::Question;
use crate::services::notices::{AskContent, Recipient};
use crate::services::{Context, consents};

/// The form as it was sent; a field that was left out is empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sent {
    pub(super) answer: String,
    pub(super) reason: String,
    pub(super) share_reason: String,
    pub(super) until: String,
    pub(super) delegate_email: String,
    pub(super) curator_in_copy: String,
    slot_1: String,
    slot_2: String,
    slot_3: String,
    slot_4: String,
    slot_5: String,
    pub(super) slot_minutes: String,
    pub(super) note: String,
    pub(super) name: String,
    pub(super) role: String,
}

impl Sent {
    /// The times, by the names of their fields.
    pub(super) fn slots(&self) -> [(&'static str, &str); MOST_SLOTS] {
        [
            ("slot_1", &self.slot_1),
            ("slot_2", &self.slot_2),
            ("slot_3", &self.slot_3),
            ("slot_4", &self.slot_4),
            ("slot_5", &self.slot_5),
        ]
    }
}

/// How long a meeting can be that is offered by the form, in minutes.
const LENGTHS: [&str; 4] = ["30", "45", "60", "90"];

/// The question with its form.
#[derive(Template)]
#[template(path = "question.html", config = "src/http/pages/askama.toml")]
pub(super) struct QuestionPage<'a> {
    words: &'static Wording,
    lead: Vec<Piece>,
    promise: &'static str,
    teaser: Option<Teaser<'a>>,
    paragraphs: Option<Teaser<'a>>,
    lines: Vec<String>,
    country: Option<Vec<Piece>>,
    blurb: Teaser<'a>,
    strengths: Vec<String>,
    extended: bool,
    expiry: Vec<Piece>,
    more_time_hint: Vec<Piece>,
    earliest: NaiveDate,
    latest: NaiveDate,
    sent: Sent,
    faults: Vec<FieldFault>,
    /// What a yes agrees to, with its language.
    consent: (&'static str, &'static str),
    copy: &'static str,
    slots_hint: Vec<Piece>,
    lengths: [&'static str; 4],
    my_consents: String,
}

/// A text in the language that it has.
struct Teaser<'a> {
    lang: String,
    dir: &'static str,
    text: &'a str,
}

impl<'a> Teaser<'a> {
    fn of(text: &'a Localized, reader: &Language) -> Option<Self> {
        let (language, text) = text.for_reader(reader)?;
        Some(Self {
            lang: language.to_string(),
            dir: language.direction(),
            text: &text.text,
        })
    }

    /// One whose language only its letters tell.
    fn by_somebody(text: &'a str) -> Self {
        let language = tongue::of(text);
        Self {
            dir: language.as_ref().map_or("auto", Language::direction),
            lang: language.map(|it| it.to_string()).unwrap_or_default(),
            text,
        }
    }
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

impl<'a> QuestionPage<'a> {
    /// The question as it is first shown; the name is the account's.
    pub(super) fn fresh(context: &Context, question: &'a Question) -> Self {
        let sent = Sent {
            name: question.person.shown_name(),
            slot_minutes: LENGTHS[0].to_owned(),
            ..Sent::default()
        };
        Self::of(context, question, sent, &[])
    }

    /// The question with what was sent and what is wrong with it.
    pub(super) fn of(
        context: &Context,
        question: &'a Question,
        sent: Sent,
        faults: &[Fault],
    ) -> Self {
        let (person, asked) = (&question.person, &question.content);
        let words = wording::of(&person.language);
        let (earliest, latest) = days_ahead(person.zone, context.now());
        let expires = moment(question.ask.expires_at, person.zone, words);
        let days = context.settings.ask_working_days.to_string();
        let country = asked.counterpart_country.map(|country| {
            let name = context
                .wording
                .word("country", country.code(), &person.language)
                .unwrap_or(country.code());
            phrase(words.country, &[("country", name)])
        });
        let sentence = |reason| {
            context
                .wording
                .sentence(reason, &person.language, &context.taxonomy())
        };
        let strengths = asked.strengths.iter();
        Self {
            words,
            lead: lead(words, asked),
            promise: match asked.counterpart {
                Some(_) => words.promise,
                None => words.promise_first,
            },
            teaser: Teaser::of(&asked.portrait.sentence, &person.language),
            paragraphs: Teaser::of(&asked.portrait.paragraphs, &person.language),
            lines: asked.portrait.lines(context, &person.language),
            country,
            blurb: Teaser::by_somebody(&asked.blurb),
            strengths: strengths.map(|trace| sentence(&trace.reason)).collect(),
            extended: question.extended,
            expiry: phrase(words.expiry, &[("expires", &expires)]),
            more_time_hint: phrase(words.form.more_time_hint, &[("days", &days)]),
            earliest,
            latest,
            sent,
            faults: field_faults(words, faults),
            consent: introduction_text(&person.language),
            copy: curator_copy_text(&person.language),
            slots_hint: phrase(words.form.slots_hint, &[("zone", person.zone.name())]),
            lengths: LENGTHS,
            my_consents: consents::token(context, &person.email).unwrap_or_default(),
        }
    }

    fn answers(&self) -> Vec<Choice> {
        let form = &self.words.form;
        let mut answers = vec![
            ("accept", form.accept),
            ("decline", form.decline),
            ("not_now", form.not_now),
        ];
        if !self.extended {
            answers.push(("need_more_time", form.more_time));
        }
        answers.push(("delegate", form.pass_on));
        answers.push(("report_abuse", form.report_abuse));
        answers
            .into_iter()
            .map(|(code, label)| Choice { code, label })
            .collect()
    }

    fn fault(&self, field: &str) -> Option<&'static str> {
        self.faults
            .iter()
            .find(|fault| fault.field == field)
            .map(|fault| fault.text)
    }
}

fn lead(words: &Wording, asked: &AskContent) -> Vec<Piece> {
    let programme = ("programme", asked.programme.as_str());
    match asked.counterpart.as_deref() {
        Some(name) => {
            let sentence = if asked.counterpart_asks {
                words.lead_named
            } else {
                words.lead_proposed
            };
            phrase(sentence, &[("counterpart", name), programme])
        }
        None => phrase(words.lead_teaser, &[programme]),
    }
}

/// The faults in the reader's language, one a field, in the form's order.
fn field_faults(words: &Wording, faults: &[Fault]) -> Vec<FieldFault> {
    const ORDER: [&str; 8] = [
        "answer",
        "reason",
        "until",
        "delegate_email",
        "slot",
        "name",
        "role",
        "note",
    ];
    let mut by_field = BTreeMap::new();
    for fault in faults {
        let field = fault.pointer.trim_start_matches('/');
        let text = match (field, &*fault.code) {
            ("answer", "extended_already") => words.faults.extended_already,
            ("reason", _) => words.faults.reason,
            ("until", _) => words.faults.until,
            ("delegate_email", "refused") => words.faults.delegate_refused,
            ("delegate_email", _) => words.faults.delegate,
            ("name", _) => words.faults.name,
            ("role", _) => words.faults.role,
            (slot, _) if slot.starts_with("slot_") => words.faults.slot,
            ("note", "required") => words.faults.note_needed,
            ("note", _) => words.faults.note,
            _ => words.faults.answer,
        };
        let kind = if field.starts_with("slot_") {
            "slot"
        } else {
            field
        };
        let place = ORDER.iter().position(|known| *known == kind);
        by_field.entry(place.unwrap_or(0)).or_insert(FieldFault {
            field: field.to_owned(),
            text,
        });
    }
    by_field.into_values().collect()
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "note.html", config = "src/http/pages/askama.toml")]
pub(super) struct NotePage {
    words: &'static Wording,
    note: &'static Note,
    /// The languages in which it is said once more, because the reader's
    /// isn't known.
    others: &'static [&'static Wording],
    /// What stands in the link to what the reader agreed to, where it is known
    /// who reads; else it leads to where a link of one's own is sent.
    my_consents: Option<String>,
}

impl NotePage {
    /// Something said to a reader.
    pub(super) fn to(reader: &Language, note: fn(&'static Wording) -> &'static Note) -> Self {
        let words = wording::of(reader);
        Self {
            words,
            note: note(words),
            others: &[],
            my_consents: None,
        }
    }

    /// The same to a person who has a mail from us, with the way to what they
    /// agreed to.
    pub(super) fn for_person(
        context: &Context,
        person: &Recipient,
        note: fn(&'static Wording) -> &'static Note,
    ) -> Self {
        Self {
            my_consents: consents::token(context, &person.email).ok(),
            ..Self::to(&person.language, note)
        }
    }

    /// The link is none of ours, so nobody knows who reads it.
    pub(super) fn invalid() -> Self {
        let [english, others @ ..] = &wording::ALL;
        Self {
            words: english,
            note: &english.invalid,
            others,
            my_consents: None,
        }
    }
}
