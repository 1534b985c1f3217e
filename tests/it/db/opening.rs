//! Opening a store: what is wrong with it is said plainly, and it stays as it
//! was.

use std::path::Path;

use corridor::db::{Db, OpenError, Options, Url, migrate, secrets};
use diesel::connection::SimpleConnection;

use super::noon;
#[cfg(feature = "postgres")]
use crate::support::database::Database;
use crate::support::database::{each_backend, on_each_backend};

#[test]
fn a_fresh_folder_is_made_and_filled() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("some/where/corridor.db");
    let db = Db::open(Options::new(Url::sqlite(&path))).expect("opens");
    let status = db.read_blocking(migrate::status).expect("reads");
    assert!(!status.applied.is_empty());
    assert!(
        status.pending.is_empty() && status.unknown.is_empty(),
        "{status:?}"
    );
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("notes.txt");
    std::fs::write(&path, "my notes on investors").expect("writes");
    let error = Db::open(Options::new(Url::sqlite(&path)))
        .err()
        .expect("refused");
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    assert_eq!(
        std::fs::read_to_string(&path).expect("reads"),
        "my notes on investors"
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("file"), "").expect("writes");
    // A file where a folder should be stops even root.
    let path = home.path().join("file/corridor.db");
    let error = Db::open(Options::new(Url::sqlite(path)))
        .err()
        .expect("refused");
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error:?}");
    assert!(
        error.to_string().contains("file is not writable"),
        "{error}"
    );
}

#[test]
fn a_database_that_is_looked_at_takes_nothing_however_it_is_asked() {
    const MARK: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000002')";
    for database in each_backend() {
        eprintln!("on {database}:");
        drop(database.open());
        let looked = Db::open_to_look(Options::new(database.url().clone())).expect("opens");
        let status = looked.read_blocking(migrate::status).expect("reads");
        assert!(status.pending.is_empty(), "{status:?}");
        let mark =
            |conn: &mut corridor::db::Conn| Ok::<_, corridor::db::Error>(conn.batch_execute(MARK)?);
        let written = looked.write_blocking(mark);
        assert!(
            matches!(written, Err(corridor::db::Error::Unavailable(_))),
            "{written:?}"
        );
        assert!(looked.read_blocking(mark).is_err());
        let after = looked.read_blocking(migrate::status).expect("reads");
        assert_eq!(after, status);
    }
}

#[test]
fn a_database_newer_than_the_program_is_refused_with_its_versions() {
    for database in each_backend() {
        eprintln!("on {database}:");
        let db = database.open();
        db.write_blocking(|conn| {
            Ok::<_, corridor::db::Error>(conn.batch_execute(
                "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000001')",
            )?)
        })
        .expect("writes");
        let known = db.read_blocking(migrate::status).expect("reads").applied;
        drop(db);
        match Db::open(Options::new(database.url().clone())).err() {
            Some(OpenError::Newer {
                unknown,
                known: newest,
            }) => {
                assert_eq!(unknown, ["99990101000001"]);
                assert_eq!(Some(&newest), known.iter().rev().nth(1));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn several_processes_may_open_a_fresh_database_at_once() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("corridor.db");
    std::thread::scope(|scope| {
        let opening: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| Db::open(Options::new(Url::sqlite(&path))).map(drop)))
            .collect();
        for open in opening {
            open.join().expect("no panic").expect("opens");
        }
    });
}

#[cfg(feature = "postgres")]
#[test]
fn several_nodes_may_migrate_an_empty_database_at_once() {
    let Some(database) = Database::postgres() else {
        return;
    };
    database
        .open()
        .write_blocking(|conn| {
            Ok::<_, corridor::db::Error>(
                conn.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?,
            )
        })
        .expect("empties");
    std::thread::scope(|scope| {
        let opening: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| Db::open(Options::new(database.url().clone())).map(drop)))
            .collect();
        for open in opening {
            open.join().expect("no panic").expect("opens");
        }
    });
    let status = database
        .open()
        .read_blocking(migrate::status)
        .expect("reads");
    assert!(status.pending.is_empty(), "{status:?}");
}

#[cfg(feature = "postgres")]
#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    let url = "postgres://ann:hunter2@127.0.0.1:1/corridor"
        .parse()
        .expect("a URL");
    let error = Db::open(Options::new(url)).err().expect("refused");
    assert!(
        matches!(error, OpenError::CannotConnect { .. }),
        "{error:?}"
    );
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("postgres://ann@127.0.0.1:1/corridor"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn every_migration_can_be_taken_back() {
    for database in each_backend() {
        eprintln!("on {database}:");
        let before = database
            .open()
            .read_blocking(migrate::status)
            .expect("reads")
            .applied;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(database.migrations());
        let mut migrations: Vec<_> = std::fs::read_dir(folder)
            .expect("the folder")
            .map(|entry| entry.expect("an entry").path().join("down.sql"))
            .collect();
        migrations.sort();
        assert_eq!(migrations.len(), before.len());

        let mut conn = database.connect();
        for down in migrations.iter().rev() {
            let sql = std::fs::read_to_string(down).expect("a down.sql");
            conn.batch_execute(&sql)
                .unwrap_or_else(|error| panic!("{}: {error}", down.display()));
        }
        conn.batch_execute("DELETE FROM __diesel_schema_migrations")
            .expect("forgets");
        // Whatever a down.sql left behind would be in the way now.
        let after = database
            .open()
            .read_blocking(migrate::status)
            .expect("reads")
            .applied;
        assert_eq!(after, before);
    }
}

#[test]
fn nodes_agree_on_the_first_secret() {
    on_each_backend(async |database| {
        let db = database.open();
        let first = db
            .write(|conn| secrets::get_or_insert(conn, "jwt", b"one", noon(0)))
            .await;
        let second = db
            .write(|conn| secrets::get_or_insert(conn, "jwt", b"two", noon(1)))
            .await;
        assert_eq!(first.expect("stored"), b"one");
        assert_eq!(second.expect("found"), b"one");
        let none = db
            .read(|conn| secrets::find(conn, "other"))
            .await
            .expect("reads");
        assert_eq!(none, None);
    });
}
