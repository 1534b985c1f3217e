//! A mandate, as callers read it.

use serde::Serialize;
use utoipa::ToSchema;

use super::document::MandateDocument;
use crate::domain::mandate::Mandate;
use crate::http::api::values::time;

/// A mandate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mandate)]
pub struct MandateView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Where the investor is; absent when an imported file did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2, example = "AZ")]
    country: Option<String>,
    /// Where it stands.
    #[schema(max_length = 20, example = "draft")]
    status: String,
    /// Whether a person of the investor stands behind it.
    claimed: bool,
    /// Words of an imported file that no tag is known for.
    #[schema(max_items = 1000)]
    source_tags: Vec<String>,
    /// Made from past investments rather than stated by the investor.
    derived: bool,
    /// Counts what it says; a match refers to one revision.
    #[schema(minimum = 1)]
    revision: i64,
    /// Counts every change; the `ETag`.
    #[schema(minimum = 1)]
    pub(super) version: i64,
    /// First published.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, max_length = 40)]
    published_at: Option<String>,
    /// Until when it counts as confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10)]
    reconfirm_by: Option<String>,
    /// When it came.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, max_length = 40)]
    updated_at: String,
    /// What it says.
    #[serde(flatten)]
    document: MandateDocument,
}

impl MandateView {
    /// Where it is found.
    pub(super) fn location(&self) -> String {
        format!("/v1/mandates/{}", self.id)
    }
}

impl From<Mandate> for MandateView {
    fn from(mandate: Mandate) -> Self {
        let document = MandateDocument::of(mandate.organization, &mandate.content);
        Self {
            id: mandate.id.to_string(),
            country: mandate.country.map(|country| country.to_string()),
            status: mandate.status.to_string(),
            claimed: mandate.claimed,
            source_tags: mandate.content.source_tags,
            derived: mandate.content.derived,
            revision: mandate.revision,
            version: mandate.version,
            published_at: mandate.published_at.map(time),
            reconfirm_by: mandate.reconfirm_by.map(|day| day.to_string()),
            created_at: time(mandate.created_at),
            updated_at: time(mandate.updated_at),
            document,
        }
    }
}
