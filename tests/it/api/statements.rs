//! What a write asks of the store, counted and not timed: on PostgreSQL each
//! statement is a trip to the server, on SQLite the one writer's time. From
//! finding out who asks to the answer, without the workers, which follow the
//! log by themselves.

use serde_json::{Value, json};

use super::stage::{Answer, Stage, Who};
use crate::support::database::{Database, on_each_backend};

/// A request without a key, the same with one, and the latter again.
struct Costs {
    plain: u64,
    keyed: u64,
    again: u64,
}

async fn ask(stage: &Stage, path: &str, key: Option<&str>, body: &Value) -> (Answer, u64) {
    let mut request = stage.request(Who::Dana, "POST", path).json(body);
    if path.ends_with("/transitions") {
        request = request.header("If-Match", "*");
    }
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let before = stage.context.db.statements();
    let answer = Answer::of(request.send().await.unwrap()).await;
    (answer, stage.context.db.statements() - before)
}

fn costs(database: &Database, sqlite: Costs, postgres: Costs) -> Costs {
    match database.migrations() {
        "postgres" => postgres,
        _ => sqlite,
    }
}

/// On PostgreSQL: the session with its person, the firm, and all that is stored
/// as one statement; with a key the look for an outcome before.
#[test]
fn a_profile_is_made_with_so_many_statements() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let wanted = costs(
            database,
            Costs {
                plain: 20,
                keyed: 24,
                again: 10,
            },
            Costs {
                plain: 3,
                keyed: 4,
                again: 4,
            },
        );
        let make = async |key: Option<&str>| {
            let (answer, count) = ask(&stage, "/v1/startup-profiles", key, &json!({})).await;
            answer.expect(201);
            count
        };
        // Who asks is remembered from now on, as long as it stays true.
        make(None).await;
        let made = [
            make(None).await,
            make(Some("8e03978e-40d5")).await,
            make(Some("8e03978e-40d5")).await,
        ];
        assert_eq!(made, [wanted.plain, wanted.keyed, wanted.again]);
    });
}

/// On PostgreSQL: the session with its person, the profile, and all that is
/// stored as one statement.
#[test]
fn a_profile_is_moved_with_so_many_statements() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let path = format!("/v1/startup-profiles/{}/transitions", stage.profile.id);
        let wanted = costs(
            database,
            Costs {
                plain: 14,
                keyed: 18,
                again: 10,
            },
            Costs {
                plain: 3,
                keyed: 4,
                again: 4,
            },
        );
        let act = async |action: &str, key: Option<&str>| {
            let (answer, count) = ask(&stage, &path, key, &json!({"action": action})).await;
            answer.expect(200);
            count
        };
        act("pause", None).await;
        let published = act("publish", None).await;
        let plain = act("pause", None).await;
        act("publish", None).await;
        let moved = [
            plain,
            act("pause", Some("8e03978e-40d5")).await,
            act("pause", Some("8e03978e-40d5")).await,
        ];
        assert_eq!(moved, [wanted.plain, wanted.keyed, wanted.again]);
        // To publish it is also asked which firms became one with it, whether
        // its people still stand by it, what compliance found, and how the firm
        // and its people are called.
        assert_eq!(published - plain, 4);
    });
}
