//! A Maildir or an mbox file, a few messages at a time.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::mail::bounce::MOST_BYTES;

/// Longest line of an mbox that is kept whole.
const MOST_LINE: u64 = 64 << 10;

/// One message, as much of it as is looked at.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) content: Vec<u8>,
    /// Where it lies and where it goes once it is on record.
    moves: Option<(PathBuf, PathBuf)>,
}

impl Letter {
    /// It is on record: a Maildir shows it as seen. One that somebody else
    /// moved meanwhile stays where it is.
    pub(super) fn done(self) -> Result<(), Failure> {
        let Some((from, to)) = self.moves else {
            return Ok(());
        };
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unreadable(&from, &error)),
            _ => Ok(()),
        }
    }
}

/// Where messages come from.
#[derive(Debug)]
pub(super) enum Mailbox {
    /// A directory with a file each (Maildir); what is left of them, the next
    /// one last.
    Files(Vec<PathBuf>),
    /// A file with all of them after each other.
    Mbox(Mbox),
}

impl Mailbox {
    /// Opens whichever it is; with `all`, messages that were seen count too.
    pub(super) fn open(path: &Path, all: bool) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::usage(format!("{}: {why}", path.display()));
        if path.is_file() {
            let file = File::open(path).map_err(|error| unreadable(path, &error))?;
            return Ok(Self::Mbox(Mbox::new(path, BufReader::new(file))));
        }
        if !path.is_dir() {
            return Err(wrong("there is no such mailbox"));
        }
        if !path.join("new").is_dir() || !path.join("cur").is_dir() {
            return Err(wrong("a Maildir has the directories new and cur"));
        }
        let mut files = files(&path.join("new"))?;
        if all {
            files.extend(self::files(&path.join("cur"))?);
        }
        // Their names begin with when they came.
        files.sort_by(|one, other| other.file_name().cmp(&one.file_name()));
        Ok(Self::Files(files))
    }

    /// How many messages there are, where that is known beforehand.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Self::Files(files) => u64::try_from(files.len()).ok(),
            Self::Mbox(_) => None,
        }
    }

    /// The next messages; none at the end.
    pub(super) fn next(&mut self, most: usize) -> Result<Vec<Letter>, Failure> {
        let mut letters = Vec::new();
        while letters.len() < most {
            let letter = match self {
                Self::Files(files) => match files.pop() {
                    Some(file) => file_letter(&file)?,
                    None => break,
                },
                Self::Mbox(mbox) => match mbox.next()? {
                    Some(content) => Some(Letter {
                        content,
                        moves: None,
                    }),
                    None => break,
                },
            };
            letters.extend(letter);
        }
        Ok(letters)
    }
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let list = fs::read_dir(directory).map_err(|error| unreadable(directory, &error))?;
    let mut files = Vec::new();
    for entry in list {
        let entry = entry.map_err(|error| unreadable(directory, &error))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        // Links lead out of the mailbox.
        let plain = entry.file_type().is_ok_and(|kind| kind.is_file());
        if plain && !hidden {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// The message in a file of a Maildir; none when it is gone meanwhile.
fn file_letter(path: &Path) -> Result<Option<Letter>, Failure> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| unreadable(path, &error))?,
    };
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    file.take(most)
        .read_to_end(&mut content)
        .map_err(|error| unreadable(path, &error))?;
    Ok(Some(Letter {
        content,
        moves: seen(path).map(|to| (path.to_owned(), to)),
    }))
}

/// Where a file of `new` goes when it was seen.
fn seen(path: &Path) -> Option<PathBuf> {
    let directory = path.parent()?;
    (directory.file_name()? == "new").then_some(())?;
    let mut name = path.file_name()?.to_owned();
    name.push(":2,S");
    Some(directory.parent()?.join("cur").join(name))
}

/// An mbox file, read a message at a time, whatever its size.
#[derive(Debug)]
pub(super) struct Mbox<R = BufReader<File>> {
    path: PathBuf,
    lines: R,
    /// Whether the line that begins a message was read.
    begun: bool,
}

impl<R: BufRead> Mbox<R> {
    fn new(path: &Path, lines: R) -> Self {
        Self {
            path: path.to_owned(),
            lines,
            begun: false,
        }
    }

    /// The next message, cut off where it is larger than is looked at.
    fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut content = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(std::mem::take(&mut self.begun).then_some(content));
            }
            if line.starts_with(b"From ") {
                if std::mem::replace(&mut self.begun, true) {
                    return Ok(Some(content));
                }
                continue;
            }
            if !self.begun {
                let path = self.path.display();
                return Err(Failure::usage(format!(
                    "{path}: neither a Maildir nor an mbox file, which begins with \"From \""
                )));
            }
            // What began with "From " in a message was quoted.
            let line = match line.strip_prefix(b">") {
                Some(rest) if is_quoted(rest) => rest,
                _ => &line,
            };
            let room = MOST_BYTES.saturating_sub(content.len());
            content.extend_from_slice(line.get(..room).unwrap_or(line));
        }
    }

    fn line(&mut self) -> Result<Vec<u8>, Failure> {
        let mut line = Vec::new();
        (&mut self.lines)
            .take(MOST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| unreadable(&self.path, &error))?;
        Ok(line)
    }
}

/// Whether a line begins with `From ` behind any number of `>`.
fn is_quoted(line: &[u8]) -> bool {
    let start = line.iter().position(|octet| *octet != b'>').unwrap_or(0);
    line.get(start..)
        .is_some_and(|rest| rest.starts_with(b"From "))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Vec<String> {
        let mut mbox = Mbox::new(Path::new("box"), text);
        let mut messages = Vec::new();
        while let Some(message) = mbox.next().unwrap() {
            messages.push(String::from_utf8(message).unwrap());
        }
        messages
    }

    #[test]
    fn an_mbox_is_split_where_messages_begin_and_quoted_lines_are_restored() {
        let text = b"From a Mon\nSubject: 1\n\n>From here\n>>From there\n>quoted\n\nFrom b Tue\nSubject: 2\n\nx";
        assert_eq!(
            all(text),
            [
                "Subject: 1\n\nFrom here\n>From there\n>quoted\n\n",
                "Subject: 2\n\nx"
            ]
        );
        assert_eq!(all(b""), Vec::<String>::new());
        assert_eq!(all(b"From a\n"), [""]);
    }

    #[test]
    fn a_file_that_is_no_mbox_is_refused_and_a_huge_message_is_cut_off() {
        let mut mbox = Mbox::new(Path::new("box"), &b"PK\x03\x04"[..]);
        assert!(mbox.next().is_err());
        let mut text = b"From a\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 * MOST_BYTES));
        text.extend(b"\nFrom b\nSubject: 2\n");
        let messages = all(&text);
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].len(), MOST_BYTES);
        assert_eq!(messages[1], "Subject: 2\n");
    }
}
