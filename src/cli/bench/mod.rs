//! `corridor bench`: how fast the matching engine is on this machine, beside a
//! plain scan of the same data in the same run; and files of invented firms to
//! measure an import with.

mod market;
mod naive;
mod past;
mod report;
pub mod rows;

use clap::{Args, Subcommand, ValueEnum};

use super::Failure;
use market::Bench;
pub use report::Figures;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Best matches out of many: the index beside a plain scan
    #[command(
        after_help = "Times are this thread's own on a processor, in microseconds, the scan and the\n\
        index asked in turn about the same startups. Every answer of the scan is compared\n\
        with the index, some with the specification and its explanations. Example:\n\n  \
        corridor bench matching --mandates 100000 --format json"
    )]
    Matching(MatchingArgs),
    /// A file of invented firms, to measure an import with
    #[command(
        after_help = "NDJSON in Corridor's own form on standard output: names in Latin, Azerbaijani,\n\
        Hebrew and Cyrillic letters, contents of the demo's firms, nobody to write to. The\n\
        same count and seed make the same file. Example:\n\n  \
        corridor bench rows --count 100000 > rows.ndjson\n  \
        /usr/bin/time -v corridor --data scratch import rows.ndjson --report fates.ndjson"
    )]
    Rows(rows::RowsArgs),
}

/// How a table is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

/// What to measure.
#[derive(Debug, Clone, Args)]
pub struct MatchingArgs {
    /// Mandates in the invented market
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=5_000_000))]
    pub mandates: u64,
    /// Startups that ask
    #[arg(long, default_value_t = 200, value_name = "Q", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub queries: u64,
    /// Best matches of each
    #[arg(long, default_value_t = 20, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub top: u64,
    /// Where past deals are counted, one of so many investors made some
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub acted: u64,
    /// Seed of the invented market
    #[arg(long, default_value_t = 2_026)]
    pub seed: u64,
    /// Also rank all mandates for as many startups, and all startups for all
    /// mandates, on every core
    #[arg(long)]
    pub cross: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// Measures and prints.
pub(super) fn run(command: &BenchCommand) -> Result<(), Failure> {
    let args = match command {
        BenchCommand::Matching(args) => args,
        BenchCommand::Rows(args) => return rows::run(args),
    };
    let figures = measure(args)?;
    match args.format {
        Format::Table => super::print(&figures.table()),
        Format::Json => say!("{}", figures.json()),
    }?;
    if figures.mismatches == 0 {
        Ok(())
    } else {
        Err(Failure::new(
            "the index and the scan gave different answers: please report this with the seed",
        ))
    }
}

/// Measures as asked.
///
/// # Errors
/// The shipped rules are damaged.
pub fn measure(args: &MatchingArgs) -> Result<Figures, Failure> {
    Ok(Bench::new(args)?.run())
}
