//! What the tests need beside the crate.
pub mod smtp;
