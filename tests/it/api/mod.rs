//! The API over real sockets, on every back-end.

mod deals;
mod introductions;
mod matching;
pub mod stage;
