//! What a founder could do to be matched more, and the curator's gap map.

use corridor::domain::mandate::MandateContent;
use serde_json::{Value, json};

use super::stage::{Stage, Who, of};
use crate::support::database::on_each_backend;

async fn readiness(stage: &Stage, who: Who) -> Value {
    let path = format!("/v1/startup-profiles/{}/readiness", stage.profile.id);
    stage.get(who, &path).await.expect(200)
}

/// So many more investors.
async fn investors(stage: &Stage, name: &str, count: usize, change: fn(&mut MandateContent)) {
    for n in 0..count {
        stage.another_investor(&format!("{name} {n}"), change).await;
    }
}

fn wants(intent: &str) -> impl Fn(&mut MandateContent) + use<'_> {
    move |content| content.deal_intents = [of(intent)].into()
}

/// How many mandates wanting that kind of deal too would open.
fn opens<'v>(told: &'v Value, intent: &str) -> &'v Value {
    let changes = told["changes"].as_array().unwrap();
    let found = changes.iter().find(|change| change["value"] == intent);
    &found.expect("it is named")["opens"]
}

#[test]
fn a_founder_learns_what_opens_more_mandates_and_of_no_single_one() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        investors(&stage, "Water", 3, |_| {}).await;
        investors(&stage, "Venture", 3, |content| {
            wants("equity_abroad")(content);
        })
        .await;
        investors(&stage, "Shop", 2, |content| {
            wants("distribution_partner")(content);
        })
        .await;
        let told = readiness(&stage, Who::Dana).await;
        assert_eq!(told["programme"], stage.programme.id.to_string());
        // Four, told as at least three: from what one more investor would add
        // nobody learns what that one wants.
        assert_eq!(told["open"], 3);
        assert_eq!(told["undecided"], Value::Null);
        assert_eq!(*opens(&told, "equity_abroad"), 3);
        assert_eq!(*opens(&told, "distribution_partner"), Value::Null);
        assert_eq!(told["changes"][0]["value"], "equity_abroad");
        // Everybody gets the same, each in their own language.
        let curators = readiness(&stage, Who::Curator).await;
        assert_eq!(*opens(&curators, "equity_abroad"), 3);
        assert_ne!(curators["changes"][0]["label"], told["changes"][0]["label"]);

        let missing = told["missing"].as_array().unwrap();
        let round = missing
            .iter()
            .find(|part| part["fields"] == json!(["/round"]));
        let round = round.expect("it raises nothing");
        assert_eq!(round["factors"], json!(["cheque", "instrument_role"]));
        assert_eq!(round["confidence"], 1_800);
        let named = |field: &str| {
            let mut fields = missing
                .iter()
                .flat_map(|part| part["fields"].as_array().unwrap());
            fields.any(|other| other == field)
        };
        assert!(named("/transfer_topics") && named("/traction/customers"));
        assert!(!named("/languages") && !named("/deal_intents"));
    });
}

/// Founders may ask again after each change of their profile.
#[test]
fn two_answers_do_not_tell_what_a_single_investor_wants() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        investors(&stage, "Water", 5, |_| {}).await;
        let before = readiness(&stage, Who::Dana).await;
        investors(&stage, "One", 1, |content| wants("equity_abroad")(content)).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let both = json!({
            "deal_intents": ["pilot_poc", "equity_abroad"],
            "round": {"currency": "USD", "target": 90_000_000, "instruments": ["safe"]},
        });
        stage.edit(Who::Dana, &profile, both).await.expect(200);
        let after = readiness(&stage, Who::Dana).await;
        assert_eq!((&before["open"], &after["open"]), (&json!(5), &json!(5)));
    });
}

#[test]
fn fewer_than_three_investors_are_no_number() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let alone = readiness(&stage, Who::Dana).await;
        assert_eq!(alone["open"], Value::Null);
        assert_eq!(*opens(&alone, "equity_abroad"), Value::Null);
    });
}

#[test]
fn readiness_says_nothing_of_what_others_decided() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        investors(&stage, "Water", 2, |_| {}).await;
        let before = readiness(&stage, Who::Dana).await;
        assert_eq!(before["open"], 3);
        let block = json!({
            "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
            "reason": "A quarrel.",
        });
        let blocked = stage.post(Who::Compliance, "/v1/blocks", block).await;
        assert_eq!(blocked.status, 204);
        assert_eq!(readiness(&stage, Who::Dana).await, before);
    });
}

#[test]
fn readiness_is_for_the_startup_and_the_operators_people() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = format!("/v1/startup-profiles/{}/readiness", stage.profile.id);
        for who in [Who::Gul, Who::Stranger] {
            stage.get(who, &path).await.expect(404);
        }
        let elsewhere = format!("{path}?programme={}", stage.profile.id);
        stage.get(Who::Dana, &elsewhere).await.expect(404);
        let unread = format!("{path}?programme=water");
        stage.get(Who::Dana, &unread).await.expect(400);
    });
}

#[test]
fn the_gap_map_names_what_finds_no_counterpart() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let want = |content: &mut MandateContent| {
            content.tags = [(of("desalination"), 3), (of("water"), 1)].into();
        };
        stage.another_investor("Desert", want).await;
        stage.another_investor("Sea", want).await;
        let path = format!("/v1/programmes/{}/gaps", stage.programme.id);
        let wanted = stage.get(Who::Curator, &path).await.expect(200);
        let first = &wanted["items"][0];
        assert_eq!(first["tag"], "desalination", "{wanted}");
        assert_eq!(
            (&first["wanted"], &first["supplied"]),
            (&json!(2), &json!(0))
        );
        // What is asked for in general is answered by what is under it.
        let tags: Vec<&Value> = wanted["items"].as_array().unwrap().iter().collect();
        assert!(
            tags.iter().all(|item| item["tag"] != "water_loss"),
            "{wanted}"
        );

        let scarce = stage.get(Who::Curator, &format!("{path}?at_most=1")).await;
        let scarce = scarce.expect(200);
        let items = scarce["items"].as_array().unwrap();
        let water_loss = items.iter().find(|item| item["tag"] == "water_loss");
        assert_eq!(water_loss.expect("one startup")["supplied"], 1);

        let idle = stage
            .get(Who::Curator, &format!("{path}?side=startups"))
            .await;
        assert_eq!(
            idle.expect(200)["items"],
            json!([]),
            "its only tag is wanted"
        );
        for who in [Who::Dana, Who::Gul] {
            stage.get(who, &path).await.expect(403);
        }
        stage
            .get(Who::Curator, &format!("{path}?side=both"))
            .await
            .expect(400);
    });
}
