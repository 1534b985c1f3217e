//! Bytes and rows agree, and what no row needs goes.

use std::time::Duration;

use corridor::services::documents::Documents;
use corridor::services::documents::upkeep::{Condition, check, sweep_part};
use corridor::services::documents::vault::Vault;
use serde_json::{Value, json};

use super::super::stage::{Stage, Who};
use super::files::pdf;
use super::{deck, deck_form, path_of, stored_names, upload};
use crate::support::database::on_each_backend;

async fn condition(stage: &Stage) -> Condition {
    check(&stage.context, true).await.unwrap()
}

async fn swept(stage: &Stage, grace: Duration) -> usize {
    let mut deleted = 0;
    for part in 0..=u8::MAX {
        deleted += sweep_part(&stage.context, part, grace).await.unwrap();
    }
    deleted
}

#[test]
fn left_over_bytes_go_after_a_while_and_needed_ones_never() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deck = deck(&stage).await;
        let vault: &Vault = &stage.context.documents.vault;
        // A process that died before it wrote the row.
        let mut incoming = vault.begin(uuid::Uuid::now_v7()).unwrap();
        incoming.write(&pdf("orphan")).unwrap();
        let received = incoming.finish().unwrap();
        let hash = received.digest;
        drop(vault.place(received).unwrap());
        let fine = Condition {
            needed: 1,
            orphans: 1,
            ..Condition::default()
        };
        assert_eq!(condition(&stage).await, fine);
        let day = Duration::from_hours(24);
        assert_eq!(swept(&stage, day).await, 0);
        let old = std::time::SystemTime::now() - 2 * day;
        for path in [vault.path(&hash), path_on_disk(vault, &deck)] {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(old).unwrap();
        }
        assert_eq!(swept(&stage, day).await, 1);
        assert_eq!(
            stored_names(&stage),
            [deck["file"]["sha256"].as_str().unwrap()]
        );
        // What was changed or taken from the disk is noticed.
        let path = path_on_disk(vault, &deck);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let quick = check(&stage.context, false).await.unwrap();
        assert!(quick.damaged.is_empty() && quick.missing.is_empty());
        assert_eq!(condition(&stage).await.damaged.len(), 1);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(condition(&stage).await.missing.len(), 1);
        let file = format!("{}/file", path_of(&deck));
        assert_eq!(stage.get(Who::Dana, &file).await.code(500), "internal");
        // Sent again, they are there again.
        upload(&stage, &deck_form(&pdf("the deck")))
            .await
            .expect(201);
        assert!(condition(&stage).await.missing.is_empty());
        stage.get(Who::Dana, &path_of(&deck)).await.expect(200);
    });
}

fn path_on_disk(vault: &Vault, document: &Value) -> std::path::PathBuf {
    let hash = document["file"]["sha256"].as_str().unwrap();
    vault.root().join(&hash[..2]).join(&hash[2..4]).join(hash)
}

#[test]
fn a_firm_has_so_much_room_and_no_more() {
    on_each_backend(async |database| {
        let mut stage = Stage::set(database).await;
        let one = pdf(&"x".repeat(1_000));
        let quota = i64::try_from(2 * one.len()).unwrap();
        let vault = stage.context.documents.vault.clone();
        stage.restart_with(|context| {
            context.documents = std::sync::Arc::new(Documents { vault, quota });
        });
        let send = async |number: u8| {
            let mut bytes = one.clone();
            bytes[30] = b'0' + number;
            upload(&stage, &deck_form(&bytes)).await
        };
        // All at once: exactly two fit.
        let (a, b, c, d) = tokio::join!(send(1), send(2), send(3), send(4));
        let answers = [a, b, c, d];
        let taken = answers.iter().filter(|it| it.status == 201).count();
        assert_eq!(taken, 2, "{answers:?}");
        for answer in answers {
            if answer.status != 201 {
                assert_eq!(answer.code(409), "quota_exceeded");
            }
        }
        assert_eq!(stored_names(&stage).len(), 2);
        // Erasing makes room.
        let list = stage.get(Who::Dana, "/v1/documents").await.expect(200);
        let erase = json!({"action": "erase"});
        let first = path_of(&list["items"][0]);
        stage.go(Who::Dana, &first, erase).await.expect(200);
        send(5).await.expect(201);
    });
}
