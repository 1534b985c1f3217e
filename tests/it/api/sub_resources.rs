//! What is given and taken back, checks, notes and admissions have the same
//! sub-resources as every other record that has states: the record by its id,
//! what can be done with it, doing it, and its timeline.

use corridor::db::Conn;
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{Answer, Stage, Who, proposable};
use crate::support::database::on_each_backend;

/// What somebody can do with a record, each action with what stands in its way.
async fn open(stage: &Stage, who: Who, path: &str) -> Vec<(String, Option<String>)> {
    let answer = stage.get(who, &format!("{path}/transitions")).await;
    let answer = answer.expect(200);
    let open = answer["available"].as_array().unwrap().iter();
    let open = open.map(|it| {
        let code = it["blocked_by"]["code"].as_str().map(str::to_owned);
        (it["action"].as_str().unwrap().to_owned(), code)
    });
    open.collect()
}

fn free(action: &str) -> (String, Option<String>) {
    (action.to_owned(), None)
}

fn blocked(action: &str, code: &str) -> (String, Option<String>) {
    (action.to_owned(), Some(code.to_owned()))
}

async fn kinds(stage: &Stage, who: Who, path: &str) -> Vec<String> {
    let answer = stage.get(who, &format!("{path}/events")).await.expect(200);
    let items = answer["items"].as_array().unwrap().iter();
    items
        .map(|event| event["kind"].as_str().unwrap().to_owned())
        .collect()
}

/// A move under a version and a key.
async fn step(
    stage: &Stage,
    who: Who,
    path: &str,
    (version, key): (Option<&str>, &str),
    body: &Value,
) -> Answer {
    let mut request = stage
        .request(who, "POST", &format!("{path}/transitions"))
        .header("Idempotency-Key", key);
    if let Some(version) = version {
        request = request.header("If-Match", version);
    }
    Answer::of(request.json(body).send().await.unwrap()).await
}

/// What has `revoke` alone: it needs a version, is done once however often it
/// comes, and leaves a record that nothing can be done with.
async fn is_revoked(stage: &Stage, who: Who, path: &str, states: (&str, &str), told: [&str; 2]) {
    let revoke = json!({ "action": "revoke" });
    let seen = stage.get(who, path).await;
    let etag = seen.etag.clone().unwrap();
    assert_eq!(seen.expect(200)["state"], states.0, "{path}");
    assert_eq!(open(stage, who, path).await, [free("revoke")], "{path}");
    let key = format!("revoking-{}", path.len());
    let blind = step(stage, who, path, (None, &key), &revoke).await;
    assert_eq!(blind.code(428), "version_required");
    let weak = format!("W/{etag}");
    let weak = step(stage, who, path, (Some(&weak), &key), &revoke).await;
    let weak = weak.expect(412);
    assert!(weak["detail"].as_str().unwrap().contains("weak"), "{weak}");
    let other = json!({ "action": "lift" });
    let other = step(stage, who, path, (Some(&etag), "another-key"), &other).await;
    assert_eq!(other.status, 422, "{}", other.text);
    let first = step(stage, who, path, (Some(&etag), &key), &revoke).await;
    let (status, text) = (first.status, first.text.clone());
    assert_eq!(first.expect(200)["state"], states.1, "{path}");
    let again = step(stage, who, path, (Some(&etag), &key), &revoke).await;
    assert_eq!((again.status, again.text), (status, text), "{path}");
    let late = step(stage, who, path, (Some("*"), "a-later-key"), &revoke).await;
    assert_eq!(late.status, 409, "{path}: {}", late.text);
    assert_eq!(open(stage, who, path).await, [], "{path}");
    let seen = stage.get(who, path).await.expect(200);
    assert_eq!(seen["state"], states.1, "{path}");
    let deleted = stage.request(who, "DELETE", path).header("If-Match", "*");
    let deleted = deleted.send().await.unwrap().status().as_u16();
    assert!(matches!(deleted, 404 | 409), "{path}: {deleted}");
    stage.seal().await;
    assert_eq!(kinds(stage, who, path).await, told, "{path}");
}

#[test]
fn what_was_given_is_revoked_and_stays_to_be_read() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let firm = format!("/v1/organizations/{}", stage.startup.id);
        let invitations = format!("{firm}/invitations");
        let body = json!({ "email": "eli@mail.example", "role": "viewer" });
        let made = stage.post(Who::Dana, &invitations, body).await.expect(201);
        let path = format!("{invitations}/{}", made["id"].as_str().unwrap());
        let told = ["ticket.issued", "ticket.revoked"];
        is_revoked(&stage, Who::Dana, &path, ("waiting", "revoked"), told).await;

        let grants = format!("/v1/startup-profiles/{}/grants", stage.profile.id);
        let deck = json!({ "level": "l2" });
        let made = stage.post(Who::Dana, &grants, deck).await.expect(201);
        let replaced = format!("{grants}/{}", made["id"].as_str().unwrap());
        let room = json!({ "level": "l3" });
        let made = stage.post(Who::Dana, &grants, room).await.expect(201);
        // The grant before ended as another took its place, which stands there.
        let seen = stage.get(Who::Dana, &replaced).await.expect(200);
        assert_eq!(seen["state"], "ended");
        let path = format!("{grants}/{}", made["id"].as_str().unwrap());
        let told = [
            "startup_profile.documents_granted",
            "startup_profile.documents_grant_revoked",
        ];
        stage.seal().await;
        assert_eq!(kinds(&stage, Who::Dana, &replaced).await, told);
        is_revoked(&stage, Who::Dana, &path, ("live", "ended"), told).await;
    });
}

#[test]
fn a_consent_is_taken_back_and_given_again_by_its_transitions() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let receipt = proposable(&stage.context, &stage.startup, stage.user(Who::Dana).id);
        let write = move |conn: &mut Conn| corridor::db::consents::insert(conn, &receipt);
        stage.context.db.write(write).await.unwrap();
        let own = stage.get(Who::Dana, "/v1/me/consents").await.expect(200);
        let id = own["items"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/me/consents/{id}");
        assert_eq!(open(&stage, Who::Dana, &path).await, [free("withdraw")]);
        let seen = stage.get(Who::Dana, &path).await;
        let etag = seen.etag.clone().unwrap();
        assert_eq!(seen.expect(200)["state"], "standing");
        let withdraw = json!({ "action": "withdraw" });
        let blind = step(&stage, Who::Dana, &path, (None, "a-first-key"), &withdraw).await;
        assert_eq!(blind.code(428), "version_required");
        let under = (Some(etag.as_str()), "a-first-key");
        let first = step(&stage, Who::Dana, &path, under, &withdraw).await;
        let text = first.text.clone();
        assert_eq!(first.expect(200)["state"], "withdrawn");
        let again = step(&stage, Who::Dana, &path, under, &withdraw).await;
        assert_eq!(again.text, text);
        let stale = (Some(etag.as_str()), "a-second-key");
        let stale = step(&stage, Who::Dana, &path, stale, &json!({"action": "renew"})).await;
        assert_eq!(stale.code(412), "stale_version");
        assert_eq!(open(&stage, Who::Dana, &path).await, [free("renew")]);
        let renew = json!({ "action": "renew", "publish": true });
        let under = (Some("*"), "a-third-key");
        let renewed = step(&stage, Who::Dana, &path, under, &renew).await;
        let renewed = renewed.expect(200);
        assert_eq!(renewed["state"], "standing");
        assert_ne!(renewed["id"], json!(id));
        let stands = blocked("renew", "given_already");
        assert_eq!(open(&stage, Who::Dana, &path).await, [stands]);
        stage.seal().await;
        let told = kinds(&stage, Who::Dana, &path).await;
        assert_eq!(told.last().unwrap(), "consent.withdrawn", "{told:?}");
        let newest = format!("/v1/me/consents/{}", renewed["id"].as_str().unwrap());
        let told = kinds(&stage, Who::Dana, &newest).await;
        assert_eq!(told, ["consent.given"]);
        assert_eq!(stage.get(Who::Gul, &path).await.status, 404);
    });
}

#[test]
fn a_check_is_followed_by_what_compliance_finds_next() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let list = format!("/v1/organizations/{}/clearances", stage.startup.id);
        let checks = stage.get(Who::Compliance, &list).await.expect(200);
        let last = checks["items"].as_array().unwrap().last().unwrap();
        let path = format!("/v1/clearances/{}", last["id"].as_str().unwrap());
        let all = [
            free("clear"),
            free("clear_enhanced"),
            free("review"),
            free("block"),
        ];
        assert_eq!(open(&stage, Who::Compliance, &path).await, all);
        assert_eq!(open(&stage, Who::Curator, &path).await, []);
        assert_eq!(stage.get(Who::Dana, &path).await.status, 404);
        let finds = |action: &str| {
            json!({
                "action": action, "basis": "A list", "evidence": { "reference": "Archive 7" },
                "valid_to": "2027-03-30",
            })
        };
        let go = async |who: Who, path: &str, action: &str| {
            let key = format!("{action}-{who:?}-{}", &path[path.len() - 12..]);
            step(&stage, who, path, (Some("\"v1\""), &key), &finds(action)).await
        };
        let made = go(Who::Compliance, &path, "block").await;
        let block = made.location.clone().unwrap();
        assert_eq!(made.expect(201)["verdict"], "blocked");
        // Whoever decided on the check before is told so.
        let late = go(Who::SecondCompliance, &path, "clear").await;
        assert_eq!(late.code(409), "transition_not_allowed");
        assert_eq!(open(&stage, Who::Compliance, &path).await, []);
        let next = open(&stage, Who::Compliance, &block).await;
        assert_eq!(next[0], blocked("clear", "review_needed"));
        let refused = go(Who::Compliance, &block, "clear").await;
        assert_eq!(refused.code(409), "review_needed");
        let review = go(Who::Compliance, &block, "review").await;
        let review = review.location.unwrap();
        let own = open(&stage, Who::Compliance, &review).await;
        assert_eq!(own[0], blocked("clear", "second_person_needed"));
        let cleared = go(Who::SecondCompliance, &review, "clear").await;
        assert_eq!(cleared.expect(201)["verdict"], "clear");
        stage.seal().await;
        let told = kinds(&stage, Who::Auditor, &path).await;
        assert!(told.len() >= 3, "{told:?}");
        assert!(told.iter().all(|kind| kind == "organization.screened"));
    });
}

#[test]
fn a_note_that_waits_is_decided_by_its_transitions() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let note = json!({ "note": "Spares for missiles", "visibility": "both" });
        let made = stage.post(Who::Gul, &format!("{deal}/notes"), note).await;
        let made = made.expect(201);
        let path = format!("/v1/deal-notes/{}", made["id"].as_str().unwrap());
        // Its writer reads it and decides nothing; the other side doesn't learn
        // of it.
        assert_eq!(stage.get(Who::Gul, &path).await.expect(200), made);
        assert_eq!(open(&stage, Who::Gul, &path).await, []);
        for part in ["", "/transitions", "/events"] {
            let hidden = stage.get(Who::Dana, &format!("{path}{part}")).await;
            assert_eq!(hidden.status, 404, "{part}");
        }
        let both = [free("release"), free("refuse")];
        assert_eq!(open(&stage, Who::Compliance, &path).await, both);
        let release = json!({ "action": "release", "reason": "The name of a game" });
        let waiting = stage.get(Who::Gul, &path).await.etag.unwrap();
        let again = async || {
            let request = stage.request(Who::Gul, "GET", &path);
            let request = request.header("If-None-Match", &waiting);
            Answer::of(request.send().await.unwrap()).await
        };
        let seen = stage.get(Who::Compliance, &path).await.etag.unwrap();
        let under = (Some(seen.as_str()), "the-first-of-two");
        let first = step(&stage, Who::Compliance, &path, under, &release).await;
        assert_eq!(first.expect(200)["state"], "waiting");
        // Its writer's side doesn't learn that somebody looked at it.
        assert_eq!(again().await.status, 304);
        let own = blocked("release", "second_person_needed");
        assert_eq!(
            open(&stage, Who::Compliance, &path).await,
            [own, free("refuse")]
        );
        let under = (Some(seen.as_str()), "on-what-was-read");
        let stale = step(&stage, Who::SecondCompliance, &path, under, &release).await;
        assert_eq!(stale.code(412), "stale_version");
        let under = (Some("*"), "the-second-of-two");
        let second = step(&stage, Who::SecondCompliance, &path, under, &release).await;
        assert_eq!(second.expect(200)["state"], "cleared");
        let read = stage.get(Who::Dana, &path).await;
        assert_eq!(read.expect(200)["state"], "shown");
        assert_eq!(again().await.expect(200)["state"], "shown");
        stage.seal().await;
        assert_eq!(kinds(&stage, Who::Dana, &path).await, ["deal.noted"]);
    });
}

#[test]
fn an_admission_comes_and_goes_by_its_transitions() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = format!(
            "/v1/programmes/{}/admissions/{}",
            stage.programme.id, stage.profile.id
        );
        let seen = stage.get(Who::Dana, &path).await;
        assert_eq!(seen.etag.as_deref(), Some("\"v1\""));
        let seen = seen.expect(200);
        assert_eq!(seen["startup_profile"], stage.profile.id.to_string());
        assert_eq!(open(&stage, Who::Dana, &path).await, []);
        assert_eq!(stage.get(Who::Gul, &path).await.status, 404);
        assert_eq!(open(&stage, Who::Curator, &path).await, [free("withdraw")]);
        let bare = json!({ "action": "withdraw" });
        let bare = step(&stage, Who::Curator, &path, (Some("*"), "no-reason"), &bare).await;
        assert_eq!(bare.expect(422)["errors"][0]["pointer"], "#/reason");
        let leave = json!({ "action": "withdraw", "reason": "It moved away." });
        let under = (Some("\"v1\""), "it-moved-away");
        let left = step(&stage, Who::Curator, &path, under, &leave).await;
        assert_eq!(left.etag.as_deref(), Some("\"v2\""));
        assert_eq!(left.expect(200)["reason"], "It moved away.");
        // Why it was taken back is not for its firm.
        let told = stage.get(Who::Dana, &path).await.expect(200);
        assert!(told["withdrawn_at"].is_string() && told["reason"].is_null());
        assert_eq!(open(&stage, Who::Curator, &path).await, [free("admit")]);
        let again = json!({ "action": "admit" });
        let stale = step(
            &stage,
            Who::Curator,
            &path,
            (Some("\"v1\""), "on-v1-again"),
            &again,
        )
        .await;
        assert_eq!(stale.code(412), "stale_version");
        let back = step(
            &stage,
            Who::Curator,
            &path,
            (Some("\"v2\""), "on-v2-again"),
            &again,
        )
        .await;
        assert_eq!(back.etag.as_deref(), Some("\"v3\""));
        assert!(back.expect(200)["withdrawn_at"].is_null());
        stage.seal().await;
        let told = stage.get(Who::Dana, &format!("{path}/events")).await;
        let told = told.expect(200);
        let events = told["items"].as_array().unwrap();
        let kinds: Vec<_> = events
            .iter()
            .map(|it| it["kind"].as_str().unwrap())
            .collect();
        let last = kinds[kinds.len() - 2..].to_vec();
        assert_eq!(
            last,
            ["programme.admission_withdrawn", "programme.admitted"]
        );
        assert!(!told.to_string().contains("reason"), "{told}");
    });
}
