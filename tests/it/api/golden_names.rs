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
use super::referrals::{office, startup};
use crate::support::app::App;
use crate::support::builders::{active_programme, firm, id_of, operator};
use crate::support::client::Client;
use crate::support::database::{Database, on_runtime};

const GOLDEN: &str = include_str!("../../../src/domain/golden-names.tsv");

/// Words for son and daughter in the list: what a firm's texts name word by
/// word, these part.
const PATRONYMIC: [&str; 5] = ["oğlu", "оглы", "qızı", "кызы", "gizi"];

struct Pair {
    same: bool,
    one: String,
    other: String,
}

impl Pair {
    /// Whether both have as many words, in that order as far as that can be
    /// told from one word.
    fn is_word_by_word(&self) -> bool {
        let words = |name: &str| name.split(' ').count();
        let turned = self.one.starts_with("Əliyev İlham");
        let parted = [&self.one, &self.other]
            .iter()
            .any(|name| name.split(' ').any(|word| PATRONYMIC.contains(&word)));
        !turned && !parted && words(&self.one) == words(&self.other)
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
async fn on_record(app: &App, curator: &Client, pairs: &[Pair]) -> BTreeMap<String, String> {
    let party = firm(app, "investor", "Xezer", "AZ").await;
    let programme = id_of(&active_programme(curator, "il-az", &party.id).await);
    let names = pairs.iter().flat_map(|pair| [&pair.one, &pair.other]);
    let rows: Vec<Value> = (0..)
        .zip(names)
        .map(|(place, name): (usize, _)| row(&format!("s-{place}"), name))
        .collect();
    let query = format!("?programme={programme}&ask_contacts=false");
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

/// Whether a partner is told that a sentence with the other name of a pair
/// names the firm that has the first.
async fn gives_away(partner: &Client, id: &str, pair: &Pair) -> bool {
    let mut referral = row(id, &pair.one);
    let sentence = format!("What {} makes saves time.", pair.other);
    referral["startup_profile"]["one_liner"] = json!({ "en": { "text": sentence } });
    let made = partner.post("/v1/referrals", &referral).await.expect(201);
    let missing = made.body["missing"].as_array().expect("a list").iter();
    let codes: Vec<String> = missing.map(|fault| text(&fault["code"])).collect();
    assert!(
        codes.iter().all(|code| code == "carries_organization_name"),
        "{codes:?}"
    );
    !codes.is_empty()
}

/// The rules stand above the stores, so one of them is enough.
#[test]
fn names_of_the_golden_list_are_told_apart_by_search_duplicates_and_screening() {
    on_runtime(async {
        let database = Database::sqlite();
        let app = App::start(&database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let pairs = pairs();
        assert!(pairs.len() >= 250, "{}", pairs.len());
        let ids = on_record(&app, &curator, &pairs).await;

        let twins = twins(&curator).await;
        let mut wrong = Vec::new();
        for Pair { same, one, other } in &pairs {
            let both = BTreeSet::from([ids[one].clone(), ids[other].clone()]);
            if twins.contains(&both) != *same {
                wrong.push(format!("duplicates: {one}, {other}"));
            }
        }
        for pair in &pairs {
            // What has fewer words is part of what has more of them.
            if !pair.same && !pair.is_word_by_word() {
                continue;
            }
            // A geresh parts a word that is looked for, and not one on record.
            let (asked, on_record) = if pair.other.contains('\'') {
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
        let partner = office(&app).await.owner;
        let screened = pairs.iter().filter(|it| it.is_word_by_word());
        for (place, pair) in screened.enumerate() {
            if gives_away(&partner, &format!("t-{place}"), pair).await != pair.same {
                wrong.push(format!("screening: {}, {}", pair.one, pair.other));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}
