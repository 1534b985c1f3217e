//! The ledger of what was shown to whom, and the releases by which compliance
//! lets something sensitive be shown. The ledger only grows.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::review_schema::disclosure_releases as releases;
use super::schema::disclosures::{self, dsl};
use super::schema::{introductions, matches};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, keyset, sql, stored};
use crate::domain::country::Country;
use crate::domain::disclosure::Level;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId, UserId};
use crate::domain::introduction::IntroductionStatus;
use crate::domain::release::{Released, Sensitive};
use crate::domain::tag::Sensitivity;

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
    pub opened_by: Option<UserId>,
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

/// One person's decision that something in a revision may be shown in a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Which profile.
    pub profile: StartupProfileId,
    /// At which revision.
    pub revision: i64,
    /// Under which programme.
    pub programme: ProgrammeId,
    /// To firms of which country.
    pub counterpart: Country,
    /// What, and how gravely that is graded.
    pub about: Sensitive,
    /// Who decided.
    pub by: UserId,
    /// Why, in words.
    pub reason: String,
    /// The last day on which it holds.
    pub valid_to: NaiveDate,
    /// When it was decided.
    pub at: DateTime<Utc>,
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
            dsl::opened_by.eq(*opened_by),
        ))
        .execute(conn)?;
    Ok(())
}

/// Whether it stands in the ledger that this person opened that revision by way
/// of that record, at that level, since then.
///
/// # Errors
/// A statement failed.
pub fn was_opened(
    conn: &mut Conn,
    (subject, level): (Subject, Level),
    (by, revision): (UserId, i64),
    since: DateTime<Utc>,
) -> Result<bool> {
    let found: i64 = disclosures::table
        .filter(dsl::subject_kind.eq(subject.kind.code()))
        .filter(dsl::subject_id.eq(Id::of(subject.id)))
        .filter(dsl::level.eq(level.code()))
        .filter(dsl::opened_by.eq(by))
        .filter(dsl::revision.eq(revision))
        .filter(dsl::created_at.ge(Timestamp(since)))
        .count()
        .get_result(conn)?;
    Ok(found > 0)
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

/// Stores a release, or renews that person's own one of the matter which has run
/// out by the day of the new one, or was of a lesser grade; false while the
/// earlier one still holds.
///
/// # Errors
/// A statement failed.
pub fn insert_release(conn: &mut Conn, release: &Release) -> Result<bool> {
    let Release {
        profile,
        revision,
        programme,
        counterpart,
        about,
        by,
        reason,
        valid_to,
        at,
    } = release;
    let matter = about.matter.to_string();
    let insert = diesel::insert_into(releases::table)
        .values((
            releases::startup_profile_id.eq(profile),
            releases::startup_revision.eq(revision),
            releases::programme_id.eq(programme),
            releases::counterpart_country.eq(counterpart.code()),
            releases::released_by.eq(by),
            releases::reason.eq(reason),
            releases::valid_to.eq(valid_to),
            releases::created_at.eq(Timestamp(*at)),
            releases::matter.eq(&matter),
            releases::sensitivity.eq(about.sensitivity.code()),
        ))
        .on_conflict_do_nothing();
    if sql::execute(conn, insert)? == 1 {
        return Ok(true);
    }
    let lesser = Sensitivity::ALL
        .iter()
        .filter(|it| **it < about.sensitivity);
    let lesser: Vec<&str> = lesser.map(|it| it.code()).collect();
    let run_out = releases::table
        .find((
            profile,
            revision,
            programme,
            counterpart.code(),
            by,
            &matter,
        ))
        .filter(
            releases::valid_to
                .lt(at.date_naive())
                .or(releases::sensitivity.eq_any(lesser)),
        );
    let renewed = diesel::update(run_out)
        .set((
            releases::sensitivity.eq(about.sensitivity.code()),
            releases::reason.eq(reason),
            releases::valid_to.eq(valid_to),
            releases::created_at.eq(Timestamp(*at)),
        ))
        .execute(conn)?;
    Ok(renewed == 1)
}

/// Lets what was released in one programme and still holds on that day hold in
/// another one too, by the same people, for as long and for the same reasons.
///
/// # Errors
/// A statement failed.
pub fn copy_releases(
    conn: &mut Conn,
    from: ProgrammeId,
    to: ProgrammeId,
    today: NaiveDate,
) -> Result<()> {
    type Row = (
        StartupProfileId,
        i64,
        String,
        UserId,
        String,
        NaiveDate,
        DateTime<Utc>,
        String,
        String,
    );
    let rows: Vec<Row> = releases::table
        .filter(releases::programme_id.eq(from))
        .filter(releases::valid_to.ge(today))
        .select((
            releases::startup_profile_id,
            releases::startup_revision,
            releases::counterpart_country,
            releases::released_by,
            releases::reason,
            releases::valid_to,
            releases::created_at,
            releases::matter,
            releases::sensitivity,
        ))
        .load(conn)?;
    for (profile, revision, country, by, reason, valid_to, at, matter, sensitivity) in rows {
        let insert = diesel::insert_into(releases::table)
            .values((
                releases::startup_profile_id.eq(profile),
                releases::startup_revision.eq(revision),
                releases::programme_id.eq(to),
                releases::counterpart_country.eq(country),
                releases::released_by.eq(by),
                releases::reason.eq(reason),
                releases::valid_to.eq(valid_to),
                releases::created_at.eq(Timestamp(at)),
                releases::matter.eq(matter),
                releases::sensitivity.eq(sensitivity),
            ))
            .on_conflict_do_nothing();
        sql::execute(conn, insert)?;
    }
    Ok(())
}

/// Ends what was released of a firm's profiles to firms of these countries: no
/// release of it holds on that day any more.
///
/// # Errors
/// A statement failed.
pub fn end_releases(
    conn: &mut Conn,
    organization: OrganizationId,
    counterparts: &BTreeSet<Country>,
    today: NaiveDate,
) -> Result<()> {
    use super::schema::startup_profiles;

    let profiles: Vec<StartupProfileId> = startup_profiles::table
        .filter(startup_profiles::organization_id.eq(organization))
        .select(startup_profiles::id)
        .load(conn)?;
    let countries: Vec<String> = counterparts.iter().map(ToString::to_string).collect();
    let yesterday = today.pred_opt().unwrap_or(today);
    for profile in profiles {
        let held = releases::table
            .filter(releases::startup_profile_id.eq(profile))
            .filter(releases::counterpart_country.eq_any(countries.clone()))
            .filter(releases::valid_to.ge(today));
        diesel::update(held)
            .set(releases::valid_to.eq(yesterday))
            .execute(conn)?;
    }
    Ok(())
}

/// The releases of exactly this revision that hold on a day, for firms of that
/// country.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn releases(
    conn: &mut Conn,
    (profile, revision): (StartupProfileId, i64),
    programme: ProgrammeId,
    counterpart: Country,
    today: NaiveDate,
) -> Result<Vec<Released>> {
    let rows: Vec<(String, String, UserId)> = releases::table
        .filter(releases::startup_profile_id.eq(profile))
        .filter(releases::startup_revision.eq(revision))
        .filter(releases::programme_id.eq(programme))
        .filter(releases::counterpart_country.eq(counterpart.code()))
        .filter(releases::valid_to.ge(today))
        .select((
            releases::matter,
            releases::sensitivity,
            releases::released_by,
        ))
        .load(conn)?;
    let released = |(matter, sensitivity, by): (String, String, UserId)| {
        let about = Sensitive {
            matter: stored::parse(&matter)?,
            sensitivity: stored::code(&sensitivity, Sensitivity::from_code)?,
        };
        Ok(Released { about, by })
    };
    rows.into_iter().map(released).collect()
}

/// Every release of a profile for firms of that country in one of these
/// programmes, whatever its revision and whether or not it still holds, in the
/// order in which they were given.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn releases_on_record(
    conn: &mut Conn,
    profile: StartupProfileId,
    programmes: &[ProgrammeId],
    counterpart: Country,
) -> Result<Vec<Release>> {
    type Row = (
        (i64, ProgrammeId, UserId),
        (String, String),
        (String, NaiveDate, DateTime<Utc>),
    );
    let rows: Vec<Row> = releases::table
        .filter(releases::startup_profile_id.eq(profile))
        .filter(releases::programme_id.eq_any(programmes.to_vec()))
        .filter(releases::counterpart_country.eq(counterpart.code()))
        .order((
            releases::created_at,
            releases::released_by,
            releases::matter,
        ))
        .select((
            (
                releases::startup_revision,
                releases::programme_id,
                releases::released_by,
            ),
            (releases::matter, releases::sensitivity),
            (releases::reason, releases::valid_to, releases::created_at),
        ))
        .load(conn)?;
    let release =
        |((revision, programme, by), (matter, sensitivity), (reason, valid_to, at)): Row| {
            Ok(Release {
                profile,
                revision,
                programme,
                counterpart,
                about: Sensitive {
                    matter: stored::parse(&matter)?,
                    sensitivity: stored::code(&sensitivity, Sensitivity::from_code)?,
                },
                by,
                reason,
                valid_to,
                at,
            })
        };
    rows.into_iter().map(release).collect()
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
        opened_by,
        at: created_at,
    })
}
