//! People's keys for scripts: a key does, within its scopes, what its person
//! may do at that moment.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::auth::opaque;
pub use crate::auth::opaque::Opaque;
use crate::db::{self, Conn};
pub use crate::domain::client::{AllowedAddresses, ApiKey, Scopes};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{ApiKeyId, UserId};
use crate::domain::message::News;
use crate::domain::refusal::Refusal;
use crate::domain::text::Name;

use super::accounts::{Authentication, Via, check_password, one_fault};
use super::once::{Recorded, write_once};
use super::transitions::check_version;
use super::{AuthFault, Caller, Context, Error, Intent, notices, second_factor};

/// What every key begins with, so that scanners of code know one.
pub(super) const PREFIX: &str = "corridor_key_";
/// Characters of a key that are kept in the clear.
pub(super) const SHOWN: usize = 6;
/// The longest life of a key.
const LONGEST: TimeDelta = TimeDelta::days(365);
/// Most keys of one person.
const MOST: usize = 50;
/// When a key was used last is noted no oftener.
const NOTED_EVERY: TimeDelta = TimeDelta::hours(1);

/// What a new key shall be.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What its person calls it.
    pub name: Name,
    /// What it is limited to; at least one.
    pub scopes: Scopes,
    /// From where it may be used.
    pub allowed: AllowedAddresses,
    /// From when on it is void.
    pub expires_at: DateTime<Utc>,
}

/// Makes a key; its text is in this answer and nowhere else, not even when the
/// same is asked for again. Needs the password again.
pub async fn create(
    context: &Context,
    caller: &Caller,
    password: &str,
    new: NewKey,
    intent: Option<Intent>,
) -> Result<(ApiKey, Option<Opaque>), Error> {
    check_password(context, caller.id(), password).await?;
    let now = context.now();
    if new.expires_at <= now || new.expires_at > now + LONGEST {
        let detail = "must be in the future, a year ahead at most";
        return Err(one_fault("/expires_at", "out_of_range", detail));
    }
    let text = Opaque::generate(PREFIX).map_err(Error::internal)?;
    let shown: String = text.expose().chars().take(PREFIX.len() + SHOWN).collect();
    let key = ApiKey {
        id: context.new_id(),
        user: caller.id(),
        name: new.name,
        prefix: shown.clone(),
        scopes: new.scopes,
        allowed: new.allowed,
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let hash = text.hash();
    let context_in = context.clone();
    let actor = caller.actor();
    let key = write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            if db::api_keys::of_person(conn, key.user)?.len() >= MOST {
                return Err(Error::refused(
                    "too_many_keys",
                    format!("One person has {MOST} keys at most; revoke one first."),
                ));
            }
            db::api_keys::insert(conn, &key, &hash)?;
            context_in.pen(actor).append(
                conn,
                "user.key_made",
                (SubjectKind::User, key.user),
                vec![("key", Value::Id(key.id.uuid()))],
            )?;
            notices::tell_news(&context_in, conn, key.user, News::KeyMade)?;
            Ok(key)
        },
        |conn, id| db::api_keys::find(conn, id.into())?.ok_or(Error::NotFound),
    )
    .await?;
    let fresh = key.prefix == shown;
    Ok((key, fresh.then_some(text)))
}

impl Recorded for ApiKey {
    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    /// A key is revoked, never changed.
    fn version(&self) -> i64 {
        1 + i64::from(self.revoked_at.is_some())
    }
}

/// The caller's keys, the newest first.
pub async fn list(context: &Context, caller: &Caller) -> Result<Vec<ApiKey>, Error> {
    let person = caller.id();
    context
        .db
        .read(move |conn| Ok(db::api_keys::of_person(conn, person)?))
        .await
}

/// One of the caller's keys, also one that was revoked.
///
/// # Errors
/// No such key of the caller's.
pub async fn find(context: &Context, caller: &Caller, id: ApiKeyId) -> Result<ApiKey, Error> {
    let person = caller.id();
    context.db.read(move |conn| own(conn, person, id)).await
}

fn own(conn: &mut Conn, person: UserId, id: ApiKeyId) -> Result<ApiKey, Error> {
    let found = db::api_keys::find(conn, id)?;
    found
        .filter(|key| key.user == person)
        .ok_or(Error::NotFound)
}

/// Revokes one of the caller's keys, at once.
///
/// # Errors
/// No such key of the caller's, another version of it, or it was revoked before.
pub async fn revoke(
    context: &Context,
    caller: &Caller,
    id: ApiKeyId,
    expected: Option<i64>,
    intent: Option<Intent>,
) -> Result<ApiKey, Error> {
    let pen = context.pen(caller.actor());
    let (person, now) = (caller.id(), context.now());
    let job = move |conn: &mut Conn| {
        let key = own(conn, person, id)?;
        check_version(expected, key.version())?;
        if !db::api_keys::revoke(conn, id, person, now)? {
            return Err(Refusal::no_transition("revoke").into());
        }
        pen.append(
            conn,
            "user.key_revoked",
            (SubjectKind::User, person),
            vec![("key", Value::Id(id.uuid()))],
        )?;
        Ok(ApiKey {
            revoked_at: Some(now),
            ..key
        })
    };
    let find = move |conn: &mut Conn, id: Uuid| own(conn, person, id.into());
    write_once(context, person, intent, job, find).await
}

/// Who a key belongs to.
pub(super) async fn authenticate(
    context: &Context,
    token: &str,
    address: Option<IpAddr>,
) -> Result<Authentication, Error> {
    const INVALID: Error = Error::Unauthenticated(AuthFault::Invalid);
    let hash = opaque::hash(token);
    let now = context.now();
    let context_in = context.clone();
    let (key, caller) = context
        .db
        .look_up(move |conn| {
            let key = db::api_keys::find_by_hash(conn, &hash)?.ok_or(INVALID)?;
            let holds =
                key.revoked_at.is_none() && now < key.expires_at && key.allowed.allow(address);
            let closed = db::users::disabled_at(conn, key.user)?.is_some();
            if !holds || closed {
                return Err(INVALID);
            }
            let user = db::users::find(conn, key.user)?.ok_or(INVALID)?;
            let memberships = db::users::memberships(conn, user.id)?;
            let caller = Caller::new(user, memberships);
            // A key shows no second factor; its person must have one.
            if second_factor::is_due(&context_in, &caller, false)
                && !second_factor::counts(conn, key.user)?
            {
                return Err(Error::SecondFactorDue);
            }
            Ok((key, caller))
        })
        .await?;
    note_use(context, &key).await?;
    Ok(Authentication {
        caller,
        via: Via::Scopes(key.scopes),
    })
}

async fn note_use(context: &Context, key: &ApiKey) -> Result<(), Error> {
    let now = context.now();
    if key.last_used_at.is_some_and(|at| now - at < NOTED_EVERY) {
        return Ok(());
    }
    let id = key.id;
    context
        .db
        .write(move |conn| Ok(db::api_keys::touch(conn, id, now)?))
        .await
}
