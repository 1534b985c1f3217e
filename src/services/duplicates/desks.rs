//! What two partners work with becomes one's: what they referred under ids of
//! their own, the programs that act for them, their files, their places in
//! programmes. Nobody comes to act for the kept one who did not act for either:
//! whoever belonged to the one that went has left it first, and a program keeps
//! its secret and its scopes.

use uuid::Uuid;

use crate::db::Conn;
use crate::db::merges::{self, Merge, Move, Moved};
use crate::domain::event::SubjectKind;
use crate::domain::ids::ProgrammeId;

use super::super::Error;
use super::super::log::Pen;
use super::merge::reassigned;

/// Gives everything that the one that goes works with to the one that is kept.
pub(super) fn give(conn: &mut Conn, pen: &Pen, merge: &Merge) -> Result<(), Error> {
    let Merge { kept, gone, .. } = *merge;
    let mut all = merges::give_desk(conn, gone, kept)?;
    for programme in merges::programmes_of(conn, gone)? {
        all.extend(merges::give_party(conn, programme, gone, kept)?);
    }
    for (kind, record, before) in all {
        if let Some(subject) = subject(kind, &record) {
            reassigned(conn, pen, subject, gone, kept, None)?;
        }
        let moved = Move {
            kind,
            record,
            version: None,
            before,
        };
        merges::insert_move(conn, merge.id, &moved)?;
    }
    Ok(())
}

/// Gives one thing back; whether it was something of a partner's.
pub(super) fn give_back(
    conn: &mut Conn,
    pen: &Pen,
    merge: &Merge,
    moved: &Move,
) -> Result<(), Error> {
    let damaged = || Error::internal("a move that names no record");
    let Merge { kept, gone, .. } = *merge;
    match moved.kind {
        Moved::Party => {
            let programme: ProgrammeId = moved.record.parse().map_err(|_| damaged())?;
            let role = moved.before.as_deref();
            merges::give_party_back(conn, programme, (kept, gone), role)?;
        }
        Moved::Signature => {
            let (programme, place) = moved.record.split_once(' ').ok_or_else(damaged)?;
            let programme = programme.parse().map_err(|_| damaged())?;
            let place = place.parse().map_err(|_| damaged())?;
            merges::give_signature(conn, programme, place, gone)?;
        }
        kind => {
            let id: Uuid = moved.record.parse().map_err(|_| damaged())?;
            merges::give_desk_line(conn, kind, id, gone)?;
        }
    }
    match subject(moved.kind, &moved.record) {
        Some(subject) => reassigned(conn, pen, subject, kept, gone, None),
        None => Ok(()),
    }
}

/// The record on whose timeline it stands, if it has one; that the two firms
/// became one stands on theirs.
fn subject(kind: Moved, record: &str) -> Option<(SubjectKind, Uuid)> {
    let kind = match kind {
        Moved::ImportJob => SubjectKind::Import,
        Moved::Party => SubjectKind::Programme,
        _ => return None,
    };
    Some((kind, record.parse().ok()?))
}
