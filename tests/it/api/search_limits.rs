//! What the search does with more than anybody means to write, and with an
//! index that is not as it should be.

use corridor::db::Conn;
use corridor::services::search;
use diesel::RunQueryDsl;
use serde_json::{Map, json};

use super::search::{Desk, address};
use crate::support::builders::whole_profile;
use crate::support::database::on_each_backend;

/// A different word for each number, all of letters that are read in several
/// ways.
fn ambiguous(number: usize) -> String {
    let letters = ['c', 'x', 'q'];
    let letter = |place: u32| letters[(number / 3_usize.pow(place)) % 3];
    (0..10).flat_map(|place| [letter(place), 'e']).collect()
}

#[test]
fn a_summary_of_many_readings_is_stored_and_found() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let mut summary = Map::new();
        let languages = ["en", "he", "az", "ru", "tr", "de", "fr", "it", "es", "uk"];
        for (place, language) in languages.into_iter().enumerate() {
            let words: Vec<String> = (0..230).map(|it| ambiguous(place * 230 + it)).collect();
            summary.insert(language.to_owned(), json!({ "text": words.join(" ") }));
        }
        desk.startup("1", "Negev Sun", json!({ "summary": summary }))
            .await;
        assert_eq!(desk.finds("negev").await, ["Negev Sun"]);
        let last = ambiguous(10 * 230 - 1);
        assert_eq!(desk.finds(&last).await, ["Negev Sun"]);
    });
}

#[test]
fn for_an_endless_word_nothing_is_looked_up() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        // It begins as a known word does, and would be compared with all.
        let taxonomy = &desk.app.context.taxonomy();
        let labels = taxonomy.tags().flat_map(|tag| tag.labels.texts.values());
        let longest = labels.max_by_key(|label| label.chars().count()).unwrap();
        let known = format!("{longest}x");
        let endless = format!("{longest}{}", "x".repeat(81));
        let path = |word: &str| address("/v1/startup-profiles", &[("tag", word)]);
        let refused = desk.curator.get(&path(&known)).await;
        let refused = refused.refused(400, "bad_query");
        assert!(refused.text("detail").contains("Did you mean"));
        let refused = desk.curator.get(&path(&endless)).await;
        let told = "`tag` is no tag; GET /v1/tags lists what there is.";
        assert_eq!(refused.refused(400, "bad_query").text("detail"), told);

        let mut profile = whole_profile();
        profile["primary_tags"] = json!(["water".repeat(20_000)]);
        profile["business_models"] = json!(["service".repeat(20_000), longest]);
        let body = json!({
            "external_id": "1",
            "organization": { "kind": "startup", "legal_name": "Negev", "country": "IL" },
            "contact": { "email": "dana@negev.example" },
            "startup_profile": profile,
        });
        let refused = desk.office.owner.post("/v1/referrals", &body).await;
        assert_eq!(
            refused.expect(422).faults(),
            [
                "#/startup_profile/primary_tags/0 unknown_tag",
                "#/startup_profile/business_models/0 unknown_value",
                "#/startup_profile/business_models/1 unknown_value",
            ]
        );
    });
}

#[test]
fn a_record_that_can_not_be_indexed_keeps_no_other_from_being_found() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        for number in 0..3 {
            desk.startup(&format!("s{number}"), &format!("Negev {number}"), json!({}))
                .await;
        }
        let context = &desk.app.context;
        let spoil = |conn: &mut Conn| -> corridor::db::Result<()> {
            let records = "UPDATE search_entries SET folding = 0 WHERE kind <> 'organization'";
            diesel::sql_query(records).execute(conn)?;
            diesel::sql_query(
                "CREATE UNIQUE INDEX spoilt ON search_entries (folding)
                 WHERE folding > 0 AND kind <> 'organization'",
            )
            .execute(conn)?;
            Ok(())
        };
        context.db.write(spoil).await.unwrap();
        assert_eq!(search::catch_up(context).await.unwrap(), 1);
        let mend = |conn: &mut Conn| -> corridor::db::Result<()> {
            diesel::sql_query("DROP INDEX spoilt").execute(conn)?;
            Ok(())
        };
        context.db.write(mend).await.unwrap();
        assert_eq!(search::catch_up(context).await.unwrap(), 2);
        assert_eq!(desk.finds("negev").await.len(), 3);
    });
}

/// Puts so many entries into the index, as of profiles that nobody may see: what
/// they are called is in `word`, folded.
fn crowd(conn: &mut Conn, word: &str, entries: u32) -> corridor::db::Result<()> {
    let (entry, words) = match conn {
        Conn::Sqlite(_) => (
            format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {entries})
                 INSERT INTO search_entries (kind, record_id, organization_id, folding, sort_name)
                 SELECT 'startup_profile', randomblob(16),
                        (SELECT id FROM organizations LIMIT 1), 6, 'crowd {word}' FROM n"
            ),
            format!(
                "INSERT INTO search_text (rowid, names, headline, body, facets)
                 SELECT place, '{word}', '', '', '' FROM search_entries
                 WHERE sort_name = 'crowd {word}' ORDER BY place"
            ),
        ),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => (
            format!(
                "INSERT INTO search_entries (kind, record_id, organization_id, folding, sort_name)
                 SELECT 'startup_profile', gen_random_uuid(),
                        (SELECT id FROM organizations LIMIT 1), 6, 'crowd {word}'
                 FROM generate_series(1, {entries})"
            ),
            format!(
                "INSERT INTO search_text (place, document)
                 SELECT place, CAST('sn{word}' AS tsvector) FROM search_entries WHERE sort_name = 'crowd {word}'"
            ),
        ),
    };
    diesel::sql_query(entry).execute(conn)?;
    diesel::sql_query(words).execute(conn)?;
    Ok(())
}

/// Few have a word, or many close by, or many far off: who fits best comes
/// first, then who came first, and nobody is left out.
#[test]
fn however_many_have_a_word_all_are_found_in_the_same_order() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let context = &desk.app.context;
        let crowd = async |word: &'static str, entries: u32| {
            let put = move |conn: &mut Conn| crowd(conn, word, entries);
            context.db.write(put).await.unwrap();
        };
        let texts = json!({ "one_liner": { "en": { "text": "Water for the Negev, by night" } } });
        desk.startup("1", "Tamar", texts).await;
        desk.startup("2", "Negev Sun", json!({})).await;
        crowd("galil", 9_000).await;
        desk.startup("3", "Negev Flow", json!({})).await;
        crowd("negev", 6_000).await;
        desk.startup("4", "Galil Negev", json!({})).await;
        crowd("arad", 100).await;
        desk.startup("5", "Arad Negev", json!({})).await;
        let all = [
            "Negev Sun",
            "Negev Flow",
            "Galil Negev",
            "Arad Negev",
            "Tamar",
        ];
        for limit in [1, 2, 20] {
            let found = desk
                .found("/v1/startup-profiles", &[("q", "negev")], limit)
                .await;
            assert_eq!(found, all, "{limit}");
        }
        assert_eq!(desk.finds("galil").await, ["Galil Negev"]);
        assert_eq!(desk.finds("arad").await, ["Arad Negev"]);
        assert_eq!(desk.finds("arad galil").await, Vec::<String>::new());
    });
}
