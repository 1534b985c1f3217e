//! What waits for whom, and that it is nothing they may not see.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use corridor::db;
use corridor::db::deal_seconds::About;
use corridor::domain::event::{Subject, SubjectKind};
use corridor::domain::suspension::{Suspension, SuspensionGround};
use corridor::services::Clock;
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{Answer, Stage, Who};
use crate::support::app::App;
use crate::support::builders::{self, create, operator};
use crate::support::database::on_each_backend;

async fn work(stage: &Stage, who: Who, query: &str) -> Vec<Value> {
    let list = stage.get(who, &format!("/v1/worklist{query}")).await;
    list.expect(200)["items"].as_array().unwrap().clone()
}

fn kinds(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["kind"].as_str().unwrap())
        .collect()
}

fn one<'a>(items: &'a [Value], kind: &str) -> &'a Value {
    let mut found = items.iter().filter(|item| item["kind"] == kind);
    let item = found
        .next()
        .unwrap_or_else(|| panic!("{kind} is not in {items:#?}"));
    assert!(found.next().is_none(), "{kind} twice");
    item
}

#[test]
fn a_match_and_an_introduction_wait_for_one_after_the_other() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        assert_eq!(kinds(&work(&stage, Who::Gul, "").await), [""; 0]);
        let matched = stage.matched().await;
        let curators = work(&stage, Who::Curator, "").await;
        let release = one(&curators, "release_match");
        assert_eq!(release["links"]["self"], matched.as_str());
        assert_eq!(release["actions"], json!(["release", "pin", "veto"]));
        assert_eq!(release["about"], json!(["Tamar Flow", "Khazar Capital"]));

        let to_both = json!({"action": "release", "to": "both"});
        stage.go(Who::Curator, &matched, to_both).await.expect(200);
        for who in [Who::Dana, Who::Gul] {
            let items = work(&stage, who, "?kind=answer_match").await;
            let answer = one(&items, "answer_match");
            assert_eq!(answer["about"], json!([]), "a teaser names nobody");
            assert_eq!(answer["actions"], json!(["interested", "snooze", "pass"]));
        }
        let blurb = super::stage::BLURB;
        let made = stage.request_introduction(Who::Dana, &matched, blurb).await;
        let introduction = made.location.clone().unwrap();
        made.expect(201);
        let items = work(&stage, Who::Gul, "").await;
        let answer = one(&items, "answer_introduction");
        assert_eq!(answer["links"]["self"], introduction.as_str());
        assert_eq!(answer["about"], json!(["Tamar Flow", "Khazar Capital"]));
        assert!(
            answer["actions"]
                .as_array()
                .unwrap()
                .contains(&json!("accept"))
        );
        // The one who asked has nothing to do, others' work is nobody's.
        assert_eq!(kinds(&work(&stage, Who::Dana, "").await), [""; 0]);
        assert_eq!(kinds(&work(&stage, Who::Stranger, "").await), [""; 0]);
        assert_eq!(kinds(&work(&stage, Who::Auditor, "").await), [""; 0]);

        let freeze = json!({ "scope": "country", "value": "AZ", "reason": "A test" });
        let frozen = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        frozen.expect(201);
        let hidden = work(&stage, Who::Gul, "").await;
        let names: Vec<_> = hidden.iter().map(|item| item["about"].clone()).collect();
        assert!(
            names
                .iter()
                .all(|about| *about == json!(["Khazar Capital"])),
            "{names:?}"
        );
    });
}

#[test]
fn what_the_gate_leaves_open_waits_for_compliance() {
    on_each_backend(async |database| {
        let stage = Stage::with_tag(database, "ot_sec").await;
        let matched = stage.matched().await;
        let items = work(&stage, Who::Compliance, "").await;
        let decide = one(&items, "decide_match");
        assert_eq!(decide["links"]["self"], matched.as_str());
        assert_eq!(work(&stage, Who::Curator, "?record=match").await.len(), 0);

        let freeze = json!({ "scope": "country", "value": "GE", "reason": "A test" });
        let frozen = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
        let id = frozen.expect(201)["id"].as_str().unwrap().to_owned();
        let lift = json!({"action": "lift", "reason": "It is over."});
        let path = format!("/v1/freezes/{id}/transitions");
        let freeze = format!("/v1/freezes/{id}");
        stage.go(Who::Compliance, &freeze, lift).await.expect(200);
        let second = work(&stage, Who::SecondCompliance, "?kind=lift_freeze").await;
        assert_eq!(one(&second, "lift_freeze")["links"]["act"], path.as_str());
        let first = work(&stage, Who::Compliance, "?kind=lift_freeze").await;
        assert_eq!(first.len(), 0);
    });
}

#[test]
fn a_deal_waits_for_the_side_whose_turn_it_is_and_then_for_the_curator() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        for who in [Who::Dana, Who::Gul] {
            let items = work(&stage, who, "").await;
            assert_eq!(one(&items, "report_deal")["links"]["self"], deal.as_str());
        }
        let report = json!({"action": "report"});
        stage.go(Who::Dana, &deal, report).await.expect(200);
        assert_eq!(work(&stage, Who::Dana, "?record=deal").await.len(), 0);
        assert_eq!(work(&stage, Who::Gul, "?record=deal").await.len(), 1);
        assert_eq!(work(&stage, Who::Curator, "?record=deal").await.len(), 0);
        let programme = stage.programme.id;
        let late = stage.context.now() + TimeDelta::days(40);
        let later = stage.context.with_clock(Clock::set(late));
        // Ten working days have passed by then.
        let curator = caller(&stage, Who::Curator).await;
        let chased = corridor::services::worklist::list(
            &later,
            &curator,
            corridor::services::worklist::Filter {
                overdue: Some(true),
                programme: Some(programme),
                ..Default::default()
            },
            corridor::services::paging::PageRequest {
                cursor: None,
                limit: 10,
            },
        );
        let chased = chased.await.unwrap().items;
        let kinds: Vec<_> = chased.iter().map(|seen| seen.item.kind.code()).collect();
        assert_eq!(kinds, ["chase_deal"]);
    });
}

async fn caller(stage: &Stage, who: Who) -> corridor::services::Caller {
    let user = stage.user(who).clone();
    let id = user.id;
    let parts = move |conn: &mut db::Conn| db::users::memberships(conn, id);
    let parts = stage.context.db.read(parts).await.unwrap();
    corridor::services::Caller::new(user, parts)
}

#[test]
fn checks_that_run_out_and_firms_never_checked_wait_for_compliance() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let corridor = builders::corridor(&app).await;
        let role = corridor::domain::account::Role::Compliance;
        let officer = operator(&app, "Officer", &[role]).await;
        let list = officer.get("/v1/worklist").await.expect(200);
        let items = list.body["items"].as_array().unwrap();
        assert_eq!(kinds(items), ["screen_firm", "screen_firm"]);
        let clearance = |firm: &str, verdict: &str, valid_to: &str| json!({ "organization": firm, "verdict": verdict, "basis": "A list", "evidence": { "reference": "Archive 7" }, "valid_to": valid_to });
        for (firm, verdict, day) in [
            (&corridor.startup.id, "clear", "2026-12-10"),
            (&corridor.startup.id, "clear", "2027-11-01"),
            (&corridor.investor.id, "clear", "2026-12-10"),
        ] {
            let body = clearance(firm, verdict, day);
            officer.post("/v1/clearances", &body).await.expect(201);
        }
        let list = officer.get("/v1/worklist").await.expect(200);
        let items = list.body["items"].as_array().unwrap();
        // The startup's newest check holds for a year.
        assert_eq!(kinds(items), ["renew_clearance"]);
        assert_eq!(items[0]["about"], json!(["Xezer"]));
        assert_eq!(items[0]["due"], "2026-12-10T23:59:59.000000Z");
        let body = clearance(&corridor.investor.id, "blocked", "2026-12-10");
        officer.post("/v1/clearances", &body).await.expect(201);
        let list = officer.get("/v1/worklist").await.expect(200);
        assert_eq!(list.body["items"], json!([]));
    });
}

#[test]
fn it_is_walked_in_pages_by_due_date_and_narrowed() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let role = corridor::domain::account::Role::Curator;
        let curator = operator(&app, "Curator", &[role]).await;
        let tamar = builders::firm(&app, "startup", "Tamar", "IL").await;
        for (slug, first) in [
            ("one", "2027-03-01"),
            ("two", "2026-01-01"),
            ("three", "2027-02-01"),
        ] {
            let mut body = builders::programme(slug, &tamar.id);
            body["starts_on"] = json!(first);
            create(&curator, "/v1/programmes", &body).await;
        }
        let (draft, _) = create(&tamar.owner, "/v1/startup-profiles", &json!({})).await;
        let own = tamar.owner.get("/v1/worklist").await.expect(200);
        let own = own.body["items"].as_array().unwrap().clone();
        assert_eq!(kinds(&own), ["submit_profile"]);
        assert_eq!(own[0]["links"]["self"], draft.as_str());
        assert_eq!(own[0]["due"], Value::Null);

        let mut dues = Vec::new();
        let mut path = "/v1/worklist?limit=1".to_owned();
        loop {
            let page = curator.get(&path).await.expect(200);
            for item in page.body["items"].as_array().unwrap() {
                dues.push(item["due"].as_str().unwrap()[..10].to_owned());
            }
            match page.body["next_cursor"].as_str() {
                Some(cursor) => path = format!("/v1/worklist?limit=1&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(dues, ["2026-01-01", "2027-02-01", "2027-03-01"]);
        for (query, count) in [
            ("overdue=true", 1),
            ("overdue=false", 2),
            ("due_until=2027-02-01", 2),
            ("kind=sign_programme", 3),
            ("kind=renew_programme", 0),
            ("record=deal", 0),
        ] {
            let list = curator
                .get(&format!("/v1/worklist?{query}"))
                .await
                .expect(200);
            assert_eq!(
                list.body["items"].as_array().unwrap().len(),
                count,
                "{query}"
            );
        }
        for wrong in [
            "kind=x",
            "record=x",
            "programme=x",
            "due_until=x",
            "colour=1",
        ] {
            let answer = curator.get(&format!("/v1/worklist?{wrong}")).await;
            answer.refused(400, "bad_query");
        }
        app.stranger()
            .get("/v1/worklist")
            .await
            .refused(401, "unauthenticated");
    });
}

#[test]
fn what_takes_two_people_waits_for_the_second_and_what_ends_for_its_owner() {
    use diesel::RunQueryDsl;

    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let reason = json!({ "action": "lift", "reason": "It is settled." });
        let block = json!({
            "organizations": [stage.startup.id.to_string(), stage.investor.id.to_string()],
            "reason": "A conflict",
        });
        let blocked = stage.post(Who::Compliance, "/v1/blocks", block).await;
        assert_eq!(blocked.status, 204);
        let blocks = stage.get(Who::Compliance, "/v1/blocks").await.expect(200);
        let block = format!("/v1/blocks/{}", blocks["items"][0]["id"].as_str().unwrap());
        let of_two = async |kind: &str| {
            let query = format!("?kind={kind}");
            let first = work(&stage, Who::Compliance, &query).await.len();
            (first, work(&stage, Who::SecondCompliance, &query).await)
        };
        assert!(
            of_two("lift_block").await.1.is_empty(),
            "nobody wants it yet"
        );
        stage.go(Who::Compliance, &block, reason).await.expect(200);
        let (first, second) = of_two("lift_block").await;
        assert_eq!(first, 0, "the first is not the second");
        assert_eq!(one(&second, "lift_block")["links"]["self"], block.as_str());

        let suspension = Suspension {
            id: stage.context.new_id(),
            subject: Subject::new(SubjectKind::StartupProfile, stage.profile.id),
            from: "published".to_owned(),
            ground: SuspensionGround::ClearanceBlocked,
            reason: None,
            by: None,
            at: stage.context.now(),
            first_restored_by: Some(stage.user(Who::Compliance).id),
        };
        let suspend = move |conn: &mut db::Conn| db::suspensions::insert(conn, &suspension);
        stage.context.db.write(suspend).await.unwrap();
        let (first, second) = of_two("restore_record").await;
        assert_eq!((first, second.len()), (0, 1));

        let soon = (stage.context.now() + TimeDelta::days(20)).date_naive();
        let licence = super::licences::licence(&["AZ"], &soon.to_string());
        let path = format!("/v1/organizations/{}/licences", stage.startup.id);
        let made = stage.post(Who::Dana, &path, licence).await;
        let licence = made.location.clone().unwrap();
        made.expect(201);
        let check = work(&stage, Who::Compliance, "?kind=check_licence").await;
        assert_eq!(
            one(&check, "check_licence")["links"]["self"],
            licence.as_str()
        );
        let check = json!({ "action": "check" });
        stage.go(Who::Compliance, &licence, check).await.expect(200);
        let ends = work(&stage, Who::Dana, "?kind=renew_licence").await;
        assert!(one(&ends, "renew_licence")["due"].is_string());

        let stranger = stage.get(Who::Stranger, "/v1/me").await.expect(200);
        let report = json!({
            "organizations": [
                stage.investor.id.to_string(),
                stranger["memberships"][0]["organization"],
            ],
            "reason": "The same people",
        });
        let reported = stage.post(Who::Curator, "/v1/duplicates", report).await;
        let duplicate = reported.location.clone().unwrap();
        reported.expect(201);
        let twins = work(&stage, Who::Curator, "?kind=decide_duplicate").await;
        assert_eq!(
            one(&twins, "decide_duplicate")["links"]["self"],
            duplicate.as_str()
        );

        let forget = |conn: &mut db::Conn| -> db::Result<()> {
            diesel::sql_query("DELETE FROM consent_receipts").execute(conn)?;
            Ok(())
        };
        stage.context.db.write(forget).await.unwrap();
        let give = work(&stage, Who::Gul, "?kind=give_consent").await;
        let give = one(&give, "give_consent");
        assert_eq!(give["links"]["act"], "/v1/me/consents");
        assert_eq!(give["about"], json!(["Khazar Capital"]));
    });
}

#[test]
fn a_funding_that_one_of_the_operators_people_vouches_for_waits_for_another() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let id = deal.rsplit('/').next().unwrap().parse().unwrap();
        let first = stage.user(Who::Compliance).id;
        let now = stage.context.now();
        let say = move |conn: &mut db::Conn| {
            let mut said = true;
            for (about, matter) in [
                (About::Vouch, "vouch startup 1 AZN 2026-11-24 0"),
                (About::Unblock, "unblock"),
            ] {
                let said_so = (about, matter);
                said &= db::deal_seconds::insert(conn, id, said_so, first, "Seen.", now)?;
            }
            Ok::<_, db::Error>(said)
        };
        assert!(stage.context.db.write(say).await.unwrap());
        let vouch = work(&stage, Who::Curator, "?kind=vouch_funding").await;
        assert_eq!(one(&vouch, "vouch_funding")["links"]["self"], deal.as_str());
        let query = "?kind=unblock_deal";
        assert_eq!(work(&stage, Who::Compliance, query).await.len(), 0);
        assert_eq!(work(&stage, Who::SecondCompliance, query).await.len(), 1);
    });
}

#[test]
fn much_that_waits_in_one_programme_hides_nothing_of_another() {
    use crate::api::stage::profile;
    use crate::db::world::{fresh, matched, of};
    use corridor::db::{self, Conn};
    use corridor::services::worklist::FIRST_OF_A_KIND;

    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (context, firm) = (stage.context.clone(), stage.startup.clone());
        let (full, mandate) = (stage.programme.clone(), stage.mandate.clone());
        let mut other = full.clone();
        (other.id, other.details.slug) = (fresh(), of("another"));
        let (new, last) = (other.clone(), stage.profile.clone());
        let write = move |conn: &mut Conn| {
            assert!(db::programmes::insert(conn, &new)?);
            for _ in 0..=FIRST_OF_A_KIND {
                let profile = profile(&context, &firm, "water_loss");
                db::startup_profiles::insert(conn, &profile)?;
                db::matches::insert(conn, &matched(&full, &profile, &mandate))?;
            }
            // It came last, and so is not among the first that are read.
            let mut late = matched(&new, &last, &mandate);
            late.updated_at = context.now();
            db::matches::insert(conn, &late).map(drop)
        };
        stage.context.db.write(write).await.unwrap();
        let narrow = format!("?kind=release_match&programme={}", other.id);
        let narrow = work(&stage, Who::Curator, &narrow).await;
        assert_eq!(narrow.len(), 1);
        assert_eq!(narrow[0]["programme"], other.id.to_string());

        // Page by page, with every other kind of work and without: all of them,
        // each once, in the order in which they are due.
        let all = usize::try_from(FIRST_OF_A_KIND).unwrap() + 2;
        for query in ["kind=release_match&", "record=match&", ""] {
            let walked = walked(&stage, Who::Curator, query).await;
            let places: Vec<_> = walked.iter().map(|item| item["due"].as_str()).collect();
            assert!(places.is_sorted_by_key(|due| due.unwrap_or("never")));
            let matches = walked.iter().filter(|it| it["kind"] == "release_match");
            let ids: BTreeSet<_> = matches.clone().map(|it| it["id"].to_string()).collect();
            assert_eq!((matches.count(), ids.len()), (all, all), "{query}");
        }
    });
}

#[test]
fn what_never_falls_due_is_listed_last_and_all_of_it() {
    use crate::api::stage::profile;
    use corridor::db::{self, Conn};
    use corridor::domain::profile::ProfileStatus;
    use corridor::services::worklist::FIRST_OF_A_KIND;

    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (context, firm) = (stage.context.clone(), stage.startup.clone());
        let write = move |conn: &mut Conn| {
            for place in 0..=FIRST_OF_A_KIND {
                let mut draft = profile(&context, &firm, "water_loss");
                draft.status = match place {
                    0 => ProfileStatus::ChangesRequested,
                    _ => ProfileStatus::Draft,
                };
                db::startup_profiles::insert(conn, &draft)?;
            }
            Ok::<_, db::Error>(())
        };
        stage.context.db.write(write).await.unwrap();
        let first = work(&stage, Who::Dana, "?record=startup_profile&limit=1").await;
        assert_eq!(first[0]["kind"], "change_profile");
        let walked = walked(&stage, Who::Dana, "record=startup_profile&").await;
        let due: Vec<_> = walked.iter().map(|item| item["due"].is_null()).collect();
        assert!(due.is_sorted(), "what never falls due is last");
        let drafts = walked.iter().filter(|it| it["kind"] == "submit_profile");
        let ids: BTreeSet<_> = drafts.clone().map(|it| it["id"].to_string()).collect();
        let all = usize::try_from(FIRST_OF_A_KIND).unwrap();
        assert_eq!((drafts.count(), ids.len()), (all, all));
    });
}

/// Everything that waits for somebody, page by page.
async fn walked(stage: &Stage, who: Who, query: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut path = format!("/v1/worklist?{query}limit=90");
    loop {
        let page = stage.get(who, &path).await.expect(200);
        items.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else {
            return items;
        };
        path = format!("/v1/worklist?{query}limit=90&cursor={cursor}");
    }
}

#[test]
fn what_is_told_of_a_deal_is_found_under_its_programme() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let task = json!({
            "title": "Send terms", "due": "2027-01-01", "assignee": "startup",
            "visibility": "both",
        });
        let made = stage.post(Who::Gul, &format!("{deal}/tasks"), task).await;
        made.expect(201);
        let found = async |programme: &str| {
            let query = format!("?kind=do_task&programme={programme}");
            work(&stage, Who::Dana, &query).await.len()
        };
        assert_eq!(found(&stage.programme.id.to_string()).await, 1);
        let another = uuid::Uuid::now_v7().to_string();
        assert_eq!(found(&another).await, 0);
    });
}

#[test]
fn a_report_of_abuse_waits_until_somebody_decides_about_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let decisions = format!("{introduction}/abuse-decisions");
        let ruling = json!({ "ruling": "dismiss", "reason": "A mistake, as both say." });
        let early = stage.post(Who::Curator, &decisions, ruling.clone()).await;
        assert_eq!(early.code(409), "nothing_reported");
        let report = json!({"action": "report_abuse", "note": "They threatened us."});
        stage.go(Who::Gul, &introduction, report).await.expect(200);
        let query = "?kind=decide_abuse";
        for who in [Who::Curator, Who::Compliance] {
            let items = work(&stage, who, query).await;
            let item = one(&items, "decide_abuse");
            assert_eq!(item["links"]["self"], introduction.as_str());
            assert_eq!(item["links"]["act"], decisions.as_str());
            assert_eq!(item["actions"], json!(["uphold", "dismiss"]));
        }
        for who in [Who::Dana, Who::Gul, Who::Auditor] {
            assert_eq!(work(&stage, who, query).await.len(), 0, "{who:?}");
        }
        for (who, status) in [(Who::Dana, 404), (Who::Gul, 404), (Who::Auditor, 403)] {
            let answer = stage.post(who, &decisions, ruling.clone()).await;
            assert_eq!(answer.status, status, "{who:?}");
        }
        let wrong = json!({ "ruling": "perhaps", "reason": "" });
        let wrong = stage
            .post(Who::Curator, &decisions, wrong)
            .await
            .expect(422);
        let pointers = wrong["errors"].as_array().unwrap().iter();
        let pointers: Vec<_> = pointers.map(|fault| fault["pointer"].clone()).collect();
        assert_eq!(pointers, ["#/ruling", "#/reason"]);

        // Sent twice under one key it is decided once.
        let twice = async || {
            let request = stage.request(Who::Curator, "POST", &decisions);
            let request = request.header("Idempotency-Key", "decided-once");
            Answer::of(request.json(&ruling).send().await.unwrap()).await
        };
        let (first, again) = (twice().await, twice().await);
        assert_eq!((again.status, &again.text), (200, &first.text));
        assert_eq!(first.expect(200)["ruling"], "dismiss");
        for who in [Who::Curator, Who::Compliance] {
            assert_eq!(work(&stage, who, query).await.len(), 0, "{who:?}");
        }
        let late = stage
            .post(Who::Compliance, &decisions, ruling.clone())
            .await;
        assert_eq!(late.code(409), "decided_already");
        let path = format!("{introduction}/decisions");
        let kept = stage.get(Who::Compliance, &path).await.expect(200);
        assert_eq!(kept["items"][0]["action"], "dismiss_report");
    });
}

#[test]
fn who_asked_for_an_introduction_judges_no_report_of_it() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Curator).await;
        let report = json!({"action": "report_abuse", "note": "They threatened us."});
        stage.go(Who::Dana, &introduction, report).await.expect(200);
        let decisions = format!("{introduction}/abuse-decisions");
        let ruling = json!({ "ruling": "dismiss", "reason": "Nothing of the kind." });
        let own = stage.post(Who::Curator, &decisions, ruling.clone()).await;
        assert_eq!(own.code(409), "second_person_needed");
        let other = stage.post(Who::Compliance, &decisions, ruling).await;
        other.expect(200);
    });
}

/// One thing to do, however many tags lack a label, and nobody's but a curator's.
#[test]
fn tags_that_lack_labels_wait_for_a_curator_together() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let list = "?kind=label_tags";
        assert_eq!(kinds(&work(&stage, Who::Curator, list).await), [""; 0]);
        for (slug, label) in [("desalting", "Desalting"), ("dew_traps", "Dew traps")] {
            let tag = json!({
                "slug": slug,
                "kind": "tag",
                "parent": "water",
                "labels": {"en": {"text": label}, "ru": {"text": format!("{label} (ru)")}},
            });
            let made = stage.post(Who::Curator, "/v1/tags", tag).await;
            made.expect(201);
        }
        let items = work(&stage, Who::Curator, list).await;
        let waits = one(&items, "label_tags");
        assert_eq!(waits["count"], 2);
        assert_eq!(waits["record"]["kind"], "taxonomy");
        assert_eq!(waits["actions"], json!(["label"]));
        // Where it sends its reader there are as many, each by itself.
        let there = waits["links"]["self"].as_str().unwrap();
        let tags = stage.get(Who::Curator, there).await.expect(200);
        assert_eq!(tags["items"].as_array().unwrap().len(), 2);
        let by_record = work(&stage, Who::Curator, "?record=taxonomy").await;
        assert_eq!(by_record[0]["id"], waits["id"]);
        for who in [Who::Compliance, Who::Auditor, Who::Dana, Who::Gul] {
            assert_eq!(kinds(&work(&stage, who, list).await), [""; 0], "{who:?}");
        }
        for (slug, left) in [("desalting", Some(1)), ("dew_traps", None)] {
            let labels = json!({"labels": {
                "he": {"text": format!("{slug} (he)")},
                "az": {"text": format!("{slug} (az)")},
            }});
            let tag = format!("/v1/tags/{slug}");
            stage.edit(Who::Curator, &tag, labels).await.expect(200);
            let items = work(&stage, Who::Curator, list).await;
            let counts: Vec<_> = items.iter().map(|it| it["count"].as_u64()).collect();
            let expected: Vec<_> = left.map(Some).into_iter().collect();
            assert_eq!(counts, expected, "{items:#?}");
        }
    });
}
