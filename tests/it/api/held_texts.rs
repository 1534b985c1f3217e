//! Words of practices and programmes that compliance reads before anybody of
//! another firm does: kept from their places, and there once two people say so.

use chrono::TimeDelta;
use corridor::domain::account::Role;
use serde_json::{Value, json};

use super::practices::{proposal, running};
use super::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

pub const BAD: &str = "How to aim guided missiles.";

pub async fn items(stage: &Stage, who: Who, path: &str) -> Vec<Value> {
    let list = stage.get(who, path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

/// The texts that wait for compliance, by their paths, each with the words in
/// question.
pub async fn queue(stage: &Stage) -> Vec<(String, Value)> {
    let queue = items(stage, Who::Compliance, "/v1/reviews?kind=held_text").await;
    let entry = |it: &Value| {
        assert_eq!(
            (&it["rules"], &it["two_people"]),
            (&json!(["terms"]), &json!(true))
        );
        let act = it["record"]["act"].as_str().unwrap();
        let path = act.strip_suffix("/transitions").unwrap().to_owned();
        (path, it["words"].clone())
    };
    queue.iter().map(entry).collect()
}

pub async fn says(stage: &Stage, who: Who, held: &str, action: &str) -> Answer {
    let body = json!({ "action": action, "reason": "The name of a game." });
    stage.go(who, held, body).await
}

/// Two people let everything through that waits.
pub async fn release_all(stage: &Stage) -> usize {
    let waiting = queue(stage).await;
    for (held, _) in &waiting {
        let first = says(stage, Who::Compliance, held, "release")
            .await
            .expect(200);
        assert_eq!(first["state"], "waiting");
        let both = says(stage, Who::SecondCompliance, held, "release").await;
        assert_eq!(both.expect(200)["state"], "cleared");
    }
    assert!(queue(stage).await.is_empty());
    waiting.len()
}

/// The places that somebody reads in what waits of a record.
pub fn places(view: &Value) -> Vec<&str> {
    let waiting = view["waiting"].as_array();
    let waiting = waiting.into_iter().flatten();
    waiting.map(|it| it["place"].as_str().unwrap()).collect()
}

#[test]
fn a_practice_is_not_offered_before_its_aim_is_read() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut bad = proposal(&stage);
        bad["aim"] = json!(BAD);
        let made = stage.post(Who::Curator, "/v1/practices", bad).await;
        let practice = made.location.clone().unwrap();
        assert_eq!(places(&made.expect(201)), ["aim"]);
        let offer = || stage.go(Who::Curator, &practice, json!({ "action": "offer" }));
        assert_eq!(offer().await.code(409), "text_waits");
        let path = format!("{practice}/transitions");
        let open = stage.get(Who::Curator, &path).await.expect(200);
        let offered = open["available"].as_array().unwrap().iter();
        let offered: Vec<_> = offered.filter(|it| it["action"] == "offer").collect();
        assert_eq!(offered[0]["blocked_by"]["code"], "text_waits");

        let waiting = queue(&stage).await;
        assert_eq!(waiting.len(), 1);
        assert!(waiting[0].1[0].as_str().unwrap().contains("missiles"));
        let held = &waiting[0].0;
        let read = stage.get(Who::Compliance, held).await.expect(200);
        assert_eq!(
            (&read["text"], &read["place"]),
            (&json!(BAD), &json!("aim"))
        );
        assert_eq!(read["words"][0]["words"], waiting[0].1[0]);
        for who in [Who::Dana, Who::Gul, Who::Stranger] {
            assert!(
                matches!(stage.get(who, held).await.status, 403 | 404),
                "{who:?}"
            );
        }
        let work = items(&stage, Who::Compliance, "/v1/worklist?record=held_text").await;
        assert_eq!(work[0]["actions"], json!(["release", "refuse"]));

        let body = json!({ "action": "release", "reason": "The name of a game." });
        let under_key = async || {
            let path = format!("{held}/transitions");
            let request = stage.request(Who::Compliance, "POST", &path);
            let request = request.header("If-Match", "\"v1\"");
            let request = request.header("Idempotency-Key", "released-once");
            Answer::of(request.json(&body).send().await.unwrap()).await
        };
        let (first, same) = (under_key().await, under_key().await);
        assert_eq!((first.status, &first.text), (200, &same.text));
        let again = says(&stage, Who::Compliance, held, "release").await;
        assert_eq!(again.code(409), "second_person_needed");
        says(&stage, Who::SecondCompliance, held, "release")
            .await
            .expect(200);
        let late = says(&stage, Who::SecondCompliance, held, "refuse").await;
        assert_eq!(late.code(409), "transition_not_allowed");
        assert_eq!(places(&offer().await.expect(200)), Vec::<&str>::new());
        let shown = stage.get(Who::Gul, &practice).await.expect(200);
        assert_eq!(shown["aim"], BAD);
        stage.seal().await;
        let told = items(&stage, Who::Auditor, &format!("{held}/events")).await;
        let kinds: Vec<_> = told.iter().map(|it| it["kind"].as_str().unwrap()).collect();
        let decided = "practice.text_decided";
        assert_eq!(kinds, ["practice.text_kept", decided, decided]);
    });
}

#[test]
fn a_session_and_an_outcome_are_told_without_the_words_that_wait() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let practice = format!("/v1/practices/{}", running(&stage).await.0);
        let sessions = format!("{practice}/sessions");
        let body = json!({
            "held_on": stage.context.now().date_naive().to_string(), "minutes": 60,
            "attendees": 2, "feedback": BAD, "evidence": "They use it in Baku.",
        });
        let noted = stage.post(Who::Gul, &sessions, body).await.expect(201);
        let session = noted["id"].as_str().unwrap().to_owned();
        let done = json!({ "action": "complete", "outcome": BAD });
        let done = stage.go(Who::Gul, &practice, done).await.expect(200);
        assert_eq!(done["status"], "completed");
        let feedback = format!("feedback:{session}");
        assert_eq!(places(&done), [feedback.as_str(), "outcome"]);

        // The other firm reads that it was held and what it came to, not the words.
        let read = async |who| {
            let practice = stage.get(who, &practice).await.expect(200);
            let held = items(&stage, who, &sessions).await;
            let held = held.into_iter().find(|it| it["id"] == session.as_str());
            (practice, held.unwrap())
        };
        let (seen, held) = read(Who::Dana).await;
        assert_eq!(seen["status"], "completed");
        assert!(
            seen.get("waiting").is_none() && seen.get("outcome").is_none(),
            "{seen}"
        );
        assert_eq!(held["evidence"], "They use it in Baku.");
        assert!(held.get("feedback").is_none(), "{held}");
        stage.seal().await;
        let path = format!("{practice}/events");
        assert!(!stage.get(Who::Dana, &path).await.text.contains("text_kept"));

        assert_eq!(release_all(&stage).await, 2);
        let (seen, held) = read(Who::Dana).await;
        assert_eq!(
            (&seen["outcome"], &held["feedback"]),
            (&json!(BAD), &json!(BAD))
        );
        assert!(
            stage
                .get(Who::Gul, &practice)
                .await
                .expect(200)
                .get("waiting")
                .is_none()
        );
        stage.seal().await;
        let told = items(&stage, Who::Dana, &path).await;
        let told = told.iter().filter(|it| it["kind"] == "practice.text_told");
        assert_eq!(told.count(), 2);
    });
}

#[test]
fn what_compliance_refuses_never_reaches_its_place() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let practice = format!("/v1/practices/{}", running(&stage).await.0);
        let done = json!({ "action": "complete", "outcome": BAD });
        stage.go(Who::Gul, &practice, done).await.expect(200);
        let held = queue(&stage).await[0].0.clone();
        let no = says(&stage, Who::Compliance, &held, "refuse")
            .await
            .expect(200);
        assert_eq!(no["state"], "refused");
        assert!(queue(&stage).await.is_empty());
        let seen = stage.get(Who::Dana, &practice).await.expect(200);
        assert!(seen.get("outcome").is_none() && seen.get("waiting").is_none());
        // Who wrote it learns that it is to be said otherwise.
        let own = stage.get(Who::Gul, &practice).await.expect(200);
        assert_eq!(own["waiting"][0]["state"], "refused");
    });
}

/// A partner that is a party to the stage's programme, and the investor as well.
pub async fn two_parties(stage: &Stage) -> String {
    stage.partnered(Role::Owner, true).await;
    stage.becomes_party(stage.investor.id).await;
    format!("/v1/programmes/{}", stage.programme.id)
}

#[test]
fn a_comment_is_said_once_it_is_let_through() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let programme = two_parties(&stage).await;
        let comments = format!("{programme}/comments");
        let said = stage
            .post(Who::Gul, &comments, json!({ "comment": BAD }))
            .await;
        assert_eq!(said.expect(201)["comment"], BAD);
        let good = json!({ "comment": "Agreed in Baku." });
        stage.post(Who::Curator, &comments, good).await.expect(201);
        for who in [Who::Gul, Who::Stranger, Who::Curator] {
            assert_eq!(items(&stage, who, &comments).await.len(), 1, "{who:?}");
        }
        let agreement = format!("{programme}/agreement");
        let own = stage.get(Who::Gul, &agreement).await.expect(200);
        assert_eq!(own["waiting"][0]["text"], BAD);
        let others = stage.get(Who::Stranger, &agreement).await.expect(200);
        assert!(others.get("waiting").is_none());
        stage.context.clock.advance(TimeDelta::seconds(1));
        assert_eq!(release_all(&stage).await, 1);
        let read = items(&stage, Who::Stranger, &comments).await;
        let read: Vec<_> = read
            .iter()
            .map(|it| it["comment"].as_str().unwrap())
            .collect();
        assert_eq!(read, ["Agreed in Baku.", BAD]);
    });
}

#[test]
fn a_promise_stands_without_the_words_that_wait() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let programme = two_parties(&stage).await;
        let promise = json!({
            "goal": "trade", "title": BAD, "measure": "manual", "target_count": 3,
            "due": stage.context.now().date_naive().to_string(),
            "owner": stage.investor.id.to_string(),
        });
        let path = format!("{programme}/commitments");
        let made = stage.post(Who::Curator, &path, promise).await;
        let commitment = made.location.clone().unwrap();
        let made = made.expect(201);
        assert_eq!((&made["title"], places(&made).len()), (&json!("trade"), 1));
        let title = async |who| stage.get(who, &commitment).await.expect(200)["title"].clone();
        assert_eq!(title(Who::Gul).await, "trade");
        assert_eq!(release_all(&stage).await, 1);
        assert_eq!(title(Who::Gul).await, BAD);

        let other = json!({ "title": "Three missiles sold" });
        let kept = stage
            .edit(Who::Curator, &commitment, other)
            .await
            .expect(200);
        assert_eq!(kept["title"], BAD, "the present one stands meanwhile");
        let good = json!({ "title": "Three contracts" });
        stage
            .edit(Who::Curator, &commitment, good)
            .await
            .expect(200);
        assert!(queue(&stage).await.is_empty(), "nothing is left to read");
        assert_eq!(title(Who::Gul).await, "Three contracts");

        let evidence = format!("{commitment}/evidence");
        let given = json!({
            "kind": "contract", "count": 1, "note": BAD,
            "happened_on": stage.context.now().date_naive().to_string(),
        });
        let given = stage.post(Who::Gul, &evidence, given).await.expect(201);
        assert!(given.get("note").is_none());
        assert_eq!(given["waiting"][0]["text"], BAD);
        let read = items(&stage, Who::Stranger, &evidence).await;
        assert_eq!(read[0]["count"], 1, "it counts at once");
        assert!(read[0].get("note").is_none() && read[0].get("waiting").is_none());
        assert_eq!(release_all(&stage).await, 1);
        assert_eq!(
            items(&stage, Who::Stranger, &evidence).await[0]["note"],
            BAD
        );
    });
}

/// A drafted programme of the partner and the investor; its path.
pub async fn drafted(stage: &Stage, scope: &[&str]) -> String {
    let office = stage.partnered(Role::Owner, false).await;
    let today = stage.context.now().date_naive();
    let body = json!({
        "slug": "il-az-2", "title": "The second bridge", "scope_tags": scope,
        "corridors": [{ "startup": "IL", "investor": "AZ" }],
        "parties": [
            { "organization": office.to_string(), "role": "signatory" },
            { "organization": stage.investor.id.to_string(), "role": "signatory" },
        ],
        "starts_on": today.to_string(),
        "ends_on": (today + chrono::Days::new(300)).to_string(),
    });
    let made = stage.post(Who::Curator, "/v1/programmes", body).await;
    let location = made.location.clone();
    made.expect(201);
    location.unwrap()
}

pub async fn write(stage: &Stage, programme: &str, texts: Value) -> Value {
    let parties = stage.get(Who::Curator, programme).await.expect(200)["parties"].clone();
    let parties = parties.as_array().unwrap().iter();
    let signs = |it: &Value| json!({ "organization": it["organization"], "name": "Leyla" });
    let written = json!({
        "controlling_language": "en", "texts": texts,
        "signatories": parties.map(signs).collect::<Vec<_>>(),
    });
    let request = stage.request(Who::Curator, "PUT", &format!("{programme}/agreement"));
    let request = request.header("If-Match", "*").json(&written);
    Answer::of(request.send().await.unwrap()).await.expect(200)
}

pub async fn go(stage: &Stage, programme: &str, action: &str) -> Answer {
    stage
        .go(Who::Curator, programme, json!({ "action": action }))
        .await
}

#[test]
fn parties_read_and_agree_on_an_mou_once_its_words_are_let_through() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let programme = drafted(&stage, &[]).await;
        let texts = json!({ "en": format!("We agree. {BAD}"), "az": "Razıyıq." });
        let written = write(&stage, &programme, texts.clone()).await;
        assert_eq!(places(&written), ["mou:en"]);
        go(&stage, &programme, "negotiate").await.expect(200);
        let languages = async |who| {
            let read = stage
                .get(who, &format!("{programme}/agreement"))
                .await
                .expect(200);
            let texts = read["texts"].as_array().unwrap().iter();
            texts.map(|it| it["language"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(languages(Who::Curator).await, ["az", "en"]);
        assert_eq!(languages(Who::Gul).await, ["az"]);
        let early = go(&stage, &programme, "agree_text").await;
        assert_eq!(early.code(409), "text_waits");
        let words = queue(&stage).await[0].1.clone();
        assert!(words[0].as_str().unwrap().contains("missiles"));
        assert_eq!(release_all(&stage).await, 1);
        assert_eq!(languages(Who::Gul).await, ["az", "en"]);
        // The same words are not read twice, others are.
        let again = write(&stage, &programme, texts).await;
        assert!(places(&again).is_empty());
        let worse = json!({ "en": format!("We agree. {BAD} And more.") });
        assert_eq!(places(&write(&stage, &programme, worse).await), ["mou:en"]);
        assert_eq!(languages(Who::Gul).await, Vec::<Value>::new());
        write(&stage, &programme, json!({ "en": "We agree." })).await;
        assert!(queue(&stage).await.is_empty());
        go(&stage, &programme, "agree_text").await.expect(200);

        // Why a party declines is read first, too.
        go(&stage, &programme, "start_signing").await.expect(200);
        let parties = stage.get(Who::Curator, &programme).await.expect(200)["parties"].clone();
        let declined = json!({
            "action": "decline", "organization": parties[0]["organization"], "reason": BAD,
        });
        let path = format!("{programme}/signings");
        let request = stage.request(Who::Curator, "POST", &path);
        let request = request.header("If-Match", "*").json(&declined);
        let declined = Answer::of(request.send().await.unwrap()).await.expect(200);
        assert_eq!(declined["signatories"][0]["state"], "declined");
        assert!(declined["signatories"][0].get("reason").is_none());
        assert_eq!(places(&declined).len(), 1);
        assert_eq!(release_all(&stage).await, 1);
        let read = stage.get(Who::Gul, &format!("{programme}/agreement")).await;
        assert_eq!(read.expect(200)["signatories"][0]["reason"], BAD);
    });
}

#[test]
fn a_scope_to_be_careful_with_is_let_through_before_parties_know_of_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let programme = drafted(&stage, &["counter_uas"]).await;
        assert_eq!(stage.get(Who::Gul, &programme).await.status, 404);
        let listed = async || items(&stage, Who::Gul, "/v1/programmes").await.len();
        assert_eq!(listed().await, 1, "the stage's own alone");
        let agreement = format!("{programme}/agreement");
        assert_eq!(stage.get(Who::Gul, &agreement).await.status, 404);
        write(&stage, &programme, json!({ "en": "We agree." })).await;
        go(&stage, &programme, "negotiate").await.expect(200);
        let early = go(&stage, &programme, "agree_text").await;
        assert_eq!(early.code(409), "text_waits");
        assert_eq!(queue(&stage).await[0].1, json!(["counter_uas"]));
        assert_eq!(release_all(&stage).await, 1);
        let scope = async |who| {
            let seen = stage.get(who, &programme).await.expect(200);
            seen["scope_tags"].clone()
        };
        assert_eq!(scope(Who::Gul).await, json!(["counter_uas"]));
        assert_eq!(listed().await, 2);

        // One that was known stays as it was until another is let through.
        let wider = json!({ "scope_tags": ["counter_uas", "cyber_commercial"] });
        let kept = stage
            .edit(Who::Curator, &programme, wider)
            .await
            .expect(200);
        assert_eq!(kept["scope_tags"], json!(["counter_uas"]));
        assert_eq!(scope(Who::Gul).await, json!(["counter_uas"]));
        let early = go(&stage, &programme, "agree_text").await;
        assert_eq!(early.code(409), "text_waits");
        assert_eq!(release_all(&stage).await, 1);
        let both = json!(["counter_uas", "cyber_commercial"]);
        assert_eq!(scope(Who::Gul).await, both);
        go(&stage, &programme, "agree_text").await.expect(200);
    });
}
