//! The real service, filled and running.

use std::fs::File;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use corridor::auth::password::{Cost, Hasher, NewPassword};
use corridor::auth::token::Claims;
use corridor::config::Config;
use corridor::db::{self, Conn};
use corridor::domain::account::{Role, User};
use corridor::domain::ids::{OrganizationId, UserId};
use corridor::domain::organization::Organization;
use corridor::domain::session::Session;
use corridor::domain::values::OrganizationKind;
use corridor::http::drain::StopSignal;
use corridor::services::Context;
use corridor::startup::Corridor;
use tempfile::TempDir;
use uuid::Uuid;

use crate::bare;
use crate::support::{of, size, world};

/// The password of both accounts.
pub const PASSWORD: &str = "pomegranate-olive-41";

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
    context: Context,
    founder: UserId,
    curator: UserId,
    _home: TempDir,
}

impl Service {
    /// Fills both stores and starts both servers.
    pub fn start() -> Self {
        log_to_nowhere();
        let rows = size("BENCH_ROWS", 100_000);
        let home = tempfile::tempdir().expect("a folder");
        let config = config(&home);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let corridor = runtime
            .block_on(Corridor::prepare(&config))
            .expect("the service");
        let cost = Cost::new(
            config.auth.argon2_memory_kib,
            config.auth.argon2_iterations,
            config.auth.argon2_parallelism,
        )
        .expect("a cost");
        let context = corridor.context.clone();
        let firm = world::fill(&context.db, rows);
        let (founder, curator) = people(&context, &firm, cost);
        let records = (0..rows).map(bare::records::record);
        let store = Arc::new(bare::Store::create(&home.path().join("bare.db"), records));
        let address = corridor.address().expect("an address");
        std::thread::spawn(move || {
            actix_web::rt::System::new()
                .block_on(async {
                    let stop = StopSignal::install().expect("signals");
                    corridor.run(stop).await
                })
                .expect("serves");
        });
        Self {
            address,
            bare: bare::serve(store, config.server.workers),
            rows,
            cost,
            context,
            founder,
            curator,
            _home: home,
        }
    }

    /// The token of a person of the firm that all profiles belong to.
    pub fn founder(&self) -> String {
        self.token(self.founder)
    }

    /// The token of a curator, who reads everything.
    pub fn curator(&self) -> String {
        self.token(self.curator)
    }

    /// What the service works on.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// An access token of that person.
    fn token(&self, user: UserId) -> String {
        let now = self.context.now();
        let session = Session {
            id: self.context.new_id(),
            user,
            second_factor: true,
            agent: None,
            address: None,
            created_at: now,
            last_used_at: now,
            expires_at: now + TimeDelta::hours(1),
            ended: None,
        };
        let id = session.id.uuid();
        let store = move |conn: &mut Conn| db::sessions::insert(conn, &session);
        std::thread::scope(|scope| {
            let stored = scope.spawn(|| self.context.db.write_blocking(store));
            stored.join().expect("stores").expect("a session");
        });
        let claims = Claims {
            session: Some(id),
            subject: user.to_string(),
            client_id: "bench".to_owned(),
            id: self.context.new_id::<Uuid>(),
            issued_at: now,
            expires_at: now + TimeDelta::hours(1),
            scope: None,
        };
        self.context.tokens.issue(&claims).expect("a token")
    }
}

/// The log is written as in production, but to where nobody reads it.
fn log_to_nowhere() {
    let nowhere = File::options()
        .write(true)
        .open("/dev/null")
        .expect("/dev/null");
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_writer(Mutex::new(nowhere))
        .init();
}

fn config(home: &TempDir) -> Config {
    let data = home.path().join("corridor").display().to_string();
    let overrides = [
        ("data.dir".to_owned(), data),
        ("server.listen".to_owned(), "127.0.0.1:0".to_owned()),
        // One caller makes all requests.
        ("limits.principal_per_minute".to_owned(), "0".to_owned()),
        ("limits.address_per_minute".to_owned(), "0".to_owned()),
        ("limits.sign_in_per_minute".to_owned(), "0".to_owned()),
    ];
    Config::load(None, [], overrides).expect("the settings")
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
