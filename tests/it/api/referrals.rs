//! Partners refer firms: one call, repeatable, and afterwards they read what
//! became of it and nothing else.

use corridor::db;
use corridor::domain::account::Role;
use corridor::domain::ticket::TicketKind;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::builders::{
    Firm, PASSWORD, act, checked, colleague, firm, mailed_token, operator, unchecked_firm,
    whole_mandate, whole_profile,
};
use crate::support::client::{Answer, Client};
use crate::support::database::on_each_backend;

pub(super) const REFERRALS: &str = "/v1/referrals";
pub(super) const CONTACT: &str = "dana@negev.example";

pub(super) fn startup(external_id: &str) -> Value {
    let site = match external_id {
        "" => "none",
        id => id,
    };
    json!({
        "external_id": external_id,
        "organization": {
            "kind": "startup",
            "legal_name": "Negev Sun Ltd",
            "names": { "he": "שמש הנגב" },
            "country": "IL",
            "website": format!("https://{site}.negev.example"),
        },
        "contact": { "email": CONTACT, "language": "he" },
        "startup_profile": whole_profile(),
    })
}

pub(super) fn investor(external_id: &str) -> Value {
    json!({
        "external_id": external_id,
        "organization": { "kind": "investor", "legal_name": "Xəzər Kapital", "country": "AZ" },
        "contact": { "email": "team@xezer.example", "language": "az" },
        "mandate": whole_mandate(),
    })
}

pub(super) async fn office(app: &App) -> Firm {
    firm(app, "partner", "Trade Office", "IL").await
}

pub(super) fn path(answer: &Answer) -> String {
    format!("{REFERRALS}/{}", answer.text("id"))
}

/// The contact's answer on the page of the link that was mailed.
pub(super) async fn answer(app: &App, email: &str, action: &str) {
    let token = mailed_token(app, TicketKind::Claim, email).await;
    let fields = [
        ("action", action),
        ("name", "Dana Levi"),
        ("language", "he"),
        ("zone", "Asia/Jerusalem"),
        ("password", PASSWORD),
        ("agree", "yes"),
        ("one_liner", "Drinking water from the night air."),
        ("summary", "Panels that collect water at night."),
    ];
    let page = format!("/tickets/{token}");
    app.stranger().submit(&page, &fields).await.expect(200);
}

/// How many firms, profiles and events there are.
async fn rows(app: &App) -> (usize, usize, i64) {
    app.seal().await;
    let count = |conn: &mut db::Conn| -> db::Result<(usize, usize, i64)> {
        let firms =
            db::organizations::list(conn, &db::organizations::Filter::default(), None, 100)?.len();
        let profiles =
            db::startup_profiles::list(conn, &db::startup_profiles::Filter::default(), None, 100)?
                .len();
        Ok((firms, profiles, db::events::head(conn)?.position))
    };
    app.context.db.read(count).await.unwrap()
}

#[test]
fn one_call_makes_firm_contact_and_profile_and_the_contact_is_asked() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let made = office.owner.post(REFERRALS, &startup("crm-1")).await;
        let made = made.expect(201);
        assert_eq!(made.header("location"), path(&made));
        assert_eq!(made.text("state"), "submitted");
        assert_eq!(made.text("claim"), "asked");
        assert_eq!(made.body["missing"], json!([]));
        assert_eq!(made.text("partner"), office.id);

        // The curator finds an unclaimed profile that waits for review.
        let profile = format!("/v1/startup-profiles/{}", made.text("startup_profile"));
        let seen = curator.get(&profile).await.expect(200);
        assert_eq!(
            (seen.text("status"), &seen.body["claimed"]),
            ("submitted", &json!(false))
        );
        let firm = format!("/v1/organizations/{}", made.text("organization"));
        let seen = curator.get(&firm).await.expect(200);
        assert_eq!(seen.body["names"]["he"], "שמש הנגב");

        // The partner sees neither, only where it stands.
        office.owner.get(&profile).await.refused(404, "not_found");
        office.owner.get(&firm).await.refused(404, "not_found");
        act(&curator, &profile, "claim").await;
        act(&curator, &profile, "approve").await;
        let now = office.owner.get(&path(&made)).await.expect(200);
        assert_eq!(now.text("state"), "approved");
        answer(&app, CONTACT, "confirm").await;
        let now = office.owner.get(&path(&made)).await.expect(200);
        assert_eq!(
            (now.text("state"), now.text("claim")),
            ("approved", "claimed")
        );
    });
}

/// Anybody can register as a partner; whom it names is not mailed for that.
#[test]
fn nobody_is_mailed_for_a_partner_that_the_operator_has_not_checked() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = unchecked_firm(&app, "partner", "Anybody Ltd", "IL").await;
        let officer = operator(&app, "Officer", &[Role::Compliance]).await;
        let made = office.owner.post(REFERRALS, &startup("crm-1")).await;
        let made = made.expect(201);
        assert_eq!(made.text("state"), "submitted");
        assert_eq!(made.text("claim"), "waiting");
        let work = "/v1/worklist?kind=screen_firm";
        let work = officer.get(work).await.expect(200);
        let waits = work.body["items"].as_array().unwrap().iter();
        let waits = waits.filter(|it| it["record"]["id"] == office.id.as_str());
        assert_eq!(waits.count(), 1, "{:#}", work.body);
        let again = office.owner.post(REFERRALS, &startup("crm-1")).await;
        assert_eq!(again.expect(200).text("claim"), "waiting");
        checked(&app, &office).await;
        let again = office.owner.post(REFERRALS, &startup("crm-1")).await;
        assert_eq!(again.expect(200).text("claim"), "asked");
        let work = "/v1/worklist?kind=screen_firm";
        let work = officer.get(work).await.expect(200);
        assert_eq!(work.body["items"], json!([]));
    });
}

#[test]
fn the_same_external_id_is_the_same_referral() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let mut draft = startup("crm-1");
        draft["startup_profile"]["controls"] = Value::Null;
        draft["startup_profile"]["summary"] = json!({
            "en": { "text": "We at Negev Sun make water." },
        });
        let made = office.owner.post(REFERRALS, &draft).await.expect(201);
        assert_eq!(made.text("state"), "draft");
        let missing: Vec<String> = pointers(&made);
        assert_eq!(
            missing,
            [
                "#/startup_profile/controls required",
                "#/startup_profile/summary/en carries_organization_name",
            ]
        );
        let before = rows(&app).await;
        let again = office.owner.post(REFERRALS, &draft).await.expect(200);
        assert_eq!(again.body, made.body);
        assert_eq!(rows(&app).await, before, "nothing is written again");

        // What is corrected replaces what stood there, and goes to review.
        let mut whole = startup("crm-1");
        whole["organization"]["legal_name"] = json!("Negev Light Ltd");
        let whole = office.owner.post(REFERRALS, &whole).await.expect(200);
        assert_eq!(whole.text("id"), made.text("id"));
        assert_eq!(whole.text("state"), "submitted");
        assert_eq!(whole.body["missing"], json!([]));
        let after = rows(&app).await;
        assert_eq!((after.0, after.1), (before.0, before.1), "no second firm");
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let firm = format!("/v1/organizations/{}", made.text("organization"));
        let firm = curator.get(&firm).await.expect(200);
        assert_eq!(firm.text("legal_name"), "Negev Light Ltd");

        // Another partner's same id is another firm.
        let other = self::firm(&app, "partner", "Other Office", "AZ").await;
        let theirs = other.owner.post(REFERRALS, &startup("crm-1")).await;
        assert_ne!(theirs.expect(201).text("id"), made.text("id"));
    });
}

pub(super) fn pointers(answer: &Answer) -> Vec<String> {
    let missing = answer.body["missing"].as_array().unwrap().iter();
    missing
        .map(|fault| {
            let text = |field: &str| fault[field].as_str().unwrap().to_owned();
            format!("{} {}", text("pointer"), text("code"))
        })
        .collect()
}

#[test]
fn what_is_missing_is_what_the_transitions_say() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let mut bare = startup("crm-1");
        bare["startup_profile"] = json!({});
        let made = office.owner.post(REFERRALS, &bare).await.expect(201);
        let profile = made.text("startup_profile");
        let transitions = format!("/v1/startup-profiles/{profile}/transitions");
        let transitions = curator.get(&transitions).await.expect(200);
        let submit = &transitions.body["available"][0];
        assert_eq!(submit["action"], "submit");
        let expected: Vec<String> = submit["blocked_by"]["missing"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| {
                let pointer = fault["pointer"].as_str().unwrap();
                let code = fault["code"].as_str().unwrap();
                format!("{} {code}", pointer.replacen('#', "#/startup_profile", 1))
            })
            .collect();
        assert_eq!(expected.len(), 7);
        assert_eq!(pointers(&made), expected);
        let mut bare = investor("crm-2");
        bare["mandate"] = json!({});
        let made = office.owner.post(REFERRALS, &bare).await.expect(201);
        assert_eq!(
            pointers(&made),
            [
                "#/mandate/title required",
                "#/mandate/deal_intents required",
                "#/mandate/tags required",
            ]
        );
    });
}

#[test]
fn reviewers_comments_reach_the_partner_and_the_corrected_profile_goes_back() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let made = office.owner.post(REFERRALS, &startup("crm-1")).await;
        let made = made.expect(201);
        let mut better = startup("crm-1");
        better["startup_profile"]["team_size"] = json!(12);
        let early = office.owner.post(REFERRALS, &better).await;
        early.refused(409, "referral_in_review");
        let profile = format!("/v1/startup-profiles/{}", made.text("startup_profile"));
        act(&curator, &profile, "claim").await;
        let comments = json!({
            "action": "request_changes",
            "comments": [{ "pointer": "/team_size", "comment": "How many are you?" }],
        });
        curator.act(&profile, "*", &comments).await.expect(200);
        let told = office.owner.get(&path(&made)).await.expect(200);
        assert_eq!(told.text("state"), "changes_requested");
        assert_eq!(
            pointers(&told),
            ["#/startup_profile/team_size change_requested"]
        );
        assert_eq!(told.body["missing"][0]["detail"], "How many are you?");
        let back = office.owner.post(REFERRALS, &better).await.expect(200);
        assert_eq!(back.text("state"), "submitted");
        assert_eq!(back.body["missing"], json!([]));

        // Its timeline tells the same, and of nobody.
        app.seal().await;
        let events = format!("{}/events", path(&made));
        let me = office.owner.get("/v1/me").await.expect(200);
        let told = office.owner.get(&events).await.expect(200).body;
        let told = told["items"].as_array().unwrap();
        let kinds: Vec<_> = told.iter().map(|it| it["kind"].as_str().unwrap()).collect();
        for kind in ["referred", "submitted", "claimed", "changes_requested"] {
            assert!(
                kinds.contains(&&*format!("startup_profile.{kind}")),
                "{kinds:?}"
            );
        }
        for event in told {
            let facts: Vec<_> = event["payload"].as_object().unwrap().keys().collect();
            assert!(facts.iter().all(|it| ["from", "to"].contains(&it.as_str())));
            let actor = &event["actor"]["id"];
            assert!(actor.is_null() || *actor == me.body["id"], "{event}");
        }
        let newest = told.last().unwrap();
        assert_eq!(newest["payload"]["to"], "submitted", "{newest}");
        let other = firm(&app, "partner", "Other Office", "IL").await;
        other.owner.get(&events).await.refused(404, "not_found");
    });
}

#[test]
fn what_the_firm_stands_behind_is_the_firms() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let made = office.owner.post(REFERRALS, &startup("crm-1")).await;
        let made = made.expect(201);
        answer(&app, CONTACT, "confirm").await;
        let same = office.owner.post(REFERRALS, &startup("crm-1")).await;
        let same = same.expect(200);
        assert_eq!(same.text("claim"), "claimed");
        assert_eq!(same.body["missing"], json!([]));
        let mut other = startup("crm-1");
        other["organization"]["legal_name"] = json!("Ours Now Ltd");
        other["startup_profile"]["team_size"] = json!(99);
        let refused = office.owner.post(REFERRALS, &other).await;
        refused.refused(409, "referral_claimed");
        let dana = app.stranger().signed_in(CONTACT, PASSWORD).await;
        let own = dana.get("/v1/startup-profiles").await.expect(200);
        assert_eq!(own.body["items"][0]["id"], made.body["startup_profile"]);
        assert_eq!(own.body["items"][0]["team_size"], Value::Null);
        let firm = dana
            .get(&format!("/v1/organizations/{}", made.text("organization")))
            .await
            .expect(200);
        assert_eq!(firm.text("legal_name"), "Negev Sun Ltd");
    });
}

#[test]
fn a_contact_that_refuses_ends_it_and_is_not_asked_again() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let made = office.owner.post(REFERRALS, &investor("crm-1")).await;
        let made = made.expect(201);
        assert_eq!((made.text("state"), made.text("claim")), ("draft", "asked"));
        answer(&app, "team@xezer.example", "refuse").await;
        let now = office.owner.get(&path(&made)).await.expect(200);
        assert_eq!((now.text("state"), now.text("claim")), ("ended", "refused"));
        let mut other = investor("crm-1");
        other["mandate"]["title"] = json!("Another");
        let refused = office.owner.post(REFERRALS, &other).await;
        refused.refused(409, "referral_closed");
        // Nor as another firm's contact.
        let again = office.owner.post(REFERRALS, &investor("crm-2")).await;
        assert_eq!(again.expect(201).text("claim"), "waiting");
    });
}

#[test]
fn every_fault_is_named_at_once_and_nothing_is_written() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let before = rows(&app).await;
        let mut wrong = startup("");
        wrong["organization"]["country"] = json!("XX");
        wrong["contact"] = json!({ "email": "nobody", "language": "hebrew!" });
        wrong["startup_profile"]["organization"] = json!(office.id);
        wrong["startup_profile"]["primary_tags"] = json!(["watr"]);
        wrong["startup_profile"]["stage"] = json!("seeed");
        let refused = office.owner.post(REFERRALS, &wrong).await.expect(422);
        assert_eq!(
            refused.faults(),
            [
                "#/external_id bad_text",
                "#/organization/country unknown_country",
                "#/contact/email bad_address",
                "#/contact/language unknown_language",
                "#/startup_profile/primary_tags/0 unknown_tag",
                "#/startup_profile/stage unknown_code",
                "#/startup_profile/organization not_taken",
            ]
        );
        let hint = refused.body["errors"][4]["detail"].as_str().unwrap();
        assert!(hint.contains("Did you mean water"), "{hint}");
        let mut crossed = startup("crm-1");
        crossed["mandate"] = whole_mandate();
        let refused = office.owner.post(REFERRALS, &crossed).await.expect(422);
        assert_eq!(refused.faults(), ["#/mandate not_taken"]);
        let mut bare = investor("crm-1");
        bare.as_object_mut().unwrap().remove("mandate");
        let refused = office.owner.post(REFERRALS, &bare).await.expect(422);
        assert_eq!(refused.faults(), ["#/mandate required"]);
        let mut itself = startup("crm-1");
        itself["organization"]["kind"] = json!("operator");
        let refused = office.owner.post(REFERRALS, &itself).await.expect(422);
        assert_eq!(refused.faults(), ["#/organization/kind not_taken"]);
        assert_eq!(rows(&app).await, before);
        office
            .owner
            .post(REFERRALS, &startup("crm-1"))
            .await
            .expect(201);
        let turned = office.owner.post(REFERRALS, &investor("crm-1")).await;
        assert_eq!(
            turned.expect(422).faults(),
            ["#/organization/kind read_only"]
        );
    });
}

#[test]
fn a_program_with_the_scopes_refers_and_others_do_not() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let program = async |scopes: Value| -> Client {
            let path = format!("/v1/organizations/{}/clients", office.id);
            let body = json!({ "name": "Sync", "scopes": scopes });
            let made = office.owner.post(&path, &body).await.expect(201);
            let basic = Some((made.text("id"), made.text("client_secret")));
            let form = [("grant_type", "client_credentials")];
            let granted = app.stranger().oauth("/v1/oauth/token", basic, &form).await;
            let granted = granted.expect(200);
            app.stranger().with_token(granted.text("access_token"))
        };
        let sync = program(json!(["referrals:read", "referrals:write"])).await;
        let made = sync.post(REFERRALS, &startup("crm-1")).await.expect(201);
        sync.get(&path(&made)).await.expect(200);
        let reader = program(json!(["referrals:read"])).await;
        reader.get(&path(&made)).await.expect(200);
        let refused = reader.post(REFERRALS, &startup("crm-2")).await;
        refused.refused(403, "insufficient_scope");

        let viewer = colleague(&app, &office, "Viewer", Role::Viewer).await;
        viewer.get(&path(&made)).await.expect(200);
        let refused = viewer.post(REFERRALS, &startup("crm-2")).await;
        refused.refused(403, "forbidden");
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let refused = curator.post(REFERRALS, &startup("crm-2")).await;
        assert_eq!(refused.expect(422).faults(), ["#/partner required"]);
        let mut named = startup("crm-2");
        named["partner"] = json!(office.id);
        curator.post(REFERRALS, &named).await.expect(201);
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        named["partner"] = json!(tamar.id);
        let refused = curator.post(REFERRALS, &named).await;
        refused.refused(409, "not_a_partner");
        let auditor = operator(&app, "Auditor", &[Role::Auditor]).await;
        auditor.get(&path(&made)).await.expect(200);
        let refused = auditor.post(REFERRALS, &named).await;
        refused.refused(403, "forbidden");
    });
}

#[test]
fn a_partner_walks_its_own_referrals_and_nobody_elses() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let other = firm(&app, "partner", "Other Office", "AZ").await;
        for number in 0..5 {
            let body = startup(&format!("crm-{number}"));
            office.owner.post(REFERRALS, &body).await.expect(201);
        }
        office
            .owner
            .post(REFERRALS, &investor("fund"))
            .await
            .expect(201);
        let theirs = other.owner.post(REFERRALS, &startup("crm-0")).await;
        let theirs = theirs.expect(201);
        let mut walked = Vec::new();
        let mut next = format!("{REFERRALS}?limit=2");
        loop {
            let page = office.owner.get(&next).await.expect(200);
            for item in page.body["items"].as_array().unwrap() {
                assert!(item.get("missing").is_none());
                walked.push(item["external_id"].as_str().unwrap().to_owned());
            }
            match page.body["next_cursor"].as_str() {
                Some(cursor) => next = format!("{REFERRALS}?limit=2&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(
            walked,
            ["crm-0", "crm-1", "crm-2", "crm-3", "crm-4", "fund"]
        );
        let ids = async |client: &Client, query: &str| -> Vec<String> {
            let page = client
                .get(&format!("{REFERRALS}?{query}"))
                .await
                .expect(200);
            let items = page.body["items"].as_array().unwrap().iter();
            items
                .map(|it| it["external_id"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(ids(&office.owner, "state=draft").await, ["fund"]);
        assert_eq!(ids(&office.owner, "state=submitted").await.len(), 5);
        assert_eq!(ids(&office.owner, "external_id=crm-3").await, ["crm-3"]);
        assert!(ids(&office.owner, "state=published").await.is_empty());
        let refused = office
            .owner
            .get(&format!("{REFERRALS}?state=suspended"))
            .await;
        refused.refused(400, "bad_query");
        office
            .owner
            .get(&path(&theirs))
            .await
            .refused(404, "not_found");
        let named = format!("{REFERRALS}?partner={}", other.id);
        office.owner.get(&named).await.refused(404, "not_found");
        let auditor = operator(&app, "Auditor", &[Role::Auditor]).await;
        assert_eq!(ids(&auditor, "limit=100").await.len(), 7);
        let one = format!("partner={}", other.id);
        assert_eq!(ids(&auditor, &one).await, ["crm-0"]);
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        tamar.owner.get(REFERRALS).await.refused(404, "not_found");
    });
}

#[test]
fn what_an_investor_corrects_on_the_page_is_kept() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let made = office.owner.post(REFERRALS, &investor("crm-1")).await;
        made.expect(201);
        let token = mailed_token(&app, TicketKind::Claim, "team@xezer.example").await;
        let fields = [
            ("action", "confirm"),
            ("name", "Gül Əliyeva"),
            ("language", "az"),
            ("zone", "Asia/Baku"),
            ("password", PASSWORD),
            ("agree", "yes"),
            ("title", "Dəniz və su"),
        ];
        let page = format!("/tickets/{token}");
        app.stranger().submit(&page, &fields).await.expect(200);
        let gul = app.stranger();
        let gul = gul.signed_in("team@xezer.example", PASSWORD).await;
        let own = gul.get("/v1/mandates?q=deniz").await.expect(200);
        assert_eq!(own.body["items"][0]["title"], "Dəniz və su");
        assert_eq!(own.body["items"][0]["revision"], 2);
    });
}

#[test]
fn an_investor_is_referred_with_what_it_says_of_itself() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let mut document = investor("inv-1");
        document["investor_profile"] = json!({ "type": "family_office" });
        let made = office.owner.post(REFERRALS, &document).await.expect(201);
        let missing = made.body["missing"].as_array().unwrap().iter();
        let missing: Vec<_> = missing.map(|it| it["pointer"].as_str().unwrap()).collect();
        assert!(
            missing.contains(&"#/investor_profile/about/en"),
            "{missing:?}"
        );
        assert!(
            missing
                .iter()
                .all(|it| it.starts_with("#/investor_profile/"))
        );
        let profile = format!("/v1/investor-profiles/{}", made.text("investor_profile"));
        office.owner.get(&profile).await.refused(404, "not_found");
        let seen = curator.get(&profile).await.expect(200);
        assert_eq!(
            (seen.text("status"), &seen.body["claimed"]),
            ("draft", &json!(false))
        );

        // Nobody verifies themselves, and no startup has such a thing.
        document["investor_profile"] = super::investors::whole();
        document["investor_profile"]["accreditation"]["status"] = json!("verified");
        let refused = office.owner.post(REFERRALS, &document).await.expect(422);
        assert_eq!(
            refused.faults(),
            [
                "#/investor_profile/accreditation/status not_yours",
                "#/mandate undone"
            ]
        );
        let mut other = startup("s-1");
        other["investor_profile"] = json!({});
        let refused = office.owner.post(REFERRALS, &other).await.expect(422);
        assert_eq!(refused.faults(), ["#/investor_profile not_taken"]);

        // The same firm again, whole: it goes to review by itself.
        document["investor_profile"] = super::investors::whole();
        let again = office.owner.post(REFERRALS, &document).await.expect(200);
        assert_eq!(again.body["missing"], json!([]));
        assert_eq!(
            again.text("investor_profile"),
            made.text("investor_profile")
        );
        let seen = curator.get(&profile).await.expect(200);
        assert_eq!(seen.text("status"), "submitted");
        document["investor_profile"]["assets"] = json!("over_1b");
        let refused = office.owner.post(REFERRALS, &document).await;
        refused.refused(409, "referral_in_review");
        // Without it, what was handed in before stays.
        document.as_object_mut().unwrap().remove("investor_profile");
        office.owner.post(REFERRALS, &document).await.expect(200);
        // The firm wants nothing to do with it.
        answer(&app, "team@xezer.example", "refuse").await;
        let seen = curator.get(&profile).await.expect(200);
        assert_eq!(seen.text("status"), "withdrawn");
    });
}
