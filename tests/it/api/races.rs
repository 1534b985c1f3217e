//! Requests at the same time: what is limited stays limited, and who comes
//! second is told so.

use chrono::TimeDelta;
use corridor::db::{self, Conn, outbox};
use corridor::services::notices::{self, Prepared};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::stage::{Answer, BLURB, Stage, Who, mandate};
use crate::support::database::on_each_backend;

/// Matches of several startups with the one mandate, which has so much room.
async fn matches(stage: &Stage, capacity: Value) -> Vec<String> {
    let mandate = format!("/v1/mandates/{}", stage.mandate.id);
    let capacity = json!({"capacity": capacity});
    stage.edit(Who::Gul, &mandate, capacity).await.expect(200);
    let mut matches = vec![];
    for number in 0..6 {
        let profile = stage.another_startup(&format!("Startup {number}")).await;
        matches.push(stage.matched_with(&profile).await);
    }
    matches
}

/// Sends all of them at once; how many came to `done`, and the codes of the
/// others.
async fn at_once(requests: Vec<reqwest::RequestBuilder>, done: u16) -> (usize, Vec<String>) {
    let mut running = JoinSet::new();
    for request in requests {
        running.spawn(async move { Answer::of(request.send().await.unwrap()).await });
    }
    let answers = running.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|it| it.status == done);
    let codes = refused.into_iter().map(|answer| answer.code(409));
    (done.len(), codes.collect())
}

fn all(code: &str) -> Vec<String> {
    vec![code.to_owned(); 5]
}

#[test]
fn a_mandate_takes_no_more_introductions_than_it_says() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let room = json!({"open_introductions": 1, "new_per_week": 9});
        let matches = matches(&stage, room).await;
        let request = |matched: &String| {
            let id = matched.rsplit('/').next().unwrap();
            let body = json!({"match": id, "blurb": BLURB});
            let request = stage.request(Who::Curator, "POST", "/v1/introductions");
            request.json(&body)
        };
        let requests = matches.iter().map(request).collect();
        assert_eq!(
            at_once(requests, 201).await,
            (1, all("mandate_at_capacity"))
        );
    });
}

#[test]
fn a_mandate_is_shown_no_more_matches_than_it_says() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let room = json!({"open_introductions": 9, "new_per_week": 1});
        let matches = matches(&stage, room).await;
        let release = |matched: &String| {
            stage
                .request(Who::Curator, "POST", &format!("{matched}/transitions"))
                .header("If-Match", "*")
                .json(&json!({"action": "release", "to": "both"}))
        };
        let requests = matches.iter().map(release).collect();
        assert_eq!(
            at_once(requests, 200).await,
            (1, all("mandate_at_capacity"))
        );
    });
}

#[test]
fn what_compliance_stops_does_not_go_out_and_the_other_way_round() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let room = json!({"open_introductions": 9, "new_per_week": 9});
        for matched in matches(&stage, room).await {
            let made = stage
                .request_introduction(Who::Curator, &matched, BLURB)
                .await;
            let introduction = made.location.clone().unwrap();
            made.expect(201);
            for _ in 0..2 {
                let page = stage.question(&introduction).await;
                let yes = [("answer", "accept"), ("name", "Gül Həsənova")];
                assert_eq!(stage.submit(&page, &yes).await.status, 303);
            }
            let (holder, now) = (Uuid::now_v7(), stage.context.now());
            let claim =
                move |conn: &mut Conn| outbox::claim(conn, holder, now, TimeDelta::minutes(2), 50);
            let claimed = stage.context.db.write(claim).await.unwrap();
            let mail = claimed
                .iter()
                .find(|it| it.intent_key.starts_with("introduction:"))
                .unwrap();
            let block = json!({"action": "block", "reason": "A sanction."});
            let (prepared, blocked) = tokio::join!(
                notices::prepare(&stage.context, mail, holder),
                stage.go(Who::Compliance, &introduction, block),
            );
            let goes_out = matches!(prepared.unwrap(), Prepared::Ready(_));
            assert_ne!(goes_out, blocked.status == 200, "{}", blocked.text);
        }
    });
}

#[test]
fn two_firms_have_one_deal_in_a_pipeline_by_whichever_mandate() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let tag = stage.profile.content.primary_tags.first().unwrap();
        let other = mandate(&stage.context, &stage.investor, tag.as_str());
        let (programme, made, now) = (stage.programme.id, other.clone(), stage.context.now());
        let admit = move |conn: &mut Conn| -> corridor::db::Result<()> {
            db::mandates::insert(conn, &made)?;
            db::programmes::admit_mandate(conn, programme, made.id, now)?;
            Ok(())
        };
        stage.context.db.write(admit).await.unwrap();
        let open = |number: usize| {
            let mandate = [stage.mandate.id, other.id][number % 2];
            let body = json!({
                "programme": stage.programme.id.to_string(),
                "startup": stage.profile.id.to_string(),
                "mandate": mandate.to_string(),
                "reason": "They met at the water fair in Baku.",
                "evidence": "Letter of intent of 3 November.",
            });
            let request = stage.request(Who::Curator, "POST", "/v1/deals");
            request.json(&body)
        };
        let requests = (0..6).map(open).collect();
        assert_eq!(at_once(requests, 201).await, (1, all("deal_going_on")));
    });
}

#[test]
fn a_slug_names_one_programme() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let draft = |_| {
            let body = json!({
                "slug": "az-il",
                "title": "Water bridge",
                "corridors": [{"startup": "IL", "investor": "AZ"}],
                "starts_on": "2026-01-01",
                "ends_on": "2028-12-31",
            });
            let request = stage.request(Who::Curator, "POST", "/v1/programmes");
            request.json(&body)
        };
        let requests = (0..6).map(draft).collect();
        assert_eq!(at_once(requests, 201).await, (1, all("slug_taken")));
    });
}
