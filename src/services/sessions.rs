//! Sessions: signing in, renewing tokens, signing out.
//!
//! A session is a family of refresh tokens, each used once. One that comes a
//! second time was copied, so the whole family ends (RFC 9700 §4.14.2); there
//! is no time of grace, in which a thief could be first.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::auth::opaque::{self, Opaque};
use crate::auth::password::{Password, Verdict};
use crate::auth::token::Claims;
use crate::db::page::Page;
use crate::db::sessions::Use;
use crate::db::{self, Conn};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::message::News;
pub use crate::domain::session::{EndReason, Session};
use crate::domain::text::{Email, bounded};

use super::accounts::password_error;
use super::failures::Failure;
use super::paging::{PageRequest, after, read_page};
use super::transitions::code;
use super::{AuthFault, Caller, Context, Error, notices, second_factor};

/// The client id of tokens that people get by signing in.
pub(super) const FIRST_PARTY: &str = "corridor";
/// Most characters that are kept of what a program calls itself.
const AGENT_MAX: usize = 200;

const INVALID: Error = Error::Unauthenticated(AuthFault::Invalid);

/// Where a request came from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The address of the caller, as far as it can be trusted.
    pub address: Option<IpAddr>,
    /// What the program called itself.
    pub agent: Option<String>,
}

/// What somebody shows to sign in.
#[derive(Clone)]
pub struct Credentials {
    /// The address of the account, as typed.
    pub email: String,
    /// The password, as typed.
    pub password: String,
    /// A code of the second factor, or a recovery code, as typed.
    pub code: Option<String>,
}

/// The tokens of a session.
#[derive(Debug)]
pub struct Granted {
    /// The session.
    pub session: Session,
    /// Goes with every request.
    pub access_token: String,
    /// From when on that is void.
    pub access_expires_at: DateTime<Utc>,
    /// Renews both, once.
    pub refresh_token: Opaque,
    /// From when on that is void.
    pub refresh_expires_at: DateTime<Utc>,
}

/// Checks what somebody shows and opens a session. What fails is not said, and
/// takes as long for an address nobody has: the same hash is computed, and the
/// failure is counted alike.
pub async fn sign_in(
    context: &Context,
    credentials: Credentials,
    origin: Origin,
) -> Result<Granted, Error> {
    let Credentials {
        email,
        password,
        code,
    } = credentials;
    let key = email
        .parse::<Email>()
        .map(|email| email.key())
        .unwrap_or_default();
    let attempt = context
        .attempts
        .begin(&key, origin.address, context.now())?;
    let found = context
        .db
        .look_up(move |conn| Ok::<_, Error>(db::users::credentials(conn, &key)?))
        .await?;
    let (person, stored) = found.unzip();
    let verdict = context
        .passwords
        .verify(Password::typed(&password), stored.clone())
        .await
        .map_err(password_error)?;
    let (Some(user), Some(hash), Verdict::Match { rehash }) = (person, stored, verdict) else {
        note_failure(context, person, "password");
        return Err(INVALID);
    };
    // Who guesses codes knows the password: they count wherever they come from.
    let guess = code
        .is_some()
        .then(|| {
            context
                .attempts
                .begin(&format!("{user} code"), None, context.now())
        })
        .transpose()?;
    let second = second_factor::Shown { user, code };
    match open(context, Known { hash, rehash }, second, origin).await {
        Ok(granted) => {
            context.attempts.succeeded(&attempt);
            if let Some(guess) = &guess {
                context.attempts.succeeded(guess);
            }
            Ok(granted)
        }
        Err(Error::Unauthenticated(AuthFault::Invalid)) => {
            let factor = if guess.is_some() {
                "second_factor"
            } else {
                "password"
            };
            note_failure(context, Some(user), factor);
            Err(INVALID)
        }
        Err(other) => Err(other),
    }
}

/// What the password that was shown was checked against.
struct Known {
    /// The hash.
    hash: String,
    /// A better one of the same password, where the cost of hashing has risen.
    rehash: Option<String>,
}

/// Opens a session for somebody whose password was right, after the second
/// factor where there is one. Where the cost of hashing has risen, the new
/// hash is kept, so that parameters rise without anybody changing a password.
///
/// Checking a password takes its time: if it was changed meanwhile, or the
/// account closed, nothing is opened.
async fn open(
    context: &Context,
    known: Known,
    second: second_factor::Shown,
    origin: Origin,
) -> Result<Granted, Error> {
    let context_in = context.clone();
    let user = second.user;
    let fresh = Fresh::new(user, origin)?;
    context
        .db
        .write(move |conn| {
            let now = context_in.now();
            if db::users::lock_password_hash(conn, user)?.as_ref() != Some(&known.hash) {
                return Err(INVALID);
            }
            let proof = second_factor::check(&context_in, conn, &second)?;
            if let Some(hash) = known.rehash {
                db::users::set_password_hash(conn, user, &hash, now)?;
            }
            db::sessions::forget(conn, user, now - context_in.settings.session)?;
            fresh.store(&context_in, conn, proof)
        })
        .await
}

/// A session that is about to be opened; its random part is made outside the
/// transaction.
pub(super) struct Fresh {
    user: UserId,
    origin: Origin,
    token: Opaque,
}

impl Fresh {
    pub(super) fn new(user: UserId, origin: Origin) -> Result<Self, Error> {
        Ok(Self {
            user,
            origin,
            token: Opaque::generate("").map_err(Error::internal)?,
        })
    }

    /// Stores it in the open transaction and notes it.
    pub(super) fn store(
        self,
        context: &Context,
        conn: &mut Conn,
        proof: second_factor::Proof,
    ) -> Result<Granted, Error> {
        let now = context.now();
        let agent = self.origin.agent.as_deref().map(|agent| {
            let visible: String = agent.chars().filter(|c| !c.is_control()).collect();
            visible.chars().take(AGENT_MAX).collect::<String>()
        });
        let session = Session {
            id: context.new_id(),
            user: self.user,
            second_factor: proof.is_strong(),
            agent: agent.and_then(|agent| bounded(&agent, AGENT_MAX, false).ok()),
            address: self.origin.address.map(|address| address.to_string()),
            created_at: now,
            last_used_at: now,
            expires_at: now + context.settings.session,
            ended: None,
        };
        db::sessions::insert(conn, &session)?;
        context.pen(Actor::User(self.user)).append(
            conn,
            "user.signed_in",
            (SubjectKind::User, self.user),
            vec![
                ("session", Value::Id(session.id.uuid())),
                ("factor", code(proof.code())),
            ],
        )?;
        grant(context, conn, session, self.token)
    }
}

/// Stores the session's next refresh token and signs an access token.
fn grant(
    context: &Context,
    conn: &mut Conn,
    session: Session,
    refresh_token: Opaque,
) -> Result<Granted, Error> {
    let now = context.now();
    let settings = &context.settings;
    let refresh_expires_at = session.expires_at.min(now + settings.refresh_token);
    let access_expires_at = session.expires_at.min(now + settings.access_token);
    db::sessions::insert_token(conn, &refresh_token.hash(), session.id, refresh_expires_at)?;
    let claims = Claims {
        subject: session.user.to_string(),
        client_id: FIRST_PARTY.to_owned(),
        id: context.new_id::<Uuid>(),
        issued_at: now,
        expires_at: access_expires_at,
        scope: None,
        session: Some(session.id.uuid()),
    };
    Ok(Granted {
        access_token: context.tokens.issue(&claims).map_err(Error::internal)?,
        session,
        access_expires_at,
        refresh_token,
        refresh_expires_at,
    })
}

/// Failures are counted for addresses that nobody has, too, in the same way:
/// the time must not tell the two apart. Which address it was is not noted.
fn note_failure(context: &Context, person: Option<UserId>, factor: &'static str) {
    let failure = Failure::SignIn { person, factor };
    context.failures.note(failure, context.now());
}

/// Renews the tokens of a session: the old refresh token is used up. Of
/// several requests with the same one, one succeeds; the others end the
/// session, as a copy of a stolen token would.
pub async fn refresh(context: &Context, token: &str) -> Result<Granted, Error> {
    let hash = opaque::hash(token);
    let next = Opaque::generate("").map_err(Error::internal)?;
    let context_in = context.clone();
    let renewed = context
        .db
        .write(move |conn| {
            let now = context_in.now();
            match db::sessions::use_token(conn, &hash, now)? {
                Use::First(session) => {
                    let live = db::sessions::credentials(conn, session.id)?;
                    if !live.is_some_and(|live| live.hold(session.user, now)) {
                        return Ok(None);
                    }
                    db::sessions::touch(conn, session.id, now)?;
                    grant(&context_in, conn, session, next).map(Some)
                }
                Use::Again(session) => {
                    end_copied(&context_in, conn, &session)?;
                    Ok(None)
                }
                Use::Unknown => Ok(None),
            }
        })
        .await;
    renewed.and_then(|granted: Option<Granted>| granted.ok_or(INVALID))
}

fn end_copied(context: &Context, conn: &mut Conn, session: &Session) -> Result<(), Error> {
    let now = context.now();
    if db::sessions::end(conn, session.id, session.user, EndReason::Reuse, now)? {
        note_end(context, conn, Actor::System, session, EndReason::Reuse)?;
        notices::tell_news(context, conn, session.user, News::SessionCopied)?;
    }
    Ok(())
}

fn note_end(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    session: &Session,
    reason: EndReason,
) -> Result<(), Error> {
    context.pen(actor).append(
        conn,
        "session.ended",
        (SubjectKind::User, session.user),
        vec![
            ("session", Value::Id(session.id.uuid())),
            ("reason", code(reason.code())),
        ],
    )
}

/// The caller's live sessions, the newest first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    page: PageRequest,
) -> Result<Page<Session>, Error> {
    let (person, now) = (caller.id(), context.now());
    read_page(
        context,
        format!("sessions {person}"),
        page,
        move |conn, cursor, limit| Ok(db::sessions::live_page(conn, person, now, cursor, limit)?),
        |session| after(session.created_at, session.id),
    )
    .await
}

/// Ends one of the caller's sessions at once: its tokens are refused from the
/// next request on.
pub async fn end(
    context: &Context,
    caller: &Caller,
    id: SessionId,
    reason: EndReason,
) -> Result<(), Error> {
    let context_in = context.clone();
    let caller = caller.clone();
    context
        .db
        .write(move |conn| {
            let session = db::sessions::find(conn, id)?.ok_or(Error::NotFound)?;
            if !db::sessions::end(conn, id, caller.id(), reason, context_in.now())? {
                return Err(Error::NotFound);
            }
            note_end(&context_in, conn, caller.actor(), &session, reason)
        })
        .await
}

/// Ends all of the caller's sessions but the one that asks.
pub async fn end_others(
    context: &Context,
    caller: &Caller,
    this: SessionId,
) -> Result<usize, Error> {
    let context_in = context.clone();
    let caller = caller.clone();
    context
        .db
        .write(move |conn| {
            end_all(
                &context_in,
                conn,
                caller.actor(),
                caller.id(),
                Some(this),
                EndReason::Revoked,
            )
        })
        .await
}

/// Ends a person's sessions in the open transaction, and notes each.
pub(super) fn end_all(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    person: UserId,
    but: Option<SessionId>,
    reason: EndReason,
) -> Result<usize, Error> {
    let now = context.now();
    for session in db::sessions::live(conn, person, now)? {
        if Some(session.id) != but {
            note_end(context, conn, actor, &session, reason)?;
        }
    }
    Ok(db::sessions::end_all(conn, person, but, reason, now)?)
}
