//! What people are told by mail, as an intent: which notice, about what, to
//! whom. The words and addresses are looked up when it is sent, so that a
//! queued notice holds nothing about a person and never shows what was
//! withdrawn meanwhile.

use chrono::NaiveDate;

use super::ids::{
    AskId, DealId, IntroductionId, InvestorProfileId, MandateId, OutboxId, ProgrammeId, PulseId,
    StartupProfileId, TicketId, UserId,
};
use super::text::Slug;
use super::values::{Side, codes};

codes! {
    /// How an introduction ended, as the requester is told.
    Ending {
        /// Not taken up, for reasons that stay private.
        Declined = "declined",
        /// Nobody answered in time.
        Expired = "expired",
        /// Taken back by who asked.
        Withdrawn = "withdrawn",
        /// Could not be made.
        Refused = "refused",
    }
}

codes! {
    /// What happened to an account, or to a firm of its person's, that the
    /// person should hear of, whoever did it.
    News {
        /// The password was changed.
        PasswordChanged = "password_changed",
        /// A used refresh token came again, and the session was ended.
        SessionCopied = "session_copied",
        /// A second factor counts from now on.
        SecondFactorSet = "second_factor_set",
        /// The second factor was taken away.
        SecondFactorRemoved = "second_factor_removed",
        /// A recovery code was used to sign in.
        RecoveryCodeUsed = "recovery_code_used",
        /// The recovery codes were replaced.
        RecoveryCodesRenewed = "recovery_codes_renewed",
        /// A key for scripts was made.
        KeyMade = "key_made",
        /// A part in a firm was given, changed or taken away.
        RolesChanged = "roles_changed",
        /// The account was closed.
        AccountClosed = "account_closed",
        /// The account was opened again.
        AccountReopened = "account_reopened",
        /// Somebody joined a firm that the person keeps.
        MemberJoined = "member_joined",
        /// Compliance let a document of their firm through.
        DocumentCleared = "document_cleared",
        /// Compliance refused a document of their firm.
        DocumentRefused = "document_refused",
        /// Their firm is shown though nobody of it has agreed yet, which ends.
        ConsentNeeded = "consent_needed",
        /// A profile or mandate of their firm takes part in a programme no more.
        AdmissionWithdrawn = "admission_withdrawn",
        /// A party declined to sign a programme that their firm is a party to.
        ProgrammeDeclined = "programme_declined",
        /// The notice of one has begun.
        ProgrammeExpiring = "programme_expiring",
        /// One is over.
        ProgrammeOver = "programme_over",
        /// What their firm promised in a programme is behind.
        PromiseAtRisk = "promise_at_risk",
        /// What their firm promised was due, and is not there.
        PromiseMissed = "promise_missed",
        /// A deal between their firm and another was opened by hand.
        DealOpened = "deal_opened",
    }
}

impl News {
    /// What it is about, where its reader can do without it: what happens to
    /// their firm, unlike what happens to the account itself.
    pub const fn topic(self) -> Option<Topic> {
        match self {
            Self::MemberJoined
            | Self::DocumentCleared
            | Self::DocumentRefused
            | Self::ConsentNeeded
            | Self::AdmissionWithdrawn
            | Self::ProgrammeDeclined
            | Self::ProgrammeExpiring
            | Self::ProgrammeOver
            | Self::PromiseAtRisk
            | Self::PromiseMissed
            | Self::DealOpened => Some(Topic::Firm),
            Self::PasswordChanged
            | Self::SessionCopied
            | Self::SecondFactorSet
            | Self::SecondFactorRemoved
            | Self::RecoveryCodeUsed
            | Self::RecoveryCodesRenewed
            | Self::KeyMade
            | Self::RolesChanged
            | Self::AccountClosed
            | Self::AccountReopened => None,
        }
    }
}

codes! {
    /// What mail is about, as its reader can do without it.
    Topic {
        /// Whether they want to be introduced.
        Questions = "questions",
        /// What became of introductions.
        Progress = "progress",
        /// How introductions that were made go on.
        Pulses = "pulses",
        /// Deals that stand too long.
        Deals = "deals",
        /// What waits for the operator's people, once a day.
        Work = "work",
        /// What the operator's people should look at soon.
        Alerts = "alerts",
        /// What a mandate was shown in a week.
        Digest = "digest",
        /// What happens to a profile of theirs.
        Profile = "profile",
        /// What happens to a mandate of theirs.
        Mandates = "mandates",
        /// How a profile of theirs fares, month by month.
        Status = "status",
        /// What happens to a firm of theirs, and in the programmes that it is in.
        Firm = "firm",
    }
}

codes! {
    /// Why an address gets no mail.
    SuppressionReason {
        /// Its server refused it for good.
        HardBounce = "hard_bounce",
        /// Its reader called our mail spam.
        Complaint = "complaint",
        /// Support was asked to.
        Support = "support",
    }
}

codes! {
    /// What the operator's people should look at.
    Matter {
        /// Somebody asked for an introduction reported abuse.
        AbuseReported = "abuse_reported",
        /// The mail that connects both didn't arrive.
        DeliveryProblem = "delivery_problem",
        /// A question isn't mailed, because its reader gets no such mail.
        QuestionUndelivered = "question_undelivered",
    }
}

codes! {
    /// What happened to a profile or mandate that its people should hear of.
    RecordNews {
        /// A profile was submitted for review.
        Received = "received",
        /// Its reviewer asks for changes.
        ChangesRequested = "changes_requested",
        /// It was not accepted.
        Rejected = "rejected",
        /// It is published.
        Published = "published",
        /// It has to be confirmed soon.
        ConfirmSoon = "confirm_soon",
        /// It was not confirmed in time.
        Stale = "stale",
    }
}

/// One intent to tell somebody something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Asks the person of that question.
    IntroductionAsk {
        /// The question.
        ask: AskId,
    },
    /// Reminds the person of that question.
    IntroductionReminder {
        /// The question.
        ask: AskId,
    },
    /// Asks a side how it goes.
    Pulse {
        /// The pulse.
        pulse: PulseId,
    },
    /// Tells a side that an introduction that was made is closed.
    IntroductionOver {
        /// Which introduction.
        introduction: IntroductionId,
        /// Which side.
        side: Side,
        /// Because nothing was heard of it.
        silent: bool,
    },
    /// Tells one of the operator's people what to look at.
    Alert {
        /// Whom.
        user: UserId,
        /// About which introduction.
        introduction: IntroductionId,
        /// What.
        matter: Matter,
    },
    /// Tells somebody who has to act that a deal stands too long.
    DealStale {
        /// Whom.
        user: UserId,
        /// Which deal.
        deal: DealId,
    },
    /// Connects both sides in one mail.
    Introduction {
        /// Which introduction.
        introduction: IntroductionId,
    },
    /// Tells both sides of an introduction when to meet, or that they don't.
    Meeting {
        /// Which introduction.
        introduction: IntroductionId,
        /// The sequence of what is told.
        sequence: u32,
    },
    /// Gives a curator the mail that connected both, who agreed to it.
    IntroductionCopy {
        /// Which introduction.
        introduction: IntroductionId,
        /// The mail.
        of: OutboxId,
    },
    /// Tells somebody that it came to nothing.
    IntroductionClosed {
        /// Which introduction.
        introduction: IntroductionId,
        /// Whom.
        person: UserId,
        /// By which question they were asked; none for who asked for it.
        ask: Option<AskId>,
        /// How it ended.
        ending: Ending,
    },
    /// Tells the owner of an address that somebody tried to register with it.
    RegistrationExists {
        /// The owner.
        user: UserId,
    },
    /// Mails a ticket to its address.
    Ticket {
        /// Which.
        ticket: TicketId,
    },
    /// Gives whoever reads an address the way to what they agreed to.
    MyConsents {
        /// The address, sealed, and for nothing but this: no link can be made of
        /// what waits in the queue.
        address: String,
    },
    /// Tells a person what happened to their account or firm.
    News {
        /// Whom.
        user: UserId,
        /// What.
        news: News,
        /// In which programme, where it is one's.
        programme: Option<ProgrammeId>,
    },
    /// Tells a mandate's reader what it was shown in a week.
    Digest {
        /// Whom.
        user: UserId,
        /// Of which mandate.
        mandate: MandateId,
        /// The week, by its Monday.
        week: NaiveDate,
    },
    /// Tells somebody what happened to a startup's profile.
    ProfileNews {
        /// Whom.
        user: UserId,
        /// Which profile.
        profile: StartupProfileId,
        /// What.
        news: RecordNews,
        /// The code of why it was not accepted.
        reason: Option<Slug>,
        /// Until when it counted as confirmed then.
        day: Option<NaiveDate>,
    },
    /// Tells somebody what happened to an investor's profile.
    InvestorNews {
        /// Whom.
        user: UserId,
        /// Which profile.
        profile: InvestorProfileId,
        /// What.
        news: RecordNews,
        /// The code of why it was not accepted.
        reason: Option<Slug>,
        /// Until when it counted as confirmed then.
        day: Option<NaiveDate>,
    },
    /// Tells somebody what happened to a mandate.
    MandateNews {
        /// Whom.
        user: UserId,
        /// Which mandate.
        mandate: MandateId,
        /// What.
        news: RecordNews,
        /// Until when it counted as confirmed then.
        day: Option<NaiveDate>,
    },
    /// Tells somebody how a profile fared in a month.
    Status {
        /// Whom.
        user: UserId,
        /// Which profile.
        profile: StartupProfileId,
        /// The first day of the month after.
        month: NaiveDate,
    },
    /// Tells one of the operator's people what waits for them.
    Work {
        /// Whom.
        user: UserId,
        /// On which day.
        day: NaiveDate,
    },
}

impl Notice {
    /// What it is about, where its reader can do without it.
    pub const fn topic(&self) -> Option<Topic> {
        match self {
            Self::IntroductionAsk { .. } | Self::IntroductionReminder { .. } => {
                Some(Topic::Questions)
            }
            Self::IntroductionClosed { .. } | Self::IntroductionOver { .. } => {
                Some(Topic::Progress)
            }
            Self::Pulse { .. } => Some(Topic::Pulses),
            Self::DealStale { .. } => Some(Topic::Deals),
            Self::Work { .. } => Some(Topic::Work),
            Self::Alert { .. } => Some(Topic::Alerts),
            Self::ProfileNews { .. } | Self::InvestorNews { .. } => Some(Topic::Profile),
            Self::MandateNews { .. } => Some(Topic::Mandates),
            Self::Status { .. } => Some(Topic::Status),
            Self::Digest { .. } => Some(Topic::Digest),
            Self::News { news, .. } => news.topic(),
            // What both agreed to, and what an account needs.
            Self::Introduction { .. }
            | Self::IntroductionCopy { .. }
            | Self::Meeting { .. }
            | Self::RegistrationExists { .. }
            | Self::MyConsents { .. }
            | Self::Ticket { .. } => None,
        }
    }

    /// The stable code of the kind of notice.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::IntroductionAsk { .. } => "introduction_ask",
            Self::IntroductionReminder { .. } => "introduction_reminder",
            Self::Pulse { .. } => "pulse",
            Self::IntroductionOver { .. } => "introduction_over",
            Self::Alert { .. } => "alert",
            Self::DealStale { .. } => "deal_stale",
            Self::Introduction { .. } => "introduction",
            Self::IntroductionCopy { .. } => "introduction_copy",
            Self::Meeting { .. } => "meeting",
            Self::IntroductionClosed { .. } => "introduction_closed",
            Self::RegistrationExists { .. } => "registration_exists",
            Self::Ticket { .. } => "ticket",
            Self::MyConsents { .. } => "my_consents",
            Self::News { .. } => "news",
            Self::Digest { .. } => "digest",
            Self::ProfileNews { .. } => "profile_news",
            Self::InvestorNews { .. } => "investor_news",
            Self::MandateNews { .. } => "mandate_news",
            Self::Status { .. } => "status",
            Self::Work { .. } => "work",
        }
    }
}
