//! The log's vocabulary: an [`Event`] says who did what to which record, when.
//!
//! A payload holds codes, ids, amounts, dates, numbers and hashes of texts,
//! never a name, an address or free text: erasing a person must leave the
//! chain of hashes whole.

use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ids::{AskId, EventId, UserId};
use super::money::Money;

/// The kinds of record that have a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// A firm.
    Organization,
    /// A person's account.
    User,
    /// A startup's profile.
    StartupProfile,
    /// An investor's mandate.
    Mandate,
    /// A programme.
    Programme,
    /// A rule set.
    RuleSet,
    /// A match.
    Match,
    /// An introduction.
    Introduction,
    /// A deal.
    Deal,
    /// A queued message.
    Message,
    /// A freeze.
    Freeze,
    /// A mailed permission.
    Ticket,
    /// A key that signs access tokens.
    SigningKey,
    /// A file that is imported.
    Import,
    /// A file that is made of records.
    Export,
    /// Two records that may be of one firm.
    Duplicate,
    /// Quotations of money that came together.
    RateBatch,
    /// A document of a profile.
    Document,
    /// What one firm shows another.
    Practice,
    /// A word of the taxonomy.
    Tag,
    /// What an investor says of itself.
    InvestorProfile,
    /// The pipelines of a programme's deals.
    PipelineSet,
}

impl SubjectKind {
    /// Every kind, in the order of the declaration.
    pub const ALL: [Self; 22] = [
        Self::Organization,
        Self::User,
        Self::StartupProfile,
        Self::Mandate,
        Self::Programme,
        Self::RuleSet,
        Self::Match,
        Self::Introduction,
        Self::Deal,
        Self::Message,
        Self::Freeze,
        Self::Ticket,
        Self::SigningKey,
        Self::Import,
        Self::Export,
        Self::Duplicate,
        Self::RateBatch,
        Self::Document,
        Self::Practice,
        Self::Tag,
        Self::InvestorProfile,
        Self::PipelineSet,
    ];

    /// The stable code under which it is stored and hashed.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::User => "user",
            Self::StartupProfile => "startup_profile",
            Self::Mandate => "mandate",
            Self::Programme => "programme",
            Self::RuleSet => "rule_set",
            Self::Match => "match",
            Self::Introduction => "introduction",
            Self::Deal => "deal",
            Self::Message => "message",
            Self::Freeze => "freeze",
            Self::Ticket => "ticket",
            Self::SigningKey => "signing_key",
            Self::Import => "import",
            Self::Export => "export",
            Self::Duplicate => "duplicate",
            Self::RateBatch => "rate_batch",
            Self::Document => "document",
            Self::Practice => "practice",
            Self::Tag => "tag",
            Self::InvestorProfile => "investor_profile",
            Self::PipelineSet => "pipeline_set",
        }
    }

    /// The kind with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The record an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// What kind of record.
    pub kind: SubjectKind,
    /// Its id.
    pub id: Uuid,
}

impl Subject {
    /// Names a record.
    pub fn new(kind: SubjectKind, id: impl Into<Uuid>) -> Self {
        Self {
            kind,
            id: id.into(),
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A signed-in person.
    User(UserId),
    /// Whoever held a mailed link: its question or pulse, or, where a mail led
    /// to the record itself, that deal or match, by its bare id.
    Link(AskId),
    /// The service itself: a clock, a worker, a command of the operator's.
    System,
}

impl Actor {
    /// The stable code of the kind of actor.
    pub const fn code(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Link(_) => "link",
            Self::System => "system",
        }
    }

    /// The id behind it, where there is one.
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::User(id) => Some(id.uuid()),
            Self::Link(id) => Some(id.uuid()),
            Self::System => None,
        }
    }

    /// The actor stored as `(code, id)`.
    pub fn from_parts(code: &str, id: Option<Uuid>) -> Option<Self> {
        match (code, id) {
            ("user", Some(id)) => Some(Self::User(id.into())),
            ("link", Some(id)) => Some(Self::Link(id.into())),
            ("system", None) => Some(Self::System),
            _ => None,
        }
    }
}

/// One value of a payload. There is deliberately no variant for free text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A stable code: a state, a stage, a reason.
    Code(String),
    /// Another record.
    Id(Uuid),
    /// A whole number (a version, a score in basis points, a count).
    Int(i64),
    /// Yes or no.
    Flag(bool),
    /// An amount.
    Money(Money),
    /// A calendar day.
    Date(NaiveDate),
    /// SHA-256 of a text kept elsewhere, so that a later change shows.
    Hash([u8; 32]),
    /// Several codes.
    Codes(Vec<String>),
}

impl Value {
    /// The hash that stands for `text` in a payload.
    pub fn hash_of(text: &str) -> Self {
        Self::Hash(Sha256::digest(text.as_bytes()).into())
    }
}

/// What changed, in the order it was said. Keys are unique snake-case words.
pub type Payload = Vec<(&'static str, Value)>;

/// A new line of the log, not yet in its place: the sealer gives it position
/// and hash after the transaction that wrote it has committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// When, truncated to microseconds.
    pub at: DateTime<Utc>,
    /// What happened, as `<record>.<past participle>`.
    pub kind: &'static str,
    /// To which record.
    pub subject: Subject,
    /// By whom.
    pub actor: Actor,
    /// The facts.
    pub payload: Payload,
}
