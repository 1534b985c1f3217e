//! The second factor: one-time codes of an app, and recovery codes for the
//! day it is lost. The operator's people need one.

use crate::auth::opaque;
use crate::auth::totp::{self, TotpSecret};
use crate::db::{self, Conn};
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::message::News;
use crate::domain::values::OrganizationKind;

use super::accounts::{check_password, one_fault};
use super::failures::Failure;
use super::sessions::{EndReason, end_all};
use super::{AuthFault, Caller, Context, Error, notices};

const INVALID: Error = Error::Unauthenticated(AuthFault::Invalid);
/// What apps show above the code.
const SERVICE: &str = "Corridor";

/// What somebody shows beside the password.
#[derive(Clone)]
pub struct Shown {
    /// Who.
    pub user: UserId,
    /// A code, as typed.
    pub code: Option<String>,
}

/// By what somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The password alone: there is no second factor.
    Password,
    /// A code of the app.
    OneTimeCode,
    /// A recovery code.
    RecoveryCode,
}

impl Proof {
    /// What a session that took another's place was opened with.
    pub(super) const fn carried_over(strong: bool) -> Self {
        if strong {
            Self::OneTimeCode
        } else {
            Self::Password
        }
    }

    /// Whether it was more than the password.
    pub const fn is_strong(self) -> bool {
        !matches!(self, Self::Password)
    }

    /// The stable code, as the log says it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::OneTimeCode => "one_time_code",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// Checks the second factor in the open transaction, which uses the code up.
pub(super) fn check(context: &Context, conn: &mut Conn, shown: &Shown) -> Result<Proof, Error> {
    let Some(stored) = db::second_factors::find(conn, shown.user)? else {
        return Ok(Proof::Password);
    };
    if stored.confirmed_at.is_none() {
        return Ok(Proof::Password);
    }
    let Some(code) = &shown.code else {
        return Err(Error::Unauthenticated(AuthFault::SecondFactor));
    };
    let secret = unseal(context, shown.user, &stored.sealed)?;
    if let Some(step) = secret.check(code, context.now(), stored.last_step) {
        return if db::second_factors::take_step(conn, shown.user, step)? {
            Ok(Proof::OneTimeCode)
        } else {
            Err(INVALID)
        };
    }
    let hash = recovery_hash(shown.user, code);
    if db::second_factors::use_recovery_code(conn, shown.user, &hash, context.now())? {
        notices::tell_news(context, conn, shown.user, News::RecoveryCodeUsed)?;
        return Ok(Proof::RecoveryCode);
    }
    Err(INVALID)
}

/// Whether the operator's people must set up a second factor before anything
/// else, and this person is one who has not.
pub(super) fn is_due(context: &Context, caller: &Caller, strong: bool) -> bool {
    let operates = |kind| kind == OrganizationKind::Operator;
    context.settings.operator_second_factor
        && !strong
        && caller.memberships.iter().any(|own| operates(own.kind))
}

/// Whether somebody has a second factor that counts.
pub(super) fn counts(conn: &mut Conn, person: UserId) -> Result<bool, Error> {
    let stored = db::second_factors::find(conn, person)?;
    Ok(stored.is_some_and(|stored| stored.confirmed_at.is_some()))
}

/// What a person puts into their app.
pub struct Enrolment {
    /// As an address for a picture.
    pub uri: String,
    /// As a text to be typed.
    pub secret: String,
}

/// Begins a second factor; it counts once a code of it was shown. Needs the
/// password again, so that an unattended screen is not enough.
pub async fn begin(context: &Context, caller: &Caller, password: &str) -> Result<Enrolment, Error> {
    check_password(context, caller.id(), password).await?;
    let secret = TotpSecret::generate().map_err(Error::internal)?;
    let person = caller.id();
    let sealed = context
        .sealer
        .seal(&seal_name(person), secret.as_bytes())
        .map_err(Error::internal)?;
    let enrolment = Enrolment {
        uri: secret.uri(SERVICE, caller.user.email.as_str()),
        secret: secret.to_base32(),
    };
    let now = context.now();
    let pen = context.pen(caller.actor());
    context
        .db
        .write(move |conn| {
            if !db::second_factors::begin(conn, person, &sealed, now)? {
                return Err(Error::refused(
                    "second_factor_exists",
                    "There is a second factor already; take it away first.",
                ));
            }
            pen.append(
                conn,
                "user.second_factor_begun",
                (SubjectKind::User, person),
                vec![],
            )
        })
        .await?;
    Ok(enrolment)
}

/// Has the second factor count, having seen a code of it, and answers the
/// recovery codes. Other sessions, which never showed one, end.
pub async fn confirm(
    context: &Context,
    caller: &Caller,
    session: SessionId,
    code: String,
) -> Result<Vec<String>, Error> {
    let codes = totp::recovery_codes().map_err(Error::internal)?;
    let hashes = hashes(caller.id(), &codes);
    let context_in = context.clone();
    let caller = caller.clone();
    context
        .db
        .write(move |conn| {
            let (person, now) = (caller.id(), context_in.now());
            let stored = db::second_factors::find(conn, person)?
                .filter(|stored| stored.confirmed_at.is_none())
                .ok_or_else(|| {
                    Error::refused("nothing_begun", "No second factor is being set up.")
                })?;
            let secret = unseal(&context_in, person, &stored.sealed)?;
            let step = secret
                .check(&code, now, stored.last_step)
                .ok_or_else(wrong_code)?;
            db::second_factors::take_step(conn, person, step)?;
            db::second_factors::confirm(conn, person, now)?;
            db::second_factors::replace_recovery_codes(conn, person, &hashes)?;
            db::sessions::strengthen(conn, session)?;
            let reason = EndReason::SecondFactor;
            let actor = caller.actor();
            end_all(&context_in, conn, actor, person, Some(session), reason)?;
            context_in.pen(actor).append(
                conn,
                "user.second_factor_set",
                (SubjectKind::User, person),
                vec![],
            )?;
            notices::tell_news(&context_in, conn, person, News::SecondFactorSet)
        })
        .await?;
    Ok(codes)
}

/// Replaces the recovery codes; needs the password and a code.
pub async fn renew_recovery_codes(
    context: &Context,
    caller: &Caller,
    password: &str,
    code: String,
) -> Result<Vec<String>, Error> {
    check_password(context, caller.id(), password).await?;
    let codes = totp::recovery_codes().map_err(Error::internal)?;
    let hashes = hashes(caller.id(), &codes);
    let context_in = context.clone();
    let (person, actor) = (caller.id(), caller.actor());
    let renewed = context.db.write(move |conn| {
        check_again(&context_in, conn, person, code)?;
        db::second_factors::replace_recovery_codes(conn, person, &hashes)?;
        context_in.pen(actor).append(
            conn,
            "user.recovery_codes_renewed",
            (SubjectKind::User, person),
            vec![],
        )?;
        notices::tell_news(&context_in, conn, person, News::RecoveryCodesRenewed)
    });
    guess(context, person, renewed).await?;
    Ok(codes)
}

/// Takes the second factor away; needs the password and a code. All sessions
/// end, this one too.
pub async fn remove(
    context: &Context,
    caller: &Caller,
    password: &str,
    code: String,
) -> Result<(), Error> {
    check_password(context, caller.id(), password).await?;
    let context_in = context.clone();
    let (person, actor) = (caller.id(), caller.actor());
    let removed = context.db.write(move |conn| {
        check_again(&context_in, conn, person, code)?;
        take_away(&context_in, conn, actor, person)
    });
    guess(context, person, removed).await
}

/// Takes a guess at somebody's code. Who guesses knows the password, so that
/// guesses count wherever they come from, here and at signing in together.
pub(super) async fn guess<T>(
    context: &Context,
    person: UserId,
    check: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let place = format!("{person} code");
    let attempt = context.attempts.begin(&place, None, context.now())?;
    let checked = check.await;
    match &checked {
        Ok(_) => context.attempts.succeeded(&attempt),
        Err(Error::Invalid(_)) => {
            let factor = "second_factor";
            let failure = Failure::Check { person, factor };
            context.failures.note(failure, context.now());
        }
        Err(_) => {}
    }
    checked
}

/// Takes a person's second factor away in the open transaction, and ends all
/// sessions.
pub(super) fn take_away(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    person: UserId,
) -> Result<(), Error> {
    db::second_factors::remove(conn, person)?;
    end_all(context, conn, actor, person, None, EndReason::SecondFactor)?;
    context.pen(actor).append(
        conn,
        "user.second_factor_removed",
        (SubjectKind::User, person),
        vec![],
    )?;
    notices::tell_news(context, conn, person, News::SecondFactorRemoved)
}

/// How a person's second factor stands.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Whether one counts.
    pub set: bool,
    /// Recovery codes that are left.
    pub recovery_codes_left: i64,
}

/// How the caller's second factor stands.
pub async fn standing(context: &Context, caller: &Caller) -> Result<Standing, Error> {
    let person = caller.id();
    context
        .db
        .read(move |conn| {
            Ok(Standing {
                set: counts(conn, person)?,
                recovery_codes_left: db::second_factors::recovery_codes_left(conn, person)?,
            })
        })
        .await
}

fn check_again(
    context: &Context,
    conn: &mut Conn,
    user: UserId,
    code: String,
) -> Result<(), Error> {
    let shown = Shown {
        user,
        code: Some(code),
    };
    match check(context, conn, &shown) {
        Ok(proof) if proof.is_strong() => Ok(()),
        Ok(_) => Err(Error::refused(
            "no_second_factor",
            "There is no second factor.",
        )),
        Err(Error::Unauthenticated(AuthFault::Invalid)) => Err(wrong_code()),
        Err(other) => Err(other),
    }
}

fn wrong_code() -> Error {
    one_fault("/code", "wrong_code", "This code is wrong, or was used.")
}

fn seal_name(person: UserId) -> String {
    format!("second_factor:{person}")
}

fn unseal(context: &Context, person: UserId, sealed: &[u8]) -> Result<TotpSecret, Error> {
    let bytes = context
        .sealer
        .open(&seal_name(person), sealed)
        .map_err(Error::internal)?;
    TotpSecret::from_bytes(&bytes).map_err(Error::internal)
}

/// A recovery code has 80 random bits, so a fast hash serves; the person's id
/// goes in, so that equal codes of two people don't show.
fn recovery_hash(person: UserId, typed: &str) -> [u8; 32] {
    opaque::hash(&format!("{person}:{}", totp::recovery_form(typed)))
}

fn hashes(person: UserId, codes: &[String]) -> Vec<[u8; 32]> {
    codes
        .iter()
        .map(|code| recovery_hash(person, code))
        .collect()
}
