//! Erasing a mandate: what it said goes, in every version, with the copies of
//! mails about it. That it was there, and what was done with it, stays by its
//! id.

use crate::db::introductions::About;
use crate::db::{Conn, mandates, wipe};
use crate::domain::event::{Actor, Subject, SubjectKind};
use crate::domain::ids::MandateId;
use crate::domain::mandate::{Mandate, MandateAction, MandateContent, step};
use crate::domain::permission::{Hat, Operation};
use crate::services::caller::in_any_hat;
use crate::services::transitions::{check_version, code};
use crate::services::{Caller, Context, Error, erasure, introductions};

use super::holding::Around;
use super::{event_kind, load, moved, store};

pub(super) fn erase(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    (id, expected): (MandateId, Option<i64>),
) -> Result<Mandate, Error> {
    let action = MandateAction::Erase;
    let before = load(conn, id)?;
    let firm = before.organization;
    caller.may(Operation::ReadMandate, &[firm])?;
    caller.may(Operation::MoveMandate, &[firm])?;
    check_version(expected, before.version)?;
    erasure::hold_firm(conn, firm)?;
    let around = Around::load(context, conn, &before, &[action], Some(caller))?;
    let hats = caller.hats_for(firm, Hat::Startup);
    let (status, _) = in_any_hat(&hats, |hat| step(&before, action, hat, around.facts()))?;
    let now = context.now();
    let after = Mandate {
        content: MandateContent::default(),
        reconfirm_by: None,
        ..moved(&before, status, action, now)
    };
    store(conn, &after)?;
    mandates::forget_said(conn, id)?;
    wipe::around_mandate(conn, id)?;
    let subject = Subject::new(SubjectKind::Mandate, id);
    erasure::forget_traces(conn, subject, firm, (caller.id(), now))?;
    context.pen(caller.actor()).append(
        conn,
        event_kind(action, status),
        (SubjectKind::Mandate, id),
        vec![
            ("from", code(before.status.code())),
            ("to", code(status.code())),
        ],
    )?;
    introductions::end_all(context, conn, About::Mandate(id), Actor::System)?;
    Ok(after)
}
