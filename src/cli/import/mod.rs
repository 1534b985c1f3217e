//! `corridor import`: a file in Corridor's own form (see `own`), or the files
//! of another system, which become startups, investors and, from past deals,
//! mandates.
//!
//! Every file is read three times, a row at a time: first all rows of all files
//! are checked, then, when none is bad (or `--keep-good` is given), each file is
//! tried and then written in batches. However long it is, in memory are two
//! batches of it, a hash of each id, to find duplicates, and where past deals
//! are given what the derivation of mandates needs.

pub(super) mod cells;
mod fates;
mod look;
mod own;
mod portfolio;
mod report;
mod rows;
mod table;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::config::Config;
use crate::config::import_mapping::{self, InvestorField, StartupField};
use crate::domain::ids::OrganizationId;
use crate::domain::import::FileFormat;
use crate::domain::programme::Programme;
use crate::domain::text::Slug;
use crate::services::imports::{
    self, Fate, Line as Row, NewInvestor, NewStartup, Pass, Tally, Terms,
};
use crate::services::{Clock, Context, Error};
use crate::startup::{context, open_existing_store, open_or_begin_store};

use super::Failure;
use super::progress::Progress;
use fates::{Fates, Places};
use look::Looked;
use portfolio::Portfolios;
use report::most_used;
pub use report::{BadRow, FileReport, Report, UnmappedTag};
pub use rows::RowFault;
use rows::{Checked, Ids, Rules, investor, startup};
use table::Table;
pub use table::TableError;

/// Arguments of `corridor import`.
#[derive(Debug, Clone, Default, Args)]
#[command(
    after_long_help = EXAMPLES,
    group(clap::ArgGroup::new("what").required(true).args(["file", "startups"]))
)]
pub struct ImportArgs {
    /// A file in Corridor's own form, as `corridor export` writes it; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How FILE is written [default: by its ending, .csv, .ndjson or .jsonl]
    #[arg(long, value_enum, requires = "file")]
    pub input: Option<Input>,
    /// The rows of FILE are that partner's referrals, with all that holds for them
    #[arg(long, value_name = "ID", requires = "file")]
    pub partner: Option<OrganizationId>,
    /// Startups of another system (CSV with a header, UTF-8)
    #[arg(long, value_name = "FILE", requires = "investors")]
    pub startups: Option<PathBuf>,
    /// Investors of another system (CSV with a header, UTF-8)
    #[arg(long, value_name = "FILE", requires = "startups")]
    pub investors: Option<PathBuf>,
    /// Past deals, from which mandates are derived (CSV with a header, UTF-8)
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub investments: Option<PathBuf>,
    /// How columns, stages and tags become ours [default: config/import-crunchbase.toml, built in]
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub mapping: Option<PathBuf>,
    /// Publish the records and admit them to this programme; without it they are drafts
    #[arg(long, value_name = "SLUG")]
    pub programme: Option<Slug>,
    /// Mail no contact of the files a link to stand behind their record, though the settings allow it
    #[arg(long)]
    pub no_claim_mails: bool,
    /// Do everything but write
    #[arg(long)]
    pub dry_run: bool,
    /// Write the good rows although others are bad
    #[arg(long)]
    pub keep_good: bool,
    /// Write what became of every row, or would become of it, to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

const EXAMPLES: &str = "\
A row of FILE is a firm with its contact and its profile or mandate: in NDJSON the document
that POST /v1/referrals takes, in CSV a column for each path in it, such as
organization.legal_name, startup_profile.one_liner.en, startup_profile.primary_tags (with |
between) or mandate.tags (water:3|energy:1). external_id, organization.kind and
organization.legal_name are needed. All rows are checked before the first is written, and the
same file again changes nothing.

Examples:
  corridor import startups.csv --dry-run --report rows.ndjson
  corridor import firms.ndjson --programme az-il-2026 --keep-good
  corridor import referrals.csv --partner ID --no-claim-mails
  corridor --data OLD export --kind mandates --contacts | corridor --data NEW import - --input ndjson
  corridor import --startups s.csv --investors i.csv --mapping mapping.toml

Exit codes: 0 every row was good, 1 something broke, 2 the arguments or the mapping can't be
meant, 3 the file or rows of it are bad (nothing was written, unless --keep-good).";

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Input {
    /// Comma-separated values with a header, UTF-8.
    Csv,
    /// A JSON object a line, UTF-8.
    Ndjson,
}

impl From<Input> for FileFormat {
    fn from(input: Input) -> Self {
        match input {
            Input::Csv => Self::Csv,
            Input::Ndjson => Self::Ndjson,
        }
    }
}

/// How a summary is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// Why an import came to no report; unless it says otherwise nothing was written
/// of the file at hand.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The mapping or an argument can't be used.
    #[error("{0}")]
    Usage(String),
    /// A file can't be taken as a whole.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The report of the rows can't be written.
    #[error("the report can't be written: {0}")]
    Report(#[source] io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The store failed when some rows were on record.
    #[error(
        "{error}; the first {written} rows of {file} are on record, and the same files again go on"
    )]
    Halfway {
        /// The file.
        file: String,
        /// Its rows that are on record.
        written: u64,
        /// Why it went no further.
        #[source]
        error: Error,
    },
}

/// Runs the command: exit code 0 when all is well, 2 for arguments and
/// mapping, 3 for bad input, 1 for anything else.
pub(super) async fn run(config: &Config, args: &ImportArgs) -> Result<(), Failure> {
    if let Some(file) = &args.file {
        return own::run(config, args, file).await;
    }
    // What is only tried must not make a store.
    let db = if args.dry_run {
        open_existing_store(config)?
    } else {
        open_or_begin_store(config)?
    };
    let url = config.server.public_url_at(config.server.listen);
    let context = context(config, db, Clock::System, url).await?;
    let outcome = Box::pin(import(&context, args)).await;
    context.db.clone().close().await;
    let report = outcome.map_err(failure)?;
    for row in &report.bad_rows {
        eprintln!("{row}");
    }
    let text = match args.format {
        Format::Table => report.to_string(),
        Format::Json => serde_json::to_string_pretty(&report).map_err(Failure::new)? + "\n",
    };
    super::print(&text)?;
    match report.bad {
        0 => Ok(()),
        bad => Err(Failure {
            text: bad_summary(bad, report.bad_rows.len(), args),
            code: 3,
        }),
    }
}

fn bad_summary(bad: u64, shown: usize, args: &ImportArgs) -> String {
    let all = match &args.report {
        Some(path) => format!("all are in {}", path.display()),
        None if u64::try_from(shown).is_ok_and(|shown| shown < bad) => {
            format!("the first {shown} are shown; --report FILE writes all")
        }
        None => "all are shown".to_owned(),
    };
    let fate = if args.keep_good {
        "left out"
    } else {
        "nothing was written; --keep-good leaves them out"
    };
    format!("{bad} bad rows ({all}); {fate}")
}

fn failure(error: ImportError) -> Failure {
    let code = match &error {
        ImportError::Usage(_) => 2,
        ImportError::Table(TableError::Form { .. }) => 3,
        ImportError::Table(TableError::Read { .. })
        | ImportError::Report(_)
        | ImportError::Store(_)
        | ImportError::Halfway { .. } => 1,
    };
    match error {
        ImportError::Store(error) => error.into(),
        other => Failure {
            text: other.to_string(),
            code,
        },
    }
}

/// Checks the files and, when they are good, imports them.
///
/// # Errors
/// See [`ImportError`]; bad rows are no error but part of the report.
pub async fn import(context: &Context, args: &ImportArgs) -> Result<Report, ImportError> {
    let began = Instant::now();
    let rules = Arc::new(rules(context, args)?);
    let programme = match &args.programme {
        Some(slug) => Some(programme(context, slug).await?),
        None => None,
    };
    let mut looked = Looked::new(args)?;
    looked.at_startups(&rules, named(args.startups.as_ref(), "--startups")?)?;
    looked.at_investors(&rules, named(args.investors.as_ref(), "--investors")?)?;
    if let Some(path) = &args.investments {
        looked.at_investments(&rules, path)?;
    }
    let Looked {
        mut files,
        bad,
        mut fates,
        portfolios,
        unmapped,
        ..
    } = looked;
    let write = bad.total() == 0 || args.keep_good;
    if write || fates.is_wanted() {
        let mut plan = Plan {
            args,
            rules,
            terms: Terms {
                programme,
                ask_contacts: !args.no_claim_mails,
                // A report tells of every row what it would have come to.
                dry_run: args.dry_run || !write,
            },
            portfolios: Arc::new(portfolios),
            fates,
        };
        let mut tried = files.clone();
        let outcome = Box::pin(go_through(context, &mut plan, &mut tried)).await;
        fates = plan.fates;
        match outcome {
            Ok(()) if write => files = tried,
            // The bad rows keep all back already, and the report names the others.
            Err(ImportError::Store(Error::Invalid(_) | Error::Refused(_))) if !write => {}
            outcome => outcome?,
        }
    }
    fates.finish().map_err(ImportError::Report)?;
    let (bad_rows, bad) = bad.finish();
    let (unmapped_tags, top_unmapped_tags) = most_used(unmapped);
    Ok(Report {
        dry_run: args.dry_run,
        written: write,
        files,
        unmapped_tags,
        top_unmapped_tags,
        bad,
        bad_rows,
        milliseconds: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

fn rules(context: &Context, args: &ImportArgs) -> Result<Rules, ImportError> {
    let (name, text) = match &args.mapping {
        None => (
            "import-crunchbase.toml".to_owned(),
            import_mapping::DEFAULT.to_owned(),
        ),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| ImportError::Usage(format!("{}: {error}", path.display())))?;
            (path.display().to_string(), text)
        }
    };
    let mapping = import_mapping::parse(&text, &context.taxonomy())
        .map_err(|faults| ImportError::Usage(format!("{name}:\n{faults}")))?;
    Ok(Rules {
        mapping,
        taxonomy: context.taxonomy(),
        today: context.now().date_naive(),
    })
}

async fn programme(context: &Context, slug: &Slug) -> Result<Programme, ImportError> {
    match imports::programme(context, slug.clone()).await {
        Err(Error::NotFound) => Err(ImportError::Usage(format!(
            "--programme: there is no programme {slug}"
        ))),
        found => Ok(found?),
    }
}

fn named<'a>(file: Option<&'a PathBuf>, argument: &str) -> Result<&'a PathBuf, ImportError> {
    file.ok_or_else(|| ImportError::Usage(format!("{argument} is needed")))
}

/// What is to be done with the good rows.
struct Plan<'a> {
    args: &'a ImportArgs,
    rules: Arc<Rules>,
    terms: Terms,
    portfolios: Arc<Portfolios>,
    fates: Fates,
}

/// Tries or writes the good rows of both files. Where one of the first is
/// refused, the second are tried all the same, so that each has its fate.
async fn go_through(
    context: &Context,
    plan: &mut Plan<'_>,
    files: &mut [FileReport],
) -> Result<(), ImportError> {
    let [startups, investors, ..] = files else {
        return Ok(());
    };
    let (rules, terms) = (Arc::clone(&plan.rules), plan.terms.clone());
    let file = named(plan.args.startups.as_ref(), "--startups")?.clone();
    let places = Places::of(&rules.mapping.startups);
    let mut shown = Shown::of(plan, &file, startups.good, places);
    let mut told = |pass, done, fates: &[Fate]| shown.tell(pass, done, fates);
    let good = startups.good;
    let lines = move || startup_lines(&rules, &file, good);
    let tally = imports::startups(context, terms, lines, &mut told).await;
    let mut refused = None;
    match shown.end(tally) {
        Ok(tally) => startups.set(tally),
        Err(error @ ImportError::Store(Error::Invalid(_) | Error::Refused(_))) => {
            refused = Some(error);
            plan.terms.dry_run = true;
        }
        Err(error) => return Err(error),
    }

    let (rules, terms) = (Arc::clone(&plan.rules), plan.terms.clone());
    let file = named(plan.args.investors.as_ref(), "--investors")?.clone();
    let portfolios = Arc::clone(&plan.portfolios);
    let places = Places::of(&rules.mapping.investors);
    let mut shown = Shown::of(plan, &file, investors.good, places);
    let mut told = |pass, done, fates: &[Fate]| shown.tell(pass, done, fates);
    let good = investors.good;
    let lines = move || investor_lines(&rules, &file, good, &portfolios);
    let tally = imports::investors(context, terms, lines, &mut told).await;
    investors.set(shown.end(tally)?);
    refused.map_or(Ok(()), Err)
}

/// How far the store is with the rows of a file.
struct Shown<'a> {
    file: String,
    bar: Progress,
    written: u64,
    pass: Pass,
    places: Places,
    fates: &'a mut Fates,
    /// Where the file's rows begin in the report; none where it keeps what was
    /// written, and so is told of the last pass alone.
    mark: Option<u64>,
    last: Pass,
}

impl<'a> Shown<'a> {
    fn of(plan: &'a mut Plan<'_>, path: &Path, rows: u64, places: Places) -> Self {
        Self {
            file: name_of(path),
            bar: Progress::rows("Trying", Some(rows)),
            written: 0,
            pass: Pass::Trying,
            places,
            mark: plan.fates.mark(),
            last: if plan.terms.dry_run {
                Pass::Trying
            } else {
                Pass::Writing
            },
            fates: &mut plan.fates,
        }
    }

    fn tell(&mut self, pass: Pass, done: u64, fates: &[Fate]) {
        if pass == Pass::Writing {
            self.bar.set_message("Writing");
            self.written = done;
        }
        self.bar.set_position(done);
        // What becomes of a row goes before what would have become of it.
        match self.mark {
            Some(mark) if pass != self.pass => self.fates.rewind(mark),
            None if pass != self.last => return,
            _ => {}
        }
        self.pass = pass;
        for fate in fates {
            self.fates.push(&self.file, &self.places, fate);
        }
    }

    /// What became of all, or of those that are on record.
    fn end(self, tally: Result<Tally, Error>) -> Result<Tally, ImportError> {
        self.bar.finish();
        let Self { file, written, .. } = self;
        tally.map_err(|error| match written {
            0 => error.into(),
            _ => ImportError::Halfway {
                file,
                written,
                error,
            },
        })
    }
}

fn startup_lines(
    rules: &Arc<Rules>,
    path: &Path,
    good: u64,
) -> Result<impl Iterator<Item = Result<Row<NewStartup>, Error>> + Send + use<>, Error> {
    let table: Table<StartupField> =
        Table::open(path, &rules.mapping.startups).map_err(Error::internal)?;
    let (rules, mut ids) = (Arc::clone(rules), Ids::default());
    let checked = table.map(move |line| {
        let line = line?;
        Ok((line.number, startup(&rules, &mut ids, line)))
    });
    Ok(as_before(path, good, checked))
}

fn investor_lines(
    rules: &Arc<Rules>,
    path: &Path,
    good: u64,
    portfolios: &Arc<Portfolios>,
) -> Result<impl Iterator<Item = Result<Row<NewInvestor>, Error>> + Send + use<>, Error> {
    let table: Table<InvestorField> =
        Table::open(path, &rules.mapping.investors).map_err(Error::internal)?;
    let (rules, portfolios) = (Arc::clone(rules), Arc::clone(portfolios));
    let mut ids = Ids::default();
    let checked = table.map(move |line| {
        let line = line?;
        let (number, checked) = (line.number, investor(&rules, &mut ids, line));
        let Checked::Good(row) = checked else {
            return Ok((number, checked));
        };
        let mandate = portfolios.mandate(&row.external_id, &rules.mapping.defaults);
        let currency = rules.mapping.defaults.currency;
        let investments = portfolios.past(&row.external_id, currency);
        let row = NewInvestor {
            mandate,
            investments,
            ..row
        };
        Ok((number, Checked::Good(row)))
    });
    Ok(as_before(path, good, checked))
}

/// The rows that were checked before, once more. As many must be good, or the
/// file was changed meanwhile.
fn as_before<T, I>(
    path: &Path,
    good: u64,
    checked: I,
) -> impl Iterator<Item = Result<Row<T>, Error>> + Send + use<T, I>
where
    T: Send,
    I: Iterator<Item = Result<(u64, Checked<T>), TableError>> + Send,
{
    let changed = format!("{} changed while it was imported", path.display());
    let mut left = good;
    // The end is a row of its own, so that too few rows are noticed.
    checked
        .map(Some)
        .chain(std::iter::once(None))
        .filter_map(move |row| {
            let (number, checked) = match row {
                None => return (left > 0).then(|| Err(Error::internal(changed.clone()))),
                Some(Err(error)) => return Some(Err(Error::internal(error))),
                Some(Ok(row)) => row,
            };
            let row = match checked {
                Checked::Good(_) if left == 0 => {
                    return Some(Err(Error::internal(changed.clone())));
                }
                Checked::Good(row) => Ok(row),
                Checked::Bad(faults) => Err(faults.into_iter().map(RowFault::into_fault).collect()),
            };
            left -= u64::from(row.is_ok());
            Some(Ok(Row { number, row }))
        })
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
