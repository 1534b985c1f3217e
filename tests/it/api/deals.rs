//! From a converted introduction to money, or not.

use serde_json::{Value, json};

use super::held_otherwise::again;
use super::stage::{INVESTOR, Stage, Who};
use crate::support::database::on_each_backend;

/// A deal that goes through the pipeline of equity; its path.
pub async fn deal(stage: &Stage) -> String {
    let deal = opened(stage).await;
    let equity = json!({"action": "reroute", "pipeline": "equity", "reason": "They want a share."});
    stage.go(Who::Curator, &deal, equity).await.expect(200);
    deal
}

/// A deal as it was opened; its path. The mail's going out is the worker's part
/// and noted here in its place.
pub async fn opened(stage: &Stage) -> String {
    let introduction = stage.introduction(Who::Dana).await;
    let yes = json!({"action": "accept"});
    stage.go(Who::Gul, &introduction, yes).await.expect(200);
    stage.sent(&introduction).await;
    let convert = json!({"action": "convert"});
    stage
        .go(Who::Dana, &introduction, convert.clone())
        .await
        .expect(200);
    let view = stage.go(Who::Gul, &introduction, convert).await.expect(200);
    assert_eq!(view["status"], "converted");
    let deals = stage
        .get(Who::Gul, "/v1/deals?status=open")
        .await
        .expect(200);
    format!("/v1/deals/{}", deals["items"][0]["id"].as_str().unwrap())
}

async fn report(stage: &Stage, deal: &str) -> Value {
    let report = json!({"action": "report"});
    stage.go(Who::Dana, deal, report.clone()).await.expect(200);
    stage.go(Who::Gul, deal, report).await.expect(200)
}

fn funding(minor: i64) -> Value {
    json!({
        "action": "confirm",
        "amount": {"amount_minor": minor, "currency": "USD"},
        "value_date": "2026-11-24",
    })
}

#[test]
fn the_sides_move_it_up_to_screening_and_the_curator_after() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        assert_eq!(report(&stage, &deal).await["stage"], "first_meeting");
        assert_eq!(report(&stage, &deal).await["stage"], "screening");
        assert_eq!(report(&stage, &deal).await["stage"], "due_diligence");
        let more = json!({"action": "report"});
        stage.go(Who::Dana, &deal, more.clone()).await.expect(200);
        let waits = stage.go(Who::Gul, &deal, more).await;
        assert_eq!(waits.code(409), "curator_confirms");
        let advance = json!({"action": "advance"});
        assert_eq!(
            stage.go(Who::Dana, &deal, advance.clone()).await.status,
            403
        );
        for _ in 0..2 {
            stage
                .go(Who::Curator, &deal, advance.clone())
                .await
                .expect(200);
        }
        let missing = stage
            .go(Who::Curator, &deal, advance.clone())
            .await
            .expect(409);
        assert_eq!(missing["errors"][0]["pointer"], "#/facts/term_sheet_amount");
        let patch = |body: &'static str| {
            stage
                .request(Who::Gul, "PATCH", &deal)
                .header("If-Match", "*")
                .header("Content-Type", "application/merge-patch+json")
                .body(body)
        };
        let stage_by_hand = patch(r#"{"stage": "funded"}"#).send().await.unwrap();
        assert_eq!(stage_by_hand.status(), 422);
        let fact = patch(r#"{"facts": {"term_sheet_amount": "USD 1,200,000"}}"#);
        let fact: Value = fact.send().await.unwrap().json().await.unwrap();
        assert_eq!(fact["missing"], json!([]));
        stage.go(Who::Curator, &deal, advance).await.expect(200);
        for path in ["", "/transitions", "/events", "/notes"] {
            let answer = stage.get(Who::Stranger, &format!("{deal}{path}")).await;
            assert_eq!(answer.status, 404, "{path}");
        }
        let notes = stage.get(Who::Gul, &format!("{deal}/notes")).await;
        assert_eq!(
            notes.expect(200)["items"],
            json!([]),
            "reasons are the operator's"
        );
    });
}

#[test]
fn it_is_won_when_both_confirm_the_same() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let skip = json!({"action": "skip", "to": "funded", "reason": "Signed elsewhere."});
        let bare = json!({"action": "skip"});
        let faults = stage.go(Who::Curator, &deal, bare).await.expect(422);
        assert_eq!(faults["errors"].as_array().unwrap().len(), 2);
        stage.go(Who::Curator, &deal, skip).await.expect(200);
        // No money of it came before the two were introduced.
        let mut before = funding(120_000_000);
        before["value_date"] = json!("2026-11-20");
        let before = stage.go(Who::Dana, &deal, before).await.expect(422);
        assert_eq!(before["errors"][0]["code"], "too_early");
        assert_eq!(before["errors"][0]["pointer"], "#/value_date");
        let first = stage
            .go(Who::Dana, &deal, funding(120_000_000))
            .await
            .expect(200);
        assert_eq!(first["status"], "open");
        let other = stage
            .go(Who::Gul, &deal, funding(110_000_000))
            .await
            .expect(200);
        assert_eq!(other["status"], "open");
        let same = stage
            .go(Who::Gul, &deal, funding(120_000_000))
            .await
            .expect(200);
        assert_eq!(same["status"], "won");
        let notes = stage
            .get(Who::Curator, &format!("{deal}/notes"))
            .await
            .expect(200);
        assert_eq!(notes["items"][1]["note"], "Signed elsewhere.");
    });
}

#[test]
fn what_is_asked_of_one_side_the_other_cannot_record() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let of_investor = json!({"facts": {"due_diligence_done": "2026-11-20"}});
        let of_startup = json!({"facts": {"data_room_open": "2026-11-18"}});
        for (who, others) in [(Who::Dana, &of_investor), (Who::Gul, &of_startup)] {
            let refused = stage.edit(who, &deal, others.clone()).await;
            assert_eq!(refused.code(409), "criterion_not_yours", "{who:?}");
        }
        stage.edit(Who::Dana, &deal, of_startup).await.expect(200);
        stage.edit(Who::Gul, &deal, of_investor).await.expect(200);
        let curators = json!({"facts": {"due_diligence_done": "2026-11-21"}});
        stage.edit(Who::Curator, &deal, curators).await.expect(200);
    });
}

#[test]
fn what_is_recorded_is_what_was_asked_for() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let wrong = json!({"facts": {
            "signed_on": "banana", "term_sheet_amount": "a lot", "value_date": "2027-13-01",
        }});
        let faults = stage.edit(Who::Dana, &deal, wrong).await.expect(422);
        let codes = faults["errors"].as_array().unwrap().iter();
        let codes = codes.map(|it| (it["pointer"].clone(), it["code"].clone()));
        assert_eq!(
            codes.collect::<Vec<_>>(),
            [
                (json!("#/facts/signed_on"), json!("not_a_day")),
                (json!("#/facts/term_sheet_amount"), json!("not_an_amount")),
                (json!("#/facts/value_date"), json!("not_a_day")),
            ]
        );
        let ahead = json!({"facts": {"due_diligence_done": "2027-01-15"}});
        let ahead = stage.edit(Who::Gul, &deal, ahead).await.expect(422);
        assert_eq!(ahead["errors"][0]["code"], "day_ahead");
        // Nobody has signed or met on a day that is to come, or been paid.
        for key in ["signed_on", "first_meeting_held_on", "value_date"] {
            let ahead = json!({"facts": { key: "2027-01-15" }});
            let ahead = stage.edit(Who::Dana, &deal, ahead).await.expect(422);
            let fault = &ahead["errors"][0];
            assert_eq!(fault["pointer"], format!("#/facts/{key}"));
            assert_eq!(fault["code"], "in_the_future");
        }
        let planned = json!({"facts": {"first_meeting_date": "2027-01-15"}});
        stage.edit(Who::Dana, &deal, planned).await.expect(200);
        let right = json!({"facts": {
            "signed_on": "2026-11-24", "term_sheet_amount": "AZN 1,200,000.5",
        }});
        let kept = stage.edit(Who::Dana, &deal, right).await.expect(200);
        assert_eq!(kept["facts"]["term_sheet_amount"], "AZN 1,200,000.50");
        // Nothing goes across while a freeze is in force.
        let freeze = json!({ "scope": "country", "value": "AZ", "reason": "A test" });
        stage
            .post(Who::Compliance, "/v1/freezes", freeze)
            .await
            .expect(201);
        let across = json!({"facts": {"signed_on": "2026-11-24"}});
        let refused = stage.edit(Who::Dana, &deal, across).await;
        assert_eq!(refused.code(409), "not_available");
    });
}

#[test]
fn its_tag_changes_with_the_names_that_its_reader_is_told() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let read = stage.get(Who::Dana, &deal).await;
        assert!(read.text.contains(INVESTOR), "{}", read.text);
        let tag = read.etag.unwrap();
        assert_eq!(again(&stage, Who::Dana, &deal, &tag).await.status, 304);
        let firm = format!("/v1/organizations/{}", stage.investor.id);
        let name = json!({ "trade_name": "Another Name" });
        stage.edit(Who::Gul, &firm, name).await.expect(200);
        let read = again(&stage, Who::Dana, &deal, &tag).await;
        assert_eq!(read.status, 200);
        assert!(read.text.contains("Another Name"), "{}", read.text);
        let tag = read.etag.unwrap();
        let freeze = json!({ "scope": "country", "value": "AZ", "reason": "A test" });
        let frozen = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        frozen.expect(201);
        let read = again(&stage, Who::Dana, &deal, &tag).await;
        assert_eq!(read.status, 200);
        assert!(!read.text.contains("Another Name"), "{}", read.text);
    });
}

#[test]
fn a_confirmation_does_not_outlive_going_back() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let skip = json!({"action": "skip", "to": "funded", "reason": "Signed elsewhere."});
        stage
            .go(Who::Curator, &deal, skip.clone())
            .await
            .expect(200);
        let confirm = funding(120_000_000);
        stage
            .go(Who::Dana, &deal, confirm.clone())
            .await
            .expect(200);
        let back = json!({"action": "move_back", "to": "term_sheet", "reason": "It fell apart."});
        stage.go(Who::Curator, &deal, back).await.expect(200);
        stage.go(Who::Curator, &deal, skip).await.expect(200);
        let one = stage.go(Who::Gul, &deal, confirm.clone()).await.expect(200);
        assert_eq!(one["status"], "open", "the startup confirms again");
        let both = stage.go(Who::Dana, &deal, confirm).await.expect(200);
        assert_eq!(both["status"], "won");
    });
}

#[test]
fn its_history_says_how_long_it_stood_where_and_sums_up() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let hours = |hours| {
            let by = chrono::TimeDelta::hours(hours);
            stage.context.clock.advance(by);
        };
        hours(24);
        assert_eq!(report(&stage, &deal).await["stage"], "first_meeting");
        hours(2);
        let hold = json!({"action": "hold", "resume_on": "2026-12-24", "reason": "Holidays."});
        stage.go(Who::Dana, &deal, hold).await.expect(200);
        hours(3);
        stage
            .go(Who::Dana, &deal, json!({"action": "resume"}))
            .await
            .expect(200);
        hours(1);
        let lose = json!({"action": "lose", "code": "valuation"});
        stage.go(Who::Gul, &deal, lose).await.expect(200);
        hours(10);
        let reopen = json!({"action": "reopen", "reason": "They talk again."});
        stage.go(Who::Curator, &deal, reopen).await.expect(200);
        hours(5);
        stage.seal().await;
        let path = format!("{deal}/history");
        let history = stage.get(Who::Gul, &path).await.expect(200);
        let said: Vec<_> = history["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stay| {
                let hours = |field: &str| stay[field].as_i64().unwrap() / 3600;
                let stage = stay["stage"].as_str().unwrap();
                (stage, hours("lasted_s"), hours("held_s"))
            })
            .collect();
        assert_eq!(
            said,
            [
                ("introduced", 24, 0),
                ("first_meeting", 6, 3),
                ("first_meeting", 5, 0)
            ]
        );
        assert_eq!(history["total_s"], 35 * 3600);
        assert_eq!(history["items"][0]["working_days"], 1);
        assert_eq!(history["items"][0]["allowed_days"], 10);
        assert_eq!(stage.get(Who::Stranger, &path).await.status, 404);
    });
}

#[test]
fn a_curator_has_it_go_through_another_pipeline() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        report(&stage, &deal).await;
        let pilot =
            json!({"action": "reroute", "pipeline": "pilot", "reason": "They want a pilot."});
        assert_eq!(stage.go(Who::Dana, &deal, pilot.clone()).await.status, 403);
        let unknown = json!({"action": "reroute", "pipeline": "barter", "reason": "Why not."});
        let refused = stage.go(Who::Curator, &deal, unknown).await;
        assert_eq!(refused.code(409), "unknown_pipeline");
        let bare = json!({"action": "reroute"});
        let faults = stage.go(Who::Curator, &deal, bare).await.expect(422);
        assert_eq!(faults["errors"].as_array().unwrap().len(), 2);
        let moved = stage
            .go(Who::Curator, &deal, pilot.clone())
            .await
            .expect(200);
        assert_eq!(
            (&moved["pipeline"], &moved["stage"]),
            (&json!("pilot"), &json!("introduced"))
        );
        assert_eq!(
            stage.go(Who::Curator, &deal, pilot).await.code(409),
            "same_pipeline"
        );
        report(&stage, &deal).await;
        assert_eq!(report(&stage, &deal).await["stage"], "scoping");
        let equity = json!({"action": "skip", "to": "funded", "reason": "No."});
        assert_eq!(
            stage.go(Who::Curator, &deal, equity).await.code(409),
            "unknown_stage"
        );
    });
}
