//! Profiles and mandates found by their words, narrowed down and in order, as
//! far as the reader may read.

use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::ids::MandateId;
use corridor::domain::mandate::Mandate;
use corridor::services::search;
use diesel::RunQueryDsl;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::builders::{Firm, act, create, firm, operator, whole_mandate, whole_profile};
use crate::support::client::Client;
use crate::support::database::{Database, on_each_backend};

const PROFILES: &str = "/v1/startup-profiles";
const MANDATES: &str = "/v1/mandates";
const FIRMS: &str = "/v1/organizations";

/// A desk that records are put on through referrals, and a curator who looks.
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) office: Firm,
    pub(super) curator: Client,
}

impl Desk {
    pub(super) async fn set(database: &Database) -> Self {
        let app = App::start(database).await;
        let office = firm(&app, "partner", "Trade Office", "IL").await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        Self {
            app,
            office,
            curator,
        }
    }

    /// A startup of that name, found by that external id; `change` is laid
    /// over a whole profile.
    pub(super) async fn startup(&self, id: &str, name: &str, change: Value) -> Value {
        let mut profile = whole_profile();
        for (field, value) in change.as_object().unwrap() {
            profile[field] = value.clone();
        }
        let body = json!({
            "external_id": id,
            "organization": { "kind": "startup", "legal_name": name, "country": "IL" },
            "contact": { "email": format!("{id}@firms.example") },
            "startup_profile": profile,
        });
        let handed = self.office.owner.post("/v1/referrals", &body).await;
        assert!(matches!(handed.status, 200 | 201), "{:#}", handed.body);
        handed.body
    }

    /// Has what was handed in go back to who wrote it, to be mended.
    pub(super) async fn give_back(&self, handed: &Value) {
        let id = handed["startup_profile"].as_str().unwrap();
        let profile = format!("/v1/startup-profiles/{id}");
        let comments = json!([{ "pointer": "/stage", "comment": "Is that so?" }]);
        for step in [
            json!({ "action": "claim" }),
            json!({ "action": "request_changes", "comments": comments }),
        ] {
            self.curator.act(&profile, "*", &step).await.expect(200);
        }
    }

    pub(super) async fn investor(&self, id: &str, name: &str, change: Value) -> Value {
        let mut mandate = whole_mandate();
        for (field, value) in change.as_object().unwrap() {
            mandate[field] = value.clone();
        }
        let body = json!({
            "external_id": id,
            "organization": { "kind": "investor", "legal_name": name, "country": "AZ" },
            "contact": { "email": format!("{id}@firms.example") },
            "mandate": mandate,
        });
        let handed = self.office.owner.post("/v1/referrals", &body).await;
        handed.expect(201).body
    }

    /// The names of what the curator finds, in order, walked in pages.
    pub(super) async fn found(
        &self,
        list: &str,
        query: &[(&str, &str)],
        limit: usize,
    ) -> Vec<String> {
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let page = page(&self.curator, list, query, limit, cursor.as_deref()).await;
            for item in page["items"].as_array().unwrap() {
                let firm = item["organization"].as_str().unwrap();
                let firm = self.curator.get(&format!("/v1/organizations/{firm}")).await;
                found.push(firm.text("legal_name").to_owned());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return found,
            }
        }
    }

    pub(super) async fn finds(&self, words: &str) -> Vec<String> {
        self.found(PROFILES, &[("q", words)], 20).await
    }
}

pub(super) fn address(list: &str, query: &[(&str, &str)]) -> String {
    let query = form(query);
    format!("{list}?{query}")
}

fn form(query: &[(&str, &str)]) -> String {
    let encoded = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let bytes = text.bytes();
        bytes
            .map(|byte| match byte {
                _ if plain(byte) => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    pairs.join("&")
}

async fn page(
    client: &Client,
    list: &str,
    query: &[(&str, &str)],
    limit: usize,
    cursor: Option<&str>,
) -> Value {
    let mut path = format!("{}&limit={limit}", address(list, query));
    if let Some(cursor) = cursor {
        path = format!("{path}&cursor={cursor}");
    }
    client.get(&path).await.expect(200).body
}

#[test]
fn a_name_is_found_in_whatever_script_it_is_written() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        for (id, name) in [
            ("1", "Əliyev və Oğulları"),
            ("2", "Хаим Технологии"),
            ("3", "שמש הנגב"),
            ("4", "İstiqlal Qarabağ"),
            ("5", "Tamar Flow Ltd"),
        ] {
            desk.startup(id, name, json!({})).await;
        }
        for (words, name) in [
            ("Əliyev", "Əliyev və Oğulları"),
            ("Aliyev", "Əliyev və Oğulları"),
            ("алиев", "Əliyev və Oğulları"),
            ("אלייב", "Əliyev və Oğulları"),
            ("ALIY", "Əliyev və Oğulları"),
            ("Chaim", "Хаим Технологии"),
            ("חיים", "Хаим Технологии"),
            ("tekhnologii", "Хаим Технологии"),
            ("negev", "שמש הנגב"),
            ("שמש", "שמש הנגב"),
            ("ISTIQLAL", "İstiqlal Qarabağ"),
            ("ıstıqlal", "İstiqlal Qarabağ"),
            ("Karabakh", "İstiqlal Qarabağ"),
            ("карабах", "İstiqlal Qarabağ"),
            ("תמר", "Tamar Flow Ltd"),
            ("flow tam", "Tamar Flow Ltd"),
        ] {
            assert_eq!(desk.finds(words).await, [name], "{words}");
        }
        for words in ["Valiyev", "tam flow", "tamarflow", "ev", "xyzzy"] {
            assert!(desk.finds(words).await.is_empty(), "{words}");
        }
    });
}

#[test]
fn what_fits_best_comes_first_and_pages_neither_repeat_nor_omit() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let text = |text: &str| json!({ "en": { "text": text } });
        desk.startup(
            "1",
            "Anywhere",
            json!({ "summary": text("A dew drop at night.") }),
        )
        .await;
        desk.startup(
            "2",
            "Headline",
            json!({ "one_liner": text("We harvest dew.") }),
        )
        .await;
        desk.startup("3", "Dəw Labs", json!({})).await;
        desk.startup("4", "Dew Labs", json!({})).await;
        desk.startup("5", "Nothing", json!({})).await;
        desk.startup("6", "Dewpoint", json!({})).await;
        let expected = ["Dəw Labs", "Dew Labs", "Dewpoint", "Headline", "Anywhere"];
        // ə is folded to e, so that both spell the word alike.
        assert_eq!(desk.finds("dew").await, expected);
        for limit in 1..=5 {
            let found = desk.found(PROFILES, &[("q", "dew")], limit).await;
            assert_eq!(found, expected, "{limit} on a page");
        }
        // A closed word is no beginning.
        assert!(!desk.finds("dew ").await.contains(&"Dewpoint".to_owned()));
        // Another order, the same records.
        let newest = [("q", "dew"), ("sort", "-created_at")];
        let mut newest = desk.found(PROFILES, &newest, 2).await;
        assert_eq!(newest[0], "Dewpoint");
        newest.sort_unstable();
        let mut all = expected.map(str::to_owned);
        all.sort_unstable();
        assert_eq!(newest, all);

        // A record that comes in while somebody walks moves nothing.
        let first = page(&desk.curator, PROFILES, &[("q", "dew")], 2, None).await;
        desk.startup("7", "Dew Works", json!({})).await;
        let cursor = first["next_cursor"].as_str();
        let rest = page(&desk.curator, PROFILES, &[("q", "dew")], 20, cursor).await;
        let ids = |page: &Value| -> Vec<String> {
            let items = page["items"].as_array().unwrap().iter();
            items
                .map(|it| it["id"].as_str().unwrap().to_owned())
                .collect()
        };
        let mut walked = ids(&first);
        walked.extend(ids(&rest));
        assert_eq!(walked.len(), 6);
        walked.sort_unstable();
        walked.dedup();
        assert_eq!(walked.len(), 6);
        let other = format!(
            "{}&cursor={}",
            address(PROFILES, &[("q", "drop")]),
            cursor.unwrap()
        );
        desk.curator.get(&other).await.refused(400, "bad_cursor");
    });
}

#[test]
fn tags_are_found_by_their_labels_in_every_language() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let text = |text: &str| json!({ "en": { "text": text } });
        desk.startup("1", "Negev Sun", json!({})).await;
        let other = json!({
            "primary_tags": ["robotics"],
            "one_liner": text("Arms for cranes."),
            "summary": text("They lift at night."),
        });
        desk.startup("2", "Galil Robots", other).await;
        let taxonomy = desk.app.context.taxonomy();
        let water = taxonomy.tag(&"water".parse().unwrap());
        let words: Vec<String> = water.unwrap().labels.texts.values().cloned().collect();
        assert_eq!(words.len(), 4, "{words:?}");
        for word in &words {
            assert_eq!(desk.finds(word).await, ["Negev Sun"], "{word}");
        }
        // Who asks for a sector asks for all of it, as by the filter; what is
        // below it needs none of its words.
        let below = json!({
            "primary_tags": ["desalination"],
            "one_liner": text("Nothing leaves the plant."),
            "summary": text("It boils until salt is left."),
        });
        desk.startup("3", "Arava Boilers", below).await;
        let both = ["Negev Sun", "Arava Boilers"];
        for word in ["suvarma", "irrigation", "ирригация", "מים"] {
            assert_eq!(desk.finds(word).await, both, "{word}");
        }
        assert_eq!(desk.found(PROFILES, &[("tag", "water")], 1).await, both);
        // What is above is not meant by a word for what is below.
        assert_eq!(desk.finds("desalination").await, ["Arava Boilers"]);
        desk.investor(
            "4",
            "Xəzər",
            json!({"title": "Salt", "tags": {"desalination": 2}}),
        )
        .await;
        assert_eq!(
            desk.found(MANDATES, &[("q", "suvarma")], 20).await,
            ["Xəzər"]
        );
        a_contradiction_stays_as_it_is_on_record(&desk).await;
        println!("a tag is found by {words:?}");
    });
}

/// What wants and excludes the same can't be handed in anew; one that is on
/// record, from before that was looked at, can be handed in again as it is.
async fn a_contradiction_stays_as_it_is_on_record(desk: &Desk) {
    let referral = |excluded: &[&str]| {
        let mut mandate = whole_mandate();
        mandate["excluded_tags"] = json!(excluded);
        json!({
            "external_id": "torn",
            "organization": { "kind": "investor", "legal_name": "Araz", "country": "AZ" },
            "contact": { "email": "torn@firms.example" },
            "mandate": mandate,
        })
    };
    let hand_in = async |excluded: &[&str]| {
        let body = referral(excluded);
        desk.office.owner.post("/v1/referrals", &body).await
    };
    let refused = hand_in(&["water"]).await.expect(422);
    assert_eq!(refused.faults(), ["#/mandate/tags/water contradiction"]);
    hand_in(&[]).await.expect(201);
    let found = desk.curator.get(&address(MANDATES, &[("q", "araz")])).await;
    let id = found.body["items"][0]["id"].as_str().unwrap();
    let id: MandateId = id.parse().unwrap();
    let tear = move |conn: &mut Conn| {
        let before = db::mandates::find(conn, id)?.unwrap();
        let mut content = before.content.clone();
        content.excluded_tags = content.tags.keys().cloned().collect();
        let after = Mandate {
            content,
            revision: before.revision + 1,
            version: before.version + 1,
            ..before
        };
        db::mandates::update(conn, &after)
    };
    assert!(desk.app.context.db.write(tear).await.unwrap());
    hand_in(&["water"]).await.expect(200);
    let more = hand_in(&["water", "robotics"]).await;
    more.expect(200);
}

#[test]
fn nobody_searches_what_they_may_not_read() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let text = json!({ "en": { "text": "Secret dew for everybody." } });
        desk.startup("1", "Rival Dew", json!({ "summary": text }))
            .await;
        desk.investor("2", "Dew Capital", json!({})).await;
        let tamar = firm(&desk.app, "startup", "Tamar", "IL").await;
        let (_, own) = create(&tamar.owner, PROFILES, &whole_profile()).await;
        for words in ["rival", "dew", "secret", "capital", "desert rival"] {
            let found = page(&tamar.owner, PROFILES, &[("q", words)], 20, None).await;
            assert_eq!(found["items"], json!([]), "{words}");
        }
        for query in [
            [("q", "desert air"), ("sort", "relevance")],
            [("q", "tamar"), ("sort", "created_at")],
            [("tag", "water"), ("stage", "seed")],
        ] {
            let found = page(&tamar.owner, PROFILES, &query, 20, None).await;
            assert_eq!(found["items"].as_array().unwrap().len(), 1, "{query:?}");
            assert_eq!(found["items"][0]["id"], own.body["id"]);
        }
        let path = address(MANDATES, &[("q", "dew")]);
        tamar.owner.get(&path).await.refused(404, "not_found");
        for list in [PROFILES, MANDATES] {
            let path = address(list, &[("q", "dew")]);
            let office = desk.office.owner.get(&path).await;
            office.refused(404, "not_found");
        }
    });
}

#[test]
fn a_query_is_words_and_never_a_language() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        desk.startup("1", "Negev Sun", json!({})).await;
        for words in [
            "\"negev",
            "negev\"",
            "negev OR",
            "negev AND NOT sun",
            "names:negev",
            "{names} : negev",
            "^negev",
            "negev*",
            "-negev",
            "negev + sun",
            "NEAR(negev sun)",
            "negev' | 'x",
            "negev & !sun",
            "negev:*A",
            "negev <-> sun",
            "k_nagav",
            "negev\\",
            "'; DROP TABLE search_text; --",
            "negev) OR (1",
            "%",
            "negev🙂",
        ] {
            let path = address(PROFILES, &[("q", words)]);
            let answer = desk.curator.get(&path).await;
            assert!(
                matches!(answer.status, 200 | 400),
                "{words}: {:#}",
                answer.body
            );
            if answer.status == 400 {
                assert_eq!(answer.text("detail"), "`q` holds no word.", "{words}");
            }
        }
        assert_eq!(desk.finds("negev & sun").await, ["Negev Sun"]);
        assert!(desk.finds("negev OR").await.is_empty());
        for (words, told) in [
            ("", "`q` holds no word."),
            ("\" \"", "`q` holds no word."),
            ("neg\0ev", "`q` holds a control character."),
            (&"a".repeat(201), "`q` holds more than 200 characters."),
            (&"a ".repeat(60), "`q` holds more than 12 words."),
        ] {
            let path = address(PROFILES, &[("q", words)]);
            let refused = desk.curator.get(&path).await.refused(400, "bad_query");
            assert_eq!(refused.text("detail"), told);
        }
        for (query, told) in [
            (("sort", "relevance"), "`sort=relevance` needs `q`."),
            (("sort", "nam"), "`sort` is none of its values."),
            (("tag", "watr"), "`tag` is no tag. Did you mean water?"),
            (("stage", "seeed"), "`stage` is none of its values."),
            (("market", "XX"), "`market` is none of its values."),
            (("deal_intent", "x"), "`deal_intent` is none of its values."),
            (
                ("updated_since", "yesterday"),
                "`updated_since` is no time such as 2026-11-01T00:00:00Z.",
            ),
        ] {
            for list in [PROFILES, MANDATES] {
                let path = address(list, &[query]);
                let refused = desk.curator.get(&path).await.refused(400, "bad_query");
                let detail = refused.text("detail");
                assert!(detail.starts_with(told.trim_end_matches('?')), "{detail}");
            }
        }
    });
}

#[test]
fn the_index_follows_what_is_written_in_the_same_breath() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let text = |text: &str| json!({ "en": { "text": text } });
        let incomplete = json!({ "stage": null, "one_liner": text("We collect dew.") });
        desk.startup("1", "Negev Sun", incomplete).await;
        assert_eq!(desk.finds("collect dew").await, ["Negev Sun"]);
        // Both the firm's name and its words change.
        desk.startup(
            "1",
            "Galil Moon",
            json!({ "stage": null, "one_liner": text("We press wine.") }),
        )
        .await;
        for gone in ["negev", "dew"] {
            assert!(desk.finds(gone).await.is_empty(), "{gone}");
        }
        assert_eq!(desk.finds("galil wine").await, ["Galil Moon"]);
        // What is refused is not found either.
        let body = json!({ "one_liner": text("Call us at dana@firms.example") });
        let tamar = firm(&desk.app, "startup", "Tamar", "IL").await;
        let (path, _) = create(&tamar.owner, PROFILES, &whole_profile()).await;
        act(&tamar.owner, &path, "submit").await;
        tamar.owner.patch(&path, "*", &body).await.expect(409);
        assert!(desk.finds("call us").await.is_empty());
        // A new name alone is enough.
        let renamed = json!({ "stage": null, "one_liner": text("We press wine.") });
        desk.startup("1", "Golan Moon", renamed).await;
        assert_eq!(desk.finds("golan").await, ["Golan Moon"]);
    });
}

#[test]
fn mandates_are_found_by_title_name_and_tags() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        desk.investor(
            "1",
            "Xəzər Kapital",
            json!({ "title": "Dəniz texnologiyaları" }),
        )
        .await;
        desk.investor(
            "2",
            "Bosphorus",
            json!({ "tags": { "robotics": 3 }, "markets": ["TR"] }),
        )
        .await;
        for (query, names) in [
            (vec![("q", "khazar")], vec!["Xəzər Kapital"]),
            (vec![("q", "хазар капитал")], vec!["Xəzər Kapital"]),
            (vec![("q", "DENIZ tex")], vec!["Xəzər Kapital"]),
            (vec![("q", "robot")], vec!["Bosphorus"]),
            (vec![("tag", "robotics")], vec!["Bosphorus"]),
            (vec![("market", "TR")], vec!["Bosphorus"]),
            (vec![("stage", "seed")], vec!["Xəzər Kapital", "Bosphorus"]),
            (vec![("stage", "growth")], vec![]),
            (vec![("q", "khazar"), ("tag", "robotics")], vec![]),
        ] {
            assert_eq!(desk.found(MANDATES, &query, 20).await, names, "{query:?}");
        }
    });
}

#[test]
fn lists_are_narrowed_down_and_walked_in_every_order() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let clock = &desk.app.context.clock;
        for (id, change) in [
            ("a", json!({ "stage": "seed", "primary_tags": ["water"] })),
            (
                "b",
                json!({ "stage": "series_a", "primary_tags": ["water_loss"] }),
            ),
            (
                "c",
                json!({ "stage": "seed", "primary_tags": ["robotics"] }),
            ),
            (
                "d",
                json!({ "markets_wanted": ["TR"], "deal_intents": ["distribution_partner"] }),
            ),
        ] {
            desk.startup(id, id, change).await;
            clock.advance(chrono::TimeDelta::minutes(1));
        }
        let later = desk.app.context.now().to_rfc3339();
        // The oldest is changed last.
        let text = json!({ "en": { "text": "Another sentence." } });
        let tamar = firm(&desk.app, "startup", "e", "IL").await;
        let (path, _) = create(&tamar.owner, PROFILES, &whole_profile()).await;
        clock.advance(chrono::TimeDelta::minutes(1));
        let change = json!({ "one_liner": text });
        tamar.owner.patch(&path, "*", &change).await.expect(200);
        for (query, names) in [
            (vec![("tag", "water")], "abde"),
            (vec![("tag", "water_loss")], "b"),
            (vec![("stage", "seed")], "acde"),
            (vec![("stage", "seed"), ("tag", "water")], "ade"),
            (vec![("market", "TR")], "d"),
            (vec![("deal_intent", "distribution_partner")], "d"),
            (vec![("claimed", "true")], "e"),
            (vec![("claimed", "false")], "abcd"),
            (vec![("updated_since", later.as_str())], "e"),
            (vec![("status", "draft")], "e"),
            (vec![("sort", "created_at")], "abcde"),
            (vec![("sort", "-created_at")], "edcba"),
            (vec![("sort", "updated_at")], "abcde"),
            (vec![("sort", "-updated_at"), ("stage", "seed")], "edca"),
        ] {
            for limit in [1, 2, 20] {
                let found = desk.found(PROFILES, &query, limit).await.concat();
                assert_eq!(found, names, "{query:?} by {limit}");
            }
        }
    });
}

#[test]
fn what_the_index_lacks_is_caught_up_with() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        for number in 0..5 {
            desk.startup(&format!("s{number}"), &format!("Negev {number}"), json!({}))
                .await;
        }
        desk.investor("i", "Negev Capital", json!({})).await;
        let context = &desk.app.context;
        assert_eq!(search::catch_up(context).await.unwrap(), 0);
        let forget = |conn: &mut Conn| -> corridor::db::Result<()> {
            let records = "UPDATE search_entries SET folding = 0 WHERE kind <> 'organization'";
            diesel::sql_query(records).execute(conn)?;
            Ok(())
        };
        context.db.write(forget).await.unwrap();
        assert_eq!(search::catch_up(context).await.unwrap(), 6);
        assert_eq!(search::catch_up(context).await.unwrap(), 0);
        assert_eq!(desk.finds("negev").await.len(), 5);
        let found = desk.found(MANDATES, &[("q", "negev")], 20).await;
        assert_eq!(found, ["Negev Capital"]);
        let firms = desk
            .curator
            .get(&address(FIRMS, &[("count", "true")]))
            .await;
        let firms = firms.expect(200).body["count"]["value"].as_u64().unwrap();
        let forget = |conn: &mut Conn| -> corridor::db::Result<()> {
            let firms = "UPDATE search_entries SET folding = 0 WHERE kind = 'organization'";
            diesel::sql_query(firms).execute(conn)?;
            Ok(())
        };
        context.db.write(forget).await.unwrap();
        let again = search::catch_up(context).await.unwrap();
        assert_eq!(u64::try_from(again).unwrap(), firms);
        assert_eq!(search::catch_up(context).await.unwrap(), 0);
    });
}

#[test]
fn firms_and_investors_are_found_by_their_names_in_any_script() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        desk.startup("1", "Əliyev və Oğulları", json!({})).await;
        desk.startup("2", "שמש הנגב", json!({})).await;
        desk.investor("3", "Xəzər Kapital", json!({})).await;
        let found = async |list: &str, words: &str| {
            let answer = desk.curator.get(&address(list, &[("q", words)])).await;
            let items = answer.expect(200).body["items"].clone();
            let of = |item: &Value| -> String {
                let id = item.get("organization").unwrap_or(&item["id"]);
                id.as_str().unwrap().to_owned()
            };
            items.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
        };
        let [aliyev]: [String; 1] = found(FIRMS, "Алиев").await.try_into().unwrap();
        assert_eq!(found(FIRMS, "aliyev").await, [aliyev.as_str()]);
        assert_eq!(
            found(FIRMS, "trade off").await.len(),
            1,
            "who is neither side"
        );
        assert_eq!(found(FIRMS, "negev").await.len(), 1);
        let [khazar]: [String; 1] = found(FIRMS, "хазар").await.try_into().unwrap();
        assert!(found(FIRMS, "water").await.is_empty(), "names alone");
        let none: Vec<String> = found("/v1/investor-profiles", "khazar").await;
        assert!(none.is_empty(), "it has no profile yet");
        let profile = json!({ "organization": khazar, "assets": "over_1b" });
        let route = "/v1/investor-profiles";
        desk.curator.post(route, &profile).await.expect(201);
        assert_eq!(found(route, "khazar kap").await, [khazar.as_str()]);
        assert!(found(route, "aliyev").await.is_empty());
        // Another name is what it is found by from then on.
        let firm = format!("{FIRMS}/{aliyev}");
        let renamed = json!({ "legal_name": "Golan Moon" });
        desk.curator.patch(&firm, "*", &renamed).await.expect(200);
        assert_eq!(found(FIRMS, "golan").await, [aliyev.as_str()]);
        assert!(found(FIRMS, "aliyev").await.is_empty());
        let sorted = async |sort: &str| {
            let path = address(FIRMS, &[("sort", sort), ("kind", "startup")]);
            let items = desk.curator.get(&path).await.expect(200).body["items"].clone();
            let names = items.as_array().unwrap().iter();
            names
                .map(|it| it["legal_name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(sorted("created_at").await, ["Golan Moon", "שמש הנגב"]);
        assert_eq!(sorted("-created_at").await, ["שמש הנגב", "Golan Moon"]);
        let wrong = address(FIRMS, &[("sort", "size"), ("q", "--")]);
        let wrong = desk.curator.get(&wrong).await.expect(400);
        assert_eq!(wrong.body["errors"].as_array().unwrap().len(), 2);
    });
}
