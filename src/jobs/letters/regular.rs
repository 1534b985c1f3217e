//! Regular mail in its reader's words.

use super::{Reader, way};
use crate::domain::values::{PassReason, Side};
use crate::mail::Said;
use crate::mail::notice::{Language as MailLanguage, pass_reason};
use crate::mail::regular::{
    DigestMail, DigestPart, ImprovePart, MandateMail, ProfileMail, ProgrammePart, StatusMail,
    WorkMail,
};
use crate::services::Context;
use crate::services::digest::Note;
use crate::services::entries::Facts;
use crate::services::notices::{
    DigestContent, DigestEntry, Improvement, MandateNewsContent, ProfileContent, Reviewed,
    StatusContent, WorkContent,
};
use crate::services::readiness::FEWEST;

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
fn lines(facts: &Facts) -> Vec<Said> {
    let one_liner = facts.one_liner.as_ref();
    let one_liner = one_liner.map(|(language, text)| Said::in_language(text.clone(), language));
    let tags = (!facts.tags.is_empty()).then(|| facts.tags.join(", "));
    let ours = [facts.country.clone(), facts.stage.clone(), tags];
    let ours = ours.into_iter().flatten().map(Said::from);
    one_liner.into_iter().chain(ours).collect()
}

/// The sentence, or where it would tell figures the name of what stands out.
fn said(note: &Note) -> String {
    note.sentence.as_ref().unwrap_or(&note.label).clone()
}

pub(super) fn profile_mail(
    context: &Context,
    content: &ProfileContent,
    reader: &Reader,
) -> ProfileMail {
    let language = MailLanguage::for_tag(reader.language.as_str());
    // A code that people have a word for, or else the curator's own.
    let reason = content.reason.as_ref().map(|code| {
        PassReason::from_code(code.as_str()).map_or_else(
            || code.to_string().replace(['_', '-'], " "),
            |reason| pass_reason(reason, language).to_owned(),
        )
    });
    let (side, record) = match content.profile {
        Reviewed::Startup(id) => (Side::Startup, way(context, "startup-profiles", id)),
        Reviewed::Investor(id) => (Side::Investor, way(context, "investor-profiles", id)),
    };
    ProfileMail {
        side,
        reader: reader.name.clone(),
        firm: content.firm.clone(),
        news: content.news,
        by: content.by,
        reason: reason.unwrap_or_default(),
        comments: content.comments.clone(),
        record,
    }
}

pub(super) fn mandate_mail(
    context: &Context,
    content: &MandateNewsContent,
    reader: &Reader,
) -> MandateMail {
    MandateMail {
        reader: reader.name.clone(),
        mandate: content.title.clone(),
        news: content.news,
        by: content.by,
        per_week: content.per_week,
        record: way(context, "mandates", content.mandate),
    }
}

pub(super) fn status_mail(content: &StatusContent, reader: &Reader) -> StatusMail {
    let language = MailLanguage::for_tag(reader.language.as_str());
    let programmes = content.programmes.iter().map(|status| ProgrammePart {
        programme: status.programme.clone(),
        shown: status.shown.told(),
        new: status.new.told(),
        waiting: status.waiting.told(),
        own: status.own,
    });
    let passes = content
        .passes
        .iter()
        .map(|(reason, count)| (pass_reason(*reason, language).to_owned(), *count));
    let improve = content.improve.iter().map(|improvement| match improvement {
        Improvement::Fields(fields) => ImprovePart::Fields(fields.clone()),
        Improvement::DealIntent(label, count) => ImprovePart::DealIntent(label.clone(), *count),
        Improvement::NoLeastCheque(count) => ImprovePart::NoLeastCheque(*count),
    });
    StatusMail {
        reader: reader.name.clone(),
        firm: content.firm.clone(),
        month: content.month,
        least: FEWEST,
        programmes: programmes.collect(),
        passes: passes.collect(),
        improve: improve.collect(),
    }
}

pub(super) fn work_mail(context: &Context, content: &WorkContent, reader: &Reader) -> WorkMail {
    let day = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&reader.zone).date_naive();
    let lines = content.lines.iter();
    WorkMail {
        reader: reader.name.clone(),
        lines: lines
            .map(|line| (line.kind, line.count, day(line.since)))
            .collect(),
        overdue: content.overdue,
        list: context.settings.destinations.worklist.clone(),
    }
}
