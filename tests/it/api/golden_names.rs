//! The golden list of names through the front door: whoever is called the same
//! in another script is found by it, is taken for a duplicate, and gives itself
//! away by it in a text; whoever isn't, isn't.
//!
//! Each pair carries a number of its own in its names, as funds do, so that all
//! pairs can stand in one store without being taken for each other's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use corridor::domain::account::Role;
use serde_json::{Value, json};

use super::imports::{NDJSON, imported, lines};
use super::referrals::startup;
use crate::support::app::App;
use crate::support::builders::{active_programme, firm, id_of, operator};
use crate::support::client::Client;
use crate::support::database::on_each_backend;

const GOLDEN: &str = include_str!("../../../src/domain/golden-names.tsv");

/// Words for son and daughter in the list, which count for nothing.
const PATRONYMIC: [&str; 6] = ["oğlu", "оглы", "qızı", "кызы", "gizi", "oghlu"];

struct Pair {
    same: bool,
    one: String,
    other: String,
}

impl Pair {
    /// Whether both have as many words: what has fewer is part of what has
    /// more, and is found and named by it.
    fn is_word_by_word(&self) -> bool {
        let words = |name: &str| {
            let words = name.split(' ');
            words.filter(|word| !PATRONYMIC.contains(word)).count()
        };
        words(&self.one) == words(&self.other)
    }
}

fn pairs() -> Vec<Pair> {
    let lines = GOLDEN.lines().filter(|line| !line.starts_with('#'));
    (1000..)
        .zip(lines)
        .map(|(number, line)| {
            let mut cells = line.split('\t');
            let mut cell = || cells.next().expect("three cells");
            let same = cell() == "same";
            Pair {
                same,
                one: format!("{} {number}", cell()),
                other: format!("{} {number}", cell()),
            }
        })
        .collect()
}

fn row(id: &str, name: &str) -> Value {
    let mut row = startup(id);
    row["organization"] = json!({ "kind": "startup", "legal_name": name, "country": "IL" });
    row["contact"]["email"] = json!(format!("{id}@firms.example"));
    row
}

/// Every item of a list, page by page.
async fn all(who: &Client, list: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let mark = if list.contains('?') { '&' } else { '?' };
        let path = format!("{list}{mark}limit=100{cursor}");
        let page = who.get(&path).await.expect(200).body;
        items.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "%{byte:02X}");
        all
    })
}

/// The firms whose profile is found by a name.
async fn found(curator: &Client, name: &str) -> BTreeSet<String> {
    let path = format!("/v1/startup-profiles?q={}", encoded(name));
    let page = curator.get(&path).await.expect(200).body;
    let items = page["items"].as_array().expect("items").iter();
    items.map(|it| text(&it["organization"])).collect()
}

/// Both firms of every pair on record, by one file; their ids by name.
async fn on_record(
    app: &App,
    curator: &Client,
    programme: &str,
    pairs: &[Pair],
) -> BTreeMap<String, String> {
    let names = pairs.iter().flat_map(|pair| [&pair.one, &pair.other]);
    let rows: Vec<Value> = (0..)
        .zip(names)
        .map(|(place, name): (usize, _)| row(&format!("s-{place}"), name))
        .collect();
    let query = format!("?programme={programme}&ask_contacts=false&keep_good=true");
    let import = imported(app, curator, &query, NDJSON, &lines(&rows)).await;
    assert_eq!(import["state"], "done", "{import:#}");
    assert_eq!(import["progress"]["created"], rows.len(), "{import:#}");
    let firms = all(curator, "/v1/organizations?kind=startup").await;
    firms
        .iter()
        .map(|firm| (text(&firm["legal_name"]), text(&firm["id"])))
        .collect()
}

/// The pairs of firms that are taken for duplicates by their names.
async fn twins(curator: &Client) -> BTreeSet<BTreeSet<String>> {
    let duplicates = all(curator, "/v1/duplicates?state=open").await;
    let ids = |it: &Value| it["organizations"].as_array().expect("both").clone();
    duplicates
        .iter()
        .map(|it| ids(it).iter().map(text).collect())
        .collect()
}

/// For which pairs a file is told that a sentence with the other name names
/// the firm that has the first; tried alone, all in one file.
async fn given_away(app: &App, curator: &Client, programme: &str, pairs: &[&Pair]) -> Vec<bool> {
    let rows: Vec<Value> = pairs
        .iter()
        .enumerate()
        .map(|(place, pair)| {
            let mut row = row(&format!("t-{place}"), &pair.one);
            let sentence = format!("What {} makes saves time.", pair.other);
            row["startup_profile"]["one_liner"] = json!({ "en": { "text": sentence } });
            row
        })
        .collect();
    let query = format!("?programme={programme}&ask_contacts=false&dry_run=true");
    let import = imported(app, curator, &query, NDJSON, &lines(&rows)).await;
    assert_eq!(import["state"], "checked", "{import:#}");
    let report = format!("/v1/imports/{}/rows", text(&import["id"]));
    let told = |row: &Value| {
        let faults = row["faults"].as_array().into_iter().flatten();
        let mut codes = faults.map(|fault| text(&fault["code"]));
        codes.any(|code| code == "carries_organization_name")
    };
    let report = all(curator, &report).await;
    assert_eq!(report.len(), pairs.len());
    report.iter().map(told).collect()
}

#[test]
fn names_of_the_golden_list_are_told_apart_by_search_duplicates_and_screening() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let party = firm(&app, "investor", "Xezer", "AZ").await;
        let programme = id_of(&active_programme(&curator, "il-az", &party.id).await);
        let pairs = pairs();
        assert!(pairs.len() >= 290, "{}", pairs.len());
        let ids = on_record(&app, &curator, &programme, &pairs).await;

        let twins = twins(&curator).await;
        let mut wrong = Vec::new();
        for Pair { same, one, other } in &pairs {
            let both = BTreeSet::from([ids[one].clone(), ids[other].clone()]);
            if twins.contains(&both) != *same {
                wrong.push(format!("duplicates: {one}, {other}"));
            }
        }
        let told: Vec<&Pair> = pairs
            .iter()
            .filter(|pair| pair.same || pair.is_word_by_word())
            .collect();
        for (place, pair) in told.iter().enumerate() {
            // From either side in turn.
            let (asked, on_record) = if place % 2 == 0 {
                (&pair.one, &pair.other)
            } else {
                (&pair.other, &pair.one)
            };
            let found = found(&curator, asked).await;
            assert!(found.contains(&ids[asked]), "{asked} finds itself");
            if found.contains(&ids[on_record]) != pair.same {
                wrong.push(format!("search: {asked}, {on_record}"));
            }
        }
        let given_away = given_away(&app, &curator, &programme, &told).await;
        for (pair, told) in told.iter().zip(given_away) {
            if told != pair.same {
                wrong.push(format!("screening: {}, {}", pair.one, pair.other));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}
