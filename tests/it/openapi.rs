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

fn contract() -> yaml_serde::Value {
    yaml_serde::from_str(&document()).unwrap()
}

/// Every operation with its path, method and name.
fn operations(document: &yaml_serde::Value) -> Vec<(String, String, &yaml_serde::Value)> {
    let mut found = vec![];
    for (path, item) in document["paths"].as_mapping().unwrap() {
        for (method, operation) in item.as_mapping().unwrap() {
            if operation.get("operationId").is_some() {
                let text = |it: &yaml_serde::Value| it.as_str().unwrap().to_owned();
                found.push((text(path), text(method), operation));
            }
        }
    }
    found
}

#[test]
fn every_operation_of_programs_names_its_scope_and_every_scope_is_explained() {
    let document = contract();
    let scheme = &document["components"]["securitySchemes"]["oauth2"];
    let flow = &scheme["flows"]["clientCredentials"];
    assert_eq!(flow["tokenUrl"].as_str(), Some("/v1/oauth/token"));
    let known = flow["scopes"].as_mapping().unwrap();
    let mut named = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let security = operation.get("security").and_then(|it| it.as_sequence());
        for one in security.into_iter().flatten() {
            for scope in one
                .get("oauth2")
                .and_then(|it| it.as_sequence())
                .into_iter()
                .flatten()
            {
                assert!(known.contains_key(scope), "{method} {path}: {scope:?}");
                named.insert(scope.as_str().unwrap().to_owned());
            }
        }
    }
    let known: BTreeSet<_> = known
        .keys()
        .map(|it| it.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(named, known);
    let import = &document["paths"]["/v1/imports"]["post"];
    let said = import["description"].as_str().unwrap();
    assert!(said.contains("`referrals:write`"), "{said}");
    let export = &document["paths"]["/v1/exports"]["post"];
    let said = export["description"].as_str().unwrap();
    assert!(said.contains("Only a person in a session"), "{said}");
}

#[test]
fn every_body_of_json_has_an_example() {
    let document = contract();
    let mut bodies = 0;
    for (path, method, operation) in operations(&document) {
        let content = operation.get("requestBody").map(|body| &body["content"]);
        for (media_type, body) in content.and_then(|it| it.as_mapping()).into_iter().flatten() {
            if !media_type.as_str().unwrap().contains("json") {
                continue;
            }
            bodies += 1;
            let shown = body.get("example").or_else(|| body.get("examples"));
            assert!(shown.is_some(), "{method} {path} shows no body");
        }
    }
    assert!(bodies > 50, "only {bodies} bodies");
}

#[test]
fn what_was_made_leads_to_what_can_be_done_with_it() {
    let document = contract();
    let all = operations(&document);
    let mut links = 0;
    for (path, method, operation) in &all {
        for (_, answer) in operation["responses"].as_mapping().unwrap() {
            let leads = answer.get("links").and_then(|it| it.as_mapping());
            for (_, link) in leads.into_iter().flatten() {
                links += 1;
                let target = all
                    .iter()
                    .find(|(_, _, it)| it["operationId"] == link["operationId"]);
                let (_, _, target) = target.unwrap_or_else(|| panic!("{method} {path}: {link:?}"));
                let parameters = target["parameters"].as_sequence().unwrap();
                for (name, _) in link["parameters"].as_mapping().unwrap() {
                    let known = parameters.iter().any(|it| it["name"] == *name);
                    assert!(known, "{method} {path}: {name:?}");
                }
            }
        }
    }
    assert!(links > 60, "only {links} links");
    let made = &document["paths"]["/v1/mandates"]["post"]["responses"]["201"]["links"];
    let change = &made["change_mandate"]["parameters"];
    assert_eq!(
        change["If-Match"].as_str(),
        Some("$response.header.ETag"),
        "{made:?}"
    );
}
