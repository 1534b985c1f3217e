//! What waits for a second person, and what runs out beside it: yeses that take
//! two, checks of licences, closings, duplicates, consents.

use std::collections::BTreeSet;

use crate::db::duplicates::{self, Filter};
use crate::db::second_turns::{self as seconds, Wanted};
use crate::db::worklist::Waiting;
use crate::db::{self, Conn};
use crate::domain::consent::{PROPOSAL_NOTICE_DAYS, Standing};
use crate::domain::duplicate::DuplicateState;
use crate::domain::event::SubjectKind;
use crate::domain::ids::OrganizationId;
use crate::domain::values::Side;
use crate::domain::worklist::{RENEW_DAYS, RecordKind, WorkKind, days_ahead};
use crate::services::Error;

use super::MOST_OF_A_KIND as MOST;
use super::gather::{Pile, REVIEW_DAYS, SIDE_DAYS};

/// For whom a payment was said to have arrived: the last word.
fn camp_of(matter: &str) -> &str {
    matter.rsplit(' ').next().unwrap_or_default()
}

impl Pile<'_> {
    /// Deals about which another of the operator's people has said yes to
    /// something of that kind, which is kept under that first word.
    pub(super) fn second_of_deals(
        &mut self,
        conn: &mut Conn,
        kind: WorkKind,
        word: &str,
    ) -> Result<(), Error> {
        let wanted = Wanted::OfOperator(word, self.caller.id());
        for found in seconds::of_deals(conn, wanted, MOST)? {
            let due = self.in_working_days(found.deal.since, REVIEW_DAYS);
            self.push(kind, RecordKind::Deal, &found.deal, Some(due));
        }
        Ok(())
    }

    /// Payments that the other side says have arrived.
    pub(super) fn payments_of_side(
        &mut self,
        conn: &mut Conn,
        side: Side,
        own: &[OrganizationId],
    ) -> Result<(), Error> {
        let mut all = Vec::new();
        match side {
            Side::Startup => all = seconds::of_deals(conn, Wanted::PaidTo(own), MOST)?,
            // Each investor is asked of its own money alone.
            Side::Investor => {
                for firm in own {
                    all.extend(seconds::of_deals(conn, Wanted::PaidBy(*firm), MOST)?);
                }
            }
        }
        let said: BTreeSet<_> = all
            .iter()
            .filter(|it| camp_of(&it.matter) == side.code())
            .map(|it| (it.deal.id, payment_of(&it.matter)))
            .collect();
        for found in &all {
            let by_other = camp_of(&found.matter) == side.other().code();
            if by_other && !said.contains(&(found.deal.id, payment_of(&found.matter))) {
                let due = self.in_working_days(found.deal.since, SIDE_DAYS);
                let kind = WorkKind::ConfirmPayment;
                self.push(kind, RecordKind::Deal, &found.deal, Some(due));
            }
        }
        Ok(())
    }

    /// Closings that should have closed, or wait for their money.
    pub(super) fn closings(
        &mut self,
        conn: &mut Conn,
        startups: Option<&[OrganizationId]>,
    ) -> Result<(), Error> {
        let today = self.context.now().date_naive();
        let found = seconds::closings(conn, startups, today, MOST)?;
        self.until(WorkKind::ConfirmClosing, RecordKind::Deal, &found);
        Ok(())
    }

    /// Yeses of compliance that take two, and licences to check.
    pub(super) fn second_of_compliance(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let me = self.caller.id();
        let found = seconds::blocks_to_lift(conn, me, MOST)?;
        self.within(WorkKind::LiftBlock, RecordKind::Block, &found, REVIEW_DAYS);
        for (kind, found) in seconds::records_to_restore(conn, me, MOST)? {
            let record = match kind {
                SubjectKind::StartupProfile => RecordKind::StartupProfile,
                SubjectKind::InvestorProfile => RecordKind::InvestorProfile,
                SubjectKind::Mandate => RecordKind::Mandate,
                _ => continue,
            };
            self.within(WorkKind::RestoreRecord, record, &[found], REVIEW_DAYS);
        }
        let found = seconds::licences_to_check(conn, me, MOST)?;
        let record = RecordKind::Licence;
        self.within(WorkKind::CheckLicence, record, &found, REVIEW_DAYS);
        for note in db::deal_notes::waiting(conn, MOST)? {
            if note.first_cleared_by != Some(me) {
                let one = Waiting {
                    id: note.id,
                    programme: None,
                    since: note.created_at,
                    by: None,
                };
                let due = self.in_working_days(one.since, REVIEW_DAYS);
                let kind = WorkKind::DecideNote;
                self.push(kind, RecordKind::DealNote, &one, Some(due));
            }
        }
        self.second_of_deals(conn, WorkKind::UnblockDeal, "unblock")
    }

    /// Licences that end soon.
    pub(super) fn licences(
        &mut self,
        conn: &mut Conn,
        owners: &[OrganizationId],
    ) -> Result<(), Error> {
        let now = self.context.now();
        let days = (now.date_naive(), days_ahead(now, RENEW_DAYS));
        let found = seconds::licences_to_renew(conn, Some(owners), days, MOST)?;
        self.until(WorkKind::RenewLicence, RecordKind::Licence, &found);
        Ok(())
    }

    /// Firms that may be the same.
    pub(super) fn duplicates(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let open = Filter {
            state: Some(DuplicateState::Open),
            ..Filter::default()
        };
        let most = usize::try_from(MOST).unwrap_or_default();
        for found in duplicates::list(conn, &open, None, most)? {
            let one = Waiting {
                id: found.id.uuid(),
                programme: None,
                since: found.created_at,
                by: None,
            };
            let due = self.in_working_days(one.since, REVIEW_DAYS);
            let kind = WorkKind::DecideDuplicate;
            self.push(kind, RecordKind::Duplicate, &one, Some(due));
        }
        Ok(())
    }

    /// Firms of the caller's that show something though nobody of them agreed
    /// that they are proposed, or whose consent has run out or ends soon.
    pub(super) fn consents(
        &mut self,
        conn: &mut Conn,
        own: &[OrganizationId],
    ) -> Result<(), Error> {
        let now = self.context.now();
        let soon = now + chrono::TimeDelta::days(PROPOSAL_NOTICE_DAYS);
        for firm in db::consents::shown_among(conn, own)? {
            let mut until = db::consents::given_until(conn, firm, now)?;
            match db::consents::standing(conn, firm, now)? {
                Standing::Withdrawn => continue,
                Standing::Before => until = db::consents::before_until(conn, firm, now)?,
                Standing::Given if until.is_none_or(|until| until > soon) => continue,
                Standing::Given | Standing::RanOut | Standing::Missing => {}
            }
            let one = Waiting {
                id: firm.uuid(),
                programme: None,
                since: now,
                by: None,
            };
            let due = until.unwrap_or(now);
            let kind = WorkKind::GiveConsent;
            self.push(kind, RecordKind::Organization, &one, Some(due));
        }
        Ok(())
    }
}

/// Which payment, without who says so.
fn payment_of(matter: &str) -> &str {
    matter
        .rsplit_once(' ')
        .map_or(matter, |(payment, _)| payment)
}
