//! What one of two people has said yes to, and waits for the second: which
//! records, since when. Whoever was the first is not the second.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use super::deal_seconds::About;
use super::programme_schema::{deal_closings, deal_seconds};
use super::review_schema::{blocks, export_licences, suspensions};
use super::schema::deals;
use super::types::Id;
use super::worklist::{Owners, Under, Waiting};
use super::{Conn, Error, Result};
use crate::domain::closing::ClosingStatus;
use crate::domain::deal_work::Camp;
use crate::domain::event::SubjectKind;
use crate::domain::ids::{OrganizationId, ProgrammeId, UserId};
use crate::domain::licence::LicenceStatus;
use crate::domain::pipeline::DealStatus;

diesel::allow_tables_to_appear_in_same_query!(deal_seconds, deals);
diesel::allow_tables_to_appear_in_same_query!(deal_closings, deals);

/// A matter of a deal to which somebody has said yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seconded {
    /// Of which deal.
    pub deal: Waiting,
    /// To what, as it is kept.
    pub matter: String,
    /// Of a payment, for whom it is said.
    pub camp: Option<Camp>,
    /// Who of the two has said so.
    pub by: UserId,
    /// Of which startup.
    pub startup: OrganizationId,
    /// Of which investor.
    pub investor: OrganizationId,
}

const fn waiting(id: Uuid, since: DateTime<Utc>, by: Option<NaiveDate>) -> Waiting {
    Waiting {
        id,
        programme: None,
        since,
        by,
    }
}

/// Which yeses to matters of deals.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// That a blocked deal goes on, said by somebody else than them, who has not
    /// said so.
    Unblocked(UserId),
    /// Funding that a side is silent about, likewise.
    Vouched(UserId),
    /// Payments, said to have arrived for the operator, likewise.
    PaidToOperator(UserId),
    /// Payments of deals of these startups.
    PaidTo(&'a [OrganizationId]),
    /// Payments of that investor.
    PaidBy(OrganizationId),
}

/// Matters of deals that run or stand still to which people have said yes, the
/// longest waiting first.
///
/// # Errors
/// A statement failed.
pub fn of_deals(
    conn: &mut Conn,
    wanted: Wanted<'_>,
    under: Under,
    limit: i64,
) -> Result<Vec<Seconded>> {
    type Row = (
        (Id, ProgrammeId, OrganizationId, OrganizationId),
        (String, UserId, DateTime<Utc>, Option<String>),
    );
    let going = [DealStatus::Open, DealStatus::OnHold, DealStatus::Blocked];
    let mut query = deal_seconds::table
        .inner_join(deals::table.on(deals::id.eq(deal_seconds::deal_id)))
        .filter(deals::status.eq_any(going.map(DealStatus::code)))
        .select((
            (
                deals::id,
                deals::programme_id,
                deals::startup_id,
                deals::investor_id,
            ),
            (
                deal_seconds::matter,
                deal_seconds::person_id,
                deal_seconds::created_at,
                deal_seconds::camp,
            ),
        ))
        .into_boxed();
    let unsaid_by = |reader: UserId| {
        let mine = diesel::alias!(deal_seconds as mine);
        let said = mine
            .filter(mine.field(deal_seconds::deal_id).eq(deal_seconds::deal_id))
            .filter(mine.field(deal_seconds::matter).eq(deal_seconds::matter))
            .filter(mine.field(deal_seconds::person_id).eq(reader));
        not(exists(said))
    };
    query = match wanted {
        Wanted::Unblocked(reader) => query
            .filter(deal_seconds::kind.eq(About::UNBLOCK))
            .filter(unsaid_by(reader)),
        Wanted::Vouched(reader) => query
            .filter(deal_seconds::kind.eq(About::VOUCH))
            .filter(unsaid_by(reader)),
        Wanted::PaidToOperator(reader) => query
            .filter(deal_seconds::kind.eq(About::PAID))
            .filter(deal_seconds::camp.eq(Camp::Operator.code()))
            .filter(unsaid_by(reader)),
        Wanted::PaidTo(startups) => query
            .filter(deal_seconds::kind.eq(About::PAID))
            .filter(deals::startup_id.eq_any(startups.to_vec())),
        Wanted::PaidBy(investor) => query
            .filter(deal_seconds::kind.eq(About::PAID))
            .filter(deal_seconds::payer_id.eq(investor)),
    };
    if let Some(programme) = under {
        query = query.filter(deals::programme_id.eq(programme));
    }
    let rows: Vec<Row> = query
        .order((deal_seconds::created_at, deal_seconds::matter))
        .limit(limit)
        .load(conn)?;
    let row = |((id, programme, startup, investor), (matter, by, since, camp)): Row| Seconded {
        deal: Waiting {
            programme: Some(programme),
            ..waiting(id.uuid(), since, None)
        },
        matter,
        camp: camp.as_deref().and_then(Camp::from_code),
        by,
        startup,
        investor,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Closings of open deals, of these startups or of all, that should be closed by
/// now, or were closed and wait for their money; each with the day it was
/// planned for.
///
/// # Errors
/// A statement failed.
pub fn closings(
    conn: &mut Conn,
    (startups, under): (Owners<'_>, Under),
    today: NaiveDate,
    limit: i64,
) -> Result<Vec<Waiting>> {
    let planned = deal_closings::status
        .eq(ClosingStatus::Planned.code())
        .and(deal_closings::closes_on.le(today));
    let mut query = deal_closings::table
        .inner_join(deals::table.on(deals::id.eq(deal_closings::deal_id)))
        .filter(deals::status.eq(DealStatus::Open.code()))
        .filter(planned.or(deal_closings::status.eq(ClosingStatus::Closed.code())))
        .select((
            deals::id,
            deals::programme_id,
            deals::stage_entered_at,
            deal_closings::closes_on,
        ))
        .into_boxed();
    if let Some(startups) = startups {
        query = query.filter(deals::startup_id.eq_any(startups.to_vec()));
    }
    if let Some(programme) = under {
        query = query.filter(deals::programme_id.eq(programme));
    }
    let rows: Vec<(Id, ProgrammeId, DateTime<Utc>, NaiveDate)> = query
        .order((deal_closings::closes_on, deals::id))
        .limit(limit)
        .load(conn)?;
    let row = |(id, programme, since, on): (Id, ProgrammeId, DateTime<Utc>, NaiveDate)| Waiting {
        programme: Some(programme),
        ..waiting(id.uuid(), since, Some(on))
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Blocks of which somebody else than the reader has asked that they end.
///
/// # Errors
/// A statement failed.
pub fn blocks_to_lift(conn: &mut Conn, reader: UserId, limit: i64) -> Result<Vec<Waiting>> {
    let rows: Vec<(Id, DateTime<Utc>)> = blocks::table
        .filter(blocks::first_lifted_by.is_not_null())
        .filter(blocks::first_lifted_by.ne(reader))
        .select((blocks::id, blocks::created_at))
        .order((blocks::created_at, blocks::id))
        .limit(limit)
        .load(conn)?;
    let row = |(id, since): (Id, DateTime<Utc>)| waiting(id.uuid(), since, None);
    Ok(rows.into_iter().map(row).collect())
}

/// Records that are suspended and that somebody else than the reader wants back,
/// each with its kind.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn records_to_restore(
    conn: &mut Conn,
    reader: UserId,
    limit: i64,
) -> Result<Vec<(SubjectKind, Waiting)>> {
    let rows: Vec<(String, Id, DateTime<Utc>)> = suspensions::table
        .filter(suspensions::restored_at.is_null())
        .filter(suspensions::first_restored_by.is_not_null())
        .filter(suspensions::first_restored_by.ne(reader))
        .select((
            suspensions::subject_kind,
            suspensions::subject_id,
            suspensions::suspended_at,
        ))
        .order((suspensions::suspended_at, suspensions::id))
        .limit(limit)
        .load(conn)?;
    rows.into_iter()
        .map(|(kind, id, since)| {
            let found = SubjectKind::from_code(&kind)
                .ok_or_else(|| Error::Corrupt(format!("a suspended \"{kind}\"")))?;
            Ok((found, waiting(id.uuid(), since, None)))
        })
        .collect()
}

/// Licences that were written down and that nobody has checked.
///
/// # Errors
/// A statement failed.
pub fn licences_to_check(conn: &mut Conn, reader: UserId, limit: i64) -> Result<Vec<Waiting>> {
    let rows: Vec<(Id, DateTime<Utc>)> = export_licences::table
        .filter(export_licences::status.eq(LicenceStatus::Recorded.code()))
        .filter(export_licences::recorded_by.ne(reader))
        .select((export_licences::id, export_licences::created_at))
        .order((export_licences::created_at, export_licences::id))
        .limit(limit)
        .load(conn)?;
    let row = |(id, since): (Id, DateTime<Utc>)| waiting(id.uuid(), since, None);
    Ok(rows.into_iter().map(row).collect())
}

/// Checked licences, of these firms or of all, that end between two days.
///
/// # Errors
/// A statement failed.
pub fn licences_to_renew(
    conn: &mut Conn,
    owners: Option<&[OrganizationId]>,
    (today, until): (NaiveDate, NaiveDate),
    limit: i64,
) -> Result<Vec<Waiting>> {
    let mut query = export_licences::table
        .filter(export_licences::status.eq(LicenceStatus::Checked.code()))
        .filter(export_licences::valid_to.ge(today))
        .filter(export_licences::valid_to.le(until))
        .select((
            export_licences::id,
            export_licences::created_at,
            export_licences::valid_to,
        ))
        .into_boxed();
    if let Some(owners) = owners {
        query = query.filter(export_licences::organization_id.eq_any(owners.to_vec()));
    }
    let rows: Vec<(Id, DateTime<Utc>, NaiveDate)> = query
        .order((export_licences::valid_to, export_licences::id))
        .limit(limit)
        .load(conn)?;
    let row = |(id, since, by): (Id, DateTime<Utc>, NaiveDate)| waiting(id.uuid(), since, Some(by));
    Ok(rows.into_iter().map(row).collect())
}
