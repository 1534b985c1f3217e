//! Who takes part in a programme.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{intent, path_id, query_code, query_id};
use super::finding::Wrong;
use super::values::{parsed, time};
use crate::domain::admission::{Admission, AdmissionFilter, AdmissionKind, REASON_MAX};
use crate::domain::fault::Faults;
use crate::domain::ids::ProgrammeId;
use crate::domain::profile::ProfileStatus;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::admissions::{self, Shown};
use crate::services::paging::PageRequest;
use crate::services::{Context, programmes};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_admissions)
        .service(admit_to_programme)
        .service(withdraw_admission);
}

/// A profile or a mandate that takes part in a programme, or did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProgrammeAdmission)]
pub struct ProgrammeAdmissionView {
    /// The startup's profile, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    startup_profile: Option<String>,
    /// The investor's mandate, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    mandate: Option<String>,
    /// Whose it is now.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// What that firm is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    organization_name: Option<String>,
    /// Where the record stands.
    #[schema(max_length = 20, example = "published")]
    status: &'static str,
    /// When it was admitted.
    #[schema(format = "date-time", max_length = 35)]
    admitted_at: String,
    /// When that was taken back; absent while it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    withdrawn_at: Option<String>,
    /// Why it was taken back, for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

impl From<&Shown> for ProgrammeAdmissionView {
    fn from(shown: &Shown) -> Self {
        let Shown { admitted, name } = shown;
        let record = admitted.admission.record().to_string();
        let (startup_profile, mandate) = match admitted.admission.kind() {
            AdmissionKind::StartupProfile => (Some(record), None),
            AdmissionKind::Mandate => (None, Some(record)),
        };
        let departure = admitted.departure.as_ref();
        let reason = departure.map(|it| it.reason.clone());
        Self {
            startup_profile,
            mandate,
            organization: admitted.organization.to_string(),
            organization_name: name.as_ref().map(ToString::to_string),
            status: admitted.status.code(),
            admitted_at: time(admitted.admitted_at),
            withdrawn_at: departure.map(|it| time(it.at)),
            reason: reason.filter(|reason| !reason.is_empty()),
        }
    }
}

/// Which admissions.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AdmissionFilters {
    /// `startup_profile` or `mandate`.
    #[param(max_length = 20, example = "mandate")]
    kind: Option<String>,
    /// Of that firm's records.
    #[param(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// Of records that stand so.
    #[param(max_length = 20, example = "published")]
    status: Option<String>,
    /// `true` for those that were taken back, in the order in which they were.
    withdrawn: Option<bool>,
}

impl AdmissionFilters {
    fn read(&self, programme: ProgrammeId) -> Result<AdmissionFilter, Problem> {
        let mut wrong = Wrong::default();
        let kind = query_code("kind", self.kind.as_deref(), AdmissionKind::from_code);
        let organization = query_id("organization", self.organization.as_deref());
        let status = query_code("status", self.status.as_deref(), ProfileStatus::from_code);
        let filter = AdmissionFilter {
            programme,
            kind: wrong.take(kind),
            organization: wrong.take(organization),
            status: wrong.take(status),
            known_to: None,
            record: None,
            withdrawn: self.withdrawn.unwrap_or(false),
        };
        wrong.or(filter)
    }
}

/// Lists who takes part in a programme, the first admitted first.
///
/// Those of the operator's people who read matches read all of it; others read
/// what became of their own firm's profiles and mandates.
#[utoipa::path(
    operation_id = "list_admissions",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), AdmissionFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ProgrammeAdmissionView>))
)]
#[get("/v1/programmes/{id}/admissions")]
async fn list_admissions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: MeantQuery<AdmissionFilters>,
) -> Result<HttpResponse, Problem> {
    let programme = path_id(&id)?;
    let (page, _, filter) = query.read(|asked| asked.read(programme))?;
    let page = admissions::list(&context, &caller, filter, PageRequest::from(page)).await?;
    Ok(PageView::of(page, |it| ProgrammeAdmissionView::from(&it)).respond(&request))
}

/// What to admit: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdmission {
    /// A startup's profile.
    #[schema(
        format = "uuid",
        max_length = 36,
        example = "01a21635-fc97-7752-b7ad-e0c316d4dbe2"
    )]
    startup_profile: Option<String>,
    /// An investor's mandate.
    #[schema(format = "uuid", max_length = 36)]
    mandate: Option<String>,
}

/// The one record that a body names.
fn one_of(
    faults: &mut Faults,
    startup_profile: Option<&str>,
    mandate: Option<&str>,
) -> Option<Admission> {
    match (startup_profile, mandate) {
        (Some(id), None) => {
            let id = parsed(faults, "/startup_profile", "not_an_id", id);
            id.map(Admission::StartupProfile)
        }
        (None, Some(id)) => parsed(faults, "/mandate", "not_an_id", id).map(Admission::Mandate),
        _ => {
            faults.push("", "one_of", "Name a “startup_profile” or a “mandate”.");
            None
        }
    }
}

impl NewAdmission {
    fn read(&self) -> Result<Admission, Faults> {
        let mut faults = Faults::new();
        let (profile, mandate) = (self.startup_profile.as_deref(), self.mandate.as_deref());
        one_of(&mut faults, profile, mandate).ok_or(faults)
    }
}

/// That something is admitted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Admission)]
pub struct AdmissionView {
    /// Whether it was admitted by this request, and not before.
    new: bool,
}

/// Admits a startup's profile or a mandate, for curators.
///
/// Its country must be on the right side of one of the corridors. Admitting it
/// again changes nothing.
#[utoipa::path(
    operation_id = "admit_to_programme",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewAdmission,
    responses((status = 200, description = "Admitted.", body = AdmissionView))
)]
#[post("/v1/programmes/{id}/admissions")]
async fn admit_to_programme(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewAdmission>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/admissions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let admission = body.read(|it| it.read())?;
    let new = programmes::admit(&context, &caller, intent, id, admission).await?;
    Ok(HttpResponse::Ok().json(AdmissionView { new }))
}

/// What to take back, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdmissionWithdrawal {
    /// A startup's profile.
    #[schema(
        format = "uuid",
        max_length = 36,
        example = "01a21635-fc97-7752-b7ad-e0c316d4dbe2"
    )]
    startup_profile: Option<String>,
    /// An investor's mandate.
    #[schema(format = "uuid", max_length = 36)]
    mandate: Option<String>,
    /// Why, for the operator's people.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "It moved to another country."
    )]
    reason: String,
}

impl NewAdmissionWithdrawal {
    fn read(&self) -> Result<(Admission, String), Faults> {
        let mut faults = Faults::new();
        let (profile, mandate) = (self.startup_profile.as_deref(), self.mandate.as_deref());
        let admission = one_of(&mut faults, profile, mandate);
        let reason = bounded(&self.reason, REASON_MAX, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        admission.zip(reason).ok_or(faults)
    }
}

/// That an admission is taken back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdmissionWithdrawal)]
pub struct AdmissionWithdrawalView {
    /// True.
    withdrawn: bool,
}

/// Takes an admission back, with a reason, for curators.
///
/// From then on the programme shows nothing of the record to anybody anew: its
/// matches end, and introductions that were not sent end with a word to those
/// who wait. What was connected before goes on: introductions that were sent,
/// the documents open by them, deals. It may be admitted again.
#[utoipa::path(
    operation_id = "withdraw_admission",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewAdmissionWithdrawal,
    responses((status = 200, description = "Taken back.", body = AdmissionWithdrawalView))
)]
#[post("/v1/programmes/{id}/admissions/withdrawals")]
async fn withdraw_admission(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewAdmissionWithdrawal>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/admissions/withdrawals";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let (admission, reason) = body.read(|it| it.read())?;
    admissions::withdraw(&context, &caller, intent, id, admission, reason).await?;
    Ok(HttpResponse::Ok().json(AdmissionWithdrawalView { withdrawn: true }))
}
