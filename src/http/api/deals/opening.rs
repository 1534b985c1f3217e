//! Deals that curators open by hand.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::DealView;
use super::requests::TEXT_MAX;
use crate::domain::fault::Faults;
use crate::domain::text::bounded;
use crate::http::api::exchange::{body_id, created, intent};
use crate::http::api::values::parsed;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::problem::Problem;
use crate::services::Context;
use crate::services::deals::by_hand::{ByHand, Party, open_by_hand};
use crate::services::deals::find;

/// A deal of two sides that know each other already.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeal {
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// The startup, by its profile.
    #[schema(format = "uuid", max_length = 36)]
    startup: String,
    /// The investor, by the mandate that it is about.
    #[serde(default)]
    #[schema(format = "uuid", max_length = 36)]
    mandate: Option<String>,
    /// In its place the investor's firm, where it has one mandate in the
    /// programme.
    #[serde(default)]
    #[schema(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// Which of the programme's pipelines; the first that is for a deal intent of
    /// both when absent.
    #[serde(default)]
    #[schema(max_length = 80, example = "equity")]
    pipeline: Option<String>,
    /// Why it is opened; kept with the deal for good, for the operator's people.
    #[schema(
        min_length = 1,
        max_length = 1000,
        example = "They met at the water fair in Baku."
    )]
    reason: String,
    /// By what it is known that the two are in talks.
    #[schema(
        min_length = 1,
        max_length = 1000,
        example = "Letter of intent of 3 November 2026."
    )]
    evidence: String,
}

impl NewDeal {
    /// What it means.
    ///
    /// # Errors
    /// Every fault.
    fn read(&self) -> Result<ByHand, Faults> {
        let mut faults = Faults::new();
        let programme = body_id(&mut faults, "/programme", &self.programme);
        let startup = body_id(&mut faults, "/startup", &self.startup);
        let party = match (&self.mandate, &self.organization) {
            (Some(mandate), None) => body_id(&mut faults, "/mandate", mandate).map(Party::Mandate),
            (None, Some(firm)) => {
                body_id(&mut faults, "/organization", firm).map(Party::Organization)
            }
            (None, None) => {
                let detail = "Name the investor's mandate, or its organization.";
                faults.push("/mandate", "required", detail);
                None
            }
            (Some(_), Some(_)) => {
                let detail = "Name the mandate or the organization, not both.";
                faults.push("/organization", "either_or", detail);
                None
            }
        };
        let pipeline = self.pipeline.as_deref();
        let pipeline =
            pipeline.and_then(|slug| parsed(&mut faults, "/pipeline", "invalid_slug", slug));
        let reason = bounded(&self.reason, TEXT_MAX, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        let evidence = bounded(&self.evidence, TEXT_MAX, true);
        let evidence = faults.take("/evidence", "invalid_text", evidence);
        match (programme, startup, party, reason, evidence) {
            (Some(programme), Some(startup_profile), Some(party), Some(reason), Some(evidence))
                if faults.is_empty() =>
            {
                Ok(ByHand {
                    programme,
                    startup_profile,
                    party,
                    pipeline,
                    reason,
                    evidence,
                })
            }
            _ => Err(faults),
        }
    }
}

/// Opens a deal of two sides that know each other already, for curators.
///
/// Nobody is introduced by it and no address is handed on, but from then on the
/// two read of each other here. So the gate is asked as for an introduction:
/// where it says no, or a consent to be proposed is lacking, everything that
/// stands against it is named; where something waits for compliance, the pair is
/// put before it (`held_for_review`; `#/match` among the errors names the match
/// that waits), and the deal can be opened once that is decided. While an
/// introduction of the two is under way none is opened (`introduction_running`),
/// and one deal of the same two goes on in a pipeline at a time
/// (`deal_going_on`). Both sides are mailed.
#[utoipa::path(
    operation_id = "open_deal",
    tag = "deals",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewDeal,
    responses(
        (status = 201, description = "Opened at the first stage.", body = DealView,
            headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "The gate, a consent, an introduction or a deal under way stands against it."),
    )
)]
#[post("/v1/deals")]
pub(super) async fn open_deal(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewDeal>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/deals", &request, &key, body.bytes());
    let new = body.read(|it| it.read())?;
    let made = open_by_hand(&context, &caller, intent, new).await?;
    let view = DealView::of(&find(&context, &caller, made.id).await?, &caller);
    let location = format!("/v1/deals/{}", view.id);
    Ok(created(location, view.tag()?, &view))
}
