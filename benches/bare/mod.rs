//! The small bare server that Corridor is measured against: actix and SQLite
//! with nothing between. Each request is authenticated by one look-up, work
//! is done in `web::block`, each write is one durable commit. No validation,
//! no log, no permissions, no middleware.

#[cfg(feature = "postgres")]
pub mod postgres;
pub mod records;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::error::{ErrorInternalServerError, ErrorNotFound, ErrorUnauthorized};
use actix_web::http::header::AUTHORIZATION;
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The token of its only user.
pub const TOKEN: &str = "bare-token";

const SCHEMA: &str = "
    CREATE TABLE tokens (token TEXT PRIMARY KEY, user_id BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE profiles (
        id BLOB PRIMARY KEY, organization_id BLOB NOT NULL, country TEXT NOT NULL,
        status TEXT NOT NULL, one_liner TEXT NOT NULL, summary TEXT NOT NULL,
        tags TEXT NOT NULL, stage TEXT NOT NULL, target INTEGER NOT NULL,
        version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX profiles_created ON profiles (created_at, id);
    CREATE TABLE changes (
        id INTEGER PRIMARY KEY, profile_id BLOB NOT NULL, status TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;";
const BY_TOKEN: &str = "SELECT user_id FROM tokens WHERE token = ?1";
const BY_ID: &str = "SELECT * FROM profiles WHERE id = ?1";
const PAGE: &str = "SELECT * FROM profiles WHERE (created_at, id) > (?1, ?2)
    ORDER BY created_at, id LIMIT ?3";
const INSERT: &str =
    "INSERT INTO profiles VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const MOVE: &str = "UPDATE profiles SET status = ?1, version = version + 1, updated_at = ?2
    WHERE id = ?3 AND version = ?4";
const NOTE: &str = "INSERT INTO changes (profile_id, status, at) VALUES (?1, ?2, ?3)";

/// A record, as it is stored and sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Profile {
    /// Its id.
    #[serde(skip_deserializing, serialize_with = "hyphenated")]
    pub id: Uuid,
    /// Whose it is.
    #[serde(skip_deserializing, serialize_with = "hyphenated")]
    pub organization_id: Uuid,
    /// Where.
    pub country: String,
    /// Where it stands.
    pub status: String,
    /// One sentence.
    pub one_liner: String,
    /// A paragraph.
    pub summary: String,
    /// Tags, joined.
    pub tags: String,
    /// Which round.
    pub stage: String,
    /// Minor units sought.
    pub target: i64,
    /// Counts changes.
    #[serde(default)]
    pub version: i64,
    /// Microseconds since 1970.
    #[serde(default)]
    pub created_at: i64,
    /// Microseconds since 1970.
    #[serde(default)]
    pub updated_at: i64,
}

/// The file, one connection that writes and a few that read.
pub struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Store {
    /// A fresh database with that many records.
    pub fn create(path: &Path, records: impl Iterator<Item = Profile>) -> Self {
        let mut writer = connect(path);
        writer.execute_batch(SCHEMA).expect("the schema");
        let filling = writer.transaction().expect("begins");
        filling
            .execute(
                "INSERT INTO tokens VALUES (?1, ?2)",
                params![TOKEN, Uuid::nil()],
            )
            .expect("the token");
        for record in records {
            insert(&filling, &record).expect("a record");
        }
        filling.commit().expect("filled");
        Self {
            path: path.to_path_buf(),
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
        }
    }

    /// Reads on a connection that no other thread has.
    pub fn read<T>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let kept = lock(&self.readers).pop();
        let connection = kept.unwrap_or_else(|| connect(&self.path));
        let result = job(&connection);
        lock(&self.readers).push(connection);
        result
    }

    /// Writes in a transaction of its own, durable when it answers.
    pub fn write<T>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = job(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("opens");
    connection
        .execute_batch(
            "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
        )
        .expect("the pragmas");
    connection
}

/// Stores a record.
pub fn insert(connection: &Connection, record: &Profile) -> rusqlite::Result<usize> {
    let Profile {
        id,
        organization_id,
        country,
        status,
        one_liner,
        summary,
        tags,
        stage,
        target,
        version,
        created_at,
        updated_at,
    } = record;
    connection.prepare_cached(INSERT)?.execute(params![
        id,
        organization_id,
        country,
        status,
        one_liner,
        summary,
        tags,
        stage,
        target,
        version,
        created_at,
        updated_at
    ])
}

/// The record with that id.
pub fn find(connection: &Connection, id: Uuid) -> rusqlite::Result<Profile> {
    connection.prepare_cached(BY_ID)?.query_one([id], read)
}

/// The page after a record.
pub fn page(
    connection: &Connection,
    after: (i64, Uuid),
    limit: u32,
) -> rusqlite::Result<Vec<Profile>> {
    let mut statement = connection.prepare_cached(PAGE)?;
    statement
        .query_map(params![after.0, after.1, limit], read)?
        .collect()
}

fn change(connection: &Connection, id: Uuid) -> rusqlite::Result<Profile> {
    let before = find(connection, id)?;
    let status = match before.status.as_str() {
        "published" => "paused",
        _ => "published",
    };
    let at = now();
    let changed =
        connection
            .prepare_cached(MOVE)?
            .execute(params![status, at, id, before.version])?;
    if changed != 1 {
        return Err(rusqlite::Error::StatementChangedRows(changed));
    }
    connection
        .prepare_cached(NOTE)?
        .execute(params![id, status, at])?;
    Ok(Profile {
        status: status.to_owned(),
        version: before.version + 1,
        updated_at: at,
        ..before
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Profile> {
    Ok(Profile {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        country: row.get(2)?,
        status: row.get(3)?,
        one_liner: row.get(4)?,
        summary: row.get(5)?,
        tags: row.get(6)?,
        stage: row.get(7)?,
        target: row.get(8)?,
        version: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
    })
}

fn hyphenated<S: serde::Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    let mut buffer = Uuid::encode_buffer();
    serializer.serialize_str(id.hyphenated().encode_lower(&mut buffer))
}

fn parse(id: &str) -> Result<Uuid, Error> {
    id.parse().map_err(ErrorNotFound)
}

fn now() -> i64 {
    chrono::Utc::now().timestamp_micros()
}

/// Serves on a thread until the process ends.
pub fn serve(store: Arc<Store>, workers: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::from(Arc::clone(&store)))
                .route("/profiles", web::get().to(list))
                .route("/profiles", web::post().to(create))
                .route("/profiles/{id}", web::get().to(get))
                .route("/profiles/{id}/transitions", web::post().to(transition))
        });
        let server = server.workers(workers).disable_signals();
        let server = server.listen(listener).expect("listens").run();
        actix_web::rt::System::new()
            .block_on(server)
            .expect("serves");
    });
    address
}

/// Does the work off the async threads; nothing comes of it without a token.
async fn block<T: Send + 'static>(
    job: impl FnOnce() -> rusqlite::Result<Option<T>> + Send + 'static,
) -> Result<T, Error> {
    web::block(job)
        .await?
        .map_err(ErrorInternalServerError)?
        .ok_or_else(|| ErrorUnauthorized("no such token"))
}

fn token(request: &HttpRequest) -> String {
    let header = request.headers().get(AUTHORIZATION);
    let token = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    token.unwrap_or_default().to_owned()
}

fn knows(connection: &Connection, token: &str) -> rusqlite::Result<bool> {
    let user: Option<Uuid> = connection
        .prepare_cached(BY_TOKEN)?
        .query_row([token], |row| row.get(0))
        .optional()?;
    Ok(user.is_some())
}

async fn get(
    request: HttpRequest,
    store: web::Data<Store>,
    id: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let (token, id) = (token(&request), parse(&id)?);
    let found = block(move || {
        store.read(|connection| {
            knows(connection, &token)?
                .then(|| find(connection, id))
                .transpose()
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Which page.
#[derive(Debug, Deserialize)]
struct Query {
    at: i64,
    id: String,
    limit: u32,
}

async fn list(
    request: HttpRequest,
    store: web::Data<Store>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Error> {
    let (token, id) = (token(&request), parse(&query.id)?);
    let found = block(move || {
        store.read(|connection| {
            knows(connection, &token)?
                .then(|| page(connection, (query.at, id), query.limit))
                .transpose()
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

async fn create(
    request: HttpRequest,
    store: web::Data<Store>,
    body: web::Json<Profile>,
) -> Result<HttpResponse, Error> {
    let record = Profile {
        id: Uuid::now_v7(),
        version: 1,
        created_at: now(),
        updated_at: now(),
        ..body.into_inner()
    };
    let token = token(&request);
    let created = block(move || {
        store.write(|connection| {
            knows(connection, &token)?
                .then(|| insert(connection, &record).map(|_| record))
                .transpose()
        })
    });
    Ok(HttpResponse::Created().json(created.await?))
}

async fn transition(
    request: HttpRequest,
    store: web::Data<Store>,
    id: web::Path<String>,
    // Read, or the connection could not be used again.
    _: web::Bytes,
) -> Result<HttpResponse, Error> {
    let (token, id) = (token(&request), parse(&id)?);
    let changed = block(move || {
        store.write(|connection| {
            knows(connection, &token)?
                .then(|| change(connection, id))
                .transpose()
        })
    });
    Ok(HttpResponse::Ok().json(changed.await?))
}
