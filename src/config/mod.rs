//! Settings: the compiled-in `config/default.toml`, overridden by a file, by
//! `CORRIDOR__SECTION__KEY` in the environment and by command-line flags, in
//! that order. The defaults are also the list of what exists: a key or a type
//! that isn't theirs is refused. Everything is checked once, at start, and all
//! faults are named together.

pub mod calendars;
mod check;
pub mod import_mapping;
mod layers;
pub mod pipeline;
pub mod reasons;
mod relays;
mod revealed;
pub mod scoring;
pub mod taxonomy;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use relays::{MailRelay, MailServer};

/// Every setting of the program. Durations carry their unit in the name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The listeners and what they take.
    pub server: Server,
    /// The store.
    pub database: Database,
    /// What lies on disk.
    pub data: Data,
    /// Who runs the service.
    pub operator: Operator,
    /// Signing in.
    pub auth: Auth,
    /// How often callers may ask.
    pub limits: Limits,
    /// What must not be known to anyone else.
    pub secrets: Secrets,
    /// Sending mail.
    pub mail: Mail,
    /// Where mails lead.
    pub links: Links,
    /// Retrying what must be sent.
    pub outbox: Outbox,
    /// Files that are imported and exported.
    pub exchange: Exchange,
    /// Documents of startups.
    pub documents: Documents,
    /// Records that others wrote about a firm.
    pub claims: Claims,
    /// What founders are promised.
    pub reviews: Reviews,
    /// The double opt-in.
    pub introductions: Introductions,
    /// What is written about the program's work.
    pub log: Log,
}

/// `[server]`: the listeners and what they take.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address of the API and the pages; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Address of `/metrics`; `None` switches it off.
    #[serde(with = "optional")]
    pub metrics_listen: Option<SocketAddr>,
    /// How the outside reaches the service, without a slash at the end; see
    /// [`Server::public_url_at`].
    #[serde(with = "optional")]
    pub public_url: Option<String>,
    /// Threads that serve requests, 1–256.
    pub workers: usize,
    /// Largest request body in bytes.
    pub max_body_bytes: usize,
    /// Deepest nesting of arrays and objects in a JSON body.
    pub max_json_depth: usize,
    /// Seconds for the request line and headers to arrive.
    pub header_timeout_s: u64,
    /// Seconds for the body to arrive.
    pub body_timeout_s: u64,
    /// Seconds for a request to be answered.
    pub request_timeout_s: u64,
    /// Seconds that an idle connection is kept.
    pub keep_alive_s: u64,
    /// Seconds that running requests get to end after SIGTERM.
    pub drain_s: u64,
}

impl Server {
    /// The base of every link and the issuer of every token: the configured
    /// `public_url`, else the address that was really bound (which differs
    /// from `listen` when that has port 0).
    pub fn public_url_at(&self, bound: SocketAddr) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("http://{bound}"))
    }
}

/// `[database]`: the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://…`, which may hold a password; `None`
    /// is `corridor.db` in the data directory.
    #[serde(with = "optional")]
    pub url: Option<Secret>,
    /// Connections that read from SQLite, which has one more that writes, 1–256.
    pub readers: u32,
    /// Connections to PostgreSQL, 2–1000.
    pub connections: u32,
    /// Writes that may wait for the writer (SQLite) or a connection
    /// (PostgreSQL); beyond it 503.
    pub write_queue: usize,
}

/// `[data]`: what lies on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The data directory: database, mail files, keys.
    pub dir: PathBuf,
}

/// `[exchange]`: files that are imported and exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Where they lie; `None` is `exchange` in the data directory. Nodes that
    /// share a PostgreSQL database must share it.
    #[serde(with = "optional")]
    pub dir: Option<PathBuf>,
    /// Largest file in bytes.
    pub max_upload_bytes: usize,
    /// Seconds for a file to arrive.
    pub upload_timeout_s: u32,
    /// Seconds after which another worker takes a job that nobody works on.
    pub lease_s: u32,
    /// Seconds for which a file that was made can be fetched.
    pub fetch_s: u32,
}

/// `[documents]`: documents of startups.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Documents {
    /// Where they lie; `None` is `documents` in the data directory. Nodes that
    /// share a PostgreSQL database must share it.
    #[serde(with = "optional")]
    pub dir: Option<PathBuf>,
    /// Largest document in bytes.
    pub max_bytes: usize,
    /// Seconds for one to arrive.
    pub upload_timeout_s: u32,
    /// Most bytes of all documents of one firm, with their earlier versions.
    pub quota_bytes: i64,
}

/// `[operator]`: who runs the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// The name it registers under.
    pub name: String,
    /// Its country, ISO 3166 alpha-2.
    pub country: String,
}

/// `[auth]`: signing in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Lifetime of an access token in seconds.
    pub access_token_s: u32,
    /// Seconds in which a refresh token must be used.
    pub refresh_token_s: u32,
    /// Seconds after which a session ends, however much it is used.
    pub session_s: u32,
    /// Whether the operator's people need a second factor.
    pub operator_totp: OperatorTotp,
    /// Clock difference in seconds that is tolerated when a token is checked.
    pub leeway_s: u32,
    /// Memory of one argon2id hash in KiB, at least 19 456 (OWASP).
    pub argon2_memory_kib: u32,
    /// Passes of one argon2id hash, at least 2.
    pub argon2_iterations: u32,
    /// Lanes of one argon2id hash.
    pub argon2_parallelism: u32,
    /// Password hashes computed at the same time.
    pub login_concurrency: usize,
}

/// Whether the operator's people need a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperatorTotp {
    /// Without one they can do nothing but set it up.
    Required,
    /// They may go without; for demonstrations.
    Off,
}

/// `[limits]`: requests a minute, for each node; 0 is as many as one likes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Of a person or client.
    pub principal_per_minute: u32,
    /// Of a network.
    pub address_per_minute: u32,
    /// Sign-ins and renewals of a network.
    pub sign_in_per_minute: u32,
    /// Registrations of a network.
    pub registration_per_minute: u32,
    /// Requests for a new password of a network.
    pub reset_per_minute: u32,
    /// Requests of a network at the token endpoint.
    pub token_per_minute: u32,
    /// Forms of mailed links of a network.
    pub link_per_minute: u32,
    /// The proxies whose `X-Forwarded-For` is believed: addresses or ranges,
    /// with commas between.
    pub trusted_proxies: String,
}

/// `[secrets]`: what must not be known to anyone else.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Seals signing keys and signs links, 32 bytes in base64; `None` lets
    /// the first start make one in the data directory. Nodes that share a
    /// PostgreSQL database must share it.
    #[serde(with = "optional")]
    pub key: Option<Secret>,
}

/// `[mail]`: sending mail.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Where messages go.
    pub transport: MailTransport,
    /// Sender address.
    pub from: String,
    /// Sender name.
    pub from_name: String,
    /// Where undelivered mail comes back to; `None` is the sender address.
    #[serde(with = "optional")]
    pub bounces: Option<String>,
    /// Whether mail that can wait does so for its reader's working hours.
    pub quiet_hours: QuietHours,
    /// Messages that came back as undeliverable for now, after which an
    /// address gets no more, 1–100.
    pub soft_bounces: u32,
    /// Days within which they count, 1–365.
    pub soft_bounce_days: u32,
    /// Days for which what a mail said is kept, 1–365.
    pub bodies_kept_days: u32,
    /// Days for which what came back is on record, 30–3650.
    pub bounces_kept_days: u32,
    /// Host names of mail servers with commas between; this or `relays` is
    /// needed with `transport = "smtp"`.
    #[serde(with = "optional")]
    pub smtp_host: Option<String>,
    /// Seconds for which a mail server that can't be reached is passed over,
    /// 1–86400.
    pub smtp_aside_s: u32,
    /// Port of the mail server.
    pub smtp_port: u16,
    /// How the connection is protected.
    pub smtp_security: SmtpSecurity,
    /// User name at the mail server; `None` sends without authentication.
    #[serde(with = "optional")]
    pub smtp_username: Option<String>,
    /// Password at the mail server; needed with a user name.
    #[serde(with = "optional")]
    pub smtp_password: Option<Secret>,
    /// Connections to the mail server, 1–64.
    pub pool_size: u32,
    /// Seconds to be connected to a mail server, greeted and signed in.
    pub timeout_s: u64,
    /// Seconds for its answer to one command.
    pub command_timeout_s: u64,
    /// Seconds for its answer to the content, from the content's first byte.
    pub content_timeout_s: u64,
    /// Mail servers in place of `smtp_host`, the first preferred, each with a
    /// user, a password and protection of its own.
    pub relays: Vec<MailRelay>,
}

/// `[links]`: where mails lead to what this service has no page of its own for.
/// It serves records as JSON, to programs: a person opens them in an application
/// beside it. Without one, mails say which record is meant and lead nowhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    /// Where a record is opened: an address with `{kind}` (`deals`,
    /// `introductions`, `startup-profiles`, `investor-profiles`, `mandates`)
    /// and `{id}`.
    #[serde(with = "optional")]
    pub record: Option<String>,
    /// Where what waits for somebody is listed.
    #[serde(with = "optional")]
    pub worklist: Option<String>,
    /// Where people sign in.
    #[serde(with = "optional")]
    pub sign_in: Option<String>,
}

/// Where messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// `.eml` files under `<data>/mail`, for people who try the program.
    File,
    /// A mail server.
    Smtp,
}

/// Whether mail waits for its reader's working hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuietHours {
    /// It does.
    On,
    /// It goes out at once.
    Off,
}

/// How a connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// Not at all: only for a server on the same host.
    None,
    /// STARTTLS, required (RFC 3207).
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
}

/// `[outbox]`: retrying what must be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbox {
    /// Senders working at the same time.
    pub workers: usize,
    /// Seconds after which a message whose sender died returns to the queue.
    pub lease_s: u32,
    /// Messages claimed at once.
    pub batch: u32,
    /// Messages that one sender hands over at the same time, 1–64.
    pub at_once: u32,
    /// Attempts that may have succeeded, though nobody said so, before a
    /// message is given up.
    pub most_doubts: u32,
    /// Failures after which the next attempt comes soon.
    pub quick_attempts: u32,
    /// Seconds before the second attempt; doubles with each quick one, with
    /// jitter.
    pub backoff_base_s: u32,
    /// Seconds before the first attempt beyond these; doubles too.
    pub slow_base_s: u32,
    /// Attempts before a message is given up.
    pub max_attempts: u32,
    /// Messages sent to one domain at a time, 1–64.
    pub per_domain: u32,
    /// Longest wait between two attempts in seconds.
    pub backoff_cap_s: u32,
}

/// `[claims]`: records that others wrote about a firm.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Whether the contact of a firm is mailed by itself, once, when such a
    /// record is put forward.
    pub ask_contacts: bool,
    /// How many contacts of firms that one partner referred are mailed by
    /// themselves in 24 hours; whoever comes later waits for a curator.
    pub partner_asks_per_day: u32,
}

/// `[reviews]`: what founders are promised.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviews {
    /// Working days within which a submitted profile is reviewed.
    pub working_days: u32,
}

/// `[introductions]`: the double opt-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Introductions {
    /// Working days after which an ask expires.
    pub ask_working_days: u32,
    /// Days before a refused pair may be introduced again.
    pub cool_down_days: u32,
    /// Days before somebody is asked about a pair again after a request that
    /// was taken back or not answered; curators may ask at once.
    pub ask_again_days: u32,
    /// Unanswered requests of one firm at a time.
    pub open_requests: u32,
    /// Requests of one firm within seven days.
    pub weekly_requests: u32,
}

/// `[log]`: what is written about the program's work.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level, or a filter such as `info,corridor=debug`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// A text that is never printed: `Debug`, `Display` and `Serialize` show
/// `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// Why the program can't start with these settings: every fault, one a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has {} fault(s):\n  {}", .0.len(), .0.join("\n  "))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads all layers: the defaults, then `file`, then what of `env` begins
    /// with `CORRIDOR__`, then `overrides` (`"server.listen"`, value), which
    /// the command line gives.
    ///
    /// # Errors
    /// All faults of all layers together: a file that can't be read or isn't
    /// TOML, unknown keys with the nearest known one, wrong types, values out
    /// of range, settings that contradict each other.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        overrides: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let (config, mut faults) = layers::merge(file, env, overrides)?;
        config.check(&mut faults);
        if faults.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(faults))
        }
    }
}

/// An empty text means "not set"; TOML has no null.
mod optional {
    use super::{Deserialize, Deserializer, Serialize, Serializer};
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error as ValueError, StringDeserializer};

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        let inner: StringDeserializer<ValueError> = text.into_deserializer();
        T::deserialize(inner)
            .map(Some)
            .map_err(serde::de::Error::custom)
    }

    #[expect(
        clippy::ref_option,
        reason = "serde's `with` calls it with a reference to the field"
    )]
    pub(super) fn serialize<T, S>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize,
        S: Serializer,
    {
        match value {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }
}

#[cfg(test)]
mod tests;
