//! Whoever left a firm, or only reads there by now, answers nothing for it any
//! more and hears nothing of it, whatever links they have.

use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use serde_json::json;

use super::{Post, until, work_off};
use crate::api::stage::Who;
use crate::support::database::on_each_backend;
use crate::support::smtp::{Fault, Received};

impl Post {
    /// The stranger joins Gül's firm as an owner.
    pub(super) async fn colleague(&self) {
        let (user, firm, now) = (
            self.stage.user(Who::Stranger).id,
            self.stage.investor.id,
            self.now(),
        );
        let join =
            move |conn: &mut Conn| db::users::insert_membership(conn, user, firm, Role::Owner, now);
        self.stage.context.db.write(join).await.unwrap();
    }

    /// Gül is made a viewer, or leaves.
    async fn steps_back(&self, leaves: bool) {
        let stage = &self.stage;
        let gul = stage.user(Who::Gul).id;
        let path = format!("/v1/organizations/{}/members/{gul}", stage.investor.id);
        let request = if leaves {
            stage
                .request(Who::Gul, "DELETE", &path)
                .header("If-Match", "*")
        } else {
            let body = json!({"role": "viewer"});
            let request = stage.request(Who::Stranger, "PUT", &path);
            request.header("If-Match", "*").json(&body)
        };
        let done = request.send().await.unwrap();
        assert!(done.status().is_success(), "{}", done.text().await.unwrap());
    }

    fn sent_to(&self, before: usize, address: &str) -> usize {
        let received = self.server.received();
        let new = received.iter().skip(before);
        new.filter(|mail| mail.to.join(" ").contains(address))
            .count()
    }
}

#[test]
fn the_link_of_a_question_dies_with_the_part_of_who_got_it() {
    for leaves in [false, true] {
        on_each_backend(async |database| {
            let post = Post::open(database).await;
            let introduction = post.stage.introduction(Who::Dana).await;
            post.send().await;
            let old = post.stage.question(&introduction).await;
            post.colleague().await;
            post.steps_back(leaves).await;
            assert!(!post.stage.open(&old).await.text.contains("<form"));
            let yes = [("answer", "accept"), ("name", "Gül")];
            assert_eq!(post.stage.submit(&old, &yes).await.status, 409);
            assert_eq!(post.status(&introduction).await, "asking_first");
            // Her colleague is asked instead.
            post.send().await;
            assert_eq!(post.sent_to(1, "stranger@"), 1);
            let new = post.stage.question(&introduction).await;
            assert_eq!(post.stage.submit(&new, &yes).await.status, 303);
        });
    }
}

#[test]
fn a_question_that_was_passed_on_dies_with_the_part_of_who_passed_it_on() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        post.send().await;
        let page = post.stage.question(&introduction).await;
        let on = [
            ("answer", "delegate"),
            ("name", "Gül"),
            ("delegate_email", "friend@elsewhere.example"),
        ];
        assert_eq!(post.stage.submit(&page, &on).await.status, 303);
        post.send().await;
        let passed = post.stage.question(&introduction).await;
        post.colleague().await;
        post.steps_back(true).await;
        let yes = [("answer", "accept"), ("name", "A friend")];
        assert_eq!(post.stage.submit(&passed, &yes).await.status, 409);
        assert_eq!(post.status(&introduction).await, "asking_first");
    });
}

#[test]
fn the_link_of_a_pulse_dies_with_the_part_of_who_got_it() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        post.send().await;
        post.at("2026-12-01T09:00:00Z");
        post.strike().await;
        post.at("2026-12-02T05:00:00Z");
        post.strike().await;
        let mails = post.server.received();
        let to_gul = mails
            .iter()
            .rfind(|mail| mail.to == ["<gul@mail.example>"])
            .unwrap();
        let text = mail_parser::MessageParser::new()
            .parse(&to_gul.content)
            .unwrap();
        let text = text.body_text(0).unwrap().into_owned();
        let (_, link) = text.split_once("/pulse/").expect("a pulse");
        let page = format!("/pulse/{}", link.split_whitespace().next().unwrap());
        assert!(post.stage.open(&page).await.text.contains("<button"));
        post.colleague().await;
        post.steps_back(true).await;
        assert!(!post.stage.open(&page).await.text.contains("<button"));
        let answered = post.stage.submit(&page, &[("answer", "not_a_fit")]).await;
        assert_ne!(answered.status, 303);
        assert_eq!(post.status(&introduction).await, "sent");
    });
}

#[test]
fn the_mail_that_closes_goes_to_nobody_who_left() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let matched = stage.released().await;
        let asked = stage
            .request_introduction(Who::Gul, &matched, crate::api::stage::BLURB)
            .await;
        let introduction = asked.location.clone().unwrap();
        asked.expect(201);
        post.send().await;
        post.colleague().await;
        post.steps_back(true).await;
        post.send().await;
        let before = post.server.received().len();
        let no = json!({"action": "decline", "reason": "valuation"});
        stage.go(Who::Dana, &introduction, no).await.expect(200);
        post.send().await;
        assert_eq!(post.sent_to(before, "gul@"), 0);
        assert_eq!(
            post.sent_to(before, "stranger@"),
            1,
            "who stands for the firm now"
        );
    });
}

/// Who asked has left before the other side says yes: their colleague has agreed
/// to nothing, and is asked before their name goes out.
#[test]
fn the_mail_that_connects_names_nobody_who_did_not_agree_themselves() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Gul).await;
        post.send().await;
        post.colleague().await;
        post.steps_back(true).await;
        post.send().await;
        post.accept(Who::Dana, &introduction).await;
        let before = post.server.received().len();
        post.send().await;
        assert_eq!(post.status(&introduction).await, "asking_second");
        let sent = post.server.received().split_off(before);
        assert!(!sent.iter().any(Received::connects));
        let to: Vec<_> = sent.iter().flat_map(|mail| mail.to.clone()).collect();
        assert_eq!(to, ["<stranger@mail.example>"], "asked, and nobody is told");

        post.accept(Who::Stranger, &introduction).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        let sent = post.server.received().split_off(before + 1);
        assert!(sent.iter().all(Received::connects));
        let mut to: Vec<_> = sent.iter().flat_map(|mail| mail.to.clone()).collect();
        to.sort();
        assert_eq!(to, ["<dana@mail.example>", "<stranger@mail.example>"]);
    });
}

/// Who answers in place of a colleague agrees for themselves.
#[test]
fn the_mail_that_connects_names_who_said_yes_and_not_who_was_asked() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        post.send().await;
        post.colleague().await;
        post.accept(Who::Stranger, &introduction).await;
        let before = post.server.received().len();
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        assert_eq!(post.sent_to(before, "stranger@"), 1);
        assert_eq!(post.sent_to(before, "gul@"), 0);
    });
}

#[test]
fn what_is_kept_of_mail_to_others_names_nobody_who_was_erased() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = post.agreed().await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        let kept = async || {
            let path = "/v1/messages?state=sent&limit=100";
            let sent = stage.get(Who::Curator, path).await.expect(200);
            let mut kept = Vec::new();
            for message in sent["items"].as_array().unwrap() {
                let path = format!("/v1/messages/{}/body", message["id"].as_str().unwrap());
                let body = stage.get(Who::Curator, &path).await;
                if body.status == 200 {
                    kept.push(body.text);
                }
            }
            kept
        };
        let naming = |bodies: &[String], name: &str| {
            let naming = bodies.iter().filter(|body| body.contains(name));
            naming.count()
        };
        let before = kept().await;
        assert_eq!(naming(&before, "Person dana"), 1, "the mail that connects");
        let (dana, now) = (stage.user(Who::Dana).id, post.now());
        let erase = move |conn: &mut Conn| {
            db::users::set_disabled(conn, dana, true, now)?;
            let erased = db::erasure::erase(conn, dana, "dana@mail.example", now)?;
            assert!(erased);
            Ok::<_, db::Error>(())
        };
        stage.context.db.write(erase).await.unwrap();
        let after = kept().await;
        for name in ["Person dana", "dana@mail"] {
            assert_eq!(naming(&after, name), 0, "{name}");
        }
        // Gül's is kept, and still says whom else it went to.
        assert_eq!(naming(&after, "Erased person"), 1);
        assert!(naming(&after, "Person gul") >= 1);
    });
}

#[test]
fn who_is_erased_while_a_mail_is_handed_over_is_on_no_record_of_it() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = post.agreed().await;
        post.colleague().await;
        let before = post.server.received().len();
        post.server.fail(Fault::LateAnswer);
        let sender = post.sender();
        let sending = tokio::spawn(async move { work_off(&sender).await });
        until(async || post.server.received().len() > before).await;
        let (gul, now) = (stage.user(Who::Gul).id, post.now());
        let erase = move |conn: &mut Conn| {
            db::users::set_disabled(conn, gul, true, now)?;
            assert!(db::erasure::erase(conn, gul, "gul@mail.example", now)?);
            Ok::<_, db::Error>(())
        };
        stage.context.db.write(erase).await.unwrap();
        post.server.let_go();
        sending.await.unwrap();
        assert_eq!(post.status(&introduction).await, "sent");
        let path = "/v1/messages?state=sent&limit=100";
        let sent = stage.get(Who::Curator, path).await.expect(200);
        assert!(!sent.to_string().contains("gul@mail"), "{sent}");
        for message in sent["items"].as_array().unwrap() {
            let path = format!("/v1/messages/{}/body", message["id"].as_str().unwrap());
            let body = stage.get(Who::Curator, &path).await.text;
            assert!(!body.contains("Person gul"), "{body}");
        }
    });
}
