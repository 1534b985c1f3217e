//! Pins and vetoes, what is new to a side, filters, and walks through a list
//! that nothing disturbs.

use corridor::domain::profile::StartupProfile;
use serde_json::{Value, json};

use super::match_machine::strike;
use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

async fn curate(stage: &Stage, matched: &str, action: &str) -> Value {
    let body = json!({"action": action, "reason": "The fund asked for exactly this."});
    stage.go(Who::Curator, matched, body).await.expect(200)
}

/// Another content of a profile, by no way that asks for more.
async fn written(stage: &Stage, mut profile: StartupProfile) {
    profile.version += 1;
    let context = stage.context.clone();
    let write = move |conn: &mut corridor::db::Conn| -> Result<(), corridor::services::Error> {
        assert!(corridor::db::startup_profiles::update(conn, &profile)?);
        context.pen(corridor::domain::event::Actor::System).append(
            conn,
            "startup_profile.edited",
            (
                corridor::domain::event::SubjectKind::StartupProfile,
                profile.id,
            ),
            vec![],
        )
    };
    stage.context.db.write(write).await.unwrap();
}

/// Every page of a ranking, so many at a time.
async fn walked(stage: &Stage, query: &str, limit: usize) -> Vec<String> {
    let mandate = stage.mandate.id;
    let base = format!("/v1/matches?mandate={mandate}&walk=true&limit={limit}{query}");
    let (mut all, mut path) = (Vec::new(), base.clone());
    loop {
        let page = stage.get(Who::Curator, &path).await.expect(200);
        let some = names(&page);
        assert!(some.len() <= limit, "{page}");
        all.extend(some);
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{base}&cursor={cursor}"),
            None => return all,
        }
    }
}

/// The startups of the mandate's ranking, by name.
async fn ranking(stage: &Stage, query: &str) -> Vec<String> {
    let path = format!("/v1/matches?mandate={}{query}", stage.mandate.id);
    let ranking = stage.get(Who::Curator, &path).await.expect(200);
    names(&ranking)
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    let name = |item: &Value| item["startup"]["name"].as_str().unwrap().to_owned();
    items.map(name).collect()
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[test]
fn a_pin_changes_the_order_a_veto_the_visibility_and_neither_the_score() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let first = stage.released().await;
        let mut others = Vec::new();
        for name in ["Beer Sheva Water", "Carmel Pipes"] {
            let profile = stage.another_startup(name).await;
            let matched = stage.matched_with(&profile).await;
            let release = json!({"action": "release", "to": "both"});
            stage.go(Who::Curator, &matched, release).await.expect(200);
            others.push(matched);
        }
        let plain = ranking(&stage, "").await;
        assert_eq!(plain, ["Tamar Flow", "Beer Sheva Water", "Carmel Pipes"]);
        let bare = json!({"action": "pin"});
        let refused = stage.go(Who::Curator, &others[1], bare).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "#/reason");
        for who in [Who::Gul, Who::Compliance] {
            let body = json!({"action": "pin", "reason": "Mine."});
            let refused = stage.go(who, &others[1], body).await;
            assert_eq!(refused.code(403), "forbidden");
        }
        let before = stage.get(Who::Curator, &others[1]).await.expect(200);
        let pinned = curate(&stage, &others[1], "pin").await;
        assert_eq!(pinned["curation"], "pinned");
        assert_eq!(pinned["explanation"], before["explanation"]);
        assert_eq!(pinned["status"], before["status"]);
        assert_eq!(
            ranking(&stage, "").await,
            ["Carmel Pipes", "Tamar Flow", "Beer Sheva Water"]
        );
        assert_eq!(ranking(&stage, "&curation=pinned").await, ["Carmel Pipes"]);
        let path = format!("/v1/matches?mandate={}", stage.mandate.id);
        let told = stage.get(Who::Auditor, &path).await.expect(200);
        let curated = &told["items"][0]["curated"];
        assert_eq!(curated["curation"], "pinned");
        assert_eq!(curated["reason"], "The fund asked for exactly this.");
        // A side sees the order, and not why.
        let list = stage.get(Who::Gul, "/v1/matches").await;
        assert!(!list.text.contains("asked for") && !list.text.contains("pinned"));
        let seen = ids(&list.expect(200));
        assert_eq!(seen, [id(&others[1]), id(&first), id(&others[0])]);
        // Page by page the same.
        let mut walked = Vec::new();
        let mut path = "/v1/matches?limit=1".to_owned();
        loop {
            let page = stage.get(Who::Gul, &path).await.expect(200);
            walked.extend(ids(&page));
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            path = format!("/v1/matches?limit=1&cursor={next}");
        }
        assert_eq!(walked, seen);

        let vetoed = curate(&stage, &first, "veto").await;
        assert_eq!(vetoed["status"], "released");
        assert_eq!(
            ranking(&stage, "").await,
            ["Carmel Pipes", "Beer Sheva Water"]
        );
        assert_eq!(ranking(&stage, "&curation=vetoed").await, ["Tamar Flow"]);
        for who in [Who::Gul, Who::Dana] {
            assert_eq!(stage.get(who, &first).await.status, 404, "{who:?}");
        }
        let list = stage.get(Who::Gul, "/v1/matches").await.expect(200);
        assert_eq!(ids(&list), [id(&others[1]), id(&others[0])]);
        let asked = stage
            .request_introduction(Who::Gul, &first, super::stage::BLURB)
            .await;
        assert_eq!(asked.status, 404);
        stage.seal().await;
        let events = stage.get(Who::Gul, &format!("{}/events", others[1])).await;
        assert!(!events.text.contains("pin"), "{}", events.text);

        // It is said of the pair: another match of the two is vetoed as well.
        stage.context.clock.advance(chrono::TimeDelta::days(46));
        strike(&stage).await;
        let again = stage.matched().await;
        let again_view = stage.get(Who::Curator, &again).await.expect(200);
        assert_eq!(again_view["curation"], "vetoed");
        let release = json!({"action": "release", "to": "both"});
        let refused = stage.go(Who::Curator, &again, release.clone()).await;
        assert_eq!(refused.code(409), "vetoed");
        curate(&stage, &again, "unveto").await;
        stage.go(Who::Curator, &again, release).await.expect(200);
        let twice = json!({"action": "unveto", "reason": "Once more."});
        let refused = stage.go(Who::Curator, &again, twice).await;
        assert_eq!(refused.code(409), "transition_not_allowed");
        let notes = stage.get(Who::Curator, &again).await.expect(200);
        assert_eq!(notes["notes"][0]["action"], "unveto");
    });
}

#[test]
fn what_came_since_the_last_visit_is_new_to_each_person() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let first = stage.released().await;
        let new = "/v1/matches?new=true";
        let listed = stage.get(Who::Gul, new).await.expect(200);
        assert_eq!(ids(&listed), [id(&first)]);
        assert_eq!(listed["items"][0]["new"], true);
        let visit = async |who| {
            let request = stage.request(who, "PUT", "/v1/matches/visit").send();
            let answer = request.await.unwrap();
            (
                answer.status().as_u16(),
                answer.json::<Value>().await.unwrap(),
            )
        };
        stage.context.clock.advance(chrono::TimeDelta::hours(1));
        let (status, told) = visit(Who::Gul).await;
        assert_eq!((status, &told["before"]), (200, &Value::Null));
        let listed = stage.get(Who::Gul, new).await.expect(200);
        assert_eq!(listed["items"], json!([]));
        let whole = stage.get(Who::Gul, "/v1/matches").await.expect(200);
        assert_eq!(whole["items"][0]["new"], false);
        stage.context.clock.advance(chrono::TimeDelta::hours(1));
        let profile = stage.another_startup("Beer Sheva Water").await;
        let second = stage.matched_with(&profile).await;
        let release = json!({"action": "release", "to": "both"});
        stage.go(Who::Curator, &second, release).await.expect(200);
        let listed = stage.get(Who::Gul, new).await.expect(200);
        assert_eq!(ids(&listed), [id(&second)]);
        // The startup's person has a mark of its own.
        let listed = stage.get(Who::Dana, new).await.expect(200);
        assert_eq!(ids(&listed), [id(&first)]);
        let (_, told) = visit(Who::Gul).await;
        assert!(told["before"].is_string(), "{told}");
        assert_eq!(visit(Who::Curator).await.0, 404);
        assert_eq!(stage.get(Who::Curator, new).await.code(400), "bad_query");
    });
}

#[test]
fn a_ranking_and_a_list_are_filtered_by_what_the_counterpart_is() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let profile = stage.another_startup("Beer Sheva Water").await;
        let seed = stage.released().await;
        let other = stage.matched_with(&profile).await;
        let mut later = profile.clone();
        later.content.stage = Some(corridor::domain::values::Stage::SeriesB);
        let own = stage.user(Who::Dana).id;
        assert_ne!(own.uuid(), later.id.uuid());
        written(&stage, later).await;
        for (query, expected) in [
            ("&stage=seed", vec!["Tamar Flow"]),
            ("&stage=series_b", vec!["Beer Sheva Water"]),
            (
                "&tag=water_loss&country=IL",
                vec!["Tamar Flow", "Beer Sheva Water"],
            ),
            ("&tag=energy", vec![]),
            ("&country=GE", vec![]),
            ("&outcome=needs_review", vec![]),
            (
                "&outcome=eligible&min_confidence=1",
                vec!["Tamar Flow", "Beer Sheva Water"],
            ),
            ("&min_confidence=10000", vec![]),
            ("&band=weak&limit=1", vec!["Tamar Flow"]),
        ] {
            assert_eq!(ranking(&stage, query).await, expected, "{query}");
        }
        for (query, expected) in [
            ("?stage=seed", vec![id(&seed)]),
            ("?stage=series_b&status=candidate", vec![id(&other)]),
            ("?status=released&band=weak&min_score=1", vec![id(&seed)]),
            ("?tag=energy", vec![]),
            ("?curation=pinned", vec![]),
        ] {
            let listed = stage
                .get(Who::Curator, &format!("/v1/matches{query}"))
                .await;
            assert_eq!(ids(&listed.expect(200)), expected, "{query}");
        }
        let listed = stage
            .get(Who::Gul, "/v1/matches?stage=seed&tag=water_loss")
            .await;
        assert_eq!(ids(&listed.expect(200)), [id(&seed)]);
        let listed = stage
            .get(Who::Gul, "/v1/matches?stage=series_b")
            .await
            .expect(200);
        assert_eq!(listed["items"], json!([]));
        for (who, query) in [
            (Who::Gul, "status=released"),
            (Who::Gul, "curation=pinned"),
            (Who::Curator, "tag=no_such_tag"),
            (Who::Curator, "stage=late"),
            (Who::Curator, "country=XX1"),
            (Who::Curator, "band=fine"),
            (Who::Curator, "min_confidence=10001"),
            (Who::Curator, "walk=true"),
        ] {
            let refused = stage.get(who, &format!("/v1/matches?{query}")).await;
            assert_eq!(refused.code(400), "bad_query", "{query}");
        }
    });
}

#[test]
fn a_walk_through_a_ranking_is_not_disturbed_by_what_is_written_meanwhile() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        for name in ["Beer Sheva Water", "Carmel Pipes"] {
            stage.another_startup(name).await;
        }
        let before = ranking(&stage, "").await;
        assert_eq!(before.len(), 3);
        let base = format!("/v1/matches?mandate={}&walk=true&limit=1", stage.mandate.id);
        let first = stage.get(Who::Curator, &base).await.expect(200);
        let mut walked = names(&first);
        let mut next = first["next_cursor"].as_str().unwrap().to_owned();
        // One leaves, one comes, one is pinned.
        let matched = stage.matched().await;
        curate(&stage, &matched, "veto").await;
        let newer = stage.another_startup("Dead Sea Minerals").await;
        let newest = stage.matched_with(&newer).await;
        curate(&stage, &newest, "pin").await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let patch = json!({"languages": ["az"]});
        stage.edit(Who::Gul, &mandate, patch).await.expect(200);
        loop {
            let page = stage
                .get(Who::Curator, &format!("{base}&cursor={next}"))
                .await;
            let page = page.expect(200);
            walked.extend(names(&page));
            match page["next_cursor"].as_str() {
                Some(cursor) => cursor.clone_into(&mut next),
                None => break,
            }
        }
        assert_eq!(walked, before);
        assert_eq!(ranking(&stage, "").await[0], "Dead Sea Minerals");
        // A cursor holds for its own list, and for an hour.
        let other = format!("{base}&stage=seed&cursor={next}");
        assert_eq!(
            stage.get(Who::Curator, &other).await.code(400),
            "bad_cursor"
        );
        let without = format!("/v1/matches?mandate={}&cursor={next}", stage.mandate.id);
        assert_eq!(
            stage.get(Who::Curator, &without).await.code(400),
            "bad_query"
        );
        stage.context.clock.advance(chrono::TimeDelta::minutes(61));
        let late = format!("{base}&cursor={next}");
        assert_eq!(stage.get(Who::Curator, &late).await.code(400), "bad_cursor");
    });
}

#[test]
fn what_waits_for_a_decision_is_ranked_and_walked_by_itself() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        for (number, name) in (0..).zip(["Arava", "Besor", "Carmel", "Dishon", "Eshkol", "Faria"]) {
            let mut profile = stage.another_startup(name).await;
            if number % 2 == 0 {
                // Which kinds of deal it wants is not known.
                profile.content.deal_intents.clear();
                written(&stage, profile).await;
            }
        }
        let whole = ranking(&stage, "&limit=100").await;
        assert_eq!(whole.len(), 7);
        let open = ["Arava", "Carmel", "Eshkol"];
        let (waiting, settled): (Vec<String>, Vec<String>) =
            (whole.into_iter()).partition(|name| open.contains(&name.as_str()));
        assert_eq!(waiting.len(), open.len());
        for (outcome, expected) in [("needs_review", &waiting), ("eligible", &settled)] {
            let query = format!("&outcome={outcome}");
            assert_eq!(&ranking(&stage, &query).await, expected, "{outcome}");
            for limit in [1, 2, 3, 100] {
                let all = walked(&stage, &query, limit).await;
                assert_eq!(&all, expected, "{outcome} by {limit}");
            }
            // The best of more than are asked for.
            let two = ranking(&stage, &format!("{query}&limit=2")).await;
            assert_eq!(two, expected[..2], "{outcome}");
        }
    });
}
