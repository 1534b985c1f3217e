//! `corridor bounces`: reads the mailbox that undelivered mail comes back to.
//!
//! Each message is known again, so that reading a mailbox twice, or going on
//! with one that was cut off, does nothing twice. What was read of a Maildir
//! moves from `new` to `cur`, after it is on record.

mod mailbox;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::config::Config;
use crate::domain::bounce::{BounceOutcome, Notification};
use crate::mail::bounce;
use crate::services::bounces::{self, Taken};
use crate::services::{Clock, Context};
use crate::startup::{context, open_existing_store};

use self::mailbox::Mailbox;
use super::{Failure, progress};

/// Messages of one transaction.
const AT_ONCE: usize = 50;

/// Arguments of `corridor bounces`.
///
/// An address that is no good gets no more mail, one that can't take mail is
/// watched, and a curator hears of it (`GET /v1/bounces`, `GET /v1/worklist`).
/// May run beside the server, as often as you like: from cron, say.
#[derive(Debug, Args)]
pub struct BouncesArgs {
    /// A Maildir (its `new` is read, and moved to `cur`), or an mbox file
    #[arg(value_name = "MAILBOX")]
    mailbox: PathBuf,
    /// Messages that are read at most; the next run goes on
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    limit: u64,
    /// Read what lies in the Maildir's `cur` too
    #[arg(long)]
    all: bool,
}

/// What came of the messages of a mailbox.
#[derive(Debug, Default)]
struct Tally {
    messages: u64,
    new: BTreeMap<BounceOutcome, u64>,
    repeated: u64,
}

impl Tally {
    fn add(&mut self, taken: &[Taken]) {
        for one in taken {
            match one {
                Taken::New(outcome) => *self.new.entry(*outcome).or_default() += 1,
                Taken::Repeated => self.repeated += 1,
            }
        }
    }

    fn line(&self) -> String {
        let mut parts: Vec<String> = self
            .new
            .iter()
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        if self.repeated > 0 {
            parts.push(format!("{} on record already", self.repeated));
        }
        if parts.is_empty() {
            parts.push("nothing new".to_owned());
        }
        format!("{} messages read: {}", self.messages, parts.join(", "))
    }
}

/// Reads a mailbox: exit code 0 when all of it was read or the limit reached,
/// 2 when it is none, 1 for anything else.
pub(super) async fn run(config: &Config, args: &BouncesArgs) -> Result<(), Failure> {
    let mailbox = Mailbox::open(&args.mailbox, args.all)?;
    let db = open_existing_store(config)?;
    let url = config.server.public_url_at(config.server.listen);
    let context = context(config, db, Clock::System, url).await?;
    let outcome = read(&context, mailbox, args).await;
    context.db.clone().close().await;
    outcome
}

async fn read(context: &Context, mut mailbox: Mailbox, args: &BouncesArgs) -> Result<(), Failure> {
    let bar = progress::rows("Reading what came back", mailbox.count());
    let mut tally = Tally::default();
    while tally.messages < args.limit {
        let room = usize::try_from(args.limit - tally.messages).unwrap_or(AT_ONCE);
        let letters = mailbox.next(room.min(AT_ONCE))?;
        if letters.is_empty() {
            break;
        }
        let notifications: Vec<Notification> = letters
            .iter()
            .map(|letter| bounce::read(&letter.content))
            .collect();
        tally.add(&bounces::take(context, notifications).await?);
        tally.messages += u64::try_from(letters.len()).unwrap_or(0);
        bar.set_position(tally.messages);
        for letter in letters {
            letter.done()?;
        }
    }
    bar.finish_and_clear();
    say!("{}", tally.line())?;
    if tally.new.contains_key(&BounceOutcome::Forged) {
        say!(
            "forged: their address was made up, or the installation's secret has changed since they were sent"
        )?;
    }
    Ok(())
}
