//! The rows of the operator's files, on record in batches, so that whoever else
//! writes waits for fifty rows and not for a file. All or none is kept in two
//! passes, as for imports over the API: the first tries every batch and undoes
//! it, and only when none was refused does the second put them on record. Each
//! pass reads the file anew, a batch at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::db::{self, Conn};
use crate::domain::event::Actor;
use crate::domain::fault::Fault;
use crate::domain::ids::OrganizationId;
use crate::domain::import::RowOutcome;

use super::super::import_jobs::work::tried;
use super::super::{Context, Error};
use super::{Import, Put, Tally, Terms};

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

/// A row of a file.
#[derive(Debug, Clone)]
pub struct Line<T> {
    /// Where it begins, from 1; a header is a line too.
    pub number: u64,
    /// What it says, or all that is wrong with it: then it is left out.
    pub row: Result<T, Vec<Fault>>,
}

/// What became of a row, or would have become of it where rows are tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// Its line.
    pub line: u64,
    /// Its own id, where it could be read.
    pub external_id: Option<String>,
    /// What became of it.
    pub outcome: RowOutcome,
    /// The firm that it is on record as; none of one that was only tried.
    pub firm: Option<OrganizationId>,
    /// Everything that is wrong, or for which people look at its record.
    pub faults: Vec<Fault>,
}

/// Told how many good rows a pass is through with, and what became of those
/// since it was last told.
pub type Told<'a> = &'a mut (dyn FnMut(Pass, u64, &[Fate]) + Send);

/// A row that is put on record.
pub(super) struct Kind<T> {
    /// Its own id in the file.
    pub id: fn(&T) -> &str,
    /// The id by which the file knows its firm.
    pub firm: fn(&T) -> &str,
    /// Puts it there.
    pub put: fn(&mut Import, &mut Conn, T) -> Result<Put, Error>,
}

type Lines<T> = Box<dyn Iterator<Item = Result<Line<T>, Error>> + Send>;
type Open<T> = Arc<dyn Fn() -> Result<Lines<T>, Error> + Send + Sync>;

/// Puts all rows on record, or none.
pub(super) async fn all_or_none<T, I>(
    context: &Context,
    terms: Terms,
    lines: impl Fn() -> Result<I, Error> + Send + Sync + 'static,
    kind: Kind<T>,
    told: Told<'_>,
) -> Result<Tally, Error>
where
    T: Clone + Send + Sync + 'static,
    I: Iterator<Item = Result<Line<T>, Error>> + Send + 'static,
{
    let open: Open<T> = Arc::new(move || -> Result<Lines<T>, Error> { Ok(Box::new(lines()?)) });
    let kind = Arc::new(kind);
    let tally = through(context, &terms, (&open, &kind), Pass::Trying, told).await?;
    if terms.dry_run {
        return Ok(tally);
    }
    through(context, &terms, (&open, &kind), Pass::Writing, told).await
}

async fn through<T>(
    context: &Context,
    terms: &Terms,
    (open, kind): (&Open<T>, &Arc<Kind<T>>),
    pass: Pass,
    told: Told<'_>,
) -> Result<Tally, Error>
where
    T: Clone + Send + Sync + 'static,
{
    let (mut tally, mut done, mut refused) = (Tally::default(), 0, None);
    let (mut lines, mut batch) = read(open, None).await?;
    while !batch.is_empty() {
        let begun = Instant::now();
        let good = batch.iter().filter(|line| line.row.is_ok()).count();
        let rows = Arc::new(batch);
        // The next rows are read while these are stored.
        let storing = store(context, terms, (&rows, kind), pass);
        let (counted, reading) = tokio::join!(storing, read(open, Some(lines)));
        let counted = counted?;
        tally = tally.and(counted.tally);
        refused = refused.or(counted.refused);
        done += u64::try_from(good).unwrap_or(u64::MAX);
        told(pass, done, &counted.fates);
        (lines, batch) = reading?;
        rest(begun).await;
    }
    refused.map_or(Ok(tally), Err)
}

/// Reads the next rows, off the async threads.
async fn read<T: Send + 'static>(
    open: &Open<T>,
    lines: Option<Lines<T>>,
) -> Result<(Lines<T>, Vec<Line<T>>), Error> {
    let open = Arc::clone(open);
    let job = move || {
        let mut lines = match lines {
            Some(lines) => lines,
            None => open()?,
        };
        let batch: Result<Vec<Line<T>>, Error> = lines.by_ref().take(BATCH).collect();
        Ok((lines, batch?))
    };
    tokio::task::spawn_blocking(job)
        .await
        .map_err(Error::internal)?
}

/// What came of a batch.
struct Counted {
    tally: Tally,
    fates: Vec<Fate>,
    /// Why the first row was refused of those that were.
    refused: Option<Error>,
}

/// One batch, in a transaction of its own.
async fn store<T>(
    context: &Context,
    terms: &Terms,
    (batch, kind): (&Arc<Vec<Line<T>>>, &Arc<Kind<T>>),
    pass: Pass,
) -> Result<Counted, Error>
where
    T: Clone + Send + Sync + 'static,
{
    let mut pauses = 0;
    loop {
        let (batch, kind) = (Arc::clone(batch), Arc::clone(kind));
        let (context_in, terms) = (context.clone(), terms.clone());
        let job = context.db.write(move |conn| -> Result<Counted, Error> {
            let batch = (batch.as_slice(), kind.as_ref());
            let put = |conn: &mut Conn| put_batch(&context_in, terms, conn, batch, pass);
            match pass {
                Pass::Trying => tried(conn, put),
                Pass::Writing => put(conn),
            }
        });
        match job.await {
            // Somebody else writes, or changed one of these records meanwhile.
            Err(Error::Busy { .. } | Error::StaleVersion) if pauses < PAUSES => {
                pauses += 1;
                tokio::time::sleep(PAUSE).await;
            }
            counted => return counted,
        }
    }
}

fn put_batch<T: Clone>(
    context: &Context,
    terms: Terms,
    conn: &mut Conn,
    (batch, kind): (&[Line<T>], &Kind<T>),
    pass: Pass,
) -> Result<Counted, Error> {
    let good = batch.iter().filter_map(|line| line.row.as_ref().ok());
    let firms: Vec<&str> = good.map(kind.firm).collect();
    let mut import = Import::of(context, Actor::System, terms.programme, terms.ask_contacts);
    if pass == Pass::Trying {
        import = import.tried();
    }
    import.documents = false;
    import.hold(conn, &firms)?;
    let (mut fates, mut refused) = (Vec::with_capacity(batch.len()), None);
    for line in batch {
        let fate = |external_id, outcome, firm, faults| Fate {
            line: line.number,
            external_id,
            outcome,
            firm,
            faults,
        };
        let row = match &line.row {
            Ok(row) => row,
            Err(faults) => {
                fates.push(fate(None, RowOutcome::Bad, None, faults.clone()));
                continue;
            }
        };
        let id = Some((kind.id)(row).to_owned());
        let mut put = |conn: &mut Conn| (kind.put)(&mut import, conn, row.clone());
        let put = match pass {
            // The others are tried as well, so that all refusals are told.
            Pass::Trying => db::transaction(conn, put),
            Pass::Writing => put(conn),
        };
        fates.push(match put {
            Ok((firm, outcome, doubts)) => {
                let is_new = pass == Pass::Trying && outcome == RowOutcome::Created;
                fate(id, outcome, Some(firm).filter(|_| !is_new), doubts)
            }
            Err(Error::Invalid(faults)) if pass == Pass::Trying => {
                let told = faults.clone();
                refused.get_or_insert(Error::Invalid(faults));
                fate(id, RowOutcome::Bad, None, told)
            }
            Err(Error::Refused(refusal)) if pass == Pass::Trying => {
                let told = refusal.clone().into_faults();
                refused.get_or_insert(Error::Refused(refusal));
                fate(id, RowOutcome::Refused, None, told)
            }
            Err(other) => return Err(other),
        });
    }
    Ok(Counted {
        tally: import.tally,
        fates,
        refused,
    })
}

/// Leaves the store to others for a while. A process that waits for another one
/// on SQLite looks now and then whether it is free, and a gap of no time would
/// be missed each time.
pub(in super::super) async fn rest(begun: Instant) {
    tokio::time::sleep(begun.elapsed() / 4).await;
}
