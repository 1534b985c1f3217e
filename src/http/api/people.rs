//! Anybody's account, for the operator's people.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{intent, moved, path_id};
use super::values::time;
use crate::domain::fault::Faults;
use crate::http::caller::Authenticated;
use crate::http::fields::JsonBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::people::{self, Account, AccountAction};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(get_person).service(move_person);
}

/// Somebody's account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonView {
    /// Their id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// The address they sign in with.
    #[schema(format = Email, max_length = 254, example = "dana@tamar.example")]
    email: String,
    /// What they are called.
    #[schema(max_length = 200, example = "Dana Levi")]
    name: String,
    /// `open`, `closed` or `erased`.
    #[schema(max_length = 10, example = "open")]
    state: &'static str,
    /// When the account was made.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// The parts they play.
    #[schema(max_items = 100)]
    parts: Vec<PartView>,
}

/// A part somebody plays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonPart)]
pub struct PartView {
    /// Where.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// As what.
    #[schema(max_length = 20, example = "owner")]
    role: &'static str,
}

impl From<Account> for PersonView {
    fn from(account: Account) -> Self {
        let Account {
            user,
            memberships,
            disabled,
            erased,
            version: _,
        } = account;
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            name: user.name.to_string(),
            state: match (erased, disabled) {
                (true, _) => "erased",
                (false, true) => "closed",
                (false, false) => "open",
            },
            created_at: time(user.created_at),
            parts: memberships
                .into_iter()
                .map(|own| PartView {
                    organization: own.organization.to_string(),
                    role: own.role.code(),
                })
                .collect(),
        }
    }
}

/// One account.
#[utoipa::path(
    operation_id = "get_person",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The account.", body = PersonView, headers(("ETag" = String))))
)]
#[get("/v1/people/{id}")]
async fn get_person(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let account = people::account(&context, &caller, path_id(&id)?).await?;
    let version = account.version;
    Ok(versioned(&request, version, &PersonView::from(account)))
}

/// What to do with an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPersonTransition {
    /// `close`, `open`, `erase` or `remove_second_factor`.
    #[schema(max_length = 40, example = "close")]
    action: String,
}

/// Closes an account, opens it again, erases its person, or takes its second
/// factor away.
///
/// Closing ends its sessions and keys at once and hands open questions over to
/// colleagues. Erasing is for an account that is closed, and for good: name,
/// address, parts, links, mails and settings go; what firms say, did and agreed
/// to stays, and the proof of a consent until that ends. Taking the second factor away is for somebody who lost app and
/// recovery codes and proved in another way who they are; all sessions end.
#[utoipa::path(
    operation_id = "move_person",
    tag = "accounts",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewPersonTransition,
    responses((status = 200, description = "As it is now.", body = PersonView, headers(("ETag" = String))), (status = 409, description = "The caller's own account is closed elsewhere; only a closed account is erased (`account_open`), and stays so (`erased`)."))
)]
#[post("/v1/people/{id}/transitions")]
async fn move_person(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    if_match: IfMatch,
    body: JsonBody<NewPersonTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/people/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(people::account(&context, &caller, id))
        .await?;
    let Some(action) = AccountAction::from_code(&body.into_inner().action) else {
        let mut faults = Faults::new();
        let detail = "An account knows “close”, “open”, “erase” and “remove_second_factor”.";
        faults.push("/action", "unknown_action", detail);
        return Err(faults.into());
    };
    let account = people::act(&context, &caller, id, expected, action, intent).await?;
    let version = account.version;
    Ok(moved(version, &PersonView::from(account)))
}
