//! A fresh, migrated database for each test, on every back-end that is built.
//!
//! SQLite: a copy of a migrated file. PostgreSQL: one private server per run
//! and `CREATE DATABASE … TEMPLATE` per test.

use std::fmt;
use std::sync::{Arc, OnceLock};

use corridor::config::taxonomy;
use corridor::db::{Conn, Db, Options, Url};
use corridor::domain::ids::TagId;
use corridor::services::tags::snapshot::seed;
use diesel::{Connection, SqliteConnection};
use tempfile::TempDir;

/// A database of a test's own; gone with it.
pub struct Database {
    url: Url,
    home: Home,
}

enum Home {
    Sqlite(TempDir),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Home),
}

impl Database {
    /// A fresh database on SQLite.
    pub fn sqlite() -> Self {
        static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("template.db");
            // The last connection to close writes the log back into the file.
            prepare(Url::sqlite(&path));
            std::fs::read(path).expect("the template")
        });
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("corridor.db");
        std::fs::write(&path, template).expect("a copy");
        Self {
            url: Url::sqlite(path),
            home: Home::Sqlite(folder),
        }
    }

    /// A fresh database on PostgreSQL; `None`, said aloud, where there is no
    /// server to run.
    #[cfg(feature = "postgres")]
    pub fn postgres() -> Option<Self> {
        let home = postgres::Home::create()?;
        Some(Self {
            url: home.url().parse().expect("a URL"),
            home: Home::Postgres(home),
        })
    }

    /// Its address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its address as another process needs it, with all that its `Display`
    /// leaves out.
    #[cfg(feature = "postgres")]
    pub fn address(&self) -> String {
        match &self.home {
            Home::Sqlite(_) => self.url.to_string(),
            Home::Postgres(home) => home.url(),
        }
    }

    /// Opens it with the usual options.
    pub fn open(&self) -> Db {
        self.open_with(|_| {})
    }

    /// Opens it with other options. Nothing in it outlives the test, so nobody
    /// waits for the disk; that what was acknowledged lasts is shown of the
    /// program itself, under `crash`.
    pub fn open_with(&self, change: impl FnOnce(&mut Options)) -> Db {
        let mut options = Options::new(self.url.clone());
        change(&mut options);
        let db = Db::open(options).expect("the store opens");
        db.wait_for_disk(false);
        db
    }

    /// A connection beside the store's, bare.
    pub fn connect(&self) -> Conn {
        match &self.home {
            Home::Sqlite(folder) => {
                let path = folder.path().join("corridor.db");
                let path = path.to_str().expect("UTF-8");
                Conn::Sqlite(SqliteConnection::establish(path).expect("connects"))
            }
            #[cfg(feature = "postgres")]
            Home::Postgres(home) => Conn::Postgres(home.connect()),
        }
    }

    /// The folder's name under `migrations`.
    pub fn migrations(&self) -> &'static str {
        match self.home {
            Home::Sqlite(_) => "sqlite",
            #[cfg(feature = "postgres")]
            Home::Postgres(_) => "postgres",
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.home {
            Home::Sqlite(_) => "SQLite",
            #[cfg(feature = "postgres")]
            Home::Postgres(_) => "PostgreSQL",
        })
    }
}

/// Migrates a database and puts the shipped tags on record, as a first start
/// does; on a thread of its own, for the caller may be on a runtime.
fn prepare(url: Url) {
    let work = async move {
        let db = Db::open(Options::new(url)).expect("opens");
        let file = taxonomy::parse(taxonomy::DEFAULT).expect("the shipped file is sound");
        let ids = file.tags().map(|_| TagId::from(uuid::Uuid::now_v7()));
        let (ids, now) = (ids.collect(), chrono::DateTime::UNIX_EPOCH);
        let seeded = seed(&db, Arc::new(file), ids, now).await;
        seeded.expect("the tags are stored");
        db.close().await;
    };
    let thread = std::thread::spawn(|| on_runtime(work));
    thread.join().expect("prepared");
}

/// A fresh database on each back-end that is built and can run;
/// `CORRIDOR_TEST_ON=postgres` leaves SQLite out, for who has just tested it.
pub fn each_backend() -> Vec<Database> {
    #[cfg(feature = "postgres")]
    {
        let mut databases: Vec<_> = Database::postgres().into_iter().collect();
        if databases.is_empty()
            || std::env::var_os("CORRIDOR_TEST_ON").is_none_or(|it| it != "postgres")
        {
            databases.insert(0, Database::sqlite());
        }
        databases
    }
    #[cfg(not(feature = "postgres"))]
    vec![Database::sqlite()]
}

/// Runs a test once on each back-end, and says on which one it failed.
pub fn on_each_backend(test: impl AsyncFn(&Database)) {
    for database in each_backend() {
        // Shown by the test harness if what follows panics.
        eprintln!("on {database}:");
        on_runtime(test(&database));
    }
}

/// Runs a test on a runtime like the program's.
pub fn on_runtime<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test)
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::io::{BufRead, BufReader};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use diesel::connection::SimpleConnection;
    use diesel::{Connection, PgConnection};

    /// Starts a server in a folder of its own, says where, and stops it when
    /// its standard input ends: however the tests' process comes to its end,
    /// the pipe closes with it. Where $3 says so and there is room, the folder
    /// is in memory: a database is some 900 files, and making and dropping one
    /// for each test is most of what a file system has to do here.
    const SUPERVISOR: &str = r#"
        set -e
        trap '' INT
        base=/tmp
        if [ "$3" = in-memory ] && [ -w /dev/shm ]; then
            free=$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')
            [ "${free:-0}" -lt 2097152 ] || base=/dev/shm
        fi
        dir=$(mktemp -d "$base/corridor-pg.XXXXXX")
        trap 'rm -rf "$dir"' EXIT
        "$1/initdb" -D "$dir/data" -U corridor -A trust -N -E UTF8 --locale=C >"$dir/log" 2>&1
        "$1/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=300 \
            $2 >>"$dir/log" 2>&1 &
        server=$!
        until "$1/pg_isready" -q -h "$dir" -U corridor; do
            kill -0 "$server" || { cat "$dir/log" >&2; exit 1; }
            sleep 0.05
        done
        echo "$dir"
        cat >/dev/null
        kill -QUIT "$server"
        wait "$server" || true
    "#;

    /// What tests store may be lost with the machine.
    const OF_TESTS: &str =
        "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_wal_size=256MB";

    /// How durable the store is, and where it lies. Benchmarks include this file
    /// too and pay for what is durable; they are compiled as tests are, so the
    /// crate's name tells them apart.
    fn store() -> (&'static str, &'static str) {
        if module_path!().starts_with("it::") {
            (OF_TESTS, "in-memory")
        } else {
            ("", "on-disk")
        }
    }

    struct Server {
        folder: String,
        /// Holds the pipe open as long as this process lives.
        _supervisor: Child,
    }

    /// A database on the server of this run.
    pub struct Home {
        server: &'static Server,
        name: String,
    }

    impl Home {
        pub fn create() -> Option<Self> {
            static SERVER: OnceLock<Option<Server>> = OnceLock::new();
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let server = SERVER.get_or_init(Server::start).as_ref();
            if server.is_none() {
                eprintln!(
                    "SKIPPED: the PostgreSQL half; no server under /usr/lib/postgresql/*/bin"
                );
            }
            let server = server?;
            let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
            server.run(&format!("CREATE DATABASE {name} TEMPLATE migrated"));
            Some(Self { server, name })
        }

        pub fn url(&self) -> String {
            self.server.url(&self.name)
        }

        pub fn connect(&self) -> PgConnection {
            PgConnection::establish(&self.url()).expect("connects")
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            self.server
                .run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }

    impl Server {
        fn start() -> Option<Self> {
            let Some(binaries) = newest_binaries() else {
                let required = std::env::var("CORRIDOR_REQUIRE_POSTGRES").is_ok_and(|it| it == "1");
                assert!(
                    !required,
                    "no PostgreSQL server under /usr/lib/postgresql/*/bin"
                );
                return None;
            };
            let (durability, place) = store();
            let mut supervisor = supervisor()
                .arg(binaries)
                .arg(durability)
                .arg(place)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("a shell");
            let mut folder = String::new();
            BufReader::new(supervisor.stdout.take().expect("piped"))
                .read_line(&mut folder)
                .expect("a line");
            assert!(!folder.is_empty(), "the PostgreSQL server did not start");
            let server = Self {
                folder: folder.trim_end().to_owned(),
                _supervisor: supervisor,
            };
            server.run("CREATE DATABASE migrated");
            let url = server.url("migrated").parse().expect("a URL");
            super::prepare(url);
            Some(server)
        }

        fn url(&self, database: &str) -> String {
            format!("postgres://corridor@/{database}?host={}", self.folder)
        }

        fn run(&self, sql: &str) {
            PgConnection::establish(&self.url("postgres"))
                .expect("the server answers")
                .batch_execute(sql)
                .expect("the statement succeeds");
        }
    }

    /// `initdb` and `postgres` refuse to run as root.
    fn supervisor() -> Command {
        let root = std::fs::metadata("/proc/self")
            .is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
        let mut command = if root {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid",
                "postgres",
                "--regid",
                "postgres",
                "--clear-groups",
                "sh",
            ]);
            command
        } else {
            Command::new("sh")
        };
        command
            .args(["-c", SUPERVISOR, "supervisor"])
            .current_dir("/");
        command
    }

    fn newest_binaries() -> Option<PathBuf> {
        let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
        std::fs::read_dir("/usr/lib/postgresql")
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.join("bin/postgres").exists())
            .max_by_key(|path| version(path))
            .map(|path| path.join("bin"))
    }
}
