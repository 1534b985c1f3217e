//! Everything of a firm as an archive (ZIP, stored): the lines, the files of the
//! documents that they name, and a list of those files. Each file is opened for
//! whoever asks by the same door as on its own route, which notes it where that
//! does, and only a piece of one is in memory at a time.
//!
//! Of a deal only the firm's own papers are in it. What the other side keeps is
//! open to the firm only while the gate is, and an archive lies about for longer
//! than that: the list names it, with the route that asks at each reading.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::domain::document::DocumentVersion;
use crate::domain::ids::{DocumentId, OrganizationId};
use crate::http::api::timeline::hex;
use crate::services::deals::documents as papers;
use crate::services::documents::door::{self, Look};
use crate::services::files::{Incoming, Received};
use crate::services::{Caller, Context, Error, documents};

/// The lines.
const RECORDS: &str = "records.ndjson";
/// The list of the files.
const FILES: &str = "files.ndjson";
/// Versions that are read at a time.
const VERSIONS: usize = 100;
/// Documents that are read at a time.
const DOCUMENTS: usize = 256;
/// Digits of its hash in a file's name.
const DIGITS: usize = 16;

/// One file on its way into the archive.
struct Entry {
    name: String,
    file: File,
}

/// Writes it.
pub(super) async fn write(
    context: Context,
    caller: Caller,
    firm: Option<OrganizationId>,
    lines: Received,
    to: Incoming,
) -> Result<Received, Error> {
    let (entries, coming) = mpsc::channel(1);
    let path = lines.path().to_owned();
    let opened = blocking(move || Ok((File::open(&path)?, File::open(&path)?)));
    let (records, opened) = opened.await?;
    let writing = tokio::task::spawn_blocking(move || pack(records, coming, to));
    let gathered = gather((&context, &caller), firm, opened, &entries).await;
    // The packer ends when nobody sends it anything any more.
    drop(entries);
    let packed = writing.await.map_err(Error::internal)?;
    drop(lines);
    // What broke the packer is why nothing could be sent to it.
    let received = packed.map_err(Error::internal)?;
    gathered?;
    Ok(received)
}

async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(job).await;
    done.map_err(Error::internal)?.map_err(Error::internal)
}

/// What goes into the archive.
enum Piece {
    /// A file.
    File(Entry),
    /// A line of the list of files.
    Listed(Map<String, Value>),
}

/// How an entry of that many bytes is put in.
fn stored(bytes: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(bytes >= u64::from(u32::MAX))
        .unix_permissions(0o600)
}

/// Puts the lines and then the files into the archive as they come, and the list
/// of them last.
fn pack(
    mut records: File,
    mut coming: mpsc::Receiver<Piece>,
    to: Incoming,
) -> io::Result<Received> {
    to.filled(|file| {
        let mut archive = ZipWriter::new(file);
        archive.start_file(RECORDS, stored(records.metadata()?.len()))?;
        io::copy(&mut records, &mut archive)?;
        let mut list = Vec::new();
        while let Some(piece) = coming.blocking_recv() {
            match piece {
                Piece::File(Entry { name, mut file }) => {
                    archive.start_file(name, stored(file.metadata()?.len()))?;
                    io::copy(&mut file, &mut archive)?;
                }
                Piece::Listed(line) => {
                    serde_json::to_writer(&mut list, &line)?;
                    list.push(b'\n');
                }
            }
        }
        archive.start_file(FILES, stored(0))?;
        archive.write_all(&list)?;
        archive.finish()?;
        Ok(())
    })
}

/// A line, as far as it matters here.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    data: Value,
}

/// A document that a line names.
enum Named {
    /// A profile's.
    OfProfile(DocumentId),
    /// A paper of a deal.
    OfDeal(Uuid),
}

impl Named {
    fn in_line(line: &str) -> Option<Self> {
        let Line { kind, data } = serde_json::from_str(line).ok()?;
        let id = |value: &Value| value.get("id")?.as_str()?.parse::<Uuid>().ok();
        match kind.as_str() {
            "document" => id(&data).map(|id| Self::OfProfile(id.into())),
            "deal_document" => id(data.get("says")?).map(Self::OfDeal),
            _ => None,
        }
    }
}

/// Sends what the lines name.
async fn gather(
    (context, caller): (&Context, &Caller),
    firm: Option<OrganizationId>,
    lines: File,
    to: &mpsc::Sender<Piece>,
) -> Result<(), Error> {
    let mut lines = BufReader::new(lines);
    loop {
        let some = blocking(move || {
            let mut named = Vec::new();
            let mut line = String::new();
            while named.len() < DOCUMENTS && lines.read_line(&mut line)? > 0 {
                named.extend(Named::in_line(&line));
                line.clear();
            }
            Ok((lines, named))
        });
        let (rest, named) = some.await?;
        lines = rest;
        if named.is_empty() {
            return Ok(());
        }
        for document in named {
            match document {
                Named::OfProfile(id) => versions(context, caller, id, to).await?,
                Named::OfDeal(id) => paper((context, caller), firm, id, to).await?,
            }
        }
    }
}

/// All versions of a document, the newest first.
async fn versions(
    context: &Context,
    caller: &Caller,
    id: DocumentId,
    to: &mpsc::Sender<Piece>,
) -> Result<(), Error> {
    let mut before = None;
    loop {
        let listed = documents::versions(context, caller, id, before, VERSIONS).await;
        let (some, more) = match listed {
            // It is another firm's by now, or gone.
            Err(Error::NotFound | Error::Forbidden) => return Ok(()),
            listed => listed?,
        };
        before = some.last().map(|version| version.number);
        for version in some {
            let number = version.number;
            let opened = door::open(context, caller, id, Some(number), Look::Open).await;
            let opened = opened.map(|opened| opened.file);
            let of = fields([
                ("document", json!(id.to_string())),
                ("version", json!(number)),
            ]);
            let folder = format!("documents/{id}/{number}");
            put(to, of, &folder, &version, opened).await?;
        }
        if !more {
            return Ok(());
        }
    }
}

/// A paper of a deal: its file where the firm's own people keep it, else where
/// it is read.
async fn paper(
    (context, caller): (&Context, &Caller),
    firm: Option<OrganizationId>,
    id: Uuid,
    to: &mpsc::Sender<Piece>,
) -> Result<(), Error> {
    let (found, keeper) = match papers::find_kept(context, caller, id).await {
        // Not theirs to read but the firm's.
        Err(Error::NotFound | Error::Forbidden) => {
            let line = fields([
                ("deal_document", json!(id.to_string())),
                ("left_out", json!("not_readable")),
            ]);
            return send(to, Piece::Listed(line)).await;
        }
        found => found?,
    };
    let of = fields([("deal_document", json!(id.to_string()))]);
    if keeper.is_none() || keeper != firm {
        let mut line = described(of, &found.file);
        line.insert("left_out".to_owned(), json!("on_its_own_route"));
        let route = format!("/v1/deal-documents/{id}/file");
        line.insert("read_at".to_owned(), json!(route));
        return send(to, Piece::Listed(line)).await;
    }
    let opened = papers::open(context, caller, id, Look::Open).await;
    let opened = opened.map(|(_, file)| file);
    let folder = format!("deal-documents/{id}");
    put(to, of, &folder, &found.file, opened).await
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    let fields = fields.into_iter();
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// What the list says of a file beside what it belongs to.
fn described(mut said: Map<String, Value>, version: &DocumentVersion) -> Map<String, Value> {
    said.insert("sha256".to_owned(), json!(hex(&version.digest)));
    said.insert("bytes".to_owned(), json!(version.bytes));
    said.insert("file_name".to_owned(), json!(version.file_name.as_str()));
    said
}

/// Sends a file with what the list says of it; of one whose bytes are gone or
/// not theirs to open, that and why.
async fn put(
    to: &mpsc::Sender<Piece>,
    of: Map<String, Value>,
    folder: &str,
    version: &DocumentVersion,
    opened: Result<File, Error>,
) -> Result<(), Error> {
    let mut said = described(of, version);
    let hash = hex(&version.digest);
    let left_out = match opened {
        Ok(file) => {
            let start = hash.get(..DIGITS).unwrap_or_default();
            let name = format!("{folder}-{start}-{}", version.file_name);
            said.insert("path".to_owned(), json!(name));
            send(to, Piece::File(Entry { name, file })).await?;
            None
        }
        Err(Error::Refused(refusal)) => Some(refusal.code),
        Err(Error::NotFound | Error::Forbidden) => Some("not_readable".into()),
        Err(error) => return Err(error),
    };
    if let Some(code) = left_out {
        said.insert("left_out".to_owned(), json!(code));
    }
    send(to, Piece::Listed(said)).await
}

/// Sends a piece; the packer is there unless it broke, which it says itself.
async fn send(to: &mpsc::Sender<Piece>, piece: Piece) -> Result<(), Error> {
    let sent = to.send(piece).await;
    sent.map_err(|_| Error::internal(io::Error::from(io::ErrorKind::BrokenPipe)))
}
