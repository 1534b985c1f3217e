//! A walk over every route that makes or moves something, each asked twice
//! under one key.

use std::cell::RefCell;
use std::collections::BTreeSet;

use corridor::db::{self, Conn, outbox};
use corridor::domain::account::Role;
use corridor::domain::ids::IntroductionId;
use corridor::domain::introduction::IntroductionStatus;
use corridor::domain::programme::{Party, PartyRole};
use corridor::http;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::{Answer, BLURB, Stage, Who};
use crate::support::database::on_each_backend;

/// Routes without a caller whose promise a key could be, or that are about the
/// caller's own account; repeating them is no harm.
const WITHOUT_CALLER: [&str; 14] = [
    "/v1/registrations",
    "/v1/sessions",
    "/v1/password-resets",
    "/v1/oauth/",
    "/v1/me/second-factor",
    "/v1/me/deactivation",
    "/v1/me/erasure",
    "/tickets",
    "/mail-settings",
    "/unsubscribe",
    "/pulse",
    "/deals/",
    "/matches",
    "/my-consents",
];

/// A route that makes nothing.
const REPEATABLE: [&str; 1] = ["/v1/tag-suggestions"];

/// Routes that take a key and have tests of their own for it, beside what they
/// make: a secret is not in the second answer.
const ELSEWHERE: [&str; 24] = [
    "/v1/documents/{id}/versions",
    "/v1/startup-profiles/{id}/documents",
    "/v1/deals/{id}/documents",
    "/v1/me/keys",
    "/v1/deal-notes/{id}/decisions",
    "/v1/introductions/{id}/abuse-decisions",
    "/v1/held-texts/{id}/transitions",
    "/v1/practices/{id}/decisions",
    "/v1/me/consents",
    "/v1/me/consents/{id}/withdrawal",
    "/v1/me/consents/{id}/renewal",
    "/v1/clients/{id}/secrets",
    "/v1/organizations/{id}/clients",
    "/v1/organizations/{id}/invitations",
    "/v1/organizations/{id}/claims",
    "/v1/people/{id}/transitions",
    "/v1/clients/{id}/transitions",
    "/v1/me/keys/{id}/transitions",
    "/v1/me/consents/{id}/transitions",
    "/v1/organizations/{id}/invitations/{invitation}/transitions",
    "/v1/startup-profiles/{id}/grants/{grant}/transitions",
    "/v1/clearances/{id}/transitions",
    "/v1/deal-notes/{id}/transitions",
    "/v1/programmes/{id}/admissions/{record}/transitions",
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
        if ELSEWHERE.contains(&path.as_str()) {
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
    fn request(&self, who: Who, path: &str, key: &str) -> RequestBuilder {
        let request = self.stage.request(who, "POST", path);
        request
            .header("If-Match", "*")
            .header("Idempotency-Key", key)
    }

    async fn send(&self, who: Who, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(who, path, key).json(body);
        Answer::of(request.send().await.unwrap()).await
    }

    /// A file is handed in twice under one key, then another one under it.
    async fn hands_in(&self, route: &str, query: &str, who: Who, file: &str) -> String {
        let key = Uuid::now_v7().to_string();
        let send = async |content: String| {
            let request = self.request(who, &format!("{route}{query}"), &key);
            let request = request.header("Content-Type", "application/x-ndjson");
            Answer::of(request.body(content).send().await.unwrap()).await
        };
        let first = send(file.to_owned()).await;
        assert_eq!(first.status, 201, "{route}: {}", first.text);
        let events = self.events().await;
        let again = send(file.to_owned()).await;
        assert_eq!((again.status, again.text), (201, first.text), "{route}");
        assert_eq!(self.events().await, events, "{route} was done twice");
        let reused = send(format!("{file}{file}")).await;
        assert_eq!(reused.code(422), "idempotency_key_reused", "{route}");
        self.routes.borrow_mut().insert(route.to_owned());
        first.location.unwrap()
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
            let texts = [
                "reason", "basis", "blurb", "title", "note", "comment", "evidence",
            ];
            texts.contains(&name.as_str()) && value.is_string()
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
    let partners = "/v1/partner-introductions";
    stage.partnered(Role::Owner, true).await;
    let startup = stage.another_startup("Asked for").await;
    stage.matched_with(&startup).await;
    let mut wanted = stage.wanted();
    wanted["startup_profile"] = json!(startup.id.to_string());
    let (request, _) = twice.does(partners, Who::Stranger, partners, wanted).await;
    let withdraw = json!({"action": "withdraw"});
    let route = "partner-introductions";
    twice.moves(route, Who::Stranger, &request, withdraw).await;
    sent(stage, &introduction).await;
    let convert = json!({"action": "convert"});
    let converted = stage.go(Who::Curator, &introduction, convert).await;
    converted.expect(200);
    let deals = stage.get(Who::Gul, "/v1/deals").await.expect(200);
    let deal = format!("/v1/deals/{}", deals["items"][0]["id"].as_str().unwrap());
    let report = json!({"action": "report"});
    twice.moves("deals", Who::Dana, &deal, report).await;
    for (part, body) in [
        (
            "round",
            json!({"currency": "USD", "minimum": 1, "target": 2, "maximum": 3, "closes_on": "2027-03-31"}),
        ),
        (
            "closings",
            json!({"closings": [{"minimum": 1, "maximum": 2, "closes_on": "2027-01-31"}]}),
        ),
    ] {
        let request = stage.request(Who::Dana, "PUT", &format!("{deal}/{part}"));
        let request = request.header("If-Match", "*").json(&body);
        Answer::of(request.send().await.unwrap()).await.expect(200);
    }
    let route = "/v1/deals/{id}/closings/{number}/transitions";
    let path = format!("{deal}/closings/1/transitions");
    twice
        .does(route, Who::Dana, &path, json!({"action": "cancel"}))
        .await;
    let note = json!({"note": "Hello", "visibility": "both"});
    let path = format!("{deal}/notes");
    twice
        .does("/v1/deals/{id}/notes", Who::Dana, &path, note)
        .await;
    let task = json!({
        "title": "Send terms", "due": "2027-01-01", "assignee": "startup", "visibility": "both",
    });
    let (path, route) = (format!("{deal}/tasks"), "/v1/deals/{id}/tasks");
    let (task, _) = twice.does(route, Who::Gul, &path, task).await;
    let done = json!({"action": "complete"});
    twice.moves("deal-tasks", Who::Dana, &task, done).await;
    let proposal = super::practices::proposal(stage);
    let route = "/v1/practices";
    let (practice, _) = twice.does(route, Who::Curator, route, proposal).await;
    let offer = json!({"action": "offer"});
    twice
        .moves("practices", Who::Curator, &practice, offer)
        .await;
    for who in [Who::Dana, Who::Gul] {
        let yes = json!({"action": "agree"});
        stage.go(who, &practice, yes).await.expect(200);
    }
    let held = json!({"held_on": "2026-11-24", "minutes": 90, "attendees": 3});
    let path = format!("{practice}/sessions");
    let route = "/v1/practices/{id}/sessions";
    twice.does(route, Who::Gul, &path, held).await;
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
    let gone = json!({"mandate": view["id"], "reason": "It asked to leave."});
    let route = "/v1/programmes/{id}/admissions/withdrawals";
    let path = format!("{path}/withdrawals");
    twice.does(route, Who::Curator, &path, gone).await;
    twice.moves("mandates", Who::Gul, &mandate, withdraw).await;

    let route = "/v1/organizations";
    let firm = json!({"kind": "investor", "legal_name": "Nil Fund", "country": "AZ"});
    twice.does(route, Who::Curator, route, firm).await;
    let route = "/v1/startup-profiles";
    let (_, _) = twice.does(route, Who::Dana, route, json!({})).await;
    let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
    let route = "/v1/startup-profiles/{id}/compliance-agreement";
    let path = format!("{profile}/compliance-agreement");
    twice.does(route, Who::Compliance, &path, json!({})).await;
    let route = "/v1/startup-profiles/{id}/grants";
    let path = format!("{profile}/grants");
    let grant = json!({"level": "l2"});
    twice.does(route, Who::Dana, &path, grant).await;
    let deck = super::documents::deck(stage).await;
    let deck = super::documents::path_of(&deck);
    let withdraw = json!({"action": "withdraw"});
    twice.moves("documents", Who::Dana, &deck, withdraw).await;
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

async fn investor(twice: &Twice<'_>) {
    let route = "/v1/investor-profiles";
    let body = super::investors::whole();
    let (profile, _) = twice.does(route, Who::Gul, route, body).await;
    let submit = json!({"action": "submit"});
    twice
        .moves("investor-profiles", Who::Gul, &profile, submit)
        .await;
    let route = "/v1/investor-profiles/{id}/compliance-agreement";
    let path = format!("{profile}/compliance-agreement");
    twice.does(route, Who::Compliance, &path, json!({})).await;
    let route = "/v1/legal-holds";
    let firm = twice.stage.investor.id.to_string();
    let hold = json!({"organization": firm, "reason": "A court file."});
    let (hold, _) = twice.does(route, Who::Compliance, route, hold).await;
    let lift = json!({"action": "lift", "reason": "It is closed."});
    twice
        .moves("legal-holds", Who::Compliance, &hold, lift)
        .await;
}

async fn views(twice: &Twice<'_>) {
    let route = "/v1/saved-views";
    let body = json!({"name": "Mine", "list": "mandates", "query": "status=draft"});
    twice.does(route, Who::Gul, route, body).await;
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

/// A deal of the two that another one of theirs doesn't stand in the way of.
async fn by_hand(twice: &Twice<'_>) {
    let stage = twice.stage;
    let route = "/v1/deals";
    let by_hand = json!({
        "programme": stage.programme.id.to_string(),
        "startup": stage.profile.id.to_string(),
        "mandate": stage.mandate.id.to_string(),
        "pipeline": "trade",
        "reason": "They met at a fair.",
        "evidence": "A letter.",
    });
    twice.does(route, Who::Curator, route, by_hand).await;
}

async fn pipelines(twice: &Twice<'_>) {
    let route = "/v1/pipeline-sets";
    let body = json!({"programme": twice.stage.programme.id.to_string()});
    let (draft, _) = twice.does(route, Who::Curator, route, body).await;
    let publish = json!({"action": "publish"});
    twice
        .moves("pipeline-sets", Who::Curator, &draft, publish)
        .await;
}

async fn tags(twice: &Twice<'_>) {
    let route = "/v1/tags";
    let body = json!({
        "slug": "desalting", "kind": "tag", "parent": "water",
        "labels": {"en": {"text": "Desalting"}},
    });
    let (tag, _) = twice.does(route, Who::Curator, route, body).await;
    let route = "/v1/tags/{slug}/transitions";
    let up = json!({"action": "grade", "sensitivity": "review", "reason": "An order."});
    let path = format!("{tag}/transitions");
    twice.does(route, Who::Curator, &path, up).await;
}

pub(super) fn draft_programme(slug: &str) -> Value {
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
        "basis": "Registry of companies", "evidence": { "reference": "Archive 7" },
        "valid_to": "2027-11-23",
    });
    let licence = super::licences::licence(&["AZ"], "2027-11-23");
    let path = format!("/v1/organizations/{}/licences", stage.startup.id);
    let route = "/v1/organizations/{id}/licences";
    let (licence, _) = twice.does(route, Who::Dana, &path, licence).await;
    let checks = json!({"action": "check"});
    twice
        .moves("licences", Who::Compliance, &licence, checks)
        .await;
    let path = format!("/v1/organizations/{}/walls", stage.startup.id);
    let route = "/v1/organizations/{id}/walls";
    let wall = json!({"name": "Rival", "reach": "firm", "reason": "They compete."});
    let (wall, _) = twice.does(route, Who::Dana, &path, wall).await;
    let raise = json!({"action": "raise"});
    twice.moves("walls", Who::Compliance, &wall, raise).await;
    let route = "/v1/clearances";
    twice.does(route, Who::Compliance, route, check).await;
    let order = json!({"scope": "country", "value": "GE", "reason": "A standing order."});
    let route = "/v1/freezes";
    let (_, freeze) = twice.does(route, Who::Compliance, route, order).await;
    let freeze = format!("/v1/freezes/{}", freeze["id"].as_str().unwrap());
    let lift = json!({"action": "lift", "reason": "It is over."});
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
    let all = stage.get(Who::Auditor, route).await.expect(200);
    let block = format!("/v1/blocks/{}", all["items"][0]["id"].as_str().unwrap());
    let lift = json!({"action": "lift", "reason": "It was settled."});
    for (who, lifted) in [(Who::Compliance, false), (Who::SecondCompliance, true)] {
        let done = twice.moves("blocks", who, &block, lift.clone()).await;
        assert_eq!(done["lifted"], lifted);
    }
    // Nothing waits on it, which is said twice; what does is tried beside the
    // queue.
    let scope = json!({
        "startup_profile": stage.profile.id.to_string(), "revision": 1,
        "programme": stage.programme.id.to_string(), "country": "AZ",
    });
    let ruling = json!({"scopes": [scope], "ruling": "release", "reason": "Civil use."});
    let route = "/v1/reviews/decisions";
    twice.does(route, Who::Compliance, route, ruling).await;
}

/// What runs long: asked for, and called off.
async fn jobs(twice: &Twice<'_>) {
    let stage = twice.stage;
    let cancel = json!({"action": "cancel"});
    let route = "/v1/exports";
    let wanted = json!({"kind": "startup_profiles", "format": "csv"});
    let (export, _) = twice.does(route, Who::Dana, route, wanted).await;
    twice
        .moves("exports", Who::Dana, &export, cancel.clone())
        .await;
    let referral = json!({
        "external_id": "crm-7",
        "organization": { "kind": "startup", "legal_name": "Arava", "country": "IL" },
        "contact": { "email": "noa@arava.example" },
        "startup_profile": {},
    });
    let query = format!("?partner={}", stage.partner().await);
    let route = "/v1/imports";
    let import = twice
        .hands_in(route, &query, Who::Curator, &format!("{referral}\n"))
        .await;
    twice
        .moves("imports", Who::Curator, &import, cancel.clone())
        .await;

    let below = |part: &str| format!("/v1/programmes/{}/{part}", stage.programme.id);
    let route = "/v1/programmes/{id}/rematches";
    let body = json!({"min_band": "weak"});
    let (job, _) = twice
        .does(route, Who::Curator, &below("rematches"), body)
        .await;
    let route = "/v1/programmes/{id}/rematches/{rematch}/transitions";
    let path = format!("{job}/transitions");
    twice.does(route, Who::Curator, &path, cancel.clone()).await;
    let route = "/v1/programmes/{id}/releases";
    let body = json!({"to": "both"});
    let (release, _) = twice
        .does(route, Who::Curator, &below("releases"), body)
        .await;
    let route = "/v1/programmes/{id}/releases/{release}/transitions";
    let path = format!("{release}/transitions");
    let confirm = json!({"action": "confirm"});
    twice.does(route, Who::Curator, &path, confirm).await;
}

async fn strangers_firm(stage: &Stage) -> String {
    let stranger = stage.user(Who::Stranger).id;
    let read = move |conn: &mut Conn| db::users::memberships(conn, stranger);
    let firms = stage.context.db.read(read).await.unwrap();
    firms[0].organization.to_string()
}

/// What the operator's people keep.
async fn books(twice: &Twice<'_>) {
    let stage = twice.stage;
    let quotes = json!([{"base": "KZT", "quote": "AZN", "nominal": 100, "value": "0.33"}]);
    let said = json!({"on": "2026-11-24", "quotes": quotes});
    let route = "/v1/rates";
    twice.does(route, Who::Curator, route, said).await;
    let bounced =
        json!({"email": "gul@mail.example", "reason": "support", "note": "By telephone."});
    let route = "/v1/suppressions";
    twice.does(route, Who::Auditor, route, bounced).await;
    let returned =
        json!({"event": "failed", "recipient": "gul@mail.example", "return_path": "x@y.example"});
    let route = "/v1/bounces";
    twice.does(route, Who::Auditor, route, returned).await;
    let same = json!({
        "organizations": [stage.investor.id.to_string(), strangers_firm(stage).await],
        "reason": "The same people.",
    });
    let route = "/v1/duplicates";
    let (duplicate, _) = twice.does(route, Who::Curator, route, same).await;
    let two = json!({"action": "dismiss", "reason": "Two funds."});
    twice
        .moves("duplicates", Who::Curator, &duplicate, two)
        .await;
}

/// What the programme's parties agree to and promise.
async fn agreements(twice: &Twice<'_>) {
    let stage = twice.stage;
    let below = |part: &str| format!("/v1/programmes/{}/{part}", stage.programme.id);
    let route = "/v1/programmes/{id}/comments";
    let said = json!({"comment": "Two years would do."});
    twice.does(route, Who::Gul, &below("comments"), said).await;
    let route = "/v1/programmes/{id}/commitments";
    let promise = json!({
        "goal": "trade",
        "title": "Delegations",
        "measure": "manual",
        "target_count": 1,
        "due": "2027-06-30",
        "owner": stage.investor.id.to_string(),
    });
    let (commitment, _) = twice
        .does(route, Who::Curator, &below("commitments"), promise)
        .await;
    let route = "/v1/commitments/{id}/evidence";
    let given = json!({
        "kind": "delegation", "count": 1, "happened_on": "2026-11-20", "note": "Baku",
    });
    let path = format!("{commitment}/evidence");
    twice.does(route, Who::Gul, &path, given).await;
    let route = "/v1/programmes/{id}/evidence";
    let given = json!({
        "kind": "enquiry", "happened_on": "2026-11-20", "note": "A mill in Gəncə asked.",
    });
    let (happened, _) = twice.does(route, Who::Gul, &below("evidence"), given).await;
    let back = json!({"action": "withdraw", "reason": "Entered twice."});
    twice.moves("evidence", Who::Gul, &happened, back).await;
    let drop = json!({"action": "drop", "reason": "Nobody can travel."});
    twice
        .moves("commitments", Who::Curator, &commitment, drop)
        .await;
    let route = "/v1/programmes/{id}/renewals";
    let next = json!({"slug": "il-az-2", "starts_on": "2029-01-01", "ends_on": "2031-12-31"});
    twice
        .does(route, Who::Curator, &below("renewals"), next)
        .await;
    signing(twice).await;
}

/// A programme that is signed by its only party.
async fn signing(twice: &Twice<'_>) {
    let stage = twice.stage;
    let mut body = draft_programme("az-il-signed");
    body["parties"] = json!([{"organization": stage.investor.id.to_string(), "role": "signatory"}]);
    let made = stage.post(Who::Curator, "/v1/programmes", body).await;
    let programme = made.location.clone().unwrap();
    made.expect(201);
    let go = async |action: &str| {
        let action = json!({"action": action});
        stage.go(Who::Curator, &programme, action).await.expect(200);
    };
    go("negotiate").await;
    let words = json!({
        "controlling_language": "en",
        "texts": {"en": "We agree."},
        "signatories": [{"organization": stage.investor.id.to_string(), "name": "Leyla"}],
    });
    let path = format!("{programme}/agreement");
    let request = stage.request(Who::Curator, "PUT", &path);
    let request = request.header("If-Match", "*").json(&words);
    Answer::of(request.send().await.unwrap()).await.expect(200);
    go("agree_text").await;
    go("start_signing").await;
    let sign = json!({
        "action": "sign", "organization": stage.investor.id.to_string(),
        "level": "qualified", "signed_on": "2026-11-24", "evidence": "Archive 7",
    });
    let path = format!("{programme}/signings");
    twice
        .does("/v1/programmes/{id}/signings", Who::Curator, &path, sign)
        .await;
}

/// The investor becomes a party, as one that signed.
async fn party(stage: &Stage) {
    let mut programme = stage.programme.clone();
    programme.version += 1;
    programme.details.parties.push(Party {
        organization: stage.investor.id,
        role: PartyRole::Signatory,
    });
    let write = move |conn: &mut Conn| db::programmes::update(conn, &programme);
    assert!(stage.context.db.write(write).await.unwrap());
}

#[test]
fn every_post_that_makes_or_moves_something_honours_its_key() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        party(&stage).await;
        let twice = Twice {
            stage: &stage,
            routes: RefCell::default(),
        };
        introductions_and_deals(&twice).await;
        by_hand(&twice).await;
        records(&twice).await;
        rules(&twice).await;
        pipelines(&twice).await;
        investor(&twice).await;
        views(&twice).await;
        tags(&twice).await;
        jobs(&twice).await;
        books(&twice).await;
        agreements(&twice).await;
        compliance(&twice).await;
        assert_eq!(twice.routes.into_inner(), posts());
    });
}
