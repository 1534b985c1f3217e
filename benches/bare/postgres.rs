//! The same bare server on PostgreSQL: actix and tokio-postgres, one
//! connection a worker on which requests are pipelined. Each request is
//! authenticated by one look-up; a write is one statement, one commit.

use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;

use actix_web::error::{ErrorInternalServerError, ErrorNotFound, ErrorUnauthorized};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
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

/// A worker's connection and its statements.
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

    /// Nothing comes of anything without a token.
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
                    async move { Ok::<_, ()>(Rc::new(Store::open(&url).await)) }
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
    store: web::Data<Rc<Store>>,
    id: web::Path<String>,
) -> Result<HttpResponse, Error> {
    store.check(&request).await?;
    let id = parse(&id)?;
    let found = store.client.query_opt(&store.by_id, &[&id]).await;
    let found = found.map_err(ErrorInternalServerError)?;
    let found = found.ok_or_else(|| ErrorNotFound("no such record"))?;
    Ok(HttpResponse::Ok().json(read(&found)))
}

async fn list(
    request: HttpRequest,
    store: web::Data<Rc<Store>>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Error> {
    store.check(&request).await?;
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
    store: web::Data<Rc<Store>>,
    body: web::Json<Profile>,
) -> Result<HttpResponse, Error> {
    store.check(&request).await?;
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
    store: web::Data<Rc<Store>>,
    id: web::Path<String>,
) -> Result<HttpResponse, Error> {
    store.check(&request).await?;
    let (id, at) = (parse(&id)?, now());
    let changed = store.client.query_one(&store.change, &[&id, &at]).await;
    let changed = changed.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(read(&changed)))
}
