//! Texts for both sides of a deal that compliance has to read first: one way for
//! notes, next steps, facts, tasks and papers.
//!
//! Words that name something restricted or prohibited wait among the deal's
//! notes under the place that they are for. Their author's side sees that they
//! wait, the other side learns of nothing before two people of compliance let
//! them through; then they go to their place.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::changes::{Crossing, between, crossing};
use super::{load, notes, store, tasks};
use crate::db::{self, Conn, deal_notes};
use crate::domain::deal_work::{Camp, DealNote, Marks, NoteState, Reader, TextPlace, Visibility};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{DealId, DealTaskId};
use crate::domain::pipeline::Deal;
use crate::services::held_texts::is_marked;
use crate::services::transitions::code;
use crate::services::{Caller, Context, Error};

/// Most texts that wait which a deal shows.
pub(super) const MOST_SHOWN: i64 = 100;
/// Most that are read of the deals of a page together.
const MOST_AT_ONCE: i64 = 2_000;

/// Notes that are screened in one transaction.
const AT_ONCE: i64 = 500;

/// How texts begin that both sides are to read: shown at once, or waiting, for
/// what they name or for what the gate leaves open between the two. Asked before
/// anything is stored.
///
/// # Errors
/// A refusal while something keeps the two apart.
pub(super) fn first_state(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
    texts: &[&str],
) -> Result<NoteState, Error> {
    let looked_at = crossing(context, conn, caller, deal)? == Crossing::Waits;
    let mut texts = texts.iter();
    Ok(if texts.any(|text| looked_at || is_marked(context, text)) {
        NoteState::Waiting
    } else {
        NoteState::Shown
    })
}

/// Keeps a text for its place until compliance has read it; what waited for that
/// place before waits no longer.
pub(super) fn keep(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    (deal, camp): (&Deal, Camp),
    place: &TextPlace,
    text: &str,
) -> Result<(), Error> {
    deal_notes::replace(conn, deal.id, place)?;
    let marks = Marks {
        visibility: Visibility::Both,
        camp,
        author: caller.id(),
    };
    let note = DealNote {
        id: context.new_id(),
        deal: deal.id,
        action: place.code(),
        note: text.to_owned(),
        marks,
        state: NoteState::Waiting,
        first_cleared_by: None,
        gate_only: !is_marked(context, text),
        created_at: context.now(),
    };
    deal_notes::insert(conn, &note)?;
    // What waits stands on its author's own timeline until it is read.
    let told = Marks {
        visibility: Visibility::Team,
        ..marks
    };
    let facts = vec![
        ("note", Value::Id(note.id)),
        ("text", Value::hash_of(text)),
        ("place", code(&note.action)),
    ];
    notes::log(context, conn, caller, "noted", deal.id, &told, facts)
}

/// What of a deal the other side doesn't learn of yet.
#[derive(Debug, Default)]
pub(super) struct Veiled {
    /// Tasks that wait as a whole.
    pub tasks: Vec<DealTaskId>,
    /// Papers that do.
    pub documents: Vec<Uuid>,
}

impl Veiled {
    /// What is veiled from a reader; nothing from the operator's people.
    pub(super) fn of(conn: &mut Conn, deal: &Deal, reader: &Reader) -> Result<Self, Error> {
        let mut veiled = Self::default();
        if reader.camps.contains(&Camp::Operator) {
            return Ok(veiled);
        }
        for note in deal_notes::held(conn, deal.id)? {
            let theirs = reader.camps.contains(&note.marks.camp);
            match TextPlace::from_code(&note.action).filter(|_| !theirs) {
                Some(TextPlace::Task(id)) => veiled.tasks.push(id),
                Some(TextPlace::Document(id)) => veiled.documents.push(id),
                _ => {}
            }
        }
        Ok(veiled)
    }
}

impl Veiled {
    /// Whether what has that place waits as a whole, or was kept from the other
    /// side.
    pub(super) fn hides(conn: &mut Conn, deal: DealId, place: &TextPlace) -> Result<bool, Error> {
        let place = place.code();
        let held = deal_notes::held(conn, deal)?;
        Ok(held.iter().any(|note| note.action == place))
    }
}

/// What waits of some deals for their reader, the longest waiting first and no
/// more of each than [`MOST_SHOWN`]: the places and texts of their own side, of
/// all for the operator's people.
pub(super) fn waiting(
    conn: &mut Conn,
    readers: &BTreeMap<DealId, Reader>,
) -> Result<BTreeMap<DealId, Vec<DealNote>>, Error> {
    let ids: Vec<DealId> = readers.keys().copied().collect();
    let mut notes = deal_notes::waiting_for_places(conn, &ids, Camp::ALL, MOST_AT_ONCE)?;
    if i64::try_from(notes.len()).is_ok_and(|read| read >= MOST_AT_ONCE) {
        // Some of them have very many: each by itself, and as far as it is shown.
        notes.clear();
        for (id, reader) in readers {
            let theirs = camps_of(reader);
            notes.extend(deal_notes::waiting_for_places(
                conn,
                &[*id],
                theirs,
                MOST_SHOWN,
            )?);
        }
    }
    let most = usize::try_from(MOST_SHOWN).unwrap_or(usize::MAX);
    let mut waiting: BTreeMap<DealId, Vec<DealNote>> = BTreeMap::new();
    for note in notes {
        let reader = readers.get(&note.deal);
        if reader.is_some_and(|reader| camps_of(reader).contains(&note.marks.camp)) {
            let of_deal = waiting.entry(note.deal).or_default();
            if of_deal.len() < most {
                of_deal.push(note);
            }
        }
    }
    Ok(waiting)
}

/// Whose texts that wait are shown.
fn camps_of(reader: &Reader) -> &[Camp] {
    if reader.camps.contains(&Camp::Operator) {
        Camp::ALL
    } else {
        &reader.camps
    }
}

/// The deals with texts that waited for the gate alone and that it lets across now.
pub(super) fn open_by_gate(context: &Context, conn: &mut Conn) -> Result<Vec<DealId>, Error> {
    let waiting = deal_notes::for_gate(conn, None)?.into_iter();
    let deals: BTreeSet<DealId> = waiting.map(|note| note.deal).collect();
    let mut open = Vec::new();
    for id in deals {
        let deal = load(conn, id)?;
        if may_follow(context, conn, &deal)? {
            open.push(id);
        }
    }
    Ok(open)
}

/// Whether the gate lets things across between the sides of a deal now.
fn may_follow(context: &Context, conn: &mut Conn, deal: &Deal) -> Result<bool, Error> {
    Ok(between(context, conn, deal)? == Some(Crossing::Now))
}

/// Has the texts of a deal go to their places that waited for the gate alone, once
/// it lets things across; answers how many.
pub(super) fn follow_gate(context: &Context, conn: &mut Conn, id: DealId) -> Result<usize, Error> {
    let mut waiting = deal_notes::for_gate(conn, Some(id))?;
    // A tag may have been graded since.
    waiting.retain(|note| !is_marked(context, &note.note));
    let deal = load(conn, id)?;
    if waiting.is_empty() || !may_follow(context, conn, &deal)? {
        return Ok(0);
    }
    let mut gone = 0;
    for before in waiting {
        let state = NoteState::Cleared;
        if deal_notes::decide(conn, &before, (state, before.first_cleared_by))? {
            // Each may have changed it.
            let deal = load(conn, id)?;
            place(context, conn, &deal, &DealNote { state, ..before })?;
            gone += 1;
        }
    }
    Ok(gone)
}

/// Has a text that was let through stand where it is for. Whoever read it among
/// compliance is not for the sides to know.
pub(super) fn place(
    context: &Context,
    conn: &mut Conn,
    deal: &Deal,
    note: &DealNote,
) -> Result<(), Error> {
    let pen = context.pen(Actor::System);
    let subject = (SubjectKind::Deal, deal.id);
    let text = Value::hash_of(&note.note);
    let whose = ("as", code(note.marks.camp.code()));
    let changed = || Deal {
        version: deal.version + 1,
        updated_at: context.now(),
        ..deal.clone()
    };
    match TextPlace::from_code(&note.action) {
        Some(TextPlace::NextStep) => {
            let mut plan = super::changes::plan_of(conn, deal.id)?;
            plan.next_step = Some(note.note.clone());
            db::deal_plans::set(conn, deal.id, &plan)?;
            store(conn, &changed())?;
            pen.append(conn, "deal.planned", subject, vec![("next_step", text)])
        }
        Some(TextPlace::Fact(key)) => {
            let mut after = changed();
            let keys = Value::Codes(vec![key.to_string()]);
            after.facts.insert(key, note.note.clone());
            store(conn, &after)?;
            pen.append(conn, "deal.facts_recorded", subject, vec![("keys", keys)])
        }
        Some(TextPlace::Task(id)) => tasks::let_through(context, conn, id, None),
        Some(TextPlace::TaskTitle(id)) => {
            tasks::let_through(context, conn, id, Some(note.note.clone()))
        }
        Some(TextPlace::Document(id)) => {
            let facts = vec![("document", Value::Id(id)), ("title", text), whose];
            pen.append(conn, "deal.document_kept", subject, facts)
        }
        Some(TextPlace::Note) | None => {
            let facts = vec![
                ("note", Value::Id(note.id)),
                ("text", text),
                ("visibility", code(note.marks.visibility.code())),
                whose,
            ];
            pen.append(conn, "deal.noted", subject, facts)
        }
    }
}

/// Screens what was noted for both sides before such notes were screened, some
/// at a time: those with marked words wait from then on. Answers how many were
/// read.
///
/// # Errors
/// The store can't be written.
pub async fn screen_old(context: &Context) -> Result<usize, Error> {
    let mut read = 0;
    loop {
        let screening = context.clone();
        let some = context
            .db
            .write(move |conn| {
                let some = deal_notes::unscreened(conn, AT_ONCE)?;
                for note in &some {
                    let across = note.marks.visibility == Visibility::Both;
                    let waits = across
                        && note.state == NoteState::Shown
                        && is_marked(&screening, &note.note);
                    deal_notes::screened(conn, note.id, waits)?;
                }
                Ok::<_, Error>(some.len())
            })
            .await?;
        if some == 0 {
            return Ok(read);
        }
        read += some;
        tracing::info!(read, "notes of deals are screened");
    }
}
