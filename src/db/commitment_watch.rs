//! How promises did when they were last looked at.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::programme_schema::commitment_watch::{self, dsl};
use super::programme_schema::commitments;
use super::types::Timestamp;
use super::worklist::{Owners, Under};
use super::{Conn, Result, sql, stored};
use crate::domain::commitment::{Commitment, CommitmentStatus, Health};
use crate::domain::ids::CommitmentId;

/// How a promise did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// How.
    pub health: Health,
    /// The share of its target that was there, in bp.
    pub share: i64,
    /// Since when it has done so.
    pub since: DateTime<Utc>,
    /// How it did by what its parties are told, and since when; none where that
    /// isn't told to them.
    pub told: Option<(Health, DateTime<Utc>)>,
}

type Row = (
    CommitmentId,
    String,
    i64,
    DateTime<Utc>,
    Option<String>,
    Option<DateTime<Utc>>,
);

/// How these promises did; those that nobody has looked at are left out.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of(conn: &mut Conn, ids: &[CommitmentId]) -> Result<BTreeMap<CommitmentId, Watch>> {
    let rows: Vec<Row> = commitment_watch::table
        .filter(dsl::commitment_id.eq_any(ids.to_vec()))
        .select((
            dsl::commitment_id,
            dsl::health,
            dsl::share,
            dsl::since,
            dsl::told_health,
            dsl::told_since,
        ))
        .load(conn)?;
    let watch = |(id, health, share, since, told, told_since): Row| {
        let health = stored::code(&health, Health::from_code)?;
        let told = told.as_deref();
        let told = told.map(|told| stored::code(told, Health::from_code));
        let told = told.transpose()?.zip(told_since);
        Ok((
            id,
            Watch {
                health,
                share,
                since,
                told,
            },
        ))
    };
    rows.into_iter().map(watch).collect()
}

/// Stores how a promise does in place of what was said before; false when
/// somebody else has said something meanwhile.
///
/// # Errors
/// A statement failed.
pub fn put(
    conn: &mut Conn,
    id: CommitmentId,
    before: Option<&Watch>,
    watch: &Watch,
) -> Result<bool> {
    let told = watch.told;
    let values = (
        dsl::health.eq(watch.health.code()),
        dsl::share.eq(watch.share),
        dsl::since.eq(Timestamp(watch.since)),
        dsl::told_health.eq(told.map(|(health, _)| health.code())),
        dsl::told_since.eq(told.map(|(_, since)| Timestamp(since))),
    );
    let changed = match before {
        None => {
            let insert = diesel::insert_into(commitment_watch::table)
                .values((dsl::commitment_id.eq(id), values))
                .on_conflict_do_nothing();
            sql::execute(conn, insert)?
        }
        Some(before) => {
            let as_read = commitment_watch::table
                .find(id)
                .filter(dsl::health.eq(before.health.code()));
            if let Some((told, _)) = before.told {
                let as_read = as_read.filter(dsl::told_health.eq(told.code()));
                diesel::update(as_read).set(values).execute(conn)?
            } else {
                let as_read = as_read.filter(dsl::told_health.is_null());
                diesel::update(as_read).set(values).execute(conn)?
            }
        }
    };
    Ok(changed == 1)
}

/// The open promises that are behind, and since when, the first due first: all,
/// or those that one of these parties sees to, by what parties are told.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn behind(
    conn: &mut Conn,
    (owners, under): (Owners<'_>, Under),
    limit: i64,
) -> Result<Vec<(Commitment, DateTime<Utc>)>> {
    let mut query = commitment_watch::table
        .inner_join(commitments::table.on(commitments::id.eq(dsl::commitment_id)))
        .filter(commitments::status.eq(CommitmentStatus::Open.code()))
        .into_boxed();
    let at_risk = Health::AtRisk.code();
    query = match owners {
        Some(owners) => query
            .filter(commitments::owner_id.eq_any(owners.to_vec()))
            .filter(dsl::told_health.eq(at_risk)),
        None => query.filter(dsl::health.eq(at_risk)),
    };
    if let Some(programme) = under {
        query = query.filter(commitments::programme_id.eq(programme));
    }
    let found: Vec<(CommitmentId, DateTime<Utc>, Option<DateTime<Utc>>)> = query
        .order((commitments::due, dsl::commitment_id))
        .limit(limit)
        .select((dsl::commitment_id, dsl::since, dsl::told_since))
        .load(conn)?;
    let since = |(id, since, told): (CommitmentId, DateTime<Utc>, Option<DateTime<Utc>>)| {
        let told = told.filter(|_| owners.is_some());
        (id, told.unwrap_or(since))
    };
    let found: Vec<(CommitmentId, DateTime<Utc>)> = found.into_iter().map(since).collect();
    let ids: Vec<CommitmentId> = found.iter().map(|(id, _)| *id).collect();
    let mut records: BTreeMap<_, _> = super::commitments::find_many(conn, &ids)?
        .into_iter()
        .map(|commitment| (commitment.id, commitment))
        .collect();
    let with_record = found
        .into_iter()
        .filter_map(|(id, since)| records.remove(&id).map(|commitment| (commitment, since)));
    Ok(with_record.collect())
}
