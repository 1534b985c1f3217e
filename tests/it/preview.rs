//! `corridor mail preview`: what the mails look like, without a store.

use std::fs;

use mail_parser::MessageParser;

use crate::support::program::{bare, run};

#[test]
fn every_event_is_listed_and_one_is_written_as_asked() {
    let away = tempfile::tempdir().unwrap();
    let out = away.path().join("looks");
    let listed = run(&mut bare(), &["mail", "preview"]).ok();
    for event in [
        "introduction_ask",
        "introduction ",
        "pulse_late",
        "claim",
        "news_key_made",
    ] {
        assert!(listed.contains(event), "{event}: {listed}");
    }
    assert!(listed.contains("renders in en, he, az and ru"), "{listed}");
    let out_text = out.to_str().unwrap();
    let one = [
        "mail",
        "preview",
        "--event",
        "introduction",
        "--lang",
        "he",
        "--out",
        out_text,
    ];
    let said = run(&mut bare(), &one).ok();
    assert!(said.starts_with("1 mails"), "{said}");
    let html = fs::read_to_string(out.join("introduction.he.html")).unwrap();
    assert!(
        html.contains("dir=\"rtl\"") && html.contains("Xəzər Kapital"),
        "{html}"
    );
    let eml = fs::read(out.join("introduction.he.eml")).unwrap();
    let mail = MessageParser::new().parse(&eml).unwrap();
    assert!(mail.subject().unwrap().contains("Xəzər Kapital"));
    // The links of the mail that goes out: mail to both has none of one's own.
    assert!(html.contains("/my-consents?lang=he\""), "{html}");
    assert!(!html.contains("/my-consents/") && !html.contains("/mail-settings/"));
    assert!(mail.header("List-Unsubscribe").is_none());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
    let one = [
        "mail", "preview", "--event", "pulse", "--lang", "az", "--out", out_text,
    ];
    run(&mut bare(), &one).ok();
    let html = fs::read_to_string(out.join("pulse.az.html")).unwrap();
    for page in ["my-consents", "mail-settings"] {
        assert!(html.contains(&format!("/{page}/preview\"")), "{html}");
    }
    let eml = fs::read_to_string(out.join("pulse.az.eml")).unwrap();
    assert!(eml.contains("List-Unsubscribe: <https://corridor.example/unsubscribe/preview>"));
}

#[test]
fn all_that_a_reader_can_see_is_written_beside_an_index() {
    let away = tempfile::tempdir().unwrap();
    let out = away.path().join("looks");
    let out_text = out.to_str().unwrap();
    let all = [
        "mail", "preview", "--all", "--lang", "he", "--out", out_text,
    ];
    let said = run(&mut bare(), &all).ok();
    assert!(said.contains("open index.html there"), "{said}");
    let index = fs::read_to_string(out.join("index.html")).unwrap();
    for file in [
        "digest.he.html",
        "page-question.he.html",
        "page-brief.he.html",
    ] {
        assert!(index.contains(&format!("src=\"{file}\"")), "{file}");
        let html = fs::read_to_string(out.join(file)).unwrap();
        assert!(html.contains("dir=\"rtl\""), "{file}");
    }
    assert!(!index.contains(".ru.html"), "only what was asked for");
    let both = ["mail", "preview", "--all", "--event", "digest"];
    run(&mut bare(), &both).fails_with(2);
}

#[test]
fn an_event_that_there_is_not_is_named() {
    let away = tempfile::tempdir().unwrap();
    let out = away.path().to_str().unwrap();
    let wrong = ["mail", "preview", "--event", "party", "--out", out];
    let said = run(&mut bare(), &wrong).fails_with(2);
    assert!(
        said.contains("there is no party; one of introduction_ask"),
        "{said}"
    );
    let wrong = ["mail", "preview", "--lang", "fr", "--out", out];
    run(&mut bare(), &wrong).fails_with(2);
}
