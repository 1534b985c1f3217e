//! What a row of a file costs the store, in statements: time is measured by the
//! benchmarks, and this holds what it is made of.

use corridor::domain::account::Role;
use serde_json::json;

use super::imports::{NDJSON, imported, lines};
use super::referrals::startup;
use crate::support::app::App;
use crate::support::builders::operator;
use crate::support::database::on_each_backend;

/// Rows of the file.
const ROWS: u64 = 100;
/// Statements that a new firm with its profile may take: the seven of the trial,
/// some twenty that put it on record with what it is recognised by, and its part
/// of what a batch takes.
const STATEMENTS: u64 = 42;

#[test]
fn a_row_takes_few_statements_and_one_that_is_known_fewer() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
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
        let begun = app.context.db.statements();
        let import = imported(&app, &curator, "", NDJSON, &file).await;
        assert_eq!(import["progress"]["created"], ROWS, "{import:#}");
        let new = app.context.db.statements() - begun;
        assert!(new <= ROWS * STATEMENTS, "{} a row", new / ROWS);

        let begun = app.context.db.statements();
        let again = imported(&app, &curator, "", NDJSON, &file).await;
        assert_eq!(again["progress"]["unchanged"], ROWS, "{again:#}");
        let known = app.context.db.statements() - begun;
        assert!(known < new, "{} a row", known / ROWS);
    });
}
