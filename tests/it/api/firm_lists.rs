//! What a firm has, a page at a time: invitations, programs, licences, checks.

use corridor::domain::account::Role;
use serde_json::json;

use super::licences::licence;
use crate::support::app::App;
use crate::support::builders::{Firm, firm, operator};
use crate::support::client::Client;
use crate::support::database::on_each_backend;

/// The ids of a list, walked by so many.
async fn walked(reader: &Client, path: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = reader
            .get(&format!("{path}?limit={limit}{cursor}"))
            .await
            .expect(200);
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        ids.extend(items.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

#[test]
fn what_a_firm_has_is_walked_in_pages() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let office = firm(&app, "partner", "Trade Office", "IL").await;
        let officer = operator(&app, "Officer", &[Role::Compliance]).await;
        let of = |firm: &Firm, what: &str| format!("/v1/organizations/{}/{what}", firm.id);
        let (invitations, licences) = (of(&tamar, "invitations"), of(&tamar, "licences"));
        let (clients, checks) = (of(&office, "clients"), of(&tamar, "clearances"));
        for number in 1..=3 {
            let email = format!("new{number}@firms.example");
            let asked_in = json!({ "email": email, "role": "viewer" });
            let program = json!({ "name": "Sync", "scopes": ["organizations:read"] });
            let check = json!({
                "organization": tamar.id, "verdict": "clear", "basis": "EU list",
                "evidence": { "reference": "Archive 7" }, "valid_to": "2027-06-01",
            });
            for (writer, path, body) in [
                (&tamar.owner, invitations.as_str(), asked_in),
                (&tamar.owner, &licences, licence(&["AZ"], "2027-10-31")),
                (&office.owner, &clients, program),
                (&officer, "/v1/clearances", check),
            ] {
                writer.post(path, &body).await.expect(201);
            }
        }
        for (reader, path) in [
            (&tamar.owner, &invitations),
            (&tamar.owner, &licences),
            (&office.owner, &clients),
            (&officer, &checks),
        ] {
            let whole = walked(reader, path, 100).await;
            assert!(whole.len() >= 3, "{path}: {whole:?}");
            for limit in [1, 2] {
                assert_eq!(
                    walked(reader, path, limit).await,
                    whole,
                    "{path} by {limit}"
                );
            }
        }
        // A cursor holds for its own list.
        let first = tamar.owner.get(&format!("{licences}?limit=1")).await;
        let cursor = first.text("next_cursor").to_owned();
        let other = format!("{invitations}?cursor={cursor}");
        tamar.owner.get(&other).await.refused(400, "bad_cursor");
    });
}
