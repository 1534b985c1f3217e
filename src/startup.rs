//! The startup module.
