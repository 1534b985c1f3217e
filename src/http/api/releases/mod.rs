//! Releasing many matches of a programme, and how it does that by itself.
//!
//! | module | holds |
//! |---|---|
//! | here | a look at what would go out, and its confirmation |
//! | `settings` | the programme's rule, its fairness, and how even it was |

mod settings;
mod view;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::exchange::{body_id, created, intent, moved, path_id};
use super::values::{code, within};
use crate::domain::fault::Faults;
use crate::domain::ids::{ProgrammeId, ReleaseId};
use crate::domain::releasing::{MOST_LINES, ReleaseAction};
use crate::domain::review::Audience;
use crate::domain::scoring::Band;
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, JsonBody};
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::paging::PageRequest;
use crate::services::releases::{self, Wanted};
use crate::services::{Caller, Context};

use view::{ReleaseSummaryView, ReleaseView};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_release)
        .service(list_releases)
        .service(get_release)
        .service(move_release)
        .configure(settings::routes);
}

/// Which matches to release.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRelease {
    /// To whom: `startup`, `investor` or `both`.
    #[schema(max_length = 10, example = "both")]
    to: String,
    /// These matches; without any the programme's candidates, pinned ones
    /// first, then the best.
    #[serde(default)]
    #[schema(max_items = 200)]
    matches: Vec<String>,
    /// Of the candidates only those from that band upwards.
    #[schema(max_length = 10, example = "good")]
    min_band: Option<String>,
    /// Of the candidates only those of that mandate.
    #[schema(format = "uuid", max_length = 36)]
    mandate: Option<String>,
    /// So many candidates are looked at.
    #[serde(default = "fifty")]
    #[schema(minimum = 1, maximum = 200, default = 50)]
    limit: usize,
}

const fn fifty() -> usize {
    50
}

impl NewRelease {
    fn read(&self) -> Result<Wanted, Faults> {
        let mut faults = Faults::new();
        let to = code(&mut faults, "/to", &self.to, Audience::ALL);
        within(&mut faults, "/matches", self.matches.len(), MOST_LINES);
        let mut matches = Vec::new();
        for (place, id) in self.matches.iter().enumerate() {
            let id = body_id(&mut faults, &format!("/matches/{place}"), id);
            matches.extend(id.filter(|id| !matches.contains(id)));
        }
        let band = self.min_band.as_deref();
        let min_band = band.and_then(|band| code(&mut faults, "/min_band", band, Band::ALL));
        let mandate = self.mandate.as_deref();
        let mandate = mandate.and_then(|id| body_id(&mut faults, "/mandate", id));
        if !(1..=MOST_LINES).contains(&self.limit) {
            let detail = format!("`limit` is 1 to {MOST_LINES}.");
            faults.push("/limit", "out_of_range", detail);
        }
        if !self.matches.is_empty() && (self.min_band.is_some() || self.mandate.is_some()) {
            let detail = "Name matches, or say which candidates.";
            faults.push("/matches", "not_taken", detail);
        }
        match to {
            Some(to) if faults.is_empty() => Ok(Wanted {
                to,
                matches,
                min_band,
                mandate,
                limit: self.limit,
            }),
            _ => Err(faults),
        }
    }
}

/// Looks at what releasing many matches would mean.
///
/// Answers what would go out to whom, and for each match that would not the
/// reason: the gate, a veto, its state, the mandate's week, the programme's
/// fairness. Nobody sees anything yet; for an hour the release can be
/// confirmed as it was looked at. At most 200 matches.
#[utoipa::path(
    operation_id = "create_release",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewRelease,
    responses((status = 201, description = "Looked at.", body = ReleaseView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/programmes/{id}/releases")]
async fn create_release(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: DocumentBody<NewRelease>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/releases";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let programme: ProgrammeId = path_id(&id)?;
    let wanted = body.read(|it| it.read())?;
    let made = releases::preview(&context, &caller, intent, programme, wanted).await?;
    let view = told(&context, &caller, programme, made.id).await?;
    let place = format!("/v1/programmes/{programme}/releases/{}", made.id);
    Ok(created(place, made.version, &view))
}

async fn told(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    id: ReleaseId,
) -> Result<ReleaseView, Problem> {
    let told = releases::find(context, caller, programme, id).await?;
    Ok(ReleaseView::from(&told))
}

/// Lists the releases of a programme, oldest first.
#[utoipa::path(
    operation_id = "list_releases",
    tag = "matches",
    params(("id" = String, Path, format = "uuid", max_length = 36), PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ReleaseSummaryView>))
)]
#[get("/v1/programmes/{id}/releases")]
async fn list_releases(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest::from(query.page);
    let page = releases::list(&context, &caller, path_id(&id)?, page).await?;
    let page = PageView::of(page, |release| ReleaseSummaryView::from(&release));
    Ok(page.respond(&request))
}

/// One release, with every match that was looked at.
#[utoipa::path(
    operation_id = "get_release",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("release" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 1000),
    ),
    responses((status = 200, description = "The release.", body = ReleaseView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/programmes/{id}/releases/{release}")]
async fn get_release(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (programme, id) = (path_id(&path.0)?, path_id(&path.1)?);
    let view = told(&context, &caller, programme, id).await?;
    Ok(versioned(&request, view.version(), &view))
}

/// What to do with a release.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReleaseTransition {
    /// `confirm` or `cancel`.
    #[schema(max_length = 40, example = "confirm")]
    action: String,
}

/// Confirms a release, or gives it up.
///
/// A confirmation is bound to the version that was looked at: a match that
/// changed since then is skipped, and so is one for which the gate has closed
/// or the week is full by now. It answers when everything is out; one that was
/// cut off goes on by itself, or when it is confirmed again.
#[utoipa::path(
    operation_id = "move_release",
    tag = "matches",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("release" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewReleaseTransition,
    responses((status = 200, description = "Done.", body = ReleaseView, headers(("ETag" = String))))
)]
#[post("/v1/programmes/{id}/releases/{release}/transitions")]
async fn move_release(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (path, key, if_match): (web::Path<(String, String)>, IdempotencyKey, IfMatch),
    body: JsonBody<NewReleaseTransition>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/releases/{release}/transitions";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let ids: (ProgrammeId, ReleaseId) = (path_id(&path.0)?, path_id(&path.1)?);
    let found = releases::find(&context, &caller, ids.0, ids.1);
    let expected = if_match.version_of(found).await?;
    let mut faults = Faults::new();
    let action = body.into_inner().action;
    let action = code(&mut faults, "/action", &action, ReleaseAction::ALL).ok_or(faults)?;
    releases::transition(&context, &caller, intent, ids, expected, action).await?;
    let view = told(&context, &caller, ids.0, ids.1).await?;
    Ok(moved(view.version(), &view))
}
