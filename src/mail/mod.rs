//! The mail layer.
