//! Tags as curators write them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::labels;
use crate::domain::fault::Faults;
use crate::domain::tag::keeping::TagAction;
use crate::domain::tag::{Labels, Sensitivity, TagKind};
use crate::domain::text::{Language, Slug, bounded};
use crate::http::api::exchange::check_fields;
use crate::http::api::values::{LocalizedView, code, day, each, localized, parsed};
use crate::services::tags::{NewTag, TagContent, TagMove};

/// Most characters of a label or an alias.
const LONGEST: usize = 120;
/// Most aliases of a tag.
const ALIASES: usize = 200;
/// Most languages of one request.
const LANGUAGES: usize = 20;
/// Most characters of a reason.
const REASON: usize = 2_000;

/// What a tag says: what a PATCH is laid over.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TagDocument {
    /// What people read, by language; English is required. A label in Hebrew,
    /// Azerbaijani or Russian may come later, or be marked `machine`: the tag is
    /// listed as waiting for it.
    labels: LocalizedView,
    /// Other words for it, in any language; one names one tag only.
    #[serde(default)]
    #[schema(max_items = 200, example = json!(["drip irrigation"]))]
    aliases: Vec<String>,
    /// What it belongs under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80, example = "agri_food")]
    parent: Option<String>,
    /// The first day on which it can be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10, example = "2027-01-01")]
    valid_from: Option<String>,
    /// The last day on which it can be chosen; who holds it keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10, example = "2027-12-31")]
    valid_to: Option<String>,
}

impl From<&TagContent> for TagDocument {
    fn from(content: &TagContent) -> Self {
        Self {
            labels: labels(&content.labels),
            aliases: content.aliases.clone(),
            parent: content.parent.as_ref().map(ToString::to_string),
            valid_from: content.valid_from.map(|day| day.to_string()),
            valid_to: content.valid_to.map(|day| day.to_string()),
        }
    }
}

impl TagDocument {
    /// What it says.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(&self) -> Result<TagContent, Faults> {
        let mut faults = Faults::new();
        let texts = localized(&mut faults, "/labels", &self.labels, LONGEST);
        if !self.labels.contains_key("en") {
            faults.push("/labels/en", "required", "A label in English is required.");
        }
        let parent = (self.parent.as_deref())
            .and_then(|text| parsed::<Slug>(&mut faults, "/parent", "not_a_slug", text));
        let mut bound = |pointer: &str, text: Option<&str>| {
            text.and_then(|text| day(&mut faults, pointer, text))
        };
        let valid_from = bound("/valid_from", self.valid_from.as_deref());
        let valid_to = bound("/valid_to", self.valid_to.as_deref());
        if let (Some(first), Some(last)) = (valid_from, valid_to)
            && last < first
        {
            faults.push("/valid_to", "out_of_range", "It ends before it begins.");
        }
        let alias = |faults: &mut Faults, place: &str, text: &str| {
            faults.take(place, "bad_text", bounded(text, LONGEST, false))
        };
        let aliases = each(&mut faults, "/aliases", &self.aliases, ALIASES, alias);
        faults.finish()?;
        Ok(TagContent {
            labels: Labels::from(&texts),
            aliases,
            parent,
            valid_from,
            valid_to,
        })
    }
}

/// A tag to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTag)]
pub struct NewTagDocument {
    /// Its name in data; it never changes.
    #[schema(max_length = 80, pattern = "^[a-z0-9_]+$", example = "drip_irrigation")]
    slug: String,
    /// `sector`, `tag` or `technology`.
    #[schema(max_length = 20, example = "tag")]
    kind: String,
    /// How carefully it is handled: `none`, `review`, `restricted` or
    /// `prohibited`.
    #[serde(default = "none")]
    #[schema(max_length = 20, default = "none", example = "none")]
    sensitivity: String,
    /// What people read, by language; English is required. A label in Hebrew,
    /// Azerbaijani or Russian may come later, or be marked `machine`: the tag is
    /// listed as waiting for it.
    labels: LocalizedView,
    /// Other words for it, in any language; one names one tag only.
    #[serde(default)]
    #[schema(max_items = 200, example = json!(["micro irrigation"]))]
    aliases: Vec<String>,
    /// What it belongs under.
    #[schema(max_length = 80, example = "agri_food")]
    parent: Option<String>,
    /// The first day on which it can be chosen.
    #[schema(format = Date, max_length = 10, example = "2027-01-01")]
    valid_from: Option<String>,
    /// The last day on which it can be chosen.
    #[schema(format = Date, max_length = 10, example = "2027-12-31")]
    valid_to: Option<String>,
}

fn none() -> String {
    Sensitivity::None.code().to_owned()
}

impl NewTagDocument {
    /// The tag.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(self) -> Result<NewTag, Faults> {
        let mut faults = Faults::new();
        let slug = parsed::<Slug>(&mut faults, "/slug", "not_a_slug", &self.slug);
        let kind = code(&mut faults, "/kind", &self.kind, TagKind::ALL);
        let level = code(
            &mut faults,
            "/sensitivity",
            &self.sensitivity,
            Sensitivity::ALL,
        );
        let document = TagDocument {
            labels: self.labels,
            aliases: self.aliases,
            parent: self.parent,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
        };
        let content = faults.nest("", document.read());
        match (slug, kind, level, content) {
            (Some(slug), Some(kind), Some(sensitivity), Some(content)) => Ok(NewTag {
                slug,
                kind,
                sensitivity,
                content,
            }),
            _ => Err(faults),
        }
    }
}

/// What is to be done with a tag.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTagTransition {
    /// `review_labels`, `grade`, `redirect`, `merge` or `restore`.
    #[schema(max_length = 50, example = "merge")]
    action: String,
    /// For `review_labels`: in which languages the labels have been read.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["he"]))]
    languages: Vec<String>,
    /// For `grade`: how carefully it is handled from now on.
    #[schema(max_length = 20, example = "restricted")]
    sensitivity: Option<String>,
    /// For `redirect` and `merge`: the tag that it becomes.
    #[schema(max_length = 80, example = "water")]
    to: Option<String>,
    /// For `grade` and `restore`: why, in words.
    #[schema(max_length = 2000, example = "Licensed since the new order.")]
    reason: Option<String>,
}

impl NewTagTransition {
    /// The action with what it takes.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(&self) -> Result<TagMove, Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, TagAction::ALL);
        let Some(action) = action else {
            return Err(faults);
        };
        let needs: &[&str] = match action {
            TagAction::ReviewLabels => &["languages"],
            TagAction::Grade => &["sensitivity", "reason"],
            TagAction::Redirect | TagAction::Merge => &["to"],
            TagAction::Restore => &["reason"],
        };
        let came = [
            ("languages", !self.languages.is_empty()),
            ("sensitivity", self.sensitivity.is_some()),
            ("to", self.to.is_some()),
            ("reason", self.reason.is_some()),
        ];
        check_fields(&mut faults, &self.action, &came, needs, &[]);
        let language = |faults: &mut Faults, place: &str, text: &str| {
            parsed::<Language>(faults, place, "unknown_language", text)
        };
        let languages: BTreeSet<Language> = each(
            &mut faults,
            "/languages",
            &self.languages,
            LANGUAGES,
            language,
        );
        let level = (self.sensitivity.as_deref())
            .and_then(|text| code(&mut faults, "/sensitivity", text, Sensitivity::ALL));
        let to = (self.to.as_deref())
            .and_then(|text| parsed::<Slug>(&mut faults, "/to", "not_a_slug", text));
        let reason = (self.reason.as_deref())
            .and_then(|text| faults.take("/reason", "bad_text", bounded(text, REASON, true)));
        faults.finish()?;
        let moved = match (action, level, to, reason) {
            (TagAction::Grade, Some(level), _, Some(reason)) => TagMove::Grade(level, reason),
            (TagAction::Redirect, _, Some(to), _) => TagMove::Redirect(to),
            (TagAction::Merge, _, Some(to), _) => TagMove::Merge(to),
            (TagAction::Restore, _, _, Some(reason)) => TagMove::Restore(reason),
            // What the others need is there, so this is the one that is left.
            _ => TagMove::ReviewLabels(languages),
        };
        Ok(moved)
    }
}
