//! Signing in, and the keys that prove the tokens.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::fields::JsonBody;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::accounts::{self, Session};
use crate::services::{Context, Error};

/// For how long a reader may keep the key set.
const KEYS_MAX_AGE: &str = "public, max-age=300";

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(create_session).service(get_keys);
}

/// An address and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// The address of the account.
    #[schema(format = Email, max_length = 254, example = "dana@tamar.example")]
    email: String,
    /// Its password.
    #[schema(format = Password, write_only, max_length = 128)]
    password: String,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession").finish_non_exhaustive()
    }
}

/// A signed-in person's token.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// Goes into `Authorization: Bearer …` (RFC 6750, RFC 9068).
    #[schema(max_length = 4000)]
    access_token: String,
    /// Always `Bearer`.
    #[schema(max_length = 10, example = "Bearer")]
    token_type: &'static str,
    /// Seconds from now on until it is void.
    #[schema(minimum = 0, example = 900)]
    expires_in: i64,
}

impl SessionView {
    fn of(context: &Context, session: Session) -> Self {
        Self {
            access_token: session.access_token,
            token_type: "Bearer",
            expires_in: (session.expires_at - context.now()).num_seconds().max(0),
        }
    }
}

/// Signs in.
///
/// Whether the address or the password was wrong is not said, and takes as
/// long either way.
#[utoipa::path(
    operation_id = "create_session",
    tag = "accounts",
    security(()),
    request_body = NewSession,
    responses(
        (status = 201, description = "Signed in; not to be kept by caches.", body = SessionView),
        (status = 401, description = "Wrong."),
    )
)]
#[post("/v1/sessions")]
async fn create_session(
    context: web::Data<Context>,
    body: JsonBody<NewSession>,
) -> Result<HttpResponse, Problem> {
    let NewSession { email, password } = body.into_inner();
    let session = accounts::sign_in(&context, &email, &password).await?;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(SessionView::of(&context, session)))
}

/// The public keys of the tokens (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JwkSet)]
pub struct KeysView {
    /// The signing key first, then those whose tokens may still live.
    #[schema(max_items = 20)]
    keys: Vec<KeyView>,
}

/// One public key (RFC 8037).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Jwk)]
pub struct KeyView {
    /// Key type.
    #[schema(max_length = 10, example = "OKP")]
    kty: &'static str,
    /// Curve.
    #[schema(max_length = 20, example = "Ed25519")]
    crv: &'static str,
    /// The one algorithm it may be used with (RFC 8725 §3.1).
    #[schema(max_length = 20, example = "EdDSA")]
    alg: &'static str,
    /// For signatures only.
    #[serde(rename = "use")]
    #[schema(max_length = 10, example = "sig")]
    key_use: &'static str,
    /// Its name: the thumbprint (RFC 7638).
    #[schema(max_length = 100)]
    kid: String,
    /// The public key, base64url.
    #[schema(max_length = 100)]
    x: String,
}

/// The keys that prove the tokens.
#[utoipa::path(
    operation_id = "get_keys",
    tag = "accounts",
    security(()),
    responses((
        status = 200,
        description = "A JSON Web Key Set (RFC 7517).",
        content_type = "application/jwk-set+json",
        body = KeysView
    ))
)]
#[get("/.well-known/jwks.json")]
async fn get_keys(context: web::Data<Context>) -> Result<HttpResponse, Problem> {
    let keys = context.tokens.keys().jwks().keys.into_iter();
    let keys = keys.map(|key| KeyView {
        kty: key.kty,
        crv: key.crv,
        alg: key.alg,
        key_use: key.key_use,
        kid: key.kid,
        x: key.x,
    });
    let view = KeysView {
        keys: keys.collect(),
    };
    let body = serde_json::to_vec(&view).map_err(Error::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, KEYS_MAX_AGE))
        .insert_header((CONTENT_TYPE, "application/jwk-set+json"))
        .body(body))
}
