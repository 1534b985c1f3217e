//! A startup of a file, on record.

use crate::db::startup_profiles::{self, Filter};
use crate::db::together::Together;
use crate::db::{self, Conn};
use crate::domain::country::Country;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::{Fault, Faults};
use crate::domain::ids::OrganizationId;
use crate::domain::import::RowOutcome;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::profile::{
    ProfileStatus, StartupContent, StartupProfile, fresh_until, missing_to_submit, texts_that_tell,
    to_look_at,
};
use crate::domain::search::Texts;
use crate::domain::values::OrganizationKind;

use super::super::Error;
use super::super::transitions::code;
use super::{Change, Import, NewStartup, Put};

/// Where a profile stands in its row.
const PLACE: &str = "/startup_profile";

/// Puts a row on record.
pub(super) fn put(import: &mut Import, conn: &mut Conn, row: NewStartup) -> Result<Put, Error> {
    let NewStartup {
        external_id,
        firm_id,
        details,
        identifiers,
        content,
        contact,
    } = row;
    let ids = (external_id.as_str(), firm_id.as_deref());
    let known = import.known(conn, OrganizationKind::Startup, ids)?;
    let on_record = match &known {
        Some(firm) => profiles_of(conn, firm.id)?,
        None => Vec::new(),
    };
    let records: Vec<_> = on_record.iter().map(|it| it.id.uuid()).collect();
    let meant = Import::meant(conn, ids, &records)?;
    let claimed = on_record.iter().any(|it| it.claimed);
    let before = meant.and_then(|place| on_record.get(place)).cloned();
    let merged = match &known {
        Some(firm) => db::merges::is_part(conn, firm.id)?,
        None => false,
    };
    let taken_over = merged || claimed || before.as_ref().is_some_and(is_moved);
    if let Some(firm) = known.as_ref().filter(|_| taken_over) {
        import.tally.taken_over += 1;
        return Ok((firm.id, RowOutcome::Kept, Vec::new()));
    }
    let country = details.country;
    let joined = import.joins_startups_of(&details);
    let names: Vec<String> = details.all_names().map(str::to_owned).collect();
    let name = firm_id.unwrap_or_else(|| external_id.clone());
    let (firm, change) = import.put_firm(conn, known, name, details, &identifiers)?;
    // Of most rows nobody asks, since no programme takes them, and reading what
    // they say costs more than putting them on record.
    let waits = |it: &StartupProfile| it.status == ProfileStatus::InReview;
    let (told, doubts) = if joined || before.as_ref().is_some_and(waits) {
        let told = texts_that_tell(&content, names.iter().map(String::as_str));
        let doubts = import.doubts(&content, &told);
        (told, doubts)
    } else {
        (Faults::new(), Vec::new())
    };
    let status = status(before.as_ref(), &content, (&told, &doubts), joined);
    let (profile, profile_change) = match before {
        None => (
            import.insert(conn, &firm, country, content, status)?,
            Change::Created,
        ),
        Some(before) => import.update(conn, before, country, content, status)?,
    };
    Import::name(conn, profile.id.uuid(), &external_id)?;
    let admitted = joined && import.admit(conn, &profile)?;
    import.reach(conn, firm.id, contact.as_ref(), joined)?;
    let admission = if admitted {
        Change::Updated
    } else {
        Change::Nothing
    };
    import.tally.in_review += u64::from(profile.status == ProfileStatus::InReview);
    import.tally.outside += u64::from(import.programme.is_some() && !joined);
    let change = change
        .max(profile_change.min(Change::Updated))
        .max(admission);
    let (firm, outcome, _) = import.count(firm.id, change);
    let waits = profile.status == ProfileStatus::InReview;
    Ok((firm, outcome, if waits { doubts } else { Vec::new() }))
}

/// Profiles of one firm that an import looks through.
const PROFILES: usize = 500;

fn profiles_of(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Vec<StartupProfile>, Error> {
    let filter = Filter {
        organization: Some(organization),
        ..Filter::default()
    };
    Ok(startup_profiles::list(conn, &filter, None, PROFILES)?)
}

/// Whether a row leaves it as it is, since people moved it.
const fn is_moved(profile: &StartupProfile) -> bool {
    use ProfileStatus as S;
    !matches!(
        profile.status,
        S::Draft | S::InReview | S::Published | S::Stale
    )
}

impl Import {
    /// Whether the programme may take them: a corridor begins in their country,
    /// or a curator has yet to find out which it is.
    fn joins_startups_of(&self, details: &OrganizationDetails) -> bool {
        self.programme.as_ref().is_some_and(|programme| {
            let corridors = &programme.details.corridors;
            details
                .country
                .is_none_or(|country| corridors.iter().any(|it| it.startup == country))
        })
    }

    /// All for which people look at a profile before it is published, by
    /// pointers into its row.
    fn doubts(&self, content: &StartupContent, told: &Faults) -> Vec<Fault> {
        let mut doubts = Faults::new();
        doubts.absorb(PLACE, to_look_at(content, &self.context.taxonomy()));
        doubts.absorb(PLACE, told.clone());
        if self.documents {
            doubts.absorb(PLACE, missing_to_submit(content));
        }
        doubts.into_vec()
    }

    fn insert(
        &self,
        conn: &mut Conn,
        firm: &Organization,
        country: Option<Country>,
        content: StartupContent,
        status: ProfileStatus,
    ) -> Result<StartupProfile, Error> {
        let published = status == ProfileStatus::Published;
        let profile = StartupProfile {
            id: self.context.new_id(),
            organization: firm.id,
            country,
            content,
            status,
            claimed: false,
            revision: 1,
            version: 1,
            published_at: published.then_some(self.now),
            reconfirm_by: published.then(|| fresh_until(self.now)),
            rejected_at: None,
            created_at: self.now,
            updated_at: self.now,
        };
        let insertion: Together<Error> = if self.trial {
            startup_profiles::bare_insertion(&profile, firm)?
        } else {
            let texts = Texts::of_profile(&profile.content);
            startup_profiles::insertion(conn, &profile, firm, texts)?
        };
        insertion.store(conn)?;
        self.log_profile(conn, &profile)?;
        Ok(profile)
    }

    fn update(
        &self,
        conn: &mut Conn,
        before: StartupProfile,
        country: Option<Country>,
        content: StartupContent,
        status: ProfileStatus,
    ) -> Result<(StartupProfile, Change), Error> {
        let revised = before.content != content;
        if !revised && before.country == country && before.status == status {
            return Ok((before, Change::Nothing));
        }
        let published = status == ProfileStatus::Published;
        let after = StartupProfile {
            country,
            content,
            status,
            revision: before.revision + i64::from(revised),
            version: before.version + 1,
            published_at: before.published_at.or(published.then_some(self.now)),
            reconfirm_by: if published {
                Some(fresh_until(self.now))
            } else {
                before.reconfirm_by
            },
            updated_at: self.now,
            ..before
        };
        if !startup_profiles::update(conn, &after)? {
            return Err(Error::StaleVersion);
        }
        self.log_profile(conn, &after)?;
        Ok((after, Change::Updated))
    }

    fn log_profile(&self, conn: &mut Conn, profile: &StartupProfile) -> Result<(), Error> {
        self.pen.append(
            conn,
            "startup_profile.imported",
            (SubjectKind::StartupProfile, profile.id),
            vec![
                ("organization", Value::Id(profile.organization.uuid())),
                ("to", code(profile.status.code())),
                ("revision", Value::Int(profile.revision)),
            ],
        )
    }

    /// Admits a profile; answers whether that is new.
    fn admit(&mut self, conn: &mut Conn, profile: &StartupProfile) -> Result<bool, Error> {
        if self.has_left(conn, profile.id.uuid())? {
            return Ok(false);
        }
        let Some(programme) = &self.programme else {
            return Ok(false);
        };
        let new = db::programmes::admit_startup(conn, programme.id, profile.id, self.now)?;
        if new {
            self.log_admission(conn, programme, "startup_profile", profile.id.uuid())?;
            self.tally.admitted += 1;
        }
        Ok(new)
    }
}

/// Where a profile stands after the import: what is sensitive, gives its
/// firm away or lacks something is looked at by people before it is
/// published, here as everywhere.
fn status(
    before: Option<&StartupProfile>,
    content: &StartupContent,
    (told, doubts): (&Faults, &[Fault]),
    joined: bool,
) -> ProfileStatus {
    match before {
        Some(before) if !joined => before.status,
        None if !joined => ProfileStatus::Draft,
        // What people have looked at already, or are about to.
        Some(before)
            if before.content == *content
                && before.status != ProfileStatus::Draft
                && told.is_empty() =>
        {
            match before.status {
                ProfileStatus::Stale => ProfileStatus::Published,
                status => status,
            }
        }
        _ if doubts.is_empty() => ProfileStatus::Published,
        _ => ProfileStatus::InReview,
    }
}
