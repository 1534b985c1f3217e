//! Matches: one live per profile and mandate in a programme. Their
//! explanation is stored once and never changed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::conn::MultiBackend;
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::matches::{self, dsl};
use super::schema::pair_suppressions as suppressions;
use super::types::Timestamp;
use super::{Conn, Result, json, keyset, pair, sql, stored};
use crate::domain::grounds::Grounds;
use crate::domain::ids::{MandateId, MatchId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::review::{Audience, Curation, Match, MatchStatus, PerSide, Response};
use crate::domain::scoring::{Band, Explanation};

/// Whether a match could be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertOutcome {
    /// It is.
    Inserted,
    /// The profile and the mandate have a live match in the programme.
    LiveMatchExists,
}

/// Which matches to list; what is absent doesn't matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Under that programme.
    pub programme: Option<ProgrammeId>,
    /// Of that startup profile.
    pub startup_profile: Option<StartupProfileId>,
    /// Of that mandate.
    pub mandate: Option<MandateId>,
    /// Released to that firm as the side it is on, and not blocked
    /// ([`Match::visible_to`]).
    pub visible_to: Option<OrganizationId>,
    /// In that state.
    pub status: Option<MatchStatus>,
    /// From that band upwards.
    pub min_band: Option<Band>,
    /// Shown to its investor after that.
    pub shown_since: Option<DateTime<Utc>>,
}

#[derive(Queryable)]
struct Row {
    id: MatchId,
    programme_id: ProgrammeId,
    startup_profile_id: StartupProfileId,
    startup_id: OrganizationId,
    mandate_id: MandateId,
    investor_id: OrganizationId,
    explanation: String,
    status: String,
    released_to: Option<String>,
    startup_response: String,
    investor_response: String,
    startup_snoozed_until: Option<DateTime<Utc>>,
    investor_snoozed_until: Option<DateTime<Utc>>,
    wakes_at: Option<DateTime<Utc>>,
    startup_shown_at: Option<DateTime<Utc>>,
    investor_shown_at: Option<DateTime<Utc>>,
    curation: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

type Columns = (
    dsl::id,
    dsl::programme_id,
    dsl::startup_profile_id,
    dsl::startup_id,
    dsl::mandate_id,
    dsl::investor_id,
    dsl::explanation,
    dsl::status,
    dsl::released_to,
    dsl::startup_response,
    dsl::investor_response,
    dsl::startup_snoozed_until,
    dsl::investor_snoozed_until,
    dsl::wakes_at,
    dsl::startup_shown_at,
    dsl::investor_shown_at,
    dsl::curation,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

/// The rest repeats parts of the explanation for queries by hand and for the
/// tables' own checks.
const COLUMNS: Columns = (
    dsl::id,
    dsl::programme_id,
    dsl::startup_profile_id,
    dsl::startup_id,
    dsl::mandate_id,
    dsl::investor_id,
    dsl::explanation,
    dsl::status,
    dsl::released_to,
    dsl::startup_response,
    dsl::investor_response,
    dsl::startup_snoozed_until,
    dsl::investor_snoozed_until,
    dsl::wakes_at,
    dsl::startup_shown_at,
    dsl::investor_shown_at,
    dsl::curation,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

/// Stores a new match.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, matched: &Match) -> Result<InsertOutcome> {
    let Match {
        id,
        programme,
        startup_profile,
        startup,
        mandate,
        investor,
        explanation,
        status,
        released_to,
        startup_response,
        investor_response,
        snoozed,
        wakes_at,
        shown_at,
        curation,
        version,
        created_at,
        updated_at,
    } = matched;
    let insert = diesel::insert_into(matches::table)
        .values((
            dsl::id.eq(id),
            dsl::programme_id.eq(programme),
            dsl::startup_profile_id.eq(startup_profile),
            dsl::startup_revision.eq(explanation.startup.1),
            dsl::startup_id.eq(startup),
            dsl::mandate_id.eq(mandate),
            dsl::mandate_revision.eq(explanation.mandate.1),
            dsl::investor_id.eq(investor),
            dsl::rule_set_id.eq(explanation.rule_set),
            dsl::score.eq(explanation.score),
            dsl::confidence.eq(explanation.confidence),
            dsl::exact.eq(explanation.exact),
            dsl::band.eq(explanation.band.code()),
            dsl::explanation.eq(json::explanation::encode(explanation)?),
            dsl::status.eq(status.code()),
            dsl::released_to.eq(released_to.map(Audience::code)),
            dsl::startup_response.eq(startup_response.code()),
            dsl::investor_response.eq(investor_response.code()),
            dsl::startup_snoozed_until.eq(snoozed.startup.map(Timestamp)),
            dsl::investor_snoozed_until.eq(snoozed.investor.map(Timestamp)),
            dsl::wakes_at.eq(wakes_at.map(Timestamp)),
            dsl::startup_shown_at.eq(shown_at.startup.map(Timestamp)),
            dsl::investor_shown_at.eq(shown_at.investor.map(Timestamp)),
            dsl::curation.eq(curation.map(Curation::code)),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .on_conflict_do_nothing();
    Ok(match sql::execute(conn, insert)? {
        0 => InsertOutcome::LiveMatchExists,
        _ => InsertOutcome::Inserted,
    })
}

/// Keeps what the explanation of a match was computed from.
///
/// # Errors
/// A statement failed.
pub fn keep_grounds(conn: &mut Conn, id: MatchId, grounds: &Grounds) -> Result<()> {
    diesel::update(matches::table.find(id))
        .set(dsl::grounds.eq(Some(json::grounds::encode(grounds)?)))
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// What the explanation of a match was computed from; none for matches from
/// before this was kept.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn grounds(conn: &mut Conn, id: MatchId) -> Result<Option<Grounds>> {
    let text: Option<Option<String>> = matches::table
        .find(id)
        .select(dsl::grounds)
        .first(conn)
        .optional()?;
    text.flatten()
        .as_deref()
        .map(json::grounds::decode)
        .transpose()
}

/// The explanation of a match as it is stored.
///
/// # Errors
/// A statement failed, or there is no such match.
pub fn stored_explanation(conn: &mut Conn, id: MatchId) -> Result<String> {
    Ok(matches::table
        .find(id)
        .select(dsl::explanation)
        .first(conn)?)
}

/// The bytes in which an explanation is stored.
///
/// # Errors
/// It can't be written.
pub fn canonical(explanation: &Explanation) -> Result<String> {
    json::explanation::encode(explanation)
}

/// Matches that a side was shown and that have not changed since a time, the
/// longest unchanged first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn unanswered_since(conn: &mut Conn, since: DateTime<Utc>, limit: usize) -> Result<Vec<Match>> {
    let shown = [MatchStatus::Released, MatchStatus::OneSided].map(MatchStatus::code);
    let rows: Vec<Row> = matches::table
        .filter(dsl::status.eq_any(shown))
        .filter(dsl::updated_at.le(Timestamp(since)))
        .order(dsl::updated_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(COLUMNS)
        .load(conn)?;
    rows.into_iter().map(matched).collect()
}

/// Matches that come back by now, the longest due first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn to_wake(conn: &mut Conn, now: DateTime<Utc>, limit: usize) -> Result<Vec<Match>> {
    let rows: Vec<Row> = matches::table
        .filter(dsl::status.eq(MatchStatus::Snoozed.code()))
        .filter(dsl::wakes_at.le(Timestamp(now)))
        .order(dsl::wakes_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(COLUMNS)
        .load(conn)?;
    rows.into_iter().map(matched).collect()
}

/// Which live matches somebody wants to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveOf {
    /// All.
    All,
    /// Of that profile.
    Startup(StartupProfileId),
    /// Of that mandate.
    Mandate(MandateId),
    /// With that firm on either side.
    Firm(OrganizationId),
    /// Of the two firms of that match, whatever became of it.
    BesideMatch(MatchId),
    /// Under that programme.
    Programme(ProgrammeId),
}

/// Live matches by their ids, after one.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn live(
    conn: &mut Conn,
    of: LiveOf,
    after: Option<MatchId>,
    limit: usize,
) -> Result<Vec<Match>> {
    let mut query = matches::table
        .filter(dsl::status.eq_any(live_codes()))
        .select(COLUMNS)
        .into_boxed();
    query = match of {
        LiveOf::All => query,
        LiveOf::Startup(id) => query.filter(dsl::startup_profile_id.eq(id)),
        LiveOf::Mandate(id) => query.filter(dsl::mandate_id.eq(id)),
        LiveOf::Firm(id) => query.filter(dsl::startup_id.eq(id).or(dsl::investor_id.eq(id))),
        LiveOf::BesideMatch(id) => {
            let firms: Option<(OrganizationId, OrganizationId)> = matches::table
                .find(id)
                .select((dsl::startup_id, dsl::investor_id))
                .first(conn)
                .optional()?;
            let Some((startup, investor)) = firms else {
                return Ok(Vec::new());
            };
            query
                .filter(dsl::startup_id.eq(startup))
                .filter(dsl::investor_id.eq(investor))
        }
        LiveOf::Programme(id) => query.filter(dsl::programme_id.eq(id)),
    };
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows: Vec<Row> = query
        .order(dsl::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(matched).collect()
}

fn live_codes() -> impl Iterator<Item = &'static str> {
    MatchStatus::ALL
        .iter()
        .filter(|status| status.is_live())
        .map(|status| status.code())
}

/// The match with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: MatchId) -> Result<Option<Match>> {
    let row: Option<Row> = matches::table
        .find(id)
        .select(COLUMNS)
        .first(conn)
        .optional()?;
    row.map(matched).transpose()
}

/// Matches from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Match>> {
    let mut query = filtered(filter).select(COLUMNS);
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(matched).collect()
}

/// The best of some matches: pinned ones first, then by the exact sum.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn best(conn: &mut Conn, filter: &Filter, limit: usize) -> Result<Vec<Match>> {
    // “pinned” stands before “vetoed”, and both after nothing or before it,
    // as the back-end pleases; so pins are read apart.
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let pinned: Vec<Row> = filtered(filter)
        .filter(dsl::curation.eq(Curation::Pinned.code()))
        .select(COLUMNS)
        .order((dsl::exact.desc(), dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    let room = limit - i64::try_from(pinned.len()).unwrap_or(limit);
    let others: Vec<Row> = filtered(filter)
        .filter(
            dsl::curation
                .is_null()
                .or(dsl::curation.ne(Curation::Pinned.code())),
        )
        .select(COLUMNS)
        .order((dsl::exact.desc(), dsl::created_at, dsl::id))
        .limit(room)
        .load(conn)?;
    pinned.into_iter().chain(others).map(matched).collect()
}

/// The matches with these ids, in no order.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[MatchId]) -> Result<Vec<Match>> {
    let rows: Vec<Row> = matches::table
        .filter(dsl::id.eq_any(ids.to_vec()))
        .select(COLUMNS)
        .load(conn)?;
    rows.into_iter().map(matched).collect()
}

/// How often each startup of a programme was shown to an investor since then;
/// those that were not are left out.
///
/// # Errors
/// A statement failed.
pub fn showings(
    conn: &mut Conn,
    programme: ProgrammeId,
    since: DateTime<Utc>,
) -> Result<BTreeMap<OrganizationId, i64>> {
    let rows: Vec<(OrganizationId, i64)> = matches::table
        .filter(dsl::programme_id.eq(programme))
        .filter(dsl::investor_shown_at.gt(Timestamp(since)))
        .group_by(dsl::startup_id)
        .select((dsl::startup_id, diesel::dsl::count_star()))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

fn filtered(filter: &Filter) -> matches::BoxedQuery<'static, MultiBackend> {
    let mut query = matches::table.into_boxed();
    if let Some(programme) = filter.programme {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    if let Some(profile) = filter.startup_profile {
        query = query.filter(dsl::startup_profile_id.eq(profile));
    }
    if let Some(mandate) = filter.mandate {
        query = query.filter(dsl::mandate_id.eq(mandate));
    }
    if let Some(organization) = filter.visible_to {
        let to = |audience: Audience| [audience.code(), Audience::Both.code()];
        let as_startup = dsl::startup_id
            .eq(organization)
            .and(dsl::released_to.eq_any(to(Audience::Startup)));
        let as_investor = dsl::investor_id
            .eq(organization)
            .and(dsl::released_to.eq_any(to(Audience::Investor)));
        query = query
            .filter(as_startup.or(as_investor))
            .filter(dsl::status.ne(MatchStatus::Blocked.code()))
            .filter(
                dsl::curation
                    .is_null()
                    .or(dsl::curation.ne(Curation::Vetoed.code()))
                    .or(dsl::status.eq(MatchStatus::Introduced.code())),
            );
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(least) = filter.min_band {
        let bands = Band::ALL.iter().filter(|band| **band <= least);
        query = query.filter(dsl::band.eq_any(bands.map(|band| band.code())));
    }
    if let Some(since) = filter.shown_since {
        query = query.filter(dsl::investor_shown_at.gt(Timestamp(since)));
    }
    query
}

/// Stores the new state of a match, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, matched: &Match) -> Result<bool> {
    let Match {
        id,
        programme: _,
        startup_profile: _,
        startup: _,
        mandate: _,
        investor: _,
        explanation: _,
        status,
        released_to,
        startup_response,
        investor_response,
        snoozed,
        wakes_at,
        shown_at,
        curation,
        version,
        created_at: _,
        updated_at,
    } = matched;
    let before = matches::table.find(id).filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::status.eq(status.code()),
            dsl::released_to.eq(released_to.map(Audience::code)),
            dsl::startup_response.eq(startup_response.code()),
            dsl::investor_response.eq(investor_response.code()),
            dsl::startup_snoozed_until.eq(snoozed.startup.map(Timestamp)),
            dsl::investor_snoozed_until.eq(snoozed.investor.map(Timestamp)),
            dsl::wakes_at.eq(wakes_at.map(Timestamp)),
            dsl::startup_shown_at.eq(shown_at.startup.map(Timestamp)),
            dsl::investor_shown_at.eq(shown_at.investor.map(Timestamp)),
            dsl::curation.eq(curation.map(Curation::code)),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// The live match of a profile and a mandate in a programme.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn live_of(
    conn: &mut Conn,
    programme: ProgrammeId,
    profile: StartupProfileId,
    mandate: MandateId,
) -> Result<Option<Match>> {
    let row: Option<Row> = matches::table
        .filter(dsl::programme_id.eq(programme))
        .filter(dsl::startup_profile_id.eq(profile))
        .filter(dsl::mandate_id.eq(mandate))
        .filter(dsl::status.eq_any(live_codes()))
        .select(COLUMNS)
        .first(conn)
        .optional()?;
    row.map(matched).transpose()
}

/// Keeps two firms from being matched again until a time; of two times the
/// later one stays.
///
/// # Errors
/// A statement failed.
pub fn suppress(
    conn: &mut Conn,
    a: OrganizationId,
    b: OrganizationId,
    until: DateTime<Utc>,
) -> Result<()> {
    let (lower, upper) = pair::ordered(a, b);
    let insert = diesel::insert_into(suppressions::table)
        .values((
            suppressions::lower_organization_id.eq(lower),
            suppressions::upper_organization_id.eq(upper),
            suppressions::until.eq(Timestamp(until)),
        ))
        .on_conflict_do_nothing();
    if sql::execute(conn, insert)? == 0 {
        let earlier = suppressions::table
            .find((lower, upper))
            .filter(suppressions::until.lt(Timestamp(until)));
        diesel::update(earlier)
            .set(suppressions::until.eq(Timestamp(until)))
            .prepared()
            .execute(conn)?;
    }
    Ok(())
}

/// Until when two firms are kept apart, be it over by now or not.
///
/// # Errors
/// A statement failed.
pub fn suppressed_until(
    conn: &mut Conn,
    a: OrganizationId,
    b: OrganizationId,
) -> Result<Option<DateTime<Utc>>> {
    Ok(suppressions::table
        .find(pair::ordered(a, b))
        .select(suppressions::until)
        .first(conn)
        .optional()?)
}

/// From whom a firm is kept apart, and until when, be it over by now or not.
///
/// # Errors
/// A statement failed.
pub fn suppressions_of(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<BTreeMap<OrganizationId, DateTime<Utc>>> {
    let of_either_side = suppressions::lower_organization_id
        .eq(organization)
        .or(suppressions::upper_organization_id.eq(organization));
    let rows: Vec<(OrganizationId, OrganizationId, DateTime<Utc>)> =
        suppressions::table.filter(of_either_side).load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(lower, upper, until)| (pair::counterpart(organization, (lower, upper)), until))
        .collect())
}

fn matched(row: Row) -> Result<Match> {
    let Row {
        id,
        programme_id,
        startup_profile_id,
        startup_id,
        mandate_id,
        investor_id,
        explanation,
        status,
        released_to,
        startup_response,
        investor_response,
        startup_snoozed_until,
        investor_snoozed_until,
        wakes_at,
        startup_shown_at,
        investor_shown_at,
        curation,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(Match {
        id,
        programme: programme_id,
        startup_profile: startup_profile_id,
        startup: startup_id,
        mandate: mandate_id,
        investor: investor_id,
        explanation: json::explanation::decode(&explanation)?,
        status: stored::code(&status, MatchStatus::from_code)?,
        released_to: stored::code_some(released_to.as_deref(), Audience::from_code)?,
        startup_response: stored::code(&startup_response, Response::from_code)?,
        investor_response: stored::code(&investor_response, Response::from_code)?,
        snoozed: PerSide {
            startup: startup_snoozed_until,
            investor: investor_snoozed_until,
        },
        wakes_at,
        shown_at: PerSide {
            startup: startup_shown_at,
            investor: investor_shown_at,
        },
        curation: stored::code_some(curation.as_deref(), Curation::from_code)?,
        version,
        created_at,
        updated_at,
    })
}
