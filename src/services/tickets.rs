//! Tickets: links that are mailed so that somebody does one thing once. What a
//! mail says is decided when it is written, not when it is asked for: who asks
//! waits as long, and reads the same, whether the address is known or not.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::auth::link::TicketToken;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::consent::ConsentReceipt;
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{OrganizationId, TicketId, UserId};
use crate::domain::message::Notice;
use crate::domain::organization::Organization;
use crate::domain::text::{Email, Language, Name};
use crate::domain::ticket::{PendingPerson, TicketKind, TicketOutcome};
pub use crate::domain::ticket::{Permit, Ticket};

use super::accounts::{
    self, NewUser, address_taken, choose, hashed, log_account, new_organization, new_user,
    set_password, store_founder,
};
use super::notices::{self, Content, Prepared, Recipient};
use super::once::Recorded;
use super::transitions::code;
use super::{Context, Error, apart, claims, members};

/// How long tickets that ran out are kept.
const KEPT: TimeDelta = TimeDelta::days(30);

const fn lifetime(permit: &Permit) -> TimeDelta {
    match permit.kind() {
        TicketKind::PasswordReset => TimeDelta::hours(1),
        TicketKind::Registration => TimeDelta::days(2),
        TicketKind::Invitation => TimeDelta::days(14),
        TicketKind::Claim => TimeDelta::days(60),
    }
}

impl Recorded for Ticket {
    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    /// A ticket is closed, never changed.
    fn version(&self) -> i64 {
        1 + i64::from(self.closed.is_some())
    }
}

/// A ticket that is about to be sent.
pub(super) fn new(
    context: &Context,
    email: Email,
    language: Language,
    permit: Permit,
    created_by: Option<UserId>,
) -> Ticket {
    let now = context.now();
    Ticket {
        id: context.new_id(),
        email,
        language,
        expires_at: now + lifetime(&permit),
        permit,
        created_by,
        created_at: now,
        closed: None,
    }
}

/// Stores a ticket and queues its mail; the same intent is mailed once.
pub(super) async fn send(context: &Context, ticket: Ticket, intent: String) -> Result<(), Error> {
    let context_in = context.clone();
    context
        .db
        .write(move |conn| put(&context_in, conn, &ticket, &intent))
        .await
}

/// [`send`] in the open transaction.
pub(super) fn put(
    context: &Context,
    conn: &mut Conn,
    ticket: &Ticket,
    intent: &str,
) -> Result<(), Error> {
    db::tickets::forget(conn, context.now() - KEPT)?;
    db::tickets::insert(conn, ticket)?;
    notices::enqueue(
        context,
        conn,
        intent,
        (SubjectKind::Ticket, ticket.id.uuid()),
        &Notice::Ticket { ticket: ticket.id },
    )
}

/// The page that a ticket opens.
pub fn link(context: &Context, ticket: &Ticket) -> Result<String, Error> {
    let token = TicketToken {
        ticket: ticket.id,
        expires_at: ticket.expires_at,
    };
    let token = context.links.mint_ticket(&token).map_err(Error::internal)?;
    Ok(format!("{}/tickets/{token}", context.settings.public_url))
}

/// What the mail of a ticket says.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What the link is for.
    pub purpose: LetterPurpose,
    /// The page.
    pub link: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What a mailed link is for.
#[derive(Debug, Clone)]
pub enum LetterPurpose {
    /// To finish a registration.
    Registration {
        /// The firm's name.
        firm: String,
    },
    /// To join a firm.
    Invitation {
        /// The firm's name.
        firm: String,
        /// Who invites, if a person does.
        by: Option<String>,
    },
    /// To choose a new password.
    PasswordReset,
    /// To stand behind what others wrote.
    Claim {
        /// The firm's name.
        firm: String,
    },
}

/// Looks up what the mail of a ticket says, now that it is written.
pub(super) fn prepare(context: &Context, conn: &mut Conn, id: TicketId) -> Result<Prepared, Error> {
    let Some(ticket) = db::tickets::find(conn, id)? else {
        return Ok(Prepared::Obsolete("forgotten"));
    };
    if ticket.closed.is_some() || ticket.expires_at <= context.now() {
        return Ok(Prepared::Obsolete("closed"));
    }
    let account = db::users::find_by_email(conn, &ticket.email.key())?;
    let purpose = match &ticket.permit {
        Permit::Registration(_) if account.is_some() => {
            let owner = account.into_iter().collect();
            return Ok(notices::ready(owner, Content::RegistrationExists));
        }
        Permit::Registration(None) => return Ok(Prepared::Obsolete("closed")),
        Permit::Registration(Some(whole)) => LetterPurpose::Registration {
            firm: whole.0.display_name().to_string(),
        },
        Permit::Invitation { organization, .. } => LetterPurpose::Invitation {
            firm: name_of(conn, *organization)?,
            by: match ticket.created_by {
                Some(person) => db::users::find(conn, person)?.map(|user| user.name.to_string()),
                None => None,
            },
        },
        Permit::PasswordReset => {
            let open = match &account {
                Some(user) => db::users::disabled_at(conn, user.id)?.is_none(),
                None => false,
            };
            if !open {
                return Ok(Prepared::Obsolete("no_recipient"));
            }
            LetterPurpose::PasswordReset
        }
        Permit::Claim { organization } => {
            if !claims::is_open(conn, *organization, &ticket.email)? {
                return Ok(Prepared::Obsolete("nothing_to_claim"));
            }
            let firm = db::organizations::find(conn, *organization)?;
            let firm = firm.ok_or(Error::NotFound)?;
            if apart::firm_is_frozen(context, conn, &firm)? {
                return Ok(Prepared::Later);
            }
            LetterPurpose::Claim {
                firm: name_of(conn, *organization)?,
            }
        }
    };
    let letter = Letter {
        purpose,
        link: link(context, &ticket)?,
        expires_at: ticket.expires_at,
    };
    let to = account.map_or_else(|| stranger(&ticket), Recipient::from);
    Ok(notices::ready(vec![to], Content::Ticket(Box::new(letter))))
}

fn stranger(ticket: &Ticket) -> Recipient {
    let (name, zone) = match &ticket.permit {
        Permit::Registration(Some(whole)) => (Some(whole.1.name.clone()), whole.1.zone),
        _ => (None, chrono_tz::UTC),
    };
    Recipient {
        name,
        email: ticket.email.clone(),
        language: ticket.language.clone(),
        zone,
    }
}

fn name_of(conn: &mut Conn, organization: OrganizationId) -> Result<String, Error> {
    let firm = db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
    Ok(firm.details.display_name().to_string())
}

/// What a link opens.
pub enum Opened {
    /// It waits for its reader.
    Open(Box<Open>),
    /// It did what it was for, or was taken back.
    Closed(Language, TicketKind, TicketOutcome),
    /// Too late.
    Expired(Language),
}

/// A ticket that waits for its reader.
pub struct Open {
    /// The ticket.
    pub ticket: Ticket,
    /// The firm it leads to; for a registration the firm that is to be.
    pub firm: Option<String>,
    /// In whose language the page is written.
    pub language: Language,
    /// Whether its address has an account.
    pub has_account: bool,
    /// What a claim is about.
    pub claim: Option<claims::Records>,
}

/// What a link opens; reading changes nothing.
///
/// # Errors
/// [`Error::NotFound`] for what is no link of ours.
pub async fn open(context: &Context, token: &str) -> Result<Opened, Error> {
    let token = context.links.parse_ticket(token).ok_or(Error::NotFound)?;
    let now = context.now();
    context
        .db
        .read(move |conn| {
            let ticket = db::tickets::find(conn, token.ticket)?.ok_or(Error::NotFound)?;
            let account = db::users::find_by_email(conn, &ticket.email.key())?;
            let has_account = account.is_some();
            let language = account.map_or_else(|| ticket.language.clone(), |user| user.language);
            if let Some((_, outcome)) = ticket.closed {
                return Ok(Opened::Closed(language, ticket.permit.kind(), outcome));
            }
            if ticket.expires_at <= now {
                return Ok(Opened::Expired(language));
            }
            if let Permit::Claim { organization } = ticket.permit
                && !claims::is_open(conn, organization, &ticket.email)?
            {
                let kind = ticket.permit.kind();
                return Ok(Opened::Closed(language, kind, TicketOutcome::Revoked));
            }
            let (firm, claim) = match &ticket.permit {
                Permit::Registration(whole) => (
                    whole
                        .as_ref()
                        .map(|whole| whole.0.display_name().to_string()),
                    None,
                ),
                Permit::Invitation { organization, .. } => {
                    (Some(name_of(conn, *organization)?), None)
                }
                Permit::PasswordReset => (None, None),
                Permit::Claim { organization } => (
                    Some(name_of(conn, *organization)?),
                    Some(claims::records(conn, *organization)?),
                ),
            };
            Ok(Opened::Open(Box::new(Open {
                ticket,
                firm,
                language,
                has_account,
                claim,
            })))
        })
        .await
}

/// The ticket of a link, which must still be open.
pub(super) async fn opened(context: &Context, token: &str) -> Result<Ticket, Error> {
    match open(context, token).await? {
        Opened::Open(open) => Ok(open.ticket),
        Opened::Closed(..) | Opened::Expired(_) => Err(closed()),
    }
}

pub(super) fn closed() -> Error {
    Error::refused(
        "link_closed",
        "This link was used, taken back or is too old.",
    )
}

/// Uses a ticket up in the open transaction.
pub(super) fn take(
    context: &Context,
    conn: &mut Conn,
    ticket: &Ticket,
    outcome: TicketOutcome,
) -> Result<(), Error> {
    if db::tickets::close(conn, ticket.id, outcome, context.now())? {
        Ok(())
    } else {
        Err(closed())
    }
}

/// Finishes a registration: the firm and its owner come to be. Registrations
/// of others with the same address are void from now on.
///
/// Anybody can register with somebody else's address. Who holds the link shows
/// the password that was chosen, so that nobody finishes what a stranger began
/// and whose password that stranger knows.
///
/// # Errors
/// A fault at `/password`; [`Error::TooMany`] after many wrong ones.
pub async fn confirm_registration(
    context: &Context,
    token: &str,
    password: &str,
) -> Result<(), Error> {
    let ticket = opened(context, token).await?;
    let Permit::Registration(Some(whole)) = ticket.permit.clone() else {
        return Err(Error::NotFound);
    };
    let (details, person) = *whole;
    let chosen = person.password_hash.clone();
    accounts::check_chosen(context, ticket.id, password, chosen).await?;
    let now = context.now();
    let organization = new_organization(context, details, now);
    let PendingPerson {
        name,
        language,
        zone,
        password_hash,
    } = person;
    let new = NewUser {
        email: ticket.email.clone(),
        name,
        language,
        zone,
        password: String::new(),
    };
    let user = new_user(context, new, now);
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            take(&context_in, conn, &ticket, TicketOutcome::Used)?;
            let key = ticket.email.key();
            db::tickets::revoke_all(conn, TicketKind::Registration, &key, now)?;
            store_founder(&context_in, conn, &user, &password_hash, &organization)
        })
        .await
}

/// Says no to a ticket: nothing comes of it.
pub async fn refuse(context: &Context, token: &str) -> Result<(), Error> {
    let ticket = opened(context, token).await?;
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            take(&context_in, conn, &ticket, TicketOutcome::Refused)?;
            if let Permit::Claim { organization } = ticket.permit {
                claims::refuse(&context_in, conn, &ticket, organization)?;
            }
            note(&context_in, conn, Actor::System, "ticket.refused", &ticket)
        })
        .await
}

/// Notes something about a ticket, without its address.
pub(super) fn note(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    kind: &'static str,
    ticket: &Ticket,
) -> Result<(), Error> {
    let mut payload = vec![("for", code(ticket.permit.kind().code()))];
    match &ticket.permit {
        Permit::Invitation { organization, role } => {
            payload.push(("organization", Value::Id(organization.uuid())));
            payload.push(("role", code(role.code())));
        }
        Permit::Claim { organization } => {
            payload.push(("organization", Value::Id(organization.uuid())));
        }
        Permit::Registration(_) | Permit::PasswordReset => {}
    }
    let subject = (SubjectKind::Ticket, ticket.id);
    context.pen(actor).append(conn, kind, subject, payload)
}

/// What somebody without an account says of themselves to accept a ticket.
#[derive(Clone)]
pub struct Newcomer {
    /// What they are called.
    pub name: Name,
    /// The language they read.
    pub language: Language,
    /// Where their working day is.
    pub zone: chrono_tz::Tz,
    /// The password as typed.
    pub password: String,
}

/// A newcomer whose password may be kept, hashed outside the transaction.
pub(super) async fn admitted(
    context: &Context,
    email: &Email,
    newcomer: Newcomer,
) -> Result<(crate::domain::account::User, String), Error> {
    let password = choose("/password", &newcomer.password, email)?;
    let hash = hashed(context, password).await?;
    let new = NewUser {
        email: email.clone(),
        name: newcomer.name,
        language: newcomer.language,
        zone: newcomer.zone,
        password: String::new(),
    };
    Ok((new_user(context, new, context.now()), hash))
}

/// The account of a ticket's address, made of a newcomer where there is none.
pub(super) fn account_of(
    conn: &mut Conn,
    ticket: &Ticket,
    newcomer: Option<&(crate::domain::account::User, String)>,
) -> Result<UserId, Error> {
    if let Some(known) = db::users::find_by_email(conn, &ticket.email.key())? {
        return match db::users::disabled_at(conn, known.id)? {
            None => Ok(known.id),
            Some(_) => Err(closed()),
        };
    }
    let (user, hash) = newcomer.ok_or_else(|| {
        accounts::one_fault("/password", "required", "A new account needs a password.")
    })?;
    if db::users::insert(conn, user, hash)? {
        Ok(user.id)
    } else {
        Err(address_taken())
    }
}

/// Joins the firm that an invitation leads to; who has no account says who
/// they are.
pub async fn accept_invitation(
    context: &Context,
    token: &str,
    newcomer: Option<Newcomer>,
) -> Result<(), Error> {
    let ticket = opened(context, token).await?;
    let Permit::Invitation { organization, role } = ticket.permit else {
        return Err(Error::NotFound);
    };
    let newcomer = match newcomer {
        Some(newcomer) => Some(admitted(context, &ticket.email, newcomer).await?),
        None => None,
    };
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            take(&context_in, conn, &ticket, TicketOutcome::Used)?;
            let person = account_of(conn, &ticket, newcomer.as_ref())?;
            join(&context_in, conn, person, organization, role)
        })
        .await
}

/// Gives a person a part in a firm, in place of another that excludes it.
pub(super) fn join(
    context: &Context,
    conn: &mut Conn,
    person: UserId,
    organization: OrganizationId,
    role: Role,
) -> Result<(), Error> {
    let of_a_firm = |role| matches!(role, Role::Owner | Role::Editor | Role::Viewer);
    for own in db::users::memberships(conn, person)? {
        if own.organization == organization && of_a_firm(own.role) {
            // Being asked in again doesn't take anything away.
            if own.role <= role {
                return Ok(());
            }
            db::users::remove_membership(conn, person, organization, own.role)?;
        }
    }
    // Those who were there before hear of it.
    notices::tell_of_newcomer(context, conn, organization)?;
    db::users::insert_membership(conn, person, organization, role, context.now())?;
    claims::close_others(context, conn, organization)?;
    let pen = context.pen(Actor::User(person));
    log_account(conn, &pen, person, organization, role)?;
    let kind = "organization.member_joined";
    members::note_part(conn, &pen, kind, organization, person, role)
}

/// Chooses a new password by a mailed link. All sessions end.
pub async fn reset_password(context: &Context, token: &str, password: &str) -> Result<(), Error> {
    let ticket = opened(context, token).await?;
    if ticket.permit.kind() != TicketKind::PasswordReset {
        return Err(Error::NotFound);
    }
    let password = choose("/password", password, &ticket.email)?;
    let hash = hashed(context, password).await?;
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            take(&context_in, conn, &ticket, TicketOutcome::Used)?;
            let key = ticket.email.key();
            let user = db::users::find_by_email(conn, &key)?.ok_or_else(closed)?;
            if db::users::disabled_at(conn, user.id)?.is_some() {
                return Err(closed());
            }
            set_password(&context_in, conn, Actor::User(user.id), user.id, &hash)
        })
        .await
}

/// Keeps what somebody agreed to, and its hash in the log.
pub(super) fn keep_receipt(
    context: &Context,
    conn: &mut Conn,
    receipt: &ConsentReceipt,
) -> Result<(), Error> {
    db::consents::insert(conn, receipt)?;
    context.pen(Actor::User(receipt.user)).append(
        conn,
        "consent.given",
        (SubjectKind::Organization, receipt.organization),
        vec![
            ("receipt", Value::Id(receipt.id)),
            ("purpose", code(receipt.purpose)),
            ("law", code(receipt.law)),
            ("text", Value::hash_of(&receipt.text)),
        ],
    )
}

/// Makes the operator's organization if there is none, and an invitation into
/// it that is not mailed but handed over as a link. For commands only.
pub async fn invite_operator(context: &Context, email: Email, role: Role) -> Result<String, Error> {
    let now = context.now();
    let fresh: Organization = new_organization(context, context.settings.operator.clone(), now);
    let id = context.new_id();
    let context_in = context.clone();
    let ticket = context
        .db
        .write(move |conn| {
            let pen = context_in.pen(Actor::System);
            let organization = accounts::operator(conn, &pen, &fresh)?;
            let permit = Permit::Invitation { organization, role };
            let ticket = Ticket {
                id,
                ..new(&context_in, email, Language::english(), permit, None)
            };
            db::tickets::insert(conn, &ticket)?;
            note(&context_in, conn, Actor::System, "ticket.issued", &ticket)?;
            Ok::<_, Error>(ticket)
        })
        .await?;
    link(context, &ticket)
}
