//! What regular mail says, as values that are already cleared for their reader
//! and in the reader's language where they are words.

use chrono::NaiveDate;

use super::Said;
use super::notice::Way;
use crate::domain::message::RecordNews;
use crate::domain::values::Side;
use crate::domain::worklist::WorkKind;

/// What a mandate was shown in a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestMail {
    /// The reader's name.
    pub reader: Option<String>,
    /// What the mandate is called.
    pub mandate: String,
    /// The matches.
    pub entries: Vec<DigestPart>,
    /// How many more there are.
    pub more: usize,
}

/// One match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestPart {
    /// The word for its score.
    pub band: String,
    /// What the startup is, a line each; no name.
    pub facts: Vec<Said>,
    /// What speaks for it.
    pub reasons: Vec<String>,
    /// What speaks against it.
    pub risk: Option<String>,
    /// What is not known.
    pub missing: Vec<String>,
    /// The address of the page that answers.
    pub link: String,
    /// The address of the brief.
    pub brief: String,
}

/// What happened to a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileMail {
    /// Whether it is a startup's or an investor's.
    pub side: Side,
    /// The reader's name.
    pub reader: Option<String>,
    /// The firm's name.
    pub firm: String,
    /// What happened.
    pub news: RecordNews,
    /// The day that goes with it.
    pub by: Option<NaiveDate>,
    /// Why it was not accepted, in words or as a code.
    pub reason: String,
    /// What should change: the part, as a JSON Pointer, and the comment.
    pub comments: Vec<(String, String)>,
    /// The way to the record.
    pub record: Way,
}

/// What happened to a mandate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MandateMail {
    /// The reader's name.
    pub reader: Option<String>,
    /// What the mandate is called.
    pub mandate: String,
    /// What happened.
    pub news: RecordNews,
    /// Until when it counts as confirmed.
    pub by: Option<NaiveDate>,
    /// How many new matches a week it takes.
    pub per_week: u32,
    /// The way to the record.
    pub record: Way,
}

/// How a profile fared in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusMail {
    /// The reader's name.
    pub reader: Option<String>,
    /// The startup's name.
    pub firm: String,
    /// The month, by its first day.
    pub month: NaiveDate,
    /// Numbers below this are not told.
    pub least: usize,
    /// How it stands in each programme.
    pub programmes: Vec<ProgrammePart>,
    /// The reasons that investors shared, in words, and how often.
    pub passes: Vec<(String, usize)>,
    /// What would help most.
    pub improve: Vec<ImprovePart>,
}

/// How a profile stands in a programme; none stands for a number that is too
/// small to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammePart {
    /// Its title.
    pub programme: String,
    /// Mandates that were shown it so far.
    pub shown: Option<usize>,
    /// Of these, in the month.
    pub new: Option<usize>,
    /// Of these, without an answer.
    pub waiting: Option<usize>,
    /// Matches that wait for the startup itself.
    pub own: usize,
}

/// What would help a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImprovePart {
    /// Saying more in these parts, by their pointers.
    Fields(Vec<&'static str>),
    /// This kind of deal would open so many mandates.
    DealIntent(String, usize),
    /// Taking cheques of any size would.
    NoLeastCheque(usize),
}

/// What waits for one of the operator's people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkMail {
    /// The reader's name.
    pub reader: Option<String>,
    /// What, how often, and since when the oldest.
    pub lines: Vec<(WorkKind, usize, NaiveDate)>,
    /// How much of it is late.
    pub overdue: usize,
    /// The address of the list, where there is one.
    pub list: Option<String>,
}
