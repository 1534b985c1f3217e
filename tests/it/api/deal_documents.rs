//! Papers of a deal: who learns of them, what opens them, and what is left of
//! one that is erased.

use corridor::db::{self, Conn, deal_documents};
use corridor::domain::deal_work::Camp;
use diesel::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;

use super::deals::deal;
use super::documents::files::{Form, pdf, stored};
use super::documents::{fetch, sending};
use super::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

pub fn paper(title: &str, visibility: &str) -> Form {
    Form::default()
        .field("class", "term_sheet")
        .field("title", title)
        .field("visibility", visibility)
        .file("terms.pdf", "application/pdf", &pdf(title))
}

pub async fn sent(stage: &Stage, who: Who, deal: &str, form: &Form) -> Answer {
    let request = sending(stage, who, &format!("{deal}/documents"), form);
    Answer::of(request.send().await.unwrap()).await
}

/// A paper that the investor keeps for both sides; its id.
pub async fn kept(stage: &Stage, deal: &str) -> String {
    let made = sent(stage, Who::Gul, deal, &paper("Terms", "both")).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn titles(stage: &Stage, who: Who, deal: &str) -> Vec<String> {
    let list = stage
        .get(who, &format!("{deal}/documents"))
        .await
        .expect(200);
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|it| it["title"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_paper_is_for_those_who_learn_of_it_and_each_opening_is_on_record() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let form = paper("Terms", "both");
        let request = || {
            let request = sending(&stage, Who::Gul, &format!("{deal}/documents"), &form);
            request.header("Idempotency-Key", "the-terms")
        };
        let made = Answer::of(request().send().await.unwrap()).await;
        let path = made.location.clone().unwrap();
        let made = made.expect(201);
        let again = Answer::of(request().send().await.unwrap()).await;
        assert_eq!(again.location.as_ref(), Some(&path));
        let ours = sent(&stage, Who::Gul, &deal, &paper("Our view", "team")).await;
        let ours = ours.location.unwrap();
        assert_eq!(titles(&stage, Who::Gul, &deal).await, ["Terms", "Our view"]);
        assert_eq!(titles(&stage, Who::Dana, &deal).await, ["Terms"]);
        assert_eq!(titles(&stage, Who::Curator, &deal).await, ["Terms"]);
        for hidden in [ours.clone(), format!("{ours}/file")] {
            for who in [Who::Dana, Who::Curator, Who::Stranger] {
                let answer = stage.get(who, &hidden).await;
                assert_eq!(answer.code(404), "not_found", "{who:?} {hidden}");
            }
        }
        let file = format!("{path}/file");
        for (who, status) in [(Who::Gul, 200), (Who::Dana, 200), (Who::Stranger, 404)] {
            let (got, _, bytes) = fetch(&stage, who, &file).await;
            assert_eq!(got, status, "{who:?}");
            assert!(status != 200 || bytes == pdf("Terms"), "{who:?}");
        }
        let ledger = format!(
            "/v1/organizations/{}/disclosures?limit=100",
            stage.investor.id
        );
        let ledger = stage.get(Who::Gul, &ledger).await.expect(200);
        let lines = ledger["items"].as_array().unwrap().iter();
        assert_eq!(lines.filter(|line| line["level"] == "l3").count(), 1);

        // What an exit criterion asks for may be named by its id.
        let nothing = json!(uuid::Uuid::now_v7().to_string());
        let shouted = json!(format!(" {} ", made["id"].as_str().unwrap().to_uppercase()));
        for (id, known) in [(&shouted, true), (&nothing, false)] {
            let fact = json!({ "facts": { "term_sheet": id } });
            let noted = stage.edit(Who::Gul, &deal, fact).await;
            if known {
                assert_eq!(noted.expect(200)["facts"]["term_sheet"], made["id"]);
            } else {
                let faults = noted.expect(422);
                assert_eq!(faults["errors"][0]["code"], "unknown_document");
            }
        }

        // What its keeper can't open no fact of its own names.
        let closed = super::documents::deck(&stage).await;
        let fact = json!({ "facts": { "signed_agreement": closed["id"] } });
        let faults = stage.edit(Who::Gul, &deal, fact).await.expect(422);
        assert_eq!(faults["errors"][0]["code"], "unknown_document");

        // Whoever keeps it reads that it was opened, and by which side.
        stage.seal().await;
        let events = stage.get(Who::Gul, &format!("{deal}/events")).await;
        let events = events.expect(200);
        let opened: Vec<_> = events["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["kind"] == "deal.document_opened")
            .map(|event| (&event["payload"]["document"], &event["payload"]["as"]))
            .collect();
        assert_eq!(opened, [(&made["id"], &json!("startup"))]);

        // Erased, its hash stays and its bytes go; nobody else does that.
        let before = stored(&stage).len();
        let erase = async |who| {
            let request = stage.request(who, "DELETE", &path);
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(erase(Who::Dana).await, 403);
        // Not while the deal names it.
        assert_eq!(erase(Who::Gul).await, 409);
        let fact = json!({ "facts": { "term_sheet": null } });
        stage.edit(Who::Gul, &deal, fact).await.expect(200);
        assert_eq!((erase(Who::Gul).await, erase(Who::Gul).await), (204, 204));
        assert_eq!(stored(&stage).len(), before - 1);
        let left = stage.get(Who::Dana, &path).await.expect(200);
        assert_eq!(left["sha256"], made["sha256"]);
        assert!(left["erased_at"].is_string());
        let gone = stage.get(Who::Dana, &file).await;
        assert_eq!(gone.code(409), "document_erased");
    });
}

#[test]
fn nothing_of_a_paper_goes_across_while_the_gate_is_closed() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let file = format!("/v1/deal-documents/{}/file", kept(&stage, &deal).await);
        let bad = paper("Terms for guided missiles", "both");
        let waits = sent(&stage, Who::Dana, &deal, &bad).await.expect(201);
        let waits = format!("/v1/deal-documents/{}", waits["id"].as_str().unwrap());
        stage.get(Who::Dana, &waits).await.expect(200);
        stage.get(Who::Gul, &waits).await.code(404);
        let incomplete = Form::default().field("class", "poem");
        let refused = sent(&stage, Who::Dana, &deal, &incomplete)
            .await
            .expect(422);
        let pointers: Vec<&Value> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| &fault["pointer"])
            .collect();
        assert!(pointers.contains(&&json!("#/class")), "{refused}");
        assert!(pointers.contains(&&json!("#/title")), "{refused}");

        let freeze = json!({ "scope": "country", "value": "AZ", "reason": "An order" });
        let freeze = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        let freeze = format!("/v1/freezes/{}", freeze.expect(201)["id"].as_str().unwrap());
        let waiting = "Terms for guided missiles";
        assert_eq!(titles(&stage, Who::Dana, &deal).await, [waiting]);
        assert_eq!(fetch(&stage, Who::Dana, &file).await.0, 404);
        // Whoever keeps it is not kept from it, and keeps more for its own.
        assert_eq!(fetch(&stage, Who::Gul, &file).await.0, 200);
        let own = sent(&stage, Who::Gul, &deal, &paper("Ours", "team")).await;
        own.expect(201);
        let across = sent(&stage, Who::Gul, &deal, &paper("Yours", "both")).await;
        assert_eq!(across.code(409), "not_available");
        for who in [Who::Compliance, Who::SecondCompliance] {
            let lift = json!({ "action": "lift", "reason": "It is over" });
            stage.go(who, &freeze, lift).await.expect(200);
        }
        assert_eq!(titles(&stage, Who::Dana, &deal).await, ["Terms", waiting]);
        assert_eq!(fetch(&stage, Who::Dana, &file).await.0, 200);
        // A check of the firm that ran out is a question, and no yes.
        let review = json!({
            "organization": stage.investor.id.to_string(), "verdict": "review",
            "basis": "Registry", "evidence": { "reference": "Archive 7" },
            "valid_to": "2027-06-30",
        });
        let review = stage.post(Who::Compliance, "/v1/clearances", review).await;
        review.expect(201);
        assert_eq!(fetch(&stage, Who::Dana, &file).await.0, 404);
    });
}

#[test]
fn nothing_tells_the_other_side_of_a_paper_that_waits() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let bad = paper("Terms for guided missiles", "both");
        let made = sent(&stage, Who::Dana, &deal, &bad).await;
        let path = made.location.clone().unwrap();
        made.expect(201);
        // Compliance looks at it, and its own side erases it.
        let (status, _, _) = fetch(&stage, Who::Compliance, &format!("{path}/file")).await;
        assert_eq!(status, 200);
        let erase = stage.request(Who::Dana, "DELETE", &path);
        assert_eq!(erase.send().await.unwrap().status().as_u16(), 204);
        stage.seal().await;
        for who in [Who::Gul, Who::Compliance] {
            let events = stage.get(who, &format!("{deal}/events")).await.expect(200);
            let mut events = events["items"].as_array().unwrap().iter();
            let told = events.any(|it| it["kind"].as_str().unwrap().starts_with("deal.document"));
            assert!(!told, "{who:?}");
        }
    });
}

#[test]
fn a_private_paper_goes_with_its_author_and_takes_no_room_of_others() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let path = async |title: &str, visibility: &str| {
            let made = sent(&stage, Who::Gul, &deal, &paper(title, visibility)).await;
            made.location
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned()
        };
        let (own, ours) = (path("Mine", "private").await, path("Ours", "team").await);
        let (own, ours): (Uuid, Uuid) = (own.parse().unwrap(), ours.parse().unwrap());
        let (gul, dana) = (stage.user(Who::Gul).id, stage.user(Who::Dana).id);
        let id = deal.rsplit('/').next().unwrap().parse().unwrap();
        let rooms = move |conn: &mut Conn| {
            let camp = Camp::Investor;
            let of_gul = deal_documents::lengths(conn, id, camp, gul)?.len();
            let of_another = deal_documents::lengths(conn, id, camp, dana)?.len();
            Ok::<_, db::Error>((of_gul, of_another))
        };
        assert_eq!(stage.context.db.read(rooms).await.unwrap(), (2, 1));
        let now = stage.context.now();
        let erase = move |conn: &mut Conn| {
            diesel::sql_query("UPDATE users SET disabled_at = updated_at").execute(conn)?;
            assert!(db::erasure::erase(conn, gul, "gul@mail.example", now)?);
            let kept = [own, ours].map(|id| deal_documents::find(conn, id));
            Ok::<_, db::Error>(kept.map(|it| it.is_ok_and(|found| found.is_some())))
        };
        let kept = stage.context.db.write(erase).await.unwrap();
        assert_eq!(kept, [false, true]);
    });
}
