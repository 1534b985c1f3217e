//! The schema's history, compiled in and applied at open.
//!
//! Both folders bear the same names. All pending migrations run in one
//! transaction, under the write lock on SQLite and an advisory lock on
//! PostgreSQL, so that several processes may start at once.

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::writer::begin_immediate;
use super::{Conn, Error, OpenError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number will do, so long as nothing else in the database uses it:
/// "corridor" in ASCII.
#[cfg(feature = "postgres")]
const ADVISORY_LOCK: i64 = i64::from_be_bytes(*b"corridor");

/// Where a database stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Versions applied there, ascending.
    pub applied: Vec<String>,
    /// Versions known here and not applied there, ascending.
    pub pending: Vec<String>,
    /// Versions applied there and not known here, ascending.
    pub unknown: Vec<String>,
}

/// Compares the database with this program and touches nothing.
///
/// # Errors
/// A statement failed.
pub fn status(conn: &mut Conn) -> Result<Status, Error> {
    let applied = applied(conn)?;
    let known = known(conn)?;
    let missing_from = |others: &[String], own: &[String]| -> Vec<String> {
        own.iter()
            .filter(|version| !others.contains(version))
            .cloned()
            .collect()
    };
    Ok(Status {
        pending: missing_from(&applied, &known),
        unknown: missing_from(&known, &applied),
        applied,
    })
}

/// Applies what is pending and answers those versions.
///
/// # Errors
/// [`OpenError::Newer`] before anything is touched, [`OpenError::Locked`],
/// or [`OpenError::Migration`] with nothing of it left behind.
pub fn run(conn: &mut Conn) -> Result<Vec<String>, OpenError> {
    if current(conn)?.pending.is_empty() {
        return Ok(Vec::new());
    }
    begin_immediate(conn).map_err(failed)?;
    match run_alone(conn) {
        Ok(versions) => {
            end(conn, true)?;
            Ok(versions)
        }
        Err(error) => {
            // The first error says more than that of its rollback would.
            let _ = end(conn, false);
            Err(error)
        }
    }
}

/// Another process may have migrated between the first look and the lock.
fn run_alone(conn: &mut Conn) -> Result<Vec<String>, OpenError> {
    // SQLite's lock came with `BEGIN IMMEDIATE`; this one ends with the
    // transaction.
    #[cfg(feature = "postgres")]
    if let Conn::Postgres(conn) = conn {
        use diesel::connection::SimpleConnection;
        conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
            .map_err(|error| failed(error.into()))?;
    }
    current(conn)?;
    let ran = match conn {
        Conn::Sqlite(conn) => strings(conn.run_pending_migrations(SQLITE)),
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => strings(conn.run_pending_migrations(POSTGRES)),
    };
    let versions = ran.map_err(|error| OpenError::Migration(error.to_string()))?;
    // What takes more than SQL, in the same transaction.
    super::rate_locks::lock_old_days(conn)
        .map_err(|error| OpenError::Migration(error.to_string()))?;
    Ok(versions)
}

fn strings(
    versions: diesel::migration::Result<Vec<MigrationVersion<'_>>>,
) -> diesel::migration::Result<Vec<String>> {
    Ok(versions?.iter().map(ToString::to_string).collect())
}

/// The status, unless somebody newer has been here.
fn current(conn: &mut Conn) -> Result<Status, OpenError> {
    let status = status(conn).map_err(failed)?;
    if status.unknown.is_empty() {
        return Ok(status);
    }
    Err(OpenError::Newer {
        unknown: status.unknown,
        known: known(conn).map_err(failed)?.pop().unwrap_or_default(),
    })
}

fn end(conn: &mut Conn, keep: bool) -> Result<(), OpenError> {
    use diesel::connection::TransactionManager;
    type Manager = <Conn as Connection>::TransactionManager;
    let ended = if keep {
        Manager::commit_transaction(conn)
    } else {
        Manager::rollback_transaction(conn)
    };
    ended.map_err(|error| failed(error.into()))
}

/// Reads without diesel's `applied_migrations`, which makes the table first.
fn applied(conn: &mut Conn) -> Result<Vec<String>, Error> {
    diesel::table! {
        __diesel_schema_migrations (version) {
            version -> Text,
        }
    }
    use __diesel_schema_migrations::{table, version};

    if !super::sql::has_table(conn, "__diesel_schema_migrations")? {
        return Ok(Vec::new());
    }
    Ok(table.select(version).order(version).load(conn)?)
}

fn known(conn: &Conn) -> Result<Vec<String>, Error> {
    match conn {
        Conn::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
    }
}

fn versions<DB: diesel::backend::Backend>(
    source: &impl MigrationSource<DB>,
) -> Result<Vec<String>, Error> {
    let migrations: Vec<Box<dyn Migration<DB>>> = source
        .migrations()
        .map_err(|error| Error::Corrupt(format!("the migrations compiled in: {error}")))?;
    let mut versions: Vec<String> = migrations
        .iter()
        .map(|it| it.name().version().to_string())
        .collect();
    versions.sort();
    Ok(versions)
}

/// [`OpenError`] of a first look at that file.
pub(super) fn failed_at(path: &std::path::Path, error: Error) -> OpenError {
    if error.to_string().contains("not a database") {
        let path = path.to_path_buf();
        return OpenError::NotADatabase { path };
    }
    failed(error)
}

fn failed(error: Error) -> OpenError {
    match error {
        Error::Busy => OpenError::Locked,
        other => OpenError::Failed(other.to_string()),
    }
}
