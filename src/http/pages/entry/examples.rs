//! A match of a digest, and its brief, with facts as they could be.

use super::super::examples::{Facts, Shown, alone};
use super::super::phrase::{date, phrase};
use super::super::wording;
use super::{BriefPage, EntryPage, Sent, Sheet, field_faults, one_liner};
use crate::domain::fault::{Fault, Faults};
use crate::domain::review::SNOOZE_DAYS;
use crate::http::answer::days_ahead;

/// The match, once more with every fault, and its brief without and with a name.
pub(in crate::http::pages) fn pages(facts: &Facts) -> Vec<Shown> {
    let mut wrong = Faults::new();
    for field in ["answer", "reason", "until", "note"] {
        wrong.push(format!("/{field}"), "invalid_text", "Not so.");
    }
    vec![
        ("match", alone(&page(facts, &[]))),
        ("match_faults", alone(&page(facts, &wrong.into_vec()))),
        ("brief", alone(&brief(facts, false))),
        ("brief_named", alone(&brief(facts, true))),
    ]
}

fn sheet(facts: &Facts) -> Sheet<'_> {
    let words = &wording::of(&facts.language).entries;
    let score = [
        ("band", facts.band.as_str()),
        ("score", "82"),
        ("known", "70"),
    ];
    let (risk, reasons) = match facts.reasons.split_last() {
        Some((last, others)) => (Some(last.as_str()), others),
        None => (None, &[][..]),
    };
    Sheet {
        one_liner: Some(one_liner(&facts.language, &facts.teaser)),
        facts: vec![
            (words.country, facts.country.clone()),
            (words.stage, facts.stage.clone()),
            (words.tags, facts.tags.join(", ")),
        ],
        score: phrase(words.score, &score),
        reasons: reasons.iter().map(String::as_str).collect(),
        risks: risk.into_iter().collect(),
        missing: vec![],
    }
}

fn page<'a>(facts: &'a Facts, faults: &[Fault]) -> EntryPage<'a> {
    let words = wording::of(&facts.language);
    let entry = &words.entries;
    let (earliest, _) = days_ahead(facts.zone, facts.now);
    let known = [
        ("mandate", facts.mandate.as_str()),
        ("programme", facts.programme.as_str()),
    ];
    EntryPage {
        words,
        lead: phrase(entry.lead, &known),
        sheet: sheet(facts),
        until_hint: phrase(entry.until_hint, &[("days", &SNOOZE_DAYS.to_string())]),
        earliest,
        latest: earliest + chrono::TimeDelta::days(SNOOZE_DAYS - 1),
        put_off_before: false,
        sent: Sent::default(),
        faults: field_faults(words, faults),
        token: "preview",
        my_consents: "preview".to_owned(),
    }
}

fn brief(facts: &Facts, named: bool) -> BriefPage<'_> {
    let words = wording::of(&facts.language);
    let entry = &words.entries;
    let day = date(facts.now.date_naive(), entry.date, words);
    let known = [
        ("mandate", facts.mandate.as_str()),
        ("programme", facts.programme.as_str()),
    ];
    BriefPage {
        words,
        lead: phrase(entry.brief_lead, &known),
        day: phrase(entry.day, &[("day", &day)]),
        name: named.then_some(&facts.startup),
        summary: named.then(|| one_liner(&facts.language, &facts.teaser)),
        sheet: sheet(facts),
        token: "preview",
        my_consents: "preview".to_owned(),
    }
}
