//! Regular mail as documents.

use super::records::{date, month};
use super::{
    Block, Document, Phrase, fill, greeting, list, list_under, paragraph, plain, said_list,
};
use crate::mail::regular::{
    DigestMail, DigestPart, ImprovePart, ProgrammePart, StatusMail, WorkMail,
};
use crate::mail::wording::Wording;

pub(super) fn digest(mail: &DigestMail, wording: &'static Wording) -> Document {
    let words = &wording.regular.digest;
    let count = (mail.entries.len() + mail.more).to_string();
    let more = mail.more.to_string();
    let facts = [
        ("mandate", mail.mandate.as_str()),
        ("count", &count),
        ("more", &more),
    ];
    let mut blocks = vec![
        greeting(mail.reader.as_deref(), wording),
        Block::Paragraph(fill(words.lead, &facts)),
    ];
    for (number, part) in (1..).zip(&mail.entries) {
        entry(number, part, wording, &mut blocks);
    }
    if mail.more > 0 {
        blocks.push(Block::Paragraph(fill(words.more, &facts)));
    }
    blocks.push(paragraph(words.personal));
    Document {
        subject: fill(words.subject, &facts),
        blocks,
        footer: fill(words.footer, &facts),
    }
}

fn entry(number: u32, part: &DigestPart, wording: &'static Wording, blocks: &mut Vec<Block>) {
    let words = &wording.regular.digest;
    let number = number.to_string();
    let title = [("number", number.as_str()), ("band", &part.band)];
    blocks.push(Block::Section(fill(words.section, &title)));
    blocks.push(said_list(&part.facts));
    list_under(wording.reasons, &part.reasons, blocks);
    list_under(words.risk, part.risk.as_slice(), blocks);
    list_under(words.missing, &part.missing, blocks);
    for (label, url) in [(words.answer, &part.link), (words.brief, &part.brief)] {
        blocks.push(Block::Action {
            label,
            url: url.clone(),
        });
    }
}

pub(super) fn status(mail: &StatusMail, wording: &'static Wording) -> Document {
    let words = &wording.regular.status;
    let year = chrono::Datelike::year(&mail.month).to_string();
    let facts = [
        ("firm", mail.firm.as_str()),
        ("month", month(mail.month, wording)),
        ("year", &year),
    ];
    let mut blocks = vec![
        greeting(mail.reader.as_deref(), wording),
        Block::Paragraph(fill(words.lead, &facts)),
    ];
    for part in &mail.programmes {
        let title = [("programme", part.programme.as_str())];
        blocks.push(Block::Section(fill(words.section, &title)));
        blocks.push(list(standing(mail, part, wording)));
    }
    let passes: Vec<_> = mail
        .passes
        .iter()
        .map(|(reason, count)| format!("{reason}: {count}"))
        .collect();
    list_under(words.passes, &passes, &mut blocks);
    let improve: Vec<_> = mail
        .improve
        .iter()
        .map(|part| improvement(part, wording))
        .collect();
    list_under(words.improve, &improve, &mut blocks);
    blocks.push(paragraph(words.small));
    Document {
        subject: fill(words.subject, &facts),
        blocks,
        footer: fill(wording.regular.profile.footer, &facts),
    }
}

/// How it stands in a programme, a line each.
fn standing(mail: &StatusMail, part: &ProgrammePart, wording: &'static Wording) -> Vec<String> {
    let words = &wording.regular.status;
    let told = |count: Option<usize>| match count {
        Some(count) => count.to_string(),
        None => line(
            fill(words.fewer, &[("least", &mail.least.to_string())]),
            wording,
        ),
    };
    [
        (words.shown, told(part.shown)),
        (words.shown_new, told(part.new)),
        (words.waiting, told(part.waiting)),
        (words.own, part.own.to_string()),
    ]
    .into_iter()
    .map(|(words, count)| line(fill(words, &[("count", &count)]), wording))
    .collect()
}

fn improvement(part: &ImprovePart, wording: &'static Wording) -> String {
    let words = &wording.regular.status;
    let phrase = match part {
        ImprovePart::Fields(pointers) => {
            let mut fields: Vec<&str> = Vec::new();
            for pointer in pointers {
                let field = wording.regular.fields.of(pointer);
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
            fill(words.missing, &[("fields", &fields.join(", "))])
        }
        ImprovePart::DealIntent(intent, count) => fill(
            words.intent,
            &[("intent", intent), ("count", &count.to_string())],
        ),
        ImprovePart::NoLeastCheque(count) => fill(words.cheque, &[("count", &count.to_string())]),
    };
    line(phrase, wording)
}

pub(super) fn work(mail: &WorkMail, wording: &'static Wording) -> Document {
    let words = &wording.regular.work;
    let all: usize = mail.lines.iter().map(|(_, count, _)| count).sum();
    let count = [("count", all.to_string())];
    let count = count
        .each_ref()
        .map(|(name, count)| (*name, count.as_str()));
    let lines = mail.lines.iter().map(|(kind, count, since)| {
        let facts = [
            ("kind", (words.kind)(*kind)),
            ("count", &count.to_string()),
            ("since", &date(*since, wording)),
        ];
        line(fill(words.line, &facts), wording)
    });
    let mut blocks = vec![
        greeting(mail.reader.as_deref(), wording),
        paragraph(words.lead),
        list(lines),
    ];
    if mail.overdue > 0 {
        let overdue = mail.overdue.to_string();
        blocks.push(Block::Paragraph(fill(
            words.overdue,
            &[("count", &overdue)],
        )));
    }
    blocks.push(match &mail.list {
        Some(url) => Block::Action {
            label: words.action,
            url: url.clone(),
        },
        None => paragraph(words.at_work),
    });
    Document {
        subject: fill(words.subject, &count),
        blocks,
        footer: fill(wording.alert.footer, &[]),
    }
}

/// A sentence as an item of a list.
fn line(phrase: Phrase, wording: &Wording) -> String {
    plain(&phrase, wording)
}
