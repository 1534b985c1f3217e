//! Mailed permissions. One is used once: the statement that closes it says
//! that it was open.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::identity_schema::tickets::{self, dsl};
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::types::Timestamp;
use super::{Conn, Error, Result, json, keyset, stored};
use crate::domain::account::Role;
use crate::domain::ids::{OrganizationId, TicketId, UserId};
use crate::domain::ticket::{Permit, Ticket, TicketKind, TicketOutcome};

#[derive(Queryable)]
struct Row {
    id: TicketId,
    kind: String,
    email: String,
    _email_key: String,
    organization_id: Option<OrganizationId>,
    role: Option<String>,
    language: String,
    document: Option<String>,
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
}

/// Stores a new ticket.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, ticket: &Ticket) -> Result<()> {
    let Ticket {
        id,
        email,
        language,
        permit,
        created_by,
        created_at,
        expires_at,
        closed,
    } = ticket;
    let (organization, role, document) = match permit {
        Permit::Registration(registration) => {
            let document = registration
                .as_ref()
                .map(|whole| json::ticket::encode(&whole.0, &whole.1))
                .transpose()?;
            (None, None, document)
        }
        Permit::Invitation { organization, role } => (Some(organization), Some(role), None),
        Permit::PasswordReset => (None, None, None),
        Permit::Claim { organization } => (Some(organization), None, None),
    };
    diesel::insert_into(tickets::table)
        .values((
            dsl::id.eq(id),
            dsl::kind.eq(permit.kind().code()),
            dsl::email.eq(email.as_str()),
            dsl::email_key.eq(email.key()),
            dsl::organization_id.eq(organization.copied()),
            dsl::role.eq(role.map(|role| role.code())),
            dsl::language.eq(language.as_str()),
            dsl::document.eq(document),
            dsl::created_by.eq(*created_by),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::expires_at.eq(Timestamp(*expires_at)),
            dsl::closed_at.eq(closed.map(|(at, _)| Timestamp(at))),
            dsl::outcome.eq(closed.map(|(_, outcome)| outcome.code())),
        ))
        .execute(conn)?;
    Ok(())
}

/// The ticket with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: TicketId) -> Result<Option<Ticket>> {
    let row: Option<Row> = tickets::table.find(id).first(conn).optional()?;
    row.map(ticket).transpose()
}

/// Closes an open ticket; false when it is closed already or has run out.
///
/// # Errors
/// A statement failed.
pub fn close(
    conn: &mut Conn,
    id: TicketId,
    outcome: TicketOutcome,
    now: DateTime<Utc>,
) -> Result<bool> {
    let open = tickets::table
        .find(id)
        .filter(dsl::closed_at.is_null())
        .filter(dsl::expires_at.gt(Timestamp(now)));
    // Nobody needs the password's hash any more.
    let changed = diesel::update(open)
        .set((
            dsl::closed_at.eq(Some(Timestamp(now))),
            dsl::outcome.eq(Some(outcome.code())),
            dsl::document.eq(None::<String>),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Takes back every open ticket of a kind that was mailed to an address.
///
/// # Errors
/// A statement failed.
pub fn revoke_all(
    conn: &mut Conn,
    kind: TicketKind,
    email_key: &str,
    now: DateTime<Utc>,
) -> Result<usize> {
    let open = tickets::table
        .filter(dsl::email_key.eq(email_key))
        .filter(dsl::kind.eq(kind.code()))
        .filter(dsl::closed_at.is_null());
    Ok(diesel::update(open)
        .set((
            dsl::closed_at.eq(Some(Timestamp(now))),
            dsl::outcome.eq(Some(TicketOutcome::Revoked.code())),
            dsl::document.eq(None::<String>),
        ))
        .prepared()
        .execute(conn)?)
}

/// Takes back every open invitation into a firm that somebody sent.
///
/// # Errors
/// A statement failed.
pub fn revoke_sent_by(
    conn: &mut Conn,
    person: UserId,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> Result<usize> {
    let open = tickets::table
        .filter(dsl::organization_id.eq(Some(organization)))
        .filter(dsl::kind.eq(TicketKind::Invitation.code()))
        .filter(dsl::created_by.eq(Some(person)))
        .filter(dsl::closed_at.is_null());
    Ok(diesel::update(open)
        .set((
            dsl::closed_at.eq(Some(Timestamp(now))),
            dsl::outcome.eq(Some(TicketOutcome::Revoked.code())),
        ))
        .execute(conn)?)
}

/// How many tickets of a kind were made for an address since then.
///
/// # Errors
/// A statement failed.
pub fn count_mailed(
    conn: &mut Conn,
    kind: TicketKind,
    email_key: &str,
    since: DateTime<Utc>,
) -> Result<i64> {
    Ok(tickets::table
        .filter(dsl::email_key.eq(email_key))
        .filter(dsl::kind.eq(kind.code()))
        .filter(dsl::created_at.gt(Timestamp(since)))
        .count()
        .get_result(conn)?)
}

/// How many tickets of a kind that lead to a firm were made since then.
///
/// # Errors
/// A statement failed.
pub fn count_made(
    conn: &mut Conn,
    kind: TicketKind,
    organization: OrganizationId,
    since: DateTime<Utc>,
) -> Result<i64> {
    Ok(tickets::table
        .filter(dsl::organization_id.eq(Some(organization)))
        .filter(dsl::kind.eq(kind.code()))
        .filter(dsl::created_at.gt(Timestamp(since)))
        .count()
        .get_result(conn)?)
}

/// The open tickets of a kind that lead to a firm, the newest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn open_of(
    conn: &mut Conn,
    kind: TicketKind,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> Result<Vec<Ticket>> {
    let rows: Vec<Row> = tickets::table
        .filter(dsl::organization_id.eq(Some(organization)))
        .filter(dsl::kind.eq(kind.code()))
        .filter(dsl::closed_at.is_null())
        .filter(dsl::expires_at.gt(Timestamp(now)))
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .load(conn)?;
    rows.into_iter().map(ticket).collect()
}

/// [`open_of`], a page at a time; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn page_of(
    conn: &mut Conn,
    kind: TicketKind,
    organization: OrganizationId,
    now: DateTime<Utc>,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Ticket>> {
    let mut query = tickets::table
        .filter(dsl::organization_id.eq(Some(organization)))
        .filter(dsl::kind.eq(kind.code()))
        .filter(dsl::closed_at.is_null())
        .filter(dsl::expires_at.gt(Timestamp(now)))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::before(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(ticket).collect()
}

/// The newest open ticket of a kind that was mailed to an address.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn newest(
    conn: &mut Conn,
    kind: TicketKind,
    email_key: &str,
    now: DateTime<Utc>,
) -> Result<Option<Ticket>> {
    let row: Option<Row> = tickets::table
        .filter(dsl::email_key.eq(email_key))
        .filter(dsl::kind.eq(kind.code()))
        .filter(dsl::closed_at.is_null())
        .filter(dsl::expires_at.gt(Timestamp(now)))
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .first(conn)
        .optional()?;
    row.map(ticket).transpose()
}

/// Forgets tickets that ran out before `before`: they hold addresses of people
/// who never answered.
///
/// # Errors
/// A statement failed.
pub fn forget(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    Ok(
        diesel::delete(tickets::table.filter(dsl::expires_at.lt(Timestamp(before))))
            .execute(conn)?,
    )
}

fn ticket(row: Row) -> Result<Ticket> {
    let Row {
        id,
        kind,
        email,
        _email_key: _,
        organization_id,
        role,
        language,
        document,
        created_by,
        created_at,
        expires_at,
        closed_at,
        outcome,
    } = row;
    let damaged = |what: &str| Error::Corrupt(format!("ticket {id}: no {what}"));
    let organization = || organization_id.ok_or_else(|| damaged("organization"));
    let permit = match stored::code(&kind, TicketKind::from_code)? {
        TicketKind::Registration => Permit::Registration(
            document
                .map(|document| json::ticket::decode(&document).map(Box::new))
                .transpose()?,
        ),
        TicketKind::Invitation => Permit::Invitation {
            organization: organization()?,
            role: stored::code_some(role.as_deref(), Role::from_code)?
                .ok_or_else(|| damaged("role"))?,
        },
        TicketKind::PasswordReset => Permit::PasswordReset,
        TicketKind::Claim => Permit::Claim {
            organization: organization()?,
        },
    };
    let outcome = stored::code_some(outcome.as_deref(), TicketOutcome::from_code)?;
    Ok(Ticket {
        id,
        email: stored::parse(&email)?,
        language: stored::parse(&language)?,
        permit,
        created_by,
        created_at,
        expires_at,
        closed: closed_at.zip(outcome),
    })
}
