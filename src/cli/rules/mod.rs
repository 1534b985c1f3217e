//! `corridor rules`: rule sets as files.

mod report;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::backtest::{corpus, date, rule_file};
use super::{Failure, progress};
use crate::config::scoring;
use crate::domain::scoring::{Factor, RuleSet};
use crate::matching::fit::{self, fit};

/// What can be done with rule sets.
#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// Learn the weights and curves of the revealed factors from past deals
    Fit(FitArgs),
}

/// Arguments of `corridor rules fit`.
///
/// Learns from the years before a day, says what changed and by how much it
/// helps on the last of them, which it was tried on unseen, and writes an
/// ordinary rule-set file. Publishing one stays a person's decision.
#[derive(Debug, Args)]
pub(super) struct FitArgs {
    /// Folder with startups.csv, investors.csv and investments.csv
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Learn from deals before this day
    #[arg(long, value_name = "DATE")]
    until: String,
    /// Years to learn from
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(2..=20))]
    years: u8,
    /// Rule set to start from and be held to [default: config/scoring.market.toml, built in]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Write the rule set to this file; without it only the report is printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs a command: exit code 0 when all is well, 2 for arguments, 3 for data
/// that nothing can be learned from, 1 for anything else.
pub(super) fn run(command: RulesCommand) -> Result<(), Failure> {
    match command {
        RulesCommand::Fit(args) => run_fit(&args),
    }
}

fn run_fit(args: &FitArgs) -> Result<(), Failure> {
    let started = Instant::now();
    let mut faults = Vec::new();
    let Some(until) = date("--until", &args.until, &mut faults) else {
        return Err(Failure::usage(faults.join("\n")));
    };
    let start = rule_file(args.from.as_deref())?;
    let Some(revealed) = &start.revealed else {
        return Err(Failure::usage(
            "--from: these rules have no [revealed] part to start from",
        ));
    };
    let corpus = corpus(&args.data)?;
    let years = usize::from(args.years);
    let bar = progress::rows("Learning", u64::try_from(fit::steps(years)).ok());
    let done = |count: usize| bar.inc(u64::try_from(count).unwrap_or(0));
    let fitted = fit(&corpus, until, years, revealed, &done).map_err(|error| Failure {
        text: error.to_string(),
        code: 3,
    })?;
    bar.finish_and_clear();

    let mut rules = RuleSet {
        name: format!("Fitted on deals before {until}"),
        revealed: Some(fitted.revealed.clone()),
        ..start.clone()
    };
    // What was learned says nothing of stated wishes: it counts alone.
    for (factor, weight) in &mut rules.weights {
        *weight = i64::from(*factor == Factor::RevealedPreference) * 10_000;
    }
    let default = scoring::parse(scoring::DEFAULT, Uuid::nil().into()).map_err(Failure::new)?;
    let text = scoring::render(&rules);
    // What is written must be readable: it is an ordinary rule-set file.
    scoring::parse(&text, Uuid::nil().into()).map_err(Failure::new)?;
    if let Some(out) = &args.out {
        std::fs::write(out, &text)
            .map_err(|error| Failure::new(format!("{}: {error}", out.display())))?;
    }
    let seconds = started.elapsed().as_secs_f64();
    super::print(&report::text(&fitted, &default, &start, &rules, seconds))
}
