//! The JSON API as people use it: a real server over a database of the test's
//! own, on every back-end.

mod accounts;
mod claims;
mod clients;
pub mod deals;
mod introductions;
mod keys;
mod matching;
mod members;
mod passwords;
mod profiles;
mod programmes;
mod second_factor;
mod sessions;
pub mod stage;
