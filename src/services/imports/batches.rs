//! The rows of the operator's files, on record in batches, so that whoever else
//! writes waits for fifty rows and not for a file. All or none is kept in two
//! passes, as for imports over the API: the first tries every batch and undoes
//! it, and only when none was refused does the second put them on record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::db::Conn;
use crate::domain::event::Actor;

use super::super::import_jobs::work::tried;
use super::super::{Context, Error};
use super::{Import, Put, Tally, Terms, hold};

/// Rows of one transaction.
const BATCH: usize = 50;
/// How long is waited for a store that can't take more now, and how often.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSES: u32 = 120;

/// What is being done with the rows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// They are put on record and taken away again.
    Trying,
    /// They are put on record.
    Writing,
}

/// Told how many rows a pass is through with.
pub type Told<'a> = &'a mut (dyn FnMut(Pass, u64) + Send);

/// A row that is put on record.
pub(super) struct Kind<T> {
    /// The id by which the file knows its firm.
    pub firm: fn(&T) -> &str,
    /// Puts it there.
    pub put: fn(&mut Import, &mut Conn, T) -> Result<Put, Error>,
}

/// Puts all rows on record, or none.
pub(super) async fn all_or_none<T, I>(
    context: &Context,
    terms: Terms,
    rows: I,
    kind: Kind<T>,
    told: Told<'_>,
) -> Result<Tally, Error>
where
    T: Clone + Send + Sync + 'static,
    I: Iterator<Item = Result<T, Error>> + Send + 'static,
{
    let read = tokio::task::spawn_blocking(move || rows.collect::<Result<Vec<T>, Error>>());
    let rows = Arc::new(read.await.map_err(Error::internal)??);
    let kind = Arc::new(kind);
    let tally = through(context, &terms, (&rows, &kind), Pass::Trying, told).await?;
    if terms.dry_run {
        return Ok(tally);
    }
    through(context, &terms, (&rows, &kind), Pass::Writing, told).await
}

async fn through<T>(
    context: &Context,
    terms: &Terms,
    (rows, kind): (&Arc<Vec<T>>, &Arc<Kind<T>>),
    pass: Pass,
    told: Told<'_>,
) -> Result<Tally, Error>
where
    T: Clone + Send + Sync + 'static,
{
    let (mut tally, mut done, mut pauses) = (Tally::default(), 0, 0);
    while done < rows.len() {
        let begun = Instant::now();
        let (rows_in, kind) = (Arc::clone(rows), Arc::clone(kind));
        let (context_in, terms) = (context.clone(), terms.clone());
        let batch = context.db.write(move |conn| -> Result<Tally, Error> {
            let batch = rows_in.iter().skip(done).take(BATCH);
            let put = |conn: &mut Conn| put_batch(&context_in, terms, conn, batch, &kind);
            match pass {
                Pass::Trying => tried(conn, put),
                Pass::Writing => put(conn),
            }
        });
        match batch.await {
            Ok(counted) => {
                (tally, pauses) = (tally.and(counted), 0);
                done = (done + BATCH).min(rows.len());
                told(pass, u64::try_from(done).unwrap_or(u64::MAX));
                rest(begun).await;
            }
            // Somebody else writes, or changed one of these records meanwhile.
            Err(Error::Busy { .. } | Error::StaleVersion) if pauses < PAUSES => {
                pauses += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(tally)
}

fn put_batch<'a, T: Clone + 'a>(
    context: &Context,
    terms: Terms,
    conn: &mut Conn,
    rows: impl Iterator<Item = &'a T> + Clone,
    kind: &Kind<T>,
) -> Result<Tally, Error> {
    let firms: Vec<&str> = rows.clone().map(kind.firm).collect();
    hold(conn, &firms)?;
    let mut import = Import::of(context, Actor::System, terms.programme, terms.ask_contacts);
    import.documents = false;
    for row in rows {
        (kind.put)(&mut import, conn, row.clone())?;
    }
    Ok(import.tally)
}

/// Leaves the store to others for a while. A process that waits for another one
/// on SQLite looks now and then whether it is free, and a gap of no time would
/// be missed each time.
pub(in super::super) async fn rest(begun: Instant) {
    tokio::time::sleep(begun.elapsed() / 4).await;
}
