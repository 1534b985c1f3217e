//! Rule sets: drafted with every fault named, looked at before they are
//! published, published by a person, and never changed afterwards.

use corridor::db::{self, Conn};
use corridor::services::recompute;
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

const RULES: &str = "/v1/rule-sets";

/// A draft that says what the programme matches by now; its path.
async fn draft(stage: &Stage) -> String {
    let body = json!({ "programme": stage.programme.id.to_string() });
    let made = stage.post(Who::Curator, RULES, body).await;
    let location = made.location.clone();
    made.expect(201);
    location.unwrap()
}

async fn simulate(stage: &Stage, draft: &str) -> Value {
    let path = format!("{draft}/simulate");
    stage.post(Who::Curator, &path, json!({})).await.expect(200)
}

async fn publish(stage: &Stage, draft: &str) -> Answer {
    stage
        .go(Who::Curator, draft, json!({"action": "publish"}))
        .await
}

/// Weights under which what the investor says of languages counts most.
fn language_first() -> Value {
    json!({"rules": {"name": "Language first", "weights": {"tags": 200, "language": 2800}}})
}

/// The best mandates of the startup, by id, and the rules they are ranked by.
async fn ranking(stage: &Stage) -> (Vec<String>, String) {
    let path = format!("/v1/matches?startup={}", stage.profile.id);
    let ranked = stage.get(Who::Curator, &path).await.expect(200);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = ranked["items"].as_array().unwrap();
    (
        items.iter().map(|item| text(&item["mandate"])).collect(),
        text(&items[0]["explanation"]["rule_set"]),
    )
}

#[test]
fn every_fault_of_a_rule_set_is_named_at_once() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = draft(&stage).await;
        let kept = stage.get(Who::Curator, &path).await.expect(200);
        let mut rules = kept["rules"].clone();
        rules["weights"]["tags"] = json!(2_700);
        rules["weights"]["luck"] = json!(100);
        rules["curves"]["stage"] = json!([[0, 5_000], [1, 9_000]]);
        rules["curves"]["cheque"] = json!([[10, 0], [10, 9_000]]);
        rules["tags"]["rarity"] = json!({"no_such_tag": 5_000});
        rules["bands"]["good"] = json!(9_000);
        rules["weights"]["revealed_preference"] = json!(100);
        let body = json!({"programme": "nowhere", "rules": rules});
        let refused = stage.post(Who::Curator, RULES, body).await.expect(422);
        let mut faults: Vec<String> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| {
                let text = |name: &str| fault[name].as_str().unwrap().to_owned();
                format!("{} {}", text("pointer"), text("code"))
            })
            .collect();
        faults.sort();
        assert_eq!(
            faults,
            [
                "#/programme not_an_id",
                "#/rules/bands order",
                "#/rules/curves/cheque not_a_curve",
                "#/rules/curves/stage not_monotonic",
                "#/rules/revealed required",
                "#/rules/tags/rarity/no_such_tag unknown_tag",
                "#/rules/weights/luck unknown_code",
            ]
        );
        // What is left out is named as well.
        let mut rules = kept["rules"].clone();
        rules.as_object_mut().unwrap().remove("bands");
        rules["weights"].as_object_mut().unwrap().remove("tags");
        let programme = stage.programme.id.to_string();
        let body = json!({"programme": programme, "rules": rules});
        let refused = stage.post(Who::Curator, RULES, body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "#/rules/bands");
        let patch = json!({"rules": {"weights": {"tags": null, "stage": 1_301}}});
        let refused = stage.edit(Who::Curator, &path, patch).await.expect(422);
        let pointers: Vec<_> = refused["errors"].as_array().unwrap().iter().collect();
        assert_eq!(pointers[0]["pointer"], "#/rules/weights/tags");
        assert_eq!(pointers[1]["code"], "sum");
    });
}

#[test]
fn how_rare_a_tag_is_is_counted_and_frozen_when_rules_are_published() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        stage.another_startup("Beer Sheva Water").await;
        let mut other = stage.another_startup("Negev Eye").await;
        other
            .content
            .tags
            .insert("irrigation_agri".parse().unwrap());
        other.version += 1;
        let store = move |conn: &mut Conn| db::startup_profiles::update(conn, &other);
        assert!(stage.context.db.write(store).await.unwrap());
        let rarity = async |path: &str| {
            let kept = stage.get(Who::Curator, path).await.expect(200);
            kept["rules"]["tags"]["rarity"].clone()
        };
        let path = draft(&stage).await;
        assert_eq!(rarity(&path).await, json!({}), "a draft is not frozen yet");
        simulate(&stage, &path).await;
        publish(&stage, &path).await.expect(200);
        let frozen = rarity(&path).await;
        let share = |tag: &str| frozen[tag].as_i64().unwrap();
        assert!(share("irrigation_agri") > 10_000 && share("water_loss") < 10_000);
        // Another startup changes nothing until somebody publishes again.
        let ranked = ranking(&stage).await;
        stage.another_startup("Carmel Pipes").await;
        assert_eq!(rarity(&path).await, frozen);
        assert_eq!(ranking(&stage).await, ranked);

        let path = draft(&stage).await;
        let off = json!({"rules": {"tags": {"idf": false, "rarity": {"irrigation_agri": null, "water_loss": null}}}});
        stage.edit(Who::Curator, &path, off).await.expect(200);
        simulate(&stage, &path).await;
        publish(&stage, &path).await.expect(200);
        assert_eq!(rarity(&path).await, json!({}));
    });
}

#[test]
fn only_the_operators_people_know_of_rule_sets() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = draft(&stage).await;
        let own = json!({ "programme": stage.programme.id.to_string() });
        for who in [Who::Dana, Who::Gul] {
            stage.get(who, &path).await.code(404);
            stage.get(who, RULES).await.code(404);
            stage.post(who, RULES, own.clone()).await.code(404);
            let simulate = format!("{path}/simulate");
            stage.post(who, &simulate, json!({})).await.code(404);
        }
        for who in [Who::Auditor, Who::Compliance] {
            stage.get(who, &path).await.expect(200);
            stage.post(who, RULES, own.clone()).await.code(403);
            let retire = json!({"action": "retire"});
            stage.go(who, &path, retire).await.code(403);
        }
        // Those of the service stand beside those of programmes.
        let listed = stage.get(Who::Auditor, RULES).await.expect(200);
        let items = listed["items"].as_array().unwrap();
        assert_eq!(items.len(), 2);
        assert!(items[0].get("programme").is_none());
        assert_eq!(items[1]["status"], "draft");
        let filtered = format!("{RULES}?programme={}&status=published", stage.programme.id);
        let filtered = stage.get(Who::Auditor, &filtered).await.expect(200);
        assert_eq!(filtered["items"], json!([]));
        // The service's own can neither be changed nor moved.
        let shipped = format!("{RULES}/{}", items[0]["id"].as_str().unwrap());
        let edited = stage.edit(Who::Curator, &shipped, language_first()).await;
        assert_eq!(edited.code(409), "not_a_draft");
        let moved = publish(&stage, &shipped).await;
        assert_eq!(moved.code(409), "transition_not_allowed");
        let simulated = format!("{shipped}/simulate");
        let simulated = stage.post(Who::Curator, &simulated, json!({})).await;
        assert_eq!(simulated.code(409), "no_programme");
    });
}

#[test]
fn a_rule_set_is_looked_at_before_it_is_published_and_then_ranks() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        // The tags of one agree better, the language of the other.
        let other = stage
            .another_investor("Caspian Seed", |content| {
                content.tags = [("water".parse().unwrap(), 1)].into();
            })
            .await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let patch = json!({"languages": ["az"]});
        stage.edit(Who::Gul, &mandate, patch).await.expect(200);
        let (first, other) = (stage.mandate.id.to_string(), other.id.to_string());
        let matched = stage.matched().await;
        let (ranked, shipped) = ranking(&stage).await;
        assert_eq!(ranked, [first.clone(), other.clone()]);

        let path = draft(&stage).await;
        assert_eq!(publish(&stage, &path).await.code(409), "not_simulated");
        stage
            .edit(Who::Curator, &path, language_first())
            .await
            .expect(200);
        let report = simulate(&stage, &path).await;
        assert_eq!(report["version"], 2);
        assert_eq!(report["against"], shipped);
        assert_eq!(
            report["matches"],
            json!({"appear": 0, "vanish": 0, "move": 2, "stay": 0})
        );
        assert_eq!(report["shifts"]["items"][0]["change"], "moves");
        assert_eq!(report["shifts"]["items"][0]["mandate"], other);
        assert_eq!(report["shifts"]["items"][0]["before"]["place"], 2);
        assert_eq!(report["shifts"]["items"][0]["after"]["place"], 1);
        // Of the best one alone, one takes the place of the other.
        let only = json!({"top": 1});
        let simulated = format!("{path}/simulate");
        let report = stage.post(Who::Curator, &simulated, only).await.expect(200);
        assert_eq!(report["matches"]["appear"], 1);
        assert_eq!(report["matches"]["vanish"], 1);
        assert_eq!(report["gains"][0]["investor"]["name"], "Caspian Seed");
        assert_eq!(report["losses"][0]["investor"]["name"], "Khazar Capital");
        assert_eq!(report["concentration"]["after"]["gini"], 5_000);
        let again = stage.get(Who::Auditor, &format!("{path}/simulation")).await;
        assert_eq!(again.expect(200), report);
        // Page by page, until there is none.
        let mut page = format!("{path}/simulation/shifts?limit=1");
        let mut changes = Vec::new();
        for _ in 0..2 {
            let shifts = stage.get(Who::Curator, &page).await.expect(200);
            changes.push(shifts["items"][0]["change"].as_str().unwrap().to_owned());
            let Some(next) = shifts["next_cursor"].as_str() else {
                break;
            };
            page = format!("{path}/simulation/shifts?limit=1&cursor={next}");
        }
        assert_eq!(changes, ["appears", "vanishes"]);
        // Nothing has changed for anybody yet.
        assert_eq!(ranking(&stage).await.1, shipped);

        // Another version has to be looked at again.
        let renamed = json!({"rules": {"name": "Languages"}});
        stage.edit(Who::Curator, &path, renamed).await.expect(200);
        assert_eq!(publish(&stage, &path).await.code(409), "not_simulated");
        let transitions = format!("{path}/transitions");
        let allowed = stage.get(Who::Curator, &transitions).await.expect(200);
        assert_eq!(allowed["available"][0]["action"], "publish");
        assert_eq!(
            allowed["available"][0]["blocked_by"]["code"],
            "not_simulated"
        );
        simulate(&stage, &path).await;
        let stale = stage
            .request(Who::Curator, "POST", &transitions)
            .header("If-Match", "\"v2\"")
            .json(&json!({"action": "publish"}));
        let stale = Answer::of(stale.send().await.unwrap()).await;
        assert_eq!(stale.status, 412);
        let published = publish(&stage, &path).await.expect(200);
        assert_eq!(published["status"], "published");
        let (ranked, rules) = ranking(&stage).await;
        assert_eq!(ranked, [other.clone(), first.clone()]);
        assert_eq!(rules, published["id"]);

        // What was computed before stays as it was, and can be computed again.
        let older = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(older["explanation"]["rule_set"], shipped);
        let newer = stage.matched().await;
        let newer = stage.get(Who::Curator, &newer).await.expect(200);
        assert_eq!(newer["explanation"]["rule_set"], published["id"]);
        let report = stage.context.db.read(recompute::check_all).await.unwrap();
        assert_eq!((report.same, report.other.len()), (2, 0));
        let edited = stage.edit(Who::Curator, &path, language_first()).await;
        assert_eq!(edited.code(409), "not_a_draft");
    });
}

#[test]
fn one_rule_set_of_a_programme_is_published_at_a_time() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (_, shipped) = ranking(&stage).await;
        let first = draft(&stage).await;
        let second = draft(&stage).await;
        for draft in [&first, &second] {
            simulate(&stage, draft).await;
        }
        publish(&stage, &first).await.expect(200);
        // The other was looked at beside what no longer holds.
        assert_eq!(publish(&stage, &second).await.code(409), "not_simulated");
        simulate(&stage, &second).await;
        publish(&stage, &second).await.expect(200);
        let replaced = stage.get(Who::Curator, &first).await.expect(200);
        assert_eq!(replaced["status"], "retired");
        let again = publish(&stage, &first).await;
        assert_eq!(again.code(409), "transition_not_allowed");
        assert_eq!(format!("{RULES}/{}", ranking(&stage).await.1), second);

        // Without one of its own a programme matches by the service's.
        let retired = stage.go(Who::Curator, &second, json!({"action": "retire"}));
        assert_eq!(retired.await.expect(200)["status"], "retired");
        assert_eq!(ranking(&stage).await.1, shipped);
        stage.context.db.seal_pending().await.unwrap();
        let events = stage.get(Who::Curator, &format!("{second}/events")).await;
        let events = events.expect(200);
        let kinds: Vec<_> = events["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["kind"].as_str().unwrap())
            .collect();
        assert_eq!(
            kinds,
            [
                "rule_set.created",
                "rule_set.simulated",
                "rule_set.simulated",
                "rule_set.published",
                "rule_set.retired",
            ]
        );
    });
}

#[test]
fn a_rule_set_is_held_against_the_programmes_own_history() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        for n in 0..4 {
            stage.another_investor(&format!("Fund {n}"), |_| ()).await;
        }
        let path = draft(&stage).await;
        let backtest = format!("{path}/backtest");
        stage.get(Who::Dana, &backtest).await.code(404);
        let none = stage.get(Who::Auditor, &backtest).await.expect(200);
        assert_eq!(
            (&none["measured"], &none["candidates"]),
            (&json!(0), &json!(5))
        );
        assert_eq!(none["systems"], json!([]));
        let caution = none["caution"].as_str().unwrap();
        assert!(caution.starts_with("Too few outcomes: 0."), "{caution}");

        stage.context.clock.advance(chrono::TimeDelta::days(2));
        deal(&stage).await;
        let told = stage.get(Who::Auditor, &backtest).await.expect(200);
        assert_eq!(
            (&told["taken_up"], &told["measured"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(told["train_until"], "2026-11-26");
        let systems = told["systems"].as_array().unwrap();
        let names: Vec<_> = systems.iter().map(|it| it["system"].clone()).collect();
        assert_eq!(
            names,
            ["rules", "popularity", "popularity_12_months", "random"]
        );
        assert_eq!(systems[0]["measures"]["recall_20"]["mean"], 1.0);
        assert!(systems[1]["rules_better_by"]["mrr"]["mean"].is_number());
        assert_eq!(told["calibration"]["answered"], 1);
        let bins = told["calibration"]["bins"].as_array().unwrap();
        let filled = bins.iter().find(|bin| bin["pairs"] == 1).unwrap();
        assert_eq!(
            (&filled["taken_up"], &filled["share"]),
            (&json!(1), &json!(10_000))
        );

        // What comes after the window changes nothing of what is said of it.
        let window = format!("{backtest}?train_until=2026-11-26&test_until=2026-11-27");
        let before = stage.get(Who::Auditor, &window).await;
        stage.context.clock.advance(chrono::TimeDelta::days(3));
        let other = stage.another_startup("Negev Sensors").await;
        stage.matched_with(&other).await;
        let patch = json!({"languages": ["ru"], "tags": {"energy": 1}});
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        stage.edit(Who::Gul, &mandate, patch).await.expect(200);
        let after = stage.get(Who::Auditor, &window).await;
        assert_eq!(before.text, after.text);

        let plot = format!("{backtest}/calibration.svg");
        let request = stage
            .request(Who::Auditor, "GET", &plot)
            .send()
            .await
            .unwrap();
        assert_eq!(request.headers()["content-type"], "image/svg+xml");
        let svg = request.text().await.unwrap();
        assert_eq!(svg.matches("<circle").count(), 1, "{svg}");
        for (query, code) in [
            ("?train_until=soon", "bad_query"),
            ("?train_until=2026-11-26&test_until=2026-11-26", "bad_query"),
        ] {
            let refused = stage.get(Who::Auditor, &format!("{backtest}{query}")).await;
            assert_eq!(refused.code(400), code, "{query}");
        }
        let shipped = stage.get(Who::Auditor, RULES).await.expect(200);
        let shipped = shipped["items"][0]["id"].as_str().unwrap().to_owned();
        let of_none = format!("{RULES}/{shipped}/backtest");
        let refused = stage.get(Who::Auditor, &of_none).await;
        assert_eq!(refused.code(409), "programme_needed");
        let named = format!("{of_none}?programme={}", stage.programme.id);
        stage.get(Who::Auditor, &named).await.expect(200);
    });
}
