//! Firms, as their own people and the operator's see them.

pub use crate::db::organizations::Filter;
use crate::db::page::Page;
use crate::db::{self, Conn, organizations};
use crate::domain::ids::OrganizationId;
use crate::domain::organization::Organization;
use crate::domain::permission::Operation;

use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error};

/// One firm.
pub async fn find(
    context: &Context,
    caller: &Caller,
    id: OrganizationId,
) -> Result<Organization, Error> {
    caller.may(Operation::ReadOrganization, &[id])?;
    context
        .db
        .look_up(move |conn| organizations::find(conn, id)?.ok_or(Error::NotFound))
        .await
}

/// All firms, oldest first, for the operator's people.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Organization>, Error> {
    caller.may(Operation::ReadOrganization, &[])?;
    read_page(
        context,
        format!("organizations {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(organizations::list(conn, &filter, cursor, limit)?),
        |organization| after(organization.created_at, organization.id),
    )
    .await
}

/// The names of a firm and its people.
pub(super) fn names_that_tell(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Vec<String>, Error> {
    let firm = db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
    let mut names: Vec<String> = firm.details.all_names().map(str::to_owned).collect();
    let people = db::users::members(conn, organization)?.into_iter();
    names.extend(people.map(|(user, _)| user.name.to_string()));
    Ok(names)
}
