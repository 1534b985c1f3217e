//! People's keys for scripts.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{intent, path_id};
use super::values::{parsed, texts, time};
use crate::domain::client::{AllowedAddresses, ApiKey, Scopes};
use crate::domain::fault::Faults;
use crate::domain::permission::Scope;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::problem::{Kind, Problem};
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::keys::{self, NewKey};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_keys)
        .service(create_key)
        .service(revoke_key);
}

/// A key that shall be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What its person calls it.
    #[schema(min_length = 1, max_length = 200, example = "Nightly report")]
    name: String,
    /// What it may do; at least one.
    #[schema(min_items = 1, max_items = 50, example = json!(["deals:read"]))]
    scopes: Vec<String>,
    /// The IP addresses from which it may be used; none is from anywhere.
    #[serde(default)]
    #[schema(max_items = 32, example = json!(["192.0.2.10", "198.51.100.0/24"]))]
    allowed_addresses: Vec<String>,
    /// From when on it is void; a year ahead at most.
    #[schema(format = DateTime, max_length = 40)]
    expires_at: String,
    /// The present password.
    #[schema(format = Password, write_only, max_length = 128)]
    password: String,
}

impl std::fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApiKey").finish_non_exhaustive()
    }
}

/// Reads scopes; at least one.
pub(super) fn scopes(faults: &mut Faults, codes: &[String]) -> Option<Scopes> {
    let mut read = Scopes::default();
    for (place, code) in codes.iter().enumerate() {
        match Scope::from_code(code) {
            Some(scope) => {
                read.0.insert(scope);
            }
            None => faults.push(
                format!("/scopes/{place}"),
                "unknown_code",
                format!(
                    "`{code}` is no scope; there are {}.",
                    texts(Scope::ALL.iter().copied()).join(", ")
                ),
            ),
        }
    }
    if codes.is_empty() {
        faults.push(
            "/scopes",
            "required",
            "At least one scope says what it may do.",
        );
    }
    (!read.0.is_empty()).then_some(read)
}

/// Reads the addresses from which a program may call.
pub(super) fn addresses(faults: &mut Faults, addresses: &[String]) -> Option<AllowedAddresses> {
    // Nothing at all is from anywhere; a blank is a slip, not a choice.
    if addresses.iter().any(|address| address.trim().is_empty()) {
        faults.push("/allowed_addresses", "bad_address", "must not be blank");
        return None;
    }
    let text = addresses.join(" ");
    parsed(faults, "/allowed_addresses", "bad_address", &text)
}

/// Reads an instant.
pub(super) fn instant(faults: &mut Faults, pointer: &str, text: &str) -> Option<DateTime<Utc>> {
    let read = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let read = read.map_err(|_| "must be an instant such as 2026-12-31T12:00:00Z");
    faults.take(pointer, "not_an_instant", read)
}

impl NewApiKey {
    fn read(self) -> Result<(String, NewKey), Faults> {
        let mut faults = Faults::new();
        let name = parsed(&mut faults, "/name", "bad_name", &self.name);
        let scopes = scopes(&mut faults, &self.scopes);
        let allowed = addresses(&mut faults, &self.allowed_addresses);
        let expires_at = instant(&mut faults, "/expires_at", &self.expires_at);
        match (name, scopes, allowed, expires_at) {
            (Some(name), Some(scopes), Some(allowed), Some(expires_at)) if faults.is_empty() => {
                let key = NewKey {
                    name,
                    scopes,
                    allowed,
                    expires_at,
                };
                Ok((self.password, key))
            }
            _ => Err(faults),
        }
    }
}

/// A key.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct KeyView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What its person calls it.
    #[schema(max_length = 200, example = "Nightly report")]
    name: String,
    /// Its first characters, to tell keys apart.
    #[schema(max_length = 40, example = "corridor_key_Ab12Cd")]
    prefix: String,
    /// `live`, `expired` or `revoked`.
    #[schema(max_length = 10, example = "live")]
    state: &'static str,
    /// The key itself: `Authorization: Bearer …`. Only the answer that makes
    /// it has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    key: Option<String>,
    /// What it may do.
    #[schema(max_items = 50)]
    scopes: Vec<String>,
    /// From where; empty is from anywhere.
    #[schema(max_items = 32)]
    allowed_addresses: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// From when on it is void.
    #[schema(format = DateTime, max_length = 40)]
    expires_at: String,
    /// When it was used last, to the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, max_length = 40)]
    last_used_at: Option<String>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, max_length = 40)]
    revoked_at: Option<String>,
}

impl KeyView {
    /// What its person reads of it at that moment.
    pub fn of(key: ApiKey, text: Option<&str>, now: DateTime<Utc>) -> Self {
        Self {
            state: match key.revoked_at {
                Some(_) => "revoked",
                None if now < key.expires_at => "live",
                None => "expired",
            },
            id: key.id.to_string(),
            name: key.name.to_string(),
            prefix: key.prefix,
            key: text.map(str::to_owned),
            scopes: texts(key.scopes.0),
            allowed_addresses: texts(key.allowed.iter()),
            created_at: time(key.created_at),
            expires_at: time(key.expires_at),
            last_used_at: key.last_used_at.map(time),
            revoked_at: key.revoked_at.map(time),
        }
    }
}

/// The caller's keys.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKeys)]
pub struct KeysView {
    /// The newest first.
    #[schema(max_items = 50)]
    items: Vec<KeyView>,
}

/// Lists the caller's keys.
#[utoipa::path(
    operation_id = "list_api_keys",
    tag = "accounts",
    responses((status = 200, description = "The keys.", body = KeysView))
)]
#[get("/v1/me/keys")]
async fn list_keys(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
) -> Result<HttpResponse, Problem> {
    let found = keys::list(&context, &caller).await?;
    let items = found
        .into_iter()
        .map(|key| KeyView::of(key, None, context.now()))
        .collect();
    Ok(HttpResponse::Ok().json(KeysView { items }))
}

/// Makes a key for scripts. It does, within its scopes, what its person may do
/// at that moment.
#[utoipa::path(
    operation_id = "create_api_key",
    tag = "accounts",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewApiKey,
    responses((status = 201, description = "The key, once.", body = KeyView, headers(("Location" = String))))
)]
#[post("/v1/me/keys")]
async fn create_key(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewApiKey>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/me/keys", &request, &key, body.bytes());
    let (password, new) = body.read(NewApiKey::read)?;
    let (key, text) = keys::create(&context, &caller, &password, new, intent).await?;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((LOCATION, format!("/v1/me/keys/{}", key.id)))
        .json(KeyView::of(
            key,
            text.as_ref().map(keys::Opaque::expose),
            context.now(),
        )))
}

/// Revokes a key, at once.
#[utoipa::path(
    operation_id = "revoke_api_key",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 204, description = "It is refused from now on."))
)]
#[delete("/v1/me/keys/{id}")]
async fn revoke_key(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    if keys::find(&context, &caller, id)
        .await?
        .revoked_at
        .is_some()
    {
        return Err(Problem::new(Kind::NotFound));
    }
    keys::revoke(&context, &caller, id, None, None).await?;
    Ok(HttpResponse::NoContent().finish())
}
