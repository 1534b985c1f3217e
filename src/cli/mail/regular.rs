//! Facts for the mails that come regularly, and for what happens to records.

use chrono::{Days, NaiveDate};

use super::examples::{Example, INVESTOR, SITE, STARTUP, Told};
use crate::domain::message::RecordNews;
use crate::domain::values::{PassReason, Side};
use crate::domain::worklist::WorkKind;
use crate::mail::notice::{Notice, pass_reason};
use crate::mail::regular::{
    DigestMail, DigestPart, ImprovePart, MandateMail, ProfileMail, ProgrammePart, StatusMail,
    WorkMail,
};

impl Told<'_> {
    pub(super) fn regular(&self) -> Vec<Example> {
        let mut all = vec![
            self.example("digest", Notice::Digest(self.digest())),
            self.example("status", Notice::Status(self.status())),
            self.example("work", Notice::Work(self.work())),
        ];
        all.extend(self.records());
        all
    }

    /// Why somebody might have said no, in words.
    fn pass_reason(&self) -> String {
        pass_reason(PassReason::StageTooEarly, self.language).to_owned()
    }

    fn day(&self, days: u64) -> Option<NaiveDate> {
        let today = self.days(0).at.date_naive();
        today.checked_add_days(Days::new(days))
    }

    fn digest(&self) -> DigestMail {
        let part = DigestPart {
            band: self.facts.band.to_owned(),
            facts: vec![self.facts.country.into(), self.facts.teaser.into()],
            reasons: self.reasons(),
            risk: self.facts.reasons.last().map(|it| (*it).to_owned()),
            missing: vec![],
            link: format!("{SITE}/digest/preview"),
            brief: format!("{SITE}/brief/preview"),
        };
        DigestMail {
            reader: Some(self.reader()),
            mandate: self.facts.mandate.to_owned(),
            entries: vec![part.clone(), part],
            more: 3,
        }
    }

    fn status(&self) -> StatusMail {
        StatusMail {
            reader: Some(self.reader()),
            firm: STARTUP.to_owned(),
            month: self.day(0).unwrap_or_default(),
            least: 3,
            programmes: vec![ProgrammePart {
                programme: self.programme(),
                shown: Some(12),
                new: Some(4),
                waiting: None,
                own: 1,
            }],
            passes: vec![(self.pass_reason(), 3)],
            improve: vec![
                ImprovePart::Fields(vec!["/traction/revenue_12m"]),
                ImprovePart::DealIntent(self.facts.mandate.to_owned(), 5),
                ImprovePart::NoLeastCheque(2),
            ],
        }
    }

    fn work(&self) -> WorkMail {
        let since = self.day(0).unwrap_or_default();
        WorkMail {
            reader: Some(self.reader()),
            lines: WorkKind::ALL.iter().map(|kind| (*kind, 2, since)).collect(),
            overdue: 1,
            list: self.destinations.worklist.clone(),
        }
    }

    /// Whatever can happen to a record.
    fn records(&self) -> Vec<Example> {
        use RecordNews as N;
        let profile = |news| ProfileMail {
            side: Side::Startup,
            reader: Some(self.reader()),
            firm: STARTUP.to_owned(),
            news,
            by: self.day(14),
            reason: self.pass_reason(),
            comments: vec![("/summary".to_owned(), "Say who pays for it.".to_owned())],
            record: self.way("startup-profiles"),
        };
        let investor = |news| ProfileMail {
            side: Side::Investor,
            firm: INVESTOR.to_owned(),
            comments: vec![("/about".to_owned(), "Say what you look for.".to_owned())],
            record: self.way("investor-profiles"),
            ..profile(news)
        };
        let mandate = |news| MandateMail {
            reader: Some(self.reader()),
            mandate: self.facts.mandate.to_owned(),
            news,
            by: self.day(14),
            per_week: 5,
            record: self.way("mandates"),
        };
        let mut all: Vec<_> = [
            ("profile_received", N::Received),
            ("profile_changes_requested", N::ChangesRequested),
            ("profile_rejected", N::Rejected),
            ("profile_published", N::Published),
            ("profile_confirm_soon", N::ConfirmSoon),
            ("profile_stale", N::Stale),
        ]
        .map(|(event, news)| self.example(event, Notice::Profile(profile(news))))
        .into();
        let investors = [
            ("investor_received", N::Received),
            ("investor_changes_requested", N::ChangesRequested),
            ("investor_rejected", N::Rejected),
            ("investor_published", N::Published),
            ("investor_confirm_soon", N::ConfirmSoon),
            ("investor_stale", N::Stale),
        ];
        all.extend(
            investors.map(|(event, news)| self.example(event, Notice::Profile(investor(news)))),
        );
        let mandates = [
            ("mandate_published", N::Published),
            ("mandate_confirm_soon", N::ConfirmSoon),
            ("mandate_stale", N::Stale),
        ];
        all.extend(
            mandates.map(|(event, news)| self.example(event, Notice::Mandate(mandate(news)))),
        );
        all
    }
}
