//! Lists of deals: what surrounds those of a page is looked up together, and as
//! far as it is shown.

use corridor::db::{self, Conn};
use corridor::domain::deal_work::{Camp, DealNote, Marks, NoteState, TextPlace, Visibility};
use corridor::domain::ids::DealId;
use serde_json::json;
use uuid::Uuid;

use super::stage::{Stage, Who};
use crate::support::database::on_each_backend;

const DEALS: &str = "/v1/deals";

/// A deal of the investor with a startup of that name; its id.
async fn opened(stage: &Stage, name: &str) -> DealId {
    let profile = stage.another_startup(name).await;
    let body = json!({
        "programme": stage.programme.id.to_string(),
        "startup": profile.id.to_string(),
        "mandate": stage.mandate.id.to_string(),
        "reason": "They met at the water fair in Baku.",
        "evidence": "Letter of intent of 3 November.",
    });
    let made = stage.post(Who::Curator, DEALS, body).await.expect(201);
    made["id"].as_str().unwrap().parse().unwrap()
}

/// Texts of that camp that wait for a deal's facts.
async fn have_wait(stage: &Stage, deal: DealId, camp: Camp, count: usize) {
    let author = stage.user(Who::Gul).id;
    let at = stage.context.now();
    let ids: Vec<Uuid> = (0..count).map(|_| stage.context.new_id()).collect();
    let write = move |conn: &mut Conn| {
        for (place, id) in ids.into_iter().enumerate() {
            let key = format!("fact_{place}").parse().unwrap();
            let note = DealNote {
                id,
                deal,
                action: TextPlace::Fact(key).code(),
                note: "A text that waits".to_owned(),
                marks: Marks {
                    visibility: Visibility::Both,
                    camp,
                    author,
                },
                state: NoteState::Waiting,
                first_cleared_by: None,
                gate_only: false,
                created_at: at,
            };
            db::deal_notes::insert(conn, &note)?;
        }
        Ok::<_, db::Error>(())
    };
    stage.context.db.write(write).await.unwrap();
}

#[test]
fn more_deals_of_a_page_take_no_more_statements() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let cost = async |who: Who, limit: usize| {
            let path = format!("{DEALS}?limit={limit}");
            // What is kept in memory is there from the first time on.
            stage.get(who, &path).await.expect(200);
            let before = stage.context.db.statements();
            let page = stage.get(who, &path).await.expect(200);
            let took = stage.context.db.statements() - before;
            (took, page["items"].as_array().unwrap().len())
        };
        for name in ["Dew", "Brine", "Well", "Spring"] {
            opened(&stage, name).await;
        }
        for who in [Who::Curator, Who::Gul] {
            let (one, found) = cost(who, 1).await;
            assert_eq!(found, 1);
            assert_eq!(cost(who, 4).await, (one, 4), "{who:?}");
        }
    });
}

#[test]
fn a_deal_shows_as_many_texts_that_wait_as_its_contract_says() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (many, few) = (opened(&stage, "Dew").await, opened(&stage, "Brine").await);
        have_wait(&stage, many, Camp::Investor, 120).await;
        have_wait(&stage, few, Camp::Investor, 2).await;
        have_wait(&stage, few, Camp::Startup, 3).await;
        let counts = async |who: Who| -> Vec<usize> {
            let page = stage.get(who, DEALS).await.expect(200);
            let items = page["items"].as_array().unwrap().clone();
            let waiting = items
                .iter()
                .map(|it| it["waiting"].as_array().map_or(0, Vec::len));
            waiting.collect()
        };
        assert_eq!(counts(Who::Gul).await, [100, 2]);
        assert_eq!(counts(Who::Curator).await, [100, 5]);
        let one = stage.get(Who::Gul, &format!("{DEALS}/{many}")).await;
        let one = one.expect(200)["waiting"].as_array().unwrap().len();
        assert_eq!(one, 100);
        // Of so many that they are not read together, each deal shows its own.
        have_wait(&stage, many, Camp::Startup, 2_000).await;
        assert_eq!(counts(Who::Gul).await, [100, 2]);
        assert_eq!(counts(Who::Curator).await, [100, 5]);
    });
}
