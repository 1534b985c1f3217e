//! What is asked for every few seconds is found by an index on SQLite, and a page
//! of a list on both back-ends, whatever the bound values.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use corridor::db::page::{self, Cursor};
use corridor::db::{self, Conn};
use corridor::domain::search::Order;
use diesel::connection::InstrumentationEvent;
#[cfg(feature = "postgres")]
use diesel::connection::SimpleConnection;
#[cfg(feature = "postgres")]
use diesel::pg::Pg;
use diesel::prelude::*;
#[cfg(feature = "postgres")]
use diesel::row::NamedRow;
use diesel::sql_types::Text;
use uuid::Uuid;

use super::noon;
use crate::support::database::{Database, each_backend};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// A line of PostgreSQL's plan.
#[cfg(feature = "postgres")]
struct Line(String);

#[cfg(feature = "postgres")]
impl QueryableByName<Pg> for Line {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> diesel::deserialize::Result<Self> {
        NamedRow::get::<Text, String>(row, "QUERY PLAN").map(Self)
    }
}

/// Has a connection tell what it is sent.
fn tell(conn: &mut Conn, told: impl Fn(String) + Send + 'static) {
    let tell = move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let mut sql = String::new();
            write!(sql, "{query}").unwrap();
            // The values follow the statement.
            told(sql.split(" -- binds").next().unwrap().to_owned());
        }
    };
    match conn {
        Conn::Sqlite(conn) => conn.set_instrumentation(tell),
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => conn.set_instrumentation(tell),
    }
}

/// The statements that `ask` runs, as they were sent.
pub fn statements(conn: &mut Conn, ask: impl FnOnce(&mut Conn)) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    tell(conn, move |sql| noted.lock().unwrap().push(sql));
    ask(conn);
    tell(conn, |_| {});
    std::mem::take(&mut *seen.lock().unwrap())
}

/// The plan of each statement that `ask` runs: of PostgreSQL that for any
/// values, by whatever index there is, for in an empty store it would read and
/// sort what there is instead.
fn plan(conn: &mut Conn, ask: impl FnOnce(&mut Conn)) -> String {
    let statements = statements(conn, ask);
    let mut plan = String::new();
    for sql in statements {
        let steps: Vec<String> = match conn {
            Conn::Sqlite(conn) => {
                let explain = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"));
                let steps = explain.load::<Step>(conn);
                let steps = steps.unwrap_or_else(|error| panic!("{sql}: {error}"));
                steps.into_iter().map(|step| step.detail).collect()
            }
            #[cfg(feature = "postgres")]
            Conn::Postgres(conn) => planned(conn, &sql),
        };
        for step in steps {
            writeln!(plan, "{step}").unwrap();
        }
    }
    plan
}

#[cfg(feature = "postgres")]
fn planned(conn: &mut PgConnection, sql: &str) -> Vec<String> {
    conn.batch_execute(&format!(
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
         SET enable_sort = off; SET enable_bitmapscan = off; PREPARE planned AS {sql}"
    ))
    .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let places = 1..;
    let values = places.take_while(|place| sql.contains(&format!("${place}")));
    let values: Vec<&str> = values.map(|_| "NULL").collect();
    let values = match values.as_slice() {
        [] => String::new(),
        values => format!("({})", values.join(", ")),
    };
    let explain = diesel::sql_query(format!("EXPLAIN EXECUTE planned{values}"));
    let lines: Vec<Line> = explain.load(conn).unwrap();
    conn.batch_execute("DEALLOCATE planned").unwrap();
    lines.into_iter().map(|Line(line)| line).collect()
}

#[test]
fn what_falls_due_is_found_by_an_index() {
    let database = Database::sqlite();
    let mut conn = database.connect();
    let now = noon(0);
    let today = now.date_naive();
    let nobody = Uuid::from_u128(1);
    let plans = [
        (
            "introduction_asks_due",
            plan(&mut conn, |conn| {
                db::introductions::due_asks(conn, now, 50)
                    .map(drop)
                    .unwrap();
            }),
        ),
        (
            "introduction_asks_to_remind",
            plan(&mut conn, |conn| {
                db::introductions::to_remind(conn, now, 50)
                    .map(drop)
                    .unwrap();
            }),
        ),
        (
            "introduction_follow_ups_due",
            plan(&mut conn, |conn| {
                db::introductions::due_follow_ups(conn, now, 50)
                    .map(drop)
                    .unwrap();
            }),
        ),
        (
            "introduction_follow_ups_silent",
            plan(&mut conn, |conn| {
                db::introductions::silent_follow_ups(conn, now, 50)
                    .map(drop)
                    .unwrap();
            }),
        ),
        (
            "matches_unanswered",
            plan(&mut conn, |conn| {
                db::matches::unanswered_since(conn, now, 50)
                    .map(drop)
                    .unwrap();
            }),
        ),
        (
            "deals_to_resume",
            plan(&mut conn, |conn| {
                db::deals::due_to_resume(conn, today, 50).map(drop).unwrap();
            }),
        ),
        (
            "startup_profiles_to_confirm",
            plan(&mut conn, |conn| {
                let due = db::startup_profiles::due_for_freshness(conn, today, 50);
                due.map(drop).unwrap();
            }),
        ),
        (
            "mandates_to_confirm",
            plan(&mut conn, |conn| {
                let due = db::mandates::due_for_freshness(conn, today, 50);
                due.map(drop).unwrap();
            }),
        ),
        (
            "matches_by_pair",
            plan(&mut conn, |conn| {
                let (a, b, c) = (nobody.into(), nobody.into(), nobody.into());
                db::matches::live_of(conn, a, b, c).map(drop).unwrap();
            }),
        ),
        (
            "consent_receipts_withdrawn",
            plan(&mut conn, |conn| {
                db::consents::withdrawn_and_shown(conn, now, None, 50)
                    .map(drop)
                    .unwrap();
            }),
        ),
        (
            "outbox_due",
            plan(&mut conn, |conn| {
                let lease = TimeDelta::minutes(1);
                db::outbox::claim(conn, nobody, now, lease, 4)
                    .map(drop)
                    .unwrap();
            }),
        ),
    ];
    for (index, plan) in plans {
        assert!(plan.contains(index), "{index}:\n{plan}");
        assert!(!plan.contains("SCAN"), "{index}:\n{plan}");
    }
}

/// A late page costs what the first one does: it is sought, whether the last
/// record before it has a day of confirmation or none.
#[test]
fn pages_are_sought_by_the_place_where_they_begin() {
    for database in each_backend() {
        let mut conn = database.connect();
        let nobody = Uuid::from_u128(1);
        let at = Some(Cursor::at(noon(0), nobody));
        let day = |day| Some(Cursor::at(page::due(day), nobody));
        let today = Some(noon(0).date_naive());
        for (order, after, index) in [
            (Order::Created, at, "created"),
            (Order::CreatedLast, at, "created"),
            (Order::Updated, at, "updated"),
            (Order::UpdatedLast, at, "updated"),
            (Order::Due, day(today), "due"),
            (Order::Due, day(None), "due"),
        ] {
            for (list, plan) in pages(&mut conn, order, after) {
                let named = index_of(list, index);
                if index == "due" && list == "organizations" {
                    continue;
                }
                let what = format!("{database}: {list} {order:?}\n{plan}");
                assert!(plan.contains(named), "{named} {what}");
                assert!(
                    plan.contains("Index Cond") || plan.contains("SEARCH"),
                    "{what}"
                );
                for slow in ["TEMP B-TREE", "Seq Scan", "Sort"] {
                    assert!(!plan.contains(slow), "{what}");
                }
                assert!(!plan.contains(&format!("SCAN {list}")), "{what}");
            }
        }
    }
}

/// The index that a list's pages in that order are sought by.
fn index_of(list: &str, order: &str) -> &'static str {
    match (list, order) {
        ("startup_profiles", "created") => "startup_profiles_by_age",
        ("startup_profiles", "updated") => "startup_profiles_by_change",
        ("startup_profiles", _) => "startup_profiles_by_due",
        ("mandates", "created") => "mandates_by_age",
        ("mandates", "updated") => "mandates_by_change",
        ("mandates", _) => "mandates_by_due",
        ("investor_profiles", "created") => "investor_profiles_by_creation",
        ("investor_profiles", "updated") => "investor_profiles_by_change",
        ("investor_profiles", _) => "investor_profiles_by_due",
        (_, "created") => "organizations_by_age",
        _ => "organizations_by_change",
    }
}

/// The plans of a page of each list that can be in that order.
fn pages(conn: &mut Conn, order: Order, after: Option<Cursor>) -> [(&'static str, String); 4] {
    let startups = plan(conn, |conn| {
        let filter = db::startup_profiles::Filter::default();
        let page = db::startup_profiles::list_heads(conn, &filter, order, after, 20);
        page.map(drop).unwrap();
    });
    let mandates = plan(conn, |conn| {
        let filter = db::mandates::Filter::default();
        let page = db::mandates::list_heads(conn, &filter, order, after, 20);
        page.map(drop).unwrap();
    });
    let investors = plan(conn, |conn| {
        let filter = db::investor_profiles::Filter::default();
        let page = db::investor_profiles::list_heads(conn, &filter, order, after, 20);
        page.map(drop).unwrap();
    });
    let firms = plan(conn, |conn| {
        let filter = db::organizations::Filter::default();
        let page = db::organizations::list_heads(conn, &filter, order, after, 20);
        page.map(drop).unwrap();
    });
    [
        ("startup_profiles", startups),
        ("mandates", mandates),
        ("investor_profiles", investors),
        ("organizations", firms),
    ]
}
