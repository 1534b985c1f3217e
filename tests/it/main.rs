//! One binary for all tests that need more than one layer, so that it links
//! once.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

mod api;
mod architecture;
mod attacks;
mod backtest;
mod cli;
mod crash;
mod db;
mod delivery;
mod exchange;
mod http;
mod import;
mod machines;
mod mail;
mod mailbox;
mod openapi;
mod pages;
mod permissions;
mod preview;
mod record_machines;
mod scoring;
mod small_records;
mod support;
mod tag_words;
mod term_words;
