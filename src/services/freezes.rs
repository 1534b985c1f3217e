//! Freezes: ordered by one person of compliance, lifted by two, begun and ended
//! by the clock. The gate goes by the clock itself; that a freeze began or
//! ended is noted in the log as well, for the match index, the deals and
//! whoever else follows the log, on whichever node the clock strikes first.

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use crate::db::freezes::FreezeRecord;
use crate::db::freezes::Lift;
use crate::db::page::Page;
use crate::db::{self, Conn, freezes};
use crate::domain::compliance::{Freeze, FreezeScope, FreezeState, freeze_term};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::UserId;
use crate::domain::permission::{Operation, Verdict, decide};
use crate::domain::refusal::Refusal;

use super::duplicates::live_firm;
use super::once::{Recorded, write_once, write_once_versioned};
use super::paging::{PageRequest, after, read_page};
use super::recused;
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent};

/// Freezes that the clock turns in one transaction.
const AT_ONCE: i64 = 20;

/// A freeze that somebody wants.
#[derive(Debug, Clone)]
pub struct NewFreeze {
    /// What it covers.
    pub scope: FreezeScope,
    /// Why.
    pub reason: String,
    /// From when on; now where it is absent.
    pub from: Option<DateTime<Utc>>,
    /// When it ends by itself; where it is absent two people lift it.
    pub to: Option<DateTime<Utc>>,
}

impl NewFreeze {
    /// One from now on, until two people lift it.
    pub const fn of(scope: FreezeScope, reason: String) -> Self {
        Self {
            scope,
            reason,
            from: None,
            to: None,
        }
    }
}

/// Orders that nothing more is shown or sent within a scope.
pub async fn order(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    new: NewFreeze,
) -> Result<FreezeRecord, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let by = caller.id();
    let now = context.now();
    let (starts_at, ends_at) = freeze_term(new.from, new.to, now)?;
    let freeze = Freeze {
        id: context.new_id(),
        scope: new.scope,
        reason: new.reason,
        starts_at,
        ends_at,
        created_at: now,
    };
    let pen = context.pen(caller.actor());
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once(
        context,
        by,
        intent,
        move |conn| {
            check_scope(conn, &freeze.scope)?;
            recused::check_freeze(&context_in, conn, &caller_in, &freeze)?;
            if let FreezeScope::Organization(id) = freeze.scope {
                live_firm(conn, id)?;
            }
            freezes::insert(conn, &freeze, by)?;
            log_freeze(conn, &pen, "freeze.ordered", &freeze, None)?;
            load(conn, freeze.id)
        },
        load,
    )
    .await
}

/// A freeze of something that isn't there would freeze nothing, and nobody
/// would notice.
fn check_scope(conn: &mut Conn, scope: &FreezeScope) -> Result<(), Error> {
    let (known, code, detail) = match scope {
        FreezeScope::Organization(id) => (
            db::organizations::find(conn, *id)?.is_some(),
            "unknown_organization",
            "There is no such organization.",
        ),
        FreezeScope::Programme(id) => (
            db::programmes::find(conn, *id)?.is_some(),
            "unknown_programme",
            "There is no such programme.",
        ),
        FreezeScope::All | FreezeScope::Country(_) | FreezeScope::Tag(_) => return Ok(()),
    };
    let mut faults = Faults::new();
    if !known {
        faults.push("/value", code, detail);
    }
    Ok(faults.finish()?)
}

/// How a freeze stands after somebody asked to lift it.
struct Lifting {
    freeze: Uuid,
    version: i64,
    lifted: bool,
}

impl Recorded for Lifting {
    fn id(&self) -> Uuid {
        self.freeze
    }

    fn version(&self) -> i64 {
        self.version
    }
}

/// Lifts a freeze; it takes two people, each with a reason. Answers whether it
/// is lifted now.
pub async fn lift(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: Uuid,
    expected: Option<i64>,
    reason: String,
) -> Result<bool, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let by = caller.id();
    let now = context.now();
    let pen = context.pen(caller.actor());
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let lifting = write_once_versioned(
        context,
        by,
        intent,
        move |conn| {
            let found = load(conn, id)?;
            recused::check_freeze(&context_in, conn, &caller_in, &found.freeze)?;
            check_version(expected, found.version)?;
            may_lift(&found, by, now)?;
            let said = Lift {
                by,
                reason,
                at: now,
            };
            let (stored, kind) = match found.first_lifted_by {
                None => (
                    freezes::first_lift(conn, id, found.version, &said)?,
                    "freeze.lifting_proposed",
                ),
                Some(_) => (
                    freezes::lift(conn, id, found.version, &said)?,
                    "freeze.lifted",
                ),
            };
            if !stored {
                return Err(Error::StaleVersion);
            }
            log_freeze(conn, &pen, kind, &found.freeze, Some(&said.reason))?;
            Ok(Lifting {
                freeze: id,
                version: found.version + 1,
                lifted: kind == "freeze.lifted",
            })
        },
        |conn, id, version| {
            // The last version of a freeze is the one that lifts it.
            let found = load(conn, id)?;
            Ok(Lifting {
                freeze: id,
                version,
                lifted: found.lifted_at.is_some() && found.version == version,
            })
        },
    )
    .await?;
    Ok(lifting.lifted)
}

/// Whether somebody can take a step to lift a freeze.
fn may_lift(found: &FreezeRecord, by: UserId, now: DateTime<Utc>) -> Result<(), Refusal> {
    match found.state(now) {
        FreezeState::Planned | FreezeState::InForce => {}
        FreezeState::Lifted => {
            return Err(Refusal::new(
                "lifted_already",
                "This freeze is lifted already.",
            ));
        }
        FreezeState::Ended => {
            return Err(Refusal::new("ended_already", "This freeze is over."));
        }
    }
    if found.first_lifted_by == Some(by) {
        return Err(Refusal::new(
            "second_person_needed",
            "Somebody else of compliance has to agree.",
        ));
    }
    Ok(())
}

/// Whether the caller can take a step to lift a freeze now; none where it
/// isn't theirs to take.
pub async fn lift_verdict(
    context: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<Option<Result<(), Refusal>>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (found, theirs) = context
        .db
        .read(move |conn| {
            let found = load(conn, id)?;
            let recused = recused::check_freeze(&context_in, conn, &caller_in, &found.freeze);
            match recused {
                Ok(()) => Ok((found, true)),
                Err(Error::Forbidden) => Ok((found, false)),
                Err(other) => Err(other),
            }
        })
        .await?;
    let may = decide(Operation::WriteCompliance, &caller.memberships, &[]);
    let may = may == Verdict::Allowed && theirs;
    Ok(may.then(|| may_lift(&found, caller.id(), context.now())))
}

/// Freezes from the oldest on: those in force or planned, or those that are
/// over.
pub async fn list(
    context: &Context,
    caller: &Caller,
    over: bool,
    page: PageRequest,
) -> Result<Page<FreezeRecord>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let now = context.now();
    read_page(
        context,
        format!("freezes {over}"),
        page,
        move |conn, cursor, limit| Ok(freezes::list(conn, over, now, cursor, limit)?),
        |found| after(found.freeze.created_at, found.freeze.id),
    )
    .await
}

/// One freeze, in force or not.
pub async fn find(context: &Context, caller: &Caller, id: Uuid) -> Result<FreezeRecord, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    context.db.look_up(move |conn| load(conn, id)).await
}

fn load(conn: &mut Conn, id: Uuid) -> Result<FreezeRecord, Error> {
    freezes::find(conn, id)?.ok_or(Error::NotFound)
}

/// Notes which freezes began and which ended by the clock since it was last
/// asked; answers how many. Two nodes that ask at once note each once.
///
/// # Errors
/// A statement failed.
pub async fn turn_due(context: &Context) -> Result<usize, Error> {
    let now = context.now();
    let mut turned = 0;
    loop {
        let context_in = context.clone();
        let look = move |conn: &mut Conn| freezes::turning(conn, now, AT_ONCE);
        if context.db.read(look).await.map_err(Error::from)?.is_empty() {
            return Ok(turned);
        }
        let some = context.db.write(move |conn| turn(&context_in, conn, now));
        match some.await? {
            // Another node is at it.
            0 => return Ok(turned),
            some => turned += some,
        }
    }
}

fn turn(context: &Context, conn: &mut Conn, now: DateTime<Utc>) -> Result<usize, Error> {
    let pen = context.pen(Actor::System);
    let mut turned = 0;
    for found in freezes::turning(conn, now, AT_ONCE)? {
        let over = found.freeze.state(now) == FreezeState::Ended;
        if freezes::turn(conn, &found, over, now)? {
            let kind = if over { "freeze.ended" } else { "freeze.began" };
            log_freeze(conn, &pen, kind, &found.freeze, None)?;
            turned += 1;
        }
    }
    Ok(turned)
}

/// Writes down what was done with a freeze; `why` is for what is done with it
/// after it was ordered.
fn log_freeze(
    conn: &mut Conn,
    pen: &super::log::Pen,
    kind: &'static str,
    freeze: &Freeze,
    why: Option<&str>,
) -> Result<(), Error> {
    let (scope, value) = match &freeze.scope {
        FreezeScope::All => ("all", None),
        FreezeScope::Country(country) => ("country", Some(code(country.code()))),
        FreezeScope::Tag(slug) => ("tag", Some(code(slug.as_str()))),
        FreezeScope::Organization(id) => ("organization", Some(Value::Id(id.uuid()))),
        FreezeScope::Programme(id) => ("programme", Some(Value::Id(id.uuid()))),
    };
    let mut facts = vec![("scope", code(scope))];
    facts.extend(value.map(|value| ("value", value)));
    facts.push(("reason", Value::hash_of(why.unwrap_or(&freeze.reason))));
    if kind == "freeze.ordered" {
        facts.push(("from", Value::Date(freeze.starts_at.date_naive())));
        facts.extend(
            freeze
                .ends_at
                .map(|end| ("to", Value::Date(end.date_naive()))),
        );
    }
    pen.append(conn, kind, (SubjectKind::Freeze, freeze.id), facts)
}
