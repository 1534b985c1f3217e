//! Evidence of what came of a programme that no commitment asks for yet: parties
//! and curators put it on record, and a curator gives it to a commitment later.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::calendar::latest_day;
use crate::domain::commitment::{Adds, Evidence, EvidenceKind, evidence_faults};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::held_text::{HeldPlace, TextOf};
use crate::domain::ids::{CommitmentId, OrganizationId, ProgrammeId};
use crate::domain::permission::Operation;
use crate::domain::programme_evidence::{
    EvidenceAction, EvidenceState, ProgrammeEvidence, faults, step,
};
use crate::domain::refusal::Refusal;

use super::commitments::{log_evidence, parties, readable};
use super::held_texts::{self, may_stand};
use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent, programmes};

impl Recorded for ProgrammeEvidence {
    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i64 {
        self.version
    }
}

/// What somebody puts on record.
#[derive(Debug, Clone)]
pub struct Happened {
    /// Of what sort.
    pub kind: EvidenceKind,
    /// The day it happened.
    pub on: NaiveDate,
    /// What and where, in words.
    pub note: String,
}

/// What somebody does with what is on record.
#[derive(Debug, Clone)]
pub enum Move {
    /// Give it to a commitment, with what it adds there.
    Link(CommitmentId, Adds),
    /// Take it back; why, in words.
    Withdraw(Option<String>),
}

impl Move {
    const fn action(&self) -> EvidenceAction {
        match self {
            Self::Link(..) => EvidenceAction::Link,
            Self::Withdraw(_) => EvidenceAction::Withdraw,
        }
    }
}

/// Puts something on record of a programme, for its parties and for curators.
pub async fn give(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    programme: ProgrammeId,
    new: Happened,
) -> Result<ProgrammeEvidence, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let now = context_in.now();
            let programme = readable(conn, &caller_in, programme)?;
            let parties = parties(&programme);
            caller_in.may(Operation::WriteEvidence, &parties)?;
            let Happened { kind, on, note } = new;
            faults(on, latest_day(now)).finish()?;
            let id = context_in.new_id();
            let own = parties.into_iter().find(|id| caller_in.belongs_to(*id));
            // It stands on record at once; only its words may wait.
            let of = TextOf::Programme(programme.id);
            let place = (of, &HeldPlace::Evidence(id));
            let told = may_stand(&context_in, conn, &caller_in, place, &note, own)?;
            let note = if told { note } else { String::new() };
            let given = ProgrammeEvidence {
                id,
                programme: programme.id,
                kind,
                happened_on: on,
                note,
                organization: own,
                by: caller_in.id(),
                state: EvidenceState::Open,
                commitment: None,
                withdrawn_for: None,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            db::programme_evidence::insert(conn, &given)?;
            let mut facts = vec![
                ("evidence", Value::Id(given.id)),
                ("kind", code(kind.code())),
                ("happened_on", Value::Date(on)),
            ];
            if !given.note.is_empty() {
                facts.push(("note", Value::hash_of(&given.note)));
            }
            let subject = (SubjectKind::Programme, given.programme);
            let pen = context_in.pen(caller_in.actor());
            pen.append(conn, "programme.evidence_given", subject, facts)?;
            Ok(given)
        },
        load,
    )
    .await
}

/// What is on record of a programme without a commitment, oldest first, for its
/// parties and the operator's people.
pub async fn list(
    context: &Context,
    caller: &Caller,
    (programme, state): (ProgrammeId, Option<EvidenceState>),
    page: PageRequest,
) -> Result<Page<ProgrammeEvidence>, Error> {
    let caller = caller.clone();
    read_page(
        context,
        format!("programme evidence {programme} {state:?}"),
        page,
        move |conn, cursor, limit| {
            readable(conn, &caller, programme)?;
            let of = (programme, state);
            Ok(db::programme_evidence::list(conn, of, cursor, limit)?)
        },
        |given| after(given.created_at, given.id),
    )
    .await
}

/// One of them.
pub async fn find(
    context: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<ProgrammeEvidence, Error> {
    let caller = caller.clone();
    let read = move |conn: &mut Conn| load_readable(conn, &caller, id).map(|(found, _)| found);
    context.db.look_up(read).await
}

/// What the caller can do with it now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let caller_in = caller.clone();
    let read = move |conn: &mut Conn| load_readable(conn, &caller_in, id);
    let (found, parties) = context.db.look_up(read).await?;
    if caller.may(Operation::WriteEvidence, &parties).is_err() {
        return Ok(vec![]);
    }
    let who = standing(caller, &found);
    let actions = EvidenceAction::ALL.iter().copied();
    let open = actions.filter(|action| step(found.state, *action, who).is_ok());
    Ok(open.map(|action| (action.code(), None)).collect())
}

/// Gives it to an open commitment of its programme, where it counts from then
/// on, for curators; or takes it back, for them and for the party that gave it.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    (id, expected): (Uuid, Option<i64>),
    wanted: Move,
) -> Result<ProgrammeEvidence, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let (before, parties) = load_readable(conn, &caller_in, id)?;
            caller_in.may(Operation::WriteEvidence, &parties)?;
            check_version(expected, before.version)?;
            let action = wanted.action();
            let state = step(before.state, action, standing(&caller_in, &before))?;
            let (mut given, mut withdrawn_for) = (None, None);
            match wanted {
                Move::Link(commitment, adds) => {
                    given = Some(linked(&context_in, conn, &before, (commitment, adds))?);
                }
                Move::Withdraw(reason) => {
                    // The other parties read it, and what is taken back waits for
                    // nobody: it is said in words that all may read.
                    if let Some(words) = &reason {
                        held_texts::refuse(&context_in, "/reason", words)?;
                    }
                    let place = HeldPlace::Evidence(id);
                    db::held_texts::replace(conn, TextOf::Programme(before.programme), &place)?;
                    withdrawn_for = reason;
                }
            }
            let after = ProgrammeEvidence {
                state,
                commitment: given.as_ref().map(|given| given.commitment),
                withdrawn_for,
                version: before.version + 1,
                updated_at: context_in.now(),
                ..before.clone()
            };
            // Of two who link it at a time one is told that the other was first.
            if !db::programme_evidence::update(conn, &after)? {
                return Err(Error::StaleVersion);
            }
            let pen = context_in.pen(caller_in.actor());
            let mut facts = vec![
                ("evidence", Value::Id(id)),
                ("action", code(action.code())),
                ("from", code(before.state.code())),
                ("to", code(state.code())),
            ];
            if let Some(given) = &given {
                if !db::commitments::insert_evidence(conn, given)? {
                    return Err(Error::StaleVersion);
                }
                log_evidence(conn, &pen, before.programme, given)?;
                facts.push(("commitment", Value::Id(given.commitment.uuid())));
            }
            let words = after.withdrawn_for.as_deref();
            facts.extend(words.map(|words| ("reason", Value::hash_of(words))));
            let subject = (SubjectKind::Programme, after.programme);
            pen.append(conn, "programme.evidence_moved", subject, facts)?;
            Ok(after)
        },
        load,
    )
    .await
}

/// It as evidence for a commitment that takes it.
fn linked(
    context: &Context,
    conn: &mut Conn,
    before: &ProgrammeEvidence,
    (commitment, adds): (CommitmentId, Adds),
) -> Result<Evidence, Error> {
    let found = db::commitments::find(conn, commitment)?;
    let Some(found) = found.filter(|it| it.programme == before.programme) else {
        let mut faults = Faults::new();
        let detail = "There is no such commitment under this programme.";
        faults.push("/commitment", "unknown_commitment", detail);
        return Err(Error::from(faults));
    };
    let now = context.now();
    if !db::commitments::note_evidence(conn, commitment, now)? {
        return Err(Error::refused(
            "commitment_closed",
            "That commitment is closed: take it up again first.",
        ));
    }
    evidence_faults(&found.details, adds, before.happened_on, latest_day(now)).finish()?;
    Ok(Evidence {
        id: before.id,
        commitment,
        kind: before.kind,
        adds,
        happened_on: before.happened_on,
        note: before.note.clone(),
        organization: before.organization,
        by: before.by,
        created_at: now,
        replaces: None,
        replaced_by: None,
    })
}

/// Whether somebody curates, and whether their firm gave it.
fn standing(caller: &Caller, found: &ProgrammeEvidence) -> (bool, bool) {
    let own = found
        .organization
        .is_some_and(|firm| caller.belongs_to(firm));
    (caller.is(Role::Curator), own)
}

fn load(conn: &mut Conn, id: Uuid) -> Result<ProgrammeEvidence, Error> {
    db::programme_evidence::find(conn, id)?.ok_or(Error::NotFound)
}

/// It, with the parties of its programme, for those who may read what that one
/// promises.
fn load_readable(
    conn: &mut Conn,
    caller: &Caller,
    id: Uuid,
) -> Result<(ProgrammeEvidence, Vec<OrganizationId>), Error> {
    let found = load(conn, id)?;
    let programme = programmes::load(conn, found.programme)?;
    let parties = parties(&programme);
    caller
        .may(Operation::ReadCommitment, &parties)
        .map_err(|_| Error::NotFound)?;
    programmes::check_known(conn, caller, &programme)?;
    Ok((found, parties))
}
