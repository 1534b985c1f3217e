//! `corridor rules`: rule sets as files.

mod report;
mod service;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{Days, NaiveDate};
use clap::{Args, Subcommand};
use uuid::Uuid;

use self::service::Beside;
use super::backtest::{corpus, date, rule_file};
use super::{Failure, progress};
use crate::config::{Config, scoring};
use crate::domain::scoring::{Factor, RuleSet, WHOLE};
use crate::domain::text::Slug;
use crate::matching::deals::Corpus;
use crate::matching::fit::{self, fit};

/// What can be done with rule sets.
#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// Learn the weights and curves of the revealed factors from past deals
    Fit(FitArgs),
    /// Say what a rule-set file would change in a programme; nothing is changed
    Simulate(SimulateArgs),
}

/// Arguments of `corridor rules fit`.
///
/// Learns from the years before a day, says what changed and by how much it
/// helps on the last of them, which it was tried on unseen, and writes an
/// ordinary rule-set file. With a programme it also says what the file would
/// change there. Publishing stays a person's decision.
#[derive(Debug, Args)]
pub(super) struct FitArgs {
    /// Folder with startups.csv, investors.csv and investments.csv; with
    /// --from-service the service's data directory, as in all other commands
    #[arg(long, value_name = "DIR", required_unless_present = "from_service")]
    data: Option<PathBuf>,
    /// Learn from the service: imported investments, and what came of
    /// introductions and deals; passes count against
    #[arg(long, requires = "programme")]
    from_service: bool,
    /// Learn from deals before this day [default: tomorrow, from the service]
    #[arg(long, value_name = "DATE", required_unless_present = "from_service")]
    until: Option<String>,
    /// Years to learn from
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(2..=20))]
    years: u8,
    /// Rule set to start from and be held to [default: config/scoring.market.toml, built in]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Start from rules that know nothing: equal weights, straight curves, no
    /// likeness; only how deals are counted is taken from --from
    #[arg(long)]
    afresh: bool,
    /// What past deals weigh beside the default's stated factors, in bp
    #[arg(long, value_name = "BP", default_value_t = 10_000, value_parser = clap::value_parser!(i64).range(0..=10_000))]
    weight: i64,
    /// Say what the rules would change in this programme
    #[arg(long, value_name = "SLUG")]
    programme: Option<Slug>,
    /// Write the rule set to this file; without it only the report is printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Arguments of `corridor rules simulate`.
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The rule set
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// In which programme
    #[arg(long, value_name = "SLUG")]
    programme: Slug,
}

/// Runs a command: exit code 0 when all is well, 2 for arguments, 3 for data
/// that nothing can be learned from, 1 for anything else.
pub(super) fn run(
    command: RulesCommand,
    load: &dyn Fn(Option<&Path>) -> Result<Config, Failure>,
) -> Result<(), Failure> {
    match command {
        RulesCommand::Fit(args) if args.programme.is_none() => {
            let data = args.data.as_deref().unwrap_or_else(|| Path::new("."));
            let corpus = corpus(data)?;
            super::print(&fit_to(&args, &corpus, today())?.1)
        }
        RulesCommand::Fit(args) => {
            let config = load(args.data.as_deref().filter(|_| args.from_service))?;
            super::block_on(async move { fit_beside(&config, &args).await })
        }
        RulesCommand::Simulate(args) => {
            let rules = rule_file(Some(&args.rules))?;
            let config = load(None)?;
            super::block_on(async move {
                let beside = Beside::open(&config, &args.programme).await?;
                let told = beside.simulate(&rules).await;
                beside.close().await;
                super::print(&told?)
            })
        }
    }
}

fn today() -> NaiveDate {
    chrono::Utc::now().date_naive()
}

/// Learns, and says what the rules would change in the programme.
async fn fit_beside(config: &Config, args: &FitArgs) -> Result<(), Failure> {
    let Some(slug) = &args.programme else {
        return Ok(());
    };
    let beside = Beside::open(config, slug).await?;
    let told = async {
        let corpus = match &args.data {
            Some(data) if !args.from_service => corpus(data)?,
            _ => beside.corpus().await?,
        };
        let (rules, report) = fit_to(args, &corpus, today())?;
        Ok(report + &beside.simulate(&rules).await?)
    };
    let told: Result<String, Failure> = told.await;
    beside.close().await;
    super::print(&told?)
}

/// Learns from deals; the rules, and the report.
fn fit_to(args: &FitArgs, corpus: &Corpus, today: NaiveDate) -> Result<(RuleSet, String), Failure> {
    let started = Instant::now();
    let mut faults = Vec::new();
    let until = match &args.until {
        Some(text) => date("--until", text, &mut faults),
        None => Some(today + Days::new(1)),
    };
    let Some(until) = until else {
        return Err(Failure::usage(faults.join("\n")));
    };
    let mut start = rule_file(args.from.as_deref())?;
    if args.afresh {
        start.revealed = start.revealed.as_ref().map(fit::afresh);
    }
    let Some(revealed) = &start.revealed else {
        return Err(Failure::usage(
            "--from: these rules have no [revealed] part to start from",
        ));
    };
    let years = usize::from(args.years);
    let bar = progress::rows("Learning", u64::try_from(fit::steps(years)).ok());
    let done = |count: usize| bar.inc(u64::try_from(count).unwrap_or(0));
    let fitted = fit(corpus, until, years, revealed, &done).map_err(|error| Failure {
        text: error.to_string(),
        code: 3,
    })?;
    bar.finish_and_clear();

    let default = scoring::parse(scoring::DEFAULT, Uuid::nil().into()).map_err(Failure::new)?;
    let rules = RuleSet {
        name: format!("Fitted on deals before {until}"),
        revealed: Some(fitted.revealed.clone()),
        weights: beside_stated(&default, args.weight),
        ..start.clone()
    };
    let text = scoring::render(&rules);
    // What is written must be readable: it is an ordinary rule-set file.
    scoring::parse(&text, Uuid::nil().into()).map_err(Failure::new)?;
    if let Some(out) = &args.out {
        std::fs::write(out, &text)
            .map_err(|error| Failure::new(format!("{}: {error}", out.display())))?;
    }
    let seconds = started.elapsed().as_secs_f64();
    let report = report::text(&fitted, &default, &start, &rules, seconds);
    Ok((rules, report))
}

/// The default's weights, cut down to make room for past deals. What was
/// learned says nothing of stated wishes, so how much it counts beside them is
/// given, not learned.
fn beside_stated(default: &RuleSet, weight: i64) -> BTreeMap<Factor, i64> {
    let mut weights: BTreeMap<Factor, i64> = default
        .weights
        .iter()
        .map(|(factor, stated)| (*factor, stated * (WHOLE - weight) / WHOLE))
        .collect();
    // What rounding leaves over falls to past deals.
    let stated: i64 = weights.values().sum();
    weights.insert(Factor::RevealedPreference, WHOLE - stated);
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_beside_stated_ones_sum_to_a_whole() {
        let default = scoring::parse(scoring::DEFAULT, Uuid::nil().into()).expect("sound");
        for weight in [0, 1, 1_400, 3_333, 10_000] {
            let weights = beside_stated(&default, weight);
            assert_eq!(weights.values().sum::<i64>(), WHOLE, "{weight}");
            let past = weights[&Factor::RevealedPreference];
            assert!((weight..weight + 12).contains(&past), "{weight}: {past}");
        }
    }
}
