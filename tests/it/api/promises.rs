//! Promises of a programme that fall behind, long before they are due.

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::event::Value as Fact;
use corridor::domain::programme::{Party, PartyRole};
use corridor::jobs::clock;
use serde_json::{Value, json};

use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

/// The promise among what waits for somebody.
async fn waiting(stage: &Stage, who: Who) -> Vec<Value> {
    let path = "/v1/worklist?kind=meet_commitment";
    let list = stage.get(who, path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn told(stage: &Stage) -> Vec<String> {
    stage.seal().await;
    let page = |conn: &mut Conn| db::events::page(conn, 0, 1_000);
    let events = stage.context.db.read(page).await.unwrap();
    let changed = events
        .into_iter()
        .filter(|event| event.kind == "commitment.health_changed");
    let health = changed
        .flat_map(|event| event.payload)
        .filter_map(|fact| match fact {
            (key, Fact::Code(code)) if key == "health" => Some(code),
            _ => None,
        });
    health.collect()
}

#[test]
fn who_sees_to_a_promise_hears_that_it_falls_behind() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let programme = stage.programme.id;
        let party = Party {
            organization: stage.investor.id,
            role: PartyRole::Signatory,
        };
        let write = move |conn: &mut Conn| {
            let mut record = db::programmes::find(conn, programme)?.unwrap();
            record.version += 1;
            record.details.parties.push(party);
            db::programmes::update(conn, &record)
        };
        assert!(stage.context.db.write(write).await.unwrap());
        let due = stage.context.now().date_naive() + TimeDelta::days(300);
        let promise = json!({
            "goal": "practices", "title": "Four sessions", "measure": "manual",
            "target_count": 4, "due": due.to_string(), "owner": stage.investor.id.to_string(),
        });
        let path = format!("/v1/programmes/{programme}/commitments");
        let made = stage.post(Who::Curator, &path, promise).await;
        let record = made.location.clone().unwrap();
        made.expect(201);
        let days = async |days| {
            stage.context.clock.advance(TimeDelta::days(days));
            stage.seal().await;
            clock::strike(&stage.context).await.unwrap();
        };
        days(1).await;
        assert!(waiting(&stage, Who::Curator).await.is_empty());
        assert!(waiting(&stage, Who::Gul).await.is_empty());
        assert_eq!(told(&stage).await, Vec::<String>::new());

        // A third of the time is over and nothing is there.
        days(120).await;
        for who in [Who::Curator, Who::Gul] {
            let waits = waiting(&stage, who).await;
            assert_eq!(waits.len(), 1, "{who:?}");
            assert_eq!(waits[0]["about"], json!(["Four sessions"]));
        }
        assert!(waiting(&stage, Who::Dana).await.is_empty());
        assert_eq!(told(&stage).await, ["at_risk"]);
        days(1).await;
        assert_eq!(told(&stage).await, ["at_risk"], "once");
        let list = |conn: &mut Conn| db::outbox::list(conn, None, None, 1_000);
        let queue = stage.context.db.read(list).await.unwrap();
        let mails = queue
            .iter()
            .filter(|it| it.intent_key.starts_with("news:promise_at_risk:"));
        assert_eq!(mails.count(), 1, "its owner is mailed once");

        let evidence = json!({
            "kind": "statement", "count": 3, "happened_on": stage.context.now().date_naive().to_string(), "note": "Three days in Baku",
        });
        let given = stage
            .post(Who::Gul, &format!("{record}/evidence"), evidence)
            .await;
        assert_eq!(given.status, 201, "{}", given.text);
        days(1).await;
        assert_eq!(told(&stage).await, ["at_risk", "on_track"]);
        assert!(waiting(&stage, Who::Curator).await.is_empty());
        // Another promise of the programme has a timeline of its own.
        let other = json!({
            "goal": "practices", "title": "Two more", "measure": "manual",
            "target_count": 2, "due": due.to_string(), "owner": stage.investor.id.to_string(),
        });
        stage.post(Who::Curator, &path, other).await.expect(201);
        stage.seal().await;
        let events = format!("{record}/events");
        let seen = stage.get(Who::Gul, &events).await.expect(200);
        let kinds = seen["items"].as_array().unwrap().iter();
        assert_eq!(
            kinds.map(|it| it["kind"].clone()).collect::<Vec<_>>(),
            ["commitment.made", "commitment.evidenced"]
        );
        assert!(seen["items"][0]["actor"]["id"].is_null(), "{seen}");
        // How far it is would tell what a single deal brought.
        for hidden in ["share", "health", "note", "count"] {
            assert!(
                !seen.to_string().contains(&format!("\"{hidden}\"")),
                "{seen}"
            );
        }
        let whole = stage.get(Who::Auditor, &events).await.expect(200);
        assert_eq!(whole["items"].as_array().unwrap().len(), 4);
        assert_eq!(whole["items"][1]["payload"]["health"], "at_risk");
        assert_eq!(stage.get(Who::Dana, &events).await.status, 404);
    });
}

/// How many mails of that news are queued.
async fn mails(stage: &Stage, news: &str) -> usize {
    let list = |conn: &mut Conn| db::outbox::list(conn, None, None, 1_000);
    let queue = stage.context.db.read(list).await.unwrap();
    let prefix = format!("news:{news}:");
    let of_it = queue.iter().filter(|it| it.intent_key.starts_with(&prefix));
    of_it.count()
}

/// The operator sees to a promise of deals by all that there is; a party by what
/// parties are told of deals, which below five is nothing.
#[test]
fn promises_of_deals_are_watched_by_what_their_owner_may_know() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (programme, curator) = (stage.programme.id, stage.user(Who::Curator).id);
        let investor = stage.investor.id;
        let write = move |conn: &mut Conn| {
            let operator = db::users::memberships(conn, curator)?[0].organization;
            let mut record = db::programmes::find(conn, programme)?.unwrap();
            record.version += 1;
            record.details.parties = [investor, operator]
                .map(|organization| Party {
                    organization,
                    role: PartyRole::Signatory,
                })
                .into();
            let stored = db::programmes::update(conn, &record)?;
            Ok::<_, db::Error>(stored.then_some(operator))
        };
        let operator = stage.context.db.write(write).await.unwrap().unwrap();
        let due = stage.context.now().date_naive() + TimeDelta::days(300);
        let path = format!("/v1/programmes/{programme}/commitments");
        for owner in [investor, operator] {
            let promise = json!({
                "goal": "capital", "title": "Five deals", "measure": "deals_signed",
                "target_count": 5, "due": due.to_string(), "owner": owner.to_string(),
            });
            stage.post(Who::Curator, &path, promise).await.expect(201);
        }
        let days = async |days| {
            stage.context.clock.advance(TimeDelta::days(days));
            stage.seal().await;
            clock::strike(&stage.context).await.unwrap();
        };
        days(1).await;
        days(120).await;
        assert_eq!(mails(&stage, "promise_at_risk").await, 1, "the curator's");
        assert_eq!(waiting(&stage, Who::Curator).await.len(), 2);
        assert!(waiting(&stage, Who::Gul).await.is_empty());
        days(200).await;
        assert_eq!(mails(&stage, "promise_missed").await, 1, "the curator's");
        assert_eq!(mails(&stage, "promise_at_risk").await, 1);
        days(1).await;
        assert_eq!(mails(&stage, "promise_missed").await, 1, "once");
    });
}
