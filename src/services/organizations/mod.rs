//! Firms, as their own people and the operator's see them.

mod changes;

use std::collections::{BTreeMap, BTreeSet};

pub use crate::db::organizations::Filter;
use crate::db::page::Page;
use crate::db::{self, Conn, merges, organizations};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::identifier::Identifier;
use crate::domain::ids::OrganizationId;
use crate::domain::organization::Organization;
use crate::domain::permission::Operation;
use crate::domain::search::Order;

pub(super) use changes::put;
pub use changes::{change, check_change, create};

use super::duplicates::live_firm;
use super::log::Pen;
use super::paging::{PageRequest, Whole, shown_page};
use super::transitions::check_version;
use super::{Caller, Context, Error, duplicates};

/// What an id leads to.
#[derive(Debug, Clone)]
pub enum Found {
    /// The firm itself.
    Here(Organization),
    /// The firm that it became one with.
    Moved(OrganizationId),
}

/// One firm. Whoever may read the firm that it became one with is led there.
pub async fn find(context: &Context, caller: &Caller, id: OrganizationId) -> Result<Found, Error> {
    let caller = caller.clone();
    context
        .db
        .look_up(move |conn| {
            let keeper = merges::keeper(conn, id)?;
            caller.may(Operation::ReadOrganization, &[keeper.unwrap_or(id)])?;
            match keeper {
                Some(keeper) => Ok(Found::Moved(keeper)),
                None => organizations::find(conn, id)?
                    .map(Found::Here)
                    .ok_or(Error::NotFound),
            }
        })
        .await
}

/// The version of a firm, and its numbers in registers.
pub async fn identifiers(
    context: &Context,
    caller: &Caller,
    id: OrganizationId,
) -> Result<(i64, BTreeSet<Identifier>), Error> {
    caller.may(Operation::ReadOrganization, &[id])?;
    context
        .db
        .look_up(move |conn| {
            let firm = organizations::find(conn, id)?.ok_or(Error::NotFound)?;
            Ok((firm.version, db::identifiers::of(conn, id)?))
        })
        .await
}

/// Has a firm state these numbers and no others. Whether another firm states
/// one of them as well shows in nothing that comes of it.
pub async fn state_identifiers(
    context: &Context,
    caller: &Caller,
    id: OrganizationId,
    expected: Option<i64>,
    stated: BTreeSet<Identifier>,
) -> Result<(i64, BTreeSet<Identifier>), Error> {
    caller.may(Operation::ReadOrganization, &[id])?;
    caller.may(Operation::WriteOrganization, &[id])?;
    let (pen, by) = (context.pen(caller.actor()), caller.id());
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            organizations::lock(conn, id)?;
            let before = live_firm(conn, id)?;
            check_version(expected, before.version)?;
            let others = db::identifiers::of(conn, id)? != stated;
            let after = Organization {
                version: before.version + 1,
                updated_at: pen.now(),
                ..before
            };
            if !organizations::update(conn, &after)? {
                return Err(Error::StaleVersion);
            }
            db::identifiers::replace(conn, id, &stated)?;
            note_identified(conn, &pen, (id, after.version), &stated)?;
            duplicates::look(conn, &pen, id)?;
            if others {
                changes::review(&context_in, conn, by, id)?;
            }
            Ok((after.version, stated))
        })
        .await
}

/// Notes that a firm's numbers in registers changed, and of which registers it
/// has some now.
pub(super) fn note_identified(
    conn: &mut Conn,
    pen: &Pen,
    (id, version): (OrganizationId, i64),
    stated: &BTreeSet<Identifier>,
) -> Result<(), Error> {
    let schemes = stated.iter().map(|it| it.scheme().code().to_owned());
    pen.append(
        conn,
        "organization.identified",
        (SubjectKind::Organization, id),
        vec![
            ("version", Value::Int(version)),
            ("schemes", Value::Codes(schemes.collect())),
        ],
    )
}

/// All firms in that order, for the operator's people; one that became one
/// with another is that one.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    order: Order,
    page: PageRequest,
) -> Result<Page<Organization>, Error> {
    caller.may(Operation::ReadOrganization, &[])?;
    let name = format!("organizations {filter:?} {order}");
    let fetch = move |conn: &mut Conn, cursor, limit| {
        organizations::list_heads(conn, &filter, order, cursor, limit)
    };
    let read = organizations::find_many;
    shown_page(context, name, page, false, fetch, read, Whole).await
}

/// [`names_that_tell`] of several firms.
pub(super) fn names_of_many(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Vec<String>>, Error> {
    let mut names = db::users::names_of_members(conn, organizations)?;
    for firm in db::organizations::find_many(conn, organizations)? {
        let own = firm.details.all_names().map(str::to_owned);
        names.entry(firm.id).or_default().extend(own);
    }
    Ok(names)
}

/// The names of a firm and its people.
pub(super) fn names_that_tell(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Vec<String>, Error> {
    let found = db::organizations::find_with_people(conn, organization)?;
    let (firm, people) = found.ok_or(Error::NotFound)?;
    let names = firm.details.all_names().map(str::to_owned);
    Ok(names.chain(people).collect())
}
