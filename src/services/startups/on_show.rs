//! A startup's profile as a record that its firm shows.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Around, Move, apply, event_kind, load, moved, store, store_state};
use crate::db::introductions::About;
use crate::db::{self, Conn, review_comments, startup_profiles, wipe};
use crate::domain::event::SubjectKind;
use crate::domain::ids::{OrganizationId, StartupProfileId};
use crate::domain::message::RecordNews;
use crate::domain::permission::{Hat, Operation};
use crate::domain::profile::{ProfileAction, StartupContent, StartupProfile, step};
use crate::domain::refusal::Refusal;
use crate::services::notices::records;
use crate::services::on_show::{self, OnShow};
use crate::services::suspensions::Held;
use crate::services::{Caller, Context, Error, documents};

impl OnShow for StartupProfile {
    type Action = ProfileAction;
    type Around = Around;

    const KIND: SubjectKind = SubjectKind::StartupProfile;
    const READ: Operation = Operation::ReadStartupProfile;
    const MOVE: Operation = Operation::MoveStartupProfile;
    const OWNER: Hat = Hat::Startup;
    const OTHER: Hat = Hat::Investor;
    const FRESHNESS: &'static str = "startup_profile.freshness";
    const ARCHIVE: &'static str = "startup_profile.archive";

    fn firm(&self) -> OrganizationId {
        self.organization
    }

    fn state(&self) -> &'static str {
        self.status.code()
    }

    fn about(&self) -> About {
        About::Profile(self.organization, self.id)
    }

    fn load(conn: &mut Conn, id: Uuid) -> Result<Self, Error> {
        load(conn, id.into())
    }

    fn bare(context: &Context) -> Around {
        Around::bare(context)
    }

    fn around(
        &self,
        context: &Context,
        conn: &mut Conn,
        action: ProfileAction,
        by: Option<&Caller>,
    ) -> Result<Around, Error> {
        Around::load(context, conn, self, &[action], by)
    }

    fn held(around: &Around) -> &Held {
        &around.held
    }

    fn attempt(
        &self,
        action: ProfileAction,
        hat: Hat,
        around: &Around,
        now: DateTime<Utc>,
    ) -> Result<(Self, &'static str), Refusal> {
        let status = step(self, action, hat, &around.facts())?;
        let after = moved(self, status, action, now);
        Ok((after, event_kind(action, status)))
    }

    fn keep(&self, conn: &mut Conn) -> Result<(), Error> {
        store_state(conn, self)
    }

    fn unconfirmed(conn: &mut Conn, day: NaiveDate, limit: usize) -> db::Result<Vec<Self>> {
        startup_profiles::due_for_freshness(conn, day, limit)
    }

    fn tell_stale(&self, context: &Context, conn: &mut Conn) -> Result<(), Error> {
        records::tell_profile(context, conn, self, RecordNews::Stale, None)
    }

    fn ended(conn: &mut Conn, before: DateTime<Utc>, limit: usize) -> db::Result<Vec<Self>> {
        startup_profiles::due_for_archiving(conn, before, limit)
    }

    fn emptied(self) -> Self {
        Self {
            content: StartupContent::default(),
            reconfirm_by: None,
            ..self
        }
    }

    /// The papers that belong to it go, too.
    fn forget(&self, context: &Context, caller: &Caller, conn: &mut Conn) -> Result<(), Error> {
        store(conn, self)?;
        startup_profiles::forget_said(conn, self.id)?;
        review_comments::forget(conn, self.id)?;
        documents::erase_all_of(context, caller, conn, self.id)?;
        Ok(wipe::around_profile(conn, self.id)?)
    }
}

/// Marks published profiles that nobody confirmed in time as stale; answers
/// how many.
pub async fn mark_stale(context: &Context) -> Result<usize, Error> {
    on_show::mark_stale::<StartupProfile>(context).await
}

/// Puts profiles away that ended long ago and of which no deal goes on; answers
/// how many.
pub async fn archive_due(context: &Context) -> Result<usize, Error> {
    on_show::archive_due::<StartupProfile>(context).await
}

/// Publishes a profile that was paused since its firm took back its consent to
/// be proposed, in the open transaction.
///
/// # Errors
/// A refusal where something else stands against it; then nothing has changed.
pub(in crate::services) fn publish_again(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: StartupProfileId,
) -> Result<(), Error> {
    let action = ProfileAction::Publish;
    let (_, stored) = apply(context, caller, conn, id, None, action, Move::default())?;
    stored.store(conn)
}
