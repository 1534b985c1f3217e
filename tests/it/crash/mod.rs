//! `kill -9`: what was acknowledged is there afterwards.
//!
//! Each round starts the real program on the same store, has several clients
//! write at once, kills it without warning after a random number of
//! acknowledged writes, looks into the store it left, starts it again and
//! compares. `CORRIDOR_SEED` repeats a run's numbers, `CORRIDOR_SOAK=1` makes
//! it a hundred rounds.
//!
//! Mail leaves during all of it to a mail server in this process, which lives
//! through every kill. A message is sent exactly once, with one exception that
//! no protocol can remove: if the program dies between the server's "250" and
//! its own note of it, it can't know that the message was taken, and sends it
//! again, under the same Message-ID, by which a reader's mail program shows it
//! once. So a message noted as done before a kill must never be sent again,
//! and one sent twice must have been in hand at a kill; those are counted
//! apart.

mod documents;
mod imports;
mod introductions;
mod load;
pub mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use corridor::db::outbox::{self, State};
use corridor::db::{self, Conn, Db, Options, Url, chain};
use corridor::domain::ids::IntroductionId;
use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use self::load::{Client, Line, clients};
use crate::support::database::on_runtime;
use crate::support::program::{Running, corridor, run};
use crate::support::smtp::SmtpServer;

/// Seconds for which a sender has what it claimed; a killed one's messages
/// come back after that.
const LEASE_S: &str = "4";

/// A store and the mail server that the program on it uses.
struct Place {
    data: TempDir,
    /// Of the database, as the program takes it.
    address: String,
    smtp: SmtpServer,
}

impl Place {
    /// A store with the demo's firms in it.
    async fn settle(address: Option<String>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("corridor.db");
        let address = address.unwrap_or_else(|| format!("sqlite:{}", file.display()));
        let place = Self {
            data,
            address,
            smtp: SmtpServer::start().await,
        };
        let mut demo = place.command(&["--listen", "127.0.0.1:0", "demo", "--no-serve"]);
        run(&mut demo, &[] as &[&str]).ok();
        place
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = corridor(self.data.path());
        command.env("CORRIDOR__DATABASE__URL", &self.address);
        command.args(arguments);
        command
    }

    fn serve(&self) -> Running {
        let mut command = self.command(&["--listen", "127.0.0.1:0"]);
        command
            .env("CORRIDOR__MAIL__TRANSPORT", "smtp")
            .env("CORRIDOR__MAIL__SMTP_HOST", "127.0.0.1")
            .env(
                "CORRIDOR__MAIL__SMTP_PORT",
                self.smtp.address.port().to_string(),
            )
            .env("CORRIDOR__MAIL__SMTP_SECURITY", "none")
            .env("CORRIDOR__MAIL__TIMEOUT_S", "2")
            .env("CORRIDOR__OUTBOX__LEASE_S", LEASE_S)
            .env("CORRIDOR__OUTBOX__BACKOFF_BASE_S", "1");
        Running::start(&mut command)
    }

    /// The store, beside the program or after it.
    fn open(&self) -> Db {
        let url: Url = self.address.parse().unwrap();
        Db::open(Options::new(url)).unwrap()
    }

    /// How often the mail server accepted each Message-ID.
    fn accepted(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for mail in self.smtp.received() {
            let content = String::from_utf8_lossy(&mail.content);
            let id = content.split("Message-ID: <").nth(1).unwrap();
            let id = id.split('>').next().unwrap();
            *counts.entry(id.to_owned()).or_default() += 1;
        }
        counts
    }
}

/// Small and repeatable; good enough to choose a moment.
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn seeded() -> Self {
        let seed = std::env::var("CORRIDOR_SEED").map_or_else(
            |_| {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                now.as_secs() ^ u64::from(now.subsec_nanos())
            },
            |text| text.parse().expect("CORRIDOR_SEED is a number"),
        );
        println!("CORRIDOR_SEED={seed}");
        Self(seed | 1)
    }

    /// xorshift64*
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let roll = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        low + usize::try_from(roll).unwrap() % (high - low)
    }
}

/// What the store said about its messages right after a kill.
#[derive(Default)]
struct Left {
    /// Noted as done, with how often the mail server had accepted each.
    done: BTreeMap<String, usize>,
    /// In a sender's hands.
    in_hand: BTreeSet<String>,
}

#[derive(Default)]
struct Tally {
    acknowledged: usize,
    found: usize,
    lost: usize,
    /// Sent, not answered when the program was killed, and asked for again.
    repeated: usize,
    sent_twice: usize,
    in_doubt: usize,
}

/// Kills the program under load, after that many acknowledged writes.
async fn kill_under_load(place: &Place, clients: Vec<Client>, after: usize) -> Vec<Client> {
    let server = place.serve();
    let line = Line::to(&server).await;
    let (told, mut acknowledgements) = mpsc::unbounded_channel();
    let mut working = JoinSet::new();
    for mut client in clients {
        let (line, told) = (line.clone(), told.clone());
        working.spawn(async move {
            client.work(&line, told).await;
            client
        });
    }
    drop(told);
    for _ in 0..after {
        acknowledgements.recv().await.expect("the clients work");
    }
    server.kill();
    let mut clients = working.join_all().await;
    clients.sort_by_key(|client| client.number);
    clients
}

async fn look_at_messages(place: &Place) -> Left {
    let db = place.open();
    let accepted = place.accepted();
    let messages = db.read(all_messages).await.unwrap();
    db.close().await;
    let mut left = Left::default();
    for message in messages {
        let id = message.message_id.expect("mail");
        if message.holder.is_some() {
            left.in_hand.insert(id);
        } else if message.state == State::Done {
            let count = accepted.get(&id).copied().unwrap_or(0);
            left.done.insert(id, count);
        }
    }
    left
}

fn all_messages(conn: &mut Conn) -> db::Result<Vec<outbox::Message>> {
    outbox::list(conn, None, None, i64::from(i32::MAX))
}

async fn compare(line: &Line, clients: &[Client], from: &[usize], tally: &mut Tally) {
    let mut looks = JoinSet::new();
    for (client, from) in clients.iter().zip(from) {
        let (line, said) = (line.clone(), client.acknowledged[*from..].to_vec());
        looks.spawn(async move {
            let mut found = 0;
            for acknowledged in &said {
                let (status, body) = line.get(&acknowledged.record).await;
                let (field, value) = &acknowledged.says;
                let says = body[field].as_str().map(str::to_owned);
                // What was introduced may have been withdrawn since.
                if status == 200 && says.as_ref() == Some(value) {
                    found += 1;
                } else {
                    eprintln!("lost: {acknowledged:?}, found {status} {body}");
                }
            }
            (said.len(), found)
        });
    }
    for (said, found) in looks.join_all().await {
        tally.acknowledged += said;
        tally.found += found;
        tally.lost += said - found;
    }
}

fn unsealed(conn: &mut Conn) -> db::Result<i64> {
    let count = diesel::dsl::sql::<BigInt>("SELECT count(*) FROM events WHERE position IS NULL");
    Ok(count.get_result(conn)?)
}

/// What is to be sent now. How it goes is asked on the morning of a working
/// day, which may be days away.
fn due(conn: &mut Conn) -> db::Result<Vec<outbox::Message>> {
    let mut waiting = outbox::list(
        conn,
        Some(outbox::State::Pending),
        None,
        i64::from(i32::MAX),
    )?;
    waiting.retain(|it| it.attempts > 0 || !it.intent_key.starts_with("pulse:"));
    Ok(waiting)
}

/// Waits until the program has nothing left to send or to seal.
async fn until_quiet(db: &Db) {
    let quiet = async {
        loop {
            let counts = db.read(outbox::counts).await.unwrap();
            let unsealed = db.read(unsealed).await.unwrap();
            let waiting = db.read(due).await.unwrap();
            if waiting.is_empty() && unsealed == 0 {
                assert_eq!(counts.dead, 0, "given up");
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let limit = Duration::from_mins(1);
    if tokio::time::timeout(limit, quiet).await.is_err() {
        let left = db.read(due).await.unwrap();
        let unsealed = db.read(unsealed).await.unwrap();
        panic!("{unsealed} events are not sealed, and these wait: {left:#?}");
    }
}

/// Each question of an acknowledged introduction has its message.
async fn check_questions(db: &Db, clients: &[Client]) {
    let messages = db.read(all_messages).await.unwrap();
    let intents: BTreeSet<_> = messages.iter().map(|it| it.intent_key.clone()).collect();
    let introductions: Vec<IntroductionId> = clients
        .iter()
        .flat_map(|client| &client.acknowledged)
        .filter_map(|it| it.record.strip_prefix("/v1/introductions/")?.parse().ok())
        .collect();
    let asks = db.read(move |conn| {
        let mut asks = vec![];
        for id in introductions {
            asks.extend(db::introductions::asks(conn, id)?);
        }
        Ok::<_, db::Error>(asks)
    });
    for ask in asks.await.unwrap() {
        let intent = format!("introduction_ask:{}", ask.id);
        assert!(intents.contains(&intent), "{intent} was lost");
    }
}

/// What was noted as sent was sent, and no more often than the kills explain.
/// The mails from `before` went into files.
async fn check_mail(place: &Place, db: &Db, before: &Left, kills: &[Left], tally: &mut Tally) {
    let messages = db.read(all_messages).await.unwrap();
    let accepted = place.accepted();
    let delivered = db.read(delivered).await.unwrap();
    for message in &messages {
        let id = message.message_id.as_ref().unwrap();
        let count = accepted.get(id).copied().unwrap_or(0);
        let expected = delivered.contains(&message.id.uuid()) && !before.done.contains_key(id);
        assert!(
            !expected || count > 0,
            "{id} was noted as sent, and was not"
        );
        if count > 1 {
            let in_hand = kills
                .iter()
                .filter(|left| left.in_hand.contains(id))
                .count();
            assert!(count <= 1 + in_hand, "{id} was sent {count} times");
            tally.in_doubt += 1;
        }
    }
    for (id, then) in kills.iter().flat_map(|left| &left.done) {
        let now = accepted.get(id).copied().unwrap_or(0);
        tally.sent_twice += usize::from(now != *then);
    }
}

fn delivered(conn: &mut Conn) -> db::Result<BTreeSet<Uuid>> {
    let mut found = BTreeSet::new();
    let mut position = 0;
    loop {
        let page = db::events::page(conn, position, 1_000)?;
        let Some(last) = page.last() else {
            return Ok(found);
        };
        position = last.position;
        let sent = page
            .iter()
            .filter(|event| event.kind == "message.delivered");
        found.extend(sent.map(|event| event.subject.id));
    }
}

async fn rounds(address: Option<String>) {
    let soak = std::env::var("CORRIDOR_SOAK").is_ok_and(|it| it == "1");
    let rounds = if soak { 100 } else { 5 };
    let mut dice = Dice::seeded();
    let place = Place::settle(address).await;
    let before = look_at_messages(&place).await;
    let mut clients = clients(&place).await;
    let mut tally = Tally::default();
    let mut kills = vec![];
    for _ in 0..rounds {
        let from: Vec<_> = clients.iter().map(|it| it.acknowledged.len()).collect();
        clients = kill_under_load(&place, clients, dice.between(20, 160)).await;
        kills.push(look_at_messages(&place).await);

        let server = place.serve();
        let line = Line::to(&server).await;
        for client in &mut clients {
            tally.repeated += usize::from(client.unanswered.is_some());
            client.repeat(&line).await;
        }
        compare(&line, &clients, &from, &mut tally).await;
        server.kill();
        kills.push(look_at_messages(&place).await);
    }
    let server = place.serve();
    server.address();
    let db = place.open();
    until_quiet(&db).await;
    let report = db.read(|conn| chain::verify(conn, 1_000, |_| {})).await;
    assert_eq!(report.unwrap().first_bad, None);
    check_questions(&db, &clients).await;
    check_mail(&place, &db, &before, &kills, &mut tally).await;
    let Tally {
        acknowledged,
        found,
        lost,
        repeated,
        sent_twice,
        in_doubt,
    } = tally;
    println!(
        "rounds {rounds}: acknowledged {acknowledged}, found {found}, lost {lost}, mails sent twice {sent_twice} (requests repeated {repeated}; mails accepted {}, of them again because the kill lost the answer {in_doubt})",
        place.smtp.received().len()
    );
    assert_eq!((lost, sent_twice), (0, 0));
    assert!(place.smtp.received().len() > rounds, "hardly any mail");
    assert!(repeated > 0, "no kill met a request");
    db.close().await;
}

#[test]
fn what_was_acknowledged_survives_kill_9_on_sqlite() {
    on_runtime(rounds(None));
}

#[cfg(feature = "postgres")]
#[test]
fn what_was_acknowledged_survives_kill_9_on_postgresql() {
    if let Some(database) = crate::support::database::Database::postgres() {
        on_runtime(rounds(Some(database.address())));
    }
}
