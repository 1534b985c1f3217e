//! The matching layer.
