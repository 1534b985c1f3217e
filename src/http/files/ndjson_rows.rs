//! Rows of NDJSON: a JSON object a line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use serde_json::Value;

use super::rows::{illegible, row};
use super::{LONGEST_ROW, too_long};
use crate::domain::import::Place;
use crate::domain::tag::Taxonomy;
use crate::http::fields::read_line;
use crate::http::limits::nests_deeper_than;
use crate::services::import_jobs::rows::{Batch, FileRow, RowReader, Unreadable};

/// Nesting of a line, as of any JSON body.
const DEEPEST: usize = 32;

/// The lines of a file.
pub struct NdjsonRows {
    input: BufReader<File>,
    place: Place,
    taxonomy: Arc<Taxonomy>,
}

impl NdjsonRows {
    /// The lines from `place` on.
    pub fn open(mut file: File, place: Place, taxonomy: Arc<Taxonomy>) -> Result<Self, Unreadable> {
        file.seek(SeekFrom::Start(u64::try_from(place.byte).unwrap_or(0)))?;
        Ok(Self {
            input: BufReader::with_capacity(64 << 10, file),
            place,
            taxonomy,
        })
    }

    /// The next line without its end; none after the last. One that is too
    /// long is read over, and cut off.
    fn line(&mut self) -> io::Result<Option<(Vec<u8>, bool)>> {
        let mut line = Vec::new();
        let limit = u64::try_from(LONGEST_ROW + 1).unwrap_or(u64::MAX);
        let mut read = (&mut self.input).take(limit).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        let is_long = line.len() > LONGEST_ROW && line.last() != Some(&b'\n');
        if is_long {
            read += self.skip_line()?;
        }
        self.place.byte += i64::try_from(read).unwrap_or(0);
        self.place.line += 1;
        Ok(Some((line, is_long)))
    }

    fn skip_line(&mut self) -> io::Result<usize> {
        let mut skipped = 0;
        loop {
            let buffer = self.input.fill_buf()?;
            let (used, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.input.consume(used);
            skipped += used;
            if ended {
                return Ok(skipped);
            }
        }
    }

    fn row(&self, number: i64, line: &[u8]) -> FileRow {
        let line = match number {
            1 => line.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(line),
            _ => line,
        };
        if std::str::from_utf8(line).is_err() {
            return illegible(number, "not_utf8", "The row is not in UTF-8.");
        }
        if nests_deeper_than(DEEPEST, line) {
            let detail = format!("At most {DEEPEST} levels are read.");
            return illegible(number, "too_deep", detail);
        }
        let document: Value = match serde_json::from_slice(line) {
            Ok(document @ Value::Object(_)) => document,
            Ok(_) => return illegible(number, "wrong_type", "Expected an object."),
            Err(_) => {
                let faults = read_line::<Value>(line).err();
                let faults = faults.map(|misfit| misfit.faults.into_vec());
                return FileRow {
                    line: number,
                    external_id: None,
                    firm: Err(faults.unwrap_or_default()),
                };
            }
        };
        row(number, document, read_line(line), &self.taxonomy)
    }
}

impl RowReader for NdjsonRows {
    fn next(&mut self, limit: usize) -> Result<Batch, Unreadable> {
        let mut rows = Vec::with_capacity(limit);
        while rows.len() < limit {
            let number = self.place.line + 1;
            let Some((line, is_long)) = self.line()? else {
                return Ok(self.batch(rows, true));
            };
            if is_long {
                rows.push(illegible(number, "row_too_long", too_long(number)));
            } else if !line.iter().all(u8::is_ascii_whitespace) {
                rows.push(self.row(number, &line));
            }
        }
        let is_last = self.input.fill_buf()?.is_empty();
        Ok(self.batch(rows, is_last))
    }
}

impl NdjsonRows {
    const fn batch(&self, rows: Vec<FileRow>, is_last: bool) -> Batch {
        Batch {
            rows,
            place: self.place,
            is_last,
        }
    }
}
