//! The ledger of what was shown to whom, and the releases by which compliance
//! lets something sensitive be shown. The ledger only grows.

mod releases;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::schema::disclosures::{self, dsl};
use super::schema::{introductions, matches};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, keyset, stored};
use crate::domain::disclosure::{Level, Opener};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, UserId};
use crate::domain::introduction::IntroductionStatus;

pub use releases::{
    Release, Towards, copy_releases, end_releases, insert_release, releases, releases_among,
    releases_of_revision, releases_on_record, restate_release,
};

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// Its id.
    pub id: Uuid,
    /// Under which programme.
    pub programme: ProgrammeId,
    /// Which firm was shown.
    pub shown: OrganizationId,
    /// To which firm.
    pub shown_to: OrganizationId,
    /// How much of it.
    pub level: Level,
    /// By way of which record.
    pub subject: Subject,
    /// What the gate said; none on lines of before that was kept.
    pub gate: Option<GateSaid>,
    /// At which revision of what was shown, where it has one.
    pub revision: Option<i64>,
    /// Who opened it; none for what was shown without being opened.
    pub opened_by: Option<Opener>,
    /// When.
    pub at: DateTime<Utc>,
}

/// The answer of the gate by which something was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateSaid {
    /// Its id.
    pub decision: Uuid,
    /// The answer: `allow`, or what came too late for a mail under way.
    pub verdict: String,
    /// What it rests on; see [`crate::domain::disclosure::Account`].
    pub rules: Vec<String>,
}

/// The states of an introduction whose mail went out.
const WENT_OUT: [IntroductionStatus; 5] = [
    IntroductionStatus::Sent,
    IntroductionStatus::InConversation,
    IntroductionStatus::Met,
    IntroductionStatus::Converted,
    IntroductionStatus::Closed,
];

#[derive(Queryable)]
struct Row {
    id: Id,
    programme_id: ProgrammeId,
    shown: OrganizationId,
    shown_to: OrganizationId,
    level: String,
    subject_kind: String,
    subject_id: Id,
    created_at: DateTime<Utc>,
    decision_id: Option<Id>,
    verdict: Option<String>,
    rules: Option<String>,
    revision: Option<i64>,
    opened_by: Option<UserId>,
    by_link: bool,
}

/// Adds a line to the ledger.
///
/// # Errors
/// A statement failed.
pub fn record(conn: &mut Conn, disclosure: &Disclosure) -> Result<()> {
    let Disclosure {
        id,
        programme,
        shown,
        shown_to,
        level,
        subject,
        gate,
        revision,
        opened_by,
        at,
    } = disclosure;
    let gate = gate.as_ref();
    diesel::insert_into(disclosures::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::programme_id.eq(programme),
            dsl::shown_organization_id.eq(shown),
            dsl::shown_to_organization_id.eq(shown_to),
            dsl::level.eq(level.code()),
            dsl::subject_kind.eq(subject.kind.code()),
            dsl::subject_id.eq(Id::of(subject.id)),
            dsl::created_at.eq(Timestamp(*at)),
            dsl::decision_id.eq(gate.map(|it| Id::of(it.decision))),
            dsl::verdict.eq(gate.map(|it| it.verdict.as_str())),
            dsl::rules.eq(gate.map(|it| it.rules.join(" "))),
            dsl::revision.eq(*revision),
            dsl::opened_by.eq(opened_by.and_then(Opener::person)),
            dsl::by_link.eq(*opened_by == Some(Opener::Link)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Whether it stands in the ledger that this person, or somebody of that firm by
/// a link, opened that revision by way of that record, at that level, since then.
///
/// # Errors
/// A statement failed.
pub fn was_opened(
    conn: &mut Conn,
    (subject, level, to): (Subject, Level, OrganizationId),
    (by, revision): (Opener, i64),
    since: DateTime<Utc>,
) -> Result<bool> {
    let mut query = disclosures::table
        .filter(dsl::subject_kind.eq(subject.kind.code()))
        .filter(dsl::subject_id.eq(Id::of(subject.id)))
        .filter(dsl::level.eq(level.code()))
        .filter(dsl::revision.eq(revision))
        .filter(dsl::created_at.ge(Timestamp(since)))
        .select(dsl::id)
        .limit(1)
        .into_boxed();
    query = match by {
        Opener::Person(id) => query.filter(dsl::opened_by.eq(id)),
        Opener::Link => query
            .filter(dsl::by_link.eq(true))
            .filter(dsl::shown_to_organization_id.eq(to)),
    };
    let found: Vec<Id> = query.load(conn)?;
    Ok(!found.is_empty())
}

/// What was shown of a firm, from the oldest on; one more than `limit` when
/// there is more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list_for(
    conn: &mut Conn,
    shown: OrganizationId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Disclosure>> {
    let mut query = disclosures::table
        .filter(dsl::shown_organization_id.eq(shown))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(disclosure).collect()
}

/// What was shown by way of one match or introduction, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn by_way_of(conn: &mut Conn, subject: Subject) -> Result<Vec<Disclosure>> {
    let rows: Vec<Row> = disclosures::table
        .filter(dsl::subject_kind.eq(subject.kind.code()))
        .filter(dsl::subject_id.eq(Id::of(subject.id)))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(disclosure).collect()
}

/// Those of `others` that were named to a firm, by id. A line of an
/// introduction counts once its mail went out: one that was stopped before
/// then withholds the name again, and so does the ledger.
///
/// # Errors
/// A statement failed.
pub fn named_to(
    conn: &mut Conn,
    reader: OrganizationId,
    others: &[OrganizationId],
) -> Result<Vec<OrganizationId>> {
    let went_out = introductions::table
        .filter(introductions::status.eq_any(WENT_OUT.map(IntroductionStatus::code)))
        .select(introductions::id);
    let by_introduction = dsl::subject_kind.eq(SubjectKind::Introduction.code());
    Ok(disclosures::table
        .filter(dsl::shown_to_organization_id.eq(reader))
        .filter(dsl::shown_organization_id.eq_any(others.to_vec()))
        .filter(diesel::dsl::not(by_introduction).or(dsl::subject_id.eq_any(went_out)))
        .filter(dsl::level.ne(Level::Teaser.code()))
        .select(dsl::shown_organization_id)
        .distinct()
        .order(dsl::shown_organization_id)
        .load(conn)?)
}

/// How many matches of a mandate were shown to its investor since a time.
///
/// # Errors
/// A statement failed.
pub fn matches_shown(
    conn: &mut Conn,
    mandate: MandateId,
    investor: OrganizationId,
    since: DateTime<Utc>,
) -> Result<u32> {
    let of_mandate = matches::table
        .filter(matches::mandate_id.eq(mandate))
        .select(matches::id);
    let lines: i64 = disclosures::table
        .filter(dsl::shown_to_organization_id.eq(investor))
        .filter(dsl::created_at.gt(Timestamp(since)))
        .filter(dsl::subject_kind.eq(SubjectKind::Match.code()))
        .filter(dsl::subject_id.eq_any(of_mandate))
        .count()
        .get_result(conn)?;
    Ok(u32::try_from(lines).unwrap_or(u32::MAX))
}

fn disclosure(row: Row) -> Result<Disclosure> {
    let Row {
        id,
        programme_id,
        shown,
        shown_to,
        level,
        subject_kind,
        subject_id,
        created_at,
        decision_id,
        verdict,
        rules,
        revision,
        opened_by,
        by_link,
    } = row;
    let kind = SubjectKind::from_code(&subject_kind)
        .ok_or_else(|| Error::Corrupt(format!("a disclosure by a \"{subject_kind}\"")))?;
    Ok(Disclosure {
        id: id.uuid(),
        programme: programme_id,
        shown,
        shown_to,
        level: stored::code(&level, Level::from_code)?,
        subject: Subject::new(kind, subject_id),
        gate: decision_id.map(|decision| GateSaid {
            decision: decision.uuid(),
            verdict: verdict.unwrap_or_default(),
            rules: rules
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        }),
        revision,
        opened_by: opened_by
            .map(Opener::Person)
            .or(by_link.then_some(Opener::Link)),
        at: created_at,
    })
}
