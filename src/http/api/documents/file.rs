//! The bytes of documents, to be kept and never shown by a browser.

use std::fs::File;
use std::io::{Seek, SeekFrom};

use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_RANGE, RANGE,
};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, get, web};
use uuid::Uuid;

use crate::domain::document::DocumentVersion;
use crate::domain::ids::DocumentId;
use crate::http::api::exchange::path_id;
use crate::http::api::timeline::hex;
use crate::http::caller::Authenticated;
use crate::http::download::{attachment, part, range};
use crate::http::preconditions::has_tag;
use crate::http::problem::{Kind, Problem};
use crate::services::deals::documents as papers;
use crate::services::documents::door::{Look, Opened, open};
use crate::services::{Caller, Context, Error};

/// The file of a document that others get.
///
/// For the startup's people and the operator's, and for a counterpart to which
/// it is open at this moment: the startup granted its level, an introduction
/// connects the two, and the gate lets them be shown to each other. To others
/// it is as if it were not there. An opening is on record before the first
/// byte flows, and the startup sees it at `…/views`; so is each part of a file
/// that is fetched in parts. A HEAD, and a GET of what the caller has, open
/// nothing.
#[utoipa::path(
    operation_id = "get_document_file",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
        ("Range" = Option<String>, Header, max_length = 100, example = "bytes=0-1023"),
        ("If-Range" = Option<String>, Header, max_length = 100),
    ),
    responses(
        (status = 200, description = "The file.", content(
                (String = "application/pdf"),
                (String = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
                (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                (String = "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
                (String = "image/png"),
                (String = "image/jpeg"),
                (String = "text/csv"),
                (String = "text/plain"),
            ),
            headers(("Content-Disposition" = String), ("ETag" = String), ("Accept-Ranges" = String))),
        (status = 206, description = "The part that was asked for.", content(
                (String = "application/pdf"),
                (String = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
                (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                (String = "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
                (String = "image/png"),
                (String = "image/jpeg"),
                (String = "text/csv"),
                (String = "text/plain"),
            ),
            headers(("Content-Range" = String), ("ETag" = String))),
        (status = 304, description = "The caller has it."),
        (status = 409, description = "Its bytes were erased (`document_erased`)."),
        (status = 416, description = "The range is not in the file."),
    )
)]
#[get("/v1/documents/{id}/file")]
pub(super) async fn get_document_file(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    send(&context, &caller, &request, path_id(&id)?, None).await
}

/// The file of one version of a document, for its startup's people and the
/// operator's.
#[utoipa::path(
    operation_id = "get_document_version_file",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("version" = String, Path, max_length = 10, example = "1"),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
        ("Range" = Option<String>, Header, max_length = 100, example = "bytes=0-1023"),
        ("If-Range" = Option<String>, Header, max_length = 100),
    ),
    responses(
        (status = 200, description = "The file.", content(
                (String = "application/pdf"),
                (String = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
                (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                (String = "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
                (String = "image/png"),
                (String = "image/jpeg"),
                (String = "text/csv"),
                (String = "text/plain"),
            ),
            headers(("Content-Disposition" = String), ("ETag" = String), ("Accept-Ranges" = String))),
        (status = 206, description = "The part that was asked for.", content(
                (String = "application/pdf"),
                (String = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
                (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                (String = "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
                (String = "image/png"),
                (String = "image/jpeg"),
                (String = "text/csv"),
                (String = "text/plain"),
            ),
            headers(("Content-Range" = String), ("ETag" = String))),
        (status = 304, description = "The caller has it."),
        (status = 409, description = "Its bytes were erased (`document_erased`)."),
        (status = 416, description = "The range is not in the file."),
    )
)]
#[get("/v1/documents/{id}/versions/{version}/file")]
pub(super) async fn get_document_version_file(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, version) = path.into_inner();
    let number = Some(path_id(&version)?);
    send(&context, &caller, &request, path_id(&id)?, number).await
}

async fn send(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    id: DocumentId,
    number: Option<i64>,
) -> Result<HttpResponse, Problem> {
    // Whether the caller has it, or may have it at all, opens nothing.
    let peeked = open(context, caller, id, number, Look::Peek).await?;
    let tag = format!("\"{}\"", hex(&peeked.version.digest));
    if has_tag(request, &tag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .insert_header((CACHE_CONTROL, "private, no-store"))
            .finish());
    }
    let wanted = part_of(request, &tag, peeked.version.bytes)?;
    if is_head(request) {
        return answer(peeked, wanted).await;
    }
    let opened = open(context, caller, id, number, Look::Open).await?;
    if opened.version.digest != peeked.version.digest {
        // Another file came between; the range was of the one before.
        return answer(opened, None).await;
    }
    answer(opened, wanted).await
}

/// Gives the file of a deal's paper as documents are given.
pub(in crate::http::api) async fn send_paper(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    id: Uuid,
) -> Result<HttpResponse, Problem> {
    let (peeked, file) = papers::open(context, caller, id, Look::Peek).await?;
    let tag = format!("\"{}\"", hex(&peeked.file.digest));
    if has_tag(request, &tag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .insert_header((CACHE_CONTROL, "private, no-store"))
            .finish());
    }
    let wanted = part_of(request, &tag, peeked.file.bytes)?;
    if is_head(request) {
        return deliver(&peeked.file, file, wanted).await;
    }
    // A paper has one file only, so that this is what was looked at.
    let (opened, file) = papers::open(context, caller, id, Look::Open).await?;
    deliver(&opened.file, file, wanted).await
}

/// HEAD comes here as GET; what the caller sent stands beside it.
fn is_head(request: &HttpRequest) -> bool {
    let sent = request.extensions().get::<Method>().cloned();
    sent.is_some_and(|method| method == Method::HEAD)
}

/// The part of the file that the caller wants, if it wants one.
fn part_of(request: &HttpRequest, tag: &str, bytes: i64) -> Result<Option<(u64, u64)>, Problem> {
    let text = |name| request.headers().get(name)?.to_str().ok();
    let length = u64::try_from(bytes).unwrap_or(0);
    let same = text(IF_RANGE).is_none_or(|had| had == tag);
    match text(RANGE).filter(|_| same) {
        None => Ok(None),
        Some(header) => range(header, length).map_err(|_| {
            Problem::new(Kind::BadRange).header(CONTENT_RANGE, &format!("bytes */{length}"))
        }),
    }
}

async fn answer(opened: Opened, wanted: Option<(u64, u64)>) -> Result<HttpResponse, Problem> {
    deliver(&opened.version, opened.file, wanted).await
}

/// Gives a file, or a part of it.
async fn deliver(
    version: &DocumentVersion,
    mut file: File,
    wanted: Option<(u64, u64)>,
) -> Result<HttpResponse, Problem> {
    let length = u64::try_from(version.bytes).unwrap_or(0);
    let (first, count) = wanted.unwrap_or((0, length));
    if first > 0 {
        let sought = tokio::task::spawn_blocking(move || {
            file.seek(SeekFrom::Start(first))?;
            Ok::<_, std::io::Error>(file)
        });
        file = sought
            .await
            .map_err(Error::internal)?
            .map_err(Error::internal)?;
    }
    let mut response = match wanted {
        Some(_) => HttpResponse::PartialContent(),
        None => HttpResponse::Ok(),
    };
    if wanted.is_some() {
        let last = first + count - 1;
        response.insert_header((CONTENT_RANGE, format!("bytes {first}-{last}/{length}")));
    }
    Ok(response
        .insert_header((CONTENT_TYPE, version.kind.media_type()))
        .insert_header((CONTENT_DISPOSITION, attachment(version.file_name.as_str())))
        .insert_header((ETAG, format!("\"{}\"", hex(&version.digest))))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ))
        // As it is: a compressed form would have another length and other parts.
        .insert_header((CONTENT_ENCODING, "identity"))
        .body(part(file, count)))
}
