//! What was shown of a firm, as the firm reads it.

use serde_json::{Value, json};

use super::Post;
use crate::api::stage::{INVESTOR, Who};
use crate::support::database::on_each_backend;

/// Level and counterpart of each line, walked one to a page.
async fn lines(post: &Post, who: Who) -> Vec<(String, Option<String>)> {
    let stage = &post.stage;
    let first = format!("/v1/organizations/{}/disclosures?limit=1", stage.startup.id);
    let mut path = first.clone();
    let mut lines = vec![];
    loop {
        let page = stage.get(who, &path).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 1);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        for item in items {
            lines.push((text(&item["level"]).unwrap(), text(&item["shown_to"])));
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => return lines,
        }
    }
}

fn line(level: &str, shown_to: Option<&str>) -> (String, Option<String>) {
    (level.to_owned(), shown_to.map(str::to_owned))
}

#[test]
fn a_firm_reads_what_was_shown_of_it_and_learns_no_name_too_early() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        // A teaser with the match, its name with its own request.
        assert_eq!(
            lines(&post, Who::Dana).await,
            [line("l0", None), line("l1", None)]
        );
        let named = [line("l0", Some(INVESTOR)), line("l1", Some(INVESTOR))];
        assert_eq!(lines(&post, Who::Auditor).await, named);
        post.send().await;
        // The mail named each to the other.
        let [teaser, request] = named;
        let mail = line("l1", Some(INVESTOR));
        assert_eq!(lines(&post, Who::Dana).await, [teaser, request, mail]);
        let path = format!("/v1/organizations/{}/disclosures", post.stage.startup.id);
        for who in [Who::Gul, Who::Stranger] {
            assert_eq!(post.stage.get(who, &path).await.status, 404, "{who:?}");
        }

        // Each line says by which answer of the gate it was written, and the
        // operator's people read what that rested on.
        let read = post.stage.get(Who::Auditor, &path).await.expect(200);
        let read = read["items"].as_array().unwrap();
        let mut decisions: Vec<_> = read.iter().map(|it| it["decision"].as_str()).collect();
        assert!(decisions.iter().all(Option::is_some), "{read:?}");
        decisions.sort_unstable();
        decisions.dedup();
        assert_eq!(decisions.len(), read.len());
        for line in read {
            let rules = line["rules"].as_array().unwrap();
            for rule in ["freeze", "clearance:clear", "consent:given"] {
                assert!(rules.contains(&json!(rule)), "{rule}: {line}");
            }
        }
        let own = post.stage.get(Who::Dana, &path).await.expect(200);
        assert_eq!(own["items"][0]["rules"], Value::Null);

        // The profile is read again and again: a line for each reader, revision
        // and day.
        let of_readings = async || {
            let lines = post.stage.get(Who::Dana, &path).await.expect(200);
            let lines = lines["items"].as_array().unwrap().iter();
            lines.filter(|line| line["revision"] == 1).count()
        };
        let profile = format!("{introduction}/profile");
        for times in [1, 1] {
            post.stage.get(Who::Gul, &profile).await.expect(200);
            assert_eq!(of_readings().await, times);
        }
        post.advance(chrono::TimeDelta::days(1));
        for times in [2, 2] {
            post.stage.get(Who::Gul, &profile).await.expect(200);
            assert_eq!(of_readings().await, times);
        }
    });
}

/// Openings of a firm's name that stand in its ledger, each with who did it.
async fn openings(post: &Post, of: &str) -> usize {
    let path = format!("/v1/organizations/{of}/disclosures?limit=100");
    let lines = post.stage.get(Who::Auditor, &path).await.expect(200);
    let lines = lines["items"].as_array().unwrap().iter();
    lines
        .filter(|line| line["level"] == "l1" && line["revision"].is_i64())
        .count()
}

/// Whoever opens a record that names the other side again is on record, once for
/// each reader and day, also by the link of a mail; a list opens nothing.
#[test]
fn every_opening_of_a_record_that_names_the_other_side_is_in_the_ledger() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = post.agreed().await;
        post.send().await;
        let [startup, investor] = [&stage.startup, &stage.investor].map(|it| it.id.to_string());
        let before = (
            openings(&post, &startup).await,
            openings(&post, &investor).await,
        );
        let since = async |startup_lines: usize, investor_lines: usize| {
            let now = (
                openings(&post, &startup).await,
                openings(&post, &investor).await,
            );
            assert_eq!(now, (before.0 + startup_lines, before.1 + investor_lines));
        };
        stage.get(Who::Gul, "/v1/introductions").await.expect(200);
        stage.get(Who::Curator, &introduction).await.expect(200);
        since(0, 0).await;
        for _ in 0..3 {
            stage.get(Who::Gul, &introduction).await.expect(200);
        }
        since(1, 0).await;
        stage.get(Who::Dana, &introduction).await.expect(200);
        since(1, 1).await;
        post.advance(chrono::TimeDelta::days(1));
        stage.get(Who::Gul, &introduction).await.expect(200);
        since(2, 1).await;

        let convert = json!({ "action": "convert" });
        for who in [Who::Dana, Who::Gul] {
            stage
                .go(who, &introduction, convert.clone())
                .await
                .expect(200);
        }
        let deals = stage.get(Who::Gul, "/v1/deals").await.expect(200);
        since(2, 1).await;
        let deal = format!("/v1/deals/{}", deals["items"][0]["id"].as_str().unwrap());
        for _ in 0..2 {
            stage.get(Who::Gul, &deal).await.expect(200);
            stage.get(Who::Dana, &deal).await.expect(200);
        }
        since(3, 2).await;
        // The line says by whom and by which answer of the gate.
        let path = format!("/v1/organizations/{startup}/disclosures?limit=100");
        let lines = stage.get(Who::Auditor, &path).await.expect(200);
        let last = lines["items"].as_array().unwrap().last().unwrap().clone();
        let rules = last["rules"].as_array().unwrap();
        assert!(rules.contains(&json!("clearance:clear")), "{last}");
        assert!(last["decision"].is_string(), "{last}");
    });
}

/// The page of a question names who asks by it, also to somebody who hasn't signed
/// in; once a day that is a line, which names nobody as having read it.
#[test]
fn the_page_of_a_question_that_names_who_asks_is_an_opening() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Dana).await;
        let page = stage.question(&introduction).await;
        let startup = stage.startup.id.to_string();
        let before = openings(&post, &startup).await;
        for _ in 0..3 {
            assert_eq!(stage.open(&page).await.status, 200);
        }
        assert_eq!(openings(&post, &startup).await, before + 1);
        // Who is asked by nobody who showed themselves reads no name.
        let investor = stage.investor.id.to_string();
        assert_eq!(openings(&post, &investor).await, 0);
        // Mail scanners follow links: the line says that the firm was shown it, and
        // not that one of its people read it. One who signs in has a line of theirs.
        let by_link = async || {
            let path = format!("/v1/organizations/{startup}/disclosures?limit=100");
            let lines = stage.get(Who::Dana, &path).await.expect(200);
            let lines = lines["items"].as_array().unwrap().clone();
            let link = lines.iter().filter(|line| line["by_link"] == true);
            link.count()
        };
        assert_eq!(by_link().await, 1);
        stage.get(Who::Gul, &introduction).await.expect(200);
        assert_eq!(openings(&post, &startup).await, before + 2);
        assert_eq!(by_link().await, 1);
        stage.seal().await;
        let file = format!("{introduction}/file");
        let file = stage.get(Who::Compliance, &file).await.expect(200);
        let lines = file["disclosures"].as_array().unwrap().iter();
        let opened: Vec<_> = lines
            .filter(|line| line["revision"].is_i64())
            .map(|line| (line["by_link"].clone(), line["opened_by"].is_string()))
            .collect();
        assert_eq!(opened, [(json!(true), false), (json!(false), true)]);
        post.advance(chrono::TimeDelta::days(1));
        stage.open(&page).await;
        assert_eq!(openings(&post, &startup).await, before + 3);
    });
}
