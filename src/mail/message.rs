//! An e-mail as a value, and as the bytes that go over the wire: MIME
//! multipart/alternative (RFC 2045–2049), UTF-8 in quoted-printable, headers
//! in encoded words where they need it (RFC 2047).
//!
//! The same [`Email`] always gives the same bytes, so that a second attempt
//! after an ambiguous failure sends what the first one sent.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chrono::{DateTime, Utc};
use lettre::address::Envelope;
use lettre::message::header::{
    ContentDisposition, ContentTransferEncoding, ContentType, HeaderName, HeaderValue,
};
use lettre::message::{Body, Message, MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};

use super::calendar::Invitation;
use super::dkim::{DkimError, DkimKey};

/// Longest Message-ID, angle brackets included: a line of a header must hold it.
const MAX_ID_LENGTH: usize = 250;

/// The e-mail can't be written down as one. Sending it again won't help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Not an address that can be mailed to.
    #[error("not an e-mail address")]
    Address,
    /// A header's value holds a line break or another control character
    /// (header injection, ASVS 1.3.11). It is refused, not cleaned.
    #[error("a header may not hold control characters")]
    Control,
    /// Not of the form `<id@domain>`.
    #[error("not a Message-ID")]
    MessageId,
    /// No recipient.
    #[error("an e-mail needs a recipient")]
    NoRecipient,
}

/// Somebody's name and address.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox(lettre::message::Mailbox);

impl Mailbox {
    /// A mailbox with that address, and a name to show where there is one.
    pub fn new(name: Option<&str>, address: &str) -> Result<Self, InvalidEmail> {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        refuse_controls(name.unwrap_or_default())?;
        let address = address.parse().map_err(|_| InvalidEmail::Address)?;
        Ok(Self(lettre::message::Mailbox::new(
            name.map(as_words),
            address,
        )))
    }

    /// The address without the name.
    pub fn address(&self) -> &str {
        self.0.email.as_ref()
    }

    /// The name, where there is one.
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }
}

impl fmt::Debug for Mailbox {
    /// Addresses don't belong into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

/// The name of one e-mail in the whole world (RFC 5322 §3.6.4), chosen and
/// stored before the first attempt to send it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// `<id@domain>`, from a unique `id` and a domain of our own.
    pub fn new(id: impl fmt::Display, domain: &str) -> Result<Self, InvalidEmail> {
        Self::parse(&format!("<{id}@{domain}>"))
    }

    /// Reads `<id@domain>`: letters, digits and `.-_+=` on both sides.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let allowed = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".-_+=".contains(&b))
        };
        text.strip_prefix('<')
            .and_then(|text| text.strip_suffix('>'))
            .and_then(|text| text.split_once('@'))
            .filter(|(id, domain)| allowed(id) && allowed(domain) && text.len() <= MAX_ID_LENGTH)
            .map(|_| Self(text.to_owned()))
            .ok_or(InvalidEmail::MessageId)
    }

    /// The id with its angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id without its angle brackets: a safe file name.
    pub(super) fn bare(&self) -> &str {
        self.0.trim_matches(['<', '>'])
    }
}

/// One e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// Its id; the same at every attempt.
    pub message_id: MessageId,
    /// The `Date` header; the same at every attempt.
    pub date: DateTime<Utc>,
    /// From whom.
    pub from: Mailbox,
    /// Where servers report failures to, if not to `from` (the envelope's
    /// sender).
    pub return_path: Option<Mailbox>,
    /// To whom. All of them see each other.
    pub to: Vec<Mailbox>,
    /// Who reads along, as all see.
    pub cc: Vec<Mailbox>,
    /// The one reader this goes to now, if not to all: what the servers on the
    /// way are told, and no reader sees.
    pub only_to: Option<Mailbox>,
    /// Where answers go, if not to `from`.
    pub reply_to: Vec<Mailbox>,
    /// The subject, in one line.
    pub subject: String,
    /// The content as plain text.
    pub text: String,
    /// The same content as HTML.
    pub html: String,
    /// The e-mail this one answers or continues.
    pub in_reply_to: Option<MessageId>,
    /// The thread, oldest first.
    pub references: Vec<MessageId>,
    /// A meeting to which its readers are invited, or which is called off.
    pub invitation: Option<Invitation>,
    /// Where a mail program takes the reader off by a POST (RFC 8058).
    pub unsubscribe: Option<String>,
}

/// An e-mail ready for transport.
#[derive(Debug, Clone)]
pub(super) struct Encoded {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

impl Encoded {
    /// Puts a signature of each key on top. None covers another, so that each
    /// holds by itself.
    pub(super) fn sign(
        &mut self,
        keys: &[Arc<DkimKey>],
        at: DateTime<Utc>,
    ) -> Result<(), DkimError> {
        let mut signed = Vec::new();
        for key in keys {
            signed.extend_from_slice(key.sign(&self.bytes, at)?.as_bytes());
        }
        signed.append(&mut self.bytes);
        self.bytes = signed;
        Ok(())
    }
}

impl Email {
    /// The e-mail as it goes over the wire, with CRLF line ends.
    pub fn to_bytes(&self) -> Result<Vec<u8>, InvalidEmail> {
        self.encode().map(|encoded| encoded.bytes)
    }

    pub(super) fn encode(&self) -> Result<Encoded, InvalidEmail> {
        if self.to.is_empty() {
            return Err(InvalidEmail::NoRecipient);
        }
        refuse_controls(&self.subject)?;
        let mut message = Message::builder()
            .message_id(Some(self.message_id.0.clone()))
            .date(self.date.into())
            .from(self.from.0.clone())
            .subject(as_words(&self.subject));
        for recipient in &self.to {
            message = message.to(recipient.0.clone());
        }
        for reader in &self.cc {
            message = message.cc(reader.0.clone());
        }
        for mailbox in &self.reply_to {
            message = message.reply_to(mailbox.0.clone());
        }
        if let Some(parent) = &self.in_reply_to {
            message = message.in_reply_to(parent.0.clone());
        }
        if !self.references.is_empty() {
            let ids: Vec<_> = self.references.iter().map(MessageId::as_str).collect();
            message = message.references(ids.join(" "));
        }
        // RFC 3834 §5: keeps auto-responders from answering a machine.
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        if let Some(url) = &self.unsubscribe {
            for (name, value) in unsubscribe_headers(url)? {
                message = message.raw_header(plain_header(name, value));
            }
        }
        let message = message
            .raw_header(automatic)
            .multipart(self.body()?)
            .map_err(|_| InvalidEmail::Address)?;
        Ok(Encoded {
            envelope: self.envelope(message.envelope())?,
            bytes: message.formatted(),
        })
    }

    /// Who sends to whom, as the servers on the way are told.
    fn envelope(&self, plain: &Envelope) -> Result<Envelope, InvalidEmail> {
        let sender = match &self.return_path {
            Some(return_path) => Some(return_path.0.email.clone()),
            None => plain.from().cloned(),
        };
        let readers = match &self.only_to {
            Some(one) => vec![one.0.email.clone()],
            None => plain.to().to_vec(),
        };
        Envelope::new(sender, readers).map_err(|_| InvalidEmail::NoRecipient)
    }

    /// With an invitation twice: as what mail programs show with buttons, and
    /// as a file for all others (RFC 6047 §2.4).
    fn body(&self) -> Result<MultiPart, InvalidEmail> {
        let Some(invitation) = &self.invitation else {
            return self.alternatives();
        };
        let file = calendar_part("application/ics; name=\"invite.ics\"", invitation)?;
        let named = ContentDisposition::attachment("invite.ics");
        let file = SinglePart::builder()
            .header(file.0)
            .header(named)
            .body(file.1);
        Ok(MultiPart::mixed()
            .boundary(format!("{}.", self.boundary()))
            .multipart(self.alternatives()?)
            .singlepart(file))
    }

    /// Plain text first, then HTML, last what a calendar reads: readers show the last they can (RFC 2046 §5.1.4).
    fn alternatives(&self) -> Result<MultiPart, InvalidEmail> {
        let parts = MultiPart::alternative()
            .boundary(self.boundary())
            .singlepart(part(ContentType::TEXT_PLAIN, &self.text)?)
            .singlepart(part(ContentType::TEXT_HTML, &self.html)?);
        let Some(invitation) = &self.invitation else {
            return Ok(parts);
        };
        let method = invitation.method.name();
        let kind = format!("text/calendar; charset=utf-8; method={method}");
        let (kind, body) = calendar_part(&kind, invitation)?;
        Ok(parts.singlepart(SinglePart::builder().header(kind).body(body)))
    }

    /// The same mail for one of its readers alone: nothing of what is seen
    /// changes.
    #[must_use]
    pub fn in_envelope(&self, reader: Mailbox, return_path: Mailbox) -> Self {
        Self {
            only_to: Some(reader),
            return_path: Some(return_path),
            ..self.clone()
        }
    }

    /// A boundary that depends on the id only; `=_` never occurs in
    /// quoted-printable (RFC 2045 §6.7).
    fn boundary(&self) -> String {
        let digest = Sha256::digest(self.message_id.0.as_bytes());
        format!("=_{}", BASE64URL.encode(digest))
    }
}

/// In base64: the line ends of a calendar are its own.
fn calendar_part(kind: &str, invitation: &Invitation) -> Result<(ContentType, Body), InvalidEmail> {
    let kind = ContentType::parse(kind).map_err(|_| InvalidEmail::Control)?;
    let encoding = ContentTransferEncoding::Base64;
    let body = Body::new_with_encoding(invitation.to_text().into_bytes(), encoding)
        .map_err(|_| InvalidEmail::Control)?;
    Ok((kind, body))
}

fn part(content_type: ContentType, content: &str) -> Result<SinglePart, InvalidEmail> {
    let encoding = ContentTransferEncoding::QuotedPrintable;
    let body =
        Body::new_with_encoding(content.to_owned(), encoding).map_err(|_| InvalidEmail::Control)?;
    Ok(SinglePart::builder().header(content_type).body(body))
}

/// RFC 2369 §3.2 and RFC 8058 §3.1. The address stands in one piece, as mail
/// programs want it.
fn unsubscribe_headers(url: &str) -> Result<[(&'static str, String); 2], InvalidEmail> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | ',');
    if !url.chars().all(plain) {
        return Err(InvalidEmail::Control);
    }
    Ok([
        ("List-Unsubscribe", format!("<{url}>")),
        (
            "List-Unsubscribe-Post",
            "List-Unsubscribe=One-Click".to_owned(),
        ),
    ])
}

/// A header whose value is ASCII and stays as it is.
fn plain_header(name: &'static str, value: String) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value)
}

/// What people wrote, as words: what looks like an encoded word (RFC 2047 §2)
/// would be sent as it is, and its reader would see what it decodes to.
fn as_words(value: &str) -> String {
    value.replace("=?", "= ?")
}

fn refuse_controls(value: &str) -> Result<(), InvalidEmail> {
    if value.chars().any(char::is_control) {
        return Err(InvalidEmail::Control);
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
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
            text:
                "שלום,\n\nSalam, dünya ə ı İ ğ.\nПривет, мир.\n.\nA line that begins with a dot.\n"
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
}
