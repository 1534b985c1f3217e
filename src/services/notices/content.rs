//! What a notice says and to whom, ready to be put into words.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::db::envelopes::Envelope;
use crate::domain::account::User;
use crate::domain::country::Country;
use crate::domain::ids::{
    DealId, IntroductionId, InvestorProfileId, MandateId, MatchId, StartupProfileId,
};
use crate::domain::message::{Ending, Matter, News, RecordNews};
use crate::domain::organization::Organization;
use crate::domain::pulse::PulseKind;
use crate::domain::scoring::FactorTrace;
use crate::domain::text::{Email, Language, Localized, Name, Slug};
use crate::domain::values::{PassReason, Side};
use crate::domain::worklist::WorkKind;
use crate::services::digest::Entry;
use crate::services::entries::Facts;
use crate::services::introductions::Portrait;
use crate::services::readiness::Count;
use crate::services::tickets::{self, LetterPurpose};

/// A notice with everything its text needs, looked up just before sending.
#[derive(Debug, Clone)]
pub enum Prepared {
    /// Ready to be rendered.
    Ready(Box<Ready>),
    /// No longer wanted: what it was about went on without it.
    Obsolete(&'static str),
    /// The gate is closed for the time being; to be asked again later.
    Later,
    /// Its reader has the evening or the day off; to be asked again then.
    InTheMorning(DateTime<Utc>),
    /// It can't be sent, and a person has to look at it.
    Undeliverable(&'static str),
}

impl Prepared {
    /// The same in the thread of an earlier mail.
    pub(super) fn continuing(mut self, earlier: Option<String>) -> Self {
        if let Self::Ready(ready) = &mut self {
            ready.continues = earlier;
        }
        self
    }
}

/// To whom, about what.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The people it goes to; more than one only for what both sides of an
    /// introduction get as one mail.
    pub to: Vec<Recipient>,
    /// Who reads along, as both agreed.
    pub cc: Vec<Recipient>,
    /// By which transactions it goes to several; none where it is one.
    pub envelopes: Vec<Envelope>,
    /// When it is dated, if not when it was first tried.
    pub dated: Option<DateTime<Utc>>,
    /// What it says.
    pub content: Content,
    /// The Message-ID of the mail that it continues.
    pub continues: Option<String>,
    /// What stands in the links to the reader's settings; none in mail to
    /// several, or that its reader can't do without.
    pub settings: Option<String>,
    /// What stands in the link to what the reader agreed to; none in mail to
    /// several, even where each gets it in an envelope of their own: it is made
    /// to be answered to all, and whoever is quoted would hand the other side
    /// the list of what they agreed to, with the buttons that take it back.
    pub consents: Option<String>,
}

/// Somebody a mail goes to, with an account or without.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// What they are called, if known.
    pub name: Option<Name>,
    /// Their address.
    pub email: Email,
    /// The language they read.
    pub language: Language,
    /// Where their working day is.
    pub zone: Tz,
}

impl Recipient {
    /// What they are called, or nothing.
    pub fn shown_name(&self) -> String {
        self.name.as_ref().map(Name::to_string).unwrap_or_default()
    }
}

impl From<User> for Recipient {
    fn from(user: User) -> Self {
        Self {
            name: Some(user.name),
            email: user.email,
            language: user.language,
            zone: user.zone,
        }
    }
}

/// What a notice says.
#[derive(Debug, Clone)]
pub enum Content {
    /// The question to one side.
    Ask(Box<AskContent>),
    /// How it goes.
    Pulse(Box<PulseContent>),
    /// It is closed after it was made.
    Over(Box<OverContent>),
    /// What one of the operator's people should look at.
    Alert(Box<AlertContent>),
    /// A deal stands too long.
    Stale(Box<StaleContent>),
    /// The mail that connects both.
    Introduction(Box<IntroductionContent>),
    /// When both meet, or that they don't.
    Meeting(Box<MeetingNews>),
    /// It came to nothing.
    Closed(Box<Closed>),
    /// Somebody tried to register with this address.
    RegistrationExists,
    /// A link that does one thing once.
    Ticket(Box<tickets::Letter>),
    /// The way to what the reader agreed to, by what stands in the link.
    MyConsents(String),
    /// Something happened to the account or the firm, or in the programme of
    /// that title.
    News(News, Option<String>),
    /// What a mandate was shown in a week.
    Digest(Box<DigestContent>),
    /// Something happened to a profile.
    Profile(Box<ProfileContent>),
    /// Something happened to a mandate.
    Mandate(Box<MandateNewsContent>),
    /// How a profile fared in a month.
    Status(Box<StatusContent>),
    /// What waits for one of the operator's people.
    Work(Box<WorkContent>),
}

impl Content {
    /// Whether it is sent whatever its reader wants: what they asked for
    /// themselves, what their account needs, and, looked after on its own, what
    /// both sides agreed to.
    pub(super) const fn is_owed(&self) -> bool {
        match self {
            Self::Introduction(_) | Self::Meeting(_) | Self::RegistrationExists => true,
            Self::News(news, _) => news.event().is_none(),
            Self::Ticket(letter) => matches!(
                letter.purpose,
                LetterPurpose::Registration { .. } | LetterPurpose::PasswordReset
            ),
            Self::Ask(_)
            | Self::MyConsents(_)
            | Self::Closed(_)
            | Self::Pulse(_)
            | Self::Over(_)
            | Self::Alert(_)
            | Self::Stale(_)
            | Self::Digest(_)
            | Self::Profile(_)
            | Self::Mandate(_)
            | Self::Status(_)
            | Self::Work(_) => false,
        }
    }

    /// Where it names two people to each other, those.
    pub fn people(&self) -> Vec<Email> {
        let people = match self {
            Self::Introduction(it) => [&it.startup_person, &it.investor_person],
            Self::Meeting(news) => news.people.each_ref(),
            _ => return vec![],
        };
        people.map(|person| person.email.clone()).to_vec()
    }

    /// The matches that it tells its reader of.
    pub fn matches(&self) -> Vec<MatchId> {
        match self {
            Self::Digest(digest) => digest.entries.iter().map(|told| told.entry.id).collect(),
            _ => vec![],
        }
    }

    /// Whether it answers what its reader has just done, and so comes at any
    /// hour.
    pub(super) fn answers_an_act(&self) -> bool {
        match self {
            Self::Profile(profile) => profile.news == RecordNews::Received,
            Self::MyConsents(_) => true,
            _ => false,
        }
    }
}

/// What a mandate's reader reads once a week.
#[derive(Debug, Clone)]
pub struct DigestContent {
    /// What the investor calls the mandate, or else itself.
    pub mandate: String,
    /// The matches, the strongest first.
    pub entries: Vec<DigestEntry>,
    /// How many more there are.
    pub more: usize,
}

/// One match of a digest.
#[derive(Debug, Clone)]
pub struct DigestEntry {
    /// What may be known of it.
    pub entry: Entry,
    /// What the startup is, in the reader's words.
    pub facts: Facts,
    /// The link to the page that answers.
    pub link: String,
    /// The link to the brief.
    pub brief: String,
}

/// A profile that is reviewed: a startup's or an investor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reviewed {
    /// What a startup publishes.
    Startup(StartupProfileId),
    /// What an investor says of itself.
    Investor(InvestorProfileId),
}

/// What the people of a firm read about its profile.
#[derive(Debug, Clone)]
pub struct ProfileContent {
    /// Which profile.
    pub profile: Reviewed,
    /// The firm's name.
    pub firm: String,
    /// What happened.
    pub news: RecordNews,
    /// By when it is reviewed, from when on it may come again, or until when it
    /// counts as confirmed.
    pub by: Option<NaiveDate>,
    /// The code of why it was not accepted.
    pub reason: Option<Slug>,
    /// What should change: the part, as a JSON Pointer, and the comment.
    pub comments: Vec<(String, String)>,
}

/// What the people of an investor read about a mandate.
#[derive(Debug, Clone)]
pub struct MandateNewsContent {
    /// Which mandate.
    pub mandate: MandateId,
    /// What the investor calls it, or else itself.
    pub title: String,
    /// What happened.
    pub news: RecordNews,
    /// Until when it counts as confirmed.
    pub by: Option<NaiveDate>,
    /// How many new matches a week it takes.
    pub per_week: u32,
}

/// What the people of a startup read once a month.
#[derive(Debug, Clone)]
pub struct StatusContent {
    /// The startup's name.
    pub firm: String,
    /// The month, by its first day.
    pub month: NaiveDate,
    /// How it stands in each programme.
    pub programmes: Vec<ProgrammeStatus>,
    /// The reasons that investors shared with it, and how often.
    pub passes: Vec<(PassReason, usize)>,
    /// What would help most.
    pub improve: Vec<Improvement>,
}

/// How a profile stands in a programme.
#[derive(Debug, Clone)]
pub struct ProgrammeStatus {
    /// Its title.
    pub programme: String,
    /// To how many mandates it was shown so far.
    pub shown: Count,
    /// To how many of them in the month.
    pub new: Count,
    /// How many of them have not answered.
    pub waiting: Count,
    /// How many matches wait for the startup itself.
    pub own: usize,
}

/// What would help a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Improvement {
    /// Saying more in these parts, by their pointers.
    Fields(Vec<&'static str>),
    /// Wanting this kind of deal, in the reader's words, would open so many
    /// mandates.
    DealIntent(String, usize),
    /// Taking cheques of any size would.
    NoLeastCheque(usize),
}

/// What one of the operator's people reads in the morning.
#[derive(Debug, Clone)]
pub struct WorkContent {
    /// What waits, kind by kind.
    pub lines: Vec<WorkLine>,
    /// How much of it should have been done by now.
    pub overdue: usize,
}

/// What of one kind waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkLine {
    /// What is to be done.
    pub kind: WorkKind,
    /// How often.
    pub count: usize,
    /// Since when the oldest waits.
    pub since: DateTime<Utc>,
}

/// What somebody reads who is asked how it goes.
#[derive(Debug, Clone)]
pub struct PulseContent {
    /// Title of the programme.
    pub programme: String,
    /// What is asked.
    pub kind: PulseKind,
    /// The other side's name.
    pub counterpart: String,
    /// When the introduction was asked for.
    pub requested_at: DateTime<Utc>,
    /// The link to the page that answers.
    pub link: String,
}

/// What somebody reads whose introduction is closed after it was made.
#[derive(Debug, Clone)]
pub struct OverContent {
    /// Title of the programme.
    pub programme: String,
    /// The other side's name.
    pub counterpart: String,
    /// Because nothing was heard of it.
    pub silent: bool,
}

/// What somebody reads who has to act in a deal that stands too long.
#[derive(Debug, Clone)]
pub struct StaleContent {
    /// Title of the programme.
    pub programme: String,
    /// The other side's name; both for the operator's people.
    pub counterpart: String,
    /// Since when it stands where it stands.
    pub since: DateTime<Utc>,
    /// About which deal.
    pub deal: DealId,
    /// What stands in the link by which a side says what became of it; none for
    /// the operator's people.
    pub link: Option<String>,
}

/// What one of the operator's people reads.
#[derive(Debug, Clone)]
pub struct AlertContent {
    /// Title of the programme.
    pub programme: String,
    /// About which introduction.
    pub introduction: IntroductionId,
    /// What.
    pub matter: Matter,
}

/// What somebody reads whose introduction came to nothing.
#[derive(Debug, Clone)]
pub struct Closed {
    /// Title of the programme.
    pub programme: String,
    /// How it ended.
    pub ending: Ending,
    /// Whether the reader's side asked for it.
    pub asked_for_it: bool,
    /// The other side's name, where the reader knows it.
    pub counterpart: Option<String>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// The reason of the side that declined, where it shared it.
    pub shared_reason: Option<PassReason>,
}

/// What the asked person reads.
#[derive(Debug, Clone)]
pub struct AskContent {
    /// Title of the programme.
    pub programme: String,
    /// The side that is asked.
    pub side: Side,
    /// The name of the other side, where it was granted: it asked itself, or
    /// said yes already.
    pub counterpart: Option<String>,
    /// Whether it is the other side that asks; else somebody proposes it.
    pub counterpart_asks: bool,
    /// What the other side is, as far as it lets the reader know.
    pub portrait: Portrait,
    /// Country of the other side, if known.
    pub counterpart_country: Option<Country>,
    /// Why, in the requester's words.
    pub blurb: String,
    /// What speaks for the match, strongest first.
    pub strengths: Vec<FactorTrace>,
    /// The link to the page that answers.
    pub link: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// The firm for which the reader was named by somebody who was asked.
    pub passed_on_for: Option<Name>,
    /// Whether the question was put before, without an answer.
    pub reminder: bool,
}

/// What both read.
#[derive(Debug, Clone)]
pub struct IntroductionContent {
    /// Title of the programme.
    pub programme: String,
    /// The startup.
    pub startup: Organization,
    /// Its person.
    pub startup_person: Recipient,
    /// The investor.
    pub investor: Organization,
    /// Its person.
    pub investor_person: Recipient,
    /// When they could meet, where a side said so.
    pub meeting: Option<MeetingContent>,
    /// A curator who gets the mail, too.
    pub copy: Option<Recipient>,
    /// What the startup does, in its own words.
    pub one_liner: Localized,
    /// The partner that asked, by its name.
    pub partner: Option<String>,
    /// Who asked, in words of the introduction.
    pub requester: crate::domain::introduction::Requester,
    /// Why.
    pub blurb: String,
    /// What speaks for the match, strongest first.
    pub strengths: Vec<FactorTrace>,
}

/// When both could meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingContent {
    /// Of which introduction.
    pub introduction: IntroductionId,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// For how long, in minutes.
    pub minutes: u32,
    /// How often what both were told changed.
    pub sequence: u32,
    /// It was called off.
    pub cancelled: bool,
    /// The startup's clock, then the investor's.
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

/// What both read about their meeting after the mail that connected them.
#[derive(Debug, Clone)]
pub struct MeetingNews {
    /// Title of the programme.
    pub programme: String,
    /// The meeting.
    pub meeting: MeetingContent,
    /// Who is invited: also who gets no mail about it any more.
    pub people: [Recipient; 2],
}
