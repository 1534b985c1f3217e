//! Erasing a profile: what it said goes, in every version, with the papers that
//! belong to it, what reviewers wrote and the copies of mails about it. That it
//! was there, and what was done with it, stays by its id.

use crate::db::introductions::About;
use crate::db::{Conn, review_comments, startup_profiles, wipe};
use crate::domain::event::{Actor, Subject, SubjectKind};
use crate::domain::ids::StartupProfileId;
use crate::domain::permission::{Hat, Operation};
use crate::domain::profile::{ProfileAction, StartupContent, StartupProfile, step};
use crate::services::caller::in_any_hat;
use crate::services::transitions::{check_version, code};
use crate::services::{Caller, Context, Error, documents, erasure, introductions};

use super::{Around, event_kind, load, moved, store};

pub(super) fn erase(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    (id, expected): (StartupProfileId, Option<i64>),
) -> Result<StartupProfile, Error> {
    let action = ProfileAction::Erase;
    let before = load(conn, id)?;
    let firm = before.organization;
    caller.may(Operation::ReadStartupProfile, &[firm])?;
    caller.may(Operation::MoveStartupProfile, &[firm])?;
    check_version(expected, before.version)?;
    erasure::hold_firm(conn, firm)?;
    let around = Around::load(context, conn, &before, &[action], Some(caller))?;
    let hats = caller.hats_for(firm, Hat::Investor);
    let (status, _) = in_any_hat(&hats, |hat| step(&before, action, hat, &around.facts()))?;
    let now = context.now();
    let after = StartupProfile {
        content: StartupContent::default(),
        reconfirm_by: None,
        ..moved(&before, status, action, now)
    };
    store(conn, &after)?;
    startup_profiles::forget_said(conn, id)?;
    review_comments::forget(conn, id)?;
    documents::erase_all_of(context, caller, conn, id)?;
    wipe::around_profile(conn, id)?;
    let subject = Subject::new(SubjectKind::StartupProfile, id);
    erasure::forget_traces(conn, subject, firm, (caller.id(), now))?;
    context.pen(caller.actor()).append(
        conn,
        event_kind(action, status),
        (SubjectKind::StartupProfile, id),
        vec![
            ("from", code(before.status.code())),
            ("to", code(status.code())),
        ],
    )?;
    introductions::end_all(context, conn, About::Profile(firm, id), Actor::System)?;
    Ok(after)
}
