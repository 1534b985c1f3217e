//! The config module.

pub mod scoring;
