//! Reads what came back: a delivery status notification (RFC 3464) inside
//! whatever the mail system wrapped it into.
//!
//! Mail systems disagree about the outside (RFC 6522 asks for
//! `multipart/report`, some send `multipart/mixed`), so the part that matters is
//! looked for wherever it stands. A letter that was returned with the notice is
//! not looked into: anybody could have written it.

use mail_parser::{HeaderValue, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};
use sha2::{Digest as _, Sha256};

use crate::domain::bounce::{BounceSource, Delivery, DeliveryAction, Notification};
use crate::domain::text::Email;

/// Octets of a message that are looked at. The notice stands before the letter
/// that is returned with it, and is small.
pub const MOST_BYTES: usize = 512 << 10;

/// Recipients of one notice that are looked at.
const MOST_RECIPIENTS: usize = 100;

/// Headers that name the address to which a message was delivered. The ones a
/// mail server adds come first; a sender can write any, which is no harm,
/// since the address has to prove itself.
const ADDRESSED: [&str; 5] = [
    "X-Original-To",
    "Delivered-To",
    "Envelope-To",
    "X-Envelope-To",
    "To",
];

/// Most addresses of one message that are looked at.
const MOST_ADDRESSES: usize = 20;

/// Reads a message out of the mailbox that mail comes back to. Whatever it is,
/// it is told apart: one that is no notice has no deliveries, and one that is no
/// answer of a calendar no reply.
pub fn read(raw: &[u8]) -> Notification {
    let raw = raw.get(..MOST_BYTES).unwrap_or(raw);
    let message = MessageParser::new().parse(raw);
    let identity = message
        .as_ref()
        .and_then(Message::message_id)
        .map_or_else(|| Sha256::digest(raw).to_vec(), |id| id.as_bytes().to_vec());
    Notification {
        source: BounceSource::Mailbox,
        identity,
        returned_to: message.as_ref().map(addressed).unwrap_or_default(),
        deliveries: message.as_ref().map(deliveries).unwrap_or_default(),
        reply: message.as_ref().and_then(super::reply::of_message),
    }
}

/// The addresses to which it may have been delivered.
fn addressed(message: &Message<'_>) -> Vec<String> {
    let named = |name: &'static str| {
        message
            .headers()
            .iter()
            .filter(move |header| header.name().eq_ignore_ascii_case(name))
    };
    ADDRESSED
        .into_iter()
        .flat_map(named)
        .flat_map(|header| addresses(&header.value))
        .take(MOST_ADDRESSES)
        .collect()
}

fn addresses(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Address(list) => list
            .iter()
            .filter_map(|one| one.address().map(str::to_owned))
            .collect(),
        HeaderValue::Text(text) => vec![text.trim().to_owned()],
        HeaderValue::TextList(texts) => texts.iter().map(|text| text.trim().to_owned()).collect(),
        _ => vec![],
    }
}

/// What the notice in it says about each recipient.
fn deliveries(message: &Message<'_>) -> Vec<Delivery> {
    let notice = message.parts.iter().find_map(|part| {
        is_notice(part)
            .then(|| content(part))
            .flatten()
            .map(fields_in_groups)
    });
    let groups = notice.unwrap_or_default();
    // The first group is about the message as a whole; a notice without it
    // begins with a recipient.
    groups
        .iter()
        .filter_map(delivery)
        .take(MOST_RECIPIENTS)
        .collect()
}

fn is_notice(part: &MessagePart<'_>) -> bool {
    part.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("message")
            && kind.subtype().is_some_and(|subtype| {
                // The second is that of RFC 6533, for addresses beyond ASCII.
                subtype.eq_ignore_ascii_case("delivery-status")
                    || subtype.eq_ignore_ascii_case("global-delivery-status")
            })
    })
}

fn content<'a>(part: &'a MessagePart<'_>) -> Option<&'a [u8]> {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => Some(text.as_bytes()),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Some(bytes),
        PartType::Message(_) | PartType::Multipart(_) => None,
    }
}

/// A group of fields.
type Fields = Vec<(String, String)>;

/// The groups of fields, which blank lines part (RFC 3464 §2.1). Each is
/// written like the header of a message and read as one.
fn fields_in_groups(content: &[u8]) -> Vec<Fields> {
    let text = String::from_utf8_lossy(content).replace("\r\n", "\n");
    text.split("\n\n")
        .map(str::trim)
        .filter(|group| !group.is_empty())
        .map(fields)
        .collect()
}

fn fields(group: &str) -> Fields {
    let header = format!("{group}\n\n");
    let parser = MessageParser::new().default_header_raw();
    let Some(parsed) = parser.parse_headers(header.as_bytes()) else {
        return vec![];
    };
    let field = |(name, value): (&str, &str)| (name.to_ascii_lowercase(), value.trim().to_owned());
    parsed.headers_raw().map(field).collect()
}

/// What one group says, if it is about a recipient.
fn delivery(fields: &Fields) -> Option<Delivery> {
    let value = |wanted: &str| {
        let found = fields.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let action = value("action")?.to_ascii_lowercase();
    let action = DeliveryAction::from_code(action.split_whitespace().next()?)?;
    // Some write a comment after the code, such as `5.1.1 (bad mailbox)`.
    let status = value("status").and_then(|text| text.split([' ', '(', '\t']).next());
    let addresses = ["final-recipient", "original-recipient"]
        .into_iter()
        .filter_map(value)
        .filter_map(recipient)
        .collect();
    Some(Delivery::new(
        addresses,
        action,
        status.and_then(|text| text.parse().ok()),
        value("diagnostic-code"),
    ))
}

/// The address of `rfc822; dana@example.org` (RFC 3464 §2.3.2).
fn recipient(value: &str) -> Option<Email> {
    let (kind, address) = value.split_once(';').unwrap_or(("rfc822", value));
    let known = ["rfc822", "utf-8"]
        .iter()
        .any(|known| kind.trim().eq_ignore_ascii_case(known));
    known
        .then(|| address.trim().trim_matches(['<', '>']).parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests;
