//! Evidence that no commitment of its programme asks for.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::programme_schema::programme_evidence::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Result, keyset, stored};
use crate::domain::commitment::EvidenceKind;
use crate::domain::ids::{CommitmentId, OrganizationId, ProgrammeId, UserId};
use crate::domain::programme_evidence::{EvidenceState, ProgrammeEvidence};

#[derive(Queryable)]
struct Row {
    id: Id,
    programme_id: ProgrammeId,
    kind: String,
    happened_on: NaiveDate,
    note: String,
    organization_id: Option<OrganizationId>,
    given_by: UserId,
    state: String,
    commitment_id: Option<CommitmentId>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    withdrawn_for: Option<String>,
}

/// Puts it on record.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, given: &ProgrammeEvidence) -> Result<()> {
    let ProgrammeEvidence {
        id,
        programme,
        kind,
        happened_on,
        note,
        organization,
        by,
        state,
        commitment,
        withdrawn_for,
        version,
        created_at,
        updated_at,
    } = given;
    diesel::insert_into(programme_evidence::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::programme_id.eq(programme),
            dsl::kind.eq(kind.code()),
            dsl::happened_on.eq(happened_on),
            dsl::note.eq(note),
            dsl::organization_id.eq(organization),
            dsl::given_by.eq(by),
            dsl::state.eq(state.code()),
            dsl::commitment_id.eq(commitment),
            dsl::withdrawn_for.eq(withdrawn_for),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Stores where it stands by now, its version risen by one; false when somebody
/// else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, after: &ProgrammeEvidence) -> Result<bool> {
    let before = programme_evidence::table
        .find(Id::of(after.id))
        .filter(dsl::version.eq(after.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::state.eq(after.state.code()),
            dsl::commitment_id.eq(after.commitment),
            dsl::withdrawn_for.eq(after.withdrawn_for.as_deref()),
            dsl::version.eq(after.version),
            dsl::updated_at.eq(Timestamp(after.updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Puts the words there that compliance let through; nothing where there is no
/// such evidence.
///
/// # Errors
/// A statement failed.
pub fn set_note(conn: &mut Conn, id: Uuid, note: &str) -> Result<()> {
    diesel::update(programme_evidence::table.find(Id::of(id)))
        .set((dsl::note.eq(note), dsl::version.eq(dsl::version + 1)))
        .execute(conn)?;
    Ok(())
}

/// The one with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<ProgrammeEvidence>> {
    let row: Option<Row> = programme_evidence::table
        .find(Id::of(id))
        .first(conn)
        .optional()?;
    row.map(evidence).transpose()
}

/// That of a programme, from the oldest on, all or what stands so; one more than
/// `limit` when there is more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    (programme, state): (ProgrammeId, Option<EvidenceState>),
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<ProgrammeEvidence>> {
    let mut query = programme_evidence::table
        .filter(dsl::programme_id.eq(programme))
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(dsl::state.eq(state.code()));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(evidence).collect()
}

fn evidence(row: Row) -> Result<ProgrammeEvidence> {
    let Row {
        id,
        programme_id,
        kind,
        happened_on,
        note,
        organization_id,
        given_by,
        state,
        commitment_id,
        version,
        created_at,
        updated_at,
        withdrawn_for,
    } = row;
    Ok(ProgrammeEvidence {
        id: id.uuid(),
        programme: programme_id,
        kind: stored::code(&kind, EvidenceKind::from_code)?,
        happened_on,
        note,
        organization: organization_id,
        by: given_by,
        state: stored::code(&state, EvidenceState::from_code)?,
        commitment: commitment_id,
        withdrawn_for,
        version,
        created_at,
        updated_at,
    })
}
