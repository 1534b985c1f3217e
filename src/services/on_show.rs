//! Records that a firm shows: profiles of startups, profiles of investors, and
//! mandates. Here they all go the same way: suspended since a check came out
//! against their firm, put away long after they ended, stale since nobody
//! confirmed them, paused or taken back because their firm wants that, erased.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::db::introductions::About;
use crate::db::{self, Conn};
use crate::domain::event::{Actor, Payload, Subject, SubjectKind};
use crate::domain::ids::OrganizationId;
use crate::domain::mandate::MandateAction;
use crate::domain::permission::{Hat, Operation};
use crate::domain::profile::{ARCHIVE_DAYS, ProfileAction};
use crate::domain::refusal::Refusal;

use super::caller::in_any_hat;
use super::once::Recorded;
use super::suspensions::{Course, Held};
use super::transitions::{afresh, check_version, code};
use super::{Caller, Context, Error, consents, due, erasure, introductions};

/// What is done to every kind of record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    Suspend,
    Archive,
    GoStale,
    Pause,
    Withdraw,
    Erase,
}

impl From<Deed> for ProfileAction {
    fn from(deed: Deed) -> Self {
        match deed {
            Deed::Suspend => Self::Suspend,
            Deed::Archive => Self::Archive,
            Deed::GoStale => Self::FreshnessDue,
            Deed::Pause => Self::Pause,
            Deed::Withdraw => Self::Withdraw,
            Deed::Erase => Self::Erase,
        }
    }
}

impl From<Deed> for MandateAction {
    fn from(deed: Deed) -> Self {
        match deed {
            Deed::Suspend => Self::Suspend,
            Deed::Archive => Self::Archive,
            Deed::GoStale => Self::FreshnessDue,
            Deed::Pause => Self::Pause,
            Deed::Withdraw => Self::Withdraw,
            Deed::Erase => Self::Erase,
        }
    }
}

/// How one kind of record does what all kinds do.
pub(super) trait OnShow: Recorded + Clone + Send + Sync + 'static {
    /// What its machine knows.
    type Action: From<Deed> + Copy;
    /// What its machine looks at, held.
    type Around;

    /// As the log names it.
    const KIND: SubjectKind;
    /// To see one.
    const READ: Operation;
    /// To move one.
    const MOVE: Operation;
    /// Whose it is.
    const OWNER: Hat;
    /// Who is on the other side.
    const OTHER: Hat;
    /// What marks it as stale, by its name in the program's log.
    const FRESHNESS: &'static str;
    /// What puts it away, likewise.
    const ARCHIVE: &'static str;

    /// Whose it is.
    fn firm(&self) -> OrganizationId;
    /// Where it stands, by its code.
    fn state(&self) -> &'static str;
    /// The introductions that it is part of.
    fn about(&self) -> About;
    /// Whether introductions may rest on it.
    fn is_introduced(&self) -> bool {
        true
    }

    /// The record with that id.
    fn load(conn: &mut Conn, id: Uuid) -> Result<Self, Error>;
    /// Facts for what asks for none of the firm's.
    fn bare(context: &Context) -> Self::Around;
    /// All that an action asks for, for whoever acts; none is the service itself.
    fn around(
        &self,
        context: &Context,
        conn: &mut Conn,
        action: Self::Action,
        by: Option<&Caller>,
    ) -> Result<Self::Around, Error>;
    /// What suspending looks at.
    fn held(around: &Self::Around) -> &Held;
    /// The record after an action, and what the log calls that.
    fn attempt(
        &self,
        action: Self::Action,
        hat: Hat,
        around: &Self::Around,
        now: DateTime<Utc>,
    ) -> Result<(Self, &'static str), Refusal>;
    /// Stores where a record stands now that says what it said.
    fn keep(&self, conn: &mut Conn) -> Result<(), Error>;
    /// From where to where it went, for the log.
    fn payload(&self, after: &Self) -> Payload {
        vec![("from", code(self.state())), ("to", code(after.state()))]
    }

    /// Up to `limit` that were to be confirmed before that day.
    fn unconfirmed(conn: &mut Conn, day: NaiveDate, limit: usize) -> db::Result<Vec<Self>>;
    /// Tells its people that it is stale.
    fn tell_stale(&self, context: &Context, conn: &mut Conn) -> Result<(), Error>;
    /// Up to `limit` that ended before that instant and of which no deal goes on.
    fn ended(conn: &mut Conn, before: DateTime<Utc>, limit: usize) -> db::Result<Vec<Self>>;

    /// The same without what it said.
    fn emptied(self) -> Self;
    /// Stores it so, and deletes what it said elsewhere.
    fn forget(&self, context: &Context, caller: &Caller, conn: &mut Conn) -> Result<(), Error>;
}

/// Where a record goes from where.
pub(super) fn course<R: OnShow>(before: &R, after: &R) -> Course {
    Course {
        firm: before.firm(),
        subject: Subject::new(R::KIND, before.id()),
        from: before.state(),
        to: after.state(),
    }
}

/// Suspends those of these records that can be, since the check of their firm
/// came out against it; answers how many.
pub(super) fn suspend<R: OnShow>(
    context: &Context,
    conn: &mut Conn,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<usize, Error> {
    let mut suspended = 0;
    for id in ids {
        let job = |conn: &mut Conn| {
            let before = R::load(conn, id)?;
            by_itself(context, conn, &before, Deed::Suspend)
        };
        suspended += usize::from(afresh(conn, job)?.is_some());
    }
    Ok(suspended)
}

/// Puts records away that ended long ago and of which no deal goes on; answers
/// how many.
pub(super) async fn archive_due<R: OnShow>(context: &Context) -> Result<usize, Error> {
    let context_in = context.clone();
    let since = context.now() - TimeDelta::days(ARCHIVE_DAYS);
    due::each(
        context,
        R::ARCHIVE,
        R::id,
        move |conn, limit| R::ended(conn, since, limit),
        move |conn, before: &R| by_itself(&context_in, conn, before, Deed::Archive).map(drop),
    )
    .await
}

/// Marks published records that nobody confirmed in time as stale; answers how
/// many.
pub(super) async fn mark_stale<R: OnShow>(context: &Context) -> Result<usize, Error> {
    let (context_in, today) = (context.clone(), context.now().date_naive());
    due::each(
        context,
        R::FRESHNESS,
        R::id,
        move |conn, limit| R::unconfirmed(conn, today, limit),
        move |conn, before: &R| match by_itself(&context_in, conn, before, Deed::GoStale)? {
            Some(after) => after.tell_stale(&context_in, conn),
            None => Ok(()),
        },
    )
    .await
}

/// What the service does by itself; nothing where the machine has no such step
/// from there.
fn by_itself<R: OnShow>(
    context: &Context,
    conn: &mut Conn,
    before: &R,
    deed: Deed,
) -> Result<Option<R>, Error> {
    let action = deed.into();
    let around = before.around(context, conn, action, None)?;
    let (after, kind) = match before.attempt(action, Hat::System, &around, context.now()) {
        Ok(step) => step,
        Err(refusal) if refusal.is_about_state() => return Ok(None),
        Err(refusal) => return Err(refusal.into()),
    };
    after.keep(conn)?;
    note(context, conn, Actor::System, (before, &after), kind, None)?;
    let course = course(before, &after);
    if course.concerns() {
        R::held(&around).follow(context, conn, &course, None)?;
        introductions::end_all(context, conn, before.about(), Actor::System)?;
    }
    Ok(Some(after))
}

fn note<R: OnShow>(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    (before, after): (&R, &R),
    kind: &'static str,
    reason: Option<&'static str>,
) -> Result<(), Error> {
    let mut payload = before.payload(after);
    payload.extend(reason.map(|reason| ("reason", code(reason))));
    let pen = context.pen(actor);
    pen.append(conn, kind, (R::KIND, before.id()), payload)
}

/// Takes a record back that its firm wants nothing to do with, and ends what
/// was asked for it.
pub(super) fn disown<R: OnShow>(
    context: &Context,
    conn: &mut Conn,
    before: &R,
) -> Result<(), Error> {
    if take_back(context, conn, before)? {
        introductions::end_all(context, conn, before.about(), Actor::System)?;
    }
    Ok(())
}

/// [`disown`] of the record alone; false where it can't be withdrawn, and then
/// it is shown to nobody as it is.
pub(super) fn take_back<R: OnShow>(
    context: &Context,
    conn: &mut Conn,
    before: &R,
) -> Result<bool, Error> {
    let (action, around) = (Deed::Withdraw.into(), R::bare(context));
    let Ok((after, kind)) = before.attempt(action, R::OWNER, &around, context.now()) else {
        return Ok(false);
    };
    after.keep(conn)?;
    let why = Some("refused_by_the_firm");
    note(context, conn, Actor::System, (before, &after), kind, why)?;
    Ok(true)
}

/// Pauses a record that is shown, since its firm took back its consent to be
/// proposed, and ends the introductions to it that were not sent.
pub(super) fn rest<R: OnShow>(
    context: &Context,
    conn: &mut Conn,
    before: &R,
    actor: Actor,
) -> Result<(), Error> {
    let (action, around) = (Deed::Pause.into(), R::bare(context));
    // One that can't be paused is shown to nobody as it is.
    if let Ok((after, kind)) = before.attempt(action, R::OWNER, &around, context.now()) {
        after.keep(conn)?;
        let why = Some(consents::WITHDRAWN);
        note(context, conn, actor, (before, &after), kind, why)?;
    }
    introductions::end_all(context, conn, before.about(), actor)
}

/// Erases a record: what it said goes, in every version, with what others wrote
/// about it and the copies of mails. That it was there, and what was done with
/// it, stays by its id.
pub(super) fn erase<R: OnShow>(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    (id, expected): (Uuid, Option<i64>),
) -> Result<R, Error> {
    let before = R::load(conn, id)?;
    let (firm, now) = (before.firm(), context.now());
    caller.may(R::READ, &[firm])?;
    caller.may(R::MOVE, &[firm])?;
    check_version(expected, before.version())?;
    erasure::hold_firm(conn, firm)?;
    let action = Deed::Erase.into();
    let around = before.around(context, conn, action, Some(caller))?;
    let hats = caller.hats_for(firm, R::OTHER);
    let attempt = |hat| before.attempt(action, hat, &around, now);
    let ((after, kind), _) = in_any_hat(&hats, attempt)?;
    let after = after.emptied();
    after.forget(context, caller, conn)?;
    let subject = Subject::new(R::KIND, id);
    erasure::forget_traces(conn, subject, firm, (caller.id(), now))?;
    note(context, conn, caller.actor(), (&before, &after), kind, None)?;
    if before.is_introduced() {
        introductions::end_all(context, conn, before.about(), Actor::System)?;
    }
    Ok(after)
}
