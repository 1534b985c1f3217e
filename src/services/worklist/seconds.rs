//! What waits for a second person, and what runs out beside it: yeses that take
//! two, checks of licences, closings, duplicates, consents.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::consents_before;
use crate::db::duplicates::{self, Filter};
use crate::db::second_turns::{self as seconds, Wanted};
use crate::db::worklist::Waiting;
use crate::db::{self, Conn};
use crate::domain::consent::{PROPOSAL_NOTICE_DAYS, Standing};
use crate::domain::deal_work::Camp;
use crate::domain::duplicate::DuplicateState;
use crate::domain::event::SubjectKind;
use crate::domain::ids::OrganizationId;
use crate::domain::values::Side;
use crate::domain::worklist::{RENEW_DAYS, RecordKind, WorkKind, days_ahead};
use crate::services::Error;

use super::gather::{REVIEW_DAYS, SIDE_DAYS};
use super::pile::Pile;

/// Firms whose consents are looked up together.
const FIRMS_AT_ONCE: usize = 1_000;

impl Pile<'_> {
    /// Deals about which another of the operator's people has said yes to what
    /// takes two of them.
    pub(super) fn second_of_deals(
        &mut self,
        conn: &mut Conn,
        kind: WorkKind,
        wanted: Wanted<'_>,
    ) -> Result<(), Error> {
        let under = self.under();
        self.within(conn, (kind, RecordKind::Deal, REVIEW_DAYS), |conn, most| {
            let found = seconds::of_deals(conn, wanted, under, most)?;
            Ok::<_, Error>(found.into_iter().map(|found| found.deal).collect())
        })
    }

    /// Payments that the other side says have arrived.
    pub(super) fn payments_of_side(
        &mut self,
        conn: &mut Conn,
        side: Side,
        own: &[OrganizationId],
    ) -> Result<(), Error> {
        let (kind, record) = (WorkKind::ConfirmPayment, RecordKind::Deal);
        if !self.wants(kind, record) {
            return Ok(());
        }
        let wanted: Vec<Wanted<'_>> = match side {
            Side::Startup => vec![Wanted::PaidTo(own)],
            // Each investor is asked of its own money alone.
            Side::Investor => own.iter().map(|firm| Wanted::PaidBy(*firm)).collect(),
        };
        let mut all = Vec::new();
        for wanted in wanted {
            let under = self.under();
            let found = seconds::of_deals(conn, wanted, under, self.most())?;
            // What the other side said may stand after what was read.
            self.read(found.len());
            all.extend(found);
        }
        let said: BTreeSet<_> = all
            .iter()
            .filter(|it| it.camp.and_then(Camp::side) == Some(side))
            .map(|it| (it.deal.id, payment_of(&it.matter)))
            .collect();
        for found in &all {
            let by_other = found.camp.and_then(Camp::side) == Some(side.other());
            if by_other && !said.contains(&(found.deal.id, payment_of(&found.matter))) {
                let due = self.in_working_days(found.deal.since, SIDE_DAYS);
                self.push(kind, record, &found.deal, Some(due));
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
        let under = self.under();
        self.until(
            conn,
            (WorkKind::ConfirmClosing, RecordKind::Deal),
            |conn, most| seconds::closings(conn, (startups, under), today, most),
        )
    }

    /// Yeses of compliance that take two, and licences to check.
    pub(super) fn second_of_compliance(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let (me, under) = (self.caller.id(), self.under());
        let lift = (WorkKind::LiftBlock, RecordKind::Block, REVIEW_DAYS);
        self.within(conn, lift, |conn, most| {
            seconds::blocks_to_lift(conn, me, most)
        })?;
        self.records_to_restore(conn)?;
        let check = (WorkKind::CheckLicence, RecordKind::Licence, REVIEW_DAYS);
        self.within(conn, check, |conn, most| {
            seconds::licences_to_check(conn, me, most)
        })?;
        let note = (WorkKind::DecideNote, RecordKind::DealNote, REVIEW_DAYS);
        self.within(conn, note, |conn, most| {
            db::deal_notes::waiting_for(conn, me, under, most)
        })?;
        let held = (WorkKind::DecideNote, RecordKind::HeldText, REVIEW_DAYS);
        self.within(conn, held, |conn, most| {
            db::held_texts::waiting_for(conn, me, under, most)
        })?;
        self.second_of_deals(conn, WorkKind::UnblockDeal, Wanted::Unblocked(me))
    }

    /// Suspended records that one of compliance wants back.
    fn records_to_restore(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let kind = WorkKind::RestoreRecord;
        let records = [
            RecordKind::StartupProfile,
            RecordKind::InvestorProfile,
            RecordKind::Mandate,
        ];
        if !records.iter().any(|record| self.wants(kind, *record)) {
            return Ok(());
        }
        let me = self.caller.id();
        let listed = seconds::records_to_restore(conn, me, self.most())?;
        let last = listed.last().map(|(_, found)| found.since);
        if let Some(last) = last {
            let last = self.in_working_days(last, REVIEW_DAYS);
            self.read_until(listed.len(), last);
        }
        for (of, found) in listed {
            let record = match of {
                SubjectKind::StartupProfile => RecordKind::StartupProfile,
                SubjectKind::InvestorProfile => RecordKind::InvestorProfile,
                SubjectKind::Mandate => RecordKind::Mandate,
                _ => continue,
            };
            let due = self.in_working_days(found.since, REVIEW_DAYS);
            self.push(kind, record, &found, Some(due));
        }
        Ok(())
    }

    /// Licences that end soon.
    pub(super) fn licences(
        &mut self,
        conn: &mut Conn,
        owners: &[OrganizationId],
    ) -> Result<(), Error> {
        let now = self.context.now();
        let days = (now.date_naive(), days_ahead(now, RENEW_DAYS));
        self.until(
            conn,
            (WorkKind::RenewLicence, RecordKind::Licence),
            |conn, most| seconds::licences_to_renew(conn, Some(owners), days, most),
        )
    }

    /// Firms that may be the same.
    pub(super) fn duplicates(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let open = Filter {
            state: Some(DuplicateState::Open),
            ..Filter::default()
        };
        let work = (
            WorkKind::DecideDuplicate,
            RecordKind::Duplicate,
            REVIEW_DAYS,
        );
        self.within(conn, work, |conn, most| {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let found = duplicates::list(conn, &open, None, most)?.into_iter();
            let waiting = found.map(|found| Waiting {
                id: found.id.uuid(),
                programme: None,
                since: found.created_at,
                by: None,
            });
            Ok::<_, Error>(waiting.collect())
        })
    }

    /// Firms that go on as before and have given no consent yet, by their days:
    /// somebody is to ask them.
    pub(super) fn consents_to_ask_for(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let (kind, record) = (WorkKind::ChaseConsent, RecordKind::Organization);
        if !self.wants(kind, record) {
            return Ok(());
        }
        let now = self.context.now();
        let found = consents_before::list(conn, now, self.most())?;
        if let Some(last) = found.last() {
            self.read_until(found.len(), last.until);
        }
        let firms: Vec<OrganizationId> = found.iter().map(|one| one.firm).collect();
        let (mut standings, mut shown) = (BTreeMap::new(), BTreeSet::new());
        for some in firms.chunks(FIRMS_AT_ONCE) {
            standings.extend(db::consents::standings(conn, some, now)?);
            shown.extend(db::consents::shown_among(conn, some)?);
        }
        for one in found {
            // A firm that others became one with stands there once.
            let open = standings.get(&one.firm) == Some(&Standing::Before);
            if open && shown.remove(&one.firm) {
                let waiting = Waiting {
                    id: one.firm.uuid(),
                    programme: None,
                    since: now,
                    by: None,
                };
                self.push(kind, record, &waiting, Some(one.until));
            }
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
        let (kind, record) = (WorkKind::GiveConsent, RecordKind::Organization);
        if !self.wants(kind, record) {
            return Ok(());
        }
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
            self.push(kind, record, &one, Some(due));
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
