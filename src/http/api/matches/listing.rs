//! The live ranking of a record, and lists of what is on record.

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::{MatchView, RankingView, Voice};
use crate::domain::review::{Curation, MatchStatus};
use crate::domain::scoring::Band;
use crate::domain::values::Stage;
use crate::http::api::exchange::{query_code, query_id};
use crate::http::api::values::time;
use crate::http::caller::Authenticated;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::problem::{Kind, Problem};
use crate::services::matches::{self, Filter, Listed, Request, Wanted};
use crate::services::paging::PageRequest;
use crate::services::ranking::Counterparts;
use crate::services::{Caller, Context, mandates, startups, teasers};

/// Which matches.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchFilters {
    /// Of that startup profile.
    #[param(format = "uuid", max_length = 36)]
    startup: Option<String>,
    /// Of that mandate.
    #[param(format = "uuid", max_length = 36)]
    mandate: Option<String>,
    /// Under that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// On record, in that state; for the operator's people.
    #[param(max_length = 40, example = "candidate")]
    status: Option<String>,
    /// The least score, in basis points.
    #[param(minimum = 0, maximum = 10000)]
    min_score: Option<i64>,
    /// The least confidence, in basis points.
    #[param(minimum = 0, maximum = 10000)]
    min_confidence: Option<i64>,
    /// From that band upwards: `strong`, `good`, `possible` or `weak`.
    #[param(max_length = 10, example = "good")]
    band: Option<String>,
    /// Of a ranking: `eligible`, or `needs_review` for pairs that wait for a
    /// decision.
    #[param(max_length = 20, example = "eligible")]
    outcome: Option<String>,
    /// The counterpart has that tag, or one under it.
    #[param(max_length = 80, example = "water")]
    tag: Option<String>,
    /// The counterpart is at that stage, or invests in it.
    #[param(max_length = 20, example = "seed")]
    stage: Option<String>,
    /// The counterpart is there, ISO 3166-1.
    #[param(min_length = 2, max_length = 2, example = "IL")]
    country: Option<String>,
    /// Of which the curators say that, `pinned` or `vetoed`; for the operator's
    /// people. A ranking leaves vetoed pairs out otherwise.
    #[param(max_length = 10, example = "pinned")]
    curation: Option<String>,
    /// Only what was released since the reader's last visit; for a side.
    #[serde(default)]
    new: bool,
    /// Of a ranking: keep its 500 best as they are now and page through them;
    /// what is written meanwhile disturbs nobody. Without it a ranking has one
    /// page.
    #[serde(default)]
    walk: bool,
}

impl MatchFilters {
    /// Whether it asks for a ranking rather than for what is on record.
    fn ranks(&self, caller: &Caller) -> bool {
        let of_one = self.startup.is_some() || self.mandate.is_some();
        of_one && self.status.is_none() && caller.reads_everything()
    }

    fn about(&self, context: &Context) -> Result<Counterparts, Problem> {
        let known = |tag: &String| context.taxonomy().resolve(tag).map(|tag| tag.slug.clone());
        let unknown = |name: &str| bad(&format!("`{name}` is none of its values."));
        let tag = self.tag.as_ref();
        let country = self.country.as_deref();
        Ok(Counterparts {
            tag: tag
                .map(|tag| known(tag).ok_or_else(|| unknown("tag")))
                .transpose()?,
            stage: query_code("stage", self.stage.as_deref(), Stage::from_code)?,
            country: country
                .map(|country| country.parse().map_err(|_| unknown("country")))
                .transpose()?,
        })
    }
}

fn bad(detail: &str) -> Problem {
    Problem::new(Kind::BadQuery).detail(detail.to_owned())
}

/// A share in a query.
fn share(name: &str, value: Option<i64>) -> Result<Option<i64>, Problem> {
    match value {
        Some(value) if !(0..=10_000).contains(&value) => {
            Err(bad(&format!("`{name}` must be 0–10000.")))
        }
        other => Ok(other),
    }
}

/// The live ranking of one record, or a page of what is on record.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Matches)]
pub enum MatchesView {
    /// The live ranking.
    Ranking(RankingView),
    /// On record.
    OnRecord(PageView<MatchView>),
}

/// Ranks, or lists what is on record.
///
/// For the operator's people `startup` or `mandate` asks for the live ranking
/// of that record, every gate and factor explained, pinned pairs first and
/// vetoed ones left out; with neither, or with `status`, the matches on record
/// are listed. A side gets the matches that were released to it. Lists have
/// pinned matches first, then the oldest.
#[utoipa::path(
    operation_id = "list_matches",
    tag = "matches",
    params(MatchFilters, PageQuery),
    responses(
        (status = 200, description = "A ranking or a page.", body = MatchesView),
        (status = 409, description = "It is admitted to no programme, so there is nothing to rank it in."),
    )
)]
#[get("/v1/matches")]
pub async fn list_matches(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: ListQuery<MatchFilters>,
) -> Result<HttpResponse, Problem> {
    if query.filters.ranks(&caller) {
        let (ranking, link) = rank(&context, &caller, query).await?;
        return Ok(link.respond_with(&request, &ranking));
    }
    Ok(list(&context, &caller, query).await?.respond(&request))
}

async fn rank(
    context: &Context,
    caller: &Caller,
    query: ListQuery<MatchFilters>,
) -> Result<(RankingView, PageView<()>), Problem> {
    let filters = &query.filters;
    let of = match (
        query_id("startup", filters.startup.as_deref())?,
        query_id("mandate", filters.mandate.as_deref())?,
    ) {
        (Some(startup), None) => matches::Query::Startup(startup),
        (None, Some(mandate)) => matches::Query::Mandate(mandate),
        _ => return Err(bad("A ranking is of one `startup` or of one `mandate`.")),
    };
    if filters.new {
        return Err(bad("`new` is for a side."));
    }
    if query.page.cursor.is_some() && !filters.walk {
        return Err(bad(
            "A ranking without `walk` has one page; `limit` says how long it is.",
        ));
    }
    let about = filters.about(context)?;
    let request = Request {
        of,
        programme: query_id("programme", filters.programme.as_deref())?,
        wanted: Wanted {
            min_score: share("min_score", filters.min_score)?.unwrap_or(0),
            min_confidence: share("min_confidence", filters.min_confidence)?.unwrap_or(0),
            min_band: query_code("band", filters.band.as_deref(), Band::from_code)?,
            undecided: query_code("outcome", filters.outcome.as_deref(), undecided)?,
            curation: query_code("curation", filters.curation.as_deref(), Curation::from_code)?,
            tag: about.tag,
            stage: about.stage,
            country: about.country,
        },
        limit: usize::try_from(query.page.limit).unwrap_or(usize::MAX),
        walk: filters.walk,
        cursor: query.page.cursor,
    };
    let (programme, page) = matches::rank(context, caller, request).await?;
    let taxonomy = context.taxonomy();
    let voice = Voice::of(context, caller, &taxonomy);
    let view = RankingView::of(voice, programme, &page.items, page.next.clone());
    let link = PageView {
        items: Vec::new(),
        next_cursor: page.next,
    };
    Ok((view, link))
}

fn undecided(outcome: &str) -> Option<bool> {
    match outcome {
        "eligible" => Some(false),
        "needs_review" => Some(true),
        _ => None,
    }
}

/// What filters of what is on record mean for that caller.
///
/// # Errors
/// 400, naming the parameter.
pub fn wanted(
    context: &Context,
    caller: &Caller,
    filters: &MatchFilters,
) -> Result<Listed, Problem> {
    if filters.walk || filters.outcome.is_some() {
        return Err(bad("`walk` and `outcome` belong to a ranking."));
    }
    // A side that could filter by state would learn what the other answered,
    // and by a pin what the curators think.
    let operator = caller.reads_everything();
    for (name, there) in [
        ("status", filters.status.is_some()),
        ("curation", filters.curation.is_some()),
    ] {
        if there && !operator {
            return Err(bad(&format!("`{name}` is for the operator's people.")));
        }
    }
    if filters.new && operator {
        return Err(bad("`new` is for a side."));
    }
    let filter = Filter {
        programme: query_id("programme", filters.programme.as_deref())?,
        startup_profile: query_id("startup", filters.startup.as_deref())?,
        mandate: query_id("mandate", filters.mandate.as_deref())?,
        status: query_code("status", filters.status.as_deref(), MatchStatus::from_code)?,
        min_band: query_code("band", filters.band.as_deref(), Band::from_code)?,
        min_score: share("min_score", filters.min_score)?,
        min_confidence: share("min_confidence", filters.min_confidence)?,
        curation: query_code("curation", filters.curation.as_deref(), Curation::from_code)?,
        ..Filter::default()
    };
    Ok(Listed {
        filter,
        about: filters.about(context)?,
        new: filters.new,
    })
}

async fn list(
    context: &Context,
    caller: &Caller,
    query: ListQuery<MatchFilters>,
) -> Result<PageView<MatchView>, Problem> {
    let wanted = wanted(context, caller, &query.filters)?;
    // Nobody finds out by filtering that a match is with a record of another
    // firm's: to whom it is hidden, it is not there.
    if let Some(id) = wanted.filter.startup_profile {
        startups::find(context, caller, id).await?;
    }
    if let Some(id) = wanted.filter.mandate {
        mandates::find(context, caller, id).await?;
    }
    let page = matches::list(context, caller, wanted, PageRequest::from(query.page)).await?;
    let shown = teasers::show(context, caller, page.items).await?;
    let taxonomy = context.taxonomy();
    let voice = Voice::of(context, caller, &taxonomy);
    Ok(PageView {
        items: shown
            .iter()
            .map(|shown| MatchView::of(voice, shown))
            .collect(),
        next_cursor: page.next,
    })
}

/// When a person looked at what was released to its firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchVisit)]
pub struct VisitView {
    /// Now.
    #[schema(format = "date-time", max_length = 35)]
    seen_at: String,
    /// The time before; null if there was none.
    #[schema(format = "date-time", max_length = 35)]
    before: Option<String>,
}

/// Notes that the reader has looked at its matches.
///
/// What is released from now on is `new` to this person, until the next visit.
/// Each person of a firm has a mark of their own; reading a list moves none.
#[utoipa::path(
    operation_id = "note_match_visit",
    tag = "matches",
    responses((status = 200, description = "Noted.", body = VisitView))
)]
#[put("/v1/matches/visit")]
pub async fn note_match_visit(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
) -> Result<HttpResponse, Problem> {
    let (before, now) = matches::note_visit(&context, &caller).await?;
    Ok(HttpResponse::Ok().json(VisitView {
        seen_at: time(now),
        before: before.map(time),
    }))
}
