//! Sends what is queued: claimed with a lease, looked up and checked again,
//! sent with no transaction open, noted. A sender that dies loses its lease
//! and the message is sent by another, under the same Message-ID.

use std::time::Duration;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::db::outbox::{self, Claimed};
use crate::domain::mail_state::Hold;
use crate::mail::{Mailer, SendError};
use crate::services::notices::{self, Attempt, Prepared, Tried};
use crate::services::{Context, Error};

use super::{Options, copies, letters};

/// How long a sender rests when nothing is due and nobody wakes it: retries
/// fall due, other nodes and commands queue too.
const REST: Duration = Duration::from_secs(1);

/// How long a message waits that the gate holds back.
const GATE_CLOSED: TimeDelta = TimeDelta::hours(1);

/// One sender.
pub struct Sender {
    context: Context,
    mailer: Mailer,
    options: Options,
    holder: Uuid,
}

impl Sender {
    /// A sender with a name of its own, under which it holds claims.
    pub fn new(context: Context, mailer: Mailer, options: Options) -> Self {
        let holder = context.new_id();
        Self {
            context,
            mailer,
            options,
            holder,
        }
    }

    /// Sends until told to stop; what it has in hand then, it finishes.
    pub async fn run(self, stop: CancellationToken) {
        let mut sealed = self.context.db.sealed();
        loop {
            let sent = self.turn(&stop).await.unwrap_or_else(|error| {
                warn!(%error, "the queue could not be read; trying again");
                0
            });
            if stop.is_cancelled() {
                return;
            }
            if sent > 0 {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                // Whatever is queued comes with an event.
                _ = sealed.changed() => {}
                () = tokio::time::sleep(REST) => {}
            }
        }
    }

    /// Claims what is due and works through it; answers how much it claimed.
    ///
    /// # Errors
    /// The store failed, and nothing was claimed.
    pub async fn turn(&self, stop: &CancellationToken) -> Result<usize, Error> {
        let claimed_at = self.context.now();
        // Senders wake with every event, and most bring no message: that is
        // found out without writing.
        let due = move |conn: &mut _| Ok::<_, Error>(outbox::is_anything_due(conn, claimed_at)?);
        if !self.context.db.look_up(due).await? {
            return Ok(0);
        }
        let (holder, lease, batch) = (self.holder, self.options.lease, self.options.batch);
        let claimed = self
            .context
            .db
            .write(move |conn| {
                Ok::<_, Error>(outbox::claim(conn, holder, claimed_at, lease, batch)?)
            })
            .await?;
        let count = claimed.len();
        for message in claimed {
            // Half the lease is for starting, half for one message to end, so
            // that nobody else claims what is still being sent.
            let late = self.context.now() >= claimed_at + lease / 2;
            let done = if late || stop.is_cancelled() {
                self.give_back(&message).await
            } else {
                self.deliver(&message).await
            };
            // The next message may fare better; this one comes back when its
            // lease ends.
            if let Err(error) = done {
                warn!(message = %message.id, %error, "what became of a message could not be noted");
            }
        }
        Ok(count)
    }

    async fn give_back(&self, message: &Claimed) -> Result<(), Error> {
        let (id, holder, now) = (message.id, self.holder, self.context.now());
        self.context
            .db
            .write(move |conn| Ok(outbox::release(conn, id, holder, now).map(drop)?))
            .await
    }

    async fn deliver(&self, message: &Claimed) -> Result<(), Error> {
        let mut tried = None;
        let attempt = match notices::prepare(&self.context, message, self.holder).await {
            Err(error) => {
                warn!(message = %message.id, attempt = message.attempts, %error, "a message could not be prepared");
                self.again(message, format!("could not be prepared: {error}"), false)
            }
            Ok(Prepared::Obsolete(why)) => {
                info!(message = %message.id, why, "a message is no longer wanted");
                Attempt::Obsolete { why }
            }
            Ok(Prepared::Later) => Attempt::PutOff {
                until: self.context.now() + GATE_CLOSED,
                why: Hold::Gate,
            },
            Ok(Prepared::InTheMorning(until)) => Attempt::PutOff {
                until,
                why: Hold::Quiet,
            },
            Ok(Prepared::Undeliverable(why)) => Attempt::GivenUp {
                error: why.to_owned(),
                uncertain: false,
            },
            Ok(Prepared::Ready(ready)) => {
                match letters::write(&self.context, &self.options, message, &ready) {
                    Ok(email) => {
                        let recipients: Vec<_> =
                            ready.to.into_iter().map(|one| one.email).collect();
                        let (attempt, answer) = self.send(message, &email, &recipients).await;
                        tried = Some(Tried {
                            recipients,
                            copy: copies::of(&email, &self.context.settings.public_url),
                            answer,
                        });
                        attempt
                    }
                    Err(error) => Attempt::GivenUp {
                        error: error.to_string(),
                        uncertain: false,
                    },
                }
            }
        };
        let settled = notices::settle_tried(&self.context, message, self.holder, attempt, tried);
        if !settled.await? {
            warn!(message = %message.id, "the claim was lost before the outcome was noted");
        }
        Ok(())
    }

    /// Hands it over; answers what came of it, and what the server said when
    /// it took it. Waiting for a place at the domain counts as well: nobody
    /// sends what is no longer theirs.
    async fn send(
        &self,
        message: &Claimed,
        email: &crate::mail::Email,
        recipients: &[crate::domain::text::Email],
    ) -> (Attempt, Option<String>) {
        let limit = (self.options.lease / 2).to_std().unwrap_or_default();
        let end = tokio::time::Instant::now() + limit;
        let place = self.options.domains.enter(recipients);
        let Ok(_places) = tokio::time::timeout(limit / 2, place).await else {
            let busy = "too much goes to its domain already".to_owned();
            return (self.again(message, busy, false), None);
        };
        let outcome =
            tokio::time::timeout_at(end, self.mailer.send_signed(email, &self.options.dkim))
                .await
                .unwrap_or_else(|_| {
                    Err(SendError::Ambiguous {
                        text: "the mail server took too long".to_owned(),
                    })
                });
        match outcome {
            Ok(receipt) => (Attempt::Delivered, Some(receipt.reply)),
            Err(error) => {
                warn!(message = %message.id, attempt = message.attempts, %error, cause = error.on_the_way(), "a message was not sent");
                (self.failed(message, &error), None)
            }
        }
    }

    fn failed(&self, message: &Claimed, error: &SendError) -> Attempt {
        let said = |text: &str| format!("{error}: {text}");
        match error {
            SendError::Permanent { text, .. } => Attempt::GivenUp {
                error: said(text),
                uncertain: false,
            },
            SendError::Transient { text, .. } => self.again(message, said(text), false),
            SendError::Ambiguous { text } => self.again(message, said(text), true),
        }
    }

    /// Later, unless it was the last attempt.
    fn again(&self, message: &Claimed, error: String, uncertain: bool) -> Attempt {
        let seed = message.id.uuid().as_u128();
        match self.options.patience.wait(message.attempts, seed) {
            Some(wait) => Attempt::Retry {
                at: self.context.now() + wait,
                error,
                uncertain,
            },
            None => Attempt::GivenUp { error, uncertain },
        }
    }
}
