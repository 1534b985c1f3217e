//! What people agreed to: kept with their yes, shown to them, taken back with
//! all that follows; and nothing told before both agreed.

use corridor::db::outbox::{self, State};
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::consent::{ConsentReceipt, IntroductionConsent, Method, PROPOSALS};
use corridor::domain::ids::{IntroductionId, OrganizationId};
use corridor::domain::message::Topic;
use corridor::domain::values::Side;
use corridor::jobs::clock;
use serde_json::{Value, json};
use uuid::Uuid;

use super::digests::{Mail, pages};
use super::{Post, options};
use crate::api::stage::{Answer, INVESTOR, STARTUP, Who, of};
use crate::support::database::on_each_backend;
use crate::support::smtp::{Fault, Received};

impl Post {
    async fn consents(&self, who: Who) -> Vec<Value> {
        let list = self.stage.get(who, "/v1/me/consents").await.expect(200);
        list["items"].as_array().unwrap().clone()
    }

    /// Takes a consent back over the account, under a key.
    async fn take_back(&self, who: Who, consent: &Value) -> Answer {
        let id = consent["id"].as_str().unwrap();
        let path = format!("/v1/me/consents/{id}/withdrawal");
        let request = self
            .stage
            .request(who, "POST", &path)
            .header("Idempotency-Key", format!("\"{id}\""));
        Answer::of(request.send().await.unwrap()).await
    }
}

fn last_to(post: &Post, address: &str) -> Mail {
    let to = [format!("<{address}>")];
    post.mails()
        .into_iter()
        .rfind(|mail| mail.to == to)
        .unwrap()
}

#[test]
fn a_yes_is_kept_with_all_that_the_law_lists() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Dana).await;
        post.send().await;
        let page = stage.question(&introduction).await;
        let shown = stage.open(&page).await;
        assert!(shown.text.contains("Razılıqlarım") && shown.text.contains("/my-consents/"));
        let yes = [
            ("answer", "accept"),
            ("name", "Gül Əliyeva"),
            ("role", "Partner"),
        ];
        assert_eq!(stage.submit(&page, &yes).await.status, 303);
        let given = post.consents(Who::Gul).await;
        let [given] = given.as_slice() else {
            panic!("{given:?}")
        };
        for (field, value) in [
            ("purpose", "introduction"),
            ("organization", INVESTOR),
            ("person_name", "Gül Əliyeva"),
            ("person_role", "Partner"),
            ("law", "az_personal_data"),
            ("country", "IL"),
            ("language", "az"),
            ("method", "mailed_link"),
            ("given_at", "2026-11-24T09:00:00.000000Z"),
            ("valid_to", "2028-11-23T09:00:00.000000Z"),
        ] {
            assert_eq!(given[field], value, "{field}");
        }
        assert!(shown.text.contains(given["text"].as_str().unwrap()));
        assert_eq!(
            given["data"],
            json!(["name", "role", "email", "organization", "profile"])
        );
        assert!(given.get("recipient").is_none(), "not told yet");
        // Asking is consent.
        let asked = post.consents(Who::Dana).await;
        assert_eq!((asked.len(), &asked[0]["method"]), (1, &json!("request")));
        assert_eq!(asked[0]["law"], "il_protection_of_privacy");
        post.send().await;
        assert_eq!(post.consents(Who::Gul).await[0]["recipient"], STARTUP);
        // Nobody reads or takes back what is another's.
        assert!(post.consents(Who::Stranger).await.is_empty());
        assert_eq!(post.take_back(Who::Stranger, given).await.status, 404);
    });
}

#[test]
fn what_is_taken_back_stops_the_mail_that_connects() {
    on_each_backend(async |database| stops(&Post::open(database).await, false).await);
}

#[test]
fn what_is_taken_back_stops_a_mail_in_a_senders_hands_too() {
    on_each_backend(async |database| stops(&Post::open(database).await, true).await);
}

async fn stops(post: &Post, leased: bool) {
    let introduction = post.agreed().await;
    assert_eq!(post.status(&introduction).await, "both_accepted");
    let (holder, now, lease) = (Uuid::now_v7(), post.now(), options().lease);
    if leased {
        let claim = move |conn: &mut Conn| outbox::claim(conn, holder, now, lease, 10);
        let claimed = post.stage.context.db.write(claim).await.unwrap();
        assert_eq!(claimed.len(), 1);
    }
    let consent = post.consents(Who::Gul).await.remove(0);
    let first = post.take_back(Who::Gul, &consent).await.expect(200);
    assert!(first["withdrawn_at"].is_string());
    // The same again, by its key, is the same answer.
    assert_eq!(post.take_back(Who::Gul, &consent).await.expect(200), first);
    assert_eq!(post.status(&introduction).await, "withdrawn");
    post.advance(lease);
    post.send().await;
    assert!(!post.server.received().iter().any(Received::connects));
    // Who asked hears that it was not taken up, and no more.
    let told = last_to(post, "dana@mail.example");
    assert!(!told.text.contains(INVESTOR) && !told.text.contains("gul"));
    let queue = post.queue().await;
    let connecting = queue.iter().find(|it| {
        let about = it.intent_key.starts_with("introduction:");
        let dropped = it.state == State::Done && it.last_error.is_some();
        about && (it.state == State::Cancelled || dropped)
    });
    assert!(connecting.is_some(), "{queue:?}");
    // The log says that it was taken back.
    let events = format!("{introduction}/events");
    post.stage.seal().await;
    let log = post.stage.get(Who::Curator, &events).await;
    assert!(log.text.contains("consent.withdrawn"), "{}", log.text);
}

#[test]
fn the_page_of_ones_consents_needs_no_account_and_takes_back_by_post_alone() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Dana).await;
        post.send().await;
        let asked = last_to(&post, "gul@mail.example");
        let mine = pages(&asked, "my-consents").remove(0);
        assert!(asked.html.contains("/my-consents/") && !mine.contains("gul"));
        assert!(!stage.open(&mine).await.text.contains("<form"));
        post.accept(Who::Gul, &introduction).await;
        let shown = stage.open(&mine).await;
        assert_eq!(shown.status, 200);
        assert!(shown.text.contains("<form") && shown.text.contains("lang=\"az\""));
        assert!(!shown.text.contains(STARTUP), "not told yet");
        post.send().await;
        assert!(stage.open(&mine).await.text.contains(STARTUP));
        assert_eq!(post.status(&introduction).await, "sent");
        let id = post.consents(Who::Gul).await[0]["id"].clone();
        let form = [("consent", id.as_str().unwrap())];
        for broken in ["/my-consents/AAAA", &mine[..mine.len() - 3]] {
            assert_eq!(stage.submit(broken, &form).await.status, 404);
        }
        let other = [("consent", "01890000-0000-7000-8000-000000000000")];
        assert_eq!(stage.submit(&mine, &other).await.status, 404);
        assert_eq!(stage.submit(&mine, &form).await.status, 303);
        assert_eq!(stage.submit(&mine, &form).await.status, 409);
        assert!(!stage.open(&mine).await.text.contains("<form"));
        // What was sent stays; whoever took it back isn't asked how it goes.
        assert_eq!(post.status(&introduction).await, "sent");
        let before = post.mails().len();
        post.at("2026-12-02T07:00:00Z");
        clock::strike(&stage.context).await.unwrap();
        post.send().await;
        let asked: Vec<_> = post.mails().split_off(before);
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].to, ["<dana@mail.example>"]);
    });
}

#[test]
fn whoever_asked_takes_it_back_while_the_other_side_thinks() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        post.send().await;
        let page = post.stage.question(&introduction).await;
        let consent = post.consents(Who::Dana).await.remove(0);
        post.take_back(Who::Dana, &consent).await.expect(200);
        assert_eq!(post.status(&introduction).await, "withdrawn");
        let late = [("answer", "accept"), ("name", "Gul")];
        assert_eq!(post.stage.submit(&page, &late).await.status, 409);
        post.send().await;
        let told = last_to(&post, "gul@mail.example");
        assert!(!told.text.contains("dana@") && !told.text.contains("Person dana"));
    });
}

/// Every mail that goes out while not both have agreed, through all that can
/// happen before.
#[test]
fn no_mail_before_both_agreed_tells_what_was_not_granted() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        // A curator asks: neither side is named to the other.
        let matched = stage.released().await;
        post.at("2026-11-30T07:00:00Z");
        post.strike().await;
        let asked = stage.request_introduction(Who::Curator, &matched, crate::api::stage::BLURB);
        let made = asked.await;
        let introduction = made.location.clone().unwrap();
        made.expect(201);
        post.send().await;
        post.at("2026-12-03T07:00:00Z");
        post.strike().await;
        post.accept(Who::Dana, &introduction).await;
        post.send().await;
        // From here the investor may know the startup's name, and no more.
        let id: IntroductionId = of(introduction.rsplit('/').next().unwrap());
        let no = json!({"action": "decline", "reason": "valuation", "share_reason": true});
        stage.go(Who::Gul, &introduction, no).await.expect(200);
        post.send().await;
        let mails = post.mails();
        assert!(mails.len() >= 5, "{} of {id}", mails.len());
        let mut named = 0;
        for mail in &mails {
            let to = mail.to.join(" ");
            let whole = format!("{}\n{}\n{}", mail.subject, mail.text, mail.html);
            if to.contains("gul@") {
                for secret in [
                    "dana@",
                    "Person dana",
                    "Dana Levi",
                    &stage.startup.id.to_string(),
                ] {
                    assert!(!whole.contains(secret), "{secret} to {to}");
                }
                named += usize::from(whole.contains(STARTUP));
            }
            if to.contains("dana@") {
                for secret in [
                    "gul@",
                    "Person gul",
                    INVESTOR,
                    &stage.investor.id.to_string(),
                ] {
                    assert!(!whole.contains(secret), "{secret} to {to}");
                }
            }
        }
        assert_eq!(named, 1, "by the question after the startup's yes alone");
    });
}

#[test]
fn a_firm_asks_for_so_many_introductions_a_week_and_is_told_when_again() {
    on_each_backend(async |database| {
        let mut post = Post::open(database).await;
        post.stage.restart_with(|context| {
            let mut settings = (*context.settings).clone();
            settings.weekly_requests = 2;
            settings.open_requests = 3;
            context.settings = settings.into();
        });
        let stage = &post.stage;
        let matches = post.shown(4).await;
        let ask = async |who: Who, number: usize| {
            let (matched, blurb) = (&matches[number], crate::api::stage::BLURB);
            stage.request_introduction(who, matched, blurb).await
        };
        for number in 0..2 {
            ask(Who::Gul, number).await.expect(201);
        }
        let refused = ask(Who::Gul, 2).await.expect(409);
        assert_eq!(refused["code"], "too_many_requests_this_week");
        let said = refused["detail"].as_str().unwrap();
        assert!(said.contains("2026-12-01T09:00:00Z"), "{said}");
        post.advance(chrono::TimeDelta::days(7));
        ask(Who::Gul, 2).await.expect(201);
        let refused = ask(Who::Gul, 3).await;
        assert_eq!(refused.code(409), "too_many_requests_open");
        // A curator asks as much as they see fit.
        ask(Who::Curator, 3).await.expect(201);
    });
}

/// What a firm's people agree to when they stand behind its records.
async fn stands_behind_the_fund(post: &Post) {
    stands_behind(post, Who::Gul, post.stage.investor.id).await;
}

async fn stands_behind(post: &Post, who: Who, organization: OrganizationId) {
    let stage = &post.stage;
    let now = post.now();
    let receipt = ConsentReceipt {
        id: stage.context.new_id(),
        user: stage.user(who).id,
        organization,
        purpose: PROPOSALS,
        person_name: of("Gül Əliyeva"),
        person_role: Some("Partner".to_owned()),
        law: "az_personal_data",
        text: "Razıyam.".to_owned(),
        language: of("az"),
        method: "mailed_link",
        given_at: now,
        valid_to: now + chrono::TimeDelta::days(730),
    };
    let insert = move |conn: &mut Conn| db::consents::insert(conn, &receipt);
    stage.context.db.write(insert).await.unwrap();
}

#[test]
fn a_firm_that_takes_its_consent_back_is_shown_to_nobody_until_it_is_given_again() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        stands_behind_the_fund(&post).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        let mandate = format!("/v1/mandates/{}", post.stage.mandate.id);
        let given = post.consents(Who::Gul).await;
        let [given] = given.as_slice() else {
            panic!("{given:?}")
        };
        assert_eq!(given["purpose"], "introductions");
        let id = given["id"].as_str().unwrap();
        let renewal = format!("/v1/me/consents/{id}/renewal");
        let renew = async |key: &str| {
            let request = post
                .stage
                .request(Who::Gul, "POST", &renewal)
                .header("Idempotency-Key", format!("\"{key}\""));
            Answer::of(request.send().await.unwrap()).await
        };
        assert_eq!(renew("the-first-key").await.code(409), "given_already");

        post.take_back(Who::Gul, given).await.expect(200);
        // Neither the question nor what it is about goes on.
        assert_eq!(post.status(&introduction).await, "withdrawn");
        let seen = post.stage.get(Who::Gul, &mandate).await.expect(200);
        assert_eq!(seen["status"], "paused");
        let publish = json!({"action": "publish"});
        let refused = post.stage.go(Who::Gul, &mandate, publish.clone()).await;
        assert_eq!(refused.code(409), "consent_withdrawn");
        let listed = format!("{mandate}/transitions");
        let listed = post.stage.get(Who::Gul, &listed).await;
        assert!(listed.text.contains("consent_withdrawn"), "{}", listed.text);
        assert!(listed.text.contains(&renewal), "{}", listed.text);

        let again = renew("the-second-key").await.expect(200);
        assert_eq!(renew("the-second-key").await.expect(200), again);
        assert_ne!(again["id"], id);
        assert_eq!(again["text"], given["text"]);
        assert_eq!(again["method"], "signed_in");
        let seen = post.stage.go(Who::Gul, &mandate, publish).await.expect(200);
        assert_eq!(seen["status"], "published");

        // With the same step, where that is wanted; but not what its people
        // paused themselves.
        let (latest, path) = (&again["id"], |id: &Value| {
            format!(
                "/v1/me/consents/{}/renewal?publish=true",
                id.as_str().unwrap()
            )
        });
        post.take_back(Who::Gul, &again).await.expect(200);
        let renewed = post.stage.request(Who::Gul, "POST", &path(latest));
        let renewed = Answer::of(renewed.send().await.unwrap()).await.expect(200);
        let seen = post.stage.get(Who::Gul, &mandate).await.expect(200);
        assert_eq!(seen["status"], "published");
        let pause = json!({"action": "pause"});
        post.stage.go(Who::Gul, &mandate, pause).await.expect(200);
        post.take_back(Who::Gul, &renewed).await.expect(200);
        let renewed = post.stage.request(Who::Gul, "POST", &path(&renewed["id"]));
        let renewed = Answer::of(renewed.send().await.unwrap()).await.expect(200);
        let seen = post.stage.get(Who::Gul, &mandate).await.expect(200);
        assert_eq!(seen["status"], "paused");
        post.take_back(Who::Gul, &renewed).await.expect(200);
        is_listed_as_it_is_refused(&post, &mandate).await;
    });
}

/// Somebody answers for two firms, and reads what they chose to.
#[test]
fn what_is_taken_back_for_one_firm_stays_for_the_other_and_choices_stay_made() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        stands_behind_the_fund(&post).await;
        let other = stage.another_investor("Odlar Fund", |_| ()).await;
        let (gul, now) = (stage.user(Who::Gul).id, post.now());
        let firm = other.organization;
        let join =
            move |conn: &mut Conn| db::users::insert_membership(conn, gul, firm, Role::Owner, now);
        stage.context.db.write(join).await.unwrap();
        stands_behind(&post, Who::Gul, firm).await;
        let introduction = post.agreed().await;
        let of_firm = async |name: &str| {
            let given = post.consents(Who::Gul).await.into_iter();
            let mut given = given.filter(|it| {
                it["purpose"] == "introductions"
                    && it["organization"] == name
                    && it.get("withdrawn_at").is_none_or(Value::is_null)
            });
            given.next().unwrap()
        };
        let wants = async || {
            let read = stage
                .get(Who::Gul, "/v1/me/notifications")
                .await
                .expect(200);
            ["questions", "progress", "pulses"].map(|topic| read[topic].as_bool().unwrap())
        };
        // Pulses are off by their own choice, and so is one thing of the rest.
        let mut wanted = super::settings::all_but("pulses");
        wanted["events"]["introduction_reminder"] = false.into();
        let chosen = stage.request(Who::Gul, "PUT", "/v1/me/notifications");
        let chosen = chosen.header("If-Match", "*").json(&wanted);
        assert!(chosen.send().await.unwrap().status().is_success());
        post.advance(chrono::TimeDelta::minutes(1));

        let given = of_firm("Odlar Fund").await;
        post.take_back(Who::Gul, &given).await.expect(200);
        assert_eq!(post.status(&introduction).await, "both_accepted");
        assert_eq!(wants().await, [true, true, false]);

        let given = of_firm(INVESTOR).await;
        post.take_back(Who::Gul, &given).await.expect(200);
        assert_eq!(post.status(&introduction).await, "withdrawn");
        assert_eq!(wants().await, [false, false, false]);
        // As an earlier release noted it, a little after the withdrawal.
        let later = post.now() + chrono::TimeDelta::milliseconds(3);
        let email = stage.user(Who::Gul).email.clone();
        let before = move |conn: &mut Conn| -> db::Result<()> {
            for out in [false, true] {
                db::suppressions::set_opt_out(conn, &email, Topic::Questions, out, later)?;
            }
            Ok(())
        };
        stage.context.db.write(before).await.unwrap();

        let path = format!("/v1/me/consents/{}/renewal", given["id"].as_str().unwrap());
        let renewed = stage.request(Who::Gul, "POST", &path).send().await.unwrap();
        assert_eq!(renewed.status(), 200);
        assert_eq!(wants().await, [true, true, false], "as it was");
        let read = stage.get(Who::Gul, "/v1/me/notifications").await;
        let read = read.expect(200);
        assert_eq!(read["events"]["introduction_reminder"], false);
    });
}

/// Where more than the consent is lacking, the list names what the attempt does.
async fn is_listed_as_it_is_refused(post: &Post, mandate: &str) {
    let stage = &post.stage;
    let check = json!({
        "organization": stage.investor.id.to_string(),
        "verdict": "review",
        "basis": "A list of names.",
        "evidence": { "reference": "Archive 7" },
        "valid_to": "2027-05-01",
    });
    let made = stage.post(Who::Compliance, "/v1/clearances", check).await;
    made.expect(201);
    let publish = json!({ "action": "publish" });
    let refused = stage.go(Who::Gul, mandate, publish).await;
    assert_eq!(refused.code(409), "consent_withdrawn");
    let listed = stage.get(Who::Gul, &format!("{mandate}/transitions")).await;
    let listed = listed.expect(200)["available"].as_array().unwrap().clone();
    let publish = listed.iter().find(|it| it["action"] == "publish").unwrap();
    assert_eq!(publish["blocked_by"]["code"], "consent_withdrawn");
}

/// Neither of two transactions at the same moment sees the other.
#[test]
fn what_is_published_in_the_moment_of_a_withdrawal_is_paused_by_the_clock() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        stands_behind_the_fund(&post).await;
        let id = post.consents(Who::Gul).await[0]["id"].clone();
        let (id, now): (Uuid, _) = (of(id.as_str().unwrap()), post.now());
        let withdraw = move |conn: &mut Conn| db::consents::withdraw(conn, id, now);
        assert!(post.stage.context.db.write(withdraw).await.unwrap());
        let mandate = format!("/v1/mandates/{}", post.stage.mandate.id);
        let status = async || {
            let seen = post.stage.get(Who::Gul, &mandate).await.expect(200);
            seen["status"].clone()
        };
        assert_eq!(status().await, "published");
        clock::strike(&post.stage.context).await.unwrap();
        assert_eq!(status().await, "paused");
    });
}

#[test]
fn nobody_is_named_by_what_was_closed_after_a_mail_that_never_arrived() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        // Each of both gets it by themselves.
        for _ in 0..2 {
            post.server.fail(Fault::Mail("552 5.3.4 too large"));
        }
        post.send().await;
        assert_eq!(post.status(&introduction).await, "delivery_problem");
        let close = json!({"action": "close"});
        let stage = &post.stage;
        stage.go(Who::Dana, &introduction, close).await.expect(200);
        assert_eq!(post.status(&introduction).await, "closed");
        for who in [Who::Dana, Who::Gul] {
            let given = post.consents(who).await;
            assert!(given[0].get("recipient").is_none(), "{given:?}");
        }
    });
}

#[test]
fn a_startup_that_took_its_consent_back_puts_nothing_forward() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        stands_behind(&post, Who::Dana, post.stage.startup.id).await;
        let given = post.consents(Who::Dana).await.remove(0);
        let profiles = "/v1/startup-profiles";
        let made = post.stage.post(Who::Dana, profiles, json!({})).await;
        let made = made.expect(201);
        let profile = format!("{profiles}/{}", made["id"].as_str().unwrap());
        let submit = async || {
            let action = json!({ "action": "submit" });
            post.stage.go(Who::Dana, &profile, action).await
        };
        assert_eq!(submit().await.code(409), "incomplete");
        post.take_back(Who::Dana, &given).await.expect(200);
        assert_eq!(submit().await.code(409), "consent_withdrawn");
        let possible = format!("{profile}/transitions");
        let possible = post.stage.get(Who::Dana, &possible).await.expect(200);
        assert!(
            possible.to_string().contains("consent_withdrawn"),
            "{possible:#}"
        );
    });
}

async fn forget_receipts(post: &Post) {
    use diesel::RunQueryDsl;

    let forget = |conn: &mut Conn| -> db::Result<()> {
        diesel::sql_query("DELETE FROM consent_receipts").execute(conn)?;
        Ok(())
    };
    post.stage.context.db.write(forget).await.unwrap();
}

#[test]
fn what_publishing_agrees_to_is_shown_where_a_receipt_is_kept_of_it() {
    use diesel::RunQueryDsl;

    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let go = async |action: &str| {
            let action = json!({ "action": action });
            stage.go(Who::Gul, &mandate, action).await.expect(200);
        };
        let agreement = async || {
            let possible = format!("{mandate}/transitions");
            let found = stage.get(Who::Gul, &possible).await.expect(200);
            let found = found["available"].as_array().unwrap().clone();
            let entry = found.into_iter().find(|it| it["action"] == "publish");
            entry.expect("an action")["agreement"].clone()
        };
        forget_receipts(&post).await;
        // Shown before it was asked for a consent.
        let day = match database.migrations() {
            "postgres" => "TIMESTAMPTZ '2026-12-24T00:00:00Z'",
            _ => "1798070400000000",
        };
        let before = move |conn: &mut Conn| -> db::Result<()> {
            let firms = format!("SELECT organization_id, {day} FROM mandates");
            diesel::sql_query(format!(
                "INSERT INTO consents_before (organization_id, holds_until) {firms}"
            ))
            .execute(conn)?;
            Ok(())
        };
        stage.context.db.write(before).await.unwrap();
        go("pause").await;
        let shown = agreement().await;
        go("publish").await;
        let given = post.consents(Who::Gul).await;
        assert_eq!(given.len(), 1, "{given:?}");
        assert_eq!(given[0]["method"], "own_act");
        assert_eq!(shown["text_hash"], given[0]["text_hash"]);
        let words = stage.get(Who::Gul, shown["words"].as_str().unwrap()).await;
        let words = words.expect(200);
        for told in ["text", "text_hash", "language"] {
            assert_eq!(words[told], given[0][told]);
        }
        go("pause").await;
        assert_eq!(agreement().await, Value::Null);
        go("publish").await;
        assert_eq!(post.consents(Who::Gul).await.len(), 1);
    });
}

#[test]
fn submitting_gives_no_consent_again_that_was_taken_back() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        forget_receipts(&post).await;
        let about = crate::api::investors::draft(&post.stage).await;
        let submit = || json!({ "action": "submit" });
        let possible = format!("{about}/transitions");
        let listed = async || {
            let found = post.stage.get(Who::Gul, &possible).await.expect(200);
            let found = found["available"].as_array().unwrap().clone();
            let entry = found.into_iter().find(|it| it["action"] == "submit");
            entry.expect("an action")
        };
        // What is agreed to by it can be read before.
        let agreement = listed().await["agreement"].clone();
        let words = agreement["words"].as_str().unwrap();
        let words = post.stage.get(Who::Gul, words).await.expect(200);
        assert_eq!(words["text_hash"], agreement["text_hash"]);
        assert!(words["text"].as_str().is_some_and(|text| !text.is_empty()));
        stands_behind_the_fund(&post).await;
        assert_eq!(listed().await.get("agreement"), None);
        let given = post.consents(Who::Gul).await.remove(0);
        post.take_back(Who::Gul, &given).await.expect(200);
        assert_eq!(listed().await["blocked_by"]["code"], "consent_withdrawn");
        assert_eq!(listed().await.get("agreement"), None);
        let refused = post.stage.go(Who::Gul, &about, submit()).await;
        assert_eq!(refused.code(409), "consent_withdrawn");
        assert_eq!(post.consents(Who::Gul).await.len(), 1);
    });
}

#[test]
fn what_an_erased_person_agreed_to_by_a_link_loses_their_name_when_it_ends() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let path = post.stage.introduction(Who::Dana).await;
        let id = path.rsplit('/').next().unwrap();
        let introduction: IntroductionId = id.parse().unwrap();
        let (person, now) = (post.stage.user(Who::Stranger).clone(), post.now());
        let (key, user) = (person.email.key(), person.id);
        let consent = IntroductionConsent {
            id: Uuid::now_v7(),
            introduction,
            side: Side::Investor,
            user: None,
            email_key: key.clone(),
            person_name: "Sam Stranger".to_owned(),
            person_role: Some("Friend".to_owned()),
            operator: "Corridor".to_owned(),
            law: "none".to_owned(),
            text: "Yes.".to_owned(),
            language: of("en"),
            method: Method::MailedLink,
            country: None,
            given_at: now,
            valid_to: now + chrono::TimeDelta::days(1),
            withdrawn_at: None,
            curator_copy: false,
        };
        let names = post.stage.context.db.write(move |conn| {
            db::introduction_consents::insert(conn, &consent)?;
            let mut names = Vec::new();
            let mut note = |conn: &mut Conn| -> db::Result<()> {
                let all = db::introduction_consents::of_introduction(conn, introduction)?;
                let own = all.into_iter().find(|it| it.id == consent.id);
                names.push(own.map(|it| (it.person_name, it.email_key)));
                Ok(())
            };
            db::users::set_disabled(conn, user, true, now)?;
            assert!(db::erasure::erase(conn, user, &key, now)?);
            assert_eq!(db::erasure::forget_spent(conn, now, 10)?, 0);
            note(conn)?;
            let later = now + chrono::TimeDelta::days(2);
            assert_eq!(db::erasure::forget_spent(conn, later, 10)?, 1);
            note(conn)?;
            Ok::<_, db::Error>(names)
        });
        let names: Vec<_> = names.await.unwrap().into_iter().flatten().collect();
        assert_eq!(names[0].0, "Sam Stranger");
        assert_eq!(
            names[1],
            ("Erased person".to_owned(), "erased.invalid".to_owned())
        );
    });
}

/// The link to one's consents never ends, and a part in a firm does.
#[test]
fn who_left_a_firm_takes_back_nothing_of_its_and_colleagues_can_give_it_again() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        stands_behind_the_fund(&post).await;
        let mandate = format!("/v1/mandates/{}", post.stage.mandate.id);
        let given = post.consents(Who::Gul).await.remove(0);
        let (gul, stranger) = (
            post.stage.user(Who::Gul).id,
            post.stage.user(Who::Stranger).id,
        );
        let (fund, now) = (post.stage.investor.id, post.now());
        let change = move |conn: &mut Conn| {
            db::users::insert_membership(conn, stranger, fund, Role::Owner, now)?;
            db::users::remove_membership(conn, gul, fund, Role::Owner).map(drop)
        };
        post.stage.context.db.write(change).await.unwrap();
        post.take_back(Who::Gul, &given).await.expect(200);
        let seen = post.stage.get(Who::Stranger, &mandate).await.expect(200);
        assert_eq!(seen["status"], "published");

        // Back again, her no counts, and her colleague's yes undoes it.
        let back = move |conn: &mut Conn| {
            db::users::insert_membership(conn, gul, fund, Role::Owner, now).map(drop)
        };
        post.stage.context.db.write(back).await.unwrap();
        let act = |action: &str| json!({ "action": action });
        post.stage
            .go(Who::Stranger, &mandate, act("pause"))
            .await
            .expect(200);
        let refused = post.stage.go(Who::Stranger, &mandate, act("publish")).await;
        assert_eq!(refused.code(409), "consent_withdrawn");
        let path = format!("/v1/me/consents/{}/renewal", given["id"].as_str().unwrap());
        let outsider = post.stage.request(Who::Dana, "POST", &path);
        assert_eq!(outsider.send().await.unwrap().status(), 404);
        let renewal = post.stage.request(Who::Stranger, "POST", &path);
        assert_eq!(renewal.send().await.unwrap().status(), 200);
        post.stage
            .go(Who::Stranger, &mandate, act("publish"))
            .await
            .expect(200);
    });
}

/// Forgets what was agreed to for a firm, but for one consent that has run out.
async fn ran_out(post: &Post, firm: OrganizationId, giver: Who) {
    use diesel::RunQueryDsl;

    let stage = &post.stage;
    let now = post.now();
    let receipt = ConsentReceipt {
        id: stage.context.new_id(),
        user: stage.user(giver).id,
        organization: firm,
        purpose: PROPOSALS,
        person_name: of("Gül Əliyeva"),
        person_role: None,
        law: "other",
        text: "We agree.".to_owned(),
        language: of("en"),
        method: "own_act",
        given_at: now - chrono::TimeDelta::days(731),
        valid_to: now - chrono::TimeDelta::days(1),
    };
    let write = move |conn: &mut Conn| -> db::Result<()> {
        diesel::sql_query("DELETE FROM consent_receipts").execute(conn)?;
        db::consents::insert(conn, &receipt)
    };
    stage.context.db.write(write).await.unwrap();
}

#[test]
fn a_consent_that_nobody_gave_or_that_ran_out_is_waited_for() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let matched = stage.released().await;
        // Nobody of the startup has agreed, and the investor's has run out.
        ran_out(&post, stage.investor.id, Who::Gul).await;
        assert_eq!(stage.get(Who::Gul, &matched).await.status, 404);
        let made = stage
            .request_introduction(Who::Curator, &matched, crate::api::stage::BLURB)
            .await;
        let introduction = made.location.clone().unwrap();
        assert_eq!(made.expect(201)["status"], "held");
        let open = stage.get(Who::Compliance, "/v1/reviews").await.expect(200);
        assert_eq!(open["items"][0]["rules"], json!(["consent_unknown"]));
        let release = json!({
            "action": "release", "reason": "They said so by phone.",
            "startup_revision": stage.profile.revision,
        });
        // Nobody else's word stands for theirs.
        let held = stage
            .go(Who::Compliance, &introduction, release.clone())
            .await;
        assert_eq!(held.expect(200)["status"], "held");

        // The startup's people put their record forward again, which says so.
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        for action in ["pause", "publish"] {
            let body = json!({ "action": action });
            stage.go(Who::Dana, &profile, body).await.expect(200);
        }
        let given = post.consents(Who::Dana).await;
        assert_eq!(given[0]["method"], "own_act", "{given:?}");
        assert_eq!(given[0]["language"], "he");
        // The investor's say so by name, once.
        let body = json!({ "organization": stage.investor.id.to_string() });
        let theirs = stage.post(Who::Dana, "/v1/me/consents", body.clone()).await;
        assert_eq!(theirs.status, 404);
        let say = async || {
            let request = stage
                .request(Who::Gul, "POST", "/v1/me/consents")
                .header("Idempotency-Key", "\"yes-once\"");
            Answer::of(request.json(&body).send().await.unwrap()).await
        };
        let words = stage.get(Who::Gul, "/v1/me/consents/words").await;
        let words = words.expect(200);
        let said = say().await.expect(200);
        for told in ["text", "text_hash", "language"] {
            assert_eq!(
                said[told], words[told],
                "what was read is what was agreed to"
            );
        }
        assert_eq!(said["method"], "signed_in");
        assert_eq!(said["language"], "az");
        assert_eq!(say().await.expect(200)["id"], said["id"]);
        let again = stage.post(Who::Gul, "/v1/me/consents", body.clone()).await;
        assert_eq!(again.code(409), "given_already");
        assert_eq!(stage.get(Who::Gul, &matched).await.status, 200);
        let asked = stage.go(Who::Compliance, &introduction, release).await;
        assert_eq!(asked.expect(200)["status"], "asking_first");
    });
}

#[test]
fn who_was_shown_before_it_was_asked_goes_on_until_a_day_and_is_asked_meanwhile() {
    use diesel::RunQueryDsl;

    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let matched = stage.released().await;
        // As the upgrade leaves a store in which people published by themselves.
        let day = match database.migrations() {
            "postgres" => "TIMESTAMPTZ '2026-12-24T00:00:00Z'",
            _ => "1798070400000000",
        };
        let upgrade = move |conn: &mut Conn| -> db::Result<()> {
            diesel::sql_query("DELETE FROM consent_receipts").execute(conn)?;
            for table in ["startup_profiles", "mandates"] {
                let firms = format!("SELECT organization_id, {day} FROM {table}");
                diesel::sql_query(format!(
                    "INSERT INTO consents_before (organization_id, holds_until) {firms}"
                ))
                .execute(conn)?;
            }
            Ok(())
        };
        stage.context.db.write(upgrade).await.unwrap();
        assert_eq!(stage.get(Who::Gul, &matched).await.status, 200);
        let work = "/v1/worklist?kind=give_consent";
        let asked = stage.get(Who::Gul, work).await.expect(200);
        assert_eq!(asked["items"][0]["due"], "2026-12-24T00:00:00.000000Z");
        post.advance(chrono::TimeDelta::days(31));
        assert_eq!(stage.get(Who::Gul, &matched).await.status, 404);
        for (who, firm) in [(Who::Gul, &stage.investor), (Who::Dana, &stage.startup)] {
            let body = json!({ "organization": firm.id.to_string() });
            stage.post(who, "/v1/me/consents", body).await.expect(200);
        }
        assert_eq!(stage.get(Who::Gul, &matched).await.status, 200);
    });
}

/// Mails to that person that ask for a consent that nobody gave.
fn asked_for_consent(post: &Post, to: &str) -> usize {
    let received = post.server.received().into_iter();
    let to_them = received.filter(|mail| mail.to.iter().any(|it| it.contains(to)));
    let told = to_them.filter(|mail| {
        let parsed = mail_parser::MessageParser::new().parse(&mail.content);
        let parsed = parsed.unwrap();
        let body = parsed.body_text(0).unwrap_or_default();
        // However its lines are broken.
        let body = body.split_whitespace().collect::<Vec<_>>().join(" ");
        body.contains("razılıq verməyib") || body.contains("מלפני שהתבקשו הסכמות")
    });
    told.count()
}

#[test]
fn who_goes_on_as_before_is_told_at_the_start_and_before_the_end() {
    use corridor::jobs::clock;
    use diesel::RunQueryDsl;

    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let ends = post.now() + chrono::TimeDelta::days(60);
        let day = match database.migrations() {
            "postgres" => format!("TIMESTAMPTZ '{}'", ends.to_rfc3339()),
            _ => ends.timestamp_micros().to_string(),
        };
        let upgrade = move |conn: &mut Conn| -> db::Result<()> {
            diesel::sql_query("DELETE FROM consent_receipts").execute(conn)?;
            for table in ["startup_profiles", "mandates"] {
                let firms = format!("SELECT organization_id, {day} FROM {table}");
                diesel::sql_query(format!(
                    "INSERT INTO consents_before (organization_id, holds_until) {firms}"
                ))
                .execute(conn)?;
            }
            Ok(())
        };
        stage.context.db.write(upgrade).await.unwrap();
        let strike = async || {
            // Twice: what was told is not told again.
            for _ in 0..2 {
                clock::strike(&stage.context).await.unwrap();
                post.send().await;
            }
            (
                asked_for_consent(&post, "gul@"),
                asked_for_consent(&post, "dana@"),
            )
        };
        assert_eq!(strike().await, (1, 1));
        // The operator's people see whom to ask.
        let work = "/v1/worklist?kind=chase_consent";
        let ask = stage.get(Who::Curator, work).await.expect(200);
        assert_eq!(ask["items"].as_array().unwrap().len(), 2, "{ask}");
        assert!(ask["items"][0]["due"].is_string());
        post.advance(chrono::TimeDelta::days(29));
        assert_eq!(strike().await, (1, 1));
        post.advance(chrono::TimeDelta::days(2));
        assert_eq!(strike().await, (2, 2));
        // Who agrees meanwhile is asked no more.
        let body = json!({ "organization": stage.investor.id.to_string() });
        stage
            .post(Who::Gul, "/v1/me/consents", body)
            .await
            .expect(200);
        post.advance(chrono::TimeDelta::days(22));
        assert_eq!(strike().await, (2, 3));
        let ask = stage.get(Who::Curator, work).await.expect(200);
        assert_eq!(ask["items"].as_array().unwrap().len(), 1, "{ask}");
    });
}
