//! An investor's profile as a record that its firm shows. The firm's mandates
//! are records of their own.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::facts::Around;
use super::{course_of, event_kind, load, moved, store};
use crate::db::introductions::About;
use crate::db::{self, Conn, investor_profiles as rows, wipe};
use crate::domain::event::{Payload, SubjectKind};
use crate::domain::ids::OrganizationId;
use crate::domain::investor::{InvestorContent, InvestorProfile, step};
use crate::domain::message::RecordNews;
use crate::domain::permission::{Hat, Operation};
use crate::domain::profile::ProfileAction;
use crate::domain::refusal::Refusal;
use crate::services::notices::records;
use crate::services::on_show::{self, OnShow};
use crate::services::suspensions::Held;
use crate::services::{Caller, Context, Error};

impl OnShow for InvestorProfile {
    type Action = ProfileAction;
    type Around = Around;

    const KIND: SubjectKind = SubjectKind::InvestorProfile;
    const READ: Operation = Operation::ReadInvestorProfile;
    const MOVE: Operation = Operation::MoveInvestorProfile;
    const OWNER: Hat = Hat::Investor;
    const OTHER: Hat = Hat::Startup;
    const FRESHNESS: &'static str = "investor_profile.freshness";
    const ARCHIVE: &'static str = "investor_profile.archive";

    fn firm(&self) -> OrganizationId {
        self.organization
    }

    fn state(&self) -> &'static str {
        self.status.code()
    }

    fn about(&self) -> About {
        About::Investor(self.organization)
    }

    /// The mandates stand by themselves where it was never shown.
    fn is_introduced(&self) -> bool {
        self.published_at.is_some()
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
        store(conn, self)
    }

    fn payload(&self, after: &Self) -> Payload {
        course_of(self, after)
    }

    fn unconfirmed(conn: &mut Conn, day: NaiveDate, limit: usize) -> db::Result<Vec<Self>> {
        rows::due_for_freshness(conn, day, limit)
    }

    fn tell_stale(&self, context: &Context, conn: &mut Conn) -> Result<(), Error> {
        records::tell_investor(context, conn, self, RecordNews::Stale, None)
    }

    fn ended(conn: &mut Conn, before: DateTime<Utc>, limit: usize) -> db::Result<Vec<Self>> {
        rows::due_for_archiving(conn, before, limit)
    }

    fn emptied(self) -> Self {
        Self {
            content: InvestorContent::default(),
            reconfirm_by: None,
            ..self
        }
    }

    fn forget(&self, _: &Context, _: &Caller, conn: &mut Conn) -> Result<(), Error> {
        store(conn, self)?;
        rows::forget_said(conn, self.id)?;
        Ok(wipe::around_investor(
            conn,
            self.id.uuid(),
            self.organization,
        )?)
    }
}

/// Marks published profiles that nobody confirmed in time as stale; answers
/// how many.
pub async fn mark_stale(context: &Context) -> Result<usize, Error> {
    on_show::mark_stale::<InvestorProfile>(context).await
}

/// Puts profiles away that ended long ago and of whose firm no deal goes on;
/// answers how many.
pub async fn archive_due(context: &Context) -> Result<usize, Error> {
    on_show::archive_due::<InvestorProfile>(context).await
}

/// Takes back what others wrote of an investor that wants nothing to do with it.
pub(in crate::services) fn disown(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
) -> Result<(), Error> {
    match rows::of(conn, firm)?.filter(|it| !it.claimed) {
        Some(before) => on_show::take_back(context, conn, &before).map(drop),
        None => Ok(()),
    }
}
