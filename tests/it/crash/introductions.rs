//! Many introductions, with a mail server that puts off, refuses and hangs up,
//! and a program that is killed again and again: each mail arrives, none twice
//! but where its acceptance was not heard of, none at an address that gets no
//! mail, and none tells before both said yes who the other is.
//!
//! People answer by the links in the mails that really came: most say yes, some
//! no, some ask for time first, some pass the question on; most introductions a
//! curator asks for, some the startup itself. Each mail and
//! page is searched, its encodings undone, for what its reader may not know:
//! the counterpart's addresses, phone, persons' names, deck, and the name of its
//! firm unless that was granted. `CORRIDOR_SOAK=1` makes it a thousand
//! introductions and ten kills.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use corridor::db::outbox::{self, State};
use corridor::db::suppressions::Suppression;
use corridor::db::{self, Conn};
use corridor::domain::account::{Role, User};
use corridor::domain::disclosure::Level;
use corridor::domain::document::content::ContentKind;
use corridor::domain::document::file_name::FileName;
use corridor::domain::document::{
    Document, DocumentClass, DocumentDetails, DocumentState, DocumentVersion,
};
use corridor::domain::ids::{IntroductionId, UserId};
use corridor::domain::meeting::Enclosed;
use corridor::domain::message::SuppressionReason;
use corridor::domain::profile::StartupProfile;
use corridor::domain::values::OrganizationKind;
use corridor::services::{Caller, Context, Error, introductions};
use mail_parser::MessageParser;
use serde_json::json;

use super::secrets::{Kind, leaks, words};
use super::{Dice, all_messages, due};
use crate::api::stage::{
    Answer, BLURB, Stage, Who, clearance, mandate, of, organization, profile, proposable,
};
use crate::support::database::{Database, on_each_backend};
use crate::support::program::{Running, corridor};
use crate::support::smtp::{Received, SmtpServer};

/// Of so many investors one gets no mail.
const SUPPRESSED_OF: usize = 20;

/// How many mails the program hands over at the same time: two senders, four
/// each, as shipped. So many can be in doubt after a kill.
const AT_ONCE: usize = 8;

/// How often a request that found the store busy is made again.
const PATIENCE: usize = 60;

/// What `Retry-After` says then.
const RETRY: Duration = Duration::from_secs(1);

/// Two firms with one person each.
struct Pair {
    startup: String,
    startup_person: User,
    investor: String,
    investor_person: User,
    profile: String,
    mandate: String,
    suppressed: bool,
    introduction: Option<String>,
    /// How many of both have been sent a yes of.
    yes: usize,
    /// Whether the startup itself asks.
    startup_asks: bool,
    /// What the investor does with its question.
    plan: Plan,
    /// Whether it did so, other than by a yes.
    done: bool,
}

/// What somebody does with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Yes,
    No,
    TimeFirst,
    PassOn,
}

impl Plan {
    const fn of(number: usize) -> Self {
        match number % 10 {
            1 => Self::No,
            3 => Self::TimeFirst,
            5 => Self::PassOn,
            _ => Self::Yes,
        }
    }
}

/// Who answers for an investor that passes its question on.
fn deputy(number: usize) -> String {
    format!("deputy.{number:04}@mail.example")
}

impl Pair {
    /// Where it ends.
    fn end(&self) -> &'static str {
        match self.plan {
            _ if self.suppressed && self.startup_asks => "asking_first",
            _ if self.suppressed => "asking_second",
            Plan::No => "declined",
            Plan::Yes | Plan::TimeFirst | Plan::PassOn => "sent",
        }
    }

    fn id(&self) -> Option<IntroductionId> {
        let path = self.introduction.as_ref()?;
        Some(of(path.rsplit('/').next()?))
    }
}

/// Another pair in the stage's programme, as it would be on record.
async fn pair(stage: &Stage, number: usize) -> Pair {
    let context = stage.context.clone();
    let (startup, investor) = (format!("Oasis {number:04}"), format!("Sahil {number:04}"));
    let person = |name: &str, like: Who| User {
        id: context.new_id(),
        email: of(&format!("{}.{number:04}@mail.example", name.to_lowercase())),
        name: of(&format!("{name} {number:04}")),
        ..stage.user(like).clone()
    };
    let (startup_person, investor_person) = (person("Yael", Who::Dana), person("Leyla", Who::Gul));
    let mut firms = [
        organization(&context, OrganizationKind::Startup, &startup, "IL"),
        organization(&context, OrganizationKind::Investor, &investor, "AZ"),
    ];
    // What would give them away, wherever it came up.
    let site = format!("https://oasis-{number:04}.example/call/+97250900{number:04}");
    firms[0].details.website = Some(of(&site));
    firms[1].details.website = Some(of(&format!("https://sahil-{number:04}.example")));
    let mut profile = profile(&context, &firms[0], "water_loss");
    if let Some(controls) = &mut profile.content.controls {
        controls.signed_by = startup_person.name.clone();
    }
    let mut mandate = mandate(&context, &firms[1], "water_loss");
    mandate.content.title = Some(of(&format!("sahil-{number:04} drawer")));
    let deck = deck(&context, &profile, startup_person.id, number);
    let suppressed = number % SUPPRESSED_OF == SUPPRESSED_OF - 1;
    let made = Pair {
        startup,
        investor,
        profile: profile.id.to_string(),
        mandate: mandate.id.to_string(),
        suppressed,
        introduction: None,
        // Asking is a yes.
        yes: usize::from(number.is_multiple_of(3)),
        startup_asks: number.is_multiple_of(3),
        plan: Plan::of(number),
        done: false,
        startup_person: startup_person.clone(),
        investor_person: investor_person.clone(),
    };
    let (programme, officer) = (stage.programme.id, stage.user(Who::Compliance).id);
    let write = move |conn: &mut Conn| -> Result<(), Error> {
        let now = context.now();
        for (firm, person) in firms.iter().zip([&startup_person, &investor_person]) {
            db::organizations::insert(conn, firm)?;
            assert!(db::users::insert(conn, person, "no hash")?);
            db::users::insert_membership(conn, person.id, firm.id, Role::Owner, now)?;
            db::clearances::insert(conn, &clearance(&context, firm, officer))?;
            db::consents::insert(conn, &proposable(&context, firm, person.id))?;
        }
        db::startup_profiles::insert(conn, &profile)?;
        db::documents::insert(conn, &deck)?;
        db::mandates::insert(conn, &mandate)?;
        db::programmes::admit_startup(conn, programme, profile.id, now)?;
        db::programmes::admit_mandate(conn, programme, mandate.id, now)?;
        if suppressed {
            let suppression = Suppression {
                id: context.new_id(),
                email: investor_person.email.clone(),
                reason: SuppressionReason::HardBounce,
                note: None,
                created_by: None,
                created_at: now,
            };
            db::suppressions::insert(conn, &suppression)?;
        }
        Ok(())
    };
    // Another process writes into the same store.
    for _ in 0..PATIENCE {
        match stage.context.db.write(write.clone()).await {
            Err(Error::Busy { .. }) => tokio::time::sleep(RETRY).await,
            written => {
                written.unwrap();
                return made;
            }
        }
    }
    panic!("the store was busy all the time");
}

/// What the service answers once it isn't busy, asked again as it says.
async fn in_time(mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    for _ in 0..PATIENCE {
        let answer = ask().await;
        if answer.status != 503 {
            return answer;
        }
        tokio::time::sleep(RETRY).await;
    }
    ask().await
}

/// The startup's deck, which nobody but itself has been granted.
fn deck(context: &Context, profile: &StartupProfile, by: UserId, number: usize) -> Document {
    let now = context.now();
    Document {
        id: context.new_id(),
        startup_profile: profile.id,
        organization: profile.organization,
        class: DocumentClass::Deck,
        details: DocumentDetails {
            title: format!("oasis-{number:04} deck"),
            language: of("en"),
            level: Level::Deck,
        },
        state: DocumentState::Open,
        current: DocumentVersion {
            number: 1,
            digest: [7; 32],
            bytes: 1_000,
            kind: ContentKind::Pdf,
            file_name: FileName::of(&format!("oasis-{number:04}.pdf")),
            uploaded_by: by,
            created_at: now,
            erased_at: None,
        },
        version: 1,
        created_at: now,
        updated_at: now,
        first_cleared_by: None,
    }
}

/// A curator, or the startup, asks for their introduction.
async fn introduce(stage: &Stage, pair: &mut Pair) {
    let body = json!({
        "programme": stage.programme.id.to_string(),
        "startup_profile": pair.profile,
        "mandate": pair.mandate,
    });
    let made = in_time(async || stage.post(Who::Curator, "/v1/matches", body.clone()).await).await;
    let matched = made.location.clone();
    made.expect(201);
    let matched = matched.unwrap();
    let release = json!({"action": "release", "to": "both"});
    let released = in_time(async || stage.go(Who::Curator, &matched, release.clone()).await);
    released.await.expect(200);
    if pair.startup_asks {
        let made = ask_as(stage, &pair.startup_person, &matched).await;
        pair.introduction = Some(format!("/v1/introductions/{made}"));
        return;
    }
    let ask = async || {
        let asked = stage.request_introduction(Who::Curator, &matched, BLURB);
        asked.await
    };
    let asked = in_time(ask).await;
    pair.introduction.clone_from(&asked.location);
    asked.expect(201);
}

/// Somebody who isn't on the stage asks.
async fn ask_as(stage: &Stage, person: &User, matched: &str) -> IntroductionId {
    let (context, id) = (&stage.context, person.id);
    let parts = move |conn: &mut Conn| db::users::memberships(conn, id);
    let parts = context.db.read(parts).await.unwrap();
    let caller = Caller::new(person.clone(), parts);
    let matched = of(matched.rsplit('/').next().unwrap());
    for _ in 0..PATIENCE {
        let (blurb, enclosed) = (BLURB.to_owned(), Enclosed::default());
        let made = introductions::request(context, &caller, None, matched, blurb, enclosed);
        match made.await {
            Err(Error::Busy { .. }) => tokio::time::sleep(RETRY).await,
            made => return made.unwrap().id,
        }
    }
    panic!("the store was busy all the time");
}

fn id_of(mail: &Received) -> String {
    let parsed = MessageParser::new().parse(&mail.content).unwrap();
    parsed.message_id().unwrap().to_owned()
}

/// Keeps what was found, with the mail that it was in or came of.
fn note(all: &mut Vec<String>, found: Vec<(Kind, usize)>, mail: &Received) {
    if !found.is_empty() {
        all.push(format!("{found:?} in {}", words(mail)));
    }
}

struct Run<'a> {
    stage: &'a Stage,
    database: &'a Database,
    smtp: SmtpServer,
    pairs: Vec<Pair>,
    by_email: BTreeMap<String, usize>,
    /// How many of the accepted mails were looked at.
    read: usize,
    /// Message-IDs that a sender had in hand when it was killed.
    in_hand: BTreeSet<String>,
    killed: usize,
    retried: usize,
    /// Mails and pages that told what their reader may not know.
    leaks: Vec<String>,
    /// Mails and pages that were searched.
    searched: usize,
    /// Mails to addresses that get none.
    to_suppressed: usize,
}

impl Run<'_> {
    fn serve(&self) -> Running {
        let mut command = corridor(self.stage.home());
        command
            .args(["--listen", "127.0.0.1:0"])
            .env("CORRIDOR__DATABASE__URL", address(self.database))
            .env("CORRIDOR__SERVER__PUBLIC_URL", &self.stage.base)
            .env("CORRIDOR__MAIL__TRANSPORT", "smtp")
            .env(
                "CORRIDOR__MAIL__SMTP_HOST",
                format!("127.0.0.1:{}", self.smtp.address.port()),
            )
            .env("CORRIDOR__MAIL__SMTP_SECURITY", "none")
            .env("CORRIDOR__MAIL__TIMEOUT_S", "2")
            .env("CORRIDOR__OUTBOX__LEASE_S", "4")
            .env("CORRIDOR__OUTBOX__PER_DOMAIN", "8")
            .env("CORRIDOR__OUTBOX__MAX_ATTEMPTS", "100")
            .env("CORRIDOR__OUTBOX__BACKOFF_BASE_S", "1")
            .env("CORRIDOR__OUTBOX__SLOW_BASE_S", "1")
            .env("CORRIDOR__OUTBOX__BACKOFF_CAP_S", "2");
        let server = Running::start(&mut command);
        server.address();
        server
    }

    async fn kill(&mut self, server: Running) -> Running {
        server.kill();
        self.killed += 1;
        let messages = self.stage.context.db.read(all_messages).await.unwrap();
        let held = messages.into_iter().filter(|it| it.holder.is_some());
        self.in_hand.extend(held.filter_map(|it| it.message_id));
        self.serve()
    }

    /// Reads what has come: nobody learns more than they may, and everybody
    /// who is asked says yes.
    async fn read_mail(&mut self) {
        let received = self.smtp.received();
        for mail in &received[self.read..] {
            let to: Vec<&str> = mail
                .to
                .iter()
                .map(|it| it.trim_matches(['<', '>']))
                .collect();
            let Some(&place) = self.by_email.get(to[0]) else {
                // The curators'.
                continue;
            };
            let pair = &mut self.pairs[place];
            let said = words(mail);
            let unwanted = pair.suppressed && to.contains(&pair.investor_person.email.as_str());
            self.to_suppressed += usize::from(unwanted);
            let of_startup = to[0] == pair.startup_person.email.as_str();
            self.searched += 1;
            if mail.connects() {
                assert_eq!(pair.yes, 2, "connected before both said yes");
                assert!(said.contains(&pair.startup) && said.contains(&pair.investor));
                // Names and addresses of the two, and nothing else.
                let told = said.replace(pair.startup_person.email.as_str(), "");
                let told = told.replace(pair.startup_person.name.as_str(), "");
                let granted = [Kind::StartupName, Kind::InvestorName, Kind::InvestorOwn];
                note(&mut self.leaks, leaks(&told, place, false, &granted), mail);
                continue;
            }
            // The startup's name is granted by its own yes.
            let granted: &[Kind] = if pair.yes > 0 {
                &[Kind::StartupName]
            } else {
                &[]
            };
            note(
                &mut self.leaks,
                leaks(&said, place, of_startup, granted),
                mail,
            );
            let parsed = MessageParser::new().parse(&mail.content).unwrap();
            let text = parsed.body_text(0).unwrap();
            let Some((_, link)) = text.split_once("/consent/") else {
                continue;
            };
            let token = link.split_whitespace().next().unwrap();
            let answered = pair.yes + usize::from(of_startup) > 1;
            let first_reader = to[0] == pair.investor_person.email.as_str();
            if answered || pair.done && (first_reader || pair.plan == Plan::No) {
                continue;
            }
            let path = format!("/consent/{token}");
            let page = self.stage.open(&path).await;
            assert_eq!(page.status, 200, "{}", page.text);
            self.searched += 1;
            note(
                &mut self.leaks,
                leaks(&page.text, place, of_startup, granted),
                mail,
            );
            let plan = if of_startup || !first_reader {
                Plan::Yes
            } else {
                pair.plan
            };
            let address = deputy(place);
            let mut forms: Vec<Vec<(&str, &str)>> = Vec::new();
            match plan {
                Plan::Yes => forms.push(vec![("answer", "accept")]),
                Plan::TimeFirst => {
                    forms.push(vec![("answer", "need_more_time")]);
                    forms.push(vec![("answer", "accept")]);
                }
                Plan::No => forms.push(vec![("answer", "decline"), ("reason", "valuation")]),
                Plan::PassOn => {
                    forms.push(vec![("answer", "delegate"), ("delegate_email", &address)]);
                }
            }
            match plan {
                Plan::Yes | Plan::TimeFirst => pair.yes += 1,
                Plan::No | Plan::PassOn => pair.done = true,
            }
            for mut form in forms {
                form.push(("name", "A person"));
                let answer = self.stage.submit(&path, &form).await;
                assert_eq!(answer.status, 303, "{plan:?}: {}", answer.text);
            }
        }
        self.read = received.len();
    }

    /// Support has what was given up tried again.
    async fn retry_given_up(&mut self) {
        let now = self.stage.context.now();
        let retry = move |conn: &mut Conn| {
            let dead = outbox::list(conn, Some(State::Dead), None, 1_000)?;
            for message in &dead {
                outbox::revive(conn, message.id, now)?;
            }
            Ok::<_, db::Error>(dead.len())
        };
        self.retried += self.stage.context.db.write(retry).await.unwrap();
    }

    async fn is_over(&self) -> bool {
        let wanted: Vec<_> = self
            .pairs
            .iter()
            .map(|pair| (pair.id(), pair.end()))
            .collect();
        let over = move |conn: &mut Conn| {
            for (id, end) in wanted {
                let Some(id) = id else { return Ok(false) };
                let found = db::introductions::find(conn, id)?;
                let status = found.map(|it| it.status.code().to_owned());
                if status.as_deref() != Some(end) {
                    return Ok(false);
                }
            }
            let dead = outbox::list(conn, Some(State::Dead), None, 1)?;
            Ok::<_, db::Error>(dead.is_empty() && due(conn)?.is_empty())
        };
        self.stage.context.db.read(over).await.unwrap()
    }

    /// What is not over yet, for whoever has to find out why.
    async fn left(&self) -> String {
        let ids: Vec<_> = self.pairs.iter().filter_map(Pair::id).collect();
        let look = move |conn: &mut Conn| {
            let mut left = Vec::new();
            for id in ids {
                let found = db::introductions::find(conn, id)?;
                let status = found.map(|it| it.status.code().to_owned());
                if status.as_deref() != Some("sent") {
                    left.push(format!("{id} {status:?}"));
                }
            }
            for state in [State::Pending, State::Dead] {
                for it in outbox::list(conn, Some(state), None, 100)? {
                    left.push(format!("{it:?}"));
                }
            }
            Ok::<_, db::Error>(left.join("\n"))
        };
        self.stage.context.db.read(look).await.unwrap()
    }

    /// What was sent arrived; none of it twice without a reason. Answers how
    /// many mails there were and how many came twice.
    async fn check(&self) -> (usize, usize) {
        let mut each: BTreeMap<(String, Vec<String>), usize> = BTreeMap::new();
        let mut readers: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
        for mail in self.smtp.received() {
            let id = id_of(&mail);
            if mail.connects() {
                readers
                    .entry(id.clone())
                    .or_default()
                    .insert(mail.to.clone());
            }
            *each.entry((id, mail.to)).or_default() += 1;
        }
        assert!(
            readers.values().all(|readers| readers.len() == 2),
            "both got it"
        );
        // How often the same came to the same reader, at most.
        let mut accepted: BTreeMap<String, usize> = BTreeMap::new();
        for ((id, _), count) in each {
            let most = accepted.entry(id).or_default();
            *most = count.max(*most);
        }
        let unheard: BTreeSet<_> = self.smtp.unheard().iter().map(id_of).collect();
        for message in self.stage.context.db.read(all_messages).await.unwrap() {
            let id = message.message_id.unwrap();
            let count = accepted.get(&id).copied().unwrap_or(0);
            if message.state == State::Done && message.last_error.is_none() {
                assert!(count > 0, "{} was lost", message.intent_key);
            }
            let excused = unheard.contains(&id) || self.in_hand.contains(&id);
            assert!(
                count <= 1 || excused,
                "{} came {count} times",
                message.intent_key
            );
        }
        let twice = accepted.values().filter(|count| **count > 1).count();
        (accepted.len(), twice)
    }
}

#[cfg(feature = "postgres")]
fn address(database: &Database) -> String {
    database.address()
}

#[cfg(not(feature = "postgres"))]
fn address(database: &Database) -> String {
    database.url().to_string()
}

#[test]
fn every_introduction_arrives_whatever_the_mail_server_does_and_however_often_the_program_dies() {
    on_each_backend(async |database| {
        let soak = std::env::var("CORRIDOR_SOAK").is_ok_and(|it| it == "1");
        let (count, kills, limit) = if soak { (1_000, 10, 60) } else { (40, 2, 3) };
        let stage = Box::pin(Stage::today(database)).await;
        let smtp = SmtpServer::start().await;
        let mut dice = Dice::seeded();
        smtp.fail_by_chance(u64::try_from(dice.between(1, 1 << 30)).unwrap());
        let mut run = Run {
            stage: &stage,
            database,
            smtp,
            pairs: vec![],
            by_email: BTreeMap::new(),
            read: 0,
            in_hand: BTreeSet::new(),
            killed: 0,
            retried: 0,
            leaks: vec![],
            searched: 0,
            to_suppressed: 0,
        };
        for number in 0..count {
            let pair = Box::pin(pair(&stage, number)).await;
            for person in [&pair.startup_person, &pair.investor_person] {
                run.by_email.insert(person.email.to_string(), number);
            }
            run.by_email.insert(deputy(number), number);
            run.pairs.push(pair);
        }
        let mut server = run.serve();
        let begun = Instant::now();
        let mut next = 0;
        loop {
            for pair in run.pairs.iter_mut().skip(next).take(10) {
                introduce(&stage, pair).await;
            }
            next = (next + 10).min(count);
            run.read_mail().await;
            run.retry_given_up().await;
            // About three mails each.
            let mails = 3 * count * (run.killed + 1) / (kills + 2);
            if run.killed < kills && run.smtp.received().len() >= mails {
                server = run.kill(server).await;
            }
            if next == count && run.killed == kills && run.is_over().await {
                break;
            }
            let late = begun.elapsed() > Duration::from_mins(limit);
            assert!(!late, "not in time:\n{}", run.left().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        run.read_mail().await;
        let (mails, twice) = run.check().await;
        let unheard = run.smtp.unheard().len();
        println!(
            "{database}: {count} introductions, {kills} kills, {:?}: {mails} mails delivered in {} acceptances, {} given up and tried again, {unheard} acceptances not heard of; duplicates by Message-ID: {twice} for that or a kill, 0 for another reason; to suppressed addresses: {}; leaks: {} in {} mails and pages",
            begun.elapsed(),
            run.smtp.received().len(),
            run.retried,
            run.to_suppressed,
            run.leaks.len(),
            run.searched,
        );
        assert!(run.leaks.is_empty(), "{}", run.leaks.join("\n\n"));
        assert_eq!(run.to_suppressed, 0);
        assert!(run.searched > 3 * count, "hardly anything was searched");
        // Each kill leaves no more in doubt than was being handed over.
        assert!(twice <= unheard + kills * AT_ONCE, "{twice} came twice");
        drop(server);
    });
}
