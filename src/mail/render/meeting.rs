//! When two meet, by the clocks of both.

use super::super::notice::{Language, Meeting, MeetingMail, Moment};
use super::{Block, Document, Phrase, fill, greeting, list, moment, plain};
use crate::mail::wording::{Wording, meeting};

/// What a mail says about the time that is proposed.
pub(super) fn proposal(
    proposed: &Meeting,
    language: Language,
    wording: &'static Wording,
    blocks: &mut Vec<Block>,
) {
    let words = meeting::of(language);
    let minutes = proposed.minutes.to_string();
    blocks.push(Block::Paragraph(fill(
        words.proposed,
        &[("minutes", &minutes)],
    )));
    times(proposed, language, wording, blocks);
    blocks.push(Block::Paragraph(fill(words.invitation, &[])));
}

/// The time by each side's clock, who has the day off, and what else there is.
fn times(
    proposed: &Meeting,
    language: Language,
    wording: &'static Wording,
    blocks: &mut Vec<Block>,
) {
    blocks.extend(lines(proposed, language, wording).map(Block::Paragraph));
    if !proposed.others.is_empty() {
        blocks.push(Block::Heading(meeting::of(language).others));
        blocks.push(list(others(proposed, wording)));
    }
}

fn lines(
    proposed: &Meeting,
    language: Language,
    wording: &'static Wording,
) -> impl Iterator<Item = Phrase> {
    let words = meeting::of(language);
    let at = proposed.sides.iter().map(move |side| {
        let zone = side.zone;
        let time = moment(
            Moment {
                at: proposed.at,
                zone,
            },
            wording,
        );
        let facts = [("time", &*time), ("organization", &*side.organization)];
        fill(words.at, &facts)
    });
    let off = proposed.sides.iter().filter(|side| side.day_off);
    let off = off.map(move |side| fill(words.day_off, &[("organization", &side.organization)]));
    at.chain(off)
}

fn others(proposed: &Meeting, wording: &'static Wording) -> Vec<String> {
    let other = |at: &chrono::DateTime<chrono::Utc>| {
        let by_each = proposed.sides.iter().map(|side| {
            let zone = side.zone;
            moment(Moment { at: *at, zone }, wording)
        });
        by_each.collect::<Vec<_>>().join(" / ")
    };
    proposed.others.iter().map(other).collect()
}

/// The mail about a time that changed, or is called off.
pub(super) fn document(
    mail: &MeetingMail,
    language: Language,
    wording: &'static Wording,
) -> Document {
    let words = meeting::of(language);
    let proposed = &mail.meeting;
    let minutes = proposed.minutes.to_string();
    let programme = ("programme", mail.programme.as_str());
    let mut blocks = vec![greeting(None, wording)];
    let subject = if mail.cancelled {
        blocks.push(Block::Paragraph(fill(words.cancelled, &[programme])));
        blocks.extend(lines(proposed, language, wording).map(Block::Paragraph));
        blocks.push(Block::Paragraph(fill(words.afterwards, &[])));
        words.subject_cancelled
    } else {
        let facts = [programme, ("minutes", &*minutes)];
        blocks.push(Block::Paragraph(fill(words.moved, &facts)));
        times(proposed, language, wording, &mut blocks);
        blocks.push(Block::Paragraph(fill(words.invitation, &[])));
        words.subject_moved
    };
    Document {
        subject: fill(subject, &names(proposed)),
        blocks,
        footer: fill(wording.footer_programme, &[programme]),
    }
}

fn names(proposed: &Meeting) -> [(&'static str, &str); 2] {
    let [startup, investor] = &proposed.sides;
    [
        ("startup", &startup.organization),
        ("investor", &investor.organization),
    ]
}

/// What stands in a calendar: its title, and the time by both clocks.
pub(super) fn entry(
    proposed: &Meeting,
    language: Language,
    wording: &'static Wording,
) -> (String, String) {
    let words = meeting::of(language);
    let title = plain(&fill(words.subject, &names(proposed)), wording);
    let mut rows: Vec<_> = lines(proposed, language, wording)
        .map(|line| plain(&line, wording))
        .collect();
    if !proposed.others.is_empty() {
        rows.push(format!("{}:", words.others));
        rows.extend(others(proposed, wording));
    }
    (title, rows.join("\n"))
}
