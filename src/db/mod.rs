//! The db layer.
