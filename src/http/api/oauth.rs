//! The standard doors of OAuth 2 for partners' programs: tokens by client
//! credentials (RFC 6749 §4.4), revocation (RFC 7009), introspection
//! (RFC 7662), and what a program needs to know beforehand (RFC 8414,
//! RFC 9728). Errors here are OAuth's own JSON.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::values::texts;
use crate::domain::client::{Client, Scopes};
use crate::domain::permission::Scope;
use crate::http::caller::client_credentials;
use crate::http::origin;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::clients::{self, Denied};
use crate::services::{Context, Error};

/// What a form's media type begins with.
const FORM: &str = "application/x-www-form-urlencoded";

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_token)
        .service(revoke_token)
        .service(introspect_token)
        .service(get_server_metadata)
        .service(get_resource_metadata);
}

/// A "no" of OAuth (RFC 6749 §5.2).
#[derive(Debug)]
enum Refused {
    Request(&'static str),
    Client,
    GrantType,
    Scope,
    Failed(Error),
}

/// A "no" of OAuth (RFC 6749 §5.2).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub struct OAuthErrorView {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type`,
    /// `invalid_scope` or `temporarily_unavailable`.
    #[schema(max_length = 40, example = "invalid_client")]
    error: &'static str,
    /// For the people who write the program.
    #[schema(max_length = 200)]
    error_description: &'static str,
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Client => Self::Client,
            Denied::Scope => Self::Scope,
            Denied::Failed(error) => Self::Failed(error),
        }
    }
}

impl Refused {
    fn respond(self) -> Result<HttpResponse, Problem> {
        let (status, error, error_description) = match self {
            Self::Request(what) => (StatusCode::BAD_REQUEST, "invalid_request", what),
            Self::Client => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "The client is unknown, has ended, may not call from here, or its secret is wrong.",
            ),
            Self::GrantType => (
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "Only client_credentials is supported.",
            ),
            Self::Scope => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "A scope is unknown, or not one of this client's.",
            ),
            Self::Failed(Error::Busy { .. } | Error::TooMany { .. }) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "The service can't take this now.",
            ),
            Self::Failed(other) => return Err(other.into()),
        };
        let mut response = no_store(HttpResponse::build(status).json(OAuthErrorView {
            error,
            error_description,
        }));
        let mut add = |name: HeaderName, value| {
            let headers = response.headers_mut();
            headers.insert(name, HeaderValue::from_static(value));
        };
        match status {
            StatusCode::UNAUTHORIZED => add(WWW_AUTHENTICATE, "Basic realm=\"corridor\""),
            StatusCode::SERVICE_UNAVAILABLE => add(RETRY_AFTER, "1"),
            _ => {}
        }
        Ok(response)
    }
}

fn no_store(mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// A form: no parameter twice, an empty one counts as absent.
fn form(request: &HttpRequest, body: &Bytes) -> Result<BTreeMap<String, String>, Refused> {
    let content_type = request.headers().get(CONTENT_TYPE);
    let is_form = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(FORM));
    if !is_form {
        return Err(Refused::Request("The body must be a form."));
    }
    if !request.query_string().is_empty() {
        return Err(Refused::Request(
            "Parameters stand in the body, never in the address.",
        ));
    }
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        if fields
            .insert(name.into_owned(), value.into_owned())
            .is_some()
        {
            return Err(Refused::Request("A parameter comes twice."));
        }
    }
    fields.retain(|_, value| !value.is_empty());
    Ok(fields)
}

/// The client that asks, by HTTP Basic or by the form, never both.
async fn client(
    context: &Context,
    request: &HttpRequest,
    form: &BTreeMap<String, String>,
) -> Result<Client, Refused> {
    let in_form = (form.get("client_id"), form.get("client_secret"));
    let (id, secret) = match (client_credentials(request), in_form) {
        (Some(Ok(_)), (_, Some(_))) => {
            return Err(Refused::Request("Two ways of authentication at once."));
        }
        (Some(Ok((id, _))), (Some(other), None)) if id != *other => {
            return Err(Refused::Request("Two clients at once."));
        }
        (Some(Ok(credentials)), _) => credentials,
        (Some(Err(())), _) => return Err(Refused::Client),
        (None, (Some(id), Some(secret))) => (id.clone(), secret.clone()),
        (None, _) => return Err(Refused::Client),
    };
    let address = origin::of(request).address;
    Ok(clients::authenticate(context, &id, &secret, address).await?)
}

/// What a client sends for a token.
#[derive(ToSchema)]
#[schema(as = TokenForm)]
#[expect(
    dead_code,
    reason = "it describes the form, which is read by its names"
)]
pub struct TokenForm {
    /// Always `client_credentials`.
    #[schema(
        max_length = 40,
        pattern = "^client_credentials$",
        example = "client_credentials"
    )]
    grant_type: String,
    /// Fewer scopes than it has, with spaces between.
    #[schema(max_length = 2000, example = "programmes:read referrals:write")]
    scope: Option<String>,
    /// For those that can't send HTTP Basic.
    #[schema(max_length = 100)]
    client_id: Option<String>,
    /// For those that can't send HTTP Basic.
    #[schema(max_length = 200)]
    client_secret: Option<String>,
}

/// What a client sends about a token.
#[derive(ToSchema)]
#[schema(as = TokenQuestion)]
#[expect(
    dead_code,
    reason = "it describes the form, which is read by its names"
)]
pub struct TokenQuestion {
    /// Which token.
    #[schema(
        max_length = 8192,
        example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9…"
    )]
    token: String,
    /// Of what kind it may be; it is looked for among all.
    #[schema(max_length = 40, example = "access_token")]
    token_type_hint: Option<String>,
    /// For those that can't send HTTP Basic.
    #[schema(max_length = 100)]
    client_id: Option<String>,
    /// For those that can't send HTTP Basic.
    #[schema(max_length = 200)]
    client_secret: Option<String>,
}

/// A token for a client.
#[derive(Serialize, ToSchema)]
#[schema(as = ClientToken)]
pub struct TokenView {
    /// Goes into `Authorization: Bearer …`.
    #[schema(max_length = 4000)]
    access_token: String,
    /// Always `Bearer`.
    #[schema(max_length = 10, example = "Bearer")]
    token_type: &'static str,
    /// Seconds from now on until it is void.
    #[schema(minimum = 0, example = 600)]
    expires_in: i64,
    /// What it may do.
    #[schema(max_length = 2000, example = "programmes:read")]
    scope: String,
}

/// Gives a client a token: `grant_type=client_credentials`, and `scope` if it
/// wants fewer than it has.
///
/// The client proves itself by HTTP Basic, or by `client_id` and
/// `client_secret` in the form. There is no refresh token: ask again.
#[utoipa::path(
    operation_id = "create_token",
    tag = "clients",
    security(()),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded", description = "`grant_type`, `scope`, and for those that can't send HTTP Basic `client_id`, `client_secret`."),
    responses(
        (status = 200, description = "A token; not to be kept by caches.", body = TokenView),
        (status = 400, description = "`invalid_request`, `unsupported_grant_type` or `invalid_scope`.", body = OAuthErrorView),
        (status = 401, description = "`invalid_client`.", body = OAuthErrorView),
        (status = 429, description = "Too many from here."),
    )
)]
#[post("/v1/oauth/token")]
async fn create_token(
    context: web::Data<Context>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    match issue(&context, &request, &body).await {
        Ok(view) => Ok(no_store(HttpResponse::Ok().json(view))),
        Err(refused) => refused.respond(),
    }
}

async fn issue(
    context: &Context,
    request: &HttpRequest,
    body: &Bytes,
) -> Result<TokenView, Refused> {
    let form = form(request, body)?;
    let grant = form.get("grant_type");
    let grant = grant.ok_or(Refused::Request("grant_type is missing."))?;
    let client = client(context, request, &form).await?;
    if grant != "client_credentials" {
        return Err(Refused::GrantType);
    }
    let asked: Option<Scopes> = form
        .get("scope")
        .map(|scope| scope.parse())
        .transpose()
        .map_err(|_| Refused::Scope)?;
    let token = clients::issue(context, &client, asked).await?;
    Ok(TokenView {
        access_token: token.access_token,
        token_type: "Bearer",
        expires_in: token.expires_in,
        scope: token.scopes.to_string(),
    })
}

/// Revokes a token of the client that asks.
///
/// The answer is the same for a token that is unknown, another's, or no token.
#[utoipa::path(
    operation_id = "revoke_token",
    tag = "clients",
    security(()),
    request_body(content = TokenQuestion, content_type = "application/x-www-form-urlencoded", description = "`token`, `token_type_hint`, and for those that can't send HTTP Basic `client_id`, `client_secret`."),
    responses(
        (status = 200, description = "It is refused from now on, if it was this client's."),
        (status = 400, description = "`invalid_request`.", body = OAuthErrorView),
        (status = 401, description = "`invalid_client`.", body = OAuthErrorView),
        (status = 429, description = "Too many from here."),
    )
)]
#[post("/v1/oauth/revoke")]
async fn revoke_token(
    context: web::Data<Context>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let revoked = async {
        let form = form(&request, &body)?;
        let client = client(&context, &request, &form).await?;
        let token = form.get("token");
        let token = token.ok_or(Refused::Request("token is missing."))?;
        let revoked = clients::revoke_token(&context, &client, token).await;
        revoked.map_err(Refused::Failed)
    };
    match revoked.await {
        Ok(()) => Ok(no_store(HttpResponse::Ok().finish())),
        Err(refused) => refused.respond(),
    }
}

/// What a token says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Introspection)]
pub struct IntrospectionView {
    /// Whether it holds. If not, nothing else is said.
    active: bool,
    /// What it may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    scope: Option<String>,
    /// To whom it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    client_id: Option<String>,
    /// Whose rights it carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    sub: Option<String>,
    /// For whom it is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    aud: Option<String>,
    /// Who gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    iss: Option<String>,
    /// From when on it is void: seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    exp: Option<i64>,
    /// When it was given: seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    iat: Option<i64>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    jti: Option<String>,
    /// Always `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10)]
    token_type: Option<&'static str>,
}

/// Says whether a token of the client that asks still holds.
///
/// Anything else, another client's token among it, is `{"active":false}`.
#[utoipa::path(
    operation_id = "introspect_token",
    tag = "clients",
    security(()),
    request_body(content = TokenQuestion, content_type = "application/x-www-form-urlencoded", description = "`token`, `token_type_hint`, and for those that can't send HTTP Basic `client_id`, `client_secret`."),
    responses(
        (status = 200, description = "What it says.", body = IntrospectionView),
        (status = 400, description = "`invalid_request`.", body = OAuthErrorView),
        (status = 401, description = "`invalid_client`.", body = OAuthErrorView),
        (status = 429, description = "Too many from here."),
    )
)]
#[post("/v1/oauth/introspect")]
async fn introspect_token(
    context: web::Data<Context>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    match introspect(&context, &request, &body).await {
        Ok(view) => Ok(no_store(HttpResponse::Ok().json(view))),
        Err(refused) => refused.respond(),
    }
}

async fn introspect(
    context: &Context,
    request: &HttpRequest,
    body: &Bytes,
) -> Result<IntrospectionView, Refused> {
    let form = form(request, body)?;
    let client = client(context, request, &form).await?;
    let token = form.get("token");
    let token = token.ok_or(Refused::Request("token is missing."))?;
    let said = clients::introspect(context, &client, token).await;
    let said = said.map_err(Refused::Failed)?;
    let url = || context.settings.public_url.clone();
    Ok(IntrospectionView {
        active: said.is_some(),
        scope: said.as_ref().and_then(|it| it.scope.clone()),
        client_id: said.as_ref().map(|it| it.client_id.clone()),
        sub: said.as_ref().map(|it| it.subject.clone()),
        aud: said.as_ref().map(|_| url()),
        iss: said.as_ref().map(|_| url()),
        exp: said.as_ref().map(|it| it.expires_at.timestamp()),
        iat: said.as_ref().map(|it| it.issued_at.timestamp()),
        jti: said.as_ref().map(|it| it.id.to_string()),
        token_type: said.as_ref().map(|_| "Bearer"),
    })
}

/// What a program needs to know of the authorization server (RFC 8414).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServerMetadata)]
pub struct ServerMetadataView {
    /// As `iss` in tokens.
    #[schema(max_length = 300, example = "https://corridor.example")]
    issuer: String,
    /// Where clients get tokens.
    #[schema(max_length = 300)]
    token_endpoint: String,
    /// The keys that prove them.
    #[schema(max_length = 300)]
    jwks_uri: String,
    /// Where clients revoke them.
    #[schema(max_length = 300)]
    revocation_endpoint: String,
    /// Where clients ask about them.
    #[schema(max_length = 300)]
    introspection_endpoint: String,
    /// None: people don't get tokens through programs.
    #[schema(max_items = 0)]
    response_types_supported: [&'static str; 0],
    /// `client_credentials`.
    #[schema(max_items = 1)]
    grant_types_supported: [&'static str; 1],
    /// HTTP Basic, and the form.
    #[schema(max_items = 2)]
    token_endpoint_auth_methods_supported: [&'static str; 2],
    /// The same.
    #[schema(max_items = 2)]
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    /// The same.
    #[schema(max_items = 2)]
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    /// What tokens may be limited to.
    #[schema(max_items = 100)]
    scopes_supported: Vec<String>,
    /// Where it is documented.
    #[schema(max_length = 300)]
    service_documentation: String,
}

const METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

fn supported() -> Vec<String> {
    texts(Scope::ALL.iter().copied())
}

/// What a program needs to know of the authorization server (RFC 8414).
#[utoipa::path(
    operation_id = "get_server_metadata",
    tag = "clients",
    security(()),
    responses((status = 200, description = "The metadata.", body = ServerMetadataView))
)]
#[get("/.well-known/oauth-authorization-server")]
async fn get_server_metadata(context: web::Data<Context>) -> HttpResponse {
    let url = &context.settings.public_url;
    cached(&ServerMetadataView {
        issuer: url.clone(),
        token_endpoint: format!("{url}/v1/oauth/token"),
        jwks_uri: format!("{url}/.well-known/jwks.json"),
        revocation_endpoint: format!("{url}/v1/oauth/revoke"),
        introspection_endpoint: format!("{url}/v1/oauth/introspect"),
        response_types_supported: [],
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: METHODS,
        revocation_endpoint_auth_methods_supported: METHODS,
        introspection_endpoint_auth_methods_supported: METHODS,
        scopes_supported: supported(),
        service_documentation: format!("{url}/v1/docs"),
    })
}

fn cached(view: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .json(view)
}

/// What a program needs to know of the API (RFC 9728).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResourceMetadata)]
pub struct ResourceMetadataView {
    /// As `aud` in tokens.
    #[schema(max_length = 300, example = "https://corridor.example")]
    resource: String,
    /// Who gives tokens for it.
    #[schema(max_items = 1)]
    authorization_servers: [String; 1],
    /// Tokens come in the header only.
    #[schema(max_items = 1)]
    bearer_methods_supported: [&'static str; 1],
    /// What tokens may be limited to.
    #[schema(max_items = 100)]
    scopes_supported: Vec<String>,
}

/// What a program needs to know of the API (RFC 9728).
#[utoipa::path(
    operation_id = "get_resource_metadata",
    tag = "clients",
    security(()),
    responses((status = 200, description = "The metadata.", body = ResourceMetadataView))
)]
#[get("/.well-known/oauth-protected-resource")]
async fn get_resource_metadata(context: web::Data<Context>) -> HttpResponse {
    let url = &context.settings.public_url;
    cached(&ResourceMetadataView {
        resource: url.clone(),
        authorization_servers: [url.clone()],
        bearer_methods_supported: ["header"],
        scopes_supported: supported(),
    })
}
