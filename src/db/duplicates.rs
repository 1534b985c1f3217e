//! Records that may be of one firm: what firms are recognised by, and the
//! pairs that were found, with what people made of them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::duplicate_schema::duplicates::{self, dsl};
use super::duplicate_schema::organization_faces::{self as faces, dsl as face};
use super::duplicate_schema::organization_traces::{self as traces, dsl as trace};
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::organizations;
use super::types::Timestamp;
use super::{Conn, Error, Result, json, keyset, pair, sql, stored};
use crate::domain::duplicate::{Duplicate, DuplicateState, can_be_twins};
use crate::domain::ids::{DuplicateId, OrganizationId, UserId};
use crate::domain::values::OrganizationKind;

/// Counts the ways in which firms are recognised; one whose traces were made
/// in an older way is looked at again.
pub const FOLDING: i32 = 4;

/// Which duplicates to list; what is absent doesn't matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// That stand there.
    pub state: Option<DuplicateState>,
    /// Of that kind of firm.
    pub kind: Option<OrganizationKind>,
    /// Of that firm with another one.
    pub organization: Option<OrganizationId>,
    /// At least so likely, in basis points.
    pub min_score: Option<u32>,
}

#[derive(Queryable)]
struct Row {
    id: DuplicateId,
    lower_organization_id: OrganizationId,
    upper_organization_id: OrganizationId,
    kind: String,
    score: i64,
    reasons: String,
    state: String,
    note: Option<String>,
    judged_by: Option<UserId>,
    kept_id: Option<OrganizationId>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Has everybody else who looks for duplicates wait until the open transaction
/// ends. Take it after the firms' own locks.
///
/// # Errors
/// A statement failed.
pub fn lock(conn: &mut Conn) -> Result<()> {
    sql::lock_duplicates(conn)
}

/// Puts down what a firm is recognised by from now on.
///
/// # Errors
/// A statement failed.
pub fn put_traces(
    conn: &mut Conn,
    organization: OrganizationId,
    found: &BTreeSet<String>,
) -> Result<()> {
    let insert = diesel::insert_into(faces::table)
        .values((
            face::organization_id.eq(organization),
            face::folding.eq(FOLDING),
        ))
        .on_conflict_do_nothing();
    if sql::execute(conn, insert)? == 0 {
        diesel::update(faces::table.find(organization))
            .set(face::folding.eq(FOLDING))
            .prepared()
            .execute(conn)?;
        let own = traces::table.filter(trace::organization_id.eq(organization));
        diesel::delete(own).execute(conn)?;
    }
    sql::batches::traces(conn, organization, found)
}

/// Whether another firm of a kind shares one of these traces.
///
/// # Errors
/// A statement failed.
pub fn is_shared(
    conn: &mut Conn,
    organization: OrganizationId,
    kind: OrganizationKind,
    found: &BTreeSet<String>,
) -> Result<bool> {
    let mut texts: Vec<String> = found.iter().cloned().collect();
    // Asked for in few lengths, the statement is compiled a few times only.
    let Some(last) = texts.last().cloned() else {
        return Ok(false);
    };
    texts.resize(texts.len().next_power_of_two().max(16), last);
    let one: Vec<OrganizationId> = traces::table
        .inner_join(organizations::table.on(organizations::id.eq(trace::organization_id)))
        .filter(trace::trace.eq_any(texts))
        .filter(trace::organization_id.ne(organization))
        .filter(organizations::kind.eq(kind.code()))
        .select(trace::organization_id)
        .limit(1)
        .prepared()
        .load(conn)?;
    Ok(!one.is_empty())
}

/// Every firm that has one of these traces, by id.
///
/// # Errors
/// A statement failed.
pub fn traced(conn: &mut Conn, by: &BTreeSet<String>) -> Result<Vec<OrganizationId>> {
    let texts: Vec<String> = by.iter().cloned().collect();
    Ok(traces::table
        .filter(trace::trace.eq_any(texts))
        .select(trace::organization_id)
        .distinct()
        .order(trace::organization_id)
        .load(conn)?)
}

/// Up to `limit` other firms of a kind that share one of these traces, the
/// oldest first, and none of those in `but`.
///
/// # Errors
/// A statement failed.
pub fn sharing(
    conn: &mut Conn,
    organization: OrganizationId,
    kind: OrganizationKind,
    found: &[&String],
    but: &[OrganizationId],
    limit: i64,
) -> Result<Vec<OrganizationId>> {
    let texts: Vec<String> = found.iter().copied().cloned().collect();
    Ok(traces::table
        .inner_join(organizations::table.on(organizations::id.eq(trace::organization_id)))
        .filter(trace::trace.eq_any(texts))
        .filter(trace::organization_id.ne(organization))
        .filter(trace::organization_id.ne_all(but.to_vec()))
        .filter(organizations::kind.eq(kind.code()))
        .select(trace::organization_id)
        .distinct()
        .order(trace::organization_id)
        .limit(limit)
        .load(conn)?)
}

/// Up to `limit` firms after that one that were not looked at, or in an older
/// way.
///
/// # Errors
/// A statement failed.
pub fn unseen(
    conn: &mut Conn,
    after: Option<OrganizationId>,
    limit: i64,
) -> Result<Vec<OrganizationId>> {
    let seen = faces::table
        .filter(face::organization_id.eq(organizations::id))
        .filter(face::folding.ge(FOLDING));
    let kinds = OrganizationKind::ALL
        .iter()
        .filter(|kind| can_be_twins(**kind));
    let after = after.unwrap_or_else(|| uuid::Uuid::nil().into());
    Ok(organizations::table
        .filter(organizations::id.gt(after))
        .filter(organizations::kind.eq_any(kinds.map(|kind| kind.code())))
        .filter(diesel::dsl::not(diesel::dsl::exists(seen)))
        .order(organizations::id)
        .select(organizations::id)
        .limit(limit)
        .load(conn)?)
}

/// Stores a new duplicate.
///
/// # Errors
/// A statement failed: also when the pair has one already.
pub fn insert(conn: &mut Conn, duplicate: &Duplicate) -> Result<()> {
    let Duplicate {
        id,
        organizations: (lower, upper),
        kind,
        score,
        reasons,
        state,
        note,
        judged_by,
        kept,
        version,
        created_at,
        updated_at,
    } = duplicate;
    diesel::insert_into(duplicates::table)
        .values((
            dsl::id.eq(id),
            dsl::lower_organization_id.eq(lower),
            dsl::upper_organization_id.eq(upper),
            dsl::kind.eq(kind.code()),
            dsl::score.eq(i64::from(*score)),
            dsl::reasons.eq(json::duplicate::encode(reasons)?),
            dsl::state.eq(state.code()),
            dsl::note.eq(note.as_deref()),
            dsl::judged_by.eq(judged_by),
            dsl::kept_id.eq(kept),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Stores the new state of a duplicate, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, duplicate: &Duplicate) -> Result<bool> {
    let before = duplicates::table
        .find(duplicate.id)
        .filter(dsl::version.eq(duplicate.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::score.eq(i64::from(duplicate.score)),
            dsl::reasons.eq(json::duplicate::encode(&duplicate.reasons)?),
            dsl::state.eq(duplicate.state.code()),
            dsl::note.eq(duplicate.note.as_deref()),
            dsl::judged_by.eq(duplicate.judged_by),
            dsl::kept_id.eq(duplicate.kept),
            dsl::version.eq(duplicate.version),
            dsl::updated_at.eq(Timestamp(duplicate.updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// The duplicate with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: DuplicateId) -> Result<Option<Duplicate>> {
    let row: Option<Row> = duplicates::table.find(id).first(conn).optional()?;
    row.map(duplicate).transpose()
}

/// The duplicate of two firms.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_pair(
    conn: &mut Conn,
    a: OrganizationId,
    b: OrganizationId,
) -> Result<Option<Duplicate>> {
    let (lower, upper) = pair::ordered(a, b);
    let row: Option<Row> = duplicates::table
        .filter(dsl::lower_organization_id.eq(lower))
        .filter(dsl::upper_organization_id.eq(upper))
        .first(conn)
        .optional()?;
    row.map(duplicate).transpose()
}

/// The open duplicates of a firm, oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn open_of(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<Duplicate>> {
    let rows: Vec<Row> = duplicates::table
        .filter(
            dsl::lower_organization_id
                .eq(organization)
                .or(dsl::upper_organization_id.eq(organization)),
        )
        .filter(dsl::state.eq(DuplicateState::Open.code()))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(duplicate).collect()
}

/// At most `limit` of the open duplicates of a firm, the surest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn surest_of(
    conn: &mut Conn,
    organization: OrganizationId,
    limit: i64,
) -> Result<Vec<Duplicate>> {
    let rows: Vec<Row> = duplicates::table
        .filter(
            dsl::lower_organization_id
                .eq(organization)
                .or(dsl::upper_organization_id.eq(organization)),
        )
        .filter(dsl::state.eq(DuplicateState::Open.code()))
        .order((dsl::score.desc(), dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(duplicate).collect()
}

/// Duplicates from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Duplicate>> {
    let mut query = duplicates::table.into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(dsl::state.eq(state.code()));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(dsl::kind.eq(kind.code()));
    }
    if let Some(organization) = filter.organization {
        query = query.filter(
            dsl::lower_organization_id
                .eq(organization)
                .or(dsl::upper_organization_id.eq(organization)),
        );
    }
    if let Some(score) = filter.min_score {
        query = query.filter(dsl::score.ge(i64::from(score)));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(duplicate).collect()
}

fn duplicate(row: Row) -> Result<Duplicate> {
    let Row {
        id,
        lower_organization_id,
        upper_organization_id,
        kind,
        score,
        reasons,
        state,
        note,
        judged_by,
        kept_id,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(Duplicate {
        id,
        organizations: (lower_organization_id, upper_organization_id),
        kind: stored::code(&kind, OrganizationKind::from_code)?,
        score: u32::try_from(score)
            .map_err(|_| Error::Corrupt(format!("the score of duplicate {id}")))?,
        reasons: json::duplicate::decode(&reasons)?,
        state: stored::code(&state, DuplicateState::from_code)?,
        note,
        judged_by,
        kept: kept_id,
        version,
        created_at,
        updated_at,
    })
}
