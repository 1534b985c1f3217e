//! What parties and curators say about a programme, for all of its parties.

use uuid::Uuid;

use crate::db::agreements;
pub use crate::db::agreements::Comment;
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::held_text::{HeldPlace, TextOf};
use crate::domain::ids::ProgrammeId;
use crate::domain::permission::Operation;

use super::commitments::{parties, readable};
use super::held_texts::may_stand;
use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error, Intent};

impl Recorded for Comment {
    fn id(&self) -> Uuid {
        self.id
    }

    /// What was said is never changed.
    fn version(&self) -> i64 {
        1
    }
}

/// A party says something about a programme that it is party to, or a curator.
/// Words that compliance has to read first wait, and the other parties read them
/// once they are let through.
pub async fn comment(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: ProgrammeId,
    words: String,
) -> Result<Comment, Error> {
    let said_id = context.new_id();
    let now = context.now();
    let (caller_in, pen) = (caller.clone(), context.pen(caller.actor()));
    let (context_in, caller_again) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let programme = readable(conn, &caller_in, id)?;
            let parties = parties(&programme);
            caller_in.may(Operation::WriteEvidence, &parties)?;
            let said = Comment {
                id: said_id,
                programme: id,
                organization: parties.into_iter().find(|id| caller_in.belongs_to(*id)),
                author: caller_in.id(),
                comment: words,
                created_at: now,
            };
            let place = (TextOf::Programme(id), &HeldPlace::Comment(said_id));
            let firm = said.organization;
            if !may_stand(&context_in, conn, &caller_in, place, &said.comment, firm)? {
                return Ok(said);
            }
            agreements::insert_comment(conn, &said)?;
            pen.append(
                conn,
                "programme.commented",
                (SubjectKind::Programme, id),
                vec![("comment", Value::hash_of(&said.comment))],
            )?;
            Ok(said)
        },
        move |conn, comment| {
            readable(conn, &caller_again, id)?;
            said(conn, comment)
        },
    )
    .await
}

/// What was said under an id, whether or not it waits.
fn said(conn: &mut Conn, id: Uuid) -> Result<Comment, Error> {
    if let Some(said) = agreements::find_comment(conn, id)? {
        return Ok(said);
    }
    let held = db::held_texts::find(conn, id)?.ok_or(Error::NotFound)?;
    Ok(Comment {
        id,
        programme: held.of.programme(),
        organization: held.organization,
        author: held.author,
        comment: held.text,
        created_at: held.created_at,
    })
}

/// What was said about a programme, oldest first.
pub async fn comments(
    context: &Context,
    caller: &Caller,
    id: ProgrammeId,
    page: PageRequest,
) -> Result<Page<Comment>, Error> {
    let caller = caller.clone();
    read_page(
        context,
        format!("comments {id}"),
        page,
        move |conn, cursor, limit| {
            readable(conn, &caller, id)?;
            Ok(agreements::comments(conn, id, cursor, limit)?)
        },
        |said| after(said.created_at, said.id),
    )
    .await
}
