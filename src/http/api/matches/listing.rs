//! The live ranking of a record, and lists of what is on record.

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::{MatchView, RankingView, Voice};
use crate::domain::ids::{MandateId, ProgrammeId, StartupProfileId};
use crate::domain::review::{Curation, MatchStatus};
use crate::domain::scoring::Band;
use crate::domain::tag::Facet;
use crate::domain::values::Stage;
use crate::http::api::exchange::{query_code, query_id};
use crate::http::api::finding::{Asked, Wrong, query_country, query_spans, tag};
use crate::http::api::values::time;
use crate::http::caller::Authenticated;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::problem::{Kind, Problem};
use crate::services::matches::{self, Filter, Listed, Request, Wanted};
use crate::services::ranking::Counterparts;
use crate::services::{Caller, Context, counts, teasers};

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
    /// The counterpart is for that market, ISO 3166-1; for the operator's people.
    #[param(min_length = 2, max_length = 2, example = "AZ")]
    market: Option<String>,
    /// The counterpart works in that language; for the operator's people.
    #[param(max_length = 35, example = "az")]
    language: Option<String>,
    /// The counterpart has that deal intent; for the operator's people.
    #[param(max_length = 100, example = "pilot_poc")]
    deal_intent: Option<String>,
    /// The counterpart takes that paper; for the operator's people.
    #[param(max_length = 100, example = "safe")]
    instrument: Option<String>,
    /// The counterpart has that transfer topic; for the operator's people.
    #[param(max_length = 100, example = "tech_transfer_office")]
    transfer_topic: Option<String>,
    /// On record since then, RFC 3339; for the operator's people.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    created_since: Option<String>,
    /// Put on record before then, RFC 3339; for the operator's people.
    #[param(format = DateTime, max_length = 40, example = "2026-12-01T00:00:00Z")]
    created_until: Option<String>,
    /// Changed then or later, RFC 3339; for the operator's people.
    #[param(format = DateTime, max_length = 40, example = "2026-11-01T00:00:00Z")]
    updated_since: Option<String>,
    /// Changed before then, and not since, RFC 3339; for the operator's people.
    #[param(format = DateTime, max_length = 40, example = "2026-12-01T00:00:00Z")]
    updated_until: Option<String>,
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
    /// Of what is on record: whether to say how many there are over all pages,
    /// up to 1000, of those that the reader may see.
    count: Option<bool>,
}

impl MatchFilters {
    /// Whether it asks for a ranking rather than for what is on record.
    fn ranks(&self, caller: &Caller) -> bool {
        let of_one = self.startup.is_some() || self.mandate.is_some();
        of_one && self.status.is_none() && caller.reads_everything()
    }

    fn about(&self, context: &Context, wrong: &mut Wrong) -> Counterparts {
        let taxonomy = context.taxonomy();
        let facets = [
            (
                "deal_intent",
                Facet::DealIntent,
                self.deal_intent.as_deref(),
            ),
            ("instrument", Facet::Instrument, self.instrument.as_deref()),
            (
                "transfer_topic",
                Facet::TransferTopic,
                self.transfer_topic.as_deref(),
            ),
        ];
        let asked = Asked {
            market: self.market.as_deref(),
            language: self.language.as_deref(),
            facets: &facets,
            ..Asked::default()
        };
        let named = self.tag.as_deref().map(|word| tag(word, &taxonomy));
        Counterparts {
            tag: wrong.take(named.transpose()),
            stage: wrong.take(query_code("stage", self.stage.as_deref(), Stage::from_code)),
            country: wrong.take(query_country("country", self.country.as_deref())),
            facets: asked.read(&taxonomy, wrong),
        }
    }

    /// What a side doesn't filter by: it would learn what the other answered,
    /// what the curators think, and of the other more than it is shown.
    fn operators(&self) -> [(&'static str, bool); 11] {
        [
            ("status", self.status.is_some()),
            ("curation", self.curation.is_some()),
            ("market", self.market.is_some()),
            ("language", self.language.is_some()),
            ("deal_intent", self.deal_intent.is_some()),
            ("instrument", self.instrument.is_some()),
            ("transfer_topic", self.transfer_topic.is_some()),
            ("created_since", self.created_since.is_some()),
            ("created_until", self.created_until.is_some()),
            ("updated_since", self.updated_since.is_some()),
            ("updated_until", self.updated_until.is_some()),
        ]
    }
}

/// A share in a query.
fn share(name: &str, value: Option<i64>) -> Result<Option<i64>, Problem> {
    match value {
        Some(value) if !(0..=10_000).contains(&value) => {
            let detail = format!("`{name}` must be 0–10000.");
            Err(Problem::parameter(name, detail))
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
    query: MeantQuery<MatchFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, asked, meant) = query.read(|asked| {
        Ok(if asked.ranks(&caller) {
            Meant::Ranking(ranking(&context, asked)?)
        } else {
            Meant::OnRecord(wanted(&context, &caller, asked)?)
        })
    })?;
    match meant {
        Meant::Ranking(ranking) => {
            let (ranking, link) = rank(&context, &caller, (ranking, asked.walk), page).await?;
            Ok(link.respond_with(&request, &ranking))
        }
        Meant::OnRecord(wanted) => {
            let count = asked.count == Some(true);
            let page = list(&context, &caller, wanted, count, page).await?;
            Ok(page.respond(&request))
        }
    }
}

/// What filters mean: a ranking of what fits now, or what is on record.
enum Meant {
    Ranking(Ranking),
    OnRecord(Listed),
}

/// A ranking of what, in which programme, and of that only what.
type Ranking = (matches::Query, Option<ProgrammeId>, Wanted);

fn ranking(context: &Context, filters: &MatchFilters) -> Result<Ranking, Problem> {
    let mut wrong = Wrong::default();
    let startup: Option<StartupProfileId> =
        wrong.take(query_id("startup", filters.startup.as_deref()));
    let mandate: Option<MandateId> = wrong.take(query_id("mandate", filters.mandate.as_deref()));
    if startup.is_some() && mandate.is_some() {
        let detail = "A ranking is of one `startup` or of one `mandate`.";
        wrong.note(Problem::parameter("mandate", detail));
    }
    if filters.new {
        wrong.note(Problem::parameter("new", "`new` is for a side."));
    }
    for (name, there) in [
        ("count", filters.count == Some(true)),
        ("created_since", filters.created_since.is_some()),
        ("created_until", filters.created_until.is_some()),
        ("updated_since", filters.updated_since.is_some()),
        ("updated_until", filters.updated_until.is_some()),
    ] {
        if there {
            let detail = format!("`{name}` is for what is on record.");
            wrong.note(Problem::parameter(name, detail));
        }
    }
    let about = filters.about(context, &mut wrong);
    let curation = filters.curation.as_deref();
    let outcome = filters.outcome.as_deref();
    let min_score = share("min_score", filters.min_score);
    let min_confidence = share("min_confidence", filters.min_confidence);
    let programme = wrong.take(query_id("programme", filters.programme.as_deref()));
    let wanted = Wanted {
        min_score: wrong.take(min_score).unwrap_or(0),
        min_confidence: wrong.take(min_confidence).unwrap_or(0),
        min_band: wrong.take(query_code("band", filters.band.as_deref(), Band::from_code)),
        undecided: wrong.take(query_code("outcome", outcome, undecided)),
        curation: wrong.take(query_code("curation", curation, Curation::from_code)),
        about,
    };
    wrong.or(())?;
    let of = startup.map(matches::Query::Startup);
    let of = of.or_else(|| mandate.map(matches::Query::Mandate));
    let of = of.ok_or_else(|| Problem::new(Kind::BadQuery))?;
    Ok((of, programme, wanted))
}

async fn rank(
    context: &Context,
    caller: &Caller,
    ((of, programme, wanted), walk): (Ranking, bool),
    page: PageQuery,
) -> Result<(RankingView, PageView<()>), Problem> {
    if page.cursor.is_some() && !walk {
        let detail = "A ranking without `walk` has one page; `limit` says how long it is.";
        return Err(Problem::parameter("cursor", detail));
    }
    let request = Request {
        of,
        programme,
        wanted,
        limit: usize::try_from(page.limit).unwrap_or(usize::MAX),
        walk,
        cursor: page.cursor,
    };
    let (programme, page) = matches::rank(context, caller, request).await?;
    let taxonomy = context.taxonomy();
    let voice = Voice::of(context, caller, &taxonomy);
    let view = RankingView::of(voice, programme, &page.items, page.next.clone());
    let link = PageView {
        items: Vec::new(),
        next_cursor: page.next,
        count: None,
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
    let mut wrong = Wrong::default();
    for (name, there) in [
        ("walk", filters.walk),
        ("outcome", filters.outcome.is_some()),
    ] {
        if there {
            wrong.note(Problem::parameter(
                name,
                format!("`{name}` belongs to a ranking."),
            ));
        }
    }
    let operator = caller.reads_everything();
    for (name, there) in filters.operators() {
        if there && !operator {
            let detail = format!("`{name}` is for the operator's people.");
            wrong.note(Problem::parameter(name, detail));
        }
    }
    if filters.new && operator {
        wrong.note(Problem::parameter("new", "`new` is for a side."));
    }
    let (status, curation) = (filters.status.as_deref(), filters.curation.as_deref());
    let (created, updated) = query_spans(
        [
            filters.created_since.as_deref(),
            filters.created_until.as_deref(),
        ],
        [
            filters.updated_since.as_deref(),
            filters.updated_until.as_deref(),
        ],
        &mut wrong,
    );
    let min_confidence = share("min_confidence", filters.min_confidence);
    let filter = Filter {
        programme: wrong.take(query_id("programme", filters.programme.as_deref())),
        startup_profile: wrong.take(query_id("startup", filters.startup.as_deref())),
        mandate: wrong.take(query_id("mandate", filters.mandate.as_deref())),
        status: wrong.take(query_code("status", status, MatchStatus::from_code)),
        min_band: wrong.take(query_code("band", filters.band.as_deref(), Band::from_code)),
        min_score: wrong.take(share("min_score", filters.min_score)),
        min_confidence: wrong.take(min_confidence),
        curation: wrong.take(query_code("curation", curation, Curation::from_code)),
        created,
        updated,
        ..Filter::default()
    };
    let about = filters.about(context, &mut wrong);
    wrong.or(Listed {
        filter,
        about,
        new: filters.new,
    })
}

async fn list(
    context: &Context,
    caller: &Caller,
    wanted: Listed,
    counted: bool,
    page: PageQuery,
) -> Result<PageView<MatchView>, Problem> {
    let count = if counted {
        Some(counts::matches(context, caller, wanted.clone()).await?)
    } else {
        None
    };
    let page = matches::list(context, caller, wanted, page.into()).await?;
    let shown = teasers::show(context, caller, page.items).await?;
    let taxonomy = context.taxonomy();
    let voice = Voice::of(context, caller, &taxonomy);
    Ok(PageView {
        items: shown
            .iter()
            .map(|shown| MatchView::of(voice, shown))
            .collect(),
        next_cursor: page.next,
        count: count.map(Into::into),
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
