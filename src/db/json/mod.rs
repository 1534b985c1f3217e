//! The stored forms of documents. Their bytes are hashed and compared:
//! fields in a fixed order, integers only, a `schema` number first.

pub(super) mod deal;
pub(super) mod duplicate;
pub(super) mod event;
pub(super) mod explanation;
pub(super) mod faults;
mod form;
pub(super) mod grounds;
pub(super) mod investor;
pub(super) mod mandate;
pub mod notice;
pub(super) mod organization;
pub(super) mod outcome;
mod part;
pub(super) mod pipeline_set;
pub(super) mod programme;
pub(super) mod rate_lock;
mod revealed;
pub(super) mod rule_set;
pub(super) mod simulation;
pub(super) mod startup;
pub(super) mod tag;
pub(super) mod taxonomy;
pub(super) mod ticket;

#[cfg(test)]
mod tests;
