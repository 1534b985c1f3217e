//! `corridor rates`: what money is worth, out of the files that central banks
//! publish.
//!
//! Each file is read twice, a quotation at a time: first everything is
//! checked, against the store too; then, when nothing is bad (or `--keep-good`
//! is given), it is written, some hundred quotations a transaction.

mod banks;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use crate::config::Config;
use crate::domain::rates::{Quotation, Source};
use crate::services::rates::{self, Stored};
use crate::services::{Clock, Context};
use crate::startup::{context, open_existing_store, open_store};

use super::Failure;

/// Quotations of one transaction.
const AT_ONCE: usize = 500;
/// Bytes of a file at most: some ten times all that a bank ever published.
const MOST_BYTES: u64 = 128 << 20;
/// Bad rows that are shown.
const SHOWN: usize = 1_000;

/// What money is worth.
#[derive(Debug, Subcommand)]
pub enum RatesCommand {
    /// Read files of the European Central Bank (XML or CSV, daily or historical) and of the Central Bank of Azerbaijan (XML)
    Import(RatesImportArgs),
    /// Show the last quotations of each source
    List(RatesListArgs),
}

/// Arguments of `corridor rates import`.
#[derive(Debug, Args)]
pub struct RatesImportArgs {
    /// Files as the banks publish them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Do everything but write
    #[arg(long)]
    dry_run: bool,
    /// Write the good quotations although others are bad
    #[arg(long)]
    keep_good: bool,
}

/// Arguments of `corridor rates list`.
#[derive(Debug, Args)]
pub struct RatesListArgs {
    /// As of that day [default: today]
    #[arg(long, value_name = "DAY")]
    on: Option<NaiveDate>,
}

/// What one place of a file says.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// A quotation.
    Quoted(Quotation),
    /// Money that nobody holds any more, or that is none: gold, drawing rights.
    LeftOut(String),
    /// Something else.
    Bad(String),
}

/// What became of one file.
#[derive(Debug, Default, PartialEq, Eq)]
struct FileReport {
    new: usize,
    same: usize,
    bad: usize,
    left_out: BTreeMap<String, usize>,
    days: Option<(NaiveDate, NaiveDate)>,
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            new,
            same,
            bad,
            left_out,
            days,
        } = self;
        write!(f, "{new} new, {same} on record already, {bad} bad")?;
        if let Some((first, last)) = days {
            write!(f, ", of {first} to {last}")?;
        }
        if !left_out.is_empty() {
            let codes: Vec<String> = left_out
                .iter()
                .map(|(code, times)| format!("{code} ({times})"))
                .collect();
            write!(f, "; left out, no money in use: {}", codes.join(", "))?;
        }
        Ok(())
    }
}

/// Runs the command: exit code 0 when all is well, 2 for a file of no known
/// form, 3 for bad rows, 1 for anything else.
pub(super) async fn run(config: &Config, command: RatesCommand) -> Result<(), Failure> {
    let db = match &command {
        RatesCommand::Import(args) if !args.dry_run => open_store(config)?,
        _ => open_existing_store(config)?,
    };
    let url = config.server.public_url_at(config.server.listen);
    let context = context(config, db, Clock::System, url).await?;
    let outcome = match command {
        RatesCommand::Import(args) => import(&context, &args).await,
        RatesCommand::List(args) => list(&context, &args).await,
    };
    context.db.clone().close().await;
    outcome
}

async fn list(context: &Context, args: &RatesListArgs) -> Result<(), Failure> {
    let on = args.on.unwrap_or_else(|| context.now().date_naive());
    let quotations = rates::last_days(context, on).await?;
    if quotations.is_empty() {
        return say!("no quotations up to {on}; corridor rates import FILE… reads them");
    }
    for it in quotations {
        let Quotation {
            source,
            base,
            quote,
            on,
            nominal,
            value,
        } = it;
        // Only texts heed a width.
        let (source, value) = (source.code(), value.to_string());
        say!("{on}  {source:<8}  {nominal:>7} {base} = {value:>14} {quote}")?;
    }
    Ok(())
}

async fn import(context: &Context, args: &RatesImportArgs) -> Result<(), Failure> {
    let mut bad = 0;
    for file in &args.files {
        let report = pass(context, file, true, true).await?;
        bad += report.bad;
        if args.dry_run || (report.bad > 0 && !args.keep_good) {
            say!("{}: {report}", file.display())?;
        }
    }
    let write = !args.dry_run && (bad == 0 || args.keep_good);
    if write {
        for file in &args.files {
            let report = pass(context, file, false, false).await?;
            say!("{}: {report}", file.display())?;
        }
    }
    match bad {
        0 => Ok(()),
        bad => {
            let fate = match (write, args.dry_run) {
                (true, _) => "left out",
                (_, true) => "nothing was to be written",
                _ => "nothing was written; --keep-good leaves them out",
            };
            Err(Failure {
                text: format!("{bad} bad rows; {fate}"),
                code: 3,
            })
        }
    }
}

/// Reads a file once and stores what it says, or only looks.
async fn pass(
    context: &Context,
    path: &Path,
    dry_run: bool,
    told: bool,
) -> Result<FileReport, Failure> {
    let mut report = FileReport::default();
    let mut chunk: Vec<Quotation> = Vec::with_capacity(AT_ONCE);
    let today = context.now().date_naive();
    let mut reader = open(path)?;
    loop {
        let said = reader.next();
        let source = chunk.first().map(|it| it.source);
        if let Some(source) = source.filter(|_| said.is_none() || chunk.len() == AT_ONCE) {
            let stored = rates::import(context, source, std::mem::take(&mut chunk), dry_run);
            for (quotation, stored) in stored.await? {
                count(&mut report, path, &quotation, stored, told);
            }
        }
        match said {
            None => return Ok(report),
            Some(Said::Quoted(quotation)) if quotation.on > today => {
                let day = quotation.on;
                bad(&mut report, path, &format!("{day} has not come yet"), told);
            }
            Some(Said::Quoted(quotation)) => {
                let pair = |it: &Quotation| (it.on, it.base, it.quote);
                match chunk.iter().find(|it| pair(it) == pair(&quotation)) {
                    // What comes twice in one transaction; across them the
                    // store tells.
                    Some(before) if !before.agrees_with(&quotation) => {
                        bad(&mut report, path, &conflict(&quotation, before), told);
                    }
                    Some(_) => report.same += 1,
                    None => chunk.push(quotation),
                }
            }
            Some(Said::LeftOut(code)) => *report.left_out.entry(code).or_default() += 1,
            Some(Said::Bad(what)) => bad(&mut report, path, &what, told),
        }
    }
}

fn count(report: &mut FileReport, path: &Path, it: &Quotation, stored: Stored, told: bool) {
    match stored {
        Stored::New => report.new += 1,
        Stored::Same => report.same += 1,
        Stored::Conflict(before) => return bad(report, path, &conflict(it, &before), told),
    }
    let (first, last) = report.days.unwrap_or((it.on, it.on));
    report.days = Some((first.min(it.on), last.max(it.on)));
}

fn conflict(it: &Quotation, before: &Quotation) -> String {
    format!(
        "{} {}/{}: {} for {}, but {} for {} is on record",
        it.on, it.base, it.quote, it.value, it.nominal, before.value, before.nominal
    )
}

fn bad(report: &mut FileReport, path: &Path, what: &str, told: bool) {
    report.bad += 1;
    if told && report.bad <= SHOWN {
        eprintln!("{}: {what}", path.display());
    }
}

/// What a file says, place by place.
type Sayings = Box<dyn Iterator<Item = Said> + Send>;

/// Opens a file and tells its form by how it begins.
fn open(path: &Path) -> Result<Sayings, Failure> {
    let cannot = |error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(cannot)?;
    let length = file.metadata().map_err(cannot)?.len();
    let unknown = |what: &str| Failure::usage(format!("{}: {what}", path.display()));
    if length > MOST_BYTES {
        return Err(unknown("is larger than any file of rates"));
    }
    let mut reader = BufReader::new(file.take(MOST_BYTES));
    let begin = reader.fill_buf().map_err(cannot)?;
    let begin = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin);
    let first = begin.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'<') => Ok(Box::new(banks::Xml::new(reader))),
        Some(b'P') if begin.starts_with(b"PK") => Err(unknown(
            "is a ZIP archive; unpack it and name the file in it",
        )),
        Some(b'D') => match table::Csv::new(reader) {
            Ok(table) => Ok(Box::new(table)),
            Err(what) => Err(unknown(&what)),
        },
        _ => Err(unknown(
            "is neither XML of the European Central Bank or the Central Bank of Azerbaijan nor CSV of the European Central Bank, whose first column is Date",
        )),
    }
}

/// A quotation of a bank, or why it is none. `place` says where it stands.
fn quotation(
    place: &str,
    source: Source,
    (base, quote): (&str, &str),
    on: NaiveDate,
    nominal: &str,
    value: &str,
) -> Said {
    let code = match source {
        Source::Cbar => base,
        Source::Ecb | Source::Operator => quote,
    };
    if OUT_OF_USE.contains(&code) {
        return Said::LeftOut(code.to_owned());
    }
    let bad = |what: &dyn fmt::Display| Said::Bad(format!("{place}: {on} {code}: {what}"));
    let (Ok(base), Ok(quote)) = (base.parse(), quote.parse()) else {
        return bad(&"is no ISO 4217 code in use");
    };
    let Ok(nominal) = nominal.parse::<i64>() else {
        return bad(&format!("the nominal \"{nominal}\" is no whole number"));
    };
    let value = match value.parse() {
        Ok(value) => value,
        Err(error) => return bad(&format!("\"{value}\" {error}")),
    };
    let quotation = Quotation {
        source,
        base,
        quote,
        on,
        nominal,
        value,
    };
    match quotation.check() {
        Ok(()) => Said::Quoted(quotation),
        Err(error) => bad(&error),
    }
}

/// What the banks' files list that is no money in use: the money of countries
/// that took the euro or cut off zeros, metals, drawing rights.
const OUT_OF_USE: &[&str] = &[
    "ATS", "BEF", "BGN", "BYR", "CYP", "DEM", "EEK", "ESP", "FIM", "FRF", "GRD", "HRK", "IEP",
    "ITL", "LTL", "LUF", "LVL", "MTL", "NLG", "PTE", "ROL", "SDR", "SIT", "SKK", "TMM", "TRL",
    "XAG", "XAU", "XDR", "XPD", "XPT", "ZMK",
];
