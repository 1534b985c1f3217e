//! Everything of a firm is the firm's: not what its reader learns as another
//! firm's, nor what the operator's people write for themselves.

use std::fmt::Write as _;
use std::io::{Cursor, Read};

use chrono::TimeDelta;
use corridor::domain::account::Role;
use corridor::domain::ids::OrganizationId;
use corridor::services::export_jobs::work;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zip::ZipArchive;

use super::deal_documents::{kept, paper, sent};
use super::deals::deal;
use super::documents::files::{Form, pdf};
use super::documents::{fetch, path_of, sending, upload};
use super::referrals::office;
use super::stage::{INVESTOR, Stage, Who};
use super::syndicates::{introduced, join_as, put, round, takes_part};
use crate::support::app::App;
use crate::support::builders::colleague;
use crate::support::client::Client;
use crate::support::database::on_each_backend;

const EXPORTS: &str = "/v1/exports";

fn wanted(firm: &str) -> Value {
    json!({ "kind": "organization", "organization": firm, "format": "ndjson" })
}

fn parsed(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The lines of the file of a firm that somebody asks for.
pub async fn everything(stage: &Stage, who: Who, firm: OrganizationId) -> Vec<Value> {
    let made = stage.post(who, EXPORTS, wanted(&firm.to_string())).await;
    let made = made.expect(201);
    let holder = Uuid::now_v7();
    while work::work(&stage.context, holder).await.unwrap() {}
    let path = format!("{EXPORTS}/{}/file", made["id"].as_str().unwrap());
    let file = stage.get(who, &path).await;
    assert_eq!(file.status, 200, "{}", file.text);
    parsed(&file.text)
}

fn of<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let lines = lines.iter().filter(|line| line["type"] == kind);
    lines.map(|line| &line["data"]).collect()
}

fn notes(lines: &[Value]) -> Vec<&str> {
    let notes = of(lines, "deal_note").into_iter();
    notes
        .map(|note| note["says"]["note"].as_str().unwrap())
        .collect()
}

fn tasks(lines: &[Value]) -> Vec<&str> {
    let tasks = of(lines, "deal_task").into_iter();
    tasks
        .map(|task| task["says"]["title"].as_str().unwrap())
        .collect()
}

/// A deal of two sides and a second investor, each of whom notes something.
async fn busy_deal(stage: &Stage) -> (String, OrganizationId) {
    let deal = deal(stage).await;
    kept(stage, &deal).await;
    let members = format!("{deal}/participants");
    put(stage, Who::Dana, &format!("{deal}/round"), round())
        .await
        .expect(200);
    let own = takes_part(&stage.investor.id.to_string(), "hard", 60_000, "USD");
    put(stage, Who::Gul, &members, own).await.expect(200);
    let second = stage.another_investor("Second Fund", |_| {}).await;
    join_as(stage, Who::Stranger, second.organization, Role::Owner).await;
    introduced(stage, &second).await;
    let invitation = json!({
        "organization": second.organization.to_string(),
        "interest": "observing",
    });
    put(stage, Who::Dana, &members, invitation)
        .await
        .expect(200);
    let promise = takes_part(&second.organization.to_string(), "hard", 30_000, "USD");
    put(stage, Who::Stranger, &members, promise)
        .await
        .expect(200);
    for (who, visibility, text) in [
        (Who::Dana, "private", "Dana's own"),
        (Who::Dana, "team", "The startup's"),
        (Who::Dana, "both", "For both"),
        (Who::Gul, "team", "The investor's"),
        (Who::Curator, "private", "The curator's own"),
        (Who::Curator, "team", "The operator's"),
    ] {
        let note = json!({ "note": text, "visibility": visibility });
        stage
            .post(who, &format!("{deal}/notes"), note)
            .await
            .expect(201);
    }
    for (who, title, assignee) in [
        (Who::Dana, "To do in the startup", "startup"),
        (Who::Gul, "To do in the fund", "investor"),
    ] {
        let task = json!({
            "title": title, "due": "2027-01-10", "assignee": assignee, "visibility": "team",
        });
        stage
            .post(who, &format!("{deal}/tasks"), task)
            .await
            .expect(201);
    }
    (deal, second.organization)
}

#[test]
fn a_file_of_a_firm_is_read_as_the_firm_reads() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (_, second) = busy_deal(&stage).await;
        stage.seal().await;
        let (startup, investor) = (stage.startup.id, stage.investor.id);

        let lines = everything(&stage, Who::Dana, startup).await;
        assert_eq!(notes(&lines), ["Dana's own", "The startup's", "For both"]);
        assert_eq!(tasks(&lines), ["To do in the startup"]);
        assert_eq!(of(&lines, "deal_document").len(), 1);
        let members = &of(&lines, "deal_participants")[0]["says"]["participants"];
        assert_eq!(members.as_array().map(Vec::len), Some(2), "{members}");

        // One who is of the other side as well writes the startup's file.
        join_as(&stage, Who::Dana, investor, Role::Viewer).await;
        let lines = everything(&stage, Who::Dana, startup).await;
        assert_eq!(notes(&lines), ["Dana's own", "The startup's", "For both"]);
        assert_eq!(tasks(&lines), ["To do in the startup"]);

        // The operator's people hand in what is the firm's, none of their own,
        // and not what a firm keeps among its people.
        for who in [Who::Curator, Who::Auditor] {
            let lines = everything(&stage, who, investor).await;
            assert_eq!((notes(&lines), tasks(&lines)), (vec![], vec![]), "{who:?}");
            assert_eq!(of(&lines, "deal").len(), 1, "{who:?}");
            let members = of(&lines, "deal_participants");
            let members = &members[0]["says"]["participants"];
            assert_eq!(members.as_array().map(Vec::len), Some(1), "{members}");
            assert_eq!(members[0]["organization"], investor.to_string());
        }

        // An investor that only joined has its part, and no more of the deal.
        let lines = everything(&stage, Who::Stranger, second).await;
        let part = of(&lines, "participation");
        assert_eq!(part.len(), 1);
        assert_eq!(part[0]["amount"]["amount_minor"], 30_000);
        let members = of(&lines, "deal_participants");
        assert_eq!(members.len(), 1);
        assert!(!members[0].to_string().contains(INVESTOR), "{members:?}");
        assert_eq!((of(&lines, "deal").len(), notes(&lines)), (0, vec![]));
    });
}

#[test]
fn one_of_the_operator_reads_nothing_of_the_other_side_of_their_own_firm() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        busy_deal(&stage).await;
        stage.seal().await;
        join_as(&stage, Who::Curator, stage.investor.id, Role::Owner).await;
        let lines = everything(&stage, Who::Curator, stage.startup.id).await;
        assert_eq!(of(&lines, "startup_profile").len(), 1);
        for kind in [
            "match",
            "deal",
            "deal_participants",
            "deal_document",
            "deal_note",
            "deal_task",
        ] {
            assert_eq!(of(&lines, kind).len(), 0, "{kind}");
        }
        // What it has to do with a third firm stays in it.
        assert_eq!(of(&lines, "introduction").len(), 1);
        let own = stage.investor.id.to_string();
        for line in of(&lines, "introduction") {
            let line = line.to_string();
            assert!(!line.contains(INVESTOR) && !line.contains(&own), "{line}");
        }
    });
}

#[test]
fn what_compliance_decides_about_first_is_named_where_it_is_left_out() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let practice = crate::api::practices::running(&stage).await.0;
        let firm = stage.startup.id;
        stage.seal().await;
        let lines = everything(&stage, Who::Dana, firm).await;
        assert!(of(&lines, "held_back").is_empty());
        assert_eq!(of(&lines, "practice").len(), 1);
        crate::api::waiting_texts::check_runs_out(&stage).await;
        let lines = everything(&stage, Who::Dana, firm).await;
        assert!(of(&lines, "practice").is_empty());
        let id = deal.rsplit('/').next().unwrap();
        let told = |rule: &str| {
            vec![
                json!({
                    "record": "deal", "id": id, "left_out": "documents", "rules": [rule],
                    "until": "decided", "read_at": format!("{deal}/documents"),
                }),
                json!({
                    "record": "practice", "id": practice, "left_out": "record",
                    "rules": [rule], "until": "decided",
                    "read_at": format!("/v1/practices/{practice}"),
                }),
            ]
        };
        // A side learns that it waits, not for what.
        let expected = told("not_available");
        let held: Vec<Value> = of(&lines, "held_back").into_iter().cloned().collect();
        assert_eq!(held, expected);
        let lines = everything(&stage, Who::Curator, firm).await;
        let held: Vec<Value> = of(&lines, "held_back").into_iter().cloned().collect();
        assert_eq!(held, [told("clearance")[0].clone()]);
    });
}

#[test]
fn a_file_waits_for_compliance_where_that_is_asked_for() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        deal(&stage).await;
        stage.seal().await;
        crate::api::waiting_texts::check_runs_out(&stage).await;
        let mut waiting = wanted(&stage.startup.id.to_string());
        waiting["wait"] = json!(true);
        let made = stage.post(Who::Dana, EXPORTS, waiting).await;
        let path = made.location.clone().unwrap();
        assert_eq!(made.expect(201)["wait"], true);
        let holder = Uuid::now_v7();
        let state = async || {
            while work::work(&stage.context, holder).await.unwrap() {}
            stage.get(Who::Dana, &path).await.expect(200)["state"].clone()
        };
        assert_eq!(state().await, "waiting");
        let check = json!({
            "organization": stage.startup.id.to_string(), "verdict": "clear",
            "basis": "EU list", "evidence": { "reference": "Archive 7" },
            "valid_to": "2027-06-01",
        });
        let checked = stage.post(Who::Compliance, "/v1/clearances", check).await;
        checked.expect(201);
        assert_eq!(
            state().await,
            "waiting",
            "it is looked at again in ten minutes"
        );
        stage.context.clock.advance(TimeDelta::minutes(11));
        assert_eq!(state().await, "ready");
        let file = stage.get(Who::Dana, &format!("{path}/file")).await;
        assert!(of(&parsed(&file.text), "held_back").is_empty());
        // A list has nothing to wait for.
        let list = json!({ "kind": "deals", "format": "csv", "wait": true });
        let refused = stage.post(Who::Dana, EXPORTS, list).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "#/wait");
    });
}

async fn file(app: &App, who: &Client, firm: &str) -> (String, Vec<Value>) {
    let made = who.post(EXPORTS, &wanted(firm)).await.expect(201);
    let holder = Uuid::now_v7();
    while work::work(&app.context, holder).await.expect("works") {}
    let export = who.get(made.header("location")).await.expect(200);
    let (_, text) = who.call("GET", export.text("file")).fetch().await;
    let lines = parsed(&text);
    (text, lines)
}

#[test]
fn a_partner_has_its_programs_in_its_file_without_their_secrets() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let viewer = colleague(&app, &office, "Viewer", Role::Viewer).await;
        let clients = format!("/v1/organizations/{}/clients", office.id);
        let client = json!({ "name": "Sync", "scopes": ["referrals:read"] });
        let made = office.owner.post(&clients, &client).await.expect(201);
        let secret = made.text("client_secret").to_owned();
        app.seal().await;

        let (text, lines) = file(&app, &office.owner, &office.id).await;
        let clients = of(&lines, "api_client");
        assert_eq!(clients.len(), 1);
        assert_eq!(clients[0]["name"], "Sync");
        assert!(!text.contains("client_secret") && !text.contains(&secret));
        // A viewer doesn't read them on their screen either.
        let (text, lines) = file(&app, &viewer, &office.id).await;
        assert_eq!(of(&lines, "api_client").len(), 0);
        assert!(!text.contains(&secret));
        assert_eq!(of(&lines, "member").len(), 2);
    });
}

/// The archive of everything of a firm that somebody asks for.
async fn archive(stage: &Stage, who: Who) -> (String, ZipArchive<Cursor<Vec<u8>>>) {
    let mut wanted = wanted(&stage.startup.id.to_string());
    wanted["format"] = json!("zip");
    let made = stage.post(who, EXPORTS, wanted).await.expect(201);
    let holder = Uuid::now_v7();
    while work::work(&stage.context, holder).await.unwrap() {}
    let path = format!("{EXPORTS}/{}", made["id"].as_str().unwrap());
    let export = stage.get(who, &path).await.expect(200);
    assert_eq!(export["state"], "ready", "{export}");
    let (status, headers, bytes) = fetch(stage, who, &format!("{path}/file")).await;
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &"application/zip".parse().unwrap())
    );
    let disposition = headers["content-disposition"].to_str().unwrap();
    assert!(disposition.ends_with(".zip\""), "{disposition}");
    assert_eq!(export["bytes"], bytes.len());
    assert_eq!(export["sha256"], sha256(&bytes));
    let archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    (format!("{path}/file"), archive)
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn entry(archive: &mut ZipArchive<Cursor<Vec<u8>>>, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut entry = archive.by_name(name).unwrap();
    entry.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn an_archive_of_a_firm_holds_the_files_of_its_documents() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (first, second) = (pdf("the first deck"), pdf("the second, longer deck"));
        let form = |bytes: &[u8]| {
            Form::default()
                .field("class", "deck")
                .field("title", "Deck")
                .field("language", "en")
                .file("../מצגת: 2026.pdf", "application/pdf", bytes)
        };
        let made = upload(&stage, &form(&first)).await.expect(201);
        let deck = path_of(&made);
        let newer = Form::default().file("second.pdf", "application/pdf", &second);
        let versions = format!("{deck}/versions");
        let replaced = sending(&stage, Who::Dana, &versions, &newer).send().await;
        assert!(replaced.unwrap().status().is_success());

        let (file, mut of_firm) = archive(&stage, Who::Dana).await;
        let listed = String::from_utf8(entry(&mut of_firm, "files.ndjson")).unwrap();
        let files = parsed(&listed);
        let numbers: Vec<_> = files.iter().map(|it| it["version"].as_i64()).collect();
        assert_eq!(numbers, [Some(2), Some(1)]);
        for (file, bytes) in files.iter().zip([&second, &first]) {
            let path = file["path"].as_str().unwrap();
            assert!(
                path.starts_with("documents/") && !path.contains(".."),
                "{path}"
            );
            assert_eq!(path.matches('/').count(), 2, "{path}");
            assert_eq!(file["sha256"], sha256(bytes));
            assert_eq!(file["bytes"], bytes.len());
            assert_eq!(&entry(&mut of_firm, path), bytes);
        }
        // The lines are those of the file without the documents.
        let lines = String::from_utf8(entry(&mut of_firm, "records.ndjson")).unwrap();
        let id = made["id"].clone();
        assert!(
            of(&parsed(&lines), "document")
                .iter()
                .any(|it| it["id"] == id)
        );
        let views = stage.get(Who::Dana, &format!("{deck}/views")).await;
        assert_eq!(views.expect(200)["items"], json!([]));

        // What the operator's people open by it, its owner sees.
        let (_, mut of_operator) = archive(&stage, Who::Curator).await;
        let listed = String::from_utf8(entry(&mut of_operator, "files.ndjson")).unwrap();
        assert_eq!(parsed(&listed).len(), 2);
        let views = stage.get(Who::Dana, &format!("{deck}/views")).await;
        let views = views.expect(200);
        assert_eq!(views["items"].as_array().unwrap().len(), 2, "{views}");

        // What is erased is in no file any more, whoever asked for it.
        let erase = json!({ "action": "erase" });
        stage.go(Who::Dana, &deck, erase).await.expect(200);
        let gone = stage.get(Who::Dana, &file).await;
        assert_eq!(gone.code(409), "export_gone");

        // A list names no files, and a stranger gets none.
        let list = json!({ "kind": "deals", "format": "zip" });
        let refused = stage.post(Who::Dana, EXPORTS, list).await.expect(422);
        assert_eq!(refused["errors"][0]["code"], "not_taken");
        let mut wanted = wanted(&stage.startup.id.to_string());
        wanted["format"] = json!("zip");
        let other = stage.post(Who::Gul, EXPORTS, wanted).await;
        assert!(matches!(other.status, 403 | 404), "{}", other.text);
    });
}

/// What the other side keeps is open only while the gate is, and an archive can
/// be fetched for longer than that.
#[test]
fn an_archive_holds_no_paper_of_the_other_side_and_says_where_it_is_read() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let theirs = kept(&stage, &deal).await;
        let form = paper("Our answer", "both");
        let ours = sent(&stage, Who::Dana, &deal, &form).await.expect(201);

        let (_, mut of_firm) = archive(&stage, Who::Dana).await;
        let listed = String::from_utf8(entry(&mut of_firm, "files.ndjson")).unwrap();
        let files = parsed(&listed);
        let line = |id: &str| {
            let mut files = files.iter();
            files.find(|it| it["deal_document"] == id).unwrap()
        };
        let path = line(ours["id"].as_str().unwrap())["path"].as_str().unwrap();
        assert_eq!(entry(&mut of_firm, path), pdf("Our answer"));
        let route = format!("/v1/deal-documents/{theirs}/file");
        let named = line(&theirs);
        assert_eq!(named["left_out"], "on_its_own_route");
        assert_eq!(named["read_at"], route);
        assert_eq!(named["sha256"], sha256(&pdf("Terms")));
        assert!(named["path"].is_null(), "{named}");
        assert!(
            of_firm
                .file_names()
                .all(|name| !name.expect("a name").contains(&theirs))
        );

        // Nothing was opened, so the ledger says nothing of it.
        let ledger = format!(
            "/v1/organizations/{}/disclosures?limit=100",
            stage.investor.id
        );
        let ledger = stage.get(Who::Gul, &ledger).await.expect(200);
        let mut lines = ledger["items"].as_array().unwrap().iter();
        assert!(lines.all(|line| line["level"] != "l3"), "{ledger}");
        let (status, _, bytes) = fetch(&stage, Who::Dana, &route).await;
        assert_eq!((status, bytes), (200, pdf("Terms")));
    });
}
