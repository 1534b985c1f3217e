//! The real server in the test's process, over a database of the test's own,
//! at a time that the test sets.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use corridor::auth::hashing::Passwords;
use corridor::auth::password::{Cost, Hasher};
use corridor::config::{Config, OperatorTotp};
use corridor::http::limits::Limits;
use corridor::http::rate_limit::Rates;
use corridor::http::{self, Listeners, ServerOptions, Service};
use corridor::services::{Clock, Context};
use corridor::startup;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::client::Client;
use super::database::Database;

/// A running server; stopped when dropped.
pub struct App {
    /// What its use cases work on.
    pub context: Context,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    _data: TempDir,
}

/// The instant at which every test begins.
pub fn beginning() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().expect("an instant")
}

impl App {
    /// Starts a server over `database`.
    pub async fn start(database: &Database) -> Self {
        Self::start_with(database, OperatorTotp::Off, Rates::unlimited()).await
    }

    /// Starts a server that holds people to these rules.
    pub async fn start_with(
        database: &Database,
        operator_totp: OperatorTotp,
        rates: Rates,
    ) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut config = Config::load(None, std::iter::empty(), []).expect("the defaults");
        config.data.dir = data.path().to_owned();
        config.auth.operator_totp = operator_totp;
        let clock = Clock::set(beginning());
        let url = format!("http://{address}");
        let mut context = startup::context(&config, database.open(), clock, url)
            .await
            .expect("a context");
        startup::publish_pipelines(&context)
            .await
            .expect("pipelines");
        let hasher = Hasher::new(Cost::negligible_for_tests()).expect("a hasher");
        context.passwords = Passwords::new(hasher, 4, Duration::from_secs(30));
        let (stop, stopped) = oneshot::channel();
        let thread = serve(listener, context.clone(), rates, stopped);
        Self {
            context,
            address,
            stop: Some(stop),
            thread: Some(thread),
            _data: data,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Somebody who has not signed in.
    pub fn stranger(&self) -> Client {
        Client::new(self.address)
    }

    /// Writes what was counted to the log and gives every event its place, as
    /// the workers do.
    pub async fn seal(&self) {
        let counted = corridor::services::failures::write_due(&self.context);
        counted.await.expect("written");
        self.context.db.seal_pending().await.expect("sealed");
    }
}

fn serve(
    listener: TcpListener,
    context: Context,
    rates: Rates,
    stopped: oneshot::Receiver<()>,
) -> std::thread::JoinHandle<()> {
    let listeners = Listeners {
        api: listener,
        metrics: None,
    };
    let options = ServerOptions {
        workers: 1,
        keep_alive: Duration::from_secs(5),
        drain: Duration::from_secs(5),
        limits: Limits {
            rates,
            max_upload_bytes: 4 << 20,
            max_document_bytes: 1 << 20,
            ..Limits::default()
        },
    };
    let service = Service {
        state: Arc::new(context),
        routes: http::api::routes,
        readiness: Arc::new(|| Box::pin(async { true })),
    };
    let stop = async {
        let _ = stopped.await;
    };
    std::thread::spawn(move || {
        actix_web::rt::System::new()
            .block_on(http::serve(listeners, options, service, stop))
            .expect("served");
    })
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
