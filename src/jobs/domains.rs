//! How many messages go to one domain at a time: mail systems put off whoever
//! comes with more.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::domain::text::Email;

/// How long a message waits for a place before others go first.
const PATIENCE: Duration = Duration::from_secs(2);

/// The places of each domain; clones share them.
#[derive(Debug, Clone)]
pub struct Domains {
    most: usize,
    patience: Duration,
    places: Arc<Mutex<HashMap<String, Weak<Places>>>>,
}

/// The places of one domain.
#[derive(Debug)]
struct Places {
    free: Arc<Semaphore>,
    /// Somebody waited for one in vain, and none was free since: nobody else
    /// waits as long meanwhile.
    is_slow: AtomicBool,
}

/// A place that is held until this is dropped.
#[derive(Debug)]
struct Held {
    _permit: OwnedSemaphorePermit,
    places: Arc<Places>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.places.is_slow.store(false, Ordering::Relaxed);
    }
}

/// Places at the domain of each recipient, held until this is dropped.
#[derive(Debug)]
pub struct Entered {
    _held: Vec<Held>,
}

impl Domains {
    /// At most so many messages to one domain at a time.
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            patience: PATIENCE,
            places: Arc::default(),
        }
    }

    /// The same, waiting no longer than that for a place.
    #[must_use]
    pub fn waiting(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// A place at the domain of each recipient; none when one of them has had
    /// none for a while, so that its mail holds up nobody else's.
    pub async fn enter(&self, recipients: &[Email]) -> Option<Entered> {
        // In one order for everybody, so that no two wait for each other.
        let domains: BTreeSet<String> = recipients
            .iter()
            .map(|email| email.domain().to_ascii_lowercase())
            .collect();
        let mut held = Vec::new();
        for domain in domains {
            held.push(self.place(self.of(domain)).await?);
        }
        Some(Entered { _held: held })
    }

    async fn place(&self, places: Arc<Places>) -> Option<Held> {
        let patience = if places.is_slow.load(Ordering::Relaxed) {
            Duration::ZERO
        } else {
            self.patience
        };
        let free = Arc::clone(&places.free).acquire_owned();
        // Nobody closes it.
        if let Ok(Ok(permit)) = timeout(patience, free).await {
            Some(Held {
                _permit: permit,
                places,
            })
        } else {
            places.is_slow.store(true, Ordering::Relaxed);
            None
        }
    }

    fn of(&self, domain: String) -> Arc<Places> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = places.get(&domain).and_then(Weak::upgrade) {
            return known;
        }
        // Domains that nobody writes to any more are forgotten.
        places.retain(|_, known| known.strong_count() > 0);
        let new = Arc::new(Places {
            free: Arc::new(Semaphore::new(self.most)),
            is_slow: AtomicBool::new(false),
        });
        places.insert(domain, Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emails(all: &[&str]) -> Vec<Email> {
        all.iter().map(|one| one.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_domain_has_so_many_places_whatever_the_address() {
        let domains = Domains::new(2);
        let one = domains.enter(&emails(&["a@x.example"])).await;
        let _two = domains
            .enter(&emails(&["b@X.example", "c@y.example"]))
            .await;
        let others = emails(&["c@x.example"]);
        let mut third = Box::pin(domains.enter(&others));
        tokio::select! {
            biased;
            _ = &mut third => panic!("there is no place"),
            () = std::future::ready(()) => {}
        }
        assert!(domains.enter(&emails(&["d@y.example"])).await.is_some());
        drop(one);
        assert!(third.await.is_some());
    }

    #[tokio::test]
    async fn who_waits_in_vain_lets_others_go_first_and_the_next_one_doesnt_wait() {
        let domains = Domains::new(1).waiting(Duration::from_millis(1));
        let slow = emails(&["a@x.example"]);
        let one = domains.enter(&slow).await;
        assert!(domains.enter(&slow).await.is_none());
        // Without what was learnt, this one would wait for ever.
        let patient = domains.clone().waiting(Duration::MAX);
        assert!(patient.enter(&slow).await.is_none());
        drop(one);
        assert!(domains.enter(&slow).await.is_some());
    }

    #[tokio::test]
    async fn domains_that_nobody_writes_to_are_forgotten() {
        let domains = Domains::new(1);
        for number in 0..100 {
            drop(
                domains
                    .enter(&emails(&[&format!("a@d{number}.example")]))
                    .await,
            );
        }
        assert!(domains.places.lock().unwrap().len() <= 1);
    }
}
