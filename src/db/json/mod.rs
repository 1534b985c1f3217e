//! The stored forms of documents. Their bytes are hashed and compared:
//! fields in a fixed order, integers only, a `schema` number first.

pub(super) mod event;
pub mod notice;
pub(super) mod outcome;
