//! Erasing what an investor said of itself: it goes in every version, with what
//! reviewers wrote and the copies of mails about it. That it was there, and
//! what was done with it, stays by its id. Its mandates are records of their
//! own.

use crate::db::introductions::About;
use crate::db::{Conn, investor_profiles as rows, wipe};
use crate::domain::event::{Actor, Subject, SubjectKind};
use crate::domain::ids::InvestorProfileId;
use crate::domain::investor::{InvestorContent, InvestorProfile, step};
use crate::domain::permission::{Hat, Operation};
use crate::domain::profile::ProfileAction;
use crate::services::caller::in_any_hat;
use crate::services::transitions::check_version;
use crate::services::{Caller, Context, Error, erasure, introductions};

use super::holding::Around;
use super::{course_of, event_kind, load, moved, store};

pub(super) fn erase(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    (id, expected): (InvestorProfileId, Option<i64>),
) -> Result<InvestorProfile, Error> {
    let action = ProfileAction::Erase;
    let before = load(conn, id)?;
    let firm = before.organization;
    caller.may(Operation::ReadInvestorProfile, &[firm])?;
    caller.may(Operation::MoveInvestorProfile, &[firm])?;
    check_version(expected, before.version)?;
    erasure::hold_firm(conn, firm)?;
    let around = Around::load(context, conn, &before, &[action], Some(caller))?;
    let hats = caller.hats_for(firm, Hat::Startup);
    let (status, _) = in_any_hat(&hats, |hat| step(&before, action, hat, &around.facts()))?;
    let now = context.now();
    let after = InvestorProfile {
        content: InvestorContent::default(),
        reconfirm_by: None,
        ..moved(&before, status, action, now)
    };
    store(conn, &after)?;
    rows::forget_said(conn, id)?;
    wipe::around_investor(conn, id.uuid(), firm)?;
    let subject = Subject::new(SubjectKind::InvestorProfile, id);
    erasure::forget_traces(conn, subject, firm, (caller.id(), now))?;
    let pen = context.pen(caller.actor());
    let payload = course_of(&before, &after);
    let of = (SubjectKind::InvestorProfile, id);
    pen.append(conn, event_kind(action, status), of, payload)?;
    // The mandates stand by themselves where it was never shown.
    if before.published_at.is_some() {
        introductions::end_all(context, conn, About::Investor(firm), Actor::System)?;
    }
    Ok(after)
}
