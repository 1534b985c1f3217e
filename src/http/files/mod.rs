//! Files of firms in Corridor's own form, in and out: NDJSON, a firm a line,
//! and CSV, whose columns are the paths of the same fields. What is written
//! here can be read here again.

pub mod cells;
pub mod columns;
mod csv_rows;
mod ndjson_rows;
pub mod records;
pub mod rows;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use crate::domain::import::{FileFormat, ImportFailure, Place};
use crate::domain::tag::Taxonomy;
use crate::services::import_jobs::rows::{OpenRows, RowReader, Unreadable};

/// Bytes that a row may have.
const LONGEST_ROW: usize = records::LONGEST;
/// Bytes at the beginning of a file by which its encoding is told.
const LOOKED_AT: usize = 4096;

/// Reads files.
pub fn reader() -> OpenRows {
    Arc::new(open)
}

fn open(
    path: &Path,
    format: FileFormat,
    place: Place,
    taxonomy: Arc<Taxonomy>,
) -> Result<Box<dyn RowReader>, Unreadable> {
    let mut file = File::open(path)?;
    check_encoding(&mut file)?;
    Ok(match format {
        FileFormat::Csv => Box::new(csv_rows::CsvRows::open(file, place, taxonomy)?),
        FileFormat::Ndjson => Box::new(ndjson_rows::NdjsonRows::open(file, place, taxonomy)?),
    })
}

fn failure(code: &str, detail: impl Into<String>) -> Unreadable {
    Unreadable::Form(ImportFailure {
        code: code.to_owned(),
        detail: detail.into(),
    })
}

fn check_encoding(file: &mut File) -> Result<(), Unreadable> {
    let mut start = Vec::with_capacity(LOOKED_AT);
    let limit = u64::try_from(LOOKED_AT).unwrap_or(u64::MAX);
    io::Read::by_ref(file).take(limit).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    let text = start.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(&start);
    // Before the next, since these hold zeros too.
    if start.starts_with(b"PK\x03\x04") || start.starts_with(&[0x1F, 0x8B]) {
        return Err(failure(
            "compressed",
            "The file is compressed or a spreadsheet; send the text itself.",
        ));
    }
    if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) || text.contains(&0) {
        return Err(failure(
            "not_utf8",
            "The file seems to be in UTF-16, or is no text; save it as UTF-8.",
        ));
    }
    if text.iter().all(u8::is_ascii_whitespace) && text.len() < LOOKED_AT {
        return Err(failure("empty", "The file has no rows."));
    }
    Ok(())
}

fn too_long(line: i64) -> String {
    format!("The row on line {line} is longer than 1 MiB.")
}
