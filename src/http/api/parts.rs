//! Timelines and actions of what is a part of another record, or stands
//! beside one: commitments and releases of a programme, tasks of a
//! deal, licences and walls of a firm. Every record that has states has the same sub-resources.

use actix_web::{HttpResponse, get, web};
use uuid::Uuid;

use super::exchange::path_id;
use super::timeline::{
    self, COMMITMENT, LICENCE, PARTNER_INTRODUCTION, PRACTICE, PartOf, TASK, TimelineQuery,
    TimelineView, WALL, read_for_side, read_part, read_part_for_side,
};
use super::transitions::TransitionsView;
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::ids::{
    CommitmentId, DealTaskId, IntroductionId, OrganizationId, PracticeId, ProgrammeId, ReleaseId,
    RematchId,
};
use crate::http::caller::Authenticated;
use crate::http::fields::Query;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::deals::tasks;
use crate::services::log::Kinds;
use crate::services::{
    Context, blocks, commitments, introductions, licences, practices, releases, rematch, walls,
};

/// What tells of a commitment, and how far it is.
const COMMITMENT_EVENTS: &[&str] = &[
    "commitment.made",
    "commitment.changed",
    "commitment.moved",
    "commitment.evidenced",
    "commitment.note_told",
    "commitment.health_changed",
];
/// What tells that two firms are kept apart.
const BLOCK_EVENTS: &[&str] = &[
    "organization.blocked",
    "organization.unblocking_proposed",
    "organization.unblocked",
];
/// What tells of a wall: of its firm's, and that everybody was held against it.
const WALL_EVENTS: &[&str] = &[
    "organization.wall_declared",
    "organization.wall_raised",
    "organization.wall_refused",
    "organization.wall_lifted",
    "organization.wall_stands",
];
/// What tells of a release.
const RELEASE_EVENTS: &[&str] = &["programme.release_previewed", "programme.release_moved"];
/// What tells of matching everything again.
const REMATCH_EVENTS: &[&str] = &["programme.rematch_started", "programme.rematch_ended"];

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_commitment_events)
        .service(list_practice_events)
        .service(list_licence_events)
        .service(list_wall_events)
        .service(list_block_events)
        .service(list_deal_task_events)
        .service(list_release_transitions)
        .service(list_release_events)
        .service(list_rematch_transitions)
        .service(list_rematch_events)
        .service(list_partner_introduction_transitions)
        .service(list_partner_introduction_events);
}

/// What happened to a commitment, for the parties of its programme and the
/// operator's people.
#[utoipa::path(
    operation_id = "list_commitment_events",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/commitments/{id}/events")]
async fn list_commitment_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: CommitmentId = path_id(&id)?;
    let found = commitments::find(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::Programme, found.programme);
    let part = PartOf::one(subject, ("commitment", Value::Id(id.uuid())));
    let view = if caller.reads_everything() {
        read_part(&context, &part, Kinds::Only(COMMITMENT_EVENTS), &query.0)
            .await?
            .whole()
    } else {
        read_part_for_side(&context, &caller, &part, &query.0, &COMMITMENT).await?
    };
    Ok(HttpResponse::Ok().json(view))
}

/// What happened to an engagement, for its two firms once they know of it and
/// the operator's people.
#[utoipa::path(
    operation_id = "list_practice_events",
    tag = "practices",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/practices/{id}/events")]
async fn list_practice_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: PracticeId = path_id(&id)?;
    practices::find(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::Practice, id);
    let view = if caller.reads_everything() {
        timeline::read(&context, subject, &query.0).await?.whole()
    } else {
        read_for_side(&context, &caller, subject, &query.0, &PRACTICE).await?
    };
    Ok(HttpResponse::Ok().json(view))
}

/// What happened to a licence, for its firm and the operator's people.
#[utoipa::path(
    operation_id = "list_licence_events",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/licences/{id}/events")]
async fn list_licence_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: Uuid = path_id(&id)?;
    let found = licences::find(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::Organization, found.organization);
    let part = PartOf::one(subject, ("licence", Value::Id(id)));
    let view = if caller.reads_everything() {
        read_part(&context, &part, LICENCE.kinds(), &query.0)
            .await?
            .whole()
    } else {
        read_part_for_side(&context, &caller, &part, &query.0, &LICENCE).await?
    };
    Ok(HttpResponse::Ok().json(view))
}

/// What happened to a wall, for those who may read it: the operator's people,
/// and its firm where the firm declared it, which learns nothing of whom it
/// keeps away.
#[utoipa::path(
    operation_id = "list_wall_events",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/walls/{id}/events")]
async fn list_wall_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: Uuid = path_id(&id)?;
    // Who is told before whom it stands may read all of it.
    let (found, others) = walls::find(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::Organization, found.organization);
    let part = PartOf::one(subject, ("wall", Value::Id(id)));
    let view = if others.is_some() {
        read_part(&context, &part, Kinds::Only(WALL_EVENTS), &query.0)
            .await?
            .whole()
    } else {
        read_part_for_side(&context, &caller, &part, &query.0, &WALL).await?
    };
    Ok(HttpResponse::Ok().json(view))
}

/// What happened between the two firms of a block, for the operator's people:
/// also earlier blocks of the two.
#[utoipa::path(
    operation_id = "list_block_events",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/blocks/{id}/events")]
async fn list_block_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let [firm, other] = blocks::find(&context, &caller, path_id(&id)?)
        .await?
        .organizations;
    // Each is told of at one of them.
    let told = async |of: OrganizationId, counterpart: OrganizationId| {
        let subject = Subject::new(SubjectKind::Organization, of);
        let part = PartOf::one(subject, ("counterpart", Value::Id(counterpart.uuid())));
        read_part(&context, &part, Kinds::Only(BLOCK_EVENTS), &query.0).await
    };
    let (first, second) = (told(firm, other).await?, told(other, firm).await?);
    let timeline = first.with(second, &query.0);
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}

/// What happened to a task, for whoever learns of it.
#[utoipa::path(
    operation_id = "list_deal_task_events",
    tag = "deals",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/deal-tasks/{id}/events")]
async fn list_deal_task_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: DealTaskId = path_id(&id)?;
    let part = PartOf {
        records: tasks::told_at(&context, &caller, id).await?,
        fact: ("task", Value::Id(id.uuid())),
    };
    let view = if caller.reads_everything() {
        read_part(&context, &part, TASK.kinds(), &query.0)
            .await?
            .whole()
    } else {
        read_part_for_side(&context, &caller, &part, &query.0, &TASK).await?
    };
    Ok(HttpResponse::Ok().json(view))
}

/// What can be done with a release now.
#[utoipa::path(
    operation_id = "list_release_transitions",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("release" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/programmes/{id}/releases/{release}/transitions")]
async fn list_release_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (programme, id) = (path_id(&path.0)?, path_id(&path.1)?);
    let actions = releases::transitions(&context, &caller, programme, id).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What happened to a release, for the operator's people.
///
/// The steps of one from before they named it are on the programme's timeline
/// alone.
#[utoipa::path(
    operation_id = "list_release_events",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("release" = String, Path, format = "uuid", max_length = 36),
        TimelineQuery,
    ),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/programmes/{id}/releases/{release}/events")]
async fn list_release_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let (programme, id): (ProgrammeId, ReleaseId) = (path_id(&path.0)?, path_id(&path.1)?);
    releases::find(&context, &caller, programme, id).await?;
    let subject = Subject::new(SubjectKind::Programme, programme);
    let part = PartOf::one(subject, ("release", Value::Id(id.uuid())));
    let timeline = read_part(&context, &part, Kinds::Only(RELEASE_EVENTS), &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}

/// What can be done with a job of matching everything again now.
#[utoipa::path(
    operation_id = "list_rematch_transitions",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("rematch" = String, Path, format = "uuid", max_length = 36),
    ),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/programmes/{id}/rematches/{rematch}/transitions")]
async fn list_rematch_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (programme, id) = (path_id(&path.0)?, path_id(&path.1)?);
    let actions = rematch::transitions(&context, &caller, programme, id).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What happened to a job of matching everything again, for the operator's
/// people.
///
/// The steps of one from before they named it are on the programme's timeline
/// alone.
#[utoipa::path(
    operation_id = "list_rematch_events",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("rematch" = String, Path, format = "uuid", max_length = 36),
        TimelineQuery,
    ),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/programmes/{id}/rematches/{rematch}/events")]
async fn list_rematch_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let (programme, id): (ProgrammeId, RematchId) = (path_id(&path.0)?, path_id(&path.1)?);
    rematch::find(&context, &caller, programme, id).await?;
    let subject = Subject::new(SubjectKind::Programme, programme);
    let part = PartOf::one(subject, ("rematch", Value::Id(id.uuid())));
    let timeline = read_part(&context, &part, Kinds::Only(REMATCH_EVENTS), &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}

/// What a partner can do with a request of its own now.
#[utoipa::path(
    operation_id = "list_partner_introduction_transitions",
    tag = "introductions",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/partner-introductions/{id}/transitions")]
async fn list_partner_introduction_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = introductions::actions_of_partner(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What became of a partner's request, as far as the partner is told: that both
/// were introduced, or that it came to nothing.
#[utoipa::path(
    operation_id = "list_partner_introduction_events",
    tag = "introductions",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/partner-introductions/{id}/events")]
async fn list_partner_introduction_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let id: IntroductionId = path_id(&id)?;
    introductions::find_of_partner(&context, &caller, id).await?;
    let subject = Subject::new(SubjectKind::Introduction, id);
    let rules = &PARTNER_INTRODUCTION;
    let view = read_for_side(&context, &caller, subject, &query.0, rules).await?;
    Ok(HttpResponse::Ok().json(view.without_others()))
}
