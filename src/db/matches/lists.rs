//! Lists of matches by what they are and how they stand.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{COLUMNS, Row, matched};
use crate::db::conn::MultiBackend;
use crate::db::page::{self, Cursor};
use crate::db::schema::matches::{self, dsl};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, keyset};
use crate::domain::ids::{MandateId, MatchId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::review::{Audience, Curation, Match, MatchStatus};
use crate::domain::scoring::Band;
use crate::domain::time_order::Within;

/// States in which no side sees a match.
const HIDDEN: [MatchStatus; 2] = [MatchStatus::Blocked, MatchStatus::UnderReview];

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
    /// Shown to its investor after that, or put off by it until later than
    /// that.
    pub shown_since: Option<DateTime<Utc>>,
    /// Of at least that score, in bp.
    pub min_score: Option<i64>,
    /// Of at least that confidence, in bp.
    pub min_confidence: Option<i64>,
    /// Of which the curators say that.
    pub curation: Option<Curation>,
    /// Shown to that firm after that.
    pub new_to: Option<(OrganizationId, DateTime<Utc>)>,
    /// Put on record then.
    pub created: Within,
    /// Changed then, for the last time.
    pub updated: Within,
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

/// Matches with the pinned ones first, then the oldest; one more than `limit`
/// when there are more. `after` says whether the row before is a pinned one.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn listed(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<(bool, Cursor)>,
    limit: usize,
) -> Result<Vec<Match>> {
    let mut rows: Vec<Row> = Vec::new();
    if after.is_none_or(|(pinned, _)| pinned) {
        let mut query = filtered(filter)
            .filter(dsl::curation.eq(Curation::Pinned.code()))
            .select(COLUMNS);
        if let Some((_, cursor)) = after {
            query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
        }
        rows = query
            .order((dsl::created_at, dsl::id))
            .limit(page::fetch(limit))
            .load(conn)?;
    }
    if rows.len() <= limit {
        let mut query = filtered(filter)
            .filter(
                dsl::curation
                    .is_null()
                    .or(dsl::curation.ne(Curation::Pinned.code())),
            )
            .select(COLUMNS);
        if let Some((false, cursor)) = after {
            query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
        }
        let others: Vec<Row> = query
            .order((dsl::created_at, dsl::id))
            .limit(page::fetch(limit - rows.len()))
            .load(conn)?;
        rows.extend(others);
    }
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

/// The ids of those of [`best`] that nobody has vetoed.
///
/// # Errors
/// A statement failed.
pub fn best_ids(conn: &mut Conn, filter: &Filter, limit: usize) -> Result<Vec<MatchId>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let pinned: Vec<MatchId> = filtered(filter)
        .filter(dsl::curation.eq(Curation::Pinned.code()))
        .order((dsl::exact.desc(), dsl::created_at, dsl::id))
        .limit(limit)
        .select(dsl::id)
        .load(conn)?;
    let room = limit - i64::try_from(pinned.len()).unwrap_or(limit);
    let others: Vec<MatchId> = filtered(filter)
        .filter(dsl::curation.is_null())
        .order((dsl::exact.desc(), dsl::created_at, dsl::id))
        .limit(room)
        .select(dsl::id)
        .load(conn)?;
    Ok([pinned, others].concat())
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
            .filter(dsl::status.ne_all(HIDDEN.map(MatchStatus::code)))
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
    if let Some(least) = filter.min_score {
        query = query.filter(dsl::score.ge(least));
    }
    if let Some(least) = filter.min_confidence {
        query = query.filter(dsl::confidence.ge(least));
    }
    if let Some(curation) = filter.curation {
        query = query.filter(dsl::curation.eq(curation.code()));
    }
    query = keyset::within(query, dsl::created_at, filter.created);
    query = keyset::within(query, dsl::updated_at, filter.updated);
    if let Some((firm, since)) = filter.new_to {
        let since = Timestamp(since);
        let as_startup = dsl::startup_id
            .eq(firm)
            .and(dsl::startup_shown_at.gt(since));
        let as_investor = dsl::investor_id
            .eq(firm)
            .and(dsl::investor_shown_at.gt(since));
        query = query.filter(as_startup.or(as_investor));
    }
    if let Some(since) = filter.shown_since {
        let shown = dsl::investor_shown_at.gt(Timestamp(since));
        let back = dsl::investor_snoozed_until.gt(Timestamp(since));
        query = query.filter(shown.or(back));
    }
    query
}
