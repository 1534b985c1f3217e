//! Compliance's queue, and its decisions in bulk.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{intent, path_id, query_id};
use super::introduction_file::FileView;
use super::values::{parsed, time, within};
use crate::domain::disclosure::Rule;
use crate::domain::fault::Faults;
use crate::domain::ids::IntroductionId;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{ListQuery, PageQuery, PageView};
use crate::http::problem::{Kind, Problem};
use crate::http::registry::ServiceConfig;
use crate::services::paging::PageRequest;
use crate::services::review_records::{Kind as Waiting, Waits};
use crate::services::reviews::{
    self, Entry, Filter, Outcome, Record, Review, Ruling, Scope, Worded,
};
use crate::services::{Context, introduction_file};

/// Most characters of a reason.
const REASON_MAX: usize = 2_000;
/// Most scopes of one request.
const MOST: usize = 50;
/// Most introductions that one request says were read.
const MOST_READ: usize = 200;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_reviews)
        .service(decide_reviews)
        .service(get_introduction_file);
}

/// What a decision covers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReviewScope)]
pub struct ScopeView {
    /// Which startup's profile.
    #[schema(format = "uuid", max_length = 36)]
    startup_profile: String,
    /// At which revision; a decision doesn't hold for another one.
    #[schema(minimum = 1, example = 3)]
    revision: i64,
    /// In which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// Towards firms of which country, ISO 3166 alpha-2; absent where the
    /// investor's isn't known, and then nothing can be released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 2, max_length = 2, example = "AZ")]
    country: Option<String>,
}

impl From<&Scope> for ScopeView {
    fn from(scope: &Scope) -> Self {
        Self {
            startup_profile: scope.profile.to_string(),
            revision: scope.revision,
            programme: scope.programme.to_string(),
            country: scope.country.map(|country| country.to_string()),
        }
    }
}

impl ScopeView {
    fn read(&self, faults: &mut Faults, at: &str) -> Option<Scope> {
        let profile = parsed(
            faults,
            &format!("{at}/startup_profile"),
            "not_an_id",
            &self.startup_profile,
        );
        let programme = parsed(
            faults,
            &format!("{at}/programme"),
            "not_an_id",
            &self.programme,
        );
        let country = match &self.country {
            Some(code) => Some(parsed(
                faults,
                &format!("{at}/country"),
                "unknown_country",
                code,
            )?),
            None => None,
        };
        Some(Scope {
            profile: profile?,
            revision: self.revision,
            programme: programme?,
            country,
        })
    }
}

/// A sensitive tag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SensitiveTag)]
pub struct SensitiveTagView {
    /// Which.
    #[schema(max_length = 80, example = "counter_uas")]
    slug: String,
    /// `review`, `restricted` or `prohibited`.
    #[schema(max_length = 20, example = "restricted")]
    sensitivity: String,
    /// Whether what was decided before covers it.
    decided: bool,
}

/// An introduction whose request has to be read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WordedRequest)]
pub struct WordedView {
    /// Which.
    #[schema(format = "uuid", max_length = 36)]
    introduction: String,
    /// Its version.
    #[schema(minimum = 1, example = 2)]
    version: i64,
    /// The words in question; the introduction has the whole text.
    #[schema(max_items = 1000)]
    words: Vec<String>,
}

impl From<Worded> for WordedView {
    fn from(worded: Worded) -> Self {
        Self {
            introduction: worded.introduction.to_string(),
            version: worded.version,
            words: worded.words,
        }
    }
}

/// A request that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReadRequest)]
pub struct ReadView {
    /// Which introduction.
    #[schema(format = "uuid", max_length = 36)]
    introduction: String,
    /// In which version.
    #[schema(minimum = 1, example = 2)]
    version: i64,
}

/// One question to compliance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
pub struct ReviewView {
    /// What a decision would cover, of a question of the gate; absent on a record
    /// that waits by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<ScopeView>,
    /// The record that waits by itself; absent on a question of the gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<ReviewRecordView>,
    /// Whose profile; of a record the first firm that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    startup: Option<String>,
    /// What the firm is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    startup_name: Option<String>,
    /// The words of a record that are in question, as they stand there.
    #[schema(max_items = 1000)]
    words: Vec<String>,
    /// The rules of the gate that are open, or that deny by now.
    #[schema(max_items = 20)]
    rules: Vec<&'static str>,
    /// The profile's sensitive tags.
    #[schema(max_items = 20)]
    tags: Vec<SensitiveTagView>,
    /// Whether an answer to export control asks for a look.
    control_answers: bool,
    /// Whether two people have to say so.
    two_people: bool,
    /// How many have, of everything that is open.
    #[schema(minimum = 0)]
    released_by: usize,
    /// Matches that wait on it.
    #[schema(max_items = 500)]
    matches: Vec<String>,
    /// Introductions that wait on it.
    #[schema(max_items = 500)]
    introductions: Vec<String>,
    /// Those whose requests say something that has to be read before they are
    /// let through; a decision names them in `read`.
    #[schema(max_items = 500)]
    worded: Vec<WordedView>,
    /// Since when the first of them waits.
    #[schema(format = "date-time", max_length = 35)]
    since: String,
}

/// A record that waits by itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewRecord)]
pub struct ReviewRecordView {
    /// `startup_profile`, `investor_profile`, `document`, `deal_note`, `practice`
    /// or `licence`.
    #[schema(max_length = 20, example = "deal_note")]
    kind: &'static str,
    /// Which.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// The firms that it is about.
    #[schema(max_items = 2)]
    about: Vec<String>,
    /// Where it is decided.
    #[schema(max_length = 200)]
    act: String,
}

impl From<&Waits> for ReviewRecordView {
    fn from(waits: &Waits) -> Self {
        let id = waits.id.to_string();
        let (kind, act) = match waits.kind {
            Waiting::StartupProfile => (
                "startup_profile",
                format!("/v1/startup-profiles/{id}/compliance-agreement"),
            ),
            Waiting::InvestorProfile => (
                "investor_profile",
                format!("/v1/investor-profiles/{id}/compliance-agreement"),
            ),
            Waiting::Document => ("document", format!("/v1/documents/{id}/transitions")),
            Waiting::DealNote => ("deal_note", format!("/v1/deal-notes/{id}/decisions")),
            // What stands against it is settled for each of the firms.
            Waiting::Practice => ("practice", "/v1/clearances".to_owned()),
            Waiting::Licence => ("licence", format!("/v1/licences/{id}/transitions")),
        };
        Self {
            kind,
            id,
            about: waits.names.clone(),
            act,
        }
    }
}

impl From<Entry> for ReviewView {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Question(review) => Self::from(*review),
            Entry::Record(waits) => Self::from(*waits),
        }
    }
}

impl From<Waits> for ReviewView {
    fn from(waits: Waits) -> Self {
        Self {
            scope: None,
            record: Some(ReviewRecordView::from(&waits)),
            startup: waits.firms.first().map(ToString::to_string),
            startup_name: waits.names.first().cloned(),
            words: waits.words,
            rules: waits.rules.iter().map(|rule| Rule::code(*rule)).collect(),
            tags: vec![],
            control_answers: false,
            two_people: waits.two_people,
            released_by: waits.released_by,
            matches: vec![],
            introductions: vec![],
            worded: vec![],
            since: time(waits.since),
        }
    }
}

impl From<Review> for ReviewView {
    fn from(review: Review) -> Self {
        let tags = review.tags.iter();
        Self {
            scope: Some(ScopeView::from(&review.scope)),
            record: None,
            startup: Some(review.startup.to_string()),
            startup_name: Some(review.startup_name),
            words: vec![],
            rules: review.rules.iter().map(|rule| Rule::code(*rule)).collect(),
            tags: tags
                .map(|tag| SensitiveTagView {
                    slug: tag.slug.to_string(),
                    sensitivity: tag.sensitivity.to_string(),
                    decided: tag.decided,
                })
                .collect(),
            control_answers: review.control_answers,
            two_people: review.two_people,
            released_by: review.released_by,
            matches: review.matches.iter().map(ToString::to_string).collect(),
            introductions: review
                .introductions
                .iter()
                .map(ToString::to_string)
                .collect(),
            worded: review.worded.into_iter().map(WordedView::from).collect(),
            since: time(review.since),
        }
    }
}

/// Which questions.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewFilters {
    /// In that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// About that startup's profile.
    #[param(format = "uuid", max_length = 36)]
    startup_profile: Option<String>,
    /// Towards firms of that country.
    #[param(max_length = 2, example = "AZ")]
    country: Option<String>,
    /// That need two people (`true`) or one (`false`).
    two_people: Option<bool>,
}

impl ReviewFilters {
    fn read(&self) -> Result<Filter, Problem> {
        let country = self.country.as_deref().map(str::parse).transpose();
        let bad = |_| Problem::new(Kind::BadQuery).detail("`country` is no country's code.");
        Ok(Filter {
            programme: query_id("programme", self.programme.as_deref())?,
            profile: query_id("startup_profile", self.startup_profile.as_deref())?,
            country: country.map_err(bad)?,
            two_people: self.two_people,
        })
    }
}

/// Lists everything that waits for compliance, the longest waiting first, for
/// the operator's people.
///
/// A question of the gate is everything that one decision covers: a startup's
/// profile at a revision, in a programme, towards a country. A record that waits
/// by itself (a profile under review, a document, a note about a deal, a practice
/// the gate leaves open, a licence) says where it is decided, with the words in
/// question. The 500 longest waiting of each kind are looked at.
#[utoipa::path(
    operation_id = "list_reviews",
    tag = "compliance",
    params(ReviewFilters, PageQuery),
    responses((status = 200, description = "A page.", body = PageView<ReviewView>))
)]
#[get("/v1/reviews")]
async fn list_reviews(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    query: ListQuery<ReviewFilters>,
) -> Result<HttpResponse, Problem> {
    let filter = query.filters.read()?;
    let page = PageRequest::from(query.page);
    let page = reviews::list(&context, &caller, filter, page).await?;
    Ok(PageView::of(page, ReviewView::from).respond(&request))
}

/// What compliance says to several questions at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRuling {
    /// Which questions.
    #[schema(min_items = 1, max_items = 50)]
    scopes: Vec<ScopeView>,
    /// `release` or `refuse`.
    #[schema(max_length = 10, example = "release")]
    ruling: String,
    /// Why; it is kept with each decision.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "Civil use only; end user known."
    )]
    reason: String,
    /// The introductions with words in question that were read; those that are
    /// not named stay held.
    #[serde(default)]
    #[schema(max_items = 200)]
    read: Vec<ReadView>,
}

/// A ruling, read.
type Ruled = (Vec<Scope>, Ruling, String, BTreeMap<IntroductionId, i64>);

impl NewRuling {
    fn read(&self) -> Result<Ruled, Faults> {
        let mut faults = Faults::new();
        if self.scopes.is_empty() {
            faults.push("/scopes", "required", "Name at least one.");
        }
        let mut scopes = Vec::new();
        if within(&mut faults, "/scopes", self.scopes.len(), MOST) {
            for (place, scope) in self.scopes.iter().enumerate() {
                scopes.extend(scope.read(&mut faults, &format!("/scopes/{place}")));
            }
        }
        scopes.sort_unstable();
        scopes.dedup();
        let ruling = match self.ruling.as_str() {
            "release" => Some(Ruling::Release),
            "refuse" => Some(Ruling::Refuse),
            _ => {
                let detail = "Must be one of release, refuse.";
                faults.push("/ruling", "unknown_code", detail);
                None
            }
        };
        let mut read = BTreeMap::new();
        if within(&mut faults, "/read", self.read.len(), MOST_READ) {
            for (place, one) in self.read.iter().enumerate() {
                let at = format!("/read/{place}/introduction");
                let id = parsed(&mut faults, &at, "not_an_id", &one.introduction);
                read.extend(id.map(|id: IntroductionId| (id, one.version)));
            }
        }
        let reason = bounded(&self.reason, REASON_MAX, true);
        let reason = faults.take("/reason", "invalid_text", reason);
        match (ruling, reason) {
            (Some(ruling), Some(reason)) if faults.is_empty() => Ok((scopes, ruling, reason, read)),
            _ => Err(faults),
        }
    }
}

/// What became of the questions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rulings)]
pub struct RulingsView {
    /// By scope.
    #[schema(max_items = 50)]
    items: Vec<RulingView>,
}

/// What became of one question.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ruled)]
pub struct RulingView {
    /// Which.
    scope: ScopeView,
    /// What became of each record that waited on it; nothing where none does.
    #[schema(max_items = 1000)]
    records: Vec<RuledView>,
}

/// What became of one record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuledRecord)]
pub struct RuledView {
    /// `match` or `introduction`.
    #[schema(max_length = 20, example = "match")]
    kind: &'static str,
    /// Which.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Where it stands now; after the first of two people where it stood.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "candidate")]
    status: Option<String>,
    /// Why it could not move: `second_person_needed`, `revision_changed`,
    /// `words_unread`, `too_many_at_once`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "second_person_needed")]
    refused: Option<String>,
}

impl From<Outcome> for RuledView {
    fn from(outcome: Outcome) -> Self {
        let (kind, id) = match outcome.record {
            Record::Match(id) => ("match", id.to_string()),
            Record::Introduction(id) => ("introduction", id.to_string()),
        };
        let (status, refused) = match outcome.outcome {
            Ok(status) => (Some(status), None),
            Err(code) => (None, Some(code)),
        };
        Self {
            kind,
            id,
            status,
            refused,
        }
    }
}

/// Decides several questions at once, for compliance.
///
/// Each record that waits moves by its own machine: one that can't move doesn't
/// keep the others, and saying the same again moves only what still waits. One
/// request moves 200 records; those beyond say `too_many_at_once` and wait for
/// the next. An introduction with words in question moves only when `read` names
/// it, and says `words_unread` else. A release holds for 12 months at most and for
/// that revision alone; the gate still runs before everything that is shown.
#[utoipa::path(
    operation_id = "decide_reviews",
    tag = "compliance",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 257)),
    request_body = NewRuling,
    responses((status = 200, description = "Decided.", body = RulingsView))
)]
#[post("/v1/reviews/decisions")]
async fn decide_reviews(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    key: IdempotencyKey,
    body: DocumentBody<NewRuling>,
) -> Result<HttpResponse, Problem> {
    let intent = intent("POST /v1/reviews/decisions", &request, &key, body.bytes());
    let (scopes, ruling, reason, read) = body.read(|it| it.read())?;
    let said = (ruling, reason.as_str());
    let decided = reviews::decide(&context, &caller, intent, scopes, said, read).await?;
    let items = decided.into_iter().map(|(scope, records)| RulingView {
        scope: ScopeView::from(&scope),
        records: records.into_iter().map(RuledView::from).collect(),
    });
    let items = items.collect();
    Ok(HttpResponse::Ok().json(RulingsView { items }))
}

/// Everything on record about an introduction, for the operator's people.
///
/// Decisions, what people agreed to, what was shown to whom, hashes of the
/// messages, and the lines of the log with the hashes that chain them.
#[utoipa::path(
    operation_id = "get_introduction_file",
    tag = "compliance",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The file.", body = FileView))
)]
#[get("/v1/introductions/{id}/file")]
async fn get_introduction_file(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let file = introduction_file::read(&context, &caller, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(FileView::from(&file)))
}
