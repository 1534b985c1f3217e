//! How far a startup's documents are open, and to whom.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::disclosure::Level;
use crate::domain::document::Grant;
use crate::domain::fault::Faults;
use crate::domain::ids::IntroductionId;
use crate::http::api::exchange::{body_id, intent, path_id};
use crate::http::api::values::{code, time};
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::problem::{Kind, Problem};
use crate::services::Context;
use crate::services::documents::grants;

/// The levels that a startup grants.
const LEVELS: [Level; 3] = [Level::Named, Level::Deck, Level::DataRoom];

/// What a startup grants.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocumentGrant {
    /// How far: `l1` what goes with the named profile, `l2` also decks, `l3`
    /// also the data room.
    #[schema(max_length = 2, example = "l2")]
    level: String,
    /// To the counterpart of that introduction, whatever is granted to
    /// everybody; to everybody who is introduced when absent.
    #[schema(format = "uuid", max_length = 36)]
    introduction: Option<String>,
}

impl NewDocumentGrant {
    fn read(&self) -> Result<(Level, Option<IntroductionId>), Faults> {
        let mut faults = Faults::new();
        let level = code(&mut faults, "/level", &self.level, &LEVELS);
        let introduction = self.introduction.as_deref();
        let introduction = introduction.and_then(|id| body_id(&mut faults, "/introduction", id));
        match level {
            Some(level) if faults.is_empty() => Ok((level, introduction)),
            _ => Err(faults),
        }
    }
}

/// What a startup granted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentGrant)]
pub struct GrantView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// How far.
    #[schema(max_length = 2, example = "l2")]
    level: &'static str,
    /// To the counterpart of that introduction; to everybody who is introduced
    /// when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    introduction: Option<String>,
    /// `live`, or `ended`: taken back, or another took its place.
    #[schema(max_length = 10, example = "live")]
    state: &'static str,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    granted_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    ended_at: Option<String>,
}

impl From<&Grant> for GrantView {
    fn from(grant: &Grant) -> Self {
        Self {
            id: grant.id.to_string(),
            level: grant.level.code(),
            introduction: grant.introduction.map(|id| id.to_string()),
            state: match grant.revoked_at {
                None => "live",
                Some(_) => "ended",
            },
            granted_at: time(grant.created_at),
            ended_at: grant.revoked_at.map(time),
        }
    }
}

/// The grants of a profile's documents that hold, the newest first.
#[utoipa::path(
    operation_id = "list_document_grants",
    tag = "documents",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<GrantView>))
)]
#[get("/v1/startup-profiles/{id}/grants")]
pub(super) async fn list_document_grants(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = grants::list(&context, &caller, path_id(&id)?, query.page.into()).await?;
    Ok(PageView::of(page, |grant| GrantView::from(&grant)).respond(&request))
}

/// Grants a profile's documents up to a level, for its startup's owners and
/// editors.
///
/// Whoever it is granted to opens them only while an introduction connects the
/// two and the gate lets them be shown to each other. The grant takes the
/// place of the one before to the same counterpart, or to everybody. One
/// counterpart's own grant goes before the one to everybody, also when it was
/// taken back: then nothing is open to that counterpart.
#[utoipa::path(
    operation_id = "grant_documents",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewDocumentGrant,
    responses((status = 201, description = "Granted.", body = GrantView, headers(("Location" = String))))
)]
#[post("/v1/startup-profiles/{id}/grants")]
pub(super) async fn grant_documents(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewDocumentGrant>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/startup-profiles/{id}/grants";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let profile = path_id(&id)?;
    let (level, to) = body.read(|it| it.read())?;
    let grant = grants::grant(&context, &caller, intent, profile, level, to).await?;
    let location = format!("/v1/startup-profiles/{profile}/grants/{}", grant.id);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, location))
        .json(GrantView::from(&grant)))
}

/// Takes a grant back, for the startup's owners and editors: at once, nothing
/// more is opened by it.
#[utoipa::path(
    operation_id = "revoke_document_grant",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("grant" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 204, description = "Taken back."))
)]
#[delete("/v1/startup-profiles/{id}/grants/{grant}")]
pub(super) async fn revoke_document_grant(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (profile, grant) = path.into_inner();
    let of = (path_id(&profile)?, path_id(&grant)?);
    let (found, _) = grants::find(&context, &caller, of).await?;
    if found.revoked_at.is_some() {
        return Err(Problem::new(Kind::NotFound));
    }
    grants::revoke(&context, &caller, of, None, None).await?;
    Ok(HttpResponse::NoContent().finish())
}
