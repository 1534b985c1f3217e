//! What happens to profiles and mandates, as documents.

use chrono::{Datelike as _, NaiveDate};

use super::{Block, Document, fill, greeting, list, tame};
use crate::domain::message::RecordNews;
use crate::domain::values::Side;
use crate::mail::notice::Way;
use crate::mail::regular::{MandateMail, ProfileMail};
use crate::mail::wording::Wording;

pub(super) fn profile(mail: &ProfileMail, wording: &'static Wording) -> Document {
    let words = &wording.regular.profile;
    let shown = match mail.side {
        Side::Startup => &words.of_startup,
        Side::Investor => &words.of_investor,
    };
    let by = mail.by.map(|day| date(day, wording)).unwrap_or_default();
    let facts = [
        ("firm", mail.firm.as_str()),
        ("by", &by),
        ("reason", &mail.reason),
    ];
    let (subject, lead, next) = match mail.news {
        RecordNews::Received => (words.received_subject, words.received, None),
        RecordNews::ChangesRequested => (
            words.changes_subject,
            words.changes,
            Some(words.changes_next),
        ),
        RecordNews::Rejected => (
            words.rejected_subject,
            words.rejected,
            Some(words.rejected_next),
        ),
        RecordNews::Published => (
            words.published_subject,
            shown.published,
            Some(words.confirm_by),
        ),
        RecordNews::ConfirmSoon => (words.confirm_subject, shown.confirm, None),
        RecordNews::Stale => (shown.stale_subject, shown.stale, None),
    };
    let mut blocks = vec![
        greeting(mail.reader.as_deref(), wording),
        Block::Paragraph(fill(lead, &facts)),
    ];
    if !mail.comments.is_empty() {
        let comment = |(part, comment): &(String, String)| {
            tame(&format!("{}: {comment}", wording.regular.fields.of(part)))
        };
        blocks.push(list(mail.comments.iter().map(comment)));
    }
    blocks.extend(next.map(|next| Block::Paragraph(fill(next, &facts))));
    blocks.push(way(&mail.record, wording));
    Document {
        subject: fill(subject, &facts),
        blocks,
        footer: fill(words.footer, &facts),
    }
}

pub(super) fn mandate(mail: &MandateMail, wording: &'static Wording) -> Document {
    let words = &wording.regular.mandate;
    let by = mail.by.map(|day| date(day, wording)).unwrap_or_default();
    let capacity = mail.per_week.to_string();
    let facts = [
        ("mandate", mail.mandate.as_str()),
        ("by", &by),
        ("capacity", &capacity),
    ];
    let (subject, lead, next) = match mail.news {
        RecordNews::Stale => (words.stale_subject, words.stale, None),
        RecordNews::ConfirmSoon => (words.confirm_subject, words.confirm, None),
        // A mandate has no review.
        RecordNews::Published
        | RecordNews::Received
        | RecordNews::ChangesRequested
        | RecordNews::Rejected => (
            words.published_subject,
            words.published,
            Some(words.confirm_by),
        ),
    };
    let mut blocks = vec![
        greeting(mail.reader.as_deref(), wording),
        Block::Paragraph(fill(lead, &facts)),
    ];
    blocks.extend(next.map(|next| Block::Paragraph(fill(next, &facts))));
    blocks.push(way(&mail.record, wording));
    Document {
        subject: fill(subject, &facts),
        blocks,
        footer: fill(wording.regular.digest.footer, &facts),
    }
}

/// How the reader comes to a record.
pub(super) fn way(way: &Way, wording: &'static Wording) -> Block {
    match way {
        Way::Link(url) => Block::Action {
            label: wording.alert.record,
            url: url.clone(),
        },
        Way::Number(number) => Block::Paragraph(fill(wording.by_number, &[("number", number)])),
    }
}

/// A day in the reader's words.
pub(super) fn date(day: NaiveDate, wording: &Wording) -> String {
    wording
        .regular
        .date
        .replace("{day}", &day.day().to_string())
        .replace("{month}", month(day, wording))
        .replace("{year}", &day.year().to_string())
}

/// The name of a day's month.
pub(super) fn month(day: NaiveDate, wording: &Wording) -> &'static str {
    usize::try_from(day.month0())
        .ok()
        .and_then(|place| wording.months.get(place).copied())
        .unwrap_or_default()
}
