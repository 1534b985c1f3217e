//! The load: clients that write over HTTP until nobody answers.

use std::time::Duration;

use corridor::db;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Place;
use crate::api::stage::BLURB;
use crate::support::program::Running;

const CURATOR: &str = "rufet@corridor.example";
const PASSWORD: &str = "pomegranate-olive-41";
const CLIENTS: usize = 6;

/// A request that makes or moves something, to be repeated as it is.
#[derive(Debug, Clone)]
pub(super) struct Write {
    path: String,
    key: String,
    body: Value,
}

impl Write {
    fn new(path: impl Into<String>, body: Value) -> Self {
        Self {
            path: path.into(),
            key: Uuid::now_v7().to_string(),
            body,
        }
    }
}

/// What the program said it had done.
#[derive(Debug, Clone)]
pub(super) struct Acknowledged {
    /// The record's address.
    pub(super) record: String,
    /// What its document must say, by field.
    pub(super) says: (&'static str, String),
}

/// Speaks to one run of the program as a curator.
#[derive(Clone)]
pub(super) struct Line {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Line {
    pub(super) async fn to(server: &Running) -> Self {
        let base = format!("http://{}", server.address());
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let sign_in = json!({"email": CURATOR, "password": PASSWORD});
        let session = client.post(format!("{base}/v1/sessions")).json(&sign_in);
        let session: Value = session.send().await.unwrap().json().await.unwrap();
        let token = session["access_token"]
            .as_str()
            .expect("signed in")
            .to_owned();
        Self {
            client,
            base,
            token,
        }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.client.request(method, url).bearer_auth(&self.token)
    }

    /// None when the program was killed before it answered.
    async fn write(&self, write: &Write) -> Option<(u16, Value)> {
        let request = self
            .request(Method::POST, &write.path)
            .header("Idempotency-Key", &write.key)
            .header("If-Match", "*")
            .json(&write.body);
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let body = response.json().await.ok()?;
        Some((status, body))
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.request(Method::GET, path).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }
}

/// Writes one thing after the other until the program is gone.
pub(super) struct Client {
    pub(super) number: usize,
    made: usize,
    /// Pairs of a profile and a mandate that nobody else takes.
    pairs: Vec<(String, String)>,
    programme: String,
    next: Next,
    /// Sent, and not answered when the program was killed.
    pub(super) unanswered: Option<Write>,
    pub(super) acknowledged: Vec<Acknowledged>,
}

/// Where a client is with its pair.
pub(super) enum Next {
    Match,
    Introduce(String),
    Withdraw(String),
}

impl Client {
    /// Every other write is a programme, so that there is always something to
    /// write; between them a pair is matched, introduced, withdrawn.
    fn choose(&mut self) -> Write {
        self.made += 1;
        match &self.next {
            _ if self.made.is_multiple_of(2) => self.new_programme(),
            Next::Match => match self.pairs.pop() {
                None => self.new_programme(),
                Some((profile, mandate)) => Write::new(
                    "/v1/matches",
                    json!({"programme": self.programme, "startup_profile": profile, "mandate": mandate}),
                ),
            },
            Next::Introduce(matched) => Write::new(
                "/v1/introductions",
                json!({"match": matched, "blurb": BLURB}),
            ),
            Next::Withdraw(record) => Write::new(
                format!("{record}/transitions"),
                json!({"action": "withdraw"}),
            ),
        }
    }

    fn new_programme(&self) -> Write {
        let slug = format!("load-{}-{}", self.number, self.made);
        Write::new(
            "/v1/programmes",
            json!({
                "slug": slug, "title": "Under load", "starts_on": "2026-01-01",
                "ends_on": "2030-01-01", "corridors": [{"startup": "IL", "investor": "AZ"}],
            }),
        )
    }

    /// Notes an answer and goes on from it. A refusal by a rule did nothing
    /// that could be lost.
    fn note(&mut self, write: &Write, status: u16, body: &Value) -> bool {
        let id = || body["id"].as_str().expect("an id").to_owned();
        let said = match (write.path.as_str(), status) {
            ("/v1/programmes", 201) => (
                format!("/v1/programmes/{}", id()),
                ("slug", write.body["slug"].as_str().unwrap().to_owned()),
            ),
            ("/v1/matches", 201) => {
                self.next = Next::Introduce(id());
                let profile = write.body["startup_profile"].as_str().unwrap();
                (
                    format!("/v1/matches/{}", id()),
                    ("startup_profile", profile.to_owned()),
                )
            }
            ("/v1/introductions", 201) => {
                let record = format!("/v1/introductions/{}", id());
                self.next = Next::Withdraw(record.clone());
                (record, ("blurb", BLURB.to_owned()))
            }
            ("/v1/matches" | "/v1/introductions", 409 | 422) => {
                self.next = Next::Match;
                return false;
            }
            (path, 200) if path.ends_with("/transitions") => {
                self.next = Next::Match;
                let record = path.trim_end_matches("/transitions").to_owned();
                (record, ("status", "withdrawn".to_owned()))
            }
            (path, status) => panic!("{path} answered {status}: {body}"),
        };
        let (record, says) = said;
        self.acknowledged.push(Acknowledged { record, says });
        true
    }

    /// Writes until the program no longer answers; tells of each answer.
    pub(super) async fn work(&mut self, line: &Line, told: mpsc::UnboundedSender<()>) {
        loop {
            let write = self.choose();
            self.unanswered = Some(write.clone());
            let Some((status, body)) = line.write(&write).await else {
                return;
            };
            self.unanswered = None;
            if self.note(&write, status, &body) {
                // Once the number is reached nobody listens any more.
                let _ = told.send(());
            }
        }
    }

    /// Repeats what was not answered, twice: both answers name one record.
    pub(super) async fn repeat(&mut self, line: &Line) {
        let Some(write) = self.unanswered.take() else {
            return;
        };
        let (status, body) = line.write(&write).await.expect("an answer");
        let (again, same) = line.write(&write).await.expect("an answer");
        assert_eq!((status, &body["id"]), (again, &same["id"]), "{write:?}");
        self.note(&write, status, &body);
    }
}

pub(super) async fn clients(place: &Place) -> Vec<Client> {
    let db = place.open();
    let (programme, startups, mandates) = db
        .read(|conn| {
            let programmes =
                db::programmes::list(conn, &db::programmes::Filter::default(), None, 1)?;
            let programme = programmes[0].id;
            let startups = db::programmes::startups(conn, programme)?;
            let mandates = db::programmes::mandates(conn, programme)?;
            Ok::<_, db::Error>((programme, startups, mandates))
        })
        .await
        .unwrap();
    db.close().await;
    let mut clients: Vec<_> = (0..CLIENTS)
        .map(|number| Client {
            number,
            made: 0,
            pairs: vec![],
            programme: programme.to_string(),
            next: Next::Match,
            unanswered: None,
            acknowledged: vec![],
        })
        .collect();
    for (place, startup) in startups.iter().enumerate() {
        let pairs = &mut clients[place % CLIENTS].pairs;
        for mandate in &mandates {
            pairs.push((startup.id.to_string(), mandate.id.to_string()));
        }
    }
    clients
}
