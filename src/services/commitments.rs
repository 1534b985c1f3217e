//! What the parties of a programme promise each other, and the evidence of
//! what came of it. Curators write the promises; every party adds evidence.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::db::commitments;
pub use crate::db::commitments::Filter;
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::calendar::latest_day;
use crate::domain::commitment::{
    Adds, Commitment, CommitmentAction, CommitmentDetails, CommitmentStatus, Evidence,
    EvidenceKind, Target, evidence_faults, step,
};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::held_text::{HeldPlace, TextOf};
use crate::domain::ids::{CommitmentId, OrganizationId, ProgrammeId};
use crate::domain::permission::Operation;
use crate::domain::programme::Programme;
use crate::domain::refusal::Refusal;
use crate::domain::scorecard::promise_facts;

use super::held_texts::{Waiting, may_stand};
use super::locked::lock;
use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent, held_texts, programmes, scorecard};

/// Evidence that somebody gives.
#[derive(Debug, Clone)]
pub struct NewEvidence {
    /// Of what sort.
    pub kind: EvidenceKind,
    /// What it adds.
    pub adds: Adds,
    /// The day it happened.
    pub happened_on: NaiveDate,
    /// What and where, in words.
    pub note: String,
    /// The piece that it puts right.
    pub replaces: Option<Uuid>,
}

/// Who is party to a programme.
pub(super) fn parties(programme: &Programme) -> Vec<OrganizationId> {
    let parties = programme.details.parties.iter();
    parties.map(|party| party.organization).collect()
}

/// The programme of promises that the caller may read: one that they may know
/// of at all is no secret, what it promises is its parties'.
pub(super) fn readable(
    conn: &mut Conn,
    caller: &Caller,
    id: ProgrammeId,
) -> Result<Programme, Error> {
    let programme = programmes::load(conn, id)?;
    programmes::check_known(conn, caller, &programme)?;
    match caller.may(Operation::ReadCommitment, &parties(&programme)) {
        Err(Error::NotFound) => Err(Error::Forbidden),
        other => other.map(|()| programme),
    }
}

/// A commitment that the caller may read, with its programme; to others it is
/// as if it were not there.
pub(super) fn load_readable(
    conn: &mut Conn,
    caller: &Caller,
    id: CommitmentId,
) -> Result<(Commitment, Programme), Error> {
    let found = load(conn, id)?;
    let programme = programmes::load(conn, found.programme)?;
    caller
        .may(Operation::ReadCommitment, &parties(&programme))
        .map_err(|_| Error::NotFound)?;
    programmes::check_known(conn, caller, &programme)?;
    Ok((found, programme))
}

/// Puts a promise on record, for curators. Words that compliance has to read
/// first wait; until then it is named by its goal.
pub async fn make(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    programme: ProgrammeId,
    details: CommitmentDetails,
) -> Result<Commitment, Error> {
    let now = context.now();
    let id = context.new_id();
    let (caller_in, pen) = (caller.clone(), context.pen(caller.actor()));
    let (context_in, caller_again) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let programme = readable(conn, &caller_in, programme)?;
            caller_in.may(Operation::WriteCommitment, &[])?;
            check(&programme, &details)?;
            let of = (programme.id, id);
            let details = words_or_wait(
                &context_in,
                conn,
                &caller_in,
                of,
                details,
                (None, Said::ALL),
            )?;
            let made = Commitment {
                id,
                programme: programme.id,
                details,
                status: CommitmentStatus::Open,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            commitments::insert(conn, &made)?;
            log(conn, &pen, "commitment.made", &made)?;
            Ok(made)
        },
        move |conn, id| load_readable(conn, &caller_again, id.into()).map(|(found, _)| found),
    )
    .await
}

/// Which words of a promise somebody says anew, be it in those that it has.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// Its title.
    pub title: bool,
    /// Its target in words.
    pub target: bool,
}

impl Said {
    const ALL: Self = Self {
        title: true,
        target: true,
    };
}

/// A promise in the words that its parties may read now: what stood before, or
/// its goal, in place of those that wait.
fn words_or_wait(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    (programme, id): (ProgrammeId, CommitmentId),
    mut details: CommitmentDetails,
    (before, said): (Option<&CommitmentDetails>, Said),
) -> Result<CommitmentDetails, Error> {
    let of = TextOf::Programme(programme);
    if let Some(unit) = &details.unit {
        held_texts::refuse(context, "/unit", unit)?;
    }
    let goal = details.goal.code();
    let stood = before.map(|it| it.title.as_str());
    if stood != Some(details.title.as_str()) {
        let place = (of, &HeldPlace::Title(id));
        if !may_stand(context, conn, caller, place, &details.title, None)? {
            stood.unwrap_or(goal).clone_into(&mut details.title);
        }
    } else if said.title {
        // What was to take its place is taken back.
        db::held_texts::replace(conn, of, &HeldPlace::Title(id))?;
    }
    let stood = before.and_then(|it| match &it.target {
        Target::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let place = HeldPlace::Target(id);
    match &mut details.target {
        Target::Text(text) if stood != Some(text.as_str()) => {
            let stands = may_stand(context, conn, caller, (of, &place), text, None)?;
            if !stands {
                stood.unwrap_or(goal).clone_into(text);
            }
        }
        Target::Text(_) if said.target => db::held_texts::replace(conn, of, &place)?,
        Target::Text(_) => {}
        _ if stood.is_some() => db::held_texts::replace(conn, of, &place)?,
        _ => {}
    }
    Ok(details)
}

fn check(programme: &Programme, details: &CommitmentDetails) -> Result<(), Error> {
    let term = &programme.details;
    let faults = details.faults(term.starts_on, term.ends_on, &parties(programme));
    Ok(faults.finish()?)
}

fn log(
    conn: &mut Conn,
    pen: &super::log::Pen,
    kind: &'static str,
    commitment: &Commitment,
) -> Result<(), Error> {
    let mut facts = vec![("commitment", Value::Id(commitment.id.uuid()))];
    facts.extend(promise_facts(&commitment.details));
    let subject = (SubjectKind::Programme, commitment.programme);
    pen.append(conn, kind, subject, facts)
}

/// Commitments of a programme, oldest first, for its parties and the
/// operator's people.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Commitment>, Error> {
    let caller = caller.clone();
    read_page(
        context,
        format!("commitments {filter:?}"),
        page,
        move |conn, cursor, limit| {
            readable(conn, &caller, filter.programme)?;
            Ok(commitments::list(conn, &filter, cursor, limit)?)
        },
        |commitment| after(commitment.created_at, commitment.id),
    )
    .await
}

/// One commitment.
pub async fn find(
    context: &Context,
    caller: &Caller,
    id: CommitmentId,
) -> Result<Commitment, Error> {
    let caller = caller.clone();
    context
        .db
        .look_up(move |conn| load_readable(conn, &caller, id).map(|(found, _)| found))
        .await
}

/// What waits for compliance of this evidence for a commitment, as far as the
/// caller knows of it.
pub async fn waiting(
    context: &Context,
    caller: &Caller,
    id: CommitmentId,
    evidence: impl Iterator<Item = Uuid>,
) -> Result<Waiting, Error> {
    let places: Vec<HeldPlace> = evidence.map(HeldPlace::Evidence).collect();
    if places.is_empty() {
        return Ok(Waiting::default());
    }
    let caller = caller.clone();
    let read = move |conn: &mut Conn| {
        let (found, _) = load_readable(conn, &caller, id)?;
        let of = TextOf::Programme(found.programme);
        Waiting::read_at(conn, &caller, of, &places)
    };
    context.db.read(read).await
}

/// Changes what an open commitment says, for curators.
pub async fn change(
    context: &Context,
    caller: &Caller,
    id: CommitmentId,
    (expected, said): (Option<i64>, Said),
    revise: impl FnOnce(&CommitmentDetails) -> Result<CommitmentDetails, Error> + Send + 'static,
) -> Result<Commitment, Error> {
    let now = context.now();
    let (caller_in, pen) = (caller.clone(), context.pen(caller.actor()));
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let (before, programme) = load_readable(conn, &caller_in, id)?;
            caller_in.may(Operation::WriteCommitment, &[])?;
            check_version(expected, before.version)?;
            if before.status != CommitmentStatus::Open {
                return Err(Refusal::no_transition("change").into());
            }
            let details = revise(&before.details)?;
            check(&programme, &details)?;
            let (of, stood) = ((programme.id, id), (Some(&before.details), said));
            let details = words_or_wait(&context_in, conn, &caller_in, of, details, stood)?;
            let after = Commitment {
                details,
                version: before.version + 1,
                updated_at: now,
                ..before
            };
            store(conn, &after)?;
            log(conn, &pen, "commitment.changed", &after)?;
            Ok(after)
        })
        .await
}

/// Closes a commitment as met once the records or the evidence show it, gives
/// it up, or takes it up again; for curators.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: CommitmentId,
    expected: Option<i64>,
    action: CommitmentAction,
    reason: Option<String>,
) -> Result<Commitment, Error> {
    // The whole log of the programme is read, and nobody should wait for that:
    // evidence that comes meanwhile raises the version.
    context.db.seal_pending().await?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let share = context.db.read(move |conn| {
        let (found, programme) = load_readable(conn, &caller_in, id)?;
        caller_in.may(Operation::WriteCommitment, &[])?;
        let share = scorecard::share_of(&context_in, conn, &programme, id)?;
        Ok::<_, Error>((share, found.version))
    });
    let (share, version) = share.await?;
    let (context_in, caller_again) = (context.clone(), caller.clone());
    let (caller_in, pen) = (caller.clone(), context.pen(caller.actor()));
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let (before, _) = load_readable(conn, &caller_in, id)?;
            check_version(expected, before.version)?;
            check_version(Some(version), before.version)?;
            let status = step(before.status, action, share)?;
            let after = Commitment {
                status,
                version: before.version + 1,
                updated_at: context_in.now(),
                ..before.clone()
            };
            store(conn, &after)?;
            let mut facts = vec![
                ("commitment", Value::Id(id.uuid())),
                ("action", code(action.code())),
                ("from", code(before.status.code())),
                ("to", code(status.code())),
                ("share", Value::Int(share)),
            ];
            facts.extend(
                reason
                    .as_deref()
                    .map(|words| ("reason", Value::hash_of(words))),
            );
            let subject = (SubjectKind::Programme, after.programme);
            pen.append(conn, "commitment.moved", subject, facts)?;
            Ok(after)
        },
        move |conn, id| load_readable(conn, &caller_again, id.into()).map(|(found, _)| found),
    )
    .await
}

/// What the caller can do with a commitment that they may read.
pub(super) fn open_to(
    conn: &mut Conn,
    caller: &Caller,
    found: &Commitment,
    share: impl FnOnce(&mut Conn, &Programme) -> Result<i64, Error>,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    if caller.may(Operation::WriteCommitment, &[]).is_err() {
        return Ok(vec![]);
    }
    let programme = programmes::load(conn, found.programme)?;
    let share = share(conn, &programme)?;
    let outcome = |action: CommitmentAction| match step(found.status, action, share) {
        Ok(_) => Some((action.code(), None)),
        Err(refusal) if refusal.is_about_state() => None,
        Err(refusal) => Some((action.code(), Some(refusal))),
    };
    let actions = CommitmentAction::ALL.iter().copied();
    Ok(actions.filter_map(outcome).collect())
}

/// What a curator can do with a commitment now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: CommitmentId,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let (found, _) = load_readable(conn, &caller, id)?;
            let now = |conn: &mut Conn, programme: &_| {
                scorecard::share_of(&context_in, conn, programme, found.id)
            };
            open_to(conn, &caller, &found, now)
        })
        .await
}

impl Recorded for Evidence {
    fn id(&self) -> Uuid {
        self.id
    }

    /// What was given is never changed.
    fn version(&self) -> i64 {
        1
    }
}

/// Adds evidence to an open commitment, for its programme's parties and for
/// curators. It may put right what the same party, or anybody where a curator
/// does it, gave before: that one stays on record and counts no more.
pub async fn give_evidence(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: CommitmentId,
    new: NewEvidence,
) -> Result<Evidence, Error> {
    let now = context.now();
    let evidence_id = context.new_id();
    let (caller_in, pen) = (caller.clone(), context.pen(caller.actor()));
    let (context_in, caller_again) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let (before, programme) = load_readable(conn, &caller_in, id)?;
            let parties = parties(&programme);
            caller_in.may(Operation::WriteEvidence, &parties)?;
            if !commitments::note_evidence(conn, id, now)? {
                return Err(Refusal::no_transition("evidence").into());
            }
            let NewEvidence {
                kind,
                adds,
                happened_on,
                note,
                replaces,
            } = new;
            evidence_faults(&before.details, adds, happened_on, latest_day(now)).finish()?;
            let of = TextOf::Programme(programme.id);
            if let Some(replaced) = replaces {
                check_replaceable(conn, &caller_in, id, replaced)?;
                db::held_texts::replace(conn, of, &HeldPlace::Evidence(replaced))?;
            }
            let own = parties.into_iter().find(|id| caller_in.belongs_to(*id));
            let place = (of, &HeldPlace::Evidence(evidence_id));
            // It counts at once; only its words wait.
            let told = may_stand(&context_in, conn, &caller_in, place, &note, own)?;
            let note = if told { note } else { String::new() };
            let given = Evidence {
                id: evidence_id,
                commitment: id,
                kind,
                adds,
                happened_on,
                note,
                organization: own,
                by: caller_in.id(),
                created_at: now,
                replaces,
                replaced_by: None,
            };
            if !commitments::insert_evidence(conn, &given)? {
                return Err(already_replaced());
            }
            log_evidence(conn, &pen, before.programme, &given)?;
            Ok(given)
        },
        move |conn, given| {
            load_readable(conn, &caller_again, id)?;
            commitments::find_evidence(conn, given)?.ok_or(Error::NotFound)
        },
    )
    .await
}

/// Whether the caller may put that piece of evidence right.
fn check_replaceable(
    conn: &mut Conn,
    caller: &Caller,
    commitment: CommitmentId,
    replaced: Uuid,
) -> Result<(), Error> {
    let found = commitments::find_evidence(conn, replaced)?;
    let Some(found) = found.filter(|found| found.commitment == commitment) else {
        let mut faults = Faults::new();
        let detail = "There is no such evidence for this commitment.";
        faults.push("/replaces", "unknown_evidence", detail);
        return Ok(faults.finish()?);
    };
    let own = found
        .organization
        .is_some_and(|firm| caller.belongs_to(firm));
    if !own && !caller.is(Role::Curator) {
        return Err(Refusal::not_yours("replace").into());
    }
    match found.replaced_by {
        Some(_) => Err(already_replaced()),
        None => Ok(()),
    }
}

fn already_replaced() -> Error {
    Error::refused(
        "already_replaced",
        "Another piece of evidence has taken its place; replace that one.",
    )
}

pub(super) fn log_evidence(
    conn: &mut Conn,
    pen: &super::log::Pen,
    programme: ProgrammeId,
    given: &Evidence,
) -> Result<(), Error> {
    let mut facts = vec![
        ("commitment", Value::Id(given.commitment.uuid())),
        ("evidence", Value::Id(given.id)),
        ("kind", code(given.kind.code())),
        ("happened_on", Value::Date(given.happened_on)),
    ];
    if !given.note.is_empty() {
        facts.push(("note", Value::hash_of(&given.note)));
    }
    facts.extend(given.replaces.map(|id| ("replaces", Value::Id(id))));
    match given.adds {
        Adds::Nothing => {}
        Adds::Count(count) => facts.push(("count", Value::Int(count))),
        Adds::Money(money) => {
            facts.push(("amount", Value::Money(money)));
            let (_, locked) = lock(conn, given.happened_on, money.currency)?;
            facts.extend(locked);
        }
        Adds::Fulfils => facts.push(("fulfils", Value::Flag(true))),
    }
    let subject = (SubjectKind::Programme, programme);
    pen.append(conn, "commitment.evidenced", subject, facts)
}

/// The evidence for a commitment, oldest first.
pub async fn evidence(
    context: &Context,
    caller: &Caller,
    id: CommitmentId,
    page: PageRequest,
) -> Result<Page<Evidence>, Error> {
    let caller = caller.clone();
    read_page(
        context,
        format!("evidence {id}"),
        page,
        move |conn, cursor, limit| {
            load_readable(conn, &caller, id)?;
            Ok(commitments::list_evidence(conn, id, cursor, limit)?)
        },
        |given| after(given.created_at, given.id),
    )
    .await
}

fn load(conn: &mut Conn, id: CommitmentId) -> Result<Commitment, Error> {
    db::commitments::find(conn, id)?.ok_or(Error::NotFound)
}

fn store(conn: &mut Conn, commitment: &Commitment) -> Result<(), Error> {
    if commitments::update(conn, commitment)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}
