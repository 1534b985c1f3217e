//! One page that shows files with mails and pages side by side, a row for each
//! with a frame for each language.

use std::collections::BTreeMap;

use askama::Template;

/// One file, in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Which, beside the page that shows it.
    pub file: String,
    /// BCP 47 tag.
    pub language: &'static str,
    /// Reading direction.
    pub direction: &'static str,
}

/// Mails, or pages.
#[derive(Debug, Clone)]
pub struct Part {
    /// In one word, for addresses within the page.
    pub id: &'static str,
    /// Above them.
    pub title: &'static str,
    /// By name, a frame for each language.
    pub shown: BTreeMap<&'static str, Vec<Frame>>,
}

#[derive(Template)]
#[template(path = "gallery.html", config = "src/http/pages/askama.toml")]
struct Gallery<'a> {
    parts: &'a [Part],
}

/// The page that shows them.
///
/// # Panics
/// Never: writing strings into a string doesn't fail.
pub fn html(parts: &[Part]) -> String {
    Gallery { parts }
        .render()
        .expect("writing strings into a string doesn't fail")
}
