//! What stands between two sides that know each other already: a freeze for
//! the time being, a block, a firm that may be shown to nobody. What was shown
//! stays shown; nothing new goes from one to the other.

use crate::db::{self, Conn};
use crate::domain::compliance::{ClearanceVerdict, FreezeScope};
use crate::domain::ids::{MandateId, ProgrammeId, StartupProfileId};
use crate::domain::introduction::Introduction;
use crate::domain::organization::Organization;
use crate::domain::pipeline::Deal;

use super::disclosure::{clearances_of, covers_mandate, covers_startup};
use super::{Context, Error};

/// Why nothing goes from one side to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// Until a freeze is lifted.
    Frozen,
    /// For good, as far as anybody knows.
    Barred,
}

/// What keeps the sides of a deal apart now.
pub fn of_deal(context: &Context, conn: &mut Conn, deal: &Deal) -> Result<Option<Apart>, Error> {
    of(
        context,
        conn,
        deal.programme,
        deal.startup_profile,
        deal.mandate,
    )
}

/// What keeps the sides of an introduction apart now.
pub fn of_introduction(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<Option<Apart>, Error> {
    of(
        context,
        conn,
        introduction.programme,
        introduction.startup_profile,
        introduction.mandate,
    )
}

/// Whether a freeze is in force of a firm or of its country.
pub fn firm_is_frozen(conn: &mut Conn, firm: &Organization) -> Result<bool, Error> {
    let freezes = db::freezes::active(conn)?;
    Ok(freezes.iter().any(|freeze| match freeze.scope {
        FreezeScope::Organization(id) => id == firm.id,
        FreezeScope::Country(country) => firm.details.country == Some(country),
        FreezeScope::Tag(_) | FreezeScope::Programme(_) => false,
    }))
}

/// What keeps the owners of a profile and a mandate apart now.
pub fn of(
    context: &Context,
    conn: &mut Conn,
    programme: ProgrammeId,
    profile: StartupProfileId,
    mandate: MandateId,
) -> Result<Option<Apart>, Error> {
    let profile = db::startup_profiles::find(conn, profile)?.ok_or(Error::NotFound)?;
    let mandate = db::mandates::find(conn, mandate)?.ok_or(Error::NotFound)?;
    let firms = [profile.organization, mandate.organization];
    let today = context.now().date_naive();
    let cleared = clearances_of(conn, &firms, today)?;
    let barred = cleared
        .values()
        .any(|verdict| *verdict == ClearanceVerdict::Blocked);
    if barred || db::blocks::exists(conn, profile.organization, mandate.organization)? {
        return Ok(Some(Apart::Barred));
    }
    let freezes = db::freezes::active(conn)?;
    let frozen = freezes.iter().any(|freeze| {
        freeze.scope == FreezeScope::Programme(programme)
            || covers_startup(freeze, &context.taxonomy(), &profile)
            || covers_mandate(freeze, &mandate)
    });
    Ok(frozen.then_some(Apart::Frozen))
}
