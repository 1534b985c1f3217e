//! What comes back of mail that was sent (RFC 3464), and what it means: an
//! address that is no good gets no more of it, one that can't take mail now is
//! watched.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ids::OutboxId;
use super::meeting_answer::CalendarReply;
use super::text::Email;
use super::values::codes;

/// Most characters of what a server said.
pub const DIAGNOSTIC_MAX: usize = 500;

codes! {
    /// What a notice says became of the mail to one recipient (RFC 3464
    /// §2.3.3).
    DeliveryAction {
        /// Not delivered, and no longer tried.
        Failed = "failed",
        /// Not delivered yet, but still tried.
        Delayed = "delayed",
        /// Delivered.
        Delivered = "delivered",
        /// Handed on to a system that says nothing more.
        Relayed = "relayed",
        /// Handed on to several.
        Expanded = "expanded",
    }
}

codes! {
    /// What a notice means for an address.
    BounceKind {
        /// It is no good.
        Hard = "hard",
        /// It can't take mail now.
        Soft = "soft",
        /// Its reader called the mail spam.
        Complaint = "complaint",
    }
}

codes! {
    /// How a notice got here.
    BounceSource {
        /// Out of the mailbox that mail comes back to.
        Mailbox = "mailbox",
        /// From a mail provider, over the API.
        Provider = "provider",
        /// Said by the mail server when the mail was handed over.
        Session = "session",
    }
}

codes! {
    /// What became of a notice.
    BounceOutcome {
        /// Its address gets no mail from now on.
        Suppressed = "suppressed",
        /// Its address is watched: it can't take mail now.
        Counted = "counted",
        /// On record, with nothing to do: the address gets no mail already, or
        /// isn't known.
        Noted = "noted",
        /// Not about a failure: an automatic answer, a receipt, a letter.
        Ignored = "ignored",
        /// No message of ours that is still on record.
        Unknown = "unknown",
        /// Its address claims to be ours and isn't. It had no effect.
        Forged = "forged",
        /// A calendar's answer to an invitation, taken into the meeting's record.
        Answered = "answered",
    }
}

/// An enhanced status code (RFC 3463), such as `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    class: u16,
    subject: u16,
    detail: u16,
}

/// The text is no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an enhanced status code such as 5.1.1")]
pub struct InvalidStatus;

impl Status {
    /// Whether it is for good.
    pub const fn is_permanent(self) -> bool {
        self.class == 5
    }

    /// The status at the start of a reply's text, such as `5.1.1 no such user`
    /// (RFC 2034).
    pub fn of_text(text: &str) -> Option<Self> {
        text.split_whitespace().next()?.parse().ok()
    }

    /// Whether it is the address of the reader that is no good (RFC 3463 §3.2,
    /// §3.3): not the sender's, nor a mailbox that is full.
    pub const fn is_dead_address(self) -> bool {
        self.class == 5 && matches!((self.subject, self.detail), (1, 0..=3 | 6 | 10) | (2, 1))
    }

    /// Whether it speaks of who sends rather than of the reader or the mail: a
    /// policy, or the sender's address (RFC 3463 §3.2, §3.8). That is ours to
    /// mend, and is held against nobody's address.
    pub const fn is_about_us(self) -> bool {
        matches!((self.subject, self.detail), (1, 7 | 8) | (7, _))
    }

    /// Whether the mailbox, or what it may hold, is full.
    pub const fn is_full(self) -> bool {
        matches!((self.subject, self.detail), (2, 2) | (3, 1))
    }

    /// Whether the mail is larger than the server takes.
    pub const fn is_too_large(self) -> bool {
        matches!((self.subject, self.detail), (2, 3) | (3, 4))
    }

    /// Whether it speaks of a failure.
    pub const fn is_failure(self) -> bool {
        self.class != 2
    }

    /// Whether it says no more than its class.
    const fn is_vague(self) -> bool {
        self.subject == 0 && self.detail == 0
    }

    /// The status of a server's reply, such as `smtp; 550 5.1.1 no such user`
    /// or `smtp; 550 no such user`, for notices that name none, or a vague one.
    pub fn of_reply(text: &str) -> Option<Self> {
        let reply = text
            .split_once(';')
            .map_or(text, |(_, reply)| reply)
            .trim_start();
        let class = match reply.as_bytes() {
            [class @ (b'4' | b'5'), b'0'..=b'9', b'0'..=b'9', ..] => u16::from(class - b'0'),
            _ => return None,
        };
        // The lines of a long reply have a hyphen there.
        let said = reply.get(3..).unwrap_or_default();
        let said = Self::of_text(said.trim_start_matches(['-', ' ', '#']));
        Some(said.filter(|said| said.class == class).unwrap_or(Self {
            class,
            subject: 0,
            detail: 0,
        }))
    }
}

impl FromStr for Status {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, InvalidStatus> {
        let number = |digits: &str| {
            let plain = (1..=3).contains(&digits.len());
            let plain = plain && digits.bytes().all(|digit| digit.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        };
        let mut parts = text.split('.').map(number);
        match [parts.next(), parts.next(), parts.next(), parts.next()] {
            [
                Some(Some(class @ (2 | 4 | 5))),
                Some(Some(subject)),
                Some(Some(detail)),
                None,
            ] => Ok(Self {
                class,
                subject,
                detail,
            }),
            _ => Err(InvalidStatus),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// What a server said of an address while mail for it was handed over: that it
/// is no good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedReader {
    /// The address.
    pub email: Email,
    /// The status that the server gave.
    pub status: Status,
    /// The server's words.
    pub text: String,
}

/// What a notice says about one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The addresses under which the recipient is known: where it went in the
    /// end, and how it was first addressed.
    pub addresses: Vec<Email>,
    /// What it means for the address; none when nothing failed, or it did for
    /// what is held against us.
    pub kind: Option<BounceKind>,
    /// Whether the mail won't arrive any more.
    pub is_final: bool,
    /// The status.
    pub status: Option<Status>,
    /// What the server said, shortened.
    pub diagnostic: Option<String>,
}

impl Delivery {
    /// What an action with a status means (RFC 3464 §2.3.3, RFC 3463 §2), told
    /// apart as what a server says in a session is: what it has against us says
    /// nothing of the address, and a mailbox that is full changes with its
    /// reader. A failure without a status, nor a reply to read one from, isn't
    /// held against the address for good.
    pub fn new(
        addresses: Vec<Email>,
        action: DeliveryAction,
        status: Option<Status>,
        diagnostic: Option<&str>,
    ) -> Self {
        let said = diagnostic.and_then(Status::of_reply);
        let status = match status {
            Some(status) if status.is_vague() => said
                .filter(|said| said.class == status.class)
                .or(Some(status)),
            None => said,
            clear => clear,
        };
        let is_hard = |status: Status| status.is_permanent() && !status.is_full();
        let kind = match action {
            DeliveryAction::Delivered | DeliveryAction::Relayed | DeliveryAction::Expanded => None,
            _ if status.is_some_and(Status::is_about_us) => None,
            DeliveryAction::Failed if status.is_some_and(is_hard) => Some(BounceKind::Hard),
            DeliveryAction::Failed | DeliveryAction::Delayed => Some(BounceKind::Soft),
        };
        Self {
            addresses,
            kind,
            is_final: action == DeliveryAction::Failed,
            status,
            diagnostic: diagnostic.map(short),
        }
    }

    /// The reader of an address called the mail spam. It did arrive.
    pub fn complaint(address: Email) -> Self {
        Self {
            addresses: vec![address],
            kind: Some(BounceKind::Complaint),
            is_final: false,
            status: None,
            diagnostic: None,
        }
    }
}

/// In one line, without control characters, which a stranger's server may
/// have put there.
fn short(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(DIAGNOSTIC_MAX).collect()
}

/// A notice that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// How it got here.
    pub source: BounceSource,
    /// What makes it that notice and no other.
    pub identity: Vec<u8>,
    /// The addresses to which it may have come back.
    pub returned_to: Vec<String>,
    /// What it says about each recipient; none when it is no such notice.
    pub deliveries: Vec<Delivery>,
    /// What a calendar answers in it, if it is no notice.
    pub reply: Option<CalendarReply>,
}

impl Notification {
    /// The name of what it says about one recipient, by which it is known
    /// again; of the whole notice with none.
    pub fn fingerprint(&self, place: Option<usize>) -> String {
        let mut hash = Sha256::new();
        hash.update(self.source.code());
        hash.update([0]);
        hash.update(&self.identity);
        if let Some(place) = place {
            hash.update([0]);
            hash.update(place.to_be_bytes());
        }
        hash.finalize()
            .iter()
            .fold(String::new(), |mut text, byte| {
                use fmt::Write as _;
                // Writing into a string doesn't fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
    }
}

/// A notice on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// Its id.
    pub id: Uuid,
    /// By which it is known again.
    pub fingerprint: String,
    /// How it got here.
    pub source: BounceSource,
    /// What became of it.
    pub outcome: BounceOutcome,
    /// The message that came back.
    pub message: Option<OutboxId>,
    /// The address it is about, one of those the message went to.
    pub email: Option<Email>,
    /// What it means for the address.
    pub kind: Option<BounceKind>,
    /// The status, as it was written.
    pub status: Option<String>,
    /// What the server said.
    pub diagnostic: Option<String>,
    /// When it was read.
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_three_numbers_and_a_known_class() {
        for text in ["5.1.1", "4.4.7", "2.0.0", "5.0.0", "5.999.999"] {
            assert_eq!(text.parse::<Status>().unwrap().to_string(), text);
        }
        for text in [
            "", "5", "5.1", "5.1.1.1", "3.1.1", "5..1", "5.1.1000", "+5.1.1", "5.1.x",
        ] {
            assert_eq!(text.parse::<Status>(), Err(InvalidStatus), "{text}");
        }
    }

    #[test]
    fn a_failure_is_hard_by_its_status_or_by_the_servers_reply() {
        use BounceKind::{Hard, Soft};
        use DeliveryAction as A;

        let of = |action, status: Option<&str>, said| {
            let status = status.map(|text| text.parse().unwrap());
            let delivery = Delivery::new(vec![], action, status, said);
            (delivery.kind, delivery.is_final)
        };
        assert_eq!(of(A::Failed, Some("5.1.1"), None), (Some(Hard), true));
        assert_eq!(of(A::Failed, Some("5.0.0"), None), (Some(Hard), true));
        assert_eq!(of(A::Failed, Some("4.4.7"), None), (Some(Soft), true));
        // A full mailbox is emptied, and our signature is ours to mend.
        for full in ["5.2.2", "5.3.1", "4.2.2"] {
            assert_eq!(of(A::Failed, Some(full), None), (Some(Soft), true));
        }
        for ours in ["5.7.1", "5.7.26", "5.1.8", "4.7.1"] {
            assert_eq!(of(A::Failed, Some(ours), None), (None, true));
            assert_eq!(of(A::Delayed, Some(ours), None), (None, false));
        }
        assert_eq!(
            of(A::Failed, None, Some("smtp; 550 no")),
            (Some(Hard), true)
        );
        assert_eq!(
            of(A::Failed, None, Some("smtp; 452 full")),
            (Some(Soft), true)
        );
        assert_eq!(
            of(A::Failed, None, Some("x-local; gone")),
            (Some(Soft), true)
        );
        // Some name no status but in the reply.
        for said in ["smtp; 550-5.7.26 not signed", "smtp; 550 5.7.1 listed"] {
            assert_eq!(of(A::Failed, Some("5.0.0"), Some(said)), (None, true));
            assert_eq!(of(A::Failed, None, Some(said)), (None, true));
            assert_eq!(of(A::Failed, Some("5.1.1"), Some(said)), (Some(Hard), true));
        }
        assert_eq!(of(A::Delayed, Some("4.4.1"), None), (Some(Soft), false));
        assert_eq!(of(A::Delayed, Some("5.1.1"), None), (Some(Soft), false));
        for action in [A::Delivered, A::Relayed, A::Expanded] {
            assert_eq!(of(action, Some("2.1.5"), None), (None, false));
        }
    }

    #[test]
    fn what_a_strangers_server_said_is_one_short_line() {
        let said = format!("smtp; 550\r\n\tno\u{7} {}", "x".repeat(2 * DIAGNOSTIC_MAX));
        let kept = Delivery::new(vec![], DeliveryAction::Failed, None, Some(&said)).diagnostic;
        let kept = kept.unwrap();
        assert!(kept.starts_with("smtp; 550 no x"), "{kept}");
        assert_eq!(kept.chars().count(), DIAGNOSTIC_MAX);
    }
}
