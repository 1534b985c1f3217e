//! Documents of a startup's profile: what they are, who is shown them from
//! which level on, and the states they pass through.
//!
//! A document is open to a counterpart only when its owner granted the level,
//! both sides agreed to be introduced, and the gate lets the two be shown to
//! each other at this moment. Each of the three may end at any time.

pub mod content;
pub mod file_name;
mod zip;

use chrono::{DateTime, Utc};

use super::disclosure::{Decision, Level};
use super::fault::Faults;
use super::ids::{
    DocumentId, DocumentViewId, GrantId, IntroductionId, OrganizationId, StartupProfileId, UserId,
};
use super::introduction::IntroductionStatus;
use super::permission::Hat;
use super::refusal::Refusal;
use super::tag::Taxonomy;
use super::terms::{self, Marked};
use super::text::{Language, TextFault, bounded};
use super::values::codes;
use content::ContentKind;
use file_name::FileName;

/// Most characters of a title.
pub const TITLE_MAX: usize = 200;
/// Documents of one profile, those that are erased left out.
pub const MOST_OF_PROFILE: i64 = 100;
/// Versions of one document.
pub const MOST_VERSIONS: i64 = 200;

codes! {
    /// What a document is.
    DocumentClass {
        /// One page about the firm.
        OnePager = "one_pager",
        /// The deck.
        Deck = "deck",
        /// What the product does, in detail.
        Product = "product",
        /// Words of customers, and pilots.
        References = "references",
        /// Accounts, plans and models.
        Financials = "financials",
        /// Who owns how much.
        CapTable = "cap_table",
        /// Incorporation, contracts, licences.
        Legal = "legal",
        /// Patents and know-how.
        IntellectualProperty = "intellectual_property",
        /// Something else of the data room.
        Other = "other",
    }
}

impl DocumentClass {
    /// From which level on it is shown unless its owner says otherwise.
    pub const fn default_level(self) -> Level {
        match self {
            Self::OnePager => Level::Named,
            Self::Deck | Self::Product => Level::Deck,
            Self::References
            | Self::Financials
            | Self::CapTable
            | Self::Legal
            | Self::IntellectualProperty
            | Self::Other => Level::DataRoom,
        }
    }

    /// The lowest level that its owner may choose: a deck is what the level of
    /// decks is named after, a summary of the figures often stands in one, and
    /// who owns how much never leaves the data room.
    pub const fn lowest_level(self) -> Level {
        match self {
            Self::OnePager | Self::Product => Level::Named,
            Self::Deck | Self::References | Self::Financials | Self::Other => Level::Deck,
            Self::CapTable | Self::Legal | Self::IntellectualProperty => Level::DataRoom,
        }
    }
}

codes! {
    /// Where a document stands.
    DocumentState {
        /// To be had by whom its level is granted.
        Open = "open",
        /// Its title or file name names something that compliance looks at.
        InReview = "in_review",
        /// Compliance said no.
        Refused = "refused",
        /// Its owner took it back.
        Withdrawn = "withdrawn",
        /// Its bytes are gone for good.
        Erased = "erased",
    }
}

codes! {
    /// What can be done with a document.
    DocumentAction {
        /// Let through what was looked at.
        Clear = "clear",
        /// Keep it from everybody but its owner.
        Refuse = "refuse",
        /// Take it back.
        Withdraw = "withdraw",
        /// Show it again.
        Restore = "restore",
        /// Delete its bytes, of all versions.
        Erase = "erase",
    }
}

impl DocumentAction {
    /// Whether it needs words that say why.
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::Clear | Self::Refuse)
    }
}

/// What a document says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentDetails {
    /// What people read.
    pub title: String,
    /// In which language it is.
    pub language: Language,
    /// From which level on it is shown.
    pub level: Level,
}

/// One file of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentVersion {
    /// Which one, from 1.
    pub number: i64,
    /// Its SHA-256, by which it is stored.
    pub digest: [u8; 32],
    /// Its length.
    pub bytes: i64,
    /// What its bytes are.
    pub kind: ContentKind,
    /// How its owner calls it.
    pub file_name: FileName,
    /// Who sent it.
    pub uploaded_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When its bytes were deleted.
    pub erased_at: Option<DateTime<Utc>>,
}

/// A document on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Of which profile.
    pub startup_profile: StartupProfileId,
    /// Whose that profile is now.
    pub organization: OrganizationId,
    /// What it is.
    pub class: DocumentClass,
    /// What it says of itself.
    pub details: DocumentDetails,
    /// Where it stands.
    pub state: DocumentState,
    /// The file that others get.
    pub current: DocumentVersion,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Who was the first of two to let it through as it is.
    pub first_cleared_by: Option<UserId>,
}

/// A title.
///
/// # Errors
/// Empty, too long, or with characters that forge how it reads.
pub fn title(text: &str) -> Result<String, TextFault> {
    bounded(text, TITLE_MAX, false)
}

/// The level of a document of that class: the one that its owner wants, or the
/// usual one.
pub fn level(faults: &mut Faults, class: DocumentClass, wanted: Option<Level>) -> Level {
    let wanted = wanted.unwrap_or(class.default_level());
    let lowest = class.lowest_level();
    if wanted < lowest {
        let detail = format!("A document of this class is shown from {lowest} on, not before.");
        faults.push("/level", "too_low", detail);
    }
    wanted
}

/// What compliance looks at: words of the title and the file name that name
/// something restricted or prohibited, by JSON pointers.
pub fn marked(title: &str, name: &FileName, taxonomy: &Taxonomy) -> Vec<(String, Marked)> {
    [("/title", title), ("/file_name", name.as_str())]
        .into_iter()
        .flat_map(|(pointer, text)| {
            let hits = terms::marked(text, taxonomy).into_iter();
            hits.map(move |hit| (pointer.to_owned(), hit))
        })
        .collect()
}

/// The state of a new document.
pub const fn first_state(marked: &[(String, Marked)]) -> DocumentState {
    if marked.is_empty() {
        DocumentState::Open
    } else {
        DocumentState::InReview
    }
}

/// The state after a new file or other words: what names more than it did is
/// looked at, and what compliance refused is looked at again.
///
/// # Errors
/// It is erased.
pub fn state_after_change(
    before: DocumentState,
    named: &[(String, Marked)],
    now: &[(String, Marked)],
) -> Result<DocumentState, Refusal> {
    use DocumentState as S;
    let more = now
        .iter()
        .any(|(_, hit)| !named.iter().any(|(_, known)| known.tag == hit.tag));
    match before {
        S::Open if more => Ok(S::InReview),
        S::Refused => Ok(S::InReview),
        S::Open | S::InReview | S::Withdrawn => Ok(before),
        S::Erased => Err(Refusal::no_transition("change")),
    }
}

/// The machine: the state after `action`, or why it can't be. What was
/// withdrawn is looked at again when it comes back.
pub fn step(
    document: &Document,
    action: DocumentAction,
    who: Hat,
    taxonomy: &Taxonomy,
) -> Result<DocumentState, Refusal> {
    use DocumentAction as A;
    use DocumentState as S;
    let owner = matches!(who, Hat::Startup);
    let compliance = matches!(who, Hat::Compliance);
    let (allowed, next) = match (document.state, action) {
        (S::InReview, A::Clear) => (compliance, S::Open),
        (S::Open | S::InReview, A::Refuse) => (compliance, S::Refused),
        (S::Open, A::Withdraw) => (owner, S::Withdrawn),
        (S::Withdrawn, A::Restore) => {
            let name = &document.current.file_name;
            let hits = marked(&document.details.title, name, taxonomy);
            (owner, first_state(&hits))
        }
        (S::Open | S::InReview | S::Refused | S::Withdrawn, A::Erase) => (owner, S::Erased),
        _ => return Err(Refusal::no_transition(action.code())),
    };
    if allowed {
        Ok(next)
    } else {
        Err(Refusal::not_yours(action.code()))
    }
}

/// Where a document stands after somebody lets it through, and who was the
/// first of two: what names something restricted or prohibited needs two.
///
/// # Errors
/// They did before.
pub fn clear(
    document: &Document,
    hits: &[(String, Marked)],
    who: UserId,
) -> Result<(DocumentState, Option<UserId>), Refusal> {
    match document.first_cleared_by {
        _ if hits.is_empty() => Ok((DocumentState::Open, None)),
        None => Ok((DocumentState::InReview, Some(who))),
        Some(first) if first == who => Err(Refusal::new(
            "second_person_needed",
            "You let it through already; its words need another person as well.",
        )),
        Some(_) => Ok((DocumentState::Open, None)),
    }
}

/// What a startup grants: how far its documents are open to everybody it is
/// introduced to, or to one counterpart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Documents of which profile.
    pub startup_profile: StartupProfileId,
    /// To the counterpart of that introduction; to everybody's when absent.
    pub introduction: Option<IntroductionId>,
    /// How far.
    pub level: Level,
    /// Who granted it.
    pub granted_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was taken back, or gave way to another.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// How far documents are granted to a counterpart: by the newest grant to it
/// alone, also where that was taken back; else by the one to everybody.
pub fn granted(own: Option<&Grant>, everybody: Option<&Grant>) -> Option<Level> {
    let grant = own.or(everybody)?;
    grant.revoked_at.is_none().then_some(grant.level)
}

/// Whether an introduction that stands there opens documents: both agreed, the
/// mail told them of each other, and it has not ended.
pub const fn introduction_opens(status: IntroductionStatus) -> bool {
    matches!(
        status,
        IntroductionStatus::Sent
            | IntroductionStatus::InConversation
            | IntroductionStatus::Met
            | IntroductionStatus::Converted
    )
}

/// The door: whether a counterpart gets a document.
pub fn opens(
    document: &Document,
    introduction: IntroductionStatus,
    granted: Option<Level>,
    gate: &Decision,
) -> bool {
    document.state == DocumentState::Open
        && introduction_opens(introduction)
        && granted.is_some_and(|granted| document.details.level <= granted)
        && *gate == Decision::Allow
}

/// One opening of a document by somebody who is not of its owner's people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentView {
    /// Its id.
    pub id: DocumentViewId,
    /// Of which document.
    pub document: DocumentId,
    /// Which version.
    pub number: i64,
    /// By whose people.
    pub organization: OrganizationId,
    /// By way of which introduction; absent for the operator's people.
    pub introduction: Option<IntroductionId>,
    /// When.
    pub at: DateTime<Utc>,
}

#[cfg(test)]
mod tests;
