//! What is stored at once is stored whole or not at all, and only on what was
//! still true.

use std::sync::{Arc, Mutex};

use corridor::db::together::Together;
use corridor::db::{Conn, Db, Error, events, organizations, startup_profiles};
use corridor::domain::ids::OrganizationId;
use corridor::domain::organization::Organization;
use corridor::domain::profile::{ProfileStatus, StartupProfile};
use corridor::domain::search::{Query, Texts};
use corridor::domain::tag::Taxonomy;
use diesel::Connection;
use diesel::connection::{InstrumentationEvent, SimpleConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::world::{World, profile};
use super::{event, sealed_numbers};
use crate::support::database::{Database, on_each_backend};

async fn world(db: &Db) -> World {
    db.write(World::insert).await.expect("stored")
}

/// The profile a step on.
fn paused(before: &StartupProfile) -> StartupProfile {
    StartupProfile {
        status: ProfileStatus::Paused,
        version: before.version + 1,
        ..before.clone()
    }
}

/// Moves the profile and tells of it by that event.
async fn move_on(db: &Db, after: &StartupProfile, number: u128) -> Result<(), Error> {
    let after = after.clone();
    db.write_together(move |_| {
        let told = events::insertion(&event(number, 1))?;
        Ok(((), startup_profiles::moving(&after).with(told)))
    })
    .await
}

async fn numbers(db: &Db) -> Vec<u128> {
    db.seal_pending().await.expect("seals");
    db.read(sealed_numbers).await.expect("reads")
}

async fn find(db: &Db, profile: &StartupProfile) -> StartupProfile {
    let id = profile.id;
    let found = db.read(move |conn| startup_profiles::find(conn, id)).await;
    found.expect("reads").expect("is there")
}

#[test]
fn whoever_comes_second_stores_nothing() {
    on_each_backend(async |database| {
        let db = database.open();
        let before = world(&db).await.profile;
        let after = paused(&before);
        move_on(&db, &after, 1).await.expect("moved");
        assert_eq!(find(&db, &before).await, after);

        let late = move_on(&db, &after, 2).await;
        assert!(matches!(late, Err(Error::Outdated)), "{late:?}");
        assert_eq!(find(&db, &before).await, after);
        assert_eq!(numbers(&db).await, [1]);
    });
}

/// What a job asks of a connection of its own.
fn statements(database: &Database, job: impl FnOnce(&mut Conn)) -> Vec<String> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut conn = database.connect();
    match &mut conn {
        // As the writer has it.
        Conn::Sqlite(conn) => conn
            .batch_execute(
                "CREATE TEMP TABLE waiting_words (place INTEGER NOT NULL PRIMARY KEY,
                 indexed INTEGER, names TEXT, headline TEXT, body TEXT, facets TEXT)",
            )
            .expect("a table"),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {}
    }
    let heard = Arc::clone(&asked);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            heard.lock().expect("heard").push(query.to_string());
        }
    });
    job(&mut conn);
    let asked = asked.lock().expect("heard");
    asked.clone()
}

#[test]
fn on_postgresql_it_is_one_statement_without_a_transaction_around_it() {
    on_each_backend(async |database| {
        let World {
            startup, profile, ..
        } = world(&database.open()).await;
        let asked = statements(database, |conn| {
            let mut made = profile.clone();
            made.id = Uuid::now_v7().into();
            let texts = Texts::of_profile(&made.content);
            let stored = startup_profiles::insertion(conn, &made, &startup, texts)
                .and_then(|stored| Ok(stored.with(events::insertion(&event(1, 1))?)));
            let stored: Together<Error> = stored.expect("can be stored");
            stored.store(conn).expect("stored");
            startup_profiles::update_state(conn, &paused(&profile)).expect("moved");
        });
        match database.to_string().as_str() {
            "PostgreSQL" => assert_eq!(asked.len(), 2, "{asked:#?}"),
            _ => assert_eq!(asked.len(), 6, "{asked:#?}"),
        }
    });
}

#[test]
fn of_many_at_once_one_moves_it() {
    on_each_backend(async |database| {
        let db = database.open();
        let after = paused(&world(&db).await.profile);
        let mut moving = JoinSet::new();
        for number in 1..=20 {
            let (db, after) = (db.clone(), after.clone());
            moving.spawn(async move { move_on(&db, &after, number).await.map(|()| number) });
        }
        let mut moved = Vec::new();
        while let Some(ended) = moving.join_next().await {
            match ended.expect("no panic") {
                Ok(number) => moved.push(number),
                Err(error) => assert!(matches!(error, Error::Outdated), "{error:?}"),
            }
        }
        assert_eq!(moved.len(), 1);
        assert_eq!(numbers(&db).await, moved);
    });
}

#[test]
fn a_part_that_fails_undoes_the_others() {
    on_each_backend(async |database| {
        let db = database.open();
        let before = world(&db).await.profile;
        db.write(|conn| events::append(conn, &event(1, 1)))
            .await
            .expect("told");
        // There is such an event already.
        let failed = move_on(&db, &paused(&before), 1).await;
        assert!(matches!(failed, Err(Error::Diesel(_))), "{failed:?}");
        assert_eq!(find(&db, &before).await, before);
    });
}

#[test]
fn what_comes_after_it_is_in_the_same_transaction() {
    on_each_backend(async |database| {
        let db = database.open();
        let before = world(&db).await.profile;
        let after = paused(&before);
        let attempt = async |fails: bool| {
            let after = after.clone();
            db.write_together(move |_| {
                let stored: Together<Error> = startup_profiles::moving(&after);
                let stored = stored.then(move |conn| {
                    events::append(conn, &event(1, 1))?;
                    if fails { Err(Error::Busy) } else { Ok(()) }
                });
                Ok(((), stored))
            })
            .await
        };
        let failed = attempt(true).await;
        assert!(matches!(failed, Err(Error::Busy)), "{failed:?}");
        assert_eq!(find(&db, &before).await, before);
        assert_eq!(numbers(&db).await, [0; 0]);

        attempt(false).await.expect("stored");
        assert_eq!(find(&db, &before).await, after);
        assert_eq!(numbers(&db).await, [1]);
    });
}

/// Stores a new profile as of the firm that `read` finds.
async fn create(
    db: &Db,
    id: OrganizationId,
    read: impl FnOnce(&mut Conn) -> Result<Option<Organization>, Error> + Send + 'static,
) -> Result<StartupProfile, Error> {
    db.write_together(move |conn| {
        let firm = read(conn)?.expect("a firm");
        assert_eq!(firm.id, id);
        let made = profile(&firm);
        let texts = Texts::of_profile(&made.content);
        let stored = startup_profiles::insertion(conn, &made, &firm, texts)?;
        Ok((made, stored))
    })
    .await
}

async fn rename(db: &Db, id: OrganizationId, name: String) {
    let done = db.write(move |conn| {
        organizations::lock(conn, id)?;
        let mut firm = organizations::find(conn, id)?.expect("a firm");
        firm.details.legal_name = name.parse().expect("a name");
        firm.details.trade_name = None;
        firm.version += 1;
        organizations::update(conn, &firm)
    });
    assert!(done.await.expect("renamed"));
}

#[test]
fn a_firm_that_changed_meanwhile_is_looked_at_again() {
    on_each_backend(async |database| {
        let db = database.open();
        let firm = world(&db).await.startup;
        let id = firm.id;
        rename(&db, id, "Golan Moon".to_owned()).await;
        // SQLite's writer reads in the transaction that stores.
        if database.to_string() == "PostgreSQL" {
            let late = create(&db, id, move |_| Ok(Some(firm))).await;
            assert!(matches!(late, Err(Error::Busy)), "{late:?}");
        }
        let made = create(&db, id, move |conn| organizations::find(conn, id)).await;
        let made = made.expect("stored");
        assert_eq!(find(&db, &made).await, made);
    });
}

#[test]
fn records_that_come_while_their_firm_is_renamed_are_found_by_its_last_name() {
    on_each_backend(async |database| {
        let db = database.open();
        let id = world(&db).await.startup.id;
        let mut working = JoinSet::new();
        for turn in 0..40 {
            let db = db.clone();
            working.spawn(async move {
                if turn % 10 == 5 {
                    rename(&db, id, format!("Vadi {turn}")).await;
                    return 0;
                }
                match create(&db, id, move |conn| organizations::find(conn, id)).await {
                    Ok(_) => 1,
                    Err(Error::Busy) => 0,
                    Err(other) => panic!("{other:?}"),
                }
            });
        }
        let stored: usize = working.join_all().await.into_iter().sum();
        let firm = db.read(move |conn| organizations::find(conn, id)).await;
        let firm = firm.expect("reads").expect("a firm");
        let taxonomy = Taxonomy::new("1".to_owned(), Vec::new(), Vec::new()).expect("none");
        let filter = startup_profiles::Filter {
            query: Query::parse(firm.details.legal_name.as_str(), &taxonomy).expect("a query"),
            ..startup_profiles::Filter::default()
        };
        let list = move |conn: &mut Conn| startup_profiles::list(conn, &filter, None, 99);
        let found = db.read(list).await.expect("found").len();
        // The world brought one of its own.
        assert_eq!(found, stored + 1, "{}", firm.details.legal_name);
    });
}
