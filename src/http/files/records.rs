//! The records of a CSV file (RFC 4180), each with the line on which it
//! begins. A record that breaks the rules of quotation marks is told with the
//! line and the cell where the mark was opened, and reading goes on at the line
//! after that one: a mark that somebody forgot costs its own row, not the rest
//! of the file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that a record may have; an unclosed quotation mark makes one of the
/// rest of a file.
pub const LONGEST: usize = 1 << 20;
/// Bytes that are fetched at a time.
const PIECE: usize = 64 << 10;

/// The records of a file, in order.
pub struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    /// Bytes of the buffer that belong to records before.
    used: usize,
    is_ended: bool,
    breaks: Breaks,
    byte: u64,
    line: u64,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breaks {
    /// A line feed, with or without a carriage return before it.
    Feed,
    /// A carriage return alone, as old programs on a Macintosh write it.
    Return,
}

impl Breaks {
    const fn is_break(self, byte: u8) -> bool {
        byte == b'\n' || (byte == b'\r' && matches!(self, Self::Return))
    }

    /// Of a file that begins so; by its first line.
    fn of(start: &[u8]) -> Self {
        let mut quoted = false;
        let mut bytes = start.iter().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => quoted = !quoted,
                b'\n' if !quoted => return Self::Feed,
                b'\r' if !quoted && bytes.peek() != Some(&&b'\n') => return Self::Return,
                _ => {}
            }
        }
        Self::Feed
    }
}

/// The cells of a record, without their quotation marks.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it begins, from 1.
    pub line: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    is_quoted: bool,
}

impl Record {
    /// How many cells there are.
    pub const fn width(&self) -> usize {
        self.ends.len()
    }

    /// Whether it is a line with nothing on it.
    pub const fn is_blank(&self) -> bool {
        self.ends.len() == 1 && self.bytes.is_empty() && !self.is_quoted
    }

    /// One cell.
    pub fn get(&self, place: usize) -> Option<&[u8]> {
        let end = *self.ends.get(place)?;
        let start = match place.checked_sub(1) {
            None => 0,
            Some(before) => *self.ends.get(before)?,
        };
        self.bytes.get(start..end)
    }

    /// The cells.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.width()).filter_map(|place| self.get(place))
    }

    fn begin(&mut self, line: u64) {
        self.line = line;
        self.bytes.clear();
        self.ends.clear();
        self.is_quoted = false;
    }

    fn end_cell(&mut self) {
        self.ends.push(self.bytes.len());
    }
}

/// Why a record can't be told from what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The line of the quotation mark, or of the record where there is none.
    pub line: u64,
    /// Which cell it is, from 0.
    pub cell: usize,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The cell that a quotation mark opens is not closed before the end of
    /// the file, or within [`LONGEST`] bytes.
    NeverClosed,
    /// The cell that a quotation mark opens runs on into that line, where a
    /// mark stands in the middle of a text.
    RunsOn(u64),
    /// There is more in the cell after the mark that closes it.
    NotDoubled,
    /// It has more than [`LONGEST`] bytes.
    TooLong,
}

impl Broken {
    /// Stable, `snake_case`.
    pub const fn code(&self) -> &'static str {
        match self.why {
            Why::NeverClosed | Why::RunsOn(_) => "unclosed_quote",
            Why::NotDoubled => "bad_quote",
            Why::TooLong => "row_too_long",
        }
    }

    /// What is wrong, for people; `cell` is what its column is called.
    pub fn said(&self, cell: &str) -> String {
        let line = self.line;
        match self.why {
            Why::NeverClosed => format!(
                "This quotation mark is never closed: the one on line {line} that opens {cell}."
            ),
            Why::RunsOn(to) => format!(
                "This quotation mark is never closed: the one on line {line} that opens {cell}. It would run on into line {to}."
            ),
            Why::NotDoubled => format!(
                "After the quotation mark that closes {cell} there is more text on line {line}; within quotation marks one is written twice (\"\")."
            ),
            Why::TooLong => format!("The row on line {line} is longer than 1 MiB."),
        }
    }
}

/// Where a record is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the first character of a cell.
    Cell,
    /// Within one without quotation marks.
    Plain,
    /// Within quotation marks.
    Quoted,
    /// After a mark within quotation marks: the last one, or one of two.
    Mark,
    /// After the last one and a space.
    MarkSpace,
    /// After the last one and a carriage return.
    MarkReturn,
}

/// How far a record was read.
struct Scan {
    at: At,
    /// Bytes of it that were looked at.
    seen: usize,
    /// Lines that ended in it.
    lines: u64,
    /// The line on which the open mark stands.
    opened: u64,
    /// The end of that line, once it was seen.
    after_opened: Option<usize>,
}

enum Step {
    /// More bytes are needed.
    More,
    /// It is over, with that many bytes.
    Whole,
    /// It is broken; reading goes on that many bytes later, at a new line or,
    /// with none, at the next one.
    Broken(Why, Option<usize>),
}

impl Scan {
    const fn of(line: u64) -> Self {
        Self {
            at: At::Cell,
            seen: 0,
            lines: 0,
            opened: line,
            after_opened: None,
        }
    }

    fn run(&mut self, bytes: &[u8], breaks: Breaks, record: &mut Record) -> Step {
        for byte in bytes.get(self.seen..).unwrap_or_default() {
            let byte = *byte;
            if self.seen >= LONGEST {
                return match self.at {
                    At::Quoted => Step::Broken(Why::NeverClosed, self.after_opened),
                    _ => Step::Broken(Why::TooLong, None),
                };
            }
            self.seen += 1;
            let is_break = breaks.is_break(byte);
            if is_break {
                self.lines += 1;
            }
            match self.at {
                At::Cell | At::Plain => match byte {
                    b'"' if self.at == At::Cell => {
                        record.is_quoted = true;
                        self.at = At::Quoted;
                        self.opened = record.line + self.lines;
                        self.after_opened = None;
                    }
                    b',' => {
                        record.end_cell();
                        self.at = At::Cell;
                    }
                    _ if is_break => {
                        let feeds = breaks == Breaks::Feed && self.at == At::Plain;
                        if feeds && record.bytes.last() == Some(&b'\r') {
                            record.bytes.pop();
                        }
                        record.end_cell();
                        return Step::Whole;
                    }
                    _ => {
                        record.bytes.push(byte);
                        self.at = At::Plain;
                    }
                },
                At::Quoted if byte == b'"' => self.at = At::Mark,
                At::Quoted => {
                    if is_break && self.after_opened.is_none() {
                        self.after_opened = Some(self.seen);
                    }
                    record.bytes.push(if is_break { b'\n' } else { byte });
                }
                At::Mark | At::MarkSpace | At::MarkReturn => match byte {
                    _ if is_break => {
                        record.end_cell();
                        return Step::Whole;
                    }
                    b'"' if self.at == At::Mark => {
                        record.bytes.push(byte);
                        self.at = At::Quoted;
                    }
                    b',' if self.at != At::MarkReturn => {
                        record.end_cell();
                        self.at = At::Cell;
                    }
                    b' ' if self.at != At::MarkReturn => self.at = At::MarkSpace,
                    b'\r' => self.at = At::MarkReturn,
                    _ => {
                        let here = record.line + self.lines;
                        let why = if here == self.opened {
                            Why::NotDoubled
                        } else {
                            Why::RunsOn(here)
                        };
                        return Step::Broken(why, self.after_opened);
                    }
                },
            }
        }
        Step::More
    }

    /// What it comes to where the file ends.
    fn end(&self, record: &mut Record) -> Step {
        if self.at == At::Quoted {
            return Step::Broken(Why::NeverClosed, self.after_opened);
        }
        if record.bytes.last() == Some(&b'\r') && self.at == At::Plain {
            record.bytes.pop();
        }
        record.end_cell();
        Step::Whole
    }
}

impl<R: Read> Records<R> {
    /// The records of a file from its beginning, a byte order mark left out.
    ///
    /// # Errors
    /// It can't be read.
    pub fn of(input: R) -> io::Result<Self> {
        let mut records = Self {
            input,
            buffer: Vec::with_capacity(PIECE),
            used: 0,
            is_ended: false,
            breaks: Breaks::Feed,
            byte: 0,
            line: 0,
        };
        while records.buffer.len() < PIECE && !records.is_ended {
            records.fill()?;
        }
        records.breaks = Breaks::of(&records.buffer);
        if records.buffer.starts_with("\u{FEFF}".as_bytes()) {
            records.advance("\u{FEFF}".len());
        }
        Ok(records)
    }

    /// Bytes before the next record.
    pub const fn byte(&self) -> u64 {
        self.byte
    }

    /// Lines before the next record.
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Reads the next record into `record`; false after the last. What is
    /// before a quotation mark that breaks it is in `record` then.
    ///
    /// # Errors
    /// The file can't be read, or (within) the record is broken.
    pub fn read(&mut self, record: &mut Record) -> io::Result<Result<bool, Broken>> {
        record.begin(self.line + 1);
        let mut scan = Scan::of(record.line);
        loop {
            let rest = self.buffer.get(self.used..).unwrap_or_default();
            let step = scan.run(rest, self.breaks, record);
            let step = match step {
                Step::More if self.is_ended && scan.seen == 0 => return Ok(Ok(false)),
                Step::More if self.is_ended => {
                    scan.lines += 1;
                    scan.end(record)
                }
                Step::More => {
                    self.fill()?;
                    continue;
                }
                step => step,
            };
            let Step::Broken(why, go_on) = step else {
                self.advance(scan.seen);
                self.line += scan.lines;
                return Ok(Ok(true));
            };
            let broken = Broken {
                line: match why {
                    Why::TooLong => record.line,
                    _ => scan.opened,
                },
                cell: record.width(),
                why,
            };
            if let Some(bytes) = go_on {
                self.advance(bytes);
                self.line = scan.opened;
            } else {
                // No line ended since the mark, or only the file.
                self.advance(scan.seen);
                self.line = match why {
                    Why::TooLong => self.line + scan.lines,
                    _ => scan.opened - 1,
                };
                self.skip_line()?;
            }
            return Ok(Err(broken));
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.used += bytes;
        self.byte += u64::try_from(bytes).unwrap_or(0);
    }

    /// Reads over what is left of a line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let rest = self.buffer.get(self.used..).unwrap_or_default();
            let end = rest.iter().position(|byte| self.breaks.is_break(*byte));
            self.advance(end.map_or(rest.len(), |end| end + 1));
            if end.is_some() || self.is_ended {
                break;
            }
            self.fill()?;
        }
        self.line += 1;
        Ok(())
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.used.min(self.buffer.len()));
        self.used = 0;
        let piece = u64::try_from(PIECE).unwrap_or(u64::MAX);
        let read = io::Read::by_ref(&mut self.input)
            .take(piece)
            .read_to_end(&mut self.buffer)?;
        self.is_ended = read == 0;
        Ok(())
    }
}

impl Records<File> {
    /// Goes on where a record begins, `line` lines from the beginning.
    ///
    /// # Errors
    /// It can't be read.
    pub fn go_on_at(&mut self, byte: u64, line: u64) -> io::Result<()> {
        self.input.seek(SeekFrom::Start(byte))?;
        self.buffer.clear();
        self.used = 0;
        self.is_ended = false;
        self.byte = byte;
        self.line = line;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Row = (u64, Vec<String>);

    fn all(text: &str) -> Vec<Result<Row, Broken>> {
        let mut records = Records::of(text.as_bytes()).unwrap();
        let mut record = Record::default();
        let mut found = Vec::new();
        loop {
            match records.read(&mut record).unwrap() {
                Ok(false) => break,
                Ok(true) if record.is_blank() => {}
                Ok(true) => {
                    let cells = record.iter();
                    let cells = cells.map(|cell| String::from_utf8(cell.to_vec()).unwrap());
                    found.push(Ok((record.line, cells.collect())));
                }
                Err(broken) => found.push(Err(broken)),
            }
        }
        assert_eq!(records.byte(), u64::try_from(text.len()).unwrap());
        found
    }

    /// A row as it is read.
    const ROW: fn(u64, &[&str]) -> Result<Row, Broken> =
        |line, cells| Ok((line, cells.iter().map(|cell| (*cell).to_owned()).collect()));

    fn broken(line: u64, cell: usize, why: Why) -> Result<Row, Broken> {
        Err(Broken { line, cell, why })
    }

    #[test]
    fn records_are_told_apart_whatever_ends_a_line() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "\"x\"\"y,\",", "1,\"l\nm\" ", "\"\"", "é,ש"].join(end);
            let text = text.replace("l\nm", &format!("l{end}m"));
            let inner = if end == "\r\n" { "l\r\nm" } else { "l\nm" };
            let expected = [
                ROW(1, &["a", "b"]),
                ROW(3, &["x\"y,", ""]),
                ROW(4, &["1", inner]),
                ROW(6, &[""]),
                ROW(7, &["é", "ש"]),
            ];
            assert_eq!(all(&text), expected, "{end:?}");
            assert_eq!(all(&format!("\u{FEFF}{text}{end}")), expected, "{end:?}");
        }
        assert_eq!(
            all("a\rb,c\nd"),
            [ROW(1, &["a"]), ROW(2, &["b", "c"]), ROW(3, &["d"])]
        );
        assert_eq!(
            all("a,b\nc\rd,e"),
            [ROW(1, &["a", "b"]), ROW(2, &["c\rd", "e"])]
        );
        assert_eq!(all("5\" pipe,b"), [ROW(1, &["5\" pipe", "b"])]);
        assert_eq!(all(""), []);
    }

    #[test]
    fn a_mark_that_is_not_closed_costs_its_own_line() {
        assert_eq!(
            all("h,i\n1,\"a\n2,b\n3,c\n"),
            [
                ROW(1, &["h", "i"]),
                broken(2, 1, Why::NeverClosed),
                ROW(3, &["2", "b"]),
                ROW(4, &["3", "c"]),
            ]
        );
        // The next mark would close it, in the middle of a text.
        assert_eq!(
            all("1,\"a\n2,b\n3,\"c\",d\n"),
            [
                broken(1, 1, Why::RunsOn(3)),
                ROW(2, &["2", "b"]),
                ROW(3, &["3", "c", "d"]),
            ]
        );
        // Not the line on which its row begins.
        assert_eq!(
            all("\"x\ny\",\"a\n2,b"),
            [broken(2, 1, Why::NeverClosed), ROW(3, &["2", "b"])]
        );
        assert_eq!(
            all("a,\"b \"c\" d\"\n1,2\n3,\"4"),
            [
                broken(1, 1, Why::NotDoubled),
                ROW(2, &["1", "2"]),
                broken(3, 1, Why::NeverClosed),
            ]
        );
        // A mark after a space is no second one of a pair.
        for text in ["\"Acme\" \"Labs\",x\n1,2\n", "\"a\" \"b\n1,2\n"] {
            let expected = [broken(1, 0, Why::NotDoubled), ROW(2, &["1", "2"])];
            assert_eq!(all(text), expected, "{text}");
        }
        let long = format!("\"a\n{}\n1,2\n", "b".repeat(LONGEST + PIECE));
        assert_eq!(
            all(&long),
            [
                broken(1, 0, Why::NeverClosed),
                broken(2, 0, Why::TooLong),
                ROW(3, &["1", "2"]),
            ]
        );
    }

    proptest! {
        #[test]
        fn what_is_written_by_the_rules_is_read_as_the_csv_crate_reads_it(
            rows in prop::collection::vec(
                prop::collection::vec("[a\",\nשə =-]{0,6}", 2..4), 1..6)
        ) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let read: Vec<Vec<String>> =
                all(&text).into_iter().map(|row| row.unwrap().1).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn whatever_a_file_holds_it_is_read_to_its_end(text in "[a\",\n\r ]{0,40}") {
            let mut lines = 0;
            for found in all(&text) {
                let line = match found { Ok((line, _)) => line, Err(broken) => broken.line };
                prop_assert!(line > lines || lines == 0, "{:?}", all(&text));
                lines = line;
            }
        }
    }
}
