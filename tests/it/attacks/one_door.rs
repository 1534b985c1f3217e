//! One door: no part of the program names firms that isn't known to ask first,
//! and what two write to each other while the gate is shut doesn't cross. What is
//! still read of what was there before, `closed_door` asks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::{Days, NaiveDate, TimeDelta};
use corridor::db::{self, Conn};
use corridor::domain::compliance::{Clearance, ClearanceVerdict};
use corridor::domain::consent::Standing;
use serde_json::json;

use super::objects::{NO_RECORD, filled, objects, operations};
use crate::api::stage::{Stage, Who, clearance, proposable};
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
        "deals/sight.rs",
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
    ("review_questions.rs", "for compliance alone"),
    ("review_records.rs", "for the operator's people alone"),
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
const OUTSIDE: [(&str, &str); 17] = [
    ("cli/demo/data/investors.rs", "reads the demo's own firms"),
    ("cli/demo/data/mod.rs", "reads the demo's own firms"),
    ("cli/demo/tour.rs", "for whoever runs the demo"),
    ("cli/import/mod.rs", "names the columns of a file"),
    (
        "db/search.rs",
        "a folded name is what a list is in order by, and is not read back",
    ),
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

/// What the sides write to each other from now on, each with a mark of its own;
/// and the marks. What is refused is written nowhere.
pub(super) async fn written(
    stage: &Stage,
    who: Who,
    objects: &BTreeMap<&'static str, String>,
) -> Vec<String> {
    let deal = format!("/v1/deals/{}", objects["/v1/deals/{id}"]);
    let practice = format!("/v1/practices/{}", objects["/v1/practices/{id}"]);
    let mark = |what: &str| format!("Zq{what}{who:?}xv");
    let [note, task, step, feedback] = ["note", "task", "step", "feedback"].map(mark);
    let body = json!({ "note": note, "visibility": "both" });
    stage.post(who, &format!("{deal}/notes"), body).await;
    let body = json!({
        "title": task, "due": "2027-01-01", "assignee": "startup", "visibility": "both",
    });
    stage.post(who, &format!("{deal}/tasks"), body).await;
    stage.edit(who, &deal, json!({ "next_step": step })).await;
    let body = json!({
        "held_on": stage.context.now().date_naive().to_string(), "minutes": 60,
        "attendees": 2, "feedback": feedback,
    });
    stage.post(who, &format!("{practice}/sessions"), body).await;
    vec![note, task, step, feedback]
}

/// Nothing that a side writes while the gate is not open for the two reaches the
/// other, on no route of the contract.
async fn nothing_crosses(stage: &Stage, objects: &BTreeMap<&'static str, String>, why: &str) {
    for (writer, reader) in [(Who::Dana, Who::Gul), (Who::Gul, Who::Dana)] {
        for mark in written(stage, writer, objects).await {
            let told = telling(stage, reader, objects, &mark).await;
            assert_eq!(told, BTreeSet::new(), "{reader:?} reads {mark}, {why}");
        }
    }
}

#[test]
fn what_two_write_to_each_other_is_read_while_the_gate_is_open() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let objects = objects(&stage).await;
        for (writer, reader) in [(Who::Dana, Who::Gul), (Who::Gul, Who::Dana)] {
            for mark in written(&stage, writer, &objects).await {
                let told = telling(&stage, reader, &objects, &mark).await;
                assert_ne!(told, BTreeSet::new(), "{reader:?} reads no {mark}");
            }
        }
    });
}

/// The newest check of the startup comes out so, and holds until that day.
pub(super) async fn checked(stage: &Stage, verdict: ClearanceVerdict, valid_to: NaiveDate) {
    let (context, firm) = (stage.context.clone(), stage.startup.clone());
    let by = stage.user(Who::Compliance).id;
    let write = move |conn: &mut Conn| {
        let check = Clearance {
            verdict,
            valid_to,
            ..clearance(&context, &firm, by)
        };
        db::clearances::insert(conn, &check)
    };
    stage.context.clock.advance(TimeDelta::seconds(1));
    stage.context.db.write(write).await.unwrap();
}

#[test]
fn nothing_new_crosses_once_a_check_ran_out_or_came_out_against_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let objects = objects(&stage).await;
        let today = stage.context.now().date_naive();
        checked(&stage, ClearanceVerdict::Clear, today - Days::new(1)).await;
        nothing_crosses(&stage, &objects, "a check that ran out").await;
        checked(&stage, ClearanceVerdict::Blocked, today + Days::new(90)).await;
        nothing_crosses(&stage, &objects, "a check against it").await;
    });
}

#[test]
fn nothing_new_crosses_while_a_tag_waits_for_a_release() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let objects = objects(&stage).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let graver = json!({ "primary_tags": ["counter_uas"] });
        stage.edit(Who::Dana, &profile, graver).await.expect(200);
        nothing_crosses(&stage, &objects, "a restricted tag").await;
    });
}

/// Dana takes back what she agreed to for the startup, whose consent ends by it.
pub(super) async fn taken_back(stage: &Stage) {
    let (dana, firm) = (stage.user(Who::Dana).id, stage.startup.id);
    let given = proposable(&stage.context, &stage.startup, dana);
    let now = stage.context.now();
    let write = move |conn: &mut Conn| {
        db::consents::insert(conn, &given)?;
        for given in db::consents::of_user(conn, dana)? {
            db::consents::withdraw(conn, given.id, now)?;
        }
        db::consents::standing(conn, firm, now)
    };
    let standing = stage.context.db.write(write).await.unwrap();
    assert_eq!(standing, Standing::Withdrawn);
}

#[test]
fn nothing_new_crosses_once_a_consent_was_taken_back() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let objects = objects(&stage).await;
        taken_back(&stage).await;
        nothing_crosses(&stage, &objects, "a consent that was taken back").await;
    });
}
