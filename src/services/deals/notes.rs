//! Notes about deals, each for those who learn of it.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::deal_work::{
    Camp, DealNote, Marks, NOTE, NoteAction, NoteState, Reader, Visibility,
};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::held_text;
use crate::domain::ids::DealId;
use crate::domain::permission::Operation;
use crate::domain::pipeline::Deal;
use crate::domain::refusal::Refusal;
use crate::services::compliance::note_decision;
use crate::services::held_texts::is_marked;
use crate::services::once::{Recorded, write_once};
use crate::services::paging::{PageRequest, after, read_page};
use crate::services::transitions::{Open, check_version, code};
use crate::services::{Caller, Context, Error, Intent, apart};

use super::changes::between;
use super::{held, load};

impl Recorded for DealNote {
    fn id(&self) -> Uuid {
        self.id
    }

    /// What was noted is never changed, but for how it stands with compliance.
    fn version(&self) -> i64 {
        held_text::version((self.state, self.first_cleared_by))
    }
}

/// For whom the caller writes about a deal that they may read.
pub(super) fn camp_of(caller: &Caller, deal: &Deal) -> Result<Camp, Error> {
    let hats = caller.hats(deal.startup, deal.investor).into_iter();
    let mut camps = hats.filter_map(Camp::of);
    camps.next().ok_or(Error::Forbidden)
}

/// As whom the caller reads about a deal.
pub(in crate::services) fn reader_of(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
) -> Result<Reader, Error> {
    let mut readers = readers_of(context, conn, caller, std::slice::from_ref(deal))?;
    readers.remove(&deal.id).ok_or(Error::NotFound)
}

/// [`reader_of`] several deals at once.
pub(super) fn readers_of(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deals: &[Deal],
) -> Result<BTreeMap<DealId, Reader>, Error> {
    let reads_all = |deal: &Deal| caller.reads_all_of(&[deal.startup, deal.investor]);
    let gated: Vec<_> = deals.iter().filter(|deal| !reads_all(deal)).collect();
    let pairs = gated.iter();
    let pairs: Vec<_> = pairs
        .map(|deal| (deal.programme, deal.startup_profile, deal.mandate))
        .collect();
    let apart = apart::of_many(context, conn, &pairs)?;
    let apart = gated.iter().zip(apart);
    let apart: BTreeSet<DealId> = apart
        .filter_map(|(deal, apart)| apart.map(|_| deal.id))
        .collect();
    let reader = |deal: &Deal| {
        let camps = [
            (caller.belongs_to(deal.startup), Camp::Startup),
            (caller.belongs_to(deal.investor), Camp::Investor),
            (reads_all(deal), Camp::Operator),
        ];
        let camps = camps
            .into_iter()
            .filter_map(|(theirs, camp)| theirs.then_some(camp));
        Reader {
            person: caller.id(),
            camps: camps.collect(),
            sees_across: !apart.contains(&deal.id),
        }
    };
    Ok(deals.iter().map(|deal| (deal.id, reader(deal))).collect())
}

/// A deal that the caller may read.
pub(super) fn readable(conn: &mut Conn, caller: &Caller, id: DealId) -> Result<Deal, Error> {
    let deal = load(conn, id)?;
    caller.may(Operation::ReadDeal, &[deal.startup, deal.investor])?;
    Ok(deal)
}

/// A deal that the caller may write about, whatever became of it.
pub(super) fn writable(conn: &mut Conn, caller: &Caller, id: DealId) -> Result<Deal, Error> {
    let deal = readable(conn, caller, id)?;
    caller.may(Operation::MoveDeal, &[deal.startup, deal.investor])?;
    Ok(deal)
}

/// The notes about a deal that the caller learns of, oldest first; among them,
/// for the operator's people, the reasons given in words for its moves.
pub async fn list(
    context: &Context,
    caller: &Caller,
    id: DealId,
    page: PageRequest,
) -> Result<Page<DealNote>, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    read_page(
        context,
        format!("deal notes {id}"),
        page,
        move |conn, cursor, limit| {
            let deal = readable(conn, &caller_in, id)?;
            let reader = reader_of(&context_in, conn, &caller_in, &deal)?;
            Ok(db::deal_notes::list(conn, id, &reader, cursor, limit)?)
        },
        |note| after(note.created_at, note.id),
    )
    .await
}

/// Notes something about a deal. What both sides are to read is screened: words
/// that name something restricted wait for compliance, and the other side doesn't
/// learn of them before. Nobody writes to the other side while something keeps
/// them apart.
pub async fn write(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: DealId,
    visibility: Visibility,
    text: String,
) -> Result<DealNote, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let caller_again = caller.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let deal = writable(conn, &caller_in, id)?;
            let camp = camp_of(&caller_in, &deal)?;
            let state = match visibility {
                Visibility::Both => {
                    held::first_state(&context_in, conn, &caller_in, &deal, &[text.as_str()])?
                }
                Visibility::Private | Visibility::Team => NoteState::Shown,
            };
            let gate_only = state == NoteState::Waiting && !is_marked(&context_in, &text);
            let marks = Marks {
                visibility,
                camp,
                author: caller_in.id(),
            };
            let note = DealNote {
                id: context_in.new_id(),
                deal: id,
                action: NOTE.to_owned(),
                note: text,
                marks,
                state,
                first_cleared_by: None,
                gate_only,
                created_at: context_in.now(),
            };
            db::deal_notes::insert(conn, &note)?;
            let facts = vec![
                ("note", Value::Id(note.id)),
                ("text", Value::hash_of(&note.note)),
            ];
            // What waits stands on its author's own timeline until it is read.
            let told = Marks {
                visibility: match state {
                    NoteState::Shown => visibility,
                    _ => Visibility::Team,
                },
                ..marks
            };
            log(&context_in, conn, &caller_in, "noted", id, &told, facts)?;
            Ok(note)
        },
        move |conn, note| {
            readable(conn, &caller_again, id)?;
            db::deal_notes::find(conn, note)?.ok_or(Error::NotFound)
        },
    )
    .await
}

/// A note as somebody finds it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The note.
    pub note: DealNote,
    /// What they can decide about it.
    pub open: Open<NoteAction>,
    /// Whether it is of their own people, or they are the operator's.
    pub ours: bool,
}

/// One note that the caller learns of, and what they can decide about it:
/// whether the other side reads it.
///
/// # Errors
/// No such note of a deal that the caller may read, or none that they learn of.
pub async fn find(context: &Context, caller: &Caller, id: Uuid) -> Result<Found, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    let read = move |conn: &mut Conn| {
        let note = db::deal_notes::find(conn, id)?.ok_or(Error::NotFound)?;
        let deal = readable(conn, &caller, note.deal)?;
        let reader = reader_of(&context_in, conn, &caller, &deal)?;
        if !reader.reads(&note) {
            return Err(Error::NotFound);
        }
        let ours =
            reader.camps.contains(&note.marks.camp) || reader.camps.contains(&Camp::Operator);
        let sides = [deal.startup, deal.investor];
        if caller.may(Operation::WriteCompliance, &sides).is_err() {
            let open = Vec::new();
            return Ok(Found { note, open, ours });
        }
        let apart = between(&context_in, conn, &deal)?.is_none();
        let open = NoteAction::ALL.iter().filter_map(|action| {
            let releases = *action == NoteAction::Release;
            let standing = (note.state, note.first_cleared_by);
            let hindrance = match held_text::decide(standing, caller.id(), releases) {
                Err(refusal) if refusal.is_about_state() => return None,
                Ok(_) if releases && apart => Some(kept_apart()),
                other => other.err(),
            };
            Some((*action, hindrance))
        });
        let open = open.collect();
        Ok(Found { note, open, ours })
    };
    context.db.read(read).await
}

/// Nothing of one side is told the other while something keeps them apart.
fn kept_apart() -> Refusal {
    Refusal::new(
        "not_available",
        "Something keeps the two apart; the note goes on waiting.",
    )
}

/// Lets a note that waits through to the other side, for which it takes two
/// people of compliance, or keeps it from them.
///
/// # Errors
/// No such note of a deal that the caller decides about; a refusal when it
/// doesn't wait, or for the first of the two again.
pub async fn decide(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    (id, expected): (Uuid, Option<i64>),
    release: bool,
    reason: String,
) -> Result<DealNote, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let caller_again = caller.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = db::deal_notes::find(conn, id)?.ok_or(Error::NotFound)?;
            let deal = load(conn, before.deal)?;
            caller_in.may(Operation::WriteCompliance, &[deal.startup, deal.investor])?;
            check_version(expected, before.version())?;
            let standing = (before.state, before.first_cleared_by);
            let (state, first) = held_text::decide(standing, caller_in.id(), release)?;
            if release && between(&context_in, conn, &deal)?.is_none() {
                return Err(kept_apart().into());
            }
            if !db::deal_notes::decide(conn, &before, (state, first))? {
                return Err(Error::StaleVersion);
            }
            let subject = Subject::new(SubjectKind::Deal, deal.id);
            let action = if release {
                "release_note"
            } else {
                "refuse_note"
            };
            note_decision(&context_in, &caller_in, conn, subject, action, &reason)?;
            let after = DealNote {
                state,
                first_cleared_by: first,
                ..before
            };
            if state == NoteState::Cleared {
                held::place(&context_in, conn, &deal, &after)?;
            }
            Ok(after)
        },
        move |conn, id| {
            let note = db::deal_notes::find(conn, id)?.ok_or(Error::NotFound)?;
            let deal = load(conn, note.deal)?;
            caller_again.may(Operation::WriteCompliance, &[deal.startup, deal.investor])?;
            Ok(note)
        },
    )
    .await
}

/// Notes in the log what was written. On the deal's timeline only what both
/// sides know of; the rest on its author's own, where it doesn't say about
/// which deal it is.
pub(super) fn log(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    what: &'static str,
    deal: DealId,
    marks: &Marks,
    mut facts: Vec<(&'static str, Value)>,
) -> Result<(), Error> {
    facts.push(("visibility", code(marks.visibility.code())));
    let pen = context.pen(caller.actor());
    let known = marks.visibility == Visibility::Both;
    let kind = match (what, known) {
        ("noted", true) => "deal.noted",
        ("noted", false) => "user.noted",
        (_, true) => "deal.task_set",
        (_, false) => "user.task_set",
    };
    if known {
        facts.push(("as", code(marks.camp.code())));
        return pen.append(conn, kind, (SubjectKind::Deal, deal), facts);
    }
    pen.append(conn, kind, (SubjectKind::User, caller.id()), facts)
}
