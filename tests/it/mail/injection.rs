//! Nothing that people write makes a header of its own: a value with a line
//! break is refused, and any other stays inside its header.

use std::collections::BTreeSet;

use corridor::mail::message::{Email, InvalidEmail, Mailbox, MessageId};
use proptest::prelude::*;

/// What an e-mail of ours may have above its content, each once.
const HEADERS: [&str; 13] = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "In-Reply-To",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Message-ID",
    "References",
    "Reply-To",
    "Subject",
    "To",
];

/// What somebody might put into a field to get out of it.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9 ]{0,12}",
        2 => "[אבגəıİğПр]{1,8}",
        1 => "[<>\",;:@()\\\\=?_.%]{1,4}",
        1 => Just("\r\nBcc: everybody@evil.example\r\n".to_owned()),
        1 => Just("\nBcc: everybody@evil.example".to_owned()),
        1 => Just("\rX-Evil: 1".to_owned()),
        1 => Just("\r\n\r\nbody".to_owned()),
        1 => Just("\u{2028}Bcc: x@evil.example".to_owned()),
        1 => Just("\u{85}Bcc: x@evil.example".to_owned()),
        1 => Just("=?utf-8?q?=0D=0ABcc:_x@evil.example?=".to_owned()),
        1 => "[\\x00-\\x1f\\x7f]{1,2}",
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// The fields that reach a header.
#[derive(Debug, Clone)]
struct Fields {
    subject: String,
    from: String,
    to: String,
    reply_to: String,
    address: String,
    id: String,
    earlier: String,
    unsubscribe: String,
}

fn fields() -> impl Strategy<Value = Fields> {
    (
        nasty(),
        nasty(),
        nasty(),
        nasty(),
        nasty(),
        nasty(),
        nasty(),
        nasty(),
    )
        .prop_map(
            |(subject, from, to, reply_to, address, id, earlier, unsubscribe)| Fields {
                subject,
                from,
                to,
                reply_to,
                address,
                id,
                earlier,
                unsubscribe,
            },
        )
}

/// A field's value where it is one, else one that nobody minds: so that one
/// refused field doesn't hide the others.
fn or<T>(made: Result<T, InvalidEmail>, plain: Result<T, InvalidEmail>) -> T {
    made.unwrap_or_else(|_| plain.unwrap())
}

fn email(fields: &Fields) -> Email {
    let mailbox = |name: &str, address: &str| {
        let plain = Mailbox::new(None, "a@corridor.example");
        or(Mailbox::new(Some(name), address), plain)
    };
    let id = |text: &str| {
        let plain = MessageId::new("plain", "corridor.example");
        or(MessageId::new(text, "corridor.example"), plain)
    };
    Email {
        message_id: id(&fields.id),
        date: "2026-11-24T09:30:00Z".parse().unwrap(),
        from: mailbox(&fields.from, "intro@corridor.example"),
        cc: vec![],
        only_to: None,
        invitation: None,
        return_path: Mailbox::new(None, &fields.address).ok(),
        to: vec![
            mailbox(&fields.to, "dana@mail.example"),
            mailbox("", &fields.address),
        ],
        reply_to: vec![mailbox(&fields.reply_to, "gul@mail.example")],
        subject: fields.subject.clone(),
        text: fields.subject.clone(),
        html: fields.subject.clone(),
        in_reply_to: Some(id(&fields.earlier)),
        references: vec![id(&fields.earlier), id(&fields.id)],
        unsubscribe: Some(format!("https://corridor.example/{}", fields.unsubscribe)),
    }
}

/// The names of the headers, each line that doesn't continue another.
fn names(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    // A bare CR or LF would be a line to some readers.
    assert!(!head.replace("\r\n", "").contains(['\r', '\n']), "{head:?}");
    head.split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split_once(':').unwrap().0.to_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_field_makes_a_header_of_its_own(fields in fields()) {
        let mut email = email(&fields);
        let breaks = |text: &str| text.chars().any(char::is_control);
        if email.to_bytes().is_err() {
            prop_assert!(
                breaks(&fields.subject) || !fields.unsubscribe.chars().all(|c| c.is_ascii_graphic() && !"<>,".contains(c)),
                "{fields:?}"
            );
            if breaks(&fields.subject) {
                email.subject = "Plain".to_owned();
            }
            email.unsubscribe = None;
        }
        let bytes = email.to_bytes().unwrap();
        let found = names(&bytes);
        let once: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        prop_assert_eq!(once.len(), found.len(), "{:?}", found);
        prop_assert!(once.iter().all(|name| HEADERS.contains(name)), "{:?}", found);
        let parsed = mail_parser::MessageParser::new().parse(&bytes).unwrap();
        prop_assert!(parsed.bcc().is_none());
        let read = parsed.subject().unwrap_or_default();
        prop_assert!(!read.chars().any(char::is_control), "{:?}", read);
    }

    #[test]
    fn no_address_with_a_line_break_or_a_blank_is_one(text in nasty()) {
        for address in [text.clone(), format!("{text}@mail.example"), format!("a@{text}")] {
            if let Ok(mailbox) = Mailbox::new(None, &address) {
                let plain = |c: char| !c.is_control();
                prop_assert!(mailbox.address().chars().all(plain), "{address:?}");
            }
        }
    }
}
