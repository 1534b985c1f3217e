//! What somebody of the operator's has no say in, since it is about a firm that
//! they belong to as well.

use crate::db::{self, Conn};
use crate::domain::compliance::{Freeze, FreezeScope};
use crate::domain::ids::OrganizationId;
use crate::domain::values::OrganizationKind;

use super::disclosure::covers_startup;
use super::{Caller, Context, Error};

/// The caller's firms other than the operator.
fn own_firms(caller: &Caller) -> Vec<OrganizationId> {
    let others = caller
        .memberships
        .iter()
        .filter(|member| member.kind != OrganizationKind::Operator);
    others.map(|member| member.organization).collect()
}

/// Refuses whoever belongs to a firm that a freeze covers: they neither order
/// nor lift it.
pub(super) fn check_freeze(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    freeze: &Freeze,
) -> Result<(), Error> {
    for firm in own_firms(caller) {
        if covers_firm(context, conn, freeze, firm)? {
            return Err(Error::Forbidden);
        }
    }
    Ok(())
}

fn covers_firm(
    context: &Context,
    conn: &mut Conn,
    freeze: &Freeze,
    firm: OrganizationId,
) -> Result<bool, Error> {
    Ok(match &freeze.scope {
        // It favours nobody, and most have a firm somewhere.
        FreezeScope::All => false,
        FreezeScope::Organization(id) => *id == firm,
        FreezeScope::Country(country) => db::organizations::find(conn, firm)?
            .is_some_and(|found| found.details.country == Some(*country)),
        FreezeScope::Programme(id) => {
            db::programmes::is_party(conn, *id, firm)?
                || !db::practices::profiles_of(conn, *id, firm)?.is_empty()
                || !db::practices::mandates_of(conn, *id, firm)?.is_empty()
        }
        FreezeScope::Tag(_) => {
            let ids = db::confirmations::profiles_of(conn, firm)?;
            let profiles = db::startup_profiles::find_many(conn, &ids)?;
            let taxonomy = context.taxonomy();
            profiles
                .iter()
                .any(|profile| covers_startup(freeze, &taxonomy, profile))
        }
    })
}
