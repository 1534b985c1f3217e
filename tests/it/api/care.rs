//! What people don't learn of each other, and what they don't get by a way
//! round: from versions and gaps, by links, files and parts that are over, and
//! in a capacity that their own firm bars them from.

use chrono::TimeDelta;
use corridor::db::imports::Lease;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::export::ExportState;
use corridor::domain::ids::{ExportId, OrganizationId, UserId};
use corridor::services::export_jobs::work;
use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::{Answer, BLURB, Stage, Who};
use crate::support::app::App;
use crate::support::builders::{address, colleague, firm, operator};
use crate::support::database::on_each_backend;

/// All that a side is told of a match.
async fn told(stage: &Stage, who: Who, matched: &str) -> (Option<String>, Value, Value, Value) {
    stage.seal().await;
    let seen = stage.get(who, matched).await;
    let etag = seen.etag.clone();
    let open = stage.get(who, &format!("{matched}/transitions")).await;
    let work = stage.get(who, "/v1/worklist?kind=answer_match").await;
    (etag, seen.expect(200), open.expect(200), work.expect(200))
}

async fn said(stage: &Stage, who: Who, matched: &str, etag: &str, body: Value) -> Value {
    let path = format!("{matched}/transitions");
    let request = stage.request(who, "POST", &path).header("If-Match", etag);
    let answer = request.json(&body).send().await.unwrap();
    Answer::of(answer).await.expect(200)
}

#[test]
fn a_side_is_answered_from_its_own_view_of_a_match() {
    for answer in [
        json!({"action": "interested"}),
        json!({"action": "pass", "reason": "team"}),
        json!({"action": "snooze", "until": "2026-12-01"}),
    ] {
        on_each_backend(async |database| {
            let stage = Stage::set(database).await;
            let matched = stage.released().await;
            let before = told(&stage, Who::Dana, &matched).await;
            assert_eq!(before.2["available"].as_array().unwrap().len(), 3);
            assert_eq!(before.3["items"].as_array().unwrap().len(), 1);
            stage.context.clock.advance(TimeDelta::minutes(5));
            let note = json!({"action": "pin", "reason": "Asked for."});
            stage.go(Who::Curator, &matched, note).await.expect(200);
            stage
                .go(Who::Gul, &matched, answer.clone())
                .await
                .expect(200);
            assert_eq!(told(&stage, Who::Dana, &matched).await, before, "{answer}");
            let etag = before.0.unwrap();
            let interested = json!({"action": "interested"});
            let own = said(&stage, Who::Dana, &matched, &etag, interested).await;
            let expected = match answer["action"].as_str().unwrap() {
                "interested" => "mutual",
                _ => "interested",
            };
            assert_eq!(own["status"], expected, "{answer}");
            assert_ne!(own["version"], before.1["version"]);
        });
    }
}

#[test]
fn an_introduction_that_is_held_or_refused_by_a_pass_is_not_told() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let before = told(&stage, Who::Dana, &matched).await;
        let blurb = "Sensors that guard a border security post would fit.";
        let made = stage.request_introduction(Who::Gul, &matched, blurb).await;
        let held = made.location.clone().unwrap();
        made.expect(201);
        assert_eq!(told(&stage, Who::Dana, &matched).await, before);
        let asked = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        assert_eq!(asked.code(409), "not_available_now");
        let until = json!({"action": "snooze", "until": "2026-12-01"});
        let own = stage.go(Who::Dana, &matched, until).await.expect(200);
        assert_eq!(own["status"], "snoozed");
        stage.context.clock.advance(TimeDelta::days(8));
        corridor::services::matches::wake_due(&stage.context)
            .await
            .unwrap();
        let own = stage.get(Who::Dana, &matched).await.expect(200);
        assert_eq!(own["status"], "released");
        let pass = json!({"action": "pass", "reason": "team"});
        stage.go(Who::Dana, &matched, pass).await.expect(200);
        let refuse = json!({"action": "refuse", "reason": "No."});
        stage.go(Who::Compliance, &held, refuse).await.expect(200);
        let known = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(known["status"], "passed");
    });
}

#[test]
fn hidden_events_leave_no_gap_and_no_position() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let pin = json!({"action": "pin", "reason": "Asked for."});
        stage.go(Who::Curator, &matched, pin).await.expect(200);
        let pass = json!({"action": "pass", "reason": "team"});
        stage.go(Who::Gul, &matched, pass.clone()).await.expect(200);
        stage.go(Who::Dana, &matched, pass).await.expect(200);
        stage.seal().await;
        let part = async |after: &Value| {
            let path = format!("{matched}/events?limit=1&after={after}");
            stage.get(Who::Dana, &path).await.expect(200)
        };
        let first = part(&json!(0)).await;
        assert_eq!(first["items"][0]["payload"]["action"], "release");
        assert_eq!(first["next_after"], first["items"][0]["position"]);
        let second = part(&first["next_after"]).await;
        assert_eq!(second["items"][0]["payload"]["action"], "pass");
        assert_eq!(second.get("next_after"), None, "{second}");
        let firms = [stage.startup.id.to_string(), stage.investor.id.to_string()];
        let apart = json!({"organizations": firms, "reason": "A conflict of interest."});
        let apart = stage.post(Who::Compliance, "/v1/blocks", apart).await;
        assert_eq!(apart.status, 204);
        stage.seal().await;
        let own = format!("/v1/organizations/{}/events?limit=1", stage.startup.id);
        let own = stage.get(Who::Dana, &own).await.expect(200);
        assert_eq!(own, json!({"items": []}));
    });
}

#[test]
fn what_compliance_decides_is_not_in_the_profiles_own_history() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, "cyber_commercial").await;
        let matched = stage.matched().await;
        let allow = json!({"action": "allow", "reason": "Civil use only."});
        stage.go(Who::Compliance, &matched, allow).await.expect(200);
        stage.seal().await;
        let path = format!("/v1/startup-profiles/{}/events", stage.profile.id);
        let whole = stage.get(Who::Compliance, &path).await;
        assert!(whole.text.contains("disclosure_released"), "{}", whole.text);
        let own = stage.get(Who::Dana, &path).await;
        assert_eq!(own.status, 200);
        assert!(!own.text.contains("disclosure_released"), "{}", own.text);
    });
}

#[test]
fn no_admin_joins_a_firm_by_themselves_and_owners_read_who_came() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let admin = operator(&app, "Admin", &[Role::Admin]).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let path = format!("/v1/organizations/{}/invitations", tamar.id);
        let body = json!({"email": address("Admin"), "role": "owner"});
        admin.post(&path, &body).await.refused(409, "own_part");
        let eli = colleague(&app, &tamar, "Eli", Role::Editor).await;
        let eli = eli.get("/v1/me").await.expect(200).text("id").to_owned();
        app.seal().await;
        let events = format!("/v1/organizations/{}/events", tamar.id);
        let events = tamar.owner.get(&events).await.expect(200);
        let events = events.body["items"].as_array().unwrap();
        let came = events
            .iter()
            .find(|event| event["kind"] == "organization.member_joined");
        let came = &came.unwrap()["payload"];
        assert_eq!(came, &json!({"person": eli, "role": "editor"}));
    });
}

async fn operator_of(stage: &Stage) -> OrganizationId {
    let me = stage.get(Who::Curator, "/v1/me").await.expect(200);
    let operator = me["memberships"][0]["organization"].as_str().unwrap();
    operator.parse().unwrap()
}

async fn becomes(stage: &Stage, who: Who, role: Role) {
    let (person, now) = (stage.user(who).id, stage.context.now());
    let operator = operator_of(stage).await;
    let join =
        move |conn: &mut Conn| db::users::insert_membership(conn, person, operator, role, now);
    stage.context.db.write(join).await.unwrap();
}

#[test]
fn nobody_curates_or_clears_what_their_own_firm_has_a_part_in() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        becomes(&stage, Who::Dana, Role::Curator).await;
        becomes(&stage, Who::Dana, Role::Compliance).await;
        let matched = stage.matched().await;
        let release = json!({"action": "release", "to": "both"});
        let own = stage.go(Who::Dana, &matched, release.clone()).await;
        assert_eq!(own.status, 404, "{}", own.text);
        let explain = format!(
            "/v1/matches/explain?programme={}&startup_profile={}&mandate={}",
            stage.programme.id, stage.profile.id, stage.mandate.id
        );
        assert_eq!(stage.get(Who::Dana, &explain).await.status, 404);
        stage.go(Who::Curator, &matched, release).await.expect(200);
        for path in [matched.clone(), "/v1/matches".to_owned()] {
            let seen = stage.get(Who::Dana, &path).await;
            assert_eq!(seen.status, 200);
            assert!(!seen.text.contains("Khazar"), "{}", seen.text);
            assert!(!seen.text.contains("investor_response"), "{}", seen.text);
        }
        let draft = stage
            .post(
                Who::Dana,
                "/v1/startup-profiles",
                crate::support::builders::whole_profile(),
            )
            .await;
        let draft = draft.location.unwrap();
        let submit = json!({"action": "submit"});
        stage.go(Who::Dana, &draft, submit).await.expect(200);
        let claim = json!({"action": "claim"});
        let own = stage.go(Who::Dana, &draft, claim.clone()).await;
        assert!(matches!(own.status, 403 | 409), "{}", own.text);
        stage.go(Who::Curator, &draft, claim).await.expect(200);
        // For others they are what they were.
        let other = stage.another_startup("Negev Eye").await;
        let theirs = stage.matched_with(&other).await;
        let release = json!({"action": "release", "to": "both"});
        stage.go(Who::Dana, &theirs, release).await.expect(200);
    });
}

#[test]
fn nobody_ranks_puts_on_record_or_releases_for_a_firm_of_their_own() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let other = stage.another_startup("Negev Eye").await;
        let matched = stage.matched().await;
        let theirs = stage.matched_with(&other).await;
        becomes(&stage, Who::Dana, Role::Curator).await;
        let own = format!("/v1/matches?startup={}", stage.profile.id);
        stage.get(Who::Dana, &own).await.expect(404);
        let path = format!("/v1/matches?mandate={}", stage.mandate.id);
        let lines = |answer: &Value| -> Vec<Value> {
            let items = answer["items"].as_array().unwrap();
            items
                .iter()
                .map(|it| it["startup_profile"].clone())
                .collect()
        };
        let seen = stage.get(Who::Dana, &path).await.expect(200);
        assert_eq!(lines(&seen), [json!(other.id.to_string())]);
        let all = stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(lines(&all).len(), 2);

        let body = json!({
            "programme": stage.programme.id.to_string(),
            "startup_profile": stage.profile.id.to_string(),
            "mandate": stage.mandate.id.to_string(),
        });
        stage.post(Who::Dana, "/v1/matches", body).await.expect(404);

        let releases = format!("/v1/programmes/{}/releases", stage.programme.id);
        let named = json!({"to": "both", "matches": [id_of(&matched)]});
        let refused = stage.post(Who::Dana, &releases, named.clone()).await;
        assert!(refused.text.contains("unknown_match"), "{}", refused.text);
        let both = json!({"to": "both", "matches": [id_of(&matched), id_of(&theirs)]});
        let made = stage.post(Who::Curator, &releases, both).await;
        let release = made.location.clone().unwrap();
        made.expect(201);
        let read = stage.get(Who::Dana, &release).await.expect(200);
        assert_eq!(read["lines"].as_array().unwrap().len(), 1, "{read}");
        let confirm = json!({"action": "confirm"});
        stage.go(Who::Dana, &release, confirm).await.expect(200);
        let status = async |path: &str| {
            let found = stage.get(Who::Curator, path).await.expect(200);
            found["status"].as_str().unwrap().to_owned()
        };
        assert_eq!(status(&matched).await, "candidate");
        assert_eq!(status(&theirs).await, "released");
    });
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

async fn export(stage: &Stage, who: Who, wanted: Value) -> String {
    let made = stage.post(who, "/v1/exports", wanted).await;
    let path = made.location.clone().unwrap();
    made.expect(201);
    path
}

async fn let_work(stage: &Stage) {
    let holder = Uuid::now_v7();
    while work::work(&stage.context, holder).await.unwrap() {}
}

#[test]
fn a_file_does_not_outlive_the_part_it_was_made_in() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        becomes(&stage, Who::Dana, Role::Curator).await;
        let wanted = json!({"kind": "mandates", "format": "ndjson"});
        let path = export(&stage, Who::Dana, wanted.clone()).await;
        stage.context.clock.advance(TimeDelta::seconds(1));
        let waits = export(&stage, Who::Dana, wanted).await;
        let id: ExportId = path.rsplit('/').next().unwrap().parse().unwrap();
        let stays: ExportId = waits.rsplit('/').next().unwrap().parse().unwrap();
        // Only the first is made while the part is played.
        work::work(&stage.context, Uuid::now_v7()).await.unwrap();
        let file = format!("{path}/file");
        assert_eq!(stage.get(Who::Dana, &file).await.status, 200);
        let (person, operator) = (stage.user(Who::Dana).id, operator_of(&stage).await);
        let leave = move |conn: &mut Conn| {
            db::users::remove_membership(conn, person, operator, Role::Curator).map(drop)
        };
        stage.context.db.write(leave).await.unwrap();
        assert_eq!(stage.get(Who::Dana, &file).await.status, 404);
        let_work(&stage).await;
        let states = move |conn: &mut Conn| {
            let state = |found: Option<corridor::domain::export::Export>| found.unwrap().state;
            let made = state(db::exports::find(conn, id)?);
            Ok::<_, db::Error>((made, state(db::exports::find(conn, stays)?)))
        };
        let states = stage.context.db.read(states).await.unwrap();
        assert_eq!(states, (ExportState::Ready, ExportState::Failed));
    });
}

#[test]
fn a_worker_that_lost_its_export_writes_nothing_down() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let wanted = json!({"kind": "mandates", "format": "csv"});
        let path = export(&stage, Who::Curator, wanted).await;
        let id: ExportId = path.rsplit('/').next().unwrap().parse().unwrap();
        let (slow, quick) = (Uuid::now_v7(), Uuid::now_v7());
        let now = stage.context.now();
        let lease = |holder, from| Lease {
            holder,
            until: from + TimeDelta::seconds(30),
        };
        let later = now + TimeDelta::seconds(31);
        let (first, second) = (lease(slow, now), lease(quick, later));
        let race = move |conn: &mut Conn| {
            let before = db::exports::claim(conn, id, first, now)?.unwrap();
            let after = db::exports::claim(conn, id, second, later)?.unwrap();
            let late = before.at(1, later);
            assert!(!db::exports::update_held(conn, &late, Some(first), slow)?);
            // Not even one that read where it stands by now.
            let failed = after.clone().failed("broken", later);
            assert!(!db::exports::update_held(conn, &failed, None, slow)?);
            assert!(db::exports::update_held(
                conn,
                &after.at(1, later),
                Some(second),
                quick
            )?);
            Ok::<_, db::Error>(())
        };
        stage.context.db.write(race).await.unwrap();
        stage.context.clock.advance(TimeDelta::seconds(120));
        let_work(&stage).await;
        let file = stage.get(Who::Curator, &format!("{path}/file")).await;
        assert_eq!(file.status, 200, "{}", file.text);
    });
}

#[test]
fn a_file_of_matches_is_limited_by_no_record_that_is_hidden() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        stage.released().await;
        let startup = stage.profile.id.to_string();
        let path = format!("/v1/matches?startup={startup}");
        let listed = stage.get(Who::Gul, &path);
        assert_eq!(listed.await.status, 404);
        let filters = json!({"startup": startup});
        let wanted = json!({"kind": "matches", "format": "ndjson", "filters": filters});
        let refused = stage.post(Who::Gul, "/v1/exports", wanted).await;
        assert_eq!(refused.status, 404);
        let files = stage.get(Who::Gul, "/v1/exports").await.expect(200);
        assert_eq!(files["items"], json!([]));
    });
}

#[test]
fn releasing_many_is_the_curators_and_goes_by_the_name_of_who_confirms() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.matched().await;
        let releases = format!("/v1/programmes/{}/releases", stage.programme.id);
        let both = json!({"to": "both"});
        let looked = stage.post(Who::Compliance, &releases, both.clone()).await;
        looked.code(403);
        let made = stage.post(Who::Curator, &releases, both).await;
        let release = made.location.unwrap();
        let confirm = json!({"action": "confirm"});
        let early = stage.go(Who::Compliance, &release, confirm.clone()).await;
        early.code(403);
        becomes(&stage, Who::SecondCompliance, Role::Curator).await;
        stage
            .go(Who::SecondCompliance, &release, confirm)
            .await
            .expect(200);
        stage.seal().await;
        let events = stage.get(Who::Auditor, &format!("{matched}/events")).await;
        let events = events.expect(200);
        let last = events["items"].as_array().unwrap().last().unwrap();
        assert_eq!(last["payload"]["action"], "release");
        let by: UserId = stage.user(Who::SecondCompliance).id;
        assert_eq!(last["actor"]["id"], by.to_string());
    });
}

#[test]
fn words_of_a_request_are_let_through_by_who_says_that_they_read_them() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let blurb = "Sensors that guard a border security post would fit.";
        let made = stage.request_introduction(Who::Dana, &matched, blurb).await;
        let introduction = made.location.clone().unwrap();
        made.expect(201);
        let queue = stage.get(Who::Compliance, "/v1/reviews").await.expect(200);
        let review = queue["items"][0].clone();
        assert_eq!(review["rules"], json!(["terms"]), "{review}");
        assert_eq!(review["worded"][0]["words"], json!(["border security"]));
        let id = introduction.rsplit('/').next().unwrap();
        assert_eq!(review["worded"][0]["introduction"], id);
        let version = review["worded"][0]["version"].as_i64().unwrap();
        let decided = async |read: Value| {
            let body = json!({
                "scopes": [review["scope"]], "ruling": "release", "reason": "A water post.",
                "read": read,
            });
            let decided = stage
                .post(Who::Compliance, "/v1/reviews/decisions", body)
                .await;
            decided.expect(200)["items"][0]["records"][0].clone()
        };
        assert_eq!(decided(json!([])).await["refused"], "words_unread");
        let read = |version| json!([{"introduction": id, "version": version}]);
        let stale = decided(read(version - 1)).await;
        assert_eq!(stale["refused"], "changed_meanwhile");
        let held = stage.get(Who::Curator, &introduction).await.expect(200);
        assert_eq!(held["status"], "held");
        assert_eq!(decided(read(version)).await["status"], "asking_first");
    });
}
