//! Who gets which mail: the list that all mail obeys, and what readers choose.

use std::sync::Arc;

use corridor::db::Conn;
use corridor::db::outbox::{Message, State};
use corridor::domain::event::SubjectKind;
use corridor::domain::mail_event::MailEvent;
use corridor::domain::message::{News, Notice};
use corridor::jobs::Options;
use corridor::jobs::outbox::Sender;
use corridor::mail::{DkimKey, DkimKind};
use corridor::services::notices;
use mail_parser::MessageParser;
use serde_json::{Value, json};

use super::{Post, mailer, make_administrator, options, work_off};
use crate::api::stage::{Answer, Who};
use crate::support::database::on_each_backend;

/// The path of an address in a header or text of a mail, without the host.
fn path_in(text: &str, name: &str) -> String {
    let start = text.find(&format!("/{name}/")).unwrap();
    let rest = &text[start..];
    let end = rest.find(|c: char| c == '>' || c.is_whitespace());
    rest[..end.unwrap_or(rest.len())].to_owned()
}

/// Everything that one can be mailed about but that.
pub(super) fn all_but(topic: &str) -> Value {
    let mut wanted = json!({
        "questions": true, "progress": true, "pulses": true, "deals": true,
        "work": true, "alerts": true, "digest": true, "profile": true,
        "mandates": true, "status": true, "firm": true, "events": {},
    });
    for event in MailEvent::ALL {
        wanted["events"][event.code()] = true.into();
    }
    wanted[topic] = false.into();
    wanted
}

impl Post {
    /// What the newest mail says in a header.
    fn newest(&self, header: &'static str) -> Option<String> {
        let received = self.server.received();
        let mail = MessageParser::new().parse(&received.last().unwrap().content);
        let mail = mail.unwrap();
        let raw = mail.header_raw(header)?;
        Some(raw.trim().to_owned())
    }

    /// Queues what an account needs.
    async fn queue_security(&self, who: Who) {
        self.queue_news(who, News::PasswordChanged, "needed").await;
    }

    /// Queues what happened to an account or a firm, under a key of its own.
    pub(super) async fn queue_news(&self, who: Who, news: News, key: &'static str) {
        let context = self.stage.context.clone();
        let user = self.stage.user(who).id;
        let enqueue = move |conn: &mut Conn| {
            let notice = Notice::News {
                user,
                news,
                programme: None,
            };
            let subject = (SubjectKind::User, user.uuid());
            let key = format!("news:{news}:{user}:{key}");
            notices::enqueue(&context, conn, &key, subject, &notice)
        };
        self.stage.context.db.write(enqueue).await.unwrap();
    }

    /// What became of the message queued under the key of such news.
    pub(super) async fn queued_as(&self, key: &str) -> Message {
        let queue = self.queue().await.into_iter();
        let mut found = queue.filter(|it| it.intent_key.ends_with(key));
        found.next_back().unwrap()
    }

    /// The paths of the settings and of the one click in the newest mail.
    fn ways_out(&self) -> (String, String) {
        let received = self.server.received();
        let mail = MessageParser::new().parse(&received.last().unwrap().content);
        let text = mail.unwrap().body_text(0).unwrap().into_owned();
        let header = self.newest("List-Unsubscribe").unwrap();
        assert!(header.starts_with('<') && header.ends_with('>'));
        (
            path_in(&text, "mail-settings"),
            path_in(&header, "unsubscribe"),
        )
    }
}

#[test]
fn one_click_takes_a_reader_off_a_topic_and_looking_does_not() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Dana).await;
        post.send().await;
        let post_header = post.newest("List-Unsubscribe-Post");
        assert_eq!(post_header.as_deref(), Some("List-Unsubscribe=One-Click"));
        assert_eq!(
            post.newest("Auto-Submitted").as_deref(),
            Some("auto-generated")
        );
        let (settings, unsubscribe) = post.ways_out();
        assert!(!settings.contains("gul") && !settings.contains('@'));
        for path in [&settings, &unsubscribe] {
            let shown = stage.open(path).await;
            assert_eq!(shown.status, 200);
            assert_eq!(shown.text.matches(" checked").count(), 37, "{}", shown.text);
        }
        // A mail program: no cookie, no origin, no redirect.
        let wrong = stage
            .bare("POST", &unsubscribe)
            .body("x=y")
            .send()
            .await
            .unwrap();
        assert_eq!(wrong.status(), 400);
        for _ in 0..2 {
            let click = stage
                .bare("POST", &unsubscribe)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body("List-Unsubscribe=One-Click");
            let done = Answer::of(click.send().await.unwrap()).await;
            assert_eq!(done.status, 200, "{}", done.text);
            assert_eq!(done.text.matches(" checked").count(), 36);
        }
        // The reminder stays at home; what became of it still comes.
        post.at("2026-11-27T05:00:00Z");
        assert_eq!(post.strike().await, 0);
        let kept = post.last().await;
        assert_eq!(kept.state, State::Cancelled);
        assert_eq!(kept.last_error.as_deref(), Some("unsubscribed"));
        let back = json!({"action": "withdraw"});
        stage.go(Who::Dana, &introduction, back).await.expect(200);
        post.send().await;
        assert_eq!(
            post.server.received().last().unwrap().to,
            ["<gul@mail.example>"]
        );
    });
}

#[test]
fn what_is_queued_stops_as_soon_as_its_reader_says_so() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let off = all_but("questions");
        stage.introduction(Who::Dana).await;
        let before = stage.get(Who::Gul, "/v1/me/notifications").await;
        let before = before.etag.unwrap();
        let put = async |tag: Option<&str>, wanted: &serde_json::Value| {
            let mut request = stage.request(Who::Gul, "PUT", "/v1/me/notifications");
            if let Some(tag) = tag {
                request = request.header("If-Match", tag);
            }
            Answer::of(request.json(wanted).send().await.unwrap()).await
        };
        assert_eq!(put(None, &off).await.status, 428);
        let changed = put(Some(&before), &off).await;
        assert_ne!(changed.etag.as_ref(), Some(&before));
        assert_eq!(changed.expect(200), off);
        // What was read before that is no ground to replace it.
        let stale = put(Some(&before), &all_but("digest")).await;
        assert_eq!(stale.status, 412, "{}", stale.text);
        let shown = stage.get(Who::Gul, "/v1/me/notifications").await;
        assert_eq!(shown.expect(200), off);
        post.send().await;
        // Nobody waits unaware: the curators hear of it.
        let received = post.server.received();
        let told: Vec<_> = received.iter().flat_map(|mail| &mail.to).collect();
        assert_eq!(told, ["<curator@mail.example>"]);
        let mut typo = all_but("questions");
        typo["works"] = true.into();
        let request = stage.request(Who::Gul, "PUT", "/v1/me/notifications");
        let wrong = Answer::of(request.json(&typo).send().await.unwrap()).await;
        assert_eq!(wrong.status, 422, "{}", wrong.text);
    });
}

#[test]
fn who_wants_no_questions_after_an_introduction_still_hears_how_it_ended() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        post.send().await;
        let request = post.stage.request(Who::Gul, "PUT", "/v1/me/notifications");
        let request = request.header("If-Match", "*");
        let changed = request.json(&all_but("pulses")).send().await.unwrap();
        assert_eq!(changed.status(), 200);
        let before = post.server.received().len();
        for morning in ["2026-12-01T09:00:00Z", "2026-12-02T07:00:00Z"] {
            post.at(morning);
            post.strike().await;
        }
        let to = |received: &[crate::support::smtp::Received]| -> Vec<String> {
            received.iter().flat_map(|mail| mail.to.clone()).collect()
        };
        let received = post.server.received();
        assert_eq!(to(&received[before..]), ["<dana@mail.example>"]);
        let close = json!({"action": "close"});
        post.stage
            .go(Who::Dana, &introduction, close)
            .await
            .expect(200);
        post.send().await;
        let told = to(&post.server.received()[received.len()..]);
        assert!(told.contains(&"<gul@mail.example>".to_owned()), "{told:?}");
    });
}

#[test]
fn the_form_of_the_settings_works_in_the_readers_language_and_from_nowhere_else() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Dana).await;
        post.send().await;
        stage
            .go(
                Who::Gul,
                &introduction,
                json!({"action": "not_now", "until": "2027-03-01"}),
            )
            .await
            .expect(200);
        post.send().await;
        let (settings, _) = post.ways_out();
        let shown = stage.open(&settings).await;
        assert!(
            shown.text.contains("dir=\"rtl\"") && shown.text.contains("<bdi>dana@mail.example")
        );
        let foreign = stage
            .bare("POST", &settings)
            .header("Sec-Fetch-Site", "cross-site")
            .form(&[("topic", "work")]);
        assert_eq!(foreign.send().await.unwrap().status(), 403);
        let saved = stage.submit(&settings, &[("topic", "questions")]).await;
        assert_eq!(saved.status, 303);
        let shown = stage.open(saved.location.as_deref().unwrap()).await;
        assert!(shown.text.contains("role=\"status\""));
        // One topic; such a form, without boxes for single things, keeps none out.
        assert_eq!(
            shown.text.matches(" checked").count(),
            1 + MailEvent::ALL.len()
        );
        let unknown = stage.submit(&settings, &[("topic", "everything")]).await;
        assert_eq!(unknown.status, 400);
        let broken = format!("{}A", &settings[..settings.len() - 2]);
        assert_eq!(stage.open(&broken).await.status, 404);
        assert_eq!(stage.submit(&broken, &[]).await.status, 404);
    });
}

#[test]
fn all_mail_but_what_an_account_needs_obeys_the_list() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        make_administrator(&post, Who::Auditor).await;
        let stage = &post.stage;
        let body =
            json!({"email": "Gul@Mail.example", "reason": "support", "note": "By telephone."});
        stage
            .post(Who::Dana, "/v1/suppressions", body.clone())
            .await
            .expect(404);
        let faults = json!({"email": "nobody", "reason": "mood"});
        let faults = stage
            .post(Who::Auditor, "/v1/suppressions", faults)
            .await
            .expect(422);
        assert_eq!(faults["errors"].as_array().unwrap().len(), 2);
        let made = stage
            .post(Who::Auditor, "/v1/suppressions", body.clone())
            .await;
        let path = made.location.clone().unwrap();
        made.expect(201);
        let again = stage.post(Who::Auditor, "/v1/suppressions", body).await;
        assert_eq!(again.code(409), "suppressed_already");
        let found = stage
            .get(Who::Curator, "/v1/suppressions?email=gul@mail.example")
            .await
            .expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1);

        // An introduction that both agreed to can't be sent either; the
        // curators are told and both stay unnamed.
        let introduction = stage.introduction(Who::Dana).await;
        post.accept(Who::Gul, &introduction).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "delivery_problem");
        for mail in post.server.received() {
            assert_eq!(mail.to, ["<curator@mail.example>"]);
        }
        post.queue_security(Who::Gul).await;
        post.send().await;
        assert_eq!(
            post.server.received().last().unwrap().to,
            ["<gul@mail.example>"]
        );
        // What happens to a firm is nothing that an account needs.
        let before = post.server.received().len();
        let of_firm = News::ALL.iter().filter(|news| news.topic().is_some());
        for news in of_firm.copied() {
            post.queue_news(Who::Gul, news, "refused").await;
        }
        post.send().await;
        let mut kept = post.queue().await;
        kept.retain(|message| message.intent_key.ends_with(":refused"));
        assert_eq!(kept.len(), 11);
        for message in kept {
            let end = (message.state, message.last_error.as_deref());
            assert_eq!(end, (State::Cancelled, Some("suppressed")), "{message:?}");
        }
        assert_eq!(post.server.received().len(), before);

        // Lifted, the mail goes out when it is tried again.
        let lifted = stage
            .request(Who::Auditor, "DELETE", &path)
            .send()
            .await
            .unwrap();
        assert_eq!(lifted.status(), 204);
        stage.get(Who::Auditor, &path).await.expect(404);
        let dead = stage
            .get(Who::Curator, "/v1/messages?state=failed")
            .await
            .expect(200);
        let id = dead["items"][0]["id"].as_str().unwrap();
        let retry = json!({"action": "retry"});
        stage
            .go(Who::Auditor, &format!("/v1/messages/{id}"), retry)
            .await
            .expect(200);
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
    });
}

#[test]
fn a_mail_to_both_sides_and_security_mail_offer_no_way_out() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.agreed().await;
        post.send().await;
        let connecting = post.server.received().pop().unwrap();
        assert!(connecting.connects());
        // Whoever answers it to all would quote their own links to the other.
        let read = MessageParser::new().parse(&connecting.content).unwrap();
        let said = [read.body_text(0).unwrap(), read.body_html(0).unwrap()];
        assert!(said.iter().all(|text| !text.contains("/my-consents/")));
        assert_eq!(post.newest("List-Unsubscribe"), None);
        post.queue_security(Who::Dana).await;
        post.send().await;
        assert_eq!(post.newest("List-Unsubscribe"), None);
        assert_eq!(post.newest("List-Unsubscribe-Post"), None);
        // Of what happens to a firm its people can do without.
        post.queue_news(Who::Dana, News::MemberJoined, "first")
            .await;
        post.send().await;
        let (_, unsubscribe) = post.ways_out();
        let click = post.stage.bare("POST", &unsubscribe);
        let click = click.body("List-Unsubscribe=One-Click").send().await;
        assert_eq!(click.unwrap().status(), 200);
        let shown = post.stage.get(Who::Dana, "/v1/me/notifications").await;
        assert_eq!(shown.expect(200), all_but("firm"));
        let before = post.server.received().len();
        post.queue_news(Who::Dana, News::ProgrammeOver, "second")
            .await;
        post.send().await;
        let kept = post.queued_as(":second").await;
        assert_eq!(kept.last_error.as_deref(), Some("unsubscribed"));
        assert_eq!(post.server.received().len(), before);
    });
}

#[test]
fn each_thing_can_be_kept_out_by_itself_over_the_api_and_on_the_page() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let mut wanted = all_but("status");
        wanted["events"]["programme_over"] = false.into();
        wanted["events"]["introduction_reminder"] = false.into();
        let put = async |wanted: &Value| {
            let request = stage.request(Who::Dana, "PUT", "/v1/me/notifications");
            let request = request.header("If-Match", "*");
            Answer::of(request.json(wanted).send().await.unwrap()).await
        };
        let set = put(&wanted).await;
        let tag = set.etag.clone();
        assert_eq!(set.expect(200), wanted);
        // Topics alone leave single things as they are.
        let mut topics = wanted.clone();
        topics.as_object_mut().unwrap().remove("events");
        let same = put(&topics).await;
        assert_eq!(same.etag, tag);
        assert_eq!(same.expect(200), wanted);
        let mut partial = wanted.clone();
        partial["events"]
            .as_object_mut()
            .unwrap()
            .remove("member_joined");
        assert_eq!(put(&partial).await.status, 422);
        let told = async |news, key| {
            let before = post.server.received().len();
            post.queue_news(Who::Dana, news, key).await;
            post.send().await;
            post.server.received().len() - before
        };
        assert_eq!(told(News::MemberJoined, "a").await, 1);
        let (page, _) = post.ways_out();
        assert_eq!(told(News::ProgrammeOver, "b").await, 0);
        let kept = post.queued_as(":b").await;
        assert_eq!(kept.last_error.as_deref(), Some("unsubscribed"));
        // What an account needs has no switch.
        assert_eq!(told(News::PasswordChanged, "c").await, 1);

        let shown = stage.open(&page).await;
        assert_eq!(shown.text.matches(" checked").count(), 34);
        for event in MailEvent::ALL {
            let boxed = format!("name=\"event\" id=\"event-{event}\"");
            assert_eq!(shown.text.matches(&boxed).count(), 1, "{event}");
        }
        let form = [
            ("boxes", "each"),
            ("topic", "firm"),
            ("event", "programme_over"),
        ];
        assert_eq!(stage.submit(&page, &form).await.status, 303);
        assert_eq!(told(News::ProgrammeOver, "d").await, 1);
        assert_eq!(told(News::MemberJoined, "e").await, 0);
        assert_eq!(told(News::PasswordChanged, "f").await, 1);
        let shown = stage
            .get(Who::Dana, "/v1/me/notifications")
            .await
            .expect(200);
        assert_eq!(shown["firm"], true);
        assert_eq!(shown["questions"], false);
        assert_eq!(shown["events"]["member_joined"], false);
        let unknown = [("boxes", "each"), ("event", "password_changed")];
        assert_eq!(stage.submit(&page, &unknown).await.status, 400);
        // A form that was open before there were single boxes.
        assert_eq!(stage.submit(&page, &[("topic", "firm")]).await.status, 303);
        assert_eq!(told(News::MemberJoined, "g").await, 1);
    });
}

#[test]
fn every_mail_bears_a_signature_of_each_key_that_covers_the_way_out() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let kinds = [("one", DkimKind::Ed25519), ("two", DkimKind::Rsa)];
        let keys = kinds.map(|(selector, kind)| {
            let pkcs8 = DkimKey::generate(kind).unwrap();
            Arc::new(DkimKey::new("corridor.example", selector, &pkcs8).unwrap())
        });
        let signing = Options {
            dkim: keys.to_vec(),
            ..options()
        };
        let sender = Sender::new(post.stage.context.clone(), mailer(&post.server), signing);
        post.stage.introduction(Who::Dana).await;
        work_off(&sender).await;
        let received = post.server.received();
        let mail = MessageParser::new().parse(&received[0].content).unwrap();
        let signatures: Vec<String> = mail
            .headers_raw()
            .filter(|(name, _)| *name == "DKIM-Signature")
            .map(|(_, value)| value.split_whitespace().collect())
            .collect();
        assert_eq!(signatures.len(), 2);
        for (signature, (selector, algorithm)) in
            signatures.iter().zip([("one", "ed25519"), ("two", "rsa")])
        {
            let said = format!("a={algorithm}-sha256;c=relaxed/relaxed;d=corridor.example");
            assert!(signature.contains(&said), "{signature}");
            assert!(signature.contains(&format!(";s={selector};")));
            assert!(!signature.contains(";l="));
            for covered in [
                "h=from:from:to:to:cc:reply-to:subject:subject:date:date:message-id:",
                ":list-unsubscribe:list-unsubscribe:list-unsubscribe-post:list-unsubscribe-post;",
            ] {
                assert!(signature.contains(covered), "{signature}");
            }
        }
    });
}
