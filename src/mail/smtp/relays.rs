//! Several mail servers, one for the others: one that can't be reached is set
//! aside for a while, and mail goes by the next.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Smtp;
use crate::mail::message::Encoded;
use crate::mail::{Receipt, SendError};

/// Mail servers in order of preference; clones share what is known of them.
#[derive(Debug, Clone)]
pub struct Relays {
    all: Arc<[Relay]>,
    aside: Duration,
}

#[derive(Debug)]
struct Relay {
    smtp: Smtp,
    /// Since when it can't be reached.
    failed: Mutex<Option<Instant>>,
}

impl Relay {
    fn failed_at(&self) -> Option<Instant> {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, failed: Option<Instant>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }
}

impl Relays {
    /// These, the first preferred; one that can't be reached is passed over
    /// for `aside`.
    pub fn new(all: Vec<Smtp>, aside: Duration) -> Self {
        let relay = |smtp| Relay {
            smtp,
            failed: Mutex::new(None),
        };
        Self {
            all: all.into_iter().map(relay).collect(),
            aside,
        }
    }

    /// Whether any of them could take mail now; if none, what the last said.
    pub(in crate::mail) async fn reach(&self) -> Result<(), SendError> {
        let mut outcome = Err(nobody());
        for relay in &*self.all {
            outcome = relay.smtp.reach().await;
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// Each of them: its name, and whether it could take mail now.
    pub(in crate::mail) async fn reach_each(&self) -> Vec<(String, Result<(), SendError>)> {
        let mut all = Vec::new();
        for relay in &*self.all {
            all.push((relay.smtp.name(), relay.smtp.reach().await));
        }
        all
    }

    /// Hands over by the first that takes mail from us. Only a server that is
    /// away, or doesn't want us, is passed over: what one has refused, or may
    /// have taken, no other is asked for, nor for what one has read and doesn't
    /// like. One that doesn't want us for this message alone stays the first
    /// for the next.
    pub(in crate::mail) async fn send(&self, email: &Encoded) -> Result<Receipt, SendError> {
        let mut last = nobody();
        for relay in self.in_order() {
            match relay.smtp.send(email).await {
                Err(error @ SendError::NoService { .. }) => {
                    relay.note(Some(Instant::now()));
                    last = error;
                }
                Err(error @ SendError::Unwanted { read: false, .. }) => {
                    relay.note(None);
                    last = error;
                }
                outcome => {
                    relay.note(None);
                    return outcome;
                }
            }
        }
        Err(last)
    }

    /// Those that aren't set aside, as preferred; then the others, the one
    /// that failed longest ago first, since mail that waits for one of them
    /// would wait in vain.
    fn in_order(&self) -> Vec<&Relay> {
        let is_aside = |relay: &&Relay| {
            relay
                .failed_at()
                .is_some_and(|at| at.elapsed() < self.aside)
        };
        let (mut aside, mut order): (Vec<_>, Vec<_>) = self.all.iter().partition(is_aside);
        aside.sort_by_key(|relay| relay.failed_at());
        order.append(&mut aside);
        order
    }
}

fn nobody() -> SendError {
    SendError::NoService {
        code: None,
        text: "no mail server is configured".to_owned(),
    }
}
