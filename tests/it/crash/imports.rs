//! `kill -9` in the middle of an import: whoever serves the store next goes on
//! where the last batch ended, and no row is done twice.

use std::collections::BTreeSet;

use corridor::db::{Conn, imports, organizations, startup_profiles};
use corridor::domain::ids::ImportId;
use corridor::domain::values::OrganizationKind;
use serde_json::{Value, json};

use super::Place;
use crate::support::client::Client;
use crate::support::database::on_runtime;
use crate::support::program::Running;

const CURATOR: &str = "rufet@corridor.example";
const PASSWORD: &str = "pomegranate-olive-41";
/// Rows of the file.
const ROWS: usize = 1_500;

fn file() -> String {
    let row = |number: usize| {
        json!({
            "external_id": format!("kill-{number}"),
            "organization": { "kind": "startup", "legal_name": format!("Şirkət {number}"), "country": "IL" },
            "startup_profile": { "primary_tags": ["water"] },
        })
    };
    let lines: Vec<String> = (0..ROWS).map(|number| row(number).to_string()).collect();
    lines.join(
        "
",
    ) + "
"
}

async fn start(place: &Place) -> (Running, Client) {
    let mut command = place.command(&["--listen", "127.0.0.1:0"]);
    command
        .env("CORRIDOR__EXCHANGE__LEASE_S", "1")
        .env("CORRIDOR__AUTH__OPERATOR_TOTP", "off")
        .env("CORRIDOR__LIMITS__PRINCIPAL_PER_MINUTE", "0")
        .env("CORRIDOR__LIMITS__ADDRESS_PER_MINUTE", "0");
    let server = Running::start(&mut command);
    let curator = Client::new(server.address());
    let curator = curator.signed_in(CURATOR, PASSWORD).await;
    (server, curator)
}

/// Asks until the import has come that far; answers it.
async fn until(who: &Client, path: &str, far: impl Fn(&Value) -> bool) -> Value {
    loop {
        let import = who.get(path).await.expect(200).body;
        if far(&import) {
            return import;
        }
        assert!(import["failure"].is_null(), "{import:#}");
        tokio::task::yield_now().await;
    }
}

async fn killed_again_and_again(address: Option<String>) {
    let place = Place::settle(address).await;
    let (mut server, mut curator) = start(&place).await;
    let call = curator.call("POST", "/v1/imports?keep_good=true&ask_contacts=false");
    let made = call
        .file("application/x-ndjson", file())
        .send()
        .await
        .expect(201);
    let path = made.header("location").to_owned();
    let id: ImportId = made.text("id").parse().unwrap();
    let mut kills = 0;
    for far in [100, 400, 800] {
        let past = |import: &Value| import["progress"]["rows_read"].as_u64() >= Some(far);
        let import = until(&curator, &path, past).await;
        kills += usize::from(import["state"] == "applying");
        server.kill();
        (server, curator) = start(&place).await;
    }
    let done = until(&curator, &path, |import| import["state"] == "done").await;
    server.kill();
    assert_eq!(done["progress"]["created"], ROWS, "{done:#}");
    let db = place.open();
    let (rows, firms, profiles) = db.read(move |conn| look(conn, id)).await.unwrap();
    db.close().await;
    println!("{kills} of 3 kills in the middle; {rows} rows, {firms} firms, {profiles} profiles");
    assert_eq!((rows, firms, profiles), (ROWS, ROWS, ROWS));
    assert!(kills > 0, "none of the kills hit");
}

/// Rows of the report, firms with ids of the file, and their profiles.
fn look(conn: &mut Conn, id: ImportId) -> corridor::db::Result<(usize, usize, usize)> {
    let rows = imports::rows(conn, id, None, 0, ROWS + 1)?.len();
    let (mut firms, mut profiles) = (BTreeSet::new(), 0);
    for number in 0..ROWS {
        let external_id = format!("kill-{number}");
        let kind = OrganizationKind::Startup;
        if let Some(firm) = organizations::find_by_external_id(conn, kind, &external_id)? {
            firms.insert(firm.id);
            let filter = startup_profiles::Filter {
                organization: Some(firm.id),
                ..startup_profiles::Filter::default()
            };
            profiles += startup_profiles::list(conn, &filter, None, 10)?.len();
        }
    }
    Ok((rows, firms.len(), profiles))
}

#[test]
fn an_import_survives_kill_9_without_doubles_on_sqlite() {
    on_runtime(killed_again_and_again(None));
}

#[cfg(feature = "postgres")]
#[test]
fn an_import_survives_kill_9_without_doubles_on_postgresql() {
    if let Some(database) = crate::support::database::Database::postgres() {
        on_runtime(killed_again_and_again(Some(database.address())));
    }
}
