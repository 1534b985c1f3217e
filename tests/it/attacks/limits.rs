//! Asking too often.

use corridor::config::OperatorTotp;
use corridor::domain::account::Role;
use corridor::http::rate_limit::Rates;
use corridor::services::sessions::{self, Credentials, Origin};
use serde_json::json;

use crate::support::app::App;
use crate::support::builders::{PASSWORD, address, firm, operator};
use crate::support::client::Client;
use crate::support::database::on_each_backend;

#[test]
fn an_allowance_is_told_and_ends_with_429() {
    on_each_backend(async |database| {
        let rates = Rates {
            principal: 3,
            ..Rates::unlimited()
        };
        let app = App::start_with(database, OperatorTotp::Off, rates).await;
        // The builder asked once for itself.
        let tamar = firm(&app, "startup", "Tamar", "IL").await.owner;
        for left in [1, 0] {
            let answer = tamar.get("/v1/me").await.expect(200);
            assert_eq!(answer.header("ratelimit-policy"), "\"principal\";q=3;w=60");
            let told = answer.header("ratelimit");
            assert!(
                told.starts_with(&format!("\"principal\";r={left};t=")),
                "{told}"
            );
        }
        let refused = tamar.get("/v1/me").await.refused(429, "too_many_requests");
        let told = refused.header("ratelimit").to_owned();
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=20).contains(&wait), "{wait}");
        assert_eq!(told, format!("\"principal\";r=0;t={wait}"));
        // Somebody else's allowance is their own.
        firm(&app, "investor", "Xezer", "AZ")
            .await
            .owner
            .get("/v1/me")
            .await
            .expect(200);
    });
}

#[test]
fn sign_ins_registrations_and_resets_have_tighter_ones() {
    on_each_backend(async |database| {
        let rates = Rates {
            sign_in: 2,
            registration: 1,
            reset: 1,
            token: 1,
            ..Rates::unlimited()
        };
        let app = App::start_with(database, OperatorTotp::Off, rates).await;
        let client = app.stranger();
        let body = json!({ "email": address("Nobody"), "password": "not the password" });
        for _ in 0..2 {
            client.post("/v1/sessions", &body).await.expect(401);
        }
        client
            .post("/v1/sessions", &body)
            .await
            .refused(429, "too_many_requests");
        let reset = json!({ "email": address("Nobody") });
        client.post("/v1/password-resets", &reset).await.expect(202);
        client.post("/v1/password-resets", &reset).await.expect(429);
        // The way to one's consents is mailed by the same allowance.
        client.post("/my-consents", &reset).await.expect(429);
        let registration = crate::support::builders::registration("startup", "Tamar", "IL");
        client
            .post("/v1/registrations", &registration)
            .await
            .expect(202);
        client
            .post("/v1/registrations", &registration)
            .await
            .expect(429);
        client.oauth("/v1/oauth/token", None, &[]).await.expect(400);
        client.oauth("/v1/oauth/token", None, &[]).await.expect(429);
        // Reading is not concerned.
        client.get("/v1/me").await.expect(401);
    });
}

/// The router decodes paths, so the meter must as well.
#[test]
fn another_way_of_writing_a_path_is_no_way_around_its_allowance() {
    on_each_backend(async |database| {
        let rates = Rates {
            sign_in: 2,
            ..Rates::unlimited()
        };
        let app = App::start_with(database, OperatorTotp::Off, rates).await;
        let client = app.stranger();
        let body = json!({ "email": address("Nobody"), "password": "not the password" });
        for _ in 0..2 {
            client.post("/v1/sess%69ons", &body).await.expect(401);
        }
        for path in ["/v1/sess%69ons", "/v1/sessions", "/%76%31/sessions"] {
            client.post(path, &body).await.expect(429);
        }
    });
}

#[test]
fn guessing_slows_the_guesser_down_and_nobody_else() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        firm(&app, "startup", "Tamar", "IL").await;
        let client = app.stranger();
        let wrong = json!({ "email": address("Tamar"), "password": "not the password" });
        for _ in 0..10 {
            client.post("/v1/sessions", &wrong).await.expect(401);
        }
        let slowed = client.post("/v1/sessions", &wrong).await;
        let wait: i64 = slowed
            .refused(429, "too_many_requests")
            .header("retry-after")
            .parse()
            .unwrap();
        // From elsewhere the account stays open to its owner.
        let elsewhere = Origin {
            address: "192.0.2.9".parse().ok(),
            agent: None,
        };
        let credentials = Credentials {
            email: address("Tamar"),
            password: PASSWORD.to_owned(),
            code: None,
        };
        sessions::sign_in(&app.context, credentials, elsewhere)
            .await
            .expect("the owner gets in");
        app.context.clock.advance(chrono::TimeDelta::seconds(wait));
        client.signed_in(&address("Tamar"), PASSWORD).await;
    });
}

#[test]
fn an_address_that_a_stranger_claims_to_have_is_not_believed() {
    on_each_backend(async |database| {
        let rates = Rates {
            address: 2,
            ..Rates::unlimited()
        };
        let app = App::start_with(database, OperatorTotp::Off, rates).await;
        let ask = async |forged: &str| {
            let call = app.stranger().call("GET", "/v1/me");
            call.header("X-Forwarded-For", forged).send().await
        };
        for n in 1..=2 {
            ask(&format!("198.51.100.{n}")).await.expect(401);
        }
        ask("198.51.100.3").await.refused(429, "too_many_requests");
    });
}

/// From a hundred networks, for three hours, against one account and against
/// addresses that nobody has.
#[test]
fn a_flood_of_failures_is_counted_and_does_not_fill_the_log() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        operator(&app, "Auditor", &[Role::Auditor]).await;
        let mut tried = 0;
        for minute in 0..180 {
            for n in 0..4 {
                let network = format!("192.0.{}.{n}", minute % 25);
                let nobody = format!("nobody-{minute}-{n}@firms.example");
                for email in [address("Tamar"), nobody] {
                    let credentials = Credentials {
                        email,
                        password: "not the password".to_owned(),
                        code: None,
                    };
                    let origin = Origin {
                        address: network.parse().ok(),
                        agent: None,
                    };
                    let failed = sessions::sign_in(&app.context, credentials, origin);
                    failed.await.expect_err("not the password");
                }
                tried += 1;
            }
            if minute == 0 {
                app.seal().await;
                // The first is there at once.
                let told = failures(&tamar.owner, "/v1/me/events").await;
                assert_eq!(told, [4]);
            }
            app.seal().await;
            app.context.clock.advance(chrono::TimeDelta::minutes(1));
        }
        corridor::services::failures::write_all(&app.context)
            .await
            .unwrap();
        app.seal().await;
        // Long enough for the access tokens to have run out.
        let tamar = app.stranger().signed_in(&address("Tamar"), PASSWORD).await;
        let auditor = app
            .stranger()
            .signed_in(&address("Auditor"), PASSWORD)
            .await;
        let own = failures(&tamar, "/v1/me/events").await;
        assert_eq!(own.iter().sum::<i64>(), tried);
        assert!(own.len() < 10, "{own:?}");
        let all = failures(&auditor, "/v1/events?limit=100").await;
        assert_eq!(all.iter().sum::<i64>(), 2 * tried);
        assert!(all.len() < 20, "{all:?}");
        println!(
            "{} failed sign-ins of one account stand in {} lines of its log, {} in all in {}",
            tried,
            own.len(),
            2 * tried,
            all.len()
        );
    });
}

/// The counts of failed sign-ins that somebody reads.
async fn failures(reader: &Client, path: &str) -> Vec<i64> {
    let events = reader.get(path).await.expect(200);
    let items = events.body["items"].as_array().unwrap().iter();
    let failed = items.filter(|event| event["kind"] == "user.sign_in_failed");
    failed
        .map(|event| {
            // The auditor reads the bytes that were hashed.
            let payload = match event["payload"].as_str() {
                Some(text) => serde_json::from_str(text).unwrap(),
                None => event["payload"].clone(),
            };
            payload["count"].as_i64().expect("a count")
        })
        .collect()
}

/// What fails at an open screen stands there as well.
#[test]
fn a_person_reads_that_their_password_was_guessed_at_an_open_screen() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let body = json!({ "password": "not the password" });
        for _ in 0..3 {
            let closed = tamar.owner.post("/v1/me/deactivation", &body).await;
            closed.refused(422, "invalid");
        }
        app.seal().await;
        let events = tamar.owner.get("/v1/me/events").await.expect(200);
        let last = events.body["items"].as_array().unwrap().last().unwrap();
        assert_eq!(last["kind"], "user.check_failed");
        let told = json!({ "factor": "password", "count": 3 });
        assert_eq!(last["payload"], told);
    });
}

/// Whoever knows a client's id can't fill its partner's log either.
#[test]
fn wrong_secrets_of_a_client_are_counted() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let partner = firm(&app, "partner", "Trade Office", "IL").await;
        operator(&app, "Auditor", &[Role::Auditor]).await;
        let path = format!("/v1/organizations/{}/clients", partner.id);
        let body = json!({ "name": "Sync", "scopes": ["programmes:read"] });
        let made = partner.owner.post(&path, &body).await.expect(201);
        let form = [("grant_type", "client_credentials")];
        for _ in 0..25 {
            let wrong = Some((made.text("id"), "not the secret"));
            let refused = app.stranger().oauth("/v1/oauth/token", wrong, &form).await;
            assert_eq!(refused.expect(401).text("error"), "invalid_client");
        }
        app.seal().await;
        let auditor = app
            .stranger()
            .signed_in(&address("Auditor"), PASSWORD)
            .await;
        let log = auditor.get("/v1/events?limit=100").await.expect(200);
        let items = log.body["items"].as_array().unwrap().iter();
        let mut refused = items.filter(|event| event["kind"] == "client.refused");
        let told = refused.next().unwrap()["payload"].as_str().unwrap();
        assert!(told.contains("25"), "{told}");
        assert!(refused.next().is_none());
    });
}
