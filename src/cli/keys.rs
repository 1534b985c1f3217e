//! `corridor keys`: the keys that sign access tokens and mail.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::{Subcommand, ValueEnum};

use crate::config::Config;
use crate::mail::{DkimKey, DkimKind};
use crate::services::mail_keys::{self, MailKey};
use crate::services::{Clock, Context, signing};
use crate::startup::{context, open_existing_store};

use super::Failure;

/// Longest text of one string in a TXT record (RFC 1035 §3.3).
const TXT_MAX: usize = 255;

/// Commands of `corridor keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Have a new key sign from now on. Tokens of the old one hold until they
    /// run out; running servers take the new one over within half a minute
    Rotate,
    /// Have mail signed (DKIM): makes a key, or takes one in, and prints its DNS
    /// record. Servers sign with it from their next start on, so publish the
    /// record first. With several keys, under selectors of their own, each mail
    /// gets a signature of each: many receivers know RSA only
    Dkim {
        /// What the key is for: RSA of 2048 bits, which every receiver checks,
        /// or ed25519, which is small
        #[arg(long = "type", value_enum, default_value_t = KeyType::Rsa, conflicts_with = "import")]
        kind: KeyType,
        /// The domain that signs; not set: that of the sender address
        #[arg(long)]
        domain: Option<String>,
        /// The name of the record under that domain
        #[arg(long, default_value = "corridor")]
        selector: String,
        /// Takes in this private key instead of making one: PKCS#8 in PEM,
        /// ed25519 or RSA of 2048 bits and more, as `openssl genpkey` makes it
        #[arg(long, value_name = "FILE")]
        import: Option<PathBuf>,
    },
}

/// The kinds of key that sign mail.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum KeyType {
    /// rsa-sha256, 2048 bits.
    Rsa,
    /// ed25519-sha256.
    Ed25519,
}

impl From<KeyType> for DkimKind {
    fn from(kind: KeyType) -> Self {
        match kind {
            KeyType::Rsa => Self::Rsa,
            KeyType::Ed25519 => Self::Ed25519,
        }
    }
}

/// What makes a key, or where it comes from.
enum Source<'a> {
    Made(DkimKind),
    Taken(&'a Path),
}

/// Runs a command of `corridor keys`.
pub async fn run(config: &Config, command: KeysCommand) -> Result<(), Failure> {
    let db = open_existing_store(config)?;
    let url = config.server.public_url_at(config.server.listen);
    let context = context(config, db, Clock::System, url).await?;
    match command {
        KeysCommand::Rotate => {
            let kid = signing::rotate(&context).await?;
            say!("{kid} signs from now on.")?;
        }
        KeysCommand::Dkim {
            kind,
            domain,
            selector,
            import,
        } => {
            let sender = config.mail.from.rsplit('@').next().unwrap_or_default();
            let domain = domain.unwrap_or_else(|| sender.to_owned());
            let source = match &import {
                Some(file) => Source::Taken(file),
                None => Source::Made(kind.into()),
            };
            dkim(&context, domain, selector, source).await?;
        }
    }
    context.db.clone().close().await;
    Ok(())
}

async fn dkim(
    context: &Context,
    domain: String,
    selector: String,
    source: Source<'_>,
) -> Result<(), Failure> {
    let pkcs8 = match source {
        Source::Taken(file) => read_pem(file)?,
        Source::Made(kind) => DkimKey::generate(kind).map_err(Failure::new)?,
    };
    let key = DkimKey::new(&domain, &selector, &pkcs8).map_err(Failure::new)?;
    let kept = MailKey {
        domain: domain.to_ascii_lowercase(),
        selector: selector.to_ascii_lowercase(),
        pkcs8,
    };
    if !mail_keys::keep(context, kept).await? {
        return Err(Failure::new(format!(
            "{} has a key already; choose another --selector",
            key.record_name()
        )));
    }
    say!("Publish this record, then start the servers again:")?;
    say!(
        "{}. IN TXT ( {} )",
        key.record_name(),
        strings(&key.record())
    )?;
    Ok(())
}

/// The text of a record in strings that each fit.
fn strings(record: &str) -> String {
    record
        .as_bytes()
        .chunks(TXT_MAX)
        .map(|chunk| format!("\"{}\"", String::from_utf8_lossy(chunk)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// What stands in a PEM file (RFC 7468) between its lines of dashes.
fn read_pem(file: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = || {
        Failure::new(format!(
            "{} holds no private key in PKCS#8 (-----BEGIN PRIVATE KEY-----)",
            file.display()
        ))
    };
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("can't read {}: {error}", file.display())))?;
    let (_, rest) = text
        .split_once("-----BEGIN PRIVATE KEY-----")
        .ok_or_else(wrong)?;
    let (inside, _) = rest
        .split_once("-----END PRIVATE KEY-----")
        .ok_or_else(wrong)?;
    let inside: String = inside.split_whitespace().collect();
    BASE64.decode(inside).map_err(|_| wrong())
}
