//! [`Db`]: the store as the rest of the program sees it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::checkpoints::Checkpoints;
use super::job::{Job, Outcome, boxed, opened};
use super::pool::Pool;
use super::statements::Statements;
use super::together::Together;
use super::url::Target;
use super::writer::{Writer, closed};
use super::{Conn, Error, OpenError, Url, events, migrate, sqlite, trace};

/// How to open the store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it is.
    pub url: Url,
    /// Connections that read from SQLite.
    pub readers: usize,
    /// Connections to PostgreSQL, which read and write.
    pub connections: usize,
    /// Writes that may wait; one more hears [`Error::Busy`].
    pub queue: usize,
    /// How long a statement waits for a lock that another process
    /// (SQLite) or transaction (PostgreSQL) holds.
    pub busy_timeout: Duration,
}

impl Options {
    /// Four readers or sixteen connections, 1024 waiting writes, five seconds
    /// for a lock.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            readers: 4,
            connections: 16,
            queue: 1024,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// The store. Cloning is cheap and shares it.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    writes: Writes,
    sealed: watch::Sender<i64>,
    statements: Statements,
}

/// Who carries out writes.
enum Writes {
    Sqlite(Arc<Writer>),
    #[cfg(feature = "postgres")]
    Postgres(super::postgres::Writes),
    /// The store is only looked at.
    Nobody,
}

impl Inner {
    async fn write(&self, job: Job) -> Outcome {
        let job = trace::carried(job);
        match &self.writes {
            Writes::Sqlite(writer) => writer
                .submit(job)?
                .await
                .unwrap_or_else(|_| Err(closed().into())),
            #[cfg(feature = "postgres")]
            Writes::Postgres(writes) => writes.run(&self.pool, job).await,
            Writes::Nobody => Err(only_looked_at().into()),
        }
    }

    async fn write_open(&self, job: Job) -> Outcome {
        match &self.writes {
            Writes::Sqlite(_) | Writes::Nobody => self.write(job).await,
            #[cfg(feature = "postgres")]
            Writes::Postgres(writes) => writes.run_open(&self.pool, trace::carried(job)).await,
        }
    }

    fn write_blocking(&self, job: Job) -> Outcome {
        match &self.writes {
            Writes::Sqlite(writer) => writer
                .submit(job)?
                .blocking_recv()
                .unwrap_or_else(|_| Err(closed().into())),
            #[cfg(feature = "postgres")]
            Writes::Postgres(writes) => writes.run_blocking(&self.pool, job),
            Writes::Nobody => Err(only_looked_at().into()),
        }
    }
}

impl Db {
    /// Opens the store, brings its schema up to date and starts what serves
    /// it. Blocks; call it before serving, or off the async threads.
    ///
    /// # Errors
    /// See [`OpenError`]; a database newer than this program is not touched.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let statements = Statements::default();
        let counted = statements.clone();
        let (pool, writes, sealed) = match options.url.0.clone() {
            Target::Sqlite(path) => {
                sqlite::prepare(&path)?;
                let wait = options.busy_timeout;
                let sealed = first_look(&mut sqlite::writer(&path, wait)?)?;
                let to = {
                    let (path, counted) = (path.clone(), counted.clone());
                    move || Ok(counted.of(sqlite::writer(&path, wait)?))
                };
                let checkpoints = {
                    let path = path.clone();
                    Checkpoints::start(move || sqlite::reader(&path, wait))?
                };
                let writer = Writer::start(to, options.queue, sealed.clone(), checkpoints)?;
                let pool = Pool::new(options.readers, move || {
                    Ok(counted.of(sqlite::reader(&path, wait)?))
                });
                (pool, Writes::Sqlite(Arc::new(writer)), sealed)
            }
            #[cfg(feature = "postgres")]
            Target::Postgres(url) => {
                let sealed = first_look(&mut super::postgres::connect(&url, None)?)?;
                let wait = Some(options.busy_timeout);
                let pool = Pool::new(options.connections, move || {
                    Ok(counted.of(super::postgres::connect(&url, wait)?))
                });
                let writes = super::postgres::Writes::new(options.queue);
                (pool, Writes::Postgres(writes), sealed)
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                writes,
                sealed,
                statements,
            }),
        })
    }

    /// Opens a store to look at it, as it is: its schema is not brought up to
    /// date, older or newer than this program, and writes are refused. Blocks,
    /// like [`Self::open`].
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_to_look(options: Options) -> Result<Self, OpenError> {
        let wait = options.busy_timeout;
        let pool = match options.url.0 {
            Target::Sqlite(path) => {
                sqlite::examine(&path)?;
                // What is wrong with it is told here, and not as "busy" later.
                migrate::status(&mut sqlite::looker(&path, wait)?)
                    .map_err(|error| migrate::failed_at(&path, error))?;
                Pool::new(options.readers, move || sqlite::looker(&path, wait))
            }
            #[cfg(feature = "postgres")]
            Target::Postgres(url) => {
                super::postgres::looker(&url, wait)?;
                Pool::new(options.connections, move || {
                    super::postgres::looker(&url, wait)
                })
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                writes: Writes::Nobody,
                sealed: watch::Sender::new(0),
                statements: Statements::default(),
            }),
        })
    }

    /// Runs `job` on a connection for reading, off the async threads.
    ///
    /// # Errors
    /// The job's own; [`Error::Busy`], [`Error::Unavailable`] or
    /// [`Error::Panicked`] as the job's error type.
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        opened(self.inner.pool.run(boxed(job)).await)
    }

    /// Runs `job`, which looks up a few rows by their keys. On SQLite that is
    /// some microseconds in the page cache, less than handing the job to
    /// another thread costs, so it is done on the caller's own; on PostgreSQL
    /// it is [`Self::read`].
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub async fn look_up<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        match &self.inner.writes {
            Writes::Sqlite(_) | Writes::Nobody => self.inner.pool.run_here(job).await,
            #[cfg(feature = "postgres")]
            Writes::Postgres(_) => opened(self.inner.pool.run(boxed(job)).await),
        }
    }

    /// Whether each statement costs a round trip to a server.
    pub(super) fn is_across_a_network(&self) -> bool {
        !matches!(self.inner.writes, Writes::Sqlite(_) | Writes::Nobody)
    }

    /// Runs `job` in one transaction and answers once its commit is durable.
    /// The job must take no I/O of its own; it is run at most once, and to
    /// its end even when the caller stops waiting.
    ///
    /// # Errors
    /// The job's own, with everything it did undone; otherwise [`Error`] as
    /// the job's error type.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        opened(self.inner.write(boxed(job)).await)
    }

    /// [`Self::write`] of a job that opens its transactions itself: on
    /// PostgreSQL none is open around it, so that what it stores with one
    /// statement costs no more than that one.
    ///
    /// # Errors
    /// As for [`Self::write`]; on PostgreSQL what it stored before it failed
    /// stays.
    pub async fn write_open<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        opened(self.inner.write_open(boxed(job)).await)
    }

    /// [`Self::write_open`] of a job whose outcome nobody needs. On SQLite it has
    /// its place among the writes, before all that come later, and isn't waited
    /// for.
    ///
    /// # Errors
    /// As for [`Self::write`], as far as it was waited for.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "only PostgreSQL is waited for")
    )]
    pub async fn write_behind<E, F>(&self, job: F) -> Result<(), E>
    where
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<(), E> + Send + 'static,
    {
        match &self.inner.writes {
            Writes::Sqlite(writer) => {
                drop(writer.submit(boxed(job))?);
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Writes::Postgres(_) => self.write_open(job).await,
            Writes::Nobody => Err(only_looked_at().into()),
        }
    }

    /// [`Self::write`] of a job that only reads and decides, and answers what is
    /// to be stored with its own answer. On PostgreSQL nothing is locked, and
    /// no transaction open, until it has decided: see [`super::together`].
    ///
    /// # Errors
    /// As for [`Self::write`], and what [`Together::store`] says.
    pub async fn write_together<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<(T, Together<E>), E> + Send + 'static,
    {
        let job = move |conn: &mut Conn| {
            let (answer, stored) = job(conn)?;
            stored.store(conn)?;
            Ok(answer)
        };
        self.write_open(job).await
    }

    /// [`Self::read`] for commands; must not be called on an async thread.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn read_blocking<T, E, F>(&self, job: F) -> Result<T, E>
    where
        E: From<Error>,
        F: FnOnce(&mut Conn) -> Result<T, E>,
    {
        self.inner.pool.run_blocking(job)
    }

    /// [`Self::write`] for commands; must not be called on an async thread.
    ///
    /// # Errors
    /// As for [`Self::write`].
    pub fn write_blocking<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        opened(self.inner.write_blocking(boxed(job)))
    }

    /// How many statements this store has been asked by this process, those
    /// that begin and end transactions among them.
    pub fn statements(&self) -> u64 {
        self.inner.statements.count()
    }

    /// The highest position of the log that this process knows of; it moves
    /// when a write or [`Self::seal_pending`] of this process moved it, so
    /// followers look now and then for what other processes wrote.
    pub fn sealed(&self) -> watch::Receiver<i64> {
        self.inner.sealed.subscribe()
    }

    /// Waits until a write of this process may have left events to seal. On
    /// SQLite, where the writer seals, it waits for ever.
    pub async fn unsealed(&self) {
        match &self.inner.writes {
            Writes::Sqlite(_) | Writes::Nobody => std::future::pending().await,
            #[cfg(feature = "postgres")]
            Writes::Postgres(writes) => writes.unsealed().await,
        }
    }

    /// Seals every committed event that waits for its position and answers
    /// how many there were.
    ///
    /// # Errors
    /// As for [`Self::write`].
    pub async fn seal_pending(&self) -> Result<usize, Error> {
        let mut count = 0;
        let (position, waiting) = self.look_up(events::outlook).await?;
        super::writer::announce(&self.inner.sealed, position);
        if !waiting {
            return Ok(count);
        }
        loop {
            let job = |conn: &mut Conn| events::seal_waiting(conn, events::SEAL_BATCH);
            let (sealed, head) = match &self.inner.writes {
                Writes::Sqlite(_) | Writes::Nobody => self.write(job).await?,
                #[cfg(feature = "postgres")]
                Writes::Postgres(writes) => {
                    opened::<_, Error>(writes.run_quietly(&self.inner.pool, boxed(job)).await)?
                }
            };
            super::writer::announce(&self.inner.sealed, head.position);
            count += sealed;
            if sealed < events::SEAL_BATCH {
                return Ok(count);
            }
        }
    }

    /// Whether a write to SQLite is answered only once the disk has it, as it
    /// is from the beginning. Without that a power cut may take the latest
    /// writes whole, though the program's own death takes none: enough while a
    /// store is filled that could be filled again. They share one journal, so
    /// the first write that waits again makes all before it last. PostgreSQL
    /// keeps to its own settings.
    pub fn wait_for_disk(&self, wait: bool) {
        if let Writes::Sqlite(writer) = &self.inner.writes {
            writer.wait_for_disk(wait);
        }
    }

    /// Takes no more writes and waits until those in the queue are answered.
    /// Other clones still read.
    pub async fn close(self) {
        match &self.inner.writes {
            Writes::Sqlite(writer) => {
                writer.shut();
                let writer = Arc::clone(writer);
                // Waiting for the thread blocks. It doesn't panic, and if it
                // did there would be nothing left to wait for.
                let _ = tokio::task::spawn_blocking(move || writer.stop()).await;
            }
            #[cfg(feature = "postgres")]
            Writes::Postgres(writes) => writes.stop().await,
            Writes::Nobody => {}
        }
    }
}

/// What a write hears on a store that was opened to be looked at.
fn only_looked_at() -> Error {
    Error::Unavailable("the store was opened to be looked at only".into())
}

/// Migrates, and reads how far the log has come.
fn first_look(conn: &mut Conn) -> Result<watch::Sender<i64>, OpenError> {
    migrate::run(conn)?;
    let head = events::head(conn).map_err(|error| OpenError::Failed(error.to_string()))?;
    Ok(watch::Sender::new(head.position))
}
