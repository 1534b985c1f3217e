//! The services layer.

pub mod error;

pub use error::{AuthFault, Error, Refusal};
