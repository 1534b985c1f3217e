//! Files as they come in practice: with a quotation mark that nobody closed,
//! with several mandates of one firm, again and again, two at once, from a
//! disk that breaks.

use std::fmt::Write;

use chrono::TimeDelta;
use corridor::db::Conn;
use corridor::domain::account::Role;
use corridor::domain::import::ImportState;
use corridor::services::import_jobs::work;
use serde_json::{Value, json};
use uuid::Uuid;

use super::exports::list;
use super::imports::{CSV, IMPORTS, NDJSON, imported, let_work, lines};
use super::referrals::{investor, office, startup};
use crate::support::app::App;
use crate::support::builders::{firm, operator};
use crate::support::client::{Answer, Client};
use crate::support::database::{Database, on_each_backend};

async fn hand_in(who: &Client, query: &str, content: &str) -> Answer {
    let call = who.call("POST", &format!("{IMPORTS}{query}"));
    call.file(NDJSON, content.to_owned()).send().await
}

async fn rows(who: &Client, import: &Value) -> Vec<Value> {
    let id = import["id"].as_str().unwrap();
    let page = who
        .get(&format!("{IMPORTS}/{id}/rows?limit=100"))
        .await
        .expect(200);
    page.body["items"].as_array().unwrap().clone()
}

async fn count(who: &Client, list: &str) -> usize {
    let page = who.get(&format!("{list}limit=100")).await.expect(200);
    page.body["items"].as_array().unwrap().len()
}

#[test]
fn a_quotation_mark_that_nobody_closed_costs_its_own_row_and_is_named() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let header =
            "external_id,organization.kind,organization.legal_name,startup_profile.summary.en";
        for end in ["\n", "\r\n", "\r"] {
            let file = [
                header,
                "a,startup,Two,\"Two",
                "lines\"",
                "b,startup,\"Open,",
                "c,startup,\"Closed, Ltd\",",
                "",
                "d,startup,\"Last",
            ];
            let file = file.join(end);
            let import = imported(&app, &curator, "?dry_run=true", CSV, &file).await;
            assert_eq!(import["state"], "checked", "{end:?} {import:#}");
            let progress = &import["progress"];
            assert_eq!(progress["bytes_read"], progress["bytes"], "{end:?}");
            let found = rows(&curator, &import).await;
            let found = found.iter().map(|row| {
                let fault = &row["faults"][0];
                (
                    &row["line"],
                    &row["external_id"],
                    &fault["code"],
                    &fault["column"],
                )
            });
            let name = "organization.legal_name";
            assert_eq!(
                json!(found.collect::<Vec<_>>()),
                json!([
                    [2, "a", null, null],
                    [4, "b", "unclosed_quote", name],
                    [5, "c", null, null],
                    [7, "d", "unclosed_quote", name],
                ]),
                "{end:?}"
            );
        }
        let file = format!("{header}\na,startup,\"Open,\nb,startup,B,\n");
        let import = imported(&app, &curator, "?keep_good=true", CSV, &file).await;
        assert_eq!(import["state"], "done", "{import:#}");
        assert_eq!(import["progress"]["created"], 1);
        let open = "external_id,\"organization.kind\na,startup\n";
        let call = curator.call("POST", IMPORTS).file(CSV, open.to_owned());
        let answer = call.send().await.expect(422);
        assert_eq!(answer.faults(), ["#/columns/1 unclosed_quote"]);
    });
}

/// Investors with mandates of several, in the order in which they were made.
fn several_mandates() -> Vec<Value> {
    let mandate = |firm: &str, id: &str, title: &str| {
        let mut row = investor(id);
        row["organization"]["external_id"] = json!(firm);
        row["organization"]["legal_name"] = json!(format!("Fund of {firm}"));
        row["mandate"]["title"] = json!(title);
        row
    };
    let mut alone = investor("f-3");
    alone["organization"]["legal_name"] = json!("Alone");
    alone["identifiers"] = json!({ "az_voen": "9900003871", "lei": "5493001KJTIIGC8Y1R12" });
    vec![
        mandate("f-1", "m-1", "Seed"),
        mandate("f-2", "m-2", "Water"),
        mandate("f-1", "m-3", "Growth"),
        alone,
    ]
}

#[test]
fn a_firms_mandates_come_back_as_its_own_here_and_elsewhere() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let made = imported(&app, &curator, "", NDJSON, &lines(&several_mandates())).await;
        assert_eq!(made["progress"]["created"], 3, "{made:#}");
        assert_eq!(made["progress"]["updated"], 1, "{made:#}");
        // What rows say of one firm is the same, where both say something.
        let of_one = |id: &str, name: &str, lei: &str| {
            let mut row = investor(id);
            row["organization"]["external_id"] = json!("f-9");
            row["organization"]["legal_name"] = json!(name);
            row["identifiers"] = json!({ "lei": lei });
            row
        };
        let mut many: Vec<Value> = (0..60).map(|it| investor(&format!("n-{it}"))).collect();
        let number = "5493001KJTIIGC8Y1R12";
        many.insert(0, of_one("m-10", "Nine", number));
        many.push(of_one("m-11", "Nine", number));
        let tried = imported(&app, &curator, "?dry_run=true", NDJSON, &lines(&many)).await;
        assert_eq!(tried["progress"]["created"], 61, "{tried:#}");
        assert_eq!(tried["progress"]["updated"], 1, "{tried:#}");
        many.push(of_one("m-12", "Ten", number));
        many.push(of_one("m-13", "Nine", "213800WSGIIZCXF1P572"));
        let tried = imported(&app, &curator, "?dry_run=true", NDJSON, &lines(&many)).await;
        let path = format!(
            "{IMPORTS}/{}/rows?outcome=bad",
            tried["id"].as_str().unwrap()
        );
        let bad = curator.get(&path).await.expect(200);
        for (place, line) in [(0, 63), (1, 64)] {
            let row = &bad.body["items"][place];
            assert_eq!(row["line"], line, "{:#}", bad.body);
            assert_eq!(row["faults"][0]["code"], "contradicts", "{row:#}");
            let detail = "Line 1 says otherwise of the same firm.";
            assert_eq!(row["faults"][0]["detail"], detail);
        }

        // One that no file knows, and a second one of a firm that has one.
        let by_number = "/v1/organizations?identifier=az_voen:9900003871";
        let alone = curator.get(by_number).await.expect(200);
        let alone = alone.body["items"][0]["id"].as_str().unwrap().to_owned();
        let mandate = json!({ "organization": alone, "title": "By hand", "tags": { "water": 1 } });
        curator.post("/v1/mandates", &mandate).await.expect(201);
        let firms = "/v1/organizations?kind=investor&";
        let mandates = "/v1/mandates?";
        assert_eq!(
            (
                count(&curator, firms).await,
                count(&curator, mandates).await
            ),
            (3, 5)
        );

        let first = list(&app, &curator, "mandates", "ndjson").await;
        let table = list(&app, &curator, "mandates", "csv").await;
        let last_first: Vec<&str> = first.lines().rev().collect();
        let last_first = last_first.join("\n");
        for (form, file) in [(NDJSON, &first), (CSV, &table), (NDJSON, &last_first)] {
            let again = imported(&app, &curator, "", form, file).await;
            assert_eq!(again["progress"]["unchanged"], 5, "{form} {again:#}");
        }
        assert_eq!(
            (
                count(&curator, firms).await,
                count(&curator, mandates).await
            ),
            (3, 5)
        );

        for (form, file) in [(NDJSON, &first), (CSV, &table), (NDJSON, &last_first)] {
            let database = Database::sqlite();
            let other = App::start(&database).await;
            let there = operator(&other, "Curator", &[Role::Curator]).await;
            let made = imported(&other, &there, "", form, file).await;
            assert_eq!(made["progress"]["created"], 3, "{form} {made:#}");
            for _ in 0..2 {
                let again = imported(&other, &there, "", form, file).await;
                assert_eq!(again["progress"]["unchanged"], 5, "{form} {again:#}");
            }
            assert_eq!(
                (count(&there, firms).await, count(&there, mandates).await),
                (3, 5)
            );
            let second = list(&other, &there, "mandates", "ndjson").await;
            assert_eq!(said(&second), said(&first), "{form}");
            let firm = there.get(by_number).await.expect(200);
            let firm = firm.body["items"][0]["id"].as_str().unwrap();
            let stated = format!("/v1/organizations/{firm}/identifiers");
            let stated = there.get(&stated).await.expect(200);
            assert_eq!(
                stated.body["identifiers"],
                several_mandates()[3]["identifiers"]
            );
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
fn register_numbers_come_in_by_file_and_find_duplicates() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let header = "external_id,organization.kind,organization.legal_name,identifiers.lei,identifiers.il_company";
        let file = format!(
            "{header}\na,startup,Negev Sun,5493001KJTIIGC8Y1R12,\nb,startup,Other Ltd,5493 001k jtii gc8y 1r12,52-0000472\n"
        );
        let import = imported(&app, &curator, "", CSV, &file).await;
        assert_eq!(import["progress"]["created"], 2, "{import:#}");
        let found = curator.get("/v1/duplicates").await.expect(200);
        assert_eq!(
            found.body["items"][0]["reasons"][0]["ground"], "same_identifier",
            "{:#}",
            found.body
        );
        // Without the columns they stay as they are.
        let bare = "external_id,organization.kind,organization.legal_name\nb,startup,Other Ltd\n";
        let import = imported(&app, &curator, "", CSV, bare).await;
        assert_eq!(import["progress"]["unchanged"], 1, "{import:#}");
        // One register says nothing of another, and an empty cell that there
        // is no number in its own.
        let one = "external_id,organization.kind,organization.legal_name,identifiers.lei\nb,startup,Other Ltd,\n";
        for outcome in ["updated", "unchanged"] {
            let import = imported(&app, &curator, "", CSV, one).await;
            assert_eq!(import["progress"][outcome], 1, "{import:#}");
            let by_number = "/v1/organizations?identifier=il_company:520000472";
            let firm = curator.get(by_number).await.expect(200);
            let firm = firm.body["items"][0]["id"].as_str().unwrap();
            let stated = format!("/v1/organizations/{firm}/identifiers");
            let stated = curator.get(&stated).await.expect(200);
            assert_eq!(
                stated.body["identifiers"],
                json!({ "il_company": "520000472" })
            );
        }
        // The log says that numbers changed, as it does when they are put.
        app.seal().await;
        let firm = curator.get("/v1/organizations?identifier=il_company:520000472");
        let firm = firm.await.expect(200).body["items"][0]["id"].clone();
        let events = format!("/v1/organizations/{}/events", firm.as_str().unwrap());
        let events = curator.get(&events).await.expect(200).body.to_string();
        assert!(events.contains("organization.identified"), "{events}");
        let bad = format!("{header}\nc,startup,C,123,\n");
        let import = imported(&app, &curator, "", CSV, &bad).await;
        let fault = &rows(&curator, &import).await[0]["faults"][0];
        assert_eq!(
            (&fault["code"], &fault["column"]),
            (&json!("bad_identifier"), &json!("identifiers.lei"))
        );
        // A partner's file is what it would say over the API.
        let office = office(&app).await;
        let mut row = startup("s-1");
        row["identifiers"] = json!({ "il_company": "520000472" });
        let import = imported(&app, &office.owner, "", NDJSON, &lines(&[row.clone()])).await;
        assert_eq!(import["progress"]["created"], 1, "{import:#}");
        let again = office.owner.post("/v1/referrals", &row).await.expect(200);
        let stated = format!(
            "/v1/organizations/{}/identifiers",
            again.text("organization")
        );
        let stated = curator.get(&stated).await.expect(200);
        assert_eq!(stated.body["identifiers"], row["identifiers"]);
        // It refers firms, each with one record.
        row["organization"]["external_id"] = json!("f-1");
        let import = imported(&app, &office.owner, "", NDJSON, &lines(&[row])).await;
        let fault = &rows(&office.owner, &import).await[0]["faults"][0];
        assert_eq!(fault["pointer"], "/organization/external_id");
    });
}

#[test]
fn only_what_runs_counts_and_the_oldest_checked_give_way() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let who = &office.owner;
        let bad = "{}\n";
        let mut checked = Vec::new();
        for _ in 0..22 {
            checked.push(imported(&app, who, "", NDJSON, bad).await);
        }
        assert!(checked.iter().all(|import| import["state"] == "checked"));
        let state = async |import: &Value| {
            let path = format!("{IMPORTS}/{}", import["id"].as_str().unwrap());
            who.get(&path).await.expect(200).text("state").to_owned()
        };
        assert_eq!(state(&checked[0]).await, "expired");
        assert_eq!(state(&checked[2]).await, "checked");

        for _ in 0..9 {
            hand_in(who, "?dry_run=true", bad).await.expect(201);
        }
        let tenth = || {
            who.call("POST", IMPORTS)
                .header("Idempotency-Key", "\"nightly-sync-of-today\"")
                .file(NDJSON, bad.to_owned())
        };
        let taken = tenth().send().await.expect(201);
        hand_in(who, "?dry_run=true", bad)
            .await
            .refused(409, "too_many_imports");
        // One that was checked finds no room either, and can be started later.
        let waits = format!("{IMPORTS}/{}", checked[21]["id"].as_str().unwrap());
        let start = json!({ "action": "start", "keep_good": true });
        let refused = who.act(&waits, "*", &start).await;
        refused.refused(409, "too_many_imports");
        assert_eq!(state(&checked[21]).await, "checked");
        let repeated = tenth().send().await.expect(201);
        assert_eq!(
            repeated.text("id"),
            taken.text("id"),
            "a repetition has its answer"
        );
        let_work(&app).await;
        hand_in(who, "?dry_run=true", bad).await.expect(201);
        let_work(&app).await;

        // Files that come at the same time have places, too.
        let places = || std::iter::from_fn(|| app.context.uploads.take(Uuid::now_v7()).ok());
        let held: Vec<_> = places().take(100).collect();
        assert!(held.len() < 100);
        let busy = hand_in(who, "?dry_run=true", bad).await.expect(503);
        assert!(busy.headers.contains_key("retry-after"));
        drop(held);
        // Of which one partner's are a few only: others go on.
        let partner: Uuid = office.id.parse().unwrap();
        let own = || std::iter::from_fn(|| app.context.uploads.take(partner).ok());
        let held: Vec<_> = own().take(100).collect();
        let others: Vec<_> = places().take(100).collect();
        assert!(others.len() >= held.len() * 2);
        drop(others);
        let slow = hand_in(who, "?dry_run=true", bad).await.expect(429);
        assert!(slow.headers.contains_key("retry-after"));
        drop(held);
        hand_in(who, "?dry_run=true", bad).await.expect(201);
    });
}

#[test]
fn two_files_of_the_same_firms_at_once_make_each_of_them_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let firms: Vec<Value> = (0..120)
            .map(|number| {
                let mut row = startup(&format!("s-{number}"));
                row["organization"]["legal_name"] =
                    json!(format!("Firm {number} of {}", Uuid::now_v7()));
                row
            })
            .collect();
        let backwards: Vec<Value> = firms.iter().rev().cloned().collect();
        for file in [lines(&firms), lines(&backwards)] {
            hand_in(&curator, "?keep_good=true&ask_contacts=false", &file)
                .await
                .expect(201);
        }
        let worker = async |holder: Uuid| {
            while work::work(&app.context, holder, &|| false)
                .await
                .expect("works")
            {}
        };
        tokio::join!(worker(Uuid::now_v7()), worker(Uuid::now_v7()));
        let found = curator.get(IMPORTS).await.expect(200);
        let mut created = 0;
        for import in found.body["items"].as_array().unwrap() {
            assert_eq!(import["state"], "done", "{import:#}");
            created += import["progress"]["created"].as_i64().unwrap();
        }
        assert_eq!(created, 120);
    });
}

#[test]
fn a_disk_that_fails_is_asked_again_and_the_import_goes_on_where_it_was() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let who = &office.owner;
        let broken = async || work::work(&app.context, Uuid::now_v7(), &|| false).await;
        let made = hand_in(who, "?dry_run=true", "{}\n").await.expect(201);
        let read = async || who.get(made.header("location")).await.expect(200).body;
        let folder = &app.context.exchange.folder;
        let path = folder.path(made.text("id").parse::<Uuid>().unwrap());
        let aside = path.with_extension("aside");
        let take_away = || {
            std::fs::rename(&path, &aside).unwrap();
            std::fs::create_dir(&path).unwrap();
        };
        take_away();
        assert!(broken().await.is_err());
        assert_eq!(read().await["state"], "checking");
        // It is somebody's again after the lease, and the file is still there.
        assert!(!broken().await.expect("nothing is due"));
        app.context.clock.advance(app.context.exchange.lease);
        std::fs::remove_dir(&path).unwrap();
        std::fs::rename(&aside, &path).unwrap();
        let_work(&app).await;
        let import = read().await;
        assert_eq!(import["state"], "checked", "{import:#}");
        assert_eq!(import["progress"]["rows_read"], 1, "{import:#}");

        // One that never comes back ends its import.
        let start = json!({ "action": "start", "keep_good": true });
        let place = made.header("location").to_owned();
        who.act(&place, "*", &start).await.expect(200);
        take_away();
        assert!(broken().await.is_err());
        app.context.clock.advance(TimeDelta::hours(7));
        assert!(broken().await.expect("ends it"));
        std::fs::remove_dir(&path).unwrap();
        // Whose token is old by now.
        let id = made.text("id").parse::<Uuid>().unwrap().into();
        let read = move |conn: &mut Conn| corridor::db::imports::find(conn, id);
        let import = app.context.db.read(read).await.unwrap().unwrap();
        assert_eq!(import.state, ImportState::Failed);
        assert_eq!(import.failure.unwrap().code, "file_unreadable");
    });
}

#[test]
fn what_one_may_not_read_is_refused_at_once_and_what_failed_says_so() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let fund = firm(&app, "investor", "Xezer", "AZ").await;
        let other = firm(&app, "startup", "Tamar", "IL").await;
        for wanted in [
            json!({ "kind": "organization", "format": "ndjson", "organization": other.id }),
            json!({ "kind": "startup_profiles", "format": "csv", "filters": { "organization": other.id } }),
            json!({ "kind": "referrals", "format": "csv" }),
        ] {
            fund.owner.post("/v1/exports", &wanted).await.expect(404);
        }
        let wanted = json!({ "kind": "mandates", "format": "csv" });
        let made = fund.owner.post("/v1/exports", &wanted).await.expect(201);
        let id: Uuid = made.text("id").parse().unwrap();
        let failed = app.context.db.write(move |conn| {
            use corridor::db::exports;
            let export = exports::find(conn, id.into())?.unwrap();
            let failed = export.failed("broken", chrono::Utc::now());
            assert!(exports::update(conn, &failed, None)?);
            Ok::<_, corridor::services::Error>(())
        });
        failed.await.unwrap();
        let file = format!("/v1/exports/{id}/file");
        fund.owner.get(&file).await.refused(409, "export_failed");
    });
}

#[test]
fn firms_that_differ_by_a_number_are_no_pairs_and_a_number_of_a_register_is_found_among_many() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let header = "external_id,organization.kind,organization.legal_name,identifiers.lei";
        let mut file = format!("{header}\n");
        for number in 0..30 {
            writeln!(file, "n-{number},startup,Big Firm {number} Ltd,").unwrap();
        }
        let import = imported(&app, &curator, "", CSV, &file).await;
        assert_eq!(import["progress"]["created"], 30, "{import:#}");
        assert_eq!(count(&curator, "/v1/duplicates?").await, 0);

        // Of many with one name each is compared with some; the one with the
        // same number is among them.
        let mut file = format!("{header}\n");
        for number in 0..25 {
            writeln!(file, "s-{number},startup,Negev Sun,").unwrap();
        }
        file += "a,startup,Something Else,5493001KJTIIGC8Y1R12\n";
        file += "b,startup,Negev Sun Ltd,5493001KJTIIGC8Y1R12\n";
        let import = imported(&app, &curator, "", CSV, &file).await;
        assert_eq!(import["progress"]["created"], 27, "{import:#}");
        let rows = rows(&curator, &import).await;
        let firm = rows[26]["id"].as_str().unwrap().to_owned();
        let pairs = async || {
            let found = format!("/v1/duplicates?state=open&organization={firm}&limit=100");
            let found = curator.get(&found).await.expect(200);
            found.body["items"].as_array().unwrap().clone()
        };
        let found = pairs().await;
        let sure = |it: &Value| it["reasons"][0]["ground"] == "same_identifier";
        assert!(found.iter().any(sure), "{found:#?}");
        assert_eq!(found.len(), 11, "the number and ten of the same name");
        // Ten others of that name come before, and what was found stays.
        let again = format!(
            "{header},organization.country\nb,startup,Negev Sun Ltd,5493001KJTIIGC8Y1R12,IL\n"
        );
        let import = imported(&app, &curator, "", CSV, &again).await;
        assert_eq!(import["progress"]["updated"], 1, "{import:#}");
        let after = pairs().await;
        for pair in &found {
            assert!(after.iter().any(|it| it["id"] == pair["id"]), "{pair:#}");
        }
    });
}
