//! What the person asked gets and may do: reminders in the mornings of their
//! own working days, passing on, reporting abuse, and a mail when it is over.

use chrono::{DateTime, TimeDelta, Utc};
use corridor::auth::link::LinkToken;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::introduction::{Ask, AskState};
use corridor::jobs::clock;
use mail_parser::{Message, MessageParser};
use serde_json::json;

use super::Post;
use crate::api::stage::{BLURB, INVESTOR, STARTUP, Stage, Who, of};
use crate::support::database::on_each_backend;

impl Post {
    /// Moves the clock to that instant.
    pub(super) fn at(&self, instant: &str) {
        let then: DateTime<Utc> = of(instant);
        self.advance(then - self.now());
    }

    /// Lets the clock strike and the sender send; answers how many mails came.
    pub(super) async fn strike(&self) -> usize {
        let before = self.server.received().len();
        clock::strike(&self.stage.context).await.unwrap();
        self.send().await;
        self.server.received().len() - before
    }
}

fn parse(bytes: &[u8]) -> Message<'_> {
    MessageParser::new().parse(bytes).unwrap()
}

/// The newest question of an introduction.
async fn newest_ask(stage: &Stage, introduction: &str) -> Ask {
    let id = of(introduction.rsplit('/').next().unwrap());
    let asks = move |conn: &mut Conn| db::introductions::asks(conn, id);
    stage.context.db.read(asks).await.unwrap().pop().unwrap()
}

#[test]
fn the_person_asked_is_reminded_in_the_morning_of_their_working_days() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        // Tuesday in Baku; Saturday and Sunday are free there, Friday is not.
        let introduction = post.stage.introduction(Who::Dana).await;
        post.send().await;
        for (instant, mails) in [
            ("2026-11-27T04:59:59Z", 0),
            ("2026-11-27T05:00:00Z", 1),
            ("2026-11-28T05:00:00Z", 0),
            ("2026-12-02T04:59:59Z", 0),
            ("2026-12-02T05:00:00Z", 1),
            ("2026-12-07T05:00:00Z", 0),
        ] {
            post.at(instant);
            assert_eq!(post.strike().await, mails, "{instant}");
            assert_eq!(post.strike().await, 0, "once");
        }
        let received = post.server.received();
        let (asked, reminded) = (parse(&received[0].content), parse(&received[1].content));
        assert_eq!(reminded.in_reply_to().as_text(), asked.message_id());
        assert_eq!(reminded.references().as_text(), asked.message_id());
        assert!(reminded.subject().unwrap().contains("Xatırlatma"));
        assert!(
            received
                .iter()
                .all(|mail| mail.to == ["<gul@mail.example>"])
        );

        // The tenth working day ends, and both are told, politely.
        post.at("2026-12-08T19:59:58Z");
        assert_eq!(post.strike().await, 0);
        post.at("2026-12-08T20:00:00Z");
        assert_eq!(post.strike().await, 2);
        assert_eq!(post.status(&introduction).await, "expired");
        let received = post.server.received();
        let mut told: Vec<_> = received[3..].iter().flat_map(|mail| &mail.to).collect();
        told.sort();
        assert_eq!(told, ["<dana@mail.example>", "<gul@mail.example>"]);
    });
}

#[test]
fn reminders_know_sundays_holidays_and_summer_time() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let calendars = post.stage.context.calendars.clone();
        let in_jerusalem = |asked, days| {
            let zone = chrono_tz::Asia::Jerusalem;
            let at = calendars.working_hour(Some(of("IL")), zone, of(asked), days, 9);
            at.to_rfc3339()
        };
        // Thursday; Friday is free, Rosh Hashana is Saturday and Sunday, and
        // Yom Kippur the Monday of the week after.
        let asked = "2026-09-10T08:00:00Z";
        assert_eq!(in_jerusalem(asked, 3), "2026-09-16T06:00:00+00:00");
        assert_eq!(in_jerusalem(asked, 6), "2026-09-22T06:00:00+00:00");
        // Summer time ends on Sunday, 25 October, which is a working day.
        let asked = "2026-10-21T08:00:00Z";
        assert_eq!(in_jerusalem(asked, 1), "2026-10-22T06:00:00+00:00");
        assert_eq!(in_jerusalem(asked, 2), "2026-10-25T07:00:00+00:00");
        // Wednesday; Novruz is from Saturday to Wednesday, 20 to 24 March.
        let baku = chrono_tz::Asia::Baku;
        let asked = of("2027-03-17T08:00:00Z");
        let reminded = calendars.working_hour(Some(of("AZ")), baku, asked, 3, 9);
        assert_eq!(reminded.to_rfc3339(), "2027-03-25T05:00:00+00:00");
    });
}

#[test]
fn a_question_passed_on_to_an_address_is_answered_there_and_only_there() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Dana).await;
        post.send().await;
        let old = stage.question(&introduction).await;
        let pass_on = |address| {
            [
                ("answer", "delegate"),
                ("delegate_email", address),
                ("name", "Gul"),
            ]
        };
        // Not to oneself, not to the other side, not to nobody.
        for (address, fault) in [
            ("gul@mail.example", "delegate_email"),
            ("dana@mail.example", "delegate_email"),
            ("nobody", "delegate_email"),
        ] {
            let refused = stage.submit(&old, &pass_on(address)).await;
            assert_eq!(refused.status, 422, "{address}");
            assert!(refused.text.contains(&format!("id=\"{fault}-fault\"")));
        }
        let passed = stage.submit(&old, &pass_on("leyla@fund.example")).await;
        assert_eq!(passed.status, 303, "{}", passed.text);
        let closed = stage.open(&old).await;
        assert!(!closed.text.contains("<form"));
        assert!(closed.text.contains("ötürüldü"), "{}", closed.text);
        let late = stage
            .submit(&old, &[("answer", "accept"), ("name", "Gul")])
            .await;
        assert_eq!(late.status, 409);

        post.send().await;
        let received = post.server.received();
        let mail = received.last().unwrap();
        assert_eq!(mail.to, ["<leyla@fund.example>"]);
        let text = parse(&mail.content).body_text(0).unwrap().into_owned();
        assert!(text.contains(INVESTOR), "who named the reader: {text}");
        assert!(!text.contains("@mail.example"));

        let new = stage.question(&introduction).await;
        let yes = [
            ("answer", "accept"),
            ("name", "Leyla Aliyeva"),
            ("role", "Partner"),
        ];
        assert_eq!(stage.submit(&new, &yes).await.status, 303);
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        let received = post.server.received();
        let connecting = received.iter().filter(|mail| mail.connects());
        let mut connected: Vec<_> = connecting.flat_map(|mail| mail.to.clone()).collect();
        connected.sort();
        assert_eq!(connected, ["<dana@mail.example>", "<leyla@fund.example>"]);
        let text = parse(&received.last().unwrap().content);
        assert!(text.body_text(0).unwrap().contains("Leyla Aliyeva"));
    });
}

#[test]
fn passing_on_over_the_api_reaches_a_colleague_and_comes_to_an_end() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Dana).await;
        let to = |address: String| json!({"action": "delegate", "delegate_email": address});
        let both = json!({"action": "delegate", "delegate_email": "a@b.example",
                          "delegate_person": stage.user(Who::Gul).id.to_string()});
        stage.go(Who::Gul, &introduction, both).await.expect(422);
        let stranger = json!({"action": "delegate",
                              "delegate_person": stage.user(Who::Stranger).id.to_string()});
        let refused = stage.go(Who::Gul, &introduction, stranger).await;
        assert_eq!(refused.code(409), "delegate_cannot_be_asked");
        for number in 0..3 {
            let address = format!("partner{number}@fund.example");
            stage
                .go(Who::Gul, &introduction, to(address))
                .await
                .expect(200);
        }
        let again = stage
            .go(Who::Gul, &introduction, to("x@fund.example".to_owned()))
            .await;
        assert_eq!(again.code(409), "passed_on_too_often");
        // The other side doesn't learn that it went round.
        stage.seal().await;
        let seen = stage
            .get(Who::Dana, &format!("{introduction}/events"))
            .await;
        assert!(!seen.text.contains("delegate"), "{}", seen.text);
        let asks = newest_ask(stage, &introduction).await;
        assert_eq!(asks.state, AskState::Open);
        let least = stage.context.now() + TimeDelta::days(2);
        assert!(asks.expires_at > least);
    });
}

#[test]
fn reported_abuse_ends_it_keeps_both_apart_and_reaches_the_curators() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Dana).await;
        post.send().await;
        let page = stage.question(&introduction).await;
        let bare = [("answer", "report_abuse"), ("name", "Gul")];
        assert_eq!(stage.submit(&page, &bare).await.status, 422);
        // Who plays the part no more when it is sent hears nothing of it.
        let (user, now) = (stage.user(Who::Auditor).id, stage.context.now());
        let appoint = move |conn: &mut Conn| {
            let operator = db::users::memberships(conn, user)?[0].organization;
            db::users::insert_membership(conn, user, operator, Role::Curator, now)?;
            Ok::<_, db::Error>(operator)
        };
        let operator = stage.context.db.write(appoint).await.unwrap();
        let report = [bare[0], bare[1], ("note", "They threatened us.")];
        assert_eq!(stage.submit(&page, &report).await.status, 303);
        let dismiss = move |conn: &mut Conn| {
            db::users::remove_membership(conn, user, operator, Role::Curator)
        };
        assert!(stage.context.db.write(dismiss).await.unwrap());
        assert_eq!(post.status(&introduction).await, "declined");
        post.send().await;
        let received = post.server.received();
        let told: Vec<_> = received[1..].iter().flat_map(|mail| &mail.to).collect();
        for who in ["dana", "curator", "compliance", "secondcompliance"] {
            let address = format!("<{who}@mail.example>");
            assert!(told.contains(&&address), "{who}: {told:?}");
        }
        assert_eq!(told.len(), 4);
        let kept = post.queue().await.into_iter();
        let alerts = kept.filter(|message| message.intent_key.starts_with("alert:"));
        let kept: Vec<_> = alerts.filter_map(|message| message.last_error).collect();
        assert_eq!(kept, ["no_recipient"]);
        // Who asked reads that it was not taken up, and nothing of a report.
        let to_dana = received
            .iter()
            .find(|mail| mail.to == ["<dana@mail.example>"]);
        let text = parse(&to_dana.unwrap().content)
            .body_text(0)
            .unwrap()
            .into_owned();
        assert!(
            !text.contains("threat") && !text.contains(INVESTOR),
            "{text}"
        );
        let seen = stage.get(Who::Dana, &introduction).await;
        assert!(!seen.text.contains("abuse"), "{}", seen.text);
        let curator = stage.get(Who::Curator, &introduction).await.expect(200);
        assert_eq!(curator["answers"][0]["answer"], "report_abuse");
        let id = (stage.startup.id, stage.investor.id);
        let apart = move |conn: &mut Conn| db::blocks::exists(conn, id.0, id.1);
        assert!(stage.context.db.read(apart).await.unwrap());
    });
}

#[test]
fn a_side_that_said_yes_hears_that_it_came_to_nothing() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let matched = stage.released().await;
        let made = stage
            .request_introduction(Who::Curator, &matched, BLURB)
            .await;
        let introduction = made.location.clone().unwrap();
        post.accept(Who::Dana, &introduction).await;
        let no = json!({"action": "decline", "reason": "valuation"});
        stage.go(Who::Gul, &introduction, no).await.expect(200);
        post.send().await;
        let received = post.server.received();
        let closing: Vec<_> = received.iter().rev().take(2).collect();
        let mut told: Vec<_> = closing.iter().flat_map(|mail| mail.to.clone()).collect();
        told.sort();
        assert_eq!(told, ["<curator@mail.example>", "<dana@mail.example>"]);
        for mail in closing {
            let text = parse(&mail.content).body_text(0).unwrap().into_owned();
            assert!(
                !text.contains(INVESTOR) && !text.contains(STARTUP),
                "{text}"
            );
        }
    });
}

/// The link of a question that is put to somebody, as its mail carries it.
#[test]
fn the_link_of_a_passed_on_question_outlives_none_but_its_own() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let first = newest_ask(&stage, &introduction).await;
        let to = json!({"action": "delegate", "delegate_email": "leyla@fund.example"});
        stage.go(Who::Gul, &introduction, to).await.expect(200);
        let second = newest_ask(&stage, &introduction).await;
        assert_ne!(first.id, second.id);
        for ask in [&first, &second] {
            let token = LinkToken {
                ask: ask.id,
                expires_at: ask.expires_at,
            };
            let page = format!("/consent/{}", stage.context.links.mint(&token).unwrap());
            let answer = stage
                .submit(&page, &[("answer", "need_more_time"), ("name", "L")])
                .await;
            let expected = if ask.id == first.id { 409 } else { 303 };
            assert_eq!(answer.status, expected);
        }
    });
}
