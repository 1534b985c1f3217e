//! What regular mail says, as values that are already cleared for their reader
//! and in the reader's language where they are words.

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
    pub facts: Vec<String>,
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
