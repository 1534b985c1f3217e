//! What a partner can't do with referrals: put another firm in the place of
//! one that was looked into, mail strangers, or walk round a no.

use chrono::TimeDelta;
use corridor::db;
use corridor::domain::account::Role;
use corridor::domain::ids::OrganizationId;
use corridor::domain::text::{Email, Language};
use corridor::domain::ticket::TicketKind;
use diesel::RunQueryDsl;
use serde_json::{Value, json};

use super::referrals::{CONTACT, REFERRALS, answer, investor, office, path, startup};
use crate::support::app::App;
use crate::support::builders::{PASSWORD, act, address, mailed_token, operator, whole_mandate};
use crate::support::client::{Answer, Client};
use crate::support::database::on_each_backend;

fn profile(made: &Answer) -> String {
    format!("/v1/startup-profiles/{}", made.text("startup_profile"))
}

/// Whether a link to claim a firm is open at an address.
async fn asked(app: &App, email: &str) -> bool {
    let (key, now) = (email.to_owned(), app.context.now());
    let open = move |conn: &mut db::Conn| db::tickets::newest(conn, TicketKind::Claim, &key, now);
    app.context.db.read(open).await.unwrap().is_some()
}

async fn holder(app: &App, host: &'static str) -> Option<String> {
    let find =
        move |conn: &mut db::Conn| db::organizations::find_by_identifier(conn, "domain", host);
    let found = app.context.db.read(find).await.unwrap();
    found.map(|firm| firm.id.to_string())
}

async fn approved(curator: &Client, made: &Answer) {
    act(curator, &profile(made), "claim").await;
    act(curator, &profile(made), "approve").await;
}

#[test]
fn who_was_looked_into_stays_who_it_is() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let officer = operator(&app, "Officer", &[Role::Compliance]).await;
        let made = office
            .owner
            .post(REFERRALS, &startup("a"))
            .await
            .expect(201);
        let other = |field: &str, value: Value| {
            let mut other = startup("a");
            other["organization"][field] = value;
            other
        };
        let renamed = other("legal_name", json!("Another Ltd"));
        let early = office.owner.post(REFERRALS, &renamed).await;
        early.refused(409, "referral_in_review");
        approved(&curator, &made).await;
        for changed in [
            renamed,
            other("names", json!({ "he": "אחר" })),
            other("country", json!("AZ")),
            other("website", json!("https://another.example")),
        ] {
            let refused = office.owner.post(REFERRALS, &changed).await;
            refused.refused(409, "referral_reviewed");
        }
        assert_eq!(holder(&app, "another.example").await, None);
        let firm = format!("/v1/organizations/{}", made.text("organization"));
        let firm = curator.get(&firm).await.expect(200);
        assert_eq!(firm.text("legal_name"), "Negev Sun Ltd");

        // A draft whose firm was cleared is none either.
        let mut draft = investor("b");
        draft["mandate"] = json!({});
        let made = office.owner.post(REFERRALS, &draft).await.expect(201);
        draft["organization"]["legal_name"] = json!("Xəzər Fond");
        office.owner.post(REFERRALS, &draft).await.expect(200);
        let clearance = json!({ "organization": made.text("organization"), "verdict": "clear", "basis": "EU list", "evidence": { "reference": "Archive 7" }, "valid_to": "2027-11-01" });
        officer.post("/v1/clearances", &clearance).await.expect(201);
        draft["organization"]["legal_name"] = json!("Another Fond");
        let refused = office.owner.post(REFERRALS, &draft).await;
        refused.refused(409, "referral_reviewed");
    });
}

#[test]
fn a_web_site_that_is_left_is_free_again() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let mut draft = startup("a");
        draft["startup_profile"] = json!({});
        let made = office.owner.post(REFERRALS, &draft).await.expect(201);
        let firm = made.text("organization").to_owned();
        assert_eq!(holder(&app, "a.negev.example").await, Some(firm.clone()));
        draft["organization"]["website"] = json!("https://right.example");
        office.owner.post(REFERRALS, &draft).await.expect(200);
        assert_eq!(holder(&app, "a.negev.example").await, None);
        assert_eq!(holder(&app, "right.example").await, Some(firm));
    });
}

#[test]
fn a_contact_is_asked_when_something_is_put_forward_and_once_at_a_time() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let mut draft = startup("a");
        draft["startup_profile"] = json!({});
        let made = office.owner.post(REFERRALS, &draft).await.expect(201);
        assert_eq!(
            (made.text("state"), made.text("claim")),
            ("draft", "waiting")
        );
        let mut bare = investor("b");
        bare["mandate"] = json!({});
        let made = office.owner.post(REFERRALS, &bare).await.expect(201);
        assert_eq!(made.text("claim"), "waiting");
        assert!(!asked(&app, CONTACT).await);
        let whole = office
            .owner
            .post(REFERRALS, &startup("a"))
            .await
            .expect(200);
        assert_eq!(
            (whole.text("state"), whole.text("claim")),
            ("submitted", "asked")
        );
        assert!(asked(&app, CONTACT).await);
        // The same person for another firm has a letter to answer first.
        let second = office
            .owner
            .post(REFERRALS, &startup("c"))
            .await
            .expect(201);
        assert_eq!(
            (second.text("state"), second.text("claim")),
            ("submitted", "waiting")
        );
    });
}

#[test]
fn a_partner_has_so_many_contacts_asked_in_a_day() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let refer = async |id: &str| {
            let mut body = startup(id);
            body["contact"]["email"] = json!(format!("{id}@many.example"));
            office.owner.post(REFERRALS, &body).await.expect(201)
        };
        let first = refer("a").await;
        assert_eq!(first.text("claim"), "asked");
        // As many as the shipped settings allow.
        let firm: OrganizationId = first.text("organization").parse().unwrap();
        let (now, rest) = (app.context.now(), app.context.settings.partner_asks - 1);
        let ask = move |conn: &mut db::Conn| -> db::Result<()> {
            for number in 0..rest {
                let email: Email = format!("n{number}@many.example").parse().unwrap();
                db::contacts::put(conn, firm, &email, &Language::english(), now)?;
                db::contacts::mark_asked(conn, firm, &email.key(), now)?;
            }
            Ok(())
        };
        app.context.db.write(ask).await.unwrap();
        let late = refer("b").await;
        assert_eq!(
            (late.text("state"), late.text("claim")),
            ("submitted", "waiting")
        );
        assert!(!asked(&app, "b@many.example").await);
        // A curator who publishes it asks.
        approved(&curator, &late).await;
        act(&curator, &profile(&late), "publish").await;
        assert!(asked(&app, "b@many.example").await);
        app.context.clock.advance(TimeDelta::hours(25));
        let again = app.stranger();
        let again = again.signed_in(&address("Trade Office"), PASSWORD).await;
        let mut body = startup("c");
        body["contact"]["email"] = json!("c@many.example");
        let next = again.post(REFERRALS, &body).await.expect(201);
        assert_eq!(next.text("claim"), "asked");
    });
}

#[test]
fn a_mistyped_contact_is_put_right_in_any_state() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        for (id, mut body) in [("a", startup("a")), ("b", investor("b"))] {
            let (wrong, right) = (format!("{id}@wrong.example"), format!("{id}@right.example"));
            body["contact"]["email"] = json!(wrong);
            let made = office.owner.post(REFERRALS, &body).await.expect(201);
            assert_eq!(made.text("claim"), "asked");
            let token = mailed_token(&app, TicketKind::Claim, &wrong).await;
            body["contact"]["email"] = json!(right);
            let put_right = office.owner.post(REFERRALS, &body).await.expect(200);
            assert_eq!(put_right.text("state"), made.text("state"));
            assert!(!asked(&app, &wrong).await);
            let page = app.stranger().open(&format!("/tickets/{token}")).await;
            assert!(!page.html.contains("<form"), "{}", page.html);
            // As the first again: it is the other's link that ends.
            let token = mailed_token(&app, TicketKind::Claim, &right).await;
            let mut back = body.clone();
            back["contact"]["email"] = json!(wrong);
            office.owner.post(REFERRALS, &back).await.expect(200);
            let page = app.stranger().open(&format!("/tickets/{token}")).await;
            assert!(!page.html.contains("<form"), "{}", page.html);
        }
    });
}

#[test]
fn the_right_contact_stands_behind_what_a_mistyped_one_was_asked_about() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        for (id, mut body) in [("a", startup("a")), ("b", investor("b"))] {
            let (wrong, right) = (format!("{id}@wrong.example"), format!("{id}@right.example"));
            body["contact"]["email"] = json!(wrong);
            let made = office.owner.post(REFERRALS, &body).await.expect(201);
            body["contact"]["email"] = json!(right);
            office.owner.post(REFERRALS, &body).await.expect(200);
            answer(&app, &right, "confirm").await;
            let now = office.owner.get(&path(&made)).await.expect(200);
            assert_eq!(now.text("claim"), "claimed");
        }
    });
}

#[test]
fn what_compliance_does_is_not_read_from_a_refusal() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        for (id, status) in [("a", "paused"), ("b", "suspended")] {
            let made = office
                .owner
                .post(REFERRALS, &investor(id))
                .await
                .expect(201);
            let set = format!("UPDATE mandates SET status = '{status}' WHERE status = 'draft'");
            let set = move |conn: &mut db::Conn| -> db::Result<()> {
                diesel::sql_query(set).execute(conn)?;
                Ok(())
            };
            app.context.db.write(set).await.unwrap();
            let now = office.owner.get(&path(&made)).await.expect(200);
            assert_eq!(now.text("state"), "paused", "{status}");
            let mut other = investor(id);
            other["mandate"]["title"] = json!("Another");
            let refused = office.owner.post(REFERRALS, &other).await;
            refused.refused(409, "referral_closed");
        }
    });
}

#[test]
fn a_firm_that_may_be_another_waits_for_a_curator() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        office
            .owner
            .post(REFERRALS, &startup("a"))
            .await
            .expect(201);
        answer(&app, CONTACT, "refuse").await;
        let mut again = startup("b");
        again["organization"]["website"] = json!("https://a.negev.example/about");
        again["contact"]["email"] = json!("info@negev.example");
        // To its partner it looks like any other; nobody is asked.
        let made = office.owner.post(REFERRALS, &again).await.expect(201);
        assert_eq!(
            (made.text("state"), made.text("claim")),
            ("submitted", "asked")
        );
        assert_eq!(made.body["missing"], json!([]));
        again["startup_profile"]["team_size"] = json!(7);
        let more = office.owner.post(REFERRALS, &again).await;
        more.refused(409, "referral_in_review");
        let mut again = investor("c");
        again["organization"]["website"] = json!("https://a.negev.example/fund");
        again["mandate"] = whole_mandate();
        let made = office.owner.post(REFERRALS, &again).await.expect(201);
        assert_eq!(made.text("claim"), "asked");
        assert!(!asked(&app, "info@negev.example").await);
        assert!(!asked(&app, "team@xezer.example").await);
    });
}

#[test]
fn who_polls_is_told_when_nothing_changed() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let made = office
            .owner
            .post(REFERRALS, &startup("a"))
            .await
            .expect(201);
        let path = path(&made);
        let poll = async |tag: &str| {
            let call = office.owner.call("GET", &path).header("if-none-match", tag);
            call.send().await
        };
        let first = office.owner.get(&path).await.expect(200).etag().to_owned();
        poll(&first).await.expect(304);
        act(&curator, &profile(&made), "claim").await;
        let second = poll(&first).await.expect(200).etag().to_owned();
        assert_ne!(first, second);
        answer(&app, CONTACT, "confirm").await;
        poll(&second).await.expect(200);
    });
}

#[test]
fn nobody_agrees_to_what_came_after_they_read() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        office
            .owner
            .post(REFERRALS, &investor("a"))
            .await
            .expect(201);
        let token = mailed_token(&app, TicketKind::Claim, "team@xezer.example").await;
        let (page, stranger) = (format!("/tickets/{token}"), app.stranger());
        let seen = |html: &str| {
            let (_, rest) = html.split_once("name=\"seen\" value=\"").unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let first = seen(&stranger.open(&page).await.expect(200).html);
        let mut other = investor("a");
        other["mandate"]["title"] = json!("Something else");
        office.owner.post(REFERRALS, &other).await.expect(200);
        let mut fields = vec![
            ("action", "confirm"),
            ("name", "Gül Əliyeva"),
            ("language", "az"),
            ("zone", "Asia/Baku"),
            ("password", PASSWORD),
            ("agree", "yes"),
            ("seen", first.as_str()),
        ];
        let shown = stranger.submit(&page, &fields).await.expect(422);
        let shown = shown.says("Something else").says("id=\"seen\"");
        let second = seen(&shown.html);
        assert_ne!(first, second);
        fields.pop();
        fields.push(("seen", second.as_str()));
        stranger.submit(&page, &fields).await.expect(200);
        let gul = app.stranger();
        let gul = gul.signed_in("team@xezer.example", PASSWORD).await;
        let own = gul.get("/v1/mandates").await.expect(200);
        assert_eq!(own.body["items"][0]["title"], "Something else");
    });
}

#[test]
fn what_does_not_fit_is_named_once_with_its_shape_and_hides_nothing() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let office = office(&app).await;
        let mut document = startup("crm-1");
        document["startup_profile"]["one_liner"] = json!({ "en": "Plain text", "he": 7 });
        document["startup_profile"]["colour"] = json!("red");
        document["organization"] = json!("Negev Sun");
        document["contact"]["email"] = json!(["a@b.example"]);
        let answer = office.owner.post(REFERRALS, &document).await.expect(422);
        let mut faults = answer.faults();
        faults.sort();
        assert_eq!(
            faults,
            [
                "#/contact/email wrong_type",
                "#/organization wrong_type",
                "#/startup_profile/colour unknown_field",
                "#/startup_profile/one_liner/en wrong_type",
                "#/startup_profile/one_liner/he wrong_type",
            ]
        );
        let told = answer.body["errors"].to_string();
        assert!(told.contains("such as {\\\"text\\\":"), "{told}");
        // A name that nobody can see is none.
        let mut unseen = startup("crm-2");
        unseen["organization"]["legal_name"] = json!("\u{200b}");
        unseen["organization"]["trade_name"] = json!("\u{301}");
        let answer = office.owner.post(REFERRALS, &unseen).await.expect(422);
        assert_eq!(
            answer.faults(),
            [
                "#/organization/legal_name bad_name",
                "#/organization/trade_name bad_name"
            ]
        );
        // A host in any script is one.
        let mut hebrew = startup("crm-3");
        hebrew["organization"]["website"] = json!("HTTPS://קורידור.co.il/");
        office.owner.post(REFERRALS, &hebrew).await.expect(201);
        assert!(holder(&app, "xn--7dbdbo2ehd.co.il").await.is_some());
    });
}
