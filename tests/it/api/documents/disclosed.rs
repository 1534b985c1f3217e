//! What a counterpart gets of a startup's documents, and when.

use corridor::db::{self, Conn};
use corridor::domain::ids::IntroductionId;
use corridor::domain::introduction::IntroductionStatus;
use serde_json::{Value, json};

use super::super::exports::{everything, of_type};
use super::super::stage::{Stage, Who};
use super::files::{Form, pdf};
use super::{TITLE, deck, fetch, path_of, upload};
use crate::support::database::on_each_backend;

/// Has an introduction stand there, as the worker would.
async fn stands(stage: &Stage, introduction: &str, status: IntroductionStatus) {
    let id: IntroductionId = introduction.rsplit('/').next().unwrap().parse().unwrap();
    let write = move |conn: &mut Conn| {
        let mut record = db::introductions::find(conn, id)?.unwrap();
        record.status = status;
        record.version += 1;
        db::introductions::update(conn, &record)
    };
    assert!(stage.context.db.write(write).await.unwrap());
}

/// An introduction whose mail went out.
async fn introduced(stage: &Stage) -> String {
    let introduction = stage.introduction(Who::Dana).await;
    let yes = json!({"action": "accept"});
    stage.go(Who::Gul, &introduction, yes).await.expect(200);
    stands(stage, &introduction, IntroductionStatus::Sent).await;
    introduction
}

async fn financials(stage: &Stage) -> Value {
    let form = Form::default()
        .field("class", "financials")
        .field("title", "Model")
        .field("language", "en")
        .file("model.csv", "text/csv", b"year,revenue\n2026,7\n");
    upload(stage, &form).await.expect(201)
}

async fn grant(stage: &Stage, body: Value) -> String {
    let path = format!("/v1/startup-profiles/{}/grants", stage.profile.id);
    let made = stage.post(Who::Dana, &path, body).await.expect(201);
    format!("{path}/{}", made["id"].as_str().unwrap())
}

async fn revoke(stage: &Stage, grant: &str) {
    let request = stage.request(Who::Dana, "DELETE", grant);
    assert_eq!(request.send().await.unwrap().status(), 204);
}

/// What the investor finds at all places of a document.
async fn statuses(stage: &Stage, document: &str) -> [u16; 3] {
    let head = stage.request(Who::Gul, "HEAD", &format!("{document}/file"));
    [
        stage.get(Who::Gul, document).await.status,
        stage
            .get(Who::Gul, &format!("{document}/file"))
            .await
            .status,
        head.send().await.unwrap().status().as_u16(),
    ]
}

const OPEN: [u16; 3] = [200, 200, 200];
const SHUT: [u16; 3] = [404, 404, 404];

#[test]
fn nothing_of_a_document_shows_before_both_agreed_and_its_owner_granted() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deck = deck(&stage).await;
        let path = path_of(&deck);
        // Granted to everybody from the first day; nobody is introduced.
        let everybody = grant(&stage, json!({"level": "l3"})).await;
        let id = deck["id"].as_str().unwrap();
        let matched = stage.released().await;
        let introduction = stage
            .request_introduction(Who::Dana, &matched, super::super::stage::BLURB)
            .await;
        let introduction = introduction.location.unwrap();
        for status in [
            None,
            Some(IntroductionStatus::BothAccepted),
            Some(IntroductionStatus::DeliveryProblem),
            Some(IntroductionStatus::Frozen),
            Some(IntroductionStatus::Closed),
            Some(IntroductionStatus::Declined),
        ] {
            if let Some(status) = status {
                stands(&stage, &introduction, status).await;
            }
            assert_eq!(statuses(&stage, &path).await, SHUT, "{status:?}");
            for place in [
                matched.clone(),
                introduction.clone(),
                format!("{introduction}/documents"),
                "/v1/matches".to_owned(),
                "/v1/introductions".to_owned(),
            ] {
                let seen = stage.get(Who::Gul, &place).await;
                assert!(!seen.text.contains(TITLE), "{place}: {}", seen.text);
                assert!(!seen.text.contains(id), "{place}: {}", seen.text);
            }
        }
        assert_eq!(stage.get(Who::Gul, "/v1/documents").await.status, 404);
        // The other half: introduced, and nothing is granted.
        revoke(&stage, &everybody).await;
        stands(&stage, &introduction, IntroductionStatus::Met).await;
        assert_eq!(statuses(&stage, &path).await, SHUT);
        let list = stage
            .get(Who::Gul, &format!("{introduction}/documents"))
            .await;
        assert_eq!(list.expect(200)["items"], json!([]));
        let views = stage.get(Who::Dana, &format!("{path}/views")).await;
        assert_eq!(views.expect(200)["items"], json!([]));
    });
}

#[test]
fn a_grant_opens_up_to_its_level_and_each_opening_is_on_record() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deck = deck(&stage).await;
        let (deck_path, model) = (path_of(&deck), path_of(&financials(&stage).await));
        let introduction = introduced(&stage).await;
        let id = introduction.rsplit('/').next().unwrap();
        let granted = grant(&stage, json!({"level": "l2", "introduction": id})).await;
        let (status, headers, bytes) = fetch(&stage, Who::Gul, &format!("{deck_path}/file")).await;
        assert_eq!((status, bytes), (200, pdf("the deck")));
        assert_eq!(headers["cache-control"], "private, no-store");
        assert_eq!(statuses(&stage, &model).await, SHUT);
        // Others are not meant.
        assert_eq!(stage.get(Who::Stranger, &deck_path).await.status, 404);
        let seen = stage.get(Who::Gul, &deck_path).await.expect(200);
        assert_eq!(seen["title"], TITLE);
        assert!(seen["state"].is_null(), "{seen:#}");
        // No other version, no log, no change.
        for inner in [
            "/versions",
            "/versions/1/file",
            "/views",
            "/events",
            "/transitions",
            "/screening",
        ] {
            let there = stage.get(Who::Gul, &format!("{deck_path}{inner}")).await;
            assert_eq!(there.code(404), "not_found", "{inner}");
        }
        let erase = json!({"action": "erase"});
        assert_eq!(stage.go(Who::Gul, &deck_path, erase).await.status, 404);
        // The startup sees what the investor sees, and who saw it.
        for who in [Who::Gul, Who::Dana, Who::Auditor] {
            let list = stage.get(who, &format!("{introduction}/documents")).await;
            let list = list.expect(200);
            assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list:#}");
            assert_eq!(list["items"][0]["id"], deck["id"]);
        }
        let views = stage.get(Who::Dana, &format!("{deck_path}/views")).await;
        let views = views.expect(200);
        assert_eq!(views["items"].as_array().unwrap().len(), 1, "{views:#}");
        assert_eq!(views["items"][0]["by"], super::super::stage::INVESTOR);
        assert_eq!(views["items"][0]["introduction"], id);
        // So it reads in its file of everything.
        let firm = stage.startup.id.to_string();
        let file = everything(&stage, Who::Dana, &firm).await;
        assert_eq!(of_type(&file, "document").len(), 2);
        assert_eq!(of_type(&file, "document_grant")[0]["level"], "l2");
        let openings = of_type(&file, "document_opening");
        assert_eq!(json!(openings), views["items"]);
        let ledger = format!(
            "/v1/organizations/{}/disclosures?limit=100",
            stage.startup.id
        );
        let lines = async |level: &str| {
            let ledger = stage.get(Who::Dana, &ledger).await.expect(200);
            let lines = ledger["items"].as_array().unwrap().iter();
            lines.filter(|line| line["level"] == level).count()
        };
        assert_eq!((lines("l2").await, lines("l3").await), (1, 0));
        // The grant is raised, and taken back.
        let raised = grant(&stage, json!({"level": "l3", "introduction": id})).await;
        assert_eq!(statuses(&stage, &model).await, OPEN);
        assert_eq!(lines("l3").await, 1);
        let path = format!("/v1/startup-profiles/{}/grants", stage.profile.id);
        let list = stage.get(Who::Dana, &path).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list:#}");
        // The one before has ended.
        let again = stage.request(Who::Dana, "DELETE", &granted);
        assert_eq!(again.send().await.unwrap().status(), 404);
        revoke(&stage, &raised).await;
        for document in [&deck_path, &model] {
            assert_eq!(statuses(&stage, document).await, SHUT);
        }
        // What is granted to everybody is not granted to whom it was taken from.
        grant(&stage, json!({"level": "l3"})).await;
        assert_eq!(statuses(&stage, &deck_path).await, SHUT);
        grant(&stage, json!({"level": "l2", "introduction": id})).await;
        assert_eq!(statuses(&stage, &deck_path).await, OPEN);
        assert_eq!(statuses(&stage, &model).await, SHUT);
        // The owner takes it back, and raises it beyond what is granted.
        let withdraw = json!({"action": "withdraw"});
        stage.go(Who::Dana, &deck_path, withdraw).await.expect(200);
        assert_eq!(statuses(&stage, &deck_path).await, SHUT);
        let restore = json!({"action": "restore"});
        stage.go(Who::Dana, &deck_path, restore).await.expect(200);
        assert_eq!(statuses(&stage, &deck_path).await, OPEN);
        let raised = json!({"level": "l3"});
        stage.edit(Who::Dana, &deck_path, raised).await.expect(200);
        assert_eq!(statuses(&stage, &deck_path).await, SHUT);
    });
}

/// Whatever closes the gate closes the door at once, and says nothing of it.
#[test]
fn what_stops_a_disclosure_stops_an_opening() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deck = path_of(&deck(&stage).await);
        let introduction = introduced(&stage).await;
        grant(&stage, json!({"level": "l2"})).await;
        let list = async || {
            let path = format!("{introduction}/documents");
            let list = stage.get(Who::Gul, &path).await.expect(200);
            list["items"].as_array().unwrap().len()
        };
        assert_eq!((statuses(&stage, &deck).await, list().await), (OPEN, 1));
        let order = json!({"scope": "country", "value": "AZ", "reason": "A standing order."});
        let freeze = stage.post(Who::Compliance, "/v1/freezes", order).await;
        let freeze = format!("/v1/freezes/{}", freeze.expect(201)["id"].as_str().unwrap());
        assert_eq!((statuses(&stage, &deck).await, list().await), (SHUT, 0));
        for who in [Who::Compliance, Who::SecondCompliance] {
            let lift = json!({"action": "lift", "reason": "It is over."});
            stage.go(who, &freeze, lift).await.expect(200);
        }
        assert_eq!((statuses(&stage, &deck).await, list().await), (OPEN, 1));
        let verdict = |verdict: &str| {
            json!({
                "organization": stage.investor.id.to_string(),
                "verdict": verdict,
                "basis": "Registry of companies", "evidence": { "reference": "Archive 7" },
                "valid_to": "2027-11-23",
            })
        };
        let clearances = "/v1/clearances";
        let blocked = stage
            .post(Who::Compliance, clearances, verdict("blocked"))
            .await;
        assert_eq!(blocked.status, 201, "{}", blocked.text);
        assert_eq!((statuses(&stage, &deck).await, list().await), (SHUT, 0));
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        crate::api::holding::settled(&stage, stage.investor.id, &mandate).await;
        for (said, expected) in [("clear", OPEN), ("review", SHUT), ("clear", OPEN)] {
            let said = stage.post(Who::Compliance, clearances, verdict(said)).await;
            assert_eq!(said.status, 201, "{}", said.text);
            assert_eq!(statuses(&stage, &deck).await, expected, "{}", said.text);
        }
        stands(&stage, &introduction, IntroductionStatus::Closed).await;
        assert_eq!((statuses(&stage, &deck).await, list().await), (SHUT, 0));
        stands(&stage, &introduction, IntroductionStatus::Converted).await;
        assert_eq!(statuses(&stage, &deck).await, OPEN);
        // A curator takes the mandate out of the programme; what was connected
        // before goes on.
        let withdrawals = format!(
            "/v1/programmes/{}/admissions/withdrawals",
            stage.programme.id
        );
        let gone = json!({
            "mandate": stage.mandate.id.to_string(), "reason": "It asked to leave.",
        });
        let gone = stage.post(Who::Curator, &withdrawals, gone).await;
        gone.expect(200);
        assert_eq!((statuses(&stage, &deck).await, list().await), (OPEN, 1));
        // A deal goes on when its programme is over; while that is suspended
        // nothing goes across.
        let programme = format!("/v1/programmes/{}", stage.programme.id);
        for (action, expected) in [("suspend", SHUT), ("resume", OPEN), ("terminate", OPEN)] {
            let mut body = json!({"action": action});
            if action != "resume" {
                body["reason"] = json!("A court order.");
            }
            stage.go(Who::Curator, &programme, body).await.expect(200);
            assert_eq!(statuses(&stage, &deck).await, expected);
        }
        let apart = json!({
            "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
            "reason": "A conflict of interest.",
        });
        let blocked = stage.post(Who::Compliance, "/v1/blocks", apart).await;
        assert!(blocked.status < 300, "{}", blocked.text);
        assert_eq!((statuses(&stage, &deck).await, list().await), (SHUT, 0));
        // Its owner is not kept from it.
        stage.get(Who::Dana, &deck).await.expect(200);
    });
}

#[test]
fn only_an_introduction_of_the_profile_can_be_granted_to() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = format!("/v1/startup-profiles/{}/grants", stage.profile.id);
        for body in [
            json!({"level": "l2", "introduction": uuid::Uuid::now_v7().to_string()}),
            json!({"level": "l0"}),
            json!({"level": "l2", "introduction": "x"}),
        ] {
            stage.post(Who::Dana, &path, body).await.expect(422);
        }
        let body = json!({"level": "l2"});
        for who in [Who::Curator, Who::Compliance, Who::Auditor] {
            assert_eq!(stage.post(who, &path, body.clone()).await.status, 403);
        }
        for who in [Who::Gul, Who::Stranger] {
            assert_eq!(stage.post(who, &path, body.clone()).await.status, 404);
            assert_eq!(stage.get(who, &path).await.status, 404);
        }
        // One that the investor asked for is not known before the startup is
        // asked; one of another profile is none of this one's.
        let introduction = introduced(&stage).await;
        let id = introduction.rsplit('/').next().unwrap();
        let other = stage.another_startup("Negev Sun").await;
        let elsewhere = format!("/v1/startup-profiles/{}/grants", other.id);
        let body = json!({"level": "l2", "introduction": id});
        assert_eq!(stage.post(Who::Dana, &elsewhere, body).await.status, 404);
    });
}
