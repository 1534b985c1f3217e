//! Importing and exporting files of firms, beside a bare server that reads the
//! same lines and keeps them, or writes the lines it has: no rules, no log, no
//! search, no report of rows.
//!
//! `CORRIDOR_BENCH_FIRMS=100000` makes it one round of so many; time, memory
//! and the report of that import are told then, as well.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use corridor::cli::bench::rows::{Maker, Of, RowsArgs};
use corridor::db::Conn;
use corridor::domain::account::{Membership, Role, User};
use corridor::domain::export::{ExportFormat, ExportKind, Wanted};
use corridor::domain::import::{FileFormat, ImportOptions, ImportState};
use corridor::domain::text::Language;
use corridor::domain::values::OrganizationKind;
use corridor::http::export::{Contacts, write};
use corridor::services::files::Received;
use corridor::services::import_jobs::{self, NewImport, work};
use corridor::services::{Caller, Clock, Context};
use corridor::{config::Config, startup};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::database::Database;
use crate::support::report::{Line, Report, Sample};
use crate::support::rounds;

/// Firms of one file, where nobody says how many.
const FIRMS: usize = 2_000;

/// Firms of one file.
fn firms() -> usize {
    let said = std::env::var("CORRIDOR_BENCH_FIRMS").ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(FIRMS)
}

/// The most memory that this process ever had, where the system says.
fn most_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".to_owned(), |most| most.trim().to_owned())
}

/// A store of one's own with what use cases need.
async fn context(database: &Database) -> (Context, TempDir) {
    let home = tempfile::tempdir().expect("a folder");
    let mut config = Config::load(None, std::iter::empty(), []).expect("the defaults");
    config.data.dir = home.path().to_owned();
    let db = database.open();
    let url = "http://localhost".to_owned();
    let context = startup::context(&config, db, Clock::System, url).await;
    (context.expect("a context"), home)
}

/// A file of invented startups.
fn lines() -> String {
    let args = RowsArgs {
        count: u32::try_from(firms()).expect("fewer"),
        of: Of::Startups,
        seed: 2_026,
    };
    let lines = Maker::new(&args).expect("the shipped contents");
    lines.map(|line| line.expect("a line")).collect()
}

/// Both ways, each round on a fresh store.
pub async fn measure(report: &mut Report, fresh: impl Fn() -> Option<Database>) {
    let file = lines();
    let (mut import, mut bare_import) = (Sample::default(), Sample::default());
    let (mut export, mut bare_export) = (Sample::default(), Sample::default());
    let rounds = if firms() > FIRMS { 1 } else { rounds() };
    for _ in 0..rounds {
        let Some(database) = fresh() else { return };
        let (context, _home) = context(&database).await;
        import.add(one(imported(&context, &file).await));
        export.add(one(exported(&context).await));
        let home = tempfile::tempdir().expect("a folder");
        let (kept, written) = match database.connect() {
            Conn::Sqlite(_) => bare(home.path(), &file),
            #[cfg(feature = "postgres")]
            Conn::Postgres(conn) => bare_postgres(conn, &file),
        };
        bare_import.add(one(kept));
        bare_export.add(one(written));
    }
    report.line(Line::beside(
        "import a firm",
        "keep a line",
        import,
        bare_import,
    ));
    report.line(Line::beside(
        "export a firm",
        "write a line",
        export,
        bare_export,
    ));
}
fn one(whole: Duration) -> Sample {
    Sample::of(firms() as u64, whole)
}

fn receive(context: &Context, file: &str) -> Received {
    let mut incoming = context
        .exchange
        .folder
        .begin(context.new_id())
        .expect("a file");
    incoming.write(file.as_bytes()).expect("room");
    incoming.finish().expect("whole")
}

async fn imported(context: &Context, file: &str) -> Duration {
    let new = NewImport {
        partner: None,
        options: ImportOptions {
            programme: None,
            dry_run: false,
            keep_good: true,
            ask_contacts: false,
        },
        format: FileFormat::Ndjson,
    };
    let begun = Instant::now();
    let received = receive(context, file);
    let holder = context.new_id();
    let lease = work::lease(context, holder);
    let import = import_jobs::create_here(context, new, received, lease).await;
    let import = import.expect("taken");
    let import = work::work_on(context, holder, import, &|| false, &mut |_| ()).await;
    let import = import.expect("worked");
    assert_eq!(import.state, ImportState::Done);
    assert_eq!(usize::try_from(import.tally.created), Ok(firms()));
    let took = begun.elapsed();
    if firms() > FIRMS {
        println!(
            "{} bytes, {:?} in {took:?}, most memory {}",
            import.bytes,
            import.tally,
            most_memory()
        );
    }
    took
}

async fn exported(context: &Context) -> Duration {
    let user = User {
        id: context.new_id(),
        email: "bench@operator.invalid".parse().expect("an address"),
        name: "Bench".parse().expect("a name"),
        language: Language::english(),
        zone: chrono_tz::UTC,
        version: 1,
        created_at: context.now(),
    };
    let part = Membership {
        organization: context.new_id(),
        kind: OrganizationKind::Operator,
        role: Role::Curator,
    };
    let wanted = Wanted {
        kind: ExportKind::StartupProfiles,
        organization: None,
        filters: String::new(),
        format: ExportFormat::Ndjson,
        wait: false,
    };
    let begun = Instant::now();
    let (to, mut lines) = mpsc::channel(1024);
    let caller = Caller::new(user, vec![part]);
    let writing = write(context.clone(), caller, wanted, Contacts::LeftOut, to);
    let writing = tokio::spawn(writing);
    let mut file = tempfile::tempfile().expect("a file");
    let mut count = 0;
    while let Some(line) = lines.recv().await {
        file.write_all(&line).expect("room");
        count += 1;
    }
    writing.await.expect("no panic").expect("written");
    assert_eq!(count, firms());
    begun.elapsed()
}

/// A table of lines by their ids, in batches of as many rows, with a firm's
/// and a profile's row each.
fn bare(home: &Path, file: &str) -> (Duration, Duration) {
    let connection = rusqlite::Connection::open(home.join("bare.db")).expect("a store");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE firms (id TEXT PRIMARY KEY, line TEXT NOT NULL) STRICT;
             CREATE TABLE profiles (id TEXT PRIMARY KEY, line TEXT NOT NULL) STRICT;",
        )
        .expect("tables");
    let begun = Instant::now();
    std::fs::write(home.join("file"), file).expect("room");
    let lines = BufReader::new(std::fs::File::open(home.join("file")).expect("there"));
    let lines: Vec<String> = lines.lines().map(|line| line.expect("text")).collect();
    for batch in lines.chunks(50) {
        connection.execute_batch("BEGIN IMMEDIATE").expect("begun");
        for line in batch {
            let said: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let id = said
                .get("external_id")
                .and_then(serde_json::Value::as_str)
                .expect("an id");
            for table in ["firms", "profiles"] {
                connection
                    .prepare_cached(&format!(
                        "INSERT INTO {table} VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET line = excluded.line"
                    ))
                    .and_then(|mut put| put.execute((id, line)))
                    .expect("put");
            }
        }
        connection.execute_batch("COMMIT").expect("committed");
    }
    let kept = begun.elapsed();
    let begun = Instant::now();
    let mut file = tempfile::tempfile().expect("a file");
    let mut read = connection
        .prepare("SELECT f.line, p.line FROM firms f JOIN profiles p USING (id) ORDER BY f.id")
        .expect("SQL");
    let mut rows = read.query(()).expect("rows");
    while let Some(row) = rows.next().expect("a row") {
        let line: String = row.get(1).expect("text");
        let said: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        writeln!(file, "{said}").expect("room");
    }
    (kept, begun.elapsed())
}

/// The same tables on PostgreSQL, on one connection.
#[cfg(feature = "postgres")]
fn bare_postgres(mut conn: diesel::PgConnection, file: &str) -> (Duration, Duration) {
    use diesel::RunQueryDsl;
    use diesel::connection::SimpleConnection;
    use diesel::sql_types::Text;

    #[derive(diesel::QueryableByName)]
    struct Kept {
        #[diesel(sql_type = Text)]
        line: String,
    }

    conn.batch_execute(
        "CREATE SCHEMA bare;
         CREATE TABLE bare.firms (id text PRIMARY KEY, line text NOT NULL);
         CREATE TABLE bare.profiles (id text PRIMARY KEY, line text NOT NULL);",
    )
    .expect("tables");
    let begun = Instant::now();
    let lines: Vec<&str> = file.lines().collect();
    for batch in lines.chunks(50) {
        conn.batch_execute("BEGIN").expect("begun");
        for line in batch {
            let said: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let id = said
                .get("external_id")
                .and_then(serde_json::Value::as_str)
                .expect("an id");
            for table in ["firms", "profiles"] {
                diesel::sql_query(format!(
                    "INSERT INTO bare.{table} VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET line = excluded.line"
                ))
                .bind::<Text, _>(id)
                .bind::<Text, _>(*line)
                .execute(&mut conn)
                .expect("put");
            }
        }
        conn.batch_execute("COMMIT").expect("committed");
    }
    let kept = begun.elapsed();
    let begun = Instant::now();
    let mut file = tempfile::tempfile().expect("a file");
    let rows: Vec<Kept> = diesel::sql_query(
        "SELECT p.line FROM bare.firms f JOIN bare.profiles p USING (id) ORDER BY f.id",
    )
    .load(&mut conn)
    .expect("rows");
    for Kept { line } in rows {
        let said: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        writeln!(file, "{said}").expect("room");
    }
    (kept, begun.elapsed())
}
