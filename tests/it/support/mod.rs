//! What the tests share.

pub mod app;
pub mod builders;
pub mod client;
pub mod database;
pub mod program;
pub mod smtp;
