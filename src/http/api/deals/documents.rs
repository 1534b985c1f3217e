//! Papers of a deal: sent as forms, kept by their hashes, and opened by those
//! who learn of them.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::domain::deal_document::{DealDocument, DealDocumentClass};
use crate::domain::deal_work::Visibility;
use crate::domain::document;
use crate::domain::fault::Faults;
use crate::http::api::documents::file::send_paper;
use crate::http::api::documents::requests::{of_file, upload};
use crate::http::api::exchange::{intent, path_id};
use crate::http::api::timeline::hex;
use crate::http::api::values::{code, time};
use crate::http::caller::Authenticated;
use crate::http::idempotency::IdempotencyKey;
use crate::http::multipart::{self, Form};
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::deals::documents::{self as papers, NewPaper};
use crate::services::documents::uploads::Upload;
use crate::services::paging::PageRequest;
use crate::services::{Caller, Context};

/// The fields of the form beside the file.
const FIELDS: [&str; 3] = ["class", "title", "visibility"];

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_deal_documents)
        .service(keep_deal_document)
        .service(get_deal_document)
        .service(get_deal_document_file)
        .service(erase_deal_document);
}

/// A paper of a deal, as it is sent.
#[derive(Debug, ToSchema)]
#[schema(as = NewDealDocument)]
#[expect(dead_code, reason = "it describes a form, which is read part by part")]
pub struct NewDealDocumentForm {
    /// `non_disclosure`, `due_diligence`, `term_sheet`, `agreement`,
    /// `decision`, `payment` or `other`.
    #[schema(max_length = 40, example = "term_sheet")]
    class: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 200, example = "Term sheet, second draft")]
    title: String,
    /// Who learns of it: `private` (the sender), `team` (the sender's people)
    /// or `both` (both sides and the operator's people).
    #[schema(max_length = 10, example = "both")]
    visibility: String,
    /// The file, with its name.
    #[schema(
        format = "binary",
        max_length = 1_073_741_824,
        content_media_type = "application/octet-stream"
    )]
    file: String,
}

/// What a form says, for the fingerprint; what the paper is; and its file.
async fn new_paper(mut form: Form) -> Result<(Vec<u8>, NewPaper, Upload), Problem> {
    let mut faults = std::mem::take(&mut form.faults);
    let new = read_fields(&form, &mut faults);
    let upload = upload(form.file, &mut faults).await?;
    match (new, upload) {
        (Some(new), Some(upload)) if faults.is_empty() => {
            let fields = json!({
                "class": new.class.code(),
                "title": new.title,
                "visibility": new.visibility.code(),
                "file": of_file(&upload),
            });
            Ok((fields.to_string().into_bytes(), new, upload))
        }
        _ => Err(faults.into()),
    }
}

fn read_fields(form: &Form, faults: &mut Faults) -> Option<NewPaper> {
    let mut needed = |name: &str| {
        let text = form.fields.get(name).map(String::as_str);
        if text.is_none() {
            faults.push(format!("/{name}"), "missing", "This field is required.");
        }
        text
    };
    let (class, title, visibility) = (needed("class"), needed("title"), needed("visibility"));
    let class = class.and_then(|it| code(faults, "/class", it, DealDocumentClass::ALL));
    let title = title.and_then(|it| faults.take("/title", "bad_text", document::title(it)));
    let visibility = visibility.and_then(|it| code(faults, "/visibility", it, Visibility::ALL));
    Some(NewPaper {
        class: class?,
        title: title?,
        visibility: visibility?,
    })
}

/// A paper of a deal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealDocument)]
pub struct DealDocumentView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Of which deal.
    #[schema(format = "uuid", max_length = 36)]
    deal: String,
    /// What it is.
    #[schema(max_length = 40, example = "term_sheet")]
    class: &'static str,
    /// What people read.
    #[schema(max_length = 200)]
    title: String,
    /// Who learns of it.
    #[schema(max_length = 10, example = "both")]
    visibility: &'static str,
    /// Whose people keep it.
    #[schema(max_length = 10, example = "startup")]
    camp: &'static str,
    /// Who sent it; for their own people and the operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    author: Option<String>,
    /// The name of its file.
    #[schema(max_length = 255, example = "term-sheet.pdf")]
    file_name: String,
    /// What its bytes are.
    #[schema(max_length = 100, example = "application/pdf")]
    media_type: &'static str,
    /// Its length.
    #[schema(minimum = 1)]
    bytes: i64,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    #[schema(min_length = 64, max_length = 64)]
    sha256: String,
    /// When it came.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When its bytes were deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    erased_at: Option<String>,
}

impl DealDocumentView {
    /// What a caller reads of it.
    pub fn of(paper: &DealDocument, caller: &Caller) -> Self {
        let (marks, file) = (&paper.marks, &paper.file);
        let known = caller.reads_everything()
            || marks.author == caller.id()
            || marks.visibility == Visibility::Team;
        Self {
            id: paper.id.to_string(),
            deal: paper.deal.to_string(),
            class: paper.class.code(),
            title: paper.title.clone(),
            visibility: marks.visibility.code(),
            camp: marks.camp.code(),
            author: known.then(|| marks.author.to_string()),
            file_name: file.file_name.as_str().to_owned(),
            media_type: file.kind.media_type(),
            bytes: file.bytes,
            sha256: hex(&file.digest),
            created_at: time(file.created_at),
            erased_at: file.erased_at.map(time),
        }
    }
}

/// Lists the papers of a deal that the caller learns of, oldest first.
///
/// What the other side keeps for both stands among them only while the gate
/// lets the two be shown to each other.
#[utoipa::path(
    operation_id = "list_deal_documents",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<DealDocumentView>))
)]
#[get("/v1/deals/{id}/documents")]
async fn list_deal_documents(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let page = papers::list(&context, &caller, path_id(&id)?, page).await?;
    Ok(PageView::of(page, |it| DealDocumentView::of(&it, &caller)).respond(&request))
}

/// Keeps a paper with a deal.
///
/// The same files are taken as for documents of a profile. What both sides are
/// to read is refused where its title or file name has words that name
/// something restricted or prohibited. Its id may stand for a document that an
/// exit criterion asks for.
#[utoipa::path(
    operation_id = "keep_deal_document",
    tag = "deals",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body(content = NewDealDocumentForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Kept.", body = DealDocumentView, headers(("Location" = String))),
        (status = 409, description = "There is no room: `quota_exceeded`, `too_many_documents`; or something keeps the two apart."),
        (status = 413, description = "The paper is too large."),
        (status = 415, description = "The body is no form, or compressed."),
        (status = 422, description = "Everything that is wrong with the form and the file."),
    )
)]
#[post("/v1/deals/{id}/documents")]
async fn keep_deal_document(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/deals/{id}/documents";
    let deal = path_id(&id)?;
    papers::may_keep(&context, &caller, deal).await?;
    let form = multipart::read(&request, (&context, caller.id()), body, &FIELDS).await?;
    let (said, new, upload) = new_paper(form).await?;
    let intent = intent(ROUTE, &request, &key, &said);
    let made = papers::add(&context, &caller, intent, deal, new, upload).await?;
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/v1/deal-documents/{}", made.id)))
        .json(DealDocumentView::of(&made, &caller)))
}

/// One paper of a deal.
#[utoipa::path(
    operation_id = "get_deal_document",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The paper.", body = DealDocumentView))
)]
#[get("/v1/deal-documents/{id}")]
async fn get_deal_document(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let paper = papers::find(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(DealDocumentView::of(&paper, &caller)))
}

/// The file of a paper.
///
/// For those who learn of it; what the other side keeps only while the gate
/// lets the two be shown to each other, and each opening is in the ledger
/// before the first byte flows.
#[utoipa::path(
    operation_id = "get_deal_document_file",
    tag = "deals",
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
#[get("/v1/deal-documents/{id}/file")]
async fn get_deal_document_file(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    send_paper(&context, &caller, &request, path_id(&id)?).await
}

/// Deletes the bytes of a paper for good, for the people of the side that keeps
/// it. That it was there stays on record, with its hash.
///
/// A paper that a recorded fact of the deal names stays, and so does what both
/// sides know of a deal that was won.
#[utoipa::path(
    operation_id = "erase_deal_document",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses(
        (status = 204, description = "Erased."),
        (status = 409, description = "The deal stands on it (`document_needed`)."),
    )
)]
#[delete("/v1/deal-documents/{id}")]
async fn erase_deal_document(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    papers::erase(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
