//! The contract that partners integrate from is the one the program serves.

use std::collections::BTreeSet;
use std::path::Path;

use corridor::http;

fn document() -> String {
    http::openapi::to_yaml(&http::openapi::document(http::api::routes)).unwrap()
}

#[test]
fn the_committed_contract_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.yaml");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let document = document();
    let fresh: Vec<&str> = document.lines().collect();
    let committed: Vec<&str> = committed.lines().collect();
    let differs = fresh.iter().zip(&committed).position(|(a, b)| a != b);
    let line = differs.unwrap_or(fresh.len().min(committed.len()));
    assert!(
        fresh == committed,
        "openapi.yaml is stale from line {}: run `cargo run -- openapi > openapi.yaml`\n  served:    {:?}\n  committed: {:?}",
        line + 1,
        fresh.get(line),
        committed.get(line),
    );
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_who_may_ask() {
    let document = serde_json::to_value(http::openapi::document(http::api::routes)).unwrap();
    let mut names = BTreeSet::new();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(name) = operation["operationId"].as_str() else {
                continue;
            };
            operations += 1;
            assert!(names.insert(name.to_owned()), "{name} stands twice");
            let secured = operation.get("security").or(document.get("security"));
            assert!(
                secured.is_some(),
                "{method} {path} says nothing of security"
            );
            let answers = operation["responses"].as_object().unwrap();
            assert!(
                answers.keys().any(|status| status.starts_with(['2', '3'])),
                "{method} {path}"
            );
            assert!(
                answers.contains_key("500") || answers.contains_key("default"),
                "{method} {path} says nothing of failures"
            );
        }
    }
    assert!(operations > 40, "only {operations} operations");
}
