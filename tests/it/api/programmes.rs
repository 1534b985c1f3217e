//! Programmes, admissions, and what compliance records.

use corridor::domain::account::Role;
use serde_json::json;

use crate::support::app::App;
use crate::support::builders::{
    act, active_programme, agree_and_sign, corridor, create, firm, id_of, operator, programme,
    published_mandate, published_profile, write_agreement,
};
use crate::support::database::on_each_backend;

#[test]
fn a_programme_comes_into_force_and_admits() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let world = corridor(&app).await;
        let path = format!("/v1/programmes/{}", world.programme);
        let programme = world.startup.owner.get(&path).await.expect(200);
        assert_eq!(programme.text("status"), "active");
        let parties = &world.investor.owner.get(&path).await.expect(200).body["parties"];
        assert_eq!(parties[0]["organization"], world.investor.id);
        let admissions = format!("{path}/admissions");
        let again = json!({ "mandate": world.mandate });
        let again = world.curator.post(&admissions, &again).await.expect(200);
        assert_eq!(again.body, json!({ "new": false }));
        let listed = format!("/v1/startup-profiles?programme={}", world.programme);
        let listed = world.curator.get(&listed).await.expect(200);
        assert_eq!(listed.body["items"][0]["id"], world.profile);
        app.seal().await;
        let events = world
            .curator
            .get(&format!("{path}/events"))
            .await
            .expect(200);
        let kinds = events.body["items"].as_array().unwrap().iter();
        let admitted = kinds.filter(|event| event["kind"] == "programme.admitted");
        assert_eq!(admitted.count(), 2);
    });
}

#[test]
fn who_is_outside_the_corridors_is_not_admitted() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let foreign = firm(&app, "startup", "Foreign", "AZ").await;
        let investor = firm(&app, "investor", "Hof", "IL").await;
        let profile = id_of(&published_profile(&foreign.owner, &curator).await);
        let mandate = id_of(&published_mandate(&investor.owner).await);
        let path = active_programme(&curator, "il-az", &foreign.id).await;
        let admissions = format!("{path}/admissions");
        for outside in [
            json!({ "startup_profile": profile }),
            json!({ "mandate": mandate }),
        ] {
            let answer = curator.post(&admissions, &outside).await;
            answer.refused(409, "outside_corridors");
        }
        for neither in [
            json!({}),
            json!({ "startup_profile": profile, "mandate": mandate }),
        ] {
            let answer = curator.post(&admissions, &neither).await.expect(422);
            assert_eq!(answer.faults(), ["# one_of"]);
        }
        let own = json!({ "startup_profile": profile });
        foreign
            .owner
            .post(&admissions, &own)
            .await
            .refused(403, "forbidden");
    });
}

#[test]
fn only_a_curator_draws_up_programmes_and_slugs_are_unique() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let body = programme("il-az", &tamar.id);
        tamar
            .owner
            .post("/v1/programmes", &body)
            .await
            .refused(403, "forbidden");
        create(&curator, "/v1/programmes", &body).await;
        curator
            .post("/v1/programmes", &body)
            .await
            .refused(409, "slug_taken");
        let mut wrong = body.clone();
        wrong["corridors"] = json!([{ "startup": "IL", "investor": "QQ" }]);
        wrong["ends_on"] = json!("2025-01-01");
        wrong["parties"][0]["role"] = json!("friend");
        let answer = curator.post("/v1/programmes", &wrong).await.expect(422);
        assert_eq!(
            answer.faults(),
            [
                "#/corridors/0/investor unknown_country",
                "#/parties/0/role unknown_code",
                "#/ends_on before_start",
            ]
        );
    });
}

#[test]
fn compliance_clears_freezes_and_blocks() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let officer = operator(&app, "Officer", &[Role::Compliance]).await;
        let second = operator(&app, "Second", &[Role::Compliance]).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let rival = firm(&app, "investor", "Xezer", "AZ").await;

        let clearance = json!({ "organization": tamar.id, "verdict": "clear", "basis": "EU list", "evidence": { "reference": "Archive 7" }, "valid_to": "2027-11-01" });
        officer.post("/v1/clearances", &clearance).await.expect(201);
        curator
            .post("/v1/clearances", &clearance)
            .await
            .refused(403, "forbidden");
        tamar
            .owner
            .post("/v1/clearances", &clearance)
            .await
            .refused(404, "not_found");
        let path = format!("/v1/organizations/{}/clearances", tamar.id);
        let listed = curator.get(&path).await.expect(200);
        assert_eq!(listed.body["items"][0]["verdict"], "clear");
        let first = curator.get(&format!("{path}?limit=1")).await.expect(200);
        assert_eq!(first.body["items"].as_array().map(Vec::len), Some(1));
        tamar.owner.get(&path).await.refused(404, "not_found");

        let freeze = json!({ "scope": "country", "value": "IL", "reason": "War" });
        let freeze = officer.post("/v1/freezes", &freeze).await.expect(201);
        let freeze = format!("/v1/freezes/{}", freeze.text("id"));
        let lift = json!({"action": "lift", "reason": "It is over."});
        let asked = officer.act(&freeze, "\"v1\"", &lift).await.expect(200);
        assert_eq!(asked.body, json!({ "lifted": false }));
        officer
            .act(&freeze, "*", &lift)
            .await
            .refused(409, "second_person_needed");
        assert_eq!(
            officer.get("/v1/freezes").await.body["items"]
                .as_array()
                .map(Vec::len),
            Some(1)
        );
        let lifted = second.act(&freeze, "*", &lift).await.expect(200);
        assert_eq!(lifted.body, json!({ "lifted": true }));
        assert_eq!(officer.get("/v1/freezes").await.body["items"], json!([]));

        let block =
            |a: &str, b: &str| json!({ "organizations": [a, b], "reason": "Former partners" });
        officer
            .post("/v1/blocks", &block(&tamar.id, &rival.id))
            .await
            .expect(204);
        let shouted = tamar.id.to_uppercase();
        let itself = officer
            .post("/v1/blocks", &block(&tamar.id, &shouted))
            .await
            .expect(422);
        assert_eq!(itself.faults(), ["#/organizations two_needed"]);
        curator
            .post("/v1/blocks", &block(&tamar.id, &rival.id))
            .await
            .refused(403, "forbidden");
    });
}

#[test]
fn a_programme_that_was_never_in_force_is_known_to_its_parties_alone() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let party = firm(&app, "investor", "Xezer", "AZ").await;
        let stranger = firm(&app, "startup", "Tamar", "IL").await;
        let draft = programme("quiet-talks", &party.id);
        let (path, _) = create(&curator, "/v1/programmes", &draft).await;
        for who in [&curator, &party.owner] {
            who.get(&path).await.expect(200);
            let listed = who.get("/v1/programmes").await.expect(200);
            assert_eq!(listed.body["items"][0]["slug"], "quiet-talks");
        }
        let office = firm(&app, "partner", "Trade Office", "IL").await;
        for who in [&stranger.owner, &office.owner] {
            for below in ["", "/events", "/transitions", "/admissions", "/agreement"] {
                let answer = who.get(&format!("{path}{below}")).await;
                answer.refused(404, "not_found");
            }
            let move_it = json!({ "action": "negotiate" });
            let moved = who.act(&path, "*", &move_it).await;
            moved.refused(404, "not_found");
            let admit = json!({ "mandate": uuid::Uuid::now_v7().to_string() });
            let admitted = who.post(&format!("{path}/admissions"), &admit).await;
            admitted.refused(404, "not_found");
        }
        let listed = stranger.owner.get("/v1/programmes").await.expect(200);
        assert_eq!(listed.body["items"], json!([]));
        // Nothing comes into force that nobody agreed on and signed.
        act(&curator, &path, "negotiate").await;
        let bare = json!({ "action": "agree_text" });
        let refused = curator.act(&path, "*", &bare).await;
        refused.refused(409, "incomplete");
        write_agreement(&curator, &path).await;
        agree_and_sign(&curator, &path).await;
        stranger.owner.get(&path).await.expect(200);
        // A partner knows of those that it is a party to.
        office.owner.get(&path).await.refused(404, "not_found");
        let listed = office.owner.get("/v1/programmes").await.expect(200);
        assert_eq!(listed.body["items"], json!([]));
        let move_it = json!({ "action": "suspend", "reason": "A court order." });
        let moved = office.owner.act(&path, "*", &move_it).await;
        moved.refused(404, "not_found");
        let moved = stranger.owner.act(&path, "*", &move_it).await;
        moved.refused(403, "forbidden");
        let bridge = programme("their-own", &office.id);
        let (own, _) = create(&curator, "/v1/programmes", &bridge).await;
        office.owner.get(&own).await.expect(200);
        let listed = office.owner.get("/v1/programmes").await.expect(200);
        assert_eq!(listed.body["items"][0]["slug"], "their-own");

        // Without parties it is the operator's own.
        let mut alone = programme("nobody-else", &party.id);
        alone["parties"] = json!([]);
        let (path, drafted) = create(&curator, "/v1/programmes", &alone).await;
        assert_eq!(drafted.body["parties"][0]["role"], "operator");
        act(&curator, &path, "negotiate").await;
        write_agreement(&curator, &path).await;
        agree_and_sign(&curator, &path).await;
    });
}
