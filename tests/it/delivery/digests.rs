//! The weekly digest of a mandate: when it comes, what it says, and the pages
//! behind its links.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use corridor::db::outbox::State;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::disclosure::Level;
use corridor::domain::event::{Subject, SubjectKind};
use corridor::domain::ids::MatchId;
use corridor::jobs::clock;
use mail_parser::MessageParser;
use serde_json::{Value, json};

use super::Post;
use super::settings::all_but;
use crate::api::stage::{INVESTOR, STARTUP, Who, of};
use crate::support::database::on_each_backend;
use crate::support::smtp::Fault;

/// The Monday after the stage's beginning, at nine in Baku.
const MONDAY: &str = "2026-11-30T05:00:00Z";

/// A mail as a reader has it.
pub(super) struct Mail {
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Post {
    /// The mails that came, oldest first.
    pub(super) fn mails(&self) -> Vec<Mail> {
        let received = self.server.received();
        received
            .iter()
            .map(|mail| {
                let parsed = MessageParser::new().parse(&mail.content).unwrap();
                Mail {
                    to: mail.to.clone(),
                    subject: parsed.subject().unwrap().to_owned(),
                    text: parsed.body_text(0).unwrap().into_owned(),
                    html: parsed.body_html(0).unwrap().into_owned(),
                }
            })
            .collect()
    }

    /// Matches of that many startups, released to both; their paths.
    pub(super) async fn shown(&self, count: usize) -> Vec<String> {
        let stage = &self.stage;
        let mut matches = vec![stage.released().await];
        for number in 1..count {
            let profile = stage.another_startup(&format!("Hidden {number}")).await;
            let matched = stage.matched_with(&profile).await;
            let body = json!({"action": "release", "to": "both"});
            stage.go(Who::Curator, &matched, body).await.expect(200);
            matches.push(matched);
        }
        matches
    }

    async fn match_seen(&self, path: &str) -> Value {
        self.stage.get(Who::Curator, path).await.expect(200)
    }
}

/// The paths of pages of a kind in a mail, in order, each once.
pub(super) fn pages(mail: &Mail, name: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mark = format!("/{name}/");
    mail.text
        .split_whitespace()
        .filter_map(|word| word.find(&mark).map(|at| word[at..].to_owned()))
        .filter(|path| seen.insert(path.clone()))
        .collect()
}

fn answering(mail: &Mail) -> Vec<String> {
    let pages = pages(mail, "matches");
    pages
        .into_iter()
        .filter(|path| !path.ends_with("/brief"))
        .collect()
}

#[test]
fn on_monday_at_nine_each_reader_gets_one_digest_and_nobody_is_named() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let matches = post.shown(3).await;
        post.at("2026-11-30T04:59:59Z");
        assert_eq!(post.strike().await, 0);
        post.at(MONDAY);
        assert_eq!(post.strike().await, 1);
        let mails = post.mails();
        let digest = mails.last().unwrap();
        assert_eq!(digest.to, ["<gul@mail.example>"]);
        // Azerbaijani, with the mandate's own title.
        let subject = &digest.subject;
        assert!(subject.contains("Water") && subject.ends_with(": 3"));
        assert!(digest.html.contains("<html lang=\"az\" dir=\"ltr\">"));
        assert!(digest.html.contains("<bdi>Water</bdi>"));
        assert_eq!(answering(digest).len(), matches.len());
        let hidden = [
            STARTUP,
            "Hidden 1",
            "Hidden 2",
            "Person dana",
            "dana@mail",
            "hidden.1@mail",
            &post.stage.startup.id.to_string(),
            &post.stage.profile.id.to_string(),
        ];
        for secret in hidden {
            for said in [&digest.text, &digest.html, &digest.subject] {
                assert!(!said.contains(secret), "{secret} in {said}");
            }
        }
        // However often the clock strikes, on however many nodes.
        for _ in 0..3 {
            assert_eq!(post.strike().await, 0);
        }
        let (one, two) = (post.stage.context.clone(), post.stage.context.clone());
        forget_round(&post).await;
        let (one, two) = tokio::join!(clock::strike(&one), clock::strike(&two));
        one.unwrap();
        two.unwrap();
        assert_eq!(post.send().await, 0);
        // A week later nothing is new, so nothing is sent.
        post.at("2026-12-07T05:00:00Z");
        assert_eq!(post.strike().await, 0);
    });
}

/// As if the node died before it noted how far it had come.
async fn forget_round(post: &Post) {
    let forget = |conn: &mut Conn| -> Result<(), db::Error> {
        use diesel::RunQueryDsl;
        diesel::sql_query("DELETE FROM mail_rounds WHERE name = 'digests'").execute(conn)?;
        Ok(())
    };
    post.stage.context.db.write(forget).await.unwrap();
}

#[test]
fn each_window_begins_where_the_last_one_ended() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.shown(1).await;
        post.at(MONDAY);
        assert_eq!(post.strike().await, 1);
        // Shown a second after it, so it is of the next week.
        post.advance(TimeDelta::seconds(1));
        let late = post.stage.another_startup("Late One").await;
        let late = post.stage.matched_with(&late).await;
        let body = json!({"action": "release", "to": "investor"});
        post.stage.go(Who::Curator, &late, body).await.expect(200);
        assert_eq!(post.strike().await, 0);
        // A service that was away on Monday sends it when it is back.
        post.at("2026-12-08T11:00:00Z");
        assert_eq!(post.strike().await, 1);
        assert_eq!(answering(post.mails().last().unwrap()).len(), 1);
    });
}

#[test]
fn what_a_week_has_no_room_for_comes_with_the_next_the_best_first_and_once() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let matches = post.shown(3).await;
        let mandate = format!("/v1/mandates/{}", post.stage.mandate.id);
        let one = json!({"capacity": {"open_introductions": 9, "new_per_week": 1}});
        post.stage.edit(Who::Gul, &mandate, one).await.expect(200);
        let pin = json!({"action": "pin", "reason": "A pilot waits for it."});
        post.stage
            .go(Who::Curator, &matches[2], pin)
            .await
            .expect(200);
        let gul = post.stage.user(Who::Gul).id;
        let told = async || {
            let read = move |conn: &mut Conn| db::digests::told(conn, gul);
            let told = post.stage.context.db.read(read).await.unwrap();
            told.into_keys()
                .map(|id| format!("/v1/matches/{id}"))
                .collect::<BTreeSet<_>>()
        };
        let weeks = [MONDAY, "2026-12-07T05:00:00Z", "2026-12-14T05:00:00Z"];
        for (before, week) in weeks.into_iter().enumerate() {
            post.at(week);
            // Refused for now, it has told nobody of anything.
            post.server.fail(Fault::Content("451 not now"));
            assert_eq!(post.strike().await, 0, "{week}");
            assert_eq!(told().await.len(), before);
            post.advance(TimeDelta::hours(1));
            assert_eq!(post.send().await, 1);
            let mail = post.mails().pop().unwrap();
            assert_eq!(answering(&mail).len(), 1, "{}", mail.text);
            assert_eq!(told().await.len(), before + 1);
            if before == 0 {
                assert!(
                    told().await.contains(&matches[2]),
                    "what is pinned is first"
                );
            }
        }
        assert_eq!(told().await, matches.into_iter().collect());
        post.at("2026-12-21T05:00:00Z");
        assert_eq!(post.strike().await, 0, "each is told once");
    });
}

#[test]
fn a_digest_that_was_kept_up_for_a_week_leaves_all_to_the_next() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.shown(2).await;
        post.at(MONDAY);
        clock::strike(&post.stage.context).await.unwrap();
        let late = post.stage.another_startup("Late One").await;
        let late = post.stage.matched_with(&late).await;
        let body = json!({"action": "release", "to": "investor"});
        post.stage.go(Who::Curator, &late, body).await.expect(200);
        post.at("2026-12-07T05:00:00Z");
        assert_eq!(post.strike().await, 1, "one, not one for each week");
        assert_eq!(answering(post.mails().last().unwrap()).len(), 3);
    });
}

#[test]
fn what_closed_since_is_not_in_it_and_an_empty_one_is_not_sent() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let matches = post.shown(2).await;
        post.at(MONDAY);
        clock::strike(&post.stage.context).await.unwrap();
        // Queued, and then the startup passes.
        let pass = json!({"action": "pass", "reason": "terms"});
        post.stage
            .go(Who::Dana, &matches[0], pass)
            .await
            .expect(200);
        post.send().await;
        let mails = post.mails();
        assert_eq!(answering(mails.last().unwrap()).len(), 1);

        post.at("2026-12-01T09:00:00Z");
        let third = post.stage.another_startup("Third").await;
        let third = post.stage.matched_with(&third).await;
        let body = json!({"action": "release", "to": "investor"});
        post.stage.go(Who::Curator, &third, body).await.expect(200);
        post.at("2026-12-07T05:00:00Z");
        clock::strike(&post.stage.context).await.unwrap();
        let order = json!({"scope": "country", "value": "IL", "reason": "A standing order."});
        let freeze = post.stage.post(Who::Compliance, "/v1/freezes", order);
        freeze.await.expect(201);
        post.send().await;
        assert_eq!(post.mails().len(), mails.len());
        let kept = post.last().await;
        assert_eq!(kept.state, State::Done);
        assert_eq!(kept.last_error.as_deref(), Some("nothing_new"));
    });
}

#[test]
fn an_entry_is_answered_by_its_page_without_signing_in() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let matches = post.shown(3).await;
        post.at(MONDAY);
        post.strike().await;
        let digest = post.mails().pop().unwrap();
        let links = answering(&digest);
        for link in &links {
            let shown = post.stage.open(link).await;
            assert_eq!(shown.status, 200);
            assert!(!shown.text.contains(STARTUP) && !shown.text.contains("Hidden"));
            assert!(!shown.text.contains("<script"));
        }
        for path in &matches {
            let said = post.match_seen(path).await;
            assert_eq!(said["investor_response"], "none", "reading answers nothing");
        }
        let faulty = [
            vec![("answer", "")],
            vec![("answer", "pass")],
            vec![("answer", "pass"), ("reason", "not_now")],
            vec![("answer", "pass"), ("reason", "other")],
            vec![("answer", "snooze"), ("until", "2027-06-01")],
            vec![("answer", "snooze")],
        ];
        for fields in faulty {
            let refused = post.stage.submit(&links[0], &fields).await;
            assert_eq!(refused.status, 422, "{fields:?}");
            assert!(refused.text.contains("class=\"fault\""), "{fields:?}");
        }
        let answers = [
            vec![("answer", "interested")],
            vec![
                ("answer", "pass"),
                ("reason", "other"),
                ("note", "Too near to one of ours."),
            ],
            vec![("answer", "snooze"), ("until", "2026-12-20")],
        ];
        for (link, fields) in links.iter().zip(&answers) {
            let done = post.stage.submit(link, fields).await;
            assert_eq!(done.status, 303, "{}", done.text);
            let again = post.stage.submit(link, fields).await;
            assert_eq!(again.status, 409, "{fields:?}");
            assert!(!post.stage.open(link).await.text.contains("<form"));
        }
        let mut said = Vec::new();
        for path in &matches {
            let seen = post.match_seen(path).await;
            let notes = seen["notes"].as_array().map_or(0, Vec::len);
            said.push((seen["status"].as_str().unwrap().to_owned(), notes));
        }
        said.sort();
        let expected = [("one_sided", 0), ("passed", 1), ("snoozed", 0)];
        assert_eq!(
            said,
            expected.map(|(status, notes)| (status.to_owned(), notes))
        );

        // What was put off comes back with the next digest, and its old page
        // opens again.
        post.at("2026-12-21T05:00:00Z");
        assert_eq!(post.strike().await, 1);
        let back = post.mails().pop().unwrap();
        assert_eq!(answering(&back).len(), 1);
        let shown = post.stage.open(&links[2]).await;
        assert!(shown.text.contains("answer-interested"));
        assert!(!shown.text.contains("answer-snooze"), "it is put off once");
    });
}

#[test]
fn a_link_ends_with_the_part_of_its_person_and_with_its_time() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.shown(1).await;
        post.at(MONDAY);
        post.strike().await;
        let link = answering(&post.mails().pop().unwrap()).remove(0);
        let brief = format!("{link}/brief");
        for broken in [&link[..link.len() - 2], "/matches/AAAA"] {
            assert_eq!(post.stage.open(broken).await.status, 404);
        }
        post.advance(TimeDelta::days(61));
        assert_eq!(post.stage.open(&link).await.status, 410);
        assert_eq!(post.stage.open(&brief).await.status, 410);
        let yes = [("answer", "interested")];
        assert_eq!(post.stage.submit(&link, &yes).await.status, 410);
        post.advance(-TimeDelta::days(61));
        assert_eq!(post.stage.open(&link).await.status, 200);
        let (gul, firm) = (post.stage.user(Who::Gul).id, post.stage.investor.id);
        let leave =
            move |conn: &mut Conn| db::users::remove_membership(conn, gul, firm, Role::Owner);
        post.stage.context.db.write(leave).await.unwrap();
        assert_eq!(post.stage.open(&link).await.status, 404);
        assert_eq!(post.stage.open(&brief).await.status, 404);
        assert_eq!(post.stage.submit(&link, &yes).await.status, 404);
    });
}

#[test]
fn a_brief_prints_on_a_page_and_names_the_startup_once_it_agreed() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let matches = post.shown(1).await;
        post.at(MONDAY);
        post.strike().await;
        let link = answering(&post.mails().pop().unwrap()).remove(0);
        let brief = format!("{link}/brief");
        let shown = post.stage.open(&brief).await;
        assert_eq!(shown.status, 200);
        assert!(!shown.text.contains(STARTUP) && shown.text.contains("Finds leaks"));
        assert!(shown.text.contains("/my-consents/"), "{}", shown.text);
        let style = post.stage.open("/pages.css").await.text;
        assert!(style.contains("@media print") && style.contains("size: A4"));
        let openings = async || {
            let subject: MatchId = of(matches[0].rsplit('/').next().unwrap());
            let list = move |conn: &mut Conn| {
                let subject = Subject::new(SubjectKind::Match, subject);
                db::disclosures::by_way_of(conn, subject)
            };
            let lines = post.stage.context.db.read(list).await.unwrap();
            lines
                .iter()
                .filter(|line| line.level == Level::Named)
                .count()
        };
        assert_eq!(openings().await, 0);
        // The startup asks, and with that names itself.
        let asked =
            post.stage
                .request_introduction(Who::Dana, &matches[0], crate::api::stage::BLURB);
        asked.await.expect(201);
        for _ in 0..2 {
            let shown = post.stage.open(&brief).await;
            assert_eq!(shown.status, 200);
            assert!(shown.text.contains(STARTUP), "{}", shown.text);
            assert!(!shown.text.contains("dana@") && !shown.text.contains("Person dana"));
            assert!(!shown.text.contains(INVESTOR));
        }
        assert_eq!(openings().await, 1, "noted once a day");
        let order = json!({"scope": "country", "value": "IL", "reason": "A standing order."});
        let freeze = post.stage.post(Who::Compliance, "/v1/freezes", order);
        freeze.await.expect(201);
        let shown = post.stage.open(&brief).await;
        assert_eq!(shown.status, 410);
        assert!(!shown.text.contains(STARTUP) && !shown.text.contains("/my-consents/"));
    });
}

#[test]
fn who_wants_no_digest_gets_none_and_the_rest_as_before() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.shown(1).await;
        let off = all_but("digest");
        let request = post.stage.request(Who::Gul, "PUT", "/v1/me/notifications");
        let request = request.header("If-Match", "*");
        assert_eq!(request.json(&off).send().await.unwrap().status(), 200);
        post.at(MONDAY);
        assert_eq!(post.strike().await, 0);
        assert_eq!(
            post.last().await.last_error.as_deref(),
            Some("unsubscribed")
        );
    });
}
