//! What reviewers said about a profile.

use super::{
    Caller, Context, Error, FieldComment, Page, PageRequest, ReviewComment, StartupProfileId, find,
    review_comments,
};
use crate::services::paging::{after, read_page};

/// What a reviewer says about a revision, to be kept.
pub(in crate::services) fn said(
    context: &Context,
    caller: &Caller,
    revision: i64,
    comments: Vec<FieldComment>,
) -> Vec<ReviewComment> {
    let comments = comments.into_iter().map(|field| ReviewComment {
        id: context.new_id(),
        pointer: field.pointer,
        comment: field.comment,
        author: caller.id(),
        revision,
        created_at: context.now(),
    });
    comments.collect()
}

/// The reviewers' comments on a profile, oldest first.
pub async fn comments(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
) -> Result<Vec<ReviewComment>, Error> {
    find(context, caller, id).await?;
    context
        .db
        .read(move |conn| Ok(review_comments::of(conn, id)?))
        .await
}

/// [`comments`], a page of it.
pub async fn some_comments(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
    page: PageRequest,
) -> Result<Page<ReviewComment>, Error> {
    find(context, caller, id).await?;
    let list = format!("comments {id}");
    read_page(
        context,
        list,
        page,
        move |conn, cursor, limit| Ok(review_comments::some_of(conn, id, cursor, limit)?),
        |comment| after(comment.created_at, comment.id),
    )
    .await
}
