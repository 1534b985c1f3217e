//! `Idempotency-Key`: what is asked for twice is done once and answered twice.

use std::cell::RefCell;
use std::collections::BTreeSet;

use corridor::db::{self, Conn, outbox};
use corridor::domain::account::Role;
use corridor::domain::ids::IntroductionId;
use corridor::domain::introduction::IntroductionStatus;
use corridor::http;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::stage::{Answer, BLURB, Stage, Who};
use crate::support::database::on_each_backend;

/// Routes without a caller whose promise a key could be, or that are about the
/// caller's own account; repeating them is no harm.
const WITHOUT_CALLER: [&str; 12] = [
    "/v1/registrations",
    "/v1/sessions",
    "/v1/password-resets",
    "/v1/oauth/",
    "/v1/me/second-factor",
    "/v1/me/deactivation",
    "/tickets",
    "/mail-settings",
    "/unsubscribe",
    "/pulse",
    "/matches",
    "/my-consents",
];

/// Routes that make nothing, or where the same again finds nothing left to
/// decide.
const REPEATABLE: [&str; 2] = ["/v1/tag-suggestions", "/v1/reviews/decisions"];

/// Routes that take a key in the same way, whose repetition is not tried here.
const UNTRIED: [&str; 18] = [
    "/v1/commitments/{id}/evidence",
    "/v1/commitments/{id}/transitions",
    "/v1/duplicates",
    "/v1/duplicates/{id}/transitions",
    "/v1/exports",
    "/v1/exports/{id}/transitions",
    "/v1/imports",
    "/v1/imports/{id}/transitions",
    "/v1/programmes/{id}/comments",
    "/v1/programmes/{id}/commitments",
    "/v1/programmes/{id}/releases",
    "/v1/programmes/{id}/releases/{release}/transitions",
    "/v1/programmes/{id}/rematches",
    "/v1/programmes/{id}/rematches/{rematch}/transitions",
    "/v1/programmes/{id}/renewals",
    "/v1/programmes/{id}/signings",
    "/v1/rates",
    "/v1/suppressions",
];

/// Routes that take a key and have tests of their own for it, beside what they
/// make: a secret is not in the second answer.
const ELSEWHERE: [&str; 7] = [
    "/v1/me/keys",
    "/v1/me/consents/{id}/withdrawal",
    "/v1/clients/{id}/secrets",
    "/v1/organizations/{id}/clients",
    "/v1/organizations/{id}/invitations",
    "/v1/organizations/{id}/claims",
    "/v1/people/{id}/transitions",
];

/// The routes of the contract that make or move something.
fn posts() -> BTreeSet<String> {
    let document = http::openapi::document(http::api::routes);
    let document = serde_json::to_value(document).unwrap();
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(post) = item.get("post") else {
            continue;
        };
        let without = WITHOUT_CALLER.iter().any(|it| path.starts_with(it));
        let repeatable = REPEATABLE.contains(&path.as_str());
        if without || repeatable || path.starts_with("/consent") {
            continue;
        }
        let parameters = post["parameters"].as_array().into_iter().flatten();
        let mut names = parameters.map(|it| it["name"].as_str().unwrap());
        assert!(names.any(|name| name == "Idempotency-Key"), "{path}");
        if ELSEWHERE.contains(&path.as_str()) || UNTRIED.contains(&path.as_str()) {
            continue;
        }
        routes.insert(path.clone());
    }
    routes
}

/// Sends requests twice and remembers which routes they went to.
struct Twice<'a> {
    stage: &'a Stage,
    routes: RefCell<BTreeSet<String>>,
}

impl Twice<'_> {
    async fn send(&self, who: Who, path: &str, key: &str, body: &Value) -> Answer {
        let request = self
            .stage
            .request(who, "POST", path)
            .header("If-Match", "*")
            .header("Idempotency-Key", key)
            .json(body);
        Answer::of(request.send().await.unwrap()).await
    }

    async fn events(&self) -> usize {
        self.stage.seal().await;
        let page = |conn: &mut Conn| db::events::page(conn, 0, 1_000);
        self.stage.context.db.read(page).await.unwrap().len()
    }

    /// Does it once, asks again, and tries another request under its key. The
    /// address of what was made, or its document.
    async fn does(&self, route: &str, who: Who, path: &str, body: Value) -> (String, Value) {
        let key = Uuid::now_v7().to_string();
        let first = self.send(who, path, &key, &body).await;
        assert!(first.status < 300, "{route}: {}", first.text);
        let events = self.events().await;
        let again = self.send(who, path, &key, &body).await;
        assert_eq!(
            (again.status, &again.etag, &again.location, &again.text),
            (first.status, &first.etag, &first.location, &first.text),
            "{route}"
        );
        assert_eq!(self.events().await, events, "{route} was done twice");
        let elsewhere = format!("{path}?");
        let mut other = body;
        // Every body is one object; a space more in a text is another request.
        let texts = other.as_object_mut().into_iter().flatten();
        let mut texts = texts.filter(|(name, value)| {
            matches!(name.as_str(), "reason" | "basis" | "blurb" | "title") && value.is_string()
        });
        if let Some((_, text)) = texts.next() {
            *text = json!(format!("{} Again.", text.as_str().unwrap()));
            let reused = self.send(who, &elsewhere, &key, &other).await;
            assert_eq!(reused.code(422), "idempotency_key_reused", "{route}");
        }
        self.routes.borrow_mut().insert(route.to_owned());
        let view = serde_json::from_str(&first.text).unwrap_or(Value::Null);
        (first.location.unwrap_or_default(), view)
    }

    async fn moves(&self, noun: &str, who: Who, record: &str, body: Value) -> Value {
        let route = format!("/v1/{noun}/{{id}}/transitions");
        let path = format!("{record}/transitions");
        self.does(&route, who, &path, body).await.1
    }
}

/// The mail's going out is the worker's part and noted here in its place.
async fn sent(stage: &Stage, introduction: &str) {
    let id: IntroductionId = introduction.rsplit('/').next().unwrap().parse().unwrap();
    let sent = move |conn: &mut Conn| {
        let mut record = db::introductions::find(conn, id)?.unwrap();
        record.status = IntroductionStatus::Sent;
        record.version += 1;
        db::introductions::update(conn, &record)
    };
    assert!(stage.context.db.write(sent).await.unwrap());
}

/// A message that was given up, and somebody who may have it tried again.
async fn given_up(stage: &Stage) -> String {
    let (auditor, now) = (stage.user(Who::Auditor).id, stage.context.now());
    let write = move |conn: &mut Conn| {
        let operator = db::users::memberships(conn, auditor)?[0].organization;
        db::users::insert_membership(conn, auditor, operator, Role::Admin, now)?;
        let holder = Uuid::now_v7();
        let lease = chrono::TimeDelta::minutes(1);
        let claimed = outbox::claim(conn, holder, now, lease, 1)?;
        outbox::dead(conn, claimed[0].id, holder, "refused", now)?;
        Ok::<_, db::Error>(claimed[0].id)
    };
    let id = stage.context.db.write(write).await.unwrap();
    format!("/v1/messages/{id}")
}

async fn introductions_and_deals(twice: &Twice<'_>) {
    let stage = twice.stage;
    let pair = json!({
        "programme": stage.programme.id.to_string(),
        "startup_profile": stage.profile.id.to_string(),
        "mandate": stage.mandate.id.to_string(),
    });
    let (matched, view) = twice
        .does("/v1/matches", Who::Curator, "/v1/matches", pair)
        .await;
    let release = json!({"action": "release", "to": "both"});
    twice
        .moves("matches", Who::Curator, &matched, release)
        .await;
    let asked = json!({"match": view["id"], "blurb": BLURB});
    let route = "/v1/introductions";
    let (introduction, _) = twice.does(route, Who::Dana, route, asked).await;
    let message = given_up(stage).await;
    let retry = json!({"action": "retry"});
    twice.moves("messages", Who::Auditor, &message, retry).await;
    let yes = json!({"action": "accept"});
    twice
        .moves("introductions", Who::Gul, &introduction, yes)
        .await;
    sent(stage, &introduction).await;
    let convert = json!({"action": "convert"});
    let converted = stage.go(Who::Curator, &introduction, convert).await;
    converted.expect(200);
    let deals = stage.get(Who::Gul, "/v1/deals").await.expect(200);
    let deal = format!("/v1/deals/{}", deals["items"][0]["id"].as_str().unwrap());
    let report = json!({"action": "report"});
    twice.moves("deals", Who::Dana, &deal, report).await;
}

async fn records(twice: &Twice<'_>) {
    let stage = twice.stage;
    let route = "/v1/mandates";
    let draft = json!({"title": "Energy"});
    let (mandate, view) = twice.does(route, Who::Gul, route, draft).await;
    let withdraw = json!({"action": "withdraw"});
    let admission = json!({"mandate": view["id"]});
    let route = "/v1/programmes/{id}/admissions";
    let path = format!("/v1/programmes/{}/admissions", stage.programme.id);
    let (_, admitted) = twice.does(route, Who::Curator, &path, admission).await;
    assert_eq!(admitted["new"], true);
    twice.moves("mandates", Who::Gul, &mandate, withdraw).await;

    let route = "/v1/startup-profiles";
    let (_, _) = twice.does(route, Who::Dana, route, json!({})).await;
    let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
    let route = "/v1/startup-profiles/{id}/compliance-agreement";
    let path = format!("{profile}/compliance-agreement");
    twice.does(route, Who::Compliance, &path, json!({})).await;
    let pause = json!({"action": "pause"});
    twice
        .moves("startup-profiles", Who::Dana, &profile, pause)
        .await;

    let partner = stage.partner().await;
    let referral = json!({
        "partner": partner.to_string(),
        "external_id": "crm-1",
        "organization": { "kind": "startup", "legal_name": "Negev", "country": "IL" },
        "contact": { "email": "dana@negev.example" },
        "startup_profile": {},
    });
    let route = "/v1/referrals";
    twice
        .does(route, Who::Curator, route, referral.clone())
        .await;
    // The same again under another key is no second referral.
    let (_, again) = twice.does(route, Who::Curator, route, referral).await;
    assert_eq!(again["external_id"], "crm-1");

    let route = "/v1/programmes";
    let (programme, _) = twice
        .does(route, Who::Curator, route, draft_programme("az-il"))
        .await;
    let negotiate = json!({"action": "negotiate"});
    twice
        .moves("programmes", Who::Curator, &programme, negotiate)
        .await;
}

async fn rules(twice: &Twice<'_>) {
    let route = "/v1/rule-sets";
    let body = json!({"programme": twice.stage.programme.id.to_string()});
    let (draft, _) = twice.does(route, Who::Curator, route, body).await;
    let path = format!("{draft}/simulate");
    let route = "/v1/rule-sets/{id}/simulate";
    twice.does(route, Who::Curator, &path, json!({})).await;
    let publish = json!({"action": "publish"});
    twice
        .moves("rule-sets", Who::Curator, &draft, publish)
        .await;
}

fn draft_programme(slug: &str) -> Value {
    json!({
        "slug": slug,
        "title": "Water bridge",
        "corridors": [{"startup": "IL", "investor": "AZ"}],
        "starts_on": "2026-01-01",
        "ends_on": "2028-12-31",
    })
}

async fn compliance(twice: &Twice<'_>) {
    let stage = twice.stage;
    let check = json!({
        "organization": stage.startup.id.to_string(),
        "verdict": "clear",
        "basis": "Registry of companies",
        "valid_to": "2027-11-23",
    });
    let route = "/v1/clearances";
    twice.does(route, Who::Compliance, route, check).await;
    let order = json!({"scope": "country", "value": "GE", "reason": "A standing order."});
    let route = "/v1/freezes";
    let (_, freeze) = twice.does(route, Who::Compliance, route, order).await;
    let freeze = format!("/v1/freezes/{}", freeze["id"].as_str().unwrap());
    let lift = json!({"action": "lift"});
    let first = twice
        .moves("freezes", Who::Compliance, &freeze, lift.clone())
        .await;
    assert_eq!(first["lifted"], false);
    let second = twice.moves("freezes", Who::SecondCompliance, &freeze, lift);
    assert_eq!(second.await["lifted"], true);
    let apart = json!({
        "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
        "reason": "A conflict of interest.",
    });
    let route = "/v1/blocks";
    twice.does(route, Who::Compliance, route, apart).await;
}

#[test]
fn every_post_that_makes_or_moves_something_honours_its_key() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let twice = Twice {
            stage: &stage,
            routes: RefCell::default(),
        };
        introductions_and_deals(&twice).await;
        records(&twice).await;
        rules(&twice).await;
        compliance(&twice).await;
        assert_eq!(twice.routes.into_inner(), posts());
    });
}

#[test]
fn a_refusal_is_repeated_with_all_that_was_missing() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let draft = stage
            .post(Who::Dana, "/v1/startup-profiles", json!({}))
            .await;
        let profile = draft.location.clone().unwrap();
        draft.expect(201);
        let submit = async || {
            let request = stage
                .request(Who::Dana, "POST", &format!("{profile}/transitions"))
                .header("If-Match", "*")
                .header("Idempotency-Key", "8e03978e-40d5")
                .json(&json!({"action": "submit"}));
            Answer::of(request.send().await.unwrap()).await.expect(409)
        };
        let first = submit().await;
        assert!(first["errors"].as_array().unwrap().len() > 1, "{first}");
        // What would be refused otherwise now is refused as it was.
        let stated = json!({"stage": "seed"});
        stage.edit(Who::Dana, &profile, stated).await.expect(200);
        let again = submit().await;
        for part in ["code", "detail", "errors"] {
            assert_eq!(first[part], again[part], "{part}");
        }
    });
}

/// Once somebody has left a firm, no old key of theirs reads its records.
#[test]
fn a_replay_asks_again_who_may_read() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let pause = async || {
            let request = stage
                .request(Who::Gul, "POST", &format!("{mandate}/transitions"))
                .header("If-Match", "*")
                .header("Idempotency-Key", "8e03978e-40d5")
                .json(&json!({"action": "pause"}));
            Answer::of(request.send().await.unwrap()).await.status
        };
        assert_eq!((pause().await, pause().await), (200, 200));
        let (gul, firm) = (stage.user(Who::Gul).id, stage.investor.id);
        let leave =
            move |conn: &mut Conn| db::users::remove_membership(conn, gul, firm, Role::Owner);
        assert!(stage.context.db.write(leave).await.unwrap());
        assert_eq!(pause().await, 404);
    });
}

#[test]
fn twins_at_the_same_time_get_the_one_answer() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut twins = JoinSet::new();
        for _ in 0..8 {
            let request = stage
                .request(Who::Curator, "POST", "/v1/programmes")
                .header("Idempotency-Key", "8e03978e-40d5")
                .json(&draft_programme("az-il"));
            twins.spawn(async move { Answer::of(request.send().await.unwrap()).await });
        }
        let answers = twins.join_all().await;
        let made: BTreeSet<_> = answers.iter().map(|it| (it.status, &it.text)).collect();
        assert_eq!(made.len(), 1, "{made:?}");
        assert_eq!(answers[0].status, 201);
    });
}

/// On SQLite there is one writer, and a twin can only ever wait for its turn.
#[cfg(feature = "postgres")]
#[test]
fn a_twin_that_takes_too_long_is_told_so() {
    use corridor::db::idempotency::{Slot, begin};
    use diesel::Connection as _;

    on_each_backend(async |database| {
        if database.migrations() != "postgres" {
            return;
        }
        let stage = Stage::set(database).await;
        let slot = Slot {
            principal: stage.user(Who::Curator).id.to_string(),
            route: "POST /v1/programmes".to_owned(),
            key: "8e03978e-40d5".to_owned(),
        };
        let mut first = database.connect();
        first.begin_test_transaction().unwrap();
        begin(&mut first, &slot, &[0; 32], stage.context.now()).unwrap();
        let request = stage
            .request(Who::Curator, "POST", "/v1/programmes")
            .header("Idempotency-Key", "8e03978e-40d5")
            .json(&draft_programme("az-il"));
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.code(409), "idempotency_key_in_use");
    });
}
