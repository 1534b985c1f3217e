//! What somebody agreed to, with facts as they could be.

use chrono::TimeDelta;

use super::super::examples::{Facts, Shown, alone};
use super::super::phrase::{date, phrase};
use super::super::wording;
use super::{ConsentsPage, Entry};
use crate::domain::consent::introduction_text;

/// One that holds, one that was taken back and one that is over; and none.
pub(in crate::http::pages) fn pages(facts: &Facts) -> Vec<Shown> {
    let words = wording::of(&facts.language);
    let own = &words.consents;
    let known = [
        ("address", facts.address.as_str()),
        ("operator", facts.investor.as_str()),
    ];
    let page = |entries| ConsentsPage {
        words,
        lead: phrase(own.lead, &known),
        entries,
        token: "preview",
    };
    let entries = vec![
        entry(facts, own.valid, true),
        entry(facts, own.withdrawn, false),
        entry(facts, own.over, false),
    ];
    vec![
        ("my_consents", alone(&page(entries))),
        ("my_consents_none", alone(&page(vec![]))),
    ]
}

fn entry<'a>(facts: &'a Facts, standing: &'static str, holds: bool) -> Entry<'a> {
    let words = wording::of(&facts.language);
    let own = &words.consents;
    let day = |days| {
        let at = facts.now + TimeDelta::days(days);
        date(at.date_naive(), words.entries.date, words)
    };
    let organization = ("organization", facts.investor.as_str());
    let title = if holds {
        phrase(
            own.introduction,
            &[("programme", &facts.programme), organization],
        )
    } else {
        phrase(own.proposals, &[organization])
    };
    let given = [("day", day(-30)), ("name", facts.reader.clone())];
    let given = given.each_ref().map(|(name, fact)| (*name, fact.as_str()));
    let (_, text) = introduction_text(&facts.language);
    Entry {
        id: "preview".to_owned(),
        title,
        lines: vec![
            if holds {
                phrase(own.recipient, &[("recipient", &facts.startup)])
            } else {
                phrase(own.recipient_proposals, &[])
            },
            phrase(own.country, &[("country", &facts.country)]),
            phrase(own.data, &[]),
            phrase(own.given, &given),
            phrase(standing, &[("day", &day(150))]),
        ],
        lang: facts.language.as_str(),
        dir: facts.language.direction(),
        text,
        holds,
    }
}
