//! Export licences, and what a check of a firm rests on.

use corridor::db::{self, Conn};
use corridor::domain::values::OrganizationKind;
use serde_json::{Value, json};

use super::stage::{BLURB, Stage, Who, organization};
use crate::support::database::on_each_backend;

/// A licence for what the firm makes, towards these countries.
pub fn licence(countries: &[&str], valid_to: &str) -> Value {
    json!({
        "authority": "Export Control Agency", "number": "2026-1704", "countries": countries,
        "valid_from": "2026-11-01", "valid_to": valid_to,
        "evidence": { "reference": "Archive 7" },
    })
}

fn of_startup(stage: &Stage) -> String {
    format!("/v1/organizations/{}/licences", stage.startup.id)
}

/// The id of a licence that the startup wrote down.
pub async fn recorded(stage: &Stage) -> String {
    let path = of_startup(stage);
    let made = stage
        .post(Who::Dana, &path, licence(&["AZ"], "2027-10-31"))
        .await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

/// A startup that answers that what it makes is of dual use, approved all the
/// same.
async fn dual_use(database: &crate::support::database::Database) -> Stage {
    let stage = Stage::set(database).await;
    let mut profile = stage.profile.clone();
    profile.version += 1;
    profile.content.controls.as_mut().unwrap().dual_use = true;
    let write =
        move |conn: &mut corridor::db::Conn| corridor::db::startup_profiles::update(conn, &profile);
    assert!(stage.context.db.write(write).await.unwrap());
    stage
}

async fn checked(stage: &Stage, body: Value) -> String {
    let made = stage.post(Who::Dana, &of_startup(stage), body).await;
    let location = made.location.clone();
    let view = made.expect(201);
    assert_eq!(view["status"], "recorded");
    let location = location.unwrap();
    let check = json!({ "action": "check" });
    let view = stage
        .go(Who::Compliance, &location, check)
        .await
        .expect(200);
    assert_eq!(view["status"], "checked");
    location
}

#[test]
fn a_licence_is_written_down_by_one_and_checked_by_another() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = of_startup(&stage);
        let wrong = json!({
            "authority": "", "number": "1", "countries": ["AZ", "QQ"], "tags": ["no_such_tag"],
            "valid_from": "2026-11-01", "valid_to": "2027-10-31",
        });
        let faults = stage.post(Who::Dana, &path, wrong).await.expect(422);
        let errors = faults["errors"].as_array().unwrap().iter();
        let pointers: Vec<_> = errors.map(|it| it["pointer"].as_str().unwrap()).collect();
        assert_eq!(
            pointers,
            ["#/authority", "#/countries/1", "#/tags/0", "#/evidence"]
        );
        let over = stage
            .post(Who::Dana, &path, licence(&[], "2026-10-31"))
            .await;
        let codes = over.expect(422)["errors"].as_array().unwrap().len();
        assert_eq!(codes, 2);
        let fine = licence(&["AZ"], "2027-10-31");
        for (who, status) in [(Who::Gul, 404), (Who::Curator, 403), (Who::Auditor, 403)] {
            assert_eq!(
                stage.post(who, &path, fine.clone()).await.status,
                status,
                "{who:?}"
            );
        }
        let made = stage.post(Who::Compliance, &path, fine).await;
        let one = made.location.clone().unwrap();
        made.expect(201);
        assert_eq!(stage.get(Who::Gul, &one).await.status, 404);
        let check = json!({ "action": "check" });
        let own = stage.go(Who::Compliance, &one, check.clone()).await;
        assert_eq!(own.code(409), "second_person_needed");
        let theirs = stage.go(Who::Dana, &one, check.clone()).await;
        assert!(matches!(theirs.status, 403 | 404), "{}", theirs.text);
        let bare = stage
            .go(Who::SecondCompliance, &one, json!({ "action": "refuse" }))
            .await;
        assert_eq!(bare.code(409), "reason_needed");
        stage
            .go(Who::SecondCompliance, &one, check.clone())
            .await
            .expect(200);
        let again = stage.go(Who::SecondCompliance, &one, check).await;
        assert_eq!(again.code(409), "transition_not_allowed");
        let all = stage.get(Who::Dana, &path).await.expect(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 1);
        let open = stage
            .get(Who::Compliance, &format!("{one}/transitions"))
            .await
            .expect(200);
        assert_eq!(open["available"][0]["action"], "revoke");
        // The log holds codes, days and hashes, no number and no name.
        stage.seal().await;
        let told = async |who| {
            let events = stage.get(who, &format!("{one}/events")).await;
            events.expect(200)["items"].as_array().unwrap().clone()
        };
        let (ours, whole) = (told(Who::Dana).await, told(Who::Auditor).await);
        assert_eq!((ours.len(), whole.len()), (2, 2));
        for (ours, whole) in ours.iter().zip(&whole) {
            assert_eq!(ours["kind"], whole["kind"]);
            // Who it was, its firm isn't told.
            assert!(ours["actor"]["id"].is_null() && whole["actor"]["id"].is_string());
        }
        assert_eq!(ours[1]["payload"]["action"], "check");
        let stranger = stage.get(Who::Gul, &format!("{one}/events")).await;
        assert_eq!(stranger.status, 404);
        let events = stage
            .get(Who::Auditor, "/v1/events")
            .await
            .expect(200)
            .to_string();
        assert!(events.contains("organization.licence_moved"));
        assert!(!events.contains("2026-1704") && !events.contains("Agency"));
    });
}

#[test]
fn what_is_of_dual_use_is_shown_where_a_licence_holds() {
    on_each_backend(async |database| {
        let stage = dual_use(database).await;
        let matched = stage.matched().await;
        let release = json!({ "action": "release", "to": "both" });
        let early = stage.go(Who::Curator, &matched, release.clone()).await;
        assert_eq!(early.status, 409, "{}", early.text);
        // Of another country, and one that nobody checked.
        checked(&stage, licence(&["TR"], "2027-10-31")).await;
        recorded(&stage).await;
        let still = stage.go(Who::Curator, &matched, release.clone()).await;
        assert_eq!(still.status, 409);
        let one = checked(&stage, licence(&["AZ"], "2026-12-10")).await;
        let path = format!("/v1/matches?startup={}", stage.profile.id);
        let ranking = stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(ranking["items"][0]["explanation"]["outcome"], "eligible");
        let other = stage.another_startup("Kinneret Pumps").await;
        let fine = stage.matched_with(&other).await;
        stage
            .go(Who::Curator, &fine, release.clone())
            .await
            .expect(200);

        // Compliance decides while it holds; its end asks again.
        let allow = json!({ "action": "allow", "reason": "Licensed." });
        stage.go(Who::Compliance, &matched, allow).await.expect(200);
        stage.go(Who::Curator, &matched, release).await.expect(200);
        let asked = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        assert_eq!(asked.expect(201)["status"], "asking_first");
        let revoke = json!({ "action": "revoke", "reason": "Withdrawn by the agency." });
        stage.go(Who::Compliance, &one, revoke).await.expect(200);
        let introductions = stage
            .get(Who::Curator, "/v1/introductions")
            .await
            .expect(200);
        let id = introductions["items"][0]["id"].as_str().unwrap();
        let yes = json!({ "action": "accept" });
        let path = format!("/v1/introductions/{id}");
        stage.go(Who::Gul, &path, yes).await;
        let seen = stage.get(Who::Curator, &path).await.expect(200);
        assert_ne!(seen["status"], "sent");
    });
}

#[test]
fn a_check_rests_on_evidence_and_holds_for_a_year_at_most() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = "/v1/clearances";
        let check = |verdict: &str, valid_to: &str| {
            json!({
                "organization": stage.startup.id.to_string(), "verdict": verdict,
                "basis": "Registry of companies", "valid_to": valid_to,
                "evidence": { "sha256": "ab".repeat(32) },
            })
        };
        let mut bare = check("clear", "2027-06-30");
        bare["evidence"] = json!({});
        let faults = stage.post(Who::Compliance, path, bare).await.expect(422);
        assert_eq!(faults["errors"][0]["pointer"], "#/evidence");
        let mut wrong = check("clear", "2027-06-30");
        wrong["evidence"] = json!({ "sha256": "zz" });
        let faults = stage.post(Who::Compliance, path, wrong).await.expect(422);
        assert_eq!(faults["errors"][0]["code"], "not_a_hash");
        for (verdict, valid_to, code) in [
            ("clear", "2026-11-22", "in_the_past"),
            ("clear", "2027-12-31", "too_far"),
            ("clear_enhanced", "2027-08-31", "too_far"),
        ] {
            let faults = stage
                .post(Who::Compliance, path, check(verdict, valid_to))
                .await;
            assert_eq!(faults.expect(422)["errors"][0]["code"], code, "{valid_to}");
        }
        let fine = stage
            .post(Who::Compliance, path, check("clear", "2027-11-23"))
            .await;
        let fine = fine.expect(201);
        assert_eq!(fine["evidence"]["sha256"], "ab".repeat(32));
        assert_eq!(
            fine["recorded_by"],
            stage.user(Who::Compliance).id.to_string()
        );
        let list = format!("/v1/organizations/{}/clearances", stage.startup.id);
        let list = stage.get(Who::Auditor, &list).await.expect(200);
        // The first is from before evidence was asked for.
        assert_eq!(list["items"][0]["evidence"], Value::Null);
        assert_eq!(list["items"][1], fine);
    });
}

/// Money close to the state is looked at, and cleared with a note on where it
/// comes from, which compliance reads again.
#[test]
fn whoever_is_politically_exposed_is_cleared_with_the_source_of_their_funds() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = "/v1/clearances";
        let kind = OrganizationKind::Investor;
        let firm = organization(&stage.context, kind, "Dövlət Fondu", "AZ");
        let made = firm.clone();
        let write = move |conn: &mut Conn| db::organizations::insert(conn, &made);
        stage.context.db.write(write).await.unwrap();
        let check = |verdict: &str, source: Option<&str>| {
            let mut check = json!({
                "organization": firm.id.to_string(), "verdict": verdict,
                "basis": "List of public offices", "valid_to": "2027-04-30",
                "evidence": { "reference": "Archive 7" },
            });
            if let Some(source) = source {
                check["source_of_funds"] = json!(source);
            }
            check
        };
        let source = "State budget, by decree 1234";
        let early = check("clear_enhanced", Some(source));
        let early = stage.post(Who::Compliance, path, early).await.expect(409);
        assert_eq!(early["code"], "review_needed");
        let review = check("review", None);
        stage.post(Who::Compliance, path, review).await.expect(201);
        for (verdict, source, code) in [
            ("clear_enhanced", None, "required"),
            ("clear", Some(source), "not_taken"),
        ] {
            let wrong = check(verdict, source);
            let wrong = stage.post(Who::Compliance, path, wrong).await.expect(422);
            assert_eq!(wrong["errors"][0]["pointer"], "#/source_of_funds");
            assert_eq!(wrong["errors"][0]["code"], code);
        }
        let fine = check("clear_enhanced", Some(source));
        let fine = stage.post(Who::Compliance, path, fine).await.expect(201);
        assert_eq!(fine["source_of_funds"], source);
        let list = format!("/v1/organizations/{}/clearances", firm.id);
        let list = stage.get(Who::Auditor, &list).await.expect(200);
        assert_eq!(list["items"][1], fine);
    });
}

#[test]
fn nobody_clears_a_firm_of_their_own() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let startup = stage.startup.id;
        super::syndicates::join(&stage, Who::Compliance, startup).await;
        let check = json!({
            "organization": startup.to_string(), "verdict": "clear", "basis": "I know them",
            "valid_to": "2027-06-30", "evidence": { "reference": "None" },
        });
        let refused = stage
            .post(Who::Compliance, "/v1/clearances", check.clone())
            .await;
        assert!(matches!(refused.status, 403 | 404), "{}", refused.text);
        let path = format!("/v1/organizations/{startup}/clearances");
        let hidden = stage.get(Who::Compliance, &path).await;
        assert!(matches!(hidden.status, 403 | 404));
        stage
            .post(Who::SecondCompliance, "/v1/clearances", check)
            .await
            .expect(201);
    });
}

#[test]
fn whose_own_firm_it_is_reads_its_ledger_and_its_ranking_as_the_firm_does() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        stage.released().await;
        let ledger = format!("/v1/organizations/{}/disclosures", stage.startup.id);
        let ranking = format!("/v1/matches?startup={}", stage.profile.id);
        let named = |ledger: &Value| {
            let items = ledger["items"].as_array().unwrap().iter();
            items
                .filter(|it| it["shown_to"].to_string().contains("Khazar"))
                .count()
        };
        let whole = stage.get(Who::Curator, &ledger).await.expect(200);
        assert!(named(&whole) > 0, "{whole}");
        let rows = stage.get(Who::Curator, &ranking).await.expect(200);
        assert_eq!(rows["items"].as_array().unwrap().len(), 1);
        super::syndicates::join(&stage, Who::Curator, stage.startup.id).await;
        let own = stage.get(Who::Curator, &ledger).await.expect(200);
        let dana = stage.get(Who::Dana, &ledger).await.expect(200);
        assert_eq!((named(&own), &own["items"]), (0, &dana["items"]));
        stage.get(Who::Curator, &ranking).await.expect(404);
    });
}
