//! Startup profiles and mandates, from draft to published, and who may.

use corridor::domain::account::Role;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::builders::{
    act, colleague, create, firm, id_of, operator, published_profile, whole_mandate, whole_profile,
};
use crate::support::database::on_each_backend;

const PROFILES: &str = "/v1/startup-profiles";

#[test]
fn a_profile_goes_from_draft_to_published() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let path = published_profile(&startup, &curator).await;
        let profile = startup.get(&path).await.expect(200);
        assert_eq!(profile.text("status"), "published");
        assert_eq!(profile.text("published_at"), "2026-11-24T12:00:00.000000Z");
        assert_eq!(profile.text("reconfirm_by"), "2027-02-22");
        app.seal().await;
        let events = startup.get(&format!("{path}/events")).await.expect(200);
        let items = events.body["items"].as_array().unwrap();
        let kinds: Vec<_> = items
            .iter()
            .map(|event| event["kind"].as_str().unwrap())
            .collect();
        assert_eq!(
            kinds,
            ["created", "submitted", "claimed", "approved", "published"]
                .map(|what| format!("startup_profile.{what}"))
        );
        assert!(items.iter().all(|event| event["actor"].get("id").is_none()));
        let events = curator
            .get(&format!("{path}/events?limit=2"))
            .await
            .expect(200);
        assert!(events.body["items"][0]["actor"]["id"].is_string());
        let next = &events.body["next_after"];
        let rest = curator
            .get(&format!("{path}/events?after={next}"))
            .await
            .expect(200);
        assert_eq!(rest.body["items"].as_array().map(Vec::len), Some(3));
    });
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let (path, _) = create(&startup, PROFILES, &json!({})).await;
        let submit = json!({ "action": "submit" });
        let answer = startup
            .act(&path, "*", &submit)
            .await
            .refused(409, "incomplete");
        let missing = [
            "/one_liner/en",
            "/summary/en",
            "/primary_tags",
            "/stage",
            "/deal_intents",
            "/languages",
            "/controls",
        ]
        .map(|pointer| format!("#{pointer} required"));
        assert_eq!(answer.faults(), missing);
        let actions = startup
            .get(&format!("{path}/transitions"))
            .await
            .expect(200);
        let first = &actions.body["available"][0];
        assert_eq!(first["action"], "submit");
        assert_eq!(first["blocked_by"]["code"], "incomplete");
        assert_eq!(
            first["blocked_by"]["missing"].as_array().map(Vec::len),
            Some(7)
        );
    });
}

#[test]
fn a_curator_asks_for_changes_field_by_field() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let (path, _) = create(&startup, PROFILES, &whole_profile()).await;
        act(&startup, &path, "submit").await;
        act(&curator, &path, "claim").await;
        let bare = json!({ "action": "request_changes" });
        let answer = curator.act(&path, "*", &bare).await.expect(422);
        assert_eq!(answer.faults(), ["#/comments required"]);
        let comment = json!({ "pointer": "/summary/en", "comment": "Say for whom." });
        let body = json!({ "action": "request_changes", "comments": [comment] });
        curator.act(&path, "*", &body).await.expect(200);
        let comments = startup.get(&format!("{path}/comments")).await.expect(200);
        assert_eq!(comments.body["items"][0]["pointer"], "/summary/en");
        assert_eq!(comments.body["items"][0]["comment"], "Say for whom.");
        let paged = startup.get(&format!("{path}/comments?limit=1")).await;
        assert_eq!(paged.expect(200).body["items"], comments.body["items"]);
        let wrong = json!({ "action": "submit", "reason": "x" });
        let answer = startup.act(&path, "*", &wrong).await.expect(422);
        assert_eq!(answer.faults(), ["#/reason not_taken"]);
        act(&startup, &path, "submit").await;
    });
}

#[test]
fn what_is_sensitive_needs_compliance_to_agree_to_what_it_read() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let officer = operator(&app, "Officer", &[Role::Compliance]).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let mut document = whole_profile();
        document["primary_tags"] = json!(["cyber_commercial"]);
        let (path, _) = create(&startup, PROFILES, &document).await;
        act(&startup, &path, "submit").await;
        act(&curator, &path, "claim").await;
        let approve = json!({ "action": "approve" });
        curator
            .act(&path, "*", &approve)
            .await
            .refused(409, "compliance_needed");
        let agree = |etag: &'static str| {
            let call = officer.call("POST", &format!("{path}/compliance-agreement"));
            call.header("If-Match", etag).send()
        };
        agree("\"v1\"").await.expect(412);
        agree("\"v3\"").await.expect(200);
        curator.act(&path, "*", &approve).await.expect(200);
    });
}

#[test]
fn a_merge_patch_removes_keeps_and_replaces() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let (path, made) = create(&startup, PROFILES, &whole_profile()).await;
        let patch = json!({ "stage": null, "markets_wanted": ["KZ"], "one_liner": { "he": { "text": "מים מן האוויר" } } });
        let after = startup.patch(&path, made.etag(), &patch).await.expect(200);
        assert_eq!(after.etag(), "\"v2\"");
        assert_eq!(after.body["revision"], 2);
        assert_eq!(after.body.get("stage"), None);
        assert_eq!(after.body["markets_wanted"], json!(["KZ"]));
        assert_eq!(after.body["primary_tags"], json!(["water"]));
        let texts = &after.body["one_liner"];
        assert_eq!(texts["he"]["text"], "מים מן האוויר");
        assert_eq!(texts["en"], made.body["one_liner"]["en"]);
        let stolen = json!({ "organization": "018f0000-0000-7000-8000-000000000000" });
        let answer = startup.patch(&path, "*", &stolen).await.expect(422);
        assert_eq!(answer.faults(), ["#/organization read_only"]);
        let plain = startup.call("PATCH", &path).json(&json!({}));
        let answer = plain.header("If-Match", "*").send().await.expect(415);
        assert_eq!(
            answer.header("accept-patch"),
            "application/merge-patch+json"
        );
    });
}

#[test]
fn a_change_names_the_version_it_was_decided_on() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let (path, made) = create(&startup, PROFILES, &whole_profile()).await;
        let patch = json!({ "team_size": 7 });
        let bare = startup
            .call("PATCH", &path)
            .merge_patch(&patch)
            .send()
            .await;
        bare.refused(428, "version_required");
        startup.patch(&path, made.etag(), &patch).await.expect(200);
        let stale = startup.patch(&path, made.etag(), &patch).await;
        stale.refused(412, "stale_version");
        startup.patch(&path, "*", &patch).await.expect(200);
        let submit = json!({ "action": "submit" });
        startup
            .act(&path, made.etag(), &submit)
            .await
            .refused(412, "stale_version");
        let bare = startup.post(&format!("{path}/transitions"), &submit).await;
        bare.refused(428, "version_required");
    });
}

#[test]
fn a_key_makes_one_profile_however_often_it_comes() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let send = |body: Value| {
            let call = startup.call("POST", PROFILES).json(&body);
            call.header("Idempotency-Key", "\"4f6c1b1e-key\"").send()
        };
        let (one, twin) = tokio::join!(send(whole_profile()), send(whole_profile()));
        let again = send(whole_profile()).await.expect(201);
        let ids = [&one, &twin, &again].map(|answer| answer.text("id").to_owned());
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        send(json!({})).await.refused(422, "idempotency_key_reused");
        let list = startup.get(PROFILES).await.expect(200);
        assert_eq!(list.body["items"].as_array().map(Vec::len), Some(1));
    });
}

#[test]
fn anothers_profile_is_not_there() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let rival = firm(&app, "startup", "Rimon", "IL").await.owner;
        let (path, _) = create(&tamar.owner, PROFILES, &whole_profile()).await;
        let submit = json!({ "action": "submit" });
        for part in ["", "/events", "/transitions", "/comments"] {
            rival
                .get(&format!("{path}{part}"))
                .await
                .refused(404, "not_found");
        }
        rival
            .patch(&path, "*", &json!({}))
            .await
            .refused(404, "not_found");
        let blind = rival
            .call("PATCH", &path)
            .merge_patch(&json!({}))
            .send()
            .await;
        blind.refused(404, "not_found");
        rival
            .act(&path, "*", &submit)
            .await
            .refused(404, "not_found");
        let blind = rival.post(&format!("{path}/transitions"), &submit).await;
        blind.refused(404, "not_found");
        let list = rival
            .get(&format!("{PROFILES}?organization={}", tamar.id))
            .await;
        list.refused(404, "not_found");
        let own = rival.get(PROFILES).await.expect(200);
        assert_eq!(own.body["items"], json!([]));
        let mut planted = whole_profile();
        planted["organization"] = json!(tamar.id);
        rival
            .post(PROFILES, &planted)
            .await
            .refused(404, "not_found");
    });
}

/// What is rendered once is kept by its version.
#[test]
fn what_its_people_read_stays_theirs_and_changes_show_at_once() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        for (kind, [one, other], records, whole) in [
            ("startup", ["Tamar", "Rimon"], PROFILES, whole_profile()),
            (
                "investor",
                ["Khazar", "Araz"],
                "/v1/mandates",
                whole_mandate(),
            ),
        ] {
            let own = firm(&app, kind, one, "IL").await.owner;
            let rival = firm(&app, kind, other, "IL").await.owner;
            let (path, made) = create(&own, records, &whole).await;
            for languages in [json!(["ru"]), json!(["en", "ka"])] {
                let patch = json!({ "languages": languages });
                own.patch(&path, "*", &patch).await.expect(200);
                // The second reading finds what the first one left.
                for _ in 0..2 {
                    let read = own.get(&path).await.expect(200);
                    assert_eq!(read.body["languages"], languages);
                    assert_ne!(read.etag(), made.etag());
                    let list = own.get(records).await.expect(200);
                    assert_eq!(list.body["items"], json!([read.body]));
                }
                rival.get(&path).await.refused(404, "not_found");
                let list = rival.get(records).await.expect(200);
                assert_eq!(list.body["items"], json!([]));
            }
        }
    });
}

#[test]
fn a_viewer_reads_and_does_not_write() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let (path, _) = create(&tamar.owner, PROFILES, &whole_profile()).await;
        let viewer = colleague(&app, &tamar, "Viewer", Role::Viewer).await;
        viewer.get(&path).await.expect(200);
        viewer
            .patch(&path, "*", &json!({}))
            .await
            .refused(403, "forbidden");
        let submit = json!({ "action": "submit" });
        viewer
            .act(&path, "*", &submit)
            .await
            .refused(403, "forbidden");
        let draft = viewer.post(PROFILES, &whole_profile()).await;
        draft.refused(403, "forbidden");
    });
}

#[test]
fn faults_stand_at_their_place() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let mut unknown = whole_profile();
        unknown["verified"] = json!(true);
        let answer = startup.post(PROFILES, &unknown).await.expect(422);
        assert_eq!(answer.faults(), ["#/verified unknown_field"]);
        let mut wrong = whole_profile();
        wrong["primary_tags"] = json!(["watr"]);
        wrong["stage"] = json!("late");
        wrong["languages"] = json!(["en", "english"]);
        wrong["round"] = json!({ "currency": "XXX", "target": 5, "min": 9 });
        let answer = startup.post(PROFILES, &wrong).await.expect(422);
        assert_eq!(
            answer.faults(),
            [
                "#/primary_tags/0 unknown_tag",
                "#/stage unknown_code",
                "#/languages/1 unknown_language",
                "#/round/min out_of_order",
                "#/round/currency unknown_currency",
            ]
        );
        let hint = answer.body["errors"][0]["detail"].as_str().unwrap();
        assert!(hint.contains("Did you mean water"), "{hint}");
    });
}

#[test]
fn words_of_any_language_find_their_tag_and_texts_come_back_as_they_went() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let mut document = whole_profile();
        document["primary_tags"] = json!(["ирригация"]);
        document["tags"] = json!(["אגריטק"]);
        document["one_liner"] = json!({
            "az": { "text": "Səhra havasından içməli su — ığdır", "state": "machine" },
            "en": { "text": "Water from air", "state": "original" },
            "he": { "text": "מים מן האוויר (״תמר״)", "state": "human" },
            "ru": { "text": "Вода из воздуха", "state": "human" },
        });
        let (path, _) = create(&startup, PROFILES, &document).await;
        let read = startup.get(&path).await.expect(200);
        assert_eq!(read.body["one_liner"], document["one_liner"]);
        assert_eq!(read.body["primary_tags"], json!(["water"]));
        assert_eq!(read.body["tags"], json!(["agri_food"]));
    });
}

#[test]
fn pages_hold_while_rows_come_in() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let mut made = Vec::new();
        for _ in 0..5 {
            let (path, _) = create(&startup, PROFILES, &json!({})).await;
            made.push(id_of(&path));
        }
        let mut seen = Vec::new();
        let mut next = Some(format!("{PROFILES}?limit=2&status=draft"));
        while let Some(path) = next {
            let page = startup.get(&path).await.expect(200);
            let items = page.body["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            seen.extend(
                items
                    .iter()
                    .map(|item| item["id"].as_str().unwrap().to_owned()),
            );
            if made.len() < 7 {
                let (path, _) = create(&startup, PROFILES, &json!({})).await;
                made.push(id_of(&path));
            }
            next = page.headers.get("link").map(|link| {
                let link = link.to_str().unwrap();
                assert!(link.ends_with(">; rel=\"next\""), "{link}");
                link[1..link.find('>').unwrap()].to_owned()
            });
        }
        assert_eq!(seen, made);
        let first = startup
            .get(&format!("{PROFILES}?limit=1"))
            .await
            .expect(200);
        let cursor = first.text("next_cursor");
        let other = format!("{PROFILES}?status=draft&cursor={cursor}");
        startup.get(&other).await.refused(400, "bad_cursor");
    });
}

#[test]
fn a_mandate_is_published_changed_and_withdrawn() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let investor = firm(&app, "investor", "Xezer", "AZ").await.owner;
        let rival = firm(&app, "investor", "Araz", "AZ").await.owner;
        let (bare, _) = create(&investor, "/v1/mandates", &json!({})).await;
        let publish = json!({ "action": "publish" });
        let answer = investor
            .act(&bare, "*", &publish)
            .await
            .refused(409, "incomplete");
        assert_eq!(
            answer.faults(),
            ["/title", "/deal_intents", "/tags"].map(|pointer| format!("#{pointer} required"))
        );
        let (path, made) = create(&investor, "/v1/mandates", &whole_mandate()).await;
        act(&investor, &path, "publish").await;
        let cheque =
            json!({ "cheque": { "currency": "AZN", "min": 5_000_000, "max": 20_000_000 } });
        investor
            .patch(&path, made.etag(), &cheque)
            .await
            .expect(412);
        let changed = investor.patch(&path, "\"v2\"", &cheque).await.expect(200);
        assert_eq!(changed.body["cheque"]["currency"], "AZN");
        assert_eq!(changed.body["tags"], json!({ "water": 3 }));
        let wrong = json!({ "cheque": { "min": 30_000_000 }, "tags": { "water": 9, "watr": 1 } });
        let answer = investor.patch(&path, "*", &wrong).await.expect(422);
        assert_eq!(
            answer.faults(),
            [
                "#/tags/water out_of_range",
                "#/tags/watr unknown_tag",
                "#/cheque/max out_of_order"
            ]
        );
        // What is wanted is not excluded, nor is anything above it; what is
        // below it may be.
        let torn = json!({
            "tags": { "su": 2, "robotics": 1, "water_loss": 1 },
            "excluded_tags": ["water", "robotics", "agri_food"],
        });
        let answer = investor.post("/v1/mandates", &torn).await.expect(422);
        assert_eq!(
            answer.faults(),
            [
                "#/tags/robotics contradiction",
                "#/tags/su contradiction",
                "#/tags/water_loss contradiction",
            ]
        );
        // What doesn't fit hides nothing of what is wrong with the rest, nor is
        // anything found wrong that stands with it.
        let both = json!({
            "title": 5, "tags": { "watr": 1 }, "cheque": { "currency": "USD", "min": "9", "max": 3 },
            "stages": ["later"],
        });
        let told = [
            "#/cheque/min wrong_type",
            "#/stages/0 unknown_code",
            "#/tags/watr unknown_tag",
            "#/title wrong_type",
        ];
        for answer in [
            investor.post("/v1/mandates", &both).await,
            investor.patch(&path, "*", &both).await,
        ] {
            let mut faults = answer.expect(422).faults();
            faults.sort_unstable();
            assert_eq!(faults, told);
        }
        let narrower = json!({ "excluded_tags": ["water_loss"] });
        investor.patch(&path, "*", &narrower).await.expect(200);
        rival.get(&path).await.refused(404, "not_found");
        rival
            .patch(&path, "*", &cheque)
            .await
            .refused(404, "not_found");
        act(&investor, &path, "withdraw").await;
        investor
            .act(&path, "*", &publish)
            .await
            .refused(409, "transition_not_allowed");
    });
}

#[test]
fn what_can_not_be_is_named_when_it_is_said() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let startup = firm(&app, "startup", "Tamar", "IL").await.owner;
        let investor = firm(&app, "investor", "Xezer", "AZ").await.owner;
        let mut twice = whole_profile();
        twice["tags"] = json!(["water", "water_loss"]);
        let answer = startup.post(PROFILES, &twice).await.expect(422);
        assert_eq!(answer.faults(), ["#/tags repeated"]);
        let mut late = whole_profile();
        late["controls"]["signed_on"] = json!("2026-11-26");
        let answer = startup.post(PROFILES, &late).await.expect(422);
        assert_eq!(answer.faults(), ["#/controls/signed_on in_the_future"]);
        let mut over = whole_profile();
        over["round"] = json!({ "currency": "USD", "target": 1_000_000, "close_by": "2026-11-20" });
        let (path, _) = create(&startup, PROFILES, &over).await;
        let submit = json!({ "action": "submit" });
        let answer = startup.act(&path, "*", &submit).await;
        let answer = answer.refused(409, "incomplete");
        assert_eq!(answer.faults(), ["#/round/close_by in_the_past"]);
        let later = json!({ "round": { "close_by": "2027-02-01" } });
        startup.patch(&path, "*", &later).await.expect(200);
        act(&startup, &path, "submit").await;
        act(&curator, &path, "claim").await;
        for pointer in ["/one_linr/en", "/controls_", "/status"] {
            let comment = json!([{ "pointer": pointer, "comment": "What is it?" }]);
            let back = json!({ "action": "request_changes", "comments": comment });
            let answer = curator.act(&path, "*", &back).await.expect(422);
            assert_eq!(answer.faults(), ["#/comments/0/pointer unknown_field"]);
        }
        let mut mandate = whole_mandate();
        mandate["active_to"] = json!("2026-11-20");
        let (path, _) = create(&investor, "/v1/mandates", &mandate).await;
        let answer = investor
            .act(&path, "*", &json!({ "action": "publish" }))
            .await;
        let answer = answer.refused(409, "incomplete");
        assert_eq!(answer.faults(), ["#/active_to in_the_past"]);
    });
}
