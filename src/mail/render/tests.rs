//! Every notice in every language: nothing left out, nothing unescaped.

use chrono::{TimeZone as _, Utc};
use chrono_tz::Tz;

use super::*;
use crate::mail::notice::{
    AccountNews, MyConsentsMail, NewsMail, Purpose, RegistrationExists, TicketMail,
};

/// 15:30 UTC on Thursday, 3 December 2026.
fn moment_in(zone: Tz) -> Moment {
    Moment {
        at: Utc.with_ymd_and_hms(2026, 12, 3, 15, 30, 0).unwrap(),
        zone,
    }
}

fn named_ask() -> IntroductionAsk {
    IntroductionAsk {
        reader: Some("Aysel Məmmədova".to_owned()),
        counterpart: Counterpart::Named {
            name: "נחל טכנולוגיות".to_owned(),
            facts: vec!["Water technology".into(), "Series A".into()],
        },
        programme: "Baku–Haifa 2026".to_owned(),
        reasons: vec!["Both name water technology".to_owned()],
        blurb: Some("Hello,\n\nwe measure leaks.".into()),
        link: "https://corridor.example/answer/abc_-1?x=1&y=2".to_owned(),
        expires: moment_in(chrono_tz::Asia::Baku),
        passed_on_for: None,
        reminder: false,
    }
}

fn teaser_ask() -> IntroductionAsk {
    IntroductionAsk {
        counterpart: Counterpart::Teaser {
            facts: vec!["A fund in Azerbaijan".into()],
        },
        ..named_ask()
    }
}

fn connecting() -> Introduction {
    Introduction {
        startup: Party {
            organization: "Nahal".to_owned(),
            contact: "Dana Levi".to_owned(),
            summary: "finds leaks in pipes".into(),
        },
        investor: Party {
            organization: "Əliyev Kapital".to_owned(),
            contact: "Aysel Məmmədova".to_owned(),
            summary: "invests in water".into(),
        },
        asked_by: Some("Nahal".to_owned()),
        programme: "Baku–Haifa 2026".to_owned(),
        reasons: vec!["Both name water technology".to_owned()],
        blurb: Some("We measure leaks.".into()),
        meeting: None,
    }
}

fn closed() -> IntroductionClosed {
    IntroductionClosed {
        reader: Some("Dana Levi".to_owned()),
        part: Part::Asked {
            counterpart: Some("Əliyev Kapital".to_owned()),
        },
        requested: moment_in(chrono_tz::Asia::Jerusalem),
        programme: "Baku–Haifa 2026".to_owned(),
        outcome: Outcome::Declined,
        reason: Some("Stage too early".to_owned()),
    }
}

fn exists() -> RegistrationExists {
    RegistrationExists {
        reader: None,
        tried: moment_in(chrono_tz::Asia::Jerusalem),
        sign_in: Some("https://corridor.example/sign-in".to_owned()),
    }
}

fn ticket(purpose: Purpose) -> Notice {
    Notice::Ticket(TicketMail {
        reader: Some("Dana Levi".to_owned()),
        purpose,
        link: "https://corridor.example/tickets/abc_-1".to_owned(),
        expires: moment_in(chrono_tz::Asia::Baku),
    })
}

fn tickets() -> Vec<Notice> {
    let firm = || "נחל טכנולוגיות".to_owned();
    [
        Purpose::Registration { firm: firm() },
        Purpose::Invitation {
            firm: firm(),
            by: Some("Aysel Məmmədova".to_owned()),
        },
        Purpose::Invitation {
            firm: firm(),
            by: None,
        },
        Purpose::PasswordReset,
        Purpose::Claim { firm: firm() },
    ]
    .into_iter()
    .map(ticket)
    .collect()
}

fn news() -> Vec<Notice> {
    [
        AccountNews::PasswordChanged,
        AccountNews::SessionCopied,
        AccountNews::SecondFactorSet,
        AccountNews::SecondFactorRemoved,
        AccountNews::RecoveryCodeUsed,
        AccountNews::RecoveryCodesRenewed,
        AccountNews::KeyMade,
        AccountNews::RolesChanged,
        AccountNews::AccountClosed,
        AccountNews::AccountReopened,
        AccountNews::ConsentNeeded,
        AccountNews::AdmissionWithdrawn,
        AccountNews::ProgrammeDeclined,
        AccountNews::ProgrammeExpiring,
        AccountNews::ProgrammeOver,
        AccountNews::PromiseAtRisk,
        AccountNews::PromiseMissed,
        AccountNews::DealOpened,
    ]
    .into_iter()
    .map(|news| {
        Notice::News(NewsMail {
            reader: Some("Dana Levi".to_owned()),
            news,
            programme: None,
            at: moment_in(chrono_tz::Asia::Baku),
        })
    })
    .collect()
}

#[test]
fn mails_about_accounts_name_the_link_the_firm_and_the_time() {
    for language in Language::ALL {
        for notice in tickets() {
            let reset =
                matches!(&notice, Notice::Ticket(mail) if mail.purpose == Purpose::PasswordReset);
            let text = text_of(notice, language);
            assert!(
                text.contains("https://corridor.example/tickets/abc_-1"),
                "{text}"
            );
            assert!(reset || text.contains("נחל טכנולוגיות"), "{text}");
            assert!(text.contains("UTC+4"), "{text}");
        }
        let said: std::collections::BTreeSet<_> =
            news().into_iter().map(|it| text_of(it, language)).collect();
        assert_eq!(said.len(), news().len(), "two say the same");
        let over = Notice::News(NewsMail {
            reader: None,
            news: AccountNews::ProgrammeOver,
            programme: Some("Water bridge".to_owned()),
            at: moment_in(chrono_tz::Asia::Baku),
        });
        let text = text_of(over, language);
        assert!(text.contains("Water bridge"), "{text}");
    }
}

/// Every notice in every variant that has words of its own.
fn every_notice() -> Vec<Notice> {
    let mut notices = vec![
        Notice::IntroductionAsk(named_ask()),
        Notice::IntroductionAsk(teaser_ask()),
        Notice::Introduction(connecting()),
        Notice::RegistrationExists(exists()),
        Notice::MyConsents(MyConsentsMail {
            reader: Some("Aysel Məmmədova".to_owned()),
            link: "https://corridor.example/my-consents/abc".to_owned(),
        }),
    ];
    notices.extend(tickets());
    notices.extend(news());
    for outcome in [Outcome::Declined, Outcome::Expired, Outcome::Withdrawn] {
        for part in [
            Part::Asked {
                counterpart: Some("Əliyev Kapital".to_owned()),
            },
            Part::Asked { counterpart: None },
            Part::WasAsked,
        ] {
            notices.push(Notice::IntroductionClosed(IntroductionClosed {
                part,
                outcome,
                ..closed()
            }));
        }
    }
    notices
}

fn text_of(notice: Notice, language: Language) -> String {
    notice.render(language).text
}

#[test]
fn no_place_stays_unfilled_and_no_fact_is_missing() {
    for language in Language::ALL {
        for notice in every_notice() {
            let rendered = notice.render(language);
            for form in [&rendered.subject, &rendered.text, &rendered.html] {
                assert!(!form.contains(['{', '}']), "{language:?}: {form}");
                assert!(!form.contains("<bdi></bdi>"), "{language:?}: {form}");
            }
        }
        let ask = text_of(Notice::IntroductionAsk(named_ask()), language);
        let facts = [
            "Aysel Məmmədova",
            "נחל טכנולוגיות",
            "Water technology",
            "Series A",
            "Baku–Haifa 2026",
            "Both name water technology",
            "we measure leaks.",
            "https://corridor.example/answer/abc_-1?x=1&y=2",
            "19:30",
            "UTC+4",
        ];
        for fact in facts {
            assert!(ask.contains(fact), "{language:?}: {fact}: {ask}");
        }
        let both = text_of(Notice::Introduction(connecting()), language);
        for fact in [
            "Nahal",
            "Dana Levi",
            "finds leaks",
            "Əliyev Kapital",
            "Aysel Məmmədova",
        ] {
            assert!(both.contains(fact), "{language:?}: {fact}: {both}");
        }
        let end = text_of(Notice::IntroductionClosed(closed()), language);
        for fact in ["Əliyev Kapital", "Stage too early", "17:30"] {
            assert!(end.contains(fact), "{language:?}: {fact}: {end}");
        }
    }
}

#[test]
fn every_language_has_words_of_its_own() {
    for notice in every_notice() {
        let mut texts: Vec<_> = Language::ALL
            .map(|language| notice.render(language))
            .into_iter()
            .flat_map(|rendered| [rendered.subject, rendered.text, rendered.html])
            .collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 12, "{notice:?}");
    }
}

#[test]
fn dates_are_in_the_readers_words_and_zone() {
    let shown = |language, zone| moment(moment_in(zone), wording::of(language));
    let (jerusalem, baku) = (chrono_tz::Asia::Jerusalem, chrono_tz::Asia::Baku);
    assert_eq!(
        shown(Language::En, baku),
        "Thursday, 3 December 2026, 19:30 (UTC+4)"
    );
    assert_eq!(
        shown(Language::He, jerusalem),
        "יום חמישי, 3 בדצמבר 2026, בשעה 17:30 (UTC+2)"
    );
    assert_eq!(
        shown(Language::Az, baku),
        "3 dekabr 2026, cümə axşamı, saat 19:30 (UTC+4)"
    );
    assert_eq!(
        shown(Language::Ru, baku),
        "3 декабря 2026 г. (четверг), 19:30 (UTC+4)"
    );
    assert_eq!(zone(0), "UTC");
    assert_eq!(zone(-12_600), "UTC−3:30");
}

#[test]
fn a_moment_near_midnight_falls_on_the_readers_day() {
    let late = Moment {
        at: Utc.with_ymd_and_hms(2026, 12, 31, 21, 0, 0).unwrap(),
        zone: chrono_tz::Asia::Baku,
    };
    assert_eq!(
        moment(late, wording::of(Language::En)),
        "Friday, 1 January 2027, 01:00 (UTC+4)"
    );
}

#[test]
fn hebrew_is_laid_out_from_right_to_left_and_only_hebrew() {
    for language in Language::ALL {
        let html = Notice::RegistrationExists(exists()).render(language).html;
        let expected = match language {
            Language::En => r#"<html lang="en" dir="ltr">"#,
            Language::He => r#"<html lang="he" dir="rtl">"#,
            Language::Az => r#"<html lang="az" dir="ltr">"#,
            Language::Ru => r#"<html lang="ru" dir="ltr">"#,
        };
        assert!(html.contains(expected), "{html}");
    }
}

#[test]
fn names_of_the_other_direction_are_isolated() {
    let hebrew = Notice::Introduction(connecting()).render(Language::He);
    assert_eq!(
        hebrew.subject,
        "היכרות: \u{2068}Nahal\u{2069} ו־\u{2068}Əliyev Kapital\u{2069}"
    );
    assert!(hebrew.html.contains("<bdi>Əliyev Kapital</bdi>"));

    let english = Notice::IntroductionAsk(named_ask()).render(Language::En);
    assert_eq!(
        english.subject,
        "\u{2068}נחל טכנולוגיות\u{2069} would like to be introduced to you"
    );
    let latin = Notice::Introduction(connecting()).render(Language::En);
    assert_eq!(latin.subject, "Introduction: Nahal and Əliyev Kapital");
}

#[test]
fn a_name_cannot_turn_the_text_around_it() {
    let mut introduction = connecting();
    introduction.startup.organization = "\u{202e}Nahal\u{2069}\u{202c}".to_owned();
    let rendered = Notice::Introduction(introduction).render(Language::En);
    assert_eq!(rendered.subject, "Introduction: Nahal and Əliyev Kapital");
}

#[test]
fn html_from_people_is_shown_and_not_obeyed() {
    let evil = "<script>alert(1)</script>\"'&".to_owned();
    let notices = [
        Notice::IntroductionAsk(IntroductionAsk {
            reader: Some(evil.clone()),
            counterpart: Counterpart::Named {
                name: evil.clone(),
                facts: vec![evil.clone().into()],
            },
            programme: evil.clone(),
            reasons: vec![evil.clone()],
            blurb: Some(evil.clone().into()),
            link: evil.clone(),
            ..named_ask()
        }),
        Notice::IntroductionClosed(IntroductionClosed {
            reason: Some(evil.clone()),
            ..closed()
        }),
    ];
    for language in Language::ALL {
        for notice in &notices {
            let rendered = notice.render(language);
            assert!(!rendered.html.contains("<script"), "{}", rendered.html);
            assert!(!rendered.html.contains("\"'&"), "{}", rendered.html);
            assert!(rendered.text.contains(&evil), "plain text stays as it is");
        }
    }
}

#[test]
fn a_fact_that_looks_like_a_place_stays_a_fact() {
    let mut introduction = connecting();
    introduction.startup.organization = "{investor}".to_owned();
    let subject = Notice::Introduction(introduction)
        .render(Language::En)
        .subject;
    assert_eq!(subject, "Introduction: {investor} and Əliyev Kapital");
}

#[test]
fn a_teaser_names_nobody() {
    for language in Language::ALL {
        let rendered = Notice::IntroductionAsk(teaser_ask()).render(language);
        for form in [&rendered.subject, &rendered.text, &rendered.html] {
            assert!(!form.contains("נחל טכנולוגיות"));
        }
        assert!(rendered.text.contains("A fund in Azerbaijan"));
    }
}

#[test]
fn what_is_not_given_leaves_no_empty_heading() {
    let bare = IntroductionAsk {
        counterpart: Counterpart::Teaser { facts: Vec::new() },
        reasons: Vec::new(),
        blurb: None,
        ..named_ask()
    };
    let rendered = Notice::IntroductionAsk(bare).render(Language::En);
    assert!(!rendered.html.contains("<h2"), "{}", rendered.html);
    let without_reason = IntroductionClosed {
        reason: None,
        ..closed()
    };
    let text = text_of(Notice::IntroductionClosed(without_reason), Language::En);
    assert!(!text.contains("reason"), "{text}");
}

/// A reader's program reads aloud, and breaks lines, by these marks.
#[test]
fn what_is_in_another_language_bears_it() {
    let hebrew = "he".parse().unwrap();
    let leaks = || Said::in_language("מאתרת נזילות".to_owned(), &hebrew);
    let ask = IntroductionAsk {
        counterpart: Counterpart::Teaser {
            facts: vec!["İsrail".into(), leaks()],
        },
        blurb: Some(Said::by_somebody(
            "Мы сократили потери.\nНа треть.".to_owned(),
        )),
        ..named_ask()
    };
    let html = Notice::IntroductionAsk(ask).render(Language::Az).html;
    for marked in [
        "<li dir=\"auto\">İsrail</li>",
        "<li lang=\"he\" dir=\"rtl\">מאתרת נזילות</li>",
        "<blockquote lang=\"ru\" dir=\"ltr\"",
    ] {
        assert!(html.contains(marked), "{marked} in {html}");
    }
    let connects = Introduction {
        startup: Party {
            summary: leaks(),
            ..connecting().startup
        },
        // Nobody knows, so nothing is claimed.
        blurb: Some(Said::by_somebody(
            "Wir senken Verluste für Städte.".to_owned(),
        )),
        ..connecting()
    };
    let html = Notice::Introduction(connects).render(Language::En).html;
    for marked in [
        "<bdi lang=\"he\" dir=\"rtl\">מאתרת נזילות</bdi>",
        "<blockquote lang=\"\" dir=\"auto\"",
    ] {
        assert!(html.contains(marked), "{marked} in {html}");
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    for language in Language::ALL {
        for notice in every_notice() {
            let html = notice.render(language).html;
            for loader in ["src=", "<link", "url(", "@import"] {
                assert!(!html.contains(loader), "{html}");
            }
        }
    }
}

#[test]
fn the_language_follows_the_tag_and_falls_back_to_english() {
    for (tag, language) in [
        ("he", Language::He),
        ("he-IL", Language::He),
        ("iw", Language::He),
        ("az-Latn-AZ", Language::Az),
        ("RU_ru", Language::Ru),
        ("en-GB", Language::En),
        ("fr", Language::En),
        ("", Language::En),
    ] {
        assert_eq!(Language::for_tag(tag), language, "{tag}");
    }
}

#[test]
fn a_whole_message_reads_well() {
    let ask = IntroductionAsk {
        counterpart: Counterpart::Named {
            name: "Nahal".to_owned(),
            facts: vec!["Water technology".into(), "Series A".into()],
        },
        ..named_ask()
    };
    insta::assert_snapshot!(text_of(Notice::IntroductionAsk(ask), Language::En), @r"
    Hello Aysel Məmmədova,

    Nahal asks for an introduction to you in the programme “Baku–Haifa 2026”.

    About the other side:

    • Water technology
    • Series A

    Why it may fit:

    • Both name water technology

    The message with the request:

    > Hello,
    > 
    > we measure leaks.

    Your name and your address are passed on only if you say yes. You can also say no, or not now.

    Read more and answer:
    https://corridor.example/answer/abc_-1?x=1&y=2

    You can answer until Thursday, 3 December 2026, 19:30 (UTC+4). After that, the request closes by itself.

    The link is meant for you alone. Please don’t forward it.

    -- 
    You receive this e-mail because your organisation takes part in the programme “Baku–Haifa 2026” on Corridor. It was sent automatically.
    ");
}
