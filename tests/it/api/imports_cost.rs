//! What a row of a file costs the store, in statements: time is measured by the
//! benchmarks, and this holds what it is made of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use corridor::db::Conn;
use corridor::domain::account::Role;
use corridor::services::Error;
use diesel::Connection;
use diesel::connection::InstrumentationEvent;
use serde_json::json;

use super::imports::{NDJSON, imported, lines};
use super::referrals::startup;
use crate::support::app::App;
use crate::support::builders::operator;
use crate::support::database::{Database, on_runtime};

/// Rows of the file.
const ROWS: u64 = 100;
/// Statements that a new firm with its profile may take: the seven of the trial,
/// some twenty that put it on record with what it is recognised by, and its part
/// of what a batch takes.
const STATEMENTS: u64 = 42;

/// Counts what the one connection that writes is asked, from now on.
async fn counted(app: &App) -> Arc<AtomicU64> {
    let count = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&count);
    let set = move |conn: &mut Conn| {
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { .. } = event {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok::<_, Error>(())
    };
    app.context.db.write(set).await.expect("set");
    count
}

#[test]
fn a_row_takes_few_statements_and_one_that_is_known_fewer() {
    on_runtime(async {
        let app = App::start(&Database::sqlite()).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let rows: Vec<_> = (0..ROWS)
            .map(|number| {
                let mut row = startup(&format!("row-{number}"));
                row["organization"] = json!({
                    "kind": "startup", "legal_name": format!("Şirkət {number}"), "country": "IL",
                });
                row.as_object_mut().expect("a row").remove("contact");
                row
            })
            .collect();
        let file = lines(&rows);
        let count = counted(&app).await;
        let import = imported(&app, &curator, "", NDJSON, &file).await;
        assert_eq!(import["progress"]["created"], ROWS, "{import:#}");
        let new = count.swap(0, Ordering::SeqCst);
        assert!(new <= ROWS * STATEMENTS, "{} a row", new / ROWS);

        let again = imported(&app, &curator, "", NDJSON, &file).await;
        assert_eq!(again["progress"]["unchanged"], ROWS, "{again:#}");
        let known = count.load(Ordering::SeqCst);
        assert!(known < new, "{} a row", known / ROWS);
    });
}
