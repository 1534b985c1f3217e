//! One binary for all tests that need more than one layer.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

mod architecture;
mod http;
mod mail;
mod support;
