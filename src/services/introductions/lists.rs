//! Which introductions a caller may list.

use super::Filter;
use crate::services::{Caller, Context, Error, mandates, startups};

/// Narrows a list down to what the caller may see: a side's introductions are
/// those that it asked for or was asked about.
pub(in crate::services) async fn narrow(
    context: &Context,
    caller: &Caller,
    filter: &mut Filter,
) -> Result<(), Error> {
    if !caller.reads_everything() {
        let own = caller.memberships.first().map(|member| member.organization);
        let organization = filter.organization.or(own).ok_or(Error::NotFound)?;
        if !caller.belongs_to(organization) {
            return Err(Error::NotFound);
        }
        filter.visible_to = Some(organization);
    }
    // Nobody finds out by a filter that an introduction is with a record of
    // another firm's: to whom it is hidden, it is not there.
    if let Some(id) = filter.startup_profile {
        startups::find(context, caller, id).await?;
    }
    if let Some(id) = filter.mandate {
        mandates::find(context, caller, id).await?;
    }
    Ok(())
}
