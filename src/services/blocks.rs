//! Pairs of firms that are kept apart: read by the operator's people, lifted by
//! two of compliance.

use uuid::Uuid;

pub use crate::db::blocks::{BlockRecord, Filter};
use crate::db::page::Page;
use crate::db::{Conn, blocks};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::permission::{Operation, Verdict, decide};
use crate::domain::refusal::Refusal;
use crate::domain::values::OrganizationKind;

use super::compliance::note_decision;
use super::once::{Recorded, write_once_versioned};
use super::paging::{PageRequest, after, read_page};
use super::transitions::check_version;
use super::{Caller, Context, Error, Intent};

/// The blocks in force, oldest first, for the operator's people. Of a firm that
/// they belong to as well they read none.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<BlockRecord>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let parts = caller.memberships.iter();
    let others = parts.filter(|part| part.kind != OrganizationKind::Operator);
    filter.besides = others.map(|part| part.organization).collect();
    read_page(
        context,
        format!("blocks {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(blocks::list(conn, &filter, cursor, limit)?),
        |block| after(block.created_at, block.id),
    )
    .await
}

/// One block in force. Whoever belongs to one of its firms reads it as little
/// as the firm does.
pub async fn find(context: &Context, caller: &Caller, id: Uuid) -> Result<BlockRecord, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = context.db.look_up(move |conn| load(conn, id)).await?;
    caller.may(Operation::ReadCompliance, &found.organizations)?;
    Ok(found)
}

/// Whether the caller can take a step to lift a block now; none where it isn't
/// theirs to take.
pub async fn lift_verdict(
    context: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<Option<Result<(), Refusal>>, Error> {
    let found = find(context, caller, id).await?;
    let may = decide(
        Operation::WriteCompliance,
        &caller.memberships,
        &found.organizations,
    );
    Ok((may == Verdict::Allowed).then(|| may_lift(&found, caller)))
}

fn may_lift(found: &BlockRecord, caller: &Caller) -> Result<(), Refusal> {
    if found.first_lifted_by == Some(caller.id()) {
        return Err(Refusal::new(
            "second_person_needed",
            "Somebody else of compliance has to agree.",
        ));
    }
    Ok(())
}

/// How a block stands after somebody asked to lift it.
struct Lifting {
    block: Uuid,
    version: i64,
    lifted: bool,
}

impl Recorded for Lifting {
    fn id(&self) -> Uuid {
        self.block
    }

    fn version(&self) -> i64 {
        self.version
    }
}

/// The version to which the second person brings a block, which is its last.
const LIFTED: i64 = 3;

/// Lifts a block; it takes two people, each with a reason. Answers whether it
/// is lifted now. Deals that it stopped go on when two people say so of them.
pub async fn lift(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: Uuid,
    expected: Option<i64>,
    reason: String,
) -> Result<bool, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let lifting = write_once_versioned(
        context,
        caller.id(),
        intent,
        move |conn| step(&context_in, &caller_in, conn, (id, expected), &reason),
        |_, block, version| {
            Ok(Lifting {
                block,
                version,
                lifted: version == LIFTED,
            })
        },
    )
    .await?;
    Ok(lifting.lifted)
}

fn step(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    (id, expected): (Uuid, Option<i64>),
    reason: &str,
) -> Result<Lifting, Error> {
    let found = load(conn, id)?;
    caller.may(Operation::ReadCompliance, &found.organizations)?;
    caller.may(Operation::WriteCompliance, &found.organizations)?;
    check_version(expected, found.version)?;
    may_lift(&found, caller)?;
    let (stored, kind, action, version) = match found.first_lifted_by {
        None => (
            blocks::propose_lifting(conn, &found, caller.id())?,
            "organization.unblocking_proposed",
            "propose_unblock",
            found.version + 1,
        ),
        Some(_) => (
            blocks::lift(conn, &found, caller.id())?,
            "organization.unblocked",
            "unblock",
            LIFTED,
        ),
    };
    if !stored {
        return Err(Error::StaleVersion);
    }
    let [a, b] = found.organizations;
    let subject = Subject::new(SubjectKind::Organization, a);
    note_decision(context, caller, conn, subject, action, reason)?;
    context.pen(caller.actor()).append(
        conn,
        kind,
        (SubjectKind::Organization, a),
        vec![
            ("counterpart", Value::Id(b.uuid())),
            ("reason", Value::hash_of(reason)),
        ],
    )?;
    Ok(Lifting {
        block: id,
        version,
        lifted: version == LIFTED,
    })
}

fn load(conn: &mut Conn, id: Uuid) -> Result<BlockRecord, Error> {
    blocks::find(conn, id)?.ok_or(Error::NotFound)
}
