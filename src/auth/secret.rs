//! The master secret, and the keys derived from it: one to seal what is kept
//! in the store, and one each to sign links, page cursors and the addresses
//! that mail comes back to. They are derived by HKDF-SHA256 (RFC 5869) under
//! labels of their own, so that no key is ever used for two purposes.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use ring::{aead, hkdf, hmac};
use zeroize::{Zeroize as _, Zeroizing};

use super::{NoEntropy, random};

/// Length of the master secret in bytes.
const LENGTH: usize = 32;
/// Separates this program's keys from any other use of the same secret.
const SALT: &[u8] = b"corridor/v1";
/// The first byte of everything sealed: the format, for a later change of it.
const SEAL_VERSION: u8 = 1;

/// Why there is no usable master secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Not base64 of exactly 32 bytes.
    #[error(
        "a secret must be 32 bytes in base64 (44 characters), for example from `openssl rand -base64 32`"
    )]
    Malformed,
    /// The file holds something else.
    #[error(
        "{0} doesn't hold 32 bytes in base64; restore it from a backup: without it, what is sealed in the store can't be opened"
    )]
    MalformedFile(PathBuf),
    /// Other users of the machine may read the file.
    #[error("{path} may be read by others (mode {mode:03o}); run `chmod 600 {path}`")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// See [`NoEntropy`].
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// 32 secret bytes from which every other symmetric key is derived.
pub struct MasterSecret([u8; LENGTH]);

impl MasterSecret {
    /// A new one from the operating system's generator.
    pub fn generate() -> Result<Self, NoEntropy> {
        random().map(Self)
    }

    /// Reads base64 of 32 bytes, as configured.
    ///
    /// # Errors
    /// [`SecretError::Malformed`]; the message never repeats the text.
    pub fn from_base64(text: &str) -> Result<Self, SecretError> {
        let bytes = Zeroizing::new(
            BASE64
                .decode(text.trim())
                .map_err(|_| SecretError::Malformed)?,
        );
        let bytes: [u8; LENGTH] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| SecretError::Malformed)?;
        Ok(Self(bytes))
    }

    /// Reads the secret from `path`; makes a new one there, with mode 0600,
    /// when there is none. Two processes that start at the same time end with
    /// the same secret.
    ///
    /// # Errors
    /// A file that others may read is refused, as is one that holds anything
    /// else than a secret: it is never overwritten.
    pub fn load_or_create(path: &Path) -> Result<Self, SecretError> {
        match Self::load(path) {
            Err(SecretError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Self::create(path)?;
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    /// Reads the secret from `path`.
    ///
    /// # Errors
    /// No file, one that others may read, or one that holds anything else than
    /// a secret.
    pub fn load(path: &Path) -> Result<Self, SecretError> {
        let io = |source| SecretError::Io {
            path: path.to_owned(),
            source,
        };
        let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretError::Exposed {
                path: path.to_owned(),
                mode,
            });
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
        Self::from_base64(&text).map_err(|_| SecretError::MalformedFile(path.to_owned()))
    }

    /// Writes a new secret beside `path` and gives it its name by a hard link,
    /// which is as exclusive as `O_EXCL` but never shows a half-written file.
    /// Losing the race to another process is no error: its secret stays.
    fn create(path: &Path) -> Result<(), SecretError> {
        let text = Zeroizing::new(Self::generate()?.to_base64());
        let draft = path.with_extension(format!("{:016x}.tmp", u64::from_ne_bytes(random()?)));
        let published = write_private(&draft, text.as_bytes())
            .and_then(|()| match fs::hard_link(&draft, path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            })
            .and_then(|()| sync_directory_of(path));
        let removed = fs::remove_file(&draft);
        published.and(removed).map_err(|source| SecretError::Io {
            path: path.to_owned(),
            source,
        })
    }

    /// The secret in base64, for a configuration file or an environment variable.
    pub fn to_base64(&self) -> String {
        BASE64.encode(self.0)
    }

    /// The key for what is sealed in the store.
    pub fn sealer(&self) -> Sealer {
        let key = derive(&self.0, b"seal", &aead::CHACHA20_POLY1305);
        Sealer(aead::LessSafeKey::new(key))
    }

    /// The key that signs e-mailed links.
    pub fn link_key(&self) -> MacKey {
        MacKey(derive(&self.0, b"link", hmac::HMAC_SHA256))
    }

    /// The key that signs the addresses that mail comes back to.
    pub fn return_path_key(&self) -> MacKey {
        MacKey(derive(&self.0, b"return-path", hmac::HMAC_SHA256))
    }

    /// The key that signs page cursors.
    pub fn cursor_key(&self) -> MacKey {
        MacKey(derive(&self.0, b"cursor", hmac::HMAC_SHA256))
    }
}

impl Drop for MasterSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecret(…)")
    }
}

/// The key of that purpose: HKDF's output under the purpose as label.
fn derive<L, K>(secret: &[u8], purpose: &[u8], kind: L) -> K
where
    L: hkdf::KeyType,
    K: for<'a> From<hkdf::Okm<'a, L>>,
{
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret);
    prk.expand(&[purpose], kind)
        .expect("HKDF-SHA256 refuses only outputs above 255 × 32 bytes, and these are 32")
        .into()
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// Makes the directory's entry for `path` survive a power cut.
fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// The bytes were not sealed with this key under this name, or were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sealed with this key under this name")]
pub struct BrokenSeal;

/// Authenticated encryption (ChaCha20-Poly1305, RFC 8439) for secrets that
/// must lie in the store.
pub struct Sealer(aead::LessSafeKey);

impl Sealer {
    /// Encrypts `plain` and binds it to `name`, so that one sealed value can't
    /// be put in another's place. Sealing twice gives different bytes.
    ///
    /// # Panics
    /// Above 256 GiB, where the cipher ends.
    pub fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, NoEntropy> {
        let nonce = random::<{ aead::NONCE_LEN }>()?;
        let mut body = plain.to_vec();
        let tag = self
            .0
            .seal_in_place_separate_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(name.as_bytes()),
                &mut body,
            )
            .expect("ChaCha20-Poly1305 refuses only inputs above 256 GiB");
        Ok([&[SEAL_VERSION], &nonce[..], &body, tag.as_ref()].concat())
    }

    /// [`Sealer::seal`] as text that needs no escaping in a URL.
    pub fn seal_text(&self, name: &str, plain: &[u8]) -> Result<String, NoEntropy> {
        Ok(BASE64URL.encode(self.seal(name, plain)?))
    }

    /// Decrypts what [`Sealer::seal_text`] made under the same `name`.
    pub fn open_text(&self, name: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, BrokenSeal> {
        let sealed = BASE64URL.decode(sealed).map_err(|_| BrokenSeal)?;
        self.open(name, &sealed)
    }

    /// Decrypts what [`Sealer::seal`] made under the same `name`.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BrokenSeal> {
        let (version, rest) = sealed.split_first().ok_or(BrokenSeal)?;
        if *version != SEAL_VERSION {
            return Err(BrokenSeal);
        }
        let (nonce, body) = rest
            .split_first_chunk::<{ aead::NONCE_LEN }>()
            .ok_or(BrokenSeal)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .0
            .open_in_place(
                aead::Nonce::assume_unique_for_key(*nonce),
                aead::Aad::from(name.as_bytes()),
                &mut body,
            )
            .map_err(|_| BrokenSeal)?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// Length of a MAC in bytes.
pub const MAC_LENGTH: usize = 32;

/// A key for HMAC-SHA256 (RFC 2104).
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// The MAC of `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; MAC_LENGTH] {
        let mut mac = [0; MAC_LENGTH];
        mac.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        mac
    }

    /// Whether `mac` belongs to `message`, compared in constant time.
    pub fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.0, message, mac).is_ok()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> MasterSecret {
        MasterSecret([7; LENGTH])
    }

    #[test]
    fn a_secret_survives_its_text_form() {
        let text = secret().to_base64();
        assert_eq!(MasterSecret::from_base64(&text).unwrap().0, secret().0);
        assert_eq!(
            MasterSecret::from_base64(&format!("{text}\n")).unwrap().0,
            secret().0
        );
    }

    #[test]
    fn anything_but_32_bytes_is_refused() {
        for text in [
            "",
            "short",
            "AAAA",
            &BASE64.encode([0; 31]),
            &BASE64.encode([0; 33]),
        ] {
            assert!(matches!(
                MasterSecret::from_base64(text),
                Err(SecretError::Malformed)
            ));
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let shown = format!(
            "{:?} {:?} {:?}",
            secret(),
            secret().sealer(),
            secret().link_key()
        );
        assert_eq!(shown, "MasterSecret(…) Sealer(…) MacKey(…)");
    }

    #[test]
    fn the_first_start_makes_a_private_file_and_later_ones_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        let first = MasterSecret::load_or_create(&path).unwrap();
        let second = MasterSecret::load_or_create(&path).unwrap();
        assert_eq!(first.0, second.0);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no draft is left"
        );
    }

    #[test]
    fn processes_that_start_together_agree_on_one_secret() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        let secrets: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| MasterSecret::load_or_create(&path).unwrap().0))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        MasterSecret::load_or_create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = MasterSecret::load_or_create(&path).unwrap_err();
        assert!(matches!(error, SecretError::Exposed { mode: 0o640, .. }));
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        write_private(&path, b"oops").unwrap();
        assert!(matches!(
            MasterSecret::load_or_create(&path),
            Err(SecretError::MalformedFile(_))
        ));
        assert_eq!(fs::read(&path).unwrap(), b"oops\n");
    }

    #[test]
    fn a_directory_that_is_missing_is_named() {
        let error = MasterSecret::load_or_create(Path::new("/nonexistent/secret.key")).unwrap_err();
        assert!(error.to_string().starts_with("/nonexistent/secret.key: "));
    }

    #[test]
    fn what_is_sealed_opens_under_its_name_only() {
        let sealer = secret().sealer();
        let bytes = sealer.seal("signing-key/1", b"private").unwrap();
        assert_eq!(&**sealer.open("signing-key/1", &bytes).unwrap(), b"private");
        assert_eq!(sealer.open("signing-key/2", &bytes), Err(BrokenSeal));
        let other = MasterSecret([8; LENGTH]).sealer();
        assert_eq!(other.open("signing-key/1", &bytes), Err(BrokenSeal));
    }

    #[test]
    fn a_change_of_any_byte_breaks_the_seal() {
        let sealer = secret().sealer();
        let bytes = sealer.seal("name", b"private").unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(sealer.open("name", &changed), Err(BrokenSeal), "byte {at}");
            assert_eq!(sealer.open("name", &bytes[..at]), Err(BrokenSeal));
        }
    }

    #[test]
    fn sealing_twice_gives_different_bytes() {
        let sealer = secret().sealer();
        assert_ne!(
            sealer.seal("n", b"x").unwrap(),
            sealer.seal("n", b"x").unwrap()
        );
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let mac = secret().link_key().sign(b"message");
        assert!(secret().link_key().verify(b"message", &mac));
        assert!(!secret().cursor_key().verify(b"message", &mac));
        assert!(!secret().link_key().verify(b"other", &mac));
        assert!(!secret().link_key().verify(b"message", &mac[..16]));
    }

    #[test]
    fn keys_are_derived_by_hkdf_as_python_does() {
        // HMAC(HKDF(salt="corridor/v1", ikm=07×32, info="link", 32), "message"),
        // computed with Python's hmac module.
        assert_eq!(
            BASE64.encode(secret().link_key().sign(b"message")),
            "VSZYNilFe1ELSKgSnDziDzdjcXmg3RsVF7v4k+UTwhA="
        );
    }
}
