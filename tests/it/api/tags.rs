//! The taxonomy as curators keep it, and as matching, search and stored
//! accounts follow it.

use chrono::TimeDelta;
use corridor::config::Config;
use corridor::db::{self, Conn};
use corridor::domain::profile::StartupProfile;
use corridor::services::recompute::{self, Report};
use corridor::services::tags::repoint;
use corridor::services::{Clock, Context};
use serde_json::{Value, json};

use super::index::{ranked, specified};
use super::stage::{Answer, Stage, Who};
use crate::support::database::{Database, on_each_backend};

const WATER: &str = "/v1/tags/water";
const LOSS: &str = "/v1/tags/water_loss";

/// What stands in the way of an action on a tag, as it is listed for somebody;
/// null if nothing does.
async fn block(stage: &Stage, who: Who, tag: &str, action: &str) -> Value {
    let open = stage.get(who, &format!("{tag}/transitions")).await;
    let open = open.expect(200)["available"].as_array().unwrap().clone();
    let listed = open.into_iter().find(|it| it["action"] == action).unwrap();
    listed["blocked_by"]["code"].clone()
}

/// A tag below water.
fn desalting() -> Value {
    json!({
        "slug": "desalting",
        "kind": "tag",
        "parent": "water",
        "labels": {
            "en": {"text": "Desalting"},
            "ru": {"text": "Опреснение воды", "state": "machine"},
        },
        "aliases": ["salt removal"],
    })
}

async fn add(stage: &Stage, tag: Value) -> String {
    let made = stage.post(Who::Curator, "/v1/tags", tag).await;
    let location = made.location.clone().unwrap_or_default();
    made.expect(201);
    location
}

fn pointers(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().into_iter().flatten();
    errors
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap().to_owned();
            format!("{} {}", text("pointer"), text("code"))
        })
        .collect()
}

/// Another node on the same store.
async fn another_node(database: &Database, stage: &Stage) -> Context {
    // The secret that the store was made with.
    let home = stage.home().display().to_string();
    let overrides = [("data.dir".to_owned(), home)];
    let config = Config::load(None, [], overrides).unwrap();
    let clock = Clock::set(stage.context.now());
    let url = stage.base.clone();
    corridor::startup::context(&config, database.open(), clock, url)
        .await
        .unwrap()
}

async fn follow(node: &Context) {
    let index = node.index.clone();
    let follow = move |conn: &mut Conn| index.follow(conn, |_| ());
    node.db.read(follow).await.unwrap();
}

/// The tags that a profile's own words speak of and it doesn't name.
async fn suggested(stage: &Stage, profile: &str) -> Vec<Value> {
    let path = format!("{profile}/tag-suggestions");
    assert_eq!(stage.get(Who::Gul, &path).await.status, 404);
    let found = stage.get(Who::Dana, &path).await.expect(200);
    let items = found["items"].as_array().unwrap().iter();
    items.map(|it| it["tag"].clone()).collect()
}

#[test]
fn a_tag_is_added_reworded_and_known_at_once_on_every_node() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let node = another_node(database, &stage).await;
        follow(&node).await;
        let location = add(&stage, desalting()).await;
        assert_eq!(location, "/v1/tags/desalting");
        let view = stage.get(Who::Dana, &location).await;
        assert_eq!(view.etag.as_deref(), Some("\"v1\""));
        let view = view.expect(200);
        assert_eq!(view["labels"]["ru"]["state"], "machine");
        assert_eq!(view["labels"]["en"]["state"], "original");
        assert_eq!(view["offered"], true);
        // By an alias in a profile, in the next request.
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let summary = json!({"summary": {"en": {"text": "Salt removal for small towns."}}});
        stage
            .edit(Who::Dana, &profile, summary.clone())
            .await
            .expect(200);
        assert!(
            suggested(&stage, &profile)
                .await
                .contains(&json!("desalting"))
        );
        let text = json!({"text": summary["summary"]});
        let read = stage.post(Who::Dana, "/v1/tag-suggestions", text).await;
        let read = read.expect(200)["items"].clone();
        assert_eq!(read[0]["tag"], "desalting", "{read}");
        assert_eq!(read[0]["words"], json!(["Salt", "removal"]));
        let tags = json!({"primary_tags": ["Salt removal"]});
        let edited = stage.edit(Who::Dana, &profile, tags).await.expect(200);
        assert_eq!(edited["primary_tags"], json!(["desalting"]));
        // What was taken is suggested no more.
        assert!(
            !suggested(&stage, &profile)
                .await
                .contains(&json!("desalting"))
        );
        // And on the other node once it has followed the log.
        stage.seal().await;
        assert!(node.taxonomy().resolve("desalting").is_none());
        follow(&node).await;
        assert!(node.taxonomy().resolve("опреснение воды").is_some());

        // What nobody has written is work for a curator as well.
        let missing = "/v1/tags?labels=missing&under=water";
        let items = stage.get(Who::Curator, missing).await.expect(200)["items"].clone();
        assert_eq!(items[0]["slug"], "desalting", "{items}");
        assert_eq!(items[0]["labels_missing"], json!(["he", "az"]));
        let machine = "/v1/tags?labels=machine&q=desalti";
        let found = stage.get(Who::Curator, machine).await.expect(200);
        assert_eq!(found["items"][0]["slug"], "desalting");
        let complete = "/v1/tags?labels=complete&q=desalti";
        let found = stage.get(Who::Curator, complete).await.expect(200);
        assert_eq!(found["items"], json!([]));
        let odd = stage.get(Who::Curator, "/v1/tags?labels=odd").await;
        assert_eq!(odd.status, 400, "{}", odd.text);
        // What nobody has reviewed is found, and reviewed.
        let list = "/v1/tags?unreviewed=ru&under=water&q=desalti";
        let items = stage.get(Who::Curator, list).await.expect(200)["items"].clone();
        assert_eq!(items[0]["slug"], "desalting");
        let review = json!({"action": "review_labels", "languages": ["ru"]});
        let read = stage.go(Who::Curator, &location, review.clone()).await;
        let read = read.expect(200);
        assert_eq!(read["labels"]["ru"]["state"], "human");
        assert_eq!(read["version"], 2);
        let again = stage.go(Who::Curator, &location, review).await;
        assert_eq!(again.code(409), "transition_not_allowed");
        assert_eq!(
            stage.get(Who::Curator, list).await.expect(200)["items"],
            json!([])
        );
        // A word that names another tag, a parent in a circle, nothing English.
        let wrong = json!({
            "labels": {"en": null},
            "aliases": ["x", "fintech"],
            "valid_from": "2027-02-01",
            "valid_to": "2027-01-01",
        });
        let refused = stage.edit(Who::Curator, &location, wrong).await.expect(422);
        assert_eq!(
            pointers(&refused),
            ["#/labels/en required", "#/valid_to out_of_range"]
        );
        let wrong = json!({"aliases": ["x", "fintech"]});
        let refused = stage.edit(Who::Curator, &location, wrong).await.expect(422);
        assert_eq!(pointers(&refused), ["#/aliases/1 ambiguous_alias"]);
        let circle = json!({"parent": "desalting"});
        let refused = stage.edit(Who::Curator, WATER, circle).await.expect(422);
        assert!(pointers(&refused).contains(&"#/parent cycle".to_owned()));
        let taken = stage.post(Who::Curator, "/v1/tags", desalting()).await;
        assert!(pointers(&taken.expect(422)).contains(&"#/slug taken".to_owned()));
        // Everything is in its timeline.
        stage.seal().await;
        let events = stage.get(Who::Curator, &format!("{location}/events")).await;
        let kinds: Vec<Value> = events.expect(200)["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["kind"].clone())
            .collect();
        assert_eq!(kinds, ["tag.created", "tag.labels_reviewed"]);
    });
}

#[test]
fn only_the_operators_people_change_tags_and_an_old_version_loses() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        for who in [Who::Dana, Who::Gul, Who::Stranger, Who::Auditor] {
            let made = stage.post(who, "/v1/tags", desalting()).await;
            assert_eq!(made.code(403), "forbidden", "{who:?}");
            // Whether or not there is such a tag.
            for record in [LOSS, "/v1/tags/nothing"] {
                let patched = stage.edit(who, record, json!({"aliases": []})).await;
                assert_eq!(patched.code(403), "forbidden", "{who:?}");
                let merge = json!({"action": "merge", "to": "water"});
                let moved = stage.go(who, record, merge).await;
                assert_eq!(moved.code(403), "forbidden", "{who:?}");
            }
            let open = stage.get(who, &format!("{LOSS}/transitions")).await;
            assert_eq!(open.expect(200)["available"], json!([]), "{who:?}");
            let read = stage.get(who, &format!("{LOSS}/decisions")).await;
            let allowed = who == Who::Auditor;
            assert_eq!(read.status, if allowed { 200 } else { 404 }, "{who:?}");
        }
        assert_eq!(stage.get(Who::Dana, "/v1/tags/nothing").await.status, 404);
        let anonymous = stage.bare("GET", LOSS).send().await.unwrap();
        assert_eq!(anonymous.status(), 401);
        let patch = |version: Option<&str>| {
            let request = stage.request(Who::Curator, "PATCH", LOSS);
            let request = request.header("Content-Type", "application/merge-patch+json");
            let request = match version {
                Some(version) => request.header("If-Match", version),
                None => request,
            };
            request.body(json!({"aliases": ["leak hunting"]}).to_string())
        };
        let missing = Answer::of(patch(None).send().await.unwrap()).await;
        assert_eq!(missing.status, 428);
        let first = Answer::of(patch(Some("\"v1\"")).send().await.unwrap()).await;
        assert_eq!(first.etag.as_deref(), Some("\"v2\""));
        let late = Answer::of(patch(Some("\"v1\"")).send().await.unwrap()).await;
        assert_eq!(late.status, 412);
    });
}

#[test]
fn a_tag_that_has_ended_stays_with_those_who_hold_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let until = json!({"valid_to": "2026-11-25"});
        let ended = stage.edit(Who::Curator, LOSS, until).await;
        assert_eq!(ended.expect(200)["offered"], true);
        stage.context.clock.advance(TimeDelta::days(2));
        assert_eq!(
            stage.get(Who::Dana, LOSS).await.expect(200)["offered"],
            false
        );
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let other = json!({"team_size": 9});
        let kept = stage.edit(Who::Dana, &profile, other).await.expect(200);
        assert_eq!(kept["primary_tags"], json!(["water_loss"]));
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let away = json!({"tags": {"water_loss": null, "water": 1}});
        stage.edit(Who::Gul, &mandate, away).await.expect(200);
        let back = json!({"tags": {"water_loss": 2}});
        let refused = stage.edit(Who::Gul, &mandate, back).await.expect(422);
        assert!(
            pointers(&refused)[0].ends_with("tag_not_offered"),
            "{refused}"
        );
    });
}

#[test]
fn what_is_sensitive_is_lowered_by_two_of_compliance_and_by_nothing_else() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let grade = |to: &str, reason: &str| json!({"action": "grade", "sensitivity": to, "reason": reason});
        // Up at once, by a curator.
        let up = stage
            .go(Who::Curator, WATER, grade("restricted", "An order."))
            .await;
        assert_eq!(up.expect(200)["sensitivity"], "restricted");
        assert_eq!(
            stage.get(Who::Gul, LOSS).await.expect(200)["sensitivity"],
            "restricted"
        );
        let down = stage
            .go(Who::Curator, WATER, grade("none", "Enough."))
            .await;
        assert_eq!(down.code(409), "for_compliance");
        // Not by moving out of it, nor by leading to another tag.
        let out = stage
            .edit(Who::Compliance, LOSS, json!({"parent": "fintech"}))
            .await;
        assert_eq!(out.code(409), "sensitivity_would_fall");
        for action in ["redirect", "merge"] {
            let led = json!({"action": action, "to": "fintech"});
            let led = stage.go(Who::Curator, LOSS, led).await;
            assert_eq!(led.code(409), "sensitivity_would_fall", "{action}");
        }
        // Its words are compliance's to take away, anybody's to add.
        let words = stage.get(Who::Curator, WATER).await.expect(200)["aliases"].clone();
        let mut more = words.clone();
        more.as_array_mut().unwrap().push(json!("deep wells"));
        stage
            .edit(Who::Curator, WATER, json!({"aliases": more}))
            .await
            .expect(200);
        let less = json!({"aliases": ["deep wells"]});
        let refused = stage.edit(Who::Curator, WATER, less.clone()).await;
        assert_eq!(refused.code(409), "words_recognise");
        stage.edit(Who::Compliance, WATER, less).await.expect(200);

        let first = stage
            .go(Who::Compliance, WATER, grade("none", "The order ended."))
            .await;
        assert_eq!(first.expect(200)["sensitivity"], "restricted");
        let again = stage
            .go(Who::Compliance, WATER, grade("none", "Once more."))
            .await;
        assert_eq!(again.code(409), "second_person_needed");
        // Who means something else doesn't agree.
        let other = stage
            .go(Who::SecondCompliance, WATER, grade("review", "Half."))
            .await;
        assert_eq!(other.expect(200)["sensitivity"], "restricted");
        let second = stage
            .go(Who::SecondCompliance, WATER, grade("none", "I agree."))
            .await;
        assert_eq!(second.expect(200)["sensitivity"], "none");
        let made = stage
            .get(Who::Auditor, &format!("{WATER}/decisions"))
            .await
            .expect(200);
        assert_eq!(made["items"].as_array().unwrap().len(), 4);
        assert_eq!(made["items"][0]["reason"], "I agree.");
        assert!(
            made["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|it| it["settled"] == true)
        );
    });
}

#[test]
fn a_redirect_is_for_newcomers_and_can_be_taken_back() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let location = add(&stage, desalting()).await;
        let lead = json!({"action": "redirect", "to": "desalting"});
        let led = stage.go(Who::Curator, LOSS, lead).await.expect(200);
        assert_eq!(led["redirect"], "desalting");
        assert_eq!(led["offered"], false);
        // The old name and its words keep resolving.
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let held = stage.get(Who::Dana, &profile).await.expect(200);
        assert_eq!(held["primary_tags"], json!(["water_loss"]));
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let wish = json!({"tags": {"water_loss": 1}});
        let edited = stage.edit(Who::Gul, &mandate, wish).await.expect(200);
        assert_eq!(edited["tags"], json!({"water_loss": 1}), "who holds it");
        let unrelated = json!({"team_size": 9});
        let edited = stage.edit(Who::Dana, &profile, unrelated).await.expect(200);
        assert_eq!(edited["primary_tags"], json!(["water_loss"]));
        let wish = json!({"title": "Loss", "tags": {"water_loss": 1}});
        let new = stage.post(Who::Gul, "/v1/mandates", wish).await.expect(201);
        assert_eq!(new["tags"], json!({"desalting": 1}));
        // Not in a circle, and not on to what redirects itself.
        let back = json!({"action": "redirect", "to": "water_loss"});
        let refused = stage.go(Who::Curator, &location, back).await;
        assert_eq!(refused.code(409), "not_a_target");
        let restore = json!({"action": "restore", "reason": "It was another thing."});
        let restored = stage.go(Who::Curator, LOSS, restore).await.expect(200);
        assert_eq!(restored["offered"], true);
        assert!(restored.get("redirect").is_none());
    });
}

#[test]
fn merging_moves_all_who_hold_a_tag_and_leaves_stored_accounts_as_they_were() {
    on_each_backend(async |database| {
        let scoped = |details: &mut corridor::domain::programme::ProgrammeDetails| {
            details.scope_tags = vec!["water_loss".parse().unwrap()];
        };
        let stage = Stage::with(database, "water_loss", scoped).await;
        let matched = stage.matched().await;
        let told = stage.get(Who::Curator, &matched).await.expect(200)["explanation"].clone();
        let location = add(&stage, desalting()).await;
        let below = json!({
            "slug": "pipe_robots", "kind": "tag", "parent": "water_loss",
            "labels": {"en": {"text": "Pipe robots"}},
        });
        add(&stage, below).await;
        let merge = json!({"action": "merge", "to": "desalting"});
        let merged = stage.go(Who::Curator, LOSS, merge).await.expect(200);
        assert_eq!(merged["merged"], true);
        let waits = json!({"action": "restore", "reason": "Too early."});
        assert_eq!(
            stage.go(Who::Curator, LOSS, waits).await.code(409),
            "merging"
        );
        assert_eq!(
            block(&stage, Who::Curator, LOSS, "restore").await,
            "merging"
        );
        assert_eq!(repoint::run_due(&stage.context).await.unwrap(), 1);
        assert_eq!(repoint::run_due(&stage.context).await.unwrap(), 0);

        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let now = stage.get(Who::Dana, &profile).await.expect(200);
        assert_eq!(now["primary_tags"], json!(["desalting"]));
        assert_eq!(now["status"], "published");
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let now = stage.get(Who::Gul, &mandate).await.expect(200);
        assert!(now["tags"].get("water_loss").is_none(), "{now}");
        assert!(now["tags"].get("desalting").is_some(), "{now}");
        let programme = format!("/v1/programmes/{}", stage.programme.id);
        let now = stage.get(Who::Curator, &programme).await.expect(200);
        assert_eq!(now["scope_tags"], json!(["desalting"]));
        let child = stage.get(Who::Dana, "/v1/tags/pipe_robots").await;
        assert_eq!(child.expect(200)["parent"], "desalting");

        // The match keeps its account, which comes out again to the byte.
        let kept = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(kept["explanation"]["factors"], told["factors"]);
        let report = stage.context.db.read(recompute::check_all).await.unwrap();
        assert_eq!(
            report,
            Report {
                same: 1,
                ..Report::default()
            }
        );
        // The live ranking goes by the new tag.
        assert_eq!(ranked(&stage).await, specified(&stage).await);
        // The old word finds both.
        let found = stage
            .get(Who::Curator, "/v1/startup-profiles?q=water_loss")
            .await;
        assert_eq!(
            found.expect(200)["items"][0]["id"],
            stage.profile.id.to_string()
        );
        assert_eq!(stage.get(Who::Dana, &location).await.status, 200);
        late_writers_are_met(&stage).await;
    });
}

/// A node that has not heard of the merge writes the old tag after its end.
async fn late_writers_are_met(stage: &Stage) {
    let id = stage.profile.id;
    let late = move |conn: &mut Conn| {
        let before = db::startup_profiles::find(conn, id)?.unwrap();
        let mut content = before.content.clone();
        content.primary_tags = ["water_loss".parse().unwrap()].into_iter().collect();
        let after = StartupProfile {
            content,
            revision: before.revision + 1,
            version: before.version + 1,
            ..before
        };
        db::startup_profiles::update(conn, &after)
    };
    assert!(stage.context.db.write(late).await.unwrap());
    assert_eq!(repoint::look_again(&stage.context).await.unwrap(), 1);
    assert_eq!(repoint::look_again(&stage.context).await.unwrap(), 0);
    let profile = format!("/v1/startup-profiles/{id}");
    let now = stage.get(Who::Dana, &profile).await.expect(200);
    assert_eq!(now["primary_tags"], json!(["desalting"]));
    // A word that nobody knew is no tag, and keeps no other merge waiting.
    let word = move |conn: &mut Conn| {
        let before = db::startup_profiles::find(conn, id)?.unwrap();
        let mut content = before.content.clone();
        content.source_tags = vec!["water_loss".to_owned()];
        let after = StartupProfile {
            content,
            revision: before.revision + 1,
            version: before.version + 1,
            ..before
        };
        db::startup_profiles::update(conn, &after)
    };
    assert!(stage.context.db.write(word).await.unwrap());
    assert_eq!(repoint::look_again(&stage.context).await.unwrap(), 0);
    let merge = json!({"action": "merge", "to": "desalting"});
    stage
        .go(Who::Curator, "/v1/tags/pipe_robots", merge)
        .await
        .expect(200);
    assert_eq!(repoint::run_due(&stage.context).await.unwrap(), 1);
    // Who holds a tag that was brought back holds it by right.
    let back = json!({"action": "restore", "reason": "It was another thing."});
    stage.go(Who::Curator, LOSS, back).await.expect(200);
    assert!(stage.context.db.write(late).await.unwrap());
    assert_eq!(repoint::look_again(&stage.context).await.unwrap(), 0);
}

#[test]
fn the_index_ranks_by_the_tree_as_it_is_now() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let other = stage.another_startup("Negev Sensors").await;
        let before = ranked(&stage).await;
        assert!(!before.is_empty() && before == specified(&stage).await);
        add(&stage, desalting()).await;
        assert_eq!(
            ranked(&stage).await,
            before,
            "one more tag changes no score"
        );
        // Now the mandate's tag stands above the startup's.
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let tags = json!({"primary_tags": ["desalting"]});
        stage.edit(Who::Dana, &profile, tags).await.expect(200);
        let apart = ranked(&stage).await;
        let up = json!({"parent": "water_loss"});
        stage
            .edit(Who::Curator, "/v1/tags/desalting", up)
            .await
            .expect(200);
        let under = ranked(&stage).await;
        assert_eq!(under, specified(&stage).await);
        assert!(under[0].1 > apart[0].1, "{apart:?} {under:?}");
        // What is prohibited ranks nowhere from now on, whoever holds it.
        let bar = json!({"action": "grade", "sensitivity": "prohibited", "reason": "An order."});
        stage.go(Who::Curator, WATER, bar).await.expect(200);
        assert_eq!(ranked(&stage).await, []);
        assert_eq!(specified(&stage).await, []);
        assert_ne!(other.id, stage.profile.id);
        // Whatever it is graded by now is less: that is listed as it is refused.
        let grading = async |who| block(&stage, who, WATER, "grade").await;
        assert_eq!(grading(Who::Curator).await, "for_compliance");
        for grade in ["none", "review", "restricted"] {
            assert_eq!(grading(Who::Compliance).await, Value::Null);
            let ease = json!({"action": "grade", "sensitivity": grade, "reason": "Enough."});
            stage.go(Who::Compliance, WATER, ease).await.expect(200);
        }
        assert_eq!(grading(Who::Compliance).await, "second_person_needed");
        assert_eq!(grading(Who::SecondCompliance).await, Value::Null);
    });
}

#[test]
fn no_merge_leads_out_of_a_freeze() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut dry = desalting();
        dry["parent"] = json!("fintech");
        let led = add(&stage, dry).await;
        let lead = json!({"action": "redirect", "to": "water_loss"});
        stage.go(Who::Curator, &led, lead).await.expect(200);
        assert_eq!(
            block(&stage, Who::Curator, &led, "restore").await,
            Value::Null
        );
        let order = json!({"scope": "tag", "value": "water", "reason": "A standing order."});
        let frozen = stage.post(Who::Compliance, "/v1/freezes", order).await;
        frozen.expect(201);
        let merge = json!({"action": "merge", "to": "fintech"});
        let refused = stage.go(Who::Curator, LOSS, merge).await;
        assert_eq!(refused.code(409), "frozen");
        let out = stage
            .edit(Who::Curator, LOSS, json!({"parent": "fintech"}))
            .await;
        assert_eq!(out.code(409), "frozen");
        let back = json!({"action": "restore", "reason": "It was another thing."});
        assert_eq!(stage.go(Who::Curator, &led, back).await.code(409), "frozen");
        assert_eq!(block(&stage, Who::Curator, &led, "restore").await, "frozen");
    });
}

#[test]
fn later_starts_leave_what_curators_changed() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let words = json!({"labels": {"en": {"text": "Lost water"}}});
        stage.edit(Who::Curator, LOSS, words).await.expect(200);
        let node = another_node(database, &stage).await;
        let held = node.taxonomies.held();
        let tag = &held.tags[&"water_loss".parse().unwrap()];
        assert_eq!(tag.version, 2);
        let english = "en".parse().unwrap();
        assert_eq!(tag.tag.labels.texts[&english], "Lost water");
        let edition = node.db.read(db::tags::edition).await.unwrap().unwrap();
        assert_eq!((edition.number, held.edition), (1, 1));
    });
}
