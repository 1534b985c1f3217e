//! Sends what is queued: claimed with a lease, looked up and checked again,
//! sent with no transaction open, noted. A sender keeps its claim for as long
//! as a mail server takes; one that dies loses it, and the message is sent by
//! another, under the same Message-ID.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::{self, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, error, info_span, warn};
use uuid::Uuid;

use crate::db::envelopes::Envelope;
use crate::db::outbox::{self, Claimed};
use crate::domain::bounce::RefusedReader;
use crate::domain::ids::OutboxId;
use crate::domain::mail_state::{EnvelopeOutcome, Hold, Unserved};
use crate::domain::text::Email as Address;
use crate::mail::{Email, Mailer, SendError};
use crate::services::notices::{self, Attempt, Prepared, Ready, Tried};
use crate::services::{Context, Error};

use super::{Options, copies, letters};

/// How long a sender rests when nothing is due and nobody wakes it: retries
/// fall due, other nodes and commands queue too.
const REST: Duration = Duration::from_secs(1);

/// How long a message waits that the gate holds back.
const GATE_CLOSED: TimeDelta = TimeDelta::hours(1);

/// How long a message waits whose reader's domain has as many in hand as it is
/// to get.
const TURN: TimeDelta = TimeDelta::minutes(1);

/// One sender; clones are the same one.
#[derive(Clone)]
pub struct Sender {
    context: Context,
    mailer: Mailer,
    options: Options,
    holder: Uuid,
}

/// What a sender has claimed and not begun with.
#[derive(Default)]
struct Pile {
    messages: VecDeque<Claimed>,
    claimed_at: DateTime<Utc>,
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

    /// Sends until told to stop; what it has in hand then, it finishes. A few
    /// messages go at the same time, so that a server that is slow holds up
    /// nobody else's.
    pub async fn run(self, stop: CancellationToken) {
        let mut sealed = self.context.db.sealed();
        let mut in_hand = JoinSet::new();
        // By task, so that one whose claim lapsed is not begun a second time
        // beside itself.
        let mut which: HashMap<task::Id, OutboxId> = HashMap::new();
        let mut pile = Pile::default();
        while !stop.is_cancelled() {
            let may_claim = pile.messages.is_empty() && in_hand.len() < self.options.at_once;
            if may_claim {
                pile = self.claim().await.unwrap_or_else(|error| {
                    warn!(%error, "the queue could not be read; trying again");
                    Pile::default()
                });
                pile.messages
                    .retain(|message| !which.values().any(|id| *id == message.id));
            }
            if self.is_late(&pile) {
                self.give_back_all(&mut pile).await;
            }
            while in_hand.len() < self.options.at_once
                && let Some(message) = pile.messages.pop_front()
            {
                let (sender, id) = (self.clone(), message.id);
                let task = in_hand.spawn(async move { sender.finish(&message).await });
                which.insert(task.id(), id);
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(ended) = in_hand.join_next_with_id() => {
                    which.remove(&note_end(ended));
                }
                // Whatever is queued comes with an event.
                _ = sealed.changed(), if may_claim => {}
                () = tokio::time::sleep(REST) => {}
            }
        }
        self.give_back_all(&mut pile).await;
        while let Some(ended) = in_hand.join_next_with_id().await {
            note_end(ended);
        }
    }

    /// Claims what is due and works through it, one after the other; answers
    /// how much it claimed.
    ///
    /// # Errors
    /// The store failed, and nothing was claimed.
    pub async fn turn(&self, stop: &CancellationToken) -> Result<usize, Error> {
        let mut pile = self.claim().await?;
        let count = pile.messages.len();
        while let Some(message) = pile.messages.pop_front() {
            if self.is_late(&pile) || stop.is_cancelled() {
                self.give_back(&message).await;
            } else {
                self.finish(&message).await;
            }
        }
        Ok(count)
    }

    /// Half the lease is for starting; from then on whoever is free takes it.
    fn is_late(&self, pile: &Pile) -> bool {
        self.context.now() >= pile.claimed_at + self.options.lease / 2
    }

    async fn claim(&self) -> Result<Pile, Error> {
        let claimed_at = self.context.now();
        // Senders wake with every event, and most bring no message: that is
        // found out without writing.
        let due = move |conn: &mut _| Ok::<_, Error>(outbox::is_anything_due(conn, claimed_at)?);
        if !self.context.db.look_up(due).await? {
            return Ok(Pile::default());
        }
        let (holder, lease, batch) = (self.holder, self.options.lease, self.options.batch);
        let claim = move |conn: &mut _| {
            Ok::<_, Error>(outbox::claim(conn, holder, claimed_at, lease, batch)?)
        };
        Ok(Pile {
            messages: self.context.db.write(claim).await?.into(),
            claimed_at,
        })
    }

    /// Sends one. Another may fare better where the store fails; this one comes
    /// back when its lease ends.
    async fn finish(&self, message: &Claimed) {
        let trace_id = message.trace.map(tracing::field::display);
        let span = info_span!("message", id = %message.id, trace_id);
        let finished = async {
            match self.deliver(message).await {
                Ok(()) => debug!(attempt = message.attempts, "a message was tried"),
                Err(error) => warn!(%error, "what became of a message could not be noted"),
            }
        };
        finished.instrument(span).await;
    }

    async fn give_back_all(&self, pile: &mut Pile) {
        for message in pile.messages.drain(..) {
            self.give_back(&message).await;
        }
    }

    async fn give_back(&self, message: &Claimed) {
        let (id, holder, now) = (message.id, self.holder, self.context.now());
        let release =
            move |conn: &mut _| Ok::<_, Error>(outbox::release(conn, id, holder, now).map(drop)?);
        if let Err(error) = self.context.db.write(release).await {
            warn!(message = %message.id, %error, "a message could not be given back");
        }
    }

    async fn deliver(&self, message: &Claimed) -> Result<(), Error> {
        let kept = tokio::select! {
            biased;
            tried = Box::pin(self.attempt(message)) => Some(tried),
            () = self.keep(message) => None,
        };
        let settled = match kept {
            Some((attempt, tried)) => {
                notices::settle_tried(&self.context, message, self.holder, attempt, tried).await?
            }
            None => false,
        };
        if !settled {
            warn!(message = %message.id, "the claim was lost before the outcome was noted");
        }
        Ok(())
    }

    /// Keeps the claim while the message is sent, however long its server
    /// takes; ends when it is somebody else's.
    async fn keep(&self, message: &Claimed) {
        // A message may have waited half a lease for its turn.
        let quarter = (self.options.lease / 4).to_std().unwrap_or_default();
        let mut rest = quarter;
        loop {
            tokio::time::sleep(rest).await;
            rest = quarter;
            let kept = notices::keep(&self.context, message.id, self.holder, self.options.lease);
            match kept.await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    warn!(message = %message.id, %error, "a claim could not be renewed; trying again");
                    rest = quarter / 8;
                }
            }
        }
    }

    async fn attempt(&self, message: &Claimed) -> (Attempt, Option<Tried>) {
        let prepared = match notices::prepare(&self.context, message, self.holder).await {
            Ok(prepared) => prepared,
            Err(error) => {
                warn!(message = %message.id, attempt = message.attempts, %error, "a message could not be prepared");
                let why = format!("could not be prepared: {error}");
                return (self.again(message, why), None);
            }
        };
        let untried = match prepared {
            Prepared::Ready(ready) => {
                match letters::write(&self.context, &self.options, message, &ready) {
                    Ok(email) => return self.try_sending(message, &email, &ready).await,
                    Err(error) => given_up(error.to_string()),
                }
            }
            Prepared::Obsolete(why) => {
                debug!(message = %message.id, why, "a message is no longer wanted");
                Attempt::Obsolete { why }
            }
            Prepared::Later => Attempt::PutOff {
                until: self.context.now() + GATE_CLOSED,
                why: Some(Hold::Gate),
            },
            Prepared::InTheMorning(until) => Attempt::PutOff {
                until,
                why: Some(Hold::Quiet),
            },
            Prepared::Undeliverable(why) => given_up(why.to_owned()),
        };
        (untried, None)
    }

    async fn try_sending(
        &self,
        message: &Claimed,
        email: &Email,
        ready: &Ready,
    ) -> (Attempt, Option<Tried>) {
        let mut heard = Heard::default();
        let attempt = self.hand_over(message, email, ready, &mut heard).await;
        // For want of a place nobody was even asked.
        let asked = !matches!(attempt, Attempt::PutOff { .. }) || !heard.refused.is_empty();
        let tried = asked.then(|| Tried {
            recipients: readers(ready),
            copy: copies::of(email, &self.context.settings.public_url),
            answer: heard.answer,
            refused: heard.refused,
            matches: ready.content.matches(),
            people: ready.content.people(),
        });
        (attempt, tried)
    }

    /// Hands it over: at once, or to each of several readers by themselves, so
    /// that what becomes of one has nothing to do with the others.
    async fn hand_over(
        &self,
        message: &Claimed,
        email: &Email,
        ready: &Ready,
        heard: &mut Heard,
    ) -> Attempt {
        if ready.envelopes.is_empty() {
            return self.send(message, email, &readers(ready), heard).await;
        }
        let (mut whole, mut is_out) = (Attempt::Delivered, false);
        for envelope in &ready.envelopes {
            let one = match envelope.outcome {
                Some(EnvelopeOutcome::Sent) => Attempt::Delivered,
                Some(EnvelopeOutcome::Refused) => given_up("refused before".to_owned()),
                None => self.send_one(message, email, envelope, heard).await,
            };
            is_out |= matches!(one, Attempt::Delivered);
            whole = whole.with(one);
        }
        if is_out { whole.in_part() } else { whole }
    }

    /// Hands it over to one of several readers, and notes at once what their
    /// server said for good.
    async fn send_one(
        &self,
        message: &Claimed,
        email: &Email,
        envelope: &Envelope,
        heard: &mut Heard,
    ) -> Attempt {
        let attempt = match letters::in_envelope(&self.context, email, envelope) {
            Ok(email) => {
                let reader = std::slice::from_ref(&envelope.email);
                self.send(message, &email, reader, heard).await
            }
            Err(error) => given_up(error.to_string()),
        };
        let outcome = match &attempt {
            Attempt::Delivered => EnvelopeOutcome::Sent,
            Attempt::GivenUp {
                uncertain: false, ..
            } => EnvelopeOutcome::Refused,
            _ => return attempt,
        };
        if let Err(error) = notices::note_envelope(&self.context, envelope.id, outcome).await {
            warn!(message = %message.id, %error, "what became of a message could not be noted");
        }
        attempt
    }

    /// Hands it over, and hears what the server says.
    async fn send(
        &self,
        message: &Claimed,
        email: &Email,
        recipients: &[Address],
        heard: &mut Heard,
    ) -> Attempt {
        let Some(_places) = self.options.domains.enter(recipients).await else {
            return Attempt::PutOff {
                until: self.context.now() + TURN,
                why: None,
            };
        };
        let error = match self.mailer.send_signed(email, &self.options.dkim).await {
            Ok(receipt) => {
                count("sent");
                heard.answer = Some(receipt.reply);
                return Attempt::Delivered;
            }
            Err(error) => error,
        };
        count(outcome(&error));
        if matches!(
            error,
            SendError::NoService { .. } | SendError::Unwanted { .. }
        ) {
            // Nobody's mail goes out until somebody mends it.
            error!(message = %message.id, attempt = message.attempts, %error, cause = error.on_the_way(), "no mail server takes our mail");
        } else {
            warn!(message = %message.id, attempt = message.attempts, %error, cause = error.on_the_way(), "a message was not sent");
        }
        if let (SendError::NoSuchReader { status, text, .. }, [only]) = (&error, recipients) {
            heard.refused.push(RefusedReader {
                email: only.clone(),
                status: *status,
                text: text.clone(),
            });
        }
        self.failed(message, recipients, &error).await
    }

    async fn failed(
        &self,
        message: &Claimed,
        recipients: &[Address],
        error: &SendError,
    ) -> Attempt {
        let said = format!("{error}: {}", error.text());
        match error {
            SendError::Permanent { .. } | SendError::NoSuchReader { .. } => given_up(said),
            SendError::Transient { .. } => self.again(message, said),
            // It says nothing of the message, so it is none of its attempts.
            SendError::NoService { .. } => {
                let wait = self.options.patience.wait_on(self.tried_for(message));
                self.unserved(wait, said, Unserved::Service)
            }
            SendError::Unwanted { .. } => {
                let reader = recipients.first();
                let why = Unserved::by_policy_of(reader.map_or("", Address::domain));
                self.unwanted(message, why, said).await
            }
            SendError::Ambiguous { .. } => {
                if let Err(error) = notices::note_doubt(&self.context, message.id).await {
                    warn!(message = %message.id, %error, "a doubt could not be noted");
                }
                self.once_more(message, said)
            }
        }
    }

    /// What one domain holds against us costs attempts as anything else does;
    /// what several do is ours to mend, and meanwhile nobody's mail is given up
    /// for it.
    async fn unwanted(&self, message: &Claimed, why: Unserved, error: String) -> Attempt {
        let domain = why.domain().unwrap_or_default();
        let ours = notices::is_refused_elsewhere(&self.context, domain).await;
        let ours = ours.unwrap_or_else(|fault| {
            warn!(message = %message.id, %fault, "who else refuses us could not be read");
            false
        });
        let patience = &self.options.patience;
        let wait = if ours {
            patience.wait_unwanted(self.tried_for(message))
        } else {
            patience.wait(message.attempts, seed(message))
        };
        match wait {
            Some(wait) => Attempt::Retry {
                counted: !ours,
                unserved: Some(why),
                at: self.context.now() + wait,
                error,
                uncertain: false,
            },
            None => given_up(error),
        }
    }

    /// Later, and no attempt of the message's.
    fn unserved(&self, wait: TimeDelta, error: String, why: Unserved) -> Attempt {
        Attempt::Retry {
            counted: false,
            unserved: Some(why),
            at: self.context.now() + wait,
            error,
            uncertain: false,
        }
    }

    /// How long a message has been tried.
    fn tried_for(&self, message: &Claimed) -> TimeDelta {
        let now = self.context.now();
        now - message.first_tried_at.unwrap_or(now)
    }

    /// Later, unless it was the last attempt.
    fn again(&self, message: &Claimed, error: String) -> Attempt {
        match self.options.patience.wait(message.attempts, seed(message)) {
            Some(wait) => Attempt::Retry {
                at: self.context.now() + wait,
                error,
                uncertain: false,
                counted: true,
                unserved: None,
            },
            None => given_up(error),
        }
    }

    /// The server may have it: not soon, and not often.
    fn once_more(&self, message: &Claimed, error: String) -> Attempt {
        let uncertain = true;
        let patience = &self.options.patience;
        match patience.wait(message.attempts, seed(message)) {
            Some(wait) if message.doubts + 1 < self.options.doubts => Attempt::Retry {
                at: self.context.now() + wait.max(patience.slow_base),
                error,
                uncertain,
                counted: true,
                unserved: None,
            },
            _ => Attempt::GivenUp { error, uncertain },
        }
    }
}

/// Mails handed over to a server, by what became of it.
const HANDED_OVER: &str = "mail_handed_over_total";

/// Tells the recorder what the name means.
pub(super) fn describe() {
    metrics::describe_counter!(
        HANDED_OVER,
        "Attempts to hand a mail over, by outcome; no_service and unwanted call for somebody"
    );
}

fn count(outcome: &'static str) {
    metrics::counter!(HANDED_OVER, "outcome" => outcome).increment(1);
}

const fn outcome(error: &SendError) -> &'static str {
    match error {
        SendError::Transient { .. } => "put_off",
        SendError::Permanent { .. } | SendError::NoSuchReader { .. } => "refused",
        SendError::NoService { .. } => "no_service",
        SendError::Unwanted { .. } => "unwanted",
        SendError::Ambiguous { .. } => "uncertain",
    }
}

/// What mail servers said of one message.
#[derive(Default)]
struct Heard {
    /// When one took it.
    answer: Option<String>,
    /// Of whom they said that they aren't there.
    refused: Vec<RefusedReader>,
}

fn given_up(error: String) -> Attempt {
    Attempt::GivenUp {
        error,
        uncertain: false,
    }
}

fn seed(message: &Claimed) -> u128 {
    message.id.uuid().as_u128()
}

/// Which task ended; one that panicked is told of.
fn note_end(ended: Result<(task::Id, ()), JoinError>) -> task::Id {
    match ended {
        Ok((id, ())) => id,
        Err(error) => {
            if error.is_panic() {
                error!(%error, "sending a message panicked; it comes back when its lease ends");
            }
            error.id()
        }
    }
}

/// The addresses that a mail goes to now.
fn readers(ready: &Ready) -> Vec<Address> {
    if ready.envelopes.is_empty() {
        return ready.to.iter().map(|one| one.email.clone()).collect();
    }
    let each = ready.envelopes.iter();
    each.map(|envelope| envelope.email.clone()).collect()
}
