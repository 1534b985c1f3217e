//! The rules of documents.

use super::content::{ContentKind, Sample, Sniffed, TextCheck, recognise, settle};
use super::file_name::FileName;
use super::*;
use crate::domain::tag::Sensitivity;
use proptest::prelude::*;

fn sniff(bytes: &[u8]) -> Sniffed {
    let mut text = TextCheck::default();
    text.feed(bytes);
    recognise(&Sample {
        head: bytes,
        tail: bytes,
        len: u64::try_from(bytes.len()).unwrap(),
        text: text.finish(),
    })
}

fn grant(level: Level, revoked: bool) -> Grant {
    let id = uuid::Uuid::nil();
    let at = "2026-11-24T12:00:00Z".parse().unwrap();
    Grant {
        id: id.into(),
        startup_profile: id.into(),
        introduction: None,
        level,
        granted_by: id.into(),
        created_at: at,
        revoked_at: revoked.then_some(at),
    }
}

#[test]
fn a_counterparts_own_grant_goes_first_even_when_it_ended() {
    let (deck, room) = (grant(Level::Deck, false), grant(Level::DataRoom, false));
    let ended = grant(Level::DataRoom, true);
    assert_eq!(granted(None, None), None);
    assert_eq!(granted(None, Some(&deck)), Some(Level::Deck));
    assert_eq!(granted(Some(&deck), Some(&room)), Some(Level::Deck));
    assert_eq!(granted(Some(&ended), Some(&room)), None);
}

#[test]
fn no_class_is_shown_below_its_lowest_level() {
    for class in DocumentClass::ALL {
        assert!(class.lowest_level() <= class.default_level(), "{class}");
        assert!(class.lowest_level() > Level::Teaser, "{class}");
        for wanted in Level::ALL {
            let mut faults = Faults::new();
            level(&mut faults, *class, Some(*wanted));
            assert_eq!(
                faults.is_empty(),
                *wanted >= class.lowest_level(),
                "{class} {wanted}"
            );
        }
    }
}

#[test]
fn only_a_running_introduction_opens() {
    let open: Vec<_> = IntroductionStatus::ALL
        .iter()
        .filter(|status| introduction_opens(**status))
        .map(|status| status.code())
        .collect();
    assert_eq!(open, ["sent", "in_conversation", "met", "converted"]);
}

fn document(state: DocumentState) -> Document {
    let id = uuid::Uuid::nil();
    let at = "2026-11-24T12:00:00Z".parse().unwrap();
    Document {
        id: id.into(),
        startup_profile: id.into(),
        organization: id.into(),
        class: DocumentClass::Deck,
        details: DocumentDetails {
            title: "Deck".to_owned(),
            language: Language::english(),
            level: Level::Deck,
        },
        state,
        current: DocumentVersion {
            number: 1,
            digest: [7; 32],
            bytes: 7,
            kind: ContentKind::Pdf,
            file_name: FileName::of("deck.pdf"),
            uploaded_by: id.into(),
            created_at: at,
            erased_at: None,
        },
        version: 1,
        created_at: at,
        updated_at: at,
        first_cleared_by: None,
    }
}

#[test]
fn the_door_needs_all_of_it() {
    use DocumentState as S;
    let open = document(S::Open);
    let met = IntroductionStatus::Met;
    let yes = Decision::Allow;
    assert!(opens(&open, met, Some(Level::Deck), &yes));
    assert!(opens(&open, met, Some(Level::DataRoom), &yes));
    assert!(!opens(&open, met, Some(Level::Named), &yes));
    assert!(!opens(&open, met, None, &yes));
    assert!(!opens(
        &open,
        IntroductionStatus::BothAccepted,
        Some(Level::Deck),
        &yes
    ));
    let no = Decision::Deny { rules: Vec::new() };
    assert!(!opens(&open, met, Some(Level::Deck), &no));
    for state in [S::InReview, S::Refused, S::Withdrawn, S::Erased] {
        assert!(
            !opens(&document(state), met, Some(Level::DataRoom), &yes),
            "{state}"
        );
    }
}

/// Every state × every action × who may take it.
#[test]
fn the_machine_is_its_table() {
    use DocumentAction as A;
    use DocumentState as S;
    let taxonomy = Taxonomy::new("none".to_owned(), Vec::new(), Vec::new()).unwrap();
    for state in DocumentState::ALL {
        for action in DocumentAction::ALL {
            for who in [Hat::Startup, Hat::Compliance, Hat::Curator, Hat::Investor] {
                let expected = match (state, action, who) {
                    (S::InReview, A::Clear, Hat::Compliance) => Some(S::Open),
                    (S::Open | S::InReview, A::Refuse, Hat::Compliance) => Some(S::Refused),
                    (S::Open, A::Withdraw, Hat::Startup) => Some(S::Withdrawn),
                    (S::Withdrawn, A::Restore, Hat::Startup) => Some(S::Open),
                    (S::Erased, A::Erase, _) => None,
                    (_, A::Erase, Hat::Startup) => Some(S::Erased),
                    _ => None,
                };
                let after = step(&document(*state), *action, who, &taxonomy);
                assert_eq!(after.ok(), expected, "{state} {action} {who:?}");
            }
        }
    }
}

#[test]
fn what_names_more_is_looked_at_and_what_was_refused_always() {
    use DocumentState as S;
    let hit = |tag: &str| {
        let marked = Marked {
            start: 0,
            end: 1,
            words: "x".to_owned(),
            tag: tag.parse().unwrap(),
            sensitivity: Sensitivity::Restricted,
        };
        ("/title".to_owned(), marked)
    };
    let (one, two) = ([hit("drones")], [hit("drones"), hit("radar")]);
    assert_eq!(state_after_change(S::Open, &one, &one), Ok(S::Open));
    assert_eq!(state_after_change(S::Open, &one, &two), Ok(S::InReview));
    assert_eq!(state_after_change(S::Refused, &[], &[]), Ok(S::InReview));
    assert_eq!(state_after_change(S::InReview, &two, &[]), Ok(S::InReview));
    assert!(state_after_change(S::Erased, &[], &[]).is_err());
}

#[test]
fn names_lead_nowhere_and_read_as_they_are() {
    for (sent, kept) in [
        ("deck.pdf", "deck.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\a\\b.pdf", "b.pdf"),
        ("..", "document"),
        ("", "document"),
        ("a\0b\r\nc.pdf", "abc.pdf"),
        ("ann\u{202E}fdp.exe", "annfdp.exe"),
        ("a<b>:\"|?*.pdf", "a_b______.pdf"),
        ("nul", "_nul"),
        ("COM1.txt", "_COM1.txt"),
        ("company.pdf", "company.pdf"),
        (" .hidden. ", "hidden"),
        ("Təqdimat\u{A0}2.pdf", "Təqdimat 2.pdf"),
    ] {
        assert_eq!(FileName::of(sent).as_str(), kept, "{sent:?}");
    }
    let long = FileName::of(&format!("{}.pdf", "ש".repeat(300)));
    assert!(long.as_str().len() <= 200);
    assert_eq!(long.ending().as_deref(), Some("pdf"));
}

proptest! {
    /// A name that was made safe is safe, whatever was sent, and stays as it
    /// is when it is read back.
    #[test]
    fn any_name_becomes_a_safe_one(sent in any::<String>()) {
        let name = FileName::of(&sent);
        let text = name.as_str();
        prop_assert!(!text.is_empty() && text.len() <= 200);
        prop_assert!(!text.contains(['/', '\\', ':', '"', '\0']));
        prop_assert!(!text.chars().any(char::is_control));
        prop_assert!(text != "." && text != "..");
        let again = FileName::of(text);
        prop_assert_eq!(again.as_str(), text);
    }

    /// Whether bytes are text doesn't depend on where the pieces are cut.
    #[test]
    fn text_is_text_however_it_comes(text in "\\PC*", cut in 0_usize..64) {
        let bytes = text.as_bytes();
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        let mut whole = TextCheck::default();
        whole.feed(bytes);
        let mut parts = TextCheck::default();
        parts.feed(first);
        parts.feed(second);
        prop_assert_eq!(whole.finish(), parts.finish());
    }

    /// Nothing that is sent breaks what looks at it.
    #[test]
    fn any_bytes_are_looked_at(
        start in prop::sample::select(vec!["", "PK\x03\x04", "%PDF-", "\u{89}PNG"]),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        end in any::<bool>(),
    ) {
        let mut all = start.as_bytes().to_vec();
        all.extend(bytes);
        if end {
            all.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\0\0\0\0\0\0");
        }
        let sniffed = sniff(&all);
        let settled = settle(sniffed, Some("application/pdf"), FileName::of("x.pdf"));
        prop_assert!(settled.is_err() || sniffed == Sniffed::Binary(ContentKind::Pdf));
    }
}
