//! Legal holds: while the law wants everything of a firm kept as it is, none of
//! its records and papers is erased. Placed and lifted by compliance.

use uuid::Uuid;

use crate::db::legal_holds as rows;
pub use crate::db::legal_holds::{Filter, LegalHold};
use crate::db::page::Page;
use crate::db::{Conn, organizations};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::OrganizationId;
use crate::domain::permission::{Operation, Verdict, decide};
use crate::domain::refusal::Refusal;
use crate::domain::values::OrganizationKind;

use super::duplicates::live_firm;
use super::log::Pen;
use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::check_version;
use super::{Caller, Context, Error, Intent};

impl Recorded for LegalHold {
    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i64 {
        self.version
    }
}

/// Places a hold on a firm; it may have several, each for a reason of its own.
///
/// # Errors
/// There is no such firm, or it is the caller's own.
pub async fn place(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    organization: OrganizationId,
    reason: String,
) -> Result<LegalHold, Error> {
    caller.may(Operation::WriteCompliance, &[organization])?;
    let hold = LegalHold {
        id: context.new_id(),
        organization,
        reason,
        placed_by: caller.id(),
        lifted: None,
        version: 1,
        created_at: context.now(),
    };
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            // Nothing of it is being erased meanwhile.
            organizations::lock(conn, organization)?;
            live_firm(conn, organization)?;
            rows::insert(conn, &hold)?;
            log(
                conn,
                &pen,
                "organization.legal_hold_placed",
                &hold,
                &hold.reason,
            )?;
            Ok(hold)
        },
        load,
    )
    .await
}

/// Holds, oldest first, for the operator's people. Of a firm that they belong to
/// as well they read none.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<LegalHold>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let parts = caller.memberships.iter();
    let others = parts.filter(|part| part.kind != OrganizationKind::Operator);
    filter.besides = others.map(|part| part.organization).collect();
    read_page(
        context,
        format!("legal holds {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(rows::list(conn, &filter, cursor, limit)?),
        |hold| after(hold.created_at, hold.id),
    )
    .await
}

/// One hold, in force or lifted.
pub async fn find(context: &Context, caller: &Caller, id: Uuid) -> Result<LegalHold, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = context.db.look_up(move |conn| load(conn, id)).await?;
    caller.may(Operation::ReadCompliance, &[found.organization])?;
    Ok(found)
}

/// Whether the caller can lift a hold now; none where it isn't theirs to do.
pub async fn lift_verdict(
    context: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<Option<Result<(), Refusal>>, Error> {
    let found = find(context, caller, id).await?;
    let firm = [found.organization];
    let may = decide(Operation::WriteCompliance, &caller.memberships, &firm);
    Ok((may == Verdict::Allowed && found.lifted.is_none()).then_some(Ok(())))
}

/// Lifts a hold.
///
/// # Errors
/// It was lifted before, or has another version.
pub async fn lift(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    (id, expected): (Uuid, Option<i64>),
    reason: String,
) -> Result<LegalHold, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let lifted = rows::Lifted {
        by: caller.id(),
        at: context.now(),
        reason,
    };
    let (pen, caller_in) = (context.pen(caller.actor()), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let found = load(conn, id)?;
            caller_in.may(Operation::ReadCompliance, &[found.organization])?;
            caller_in.may(Operation::WriteCompliance, &[found.organization])?;
            check_version(expected, found.version)?;
            if found.lifted.is_some() {
                return Err(Refusal::no_transition("lift").into());
            }
            if !rows::lift(conn, (id, found.version), &lifted)? {
                return Err(Error::StaleVersion);
            }
            let kind = "organization.legal_hold_lifted";
            log(conn, &pen, kind, &found, &lifted.reason)?;
            load(conn, id)
        },
        load,
    )
    .await
}

fn log(
    conn: &mut Conn,
    pen: &Pen,
    kind: &'static str,
    hold: &LegalHold,
    reason: &str,
) -> Result<(), Error> {
    let facts = vec![
        ("hold", Value::Id(hold.id)),
        ("reason", Value::hash_of(reason)),
    ];
    pen.append(
        conn,
        kind,
        (SubjectKind::Organization, hold.organization),
        facts,
    )
}

fn load(conn: &mut Conn, id: Uuid) -> Result<LegalHold, Error> {
    rows::find(conn, id)?.ok_or(Error::NotFound)
}
