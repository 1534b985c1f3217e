//! Integration tests, one binary.
#![expect(clippy::unwrap_used, reason = "a test that can't go on may panic")]

mod mail;
mod support;
