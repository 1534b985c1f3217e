//! Free texts of investors, searched for what is restricted or prohibited in
//! the four languages.

use corridor::domain::account::Role;
use serde_json::{Value, json};

use super::stage::{Answer, Stage, Who};
use crate::support::app::App;
use crate::support::builders::{create, firm, operator, whole_mandate};
use crate::support::database::on_each_backend;

/// Each names counter-drone systems.
const NAMED: [&str; 4] = [
    "Counter-drone systems",
    "מערכות נגד רחפנים",
    "Anti-dron sistemləri",
    "Противодронные системы",
];

#[test]
fn a_mandate_whose_title_names_what_is_restricted_is_published_by_a_curator() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let officer = operator(&app, "Officer", &[Role::Compliance]).await;
        let fund = firm(&app, "investor", "Fund", "AZ").await;
        let publish = json!({ "action": "publish" });
        for title in NAMED {
            let mut body = whole_mandate();
            body["title"] = json!(title);
            let (path, _) = create(&fund.owner, "/v1/mandates", &body).await;
            let refused = fund.owner.act(&path, "*", &publish).await;
            refused.refused(409, "sensitive_words");
            let open = fund
                .owner
                .get(&format!("{path}/transitions"))
                .await
                .expect(200);
            let open = open.body["available"].as_array().unwrap().iter();
            let of_it: Vec<&Value> = open.filter(|it| it["action"] == "publish").collect();
            assert_eq!(of_it[0]["blocked_by"]["code"], "sensitive_words");
            let screening = format!("{path}/screening");
            fund.owner.get(&screening).await.refused(404, "not_found");
            let marked = officer.get(&screening).await.expect(200);
            assert_eq!(marked.body["items"][0]["tag"], "counter_uas", "{title}");
            let published = curator.act(&path, "*", &publish).await.expect(200);
            assert_eq!(published.body["status"], "published");
        }
    });
}

#[test]
fn what_was_published_names_no_more_of_the_kind_by_an_edit() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        for title in NAMED {
            let words = json!({ "title": title });
            let refused = stage.edit(Who::Gul, &mandate, words).await.expect(409);
            assert_eq!(refused["code"], "sensitive_words");
            assert_eq!(refused["errors"][0]["pointer"], "#/title");
        }
        let words = json!({ "title": NAMED[0] });
        stage.edit(Who::Curator, &mandate, words).await.expect(200);
        // What a curator let stand is no reason to refuse the next edit.
        let more = json!({ "title": "Counter-drone systems for airports" });
        stage.edit(Who::Gul, &mandate, more).await.expect(200);
    });
}

#[test]
fn what_an_investor_says_of_itself_is_searched() {
    use corridor::config::taxonomy;
    use corridor::domain::investor::InvestorContent;
    use corridor::domain::text::{LocalText, TextState};

    let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("sound");
    for (language, text) in ["en", "he", "az", "ru"].into_iter().zip(NAMED) {
        let mut content = InvestorContent::default();
        let said = LocalText {
            text: text.to_owned(),
            state: TextState::Original,
        };
        content.about.insert(language.parse().unwrap(), said);
        let found = corridor::domain::terms::in_investor(&content, &taxonomy);
        assert_eq!(found[0].0, format!("/about/{language}"));
    }
}

#[test]
fn an_investor_that_names_more_of_the_kind_is_reviewed_again() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let whole = super::investors::whole();
        let made = stage.post(Who::Gul, "/v1/investor-profiles", whole).await;
        let path = made.location.clone().unwrap();
        made.expect(201);
        for (who, action) in [
            (Who::Gul, "submit"),
            (Who::Curator, "claim"),
            (Who::Curator, "approve"),
            (Who::Gul, "publish"),
        ] {
            let action = json!({ "action": action });
            stage.go(who, &path, action).await.expect(200);
        }
        let plain = json!({ "about": { "en": { "text": "Patient money from Baku." } } });
        let view = stage.edit(Who::Gul, &path, plain).await.expect(200);
        assert_eq!(view["status"], "published");
        let named = json!({ "about": { "en": { "text": "Money for anti-drone systems." } } });
        let view = stage.edit(Who::Gul, &path, named).await.expect(200);
        assert_eq!(view["status"], "in_review");
        // Compliance agrees and a curator approves; neither does it alone.
        let approve = json!({ "action": "approve" });
        let refused = stage.go(Who::Curator, &path, approve.clone()).await;
        assert_eq!(refused.code(409), "compliance_needed");
        let open = stage
            .get(Who::Curator, &format!("{path}/transitions"))
            .await;
        let open = open.expect(200)["available"].as_array().unwrap().clone();
        let listed = open.iter().find(|it| it["action"] == "approve").unwrap();
        assert_eq!(listed["blocked_by"]["code"], "compliance_needed");
        let work = "/v1/worklist?kind=agree_to_profile";
        let waits = stage.get(Who::Compliance, work).await.expect(200);
        assert_eq!(waits["items"][0]["links"]["self"], path.as_str(), "{waits}");
        let alone = stage.go(Who::Compliance, &path, approve.clone()).await;
        assert_eq!(alone.status, 403, "{}", alone.text);
        let agreement = format!("{path}/compliance-agreement");
        let agree = async |who| {
            let request = stage.request(who, "POST", &agreement);
            let sent = request.header("If-Match", "*").send().await.unwrap();
            Answer::of(sent).await
        };
        assert_eq!(agree(Who::Curator).await.status, 403);
        agree(Who::Compliance).await.expect(200);
        let left = stage.get(Who::Compliance, work).await.expect(200);
        assert_eq!(left["items"], json!([]));
        let view = stage.go(Who::Curator, &path, approve).await.expect(200);
        assert_eq!(view["status"], "approved");
    });
}
