//! What compliance records: clearances, blocks, decisions.

use chrono::NaiveDate;
use uuid::Uuid;

pub use crate::db::decisions::Decision;
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::compliance::{Clearance, ClearanceVerdict, Proof, check_next, longest};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::permission::Operation;
use crate::domain::refusal::Refusal;

use super::duplicates::live_firm;
use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::suspensions;
use super::transitions::{Open, code};
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
    /// Where its money comes from; of one that is politically exposed, and of no
    /// other.
    pub source_of_funds: Option<String>,
    /// Last day on which it holds.
    pub valid_to: NaiveDate,
    /// After which check of the firm, if it was decided on that one.
    pub after: Option<Uuid>,
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
    faults_of(&new, context.now().date_naive()).finish()?;
    let clearance = Clearance {
        id: context.new_id(),
        organization: new.organization,
        verdict: new.verdict,
        basis: new.basis,
        proof: Some(new.proof),
        source_of_funds: new.source_of_funds,
        by,
        valid_to: new.valid_to,
        created_at: context.now(),
    };
    let pen = context.pen(caller.actor());
    let (context_in, decided_on) = (context.clone(), new.after);
    write_once(
        context,
        by,
        intent,
        move |conn| {
            db::organizations::lock(conn, clearance.organization)?;
            live_firm(conn, clearance.organization)?;
            let before = db::clearances::list(conn, clearance.organization)?;
            if decided_on.is_some() && before.last().map(|last| last.id) != decided_on {
                return Err(Refusal::no_transition(clearance.verdict.action()).into());
            }
            check_next(&before, clearance.verdict, by)?;
            db::clearances::insert(conn, &clearance)?;
            let mut facts = vec![
                ("clearance", Value::Id(clearance.id)),
                ("verdict", code(clearance.verdict.code())),
                ("valid_to", Value::Date(clearance.valid_to)),
                ("basis", Value::hash_of(&clearance.basis)),
            ];
            facts.extend(clearance.proof.iter().flat_map(Proof::facts));
            let source = clearance.source_of_funds.as_deref();
            facts.extend(source.map(|it| ("source_of_funds", Value::hash_of(it))));
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
/// accepted. Days are counted from the earliest that has begun anywhere. Whose
/// risk is accepted, of them it is on record where their money comes from.
fn faults_of(new: &NewClearance, today: NaiveDate) -> Faults {
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
    let exposed = new.verdict == ClearanceVerdict::ClearEnhanced;
    match &new.source_of_funds {
        None if exposed => {
            let detail = "It is cleared with a note on where its money comes from.";
            faults.push("/source_of_funds", "required", detail);
        }
        Some(_) if !exposed => {
            let detail = "Only “clear_enhanced” takes such a note.";
            faults.push("/source_of_funds", "not_taken", detail);
        }
        _ => {}
    }
    faults
}

/// One check, also one that another came after.
///
/// # Errors
/// Not found, or forbidden, for everybody but the operator's people.
pub async fn clearance(context: &Context, caller: &Caller, id: Uuid) -> Result<Clearance, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let find = move |conn: &mut Conn| db::clearances::find(conn, id)?.ok_or(Error::NotFound);
    let found = context.db.look_up(find).await?;
    caller.may(Operation::ReadCompliance, &[found.organization])?;
    Ok(found)
}

/// What the caller can record next of the firm of a check, by what would come
/// out of it: nothing once another check came after this one.
///
/// # Errors
/// As [`clearance`].
pub async fn next_verdicts(
    context: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<Open<ClearanceVerdict>, Error> {
    let found = clearance(context, caller, id).await?;
    let (firm, by) = (found.organization, caller.id());
    if caller.may(Operation::WriteCompliance, &[firm]).is_err() {
        return Ok(Vec::new());
    }
    let list = move |conn: &mut Conn| Ok::<_, Error>(db::clearances::list(conn, firm)?);
    let before = context.db.read(list).await?;
    if before.last().is_none_or(|last| last.id != id) {
        return Ok(Vec::new());
    }
    let verdicts = ClearanceVerdict::ALL.iter().copied();
    let next = verdicts.map(|verdict| (verdict, check_next(&before, verdict, by).err()));
    Ok(next.collect())
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
            let page = db::clearances::of_organization(conn, organization, cursor, limit)?;
            Ok(page)
        },
        |clearance| after(clearance.created_at, clearance.id),
    )
    .await
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
