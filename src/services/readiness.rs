//! What a founder could do to be matched more.

use crate::db;
use crate::domain::ids::{ProgrammeId, StartupProfileId};
use crate::domain::permission::Operation;
use crate::domain::profile::StartupProfile;
use crate::matching::facts::MandateFacts;
use crate::matching::index::Snapshot;
use crate::matching::readiness::readiness;
pub use crate::matching::readiness::{Change, Count, FEWEST, Missing, Readiness};

use super::matches::{Query, only_programme};
use super::ranking::Ground;
use super::{Caller, Context, Error, programmes};

/// How a profile stands before the mandates of a programme, for its startup
/// and the operator's people. Without a programme the only one that it is
/// admitted to is meant.
pub async fn of_startup(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
    programme: Option<ProgrammeId>,
) -> Result<(ProgrammeId, Readiness), Error> {
    let load = move |conn: &mut db::Conn| db::startup_profiles::find(conn, id);
    let profile = context.db.look_up(load).await?.ok_or(Error::NotFound)?;
    caller.may(Operation::ReadStartupProfile, &[profile.organization])?;
    if let Some(programme) = programme {
        programmes::find(context, caller, programme).await?;
    }
    context
        .look_over(move |context, conn| {
            let programme = match programme {
                Some(programme) => programme,
                None => only_programme(conn, Query::Startup(id))?,
            };
            Ok((programme, before(context, conn, &profile, programme)?))
        })
        .await
}

/// How a profile stands before the mandates of a programme.
pub(super) fn before(
    context: &Context,
    conn: &mut db::Conn,
    profile: &StartupProfile,
    programme: ProgrammeId,
) -> Result<Readiness, Error> {
    let ground = Ground::load(context, conn, programme)?;
    let visible = context.index.current(conn)?;
    let setting = ground.setting(visible.taxonomy()?, None);
    let mandates: Vec<MandateFacts<'_>> = visible
        .of(programme)
        .into_iter()
        .flat_map(Snapshot::mandates)
        .map(|entry| entry.facts(setting.today))
        .collect();
    Ok(readiness(&setting, profile, &mandates))
}
