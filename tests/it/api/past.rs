//! What investors did before counts where a programme's rules weigh it, is told
//! with its reasons, and is computed again to the byte when more has happened.

use corridor::config::scoring;
use corridor::db::{self, Conn};
use corridor::domain::investment::Investment;
use corridor::domain::money::{Currency, Money};
use corridor::domain::text::Language;
use corridor::domain::values::Stage as Round;
use corridor::matching::reference::Filter as RankFilter;
use corridor::services::matches::{self, Query, Request};
use corridor::services::recompute;
use corridor::services::{Caller, Context};
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

const RULES: &str = "/v1/rule-sets";

/// Seven startups that lose less water, three of them in Israel.
fn seven() -> Vec<Investment> {
    let one = |n: i32| Investment {
        startup: format!("s{n}"),
        country: if n < 3 { "IL" } else { "US" }.parse().ok(),
        tags: vec!["water_loss".parse().unwrap()],
        stage: Some(Round::Seed),
        round: Some(Money::new(10_000_000 * i64::from(n + 1), Currency::USD)),
        invested_on: chrono::NaiveDate::from_ymd_opt(2019 + n, 5, 1).unwrap(),
    };
    (0..7).map(one).collect()
}

async fn did_before(stage: &Stage, past: Vec<Investment>) {
    let (context, investor) = (stage.context.clone(), stage.investor.id);
    let write = move |conn: &mut Conn| {
        let id = || context.new_id();
        let changed = db::investments::replace(conn, investor, &past, id, context.now())?;
        assert!(changed);
        assert!(!db::investments::replace(
            conn,
            investor,
            &past,
            id,
            context.now()
        )?);
        Ok::<_, db::Error>(())
    };
    stage.context.db.write(write).await.unwrap();
}

/// The programme counts past deals as much as tags.
async fn count_past_deals(stage: &Stage) {
    let market: Value = toml::from_str(scoring::MARKET).unwrap();
    let rules = json!({
        "name": "With past deals",
        "weights": {"tags": 1_400, "revealed_preference": 1_400},
        "revealed": market["revealed"],
    });
    let body = json!({"programme": stage.programme.id.to_string()});
    let made = stage.post(Who::Curator, RULES, body).await;
    let path = made.location.clone().unwrap();
    let patch = json!({"rules": rules});
    stage.edit(Who::Curator, &path, patch).await.expect(200);
    let simulated = format!("{path}/simulate");
    stage
        .post(Who::Curator, &simulated, json!({}))
        .await
        .expect(200);
    let publish = json!({"action": "publish"});
    stage.go(Who::Curator, &path, publish).await.expect(200);
}

fn factor<'a>(explanation: &'a Value, name: &str) -> &'a Value {
    let mut factors = explanation["factors"].as_array().unwrap().iter();
    factors.find(|factor| factor["factor"] == name).unwrap()
}

async fn ranked(stage: &Stage, profile: impl std::fmt::Display) -> Vec<Value> {
    let path = format!("/v1/matches?startup={profile}");
    let ranked = stage.get(Who::Curator, &path).await.expect(200);
    ranked["items"].as_array().unwrap().clone()
}

#[test]
fn what_an_investor_did_is_told_with_reasons_and_computed_again() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        stage.another_investor("Caspian Seed", |_| ()).await;
        did_before(&stage, seven()).await;
        // Nothing of it counts until a programme says so.
        let before = ranked(&stage, stage.profile.id).await;
        assert!(before[0]["explanation"].get("revealed").is_none());
        count_past_deals(&stage).await;

        let items = ranked(&stage, stage.profile.id).await;
        assert_eq!(items.len(), 2);
        let told = &items[0]["explanation"];
        assert_eq!(items[0]["investor"]["name"], "Khazar Capital");
        let past = factor(told, "revealed_preference");
        assert!(past["value"].as_i64().unwrap() > 0, "{past}");
        assert_eq!(past["reason"]["key"], "revealed.tags.count");
        let sentence = past["reason"]["sentence"].as_str().unwrap();
        for said in ["since 2019: 7", "in Israel: 3", "USD 400,000"] {
            assert!(sentence.contains(said), "{said} in {sentence}");
        }
        let signals = told["revealed"]["factors"].as_array().unwrap();
        assert_eq!(signals.len(), 12);
        // Who did nothing yet still works: it is not known, and counts nothing.
        let newcomer = &items[1]["explanation"];
        assert_eq!(
            factor(newcomer, "revealed_preference")["value"],
            Value::Null
        );
        assert!(newcomer.get("revealed").is_none());
        assert_eq!(newcomer["missing"][0]["factor"], "revealed_preference");

        // A match keeps what was observed, whatever happens afterwards.
        let matched = stage.released().await;
        let kept = stage.get(Who::Curator, &matched).await.expect(200);
        let kept = kept["explanation"].clone();
        assert_eq!(kept["score"], told["score"]);
        did_before(&stage, seven().into_iter().take(2).collect()).await;
        stage.context.clock.advance(chrono::TimeDelta::days(3));
        stage.another_startup("Negev Sensors").await;
        let now = ranked(&stage, stage.profile.id).await;
        assert_ne!(now[0]["explanation"]["score"], kept["score"]);
        let again = stage.get(Who::Curator, &matched).await.expect(200);
        assert_eq!(again["explanation"], kept);
        let report = stage.context.db.read(recompute::check_all).await.unwrap();
        assert_eq!((report.same, report.other.len()), (1, 0));

        // A side reads of it in bands only.
        let side = stage.get(Who::Dana, &matched).await.expect(200);
        assert!(side["explanation"].get("revealed").is_none());
        let past = factor(&side["explanation"], "revealed_preference");
        assert_eq!(
            (&past["value"], &past["points"]),
            (&Value::Null, &Value::Null)
        );
        let key = past["reason"]["key"].as_str().unwrap();
        assert!(key.starts_with("factor.revealed_preference.band_"), "{key}");
        for secret in ["2019", "400,000", "40000000"] {
            assert!(!side.to_string().contains(secret), "{secret} in {side}");
        }
    });
}

#[test]
fn what_comes_of_introductions_here_counts_as_well() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let passing = stage.another_investor("Caspian Seed", |_| ()).await;
        let twin = stage.another_startup("Negev Sensors").await;
        count_past_deals(&stage).await;
        let items = ranked(&stage, stage.profile.id).await;
        assert!(
            items
                .iter()
                .all(|item| item["explanation"].get("revealed").is_none())
        );
        deal(&stage).await;
        // The other one passed on the same startup.
        let body = json!({
            "programme": stage.programme.id.to_string(),
            "startup_profile": stage.profile.id.to_string(),
            "mandate": passing.id.to_string(),
        });
        let made = stage.post(Who::Curator, "/v1/matches", body).await;
        let matched = made.location.clone().unwrap();
        pass(&stage, &matched).await;
        let items = ranked(&stage, twin.id).await;
        assert_eq!(items[0]["investor"]["name"], "Khazar Capital");
        let of = |item: &Value| factor(&item["explanation"], "revealed_preference").clone();
        let (took_up, passed) = (of(&items[0]), of(&items[1]));
        assert_eq!(took_up["reason"]["key"], "revealed.mixed.tags");
        assert_eq!(took_up["reason"]["vars"]["taken_up"], 1);
        assert_eq!(took_up["reason"]["vars"]["deals"], 0);
        assert_eq!(passed["reason"]["vars"]["passed"], 1);
        assert!(took_up["value"].as_i64() > passed["value"].as_i64());
        // The index and a look at every pair say the same.
        let curator = caller(&stage).await;
        for query in [
            Query::Startup(twin.id),
            Query::Mandate(stage.mandate.id),
            Query::Mandate(passing.id),
        ] {
            let programme = stage.programme.id;
            let request = Request::best(query, None, 20);
            let ranked = matches::rank(&stage.context, &curator, request);
            let ranked = ranked.await.unwrap().1.items;
            let context = stage.context.clone();
            let slowly = stage
                .context
                .db
                .read(move |conn| slowly(&context, conn, programme, query));
            let found: Vec<_> = ranked.into_iter().map(|it| it.explanation).collect();
            assert_eq!(found, slowly.await.unwrap());
        }
        let languages: [Language; 4] = ["en", "he", "az", "ru"].map(|code| code.parse().unwrap());
        let request = Request::best(Query::Startup(twin.id), None, 1);
        let told = matches::rank(&stage.context, &curator, request);
        let told = told.await.unwrap().1.items;
        let told = told[0].explanation.revealed.clone().unwrap();
        for signal in &told.signals {
            for language in &languages {
                let wording = &stage.context.wording;
                let taxonomy = &stage.context.taxonomy();
                let sentence = wording.sentence(&signal.reason, language, taxonomy);
                println!(
                    "{language} {}: {sentence}",
                    wording.signal(signal.signal, language)
                );
                assert!(!sentence.contains('{'), "{sentence}");
            }
        }
    });
}

fn slowly(
    context: &Context,
    conn: &mut Conn,
    programme: corridor::domain::ids::ProgrammeId,
    query: Query,
) -> Result<Vec<corridor::domain::scoring::Explanation>, corridor::services::Error> {
    use corridor::services::ranking::{Ground, by_brute_force};
    let ground = Ground::load(context, conn, programme)?;
    by_brute_force(context, conn, &ground, query, 20, &RankFilter::default())
}

async fn caller(stage: &Stage) -> Caller {
    let user = stage.user(Who::Curator).clone();
    let id = user.id;
    let memberships = stage
        .context
        .db
        .read(move |conn| db::users::memberships(conn, id));
    Caller::new(user, memberships.await.unwrap())
}

/// The investor's pass on a match, as its answer leaves it.
async fn pass(stage: &Stage, matched: &str) {
    use corridor::domain::review::{MatchStatus, Response};
    let id = matched.rsplit('/').next().unwrap().parse().unwrap();
    let now = stage.context.now();
    let write = move |conn: &mut Conn| {
        let mut record = db::matches::find(conn, id)?.unwrap();
        record.status = MatchStatus::Passed;
        record.investor_response = Response::Passed;
        record.version += 1;
        record.updated_at = now;
        assert!(db::matches::update(conn, &record)?);
        Ok::<_, db::Error>(())
    };
    stage.context.db.write(write).await.unwrap();
}
