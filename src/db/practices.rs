//! What firms show each other, and the sessions that were held of it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::practice_schema::practice_attendees as attendees;
use super::practice_schema::practice_sessions as sessions;
use super::practice_schema::practices::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, keyset, stored};
use crate::domain::ids::{
    MandateId, OrganizationId, PracticeId, ProgrammeId, StartupProfileId, UserId,
};
use crate::domain::practice::{Held, Practice, PracticeSession, PracticeStatus};
use crate::domain::text::Slug;

/// Which engagements to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Under that programme.
    pub programme: Option<ProgrammeId>,
    /// About that topic.
    pub topic: Option<Slug>,
    /// That stand so.
    pub status: Option<PracticeStatus>,
    /// Of one of these firms, and known to it.
    pub known_to: Option<Vec<OrganizationId>>,
}

#[derive(Queryable)]
struct Row {
    id: PracticeId,
    programme_id: ProgrammeId,
    topic: String,
    giver_id: OrganizationId,
    taker_id: OrganizationId,
    aim: String,
    status: String,
    giver_agreed: bool,
    taker_agreed: bool,
    outcome: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Stores a new engagement.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, practice: &Practice) -> Result<()> {
    let Practice {
        id,
        programme,
        topic,
        giver,
        taker,
        aim,
        status,
        giver_agreed,
        taker_agreed,
        outcome,
        version,
        created_at,
        updated_at,
    } = practice;
    diesel::insert_into(practices::table)
        .values((
            dsl::id.eq(id),
            dsl::programme_id.eq(programme),
            dsl::topic.eq(topic.as_str()),
            dsl::giver_id.eq(giver),
            dsl::taker_id.eq(taker),
            dsl::aim.eq(aim),
            dsl::status.eq(status.code()),
            dsl::giver_agreed.eq(giver_agreed),
            dsl::taker_agreed.eq(taker_agreed),
            dsl::outcome.eq(outcome.as_deref()),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Stores the new state of an engagement, its version risen by one; false when
/// somebody else was first. Whose it is and what about never changes.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, practice: &Practice) -> Result<bool> {
    let Practice {
        id,
        programme: _,
        topic: _,
        giver: _,
        taker: _,
        aim,
        status,
        giver_agreed,
        taker_agreed,
        outcome,
        version,
        created_at: _,
        updated_at,
    } = practice;
    let before = practices::table
        .find(id)
        .filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::aim.eq(aim),
            dsl::status.eq(status.code()),
            dsl::giver_agreed.eq(giver_agreed),
            dsl::taker_agreed.eq(taker_agreed),
            dsl::outcome.eq(outcome.as_deref()),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Has what is done about an engagement wait for whoever is at it, without a change
/// of its own; false where it has another version by now.
///
/// # Errors
/// A statement failed.
pub fn hold(conn: &mut Conn, id: PracticeId, version: i64) -> Result<bool> {
    let same = practices::table.find(id).filter(dsl::version.eq(version));
    let held = diesel::update(same)
        .set(dsl::version.eq(version))
        .execute(conn)?;
    Ok(held == 1)
}

/// The engagement with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: PracticeId) -> Result<Option<Practice>> {
    let row: Option<Row> = practices::table.find(id).first(conn).optional()?;
    row.map(practice).transpose()
}

/// Those of these engagements that there are.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[PracticeId]) -> Result<Vec<Practice>> {
    let rows: Vec<Row> = practices::table
        .filter(dsl::id.eq_any(ids.to_vec()))
        .load(conn)?;
    rows.into_iter().map(practice).collect()
}

/// Engagements from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Practice>> {
    let mut query = practices::table.into_boxed();
    if let Some(firms) = &filter.known_to {
        let giver = dsl::giver_id.eq_any(firms.clone());
        let taker = dsl::taker_id.eq_any(firms.clone());
        query = query
            .filter(giver.or(taker))
            .filter(dsl::status.eq_any(known_statuses()));
    }
    if let Some(programme) = filter.programme {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    if let Some(topic) = &filter.topic {
        query = query.filter(dsl::topic.eq(topic.as_str()));
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(practice).collect()
}

/// The codes of the statuses in which the firms know of an engagement.
fn known_statuses() -> Vec<&'static str> {
    let all = PracticeStatus::ALL.iter();
    all.filter(|status| status.is_known())
        .map(|status| status.code())
        .collect()
}

/// Stores a session with the names of who was there.
///
/// # Errors
/// A statement failed.
pub fn insert_session(conn: &mut Conn, session: &PracticeSession) -> Result<()> {
    let PracticeSession {
        id,
        practice,
        held,
        organization,
        by,
        created_at,
    } = session;
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(Id::of(*id)),
            sessions::practice_id.eq(practice),
            sessions::held_on.eq(held.on),
            sessions::minutes.eq(i64::from(held.minutes)),
            sessions::attendees.eq(i64::from(held.attendees)),
            sessions::rating.eq(held.rating.map(i64::from)),
            sessions::feedback.eq(held.feedback.as_deref()),
            sessions::evidence.eq(held.evidence.as_deref()),
            sessions::organization_id.eq(organization),
            sessions::noted_by.eq(by),
            sessions::created_at.eq(Timestamp(*created_at)),
        ))
        .execute(conn)?;
    for (place, name) in (0_i64..).zip(&held.names) {
        diesel::insert_into(attendees::table)
            .values((
                attendees::session_id.eq(Id::of(*id)),
                attendees::place.eq(place),
                attendees::name.eq(name),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Has words stand with a session, what was said of it or what shows its use;
/// false if it isn't there.
///
/// # Errors
/// A statement failed.
pub fn set_session_text(conn: &mut Conn, id: Uuid, feedback: bool, text: &str) -> Result<bool> {
    let session = sessions::table.find(Id::of(id));
    let changed = if feedback {
        diesel::update(session)
            .set(sessions::feedback.eq(Some(text)))
            .execute(conn)?
    } else {
        diesel::update(session)
            .set(sessions::evidence.eq(Some(text)))
            .execute(conn)?
    };
    Ok(changed == 1)
}

/// Takes a session back, with the names; false if it isn't there.
///
/// # Errors
/// A statement failed.
pub fn delete_session(conn: &mut Conn, id: Uuid) -> Result<bool> {
    let names = attendees::table.filter(attendees::session_id.eq(Id::of(id)));
    diesel::delete(names).execute(conn)?;
    let session = sessions::table.filter(sessions::id.eq(Id::of(id)));
    Ok(diesel::delete(session).execute(conn)? == 1)
}

type SessionRow = (
    Id,
    PracticeId,
    NaiveDate,
    i64,
    i64,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<OrganizationId>,
    UserId,
    DateTime<Utc>,
);

/// One session.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_session(conn: &mut Conn, id: Uuid) -> Result<Option<PracticeSession>> {
    let row: Option<SessionRow> = sessions::table.find(Id::of(id)).first(conn).optional()?;
    Ok(with_names(conn, row.into_iter().collect())?.pop())
}

/// The sessions of an engagement in the order in which they were noted; one
/// more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list_sessions(
    conn: &mut Conn,
    practice: PracticeId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<PracticeSession>> {
    let mut query = sessions::table
        .filter(sessions::practice_id.eq(practice))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(sessions::created_at, sessions::id, cursor));
    }
    let rows: Vec<SessionRow> = query
        .order((sessions::created_at, sessions::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    with_names(conn, rows)
}

/// How many sessions of an engagement are on record.
///
/// # Errors
/// A statement failed.
pub fn count_sessions(conn: &mut Conn, practice: PracticeId) -> Result<i64> {
    Ok(sessions::table
        .filter(sessions::practice_id.eq(practice))
        .count()
        .get_result(conn)?)
}

fn with_names(conn: &mut Conn, rows: Vec<SessionRow>) -> Result<Vec<PracticeSession>> {
    let ids: Vec<Id> = rows.iter().map(|row| Id::of(row.0.uuid())).collect();
    let named: Vec<(Id, i64, String)> = attendees::table
        .filter(attendees::session_id.eq_any(ids))
        .order((attendees::session_id, attendees::place))
        .load(conn)?;
    let mut names: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for (session, _, name) in named {
        names.entry(session.uuid()).or_default().push(name);
    }
    let session = |row: SessionRow| {
        let names = names.remove(&row.0.uuid()).unwrap_or_default();
        session(row, names)
    };
    rows.into_iter().map(session).collect()
}

fn session(row: SessionRow, names: Vec<String>) -> Result<PracticeSession> {
    let (id, practice, on, minutes, attendees, rating, feedback, evidence, firm, by, created_at) =
        row;
    let number = |number: i64| {
        let damaged = |_| Error::Corrupt(format!("a number of session {}", id.uuid()));
        u32::try_from(number).map_err(damaged)
    };
    Ok(PracticeSession {
        id: id.uuid(),
        practice,
        held: Held {
            on,
            minutes: number(minutes)?,
            attendees: number(attendees)?,
            names,
            rating: rating.map(number).transpose()?,
            feedback,
            evidence,
        },
        organization: firm,
        by,
        created_at,
    })
}

fn practice(row: Row) -> Result<Practice> {
    let Row {
        id,
        programme_id,
        topic,
        giver_id,
        taker_id,
        aim,
        status,
        giver_agreed,
        taker_agreed,
        outcome,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(Practice {
        id,
        programme: programme_id,
        topic: stored::parse(&topic)?,
        giver: giver_id,
        taker: taker_id,
        aim,
        status: stored::code(&status, PracticeStatus::from_code)?,
        giver_agreed,
        taker_agreed,
        outcome,
        version,
        created_at,
        updated_at,
    })
}

/// The profiles of a firm that are admitted to a programme.
///
/// # Errors
/// A statement failed.
pub fn profiles_of(
    conn: &mut Conn,
    programme: ProgrammeId,
    firm: OrganizationId,
) -> Result<Vec<StartupProfileId>> {
    use super::schema::{programme_startups, startup_profiles};

    Ok(programme_startups::table
        .inner_join(
            startup_profiles::table.on(startup_profiles::id.eq(programme_startups::profile_id)),
        )
        .filter(programme_startups::programme_id.eq(programme))
        .filter(startup_profiles::organization_id.eq(firm))
        .select(startup_profiles::id)
        .order(startup_profiles::id)
        .load(conn)?)
}

/// The mandates of a firm that are admitted to a programme.
///
/// # Errors
/// A statement failed.
pub fn mandates_of(
    conn: &mut Conn,
    programme: ProgrammeId,
    firm: OrganizationId,
) -> Result<Vec<MandateId>> {
    use super::schema::{mandates, programme_mandates};

    Ok(programme_mandates::table
        .inner_join(mandates::table.on(mandates::id.eq(programme_mandates::mandate_id)))
        .filter(programme_mandates::programme_id.eq(programme))
        .filter(mandates::organization_id.eq(firm))
        .select(mandates::id)
        .order(mandates::id)
        .load(conn)?)
}
