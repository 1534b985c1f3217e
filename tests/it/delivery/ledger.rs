//! What was shown of a firm, as the firm reads it.

use serde_json::Value;

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
        post.agreed().await;
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
    });
}
