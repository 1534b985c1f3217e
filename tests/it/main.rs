//! One binary for all tests that need more than one layer.

mod architecture;
mod http;
