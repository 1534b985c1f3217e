//! Referrals: what partners hand in, and what became of it.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{body_id, intent, path_id, query_code, query_id};
use super::finding::{Wrong, time_order};
use super::identifiers::{IdentifiersView, identifiers};
use super::investor_profiles::InvestorProfileDocument;
use super::mandates::MandateDocument;
use super::own_organization;
use super::registrations::NewOrganization;
use super::startup_profiles::StartupProfileDocument;
use super::values::{parsed, time};
use crate::domain::fault::Faults;
use crate::domain::identifier::{Identifier, Statement};
use crate::domain::ids::OrganizationId;
use crate::domain::investor::InvestorContent;
use crate::domain::organization::OrganizationDetails;
use crate::domain::referral::{ReferralState, Referred};
use crate::domain::tag::Taxonomy;
use crate::domain::text::bounded;
use crate::domain::values::OrganizationKind;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::{IdempotencyKey, fingerprint};
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::digested;
use crate::http::problem::{FaultView, Problem};
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::referrals::{self, Contact, Content, Filter, NewReferral, Standing};

/// Characters of a partner's own id.
const EXTERNAL_ID: usize = 100;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_referral)
        .service(list_referrals)
        .service(get_referral);
}

/// A firm that a partner refers, with the profile of a startup or the mandate
/// of an investor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReferral)]
pub struct ReferralDocument {
    /// For which partner; the caller's own when absent.
    #[schema(format = "uuid", max_length = 36)]
    partner: Option<String>,
    /// The partner's own id for it: the same one names the same firm again.
    #[schema(min_length = 1, max_length = 100, example = "crm-4711")]
    external_id: String,
    /// The firm, a startup or an investor.
    organization: NewOrganization,
    /// Its numbers in registers, by register: `il_company` (nine digits),
    /// `az_voen` (VÖEN, ten digits), `lei` (ISO 17442).
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>, example = json!({ "il_company": "520000472" }))]
    identifiers: IdentifiersView,
    /// Through whom it is reached; the claim link is mailed there once nothing
    /// is missing. Another address than before ends the link that is open.
    contact: NewContact,
    /// What the startup says of itself. It may be incomplete; the answer names
    /// what is missing.
    startup_profile: Option<StartupProfileDocument>,
    /// What the investor looks for.
    mandate: Option<MandateDocument>,
    /// What the investor says of itself, beside its mandate; a firm has one.
    /// Without it what was handed in before stays.
    investor_profile: Option<InvestorProfileDocument>,
}

/// Where a firm can be reached.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// The address.
    #[schema(format = Email, max_length = 254, example = "dana@tamar.example")]
    email: String,
    /// The language that is read there: a BCP 47 tag.
    #[serde(default = "english")]
    #[schema(
        max_length = 35,
        pattern = "^[A-Za-z0-9-]+$",
        default = "en",
        example = "he"
    )]
    language: String,
}

impl std::fmt::Debug for NewContact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewContact").finish_non_exhaustive()
    }
}

fn english() -> String {
    "en".to_owned()
}

/// A referral and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Referral)]
pub struct ReferralView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Whose it is.
    #[schema(format = "uuid", max_length = 36)]
    partner: String,
    /// The partner's own id for it.
    #[schema(max_length = 100, example = "crm-4711")]
    external_id: String,
    /// `startup` or `investor`.
    #[schema(max_length = 20, example = "startup")]
    kind: &'static str,
    /// The firm that was made.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// The startup's profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    startup_profile: Option<String>,
    /// The investor's mandate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    mandate: Option<String>,
    /// What was handed in of what the investor says of itself, until the firm
    /// stands behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    investor_profile: Option<String>,
    /// Where the profile or mandate stands.
    #[schema(max_length = 20, example = "submitted")]
    state: &'static str,
    /// Whether the firm stands behind it: `waiting` until it is asked, which
    /// is when nothing is missing and the operator has checked the partner, or
    /// when a curator asks (where its contact has another link open, or many
    /// were asked in a day); `asked`,
    /// `claimed`, or `refused`.
    #[schema(max_length = 20, example = "asked")]
    claim: &'static str,
    /// Everything that is missing before it can be reviewed or published, by
    /// pointers into what was handed in; also what reviewers want changed.
    /// Empty once the firm stands behind it; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 200)]
    missing: Option<Vec<FaultView>>,
    /// When it came.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// When something new was last handed in.
    #[schema(format = DateTime, max_length = 40)]
    updated_at: String,
}

impl ReferralView {
    /// As lists show it.
    pub fn listed(standing: Standing) -> Self {
        let referral = standing.referral;
        let (profile, mandate) = match referral.record {
            Referred::StartupProfile(id) => (Some(id.to_string()), None),
            Referred::Mandate(id) => (None, Some(id.to_string())),
        };
        Self {
            id: referral.id.to_string(),
            partner: referral.partner.to_string(),
            kind: referral.record.kind().code(),
            organization: referral.organization.to_string(),
            startup_profile: profile,
            mandate,
            investor_profile: standing.investor_profile.map(|id| id.to_string()),
            state: standing.state.code(),
            claim: standing.claim.code(),
            missing: None,
            created_at: time(referral.created_at),
            updated_at: time(referral.updated_at),
            external_id: referral.external_id,
        }
    }

    fn whole(standing: Standing) -> Self {
        let missing = standing.missing.iter().map(FaultView::from).collect();
        Self {
            missing: Some(missing),
            ..Self::listed(standing)
        }
    }
}

/// Refers a firm: the firm, its contact, and its profile or mandate in one.
///
/// The same external id again answers the same referral: with the same
/// document nothing changes; with another one, what nobody of the firm stands
/// behind yet is corrected, and 409 `referral_claimed` afterwards. A profile
/// that lacks nothing goes to review by itself, and then the contact is mailed
/// the link to confirm, correct or refuse it. Another contact ends that link.
#[utoipa::path(
    operation_id = "create_referral",
    tag = "referrals",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = ReferralDocument,
    responses(
        (status = 201, description = "New.", body = ReferralView, headers(("Location" = String))),
        (status = 200, description = "Known by its external id, and corrected if something was new.",
            body = ReferralView, headers(("Location" = String))),
        (status = 409, description = "The firm stands behind it, it is under review, paused or over, or who it is was looked into."),
    )
)]
#[post("/v1/referrals")]
async fn create_referral(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<ReferralDocument>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/referrals", &request, &key, body.bytes());
    let digest = fingerprint(&request, body.bytes());
    let taxonomy = context.taxonomy();
    let (named, said) = body.read(|document| document.read(&taxonomy))?;
    let new = NewReferral {
        partner: own_organization(&caller, named, OrganizationKind::Partner, "/partner")?,
        external_id: said.external_id,
        details: said.details,
        identifiers: Statement::whole(said.identifiers),
        contact: said.contact,
        content: said.content,
        about: said.about,
        digest,
    };
    let handed = Box::pin(referrals::hand_in(&context, &caller, intent, new)).await?;
    let view = ReferralView::whole(handed.standing);
    let status = if handed.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(HttpResponse::build(status)
        .insert_header((LOCATION, format!("/v1/referrals/{}", view.id)))
        .json(view))
}

/// Which referrals.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReferralFilters {
    /// Of that partner.
    #[param(format = "uuid", max_length = 36)]
    partner: Option<String>,
    /// Known to its partner by that id.
    #[param(max_length = 100, example = "crm-4711")]
    external_id: Option<String>,
    /// Whose profile or mandate stands there.
    #[param(max_length = 20, example = "published")]
    state: Option<String>,
    /// In what order: `created_at`, `-created_at`, `updated_at` or `-updated_at`.
    #[param(
        max_length = 20,
        pattern = "^-?(created|updated)_at$",
        default = "created_at"
    )]
    sort: Option<String>,
}

impl ReferralFilters {
    /// What they mean.
    ///
    /// # Errors
    /// 400, naming every parameter that is wrong.
    pub fn read(&self) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let external_id = self.external_id.as_deref();
        let external_id = external_id.map(|text| bounded(text, EXTERNAL_ID, false));
        let bad_id = |fault| Problem::parameter("external_id", format!("`external_id` {fault}."));
        let state = query_code("state", self.state.as_deref(), ReferralState::from_code);
        let filter = Filter {
            partner: wrong.take(query_id("partner", self.partner.as_deref())),
            external_id: wrong.take(external_id.transpose().map_err(bad_id)),
            state: wrong.take(state),
            sort: time_order(self.sort.as_deref(), &mut wrong).unwrap_or_default(),
        };
        wrong.or(filter)
    }
}

/// What became of referrals, the oldest first unless it says otherwise: a partner's own, or all for the
/// operator's people.
#[utoipa::path(
    operation_id = "list_referrals",
    tag = "referrals",
    params(ReferralFilters, PageQuery),
    responses(
        (status = 200, description = "A page.", body = PageView<ReferralView>),
        (status = 404, description = "Of a partner that is not the caller's."),
    )
)]
#[get("/v1/referrals")]
async fn list_referrals(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    query: MeantQuery<ReferralFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, _, filter) = query.read(ReferralFilters::read)?;
    let page = referrals::list(&context, &caller, filter, page.into()).await?;
    Ok(PageView::of(page, ReferralView::listed).respond(&request))
}

/// What became of a referral, and what is missing.
#[utoipa::path(
    operation_id = "get_referral",
    tag = "referrals",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses(
        (status = 200, description = "The referral.", body = ReferralView,
            headers(("ETag" = String))),
        (status = 304, description = "Not changed."),
    )
)]
#[get("/v1/referrals/{id}")]
async fn get_referral(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let standing = referrals::find(&context, &caller, path_id(&id)?).await?;
    digested(&request, &ReferralView::whole(standing))
}

impl ReferralDocument {
    /// For which partner it is, if it says so, and what it says.
    fn read(self, taxonomy: &Taxonomy) -> Result<(Option<OrganizationId>, Said), Faults> {
        let mut faults = Faults::new();
        let partner = self.partner.as_deref();
        let partner = partner.and_then(|text| body_id(&mut faults, "/partner", text));
        let external_id = bounded(&self.external_id, EXTERNAL_ID, false);
        let external_id = faults.take("/external_id", "bad_text", external_id);
        let kind = OrganizationKind::from_code(&self.organization.kind);
        let details = faults.nest("/organization", self.organization.try_into());
        let identifiers = identifiers(&mut faults, "/identifiers", &self.identifiers);
        let contact = faults.nest("/contact", self.contact.try_into());
        let about = self.investor_profile.as_ref();
        let about = about.and_then(|it| read_about(&mut faults, it, kind, taxonomy));
        let profile = self.startup_profile;
        let content = match (kind, profile, self.mandate) {
            (Some(OrganizationKind::Startup), Some(profile), None) => {
                read_profile(&mut faults, &profile, taxonomy)
            }
            (Some(OrganizationKind::Investor), None, Some(mandate)) => {
                read_mandate(&mut faults, &mandate, taxonomy)
            }
            (kind, profile, mandate) => {
                let profile = profile.and_then(|it| read_profile(&mut faults, &it, taxonomy));
                let mandate = mandate.and_then(|it| read_mandate(&mut faults, &it, taxonomy));
                misplaced(&mut faults, kind, profile.is_some(), mandate.is_some());
                None
            }
        };
        match (external_id, details, contact, content) {
            (Some(external_id), Some(details), Some(contact), Some(content))
                if faults.is_empty() =>
            {
                let said = Said {
                    external_id,
                    details,
                    identifiers,
                    contact,
                    content,
                    about,
                };
                Ok((partner, said))
            }
            _ => Err(faults),
        }
    }
}

/// What a referral says, but for whom.
struct Said {
    external_id: String,
    details: OrganizationDetails,
    identifiers: BTreeSet<Identifier>,
    contact: Contact,
    content: Content,
    about: Option<Box<InvestorContent>>,
}

/// A startup comes with a profile, an investor with a mandate, and no other
/// firm is referred.
fn misplaced(faults: &mut Faults, kind: Option<OrganizationKind>, profile: bool, mandate: bool) {
    let (wanted, other) = match kind {
        Some(OrganizationKind::Startup) => ("startup_profile", "mandate"),
        Some(OrganizationKind::Investor) => ("mandate", "startup_profile"),
        Some(_) => {
            let detail = "A partner refers a startup or an investor.";
            faults.push("/organization/kind", "not_taken", detail);
            return;
        }
        // That it is none is noted already.
        None => return,
    };
    let came = |field: &str| (field == "mandate" && mandate) || (field != "mandate" && profile);
    if !came(wanted) {
        let detail = format!("This kind of firm comes with “{wanted}”.");
        faults.push(format!("/{wanted}"), "required", detail);
    }
    if came(other) {
        let detail = format!("This kind of firm takes no “{other}”.");
        faults.push(format!("/{other}"), "not_taken", detail);
    }
}

fn read_profile(
    faults: &mut Faults,
    document: &StartupProfileDocument,
    taxonomy: &Taxonomy,
) -> Option<Content> {
    let read = faults.nest("/startup_profile", document.read(taxonomy));
    names_its_own_firm(faults, "/startup_profile", document.organization.is_some());
    read.map(|(_, content)| Content::StartupProfile(Box::new(content)))
}

fn read_mandate(
    faults: &mut Faults,
    document: &MandateDocument,
    taxonomy: &Taxonomy,
) -> Option<Content> {
    let read = faults.nest("/mandate", document.read_as_known(taxonomy));
    names_its_own_firm(faults, "/mandate", document.organization.is_some());
    read.map(|(_, content)| Content::Mandate(Box::new(content)))
}

/// What an investor says of itself; other firms have no such thing.
fn read_about(
    faults: &mut Faults,
    document: &InvestorProfileDocument,
    kind: Option<OrganizationKind>,
    taxonomy: &Taxonomy,
) -> Option<Box<InvestorContent>> {
    if kind.is_some_and(|kind| kind != OrganizationKind::Investor) {
        let detail = "This kind of firm takes no “investor_profile”.";
        faults.push("/investor_profile", "not_taken", detail);
        return None;
    }
    let read = faults.nest("/investor_profile", document.read(taxonomy));
    names_its_own_firm(faults, "/investor_profile", document.organization.is_some());
    read.map(|(_, content)| Box::new(content))
}

fn names_its_own_firm(faults: &mut Faults, place: &str, named: bool) {
    if named {
        let detail = "It belongs to the firm that is handed in with it.";
        faults.push(format!("{place}/organization"), "not_taken", detail);
    }
}

impl TryFrom<NewContact> for Contact {
    type Error = Faults;

    fn try_from(new: NewContact) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        let email = parsed(&mut faults, "/email", "bad_address", &new.email);
        let language = parsed(&mut faults, "/language", "unknown_language", &new.language);
        match (email, language) {
            (Some(email), Some(language)) => Ok(Self { email, language }),
            _ => Err(faults),
        }
    }
}
