//! A server with one startup, two investors and the operator's people, one
//! programme and everything that a match of them needs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Days, TimeDelta, Utc};
use corridor::auth::link::LinkToken;
use corridor::auth::token::Claims;
use corridor::config::Config;
use corridor::db::{self, Conn};
use corridor::domain::account::{Role, User};
use corridor::domain::compliance::{Clearance, ClearanceVerdict};
use corridor::domain::consent::{ConsentReceipt, PROPOSALS};
use corridor::domain::ids::{IntroductionId, OrganizationId, SessionId, UserId};
use corridor::domain::introduction::IntroductionStatus;
use corridor::domain::mandate::{Capacity, Mandate, MandateContent, MandateStatus};
use corridor::domain::organization::{Organization, OrganizationDetails};
use corridor::domain::profile::{ControlAnswers, ProfileStatus, StartupContent, StartupProfile};
use corridor::domain::programme::{Corridor, Programme, ProgrammeDetails, ProgrammeStatus};
use corridor::domain::session::Session;
use corridor::domain::text::{LocalText, TextState};
use corridor::domain::values::{self, OrganizationKind};
use corridor::http::limits::Limits;
use corridor::http::rate_limit::Rates;
use corridor::http::{Listeners, ServerOptions, Service, api, serve};
use corridor::services::{Clock, Context, Error};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::support::database::Database;

pub const STARTUP: &str = "Tamar Flow";
pub const INVESTOR: &str = "Khazar Capital";

/// Who is on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Dana,
    Gul,
    Stranger,
    Curator,
    Compliance,
    SecondCompliance,
    Auditor,
}

const EVERYBODY: [Who; 7] = [
    Who::Dana,
    Who::Gul,
    Who::Stranger,
    Who::Curator,
    Who::Compliance,
    Who::SecondCompliance,
    Who::Auditor,
];

/// The server, with what stands in its store.
pub struct Stage {
    pub context: Context,
    pub base: String,
    pub startup: Organization,
    pub investor: Organization,
    pub profile: StartupProfile,
    pub mandate: Mandate,
    pub programme: Programme,
    users: Vec<User>,
    /// Who agreed for the firms that they are proposed, and left since.
    founder: User,
    sessions: Vec<SessionId>,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    home: tempfile::TempDir,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub etag: Option<String>,
    pub location: Option<String>,
    pub text: String,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        Self {
            status: response.status().as_u16(),
            etag: header("etag"),
            location: header("location"),
            text: response.text().await.unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The document of an answer that must have that status.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// The code of a problem that must have that status.
    pub fn code(self, status: u16) -> String {
        self.expect(status)["code"].as_str().unwrap().to_owned()
    }
}

pub fn of<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

impl Stage {
    /// The usual cast.
    pub async fn set(database: &Database) -> Self {
        Self::with_tag(database, "water_loss").await
    }

    /// The usual cast, the startup known by that tag.
    pub async fn with_tag(database: &Database, tag: &str) -> Self {
        Self::with(database, tag, |_| {}).await
    }

    /// The usual cast in a programme that was changed before it began.
    pub async fn with(
        database: &Database,
        tag: &str,
        change: impl FnOnce(&mut ProgrammeDetails),
    ) -> Self {
        let clock = Clock::set(of::<DateTime<Utc>>("2026-11-24T09:00:00Z"));
        Box::pin(Self::by(clock, database, tag, change)).await
    }

    /// The usual cast at that time.
    pub async fn at(database: &Database, instant: &str) -> Self {
        let clock = Clock::set(of::<DateTime<Utc>>(instant));
        Box::pin(Self::by(clock, database, "water_loss", |_| {})).await
    }

    /// The usual cast today, for another process on the same store.
    pub async fn today(database: &Database) -> Self {
        Box::pin(Self::by(Clock::System, database, "water_loss", |_| {})).await
    }

    /// Where the secret lies that other processes on the store need.
    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    async fn by(
        clock: Clock,
        database: &Database,
        tag: &str,
        change: impl FnOnce(&mut ProgrammeDetails),
    ) -> Self {
        let home = tempfile::tempdir().unwrap();
        let overrides = [
            ("data.dir".to_owned(), home.path().display().to_string()),
            ("auth.operator_totp".to_owned(), "off".to_owned()),
            ("mail.quiet_hours".to_owned(), "off".to_owned()),
        ];
        let config = Config::load(None, [], overrides).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let context = corridor::startup::context(&config, database.open(), clock, base.clone());
        let context = Box::pin(context).await.unwrap();
        corridor::startup::publish_pipelines(&context)
            .await
            .unwrap();
        let startup = organization(&context, OrganizationKind::Startup, STARTUP, "IL");
        let investor = organization(&context, OrganizationKind::Investor, INVESTOR, "AZ");
        let profile = profile(&context, &startup, tag);
        let mandate = mandate(&context, &investor, tag);
        let users = EVERYBODY.map(|who| user(&context, who)).to_vec();
        let founder = User {
            id: context.new_id(),
            email: of("founder@mail.example"),
            ..users[0].clone()
        };
        let sessions = users.iter().map(|_| context.new_id()).collect();
        let rules = context.db.read(db::rule_sets::list).await.unwrap();
        let mut programme = programme(&context, rules[0].id);
        change(&mut programme.details);
        let mut stage = Self {
            context,
            base,
            startup,
            investor,
            profile,
            mandate,
            programme,
            users,
            founder,
            sessions,
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            stop: None,
            home,
        };
        stage.fill().await;
        stage.stop = Some(start(&stage.context, listener));
        stage
    }

    /// Serves by another context, at another address.
    pub fn restart_with(&mut self, change: impl FnOnce(&mut Context)) {
        change(&mut self.context);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        self.base = format!("http://{}", listener.local_addr().unwrap());
        if let Some(stop) = self.stop.replace(start(&self.context, listener)) {
            let _ = stop.send(());
        }
    }

    /// Serves within other limits, at another address.
    pub fn restart_within(&mut self, change: impl FnOnce(&mut Limits)) {
        let mut limits = lenient();
        change(&mut limits);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        self.base = format!("http://{}", listener.local_addr().unwrap());
        let started = start_within(&self.context, listener, limits);
        if let Some(stop) = self.stop.replace(started) {
            let _ = stop.send(());
        }
    }

    async fn fill(&self) {
        let context = self.context.clone();
        let (startup, investor) = (self.startup.clone(), self.investor.clone());
        let (profile, mandate) = (self.profile.clone(), self.mandate.clone());
        let (programme, users) = (self.programme.clone(), self.users.clone());
        let (sessions, founder) = (self.sessions.clone(), self.founder.clone());
        let write = move |conn: &mut Conn| -> Result<(), Error> {
            let now = context.now();
            let operator = organization(&context, OrganizationKind::Operator, "Operator", "IL");
            let other = organization(&context, OrganizationKind::Investor, "Other Fund", "AZ");
            for firm in [&startup, &investor, &operator, &other] {
                db::organizations::insert(conn, firm)?;
            }
            for ((who, user), session) in EVERYBODY.iter().zip(&users).zip(sessions) {
                assert!(db::users::insert(conn, user, "no hash")?);
                db::sessions::insert(conn, &signed_in(session, user, now))?;
                let (firm, role) = match who {
                    Who::Dana => (startup.id, Role::Owner),
                    Who::Gul => (investor.id, Role::Owner),
                    Who::Stranger => (other.id, Role::Owner),
                    Who::Curator => (operator.id, Role::Curator),
                    Who::Compliance | Who::SecondCompliance => (operator.id, Role::Compliance),
                    Who::Auditor => (operator.id, Role::Auditor),
                };
                db::users::insert_membership(conn, user.id, firm, role, now)?;
            }
            assert!(db::users::insert(conn, &founder, "no hash")?);
            for firm in [&startup, &investor] {
                db::clearances::insert(conn, &clearance(&context, firm, users[4].id))?;
                db::consents::insert(conn, &proposable(&context, firm, founder.id))?;
            }
            db::startup_profiles::insert(conn, &profile)?;
            db::mandates::insert(conn, &mandate)?;
            db::programmes::insert(conn, &programme)?;
            db::programmes::admit_startup(conn, programme.id, profile.id, now)?;
            db::programmes::admit_mandate(conn, programme.id, mandate.id, now)?;
            Ok(())
        };
        self.context.db.write(write).await.unwrap();
    }

    pub fn user(&self, who: Who) -> &User {
        &self.users[EVERYBODY.iter().position(|known| *known == who).unwrap()]
    }

    pub fn token(&self, who: Who) -> String {
        let now = self.context.now();
        let place = EVERYBODY.iter().position(|known| *known == who).unwrap();
        let claims = Claims {
            session: Some(self.sessions[place].uuid()),
            subject: self.user(who).id.to_string(),
            client_id: "test".to_owned(),
            id: self.context.new_id::<Uuid>(),
            issued_at: now,
            expires_at: now + TimeDelta::minutes(10),
            scope: None,
        };
        self.context.tokens.issue(&claims).unwrap()
    }

    /// A request by nobody.
    pub fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub fn request(&self, who: Who, method: &str, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(self.token(who))
    }

    pub async fn get(&self, who: Who, path: &str) -> Answer {
        Answer::of(self.request(who, "GET", path).send().await.unwrap()).await
    }

    pub async fn post(&self, who: Who, path: &str, body: Value) -> Answer {
        let request = self.request(who, "POST", path).json(&body);
        Answer::of(request.send().await.unwrap()).await
    }

    /// Moves a record, on any version of it.
    pub async fn go(&self, who: Who, record: &str, body: Value) -> Answer {
        let path = format!("{record}/transitions");
        let request = self.request(who, "POST", &path).header("If-Match", "*");
        Answer::of(request.json(&body).send().await.unwrap()).await
    }

    /// Changes parts of a record, on any version of it.
    pub async fn edit(&self, who: Who, record: &str, patch: Value) -> Answer {
        let request = self
            .request(who, "PATCH", record)
            .header("If-Match", "*")
            .header("Content-Type", "application/merge-patch+json");
        Answer::of(request.body(patch.to_string()).send().await.unwrap()).await
    }

    /// Another startup like the first, ready to be matched; its profile.
    pub async fn another_startup(&self, name: &str) -> StartupProfile {
        let profile = self.startup_outside(name).await;
        let (context, programme) = (self.context.clone(), self.programme.id);
        let id = profile.id;
        let admit = move |conn: &mut Conn| {
            db::programmes::admit_startup(conn, programme, id, context.now())
        };
        self.context.db.write(admit).await.unwrap();
        profile
    }

    /// A curator admits a record to the programme.
    pub async fn admit(&self, body: Value) {
        let path = format!("/v1/programmes/{}/admissions", self.programme.id);
        let done = self.post(Who::Curator, &path, body).await;
        assert!(done.status < 300, "{}", done.text);
    }

    /// A startup like the first that no programme has admitted; its profile.
    pub async fn startup_outside(&self, name: &str) -> StartupProfile {
        let context = self.context.clone();
        let firm = organization(&context, OrganizationKind::Startup, name, "IL");
        let tag = self.profile.content.primary_tags.first().unwrap();
        let profile = profile(&context, &firm, tag.as_str());
        let owner = User {
            id: context.new_id(),
            email: of(&format!(
                "{}@mail.example",
                name.to_lowercase().replace(' ', ".")
            )),
            ..self.user(Who::Dana).clone()
        };
        let officer = self.user(Who::Compliance).id;
        let founder = self.founder.id;
        let made = profile.clone();
        let write = move |conn: &mut Conn| -> Result<(), Error> {
            let now = context.now();
            db::organizations::insert(conn, &firm)?;
            assert!(db::users::insert(conn, &owner, "no hash")?);
            db::users::insert_membership(conn, owner.id, firm.id, Role::Owner, now)?;
            db::clearances::insert(conn, &clearance(&context, &firm, officer))?;
            db::consents::insert(conn, &proposable(&context, &firm, founder))?;
            db::startup_profiles::insert(conn, &made)?;
            Ok(())
        };
        self.context.db.write(write).await.unwrap();
        profile
    }

    /// Another investor, admitted with a mandate that was changed; its mandate.
    pub async fn another_investor(
        &self,
        name: &str,
        change: impl FnOnce(&mut MandateContent),
    ) -> Mandate {
        let context = self.context.clone();
        let firm = organization(&context, OrganizationKind::Investor, name, "AZ");
        let tag = self.profile.content.primary_tags.first().unwrap();
        let mut mandate = mandate(&context, &firm, tag.as_str());
        change(&mut mandate.content);
        let programme = self.programme.id;
        let officer = self.user(Who::Compliance).id;
        let founder = self.founder.id;
        let made = mandate.clone();
        let write = move |conn: &mut Conn| -> Result<(), Error> {
            db::organizations::insert(conn, &firm)?;
            db::clearances::insert(conn, &clearance(&context, &firm, officer))?;
            db::consents::insert(conn, &proposable(&context, &firm, founder))?;
            db::mandates::insert(conn, &made)?;
            db::programmes::admit_mandate(conn, programme, made.id, context.now())?;
            Ok(())
        };
        self.context.db.write(write).await.unwrap();
        mandate
    }

    /// Brings a drafted programme as far as all its parties have signed its MoU;
    /// only `activate` is left.
    pub async fn sign_mou(&self, programme: &str) {
        let go = async |action: &str| {
            let body = json!({ "action": action });
            self.go(Who::Curator, programme, body).await.expect(200);
        };
        go("negotiate").await;
        let found = self.get(Who::Curator, programme).await.expect(200);
        let parties = found["parties"].as_array().unwrap().iter();
        let parties: Vec<_> = parties.map(|party| party["organization"].clone()).collect();
        let signatory = |party: &Value| json!({ "organization": party, "name": "Leyla" });
        let written = json!({
            "controlling_language": "en",
            "texts": { "en": "We agree.", "az": "Razıyıq." },
            "signatories": parties.iter().map(signatory).collect::<Vec<_>>(),
        });
        let request = self.request(Who::Curator, "PUT", &format!("{programme}/agreement"));
        let request = request.header("If-Match", "*").json(&written);
        Answer::of(request.send().await.unwrap()).await.expect(200);
        go("agree_text").await;
        go("start_signing").await;
        for party in parties {
            let signed = json!({
                "action": "sign", "organization": party, "level": "qualified",
                "signed_on": self.context.now().date_naive().to_string(),
                "evidence": "Archive 7",
            });
            let request = self.request(Who::Curator, "POST", &format!("{programme}/signings"));
            let request = request.header("If-Match", "*").json(&signed);
            Answer::of(request.send().await.unwrap()).await.expect(200);
        }
    }

    /// A partner firm of nobody on the stage.
    pub async fn partner(&self) -> OrganizationId {
        let firm = organization(&self.context, OrganizationKind::Partner, "Office", "IL");
        let id = firm.id;
        let checked = clearance(&self.context, &firm, self.user(Who::Compliance).id);
        let write = move |conn: &mut Conn| {
            db::organizations::insert(conn, &firm)?;
            db::clearances::insert(conn, &checked)
        };
        self.context.db.write(write).await.unwrap();
        id
    }

    /// A match on record; its path.
    pub async fn matched(&self) -> String {
        self.matched_with(&self.profile).await
    }

    /// A match of that profile with the mandate; its path.
    pub async fn matched_with(&self, profile: &StartupProfile) -> String {
        let body = json!({
            "programme": self.programme.id.to_string(),
            "startup_profile": profile.id.to_string(),
            "mandate": self.mandate.id.to_string(),
        });
        let made = self.post(Who::Curator, "/v1/matches", body).await;
        let location = made.location.clone();
        made.expect(201);
        location.unwrap()
    }

    /// A match that both sides see; its path.
    pub async fn released(&self) -> String {
        let matched = self.matched().await;
        let body = json!({"action": "release", "to": "both"});
        self.go(Who::Curator, &matched, body).await.expect(200);
        matched
    }

    pub async fn request_introduction(&self, who: Who, matched: &str, blurb: &str) -> Answer {
        let id = matched.rsplit('/').next().unwrap();
        let body = json!({"match": id, "blurb": blurb});
        self.post(who, "/v1/introductions", body).await
    }

    /// An introduction that somebody asked for; its path.
    pub async fn introduction(&self, who: Who) -> String {
        let matched = self.released().await;
        let made = self.request_introduction(who, &matched, BLURB).await;
        let location = made.location.clone();
        made.expect(201);
        location.unwrap()
    }

    /// The page of the open question of an introduction, as it is mailed.
    pub async fn question(&self, introduction: &str) -> String {
        let id = of(introduction.rsplit('/').next().unwrap());
        let asks = move |conn: &mut Conn| db::introductions::asks(conn, id);
        let asks = self.context.db.read(asks).await.unwrap();
        let ask = asks.last().unwrap();
        let token = LinkToken {
            ask: ask.id,
            expires_at: ask.expires_at,
        };
        format!("/consent/{}", self.context.links.mint(&token).unwrap())
    }

    /// Notes that an introduction's mail has gone out, which is the worker's
    /// part.
    pub async fn sent(&self, introduction: &str) {
        let id: IntroductionId = of(introduction.rsplit('/').next().unwrap());
        let sent = move |conn: &mut Conn| {
            let mut record = db::introductions::find(conn, id)?.unwrap();
            record.status = IntroductionStatus::Sent;
            record.version += 1;
            db::introductions::update(conn, &record)
        };
        assert!(self.context.db.write(sent).await.unwrap());
    }

    /// Gives the events their places, as the writer of SQLite does by itself
    /// and a worker does on PostgreSQL.
    pub async fn seal(&self) {
        let seal = |conn: &mut Conn| db::events::seal(conn, db::events::SEAL_BATCH);
        self.context.db.write(seal).await.unwrap();
    }

    /// Opens a page as a browser would.
    pub async fn open(&self, path: &str) -> Answer {
        Answer::of(self.bare("GET", path).send().await.unwrap()).await
    }

    /// Sends a page's form.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self
            .bare("POST", path)
            .header("Sec-Fetch-Site", "same-origin");
        Answer::of(request.form(fields).send().await.unwrap()).await
    }
}

pub const BLURB: &str = "Two pilots cut losses by a third; a partner in the region is sought.";

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The server may have ended by itself; the test says why.
            let _ = stop.send(());
        }
    }
}

fn lenient() -> Limits {
    Limits {
        rates: Rates::unlimited(),
        ..Limits::default()
    }
}

fn start(context: &Context, listener: TcpListener) -> oneshot::Sender<()> {
    start_within(context, listener, lenient())
}

fn start_within(context: &Context, listener: TcpListener, limits: Limits) -> oneshot::Sender<()> {
    let (stop, stopped) = oneshot::channel();
    let service = Service {
        state: Arc::new(context.clone()),
        routes: api::routes,
        readiness: Arc::new(|| Box::pin(async { true })),
    };
    let options = ServerOptions {
        workers: 2,
        keep_alive: Duration::from_secs(5),
        drain: Duration::from_secs(5),
        limits,
    };
    let listeners = Listeners {
        api: listener,
        metrics: None,
    };
    std::thread::spawn(move || {
        let stopped = async move {
            let _ = stopped.await;
        };
        actix_web::rt::System::new()
            .block_on(serve(listeners, options, service, stopped))
            .unwrap();
    });
    stop
}

/// A session that outlasts every test.
fn signed_in(id: SessionId, user: &User, now: DateTime<Utc>) -> Session {
    Session {
        id,
        user: user.id,
        second_factor: true,
        agent: None,
        address: None,
        created_at: now,
        last_used_at: now,
        expires_at: now + TimeDelta::days(3650),
        ended: None,
    }
}

pub fn organization(
    context: &Context,
    kind: OrganizationKind,
    name: &str,
    country: &str,
) -> Organization {
    Organization {
        id: context.new_id(),
        details: OrganizationDetails {
            kind,
            legal_name: of(&format!("{name} Ltd")),
            trade_name: Some(of(name)),
            names: BTreeMap::new(),
            country: Some(of(country)),
            website: None,
        },
        external_id: None,
        version: 1,
        created_at: context.now(),
        updated_at: context.now(),
    }
}

pub fn clearance(context: &Context, firm: &Organization, by: UserId) -> Clearance {
    Clearance {
        id: context.new_id(),
        organization: firm.id,
        verdict: ClearanceVerdict::Clear,
        basis: "Registry of companies".to_owned(),
        proof: None,
        source_of_funds: None,
        by,
        valid_to: context.now().date_naive() + Days::new(365),
        created_at: context.now(),
    }
}

/// That somebody who has left since agreed to have a firm proposed to others, for
/// longer than any test lasts.
pub fn proposable(context: &Context, firm: &Organization, by: UserId) -> ConsentReceipt {
    ConsentReceipt {
        id: context.new_id(),
        user: by,
        organization: firm.id,
        purpose: PROPOSALS,
        person_name: of("A Founder"),
        person_role: None,
        law: "other",
        text: "We agree.".to_owned(),
        language: of("en"),
        method: "own_act",
        given_at: context.now(),
        valid_to: context.now() + TimeDelta::days(10 * 365),
    }
}

fn user(context: &Context, who: Who) -> User {
    let name = format!("{who:?}").to_lowercase();
    let (language, zone) = match who {
        Who::Gul => ("az", chrono_tz::Asia::Baku),
        Who::Dana => ("he", chrono_tz::Asia::Jerusalem),
        _ => ("en", chrono_tz::UTC),
    };
    User {
        id: context.new_id(),
        email: of(&format!("{name}@mail.example")),
        name: of(&format!("Person {name}")),
        language: of(language),
        zone,
        version: 1,
        created_at: context.now(),
    }
}

pub fn profile(context: &Context, firm: &Organization, tag: &str) -> StartupProfile {
    let english = |text: &str| {
        let text = LocalText {
            text: text.to_owned(),
            state: TextState::Original,
        };
        [(of("en"), text)].into_iter().collect()
    };
    StartupProfile {
        id: context.new_id(),
        organization: firm.id,
        country: firm.details.country,
        content: StartupContent {
            one_liner: english("Finds leaks before they show."),
            summary: english("Listens to pipes at night and names the one to dig up."),
            stage: Some(values::Stage::Seed),
            controls: Some(ControlAnswers {
                defence_customers: false,
                dual_use: false,
                interception: false,
                intrusion: false,
                biometrics: false,
                licences: vec![],
                signed_by: of("Dana Levi"),
                signed_on: context.now().date_naive(),
            }),
            primary_tags: BTreeSet::from([of(tag)]),
            deal_intents: BTreeSet::from([of("pilot_poc")]),
            markets_wanted: BTreeSet::from([of("AZ")]),
            languages: BTreeSet::from([of("en")]),
            ..StartupContent::default()
        },
        status: ProfileStatus::Published,
        claimed: true,
        revision: 1,
        version: 1,
        published_at: Some(context.now()),
        reconfirm_by: Some(context.now().date_naive() + Days::new(90)),
        rejected_at: None,
        created_at: context.now(),
        updated_at: context.now(),
    }
}

pub fn mandate(context: &Context, firm: &Organization, tag: &str) -> Mandate {
    Mandate {
        id: context.new_id(),
        organization: firm.id,
        country: firm.details.country,
        content: MandateContent {
            title: Some(of("Water")),
            tags: BTreeMap::from([(of(tag), 3)]),
            deal_intents: BTreeSet::from([of("pilot_poc")]),
            languages: BTreeSet::from([of("en")]),
            capacity: Capacity::default(),
            ..MandateContent::default()
        },
        status: MandateStatus::Published,
        claimed: true,
        revision: 1,
        version: 1,
        published_at: Some(context.now()),
        reconfirm_by: Some(context.now().date_naive() + Days::new(180)),
        created_at: context.now(),
        updated_at: context.now(),
    }
}

fn programme(context: &Context, rule_set: corridor::domain::ids::RuleSetId) -> Programme {
    let today = context.now().date_naive();
    Programme {
        id: context.new_id(),
        details: ProgrammeDetails {
            slug: of("il-az"),
            title: of("Water bridge"),
            corridors: vec![Corridor {
                startup: of("IL"),
                investor: of("AZ"),
            }],
            scope_tags: vec![],
            parties: vec![],
            starts_on: today,
            ends_on: today + Days::new(365),
        },
        rule_set,
        status: ProgrammeStatus::Active,
        version: 1,
        created_at: context.now(),
        updated_at: context.now(),
    }
}
