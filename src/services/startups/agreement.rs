//! Compliance agrees to what a profile says, and a curator approves it.

use crate::db::startup_profiles;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::StartupProfileId;
use crate::domain::permission::Operation;
use crate::domain::profile::StartupProfile;
use crate::services::once::write_once;
use crate::services::transitions::check_version;
use crate::services::{Caller, Context, Error, Intent};

/// Compliance agrees to what a profile says at the version that was read, so
/// that a curator can approve it.
pub async fn agree(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: StartupProfileId,
    expected: Option<i64>,
) -> Result<StartupProfile, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let (pen, caller_in) = (context.pen(caller.actor()), caller.clone());
    let caller_again = caller.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let profile = super::load(conn, id)?;
            // Nobody agrees to what their own firm says.
            caller_in.may(Operation::WriteCompliance, &[profile.organization])?;
            check_version(expected, profile.version)?;
            if !startup_profiles::agree_compliance(
                conn,
                id,
                profile.revision,
                Some(caller_in.id()),
            )? {
                return Err(Error::StaleVersion);
            }
            pen.append(
                conn,
                "startup_profile.compliance_agreed",
                (SubjectKind::StartupProfile, id),
                vec![("revision", Value::Int(profile.revision))],
            )?;
            Ok(profile)
        },
        move |conn, id| {
            let profile = super::load(conn, id.into())?;
            caller_again.may(Operation::WriteCompliance, &[profile.organization])?;
            Ok(profile)
        },
    )
    .await
}
