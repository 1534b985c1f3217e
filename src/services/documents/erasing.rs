//! Documents that go for good: with their profile, unless the law wants them
//! kept.

use crate::db::{self, Conn};
use crate::domain::document::{Document, DocumentState};
use crate::domain::event::SubjectKind;
use crate::domain::ids::StartupProfileId;
use crate::domain::suspension::legal_hold;
use crate::services::transitions::code;
use crate::services::{Caller, Context, Error};

use super::{Filter, store, upkeep};

/// What an erased document is called.
const TITLE: &str = "Erased";
/// Documents read at a time.
const AT_ONCE: usize = 100;

/// Refuses to erase what the law wants kept.
pub(super) fn check_erasable(conn: &mut Conn, document: &Document) -> Result<(), Error> {
    if db::legal_holds::is_held(conn, document.organization)? {
        return Err(legal_hold().into());
    }
    Ok(())
}

/// Erases all documents of a profile that is erased, those included that its
/// firm erased before, of which the titles stand. Their bytes are deleted by
/// [`delete_bytes_of`], or else by the sweep.
pub(in crate::services) fn erase_all_of(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    profile: StartupProfileId,
) -> Result<(), Error> {
    let now = context.now();
    for before in all_of(conn, profile)? {
        db::documents::forget_versions(conn, before.id, now)?;
        let mut after = Document {
            state: DocumentState::Erased,
            first_cleared_by: None,
            version: before.version + 1,
            updated_at: now,
            ..before.clone()
        };
        TITLE.clone_into(&mut after.details.title);
        store(conn, &after)?;
        if before.state == DocumentState::Erased {
            continue;
        }
        let facts = vec![
            ("action", code("erase")),
            ("from", code(before.state.code())),
            ("to", code(after.state.code())),
        ];
        let subject = (SubjectKind::Document, before.id);
        let pen = context.pen(caller.actor());
        pen.append(conn, "document.moved", subject, facts)?;
    }
    Ok(())
}

fn all_of(conn: &mut Conn, profile: StartupProfileId) -> Result<Vec<Document>, Error> {
    let filter = Filter {
        startup_profile: Some(profile),
        ..Filter::default()
    };
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let mut some = db::documents::list(conn, &filter, cursor, AT_ONCE)?;
        let more = some.len() > AT_ONCE;
        some.truncate(AT_ONCE);
        let last = some.last();
        cursor = last.map(|last| db::page::Cursor::at(last.created_at, last.id));
        all.append(&mut some);
        if !more {
            return Ok(all);
        }
    }
}

/// Deletes the bytes of an erased profile's documents that no other one needs.
///
/// # Errors
/// The store or the disk failed; the sweep will find them.
pub async fn delete_bytes_of(context: &Context, profile: StartupProfileId) -> Result<(), Error> {
    let all = context.db.read(move |conn| all_of(conn, profile)).await?;
    for document in all {
        upkeep::delete_of(context, document.id).await?;
    }
    Ok(())
}
