//! One door: while something keeps two firms apart, nothing of the API shows
//! one to the other, and no part of the program names firms that isn't known
//! to ask first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::json;

use super::objects::{NO_RECORD, filled, objects, operations};
use crate::api::stage::{INVESTOR, STARTUP, Stage, Who};
use crate::support::database::on_each_backend;

/// Where the services name a firm to somebody, and why that is no other door.
const NAMES: [(&str, &str); 28] = [
    (
        "admissions.rs",
        "names firms to the operator's people, and a firm to itself",
    ),
    ("consents/keeping.rs", "names the operator alone"),
    ("consents/mod.rs", "tells a person their own receipts"),
    ("corrections.rs", "a partner's own words to that partner"),
    (
        "deal_entries.rs",
        "asks `apart` before the page names the other side",
    ),
    (
        "deals/mod.rs",
        "asks `apart` before a side reads the other's",
    ),
    (
        "documents/door.rs",
        "tells an owner whose people opened its documents",
    ),
    (
        "introductions/meetings.rs",
        "of an introduction whose mail named both",
    ),
    ("import_jobs/firms.rs", "compares what a file's rows say"),
    ("introductions/desk.rs", "asks the gate at each reading"),
    ("introductions/profiles.rs", "asks the gate at each reading"),
    (
        "introductions/pulses.rs",
        "asks the gate before the page and the mail",
    ),
    (
        "ledger.rs",
        "tells a firm to whom it was shown before, where that was named to it",
    ),
    ("notices/connecting.rs", "asks the gate before each mail"),
    ("notices/facts.rs", "asks the gate before each mail"),
    ("notices/records.rs", "names a firm to its own people"),
    ("notices/regular.rs", "names a firm to its own people"),
    ("notices/stale.rs", "asks `apart` before the mail"),
    ("organizations/changes.rs", "compares a firm's own names"),
    (
        "participants.rs",
        "asks `apart` before an investor reads the startup's",
    ),
    ("practices.rs", "asks the gate at each reading"),
    ("review_records.rs", "for the operator's people alone"),
    ("reviews.rs", "for compliance alone"),
    ("simulation.rs", "for curators alone"),
    (
        "syndicates.rs",
        "asks `apart` and the blocks before the startup reads",
    ),
    ("teasers.rs", "names a firm to itself and the operator"),
    ("tickets.rs", "names a firm to its own people"),
    (
        "worklist/dress.rs",
        "reads each record by its own noun's rule",
    ),
];

/// Where other layers do, beside the tests and the rules themselves.
const OUTSIDE: [(&str, &str); 16] = [
    ("cli/demo/data/investors.rs", "reads the demo's own firms"),
    ("cli/demo/data/mod.rs", "reads the demo's own firms"),
    ("cli/demo/tour.rs", "for whoever runs the demo"),
    ("cli/import/mod.rs", "names the columns of a file"),
    ("http/api/imports.rs", "names the columns of a file"),
    (
        "http/api/introductions/profile.rs",
        "renders what `introductions/profiles.rs` let through",
    ),
    ("http/api/me.rs", "names people their own firms"),
    (
        "http/api/organizations.rs",
        "renders a firm that the permission table let its reader see",
    ),
    ("http/api/registrations.rs", "reads what somebody registers"),
    (
        "http/export/tables.rs",
        "renders what the services let the exporter read",
    ),
    ("http/files/columns.rs", "names the columns of a file"),
    ("http/files/rows.rs", "rows of a firm's or a partner's own"),
    ("http/pages/ask_consents.rs", "names the operator alone"),
    ("http/pages/my_consents.rs", "names the operator alone"),
    ("http/pages/ticket.rs", "shows a firm's records to the firm"),
    (
        "jobs/letters.rs",
        "renders what `notices` let through, asked before each mail",
    ),
];

fn naming(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            naming(&path, root, found);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let names = ["display_name", "legal_name", "trade_name"];
        let mut told = source.lines();
        if told.any(|line| names.iter().any(|name| line.contains(&format!(".{name}")))) {
            let path = path.strip_prefix(root).unwrap();
            found.insert(path.to_str().unwrap().replace('\\', "/"));
        }
    }
}

/// Whoever adds a place that names firms says here how it asks first.
#[test]
fn every_place_that_names_a_firm_is_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/services");
    let mut found = BTreeSet::new();
    naming(&root, &root, &mut found);
    let known: BTreeSet<String> = NAMES.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, known);
}

#[test]
fn every_place_outside_the_services_that_names_a_firm_is_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    naming(&root, &root, &mut found);
    // The rules know names and show none; what the services do stands above.
    let ruled = |path: &String| path.starts_with("services/") || path.starts_with("domain/");
    found.retain(|path| !ruled(path));
    let known: BTreeSet<String> = OUTSIDE.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, known);
}

/// The routes on which somebody reads that text.
async fn telling(
    stage: &Stage,
    who: Who,
    objects: &BTreeMap<&'static str, String>,
    name: &str,
) -> BTreeSet<String> {
    let mut telling = BTreeSet::new();
    for (method, path, _) in operations() {
        let route = format!("{method} {path}");
        if method != "GET" || NO_RECORD.contains(&route.as_str()) {
            continue;
        }
        let address = if path.contains('{') {
            filled(&path, Some(objects))
        } else {
            path.clone()
        };
        let answer = stage.get(who, &address).await;
        if answer.text.contains(name) {
            telling.insert(route);
        }
    }
    telling
}

/// What stays as it was: the ledger and the views of a document tell their owner
/// to whom it was shown, and a receipt tells its giver what they agreed to, with
/// the names that they know; and an introduction whose mail went out goes on
/// naming both, who have it in their boxes. The contract's examples are no
/// records.
const STAYS: [&str; 6] = [
    "GET /v1/documents/{id}/views",
    "GET /v1/me/consents",
    "GET /v1/organizations/{id}/disclosures",
    "GET /v1/introductions",
    "GET /v1/introductions/{id}",
    "GET /v1/openapi.yaml",
];

#[test]
fn while_two_are_kept_apart_no_route_shows_one_to_the_other() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let objects = objects(&stage).await;
        let both = [(Who::Dana, INVESTOR), (Who::Gul, STARTUP)];
        for (who, name) in both {
            let open = telling(&stage, who, &objects, name).await;
            for route in [
                "GET /v1/deals",
                "GET /v1/deals/{id}",
                "GET /v1/introductions/{id}",
                "GET /v1/practices/{id}",
                "GET /v1/worklist",
            ] {
                assert!(open.contains(route), "{who:?} {route}: {open:?}");
            }
        }
        let freeze = json!({ "scope": "country", "value": "AZ", "reason": "A test" });
        let frozen = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        let frozen = frozen.expect(201)["id"].as_str().unwrap().to_owned();
        for (who, name) in both {
            let mut told = telling(&stage, who, &objects, name).await;
            told.retain(|route| !STAYS.contains(&route.as_str()));
            assert_eq!(told, BTreeSet::new(), "{who:?}, frozen");
        }
        for who in [Who::Compliance, Who::SecondCompliance] {
            let path = format!("/v1/freezes/{frozen}");
            let lift = json!({"action": "lift", "reason": "It is over."});
            stage.go(who, &path, lift).await.expect(200);
        }
        let block = json!({
            "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
            "reason": "A conflict",
        });
        let blocked = stage.post(Who::Compliance, "/v1/blocks", block).await;
        assert_eq!(blocked.status, 204);
        for (who, name) in both {
            let mut told = telling(&stage, who, &objects, name).await;
            told.retain(|route| !STAYS.contains(&route.as_str()));
            assert_eq!(told, BTreeSet::new(), "{who:?}, blocked");
        }
    });
}
