//! What records said, version by version: a match refers to one, and none is
//! ever changed. The same for every kind of record that has versions.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::page::{Cursor, Page};
use crate::db::{self, Conn, investor_profiles, mandates, startup_profiles};
use crate::domain::ids::{InvestorProfileId, MandateId, OrganizationId, StartupProfileId};
use crate::domain::investor::InvestorContent;
use crate::domain::mandate::MandateContent;
use crate::domain::permission::Operation;
use crate::domain::profile::StartupContent;

use super::paging::{PageRequest, read_page};
use super::{Caller, Context, Error};

/// The id of a record that has versions.
pub trait Versioned: Copy + Display + Send + 'static {
    /// What a version says.
    type Content: Send + 'static;
    /// What its list is called in cursors.
    const LIST: &'static str;
    /// What reading one takes.
    const READ: Operation;

    /// Whose the record is, and which version it says now.
    ///
    /// # Errors
    /// A statement failed, or the row is damaged.
    fn now(self, conn: &mut Conn) -> db::Result<Option<(OrganizationId, i64)>>;

    /// The versions after that one with when each came, from the first on; one
    /// more than `limit` when there are more.
    ///
    /// # Errors
    /// A statement failed.
    fn after(
        self,
        conn: &mut Conn,
        number: i64,
        limit: usize,
    ) -> db::Result<Vec<(i64, DateTime<Utc>)>>;

    /// What a version says.
    ///
    /// # Errors
    /// A statement failed, or the row is damaged.
    fn content(self, conn: &mut Conn, number: i64) -> db::Result<Option<Self::Content>>;
}

impl Versioned for StartupProfileId {
    type Content = StartupContent;
    const LIST: &'static str = "profile-versions";
    const READ: Operation = Operation::ReadStartupProfile;

    fn now(self, conn: &mut Conn) -> db::Result<Option<(OrganizationId, i64)>> {
        let found = startup_profiles::find(conn, self)?;
        Ok(found.map(|it| (it.organization, it.revision)))
    }

    fn after(
        self,
        conn: &mut Conn,
        number: i64,
        limit: usize,
    ) -> db::Result<Vec<(i64, DateTime<Utc>)>> {
        startup_profiles::revisions_of(conn, self, number, limit)
    }

    fn content(self, conn: &mut Conn, number: i64) -> db::Result<Option<StartupContent>> {
        startup_profiles::find_revision(conn, self, number)
    }
}

impl Versioned for MandateId {
    type Content = MandateContent;
    const LIST: &'static str = "mandate-versions";
    const READ: Operation = Operation::ReadMandate;

    fn now(self, conn: &mut Conn) -> db::Result<Option<(OrganizationId, i64)>> {
        let found = mandates::find(conn, self)?;
        Ok(found.map(|it| (it.organization, it.revision)))
    }

    fn after(
        self,
        conn: &mut Conn,
        number: i64,
        limit: usize,
    ) -> db::Result<Vec<(i64, DateTime<Utc>)>> {
        mandates::revisions_of(conn, self, number, limit)
    }

    fn content(self, conn: &mut Conn, number: i64) -> db::Result<Option<MandateContent>> {
        mandates::find_revision(conn, self, number)
    }
}

impl Versioned for InvestorProfileId {
    type Content = InvestorContent;
    const LIST: &'static str = "investor-versions";
    const READ: Operation = Operation::ReadInvestorProfile;

    fn now(self, conn: &mut Conn) -> db::Result<Option<(OrganizationId, i64)>> {
        let found = investor_profiles::find(conn, self)?;
        Ok(found.map(|it| (it.organization, it.revision)))
    }

    fn after(
        self,
        conn: &mut Conn,
        number: i64,
        limit: usize,
    ) -> db::Result<Vec<(i64, DateTime<Utc>)>> {
        investor_profiles::revisions_of(conn, self, number, limit)
    }

    fn content(self, conn: &mut Conn, number: i64) -> db::Result<Option<InvestorContent>> {
        investor_profiles::find_revision(conn, self, number)
    }
}

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

/// The versions of a record, from the first on, for its firm and the
/// operator's people.
pub async fn of<R: Versioned>(
    context: &Context,
    caller: &Caller,
    id: R,
    page: PageRequest,
) -> Result<Page<Version>, Error> {
    let caller = caller.clone();
    let fetch = move |conn: &mut Conn, after, limit| {
        let (_, now) = readable(conn, &caller, id)?;
        let found = id.after(conn, number(after), limit)?;
        Ok(found.into_iter().map(|it| version(it, now)).collect())
    };
    read_page(context, format!("{} {id}", R::LIST), page, fetch, place).await
}

/// What a record said at these versions.
pub async fn at<R: Versioned>(
    context: &Context,
    caller: &Caller,
    id: R,
    numbers: Vec<i64>,
) -> Result<Vec<Said<R::Content>>, Error> {
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let (organization, now) = readable(conn, &caller, id)?;
            let said = |number: i64| {
                let found = id.after(conn, number - 1, 1)?.into_iter();
                let row = found.into_iter().find(|(found, _)| *found == number);
                match (row, id.content(conn, number)?) {
                    (Some(row), Some(content)) => Ok(Said {
                        version: version(row, now),
                        organization,
                        content,
                    }),
                    _ => Err(Error::NotFound),
                }
            };
            numbers.into_iter().map(said).collect()
        })
        .await
}

fn readable<R: Versioned>(
    conn: &mut Conn,
    caller: &Caller,
    id: R,
) -> Result<(OrganizationId, i64), Error> {
    let (organization, now) = id.now(conn)?.ok_or(Error::NotFound)?;
    caller.may(R::READ, &[organization])?;
    Ok((organization, now))
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
    Cursor::at(
        version.at,
        Uuid::from_u64_pair(0, version.number.unsigned_abs()),
    )
}

fn number(after: Option<Cursor>) -> i64 {
    after.map_or(0, |cursor| {
        i64::try_from(cursor.id.as_u64_pair().1).unwrap_or(i64::MAX)
    })
}
