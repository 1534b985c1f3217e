//! The same bare server on PostgreSQL: actix and tokio-postgres with as many
//! connections as Corridor has, of which each request takes one for itself.
//! Each request is authenticated by one look-up; a write is one statement, one
//! commit. With `BENCH_PIPELINED=1` a worker has one connection instead, down
//! which all its requests are sent without waiting for each other.

use std::cell::RefCell;
use std::net::{SocketAddr, TcpListener};
use std::ops::Deref;
use std::rc::Rc;

use actix_web::error::{ErrorInternalServerError, ErrorNotFound, ErrorUnauthorized};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

use super::{Profile, Query, TOKEN, now, parse, token};

const SCHEMA: &str = "
    DROP SCHEMA IF EXISTS bare CASCADE;
    CREATE SCHEMA bare;
    CREATE TABLE bare.tokens (token text PRIMARY KEY, user_id uuid NOT NULL);
    CREATE TABLE bare.profiles (
        id uuid PRIMARY KEY, organization_id uuid NOT NULL, country text NOT NULL,
        status text NOT NULL, one_liner text NOT NULL, summary text NOT NULL,
        tags text NOT NULL, stage text NOT NULL, target bigint NOT NULL,
        version bigint NOT NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL
    );
    CREATE INDEX profiles_created ON bare.profiles (created_at, id);
    CREATE TABLE bare.changes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, profile_id uuid NOT NULL,
        status text NOT NULL, at bigint NOT NULL
    );";
const BY_TOKEN: &str = "SELECT user_id FROM bare.tokens WHERE token = $1";
const BY_ID: &str = "SELECT * FROM bare.profiles WHERE id = $1";
const PAGE: &str = "SELECT * FROM bare.profiles WHERE (created_at, id) > ($1, $2)
    ORDER BY created_at, id LIMIT $3";
const INSERT: &str =
    "INSERT INTO bare.profiles VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const MOVE: &str = "WITH moved AS (
        UPDATE bare.profiles SET version = version + 1, updated_at = $2,
            status = CASE status WHEN 'published' THEN 'paused' ELSE 'published' END
        WHERE id = $1 RETURNING *
    ), noted AS (
        INSERT INTO bare.changes (profile_id, status, at) SELECT id, status, $2 FROM moved
    ) SELECT * FROM moved";

/// Connections of all workers together, as many as Corridor's default.
const CONNECTIONS: usize = 16;

/// A worker's connections.
struct Pool {
    idle: RefCell<Vec<Rc<Store>>>,
    free: Semaphore,
    pipelined: bool,
}

impl Pool {
    async fn open(url: &str, workers: usize) -> Self {
        let pipelined = std::env::var_os("BENCH_PIPELINED").is_some();
        let mut idle = Vec::new();
        let count = if pipelined {
            1
        } else {
            CONNECTIONS / workers.max(1)
        };
        for _ in 0..count.max(1) {
            idle.push(Rc::new(Store::open(url).await));
        }
        Self {
            free: Semaphore::new(idle.len()),
            idle: RefCell::new(idle),
            pipelined,
        }
    }

    /// A connection on which somebody with a token asks; nothing comes of
    /// anything without one.
    async fn enter(&self, request: &HttpRequest) -> Result<Taken<'_>, Error> {
        let taken = if self.pipelined {
            let shared = self.idle.borrow().first().map(Rc::clone);
            Taken {
                store: shared.expect("a connection"),
                of: None,
            }
        } else {
            let permit = self.free.acquire().await.expect("never closed");
            let store = self.idle.borrow_mut().pop().expect("a free connection");
            Taken {
                store,
                of: Some((self, permit)),
            }
        };
        taken.check(request).await?;
        Ok(taken)
    }
}

/// A connection for one request.
struct Taken<'a> {
    store: Rc<Store>,
    of: Option<(&'a Pool, SemaphorePermit<'a>)>,
}

impl Deref for Taken<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // The place is given back after the connection.
        if let Some((pool, _)) = &self.of {
            pool.idle.borrow_mut().push(Rc::clone(&self.store));
        }
    }
}

/// A connection and its statements.
struct Store {
    client: Client,
    by_token: Statement,
    by_id: Statement,
    page: Statement,
    insert: Statement,
    change: Statement,
}

impl Store {
    async fn open(url: &str) -> Self {
        let client = connect(url).await;
        let prepared = async |sql| client.prepare(sql).await.expect("a statement");
        Self {
            by_token: prepared(BY_TOKEN).await,
            by_id: prepared(BY_ID).await,
            page: prepared(PAGE).await,
            insert: prepared(INSERT).await,
            change: prepared(MOVE).await,
            client,
        }
    }

    async fn check(&self, request: &HttpRequest) -> Result<(), Error> {
        let found = self
            .client
            .query_opt(&self.by_token, &[&token(request)])
            .await;
        let found = found.map_err(ErrorInternalServerError)?;
        found
            .map(drop)
            .ok_or_else(|| ErrorUnauthorized("no such token"))
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("connects");
    tokio::spawn(connection);
    client
}

async fn insert(
    client: &Client,
    statement: &Statement,
    record: &Profile,
) -> Result<u64, tokio_postgres::Error> {
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
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 12] = [
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
    ];
    client.execute(statement, &values).await
}

/// Makes the tables anew and fills them.
pub async fn fill(url: &str, records: impl Iterator<Item = Profile>) {
    let client = connect(url).await;
    client.batch_execute(SCHEMA).await.expect("the schema");
    client.batch_execute("BEGIN").await.expect("begins");
    let user = Uuid::nil();
    client
        .execute("INSERT INTO bare.tokens VALUES ($1, $2)", &[&TOKEN, &user])
        .await
        .expect("the token");
    let statement = client.prepare(INSERT).await.expect("a statement");
    for record in records {
        insert(&client, &statement, &record)
            .await
            .expect("a record");
    }
    client
        .batch_execute("COMMIT; ANALYZE bare.profiles")
        .await
        .expect("filled");
}

/// Serves on a thread until the process ends.
pub fn serve(url: String, workers: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let server = HttpServer::new(move || {
            let url = url.clone();
            App::new()
                .data_factory(move || {
                    let url = url.clone();
                    async move { Ok::<_, ()>(Rc::new(Pool::open(&url, workers).await)) }
                })
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

fn read(row: &Row) -> Profile {
    Profile {
        id: row.get(0),
        organization_id: row.get(1),
        country: row.get(2),
        status: row.get(3),
        one_liner: row.get(4),
        summary: row.get(5),
        tags: row.get(6),
        stage: row.get(7),
        target: row.get(8),
        version: row.get(9),
        created_at: row.get(10),
        updated_at: row.get(11),
    }
}

async fn get(
    request: HttpRequest,
    pool: web::Data<Rc<Pool>>,
    id: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let store = pool.enter(&request).await?;
    let id = parse(&id)?;
    let found = store.client.query_opt(&store.by_id, &[&id]).await;
    let found = found.map_err(ErrorInternalServerError)?;
    let found = found.ok_or_else(|| ErrorNotFound("no such record"))?;
    Ok(HttpResponse::Ok().json(read(&found)))
}

async fn list(
    request: HttpRequest,
    pool: web::Data<Rc<Pool>>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Error> {
    let store = pool.enter(&request).await?;
    let (id, limit) = (parse(&query.id)?, i64::from(query.limit));
    let rows = store
        .client
        .query(&store.page, &[&query.at, &id, &limit])
        .await;
    let rows = rows.map_err(ErrorInternalServerError)?;
    let records: Vec<Profile> = rows.iter().map(read).collect();
    Ok(HttpResponse::Ok().json(records))
}

async fn create(
    request: HttpRequest,
    pool: web::Data<Rc<Pool>>,
    body: web::Json<Profile>,
) -> Result<HttpResponse, Error> {
    let store = pool.enter(&request).await?;
    let record = Profile {
        id: Uuid::now_v7(),
        version: 1,
        created_at: now(),
        updated_at: now(),
        ..body.into_inner()
    };
    insert(&store.client, &store.insert, &record)
        .await
        .map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Created().json(record))
}

async fn transition(
    request: HttpRequest,
    pool: web::Data<Rc<Pool>>,
    id: web::Path<String>,
    // Read, or the connection could not be used again.
    _: web::Bytes,
) -> Result<HttpResponse, Error> {
    let store = pool.enter(&request).await?;
    let (id, at) = (parse(&id)?, now());
    let changed = store.client.query_one(&store.change, &[&id, &at]).await;
    let changed = changed.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(read(&changed)))
}
