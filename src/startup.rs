//! The composition root: settings become a store, keys and a [`Context`]; a
//! listener, workers and a stop signal become a running service.

mod look;
mod mail;
mod vitals;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tracing::{info, warn};

use crate::auth::hashing::Passwords;
use crate::auth::keys::KeyRing;
use crate::auth::link::Links;
use crate::auth::password::{Cost, Hasher};
use crate::auth::return_path::ReturnPaths;
use crate::auth::secret::MasterSecret;
use crate::auth::token::Tokens;
use crate::config::{
    Config, OperatorTotp, QuietHours, calendars, pipeline, reasons, scoring, taxonomy,
};
use crate::db::{self, Db};
use crate::domain::country::InvalidCountry;
use crate::domain::organization::OrganizationDetails;
use crate::domain::text::TextFault;
use crate::domain::values::OrganizationKind;
use crate::http::drain::StopSignal;
use crate::http::limits::Limits;
use crate::http::origin::InvalidProxies;
use crate::http::rate_limit::Rates;
use crate::http::{self, Listeners, ServerOptions, Service};
use crate::jobs;
use crate::jobs::domains::Domains;
use crate::jobs::patience::Patience;
use crate::mail::{DkimKey, Mailer};
use crate::matching;
use crate::services::destinations::Destinations;
use crate::services::documents::vault::Vault;
use crate::services::files::Folder;
use crate::services::fitness::Fitness;
use crate::services::{
    Clock, Context, Documents, Exchange, Parts, Settings, deals, duplicates, mail_keys, pipelines,
    programmes, search, signing, tags,
};
use crate::telemetry::Metrics;

pub use look::{context_to_look, open_to_look};
pub use mail::mailer;

/// How long somebody who signs in waits for a turn at the password hasher.
const SIGN_IN_PATIENCE: Duration = Duration::from_secs(5);
/// For how long mail waits that a server doesn't take from us: the operator's
/// people see it, and a signature or an address takes days to mend.
const UNWANTED_KEPT: TimeDelta = TimeDelta::days(14);
/// How often it is looked whether the search lacks something.
const CATCH_UP_EVERY: Duration = Duration::from_mins(5);
/// What workers get to end even if running requests took all the time to drain.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Why the service could not start; the text says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    fn new(what: impl std::fmt::Display) -> Self {
        Self(what.to_string())
    }
}

/// Opens the store of these settings, bringing its schema up to date.
pub fn open_store(config: &Config) -> Result<Db, StartError> {
    make_directory(&config.data.dir)?;
    Db::open(store_options(config)?).map_err(StartError::new)
}

fn store_options(config: &Config) -> Result<db::Options, StartError> {
    let url = match &config.database.url {
        Some(url) => url.expose().parse().map_err(StartError::new)?,
        None => db::Url::sqlite(config.data.dir.join("corridor.db")),
    };
    Ok(db::Options {
        readers: config.database.readers as usize,
        connections: config.database.connections as usize,
        queue: config.database.write_queue,
        ..db::Options::new(url)
    })
}

/// [`open_store`] for commands that may begin one: that it did is said on
/// standard error, lest a mistyped place look like success.
pub fn open_or_begin_store(config: &Config) -> Result<Db, StartError> {
    let file = config.data.dir.join("corridor.db");
    let is_new = config.database.url.is_none() && !file.exists();
    let db = open_store(config)?;
    if is_new {
        eprintln!("There was no store at {}; this began one.", file.display());
    }
    Ok(db)
}

/// [`open_store`] for commands that have nothing to do in an empty store:
/// opening would make one at a mistyped place, and all would look well.
pub fn open_existing_store(config: &Config) -> Result<Db, StartError> {
    check_exists(config)?;
    open_store(config)
}

fn check_exists(config: &Config) -> Result<(), StartError> {
    let file = config.data.dir.join("corridor.db");
    if config.database.url.is_none() && !file.exists() {
        return Err(StartError(format!(
            "there is no store at {}: name the right place with --data, or start the service once to make it",
            file.display()
        )));
    }
    Ok(())
}

/// Makes a directory that nobody else on the machine may look into: stores and
/// mails hold what people said in confidence. One that exists stays as it is.
fn make_directory(dir: &Path) -> Result<(), StartError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| {
        StartError(format!(
            "{} can't be made: {error}; choose another place with --data, or give this user the right to write there",
            dir.display()
        ))
    })
}

/// Puts together everything that use cases need. `public_url` is where people
/// reach the service; links and tokens name it.
///
/// # Errors
/// A store, key or file that can't be used.
pub async fn context(
    config: &Config,
    db: Db,
    clock: Clock,
    public_url: String,
) -> Result<Context, StartError> {
    let secret = master_secret(config, &db).await?;
    let lifetime = token_lifetime(config);
    let keys = signing::load(&db, &secret.sealer(), lifetime, clock.now()).await;
    let keys = keys.map_err(StartError::new)?;
    let context = assembled(config, db, clock, public_url, (&secret, keys))?;
    tags::open(&context).await.map_err(StartError::new)?;
    publish_rules(&context).await?;
    let screened = deals::screen_old(&context).await;
    screened.map_err(StartError::new)?;
    Ok(context)
}

/// Puts the pipelines that came with the program on record, for a service that
/// deals are opened in. A command that runs beside it, perhaps of another version,
/// leaves them alone.
///
/// # Errors
/// The store can't be written.
pub async fn publish_pipelines(context: &Context) -> Result<(), StartError> {
    let published = pipelines::publish_shipped(context).await;
    published.map_err(StartError::new)
}

fn token_lifetime(config: &Config) -> TimeDelta {
    TimeDelta::seconds(i64::from(config.auth.access_token_s))
}

/// The context of these parts; nothing is written.
fn assembled(
    config: &Config,
    db: Db,
    clock: Clock,
    public_url: String,
    (secret, keys): (&MasterSecret, KeyRing),
) -> Result<Context, StartError> {
    let settings = settings(config, public_url.clone())?;
    let tokens = Tokens::new(
        keys,
        public_url.clone(),
        public_url.clone(),
        Duration::from_secs(u64::from(config.auth.leeway_s)),
    );
    let cost = Cost::new(
        config.auth.argon2_memory_kib,
        config.auth.argon2_iterations,
        config.auth.argon2_parallelism,
    )
    .map_err(StartError::new)?;
    let hasher = Hasher::new(cost).map_err(StartError::new)?;
    let taxonomy = shipped("taxonomy.toml", taxonomy::parse(taxonomy::DEFAULT))?;
    let exchange = exchange(config);
    let documents = documents(config);
    Ok(Context::from(Parts {
        db,
        clock,
        taxonomy,
        exchange,
        documents,
        calendars: shipped("calendars.toml", calendars::parse(calendars::DEFAULT))?.calendars,
        pipelines: shipped("pipeline.toml", pipeline::parse(pipeline::DEFAULT))?,
        wording: shipped("reasons.toml", reasons::parse(reasons::DEFAULT))?,
        passwords: Passwords::new(hasher, config.auth.login_concurrency, SIGN_IN_PATIENCE),
        tokens,
        links: Links::new(secret.link_key()),
        return_paths: return_paths(config, secret)?,
        sealer: secret.sealer(),
        cursor_key: secret.cursor_key().sign(b"pages").to_vec(),
        settings,
    }))
}

/// What passes through as files.
fn exchange(config: &Config) -> Exchange {
    let settings = &config.exchange;
    let folder = settings.dir.clone();
    Exchange {
        folder: Folder::at(folder.unwrap_or_else(|| config.data.dir.join("exchange"))),
        open_rows: http::files::reader(),
        scribe: Arc::new(http::export::Views),
        fetch: TimeDelta::seconds(i64::from(settings.fetch_s)),
        lease: TimeDelta::seconds(i64::from(settings.lease_s)),
    }
}

/// Where documents lie.
fn documents(config: &Config) -> Documents {
    let settings = &config.documents;
    let folder = settings.dir.clone();
    Documents {
        vault: Vault::at(folder.unwrap_or_else(|| config.data.dir.join("documents"))),
        quota: settings.quota_bytes,
    }
}

/// Where mail comes back to.
fn return_paths(config: &Config, secret: &MasterSecret) -> Result<ReturnPaths, StartError> {
    let mail = &config.mail;
    let address = mail.bounces.as_deref().unwrap_or(&mail.from);
    ReturnPaths::new(secret.return_path_key(), address)
        .map_err(|error| StartError(format!("mail.bounces: {error}")))
}

fn shipped<T>(name: &str, parsed: Result<T, String>) -> Result<T, StartError> {
    parsed.map_err(|error| StartError(format!("{name}: {error}")))
}

fn settings(config: &Config, public_url: String) -> Result<Settings, StartError> {
    let mail_domain = config
        .mail
        .from
        .rsplit_once('@')
        .map_or("localhost", |(_, domain)| domain);
    let named = |key: &str, error: &dyn std::fmt::Display| StartError(format!("{key}: {error}"));
    let operator = OrganizationDetails {
        kind: OrganizationKind::Operator,
        legal_name: (config.operator.name.parse())
            .map_err(|error: TextFault| named("operator.name", &error))?,
        trade_name: None,
        names: BTreeMap::new(),
        country: (config.operator.country.parse())
            .map(Some)
            .map_err(|error: InvalidCountry| named("operator.country", &error))?,
        website: None,
    };
    Ok(Settings {
        operator,
        access_token: token_lifetime(config),
        refresh_token: TimeDelta::seconds(i64::from(config.auth.refresh_token_s)),
        session: TimeDelta::seconds(i64::from(config.auth.session_s)),
        operator_second_factor: config.auth.operator_totp == OperatorTotp::Required,
        ask_contacts: config.claims.ask_contacts,
        partner_asks: config.claims.partner_asks_per_day,
        review_working_days: config.reviews.working_days,
        ask_working_days: config.introductions.ask_working_days,
        cool_down_days: config.introductions.cool_down_days,
        ask_again_days: config.introductions.ask_again_days,
        open_requests: config.introductions.open_requests,
        weekly_requests: config.introductions.weekly_requests,
        mail_domain: mail_domain.to_owned(),
        quiet_hours: config.mail.quiet_hours == QuietHours::On,
        soft_bounces: i64::from(config.mail.soft_bounces),
        soft_bounce_window: TimeDelta::days(i64::from(config.mail.soft_bounce_days)),
        bodies_kept: TimeDelta::days(i64::from(config.mail.bodies_kept_days)),
        bounces_kept: TimeDelta::days(i64::from(config.mail.bounces_kept_days)),
        public_url,
        destinations: destinations(config),
    })
}

/// Where mails lead to what has no page here.
pub(crate) fn destinations(config: &Config) -> Destinations {
    let links = &config.links;
    Destinations {
        record: links.record.clone(),
        worklist: links.worklist.clone(),
        sign_in: links.sign_in.clone(),
    }
}

/// The configured secret, or the one in the data directory, made at the first
/// start. Where a store has sealed keys already, a new one would open none of
/// them, and only hide that theirs is lost.
async fn master_secret(config: &Config, db: &Db) -> Result<MasterSecret, StartError> {
    let sealed = signing::has_keys(db).await.map_err(StartError::new)?;
    if sealed || config.secrets.key.is_some() {
        return look::secret_on_record(config);
    }
    MasterSecret::load_or_create(&config.data.dir.join("secret.key")).map_err(StartError::new)
}

/// Puts the shipped rule set on record, unless one with this content is.
async fn publish_rules(context: &Context) -> Result<(), StartError> {
    let rules = shipped(
        "scoring.toml",
        scoring::parse(scoring::DEFAULT, context.new_id()),
    )?;
    matching::rules::validate(&rules, &context.taxonomy()).map_err(|faults| {
        let faults: Vec<String> = faults
            .into_vec()
            .into_iter()
            .map(|fault| format!("{}: {}", fault.pointer, fault.detail))
            .collect();
        StartError(format!("scoring.toml: {}", faults.join("; ")))
    })?;
    programmes::publish_rule_set(context, rules)
        .await
        .map(drop)
        .map_err(StartError::new)
}

/// Binds the address on which the service listens.
pub fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there; choose another with --listen, or port 0 for any free one"
            }
            io::ErrorKind::PermissionDenied => "this user may not listen there; choose a port above 1023",
            _ => "choose another with --listen",
        };
        StartError(format!("can't listen on {address}: {error}; {hint}"))
    })
}

/// The keys that sign mail, ready to be used.
async fn dkim_keys(context: &Context) -> Result<Vec<Arc<DkimKey>>, StartError> {
    let keys = mail_keys::all(context).await.map_err(StartError::new)?;
    keys.iter()
        .map(|key| DkimKey::new(&key.domain, &key.selector, &key.pkcs8).map(Arc::new))
        .collect::<Result<_, _>>()
        .map_err(StartError::new)
}

/// A service that is ready to run.
pub struct Corridor {
    /// What use cases need.
    pub context: Context,
    listener: TcpListener,
    metrics: Option<(TcpListener, Metrics)>,
    options: ServerOptions,
    mailer: Mailer,
    jobs: jobs::Options,
}

impl Corridor {
    /// Binds and opens the store; nothing is served or sent yet.
    ///
    /// # Errors
    /// A busy port, a store or mail settings that can't be used.
    pub async fn prepare(config: &Config) -> Result<Self, StartError> {
        let listener = bind(config.server.listen)?;
        let bound = listener.local_addr().map_err(StartError::new)?;
        let metrics = match config.server.metrics_listen {
            Some(address) => Some((bind(address)?, Metrics::install().map_err(StartError::new)?)),
            None => None,
        };
        let db = open_store(config)?;
        let public_url = config.server.public_url_at(bound);
        let mut context = context(config, db, Clock::System, public_url).await?;
        publish_pipelines(&context).await?;
        context.passwords = context.passwords.behind_readers();
        fill_index(&context).await?;
        let mailer = mailer(config)?;
        let jobs = jobs::Options {
            dkim: dkim_keys(&context).await?,
            ..jobs_options(config)
        };
        Ok(Self {
            context,
            listener,
            metrics,
            options: server_options(config)?,
            mailer,
            jobs,
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The address on which `/metrics` is served, if it is.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        let (listener, _) = self.metrics.as_ref()?;
        listener.local_addr().ok()
    }

    /// Starts the workers and serves until the stop signal: then running
    /// requests and jobs get the time to drain to end, and the store is closed.
    pub async fn run(self, stop: StopSignal) -> Result<(), StartError> {
        let Self {
            context,
            listener,
            metrics,
            options,
            mailer,
            jobs: jobs_options,
        } = self;
        let workers = jobs::start(&context, mailer, &jobs_options);
        let indexing = tokio::spawn(index_words(context.clone()));
        let fitness = Arc::new(Fitness::of(&context));
        let readiness = Arc::new(
            move || -> std::pin::Pin<Box<dyn Future<Output = bool> + Send>> {
                let fitness = Arc::clone(&fitness);
                Box::pin(async move { fitness.is_ready().await })
            },
        );
        let metrics =
            metrics.map(|(listener, metrics)| (listener, vitals::page(metrics, context.clone())));
        let service = Service {
            state: Arc::new(context.clone()),
            routes: http::api::routes,
            readiness,
        };
        let listeners = Listeners {
            api: listener,
            metrics,
        };
        let asked_to_stop = OnceCell::new();
        let stop = async {
            stop.received().await;
            asked_to_stop.get_or_init(Instant::now);
        };
        let served = http::serve(listeners, options, service, stop).await;
        let spent = asked_to_stop.get().map_or(Duration::ZERO, Instant::elapsed);
        let left = options.drain.saturating_sub(spent);
        // Until it has let go of the store, the store can't be closed.
        indexing.abort();
        let _ = indexing.await;
        workers.stop(left.max(LAST_MOMENT)).await;
        context.db.clone().close().await;
        info!("stopped");
        served.map_err(StartError::new)
    }
}

/// Fills the match index before anybody asks, and says how far it is.
async fn fill_index(context: &Context) -> Result<(), StartError> {
    let begin = Instant::now();
    let index = Arc::clone(&context.index);
    let filling = context
        .db
        .read(move |conn| index.follow(conn, |records| info!(records, "filling the match index")));
    filling.await.map_err(StartError::new)?;
    let (mandates, startups) = context.index.len();
    let ms = begin.elapsed().as_millis();
    info!(mandates, startups, ms, "the match index is filled");
    Ok(())
}

/// Indexes what the search lacks while the service serves already: nobody
/// waits for it. It looks again from time to time, since in a rolling update
/// nodes of the older version go on writing what they know.
async fn index_words(context: Context) {
    loop {
        if let Err(error) = search::catch_up(&context).await {
            warn!(%error, "the search does not find everything yet");
        }
        if let Err(error) = duplicates::catch_up(&context).await {
            warn!(%error, "not all duplicates are found yet");
        }
        tokio::time::sleep(CATCH_UP_EVERY).await;
    }
}

fn server_options(config: &Config) -> Result<ServerOptions, StartError> {
    let (server, rates) = (&config.server, &config.limits);
    Ok(ServerOptions {
        workers: server.workers,
        keep_alive: Duration::from_secs(server.keep_alive_s),
        drain: Duration::from_secs(server.drain_s),
        limits: Limits {
            max_body_bytes: server.max_body_bytes,
            max_json_depth: server.max_json_depth,
            max_upload_bytes: config.exchange.max_upload_bytes,
            upload_timeout_s: config.exchange.upload_timeout_s,
            max_document_bytes: config.documents.max_bytes,
            document_timeout_s: config.documents.upload_timeout_s,
            header_timeout: Duration::from_secs(server.header_timeout_s),
            body_timeout: Duration::from_secs(server.body_timeout_s),
            request_timeout: Duration::from_secs(server.request_timeout_s),
            rates: Rates {
                principal: rates.principal_per_minute,
                address: rates.address_per_minute,
                sign_in: rates.sign_in_per_minute,
                registration: rates.registration_per_minute,
                reset: rates.reset_per_minute,
                token: rates.token_per_minute,
                link: rates.link_per_minute,
            },
            trusted_proxies: rates
                .trusted_proxies
                .parse()
                .map_err(|error: InvalidProxies| {
                    StartError(format!("limits.trusted_proxies {error}"))
                })?,
        },
    })
}

/// How the workers work by these settings.
pub fn jobs_options(config: &Config) -> jobs::Options {
    let outbox = &config.outbox;
    jobs::Options {
        senders: outbox.workers,
        lease: TimeDelta::seconds(i64::from(outbox.lease_s)),
        batch: usize::try_from(outbox.batch).unwrap_or(16),
        at_once: usize::try_from(outbox.at_once).unwrap_or(1),
        doubts: outbox.most_doubts,
        patience: Patience {
            attempts: outbox.max_attempts,
            quick: outbox.quick_attempts,
            quick_base: TimeDelta::seconds(i64::from(outbox.backoff_base_s)),
            slow_base: TimeDelta::seconds(i64::from(outbox.slow_base_s)),
            cap: TimeDelta::seconds(i64::from(outbox.backoff_cap_s)),
            unwanted: UNWANTED_KEPT,
        },
        domains: Domains::new(usize::try_from(outbox.per_domain).unwrap_or(1)),
        from_address: config.mail.from.clone(),
        from_name: config.mail.from_name.clone(),
        dkim: vec![],
    }
}
