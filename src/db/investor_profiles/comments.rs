//! What reviewers said about investor profiles.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::investor_schema::investor_comments as told;
use crate::db::page::{self, Cursor};
use crate::db::review_comments::ReviewComment;
use crate::db::types::{Id, Timestamp};
use crate::db::{Conn, Result, keyset, sql};
use crate::domain::ids::{InvestorProfileId, UserId};

/// Keeps what a reviewer said about a profile.
///
/// # Errors
/// A statement failed.
pub fn insert_comment(
    conn: &mut Conn,
    profile: InvestorProfileId,
    comment: &ReviewComment,
) -> Result<()> {
    let insert = diesel::insert_into(told::table).values((
        told::id.eq(Id::of(comment.id)),
        told::profile_id.eq(profile),
        told::revision.eq(comment.revision),
        told::pointer.eq(&comment.pointer),
        told::comment.eq(&comment.comment),
        told::author_id.eq(comment.author),
        told::created_at.eq(Timestamp(comment.created_at)),
    ));
    sql::execute(conn, insert)?;
    Ok(())
}

/// What reviewers said about a profile, from the oldest on.
///
/// # Errors
/// A statement failed.
pub fn comments(conn: &mut Conn, profile: InvestorProfileId) -> Result<Vec<ReviewComment>> {
    read_comments(conn, profile, None, i64::MAX)
}

/// [`comments`], a page of it; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed.
pub fn some_comments(
    conn: &mut Conn,
    profile: InvestorProfileId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<ReviewComment>> {
    read_comments(conn, profile, after, page::fetch(limit))
}

fn read_comments(
    conn: &mut Conn,
    profile: InvestorProfileId,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<ReviewComment>> {
    type CommentRow = (Id, i64, String, String, UserId, DateTime<Utc>);
    let (at, id) = (told::created_at, told::id);
    let mut query = told::table
        .filter(told::profile_id.eq(profile))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(at, id, cursor));
    }
    let rows: Vec<CommentRow> = query
        .order((at, id))
        .limit(limit)
        .select((
            told::id,
            told::revision,
            told::pointer,
            told::comment,
            told::author_id,
            told::created_at,
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
