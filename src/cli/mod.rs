//! Commands. `main` hands the arguments over; everything else about them is
//! here: what there is, what it needs, how it ends.

/// Prints a line to standard output, as [`print`] does.
macro_rules! say {
    ($($said:tt)*) => {
        $crate::cli::print(&format!("{}\n", format_args!($($said)*)))
    };
}

mod admin;
pub mod backtest;
pub mod bench;
mod bounces;
mod demo;
mod doctor;
pub mod export;
pub mod import;
mod keys;
mod mail;
mod progress;
pub mod rates;
mod rematch;
mod rules;
mod serve;

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::services::Error;
use crate::startup::StartError;
use crate::{http, telemetry};

/// Startup–investor matchmaking under a programme: explained matches,
/// introductions by double opt-in, deals tracked stage by stage.
///
/// Without a command it serves. To try it, run `corridor demo`.
#[derive(Debug, Parser)]
#[command(name = "corridor", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    serving: ServingArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// How every command ends; the README says the same.
const EXIT_CODES: &str = "\
Exit codes:
  0  done, and nothing to complain of
  1  something broke, was refused, or needs attention
  2  the arguments, settings or mapping can't be meant
  3  the file, or rows or lines of it, are bad";

/// What every command that opens the store takes.
#[derive(Debug, Clone, Args)]
struct StoreArgs {
    /// Settings in a TOML file; see config/default.toml for every key. Each can
    /// also be set in the environment, as `CORRIDOR__SECTION__KEY`.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the database, mail files and keys [default: corridor-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Database: `sqlite:PATH` or `postgres://…` [default: corridor.db in the data directory]
    #[arg(long, global = true, value_name = "URL", hide_env_values = true)]
    database: Option<String>,
}

/// What commands that serve take.
#[derive(Debug, Clone, Args)]
struct ServingArgs {
    /// Address of the API and pages; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Address of /metrics [default: off]
    #[arg(long, value_name = "ADDR:PORT")]
    metrics_listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the pages (what happens without a command)
    Serve {
        #[command(flatten)]
        serving: ServingArgs,
    },
    /// Build a corridor of invented firms, print a tour and serve it
    Demo {
        #[command(flatten)]
        serving: ServingArgs,
        #[command(flatten)]
        demo: demo::DemoArgs,
    },
    /// Accounts of the operator's people
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// The keys that sign access tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Import firms from a file of Corridor's own form, or from CSV files of another system
    Import(import::ImportArgs),
    /// Export lists, or everything of one firm, as CSV or NDJSON
    Export(export::ExportArgs),
    /// Rank the investors of past deals and measure how many real ones stand at the top
    Backtest(backtest::BacktestArgs),
    /// Rule sets as files: learn one from past deals
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// What money is worth: read the central banks' files, show what is on record
    #[command(subcommand)]
    Rates(rates::RatesCommand),
    /// Match everything of a programme again, as after a change of rules
    Rematch(rematch::RematchArgs),
    /// Read the mailbox that undelivered mail comes back to
    Bounces(bounces::BouncesArgs),
    /// What the mails look like
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Check store, log, queue and settings, and say what to do
    Doctor(doctor::DoctorArgs),
    /// Measure the matching engine on this machine, make files to measure imports with
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Print the API's contract (OpenAPI 3.1, YAML)
    Openapi,
}

/// A command failed; its text is for the person at the terminal.
#[derive(Debug)]
pub struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    fn new(text: impl Display) -> Self {
        Self {
            text: text.to_string(),
            code: 1,
        }
    }

    fn usage(text: impl Display) -> Self {
        Self {
            text: text.to_string(),
            code: 2,
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::new(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => Self::new(refusal.detail),
            Error::Invalid(faults) => {
                let lines: Vec<String> = faults
                    .iter()
                    .map(|fault| format!("{}: {}", fault.pointer, fault.detail))
                    .collect();
                Self::new(lines.join("\n"))
            }
            Error::Internal(cause) => Self::new(format!("something broke: {cause}")),
            other => Self::new(other),
        }
    }
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { text, code }) => {
            eprintln!("corridor: {text}");
            ExitCode::from(code)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments {
        store,
        serving: top,
        command,
    } = arguments;
    match command {
        None => serving(&store, &[&top], |config| async move {
            serve::run(&config).await
        }),
        Some(Command::Serve { serving: own }) => {
            serving(&store, &[&top, &own], |config| async move {
                serve::run(&config).await
            })
        }
        Some(Command::Demo { serving: own, demo }) => {
            serving(&store, &[&top, &own], |config| async move {
                Box::pin(demo::run(&config, &demo)).await
            })
        }
        Some(other) => {
            if top.listen.is_some() || top.metrics_listen.is_some() {
                return Err(Failure::usage(
                    "--listen and --metrics-listen are for commands that serve",
                ));
            }
            match other {
                Command::Openapi => openapi(),
                Command::Backtest(args) => backtest::run(&args),
                Command::Rules(command) => rules::run(command, &|dir| {
                    let mut store = store.clone();
                    store.data = dir.map(Path::to_owned).or(store.data);
                    load(&store, &[])
                }),
                Command::Bench(command) => bench::run(&command),
                Command::Doctor(args) => {
                    let config = load(&store, &[])?;
                    block_on(doctor::run(&config, &args))
                }
                Command::Import(args) => {
                    let config = load(&store, &[])?;
                    block_on(import::run(&config, &args))
                }
                Command::Export(args) => {
                    let config = load(&store, &[])?;
                    block_on(export::run(&config, &args))
                }
                Command::Rates(command) => {
                    let config = load(&store, &[])?;
                    block_on(rates::run(&config, command))
                }
                Command::Rematch(args) => {
                    let config = load(&store, &[])?;
                    block_on(rematch::run(&config, &args))
                }
                Command::Mail(command) => {
                    let config = load(&store, &[])?;
                    mail::run(&config, &command)
                }
                Command::Bounces(args) => {
                    let config = load(&store, &[])?;
                    block_on(bounces::run(&config, &args))
                }
                Command::Keys(command) => {
                    let config = load(&store, &[])?;
                    block_on(keys::run(&config, command))
                }
                Command::Admin(command) => {
                    let config = load(&store, &[])?;
                    block_on(admin::run(&config, command))
                }
                Command::Serve { .. } | Command::Demo { .. } => Ok(()),
            }
        }
    }
}

/// Loads the settings, starts logging and runs a command that serves.
fn serving<F, R>(store: &StoreArgs, serving: &[&ServingArgs], command: F) -> Result<(), Failure>
where
    F: FnOnce(Config) -> R,
    R: Future<Output = Result<(), Failure>>,
{
    let config = load(store, serving)?;
    telemetry::install_logging(&config.log).map_err(Failure::new)?;
    block_on(command(config))
}

/// The settings: defaults, file, environment, then flags; a later flag wins.
fn load(store: &StoreArgs, serving: &[&ServingArgs]) -> Result<Config, Failure> {
    let mut flags = vec![];
    if let Some(data) = &store.data {
        flags.push(("data.dir".to_owned(), data.display().to_string()));
    }
    if let Some(url) = &store.database {
        flags.push(("database.url".to_owned(), url.clone()));
    }
    for args in serving {
        if let Some(listen) = args.listen {
            flags.push(("server.listen".to_owned(), listen.to_string()));
        }
        if let Some(listen) = args.metrics_listen {
            flags.push(("server.metrics_listen".to_owned(), listen.to_string()));
        }
    }
    Config::load(store.config.as_deref(), std::env::vars(), flags)
        .map_err(|error| Failure::usage(error.to_string()))
}

/// Runs a command on the runtime that the server also needs.
fn block_on<F: Future<Output = Result<(), Failure>>>(command: F) -> Result<(), Failure> {
    actix_web::rt::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap_or_else(|error| panic!("no threads can be started: {error}"))
    })
    .block_on(command)
}

/// Writes a result to standard output.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever reads only the first lines has seen what they wanted.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(error)),
        _ => Ok(()),
    }
}

fn openapi() -> Result<(), Failure> {
    let document = http::openapi::document(http::api::routes);
    let yaml = http::openapi::to_yaml(&document).map_err(Failure::new)?;
    print(&yaml)
}
