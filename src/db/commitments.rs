//! What the parties of programmes promise, and the evidence of what came of it.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::programme_schema::commitment_evidence as evidence;
use super::programme_schema::commitments::{self, dsl};
use super::types::{Id, Timestamp};
use super::worklist::{Owners, Under};
use super::{Conn, Error, Result, keyset, sql, stored};
use crate::domain::commitment::{
    Adds, Commitment, CommitmentDetails, CommitmentStatus, Evidence, EvidenceKind, Goal, Measure,
    Target, TargetKind,
};
use crate::domain::ids::{CommitmentId, OrganizationId, ProgrammeId, UserId};
use crate::domain::money::Money;

/// Which commitments to list; what is absent doesn't matter.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Under that programme.
    pub programme: ProgrammeId,
    /// To that end.
    pub goal: Option<Goal>,
    /// That stand so.
    pub status: Option<CommitmentStatus>,
    /// Seen to by that party.
    pub owner: Option<OrganizationId>,
}

#[derive(Queryable)]
struct Row {
    id: CommitmentId,
    programme_id: ProgrammeId,
    goal: String,
    title: String,
    measure: String,
    target: String,
    target_number: Option<i64>,
    target_currency: Option<String>,
    target_date: Option<NaiveDate>,
    target_text: Option<String>,
    unit: Option<String>,
    due: NaiveDate,
    owner_id: OrganizationId,
    status: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A target as its columns hold it: number, currency, date, text.
type Columns = (
    Option<i64>,
    Option<String>,
    Option<NaiveDate>,
    Option<String>,
);

fn columns(target: &Target) -> Columns {
    match target {
        Target::Count(count) => (Some(*count), None, None, None),
        Target::Money(money) => {
            let currency = money.currency.code().to_owned();
            (Some(money.amount_minor), Some(currency), None, None)
        }
        Target::Date(day) => (None, None, Some(*day), None),
        Target::Text(text) => (None, None, None, Some(text.clone())),
    }
}

/// Stores a new commitment.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, commitment: &Commitment) -> Result<()> {
    let Commitment {
        id,
        programme,
        details,
        status,
        version,
        created_at,
        updated_at,
    } = commitment;
    let (number, currency, date, text) = columns(&details.target);
    diesel::insert_into(commitments::table)
        .values((
            dsl::id.eq(id),
            dsl::programme_id.eq(programme),
            dsl::goal.eq(details.goal.code()),
            dsl::title.eq(&details.title),
            dsl::measure.eq(details.measure.code()),
            dsl::target.eq(details.target.kind().code()),
            dsl::target_number.eq(number),
            dsl::target_currency.eq(currency),
            dsl::target_date.eq(date),
            dsl::target_text.eq(text),
            dsl::unit.eq(details.unit.as_deref()),
            dsl::due.eq(details.due),
            dsl::owner_id.eq(details.owner),
            dsl::status.eq(status.code()),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that an open commitment got evidence: its version rises, so that whoever
/// closes it by the share of before is told; false when it is open no more.
///
/// # Errors
/// A statement failed.
pub fn note_evidence(conn: &mut Conn, id: CommitmentId, now: DateTime<Utc>) -> Result<bool> {
    let open = commitments::table
        .find(id)
        .filter(dsl::status.eq(CommitmentStatus::Open.code()));
    let changed = diesel::update(open)
        .set((
            dsl::version.eq(dsl::version + 1),
            dsl::updated_at.eq(Timestamp(now)),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Stores the new state of a commitment, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, commitment: &Commitment) -> Result<bool> {
    let Commitment {
        id,
        programme: _,
        details,
        status,
        version,
        created_at: _,
        updated_at,
    } = commitment;
    let (number, currency, date, text) = columns(&details.target);
    let before = commitments::table
        .find(id)
        .filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::goal.eq(details.goal.code()),
            dsl::title.eq(&details.title),
            dsl::measure.eq(details.measure.code()),
            dsl::target.eq(details.target.kind().code()),
            dsl::target_number.eq(number),
            dsl::target_currency.eq(currency),
            dsl::target_date.eq(date),
            dsl::target_text.eq(text),
            dsl::unit.eq(details.unit.as_deref()),
            dsl::due.eq(details.due),
            dsl::owner_id.eq(details.owner),
            dsl::status.eq(status.code()),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// The commitment with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: CommitmentId) -> Result<Option<Commitment>> {
    let row: Option<Row> = commitments::table.find(id).first(conn).optional()?;
    row.map(commitment).transpose()
}

/// Commitments from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Commitment>> {
    let mut query = commitments::table
        .filter(dsl::programme_id.eq(filter.programme))
        .into_boxed();
    if let Some(goal) = filter.goal {
        query = query.filter(dsl::goal.eq(goal.code()));
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(owner) = filter.owner {
        query = query.filter(dsl::owner_id.eq(owner));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(commitment).collect()
}

/// Every commitment of a programme, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn all(conn: &mut Conn, programme: ProgrammeId) -> Result<Vec<Commitment>> {
    let rows: Vec<Row> = commitments::table
        .filter(dsl::programme_id.eq(programme))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(commitment).collect()
}

/// Open commitments that are due until a day, the first due first: all, or
/// those that one of these parties sees to.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn due(
    conn: &mut Conn,
    until: NaiveDate,
    (owners, under): (Owners<'_>, Under),
    limit: i64,
) -> Result<Vec<Commitment>> {
    let mut query = commitments::table
        .filter(dsl::status.eq(CommitmentStatus::Open.code()))
        .filter(dsl::due.le(until))
        .into_boxed();
    if let Some(owners) = owners {
        query = query.filter(dsl::owner_id.eq_any(owners.to_vec()));
    }
    if let Some(programme) = under {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    let rows: Vec<Row> = query.order((dsl::due, dsl::id)).limit(limit).load(conn)?;
    rows.into_iter().map(commitment).collect()
}

/// These commitments, in no order.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[CommitmentId]) -> Result<Vec<Commitment>> {
    let rows: Vec<Row> = commitments::table
        .filter(dsl::id.eq_any(ids.to_vec()))
        .load(conn)?;
    rows.into_iter().map(commitment).collect()
}

/// Keeps a piece of evidence; false when another one has replaced the same
/// piece already.
///
/// # Errors
/// A statement failed.
pub fn insert_evidence(conn: &mut Conn, given: &Evidence) -> Result<bool> {
    let Evidence {
        id,
        commitment,
        kind,
        adds,
        happened_on,
        note,
        organization,
        by,
        created_at,
        replaces,
        replaced_by: _,
    } = given;
    let (code, number, currency) = match adds {
        Adds::Nothing => ("nothing", None, None),
        Adds::Count(count) => ("count", Some(*count), None),
        Adds::Money(money) => (
            "money",
            Some(money.amount_minor),
            Some(money.currency.code().to_owned()),
        ),
        Adds::Fulfils => ("fulfils", None, None),
    };
    let insert = diesel::insert_into(evidence::table)
        .values((
            evidence::id.eq(Id::of(*id)),
            evidence::commitment_id.eq(commitment),
            evidence::kind.eq(kind.code()),
            evidence::adds.eq(code),
            evidence::number.eq(number),
            evidence::currency.eq(currency),
            evidence::happened_on.eq(happened_on),
            evidence::note.eq(note),
            evidence::organization_id.eq(organization),
            evidence::given_by.eq(by),
            evidence::created_at.eq(Timestamp(*created_at)),
            evidence::replaces_id.eq(replaces.map(Id::of)),
        ))
        .on_conflict(evidence::replaces_id)
        .do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// Has words stand with a piece of evidence.
///
/// # Errors
/// A statement failed.
pub fn set_evidence_note(conn: &mut Conn, id: uuid::Uuid, note: &str) -> Result<()> {
    diesel::update(evidence::table.find(Id::of(id)))
        .set(evidence::note.eq(note))
        .execute(conn)?;
    Ok(())
}

type EvidenceRow = (
    Id,
    CommitmentId,
    String,
    String,
    Option<i64>,
    Option<String>,
    NaiveDate,
    String,
    Option<OrganizationId>,
    UserId,
    DateTime<Utc>,
    Option<Id>,
);

/// One piece of evidence.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_evidence(conn: &mut Conn, id: uuid::Uuid) -> Result<Option<Evidence>> {
    let row: Option<EvidenceRow> = evidence::table.find(Id::of(id)).first(conn).optional()?;
    let mut found: Vec<Evidence> = row.map(given).transpose()?.into_iter().collect();
    note_replaced(conn, &mut found)?;
    Ok(found.pop())
}

/// Notes what has replaced pieces of evidence.
fn note_replaced(conn: &mut Conn, found: &mut [Evidence]) -> Result<()> {
    let ids: Vec<Option<Id>> = found.iter().map(|it| Some(Id::of(it.id))).collect();
    let rows: Vec<(Option<Id>, Id)> = evidence::table
        .filter(evidence::replaces_id.eq_any(ids))
        .select((evidence::replaces_id, evidence::id))
        .load(conn)?;
    for given in found {
        let mut rows = rows.iter();
        let by = rows.find(|(replaced, _)| replaced.map(Id::uuid) == Some(given.id));
        given.replaced_by = by.map(|(_, id)| id.uuid());
    }
    Ok(())
}

/// The evidence for a commitment, from the oldest on; one more than `limit`
/// when there is more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list_evidence(
    conn: &mut Conn,
    commitment: CommitmentId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Evidence>> {
    let mut query = evidence::table
        .filter(evidence::commitment_id.eq(commitment))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(evidence::created_at, evidence::id, cursor));
    }
    let rows: Vec<EvidenceRow> = query
        .order((evidence::created_at, evidence::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    let mut found: Vec<Evidence> = rows.into_iter().map(given).collect::<Result<_>>()?;
    note_replaced(conn, &mut found)?;
    Ok(found)
}

fn money(number: Option<i64>, currency: Option<&str>) -> Result<Option<Money>> {
    match (number, currency) {
        (Some(number), Some(currency)) => Ok(Some(Money::new(number, stored::parse(currency)?))),
        _ => Ok(None),
    }
}

fn given(row: EvidenceRow) -> Result<Evidence> {
    let (id, commitment, kind, adds, number, currency, on, note, organization, by, at, replaces) =
        row;
    let damaged = || Error::Corrupt(format!("evidence {} adds nothing known", id.uuid()));
    let adds = match adds.as_str() {
        "nothing" => Adds::Nothing,
        "count" => Adds::Count(number.ok_or_else(damaged)?),
        "money" => Adds::Money(money(number, currency.as_deref())?.ok_or_else(damaged)?),
        "fulfils" => Adds::Fulfils,
        _ => return Err(damaged()),
    };
    Ok(Evidence {
        id: id.uuid(),
        commitment,
        kind: stored::code(&kind, EvidenceKind::from_code)?,
        adds,
        happened_on: on,
        note,
        organization,
        by,
        created_at: at,
        replaces: replaces.map(Id::uuid),
        replaced_by: None,
    })
}

fn commitment(row: Row) -> Result<Commitment> {
    let Row {
        id,
        programme_id,
        goal,
        title,
        measure,
        target,
        target_number,
        target_currency,
        target_date,
        target_text,
        unit,
        due,
        owner_id,
        status,
        version,
        created_at,
        updated_at,
    } = row;
    let damaged = || Error::Corrupt(format!("commitment {id} has no target"));
    let target = match stored::code(&target, TargetKind::from_code)? {
        TargetKind::Count => Target::Count(target_number.ok_or_else(damaged)?),
        TargetKind::Money => {
            let amount = money(target_number, target_currency.as_deref())?;
            Target::Money(amount.ok_or_else(damaged)?)
        }
        TargetKind::Date => Target::Date(target_date.ok_or_else(damaged)?),
        TargetKind::Text => Target::Text(target_text.ok_or_else(damaged)?),
    };
    Ok(Commitment {
        id,
        programme: programme_id,
        details: CommitmentDetails {
            goal: stored::code(&goal, Goal::from_code)?,
            title,
            measure: stored::code(&measure, Measure::from_code)?,
            target,
            unit,
            due,
            owner: owner_id,
        },
        status: stored::code(&status, CommitmentStatus::from_code)?,
        version,
        created_at,
        updated_at,
    })
}
