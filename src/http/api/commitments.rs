//! What the parties of a programme promise each other.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{check_fields, created, intent, moved, path_id, query_code, query_id};
use super::finding::Wrong;
use super::held_texts::KeptTextView;
use super::transitions::TransitionsView;
use super::values::{MoneyView, code, day, parsed, time};
use crate::domain::commitment::{
    Commitment, CommitmentAction, CommitmentDetails, CommitmentStatus, Goal, Measure, Target,
};
use crate::domain::fault::Faults;
use crate::domain::held_text::{HeldPlace, TextOf};
use crate::domain::ids::{CommitmentId, ProgrammeId};
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::merge_patch::MergePatch;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::preconditions::{EntityTag, IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::commitments::{self, Filter, Said};
use crate::services::held_texts::{self, Waiting};
use crate::services::paging::PageRequest;
use crate::services::{Caller, Context, Error};

/// Most characters of a title, and of other words.
const TITLE_MAX: usize = 200;
const TEXT_MAX: usize = 2_000;
const UNIT_MAX: usize = 40;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_commitments)
        .service(make_commitment)
        .service(get_commitment)
        .service(change_commitment)
        .service(list_commitment_transitions)
        .service(move_commitment);
}

/// A promise, as it is written. Exactly one of the targets is there.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCommitment)]
pub struct CommitmentDocument {
    /// `capital`, `practices`, `trade`, `tourism`, `inward_investment` or
    /// `ecosystem`.
    #[schema(max_length = 40, example = "capital")]
    goal: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 200, example = "Ten funded deals by 2028")]
    title: String,
    /// Where progress comes from: `introductions_sent`, `meetings_held`,
    /// `deals_opened`, `deals_signed`, `deals_funded`, `startups_admitted`,
    /// `mandates_admitted`, `sessions_held`, `practices_completed` (all with `target_count`), `money_funded` (with
    /// `target_money`), or `manual`, which evidence shows.
    #[schema(max_length = 40, example = "deals_funded")]
    measure: String,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 10)]
    target_count: Option<i64>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_money: Option<MoneyView>,
    /// By which day something is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10, example = "2027-06-30")]
    target_date: Option<String>,
    /// What is done, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    target_text: Option<String>,
    /// What a count counts, where its measure doesn't say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "delegations")]
    unit: Option<String>,
    /// The last day, within the programme's term.
    #[schema(format = "date", max_length = 10, example = "2028-06-30")]
    due: String,
    /// The party that sees to it.
    #[schema(format = "uuid", max_length = 36)]
    owner: String,
}

impl CommitmentDocument {
    fn of(details: &CommitmentDetails) -> Self {
        let mut document = Self {
            goal: details.goal.to_string(),
            title: details.title.clone(),
            measure: details.measure.to_string(),
            target_count: None,
            target_money: None,
            target_date: None,
            target_text: None,
            unit: details.unit.clone(),
            due: details.due.to_string(),
            owner: details.owner.to_string(),
        };
        match &details.target {
            Target::Count(count) => document.target_count = Some(*count),
            Target::Money(money) => document.target_money = Some((*money).into()),
            Target::Date(day) => document.target_date = Some(day.to_string()),
            Target::Text(text) => document.target_text = Some(text.clone()),
        }
        document
    }

    fn read(&self) -> Result<CommitmentDetails, Faults> {
        let mut faults = Faults::new();
        let goal = code(&mut faults, "/goal", &self.goal, Goal::ALL);
        let title = bounded(&self.title, TITLE_MAX, false);
        let title = faults.take("/title", "invalid_text", title);
        let measure = code(&mut faults, "/measure", &self.measure, Measure::ALL);
        let target = self.target(&mut faults);
        let unit = self.unit.as_deref();
        let unit = unit.map(|unit| bounded(unit, UNIT_MAX, false)).transpose();
        let unit = faults.take("/unit", "invalid_text", unit);
        let due = day(&mut faults, "/due", &self.due);
        let owner = parsed(&mut faults, "/owner", "not_an_id", &self.owner);
        match (goal, title, measure, target, unit, due, owner) {
            (
                Some(goal),
                Some(title),
                Some(measure),
                Some(target),
                Some(unit),
                Some(due),
                Some(owner),
            ) if faults.is_empty() => Ok(CommitmentDetails {
                goal,
                title,
                measure,
                target,
                unit,
                due,
                owner,
            }),
            _ => Err(faults),
        }
    }

    fn target(&self, faults: &mut Faults) -> Option<Target> {
        let count = self.target_count.map(Target::Count);
        if self.target_count.is_some_and(|count| count > 1_000_000_000) {
            faults.push("/target_count", "out_of_range", "At most a milliard.");
        }
        let money = self.target_money.as_ref();
        let money = money.and_then(|it| it.read(faults, "/target_money").map(Target::Money));
        let date = self.target_date.as_deref();
        let date = date.and_then(|text| day(faults, "/target_date", text).map(Target::Date));
        let text = self.target_text.as_deref();
        let text = text.and_then(|text| {
            let text = bounded(text, TEXT_MAX, true);
            let text = faults.take("/target_text", "invalid_text", text);
            text.map(Target::Text)
        });
        let named = [
            self.target_count.is_some(),
            self.target_money.is_some(),
            self.target_date.is_some(),
            self.target_text.is_some(),
        ];
        if named.iter().filter(|named| **named).count() != 1 {
            faults.push(
                "",
                "one_of",
                "Name one of “target_count”, “target_money”, “target_date”, “target_text”.",
            );
            return None;
        }
        count.or(money).or(date).or(text)
    }
}

/// A promise on record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Commitment)]
pub struct CommitmentView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// What it says.
    #[serde(flatten)]
    document: CommitmentDocument,
    /// `open`, `met` or `dropped`.
    #[schema(max_length = 10, example = "open")]
    status: &'static str,
    /// Words of a title or a target that wait for compliance, for the operator's
    /// people: meanwhile it says what it said before, or its goal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 2)]
    waiting: Vec<KeptTextView>,
    /// Counts changes. The `ETag` is made of it and all that is told here.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was made.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl CommitmentView {
    /// Its `ETag`: the version, and all that its reader is told.
    fn tag(&self) -> Result<EntityTag, Problem> {
        EntityTag::of_view(self.version, self)
    }

    /// What somebody reads of it who knows of this that waits.
    fn of(commitment: &Commitment, waiting: &Waiting) -> Self {
        let places = places_of(commitment);
        Self {
            id: commitment.id.to_string(),
            programme: commitment.programme.to_string(),
            document: CommitmentDocument::of(&commitment.details),
            status: commitment.status.code(),
            waiting: KeptTextView::all(waiting.at(&places)),
            version: commitment.version,
            created_at: time(commitment.created_at),
            updated_at: time(commitment.updated_at),
        }
    }
}

/// Where its words stand.
const fn places_of(commitment: &Commitment) -> [HeldPlace; 2] {
    let id = commitment.id;
    [HeldPlace::Title(id), HeldPlace::Target(id)]
}

async fn view(
    context: &Context,
    caller: &Caller,
    found: &Commitment,
) -> Result<CommitmentView, Problem> {
    let of = TextOf::Programme(found.programme);
    let places = places_of(found).to_vec();
    let waiting = held_texts::waiting(context, caller, of, places).await?;
    Ok(CommitmentView::of(found, &waiting))
}

/// Which commitments.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CommitmentFilters {
    /// To that end.
    #[param(max_length = 40, example = "capital")]
    goal: Option<String>,
    /// That stand so.
    #[param(max_length = 10, example = "open")]
    status: Option<String>,
    /// Seen to by that party.
    #[param(format = "uuid", max_length = 36)]
    owner: Option<String>,
}

impl CommitmentFilters {
    fn read(&self, programme: ProgrammeId) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let status = self.status.as_deref();
        let status = query_code("status", status, CommitmentStatus::from_code);
        let filter = Filter {
            programme,
            goal: wrong.take(query_code("goal", self.goal.as_deref(), Goal::from_code)),
            status: wrong.take(status),
            owner: wrong.take(query_id("owner", self.owner.as_deref())),
        };
        wrong.or(filter)
    }
}

/// Lists what was promised under a programme, oldest first, for its parties
/// and the operator's people.
#[utoipa::path(
    operation_id = "list_commitments",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), CommitmentFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<CommitmentView>))
)]
#[get("/v1/programmes/{id}/commitments")]
async fn list_commitments(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: MeantQuery<CommitmentFilters>,
) -> Result<HttpResponse, Problem> {
    let programme = path_id(&id)?;
    let (page, _, filter) = query.read(|asked| asked.read(programme))?;
    let page = commitments::list(&context, &caller, filter, PageRequest::from(page)).await?;
    let of = TextOf::Programme(programme);
    let places = page.items.iter().flat_map(places_of).collect();
    let waiting = held_texts::waiting(&context, &caller, of, places).await?;
    Ok(PageView::of(page, |it| CommitmentView::of(&it, &waiting)).respond(&request))
}

/// Puts a promise on record, for curators.
///
/// A title or a target in words that name something restricted or prohibited waits
/// for compliance (`waiting`); until two people let it through, the parties read
/// the goal in its place. It counts from now on.
#[utoipa::path(
    operation_id = "make_commitment",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = CommitmentDocument,
    responses((status = 201, description = "On record.", body = CommitmentView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/programmes/{id}/commitments")]
async fn make_commitment(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<CommitmentDocument>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/commitments";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let programme = path_id(&id)?;
    let details = body.read(|it| it.read())?;
    let made = commitments::make(&context, &caller, intent, programme, details).await?;
    let location = format!("/v1/commitments/{}", made.id);
    let view = view(&context, &caller, &made).await?;
    Ok(created(location, view.tag()?, &view))
}

/// One commitment.
#[utoipa::path(
    operation_id = "get_commitment",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The commitment.", body = CommitmentView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/commitments/{id}")]
async fn get_commitment(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = commitments::find(&context, &caller, path_id(&id)?).await?;
    let view = view(&context, &caller, &found).await?;
    Ok(versioned(&request, view.tag()?, &view))
}

/// Changes what an open commitment says, for curators.
///
/// Words that name something restricted or prohibited wait for compliance
/// (`waiting`); what the parties read before stands meanwhile.
#[utoipa::path(
    operation_id = "change_commitment",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-Match" = String, Header, max_length = 100, example = "\"v1\"")),
    request_body(content = CommitmentDocument, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Changed.", body = CommitmentView, headers(("ETag" = String))))
)]
#[patch("/v1/commitments/{id}")]
async fn change_commitment(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    patch: MergePatch,
) -> Result<HttpResponse, Problem> {
    let id: CommitmentId = path_id(&id)?;
    commitments::find(&context, &caller, id).await?;
    let expected = if_match.version()?;
    let said = Said {
        title: patch.names("title"),
        target: patch.names("target_text"),
    };
    let revise = move |before: &CommitmentDetails| -> Result<CommitmentDetails, Error> {
        let document: CommitmentDocument = patch.apply_to(&CommitmentDocument::of(before))?;
        Ok(document.read()?)
    };
    let after = commitments::change(&context, &caller, id, (expected, said), revise).await?;
    let view = view(&context, &caller, &after).await?;
    Ok(moved(view.tag()?, &view))
}

/// What can be done with a commitment now.
#[utoipa::path(
    operation_id = "list_commitment_transitions",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The caller's actions.", body = TransitionsView))
)]
#[get("/v1/commitments/{id}/transitions")]
async fn list_commitment_transitions(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actions = commitments::transitions(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(TransitionsView::of(actions)))
}

/// What to do with a commitment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCommitmentTransition {
    /// `meet`, `drop` or `reopen`.
    #[schema(max_length = 20, example = "meet")]
    action: String,
    /// Why, in words; needed by `drop` and `reopen`.
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

impl NewCommitmentTransition {
    fn read(&self) -> Result<(CommitmentAction, Option<String>), Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, CommitmentAction::ALL);
        let needs: &[&str] = match action {
            Some(CommitmentAction::Drop | CommitmentAction::Reopen) => &["reason"],
            _ => &[],
        };
        let came = [("reason", self.reason.is_some())];
        check_fields(&mut faults, &self.action, &came, needs, &["reason"]);
        let reason = self.reason.as_deref();
        let reason = reason
            .map(|words| bounded(words, TEXT_MAX, true))
            .transpose();
        let reason = faults.take("/reason", "invalid_text", reason);
        match (action, reason) {
            (Some(action), Some(reason)) if faults.is_empty() => Ok((action, reason)),
            _ => Err(faults),
        }
    }
}

/// Closes a commitment as met, gives it up or takes it up again, for curators.
///
/// It is met when records or evidence show all of its target.
#[utoipa::path(
    operation_id = "move_commitment",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewCommitmentTransition,
    responses((status = 200, description = "Moved.", body = CommitmentView, headers(("ETag" = String))))
)]
#[post("/v1/commitments/{id}/transitions")]
async fn move_commitment(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, if_match): (web::Path<String>, IdempotencyKey, IfMatch),
    body: DocumentBody<NewCommitmentTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/commitments/{id}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id: CommitmentId = path_id(&id)?;
    let found = commitments::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let (action, reason) = body.read(|it| it.read())?;
    let after =
        commitments::transition(&context, &caller, intent, id, expected, action, reason).await?;
    let view = view(&context, &caller, &after).await?;
    Ok(moved(view.tag()?, &view))
}
