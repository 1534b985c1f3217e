//! The JSON API as people use it: a real server over a database of the test's
//! own, on every back-end.

mod accounts;
mod deals;
mod discretion;
mod gates;
mod idempotency;
mod index;
mod introductions;
mod matching;
mod profiles;
mod programmes;
mod races;
mod recompute;
mod sensitive;
pub mod stage;
