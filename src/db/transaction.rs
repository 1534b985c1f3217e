//! One job inside one transaction or savepoint, whatever becomes of the job.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::Connection;
use diesel::connection::TransactionManager;
use diesel::result::QueryResult;

use super::{Conn, Error};

type Manager = <Conn as Connection>::TransactionManager;

/// Runs `job` in a transaction of its own, or in a savepoint if one is open:
/// kept when it answers `Ok`, undone when it answers `Err` or panics.
///
/// Inside [`super::Db::write`] it lets a use case undo its effect and still
/// commit the note that it was refused.
///
/// # Errors
/// The job's own; [`Error::Panicked`]; what the database answers to the
/// begin, commit or rollback.
pub fn transaction<T, E, F>(conn: &mut Conn, job: F) -> Result<T, E>
where
    F: FnOnce(&mut Conn) -> Result<T, E>,
    E: From<Error>,
{
    let outside = begin(conn)?;
    // Everything that the job could have left half done is rolled back.
    let result = catch_unwind(AssertUnwindSafe(|| job(conn)))
        .unwrap_or_else(|_| Err(E::from(Error::Panicked)));
    end(conn, outside, result.is_ok())?;
    result
}

/// Opens one and answers how many were open around it.
fn begin(conn: &mut Conn) -> super::Result<u32> {
    let outside = depth(conn)?;
    Manager::begin_transaction(conn)?;
    Ok(outside)
}

fn end(conn: &mut Conn, outside: u32, kept: bool) -> super::Result<()> {
    if kept {
        Manager::commit_transaction(conn)?;
    } else {
        roll_back_to(conn, outside)?;
    }
    Ok(())
}

/// How many transactions and savepoints are open.
///
/// # Errors
/// The connection is no longer usable.
pub(super) fn depth(conn: &mut Conn) -> QueryResult<u32> {
    let status = Manager::transaction_manager_status_mut(conn);
    Ok(status.transaction_depth()?.map_or(0, u32::from))
}

/// A panic may have left savepoints of the job's own open.
fn roll_back_to(conn: &mut Conn, outside: u32) -> QueryResult<()> {
    while depth(conn)? > outside {
        Manager::rollback_transaction(conn)?;
    }
    Ok(())
}
