//! What is asked for every few seconds is found by an index on SQLite, whatever
//! the bound values.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel::sql_types::Text;
use uuid::Uuid;

use super::noon;
use crate::support::database::Database;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

fn sqlite(conn: &mut Conn) -> &mut SqliteConnection {
    match conn {
        Conn::Sqlite(conn) => conn,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => panic!("not SQLite"),
    }
}

/// The statements that `ask` runs, as they were sent.
pub fn statements(conn: &mut Conn, ask: impl FnOnce(&mut Conn)) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    sqlite(conn).set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let mut sql = String::new();
            write!(sql, "{query}").unwrap();
            // The values follow the statement.
            let sql = sql.split(" -- binds").next().unwrap().to_owned();
            noted.lock().unwrap().push(sql);
        }
    });
    ask(conn);
    sqlite(conn).set_instrumentation(|_: InstrumentationEvent<'_>| {});
    std::mem::take(&mut *seen.lock().unwrap())
}

/// The plan of each statement that `ask` runs.
fn plan(conn: &mut Conn, ask: impl FnOnce(&mut Conn)) -> String {
    let statements = statements(conn, ask);
    let mut plan = String::new();
    for sql in statements {
        let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
            .load(conn)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        for step in steps {
            writeln!(plan, "{}", step.detail).unwrap();
        }
    }
    plan
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
