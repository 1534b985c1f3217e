//! Evidence of what came of a programme that nobody made a promise of: given by
//! its parties, shown apart, and given to a commitment by a curator later.

use corridor::domain::account::Role;
use serde_json::{Value, json};

use super::held_texts::{BAD, drafted, places, queue, release_all, says};
use super::stage::{Answer, Stage, Who};
use super::syndicates::join_as;
use crate::support::database::{Database, on_each_backend};

/// The stage with a trade office as a party to the programme, for which the
/// stranger works.
async fn stage(database: &Database) -> Stage {
    let stage = Stage::set(database).await;
    let office = stage.partner().await;
    stage.becomes_party(office).await;
    join_as(&stage, Who::Stranger, office, Role::Editor).await;
    stage
}

fn happened(kind: &str, note: &str) -> Value {
    json!({ "kind": kind, "happened_on": "2026-11-20", "note": note })
}

fn place(stage: &Stage) -> String {
    format!("/v1/programmes/{}/evidence", stage.programme.id)
}

/// Something that somebody puts on record; its path.
async fn given(stage: &Stage, who: Who, kind: &str) -> String {
    let made = stage
        .post(who, &place(stage), happened(kind, "In Baku"))
        .await;
    let path = made.location.clone().unwrap();
    let made = made.expect(201);
    assert_eq!(
        (&made["state"], &made["kind"]),
        (&json!("open"), &json!(kind))
    );
    path
}

async fn card(stage: &Stage, query: &str) -> Value {
    stage.seal().await;
    let path = format!("/v1/programmes/{}/scorecard{query}", stage.programme.id);
    stage.get(Who::Curator, &path).await.expect(200)
}

/// A promise that evidence shows, to that many.
async fn promised(stage: &Stage, count: i64) -> String {
    let path = format!("/v1/programmes/{}/commitments", stage.programme.id);
    let owner = stage.programme_party().await;
    let body = json!({
        "goal": "trade", "title": "Delegations", "measure": "manual", "target_count": count,
        "due": "2027-06-30", "owner": owner,
    });
    let made = stage.post(Who::Curator, &path, body).await;
    let location = made.location.clone().unwrap();
    made.expect(201);
    location
}

impl Stage {
    /// The first party of the programme.
    async fn programme_party(&self) -> Value {
        let path = format!("/v1/programmes/{}", self.programme.id);
        let found = self.get(Who::Curator, &path).await.expect(200);
        found["parties"][0]["organization"].clone()
    }
}

async fn open(stage: &Stage, who: Who, path: &str) -> Vec<String> {
    let answer = stage.get(who, &format!("{path}/transitions")).await;
    let answer = answer.expect(200);
    let open = answer["available"].as_array().unwrap().iter();
    open.map(|it| it["action"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_party_puts_on_record_what_nobody_promised_and_it_stands_apart() {
    on_each_backend(async |database| {
        let stage = stage(database).await;
        let wrong = json!({ "kind": "party", "happened_on": "soon", "note": "" });
        let faults = stage.post(Who::Stranger, &place(&stage), wrong).await;
        assert_eq!(faults.expect(422)["errors"].as_array().unwrap().len(), 3);
        let mut ahead = happened("delegation", "In Baku");
        ahead["happened_on"] = json!("2027-01-01");
        let ahead = stage.post(Who::Stranger, &place(&stage), ahead).await;
        assert_eq!(ahead.expect(422)["errors"][0]["code"], "in_the_future");
        // Who is no party neither gives any nor reads it.
        for who in [Who::Dana, Who::Gul] {
            let body = happened("delegation", "In Baku");
            assert_eq!(stage.post(who, &place(&stage), body).await.status, 403);
            assert_eq!(stage.get(who, &place(&stage)).await.status, 403);
        }

        let first = given(&stage, Who::Stranger, "delegation").await;
        given(&stage, Who::Curator, "enquiry").await;
        given(&stage, Who::Stranger, "enquiry").await;
        assert_eq!(stage.get(Who::Dana, &first).await.status, 404);
        let seen = stage.get(Who::Auditor, &first).await;
        assert!(seen.etag.as_deref().unwrap().starts_with("\"v1-"));
        assert!(seen.expect(200)["organization"].is_string());
        let apart = json!([
            { "kind": "delegation", "count": 1 }, { "kind": "enquiry", "count": 2 },
        ]);
        assert_eq!(card(&stage, "").await["evidence"], apart);
        let before = card(&stage, "?as_of=2026-11-23").await;
        assert_eq!(before["evidence"], json!([]), "as of the day before");

        assert_eq!(open(&stage, Who::Stranger, &first).await, ["withdraw"]);
        assert_eq!(
            open(&stage, Who::Curator, &first).await,
            ["link", "withdraw"]
        );
        assert_eq!(open(&stage, Who::Auditor, &first).await, [""; 0]);
        let back = json!({ "action": "withdraw", "reason": "It was entered twice." });
        let back = stage.go(Who::Stranger, &first, back).await.expect(200);
        assert_eq!(back["state"], "withdrawn");
        for who in [Who::Stranger, Who::Curator, Who::Auditor] {
            let read = stage.get(who, &first).await.expect(200);
            assert_eq!(read["withdrawn_for"], "It was entered twice.", "{who:?}");
        }
        let again = stage.go(Who::Curator, &first, json!({ "action": "withdraw" }));
        assert_eq!(again.await.code(409), "transition_not_allowed");
        let apart = json!([{ "kind": "enquiry", "count": 2 }]);
        assert_eq!(card(&stage, "").await["evidence"], apart);
        let list = format!("{}?state=open", place(&stage));
        let list = stage.get(Who::Stranger, &list).await;
        assert_eq!(list.expect(200)["items"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_curator_gives_it_to_a_commitment_where_it_counts_from_then_on() {
    on_each_backend(async |database| {
        let stage = stage(database).await;
        let path = given(&stage, Who::Stranger, "delegation").await;
        let promise = promised(&stage, 2).await;
        let id = promise.rsplit('/').next().unwrap();
        let link = json!({ "action": "link", "commitment": id, "count": 1 });
        let theirs = stage.go(Who::Stranger, &path, link.clone()).await;
        assert_eq!(theirs.code(409), "transition_not_yours");
        for (wrong, pointer) in [
            (json!({ "action": "link" }), "#/commitment"),
            (
                json!({ "action": "link", "commitment": "x" }),
                "#/commitment",
            ),
            (
                json!({ "action": "link", "commitment": uuid::Uuid::now_v7().to_string() }),
                "#/commitment",
            ),
            (json!({ "action": "withdraw", "count": 1 }), "#/count"),
            (json!({ "action": "drop" }), "#/action"),
        ] {
            let faults = stage.go(Who::Curator, &path, wrong).await.expect(422);
            assert_eq!(faults["errors"][0]["pointer"], pointer, "{faults}");
        }
        // What adds nothing that the commitment asks for is no evidence of it.
        let money = json!({
            "action": "link", "commitment": id,
            "amount": { "amount_minor": 100, "currency": "USD" },
        });
        assert_eq!(stage.go(Who::Curator, &path, money).await.status, 422);
        assert_eq!(card(&stage, "").await["commitments"][0]["done_count"], 0);

        let linked = stage
            .go(Who::Curator, &path, link.clone())
            .await
            .expect(200);
        assert_eq!(
            (&linked["state"], &linked["commitment"]),
            (&json!("linked"), &json!(id))
        );
        let now = card(&stage, "").await;
        assert_eq!(now["commitments"][0]["done_count"], 1);
        assert_eq!(now["evidence"], json!([]));
        let there = stage
            .get(Who::Stranger, &format!("{promise}/evidence"))
            .await;
        let there = there.expect(200)["items"][0].clone();
        assert_eq!(there["id"], linked["id"]);
        assert_eq!(there["note"], "In Baku");
        assert_eq!(open(&stage, Who::Curator, &path).await, [""; 0]);

        // A commitment that is closed takes no more.
        let drop = json!({ "action": "drop", "reason": "Nobody can travel." });
        stage.go(Who::Curator, &promise, drop).await.expect(200);
        let second = given(&stage, Who::Stranger, "contract").await;
        let late = stage.go(Who::Curator, &second, link).await;
        assert_eq!(late.code(409), "commitment_closed");

        stage.seal().await;
        let events = stage.get(Who::Stranger, &format!("{path}/events")).await;
        let events = events.expect(200);
        let events = events["items"].as_array().unwrap().iter();
        let kinds: Vec<_> = events.map(|it| it["kind"].as_str().unwrap()).collect();
        assert_eq!(
            kinds,
            [
                "programme.evidence_given",
                "commitment.evidenced",
                "programme.evidence_moved"
            ]
        );
    });
}

#[test]
fn its_words_wait_under_the_id_that_it_keeps_as_a_commitments() {
    on_each_backend(async |database| {
        let stage = stage(database).await;
        let promise = promised(&stage, 2).await;
        let id = promise.rsplit('/').next().unwrap();
        let made = stage
            .post(Who::Stranger, &place(&stage), happened("contract", BAD))
            .await;
        let path = made.location.clone().unwrap();
        let made = made.expect(201);
        assert!(made.get("note").is_none());
        assert_eq!(places(&made).len(), 1);
        let link = json!({ "action": "link", "commitment": id, "count": 1 });
        let linked = stage.go(Who::Curator, &path, link).await.expect(200);
        assert_eq!(places(&linked), places(&made), "it waits as it did");
        let evidence = format!("{promise}/evidence");
        let there = stage.get(Who::Curator, &evidence).await.expect(200);
        assert!(there["items"][0].get("note").is_none());
        assert_eq!(release_all(&stage).await, 1);
        let there = stage.get(Who::Stranger, &evidence).await.expect(200);
        assert_eq!(there["items"][0]["note"], BAD);
        let here = stage.get(Who::Stranger, &path).await.expect(200);
        assert_eq!((&here["note"], places(&here).len()), (&json!(BAD), 0));

        // What is refused is never told, and what is taken back waits no longer.
        for end in ["refuse", "withdraw"] {
            let made = stage
                .post(Who::Stranger, &place(&stage), happened("enquiry", BAD))
                .await;
            let path = made.location.clone().unwrap();
            made.expect(201);
            if end == "refuse" {
                let held = queue(&stage).await[0].0.clone();
                says(&stage, Who::Compliance, &held, "refuse")
                    .await
                    .expect(200);
            } else {
                let bad = json!({ "action": "withdraw", "reason": BAD });
                let named = stage.go(Who::Stranger, &path, bad).await.expect(422);
                assert_eq!(named["errors"][0]["pointer"], "#/reason");
                assert_eq!(named["errors"][0]["code"], "sensitive_words");
                let back = json!({ "action": "withdraw" });
                stage.go(Who::Stranger, &path, back).await.expect(200);
            }
            assert!(queue(&stage).await.is_empty());
            let read = stage.get(Who::Curator, &path).await.expect(200);
            assert!(read.get("note").is_none(), "{end}");
        }
    });
}

#[test]
fn of_two_curators_who_give_it_away_at_once_one_is_told_that_the_other_was_first() {
    on_each_backend(async |database| {
        let stage = stage(database).await;
        let path = given(&stage, Who::Stranger, "contract").await;
        let mut links = Vec::new();
        for _ in 0..2 {
            let promise = promised(&stage, 2).await;
            let id = promise.rsplit('/').next().unwrap();
            links.push(json!({ "action": "link", "commitment": id, "count": 1 }));
        }
        let link = async |body: &Value| {
            let path = format!("{path}/transitions");
            let request = stage.request(Who::Curator, "POST", &path);
            let request = request.header("If-Match", "\"v1\"").json(body);
            Answer::of(request.send().await.unwrap()).await.status
        };
        let (one, other) = tokio::join!(link(&links[0]), link(&links[1]));
        let mut both = [one, other];
        both.sort_unstable();
        assert_eq!(both[0], 200);
        assert!(matches!(both[1], 409 | 412), "{both:?}");
        let now = card(&stage, "").await;
        let counted = now["commitments"].as_array().unwrap().iter();
        let counted: i64 = counted.map(|it| it["done_count"].as_i64().unwrap()).sum();
        assert_eq!(counted, 1, "it counts once");
    });
}

#[test]
fn nothing_is_told_of_a_programme_whose_scope_waits() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let programme = drafted(&stage, &["counter_uas"]).await;
        let list = format!("{programme}/evidence");
        let made = stage
            .post(Who::Curator, &list, happened("contract", "In Baku"))
            .await;
        let path = made.location.clone().unwrap();
        made.expect(201);
        for path in [&path, &list, &format!("{path}/events")] {
            assert_eq!(stage.get(Who::Gul, path).await.status, 404, "{path}");
        }
        assert_eq!(release_all(&stage).await, 1);
        for path in [&path, &list] {
            stage.get(Who::Gul, path).await.expect(200);
        }
    });
}
