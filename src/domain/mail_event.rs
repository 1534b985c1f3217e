//! The single things that people are mailed of, as far as they can do without
//! them. Each belongs to a topic; a topic with one thing in it has no name for
//! that of its own. What an account needs, and what both sides of an
//! introduction agreed to, is none of them: it is always sent.

use std::collections::BTreeSet;

use super::message::{Matter, News, Notice, RecordNews, Topic};
use super::values::codes;

codes! {
    /// One of several things of a topic.
    MailEvent {
        /// Whether they want to be introduced.
        IntroductionAsk = "introduction_ask",
        /// That such a question waits for their answer.
        IntroductionReminder = "introduction_reminder",
        /// A request for an introduction came to nothing.
        IntroductionClosed = "introduction_closed",
        /// An introduction that was made is closed.
        IntroductionOver = "introduction_over",
        /// Abuse was reported.
        AbuseReported = "abuse_reported",
        /// A mail that connects didn't arrive.
        DeliveryProblem = "delivery_problem",
        /// A question isn't mailed.
        QuestionUndelivered = "question_undelivered",
        /// A profile was received for review.
        ProfileReceived = "profile_received",
        /// Its reviewer asks for changes.
        ProfileChangesRequested = "profile_changes_requested",
        /// It was not accepted.
        ProfileRejected = "profile_rejected",
        /// It is published.
        ProfilePublished = "profile_published",
        /// It has to be confirmed soon.
        ProfileConfirmSoon = "profile_confirm_soon",
        /// It was not confirmed in time.
        ProfileStale = "profile_stale",
        /// A mandate is published.
        MandatePublished = "mandate_published",
        /// It has to be confirmed soon.
        MandateConfirmSoon = "mandate_confirm_soon",
        /// It was not confirmed in time.
        MandateStale = "mandate_stale",
        /// Somebody joined their firm.
        MemberJoined = "member_joined",
        /// A document of it was let through.
        DocumentCleared = "document_cleared",
        /// A document of it was refused.
        DocumentRefused = "document_refused",
        /// Nobody of it has agreed yet that it is shown.
        ConsentNeeded = "consent_needed",
        /// A record of it takes part in a programme no more.
        AdmissionWithdrawn = "admission_withdrawn",
        /// A party declined to sign a programme.
        ProgrammeDeclined = "programme_declined",
        /// The notice of a programme has begun.
        ProgrammeExpiring = "programme_expiring",
        /// A programme is over.
        ProgrammeOver = "programme_over",
        /// What their firm promised is behind.
        PromiseAtRisk = "promise_at_risk",
        /// A deal of theirs was opened by hand.
        DealOpened = "deal_opened",
    }
}

impl MailEvent {
    /// What it is about.
    pub const fn topic(self) -> Topic {
        match self {
            Self::IntroductionAsk | Self::IntroductionReminder => Topic::Questions,
            Self::IntroductionClosed | Self::IntroductionOver => Topic::Progress,
            Self::AbuseReported | Self::DeliveryProblem | Self::QuestionUndelivered => {
                Topic::Alerts
            }
            Self::ProfileReceived
            | Self::ProfileChangesRequested
            | Self::ProfileRejected
            | Self::ProfilePublished
            | Self::ProfileConfirmSoon
            | Self::ProfileStale => Topic::Profile,
            Self::MandatePublished | Self::MandateConfirmSoon | Self::MandateStale => {
                Topic::Mandates
            }
            Self::MemberJoined
            | Self::DocumentCleared
            | Self::DocumentRefused
            | Self::ConsentNeeded
            | Self::AdmissionWithdrawn
            | Self::ProgrammeDeclined
            | Self::ProgrammeExpiring
            | Self::ProgrammeOver
            | Self::PromiseAtRisk
            | Self::DealOpened => Topic::Firm,
        }
    }

    /// Those of a topic; none where the topic is one thing.
    pub fn of(topic: Topic) -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(move |event| event.topic() == topic)
    }

    const fn of_profile(news: RecordNews) -> Self {
        match news {
            RecordNews::Received => Self::ProfileReceived,
            RecordNews::ChangesRequested => Self::ProfileChangesRequested,
            RecordNews::Rejected => Self::ProfileRejected,
            RecordNews::Published => Self::ProfilePublished,
            RecordNews::ConfirmSoon => Self::ProfileConfirmSoon,
            RecordNews::Stale => Self::ProfileStale,
        }
    }

    const fn of_mandate(news: RecordNews) -> Self {
        match news {
            RecordNews::ConfirmSoon => Self::MandateConfirmSoon,
            RecordNews::Stale => Self::MandateStale,
            // A mandate has no review.
            RecordNews::Published
            | RecordNews::Received
            | RecordNews::ChangesRequested
            | RecordNews::Rejected => Self::MandatePublished,
        }
    }
}

impl News {
    /// Which of several things it is, where its reader can do without it: what
    /// happens to their firm, unlike what happens to the account itself.
    pub const fn event(self) -> Option<MailEvent> {
        Some(match self {
            Self::MemberJoined => MailEvent::MemberJoined,
            Self::DocumentCleared => MailEvent::DocumentCleared,
            Self::DocumentRefused => MailEvent::DocumentRefused,
            Self::ConsentNeeded => MailEvent::ConsentNeeded,
            Self::AdmissionWithdrawn => MailEvent::AdmissionWithdrawn,
            Self::ProgrammeDeclined => MailEvent::ProgrammeDeclined,
            Self::ProgrammeExpiring => MailEvent::ProgrammeExpiring,
            Self::ProgrammeOver => MailEvent::ProgrammeOver,
            Self::PromiseAtRisk | Self::PromiseMissed => MailEvent::PromiseAtRisk,
            Self::DealOpened => MailEvent::DealOpened,
            Self::PasswordChanged
            | Self::SessionCopied
            | Self::SecondFactorSet
            | Self::SecondFactorRemoved
            | Self::RecoveryCodeUsed
            | Self::RecoveryCodesRenewed
            | Self::KeyMade
            | Self::RolesChanged
            | Self::AccountClosed
            | Self::AccountReopened => return None,
        })
    }
}

impl Notice {
    /// Which of several things of its topic it is, where its reader can do
    /// without it.
    pub const fn event(&self) -> Option<MailEvent> {
        Some(match self {
            Self::IntroductionAsk { .. } => MailEvent::IntroductionAsk,
            Self::IntroductionReminder { .. } => MailEvent::IntroductionReminder,
            Self::IntroductionClosed { .. } => MailEvent::IntroductionClosed,
            Self::IntroductionOver { .. } => MailEvent::IntroductionOver,
            Self::Alert { matter, .. } => match matter {
                Matter::AbuseReported => MailEvent::AbuseReported,
                Matter::DeliveryProblem => MailEvent::DeliveryProblem,
                Matter::QuestionUndelivered => MailEvent::QuestionUndelivered,
            },
            Self::ProfileNews { news, .. } | Self::InvestorNews { news, .. } => {
                MailEvent::of_profile(*news)
            }
            Self::MandateNews { news, .. } => MailEvent::of_mandate(*news),
            Self::News { news, .. } => return news.event(),
            // One thing, which is the whole topic.
            Self::Pulse { .. }
            | Self::DealStale { .. }
            | Self::Work { .. }
            | Self::Status { .. }
            | Self::Digest { .. }
            // What both agreed to, and what an account needs.
            | Self::Introduction { .. }
            | Self::IntroductionCopy { .. }
            | Self::Meeting { .. }
            | Self::RegistrationExists { .. }
            | Self::MyConsents { .. }
            | Self::Ticket { .. } => return None,
        })
    }
}

/// What somebody is mailed of, as far as they can do without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The topics that they want.
    pub topics: BTreeSet<Topic>,
    /// The single things that they don't keep out of their topics.
    pub events: BTreeSet<MailEvent>,
}

impl Wanted {
    /// All but these.
    pub fn all_but(topics: &[Topic], events: &[MailEvent]) -> Self {
        let wanted = Topic::ALL.iter().copied();
        let told = MailEvent::ALL.iter().copied();
        Self {
            topics: wanted.filter(|topic| !topics.contains(topic)).collect(),
            events: told.filter(|event| !events.contains(event)).collect(),
        }
    }

    /// Whether something of a topic is sent.
    pub fn holds(&self, topic: Topic, event: Option<MailEvent>) -> bool {
        self.topics.contains(&topic) && event.is_none_or(|event| self.events.contains(&event))
    }

    /// The same number for the same wishes, and another for others.
    pub fn number(&self) -> i64 {
        let topics = Topic::ALL.iter().map(|it| self.topics.contains(it));
        let events = MailEvent::ALL.iter().map(|it| self.events.contains(it));
        let bits = topics.chain(events).enumerate();
        1 + bits.map(|(place, is)| i64::from(is) << place).sum::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_one_of_several_is_of_the_topic_of_its_notice() {
        for news in News::ALL.iter().copied() {
            let topic = news.event().map(MailEvent::topic);
            assert_eq!(topic, news.topic(), "{news}");
        }
        for topic in Topic::ALL.iter().copied() {
            let own = MailEvent::of(topic).count();
            assert_ne!(own, 1, "{topic}: one thing is the whole topic");
            // Codes of both kinds stand side by side.
            assert!(MailEvent::from_code(topic.code()).is_none(), "{topic}");
        }
        // A number has room for each.
        let places = Topic::ALL.len() + MailEvent::ALL.len();
        let all = Wanted::all_but(&[], &[]);
        assert_eq!(all.number(), 1 << places);
        let (topic, event) = (Topic::Firm, MailEvent::MemberJoined);
        assert!(all.holds(topic, Some(event)) && all.holds(Topic::Pulses, None));
        let fewer = Wanted::all_but(&[], &[event]);
        assert!(!fewer.holds(topic, Some(event)));
        assert!(fewer.holds(topic, Some(MailEvent::DocumentCleared)));
        let without = Wanted::all_but(&[topic], &[]);
        assert!(!without.holds(topic, Some(MailEvent::DocumentCleared)));
        assert_ne!(fewer.number(), without.number());
        let security = [
            News::PasswordChanged,
            News::SessionCopied,
            News::RolesChanged,
        ];
        assert!(security.iter().all(|news| news.event().is_none()));
    }
}
