//! How many messages go to one domain at a time: mail systems put off whoever
//! comes with more.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::text::Email;

/// The places of each domain; clones share them.
#[derive(Debug, Clone)]
pub struct Domains {
    most: usize,
    places: Arc<Mutex<HashMap<String, Weak<Semaphore>>>>,
}

/// Places that are held until this is dropped.
#[derive(Debug)]
pub struct Places {
    _held: Vec<(OwnedSemaphorePermit, Arc<Semaphore>)>,
}

impl Domains {
    /// At most so many messages to one domain at a time.
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            places: Arc::default(),
        }
    }

    /// Waits for a place at the domain of each recipient.
    pub async fn enter(&self, recipients: &[Email]) -> Places {
        // In one order for everybody, so that no two wait for each other.
        let domains: BTreeSet<String> = recipients
            .iter()
            .map(|email| email.domain().to_ascii_lowercase())
            .collect();
        let mut held = Vec::new();
        for domain in domains {
            let semaphore = self.of(domain);
            // Nobody closes it.
            if let Ok(permit) = Arc::clone(&semaphore).acquire_owned().await {
                held.push((permit, semaphore));
            }
        }
        Places { _held: held }
    }

    fn of(&self, domain: String) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(semaphore) = places.get(&domain).and_then(Weak::upgrade) {
            return semaphore;
        }
        // Domains that nobody writes to any more are forgotten.
        places.retain(|_, semaphore| semaphore.strong_count() > 0);
        let semaphore = Arc::new(Semaphore::new(self.most));
        places.insert(domain, Arc::downgrade(&semaphore));
        semaphore
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
        drop(domains.enter(&emails(&["d@y.example"])).await);
        drop(one);
        drop(third.await);
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
