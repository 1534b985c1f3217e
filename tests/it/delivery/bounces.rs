//! Mail that comes back: what it does, once, and what a forged notice does not.

use chrono::TimeDelta;
use corridor::db::outbox::State;
use corridor::domain::bounce::BounceOutcome as Outcome;
use corridor::mail::bounce;
use corridor::services::bounces::{self, Taken};
use serde_json::{Value, json};

use super::letters::id_of;
use super::{Post, make_administrator};
use crate::api::stage::Who;
use crate::support::database::on_each_backend;

/// What a mail server sends back about the mail to these addresses.
pub fn notice(number: usize, returned_to: &str, about: &[(&str, &str, &str)]) -> String {
    let group = |(email, action, status): &(&str, &str, &str)| {
        format!(
            "\nFinal-Recipient: rfc822; {email}\nAction: {action}\nStatus: {status}\n\
             Diagnostic-Code: smtp; 550 <{email}> is not here\n"
        )
    };
    let groups = about.iter().map(group).collect::<Vec<_>>().concat();
    format!(
        "Return-Path: <>\nDelivered-To: {returned_to}\nTo: {returned_to}\nMessage-ID: <{number}@mx.example>\n\
         Auto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nSorry.\n\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example\n{groups}\n--b--\n"
    )
}

impl Post {
    /// Where the newest mail comes back to.
    fn returns_to(&self) -> String {
        let received = self.server.received();
        received
            .last()
            .unwrap()
            .from
            .trim_matches(['<', '>'])
            .to_owned()
    }

    /// Reads a message out of the mailbox.
    async fn take(&self, raw: &str) -> Vec<Taken> {
        let read = bounce::read(raw.as_bytes());
        bounces::take(&self.stage.context, vec![read])
            .await
            .unwrap()
    }

    async fn items(&self, path: &str) -> Vec<Value> {
        let page = self.stage.get(Who::Curator, path).await.expect(200);
        page["items"].as_array().unwrap().clone()
    }

    /// The kinds of what waits for the curator.
    async fn waits(&self) -> Vec<String> {
        let items = self.items("/v1/worklist").await;
        let kind = |item: &Value| item["kind"].as_str().unwrap().to_owned();
        items.iter().map(kind).collect()
    }
}

#[test]
fn each_mail_comes_back_to_an_address_of_its_own() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.queue_others(2).await;
        post.send().await;
        let received = post.server.received();
        assert_ne!(received[0].from, received[1].from);
        for mail in &received {
            let local = mail.from.trim_start_matches('<').split('@').next().unwrap();
            assert!(
                local.starts_with("corridor+") && local.len() <= 64,
                "{local}"
            );
            assert!(!mail.from.contains("stranger"));
        }
    });
}

#[test]
fn an_introduction_that_comes_back_is_looked_into_and_only_whom_it_failed_gets_no_mail() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        let about = [
            ("gul@mail.example", "failed", "5.1.1"),
            ("victim@other.example", "failed", "5.1.1"),
            ("dana@mail.example", "delivered", "2.0.0"),
        ];
        let raw = notice(1, &post.returns_to(), &about);
        let suppressed = Taken::New(Outcome::Suppressed);
        let rest = [Outcome::Noted, Outcome::Ignored].map(Taken::New);
        assert_eq!(post.take(&raw).await, [suppressed, rest[0], rest[1]]);
        assert_eq!(post.status(&introduction).await, "delivery_problem");
        let waits = post.waits().await;
        for kind in ["resolve_delivery", "correct_address"] {
            assert!(waits.iter().any(|it| it == kind), "{waits:?}");
        }
        let suppressed = post.items("/v1/suppressions").await;
        assert_eq!(suppressed.len(), 1);
        assert_eq!(suppressed[0]["email"], "gul@mail.example");
        assert_eq!(suppressed[0]["reason"], "hard_bounce");
        // The curators are told, and by nothing twice.
        assert_eq!(post.send().await, 1);
        let told = post.server.received().pop().unwrap();
        assert_eq!(told.to, ["<curator@mail.example>"]);
        assert_eq!(post.take(&raw).await, [Taken::Repeated; 3]);
        assert_eq!(post.send().await, 0);
        assert_eq!(post.items("/v1/bounces").await.len(), 3);
        assert_eq!(post.items("/v1/bounces?outcome=suppressed").await.len(), 1);
        let noted = post.noted().await;
        let back = noted.iter().filter(|kind| *kind == "message.bounced");
        assert_eq!(back.count(), 1);
    });
}

/// Both readers of one mail have a return path of their own, so neither can
/// have the other kept from mail.
#[test]
fn a_notice_to_ones_own_return_path_says_nothing_of_the_other_reader() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        make_administrator(&post, Who::Auditor).await;
        let introduction = post.agreed().await;
        post.send().await;
        let received = post.server.received();
        let mut connecting = received.iter().filter(|mail| mail.connects());
        let (danas, guls) = (connecting.next().unwrap(), connecting.next().unwrap());
        assert_eq!(
            (&*danas.to[0], &*guls.to[0]),
            ("<dana@mail.example>", "<gul@mail.example>")
        );
        assert_ne!(danas.from, guls.from);
        let own = guls.from.trim_matches(['<', '>']);
        let forged = notice(1, own, &[("dana@mail.example", "failed", "5.1.1")]);
        assert_eq!(post.take(&forged).await, [Taken::New(Outcome::Suppressed)]);
        let suppressed = post.items("/v1/suppressions").await;
        let [only] = suppressed.as_slice() else {
            panic!("{suppressed:?}")
        };
        assert_eq!(
            only["email"], "gul@mail.example",
            "whose return path it was"
        );

        // Tried again, it goes to whom it didn't reach, and to nobody else.
        let id = only["id"].as_str().unwrap();
        let path = format!("/v1/suppressions/{id}");
        let lifted = post.stage.request(Who::Auditor, "DELETE", &path);
        assert_eq!(lifted.send().await.unwrap().status(), 204);
        let back = post.items("/v1/messages?state=bounced").await;
        let path = format!("/v1/messages/{}", back[0]["id"].as_str().unwrap());
        let retry = json!({"action": "retry"});
        post.stage.go(Who::Auditor, &path, retry).await.expect(200);
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        let received = post.server.received();
        let connecting = received.iter().filter(|mail| mail.connects());
        let to: Vec<_> = connecting.map(|mail| mail.to[0].as_str()).collect();
        assert_eq!(
            to,
            [
                "<dana@mail.example>",
                "<gul@mail.example>",
                "<gul@mail.example>"
            ]
        );
    });
}

#[test]
fn a_conversation_goes_on_though_a_late_notice_comes() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        post.send().await;
        let reply = json!({"action": "reply"});
        post.stage
            .go(Who::Dana, &introduction, reply)
            .await
            .expect(200);
        let raw = notice(
            1,
            &post.returns_to(),
            &[("gul@mail.example", "failed", "5.4.4")],
        );
        assert_eq!(post.take(&raw).await, [Taken::New(Outcome::Suppressed)]);
        assert_eq!(post.status(&introduction).await, "in_conversation");
    });
}

#[test]
fn a_question_that_comes_back_is_told_to_the_curators() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        post.send().await;
        // Forwarded, it comes back from somewhere else.
        let about = [("gul@forwarded.example", "failed", "5.1.1")];
        let raw = notice(1, &post.returns_to().to_uppercase(), &about);
        assert_eq!(post.take(&raw).await, [Taken::New(Outcome::Suppressed)]);
        assert_eq!(post.send().await, 1);
        let told = post.server.received().pop().unwrap();
        assert_eq!(told.to, ["<curator@mail.example>"]);
    });
}

#[test]
fn what_is_forged_or_unknown_does_nothing_and_is_counted() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        post.send().await;
        let ours = post.returns_to();
        let mut forged = ours.clone().into_bytes();
        let place = "corridor+".len() + 3;
        forged[place] = if forged[place] == b'a' { b'b' } else { b'a' };
        let forged = String::from_utf8(forged).unwrap();
        let lost = post
            .stage
            .context
            .return_paths
            .address(post.stage.context.new_id());
        let about = [("gul@mail.example", "failed", "5.1.1")];
        for (number, (returned_to, outcome)) in [
            (forged.as_str(), Outcome::Forged),
            (&lost, Outcome::Unknown),
            ("corridor@localhost", Outcome::Unknown),
        ]
        .into_iter()
        .enumerate()
        {
            let raw = notice(number, returned_to, &about);
            assert_eq!(
                post.take(&raw).await,
                [Taken::New(outcome)],
                "{returned_to}"
            );
        }
        let letter = format!(
            "From: gul@mail.example\nTo: {ours}\nSubject: Away\nAuto-Submitted: auto-replied\n\nAway.\n"
        );
        assert_eq!(post.take(&letter).await, [Taken::New(Outcome::Ignored)]);
        assert_eq!(post.status(&introduction).await, "sent");
        assert!(post.items("/v1/suppressions").await.is_empty());
        assert_eq!(post.send().await, 0);
        let forged = post.items("/v1/bounces?outcome=forged").await;
        assert_eq!(forged.len(), 1);
        assert!(forged[0].get("message").is_none() && forged[0].get("email").is_none());

        // Strangers' notices are forgotten after a month, the rest later.
        post.advance(TimeDelta::days(31));
        assert_eq!(
            bounces::forget_old(&post.stage.context, 50).await.unwrap(),
            4
        );
    });
}

#[test]
fn an_address_that_can_not_take_mail_is_watched_and_then_gets_none() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.queue_others(3).await;
        post.send().await;
        let back: Vec<_> = post
            .server
            .received()
            .iter()
            .map(|it| it.from.clone())
            .collect();
        let email = &post.stage.user(Who::Stranger).email;
        let about = [(email.as_str(), "delayed", "4.4.1")];
        let counted = [Taken::New(Outcome::Counted)];
        // One message that is late twice is one message.
        for (number, back) in [&back[0], &back[0], &back[1]].into_iter().enumerate() {
            assert_eq!(post.take(&notice(number, back, &about)).await, counted);
        }
        post.advance(TimeDelta::days(1));
        let failed = [(email.as_str(), "failed", "4.4.7")];
        let raw = notice(9, &back[2], &failed);
        assert_eq!(post.take(&raw).await, [Taken::New(Outcome::Suppressed)]);
        let found = post.items("/v1/suppressions").await;
        assert_eq!(found[0]["email"], email.as_str());
    });
}

#[test]
fn soft_failures_of_long_ago_do_not_count() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.queue_others(3).await;
        post.send().await;
        let email = post.stage.user(Who::Stranger).email.clone();
        // A mailbox that is full is none that is no good.
        let statuses = ["4.4.7", "5.2.2", "4.4.7"];
        for (number, mail) in post.server.received().iter().enumerate() {
            let about = [(email.as_str(), "failed", statuses[number])];
            let raw = notice(number, &mail.from, &about);
            assert_eq!(post.take(&raw).await, [Taken::New(Outcome::Counted)]);
            post.advance(TimeDelta::days(8));
        }
    });
}

#[test]
fn a_provider_reports_what_came_back_and_the_same_is_on_record_once() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        make_administrator(&post, Who::Auditor).await;
        let stage = &post.stage;
        post.queue_others(2).await;
        post.send().await;
        let email = stage.user(Who::Stranger).email.to_string();
        let body = json!({
            "event": "failed", "recipient": email, "return_path": post.returns_to(),
            "status": "5.1.1", "diagnostic": format!("smtp; 550 <{email}> no"), "id": "evt-1",
        });
        // Whoever looks after the mail says so, by a key of theirs.
        for (who, status) in [(Who::Dana, 404), (Who::Gul, 404), (Who::Compliance, 403)] {
            let refused = stage.post(who, "/v1/bounces", body.clone()).await;
            assert_eq!(refused.status, status, "{who:?} {}", refused.text);
        }
        let say = async |body: &Value, key: &str| {
            let request = stage.request(Who::Auditor, "POST", "/v1/bounces");
            let request = request.header("Idempotency-Key", key).json(body);
            crate::api::stage::Answer::of(request.send().await.unwrap()).await
        };
        let first = say(&body, "a-key-one").await.expect(201);
        assert_eq!(first["outcome"], "suppressed");
        assert_eq!(first["diagnostic"], "smtp; 550 … no");
        for key in ["a-key-one", "a-key-two"] {
            assert_eq!(
                say(&body, key).await.expect(201)["id"],
                first["id"],
                "{key}"
            );
        }
        let other = json!({"event": "failed", "recipient": email, "return_path": "x@y.example"});
        assert_eq!(say(&other, "a-key-one").await.status, 422);
        assert_eq!(
            say(&other, "a-key-three").await.expect(201)["outcome"],
            "unknown"
        );
        let wrong = json!({"event": "lost", "recipient": "nobody", "status": "5"});
        let wrong = say(&wrong, "a-key-four").await.expect(422);
        assert_eq!(wrong["errors"].as_array().unwrap().len(), 4, "{wrong}");
        // By the Message-ID, for providers with an envelope of their own.
        let sent = post.queue().await.remove(0);
        assert_eq!(sent.state, State::Done);
        let spam = json!({
            "event": "complaint", "recipient": email,
            "message_id": id_of(&post.server.received()[0]),
        });
        let noted = say(&spam, "a-key-five").await.expect(201);
        assert_eq!(
            (&noted["kind"], &noted["outcome"]),
            (&json!("complaint"), &json!("noted"))
        );
        let path = format!("/v1/bounces/{}", noted["id"].as_str().unwrap());
        let found = stage.get(Who::Curator, &path).await.expect(200);
        assert_eq!(found["message"], sent.id.to_string());
        assert_eq!(stage.get(Who::Dana, &path).await.status, 404);
    });
}
