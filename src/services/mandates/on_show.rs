//! A mandate as a record that its firm shows.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::facts::Around;
use super::{event_kind, load, moved, store, store_state};
use crate::db::introductions::About;
use crate::db::{self, Conn, mandates, wipe};
use crate::domain::event::SubjectKind;
use crate::domain::ids::OrganizationId;
use crate::domain::mandate::{Mandate, MandateAction, MandateContent, step};
use crate::domain::message::RecordNews;
use crate::domain::permission::{Hat, Operation};
use crate::domain::refusal::Refusal;
use crate::services::notices::records;
use crate::services::on_show::{self, OnShow};
use crate::services::suspensions::Held;
use crate::services::{Caller, Context, Error};

impl OnShow for Mandate {
    type Action = MandateAction;
    type Around = Around;

    const KIND: SubjectKind = SubjectKind::Mandate;
    const READ: Operation = Operation::ReadMandate;
    const MOVE: Operation = Operation::MoveMandate;
    const OWNER: Hat = Hat::Investor;
    const OTHER: Hat = Hat::Startup;
    const FRESHNESS: &'static str = "mandate.freshness";
    const ARCHIVE: &'static str = "mandate.archive";

    fn firm(&self) -> OrganizationId {
        self.organization
    }

    fn state(&self) -> &'static str {
        self.status.code()
    }

    fn about(&self) -> About {
        About::Mandate(self.id)
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
        action: MandateAction,
        by: Option<&Caller>,
    ) -> Result<Around, Error> {
        Around::load(context, conn, self, &[action], by)
    }

    fn held(around: &Around) -> &Held {
        &around.held
    }

    fn attempt(
        &self,
        action: MandateAction,
        hat: Hat,
        around: &Around,
        now: DateTime<Utc>,
    ) -> Result<(Self, &'static str), Refusal> {
        let status = step(self, action, hat, around.facts())?;
        let after = moved(self, status, action, now);
        Ok((after, event_kind(action, status)))
    }

    fn keep(&self, conn: &mut Conn) -> Result<(), Error> {
        store_state(conn, self)
    }

    fn unconfirmed(conn: &mut Conn, day: NaiveDate, limit: usize) -> db::Result<Vec<Self>> {
        mandates::due_for_freshness(conn, day, limit)
    }

    fn tell_stale(&self, context: &Context, conn: &mut Conn) -> Result<(), Error> {
        records::tell_mandate(context, conn, self, RecordNews::Stale)
    }

    fn ended(conn: &mut Conn, before: DateTime<Utc>, limit: usize) -> db::Result<Vec<Self>> {
        mandates::due_for_archiving(conn, before, limit)
    }

    fn emptied(self) -> Self {
        Self {
            content: MandateContent::default(),
            reconfirm_by: None,
            ..self
        }
    }

    fn forget(&self, _: &Context, _: &Caller, conn: &mut Conn) -> Result<(), Error> {
        store(conn, self)?;
        mandates::forget_said(conn, self.id)?;
        Ok(wipe::around_mandate(conn, self.id)?)
    }
}

/// Marks published mandates that nobody confirmed in time as stale; answers
/// how many.
pub async fn mark_stale(context: &Context) -> Result<usize, Error> {
    on_show::mark_stale::<Mandate>(context).await
}

/// Puts mandates away that ended long ago and of which no deal goes on; answers
/// how many.
pub async fn archive_due(context: &Context) -> Result<usize, Error> {
    on_show::archive_due::<Mandate>(context).await
}
