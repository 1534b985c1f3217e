//! Passwords: which ones may be chosen, and how they are kept.
//!
//! They are kept as Argon2id (RFC 9106) in PHC strings. Hashing is meant to be
//! slow and to need memory, so [`Passwords`](super::hashing::Passwords) runs it off the async threads and
//! lets only as many run at once as there are cores.

use std::cell::RefCell;
use std::fmt;

use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::{NoEntropy, random};

/// Fewest characters (Unicode code points after NFC) of a password.
pub const MIN_LENGTH: usize = 8;
/// Most characters of a password.
pub const MAX_LENGTH: usize = 128;
/// What attackers try first, one a line in lower case. Made for this service:
/// words, names, places, teams, films and bands that every published list of
/// leaked passwords begins with, walks over the keyboards of several scripts,
/// runs and repetitions of digits and letters, years and dates, names after
/// “ilove”, and the usual letters for digits. [`is_built_on`] adds tails, so
/// that one line stands for thousands of passwords.
const COMMON: &str = include_str!("common-passwords.txt");
/// This service's own name, which attackers try here.
const SERVICE_NAME: &str = "corridor";
/// So many digits or signs after a common word still make it a common one.
const MAX_TAIL: usize = 4;
/// Salt length in bytes (RFC 9106 §3.1).
const SALT_LENGTH: usize = 16;
/// Length of what comes out, in bytes: Argon2's usual one.
const TAG_LENGTH: usize = Params::DEFAULT_OUTPUT_LEN;

/// What somebody typed as a password, in NFC so that the same characters from
/// different keyboards are the same password (RFC 8265 §4.2). It is never
/// printed, and wiped from memory when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes what was typed, whatever it is: to be compared, not to be kept.
    pub fn typed(text: &str) -> Self {
        Self(Zeroizing::new(text.nfc().collect()))
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password that may be kept: [`NewPassword::choose`] is the only way to one.
#[derive(Debug, Clone)]
pub struct NewPassword(Password);

impl NewPassword {
    /// Takes `text` as the new password of the person with the address `email`.
    ///
    /// There are no rules of composition (NIST SP 800-63B §5.1.1.2, ASVS
    /// 6.2.5): a long sentence is as welcome as a short puzzle.
    ///
    /// # Errors
    /// What is wrong with it, for the person who chose it.
    pub fn choose(text: &str, email: &str) -> Result<Self, Unfit> {
        let password = Password::typed(text);
        match password.0.chars().count() {
            0..MIN_LENGTH => return Err(Unfit::TooShort),
            MIN_LENGTH..=MAX_LENGTH => {}
            _ => return Err(Unfit::TooLong),
        }
        let lower = Zeroizing::new(password.0.to_lowercase());
        let local_part = email.split('@').next().unwrap_or_default().to_lowercase();
        if !local_part.is_empty() && is_built_on(&lower, &local_part) {
            return Err(Unfit::LikeEmail);
        }
        if is_built_on(&lower, SERVICE_NAME) || COMMON.lines().any(|word| is_built_on(&lower, word))
        {
            return Err(Unfit::Common);
        }
        Ok(Self(password))
    }
}

/// Whether `candidate` is `word`, or that with a few digits or signs behind it.
fn is_built_on(candidate: &str, word: &str) -> bool {
    candidate
        .strip_prefix(word)
        .is_some_and(|tail| tail.chars().count() <= MAX_TAIL && !tail.contains(char::is_alphabetic))
}

/// Why a password can't be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Fewer than [`MIN_LENGTH`] characters.
    #[error("a password needs at least {MIN_LENGTH} characters; 15 or more are advised")]
    TooShort,
    /// More than [`MAX_LENGTH`] characters.
    #[error("a password may have at most {MAX_LENGTH} characters")]
    TooLong,
    /// The part of the e-mail address before the `@`.
    #[error("a password may not be made from the e-mail address")]
    LikeEmail,
    /// One of those that are tried first.
    #[error("this password is among those that are tried first")]
    Common,
}

/// What one hash costs, and so what one guess costs an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// The cost lies below what is defensible, or outside of what Argon2 allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("argon2id needs at least 19456 KiB, 2 passes and 1 lane (and 8 KiB for each lane)")]
pub struct InvalidCost;

impl Cost {
    /// The least that is accepted, and the default (OWASP's first choice).
    pub const FLOOR: Self = Self {
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    };

    /// Memory in KiB, passes over it, and lanes in which it is filled.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, InvalidCost> {
        let cost = Self {
            memory_kib,
            passes,
            lanes,
        };
        let allowed = !cost.is_below(Self::FLOOR) && cost.params().is_some();
        allowed.then_some(cost).ok_or(InvalidCost)
    }

    /// Almost nothing, so that a test that signs in many people takes no time.
    /// Never for passwords of real people.
    pub const fn negligible_for_tests() -> Self {
        Self {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        }
    }

    fn is_below(self, other: Self) -> bool {
        self.memory_kib < other.memory_kib || self.passes < other.passes || self.lanes < other.lanes
    }

    fn params(self) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, None).ok()
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self::FLOOR
    }
}

/// Hashing failed, or what is stored is no hash. Either is a fault of ours,
/// not the person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The store holds something that is no Argon2 PHC string.
    #[error("the stored password hash can't be read")]
    Corrupt,
    /// Argon2 refused, for want of memory for example.
    #[error("the password could not be hashed")]
    Failed,
    /// See [`NoEntropy`].
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// How a comparison ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Match {
        /// A costlier hash to store instead, when the parameters have risen.
        rehash: Option<String>,
    },
    /// It is not, or nobody has that name.
    NoMatch,
}

/// Hashes and compares, on the calling thread: tens of milliseconds.
#[derive(Debug)]
pub struct Hasher {
    cost: Cost,
    dummy: String,
}

impl Hasher {
    /// A hasher at `cost`.
    pub fn new(cost: Cost) -> Result<Self, HashError> {
        cost.params().ok_or(HashError::Failed)?;
        Ok(Self {
            cost,
            dummy: dummy(cost)?,
        })
    }

    /// The PHC string to store for `password`.
    pub fn hash(&self, password: &NewPassword) -> Result<String, HashError> {
        hash(self.cost, password.0.as_bytes())
    }

    /// Compares what was typed with what is stored. Without anything stored
    /// (nobody has that name) it works as long and says [`Verdict::NoMatch`],
    /// so that time doesn't tell who has an account.
    pub fn verify(&self, typed: &Password, stored: Option<&str>) -> Result<Verdict, HashError> {
        let reference =
            PasswordHash::new(stored.unwrap_or(&self.dummy)).map_err(|_| HashError::Corrupt)?;
        let reference_cost = cost_of(&reference)?;
        let equal = is_of(&reference, typed.as_bytes())?;
        if !equal || stored.is_none() {
            return Ok(Verdict::NoMatch);
        }
        let rehash = reference_cost
            .is_below(self.cost)
            .then(|| hash(self.cost, typed.as_bytes()))
            .transpose()?;
        Ok(Verdict::Match { rehash })
    }
}

fn hash(cost: Cost, password: &[u8]) -> Result<String, HashError> {
    let salt = random::<SALT_LENGTH>()?;
    let params = cost.params().ok_or(HashError::Failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut tag = [0; TAG_LENGTH];
    compute(&argon2, password, &salt, &mut tag)?;
    Ok(phc(cost, &salt, &tag))
}

/// Whether `reference` is of that password.
fn is_of(reference: &PasswordHash, password: &[u8]) -> Result<bool, HashError> {
    let algorithm =
        Algorithm::try_from(reference.algorithm.as_str()).map_err(|_| HashError::Corrupt)?;
    let version = reference.version.ok_or(HashError::Corrupt)?;
    let version = Version::try_from(version).map_err(|_| HashError::Corrupt)?;
    let params = Params::try_from(reference).map_err(|_| HashError::Corrupt)?;
    let salt = reference.salt.ok_or(HashError::Corrupt)?;
    let stored = reference.hash.ok_or(HashError::Corrupt)?;
    let mut tag = vec![0; stored.as_ref().len()];
    let argon2 = Argon2::new(algorithm, version, params);
    compute(&argon2, password, &salt, &mut tag)?;
    let computed = Output::new(&tag).map_err(|_| HashError::Corrupt)?;
    // Takes as long wherever the two differ.
    Ok(computed == stored)
}

thread_local! {
    /// The memory that this thread hashes in. It is kept: given back each time
    /// and taken anew, such large pieces leave holes that the next doesn't fit.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

fn compute(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    tag: &mut [u8],
) -> Result<(), HashError> {
    let count = argon2.params().block_count();
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() < count {
            memory.resize(count, Block::default());
        }
        let memory = memory.get_mut(..count).ok_or(HashError::Failed)?;
        argon2
            .hash_password_into_with_memory(password, salt, tag, memory)
            .map_err(|_| HashError::Failed)
    })
}

/// A hash of that cost which belongs to no password anybody knows: it was
/// drawn, not computed. It is what is compared with when there is nothing to
/// compare with.
fn dummy(cost: Cost) -> Result<String, HashError> {
    let (salt, tag) = (random::<SALT_LENGTH>()?, random::<TAG_LENGTH>()?);
    Ok(phc(cost, &salt, &tag))
}

/// The PHC string of a hash.
fn phc(cost: Cost, salt: &[u8], tag: &[u8]) -> String {
    let Cost {
        memory_kib,
        passes,
        lanes,
    } = cost;
    let (salt, tag) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(tag));
    format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${tag}")
}

fn cost_of(stored: &PasswordHash) -> Result<Cost, HashError> {
    let params = Params::try_from(stored).map_err(|_| HashError::Corrupt)?;
    Ok(Cost {
        memory_kib: params.m_cost(),
        passes: params.t_cost(),
        lanes: params.p_cost(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> Hasher {
        Hasher::new(Cost::negligible_for_tests()).unwrap()
    }

    fn new(text: &str) -> NewPassword {
        NewPassword::choose(text, "dana@example.org").unwrap()
    }

    fn refused(text: &str) -> Unfit {
        NewPassword::choose(text, "Dana.Levi@example.org").unwrap_err()
    }

    #[test]
    fn a_password_matches_its_hash_and_no_other_does() {
        let hasher = hasher();
        let stored = hasher.hash(&new("a quiet corridor")).unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"),
            "{stored}"
        );
        let verdict = |typed: &str| hasher.verify(&Password::typed(typed), Some(&stored));
        assert_eq!(
            verdict("a quiet corridor"),
            Ok(Verdict::Match { rehash: None })
        );
        assert_eq!(verdict("a quiet Corridor"), Ok(Verdict::NoMatch));
        assert_eq!(verdict(""), Ok(Verdict::NoMatch));
    }

    #[test]
    fn another_program_reads_our_hashes_and_we_read_its_own() {
        use argon2::{PasswordHasher as _, PasswordVerifier as _};
        let hasher = hasher();
        let typed = "a quiet corridor";
        for _ in 0..3 {
            // In memory that another hash was computed in.
            let ours = hasher.hash(&new(typed)).unwrap();
            let ours = PasswordHash::new(&ours).unwrap();
            let plain = Argon2::default();
            assert!(plain.verify_password(typed.as_bytes(), &ours).is_ok());
            assert!(plain.verify_password(b"another", &ours).is_err());
            let params = Cost::negligible_for_tests().params().unwrap();
            let plain = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let theirs = plain
                .hash_password_with_salt(typed.as_bytes(), &[7; SALT_LENGTH])
                .unwrap()
                .to_string();
            let verdict = hasher.verify(&Password::typed(typed), Some(&theirs));
            assert_eq!(verdict, Ok(Verdict::Match { rehash: None }));
        }
    }

    #[test]
    fn one_password_hashed_twice_gives_two_strings() {
        let hasher = hasher();
        let password = new("a quiet corridor");
        assert_ne!(hasher.hash(&password), hasher.hash(&password));
    }

    #[test]
    fn the_same_characters_typed_differently_are_the_same_password() {
        let hasher = hasher();
        let stored = hasher.hash(&new("İstanbul caf\u{e9}")).unwrap();
        assert_eq!(
            hasher.verify(
                &Password::typed("I\u{307}stanbul cafe\u{301}"),
                Some(&stored)
            ),
            Ok(Verdict::Match { rehash: None })
        );
    }

    #[test]
    fn nobody_matches_the_dummy_not_even_who_knows_it() {
        let mut hasher = hasher();
        hasher.dummy = hasher.hash(&new("a quiet corridor")).unwrap();
        assert_eq!(
            hasher.verify(&Password::typed("a quiet corridor"), None),
            Ok(Verdict::NoMatch)
        );
    }

    #[test]
    fn an_unknown_person_costs_as_much_as_a_known_one() {
        let hasher = hasher();
        let dummy = PasswordHash::new(&hasher.dummy).unwrap();
        assert_eq!(cost_of(&dummy), Ok(hasher.cost));
        // Comparing goes to the end of the hash: the dummy is as long.
        let real = hasher.hash(&new("a quiet corridor")).unwrap();
        assert_eq!(hasher.dummy.len(), real.len());
    }

    #[test]
    fn a_cheaper_hash_is_renewed_when_the_password_is_known() {
        let stored = hasher().hash(&new("a quiet corridor")).unwrap();
        let dearer = Hasher::new(Cost {
            memory_kib: 16,
            passes: 2,
            lanes: 1,
        })
        .unwrap();
        let typed = Password::typed("a quiet corridor");
        let Ok(Verdict::Match {
            rehash: Some(renewed),
        }) = dearer.verify(&typed, Some(&stored))
        else {
            panic!("expected a renewed hash");
        };
        assert!(renewed.starts_with("$argon2id$v=19$m=16,t=2,p=1$"));
        assert_eq!(
            dearer.verify(&typed, Some(&renewed)),
            Ok(Verdict::Match { rehash: None })
        );
        assert_eq!(
            dearer.verify(&Password::typed("wrong"), Some(&stored)),
            Ok(Verdict::NoMatch)
        );
    }

    #[test]
    fn a_dearer_hash_is_left_alone() {
        let dearer = Hasher::new(Cost {
            memory_kib: 16,
            passes: 1,
            lanes: 1,
        })
        .unwrap();
        let stored = dearer.hash(&new("a quiet corridor")).unwrap();
        assert_eq!(
            hasher().verify(&Password::typed("a quiet corridor"), Some(&stored)),
            Ok(Verdict::Match { rehash: None })
        );
    }

    #[test]
    fn a_stored_hash_that_is_none_is_a_fault_of_ours() {
        for stored in ["", "plain", "$argon2id$v=19$m=oops"] {
            assert_eq!(
                hasher().verify(&Password::typed("x"), Some(stored)),
                Err(HashError::Corrupt),
                "{stored}"
            );
        }
    }

    #[test]
    fn the_floor_holds() {
        assert_eq!(Cost::default(), Cost::new(19_456, 2, 1).unwrap());
        assert!(Cost::new(65_536, 3, 4).is_ok());
        for (memory, passes, lanes) in [
            (19_455, 2, 1),
            (47_104, 1, 1),
            (19_456, 2, 0),
            (19_456, 2, u32::MAX),
        ] {
            assert_eq!(Cost::new(memory, passes, lanes), Err(InvalidCost));
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(refused("שבעתווו"), Unfit::TooShort);
        assert!(NewPassword::choose("שמונה תו", "d@example.org").is_ok());
        assert!(NewPassword::choose(&"é!".repeat(64), "d@example.org").is_ok());
        assert_eq!(refused(&"x".repeat(129)), Unfit::TooLong);
    }

    #[test]
    fn common_passwords_are_refused_in_any_case_and_with_a_tail() {
        for text in [
            "password",
            "PassWord",
            "password1",
            "Password!123",
            "qwertyuiop",
            "12345678",
            "Пароль2026",
            "Corridor",
            "corridor2026",
            "iloveyou!!",
        ] {
            assert_eq!(refused(text), Unfit::Common, "{text}");
        }
    }

    #[test]
    fn the_own_address_is_refused() {
        for text in ["dana.levi", "Dana.Levi1", "DANA.LEVI2026"] {
            assert_eq!(refused(text), Unfit::LikeEmail, "{text}");
        }
    }

    #[test]
    fn a_common_word_inside_a_longer_one_is_fine() {
        for text in [
            "password forest lamp",
            "monkey-tree-lamp",
            "welcomes all of Baku",
        ] {
            assert!(NewPassword::choose(text, "d@example.org").is_ok(), "{text}");
        }
    }

    #[test]
    fn the_list_is_clean() {
        let lines: Vec<_> = COMMON.lines().collect();
        assert!(lines.len() >= 3_000, "{}", lines.len());
        // A line that another one covers says nothing.
        let words: std::collections::BTreeSet<_> = lines.iter().copied().collect();
        for line in &lines {
            let shorter = (1..=MAX_TAIL).filter_map(|tail| {
                let (end, _) = line.char_indices().nth_back(tail - 1)?;
                line.get(..end)
            });
            let mut covering =
                shorter.filter(|word| words.contains(word) && is_built_on(line, word));
            assert_eq!(covering.next(), None, "{line}");
        }
        assert!(
            lines
                .iter()
                .all(|l| !l.is_empty() && *l == l.to_lowercase() && *l == l.trim())
        );
        let unique: std::collections::BTreeSet<_> = lines.iter().collect();
        assert_eq!(unique.len(), lines.len());
    }

    #[test]
    fn a_password_is_never_printed() {
        let shown = format!(
            "{:?} {:?}",
            Password::typed("hunter2"),
            new("a quiet corridor")
        );
        assert_eq!(shown, "Password(…) NewPassword(Password(…))");
    }
}
