//! Tags that texts speak of. They are suggestions: a person takes those that
//! are right into the profile, with the PATCH that changes anything else.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::path_id;
use super::values::{LocalizedView, localized};
use crate::domain::fault::Faults;
use crate::domain::profile::StartupContent;
use crate::domain::tag::{Tag, Taxonomy};
use crate::domain::tag_words::{Suggested, suggested};
use crate::domain::text::{Language, Localized};
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::preconditions::digested;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::{Context, startups};

/// Most characters of a text.
const MOST: usize = 5_000;
/// Most tags of an answer.
const LIMIT: usize = 10;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(suggest_tags)
        .service(suggest_startup_profile_tags);
}

/// What shall be read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTagSuggestions {
    /// The text, in one or several languages.
    text: LocalizedView,
}

impl NewTagSuggestions {
    fn read(&self) -> Result<Localized, Faults> {
        let mut faults = Faults::new();
        if self.text.is_empty() {
            faults.push(
                "/text",
                "required",
                "Give the text in one language at least.",
            );
        }
        let text = localized(&mut faults, "/text", &self.text, MOST);
        faults.finish().map(|()| text)
    }
}

/// Tags that a text speaks of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagSuggestions)]
pub struct SuggestionsView {
    /// The surest first.
    #[schema(max_items = 10)]
    items: Vec<SuggestionView>,
}

/// A tag that a text speaks of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagSuggestion)]
pub struct SuggestionView {
    /// The tag.
    #[schema(max_length = 80, example = "water_loss")]
    tag: String,
    /// What it is called, in the caller's language.
    #[schema(max_length = 200, example = "Leak detection & non-revenue water")]
    label: String,
    /// How surely, in basis points.
    #[schema(minimum = 0, maximum = 10_000, example = 9_500)]
    score: u32,
    /// The words of the text that it comes from, as they stand there.
    #[schema(max_items = 20, example = json!(["leak", "detection"]))]
    words: Vec<String>,
    /// How carefully the tag is handled: `none`, `review`, `restricted` or
    /// `prohibited`.
    #[schema(max_length = 20, example = "none")]
    sensitivity: &'static str,
}

impl SuggestionsView {
    fn of<'a>(
        taxonomy: &Taxonomy,
        reader: &Language,
        texts: impl IntoIterator<Item = &'a Localized>,
        held: impl Fn(&Suggested) -> bool,
    ) -> Self {
        let texts = texts.into_iter().flat_map(Localized::iter);
        let texts = texts.map(|(_, local)| local.text.as_str());
        let found = suggested(taxonomy, texts, 2 * LIMIT).into_iter();
        let label = |it: &Suggested| {
            let tag: Option<&Tag> = taxonomy.tag(&it.slug);
            tag.map(|tag| tag.labels.for_reader(reader).to_owned())
        };
        let items = found.filter(|it| !held(it)).take(LIMIT);
        let items = items.map(|it| SuggestionView {
            label: label(&it).unwrap_or_default(),
            tag: it.slug.to_string(),
            score: it.score,
            words: it.words,
            sensitivity: it.sensitivity.code(),
        });
        Self {
            items: items.collect(),
        }
    }
}

/// Suggests tags for a text, in any of the languages of the labels: by labels
/// and aliases, through inflection and across scripts, each with the words that
/// it comes from. Nothing is stored; a person takes what is right.
#[utoipa::path(
    operation_id = "suggest_tags",
    tag = "taxonomy",
    request_body = NewTagSuggestions,
    responses((status = 200, description = "The surest first.", body = SuggestionsView))
)]
#[post("/v1/tag-suggestions")]
async fn suggest_tags(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    body: DocumentBody<NewTagSuggestions>,
) -> Result<HttpResponse, Problem> {
    let text = body.read(|it| it.read())?;
    let reader = &caller.user.language;
    let view = SuggestionsView::of(&context.taxonomy(), reader, [&text], |_| false);
    Ok(HttpResponse::Ok().json(view))
}

/// Suggests tags for a startup's profile that it doesn't name yet, from its
/// one-liner and summary in all their languages.
#[utoipa::path(
    operation_id = "suggest_startup_profile_tags",
    tag = "startup profiles",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses(
        (status = 200, description = "The surest first.", body = SuggestionsView, headers(("ETag" = String))),
        (status = 304, description = "The caller has them."),
    )
)]
#[get("/v1/startup-profiles/{id}/tag-suggestions")]
async fn suggest_startup_profile_tags(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = startups::find(&context, &caller, path_id(&id)?).await?;
    let StartupContent {
        one_liner, summary, ..
    } = &found.content;
    let held = |it: &Suggested| found.content.all_tags().any(|tag| *tag == it.slug);
    let reader = &caller.user.language;
    let texts = [one_liner, summary];
    let view = SuggestionsView::of(&context.taxonomy(), reader, texts, held);
    digested(&request, &view)
}
