//! Mandates that are taken from everybody's sight, and those that are put away
//! long after they ended; and what the machine looks at.

use chrono::TimeDelta;

use super::{event_kind, moved, store_state};
use crate::db::introductions::About;
use crate::db::{self, Conn, mandates, merges};
use crate::domain::compliance::Clearance;
use crate::domain::event::{Actor, Subject, SubjectKind};
use crate::domain::ids::OrganizationId;
use crate::domain::mandate::{Mandate, MandateAction, MandateFacts, MandateStatus, step};
use crate::domain::permission::Hat;
use crate::domain::profile::ARCHIVE_DAYS;
use crate::services::suspensions::{Course, Held};
use crate::services::transitions::{afresh, code};
use crate::services::{Caller, Context, Error, due, introductions};

/// What the machine looks at, held.
pub(super) struct Around {
    context: Context,
    clearance: Option<Clearance>,
    pub(super) held: Held,
}

impl Around {
    /// Facts for what asks for none of the firm's.
    pub(super) fn bare(context: &Context) -> Self {
        Self {
            context: context.clone(),
            clearance: None,
            held: Held::default(),
        }
    }

    /// All that one of the actions asks for, and no more, for whoever acts; none
    /// is the service itself.
    pub(super) fn load(
        context: &Context,
        conn: &mut Conn,
        mandate: &Mandate,
        actions: &[MandateAction],
        by: Option<&Caller>,
    ) -> Result<Self, Error> {
        use MandateAction as A;
        let asks = |wanted: &[A]| actions.iter().any(|action| wanted.contains(action));
        let mut around = Self::bare(context);
        if asks(&[A::Publish]) {
            around.clearance = db::clearances::latest(conn, mandate.organization)?;
        }
        if asks(&[A::Suspend, A::Restore, A::Erase]) && Held::concerns(by) {
            let subject = Subject::new(SubjectKind::Mandate, mandate.id);
            around.held = Held::load(conn, mandate.organization, subject, by)?;
        }
        Ok(around)
    }

    /// As the machine takes them.
    pub(super) fn facts(&self) -> MandateFacts<'_> {
        MandateFacts {
            clearance: self.clearance.as_ref(),
            standing: self.held.standing(),
            now: self.context.now(),
        }
    }
}

/// Suspending and restoring say why.
pub(super) fn check_note(action: MandateAction, note: Option<&str>) -> Result<(), Error> {
    match action {
        MandateAction::Suspend | MandateAction::Restore if note.is_none() => {
            Err(Error::refused("note_needed", "It needs a reason in words."))
        }
        _ => Ok(()),
    }
}

/// Suspends what an investor shows, since its check came out against it;
/// answers how many mandates.
pub(in crate::services) fn suspend_of(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
) -> Result<usize, Error> {
    let mut suspended = 0;
    for (id, ..) in merges::mandates_of(conn, firm)? {
        let suspend = |conn: &mut Conn| {
            let before = super::load(conn, id)?;
            take(context, conn, &before, MandateAction::Suspend)
        };
        suspended += usize::from(afresh(conn, suspend)?);
    }
    Ok(suspended)
}

/// Puts mandates away that ended long ago and of which no deal goes on; answers
/// how many.
pub async fn archive_due(context: &Context) -> Result<usize, Error> {
    let context_in = context.clone();
    let since = context.now() - TimeDelta::days(ARCHIVE_DAYS);
    due::each(
        context,
        "mandate.archive",
        |mandate: &Mandate| mandate.id.uuid(),
        move |conn, limit| mandates::due_for_archiving(conn, since, limit),
        move |conn, before: &Mandate| {
            take(&context_in, conn, before, MandateAction::Archive).map(drop)
        },
    )
    .await
}

/// What the service does by itself; false where the machine has no such step
/// from there.
fn take(
    context: &Context,
    conn: &mut Conn,
    before: &Mandate,
    action: MandateAction,
) -> Result<bool, Error> {
    let around = Around::load(context, conn, before, &[action], None)?;
    let status = match step(before, action, Hat::System, around.facts()) {
        Ok(status) => status,
        Err(refusal) if refusal.is_about_state() => return Ok(false),
        Err(refusal) => return Err(refusal.into()),
    };
    store_state(conn, &moved(before, status, action, context.now()))?;
    let subject = (SubjectKind::Mandate, before.id);
    let course = course(before, status);
    let payload = vec![
        ("from", code(before.status.code())),
        ("to", code(status.code())),
    ];
    let pen = context.pen(Actor::System);
    pen.append(conn, event_kind(action, status), subject, payload)?;
    if course.concerns() {
        around.held.follow(context, conn, &course, None)?;
        introductions::end_all(context, conn, About::Mandate(before.id), Actor::System)?;
    }
    Ok(true)
}

/// Where a mandate goes from where.
pub(super) fn course(before: &Mandate, to: MandateStatus) -> Course {
    Course {
        firm: before.organization,
        subject: Subject::new(SubjectKind::Mandate, before.id),
        from: before.status.code(),
        to: to.code(),
    }
}
