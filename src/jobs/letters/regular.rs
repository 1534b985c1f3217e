//! Regular mail in its reader's words.

use super::Reader;
use crate::mail::regular::{DigestMail, DigestPart};
use crate::services::digest::Note;
use crate::services::entries::Facts;
use crate::services::notices::{DigestContent, DigestEntry};

pub(super) fn digest_mail(content: &DigestContent, reader: &Reader) -> DigestMail {
    DigestMail {
        reader: reader.name.clone(),
        mandate: content.mandate.clone(),
        entries: content.entries.iter().map(part).collect(),
        more: content.more,
    }
}

fn part(told: &DigestEntry) -> DigestPart {
    let DigestEntry {
        entry,
        facts,
        link,
        brief,
    } = told;
    DigestPart {
        band: entry.band_label.clone(),
        facts: lines(facts),
        reasons: entry.reasons.iter().map(said).collect(),
        risk: entry.risk.as_ref().map(said),
        missing: entry
            .missing
            .iter()
            .map(|note| note.label.clone())
            .collect(),
        link: link.clone(),
        brief: brief.clone(),
    }
}

/// What a startup is, a line each.
fn lines(facts: &Facts) -> Vec<String> {
    let one_liner = facts.one_liner.as_ref().map(|(_, text)| text.clone());
    let tags = (!facts.tags.is_empty()).then(|| facts.tags.join(", "));
    [one_liner, facts.country.clone(), facts.stage.clone(), tags]
        .into_iter()
        .flatten()
        .collect()
}

/// The sentence, or where it would tell figures the name of what stands out.
fn said(note: &Note) -> String {
    note.sentence.as_ref().unwrap_or(&note.label).clone()
}
