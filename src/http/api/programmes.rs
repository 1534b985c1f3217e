//! Programmes: the corridors everything else happens in.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{created, intent, moved, path_id, query_code};
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::{code, day, parsed, texts, time, within};
use super::vocabulary::Vocabulary;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::ProgrammeId;
use crate::domain::programme::{
    Corridor, Party, PartyRole, Programme, ProgrammeAction, ProgrammeDetails, ProgrammeStatus,
};
use crate::domain::tag::Taxonomy;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::paging::PageRequest;
use crate::services::programmes::{self, Filter};
use crate::services::{Caller, Context, agreements};

/// Most corridors, parties or tags of a programme.
const MOST: usize = 50;

/// Most characters of a reason.
const REASON_MAX: usize = 1_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_programmes)
        .service(create_programme)
        .service(get_programme)
        .service(change_programme)
        .service(list_programme_transitions)
        .service(move_programme)
        .service(list_programme_events);
}

/// One direction: startups of one country, investors of another.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Corridor)]
pub struct CorridorView {
    /// Where the startups are, ISO 3166 alpha-2.
    #[schema(min_length = 2, max_length = 2, example = "IL")]
    startup: String,
    /// Where the investors are, ISO 3166 alpha-2.
    #[schema(min_length = 2, max_length = 2, example = "AZ")]
    investor: String,
}

/// A party to the MoU.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProgrammeParty)]
pub struct PartyView {
    /// Which organization.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// `signatory`, `trade_office`, `referrer` or `operator`.
    #[schema(max_length = 20, example = "signatory")]
    role: String,
}

/// A programme to draft.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgramme {
    /// Its name in addresses and files.
    #[schema(
        min_length = 1,
        max_length = 80,
        pattern = "^[a-z0-9_-]+$",
        example = "az-il-2026"
    )]
    slug: String,
    /// Its title.
    #[schema(
        min_length = 1,
        max_length = 200,
        example = "Azerbaijan–Israel innovation corridor"
    )]
    title: String,
    /// The directions it joins.
    #[schema(min_items = 1, max_items = 50)]
    corridors: Vec<CorridorView>,
    /// Tags it is limited to; none means all.
    #[serde(default)]
    #[schema(max_items = 50)]
    scope_tags: Vec<String>,
    /// Its parties; the operator alone where none is named.
    #[serde(default)]
    #[schema(max_items = 50)]
    parties: Vec<PartyView>,
    /// First day in force.
    #[schema(format = "date", max_length = 10, example = "2026-01-15")]
    starts_on: String,
    /// Last day in force.
    #[schema(format = "date", max_length = 10, example = "2028-12-31")]
    ends_on: String,
}

impl From<&Programme> for NewProgramme {
    fn from(programme: &Programme) -> Self {
        let ProgrammeView {
            slug,
            title,
            corridors,
            scope_tags,
            parties,
            starts_on,
            ends_on,
            ..
        } = ProgrammeView::from(programme);
        Self {
            slug,
            title,
            corridors,
            scope_tags,
            parties,
            starts_on,
            ends_on,
        }
    }
}

impl NewProgramme {
    fn read(self, taxonomy: &Taxonomy) -> Result<ProgrammeDetails, Faults> {
        let mut faults = Faults::new();
        let slug = parsed(&mut faults, "/slug", "invalid_slug", &self.slug);
        let title = parsed(&mut faults, "/title", "invalid_title", &self.title);
        let corridors = read_corridors(&mut faults, &self.corridors);
        let scope_tags =
            Vocabulary::new(taxonomy).tags(&mut faults, "/scope_tags", &self.scope_tags, MOST);
        let parties = read_parties(&mut faults, &self.parties);
        let starts_on = day(&mut faults, "/starts_on", &self.starts_on);
        let ends_on = day(&mut faults, "/ends_on", &self.ends_on);
        if let (Some(first), Some(last)) = (starts_on, ends_on)
            && last < first
        {
            faults.push(
                "/ends_on",
                "before_start",
                "A programme ends on or after its first day.",
            );
        }
        match (slug, title, starts_on, ends_on) {
            (Some(slug), Some(title), Some(starts_on), Some(ends_on)) if faults.is_empty() => {
                Ok(ProgrammeDetails {
                    slug,
                    title,
                    corridors,
                    scope_tags: scope_tags.into_iter().collect(),
                    parties,
                    starts_on,
                    ends_on,
                })
            }
            _ => Err(faults),
        }
    }
}

fn read_corridors(faults: &mut Faults, corridors: &[CorridorView]) -> Vec<Corridor> {
    if corridors.is_empty() {
        faults.push("/corridors", "required", "At least one corridor is needed.");
    }
    within(faults, "/corridors", corridors.len(), MOST);
    let mut read = vec![];
    for (place, corridor) in corridors.iter().enumerate() {
        let at = format!("/corridors/{place}");
        let startup = parsed(
            faults,
            &format!("{at}/startup"),
            "unknown_country",
            &corridor.startup,
        );
        let investor = parsed(
            faults,
            &format!("{at}/investor"),
            "unknown_country",
            &corridor.investor,
        );
        if let (Some(startup), Some(investor)) = (startup, investor) {
            read.push(Corridor { startup, investor });
        }
    }
    read.sort();
    read.dedup();
    read
}

fn read_parties(faults: &mut Faults, parties: &[PartyView]) -> Vec<Party> {
    within(faults, "/parties", parties.len(), MOST);
    let mut read: Vec<Party> = vec![];
    for (place, party) in parties.iter().enumerate() {
        let at = format!("/parties/{place}");
        let organization = parsed(
            faults,
            &format!("{at}/organization"),
            "not_an_id",
            &party.organization,
        );
        let role = code(faults, &format!("{at}/role"), &party.role, PartyRole::ALL);
        if let (Some(organization), Some(role)) = (organization, role) {
            if read.iter().any(|other| other.organization == organization) {
                faults.push(at, "named_twice", "An organization is a party once.");
            } else {
                read.push(Party { organization, role });
            }
        }
    }
    read
}

/// A programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Programme)]
pub struct ProgrammeView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Its name in addresses and files.
    #[schema(max_length = 80)]
    slug: String,
    /// Its title.
    #[schema(max_length = 200)]
    title: String,
    /// The directions it joins.
    #[schema(max_items = 50)]
    corridors: Vec<CorridorView>,
    /// Tags it is limited to; none means all.
    #[schema(max_items = 50)]
    scope_tags: Vec<String>,
    /// Its parties.
    #[schema(max_items = 50)]
    parties: Vec<PartyView>,
    /// First day in force.
    #[schema(format = "date", max_length = 10)]
    starts_on: String,
    /// Last day in force.
    #[schema(format = "date", max_length = 10)]
    ends_on: String,
    /// The rule set it matches by.
    #[schema(format = "uuid", max_length = 36)]
    rule_set: String,
    /// Where it stands.
    #[schema(max_length = 20, example = "active")]
    status: &'static str,
    /// Its version; also the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it came.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl From<&Programme> for ProgrammeView {
    fn from(programme: &Programme) -> Self {
        let details = &programme.details;
        let corridors = details.corridors.iter().map(|corridor| CorridorView {
            startup: corridor.startup.to_string(),
            investor: corridor.investor.to_string(),
        });
        let parties = details.parties.iter().map(|party| PartyView {
            organization: party.organization.to_string(),
            role: party.role.to_string(),
        });
        Self {
            id: programme.id.to_string(),
            slug: details.slug.to_string(),
            title: details.title.to_string(),
            corridors: corridors.collect(),
            scope_tags: texts(&details.scope_tags),
            parties: parties.collect(),
            starts_on: details.starts_on.to_string(),
            ends_on: details.ends_on.to_string(),
            rule_set: programme.rule_set.to_string(),
            status: programme.status.code(),
            version: programme.version,
            created_at: time(programme.created_at),
            updated_at: time(programme.updated_at),
        }
    }
}

/// Which programmes.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProgrammeFilters {
    /// In that state.
    #[param(max_length = 20, example = "active")]
    status: Option<String>,
}

/// Lists programmes, oldest first.
#[utoipa::path(
    operation_id = "list_programmes",
    tag = "programmes",
    params(ProgrammeFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ProgrammeView>))
)]
#[get("/v1/programmes")]
async fn list_programmes(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: MeantQuery<ProgrammeFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, status) = query.read(|asked| {
        let status = asked.status.as_deref();
        query_code("status", status, ProgrammeStatus::from_code)
    })?;
    let filter = Filter {
        known_to: None,
        status,
        own_only: false,
    };
    let page = programmes::list(&context, &caller, filter, PageRequest::from(page)).await?;
    let page = PageView {
        items: page.items.iter().map(ProgrammeView::from).collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(page.respond(&request))
}

/// Drafts a programme, for curators.
///
/// One whose scope names a restricted or prohibited tag is not known to its
/// parties before two people of compliance let the scope through, and its texts
/// can't be agreed on.
#[utoipa::path(
    operation_id = "create_programme",
    tag = "programmes",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewProgramme,
    responses((status = 201, description = "Drafted.", body = ProgrammeView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/programmes")]
async fn create_programme(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewProgramme>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/programmes", &request, &key, body.bytes());
    let details = body.read(|it| it.read(&context.taxonomy()))?;
    let made = programmes::create(&context, &caller, intent, details).await?;
    let view = ProgrammeView::from(&made);
    Ok(created(
        format!("/v1/programmes/{}", made.id),
        made.version,
        &view,
    ))
}

/// One programme.
#[utoipa::path(
    operation_id = "get_programme",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The programme.", body = ProgrammeView, headers(("ETag" = String))))
)]
#[get("/v1/programmes/{id}")]
async fn get_programme(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = programmes::find(&context, &caller, path_id(&id)?).await?;
    Ok(versioned(
        &request,
        found.version,
        &ProgrammeView::from(&found),
    ))
}

/// Changes what a programme says of itself, for curators, as long as it isn't
/// being signed; its slug stays. Texts that were agreed are open again with it.
///
/// A scope that names a restricted or prohibited tag waits for compliance; the
/// one before holds meanwhile, and the texts can't be agreed on.
#[utoipa::path(
    operation_id = "change_programme",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-Match" = String, Header, max_length = 100, example = "\"v3\"")),
    request_body(content = NewProgramme, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Changed.", body = ProgrammeView, headers(("ETag" = String))))
)]
#[patch("/v1/programmes/{id}")]
async fn change_programme(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let current = programmes::find(&context, &caller, id).await?;
    let expected = if_match.version()?.or(Some(current.version));
    let patched = patch.apply_to::<NewProgramme>(&NewProgramme::from(&current))?;
    let details = patched.read(&context.taxonomy())?;
    let amended = (details, patch.names("scope_tags"));
    let after = agreements::amend(&context, &caller, id, expected, amended).await?;
    Ok(moved(after.version, &ProgrammeView::from(&after)))
}

/// What can be done with a programme now.
#[utoipa::path(
    operation_id = "list_programme_transitions",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The actions.", body = TransitionsView))
)]
#[get("/v1/programmes/{id}/transitions")]
async fn list_programme_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = programmes::transitions(&context, &caller, path_id(&id)?).await?;
    let found = found
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(found)))
}

/// What to do with a programme.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgrammeTransition {
    /// `negotiate`, `agree_text`, `start_signing`, `decline`, `activate`,
    /// `suspend`, `resume` or `terminate`; the service itself does the rest.
    #[schema(max_length = 40, example = "activate")]
    action: String,
    /// Why, in words that the operator's people read; needed by `decline`,
    /// `suspend` and `terminate`.
    #[schema(min_length = 1, max_length = 1000)]
    reason: Option<String>,
}

impl NewProgrammeTransition {
    fn read(&self) -> Result<(ProgrammeAction, Option<String>), Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, ProgrammeAction::ALL);
        let reason = self
            .reason
            .as_deref()
            .map(|text| bounded(text, REASON_MAX, true));
        let reason = reason.and_then(|text| faults.take("/reason", "invalid_text", text));
        let needed = action.is_some_and(ProgrammeAction::needs_reason);
        if needed && self.reason.is_none() {
            faults.push("/reason", "required", "Say why, in words.");
        } else if action.is_some() && !needed && self.reason.is_some() {
            let detail = "Only what stops or ends a programme has a reason.";
            faults.push("/reason", "not_taken", detail);
        }
        match action {
            Some(action) if faults.is_empty() => Ok((action, reason)),
            _ => Err(faults),
        }
    }
}

/// Moves a programme.
#[utoipa::path(
    operation_id = "move_programme",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewProgrammeTransition,
    responses((status = 200, description = "Moved.", body = ProgrammeView, headers(("ETag" = String))))
)]
#[post("/v1/programmes/{id}/transitions")]
async fn move_programme(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, version): (web::Path<String>, IdempotencyKey, IfMatch),
    body: DocumentBody<NewProgrammeTransition>,
) -> Result<HttpResponse, Problem> {
    let id: ProgrammeId = path_id(&id)?;
    programmes::find(&context, &caller, id).await?;
    let intent = intent(
        "POST /v1/programmes/{id}/transitions",
        &request,
        &key,
        body.bytes(),
    );
    let (action, reason) = body.read(|it| it.read())?;
    let version = version.version()?;
    let after = programmes::transition(&context, &caller, intent, id, version, action, reason);
    let after = after.await?;
    Ok(moved(after.version, &ProgrammeView::from(&after)))
}

/// Whether the caller reads all that there is of a programme: the operator's
/// people do, but for those who belong to one of its parties.
pub fn reads_all(caller: &Caller, programme: &Programme) -> bool {
    let parties = programme.details.parties.iter();
    let firms: Vec<_> = parties.map(|party| party.organization).collect();
    caller.reads_all_of(&firms)
}

/// The timeline of a programme.
#[utoipa::path(
    operation_id = "list_programme_events",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "A part of it.", body = TimelineView))
)]
#[get("/v1/programmes/{id}/events")]
async fn list_programme_events(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    Query(query): Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = programmes::find(&context, &caller, path_id(&id)?).await?;
    let subject = Subject::new(SubjectKind::Programme, found.id);
    let view = if reads_all(&caller, &found) {
        timeline::read(&context, subject, &query).await?.whole()
    } else {
        timeline::read_for_side(&context, &caller, subject, &query, &timeline::PROGRAMME).await?
    };
    Ok(HttpResponse::Ok().json(view))
}
