//! The JSON API as people use it: a real server over a database of the test's
//! own, on every back-end.

mod accounts;
mod deals;
mod index;
mod introductions;
mod matching;
mod profiles;
mod programmes;
pub mod stage;
