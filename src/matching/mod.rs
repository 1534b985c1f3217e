//! Matching: deterministic, integers only, nothing read but what is handed in.
//!
//! First the [`gates`] rule pairs out, each with a reason; then the
//! [`factors`] give values, whose weighted sum orders what is left. [`score`]
//! writes the whole account of one pair, [`mod@reference`] ranks many by brute
//! force, [`index`] gives the same answers at once, and [`rules`] says what is wrong with a rule set.
//!
//! Gates and factors are written once and run in two voices (see [`voice`]):
//! with reasons for the account, without them for the ranking.

pub mod factors;
pub mod facts;
pub mod gates;
pub mod index;
pub mod reference;
pub mod rules;
pub mod score;
pub mod synthetic;
pub mod voice;

#[cfg(test)]
mod tests;
