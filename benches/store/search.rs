//! Search by words over many profiles: a name, a name in another script, the
//! beginning of a name, a word that every record has, a tag. Beside it one
//! plain query of the same store, by FTS5 or by `tsquery`, which knows one
//! spelling of one word, no order of fit and no disclosure.

use std::time::{Duration, Instant};

use corridor::db::startup_profiles::{self, Filter};
use corridor::db::{self, Conn, Db, Options, Url};
use corridor::domain::search::{Order, Query};
use corridor::domain::tag::Taxonomy;
use corridor::domain::values::OrganizationKind;
#[cfg(feature = "postgres")]
use diesel::RunQueryDsl;
#[cfg(feature = "postgres")]
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, SqliteConnection};

#[cfg(feature = "postgres")]
use crate::database::Database;
use crate::support::report::{Line, Report, Sample};
use crate::support::{rounds, size, slice, world};

const PAGE: usize = 20;
/// Profiles that one transaction stores.
const BATCH: u32 = 2_000;

const FIRST: [&str; 16] = [
    "Tamar",
    "Negev",
    "Xəzər",
    "Qarabağ",
    "Galil",
    "Şəki",
    "Каспий",
    "Carmel",
    "Arad",
    "Gəncə",
    "Kinneret",
    "Naftalan",
    "Hermon",
    "Lənkəran",
    "Sharon",
    "Шемаха",
];
const SECOND: [&str; 16] = [
    "Flow",
    "Sun",
    "Robotics",
    "Texnologiya",
    "Medical",
    "Аграр",
    "Sensors",
    "Energy",
    "Genomics",
    "Systems",
    "Solutions",
    "Mobility",
    "Optics",
    "Foods",
    "Data",
    "Logistika",
];

/// Two words and a number of its own.
fn name(n: u32) -> String {
    let nth = |words: [&'static str; 16], n: u32| {
        let place = usize::try_from(n % 16).unwrap_or_default();
        words.into_iter().nth(place).unwrap_or_default()
    };
    let (first, second) = (nth(FIRST, n), nth(SECOND, n / 16));
    format!("{first} {second} {}", spelled(n / 256))
}

/// A number as a word of syllables, so that every firm has a word of its own.
fn spelled(mut n: u32) -> String {
    const SYLLABLES: [&str; 8] = ["ba", "de", "gi", "ko", "lu", "ma", "ne", "ro"];
    let mut word = String::from("zo");
    loop {
        let place = usize::try_from(n % 8).unwrap_or_default();
        word.push_str(SYLLABLES.get(place).unwrap_or(&"zu"));
        n /= 8;
        if n == 0 {
            return word;
        }
    }
}

fn fill(db: &Db, count: u32) {
    for first in (0..count).step_by(BATCH as usize) {
        let last = count.min(first + BATCH);
        let store = move |conn: &mut Conn| -> db::Result<()> {
            (first..last).try_for_each(|n| {
                let id = world::numbered(1, n).into();
                let firm = world::organization(id, OrganizationKind::Startup, &name(n));
                db::organizations::insert(conn, &firm)?;
                startup_profiles::insert(conn, &world::profile(id, n))
            })
        };
        db.write_blocking(store).expect("profiles");
    }
}

/// What is asked, and the like as the back-end itself has it.
struct Question {
    what: &'static str,
    words: String,
    fts5: String,
    #[cfg(feature = "postgres")]
    tsquery: String,
}

fn questions(rows: u32) -> Vec<Question> {
    let own = spelled((rows / 2) / 256);
    // Words, and whether the last may be a beginning.
    let question = |what, words: &str, plain: &[&str], begins: bool| {
        let end = |mark: &'static str| if begins { mark } else { "" };
        let quoted: Vec<_> = plain.iter().map(|it| format!("\"{it}\"")).collect();
        #[cfg(feature = "postgres")]
        let marked: Vec<_> = plain
            .iter()
            .enumerate()
            .map(|(place, word)| in_any_field(word, begins && place + 1 == plain.len()))
            .collect();
        Question {
            what,
            words: words.to_owned(),
            fts5: quoted.join(" AND ") + end(" *"),
            #[cfg(feature = "postgres")]
            tsquery: marked.join(" & "),
        }
    };
    vec![
        question("a firm's own word", &own, &[&own], true),
        question(
            "a name in another script",
            "негев аграр",
            &["negev", "аграр"],
            true,
        ),
        question("the beginning of a name", "qara", &["qara"], true),
        question("a word that all have", "hydrants", &["hydrants"], true),
        question("a tag", "nrw", &["t_water_loss"], false),
    ]
}

/// A word in any field of a startup, which stands before it in the index, in
/// PostgreSQL's words.
#[cfg(feature = "postgres")]
fn in_any_field(word: &str, begins: bool) -> String {
    let end = if begins { ":*" } else { "" };
    let fields = ["sn", "sh", "sb", "sf"].map(|field| format!("'{field}{word}'{end}"));
    format!("({})", fields.join(" | "))
}

/// The search as a list reads it, and the plain query, on one connection each.
pub fn beside_rusqlite(report: &mut Report, taxonomy: &Taxonomy) {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("search.db");
    let db = Db::open(Options::new(Url::sqlite(&path))).expect("the store");
    let rows = filled(report, &db);
    let connected = SqliteConnection::establish(path.to_str().expect("UTF-8"));
    let conn = Conn::Sqlite(connected.expect("a connection"));
    let bare = rusqlite::Connection::open(&path).expect("the file");
    beside(report, taxonomy, conn, rows, |question| {
        plain_fts5(&bare, &question.fts5)
    });
}

/// The same on PostgreSQL, beside a plain `tsquery` of the same store.
#[cfg(feature = "postgres")]
pub fn beside_diesel(report: &mut Report, taxonomy: &Taxonomy, database: &Database) {
    let db = Db::open(Options::new(database.url().clone())).expect("the store");
    let rows = filled(report, &db);
    let mut bare = database.connect();
    let analyse = diesel::sql_query("ANALYZE").execute(&mut bare);
    analyse.expect("statistics");
    beside(report, taxonomy, database.connect(), rows, |question| {
        plain_tsquery(&mut bare, &question.tsquery)
    });
}

fn filled(report: &mut Report, db: &Db) -> u32 {
    let rows = size("BENCH_ROWS", 100_000);
    let begun = Instant::now();
    fill(db, rows);
    let filled = Sample::of(u64::from(rows), begun.elapsed());
    report.line(Line::alone("store and index", "profile", filled));
    rows
}

fn beside(
    report: &mut Report,
    taxonomy: &Taxonomy,
    mut conn: Conn,
    rows: u32,
    mut plain: impl FnMut(&Question) -> usize,
) {
    for question in questions(rows) {
        let Question { what, words, .. } = &question;
        let (mut ours, mut theirs) = (Sample::default(), Sample::default());
        for _ in 0..rounds() {
            ours.add(repeat(words, || search(&mut conn, words, taxonomy)));
            theirs.add(repeat(words, || plain(&question)));
        }
        let p99 = ours.percentile(990).unwrap_or_default();
        report.figure(format!("search p99: {what}"), p99, "ms", None);
        report.line(Line::beside(
            format!("search: {what}"),
            "page",
            ours,
            theirs,
        ));
    }
}

fn search(conn: &mut Conn, words: &str, taxonomy: &Taxonomy) -> usize {
    let query = Query::parse(words, taxonomy).expect("a query");
    let filter = Filter {
        query,
        ..Filter::default()
    };
    let found = startup_profiles::list_heads(conn, &filter, Order::Relevance, None, PAGE);
    found.expect("searched").len()
}

fn plain_fts5(bare: &rusqlite::Connection, words: &str) -> usize {
    let mut statement = bare
        .prepare_cached(
            "SELECT p.id, p.organization_id, p.version, p.created_at FROM search_text
             CROSS JOIN search_entries AS e ON e.place = search_text.rowid
             JOIN startup_profiles AS p ON p.id = e.record_id
             WHERE search_text MATCH ? ORDER BY e.place LIMIT 21",
        )
        .expect("a statement");
    let found = statement.query_map([words], |row| row.get::<_, Vec<u8>>(0));
    found.expect("searched").count()
}

#[cfg(feature = "postgres")]
#[derive(diesel::QueryableByName)]
struct Place {
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "only that there is one is asked")]
    place: i64,
}

#[cfg(feature = "postgres")]
fn plain_tsquery(bare: &mut Conn, words: &str) -> usize {
    let Conn::Postgres(bare) = bare else {
        panic!("PostgreSQL was asked for");
    };
    let found: Vec<Place> = diesel::sql_query(
        "SELECT e.place FROM search_text AS t
         JOIN search_entries AS e USING (place)
         JOIN startup_profiles AS p ON p.id = e.record_id
         WHERE t.document @@ CAST($1 AS tsquery) ORDER BY e.place LIMIT 21",
    )
    .bind::<Text, _>(words)
    .load(bare)
    .expect("searched");
    found.len()
}

fn repeat(words: &str, mut ask: impl FnMut() -> usize) -> Sample {
    let begun = Instant::now();
    let mut latencies: Vec<Duration> = Vec::new();
    while begun.elapsed() < slice() {
        let one = Instant::now();
        assert_ne!(ask(), 0, "nothing was found by {words}");
        latencies.push(one.elapsed());
    }
    Sample {
        elapsed: begun.elapsed(),
        count: latencies.len() as u64,
        latencies,
    }
}
