//! What people note about deals: the words they gave for a hold, a jump or a
//! reopening, of which the log holds hashes only, and notes of their own.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::schema::deal_notes::{self, dsl};
use super::schema::deals;
use super::types::{Id, Timestamp};
use super::worklist::{Under, Waiting};
use super::{Conn, Result, keyset, stored};
use crate::domain::deal_work::{
    Camp, DealNote, Marks, NOTE, NoteState, Reader, TextPlace, Visibility,
};
use crate::domain::ids::{DealId, ProgrammeId, UserId};

diesel::allow_tables_to_appear_in_same_query!(deal_notes, deals);

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
    bool,
    bool,
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
        gate_only,
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
            dsl::screened.eq(true),
            dsl::gate_only.eq(*gate_only),
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

/// The notes that wait for that person of compliance, the longest waiting first;
/// those that they were the first to let through are left out.
///
/// # Errors
/// A statement failed.
pub fn waiting_for(
    conn: &mut Conn,
    decider: UserId,
    under: Under,
    limit: i64,
) -> Result<Vec<Waiting>> {
    let mut query = deal_notes::table
        .inner_join(deals::table.on(deals::id.eq(dsl::deal_id)))
        .filter(dsl::state.eq(NoteState::Waiting.code()))
        .filter(
            dsl::first_cleared_by
                .is_null()
                .or(dsl::first_cleared_by.ne(decider)),
        )
        .select((dsl::id, deals::programme_id, dsl::created_at))
        .into_boxed();
    if let Some(programme) = under {
        query = query.filter(deals::programme_id.eq(programme));
    }
    let rows: Vec<(Id, ProgrammeId, DateTime<Utc>)> = query
        .order((dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    let waiting = |(id, programme, since): (Id, ProgrammeId, DateTime<Utc>)| Waiting {
        id: id.uuid(),
        programme: Some(programme),
        since,
        by: None,
    };
    Ok(rows.into_iter().map(waiting).collect())
}

/// The texts that wait for what the gate left open alone, the oldest first: of a
/// deal, or of all.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn for_gate(conn: &mut Conn, deal: Option<DealId>) -> Result<Vec<DealNote>> {
    let mut query = deal_notes::table
        .filter(dsl::state.eq(NoteState::Waiting.code()))
        .filter(dsl::gate_only.eq(true))
        .into_boxed();
    if let Some(deal) = deal {
        query = query.filter(dsl::deal_id.eq(deal));
    }
    let rows: Vec<Row> = query.order((dsl::created_at, dsl::id)).load(conn)?;
    rows.into_iter().map(note).collect()
}

/// Texts of a deal for other places than the notes that wait, or that compliance
/// keeps from the other side, the oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn held(conn: &mut Conn, deal: DealId) -> Result<Vec<DealNote>> {
    let held = [NoteState::Waiting, NoteState::Refused].map(NoteState::code);
    let rows: Vec<Row> = deal_notes::table
        .filter(dsl::deal_id.eq(deal))
        .filter(dsl::state.eq_any(held))
        .filter(dsl::action.ne(NOTE))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(note).collect()
}

/// Up to `most` texts of some deals for other places than the notes that wait, of
/// these camps, the longest waiting first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn waiting_for_places(
    conn: &mut Conn,
    deals: &[DealId],
    camps: &[Camp],
    most: i64,
) -> Result<Vec<DealNote>> {
    let camps: Vec<_> = camps.iter().map(|camp| camp.code()).collect();
    let rows: Vec<Row> = deal_notes::table
        .filter(dsl::deal_id.eq_any(deals.to_vec()))
        .filter(dsl::state.eq(NoteState::Waiting.code()))
        .filter(dsl::action.ne(NOTE))
        .filter(dsl::camp.eq_any(camps))
        .order((dsl::created_at, dsl::id))
        .limit(most)
        .load(conn)?;
    rows.into_iter().map(note).collect()
}

/// Notes that another text has taken the place of what is held for it; it stays
/// on record and waits no longer.
///
/// # Errors
/// A statement failed.
pub fn replace(conn: &mut Conn, deal: DealId, place: &TextPlace) -> Result<()> {
    let held = [NoteState::Waiting, NoteState::Refused].map(NoteState::code);
    let code = place.code();
    let before = deal_notes::table
        .filter(dsl::deal_id.eq(deal))
        .filter(dsl::action.eq(&code))
        .filter(dsl::state.eq_any(held));
    diesel::update(before)
        .set((
            dsl::action.eq(format!("replaced:{code}")),
            dsl::state.eq(NoteState::Refused.code()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes from before what both sides read was screened, up to `limit`.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn unscreened(conn: &mut Conn, limit: i64) -> Result<Vec<DealNote>> {
    let rows: Vec<Row> = deal_notes::table
        .filter(dsl::screened.eq(false))
        .order(dsl::id)
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(note).collect()
}

/// Notes that a note was screened, and whether it waits from now on.
///
/// # Errors
/// A statement failed.
pub fn screened(conn: &mut Conn, id: Uuid, waits: bool) -> Result<()> {
    if waits {
        let shown = deal_notes::table
            .find(Id::of(id))
            .filter(dsl::state.eq(NoteState::Shown.code()));
        diesel::update(shown)
            .set(dsl::state.eq(NoteState::Waiting.code()))
            .execute(conn)?;
    }
    diesel::update(deal_notes::table.find(Id::of(id)))
        .set(dsl::screened.eq(true))
        .execute(conn)?;
    Ok(())
}

/// One note.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<DealNote>> {
    let row: Option<Row> = deal_notes::table.find(Id::of(id)).first(conn).optional()?;
    row.map(note).transpose()
}

/// Those of these notes that there are.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[Uuid]) -> Result<Vec<DealNote>> {
    let rows: Vec<Row> = deal_notes::table
        .filter(dsl::id.eq_any(ids.iter().map(|id| Id::of(*id)).collect::<Vec<_>>()))
        .load(conn)?;
    rows.into_iter().map(note).collect()
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
    let is_operator = reader.camps.contains(&Camp::Operator);
    let readable = if is_operator {
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
        .and(dsl::camp.eq_any(camps.clone()));
    let mut query = deal_notes::table
        .filter(dsl::deal_id.eq(deal))
        .filter(own.or(ours).or(across))
        .into_boxed();
    if !is_operator {
        // Other texts of the other side stand at their places once they are let
        // through.
        let of_ours = dsl::camp.eq_any(camps);
        query = query.filter(dsl::action.eq(NOTE).or(of_ours));
    }
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
    let (id, deal, action, note, author, created_at, visibility, camp, state, first, _, gate) = row;
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
        gate_only: gate,
        created_at,
    })
}
