//! How a programme releases by itself, how fair it is, and how even it was.

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::fault::Faults;
use crate::domain::ids::ProgrammeId;
use crate::domain::releasing::{ByRule, Fairness, ReleaseSettings};
use crate::domain::review::Audience;
use crate::domain::scoring::Band;
use crate::http::api::exchange::{intent, moved, path_id};
use crate::http::api::matches::PartyView;
use crate::http::api::values::{code, time};
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::{IfMatch, versioned};
use crate::http::problem::Problem;
use crate::http::query_string::within;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::releases::{self, Report, Shown};

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get_release_settings)
        .service(put_release_settings)
        .service(get_exposure);
}

/// What a programme releases by itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReleaseByRule)]
pub struct ByRuleView {
    /// From which band upwards.
    #[schema(max_length = 10, example = "strong")]
    from: String,
    /// To whom: `startup`, `investor` or `both`.
    #[schema(max_length = 10, example = "both")]
    to: String,
}

/// How evenly a programme shows its startups.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Fairness)]
pub struct FairnessView {
    /// How often one startup is shown to investors within the window at most.
    #[schema(minimum = 1, maximum = 10_000, example = 20)]
    cap: i64,
    /// Days that the window is long.
    #[schema(minimum = 1, maximum = 365, example = 30)]
    window_days: i64,
    /// The share of each mandate's places, in basis points, that is kept for
    /// startups that were shown little.
    #[schema(minimum = 0, maximum = 10_000, example = 2_000)]
    share: i64,
    /// Shown at most so often within the window is little.
    #[schema(minimum = 0, maximum = 10_000, example = 1)]
    little: i64,
}

/// How a programme releases.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReleaseSettings {
    /// What goes out by itself; null for nothing.
    by_rule: Option<ByRuleView>,
    /// How evenly what goes out in bulk and by itself is spread; null for as it
    /// comes.
    fairness: Option<FairnessView>,
}

impl NewReleaseSettings {
    fn read(&self) -> Result<(Option<ByRule>, Option<Fairness>), Faults> {
        let mut faults = Faults::new();
        let by_rule = self.by_rule.as_ref().and_then(|rule| {
            let from = code(&mut faults, "/by_rule/from", &rule.from, Band::ALL);
            let to = code(&mut faults, "/by_rule/to", &rule.to, Audience::ALL);
            Some(ByRule {
                from: from?,
                to: to?,
            })
        });
        if let Some(fairness) = &self.fairness {
            for (name, value, least, most) in [
                ("cap", fairness.cap, 1, 10_000),
                ("window_days", fairness.window_days, 1, 365),
                ("share", fairness.share, 0, 10_000),
                ("little", fairness.little, 0, 10_000),
            ] {
                if !(least..=most).contains(&value) {
                    let detail = format!("`{name}` is {least} to {most}.");
                    faults.push(format!("/fairness/{name}"), "out_of_range", detail);
                }
            }
        }
        faults.finish()?;
        let fairness = self.fairness.as_ref().map(|fairness| Fairness {
            cap: fairness.cap,
            window_days: fairness.window_days,
            share: fairness.share,
            little: fairness.little,
        });
        Ok((by_rule, fairness))
    }
}

/// How a programme releases.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReleaseSettings)]
pub struct ReleaseSettingsView {
    /// Of which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// What goes out by itself; null for nothing.
    by_rule: Option<ByRuleView>,
    /// How evenly it is spread; null for as it comes.
    fairness: Option<FairnessView>,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl From<&ReleaseSettings> for ReleaseSettingsView {
    fn from(settings: &ReleaseSettings) -> Self {
        Self {
            programme: settings.programme.to_string(),
            by_rule: settings.by_rule.map(|rule| ByRuleView {
                from: rule.from.code().to_owned(),
                to: rule.to.code().to_owned(),
            }),
            fairness: settings.fairness.map(|fairness| FairnessView {
                cap: fairness.cap,
                window_days: fairness.window_days,
                share: fairness.share,
                little: fairness.little,
            }),
            version: settings.version,
            updated_at: time(settings.updated_at),
        }
    }
}

/// How a programme releases, for the operator's people.
#[utoipa::path(
    operation_id = "get_release_settings",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-None-Match" = Option<String>, Header, max_length = 1000),
    ),
    responses((status = 200, description = "The settings.", body = ReleaseSettingsView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/programmes/{id}/release-settings")]
async fn get_release_settings(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = releases::settings_of(&context, &caller, path_id(&id)?).await?;
    let view = ReleaseSettingsView::from(&found);
    Ok(versioned(&request, found.version, &view))
}

/// Changes how a programme releases, for curators.
///
/// With `by_rule` candidates from that band upwards go out by themselves,
/// every few minutes: those whose gates all pass, within what each mandate
/// takes a week. `fairness` holds for these and for what is released in bulk;
/// the ranking itself never knows of it.
#[utoipa::path(
    operation_id = "put_release_settings",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewReleaseSettings,
    responses((status = 200, description = "Changed.", body = ReleaseSettingsView, headers(("ETag" = String))))
)]
#[put("/v1/programmes/{id}/release-settings")]
async fn put_release_settings(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, if_match): (web::Path<String>, IdempotencyKey, IfMatch),
    body: DocumentBody<NewReleaseSettings>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "PUT /v1/programmes/{id}/release-settings";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id: ProgrammeId = path_id(&id)?;
    let found = releases::settings_of(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let wanted = body.read(|it| it.read())?;
    let after = releases::change(&context, &caller, intent, id, expected, wanted).await?;
    Ok(moved(after.version, &ReleaseSettingsView::from(&after)))
}

/// For how long back.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExposureQuery {
    /// Days back from now.
    #[serde(default = "thirty", deserialize_with = "within::<_, _, 1, 3650>")]
    #[param(minimum = 1, maximum = 3650, default = 30)]
    days: i64,
}

const fn thirty() -> i64 {
    30
}

/// How often a startup was shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StartupShown)]
pub struct ShownView {
    /// Which.
    startup: PartyView,
    /// How often.
    #[schema(minimum = 0)]
    times: i64,
}

impl From<&Shown> for ShownView {
    fn from(shown: &Shown) -> Self {
        Self {
            startup: PartyView::from(&shown.startup),
            times: shown.times,
        }
    }
}

/// How evenly a programme showed its startups to investors.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExposureReport)]
pub struct ExposureView {
    /// Since when.
    #[schema(format = "date-time", max_length = 35)]
    since: String,
    /// How often any startup was shown to an investor.
    #[schema(minimum = 0)]
    showings: i64,
    /// Startups that are published in the programme or were shown.
    #[schema(minimum = 0)]
    startups: usize,
    /// Of these, how many were not shown at all.
    #[schema(minimum = 0)]
    never_shown: usize,
    /// The share of the three that were shown most, in basis points.
    #[schema(minimum = 0, maximum = 10000, example = 3200)]
    top_three: i64,
    /// Gini's coefficient in basis points: 0 when all were shown alike.
    #[schema(minimum = 0, maximum = 10000, example = 4100)]
    gini: i64,
    /// Those shown most, the most shown first.
    #[schema(max_items = 20)]
    most: Vec<ShownView>,
    /// Those shown least, the least shown first.
    #[schema(max_items = 20)]
    least: Vec<ShownView>,
    /// What the programme does about it.
    settings: ReleaseSettingsView,
}

impl From<&Report> for ExposureView {
    fn from(report: &Report) -> Self {
        Self {
            since: time(report.since),
            showings: report.showings,
            startups: report.startups,
            never_shown: report.never_shown,
            top_three: report.concentration.top_three,
            gini: report.concentration.gini,
            most: report.most.iter().map(ShownView::from).collect(),
            least: report.least.iter().map(ShownView::from).collect(),
            settings: ReleaseSettingsView::from(&report.settings),
        }
    }
}

/// How evenly a programme showed its startups, for the operator's people.
#[utoipa::path(
    operation_id = "get_exposure",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), ExposureQuery),
    responses((status = 200, description = "The report.", body = ExposureView))
)]
#[get("/v1/programmes/{id}/exposure")]
async fn get_exposure(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    query: Query<ExposureQuery>,
) -> Result<HttpResponse, Problem> {
    let days = query.0.days;
    let report = releases::exposure(&context, &caller, path_id(&id)?, days).await?;
    Ok(HttpResponse::Ok().json(ExposureView::from(&report)))
}
