//! Search by words over many profiles: a name, a name in another script, the
//! beginning of a name, a word that every record has, a tag. Beside it one
//! plain FTS5 query of the same store, which knows one spelling of one word,
//! no order of fit and no disclosure.

use std::time::{Duration, Instant};

use corridor::db::startup_profiles::{self, Filter};
use corridor::db::{self, Conn, Db, Options, Url};
use corridor::domain::search::{Order, Query};
use corridor::domain::tag::Taxonomy;
use corridor::domain::values::OrganizationKind;
use diesel::{Connection, SqliteConnection};

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

/// What is asked, and the one word by which a plain query asks for the like.
struct Question {
    what: &'static str,
    words: String,
    plain: String,
}

fn questions(rows: u32) -> Vec<Question> {
    let own = spelled((rows / 2) / 256);
    let question = |what, words: &str, plain: &str| Question {
        what,
        words: words.to_owned(),
        plain: plain.to_owned(),
    };
    vec![
        question("a firm's own word", &own, &format!("\"{own}\" *")),
        question(
            "a name in another script",
            "негев аграр",
            "\"negev\" AND \"аграр\" *",
        ),
        question("the beginning of a name", "qara", "\"qara\" *"),
        question("a word that all have", "hydrants", "\"hydrants\" *"),
        question("a tag", "nrw", "\"t_water_loss\""),
    ]
}

/// The search as a list reads it, and the plain query, on one connection each.
pub fn beside_rusqlite(report: &mut Report, taxonomy: &Taxonomy) {
    let rows = size("BENCH_ROWS", 100_000);
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("search.db");
    let db = Db::open(Options::new(Url::sqlite(&path))).expect("the store");
    let begun = Instant::now();
    fill(&db, rows);
    let filled = Sample::of(u64::from(rows), begun.elapsed());
    report.line(Line::alone("store and index", "profile", filled));
    let connected = SqliteConnection::establish(path.to_str().expect("UTF-8"));
    let mut conn = Conn::Sqlite(connected.expect("a connection"));
    let bare = rusqlite::Connection::open(&path).expect("the file");
    for Question { what, words, plain } in questions(rows) {
        let (mut ours, mut theirs) = (Sample::default(), Sample::default());
        for _ in 0..rounds() {
            ours.add(repeat(&words, || search(&mut conn, &words, taxonomy)));
            theirs.add(repeat(&plain, || plain_search(&bare, &plain)));
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

fn plain_search(bare: &rusqlite::Connection, words: &str) -> usize {
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
