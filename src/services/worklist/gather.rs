//! Which records wait for whom, by the parts that somebody plays.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::worklist::{self as waiting, Waiting};
use crate::db::{self, Conn, referrals};
use crate::domain::account::Role;
use crate::domain::country::Country;
use crate::domain::ids::OrganizationId;
use crate::domain::introduction::IntroductionStatus;
use crate::domain::mandate::MandateStatus;
use crate::domain::practice::PracticeStatus;
use crate::domain::profile::{ControlAnswers, ProfileStatus};
use crate::domain::referral::ReferralState;
use crate::domain::review::{MatchStatus, UNANSWERED_DAYS};
use crate::domain::search::Order;
use crate::domain::tag::Sensitivity;
use crate::domain::terms;
use crate::domain::values::{OrganizationKind, Side};
use crate::domain::worklist::{
    BOUNCED_DAYS, CONFIRM_DAYS, DECLINED_DAYS, REFUSED_DAYS, RENEW_DAYS, RecordKind,
    UNSERVED_MINUTES, WorkItem, WorkKind, days_ahead, end_of,
};
use crate::services::{Caller, Context, Error, walls};

use super::MOST_OF_A_KIND as MOST;

/// Working days in which what waits for a decision gets one.
pub(super) const REVIEW_DAYS: u32 = 5;
/// Working days in which two who want to meet should be introduced.
const INTRODUCE_DAYS: u32 = 3;
/// Working days in which something that went wrong is looked at.
const TROUBLE_DAYS: u32 = 1;
/// Working days in which a side should say what it is asked.
pub(super) const SIDE_DAYS: u32 = 10;

/// Everything that waits for the caller, in no order.
pub(super) fn all(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
) -> Result<Vec<WorkItem>, Error> {
    let mut pile = Pile {
        context,
        caller,
        country: None,
        items: Vec::new(),
    };
    if caller.is(Role::Curator) {
        pile.country = home(
            conn,
            caller.organizations(OrganizationKind::Operator).next(),
        )?;
        pile.curator(conn)?;
    }
    if caller.is(Role::Compliance) {
        pile.country = home(
            conn,
            caller.organizations(OrganizationKind::Operator).next(),
        )?;
        pile.compliance(conn)?;
    }
    if caller.is(Role::Admin) {
        pile.mail(conn)?;
    }
    for (kind, side) in [
        (OrganizationKind::Startup, Side::Startup),
        (OrganizationKind::Investor, Side::Investor),
    ] {
        let own = written_by(caller, kind);
        if !own.is_empty() {
            pile.country = home(conn, own.first().copied())?;
            pile.side(conn, side, &own)?;
        }
    }
    for partner in written_by(caller, OrganizationKind::Partner) {
        pile.country = home(conn, Some(partner))?;
        pile.partner(conn, partner)?;
    }
    let kinds = OrganizationKind::ALL.iter();
    let own: Vec<_> = kinds.flat_map(|kind| written_by(caller, *kind)).collect();
    if !own.is_empty() {
        pile.promises(conn, Some(&own))?;
        pile.practices(conn, Some(&own))?;
    }
    Ok(pile.items)
}

/// Where a firm works.
fn home(conn: &mut Conn, firm: Option<OrganizationId>) -> Result<Option<Country>, Error> {
    let Some(firm) = firm else { return Ok(None) };
    Ok(db::organizations::find(conn, firm)?.and_then(|firm| firm.details.country))
}

/// The firms of that kind whose records the caller writes; nothing waits for
/// somebody who only reads.
fn written_by(caller: &Caller, kind: OrganizationKind) -> Vec<OrganizationId> {
    let parts = caller.memberships.iter();
    parts
        .filter(|part| part.kind == kind && matches!(part.role, Role::Owner | Role::Editor))
        .map(|part| part.organization)
        .collect()
}

/// What was found so far, and by whose calendar days are counted.
pub(super) struct Pile<'a> {
    pub(super) context: &'a Context,
    pub(super) caller: &'a Caller,
    country: Option<Country>,
    items: Vec<WorkItem>,
}

impl Pile<'_> {
    pub(super) fn in_working_days(&self, from: DateTime<Utc>, days: u32) -> DateTime<Utc> {
        let zone = self.caller.user.zone;
        self.context
            .calendars
            .deadline(self.country, zone, from, days)
    }

    pub(super) fn push(
        &mut self,
        kind: WorkKind,
        record: RecordKind,
        found: &Waiting,
        due: Option<DateTime<Utc>>,
    ) {
        self.items.push(WorkItem {
            kind,
            record,
            record_id: found.id,
            programme: found.programme,
            since: found.since,
            due,
        });
    }

    /// Records that are to be dealt with some working days after they came.
    pub(super) fn within(
        &mut self,
        kind: WorkKind,
        record: RecordKind,
        found: &[Waiting],
        days: u32,
    ) {
        for one in found {
            let due = self.in_working_days(one.since, days);
            self.push(kind, record, one, Some(due));
        }
    }

    /// Records that say themselves until when; those that don't come last.
    pub(super) fn until(&mut self, kind: WorkKind, record: RecordKind, found: &[Waiting]) {
        for one in found {
            self.push(kind, record, one, one.by.map(end_of));
        }
    }

    fn curator(&mut self, conn: &mut Conn) -> Result<(), Error> {
        use RecordKind as S;
        use WorkKind as K;
        let reviewed = [ProfileStatus::Submitted, ProfileStatus::InReview];
        let found = waiting::profiles(conn, &reviewed, None, MOST)?;
        let days = self.context.settings.review_working_days;
        self.within(K::ReviewProfile, S::StartupProfile, &found, days);
        let found = db::investor_profiles::waiting(conn, &reviewed, None, MOST)?;
        self.within(K::ReviewProfile, S::InvestorProfile, &found, days);
        let found = waiting::matches(conn, MatchStatus::Candidate, MOST)?;
        self.within(K::ReleaseMatch, S::Match, &found, REVIEW_DAYS);
        let found = waiting::matches(conn, MatchStatus::Mutual, MOST)?;
        self.within(K::IntroduceMatch, S::Match, &found, INTRODUCE_DAYS);
        let found = waiting::introductions(conn, IntroductionStatus::DeliveryProblem, MOST)?;
        self.within(K::ResolveDelivery, S::Introduction, &found, TROUBLE_DAYS);
        let found = waiting::messages_given_up(conn, MOST)?;
        self.within(K::RetryMessage, S::Message, &found, TROUBLE_DAYS);
        self.mail(conn)?;
        let since = self.context.now() - TimeDelta::days(BOUNCED_DAYS);
        let found = db::bounces::to_look_into(conn, since, MOST)?;
        self.within(K::CorrectAddress, S::Message, &found, TROUBLE_DAYS);
        self.until(
            K::SignProgramme,
            S::Programme,
            &waiting::programmes_to_sign(conn, MOST)?,
        );
        let found = waiting::programmes_to_renew(conn, MOST)?;
        self.until(K::RenewProgramme, S::Programme, &found);
        let since = self.context.now() - TimeDelta::days(DECLINED_DAYS);
        let found = waiting::programmes_declined(conn, since, MOST)?;
        self.within(K::ResumeTalks, S::Programme, &found, SIDE_DAYS);
        self.promises(conn, None)?;
        self.practices(conn, None)?;
        self.deals_of_curator(conn)
    }

    /// Mail that no server takes, or that comes back for what is held against
    /// us: one thing to do, whatever waits for it.
    fn mail(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let now = self.context.now();
        let before = now - TimeDelta::minutes(UNSERVED_MINUTES);
        let found = match db::outbox::longest_unserved(conn, before)? {
            None => db::bounces::refused_by_several(conn, now - TimeDelta::days(REFUSED_DAYS))?,
            waiting => waiting,
        };
        if let Some((id, since)) = found {
            let found = Waiting {
                id: id.uuid(),
                programme: None,
                since,
                by: None,
            };
            let due = since + TimeDelta::minutes(UNSERVED_MINUTES);
            self.push(WorkKind::MendMail, RecordKind::Message, &found, Some(due));
        }
        Ok(())
    }

    /// What curators should offer, and what firms are asked.
    fn practices(&mut self, conn: &mut Conn, own: Option<&[OrganizationId]>) -> Result<(), Error> {
        let (kind, status, days) = match own {
            None => (
                WorkKind::OfferPractice,
                PracticeStatus::Proposed,
                REVIEW_DAYS,
            ),
            Some(_) => (WorkKind::AnswerPractice, PracticeStatus::Offered, SIDE_DAYS),
        };
        let filter = db::practices::Filter {
            status: Some(status),
            known_to: own.map(<[_]>::to_vec),
            ..Default::default()
        };
        let limit = usize::try_from(MOST).unwrap_or(usize::MAX);
        for practice in db::practices::list(conn, &filter, None, limit)? {
            let waits = |firm, agreed: bool| !agreed && own.is_some_and(|own| own.contains(&firm));
            let asked = waits(practice.giver, practice.giver_agreed)
                || waits(practice.taker, practice.taker_agreed);
            if own.is_none() || asked {
                let found = Waiting {
                    id: practice.id.uuid(),
                    programme: Some(practice.programme),
                    since: practice.updated_at,
                    by: None,
                };
                let due = self.in_working_days(found.since, days);
                self.push(kind, RecordKind::Practice, &found, Some(due));
            }
        }
        Ok(())
    }

    /// What was promised and is due soon, or behind.
    fn promises(&mut self, conn: &mut Conn, own: Option<&[OrganizationId]>) -> Result<(), Error> {
        let soon = days_ahead(self.context.now(), RENEW_DAYS);
        for promise in db::commitments::due(conn, soon, own, MOST)? {
            let found = Waiting {
                id: promise.id.uuid(),
                programme: Some(promise.programme),
                since: promise.created_at,
                by: Some(promise.details.due),
            };
            self.until(WorkKind::MeetCommitment, RecordKind::Commitment, &[found]);
        }
        for (promise, since) in db::commitment_watch::behind(conn, own, MOST)? {
            // What a party is told of deals and their money comes late.
            let told = own.is_none() || !promise.details.measure.is_of_deals();
            let programme = db::programmes::find(conn, promise.programme)?;
            let runs = programme.is_some_and(|it| !it.status.is_over());
            if promise.details.due <= soon || !told || !runs {
                continue;
            }
            let found = Waiting {
                id: promise.id.uuid(),
                programme: Some(promise.programme),
                since,
                by: Some(promise.details.due),
            };
            self.until(WorkKind::MeetCommitment, RecordKind::Commitment, &[found]);
        }
        Ok(())
    }

    fn compliance(&mut self, conn: &mut Conn) -> Result<(), Error> {
        use RecordKind as S;
        use WorkKind as K;
        self.profiles_to_agree(conn)?;
        let found = waiting::matches(conn, MatchStatus::UnderReview, MOST)?;
        self.within(K::DecideMatch, S::Match, &found, REVIEW_DAYS);
        let found = waiting::introductions(conn, IntroductionStatus::Held, MOST)?;
        self.within(K::DecideIntroduction, S::Introduction, &found, REVIEW_DAYS);
        let found = waiting::firms_to_screen(conn, MOST)?;
        self.within(K::ScreenFirm, S::Organization, &found, REVIEW_DAYS);
        let soon = days_ahead(self.context.now(), RENEW_DAYS);
        let found = waiting::clearances_to_renew(conn, soon, MOST)?;
        self.until(K::RenewClearance, S::Organization, &found);
        let found = waiting::freezes_to_lift(conn, self.caller.id(), MOST)?;
        self.within(K::LiftFreeze, S::Freeze, &found, REVIEW_DAYS);
        let found = walls::waiting(conn, usize::try_from(MOST).unwrap_or_default())?;
        self.within(K::DecideWall, S::Wall, &found, REVIEW_DAYS);
        let found = db::documents::waiting(conn, self.caller.id(), MOST)?;
        self.within(K::DecideDocument, S::Document, &found, REVIEW_DAYS);
        self.second_of_compliance(conn)
    }

    /// Profiles under review that a curator can't approve without compliance.
    fn profiles_to_agree(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let found = waiting::profiles(conn, &[ProfileStatus::InReview], None, MOST)?;
        let ids: Vec<_> = found.iter().map(|one| one.id.into()).collect();
        let records = db::startup_profiles::find_many(conn, &ids)?;
        let records: BTreeMap<_, _> = records
            .into_iter()
            .map(|profile| (profile.id.uuid(), profile))
            .collect();
        for one in &found {
            let Some(profile) = records.get(&one.id) else {
                continue;
            };
            let controls = profile.content.controls.as_ref();
            let sensitive = profile.content.sensitivity(&self.context.taxonomy())
                >= Sensitivity::Review
                || controls.is_some_and(ControlAnswers::needs_review)
                || !terms::in_content(&profile.content, &self.context.taxonomy()).is_empty();
            let agreed = db::startup_profiles::compliance_agreed_revision(conn, profile.id)?;
            if sensitive && agreed != Some(profile.revision) {
                let due = self.in_working_days(one.since, REVIEW_DAYS);
                let kind = WorkKind::AgreeToProfile;
                self.push(kind, RecordKind::StartupProfile, one, Some(due));
            }
        }
        self.investors_to_agree(conn)
    }

    /// The same of investors' profiles.
    fn investors_to_agree(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let filter = db::investor_profiles::Filter {
            statuses: vec![ProfileStatus::InReview],
            ..db::investor_profiles::Filter::default()
        };
        let most = usize::try_from(MOST).unwrap_or_default();
        let found = db::investor_profiles::list(conn, &filter, Order::Updated, None, most)?;
        let taxonomy = self.context.taxonomy();
        for profile in found.iter().filter(|it| it.content.is_sensitive(&taxonomy)) {
            let agreed = db::investor_profiles::compliance_agreed_revision(conn, profile.id)?;
            if agreed == Some(profile.revision) {
                continue;
            }
            let one = Waiting {
                id: profile.id.uuid(),
                programme: None,
                since: profile.updated_at,
                by: None,
            };
            let due = self.in_working_days(one.since, REVIEW_DAYS);
            let kind = WorkKind::AgreeToProfile;
            self.push(kind, RecordKind::InvestorProfile, &one, Some(due));
        }
        Ok(())
    }

    fn side(&mut self, conn: &mut Conn, side: Side, own: &[OrganizationId]) -> Result<(), Error> {
        match side {
            Side::Startup => self.profiles(conn, own)?,
            Side::Investor => {
                self.investor_profiles(conn, own)?;
                self.mandates(conn, own)?;
            }
        }
        let since = self.context.now() - TimeDelta::days(UNANSWERED_DAYS);
        for found in waiting::matches_to_answer(conn, side, own, since, MOST)? {
            let due = found.since + TimeDelta::days(UNANSWERED_DAYS);
            self.push(WorkKind::AnswerMatch, RecordKind::Match, &found, Some(due));
        }
        for (found, until) in waiting::introductions_to_answer(conn, side, own, MOST)? {
            let kind = WorkKind::AnswerIntroduction;
            self.push(kind, RecordKind::Introduction, &found, Some(until));
        }
        let found = waiting::conversions_to_confirm(conn, side, own, MOST)?;
        self.within(
            WorkKind::ConfirmConversion,
            RecordKind::Introduction,
            &found,
            SIDE_DAYS,
        );
        self.deals_of_side(conn, side, own)?;
        self.payments_of_side(conn, side, own)?;
        if side == Side::Startup {
            self.closings(conn, Some(own))?;
            self.licences(conn, own)?;
        }
        self.consents(conn, own)?;
        self.tasks(conn, Some(own))
    }

    fn profiles(&mut self, conn: &mut Conn, own: &[OrganizationId]) -> Result<(), Error> {
        for (status, kind) in [
            (ProfileStatus::Draft, WorkKind::SubmitProfile),
            (ProfileStatus::ChangesRequested, WorkKind::ChangeProfile),
            (ProfileStatus::Approved, WorkKind::PublishProfile),
        ] {
            for found in waiting::profiles(conn, &[status], Some(own), MOST)? {
                // Only what a reviewer asked for presses.
                let asked = status == ProfileStatus::ChangesRequested;
                let due = asked.then(|| self.in_working_days(found.since, SIDE_DAYS));
                self.push(kind, RecordKind::StartupProfile, &found, due);
            }
        }
        let soon = days_ahead(self.context.now(), CONFIRM_DAYS);
        let found = waiting::profiles_to_confirm(conn, own, soon, MOST)?;
        self.until(WorkKind::ConfirmProfile, RecordKind::StartupProfile, &found);
        Ok(())
    }

    fn investor_profiles(&mut self, conn: &mut Conn, own: &[OrganizationId]) -> Result<(), Error> {
        for (status, kind) in [
            (ProfileStatus::Draft, WorkKind::SubmitProfile),
            (ProfileStatus::ChangesRequested, WorkKind::ChangeProfile),
            (ProfileStatus::Approved, WorkKind::PublishProfile),
        ] {
            for found in db::investor_profiles::waiting(conn, &[status], Some(own), MOST)? {
                // Only what a reviewer asked for presses.
                let asked = status == ProfileStatus::ChangesRequested;
                let due = asked.then(|| self.in_working_days(found.since, SIDE_DAYS));
                self.push(kind, RecordKind::InvestorProfile, &found, due);
            }
        }
        let soon = days_ahead(self.context.now(), CONFIRM_DAYS);
        let found = db::investor_profiles::to_confirm(conn, own, soon, MOST)?;
        self.until(
            WorkKind::ConfirmProfile,
            RecordKind::InvestorProfile,
            &found,
        );
        Ok(())
    }

    fn mandates(&mut self, conn: &mut Conn, own: &[OrganizationId]) -> Result<(), Error> {
        for found in waiting::mandates(conn, MandateStatus::Draft, own, MOST)? {
            self.push(WorkKind::PublishMandate, RecordKind::Mandate, &found, None);
        }
        let soon = days_ahead(self.context.now(), CONFIRM_DAYS);
        let found = waiting::mandates_to_confirm(conn, own, soon, MOST)?;
        self.until(WorkKind::ConfirmMandate, RecordKind::Mandate, &found);
        Ok(())
    }

    fn partner(&mut self, conn: &mut Conn, partner: OrganizationId) -> Result<(), Error> {
        for state in [ReferralState::Draft, ReferralState::ChangesRequested] {
            let filter = referrals::Filter {
                partner: Some(partner),
                external_id: None,
                state: Some(state),
            };
            let limit = usize::try_from(MOST).unwrap_or(usize::MAX);
            for referral in referrals::list(conn, &filter, None, limit)? {
                let found = Waiting {
                    id: referral.id.uuid(),
                    programme: None,
                    since: referral.updated_at,
                    by: None,
                };
                let due = self.in_working_days(found.since, SIDE_DAYS);
                let kind = WorkKind::CompleteReferral;
                self.push(kind, RecordKind::Referral, &found, Some(due));
            }
        }
        Ok(())
    }
}
