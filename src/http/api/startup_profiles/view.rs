//! A startup profile and what reviewers said of it, as callers read them.

use serde::Serialize;
use utoipa::ToSchema;

use super::document::StartupProfileDocument;
use crate::domain::profile::StartupProfile;
use crate::http::api::values::time;
use crate::services::startups::ReviewComment;

/// A startup profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StartupProfile)]
pub struct StartupProfileView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Where the firm is; absent when an imported file did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2, example = "IL")]
    country: Option<String>,
    /// Where it stands.
    #[schema(max_length = 20, example = "draft")]
    status: String,
    /// Whether a person of the firm stands behind it.
    claimed: bool,
    /// Words of an imported file that no tag is known for.
    #[schema(max_items = 1000)]
    source_tags: Vec<String>,
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
    document: StartupProfileDocument,
}

impl StartupProfileView {
    /// Where it is found.
    pub(super) fn location(&self) -> String {
        format!("/v1/startup-profiles/{}", self.id)
    }
}

impl From<StartupProfile> for StartupProfileView {
    fn from(profile: StartupProfile) -> Self {
        let document = StartupProfileDocument::of(profile.organization, &profile.content);
        Self {
            id: profile.id.to_string(),
            country: profile.country.map(|country| country.to_string()),
            status: profile.status.to_string(),
            claimed: profile.claimed,
            source_tags: profile.content.source_tags,
            revision: profile.revision,
            version: profile.version,
            published_at: profile.published_at.map(time),
            reconfirm_by: profile.reconfirm_by.map(|day| day.to_string()),
            created_at: time(profile.created_at),
            updated_at: time(profile.updated_at),
            document,
        }
    }
}

/// The reviewers' comments, as an export of one's own records has them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewComments)]
pub struct CommentsView {
    /// Oldest first.
    #[schema(max_items = 10_000)]
    items: Vec<CommentView>,
}

/// What a reviewer said about one field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewComment)]
pub struct CommentView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// About which revision.
    #[schema(minimum = 1)]
    revision: i64,
    /// Where: a JSON Pointer (RFC 6901).
    #[schema(max_length = 300, example = "/summary/en")]
    pointer: String,
    /// What should change.
    #[schema(max_length = 2000)]
    comment: String,
    /// When it was said.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
}

impl From<ReviewComment> for CommentView {
    fn from(comment: ReviewComment) -> Self {
        Self {
            id: comment.id.to_string(),
            revision: comment.revision,
            pointer: comment.pointer,
            comment: comment.comment,
            created_at: time(comment.created_at),
        }
    }
}

impl From<Vec<ReviewComment>> for CommentsView {
    fn from(comments: Vec<ReviewComment>) -> Self {
        Self {
            items: comments.into_iter().map(CommentView::from).collect(),
        }
    }
}
