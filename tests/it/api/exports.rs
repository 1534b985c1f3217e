//! Files of what one may read: as the screens show it, for oneself alone, for
//! a time; and what can be imported again comes back as it was.

use chrono::TimeDelta;
use corridor::domain::account::Role;
use corridor::services::export_jobs::work;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::deals::deal;
use super::imports::{CSV, NDJSON, imported, lines};
use super::referrals::{investor, office, startup};
use super::stage::{Stage, Who};
use crate::support::app::App;
use crate::support::builders::{Firm, PASSWORD, act, colleague, corridor, operator};
use crate::support::client::{Answer, Client};
use crate::support::database::{Database, on_each_backend, on_runtime};

const EXPORTS: &str = "/v1/exports";

async fn let_work(app: &App) {
    let holder = Uuid::now_v7();
    while work::work(&app.context, holder).await.expect("works") {}
}

/// Asks for a file, lets it be made, and answers the export.
async fn exported(app: &App, who: &Client, wanted: &Value) -> Answer {
    let made = who.post(EXPORTS, wanted).await.expect(201);
    let_work(app).await;
    who.get(made.header("location")).await.expect(200)
}

async fn fetched(who: &Client, export: &Answer) -> (HeaderMap, String) {
    assert_eq!(export.text("state"), "ready", "{:#}", export.body);
    who.call("GET", export.text("file")).fetch().await
}

/// Everything of a firm, as one of its people gets it.
pub(super) async fn everything(stage: &Stage, who: Who, firm: &str) -> Vec<Value> {
    let wanted = json!({ "kind": "organization", "organization": firm, "format": "ndjson" });
    let export = stage.post(who, EXPORTS, wanted).await.expect(201);
    let holder = Uuid::now_v7();
    while work::work(&stage.context, holder).await.unwrap() {}
    let file = format!("{EXPORTS}/{}/file", export["id"].as_str().unwrap());
    let text = stage.get(who, &file).await;
    assert_eq!(text.status, 200);
    let lines = text.text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What lines of one type say.
pub(super) fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let found = lines.iter().filter(|line| line["type"] == kind);
    found.map(|line| &line["data"]).collect()
}

/// A list as a file.
pub(super) async fn list(app: &App, who: &Client, kind: &str, format: &str) -> String {
    let wanted = json!({ "kind": kind, "format": format });
    let export = exported(app, who, &wanted).await;
    fetched(who, &export).await.1
}

/// Rows whose texts are hard: scripts of both directions, marks, quotes, line
/// breaks, and what spreadsheets run.
fn hard() -> Vec<Value> {
    let mut one = startup("s-1");
    one["external_id"] = json!("=cmd|' /C calc'!A0");
    one["organization"]["legal_name"] = json!("\u{200F}שמש הנגב, בע״מ\u{200E} \"Sun\"");
    one["organization"]["trade_name"] = json!("@SUM(A1:A9)");
    one["organization"]["names"] = json!({ "he": "שמש", "ru": "Солнце", "de": "-Sonne" });
    one["startup_profile"]["one_liner"] = json!({
        "en": { "text": "'=not a formula", "state": "original" },
        "he": { "text": "מים \"מן האוויר\",\nבלילה", "state": "human" },
        "az": { "text": "+Havadan içməli su; əla İş", "state": "machine" },
        "ru": { "text": "-Вода из воздуха\n\n=1+1", "state": "original" },
        "ka": { "text": "წყალი | ჰაერიდან \\", "state": "original" },
    });
    one["startup_profile"]["traction"] =
        json!({ "growth_pct": -12, "revenue_12m": { "amount_minor": 7, "currency": "ILS" } });
    one["startup_profile"]["controls"]["licences"] = json!(["A|1", "B\\2", "=3"]);
    one["startup_profile"]["round"] =
        json!({ "currency": "USD", "target": 5_000_000, "lead_wanted": true });
    one["source_tags"] = json!(["@water", "a|b"]);
    let mut two = investor("i-2");
    two["organization"]["legal_name"] = json!("Xəzər Kapitalı ASC");
    two["mandate"]["title"] = json!("+Su və ərzaq");
    two["investor_profile"] = super::investors::whole();
    two["investor_profile"]["about"]["he"] = json!({ "text": "=כסף \"סבלני\" | לאט" });
    two["investor_profile"]["portfolio"][0]["name"] = json!("=Araz | \"Su\"");
    two["mandate"]["cheque"] = json!({ "currency": "AZN", "min": 1, "max": 2, "flexible": true });
    let mut three = startup("s-3");
    three["organization"]
        .as_object_mut()
        .unwrap()
        .remove("country");
    three["startup_profile"] = json!({});
    vec![one, two, three]
}

/// The operator's people let the one investor through and verify what it claims.
async fn verified(curator: &Client) {
    let page = curator.get("/v1/investor-profiles").await.expect(200);
    let id = page.body["items"][0]["id"].as_str().unwrap();
    let path = format!("/v1/investor-profiles/{id}");
    act(curator, &path, "claim").await;
    act(curator, &path, "approve").await;
    let proof = json!({ "accreditation": { "status": "verified" } });
    let seen = curator.patch(&path, "*", &proof).await.expect(200);
    assert_eq!(seen.body["accredited"], true);
}

#[test]
fn what_is_exported_comes_back_as_it_was() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let import = imported(&app, &curator, "", NDJSON, &lines(&hard())).await;
        assert_eq!(import["progress"]["created"], 3, "{import:#}");
        verified(&curator).await;
        // The file that only claims it takes no verification back.
        let again = imported(&app, &curator, "", NDJSON, &lines(&hard())).await;
        assert_eq!(again["progress"]["unchanged"], 3, "{again:#}");
        for kind in ["startup_profiles", "mandates", "investor_profiles"] {
            let first = list(&app, &curator, kind, "ndjson").await;
            let table = list(&app, &curator, kind, "csv").await;
            // Here it says what is on record.
            for (form, file) in [(NDJSON, &first), (CSV, &table)] {
                let again = imported(&app, &curator, "", form, file).await;
                let rows = first.lines().count();
                assert_eq!(again["state"], "done", "{kind} {form} {again:#}");
                assert_eq!(
                    again["progress"]["unchanged"], rows,
                    "{kind} {form} {again:#}"
                );
            }
            // Nothing of it runs in a spreadsheet.
            let mut cells = csv::ReaderBuilder::new().from_reader(table.as_bytes());
            for record in cells.records() {
                for cell in &record.unwrap() {
                    let number = cell.parse::<i64>().is_ok();
                    let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
                    assert!(number || !runs, "{cell}");
                }
            }
            // In an empty place it makes the same.
            for (form, file) in [(NDJSON, &first), (CSV, &table)] {
                let database = Database::sqlite();
                let other = App::start(&database).await;
                let there = operator(&other, "Curator", &[Role::Curator]).await;
                let import = imported(&other, &there, "", form, file).await;
                assert_eq!(import["state"], "done", "{kind} {form} {import:#}");
                let second = list(&other, &there, kind, "ndjson").await;
                assert_eq!(said(&second), said(&first), "{kind} {form}");
            }
        }
    });
}

/// What lines say but for where the records stand.
fn said(lines: &str) -> Vec<Value> {
    let parse = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().remove("record");
        line
    };
    let mut said: Vec<_> = lines.lines().map(parse).collect();
    said.sort_by_key(|line| line["external_id"].as_str().unwrap().to_owned());
    said
}

#[test]
fn a_file_is_for_who_asked_for_a_time() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let corridor = corridor(&app).await;
        let curator = &corridor.curator;
        let wanted = json!({
            "kind": "startup_profiles",
            "format": "csv",
            "filters": { "status": "published", "claimed": true, "country": "IL" },
        });
        let export = exported(&app, curator, &wanted).await;
        assert_eq!(export.body["lines"], 1);
        let (headers, text) = fetched(curator, &export).await;
        assert_eq!(
            headers["content-type"],
            "text/csv; charset=utf-8; header=present"
        );
        let disposition = headers["content-disposition"].to_str().unwrap();
        assert_eq!(
            disposition,
            "attachment; filename=\"corridor-startup-profiles-2026-11-24.csv\""
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(
            text.starts_with("\u{FEFF}external_id,") && text.contains("Tamar"),
            "{text}"
        );

        // Nobody else's, be they of the operator's people.
        let path = export.text("file").trim_end_matches("/file").to_owned();
        let other = operator(&app, "Colleague", &[Role::Curator]).await;
        for who in [&other, &corridor.startup.owner] {
            for part in ["", "/file", "/transitions", "/events"] {
                who.get(&format!("{path}{part}")).await.expect(404);
            }
            let cancel = json!({ "action": "cancel" });
            who.act(&path, "*", &cancel).await.expect(404);
            assert_eq!(who.get(EXPORTS).await.expect(200).body["items"], json!([]));
        }
        app.seal().await;
        let events = curator.get(&format!("{path}/events")).await.expect(200);
        assert_eq!(events.body["items"].as_array().unwrap().len(), 3);

        // Cancelled, its file is gone; so it is when its time is over.
        let cancelled = exported(&app, curator, &wanted).await;
        let place = cancelled.text("file").to_owned();
        let at = place.trim_end_matches("/file").to_owned();
        curator
            .act(&at, cancelled.etag(), &json!({ "action": "cancel" }))
            .await
            .expect(200);
        curator.get(&place).await.refused(409, "export_gone");
        app.context.clock.advance(TimeDelta::hours(25));
        let curator = app
            .stranger()
            .signed_in("curator@firms.example", PASSWORD)
            .await;
        curator
            .get(&format!("{path}/file"))
            .await
            .refused(409, "export_gone");
        work::sweep(&app.context, 50).await.unwrap();
        assert_eq!(
            curator.get(&path).await.expect(200).text("state"),
            "expired"
        );
        let folder = app.context.exchange.folder.path(Uuid::nil());
        assert_eq!(
            std::fs::read_dir(folder.parent().unwrap()).unwrap().count(),
            0
        );
        app.context.clock.advance(TimeDelta::days(8));
        work::sweep(&app.context, 50).await.unwrap();
        let curator = app
            .stranger()
            .signed_in("curator@firms.example", PASSWORD)
            .await;
        curator.get(&path).await.expect(404);
    });
}

#[test]
fn what_cannot_be_wanted_is_named() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let who = &office.owner;
        for (wanted, faults) in [
            (
                json!({ "kind": "secrets", "format": "xls" }),
                vec!["#/kind unknown_code", "#/format unknown_code"],
            ),
            (
                json!({ "kind": "deals", "format": "csv", "filters": { "colour": "red" } }),
                vec!["#/filters bad_filter"],
            ),
            (
                json!({ "kind": "deals", "format": "csv", "filters": { "status": ["x"] } }),
                vec!["#/filters/status wrong_type"],
            ),
            (
                json!({ "kind": "organization", "format": "ndjson" }),
                vec!["#/organization required"],
            ),
            (
                json!({ "kind": "organization", "format": "csv", "organization": office.id, "filters": { "a": 1 } }),
                vec!["#/format not_taken", "#/filters not_taken"],
            ),
        ] {
            let answer = who.post(EXPORTS, &wanted).await.expect(422);
            assert_eq!(answer.faults(), faults, "{wanted}");
        }
        // A partner's program with all scopes is no person.
        let body = json!({ "name": "Sync", "scopes": ["referrals:read", "referrals:write"] });
        let client = who
            .post(&format!("/v1/organizations/{}/clients", office.id), &body)
            .await
            .expect(201);
        let (id, secret) = (client.text("id"), client.text("client_secret"));
        let token = who
            .oauth(
                "/v1/oauth/token",
                Some((id, secret)),
                &[("grant_type", "client_credentials")],
            )
            .await;
        let program = app
            .stranger()
            .with_token(token.expect(200).text("access_token"));
        let wanted = json!({ "kind": "referrals", "format": "csv" });
        program.post(EXPORTS, &wanted).await.expect(403);
        // It hands in files for its partner all the same.
        let import = imported(&app, &program, "", NDJSON, &lines(&[startup("s-1")])).await;
        assert_eq!(import["progress"]["created"], 1);
        let table = list(&app, who, "referrals", "csv").await;
        assert!(
            table.contains("s-1") && table.lines().count() == 2,
            "{table}"
        );
    });
}

/// One of the firm's, one of the person's own.
async fn saves_views(owner: &Client, firm: &str) {
    for (name, organization) in [("Ours", Some(firm)), ("Mine", None)] {
        let view = json!({ "name": name, "list": "startup-profiles", "query": "stage=seed", "organization": organization });
        owner.post("/v1/saved-views", &view).await.expect(201);
    }
}

#[test]
fn everything_of_a_firm_is_what_its_people_see() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let corridor = corridor(&app).await;
        let Firm { owner, id } = &corridor.startup;
        let viewer = colleague(&app, &corridor.startup, "Viewer", Role::Viewer).await;
        let rename = json!({ "team_size": 12 });
        let path = format!("/v1/startup-profiles/{}", corridor.profile);
        owner.patch(&path, "*", &rename).await.expect(200);
        let firm = format!("/v1/organizations/{id}");
        let numbers = json!({ "identifiers": { "il_company": "520000472" } });
        let stated = owner.call("PUT", &format!("{firm}/identifiers"));
        let stated = stated.json(&numbers).header("If-Match", "*");
        stated.send().await.expect(200);
        let guest = json!({ "email": "guest@tamar.example", "role": "viewer" });
        let invitations = format!("{firm}/invitations");
        owner.post(&invitations, &guest).await.expect(201);
        saves_views(owner, id).await;
        app.seal().await;
        let wanted = json!({ "kind": "organization", "organization": id, "format": "ndjson" });
        for who in [owner, &viewer] {
            let export = exported(&app, who, &wanted).await;
            let (headers, text) = fetched(who, &export).await;
            assert_eq!(headers["content-type"], "application/x-ndjson");
            let lines: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            assert_eq!(export.body["lines"], lines.len());
            let of = |kind: &str| -> Vec<&Value> {
                lines
                    .iter()
                    .filter(|line| line["type"] == kind)
                    .map(|line| &line["data"])
                    .collect()
            };
            assert_eq!(of("organization")[0]["legal_name"], "Tamar");
            assert_eq!(of("member").len(), 2);
            assert_eq!(of("startup_profile").len(), 1);
            assert_eq!(
                of("identifier"),
                [&json!({ "register": "il_company", "number": "520000472" })]
            );
            // The owner invites and has a view of their own.
            let (guests, views) = if who.token() == owner.token() {
                (1, 2)
            } else {
                (0, 1)
            };
            assert_eq!(of("invitation").len(), guests);
            assert_eq!(of("saved_view").len(), views);
            assert!(!text.contains("\"token\"") && !text.contains("client_secret"));
            let revisions = of("startup_profile_revision");
            assert_eq!(revisions.len(), 2);
            assert_eq!(revisions[1]["says"]["team_size"], 12);
            assert!(
                of("event")
                    .iter()
                    .any(|it| it["event"]["kind"] == "startup_profile.created")
            );
            assert!(
                of("event")
                    .iter()
                    .all(|it| it["event"]["actor"]["id"].is_null())
            );
            assert!(
                of("mandate").is_empty() && !text.contains("Xezer"),
                "{text}"
            );
        }
        // Another's is not there to be asked for.
        corridor
            .investor
            .owner
            .post(EXPORTS, &wanted)
            .await
            .expect(404);
        let nobody = json!({ "kind": "organization", "organization": Uuid::now_v7().to_string(), "format": "ndjson" });
        corridor
            .investor
            .owner
            .post(EXPORTS, &nobody)
            .await
            .expect(404);
        // Who left before it was made gets nothing.
        let made = viewer.post(EXPORTS, &wanted).await.expect(201);
        let me = viewer.get("/v1/me").await.expect(200);
        let part = format!("/v1/organizations/{id}/members/{}", me.text("id"));
        owner
            .call("DELETE", &part)
            .header("If-Match", "*")
            .send()
            .await
            .expect(204);
        let_work(&app).await;
        viewer.get(made.header("location")).await.expect(404);
        let folder = app
            .context
            .exchange
            .folder
            .path(made.text("id").parse::<Uuid>().unwrap());
        assert!(!folder.exists());
    });
}

#[test]
fn a_side_reads_in_its_file_no_more_than_on_its_screens() {
    on_runtime(async {
        let database = Database::sqlite();
        let stage = Stage::set(&database).await;
        deal(&stage).await;
        let profile = super::investors::draft(&stage).await;
        let comments = json!([{ "pointer": "/about/en", "comment": "Which stages?" }]);
        for (who, action) in [
            (Who::Gul, json!({ "action": "submit" })),
            (Who::Curator, json!({ "action": "claim" })),
            (
                Who::Curator,
                json!({ "action": "request_changes", "comments": comments }),
            ),
        ] {
            stage.go(who, &profile, action).await.expect(200);
        }
        stage.context.db.seal_pending().await.unwrap();
        for (who, id, screens) in [
            (
                Who::Dana,
                stage.startup.id.to_string(),
                ["/v1/matches", "/v1/introductions", "/v1/deals"],
            ),
            (
                Who::Gul,
                stage.investor.id.to_string(),
                ["/v1/matches", "/v1/introductions", "/v1/deals"],
            ),
        ] {
            let lines = everything(&stage, who, &id).await;
            for (screen, kind) in screens.iter().zip(["match", "introduction", "deal"]) {
                let shown = stage.get(who, screen).await.expect(200);
                let shown = shown["items"].as_array().unwrap().clone();
                let filed: Vec<Value> = lines
                    .iter()
                    .filter(|line| line["type"] == kind)
                    .map(|line| line["data"].clone())
                    .collect();
                assert_eq!(filed, shown, "{kind} of {id}");
                assert!(!filed.is_empty(), "{kind}");
            }
            let events = |kind: &str| {
                lines
                    .iter()
                    .filter(|line| {
                        line["type"] == "event" && line["data"]["subject"]["kind"] == kind
                    })
                    .count()
            };
            assert!(events("deal") > 0 && events("introduction") > 0);
            assert!(lines.iter().any(|line| line["type"] == "disclosure"));
            // What the investor says of itself, and was asked, is its own.
            let own = usize::from(who == Who::Gul);
            for kind in [
                "investor_profile",
                "investor_profile_revision",
                "review_comment",
            ] {
                assert_eq!(of_type(&lines, kind).len(), own, "{kind} of {id}");
            }
        }
    });
}
