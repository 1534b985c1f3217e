//! A curator gets the mail that connects where both sides agreed to it, and
//! nowhere else.

use mail_parser::MessageParser;
use serde_json::json;

use super::Post;
use super::letters::{addresses, id_of};
use super::obsolete::{freeze, lift};
use crate::api::stage::{BLURB, Who};
use crate::support::database::on_each_backend;
use crate::support::smtp::{Fault, Received};

const CURATOR: &str = "curator@mail.example";

impl Post {
    /// Dana asks and Gül answers on her page; each says whether a curator may
    /// read along.
    async fn agreed_with_copy(&self, dana: bool, gul: bool) -> String {
        let stage = &self.stage;
        let matched = stage.released().await;
        let matched = matched.rsplit('/').next().unwrap().to_owned();
        let body = json!({"match": matched, "blurb": BLURB, "curator_in_copy": dana});
        let made = stage.post(Who::Dana, "/v1/introductions", body).await;
        let introduction = made.location.clone().unwrap();
        made.expect(201);
        self.send().await;
        let page = stage.question(&introduction).await;
        let shown = stage.open(&page).await;
        assert!(shown.text.contains("name=\"curator_in_copy\""));
        assert!(
            !shown.text.contains("value=\"yes\" checked"),
            "off unless chosen"
        );
        let mut form = vec![("answer", "accept"), ("name", "Gül")];
        if gul {
            form.push(("curator_in_copy", "yes"));
        }
        assert_eq!(stage.submit(&page, &form).await.status, 303);
        introduction
    }

    fn connecting(&self) -> Vec<Received> {
        let received = self.server.received().into_iter();
        received.filter(Received::connects).collect()
    }
}

#[test]
fn a_curator_is_in_copy_only_where_both_agreed_to_it() {
    for (dana, gul) in [(false, false), (true, false), (false, true), (true, true)] {
        on_each_backend(async |database| {
            let post = Post::open(database).await;
            let introduction = post.agreed_with_copy(dana, gul).await;
            post.send().await;
            assert_eq!(post.status(&introduction).await, "sent");
            let mails = post.connecting();
            let to: Vec<_> = mails.iter().map(|mail| mail.to.join(" ")).collect();
            let both = ["<dana@mail.example>", "<gul@mail.example>"];
            for (who, agreed) in [(Who::Dana, dana), (Who::Gul, gul)] {
                let list = post.stage.get(who, "/v1/me/consents").await.expect(200);
                let consent = &list["items"][0];
                assert_eq!(consent["curator_in_copy"], agreed);
                let text = consent["text"].as_str().unwrap();
                assert_eq!(text.contains("\n\n"), agreed, "what was agreed to is kept");
            }
            if !(dana && gul) {
                assert_eq!(to, both);
                let all = post.server.received();
                assert!(!all.iter().any(|mail| mail.to.join("").contains(CURATOR)));
                for mail in &mails {
                    assert!(!String::from_utf8_lossy(&mail.content).contains("Cc:"));
                }
                return;
            }
            assert_eq!(to, [both[0], both[1], "<curator@mail.example>"]);
            for mail in &mails {
                let message = MessageParser::new().parse(&mail.content).unwrap();
                assert_eq!(addresses(message.cc()), [CURATOR]);
                let both = ["dana@mail.example", "gul@mail.example"];
                assert_eq!(addresses(message.to()), both);
                assert_eq!(addresses(message.reply_to()), both);
                assert_eq!(id_of(mail), id_of(&mails[0]));
                assert_eq!(mail.content, mails[0].content, "one mail to all who see it");
            }
            let paths: std::collections::BTreeSet<_> =
                mails.iter().map(|mail| mail.from.clone()).collect();
            assert_eq!(paths.len(), 3);
        });
    }
}

#[test]
fn a_copy_that_fails_is_no_problem_of_the_introduction_and_waits_for_a_freeze() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed_with_copy(true, true).await;
        post.sender
            .turn(&tokio_util::sync::CancellationToken::new())
            .await
            .unwrap();
        assert_eq!(post.connecting().len(), 2);
        let freeze = freeze(&post).await;
        post.send().await;
        assert_eq!(post.connecting().len(), 2, "held");
        lift(&post, freeze).await;
        post.advance(chrono::TimeDelta::hours(1));
        post.server.fail(Fault::Recipient("550 no such user"));
        post.send().await;
        assert_eq!(post.connecting().len(), 2);
        assert_eq!(post.status(&introduction).await, "sent");
    });
}
