//! Regular mail as documents.

use super::{Block, Document, fill, greeting, list_under, paragraph};
use crate::mail::regular::{DigestMail, DigestPart};
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
    blocks.push(Block::List(
        part.facts.iter().map(|fact| super::tame(fact)).collect(),
    ));
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
