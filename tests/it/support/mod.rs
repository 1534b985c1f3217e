//! What the tests share.

pub mod database;
pub mod program;
pub mod smtp;
