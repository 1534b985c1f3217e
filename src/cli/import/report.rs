//! What an import tells the person who ran it.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

use crate::services::imports::Tally;

use super::rows::RowFault;

/// Bad rows that are shown; a file given with `--report` gets every row.
const SHOWN: usize = 50;
/// Unmapped tags that are shown.
const TOP_TAGS: usize = 20;

/// A row that can't be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// The file's name.
    pub file: String,
    /// Where the row begins, from 1; the header is a line too.
    pub line: u64,
    /// Everything that is wrong with it.
    pub faults: Vec<RowFault>,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<String> = self.faults.iter().map(RowFault::to_string).collect();
        write!(f, "{}:{}: {}", self.file, self.line, faults.join("; "))
    }
}

/// The bad rows of all files: counted, the first ones kept.
#[derive(Default)]
pub struct BadRows {
    shown: Vec<BadRow>,
    total: u64,
}

impl BadRows {
    /// Notes a row.
    pub fn push(&mut self, row: BadRow) {
        self.total += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(row);
        }
    }

    /// How many there are.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The first ones and their total number.
    pub fn finish(self) -> (Vec<BadRow>, u64) {
        (self.shown, self.total)
    }
}

/// What became of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file's name.
    pub file: String,
    /// Rows read, without the header.
    pub read: u64,
    /// Rows that can be imported, or counted for a derivation.
    pub good: u64,
    /// Good rows without a country.
    pub without_country: u64,
    /// Rows that can't be imported.
    pub bad: u64,
    /// Columns that the mapping gives no field.
    pub unused_columns: Vec<String>,
    /// New firms.
    pub created: u64,
    /// Firms of which something changed.
    pub updated: u64,
    /// Firms of which everything was on record.
    pub unchanged: u64,
    /// Firms whose records people have taken over, left as they are.
    pub kept: u64,
    /// Mandates that are new or changed.
    pub mandates: u64,
    /// Records newly admitted to the programme.
    pub admitted: u64,
    /// Records outside the programme's corridors, which stay drafts.
    pub outside: u64,
    /// Profiles that wait for review because of sensitive tags.
    pub in_review: u64,
    /// Contacts that are mailed the claim link.
    pub asked: u64,
}

impl FileReport {
    /// Takes over what the store counted.
    pub const fn set(&mut self, tally: Tally) {
        let Tally {
            created,
            updated,
            unchanged,
            taken_over: kept,
            mandates,
            admitted,
            outside,
            in_review,
            asked,
        } = tally;
        self.created = created;
        self.updated = updated;
        self.unchanged = unchanged;
        self.kept = kept;
        self.mandates = mandates;
        self.admitted = admitted;
        self.outside = outside;
        self.in_review = in_review;
        self.asked = asked;
    }

    const fn counts(&self) -> [(&'static str, u64); 13] {
        [
            ("rows read", self.read),
            ("good", self.good),
            ("bad", self.bad),
            ("without a country", self.without_country),
            ("created", self.created),
            ("updated", self.updated),
            ("unchanged", self.unchanged),
            ("kept", self.kept),
            ("mandates", self.mandates),
            ("admitted", self.admitted),
            ("outside corridors", self.outside),
            ("in review", self.in_review),
            ("contacts asked", self.asked),
        ]
    }
}

/// A word that no tag is known for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnmappedTag {
    /// The word as the file has it.
    pub tag: String,
    /// Startups that have it.
    pub startups: u64,
}

/// The outcome of an import.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether it was a trial.
    pub dry_run: bool,
    /// Whether anything was written.
    pub written: bool,
    /// The files in the order they were read.
    pub files: Vec<FileReport>,
    /// Different words without a tag.
    pub unmapped_tags: usize,
    /// The most frequent of them.
    pub top_unmapped_tags: Vec<UnmappedTag>,
    /// Rows that can't be imported, in all files.
    pub bad: u64,
    /// The first of them.
    pub bad_rows: Vec<BadRow>,
    /// How long it took.
    pub milliseconds: u64,
}

/// The words used most, and how many there are.
pub fn most_used(words: HashMap<String, u64>) -> (usize, Vec<UnmappedTag>) {
    let distinct = words.len();
    let mut words: Vec<UnmappedTag> = words
        .into_iter()
        .map(|(tag, startups)| UnmappedTag { tag, startups })
        .collect();
    words.sort_by(|a, b| b.startups.cmp(&a.startups).then_with(|| a.tag.cmp(&b.tag)));
    words.truncate(TOP_TAGS);
    (distinct, words)
}

/// A table for people.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:18}", "")?;
        for file in &self.files {
            write!(f, " {:>18}", file.file)?;
        }
        writeln!(f)?;
        let columns: Vec<_> = self.files.iter().map(FileReport::counts).collect();
        let names = FileReport::default().counts();
        for (row, (name, _)) in names.iter().enumerate() {
            let counts: Vec<u64> = columns
                .iter()
                .filter_map(|column| column.get(row))
                .map(|(_, n)| *n)
                .collect();
            if row > 2 && counts.iter().all(|count| *count == 0) {
                continue;
            }
            write!(f, "{name:18}")?;
            for count in counts {
                write!(f, " {count:>18}")?;
            }
            writeln!(f)?;
        }
        for file in self
            .files
            .iter()
            .filter(|file| !file.unused_columns.is_empty())
        {
            writeln!(
                f,
                "{}: not used: {}",
                file.file,
                file.unused_columns.join(", ")
            )?;
        }
        self.tell_tags(f)?;
        writeln!(
            f,
            "{} in {}.{:03} s",
            self.fate(),
            self.milliseconds / 1000,
            self.milliseconds % 1000
        )
    }
}

impl Report {
    fn tell_tags(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unmapped_tags == 0 {
            return Ok(());
        }
        let top: Vec<String> = self
            .top_unmapped_tags
            .iter()
            .map(|UnmappedTag { tag, startups }| format!("{tag} ({startups})"))
            .collect();
        writeln!(
            f,
            "{} unmapped tags, kept as source tags: {}",
            self.unmapped_tags,
            top.join(", ")
        )
    }

    const fn fate(&self) -> &'static str {
        match (self.dry_run, self.written) {
            (true, true) => "Dry run: this would be written",
            (true, false) => "Dry run: nothing would be written",
            (false, true) => "Written",
            (false, false) => "Nothing was written",
        }
    }
}
