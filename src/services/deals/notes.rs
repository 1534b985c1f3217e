//! Notes about deals, each for those who learn of it.

use uuid::Uuid;

use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::deal_work::{
    Camp, DealNote, Marks, NOTE, NoteState, Reader, Visibility, clear_note,
};
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::domain::ids::DealId;
use crate::domain::permission::Operation;
use crate::domain::pipeline::Deal;
use crate::domain::terms;
use crate::services::compliance::note_decision;
use crate::services::once::{Recorded, write_once};
use crate::services::paging::{PageRequest, after, read_page};
use crate::services::transitions::code;
use crate::services::{Caller, Context, Error, Intent, apart};

use super::changes::across;
use super::load;

impl Recorded for DealNote {
    fn id(&self) -> Uuid {
        self.id
    }

    /// What was noted is never changed.
    fn version(&self) -> i64 {
        1
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
    let operator = caller.reads_all_of(&[deal.startup, deal.investor]);
    let camps = [
        (caller.belongs_to(deal.startup), Camp::Startup),
        (caller.belongs_to(deal.investor), Camp::Investor),
        (operator, Camp::Operator),
    ];
    let camps = camps
        .into_iter()
        .filter_map(|(theirs, camp)| theirs.then_some(camp));
    Ok(Reader {
        person: caller.id(),
        camps: camps.collect(),
        sees_across: operator || apart::of_deal(context, conn, deal)?.is_none(),
    })
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
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let deal = writable(conn, &caller_in, id)?;
            let camp = camp_of(&caller_in, &deal)?;
            let mut state = NoteState::Shown;
            if visibility == Visibility::Both {
                across(&context_in, conn, &caller_in, &deal)?;
                if !terms::marked(&text, &context_in.taxonomy()).is_empty() {
                    state = NoteState::Waiting;
                }
            }
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
        |conn, id| db::deal_notes::find(conn, id)?.ok_or(Error::NotFound),
    )
    .await
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
    id: Uuid,
    release: bool,
    reason: String,
) -> Result<DealNote, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = db::deal_notes::find(conn, id)?.ok_or(Error::NotFound)?;
            let deal = load(conn, before.deal)?;
            caller_in.may(Operation::WriteCompliance, &[deal.startup, deal.investor])?;
            // Nothing of one side is told the other while something keeps them
            // apart; it goes on waiting.
            if release && apart::of_deal(&context_in, conn, &deal)?.is_some() {
                return Err(Error::refused(
                    "not_available",
                    "Something keeps the two apart; the note goes on waiting.",
                ));
            }
            let (state, first) = clear_note(&before, caller_in.id(), release)?;
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
                // Who of compliance it was, is not for the sides to read.
                let facts = vec![
                    ("note", Value::Id(after.id)),
                    ("text", Value::hash_of(&after.note)),
                    ("visibility", code(after.marks.visibility.code())),
                    ("as", code(after.marks.camp.code())),
                ];
                let pen = context_in.pen(Actor::System);
                pen.append(conn, "deal.noted", (SubjectKind::Deal, deal.id), facts)?;
            }
            Ok(after)
        },
        |conn, id| db::deal_notes::find(conn, id)?.ok_or(Error::NotFound),
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
