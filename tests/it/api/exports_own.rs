//! Everything of a firm is the firm's: not what its reader learns as another
//! firm's, nor what the operator's people write for themselves.

use corridor::domain::account::Role;
use corridor::domain::ids::OrganizationId;
use corridor::services::export_jobs::work;
use serde_json::{Value, json};
use uuid::Uuid;

use super::deals::deal;
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
    super::deal_documents::kept(stage, &deal).await;
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
