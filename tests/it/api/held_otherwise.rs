//! Words that compliance keeps, said otherwise; what tells their author that
//! something became of them; and those that were there before words were read.

use corridor::db::{self, Conn};
use corridor::domain::ids::ProgrammeId;
use serde_json::{Value, json};

use super::held_texts::{
    BAD, drafted, go, items, places, queue, release_all, says, two_parties, write,
};
use super::practices::{proposal, running};
use super::stage::{Answer, Stage, Who, of};
use crate::support::database::on_each_backend;

/// Says words of a practice otherwise, on that version of it.
async fn otherwise(
    stage: &Stage,
    who: Who,
    (practice, version): (&str, &str),
    place: &str,
    text: &str,
) -> Answer {
    let request = stage.request(who, "PUT", &format!("{practice}/texts"));
    let request = request.header("If-Match", version);
    let body = json!({ "place": place, "text": text });
    Answer::of(request.json(&body).send().await.unwrap()).await
}

/// A GET by somebody who has that version.
pub async fn again(stage: &Stage, who: Who, path: &str, tag: &str) -> Answer {
    let request = stage.request(who, "GET", path);
    let request = request.header("If-None-Match", tag);
    Answer::of(request.send().await.unwrap()).await
}

async fn refuse_all(stage: &Stage) {
    for (held, _) in queue(stage).await {
        says(stage, Who::Compliance, &held, "refuse")
            .await
            .expect(200);
    }
}

/// An engagement that is over, with a feedback and an outcome of the taker that
/// compliance refused; its path, and the place of the feedback.
async fn refused(stage: &Stage) -> (String, String) {
    let practice = format!("/v1/practices/{}", running(stage).await.0);
    let session = json!({
        "held_on": stage.context.now().date_naive().to_string(), "minutes": 60,
        "attendees": 2, "feedback": BAD,
    });
    let path = format!("{practice}/sessions");
    let noted = stage.post(Who::Gul, &path, session).await.expect(201);
    let done = json!({ "action": "complete", "outcome": BAD });
    stage.go(Who::Gul, &practice, done).await.expect(200);
    refuse_all(stage).await;
    let place = format!("feedback:{}", noted["id"].as_str().unwrap());
    (practice, place)
}

#[test]
fn what_was_refused_is_said_otherwise_also_when_the_practice_is_over() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (practice, feedback) = refused(&stage).await;
        let at = (practice.as_str(), "*");
        let own = stage.get(Who::Gul, &practice).await.expect(200);
        assert_eq!(places(&own), [feedback.as_str(), "outcome"]);

        // Others have nothing to say there, and learn of nothing.
        let other = otherwise(&stage, Who::Dana, at, "outcome", "We did.").await;
        assert_eq!(other.code(409), "nothing_kept");
        let curator = otherwise(&stage, Who::Curator, at, "outcome", "They did.").await;
        assert_eq!(curator.code(409), "nothing_kept");
        let stranger = otherwise(&stage, Who::Stranger, at, "outcome", "They did.").await;
        assert_eq!(stranger.status, 404);
        let empty = otherwise(&stage, Who::Gul, at, "scope", " ").await;
        assert_eq!(empty.expect(422)["errors"].as_array().unwrap().len(), 2);
        let stale = (practice.as_str(), "\"v1\"");
        let stale = otherwise(&stage, Who::Gul, stale, "outcome", "A jury.").await;
        assert_eq!(stale.status, 412);

        // What has to be read again waits in place of what was refused.
        let worse = format!("A jury. {BAD}");
        let waits = otherwise(&stage, Who::Gul, at, "outcome", &worse).await;
        let waits = waits.expect(200);
        assert_eq!(waits["waiting"][1]["text"], worse);
        assert_eq!(waits["waiting"][1]["state"], "waiting");
        let same = otherwise(&stage, Who::Gul, at, "outcome", &worse).await;
        assert_eq!(same.code(409), "unchanged");
        assert_eq!(queue(&stage).await.len(), 1);
        let seen = stage.get(Who::Dana, &practice).await.expect(200);
        assert!(seen.get("outcome").is_none() && seen.get("waiting").is_none());

        // And what nobody has to read stands at once.
        let said = otherwise(&stage, Who::Gul, at, "outcome", "A jury of five.").await;
        assert_eq!(said.expect(200)["outcome"], "A jury of five.");
        let said = otherwise(&stage, Who::Gul, at, &feedback, "Clear and short.").await;
        assert!(said.expect(200).get("waiting").is_none());
        assert!(queue(&stage).await.is_empty());
        let seen = stage.get(Who::Dana, &practice).await.expect(200);
        assert_eq!(seen["outcome"], "A jury of five.");
        let sessions = items(&stage, Who::Dana, &format!("{practice}/sessions")).await;
        assert!(
            sessions
                .iter()
                .any(|it| it["feedback"] == "Clear and short.")
        );
        stage.seal().await;
        let told = items(&stage, Who::Dana, &format!("{practice}/events")).await;
        let told = told.iter().filter(|it| it["kind"] == "practice.text_told");
        assert_eq!(told.count(), 2);
        let twice = otherwise(&stage, Who::Gul, at, "outcome", "A jury of six.").await;
        assert_eq!(twice.code(409), "nothing_kept");
    });
}

#[test]
fn an_aim_is_said_otherwise_until_it_is_offered() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut bad = proposal(&stage);
        bad["aim"] = json!(BAD);
        let made = stage.post(Who::Curator, "/v1/practices", bad).await;
        let practice = made.location.clone().unwrap();
        let tag = made.etag.clone().unwrap();
        made.expect(201);
        let at = (practice.as_str(), tag.as_str());
        let good = "How an incubator chooses.";
        let said = otherwise(&stage, Who::Curator, at, "aim", good).await;
        let said = said.expect(200);
        assert_eq!((&said["aim"], places(&said).len()), (&json!(good), 0));
        assert!(queue(&stage).await.is_empty());
        let offer = json!({ "action": "offer" });
        stage.go(Who::Curator, &practice, offer).await.expect(200);
        let shown = stage.get(Who::Gul, &practice).await.expect(200);
        assert_eq!(shown["aim"], good);
        // The firms learn of no other aim.
        stage.seal().await;
        let told = stage.get(Who::Gul, &format!("{practice}/events")).await;
        for kind in ["text_told", "aim_changed", "text_kept"] {
            assert!(!told.text.contains(kind), "{kind}: {}", told.text);
        }
    });
}

#[test]
fn a_tag_changes_with_what_its_reader_is_told_of_words_that_wait() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let practice = format!("/v1/practices/{}", running(&stage).await.0);
        let done = json!({ "action": "complete", "outcome": BAD });
        let done = stage.go(Who::Gul, &practice, done).await;
        let first = done.etag.clone().unwrap();
        assert_eq!(places(&done.expect(200)), ["outcome"]);
        let others = stage.get(Who::Dana, &practice).await.etag.unwrap();
        assert_ne!(
            first, others,
            "only its author's side is told that it waits"
        );
        for (who, tag) in [(Who::Gul, &first), (Who::Dana, &others)] {
            assert_eq!(again(&stage, who, &practice, tag).await.status, 304);
        }
        let held = queue(&stage).await[0].0.clone();
        says(&stage, Who::Compliance, &held, "refuse")
            .await
            .expect(200);
        let told = again(&stage, Who::Gul, &practice, &first).await;
        let second = told.etag.clone().unwrap();
        assert_eq!(told.expect(200)["waiting"][0]["state"], "refused");
        assert_ne!(first, second);
        let same = again(&stage, Who::Dana, &practice, &others).await;
        assert_eq!(same.status, 304, "the other firm learns of nothing");
        // A change is made on the version, whatever waits beside it.
        let at = (practice.as_str(), first.as_str());
        let said = otherwise(&stage, Who::Gul, at, "outcome", "A jury of five.").await;
        said.expect(200);
        let seen = again(&stage, Who::Dana, &practice, &others).await;
        assert_eq!(seen.expect(200)["outcome"], "A jury of five.");

        // The MoU as the operator's people read it, and a promise.
        let programme = two_parties(&stage).await;
        let agreement = format!("{programme}/agreement");
        let before = stage.get(Who::Curator, &agreement).await.etag.unwrap();
        let comment = json!({ "comment": BAD });
        let path = format!("{programme}/comments");
        stage.post(Who::Gul, &path, comment).await.expect(201);
        let waits = again(&stage, Who::Curator, &agreement, &before).await;
        let tag = waits.etag.clone().unwrap();
        assert_eq!(places(&waits.expect(200)).len(), 1);
        assert_eq!(release_all(&stage).await, 1);
        let read = again(&stage, Who::Curator, &agreement, &tag).await;
        assert!(places(&read.expect(200)).is_empty());
    });
}

#[test]
fn as_many_texts_of_a_firm_wait_as_may_be() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let programme = two_parties(&stage).await;
        let comments = format!("{programme}/comments");
        let say = async |who, words: &str| {
            let said = json!({ "comment": words });
            stage.post(who, &comments, said).await
        };
        for _ in 0..20 {
            say(Who::Gul, BAD).await.expect(201);
        }
        assert_eq!(say(Who::Gul, BAD).await.code(409), "too_many_waiting");
        let evidence = json!({
            "kind": "contract", "happened_on": "2026-11-20", "note": BAD,
        });
        let path = format!("{programme}/evidence");
        let evidence = stage.post(Who::Gul, &path, evidence).await;
        assert_eq!(evidence.code(409), "too_many_waiting");
        say(Who::Gul, "Agreed in Baku.").await.expect(201);
        say(Who::Stranger, BAD).await.expect(201);
        let held = queue(&stage).await[0].0.clone();
        says(&stage, Who::Compliance, &held, "refuse")
            .await
            .expect(200);
        say(Who::Gul, BAD).await.expect(201);
        assert_eq!(say(Who::Gul, BAD).await.code(409), "too_many_waiting");
    });
}

/// Has an MoU say this, as if it had been written before words were read.
#[test]
fn where_a_signature_can_be_seen_is_said_otherwise() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let programme = drafted(&stage, &[]).await;
        write(&stage, &programme, json!({ "en": "We agree." })).await;
        for action in ["negotiate", "agree_text", "start_signing"] {
            go(&stage, &programme, action).await.expect(200);
        }
        let read = stage.get(Who::Curator, &programme).await.expect(200);
        let firm = read["parties"][0]["organization"].clone();
        let signing = json!({
            "action": "sign", "organization": firm, "level": "qualified",
            "signed_on": "2026-11-24", "evidence": BAD,
        });
        let request = stage.request(Who::Curator, "POST", &format!("{programme}/signings"));
        let request = request.header("If-Match", "*").json(&signing);
        let signed = Answer::of(request.send().await.unwrap()).await.expect(200);
        assert_eq!(signed["waiting"].as_array().unwrap().len(), 1);
        refuse_all(&stage).await;

        let firm = firm.as_str().unwrap();
        let path = format!("{programme}/signings/{firm}/text");
        let say = async |who, path: &str, tag: &str, body: Value| {
            let request = stage.request(who, "PUT", path).header("If-Match", tag);
            Answer::of(request.json(&body).send().await.unwrap()).await
        };
        let good = json!({ "text": "Archive of the ministry, 7" });
        let agreement = format!("{programme}/agreement");
        let tag = stage.get(Who::Curator, &agreement).await.etag.unwrap();
        for who in [Who::Gul, Who::Dana, Who::Compliance] {
            let refused = say(who, &path, &tag, good.clone()).await.status;
            assert!(matches!(refused, 403 | 404), "{who:?}: {refused}");
        }
        let empty = json!({ "text": " " });
        let fault = say(Who::Curator, &path, &tag, empty).await.expect(422);
        assert_eq!(fault["errors"][0]["pointer"], "#/text");
        let same = say(Who::Curator, &path, &tag, json!({ "text": BAD })).await;
        assert_eq!(same.code(409), "unchanged");
        let other = format!("{programme}/signings/{}/text", stage.startup.id);
        let nothing = say(Who::Curator, &other, &tag, good.clone()).await;
        assert_eq!(nothing.code(409), "nothing_kept");
        let stale = say(Who::Curator, &path, "\"v1\"", good.clone()).await;
        assert_eq!(stale.status, 412);

        let said = say(Who::Curator, &path, &tag, good.clone())
            .await
            .expect(200);
        let parties_read = stage.get(Who::Gul, &agreement).await.expect(200);
        for seen in [&said, &parties_read] {
            assert_eq!(seen["signatories"][0]["evidence"], good["text"], "{seen}");
            assert_eq!(seen["signatories"][0]["state"], "signed");
        }
        assert!(
            said.get("waiting").is_none_or(|it| it == &json!([])),
            "{said}"
        );
        let twice = say(Who::Curator, &path, "*", good).await;
        assert_eq!(twice.code(409), "nothing_kept");
    });
}

async fn says_of_old(stage: &Stage, programme: &str, text: &str) {
    let id: ProgrammeId = of(programme.rsplit('/').next().unwrap());
    let text = text.to_owned();
    let write = move |conn: &mut Conn| {
        let mut agreement = db::agreements::load(conn, id)?;
        agreement.texts.insert(of("en"), text);
        if agreement.agreed.is_some() {
            agreement.agreed = Some(agreement.digest());
        }
        db::agreements::store(conn, &agreement)
    };
    stage.context.db.write(write).await.unwrap();
}

#[test]
fn an_mou_from_before_words_were_read_is_read_before_it_is_agreed_on_or_signed() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let programme = drafted(&stage, &[]).await;
        write(&stage, &programme, json!({ "en": "We agree." })).await;
        go(&stage, &programme, "negotiate").await.expect(200);
        let sign = async || {
            let read = stage.get(Who::Curator, &programme).await.expect(200);
            let signed = json!({
                "action": "sign", "organization": read["parties"][0]["organization"],
                "level": "qualified", "signed_on": "2026-11-24", "evidence": "Archive 7",
            });
            let path = format!("{programme}/signings");
            let request = stage.request(Who::Curator, "POST", &path);
            let request = request.header("If-Match", "*").json(&signed);
            Answer::of(request.send().await.unwrap()).await
        };
        let agreement = format!("{programme}/agreement");
        for (text, action) in [
            (format!("We agree. {BAD}"), "agree_text"),
            (format!("We agree, too. {BAD}"), "start_signing"),
            (format!("We sign. {BAD}"), "sign"),
        ] {
            says_of_old(&stage, &programme, &text).await;
            assert!(queue(&stage).await.is_empty());
            let act = async || match action {
                "sign" => sign().await,
                action => go(&stage, &programme, action).await,
            };
            // It waits from then on, once, and its parties don't read it.
            for _ in 0..2 {
                assert_eq!(act().await.code(409), "text_waits", "{action}");
                let waiting = queue(&stage).await;
                assert_eq!(waiting.len(), 1, "{action}");
                assert!(waiting[0].1[0].as_str().unwrap().contains("missiles"));
            }
            let seen = stage.get(Who::Gul, &agreement).await.expect(200);
            assert_eq!(seen["texts"], json!([]), "{action}");
            assert_eq!(release_all(&stage).await, 1);
            act().await.expect(200);
        }
        let seen = stage.get(Who::Gul, &agreement).await.expect(200);
        assert_eq!(seen["signatories"][0]["state"], Value::from("signed"));
    });
}
