//! The question with facts as they could be.

use chrono::TimeDelta;

use super::super::examples::{Facts, Shown, alone};
use super::super::phrase::{moment, phrase};
use super::super::wording;
use super::{LENGTHS, QuestionPage, Sent, Teaser, field_faults};
use crate::domain::consent::{curator_copy_text, introduction_text};
use crate::domain::fault::{Fault, Faults};
use crate::http::answer::days_ahead;

/// By name, without one, where the other side has agreed, and once more with
/// every fault.
pub(in crate::http::pages) fn pages(facts: &Facts) -> Vec<Shown> {
    let words = wording::of(&facts.language);
    let known = [
        ("counterpart", facts.startup.as_str()),
        ("programme", facts.programme.as_str()),
    ];
    let fresh = |sentence, promise| {
        let lead = phrase(sentence, &known);
        QuestionPage {
            promise,
            ..page(facts, lead, Sent::default(), &[])
        }
    };
    let mut wrong = Faults::new();
    for field in [
        "answer",
        "reason",
        "until",
        "delegate_email",
        "slot_1",
        "name",
        "note",
    ] {
        wrong.push(format!("/{field}"), "invalid_text", "Not so.");
    }
    let sent = Sent {
        answer: "decline".to_owned(),
        ..Sent::default()
    };
    vec![
        ("question", alone(&fresh(words.lead_named, words.promise))),
        (
            "question_teaser",
            alone(&fresh(words.lead_teaser, words.promise_first)),
        ),
        (
            "question_proposed",
            alone(&fresh(words.lead_proposed, words.promise)),
        ),
        (
            "question_faults",
            alone(&page(
                facts,
                phrase(words.lead_named, &known),
                sent,
                &wrong.into_vec(),
            )),
        ),
    ]
}

fn page<'a>(
    facts: &'a Facts,
    lead: Vec<super::Piece>,
    sent: Sent,
    faults: &[Fault],
) -> QuestionPage<'a> {
    let words = wording::of(&facts.language);
    let (earliest, latest) = days_ahead(facts.zone, facts.now);
    let expires = moment(facts.now + TimeDelta::days(14), facts.zone, words);
    QuestionPage {
        words,
        lead,
        promise: words.promise,
        paragraphs: None,
        lines: vec![
            format!("{}: {}", words.entries.stage, facts.stage),
            format!("{}: {}", words.entries.tags, facts.tags.join(", ")),
        ],
        teaser: Some(Teaser {
            lang: facts.language.to_string(),
            dir: facts.language.direction(),
            text: &facts.teaser,
        }),
        country: Some(phrase(words.country, &[("country", &facts.country)])),
        blurb: Teaser::by_somebody(&facts.blurb),
        strengths: facts.reasons.clone(),
        extended: false,
        expiry: phrase(words.expiry, &[("expires", &expires)]),
        more_time_hint: phrase(words.form.more_time_hint, &[("days", "10")]),
        earliest,
        latest,
        sent: Sent {
            name: facts.reader.clone(),
            slot_minutes: LENGTHS[0].to_owned(),
            ..sent
        },
        faults: field_faults(words, faults),
        consent: introduction_text(&facts.language),
        copy: curator_copy_text(&facts.language),
        slots_hint: phrase(words.form.slots_hint, &[("zone", facts.zone.name())]),
        lengths: LENGTHS,
        my_consents: "preview".to_owned(),
    }
}
