//! Text that people write: parsed once, afterwards the type is the proof.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::seen::{called, is_isolate, is_seen};
use super::word::Word;

macro_rules! text_display {
    ($name:ident) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

mod address;
mod localized;

pub use address::{Email, Website};
pub use localized::{LocalText, Localized, TextState};

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Over the limit, in characters.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// Nothing that can be seen: marks and characters without a shape alone.
    #[error("must have a character that can be seen")]
    Invisible,
    /// A control character, or one that turns the reading direction of what
    /// follows it (a way to forge how a name reads).
    #[error("must not contain {}", called(*.0))]
    Control(char),
    /// Not of the form the field needs.
    #[error("{0}")]
    Form(&'static str),
}

/// Checks and trims a text of `1..=max` characters, one of them one that can be
/// seen. Line breaks are allowed only when `lines` says so; the result is in
/// NFC. Isolates, which keep the direction of a part from its surroundings and
/// stand in what is copied from mails and pages, are left out: whoever shows a
/// text isolates it anew.
pub fn bounded(text: &str, max: usize, lines: bool) -> Result<String, TextFault> {
    let bare = text.chars().filter(|c| !is_isolate(*c));
    let text: String = bare.nfc().collect();
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err(TextFault::Empty);
    }
    if text.chars().count() > max {
        return Err(TextFault::TooLong(max));
    }
    let refused = |c: char| {
        (c.is_control() && !(lines && c == '\n'))
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{FEFF}')
    };
    if let Some(c) = text.chars().find(|c| refused(*c)) {
        return Err(TextFault::Control(c));
    }
    if !text.chars().any(is_seen) {
        return Err(TextFault::Invisible);
    }
    Ok(text)
}

/// A person's or a firm's name: one line of at most 200 characters, any script.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);
text_display!(Name);

impl Name {
    /// A name that was valid when it was put on record, whatever is asked of
    /// new ones since. None of one that is empty, which never was.
    pub fn on_record(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(text.to_owned()))
    }
}

impl FromStr for Name {
    type Err = TextFault;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        bounded(s, 200, false).map(Self)
    }
}

/// A short ASCII word that names something in an address or a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(Word);
text_display!(Slug);

impl Slug {
    /// The same as a word that may be anything.
    pub fn to_word(&self) -> Word {
        self.0.clone()
    }
}

impl FromStr for Slug {
    type Err = TextFault;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let ok = (1..=80).contains(&s.len())
            && s.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if ok {
            Ok(Self(s.into()))
        } else {
            Err(TextFault::Form(
                "must be 1 to 80 lower-case letters, digits, hyphens or underscores",
            ))
        }
    }
}

/// A language tag (BCP 47, RFC 5646): a primary subtag of two or three letters
/// and optional further subtags, in its usual case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);
text_display!(Language);

impl Language {
    /// English, which every published text must have.
    pub fn english() -> Self {
        Self("en".to_owned())
    }

    /// The primary subtag, by which languages are compared.
    pub fn primary(&self) -> &str {
        let end = self.0.bytes().position(|byte| byte == b'-');
        end.and_then(|end| self.0.get(..end)).unwrap_or(&self.0)
    }

    /// Reading direction, as HTML's `dir` wants it.
    pub fn direction(&self) -> &'static str {
        match self.primary() {
            "he" | "ar" | "fa" | "ur" | "yi" => "rtl",
            _ => "ltr",
        }
    }
}

impl FromStr for Language {
    type Err = TextFault;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let well_formed = s.len() <= 35
            && s.split('-').enumerate().all(|(place, part)| {
                let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
                let alphanumeric = part.bytes().all(|b| b.is_ascii_alphanumeric());
                if place == 0 {
                    letters && (2..=3).contains(&part.len())
                } else {
                    alphanumeric && (1..=8).contains(&part.len())
                }
            });
        if !well_formed {
            return Err(TextFault::Form(
                "must be a language tag such as en, he or az-Latn",
            ));
        }
        let mut tag = String::with_capacity(s.len());
        for (place, part) in s.split('-').enumerate() {
            if place > 0 {
                tag.push('-');
            }
            match (place, part.len()) {
                (1.., 2) => tag.push_str(&part.to_ascii_uppercase()),
                (1.., 4) => {
                    let lower = part.to_ascii_lowercase();
                    let (first, rest) = lower.split_at(1);
                    tag.push_str(&first.to_ascii_uppercase());
                    tag.push_str(rest);
                }
                _ => tag.push_str(&part.to_ascii_lowercase()),
            }
        }
        Ok(Self(tag))
    }
}

/// Folds a text for comparison: compatibility forms and marks removed, lower
/// case without regard to locale (İ, I, ı and i are one), ə as e, punctuation
/// and runs of white space as one space.
pub fn fold(text: &str) -> String {
    // Nothing in ASCII has another form or a mark, and the tables cost time.
    if text.is_ascii() {
        return folded(text.chars(), text.len());
    }
    let bare = text.nfkd().filter(|c| !is_combining_mark(*c));
    let plain = bare.map(|c| match c {
        'ı' | 'İ' => 'i',
        'ə' | 'Ə' => 'e',
        'ø' | 'Ø' => 'o',
        'ł' | 'Ł' => 'l',
        'ё' | 'Ё' => 'е',
        'ʼ' | 'ʻ' | 'ʾ' | 'ʿ' => '\'',
        other => other,
    });
    folded(plain, text.len())
}

fn folded(letters: impl Iterator<Item = char>, room: usize) -> String {
    let mut folded = String::with_capacity(room);
    let mut gap = false;
    for c in letters {
        if c.is_alphanumeric() {
            if gap && !folded.is_empty() {
                folded.push(' ');
            }
            gap = false;
            folded.extend(c.to_lowercase());
        } else {
            gap = true;
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed_once() {
        for good in ["dana@tamar.example", "d.o'neil+x@a-b.co.il", "A@B.EXAMPLE"] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "dana",
            "dana@",
            "@x.example",
            "a b@x.example",
            "a@x",
            "a@-x.example",
            "a..b@x.example",
            "a@x.example\r\nBcc: b@y.example",
            "<a@x.example>",
        ] {
            assert!(bad.parse::<Email>().is_err(), "{bad}");
        }
        assert_eq!("A@B.example".parse::<Email>(), "a@b.EXAMPLE".parse());
    }

    #[test]
    fn ascii_is_folded_like_everything_else() {
        for text in ["", " ", "Tamar", "O'Neil & Sons-2", "  a_B\tc. ", "!?"] {
            let whole = fold(&format!("{text} ə"));
            assert_eq!(whole, format!("{} e", fold(text)).trim_start(), "{text:?}");
        }
    }

    #[test]
    fn names_keep_their_script_and_refuse_tricks() {
        for good in [
            "תמר זרימה",
            "Əliyev və oğulları",
            "ООО Каспий",
            "O'Neil & Sons",
        ] {
            assert_eq!(
                good.parse::<Name>().map(|n| n.to_string()),
                Ok(good.to_owned())
            );
        }
        for bad in ["", "  ", "a\u{202E}b", "a\nb", "a\u{0}b"] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        for unseen in [
            "\u{200b}",
            "\u{301}",
            "\u{200f}\u{34f} \u{3164}",
            "\u{2800}",
        ] {
            assert_eq!(
                unseen.parse::<Name>(),
                Err(TextFault::Invisible),
                "{unseen:?}"
            );
        }
        let overridden = "a\u{202E}b".parse::<Name>().unwrap_err().to_string();
        assert_eq!(
            overridden,
            "must not contain U+202E (RIGHT-TO-LEFT OVERRIDE)"
        );
        // As it stands in what Corridor writes itself.
        let copied = "\u{2068}תמר\u{2069} \u{2066}Ltd\u{2069}".parse::<Name>();
        assert_eq!(
            copied.map(|name| name.to_string()),
            Ok("תמר Ltd".to_owned())
        );
        assert_eq!("\u{2068}\u{2069}".parse::<Name>(), Err(TextFault::Empty));
    }

    #[test]
    fn websites_name_a_host() {
        assert_eq!(
            "https://www.Tamar.example/x?y"
                .parse::<Website>()
                .map(|w| w.host()),
            Ok("tamar.example".into())
        );
        for (address, host) in [
            ("HTTPS://Tamar.example:443/", "tamar.example"),
            ("https://şirkət.az", "xn--irkt-45a71m.az"),
            ("https://www.ŞiRKƏT.az/x", "xn--irkt-45a71m.az"),
            ("https://קורידור.co.il", "xn--7dbdbo2ehd.co.il"),
            ("https://xn--7dbdbo2ehd.co.il", "xn--7dbdbo2ehd.co.il"),
        ] {
            let website: Website = address.parse().unwrap();
            assert_eq!(website.to_string(), address);
            assert_eq!(website.host(), host, "{address}");
        }
        for bad in [
            "ftp://x.example",
            "https://user@x.example",
            "https://localhost",
            "https://x.example/a b",
            "https://аррӏе.com",
        ] {
            assert!(bad.parse::<Website>().is_err(), "{bad}");
        }
    }

    #[test]
    fn language_tags_take_their_usual_case() {
        assert_eq!(
            "AZ-latn-az".parse::<Language>().map(|l| l.to_string()),
            Ok("az-Latn-AZ".into())
        );
        assert!("english".parse::<Language>().is_err());
    }

    #[test]
    fn folding_ignores_case_marks_and_turkic_i() {
        for (a, b) in [
            ("İSTİQLAL", "istiqlal"),
            ("Qarabağ", "QARABAG"),
            ("Əliyev", "eliyev"),
            ("IŞIQ", "ışıq"),
            ("a - b", "A  B"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        assert_ne!(fold("תמר"), fold("תומר"));
    }

    #[test]
    fn a_reader_gets_their_language_then_english() {
        let text = |t: &str| LocalText {
            text: t.into(),
            state: TextState::Original,
        };
        let localized: Localized = [("en", "water"), ("he", "מים")]
            .into_iter()
            .filter_map(|(l, t)| Some((l.parse().ok()?, text(t))))
            .collect();
        let read = |l: &str| {
            l.parse()
                .ok()
                .and_then(|l| localized.for_reader(&l).map(|(_, t)| t.text.clone()))
        };
        assert_eq!(read("he-IL").as_deref(), Some("מים"));
        assert_eq!(read("ru").as_deref(), Some("water"));
    }
}
