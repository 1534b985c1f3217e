//! When a message that failed is tried again, and when it is given up.
//!
//! A few attempts come soon, for lines that drop and servers that are busy;
//! then the waits are those of RFC 5321 §4.5.4.1: half an hour at least, for
//! four to five days.

use chrono::TimeDelta;

/// How long is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Attempts before a message is given up.
    pub attempts: u32,
    /// Failures after which the next attempt comes soon.
    pub quick: u32,
    /// The wait after the first failure; it doubles with each quick one.
    pub quick_base: TimeDelta,
    /// The wait after the first failure beyond these; it doubles each time.
    pub slow_base: TimeDelta,
    /// The longest wait between two attempts.
    pub cap: TimeDelta,
    /// For how long a message is kept that a server doesn't take from us.
    pub unwanted: TimeDelta,
}

impl Patience {
    /// The wait after a failure that is nothing of the message's, which has been
    /// tried for so long: half of that, so that it grows as the others do, but
    /// no longer than half an hour as shipped, so that what waited goes soon
    /// after the server is back. It is never given up for that.
    pub fn wait_on(&self, tried_for: TimeDelta) -> TimeDelta {
        (tried_for / 2).max(self.quick_base).min(self.slow_base)
    }

    /// The wait where a server doesn't take a message from us, which has been
    /// tried for so long: the operator's people have the time to mend it. None
    /// when it is given up, since the policy may be its reader's after all.
    pub fn wait_unwanted(&self, tried_for: TimeDelta) -> Option<TimeDelta> {
        let wait = (tried_for / 2).max(self.quick_base).min(self.cap);
        (tried_for < self.unwanted).then_some(wait)
    }

    /// The wait after that many failed attempts; none when it is given up. By
    /// the message's own `seed` it is up to an eighth longer, so that a queue
    /// that failed together does not come back together.
    pub fn wait(&self, attempts: u32, seed: u128) -> Option<TimeDelta> {
        if attempts >= self.attempts {
            return None;
        }
        let done = attempts.saturating_sub(1);
        let (base, doublings) = if done < self.quick {
            (self.quick_base, done)
        } else {
            (self.slow_base, done - self.quick)
        };
        let whole = (base * 2_i32.pow(doublings.min(20))).min(self.cap);
        let spread = u64::try_from(whole.num_milliseconds()).unwrap_or(0) / 8;
        // The low bits of a UUIDv7 are random; each attempt takes others.
        let dice = u64::try_from((seed >> (attempts % 8)) & 0xFFFF_FFFF).unwrap_or(0);
        let shift = i64::try_from(spread * dice / 0xFFFF_FFFF).unwrap_or(0);
        Some(whole + TimeDelta::milliseconds(shift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: [u128; 3] = [0, u128::MAX, 0x1234_5678_9abc_def0];

    fn shipped() -> Patience {
        let config = crate::config::Config::load(None, [], []).unwrap();
        crate::startup::jobs_options(&config).patience
    }

    #[test]
    fn quick_attempts_come_soon_and_the_others_after_half_an_hour_and_more() {
        for seed in SEEDS {
            let wait = |attempts| shipped().wait(attempts, seed).unwrap();
            assert!((30..=34).contains(&wait(1).num_seconds()));
            assert!((60..=68).contains(&wait(2).num_seconds()));
            assert!((120..=135).contains(&wait(3).num_seconds()));
            assert!((30..=34).contains(&wait(4).num_minutes()));
            assert!((60..=68).contains(&wait(5).num_minutes()));
            assert!((360..=405).contains(&wait(20).num_minutes()));
        }
        assert_ne!(shipped().wait(1, 0), shipped().wait(1, u128::MAX));
    }

    #[test]
    fn an_outage_is_asked_after_more_and_more_rarely_and_for_ever() {
        let patience = shipped();
        assert_eq!(patience.wait_on(TimeDelta::zero()), patience.quick_base);
        let wait = |tried_for| patience.wait_on(tried_for).num_minutes();
        assert_eq!(wait(TimeDelta::minutes(20)), 10);
        // However long it lasts, what waited goes soon after it.
        assert_eq!(wait(TimeDelta::hours(2)), 30);
        assert_eq!(wait(TimeDelta::days(30)), 30);
    }

    #[test]
    fn what_is_not_taken_from_us_waits_for_two_weeks() {
        let patience = shipped();
        let wait = |days| patience.wait_unwanted(TimeDelta::days(days));
        assert_eq!(wait(0), Some(patience.quick_base));
        assert_eq!(wait(13), Some(patience.cap));
        assert_eq!(wait(14), None);
    }

    #[test]
    fn a_message_is_given_up_after_four_to_five_days() {
        for seed in SEEDS {
            let mut waited = TimeDelta::zero();
            let mut attempts = 1;
            while let Some(wait) = shipped().wait(attempts, seed) {
                waited += wait;
                attempts += 1;
            }
            let hours = waited.num_hours();
            assert!((96..=120).contains(&hours), "{hours} hours");
        }
    }
}
