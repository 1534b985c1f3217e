//! What compliance records: clearances, freezes, blocks.

use chrono::NaiveDate;
use uuid::Uuid;

pub use crate::db::decisions::Decision;
pub use crate::db::freezes::FreezeRecord;
use crate::db::page::Page;
use crate::db::{self, Conn, freezes};
use crate::domain::compliance::{
    Clearance, ClearanceVerdict, Freeze, FreezeScope, Proof, check_next, longest,
};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::permission::{Operation, Verdict, decide};
use crate::domain::refusal::Refusal;

use super::duplicates::live_firm;
use super::once::{Recorded, write_once, write_once_versioned};
use super::paging::{PageRequest, after, read_page};
use super::recused;
use super::suspensions;
use super::transitions::code;
use super::{Caller, Context, Error, Intent};

/// A check somebody made of a firm.
#[derive(Debug, Clone)]
pub struct NewClearance {
    /// Whom it is about.
    pub organization: OrganizationId,
    /// What came out.
    pub verdict: ClearanceVerdict,
    /// On what ground.
    pub basis: String,
    /// What it rests on.
    pub proof: Proof,
    /// Last day on which it holds.
    pub valid_to: NaiveDate,
}

/// Records a check. The newest one counts. One against the firm takes everything
/// from sight that the firm shows.
pub async fn record_clearance(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    new: NewClearance,
) -> Result<Clearance, Error> {
    // Nobody clears a firm of their own.
    caller.may(Operation::WriteCompliance, &[new.organization])?;
    let by = caller.id();
    validity_faults(&new, context.now().date_naive()).finish()?;
    let clearance = Clearance {
        id: context.new_id(),
        organization: new.organization,
        verdict: new.verdict,
        basis: new.basis,
        proof: Some(new.proof),
        by,
        valid_to: new.valid_to,
        created_at: context.now(),
    };
    let pen = context.pen(caller.actor());
    let context_in = context.clone();
    write_once(
        context,
        by,
        intent,
        move |conn| {
            db::organizations::lock(conn, clearance.organization)?;
            live_firm(conn, clearance.organization)?;
            let before = db::clearances::list(conn, clearance.organization)?;
            check_next(&before, clearance.verdict, by)?;
            db::clearances::insert(conn, &clearance)?;
            let mut facts = vec![
                ("verdict", code(clearance.verdict.code())),
                ("valid_to", Value::Date(clearance.valid_to)),
                ("basis", Value::hash_of(&clearance.basis)),
            ];
            facts.extend(clearance.proof.iter().flat_map(Proof::facts));
            let subject = (SubjectKind::Organization, clearance.organization);
            pen.append(conn, "organization.screened", subject, facts)?;
            if clearance.verdict == ClearanceVerdict::Blocked {
                suspensions::suspend_all(&context_in, conn, clearance.organization)?;
            }
            Ok(clearance)
        },
        |conn, id| db::clearances::find(conn, id)?.ok_or(Error::NotFound),
    )
    .await
}

/// A check holds from today for a year at most, for half of one where risk was
/// accepted. Days are counted from the earliest that has begun anywhere.
fn validity_faults(new: &NewClearance, today: NaiveDate) -> Faults {
    let mut faults = Faults::new();
    let days = new.valid_to.signed_duration_since(today).num_days();
    if days < -1 {
        faults.push("/valid_to", "in_the_past", "That day is over.");
    }
    let longest = longest(new.verdict);
    if days > longest {
        let detail = format!("A check of that outcome holds for {longest} days at most.");
        faults.push("/valid_to", "too_far", detail);
    }
    faults
}

/// The checks of a firm, oldest first.
pub async fn clearances(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    page: PageRequest,
) -> Result<Page<Clearance>, Error> {
    caller.may(Operation::ReadCompliance, &[organization])?;
    read_page(
        context,
        format!("clearances {organization}"),
        page,
        move |conn, cursor, limit| {
            Ok(db::clearances::of_organization(
                conn,
                organization,
                cursor,
                limit,
            )?)
        },
        |clearance| after(clearance.created_at, clearance.id),
    )
    .await
}

/// Orders that nothing more is shown or sent within a scope.
pub async fn order_freeze(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    scope: FreezeScope,
    reason: String,
) -> Result<Freeze, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let by = caller.id();
    let freeze = Freeze {
        id: context.new_id(),
        scope,
        reason,
        created_at: context.now(),
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
            log_freeze(conn, &pen, "freeze.ordered", &freeze)?;
            Ok(freeze)
        },
        |conn, id| Ok(freezes::find(conn, id)?.ok_or(Error::NotFound)?.freeze),
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
        FreezeScope::Country(_) | FreezeScope::Tag(_) => return Ok(()),
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

/// Lifts a freeze; it takes two people. Answers whether it is lifted now.
pub async fn lift_freeze(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: Uuid,
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
            let found = freezes::find(conn, id)?.ok_or(Error::NotFound)?;
            recused::check_freeze(&context_in, conn, &caller_in, &found.freeze)?;
            may_lift(&found, by)?;
            let (stored, kind) = match found.first_lifted_by {
                None => (
                    freezes::first_lift(conn, id, by, now, found.version)?,
                    "freeze.lifting_proposed",
                ),
                Some(_) => (
                    freezes::lift(conn, id, by, now, found.version)?,
                    "freeze.lifted",
                ),
            };
            if !stored {
                return Err(Error::StaleVersion);
            }
            log_freeze(conn, &pen, kind, &found.freeze)?;
            Ok(Lifting {
                freeze: id,
                version: found.version + 1,
                lifted: kind == "freeze.lifted",
            })
        },
        |conn, id, version| {
            // The last version of a freeze is the one that lifts it.
            let found = freezes::find(conn, id)?.ok_or(Error::NotFound)?;
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
fn may_lift(found: &freezes::FreezeRecord, by: UserId) -> Result<(), Refusal> {
    if found.lifted_at.is_some() {
        return Err(Refusal::new(
            "lifted_already",
            "This freeze is lifted already.",
        ));
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
            let found = freezes::find(conn, id)?.ok_or(Error::NotFound)?;
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
    Ok(may.then(|| may_lift(&found, caller.id())))
}

/// Freezes from the oldest on: those in force, or those that are over.
pub async fn freezes(
    context: &Context,
    caller: &Caller,
    lifted: bool,
    page: PageRequest,
) -> Result<Page<FreezeRecord>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    read_page(
        context,
        format!("freezes {lifted}"),
        page,
        move |conn, cursor, limit| Ok(freezes::list(conn, lifted, cursor, limit)?),
        |found| after(found.freeze.created_at, found.freeze.id),
    )
    .await
}

/// One freeze, in force or not.
pub async fn freeze(context: &Context, caller: &Caller, id: Uuid) -> Result<FreezeRecord, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let find = move |conn: &mut Conn| freezes::find(conn, id)?.ok_or(Error::NotFound);
    context.db.look_up(find).await
}

/// That two firms are kept apart, by the first of them.
struct KeptApart(OrganizationId);

impl Recorded for KeptApart {
    fn id(&self) -> Uuid {
        self.0.uuid()
    }

    fn version(&self) -> i64 {
        0
    }
}

/// Keeps two firms apart, in both directions.
pub async fn block(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    a: OrganizationId,
    b: OrganizationId,
    reason: String,
) -> Result<(), Error> {
    caller.may(Operation::WriteCompliance, &[a, b])?;
    let now = context.now();
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            for id in [a, b] {
                live_firm(conn, id)?;
            }
            if !db::blocks::insert(conn, a, b, &reason, now)? {
                // What a merge carried over is an order of its own from now on.
                db::merges::keep_block(conn, a, b)?;
            }
            pen.append(
                conn,
                "organization.blocked",
                (SubjectKind::Organization, a),
                vec![
                    ("counterpart", Value::Id(b.uuid())),
                    ("reason", Value::hash_of(&reason)),
                ],
            )?;
            Ok(KeptApart(a))
        },
        |_, id| Ok(KeptApart(id.into())),
    )
    .await
    .map(drop)
}

/// Stores why somebody of compliance let a record through or stopped it.
pub(super) fn note_decision(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    subject: Subject,
    action: &str,
    reason: &str,
) -> Result<(), Error> {
    let decision = Decision {
        id: context.new_id(),
        subject,
        action: action.to_owned(),
        reason: reason.to_owned(),
        by: caller.id(),
        at: context.now(),
    };
    Ok(db::decisions::insert(conn, &decision)?)
}

/// What compliance decided about a match or an introduction, oldest first.
pub async fn decisions(
    context: &Context,
    caller: &Caller,
    subject: Subject,
    page: PageRequest,
) -> Result<Page<Decision>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let caller = caller.clone();
    read_page(
        context,
        format!("decisions {subject:?}"),
        page,
        move |conn, cursor, limit| {
            let sides = match subject.kind {
                SubjectKind::Match => db::matches::find(conn, subject.id.into())?
                    .map(|found| [found.startup, found.investor]),
                SubjectKind::Introduction => db::introductions::find(conn, subject.id.into())?
                    .map(|found| [found.startup, found.investor]),
                _ => None,
            };
            let sides = sides.ok_or(Error::NotFound)?;
            caller.may(Operation::ReadCompliance, &sides)?;
            Ok(db::decisions::list(conn, subject, cursor, limit)?)
        },
        |decision| after(decision.at, decision.id),
    )
    .await
}

fn log_freeze(
    conn: &mut Conn,
    pen: &super::log::Pen,
    kind: &'static str,
    freeze: &Freeze,
) -> Result<(), Error> {
    let (scope, value) = match &freeze.scope {
        FreezeScope::Country(country) => ("country", code(country.code())),
        FreezeScope::Tag(slug) => ("tag", code(slug.as_str())),
        FreezeScope::Organization(id) => ("organization", Value::Id(id.uuid())),
        FreezeScope::Programme(id) => ("programme", Value::Id(id.uuid())),
    };
    pen.append(
        conn,
        kind,
        (SubjectKind::Freeze, freeze.id),
        vec![
            ("scope", code(scope)),
            ("value", value),
            ("reason", Value::hash_of(&freeze.reason)),
        ],
    )
}
