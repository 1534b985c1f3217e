//! A time to meet: proposed with the mail that connects, moved and called off
//! by mails of its own, by the clocks of both.

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::bounce::BounceOutcome;
use corridor::mail::bounce;
use corridor::services::bounces::{self, Taken};
use mail_parser::{MessageParser, MimeHeaders as _};
use serde_json::{Value, json};

use super::letters::{all_of, assert_nothing_of, id_of, secrets};
use super::obsolete::{freeze, lift};
use super::{Post, make_administrator};
use crate::api::stage::{Answer, BLURB, Who};
use crate::support::database::on_each_backend;
use crate::support::smtp::Received;

/// What a calendar reads: the method of the part, and the lines.
fn calendar(mail: &Received) -> Option<(String, Vec<String>)> {
    let parsed = MessageParser::new().parse(&mail.content).unwrap();
    let part = parsed.parts.iter().find(|part| {
        let kind = part.content_type();
        kind.is_some_and(|kind| kind.subtype() == Some("calendar"))
    })?;
    let method = part.content_type().unwrap().attribute("method").unwrap();
    let text = String::from_utf8(part.contents().to_vec()).unwrap();
    let text = text.replace("\r\n ", "").replace("\n ", "");
    Some((method.to_owned(), text.lines().map(str::to_owned).collect()))
}

fn value(lines: &[String], name: &str) -> String {
    let line = lines.iter().find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("{name} in {lines:?}"));
    line[name.len()..].to_owned()
}

fn text(mail: &Received) -> String {
    let parsed = MessageParser::new().parse(&mail.content).unwrap();
    parsed.body_text(0).unwrap().into_owned()
}

impl Post {
    /// Dana asks and offers a Sunday and a Tuesday; Gül offers that Tuesday on
    /// her page and agrees.
    async fn agreed_on_a_time(&self) -> String {
        let stage = &self.stage;
        let matched = stage.released().await;
        let matched = matched.rsplit('/').next().unwrap();
        // The first is a day off in Azerbaijan, the second in Israel.
        let slots = json!([
            {"starts_at": "2026-11-29T10:00:00+02:00", "minutes": 60},
            {"starts_at": "2026-12-01T10:00:00+02:00", "minutes": 60},
        ]);
        let body = json!({"match": matched, "blurb": BLURB, "slots": slots});
        let made = stage.post(Who::Dana, "/v1/introductions", body).await;
        let introduction = made.location.clone().unwrap();
        let made = made.expect(201);
        assert_eq!(made["slots"].as_array().unwrap().len(), 2);
        assert!(made.get("meeting").is_none());
        self.send().await;
        let page = stage.question(&introduction).await;
        let asked = stage.get(Who::Gul, &introduction).await.expect(200);
        assert_eq!(asked["slots"], json!([]), "not before both have agreed");
        let form = [
            ("answer", "accept"),
            ("name", "Gül"),
            ("slot_1", "2026-12-01T12:30"),
            ("slot_minutes", "30"),
        ];
        assert_eq!(stage.submit(&page, &form).await.status, 303);
        introduction
    }

    async fn offer(&self, who: Who, introduction: &str, slots: Value) -> Answer {
        let path = format!("{introduction}/slots");
        let request = self
            .stage
            .request(who, "PUT", &path)
            .header("If-Match", "*");
        let body = json!({"slots": slots});
        Answer::of(request.json(&body).send().await.unwrap()).await
    }

    /// The mails that came since, each with what a calendar reads.
    async fn told(&self) -> Vec<(Received, String, Vec<String>)> {
        let before = self.server.received().len();
        self.send().await;
        let all = self.server.received().split_off(before);
        all.into_iter()
            .map(|mail| {
                let (method, lines) = calendar(&mail).expect("an invitation");
                (mail, method, lines)
            })
            .collect()
    }
}

#[test]
fn the_mail_that_connects_proposes_a_time_that_both_offer_by_the_clocks_of_both() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed_on_a_time().await;
        for mail in post.server.received() {
            assert!(calendar(&mail).is_none(), "nothing before both agreed");
            let whole = all_of(&mail);
            assert!(!whole.contains("2026-12-01") && !whole.contains("20261201"));
        }
        let told = post.told().await;
        assert_eq!(told.len(), 2);
        let id = introduction.rsplit('/').next().unwrap();
        for (mail, method, lines) in &told {
            assert!(mail.connects());
            assert_eq!(method, "REQUEST");
            assert_eq!(value(lines, "METHOD:"), "REQUEST");
            let uid = value(lines, "UID:");
            assert!(uid.starts_with(&format!("introduction-{id}@")), "{uid}");
            assert_eq!(value(lines, "SEQUENCE:"), "0");
            assert_eq!(value(lines, "DTSTART:"), "20261201T083000Z");
            assert_eq!(value(lines, "DTEND:"), "20261201T090000Z");
            let invited: Vec<_> = lines
                .iter()
                .filter(|it| it.starts_with("ATTENDEE"))
                .collect();
            assert_eq!(invited.len(), 2);
            assert!(
                invited[0].ends_with("mailto:dana@mail.example"),
                "{invited:?}"
            );
            assert!(
                invited[1].contains("RSVP=TRUE") && invited[1].contains("PARTSTAT=NEEDS-ACTION")
            );
            let organizer = value(lines, "ORGANIZER");
            assert!(
                organizer.contains("Water bridge")
                    && organizer.ends_with("mailto:intro@corridor.example")
            );
            for whole in [text(mail), value(lines, "DESCRIPTION:")] {
                assert!(
                    whole.contains("10:30 (UTC+2)") && whole.contains("12:30 (UTC+4)"),
                    "{whole}"
                );
                assert!(!whole.contains("day off"), "{whole}");
            }
            // The Sunday stands there as another time.
            assert!(text(mail).contains("29 November 2026, 10:00 (UTC+2)"));
        }
        assert_eq!(told[0].0.content, told[1].0.content);
        for who in [Who::Dana, Who::Gul] {
            let seen = post.stage.get(who, &introduction).await.expect(200);
            assert_eq!(seen["meeting"]["starts_at"], "2026-12-01T08:30:00.000000Z");
            assert_eq!(seen["slots"].as_array().unwrap().len(), 3);
            assert_eq!(seen["slots"][0]["days_off"], json!(["investor"]));
        }
    });
}

/// The investor's person.
const GUL: &str = "gul@mail.example";

/// That the startup's person answers for her, as anybody can write.
const BY_DANA: &str = "DECLINED;SENT-BY=\"mailto:dana@mail.example\"";

/// A letter as a calendar sends it.
fn reply(from: &str, attendee: &str, uid: &str, said: (&str, &str, u32)) -> String {
    let (method, status, sequence) = said;
    format!(
        "From: <{from}>\r\nTo: intro@corridor.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/calendar; charset=utf-8; method={method}\r\n\r\n\
         BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\n\
         UID:{uid}\r\nSEQUENCE:{sequence}\r\nDTSTAMP:20261101T080000Z\r\n\
         DTSTART;TZID=Azerbaijan Standard Time:20261203T140000\r\n\
         DTEND;TZID=Azerbaijan Standard Time:20261203T144500\r\n\
         ATTENDEE;PARTSTAT={status}:mailto:{attendee}\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

impl Post {
    /// Reads a letter out of the mailbox; what became of it, and what is on
    /// record of that.
    async fn comes_back(&self, letter: &str) -> (Vec<Taken>, String) {
        let read = bounce::read(letter.as_bytes());
        let taken = bounces::take(&self.stage.context, vec![read]).await;
        let list = self
            .stage
            .get(Who::Curator, "/v1/bounces")
            .await
            .expect(200);
        let last = list["items"].as_array().unwrap().last().unwrap().clone();
        (
            taken.unwrap(),
            last["diagnostic"].as_str().unwrap().to_owned(),
        )
    }

    /// Nobody answers for somebody else, nor about another meeting.
    async fn hears_nobody_else(&self, uid: &str) {
        let no_meeting = uid.replace("introduction-", "party-");
        for (letter, why) in [
            (
                reply("eve@mail.example", GUL, uid, ("REPLY", "DECLINED", 0)),
                "not_invited",
            ),
            (
                reply(
                    "eve@mail.example",
                    "eve@mail.example",
                    uid,
                    ("REPLY", "DECLINED", 0),
                ),
                "not_invited",
            ),
            (
                reply("dana@mail.example", GUL, uid, ("REPLY", BY_DANA, 0)),
                "not_invited",
            ),
            (
                reply(GUL, GUL, &no_meeting, ("REPLY", "DECLINED", 0)),
                "no_meeting",
            ),
        ] {
            let (taken, on_record) = self.comes_back(&letter).await;
            assert_eq!(taken, [Taken::New(BounceOutcome::Ignored)], "{why}");
            assert_eq!(on_record, format!("calendar: declined, not heard: {why}"));
        }
    }

    async fn answers(&self, introduction: &str) -> Value {
        let seen = self.stage.get(Who::Dana, introduction).await.expect(200);
        seen["meeting"]["answers"].clone()
    }
}

#[test]
fn what_calendars_answer_is_in_the_meetings_record_and_says_why_where_it_does_not_count() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed_on_a_time().await;
        let (_, _, lines) = post.told().await.remove(0);
        let uid = value(&lines, "UID:");
        assert_eq!(post.answers(&introduction).await, json!([]));
        let answered = vec![Taken::New(BounceOutcome::Answered)];
        let ignored = vec![Taken::New(BounceOutcome::Ignored)];

        let yes = reply(GUL, GUL, &uid, ("REPLY", "ACCEPTED", 0));
        let before = post.stage.get(Who::Dana, &introduction).await.etag;
        assert_eq!(
            post.comes_back(&yes).await,
            (answered.clone(), "calendar: accepted".to_owned())
        );
        assert_ne!(post.stage.get(Who::Dana, &introduction).await.etag, before);
        let said = json!([{"side": "investor", "answer": "accepted", "at": "2026-11-01T08:00:00.000000Z"}]);
        assert_eq!(post.answers(&introduction).await, said);
        let (again, _) = post.comes_back(&yes).await;
        assert_eq!(again, [Taken::Repeated]);

        post.hears_nobody_else(&uid).await;
        assert_eq!(post.answers(&introduction).await, said);
        // Whoever answers for the same firm may do so here, too.
        post.colleague().await;
        let by = "TENTATIVE;SENT-BY=\"mailto:stranger@mail.example\"";
        let by = reply("stranger@mail.example", GUL, &uid, ("REPLY", by, 0));
        assert_eq!(post.comes_back(&by).await.0, answered);
        assert_eq!(post.answers(&introduction).await[0]["answer"], "tentative");

        // A provider hands on what its own reader made of the letter.
        let counter = reply(GUL, GUL, &uid, ("COUNTER", "TENTATIVE", 0));
        let (_, calendar) = counter.split_once("\r\n\r\n").unwrap();
        let mut body = json!({"event": "calendar_reply", "recipient": GUL, "calendar": calendar});
        make_administrator(&post, Who::Auditor).await;
        let path = "/v1/bounces";
        let made = post
            .stage
            .post(Who::Auditor, path, body.clone())
            .await
            .expect(201);
        assert_eq!(made["outcome"], "answered");
        let other = json!([{
            "side": "investor", "answer": "countered", "at": "2026-11-01T08:00:00.000000Z",
            "proposed_at": "2026-12-03T10:00:00.000000Z", "proposed_minutes": 45,
        }]);
        assert_eq!(post.answers(&introduction).await, other);
        body["calendar"] = json!("BEGIN:VCALENDAR");
        for (wrong, code) in [
            (body, "not_a_calendar_reply"),
            (
                json!({"event": "calendar_reply", "recipient": GUL}),
                "required",
            ),
            (
                json!({"event": "failed", "recipient": GUL, "message_id": "<1@x>", "calendar": "x"}),
                "not_both",
            ),
        ] {
            let refused = post.stage.post(Who::Auditor, path, wrong).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], "#/calendar", "{refused}");
            assert_eq!(refused["errors"][0]["code"], code);
        }
        post.stage.seal().await;
        let page = |conn: &mut Conn| db::events::page(conn, 0, 1_000);
        let events = post.stage.context.db.read(page).await.unwrap();
        let kinds = events.iter().map(|event| event.kind.as_str());
        let heard = kinds.filter(|kind| *kind == "introduction.meeting_answered");
        assert_eq!(heard.count(), 3);

        // Moved, it is open again, and what answers the earlier time is late.
        let friday = json!([{"starts_at": "2026-12-04T10:00:00+02:00", "minutes": 45}]);
        post.offer(Who::Gul, &introduction, json!([]))
            .await
            .expect(200);
        post.offer(Who::Dana, &introduction, friday)
            .await
            .expect(200);
        assert_eq!(post.answers(&introduction).await, json!([]));
        let late = reply(GUL, GUL, &uid, ("REPLY", "DECLINED", 0));
        let (taken, why) = post.comes_back(&late).await;
        assert_eq!(
            (taken, &*why),
            (ignored, "calendar: declined, not heard: outdated")
        );
        let moved = reply(GUL, GUL, &uid, ("REPLY", "DECLINED", 1));
        assert_eq!(post.comes_back(&moved).await.0, answered);
        assert_eq!(post.answers(&introduction).await[0]["answer"], "declined");
    });
}

#[test]
fn a_change_is_told_to_both_under_the_next_sequence_and_an_end_calls_it_off() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed_on_a_time().await;
        let connecting = post.told().await.remove(0);
        // A time that nobody else offers moves nothing.
        let more = json!([
            {"starts_at": "2026-12-01T12:30:00+04:00", "minutes": 30},
            {"starts_at": "2026-12-02T12:30:00+04:00", "minutes": 30},
        ]);
        post.offer(Who::Gul, &introduction, more).await.expect(200);
        assert!(post.told().await.is_empty());
        // A Friday is all that is left of Dana's, and Gül's are gone.
        let friday = json!([{"starts_at": "2026-12-04T10:00:00+02:00", "minutes": 45}]);
        post.offer(Who::Gul, &introduction, json!([]))
            .await
            .expect(200);
        assert!(post.told().await.is_empty(), "Dana still offers it");
        let seen = post
            .offer(Who::Dana, &introduction, friday)
            .await
            .expect(200);
        assert_eq!(seen["meeting"]["sequence"], 1);
        let moved = post.told().await;
        let to: Vec<_> = moved.iter().map(|(mail, ..)| mail.to.join(" ")).collect();
        assert_eq!(to, ["<dana@mail.example>", "<gul@mail.example>"]);
        for (mail, method, lines) in &moved {
            assert_eq!((&**method, &*value(lines, "SEQUENCE:")), ("REQUEST", "1"));
            assert_eq!(value(lines, "UID:"), value(&connecting.2, "UID:"));
            assert_eq!(value(lines, "DTSTART:"), "20261204T080000Z");
            let said = text(mail);
            assert!(
                said.contains("10:00 (UTC+2)") && said.contains("12:00 (UTC+4)"),
                "{said}"
            );
            assert!(said.contains("day off") && value(lines, "DESCRIPTION:").contains("day off"));
            let parsed = MessageParser::new().parse(&mail.content).unwrap();
            assert_eq!(parsed.in_reply_to().as_text(), Some(&*id_of(&connecting.0)));
        }
        assert_ne!(moved[0].0.from, moved[1].0.from);
        // Gone before it was told is told once.
        post.stage
            .go(Who::Gul, &introduction, json!({"action": "close"}))
            .await
            .expect(200);
        let before = post.server.received().len();
        post.send().await;
        let all = post.server.received().split_off(before);
        let cancelled: Vec<_> = all.iter().filter_map(calendar).collect();
        assert_eq!(cancelled.len(), 2);
        for (method, lines) in &cancelled {
            assert_eq!((&**method, &*value(lines, "METHOD:")), ("CANCEL", "CANCEL"));
            assert_eq!(value(lines, "SEQUENCE:"), "2");
            assert_eq!(value(lines, "STATUS:"), "CANCELLED");
            assert_eq!(value(lines, "UID:"), value(&connecting.2, "UID:"));
        }
        let late = post.offer(Who::Dana, &introduction, json!([])).await;
        assert_eq!(late.code(409), "transition_not_allowed");
    });
}

#[test]
fn a_freeze_holds_what_changes_and_who_took_their_consent_back_hears_nothing() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed_on_a_time().await;
        post.told().await;
        let freeze = freeze(&post).await;
        let monday = json!([{"starts_at": "2026-12-07T10:00:00+02:00", "minutes": 45}]);
        post.offer(Who::Gul, &introduction, json!([]))
            .await
            .expect(200);
        post.offer(Who::Dana, &introduction, monday)
            .await
            .expect(200);
        assert!(post.told().await.is_empty(), "held");
        lift(&post, freeze).await;
        // Of two changes meanwhile the last one is told.
        let tuesday = json!([{"starts_at": "2026-12-08T10:00:00+02:00", "minutes": 45}]);
        post.offer(Who::Dana, &introduction, tuesday)
            .await
            .expect(200);
        post.advance(TimeDelta::hours(1));
        let told = post.told().await;
        assert_eq!(told.len(), 2);
        assert_eq!(value(&told[0].2, "SEQUENCE:"), "2");
        assert_eq!(value(&told[0].2, "DTSTART:"), "20261208T080000Z");
        // A consent that is taken back calls it off.
        let list = post
            .stage
            .get(Who::Gul, "/v1/me/consents")
            .await
            .expect(200);
        let id = list["items"][0]["id"].as_str().unwrap();
        let path = format!("/v1/me/consents/{id}/withdrawal");
        let request = post.stage.request(Who::Gul, "POST", &path);
        assert_eq!(request.send().await.unwrap().status(), 200);
        let told = post.told().await;
        let [(mail, method, _)] = told.as_slice() else {
            panic!("{} mails", told.len())
        };
        assert_eq!(mail.to, ["<dana@mail.example>"]);
        assert_eq!(method, "CANCEL");
        // Alone with it, whoever answers writes to the programme, not to themselves.
        let parsed = MessageParser::new().parse(&mail.content).unwrap();
        assert!(parsed.reply_to().is_none());
    });
}

#[test]
fn times_that_have_passed_are_not_proposed_and_every_fault_is_named() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed_on_a_time().await;
        let bad = json!([{"starts_at": "2026-11-20T10:00:00Z", "minutes": 30}, {"starts_at": "x", "minutes": 1}]);
        let refused = post.offer(Who::Dana, &introduction, bad).await.expect(422);
        let pointers: Vec<_> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["pointer"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(pointers, ["#/slots/0/starts_at", "#/slots/1/starts_at"]);
        let not_theirs = post.offer(Who::Stranger, &introduction, json!([])).await;
        assert_eq!(not_theirs.status, 404);
        let curators = post.offer(Who::Curator, &introduction, json!([])).await;
        assert_eq!(curators.code(409), "only_who_agreed");
        let stale = post
            .stage
            .request(Who::Dana, "PUT", &format!("{introduction}/slots"))
            .header("If-Match", "\"v1\"")
            .json(&json!({"slots": []}))
            .send()
            .await
            .unwrap();
        assert_eq!(stale.status(), 412);
        // The mail waits for a freeze longer than until any of the times.
        let freeze = freeze(&post).await;
        post.send().await;
        post.advance(TimeDelta::days(30));
        lift(&post, freeze).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        let received = post.server.received();
        let connecting = received.iter().rfind(|mail| mail.connects()).unwrap();
        assert!(calendar(connecting).is_none(), "nothing stale");
    });
}

/// Whatever is offered, nothing of it or of the other side is in any mail
/// before both have agreed.
#[test]
fn offered_times_are_in_no_mail_before_both_agreed() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Curator).await;
        post.send().await;
        let slots = json!([{"starts_at": "2026-12-01T10:00:00+02:00", "minutes": 60}]);
        let yes = json!({"action": "accept", "slots": slots, "curator_in_copy": true});
        stage.go(Who::Dana, &introduction, yes).await.expect(200);
        post.send().await;
        let no = json!({"action": "decline", "reason": "valuation"});
        stage.go(Who::Gul, &introduction, no).await.expect(200);
        post.send().await;
        for mail in post.server.received() {
            assert!(calendar(&mail).is_none());
            let whole = all_of(&mail);
            assert!(!whole.contains("20261201") && !whole.contains("1 December"));
            if mail.to == ["<gul@mail.example>"] {
                // The startup's name is granted by its yes.
                assert_nothing_of(&mail, &secrets(&post, Who::Dana)[..2]);
            } else {
                assert_nothing_of(&mail, &secrets(&post, Who::Gul));
            }
        }
    });
}
