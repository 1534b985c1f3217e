//! What reviewers said about the parts of a startup's profile.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::schema::review_comments;
use super::together::Part;
use super::types::{Id, Timestamp};
use super::{Conn, Result, keyset};
use crate::domain::ids::{StartupProfileId, UserId};

/// What a reviewer says about one part of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewComment {
    /// Its id.
    pub id: Uuid,
    /// About which revision.
    pub revision: i64,
    /// JSON Pointer (RFC 6901) to the part.
    pub pointer: String,
    /// What should change.
    pub comment: String,
    /// Who says so.
    pub author: UserId,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// What keeps what a reviewer said.
pub fn insertions(
    profile: StartupProfileId,
    comments: &[ReviewComment],
) -> impl Iterator<Item = Part> {
    comments.iter().map(move |comment| {
        Part::new(diesel::insert_into(review_comments::table).values((
            review_comments::id.eq(Id::of(comment.id)),
            review_comments::profile_id.eq(profile),
            review_comments::revision.eq(comment.revision),
            review_comments::pointer.eq(comment.pointer.clone()),
            review_comments::comment.eq(comment.comment.clone()),
            review_comments::author_id.eq(comment.author),
            review_comments::created_at.eq(Timestamp(comment.created_at)),
        )))
    })
}

/// Deletes what reviewers said about an erased profile.
///
/// # Errors
/// A statement failed.
pub fn forget(conn: &mut Conn, profile: StartupProfileId) -> Result<()> {
    let of_it = review_comments::table.filter(review_comments::profile_id.eq(profile));
    diesel::delete(of_it).execute(conn)?;
    Ok(())
}

/// What reviewers said about a profile, from the oldest on.
///
/// # Errors
/// A statement failed.
pub fn of(conn: &mut Conn, profile: StartupProfileId) -> Result<Vec<ReviewComment>> {
    read(conn, profile, None, i64::MAX)
}

/// [`of`], a page of it; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed.
pub fn some_of(
    conn: &mut Conn,
    profile: StartupProfileId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<ReviewComment>> {
    read(conn, profile, after, page::fetch(limit))
}

fn read(
    conn: &mut Conn,
    profile: StartupProfileId,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<ReviewComment>> {
    type CommentRow = (Id, i64, String, String, UserId, DateTime<Utc>);
    let (at, id) = (review_comments::created_at, review_comments::id);
    let mut query = review_comments::table
        .filter(review_comments::profile_id.eq(profile))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(at, id, cursor));
    }
    let rows: Vec<CommentRow> = query
        .order((at, id))
        .limit(limit)
        .select((
            review_comments::id,
            review_comments::revision,
            review_comments::pointer,
            review_comments::comment,
            review_comments::author_id,
            review_comments::created_at,
        ))
        .load(conn)?;
    let comment =
        |(id, revision, pointer, comment, author, created_at): CommentRow| ReviewComment {
            id: id.uuid(),
            revision,
            pointer,
            comment,
            author,
            created_at,
        };
    Ok(rows.into_iter().map(comment).collect())
}
