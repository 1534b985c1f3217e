//! What compliance lets two firms of a practice show each other though it is
//! sensitive. Where one is a startup with a profile, its releases are those that
//! stand for a match as well: of a revision, a matter and a country.

use crate::db::{self, Conn, disclosures};
use crate::domain::country::Country;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{PracticeId, ProgrammeId};
use crate::domain::permission::{Hat, Operation};
use crate::domain::practice::{Practice, PracticeAction, step};
use crate::domain::profile::StartupProfile;
use crate::domain::release::{Leave, Sensitive, sensitive, unreleased};

use super::compliance::note_decision;
use super::disclosure::keep_releases;
use super::firms_gate;
pub use super::firms_gate::Held;
use super::licences::licensed_until;
use super::once::write_once;
use super::practices::{commit, load, occasion};
use super::reviews::Scope;
use super::transitions::check_version;
use super::{Caller, Context, Error, Intent};

/// What of a profile not enough people have released to firms of a country.
fn open_of(
    context: &Context,
    conn: &mut Conn,
    programme: ProgrammeId,
    profile: &StartupProfile,
    country: Option<Country>,
) -> Result<Vec<Sensitive>, Error> {
    let found = sensitive(&profile.content, &context.taxonomy());
    let Some(country) = country.filter(|_| !found.is_empty()) else {
        return Ok(found);
    };
    let revision = (profile.id, profile.revision);
    let today = context.now().date_naive();
    let released = disclosures::releases(conn, revision, programme, country, today)?;
    Ok(unreleased(found, &released))
}

/// What waits for a release among profiles that would be shown to a firm of a
/// country, and whether licences let all of it be shown.
pub(super) fn open_among<'a>(
    context: &Context,
    conn: &mut Conn,
    programme: ProgrammeId,
    shown: impl IntoIterator<Item = (&'a StartupProfile, Option<Country>)>,
) -> Result<(Vec<Held>, bool), Error> {
    let (today, taxonomy) = (context.now().date_naive(), context.taxonomy());
    let (mut held, mut licensed) = (Vec::new(), true);
    for (profile, country) in shown {
        let matters = open_of(context, conn, programme, profile, country)?;
        if matters.is_empty() {
            continue;
        }
        licensed = licensed
            && match country {
                Some(country) => {
                    licensed_until(conn, &taxonomy, profile, country, today)?.is_some()
                }
                None => false,
            };
        let (profile, revision) = (profile.id, profile.revision);
        let scope = Scope {
            profile,
            revision,
            programme,
            country,
        };
        held.push(Held { scope, matters });
    }
    Ok((held, licensed))
}

/// What compliance says of a practice whose firms have something sensitive.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Lets this be shown, as it was read.
    Release(Vec<Held>),
    /// Ends the engagement.
    Refuse,
}

/// Lets what is sensitive of either firm be shown to the other, or ends the
/// engagement; what is restricted takes two people. Only what is named is let
/// through. Answers the engagement.
///
/// # Errors
/// It went on since it was read, or what was read of a profile is another by
/// now; nothing of it waits for a release, or it is the first of the two again;
/// a country isn't known.
pub async fn decide(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: PracticeId,
    expected: Option<i64>,
    (verdict, leave): (Verdict, Leave),
) -> Result<Practice, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let caller_again = caller.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load(conn, id)?;
            caller_in.may(Operation::WriteCompliance, &before.firms())?;
            check_version(expected, before.version)?;
            let (after, action) = match &verdict {
                Verdict::Release(read) => {
                    let waiting = held_of(&context_in, conn, &before)?;
                    let_through(&context_in, conn, &caller_in, &waiting, read, &leave)?;
                    (before, "release")
                }
                Verdict::Refuse => {
                    let action = PracticeAction::End;
                    let after = step(&before, action, None, Some(Hat::Curator))?;
                    let after = commit(&context_in, conn, &caller_in, &before, after, action)?;
                    (after, "refuse")
                }
            };
            let subject = Subject::new(SubjectKind::Practice, id);
            note_decision(
                &context_in,
                &caller_in,
                conn,
                subject,
                action,
                &leave.reason,
            )?;
            Ok(after)
        },
        move |conn, id| {
            let found = load(conn, id.into())?;
            caller_again.may(Operation::WriteCompliance, &found.firms())?;
            Ok(found)
        },
    )
    .await
}

/// Whether something of it waits for a release by compliance now.
pub async fn waits(context: &Context, practice: Practice) -> Result<bool, Error> {
    let context_in = context.clone();
    let read = move |conn: &mut Conn| Ok(!held_of(&context_in, conn, &practice)?.is_empty());
    context.db.read(read).await
}

/// What of it waits for a release by compliance now.
fn held_of(context: &Context, conn: &mut Conn, practice: &Practice) -> Result<Vec<Held>, Error> {
    let one = std::slice::from_ref(practice);
    let mut asked = firms_gate::ask_practices(context, conn, one, occasion(practice))?;
    Ok(asked.pop().ok_or(Error::NotFound)?.held)
}

fn changed_meanwhile() -> Error {
    let detail = "Something of it isn't as it was read; look at it again.";
    Error::refused("changed", detail)
}

/// The caller's releases of what they read, of what waits.
fn let_through(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    waiting: &[Held],
    read: &[Held],
    leave: &Leave,
) -> Result<(), Error> {
    if waiting.is_empty() {
        let detail = "Nothing of it waits for a release by compliance.";
        return Err(Error::refused("nothing_to_release", detail));
    }
    let mut new = false;
    for read in read {
        if !waiting.iter().any(|it| it.is_as(read)) {
            return Err(changed_meanwhile());
        }
        let scope = read.scope;
        let Some(country) = scope.country else {
            return Err(Error::refused(
                "country_unknown",
                "The other firm's country must be known before anything is released to it.",
            ));
        };
        let profile = db::startup_profiles::find(conn, scope.profile)?;
        let profile = profile.filter(|it| it.revision == scope.revision);
        let profile = profile.ok_or_else(changed_meanwhile)?;
        let to = (scope.programme, country);
        let about = read.matters.clone();
        new |= keep_releases(context, conn, caller, &profile, to, about, leave)?;
    }
    if new {
        return Ok(());
    }
    let detail = "Somebody else of compliance has to agree.";
    Err(Error::refused("second_person_needed", detail))
}
