//! Regular mail in every language: nothing left out, nothing unescaped.

use chrono::NaiveDate;

use crate::domain::message::RecordNews;
use crate::domain::values::Side;
use crate::domain::worklist::WorkKind;
use crate::mail::notice::{Language, Notice, Way};
use crate::mail::regular::{
    DigestMail, DigestPart, ImprovePart, MandateMail, ProfileMail, ProgrammePart, StatusMail,
    WorkMail,
};

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, 3).unwrap_or_default()
}

fn reader() -> String {
    "Aysel <b>Məmmədova</b>".to_owned()
}

fn digest() -> Notice {
    let part = DigestPart {
        band: "Strong match".to_owned(),
        facts: vec!["Finds leaks.".into(), "Israel".into()],
        reasons: vec!["Both name water".to_owned()],
        risk: Some("Another stage".to_owned()),
        missing: vec!["Cheque".to_owned()],
        link: "https://corridor.example/matches/abc?x=1&y=2".to_owned(),
        brief: "https://corridor.example/matches/abc/brief".to_owned(),
    };
    Notice::Digest(DigestMail {
        reader: Some(reader()),
        mandate: "Water & more".to_owned(),
        entries: vec![part.clone(), part],
        more: 2,
    })
}

fn profile(side: Side, news: RecordNews) -> Notice {
    Notice::Profile(ProfileMail {
        side,
        reader: Some(reader()),
        firm: "נחל".to_owned(),
        news,
        by: Some(day()),
        reason: "too early".to_owned(),
        comments: match news {
            RecordNews::ChangesRequested => vec![
                ("/one_liner".to_owned(), "Say which pipes.".to_owned()),
                ("/nothing".to_owned(), "And more.".to_owned()),
            ],
            _ => vec![],
        },
        record: Way::Link("https://app.example/startup-profiles/1".to_owned()),
    })
}

fn mandate(news: RecordNews) -> Notice {
    Notice::Mandate(MandateMail {
        reader: Some(reader()),
        mandate: "Water".to_owned(),
        news,
        by: Some(day()),
        per_week: 5,
        record: Way::Number("0192-1".to_owned()),
    })
}

fn status() -> Notice {
    Notice::Status(StatusMail {
        reader: Some(reader()),
        firm: "Nahal".to_owned(),
        month: NaiveDate::from_ymd_opt(2026, 11, 1).unwrap_or_default(),
        least: 3,
        programmes: vec![ProgrammePart {
            programme: "Bridge".to_owned(),
            shown: Some(7),
            new: None,
            waiting: Some(4),
            own: 1,
        }],
        passes: vec![("The valuation".to_owned(), 2)],
        improve: vec![
            ImprovePart::Fields(vec!["/stage", "/traction/pilots", "/traction/customers"]),
            ImprovePart::DealIntent("Joint venture".to_owned(), 5),
            ImprovePart::NoLeastCheque(6),
        ],
    })
}

fn work() -> Notice {
    Notice::Work(WorkMail {
        reader: Some(reader()),
        lines: WorkKind::ALL.iter().map(|kind| (*kind, 2, day())).collect(),
        overdue: 3,
        list: None,
    })
}

fn all() -> Vec<Notice> {
    let mut notices = vec![digest(), status(), work()];
    for side in [Side::Startup, Side::Investor] {
        notices.extend(RecordNews::ALL.iter().map(|news| profile(side, *news)));
    }
    let of_mandate = [
        RecordNews::Published,
        RecordNews::ConfirmSoon,
        RecordNews::Stale,
    ];
    notices.extend(of_mandate.map(mandate));
    notices
}

#[test]
fn every_place_is_filled_in_every_language() {
    for language in Language::ALL {
        for notice in all() {
            let rendered = notice.render(language);
            let whole = [&rendered.subject, &rendered.text, &rendered.html];
            for said in whole {
                assert!(!said.contains(['{', '}']), "{language:?}: {said}");
            }
            assert!(!rendered.subject.trim().is_empty());
            assert!(!rendered.html.contains("<b>"), "{}", rendered.html);
            let dir = if language == Language::He {
                "rtl"
            } else {
                "ltr"
            };
            assert!(rendered.html.contains(&format!("dir=\"{dir}\"")));
        }
    }
}

#[test]
fn no_two_languages_say_the_same() {
    for at in 0..all().len() {
        let mut texts: Vec<_> = Language::ALL
            .into_iter()
            .filter_map(|language| Some(all().get(at)?.render(language).text))
            .collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 4, "{texts:?}");
    }
}

#[test]
fn small_numbers_are_words_and_parts_are_named_once() {
    let text = status().render(Language::En).text;
    assert!(text.contains("Of these, new in the month: fewer than 3"));
    assert!(text.contains("Shown to mandates so far: 7"));
    assert!(text.contains("Say more about: stage, traction\n"), "{text}");
    let changes = profile(Side::Startup, RecordNews::ChangesRequested).render(Language::En);
    assert!(changes.text.contains("one-liner: Say which pipes."));
    assert!(changes.text.contains("profile: And more."));
    assert!(changes.html.contains("<bdi>נחל</bdi>"));
}
