//! Failed proofs of identity, on their way into the log. A line per failure
//! would let anybody fill the log, and writing it while somebody waits would
//! tell by its time who has an account. So failures are counted on the node,
//! and a worker writes the counts: the first of a kind within a second, the
//! next ones together, ever more seldom while they go on.
//!
//! Who tries codes or passwords against one account therefore leaves some
//! thirty lines a day, which say how many tries there were; all addresses that
//! nobody has share one count. What was counted in the last moment before a
//! crash is lost, an orderly stop writes it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{OrganizationId, UserId};

use super::transitions::code;
use super::{Context, Error};

/// The waits between two lines of the same kind while failures go on; the
/// last one stays.
const WAITS: [TimeDelta; 3] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(10),
    TimeDelta::hours(1),
];
/// After this time without a failure the next one is a first one again.
const QUIET: TimeDelta = TimeDelta::hours(2);

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Somebody tried to sign in.
    SignIn {
        /// As whom; none for an address that nobody has.
        person: Option<UserId>,
        /// What was wrong: `password` or `second_factor`.
        factor: &'static str,
    },
    /// Somebody in a session was asked again.
    Check {
        /// Whose session.
        person: UserId,
        /// What was wrong: `password` or `second_factor`.
        factor: &'static str,
    },
    /// A client showed a wrong secret, or called from elsewhere.
    Client {
        /// Of which partner.
        organization: OrganizationId,
        /// Which.
        client: UserId,
    },
}

#[derive(Debug, Clone, Copy)]
struct Count {
    /// Not in the log yet.
    waiting: u32,
    last: DateTime<Utc>,
    written: Option<DateTime<Utc>>,
    /// How many lines there were without a quiet time.
    lines: usize,
}

impl Count {
    fn is_due(&self, now: DateTime<Utc>) -> bool {
        let wait = self
            .lines
            .checked_sub(1)
            .map(|line| line.min(WAITS.len() - 1));
        let wait = wait
            .and_then(|place| WAITS.get(place))
            .copied()
            .unwrap_or_default();
        self.waiting > 0 && self.written.is_none_or(|at| now - at >= wait)
    }
}

/// What is counted and not written yet.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<Failure, Count>>);

impl Failures {
    fn counts(&self) -> MutexGuard<'_, HashMap<Failure, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a failure.
    pub fn note(&self, failure: Failure, now: DateTime<Utc>) {
        self.give_back(failure, 1, now);
    }

    fn give_back(&self, failure: Failure, times: u32, now: DateTime<Utc>) {
        let mut counts = self.counts();
        let count = counts.entry(failure).or_insert(Count {
            waiting: 0,
            last: now,
            written: None,
            lines: 0,
        });
        if now - count.last >= QUIET {
            count.lines = 0;
        }
        count.waiting = count.waiting.saturating_add(times);
        count.last = now;
    }

    /// Takes the counts whose time has come, or all, and forgets old ones.
    fn take(&self, now: DateTime<Utc>, all: bool) -> Vec<(Failure, u32)> {
        let mut counts = self.counts();
        let mut taken = Vec::new();
        for (failure, count) in counts.iter_mut() {
            if count.is_due(now) || all && count.waiting > 0 {
                taken.push((*failure, count.waiting));
                count.waiting = 0;
                count.written = Some(now);
                count.lines += 1;
            }
        }
        counts.retain(|_, count| count.waiting > 0 || now - count.last < QUIET);
        taken
    }
}

/// Writes the counts whose time has come to the log.
///
/// # Errors
/// The store failed; the counts are kept.
pub async fn write_due(context: &Context) -> Result<usize, Error> {
    write(context, false).await
}

/// Writes all counts to the log, before the node stops.
///
/// # Errors
/// The store failed.
pub async fn write_all(context: &Context) -> Result<usize, Error> {
    write(context, true).await
}

async fn write(context: &Context, all: bool) -> Result<usize, Error> {
    let now = context.now();
    let taken = context.failures.take(now, all);
    if taken.is_empty() {
        return Ok(0);
    }
    let lines = taken.clone();
    let pen = context.pen(Actor::System);
    let written = context.db.write(move |conn| {
        for (failure, times) in lines {
            let times = ("count", Value::Int(i64::from(times)));
            let (kind, subject, what) = match failure {
                Failure::SignIn { person, factor } => (
                    "user.sign_in_failed",
                    (SubjectKind::User, person.map_or(Uuid::nil(), UserId::uuid)),
                    ("factor", code(factor)),
                ),
                Failure::Check { person, factor } => (
                    "user.check_failed",
                    (SubjectKind::User, person.uuid()),
                    ("factor", code(factor)),
                ),
                Failure::Client {
                    organization,
                    client,
                } => (
                    "client.refused",
                    (SubjectKind::Organization, organization.uuid()),
                    ("client", Value::Id(client.uuid())),
                ),
            };
            pen.append(conn, kind, subject, vec![what, times])?;
        }
        Ok::<_, Error>(())
    });
    if let Err(error) = written.await {
        for (failure, times) in taken {
            context.failures.give_back(failure, times, now);
        }
        return Err(error);
    }
    Ok(taken.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Failure = Failure::SignIn {
        person: None,
        factor: "password",
    };

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).unwrap()
    }

    #[test]
    fn the_first_is_written_at_once_and_the_next_ever_more_seldom() {
        let failures = Failures::default();
        let mut lines = Vec::new();
        for minute in 0..24 * 60 {
            for _ in 0..7 {
                failures.note(NOBODY, at(minute));
            }
            lines.extend(
                failures
                    .take(at(minute), false)
                    .into_iter()
                    .map(|it| (minute, it.1)),
            );
        }
        assert_eq!(
            &lines[..4],
            &[(0, 7), (1, 7), (11, 70), (71, 420)],
            "{lines:?}"
        );
        assert!(lines.len() < 30, "{}", lines.len());
        lines.extend(
            failures
                .take(at(24 * 60), true)
                .into_iter()
                .map(|it| (0, it.1)),
        );
        let told: u32 = lines.iter().map(|it| it.1).sum();
        assert_eq!(told, 24 * 60 * 7);
    }

    #[test]
    fn after_a_quiet_time_the_next_is_a_first_one() {
        let failures = Failures::default();
        for minute in [0, 1, 2] {
            failures.note(NOBODY, at(minute));
            failures.take(at(minute), false);
        }
        failures.take(at(20), false);
        assert!(failures.take(at(200), false).is_empty());
        assert!(failures.counts().is_empty());
        failures.note(NOBODY, at(201));
        assert_eq!(failures.take(at(201), false), [(NOBODY, 1)]);
    }
}
