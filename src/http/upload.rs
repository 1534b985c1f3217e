//! Receiving a body that is a file: straight to the disk, a piece at a time.

use std::pin::pin;

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use actix_web::web::{Data, Payload};
use futures_core::Stream;
use uuid::Uuid;

use super::fields::check_media_type;
use super::limits::{Limits, body_problem};
use super::problem::{Kind, Problem};
use crate::domain::import::FileFormat;
use crate::services::files::{Folder, Incoming, Received};
use crate::services::{Context, Error};

/// Bytes that are gathered before they are written.
pub(super) const PIECE: usize = 256 << 10;

/// The media type of a file of that form.
pub const fn media_type(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Csv => "text/csv",
        FileFormat::Ndjson => "application/x-ndjson",
    }
}

/// How the file that comes is written, by its `Content-Type`.
///
/// # Errors
/// 415 for another one, and for what is compressed: a small body could become
/// a large file.
pub fn format_of(request: &HttpRequest) -> Result<FileFormat, Problem> {
    check_plain(request)?;
    let known = [FileFormat::Csv, FileFormat::Ndjson];
    let place = check_media_type(request, &known.map(media_type))?;
    let format = known.get(place).copied();
    format.ok_or_else(|| Problem::new(Kind::UnsupportedMediaType))
}

/// Refuses a body that is compressed.
///
/// # Errors
/// 415.
pub(super) fn check_plain(request: &HttpRequest) -> Result<(), Problem> {
    let encoding = request.headers().get(CONTENT_ENCODING);
    if encoding.is_some_and(|it| !it.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::new(Kind::UnsupportedMediaType)
            .detail("The body must be sent as it is, without a Content-Encoding.")
            .header(ACCEPT_ENCODING, "identity"));
    }
    Ok(())
}

/// The file.
///
/// # Errors
/// 413, 408, 429 while as many of `who` come as may, 503 while too many others
/// do, or the disk is full; what came is deleted then.
pub async fn receive(
    request: &HttpRequest,
    context: &Context,
    who: impl Into<Uuid>,
    payload: Payload,
) -> Result<Received, Problem> {
    let _place = context.uploads.take(who)?;
    let limits = request.app_data::<Data<Limits>>();
    let limits = limits.map_or_else(Limits::default, |limits| *limits.get_ref());
    let limits = Limits {
        max_body_bytes: limits.max_upload_bytes,
        ..limits
    };
    let (folder, name) = (context.exchange.folder.clone(), context.new_id());
    let mut incoming = begin(folder, name).await?;
    let mut payload = pin!(payload);
    let mut piece = Vec::with_capacity(PIECE);
    while let Some(chunk) = std::future::poll_fn(|cx| payload.as_mut().poll_next(cx)).await {
        let chunk = chunk.map_err(|error| body_problem(&error, limits))?;
        piece.extend_from_slice(&chunk);
        if piece.len() >= PIECE {
            (incoming, piece) = write(incoming, piece).await?;
        }
    }
    (incoming, _) = write(incoming, piece).await?;
    let finished = tokio::task::spawn_blocking(move || incoming.finish()).await;
    let received = finished
        .map_err(Error::internal)?
        .map_err(Error::internal)?;
    Ok(received)
}

async fn begin(folder: Folder, name: Uuid) -> Result<Incoming, Error> {
    let begun = tokio::task::spawn_blocking(move || folder.begin(name)).await;
    begun.map_err(Error::internal)?.map_err(Error::internal)
}

pub(super) async fn write(
    mut incoming: Incoming,
    mut piece: Vec<u8>,
) -> Result<(Incoming, Vec<u8>), Error> {
    let written = tokio::task::spawn_blocking(move || {
        incoming.write(&piece)?;
        piece.clear();
        Ok::<_, std::io::Error>((incoming, piece))
    });
    written
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)
}
