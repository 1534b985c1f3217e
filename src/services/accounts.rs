//! Accounts: registering, passwords, finding out who asks.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::auth::hashing::PasswordError;
use crate::auth::opaque;
use crate::auth::password::{NewPassword, Password, Verdict};
use crate::auth::token::TokenError;
use crate::db::{self, Conn};
use crate::domain::account::{Membership, Role, User};
use crate::domain::client::Scopes;
use crate::domain::duplicate::host_tells;
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{OrganizationId, SessionId, TicketId, UserId};
use crate::domain::message::News;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::session::EndReason;
use crate::domain::text::{Email, Language, Name, Website};
use crate::domain::ticket::{PendingPerson, Permit, TicketKind};
use crate::domain::values::OrganizationKind;

use super::failures::Failure;
use super::log::Pen;
use super::sessions::{self, Fresh, Granted, Origin};
use super::{
    AuthFault, Caller, Context, Error, clients, duplicates, keys, notices, second_factor, signing,
    tickets,
};

/// Seconds within which an address gets one mail with a link to a new
/// password.
const RESET_PAUSE_S: i64 = 300;

/// Registrations that are mailed to one address within
/// [`REGISTRATIONS_WITHIN`], so that nobody's mailbox is filled through us;
/// more are taken and forgotten.
const MOST_REGISTRATIONS: i64 = 3;
const REGISTRATIONS_WITHIN: TimeDelta = TimeDelta::hours(1);

/// What a person says of themselves.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The address they sign in with.
    pub email: Email,
    /// What they are called.
    pub name: Name,
    /// The language they read.
    pub language: Language,
    /// Where their working day is.
    pub zone: Tz,
    /// The password as typed.
    pub password: String,
}

/// Takes a firm's registration with its first person and mails a link that
/// finishes it. Whether the address has an account already is found out when
/// the mail is written, so that neither the answer nor its time tells.
pub async fn register(
    context: &Context,
    details: OrganizationDetails,
    user: NewUser,
) -> Result<(), Error> {
    refuse_operator(&details)?;
    let password = choose("/user/password", &user.password, &user.email)?;
    let person = PendingPerson {
        name: user.name,
        language: user.language.clone(),
        zone: user.zone,
        password_hash: hashed(context, password).await?,
    };
    let permit = Permit::Registration(Some(Box::new((details, person))));
    let ticket = tickets::new(context, user.email, user.language, permit, None);
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let (kind, key) = (TicketKind::Registration, ticket.email.key());
            let since = context_in.now() - REGISTRATIONS_WITHIN;
            if db::tickets::count_mailed(conn, kind, &key, since)? >= MOST_REGISTRATIONS {
                return Ok(());
            }
            let intent = format!("ticket:{}", ticket.id);
            tickets::put(&context_in, conn, &ticket, &intent)
        })
        .await
}

/// Makes a firm and its first person, who becomes its owner, without asking
/// whether the address is theirs. For commands only.
pub async fn found(
    context: &Context,
    details: OrganizationDetails,
    user: NewUser,
) -> Result<(), Error> {
    refuse_operator(&details)?;
    let password = choose("/user/password", &user.password, &user.email)?;
    let hash = hashed(context, password).await?;
    let now = context.now();
    let organization = new_organization(context, details, now);
    let user = new_user(context, user, now);
    let context_in = context.clone();
    let job = move |conn: &mut Conn| store_founder(&context_in, conn, &user, &hash, &organization);
    context.db.write(job).await
}

fn refuse_operator(details: &OrganizationDetails) -> Result<(), Error> {
    if details.kind == OrganizationKind::Operator {
        return Err(one_fault(
            "/organization/kind",
            "not_open",
            "An operator is set up on the command line.",
        ));
    }
    Ok(())
}

/// Stores a firm with its first person.
pub(super) fn store_founder(
    context: &Context,
    conn: &mut Conn,
    user: &User,
    password_hash: &str,
    organization: &Organization,
) -> Result<(), Error> {
    let now = context.now();
    let pen = context.pen(Actor::User(user.id));
    if !db::users::insert(conn, user, password_hash)? {
        return Err(address_taken());
    }
    insert_organization(conn, &pen, organization)?;
    db::users::insert_membership(conn, user.id, organization.id, Role::Owner, now)?;
    log_account(conn, &pen, user.id, organization.id, Role::Owner)
}

pub(super) fn address_taken() -> Error {
    Error::refused("address_taken", "This address has an account already.")
}

/// Makes an account for one of the operator's people, and the operator's
/// organization with the first of them. For the command line only.
pub async fn create_operator_user(
    context: &Context,
    user: NewUser,
    roles: Vec<Role>,
) -> Result<UserId, Error> {
    let password = choose("/user/password", &user.password, &user.email)?;
    let hash = hashed(context, password).await?;
    let now = context.now();
    let user = new_user(context, user, now);
    let organization = new_organization(context, context.settings.operator.clone(), now);
    let pen = context.pen(Actor::System);
    let job = move |conn: &mut Conn| {
        if !db::users::insert(conn, &user, &hash)? {
            return Err(address_taken());
        }
        let operator = operator(conn, &pen, &organization)?;
        for role in roles {
            db::users::insert_membership(conn, user.id, operator, role, now)?;
            log_account(conn, &pen, user.id, operator, role)?;
        }
        Ok(user.id)
    };
    context.db.write(job).await
}

/// By what a request proved who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A session.
    Session {
        /// Which.
        id: SessionId,
        /// Whether it may do nothing but set up a second factor.
        second_factor_due: bool,
    },
    /// A program's credentials, which are limited to these scopes.
    Scopes(Scopes),
}

/// A caller whose credentials hold.
#[derive(Debug, Clone)]
pub struct Authentication {
    /// Who.
    pub caller: Caller,
    /// By what.
    pub via: Via,
}

/// Who a token belongs to, with the parts they play now: what was taken away
/// a second ago is gone, and what ended is refused, whatever the token says.
pub async fn authenticate(
    context: &Context,
    token: &str,
    address: Option<IpAddr>,
) -> Result<Authentication, Error> {
    const INVALID: Error = Error::Unauthenticated(AuthFault::Invalid);
    if token.starts_with(keys::PREFIX) {
        return keys::authenticate(context, token, address).await;
    }
    let now = context.now();
    let claims = match context.tokens.verify(token, now) {
        // Another node may sign with a new key already.
        Err(TokenError::UnknownKey) if signing::look_again(context).await? => {
            context.tokens.verify(token, now)
        }
        verified => verified,
    };
    let claims = claims.map_err(|error| match error {
        TokenError::Expired => Error::Unauthenticated(AuthFault::Expired),
        _ => INVALID,
    })?;
    let Some(session) = claims.session.map(SessionId::from) else {
        return clients::caller(context, &claims, address).await;
    };
    let id: UserId = claims.subject.parse().map_err(|_| INVALID)?;
    let live = context.look_ups.sessions.find(&context.db, session).await?;
    let live = live.filter(|live| live.hold(id, now)).ok_or(INVALID)?;
    let caller = context.callers.find(&context.db, id, live).await?;
    let second_factor_due = second_factor::is_due(context, &caller, live.second_factor);
    Ok(Authentication {
        caller,
        via: Via::Session {
            id: session,
            second_factor_due,
        },
    })
}

/// Changes the caller's password, which needs the present one. Every session
/// ends; a new one is opened in place of the caller's.
pub async fn change_password(
    context: &Context,
    caller: &Caller,
    session: SessionId,
    present: &str,
    new: &str,
    origin: Origin,
) -> Result<Granted, Error> {
    let verified = check_password(context, caller.id(), present).await?;
    let password = choose("/new_password", new, &caller.user.email)?;
    let hash = hashed(context, password).await?;
    let context_in = context.clone();
    let caller = caller.clone();
    let fresh = Fresh::new(caller.id(), origin)?;
    context
        .db
        .write(move |conn| {
            let person = caller.id();
            let own = db::sessions::find(conn, session)?.filter(|own| own.ended.is_none());
            let unchanged = db::users::lock_password_hash(conn, person)? == Some(verified);
            let (Some(own), true) = (own, unchanged) else {
                return Err(Error::Unauthenticated(AuthFault::Invalid));
            };
            let strong = own.second_factor;
            set_password(&context_in, conn, caller.actor(), person, &hash)?;
            fresh.store(
                &context_in,
                conn,
                second_factor::Proof::carried_over(strong),
            )
        })
        .await
}

/// Stores a new password, ends all sessions and links to a new one, and tells
/// the person.
pub(super) fn set_password(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    person: UserId,
    hash: &str,
) -> Result<(), Error> {
    let now = context.now();
    db::users::set_password_hash(conn, person, hash, now)?;
    if let Some(user) = db::users::find(conn, person)? {
        db::tickets::revoke_all(conn, TicketKind::PasswordReset, &user.email.key(), now)?;
    }
    sessions::end_all(context, conn, actor, person, None, EndReason::Password)?;
    context.pen(actor).append(
        conn,
        "user.password_changed",
        (SubjectKind::User, person),
        vec![],
    )?;
    notices::tell_news(context, conn, person, News::PasswordChanged)
}

/// Checks a person's password again, before something that an unattended
/// screen must not be enough for. Answers the hash that it was held against.
///
/// # Errors
/// A fault at `/password`.
pub(super) async fn check_password(
    context: &Context,
    person: UserId,
    password: &str,
) -> Result<String, Error> {
    let attempt = context
        .attempts
        .begin(&format!("{person} again"), None, context.now())?;
    let stored = context
        .db
        .read(move |conn| Ok::<_, Error>(db::users::password_hash(conn, person)?))
        .await?;
    let verdict = context
        .passwords
        .verify(Password::typed(password), stored.clone())
        .await
        .map_err(password_error)?;
    if let (Verdict::Match { .. }, Some(hash)) = (verdict, stored) {
        context.attempts.succeeded(&attempt);
        return Ok(hash);
    }
    let factor = "password";
    let failure = Failure::Check { person, factor };
    context.failures.note(failure, context.now());
    Err(one_fault(
        "/password",
        "wrong_password",
        "This is not the present password.",
    ))
}

/// Checks that who finishes a registration is who began it.
///
/// # Errors
/// A fault at `/password`.
pub(super) async fn check_chosen(
    context: &Context,
    ticket: TicketId,
    password: &str,
    hash: String,
) -> Result<(), Error> {
    let place = format!("{ticket} registration");
    let attempt = context.attempts.begin(&place, None, context.now())?;
    let verdict = context
        .passwords
        .verify(Password::typed(password), Some(hash))
        .await
        .map_err(password_error)?;
    match verdict {
        Verdict::Match { .. } => {
            context.attempts.succeeded(&attempt);
            Ok(())
        }
        Verdict::NoMatch => Err(one_fault(
            "/password",
            "wrong_password",
            "This is not the password that was chosen.",
        )),
    }
}

/// Mails a link to choose a new password, if anybody has that address; this
/// is found out when the mail is written, so that neither the answer nor its
/// time tells. One mail every few minutes at most.
pub async fn request_password_reset(context: &Context, email: Email) -> Result<(), Error> {
    let ticket = tickets::new(
        context,
        email,
        Language::english(),
        Permit::PasswordReset,
        None,
    );
    let slot = context.now().timestamp() / RESET_PAUSE_S;
    // The queue's keys are read by the operator's people; the address is not
    // theirs to read.
    let address = opaque::fingerprint(&ticket.email.key());
    let intent = format!("password_reset:{address}:{slot}");
    tickets::send(context, ticket, intent).await
}

/// The caller's organizations with the parts they play there.
pub async fn own_organizations(
    context: &Context,
    caller: &Caller,
) -> Result<Vec<(Organization, Membership)>, Error> {
    let memberships = caller.memberships.clone();
    context
        .db
        .read(move |conn| {
            let mut own = Vec::with_capacity(memberships.len());
            for membership in memberships {
                let organization = db::organizations::find(conn, membership.organization)?;
                own.extend(organization.map(|organization| (organization, membership)));
            }
            Ok(own)
        })
        .await
}

/// The operator's organization, made if there is none yet.
pub(super) fn operator(
    conn: &mut Conn,
    pen: &Pen,
    fresh: &Organization,
) -> Result<OrganizationId, Error> {
    let operators = db::organizations::Filter {
        kind: Some(OrganizationKind::Operator),
        ..db::organizations::Filter::default()
    };
    if let Some(found) = db::organizations::list(conn, &operators, None, 1)?.first() {
        return Ok(found.id);
    }
    insert_organization(conn, pen, fresh)?;
    Ok(fresh.id)
}

/// Takes a password that may be kept; what is wrong with it is a fault at
/// `pointer`.
pub(super) fn choose(pointer: &str, password: &str, email: &Email) -> Result<NewPassword, Error> {
    NewPassword::choose(password, email.as_str())
        .map_err(|unfit| one_fault(pointer, "unfit_password", unfit.to_string()))
}

/// What is wrong with a password that somebody wants, at `/password`.
pub(super) fn password_faults(password: &str, email: &Email) -> Faults {
    let mut faults = Faults::new();
    if let Err(unfit) = NewPassword::choose(password, email.as_str()) {
        faults.push("/password", "unfit_password", unfit.to_string());
    }
    faults
}

pub(super) async fn hashed(context: &Context, password: NewPassword) -> Result<String, Error> {
    let hash = context.passwords.hash(password).await;
    hash.map_err(password_error)
}

pub(super) fn one_fault(pointer: &str, code: &'static str, detail: impl Into<String>) -> Error {
    let mut faults = Faults::new();
    faults.push(pointer, code, detail);
    faults.into()
}

pub(super) fn password_error(error: PasswordError) -> Error {
    match error {
        PasswordError::Busy => Error::Busy { retry_after_s: 2 },
        PasswordError::Hash(cause) => Error::internal(cause),
    }
}

pub(super) fn new_user(context: &Context, user: NewUser, now: DateTime<Utc>) -> User {
    User {
        id: context.new_id(),
        email: user.email,
        name: user.name,
        language: user.language,
        zone: user.zone,
        version: 1,
        created_at: now,
    }
}

pub(super) fn new_organization(
    context: &Context,
    details: OrganizationDetails,
    now: DateTime<Utc>,
) -> Organization {
    Organization {
        id: context.new_id(),
        details,
        external_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Inserts a firm, claims the identifiers it brings, and notes it. A web site
/// that another firm has stays with that one; duplicates are a person's to
/// judge.
pub(super) fn insert_organization(
    conn: &mut Conn,
    pen: &Pen,
    organization: &Organization,
) -> Result<(), Error> {
    db::organizations::insert(conn, organization)?;
    note_organization(conn, pen, organization)
}

/// Claims the host of a firm's web site for it, unless it is one that many
/// share, or another firm has it.
pub(super) fn claim_site(conn: &mut Conn, organization: &Organization) -> Result<(), Error> {
    let host = organization.details.website.as_ref().map(Website::host);
    if let Some(host) = host.filter(|host| host_tells(host)) {
        db::organizations::claim_identifier(conn, organization.id, "domain", &host)?;
    }
    Ok(())
}

/// Claims the identifiers that a firm brings which was just stored, notes it,
/// and looks for other records of it. A silent pen does nothing of that.
pub(super) fn note_organization(
    conn: &mut Conn,
    pen: &Pen,
    organization: &Organization,
) -> Result<(), Error> {
    if pen.is_silent() {
        return Ok(());
    }
    claim_site(conn, organization)?;
    let details = &organization.details;
    let mut payload = vec![("kind", Value::Code(details.kind.code().to_owned()))];
    payload.extend(
        details
            .country
            .map(|country| ("country", Value::Code(country.to_string()))),
    );
    pen.append(
        conn,
        "organization.registered",
        (SubjectKind::Organization, organization.id),
        payload,
    )?;
    duplicates::look_at_new(conn, pen, organization)
}

/// Stores a firm's new details, claims the web site it brings, and notes it
/// as an event of that kind. A silent pen only stores them.
pub(super) fn update_organization(
    conn: &mut Conn,
    pen: &Pen,
    kind: &'static str,
    after: &Organization,
) -> Result<(), Error> {
    if !db::organizations::update(conn, after)? {
        return Err(Error::StaleVersion);
    }
    if pen.is_silent() {
        return Ok(());
    }
    claim_site(conn, after)?;
    let country = after.details.country;
    let country = country.map(|it| ("country", Value::Code(it.to_string())));
    let mut payload = vec![("version", Value::Int(after.version))];
    payload.extend(country);
    pen.append(conn, kind, (SubjectKind::Organization, after.id), payload)?;
    duplicates::look(conn, pen, after.id)
}

pub(super) fn log_account(
    conn: &mut Conn,
    pen: &Pen,
    user: UserId,
    organization: OrganizationId,
    role: Role,
) -> Result<(), Error> {
    pen.append(
        conn,
        "user.joined",
        (SubjectKind::User, user),
        vec![
            ("organization", Value::Id(organization.uuid())),
            ("role", Value::Code(role.code().to_owned())),
        ],
    )
}
