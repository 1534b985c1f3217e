//! The gates when something new would be shown: at a release and at a request,
//! on the records as they are then.

use chrono::TimeDelta;
use corridor::domain::programme::ProgrammeDetails;
use serde_json::{Value, json};

use super::stage::{Answer, BLURB, Stage, Who};
use crate::support::database::on_each_backend;

/// A refusal's code and the rules it names.
fn refusal(answer: Answer) -> (String, Vec<String>) {
    let problem = answer.expect(409);
    let rules = problem["errors"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&problem["code"]),
        rules.map(|rule| text(&rule["code"])).collect(),
    )
}

async fn asks(stage: &Stage, who: Who, matched: &str) -> (String, Vec<String>) {
    refusal(stage.request_introduction(who, matched, BLURB).await)
}

fn named(code: &str, rules: &[&str]) -> (String, Vec<String>) {
    let rules = rules.iter().map(|rule| (*rule).to_owned());
    (code.to_owned(), rules.collect())
}

#[test]
fn a_mandate_that_excludes_the_startup_by_now_is_not_introduced_to_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        for excluding in [
            json!({"excluded_tags": ["water_loss"], "tags": {"water_loss": null, "agri_food": 3}}),
            json!({"excluded_tags": ["water"]}),
            json!({
                "excluded_tags": [], "tags": {"water": 3, "agri_food": null},
                "excluded_countries": ["IL"],
            }),
        ] {
            let edited = stage.edit(Who::Gul, &mandate, excluding).await;
            edited.expect(200);
            // The other side's wishes are not the startup's to know.
            let told = asks(&stage, Who::Dana, &matched).await;
            assert_eq!(told, named("not_available", &[]));
            let told = asks(&stage, Who::Gul, &matched).await;
            assert_eq!(told, named("not_available", &["exclusions"]));
            let told = asks(&stage, Who::Curator, &matched).await;
            assert_eq!(told, named("gate_closed", &["exclusions"]));
            assert_eq!(stage.get(Who::Dana, &matched).await.status, 404, "pulled");
        }
        let again = json!({"excluded_countries": []});
        stage.edit(Who::Gul, &mandate, again).await.expect(200);
        let made = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        assert_eq!(made.expect(201)["status"], "asking_first");
    });
}

#[test]
fn a_startup_that_left_the_programmes_tags_is_not_introduced_in_it() {
    on_each_backend(async |database| {
        let about_water = |details: &mut ProgrammeDetails| {
            details.scope_tags = vec!["water".parse().unwrap()];
        };
        let stage = Stage::with(database, "water_loss", about_water).await;
        let matched = stage.released().await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let other = json!({"primary_tags": ["fintech"]});
        stage.edit(Who::Dana, &profile, other).await.expect(200);
        let told = asks(&stage, Who::Curator, &matched).await;
        assert_eq!(told, named("gate_closed", &["programme_in_force"]));
        let told = asks(&stage, Who::Gul, &matched).await;
        assert_eq!(told, named("not_available", &[]));
    });
}

#[test]
fn a_side_is_told_what_its_own_record_lacks() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let pause = json!({"action": "pause"});
        stage.go(Who::Dana, &profile, pause).await.expect(200);
        let told = asks(&stage, Who::Dana, &matched).await;
        assert_eq!(told, named("not_available", &["startup_live"]));
        let told = asks(&stage, Who::Gul, &matched).await;
        assert_eq!(told, named("not_available", &[]));
        let none = stage.get(Who::Curator, "/v1/introductions").await;
        assert_eq!(none.expect(200)["items"], json!([]));
    });
}

#[test]
fn a_mandate_is_shown_as_many_new_matches_a_week_as_it_takes() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let one = json!({"capacity": {"open_introductions": 9, "new_per_week": 1}});
        stage.edit(Who::Gul, &mandate, one).await.expect(200);
        let first = stage.matched().await;
        let profile = stage.another_startup("Negev Sensors").await;
        let second = stage.matched_with(&profile).await;
        let to = |to: &str| json!({"action": "release", "to": to});
        stage
            .go(Who::Curator, &first, to("investor"))
            .await
            .expect(200);
        // Once shown it is not new.
        stage
            .go(Who::Curator, &first, to("startup"))
            .await
            .expect(200);
        let refused = stage.go(Who::Curator, &second, to("both")).await;
        assert_eq!(refused.code(409), "mandate_at_capacity");
        stage
            .go(Who::Curator, &second, to("startup"))
            .await
            .expect(200);
        stage.context.clock.advance(TimeDelta::days(7));
        stage
            .go(Who::Curator, &second, to("investor"))
            .await
            .expect(200);
    });
}
