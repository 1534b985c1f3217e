//! What stands in an e-mail, byte by byte.

use chrono::TimeZone as _;
use mail_parser::{HeaderValue, MessageParser, MimeHeaders as _};

use super::*;

pub(crate) fn email() -> Email {
    Email {
        message_id: MessageId::new("0192-1", "corridor.example").unwrap(),
        date: Utc.with_ymd_and_hms(2026, 11, 24, 9, 30, 0).unwrap(),
        from: Mailbox::new(Some("Corridor"), "intro@corridor.example").unwrap(),
        return_path: None,
        to: vec![Mailbox::new(Some("Aysel Məmmədova"), "aysel@example.az").unwrap()],
        cc: vec![],
        only_to: None,
        reply_to: vec![],
        subject: "Tanışlıq: שלום ilə Əliyev Kapital — Привет".to_owned(),
        text: "שלום,\n\nSalam, dünya ə ı İ ğ.\nПривет, мир.\n.\nA line that begins with a dot.\n"
            .to_owned(),
        html: "<p dir=\"rtl\">שלום</p>\n<p>Привет, dünya</p>\n".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        invitation: None,
        unsubscribe: None,
    }
}

fn header_text<'a>(message: &'a mail_parser::Message<'_>, name: &'static str) -> &'a str {
    message.header(name).and_then(HeaderValue::as_text).unwrap()
}

#[test]
fn hebrew_azerbaijani_and_russian_survive_the_trip() {
    let bytes = email().to_bytes().unwrap();
    assert!(bytes.is_ascii(), "no server needs 8BITMIME for it");
    let parsed = MessageParser::new().parse(&bytes).unwrap();
    assert_eq!(parsed.subject(), Some(email().subject.as_str()));
    assert_eq!(
        parsed.to().unwrap().first().unwrap().name(),
        Some("Aysel Məmmədova")
    );
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(text, email().text);
    let html = parsed.body_html(0).unwrap().replace("\r\n", "\n");
    assert_eq!(html, email().html);
}

#[test]
fn it_is_an_alternative_of_two_quoted_printable_parts() {
    let bytes = email().to_bytes().unwrap();
    let parsed = MessageParser::new().parse(&bytes).unwrap();
    let root = parsed.content_type().unwrap();
    assert_eq!(
        (root.ctype(), root.subtype()),
        ("multipart", Some("alternative"))
    );
    for (at, subtype) in [(1, "plain"), (2, "html")] {
        let part = parsed.part(at).unwrap();
        let kind = part.content_type().unwrap();
        assert_eq!((kind.ctype(), kind.subtype()), ("text", Some(subtype)));
        assert_eq!(kind.attribute("charset"), Some("utf-8"));
        assert_eq!(part.content_transfer_encoding(), Some("quoted-printable"));
    }
}

#[test]
fn the_headers_of_an_automatic_mail_in_a_thread_are_there() {
    let parent = MessageId::new("0191-1", "corridor.example").unwrap();
    let email = Email {
        in_reply_to: Some(parent.clone()),
        references: vec![
            MessageId::new("0190-1", "corridor.example").unwrap(),
            parent,
        ],
        reply_to: vec![Mailbox::new(None, "curators@corridor.example").unwrap()],
        ..email()
    };
    let bytes = email.to_bytes().unwrap();
    let parsed = MessageParser::new().parse(&bytes).unwrap();
    assert_eq!(parsed.message_id(), Some("0192-1@corridor.example"));
    assert_eq!(header_text(&parsed, "Auto-Submitted"), "auto-generated");
    assert_eq!(
        parsed.in_reply_to().as_text(),
        Some("0191-1@corridor.example")
    );
    assert_eq!(
        parsed.references().as_text_list().unwrap(),
        ["0190-1@corridor.example", "0191-1@corridor.example"]
    );
    assert_eq!(
        parsed.date().unwrap().to_timestamp(),
        email.date.timestamp()
    );
    assert_eq!(
        parsed.reply_to().unwrap().first().unwrap().address(),
        Some("curators@corridor.example")
    );
}

#[test]
fn an_invitation_stands_among_the_alternatives_and_as_a_file() {
    let invitation = crate::mail::calendar::tests::invitation();
    let with = Email {
        invitation: Some(invitation.clone()),
        ..email()
    };
    let bytes = with.to_bytes().unwrap();
    assert!(bytes.is_ascii());
    let parsed = MessageParser::new().parse(&bytes).unwrap();
    let calendars: Vec<_> = parsed
        .parts
        .iter()
        .filter(|part| {
            let kind = part.content_type().unwrap();
            matches!(kind.subtype(), Some("calendar" | "ics"))
        })
        .collect();
    let [inline, file] = calendars.as_slice() else {
        panic!("{} calendars", calendars.len())
    };
    let kind = inline.content_type().unwrap();
    assert_eq!(
        (kind.ctype(), kind.attribute("method")),
        ("text", Some("REQUEST"))
    );
    assert_eq!(kind.attribute("charset"), Some("utf-8"));
    assert_eq!(file.attachment_name(), Some("invite.ics"));
    for part in [inline, file] {
        let text = String::from_utf8_lossy(part.contents());
        let text = text.replace("\r\n", "\n");
        assert_eq!(text, invitation.to_text().replace("\r\n", "\n"));
    }
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(text, email().text);
}

#[test]
fn each_reader_gets_the_same_mail_in_an_envelope_of_their_own() {
    let mailbox = |address| Mailbox::new(None, address).unwrap();
    let whole = Email {
        to: vec![mailbox("a@x.example"), mailbox("b@y.example")],
        cc: vec![mailbox("c@z.example")],
        ..email()
    };
    for reader in ["a@x.example", "b@y.example", "c@z.example"] {
        let one = whole.in_envelope(mailbox(reader), mailbox("bounces+1@corridor.example"));
        let encoded = one.encode().unwrap();
        let readers: Vec<_> = encoded.envelope.to().iter().map(AsRef::as_ref).collect();
        let readers: Vec<&str> = readers;
        assert_eq!(readers, [reader]);
        let sender = encoded.envelope.from().map(ToString::to_string);
        assert_eq!(sender.as_deref(), Some("bounces+1@corridor.example"));
        assert_eq!(encoded.bytes, whole.to_bytes().unwrap());
    }
    let all = whole.encode().unwrap();
    assert_eq!(all.envelope.to().len(), 3);
}

#[test]
fn a_mail_program_can_take_its_reader_off() {
    let url = format!(
        "https://corridor.example/unsubscribe/{}",
        "aB3_-".repeat(60)
    );
    let email = Email {
        unsubscribe: Some(url.clone()),
        ..email()
    };
    let bytes = email.to_bytes().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(&format!("\r\nList-Unsubscribe: <{url}>\r\n")));
    assert!(text.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    for breaking in [
        "https://a.example/\r\nBcc: x@y.example",
        "https://a.example/>, <",
    ] {
        let email = Email {
            unsubscribe: Some(breaking.to_owned()),
            ..email.clone()
        };
        assert_eq!(email.to_bytes(), Err(InvalidEmail::Control));
    }
}

#[test]
fn no_line_is_longer_than_the_standard_allows() {
    let long = Email {
        subject: "Знакомство ".repeat(40),
        text: "слово ".repeat(500),
        ..email()
    };
    let bytes = long.to_bytes().unwrap();
    assert!(bytes.split(|b| *b == b'\n').all(|line| line.len() <= 79));
}

#[test]
fn the_same_email_gives_the_same_bytes() {
    assert_eq!(email().to_bytes().unwrap(), email().to_bytes().unwrap());
}

#[test]
fn a_line_break_in_a_header_is_refused() {
    for breaking in ["x\r\nBcc: all@example.org", "x\ny", "x\ry", "x\0y"] {
        let with_subject = Email {
            subject: breaking.to_owned(),
            ..email()
        };
        assert_eq!(with_subject.to_bytes(), Err(InvalidEmail::Control));
        assert_eq!(
            Mailbox::new(Some(breaking), "a@example.org"),
            Err(InvalidEmail::Control)
        );
        assert_eq!(Mailbox::new(None, breaking), Err(InvalidEmail::Address));
        assert_eq!(
            Mailbox::new(None, &format!("{breaking}@example.org")),
            Err(InvalidEmail::Address)
        );
        assert_eq!(
            MessageId::new(breaking, "corridor.example"),
            Err(InvalidEmail::MessageId)
        );
    }
}

#[test]
fn an_id_that_is_none_is_refused() {
    let long = format!("<{}@b>", "a".repeat(MAX_ID_LENGTH));
    for text in [
        "", "<>", "<a>", "a@b", "<a@b", "<@b>", "<a@>", "<a/b@c>", "<a@b@c>", &long,
    ] {
        assert_eq!(
            MessageId::parse(text),
            Err(InvalidEmail::MessageId),
            "{text}"
        );
    }
}

#[test]
fn an_email_to_nobody_is_refused() {
    let nobody = Email {
        to: Vec::new(),
        ..email()
    };
    assert_eq!(nobody.to_bytes(), Err(InvalidEmail::NoRecipient));
}

#[test]
fn an_address_is_never_printed_by_debug() {
    let shown = format!("{:?}", email().to);
    assert!(!shown.contains("aysel"), "{shown}");
}
