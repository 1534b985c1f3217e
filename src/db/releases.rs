//! Releases of many matches with their lines, and how each programme releases.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::review_schema::bulk_release_lines as lines;
use super::review_schema::bulk_releases::{self as releases, dsl};
use super::review_schema::release_settings as settings;
use super::types::Timestamp;
use super::{Conn, Error, Result, keyset, sql, stored};
use crate::domain::ids::{MatchId, ProgrammeId, ReleaseId, UserId};
use crate::domain::releasing::{
    BulkRelease, ByRule, Fairness, Outcome, ReleaseLine, ReleaseSettings, ReleaseStatus, SkipReason,
};
use crate::domain::review::Audience;
use crate::domain::scoring::Band;

type Row = (
    ReleaseId,
    ProgrammeId,
    String,
    String,
    UserId,
    i64,
    DateTime<Utc>,
    DateTime<Utc>,
);

type LineRow = (
    ReleaseId,
    i64,
    MatchId,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// Stores a new release with its lines.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, release: &BulkRelease) -> Result<()> {
    let BulkRelease {
        id,
        programme,
        to,
        status,
        by,
        lines: of_release,
        version,
        created_at,
        updated_at,
    } = release;
    diesel::insert_into(releases::table)
        .values((
            dsl::id.eq(id),
            dsl::programme_id.eq(programme),
            dsl::audience.eq(to.code()),
            dsl::status.eq(status.code()),
            dsl::requested_by.eq(by),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    for line in of_release {
        let rules = (!line.rules.is_empty()).then(|| line.rules.join(","));
        diesel::insert_into(lines::table)
            .values((
                lines::release_id.eq(id),
                lines::place.eq(line.place),
                lines::match_id.eq(line.matched),
                lines::match_version.eq(line.version),
                lines::skip.eq(line.skip.map(SkipReason::code)),
                lines::rules.eq(rules),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Stores where a release stands, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, release: &BulkRelease) -> Result<bool> {
    let before = releases::table
        .find(release.id)
        .filter(dsl::version.eq(release.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::status.eq(release.status.code()),
            dsl::requested_by.eq(release.by),
            dsl::version.eq(release.version),
            dsl::updated_at.eq(Timestamp(release.updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// Notes what came of a line; false when that was noted before.
///
/// # Errors
/// A statement failed.
pub fn finish_line(
    conn: &mut Conn,
    release: ReleaseId,
    place: i64,
    outcome: Outcome,
) -> Result<bool> {
    let (code, reason) = match outcome {
        Outcome::Released => ("released", None),
        Outcome::Skipped(reason) => ("skipped", Some(reason.code())),
    };
    let open = lines::table
        .find((release, place))
        .filter(lines::outcome.is_null());
    let changed = diesel::update(open)
        .set((lines::outcome.eq(code), lines::outcome_reason.eq(reason)))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// The release with that id.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find(conn: &mut Conn, id: ReleaseId) -> Result<Option<BulkRelease>> {
    let row: Option<Row> = releases::table.find(id).first(conn).optional()?;
    let Some(row) = row else { return Ok(None) };
    let of_release: Vec<LineRow> = lines::table
        .filter(lines::release_id.eq(id))
        .order(lines::place)
        .load(conn)?;
    let of_release: Result<Vec<ReleaseLine>> = of_release.into_iter().map(line).collect();
    Ok(Some(BulkRelease {
        lines: of_release?,
        ..release(row)?
    }))
}

/// Releases of a programme without their lines, from the oldest on; one more
/// than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    programme: ProgrammeId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<BulkRelease>> {
    let mut query = releases::table
        .filter(dsl::programme_id.eq(programme))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(release).collect()
}

/// Releases that were confirmed and are not done, unchanged since then.
///
/// # Errors
/// A statement failed.
pub fn running_since(
    conn: &mut Conn,
    since: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<ReleaseId>> {
    Ok(releases::table
        .filter(dsl::status.eq(ReleaseStatus::Running.code()))
        .filter(dsl::updated_at.le(Timestamp(since)))
        .order(dsl::updated_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(dsl::id)
        .load(conn)?)
}

fn release(row: Row) -> Result<BulkRelease> {
    let (id, programme, audience, status, by, version, created_at, updated_at) = row;
    Ok(BulkRelease {
        id,
        programme,
        to: stored::code(&audience, Audience::from_code)?,
        status: stored::code(&status, ReleaseStatus::from_code)?,
        by,
        lines: Vec::new(),
        version,
        created_at,
        updated_at,
    })
}

fn line(row: LineRow) -> Result<ReleaseLine> {
    let (_, place, matched, version, skip, rules, outcome, reason) = row;
    let reason = stored::code_some(reason.as_deref(), SkipReason::from_code)?;
    Ok(ReleaseLine {
        place,
        matched,
        version,
        skip: stored::code_some(skip.as_deref(), SkipReason::from_code)?,
        rules: rules.map_or_else(Vec::new, |rules| {
            rules.split(',').map(str::to_owned).collect()
        }),
        outcome: match (outcome.as_deref(), reason) {
            (None, None) => None,
            (Some("released"), None) => Some(Outcome::Released),
            (Some("skipped"), Some(reason)) => Some(Outcome::Skipped(reason)),
            _ => return Err(Error::Corrupt("the outcome of a release's line".into())),
        },
    })
}

type SettingsRow = (
    ProgrammeId,
    Option<String>,
    Option<String>,
    bool,
    i64,
    i64,
    i64,
    i64,
    i64,
    DateTime<Utc>,
);

/// How a programme releases, if that was ever set.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn settings_of(conn: &mut Conn, programme: ProgrammeId) -> Result<Option<ReleaseSettings>> {
    let row: Option<SettingsRow> = settings::table.find(programme).first(conn).optional()?;
    row.map(settings_from).transpose()
}

/// The programmes that release by themselves.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn by_rule(conn: &mut Conn) -> Result<Vec<ReleaseSettings>> {
    let rows: Vec<SettingsRow> = settings::table
        .filter(settings::auto_from.is_not_null())
        .order(settings::programme_id)
        .load(conn)?;
    rows.into_iter().map(settings_from).collect()
}

fn settings_from(row: SettingsRow) -> Result<ReleaseSettings> {
    let (programme, from, to, fair, cap, window_days, share, little, version, updated_at) = row;
    let from = stored::code_some(from.as_deref(), Band::from_code)?;
    let to = stored::code_some(to.as_deref(), Audience::from_code)?;
    Ok(ReleaseSettings {
        programme,
        by_rule: from.zip(to).map(|(from, to)| ByRule { from, to }),
        fairness: fair.then_some(Fairness {
            cap,
            window_days,
            share,
            little,
        }),
        version,
        updated_at,
    })
}

/// Stores how a programme releases, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn set_settings(conn: &mut Conn, new: &ReleaseSettings) -> Result<bool> {
    // What is switched off keeps the usual figures beside it.
    let fair = new.fairness.unwrap_or_default();
    let values = (
        settings::auto_from.eq(new.by_rule.map(|rule| rule.from.code())),
        settings::auto_to.eq(new.by_rule.map(|rule| rule.to.code())),
        settings::fair.eq(new.fairness.is_some()),
        settings::cap.eq(fair.cap),
        settings::window_days.eq(fair.window_days),
        settings::share.eq(fair.share),
        settings::little.eq(fair.little),
        settings::version.eq(new.version),
        settings::updated_at.eq(Timestamp(new.updated_at)),
    );
    let before = settings::table
        .find(new.programme)
        .filter(settings::version.eq(new.version - 1));
    if diesel::update(before)
        .set(values)
        .prepared()
        .execute(conn)?
        == 1
    {
        return Ok(true);
    }
    if new.version != 2 {
        return Ok(false);
    }
    let insert = diesel::insert_into(settings::table)
        .values((settings::programme_id.eq(new.programme), values))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}
