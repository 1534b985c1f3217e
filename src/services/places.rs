//! Places for what takes long and comes from outside: so many in all, and of
//! each only a share, so that whoever is slow, or wants to be, holds up nobody
//! else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::Error;

/// Seconds after which it is worth asking again.
const AGAIN: u32 = 10;

/// The places. Clones share them.
#[derive(Debug, Clone)]
pub struct Places {
    all: usize,
    share: usize,
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
}

impl Places {
    /// That many, of which each may have `share`.
    #[must_use]
    pub fn new(all: usize, share: usize) -> Self {
        Self {
            all,
            share,
            taken: Arc::default(),
        }
    }

    /// Takes a place for a firm or a person.
    ///
    /// # Errors
    /// [`Error::TooMany`] when they have their share, [`Error::Busy`] when all
    /// are taken.
    pub fn take(&self, who: impl Into<Uuid>) -> Result<Place, Error> {
        let who = who.into();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(&who).copied().unwrap_or(0);
        if own >= self.share {
            return Err(Error::TooMany {
                retry_after_s: AGAIN,
            });
        }
        if taken.values().sum::<usize>() >= self.all {
            return Err(Error::Busy {
                retry_after_s: AGAIN,
            });
        }
        taken.insert(who, own + 1);
        Ok(Place {
            places: self.clone(),
            who,
        })
    }
}

/// A place that somebody has, until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Place {
    places: Places,
    who: Uuid,
}

impl Drop for Place {
    fn drop(&mut self) {
        let taken = self.places.taken.lock();
        let mut taken = taken.unwrap_or_else(PoisonError::into_inner);
        let left = taken.get(&self.who).map_or(0, |own| own.saturating_sub(1));
        if left == 0 {
            taken.remove(&self.who);
        } else {
            taken.insert(self.who, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_a_share_and_what_is_given_back_is_free() {
        let places = Places::new(3, 2);
        let [one, other, third] = [1, 2, 3].map(Uuid::from_u128);
        let first = places.take(one).unwrap();
        let second = places.take(one).unwrap();
        assert!(matches!(places.take(one), Err(Error::TooMany { .. })));
        let last = places.take(other).unwrap();
        assert!(matches!(places.take(third), Err(Error::Busy { .. })));
        // The share is asked after first: it says more.
        assert!(matches!(places.take(one), Err(Error::TooMany { .. })));
        drop(first);
        let again = places.take(third).unwrap();
        assert!(matches!(places.take(one), Err(Error::Busy { .. })));
        drop((second, last, again));
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
