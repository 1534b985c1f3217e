//! One conversation with a mail server (RFC 5321), step by step, so that each
//! failure is told apart: before the content, after it, refused or lost.

use std::error::Error as _;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use lettre::transport::smtp::{Error, authentication};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::tls::{Tls, TlsStream};
use super::{SmtpSettings, Timeouts};
use crate::domain::bounce::Status;
use crate::mail::message::Encoded;
use crate::mail::{Receipt, SendError};

/// "Service closing transmission channel" (RFC 5321 §3.8).
const CLOSING: u16 = 421;

/// How a conversation failed.
pub(super) struct Failure {
    /// What the caller is told.
    pub(super) error: SendError,
    /// The connection is of no more use.
    pub(super) lost: bool,
    /// It broke at the first command: the server had hung up before.
    pub(super) stale: bool,
}

impl Failure {
    /// The server can't be reached, or doesn't let us in.
    pub(super) fn no_service(text: String) -> Self {
        Self::lost(SendError::NoService { code: None, text })
    }

    /// The line was lost while a message was announced.
    fn before_content(text: String) -> Self {
        Self::lost(SendError::Transient { code: None, text })
    }

    const fn lost(error: SendError) -> Self {
        Self {
            error,
            lost: true,
            stale: false,
        }
    }

    fn of(setback: Setback, part: Part) -> Self {
        match setback {
            Setback::Reply { code, text } => Self {
                lost: code == CLOSING,
                stale: false,
                error: refusal(part, code, text),
            },
            Setback::Lost(text) => Self::before_content(text),
        }
    }
}

/// What a reply is about.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Who sends.
    Sender,
    /// One of those who are to get it.
    Reader,
    /// What is sent.
    Content,
}

/// What one step came to, if not to a positive reply.
enum Setback {
    /// The server said no.
    Reply { code: u16, text: String },
    /// No reply, or none that makes sense, in time.
    Lost(String),
}

impl From<Error> for Setback {
    fn from(error: Error) -> Self {
        let text = error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string);
        match error.status() {
            Some(code) => Self::Reply {
                code: code.into(),
                text,
            },
            None => Self::Lost(text),
        }
    }
}

/// What a reply means. One that is final says so of what it is about only: an
/// address that is no good is told from a sender that isn't wanted, which is
/// ours to mend and nobody's mail is given up for.
fn refusal(part: Part, code: u16, text: String) -> SendError {
    let status = Status::of_text(&text);
    let some = Some(code);
    if !(500..600).contains(&code) {
        return SendError::Transient { code: some, text };
    }
    match (part, status) {
        // Too large, by this server's measure (RFC 1870 §6.1).
        (Part::Sender, status) if code == 552 || status.is_some_and(Status::is_too_large) => {
            SendError::Permanent { code: some, text }
        }
        (Part::Sender, _) => SendError::NoService { code: some, text },
        (Part::Reader, Some(status)) if status.is_dead_address() => {
            SendError::NoSuchReader { code, status, text }
        }
        // Whom a server serves, and from whom, changes with its settings or
        // ours.
        (part @ (Part::Reader | Part::Content), Some(status)) if status.is_about_us() => {
            let read = matches!(part, Part::Content);
            SendError::Unwanted { code, read, text }
        }
        (Part::Reader, None) if matches!(code, 530 | 535 | 538) || speaks_of_relaying(&text) => {
            SendError::Unwanted {
                code,
                read: false,
                text,
            }
        }
        // A mailbox that is full changes with its reader (RFC 5321
        // §4.5.3.1.10).
        (Part::Reader | Part::Content, Some(status)) if status.is_full() => {
            SendError::Transient { code: some, text }
        }
        (Part::Reader, None) if code == 552 => SendError::Transient { code: some, text },
        (Part::Reader | Part::Content, _) => SendError::Permanent { code: some, text },
    }
}

/// “Relaying denied”, as servers say it that give no status.
fn speaks_of_relaying(text: &str) -> bool {
    text.to_ascii_lowercase().contains("relay")
}

/// Waits for a step, no longer than `limit`.
async fn step<T>(
    limit: Duration,
    doing: impl Future<Output = Result<T, Error>>,
) -> Result<T, Setback> {
    match timeout(limit, doing).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(Setback::Lost(format!("no answer within {limit:?}"))),
    }
}

/// A connection that has been greeted, encrypted and signed in as configured.
pub(super) struct Connection(AsyncSmtpConnection);

impl Connection {
    /// Connects. Whatever goes wrong here is about the server or our settings,
    /// never about the message that waits: it is [`SendError::NoService`].
    pub(super) async fn open(
        settings: &SmtpSettings,
        helo: &ClientId,
        tls: &Tls,
    ) -> Result<Self, Failure> {
        let limit = settings.timeouts.connect;
        match timeout(limit, connect(settings, helo, tls)).await {
            Ok(Ok(connection)) => Ok(Self(connection)),
            Ok(Err(text)) => Err(Failure::no_service(text)),
            Err(_) => Err(Failure::no_service(format!(
                "not connected within {limit:?}"
            ))),
        }
    }

    /// Hands over one message.
    pub(super) async fn send(
        &mut self,
        email: &Encoded,
        timeouts: &Timeouts,
    ) -> Result<Receipt, Failure> {
        self.announce(email, timeouts).await?;
        // The final line end belongs to the terminator `CRLF . CRLF`.
        let content = email.bytes.strip_suffix(b"\r\n").unwrap_or(&email.bytes);
        match step(timeouts.content, self.0.message(content)).await {
            Ok(response) => Ok(Receipt {
                reply: words(&response),
            }),
            Err(Setback::Lost(text)) => Err(Failure {
                error: SendError::Ambiguous { text },
                lost: true,
                stale: false,
            }),
            Err(reply @ Setback::Reply { .. }) => Err(Failure::of(reply, Part::Content)),
        }
    }

    /// Sender, recipients and `DATA`. One refused recipient refuses the
    /// message: what connects two sides must reach both.
    async fn announce(&mut self, email: &Encoded, timeouts: &Timeouts) -> Result<(), Failure> {
        let parameters = self.parameters(email)?;
        let sender = Mail::new(email.envelope.from().cloned(), parameters);
        if let Err(setback) = self.command(sender, timeouts).await {
            let stale = matches!(
                setback,
                Setback::Lost(_) | Setback::Reply { code: CLOSING, .. }
            );
            return Err(Failure {
                stale,
                ..Failure::of(setback, Part::Sender)
            });
        }
        for recipient in email.envelope.to() {
            self.command(Rcpt::new(recipient.clone(), Vec::new()), timeouts)
                .await
                .map_err(|setback| Failure::of(setback, Part::Reader))?;
        }
        self.command(Data, timeouts)
            .await
            .map_err(|setback| Failure::of(setback, Part::Content))?;
        Ok(())
    }

    /// Addresses beyond ASCII need a server that knows them (RFC 6531).
    fn parameters(&self, email: &Encoded) -> Result<Vec<MailParameter>, Failure> {
        let envelope = &email.envelope;
        let is_ascii = envelope
            .from()
            .into_iter()
            .chain(envelope.to())
            .all(|address| AsRef::<str>::as_ref(address).is_ascii());
        if is_ascii {
            return Ok(Vec::new());
        }
        if self
            .0
            .server_info()
            .supports_feature(Extension::SmtpUtfEight)
        {
            return Ok(vec![MailParameter::SmtpUtfEight]);
        }
        Err(Failure {
            error: SendError::Permanent {
                code: None,
                text: "the mail server doesn't take addresses beyond ASCII".to_owned(),
            },
            lost: false,
            stale: false,
        })
    }

    /// Forgets the message in hand; whether the connection can be used again.
    pub(super) async fn reset(&mut self, timeouts: &Timeouts) -> bool {
        self.command("RSET\r\n", timeouts).await.is_ok()
    }

    async fn command(
        &mut self,
        command: impl Display,
        timeouts: &Timeouts,
    ) -> Result<Response, Setback> {
        step(timeouts.command, self.0.command(command)).await
    }
}

async fn connect(
    settings: &SmtpSettings,
    helo: &ClientId,
    tls: &Tls,
) -> Result<AsyncSmtpConnection, String> {
    let stream = TcpStream::connect((settings.host.as_str(), settings.port))
        .await
        .map_err(|error| error.to_string())?;
    // Commands and answers alternate in small packets: without this, each
    // waits for the peer's delayed acknowledgement.
    stream
        .set_nodelay(true)
        .map_err(|error| error.to_string())?;
    let stream: Box<dyn AsyncTokioStream> = match tls {
        Tls::Implicit(connector, name) => {
            let encrypted = connector.connect(name.clone(), stream).await;
            Box::new(TlsStream(encrypted.map_err(|error| error.to_string())?))
        }
        Tls::None | Tls::Start(_) => Box::new(stream),
    };
    greet(stream, settings, helo, tls)
        .await
        .map_err(|error| error.to_string())
}

async fn greet(
    stream: Box<dyn AsyncTokioStream>,
    settings: &SmtpSettings,
    helo: &ClientId,
    tls: &Tls,
) -> Result<AsyncSmtpConnection, Error> {
    let mut connection = AsyncSmtpConnection::connect_with_transport(stream, helo).await?;
    if let Tls::Start(parameters) = tls {
        connection.starttls(parameters.clone(), helo).await?;
    }
    if let Some(credentials) = &settings.credentials {
        let credentials = authentication::Credentials::new(
            credentials.username.clone(),
            credentials.password.clone(),
        );
        connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
    }
    Ok(connection)
}

fn words(response: &Response) -> String {
    response.message().collect::<Vec<_>>().join(" ")
}
