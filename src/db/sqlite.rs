//! SQLite: the file, its pragmas, and the two kinds of connection.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use super::checkpoints::JOURNAL_PAGES;
use super::{Conn, Error, OpenError, sql};

/// The first bytes of every SQLite 3 database (file format, §1.3.1).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Makes the folder if need be and looks at the file before SQLite does, so
/// that what is wrong can be said plainly.
pub(super) fn prepare(path: &Path) -> Result<(), OpenError> {
    let not_writable = |source| OpenError::NotWritable {
        path: path.to_path_buf(),
        source,
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder).map_err(|source| OpenError::NotWritable {
            path: folder.to_path_buf(),
            source,
        })?;
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    // Nobody else on the machine may read a store, also in a folder that others
    // may look into; SQLite gives what it writes beside it the same rights.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(not_writable)?;
    check_start(path, &mut file)
}

/// Looks at a file that has to be there, and changes nothing.
pub(super) fn examine(path: &Path) -> Result<(), OpenError> {
    let unreadable = |error| OpenError::Failed(format!("{}: {error}", path.display()));
    let mut file = fs::File::open(path).map_err(unreadable)?;
    check_start(path, &mut file)
}

/// A new file is empty.
fn check_start(path: &Path, file: &mut fs::File) -> Result<(), OpenError> {
    let mut start = Vec::with_capacity(MAGIC.len());
    io::Read::by_ref(file)
        .take(MAGIC.len() as u64)
        .read_to_end(&mut start)
        .map_err(|error| OpenError::Failed(format!("{}: {error}", path.display())))?;
    if start.is_empty() || start == MAGIC {
        Ok(())
    } else {
        Err(OpenError::NotADatabase {
            path: path.to_path_buf(),
        })
    }
}

/// KiB of pages that the writer keeps at hand, if it comes to so many: a group
/// of writes changes more than the two MB of SQLite's default, and what doesn't
/// fit goes into the journal before its time, and once more after.
const WRITERS_CACHE_KIB: u32 = 16_384;

/// A connection that may write. There is one in a process. Words wait in a
/// table of its own until its group commits: see `sql::search`.
pub(super) fn writer(path: &Path, busy_timeout: Duration) -> Result<Conn, OpenError> {
    let last = format!(
        "PRAGMA query_only = OFF; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{WRITERS_CACHE_KIB}; PRAGMA wal_autocheckpoint = {JOURNAL_PAGES};
         {}",
        sql::search::WAITING
    );
    connect(path, busy_timeout, &last)
}

/// A connection that can't write.
pub(super) fn reader(path: &Path, busy_timeout: Duration) -> Result<Conn, OpenError> {
    connect(path, busy_timeout, "PRAGMA query_only = ON;")
}

/// [`reader`] of a store that stays as it is, whatever it is: not even its
/// journal's kind is set. What a program that was killed left in the journal
/// is part of the store, and SQLite moves it into the file when its last
/// connection is closed.
pub(super) fn looker(path: &Path, busy_timeout: Duration) -> Result<Conn, OpenError> {
    let wait = busy_timeout.as_millis();
    open(
        path,
        &format!("PRAGMA busy_timeout = {wait}; PRAGMA query_only = ON;"),
    )
}

/// `busy_timeout` comes first: switching to WAL may itself have to wait.
fn connect(path: &Path, busy_timeout: Duration, last: &str) -> Result<Conn, OpenError> {
    let wait = busy_timeout.as_millis();
    open(
        path,
        &format!(
            "PRAGMA busy_timeout = {wait};
             PRAGMA journal_mode = WAL;
             {}
             PRAGMA foreign_keys = ON;
             {last}",
            waiting_for_disk(true)
        ),
    )
}

/// Whether each commit waits until the disk has it, or only what is moved from
/// the journal into the file does. Outside a transaction only.
/// Source: <https://www.sqlite.org/pragma.html#pragma_synchronous>.
pub(super) fn waiting_for_disk(wait: bool) -> &'static str {
    if wait {
        "PRAGMA synchronous = FULL;"
    } else {
        "PRAGMA synchronous = NORMAL;"
    }
}

fn open(path: &Path, pragmas: &str) -> Result<Conn, OpenError> {
    let name = path
        .to_str()
        .ok_or_else(|| OpenError::Failed(format!("{} is not UTF-8", path.display())))?;
    let mut conn = SqliteConnection::establish(name)
        .map_err(|error| OpenError::Failed(format!("{}: {error}", path.display())))?;
    conn.batch_execute(pragmas)
        .map_err(|error| refusal(path, error))?;
    Ok(Conn::Sqlite(conn))
}

/// SQLite's texts are fixed; diesel hands on no codes.
fn refusal(path: &Path, error: diesel::result::Error) -> OpenError {
    let text = error.to_string();
    if text.contains("readonly database") || text.contains("unable to open database file") {
        // WAL needs two more files beside the database.
        return OpenError::NotWritable {
            path: path.parent().unwrap_or(path).to_path_buf(),
            source: io::Error::new(io::ErrorKind::PermissionDenied, text),
        };
    }
    if text.contains("not a database") {
        return OpenError::NotADatabase {
            path: path.to_path_buf(),
        };
    }
    match Error::from(error) {
        Error::Busy => OpenError::Locked,
        other => OpenError::Failed(other.to_string()),
    }
}
