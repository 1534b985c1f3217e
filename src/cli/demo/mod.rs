//! `corridor demo`: from nothing to a running corridor with invented firms.
//!
//! Everything goes through the same use cases as a request would, on a clock
//! that starts ten weeks ago, so that timelines, deadlines and mails look as
//! if people had worked with it.

mod agreement;
pub(super) mod data;
mod people;
mod story;
mod tour;
mod undelivered;

use std::time::Instant;

use chrono::{TimeDelta, Utc};
use clap::Args;

use crate::config::{Config, OperatorTotp, QuietHours};
use crate::db;
use crate::domain::ids::ProgrammeId;
use crate::domain::text::Slug;
use crate::http::drain::StopSignal;
use crate::services::{Clock, Context};
use crate::startup::{Corridor, mailer};

use super::{Failure, progress::Progress};

/// With this everybody in the demo signs in.
const PASSWORD: &str = "pomegranate-olive-41";
/// How long ago the demo's story begins.
const STORY: TimeDelta = TimeDelta::weeks(10);

/// Arguments of `corridor demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Fill the store and stop, without serving.
    #[arg(long)]
    no_serve: bool,
}

/// Fills an empty store, prints a tour and serves. A store that holds the
/// demo already is served as it is.
///
/// # Errors
/// A store that holds anything else; whatever keeps the service from starting.
pub async fn run(config: &Config, args: &DemoArgs) -> Result<(), Failure> {
    let demo = data::parse(data::DEFAULT).map_err(Failure::new)?;
    let config = &without_second_factor(config);
    let corridor = Corridor::prepare(config).await?;
    let context = corridor.context.clone();
    let programme = match standing(&context, &demo).await? {
        Standing::Empty => {
            let started = Instant::now();
            let mut bar = Progress::steps("Building the demo corridor", Some(demo.size()));
            let programme = Box::pin(fill(config, &context, &demo, &mut bar)).await?;
            bar.finish();
            eprintln!(
                "Built the demo corridor in {:.1} s.",
                started.elapsed().as_secs_f64()
            );
            programme
        }
        Standing::Demo(programme) => {
            eprintln!("This store holds the demo corridor already; it is served as it is.");
            programme
        }
        Standing::Unfinished => {
            return Err(Failure::new(
                "the demo in this store was never finished; remove its directory, or choose an empty place with --data DIR, and start again",
            ));
        }
        Standing::Foreign => {
            return Err(Failure::new(
                "this store holds something else than the demo; choose an empty place with --data DIR",
            ));
        }
    };
    let stop = StopSignal::install().map_err(Failure::new)?;
    tour::print(&corridor, config, &demo, programme).await?;
    if args.no_serve {
        return Ok(());
    }
    Ok(corridor.run(stop).await?)
}

/// These settings, with the operator's people let in by their password alone:
/// the tour signs in with what it prints.
fn without_second_factor(config: &Config) -> Config {
    let mut config = config.clone();
    config.auth.operator_totp = OperatorTotp::Off;
    // Whoever tries it out does so at any hour.
    config.mail.quiet_hours = QuietHours::Off;
    config
}

impl data::Demo {
    /// Steps of the progress bar: one a firm, one more a startup that is matched,
    /// one an introduction of the story.
    fn size(&self) -> u64 {
        let firms = self.parties.len() + 2 * self.startups.len() + self.investors.len();
        u64::try_from(firms + story::CHAPTERS.len()).unwrap_or(0)
    }
}

enum Standing {
    Empty,
    Demo(ProgrammeId),
    /// What built the demo was ended before it was done.
    Unfinished,
    Foreign,
}

async fn standing(context: &Context, demo: &data::Demo) -> Result<Standing, Failure> {
    let slug: Slug = data::value(&demo.programme.slug).map_err(Failure::new)?;
    let read = move |conn: &mut db::Conn| -> db::Result<Standing> {
        if let Some(programme) = db::programmes::find_by_slug(conn, &slug)? {
            let told = story::CHAPTERS.len();
            let all = db::introductions::Filter::default();
            let introductions = db::introductions::list(conn, &all, None, told)?;
            return Ok(if introductions.len() < told {
                Standing::Unfinished
            } else {
                Standing::Demo(programme.id)
            });
        }
        let any = db::organizations::list(conn, &db::organizations::Filter::default(), None, 1)?;
        Ok(if any.is_empty() {
            Standing::Empty
        } else {
            Standing::Foreign
        })
    };
    context.db.read(read).await.map_err(Failure::new)
}

async fn fill(
    config: &Config,
    context: &Context,
    demo: &data::Demo,
    bar: &mut Progress,
) -> Result<ProgrammeId, Failure> {
    let past = context.with_clock(Clock::set(Utc::now() - STORY));
    // Nobody is promised anything yet: what a power cut ends here is begun anew.
    context.db.wait_for_disk(false);
    let corridor = people::settle(&past, demo, bar).await?;
    let mailer = mailer(config)?;
    Box::pin(story::tell(&past, &corridor, mailer, config, bar)).await?;
    context.db.wait_for_disk(true);
    Ok(corridor.programme)
}
