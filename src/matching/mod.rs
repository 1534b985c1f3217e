//! Matching: deterministic, integers only, nothing read but what is handed in.
//!
//! First the [`gates`] rule pairs out, each with a reason; then the
//! [`factors`] give values, whose weighted sum orders what is left. [`score`]
//! writes the whole account of one pair, [`mod@reference`] ranks many by brute
//! force, [`index`] gives the same answers at once, and [`rules`] says what is
//! wrong with a rule set. [`mod@readiness`] tells a founder what would open more
//! mandates, [`mod@rarity`] how much a rare tag counts, [`gaps`] a curator which tags find no counterpart.
//!
//! What investors really did is in [`observed`]: statistics of past deals, from
//! which [`backtest`] ranks and measures and [`mod@fit`] learns.
//!
//! Gates and factors are written once and run in two voices (see [`voice`]):
//! with reasons for the account, without them for the ranking.

pub mod backtest;
pub mod crew;
pub mod deals;
pub mod exposure;
pub mod factors;
pub mod facts;
pub mod fit;
pub mod gaps;
pub mod gates;
pub mod index;
pub mod observed;
pub mod own;
pub mod past;
pub mod rarity;
pub mod readiness;
pub mod reference;
mod revealed;
pub mod rules;
pub mod score;
pub mod simulation;
pub mod synthetic;
pub mod voice;

#[cfg(test)]
mod tests;
