//! What a use case stores, told at once.
//!
//! On PostgreSQL it goes as one statement, which is a transaction by itself: a
//! use case that reads, decides and stores costs the trips of its reads and one
//! more. In a transaction of its own (begin, a trip for each row, commit) most
//! of its time would be spent on the way. On SQLite, where a statement costs no
//! trip, one follows the other.
//!
//! Nothing is locked while the use case decides. So that it can't decide on
//! what is no longer true, everything stands behind a guard:
//! a row that must still be as it was read, or nothing is stored at all.

use diesel::query_builder::QueryFragment;
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
#[cfg(feature = "postgres")]
use diesel::{
    query_builder::AstPass,
    result::{Error as Diesel, QueryResult},
};

use super::conn::Backend;
use super::prepared::Prepare;
use super::schema::organizations;
use super::{Conn, Error, Result, transaction};
use crate::domain::organization::Organization;

/// A statement among others; it owns its values.
pub struct Part {
    statement: Statement,
    /// What parts after it call the row that it stores, and the column of it
    /// that they use.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "SQLite runs the parts one after the other")
    )]
    source: Option<(&'static str, &'static str)>,
}

type Statement = Box<dyn QueryFragment<Backend>>;
type Then<E> = Box<dyn FnOnce(&mut Conn) -> std::result::Result<(), E>>;

impl Part {
    /// One statement.
    pub(super) fn new(statement: impl QueryFragment<Backend> + 'static) -> Self {
        Self {
            statement: Box::new(statement),
            source: None,
        }
    }

    /// The same, of whose row parts after it use a column.
    pub(super) fn named(self, name: &'static str, column: &'static str) -> Self {
        Self {
            source: Some((name, column)),
            ..self
        }
    }

    /// Runs it alone.
    pub(super) fn execute(self, conn: &mut Conn) -> Result<usize> {
        Ok(self.statement.prepared().execute(conn)?)
    }
}

/// What is stored together, in the order in which it was added.
pub struct Together<E> {
    guard: Guard,
    parts: Vec<Part>,
    then: Option<Then<E>>,
}

/// What must be as it was read.
enum Guard {
    /// A firm's row: kept as it is until all is stored.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "SQLite's one writer holds everything")
    )]
    Held(Statement),
    /// The row of a record that the statement moves from its last version.
    Moved(Statement),
}

impl<E: From<Error>> Together<E> {
    /// Things of a firm that is still as it was read, and stays so until they
    /// are stored; if it isn't, storing them answers [`Error::Busy`].
    pub(super) fn of(firm: &Organization) -> Self {
        let row = organizations::table
            .find(firm.id)
            .filter(organizations::version.eq(firm.version))
            .select(organizations::id);
        Self::behind(Guard::Held(Box::new(row)))
    }

    /// An update of one record that names the version it had; if somebody else
    /// was first, storing it answers [`Error::Outdated`].
    pub(super) fn moving(update: impl QueryFragment<Backend> + 'static) -> Self {
        Self::behind(Guard::Moved(Box::new(update)))
    }

    fn behind(guard: Guard) -> Self {
        Self {
            guard,
            parts: Vec::new(),
            then: None,
        }
    }

    /// The same with another part.
    #[must_use]
    pub fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// The same with other parts.
    #[must_use]
    pub fn with_all(mut self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.parts.extend(parts);
        self
    }

    /// The same with something that takes more than a statement, in the same
    /// transaction.
    #[must_use]
    pub fn then(self, job: impl FnOnce(&mut Conn) -> std::result::Result<(), E> + 'static) -> Self {
        Self {
            then: Some(Box::new(job)),
            ..self
        }
    }

    /// Stores it all or nothing.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Outdated`] by the guard; a statement failed.
    pub fn store(self, conn: &mut Conn) -> std::result::Result<(), E> {
        let Self { guard, parts, then } = self;
        match then {
            Some(then) => transaction(conn, |conn| {
                store(conn, guard, parts)?;
                then(conn)
            }),
            None => Ok(store(conn, guard, parts)?),
        }
    }
}

/// Runs `job`, which stores together, so that nothing of it stays if it fails:
/// on SQLite in a savepoint, while on PostgreSQL the one statement is all that
/// it stores.
///
/// # Errors
/// The job's own.
pub fn whole<T, E: From<Error>>(
    conn: &mut Conn,
    job: impl FnOnce(&mut Conn) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    match conn {
        Conn::Sqlite(_) => transaction(conn, job),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => job(conn),
    }
}

fn store(conn: &mut Conn, guard: Guard, parts: Vec<Part>) -> Result<()> {
    match conn {
        // The only writer has read the firm in this very transaction.
        Conn::Sqlite(_) => {
            if let Guard::Moved(update) = guard
                && update.prepared().execute(conn)? != 1
            {
                return Err(Error::Outdated);
            }
            for part in parts {
                part.execute(conn)?;
            }
            Ok(())
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            let failed = match guard {
                Guard::Held(_) => Error::Busy,
                Guard::Moved(_) => Error::Outdated,
            };
            match (AtOnce { guard, parts }).prepared().execute(conn) {
                Err(error) if found_no_guard(&error) => Err(failed),
                other => Ok(other.map(drop)?),
            }
        }
    }
}

/// One statement of all parts. It divides by the number of rows that the guard
/// found, which undoes everything when there are none.
#[cfg(feature = "postgres")]
struct AtOnce {
    guard: Guard,
    parts: Vec<Part>,
}

/// Whether [`AtOnce`] divided by nothing. Diesel hands on no error codes; this
/// is PostgreSQL's English text for 22012.
#[cfg(feature = "postgres")]
fn found_no_guard(error: &Diesel) -> bool {
    matches!(error, Diesel::DatabaseError(_, info) if info.message() == "division by zero")
}

#[cfg(feature = "postgres")]
impl QueryFragment<Backend> for AtOnce {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        pass.push_sql("WITH guard AS (");
        match &self.guard {
            Guard::Held(row) => {
                row.walk_ast(pass.reborrow())?;
                pass.push_sql(" FOR SHARE");
            }
            Guard::Moved(update) => {
                update.walk_ast(pass.reborrow())?;
                pass.push_sql(" RETURNING 1");
            }
        }
        for (number, part) in self.parts.iter().enumerate() {
            match part.source {
                Some((name, _)) => pass.push_sql(&format!("), {name} AS (")),
                None => pass.push_sql(&format!("), part{number} AS (")),
            }
            part.statement.walk_ast(pass.reborrow())?;
            if let Some((_, column)) = part.source {
                pass.push_sql(&format!(" RETURNING {column}"));
            }
        }
        pass.push_sql(") SELECT 1 / count(*) FROM guard");
        Ok(())
    }
}
