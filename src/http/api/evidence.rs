//! What shows how far a promise of a programme got.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{body_id, intent, path_id};
use super::held_texts::KeptTextView;
use super::values::{MoneyView, code, day, time};
use crate::domain::commitment::{Adds, Evidence, EvidenceKind};
use crate::domain::fault::Faults;
use crate::domain::held_text::HeldPlace;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, NoFilters, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::commitments::{self, NewEvidence as Given};
use crate::services::held_texts::Waiting;
use crate::services::paging::PageRequest;

/// Most characters of a note.
const TEXT_MAX: usize = 2_000;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_evidence).service(give_evidence);
}

/// Something that shows progress. At most one of `count`, `amount` and
/// `fulfils` is there, and only where the measure is `manual`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvidence {
    /// `delegation`, `enquiry`, `contract`, `event`, `document` or
    /// `statement`.
    #[schema(max_length = 20, example = "delegation")]
    kind: String,
    /// How many more.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 1)]
    count: Option<i64>,
    /// How much more.
    amount: Option<MoneyView>,
    /// That what was promised is done.
    fulfils: Option<bool>,
    /// The day it happened.
    #[schema(format = "date", max_length = 10, example = "2026-10-12")]
    happened_on: String,
    /// What and where.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "Twelve firms at the water week in Baku"
    )]
    note: String,
    /// The piece that it puts right: that one stays on record and counts no
    /// more. Its own party's, or any for a curator.
    #[schema(format = "uuid", max_length = 36)]
    replaces: Option<String>,
}

impl NewEvidence {
    fn read(&self) -> Result<Given, Faults> {
        let mut faults = Faults::new();
        let kind = code(&mut faults, "/kind", &self.kind, EvidenceKind::ALL);
        let adds = adds(&mut faults, self.count, self.amount.as_ref(), self.fulfils);
        let happened_on = day(&mut faults, "/happened_on", &self.happened_on);
        let note = bounded(&self.note, TEXT_MAX, true);
        let note = faults.take("/note", "invalid_text", note);
        let replaces = self.replaces.as_deref();
        let replaces = replaces.and_then(|id| body_id(&mut faults, "/replaces", id));
        match (kind, adds, happened_on, note) {
            (Some(kind), Some(adds), Some(happened_on), Some(note)) if faults.is_empty() => {
                Ok(Given {
                    kind,
                    adds,
                    happened_on,
                    note,
                    replaces,
                })
            }
            _ => Err(faults),
        }
    }
}

/// What a piece of evidence adds: at most one of the three.
pub(super) fn adds(
    faults: &mut Faults,
    count: Option<i64>,
    amount: Option<&MoneyView>,
    fulfils: Option<bool>,
) -> Option<Adds> {
    match (count, amount, fulfils) {
        (None, None, None | Some(false)) => Some(Adds::Nothing),
        (Some(count), None, None) if count <= 1_000_000_000 => Some(Adds::Count(count)),
        (Some(_), None, None) => {
            faults.push("/count", "out_of_range", "At most a milliard.");
            None
        }
        (None, Some(money), None) => money.read(faults, "/amount").map(Adds::Money),
        (None, None, Some(true)) => Some(Adds::Fulfils),
        _ => {
            let detail = "At most one of “count”, “amount” and “fulfils”.";
            faults.push("", "one_of", detail);
            None
        }
    }
}

/// Something that shows progress.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evidence)]
pub struct EvidenceView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Of which commitment.
    #[schema(format = "uuid", max_length = 36)]
    commitment: String,
    /// Of what sort.
    #[schema(max_length = 20)]
    kind: &'static str,
    /// How many more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    count: Option<i64>,
    /// How much more.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<MoneyView>,
    /// Whether it shows that what was promised is done.
    fulfils: bool,
    /// The day it happened.
    #[schema(format = "date", max_length = 10)]
    happened_on: String,
    /// What and where; absent while its words wait for compliance, and where it
    /// keeps them from the other parties.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// Words of the reader's own side that wait.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1)]
    waiting: Vec<KeptTextView>,
    /// The party that gave it; absent for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    organization: Option<String>,
    /// When it was given.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// What it puts right.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    replaces: Option<String>,
    /// What puts it right; it counts no more since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    replaced_by: Option<String>,
}

impl EvidenceView {
    /// What somebody reads of it who knows of this that waits.
    fn of(given: &Evidence, waiting: &Waiting) -> Self {
        let (mut count, mut amount) = (None, None);
        match given.adds {
            Adds::Count(number) => count = Some(number),
            Adds::Money(money) => amount = Some(money.into()),
            Adds::Nothing | Adds::Fulfils => {}
        }
        Self {
            id: given.id.to_string(),
            commitment: given.commitment.to_string(),
            kind: given.kind.code(),
            count,
            amount,
            fulfils: given.adds == Adds::Fulfils,
            happened_on: given.happened_on.to_string(),
            note: (!given.note.is_empty()).then(|| given.note.clone()),
            waiting: KeptTextView::all(waiting.at(&[HeldPlace::Evidence(given.id)])),
            organization: given.organization.map(|firm| firm.to_string()),
            created_at: time(given.created_at),
            replaces: given.replaces.map(|id| id.to_string()),
            replaced_by: given.replaced_by.map(|id| id.to_string()),
        }
    }
}

/// Lists the evidence for a commitment, oldest first.
#[utoipa::path(
    operation_id = "list_evidence",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<EvidenceView>))
)]
#[get("/v1/commitments/{id}/evidence")]
async fn list_evidence(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery<NoFilters>,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let id = path_id(&id)?;
    let page = commitments::evidence(&context, &caller, id, page).await?;
    let given = page.items.iter().map(|it| it.id);
    let waiting = commitments::waiting(&context, &caller, id, given).await?;
    Ok(PageView::of(page, |it| EvidenceView::of(&it, &waiting)).respond(&request))
}

/// Adds evidence to an open commitment, for the programme's parties and for
/// curators.
///
/// It counts at once. A note that names something restricted or prohibited waits
/// for compliance (`waiting`), and the other parties read it once two people let
/// it through. With `replaces` it puts right what was given before. One that was closed as
/// met on evidence that was wrong a curator reopens first.
#[utoipa::path(
    operation_id = "give_evidence",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewEvidence,
    responses((status = 201, description = "On record.", body = EvidenceView))
)]
#[post("/v1/commitments/{id}/evidence")]
async fn give_evidence(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewEvidence>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/commitments/{id}/evidence";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let given = body.read(|it| it.read())?;
    let given = commitments::give_evidence(&context, &caller, intent, id, given).await?;
    let waiting = commitments::waiting(&context, &caller, id, std::iter::once(given.id)).await?;
    Ok(HttpResponse::Created().json(EvidenceView::of(&given, &waiting)))
}
