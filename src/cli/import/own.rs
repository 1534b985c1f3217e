//! `corridor import FILE`: Corridor's own form, as CSV or NDJSON. The file
//! becomes a job like one that came over the API, and this command works on it
//! itself; if it dies, a server on the same store goes on when its lease ends.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::cli::progress::Progress;
use crate::cli::{Failure, print};
use crate::config::Config;
use crate::db::imports::Lease;
use crate::domain::fault::Fault;
use crate::domain::ids::ProgrammeId;
use crate::domain::import::{
    FileFormat, Import, ImportOptions, ImportRow, ImportState, RowOutcome,
};
use crate::http::files::columns;
use crate::services::files::Received;
use crate::services::import_jobs::{self, NewImport, work};
use crate::services::{Clock, Context, Error, imports};
use crate::startup::{context, open_existing_store, open_or_begin_store};

use super::{Format, ImportArgs};

/// Bad rows that are printed; `--report` writes all.
const SHOWN: usize = 100;
/// Rows of the report that are read at a time.
const PAGE: usize = 500;

/// Imports the file; the exit codes are those of the whole command.
pub(super) async fn run(config: &Config, args: &ImportArgs, file: &Path) -> Result<(), Failure> {
    let format = format_of(args, file)?;
    let db = if args.dry_run {
        open_existing_store(config)?
    } else {
        open_or_begin_store(config)?
    };
    let url = config.server.public_url_at(config.server.listen);
    let context = context(config, db, Clock::System, url).await?;
    let outcome = import(&context, args, file, format).await;
    context.db.clone().close().await;
    outcome
}

/// How the file is written: as said, else by its ending.
fn format_of(args: &ImportArgs, file: &Path) -> Result<FileFormat, Failure> {
    if let Some(said) = args.input {
        return Ok(said.into());
    }
    let ending = file.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Ok(FileFormat::Csv),
        Some("ndjson" | "jsonl") => Ok(FileFormat::Ndjson),
        _ => Err(Failure::usage(
            "say with --input csv or --input ndjson how the file is written",
        )),
    }
}

async fn import(
    context: &Context,
    args: &ImportArgs,
    file: &Path,
    format: FileFormat,
) -> Result<(), Failure> {
    let began = Instant::now();
    let new = NewImport {
        partner: args.partner,
        options: ImportOptions {
            programme: programme(context, args).await?,
            dry_run: args.dry_run,
            keep_good: args.keep_good,
            ask_contacts: !args.no_claim_mails,
        },
        format,
    };
    let received = receive(context, file).await?;
    let holder = context.new_id();
    let lease: Lease = work::lease(context, holder);
    let import = match import_jobs::create_here(context, new, received, lease).await {
        Err(Error::Invalid(faults)) => return Err(bad_file(file, &faults)),
        made => made?,
    };
    let mut bar = Progress::bytes("Checking", u64::try_from(import.bytes).ok());
    let mut tell = |import: &Import| show(&mut bar, import);
    let import = work::work_beside(context, holder, import, &mut tell).await?;
    bar.finish();
    if import.state.is_running() {
        return Err(Failure {
            text: format!(
                "{}: the import {} was taken up by a running server, which goes on with it",
                file.display(),
                import.id
            ),
            code: 1,
        });
    }
    let bad = report(context, args, &import).await?;
    let written = import.state == ImportState::Done;
    if !written {
        import_jobs::discard(context, import.id).await?;
    }
    print(&summary(args, &import, began.elapsed())?)?;
    if let Some(failure) = &import.failure {
        return Err(Failure {
            text: format!("{}: {}", file.display(), failure.detail),
            code: 3,
        });
    }
    match bad {
        0 => Ok(()),
        bad => Err(Failure {
            text: super::bad_summary(bad, usize::try_from(bad).unwrap_or(SHOWN).min(SHOWN), args),
            code: 3,
        }),
    }
}

async fn programme(context: &Context, args: &ImportArgs) -> Result<Option<ProgrammeId>, Failure> {
    let Some(slug) = &args.programme else {
        return Ok(None);
    };
    if args.partner.is_some() {
        return Err(Failure::usage(
            "--programme is not for --partner: a curator admits what partners refer",
        ));
    }
    match imports::programme(context, slug.clone()).await {
        Err(Error::NotFound) => Err(Failure::usage(format!(
            "--programme: there is no programme {slug}"
        ))),
        found => Ok(Some(found?.id)),
    }
}

/// The file, or standard input, where a worker finds it.
async fn receive(context: &Context, file: &Path) -> Result<Received, Failure> {
    let (folder, name) = (context.exchange.folder.clone(), context.new_id());
    let path = file.to_owned();
    let copied = tokio::task::spawn_blocking(move || -> io::Result<Received> {
        let mut from: Box<dyn Read> = if path.as_os_str() == "-" {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(path)?)
        };
        let mut to = folder.begin(name)?;
        io::copy(&mut from, &mut to)?;
        to.finish()
    });
    let copied = copied.await.map_err(Failure::new)?;
    copied.map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

fn bad_file(file: &Path, faults: &[Fault]) -> Failure {
    let lines: Vec<String> = faults.iter().map(|fault| fault.detail.clone()).collect();
    Failure {
        text: format!("{}: {}", file.display(), lines.join("\n")),
        code: 3,
    }
}

fn show(bar: &mut Progress, import: &Import) {
    if import.state == ImportState::Applying {
        bar.set_message("Writing");
    }
    bar.set_position(u64::try_from(import.place.byte).unwrap_or(0));
}

/// Names the rows that are bad or refused, and counts them; every row goes to
/// the report.
async fn report(context: &Context, args: &ImportArgs, import: &Import) -> Result<u64, Failure> {
    let unwritable = |error| Failure::new(format!("the report can't be written: {error}"));
    let mut to = match &args.report {
        Some(path) => Some(BufWriter::new(File::create(path).map_err(unwritable)?)),
        None => None,
    };
    let (mut bad, mut after) = (0, 0);
    loop {
        let rows = import_jobs::rows_after(context, import.id, None, after, PAGE).await?;
        let more = rows.len() > PAGE;
        for row in rows.iter().take(PAGE) {
            after = row.line;
            if let Some(to) = &mut to {
                writeln!(to, "{}", as_json(import, row)).map_err(unwritable)?;
            }
            if matches!(row.outcome, RowOutcome::Bad | RowOutcome::Refused) {
                bad += 1;
                if bad <= u64::try_from(SHOWN).unwrap_or(0) {
                    name(import, row);
                }
            }
        }
        if !more {
            break;
        }
    }
    if let Some(mut to) = to {
        to.flush().map_err(unwritable)?;
    }
    Ok(bad)
}

/// Where a fault is, in the words of the file.
fn place(import: &Import, fault: &Fault) -> String {
    let column = Some(&fault.pointer).filter(|_| import.format == FileFormat::Csv);
    let column = column.and_then(|pointer| columns::of_pointer(pointer));
    column.unwrap_or_else(|| fault.pointer.clone())
}

fn name(import: &Import, row: &ImportRow) {
    for fault in &row.faults {
        let place = place(import, fault);
        let colon = if place.is_empty() { "" } else { ": " };
        eprintln!("line {}: {place}{colon}{}", row.line, fault.detail);
    }
}

/// A fault at a place of a file, as reports have it.
pub(super) fn said(place: String, fault: &Fault) -> serde_json::Value {
    let mut said = serde_json::Map::new();
    said.insert("place".to_owned(), place.into());
    said.insert("pointer".to_owned(), fault.pointer.clone().into());
    said.insert("code".to_owned(), fault.code.clone().into());
    said.insert("detail".to_owned(), fault.detail.clone().into());
    if !fault.suggestions.is_empty() {
        let suggestions = fault.suggestions.clone();
        said.insert("suggestions".to_owned(), suggestions.into());
    }
    said.into()
}

fn as_json(import: &Import, row: &ImportRow) -> serde_json::Value {
    let faults = row.faults.iter();
    let faults = faults.map(|fault| said(place(import, fault), fault));
    json!({
        "line": row.line,
        "external_id": row.external_id,
        "outcome": row.outcome.code(),
        "id": row.record.map(|id| id.to_string()),
        "faults": faults.collect::<Vec<_>>(),
    })
}

fn summary(args: &ImportArgs, import: &Import, took: Duration) -> Result<String, Failure> {
    let tally = &import.tally;
    let counts = [
        ("rows read", tally.read),
        ("good", tally.good()),
        ("bad", tally.bad),
        ("created", tally.created),
        ("updated", tally.updated),
        ("unchanged", tally.unchanged),
        ("kept", tally.kept),
        ("refused", tally.refused),
    ];
    if args.format == Format::Json {
        let counts = counts.map(|(name, count)| (name.replace(' ', "_"), json!(count)));
        let mut said = serde_json::Map::from_iter(counts);
        said.insert("dry_run".to_owned(), json!(args.dry_run));
        let written = import.state == ImportState::Done;
        said.insert("written".to_owned(), json!(written));
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        said.insert("milliseconds".to_owned(), json!(milliseconds));
        return Ok(serde_json::to_string_pretty(&said).map_err(Failure::new)? + "\n");
    }
    let lines = counts.map(|(name, count)| format!("{name:<22}{count:>10}\n"));
    let fate = match import.state {
        ImportState::Done => "written",
        _ if args.dry_run => "a dry run, nothing was written",
        _ => "nothing was written",
    };
    let seconds = took.as_secs_f64();
    Ok(format!("{}{fate} in {seconds:.3} s\n", lines.concat()))
}
