//! What founders, investors and the operator's people are told about their
//! records, and when.

use chrono::TimeDelta;
use corridor::db::outbox::State;
use corridor::db::{self, Conn};
use corridor::domain::profile::{ProfileStatus, StartupProfile};
use corridor::services::introductions::remind_due;
use serde_json::{Value, json};

use super::Post;
use super::digests::Mail;
use crate::api::investors;
use crate::api::stage::{BLURB, STARTUP, Who};
use crate::support::database::on_each_backend;

impl Post {
    /// Lets a kind of regular mail come from now on.
    async fn let_come(&self, name: &'static str) {
        let delete = move |conn: &mut Conn| -> Result<(), db::Error> {
            use diesel::RunQueryDsl;
            let statement = format!("DELETE FROM mail_rounds WHERE name = '{name}'");
            diesel::sql_query(statement).execute(conn)?;
            Ok(())
        };
        self.stage.context.db.write(delete).await.unwrap();
    }

    /// The startup's profile in another state, as if it had come there.
    async fn profile_is(&self, status: ProfileStatus) -> String {
        let profile = self.stage.profile.clone();
        let change = move |conn: &mut Conn| {
            let before = db::startup_profiles::find(conn, profile.id)?.unwrap();
            let after = StartupProfile {
                status,
                version: before.version + 1,
                ..before
            };
            db::startup_profiles::update(conn, &after)
        };
        assert!(self.stage.context.db.write(change).await.unwrap());
        format!("/v1/startup-profiles/{}", self.stage.profile.id)
    }

    fn to(&self, address: &str) -> Vec<Mail> {
        let mut mails = self.mails();
        mails.retain(|mail| mail.to == [format!("<{address}>")]);
        mails
    }
}

fn has(mail: &Mail, part: &str) -> bool {
    // Without the marks that isolate names.
    let plain = |text: &str| text.replace(['\u{2068}', '\u{2069}'], "");
    plain(&mail.text).contains(part) || plain(&mail.subject).contains(part)
}

#[test]
fn a_founder_hears_of_each_step_of_the_review() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let profile = post.profile_is(ProfileStatus::Draft).await;
        let go = async |who, body: Value| stage.go(who, &profile, body).await.expect(200);
        // Tuesday the 24th and five working days of Israel: the 1st.
        go(Who::Dana, json!({"action": "submit"})).await;
        post.send().await;
        let received = post.to("dana@mail.example").pop().unwrap();
        assert!(has(&received, "1 בדצמבר 2026"), "{}", received.text);
        assert!(received.html.contains("dir=\"rtl\"") && received.html.contains(STARTUP));
        go(Who::Curator, json!({"action": "claim"})).await;
        let ask = json!({"action": "request_changes", "comments": [
            {"pointer": "/one_liner", "comment": "Say which pipes."},
            {"pointer": "/round", "comment": "How much?"}]});
        go(Who::Curator, ask).await;
        post.send().await;
        let changes = post.to("dana@mail.example").pop().unwrap();
        for part in ["משפט תיאור", "Say which pipes.", "סבב", "How much?"] {
            assert!(has(&changes, part), "{part} in {}", changes.text);
        }
        assert!(!has(&changes, "curator"), "who reviewed isn't told");
        go(Who::Dana, json!({"action": "submit"})).await;
        go(Who::Curator, json!({"action": "claim"})).await;
        go(
            Who::Curator,
            json!({"action": "reject", "reason": "stage_too_early"}),
        )
        .await;
        // What was queued and went on since isn't sent any more.
        assert_eq!(post.send().await, 2);
        let rejected = post.to("dana@mail.example").pop().unwrap();
        assert!(has(&rejected, "25 בדצמבר 2026"), "{}", rejected.text);
        post.advance(TimeDelta::days(31));
        go(Who::Dana, json!({"action": "submit"})).await;
        for action in ["claim", "approve", "publish"] {
            go(Who::Curator, json!({"action": action})).await;
        }
        post.send().await;
        let mails = post.to("dana@mail.example");
        assert_eq!(mails.len(), 4);
        assert!(has(&mails[3], "25 במרץ 2027"), "{}", mails[3].text);
        // Publishing again after a pause is no news.
        go(Who::Dana, json!({"action": "pause"})).await;
        go(Who::Dana, json!({"action": "publish"})).await;
        assert_eq!(post.send().await, 0);
    });
}

#[test]
fn whoever_has_to_confirm_is_told_twice_and_once_it_is_too_late() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.let_come("confirmations").await;
        // The profile counts until 22 February, a Monday.
        post.at("2027-02-07T07:00:00Z");
        assert_eq!(post.strike().await, 0);
        for day in ["08", "09", "14", "18"] {
            post.at(&format!("2027-02-{day}T07:00:00Z"));
            post.strike().await;
        }
        assert_eq!(post.to("dana@mail.example").len(), 1);
        post.at("2027-02-21T07:00:00Z");
        assert_eq!(post.strike().await, 1);
        post.at("2027-02-23T07:00:00Z");
        assert_eq!(post.strike().await, 1);
        let mails = post.to("dana@mail.example");
        assert!(mails[..2].iter().all(|mail| has(mail, "22 בפברואר 2027")));
        assert!(!has(&mails[2], "22 בפברואר 2027"));
        // The mandate counts until 23 May.
        post.at("2027-05-20T05:00:00Z");
        post.strike().await;
        assert_eq!(post.to("gul@mail.example").len(), 1);
        post.at("2027-05-24T05:00:00Z");
        post.strike().await;
        let told = post.to("gul@mail.example");
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|mail| has(mail, "Water")));
        let publish = json!({"action": "publish"});
        let mandate = format!("/v1/mandates/{}", post.stage.mandate.id);
        post.stage.go(Who::Gul, &mandate, publish).await.expect(200);
        assert_eq!(post.send().await, 0);
    });
}

#[test]
fn an_investor_hears_of_its_review_and_of_what_it_has_to_confirm() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let route = "/v1/investor-profiles";
        let made = stage.post(Who::Gul, route, investors::whole()).await;
        let profile = made.location.clone().unwrap();
        made.expect(201);
        let go = async |who, body: Value| stage.go(who, &profile, body).await.expect(200);
        go(Who::Gul, json!({"action": "submit"})).await;
        post.send().await;
        let received = post.to("gul@mail.example").pop().unwrap();
        assert!(has(&received, "1 dekabr 2026"), "{}", received.text);
        let number = profile.rsplit('/').next().unwrap();
        assert!(has(&received, number), "{}", received.text);
        go(Who::Curator, json!({"action": "claim"})).await;
        let ask = json!({"action": "request_changes", "comments": [
            {"pointer": "/about/en", "comment": "Which stages?"}]});
        go(Who::Curator, ask).await;
        post.send().await;
        let changes = post.to("gul@mail.example").pop().unwrap();
        assert!(has(&changes, "haqqında: Which stages?"), "{}", changes.text);
        go(Who::Gul, json!({"action": "submit"})).await;
        go(Who::Curator, json!({"action": "claim"})).await;
        let no = json!({"action": "reject", "reason": "thesis_mismatch"});
        go(Who::Curator, no).await;
        post.send().await;
        let rejected = post.to("gul@mail.example").pop().unwrap();
        assert!(has(&rejected, "25 dekabr 2026"), "{}", rejected.text);
        post.advance(TimeDelta::days(31));
        for (who, action) in [
            (Who::Gul, "submit"),
            (Who::Curator, "claim"),
            (Who::Curator, "approve"),
            (Who::Curator, "publish"),
        ] {
            go(who, json!({"action": action})).await;
        }
        post.send().await;
        let mails = post.to("gul@mail.example");
        // What was queued and went on since isn't sent any more.
        assert_eq!(mails.len(), 4);
        assert!(has(&mails[3], "23 iyun 2027"), "{}", mails[3].text);
        assert!(has(&mails[3], "mandatınızla yanaşı"), "{}", mails[3].text);
        // Publishing again after a pause is no news.
        go(Who::Gul, json!({"action": "pause"})).await;
        go(Who::Curator, json!({"action": "publish"})).await;
        assert_eq!(post.send().await, 0);

        post.let_come("confirmations").await;
        let own = |mails: Vec<Mail>| {
            let about = mails.into_iter().filter(|mail| has(mail, number));
            about.collect::<Vec<_>>()
        };
        for (day, told) in [("2027-06-10", 5), ("2027-06-11", 5), ("2027-06-21", 6)] {
            post.at(&format!("{day}T05:00:00Z"));
            post.strike().await;
            assert_eq!(own(post.to("gul@mail.example")).len(), told, "{day}");
        }
        post.at("2027-06-24T05:00:00Z");
        post.strike().await;
        let mails = own(post.to("gul@mail.example"));
        assert_eq!(mails.len(), 7);
        for reminder in &mails[4..6] {
            assert!(has(reminder, "23 iyun 2027"), "{}", reminder.text);
        }
        assert!(has(&mails[6], "göstərilmir"), "{}", mails[6].text);
    });
}

#[test]
fn a_month_is_told_without_small_numbers_and_with_what_was_shared() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        post.let_come("statuses").await;
        let introduction = stage.introduction(Who::Dana).await;
        post.send().await;
        let no = json!({"action": "decline", "reason": "valuation", "share_reason": true});
        stage.go(Who::Gul, &introduction, no).await.expect(200);
        post.send().await;
        let before = post.mails().len();
        // The first of December is a working day in Israel.
        post.at("2026-12-01T06:59:59Z");
        assert_eq!(post.strike().await, 0);
        post.at("2026-12-01T07:00:00Z");
        assert_eq!(post.strike().await, 1);
        assert_eq!(post.strike().await, 0);
        let mails = post.mails();
        assert_eq!(mails.len(), before + 1);
        let status = mails.last().unwrap();
        assert_eq!(status.to, ["<dana@mail.example>"]);
        for part in ["נובמבר 2026", "פחות מ־3", "Water bridge", "הערכת השווי: 1"]
        {
            assert!(has(status, part), "{part} in {}", status.text);
        }
        assert!(!has(status, "Khazar") && !has(status, "gul"));
        // In words, by the reason, and not by its code.
        assert!(!has(status, "valuation"), "{}", status.text);
    });
}

#[test]
fn the_operators_people_hear_of_their_work_when_there_is_any() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        post.let_come("work").await;
        post.at("2026-11-25T09:00:00Z");
        post.strike().await;
        let quiet = post.to("curator@mail.example").len();
        let matched = stage.matched().await;
        post.at("2026-11-26T09:00:00Z");
        post.strike().await;
        assert_eq!(post.strike().await, 0);
        let told = post.to("curator@mail.example");
        assert_eq!(told.len(), quiet + 1);
        let last = told.last().unwrap();
        assert!(has(last, "Matches to release: 1"), "{}", last.text);
        assert!(has(last, "25 November 2026"), "{}", last.text);
        assert!(!has(last, STARTUP));
        // Israel rests on Friday and Saturday.
        let rest = post.mails().len();
        for day in ["27", "28"] {
            post.at(&format!("2026-11-{day}T10:00:00Z"));
            post.strike().await;
        }
        assert_eq!(post.mails().len(), rest);
        post.at("2026-11-29T08:00:00Z");
        post.strike().await;
        jobs_queued_then_done(&post, &matched).await;
    });
}

/// One thing to do that stands for several records counts for as many.
#[test]
fn tags_without_labels_are_counted_in_what_the_operators_people_hear() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        post.let_come("work").await;
        for slug in ["desalting", "dew_traps"] {
            let tag = json!({
                "slug": slug,
                "kind": "tag",
                "parent": "water",
                "labels": {"en": {"text": slug}, "ru": {"text": format!("{slug} (ru)")}},
            });
            stage.post(Who::Curator, "/v1/tags", tag).await.expect(201);
        }
        post.at("2026-11-26T09:00:00Z");
        post.strike().await;
        let told = post.to("curator@mail.example");
        let last = told.last().unwrap();
        assert!(has(last, "Tags that lack labels: 2"), "{}", last.text);
    });
}

/// What was done between queueing and sending isn't told.
async fn jobs_queued_then_done(post: &Post, matched: &str) {
    post.at("2026-11-29T09:00:00Z");
    corridor::jobs::clock::strike(&post.stage.context)
        .await
        .unwrap();
    let release = json!({"action": "release", "to": "both"});
    post.stage
        .go(Who::Curator, matched, release)
        .await
        .expect(200);
    let id = matched.rsplit('/').next().unwrap();
    let ask = json!({"match": id, "blurb": BLURB});
    post.stage
        .post(Who::Dana, "/v1/introductions", ask)
        .await
        .expect(201);
    post.send().await;
    let queue = post.queue().await;
    let work = queue.iter().rfind(|it| it.intent_key.starts_with("work:"));
    let work = work.unwrap();
    assert_eq!(work.state, State::Done);
    assert_eq!(work.last_error.as_deref(), Some("nothing_waits"));
}

#[test]
fn who_ends_a_record_ends_what_is_open_of_it_with_a_word_to_all() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Dana).await;
        post.send().await;
        let before = ["dana@mail.example", "gul@mail.example"].map(|to| post.to(to).len());
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let act = |action: &str| json!({ "action": action });
        // A pause leaves alone what runs.
        let paused = stage.go(Who::Gul, &mandate, act("pause")).await;
        paused.expect(200);
        assert_eq!(post.status(&introduction).await, "asking_first");
        let ended = stage.go(Who::Gul, &mandate, act("withdraw")).await;
        assert_eq!(ended.expect(200)["status"], "withdrawn");
        assert_eq!(post.status(&introduction).await, "withdrawn");
        assert_eq!(post.send().await, 2);
        let told = ["dana@mail.example", "gul@mail.example"].map(|to| post.to(to));
        assert_eq!(told.each_ref().map(Vec::len), before.map(|count| count + 1));
        assert!(
            !has(told[0].last().unwrap(), "Khazar"),
            "no name without a yes"
        );
        // Whoever asked didn't take it back, and isn't told so.
        let told = told[0].last().unwrap();
        assert!(has(told, "לא נענתה בחיוב"), "{}", told.text);
        assert!(!has(told, "מי שהגיש"), "{}", told.text);
        // Nobody is asked or reminded any more.
        post.advance(TimeDelta::days(7));
        assert_eq!(remind_due(&stage.context).await.unwrap(), 0);
        let late = stage.go(Who::Gul, &introduction, act("accept")).await;
        assert!(late.status >= 400, "{}", late.text);
    });
}
