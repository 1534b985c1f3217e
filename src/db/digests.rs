//! Which matches a reader was told of by a digest, and when last.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::mail_schema::digest_told::{self, dsl};
use super::rounds;
use super::schema::matches;
use super::types::{Id, Timestamp};
use super::{Conn, Result, sql};
use crate::domain::ids::{MatchId, OrganizationId, UserId};
use crate::domain::review::Response;

/// Up to when what came was told by digests that are on no record.
const UNRECORDED: &str = "digests_untold";

/// Up to when all that came was told, whatever the record of it; none where
/// each digest is on record.
///
/// # Errors
/// A statement failed.
pub fn unrecorded_to(conn: &mut Conn) -> Result<Option<DateTime<Utc>>> {
    rounds::done_to(conn, UNRECORDED)
}

/// Notes that a reader was told of these matches.
///
/// # Errors
/// A statement failed.
pub fn note_told(
    conn: &mut Conn,
    reader: UserId,
    told: &[MatchId],
    at: DateTime<Utc>,
) -> Result<()> {
    for matched in told {
        let insert = diesel::insert_into(digest_told::table)
            .values((
                dsl::match_id.eq(*matched),
                dsl::user_id.eq(reader),
                dsl::told_at.eq(Timestamp(at)),
            ))
            .on_conflict_do_nothing();
        if sql::execute(conn, insert)? == 0 {
            let before = digest_told::table
                .find((*matched, reader))
                .filter(dsl::told_at.lt(Timestamp(at)));
            diesel::update(before)
                .set(dsl::told_at.eq(Timestamp(at)))
                .execute(conn)?;
        }
    }
    Ok(())
}

/// When a reader was told last of each match that an investor has not answered.
///
/// # Errors
/// A statement failed.
pub fn told(conn: &mut Conn, reader: UserId) -> Result<BTreeMap<MatchId, DateTime<Utc>>> {
    let rows: Vec<(MatchId, DateTime<Utc>)> = digest_told::table
        .inner_join(matches::table)
        .filter(matches::investor_response.eq(Response::None.code()))
        .filter(dsl::user_id.eq(reader))
        .select((dsl::match_id, dsl::told_at))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The same of all readers of these investors, for what they were told since
/// then.
///
/// # Errors
/// A statement failed.
pub fn told_of(
    conn: &mut Conn,
    investors: &[OrganizationId],
    since: DateTime<Utc>,
) -> Result<BTreeMap<(MatchId, UserId), DateTime<Utc>>> {
    let rows: Vec<(MatchId, UserId, DateTime<Utc>)> = digest_told::table
        .inner_join(matches::table)
        .filter(matches::investor_response.eq(Response::None.code()))
        .filter(matches::investor_id.eq_any(investors))
        .filter(dsl::told_at.ge(Timestamp(since)))
        .select((dsl::match_id, dsl::user_id, dsl::told_at))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(matched, reader, at)| ((matched, reader), at))
        .collect())
}

/// Forgets what was told before then, at most so many lines; answers how many.
///
/// # Errors
/// A statement failed.
pub fn forget(conn: &mut Conn, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    let old: Vec<(Id, Id)> = digest_told::table
        .filter(dsl::told_at.lt(Timestamp(before)))
        .order(dsl::told_at)
        .select((dsl::match_id, dsl::user_id))
        .limit(limit)
        .load(conn)?;
    let mut forgotten = 0;
    for line in old {
        forgotten += diesel::delete(digest_told::table.find(line)).execute(conn)?;
    }
    Ok(forgotten)
}
