//! Names of files as people see them. A name never leads anywhere: files are
//! stored by their hashes. It is kept so that whoever opens the file finds it
//! again, in a form that no file system and no eye reads as something else.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// Most bytes of a name; file systems take 255.
const MOST_BYTES: usize = 200;
/// Most characters of an ending.
const ENDING: usize = 10;
/// What a file without a name is called.
const NAMELESS: &str = "document";
/// Names that stand for devices on Windows.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// A name that is safe to show and to save under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// The safe form of a name that somebody sent: the last part of a path, in
    /// NFC, without control characters and those that turn or hide what is
    /// read, and with an underscore for what some file system forbids.
    pub fn of(sent: &str) -> Self {
        let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
        let safe: String = last
            .chars()
            .filter(|c| !c.is_control() && !is_invisible(*c))
            .nfc()
            .map(|c| {
                let forbidden = matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*');
                match c {
                    _ if forbidden => '_',
                    c if c.is_whitespace() => ' ',
                    c => c,
                }
            })
            .collect();
        let safe = safe.trim_matches(|c: char| c == '.' || c == ' ');
        let stem = safe.split('.').next().unwrap_or_default().trim();
        let stem = stem.to_ascii_lowercase();
        let port = stem.strip_prefix("com").or(stem.strip_prefix("lpt"));
        let port = port.is_some_and(|rest| rest.len() == 1 && rest != "0");
        let device = DEVICES.contains(&stem.as_str()) || port;
        let name = match safe {
            "" => NAMELESS.to_owned(),
            _ if device => format!("_{safe}"),
            _ => safe.to_owned(),
        };
        Self(shortened(name))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the last dot, in lower case.
    pub fn ending(&self) -> Option<String> {
        let (stem, ending) = self.0.rsplit_once('.')?;
        let letters = !ending.is_empty()
            && ending.chars().count() <= ENDING
            && ending.chars().all(char::is_alphanumeric);
        (letters && !stem.is_empty()).then(|| ending.to_lowercase())
    }

    /// The same with the first of these endings, unless it has one of them.
    #[must_use]
    pub fn with_ending(self, endings: &[&str]) -> Self {
        let has = self.ending();
        match (has, endings.first()) {
            (Some(ending), _) if endings.contains(&ending.as_str()) => self,
            (_, Some(usual)) => Self(shortened(format!("{}.{usual}", self.0))),
            (_, None) => self,
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters that turn the direction of what follows, or can't be seen.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61C}'
            | '\u{AD}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// The name cut before its ending.
fn shortened(name: String) -> String {
    if name.len() <= MOST_BYTES {
        return name;
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= ENDING => (stem, format!(".{ending}")),
        _ => (name.as_str(), String::new()),
    };
    let room = MOST_BYTES - ending.len();
    let cut = (0..=room).rev().find(|at| stem.is_char_boundary(*at));
    let stem = stem.get(..cut.unwrap_or(0)).unwrap_or_default();
    format!("{}{ending}", stem.trim_end_matches(['.', ' ']))
}
