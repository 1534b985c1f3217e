//! `corridor backtest`: would the rules have found the investors that
//! startups really found?

mod explain;
pub mod read;
mod report;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use uuid::Uuid;

use super::{Failure, progress};
use crate::config::scoring;
use crate::domain::revealed::Revealed;
use crate::domain::scoring::RuleSet;
use crate::matching::backtest::{Empty, Outcome, Split, run as measure};
use crate::matching::deals::{Corpus, FIELDS, Hidden};

/// Arguments of `corridor backtest`.
///
/// Ranks every investor with a deal before a day for each startup that was
/// first funded in the window after it, from its profile alone, and measures
/// how many of the real investors stand at the top.
#[derive(Debug, Clone, Args)]
pub struct BacktestArgs {
    /// Folder with startups.csv, investors.csv and investments.csv
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Deals before this day are known; nothing of it or later is looked at
    #[arg(long, value_name = "DATE")]
    pub train_until: String,
    /// Startups first funded from then to before this day are asked about
    #[arg(long, value_name = "DATE")]
    pub test_until: String,
    /// Rule set to test [default: config/scoring.market.toml, built in]
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Parts of the startups' profiles to leave out, with commas: tags, country, region, city, stage, amount
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub hide: Vec<String>,
    /// Leave the N most active investors out of the answers
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub without_head: usize,
    /// Write the best 200 investors for every startup to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub predictions: Option<PathBuf>,
    /// Explain the best answers for this startup instead of measuring
    #[arg(long, value_name = "STARTUP_ID", conflicts_with_all = ["predictions", "format"])]
    pub explain: Option<String>,
    /// Languages of the explanation, with commas: en, he, az, ru
    #[arg(
        long,
        value_name = "LANG",
        default_value = "en",
        value_delimiter = ',',
        requires = "explain"
    )]
    pub lang: Vec<String>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// A backtest as it was run.
pub(super) struct Tested<'a> {
    pub(super) split: Split,
    pub(super) rules: &'a RuleSet,
    pub(super) revealed: &'a Revealed,
    pub(super) outcome: Outcome,
    pub(super) seconds: f64,
}

/// Runs the command: exit code 0 when all is well, 2 for arguments, 3 for bad
/// data, 1 for anything else.
pub(super) fn run(args: &BacktestArgs) -> Result<(), Failure> {
    let started = Instant::now();
    let split = split(args).map_err(Failure::usage)?;
    let (rules, plain) = rules(args.rules.as_deref())?;
    let corpus = corpus(&args.data)?;
    let revealed = revealed(&rules)?;
    if let Some(startup) = &args.explain {
        let text = explain::explain(&corpus, &split, &revealed, startup, &args.lang)?;
        return super::print(&text);
    }

    let total = corpus
        .startups
        .iter()
        .filter(|startup| (split.train_until..split.test_until).contains(&startup.first_funding))
        .count();
    let bar = progress::rows("Ranking", u64::try_from(total).ok());
    let done = |count: usize| bar.inc(u64::try_from(count).unwrap_or(0));
    let outcome =
        measure(&corpus, &split, &rules, &plain, &revealed, &done).map_err(|error| Failure {
            text: error.to_string(),
            code: match error {
                Empty::NobodyLeft { .. } => 2,
                _ => 3,
            },
        })?;
    bar.finish_and_clear();
    if let Some(path) = &args.predictions {
        write_predictions(path, &corpus, &outcome)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    }
    let tested = Tested {
        split,
        rules: &rules,
        revealed: &revealed,
        outcome,
        seconds: started.elapsed().as_secs_f64(),
    };
    let text = match args.format {
        Format::Table => report::table(&tested),
        Format::Json => report::json(&tested),
    };
    super::print(&text)
}

/// What is asked.
fn split(args: &BacktestArgs) -> Result<Split, String> {
    let mut faults = Vec::new();
    let train_until = date("--train-until", &args.train_until, &mut faults);
    let test_until = date("--test-until", &args.test_until, &mut faults);
    if let (Some(train), Some(test)) = (train_until, test_until)
        && train >= test
    {
        faults.push(format!(
            "--test-until: {test} must be later than --train-until, {train}"
        ));
    }
    let mut hidden = Hidden::default();
    for field in args.hide.iter().map(|field| field.trim()) {
        if !field.is_empty() && hidden.hide(field).is_none() {
            faults.push(format!(
                "--hide: there is no field {field:?}; there are {}",
                FIELDS.join(", ")
            ));
        }
    }
    match (train_until, test_until) {
        (Some(train_until), Some(test_until)) if faults.is_empty() => Ok(Split {
            train_until,
            test_until,
            hidden,
            without_head: args.without_head,
        }),
        _ => Err(faults.join("\n")),
    }
}

/// A day of an argument; what is wrong with it is noted.
pub(super) fn date(name: &str, text: &str, faults: &mut Vec<String>) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    if date.is_none() {
        faults.push(format!("{name}: {text:?} is no date such as 2012-01-01"));
    }
    date
}

/// The rules to test and the plain ones.
fn rules(path: Option<&Path>) -> Result<(RuleSet, RuleSet), Failure> {
    let plain = scoring::parse(scoring::DEFAULT, Uuid::nil().into()).map_err(Failure::new)?;
    Ok((rule_file(path)?, plain))
}

/// The rules of a file; without one those fitted on market data.
pub(super) fn rule_file(path: Option<&Path>) -> Result<RuleSet, Failure> {
    let Some(path) = path else {
        return scoring::parse(scoring::MARKET, Uuid::nil().into()).map_err(Failure::new);
    };
    let named =
        |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    let rules = scoring::parse(&text, Uuid::nil().into()).map_err(|error| named(&error))?;
    let taxonomy =
        crate::config::taxonomy::parse(crate::config::taxonomy::DEFAULT).map_err(Failure::new)?;
    crate::matching::rules::validate(&rules, &taxonomy).map_err(|faults| {
        let lines: Vec<String> = faults
            .into_iter()
            .map(|fault| format!("{}: {}", fault.pointer, fault.detail))
            .collect();
        named(&lines.join("\n"))
    })?;
    Ok(rules)
}

/// The revealed factors of a rule set, or, where it has none, those of the
/// market rules without any weight.
fn revealed(rules: &RuleSet) -> Result<Revealed, Failure> {
    if let Some(revealed) = &rules.revealed {
        return Ok(revealed.clone());
    }
    let market = rule_file(None)?;
    let mut revealed = market
        .revealed
        .ok_or_else(|| Failure::new("the market rules have no revealed factors"))?;
    revealed.weights.clear();
    Ok(revealed)
}

/// The deals of a folder.
pub(super) fn corpus(data: &Path) -> Result<Corpus, Failure> {
    let read = read::folder(data).map_err(|text| Failure { text, code: 3 })?;
    if read.dangling > 0 {
        eprintln!(
            "corridor: {} deals are left out: startups.csv or investors.csv lacks their startup or investor",
            read.dangling
        );
    }
    Ok(read.corpus)
}

fn write_predictions(path: &Path, corpus: &Corpus, outcome: &Outcome) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for (startup, investors) in &outcome.predictions {
        let Some(startup) = corpus.startups.get(*startup) else {
            continue;
        };
        let ids: Vec<&str> = investors
            .iter()
            .filter_map(|investor| corpus.investors.get(*investor))
            .map(|investor| investor.id.as_str())
            .collect();
        let line = serde_json::json!({"startup_id": startup.id, "investors": ids});
        writeln!(file, "{line}")?;
    }
    file.flush()
}
