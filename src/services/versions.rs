//! What profiles and mandates said, version by version: a match refers to one,
//! and none is ever changed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::page::{Cursor, Page};
use crate::db::{Conn, mandates, startup_profiles};
use crate::domain::ids::{MandateId, OrganizationId, StartupProfileId};
use crate::domain::mandate::MandateContent;
use crate::domain::permission::Operation;
use crate::domain::profile::StartupContent;

use super::paging::{PageRequest, read_page};
use super::{Caller, Context, Error};

/// One version of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Its number, from 1.
    pub number: i64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Whether it is what the record says now.
    pub current: bool,
}

/// What a record said.
#[derive(Debug, Clone)]
pub struct Said<T> {
    /// Which version.
    pub version: Version,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What it said.
    pub content: T,
}

/// The versions of a profile, from the first on, for its startup and the
/// operator's people.
pub async fn of_profile(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
    page: PageRequest,
) -> Result<Page<Version>, Error> {
    let caller = caller.clone();
    let fetch = move |conn: &mut Conn, after, limit| {
        let now = readable_profile(conn, &caller, id)?.revision;
        let found = startup_profiles::revisions_of(conn, id, number(after), limit)?;
        Ok(found.into_iter().map(|it| version(it, now)).collect())
    };
    read_page(
        context,
        format!("profile-versions {id}"),
        page,
        fetch,
        place,
    )
    .await
}

/// What a profile said at a version, and at one before it if that is named.
pub async fn profile_at(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
    numbers: Vec<i64>,
) -> Result<Vec<Said<StartupContent>>, Error> {
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let now = readable_profile(conn, &caller, id)?;
            let said = |number: i64| {
                let found = startup_profiles::revisions_of(conn, id, number - 1, 1)?;
                let content = startup_profiles::find_revision(conn, id, number)?;
                said(found, number, now.revision, now.organization, content)
            };
            numbers.into_iter().map(said).collect()
        })
        .await
}

/// The versions of a mandate, from the first on, for its investor and the
/// operator's people.
pub async fn of_mandate(
    context: &Context,
    caller: &Caller,
    id: MandateId,
    page: PageRequest,
) -> Result<Page<Version>, Error> {
    let caller = caller.clone();
    let fetch = move |conn: &mut Conn, after, limit| {
        let now = readable_mandate(conn, &caller, id)?.revision;
        let found = mandates::revisions_of(conn, id, number(after), limit)?;
        Ok(found.into_iter().map(|it| version(it, now)).collect())
    };
    read_page(
        context,
        format!("mandate-versions {id}"),
        page,
        fetch,
        place,
    )
    .await
}

/// What a mandate said at a version, and at one before it if that is named.
pub async fn mandate_at(
    context: &Context,
    caller: &Caller,
    id: MandateId,
    numbers: Vec<i64>,
) -> Result<Vec<Said<MandateContent>>, Error> {
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let now = readable_mandate(conn, &caller, id)?;
            let said = |number: i64| {
                let found = mandates::revisions_of(conn, id, number - 1, 1)?;
                let content = mandates::find_revision(conn, id, number)?;
                said(found, number, now.revision, now.organization, content)
            };
            numbers.into_iter().map(said).collect()
        })
        .await
}

/// Which version a record is at, and whose it is.
struct Now {
    revision: i64,
    organization: OrganizationId,
}

fn readable_profile(conn: &mut Conn, caller: &Caller, id: StartupProfileId) -> Result<Now, Error> {
    let found = startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
    caller.may(Operation::ReadStartupProfile, &[found.organization])?;
    Ok(Now {
        revision: found.revision,
        organization: found.organization,
    })
}

fn readable_mandate(conn: &mut Conn, caller: &Caller, id: MandateId) -> Result<Now, Error> {
    let found = mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    caller.may(Operation::ReadMandate, &[found.organization])?;
    Ok(Now {
        revision: found.revision,
        organization: found.organization,
    })
}

fn said<T>(
    found: Vec<(i64, DateTime<Utc>)>,
    number: i64,
    now: i64,
    organization: OrganizationId,
    content: Option<T>,
) -> Result<Said<T>, Error> {
    let row = found.into_iter().find(|(revision, _)| *revision == number);
    match (row, content) {
        (Some(row), Some(content)) => Ok(Said {
            version: version(row, now),
            organization,
            content,
        }),
        _ => Err(Error::NotFound),
    }
}

const fn version((number, at): (i64, DateTime<Utc>), now: i64) -> Version {
    Version {
        number,
        at,
        current: number == now,
    }
}

/// The cursor of a version: its number stands where an id does.
fn place(version: &Version) -> Cursor {
    Cursor {
        created_at: version.at,
        id: Uuid::from_u64_pair(0, version.number.unsigned_abs()),
    }
}

fn number(after: Option<Cursor>) -> i64 {
    after.map_or(0, |cursor| {
        i64::try_from(cursor.id.as_u64_pair().1).unwrap_or(i64::MAX)
    })
}
