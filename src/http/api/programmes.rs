//! Programmes: the corridors that everything else happens in.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::exchange::{body_id, created, intent, moved, path_id, query_code};
use super::timeline::{self, TimelineQuery, TimelineView};
use super::transitions::TransitionsView;
use super::values::{code, day, parsed, texts, time, within};
use super::vocabulary::Vocabulary;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::permission::Operation;
use crate::domain::programme::{
    Corridor, Party, PartyRole, Programme, ProgrammeAction, ProgrammeDetails, ProgrammeStatus,
};
use crate::domain::tag::Taxonomy;
use crate::http::caller::Authenticated;
use crate::http::fields::{JsonBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::services::Context;
use crate::services::programmes::{self, Admission, Filter};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_programme)
        .service(list_programmes)
        .service(get_programme)
        .service(list_programme_transitions)
        .service(move_programme)
        .service(admit_to_programme)
        .service(list_programme_events);
}

/// A programme to be drawn up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgramme {
    /// Its name in addresses and files.
    #[schema(max_length = 80, pattern = "^[a-z0-9_-]+$", example = "il-az-2026")]
    slug: String,
    /// Its title.
    #[schema(min_length = 1, max_length = 200, example = "Israel–Azerbaijan 2026")]
    title: String,
    /// The directions it joins; at least one.
    #[schema(min_items = 1, max_items = 100)]
    corridors: Vec<CorridorView>,
    /// Tags it is limited to; none means all.
    #[serde(default)]
    #[schema(max_items = 50)]
    scope_tags: Vec<String>,
    /// Its parties.
    #[serde(default)]
    #[schema(max_items = 50)]
    parties: Vec<PartyView>,
    /// First day in force.
    #[schema(format = Date, max_length = 10, example = "2026-01-01")]
    starts_on: String,
    /// Last day in force.
    #[schema(format = Date, max_length = 10, example = "2028-12-31")]
    ends_on: String,
}

/// One direction: startups of one country, investors of another.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Corridor)]
pub struct CorridorView {
    /// Where the startups are: ISO 3166-1 alpha-2.
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "IL")]
    startup: String,
    /// Where the investors are.
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "AZ")]
    investor: String,
}

/// A party to the memorandum.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Party)]
pub struct PartyView {
    /// Which organization.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// `signatory`, `trade_office`, `referrer` or `operator`.
    #[schema(max_length = 20, example = "signatory")]
    role: String,
}

/// A programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Programme)]
pub struct ProgrammeView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Its name in addresses and files.
    #[schema(max_length = 80, example = "il-az-2026")]
    slug: String,
    /// Its title.
    #[schema(max_length = 200)]
    title: String,
    /// The directions it joins.
    #[schema(max_items = 100)]
    corridors: Vec<CorridorView>,
    /// Tags it is limited to; none means all.
    #[schema(max_items = 50)]
    scope_tags: Vec<String>,
    /// Its parties.
    #[schema(max_items = 50)]
    parties: Vec<PartyView>,
    /// First day in force.
    #[schema(format = Date, max_length = 10)]
    starts_on: String,
    /// Last day in force.
    #[schema(format = Date, max_length = 10)]
    ends_on: String,
    /// The rules it matches by.
    #[schema(format = "uuid", max_length = 36)]
    rule_set: String,
    /// Where it stands.
    #[schema(max_length = 20, example = "active")]
    status: String,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it came.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, max_length = 40)]
    updated_at: String,
}

impl NewProgramme {
    fn read(&self, taxonomy: &Taxonomy) -> Result<ProgrammeDetails, Faults> {
        let mut faults = Faults::new();
        let slug = parsed(&mut faults, "/slug", "bad_slug", &self.slug);
        let title = parsed(&mut faults, "/title", "bad_name", &self.title);
        let corridors = self.corridors(&mut faults);
        let words = Vocabulary(taxonomy);
        let scope_tags = words.tags(&mut faults, "/scope_tags", &self.scope_tags, 50);
        let parties = self.parties(&mut faults);
        let starts_on = day(&mut faults, "/starts_on", &self.starts_on);
        let ends_on = day(&mut faults, "/ends_on", &self.ends_on);
        if starts_on.zip(ends_on).is_some_and(|(from, to)| from > to) {
            faults.push(
                "/ends_on",
                "out_of_order",
                "The last day is before the first.",
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

    fn corridors(&self, faults: &mut Faults) -> Vec<Corridor> {
        if self.corridors.is_empty() {
            faults.push(
                "/corridors",
                "required",
                "At least one direction is needed.",
            );
        }
        if !within(faults, "/corridors", self.corridors.len(), 100) {
            return Vec::new();
        }
        let mut read: Vec<Corridor> = Vec::new();
        for (place, CorridorView { startup, investor }) in self.corridors.iter().enumerate() {
            let at = format!("/corridors/{place}");
            let startup = parsed(faults, &format!("{at}/startup"), "unknown_country", startup);
            let investor = parsed(
                faults,
                &format!("{at}/investor"),
                "unknown_country",
                investor,
            );
            let (Some(startup), Some(investor)) = (startup, investor) else {
                continue;
            };
            let corridor = Corridor { startup, investor };
            if read.contains(&corridor) {
                faults.push(at, "repeated", "This direction is there already.");
            }
            read.push(corridor);
        }
        read
    }

    fn parties(&self, faults: &mut Faults) -> Vec<Party> {
        if !within(faults, "/parties", self.parties.len(), 50) {
            return Vec::new();
        }
        let mut read: Vec<Party> = Vec::new();
        for (place, party) in self.parties.iter().enumerate() {
            let at = format!("/parties/{place}");
            let id = body_id(faults, &format!("{at}/organization"), &party.organization);
            let role = code(faults, &format!("{at}/role"), &party.role, PartyRole::ALL);
            let (Some(organization), Some(role)) = (id, role) else {
                continue;
            };
            let party = Party { organization, role };
            if read.contains(&party) {
                faults.push(at, "repeated", "This party is there already.");
            }
            read.push(party);
        }
        read
    }
}

impl From<Programme> for ProgrammeView {
    fn from(programme: Programme) -> Self {
        let details = programme.details;
        let corridor = |corridor: Corridor| CorridorView {
            startup: corridor.startup.to_string(),
            investor: corridor.investor.to_string(),
        };
        let party = |party: Party| PartyView {
            organization: party.organization.to_string(),
            role: party.role.to_string(),
        };
        Self {
            id: programme.id.to_string(),
            slug: details.slug.to_string(),
            title: details.title.to_string(),
            corridors: details.corridors.into_iter().map(corridor).collect(),
            scope_tags: texts(details.scope_tags),
            parties: details.parties.into_iter().map(party).collect(),
            starts_on: details.starts_on.to_string(),
            ends_on: details.ends_on.to_string(),
            rule_set: programme.rule_set.to_string(),
            status: programme.status.to_string(),
            version: programme.version,
            created_at: time(programme.created_at),
            updated_at: time(programme.updated_at),
        }
    }
}

/// Draws up a programme, matching by the newest rule set on record.
#[utoipa::path(
    operation_id = "create_programme",
    tag = "programmes",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewProgramme,
    responses((status = 201, description = "A draft.", body = ProgrammeView,
        headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/programmes")]
async fn create_programme(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    key: IdempotencyKey,
    body: JsonBody<NewProgramme>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/programmes", &request, &key, body.bytes());
    let details = body.into_inner().read(&context.taxonomy)?;
    let programme = programmes::create(&context, &caller, intent, details).await?;
    let view = ProgrammeView::from(programme);
    let location = format!("/v1/programmes/{}", view.id);
    Ok(created(location, view.version, &view))
}

/// Which programmes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProgrammeFilters {
    /// In that state.
    #[param(max_length = 20, example = "active")]
    status: Option<String>,
}

impl ProgrammeFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let status = query_code("status", self.status.as_deref(), ProgrammeStatus::from_code)?;
        Ok(Filter { status })
    }
}

/// Programmes, oldest first.
#[utoipa::path(
    operation_id = "list_programmes",
    tag = "programmes",
    params(ProgrammeFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ProgrammeView>))
)]
#[get("/v1/programmes")]
async fn list_programmes(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery<ProgrammeFilters>,
) -> Result<HttpResponse, Problem> {
    let filter = query.filters.read()?;
    let page = programmes::list(&context, &caller, filter, query.page.into()).await?;
    Ok(PageView::of(page, ProgrammeView::from).respond(&request))
}

/// One programme.
#[utoipa::path(
    operation_id = "get_programme",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 200),
    ),
    responses(
        (status = 200, description = "The programme.", body = ProgrammeView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version."),
    )
)]
#[get("/v1/programmes/{id}")]
async fn get_programme(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let programme = programmes::find(&context, &caller, path_id(&id)?).await?;
    let view = ProgrammeView::from(programme);
    Ok(versioned(&request, view.version, &view))
}

/// What can be done with a programme now.
#[utoipa::path(
    operation_id = "list_programme_transitions",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/programmes/{id}/transitions")]
async fn list_programme_transitions(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = programmes::transitions(&context, &caller, path_id(&id)?).await?;
    let actions = actions
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal));
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// A move of a programme.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgrammeTransition {
    /// `negotiate`, `agree_text`, `start_signing`, `decline`, `activate`,
    /// `suspend`, `resume` or `terminate`.
    #[schema(max_length = 50, example = "activate")]
    action: String,
}

impl NewProgrammeTransition {
    fn read(&self) -> Result<ProgrammeAction, Faults> {
        let mut faults = Faults::new();
        code(&mut faults, "/action", &self.action, ProgrammeAction::ALL).ok_or(faults)
    }
}

/// Moves a programme.
#[utoipa::path(
    operation_id = "move_programme",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewProgrammeTransition,
    responses((status = 200, description = "Moved.", body = ProgrammeView, headers(("ETag" = String))))
)]
#[post("/v1/programmes/{id}/transitions")]
async fn move_programme(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: JsonBody<NewProgrammeTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/transitions";
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(programmes::find(&context, &caller, id))
        .await?;
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let action = body.into_inner().read()?;
    let programme = programmes::transition(&context, &caller, intent, id, expected, action).await?;
    let view = ProgrammeView::from(programme);
    Ok(moved(view.version, &view))
}

/// Who is admitted: a profile or a mandate, one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdmission {
    /// A startup's profile.
    #[schema(format = "uuid", max_length = 36)]
    startup_profile: Option<String>,
    /// An investor's mandate.
    #[schema(format = "uuid", max_length = 36)]
    mandate: Option<String>,
}

impl NewAdmission {
    fn read(&self) -> Result<Admission, Faults> {
        let mut faults = Faults::new();
        let admission = match (&self.startup_profile, &self.mandate) {
            (Some(profile), None) => {
                body_id(&mut faults, "/startup_profile", profile).map(Admission::StartupProfile)
            }
            (None, Some(mandate)) => {
                body_id(&mut faults, "/mandate", mandate).map(Admission::Mandate)
            }
            _ => {
                let detail = "Name a startup_profile or a mandate, one of the two.";
                faults.push("", "one_of_two", detail);
                None
            }
        };
        admission.ok_or(faults)
    }
}

/// What came of an admission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Admission)]
pub struct AdmissionView {
    /// Whether it is new; admitting again changes nothing.
    new: bool,
}

/// Admits a profile or a mandate.
///
/// Its firm's country must be on that side of one of the programme's
/// corridors. Admitting again changes nothing, so no key is needed to repeat
/// it.
#[utoipa::path(
    operation_id = "admit_to_programme",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    request_body = NewAdmission,
    responses(
        (status = 200, description = "Admitted.", body = AdmissionView),
        (status = 409, description = "Outside the programme's corridors."),
    )
)]
#[post("/v1/programmes/{id}/admissions")]
async fn admit_to_programme(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    body: JsonBody<NewAdmission>,
) -> Result<HttpResponse, Problem> {
    let admission = body.into_inner().read()?;
    let new = programmes::admit(&context, &caller, path_id(&id)?, admission).await?;
    Ok(HttpResponse::Ok().json(AdmissionView { new }))
}

/// What happened to a programme.
#[utoipa::path(
    operation_id = "list_programme_events",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), TimelineQuery),
    responses((status = 200, description = "Oldest first.", body = TimelineView))
)]
#[get("/v1/programmes/{id}/events")]
async fn list_programme_events(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    query: Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let found = programmes::find(&context, &caller, path_id(&id)?).await?;
    caller.may(Operation::WriteProgramme, &[])?;
    let subject = Subject::new(SubjectKind::Programme, found.id);
    let timeline = timeline::read(&context, subject, &query.0).await?;
    Ok(HttpResponse::Ok().json(timeline.for_caller(&caller)))
}
