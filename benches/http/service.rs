//! The two servers, each a process of its own: the built program on a store
//! that was filled beforehand, and the bare one.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use chrono::TimeDelta;
use corridor::auth::password::{Cost, Hasher, NewPassword};
use corridor::auth::token::Claims;
use corridor::config::Config;
use corridor::db::{self, Conn};
use corridor::domain::account::{Role, User};
use corridor::domain::ids::{OrganizationId, UserId};
use corridor::domain::organization::Organization;
use corridor::domain::values::OrganizationKind;
use corridor::services::Context;
use corridor::startup::Corridor;
use tempfile::TempDir;
use uuid::Uuid;

use crate::bare;
use crate::process::Running;
use crate::support::{of, size, world};

/// The password of both accounts.
pub const PASSWORD: &str = "pomegranate-olive-41";
/// The argument on which this program becomes the bare server.
const AS_BARE: &str = "--as-bare-server";
/// Whose tokens hold; both sides of a test must agree on it.
const PUBLIC_URL: &str = "http://bench.example";

/// Corridor on its port, and the bare server on another with as many records.
pub struct Service {
    /// Where Corridor listens.
    pub address: SocketAddr,
    /// Where the bare server listens.
    pub bare: SocketAddr,
    /// How many profiles both hold.
    pub rows: u32,
    /// What passwords cost.
    pub cost: Cost,
    /// The token of a person of the firm that all profiles belong to.
    pub founder: String,
    /// The token of a curator, who reads everything.
    pub curator: String,
    _processes: [Running; 2],
    _home: TempDir,
}

/// Where both servers keep their records.
pub enum Backend {
    /// Each in a file.
    Sqlite,
    /// Both in the database at this URL.
    #[cfg(feature = "postgres")]
    Postgres(String),
}

impl Backend {
    fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => Some(url),
        }
    }
}

impl Service {
    /// Fills both stores and starts both servers.
    pub fn start(backend: &Backend) -> Self {
        let rows = size("BENCH_ROWS", 100_000);
        let home = tempfile::tempdir().expect("a folder");
        let config = config(&home.path().join("corridor"), backend);
        let cost = Cost::new(
            config.auth.argon2_memory_kib,
            config.auth.argon2_iterations,
            config.auth.argon2_parallelism,
        )
        .expect("a cost");
        let (founder, curator) = fill(&config, rows, cost);
        let mut program = Command::new(env!("CARGO_BIN_EXE_corridor"));
        program
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&config.data.dir)
            .env("CORRIDOR__SERVER__PUBLIC_URL", PUBLIC_URL);
        if let Some(url) = backend.url() {
            program.env("CORRIDOR__DATABASE__URL", url);
        }
        let (corridor, address) = Running::start(&mut program);
        let mut myself = Command::new(std::env::current_exe().expect("this program"));
        myself
            .arg(AS_BARE)
            .arg(
                backend
                    .url()
                    .map_or_else(|| home.path().join("bare.db"), Into::into),
            )
            .arg(rows.to_string())
            .arg(config.server.workers.to_string());
        let (bare, bare_address) = Running::start(&mut myself);
        Self {
            address,
            bare: bare_address,
            rows,
            cost,
            founder,
            curator,
            _processes: [corridor, bare],
            _home: home,
        }
    }
}

/// Becomes the bare server, and doesn't return, if the arguments say so.
pub fn serve_bare_if_asked() {
    let mut arguments = std::env::args().skip_while(|argument| argument != AS_BARE);
    if arguments.next().is_none() {
        return;
    }
    let mut next = || arguments.next().expect("a store, rows, workers");
    let (place, rows, workers) = (next(), of(&next()), of(&next()));
    let records = (0..rows).map(bare::records::record);
    let address = serve_bare(place, records, workers);
    println!("listens on http://{address}");
    loop {
        std::thread::park();
    }
}

fn serve_bare(
    place: String,
    records: impl Iterator<Item = bare::Profile>,
    workers: usize,
) -> SocketAddr {
    #[cfg(feature = "postgres")]
    if place.starts_with("postgres:") {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(bare::postgres::fill(&place, records));
        return bare::postgres::serve(place, workers);
    }
    let store = Arc::new(bare::Store::create(Path::new(&place), records));
    bare::serve(store, workers)
}

fn config(data: &Path, backend: &Backend) -> Config {
    let mut overrides = vec![
        ("data.dir", data.display().to_string()),
        ("server.listen", "127.0.0.1:0".to_owned()),
        ("server.public_url", PUBLIC_URL.to_owned()),
    ];
    overrides.extend(backend.url().map(|url| ("database.url", url.to_owned())));
    let overrides = overrides
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    Config::load(None, [], overrides).expect("the settings")
}

/// Fills the program's store, and answers tokens for the founder and the
/// curator.
fn fill(config: &Config, rows: u32, cost: Cost) -> (String, String) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let corridor = runtime
        .block_on(Corridor::prepare(config))
        .expect("the service");
    let context = corridor.context;
    let firm = world::fill(&context.db, rows);
    let (founder, curator) = people(&context, &firm, cost);
    let tokens = (token(&context, founder), token(&context, curator));
    runtime.block_on(context.db.clone().close());
    tokens
}

/// An access token of that person.
fn token(context: &Context, user: UserId) -> String {
    let now = context.now();
    let claims = Claims {
        subject: user.to_string(),
        client_id: "bench".to_owned(),
        id: context.new_id::<Uuid>(),
        issued_at: now,
        expires_at: now + TimeDelta::hours(1),
        scope: None,
    };
    context.tokens.issue(&claims).expect("a token")
}

fn people(context: &Context, firm: &Organization, cost: Cost) -> (UserId, UserId) {
    let hasher = Hasher::new(cost).expect("a hasher");
    let password = NewPassword::choose(PASSWORD, "dana@mail.example").expect("a password");
    let hash = hasher.hash(&password).expect("a hash");
    let operator = world::organization(
        OrganizationId::from(world::numbered(1, 1)),
        OrganizationKind::Operator,
        "Operator",
    );
    let (founder, curator) = (user(context, "dana"), user(context, "noa"));
    let ids = (founder.id, curator.id);
    let (firm, now) = (firm.id, context.now());
    let store = move |conn: &mut Conn| -> db::Result<()> {
        db::organizations::insert(conn, &operator)?;
        db::users::insert(conn, &founder, &hash)?;
        db::users::insert(conn, &curator, &hash)?;
        db::users::insert_membership(conn, founder.id, firm, Role::Owner, now)?;
        db::users::insert_membership(conn, curator.id, operator.id, Role::Curator, now)
    };
    context.db.write_blocking(store).expect("people");
    ids
}

fn user(context: &Context, name: &str) -> User {
    User {
        id: context.new_id(),
        email: of(&format!("{name}@mail.example")),
        name: of(name),
        language: of("en"),
        zone: chrono_tz::UTC,
        version: 1,
        created_at: context.now(),
    }
}
