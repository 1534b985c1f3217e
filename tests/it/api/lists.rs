//! Lists in the order of names, investors by all that they say, and the rates
//! at which a list compares amounts.

use corridor::db::Conn;
use corridor::domain::rates::{Quotation, Source};
use corridor::services::{rates, search};
use diesel::RunQueryDsl;
use serde_json::{Value, json};

use super::investors::{draft, whole};
use super::search::{Desk, address};
use super::stage::{Stage, Who, of};
use crate::support::builders::whole_profile;
use crate::support::database::on_each_backend;

const PROFILES: &str = "/v1/startup-profiles";
const MANDATES: &str = "/v1/mandates";
const INVESTORS: &str = "/v1/investor-profiles";
const FIRMS: &str = "/v1/organizations";

/// A field of all items of a list, walked in pages.
async fn walked(stage: &Stage, path: &str, limit: usize, field: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{sign}limit={limit}{cursor}");
        let page = stage.get(Who::Curator, &path).await.expect(200);
        for item in page["items"].as_array().unwrap() {
            found.push(item[field].as_str().unwrap_or_default().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

async fn investors(stage: &Stage, query: &[(&str, &str)]) -> usize {
    let counted = [query, &[("count", "true")]].concat();
    let told = stage
        .get(Who::Curator, &address(INVESTORS, &counted))
        .await
        .expect(200);
    let items = told["items"].as_array().unwrap().len();
    assert_eq!(told["count"]["value"], items, "{query:?}");
    items
}

#[test]
fn startups_stand_in_the_order_of_their_names_in_whatever_script() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let names = [
            "שמש",
            "Zəfəran",
            "Əliyev",
            "abc",
            "Хаим",
            "Eldar",
            "Əliyeva",
        ];
        for (number, name) in names.iter().enumerate() {
            let stage = json!({ "stage": if number == 0 { "series_a" } else { "seed" } });
            desk.startup(&number.to_string(), name, stage).await;
        }
        let sorted = [
            "abc",
            "Eldar",
            "Əliyev",
            "Əliyeva",
            "Zəfəran",
            "Хаим",
            "שמש",
        ];
        let mut turned = sorted;
        turned.reverse();
        for limit in [1, 2, 3, 20] {
            let found = desk.found(PROFILES, &[("sort", "name")], limit).await;
            assert_eq!(found, sorted, "{limit} on a page");
            let found = desk.found(PROFILES, &[("sort", "-name")], limit).await;
            assert_eq!(found, turned, "{limit} on a page");
            let seeds = [("sort", "name"), ("stage", "seed")];
            let found = desk.found(PROFILES, &seeds, limit).await;
            assert_eq!(found, sorted[..6], "{limit} on a page");
            let worded = [("sort", "-name"), ("q", "aliyev")];
            let found = desk.found(PROFILES, &worded, limit).await;
            assert_eq!(found, ["Əliyeva", "Əliyev"], "{limit} on a page");
        }
        // Who comes in or is renamed behind the cursor moves nothing before it.
        let first = address(PROFILES, &[("sort", "name"), ("limit", "3")]);
        let first = desk.curator.get(&first).await.expect(200).body;
        let cursor = first["next_cursor"].as_str().unwrap().to_owned();
        desk.startup("late", "Aaron", json!({})).await;
        let gone = first["items"][2]["organization"].as_str().unwrap();
        let renamed = json!({ "legal_name": "Əliyevlər" });
        let firm = format!("{FIRMS}/{gone}");
        desk.curator.patch(&firm, "*", &renamed).await.expect(200);
        let rest = [("sort", "name"), ("cursor", cursor.as_str())];
        let rest = desk.curator.get(&address(PROFILES, &rest)).await;
        let rest = rest.expect(200).body["items"].as_array().unwrap().len();
        assert_eq!(rest, 5, "four, and the one that was renamed to there");
        // A cursor is of one order and one filter.
        for other in ["-name", "created_at"] {
            let query = [("sort", other), ("cursor", cursor.as_str())];
            let refused = desk.curator.get(&address(PROFILES, &query)).await;
            refused.refused(400, "bad_cursor");
        }
    });
}

#[test]
fn mandates_go_by_their_titles_and_firms_by_the_names_people_know() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        for title in ["Water fund", "ərzaq", "Bakı"] {
            let draft = stage.post(Who::Gul, MANDATES, json!({ "title": title }));
            draft.await.expect(201);
        }
        // The one on the stage bears a title or goes by Khazar Capital.
        for limit in [1, 20] {
            let path = format!("{MANDATES}?sort=name&status=draft");
            let titles = walked(&stage, &path, limit, "title").await;
            assert_eq!(titles, ["Bakı", "ərzaq", "Water fund"]);
            let path = format!("{MANDATES}?sort=-name&status=draft");
            let titles = walked(&stage, &path, limit, "title").await;
            assert_eq!(titles, ["Water fund", "ərzaq", "Bakı"]);
        }
        let all = walked(&stage, &format!("{MANDATES}?sort=name"), 2, "id").await;
        assert_eq!(all.len(), 4);
        let draft = stage.post(Who::Gul, MANDATES, json!({}));
        let untitled = draft.await.expect(201)["id"].clone();
        let all = walked(&stage, &format!("{MANDATES}?sort=name"), 20, "id").await;
        let place = all.iter().position(|id| untitled == id.as_str());
        assert!(matches!(place, Some(2 | 3)), "by Khazar Capital: {place:?}");

        let firms = walked(&stage, &format!("{FIRMS}?sort=name"), 2, "legal_name").await;
        let mut turned = walked(&stage, &format!("{FIRMS}?sort=-name"), 1, "legal_name").await;
        turned.reverse();
        assert_eq!(firms, turned);
        let mut sorted = firms.clone();
        sorted.sort_by_key(|name| name.to_lowercase());
        assert_eq!(firms, sorted);
        let best = walked(&stage, &format!("{FIRMS}?q=khaz"), 1, "legal_name").await;
        assert_eq!(best.first().map(String::as_str), Some("Khazar Capital Ltd"));
        let due = format!("{FIRMS}?sort=reconfirm_by");
        let due = stage.get(Who::Curator, &due).await;
        assert_eq!(due.code(400), "bad_query");
    });
}

#[test]
fn investors_are_found_by_all_that_they_say() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let location = draft(&stage).await;
        let programme = stage.programme.id.to_string();
        for (query, count) in [
            // What it says of itself, in each language.
            (vec![("q", "patient money")], 1),
            (vec![("q", "səbirli")], 1),
            (vec![("q", "SEBIRLI")], 1),
            (vec![("q", "590-IIIQ")], 1),
            // What it holds, and what that does.
            (vec![("q", "araz")], 1),
            (vec![("q", "Араз")], 1),
            (vec![("q", "leakage")], 1),
            (vec![("q", "utechki")], 0),
            (vec![("q", "утечки")], 1),
            // What sort it is, and what it is called.
            (vec![("q", "family office")], 1),
            (vec![("q", "ailə ofisi")], 1),
            (vec![("q", "khazar office")], 1),
            (vec![("q", "robotics")], 0),
            (vec![("q", "angel")], 0),
            (vec![("holding", "araz suv")], 1),
            (vec![("holding", "Араз")], 1),
            (vec![("holding", "patient")], 0),
            (vec![("holding", "khazar")], 0),
            (vec![("type", "cvc,ailə OFISI")], 1),
            (vec![("type", "cvc")], 0),
            (vec![("residence", "IL,AZ")], 1),
            (vec![("country", "AZ"), ("assets", "10m_50m,over_1b")], 1),
            (vec![("country", "IL")], 0),
            (vec![("accreditation", "claimed,verified")], 1),
            (vec![("programme", &programme)], 1),
            (vec![("language", "az"), ("tag", "water")], 1),
            (vec![("q", "patient"), ("sort", "name")], 1),
            (vec![("q", "patient"), ("sort", "-updated_at")], 1),
        ] {
            assert_eq!(investors(&stage, &query).await, count, "{query:?}");
        }
        // A sort is a value of one facet, and told as the rest is.
        let wrong = address(INVESTORS, &[("type", "robber"), ("holding", "--")]);
        let wrong = stage.get(Who::Curator, &wrong).await.expect(400);
        assert_eq!(wrong["errors"].as_array().unwrap().len(), 2, "{wrong}");

        // Whatever is written is found at once, and what it replaces no more.
        let about = json!({ "about": { "en": { "text": "Quokka bonds." }, "az": null } });
        stage.edit(Who::Gul, &location, about).await.expect(200);
        assert_eq!(investors(&stage, &[("q", "quokka")]).await, 1);
        assert_eq!(investors(&stage, &[("q", "patient")]).await, 0);
        let withdraw = json!({ "action": "withdraw" });
        stage.go(Who::Gul, &location, withdraw).await.expect(200);
        let erase = json!({ "action": "erase" });
        let erased = stage.go(Who::Compliance, &location, erase).await;
        erased.expect(200);
        for words in ["quokka", "araz", "family"] {
            assert_eq!(investors(&stage, &[("q", words)]).await, 0, "{words}");
        }
        assert_eq!(investors(&stage, &[("q", "khazar")]).await, 1);
    });
}

#[test]
fn nobody_finds_an_investor_that_they_may_not_read() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        draft(&stage).await;
        let found = address(INVESTORS, &[("q", "patient")]);
        let own = stage.get(Who::Gul, &found).await.expect(200);
        assert_eq!(own["items"].as_array().unwrap().len(), 1);
        let other = stage.get(Who::Stranger, &found).await.expect(200);
        assert_eq!(other["items"], json!([]));
        assert_eq!(stage.get(Who::Dana, &found).await.status, 404);
    });
}

#[test]
fn what_investors_said_before_there_was_an_index_is_caught_up_with() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        draft(&stage).await;
        let context = &stage.context;
        search::catch_up(context).await.unwrap();
        let forget = |conn: &mut Conn| -> corridor::db::Result<()> {
            for statement in [
                "DELETE FROM search_entries WHERE kind = 'investor_profile'",
                "UPDATE search_entries SET folding = 4, sort_name = ''",
            ] {
                diesel::sql_query(statement).execute(conn)?;
            }
            Ok(())
        };
        context.db.write(forget).await.unwrap();
        assert_eq!(investors(&stage, &[("q", "patient")]).await, 0);
        search::catch_up(context).await.unwrap();
        assert_eq!(investors(&stage, &[("q", "patient")]).await, 1);
        assert_eq!(search::catch_up(context).await.unwrap(), 0);
        let firms = walked(&stage, &format!("{FIRMS}?sort=name"), 3, "legal_name").await;
        let mut sorted = firms.clone();
        sorted.sort_by_key(|name| name.to_lowercase());
        assert_eq!(firms, sorted);
    });
}

#[test]
fn a_list_tells_the_rates_at_which_it_compared_amounts() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let today = desk.app.context.now().date_naive();
        let dollar = Quotation {
            source: Source::Cbar,
            base: of("USD"),
            quote: of("AZN"),
            on: today,
            nominal: 1,
            value: of("1.7"),
        };
        let stored = rates::import(&desk.app.context, Source::Cbar, vec![dollar], false);
        stored.await.unwrap();
        for (id, currency) in [("a", "USD"), ("b", "AZN"), ("c", "KRW")] {
            let round = json!({ "currency": currency, "target": 1_700, "instruments": ["safe"] });
            desk.startup(id, id, json!({ "round": round })).await;
        }
        let cheque = json!({ "currency": "USD", "min": 1, "max": 2_000 });
        desk.investor("i", "Khazar", json!({ "cheque": cheque }))
            .await;
        let rates = async |list: &str, query: &[(&str, &str)]| -> Value {
            let told = desk.curator.get(&address(list, query)).await.expect(200);
            told.body["rates"].clone()
        };
        let query = [("currency", "USD"), ("target_from", "1"), ("count", "true")];
        let told = rates(PROFILES, &query).await;
        let told = told.as_array().unwrap();
        // Neither of dollars in dollars, nor of what nobody quotes.
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["base"], "AZN");
        assert_eq!(told[0]["quote"], "USD");
        assert_eq!(told[0]["on"], today.to_string());
        assert_eq!(told[0]["quoted_on"], today.to_string());
        assert_eq!(told[0]["steps"][0]["source"], "cbar");
        assert_eq!(told[0]["numerator"], "10");
        assert_eq!(told[0]["denominator"], "17");
        // A list that compares nothing says nothing of rates.
        assert!(rates(PROFILES, &[("stage", "seed")]).await.is_null());
        let cheques = [("currency", "AZN"), ("cheque_from", "1")];
        let cheques = rates(MANDATES, &cheques).await;
        assert_eq!(cheques[0]["quote"], "AZN");
        // A firm reads of no other's money.
        let own = crate::support::builders::firm(&desk.app, "startup", "Own", "IL").await;
        crate::support::builders::create(&own.owner, PROFILES, &whole_profile()).await;
        let own = own.owner.get(&address(PROFILES, &query)).await.expect(200);
        let bases = own.body["rates"].as_array().into_iter().flatten();
        assert!(
            bases.clone().all(|it| it["base"] != "AZN"),
            "{:#}",
            own.body
        );
    });
}

#[test]
fn an_unknown_tag_of_a_referral_comes_with_what_may_have_been_meant() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let mut profile = whole_profile();
        profile["primary_tags"] = json!(["watr"]);
        let body = json!({
            "external_id": "1",
            "organization": { "kind": "startup", "legal_name": "Tamar", "country": "IL" },
            "contact": { "email": "tamar@firms.example" },
            "startup_profile": profile,
        });
        let referred = desk.office.owner.post("/v1/referrals", &body).await;
        let referred = referred.expect(422).body;
        let fault = &referred["errors"][0];
        assert_eq!(fault["pointer"], "#/startup_profile/primary_tags/0");
        assert_eq!(fault["suggestions"][0], "water", "{fault}");
    });
}

#[test]
fn what_may_have_been_meant_is_told_wherever_tags_are_taken() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mut said = whole();
        said["portfolio"][0]["tags"] = json!(["watr"]);
        said["type"] = json!("family_ofice");
        let told = stage.post(Who::Gul, INVESTORS, said).await.expect(422);
        let faults = told["errors"].as_array().unwrap();
        let of = |pointer: &str| faults.iter().find(|it| it["pointer"] == pointer).unwrap();
        assert_eq!(of("#/portfolio/0/tags/0")["suggestions"][0], "water");
        assert_eq!(of("#/type")["suggestions"][0], "family_office");
        let tags = json!({ "tags": { "watr": 2, "xyzzyxyzzy": 1 } });
        let told = stage.post(Who::Gul, MANDATES, tags).await.expect(422);
        let faults = told["errors"].as_array().unwrap();
        assert_eq!(faults[0]["suggestions"][0], "water", "{told}");
        assert!(faults[1].get("suggestions").is_none(), "{told}");
    });
}

#[test]
fn what_goes_on_comes_in_an_order_of_time() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let clock = &desk.app.context.clock;
        for id in ["a", "b", "c", "d"] {
            let handed = desk.startup(id, id, json!({})).await;
            if id == "b" {
                desk.give_back(&handed).await;
            }
            clock.advance(chrono::TimeDelta::minutes(1));
        }
        // The second is handed in again, and says otherwise.
        desk.startup("b", "b", json!({ "stage": "series_a" })).await;
        let listed = async |sort: &str, limit: usize| -> String {
            let (mut found, mut cursor) = (String::new(), String::new());
            loop {
                let path = format!("/v1/referrals?limit={limit}&{sort}{cursor}");
                let page = desk.curator.get(&path).await.expect(200).body;
                for item in page["items"].as_array().unwrap() {
                    found += item["external_id"].as_str().unwrap();
                }
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return found,
                }
            }
        };
        for limit in [1, 3, 20] {
            for (sort, order) in [
                ("", "abcd"),
                ("sort=created_at", "abcd"),
                ("sort=-created_at", "dcba"),
                ("sort=updated_at", "acdb"),
                ("sort=-updated_at", "bdca"),
            ] {
                assert_eq!(listed(sort, limit).await, order, "{sort} by {limit}");
            }
        }
        let first = desk.curator.get("/v1/referrals?limit=1&sort=updated_at");
        let first = first.await.expect(200).body;
        let cursor = first["next_cursor"].as_str().unwrap();
        let other = format!("/v1/referrals?limit=1&cursor={cursor}");
        desk.curator.get(&other).await.refused(400, "bad_cursor");
        for list in [
            "introductions",
            "deals",
            "referrals",
            "documents",
            "imports",
        ] {
            let sorted = format!("/v1/{list}?sort=-updated_at");
            desk.curator.get(&sorted).await.expect(200);
            let wrong = format!("/v1/{list}?sort=size&limit=0");
            let wrong = desk.curator.get(&wrong).await.expect(400).body;
            assert_eq!(wrong["errors"].as_array().unwrap().len(), 2, "{wrong:#}");
        }
    });
}

#[test]
fn rounds_that_seek_a_lead_and_figures_are_found_and_follow_what_is_written() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let round = |lead: bool| {
            let round = json!({
                "currency": "USD", "target": 100_000_000, "instruments": ["safe"],
                "lead_wanted": lead,
            });
            json!({ "round": round, "team_size": 7, "traction": { "growth_pct": -20 } })
        };
        desk.startup("a", "a", round(true)).await;
        let second = desk.startup("b", "b", round(false)).await;
        let found = async |query: &[(&str, &str)]| desk.found(PROFILES, query, 20).await.concat();
        assert_eq!(found(&[("lead_wanted", "true")]).await, "a");
        assert_eq!(found(&[("growth_to", "-20")]).await, "ab");
        assert_eq!(found(&[("growth_from", "-19")]).await, "");
        assert_eq!(found(&[("team_size_from", "7")]).await, "ab");
        let mut other = round(true);
        other["team_size"] = json!(8);
        desk.give_back(&second).await;
        desk.startup("b", "b", other).await;
        assert_eq!(found(&[("lead_wanted", "true")]).await, "ab");
        assert_eq!(found(&[("team_size_to", "7")]).await, "a");
    });
}
