//! Forms with a file (`multipart/form-data`, RFC 7578): the file goes straight
//! to the disk, a piece at a time, wherever in the form it stands; the other
//! fields are short.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::Context as Task;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_TYPE, HeaderName};
use actix_web::web::{Data, Payload};
use futures_core::Stream;

use super::limits::{FORM_BYTES, Limits, body_problem};
use super::problem::{Kind, Problem};
use super::upload::{PIECE, check_plain, write};
use crate::domain::document::file_name::FileName;
use crate::domain::fault::Faults;
use crate::domain::ids::UserId;
use crate::services::files::Received;
use crate::services::{Context, Error, documents::uploads};

/// The media type.
const FORM: &str = "multipart/form-data";
/// Most bytes of a field that is no file.
const MOST_BYTES: usize = 4 << 10;
/// Most parts of a form.
const MOST_PARTS: usize = 32;
/// The field that is the file.
const FILE: &str = "file";

/// A form that came.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// The fields, by their names.
    pub(super) fields: BTreeMap<String, String>,
    /// The file, where there is one.
    pub(super) file: Option<FilePart>,
    /// What is wrong with the form itself.
    pub(super) faults: Faults,
}

/// A file that came in a form.
#[derive(Debug)]
pub(super) struct FilePart {
    /// Its name, in a safe form.
    pub(super) name: FileName,
    /// What its sender calls its type.
    pub(super) declared: Option<String>,
    /// Its bytes.
    pub(super) received: Received,
}

/// Reads a form with these fields beside the file.
///
/// # Errors
/// 415, 413, 408, 400 for what is no form, 429 while as many of `who` come as
/// may, 503 while too many others do, or the disk is full. What came is deleted
/// then.
pub(super) async fn read(
    request: &HttpRequest,
    (context, who): (&Context, UserId),
    payload: Payload,
    known: &[&str],
) -> Result<Form, Problem> {
    check_plain(request)?;
    if !is_form(request) {
        return Err(Problem::unsupported_media_type(FORM));
    }
    let limits = request.app_data::<Data<Limits>>();
    let limits = limits.map_or_else(Limits::default, |limits| *limits.get_ref());
    let limits = Limits {
        max_body_bytes: limits.max_document_bytes,
        ..limits
    };
    let _place = context.document_uploads.take(who)?;
    let mut parts = Multipart::new(request.headers(), payload);
    let mut form = Form::default();
    let mut count = 0;
    while let Some(part) = next(&mut parts).await {
        let mut part = part.map_err(|error| form_problem(&error, limits))?;
        count += 1;
        if count > MOST_PARTS {
            let detail = format!("A form has at most {MOST_PARTS} parts.");
            return Err(Problem::new(Kind::BadRequest).detail(detail));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let twice = form.fields.contains_key(&name) || name == FILE && form.file.is_some();
        if twice {
            let detail = "This field comes twice.";
            form.faults.push(pointer(&name), "duplicate_field", detail);
            pass_over(&mut part, limits).await?;
        } else if name == FILE {
            form.file = Some(receive(context, &mut part, limits).await?);
        } else if known.contains(&name.as_str()) {
            let text = text(&mut part, limits, &mut form.faults, &name).await?;
            form.fields.insert(name, text);
        } else {
            let detail = "This field is not known here.";
            form.faults.push(pointer(&name), "unknown_field", detail);
            pass_over(&mut part, limits).await?;
        }
    }
    if form.file.is_none() {
        let detail = "The form has the document as its field “file”.";
        form.faults.push("/file", "missing", detail);
    }
    Ok(form)
}

/// A JSON pointer (RFC 6901) to a field that a stranger named.
fn pointer(name: &str) -> String {
    let short: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    format!("/{}", short.replace('~', "~0").replace('/', "~1"))
}

fn is_form(request: &HttpRequest) -> bool {
    let header = request.headers().get(CONTENT_TYPE);
    let text = header.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(FORM)
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx: &mut Task<'_>| Pin::new(&mut *stream).poll_next(cx)).await
}

fn form_problem(error: &MultipartError, limits: Limits) -> Problem {
    match error {
        MultipartError::Payload(error) => body_problem(error, limits),
        _ => Problem::new(Kind::BadRequest).detail("The form can't be read."),
    }
}

async fn pass_over(part: &mut Field, limits: Limits) -> Result<(), Problem> {
    while let Some(piece) = next(part).await {
        piece.map_err(|error| form_problem(&error, limits))?;
    }
    Ok(())
}

async fn text(
    part: &mut Field,
    limits: Limits,
    faults: &mut Faults,
    name: &str,
) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    let mut long = false;
    while let Some(piece) = next(part).await {
        let piece = piece.map_err(|error| form_problem(&error, limits))?;
        long |= bytes.len() + piece.len() > MOST_BYTES;
        if !long {
            bytes.extend_from_slice(&piece);
        }
    }
    if long {
        let detail = format!("A field has at most {MOST_BYTES} bytes.");
        faults.push(pointer(name), "too_long", detail);
        return Ok(String::new());
    }
    let text = String::from_utf8(bytes).map_err(|_| "Fields are text in UTF-8.");
    let text = faults.take(pointer(name), "not_utf8", text);
    Ok(text.unwrap_or_default())
}

async fn receive(context: &Context, part: &mut Field, limits: Limits) -> Result<FilePart, Problem> {
    let disposition = part.content_disposition();
    let name = disposition.and_then(|it| {
        let plain = it.get_filename().map(str::to_owned);
        let whole = it.get_filename_ext();
        whole
            .and_then(|it| String::from_utf8(it.value.clone()).ok())
            .or(plain)
    });
    let declared = header(part, &CONTENT_TYPE);
    let mut incoming = uploads::begin(context).await?;
    let mut piece = Vec::with_capacity(PIECE);
    let mut bytes = 0_usize;
    while let Some(chunk) = next(part).await {
        let chunk = chunk.map_err(|error| form_problem(&error, limits))?;
        bytes = bytes.saturating_add(chunk.len());
        if bytes > limits.max_body_bytes {
            return Err(body_problem(&PayloadError::Overflow, limits));
        }
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
    Ok(FilePart {
        name: FileName::of(&name.unwrap_or_default()),
        declared,
        received,
    })
}

fn header(part: &Field, name: &HeaderName) -> Option<String> {
    let value = part.headers().get(name)?;
    Some(value.to_str().ok()?.to_owned())
}

// A form whose document is as large as it may be has room for its fields.
const _: () = assert!(FORM_BYTES > 4 * MOST_BYTES);
