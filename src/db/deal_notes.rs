//! What people note about deals: the words they gave for a hold, a jump or a
//! reopening, of which the log holds hashes only, and notes of their own.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::schema::deal_notes::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Result, keyset, stored};
use crate::domain::deal_work::{Camp, DealNote, Marks, NoteState, Reader, Visibility};
use crate::domain::ids::{DealId, UserId};

type Row = (
    Id,
    DealId,
    String,
    String,
    UserId,
    DateTime<Utc>,
    String,
    String,
    String,
    Option<UserId>,
);

/// Keeps a note.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, note: &DealNote) -> Result<()> {
    let DealNote {
        id,
        deal,
        action,
        note,
        marks,
        state,
        first_cleared_by,
        created_at,
    } = note;
    diesel::insert_into(deal_notes::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::deal_id.eq(deal),
            dsl::action.eq(action),
            dsl::note.eq(note),
            dsl::author_id.eq(marks.author),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::visibility.eq(marks.visibility.code()),
            dsl::camp.eq(marks.camp.code()),
            dsl::state.eq(state.code()),
            dsl::first_cleared_by.eq(*first_cleared_by),
        ))
        .execute(conn)?;
    Ok(())
}

/// Stores how a note stands with compliance by now; false when somebody else was
/// first.
///
/// # Errors
/// A statement failed.
pub fn decide(
    conn: &mut Conn,
    before: &DealNote,
    (state, first): (NoteState, Option<UserId>),
) -> Result<bool> {
    let waiting = deal_notes::table
        .find(Id::of(before.id))
        .filter(dsl::state.eq(before.state.code()));
    let set = (dsl::state.eq(state.code()), dsl::first_cleared_by.eq(first));
    let changed = match before.first_cleared_by {
        None => diesel::update(waiting.filter(dsl::first_cleared_by.is_null()))
            .set(set)
            .execute(conn)?,
        Some(by) => diesel::update(waiting.filter(dsl::first_cleared_by.eq(by)))
            .set(set)
            .execute(conn)?,
    };
    Ok(changed == 1)
}

/// The notes that wait for compliance, the longest waiting first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn waiting(conn: &mut Conn, limit: i64) -> Result<Vec<DealNote>> {
    let rows: Vec<Row> = deal_notes::table
        .filter(dsl::state.eq(NoteState::Waiting.code()))
        .order((dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(note).collect()
}

/// One note.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<DealNote>> {
    let row: Option<Row> = deal_notes::table.find(Id::of(id)).first(conn).optional()?;
    row.map(note).transpose()
}

/// The notes about a deal that its reader learns of, from the oldest on; one
/// more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    deal: DealId,
    reader: &Reader,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<DealNote>> {
    let camps: Vec<_> = reader.camps.iter().map(|camp| camp.code()).collect();
    // What compliance has to read first, only its own people and the operator's
    // learn of.
    let cleared = [NoteState::Shown, NoteState::Cleared].map(NoteState::code);
    let readable = if reader.camps.contains(&Camp::Operator) {
        NoteState::ALL.iter().map(|state| state.code()).collect()
    } else {
        cleared.to_vec()
    };
    let across = dsl::visibility
        .eq(Visibility::Both.code())
        .and(dsl::camp.eq_any(shown_camps(reader)))
        .and(dsl::state.eq_any(readable));
    let own = dsl::visibility
        .eq(Visibility::Private.code())
        .and(dsl::author_id.eq(reader.person));
    let ours = dsl::visibility
        .ne(Visibility::Private.code())
        .and(dsl::camp.eq_any(camps));
    let mut query = deal_notes::table
        .filter(dsl::deal_id.eq(deal))
        .filter(own.or(ours).or(across))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(note).collect()
}

/// Whose words for both sides the reader is shown.
pub(super) fn shown_camps(reader: &Reader) -> Vec<&'static str> {
    let all = if reader.sees_across {
        Camp::ALL
    } else {
        &reader.camps
    };
    all.iter().map(|camp| camp.code()).collect()
}

fn note(row: Row) -> Result<DealNote> {
    let (id, deal, action, note, author, created_at, visibility, camp, state, first) = row;
    Ok(DealNote {
        id: id.uuid(),
        deal,
        action,
        note,
        marks: Marks {
            visibility: stored::code(&visibility, Visibility::from_code)?,
            camp: stored::code(&camp, Camp::from_code)?,
            author,
        },
        state: stored::code(&state, NoteState::from_code)?,
        first_cleared_by: first,
        created_at,
    })
}
