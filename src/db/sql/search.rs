//! The statements of the words' index.
//!
//! On SQLite the words of a group's jobs wait in a table that only the writer
//! has and go into the index together, just before the commit. FTS5 writes a
//! segment whenever a savepoint begins, and each job has one: stored one by
//! one, the words would cost a segment each, and their merging later.
//!
//! On PostgreSQL a word stands in the index with the kind of its record and
//! with its field, `snwater` for "water" in the name of a startup. A `tsvector`
//! can give a word a weight instead, but its index knows none: whoever asks for
//! a weight has every record read that has the word anywhere.

use diesel::dsl::exists;
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::prelude::*;
#[cfg(feature = "postgres")]
use diesel::sql_types::Array;
use diesel::sql_types::{BigInt, Bool, Integer, Text, Untyped};
use diesel::sqlite::Sqlite;

use crate::db::prepared::Prepare;
#[cfg(feature = "postgres")]
use crate::db::search::FEWEST;
use crate::db::search::{Found, Kind, Wanted, Within};
use crate::db::together::Part;
use crate::db::types::{Id, sql};
use crate::db::{Conn, Result};
use crate::domain::search::{Document, Fit, Place, Query, Term};

/// Where words wait: those of a place once, and whether the index has others
/// of it.
pub(in crate::db) const WAITING: &str = "CREATE TEMP TABLE waiting_words (
    place INTEGER NOT NULL PRIMARY KEY,
    indexed INTEGER NOT NULL,
    names TEXT NOT NULL, headline TEXT NOT NULL, body TEXT NOT NULL, facets TEXT NOT NULL
) STRICT;";

diesel::table! {
    waiting_words (place) {
        place -> BigInt,
    }
}

/// What stores the words of a record together with its entry, the part before
/// it, whose place they stand in.
#[cfg_attr(
    not(feature = "postgres"),
    expect(unused_variables, reason = "SQLite's words don't tell the kind")
)]
pub(in crate::db) fn insertion(conn: &Conn, kind: Kind, document: &Document) -> Part {
    match conn {
        Conn::Sqlite(_) => {
            let [names, headline, body, facets] = fts5_columns(document);
            let insert = diesel::dsl::sql::<Untyped>(
                "INSERT INTO temp.waiting_words (indexed, place, names, headline, body, facets)
                 VALUES (0, last_insert_rowid(), ",
            );
            let insert = insert.bind::<Text, _>(names).sql(", ");
            let insert = insert.bind::<Text, _>(headline).sql(", ");
            let insert = insert.bind::<Text, _>(body).sql(", ");
            Part::new(insert.bind::<Text, _>(facets).sql(")"))
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            let insert = diesel::dsl::sql::<Untyped>(
                "INSERT INTO search_text (place, document) SELECT place, CAST(",
            );
            let insert = insert.bind::<Text, _>(tsvector(kind, document));
            Part::new(insert.sql(" AS tsvector) FROM entry"))
        }
    }
}

/// Stores the words of a record, in place of those that were there.
#[cfg_attr(
    not(feature = "postgres"),
    expect(unused_variables, reason = "SQLite's words don't tell the kind")
)]
pub(in crate::db) fn put(
    conn: &mut Conn,
    kind: Kind,
    place: i64,
    new: bool,
    document: &Document,
) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => {
            let mut insert = diesel::sql_query(
                "INSERT INTO temp.waiting_words (indexed, place, names, headline, body, facets)
                 VALUES (?, ?, ?, ?, ?, ?)
                 ON CONFLICT (place) DO UPDATE SET names = excluded.names,
                 headline = excluded.headline, body = excluded.body, facets = excluded.facets",
            )
            .into_boxed::<Sqlite>()
            .bind::<Integer, _>(i32::from(!new))
            .bind::<BigInt, _>(place);
            for words in fts5_columns(document) {
                insert = insert.bind::<Text, _>(words);
            }
            insert.prepared().execute(conn)?;
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            diesel::sql_query(
                "INSERT INTO search_text (place, document) VALUES ($1, CAST($2 AS tsvector))
                 ON CONFLICT (place) DO UPDATE SET document = excluded.document",
            )
            .bind::<BigInt, _>(place)
            .bind::<Text, _>(tsvector(kind, document))
            .prepared()
            .execute(conn)?;
        }
    }
    Ok(())
}

/// Puts what waits into the index, at the end of a group of writes. Nothing
/// waits on PostgreSQL.
pub(in crate::db) fn put_waiting(conn: &mut Conn) -> Result<()> {
    if !matches!(conn, Conn::Sqlite(_)) {
        return Ok(());
    }
    if !diesel::select(exists(waiting_words::table.select(waiting_words::place)))
        .get_result::<bool>(conn)?
    {
        return Ok(());
    }
    for statement in [
        "DELETE FROM search_text WHERE rowid IN
         (SELECT place FROM temp.waiting_words WHERE indexed = 1)",
        "INSERT INTO search_text (rowid, names, headline, body, facets)
         SELECT place, names, headline, body, facets FROM temp.waiting_words ORDER BY place",
        "DELETE FROM temp.waiting_words",
    ] {
        diesel::sql_query(statement).prepared().execute(conn)?;
    }
    Ok(())
}

/// The words of each column, as FTS5 wants them said.
fn fts5_columns(document: &Document) -> [String; 4] {
    let Document { names, texts } = document;
    [names, &texts.headline, &texts.body, &texts.facets].map(|words| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.join(" ")
    })
}

/// The letter of a kind, with which its words begin.
#[cfg(feature = "postgres")]
const fn letter(kind: Kind) -> &'static str {
    match kind {
        Kind::StartupProfile => "s",
        Kind::Mandate => "m",
        Kind::InvestorProfile => "i",
        Kind::Organization => "o",
    }
}

/// A vector's own notation: each word after the letters of its kind and field.
#[cfg(feature = "postgres")]
fn tsvector(kind: Kind, document: &Document) -> String {
    let Document { names, texts } = document;
    let fields = [
        (names, "n"),
        (&texts.headline, "h"),
        (&texts.body, "b"),
        (&texts.facets, "f"),
    ];
    let mut vector = String::new();
    for (words, field) in fields {
        for word in words {
            vector.extend(["'", letter(kind), field, word, "' "]);
        }
    }
    vector
}

/// Of each group one term, as FTS5 wants it said. Every word is quoted, and
/// none holds a quote.
fn fts5(groups: &[Vec<Term>]) -> String {
    let term = |term: &Term| {
        let columns = match term.place {
            Place::Names => "{names}",
            Place::NamesAndHeadline => "{names headline}",
            Place::Headline => "{headline}",
            Place::Anywhere => "{names headline body}",
            Place::Facets => "{facets}",
        };
        let begins = if term.begins { " *" } else { "" };
        format!("{columns} : \"{}\"{begins}", term.word)
    };
    all_of_one(groups, " AND ", " OR ", term)
}

/// The same in the notation of `tsquery`: a term stands once for each field.
#[cfg(feature = "postgres")]
fn tsquery(kind: Kind, groups: &[Vec<Term>]) -> String {
    let term = |term: &Term| {
        let fields: &[&str] = match term.place {
            Place::Names => &["n"],
            Place::NamesAndHeadline => &["n", "h"],
            Place::Headline => &["h"],
            Place::Anywhere => &["n", "h", "b"],
            Place::Facets => &["f"],
        };
        let begins = if term.begins { ":*" } else { "" };
        let stands = |field: &&str| format!("'{}{field}{}'{begins}", letter(kind), term.word);
        let stands: Vec<String> = fields.iter().map(stands).collect();
        stands.join(" | ")
    };
    all_of_one(groups, " & ", " | ", term)
}

fn all_of_one(groups: &[Vec<Term>], and: &str, or: &str, term: impl Fn(&Term) -> String) -> String {
    let group = |terms: &Vec<Term>| {
        let terms: Vec<String> = terms.iter().map(&term).collect();
        format!("({})", terms.join(or))
    };
    let groups: Vec<String> = groups.iter().map(group).collect();
    groups.join(and)
}

#[derive(QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = sql::Id)]
    record_id: Id,
}

/// On each side the words' index is asked first, unless it is about one firm
/// or about a few records: then only their words are looked at, so that the
/// time it takes says nothing about others', or is not spent on them.
pub(in crate::db) fn places(conn: &mut Conn, wanted: &Wanted<'_>) -> Result<Vec<Found>> {
    let rows = match conn {
        Conn::Sqlite(conn) => sqlite_places(conn, wanted)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => postgres_places(conn, wanted)?,
    };
    let found = |row: FoundRow| Found {
        place: row.place,
        record: row.record_id.uuid(),
    };
    Ok(rows.into_iter().map(found).collect())
}

/// FTS5 gathers all words with a longer beginning than its prefix index has
/// each time it is asked, so it is asked once of all records then.
const INDEXED_PREFIX: usize = 3;

fn sqlite_places(conn: &mut SqliteConnection, wanted: &Wanted<'_>) -> Result<Vec<FoundRow>> {
    let mut words = fts5(wanted.terms);
    if let Some(unlike) = wanted.unlike {
        words = format!("({words}) NOT ({})", fts5(unlike));
    }
    let gathers = |term: &Term| term.begins && term.word.chars().count() > INDEXED_PREFIX;
    let gathered = wanted.terms.iter().flatten().any(gathers);
    // By the index that is walked, or SQLite sorts all that it finds.
    let by_record = "FROM search_entries AS e
         CROSS JOIN search_text ON search_text.rowid = e.place
         WHERE search_text MATCH ? AND e.place > ? AND e.kind = ?";
    let (start, order) = match wanted.within {
        Within::All => (
            "FROM search_text
             CROSS JOIN search_entries AS e ON e.place = search_text.rowid
             WHERE search_text MATCH ? AND search_text.rowid > ? AND e.kind = ?"
                .to_owned(),
            "search_text.rowid",
        ),
        Within::Firm(_) => (format!("{by_record} AND e.organization_id = ?"), "e.place"),
        Within::These(these) => {
            let these = vec!["?"; these.len()].join(", ");
            let start = if gathered {
                "FROM search_entries AS e
                 WHERE e.place IN (SELECT rowid FROM search_text WHERE search_text MATCH ?)
                       AND e.place > ? AND e.kind = ?"
            } else {
                by_record
            };
            (format!("{start} AND e.record_id IN ({these})"), "e.place")
        }
    };
    let mut query = diesel::sql_query(format!(
        "SELECT e.place, e.record_id {start} ORDER BY {order} LIMIT {}",
        wanted.limit
    ))
    .into_boxed::<Sqlite>()
    .bind::<Text, _>(words)
    .bind::<BigInt, _>(wanted.after)
    .bind::<Text, _>(wanted.kind.code());
    match wanted.within {
        Within::All => {}
        Within::Firm(owner) => query = query.bind::<sql::Id, _>(*owner),
        Within::These(these) => {
            for record in these {
                query = query.bind::<sql::Id, _>(Id::of(*record));
            }
        }
    }
    Ok(query.load(conn)?)
}

#[cfg(feature = "postgres")]
fn postgres_places(conn: &mut PgConnection, wanted: &Wanted<'_>) -> Result<Vec<FoundRow>> {
    let mut words = tsquery(wanted.kind, wanted.terms);
    if let Some(unlike) = wanted.unlike {
        words = format!("({words}) & !({})", tsquery(wanted.kind, unlike));
    }
    let own = |which: &str| {
        let start = format!(
            "WITH own AS MATERIALIZED (
                 SELECT place, record_id FROM search_entries
                 WHERE place > $2 AND kind = $3 AND {which}
             )
             SELECT e.place, e.record_id FROM own AS e JOIN search_text AS t USING (place)
             WHERE {HAS_WORDS} ORDER BY e.place LIMIT {}",
            wanted.limit
        );
        let query = diesel::sql_query(start).into_boxed::<diesel::pg::Pg>();
        let query = query.bind::<Text, _>(words.clone());
        let query = query.bind::<BigInt, _>(wanted.after);
        query.bind::<Text, _>(wanted.kind.code())
    };
    match wanted.within {
        Within::All => among_all(conn, wanted, &words),
        Within::Firm(owner) => {
            let query = own("organization_id = $4").bind::<sql::Id, _>(*owner);
            Ok(query.load(conn)?)
        }
        Within::These(these) => {
            let these: Vec<Id> = these.iter().map(|record| Id::of(*record)).collect();
            let query = own("record_id = ANY($4)").bind::<Array<sql::Id>, _>(these);
            Ok(query.load(conn)?)
        }
    }
}

/// Whether the words of the row `t` are as asked, said as a function, which the
/// words' index does not answer: only rows that are looked at anyway count.
#[cfg(feature = "postgres")]
const HAS_WORDS: &str = "ts_match_vq(t.document, CAST($1 AS tsquery))";

/// Places that are walked before the words' index is asked, which takes half a
/// millisecond: enough to meet a page of a word that a quarter has.
#[cfg(feature = "postgres")]
const AT_HAND: i64 = 256;
/// From more records than these with the words on, it is quicker to walk on
/// than to gather all of them.
#[cfg(feature = "postgres")]
const MANY: i64 = 2_048;
/// Places that are walked then, at most.
#[cfg(feature = "postgres")]
const FAR: i64 = 8_192;

/// The next of all records. PostgreSQL's index of words knows no order: it
/// finds all that have a word, and the first of them only after it. So a word
/// that many have is not asked of it: who walks the records in their order
/// soon meets enough of them. A word that few have is asked of it, as far as
/// they are few. Many that all stand far off are gathered in the end.
#[cfg(feature = "postgres")]
fn among_all(conn: &mut PgConnection, wanted: &Wanted<'_>, words: &str) -> Result<Vec<FoundRow>> {
    let full = |found: &[FoundRow]| i64::try_from(found.len()).is_ok_and(|it| it == wanted.limit);
    if wanted.limit <= FEWEST {
        let found = walked(conn, wanted, words, AT_HAND)?;
        if full(&found) {
            return Ok(found);
        }
    }
    if let Some(found) = gathered(conn, wanted, words, Some(MANY))? {
        return Ok(found);
    }
    let found = walked(conn, wanted, words, FAR)?;
    if full(&found) {
        return Ok(found);
    }
    Ok(gathered(conn, wanted, words, None)?.unwrap_or_default())
}

/// Those of the next `stretch` places that have the words, from the first on.
#[cfg(feature = "postgres")]
fn walked(
    conn: &mut PgConnection,
    wanted: &Wanted<'_>,
    words: &str,
    stretch: i64,
) -> Result<Vec<FoundRow>> {
    let limit = wanted.limit;
    let query = diesel::sql_query(format!(
        "SELECT e.place, e.record_id FROM (
             SELECT place FROM (
                 SELECT place, document FROM search_text
                 WHERE place > $2 ORDER BY place LIMIT {stretch}
             ) AS t
             WHERE {HAS_WORDS} ORDER BY place LIMIT {limit}
         ) AS found
         JOIN search_entries AS e USING (place) ORDER BY e.place"
    ));
    let query = query.bind::<Text, _>(words);
    Ok(query.bind::<BigInt, _>(wanted.after).load(conn)?)
}

#[cfg(feature = "postgres")]
#[derive(QueryableByName)]
struct GatheredRow {
    #[diesel(embed)]
    found: FoundRow,
    #[diesel(sql_type = BigInt)]
    hits: i64,
}

/// The first of those that the words' index finds; `None` if it finds more than
/// `most`. The words are hidden from the planner: where it believes that many
/// have them, it reads the whole table instead.
#[cfg(feature = "postgres")]
fn gathered(
    conn: &mut PgConnection,
    wanted: &Wanted<'_>,
    words: &str,
    most: Option<i64>,
) -> Result<Option<Vec<FoundRow>>> {
    let bound = most.map_or_else(String::new, |most| format!("LIMIT {}", most + 1));
    let limit = wanted.limit;
    let query = diesel::sql_query(format!(
        "WITH found AS MATERIALIZED (
             SELECT place FROM search_text
             WHERE document @@ (SELECT CAST($1 AS tsquery)) AND place > $2 {bound}
         )
         SELECT e.place, e.record_id, (SELECT count(*) FROM found) AS hits
         FROM (SELECT place FROM found ORDER BY place LIMIT {limit}) AS nearest
         JOIN search_entries AS e USING (place) ORDER BY e.place"
    ));
    let query = query.bind::<Text, _>(words);
    let rows: Vec<GatheredRow> = query.bind::<BigInt, _>(wanted.after).load(conn)?;
    let hits = rows.first().map_or(0, |row| row.hits);
    if most.is_some_and(|most| hits > most) {
        return Ok(None);
    }
    Ok(Some(rows.into_iter().map(|row| row.found).collect()))
}

/// The condition that a record of that kind, in the list of its own table, is
/// found by a query. Where the list is one firm's (`owned`), each record is asked for by itself, so that
/// the time it takes says nothing about others'.
pub(in crate::db) fn found_by(conn: &Conn, kind: Kind, query: &Query, owned: bool) -> FoundBy {
    let column = match kind {
        Kind::StartupProfile => "startup_profiles.id",
        Kind::Mandate => "mandates.id",
        Kind::InvestorProfile => "investor_profiles.id",
        Kind::Organization => "organizations.id",
    };
    let groups = query.terms(Fit::Anywhere);
    let (start, words, end) = match conn {
        Conn::Sqlite(_) if owned => (
            format!(
                "EXISTS (SELECT 1 FROM search_entries AS e
                 CROSS JOIN search_text ON search_text.rowid = e.place
                 WHERE e.record_id = {column} AND search_text MATCH "
            ),
            fts5(&groups),
            ")",
        ),
        Conn::Sqlite(_) => (
            format!(
                "{column} IN (SELECT record_id FROM search_entries WHERE place IN
                 (SELECT rowid FROM search_text WHERE search_text MATCH "
            ),
            fts5(&groups),
            "))",
        ),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) if owned => (
            format!(
                "EXISTS (SELECT 1 FROM search_entries AS e JOIN search_text AS t USING (place)
                 WHERE e.record_id = {column} AND ts_match_vq(t.document, CAST("
            ),
            tsquery(kind, &groups),
            " AS tsquery)))",
        ),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => (
            format!(
                "{column} IN (SELECT e.record_id FROM search_entries AS e
                 JOIN search_text AS t USING (place) WHERE t.document @@ CAST("
            ),
            tsquery(kind, &groups),
            " AS tsquery))",
        ),
    };
    diesel::dsl::sql::<Bool>(&start)
        .bind::<Text, _>(words)
        .sql(end)
}

/// The type of [`found_by`].
pub(in crate::db) type FoundBy =
    SqlLiteral<Bool, UncheckedBind<SqlLiteral<Bool>, diesel::dsl::AsExprOf<String, Text>>>;
