//! Documents as callers read them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::document::{Document, DocumentVersion};
use crate::http::api::timeline::hex;
use crate::http::api::values::time;
use crate::services::Caller;
use crate::services::documents::{door::SeenView, reads_all_of};

/// A document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Document)]
pub struct DocumentView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Of which profile.
    #[schema(format = "uuid", max_length = 36)]
    startup_profile: String,
    /// What it is.
    #[schema(max_length = 40, example = "deck")]
    class: &'static str,
    /// What people read.
    #[schema(max_length = 200, example = "Seed deck, autumn 2026")]
    title: String,
    /// Its language (BCP 47).
    #[schema(max_length = 35, example = "en")]
    language: String,
    /// From which level on it is shown: `l1` with the named profile, `l2` with
    /// the deck, `l3` with the data room.
    #[schema(max_length = 2, example = "l2")]
    level: &'static str,
    /// Where it stands; absent for a counterpart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "open")]
    state: Option<&'static str>,
    /// The file that others get.
    file: DocumentFileView,
    /// Its version; also the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it came.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 35)]
    updated_at: String,
}

impl DocumentView {
    /// All of it, for its startup's people and the operator's.
    pub fn whole(document: &Document) -> Self {
        let details = &document.details;
        Self {
            id: document.id.to_string(),
            startup_profile: document.startup_profile.to_string(),
            class: document.class.code(),
            title: details.title.clone(),
            language: details.language.to_string(),
            level: details.level.code(),
            state: Some(document.state.code()),
            file: DocumentFileView::from(&document.current),
            version: document.version,
            created_at: time(document.created_at),
            updated_at: time(document.updated_at),
        }
    }

    /// What that caller is told.
    pub fn for_caller(document: &Document, caller: &Caller) -> Self {
        let whole = Self::whole(document);
        if reads_all_of(caller, document.organization) {
            return whole;
        }
        Self {
            state: None,
            ..whole
        }
    }
}

/// One file of a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentFile)]
pub struct DocumentFileView {
    /// Which one, from 1.
    #[schema(minimum = 1)]
    number: i64,
    /// How its owner calls it.
    #[schema(max_length = 200, example = "tamar-deck.pdf")]
    name: String,
    /// What its bytes are.
    #[schema(max_length = 100, example = "application/pdf")]
    media_type: &'static str,
    /// Its length.
    #[schema(minimum = 1)]
    bytes: i64,
    /// Its SHA-256 in hexadecimal.
    #[schema(min_length = 64, max_length = 64)]
    sha256: String,
    /// When it came.
    #[schema(format = "date-time", max_length = 35)]
    uploaded_at: String,
    /// When its bytes were deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    erased_at: Option<String>,
}

impl From<&DocumentVersion> for DocumentFileView {
    fn from(version: &DocumentVersion) -> Self {
        Self {
            number: version.number,
            name: version.file_name.to_string(),
            media_type: version.kind.media_type(),
            bytes: version.bytes,
            sha256: hex(&version.digest),
            uploaded_at: time(version.created_at),
            erased_at: version.erased_at.map(time),
        }
    }
}

/// The files of a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentVersions)]
pub struct DocumentVersionsView {
    /// The newest first.
    #[schema(max_items = 100)]
    items: Vec<DocumentFileView>,
    /// `before` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    next_before: Option<i64>,
}

impl DocumentVersionsView {
    /// These files, and whether there are earlier ones.
    pub(super) fn of(files: &[DocumentVersion], more: bool) -> Self {
        let last = files.last().map(|file| file.number);
        Self {
            items: files.iter().map(DocumentFileView::from).collect(),
            next_before: last.filter(|_| more),
        }
    }
}

/// One opening of a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentOpening)]
pub struct DocumentOpeningView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Which version.
    #[schema(minimum = 1)]
    number: i64,
    /// By which firm's people.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Khazar Capital")]
    by: Option<String>,
    /// By way of which introduction; absent for the operator's people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    introduction: Option<String>,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    at: String,
}

impl From<&SeenView> for DocumentOpeningView {
    fn from(seen: &SeenView) -> Self {
        let view = &seen.view;
        Self {
            id: view.id.to_string(),
            number: view.number,
            organization: view.organization.to_string(),
            by: seen.by.clone(),
            introduction: view.introduction.map(|id| id.to_string()),
            at: time(view.at),
        }
    }
}
