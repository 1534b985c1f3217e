//! Lists narrowed down by every field that people look for, and counted.

use chrono::Days;
use corridor::domain::rates::{Quotation, Source};
use corridor::services::rates;
use serde_json::{Value, json};

use super::deals;
use super::investors::whole;
use super::search::{Desk, address};
use super::stage::{Stage, Who, of};
use crate::support::builders::whole_profile;
use crate::support::client::Client;
use crate::support::database::on_each_backend;

const PROFILES: &str = "/v1/startup-profiles";
const MANDATES: &str = "/v1/mandates";

/// A lira was worth four cents a month ago, and is worth two now.
async fn liras(desk: &Desk) -> String {
    let today = desk.app.context.now().date_naive();
    let quoted = |on, value: &str| Quotation {
        source: Source::Cbar,
        base: of("TRY"),
        quote: of("AZN"),
        on,
        nominal: 1,
        value: of(value),
    };
    let dollar = |on| Quotation {
        base: of("USD"),
        value: of("1.7"),
        ..quoted(on, "1.7")
    };
    let before = today - Days::new(20);
    for quotations in [
        vec![quoted(before, "0.068"), dollar(before)],
        vec![quoted(today, "0.034"), dollar(today)],
    ] {
        let stored = rates::import(&desk.app.context, Source::Cbar, quotations, false);
        stored.await.unwrap();
    }
    before.to_string()
}

fn round(currency: &str, target: i64, more: &Value) -> Value {
    let mut round = json!({ "currency": currency, "target": target, "instruments": ["safe"] });
    for (field, value) in more.as_object().unwrap() {
        round[field] = value.clone();
    }
    json!({ "round": round })
}

/// Asks for each query in pages of different sizes, and how many there are.
async fn asked(desk: &Desk, list: &str, cases: &[(&[(&str, &str)], &str)]) {
    for (query, names) in cases {
        for limit in [2, 20] {
            let found = desk.found(list, query, limit).await.concat();
            assert_eq!(found, *names, "{query:?} by {limit}");
        }
        let counted = [*query, &[("count", "true")]].concat();
        let counted = desk.curator.get(&address(list, &counted)).await.expect(200);
        assert_eq!(counted.body["count"]["value"], names.len(), "{query:?}");
    }
}

#[test]
fn startups_are_narrowed_down_by_their_rounds_at_the_rates_of_a_day() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let before = liras(&desk).await;
        let today = desk.app.context.now().date_naive();
        let (over, soon) = (today - Days::new(1), today + Days::new(30));
        let (over, soon) = (over.to_string(), soon.to_string());
        for (id, change) in [
            ("a", round("USD", 100_000_000, &json!({ "close_by": soon }))),
            ("b", round("USD", 500_000_000, &json!({ "close_by": over }))),
            // A million dollars now, two millions then.
            ("c", round("TRY", 5_000_000_000, &json!({}))),
            ("d", json!({})),
            // No rate joins the won to the dollar.
            (
                "e",
                round("KRW", 1_300_000_000, &json!({ "min_cheque": 1_000_000 })),
            ),
            (
                "f",
                round(
                    "USD",
                    200_000_000,
                    &json!({ "max": 300_000_000, "min_cheque": 20_000_000 }),
                ),
            ),
        ] {
            desk.startup(id, id, change).await;
        }
        let dollars = ("currency", "USD");
        asked(
            &desk,
            PROFILES,
            &[
                (&[("round_open", "true")], "acef"),
                (&[("round_open", "false")], "bd"),
                (&[("closes_by", &soon)], "ab"),
                (&[("closes_by", &over)], "b"),
                (&[dollars, ("target_from", "150000000")], "bf"),
                (&[dollars, ("target_to", "150000000")], "ac"),
                (
                    &[dollars, ("target_from", "150000000"), ("rates_on", &before)],
                    "bcf",
                ),
                (
                    &[
                        dollars,
                        ("target_from", "100000000"),
                        ("target_to", "100000000"),
                    ],
                    "ac",
                ),
                (&[("currency", "KRW"), ("target_from", "1")], "e"),
                // A cheque is taken from the smallest to the largest amount.
                (&[dollars, ("cheque_to", "10000000")], "abc"),
                (&[dollars, ("cheque_from", "250000000")], "bf"),
                (
                    &[
                        dollars,
                        ("cheque_from", "20000000"),
                        ("cheque_to", "20000000"),
                    ],
                    "abcf",
                ),
                (
                    &[
                        dollars,
                        ("cheque_from", "250000000"),
                        ("round_open", "true"),
                    ],
                    "f",
                ),
                (
                    &[
                        dollars,
                        ("cheque_from", "250000000"),
                        ("q", "desert"),
                        ("stage", "seed"),
                    ],
                    "bf",
                ),
            ],
        )
        .await;
    });
}

#[test]
fn startups_are_narrowed_down_by_what_they_say() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let clock = &desk.app.context.clock;
        let safe = round("USD", 100_000_000, &json!({}));
        for (id, change) in [
            ("a", json!({ "languages": ["en", "az-Latn"] })),
            ("b", safe),
            ("c", json!({ "transfer_topics": ["tech_transfer_office"] })),
            ("d", json!({ "business_models": ["hardware_sales"] })),
            ("e", json!({ "customer_types": ["government_civil"] })),
        ] {
            desk.startup(id, id, change).await;
            clock.advance(chrono::TimeDelta::minutes(1));
        }
        let later = desk.app.context.now().to_rfc3339();
        desk.startup("f", "f", json!({})).await;
        asked(
            &desk,
            PROFILES,
            &[
                (&[("language", "az")], "a"),
                (&[("language", "he")], "bcdef"),
                (&[("language", "en-GB")], "abcdef"),
                (&[("instrument", "safe")], "b"),
                (&[("transfer_topic", "tech_transfer_office")], "c"),
                (&[("business_model", "hardware_sales")], "d"),
                (&[("customer_type", "government_civil")], "e"),
                (&[("created_since", &later)], "f"),
                (&[("reconfirm_by", "2030-01-01")], ""),
            ],
        )
        .await;
    });
}

#[test]
fn mandates_are_narrowed_down_by_what_they_take() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        liras(&desk).await;
        let cheque = |currency: &str, min: i64, max: i64| json!({ "cheque": { "currency": currency, "min": min, "max": max } });
        for (id, change) in [
            ("a", cheque("USD", 10_000_000, 50_000_000)),
            ("b", cheque("TRY", 5_000_000_000, 10_000_000_000)),
            (
                "c",
                json!({ "startup_countries": ["IL", "GE"], "role": "lead" }),
            ),
            ("d", json!({ "excluded_countries": ["IL"], "role": "any" })),
            (
                "e",
                json!({ "startup_countries": ["IL", "TR"], "excluded_countries": ["TR"] }),
            ),
            (
                "f",
                json!({
                    "instruments": ["safe"],
                    "transfer_topics": ["incubator_operation"],
                    "active_from": "2027-01-01",
                    "active_to": "2027-06-30",
                }),
            ),
        ] {
            desk.investor(id, id, change).await;
        }
        let dollars = ("currency", "USD");
        asked(
            &desk,
            MANDATES,
            &[
                (&[dollars, ("cheque_to", "60000000")], "a"),
                (&[dollars, ("cheque_from", "60000000")], "b"),
                (
                    &[
                        dollars,
                        ("cheque_from", "50000000"),
                        ("cheque_to", "100000000"),
                    ],
                    "ab",
                ),
                (&[("startup_country", "IL")], "abcef"),
                (&[("startup_country", "TR")], "abdf"),
                (&[("startup_country", "KZ")], "abdf"),
                (&[("excluded_country", "IL")], "d"),
                (&[("role", "lead")], "cd"),
                (&[("instrument", "safe")], "f"),
                (&[("transfer_topic", "incubator_operation")], "f"),
                (&[("active_on", "2026-12-31")], "abcde"),
                (&[("active_on", "2027-01-01")], "abcdef"),
                (&[("active_on", "2027-06-30")], "abcdef"),
                (&[("active_on", "2027-07-01")], "abcde"),
                (
                    &[("language", "az"), ("tag", "water"), ("role", "lead")],
                    "cd",
                ),
            ],
        )
        .await;
    });
}

/// The problem's detail, and the parameters that it names.
fn wrong(answer: &crate::support::client::Answer) -> Vec<&str> {
    let errors = answer.body["errors"].as_array().unwrap().iter();
    errors.map(|it| it["pointer"].as_str().unwrap()).collect()
}

#[test]
fn everything_that_is_wrong_with_a_query_is_told_at_once() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let query = "?stage=later&tag=watr&market=XX&target_from=-1&cheque_from=5&cheque_to=4\
                     &language=english!&closes_by=soon&status=odd&instrument=gold&sort=relevance";
        let told = desk
            .curator
            .get(&format!("{PROFILES}{query}"))
            .await
            .expect(400);
        let named = [
            "#/tag",
            "#/stage",
            "#/instrument",
            "#/market",
            "#/language",
            "#/sort",
            "#/currency",
            "#/target_from",
            "#/cheque_to",
            "#/closes_by",
            "#/status",
        ];
        assert_eq!(wrong(&told), named, "{:#}", told.body);
        assert!(told.text("detail").contains("Did you mean water"));
        assert_eq!(told.body["errors"][0]["suggestions"][0], "water");
        // What can't be read keeps the rest from no judgement.
        let query = "?claimed=perhaps&tag=watr&stage=later&currency=USD&cheque_from=much&q=a&q=b\
                     &sort=relevance&colour=red&limit=0";
        let told = desk.curator.get(&format!("{PROFILES}{query}")).await;
        let told = told.expect(400);
        let mut named = wrong(&told);
        named.sort_unstable();
        let expected = [
            "#/cheque_from",
            "#/claimed",
            "#/colour",
            "#/limit",
            "#/q",
            "#/stage",
            "#/tag",
        ];
        assert_eq!(named, expected, "{:#}", told.body);
        assert!(!told.text("detail").contains("no amounts"));
        let query = "?limit=0&colour=red&claimed=perhaps&count=1";
        let told = desk
            .curator
            .get(&format!("{MANDATES}{query}"))
            .await
            .expect(400);
        let mut named = wrong(&told);
        named.sort_unstable();
        assert_eq!(named, ["#/claimed", "#/colour", "#/count", "#/limit"]);
        for (list, query, named) in [
            (
                "organizations",
                "kind=x&country=1&identifier=lei&created_since=now",
                4,
            ),
            (
                "introductions",
                "requester=x&startup=1&updated_since=now",
                3,
            ),
            ("deals", "status=x&mandate=1&resume_by=now", 3),
            (
                "matches",
                "status=x&language=1&created_since=now&min_score=-1",
                4,
            ),
            ("investor-profiles", "type=x&tag=1&reconfirm_by=now", 3),
        ] {
            let told = desk
                .curator
                .get(&format!("/v1/{list}?{query}"))
                .await
                .expect(400);
            assert_eq!(wrong(&told).len(), named, "{:#}", told.body);
        }
    });
}

#[test]
fn investors_are_narrowed_down_by_language_and_by_what_they_hold() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let made = stage.post(Who::Gul, "/v1/investor-profiles", whole()).await;
        made.expect(201);
        for (query, found) in [
            ("language=az", 1),
            ("language=a", 400),
            ("language=he", 0),
            ("tag=water", 1),
            ("tag=water_loss", 1),
            ("tag=robotics", 0),
            (
                "created_since=2020-01-01T00:00:00Z&language=en&tag=water",
                1,
            ),
            ("created_since=2120-01-01T00:00:00Z", 0),
            ("reconfirm_by=2120-01-01", 0),
        ] {
            let path = format!("/v1/investor-profiles?{query}&count=true");
            let told = stage.get(Who::Curator, &path).await;
            if found == 400 {
                assert_eq!(told.code(400), "bad_query");
                continue;
            }
            let told = told.expect(200);
            assert_eq!(told["items"].as_array().unwrap().len(), found, "{query}");
            assert_eq!(told["count"]["value"], found, "{query}");
        }
    });
}

async fn counted(stage: &Stage, who: Who, path: &str) -> Value {
    let told = stage
        .get(who, &format!("{path}count=true"))
        .await
        .expect(200);
    assert_eq!(
        told["count"]["value"],
        told["items"].as_array().unwrap().len()
    );
    told["count"]["value"].clone()
}

/// A count says no more than the list: a side's is of what it is shown.
#[test]
fn matches_introductions_and_deals_are_counted_as_far_as_they_are_shown() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let second = stage.another_startup("Second Spring").await;
        stage.matched_with(&second).await;
        assert_eq!(counted(&stage, Who::Curator, "/v1/matches?").await, 1);
        assert_eq!(counted(&stage, Who::Gul, "/v1/matches?").await, 0);
        let deal = deals::opened(&stage).await;
        assert_eq!(counted(&stage, Who::Curator, "/v1/matches?").await, 2);
        assert_eq!(counted(&stage, Who::Gul, "/v1/matches?").await, 1);
        let others = format!("/v1/matches?startup={}&", second.id);
        let on_record = format!("{others}status=candidate&");
        assert_eq!(counted(&stage, Who::Curator, &on_record).await, 1);
        assert_eq!(
            stage
                .get(Who::Gul, &format!("{others}count=true"))
                .await
                .status,
            404
        );
        for list in ["introductions", "deals"] {
            let path = format!("/v1/{list}?");
            for who in [Who::Curator, Who::Dana, Who::Gul] {
                assert_eq!(counted(&stage, who, &path).await, 1);
                for (filter, found) in [
                    ("created_since=2020-01-01T00:00:00Z", 1),
                    ("created_until=2020-01-01T00:00:00Z", 0),
                    (
                        "created_since=2020-01-01T00:00:00Z&created_until=2120-01-01T00:00:00Z",
                        1,
                    ),
                    ("updated_since=2120-01-01T00:00:00Z", 0),
                    ("updated_until=2120-01-01T00:00:00Z", 1),
                ] {
                    let path = format!("{path}{filter}&");
                    assert_eq!(counted(&stage, who, &path).await, found, "{path}");
                }
            }
            let own = format!("{path}startup={}&", stage.profile.id);
            assert_eq!(counted(&stage, Who::Curator, &own).await, 1);
            assert_eq!(counted(&stage, Who::Dana, &own).await, 1);
            // Whose record it is, the other side may not look at by itself.
            assert_eq!(
                stage
                    .get(Who::Gul, &format!("{own}count=true"))
                    .await
                    .status,
                404
            );
            let others = format!("{path}startup={}&", second.id);
            assert_eq!(counted(&stage, Who::Curator, &others).await, 0);
            assert_eq!(stage.get(Who::Dana, &others).await.status, 404);
            assert_eq!(counted(&stage, Who::Stranger, &path).await, 0);
        }
        let asked = "/v1/introductions?requester=";
        assert_eq!(
            counted(&stage, Who::Curator, &format!("{asked}startup&")).await,
            1
        );
        assert_eq!(
            counted(&stage, Who::Curator, &format!("{asked}curator&")).await,
            0
        );
        let on_hold = "/v1/deals?resume_by=2120-01-01&";
        assert_eq!(counted(&stage, Who::Curator, on_hold).await, 0);
        assert!(deal.starts_with("/v1/deals/"));
    });
}

/// What a match is with is for the curators to sift; a side is told less of the
/// other than these would tell it.
#[test]
fn matches_are_narrowed_down_by_the_counterpart() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        stage.released().await;
        let content = &stage.profile.content;
        let language = content.languages.first().unwrap().clone();
        let language = format!("language={language}");
        for (query, found) in [
            (language.as_str(), 1),
            ("language=ka", 0),
            ("market=KZ", 0),
            (
                "instrument=safe",
                usize::from(
                    content
                        .round
                        .iter()
                        .any(|round| round.instruments.iter().any(|it| it.as_str() == "safe")),
                ),
            ),
            ("created_since=2120-01-01T00:00:00Z", 0),
            ("updated_since=2020-01-01T00:00:00Z", 1),
        ] {
            let path = format!("/v1/matches?{query}&");
            assert_eq!(counted(&stage, Who::Curator, &path).await, found, "{query}");
            for who in [Who::Dana, Who::Gul] {
                assert_eq!(stage.get(who, &path).await.code(400), "bad_query");
            }
        }
        let ranking = format!("/v1/matches?mandate={}&", stage.mandate.id);
        for (query, found) in [(language.as_str(), 1), ("language=ka", 0)] {
            let path = format!("{ranking}{query}");
            let told = stage.get(Who::Curator, &path).await.expect(200);
            assert_eq!(told["items"].as_array().unwrap().len(), found, "{told:#}");
        }
        let path = format!("{ranking}count=true");
        assert_eq!(stage.get(Who::Curator, &path).await.code(400), "bad_query");
    });
}

async fn firms(curator: &Client, query: &str) -> u64 {
    let told = curator
        .get(&format!("/v1/organizations?{query}&count=true"))
        .await;
    told.expect(200).body["count"]["value"].as_u64().unwrap()
}

#[test]
fn firms_are_found_by_their_number_and_when_they_came() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let body = json!({
            "external_id": "n",
            "organization": { "kind": "startup", "legal_name": "Numbered", "country": "IL" },
            "identifiers": { "il_company": "520000472" },
            "contact": { "email": "n@firms.example" },
            "startup_profile": whole_profile(),
        });
        let made = desk.office.owner.post("/v1/referrals", &body).await;
        assert!(matches!(made.status, 200 | 201), "{:#}", made.body);
        desk.startup("o", "Other", json!({})).await;
        assert_eq!(
            firms(&desk.curator, "identifier=il_company:520000472").await,
            1
        );
        assert_eq!(
            firms(&desk.curator, "identifier=il_company:516179157").await,
            0
        );
        assert_eq!(
            firms(
                &desk.curator,
                "kind=startup&created_since=2020-01-01T00:00:00Z"
            )
            .await,
            2
        );
        assert_eq!(
            firms(&desk.curator, "updated_since=2120-01-01T00:00:00Z").await,
            0
        );
    });
}

#[test]
fn firms_are_found_by_the_programme_that_admits_them() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let found = async |query: &str| {
            let path = format!("/v1/organizations?programme={}{query}", stage.programme.id);
            let list = stage.get(Who::Curator, &path).await.expect(200);
            list["items"].as_array().unwrap().len()
        };
        assert_eq!(found("").await, 2);
        assert_eq!(found("&kind=investor").await, 1);
    });
}

/// A search whose words many records have, with a filter that few pass, finds
/// the same in the same order as one that looks at all.
#[test]
fn a_rare_filter_changes_neither_what_is_found_nor_its_order() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let clock = &desk.app.context.clock;
        let middle = 75;
        let mut later = String::new();
        for number in 0..90 {
            if number == middle {
                clock.advance(chrono::TimeDelta::minutes(1));
                later = desk.app.context.now().to_rfc3339();
            }
            let name = format!("Desert {number:02}");
            let line = format!("Panel {number:02} for the desert.");
            let line = json!({ "one_liner": { "en": { "text": line } } });
            let name = if number % 2 == 0 {
                name
            } else {
                format!("Sand {number:02}")
            };
            desk.startup(&format!("d{number}"), &name, line).await;
        }
        // The even ones have the word in their names, the odd ones in a text.
        let numbers = |parity: usize| (middle..90).filter(move |it| it % 2 == parity);
        let even = numbers(0).map(|it| format!("Desert {it:02}"));
        let odd = numbers(1).map(|it| format!("Sand {it:02}"));
        let wanted: Vec<String> = even.chain(odd).collect();
        let since = ("created_since", later.as_str());
        for words in ["desert", "desert ", "des"] {
            for limit in [3, 20] {
                let found = desk.found(PROFILES, &[("q", words), since], limit).await;
                assert_eq!(found, wanted, "{words} by {limit}");
            }
        }
        let country = ("country", "AZ");
        assert!(
            desk.found(PROFILES, &[("q", "desert"), country], 20)
                .await
                .is_empty()
        );
    });
}

/// What a startup has achieved, how large it is, and what limits it.
#[test]
fn startups_are_found_by_figures_limits_and_answers() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let firms = [
            (
                "IL",
                json!({
                    "team_size": 4,
                    "traction": {
                        "customers": 0, "growth_pct": -10,
                        "revenue_12m": { "amount_minor": 1_000_000, "currency": "USD" },
                    },
                }),
            ),
            (
                "AZ",
                json!({
                    "team_size": 30, "encumbrances": ["university_ip"],
                    "traction": {
                        "customers": 12, "pilots": 2,
                        "revenue_12m": { "amount_minor": 9_000_000, "currency": "USD" },
                    },
                    "controls": {
                        "defence_customers": false, "dual_use": true, "interception": false,
                        "intrusion": false, "biometrics": false,
                        "signed_by": "Dana Levi", "signed_on": "2026-11-01",
                    },
                }),
            ),
            ("GE", json!({})),
        ];
        for (country, said) in &firms {
            let firm = json!({
                "kind": "startup", "legal_name": format!("Firm {country}"), "country": country,
            });
            let firm = stage.post(Who::Curator, "/v1/organizations", firm).await;
            let mut draft = said.clone();
            draft["organization"] = firm.expect(201)["id"].clone();
            let made = stage.post(Who::Curator, PROFILES, draft).await;
            made.expect(201);
        }
        let drafts = "status=draft&sort=created_at";
        for (query, countries) in [
            ("", "IL AZ GE"),
            ("team_size_from=5", "AZ"),
            ("team_size_to=4", "IL"),
            ("team_size_from=4&team_size_to=30", "IL AZ"),
            ("customers_from=1", "AZ"),
            ("customers_to=0", "IL"),
            ("pilots_from=1&pilots_to=2", "AZ"),
            ("growth_from=-20&growth_to=0", "IL"),
            ("revenue_from=2000000&currency=USD", "AZ"),
            ("revenue_to=2000000&currency=USD", "IL"),
            ("encumbrance=university_ip", "AZ"),
            ("encumbrance=exclusivity", ""),
            ("encumbrance=none", "IL GE"),
            ("control=dual_use", "AZ"),
            ("control=none", ""),
            ("control=unanswered", "IL GE"),
            ("country=IL,GE", "IL GE"),
            ("country=AZ", "AZ"),
        ] {
            let path = format!("{PROFILES}?{drafts}&count=true&{query}");
            let found = stage.get(Who::Curator, &path).await.expect(200);
            let items = found["items"].as_array().unwrap();
            let of: Vec<&str> = items
                .iter()
                .map(|it| it["country"].as_str().unwrap())
                .collect();
            assert_eq!(of.join(" "), countries, "{query}");
            assert_eq!(found["count"]["value"], of.len(), "{query}");
        }
        let several = "status=draft,published&sort=created_at";
        let found = stage
            .get(Who::Curator, &format!("{PROFILES}?{several}"))
            .await
            .expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 4);
        let found = stage
            .get(
                Who::Curator,
                &format!("{MANDATES}?status=published,paused&country=AZ,TR"),
            )
            .await
            .expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
        for wrong in [
            "status=draft,odd",
            "country=IL,",
            "country=Israel",
            "team_size_from=9&team_size_to=1",
            "encumbrance=odd",
            "control=odd",
            "revenue_from=1",
        ] {
            let refused = stage
                .get(Who::Curator, &format!("{PROFILES}?{wrong}"))
                .await;
            assert_eq!(refused.code(400), "bad_query", "{wrong}");
        }
    });
}

/// What was made in one span of time is not in the next one as well.
#[test]
fn spans_of_time_that_meet_have_nothing_in_common() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        stage.matched().await;
        for list in [
            "startup-profiles",
            "mandates",
            "investor-profiles",
            "organizations",
            "matches",
        ] {
            let path = format!("/v1/{list}");
            let found = stage.get(Who::Curator, &path).await.expect(200);
            let items = found["items"].as_array().unwrap().clone();
            let Some(first) = items.first() else {
                assert_eq!(list, "investor-profiles");
                continue;
            };
            let at = first["created_at"].as_str().unwrap();
            let ids = async |query: String| -> Vec<Value> {
                let found = stage.get(Who::Curator, &format!("{path}?{query}")).await;
                let items = found.expect(200)["items"].as_array().unwrap().clone();
                items.iter().map(|it| it["id"].clone()).collect()
            };
            let before = ids(format!("created_until={at}")).await;
            let since = ids(format!("created_since={at}")).await;
            assert!(since.contains(&first["id"]), "{list}");
            assert!(!before.contains(&first["id"]), "{list}");
            assert_eq!(before.len() + since.len(), items.len(), "{list}");
            let nothing = format!("{path}?created_since={at}&created_until={at}");
            let told = stage.get(Who::Curator, &nothing).await.expect(400);
            assert_eq!(told["errors"][0]["pointer"], "#/created_until", "{list}");
        }
    });
}
