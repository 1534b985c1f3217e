//! Words of practices and programmes that compliance reads before anybody of
//! another firm does.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::conn::MultiBackend;
use super::practice_schema::held_texts::{self, dsl};
use super::types::{Id, Timestamp};
use super::worklist::{Under, Waiting};
use super::{Conn, Result, stored};
use crate::domain::deal_work::NoteState;
use crate::domain::held_text::{HeldPlace, HeldText, Standing, TextOf};
use crate::domain::ids::{OrganizationId, PracticeId, ProgrammeId, UserId};

/// Most texts of one record that are read, the newest.
const MOST: i64 = 1_000;

/// What stands before a place that another text took.
const REPLACED: &str = "replaced:";

/// The places that hold their own text yet, as a pattern.
const NOT_THEIRS: &str = "replaced:%";

type Row = (
    Id,
    ProgrammeId,
    Option<PracticeId>,
    String,
    String,
    Option<OrganizationId>,
    UserId,
    String,
    Option<UserId>,
    DateTime<Utc>,
);

/// The texts of a record.
fn of_record(of: TextOf) -> held_texts::BoxedQuery<'static, MultiBackend> {
    let query = held_texts::table
        .filter(dsl::programme_id.eq(of.programme()))
        .into_boxed();
    match of.practice() {
        Some(practice) => query.filter(dsl::practice_id.eq(practice)),
        None => query.filter(dsl::practice_id.is_null()),
    }
}

/// Keeps a text.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, held: &HeldText) -> Result<()> {
    let HeldText {
        id,
        of,
        place,
        text,
        organization,
        author,
        state,
        first_cleared_by,
        created_at,
    } = held;
    diesel::insert_into(held_texts::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::programme_id.eq(of.programme()),
            dsl::practice_id.eq(of.practice()),
            dsl::place.eq(place),
            dsl::text.eq(text),
            dsl::organization_id.eq(*organization),
            dsl::author_id.eq(*author),
            dsl::state.eq(state.code()),
            dsl::first_cleared_by.eq(*first_cleared_by),
            dsl::created_at.eq(Timestamp(*created_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that another text has taken a place, or that the place is gone: what is
/// kept from it stays on record and waits no longer.
///
/// # Errors
/// A statement failed.
pub fn replace(conn: &mut Conn, of: TextOf, place: &HeldPlace) -> Result<()> {
    let kept = [NoteState::Waiting, NoteState::Refused].map(NoteState::code);
    let code = place.to_string();
    let before = held_texts::table
        .filter(dsl::programme_id.eq(of.programme()))
        .filter(dsl::place.eq(&code))
        .filter(dsl::state.eq_any(kept));
    let set = (
        dsl::place.eq(format!("{REPLACED}{code}")),
        dsl::state.eq(NoteState::Refused.code()),
    );
    match of.practice() {
        Some(practice) => diesel::update(before.filter(dsl::practice_id.eq(practice)))
            .set(set)
            .execute(conn)?,
        None => diesel::update(before.filter(dsl::practice_id.is_null()))
            .set(set)
            .execute(conn)?,
    };
    Ok(())
}

/// Stores how a text stands with compliance by now; false when somebody else was
/// first.
///
/// # Errors
/// A statement failed.
pub fn decide(conn: &mut Conn, before: &HeldText, (state, first): Standing) -> Result<bool> {
    let waiting = held_texts::table
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

/// One text.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<HeldText>> {
    let row: Option<Row> = held_texts::table.find(Id::of(id)).first(conn).optional()?;
    row.map(held).transpose()
}

/// Those of these texts that there are.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[Uuid]) -> Result<Vec<HeldText>> {
    let ids: Vec<Id> = ids.iter().map(|id| Id::of(*id)).collect();
    let rows: Vec<Row> = held_texts::table.filter(dsl::id.eq_any(ids)).load(conn)?;
    rows.into_iter().map(held).collect()
}

/// What was ever kept for a place of a record, the newest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn at(conn: &mut Conn, of: TextOf, place: &HeldPlace) -> Result<Vec<HeldText>> {
    let query = of_record(of).filter(dsl::place.eq(place.to_string()));
    let rows: Vec<Row> = query
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .load(conn)?;
    rows.into_iter().map(held).collect()
}

/// Those of these places of a record that something is kept from, by their codes.
///
/// # Errors
/// A statement failed.
pub fn kept_places(conn: &mut Conn, of: TextOf, places: &[HeldPlace]) -> Result<BTreeSet<String>> {
    let kept = [NoteState::Waiting, NoteState::Refused].map(NoteState::code);
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    let places: Vec<String> = of_record(of)
        .filter(dsl::place.eq_any(places))
        .filter(dsl::state.eq_any(kept))
        .select(dsl::place)
        .load(conn)?;
    Ok(places.into_iter().collect())
}

/// What is kept from these places of a record, the oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn kept_at(conn: &mut Conn, of: TextOf, places: &[HeldPlace]) -> Result<Vec<HeldText>> {
    let kept = [NoteState::Waiting, NoteState::Refused].map(NoteState::code);
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    let rows: Vec<Row> = of_record(of)
        .filter(dsl::place.eq_any(places))
        .filter(dsl::state.eq_any(kept))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(held).collect()
}

/// What is kept from the places of a record, the oldest first; of very much the
/// newest.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn kept_of(conn: &mut Conn, of: TextOf) -> Result<Vec<HeldText>> {
    let kept = [NoteState::Waiting, NoteState::Refused].map(NoteState::code);
    let rows: Vec<Row> = of_record(of)
        .filter(dsl::place.not_like(NOT_THEIRS))
        .filter(dsl::state.eq_any(kept))
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .limit(MOST)
        .load(conn)?;
    rows.into_iter().rev().map(held).collect()
}

/// How many texts under a programme wait that a firm's people wrote.
///
/// # Errors
/// A statement failed.
pub fn count_waiting(conn: &mut Conn, programme: ProgrammeId, by: OrganizationId) -> Result<i64> {
    Ok(held_texts::table
        .filter(dsl::programme_id.eq(programme))
        .filter(dsl::organization_id.eq(by))
        .filter(dsl::state.eq(NoteState::Waiting.code()))
        .count()
        .get_result(conn)?)
}

/// What is kept from the places of these practices, the oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn kept_of_practices(conn: &mut Conn, practices: &[PracticeId]) -> Result<Vec<HeldText>> {
    let kept = [NoteState::Waiting, NoteState::Refused].map(NoteState::code);
    let practices: Vec<Option<PracticeId>> = practices.iter().copied().map(Some).collect();
    let rows: Vec<Row> = held_texts::table
        .filter(dsl::practice_id.eq_any(practices))
        .filter(dsl::place.not_like(NOT_THEIRS))
        .filter(dsl::state.eq_any(kept))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(held).collect()
}

/// The texts that wait for that person of compliance, the longest waiting first;
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
    let mut query = held_texts::table
        .filter(dsl::state.eq(NoteState::Waiting.code()))
        .filter(
            dsl::first_cleared_by
                .is_null()
                .or(dsl::first_cleared_by.ne(decider)),
        )
        .select((dsl::id, dsl::programme_id, dsl::created_at))
        .into_boxed();
    if let Some(programme) = under {
        query = query.filter(dsl::programme_id.eq(programme));
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

/// Those of these programmes whose first scope is kept from their parties.
///
/// # Errors
/// A statement failed.
pub fn without_scope(conn: &mut Conn, programmes: &[ProgrammeId]) -> Result<Vec<ProgrammeId>> {
    let kept = [NoteState::Waiting, NoteState::Refused].map(NoteState::code);
    Ok(held_texts::table
        .filter(dsl::programme_id.eq_any(programmes.to_vec()))
        .filter(dsl::place.eq(HeldPlace::FirstScope.to_string()))
        .filter(dsl::state.eq_any(kept))
        .select(dsl::programme_id)
        .load(conn)?)
}

fn held(row: Row) -> Result<HeldText> {
    let (id, programme, practice, place, text, organization, author, state, first, created_at) =
        row;
    Ok(HeldText {
        id: id.uuid(),
        of: match practice {
            Some(practice) => TextOf::Practice(practice, programme),
            None => TextOf::Programme(programme),
        },
        place,
        text,
        organization,
        author,
        state: stored::code(&state, NoteState::from_code)?,
        first_cleared_by: first,
        created_at,
    })
}
