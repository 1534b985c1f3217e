//! The tags that curators keep, in editions: each change makes the next one.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::page;
use super::schema::{mandates, startup_profiles};
use super::taxonomy_schema::tag_decisions::{self, dsl as decision};
use super::taxonomy_schema::tag_merges::{self, dsl as merge};
use super::taxonomy_schema::tags::{self, dsl};
use super::taxonomy_schema::taxonomy_editions::{self, dsl as edition};
use super::types::{Id, Timestamp};
use super::{Conn, Result, json, sql, stored};
use crate::domain::ids::{MandateId, StartupProfileId, TagId, UserId};
use crate::domain::tag::keeping::{KeptTag, TagDecision};
use crate::domain::tag::{Sensitivity, Tag, TagKind, Term};
use crate::domain::text::Slug;
use uuid::Uuid;

/// Which edition there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// The version of the file that the first one was taken from.
    pub base: String,
    /// How often tags were changed since.
    pub number: i64,
}

/// A job that has the holders of one tag hold another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagMerge {
    /// Its id.
    pub id: Uuid,
    /// What they held.
    pub source: Slug,
    /// What they are to hold.
    pub target: Slug,
    /// Who wants it so.
    pub by: UserId,
    /// How many it came to so far.
    pub held: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

#[derive(Queryable)]
struct Row {
    id: TagId,
    slug: String,
    kind: String,
    parent: Option<String>,
    words: String,
    sensitivity: String,
    valid_from: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
    redirect: Option<String>,
    merged: bool,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Which edition there is; none before the first start.
///
/// # Errors
/// A statement failed.
pub fn edition(conn: &mut Conn) -> Result<Option<Edition>> {
    let row: Option<(String, i64)> = taxonomy_editions::table
        .select((edition::base, edition::edition))
        .first(conn)
        .optional()?;
    Ok(row.map(|(base, number)| Edition { base, number }))
}

/// Begins the first edition from a file of that version; false when somebody
/// has.
///
/// # Errors
/// A statement failed.
pub fn found(conn: &mut Conn, base: &str) -> Result<bool> {
    let insert = diesel::insert_into(taxonomy_editions::table)
        .values((
            edition::id.eq(1_i64),
            edition::base.eq(base),
            edition::edition.eq(0_i64),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// Begins the next edition, before anything of it is read: writers come one
/// after another.
///
/// # Errors
/// A statement failed.
pub fn begin_edition(conn: &mut Conn) -> Result<()> {
    diesel::update(taxonomy_editions::table.find(1_i64))
        .set(edition::edition.eq(edition::edition + 1))
        .execute(conn)?;
    Ok(())
}

/// All tags by slug.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn all(conn: &mut Conn) -> Result<Vec<KeptTag>> {
    let rows: Vec<Row> = tags::table.order(dsl::slug).load(conn)?;
    rows.into_iter().map(kept).collect()
}

/// The tag with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: TagId) -> Result<Option<KeptTag>> {
    let row: Option<Row> = tags::table.find(id).first(conn).optional()?;
    row.map(kept).transpose()
}

/// Stores a new tag.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, kept: &KeptTag) -> Result<()> {
    let KeptTag {
        id,
        tag,
        merged,
        version,
        created_at,
        updated_at,
    } = kept;
    let insert = diesel::insert_into(tags::table).values((
        dsl::id.eq(id),
        dsl::slug.eq(tag.slug.as_str()),
        dsl::kind.eq(tag.kind.code()),
        dsl::parent.eq(tag.parent.as_ref().map(Slug::as_str)),
        dsl::words.eq(json::tag::encode(&tag.labels, &tag.aliases)?),
        dsl::sensitivity.eq(tag.sensitivity.code()),
        dsl::valid_from.eq(tag.term.valid_from),
        dsl::valid_to.eq(tag.term.valid_to),
        dsl::redirect.eq(tag.term.redirect.as_ref().map(Slug::as_str)),
        dsl::merged.eq(merged),
        dsl::version.eq(version),
        dsl::created_at.eq(Timestamp(*created_at)),
        dsl::updated_at.eq(Timestamp(*updated_at)),
    ));
    sql::execute(conn, insert)?;
    Ok(())
}

/// Stores what a tag is now, its version risen by one; false when somebody
/// else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, kept: &KeptTag) -> Result<bool> {
    let KeptTag {
        id,
        tag,
        merged,
        version,
        created_at: _,
        updated_at,
    } = kept;
    let before = tags::table.find(id).filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::parent.eq(tag.parent.as_ref().map(Slug::as_str)),
            dsl::words.eq(json::tag::encode(&tag.labels, &tag.aliases)?),
            dsl::sensitivity.eq(tag.sensitivity.code()),
            dsl::valid_from.eq(tag.term.valid_from),
            dsl::valid_to.eq(tag.term.valid_to),
            dsl::redirect.eq(tag.term.redirect.as_ref().map(Slug::as_str)),
            dsl::merged.eq(merged),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

fn kept(row: Row) -> Result<KeptTag> {
    let Row {
        id,
        slug,
        kind,
        parent,
        words,
        sensitivity,
        valid_from,
        valid_to,
        redirect,
        merged,
        version,
        created_at,
        updated_at,
    } = row;
    let (labels, aliases) = json::tag::decode(&words)?;
    Ok(KeptTag {
        id,
        tag: Tag {
            slug: stored::parse(&slug)?,
            kind: stored::code(&kind, TagKind::from_code)?,
            parent: stored::parse_some(parent.as_deref())?,
            labels,
            aliases,
            sensitivity: stored::code(&sensitivity, Sensitivity::from_code)?,
            term: Term {
                valid_from,
                valid_to,
                redirect: stored::parse_some(redirect.as_deref())?,
            },
        },
        merged,
        version,
        created_at,
        updated_at,
    })
}

/// Notes what somebody decided about a tag.
///
/// # Errors
/// A statement failed.
pub fn insert_decision(conn: &mut Conn, id: Uuid, tag: TagId, made: &TagDecision) -> Result<()> {
    let insert = diesel::insert_into(tag_decisions::table).values((
        decision::id.eq(Id::of(id)),
        decision::tag_id.eq(tag),
        decision::matter.eq(&made.matter),
        decision::reason.eq(&made.reason),
        decision::person_id.eq(made.person),
        decision::settled.eq(made.settled),
        decision::created_at.eq(Timestamp(made.created_at)),
    ));
    sql::execute(conn, insert)?;
    Ok(())
}

/// Who wants something done that waits for a second person.
///
/// # Errors
/// A statement failed.
pub fn waiting(conn: &mut Conn, tag: TagId, matter: &str) -> Result<Vec<UserId>> {
    Ok(tag_decisions::table
        .filter(decision::tag_id.eq(tag))
        .filter(decision::matter.eq(matter))
        .filter(decision::settled.eq(false))
        .select(decision::person_id)
        .load(conn)?)
}

/// Nothing about a tag waits any more: it is done, or the tag has become
/// something else.
///
/// # Errors
/// A statement failed.
pub fn settle(conn: &mut Conn, tag: TagId) -> Result<()> {
    let open = tag_decisions::table
        .filter(decision::tag_id.eq(tag))
        .filter(decision::settled.eq(false));
    diesel::update(open)
        .set(decision::settled.eq(true))
        .execute(conn)?;
    Ok(())
}

/// What was decided about a tag, the newest first, up to `limit`.
///
/// # Errors
/// A statement failed.
pub fn decisions(conn: &mut Conn, tag: TagId, limit: usize) -> Result<Vec<TagDecision>> {
    let rows: Vec<(String, String, UserId, bool, DateTime<Utc>)> = tag_decisions::table
        .filter(decision::tag_id.eq(tag))
        .order((decision::created_at.desc(), decision::id.desc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((
            decision::matter,
            decision::reason,
            decision::person_id,
            decision::settled,
            decision::created_at,
        ))
        .load(conn)?;
    let made = |(matter, reason, person, settled, created_at)| TagDecision {
        matter,
        reason,
        person,
        settled,
        created_at,
    };
    Ok(rows.into_iter().map(made).collect())
}

/// Has a job begin.
///
/// # Errors
/// A statement failed.
pub fn insert_merge(conn: &mut Conn, job: &TagMerge) -> Result<()> {
    let insert = diesel::insert_into(tag_merges::table).values((
        merge::id.eq(Id::of(job.id)),
        merge::source.eq(job.source.as_str()),
        merge::target.eq(job.target.as_str()),
        merge::started_by.eq(job.by),
        merge::held.eq(job.held),
        merge::created_at.eq(Timestamp(job.created_at)),
    ));
    sql::execute(conn, insert)?;
    Ok(())
}

/// The jobs that are not at their end, the oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn running_merges(conn: &mut Conn) -> Result<Vec<TagMerge>> {
    let rows: Vec<MergeRow> = tag_merges::table
        .filter(merge::ended_at.is_null())
        .order((merge::created_at, merge::id))
        .select(MERGE)
        .load(conn)?;
    merges(rows)
}

/// The jobs that came to their end since, the oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn ended_merges(conn: &mut Conn, since: DateTime<Utc>) -> Result<Vec<TagMerge>> {
    let rows: Vec<MergeRow> = tag_merges::table
        .filter(merge::ended_at.ge(Timestamp(since)))
        .order((merge::created_at, merge::id))
        .select(MERGE)
        .load(conn)?;
    merges(rows)
}

type MergeRow = (Id, String, String, UserId, i64, DateTime<Utc>);

type MergeColumns = (
    merge::id,
    merge::source,
    merge::target,
    merge::started_by,
    merge::held,
    merge::created_at,
);

const MERGE: MergeColumns = (
    merge::id,
    merge::source,
    merge::target,
    merge::started_by,
    merge::held,
    merge::created_at,
);

fn merges(rows: Vec<MergeRow>) -> Result<Vec<TagMerge>> {
    rows.into_iter()
        .map(|(id, source, target, by, held, created_at)| {
            Ok(TagMerge {
                id: id.uuid(),
                source: stored::parse(&source)?,
                target: stored::parse(&target)?,
                by,
                held,
                created_at,
            })
        })
        .collect()
}

/// Notes that a job came to so many more holders.
///
/// # Errors
/// A statement failed.
pub fn count_merged(conn: &mut Conn, id: Uuid, more: i64) -> Result<()> {
    diesel::update(tag_merges::table.find(Id::of(id)))
        .set(merge::held.eq(merge::held + more))
        .execute(conn)?;
    Ok(())
}

/// Ends a job.
///
/// # Errors
/// A statement failed.
pub fn end_merge(conn: &mut Conn, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    diesel::update(tag_merges::table.find(Id::of(id)))
        .set(merge::ended_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    Ok(())
}

/// How a slug stands in stored documents; underscores stand for any letter, so
/// that a few more may be found.
pub(super) fn mention(slug: &Slug) -> String {
    format!("%\"{slug}\"%")
}

/// Startup profiles after an id whose content may mention a tag, by id.
///
/// # Errors
/// A statement failed.
pub fn startups_mentioning(
    conn: &mut Conn,
    slug: &Slug,
    after: Option<StartupProfileId>,
    limit: usize,
) -> Result<Vec<StartupProfileId>> {
    use startup_profiles::dsl as profile;
    let mut query = startup_profiles::table.into_boxed();
    if let Some(after) = after {
        query = query.filter(profile::id.gt(after));
    }
    Ok(query
        .filter(profile::content.like(mention(slug)))
        .order(profile::id)
        .limit(page::fetch(limit))
        .select(profile::id)
        .load(conn)?)
}

/// Mandates after an id whose content may mention a tag, by id.
///
/// # Errors
/// A statement failed.
pub fn mandates_mentioning(
    conn: &mut Conn,
    slug: &Slug,
    after: Option<MandateId>,
    limit: usize,
) -> Result<Vec<MandateId>> {
    use mandates::dsl as mandate;
    let mut query = mandates::table.into_boxed();
    if let Some(after) = after {
        query = query.filter(mandate::id.gt(after));
    }
    Ok(query
        .filter(mandate::content.like(mention(slug)))
        .order(mandate::id)
        .limit(page::fetch(limit))
        .select(mandate::id)
        .load(conn)?)
}
