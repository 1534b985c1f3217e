//! Where each message stands, as the operator's people and its reader see it.

use chrono::TimeDelta;
use corridor::domain::account::Role;
use corridor::domain::mail_state::MessageState;
use corridor::jobs::clock;
use serde_json::{Value, json};

use super::bounces::notice;
use super::obsolete::{freeze, lift};
use super::{Post, make_administrator};
use crate::api::exports_own::everything;
use crate::api::stage::Who;
use crate::api::syndicates::join_as;
use crate::support::database::on_each_backend;
use crate::support::smtp::Fault;

impl Post {
    /// The ids of the messages that stand so.
    async fn standing(&self, state: &str) -> Vec<String> {
        let path = format!("/v1/messages?state={state}");
        let page = self.stage.get(Who::Curator, &path).await.expect(200);
        let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
        page["items"].as_array().unwrap().iter().map(id).collect()
    }

    async fn suppress(&self, email: &str) -> String {
        let body = json!({"email": email, "reason": "support"});
        let made = self
            .stage
            .post(Who::Auditor, "/v1/suppressions", body)
            .await;
        made.location.unwrap()
    }
}

#[test]
fn each_message_stands_somewhere_and_is_found_there_and_nowhere_else() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        make_administrator(&post, Who::Auditor).await;
        let stage = &post.stage;
        post.queue_others(3).await;
        post.server
            .fail(Fault::Recipient("550 <x@y.example> no such user"));
        post.send().await;
        let returned_to = post.server.received()[0].from.clone();
        let about = [("stranger@mail.example", "failed", "5.1.1")];
        let read = corridor::mail::bounce::read(notice(1, &returned_to, &about).as_bytes());
        corridor::services::bounces::take(&stage.context, vec![read])
            .await
            .unwrap();

        stage.introduction(Who::Dana).await;
        post.suppress("gul@mail.example").await;
        post.send().await;
        post.queue_others(4).await;

        let mut seen = 0;
        for state in MessageState::ALL {
            let found = post.standing(state.code()).await;
            seen += found.len();
            for id in found {
                let path = format!("/v1/messages/{id}");
                let one = stage.get(Who::Curator, &path).await.expect(200);
                assert_eq!(one["state"], state.code(), "{one}");
            }
        }
        assert_eq!(seen, post.queue().await.len());
        for (state, count) in [
            ("failed", 1),
            ("bounced", 1),
            ("sent", 2),
            ("suppressed", 1),
            ("queued", 1),
        ] {
            assert_eq!(post.standing(state).await.len(), count, "{state}");
        }
        let failed = &post.standing("failed").await[0];
        let failed = stage
            .get(Who::Auditor, &format!("/v1/messages/{failed}"))
            .await
            .expect(200);
        assert_eq!(failed["notice"], "registration_exists");
        assert_eq!(failed["attempts"], 1);
        assert_eq!(failed["last_error"], "refused (550): … no such user");
        assert_eq!(failed["recipients"], json!(["stranger@mail.example"]));
        let sent = &post.standing("sent").await[0];
        let sent = stage
            .get(Who::Curator, &format!("/v1/messages/{sent}"))
            .await
            .expect(200);
        assert!(
            sent["last_answer"]
                .as_str()
                .unwrap()
                .contains("accepted as"),
            "{sent}"
        );
        for (query, status) in [
            ("state=lost", 400),
            ("email=nobody", 400),
            ("subject=1", 400),
        ] {
            let path = format!("/v1/messages?{query}");
            assert_eq!(
                stage.get(Who::Curator, &path).await.status,
                status,
                "{query}"
            );
        }
        let path = "/v1/messages?email=Stranger@mail.example";
        let theirs = stage.get(Who::Curator, path).await.expect(200);
        assert_eq!(theirs["items"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn a_freeze_holds_a_message_and_says_so() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        let frozen = freeze(&post).await;
        post.send().await;
        let held = post.standing("held").await;
        assert_eq!(held.len(), 1);
        let path = format!("/v1/messages/{}", held[0]);
        let seen = post.stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(
            (&seen["hold"], &seen["attempts"]),
            (&json!("gate"), &json!(0))
        );
        lift(&post, frozen).await;
        post.advance(TimeDelta::hours(1));
        post.send().await;
        assert_eq!(post.standing("sent").await, held);
    });
}

#[test]
fn people_see_the_mail_to_themselves_and_no_other() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.agreed().await;
        post.send().await;
        for (who, notices) in [
            (Who::Gul, &["introduction_ask", "introduction"][..]),
            (Who::Dana, &["introduction"]),
            (Who::Stranger, &[]),
        ] {
            let own = post.stage.get(who, "/v1/me/messages").await.expect(200);
            let own = own["items"].as_array().unwrap();
            let seen: Vec<_> = own
                .iter()
                .map(|it| it["notice"].as_str().unwrap())
                .collect();
            assert_eq!(seen, notices, "{who:?}");
            assert!(
                own.iter()
                    .all(|it| it["state"] == "sent" && it.get("last_error").is_none())
            );
        }
        assert_eq!(post.stage.get(Who::Dana, "/v1/messages").await.status, 404);
        // In a firm's file stands what is about the firm.
        let office = post.stage.partner().await;
        join_as(&post.stage, Who::Dana, office, Role::Owner).await;
        for (firm, told) in [(post.stage.startup.id, 1), (office, 0)] {
            let lines = everything(&post.stage, Who::Dana, firm).await;
            let messages = lines.iter().filter(|line| line["type"] == "message");
            assert_eq!(messages.count(), told, "{firm}");
        }
    });
}

#[test]
fn what_a_mail_said_is_kept_for_a_month_without_its_links() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        post.send().await;
        let path = format!("/v1/messages/{}/body", post.standing("sent").await[0]);
        let body = post.stage.get(Who::Curator, &path).await.expect(200);
        let (text, html) = (
            body["text"].as_str().unwrap(),
            body["html"].as_str().unwrap(),
        );
        assert!(
            text.contains("Water bridge") && html.contains("Water bridge"),
            "{body}"
        );
        for secret in ["/consent/", "/mail-settings/"] {
            assert!(!text.contains(secret) && !html.contains(secret), "{body}");
        }
        for (who, status) in [
            (Who::Compliance, 200),
            (Who::Auditor, 200),
            (Who::Dana, 404),
            (Who::Gul, 404),
        ] {
            assert_eq!(post.stage.get(who, &path).await.status, status, "{who:?}");
        }
        post.advance(TimeDelta::days(31));
        clock::strike(&post.stage.context).await.unwrap();
        assert_eq!(post.stage.get(Who::Curator, &path).await.status, 404);
        assert_eq!(post.standing("sent").await.len(), 1);
    });
}

#[test]
fn what_came_back_or_was_kept_back_is_tried_again_once_its_address_is_right() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        make_administrator(&post, Who::Auditor).await;
        let stage = &post.stage;
        let introduction = post.agreed().await;
        post.send().await;
        let mail = post.server.received().pop().unwrap();
        let about = [("gul@mail.example", "failed", "5.1.1")];
        let read = corridor::mail::bounce::read(notice(1, &mail.from, &about).as_bytes());
        corridor::services::bounces::take(&stage.context, vec![read])
            .await
            .unwrap();
        assert_eq!(post.status(&introduction).await, "delivery_problem");
        let id = post.standing("bounced").await.remove(0);
        let path = format!("/v1/messages/{id}");
        let retry = async |key: &str| {
            let path = format!("{path}/transitions");
            let request = stage.request(Who::Auditor, "POST", &path);
            let request = request.header("Idempotency-Key", key);
            let sent = request.json(&json!({"action": "retry"})).send().await;
            crate::api::stage::Answer::of(sent.unwrap()).await
        };
        let found = stage
            .get(Who::Curator, "/v1/suppressions")
            .await
            .expect(200);
        let path_of = format!(
            "/v1/suppressions/{}",
            found["items"][0]["id"].as_str().unwrap()
        );
        let lifted = stage.request(Who::Auditor, "DELETE", &path_of).send().await;
        assert_eq!(lifted.unwrap().status(), 204);
        for _ in 0..2 {
            assert_eq!(retry("a-key-one").await.expect(200)["state"], "queued");
        }
        assert_eq!(retry("a-key-two").await.status, 409);
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        assert!(post.standing("sent").await.contains(&id));
        // It is the same message, whatever others came meanwhile.
        let id_of = super::letters::id_of;
        let received = post.server.received();
        let same = received
            .iter()
            .filter(|it| id_of(it) == id_of(&mail) && it.to == mail.to);
        assert_eq!(same.count(), 2);
    });
}
