//! E-mail as files, for people who try Corridor out without a mail server.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::message::MessageId;
use super::{Receipt, SendError};

/// Writes each e-mail as `<Message-ID>.eml` into one directory. A message sent
/// again replaces its file, and no reader ever sees half of one.
#[derive(Debug, Clone)]
pub struct FileMailer {
    directory: PathBuf,
}

impl FileMailer {
    /// Writes into `directory`, which is made if it is missing.
    pub fn new(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    pub(super) async fn send(&self, id: &MessageId, bytes: Vec<u8>) -> Result<Receipt, SendError> {
        let path = self.directory.join(format!("{}.eml", id.bare()));
        let reply = path.display().to_string();
        let written = tokio::task::spawn_blocking(move || replace(&path, &bytes));
        written
            .await
            .unwrap_or_else(|panic| Err(io::Error::other(panic)))
            .map(|()| Receipt { reply })
            .map_err(|error| SendError::Transient {
                code: None,
                text: error.to_string(),
            })
    }
}

/// Writes beside the target, then renames: whoever looks, sees all or nothing,
/// also after a power cut.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("eml.tmp");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    // What people said in confidence, also in a folder that others may look into.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::tests::email;
    use crate::mail::{Email, Mailer};

    #[tokio::test]
    async fn a_message_sent_twice_is_one_file_with_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let mail = dir.path().join("data/mail");
        let mailer = Mailer::File(FileMailer::new(&mail).unwrap());
        let changed = Email {
            subject: "First draft".to_owned(),
            ..email()
        };
        mailer.send(&changed).await.unwrap();
        let receipt = mailer.send(&email()).await.unwrap();

        let path = mail.join("0192-1@corridor.example.eml");
        assert_eq!(receipt.reply, path.display().to_string());
        assert_eq!(fs::read(&path).unwrap(), email().to_bytes().unwrap());
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions())
                & 0o077,
            0
        );
        assert_eq!(fs::read_dir(mail).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_directory_that_is_gone_is_a_passing_failure() {
        let dir = tempfile::tempdir().unwrap();
        let mailer = Mailer::File(FileMailer::new(dir.path().join("mail")).unwrap());
        fs::remove_dir_all(dir.path()).unwrap();
        let error = mailer.send(&email()).await.unwrap_err();
        assert!(matches!(error, SendError::Transient { code: None, .. }));
    }
}
