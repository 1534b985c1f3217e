//! What a notice says and to whom, ready to be put into words.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::account::User;
use crate::domain::country::Country;
use crate::domain::ids::{DealId, IntroductionId};
use crate::domain::message::{Ending, Matter, News};
use crate::domain::organization::Organization;
use crate::domain::pulse::PulseKind;
use crate::domain::scoring::FactorTrace;
use crate::domain::text::{Email, Language, Localized, Name};
use crate::domain::values::{PassReason, Side};
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
    /// The people it goes to; more than one only for an introduction, which
    /// both sides get as one mail.
    pub to: Vec<Recipient>,
    /// What it says.
    pub content: Content,
    /// The Message-ID of the mail that it continues.
    pub continues: Option<String>,
    /// What stands in the links to the reader's settings; none in mail to
    /// several, or that its reader can't do without.
    pub settings: Option<String>,
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
    /// It came to nothing.
    Closed(Box<Closed>),
    /// Somebody tried to register with this address.
    RegistrationExists,
    /// A link that does one thing once.
    Ticket(Box<tickets::Letter>),
    /// Something happened to the account.
    News(News),
}

impl Content {
    /// Whether it is sent whatever its reader wants: what they asked for
    /// themselves, what their account needs, and, looked after on its own, what
    /// both sides agreed to.
    pub(super) const fn is_owed(&self) -> bool {
        match self {
            Self::Introduction(_) | Self::RegistrationExists | Self::News(_) => true,
            Self::Ticket(letter) => matches!(
                letter.purpose,
                LetterPurpose::Registration { .. } | LetterPurpose::PasswordReset
            ),
            Self::Ask(_)
            | Self::Closed(_)
            | Self::Pulse(_)
            | Self::Over(_)
            | Self::Alert(_)
            | Self::Stale(_) => false,
        }
    }
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
    /// What the other side is, in its own public words.
    pub teaser: Option<Localized>,
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
    /// What the startup does, in its own words.
    pub one_liner: Localized,
    /// What the investor calls the mandate it fits.
    pub mandate: Option<Name>,
    /// Who asked, in words of the introduction.
    pub requester: crate::domain::introduction::Requester,
    /// Why.
    pub blurb: String,
    /// What speaks for the match, strongest first.
    pub strengths: Vec<FactorTrace>,
}
