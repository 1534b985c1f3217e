//! The JSON API as people use it: a real server over a database of the test's
//! own, on every back-end.

mod accounts;
mod claims;
mod clients;
mod contacts;
pub mod deals;
mod discretion;
mod gates;
mod idempotency;
mod index;
mod introductions;
mod keys;
mod matching;
mod members;
mod passwords;
mod past;
mod paused;
mod profiles;
mod programmes;
mod races;
mod rates;
mod readiness;
mod recompute;
mod referrals;
mod referrals_care;
mod rule_sets;
mod search;
mod search_limits;
pub mod second_factor;
mod sensitive;
mod sessions;
pub mod stage;
