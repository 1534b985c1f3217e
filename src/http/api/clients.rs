//! Partners' programs.

use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{intent, path_id};
use super::keys::{addresses, instant, scopes};
use super::values::{parsed, texts, time};
use crate::domain::fault::Faults;
use crate::domain::ids::{OrganizationId, UserId};
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, JsonBody};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, etag, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::clients::{self, Known, OVERLAP, Wanted};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_clients)
        .service(create_client)
        .service(get_client)
        .service(rotate_client)
        .service(revoke_client);
}

/// A client that shall be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200, example = "Portfolio sync")]
    name: String,
    /// What it may ask a token for; at least one.
    #[schema(min_items = 1, max_items = 50, example = json!(["programmes:read"]))]
    scopes: Vec<String>,
    /// The IP addresses or ranges from which it may call; none is from anywhere.
    #[serde(default)]
    #[schema(max_items = 32, example = json!(["192.0.2.10", "198.51.100.0/24"]))]
    allowed_addresses: Vec<String>,
    /// From when on it is void; absent is never.
    #[schema(format = DateTime, max_length = 40)]
    expires_at: Option<String>,
}

impl NewClient {
    fn read(self) -> Result<Wanted, Faults> {
        let mut faults = Faults::new();
        let name = parsed(&mut faults, "/name", "bad_name", &self.name);
        let scopes = scopes(&mut faults, &self.scopes);
        let allowed = addresses(&mut faults, &self.allowed_addresses);
        let expires_at = self
            .expires_at
            .and_then(|at| instant(&mut faults, "/expires_at", &at));
        match (name, scopes, allowed) {
            (Some(name), Some(scopes), Some(allowed)) if faults.is_empty() => Ok(Wanted {
                name,
                scopes,
                allowed,
                expires_at,
            }),
            _ => Err(faults),
        }
    }
}

/// A client.
#[derive(Serialize, ToSchema)]
#[schema(as = Client)]
pub struct ClientView {
    /// Its id, which is also its `client_id`.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Whose it is.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// What people call it.
    #[schema(max_length = 200, example = "Portfolio sync")]
    name: String,
    /// `live`, `expired` or `revoked`.
    #[schema(max_length = 10, example = "live")]
    state: &'static str,
    /// What it may ask a token for.
    #[schema(max_items = 50)]
    scopes: Vec<String>,
    /// From where it may call; empty is from anywhere.
    #[schema(max_items = 32)]
    allowed_addresses: Vec<String>,
    /// Its secrets that hold, the newest first.
    #[schema(max_items = 2)]
    secrets: Vec<SecretView>,
    /// The new secret. Only the answer that makes it has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    client_secret: Option<String>,
    /// When it was made.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// From when on it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, max_length = 40)]
    expires_at: Option<String>,
    /// When it got its last token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, max_length = 40)]
    last_used_at: Option<String>,
    /// Its version; also the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
}

/// A secret that holds.
#[derive(Serialize, ToSchema)]
#[schema(as = ClientSecret)]
pub struct SecretView {
    /// Its first characters, to tell secrets apart.
    #[schema(max_length = 40, example = "corridor_secret_Ab12Cd")]
    prefix: String,
    /// When it was made.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// Until when it holds, once there is a newer one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, max_length = 40)]
    expires_at: Option<String>,
}

impl ClientView {
    /// What a caller reads of it.
    pub fn of(context: &Context, known: &Known, secret: Option<&str>) -> Self {
        let client = &known.client;
        Self {
            id: client.id.to_string(),
            organization: client.organization.to_string(),
            name: client.name.to_string(),
            state: match client.revoked_at {
                Some(_) => "revoked",
                None if client.is_live(context.now()) => "live",
                None => "expired",
            },
            scopes: texts(client.scopes.0.iter().copied()),
            allowed_addresses: texts(client.allowed.iter()),
            secrets: known
                .secrets
                .iter()
                .map(|secret| SecretView {
                    prefix: secret.prefix.clone(),
                    created_at: time(secret.created_at),
                    expires_at: secret.expires_at.map(time),
                })
                .collect(),
            client_secret: secret.map(str::to_owned),
            created_at: time(client.created_at),
            expires_at: client.expires_at.map(time),
            last_used_at: client.last_used_at.map(time),
            version: client.version,
        }
    }
}

/// Lists a partner's clients, the newest first and revoked ones too, for its
/// owners and the operator's people.
#[utoipa::path(
    operation_id = "list_clients",
    tag = "clients",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ClientView>))
)]
#[get("/v1/organizations/{id}/clients")]
async fn list_clients(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = clients::list(&context, &caller, path_id(&id)?, query.page.into()).await?;
    let view = |known| ClientView::of(&context, &known, None);
    Ok(PageView::of(page, view).respond(&request))
}

/// Makes a client of a partner.
///
/// It gets tokens at `/v1/oauth/token` with its id and this secret, which is
/// shown now and never again.
#[utoipa::path(
    operation_id = "create_client",
    tag = "clients",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewClient,
    responses((status = 201, description = "The client with its secret, once.", body = ClientView, headers(("Location" = String), ("ETag" = String))), (status = 409, description = "Not a partner, or too many."))
)]
#[post("/v1/organizations/{id}/clients")]
async fn create_client(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewClient>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/organizations/{id}/clients";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let organization: OrganizationId = path_id(&id)?;
    let wanted = body.read(NewClient::read)?;
    let (known, secret) = clients::create(&context, &caller, organization, wanted, intent).await?;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((LOCATION, format!("/v1/clients/{}", known.client.id)))
        .insert_header((ETAG, etag(known.client.version)))
        .json(ClientView::of(
            &context,
            &known,
            secret.as_ref().map(clients::Opaque::expose),
        )))
}

/// One client.
#[utoipa::path(
    operation_id = "get_client",
    tag = "clients",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The client.", body = ClientView, headers(("ETag" = String))))
)]
#[get("/v1/clients/{id}")]
async fn get_client(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let known = clients::find(&context, &caller, path_id(&id)?).await?;
    let view = ClientView::of(&context, &known, None);
    Ok(versioned(&request, known.client.version, &view))
}

/// A new secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSecret {
    /// Seconds for which the old secret still holds; 7 days unless said.
    #[schema(minimum = 0, maximum = 2_592_000, default = 604_800)]
    overlap_s: Option<u32>,
}

/// Gives a client a new secret; the old one still holds for a while, so that
/// programs can change one after the other.
#[utoipa::path(
    operation_id = "rotate_client",
    tag = "clients",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewSecret,
    responses((status = 201, description = "The client with its new secret, once.", body = ClientView, headers(("Location" = String), ("ETag" = String))), (status = 409, description = "It is revoked or has expired."))
)]
#[post("/v1/clients/{id}/secrets")]
async fn rotate_client(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    version: IfMatch,
    body: JsonBody<NewSecret>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/clients/{id}/secrets";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id: UserId = path_id(&id)?;
    let expected = version
        .version_of(clients::find(&context, &caller, id))
        .await?;
    let overlap = match body.into_inner().overlap_s {
        None => OVERLAP,
        Some(seconds @ 0..=2_592_000) => TimeDelta::seconds(i64::from(seconds)),
        Some(_) => {
            let mut faults = Faults::new();
            faults.push("/overlap_s", "out_of_range", "Thirty days at most.");
            return Err(faults.into());
        }
    };
    let (known, secret) = clients::rotate(&context, &caller, id, expected, overlap, intent).await?;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((LOCATION, format!("/v1/clients/{id}")))
        .insert_header((ETAG, etag(known.client.version)))
        .json(ClientView::of(
            &context,
            &known,
            secret.as_ref().map(clients::Opaque::expose),
        )))
}

/// Revokes a client: its secrets and tokens are refused at once.
#[utoipa::path(
    operation_id = "revoke_client",
    tag = "clients",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-Match" = String, Header)),
    responses((status = 204, description = "It is out."), (status = 409, description = "It was revoked before, or has expired."))
)]
#[delete("/v1/clients/{id}")]
async fn revoke_client(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    version: IfMatch,
) -> Result<HttpResponse, Problem> {
    let id: UserId = path_id(&id)?;
    let expected = version
        .version_of(clients::find(&context, &caller, id))
        .await?;
    clients::revoke(&context, &caller, id, expected, None).await?;
    Ok(HttpResponse::NoContent().finish())
}
