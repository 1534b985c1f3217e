//! The keys that sign access tokens. They live in the store, sealed, so that
//! all nodes sign alike. After a rotation the newest signs, and an older one is
//! honoured and published until the last token that it signed has run out and
//! nobody has it in a cache any more.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use crate::auth::keys::{KeyRing, SigningKey};
use crate::auth::secret::Sealer;
use crate::auth::token::{Claims, TokenError};
use crate::db::{self, Db};
use crate::domain::event::{Actor, SubjectKind, Value};

use super::{Context, Error};

/// What the names of sealed keys begin with; the number follows.
const NAME: &str = "signing_key";
/// How long others may keep the published set, and clocks may differ.
const CACHED: TimeDelta = TimeDelta::minutes(6);
/// An unknown key has the store looked at no oftener.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(2);

/// Why there are no keys to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// They were sealed with another secret.
    #[error(
        "the signing key in the store was sealed with another secret: set CORRIDOR__SECRETS__KEY (or restore secret.key) to the one this store was made with"
    )]
    Sealed,
    /// They can't be read or made.
    #[error("{0}")]
    Failed(String),
}

impl From<db::Error> for KeysError {
    fn from(error: db::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// When this node looked for keys last.
#[derive(Debug, Default)]
pub struct Looked(Mutex<Option<DateTime<Utc>>>);

impl Looked {
    /// Whether it is time to look again; if so, that counts as having looked.
    fn is_due(&self, now: DateTime<Utc>) -> bool {
        let mut last = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = last.is_none_or(|last| now - last >= LOOK_EVERY || now < last);
        if due {
            *last = Some(now);
        }
        due
    }
}

/// The ring of the store; its first key is made when there is none, and nodes
/// that start together agree on it.
///
/// # Errors
/// The store failed, or its keys were sealed with another secret.
pub async fn load(
    db: &Db,
    sealer: &Sealer,
    token_lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Result<KeyRing, KeysError> {
    let fresh = SigningKey::generate().map_err(failed)?;
    let name = numbered(1);
    let sealed = sealer.seal(&name, fresh.pkcs8()).map_err(failed)?;
    let stored = db
        .write(move |conn| -> db::Result<_> {
            let known = db::secrets::list(conn, NAME)?;
            if !known.is_empty() {
                return Ok(known);
            }
            db::secrets::get_or_insert(conn, &name, &sealed, now)?;
            db::secrets::list(conn, NAME)
        })
        .await?;
    ring(sealer, stored, token_lifetime, now)
}

/// The ring of the store as it is.
///
/// # Errors
/// As for [`load`]; also that there is no key yet.
pub async fn read(
    db: &Db,
    sealer: &Sealer,
    token_lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Result<KeyRing, KeysError> {
    let stored = db.read(|conn| db::secrets::list(conn, NAME)).await?;
    ring(sealer, stored, token_lifetime, now)
}

/// Whether the store has keys, sealed with a secret that must not be lost.
///
/// # Errors
/// The store failed.
pub async fn has_keys(db: &Db) -> db::Result<bool> {
    let stored = db.read(|conn| db::secrets::list(conn, NAME)).await?;
    Ok(!stored.is_empty())
}

fn failed(error: impl std::fmt::Display) -> KeysError {
    KeysError::Failed(error.to_string())
}

/// The first bears no number, as it did when there was only one.
fn numbered(number: u32) -> String {
    match number {
        1 => NAME.to_owned(),
        number => format!("{NAME}.{number:06}"),
    }
}

fn number_of(name: &str) -> u32 {
    let number = name
        .rsplit_once('.')
        .and_then(|(_, number)| number.parse().ok());
    number.unwrap_or(1)
}

fn ring(
    sealer: &Sealer,
    mut stored: Vec<db::secrets::Stored>,
    token_lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Result<KeyRing, KeysError> {
    stored.sort_by_key(|key| std::cmp::Reverse(number_of(&key.name)));
    let mut active = None;
    let mut older = Vec::new();
    let mut succeeded_at: Option<DateTime<Utc>> = None;
    for key in stored {
        let holds = succeeded_at.is_none_or(|at| now < at + token_lifetime + CACHED);
        succeeded_at = Some(key.created_at);
        if !holds {
            continue;
        }
        let opened = sealer
            .open(&key.name, &key.sealed)
            .map_err(|_| KeysError::Sealed)?;
        let key = SigningKey::from_pkcs8(&opened).map_err(failed)?;
        match &active {
            None => active = Some(key),
            Some(_) => older.push(key.public().clone()),
        }
    }
    let active = active.ok_or_else(|| failed("the store has no signing key"))?;
    Ok(KeyRing::new(active, older))
}

/// Takes over what another node or a command changed.
pub async fn refresh(context: &Context) -> Result<(), Error> {
    let lifetime = context.settings.access_token;
    let stored = context
        .db
        .read(move |conn| Ok::<_, Error>(db::secrets::list(conn, NAME)?))
        .await?;
    let keys = ring(&context.sealer, stored, lifetime, context.now());
    context.tokens.replace_keys(keys.map_err(Error::internal)?);
    Ok(())
}

/// [`refresh`] because a token names a key that this node doesn't know; false
/// when it looked a moment ago.
pub(super) async fn look_again(context: &Context) -> Result<bool, Error> {
    if !context.looked_for_keys.is_due(context.now()) {
        return Ok(false);
    }
    refresh(context).await?;
    Ok(true)
}

/// What a token says that names any key of the store, whenever this node
/// looked last; for callers who have proved themselves already.
pub(super) async fn claims_of(context: &Context, token: &str) -> Result<Option<Claims>, Error> {
    let now = context.now();
    let verified = match context.tokens.verify(token, now) {
        Err(TokenError::UnknownKey) => {
            refresh(context).await?;
            context.tokens.verify(token, now)
        }
        verified => verified,
    };
    Ok(verified.ok())
}

/// Has a new key sign from now on; answers its name. Those that nobody needs
/// any more are forgotten.
pub async fn rotate(context: &Context) -> Result<String, Error> {
    let fresh = SigningKey::generate().map_err(Error::internal)?;
    let kid = fresh.public().kid().to_owned();
    let now = context.now();
    let oldest = now - context.settings.access_token - CACHED;
    let sealer = context.sealer.clone();
    let pen = context.pen(Actor::System);
    let public = Value::hash_of(&kid);
    let id: uuid::Uuid = context.new_id();
    context
        .db
        .write(move |conn| {
            let known = db::secrets::list(conn, NAME)?;
            let newest = known.iter().max_by_key(|key| number_of(&key.name));
            let next = newest.map_or(1, |key| number_of(&key.name) + 1);
            let name = numbered(next);
            let sealed = sealer.seal(&name, fresh.pkcs8()).map_err(Error::internal)?;
            if db::secrets::get_or_insert(conn, &name, &sealed, now)? != sealed {
                // Somebody else rotates at this moment.
                return Err(Error::Busy { retry_after_s: 1 });
            }
            // The one that signed until now is newer than `oldest`, or its
            // successor is: what was succeeded before that is of no use.
            let mut keys: Vec<_> = known.iter().collect();
            keys.sort_by_key(|key| number_of(&key.name));
            for pair in keys.windows(2) {
                if let [old, successor] = pair
                    && successor.created_at < oldest
                {
                    db::secrets::remove(conn, &old.name)?;
                }
            }
            pen.append(
                conn,
                "signing_key.rotated",
                (SubjectKind::SigningKey, id),
                vec![("key", public)],
            )
        })
        .await?;
    refresh(context).await?;
    Ok(kid)
}
