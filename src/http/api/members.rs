//! The people of a firm: who belongs to it, who is invited, who leaves.

use actix_web::http::header::{ETAG, LOCATION};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{intent, path_id, query_id};
use super::values::{code, parsed, time};
use crate::domain::account::Role;
use crate::domain::fault::Faults;
use crate::domain::ids::{OrganizationId, TicketId, UserId};
use crate::domain::text::{Email, Language};
use crate::domain::ticket::{Permit, Ticket, TicketOutcome};
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, JsonBody};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, etag, versioned};
use crate::http::problem::{Kind, Problem};
use crate::http::query_string::ReadQuery;
use crate::http::registry::ServiceConfig;
use crate::services::members::Member;
use crate::services::{Context, claims, invitations, members};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_members)
        .service(get_member)
        .service(change_member)
        .service(remove_member)
        .service(list_invitations)
        .service(create_invitation)
        .service(revoke_invitation)
        .service(create_claim);
}

/// Somebody of a firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberView {
    /// Their id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What they are called.
    #[schema(max_length = 200, example = "Dana Levi")]
    name: String,
    /// Their address.
    #[schema(format = Email, max_length = 254, example = "dana@tamar.example")]
    email: String,
    /// As what; the first of their parts, where they have several.
    #[schema(max_length = 20, example = "editor")]
    role: &'static str,
    /// All their parts in it, which the operator's people may have several of.
    #[schema(min_items = 1, max_items = 7, example = json!(["editor"]))]
    roles: Vec<&'static str>,
    /// Since when they have the newest of them.
    #[schema(format = DateTime, max_length = 40)]
    since: String,
    /// The version of what they are there; also the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
}

impl From<&Member> for MemberView {
    fn from(member: &Member) -> Self {
        let user = &member.user;
        let all = Role::ALL.iter();
        let theirs = |role: &&Role| member.parts.iter().any(|(own, _)| own == *role);
        let roles: Vec<_> = all.filter(theirs).map(|role| role.code()).collect();
        let newest = member.parts.iter().map(|(_, since)| *since).max();
        Self {
            id: user.id.to_string(),
            name: user.name.to_string(),
            email: user.email.to_string(),
            role: roles.first().copied().unwrap_or_default(),
            roles,
            since: time(newest.unwrap_or(user.created_at)),
            version: members::version(member),
        }
    }
}

/// Lists the people of a firm, the oldest accounts first, for its own people and
/// the operator's.
#[utoipa::path(
    operation_id = "list_members",
    tag = "organizations",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<MemberView>))
)]
#[get("/v1/organizations/{id}/members")]
async fn list_members(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = members::list(&context, &caller, path_id(&id)?, query.page.into()).await?;
    Ok(PageView::of(page, |it| MemberView::from(&it)).respond(&request))
}

/// One of the people of a firm.
#[utoipa::path(
    operation_id = "get_member",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("person" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 200, description = "The person.", body = MemberView, headers(("ETag" = String))))
)]
#[get("/v1/organizations/{id}/members/{person}")]
async fn get_member(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (organization, person) = ids::<UserId>(&path)?;
    let found = members::find(&context, &caller, organization, person).await?;
    let view = MemberView::from(&found);
    Ok(versioned(&request, members::version(&found), &view))
}

/// A part in a firm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// `owner`, `editor` or `viewer`; at the operator's `curator`,
    /// `compliance`, `admin` or `auditor`.
    #[schema(max_length = 20, example = "editor")]
    role: String,
}

/// Gives somebody of a firm another part, in place of all they had there.
#[utoipa::path(
    operation_id = "change_member",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("person" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1764518400000000\""),
    ),
    request_body = NewRole,
    responses((status = 204, description = "It holds from now on.", headers(("ETag" = String))), (status = 409, description = "Nobody else could let people in."))
)]
#[put("/v1/organizations/{id}/members/{person}")]
async fn change_member(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
    if_match: IfMatch,
    body: JsonBody<NewRole>,
) -> Result<HttpResponse, Problem> {
    let (organization, person) = ids::<UserId>(&path)?;
    let found = members::find(&context, &caller, organization, person);
    let expected = if_match.version_of(found).await?;
    let mut faults = Faults::new();
    let role = code(&mut faults, "/role", &body.into_inner().role, Role::ALL);
    let Some(role) = role else {
        return Err(faults.into());
    };
    let of = (organization, person);
    let changed = members::change_role(&context, &caller, of, expected, role).await?;
    Ok(HttpResponse::NoContent()
        .insert_header((ETAG, etag(members::version(&changed))))
        .finish())
}

fn ids<T: std::str::FromStr>(path: &(String, String)) -> Result<(OrganizationId, T), Problem> {
    Ok((path_id(&path.0)?, path_id(&path.1)?))
}

/// Who goes on with what somebody leaves.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Succession {
    /// An owner or editor of the firm; without one the first there is.
    #[param(format = "uuid", max_length = 36)]
    successor: Option<String>,
}

/// Ends somebody's part in a firm: one's own leaving, or an owner's decision.
///
/// Open questions of introductions go to the successor with the time that is
/// left; the old links are dead.
#[utoipa::path(
    operation_id = "remove_member",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("person" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1764518400000000\""),
        Succession,
    ),
    responses((status = 204, description = "They are out."), (status = 409, description = "Nobody else could let people in, or the successor can't answer for the firm."))
)]
#[delete("/v1/organizations/{id}/members/{person}")]
async fn remove_member(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
    if_match: IfMatch,
    query: ReadQuery<Succession>,
) -> Result<HttpResponse, Problem> {
    let (organization, person) = ids::<UserId>(&path)?;
    let (_, successor) =
        query.meaning(|asked| query_id("successor", asked.successor.as_deref()))?;
    let found = members::find_to_remove(&context, &caller, organization, person);
    let expected = if_match.version_of(found).await?;
    let of = (organization, person);
    members::remove(&context, &caller, of, expected, successor).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Somebody who is asked in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Where the link is mailed.
    #[schema(format = Email, max_length = 254, example = "eli@tamar.example")]
    email: String,
    /// As what.
    #[schema(max_length = 20, example = "editor")]
    role: String,
    /// The language of the mail: a BCP 47 tag.
    #[serde(default = "english")]
    #[schema(max_length = 35, default = "en", example = "he")]
    language: String,
}

fn english() -> String {
    "en".to_owned()
}

/// An invitation into a firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Where the link was mailed.
    #[schema(format = Email, max_length = 254, example = "eli@tamar.example")]
    email: String,
    /// As what.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "editor")]
    role: Option<&'static str>,
    /// `waiting` for an answer, `accepted`, `refused`, `revoked` or `expired`.
    #[schema(max_length = 10, example = "waiting")]
    state: &'static str,
    /// When.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// Until when the link holds.
    #[schema(format = DateTime, max_length = 40)]
    expires_at: String,
    /// When it was answered or taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, max_length = 40)]
    closed_at: Option<String>,
}

impl InvitationView {
    /// How it stands at that moment.
    pub fn of(ticket: &Ticket, now: DateTime<Utc>) -> Self {
        Self {
            state: match ticket.closed {
                Some((_, TicketOutcome::Used)) => "accepted",
                Some((_, TicketOutcome::Refused)) => "refused",
                Some((_, TicketOutcome::Revoked)) => "revoked",
                None if invitations::waits(ticket, now) => "waiting",
                None => "expired",
            },
            closed_at: ticket.closed.map(|(at, _)| time(at)),
            id: ticket.id.to_string(),
            email: ticket.email.to_string(),
            role: match ticket.permit {
                Permit::Invitation { role, .. } => Some(role.code()),
                _ => None,
            },
            created_at: time(ticket.created_at),
            expires_at: time(ticket.expires_at),
        }
    }
}

/// Lists the invitations of a firm that wait for an answer, the newest first.
#[utoipa::path(
    operation_id = "list_invitations",
    tag = "organizations",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<InvitationView>))
)]
#[get("/v1/organizations/{id}/invitations")]
async fn list_invitations(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = invitations::list(&context, &caller, path_id(&id)?, query.page.into()).await?;
    Ok(PageView::of(page, |it| InvitationView::of(&it, context.now())).respond(&request))
}

/// Mails an invitation into a firm.
///
/// The answer is the same whether the address has an account or not.
#[utoipa::path(
    operation_id = "create_invitation",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewInvitation,
    responses((status = 201, description = "Mailed.", body = InvitationView, headers(("Location" = String))))
)]
#[post("/v1/organizations/{id}/invitations")]
async fn create_invitation(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewInvitation>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/organizations/{id}/invitations";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let organization: OrganizationId = path_id(&id)?;
    let (email, role, language) = body.read(NewInvitation::read)?;
    let ticket = members::invite(
        &context,
        &caller,
        organization,
        email,
        role,
        language,
        intent,
    )
    .await?;
    let location = format!("/v1/organizations/{organization}/invitations/{}", ticket.id);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, location))
        .json(InvitationView::of(&ticket, context.now())))
}

impl NewInvitation {
    fn read(self) -> Result<(Email, Role, Language), Faults> {
        let mut faults = Faults::new();
        let email = parsed(&mut faults, "/email", "bad_address", &self.email);
        let role = code(&mut faults, "/role", &self.role, Role::ALL);
        let language = parsed(&mut faults, "/language", "unknown_language", &self.language);
        match (email, role, language) {
            (Some(email), Some(role), Some(language)) => Ok((email, role, language)),
            _ => Err(faults),
        }
    }
}

/// Takes an invitation back; its link is dead.
#[utoipa::path(
    operation_id = "revoke_invitation",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("invitation" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 204, description = "Taken back."))
)]
#[delete("/v1/organizations/{id}/invitations/{invitation}")]
async fn revoke_invitation(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (organization, invitation) = ids::<TicketId>(&path)?;
    let of = (organization, invitation);
    let found = invitations::find(&context, &caller, organization, invitation).await?;
    if !invitations::waits(&found, context.now()) {
        return Err(Problem::new(Kind::NotFound));
    }
    invitations::revoke(&context, &caller, of, None, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whom to ask about a firm's records.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClaim {
    /// The firm's contact.
    #[schema(format = Email, max_length = 254, example = "office@tamar.example")]
    email: String,
    /// The language of the mail and the page: a BCP 47 tag.
    #[serde(default = "english")]
    #[schema(max_length = 35, default = "en", example = "he")]
    language: String,
}

/// A mailed link to what was written about a firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Claim)]
pub struct ClaimView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Until when the link holds.
    #[schema(format = DateTime, max_length = 40)]
    expires_at: String,
}

/// Asks a firm to stand behind what was imported or written about it.
///
/// Its contact gets a link to a page that shows the data and what happens
/// with it: to confirm, to correct or to refuse. Until then the records are
/// ranked for curators and shown to nobody. An earlier link is dead.
#[utoipa::path(
    operation_id = "create_claim",
    tag = "organizations",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewClaim,
    responses((status = 202, description = "The mail waits to be sent.", body = ClaimView), (status = 409, description = "It stands behind all of them already."))
)]
#[post("/v1/organizations/{id}/claims")]
async fn create_claim(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: JsonBody<NewClaim>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/organizations/{id}/claims";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let organization: OrganizationId = path_id(&id)?;
    let new = body.into_inner();
    let mut faults = Faults::new();
    let email = parsed(&mut faults, "/email", "bad_address", &new.email);
    let language = parsed(&mut faults, "/language", "unknown_language", &new.language);
    let (Some(email), Some(language)) = (email, language) else {
        return Err(faults.into());
    };
    let asked = claims::ask(&context, &caller, organization, email, language, intent).await?;
    Ok(HttpResponse::Accepted().json(ClaimView {
        id: asked.id.to_string(),
        expires_at: time(asked.expires_at),
    }))
}
