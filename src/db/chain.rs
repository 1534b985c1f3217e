//! The chain of hashes over the log: whoever changes, removes or moves a
//! sealed row breaks it from there on.
//!
//! The hash of an event is SHA-256 of these bytes, one after the other:
//!
//! 1. the previous event's hash, 32 bytes; zeros before the first event;
//! 2. ten fields, each as its length (8 bytes, big-endian) and then its bytes:
//!    `corridor/event/1`; the position (8 bytes, big-endian); the id (16
//!    bytes); the instant in microseconds since 1970 (8 bytes, big-endian,
//!    two's complement); kind; subject's kind; subject's id (16 bytes);
//!    actor's kind; actor's id (16 bytes, or none); payload, as stored. Texts
//!    are UTF-8.
//!
//! Whoever can write to the database can also compute a whole new chain, or
//! cut off the end and set the head back: keep a head's position and hash
//! elsewhere from time to time and compare.

use diesel::dsl::max;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::events::{Head, Row, head_of, rows_after};
use super::schema::{events, log_head};
use super::{Conn, Result};

/// How the log fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// Events found in order.
    pub verified: u64,
    /// Where it first goes wrong, if it does.
    pub first_bad: Option<Bad>,
}

/// A break in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// The position concerned.
    pub position: i64,
    /// What is wrong there, for an operator.
    pub why: String,
}

/// Recomputes the chain from its start, `batch` rows at a time, and tells
/// `progress` how many were found in order after each batch. Events sealed
/// meanwhile are verified too.
///
/// # Errors
/// A statement failed. A damaged log is no error but a report.
pub fn verify(conn: &mut Conn, batch: usize, mut progress: impl FnMut(u64)) -> Result<ChainReport> {
    let mut at = Head {
        position: 0,
        hash: [0; 32],
    };
    let mut verified = 0;
    loop {
        for row in rows_after(conn, at.position, batch.max(1))? {
            match next(&at, &row) {
                Ok(head) => at = head,
                Err(bad) => {
                    return Ok(ChainReport {
                        verified,
                        first_bad: Some(bad),
                    });
                }
            }
            verified += 1;
        }
        progress(verified);
        let (head, last) = end(conn)?;
        if last <= at.position {
            return Ok(ChainReport {
                verified,
                first_bad: misfit(&at, head.as_ref()),
            });
        }
    }
}

/// The hash of a row at that position.
pub(super) fn link(previous: &[u8; 32], position: i64, row: &Row) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(previous);
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(b"corridor/event/1");
    field(&position.to_be_bytes());
    field(row.id.uuid().as_bytes());
    field(&row.at.timestamp_micros().to_be_bytes());
    field(row.kind.as_bytes());
    field(row.subject_kind.as_bytes());
    field(row.subject_id.uuid().as_bytes());
    field(row.actor_kind.as_bytes());
    match row.actor_id {
        Some(id) => field(id.uuid().as_bytes()),
        None => field(&[]),
    }
    field(row.payload.as_bytes());
    hash.finalize().into()
}

fn next(at: &Head, row: &Row) -> std::result::Result<Head, Bad> {
    let position = at.position + 1;
    if row.position != Some(position) {
        return Err(Bad {
            position,
            why: "the event is missing".into(),
        });
    }
    let hash = link(&at.hash, position, row);
    if row.hash.as_deref() == Some(&hash[..]) {
        Ok(Head { position, hash })
    } else {
        Err(Bad {
            position,
            why: "the event was changed or moved".into(),
        })
    }
}

/// The head and the last position given, in one statement and so of one time.
fn end(conn: &mut Conn) -> Result<(Option<Head>, i64)> {
    let last = events::table.select(max(events::position)).single_value();
    let row: Option<(i64, Vec<u8>, Option<i64>)> = log_head::table
        .select((log_head::position, log_head::hash, last))
        .first(conn)
        .optional()?;
    if let Some((position, hash, last)) = row {
        return Ok((Some(head_of((position, hash))?), last.unwrap_or_default()));
    }
    let last: Option<i64> = events::table.select(max(events::position)).first(conn)?;
    Ok((None, last.unwrap_or_default()))
}

fn misfit(at: &Head, head: Option<&Head>) -> Option<Bad> {
    let why = match head {
        Some(head) if head == at => return None,
        Some(head) if head.position > at.position => {
            format!("the log ends here, but its head says {}", head.position)
        }
        Some(head) if head.position < at.position => {
            format!(
                "the log goes on to here, but its head says {}",
                head.position
            )
        }
        Some(_) => "the head's hash is not that of the last event".into(),
        None => "the log has no head".into(),
    };
    Some(Bad {
        position: at.position,
        why,
    })
}
