//! Answers that are files: sent a piece at a time, to be kept and not shown.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context as Task, Poll};

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;

use super::upload::media_type;
use crate::domain::export::ExportFormat;
use crate::domain::import::FileFormat;

/// Pieces that may wait for a slow reader.
const WAITING: usize = 4;

/// Why a file breaks off.
pub type Broken = std::io::Error;

/// Where the pieces of a file are put.
pub type Pieces = mpsc::Sender<Result<Bytes, Broken>>;

/// The pieces as they come.
struct Coming(mpsc::Receiver<Result<Bytes, Broken>>);

impl Stream for Coming {
    type Item = Result<Bytes, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(task)
    }
}

/// A file of that format and name, without its ending, whose pieces `make` sends
/// off. One that breaks off ends the connection, so that nobody takes a part for
/// all.
pub fn file<F>(format: ExportFormat, name: &str, make: impl FnOnce(Pieces) -> F) -> HttpResponse
where
    F: Future<Output = ()> + Send + 'static,
{
    let (pieces, coming) = mpsc::channel(WAITING);
    tokio::spawn(make(pieces));
    let content_type = match format {
        ExportFormat::Csv => "text/csv; charset=utf-8; header=present",
        ExportFormat::Ndjson => media_type(FileFormat::Ndjson),
        ExportFormat::Zip => "application/zip",
    };
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.code());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CONTENT_DISPOSITION, disposition))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(Coming(coming))
}

/// Bytes of one piece of a file.
const PIECE: usize = 64 << 10;

/// Sends so many bytes of a file from where it stands, as long as somebody
/// takes them. A file that is shorter breaks off.
pub async fn send(mut file: File, length: u64, to: Pieces) {
    let mut left = length;
    while left > 0 {
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; room];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok::<_, io::Error>((file, piece))
        });
        let (rest, piece) = match read.await.map_err(io::Error::other) {
            Ok(Ok(read)) => read,
            Ok(Err(error)) | Err(error) => {
                drop(to.send(Err(error)).await);
                return;
            }
        };
        file = rest;
        left -= u64::try_from(piece.len()).unwrap_or(left).min(left);
        if to.send(Ok(Bytes::from(piece))).await.is_err() {
            return;
        }
    }
}

/// The body that is so many bytes of a file from where it stands.
pub fn part(file: File, length: u64) -> SizedStream<impl Stream<Item = Result<Bytes, Broken>>> {
    let (pieces, coming) = mpsc::channel(WAITING);
    tokio::spawn(send(file, length, pieces));
    SizedStream::new(length, Coming(coming))
}

/// `Content-Disposition` of a file that is to be kept under that name (RFC
/// 6266, RFC 8187): once in ASCII for old programs, once as it is.
pub fn attachment(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let ascii: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let whole: String = name.bytes().fold(String::new(), |mut text, byte| {
        use std::fmt::Write;
        // attr-char of RFC 8187 §3.2.1.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    });
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{whole}")
}

/// A part that lies beyond the end of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beyond;

/// The part of a file of `length` bytes that a `Range` of one part names (RFC
/// 9110 §14.1.2), as its first byte and how many; none for what is not one
/// part in bytes, which is answered with the whole.
///
/// # Errors
/// It lies beyond the file.
pub fn range(header: &str, length: u64) -> Result<Option<(u64, u64)>, Beyond> {
    let Some((first, last)) = header
        .strip_prefix("bytes=")
        .filter(|it| !it.contains(','))
        .and_then(|it| it.trim().split_once('-'))
    else {
        return Ok(None);
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return Ok(None);
    }
    let (first, last) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => return Ok(None),
        (Ok(first), Ok(last)) => (first, last.min(length.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, length.saturating_sub(1)),
        (Err(_), Ok(0)) if first.is_empty() => return Err(Beyond),
        (Err(_), Ok(suffix)) if first.is_empty() => {
            (length.saturating_sub(suffix), length.saturating_sub(1))
        }
        _ => return Ok(None),
    };
    if first >= length {
        return Err(Beyond);
    }
    Ok(Some((first, last - first + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood() {
        for (header, expected) in [
            ("bytes=0-3", Ok(Some((0, 4)))),
            ("bytes=4-", Ok(Some((4, 6)))),
            ("bytes=-3", Ok(Some((7, 3)))),
            ("bytes=-30", Ok(Some((0, 10)))),
            ("bytes=8-99", Ok(Some((8, 2)))),
            ("bytes=10-", Err(Beyond)),
            ("bytes=-0", Err(Beyond)),
            ("bytes=3-1", Ok(None)),
            ("bytes=0-1,3-4", Ok(None)),
            ("bytes=-", Ok(None)),
            ("bytes=a-b", Ok(None)),
            ("bytes=+1-2", Ok(None)),
            ("lines=0-1", Ok(None)),
            ("bytes=99999999999999999999999-", Ok(None)),
        ] {
            assert_eq!(range(header, 10), expected, "{header}");
        }
    }

    #[test]
    fn a_name_is_sent_in_two_forms() {
        assert_eq!(
            attachment("deck 2.pdf"),
            "attachment; filename=\"deck 2.pdf\"; filename*=UTF-8''deck%202.pdf"
        );
        assert_eq!(
            attachment("מצגת\";x.pdf"),
            "attachment; filename=\"______x.pdf\"; filename*=UTF-8''%D7%9E%D7%A6%D7%92%D7%AA%22%3Bx.pdf"
        );
    }
}
