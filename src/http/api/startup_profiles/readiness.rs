//! What a founder could do to be matched more.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::scoring::Factor;
use crate::domain::tag::{Facet, Taxonomy};
use crate::domain::text::Language;
use crate::http::api::exchange::{path_id, query_id};
use crate::http::caller::Authenticated;
use crate::http::problem::Problem;
use crate::http::query_string::ReadQuery;
use crate::services::Context;
use crate::services::readiness::{self, Change, Count, Missing, Readiness};

/// In which programme.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadinessQuery {
    /// In that programme; without it, the only one it is admitted to.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
}

/// How a profile stands before the mandates of a programme. Numbers are of
/// investors, at least so many: 3, 5, 10, 20, 50, 100, 500 or 1 000; null where
/// there are fewer than 3.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub struct ReadinessView {
    /// In which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// Investors with a mandate that nothing in what both sides say speaks
    /// against.
    #[schema(required = true, minimum = 3, example = 10)]
    open: Option<usize>,
    /// Investors with one that waits for something that one side has not said.
    #[schema(required = true, minimum = 3, example = 3)]
    undecided: Option<usize>,
    /// What the profile leaves out, the costliest first.
    #[schema(max_items = 20)]
    missing: Vec<MissingView>,
    /// What could be changed, the most opening first.
    #[schema(max_items = 50)]
    changes: Vec<ChangeView>,
}

/// Something that a profile leaves out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadinessGap)]
pub struct MissingView {
    /// The fields, as JSON pointers into the profile. Any one of them makes a
    /// factor known; of `evidence` each adds its part.
    #[schema(min_items = 1, max_items = 4, example = json!(["/languages"]))]
    fields: Vec<&'static str>,
    /// The factors that can't be told without it.
    #[schema(min_items = 1, max_items = 2, example = json!(["language"]))]
    factors: Vec<&'static str>,
    /// What that costs in confidence, in basis points, wherever the mandate
    /// has said its part.
    #[schema(minimum = 0, maximum = 10_000, example = 200)]
    confidence: i64,
    /// The most that it can add to a score, in basis points.
    #[schema(minimum = 0, maximum = 10_000, example = 200)]
    score: i64,
}

/// One change that may open mandates that are closed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadinessChange)]
pub struct ChangeView {
    /// `add_deal_intent`: wanting that kind of deal too. `drop_min_cheque`:
    /// taking cheques of any size.
    #[schema(max_length = 20, example = "add_deal_intent")]
    change: &'static str,
    /// Which kind of deal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80, example = "pilot_poc")]
    value: Option<String>,
    /// What the reader calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Pilot or proof of concept")]
    label: Option<String>,
    /// Of how many investors it would open mandates, at least.
    #[schema(required = true, minimum = 3, example = 5)]
    opens: Option<usize>,
}

impl ChangeView {
    fn of(taxonomy: &Taxonomy, reader: &Language, change: &Change, opens: Count) -> Self {
        let opens = opens.told();
        match change {
            Change::DealIntent(intent) => Self {
                change: "add_deal_intent",
                value: Some(intent.to_string()),
                label: taxonomy
                    .facet_value(Facet::DealIntent, intent)
                    .map(|named| named.labels.for_reader(reader).to_owned()),
                opens,
            },
            Change::NoLeastCheque => Self {
                change: "drop_min_cheque",
                value: None,
                label: None,
                opens,
            },
        }
    }
}

impl From<Missing> for MissingView {
    fn from(missing: Missing) -> Self {
        let Missing {
            fields,
            factors,
            confidence,
            score,
        } = missing;
        Self {
            fields,
            factors: factors.into_iter().map(Factor::code).collect(),
            confidence,
            score,
        }
    }
}

/// What would make a profile match more.
///
/// What each part costs that it leaves out, and of how many investors one
/// change would open mandates. Only what both sides say of themselves counts, as if the
/// profile were published and cleared; decisions of others are not looked at.
#[utoipa::path(
    operation_id = "get_startup_profile_readiness",
    tag = "startup profiles",
    params(("id" = String, Path, format = "uuid", max_length = 36), ReadinessQuery),
    responses(
        (status = 200, description = "How it stands.", body = ReadinessView),
        (status = 409, description = "It is admitted to no programme, or to several: name one."),
    )
)]
#[get("/v1/startup-profiles/{id}/readiness")]
pub(super) async fn get_startup_profile_readiness(
    Authenticated(caller): Authenticated,
    context: web::Data<Context>,
    id: web::Path<String>,
    query: ReadQuery<ReadinessQuery>,
) -> Result<HttpResponse, Problem> {
    let (_, programme) =
        query.meaning(|asked| query_id("programme", asked.programme.as_deref()))?;
    let id = path_id(&id)?;
    let (programme, found) = readiness::of_startup(&context, &caller, id, programme).await?;
    let Readiness {
        open,
        undecided,
        missing,
        changes,
    } = found;
    let language = &caller.user.language;
    Ok(HttpResponse::Ok().json(ReadinessView {
        programme: programme.to_string(),
        open: open.told(),
        undecided: undecided.told(),
        missing: missing.into_iter().map(MissingView::from).collect(),
        changes: changes
            .iter()
            .map(|(change, opens)| ChangeView::of(&context.taxonomy(), language, change, *opens))
            .collect(),
    }))
}
