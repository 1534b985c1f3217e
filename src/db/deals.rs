//! Deals: one per introduction, and those that curators opened by hand.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::programme_schema::deal_participants;
use super::schema::deals::{self, dsl};
use super::types::Timestamp;
use super::{Conn, Error, IDS_AT_ONCE, Result, json, keyset, sql, stored};
use crate::domain::ids::{
    DealId, IntroductionId, MandateId, MatchId, OrganizationId, PipelineSetId, ProgrammeId,
    StartupProfileId, UserId,
};
use crate::domain::pipeline::{Deal, DealStatus, Origin};
use crate::domain::syndicate::Interest;
use crate::domain::text::Slug;
use crate::domain::time_order::{TimeOrder, Within};
use crate::domain::values::{CloseCode, Side};

/// Where a deal goes on, or may again.
pub(in crate::db) const GOING_ON: [DealStatus; 3] =
    [DealStatus::Open, DealStatus::OnHold, DealStatus::Blocked];

/// Which deals to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// With that firm on either side.
    pub organization: Option<OrganizationId>,
    /// In which one of these firms takes part, its own or another's.
    pub participants: Option<Vec<OrganizationId>>,
    /// That stand so.
    pub status: Option<DealStatus>,
    /// At that stage.
    pub stage: Option<Slug>,
    /// Under that programme.
    pub programme: Option<ProgrammeId>,
    /// Of that startup profile.
    pub startup_profile: Option<StartupProfileId>,
    /// Of that mandate.
    pub mandate: Option<MandateId>,
    /// On hold until that day or before.
    pub resume_by: Option<NaiveDate>,
    /// Opened then.
    pub created: Within,
    /// Changed then, for the last time.
    pub updated: Within,
    /// In what order; the oldest first, where it says nothing.
    pub sort: TimeOrder,
}

#[derive(Queryable)]
struct Row {
    id: DealId,
    programme_id: ProgrammeId,
    match_id: Option<MatchId>,
    introduction_id: Option<IntroductionId>,
    startup_profile_id: StartupProfileId,
    startup_id: OrganizationId,
    mandate_id: MandateId,
    investor_id: OrganizationId,
    pipeline: String,
    stage: String,
    stage_entered_at: DateTime<Utc>,
    status: String,
    resume_on: Option<NaiveDate>,
    close_code: Option<String>,
    reported_by: Option<String>,
    facts: String,
    startup_funding: Option<String>,
    investor_funding: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    pipeline_set_id: Option<PipelineSetId>,
    opened_by_id: Option<UserId>,
    opened_reason: Option<String>,
    opened_evidence: Option<String>,
}

/// Stores a new deal; false when its introduction has one already.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, deal: &Deal) -> Result<bool> {
    let Deal {
        id,
        programme,
        origin,
        startup_profile,
        startup,
        mandate,
        investor,
        pipeline_set,
        pipeline,
        stage,
        stage_entered_at,
        status,
        resume_on,
        close_code,
        reported_by,
        facts,
        startup_funding,
        investor_funding,
        version,
        created_at,
        updated_at,
    } = deal;
    let funding = json::deal::encode_funding;
    let by_hand = match origin {
        Origin::Introduction { .. } => None,
        Origin::ByHand {
            by,
            reason,
            evidence,
        } => Some((*by, reason, evidence)),
    };
    let insert = diesel::insert_into(deals::table)
        .values((
            dsl::id.eq(id),
            dsl::programme_id.eq(programme),
            dsl::match_id.eq(deal.matched()),
            dsl::introduction_id.eq(deal.introduction()),
            dsl::startup_profile_id.eq(startup_profile),
            dsl::startup_id.eq(startup),
            dsl::mandate_id.eq(mandate),
            dsl::investor_id.eq(investor),
            dsl::pipeline.eq(pipeline.as_str()),
            dsl::stage.eq(stage.as_str()),
            dsl::stage_entered_at.eq(Timestamp(*stage_entered_at)),
            dsl::status.eq(status.code()),
            dsl::resume_on.eq(resume_on),
            dsl::close_code.eq(close_code.map(CloseCode::code)),
            dsl::reported_by.eq(reported_by.map(Side::code)),
            dsl::facts.eq(json::deal::encode_facts(facts)?),
            dsl::startup_funding.eq(startup_funding.as_ref().map(funding).transpose()?),
            dsl::investor_funding.eq(investor_funding.as_ref().map(funding).transpose()?),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
            dsl::pipeline_set_id.eq(*pipeline_set),
            dsl::opened_by_id.eq(by_hand.map(|(by, ..)| by)),
            dsl::opened_reason.eq(by_hand.map(|(_, reason, _)| reason)),
            dsl::opened_evidence.eq(by_hand.map(|(.., evidence)| evidence)),
        ))
        .on_conflict(dsl::introduction_id)
        .do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// The deal with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: DealId) -> Result<Option<Deal>> {
    let row: Option<Row> = deals::table.find(id).first(conn).optional()?;
    row.map(deal).transpose()
}

/// Those of these deals that there are.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[DealId]) -> Result<Vec<Deal>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(IDS_AT_ONCE) {
        let rows: Vec<Row> = deals::table
            .filter(dsl::id.eq_any(some.to_vec()))
            .load(conn)?;
        for row in rows {
            found.push(deal(row)?);
        }
    }
    Ok(found)
}

/// Deals from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Deal>> {
    let mut query = deals::table.into_boxed();
    if let Some(organization) = filter.organization {
        let on_either_side = dsl::startup_id
            .eq(organization)
            .or(dsl::investor_id.eq(organization));
        query = query.filter(on_either_side);
    }
    if let Some(firms) = &filter.participants {
        let parts = deal_participants::table
            .filter(deal_participants::organization_id.eq_any(firms.clone()))
            .select(deal_participants::deal_id);
        query = query.filter(dsl::id.eq_any(parts));
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(stage) = &filter.stage {
        query = query.filter(dsl::stage.eq(stage.as_str()));
    }
    if let Some(programme) = filter.programme {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    if let Some(profile) = filter.startup_profile {
        query = query.filter(dsl::startup_profile_id.eq(profile));
    }
    if let Some(mandate) = filter.mandate {
        query = query.filter(dsl::mandate_id.eq(mandate));
    }
    if let Some(day) = filter.resume_by {
        query = query.filter(dsl::resume_on.le(day));
    }
    query = keyset::within(query, dsl::created_at, filter.created);
    query = keyset::within(query, dsl::updated_at, filter.updated);
    let by = (dsl::created_at, dsl::updated_at, dsl::id);
    let query = keyset::sorted(query, filter.sort, by, after);
    let rows: Vec<Row> = query.limit(page::fetch(limit)).load(conn)?;
    rows.into_iter().map(deal).collect()
}

/// Whether a deal of the two goes on in that pipeline, beside the one that is
/// asked for.
///
/// # Errors
/// A statement failed.
pub fn is_going_on(
    conn: &mut Conn,
    [startup, investor]: [OrganizationId; 2],
    pipeline: &Slug,
    beside: DealId,
) -> Result<bool> {
    let going_on = deals::table
        .filter(dsl::id.ne(beside))
        .filter(dsl::startup_id.eq(startup))
        .filter(dsl::investor_id.eq(investor))
        .filter(dsl::pipeline.eq(pipeline.as_str()))
        .filter(dsl::status.eq_any(GOING_ON.map(DealStatus::code)));
    Ok(diesel::select(diesel::dsl::exists(going_on)).get_result(conn)?)
}

/// The deals of a pipeline that are under way, on hold or won, the oldest
/// first: all, or those with one of these firms on a side or among those that
/// take part and haven't gone.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_pipeline(
    conn: &mut Conn,
    pipeline: &Slug,
    programme: Option<ProgrammeId>,
    owners: Option<&[OrganizationId]>,
) -> Result<Vec<Deal>> {
    let shown = [DealStatus::Open, DealStatus::OnHold, DealStatus::Won].map(DealStatus::code);
    let mut query = deals::table
        .filter(dsl::pipeline.eq(pipeline.as_str()))
        .filter(dsl::status.eq_any(shown))
        .into_boxed();
    if let Some(programme) = programme {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    if let Some(owners) = owners {
        let startup = dsl::startup_id.eq_any(owners.to_vec());
        let side = startup.or(dsl::investor_id.eq_any(owners.to_vec()));
        let joined = deal_participants::table
            .filter(deal_participants::organization_id.eq_any(owners.to_vec()))
            .filter(deal_participants::interest.ne(Interest::Withdrawn.code()))
            .select(deal_participants::deal_id);
        query = query.filter(side.or(dsl::id.eq_any(joined)));
    }
    let rows: Vec<Row> = query.order((dsl::created_at, dsl::id)).load(conn)?;
    rows.into_iter().map(deal).collect()
}

/// Stores the new state of a deal, its version risen by one; false when
/// somebody else was first. What it came from never changes.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, deal: &Deal) -> Result<bool> {
    let Deal {
        id,
        programme: _,
        origin: _,
        startup_profile: _,
        startup: _,
        mandate: _,
        investor: _,
        pipeline_set,
        pipeline,
        stage,
        stage_entered_at,
        status,
        resume_on,
        close_code,
        reported_by,
        facts,
        startup_funding,
        investor_funding,
        version,
        created_at: _,
        updated_at,
    } = deal;
    let funding = json::deal::encode_funding;
    let before = deals::table.find(id).filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::pipeline.eq(pipeline.as_str()),
            dsl::stage.eq(stage.as_str()),
            dsl::stage_entered_at.eq(Timestamp(*stage_entered_at)),
            dsl::status.eq(status.code()),
            dsl::resume_on.eq(resume_on),
            dsl::close_code.eq(close_code.map(CloseCode::code)),
            dsl::reported_by.eq(reported_by.map(Side::code)),
            dsl::facts.eq(json::deal::encode_facts(facts)?),
            dsl::startup_funding.eq(startup_funding.as_ref().map(funding).transpose()?),
            dsl::investor_funding.eq(investor_funding.as_ref().map(funding).transpose()?),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
            dsl::pipeline_set_id.eq(*pipeline_set),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Of which deals those under way are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnderWay {
    /// All.
    All,
    /// With that firm on a side.
    Firm(OrganizationId),
    /// Of that profile.
    Startup(StartupProfileId),
    /// Of that mandate.
    Mandate(MandateId),
}

/// Deals that are open or on hold by their ids, after one.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn under_way(
    conn: &mut Conn,
    of: UnderWay,
    after: Option<DealId>,
    limit: usize,
) -> Result<Vec<Deal>> {
    let status = [DealStatus::Open, DealStatus::OnHold].map(DealStatus::code);
    let mut query = deals::table.filter(dsl::status.eq_any(status)).into_boxed();
    query = match of {
        UnderWay::All => query,
        UnderWay::Firm(id) => query.filter(dsl::startup_id.eq(id).or(dsl::investor_id.eq(id))),
        UnderWay::Startup(id) => query.filter(dsl::startup_profile_id.eq(id)),
        UnderWay::Mandate(id) => query.filter(dsl::mandate_id.eq(id)),
    };
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows: Vec<Row> = query
        .order(dsl::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(deal).collect()
}

/// Up to `limit` deals on hold until today or an earlier day, the longest due
/// first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn due_to_resume(conn: &mut Conn, today: NaiveDate, limit: usize) -> Result<Vec<Deal>> {
    let rows: Vec<Row> = deals::table
        .filter(dsl::status.eq(DealStatus::OnHold.code()))
        .filter(dsl::resume_on.le(today))
        .order((dsl::resume_on, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(deal).collect()
}

fn deal(row: Row) -> Result<Deal> {
    let Row {
        id,
        programme_id,
        match_id,
        introduction_id,
        startup_profile_id,
        startup_id,
        mandate_id,
        investor_id,
        pipeline,
        stage,
        stage_entered_at,
        status,
        resume_on,
        close_code,
        reported_by,
        facts,
        startup_funding,
        investor_funding,
        version,
        created_at,
        updated_at,
        pipeline_set_id,
        opened_by_id,
        opened_reason,
        opened_evidence,
    } = row;
    let funding = json::deal::decode_funding;
    let origin = match (match_id, introduction_id, opened_by_id) {
        (Some(matched), Some(introduction), _) => Origin::Introduction {
            matched,
            introduction,
        },
        (_, _, Some(by)) => Origin::ByHand {
            by,
            reason: opened_reason.unwrap_or_default(),
            evidence: opened_evidence.unwrap_or_default(),
        },
        _ => return Err(Error::Corrupt("a deal that came from nothing".to_owned())),
    };
    Ok(Deal {
        id,
        programme: programme_id,
        origin,
        startup_profile: startup_profile_id,
        startup: startup_id,
        mandate: mandate_id,
        investor: investor_id,
        pipeline_set: pipeline_set_id,
        pipeline: stored::parse(&pipeline)?,
        stage: stored::parse(&stage)?,
        stage_entered_at,
        status: stored::code(&status, DealStatus::from_code)?,
        resume_on,
        close_code: stored::code_some(close_code.as_deref(), CloseCode::from_code)?,
        reported_by: stored::code_some(reported_by.as_deref(), Side::from_code)?,
        facts: json::deal::decode_facts(&facts)?,
        startup_funding: startup_funding.as_deref().map(funding).transpose()?,
        investor_funding: investor_funding.as_deref().map(funding).transpose()?,
        version,
        created_at,
        updated_at,
    })
}
