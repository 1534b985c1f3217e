//! Documents: uploaded by their startup, judged by compliance where their
//! names ask for it, and opened through the [`door`].

pub mod door;
mod erasing;
pub mod grants;
pub mod upkeep;
pub mod uploads;
pub mod vault;

use std::io;

pub use self::erasing::delete_bytes_of;
pub(super) use self::erasing::erase_all_of;
pub use crate::db::documents::Filter;
use crate::db::page::{Cursor, Page};
use crate::db::{self, Conn, organizations};
use crate::domain::account::Role;
use crate::domain::document::{
    Document, DocumentAction, DocumentDetails, DocumentState, DocumentVersion, clear, marked,
    state_after_change, step,
};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::export::Export;
use crate::domain::ids::{DocumentId, OrganizationId};
use crate::domain::message::News;
use crate::domain::permission::{Hat, Operation};
use crate::domain::refusal::Refusal;
use crate::domain::suspension::legal_hold;
use crate::domain::terms::Marked;
use crate::domain::values::OrganizationKind;

use self::vault::Vault;
use super::caller::in_any_hat;
use super::once::write_once;
use super::paging::{PageRequest, after, page_of, read_page};
use super::transitions::{available, check_version, code};
use super::{Caller, Context, Error, Intent, notices};

/// Where documents lie, and how much of them there may be.
#[derive(Debug)]
pub struct Documents {
    /// Their folder.
    pub vault: Vault,
    /// Most bytes of one firm's documents.
    pub quota: i64,
}

pub(super) fn load(conn: &mut Conn, id: DocumentId) -> Result<Document, Error> {
    db::documents::find(conn, id)?.ok_or(Error::NotFound)
}

/// A document that is the caller's to read by their part; to others it is as
/// if it were not there.
pub(super) fn load_readable(
    conn: &mut Conn,
    caller: &Caller,
    id: DocumentId,
) -> Result<Document, Error> {
    let found = load(conn, id)?;
    caller.may(Operation::ReadDocument, &[found.organization])?;
    Ok(found)
}

fn store(conn: &mut Conn, document: &Document) -> Result<(), Error> {
    if db::documents::update(conn, document)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}

/// Documents in an order of time: all for the operator's people, a startup's own for
/// its people.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Document>, Error> {
    if !caller.reads_everything() {
        let own = caller.organizations(OrganizationKind::Startup).next();
        let organization = filter.organization.or(own).ok_or(Error::NotFound)?;
        caller.may(Operation::ReadDocument, &[organization])?;
        filter.organization = Some(organization);
    }
    let key: fn(&Document) -> Cursor = if filter.sort.is_by_change() {
        |document| after(document.updated_at, document.id)
    } else {
        |document| after(document.created_at, document.id)
    };
    read_page(
        context,
        format!("documents {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(db::documents::list(conn, &filter, cursor, limit)?),
        key,
    )
    .await
}

/// One document, for its startup's people and the operator's.
pub async fn find(context: &Context, caller: &Caller, id: DocumentId) -> Result<Document, Error> {
    let caller = caller.clone();
    context
        .db
        .look_up(move |conn| load_readable(conn, &caller, id))
        .await
}

/// Whether the caller is to be told everything of a document: its own people
/// and the operator's are, a counterpart is told what it gets.
pub fn reads_all_of(caller: &Caller, owner: OrganizationId) -> bool {
    caller.may(Operation::ReadDocument, &[owner]).is_ok()
}

/// The files of a document before that version, the newest first, and whether
/// there are more.
pub async fn versions(
    context: &Context,
    caller: &Caller,
    id: DocumentId,
    before: Option<i64>,
    limit: usize,
) -> Result<(Vec<DocumentVersion>, bool), Error> {
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            load_readable(conn, &caller, id)?;
            let mut found = db::documents::list_versions(conn, id, before, limit)?;
            let more = found.len() > limit;
            found.truncate(limit);
            Ok((found, more))
        })
        .await
}

/// Changes what a document says of itself. Words that name more than they did
/// send it to compliance.
pub async fn change(
    context: &Context,
    caller: &Caller,
    id: DocumentId,
    expected: Option<i64>,
    revise: impl FnOnce(&Document) -> Result<DocumentDetails, Error> + Send + 'static,
) -> Result<Document, Error> {
    let context_in = context.clone();
    let (caller, pen) = (caller.clone(), context.pen(caller.actor()));
    context
        .db
        .write(move |conn| {
            let before = load_readable(conn, &caller, id)?;
            caller.may(Operation::WriteDocument, &[before.organization])?;
            check_version(expected, before.version)?;
            let details = revise(&before)?;
            let name = &before.current.file_name;
            let taxonomy = &context_in.taxonomy();
            let named = marked(&before.details.title, name, taxonomy);
            let state = state_after_change(
                before.state,
                &named,
                &marked(&details.title, name, taxonomy),
            )?;
            let after = Document {
                details,
                state,
                version: before.version + 1,
                updated_at: context_in.now(),
                first_cleared_by: None,
                ..before.clone()
            };
            store(conn, &after)?;
            let facts = vec![
                ("from", code(before.state.code())),
                ("to", code(after.state.code())),
                ("level_from", code(before.details.level.code())),
                ("level_to", code(after.details.level.code())),
                ("title", Value::hash_of(&after.details.title)),
            ];
            let subject = (SubjectKind::Document, id);
            pen.append(conn, "document.changed", subject, facts)?;
            Ok(after)
        })
        .await
}

/// Moves a document in its machine. Erasing deletes the bytes that no other
/// document needs.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: DocumentId,
    expected: Option<i64>,
    action: DocumentAction,
    reason: Option<String>,
) -> Result<Document, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let caller_again = caller.clone();
    let moved = write_once(
        context,
        caller.id(),
        intent,
        move |conn| apply(&context_in, &caller_in, conn, id, expected, action, reason),
        move |conn, id| load_readable(conn, &caller_again, id.into()),
    )
    .await?;
    if moved.state == DocumentState::Erased {
        upkeep::delete_of(context, id).await?;
    }
    Ok(moved)
}

fn apply(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: DocumentId,
    expected: Option<i64>,
    action: DocumentAction,
    reason: Option<String>,
) -> Result<Document, Error> {
    let before = load_readable(conn, caller, id)?;
    caller.may(Operation::MoveDocument, &[before.organization])?;
    check_version(expected, before.version)?;
    let hats = caller.hats_for(before.organization, Hat::Investor);
    let taxonomy = context.taxonomy();
    let (mut state, _) = in_any_hat(&hats, |hat| step(&before, action, hat, &taxonomy))?;
    if action == DocumentAction::Erase {
        organizations::lock(conn, before.organization)?;
        erasing::check_erasable(conn, &before)?;
    }
    let mut first_cleared_by = None;
    if action == DocumentAction::Clear {
        let hits = marked(&before.details.title, &before.current.file_name, &taxonomy);
        (state, first_cleared_by) = clear(&before, &hits, caller.id())?;
    }
    let now = context.now();
    let mut after = Document {
        state,
        first_cleared_by,
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    };
    if state == DocumentState::Erased {
        db::documents::erase_versions(conn, id, now)?;
        let holds = |export: &Export| export.may_hold_files_of(&[before.organization]);
        db::exports::forget(conn, holds, now)?;
        after.current.erased_at = Some(now);
    }
    store(conn, &after)?;
    let mut facts = vec![
        ("action", code(action.code())),
        ("from", code(before.state.code())),
        ("to", code(state.code())),
    ];
    facts.extend(
        reason
            .as_deref()
            .map(|words| ("reason", Value::hash_of(words))),
    );
    let subject = (SubjectKind::Document, id);
    let pen = context.pen(caller.actor());
    pen.append(conn, "document.moved", subject, facts)?;
    tell_owners(context, conn, &before, &after)?;
    Ok(after)
}

/// Tells those who keep a startup's documents what compliance decided of one.
fn tell_owners(
    context: &Context,
    conn: &mut Conn,
    before: &Document,
    after: &Document,
) -> Result<(), Error> {
    let news = match (before.state, after.state) {
        (DocumentState::InReview, DocumentState::Open) => News::DocumentCleared,
        (_, DocumentState::Refused) => News::DocumentRefused,
        _ => return Ok(()),
    };
    let keepers = [Role::Owner, Role::Editor];
    notices::tell_firm(context, conn, after.organization, &keepers, news)
}

/// What the caller can do with a document that they may see.
pub(super) fn open_to(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    document: &Document,
) -> Result<Vec<(DocumentAction, Option<Refusal>)>, Error> {
    let taxonomy = context.taxonomy();
    let held = db::legal_holds::is_held(conn, document.organization)?;
    let hats = caller.hats_for(document.organization, Hat::Investor);
    Ok(available(DocumentAction::ALL, &hats, |action, hat| {
        step(document, action, hat, &taxonomy)?;
        if action == DocumentAction::Erase && held {
            return Err(legal_hold());
        }
        if action == DocumentAction::Clear {
            let name = &document.current.file_name;
            let hits = marked(&document.details.title, name, &taxonomy);
            clear(document, &hits, caller.id())?;
        }
        Ok(())
    }))
}

/// What can be done with a document now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: DocumentId,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let found = find(context, caller, id).await?;
    if caller
        .may(Operation::MoveDocument, &[found.organization])
        .is_err()
    {
        return Ok(Vec::new());
    }
    let (context_in, caller) = (context.clone(), caller.clone());
    let read = move |conn: &mut Conn| open_to(&context_in, conn, &caller, &found);
    let open = context.db.read(read).await?;
    Ok(open
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal))
        .collect())
}

/// The marked words of a document's title and file name, for the operator's
/// people.
pub async fn screening(
    context: &Context,
    caller: &Caller,
    id: DocumentId,
    page: PageRequest,
) -> Result<Page<(String, Marked)>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = find(context, caller, id).await?;
    let name = &found.current.file_name;
    let hits = marked(&found.details.title, name, &context.taxonomy());
    let list = format!("screening {id} {}", found.version);
    page_of(context, &list, &page, hits)
}

/// Work on files, off the threads that serve requests.
pub(in crate::services) async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(job).await;
    done.map_err(Error::internal)?.map_err(Error::internal)
}
