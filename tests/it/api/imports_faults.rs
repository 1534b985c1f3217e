//! Everything that is wrong with a row or a body is told in one go, what its
//! shape is and what it means, each with the place in it.

use std::fs;
use std::path::Path;

use corridor::domain::account::Role;
use serde_json::{Value, json};

use super::imports::{NDJSON, imported, lines};
use super::referrals::startup;
use crate::support::app::App;
use crate::support::builders::operator;
use crate::support::client::Client;
use crate::support::database::on_each_backend;

/// The faults of each row of a file that is only tried.
async fn told(app: &App, who: &Client, file: &str) -> Vec<Vec<String>> {
    let import = imported(app, who, "?dry_run=true", NDJSON, file).await;
    let path = format!("/v1/imports/{}/rows", import["id"].as_str().expect("an id"));
    let page = who.get(&path).await.expect(200).body;
    let rows = page["items"].as_array().expect("rows").iter();
    let of = |row: &Value| {
        let faults = row["faults"].as_array().into_iter().flatten();
        let said = faults.map(|fault| {
            let text = |field: &str| fault[field].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("pointer"), text("code"))
        });
        said.collect()
    };
    rows.map(of).collect()
}

#[test]
fn shape_and_meaning_are_told_together() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let mut wrong = startup("s-1");
        wrong["organisation"] = json!({});
        wrong["contact"]["email"] = json!("nobody");
        wrong["startup_profile"]["primary_tags"] = json!(["no_such_tag"]);
        let file = lines(&[startup("s-0"), wrong]) + "{\"external_id\": \"תמר\", }\n";
        let told = told(&app, &curator, &file).await;
        assert!(told[0].is_empty(), "{told:?}");
        for fault in [
            "/organisation unknown_field",
            "/contact/email bad_address",
            " unknown_tag",
        ] {
            assert!(told[1].iter().any(|it| it.ends_with(fault)), "{told:?}");
        }
        assert!(told[2][0].ends_with(" malformed_json"), "{told:?}");

        let view = json!({ "name": "", "list": "nowhere", "colour": "red" });
        let refused = curator.post("/v1/saved-views", &view).await.expect(422);
        assert_eq!(
            refused.faults(),
            [
                "#/colour unknown_field",
                "#/name bad_text",
                "#/list unknown_code"
            ]
        );
    });
}

/// Whoever reads a body for its shape first and for its meaning after it tells
/// the one before the other.
#[test]
fn no_body_is_read_in_two_steps() {
    fn look(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                look(&path, found);
            } else {
                let text = fs::read_to_string(&path).expect("text");
                let text: String = text.split_whitespace().collect();
                if text.contains("body.into_inner().read") {
                    found.push(path.display().to_string());
                }
            }
        }
    }
    let mut found = Vec::new();
    look(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/api"),
        &mut found,
    );
    assert!(found.is_empty(), "{found:?}");
}
