//! Guessing passwords is slowed down where the guesses come from, so that
//! nobody can lock somebody else out: failures count for one account from one
//! place, and from other places the account stays open. Codes of the second
//! factor, which only somebody with the password gets to guess, count for the
//! account wherever they come from.
//!
//! The counts are a node's own and don't outlive it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::Error;

/// Failures after which waiting begins.
const FREE: u32 = 10;
/// The first wait; it doubles with each further failure.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(30);
/// The longest wait.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(15);
/// Failures are forgotten after this time without another.
const MEMORY: TimeDelta = TimeDelta::hours(1);
/// The fewest counts among which those that are forgotten are cleared away.
const CROWD: usize = 10_000;

/// Where the guesses of one account come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    account: String,
    network: Option<IpAddr>,
}

#[derive(Debug, Clone, Copy)]
struct Tally {
    failures: u32,
    last: DateTime<Utc>,
}

impl Tally {
    fn wait(self) -> TimeDelta {
        let doublings = self.failures.saturating_sub(FREE).min(10);
        match self.failures {
            0..FREE => TimeDelta::zero(),
            _ => (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT),
        }
    }
}

/// A guess that is under way.
#[derive(Debug, Clone)]
pub struct Attempt(Place);

/// What is remembered of failures.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<Tallies>);

#[derive(Debug)]
struct Tallies {
    by_place: HashMap<Place, Tally>,
    /// Above this many the forgotten ones are cleared away.
    crowd: usize,
}

impl Default for Tallies {
    fn default() -> Self {
        Self {
            by_place: HashMap::new(),
            crowd: CROWD,
        }
    }
}

impl Attempts {
    /// Takes a place for a guess. It counts as failed until it succeeds, so
    /// that many at once are no way around the count.
    ///
    /// # Errors
    /// [`Error::TooMany`] while the place has to wait.
    pub fn begin(
        &self,
        account: &str,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Attempt, Error> {
        let place = Place {
            account: account.to_owned(),
            network: address.map(network),
        };
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tallies.by_place.len() > tallies.crowd {
            tallies
                .by_place
                .retain(|_, tally| now - tally.last < MEMORY);
            // Not with every guess while there is little to clear.
            tallies.crowd = CROWD.max(2 * tallies.by_place.len());
        }
        let tally = tallies.by_place.entry(place.clone()).or_insert(Tally {
            failures: 0,
            last: now,
        });
        if now - tally.last >= MEMORY {
            tally.failures = 0;
        }
        let left = tally.last + tally.wait() - now;
        if left > TimeDelta::zero() {
            let seconds = u32::try_from(left.num_seconds()).unwrap_or(u32::MAX);
            return Err(Error::TooMany {
                retry_after_s: seconds.saturating_add(1),
            });
        }
        tally.failures = tally.failures.saturating_add(1);
        tally.last = now;
        Ok(Attempt(place))
    }

    /// Forgets the failures of a place where somebody got in.
    pub fn succeeded(&self, attempt: &Attempt) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.by_place.remove(&attempt.0);
    }
}

/// What one caller usually has to themselves: an IPv4 address, or the first
/// 64 bits of an IPv6 one.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    /// Where a guess comes from.
    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn exhausted(attempts: &Attempts) {
        for _ in 0..FREE {
            attempts
                .begin("dana", Some(address("192.0.2.1")), now())
                .unwrap();
        }
    }

    #[test]
    fn a_place_that_guesses_waits_and_others_do_not() {
        let attempts = Attempts::default();
        exhausted(&attempts);
        let refused = attempts.begin("dana", Some(address("192.0.2.1")), now());
        assert!(matches!(refused, Err(Error::TooMany { retry_after_s: 31 })));
        assert!(
            attempts
                .begin("dana", Some(address("192.0.2.2")), now())
                .is_ok()
        );
        assert!(
            attempts
                .begin("gul", Some(address("192.0.2.1")), now())
                .is_ok()
        );
    }

    #[test]
    fn the_wait_ends_and_doubles() {
        let attempts = Attempts::default();
        exhausted(&attempts);
        let later = now() + TimeDelta::seconds(30);
        assert!(
            attempts
                .begin("dana", Some(address("192.0.2.1")), later)
                .is_ok()
        );
        let refused = attempts.begin("dana", Some(address("192.0.2.1")), later);
        assert!(matches!(refused, Err(Error::TooMany { retry_after_s: 61 })));
        let much_later = later + MEMORY;
        assert!(
            attempts
                .begin("dana", Some(address("192.0.2.1")), much_later)
                .is_ok()
        );
        assert!(
            attempts
                .begin("dana", Some(address("192.0.2.1")), much_later)
                .is_ok()
        );
    }

    #[test]
    fn getting_in_clears_the_count() {
        let attempts = Attempts::default();
        for _ in 0..3 * FREE {
            let attempt = attempts.begin("dana", None, now()).unwrap();
            attempts.succeeded(&attempt);
        }
    }

    #[test]
    fn an_ipv6_network_is_one_place() {
        let one = network("2001:db8:1:2:3::4".parse().unwrap());
        assert_eq!(one, network("2001:db8:1:2:ffff::1".parse().unwrap()));
        assert_ne!(one, network("2001:db8:1:3::1".parse().unwrap()));
        let mapped = network("::ffff:192.0.2.1".parse().unwrap());
        assert_eq!(mapped, "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
