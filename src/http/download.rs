//! Answers that are files: sent a piece at a time, to be kept and not shown.

use std::pin::Pin;
use std::task::{Context as Task, Poll};

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;

use super::upload::media_type;
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

/// A file of that name, without its ending, whose pieces `make` sends off. One
/// that breaks off ends the connection, so that nobody takes a part for all.
pub fn file<F>(format: FileFormat, name: &str, make: impl FnOnce(Pieces) -> F) -> HttpResponse
where
    F: Future<Output = ()> + Send + 'static,
{
    let (pieces, coming) = mpsc::channel(WAITING);
    tokio::spawn(make(pieces));
    let content_type = match format {
        FileFormat::Csv => "text/csv; charset=utf-8; header=present".to_owned(),
        FileFormat::Ndjson => media_type(format).to_owned(),
    };
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.code());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CONTENT_DISPOSITION, disposition))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(Coming(coming))
}
