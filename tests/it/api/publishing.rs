//! What stands between a record and its readers: who says that it is still
//! true, what the firm's check has to do with it, and that all of it is named.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::ids::{OrganizationId, StartupProfileId};
use corridor::domain::profile::StartupProfile;
use corridor::domain::text::{LocalText, TextState};
use corridor::services::{Error, mandates, startups};
use serde_json::{Value, json};

use super::imports::{NDJSON, imported, lines};
use super::referrals::{CONTACT, answer, office, startup};
use super::stage::{Stage, Who};
use crate::support::app::App;
use crate::support::builders::{active_programme, firm, id_of, operator, whole_profile};
use crate::support::client::Client;
use crate::support::database::on_each_backend;

fn act(action: &str) -> Value {
    json!({ "action": action })
}

/// What stands in the way of an action, as the list of actions tells it.
async fn blocked(stage: &Stage, who: Who, path: &str, action: &str) -> Value {
    let open = stage.get(who, &format!("{path}/transitions")).await;
    let open = open.expect(200);
    let actions = open["available"].as_array().unwrap();
    let found = actions.iter().find(|it| it["action"] == action);
    found.unwrap_or_else(|| panic!("no {action} in {open}"))["blocked_by"].clone()
}

async fn has_work(stage: &Stage, who: Who, kind: &str, action: &str) -> bool {
    let work = stage.get(who, "/v1/worklist").await.expect(200);
    let items = work["items"].as_array().unwrap();
    let offers = |it: &Value| {
        let actions = it["actions"].as_array().unwrap();
        actions.iter().any(|offered| offered == action)
    };
    items.iter().any(|it| it["kind"] == kind && offers(it))
}

async fn check(stage: &Stage, firm: OrganizationId, verdict: &str) {
    let found = json!({
        "organization": firm.to_string(),
        "verdict": verdict,
        "basis": "A list of names.",
        "evidence": { "reference": "Archive 7" },
        "valid_to": "2027-06-01",
    });
    let kept = stage.post(Who::Compliance, "/v1/clearances", found).await;
    assert_eq!(kept.status, 201, "{}", kept.text);
}

#[test]
fn whoever_answers_for_a_record_says_that_it_is_still_true() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        stage.context.clock.advance(TimeDelta::days(80));
        assert!(has_work(&stage, Who::Dana, "confirm_profile", "reconfirm").await);
        assert_eq!(
            blocked(&stage, Who::Dana, &profile, "reconfirm").await,
            Value::Null
        );
        let others = stage.go(Who::Gul, &profile, act("reconfirm")).await;
        assert_eq!(others.status, 404);
        let done = stage.go(Who::Dana, &profile, act("reconfirm")).await;
        let done = done.expect(200);
        assert_eq!(
            (&done["status"], &done["reconfirm_by"]),
            (&json!("published"), &json!("2027-05-13"))
        );
        assert_eq!(done["revision"], 1, "it says what it said");
        assert!(!has_work(&stage, Who::Dana, "confirm_profile", "reconfirm").await);

        stage.context.clock.advance(TimeDelta::days(88));
        assert_eq!(startups::mark_stale(&stage.context).await.unwrap(), 0);
        assert!(has_work(&stage, Who::Gul, "confirm_mandate", "reconfirm").await);
        let done = stage.go(Who::Gul, &mandate, act("reconfirm")).await;
        assert_eq!(done.expect(200)["reconfirm_by"], "2027-11-07");
        stage.context.clock.advance(TimeDelta::days(30));
        assert_eq!(startups::mark_stale(&stage.context).await.unwrap(), 1);
        assert_eq!(mandates::mark_stale(&stage.context).await.unwrap(), 0);
        // What ran out is published again; there is nothing to confirm.
        let late = stage.go(Who::Dana, &profile, act("reconfirm")).await;
        assert_eq!(late.code(409), "transition_not_allowed");
        stage.seal().await;
        let events = stage.get(Who::Gul, &format!("{mandate}/events")).await;
        assert!(events.text.contains("mandate.reconfirmed"));
    });
}

#[test]
fn a_firm_whose_check_is_not_settled_publishes_nothing() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        stage
            .go(Who::Dana, &profile, act("pause"))
            .await
            .expect(200);
        stage.go(Who::Gul, &mandate, act("pause")).await.expect(200);
        let investor = super::investors::approved(&stage).await;
        for (firm, verdict) in [(stage.startup.id, "review"), (stage.investor.id, "review")] {
            check(&stage, firm, verdict).await;
        }
        for (who, path) in [
            (Who::Dana, &profile),
            (Who::Gul, &mandate),
            (Who::Gul, &investor),
            (Who::Curator, &mandate),
        ] {
            let told = blocked(&stage, who, path, "publish").await;
            assert_eq!(told["code"], "clearance_needed", "{path}");
            let refused = stage.go(who, path, act("publish")).await.expect(409);
            assert_eq!(refused["code"], "clearance_needed", "{path}");
        }
        check(&stage, stage.investor.id, "clear").await;
        for path in [&mandate, &investor] {
            stage.go(Who::Gul, path, act("publish")).await.expect(200);
        }
        // What was found of a firm it doesn't read anywhere.
        check(&stage, stage.startup.id, "blocked").await;
        let refused = stage.go(Who::Dana, &profile, act("publish")).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(!refused.text.contains("blocked"), "{}", refused.text);
        for below in ["", "/transitions", "/events"] {
            let seen = stage.get(Who::Dana, &format!("{profile}{below}")).await;
            assert_eq!(seen.status, 200);
            assert!(!seen.text.contains("blocked"), "{below}: {}", seen.text);
        }
        // A check that ran out says no more.
        stage.go(Who::Gul, &mandate, act("pause")).await.expect(200);
        stage.context.clock.advance(TimeDelta::days(365));
        let late = stage.go(Who::Gul, &mandate, act("publish")).await;
        assert_eq!(late.code(409), "clearance_needed");
    });
}

#[test]
fn everything_that_stands_in_the_way_is_named_before_and_after() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut whole = whole_profile();
        whole["one_liner"]["he"] = json!({"text": "מים מהאוויר, טלפון 052-123-4567"});
        whole["summary"] = json!({});
        whole["primary_tags"] = json!(["weapons"]);
        let draft = stage.post(Who::Dana, "/v1/startup-profiles", whole).await;
        let path = draft.location.clone().unwrap();
        draft.expect(201);
        let told = blocked(&stage, Who::Dana, &path, "submit").await;
        let faults = |all: &Value| -> Vec<String> {
            let all = all.as_array().unwrap().iter();
            all.map(|it| format!("{} {}", it["pointer"], it["code"]).replace('"', ""))
                .collect()
        };
        let expected = [
            "#/summary/en required",
            "# prohibited_tag",
            "#/one_liner/he carries_phone",
        ];
        assert_eq!(faults(&told["missing"]), expected);
        let refused = stage.go(Who::Dana, &path, act("submit")).await.expect(409);
        assert_eq!(refused["code"], told["code"]);
        assert_eq!(faults(&refused["errors"]), expected);
        // One that was rejected a day ago and lacks something hears of both.
        let repaired = json!({
            "one_liner": {"he": null}, "primary_tags": ["water"],
            "summary": {"en": {"text": "Panels that collect it at night."}}});
        stage.edit(Who::Dana, &path, repaired).await.expect(200);
        stage.go(Who::Dana, &path, act("submit")).await.expect(200);
        stage
            .go(Who::Curator, &path, act("claim"))
            .await
            .expect(200);
        let no = json!({"action": "reject", "reason": "stage_too_early"});
        stage.go(Who::Curator, &path, no).await.expect(200);
        let worse =
            json!({"stage": null, "summary": {"ru": {"text": "Пишите: dana@tamar.example"}}});
        stage.edit(Who::Dana, &path, worse).await.expect(200);
        let told = blocked(&stage, Who::Dana, &path, "submit").await;
        assert_eq!(told["code"], "rejected_recently");
        let expected = [
            "# rejected_recently",
            "#/stage required",
            "#/summary/ru carries_address",
        ];
        assert_eq!(faults(&told["missing"])[..2], expected[..2]);
        assert!(faults(&told["missing"]).contains(&expected[2].to_owned()));
        let work = stage.get(Who::Dana, "/v1/worklist").await;
        assert!(!work.text.contains("\"submit\""), "{}", work.text);
    });
}

/// What an import's report says of each row, by its external id.
async fn told_of(who: &Client, import: &Value) -> BTreeMap<String, Vec<String>> {
    let path = format!("/v1/imports/{}/rows", import["id"].as_str().unwrap());
    let page = who.get(&path).await.expect(200);
    let rows = page.body["items"].as_array().unwrap().iter();
    rows.map(|row| {
        let faults = row["faults"].as_array().unwrap().iter();
        let faults = faults.map(|it| format!("{} {}", it["pointer"], it["code"]).replace('"', ""));
        let id = row["external_id"].as_str().unwrap();
        (id.to_owned(), faults.collect())
    })
    .collect()
}

async fn own_corridor(app: &App) -> (Client, String) {
    let curator = operator(app, "Curator", &[Role::Curator]).await;
    let party = firm(app, "investor", "Xezer", "AZ").await;
    let programme = active_programme(&curator, "il-az", &party.id).await;
    (curator, id_of(&programme))
}

#[test]
fn an_import_publishes_nothing_that_people_have_to_look_at() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let (curator, programme) = own_corridor(&app).await;
        let row = |id: &str, change: &dyn Fn(&mut Value)| {
            let mut row = startup(id);
            row["organization"]["legal_name"] = json!(format!("Firm of {id}"));
            row["organization"]["names"] = json!({});
            change(&mut row["startup_profile"]);
            row
        };
        let file = lines(&[
            row("clean", &|_| ()),
            row("words", &|it| {
                it["summary"]["en"]["text"] = json!("Software for weapons.");
            }),
            row("answers", &|it| it["controls"]["dual_use"] = json!(true)),
            row("hole", &|it| it["controls"] = Value::Null),
            row("phone", &|it| {
                it["one_liner"]["he"] = json!({"text": "מים מהאוויר, טלפון 052-123-4567"});
            }),
        ]);
        let query = format!("?programme={programme}&ask_contacts=false");
        let import = imported(&app, &curator, &query, NDJSON, &file).await;
        assert_eq!(import["state"], "done", "{import:#}");
        let at = |what: &str| vec![format!("/startup_profile{what}")];
        let expected = BTreeMap::from([
            ("clean".to_owned(), vec![]),
            ("words".to_owned(), at("/summary/en sensitive_words")),
            ("answers".to_owned(), at("/controls sensitive_answers")),
            ("hole".to_owned(), at("/controls required")),
            ("phone".to_owned(), at("/one_liner/he carries_phone")),
        ]);
        assert_eq!(told_of(&curator, &import).await, expected);
        let count = async |status: &str| {
            let path = format!("/v1/startup-profiles?status={status}");
            let page = curator.get(&path).await.expect(200);
            page.body["items"].as_array().map(Vec::len)
        };
        assert_eq!(count("published").await, Some(1));
        assert_eq!(count("in_review").await, Some(4));
        // Nor does the same file again.
        let again = imported(&app, &curator, &query, NDJSON, &file).await;
        assert_eq!(again["progress"]["unchanged"], 5, "{again:#}");
        assert_eq!(told_of(&curator, &again).await, expected);
        assert_eq!(count("published").await, Some(1));
    });
}

#[test]
fn who_confirms_in_one_language_lets_no_other_tell_the_firm() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let (curator, programme) = own_corridor(&app).await;
        let mut row = startup("s-1");
        row["contact"]["language"] = json!("en");
        let query = format!("?programme={programme}&ask_contacts=true");
        let import = imported(&app, &curator, &query, NDJSON, &lines(&[row])).await;
        assert_eq!(import["state"], "done", "{import:#}");
        let page = curator.get("/v1/startup-profiles").await.expect(200);
        let id: StartupProfileId = page.body["items"][0]["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let path = format!("/v1/startup-profiles/{id}");
        assert_eq!(page.body["items"][0]["status"], "published");
        // As an import of former days left it.
        let dirty = move |conn: &mut Conn| -> Result<(), Error> {
            let mut profile = db::startup_profiles::find(conn, id)?.unwrap();
            put_in(&mut profile, "ru", "Вода из воздуха, тел. 052-123-4567");
            assert!(db::startup_profiles::update(conn, &profile)?);
            Ok(())
        };
        app.context.db.write(dirty).await.unwrap();
        answer(&app, CONTACT, "confirm").await;
        let claimed = curator.get(&path).await.expect(200);
        assert_eq!(claimed.body["claimed"], true);
        assert_eq!(claimed.text("status"), "in_review");
        let approve = curator.act(&path, "*", &act("approve")).await;
        approve.refused(409, "texts_not_clean");
    });
}

fn put_in(profile: &mut StartupProfile, language: &str, text: &str) {
    let text = LocalText {
        text: text.to_owned(),
        state: TextState::Original,
    };
    let language = language.parse().unwrap();
    profile.content.one_liner.insert(language, text);
    profile.version += 1;
}

#[test]
fn a_teaser_leaves_out_what_would_tell_whose_it_is() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let mut profile = stage.profile.clone();
        put_in(
            &mut profile,
            "az",
            "Sızmanı tapır. Zəng edin: +994 50 123 45 67",
        );
        let write = move |conn: &mut Conn| db::startup_profiles::update(conn, &profile);
        assert!(stage.context.db.write(write).await.unwrap());
        for path in [&matched, "/v1/matches"] {
            let seen = stage.get(Who::Gul, path).await;
            assert!(seen.text.contains("Finds leaks"), "{}", seen.text);
            assert!(!seen.text.contains("994"), "{}", seen.text);
        }
    });
}

#[test]
fn pages_on_a_host_that_many_share_contest_nobody() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        for id in ["a", "b"] {
            let mut row = startup(id);
            row["organization"]["legal_name"] = json!(format!("Firm {id}"));
            row["organization"]["names"] = json!({});
            row["organization"]["website"] =
                json!(format!("https://www.linkedin.com/company/{id}"));
            row["contact"]["email"] = json!(format!("office@{id}.example"));
            let made = office.owner.post("/v1/referrals", &row).await.expect(201);
            assert_eq!(
                (
                    made.text("state"),
                    made.text("claim"),
                    &made.body["missing"]
                ),
                ("submitted", "asked", &json!([]))
            );
        }
    });
}
