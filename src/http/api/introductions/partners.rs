//! Introductions that partners ask for.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::fault::Faults;
use crate::domain::ids::{IntroductionId, OrganizationId};
use crate::domain::introduction::BLURB_MAX;
use crate::domain::text::bounded;
use crate::domain::values::OrganizationKind;
use crate::http::api::exchange::{body_id, created, intent, moved, path_id};
use crate::http::api::own_organization;
use crate::http::api::values::time;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, JsonBody};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::introductions::{self, Asked, Wanted};

/// Registers the routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(request_for_partner)
        .service(list_partner_introductions)
        .service(get_partner_introduction)
        .service(move_partner_introduction);
}

/// A partner's request to introduce two firms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartnerIntroduction {
    /// For which partner; the caller's own when absent.
    #[schema(format = "uuid", max_length = 36)]
    partner: Option<String>,
    /// In which programme; the partner is a party to it.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// The startup's profile.
    #[schema(format = "uuid", max_length = 36)]
    startup_profile: String,
    /// The investor's mandate.
    #[schema(format = "uuid", max_length = 36)]
    mandate: String,
    /// Why, in words that name nobody.
    #[schema(
        min_length = 1,
        max_length = 1000,
        example = "Both work on water losses, and a pilot in the region is planned."
    )]
    blurb: String,
}

impl NewPartnerIntroduction {
    /// The partner that was named, and what it wants once it is known.
    fn read(
        self,
    ) -> Result<
        (
            Option<OrganizationId>,
            impl FnOnce(OrganizationId) -> Wanted,
        ),
        Faults,
    > {
        let mut faults = Faults::new();
        let partner = self.partner.as_deref();
        let partner = partner.and_then(|text| body_id(&mut faults, "/partner", text));
        let programme = body_id(&mut faults, "/programme", &self.programme);
        let startup_profile = body_id(&mut faults, "/startup_profile", &self.startup_profile);
        let mandate = body_id(&mut faults, "/mandate", &self.mandate);
        let blurb = bounded(&self.blurb, BLURB_MAX, true);
        let blurb = faults.take("/blurb", "invalid_text", blurb);
        match (programme, startup_profile, mandate, blurb) {
            (Some(programme), Some(startup_profile), Some(mandate), Some(blurb))
                if faults.is_empty() =>
            {
                let wanted = move |partner| Wanted {
                    partner,
                    programme,
                    startup_profile,
                    mandate,
                    blurb,
                };
                Ok((partner, wanted))
            }
            _ => Err(faults),
        }
    }
}

/// What to do with a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartnerTransition {
    /// `withdraw`.
    #[schema(max_length = 40, example = "withdraw")]
    action: String,
}

/// A partner's request, as far as the partner is told of it.
///
/// Who answered what stays between the two firms and the operator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartnerIntroduction)]
pub struct PartnerIntroductionView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// The startup's profile.
    #[schema(format = "uuid", max_length = 36)]
    startup_profile: String,
    /// The investor's mandate.
    #[schema(format = "uuid", max_length = 36)]
    mandate: String,
    /// Where it stands: `open`, `introduced` or `not_taken_up`.
    #[schema(max_length = 20, example = "open")]
    state: &'static str,
    /// Why, in the partner's words.
    #[schema(max_length = 1000)]
    blurb: String,
    /// Counts what is told; the `ETag`.
    #[schema(minimum = 1, example = 1)]
    version: i64,
    /// When it was asked for.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
}

impl From<&Asked> for PartnerIntroductionView {
    fn from(asked: &Asked) -> Self {
        let record = &asked.0;
        Self {
            id: record.id.to_string(),
            programme: record.programme.to_string(),
            startup_profile: record.startup_profile.to_string(),
            mandate: record.mandate.to_string(),
            state: asked.state().code(),
            blurb: record.blurb.clone(),
            version: asked.version(),
            created_at: time(record.created_at),
        }
    }
}

/// Asks for an introduction of two firms, for a partner.
///
/// The partner is a party to the programme. The startup is asked first, and the
/// investor learns its name only after its yes. What stands against the two is
/// told in one word, `not_available_now`.
#[utoipa::path(
    operation_id = "request_partner_introduction",
    tag = "introductions",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewPartnerIntroduction,
    responses((status = 201, description = "Asked for.", body = PartnerIntroductionView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/partner-introductions")]
async fn request_for_partner(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewPartnerIntroduction>,
) -> Result<HttpResponse, Problem> {
    let intent = intent(
        "POST /v1/partner-introductions",
        &request,
        &key,
        body.bytes(),
    );
    let (partner, wanted) = body.read(NewPartnerIntroduction::read)?;
    let partner = own_organization(&caller, partner, OrganizationKind::Partner, "/partner")?;
    let wanted = wanted(partner);
    let made = introductions::request_for_partner(&context, &caller, intent, wanted).await?;
    let view = PartnerIntroductionView::from(&made);
    let location = format!("/v1/partner-introductions/{}", view.id);
    Ok(created(location, view.version, &view))
}

/// What the caller's partner firm asked for, oldest first.
#[utoipa::path(
    operation_id = "list_partner_introductions",
    tag = "introductions",
    params(PageQuery),
    responses((status = 200, description = "A page.", body = PageView<PartnerIntroductionView>))
)]
#[get("/v1/partner-introductions")]
async fn list_partner_introductions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let page = introductions::list_of_partner(&context, &caller, query.page.into()).await?;
    let view = PageView {
        items: page
            .items
            .iter()
            .map(PartnerIntroductionView::from)
            .collect(),
        next_cursor: page.next,
        count: None,
    };
    Ok(view.respond(&request))
}

/// One request of the caller's partner firm.
#[utoipa::path(
    operation_id = "get_partner_introduction",
    tag = "introductions",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The request.", body = PartnerIntroductionView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/partner-introductions/{id}")]
async fn get_partner_introduction(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = introductions::find_of_partner(&context, &caller, path_id(&id)?).await?;
    let view = PartnerIntroductionView::from(&found);
    Ok(versioned(&request, view.version, &view))
}

/// Takes a partner's request back, as long as nobody was introduced.
#[utoipa::path(
    operation_id = "move_partner_introduction",
    tag = "introductions",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewPartnerTransition,
    responses((status = 200, description = "Taken back.", body = PartnerIntroductionView, headers(("ETag" = String))))
)]
#[post("/v1/partner-introductions/{id}/transitions")]
async fn move_partner_introduction(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    if_match: IfMatch,
    key: IdempotencyKey,
    body: JsonBody<NewPartnerTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/partner-introductions/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let action = body.into_inner().action;
    let id: IntroductionId = path_id(&id)?;
    let expected = if_match
        .version_of(introductions::find_of_partner(&context, &caller, id))
        .await?;
    if action != "withdraw" {
        let mut faults = Faults::new();
        faults.push(
            "/action",
            "unknown_action",
            "Such a request can be withdrawn.",
        );
        return Err(faults.into());
    }
    let after = introductions::withdraw_for_partner(&context, &caller, intent, id, expected);
    let view = PartnerIntroductionView::from(&after.await?);
    Ok(moved(view.version, &view))
}
