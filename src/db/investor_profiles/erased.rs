//! What goes when a profile is erased.

use diesel::prelude::*;

use crate::db::investor_schema::{investor_comments, investor_profile_revisions as revisions};
use crate::db::{Conn, Result, json};
use crate::domain::ids::InvestorProfileId;
use crate::domain::investor::InvestorContent;

/// Empties every revision of an erased profile, and deletes what reviewers said
/// about them.
///
/// # Errors
/// A statement failed.
pub fn forget_said(conn: &mut Conn, id: InvestorProfileId) -> Result<()> {
    let nothing = json::investor::encode(&InvestorContent::default())?;
    diesel::update(revisions::table.filter(revisions::profile_id.eq(id)))
        .set(revisions::content.eq(nothing))
        .execute(conn)?;
    let told = investor_comments::table.filter(investor_comments::profile_id.eq(id));
    diesel::delete(told).execute(conn)?;
    Ok(())
}
