//! `kill -9` in the middle of uploads: no row without its bytes, whenever it
//! comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use corridor::db::{self, Conn};
use corridor::services::documents::vault::Vault;
use tokio::task::JoinSet;

use super::{Dice, Place};
use crate::api::documents::deck_form;
use crate::api::documents::files::{content_type, names_below, pdf};
use crate::support::client::Client;
use crate::support::database::on_runtime;
use crate::support::program::Running;

const OWNER: &str = "dana@tamarflow.example";
const PASSWORD: &str = "pomegranate-olive-41";
/// Uploads at the same time.
const SENDERS: usize = 4;

async fn start(place: &Place) -> (Running, Client) {
    let mut command = place.command(&["--listen", "127.0.0.1:0"]);
    command
        .env("CORRIDOR__LIMITS__PRINCIPAL_PER_MINUTE", "0")
        .env("CORRIDOR__LIMITS__ADDRESS_PER_MINUTE", "0");
    let server = Running::start(&mut command);
    let owner = Client::new(server.address());
    (server, owner.signed_in(OWNER, PASSWORD).await)
}

/// Uploads until nobody answers; counts what was acknowledged.
async fn uploads(owner: Client, path: String, seed: usize, taken: Arc<AtomicUsize>) {
    for number in 0..20 {
        let says = format!("{seed}-{number}-{}", "x".repeat(200_000));
        let form = deck_form(&pdf(&says));
        let call = owner.call("POST", &path);
        let sent = call.file(&content_type(), form.body()).try_send();
        match sent.await {
            Some(answer) if answer.status == 201 => {
                taken.fetch_add(1, Ordering::Relaxed);
            }
            Some(answer) => panic!("{} {:#}", answer.status, answer.body),
            None => return,
        }
    }
}

async fn killed_again_and_again(address: Option<String>) {
    let place = Place::settle(address).await;
    let mut dice = Dice::seeded();
    let mut acknowledged = 0;
    for round in 0..3 {
        let (server, owner) = start(&place).await;
        let list = owner.get("/v1/startup-profiles").await.expect(200);
        let profile = list.body["items"][0]["id"].as_str().unwrap();
        let path = format!("/v1/startup-profiles/{profile}/documents");
        let taken = Arc::new(AtomicUsize::new(0));
        let mut senders = JoinSet::new();
        for sender in 0..SENDERS {
            let seed = round * SENDERS + sender;
            senders.spawn(uploads(owner.clone(), path.clone(), seed, taken.clone()));
        }
        let far = dice.between(1, 8);
        while taken.load(Ordering::Relaxed) < far {
            tokio::task::yield_now().await;
        }
        server.kill();
        senders.join_all().await;
        acknowledged += taken.load(Ordering::Relaxed);
    }
    let db = place.open();
    let rows = |conn: &mut Conn| db::documents::digests_after(conn, None, 10_000);
    let rows = db.read(rows).await.unwrap();
    db.close().await;
    let vault = Vault::at(place.data.path().join("documents"));
    for (hash, length) in &rows {
        assert_eq!(vault.length(hash).ok(), Some(*length));
        assert!(vault.is_whole(hash).unwrap());
    }
    let files = names_below(vault.root()).len();
    println!(
        "{acknowledged} uploads acknowledged, {} rows, {files} files",
        rows.len()
    );
    assert!(rows.len() >= acknowledged, "{} {acknowledged}", rows.len());
    assert!(files >= rows.len());
}

#[test]
fn no_row_is_without_its_bytes_after_kill_9_on_sqlite() {
    on_runtime(killed_again_and_again(None));
}

#[cfg(feature = "postgres")]
#[test]
fn no_row_is_without_its_bytes_after_kill_9_on_postgresql() {
    if let Some(database) = crate::support::database::Database::postgres() {
        on_runtime(killed_again_and_again(Some(database.address())));
    }
}
