//! `corridor export`: lists, or everything of one firm, as a file or a pipe.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tokio::sync::mpsc;

use super::Failure;
use super::progress::Progress;
use crate::config::Config;
use crate::domain::account::{Membership, Role, User};
use crate::domain::export::{ExportFormat, ExportKind, Wanted};
use crate::domain::ids::OrganizationId;
use crate::domain::text::Language;
use crate::domain::values::OrganizationKind;
use crate::http::export::{Contacts, write};
use crate::services::{Caller, Clock, Context, Error, export_jobs};
use crate::startup::{context, open_existing_store};

/// Arguments of `corridor export`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ExportArgs {
    /// What the file is made of
    #[arg(long, value_enum)]
    pub kind: Kind,
    /// How it is written; everything of a firm comes as ndjson or, with the files of its documents, as zip
    #[arg(long, value_enum, default_value_t = Written::Ndjson)]
    pub format: Written,
    /// Where it goes; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
    /// For `organization`: the firm's id
    #[arg(long, value_name = "ID")]
    pub organization: Option<OrganizationId>,
    /// Only records that fit, by a query parameter of the list's route; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub filter: Vec<String>,
    /// Also name the contacts of firms that nobody has claimed
    #[arg(long)]
    pub contacts: bool,
}

const EXAMPLES: &str = "\
What startup-profiles, mandates and investor-profiles write can be imported again with `corridor import FILE`.
In CSV a text that a spreadsheet would run as a formula begins with an apostrophe; importing
takes it away.

Examples:
  corridor export --kind startup-profiles --format csv --out startups.csv
  corridor export --kind startup-profiles --filter status=published --filter country=IL | head
  corridor export --kind deals --format csv --filter status=open --out deals.csv
  corridor export --kind organization --organization ID --out everything.ndjson
  corridor export --kind organization --organization ID --format zip --out everything.zip
  corridor --data OLD export --kind mandates --contacts | corridor --data NEW import - --input ndjson

Exit codes: 0 done, 1 something broke, 2 the arguments or filters can't be meant.";

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Written {
    /// Comma-separated values with a header, UTF-8.
    Csv,
    /// A JSON object a line, UTF-8.
    Ndjson,
    /// An archive of the lines and the files of the documents that they name.
    Zip,
}

impl From<Written> for ExportFormat {
    fn from(written: Written) -> Self {
        match written {
            Written::Csv => Self::Csv,
            Written::Ndjson => Self::Ndjson,
            Written::Zip => Self::Zip,
        }
    }
}

/// What a file is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Everything of one firm.
    Organization,
    /// Startups with their profiles.
    StartupProfiles,
    /// Investors with their mandates.
    Mandates,
    /// Investors with what they say of themselves.
    InvestorProfiles,
    /// Matches on record.
    Matches,
    /// Introductions.
    Introductions,
    /// Deals.
    Deals,
    /// What partners handed in.
    Referrals,
    /// Firms.
    Organizations,
}

impl From<Kind> for ExportKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Organization => Self::Organization,
            Kind::StartupProfiles => Self::StartupProfiles,
            Kind::Mandates => Self::Mandates,
            Kind::InvestorProfiles => Self::InvestorProfiles,
            Kind::Matches => Self::Matches,
            Kind::Introductions => Self::Introductions,
            Kind::Deals => Self::Deals,
            Kind::Referrals => Self::Referrals,
            Kind::Organizations => Self::Organizations,
        }
    }
}

/// Runs the command, beside a running server or without one.
pub(super) async fn run(config: &Config, args: &ExportArgs) -> Result<(), Failure> {
    let wanted = wanted(args)?;
    let db = open_existing_store(config)?;
    let url = config.server.public_url_at(config.server.listen);
    let context = context(config, db, Clock::System, url).await?;
    let outcome = export(&context, args, wanted).await;
    context.db.clone().close().await;
    outcome
}

fn wanted(args: &ExportArgs) -> Result<Wanted, Failure> {
    let mut filters = form_urlencoded::Serializer::new(String::new());
    for filter in &args.filter {
        let (name, value) = filter
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--filter {filter}: NAME=VALUE is wanted")))?;
        filters.append_pair(name, value);
    }
    Ok(Wanted {
        kind: args.kind.into(),
        organization: args.organization,
        filters: filters.finish(),
        format: args.format.into(),
        wait: false,
    })
}

/// Somebody who reads all that the operator's people read, for the operator
/// where there is one: what they open of a firm's documents its people see.
async fn reader(context: &Context) -> Result<Caller, Failure> {
    let operator = export_jobs::operator(context).await?;
    let user = User {
        id: context.new_id(),
        email: "export@operator.invalid".parse().map_err(Failure::new)?,
        name: "Export".parse().map_err(Failure::new)?,
        language: Language::english(),
        zone: chrono_tz::UTC,
        version: 1,
        created_at: context.now(),
    };
    let part = Membership {
        organization: operator.unwrap_or_else(|| context.new_id()),
        kind: OrganizationKind::Operator,
        role: Role::Curator,
    };
    Ok(Caller::new(user, vec![part]))
}

async fn export(context: &Context, args: &ExportArgs, wanted: Wanted) -> Result<(), Failure> {
    let caller = reader(context).await?;
    let scribe = context.exchange.scribe.clone();
    let usage = |error| match error {
        Error::Invalid(faults) => {
            let said = faults
                .iter()
                .map(|it| format!("{}: {}", it.pointer, it.detail));
            Failure::usage(said.collect::<Vec<_>>().join("\n"))
        }
        Error::NotFound => Failure::usage("there is no such record"),
        other => other.into(),
    };
    scribe.check(context, &caller, &wanted).map_err(usage)?;
    let contacts = if args.contacts {
        Contacts::Named
    } else {
        Contacts::LeftOut
    };
    let (to, lines) = mpsc::channel(1024);
    let (kind, firm) = (wanted.kind, wanted.organization);
    let writing = tokio::spawn(write(context.clone(), caller.clone(), wanted, contacts, to));
    let mut out = Out::open(&args.out)?;
    match args.format {
        Written::Ndjson => out = spill(lines, out).await?,
        Written::Zip => {
            let folder = context.exchange.folder.clone();
            let spool = folder.begin(context.new_id()).map_err(Failure::new)?;
            let spool = spill(lines, spool).await?.finish().map_err(Failure::new)?;
            let archive = folder.begin(context.new_id()).map_err(Failure::new)?;
            let made = scribe.archive(context.clone(), caller, firm, spool, archive);
            let made = made.await.map_err(usage)?;
            let mut file = File::open(made.path()).map_err(Failure::new)?;
            if let Err(error) = io::copy(&mut file, &mut out)
                && error.kind() != io::ErrorKind::BrokenPipe
            {
                return Err(Failure::new(error));
            }
        }
        Written::Csv => {
            let folder = context.exchange.folder.clone();
            let spool = folder.begin(context.new_id()).map_err(Failure::new)?;
            let spool = spill(lines, spool).await?.finish().map_err(Failure::new)?;
            let tabulated = tokio::task::spawn_blocking(move || {
                scribe.tabulate(kind, spool.path(), &mut out)?;
                Ok::<_, io::Error>(out)
            });
            out = match tabulated.await.map_err(Failure::new)? {
                Ok(out) => out,
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(Failure::new(error)),
            };
        }
    }
    writing.await.map_err(Failure::new)?.map_err(usage)?;
    out.finish()
}

/// Writes lines as they come, and tells how many.
async fn spill<W: Write>(mut lines: mpsc::Receiver<Vec<u8>>, mut to: W) -> Result<W, Failure> {
    let mut bar = Progress::rows("Exporting", None);
    while let Some(line) = lines.recv().await {
        match to.write_all(&line) {
            Ok(()) => bar.step(),
            // Whoever reads only the first lines has seen what they wanted.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(error) => return Err(Failure::new(error)),
        }
    }
    bar.finish();
    Ok(to)
}

/// Where the file goes: a pipe, or a file that bears its name once it is
/// whole.
enum Out {
    Pipe(BufWriter<io::Stdout>),
    File {
        to: BufWriter<File>,
        part: PathBuf,
        path: PathBuf,
    },
}

impl Out {
    fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Self::Pipe(BufWriter::new(io::stdout())));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&part)
            .map_err(|error| Failure::new(format!("{}: {error}", part.display())))?;
        Ok(Self::File {
            to: BufWriter::new(file),
            part,
            path: path.to_owned(),
        })
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Pipe(mut pipe) => match pipe.flush() {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(error)),
                _ => Ok(()),
            },
            Self::File { to, part, path } => {
                let file = to.into_inner().map_err(Failure::new)?;
                file.sync_all().map_err(Failure::new)?;
                fs::rename(part, path).map_err(Failure::new)
            }
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Pipe(pipe) => pipe.write(bytes),
            Self::File { to, .. } => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Pipe(pipe) => pipe.flush(),
            Self::File { to, .. } => to.flush(),
        }
    }
}
