//! Which records wait for whom, by the parts that somebody plays.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::worklist::{self as waiting, Waiting};
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::country::Country;
use crate::domain::ids::OrganizationId;
use crate::domain::introduction::IntroductionStatus;
use crate::domain::practice::PracticeStatus;
use crate::domain::profile::{ControlAnswers, ProfileStatus};
use crate::domain::review::MatchStatus;
use crate::domain::search::Order;
use crate::domain::tag::Sensitivity;
use crate::domain::terms;
use crate::domain::values::{OrganizationKind, Side};
use crate::domain::worklist::{
    BOUNCED_DAYS, DECLINED_DAYS, REFUSED_DAYS, RENEW_DAYS, RecordKind, THE_TAXONOMY,
    UNSERVED_MINUTES, WorkItem, WorkKind, days_ahead, end_of,
};
use crate::services::{Caller, Context, Error, tags, walls};

use super::Filter;
use super::pile::{Limits, Pile};

/// Working days in which what waits for a decision gets one.
pub(super) const REVIEW_DAYS: u32 = 5;
/// Working days in which two who want to meet should be introduced.
const INTRODUCE_DAYS: u32 = 3;
/// Working days in which something that went wrong is looked at.
const TROUBLE_DAYS: u32 = 1;
/// Working days in which a side should say what it is asked.
pub(super) const SIDE_DAYS: u32 = 10;

/// What waits for somebody, in no order.
pub(super) struct Gathered {
    pub(super) items: Vec<WorkItem>,
    /// What is due earlier is here, all of it; none where everything is.
    pub(super) known_until: Option<DateTime<Utc>>,
    /// How many rows are read next time: more of what was cut.
    pub(super) limits: Limits,
}

/// What waits for the caller and may pass the filter: the first rows of each query,
/// as many as it may read.
pub(super) fn all(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    filter: &Filter,
    limits: Limits,
) -> Result<Gathered, Error> {
    let mut pile = Pile {
        context,
        caller,
        filter,
        limits,
        query: 0,
        asked: 0,
        country: None,
        items: Vec::new(),
        known_until: None,
    };
    let operator = caller.organizations(OrganizationKind::Operator).next();
    if caller.is(Role::Curator) {
        pile.country = home(conn, operator)?;
        pile.curator(conn)?;
    }
    if caller.is(Role::Compliance) {
        pile.country = home(conn, operator)?;
        pile.compliance(conn)?;
    }
    if caller.is(Role::Curator) || caller.is(Role::Compliance) {
        pile.abuse(conn)?;
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
    Ok(Gathered {
        items: pile.items,
        known_until: pile.known_until,
        limits: pile.limits,
    })
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

impl Pile<'_> {
    fn curator(&mut self, conn: &mut Conn) -> Result<(), Error> {
        use RecordKind as S;
        use WorkKind as K;
        let reviewed = [ProfileStatus::Submitted, ProfileStatus::InReview];
        let (under, now) = (self.under(), self.context.now());
        let days = self.context.settings.review_working_days;
        self.within(
            conn,
            (K::ReviewProfile, S::StartupProfile, days),
            |conn, most| waiting::profiles(conn, &reviewed, None, most),
        )?;
        self.within(
            conn,
            (K::ReviewProfile, S::InvestorProfile, days),
            |conn, most| db::investor_profiles::waiting(conn, &reviewed, None, most),
        )?;
        self.within(
            conn,
            (K::ReleaseMatch, S::Match, REVIEW_DAYS),
            |conn, most| waiting::matches(conn, MatchStatus::Candidate, under, most),
        )?;
        self.within(
            conn,
            (K::IntroduceMatch, S::Match, INTRODUCE_DAYS),
            |conn, most| waiting::matches(conn, MatchStatus::Mutual, under, most),
        )?;
        let trouble = (K::ResolveDelivery, S::Introduction, TROUBLE_DAYS);
        self.within(conn, trouble, |conn, most| {
            waiting::introductions(conn, IntroductionStatus::DeliveryProblem, under, most)
        })?;
        self.in_any_order(
            conn,
            (K::RetryMessage, S::Message, TROUBLE_DAYS),
            waiting::messages_given_up,
        )?;
        self.mail(conn)?;
        self.labels();
        self.within(
            conn,
            (K::CorrectAddress, S::Message, TROUBLE_DAYS),
            |conn, most| {
                let since = now - TimeDelta::days(BOUNCED_DAYS);
                db::bounces::to_look_into(conn, since, most)
            },
        )?;
        self.until(conn, (K::SignProgramme, S::Programme), |conn, most| {
            waiting::programmes_to_sign(conn, under, most)
        })?;
        self.until(conn, (K::RenewProgramme, S::Programme), |conn, most| {
            waiting::programmes_to_renew(conn, under, most)
        })?;
        self.within(
            conn,
            (K::ResumeTalks, S::Programme, SIDE_DAYS),
            |conn, most| {
                let since = now - TimeDelta::days(DECLINED_DAYS);
                waiting::programmes_declined(conn, since, under, most)
            },
        )?;
        self.promises(conn, None)?;
        self.practices(conn, None)?;
        self.consents_to_ask_for(conn)?;
        self.deals_of_curator(conn)
    }

    /// Mail that no server takes, or that comes back for what is held against
    /// us: one thing to do, whatever waits for it.
    fn mail(&mut self, conn: &mut Conn) -> Result<(), Error> {
        if !self.wants(WorkKind::MendMail, RecordKind::Message) {
            return Ok(());
        }
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

    /// Reports of abuse about which nobody has decided.
    fn abuse(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let under = self.under();
        let work = (
            WorkKind::DecideAbuse,
            RecordKind::Introduction,
            TROUBLE_DAYS,
        );
        self.within(conn, work, |conn, most| {
            db::abuse_reports::waiting(conn, under, most)
        })
    }

    /// Tags that lack labels: one thing to do, however many they are.
    fn labels(&mut self) {
        if !self.wants(WorkKind::LabelTags, RecordKind::Taxonomy) {
            return;
        }
        if let Some(unlabelled) = tags::unlabelled(self.context) {
            let found = Waiting {
                id: THE_TAXONOMY,
                programme: None,
                since: unlabelled.since,
                by: None,
            };
            self.push(WorkKind::LabelTags, RecordKind::Taxonomy, &found, None);
        }
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
        if !self.wants(kind, RecordKind::Practice) {
            return Ok(());
        }
        let filter = db::practices::Filter {
            programme: self.under(),
            status: Some(status),
            known_to: own.map(<[_]>::to_vec),
            ..Default::default()
        };
        let most = self.most_rows();
        let listed = db::practices::list(conn, &filter, None, most)?;
        self.read(listed.len());
        for practice in listed {
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
        let (kind, record) = (WorkKind::MeetCommitment, RecordKind::Commitment);
        if !self.wants(kind, record) {
            return Ok(());
        }
        let soon = days_ahead(self.context.now(), RENEW_DAYS);
        let under = self.under();
        let listed = db::commitments::due(conn, soon, (own, under), self.most())?;
        let last = listed.last().map(|promise| end_of(promise.details.due));
        self.read_until(listed.len(), last.unwrap_or(DateTime::<Utc>::MIN_UTC));
        for promise in listed {
            let found = Waiting {
                id: promise.id.uuid(),
                programme: Some(promise.programme),
                since: promise.created_at,
                by: Some(promise.details.due),
            };
            self.push(kind, record, &found, Some(end_of(promise.details.due)));
        }
        let listed = db::commitment_watch::behind(conn, (own, under), self.most())?;
        let last = listed
            .last()
            .map(|(promise, _)| end_of(promise.details.due));
        self.read_until(listed.len(), last.unwrap_or(DateTime::<Utc>::MIN_UTC));
        for (promise, since) in listed {
            let programme = db::programmes::find(conn, promise.programme)?;
            let runs = programme.is_some_and(|it| !it.status.is_over());
            if promise.details.due <= soon || !runs {
                continue;
            }
            let found = Waiting {
                id: promise.id.uuid(),
                programme: Some(promise.programme),
                since,
                by: Some(promise.details.due),
            };
            self.push(kind, record, &found, Some(end_of(promise.details.due)));
        }
        Ok(())
    }

    fn compliance(&mut self, conn: &mut Conn) -> Result<(), Error> {
        use RecordKind as S;
        use WorkKind as K;
        let (under, me) = (self.under(), self.caller.id());
        self.profiles_to_agree(conn)?;
        self.within(
            conn,
            (K::DecideMatch, S::Match, REVIEW_DAYS),
            |conn, most| waiting::matches(conn, MatchStatus::UnderReview, under, most),
        )?;
        let held = (K::DecideIntroduction, S::Introduction, REVIEW_DAYS);
        self.within(conn, held, |conn, most| {
            waiting::introductions(conn, IntroductionStatus::Held, under, most)
        })?;
        self.in_any_order(
            conn,
            (K::ScreenFirm, S::Organization, REVIEW_DAYS),
            waiting::firms_to_screen,
        )?;
        let soon = days_ahead(self.context.now(), RENEW_DAYS);
        self.until(conn, (K::RenewClearance, S::Organization), |conn, most| {
            waiting::clearances_to_renew(conn, soon, most)
        })?;
        self.within(
            conn,
            (K::LiftFreeze, S::Freeze, REVIEW_DAYS),
            |conn, most| waiting::freezes_to_lift(conn, me, most),
        )?;
        self.within(conn, (K::DecideWall, S::Wall, REVIEW_DAYS), |conn, most| {
            walls::waiting(conn, usize::try_from(most).unwrap_or(usize::MAX))
        })?;
        self.within(
            conn,
            (K::DecideDocument, S::Document, REVIEW_DAYS),
            |conn, most| db::documents::waiting(conn, me, most),
        )?;
        self.second_of_compliance(conn)
    }

    /// Profiles under review that a curator can't approve without compliance.
    fn profiles_to_agree(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let kind = WorkKind::AgreeToProfile;
        if self.wants(kind, RecordKind::InvestorProfile) {
            self.investors_to_agree(conn)?;
        }
        if !self.wants(kind, RecordKind::StartupProfile) {
            return Ok(());
        }
        let found = waiting::profiles(conn, &[ProfileStatus::InReview], None, self.most())?;
        if let Some(last) = found.last() {
            let last = self.in_working_days(last.since, REVIEW_DAYS);
            self.read_until(found.len(), last);
        }
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
                self.push(kind, RecordKind::StartupProfile, one, Some(due));
            }
        }
        Ok(())
    }

    /// The same of investors' profiles.
    fn investors_to_agree(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let filter = db::investor_profiles::Filter {
            statuses: vec![ProfileStatus::InReview],
            ..db::investor_profiles::Filter::default()
        };
        let most = self.most_rows();
        let found = db::investor_profiles::list(conn, &filter, Order::Updated, None, most)?;
        if let Some(last) = found.last() {
            let last = self.in_working_days(last.updated_at, REVIEW_DAYS);
            self.read_until(found.len(), last);
        }
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
}
