//! What all state machines share on their way through a use case.

use crate::db::{self, Conn};
use crate::domain::event::Value;
use crate::domain::permission::Hat;
use crate::domain::refusal::Refusal;

use super::Error;

/// Actions that are somebody's to take, each with what stands in its way.
pub type Open<A> = Vec<(A, Option<Refusal>)>;

/// Of the actions a machine knows here, those that are the caller's to take.
pub(super) fn available<A: Copy>(
    actions: &[A],
    hats: &[Hat],
    attempt: impl Fn(A, Hat) -> Result<(), Refusal>,
) -> Open<A> {
    let outcome = |action: A| {
        let mut blocked = None;
        for &hat in hats {
            match attempt(action, hat) {
                Ok(()) => return Some((action, None)),
                Err(refusal) if refusal.is_about_capacity() || refusal.is_about_state() => {}
                Err(refusal) => blocked = Some(refusal),
            }
        }
        blocked.map(|refusal| (action, Some(refusal)))
    };
    actions.iter().copied().filter_map(outcome).collect()
}

/// `If-Match` of the caller against the version in the store; `None` stands
/// for `*`.
pub(super) const fn check_version(expected: Option<i64>, actual: i64) -> Result<(), Error> {
    match expected {
        Some(version) if version != actual => Err(Error::StaleVersion),
        _ => Ok(()),
    }
}

pub(super) fn code(code: &str) -> Value {
    Value::Code(code.to_owned())
}

/// How often the service looks again at a record that somebody else changed
/// between its reading and its writing.
const TRIES: usize = 3;

/// Does something to a record that `job` reads by itself, anew where somebody
/// else was first: what the service does to it must not fail for that.
pub(super) fn afresh<T>(
    conn: &mut Conn,
    mut job: impl FnMut(&mut Conn) -> Result<T, Error>,
) -> Result<T, Error> {
    for _ in 1..TRIES {
        match db::transaction(conn, &mut job) {
            Err(Error::StaleVersion) => {}
            other => return other,
        }
    }
    job(conn)
}
