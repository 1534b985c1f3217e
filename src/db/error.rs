//! What can go wrong with the store, in the terms of whoever calls it.

use std::path::PathBuf;

use diesel::result::DatabaseErrorKind;

/// A use of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The queue is full, no connection became free in time, or rows stayed
    /// locked: nothing was done, and trying again later is right (503 with
    /// `Retry-After`).
    #[error("the store is busy")]
    Busy,
    /// What was read had changed by the time of the write: nothing was done,
    /// and whoever decided on it has to look again.
    #[error("what was read has changed")]
    Outdated,
    /// The database can't be reached, or was lost before the commit was
    /// confirmed: whether anything was done is unknown.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The job panicked and was rolled back.
    #[error("a job on the store panicked")]
    Panicked,
    /// A stored value that the domain refuses.
    #[error("the store holds a value that can't be right: {0}")]
    Corrupt(String),
    /// A statement failed.
    #[error("a statement failed: {0}")]
    Diesel(diesel::result::Error),
}

/// The usual result of a function of this layer.
pub type Result<T> = std::result::Result<T, Error>;

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::Error as Diesel;
        match &error {
            Diesel::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Self::Busy,
            Diesel::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                _,
            )
            | Diesel::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            Diesel::DatabaseError(_, info) if is_contention(info.message()) => Self::Busy,
            Diesel::DatabaseError(_, info) if is_outage(info.message()) => {
                Self::Unavailable(error.to_string())
            }
            _ => Self::Diesel(error),
        }
    }
}

/// Whether a statement lost against another one. Diesel hands on no error
/// codes, so it is told by SQLite's fixed texts for `SQLITE_BUSY` and
/// `SQLITE_LOCKED` and PostgreSQL's English ones for 55P03 and 40P01.
fn is_contention(message: &str) -> bool {
    message.starts_with("database is locked")
        || message.starts_with("database table is locked")
        || message.starts_with("canceling statement due to lock timeout")
        || message.starts_with("deadlock detected")
}

/// Whether the database itself went away or can't work: a server that stops,
/// a full disk, a failing one.
fn is_outage(message: &str) -> bool {
    message.starts_with("terminating connection")
        || message.starts_with("server closed the connection")
        || message.starts_with("no connection to the server")
        || message.starts_with("database or disk is full")
        || message.starts_with("disk I/O error")
        || message.starts_with("unable to open database file")
}

/// Why the store could not be opened; each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder can't be made or written to.
    #[error("{} is not writable: {source}; choose another place with --data or --database, or give this user the right to write there", path.display())]
    NotWritable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something else lies where the database should be.
    #[error("{} is not a SQLite database; move it away or name another file", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A newer Corridor has been here.
    #[error("the database is newer than this program: it holds the migrations {}, this program knows none after {known}; run the newer version", unknown.join(", "))]
    Newer {
        /// The versions found there and unknown here, ascending.
        unknown: Vec<String>,
        /// The newest version known here.
        known: String,
    },
    /// Another process holds the database.
    #[error("the database is locked by another process; stop it or wait until it has finished")]
    Locked,
    /// The server can't be reached or refuses us.
    #[error("cannot connect to {url}: {reason}")]
    CannotConnect {
        /// Where, without the password.
        url: String,
        /// What the driver said.
        reason: String,
    },
    /// A migration failed; nothing of it stayed.
    #[error("migrating the database failed: {0}")]
    Migration(String),
    /// Anything else that a first look at the database brought up.
    #[error("opening the database failed: {0}")]
    Failed(String),
}
