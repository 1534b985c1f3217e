//! E-mail to a mail server: a few connections that are kept and used for many
//! messages.
//!
//! The conversation is lettre's; the pool is ours. Its own pool leaves Nagle's
//! algorithm on, which with delayed acknowledgements costs 40 ms a message, and
//! doesn't tell a connection lost before the content from one lost after it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Semaphore;

use super::message::Encoded;
use super::{Receipt, SendError};

mod connection;
mod relays;
mod tls;

use connection::{Connection, Failure};
pub use relays::Relays;
use tls::Tls;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all: for a server on the same machine.
    None,
    /// Upgraded by STARTTLS (RFC 3207), usually on port 587. A server that
    /// doesn't offer it gets no mail.
    StartTls,
    /// From the first byte (RFC 8314), usually on port 465.
    Tls,
}

/// How to sign in to the mail server.
#[derive(Clone)]
pub struct Credentials {
    /// The account.
    pub username: String,
    /// Its password; never printed.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// How long each step may take; a server that is slower is given up, so that
/// it can't hold a worker for ever.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To be connected, greeted, encrypted and signed in.
    pub connect: Duration,
    /// For the answer to one command.
    pub command: Duration,
    /// To transfer the content and get the final answer, which a server gives
    /// after its checks (RFC 5321 §4.5.3.2.6 asks for ten minutes).
    pub content: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_mins(1),
            content: Duration::from_mins(10),
        }
    }
}

/// Which mail server, and how to talk to it.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Its name, which its certificate must bear, or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// A certificate authority in PEM to trust beside the public ones.
    pub authority: Option<String>,
    /// How to sign in, where the server wants it.
    pub credentials: Option<Credentials>,
    /// The name we greet with; without one, the machine's.
    pub helo: Option<String>,
    /// How long each step may take.
    pub timeouts: Timeouts,
    /// Most connections at a time, at least one.
    pub connections: usize,
    /// A connection unused for longer is not used again.
    pub idle: Duration,
}

impl SmtpSettings {
    /// The usual settings for that server.
    pub fn new(host: impl Into<String>, port: u16, security: Security) -> Self {
        Self {
            host: host.into(),
            port,
            security,
            authority: None,
            credentials: None,
            helo: None,
            timeouts: Timeouts::default(),
            connections: 4,
            idle: Duration::from_secs(30),
        }
    }
}

/// The settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A password would cross the network in clear text.
    #[error("credentials need STARTTLS or TLS: they would be sent in clear text")]
    ClearTextPassword,
    /// The certificate authority or the server's name can't be used for TLS.
    #[error("TLS with the mail server: {0}")]
    Tls(String),
}

/// Sends to one mail server over a few kept connections; clones share them.
#[derive(Clone)]
pub struct Smtp {
    inner: Arc<Inner>,
}

struct Inner {
    settings: SmtpSettings,
    helo: ClientId,
    tls: Tls,
    places: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Smtp").field(&self.inner.settings).finish()
    }
}

impl Smtp {
    /// Prepares; connects to nothing yet, so that a server that is away stops
    /// nobody from starting.
    pub fn new(settings: SmtpSettings) -> Result<Self, SettingsError> {
        if settings.credentials.is_some() && settings.security == Security::None {
            return Err(SettingsError::ClearTextPassword);
        }
        let tls = Tls::new(&settings)?;
        let helo = settings
            .helo
            .clone()
            .map_or_else(ClientId::default, ClientId::Domain);
        let places = Semaphore::new(settings.connections.max(1));
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                helo,
                tls,
                places,
                idle: Mutex::new(Vec::new()),
            }),
        })
    }

    /// Connects, is greeted, encrypts and signs in, and says no more.
    pub(super) async fn reach(&self) -> Result<(), SendError> {
        let inner = &*self.inner;
        Connection::open(&inner.settings, &inner.helo, &inner.tls)
            .await
            .map(drop)
            .map_err(|failure| failure.error)
    }

    /// Its name and port.
    pub(super) fn name(&self) -> String {
        let settings = &self.inner.settings;
        format!("{}:{}", settings.host, settings.port)
    }

    pub(super) async fn send(&self, email: &Encoded) -> Result<Receipt, SendError> {
        let inner = &*self.inner;
        let place = inner.places.acquire().await;
        let _place = place.map_err(|closed| Failure::no_service(closed.to_string()).error)?;
        if let Some(kept) = inner.take_idle() {
            match inner.converse(kept, email).await {
                // The server has hung up meanwhile, before it heard anything:
                // not a failure of this message.
                Err(Failure { stale: true, .. }) => {}
                outcome => return outcome.map_err(|failure| failure.error),
            }
        }
        let fresh = Connection::open(&inner.settings, &inner.helo, &inner.tls)
            .await
            .map_err(|failure| failure.error)?;
        inner
            .converse(fresh, email)
            .await
            .map_err(|failure| failure.error)
    }
}

impl Inner {
    /// Hands over one message and keeps the connection if it is still good.
    async fn converse(
        &self,
        mut connection: Connection,
        email: &Encoded,
    ) -> Result<Receipt, Failure> {
        let outcome = connection.send(email, &self.settings.timeouts).await;
        let good = match &outcome {
            Ok(_) => true,
            Err(failure) if failure.lost => false,
            Err(_) => connection.reset(&self.settings.timeouts).await,
        };
        if good {
            self.lock().push(Idle {
                connection,
                since: Instant::now(),
            });
        }
        outcome
    }

    /// The connection used last, if it is young enough; older ones are closed.
    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.lock();
        idle.retain(|kept| kept.since.elapsed() < self.settings.idle);
        idle.pop().map(|kept| kept.connection)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        // Pushing and popping leave a vector that is still one.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_sent_in_clear_text_nor_printed() {
        let mut settings = SmtpSettings::new("localhost", 25, Security::None);
        settings.credentials = Some(Credentials {
            username: "corridor".to_owned(),
            password: "hunter2".to_owned(),
        });
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert!(matches!(
            Smtp::new(settings),
            Err(SettingsError::ClearTextPassword)
        ));
    }

    #[test]
    fn an_authority_that_is_none_is_named_at_the_start() {
        for security in [Security::StartTls, Security::Tls] {
            let mut settings = SmtpSettings::new("mail.example", 465, security);
            settings.authority = Some("not PEM".to_owned());
            assert!(matches!(Smtp::new(settings), Err(SettingsError::Tls(_))));
        }
    }
}
