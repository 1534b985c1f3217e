//! Accounts: registering, signing in, finding out who asks.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::auth::password::{NewPassword, Password, PasswordError, Verdict};
use crate::auth::token::Claims;
use crate::db::{self, Conn};
use crate::domain::account::{Membership, Role, User};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::message::Notice;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::text::{Email, Language, Name};
use crate::domain::values::OrganizationKind;

use super::log::Pen;
use super::{AuthFault, Caller, Context, Error, notices};

/// The client id of tokens that people get by signing in.
const FIRST_PARTY: &str = "corridor";

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

/// Registers a firm with its first person, who becomes its owner. An address
/// that has an account already gets a mail instead, and the answer is the
/// same, so that nobody learns who has one.
pub async fn register(
    context: &Context,
    details: OrganizationDetails,
    user: NewUser,
) -> Result<(), Error> {
    if details.kind == OrganizationKind::Operator {
        return Err(one_fault(
            "/organization/kind",
            "not_open",
            "An operator is set up on the command line.",
        ));
    }
    let password = choose(&user)?;
    let hash = context
        .passwords
        .hash(password)
        .await
        .map_err(password_error)?;
    let now = context.now();
    let organization = new_organization(context, details, now);
    let user = new_user(context, user, now);
    let pen = context.pen(Actor::User(user.id));
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            if !db::users::insert(conn, &user, &hash)? {
                return tell_owner_of_address(&context_in, conn, &user.email);
            }
            insert_organization(conn, &pen, &organization)?;
            db::users::insert_membership(conn, user.id, organization.id, Role::Owner, now)?;
            log_account(conn, &pen, &user, organization.id, Role::Owner)
        })
        .await
}

/// Makes an account for one of the operator's people, and the operator's
/// organization with the first of them. For the command line only.
pub async fn create_operator_user(
    context: &Context,
    user: NewUser,
    roles: Vec<Role>,
) -> Result<UserId, Error> {
    let password = choose(&user)?;
    let hash = context
        .passwords
        .hash(password)
        .await
        .map_err(password_error)?;
    let now = context.now();
    let user = new_user(context, user, now);
    let organization = new_organization(context, context.settings.operator.clone(), now);
    let pen = context.pen(Actor::System);
    let job = move |conn: &mut Conn| {
        if !db::users::insert(conn, &user, &hash)? {
            return Err(Error::refused(
                "address_taken",
                "This address has an account already.",
            ));
        }
        let operators = db::organizations::Filter {
            kind: Some(OrganizationKind::Operator),
            ..db::organizations::Filter::default()
        };
        let found = db::organizations::list(conn, &operators, None, 1)?;
        let operator = if let Some(found) = found.first() {
            found.id
        } else {
            insert_organization(conn, &pen, &organization)?;
            organization.id
        };
        for role in roles {
            db::users::insert_membership(conn, user.id, operator, role, now)?;
            log_account(conn, &pen, &user, operator, role)?;
        }
        Ok(user.id)
    };
    context.db.write(job).await
}

/// A signed-in person's access token.
#[derive(Debug, Clone)]
pub struct Session {
    /// The token.
    pub access_token: String,
    /// From when on it is void.
    pub expires_at: DateTime<Utc>,
}

/// Checks an address and a password. What fails is not said, and takes as
/// long for an address nobody has.
pub async fn sign_in(context: &Context, email: &str, password: &str) -> Result<Session, Error> {
    let key = email
        .parse::<Email>()
        .map(|email| email.key())
        .unwrap_or_default();
    let found = context
        .db
        .look_up(move |conn| Ok::<_, Error>(db::users::credentials(conn, &key)?))
        .await?;
    let (user, stored) = found.unzip();
    let verdict = context
        .passwords
        .verify(Password::typed(password), stored)
        .await
        .map_err(password_error)?;
    let (Some(user), Verdict::Match { rehash }) = (user, verdict) else {
        return Err(Error::Unauthenticated(AuthFault::Invalid));
    };
    note_sign_in(context, user, rehash).await?;
    issue(context, user)
}

/// Notes a sign-in in the log and, where the cost has risen, keeps the new
/// hash, so that parameters rise without anybody changing a password.
async fn note_sign_in(
    context: &Context,
    user: UserId,
    rehash: Option<String>,
) -> Result<(), Error> {
    let now = context.now();
    let pen = context.pen(Actor::User(user));
    context
        .db
        .write(move |conn| {
            if let Some(hash) = rehash {
                db::users::set_password_hash(conn, user, &hash, now)?;
            }
            pen.append(conn, "user.signed_in", (SubjectKind::User, user), vec![])
        })
        .await
}

fn issue(context: &Context, user: UserId) -> Result<Session, Error> {
    let issued_at = context.now();
    let expires_at = issued_at + context.settings.access_token;
    let claims = Claims {
        subject: user.to_string(),
        client_id: FIRST_PARTY.to_owned(),
        id: context.new_id::<Uuid>(),
        issued_at,
        expires_at,
        scope: None,
    };
    let access_token = context.tokens.issue(&claims).map_err(Error::internal)?;
    Ok(Session {
        access_token,
        expires_at,
    })
}

/// Who a token belongs to, with the parts they play now: what was taken away
/// a second ago is gone, whatever the token says.
pub async fn authenticate(context: &Context, token: &str) -> Result<Caller, Error> {
    const INVALID: Error = Error::Unauthenticated(AuthFault::Invalid);
    let claims = context
        .tokens
        .verify(token, context.now())
        .map_err(|_| INVALID)?;
    let id: UserId = claims.subject.parse().map_err(|_| INVALID)?;
    context
        .db
        .look_up(move |conn| {
            let found = db::users::find_with_memberships(conn, id)?;
            let (user, memberships) = found.ok_or(INVALID)?;
            Ok(Caller { user, memberships })
        })
        .await
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

fn choose(user: &NewUser) -> Result<NewPassword, Error> {
    NewPassword::choose(&user.password, user.email.as_str())
        .map_err(|unfit| one_fault("/user/password", "unfit_password", unfit.to_string()))
}

fn one_fault(pointer: &str, code: &'static str, detail: impl Into<String>) -> Error {
    let mut faults = Faults::new();
    faults.push(pointer, code, detail);
    faults.into()
}

fn password_error(error: PasswordError) -> Error {
    match error {
        PasswordError::Busy => Error::Busy { retry_after_s: 2 },
        PasswordError::Hash(cause) => Error::internal(cause),
    }
}

fn new_user(context: &Context, user: NewUser, now: DateTime<Utc>) -> User {
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

fn new_organization(
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
    if let Some(website) = &organization.details.website {
        db::organizations::claim_identifier(conn, organization.id, "domain", &website.host())?;
    }
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
    )
}

fn log_account(
    conn: &mut Conn,
    pen: &Pen,
    user: &User,
    organization: OrganizationId,
    role: Role,
) -> Result<(), Error> {
    pen.append(
        conn,
        "user.joined",
        (SubjectKind::User, user.id),
        vec![
            ("organization", Value::Id(organization.uuid())),
            ("role", Value::Code(role.code().to_owned())),
        ],
    )
}

/// One mail a day at most tells the owner of an address that somebody tried
/// to register with it.
fn tell_owner_of_address(context: &Context, conn: &mut Conn, email: &Email) -> Result<(), Error> {
    let Some(owner) = db::users::find_by_email(conn, &email.key())? else {
        return Ok(());
    };
    let day = context.now().date_naive();
    notices::enqueue(
        context,
        conn,
        &format!("registration_exists:{}:{day}", owner.id),
        (SubjectKind::User, owner.id.uuid()),
        &Notice::RegistrationExists { user: owner.id },
    )
}
