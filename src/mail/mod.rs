//! E-mail: what is said ([`notice`]), how it is written down ([`message`]) and
//! how it leaves the house ([`Mailer`]).
//!
//! Nothing here retries: the outbox does, and it learns from [`SendError`]
//! whether that makes sense.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::bounce::Status;

pub mod bounce;
pub mod calendar;
mod dkim;
mod file;
pub mod links;
pub mod message;
pub mod notice;
pub mod regular;
mod render;
mod reply;
mod said;
mod smtp;
mod wording;

pub use dkim::{DkimError, DkimKey, DkimKind};
pub use file::FileMailer;
pub use message::{Email, InvalidEmail, Mailbox, MessageId};
pub use said::Said;
pub use smtp::{Credentials, Relays, Security, SettingsError, Smtp, SmtpSettings, Timeouts};

/// How e-mail leaves the house.
#[derive(Debug, Clone)]
pub enum Mailer {
    /// To a mail server.
    Smtp(Smtp),
    /// To the first of several mail servers that can be reached.
    Relays(Relays),
    /// Into a directory, one `.eml` file each, for who tries Corridor out.
    File(FileMailer),
    /// Into memory, for tests.
    Memory(MemoryMailer),
}

impl Mailer {
    /// Whether e-mail could leave now: the mail server answers and lets us
    /// sign in. Files and memory are always there.
    pub async fn reach(&self) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.reach().await,
            Self::Relays(relays) => relays.reach().await,
            Self::File(_) | Self::Memory(_) => Ok(()),
        }
    }

    /// Each mail server, and whether mail could leave by it now.
    pub async fn reach_each(&self) -> Vec<(String, Result<(), SendError>)> {
        match self {
            Self::Smtp(smtp) => vec![(smtp.name(), smtp.reach().await)],
            Self::Relays(relays) => relays.reach_each().await,
            Self::File(_) | Self::Memory(_) => vec![],
        }
    }

    /// Sends one e-mail, once. The `message_id` makes a repetition harmless:
    /// it overwrites the file, and mail programs show the message once.
    pub async fn send(&self, email: &Email) -> Result<Receipt, SendError> {
        self.send_signed(email, &[]).await
    }

    /// The same, signed with each of these keys.
    pub async fn send_signed(
        &self,
        email: &Email,
        keys: &[Arc<DkimKey>],
    ) -> Result<Receipt, SendError> {
        let mut encoded = email.encode()?;
        encoded.sign(keys, email.date)?;
        match self {
            Self::Smtp(smtp) => smtp.send(&encoded).await,
            Self::Relays(relays) => relays.send(&encoded).await,
            Self::File(file) => file.send(&email.message_id, encoded.bytes).await,
            Self::Memory(memory) => Ok(memory.send(email)),
        }
    }
}

/// The e-mail was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What the server said, often its own number for the message; or the
    /// file's name.
    pub reply: String,
}

/// Why an e-mail was not, or perhaps not, accepted. `text` is the server's own
/// words and may repeat addresses: keep it out of the logs.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not now: the server is away or busy, or answered 4xx. Try later.
    #[error("not now{}", code_in_words(*code))]
    Transient {
        /// The SMTP reply code, if there was a reply about this message.
        code: Option<u16>,
        /// The server's or the operating system's words.
        text: String,
    },
    /// Never: the server answered 5xx, or the e-mail isn't one.
    #[error("refused{}", code_in_words(*code))]
    Permanent {
        /// The SMTP reply code, if there was a reply.
        code: Option<u16>,
        /// The server's words.
        text: String,
    },
    /// Never at this address: the server says that it is no good.
    #[error("refused ({code}): the address is no good")]
    NoSuchReader {
        /// The SMTP reply code.
        code: u16,
        /// The enhanced status.
        status: Status,
        /// The server's words.
        text: String,
    },
    /// No mail server takes mail from us now: it is away, doesn't let us in, or
    /// doesn't take our sender's address. It says nothing of the message nor of
    /// its reader, and every other message would fare the same.
    #[error("no mail server takes our mail{}", code_in_words(*code))]
    NoService {
        /// The SMTP reply code, if there was a reply to our sender's address.
        code: Option<u16>,
        /// The server's or the operating system's words.
        text: String,
    },
    /// The server doesn't take this message from us, by a policy of its own: our
    /// signature, our address or whom it relays for. It says nothing of the
    /// message nor of its reader, and is ours to mend.
    #[error("not taken from us ({code})")]
    Unwanted {
        /// The SMTP reply code.
        code: u16,
        /// Whether the server has read it, and may have judged what it says.
        read: bool,
        /// The server's words.
        text: String,
    },
    /// The connection was lost after the content had begun to flow: the
    /// server may have taken it or not. Try later with the same Message-ID.
    #[error("perhaps sent: the answer was lost")]
    Ambiguous {
        /// The operating system's words.
        text: String,
    },
}

impl SendError {
    /// The server's or the operating system's words.
    pub fn text(&self) -> &str {
        match self {
            Self::Transient { text, .. }
            | Self::Permanent { text, .. }
            | Self::NoSuchReader { text, .. }
            | Self::NoService { text, .. }
            | Self::Unwanted { text, .. }
            | Self::Ambiguous { text } => text,
        }
    }

    /// What stood between us and the server, for the log. A reply about a
    /// message is none of it, nor what is wrong with one: both like to repeat
    /// the recipient's address.
    pub fn on_the_way(&self) -> Option<&str> {
        match self {
            Self::Transient { code: None, text }
            | Self::NoService { text, .. }
            | Self::Ambiguous { text } => Some(text),
            Self::Transient { .. }
            | Self::Permanent { .. }
            | Self::NoSuchReader { .. }
            | Self::Unwanted { .. } => None,
        }
    }
}

impl From<DkimError> for SendError {
    fn from(error: DkimError) -> Self {
        Self::Transient {
            code: None,
            text: error.to_string(),
        }
    }
}

fn code_in_words(code: Option<u16>) -> String {
    code.map(|code| format!(" ({code})")).unwrap_or_default()
}

impl fmt::Debug for SendError {
    /// As [`fmt::Display`]: the server's words are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendError({self})")
    }
}

impl From<InvalidEmail> for SendError {
    fn from(error: InvalidEmail) -> Self {
        Self::Permanent {
            code: None,
            text: error.to_string(),
        }
    }
}

/// Keeps what was sent; clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryMailer {
    sent: Arc<Mutex<Vec<Email>>>,
}

impl MemoryMailer {
    /// Everything sent so far, oldest first.
    pub fn sent(&self) -> Vec<Email> {
        self.lock().clone()
    }

    fn send(&self, email: &Email) -> Receipt {
        self.lock().push(email.clone());
        Receipt {
            reply: "kept in memory".to_owned(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Email>> {
        // A push that panicked half-way leaves a vector that is still one.
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::message::tests::email;
    use super::*;

    #[tokio::test]
    async fn memory_keeps_what_was_sent() {
        let memory = MemoryMailer::default();
        let mailer = Mailer::Memory(memory.clone());
        mailer.send(&email()).await.unwrap();
        mailer.send(&email()).await.unwrap();
        assert_eq!(memory.sent(), [email(), email()]);
    }

    #[tokio::test]
    async fn every_mailer_refuses_an_email_that_is_none() {
        let memory = MemoryMailer::default();
        let email = Email {
            subject: "a\r\nb".to_owned(),
            ..email()
        };
        let error = Mailer::Memory(memory.clone()).send(&email).await;
        assert!(matches!(
            error,
            Err(SendError::Permanent { code: None, .. })
        ));
        assert!(memory.sent().is_empty());
    }

    #[test]
    fn the_servers_words_are_not_printed() {
        let error = SendError::Permanent {
            code: Some(550),
            text: "no such user dana@example.org".to_owned(),
        };
        assert_eq!(error.to_string(), "refused (550)");
        assert_eq!(format!("{error:?}"), "SendError(refused (550))");
        assert_eq!(error.on_the_way(), None);
        let put_off = SendError::Transient {
            code: Some(450),
            text: "dana@example.org is greylisted".to_owned(),
        };
        assert_eq!(put_off.on_the_way(), None);
        let away = SendError::Transient {
            code: None,
            text: "connection refused".to_owned(),
        };
        assert_eq!(away.on_the_way(), Some("connection refused"));
    }
}
