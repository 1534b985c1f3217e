//! The page behind the link of a question.

use chrono::TimeDelta;
use serde_json::json;
use tokio::task::JoinSet;

use crate::api::stage::{BLURB, INVESTOR, STARTUP, Stage, Who};
use crate::support::database::on_each_backend;

const NAME: (&str, &str) = ("name", "Gül");

#[test]
fn reading_answers_nothing_and_the_page_speaks_the_readers_language() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let page = stage.question(&introduction).await;
        let before = stage.get(Who::Curator, &introduction).await;
        for _ in 0..3 {
            let shown = stage.open(&page).await;
            assert_eq!(shown.status, 200);
            assert!(
                shown.text.contains("<html lang=\"az\" dir=\"ltr\">"),
                "{}",
                shown.text
            );
            assert!(shown.text.contains(STARTUP) && shown.text.contains("<h1>"));
            assert!(!shown.text.contains("<script"));
            // Who asks wrote in another language than it is read in.
            let quoted = format!("<blockquote lang=\"en\" dir=\"ltr\">{BLURB}</blockquote>");
            assert!(shown.text.contains(&quoted), "{}", shown.text);
        }
        let after = stage.get(Who::Curator, &introduction).await;
        assert_eq!(before.text, after.text);
        assert!(
            after.text.contains("\"blurb_language\":\"en\""),
            "{}",
            after.text
        );
        let response = stage.bare("GET", &page).send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert!(
            header("content-security-policy").starts_with("default-src 'none'; style-src 'self'")
        );
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-robots-tag"), "noindex, nofollow");
        let style = stage.bare("GET", "/pages.css").send().await.unwrap();
        assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    });
}

#[test]
fn a_startup_that_is_asked_first_does_not_learn_the_investors_name() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Curator).await;
        let shown = stage.open(&stage.question(&introduction).await).await;
        assert!(shown.text.contains("<html lang=\"he\" dir=\"rtl\">"));
        for secret in [
            INVESTOR.to_owned(),
            stage.investor.id.to_string(),
            stage.mandate.id.to_string(),
            stage.user(Who::Gul).email.to_string(),
        ] {
            assert!(!shown.text.contains(&secret), "{secret}");
        }
    });
}

#[test]
fn every_fault_stands_beside_its_field() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let page = stage.question(&stage.introduction(Who::Dana).await).await;
        let sent = [("answer", "decline"), ("name", ""), ("note", "<b>&")];
        let again = stage.submit(&page, &sent).await;
        assert_eq!(again.status, 422);
        assert!(
            again.text.contains("id=\"reason-fault\"") && again.text.contains("id=\"name-fault\"")
        );
        assert!(
            again.text.contains("value=\"decline\" checked"),
            "{}",
            again.text
        );
        assert!(!again.text.contains("<b>&"));
        let late = [("answer", "not_now"), ("until", "2026-11-24"), NAME];
        let late = stage.submit(&page, &late).await;
        assert!(late.text.contains("id=\"until-fault\""));
        let more = stage
            .submit(&page, &[("answer", "need_more_time"), NAME])
            .await;
        assert_eq!(more.status, 303);
        let shown = stage.open(&page).await;
        assert!(!shown.text.contains("value=\"need_more_time\""));
        let twice = stage
            .submit(&page, &[("answer", "need_more_time"), NAME])
            .await;
        assert_eq!(twice.status, 422);
        assert!(twice.text.contains("id=\"answer-fault\""));
    });
}

#[test]
fn a_link_answers_once_however_often_it_is_sent() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let page = stage.question(&introduction).await;
        let mut requests = JoinSet::new();
        for place in 0..10 {
            let name = format!("Person {place}");
            let request = stage.bare("POST", &page);
            let request = request.form(&[("answer", "accept"), ("name", &name)]);
            requests.spawn(async move { request.send().await.unwrap().status().as_u16() });
        }
        let answers = requests.join_all().await;
        assert_eq!(
            answers.iter().filter(|status| **status == 303).count(),
            1,
            "{answers:?}"
        );
        assert_eq!(
            answers.iter().filter(|status| **status == 409).count(),
            9,
            "{answers:?}"
        );
        let record = stage.get(Who::Curator, &introduction).await.expect(200);
        assert_eq!(record["answers"].as_array().unwrap().len(), 1);
        let thanks = stage.open(&page).await;
        assert_eq!(thanks.status, 200);
        assert!(!thanks.text.contains("<form"));
        // Whoever said yes finds from here where to take it back.
        assert!(thanks.text.contains("/my-consents/"), "{}", thanks.text);
    });
}

#[test]
fn a_reason_is_private_unless_it_is_shared() {
    for (share, told) in [(None, json!(null)), (Some("yes"), json!("valuation"))] {
        on_each_backend(async |database| {
            let stage = Stage::set(database).await;
            let introduction = stage.introduction(Who::Dana).await;
            let page = stage.question(&introduction).await;
            let mut fields = vec![("answer", "decline"), ("reason", "valuation"), NAME];
            fields.extend(share.map(|yes| ("share_reason", yes)));
            assert_eq!(stage.submit(&page, &fields).await.status, 303);
            let view = stage.get(Who::Dana, &introduction).await.expect(200);
            assert_eq!(view["status"], "declined");
            let reason = view.get("decline_reason").cloned().unwrap_or_default();
            assert_eq!(reason, told);
        });
    }
}

#[test]
fn other_sites_late_readers_and_broken_links_get_nowhere() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let page = stage.question(&introduction).await;
        let foreign = stage
            .bare("POST", &page)
            .header("Sec-Fetch-Site", "cross-site")
            .form(&[("answer", "accept"), NAME]);
        assert_eq!(foreign.send().await.unwrap().status(), 403);
        let unknown = stage
            .submit(&page, &[("answer", "accept"), NAME, ("admin", "1")])
            .await;
        assert_eq!(unknown.status, 400);
        let broken = format!("{}A", &page[..page.len() - 2]);
        let broken = stage.open(&broken).await;
        assert_eq!(broken.status, 404);
        for lang in ["en", "he", "az", "ru"] {
            assert!(broken.text.contains(&format!("lang=\"{lang}\"")), "{lang}");
        }
        stage.context.clock.advance(TimeDelta::days(60));
        for late in [
            stage.open(&page).await,
            stage.submit(&page, &[("answer", "accept"), NAME]).await,
        ] {
            assert_eq!(late.status, 410);
            // Others may hold the link by now, so it leads to no list.
            assert!(late.text.contains("/my-consents?lang="), "{}", late.text);
            assert!(!late.text.contains("/my-consents/"), "{}", late.text);
            assert!(late.text.contains("lang=\"az\""));
        }
    });
}
