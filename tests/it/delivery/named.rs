//! The other side by name, to who is asked by it and once both have said yes:
//! what each reads, what the ledger keeps of it, and when it is not there.

use corridor::db::{Conn, introduction_consents};
use corridor::domain::introduction::IntroductionStatus;
use serde_json::{Value, json};

use super::Post;
use crate::api::investors;
use crate::api::stage::{INVESTOR, STARTUP, Who, of};
use crate::support::database::on_each_backend;

/// Everybody who isn't of that side, or of any.
const OTHERS: [Who; 4] = [Who::Stranger, Who::Curator, Who::Compliance, Who::Auditor];

impl Post {
    /// How often a firm was shown by name, as its own people read it.
    async fn times_named(&self, who: Who, firm: &str) -> usize {
        let path = format!("/v1/organizations/{firm}/disclosures");
        let lines = self.stage.get(who, &path).await.expect(200);
        let lines = lines["items"].as_array().unwrap().iter();
        lines.filter(|line| line["level"] == "l1").count()
    }

    async fn is_hidden(&self, path: &str) {
        for who in [Who::Dana, Who::Gul] {
            let answer = self.stage.get(who, path).await;
            assert_eq!(answer.code(404), "not_found", "{who:?}");
        }
    }
}

fn fields(of: &Value) -> Vec<&str> {
    of.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn each_side_reads_the_other_by_name_once_both_agreed() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let about = investors::approved(stage).await;
        let publish = json!({"action": "publish"});
        stage.go(Who::Gul, &about, publish).await.expect(200);
        let introduction = stage.introduction(Who::Dana).await;
        let path = format!("{introduction}/profile");
        post.send().await;
        let startup = stage.startup.id.to_string();
        let investor = stage.investor.id.to_string();
        // Its own request named the startup, to who is asked alone.
        let before = post.times_named(Who::Dana, &startup).await;
        let unanswered = stage.get(Who::Dana, &path).await;
        assert_eq!(unanswered.code(404), "not_found");
        let asked = stage.get(Who::Gul, &path).await.expect(200);
        assert_eq!(asked["name"], STARTUP);
        assert!(asked["startup"]["summary"]["en"]["text"].is_string());
        assert!(!fields(&asked).contains(&"website"), "{asked}");
        assert_eq!(post.times_named(Who::Dana, &startup).await, before + 1);

        post.accept(Who::Gul, &introduction).await;
        assert_eq!(post.times_named(Who::Gul, &investor).await, 0);
        let read = stage.get(Who::Gul, &path).await.expect(200);
        assert_eq!(read["side"], "startup");
        assert_eq!(read["name"], STARTUP);
        assert_eq!(read["legal_name"], format!("{STARTUP} Ltd"));
        assert_eq!(read["country"], "IL");
        let said = &read["startup"];
        assert_eq!(said["stage"], "seed");
        assert_eq!(said["primary_tags"], json!(["water_loss"]));
        assert_eq!(
            said["one_liner"]["en"]["text"],
            "Finds leaks before they show."
        );
        assert!(said["summary"]["en"]["text"].is_string() && said["traction"].is_object());
        for own in ["controls", "encumbrances", "organization", "source_tags"] {
            assert!(!fields(said).contains(&own), "{own}");
        }

        let read = stage.get(Who::Dana, &path).await.expect(200);
        assert_eq!(
            (&read["side"], &read["name"]),
            (&json!("investor"), &json!(INVESTOR))
        );
        let said = &read["investor"];
        assert_eq!(said["type"], "family_office");
        assert!(said["about"]["az"]["text"].is_string());
        assert_eq!(said["portfolio_size"], 1);
        assert_eq!(said["title"], "Water");
        assert_eq!(said["tags"], json!(["water_loss"]));
        for own in ["assets", "portfolio", "cheque", "excluded_tags", "capacity"] {
            assert!(!fields(said).contains(&own), "{own}");
        }

        // However often it is read, the ledger has one line of each.
        for who in [Who::Dana, Who::Gul, Who::Gul] {
            stage.get(who, &path).await.expect(200);
        }
        assert_eq!(post.times_named(Who::Dana, &startup).await, before + 1);
        assert_eq!(post.times_named(Who::Gul, &investor).await, 1);
        for who in OTHERS {
            assert_eq!(
                stage.get(who, &path).await.code(404),
                "not_found",
                "{who:?}"
            );
        }
    });
}

#[test]
fn nobody_is_read_by_name_in_a_freeze_or_after_a_block() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = post.agreed().await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
        let path = format!("{introduction}/profile");
        for who in [Who::Dana, Who::Gul] {
            stage.get(who, &path).await.expect(200);
        }
        // An investor that published nothing of itself is known by its mandate.
        let read = stage.get(Who::Dana, &path).await.expect(200);
        assert_eq!(read["investor"]["about"], json!({}));
        assert!(!fields(&read["investor"]).contains(&"portfolio_size"));

        let freeze = json!({"scope": "country", "value": "AZ", "reason": "A test"});
        let frozen = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        let frozen = frozen.expect(201)["id"].as_str().unwrap().to_owned();
        post.is_hidden(&path).await;
        for who in [Who::Compliance, Who::SecondCompliance] {
            let lift = json!({"action": "lift", "reason": "It is over."});
            let record = format!("/v1/freezes/{frozen}");
            stage.go(who, &record, lift).await.expect(200);
        }
        for who in [Who::Dana, Who::Gul] {
            stage.get(who, &path).await.expect(200);
        }
        let block = json!({
            "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
            "reason": "A conflict",
        });
        let blocked = stage.post(Who::Compliance, "/v1/blocks", block).await;
        assert_eq!(blocked.status, 204);
        post.is_hidden(&path).await;
    });
}

#[test]
fn an_introduction_that_ended_shows_no_profile() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        post.send().await;
        let path = format!("{introduction}/profile");
        for status in IntroductionStatus::ALL {
            let id = of(introduction.rsplit('/').next().unwrap());
            let now = *status;
            let put = move |conn: &mut corridor::db::Conn| {
                let mut record = corridor::db::introductions::find(conn, id)?.unwrap();
                record.status = now;
                record.version += 1;
                corridor::db::introductions::update(conn, &record)
            };
            assert!(post.stage.context.db.write(put).await.unwrap());
            let answer = post.stage.get(Who::Gul, &path).await.status;
            let open = matches!(
                status.code(),
                "both_accepted"
                    | "delivery_problem"
                    | "sent"
                    | "in_conversation"
                    | "met"
                    | "converted"
            );
            assert_eq!(answer, if open { 200 } else { 404 }, "{status}");
        }
    });
}

/// Proposed by a curator, the startup learns what the fund looks for, and no
/// more before it has agreed.
#[test]
fn who_is_asked_first_reads_no_name_and_what_the_other_looks_for() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let proposed = stage.introduction(Who::Curator).await;
        post.send().await;
        let mail = post.mails().pop().unwrap();
        let page = stage.open(&stage.question(&proposed).await).await.text;
        for told in [&mail.text, &page] {
            assert!(told.contains("תחומים: "), "{told}");
            assert!(!told.contains(INVESTOR) && !told.contains("סוג העסקה: "));
        }
        let path = format!("{proposed}/profile");
        post.is_hidden(&path).await;
        // After its yes the fund is asked, and reads it by name.
        post.accept(Who::Dana, &proposed).await;
        let read = stage.get(Who::Gul, &path).await.expect(200);
        assert_eq!(read["name"], STARTUP);
        assert_eq!(stage.get(Who::Dana, &path).await.code(404), "not_found");
    });
}

/// Who agreed in words of before, which named the firm alone, is shown by name
/// and no further until both have agreed.
#[test]
fn who_agreed_in_words_of_before_is_named_and_not_shown_further() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let introduction = stage.introduction(Who::Dana).await;
        let id = of(introduction.rsplit('/').next().unwrap());
        let write = move |conn: &mut Conn| {
            let given = introduction_consents::of_introduction(conn, id)?;
            let mut before = given.into_iter().next_back().unwrap();
            before.id = uuid::Uuid::now_v7();
            before.given_at += chrono::TimeDelta::seconds(1);
            before.text = "By saying yes I agree that my name is passed on.".to_owned();
            introduction_consents::insert(conn, &before)
        };
        stage.context.db.write(write).await.unwrap();
        post.send().await;
        let path = format!("{introduction}/profile");
        post.is_hidden(&path).await;
        let mail = post.mails().pop().unwrap();
        let page = stage.open(&stage.question(&introduction).await).await.text;
        for told in [&mail.text, &page] {
            assert!(told.contains(STARTUP) && !told.contains("Listens to pipes"));
            assert!(!told.contains("Sövdələşmə növü: "), "{told}");
        }
        let given = stage.get(Who::Dana, "/v1/me/consents").await.expect(200);
        let covered = |number: usize| given["items"][number]["data"].as_array().unwrap().len();
        assert_eq!((covered(0), covered(1)), (5, 4), "{given}");
        post.accept(Who::Gul, &introduction).await;
        stage.get(Who::Gul, &path).await.expect(200);
    });
}

/// What a side asked by the other reads, by mail, on its page and over the API.
#[test]
fn who_is_asked_by_the_other_side_reads_it_by_name() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let stage = &post.stage;
        let about = investors::approved(stage).await;
        let publish = json!({"action": "publish"});
        stage.go(Who::Gul, &about, publish).await.expect(200);
        let introduction = stage.introduction(Who::Gul).await;
        post.send().await;
        let path = format!("{introduction}/profile");
        let read = stage.get(Who::Dana, &path).await.expect(200);
        assert_eq!(
            (&read["name"], &read["country"]),
            (&json!(INVESTOR), &json!("AZ"))
        );
        assert_eq!(read["investor"]["portfolio_size"], 1);
        assert_eq!(stage.get(Who::Gul, &path).await.code(404), "not_found");
        let mail = post.mails().pop().unwrap();
        assert_eq!(mail.to, ["<dana@mail.example>"]);
        let page = stage.open(&stage.question(&introduction).await).await.text;
        for told in [&mail.text, &page] {
            assert!(
                told.contains(INVESTOR) && told.contains("תחומים: "),
                "{told}"
            );
            assert!(told.contains("חברות בתיק ההשקעות: 1"), "{told}");
            assert!(!told.contains("gul@") && !told.contains("Araz"), "{told}");
        }
        assert!(page.contains("Patient money from Baku"), "{page}");
        // In a freeze nobody reads it.
        super::obsolete::freeze(&post).await;
        post.is_hidden(&path).await;
    });
}
