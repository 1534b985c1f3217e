//! After the mail that connects: how does it go, silence, and a late yes.

use corridor::db::{self, Conn};
use corridor::domain::pulse::{Pulse, PulseKind};
use corridor::domain::values::Side;
use corridor::jobs::clock;
use mail_parser::MessageParser;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::Post;
use super::obsolete::{freeze, lift};
use crate::api::stage::{INVESTOR, STARTUP, Who, of};
use crate::support::database::on_each_backend;

impl Post {
    /// An introduction whose mail went out.
    async fn connected(&self) -> String {
        let introduction = self.agreed().await;
        self.send().await;
        assert_eq!(self.status(&introduction).await, "sent");
        introduction
    }

    /// The page of the newest pulse to Dana.
    async fn pulse(&self, introduction: &str) -> (Pulse, String) {
        self.pulse_to(introduction, Side::Startup).await
    }

    /// The page of the newest pulse to a side.
    async fn pulse_to(&self, introduction: &str, side: Side) -> (Pulse, String) {
        let id = of(introduction.rsplit('/').next().unwrap());
        let list = move |conn: &mut Conn| db::introductions::pulses_of(conn, id);
        let pulses = self.stage.context.db.read(list).await.unwrap();
        let pulse = pulses.into_iter().rfind(|pulse| pulse.side == side);
        let pulse = pulse.unwrap();
        let links = &self.stage.context.links;
        let token = links.mint_pulse(pulse.id, pulse.expires_at).unwrap();
        (pulse, format!("/pulse/{token}"))
    }
}

/// That silence closed it, with whom it was, and all that is still to be asked.
fn tells_the_end(text: &str) {
    assert!(text.contains("60") && (text.contains(STARTUP) || text.contains(INVESTOR)));
    let years = ["ובעוד שנתיים", "iki il sonra"];
    assert!(years.iter().any(|it| text.contains(it)), "{text}");
}

/// Every node looks at the clock.
#[test]
fn several_nodes_ask_each_side_once() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.connected().await;
        post.at("2026-12-02T07:00:00Z");
        let mut nodes = JoinSet::new();
        for _ in 0..6 {
            let context = post.stage.context.clone();
            nodes.spawn(async move { clock::strike(&context).await });
        }
        for struck in nodes.join_all().await {
            struck.unwrap();
        }
        let id = of(introduction.rsplit('/').next().unwrap());
        let list = move |conn: &mut Conn| db::introductions::pulses_of(conn, id);
        let pulses = post.stage.context.db.read(list).await.unwrap();
        let mut sides: Vec<_> = pulses.iter().map(|pulse| pulse.side.code()).collect();
        sides.sort_unstable();
        assert_eq!(sides, ["investor", "startup"]);
        let follow_up = move |conn: &mut Conn| db::introductions::follow_up(conn, id);
        let known = post.stage.context.db.read(follow_up).await.unwrap();
        assert!(known.unwrap().next_at.is_some(), "asked again later");
    });
}

#[test]
fn both_are_asked_after_a_week_and_one_click_answers() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.connected().await;
        // A week after a Tuesday; nine o'clock of each.
        post.at("2026-12-01T08:59:59Z");
        assert_eq!(post.strike().await, 0);
        post.at("2026-12-01T09:00:00Z");
        assert_eq!(post.strike().await, 0, "their mornings are over");
        post.at("2026-12-02T05:00:00Z");
        assert_eq!(post.strike().await, 1, "Baku");
        post.at("2026-12-02T07:00:00Z");
        assert_eq!(post.strike().await, 1, "Jerusalem");
        let received = post.server.received();
        let asked: Vec<_> = received
            .iter()
            .filter(|mail| {
                let text = MessageParser::new().parse(&mail.content).unwrap();
                text.body_text(0).unwrap().contains("/pulse/")
            })
            .collect();
        assert_eq!(asked.len(), 2);
        let connecting = received.iter().find(|mail| mail.connects()).unwrap();
        let connecting = MessageParser::new().parse(&connecting.content).unwrap();
        for mail in asked {
            assert_eq!(mail.to.len(), 1);
            let mail = MessageParser::new().parse(&mail.content).unwrap();
            assert_eq!(mail.in_reply_to().as_text(), connecting.message_id());
        }

        let (pulse, page) = post.pulse(&introduction).await;
        assert_eq!(pulse.kind, PulseKind::Open);
        let shown = post.stage.open(&page).await;
        assert_eq!(shown.status, 200);
        assert!(shown.text.contains("dir=\"rtl\"") && shown.text.contains(INVESTOR));
        assert_eq!(shown.text.matches("<button").count(), 4);
        assert_eq!(
            post.status(&introduction).await,
            "sent",
            "reading answers nothing"
        );
        let wrong = post.stage.submit(&page, &[("answer", "yes")]).await;
        assert_eq!(wrong.status, 409);
        // A day before anybody asked, one to come, and none at all.
        for day in ["2026-11-20", "2027-01-01", "30 November"] {
            let sent = [("answer", "met"), ("met_on", day)];
            let shown = post.stage.submit(&page, &sent).await;
            assert_eq!(shown.status, 422, "{day}");
            assert!(shown.text.contains("met_on-fault"), "{}", shown.text);
            assert!(shown.text.contains(day), "{}", shown.text);
        }
        assert_eq!(post.status(&introduction).await, "sent");
        let sent = [("answer", "met"), ("met_on", "2026-11-30")];
        assert_eq!(post.stage.submit(&page, &sent).await.status, 303);
        assert_eq!(post.status(&introduction).await, "met");
        // The other side remembers another day; the first word stands.
        let (_, theirs) = post.pulse_to(&introduction, Side::Investor).await;
        let sent = [("answer", "met"), ("met_on", "2026-12-01")];
        assert_eq!(post.stage.submit(&theirs, &sent).await.status, 303);
        let late = [("answer", "met"), ("met_on", "tomorrow")];
        let late = post.stage.submit(&theirs, &late).await;
        assert_eq!(late.status, 409, "it is answered, whatever the day");
        post.stage.seal().await;
        let events = format!("{introduction}/events?limit=100");
        let events = post.stage.get(Who::Curator, &events).await.expect(200);
        let events = events["items"].as_array().unwrap().iter();
        let met = events.filter(|it| it["kind"] == "introduction.met_on");
        let days: Vec<_> = met.map(|it| it["payload"]["met_on"].clone()).collect();
        assert_eq!(days, ["2026-11-30"]);
        let again = post.stage.submit(&page, &[("answer", "not_a_fit")]).await;
        assert_eq!(again.status, 409);
        assert_eq!(post.status(&introduction).await, "met");
        let thanks = post.stage.open(&page).await;
        assert!(!thanks.text.contains("<button"));

        // After a month, and then every quarter, as long as they are heard of.
        for (round, mornings) in [
            ("2026-12-24T09:00:00Z", "2026-12-28T07:00:00Z"),
            ("2027-02-24T09:00:00Z", "2027-02-25T07:00:00Z"),
            ("2027-03-24T09:00:00Z", "2027-04-12T07:00:00Z"),
        ] {
            let before = post.mails().len();
            for instant in [round, mornings] {
                post.at(instant);
                post.strike().await;
            }
            let told = post.mails().split_off(before).into_iter();
            let asked = told.filter(|mail| mail.text.contains("/pulse/"));
            let mut asked: Vec<_> = asked.flat_map(|mail| mail.to).collect();
            asked.sort();
            let (again, page) = post.pulse(&introduction).await;
            if round.starts_with("2027-03") {
                assert!(asked.is_empty(), "{round}: {asked:?}");
            } else {
                let both = ["<dana@mail.example>", "<gul@mail.example>"];
                assert_eq!(asked, both, "{round}");
                assert_eq!(again.kind, PulseKind::Open);
            }
            // A sign of life puts the end off.
            let sent = post.stage.submit(&page, &[("answer", "met")]).await;
            let fresh = !round.starts_with("2027-03");
            assert_eq!(sent.status, if fresh { 303 } else { 409 }, "{round}");
            assert_eq!(post.status(&introduction).await, "met", "{round}");
        }
    });
}

#[test]
fn a_late_yes_opens_no_deal_beside_one_that_goes_on() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.connected().await;
        post.at("2027-01-23T09:00:00Z");
        post.strike().await;
        assert_eq!(post.status(&introduction).await, "closed");
        let stage = &post.stage;
        let by_hand = json!({
            "programme": stage.programme.id.to_string(),
            "startup": stage.profile.id.to_string(),
            "mandate": stage.mandate.id.to_string(),
            "reason": "They met at the water fair in Baku.",
            "evidence": "Letter of intent of 3 January.",
        });
        let made = stage.post(Who::Curator, "/v1/deals", by_hand).await;
        made.expect(201);
        post.at("2027-07-23T09:00:00Z");
        post.strike().await;
        post.at("2027-07-26T09:00:00Z");
        post.strike().await;
        let (pulse, page) = post.pulse(&introduction).await;
        assert_eq!(pulse.kind, PulseKind::Late);
        let yes = post.stage.submit(&page, &[("answer", "yes")]).await;
        assert_eq!(yes.status, 303, "{}", yes.text);
        assert_eq!(post.status(&introduction).await, "closed");
        let deals = stage.get(Who::Curator, "/v1/deals").await.expect(200);
        assert_eq!(deals["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn sixty_silent_days_close_it_and_a_late_yes_opens_the_deal() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.connected().await;
        post.at("2027-01-23T08:59:59Z");
        post.strike().await;
        assert_eq!(post.status(&introduction).await, "sent");
        post.at("2027-01-23T09:00:00Z");
        assert_eq!(post.strike().await, 2);
        assert_eq!(post.status(&introduction).await, "closed");
        for mail in post.server.received().iter().rev().take(2) {
            assert_eq!(mail.to.len(), 1);
            let mail = MessageParser::new().parse(&mail.content).unwrap();
            let text = mail.body_text(0).unwrap();
            tells_the_end(&text);
        }

        // Half a year later, a Friday in Baku and not a working day in Israel.
        post.at("2027-07-23T09:00:00Z");
        post.strike().await;
        post.at("2027-07-26T09:00:00Z");
        post.strike().await;
        let (pulse, page) = post.pulse(&introduction).await;
        assert_eq!(pulse.kind, PulseKind::Late);
        assert_eq!(
            post.stage.open(&page).await.text.matches("<button").count(),
            2
        );
        assert_eq!(
            post.stage.submit(&page, &[("answer", "yes")]).await.status,
            303
        );
        assert_eq!(post.status(&introduction).await, "converted");
        let deals = post.stage.get(Who::Curator, "/v1/deals").await.expect(200);
        let deals = deals["items"].as_array().unwrap();
        assert_eq!(deals.len(), 1);
        assert_eq!(
            Some(deals[0]["introduction"].as_str().unwrap()),
            introduction.rsplit('/').next()
        );
        // Nobody is asked any more; that the deal stands is told to both.
        let before = post.server.received().len();
        post.at("2029-01-01T09:00:00Z");
        assert_eq!(post.strike().await, 2);
        for mail in &post.server.received()[before..] {
            let mail = MessageParser::new().parse(&mail.content).unwrap();
            let text = mail.body_text(0).unwrap();
            assert!(
                text.contains("/deals/") && !text.contains("/pulse/"),
                "{text}"
            );
        }
        // Each says by the link what became of it.
        let to_gul =
            |mail: &&crate::support::smtp::Received| mail.to.iter().any(|to| to.contains("gul@"));
        let received = post.server.received();
        let mail = received[before..].iter().find(to_gul).unwrap();
        let mail = MessageParser::new().parse(&mail.content).unwrap();
        let text = mail.body_text(0).unwrap().into_owned();
        let (_, link) = text.split_once("/deals/").unwrap();
        let page = format!("/deals/{}", link.split_whitespace().next().unwrap());
        let stage = &post.stage;
        let shown = stage.open(&page).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        assert!(shown.text.contains(crate::api::stage::STARTUP));
        let seen = |page: &str| {
            let (_, rest) = page.split_once("name=\"seen\" value=\"").unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let version = seen(&shown.text);
        let further = [("answer", "further"), ("seen", version.as_str())];
        let deal = format!("/v1/deals/{}", deals[0]["id"].as_str().unwrap());
        // The other side was first: the click moves it on, and a second one of the
        // same page moves nothing.
        let report = json!({ "action": "report" });
        stage.go(Who::Dana, &deal, report).await.expect(200);
        assert_eq!(stage.submit(&page, &further).await.status, 409);
        let version = seen(&stage.open(&page).await.text);
        let further = [("answer", "further"), ("seen", version.as_str())];
        assert_eq!(stage.submit(&page, &further).await.status, 303);
        assert_eq!(stage.submit(&page, &further).await.status, 409);
        let read = stage.get(Who::Curator, &deal).await.expect(200);
        assert_ne!(read["stage"], deals[0]["stage"]);
        assert_eq!(read["reported_by"], Value::Null, "{read}");
        // It was about that stage.
        assert!(!stage.open(&page).await.text.contains("<form"));
        // Whoever is out is asked once more.
        let before = post.server.received().len();
        post.at("2029-06-01T09:00:00Z");
        post.strike().await;
        let received = post.server.received();
        let mail = received[before..].iter().find(to_gul).unwrap();
        let mail = MessageParser::new().parse(&mail.content).unwrap();
        let text = mail.body_text(0).unwrap().into_owned();
        let (_, link) = text.split_once("/deals/").unwrap();
        let page = format!("/deals/{}", link.split_whitespace().next().unwrap());
        let version = seen(&stage.open(&page).await.text);
        let mut out = vec![("answer", "out"), ("seen", version.as_str())];
        let asked = stage.submit(&page, &out).await;
        assert_eq!(asked.status, 200);
        assert!(asked.text.contains("name=\"sure\""), "{}", asked.text);
        out.push(("sure", "yes"));
        let gone = stage.submit(&page, &out).await;
        assert_eq!(gone.status, 303, "{}", gone.text);
        let read = stage.get(Who::Curator, &deal).await.expect(200);
        assert_eq!(read["status"], "withdrawn");
        assert!(!stage.open(&page).await.text.contains("<form"));
        assert_eq!(stage.open("/deals/nothing").await.status, 404);
    });
}

#[test]
fn in_a_freeze_it_is_paused_and_goes_on_after_it() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.connected().await;
        post.at("2026-12-02T07:00:00Z");
        post.strike().await;
        let (_, page) = post.pulse(&introduction).await;
        let freeze = freeze(&post).await;
        let shown = post.stage.open(&page).await;
        assert_eq!(shown.status, 200);
        let paused = "ההיכרות הזו מושהית";
        assert!(shown.text.contains(paused), "{}", shown.text);
        assert!(!shown.text.contains(INVESTOR) && !shown.text.contains("<button"));
        for met_on in ["2026-11-30", "tomorrow"] {
            let sent = [("answer", "met"), ("met_on", met_on)];
            let refused = post.stage.submit(&page, &sent).await;
            assert_eq!(refused.status, 409, "{met_on}");
            assert!(refused.text.contains(paused), "{}", refused.text);
        }
        assert_eq!(post.status(&introduction).await, "sent");
        lift(&post, freeze).await;
        let shown = post.stage.open(&page).await;
        assert_eq!(shown.text.matches("<button").count(), 4);
        let sent = [("answer", "met"), ("met_on", "2026-11-30")];
        assert_eq!(post.stage.submit(&page, &sent).await.status, 303);
        assert_eq!(post.status(&introduction).await, "met");
    });
}

/// Half a year, one and two years after it closed both are asked, by mail and on
/// a page; the last yes still opens the deal, though the programme is over.
#[test]
fn both_are_asked_one_and_two_years_after_it_closed_and_a_yes_still_counts() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.connected().await;
        post.at("2027-01-23T09:00:00Z");
        post.strike().await;
        assert_eq!(post.status(&introduction).await, "closed");
        for (round, mornings) in [
            ("2027-07-23T09:00:00Z", "2027-07-26T09:00:00Z"),
            // The programme ends meanwhile.
            ("2027-12-01T09:00:00Z", "2027-12-03T09:00:00Z"),
            ("2028-01-23T09:00:00Z", "2028-01-25T09:00:00Z"),
            ("2029-01-23T09:00:00Z", "2029-01-25T09:00:00Z"),
            ("2030-01-23T09:00:00Z", "2030-01-25T09:00:00Z"),
        ] {
            let before = post.mails().len();
            for instant in [round, mornings] {
                post.at(instant);
                post.strike().await;
            }
            let told = post.mails().split_off(before).into_iter();
            let asked = told.filter(|mail| mail.text.contains("/pulse/"));
            let mut asked: Vec<_> = asked.flat_map(|mail| mail.to).collect();
            asked.sort();
            if ["2027-12", "2030-01"]
                .iter()
                .any(|it| round.starts_with(it))
            {
                assert!(asked.is_empty(), "{round}: {asked:?}");
                continue;
            }
            let both = ["<dana@mail.example>", "<gul@mail.example>"];
            assert_eq!(asked, both, "{round}");
            let (pulse, page) = post.pulse(&introduction).await;
            assert_eq!(pulse.kind, PulseKind::Late);
            let shown = post.stage.open(&page).await;
            assert_eq!(
                (shown.status, shown.text.matches("<button").count()),
                (200, 2)
            );
            let answer = if round.starts_with("2029") {
                "yes"
            } else {
                "no"
            };
            let sent = post.stage.submit(&page, &[("answer", answer)]).await;
            assert_eq!(sent.status, 303, "{round}: {}", sent.text);
            let status = post.status(&introduction).await;
            let expected = if answer == "yes" {
                "converted"
            } else {
                "closed"
            };
            assert_eq!(status, expected, "{round}");
        }
        let deals = post.stage.get(Who::Curator, "/v1/deals").await.expect(200);
        let deals = deals["items"].as_array().unwrap();
        assert_eq!(deals.len(), 1);
        let of_it = deals[0]["introduction"].as_str().unwrap();
        assert!(introduction.ends_with(of_it));
    });
}

#[test]
fn a_sign_of_life_puts_the_end_off_and_a_side_that_closes_isnt_told() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.connected().await;
        post.at("2027-01-22T09:00:00Z");
        post.strike().await;
        let reply = json!({"action": "reply"});
        post.stage
            .go(Who::Dana, &introduction, reply)
            .await
            .expect(200);
        post.at("2027-02-20T09:00:00Z");
        post.strike().await;
        assert_eq!(post.status(&introduction).await, "in_conversation");
        let before = post.server.received().len();
        let close = json!({"action": "close"});
        post.stage
            .go(Who::Dana, &introduction, close)
            .await
            .expect(200);
        post.send().await;
        let received = post.server.received();
        assert_eq!(received.len(), before + 1);
        assert_eq!(received.last().unwrap().to, ["<gul@mail.example>"]);
        let late = json!({"action": "late_yes"});
        post.stage
            .go(Who::Gul, &introduction, late)
            .await
            .expect(200);
        assert_eq!(post.status(&introduction).await, "converted");
    });
}
