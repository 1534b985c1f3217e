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
