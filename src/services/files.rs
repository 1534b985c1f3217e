//! Files on their way in or out: what is handed in to be imported, and what is
//! made to be fetched. They lie in one folder, under the ids of their jobs and
//! never under a name that somebody sent. Nodes that share a PostgreSQL
//! database share the folder too, since any of them may work on a job.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How old a file without a job is when it is taken for a left-over: far
/// longer than an upload may take.
const LEFT_OVER: Duration = Duration::from_hours(24);

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// The folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at that path; made when something is first put there.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where the file of a job lies.
    pub fn path(&self, job: impl Into<Uuid>) -> PathBuf {
        self.0.join(job.into().hyphenated().to_string())
    }

    /// Whether the folder can be reached.
    pub fn is_there(&self) -> bool {
        self.0.is_dir()
    }

    /// Begins a file that has no job yet.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn begin(&self, name: Uuid) -> io::Result<Incoming> {
        self.make()?;
        let path = self.0.join(format!("{}.part", name.hyphenated()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok(Incoming {
            file,
            path: Doomed(path),
            bytes: 0,
            hash: Sha256::new(),
        })
    }

    fn make(&self) -> io::Result<()> {
        make_private(&self.0)
    }

    /// Gives a whole file to its job.
    ///
    /// # Errors
    /// It can't be moved.
    pub fn keep(&self, received: Received, job: impl Into<Uuid>) -> io::Result<()> {
        fs::rename(&received.path.0, self.path(job))?;
        File::open(&self.0)?.sync_all()
    }

    /// Deletes the file of a job; it may be gone.
    pub fn remove(&self, job: impl Into<Uuid>) {
        let path = self.path(job);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "a file could not be deleted");
        }
    }

    /// The ids of files that have lain here for so long that their job must
    /// be known, and uploads that broke off, which are deleted here.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn old(&self) -> io::Result<Vec<Uuid>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let before = SystemTime::now().checked_sub(LEFT_OVER);
        let mut old = Vec::new();
        for entry in entries {
            let entry = entry?;
            let changed = entry.metadata().and_then(|it| it.modified()).ok();
            if changed.zip(before).is_none_or(|(at, before)| at > before) {
                continue;
            }
            let path = entry.path();
            if path.extension().is_some() {
                drop(fs::remove_file(&path));
            } else if let Some(id) = id_of(&path) {
                old.push(id);
            }
        }
        Ok(old)
    }
}

/// Makes a folder that nobody else on the machine may look into, and those
/// that lead to it.
///
/// # Errors
/// It can't be made.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn id_of(path: &Path) -> Option<Uuid> {
    Uuid::try_parse(path.file_name()?.to_str()?).ok()
}

/// A path whose file is deleted unless it was moved away.
#[derive(Debug)]
struct Doomed(PathBuf);

impl Drop for Doomed {
    fn drop(&mut self) {
        // It was moved, as a rule.
        drop(fs::remove_file(&self.0));
    }
}

/// A file that is coming; gone when dropped before it was kept.
#[derive(Debug)]
pub struct Incoming {
    file: File,
    path: Doomed,
    bytes: u64,
    hash: Sha256,
}

impl Incoming {
    /// Adds bytes.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(())
    }

    /// Has the file written by somebody who goes back and forth in it; what it
    /// comes to is read from it in the end.
    ///
    /// # Errors
    /// The disk is full or broken, or `fill` fails.
    pub fn filled(
        mut self,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<Received> {
        fill(&mut self.file)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.hash = Sha256::new();
        self.bytes = 0;
        let mut piece = vec![0; PIECE];
        loop {
            let read = self.file.read(&mut piece)?;
            let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else {
                return self.finish();
            };
            self.hash.update(read);
            self.bytes += u64::try_from(read.len()).unwrap_or(0);
        }
    }

    /// Ends the file, which lies safely on the disk then.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn finish(self) -> io::Result<Received> {
        self.file.sync_all()?;
        Ok(Received {
            path: self.path,
            bytes: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            digest: self.hash.finalize().into(),
        })
    }
}

/// A whole file; gone when dropped before it was kept.
#[derive(Debug)]
pub struct Received {
    path: Doomed,
    /// Its length.
    pub bytes: i64,
    /// Its SHA-256.
    pub digest: [u8; 32],
}

impl Received {
    /// Where it lies for now.
    pub fn path(&self) -> &Path {
        &self.path.0
    }

    /// Moves it to where it stays, in the place of what was there.
    ///
    /// # Errors
    /// It can't be moved; it is gone then.
    pub fn move_to(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path.0, path)
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::write(self, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
