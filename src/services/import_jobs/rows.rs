//! What the rows of a file say, and how they are read. Who knows how files
//! are written hands in the reader (see [`super::super::context::Exchange`]).

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::domain::fault::Fault;
use crate::domain::identifier::Statement;
use crate::domain::import::{FileFormat, ImportFailure, Place};
use crate::domain::investor::InvestorContent;
use crate::domain::organization::OrganizationDetails;
use crate::domain::tag::Taxonomy;

use super::super::referrals::{Contact, Content};

/// A row of a file.
#[derive(Debug)]
pub struct FileRow {
    /// Where it begins, from 1; a header is a line too.
    pub line: i64,
    /// Its own id, as far as it could be read.
    pub external_id: Option<String>,
    /// The firm that it describes, or all that is wrong with it.
    pub firm: Result<FirmRow, Vec<Fault>>,
}

/// A firm as a row describes it.
#[derive(Debug, Clone)]
pub struct FirmRow {
    /// Its id in the file: the record's, and the firm's where that has no other.
    pub external_id: String,
    /// The firm's id in the file, where it is another one.
    pub firm_id: Option<String>,
    /// The firm.
    pub details: OrganizationDetails,
    /// What is said of its numbers in registers.
    pub identifiers: Statement,
    /// Through whom it is reached.
    pub contact: Option<Contact>,
    /// What it offers or looks for.
    pub content: Option<Content>,
    /// What an investor says of itself.
    pub about: Option<Box<InvestorContent>>,
    /// SHA-256 of all that the row says.
    pub digest: [u8; 32],
}

/// Some rows of a file, in order.
#[derive(Debug)]
pub struct Batch {
    /// The rows.
    pub rows: Vec<FileRow>,
    /// Where the next one begins.
    pub place: Place,
    /// Whether there are no more.
    pub is_last: bool,
}

/// Why a file can't be read.
#[derive(Debug)]
pub enum Unreadable {
    /// The disk says so.
    Disk(io::Error),
    /// It is not such a file, from some row on.
    Form(ImportFailure),
    /// Its header is not one; everything that is wrong with it.
    Header(Vec<Fault>),
}

impl FileRow {
    /// The id by which its firm is known, as far as that could be read.
    pub fn firm_id(&self) -> Option<&str> {
        let firm = self.firm.as_ref().ok();
        let own = firm.and_then(|firm| firm.firm_id.as_deref());
        own.or(self.external_id.as_deref())
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Reads the rows of one file, from a place on.
pub trait RowReader: Send {
    /// The next rows, `limit` at most.
    ///
    /// # Errors
    /// See [`Unreadable`]; what is wrong with single rows is none.
    fn next(&mut self, limit: usize) -> Result<Batch, Unreadable>;
}

/// Opens a file at a place where a row begins, to be read with these tags.
pub type OpenRows = Arc<
    dyn Fn(&Path, FileFormat, Place, Arc<Taxonomy>) -> Result<Box<dyn RowReader>, Unreadable>
        + Send
        + Sync,
>;
