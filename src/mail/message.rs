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
pub(super) mod tests;
