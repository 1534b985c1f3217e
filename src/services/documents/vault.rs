//! Where the bytes of documents lie: each once, under its SHA-256, in folders
//! of two levels. Nodes that share a PostgreSQL database share the folder.
//!
//! The bytes come first and the row that needs them second: they are written
//! under another name, synced, moved into place, and the folders synced, before
//! the row is committed. What dies between leaves bytes that no row needs, for
//! the sweep to find, and never a row without its bytes. A lock on the folder
//! keeps apart who puts bytes in place for a row to come and who deletes those
//! that no row needs.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::document::content::{HEAD, Sample, Sniffed, TAIL, TextCheck, recognise};
use crate::services::files::{Folder, Incoming, Received, make_private};

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// The SHA-256 of bytes.
pub type Hash = [u8; 32];

/// The folder.
#[derive(Debug, Clone)]
pub struct Vault {
    root: PathBuf,
    incoming: Folder,
}

/// Somebody's hold on the folder, until it is dropped.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "the lock goes with the open file")] File);

impl Vault {
    /// The folder at that path; made when something is first put there.
    pub fn at(root: PathBuf) -> Self {
        Self {
            incoming: Folder::at(root.join("incoming")),
            root,
        }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Begins a file whose hash is not known yet.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn begin(&self, name: Uuid) -> io::Result<Incoming> {
        self.incoming.begin(name)
    }

    fn lock_file(&self) -> io::Result<File> {
        make_private(&self.root)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.root.join("lock"))
    }

    fn folder(&self, first: u8, second: u8) -> PathBuf {
        let first = self.root.join(format!("{first:02x}"));
        first.join(format!("{second:02x}"))
    }

    /// Where bytes with that hash lie.
    pub fn path(&self, hash: &Hash) -> PathBuf {
        let [first, second, ..] = *hash;
        self.folder(first, second).join(hex(hash))
    }

    /// Puts a whole file in its place for good. No bytes are deleted from the
    /// folder while the answer is held: drop it when the row is committed.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn place(&self, received: Received) -> io::Result<Held> {
        let lock = self.lock_file()?;
        lock.lock_shared()?;
        let hash = received.digest;
        let [first, second, ..] = hash;
        let folder = self.folder(first, second);
        make_private(&folder)?;
        received.move_to(&self.path(&hash))?;
        // The name lies safely once each folder on the way to it does.
        for folder in folder.ancestors().take(3) {
            File::open(folder)?.sync_all()?;
        }
        // Nobody may read what the whole folder stands in; it is made once.
        if let Some(above) = self.root.parent().and_then(|it| File::open(it).ok()) {
            above.sync_all()?;
        }
        Ok(Held(lock))
    }

    /// Waits until nobody puts bytes in place, and keeps others from it.
    ///
    /// # Errors
    /// The folder can't be used.
    pub fn alone(&self) -> io::Result<Held> {
        let lock = self.lock_file()?;
        lock.lock()?;
        Ok(Held(lock))
    }

    /// Deletes bytes; they may be gone. Only while alone, and after looking
    /// again that no row needs them.
    ///
    /// # Errors
    /// The disk is broken.
    pub fn remove(&self, hash: &Hash, _alone: &Held) -> io::Result<()> {
        match fs::remove_file(self.path(hash)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Opens bytes.
    ///
    /// # Errors
    /// They are not there.
    pub fn open(&self, hash: &Hash) -> io::Result<File> {
        File::open(self.path(hash))
    }

    /// The length of bytes that are there.
    ///
    /// # Errors
    /// They are not.
    pub fn length(&self, hash: &Hash) -> io::Result<i64> {
        let length = fs::metadata(self.path(hash))?.len();
        Ok(i64::try_from(length).unwrap_or(i64::MAX))
    }

    /// Whether the bytes under a hash have that hash.
    ///
    /// # Errors
    /// They can't be read.
    pub fn is_whole(&self, hash: &Hash) -> io::Result<bool> {
        let mut file = self.open(hash)?;
        let mut real = Sha256::new();
        pieces(&mut file, |piece| real.update(piece))?;
        Ok(<Hash>::from(real.finalize()) == *hash)
    }

    /// The hashes in one of the 256 parts of the folder whose bytes have lain
    /// there for that long.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn part(&self, first: u8, age: Duration) -> io::Result<Vec<Hash>> {
        let before = SystemTime::now().checked_sub(age);
        let mut found = Vec::new();
        for second in entries(&self.root.join(format!("{first:02x}")))? {
            for path in entries(&second)? {
                let changed = fs::metadata(&path).and_then(|it| it.modified()).ok();
                let old = changed
                    .zip(before)
                    .is_some_and(|(changed, before)| changed <= before);
                found.extend(hash_of(&path).filter(|_| old));
            }
        }
        Ok(found)
    }

    /// Deletes uploads that broke off long ago.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn sweep_incoming(&self) -> io::Result<()> {
        self.incoming.old().map(drop)
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect(),
    }
}

/// A hash as files are named.
pub fn hex(hash: &Hash) -> String {
    use std::fmt::Write;
    hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hash_of(path: &Path) -> Option<Hash> {
    let name = path.file_name()?.to_str()?;
    let mut hash = Hash::default();
    if name.len() != 2 * hash.len() {
        return None;
    }
    for (place, byte) in hash.iter_mut().enumerate() {
        let digits = name.get(2 * place..2 * place + 2)?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    (hex(&hash) == name).then_some(hash)
}

/// Reads a file to its end, a piece at a time.
fn pieces(file: &mut File, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        each(piece.get(..read).unwrap_or_default());
    }
}

/// What the bytes of a file are.
///
/// # Errors
/// It can't be read.
pub fn examine(path: &Path) -> io::Result<Sniffed> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let mut head = Vec::with_capacity(HEAD);
    Read::by_ref(&mut file)
        .take(u64::try_from(HEAD).unwrap_or(0))
        .read_to_end(&mut head)?;
    let start_of_tail = len.saturating_sub(u64::try_from(TAIL).unwrap_or(0));
    file.seek(SeekFrom::Start(start_of_tail))?;
    let mut tail = Vec::new();
    Read::by_ref(&mut file).read_to_end(&mut tail)?;
    let mut text = TextCheck::default();
    text.feed(&head);
    // What begins as no text isn't read again.
    if !text.is_broken() {
        file.seek(SeekFrom::Start(0))?;
        text = TextCheck::default();
        pieces(&mut file, |piece| text.feed(piece))?;
    }
    Ok(recognise(&Sample {
        head: &head,
        tail: &tail,
        len,
        text: text.finish(),
    }))
}
