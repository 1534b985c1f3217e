//! The MoU: written, agreed, signed in order, declined, renewed.

use chrono::TimeDelta;
use corridor::db;
use corridor::domain::account::Role;
use corridor::jobs::clock;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::builders::{
    Firm, act, agree_and_sign, create, firm, id_of, operator, programme,
};
use crate::support::client::{Answer, Client};
use crate::support::database::{Database, on_each_backend};

struct Cast {
    app: App,
    curator: Client,
    office: Firm,
    fund: Firm,
    stranger: Firm,
    /// The programme's path.
    programme: String,
}

async fn cast(database: &Database) -> Cast {
    let app = App::start(database).await;
    let curator = operator(&app, "Curator", &[Role::Curator]).await;
    let office = firm(&app, "partner", "Office", "IL").await;
    let fund = firm(&app, "investor", "Xezer", "AZ").await;
    let stranger = firm(&app, "startup", "Tamar", "IL").await;
    let mut body = programme("il-az", &office.id);
    body["parties"] = json!([
        { "organization": office.id, "role": "trade_office" },
        { "organization": fund.id, "role": "signatory" },
    ]);
    let (programme, _) = create(&curator, "/v1/programmes", &body).await;
    act(&curator, &programme, "negotiate").await;
    Cast {
        app,
        curator,
        office,
        fund,
        stranger,
        programme,
    }
}

impl Cast {
    /// How many people were mailed that news.
    async fn mails(&self, news: &str) -> usize {
        let list = |conn: &mut db::Conn| db::outbox::list(conn, None, None, 1_000);
        let queue = self.app.context.db.read(list).await.unwrap();
        let intent = format!("news:{news}:");
        let programme = self.programme.rsplit('/').next().unwrap();
        let mails = queue.iter().filter(|it| it.intent_key.starts_with(&intent));
        // Each says which programme.
        mails.filter(|it| it.payload.contains(programme)).count()
    }

    fn path(&self, below: &str) -> String {
        format!("{}/{below}", self.programme)
    }

    fn words(&self) -> Value {
        json!({
            "notice_days": 60,
            "controlling_language": "en",
            "texts": { "en": "We agree.", "he": "אנו מסכימים.", "az": "Razıyıq.", "ru": "Мы согласны." },
            "signatories": [
                { "organization": self.office.id, "name": "Dana Levi", "title": "Director" },
                { "organization": self.fund.id, "name": "Leyla Əliyeva" },
            ],
        })
    }

    async fn write(&self, body: &Value) -> Answer {
        let call = self.curator.call("PUT", &self.path("agreement"));
        call.json(body).header("If-Match", "*").send().await
    }

    async fn sign(&self, firm: &Firm) -> Answer {
        let body = json!({
            "action": "sign", "organization": firm.id, "level": "qualified",
            "signed_on": "2026-11-24", "evidence": "Archive 7",
        });
        self.signing(&self.curator, &body).await
    }

    async fn signing(&self, who: &Client, body: &Value) -> Answer {
        let call = who.call("POST", &self.path("signings"));
        call.json(body).header("If-Match", "*").send().await
    }

    async fn agreement(&self) -> Value {
        self.curator
            .get(&self.path("agreement"))
            .await
            .expect(200)
            .body
    }
}

#[test]
fn texts_are_frozen_by_agreement_and_any_change_goes_back_to_negotiation() {
    on_each_backend(async |database| {
        let cast = cast(database).await;
        let mut wrong = cast.words();
        wrong["controlling_language"] = json!("fr");
        wrong["signatories"][1]["organization"] = json!(cast.stranger.id);
        let faults = cast.write(&wrong).await.expect(422);
        assert_eq!(
            faults.faults(),
            [
                "#/controlling_language no_such_text",
                "#/signatories/1/organization not_a_party"
            ]
        );
        cast.write(&cast.words()).await.expect(200);
        act(&cast.curator, &cast.programme, "agree_text").await;
        let agreed = cast.agreement().await;
        assert_eq!(
            (&agreed["status"], &agreed["intact"]),
            (&json!("text_agreed"), &json!(true))
        );
        assert_eq!(agreed["texts"][1]["dir"], "ltr");
        assert_eq!(agreed["texts"].as_array().unwrap().len(), 4);

        let mut other = cast.words();
        other["texts"]["en"] = json!("We agree!");
        let back = cast.write(&other).await.expect(200);
        assert_eq!(back.body["status"], "negotiation");
        assert_eq!(back.body["agreed"], Value::Null);

        // Whoever changes a text behind the service's back is found out.
        act(&cast.curator, &cast.programme, "agree_text").await;
        let id = id_of(&cast.programme).parse().unwrap();
        let tamper = move |conn: &mut db::Conn| {
            let mut agreement = db::agreements::load(conn, id)?;
            agreement
                .texts
                .insert("en".parse().unwrap(), "We don't.".to_owned());
            db::agreements::store(conn, &agreement)
        };
        cast.app.context.db.write(tamper).await.unwrap();
        assert_eq!(cast.agreement().await["intact"], false);
        let start = json!({ "action": "start_signing" });
        let refused = cast.curator.act(&cast.programme, "*", &start).await;
        refused.refused(409, "text_changed");
    });
}

#[test]
fn texts_come_into_force_with_a_signature_of_each_party_that_signs_and_not_without() {
    on_each_backend(async |database| {
        let cast = cast(database).await;
        let start = json!({ "action": "start_signing" });
        // Nobody signs, then somebody else alone.
        for signatories in [
            json!([]),
            json!([{ "organization": cast.office.id, "name": "Dana Levi" }]),
        ] {
            let mut words = cast.words();
            words["signatories"] = signatories;
            cast.write(&words).await.expect(200);
            act(&cast.curator, &cast.programme, "agree_text").await;
            let refused = cast.curator.act(&cast.programme, "*", &start).await;
            refused.refused(409, "incomplete");
        }
        cast.write(&cast.words()).await.expect(200);
        act(&cast.curator, &cast.programme, "agree_text").await;
        act(&cast.curator, &cast.programme, "start_signing").await;
    });
}

#[test]
fn it_is_signed_in_order_and_then_comes_into_force() {
    on_each_backend(async |database| {
        let cast = cast(database).await;
        cast.write(&cast.words()).await.expect(200);
        act(&cast.curator, &cast.programme, "agree_text").await;
        cast.sign(&cast.office)
            .await
            .refused(409, "transition_not_allowed");
        act(&cast.curator, &cast.programme, "start_signing").await;
        cast.write(&cast.words()).await.refused(409, "text_frozen");
        let activate = json!({ "action": "activate" });
        let early = cast.curator.act(&cast.programme, "*", &activate).await;
        early.refused(409, "incomplete");
        cast.sign(&cast.fund).await.refused(409, "not_their_turn");
        cast.sign(&cast.office).await.expect(200);
        let bare = json!({ "action": "sign", "organization": cast.fund.id });
        let bare = cast.signing(&cast.curator, &bare).await;
        assert_eq!(
            bare.expect(422).faults(),
            [
                "#/level required",
                "#/signed_on required",
                "#/evidence required"
            ]
        );
        let both = cast.sign(&cast.fund).await.expect(200);
        let states: Vec<_> = both.body["signatories"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["state"].clone())
            .collect();
        assert_eq!(states, ["signed", "signed"]);
        act(&cast.curator, &cast.programme, "activate").await;

        // Parties read it, others know of the programme alone.
        cast.fund
            .owner
            .get(&cast.path("agreement"))
            .await
            .expect(200);
        cast.stranger
            .owner
            .get(&cast.path("agreement"))
            .await
            .refused(403, "forbidden");
        let body = json!({ "action": "decline", "organization": cast.office.id, "reason": "No" });
        let refused = cast.signing(&cast.office.owner, &body).await;
        refused.refused(403, "forbidden");
    });
}

#[test]
fn a_party_that_declines_ends_it_and_parties_have_their_say() {
    on_each_backend(async |database| {
        let cast = cast(database).await;
        cast.write(&cast.words()).await.expect(200);
        act(&cast.curator, &cast.programme, "agree_text").await;
        act(&cast.curator, &cast.programme, "start_signing").await;
        let no = json!({ "action": "decline", "organization": cast.office.id, "reason": "The term is too long." });
        let declined = cast.signing(&cast.curator, &no).await.expect(200);
        assert_eq!(declined.body["status"], "declined");
        assert_eq!(
            declined.body["signatories"][0]["reason"],
            "The term is too long."
        );
        assert_eq!(
            cast.mails("programme_declined").await,
            2,
            "one to each party"
        );
        // Whoever drew it up finds it among their work.
        let work = cast
            .curator
            .get("/v1/worklist?kind=resume_talks")
            .await
            .expect(200);
        assert_eq!(work.body["items"][0]["about"], json!(["Israel–Azerbaijan"]));

        let said = json!({ "comment": "Two years would do." });
        let path = cast.path("comments");
        cast.office.owner.post(&path, &said).await.expect(201);
        cast.curator.post(&path, &said).await.expect(201);
        cast.stranger
            .owner
            .post(&path, &said)
            .await
            .refused(404, "not_found");
        let list = cast.fund.owner.get(&path).await.expect(200);
        let by: Vec<_> = list.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["organization"].clone())
            .collect();
        assert_eq!(by, [json!(cast.office.id), Value::Null]);
    });
}

#[test]
fn notice_expiry_and_renewal_come_by_the_clock_and_link_both_ways() {
    on_each_backend(async |database| {
        let cast = cast(database).await;
        cast.write(&cast.words()).await.expect(200);
        agree_and_sign(&cast.curator, &cast.programme).await;
        let days = |days| cast.app.context.clock.advance(TimeDelta::days(days));
        let status = async |path: &str| {
            let found = cast.app.context.db.read({
                let id = id_of(path).parse().unwrap();
                move |conn: &mut db::Conn| db::programmes::find(conn, id)
            });
            found.await.unwrap().unwrap().status.code()
        };
        clock::strike(&cast.app.context).await.unwrap();
        assert_eq!(status(&cast.programme).await, "active");
        let renewal =
            |last: &str| json!({ "slug": "il-az-2", "starts_on": "2026-06-01", "ends_on": last });
        let path = cast.path("renewals");
        cast.curator
            .post(&path, &renewal("2028-12-31"))
            .await
            .refused(409, "no_later_end");
        let (next, made) = create(&cast.curator, &path, &renewal("2031-12-31")).await;
        assert_eq!(made.body["parties"].as_array().unwrap().len(), 2);
        cast.curator
            .post(&path, &renewal("2032-12-31"))
            .await
            .refused(409, "successor_exists");
        assert_eq!(cast.agreement().await["successor"], id_of(&next));
        let agreement = cast
            .curator
            .get(&format!("{next}/agreement"))
            .await
            .expect(200);
        assert_eq!(agreement.body["predecessor"], id_of(&cast.programme));

        // 60 days before the 31 December 2028.
        days(710);
        clock::strike(&cast.app.context).await.unwrap();
        assert_eq!(status(&cast.programme).await, "expiring");
        assert_eq!(cast.mails("programme_expiring").await, 2);
        let curator = cast
            .app
            .stranger()
            .signed_in("curator@firms.example", crate::support::builders::PASSWORD)
            .await;
        // The texts and who signs came with the renewal; all sign anew.
        act(&curator, &next, "negotiate").await;
        agree_and_sign(&curator, &next).await;
        assert_eq!(status(&cast.programme).await, "renewed");
        days(2_000);
        clock::strike(&cast.app.context).await.unwrap();
        assert_eq!(status(&next).await, "expired");
        assert_eq!(status(&cast.programme).await, "renewed");
    });
}

#[test]
fn a_programme_is_changed_until_it_is_signed() {
    on_each_backend(async |database| {
        let cast = cast(database).await;
        let patch =
            async |client: &Client, body: Value| client.patch(&cast.programme, "*", &body).await;
        let longer = json!({ "title": "Two more years", "ends_on": "2030-12-31" });
        for (client, status) in [(&cast.stranger.owner, 404), (&cast.fund.owner, 403)] {
            assert_eq!(patch(client, longer.clone()).await.status, status);
        }
        let wrong = json!({ "starts_on": "x", "ends_on": "y", "corridors": [] });
        let faults = patch(&cast.curator, wrong).await.expect(422);
        assert_eq!(faults.body["errors"].as_array().unwrap().len(), 3);
        patch(&cast.curator, json!({ "slug": "other" }))
            .await
            .refused(409, "slug_kept");
        cast.write(&cast.words()).await.expect(200);
        act(&cast.curator, &cast.programme, "agree_text").await;
        let changed = patch(&cast.curator, longer).await.expect(200);
        assert_eq!(changed.body["title"], "Two more years");
        assert_eq!(changed.body["status"], "negotiation", "agreed anew");
        for action in ["agree_text", "start_signing"] {
            act(&cast.curator, &cast.programme, action).await;
        }
        patch(&cast.curator, json!({ "title": "Ours" }))
            .await
            .refused(409, "text_frozen");
    });
}
