//! Timelines and actions of records that are small beside the others: firms,
//! accounts, clients, freezes, messages. Every record that has states has the
//! same sub-resources.

use actix_web::{HttpResponse, get, web};

use super::exchange::path_id;
use super::timeline::{self, ORGANIZATION, REFERRAL, TimelineQuery, TimelineView, read_for_side};
use super::transitions::TransitionsView;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{OrganizationId, OutboxId, UserId};
use crate::domain::referral::Referred;
use crate::http::caller::Authenticated;
use crate::http::fields::Query;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::organizations::{self, Found};
use crate::services::{Context, clients, freezes, messages, people, referrals};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_organization_events)
        .service(list_person_transitions)
        .service(list_person_events)
        .service(list_client_events)
        .service(list_freeze_transitions)
        .service(list_freeze_events)
        .service(list_message_events)
        .service(list_referral_events);
}

/// What happened to a firm: all of it for the operator's people, for its own
/// people what they and others did with its details.
#[utoipa::path(
    operation_id = "list_organization_events",
    tag = "organizations",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/organizations/{id}/events")]
async fn list_organization_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: OrganizationId = path_id(&id)?;
    let found = organizations::find(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::Organization, id);
    let view = match found {
        _ if caller.reads_all_of(&[id]) => {
            timeline::read(&context, subject, &query.0).await?.whole()
        }
        Found::Here(_) => {
            read_for_side(&context, &caller, subject, &query.0, &ORGANIZATION).await?
        }
        // What was another firm's before is not its keeper's to read.
        Found::Moved(_) => return Err(crate::services::Error::NotFound.into()),
    };
    Ok(HttpResponse::Ok().json(view))
}

/// What can be done with an account now, for who keeps the accounts.
#[utoipa::path(
    operation_id = "list_person_transitions",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/people/{id}/transitions")]
async fn list_person_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = people::actions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What happened to an account, for who keeps the accounts.
#[utoipa::path(
    operation_id = "list_person_events",
    tag = "accounts",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/people/{id}/events")]
async fn list_person_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: UserId = path_id(&id)?;
    people::account(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::User, id);
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}

/// What happened to a client, for its partner's owners and the operator's
/// people.
#[utoipa::path(
    operation_id = "list_client_events",
    tag = "clients",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/clients/{id}/events")]
async fn list_client_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: UserId = path_id(&id)?;
    clients::find(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::User, id);
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}

/// What can be done with a freeze now.
#[utoipa::path(
    operation_id = "list_freeze_transitions",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/freezes/{id}/transitions")]
async fn list_freeze_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let lift = freezes::lift_verdict(&context, &caller, path_id(&id)?).await?;
    let actions = lift.map(|verdict| ("lift", verdict.err()));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What happened to a freeze, for the operator's people.
#[utoipa::path(
    operation_id = "list_freeze_events",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/freezes/{id}/events")]
async fn list_freeze_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    freezes::lift_verdict(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::Freeze, id);
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}

/// How far a referral has come: for its partner in the states that it has, for
/// the operator's people all that happened to its profile or mandate.
#[utoipa::path(
    operation_id = "list_referral_events",
    tag = "referrals",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/referrals/{id}/events")]
async fn list_referral_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = referrals::find(&context, &caller, path_id(&id)?).await?;
    let subject = match found.referral.record {
        Referred::StartupProfile(id) => Subject::new(SubjectKind::StartupProfile, id),
        Referred::Mandate(id) => Subject::new(SubjectKind::Mandate, id),
    };
    let view = if caller.reads_everything() {
        timeline::read(&context, subject, &query.0).await?.whole()
    } else {
        // Who of the firm or the operator it was is not the partner's to know.
        let told = read_for_side(&context, &caller, subject, &query.0, &REFERRAL);
        told.await?.without_others()
    };
    Ok(HttpResponse::Ok().json(view))
}

/// What happened to a message, for the operator's people.
#[utoipa::path(
    operation_id = "list_message_events",
    tag = "messages",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/messages/{id}/events")]
async fn list_message_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: OutboxId = path_id(&id)?;
    messages::find(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::Message, id);
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}
