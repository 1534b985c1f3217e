//! Makes RSA keys: two random primes, and what follows from them. The primes
//! are found by the Baillie–PSW test of a library; whoever loads the key checks
//! once more that its parts fit each other.

use std::num::NonZeroU16;

use crypto_bigint::{BoxedUint, ConcatenatingMul as _, Lcm as _, Limb, NonZero, Resize as _};
use crypto_primes::{Flavor, is_prime};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::{DkimError, RSA_ALGORITHM, der};

/// Bytes of each prime: half of 2048 bits, which is what RFC 8301 §3.2 asks for
/// and what records in the DNS bear without trouble.
const PRIME_BYTES: usize = 128;

/// The public exponent.
const EXPONENT: u64 = 65_537;

/// Numbers below this are tried as divisors first, which is quick.
const SMALL: u16 = 1_000;

/// A new key of 2048 bits, as PKCS#8 (RFC 5958).
pub(super) fn rsa() -> Result<Vec<u8>, DkimError> {
    loop {
        let (one, other) = (prime()?, prime()?);
        let (large, small) = if one < other {
            (other, one)
        } else {
            (one, other)
        };
        // None where both are the same, or don't go with the exponent: one pair
        // of tens of thousands.
        if let Some(key) = key(&large, &small) {
            return Ok(key);
        }
    }
}

/// A random prime whose two highest bits are set, so that the product of two
/// has all its bits.
fn prime() -> Result<BoxedUint, DkimError> {
    let mut bytes = [0; PRIME_BYTES];
    loop {
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| DkimError::NoEntropy)?;
        let [first, .., last] = &mut bytes;
        *first |= 0b1100_0000;
        *last |= 1;
        let candidate = BoxedUint::from_be_slice_vartime(&bytes);
        let has_small_divisor = (3..SMALL)
            .step_by(2)
            .filter_map(NonZeroU16::new)
            .any(|small| candidate.rem_limb(NonZero::<Limb>::from_u16(small)) == Limb::ZERO);
        if !has_small_divisor && is_prime(Flavor::Any, &candidate) {
            return Ok(candidate);
        }
    }
}

/// The key of two primes, the larger one first (RFC 8017 §3.2, §A.1.2).
fn key(p: &BoxedUint, q: &BoxedUint) -> Option<Vec<u8>> {
    if p == q {
        return None;
    }
    let one = BoxedUint::one();
    let (below_p, below_q) = (p.wrapping_sub(&one), q.wrapping_sub(&one));
    let modulus = p.concatenating_mul(q);
    let period = below_p.lcm(&below_q);
    let exponent = BoxedUint::from(EXPONENT).try_resize(period.bits_precision())?;
    let period = nonzero(&period)?;
    let private: BoxedUint = Option::from(exponent.rem(&period).invert_mod(&period))?;
    let coefficient: BoxedUint = Option::from(q.invert_mod(&nonzero(p)?))?;
    let parts = [
        BoxedUint::zero(),
        modulus,
        exponent,
        private.clone(),
        p.clone(),
        q.clone(),
        private.rem(&nonzero(&below_p)?),
        private.rem(&nonzero(&below_q)?),
        coefficient,
    ];
    let inner = sequence(&parts.map(|part| integer(&part)));
    Some(sequence(&[
        integer(&BoxedUint::zero()),
        RSA_ALGORITHM.to_vec(),
        der(0x04, &inner),
    ]))
}

fn nonzero(number: &BoxedUint) -> Option<NonZero<BoxedUint>> {
    Option::from(NonZero::new(number.clone()))
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &parts.concat())
}

/// A number in DER: its bytes without leading zeros, but one where the first
/// bit would read as a sign.
fn integer(number: &BoxedUint) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let significant: Vec<u8> = bytes
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    match significant.first() {
        Some(first) if *first < 0x80 => der(0x02, &significant),
        _ => der(0x02, &[&[0], significant.as_slice()].concat()),
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{
        KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
    };

    use super::*;

    /// From small primes, by hand: 61 · 53 = 3233, λ = 780, 65537 mod 780 = 17,
    /// 17⁻¹ mod 780 = 413.
    #[test]
    fn the_parts_of_a_key_follow_from_its_primes() {
        let (p, q) = (BoxedUint::from(61_u64), BoxedUint::from(53_u64));
        let key = key(&p, &q).unwrap();
        let inner = [
            &[0x30, 0x1f][..],
            &[2, 1, 0, 2, 2, 0x0c, 0xa1, 2, 3, 1, 0, 1],
            &[2, 2, 0x01, 0x9d, 2, 1, 61, 2, 1, 53],
            &[2, 1, 53, 2, 1, 49, 2, 1, 38],
        ]
        .concat();
        assert_eq!(key[key.len() - inner.len()..], inner);
        assert!(super::key(&p, &p).is_none());
    }

    #[test]
    fn a_new_key_signs_what_others_can_check() {
        let pkcs8 = rsa().unwrap();
        let pair = RsaKeyPair::from_pkcs8(&pkcs8).unwrap();
        assert_eq!(pair.public().modulus_len(), 2 * PRIME_BYTES);
        let mut signature = vec![0; 2 * PRIME_BYTES];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            b"text",
            &mut signature,
        )
        .unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key());
        public.verify(b"text", &signature).unwrap();
        public.verify(b"another", &signature).unwrap_err();
        assert_ne!(rsa().unwrap(), pkcs8);
    }
}
