//! Files of firms over the API: checked whole, row by row, then put on record
//! in batches, and never twice.

use chrono::TimeDelta;
use corridor::domain::account::Role;
use corridor::domain::ids::ImportId;
use corridor::services::import_jobs::work;
use serde_json::{Value, json};
use uuid::Uuid;

use super::referrals::{CONTACT, answer, investor, office, startup};
use crate::support::app::App;
use crate::support::builders::{Firm, active_programme, colleague, firm, operator};
use crate::support::client::{Answer, Client};
use crate::support::database::on_each_backend;

pub(super) const IMPORTS: &str = "/v1/imports";
pub(super) const CSV: &str = "text/csv; charset=utf-8";
pub(super) const NDJSON: &str = "application/x-ndjson";

/// Lines of JSON.
pub(super) fn lines(rows: &[Value]) -> String {
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

/// Hands in a file and answers what came of it, whatever that was.
async fn hand_in(who: &Client, query: &str, media_type: &str, content: &str) -> Answer {
    let call = who.call("POST", &format!("{IMPORTS}{query}"));
    call.file(media_type, content).send().await
}

/// The workers' turn, until nothing waits.
pub(super) async fn let_work(app: &App) {
    let holder = Uuid::now_v7();
    while work::work(&app.context, holder, &|| false)
        .await
        .expect("works")
    {}
}

/// Hands in a file, lets it be worked on, and answers the import.
pub(super) async fn imported(
    app: &App,
    who: &Client,
    query: &str,
    media_type: &str,
    content: &str,
) -> Value {
    let made = hand_in(who, query, media_type, content).await.expect(201);
    let_work(app).await;
    who.get(made.header("location")).await.expect(200).body
}

async fn rows(who: &Client, import: &Value, query: &str) -> Vec<Value> {
    let path = format!("{IMPORTS}/{}/rows{query}", import["id"].as_str().unwrap());
    let page = who.get(&path).await.expect(200);
    page.body["items"].as_array().unwrap().clone()
}

async fn referrals(who: &Client) -> usize {
    let list = who.get("/v1/referrals?limit=100").await.expect(200);
    list.body["items"].as_array().unwrap().len()
}

const HEADER: &str = "external_id,organization.kind,organization.legal_name,\
    organization.names.he,organization.country,contact.email,contact.language,\
    startup_profile.one_liner.en,startup_profile.one_liner.ru,startup_profile.primary_tags,\
    mandate.title,mandate.tags";

#[test]
fn a_partners_file_becomes_referrals_and_the_same_again_changes_nothing() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let file = format!(
            "\u{FEFF}{HEADER}\r\n\
             a-1,startup,Negev Sun Ltd,\"שמש, הנגב\",IL,a@negev.example,he,\"Says \"\"water\"\".\nTwice.\",Вода из воздуха.,water,,\r\n\
             \r\n\
             b-2,investor,\"Xəzər Kapital\",,AZ,b@xezer.example,az,,,,'=Su və ərzaq,water:3|agri_food:1\r\n"
        );
        let import = imported(&app, &office.owner, "", CSV, &file).await;
        assert_eq!(import["state"], "done", "{import:#}");
        assert_eq!(import["kind"], "referrals");
        let progress = &import["progress"];
        assert_eq!(
            (&progress["rows_read"], &progress["created"]),
            (&json!(2), &json!(2))
        );
        let rows_of = rows(&office.owner, &import, "").await;
        let lines: Vec<_> = rows_of
            .iter()
            .map(|row| row["line"].as_i64().unwrap())
            .collect();
        assert_eq!(lines, [2, 5]);
        let referral = format!("/v1/referrals/{}", rows_of[0]["id"].as_str().unwrap());
        let referral = office.owner.get(&referral).await.expect(200);
        assert_eq!(referral.text("external_id"), "a-1");

        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let profile = format!("/v1/startup-profiles/{}", referral.text("startup_profile"));
        let profile = curator.get(&profile).await.expect(200).body;
        assert_eq!(
            profile["one_liner"]["en"]["text"],
            "Says \"water\".\nTwice."
        );
        assert_eq!(profile["one_liner"]["ru"]["text"], "Вода из воздуха.");
        let found = curator.get("/v1/mandates").await.expect(200).body;
        assert_eq!(found["items"][0]["title"], "=Su və ərzaq");
        assert_eq!(
            found["items"][0]["tags"],
            json!({"water": 3, "agri_food": 1})
        );

        let again = imported(&app, &office.owner, "", CSV, &file).await;
        assert_eq!(again["progress"]["unchanged"], 2, "{again:#}");
        assert_eq!(referrals(&office.owner).await, 2);
        // One that says the same over the API is the same, too.
        let over_api = json!({
            "external_id": "c-3",
            "organization": { "kind": "startup", "legal_name": "Tamar", "country": "IL" },
            "contact": { "email": "c@tamar.example" },
            "startup_profile": { "primary_tags": ["water"] },
        });
        office
            .owner
            .post("/v1/referrals", &over_api)
            .await
            .expect(201);
        let line = lines_of(&[over_api]);
        let same = imported(&app, &office.owner, "", NDJSON, &line).await;
        assert_eq!(same["progress"]["unchanged"], 1, "{same:#}");
    });
}

fn lines_of(rows: &[Value]) -> String {
    lines(rows)
}

/// A page at a time, and as files.
async fn report_of_seven_rows(who: &Client, import: &Value) {
    let path = format!("{IMPORTS}/{}", import["id"].as_str().unwrap());
    let first = who.get(&format!("{path}/rows?limit=4")).await.expect(200);
    let cursor = first.text("next_cursor");
    let rest = format!("{path}/rows?limit=4&cursor={cursor}");
    let rest = who.get(&rest).await.expect(200);
    assert_eq!(rest.body["items"].as_array().unwrap().len(), 3);
    let report = who.call("GET", &format!("{path}/report?outcome=bad"));
    let (headers, text) = report.fetch().await;
    let disposition = headers["content-disposition"].to_str().unwrap();
    assert!(
        disposition.starts_with("attachment; filename=\"import-"),
        "{disposition}"
    );
    assert_eq!(
        headers["content-type"],
        "text/csv; charset=utf-8; header=present"
    );
    assert_eq!(text.lines().count(), 8, "{text}");
    let report = who.call("GET", &format!("{path}/report?format=ndjson"));
    let (_, text) = report.fetch().await;
    assert_eq!(text.lines().count(), 7, "{text}");
}

/// What happened to one that was checked, started and done.
async fn its_timeline_tells(who: &Client, path: &str) {
    let events = who.get(&format!("{path}/events")).await.expect(200);
    let kinds: Vec<_> = events.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            format!(
                "{} {}",
                event["kind"].as_str().unwrap(),
                event["payload"]["to"].as_str().unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "import.created ",
            "import.moved checked",
            "import.moved applying",
            "import.moved done"
        ]
    );
}

#[test]
fn one_bad_row_keeps_all_others_back_until_the_good_are_asked_for() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let mut wrong = startup("s-2");
        wrong["organization"]["country"] = json!("XX");
        wrong["startup_profile"]["primary_tags"] = json!(["watr"]);
        wrong["colour"] = json!("blue");
        let file = format!(
            "{}{{\"external_id\": \"s-3\"\n[1]\n{}",
            lines(&[startup("s-1"), wrong]),
            lines(&[
                investor("i-1"),
                startup("s-1"),
                json!({"external_id": "s-5"})
            ]),
        );
        let import = imported(&app, &office.owner, "", NDJSON, &file).await;
        assert_eq!(import["state"], "checked", "{import:#}");
        let progress = &import["progress"];
        assert_eq!(
            (&progress["good"], &progress["bad"]),
            (&json!(2), &json!(5))
        );
        assert_eq!(progress["created"], 2, "what would become of them");
        assert_eq!(referrals(&office.owner).await, 0);

        let bad = rows(&office.owner, &import, "?outcome=bad").await;
        let faults = |place: usize| -> Vec<String> {
            let faults = bad[place]["faults"].as_array().unwrap().iter();
            let text = |it: &Value| it.as_str().unwrap().to_owned();
            faults
                .map(|it| format!("{} {}", text(&it["pointer"]), text(&it["code"])))
                .collect()
        };
        let all = [
            "/colour unknown_field",
            "/organization/country unknown_country",
            "/startup_profile/primary_tags/0 unknown_tag",
        ];
        assert_eq!(faults(0), all);
        assert_eq!(faults(1), [" malformed_json"]);
        assert_eq!(faults(2), [" wrong_type"]);
        assert_eq!(faults(3), ["/external_id duplicate"]);
        assert_eq!(faults(4), ["/organization missing"]);
        let good = rows(&office.owner, &import, "?outcome=created").await;
        assert_eq!(good[0]["id"], Value::Null, "it was undone");

        report_of_seven_rows(&office.owner, &import).await;
        let path = format!("{IMPORTS}/{}", import["id"].as_str().unwrap());
        let start = json!({ "action": "start" });
        let refused = office.owner.act(&path, "*", &start).await;
        refused.refused(409, "rows_not_good");
        let blocked = office
            .owner
            .get(&format!("{path}/transitions"))
            .await
            .expect(200);
        assert_eq!(
            blocked.body["available"][0]["blocked_by"]["code"],
            "rows_not_good"
        );
        let start = json!({ "action": "start", "keep_good": true });
        office.owner.act(&path, "\"v1\"", &start).await.expect(412);
        let current = office.owner.get(&path).await.expect(200);
        office
            .owner
            .act(&path, current.etag(), &start)
            .await
            .expect(200);
        let_work(&app).await;
        let done = office.owner.get(&path).await.expect(200);
        assert_eq!(done.text("state"), "done");
        assert_eq!(referrals(&office.owner).await, 2);
        app.seal().await;
        its_timeline_tells(&office.owner, &path).await;
        office
            .owner
            .act(&path, "*", &json!({ "action": "cancel" }))
            .await
            .refused(409, "transition_not_allowed");
    });
}

#[test]
fn rows_obey_what_referrals_obey() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let first = lines(&[startup("s-1"), investor("i-1")]);
        let import = imported(&app, &office.owner, "", NDJSON, &first).await;
        assert_eq!(import["state"], "done", "{import:#}");
        // Its contact stands behind it now.
        answer(&app, CONTACT, "confirm").await;
        let mut changed = startup("s-1");
        changed["startup_profile"]["team_size"] = json!(40);
        let mut kind = investor("i-1");
        kind["organization"]["kind"] = json!("startup");
        kind["startup_profile"] = json!({});
        kind.as_object_mut().unwrap().remove("mandate");
        let mut whole = startup("s-2");
        whole.as_object_mut().unwrap().remove("contact");
        let second = lines(&[changed, kind, whole, investor("i-1")]);
        let import = imported(&app, &office.owner, "?dry_run=true", NDJSON, &second).await;
        assert_eq!(import["state"], "checked");
        let rows = rows(&office.owner, &import, "").await;
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                let fault = &row["faults"][0];
                let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
                format!(
                    "{} {} {}",
                    text(&row["outcome"]),
                    text(&fault["pointer"]),
                    text(&fault["code"])
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "refused  referral_claimed",
                "bad /organization/kind read_only",
                "bad /contact/email required",
                "bad /external_id duplicate",
            ]
        );
        assert_eq!(referrals(&office.owner).await, 2);
    });
}

#[test]
fn the_operator_imports_records_that_nobody_has_claimed() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let party = firm(&app, "investor", "Xezer", "AZ").await;
        let programme = active_programme(&curator, "il-az", &party.id).await;
        let programme = programme.rsplit('/').next().unwrap();
        let mut stated = investor("i-1");
        stated["mandate"]["languages"] = json!(["en"]);
        let mut bare = investor("i-2");
        bare.as_object_mut().unwrap().remove("mandate");
        let file = lines(&[startup("s-1"), stated, bare]);
        let query = format!("?programme={programme}&ask_contacts=false");
        let import = imported(&app, &curator, &query, NDJSON, &file).await;
        assert_eq!(import["state"], "done", "{import:#}");
        assert_eq!(
            (&import["kind"], &import["progress"]["created"]),
            (&json!("records"), &json!(3))
        );
        let profiles = curator.get("/v1/startup-profiles").await.expect(200).body;
        assert_eq!(profiles["items"][0]["status"], "published");
        assert_eq!(profiles["items"][0]["claimed"], false);
        let again = imported(&app, &curator, &query, NDJSON, &file).await;
        assert_eq!(again["progress"]["unchanged"], 3, "{again:#}");

        // Corrected by the next file, a stated mandate too.
        let mut stated = investor("i-1");
        stated["mandate"]["tags"] = json!({ "water": 1 });
        let import = imported(&app, &curator, &query, NDJSON, &lines(&[stated])).await;
        assert_eq!(import["progress"]["updated"], 1, "{import:#}");

        // For a partner, by its name; and what is not for everybody.
        let office = office(&app).await;
        let query = format!("?partner={}", office.id);
        let import = imported(&app, &curator, &query, NDJSON, &lines(&[startup("s-9")])).await;
        assert_eq!(
            (&import["kind"], &import["state"]),
            (&json!("referrals"), &json!("done"))
        );
        assert_eq!(referrals(&office.owner).await, 1);
        let compliance = operator(&app, "Compliance", &[Role::Compliance]).await;
        hand_in(&compliance, "", NDJSON, "{}").await.expect(403);
        let list = compliance.get(IMPORTS).await.expect(200);
        assert_eq!(list.body["items"].as_array().unwrap().len(), 4);
        hand_in(&party.owner, "", NDJSON, "{}").await.expect(404);
        hand_in(&office.owner, "?kind=records", NDJSON, "{}")
            .await
            .expect(404);
        let query = format!("?programme={programme}");
        hand_in(&office.owner, &query, NDJSON, "{}")
            .await
            .expect(400);
        let viewer = colleague(&app, &office, "Viewer", Role::Viewer).await;
        hand_in(&viewer, "", NDJSON, "{}").await.expect(403);
    });
}

#[test]
fn all_that_is_wrong_with_how_a_file_is_to_be_imported_is_told_at_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let office = office(&app).await;
        let told = async |query: &str| {
            let refused = hand_in(&curator, query, NDJSON, "{}").await.expect(400);
            let mut faults = refused.faults();
            faults.sort_unstable();
            faults
        };
        let query = "?kind=letters&partner=y&programme=x&dry_run=perhaps&colour=red";
        assert_eq!(
            told(query).await,
            [
                "#/colour bad_query",
                "#/dry_run bad_query",
                "#/kind bad_query",
                "#/partner bad_query",
                "#/programme bad_query",
            ]
        );
        let query = format!("?kind=records&partner={}&programme=x", office.id);
        let both = ["#/partner bad_query", "#/programme bad_query"];
        assert_eq!(told(&query).await, both);
        let query = format!("?kind=referrals&programme={}", office.id);
        assert_eq!(told(&query).await, both);
    });
}

#[test]
fn a_file_that_cannot_be_meant_is_refused_with_all_that_is_wrong() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let who = &office.owner;
        let header = "external_id,Colour,legal_name,external_id,organization.kind,shape\n";
        let answer = hand_in(who, "", CSV, header).await.expect(422);
        assert_eq!(
            answer.faults(),
            [
                "#/columns/1 unknown_column",
                "#/columns/2 unknown_column",
                "#/columns/3 duplicate_column",
                "#/columns/5 unknown_column",
                "#/columns missing_column",
            ]
        );
        let hint = answer.body["errors"][1]["detail"].as_str().unwrap();
        assert!(hint.contains("organization.legal_name"), "{hint}");
        let answer = hand_in(who, "", CSV, "external_id;organization.kind\n1;2\n").await;
        assert_eq!(answer.expect(422).faults(), ["#/columns/0 other_separator"]);

        let bytes = async |media_type: &str, bytes: &[u8]| {
            let call = who.call("POST", IMPORTS).file(media_type, bytes);
            call.send().await
        };
        let utf16: Vec<u8> = "\u{FEFF}external_id"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for (code, content) in [
            ("not_utf8", utf16.as_slice()),
            ("not_utf8", b"external_id,\xE9t\xE9\n"),
            ("compressed", b"PK\x03\x04..."),
            ("compressed", &[0x1F, 0x8B, 8, 0]),
            ("empty", b""),
            ("empty", b" \r\n"),
        ] {
            let answer = bytes(CSV, content).await.expect(422);
            assert_eq!(answer.faults(), [format!("# {code}")]);
        }
        bytes("application/json", b"{}")
            .await
            .refused(415, "unsupported_media_type");
        bytes("text/csv; charset=windows-1255", b"a")
            .await
            .expect(415);
        let zipped = who.call("POST", IMPORTS).file(CSV, [0x1F, 0x8B, 8, 0]);
        zipped
            .header("Content-Encoding", "gzip")
            .send()
            .await
            .expect(415);
        bytes(NDJSON, &vec![b' '; (4 << 20) + 1])
            .await
            .refused(413, "too_large");
        assert_eq!(who.get(IMPORTS).await.expect(200).body["items"], json!([]));
        let left = std::fs::read_dir(
            app.context
                .exchange
                .folder
                .path(Uuid::nil())
                .parent()
                .unwrap(),
        );
        assert_eq!(left.unwrap().count(), 0, "nothing of them stays");
    });
}

#[test]
fn rows_that_are_bombs_are_named_and_cost_nothing() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let who = &office.owner;
        let long = "x".repeat(1 << 20);
        let deep = "[".repeat(40);
        let file = format!(
            "{{\"external_id\": \"{long}\"}}\n{{\"external_id\": {deep}\n{}",
            lines(&[startup("s-1")])
        );
        let import = imported(&app, who, "?keep_good=true", NDJSON, &file).await;
        assert_eq!(import["state"], "done", "{import:#}");
        assert_eq!(
            (&import["progress"]["bad"], &import["progress"]["created"]),
            (&json!(2), &json!(1))
        );
        let bad = rows(who, &import, "?outcome=bad").await;
        assert_eq!(bad[0]["faults"][0]["code"], "row_too_long");
        assert_eq!(bad[1]["faults"][0]["code"], "too_deep");

        // A quotation mark that is never closed would make one row of all that
        // follows, and a line without an end one of itself.
        let rest = format!("{}b,startup,B\n", "\n".repeat(2 << 20));
        let file = format!(
            "external_id,organization.kind,organization.legal_name\nx,startup,\"{rest}{long},a\n"
        );
        let import = imported(&app, who, "?dry_run=true", CSV, &file).await;
        assert_eq!(import["state"], "checked", "{import:#}");
        let found = rows(who, &import, "").await;
        let found = found
            .iter()
            .map(|row| (&row["line"], &row["faults"][0]["code"]));
        assert_eq!(
            json!(found.collect::<Vec<_>>()),
            json!([
                [2, "unclosed_quote"],
                [2 + (2 << 20), "required"],
                [3 + (2 << 20), "row_too_long"],
            ])
        );
        let file = "external_id,organization.kind,organization.legal_name\na,startup\nb,startup,\"\u{202E}B\"\nc,startup,C,,,\n";
        let mut file = file.as_bytes().to_vec();
        file.extend(b"d,startup,\xFF\n");
        let made = who
            .call("POST", &format!("{IMPORTS}?dry_run=true"))
            .file(CSV, file);
        let made = made.send().await.expect(201);
        let_work(&app).await;
        let import = who.get(made.header("location")).await.expect(200).body;
        let codes: Vec<_> = rows(who, &import, "")
            .await
            .iter()
            .map(|row| {
                (
                    row["faults"][0]["column"].clone(),
                    row["faults"][0]["code"].clone(),
                )
            })
            .collect();
        assert_eq!(
            json!(codes),
            json!([
                [null, "wrong_width"],
                ["organization.legal_name", "bad_name"],
                [null, "wrong_width"],
                [null, "not_utf8"],
            ])
        );
    });
}

#[test]
fn a_worker_that_dies_is_followed_by_one_that_goes_on_without_doubles() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let who = &office.owner;
        let all: Vec<Value> = (0..180)
            .map(|number| startup(&format!("s-{number}")))
            .collect();
        let query = "?keep_good=true&ask_contacts=false";
        let made = hand_in(who, query, NDJSON, &lines(&all)).await.expect(201);
        let path = made.header("location").to_owned();
        let id: ImportId = made.text("id").parse().unwrap();

        // One that leaves off after a batch, and never gives its lease back.
        let first = Uuid::now_v7();
        let lease = work::lease(&app.context, first);
        let now = app.context.now();
        let claimed = app
            .context
            .db
            .write(move |conn| corridor::db::imports::claim(conn, id, lease, now));
        let claimed = claimed.await.unwrap().expect("free");
        let turns = std::sync::atomic::AtomicUsize::new(0);
        let stop = || turns.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 2;
        let dying = work::work_on(&app.context, first, claimed, &stop, &mut |_| ()).await;
        assert_eq!(dying.unwrap().tally.created, 100);
        let take =
            move |conn: &mut corridor::db::Conn| corridor::db::imports::claim(conn, id, lease, now);
        assert!(app.context.db.write(take).await.unwrap().is_some());
        let half = who.get(&path).await.expect(200);
        assert_eq!(half.body["progress"]["rows_read"], 100);
        assert_eq!(half.header("retry-after"), "1");

        let_work(&app).await;
        assert_eq!(who.get(&path).await.expect(200).text("state"), "applying");
        app.context.clock.advance(TimeDelta::minutes(2));
        let_work(&app).await;
        let done = who.get(&path).await.expect(200);
        assert_eq!(done.text("state"), "done");
        assert_eq!(done.body["progress"]["created"], 180);
        let list = async |query: &str| {
            let page = who
                .get(&format!("/v1/referrals?limit=100{query}"))
                .await
                .expect(200);
            let count = page.body["items"].as_array().unwrap().len();
            (count, page.body["next_cursor"].as_str().map(str::to_owned))
        };
        let (one, cursor) = list("").await;
        let (two, end) = list(&format!("&cursor={}", cursor.unwrap())).await;
        assert_eq!((one + two, end), (180, None));
    });
}

#[test]
fn an_import_can_be_cancelled_repeated_and_is_forgotten_in_time() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let who = &office.owner;
        let file = lines(&[startup("s-1")]);
        let hand_in_once = async |content: &str| {
            let call = who.call("POST", &format!("{IMPORTS}?dry_run=true"));
            let call = call
                .file(NDJSON, content)
                .header("Idempotency-Key", "nightly-0001");
            call.send().await
        };
        let made = hand_in_once(&file).await.expect(201);
        let same = hand_in_once(&file).await.expect(201);
        assert_eq!(made.text("id"), same.text("id"));
        hand_in_once(&lines(&[startup("s-2")]))
            .await
            .refused(422, "idempotency_key_reused");
        let folder = app.context.exchange.folder.path(Uuid::nil());
        let files = || std::fs::read_dir(folder.parent().unwrap()).unwrap().count();
        assert_eq!(files(), 1);
        let_work(&app).await;
        let path = made.header("location").to_owned();
        assert_eq!(who.get(&path).await.expect(200).text("state"), "checked");
        let cancel = json!({ "action": "cancel" });
        let cancelled = who.act(&path, "*", &cancel).await.expect(200);
        assert_eq!(cancelled.text("state"), "cancelled");
        assert_eq!(files(), 0);

        // Whoever may not hand in any more has nothing put on record.
        let editor = colleague(&app, &office, "Editor", Role::Editor).await;
        let made = hand_in(&editor, "", NDJSON, &file).await.expect(201);
        let me = editor.get("/v1/me").await.expect(200);
        let part = format!("/v1/organizations/{}/members/{}", office.id, me.text("id"));
        who.call("DELETE", &part)
            .header("If-Match", "*")
            .send()
            .await
            .expect(204);
        let_work(&app).await;
        let left = who.get(made.header("location")).await.expect(200);
        assert_eq!(
            left.body["failure"]["code"], "no_longer_allowed",
            "{:#}",
            left.body
        );

        let waits = hand_in(who, "?dry_run=true", NDJSON, &file)
            .await
            .expect(201);
        let_work(&app).await;
        app.context.clock.advance(TimeDelta::days(8));
        work::sweep(&app.context, 50).await.unwrap();
        let again = Firm {
            owner: app
                .stranger()
                .signed_in(
                    "trade.office@firms.example",
                    crate::support::builders::PASSWORD,
                )
                .await,
            id: office.id.clone(),
        };
        let expired = again.owner.get(waits.header("location")).await.expect(200);
        assert_eq!(expired.text("state"), "expired");
        again.owner.get(&path).await.expect(404);
        assert_eq!(files(), 0);
    });
}
