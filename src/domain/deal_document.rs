//! Papers of a deal: term sheets, agreements, what shows that money arrived.
//! Each is for those who learn of it, as a note is; what is for both sides goes
//! across only while the gate lets the two be shown to each other.

use uuid::Uuid;

use super::deal_work::Marks;
use super::document::DocumentVersion;
use super::ids::DealId;
use super::values::codes;

/// Papers of one deal that one side's people keep, those that are erased left
/// out.
pub const MOST_OF_CAMP: usize = 100;

codes! {
    /// What a paper of a deal is.
    DealDocumentClass {
        /// Who keeps what to themselves.
        NonDisclosure = "non_disclosure",
        /// What was asked and found when the firm was looked into.
        DueDiligence = "due_diligence",
        /// The terms, before they bind.
        TermSheet = "term_sheet",
        /// What both sign.
        Agreement = "agreement",
        /// A decision of a board or a committee.
        Decision = "decision",
        /// What shows that money arrived.
        Payment = "payment",
        /// Something else.
        Other = "other",
    }
}

/// A paper of a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealDocument {
    /// Its id.
    pub id: Uuid,
    /// Of which deal.
    pub deal: DealId,
    /// What it is.
    pub class: DealDocumentClass,
    /// What people read.
    pub title: String,
    /// Whose, and for whom.
    pub marks: Marks,
    /// Its one file; another one is another paper.
    pub file: DocumentVersion,
}
