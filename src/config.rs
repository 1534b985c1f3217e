//! The config module.

pub mod calendars;
pub mod reasons;
pub mod scoring;
pub mod taxonomy;
