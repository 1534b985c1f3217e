//! `schema.rs` and both folders of migrations say the same. What is compared
//! comes from the live catalogues, so tables added later are covered.
//!
//! Write a CHECK alike on both sides, without BETWEEN or LIKE, which
//! PostgreSQL rewrites. What only stands in for a native type on SQLite
//! (16 bytes for an id, 0 or 1 for a flag) is left out, and so is what each
//! side makes of `search_text`: FTS5's own tables, a `tsvector`.

use std::collections::{BTreeMap, BTreeSet};

use corridor::db::Conn;
use diesel::sql_types::{Bool, Text};
use diesel::{QueryableByName, RunQueryDsl};

use crate::support::database::Database;

/// Columns by table and name: type of its side, and whether NULL may stand there.
type Columns = BTreeMap<(String, String), (String, bool)>;

#[derive(QueryableByName)]
struct Catalogued {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    data_type: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn columns(conn: &mut Conn, sql: &str) -> Columns {
    let rows: Vec<Catalogued> = diesel::sql_query(sql).load(conn).expect("the catalogue");
    rows.into_iter()
        .map(|it| ((it.table_name, it.column_name), (it.data_type, it.nullable)))
        .collect()
}

fn lines(conn: &mut Conn, sql: &str) -> BTreeSet<String> {
    let rows: Vec<Line> = diesel::sql_query(sql).load(conn).expect("the catalogue");
    rows.into_iter().map(|it| it.line).collect()
}

const SQLITE_TABLES: &str = "sqlite_schema AS t
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '%diesel%'
          AND t.name NOT LIKE 'search_text%'";

fn sqlite_columns(conn: &mut Conn) -> Columns {
    columns(
        conn,
        "SELECT t.name AS table_name, c.name AS column_name, c.type AS data_type,
                c.\"notnull\" = 0 AS nullable
         FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '%diesel%'
          AND t.name NOT LIKE 'search_text%'",
    )
}

/// The tables of `schema.rs`: column, diesel's type, nullable.
fn written_schema() -> Columns {
    let mut columns = Columns::new();
    let mut table = String::new();
    let files = [
        include_str!("../../../src/db/schema.rs"),
        include_str!("../../../src/db/deal_schema.rs"),
        include_str!("../../../src/db/practice_schema.rs"),
        include_str!("../../../src/db/identity_schema.rs"),
        include_str!("../../../src/db/rule_schema.rs"),
        include_str!("../../../src/db/directory_schema.rs"),
        include_str!("../../../src/db/exchange_schema.rs"),
        include_str!("../../../src/db/programme_schema.rs"),
        include_str!("../../../src/db/duplicate_schema.rs"),
        include_str!("../../../src/db/rate_schema.rs"),
        include_str!("../../../src/db/review_schema.rs"),
        include_str!("../../../src/db/mail_schema.rs"),
        include_str!("../../../src/db/document_schema.rs"),
        include_str!("../../../src/db/taxonomy_schema.rs"),
        include_str!("../../../src/db/investor_schema.rs"),
        include_str!("../../../src/db/wall_schema.rs"),
    ];
    for line in files.iter().flat_map(|file| file.lines()).map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with('{')) {
            name.clone_into(&mut table);
        } else if let Some((name, kind)) =
            line.strip_suffix(',').and_then(|it| it.split_once(" -> "))
        {
            let inner = kind
                .strip_prefix("Nullable<")
                .and_then(|it| it.strip_suffix('>'));
            let value = (inner.unwrap_or(kind).to_owned(), inner.is_some());
            columns.insert((table.clone(), name.to_owned()), value);
        }
    }
    assert!(!columns.is_empty(), "schema.rs was understood");
    columns
}

/// The native type of each side for a type of `schema.rs`.
fn native(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "Id" => ("BLOB", "uuid"),
        "UtcTimestamp" => ("INTEGER", "timestamp with time zone"),
        "Text" => ("TEXT", "text"),
        "Integer" => ("INTEGER", "integer"),
        "BigInt" => ("INTEGER", "bigint"),
        "Bool" => ("INTEGER", "boolean"),
        "Date" => ("TEXT", "date"),
        "Binary" => ("BLOB", "bytea"),
        other => panic!("say here what {other} is on each side"),
    }
}

/// `schema.rs` as one side should have it.
fn expected(side: fn((&'static str, &'static str)) -> &'static str) -> Columns {
    written_schema()
        .into_iter()
        .map(|(column, (kind, nullable))| (column, (side(native(&kind)).to_owned(), nullable)))
        .collect()
}

#[test]
fn sqlite_has_the_columns_of_the_schema() {
    let database = Database::sqlite();
    let mut conn = database.connect();
    assert_eq!(sqlite_columns(&mut conn), expected(|(sqlite, _)| sqlite));
}

#[test]
fn every_sqlite_table_is_strict_and_no_key_is_deferred() {
    let database = Database::sqlite();
    let mut conn = database.connect();
    let definitions = lines(
        &mut conn,
        &format!("SELECT t.sql AS line FROM {SQLITE_TABLES}"),
    );
    assert!(!definitions.is_empty());
    for sql in definitions {
        assert!(sql.trim_end().ends_with("STRICT"), "{sql}");
        // A deferred violation would fail the commit of a whole group.
        assert!(!sql.to_uppercase().contains("DEFERRABLE"), "{sql}");
    }
}

#[test]
fn the_folders_of_migrations_bear_the_same_names() {
    let names = |folder: &str| -> BTreeSet<_> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        std::fs::read_dir(root.join(folder))
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[cfg(feature = "postgres")]
mod with_postgres {
    use super::*;

    #[test]
    fn postgres_has_the_columns_of_the_schema() {
        let Some(database) = Database::postgres() else {
            return;
        };
        let found = columns(
            &mut database.connect(),
            "SELECT table_name::text, column_name::text, data_type::text,
                    is_nullable = 'YES' AS nullable
             FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name NOT LIKE '%diesel%'
                   AND table_name <> 'search_text'",
        );
        assert_eq!(found, expected(|(_, postgres)| postgres));
    }

    #[test]
    fn both_sides_have_the_same_keys_and_indexes() {
        let Some(database) = Database::postgres() else {
            return;
        };
        let postgres = lines(
            &mut database.connect(),
            "SELECT t.relname || CASE WHEN i.indisunique THEN ' unique' ELSE '' END
                    || CASE WHEN i.indpred IS NULL THEN '' ELSE ' partial' END || ' ('
                    || (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
                        FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
                        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number)
                    || ')' AS line
             FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
             WHERE t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE '%diesel%'
                   AND t.relname <> 'search_text'",
        );
        let file = Database::sqlite();
        let mut sqlite = file.connect();
        let mut found = lines(
            &mut sqlite,
            "SELECT t.name || CASE WHEN i.\"unique\" THEN ' unique' ELSE '' END
                    || CASE WHEN i.partial THEN ' partial' ELSE '' END || ' ('
                    || (SELECT group_concat(c.name, ', ') FROM pragma_index_info(i.name) AS c)
                    || ')' AS line
             FROM sqlite_schema AS t, pragma_index_list(t.name) AS i
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '%diesel%'
          AND t.name NOT LIKE 'search_text%'",
        );
        // The key of a table that is its own index.
        found.extend(lines(
            &mut sqlite,
            "SELECT t.name || ' unique (' || c.name || ')' AS line
             FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '%diesel%'
          AND t.name NOT LIKE 'search_text%'
                   AND c.pk = 1 AND c.type = 'INTEGER'",
        ));
        assert_eq!(found, postgres);
    }

    #[test]
    fn both_sides_have_the_same_foreign_keys() {
        let Some(database) = Database::postgres() else {
            return;
        };
        let postgres = lines(
            &mut database.connect(),
            "SELECT c.conrelid::regclass || ': ' || pg_get_constraintdef(c.oid) AS line
             FROM pg_constraint c
             WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace",
        );
        let file = Database::sqlite();
        let sqlite = lines(
            &mut file.connect(),
            "SELECT line FROM (
                SELECT t.name || ': FOREIGN KEY (' || group_concat(k.\"from\", ', ')
                       || ') REFERENCES ' || k.\"table\" || '(' || group_concat(k.\"to\", ', ') || ')'
                       || CASE k.on_update WHEN 'NO ACTION' THEN '' ELSE ' ON UPDATE ' || k.on_update END
                       || CASE k.on_delete WHEN 'NO ACTION' THEN '' ELSE ' ON DELETE ' || k.on_delete END
                       AS line
                FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS k
                WHERE t.type = 'table'
                GROUP BY t.name, k.id)",
        );
        assert_eq!(sqlite, postgres);
    }

    #[test]
    fn both_sides_have_the_same_checks() {
        let Some(database) = Database::postgres() else {
            return;
        };
        let postgres: BTreeSet<String> = lines(
            &mut database.connect(),
            "SELECT c.conrelid::regclass || ': ' || pg_get_constraintdef(c.oid) AS line
             FROM pg_constraint c
             WHERE c.contype = 'c' AND c.connamespace = 'public'::regnamespace",
        )
        .into_iter()
        .map(|line| plain(&line.replacen("CHECK ", "", 1)))
        .collect();

        let stand_ins = stand_ins();
        let file = Database::sqlite();
        let definitions = lines(
            &mut file.connect(),
            &format!("SELECT t.name || ': ' || t.sql AS line FROM {SQLITE_TABLES}"),
        );
        let sqlite: BTreeSet<String> = definitions
            .iter()
            .flat_map(|line| {
                let (table, sql) = line.split_once(": ").expect("as selected");
                checks(sql)
                    .into_iter()
                    .map(move |check| plain(&format!("{table}: {check}")))
            })
            .filter(|check| !stand_ins.contains(check))
            .collect();
        assert!(!sqlite.is_empty());
        assert_eq!(sqlite, postgres);
    }

    /// What SQLite checks because it has no such type.
    fn stand_ins() -> BTreeSet<String> {
        written_schema()
            .into_iter()
            .filter_map(|((table, column), (kind, _))| match kind.as_str() {
                "Id" => Some(plain(&format!("{table}: length({column}) = 16"))),
                "Bool" => Some(plain(&format!("{table}: {column} IN (0, 1)"))),
                _ => None,
            })
            .collect()
    }

    /// The expressions after each CHECK of a definition.
    fn checks(sql: &str) -> Vec<&str> {
        sql.match_indices("CHECK (")
            .map(|(at, word)| {
                let start = at + word.len() - 1;
                let mut depth = 0;
                let length = sql[start..]
                    .find(|letter| {
                        depth += match letter {
                            '(' => 1,
                            ')' => -1,
                            _ => 0,
                        };
                        depth == 0
                    })
                    .expect("closed");
                &sql[start..=start + length]
            })
            .collect()
    }

    /// An expression without what the two sides write differently: casts,
    /// brackets, spaces, case, and PostgreSQL's form of IN.
    fn plain(expression: &str) -> String {
        let mut text = expression.replace("= ANY (ARRAY[", "IN (");
        for cast in ["::text", "::bigint", "::integer", "::bytea", "[]"] {
            text = text.replace(cast, "");
        }
        text.retain(|letter| !"()[]\" \n\t".contains(letter));
        text.to_lowercase()
    }
}
