//! Partners' programs: OAuth 2 client credentials (RFC 6749 §4.4), revocation
//! (RFC 7009) and introspection (RFC 7662).
//!
//! A client has an account of its own, which nobody signs in to; what it does
//! is on record as its own, and lives on when the person who made it leaves.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::auth::opaque;
pub use crate::auth::opaque::Opaque;
use crate::auth::token::Claims;
use crate::db::clients::SecretInfo;
use crate::db::page::Page;
use crate::db::users::NO_PASSWORD;
use crate::db::{self, Conn};
use crate::domain::account::{Membership, Role, User};
pub use crate::domain::client::{AllowedAddresses, Client, Scopes};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::permission::Operation;
use crate::domain::text::Name;
use crate::domain::values::OrganizationKind;

use super::accounts::{Authentication, Via};
use super::failures::Failure;
use super::keys::SHOWN;
use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::check_version;
use super::{AuthFault, Caller, Context, Error, Intent, signing};

/// What every secret begins with, so that scanners of code know one.
const PREFIX: &str = "corridor_secret_";
/// How long the old secret still holds after a rotation, unless said.
pub const OVERLAP: TimeDelta = TimeDelta::days(7);
/// Most live clients of one organization.
const MOST: usize = 50;

/// What a client shall be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What people call it.
    pub name: Name,
    /// What it is limited to.
    pub scopes: Scopes,
    /// From where it may call.
    pub allowed: AllowedAddresses,
    /// From when on it is void.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A client with what is known of its secrets.
#[derive(Debug, Clone)]
pub struct Known {
    /// The client.
    pub client: Client,
    /// Its secrets that hold, the newest first.
    pub secrets: Vec<SecretInfo>,
}

fn may_read(caller: &Caller, organization: OrganizationId) -> Result<(), Error> {
    caller.may(Operation::ReadOrganization, &[organization])?;
    caller.may(Operation::ReadClients, &[organization])
}

fn may_write(caller: &Caller, organization: OrganizationId) -> Result<(), Error> {
    may_read(caller, organization)?;
    caller.may(Operation::WriteClients, &[organization])
}

/// Makes a client of a partner; the secret is in this answer and nowhere else,
/// not even when the same is asked for again.
pub async fn create(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    wanted: Wanted,
    intent: Option<Intent>,
) -> Result<(Known, Option<Opaque>), Error> {
    may_write(caller, organization)?;
    let secret = Opaque::generate(PREFIX).map_err(Error::internal)?;
    let (hash, shown) = (secret.hash(), shown(&secret));
    let now = context.now();
    let id: UserId = context.new_id();
    let account = User {
        id,
        // A domain that can't exist (RFC 2606): nobody is mailed.
        email: format!("client-{id}@clients.invalid")
            .parse()
            .map_err(Error::internal)?,
        name: wanted.name.clone(),
        language: crate::domain::text::Language::english(),
        zone: chrono_tz::UTC,
        version: 1,
        created_at: now,
    };
    let client = Client {
        id,
        organization,
        name: wanted.name,
        scopes: wanted.scopes,
        allowed: wanted.allowed,
        created_by: caller.id(),
        created_at: now,
        expires_at: wanted.expires_at,
        last_used_at: None,
        revoked_at: None,
        version: 1,
    };
    let pen = context.pen(caller.actor());
    let (prefix, caller_again) = (shown.clone(), caller.clone());
    let known = write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let firm = db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
            if firm.details.kind != OrganizationKind::Partner {
                return Err(Error::refused(
                    "not_a_partner",
                    "Only a partner has clients; people make keys at /v1/me/keys.",
                ));
            }
            let own = db::clients::of_organization(conn, organization)?;
            if own.iter().filter(|client| client.is_live(now)).count() >= MOST {
                return Err(Error::refused(
                    "too_many_clients",
                    format!("One partner has {MOST} clients at most; revoke one first."),
                ));
            }
            db::users::insert(conn, &account, NO_PASSWORD)?;
            db::clients::insert(conn, &client)?;
            db::clients::insert_secret(conn, id, &hash, &shown, now)?;
            pen.append(
                conn,
                "client.created",
                (SubjectKind::Organization, organization),
                vec![("client", Value::Id(id.uuid())), scopes(&client)],
            )?;
            known(conn, client, now)
        },
        move |conn, id| found_again(conn, &caller_again, id, now),
    )
    .await?;
    Ok(with_fresh(known, &prefix, secret))
}

fn found_again(
    conn: &mut Conn,
    caller: &Caller,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Known, Error> {
    let client = load(conn, id.into())?;
    may_read(caller, client.organization)?;
    known(conn, client, now)
}

/// The secret goes with the answer only if it is the one that was stored now.
fn with_fresh(known: Known, prefix: &str, secret: Opaque) -> (Known, Option<Opaque>) {
    let fresh = known.secrets.iter().any(|kept| kept.prefix == prefix);
    (known, fresh.then_some(secret))
}

impl Recorded for Known {
    fn id(&self) -> Uuid {
        self.client.id.uuid()
    }

    fn version(&self) -> i64 {
        self.client.version
    }
}

fn shown(secret: &Opaque) -> String {
    secret.expose().chars().take(PREFIX.len() + SHOWN).collect()
}

fn scopes(client: &Client) -> (&'static str, Value) {
    let codes = client.scopes.0.iter();
    (
        "scopes",
        Value::Codes(codes.map(|scope| scope.code().to_owned()).collect()),
    )
}

fn known(conn: &mut Conn, client: Client, now: DateTime<Utc>) -> Result<Known, Error> {
    let secrets = db::clients::secrets(conn, client.id, now)?;
    Ok(Known { client, secrets })
}

/// A partner's clients, the newest first, revoked ones too.
pub async fn list(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    page: PageRequest,
) -> Result<Page<Known>, Error> {
    may_read(caller, organization)?;
    let now = context.now();
    read_page(
        context,
        format!("clients {organization}"),
        page,
        move |conn, cursor, limit| {
            let clients = db::clients::page_of(conn, organization, cursor, limit)?;
            clients
                .into_iter()
                .map(|client| known(conn, client, now))
                .collect()
        },
        |known| after(known.client.created_at, known.client.id),
    )
    .await
}

/// One client.
pub async fn find(context: &Context, caller: &Caller, id: UserId) -> Result<Known, Error> {
    let now = context.now();
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let client = load(conn, id)?;
            may_read(&caller, client.organization)?;
            known(conn, client, now)
        })
        .await
}

fn load(conn: &mut Conn, id: UserId) -> Result<Client, Error> {
    db::clients::find(conn, id)?.ok_or(Error::NotFound)
}

/// A live client that the caller may change, at the version that was read.
fn changeable(
    conn: &mut Conn,
    caller: &Caller,
    id: UserId,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Client, Error> {
    let client = load(conn, id)?;
    may_write(caller, client.organization)?;
    check_version(expected, client.version)?;
    if !client.is_live(now) {
        return Err(Error::refused(
            "client_ended",
            "The client is revoked or has expired.",
        ));
    }
    Ok(client)
}

fn store(conn: &mut Conn, client: &Client) -> Result<(), Error> {
    if db::clients::update(conn, client)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}

/// Gives a client a new secret. The old one holds for `overlap`, so that the
/// partner's programs can change one after the other.
pub async fn rotate(
    context: &Context,
    caller: &Caller,
    id: UserId,
    expected: Option<i64>,
    overlap: TimeDelta,
    intent: Option<Intent>,
) -> Result<(Known, Option<Opaque>), Error> {
    let secret = Opaque::generate(PREFIX).map_err(Error::internal)?;
    let (hash, shown) = (secret.hash(), shown(&secret));
    let now = context.now();
    let pen = context.pen(caller.actor());
    let (person, caller, caller_again) = (caller.id(), caller.clone(), caller.clone());
    let prefix = shown.clone();
    let known = write_once(
        context,
        person,
        intent,
        move |conn| {
            let before = changeable(conn, &caller, id, expected, now)?;
            let client = Client {
                version: before.version + 1,
                ..before
            };
            store(conn, &client)?;
            db::clients::retire_secrets(conn, id, now + overlap)?;
            db::clients::insert_secret(conn, id, &hash, &shown, now)?;
            pen.append(
                conn,
                "client.rotated",
                (SubjectKind::Organization, client.organization),
                vec![
                    ("client", Value::Id(id.uuid())),
                    ("overlap_s", Value::Int(overlap.num_seconds())),
                ],
            )?;
            known(conn, client, now)
        },
        move |conn, id| found_again(conn, &caller_again, id, now),
    )
    .await?;
    Ok(with_fresh(known, &prefix, secret))
}

/// Whether the caller can revoke a client now.
///
/// # Errors
/// No client that the caller may read.
pub async fn is_revocable(context: &Context, caller: &Caller, id: UserId) -> Result<bool, Error> {
    let Known { client, .. } = find(context, caller, id).await?;
    Ok(client.is_live(context.now()) && may_write(caller, client.organization).is_ok())
}

/// Revokes a client: its secrets and tokens are refused at once.
pub async fn revoke(
    context: &Context,
    caller: &Caller,
    id: UserId,
    expected: Option<i64>,
    intent: Option<Intent>,
) -> Result<Known, Error> {
    let now = context.now();
    let pen = context.pen(caller.actor());
    let (person, caller, caller_again) = (caller.id(), caller.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        let before = changeable(conn, &caller, id, expected, now)?;
        let client = Client {
            revoked_at: Some(now),
            version: before.version + 1,
            ..before
        };
        store(conn, &client)?;
        pen.append(
            conn,
            "client.revoked",
            (SubjectKind::Organization, client.organization),
            vec![("client", Value::Id(id.uuid()))],
        )?;
        known(conn, client, now)
    };
    let find = move |conn: &mut Conn, id| found_again(conn, &caller_again, id, now);
    write_once(context, person, intent, job, find).await
}

/// A token that a client got.
#[derive(Debug)]
pub struct ClientToken {
    /// The token.
    pub access_token: String,
    /// Seconds that it holds.
    pub expires_in: i64,
    /// What it is limited to.
    pub scopes: Scopes,
}

/// Why a client gets no token.
#[derive(Debug)]
pub enum Denied {
    /// Unknown, ended, from an address that isn't its own, or a wrong secret.
    Client,
    /// A scope that it doesn't have.
    Scope,
    /// The store failed, or has no time.
    Failed(Error),
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The client that shows a secret.
pub async fn authenticate(
    context: &Context,
    id: &str,
    secret: &str,
    address: Option<IpAddr>,
) -> Result<Client, Denied> {
    let id: UserId = id.parse().map_err(|_| Denied::Client)?;
    let hash = opaque::hash(secret);
    let now = context.now();
    let (proved, known) = context
        .db
        .read(move |conn| {
            let proved = db::clients::authenticated(conn, id, &hash, now)?;
            Ok::<_, Error>((proved, db::clients::find(conn, id)?))
        })
        .await?;
    let client = proved.filter(|client| client.is_live(now) && client.allowed.allow(address));
    // A wrong secret of a client that there is stands in the partner's log.
    if let (None, Some(known)) = (&client, known) {
        let organization = known.organization;
        let client = known.id;
        let failure = Failure::Client {
            organization,
            client,
        };
        context.failures.note(failure, now);
    }
    client.ok_or(Denied::Client)
}

/// Gives a client a token for the scopes that it asks for, or for all it has.
pub async fn issue(
    context: &Context,
    client: &Client,
    asked: Option<Scopes>,
) -> Result<ClientToken, Denied> {
    let scopes = asked.unwrap_or_else(|| client.scopes.clone());
    if scopes.0.is_empty() || !scopes.0.is_subset(&client.scopes.0) {
        return Err(Denied::Scope);
    }
    let now = context.now();
    let mut expires_at = now + context.settings.access_token;
    if let Some(end) = client.expires_at {
        expires_at = expires_at.min(end);
    }
    let claims = Claims {
        subject: client.id.to_string(),
        client_id: client.id.to_string(),
        id: context.new_id::<Uuid>(),
        issued_at: now,
        expires_at,
        scope: Some(scopes.to_string()),
        session: None,
    };
    let access_token = context.tokens.issue(&claims).map_err(Error::internal)?;
    let pen = context.pen(Actor::User(client.id));
    let (id, organization, token) = (client.id, client.organization, claims.id);
    let noted = context.db.write(move |conn| {
        db::clients::touch(conn, id, now)?;
        pen.append(
            conn,
            "client.token_issued",
            (SubjectKind::Organization, organization),
            vec![
                ("client", Value::Id(id.uuid())),
                ("token", Value::Id(token)),
            ],
        )
    });
    noted.await?;
    Ok(ClientToken {
        access_token,
        expires_in: (expires_at - now).num_seconds(),
        scopes,
    })
}

/// Revokes a token of that client; anything else is left alone, silently.
pub async fn revoke_token(context: &Context, client: &Client, token: &str) -> Result<(), Error> {
    let now = context.now();
    let Some(claims) = signing::claims_of(context, token).await? else {
        return Ok(());
    };
    if claims.subject != client.id.to_string() {
        return Ok(());
    }
    let pen = context.pen(Actor::User(client.id));
    let (id, organization) = (client.id, client.organization);
    context
        .db
        .write(move |conn| {
            // A token is taken a little after its time, where clocks differ.
            let slack = TimeDelta::minutes(1);
            db::clients::revoke_token(conn, claims.id, claims.expires_at + slack, now)?;
            pen.append(
                conn,
                "client.token_revoked",
                (SubjectKind::Organization, organization),
                vec![
                    ("client", Value::Id(id.uuid())),
                    ("token", Value::Id(claims.id)),
                ],
            )
        })
        .await
}

/// What a token of that client says, while it holds.
pub async fn introspect(
    context: &Context,
    client: &Client,
    token: &str,
) -> Result<Option<Claims>, Error> {
    let Some(claims) = signing::claims_of(context, token).await? else {
        return Ok(None);
    };
    if claims.subject != client.id.to_string() {
        return Ok(None);
    }
    let (id, token) = (client.id, claims.id);
    let found = context
        .db
        .read(move |conn| Ok::<_, Error>(db::clients::caller(conn, id, token)?))
        .await?;
    Ok(found.map(|_| claims))
}

/// Who a client's access token belongs to: within its scopes it reads as a
/// viewer of its partner's, and writes as an editor.
pub(super) async fn caller(
    context: &Context,
    claims: &Claims,
    address: Option<IpAddr>,
) -> Result<Authentication, Error> {
    const INVALID: Error = Error::Unauthenticated(AuthFault::Invalid);
    if claims.subject != claims.client_id {
        return Err(INVALID);
    }
    let id: UserId = claims.subject.parse().map_err(|_| INVALID)?;
    let granted: Scopes = claims
        .scope
        .as_deref()
        .unwrap_or_default()
        .parse()
        .map_err(|_| INVALID)?;
    let (token, now) = (claims.id, context.now());
    context
        .db
        .look_up(move |conn| {
            let (client, kind) = db::clients::caller(conn, id, token)?.ok_or(INVALID)?;
            if !client.is_live(now) || !client.allowed.allow(address) {
                return Err(INVALID);
            }
            // What was taken from the client is gone from its tokens.
            let scopes = Scopes(&granted.0 & &client.scopes.0);
            let user = db::users::find(conn, id)?.ok_or(INVALID)?;
            let role = if scopes.write() {
                Role::Editor
            } else {
                Role::Viewer
            };
            let memberships = vec![Membership {
                organization: client.organization,
                kind,
                role,
            }];
            Ok(Authentication {
                caller: Caller::new(user, memberships),
                via: Via::Scopes(scopes),
            })
        })
        .await
}
