//! Profiles that are taken from everybody's sight, and those that are put away
//! long after they ended; and what the machine looks at.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{course_of, event_kind, moved, store};
use crate::db::introductions::About;
use crate::db::investor_profiles as rows;
use crate::db::{self, Conn};
use crate::domain::compliance::Clearance;
use crate::domain::event::{Actor, Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::investor::{InvestorFacts, InvestorProfile, step, text_that_tells};
use crate::domain::permission::Hat;
use crate::domain::profile::{ARCHIVE_DAYS, ProfileAction, ProfileStatus};
use crate::domain::tag::Taxonomy;
use crate::services::suspensions::{Course, Held};
use crate::services::transitions::{afresh, code};
use crate::services::{Caller, Context, Error, due, introductions};

/// What the machine looks at, held.
pub(in crate::services) struct Around {
    context: Context,
    taxonomy: Arc<Taxonomy>,
    agreed: bool,
    agreed_alone: bool,
    clearance: Option<Clearance>,
    told: Faults,
    pub(super) held: Held,
}

impl Around {
    /// Facts for what asks for none of the firm's.
    pub(super) fn bare(context: &Context) -> Self {
        Self {
            context: context.clone(),
            taxonomy: context.taxonomy(),
            agreed: false,
            agreed_alone: false,
            clearance: None,
            told: Faults::new(),
            held: Held::default(),
        }
    }

    /// All that one of the actions asks for, and no more, for whoever acts; none
    /// is the service itself.
    pub(in crate::services) fn load(
        context: &Context,
        conn: &mut Conn,
        profile: &InvestorProfile,
        actions: &[ProfileAction],
        by: Option<&Caller>,
    ) -> Result<Self, Error> {
        use ProfileAction as A;
        let asks = |wanted: &[A]| actions.iter().any(|action| wanted.contains(action));
        let mut around = Self::bare(context);
        if asks(&[A::Approve]) {
            let agreed = rows::compliance_agreed_revision(conn, profile.id)?;
            around.agreed = agreed == Some(profile.revision);
            let agreed_by = rows::agreed_by(conn, profile.id)?;
            around.agreed_alone = agreed_by.is_some() && agreed_by == by.map(Caller::id);
        }
        if asks(&[A::Publish]) {
            around.clearance = db::clearances::latest(conn, profile.organization)?;
        }
        if asks(&[A::Submit, A::Approve, A::Publish, A::Reconfirm]) {
            let people = db::users::members(conn, profile.organization)?;
            let names: Vec<String> = people.iter().map(|(it, _)| it.name.to_string()).collect();
            around.told = text_that_tells(&profile.content, names.iter().map(String::as_str));
        }
        if asks(&[A::Suspend, A::Restore, A::Erase]) && Held::concerns(by) {
            let subject = Subject::new(SubjectKind::InvestorProfile, profile.id);
            around.held = Held::load(conn, profile.organization, subject, by)?;
        }
        Ok(around)
    }

    /// As the machine takes them.
    pub(in crate::services) fn facts(&self) -> InvestorFacts<'_> {
        InvestorFacts {
            taxonomy: &self.taxonomy,
            compliance_agreed: self.agreed,
            agreed_alone: self.agreed_alone,
            clearance: self.clearance.as_ref(),
            told: &self.told,
            standing: self.held.standing(),
            now: self.context.now(),
        }
    }
}

/// Suspends what an investor says of itself, since its check came out against
/// it; answers how many profiles.
pub(in crate::services) fn suspend_of(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
) -> Result<usize, Error> {
    let suspend = |conn: &mut Conn| match rows::of(conn, firm)? {
        Some(before) => take(context, conn, &before, ProfileAction::Suspend),
        None => Ok(false),
    };
    Ok(usize::from(afresh(conn, suspend)?))
}

/// Puts profiles away that ended long ago and of whose firm no deal goes on;
/// answers how many.
pub async fn archive_due(context: &Context) -> Result<usize, Error> {
    let context_in = context.clone();
    let since = context.now() - TimeDelta::days(ARCHIVE_DAYS);
    due::each(
        context,
        "investor_profile.archive",
        |profile: &InvestorProfile| profile.id.uuid(),
        move |conn, limit| rows::due_for_archiving(conn, since, limit),
        move |conn, before: &InvestorProfile| {
            take(&context_in, conn, before, ProfileAction::Archive).map(drop)
        },
    )
    .await
}

/// What the service does by itself; false where the machine has no such step
/// from there.
fn take(
    context: &Context,
    conn: &mut Conn,
    before: &InvestorProfile,
    action: ProfileAction,
) -> Result<bool, Error> {
    let around = Around::load(context, conn, before, &[action], None)?;
    let status = match step(before, action, Hat::System, &around.facts()) {
        Ok(status) => status,
        Err(refusal) if refusal.is_about_state() => return Ok(false),
        Err(refusal) => return Err(refusal.into()),
    };
    let after = moved(before, status, action, context.now());
    store(conn, &after)?;
    let subject = (SubjectKind::InvestorProfile, before.id);
    let course = course(before, status);
    let payload = course_of(before, &after);
    let pen = context.pen(Actor::System);
    pen.append(conn, event_kind(action, status), subject, payload)?;
    if course.concerns() {
        around.held.follow(context, conn, &course, None)?;
        let about = About::Investor(before.organization);
        introductions::end_all(context, conn, about, Actor::System)?;
    }
    Ok(true)
}

/// Where a profile goes from where.
pub(super) fn course(before: &InvestorProfile, to: ProfileStatus) -> Course {
    Course {
        firm: before.organization,
        subject: Subject::new(SubjectKind::InvestorProfile, before.id),
        from: before.status.code(),
        to: to.code(),
    }
}

/// Takes back what others wrote of an investor that wants nothing to do with it.
pub(in crate::services) fn disown(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
) -> Result<(), Error> {
    let Some(before) = rows::of(conn, firm)?.filter(|it| !it.claimed) else {
        return Ok(());
    };
    let action = ProfileAction::Withdraw;
    // One that can't be withdrawn is shown to nobody as it is.
    let around = Around::bare(context);
    let Ok(status) = step(&before, action, Hat::Investor, &around.facts()) else {
        return Ok(());
    };
    let after = moved(&before, status, action, context.now());
    store(conn, &after)?;
    let mut payload = course_of(&before, &after);
    payload.push(("reason", code("refused_by_the_firm")));
    let subject = (SubjectKind::InvestorProfile, before.id);
    let pen = context.pen(Actor::System);
    pen.append(conn, event_kind(action, status), subject, payload)
}
