//! Records that may be of one firm: found when they are written, told to
//! nobody but the operator's people, merged without weakening anything, parted
//! again as they were.

use corridor::domain::account::Role;
use corridor::domain::ticket::TicketKind;
use corridor::services::{duplicates, tickets};
use serde_json::{Value, json};

use super::referrals::{CONTACT, REFERRALS, investor, office, startup};
use crate::support::app::App;
use crate::support::builders::{
    Firm, act, active_programme, create, firm, id_of, mailed_token, operator, programme,
    published_mandate, published_profile, whole_profile,
};
use crate::support::client::{Answer, Client};
use crate::support::database::on_each_backend;

const DUPLICATES: &str = "/v1/duplicates";

fn items(answer: &Answer) -> &Vec<Value> {
    answer.body["items"].as_array().expect("items")
}

/// The only duplicate that there is in a state, by its address.
async fn only(curator: &Client, state: &str) -> (String, Value) {
    let path = format!("{DUPLICATES}?state={state}");
    let found = curator.get(&path).await.expect(200);
    assert_eq!(items(&found).len(), 1, "{:#}", found.body);
    let one = items(&found)[0].clone();
    (format!("{DUPLICATES}/{}", one["id"].as_str().unwrap()), one)
}

async fn none(curator: &Client, state: &str) {
    let path = format!("{DUPLICATES}?state={state}");
    let found = curator.get(&path).await.expect(200);
    assert!(items(&found).is_empty(), "{:#}", found.body);
}

fn named(external_id: &str, legal_name: &str) -> Value {
    let mut body = startup(external_id);
    body["organization"]["legal_name"] = json!(legal_name);
    body["organization"]["names"] = json!({});
    body
}

fn grounds(duplicate: &Value) -> Vec<&str> {
    let reasons = duplicate["reasons"].as_array().unwrap().iter();
    reasons.map(|it| it["ground"].as_str().unwrap()).collect()
}

fn codes(refused: &Answer) -> Vec<String> {
    let errors = refused.body["errors"].as_array().into_iter().flatten();
    errors
        .map(|it| it["code"].as_str().unwrap().to_owned())
        .collect()
}

async fn judge(curator: &Client, path: &str, body: Value) -> Answer {
    curator.act(path, "*", &body).await
}

fn merging(keep: &str) -> Value {
    json!({ "action": "merge", "keep": keep, "reason": "The same register number" })
}

#[test]
fn a_twin_is_found_in_every_script_and_nobody_else_learns_of_it() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let office = office(&app).await;
        let fund = firm(&app, "investor", "Xezer Kapital", "AZ").await;
        none(&curator, "open").await;

        // A name that nobody has, and one that somebody has, in Russian.
        let mut other = investor("crm-1");
        other["organization"]["legal_name"] = json!("Балтика Инвест");
        let alone = office.owner.post(REFERRALS, &other).await.expect(201);
        let mut twin = investor("crm-2");
        twin["organization"]["legal_name"] = json!("ООО «Хазар Капитал»");
        twin["contact"]["email"] = json!("other@xezer.example");
        let referred = office.owner.post(REFERRALS, &twin).await.expect(201);
        for field in ["state", "claim", "missing"] {
            assert_eq!(alone.body[field], referred.body[field], "{field}");
        }

        let (path, found) = only(&curator, "open").await;
        assert_eq!(grounds(&found), ["alike_name"]);
        assert_eq!(found["kind"], "investor");
        assert_eq!(found["score"], 7_000);
        let ids = found["organizations"].as_array().unwrap();
        assert!(ids.contains(&json!(fund.id)));
        assert!(ids.contains(&referred.body["organization"]));
        let compared = curator.get(&path).await.expect(200);
        assert_eq!(compared.etag(), "\"v1\"");
        let names = compared.body["firms"].as_array().unwrap().iter();
        let names: Vec<_> = names
            .map(|it| {
                (
                    it["organization"]["legal_name"].clone(),
                    it["claimed"].clone(),
                )
            })
            .collect();
        assert!(names.contains(&(json!("ООО «Хазар Капитал»"), json!(false))));
        assert!(names.contains(&(json!("Xezer Kapital"), json!(true))));

        // The same name abroad is another firm, one whose country is the same
        // is not; Hebrew is heard as well.
        let abroad = firm(&app, "startup", "Xezer-Kapital", "IL").await;
        let startup = named("crm-3", "נגב בע״מ");
        office.owner.post(REFERRALS, &startup).await.expect(201);
        firm(&app, "startup", "Negev Ltd", "IL").await;
        let of_startups = format!("{DUPLICATES}?kind=startup&min_score=7000");
        let of_startups = curator.get(&of_startups).await.expect(200);
        assert_eq!(items(&of_startups).len(), 1);
        assert_eq!(grounds(&items(&of_startups)[0]), ["alike_name"]);
        let surer = format!("{DUPLICATES}?min_score=7001");
        assert!(items(&curator.get(&surer).await.expect(200)).is_empty());
        let of_abroad = format!("{DUPLICATES}?organization={}", abroad.id);
        assert!(items(&curator.get(&of_abroad).await.expect(200)).is_empty());

        // Page by page.
        let first = format!("{DUPLICATES}?limit=1");
        let first = curator.get(&first).await.expect(200);
        let cursor = first.text("next_cursor");
        let next = format!("{DUPLICATES}?limit=1&cursor={cursor}");
        let next = curator.get(&next).await.expect(200);
        assert_ne!(items(&first)[0]["id"], items(&next)[0]["id"]);
        assert_eq!(next.body["next_cursor"], Value::Null);

        // Nobody of a firm sees any of it.
        for stranger in [&office.owner, &fund.owner] {
            stranger.get(DUPLICATES).await.refused(404, "not_found");
            stranger.get(&path).await.refused(404, "not_found");
            let transitions = format!("{path}/transitions");
            stranger.get(&transitions).await.refused(404, "not_found");
            let judged = judge(stranger, &path, merging(&fund.id)).await;
            judged.refused(404, "not_found");
        }
        let compliance = operator(&app, "Compliance", &[Role::Compliance]).await;
        compliance.get(&path).await.expect(200);
        let judged = judge(&compliance, &path, merging(&fund.id)).await;
        judged.refused(403, "forbidden");
        app.seal().await;
        let mine = fund.owner.get("/v1/me/events").await.expect(200);
        assert!(!mine.body.to_string().contains("duplicate"));
    });
}

#[test]
fn numbers_of_registers_are_stated_and_give_nobody_away() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let one = firm(&app, "startup", "Tamar", "IL").await;
        let other = firm(&app, "startup", "Something Else", "IL").await;
        let state = async |firm: &Firm, etag: &str, numbers: Value| {
            let path = format!("/v1/organizations/{}/identifiers", firm.id);
            let body = json!({ "identifiers": numbers });
            let call = firm.owner.call("PUT", &path).json(&body);
            call.header("If-Match", etag).send().await
        };
        let bad = json!({
            "il_company": "520000473", "az_voen": "9900003870", "duns": "1",
            "lei": "5493001KJTIIGC8Y1R13",
        });
        let bad = state(&one, "\"v1\"", bad).await.expect(422);
        assert_eq!(
            bad.faults(),
            [
                "#/identifiers/az_voen bad_identifier",
                "#/identifiers/duns unknown_register",
                "#/identifiers/il_company bad_identifier",
                "#/identifiers/lei bad_identifier",
            ]
        );
        let numbers = json!({ "il_company": "52-000047-2" });
        let first = state(&one, "\"v1\"", numbers.clone()).await.expect(200);
        assert_eq!(first.body["identifiers"]["il_company"], "520000472");
        state(&one, "\"v1\"", numbers.clone()).await.expect(412);
        let second = state(&other, "\"v1\"", numbers).await.expect(200);
        assert_eq!(first.body, second.body, "a twin is answered alike");
        let (_, found) = only(&curator, "open").await;
        assert_eq!(grounds(&found), ["same_identifier"]);
        assert_eq!(found["score"], 9_800);

        // It goes when nothing speaks for it any more.
        state(&other, "\"v2\"", json!({})).await.expect(200);
        none(&curator, "open").await;
        let path = format!("/v1/organizations/{}/identifiers", one.id);
        let stranger = other.owner.get(&path).await;
        stranger.refused(404, "not_found");
        assert_eq!(curator.get(&path).await.expect(200).body, first.body);

        // A referral brings them as well.
        let office = office(&app).await;
        let mut twin = named("crm-1", "Quite Another");
        twin["identifiers"] = json!({ "il_company": "520000472" });
        office.owner.post(REFERRALS, &twin).await.expect(201);
        let (_, found) = only(&curator, "open").await;
        assert_eq!(grounds(&found), ["same_identifier"]);
    });
}

#[test]
fn what_was_dismissed_stays_so_until_something_else_speaks_for_it() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let office = office(&app).await;
        firm(&app, "startup", "Negev Sun", "IL").await;
        let mut twin = named("crm-1", "NEGEV SUN Ltd");
        twin["startup_profile"]["controls"] = Value::Null;
        office.owner.post(REFERRALS, &twin).await.expect(201);
        let (path, found) = only(&curator, "open").await;
        assert_eq!(grounds(&found), ["same_name"]);
        let bare = judge(&curator, &path, json!({ "action": "dismiss" })).await;
        assert_eq!(bare.expect(422).faults(), ["#/reason required"]);
        let because = json!({ "action": "dismiss", "reason": "Two towns, two owners" });
        curator.act(&path, "\"v7\"", &because).await.expect(412);
        let dismissed = judge(&curator, &path, because.clone()).await.expect(200);
        assert_eq!(dismissed.text("state"), "dismissed");
        assert_eq!(dismissed.text("note"), "Two towns, two owners");
        let again = judge(&curator, &path, because).await;
        again.refused(409, "transition_not_allowed");

        // The same again, and less, change nothing.
        twin["organization"]["trade_name"] = json!("Negev-Sun");
        office.owner.post(REFERRALS, &twin).await.expect(200);
        none(&curator, "open").await;
        let reopened = judge(&curator, &path, json!({ "action": "reopen" })).await;
        assert_eq!(reopened.expect(200).text("state"), "open");
        let because = json!({ "action": "dismiss", "reason": "No" });
        judge(&curator, &path, because).await.expect(200);

        // A web site is something else.
        let other = office.owner.clone();
        let mut third = named("crm-2", "Dead Sea Works");
        third["organization"]["website"] = json!("https://sun.example/he");
        other.post(REFERRALS, &third).await.expect(201);
        twin["organization"]["website"] = json!("http://www.sun.example");
        other.post(REFERRALS, &twin).await.expect(200);
        let (_, found) = only(&curator, "open").await;
        assert_eq!(grounds(&found), ["same_domain"]);
        app.seal().await;
        let events = curator.get(&format!("{path}/events")).await.expect(200);
        let kinds: Vec<_> = items(&events).iter().map(|it| it["kind"].clone()).collect();
        assert_eq!(
            kinds,
            [
                "duplicate.found",
                "duplicate.dismissed",
                "duplicate.reopened",
                "duplicate.dismissed"
            ]
        );
        assert!(!events.body.to_string().contains("Two towns"));
    });
}

/// A registered startup with a published profile, and the same firm as a
/// partner refers it, both in a programme.
struct Twins {
    curator: Client,
    compliance: Client,
    office: Firm,
    own: Firm,
    own_profile: Option<String>,
    referred: Answer,
    body: Value,
    fund: Firm,
    mandate: String,
    programme: String,
    path: String,
}

impl Twins {
    /// With or without a profile that the registered one wrote itself.
    async fn of(app: &App, speaks: bool) -> Self {
        let curator = operator(app, "Curator", &[Role::Curator]).await;
        let compliance = operator(app, "Compliance", &[Role::Compliance]).await;
        let office = office(app).await;
        let own = firm(app, "startup", "Negev Sun", "IL").await;
        let mut own_profile = None;
        if speaks {
            own_profile = Some(published_profile(&own.owner, &curator).await);
        }
        let fund = firm(app, "investor", "Xezer", "AZ").await;
        let mandate = id_of(&published_mandate(&fund.owner).await);
        let body = named("crm-1", "Negev Sun Ltd");
        let referred = office.owner.post(REFERRALS, &body).await.expect(201);
        let profile = format!("/v1/startup-profiles/{}", referred.text("startup_profile"));
        act(&curator, &profile, "claim").await;
        act(&curator, &profile, "approve").await;
        let programme = active_programme(&curator, "il-az", &fund.id).await;
        for admission in [
            json!({ "startup_profile": id_of(&profile) }),
            json!({ "mandate": mandate }),
        ] {
            let admissions = format!("{programme}/admissions");
            curator.post(&admissions, &admission).await.expect(200);
        }
        let (path, _) = only(&curator, "open").await;
        Self {
            curator,
            compliance,
            office,
            own,
            own_profile,
            referred,
            body,
            fund,
            mandate,
            programme: id_of(&programme),
            path,
        }
    }

    fn twin(&self) -> &str {
        self.referred.text("organization")
    }

    fn twins_profile(&self) -> String {
        format!(
            "/v1/startup-profiles/{}",
            self.referred.text("startup_profile")
        )
    }
}

fn check(organization: &str, verdict: &str) -> Value {
    json!({ "organization": organization, "verdict": verdict,
            "basis": "register", "evidence": { "reference": "Archive 7" }, "valid_to": "2027-06-30" })
}

/// Whether the contact can claim the firm by a mailed link.
async fn link_is_open(app: &App) -> bool {
    let now = app.context.now();
    let ask = move |conn: &mut corridor::db::Conn| {
        corridor::db::tickets::newest(conn, TicketKind::Claim, CONTACT, now)
    };
    app.context.db.read(ask).await.unwrap().is_some()
}

impl Twins {
    /// The twin was found out to be a risk, and is kept from a fund.
    async fn is_a_risk(&self, third: &Firm) {
        let compliance = &self.compliance;
        for check in [check(&self.own.id, "clear"), check(self.twin(), "blocked")] {
            compliance.post("/v1/clearances", &check).await.expect(201);
        }
        let apart = json!({ "organizations": [self.twin(), third.id], "reason": "A wish" });
        compliance.post("/v1/blocks", &apart).await.expect(204);
        let freeze = json!({ "scope": "organization", "value": self.twin(), "reason": "A test" });
        compliance.post("/v1/freezes", &freeze).await.expect(201);
    }

    async fn last_verdict(&self) -> Value {
        let path = format!("/v1/organizations/{}/clearances", self.own.id);
        let all = self.curator.get(&path).await.expect(200);
        items(&all).last().unwrap()["verdict"].clone()
    }

    async fn frozen(&self) -> Vec<Value> {
        let all = self.curator.get("/v1/freezes").await.expect(200);
        let values = items(&all).iter().map(|it| it["value"].clone());
        values.collect()
    }

    /// Whether the registered firm is kept apart from another.
    async fn is_apart(&self, app: &App, other: &Firm) -> bool {
        let (own, other) = (self.own.id.parse().unwrap(), other.id.parse().unwrap());
        let ask =
            move |conn: &mut corridor::db::Conn| corridor::db::blocks::exists(conn, own, other);
        app.context.db.read(ask).await.unwrap()
    }

    /// The old id leads to the kept one, for whoever may read that.
    async fn old_id_leads_to_the_kept_one(&self) {
        let gone = format!("/v1/organizations/{}", self.twin());
        for reader in [&self.curator, &self.own.owner] {
            let led = reader.get(&gone).await.expect(200);
            assert_eq!(led.text("id"), self.own.id);
        }
        for stranger in [&self.office.owner, &self.fund.owner] {
            stranger.get(&gone).await.refused(404, "not_found");
        }
        let listed = self.curator.get("/v1/organizations?kind=startup").await;
        assert_eq!(items(&listed.expect(200)).len(), 1);
    }

    /// What is written about the twin would count for nobody.
    async fn nothing_is_written_about_the_twin(&self) {
        let (twin, compliance) = (self.twin(), &self.compliance);
        let apart = json!({ "organizations": [twin, self.fund.id], "reason": "Late" });
        let freeze = json!({ "scope": "organization", "value": twin, "reason": "Late" });
        for (path, body) in [
            ("/v1/clearances", check(twin, "blocked")),
            ("/v1/blocks", apart),
            ("/v1/freezes", freeze),
        ] {
            let late = compliance.post(path, &body).await;
            late.refused(409, "organization_merged");
        }
        let mut draft = whole_profile();
        draft["organization"] = json!(twin);
        let draft = self.curator.post("/v1/startup-profiles", &draft).await;
        draft.refused(409, "organization_merged");
    }

    /// The partner reads where its referral stands, learns nothing of the other
    /// firm, and can't write into it.
    async fn partner_is_none_the_wiser(&self) {
        let partner = &self.office.owner;
        let referral = format!("{REFERRALS}/{}", self.referred.text("id"));
        let standing = partner.get(&referral).await.expect(200);
        assert_eq!(standing.text("organization"), self.twin());
        // As while it stood alone: what compliance suspended reads so.
        assert_eq!(standing.text("state"), "paused");
        assert!(!standing.body.to_string().contains(&self.own.id));
        let same = partner.post(REFERRALS, &self.body).await;
        assert_eq!(same.expect(200).body, standing.body);
        let mut other = self.body.clone();
        other["contact"]["email"] = json!("evil@mail.example");
        let other = partner.post(REFERRALS, &other).await;
        other.refused(409, "referral_reviewed");
    }
}

#[test]
fn a_merge_moves_everything_and_weakens_nothing() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let twins = Twins::of(&app, true).await;
        let curator = &twins.curator;
        let third = firm(&app, "investor", "Orbit", "AZ").await;
        twins.is_a_risk(&third).await;
        // The link to claim the twin waits in its contact's mailbox.
        assert!(link_is_open(&app).await);

        let transitions = format!("{}/transitions", twins.path);
        let before = curator.get(&transitions).await.expect(200);
        assert_eq!(before.body["available"][0]["action"], "merge");
        assert_eq!(before.body["available"][0]["blocked_by"], Value::Null);
        let merge = || {
            let body = merging(&twins.own.id);
            let call = curator.call("POST", &transitions).json(&body);
            let call = call.header("If-Match", "\"v1\"");
            call.header("Idempotency-Key", "\"4f1d8c2e-duplicate\"")
        };
        let merged = merge().send().await.expect(200);
        assert_eq!(merged.text("state"), "merged");
        assert_eq!(merged.text("kept"), twins.own.id);
        let again = merge().send().await.expect(200);
        assert_eq!(again.body, merged.body, "a repetition is answered");
        twins.old_id_leads_to_the_kept_one().await;

        // Its profile is the kept firm's, withdrawn beside the firm's own.
        let profile = twins.twins_profile();
        let moved = twins.own.owner.get(&profile).await.expect(200);
        assert_eq!(moved.text("organization"), twins.own.id);
        assert_eq!(moved.text("status"), "suspended", "as the check left it");
        assert_eq!(moved.body["claimed"], json!(false));
        let own = twins.own_profile.as_deref().unwrap();
        let own = curator.get(own).await.expect(200);
        assert_eq!(own.text("status"), "published");

        // What protects somebody holds on.
        assert_eq!(twins.last_verdict().await, "blocked");
        assert!(twins.frozen().await.contains(&json!(twins.own.id)));
        assert!(twins.is_apart(&app, &third).await);
        assert!(!link_is_open(&app).await, "the link to the twin's records");
        twins.nothing_is_written_about_the_twin().await;
        twins.partner_is_none_the_wiser().await;

        // A third record is recognised by the web site of the one that went.
        let mut late = named("crm-9", "Quite Another");
        late["organization"]["website"] = twins.body["organization"]["website"].clone();
        twins.office.owner.post(REFERRALS, &late).await.expect(201);
        let (_, found) = only(curator, "open").await;
        let firms = found["organizations"].as_array().unwrap();
        assert!(firms.contains(&json!(twins.own.id)), "{firms:?}");
    });
}

#[test]
fn an_undone_merge_leaves_everything_as_it_was() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let twins = Twins::of(&app, true).await;
        let curator = &twins.curator;
        let third = firm(&app, "investor", "Orbit", "AZ").await;
        twins.is_a_risk(&third).await;
        let merged = judge(curator, &twins.path, merging(&twins.own.id)).await;
        merged.expect(200);
        let undo = json!({ "action": "undo", "reason": "Two firms after all" });
        let parted = judge(curator, &twins.path, undo).await.expect(200);
        assert_eq!(parted.text("state"), "open");

        let gone = format!("/v1/organizations/{}", twins.twin());
        let back = curator.get(&gone).await.expect(200);
        assert_eq!(back.text("id"), twins.twin());
        let profile = twins.twins_profile();
        let back = curator.get(&profile).await.expect(200);
        assert_eq!(back.text("organization"), twins.twin());
        assert_eq!(back.text("status"), "suspended");
        let own = twins.own.owner.get(&profile).await;
        own.refused(404, "not_found");
        assert_eq!(twins.last_verdict().await, "clear");
        assert!(!twins.is_apart(&app, &third).await);
        assert_eq!(twins.frozen().await, [json!(twins.twin())]);
        app.seal().await;
        let events = curator.get(&format!("{profile}/events")).await.expect(200);
        let given = |it: &&Value| it["kind"] == "startup_profile.reassigned";
        let ways = items(&events).iter().filter(given).map(|it| {
            let fact = |name: &str| it["payload"][name].as_str().unwrap();
            format!("{} {}", fact("from"), fact("to"))
        });
        let ways: Vec<String> = ways.collect();
        assert_eq!(ways, ["suspended suspended", "suspended suspended"]);

        // And it can be merged again.
        let merged = judge(curator, &twins.path, merging(&twins.own.id)).await;
        assert_eq!(merged.expect(200).text("state"), "merged");
    });
}

#[test]
fn an_order_given_since_outlives_the_merge_that_is_undone() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let twins = Twins::of(&app, true).await;
        let curator = &twins.curator;
        let third = firm(&app, "investor", "Orbit", "AZ").await;
        twins.is_a_risk(&third).await;
        let kept = format!("/v1/organizations/{}", twins.own.id);
        let before = curator.get(&kept).await.expect(200).etag().to_owned();
        let merged = judge(curator, &twins.path, merging(&twins.own.id)).await;
        merged.expect(200);
        // Whoever found it as it was writes nothing for it.
        let after = curator.get(&kept).await.expect(200).etag().to_owned();
        assert_ne!(after, before);
        let apart = json!({ "organizations": [third.id, twins.own.id], "reason": "Its own" });
        twins
            .compliance
            .post("/v1/blocks", &apart)
            .await
            .expect(204);
        let undo = json!({ "action": "undo", "reason": "Two firms after all" });
        judge(curator, &twins.path, undo).await.expect(200);
        assert!(twins.is_apart(&app, &third).await);
        assert_ne!(curator.get(&kept).await.expect(200).etag(), after);
    });
}

#[test]
fn what_people_stand_behind_is_not_merged_over_their_heads() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let compliance = operator(&app, "Compliance", &[Role::Compliance]).await;
        let one = firm(&app, "startup", "Tamar", "IL").await;
        let two = firm(&app, "startup", "Dekel", "IL").await;
        let fund = firm(&app, "investor", "Tamar Fund", "IL").await;
        let report = |a: &str, b: &str| json!({ "organizations": [a, b], "reason": "Same people" });
        let mixed = curator.post(DUPLICATES, &report(&one.id, &fund.id)).await;
        let mixed = mixed.expect(422);
        assert_eq!(mixed.faults(), ["#/organizations kinds_differ"]);
        // Two partners may be one as well.
        let guild = firm(&app, "partner", "Guild", "IL").await;
        let chamber = firm(&app, "partner", "Chamber", "IL").await;
        let partners = report(&guild.id, &chamber.id);
        let made = curator.post(DUPLICATES, &partners).await;
        assert_eq!(made.expect(201).text("state"), "open");
        let itself = curator.post(DUPLICATES, &report(&one.id, &one.id)).await;
        assert_eq!(itself.expect(422).faults(), ["#/organizations two_needed"]);
        let made = curator.post(DUPLICATES, &report(&one.id, &two.id)).await;
        let path = made.expect(201).header("location").to_owned();
        let again = curator.post(DUPLICATES, &report(&two.id, &one.id)).await;
        again.refused(409, "known_duplicate");
        let apart = json!({ "organizations": [one.id, two.id], "reason": "Rivals" });
        compliance.post("/v1/blocks", &apart).await.expect(204);
        let refused = judge(&curator, &path, merging(&one.id)).await;
        let refused = refused.refused(409, "merge_blocked");
        assert_eq!(codes(&refused), ["both_claimed", "kept_apart"]);
        let listed = curator
            .get(&format!("{path}/transitions"))
            .await
            .expect(200);
        let merge = &listed.body["available"][0];
        assert_eq!(merge["action"], "merge");
        assert_eq!(merge["blocked_by"]["missing"].as_array().unwrap().len(), 2);
        let neither = judge(&curator, &path, merging(&fund.id)).await;
        assert_eq!(neither.expect(422).faults(), ["#/keep not_one_of_the_two"]);

        // Nobody comes to act for a firm by a merge.
        let office = office(&app).await;
        let referred = office
            .owner
            .post(REFERRALS, &named("crm-1", "Tamar Ltd"))
            .await;
        let referred = referred.expect(201);
        let found = format!(
            "{DUPLICATES}?organization={}",
            referred.text("organization")
        );
        let found = curator.get(&found).await.expect(200);
        let path = format!("{DUPLICATES}/{}", items(&found)[0]["id"].as_str().unwrap());
        let refused = judge(&curator, &path, merging(referred.text("organization"))).await;
        let refused = refused.refused(409, "merge_blocked");
        assert_eq!(codes(&refused), ["keep_the_claimed"]);
    });
}

#[test]
fn a_merge_is_undone_only_while_nothing_was_built_upon_it() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let twins = Twins::of(&app, false).await;
        let curator = &twins.curator;
        let profile = twins.twins_profile();
        let clear = json!({ "organization": twins.twin(), "verdict": "clear",
                            "basis": "register", "evidence": { "reference": "Archive 7" }, "valid_to": "2027-06-30" });
        twins
            .compliance
            .post("/v1/clearances", &clear)
            .await
            .expect(201);
        act(curator, &profile, "publish").await;
        let body = json!({
            "programme": twins.programme,
            "startup_profile": twins.referred.text("startup_profile"),
            "mandate": twins.mandate,
        });
        let matched = curator.post("/v1/matches", &body).await.expect(201);
        let matched = matched.header("location").to_owned();
        let before = curator.get(&matched).await.expect(200);

        // The firm has said nothing itself, so what was written about it stays
        // as it is; its match goes along.
        let merged = judge(curator, &twins.path, merging(&twins.own.id)).await;
        merged.expect(200);
        let given = twins.own.owner.get(&profile).await.expect(200);
        assert_eq!(given.text("status"), "published");
        let after = curator.get(&matched).await.expect(200);
        assert_ne!(after.etag(), before.etag());
        app.seal().await;
        let events = curator.get(&format!("{matched}/events")).await.expect(200);
        let moved = items(&events)
            .iter()
            .find(|it| it["kind"] == "match.reassigned");
        let to = &moved.unwrap()["payload"]["organization"];
        assert_eq!(to, &json!(twins.own.id));
        // A good check of the one that went says nothing about the kept one.
        let clearances = format!("/v1/organizations/{}/clearances", twins.own.id);
        let clearances = twins.compliance.get(&clearances).await.expect(200);
        assert!(items(&clearances).is_empty());

        let patch = json!({ "team_size": 3 });
        let edited = twins.own.owner.patch(&profile, given.etag(), &patch);
        edited.await.expect(200);
        let listed = curator.get(&format!("{}/transitions", twins.path)).await;
        let listed = listed.expect(200);
        let undo = &listed.body["available"][0];
        assert_eq!(
            (&undo["action"], &undo["blocked_by"]["code"]),
            (&json!("undo"), &json!("built_upon"))
        );
        let refused = judge(curator, &twins.path, json!({ "action": "undo" })).await;
        let refused = refused.refused(409, "built_upon");
        assert_eq!(codes(&refused), ["changed_since"]);
        // And its account is computed again to the same bytes.
        let check = corridor::services::recompute::check_all;
        let report = app.context.db.read(check).await.unwrap();
        assert_eq!(report.same, 1);
    });
}

#[test]
fn of_several_who_merge_at_once_one_does() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let twins = Twins::of(&app, true).await;
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let (curator, path) = (twins.curator.clone(), twins.path.clone());
            let body = merging(&twins.own.id);
            all.spawn(async move { curator.act(&path, "*", &body).await });
        }
        let all = all.join_all().await;
        let done = all.iter().filter(|it| it.status == 200).count();
        assert_eq!(done, 1);
        for other in all.iter().filter(|it| it.status != 200) {
            assert!(matches!(other.status, 409 | 412), "{:#}", other.body);
        }
    });
}

#[test]
fn firms_from_before_are_looked_at_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let office = office(&app).await;
        office
            .owner
            .post(REFERRALS, &named("crm-1", "תמר"))
            .await
            .expect(201);
        only(&curator, "open").await;
        let forget = |conn: &mut corridor::db::Conn| {
            use diesel::RunQueryDsl;
            for table in ["duplicates", "organization_faces", "organization_traces"] {
                diesel::sql_query(format!("DELETE FROM {table}")).execute(conn)?;
            }
            Ok::<_, corridor::db::Error>(())
        };
        app.context.db.write(forget).await.unwrap();
        none(&curator, "open").await;
        assert_eq!(duplicates::catch_up(&app.context).await.unwrap(), 3);
        only(&curator, "open").await;
        assert_eq!(duplicates::catch_up(&app.context).await.unwrap(), 0);
    });
}

/// What a partner's program reads with its secret.
async fn program(app: &App, partner: &Firm) -> (String, Client) {
    let path = format!("/v1/organizations/{}/clients", partner.id);
    let body = json!({ "name": "Sync", "scopes": ["referrals:read"] });
    let made = partner.owner.post(&path, &body).await.expect(201);
    let (id, secret) = (
        made.text("id").to_owned(),
        made.text("client_secret").to_owned(),
    );
    let grant = [("grant_type", "client_credentials")];
    let token = app.stranger();
    let token = token
        .oauth("/v1/oauth/token", Some((&id, &secret)), &grant)
        .await
        .expect(200);
    (id, app.stranger().with_token(token.text("access_token")))
}

async fn referred(client: &Client) -> Vec<String> {
    let found = client.get(REFERRALS).await.expect(200);
    let ids = items(&found)
        .iter()
        .map(|it| it["external_id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[test]
fn two_records_of_one_partner_become_one_and_are_parted_again() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let kept = office(&app).await;
        let gone = firm(&app, "partner", "Trade Office Ltd", "IL").await;
        let (_, program) = program(&app, &gone).await;
        kept.owner
            .post(REFERRALS, &startup("crm-1"))
            .await
            .expect(201);
        gone.owner
            .post(REFERRALS, &investor("old-1"))
            .await
            .expect(201);
        gone.owner
            .post(REFERRALS, &named("crm-1", "Quite Another"))
            .await
            .expect(201);
        // A draft is for its parties alone.
        let draft = programme("il-az", &gone.id);
        let (programme, _) = create(&curator, "/v1/programmes", &draft).await;

        // Two partners of one name are found like other firms.
        let found = curator
            .get(&format!("{DUPLICATES}?kind=partner"))
            .await
            .expect(200);
        assert_eq!(items(&found).len(), 1, "{:#}", found.body);
        let path = format!("{DUPLICATES}/{}", items(&found)[0]["id"].as_str().unwrap());
        // Each means another firm by the same id: that has to be settled first.
        let refused = judge(&curator, &path, merging(&kept.id)).await;
        let refused = refused.refused(409, "merge_blocked");
        assert_eq!(codes(&refused), ["same_external_id"]);
        let rename = |conn: &mut corridor::db::Conn| {
            use diesel::RunQueryDsl;
            let sql = "UPDATE referrals SET external_id = 'old-2' WHERE organization_id IN
                       (SELECT id FROM organizations WHERE legal_name = 'Quite Another')";
            diesel::sql_query(sql).execute(conn)?;
            Ok::<_, corridor::db::Error>(())
        };
        app.context.db.write(rename).await.unwrap();

        judge(&curator, &path, merging(&kept.id)).await.expect(200);
        assert_eq!(referred(&kept.owner).await, ["crm-1", "old-1", "old-2"]);
        assert_eq!(referred(&program).await, ["crm-1", "old-1", "old-2"]);
        // Its people act for nobody: what they hand in would count for none.
        assert!(referred(&gone.owner).await.is_empty());
        let late = gone.owner.post(REFERRALS, &startup("old-3")).await;
        late.refused(409, "organization_merged");
        let parties = async |etag: &mut String| {
            let view = curator.get(&programme).await.expect(200);
            *etag = view.etag().to_owned();
            view.body["parties"][0]["organization"].clone()
        };
        let (mut merged, mut parted) = (String::new(), String::new());
        assert_eq!(parties(&mut merged).await, json!(kept.id));
        gone.owner.get(&programme).await.refused(404, "not_found");

        judge(
            &curator,
            &path,
            json!({ "action": "undo", "reason": "Two after all" }),
        )
        .await
        .expect(200);
        assert_eq!(referred(&kept.owner).await, ["crm-1"]);
        assert_eq!(referred(&gone.owner).await, ["old-1", "old-2"]);
        assert_eq!(referred(&program).await, ["old-1", "old-2"]);
        assert_eq!(parties(&mut parted).await, json!(gone.id));
        assert_ne!(
            merged, parted,
            "a programme that was changed has another version"
        );
    });
}

/// Whether somebody is on record is not to be had for a web site.
#[test]
fn a_partner_does_not_learn_by_a_web_site_who_is_here() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let office = office(&app).await;
        let mut here = startup("crm-1");
        here["organization"]["website"] = json!("https://here.example");
        let other = crate::support::builders::firm(&app, "partner", "Other Office", "AZ").await;
        other.owner.post(REFERRALS, &here).await.expect(201);

        let mut answers = Vec::new();
        for (id, name, site) in [
            ("crm-2", "Quite Another", "https://here.example"),
            ("crm-3", "Something Else", "https://nobody.example"),
        ] {
            let mut body = named(id, name);
            body["organization"]["website"] = json!(site);
            body["contact"]["email"] = json!(format!("{id}@firms.example"));
            let handed = office.owner.post(REFERRALS, &body).await.expect(201);
            let later = office
                .owner
                .get(handed.header("location"))
                .await
                .expect(200);
            let list = format!("{REFERRALS}?external_id={id}");
            let listed = office.owner.get(&list).await.expect(200);
            let said = |view: &Value| {
                let fields = ["state", "claim", "missing"];
                fields.map(|field| view[field].clone())
            };
            answers.push([
                said(&handed.body),
                said(&later.body),
                said(&items(&listed)[0]),
            ]);
            // Whoever judges it is told.
            let told = curator.get(handed.header("location")).await.expect(200);
            let claim = if id == "crm-2" { "waiting" } else { "asked" };
            assert_eq!(told.text("claim"), claim);
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0][0][0], "submitted");

        // And nobody approves it before they judged whose web site that is.
        let list = format!("{REFERRALS}?external_id=crm-2");
        let listed = curator.get(&list).await.expect(200);
        let profile = items(&listed)[0]["startup_profile"].as_str().unwrap();
        let profile = format!("/v1/startup-profiles/{profile}");
        act(&curator, &profile, "claim").await;
        let approve = json!({ "action": "approve" });
        let refused = curator.act(&profile, "*", &approve).await;
        refused.refused(409, "contested_firm");
        let (duplicate, _) = only(&curator, "open").await;
        let apart = json!({ "action": "dismiss", "reason": "A branch with a site of its own" });
        judge(&curator, &duplicate, apart).await.expect(200);
        curator.act(&profile, "*", &approve).await.expect(200);
    });
}

#[test]
fn two_firms_of_people_become_one_when_both_sides_agree() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let compliance = operator(&app, "Compliance", &[Role::Compliance]).await;
        // People of both agree: the one's owner lets the other's in, who comes.
        let first = firm(&app, "startup", "Galil Sun Ltd", "IL").await;
        let second = firm(&app, "startup", "Galil Sun", "IL").await;
        let (profile, _) = create(&second.owner, "/v1/startup-profiles", &json!({})).await;
        let pair = format!("{DUPLICATES}?organization={}", first.id);
        let pair = items(&curator.get(&pair).await.expect(200))[0]["id"].clone();
        let pair = format!("{DUPLICATES}/{}", pair.as_str().unwrap());
        let refused = judge(&curator, &pair, merging(&first.id)).await;
        let refused = refused.refused(409, "merge_blocked");
        assert_eq!(codes(&refused), ["both_claimed"]);
        let me = second.owner.get("/v1/me").await.expect(200);
        let invitation = json!({ "email": me.text("email"), "role": "editor" });
        let invitations = format!("/v1/organizations/{}/invitations", first.id);
        let invited = first.owner.post(&invitations, &invitation).await;
        invited.expect(201);
        let refused = judge(&curator, &pair, merging(&first.id)).await;
        refused.refused(409, "merge_blocked");
        let token = mailed_token(&app, TicketKind::Invitation, me.text("email")).await;
        let came = tickets::accept_invitation(&app.context, &token, None).await;
        came.expect("a membership");
        // To belong to both is no agreement; an owner of each says so by name.
        let refused = judge(&curator, &pair, merging(&first.id)).await;
        let refused = refused.refused(409, "merge_blocked");
        assert_eq!(codes(&refused), ["both_claimed"]);
        let agreements = |firm: &Firm| format!("/v1/organizations/{}/merge-agreements", firm.id);
        let with = |firm: &Firm, other: &Firm| format!("{}/{}", agreements(firm), other.id);
        let call =
            async |who: &Client, method: &str, path: &str| who.call(method, path).send().await;
        let theirs = with(&second, &first);
        let nobodys = call(&curator, "PUT", &theirs).await;
        assert_eq!(nobodys.status, 403, "{}", nobodys.body);
        // An editor of the first one, and nobody's owner there.
        let not_own = call(&second.owner, "PUT", &with(&first, &second)).await;
        assert_eq!(not_own.status, 403, "{}", not_own.body);
        call(&first.owner, "PUT", &theirs)
            .await
            .refused(404, "not_found");
        for _ in 0..2 {
            call(&second.owner, "PUT", &theirs).await.expect(204);
        }
        let given = second.owner.get(&agreements(&second)).await.expect(200);
        let given = items(&given);
        assert_eq!(given.len(), 1);
        assert_eq!(given[0]["organization"], first.id.as_str());
        assert_eq!(given[0]["agreed_by"], me.body["id"]);
        first
            .owner
            .get(&agreements(&second))
            .await
            .refused(404, "not_found");
        let refused = judge(&curator, &pair, merging(&first.id)).await;
        let refused = refused.refused(409, "merge_blocked");
        assert_eq!(codes(&refused), ["both_claimed"]);
        let ours = with(&first, &second);
        call(&first.owner, "PUT", &ours).await.expect(204);
        call(&first.owner, "DELETE", &ours).await.expect(204);
        call(&first.owner, "DELETE", &ours)
            .await
            .refused(404, "not_found");
        let refused = judge(&curator, &pair, merging(&first.id)).await;
        refused.refused(409, "merge_blocked");
        call(&first.owner, "PUT", &ours).await.expect(204);
        let own = with(&first, &first);
        call(&first.owner, "PUT", &own)
            .await
            .refused(409, "same_firm");
        let wall = json!({ "name": "Rival", "reach": "firm", "reason": "They copy us." });
        let walls = format!("/v1/organizations/{}/walls", second.id);
        let wall = second.owner.post(&walls, &wall).await.expect(201);
        let refused = judge(&curator, &pair, merging(&first.id)).await;
        let refused = refused.refused(409, "merge_blocked");
        assert_eq!(codes(&refused), ["left_over"]);
        let refuse = json!({ "action": "refuse", "reason": "They are no rival." });
        let wall = format!("/v1/walls/{}", wall.text("id"));
        compliance.act(&wall, "*", &refuse).await.expect(200);
        judge(&curator, &pair, merging(&first.id)).await.expect(200);
        let theirs = first.owner.get(&profile).await.expect(200);
        assert_eq!(theirs.body["organization"], first.id.as_str());
        second.owner.get(&profile).await.expect(200);
        let undo = json!({ "action": "undo", "reason": "They part." });
        judge(&curator, &pair, undo).await.expect(200);
        first.owner.get(&profile).await.refused(404, "not_found");
        second.owner.get(&profile).await.expect(200);
    });
}
