//! Who somebody is, proved: passwords, access tokens, signed links, and the
//! one secret from which the keys for sealing and signing are derived.
//!
//! Nothing here knows a store or a request. Everything that must not be
//! printed has a `Debug` that hides it.

use ring::rand::{SecureRandom, SystemRandom};

pub mod basic;
pub mod hashing;
pub mod keys;
pub mod link;
pub mod opaque;
pub mod password;
mod provider;
pub mod return_path;
pub mod secret;
pub mod token;
pub mod totp;

/// The operating system gave no random bytes. Nothing can be issued then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoEntropy;

/// `N` bytes from the operating system's generator.
fn random<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| NoEntropy)?;
    Ok(bytes)
}
