//! `corridor rematch`: everything of a programme matched again.

use clap::Args;

use super::{Failure, progress};
use crate::config::Config;
use crate::db::programmes;
use crate::domain::rematch::Rematch;
use crate::domain::scoring::Band;
use crate::domain::text::Slug;
use crate::services::Clock;
use crate::services::rematch::{Wanted, drive, start_or_go_on};
use crate::startup::{context, open_existing_store};

/// Arguments of `corridor rematch`.
///
/// Puts the best mandates of each startup on record and gives candidates that
/// nobody was shown a newer account where it differs, as after a change of
/// rules. Goes on with a job that was cut off. May run beside the server.
#[derive(Debug, Args)]
pub(super) struct RematchArgs {
    /// Of which programme
    #[arg(long, value_name = "SLUG")]
    programme: Slug,
    /// So many of the best mandates of each startup
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=100))]
    top: i64,
    /// Only from this band upwards: strong, good, possible or weak
    #[arg(long, value_name = "BAND", default_value = "possible", value_parser = band)]
    min_band: Band,
}

fn band(text: &str) -> Result<Band, String> {
    Band::from_code(text).ok_or_else(|| "one of strong, good, possible, weak".to_owned())
}

/// Matches everything of a programme again.
///
/// # Errors
/// There is no such programme; the store failed.
pub(super) async fn run(config: &Config, args: &RematchArgs) -> Result<(), Failure> {
    let db = open_existing_store(config)?;
    let url = config.server.public_url_at(config.server.listen);
    let context = context(config, db, Clock::System, url).await?;
    let slug = args.programme.clone();
    let found = context
        .db
        .read(move |conn| programmes::find_by_slug(conn, &slug))
        .await
        .map_err(Failure::new)?;
    let programme = found.ok_or_else(|| {
        let slug = &args.programme;
        Failure::usage(format!("--programme: there is no programme {slug}"))
    })?;
    let wanted = Wanted {
        top: args.top,
        min_band: args.min_band,
    };
    let (job, new) = start_or_go_on(&context, programme.id, wanted).await?;
    if !new {
        say!("going on with {} after {} startups", job.id, job.done)?;
    }
    let total = u64::try_from(job.startups).unwrap_or(0);
    let bar = progress::rows("Matching again", Some(total));
    let told = |job: &Rematch| bar.set_position(u64::try_from(job.done).unwrap_or(0));
    let ended = drive(&context, job.id, told).await?;
    bar.finish_and_clear();
    let ended = ended.ok_or_else(|| {
        Failure::new(
            "another process goes on with it; its progress is at /v1/programmes/…/rematches",
        )
    })?;
    let tally = ended.tally;
    say!(
        "{}: {} startups; {} pairs put on record, {} replaced, {} ended, {} unchanged",
        ended.status.code(),
        ended.done,
        tally.added,
        tally.replaced,
        tally.ended,
        tally.unchanged,
    )
}
