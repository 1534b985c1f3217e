//! The releases by which compliance lets something sensitive be shown.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::IntoBoxed;
use diesel::prelude::*;

use crate::db::conn::Backend;
use crate::db::prepared::{Prepare, of_few_lengths};
use crate::db::review_schema::disclosure_releases as releases;
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, sql, stored};
use crate::domain::country::Country;
use crate::domain::ids::{OrganizationId, ProgrammeId, StartupProfileId, UserId};
use crate::domain::release::{Released, Sensitive};
use crate::domain::tag::Sensitivity;

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

/// Stores a release, or renews that person's own one of the matter which has run
/// out by the day of the new one, or was of a lesser grade; false while the
/// earlier one still holds.
///
/// # Errors
/// A statement failed.
pub fn insert_release(conn: &mut Conn, release: &Release) -> Result<bool> {
    if put_release(conn, release)? {
        return Ok(true);
    }
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

/// Has a release that its person gave before and that still holds end on another
/// day, for another reason; false where it ends on that day already.
///
/// # Errors
/// A statement failed.
pub fn restate_release(conn: &mut Conn, release: &Release) -> Result<bool> {
    let matter = release.about.matter.to_string();
    let before = releases::table
        .find((
            release.profile,
            release.revision,
            release.programme,
            release.counterpart.code(),
            release.by,
            &matter,
        ))
        .filter(releases::valid_to.ne(release.valid_to));
    let restated = diesel::update(before)
        .set((
            releases::reason.eq(&release.reason),
            releases::valid_to.eq(release.valid_to),
            releases::created_at.eq(Timestamp(release.at)),
        ))
        .execute(conn)?;
    Ok(restated == 1)
}

/// Stores a release; false where that person has one of the matter.
fn put_release(conn: &mut Conn, release: &Release) -> Result<bool> {
    let insert = diesel::insert_into(releases::table)
        .values((
            releases::startup_profile_id.eq(release.profile),
            releases::startup_revision.eq(release.revision),
            releases::programme_id.eq(release.programme),
            releases::counterpart_country.eq(release.counterpart.code()),
            releases::released_by.eq(release.by),
            releases::reason.eq(&release.reason),
            releases::valid_to.eq(release.valid_to),
            releases::created_at.eq(Timestamp(release.at)),
            releases::matter.eq(release.about.matter.to_string()),
            releases::sensitivity.eq(release.about.sensitivity.code()),
        ))
        .on_conflict_do_nothing();
    Ok(sql::execute(conn, insert)? == 1)
}

/// Lets what was released in one programme and still holds on that day hold in
/// another one too, by the same people, for as long and for the same reasons.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn copy_releases(
    conn: &mut Conn,
    from: ProgrammeId,
    to: ProgrammeId,
    today: NaiveDate,
) -> Result<()> {
    let held = releases::table
        .filter(releases::programme_id.eq(from))
        .filter(releases::valid_to.ge(today));
    for held in read_releases(conn, held.into_boxed())? {
        put_release(
            conn,
            &Release {
                programme: to,
                ..held
            },
        )?;
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
    use crate::db::schema::startup_profiles;

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
    let found = releases_among(conn, &[programme], &[profile], today)?.remove(&(
        programme,
        profile,
        revision,
        counterpart,
    ));
    Ok(found.unwrap_or_default())
}

/// What a release holds for: in which programme, which revision of which
/// profile, towards firms of which country.
pub type Towards = (ProgrammeId, StartupProfileId, i64, Country);

/// The releases of these profiles in these programmes that hold on a day, by
/// what they hold for.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn releases_among(
    conn: &mut Conn,
    programmes: &[ProgrammeId],
    profiles: &[StartupProfileId],
    today: NaiveDate,
) -> Result<BTreeMap<Towards, Vec<Released>>> {
    type Row = (
        (ProgrammeId, StartupProfileId, i64, String),
        (String, String, UserId),
    );
    let rows: Vec<Row> = releases::table
        .filter(releases::startup_profile_id.eq_any(of_few_lengths(profiles)))
        .filter(releases::programme_id.eq_any(of_few_lengths(programmes)))
        .filter(releases::valid_to.ge(today))
        .select((
            (
                releases::programme_id,
                releases::startup_profile_id,
                releases::startup_revision,
                releases::counterpart_country,
            ),
            (
                releases::matter,
                releases::sensitivity,
                releases::released_by,
            ),
        ))
        .prepared()
        .load(conn)?;
    let mut found: BTreeMap<Towards, Vec<Released>> = BTreeMap::new();
    for ((programme, profile, revision, country), (matter, sensitivity, by)) in rows {
        let about = Sensitive {
            matter: stored::parse(&matter)?,
            sensitivity: stored::code(&sensitivity, Sensitivity::from_code)?,
        };
        let towards = (programme, profile, revision, stored::parse(&country)?);
        found
            .entry(towards)
            .or_default()
            .push(Released { about, by });
    }
    Ok(found)
}

/// The releases of exactly this revision that hold on a day, for whatever
/// programme and country.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn releases_of_revision(
    conn: &mut Conn,
    (profile, revision): (StartupProfileId, i64),
    today: NaiveDate,
) -> Result<Vec<Release>> {
    let held = releases::table
        .filter(releases::startup_profile_id.eq(profile))
        .filter(releases::startup_revision.eq(revision))
        .filter(releases::valid_to.ge(today));
    read_releases(conn, held.into_boxed())
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
    let towards = releases::table
        .filter(releases::startup_profile_id.eq(profile))
        .filter(releases::programme_id.eq_any(programmes.to_vec()))
        .filter(releases::counterpart_country.eq(counterpart.to_string()));
    read_releases(conn, towards.into_boxed())
}

/// These releases, in the order in which they were given.
fn read_releases(
    conn: &mut Conn,
    query: IntoBoxed<'static, releases::table, Backend>,
) -> Result<Vec<Release>> {
    type Row = (
        (StartupProfileId, i64, ProgrammeId, String, UserId),
        (String, String),
        (String, NaiveDate, DateTime<Utc>),
    );
    let rows: Vec<Row> = query
        .order((
            releases::created_at,
            releases::released_by,
            releases::matter,
        ))
        .select((
            (
                releases::startup_profile_id,
                releases::startup_revision,
                releases::programme_id,
                releases::counterpart_country,
                releases::released_by,
            ),
            (releases::matter, releases::sensitivity),
            (releases::reason, releases::valid_to, releases::created_at),
        ))
        .load(conn)?;
    let release = |(of, (matter, sensitivity), (reason, valid_to, at)): Row| {
        let (profile, revision, programme, country, by) = of;
        Ok(Release {
            profile,
            revision,
            programme,
            counterpart: stored::parse(&country)?,
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
