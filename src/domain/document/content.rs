//! What the bytes of a file are, told from the bytes, and whether the file is
//! what it is called and said to be. Only forms that people exchange and that
//! run nothing by themselves are taken.

use super::file_name::FileName;
use super::zip::{ends_as_archive, names};
use crate::domain::fault::Faults;
use crate::domain::values::codes;

/// Bytes of a file's beginning that are looked at.
pub const HEAD: usize = 4 << 10;
/// Bytes of its end, where an archive lists what is in it.
pub const TAIL: usize = 1 << 20;
/// How far from its end a PDF may say that it ends (what readers look through).
const PDF_END: usize = 1_024;

codes! {
    /// The forms that are taken.
    ContentKind {
        /// PDF (ISO 32000).
        Pdf = "pdf",
        /// A text document (ISO 29500).
        Docx = "docx",
        /// A workbook.
        Xlsx = "xlsx",
        /// A presentation.
        Pptx = "pptx",
        /// A picture (ISO 15948).
        Png = "png",
        /// A photograph (ISO 10918).
        Jpeg = "jpeg",
        /// A table as text (RFC 4180), in UTF-8.
        Csv = "csv",
        /// Text in UTF-8.
        Text = "text",
    }
}

impl ContentKind {
    /// The media type with which it is sent.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pptx => {
                "application/vnd.openxmlformats-officedocument.presentationml.presentation"
            }
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    /// How names of such files end, the usual ending first.
    pub const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::Docx => &["docx"],
            Self::Xlsx => &["xlsx"],
            Self::Pptx => &["pptx"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Csv => &["csv"],
            Self::Text => &["txt"],
        }
    }

    /// What senders also call it: some programs say by habit what others mean
    /// something else by.
    const fn also_called(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["application/x-pdf"],
            Self::Jpeg => &["image/jpg", "image/pjpeg"],
            // Spreadsheets have taken the ending for theirs.
            Self::Csv => &[
                "application/csv",
                "application/vnd.ms-excel",
                "text/comma-separated-values",
                "text/plain",
            ],
            _ => &[],
        }
    }

    fn is_called(self, media_type: &str) -> bool {
        let own = self.media_type().split(';').next().unwrap_or_default();
        own == media_type || self.also_called().contains(&media_type)
    }

    fn of_ending(ending: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.endings().contains(&ending))
    }
}

/// What bytes are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// Nothing at all.
    Empty,
    /// That.
    Binary(ContentKind),
    /// Text; of which sort its name says.
    Text,
    /// Something that is not taken.
    Unknown,
}

/// What is known of a file's bytes.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// Its first [`HEAD`] bytes.
    pub head: &'a [u8],
    /// Its last [`TAIL`] bytes.
    pub tail: &'a [u8],
    /// Its length.
    pub len: u64,
    /// Whether all of it is text, by [`TextCheck`].
    pub text: bool,
}

/// Recognises a file. Signatures must stand at its very beginning and fit its
/// end, so that neither a part of a file nor two files in one are taken.
pub fn recognise(sample: &Sample<'_>) -> Sniffed {
    let Sample {
        head,
        tail,
        len,
        text,
    } = *sample;
    if len == 0 {
        return Sniffed::Empty;
    }
    let end = |bytes: usize| tail.get(tail.len().saturating_sub(bytes)..).unwrap_or(tail);
    let archive = ends_as_archive(tail);
    let kind = if head.starts_with(b"%PDF-") {
        let ends = contains(end(PDF_END), b"%%EOF");
        (ends && !archive && !has_markup(head)).then_some(ContentKind::Pdf)
    } else if head.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") {
        let ends = tail.ends_with(b"\0\0\0\0IEND\xaeB`\x82");
        ends.then_some(ContentKind::Png)
    } else if head.starts_with(b"\xff\xd8\xff") {
        // Cameras put a little behind the picture.
        let ends = contains(end(64 << 10), b"\xff\xd9");
        (ends && !archive && !has_markup(head)).then_some(ContentKind::Jpeg)
    } else if head.starts_with(b"PK\x03\x04") {
        names(tail, len).and_then(|names| office(&names))
    } else if text && !begins_as_code(head) {
        return Sniffed::Text;
    } else {
        None
    };
    kind.map_or(Sniffed::Unknown, Sniffed::Binary)
}

/// Which office document has files of these names in it; none with macros, or
/// with names that would lead out of a folder.
fn office(names: &[&[u8]]) -> Option<ContentKind> {
    let has = |wanted: &[u8]| names.contains(&wanted);
    let below = |folder: &[u8]| names.iter().any(|name| name.starts_with(folder));
    let bad = names.iter().any(|name| {
        let lower = name.to_ascii_lowercase();
        let macros = contains(&lower, b"vbaproject") || contains(&lower, b"activex");
        macros || name.starts_with(b"/") || contains(name, b"..") || name.contains(&b'\\')
    });
    if bad || !has(b"[Content_Types].xml") || !has(b"_rels/.rels") {
        return None;
    }
    let kinds = [
        (b"word/".as_slice(), ContentKind::Docx),
        (b"xl/", ContentKind::Xlsx),
        (b"ppt/", ContentKind::Pptx),
    ];
    let mut found = kinds.into_iter().filter(|(folder, _)| below(folder));
    match (found.next(), found.next()) {
        (Some((_, kind)), None) => Some(kind),
        _ => None,
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Whether a browser that guesses would find a page in it.
fn has_markup(head: &[u8]) -> bool {
    let head = head.get(..1_024).unwrap_or(head).to_ascii_lowercase();
    [
        b"<html".as_slice(),
        b"<!doctype",
        b"<script",
        b"<svg",
        b"<body",
        b"<iframe",
    ]
    .iter()
    .any(|mark| contains(&head, mark))
}

/// Whether a text begins as pages, documents of other programs or scripts do.
fn begins_as_code(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let head = head.trim_ascii_start();
    head.starts_with(b"<")
        || head.starts_with(b"{\\rtf")
        || head.starts_with(b"#!")
        || has_markup(head)
}

/// Whether bytes that come piece by piece are text in UTF-8 without control
/// characters.
#[derive(Debug, Default)]
pub struct TextCheck {
    broken: bool,
    /// Bytes of a character whose rest is still to come.
    begun: Vec<u8>,
}

impl TextCheck {
    /// Looks at the next piece.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.broken {
            return;
        }
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.extend_from_slice(piece);
        let good = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) => {
                let (good, rest) = bytes.split_at(error.valid_up_to());
                self.broken = error.error_len().is_some();
                self.begun = rest.to_vec();
                std::str::from_utf8(good).unwrap_or_default()
            }
        };
        let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}');
        self.broken |= good.chars().any(control);
    }

    /// Whether it can't be text any more.
    pub const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether all of it was text.
    pub fn finish(&self) -> bool {
        !self.broken && self.begun.is_empty()
    }
}

/// Decides what a file is: its bytes, its name's ending and what its sender
/// called it must agree. Answers the name with its ending.
///
/// # Errors
/// Everything that doesn't fit.
pub fn settle(
    sniffed: Sniffed,
    declared: Option<&str>,
    name: FileName,
) -> Result<(ContentKind, FileName), Faults> {
    let mut faults = Faults::new();
    let ending = name.ending();
    let by_name = ending.as_deref().and_then(ContentKind::of_ending);
    let said = declared.map(|text| text.split(';').next().unwrap_or_default().trim());
    let said = said.map(str::to_ascii_lowercase);
    let said = said.filter(|text| !text.is_empty() && text != "application/octet-stream");
    let kind = match sniffed {
        Sniffed::Empty => {
            faults.push("/file", "empty", "The file has no bytes.");
            None
        }
        Sniffed::Unknown => {
            faults.push("/file", "unknown_content", "Its bytes are none of: PDF, docx, xlsx and pptx without macros, PNG, JPEG, text and CSV in UTF-8.");
            None
        }
        Sniffed::Binary(kind) => Some(kind),
        Sniffed::Text if by_name == Some(ContentKind::Csv) => Some(ContentKind::Csv),
        Sniffed::Text if ending.is_none() && said.as_deref() == Some("text/csv") => {
            Some(ContentKind::Csv)
        }
        Sniffed::Text => Some(ContentKind::Text),
    };
    if ending.is_some() && (by_name.is_none() || kind.is_some() && by_name != kind) {
        let detail = match kind {
            Some(kind) => format!("Its bytes are {kind}, which its name does not say."),
            None => "Files whose names end so are not taken.".to_owned(),
        };
        if by_name.is_none() || kind.is_some() {
            faults.push("/file/name", "ending_mismatch", detail);
        }
    }
    if let (Some(kind), Some(said)) = (kind, &said)
        && !kind.is_called(said)
    {
        let detail = format!("Its bytes are {kind}, and it was sent as another type.");
        faults.push("/file/type", "type_mismatch", detail);
    }
    match kind {
        Some(kind) if faults.is_empty() => Ok((kind, name.with_ending(kind.endings()))),
        _ => Err(faults),
    }
}
