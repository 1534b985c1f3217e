//! What is given and can be taken back: keys of people, clients of partners,
//! invitations into firms, grants of documents. They have one action, `revoke`,
//! and the same sub-resources as every other record that has states; the older
//! `DELETE` of each does the same.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::clients::ClientView;
use super::documents::GrantView;
use super::exchange::{intent, moved, path_id};
use super::keys::KeyView;
use super::members::InvitationView;
use super::timeline::{self, PartOf, TimelineQuery, TimelineView, read_part};
use super::transitions::TransitionsView;
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{ApiKeyId, GrantId, OrganizationId, StartupProfileId, TicketId, UserId};
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::documents::grants;
use crate::services::log::Kinds;
use crate::services::once::Recorded;
use crate::services::{Context, clients, invitations, keys};

/// What tells of a key.
const KEY_EVENTS: &[&str] = &["user.key_made", "user.key_revoked"];
/// What tells of a grant.
const GRANT_EVENTS: &[&str] = &[
    "startup_profile.documents_granted",
    "startup_profile.documents_grant_revoked",
];

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_client_transitions)
        .service(move_client)
        .service(get_key)
        .service(list_key_transitions)
        .service(move_key)
        .service(list_key_events)
        .service(get_invitation)
        .service(list_invitation_transitions)
        .service(move_invitation)
        .service(list_invitation_events)
        .service(get_document_grant)
        .service(list_document_grant_transitions)
        .service(move_document_grant)
        .service(list_document_grant_events);
}

/// What to do with what was given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRevocation {
    /// `revoke`.
    #[schema(max_length = 20, example = "revoke")]
    action: String,
}

impl NewRevocation {
    fn read(&self) -> Result<(), Faults> {
        let mut faults = Faults::new();
        if self.action != "revoke" {
            faults.push("/action", "unknown_action", "It can only be revoked.");
        }
        faults.finish()
    }
}

/// The one action, where it can be taken.
fn revoking(open: bool) -> HttpResponse {
    let action = open.then_some(("revoke", None));
    HttpResponse::Ok().json(TransitionsView::of(action))
}

/// What can be done with a client now.
#[utoipa::path(
    operation_id = "list_client_transitions",
    tag = "clients",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/clients/{id}/transitions")]
async fn list_client_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let open = clients::is_revocable(&context, &caller, path_id(&id)?).await?;
    Ok(revoking(open))
}

/// Revokes a client: its secrets and tokens are refused at once.
#[utoipa::path(
    operation_id = "move_client",
    tag = "clients",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewRevocation,
    responses(
        (status = 200, description = "It is out.", body = ClientView, headers(("ETag" = String))),
        (status = 409, description = "It was revoked before, or has expired."),
    )
)]
#[post("/v1/clients/{id}/transitions")]
async fn move_client(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, version, key): (web::Path<String>, IfMatch, IdempotencyKey),
    body: DocumentBody<NewRevocation>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/clients/{id}/transitions";
    let id: UserId = path_id(&id)?;
    let find = clients::find(&context, &caller, id);
    let expected = version.version_of(find).await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    body.read(|it| it.read())?;
    let known = clients::revoke(&context, &caller, id, expected, intent).await?;
    let view = ClientView::of(&context, &known, None);
    Ok(moved(known.client.version, &view))
}

/// One of the caller's keys, also one that was revoked.
#[utoipa::path(
    operation_id = "get_api_key",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The key.", body = KeyView, headers(("ETag" = String))))
)]
#[get("/v1/me/keys/{id}")]
async fn get_key(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = keys::find(&context, &caller, path_id(&id)?).await?;
    let version = found.version();
    let view = KeyView::of(found, None, context.now());
    Ok(versioned(&request, version, &view))
}

/// What can be done with a key now.
#[utoipa::path(
    operation_id = "list_api_key_transitions",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/me/keys/{id}/transitions")]
async fn list_key_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = keys::find(&context, &caller, path_id(&id)?).await?;
    Ok(revoking(found.revoked_at.is_none()))
}

/// Revokes a key, at once.
#[utoipa::path(
    operation_id = "move_api_key",
    tag = "accounts",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewRevocation,
    responses(
        (status = 200, description = "It is refused from now on.", body = KeyView, headers(("ETag" = String))),
        (status = 409, description = "It was revoked before."),
    )
)]
#[post("/v1/me/keys/{id}/transitions")]
async fn move_key(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, version, key): (web::Path<String>, IfMatch, IdempotencyKey),
    body: DocumentBody<NewRevocation>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/me/keys/{id}/transitions";
    let id: ApiKeyId = path_id(&id)?;
    let find = keys::find(&context, &caller, id);
    let expected = version.version_of(find).await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    body.read(|it| it.read())?;
    let revoked = keys::revoke(&context, &caller, id, expected, intent).await?;
    let version = revoked.version();
    Ok(moved(version, &KeyView::of(revoked, None, context.now())))
}

/// What happened to a key: that it was made, and revoked.
#[utoipa::path(
    operation_id = "list_api_key_events",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/me/keys/{id}/events")]
async fn list_key_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = keys::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::User, found.user);
    let part = PartOf::one(subject, ("key", Value::Id(found.id.uuid())));
    let told = read_part(&context, &part, Kinds::Only(KEY_EVENTS), &query.0).await?;
    Ok(HttpResponse::Ok().json(told.for_caller(&caller)))
}

/// The firm and the invitation of a path.
fn invited(path: &(String, String)) -> Result<(OrganizationId, TicketId), Problem> {
    Ok((path_id(&path.0)?, path_id(&path.1)?))
}

/// One invitation into a firm, whatever became of it, for who may invite.
#[utoipa::path(
    operation_id = "get_invitation",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("invitation" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 200, description = "The invitation.", body = InvitationView, headers(("ETag" = String))))
)]
#[get("/v1/organizations/{id}/invitations/{invitation}")]
async fn get_invitation(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (firm, id) = invited(&path)?;
    let found = invitations::find(&context, &caller, firm, id).await?;
    let view = InvitationView::of(&found, context.now());
    Ok(versioned(&request, found.version(), &view))
}

/// What can be done with an invitation now.
#[utoipa::path(
    operation_id = "list_invitation_transitions",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("invitation" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/organizations/{id}/invitations/{invitation}/transitions")]
async fn list_invitation_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (firm, id) = invited(&path)?;
    let found = invitations::find(&context, &caller, firm, id).await?;
    Ok(revoking(invitations::waits(&found, context.now())))
}

/// Takes an invitation back; its link is dead.
#[utoipa::path(
    operation_id = "move_invitation",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("invitation" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewRevocation,
    responses(
        (status = 200, description = "Taken back.", body = InvitationView, headers(("ETag" = String))),
        (status = 409, description = "It waits for no answer any more."),
    )
)]
#[post("/v1/organizations/{id}/invitations/{invitation}/transitions")]
async fn move_invitation(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (path, version, key): (web::Path<(String, String)>, IfMatch, IdempotencyKey),
    body: DocumentBody<NewRevocation>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/organizations/{id}/invitations/{invitation}/transitions";
    let (firm, id) = invited(&path)?;
    let find = invitations::find(&context, &caller, firm, id);
    let expected = version.version_of(find).await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    body.read(|it| it.read())?;
    let revoked = invitations::revoke(&context, &caller, (firm, id), expected, intent).await?;
    let view = InvitationView::of(&revoked, context.now());
    Ok(moved(revoked.version(), &view))
}

/// What happened to an invitation.
#[utoipa::path(
    operation_id = "list_invitation_events",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("invitation" = String, Path, format = "uuid", max_length = 36),
        TimelineQuery,
    ),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/organizations/{id}/invitations/{invitation}/events")]
async fn list_invitation_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let (firm, id) = invited(&path)?;
    invitations::find(&context, &caller, firm, id).await?;
    let subject = Subject::new(SubjectKind::Ticket, id);
    let told = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(told.for_caller(&caller)))
}

/// The profile and the grant of a path.
fn granted(path: &(String, String)) -> Result<(StartupProfileId, GrantId), Problem> {
    Ok((path_id(&path.0)?, path_id(&path.1)?))
}

/// One grant of a profile's documents, also one that has ended.
#[utoipa::path(
    operation_id = "get_document_grant",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("grant" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 200, description = "The grant.", body = GrantView, headers(("ETag" = String))))
)]
#[get("/v1/startup-profiles/{id}/grants/{grant}")]
async fn get_document_grant(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (found, _) = grants::find(&context, &caller, granted(&path)?).await?;
    let view = GrantView::from(&found);
    Ok(versioned(&request, found.version(), &view))
}

/// What can be done with a grant now.
#[utoipa::path(
    operation_id = "list_document_grant_transitions",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("grant" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/startup-profiles/{id}/grants/{grant}/transitions")]
async fn list_document_grant_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (_, open) = grants::find(&context, &caller, granted(&path)?).await?;
    Ok(revoking(open))
}

/// Takes a grant back, for the startup's owners and editors: at once, nothing
/// more is opened by it.
#[utoipa::path(
    operation_id = "move_document_grant",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("grant" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewRevocation,
    responses(
        (status = 200, description = "Taken back.", body = GrantView, headers(("ETag" = String))),
        (status = 409, description = "It has ended."),
    )
)]
#[post("/v1/startup-profiles/{id}/grants/{grant}/transitions")]
async fn move_document_grant(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (path, version, key): (web::Path<(String, String)>, IfMatch, IdempotencyKey),
    body: DocumentBody<NewRevocation>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/startup-profiles/{id}/grants/{grant}/transitions";
    let of = granted(&path)?;
    let find = grants::find(&context, &caller, of);
    let expected = version.version_of(find).await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    body.read(|it| it.read())?;
    let ended = grants::revoke(&context, &caller, of, expected, intent).await?;
    Ok(moved(ended.version(), &GrantView::from(&ended)))
}

/// What happened to a grant: that it was given, and how it ended.
#[utoipa::path(
    operation_id = "list_document_grant_events",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("grant" = String, Path, format = "uuid", max_length = 36),
        TimelineQuery,
    ),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/startup-profiles/{id}/grants/{grant}/events")]
async fn list_document_grant_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let (profile, id) = granted(&path)?;
    grants::find(&context, &caller, (profile, id)).await?;
    let subject = Subject::new(SubjectKind::StartupProfile, profile);
    let part = PartOf::one(subject, ("grant", Value::Id(id.uuid())));
    let told = read_part(&context, &part, Kinds::Only(GRANT_EVENTS), &query.0).await?;
    Ok(HttpResponse::Ok().json(told.for_caller(&caller)))
}
