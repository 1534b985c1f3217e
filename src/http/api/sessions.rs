//! Signing in, renewing tokens, signing out, and the keys that prove tokens.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::caller::InSession;
use crate::http::fields::JsonBody;
use crate::http::origin;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::sessions::{self, Credentials, EndReason, Granted};
use crate::services::{Context, Error};

/// For how long a reader may keep the key set.
const KEYS_MAX_AGE: &str = "public, max-age=300";

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_session)
        .service(refresh_session)
        .service(end_session)
        .service(get_keys);
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
    /// A one-time code, or a recovery code, where the account has a second
    /// factor.
    #[schema(max_length = 40, example = "123456")]
    code: Option<String>,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession").finish_non_exhaustive()
    }
}

/// A signed-in person's tokens.
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
    #[schema(minimum = 0, example = 600)]
    expires_in: i64,
    /// Renews both, once: using it gives the next one. One that comes a second
    /// time ends the session.
    #[schema(max_length = 200)]
    refresh_token: String,
    /// Seconds in which it must be used.
    #[schema(minimum = 0, example = 1_209_600)]
    refresh_expires_in: i64,
    /// The session, as `GET /v1/me/sessions` lists it.
    #[schema(format = "uuid", max_length = 36)]
    session: String,
}

impl SessionView {
    /// What was granted, as the person reads it.
    pub(super) fn of(context: &Context, granted: &Granted) -> Self {
        let seconds =
            |until: chrono::DateTime<chrono::Utc>| (until - context.now()).num_seconds().max(0);
        Self {
            access_token: granted.access_token.clone(),
            token_type: "Bearer",
            expires_in: seconds(granted.access_expires_at),
            refresh_token: granted.refresh_token.expose().to_owned(),
            refresh_expires_in: seconds(granted.refresh_expires_at),
            session: granted.session.id.to_string(),
        }
    }
}

/// Signs in.
///
/// Whether the address, the password or the code was wrong is not said, and
/// takes as long. An account with a second factor answers
/// `second_factor_required` to the right password without a code.
#[utoipa::path(
    operation_id = "create_session",
    tag = "accounts",
    security(()),
    request_body = NewSession,
    responses(
        (status = 201, description = "Signed in; not to be kept by caches.", body = SessionView),
        (status = 401, description = "Wrong, or a code is needed."),
        (status = 429, description = "Too many tries from here."),
    )
)]
#[post("/v1/sessions")]
async fn create_session(
    context: web::Data<Context>,
    request: HttpRequest,
    body: JsonBody<NewSession>,
) -> Result<HttpResponse, Problem> {
    let NewSession {
        email,
        password,
        code,
    } = body.into_inner();
    let credentials = Credentials {
        email,
        password,
        code,
    };
    let granted = sessions::sign_in(&context, credentials, origin::of(&request)).await?;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(SessionView::of(&context, &granted)))
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// As the last answer gave it.
    #[schema(max_length = 200)]
    refresh_token: String,
}

impl std::fmt::Debug for Refresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refresh").finish_non_exhaustive()
    }
}

/// Renews the tokens of a session.
///
/// The refresh token is used up by this. When it comes again, whoever sends
/// it, the session ends: somebody has a copy.
#[utoipa::path(
    operation_id = "refresh_session",
    tag = "accounts",
    security(()),
    request_body = Refresh,
    responses(
        (status = 200, description = "New tokens; not to be kept by caches.", body = SessionView),
        (status = 401, description = "Unknown, used, or too late."),
        (status = 429, description = "Too many tries from here."),
    )
)]
#[post("/v1/sessions/refresh")]
async fn refresh_session(
    context: web::Data<Context>,
    body: JsonBody<Refresh>,
) -> Result<HttpResponse, Problem> {
    let granted = sessions::refresh(&context, &body.into_inner().refresh_token).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(SessionView::of(&context, &granted)))
}

/// Signs out: this session's tokens are refused from now on.
#[utoipa::path(
    operation_id = "end_session",
    tag = "accounts",
    responses((status = 204, description = "Signed out."))
)]
#[delete("/v1/sessions/current")]
async fn end_session(
    context: web::Data<Context>,
    InSession { caller, session }: InSession,
) -> Result<HttpResponse, Problem> {
    sessions::end(&context, &caller, session, EndReason::SignedOut).await?;
    Ok(HttpResponse::NoContent().finish())
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
