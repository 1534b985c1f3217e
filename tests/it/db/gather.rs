//! Look-ups that come together, and what happens when the way is cut.

use std::sync::Arc;

use corridor::db::gather::Gather;
use corridor::db::head::Head;
use corridor::db::{Conn, Db, Error, organizations, startup_profiles};
use corridor::domain::ids::StartupProfileId;
use corridor::domain::values::OrganizationKind;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::world::{World, organization};
use crate::support::database::on_each_backend;

type Heads = Gather<StartupProfileId, Head<StartupProfileId>>;

/// Stores that many profiles of one firm, each of another version.
async fn stored(db: &Db, count: i64) -> Vec<Head<StartupProfileId>> {
    db.write(move |conn| {
        let profile = World::insert(conn)?.profile;
        (0..count)
            .map(|n| {
                let firm = organization(OrganizationKind::Startup, "IL", 100 + n);
                organizations::insert(conn, &firm)?;
                let mut one = profile.clone();
                one.id = Uuid::now_v7().into();
                one.organization = firm.id;
                one.version = n + 1;
                startup_profiles::insert(conn, &one)?;
                Ok::<_, Error>(startup_profiles::find_head(conn, one.id)?.expect("stored"))
            })
            .collect()
    })
    .await
    .expect("stored")
}

fn heads() -> Arc<Heads> {
    Arc::new(Gather::new(
        startup_profiles::find_head,
        startup_profiles::find_heads,
    ))
}

/// Everybody asks at once, for what there is and for what there is not.
async fn all_find_theirs(db: &Db, heads: &Arc<Heads>, stored: &[Head<StartupProfileId>]) {
    let absent = StartupProfileId::from(Uuid::now_v7());
    let mut asking = JoinSet::new();
    for turn in 0..300 {
        let expected = stored.get(turn % (stored.len() + 1)).copied();
        let id = expected.map_or(absent, |head| head.id);
        let (db, heads) = (db.clone(), Arc::clone(heads));
        asking.spawn(async move {
            assert_eq!(heads.find(&db, id).await.expect("an answer"), expected);
        });
    }
    while let Some(ended) = asking.join_next().await {
        ended.expect("the right answer");
    }
}

#[test]
fn each_of_many_that_ask_at_once_gets_its_own_answer() {
    on_each_backend(async |database| {
        let db = database.open();
        let stored = stored(&db, 100).await;
        all_find_theirs(&db, &heads(), &stored).await;
    });
}

#[test]
fn what_was_committed_before_it_was_asked_is_in_the_answer() {
    on_each_backend(async |database| {
        let (db, heads) = (database.open(), heads());
        let stored = stored(&db, 1).await;
        let id = stored.first().expect("one").id;
        // Others keep the queue busy meanwhile.
        let crowd = {
            let (db, heads) = (db.clone(), Arc::clone(&heads));
            tokio::spawn(async move {
                loop {
                    heads.find(&db, id).await.expect("an answer");
                    tokio::task::yield_now().await;
                }
            })
        };
        for version in 2..50 {
            db.write(move |conn: &mut Conn| {
                let mut profile = startup_profiles::find(conn, id)?.expect("it is there");
                profile.version = version;
                assert!(startup_profiles::update(conn, &profile)?);
                Ok::<_, Error>(())
            })
            .await
            .expect("written");
            let found = heads.find(&db, id).await.expect("an answer");
            assert_eq!(found.map(|head| head.version), Some(version));
        }
        crowd.abort();
    });
}

#[cfg(feature = "postgres")]
#[test]
fn a_cut_connection_costs_nobody_their_answer() {
    use crate::support::database::{Database, on_runtime};
    use diesel::connection::SimpleConnection;

    let Some(database) = Database::postgres() else {
        return;
    };
    let mut other = database.connect();
    on_runtime(async {
        let (db, heads) = (database.open(), heads());
        let stored = stored(&db, 20).await;
        other
            .batch_execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .expect("terminates");
        all_find_theirs(&db, &heads, &stored).await;
    });
}
