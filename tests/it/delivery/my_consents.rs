//! The way to one's consents for whoever has no link of their own at hand: mail
//! to both sides leads to a page that mails one, and tells nobody whose address
//! is known.

use chrono::TimeDelta;
use corridor::db::outbox::State;
use serde_json::json;

use super::accessible::check;
use super::digests::pages;
use super::{Post, make_administrator};
use crate::api::stage::{INVESTOR, STARTUP, Who};
use crate::support::database::on_each_backend;
use crate::support::smtp::Received;

const PAGE: &str = "/my-consents";

impl Post {
    /// Sends the form; answers where it leads.
    async fn ask_for_link(&self, email: &str) -> String {
        let form = [("email", email)];
        let path = format!("{PAGE}?lang=he");
        let answer = self.stage.submit(&path, &form).await;
        assert_eq!((answer.status, &*answer.text), (303, ""));
        answer.location.unwrap()
    }
}

#[test]
fn mail_to_both_leads_to_a_page_that_mails_each_a_link_of_their_own() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        post.send().await;
        let connecting = post.server.received().into_iter();
        let connecting: Vec<_> = connecting.filter(Received::connects).collect();
        assert_eq!(connecting.len(), 2);
        for mail in post.mails().iter().rev().take(2) {
            for body in [&mail.text, &mail.html] {
                assert!(body.contains("/my-consents?lang=en"), "{body}");
                assert!(!body.contains("/my-consents/"), "{body}");
            }
        }
        assert_eq!(post.status(&introduction).await, "sent");
        // So does what is no link of ours.
        let shown = post.stage.open("/consent/AAAA").await;
        assert!(
            shown.text.contains("/my-consents?lang=en"),
            "{}",
            shown.text
        );

        for language in ["en", "he", "az", "ru"] {
            let page = post.stage.open(&format!("{PAGE}?lang={language}")).await;
            assert_eq!(
                (page.status, &*check(&page.text)),
                (200, language),
                "{}",
                page.text
            );
        }
        let wanted = post.stage.bare("GET", PAGE);
        let wanted = wanted.header("Accept-Language", "fr, az;q=0.8, en;q=0.5");
        let page = wanted.send().await.unwrap().text().await.unwrap();
        assert_eq!(check(&page), "az");

        // Who is known, in whatever way the address is written, and who isn't.
        let before = post.mails().len();
        let thanks = post.ask_for_link(" Gul@Mail.example ").await;
        assert_eq!(thanks, "/my-consents?lang=he&sent=yes");
        assert_eq!(post.ask_for_link("gul@mail.example").await, thanks);
        assert_eq!(post.ask_for_link("nobody@mail.example").await, thanks);
        let page = post.stage.open(&thanks).await;
        assert_eq!((page.status, &*check(&page.text)), (200, "he"));
        assert!(!page.text.contains("<form"), "{}", page.text);
        post.send().await;
        let mails = post.mails().split_off(before);
        assert_eq!(mails.len(), 1, "one for both requests, none to nobody");
        assert_eq!(mails[0].to, ["<gul@mail.example>"]);
        let mine = pages(&mails[0], "my-consents").remove(0);
        let shown = post.stage.open(&mine).await;
        assert!(shown.text.contains("<form") && shown.text.contains(STARTUP));
        let queue = post.queue().await;
        let asked: Vec<_> = queue
            .iter()
            .filter(|it| it.intent_key.starts_with("my_consents:"))
            .collect();
        assert_eq!(asked.len(), 2);
        for message in asked {
            let told = format!("{} {}", message.intent_key, message.payload);
            assert!(!told.to_lowercase().contains("mail.example"), "{told}");
            assert_eq!(message.state, State::Done);
            // What waits in the queue, or lies there, opens nothing.
            let payload: serde_json::Value = serde_json::from_str(&message.payload).unwrap();
            let sealed = payload["address"].as_str().unwrap();
            let opened = post.stage.open(&format!("{PAGE}/{sealed}")).await;
            assert_eq!(opened.status, 404);
        }
        // A while later another one is sent.
        post.advance(TimeDelta::minutes(15));
        post.ask_for_link("gul@mail.example").await;
        post.send().await;
        assert_eq!(post.mails().len(), before + 2);
        // Anybody can ask for it, so that a few are all that come in a day.
        for _ in 0..4 {
            post.advance(TimeDelta::minutes(15));
            assert_eq!(post.ask_for_link("gul@mail.example").await, thanks);
            post.send().await;
        }
        assert_eq!(post.mails().len(), before + 4);
        post.advance(TimeDelta::days(1));
        post.ask_for_link("gul@mail.example").await;
        post.send().await;
        assert_eq!(post.mails().len(), before + 5);
    });
}

#[test]
fn the_page_of_consents_names_faults_and_obeys_who_gets_no_mail() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        make_administrator(&post, Who::Auditor).await;
        let stage = &post.stage;
        for wrong in ["", "gul", "gul@mail.example\r\nBcc: x@mail.example"] {
            let shown = stage
                .submit("/my-consents?lang=ru", &[("email", wrong)])
                .await;
            assert_eq!((shown.status, &*check(&shown.text)), (422, "ru"), "{wrong}");
            assert!(shown.text.contains("aria-invalid"), "{}", shown.text);
        }
        let other = stage
            .bare("POST", PAGE)
            .header("Sec-Fetch-Site", "cross-site")
            .form(&[("email", "gul@mail.example")]);
        assert_eq!(other.send().await.unwrap().status(), 403);
        let no_mail =
            json!({"email": "gul@mail.example", "reason": "support", "note": "By telephone."});
        stage
            .post(Who::Auditor, "/v1/suppressions", no_mail)
            .await
            .expect(201);
        let before = post.mails().len();
        post.ask_for_link("gul@mail.example").await;
        post.send().await;
        assert_eq!(post.mails().len(), before);
        assert_eq!(post.last().await.last_error.as_deref(), Some("suppressed"));
    });
}

/// What is said of names is what happens: the firm's at once, the person's once
/// both have agreed.
#[test]
fn who_is_asked_first_reads_what_a_yes_tells_and_to_whom() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Curator).await;
        post.send().await;
        let asked = post.mails().remove(0);
        assert_eq!(asked.to, ["<dana@mail.example>"]);
        let page = stage.question(&introduction).await;
        let shown = stage.open(&page).await.text;
        for body in [&asked.text, &shown] {
            assert!(!body.contains(INVESTOR));
            assert!(
                body.contains("יישאל גם הצד השני ויקרא את שם הארגון"),
                "{body}"
            );
        }
        let yes = [("answer", "accept"), ("name", "Dana Levi")];
        assert_eq!(stage.submit(&page, &yes).await.status, 303);
        let given = stage.get(Who::Dana, "/v1/me/consents").await.expect(200);
        let text = given["items"][0]["text"].as_str().unwrap();
        assert!(
            shown.contains(text) && text.contains("מיד, גם כל עוד"),
            "{text}"
        );
        let mine = pages(&asked, "my-consents").remove(0);
        assert!(stage.open(&mine).await.text.contains("מוצגים לצד השני מיד"));
        post.send().await;
        // Which is what the other one reads now: the firm, and no person.
        let told = post.mails().pop().unwrap();
        assert_eq!(told.to, ["<gul@mail.example>"]);
        assert!(told.text.contains(STARTUP) && !told.text.contains("Dana"));
    });
}
