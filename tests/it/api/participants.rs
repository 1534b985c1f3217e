//! Investors that join a deal which another one's introduction began.

use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use serde_json::{Value, json};

use super::deals::deal;
use super::stage::{INVESTOR, STARTUP, Stage, Who};
use super::syndicates::{introduced, join_as, put, round, syndicate, takes_part};
use crate::support::database::on_each_backend;

const PARTS: &str = "/v1/deal-participations";

/// Both say that it was paid; once is not enough, nor twice the same.
async fn money_arrives(stage: &Stage, deal: &str, promise: Value) {
    let members = format!("{deal}/participants");
    // The startup confirms what was promised bindingly, and nothing else.
    let mut soft = promise.clone();
    soft["firmness"] = json!("soft");
    put(stage, Who::Stranger, &members, soft.clone())
        .await
        .expect(200);
    soft["firmness"] = json!("hard");
    soft["interest"] = json!("funded");
    let bound = put(stage, Who::Dana, &members, soft).await;
    assert_eq!(bound.code(409), "not_promised");
    put(stage, Who::Stranger, &members, promise.clone())
        .await
        .expect(200);

    let mut paid = promise;
    paid["interest"] = json!("funded");
    let said = put(stage, Who::Stranger, &members, paid.clone()).await;
    assert_eq!(
        said.expect(200)["participants"][0]["said_paid"],
        json!(["investor"])
    );
    let again = put(stage, Who::Stranger, &members, paid.clone()).await;
    assert_eq!(again.code(409), "second_person_needed");
    put(stage, Who::Dana, &members, paid).await.expect(200);
    let funded = syndicate(stage, Who::Stranger, deal).await;
    assert_eq!(funded["participants"][0]["interest"], "funded");
    assert_eq!(funded["participants"][0]["said_paid"], json!([]));
}

/// The column of its board in which the second investor finds the deal.
async fn own_column(stage: &Stage) -> Option<Value> {
    let board = stage.get(Who::Stranger, "/v1/deal-board").await.expect(200);
    let mut columns = board["items"].as_array().unwrap().iter();
    columns
        .find(|it| it["open"] == 1 || it["won"] == 1)
        .cloned()
}

/// Whom compliance keeps from the startup reads nothing of it any more.
async fn is_kept_apart(stage: &Stage, deal: &str, firm: &str) {
    let its_round = format!("{deal}/syndicate");
    let block = json!({
        "organizations": [stage.startup.id.to_string(), firm], "reason": "A conflict.",
    });
    let blocked = stage.post(Who::Compliance, "/v1/blocks", block).await;
    assert!(blocked.status < 300, "{}", blocked.text);
    assert_eq!(stage.get(Who::Stranger, &its_round).await.status, 404);
    let parts = stage.get(Who::Stranger, PARTS).await.expect(200);
    assert_eq!(parts["items"][0]["startup_name"], Value::Null);
    assert_eq!(own_column(stage).await, None);
    stage.get(Who::Gul, &its_round).await.expect(200);
    // The startup reads nothing by which it could tell that one's promise.
    let left = syndicate(stage, Who::Dana, deal).await;
    assert!(!left.to_string().contains(firm), "{left}");
    assert_eq!(left["participants"].as_array().unwrap().len(), 1);
    for sum in ["hard", "soft", "allocated", "funded", "subscription"] {
        assert_eq!(left[sum], Value::Null, "{sum}: {left}");
    }
    let of_all = syndicate(stage, Who::Curator, deal).await;
    assert_eq!(of_all["participants"].as_array().unwrap().len(), 2);
    assert_eq!(of_all["hard"]["amount_minor"], 90_000);
    let totals = async |who| {
        let board = stage.get(who, "/v1/deal-board").await.expect(200);
        let columns = board["items"].as_array().unwrap().iter();
        columns
            .map(|it| it["total"]["amount_minor"].as_i64().unwrap())
            .sum::<i64>()
    };
    assert_eq!(totals(Who::Curator).await, 90_000);
    assert_eq!(totals(Who::Dana).await, 60_000);
}

/// The deal itself is the two's who began it.
async fn reads_no_more(stage: &Stage, deal: &str) {
    for below in [
        "",
        "/notes",
        "/tasks",
        "/history",
        "/events",
        "/transitions",
    ] {
        let path = format!("{deal}{below}");
        assert_eq!(stage.get(Who::Stranger, &path).await.status, 404, "{path}");
    }
}

#[test]
fn an_investor_that_was_invited_speaks_for_itself_and_sees_nothing_else() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let members = format!("{deal}/participants");
        let its_round = format!("{deal}/syndicate");
        put(&stage, Who::Dana, &format!("{deal}/round"), round())
            .await
            .expect(200);
        let own = takes_part(&stage.investor.id.to_string(), "hard", 60_000, "USD");
        put(&stage, Who::Gul, &members, own.clone())
            .await
            .expect(200);
        let second = stage.another_investor("Second Fund", |_| {}).await;
        let firm = second.organization.to_string();
        join_as(&stage, Who::Stranger, second.organization, Role::Owner).await;
        let invitation = json!({ "organization": firm, "interest": "observing" });

        // Nobody invites whom the startup doesn't know, or itself.
        assert_eq!(stage.get(Who::Stranger, &its_round).await.status, 404);
        let unasked = put(&stage, Who::Stranger, &members, invitation.clone()).await;
        assert_eq!(unasked.status, 404);
        let unknown = put(&stage, Who::Dana, &members, invitation.clone()).await;
        assert_eq!(unknown.code(409), "not_introduced");
        introduced(&stage, &second).await;
        assert_eq!(stage.get(Who::Stranger, &its_round).await.status, 404);
        for too_much in [
            json!({ "organization": firm, "interest": "observing", "lead": true }),
            takes_part(&firm, "soft", 10_000, "USD"),
        ] {
            let said = put(&stage, Who::Dana, &members, too_much).await;
            assert_eq!(said.status, 403, "what it promises it says itself");
        }
        put(&stage, Who::Dana, &members, invitation)
            .await
            .expect(200);

        // Its board has the deal, though it promised nothing yet.
        let board = own_column(&stage).await.unwrap();
        assert_eq!(
            (&board["open"], &board["without_amount"]),
            (&json!(1), &json!(1))
        );

        // It reads the round and itself, and promises for itself alone.
        let seen = syndicate(&stage, Who::Stranger, &deal).await;
        assert_eq!(seen["round"]["target"], 100_000);
        assert_eq!(seen["participants"].as_array().unwrap().len(), 1);
        assert_eq!(seen["participants"][0]["organization"], firm);
        for told in ["hard", "soft", "subscription"] {
            assert_eq!(seen[told], Value::Null, "{told}");
        }
        let promise = takes_part(&firm, "hard", 30_000, "USD");
        let said = put(&stage, Who::Stranger, &members, promise.clone()).await;
        let said = said.expect(200).to_string();
        assert!(!said.contains(INVESTOR), "{said}");
        let board = own_column(&stage).await.unwrap();
        assert_eq!(board["total"]["amount_minor"], 30_000, "nobody else's");
        assert_eq!(board["hard"]["amount_minor"], 30_000);
        assert_eq!(board["overdue"], 0);
        assert_eq!(put(&stage, Who::Stranger, &members, own).await.status, 403);
        assert_eq!(
            put(&stage, Who::Gul, &members, promise.clone())
                .await
                .status,
            403
        );
        let of_first = syndicate(&stage, Who::Gul, &deal).await;
        assert!(!of_first.to_string().contains(&firm), "{of_first}");
        let whole = syndicate(&stage, Who::Dana, &deal).await;
        assert_eq!(whole["hard"]["amount_minor"], 90_000);

        reads_no_more(&stage, &deal).await;
        let set = put(&stage, Who::Stranger, &format!("{deal}/round"), round()).await;
        assert_eq!(set.status, 404);

        let parts = stage.get(Who::Stranger, PARTS).await.expect(200);
        let part = &parts["items"][0];
        assert_eq!(part["startup_name"], STARTUP);
        assert_eq!(part["amount"]["amount_minor"], 30_000);
        assert_eq!(parts["items"].as_array().unwrap().len(), 1);
        let others = format!("{PARTS}?organization={firm}");
        assert_eq!(stage.get(Who::Gul, &others).await.status, 404);
        assert_eq!(stage.get(Who::Dana, PARTS).await.status, 404);
        let curated = stage.get(Who::Curator, &others).await.expect(200);
        assert_eq!(curated["items"], parts["items"]);
        let firsts = stage.get(Who::Gul, PARTS).await.expect(200);
        assert_eq!(firsts["items"][0]["amount"]["amount_minor"], 60_000);

        money_arrives(&stage, &deal, promise).await;
        is_kept_apart(&stage, &deal, &firm).await;
    });
}

#[test]
fn two_curators_say_on_evidence_for_a_silent_side_that_money_arrived() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deal = deal(&stage).await;
        let members = format!("{deal}/participants");
        let promise = takes_part(&stage.investor.id.to_string(), "hard", 60_000, "USD");
        put(&stage, Who::Gul, &members, promise.clone())
            .await
            .expect(200);
        let mut paid = promise;
        paid["evidence"] = json!("The bank's advice of 24 November.");
        let stray = put(&stage, Who::Curator, &members, paid.clone()).await;
        assert_eq!(stray.expect(422)["errors"][0]["pointer"], "#/evidence");
        paid["interest"] = json!("funded");
        let mut bare = paid.clone();
        bare.as_object_mut().unwrap().remove("evidence");
        let bare = put(&stage, Who::Curator, &members, bare).await.expect(422);
        assert_eq!(
            (
                &bare["errors"][0]["pointer"],
                bare["errors"][0]["code"].as_str()
            ),
            (&json!("#/evidence"), Some("required"))
        );
        let said = put(&stage, Who::Curator, &members, paid.clone()).await;
        let said = said.expect(200)["participants"][0].clone();
        assert_eq!(said["interest"], "committed");
        assert_eq!(said["said_paid"], json!(["operator"]));
        let curator = stage.user(Who::Curator).id;
        let memberships = move |conn: &mut Conn| db::users::memberships(conn, curator);
        let memberships = stage.context.db.read(memberships).await.unwrap();
        let operator = memberships[0].organization;
        let again = put(&stage, Who::Curator, &members, paid.clone()).await;
        assert_eq!(again.code(409), "second_person_needed");
        join_as(&stage, Who::Stranger, operator, Role::Curator).await;
        let said = put(&stage, Who::Stranger, &members, paid.clone()).await;
        let said = said.expect(200)["participants"][0].clone();
        assert_eq!(
            said["interest"], "committed",
            "neither side has said a word"
        );
        paid.as_object_mut().unwrap().remove("evidence");
        let said = put(&stage, Who::Dana, &members, paid).await;
        assert_eq!(said.expect(200)["participants"][0]["interest"], "funded");
        // What they point to is kept for the operator's people.
        let notes = format!("{deal}/notes");
        for (who, read) in [(Who::Curator, 2), (Who::Dana, 0), (Who::Gul, 0)] {
            let seen = stage.get(who, &notes).await.expect(200).to_string();
            assert_eq!(seen.matches("bank's advice").count(), read, "{who:?}");
        }
        stage.seal().await;
        let events = stage.get(Who::Auditor, &format!("{deal}/events")).await;
        let events = events.expect(200);
        let said = events["items"].as_array().unwrap().iter();
        let said: Vec<_> = said
            .filter(|it| it["kind"] == "deal.payment_said")
            .map(|it| it["payload"]["evidence"].is_string())
            .collect();
        assert_eq!(said, [true, true, false]);
    });
}
