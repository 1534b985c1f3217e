//! Everything of a programme matched again, after a change of rules: the best
//! mandates of each startup are put on record, and what is on record and not
//! shown yet gets a newer account where that differs. What a side was shown
//! stays as it was shown; it ends only when a gate fails by now.
//!
//! A job goes through the startups a few at a time, each on all cores, and
//! writes what changed together with how far it came, so that whoever goes on
//! after a crash repeats nothing and leaves nothing out.

mod work;

use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{ProgrammeId, RematchId, UserId};
use crate::domain::permission::Operation;
use crate::domain::refusal::Refusal;
use crate::domain::rematch::{Rematch, RematchStatus, RematchTally};
use crate::domain::scoring::Band;

use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent, programmes};

pub use work::{drive, run_due};

/// What to put on record.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// So many of the best mandates of each startup.
    pub top: i64,
    /// Only from that band upwards.
    pub min_band: Band,
}

/// Begins a job. The workers go on with it at once.
pub async fn start(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    programme: ProgrammeId,
    wanted: Wanted,
) -> Result<Rematch, Error> {
    caller.may(Operation::RankMatches, &[])?;
    caller.may(Operation::MoveMatch, &[])?;
    let (context_in, by) = (context.clone(), caller.id());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| begin(&context_in, conn, Some(by), programme, wanted),
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// Begins a job for a command of the operator's, or finds the one that runs.
///
/// # Errors
/// There is no such programme; a statement failed.
pub async fn start_or_go_on(
    context: &Context,
    programme: ProgrammeId,
    wanted: Wanted,
) -> Result<(Rematch, bool), Error> {
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let mut running = db::rematches::running(conn)?.into_iter();
            match running.find(|job| job.programme == programme) {
                Some(job) => Ok((job, false)),
                None => Ok((begin(&context_in, conn, None, programme, wanted)?, true)),
            }
        })
        .await
}

fn begin(
    context: &Context,
    conn: &mut Conn,
    by: Option<UserId>,
    programme: ProgrammeId,
    wanted: Wanted,
) -> Result<Rematch, Error> {
    let rule_set = programmes::load(conn, programme)?.rule_set;
    let (_, startups) = db::programmes::published_startups(conn, programme, 0)?;
    let now = context.now();
    let job = Rematch {
        id: context.new_id(),
        programme,
        top: wanted.top,
        min_band: wanted.min_band,
        rule_set,
        status: RematchStatus::Running,
        startups,
        done: 0,
        after: None,
        tally: RematchTally::default(),
        by,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    if !db::rematches::insert(conn, &job)? {
        return Err(Error::refused(
            "rematch_running",
            "Everything of this programme is being matched again already.",
        ));
    }
    let actor = by.map_or(Actor::System, Actor::User);
    context.pen(actor).append(
        conn,
        "programme.rematch_started",
        (SubjectKind::Programme, programme),
        vec![
            ("rematch", Value::Id(job.id.uuid())),
            ("rule_set", Value::Id(rule_set.uuid())),
            ("top", Value::Int(job.top)),
            ("min_band", code(job.min_band.code())),
            ("startups", Value::Int(startups)),
        ],
    )?;
    Ok(job)
}

/// One job, for the operator's people.
pub async fn find(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    id: RematchId,
) -> Result<Rematch, Error> {
    caller.may(Operation::RankMatches, &[])?;
    context
        .db
        .read(move |conn| load_of(conn, programme, id))
        .await
}

/// Jobs of a programme, oldest first, for the operator's people.
pub async fn list(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    page: PageRequest,
) -> Result<Page<Rematch>, Error> {
    caller.may(Operation::RankMatches, &[])?;
    read_page(
        context,
        format!("rematches {programme}"),
        page,
        move |conn, cursor, limit| {
            programmes::load(conn, programme)?;
            Ok(db::rematches::list(conn, programme, cursor, limit)?)
        },
        |job| after(job.created_at, job.id),
    )
    .await
}

/// Gives a job up; what it wrote stays.
pub async fn cancel(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    (programme, id): (ProgrammeId, RematchId),
    expected: Option<i64>,
) -> Result<Rematch, Error> {
    caller.may(Operation::RankMatches, &[])?;
    caller.may(Operation::MoveMatch, &[])?;
    let (context_in, actor) = (context.clone(), caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load_of(conn, programme, id)?;
            check_version(expected, before.version)?;
            if before.status != RematchStatus::Running {
                return Err(crate::domain::refusal::Refusal::no_transition("cancel").into());
            }
            let after = Rematch {
                status: RematchStatus::Cancelled,
                version: before.version + 1,
                updated_at: context_in.now(),
                ..before
            };
            if !db::rematches::update(conn, &after)? {
                return Err(Error::StaleVersion);
            }
            tell_end(&context_in, conn, actor, &after)?;
            Ok(after)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// What the caller can do with a job now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    id: RematchId,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let job = find(context, caller, programme, id).await?;
    let theirs = caller.may(Operation::MoveMatch, &[]).is_ok();
    let runs = job.status == RematchStatus::Running;
    Ok((theirs && runs)
        .then_some(("cancel", None))
        .into_iter()
        .collect())
}

fn tell_end(context: &Context, conn: &mut Conn, actor: Actor, job: &Rematch) -> Result<(), Error> {
    context.pen(actor).append(
        conn,
        "programme.rematch_ended",
        (SubjectKind::Programme, job.programme),
        vec![
            ("rematch", Value::Id(job.id.uuid())),
            ("to", code(job.status.code())),
            ("startups", Value::Int(job.done)),
            ("added", Value::Int(job.tally.added)),
            ("replaced", Value::Int(job.tally.replaced)),
            ("ended", Value::Int(job.tally.ended)),
            ("unchanged", Value::Int(job.tally.unchanged)),
        ],
    )
}

fn load(conn: &mut Conn, id: RematchId) -> Result<Rematch, Error> {
    db::rematches::find(conn, id)?.ok_or(Error::NotFound)
}

fn load_of(conn: &mut Conn, programme: ProgrammeId, id: RematchId) -> Result<Rematch, Error> {
    let found = load(conn, id)?;
    if found.programme == programme {
        Ok(found)
    } else {
        Err(Error::NotFound)
    }
}
