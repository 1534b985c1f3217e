//! Keeping the index of words whole: every write keeps its own record in it;
//! what an older version of the service left out is caught up with here.

use std::time::{Duration, Instant};

use crate::db::{
    self,
    search::{self, Kind},
};

use super::{Context, Error};

/// Records that are looked at in one transaction.
const AT_ONCE: usize = 200;
/// How long it waits where the store is busy.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often progress is told.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Indexes every record that the index lacks or has in an older form, a few at
/// a time, so that others can write meanwhile; answers how many. Nothing is
/// read when the index is whole. Stopped in the middle, it goes on the next
/// time.
///
/// # Errors
/// The store failed.
pub async fn catch_up(context: &Context) -> Result<usize, Error> {
    let behind = context
        .db
        .read(|conn| Ok::<_, Error>(search::behind(conn)?));
    let behind = behind.await?;
    if behind <= 0 {
        return Ok(0);
    }
    tracing::info!(records = behind, "indexing records for the search");
    let mut indexed = 0;
    let mut told = Instant::now();
    for kind in Kind::ALL {
        let mut after = None;
        loop {
            let step = context
                .db
                .write(move |conn| search::catch_up(conn, kind, after, AT_ONCE))
                .await;
            let (some, next) = match step {
                // Who is served goes first.
                Err(db::Error::Busy) => {
                    tokio::time::sleep(PATIENCE).await;
                    continue;
                }
                step => step?,
            };
            indexed += some;
            if told.elapsed() >= TOLD_EVERY {
                tracing::info!(indexed, of = behind, "indexing records for the search");
                told = Instant::now();
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    tracing::info!(indexed, "the search is up to date");
    Ok(indexed)
}
