//! What a startup grants of its documents, and takes back.

use uuid::Uuid;

use crate::db::page::Page;
use crate::db::{self, Conn, organizations, startup_profiles};
use crate::domain::disclosure::Level;
use crate::domain::document::Grant;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{GrantId, IntroductionId, OrganizationId, StartupProfileId};
use crate::domain::introduction::Introduction;
use crate::domain::permission::Operation;
use crate::domain::refusal::Refusal;
use crate::services::log::Pen;
use crate::services::once::{Recorded, write_once};
use crate::services::paging::{PageRequest, after, read_page};
use crate::services::transitions::{check_version, code};
use crate::services::{Caller, Context, Error, Intent, introductions};

impl Recorded for Grant {
    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    /// A grant is never changed; it ends.
    fn version(&self) -> i64 {
        1 + i64::from(self.revoked_at.is_some())
    }
}

fn owner_of(
    conn: &mut Conn,
    caller: &Caller,
    profile: StartupProfileId,
) -> Result<OrganizationId, Error> {
    let profile = startup_profiles::find(conn, profile)?.ok_or(Error::NotFound)?;
    caller.may(Operation::ReadDocument, &[profile.organization])?;
    Ok(profile.organization)
}

/// The grants of a profile that hold, the newest first, for its startup's
/// people and the operator's.
pub async fn list(
    context: &Context,
    caller: &Caller,
    profile: StartupProfileId,
    page: PageRequest,
) -> Result<Page<Grant>, Error> {
    let caller = caller.clone();
    read_page(
        context,
        format!("document grants {profile}"),
        page,
        move |conn, cursor, limit| {
            owner_of(conn, &caller, profile)?;
            Ok(db::documents::list_grants(conn, profile, cursor, limit)?)
        },
        |grant| after(grant.created_at, grant.id),
    )
    .await
}

/// Grants documents up to a level: to the counterpart of an introduction, or
/// to everybody who is introduced. It takes the place of the grant before.
pub async fn grant(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    profile: StartupProfileId,
    level: Level,
    introduction: Option<IntroductionId>,
) -> Result<Grant, Error> {
    let now = context.now();
    let id: GrantId = context.new_id();
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let pen = context.pen(caller.actor());
    let job = move |conn: &mut Conn| {
        let owner = owner_of(conn, &caller_in, profile)?;
        caller_in.may(Operation::WriteDocument, &[owner])?;
        // One after the other, so that one grant is the newest.
        organizations::lock(conn, owner)?;
        let counterpart = introduction
            .map(|id| known(&context_in, &caller_in, conn, profile, id))
            .transpose()?
            .map(|it| it.investor);
        for before in db::documents::live_grants(conn, profile, counterpart)? {
            if db::documents::revoke_grant(conn, before.id, now)? {
                note_end(&pen, conn, &before)?;
            }
        }
        let grant = Grant {
            id,
            startup_profile: profile,
            introduction,
            level,
            granted_by: caller_in.id(),
            created_at: now,
            revoked_at: None,
        };
        db::documents::insert_grant(conn, &grant)?;
        let mut facts = vec![
            ("grant", Value::Id(id.uuid())),
            ("level", code(level.code())),
        ];
        facts.extend(introduction.map(|id| ("introduction", Value::Id(id.uuid()))));
        let subject = (SubjectKind::StartupProfile, profile);
        pen.append(conn, "startup_profile.documents_granted", subject, facts)?;
        Ok(grant)
    };
    let caller_again = caller.clone();
    let find = move |conn: &mut Conn, id: Uuid| {
        let found = db::documents::find_grant(conn, id.into())?;
        let found = found.ok_or(Error::NotFound)?;
        owner_of(conn, &caller_again, found.startup_profile)?;
        Ok(found)
    };
    write_once(context, caller.id(), intent, job, find).await
}

/// An introduction of that profile that the caller may know of; any other one
/// is as if it were not there.
fn known(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    profile: StartupProfileId,
    id: IntroductionId,
) -> Result<Introduction, Error> {
    let found = db::introductions::find(conn, id)?;
    let found = found.filter(|it| it.startup_profile == profile);
    let seen = found.map(|it| introductions::see(context, conn, caller, it));
    match seen {
        Some(Ok(seen)) => Ok(seen.introduction),
        None | Some(Err(Error::NotFound)) => {
            let mut faults = Faults::new();
            let detail = "This profile has no such introduction.";
            faults.push("/introduction", "unknown", detail);
            Err(faults.into())
        }
        Some(Err(other)) => Err(other),
    }
}

/// One grant of a profile, also one that has ended, for its startup's people and
/// the operator's; and whether the caller can take it back now.
///
/// # Errors
/// No such grant of a profile whose documents the caller may read of.
pub async fn find(
    context: &Context,
    caller: &Caller,
    (profile, id): (StartupProfileId, GrantId),
) -> Result<(Grant, bool), Error> {
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let owner = owner_of(conn, &caller, profile)?;
            let found = of_profile(conn, profile, id)?;
            let theirs = caller.may(Operation::WriteDocument, &[owner]).is_ok();
            let stands = found.revoked_at.is_none();
            Ok((found, theirs && stands))
        })
        .await
}

fn of_profile(conn: &mut Conn, profile: StartupProfileId, id: GrantId) -> Result<Grant, Error> {
    let found = db::documents::find_grant(conn, id)?;
    let found = found.filter(|grant| grant.startup_profile == profile);
    found.ok_or(Error::NotFound)
}

/// Takes a grant back. Once the answer is given, nothing more is opened by it.
///
/// # Errors
/// No such grant of a profile of the caller's, another version of it, or it has
/// ended.
pub async fn revoke(
    context: &Context,
    caller: &Caller,
    (profile, id): (StartupProfileId, GrantId),
    expected: Option<i64>,
    intent: Option<Intent>,
) -> Result<Grant, Error> {
    let now = context.now();
    let (caller_in, pen) = (caller.clone(), context.pen(caller.actor()));
    let job = move |conn: &mut Conn| {
        let owner = owner_of(conn, &caller_in, profile)?;
        caller_in.may(Operation::WriteDocument, &[owner])?;
        let found = of_profile(conn, profile, id)?;
        check_version(expected, found.version())?;
        if !db::documents::revoke_grant(conn, id, now)? {
            return Err(Refusal::no_transition("revoke").into());
        }
        note_end(&pen, conn, &found)?;
        Ok(Grant {
            revoked_at: Some(now),
            ..found
        })
    };
    let caller_again = caller.clone();
    let find = move |conn: &mut Conn, id: Uuid| {
        owner_of(conn, &caller_again, profile)?;
        of_profile(conn, profile, id.into())
    };
    write_once(context, caller.id(), intent, job, find).await
}

/// Notes that a grant ended: taken back, or because another took its place.
fn note_end(pen: &Pen, conn: &mut Conn, grant: &Grant) -> Result<(), Error> {
    let facts = vec![
        ("grant", Value::Id(grant.id.uuid())),
        ("level", code(grant.level.code())),
    ];
    let subject = (SubjectKind::StartupProfile, grant.startup_profile);
    let kind = "startup_profile.documents_grant_revoked";
    pen.append(conn, kind, subject, facts)
}
