//! Sends what is queued: claimed with a lease, looked up and checked again,
//! sent with no transaction open, noted. A sender that dies loses its lease
//! and the message is sent by another, under the same Message-ID.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::db::envelopes::Envelope;
use crate::db::outbox::{self, Claimed};
use crate::domain::mail_state::{EnvelopeOutcome, Hold};
use crate::mail::{Email, Mailer, SendError};
use crate::services::notices::{self, Attempt, Prepared, Ready, Tried};
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
                        let recipients = readers(&ready);
                        let (attempt, answer) = self.hand_over(message, &email, &ready).await;
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

    /// Hands it over: at once, or to each of several readers by themselves, so
    /// that what becomes of one has nothing to do with the others.
    async fn hand_over(
        &self,
        message: &Claimed,
        email: &Email,
        ready: &Ready,
    ) -> (Attempt, Option<String>) {
        let limit = (self.options.lease / 2).to_std().unwrap_or_default();
        let end = Instant::now() + limit;
        if ready.envelopes.is_empty() {
            return self.send(message, email, &readers(ready), end).await;
        }
        let (mut whole, mut answer, mut is_out) = (Attempt::Delivered, None, false);
        for envelope in &ready.envelopes {
            let one = match envelope.outcome {
                Some(EnvelopeOutcome::Sent) => Attempt::Delivered,
                Some(EnvelopeOutcome::Refused) => Attempt::GivenUp {
                    error: "refused before".to_owned(),
                    uncertain: false,
                },
                None => {
                    let (one, said) = self.send_one(message, email, envelope, end).await;
                    answer = said.or(answer);
                    one
                }
            };
            is_out |= matches!(one, Attempt::Delivered);
            whole = whole.with(one);
        }
        (if is_out { whole.in_part() } else { whole }, answer)
    }

    /// Hands it over to one of several readers, and notes at once what their
    /// server said for good.
    async fn send_one(
        &self,
        message: &Claimed,
        email: &Email,
        envelope: &Envelope,
        end: Instant,
    ) -> (Attempt, Option<String>) {
        let addressed = letters::in_envelope(&self.context, email, envelope);
        let (attempt, answer) = match addressed {
            Ok(email) => {
                let reader = std::slice::from_ref(&envelope.email);
                self.send(message, &email, reader, end).await
            }
            Err(error) => {
                let error = error.to_string();
                let uncertain = false;
                (Attempt::GivenUp { error, uncertain }, None)
            }
        };
        let outcome = match &attempt {
            Attempt::Delivered => EnvelopeOutcome::Sent,
            Attempt::GivenUp {
                uncertain: false, ..
            } => EnvelopeOutcome::Refused,
            _ => return (attempt, answer),
        };
        if let Err(error) = notices::note_envelope(&self.context, envelope.id, outcome).await {
            warn!(message = %message.id, %error, "what became of a message could not be noted");
        }
        (attempt, answer)
    }

    /// Hands it over; answers what came of it, and what the server said when
    /// it took it. Waiting for a place at the domain counts as well: nobody
    /// sends what is no longer theirs.
    async fn send(
        &self,
        message: &Claimed,
        email: &Email,
        recipients: &[crate::domain::text::Email],
        end: Instant,
    ) -> (Attempt, Option<String>) {
        let limit = end.saturating_duration_since(Instant::now());
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

/// The addresses that a mail goes to now.
fn readers(ready: &Ready) -> Vec<crate::domain::text::Email> {
    if ready.envelopes.is_empty() {
        return ready.to.iter().map(|one| one.email.clone()).collect();
    }
    let each = ready.envelopes.iter();
    each.map(|envelope| envelope.email.clone()).collect()
}
