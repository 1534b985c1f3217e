//! One-time codes and recovery codes.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::PasswordAgain;
use crate::http::caller::InSession;
use crate::http::fields::JsonBody;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::{Context, second_factor};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get_second_factor)
        .service(begin_second_factor)
        .service(confirm_second_factor)
        .service(remove_second_factor)
        .service(renew_recovery_codes);
}

/// How the caller's second factor stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecondFactor)]
pub struct SecondFactorView {
    /// Whether one is needed to sign in.
    set: bool,
    /// Recovery codes that are left.
    #[schema(minimum = 0, maximum = 10)]
    recovery_codes_left: i64,
}

/// How the caller's second factor stands.
#[utoipa::path(
    operation_id = "get_second_factor",
    tag = "accounts",
    responses((status = 200, description = "How it stands.", body = SecondFactorView))
)]
#[get("/v1/me/second-factor")]
async fn get_second_factor(
    context: web::Data<Context>,
    InSession { caller, .. }: InSession,
) -> Result<HttpResponse, Problem> {
    let standing = second_factor::standing(&context, &caller).await?;
    Ok(HttpResponse::Ok().json(SecondFactorView {
        set: standing.set,
        recovery_codes_left: standing.recovery_codes_left,
    }))
}

/// What goes into an authenticator app.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondFactorEnrolment)]
pub struct EnrolmentView {
    /// To be shown as a picture (Key URI Format).
    #[schema(
        max_length = 600,
        example = "otpauth://totp/Corridor:dana%40tamar.example?secret=…&issuer=Corridor"
    )]
    uri: String,
    /// To be typed where no picture can be read: base32.
    #[schema(max_length = 64)]
    secret: String,
}

/// Begins a second factor. It counts once a code of it was confirmed.
#[utoipa::path(
    operation_id = "begin_second_factor",
    tag = "accounts",
    request_body = PasswordAgain,
    responses((status = 201, description = "What goes into the app.", body = EnrolmentView), (status = 409, description = "There is one already."))
)]
#[post("/v1/me/second-factor")]
async fn begin_second_factor(
    context: web::Data<Context>,
    InSession { caller, .. }: InSession,
    body: JsonBody<PasswordAgain>,
) -> Result<HttpResponse, Problem> {
    let enrolment = second_factor::begin(&context, &caller, &body.into_inner().password).await?;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(EnrolmentView {
            uri: enrolment.uri,
            secret: enrolment.secret,
        }))
}

/// A code as the app shows it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Six digits.
    #[schema(max_length = 40, example = "123456")]
    code: String,
}

/// Recovery codes, each for one sign-in without the app.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub struct RecoveryCodesView {
    /// They are shown now and never again.
    #[schema(max_items = 10, example = json!(["abcd-efgh-ijkl-mnop"]))]
    recovery_codes: Vec<String>,
}

/// Has the second factor count, and answers recovery codes.
///
/// Other sessions end; this one counts as having shown it.
#[utoipa::path(
    operation_id = "confirm_second_factor",
    tag = "accounts",
    request_body = Code,
    responses((status = 200, description = "Recovery codes, once.", body = RecoveryCodesView), (status = 409, description = "None was begun."))
)]
#[post("/v1/me/second-factor/confirmation")]
async fn confirm_second_factor(
    context: web::Data<Context>,
    InSession { caller, session }: InSession,
    body: JsonBody<Code>,
) -> Result<HttpResponse, Problem> {
    let code = body.into_inner().code;
    let codes = second_factor::confirm(&context, &caller, session, code).await?;
    Ok(show(codes))
}

fn show(recovery_codes: Vec<String>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(RecoveryCodesView { recovery_codes })
}

/// The present password and a code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordAndCode {
    /// The present password.
    #[schema(format = Password, write_only, max_length = 128)]
    password: String,
    /// A one-time code or a recovery code.
    #[schema(max_length = 40, example = "123456")]
    code: String,
}

impl std::fmt::Debug for PasswordAndCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordAndCode").finish_non_exhaustive()
    }
}

/// Takes the second factor away. All sessions end, this one too.
#[utoipa::path(
    operation_id = "remove_second_factor",
    tag = "accounts",
    request_body = PasswordAndCode,
    responses((status = 204, description = "The password alone is enough from now on."), (status = 409, description = "There is none."))
)]
#[post("/v1/me/second-factor/removal")]
async fn remove_second_factor(
    context: web::Data<Context>,
    InSession { caller, .. }: InSession,
    body: JsonBody<PasswordAndCode>,
) -> Result<HttpResponse, Problem> {
    let PasswordAndCode { password, code } = body.into_inner();
    second_factor::remove(&context, &caller, &password, code).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Replaces the recovery codes; the old ones no longer work.
#[utoipa::path(
    operation_id = "renew_recovery_codes",
    tag = "accounts",
    request_body = PasswordAndCode,
    responses((status = 200, description = "New ones, once.", body = RecoveryCodesView), (status = 409, description = "There is no second factor."))
)]
#[post("/v1/me/second-factor/recovery-codes")]
async fn renew_recovery_codes(
    context: web::Data<Context>,
    InSession { caller, .. }: InSession,
    body: JsonBody<PasswordAndCode>,
) -> Result<HttpResponse, Problem> {
    let PasswordAndCode { password, code } = body.into_inner();
    let codes = second_factor::renew_recovery_codes(&context, &caller, &password, code).await?;
    Ok(show(codes))
}
