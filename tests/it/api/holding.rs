//! What is taken from everybody's sight, by whom it comes back, and what is put
//! away long after it ended.

use chrono::TimeDelta;
use corridor::db::introductions::GivenAnswer;
use corridor::db::{self, Conn};
use corridor::domain::ids::{IntroductionId, OrganizationId};
use corridor::domain::introduction::Answer as Given;
use corridor::domain::values::Side;
use corridor::jobs::clock;
use serde_json::{Value, json};

use super::stage::{BLURB, Stage, Who};
use crate::support::database::on_each_backend;

fn act(action: &str) -> Value {
    json!({ "action": action })
}

fn noted(action: &str) -> Value {
    json!({ "action": action, "note": "Found on a list." })
}

async fn checked(stage: &Stage, who: Who, firm: OrganizationId, verdict: &str) -> u16 {
    let body = json!({
        "organization": firm.to_string(),
        "verdict": verdict,
        "basis": "A list of names.",
        "evidence": { "reference": "Archive 7" },
        "valid_to": "2027-05-01",
    });
    stage.post(who, "/v1/clearances", body).await.status
}

async fn status(stage: &Stage, record: &str) -> Value {
    stage.get(Who::Curator, record).await.expect(200)["status"].clone()
}

/// What a firm was blocked for is settled by two people, who restore a record.
pub async fn settled(stage: &Stage, firm: OrganizationId, record: &str) {
    assert_eq!(checked(stage, Who::Compliance, firm, "review").await, 201);
    assert_eq!(
        checked(stage, Who::SecondCompliance, firm, "clear").await,
        201
    );
    for who in [Who::Compliance, Who::SecondCompliance] {
        stage.go(who, record, noted("restore")).await.expect(200);
    }
}

#[test]
fn a_check_against_a_firm_hides_all_it_shows_until_two_people_bring_it_back() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Gul).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let draft = stage
            .post(Who::Dana, "/v1/startup-profiles", json!({}))
            .await;
        let draft = draft.location.unwrap();
        let version = stage.get(Who::Dana, &profile).await.etag;
        // Nobody suspends what there is nothing against.
        let refused = stage.go(Who::Compliance, &profile, noted("suspend")).await;
        assert_eq!(refused.code(409), "no_ground_to_suspend");
        for who in [Who::Dana, Who::Curator] {
            let refused = stage.go(who, &profile, noted("suspend")).await;
            assert_eq!(refused.status, 403, "{}", refused.text);
        }
        let firm = stage.startup.id;
        assert_eq!(checked(&stage, Who::Compliance, firm, "blocked").await, 201);
        assert_eq!(status(&stage, &profile).await, "suspended");
        assert_eq!(status(&stage, &draft).await, "draft");
        assert_ne!(stage.get(Who::Dana, &profile).await.etag, version);
        assert_eq!(status(&stage, &introduction).await, "withdrawn");
        for action in ["publish", "withdraw", "pause"] {
            let refused = stage.go(Who::Dana, &profile, act(action)).await;
            assert_eq!(refused.code(409), "transition_not_allowed");
        }
        let edit = stage
            .edit(Who::Dana, &profile, json!({"team_size": 9}))
            .await;
        assert_eq!(edit.code(409), "transition_not_allowed");
        // It stays so while the check stands, and one person alone ends neither.
        let refused = stage.go(Who::Compliance, &profile, noted("restore")).await;
        assert_eq!(refused.code(409), "clearance_blocked");
        assert_eq!(checked(&stage, Who::Compliance, firm, "clear").await, 409);
        assert_eq!(checked(&stage, Who::Compliance, firm, "review").await, 201);
        assert_eq!(checked(&stage, Who::Compliance, firm, "clear").await, 409);
        assert_eq!(
            checked(&stage, Who::SecondCompliance, firm, "clear").await,
            201
        );
        assert_eq!(status(&stage, &profile).await, "suspended");
        let bare = stage.go(Who::Compliance, &profile, act("restore")).await;
        assert_eq!(bare.expect(422)["errors"][0]["pointer"], "#/note");
        let first = stage.go(Who::Compliance, &profile, noted("restore")).await;
        assert_eq!(first.expect(200)["status"], "suspended");
        let again = stage.go(Who::Compliance, &profile, noted("restore")).await;
        assert_eq!(again.code(409), "second_person_needed");
        let open = stage
            .get(Who::SecondCompliance, &format!("{profile}/transitions"))
            .await
            .expect(200);
        let open = open["available"].as_array().unwrap().clone();
        assert!(open.contains(&json!({"action": "restore", "blocked_by": null})));
        let second = stage
            .go(Who::SecondCompliance, &profile, noted("restore"))
            .await;
        assert_eq!(second.expect(200)["status"], "published");
        stage.seal().await;
        let events = stage.get(Who::Dana, &format!("{profile}/events")).await;
        for kind in ["startup_profile.suspended", "startup_profile.restored"] {
            assert!(events.text.contains(kind), "{}", events.text);
        }
        // Why, and who was asked, is not for the firm to read.
        let own = stage
            .get(Who::Dana, &format!("/v1/organizations/{firm}/events"))
            .await;
        for text in [&events.text, &own.text] {
            assert!(!text.contains("clearance_blocked") && !text.contains("proposed"));
        }
    });
}

#[test]
fn what_an_investor_shows_is_hidden_and_ranked_again_once_it_is_back() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let investor = super::investors::approved(&stage).await;
        stage
            .go(Who::Gul, &investor, act("publish"))
            .await
            .expect(200);
        let matched = stage.released().await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        stage.go(Who::Gul, &mandate, act("pause")).await.expect(200);
        let firm = stage.investor.id;
        assert_eq!(checked(&stage, Who::Compliance, firm, "blocked").await, 201);
        assert_eq!(status(&stage, &investor).await, "suspended");
        assert_eq!(status(&stage, &mandate).await, "suspended");
        settled(&stage, firm, &mandate).await;
        assert_eq!(status(&stage, &mandate).await, "paused");
        stage
            .go(Who::Gul, &mandate, act("publish"))
            .await
            .expect(200);
        // No mandate is proposed while its investor is suspended.
        let seen = async || stage.get(Who::Dana, &matched).await.status;
        assert_eq!(seen().await, 404);
        for who in [Who::Compliance, Who::SecondCompliance] {
            stage.go(who, &investor, noted("restore")).await.expect(200);
        }
        assert_eq!(status(&stage, &investor).await, "published");
        assert_eq!(seen().await, 200);
        // It can be suspended another time.
        assert_eq!(checked(&stage, Who::Compliance, firm, "blocked").await, 201);
        assert_eq!(status(&stage, &mandate).await, "suspended");
    });
}

#[test]
fn an_investor_that_takes_itself_out_ends_what_is_asked_of_its_mandates() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let investor = super::investors::approved(&stage).await;
        stage
            .go(Who::Gul, &investor, act("publish"))
            .await
            .expect(200);
        let matched = stage.released().await;
        let asked = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        let introduction = asked.location.clone().unwrap();
        asked.expect(201);
        // Pausing leaves it alone.
        stage
            .go(Who::Gul, &investor, act("pause"))
            .await
            .expect(200);
        assert_ne!(status(&stage, &introduction).await, "withdrawn");
        stage
            .go(Who::Gul, &investor, act("withdraw"))
            .await
            .expect(200);
        assert_eq!(status(&stage, &introduction).await, "withdrawn");
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        assert_eq!(status(&stage, &mandate).await, "published");
        let seen = async || stage.get(Who::Dana, &matched).await.status;
        assert_eq!(seen().await, 404);
        // It may begin anew, in the same place, and be reviewed again.
        let anew = stage
            .post(Who::Gul, "/v1/investor-profiles", super::investors::whole())
            .await;
        assert_eq!(anew.location.as_ref(), Some(&investor));
        let anew = anew.expect(201);
        assert_eq!(anew["status"], "draft");
        assert!(anew["published_at"].is_null());
        assert_eq!(seen().await, 200);
        let again = stage
            .post(Who::Gul, "/v1/investor-profiles", super::investors::whole())
            .await;
        assert_eq!(again.code(409), "profile_exists");
    });
}

/// Another investor reports what the startup asked of it, as the first did.
async fn reported_by_another(stage: &Stage, introduction: &str) -> String {
    let other = stage.another_investor("Araz Fund", |_| ()).await;
    let id: IntroductionId = introduction.rsplit('/').next().unwrap().parse().unwrap();
    let context = stage.context.clone();
    let twin_id: IntroductionId = context.new_id();
    let write = move |conn: &mut Conn| -> Result<(), corridor::services::Error> {
        let mut twin = db::introductions::find(conn, id)?.unwrap();
        twin.id = twin_id;
        twin.investor = other.organization;
        twin.mandate = other.id;
        db::introductions::insert(conn, &twin)?;
        let given = GivenAnswer {
            id: context.new_id(),
            introduction: twin.id,
            side: Side::Investor,
            ask: None,
            answer: Given::ReportAbuse,
            note: Some("Threats.".to_owned()),
            person_name: "Araz".to_owned(),
            person_role: None,
            created_at: context.now(),
        };
        Ok(db::introductions::insert_answer(conn, &given)?)
    };
    stage.context.db.write(write).await.unwrap();
    format!("/v1/introductions/{twin_id}")
}

#[test]
fn two_firms_that_report_abuse_are_a_ground_for_compliance() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let introduction = stage.introduction(Who::Dana).await;
        let report = json!({"action": "report_abuse", "note": "They threatened us."});
        stage.go(Who::Gul, &introduction, report).await.expect(200);
        let refused = stage.go(Who::Compliance, &profile, noted("suspend")).await;
        assert_eq!(refused.code(409), "no_ground_to_suspend");
        let second = reported_by_another(&stage, &introduction).await;
        // Who reports is not the one who is reported.
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let refused = stage.go(Who::Compliance, &mandate, noted("suspend")).await;
        assert_eq!(refused.code(409), "no_ground_to_suspend");
        let bare = stage.go(Who::Compliance, &profile, act("suspend")).await;
        assert_eq!(bare.status, 422);
        let suspended = stage.go(Who::Compliance, &profile, noted("suspend")).await;
        assert_eq!(suspended.expect(200)["status"], "suspended");
        for (who, state) in [
            (Who::SecondCompliance, "suspended"),
            (Who::Compliance, "published"),
        ] {
            let done = stage.go(who, &profile, noted("restore")).await;
            assert_eq!(done.expect(200)["status"], state);
        }
        // A report that doesn't hold is no ground; the other one alone isn't either.
        let ruling = json!({ "ruling": "dismiss", "reason": "A mistake." });
        let path = format!("{second}/abuse-decisions");
        stage.post(Who::Curator, &path, ruling).await.expect(200);
        let refused = stage.go(Who::Compliance, &profile, noted("suspend")).await;
        assert_eq!(refused.code(409), "no_ground_to_suspend");
    });
}

#[test]
fn what_ended_long_ago_is_put_away_unless_a_deal_goes_on() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        super::deals::deal(&stage).await;
        let draft = async |who: Who, path: &str, body: Value| {
            let made = stage.post(who, path, body).await;
            let location = made.location.clone().unwrap();
            made.expect(201);
            location
        };
        let profile = draft(Who::Dana, "/v1/startup-profiles", json!({})).await;
        let mandate = draft(Who::Gul, "/v1/mandates", json!({})).await;
        let investor = draft(Who::Stranger, "/v1/investor-profiles", json!({})).await;
        let of_deal = format!("/v1/startup-profiles/{}", stage.profile.id);
        for (who, record) in [
            (Who::Dana, &profile),
            (Who::Gul, &mandate),
            (Who::Stranger, &investor),
            (Who::Dana, &of_deal),
        ] {
            stage.go(who, record, act("withdraw")).await.expect(200);
        }
        stage.context.clock.advance(TimeDelta::days(179));
        clock::strike(&stage.context).await.unwrap();
        assert_eq!(status(&stage, &profile).await, "withdrawn");
        stage.context.clock.advance(TimeDelta::days(2));
        clock::strike(&stage.context).await.unwrap();
        for record in [&profile, &mandate, &investor] {
            assert_eq!(status(&stage, record).await, "archived", "{record}");
        }
        assert_eq!(status(&stage, &of_deal).await, "withdrawn");
        // Nobody does it by hand.
        let by_hand = stage.go(Who::Dana, &of_deal, act("archive")).await;
        assert_eq!(by_hand.status, 403, "{}", by_hand.text);
    });
}

#[test]
fn two_people_let_two_firms_meet_again_that_were_kept_apart() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let matched = stage.released().await;
        let other = stage.another_investor("Araz Fund", |_| ()).await;
        for (fund, reason) in [
            (stage.investor.id, "Former partners."),
            (other.organization, "A wish."),
        ] {
            let apart = json!({
                "organizations": [fund.to_string(), stage.startup.id.to_string()],
                "reason": reason,
            });
            let made = stage.post(Who::Compliance, "/v1/blocks", apart).await;
            assert_eq!(made.status, 204, "{}", made.text);
            stage.context.clock.advance(chrono::TimeDelta::seconds(1));
        }
        assert_eq!(stage.get(Who::Dana, &matched).await.status, 404);
        for who in [Who::Dana, Who::Gul] {
            assert_eq!(stage.get(who, "/v1/blocks").await.status, 404);
        }
        let page = stage
            .get(Who::Auditor, "/v1/blocks?limit=1")
            .await
            .expect(200);
        let next = page["next_cursor"].as_str().unwrap();
        let path = format!("/v1/blocks?limit=1&cursor={next}");
        let last = stage.get(Who::Auditor, &path).await.expect(200);
        let reasons = [&page, &last].map(|it| it["items"][0]["reason"].clone());
        assert_eq!(reasons, ["Former partners.", "A wish."]);
        assert!(last["next_cursor"].is_null());
        let of_fund = format!("/v1/blocks?organization={}", stage.investor.id);
        let found = stage.get(Who::Curator, &of_fund).await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
        let block = format!("/v1/blocks/{}", found["items"][0]["id"].as_str().unwrap());
        let lift = json!({ "action": "lift", "reason": "It was settled." });
        for (who, status) in [(Who::Curator, 403), (Who::Auditor, 403), (Who::Dana, 404)] {
            let refused = stage.go(who, &block, lift.clone()).await;
            assert_eq!(refused.status, status, "{who:?}");
        }
        let bare = stage.go(Who::Compliance, &block, act("lift")).await;
        assert_eq!(bare.status, 422);
        let first = stage.go(Who::Compliance, &block, lift.clone()).await;
        assert_eq!(first.expect(200)["lifted"], false);
        let again = stage.go(Who::Compliance, &block, lift.clone()).await;
        assert_eq!(again.code(409), "second_person_needed");
        let waiting = "/v1/blocks?lifting=true";
        let waiting = stage.get(Who::Compliance, waiting).await.expect(200);
        assert_eq!(waiting["items"].as_array().unwrap().len(), 1);
        let open = stage
            .get(Who::SecondCompliance, &format!("{block}/transitions"))
            .await;
        let open = open.expect(200)["available"].clone();
        assert_eq!(open, json!([{ "action": "lift", "blocked_by": null }]));
        stage.seal().await;
        let told = stage.get(Who::Auditor, &format!("{block}/events")).await;
        let told = told.expect(200)["items"].clone();
        let kinds = told.as_array().unwrap().iter().map(|it| it["kind"].clone());
        assert_eq!(
            kinds.collect::<Vec<_>>(),
            ["organization.blocked", "organization.unblocking_proposed"]
        );
        let second = stage.go(Who::SecondCompliance, &block, lift).await;
        assert_eq!(second.expect(200)["lifted"], true);
        assert_eq!(stage.get(Who::Compliance, &block).await.status, 404);
        let apart = (stage.startup.id, stage.investor.id);
        let ask = move |conn: &mut Conn| db::blocks::exists(conn, apart.0, apart.1);
        assert!(!stage.context.db.read(ask).await.unwrap());
    });
}

#[test]
fn freezes_in_force_and_over_are_read_with_who_ordered_and_lifted_them() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut freezes = Vec::new();
        for country in ["GE", "TR"] {
            let order = json!({ "scope": "country", "value": country, "reason": "A test" });
            let made = stage
                .post(Who::Compliance, "/v1/freezes", order)
                .await
                .expect(201);
            freezes.push(format!("/v1/freezes/{}", made["id"].as_str().unwrap()));
        }
        for who in [Who::Compliance, Who::SecondCompliance] {
            let lift = json!({ "action": "lift", "reason": "It is over." });
            stage.go(who, &freezes[0], lift).await.expect(200);
        }
        let list = async |query: &str| {
            let path = format!("/v1/freezes{query}");
            let found = stage.get(Who::Auditor, &path).await.expect(200);
            let items = found["items"].as_array().unwrap().iter();
            items.map(|it| it["value"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(list("").await, ["TR"]);
        assert_eq!(list("?lifted=true").await, ["GE"]);
        let found = stage.get(Who::Curator, &freezes[0]).await;
        assert_eq!(found.etag.as_deref(), Some("\"v3\""));
        let found = found.expect(200);
        let people = ["ordered_by", "first_lifted_by", "lifted_by"].map(|it| found[it].clone());
        let first = stage.user(Who::Compliance).id.to_string();
        let second = stage.user(Who::SecondCompliance).id.to_string();
        assert_eq!(people, [first.clone(), first, second]);
        assert_eq!(stage.get(Who::Dana, &freezes[0]).await.status, 404);
    });
}
