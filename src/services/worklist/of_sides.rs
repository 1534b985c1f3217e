//! What a startup's, an investor's or a partner's people are to do.

use chrono::TimeDelta;

use crate::db::worklist::{self as waiting, Waiting};
use crate::db::{self, Conn, referrals};
use crate::domain::ids::OrganizationId;
use crate::domain::mandate::MandateStatus;
use crate::domain::profile::ProfileStatus;
use crate::domain::referral::ReferralState;
use crate::domain::review::UNANSWERED_DAYS;
use crate::domain::time_order::TimeOrder;
use crate::domain::values::Side;
use crate::domain::worklist::{CONFIRM_DAYS, RecordKind, WorkKind, days_ahead, never};
use crate::services::Error;

use super::gather::SIDE_DAYS;
use super::pile::Pile;

/// What a profile's owner is to do where it stands there.
const OF_PROFILES: [(ProfileStatus, WorkKind); 3] = [
    (ProfileStatus::Draft, WorkKind::SubmitProfile),
    (ProfileStatus::ChangesRequested, WorkKind::ChangeProfile),
    (ProfileStatus::Approved, WorkKind::PublishProfile),
];

impl Pile<'_> {
    pub(super) fn side(
        &mut self,
        conn: &mut Conn,
        side: Side,
        own: &[OrganizationId],
    ) -> Result<(), Error> {
        match side {
            Side::Startup => self.profiles(conn, own)?,
            Side::Investor => {
                self.investor_profiles(conn, own)?;
                self.mandates(conn, own)?;
            }
        }
        self.answers(conn, side, own)?;
        let confirm = (
            WorkKind::ConfirmConversion,
            RecordKind::Introduction,
            SIDE_DAYS,
        );
        let under = self.under();
        self.within(conn, confirm, |conn, most| {
            waiting::conversions_to_confirm(conn, side, own, under, most)
        })?;
        self.deals_of_side(conn, side, own)?;
        self.payments_of_side(conn, side, own)?;
        if side == Side::Startup {
            self.closings(conn, Some(own))?;
            self.licences(conn, own)?;
        }
        self.consents(conn, own)?;
        self.tasks(conn, Some(own))
    }

    /// Matches and introductions that ask a side.
    fn answers(
        &mut self,
        conn: &mut Conn,
        side: Side,
        own: &[OrganizationId],
    ) -> Result<(), Error> {
        let (kind, record) = (WorkKind::AnswerMatch, RecordKind::Match);
        if self.wants(kind, record) {
            let time = TimeDelta::days(UNANSWERED_DAYS);
            let since = self.context.now() - time;
            let under = (self.under(), since);
            let listed = waiting::matches_to_answer(conn, side, own, under, self.most())?;
            let last = listed.last().map_or(since, |found| found.since);
            self.read_until(listed.len(), last + time);
            for found in listed {
                self.push(kind, record, &found, Some(found.since + time));
            }
        }
        let (kind, record) = (WorkKind::AnswerIntroduction, RecordKind::Introduction);
        if self.wants(kind, record) {
            let under = self.under();
            let listed = waiting::introductions_to_answer(conn, side, own, under, self.most())?;
            if let Some((_, until)) = listed.last() {
                self.read_until(listed.len(), *until);
            }
            for (found, until) in listed {
                self.push(kind, record, &found, Some(until));
            }
        }
        Ok(())
    }

    fn profiles(&mut self, conn: &mut Conn, own: &[OrganizationId]) -> Result<(), Error> {
        let record = RecordKind::StartupProfile;
        for (status, kind) in OF_PROFILES {
            if self.wants(kind, record) {
                let listed = waiting::profiles(conn, &[status], Some(own), self.most())?;
                self.own_profiles(kind, record, &listed);
            }
        }
        let soon = days_ahead(self.context.now(), CONFIRM_DAYS);
        self.until(conn, (WorkKind::ConfirmProfile, record), |conn, most| {
            waiting::profiles_to_confirm(conn, own, soon, most)
        })
    }

    fn investor_profiles(&mut self, conn: &mut Conn, own: &[OrganizationId]) -> Result<(), Error> {
        let record = RecordKind::InvestorProfile;
        for (status, kind) in OF_PROFILES {
            if self.wants(kind, record) {
                let most = self.most();
                let listed = db::investor_profiles::waiting(conn, &[status], Some(own), most)?;
                self.own_profiles(kind, record, &listed);
            }
        }
        let soon = days_ahead(self.context.now(), CONFIRM_DAYS);
        self.until(conn, (WorkKind::ConfirmProfile, record), |conn, most| {
            db::investor_profiles::to_confirm(conn, own, soon, most)
        })
    }

    /// Profiles that their owners are to bring on; only what a reviewer asked for
    /// presses.
    fn own_profiles(&mut self, kind: WorkKind, record: RecordKind, listed: &[Waiting]) {
        let mut last = never();
        for found in listed {
            let asked = kind == WorkKind::ChangeProfile;
            let due = asked.then(|| self.in_working_days(found.since, SIDE_DAYS));
            last = due.unwrap_or_else(never);
            self.push(kind, record, found, due);
        }
        self.read_until(listed.len(), last);
    }

    fn mandates(&mut self, conn: &mut Conn, own: &[OrganizationId]) -> Result<(), Error> {
        let (kind, record) = (WorkKind::PublishMandate, RecordKind::Mandate);
        if self.wants(kind, record) {
            let listed = waiting::mandates(conn, MandateStatus::Draft, own, self.most())?;
            self.read_until(listed.len(), never());
            for found in listed {
                self.push(kind, record, &found, None);
            }
        }
        let soon = days_ahead(self.context.now(), CONFIRM_DAYS);
        self.until(conn, (WorkKind::ConfirmMandate, record), |conn, most| {
            waiting::mandates_to_confirm(conn, own, soon, most)
        })
    }

    pub(super) fn partner(
        &mut self,
        conn: &mut Conn,
        partner: OrganizationId,
    ) -> Result<(), Error> {
        let (kind, record) = (WorkKind::CompleteReferral, RecordKind::Referral);
        if !self.wants(kind, record) {
            return Ok(());
        }
        for state in [ReferralState::Draft, ReferralState::ChangesRequested] {
            let filter = referrals::Filter {
                partner: Some(partner),
                state: Some(state),
                sort: TimeOrder::Updated,
                ..referrals::Filter::default()
            };
            let most = self.most_rows();
            let listed = referrals::list(conn, &filter, None, most)?;
            if let Some(last) = listed.last() {
                let last = self.in_working_days(last.updated_at, SIDE_DAYS);
                self.read_until(listed.len(), last);
            }
            for referral in listed {
                let found = Waiting {
                    id: referral.id.uuid(),
                    programme: None,
                    since: referral.updated_at,
                    by: None,
                };
                let due = self.in_working_days(found.since, SIDE_DAYS);
                self.push(kind, record, &found, Some(due));
            }
        }
        Ok(())
    }
}
