//! What falls due by the clock, one record at a time.

use uuid::Uuid;

use crate::db::{self, Conn};

use super::{Context, Error};

/// The most records that are looked at in one go. Those that fail stay due, so
/// it is far more than may fail at once.
const MOST: usize = 1_000;
/// How many share a transaction, so that nobody waits long behind it.
const TOGETHER: usize = 50;

/// Does `work` on each record that `list` says is due (`id` names it in the
/// program's log), each in a savepoint of
/// its own: one that fails is told of, stays due and keeps no other. Answers on
/// how many it was done.
///
/// Any node may have been there first: `work` looks whether its record is still
/// due, or names the version that it read.
///
/// # Errors
/// The list can't be read, or the store fails.
pub(super) async fn each<R, L, W>(
    context: &Context,
    what: &'static str,
    id: fn(&R) -> Uuid,
    list: L,
    work: W,
) -> Result<usize, Error>
where
    R: Clone + Send + 'static,
    L: FnOnce(&mut Conn, usize) -> Result<Vec<R>, db::Error> + Send + 'static,
    W: Fn(&mut Conn, &R) -> Result<(), Error> + Clone + Send + 'static,
{
    let due = context.db.read(move |conn| list(conn, MOST)).await?;
    let mut done = 0;
    for some in due.chunks(TOGETHER) {
        let (some, work) = (some.to_vec(), work.clone());
        let group = move |conn: &mut Conn| -> Result<usize, Error> {
            let mut done = 0;
            for record in &some {
                match db::transaction(conn, |conn| work(conn, record)) {
                    Ok(()) => done += 1,
                    Err(Error::StaleVersion) => tracing::debug!(what, "somebody else was first"),
                    Err(error) => tracing::error!(what, id = %id(record), %error, "stays due"),
                }
            }
            Ok(done)
        };
        done += context.db.write(group).await?;
    }
    Ok(done)
}
