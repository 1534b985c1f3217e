//! What a person does with their own account: sessions, password, closing it,
//! and what happened to it.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::path_id;
use super::sessions::SessionView;
use super::timeline::{self, TimelineQuery, TimelineView};
use super::values::{parsed, time};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::SessionId;
use crate::domain::text::Email;
use crate::http::caller::InSession;
use crate::http::fields::{JsonBody, Query};
use crate::http::origin;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::paging::PageRequest;
use crate::services::sessions::{self, EndReason, Session};
use crate::services::{Context, accounts, erasure, people};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_sessions)
        .service(end_other_sessions)
        .service(end_one_session)
        .service(change_password)
        .service(deactivate)
        .service(erase)
        .service(list_own_events)
        .service(create_password_reset);
}

/// Where a person is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnSession)]
pub struct OwnSessionView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// What the program called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    agent: Option<String>,
    /// From which address somebody signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 45)]
    address: Option<String>,
    /// Whether a second factor was shown.
    second_factor: bool,
    /// When somebody signed in.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// When the tokens were renewed last.
    #[schema(format = DateTime, max_length = 40)]
    last_used_at: String,
    /// When it ends whatever happens.
    #[schema(format = DateTime, max_length = 40)]
    expires_at: String,
}

impl OwnSessionView {
    fn of(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id.to_string(),
            current: session.id == current,
            agent: session.agent,
            address: session.address,
            second_factor: session.second_factor,
            created_at: time(session.created_at),
            last_used_at: time(session.last_used_at),
            expires_at: time(session.expires_at),
        }
    }
}

/// Lists where the caller is signed in, the newest first.
///
/// A page at a time: `next_cursor` and the `Link` header lead to the rest.
#[utoipa::path(
    operation_id = "list_sessions",
    tag = "accounts",
    params(PageQuery),
    responses((status = 200, description = "The live sessions.", body = PageView<OwnSessionView>))
)]
#[get("/v1/me/sessions")]
async fn list_sessions(
    context: web::Data<Context>,
    InSession { caller, session }: InSession,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let found = sessions::list(&context, &caller, PageRequest::from(query.page)).await?;
    let view = PageView::of(found, |one| OwnSessionView::of(one, session));
    Ok(view.respond(&request))
}

/// Signs the caller out everywhere else.
#[utoipa::path(
    operation_id = "end_other_sessions",
    tag = "accounts",
    responses((status = 204, description = "Only this session is left."))
)]
#[delete("/v1/me/sessions")]
async fn end_other_sessions(
    context: web::Data<Context>,
    InSession { caller, session }: InSession,
) -> Result<HttpResponse, Problem> {
    sessions::end_others(&context, &caller, session).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends one of the caller's sessions.
#[utoipa::path(
    operation_id = "end_one_session",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 204, description = "Its tokens are refused from now on."))
)]
#[delete("/v1/me/sessions/{id}")]
async fn end_one_session(
    context: web::Data<Context>,
    InSession { caller, .. }: InSession,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    sessions::end(&context, &caller, path_id(&id)?, EndReason::Revoked).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The present one.
    #[schema(format = Password, write_only, max_length = 128)]
    password: String,
    /// The new one: 8 to 128 characters, none of the common ones, not the
    /// address.
    #[schema(format = Password, write_only, min_length = 8, max_length = 128)]
    new_password: String,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPassword").finish_non_exhaustive()
    }
}

/// Changes the caller's password.
///
/// All sessions end, and the answer opens a new one in place of this.
#[utoipa::path(
    operation_id = "change_password",
    tag = "accounts",
    request_body = NewPassword,
    responses((status = 200, description = "Changed; a new session.", body = SessionView))
)]
#[put("/v1/me/password")]
async fn change_password(
    context: web::Data<Context>,
    InSession { caller, session }: InSession,
    request: HttpRequest,
    body: JsonBody<NewPassword>,
) -> Result<HttpResponse, Problem> {
    let NewPassword {
        password,
        new_password,
    } = body.into_inner();
    let origin = origin::of(&request);
    let granted =
        accounts::change_password(&context, &caller, session, &password, &new_password, origin)
            .await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(SessionView::of(&context, &granted)))
}

/// The present password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordAgain {
    /// The present password.
    #[schema(format = Password, write_only, max_length = 128)]
    pub(super) password: String,
}

impl std::fmt::Debug for PasswordAgain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordAgain").finish_non_exhaustive()
    }
}

/// Closes the caller's account.
///
/// Sessions and keys end at once; open questions go to a colleague. Whoever is
/// the last that could let people into a firm is refused. The operator's
/// people can open it again.
#[utoipa::path(
    operation_id = "deactivate",
    tag = "accounts",
    request_body = PasswordAgain,
    responses((status = 204, description = "Closed."), (status = 409, description = "Nobody else could let people in."))
)]
#[post("/v1/me/deactivation")]
async fn deactivate(
    context: web::Data<Context>,
    InSession { caller, .. }: InSession,
    body: JsonBody<PasswordAgain>,
) -> Result<HttpResponse, Problem> {
    people::deactivate(&context, &caller, &body.into_inner().password).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Erases the caller, for good.
///
/// The account is closed as by `…/deactivation`, and then name, address, parts,
/// links, mails and settings go. What firms say, did and agreed to stays, by an
/// id that leads to nobody; the proof of what the caller consented to stays
/// until that ends, and is without a name then.
#[utoipa::path(
    operation_id = "erase_own_account",
    tag = "accounts",
    request_body = PasswordAgain,
    responses((status = 204, description = "Erased."), (status = 409, description = "Nobody else could let people in."))
)]
#[post("/v1/me/erasure")]
async fn erase(
    context: web::Data<Context>,
    InSession { caller, .. }: InSession,
    body: JsonBody<PasswordAgain>,
) -> Result<HttpResponse, Problem> {
    erasure::erase_own(&context, &caller, &body.into_inner().password).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What happened to the caller's account: sign-ins, failures, changes of
/// parts, keys and passwords.
#[utoipa::path(
    operation_id = "list_own_events",
    tag = "accounts",
    params(TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/me/events")]
async fn list_own_events(
    context: web::Data<Context>,
    InSession { caller, .. }: InSession,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let subject = Subject::new(SubjectKind::User, caller.id());
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.whole()))
}

/// Whose password was forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasswordReset {
    /// The address of the account.
    #[schema(format = Email, max_length = 254, example = "dana@tamar.example")]
    email: String,
}

/// What comes of it, whether the address has an account or not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Accepted)]
pub struct AcceptedView {
    /// Always `accepted`.
    #[schema(max_length = 20, example = "accepted")]
    pub(super) status: &'static str,
}

/// Mails a link to choose a new password, if the address has an account.
///
/// The answer is the same if it has none. The link works once, for an hour.
#[utoipa::path(
    operation_id = "create_password_reset",
    tag = "accounts",
    security(()),
    request_body = NewPasswordReset,
    responses(
        (status = 202, description = "Accepted.", body = AcceptedView),
        (status = 429, description = "Too many from here."),
    )
)]
#[post("/v1/password-resets")]
async fn create_password_reset(
    context: web::Data<Context>,
    body: JsonBody<NewPasswordReset>,
) -> Result<HttpResponse, Problem> {
    let mut faults = Faults::new();
    let email: Option<Email> = parsed(
        &mut faults,
        "/email",
        "bad_address",
        &body.into_inner().email,
    );
    let Some(email) = email else {
        return Err(faults.into());
    };
    accounts::request_password_reset(&context, email).await?;
    Ok(HttpResponse::Accepted().json(AcceptedView { status: "accepted" }))
}
