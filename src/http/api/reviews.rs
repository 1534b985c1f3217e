//! Compliance's queue, and its decisions in bulk.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exchange::{intent, path_id, query_code, query_id};
use super::finding::{Wrong, query_country, query_time, tag};
use super::held::{HELD_MOST, HeldView, ScopeView};
use super::introduction_file::FileView;
use super::values::{no_end_of_a_refusal, parsed, release_until, time, within};
use crate::domain::compliance::WaitingKind;
use crate::domain::disclosure::Rule;
use crate::domain::fault::Faults;
use crate::domain::ids::IntroductionId;
use crate::domain::release::Leave;
use crate::domain::tag::Taxonomy;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::paging::{MeantQuery, PageQuery, PageView};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::paging::PageRequest;
use crate::services::review_records::Waits;
use crate::services::reviews::{
    self, Entry, Filter, Outcome, Record, Review, Ruling, Scope, Worded,
};
use crate::services::{Context, counts, introduction_file};

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
    /// Of a practice, what waits for a release; its decision names what of it was
    /// read.
    #[schema(max_items = 50)]
    held: Vec<HeldView>,
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
    /// How many matches and introductions wait on it, or 1 for a record that waits
    /// by itself.
    #[schema(minimum = 1, example = 3)]
    waiting: usize,
    /// Matches that wait on it: the 100 that do longest.
    #[schema(max_items = 100)]
    matches: Vec<String>,
    /// Introductions that wait on it: the 100 that do longest.
    #[schema(max_items = 100)]
    introductions: Vec<String>,
    /// Those whose requests say something that has to be read before they are
    /// let through; a decision names them in `read`.
    #[schema(max_items = 100)]
    worded: Vec<WordedView>,
    /// Since when the first of them waits.
    #[schema(format = "date-time", max_length = 35)]
    since: String,
}

/// A record that waits by itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewRecord)]
pub struct ReviewRecordView {
    /// `startup_profile`, `investor_profile`, `document`, `deal_note`, `held_text`,
    /// `practice` or `licence`.
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
        let act = match waits.kind {
            WaitingKind::StartupProfile => {
                format!("/v1/startup-profiles/{id}/compliance-agreement")
            }
            WaitingKind::InvestorProfile => {
                format!("/v1/investor-profiles/{id}/compliance-agreement")
            }
            WaitingKind::Document => format!("/v1/documents/{id}/transitions"),
            WaitingKind::DealNote => format!("/v1/deal-notes/{id}/decisions"),
            WaitingKind::HeldText => format!("/v1/held-texts/{id}/transitions"),
            WaitingKind::Practice if !waits.held.is_empty() => {
                format!("/v1/practices/{id}/decisions")
            }
            // What stands against it is settled for each of the firms.
            WaitingKind::Practice => "/v1/clearances".to_owned(),
            WaitingKind::Licence => format!("/v1/licences/{id}/transitions"),
            // No record is one.
            WaitingKind::Question => "/v1/reviews/decisions".to_owned(),
        };
        Self {
            kind: waits.kind.code(),
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
            held: waits
                .held
                .iter()
                .take(HELD_MOST)
                .map(HeldView::from)
                .collect(),
            rules: waits.rules.iter().map(|rule| Rule::code(*rule)).collect(),
            tags: vec![],
            control_answers: false,
            two_people: waits.two_people,
            released_by: waits.released_by,
            waiting: 1,
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
            held: vec![],
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
            waiting: review.waiting,
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

/// Which of what waits.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewFilters {
    /// Of that kind: `question`, `startup_profile`, `investor_profile`, `document`,
    /// `deal_note`, `held_text`, `practice` or `licence`.
    #[param(max_length = 20, example = "question")]
    kind: Option<String>,
    /// In that programme.
    #[param(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// About that startup's profile.
    #[param(format = "uuid", max_length = 36)]
    startup_profile: Option<String>,
    /// Towards firms of that country. A record that waits by itself is decided for
    /// all countries, and is left out.
    #[param(max_length = 2, example = "AZ")]
    country: Option<String>,
    /// About a startup's profile with that tag, or one below it.
    #[param(max_length = 60, example = "cyber_commercial")]
    tag: Option<String>,
    /// That began to wait at that time or later.
    #[param(format = "date-time", max_length = 40)]
    since: Option<String>,
    /// That need two people (`true`) or one (`false`).
    two_people: Option<bool>,
    /// Whether to say how many there are over all pages, up to 1000 and as far as
    /// one request looks.
    count: Option<bool>,
}

impl ReviewFilters {
    fn read(&self, taxonomy: &Taxonomy) -> Result<Filter, Problem> {
        let mut wrong = Wrong::default();
        let tag = self.tag.as_deref().map(|word| tag(word, taxonomy));
        let kind = query_code("kind", self.kind.as_deref(), WaitingKind::from_code);
        let profile = query_id("startup_profile", self.startup_profile.as_deref());
        let filter = Filter {
            kind: wrong.take(kind),
            programme: wrong.take(query_id("programme", self.programme.as_deref())),
            profile: wrong.take(profile),
            country: wrong.take(query_country("country", self.country.as_deref())),
            tag: wrong.take(tag.transpose()),
            since: wrong.take(query_time("since", self.since.as_deref())),
            two_people: self.two_people,
        };
        wrong.or(filter)
    }
}

/// Lists everything that waits for compliance, the longest waiting first, for
/// the operator's people.
///
/// A question of the gate is everything that one decision covers: a startup's
/// profile at a revision, in a programme, towards a country. A record that waits
/// by itself (a profile under review with something sensitive, a document, a note
/// about a deal, words of a practice or a programme, a practice the gate leaves
/// open, a licence) says where it is
/// decided, with the words in question. A page may be shorter than asked for, and
/// even empty, while more is at its `next_cursor`: where few of those that wait
/// are asked for, one request looks at a part of them only.
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
    query: MeantQuery<ReviewFilters>,
) -> Result<HttpResponse, Problem> {
    let (page, asked, filter) = query.read(|it| it.read(&context.taxonomy()))?;
    let count = match asked.count {
        Some(true) => Some(counts::reviews(&context, &caller, filter.clone()).await?),
        _ => None,
    };
    let page = PageRequest::from(page);
    let page = reviews::list(&context, &caller, filter, page).await?;
    let page = PageView::of(page, ReviewView::from);
    Ok(page.counted(count).respond(&request))
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
    /// Of a release, the last day on which it holds, within 12 months; 12 months
    /// where none is named. It ends earlier with the export licence it rests on.
    #[schema(format = "date", max_length = 10, example = "2027-05-31")]
    valid_to: Option<String>,
    /// The introductions with words in question that were read; those that are
    /// not named stay held.
    #[serde(default)]
    #[schema(max_items = 200)]
    read: Vec<ReadView>,
}

/// A ruling, read.
type Ruled = (Vec<Scope>, Ruling, Leave, BTreeMap<IntroductionId, i64>);

impl NewRuling {
    fn read(&self, now: DateTime<Utc>) -> Result<Ruled, Faults> {
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
            "refuse" => {
                no_end_of_a_refusal(&mut faults, self.valid_to.as_deref());
                Some(Ruling::Refuse)
            }
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
        let until = release_until(&mut faults, self.valid_to.as_deref(), now);
        match (ruling, reason) {
            (Some(ruling), Some(reason)) if faults.is_empty() => {
                Ok((scopes, ruling, Leave { reason, until }, read))
            }
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
/// it, and says `words_unread` else. A release holds until `valid_to` and for
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
    let (scopes, ruling, leave, read) = body.read(|it| it.read(context.now()))?;
    let said = (ruling, leave);
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
