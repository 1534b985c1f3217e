//! What the service has to say to people, as values: plain facts that are
//! already cleared for their reader. [`Notice::render`] puts them into words.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::regular::{DigestMail, MandateMail, ProfileMail, StatusMail, WorkMail};
use super::{Said, render, wording};
use crate::domain::values::PassReason;

/// The languages e-mail is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English, also for everybody whose language is none of these.
    #[default]
    En,
    /// Hebrew, written from right to left.
    He,
    /// Azerbaijani.
    Az,
    /// Russian.
    Ru,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 4] = [Self::En, Self::He, Self::Az, Self::Ru];

    /// The language for a BCP 47 tag (`he`, `az-Latn-AZ`), English for others.
    pub fn for_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "he" | "iw" => Self::He,
            "az" => Self::Az,
            "ru" => Self::Ru,
            _ => Self::En,
        }
    }

    /// Its BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::He => "he",
            Self::Az => "az",
            Self::Ru => "ru",
        }
    }
}

/// A moment, shown as its reader's clock shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: DateTime<Utc>,
    /// In the zone of the reader.
    pub zone: Tz,
}

/// The other side, as far as the reader may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counterpart {
    /// By name (disclosure level 1).
    Named {
        /// The organization's name.
        name: String,
        /// What it is, a line each, in the reader's language where it can be.
        facts: Vec<Said>,
    },
    /// By name, where somebody else asked and this side has agreed.
    Agreed {
        /// The organization's name.
        name: String,
        /// What it is, a line each, in the reader's language where it can be.
        facts: Vec<Said>,
    },
    /// Without a name (level 0).
    Teaser {
        /// What it is, a line each, in the reader's language where it can be.
        facts: Vec<Said>,
    },
}

/// A question to the asked side of an introduction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntroductionAsk {
    /// The reader's name, if known.
    pub reader: Option<String>,
    /// Who asks; or, when a curator or partner asks, whom the reader would meet.
    pub counterpart: Counterpart,
    /// The programme's title.
    pub programme: String,
    /// Why it may fit, in the reader's language.
    pub reasons: Vec<String>,
    /// The message that came with the request.
    pub blurb: Option<Said>,
    /// The address of the page where the reader answers.
    pub link: String,
    /// Until when.
    pub expires: Moment,
    /// The firm for which a colleague named the reader.
    pub passed_on_for: Option<String>,
    /// Whether it was asked before, without an answer.
    pub reminder: bool,
}

/// Asks how an introduction goes, or whether anything came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulseMail {
    /// The reader's name.
    pub reader: Option<String>,
    /// The other side.
    pub counterpart: String,
    /// The programme's title.
    pub programme: String,
    /// When it was asked for.
    pub requested: Moment,
    /// Long after it closed.
    pub late: bool,
    /// The address of the page.
    pub link: String,
}

/// An introduction is closed after it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverMail {
    /// The reader's name.
    pub reader: Option<String>,
    /// The other side.
    pub counterpart: String,
    /// The programme's title.
    pub programme: String,
    /// Because nothing was heard of it.
    pub silent: bool,
}

/// How a reader comes to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By this address.
    Link(String),
    /// By its number, where they work with the service.
    Number(String),
}

/// A deal stands too long, and the reader has to act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleMail {
    /// The reader's name.
    pub reader: Option<String>,
    /// The other side; both for the operator's people.
    pub counterpart: String,
    /// The programme's title.
    pub programme: String,
    /// Since when it stands where it stands.
    pub since: Moment,
    /// The way to the record.
    pub record: Way,
    /// The address of the page by which a side says what became of it.
    pub page: Option<String>,
}

/// What the operator's people should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertMatter {
    /// Abuse was reported.
    AbuseReported,
    /// A mail that connects didn't arrive.
    DeliveryProblem,
    /// A question isn't mailed.
    QuestionUndelivered,
}

/// Tells one of the operator's people what to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertMail {
    /// The reader's name.
    pub reader: Option<String>,
    /// What.
    pub matter: AlertMatter,
    /// The programme's title.
    pub programme: String,
    /// The way to the record.
    pub record: Way,
}

/// One side of an introduction that both have accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The organization's name.
    pub organization: String,
    /// The person who speaks for it.
    pub contact: String,
    /// What it does, in a sentence.
    pub summary: Said,
}

/// The e-mail that connects both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// The startup's side.
    pub startup: Party,
    /// The investor's side.
    pub investor: Party,
    /// Who asked for it: an organization's name; none for those who run the
    /// programme.
    pub asked_by: Option<String>,
    /// The programme's title.
    pub programme: String,
    /// Why it may fit.
    pub reasons: Vec<String>,
    /// The message that came with the request.
    pub blurb: Option<Said>,
    /// When they could meet, where a side said so.
    pub meeting: Option<Meeting>,
}

/// A time to meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// When it begins.
    pub at: DateTime<Utc>,
    /// For how long, in minutes.
    pub minutes: u32,
    /// The startup, then the investor.
    pub sides: [MeetingSide; 2],
    /// When else somebody could.
    pub others: Vec<DateTime<Utc>>,
}

/// How a meeting lies for one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingSide {
    /// The organization's name.
    pub organization: String,
    /// By whose clock.
    pub zone: Tz,
    /// Whether they have that day off.
    pub day_off: bool,
}

/// A time to meet has changed, or is called off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingMail {
    /// The programme's title.
    pub programme: String,
    /// When.
    pub meeting: Meeting,
    /// It is called off.
    pub cancelled: bool,
}

/// How an introduction ended without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The other side said no.
    Declined,
    /// Nobody answered in time.
    Expired,
    /// The request was taken back.
    Withdrawn,
}

/// The reader's part in an introduction that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Asked for it, naming the counterpart where the name is known.
    Asked {
        /// Its name, if the reader knows it.
        counterpart: Option<String>,
    },
    /// Was asked.
    WasAsked,
}

/// An introduction that doesn't take place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntroductionClosed {
    /// The reader's name, if known.
    pub reader: Option<String>,
    /// What the reader had to do with it.
    pub part: Part,
    /// When it was requested.
    pub requested: Moment,
    /// The programme's title.
    pub programme: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The reason, only if its giver shares it; in the reader's language.
    pub reason: Option<String>,
}

/// Somebody entered an address that has an account already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationExists {
    /// The reader's name, if known.
    pub reader: Option<String>,
    /// When it happened.
    pub tried: Moment,
    /// The address of the page to sign in, where there is one.
    pub sign_in: Option<String>,
}

/// What a mailed link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// To finish a registration.
    Registration {
        /// The firm's name.
        firm: String,
    },
    /// To join a firm.
    Invitation {
        /// The firm's name.
        firm: String,
        /// Who invites; none when the service itself does.
        by: Option<String>,
    },
    /// To choose a new password.
    PasswordReset,
    /// To stand behind a profile that others wrote.
    Claim {
        /// The firm's name.
        firm: String,
    },
}

/// A link that does one thing once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketMail {
    /// The reader's name, if known.
    pub reader: Option<String>,
    /// What it is for.
    pub purpose: Purpose,
    /// The address of the page.
    pub link: String,
    /// Until when.
    pub expires: Moment,
}

/// The way to what the reader agreed to, which they asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MyConsentsMail {
    /// The reader's name, if known.
    pub reader: Option<String>,
    /// The address of the page.
    pub link: String,
}

/// What happened to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountNews {
    /// The password was changed.
    PasswordChanged,
    /// A session was ended because its token was copied.
    SessionCopied,
    /// A second factor counts.
    SecondFactorSet,
    /// It was taken away.
    SecondFactorRemoved,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// The recovery codes were replaced.
    RecoveryCodesRenewed,
    /// A key for scripts was made.
    KeyMade,
    /// A part in a firm changed.
    RolesChanged,
    /// The account was closed.
    AccountClosed,
    /// It was opened again.
    AccountReopened,
    /// Somebody joined a firm of the reader's.
    MemberJoined,
    /// A document of the reader's firm was let through.
    DocumentCleared,
    /// A document of the reader's firm was refused.
    DocumentRefused,
    /// The reader's firm is shown though nobody of it has agreed yet.
    ConsentNeeded,
    /// A record of the reader's firm takes part in a programme no more.
    AdmissionWithdrawn,
    /// A party declined to sign a programme that the reader's firm is a party to.
    ProgrammeDeclined,
    /// The notice of one has begun.
    ProgrammeExpiring,
    /// One is over.
    ProgrammeOver,
    /// What the reader's firm promised is behind.
    PromiseAtRisk,
    /// It was due, and is not there.
    PromiseMissed,
    /// A deal between the reader's firm and another was opened by hand.
    DealOpened,
}

impl AccountNews {
    /// Whether it happened in a programme.
    pub const fn is_of_programme(self) -> bool {
        matches!(
            self,
            Self::AdmissionWithdrawn
                | Self::ProgrammeDeclined
                | Self::ProgrammeExpiring
                | Self::ProgrammeOver
                | Self::PromiseAtRisk
                | Self::PromiseMissed
                | Self::DealOpened
        )
    }

    /// Whether it is about the reader's firm rather than the account itself.
    pub const fn is_of_firm(self) -> bool {
        self.is_of_programme()
            || matches!(
                self,
                Self::MemberJoined
                    | Self::DocumentCleared
                    | Self::DocumentRefused
                    | Self::ConsentNeeded
            )
    }
}

/// Tells a person what happened to their account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsMail {
    /// The reader's name.
    pub reader: Option<String>,
    /// What.
    pub news: AccountNews,
    /// The title of the programme that it is about.
    pub programme: Option<String>,
    /// When.
    pub at: Moment,
}

/// What stands at the foot of a mail for its reader alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Foot<'a> {
    /// The address of the reader's settings.
    pub settings: Option<&'a str>,
    /// The address of what the reader agreed to.
    pub consents: Option<&'a str>,
}

/// Something to say to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Will you be introduced?
    IntroductionAsk(IntroductionAsk),
    /// How does it go?
    Pulse(PulseMail),
    /// It is closed after it was made.
    Over(OverMail),
    /// A deal stands too long.
    Stale(StaleMail),
    /// Something to look at.
    Alert(AlertMail),
    /// Meet each other.
    Introduction(Introduction),
    /// Meet at that time, or not at all.
    Meeting(MeetingMail),
    /// It doesn't take place.
    IntroductionClosed(IntroductionClosed),
    /// You have an account already.
    RegistrationExists(RegistrationExists),
    /// A link that does one thing once.
    Ticket(TicketMail),
    /// Here is what you agreed to.
    MyConsents(MyConsentsMail),
    /// Something happened to your account.
    News(NewsMail),
    /// What your mandate was shown in a week.
    Digest(DigestMail),
    /// Something happened to your profile.
    Profile(ProfileMail),
    /// Something happened to your mandate.
    Mandate(MandateMail),
    /// How your profile fared in a month.
    Status(StatusMail),
    /// What waits for you.
    Work(WorkMail),
}

/// Why a side said no, in words.
pub const fn pass_reason(reason: PassReason, language: Language) -> &'static str {
    wording::reasons::of(reason, language)
}

/// A notice in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, in one line if the facts are.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML, with everything from people escaped.
    pub html: String,
}

impl Meeting {
    /// What stands in a calendar: its title, and the time by both clocks.
    pub fn entry(&self, language: Language) -> (String, String) {
        render::entry(self, language)
    }
}

impl Notice {
    /// Puts the notice into the words of `language`.
    pub fn render(&self, language: Language) -> Rendered {
        self.render_with(language, Foot::default())
    }

    /// The same, with addresses for its reader alone at its foot.
    pub fn render_with(&self, language: Language, foot: Foot<'_>) -> Rendered {
        render::render(self, language, foot)
    }
}
