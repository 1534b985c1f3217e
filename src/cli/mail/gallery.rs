//! `corridor mail preview --all`: every mail and every page that a mail leads
//! to, in every language, with one page that shows them side by side.

use std::fs;
use std::path::Path;

use super::examples::{BLURB, Facts, INVESTOR, STARTUP, facts, start};
use super::{LANGUAGES, unwritable};
use crate::cli::Failure;
use crate::http::pages::examples::{self as pages, Facts as PageFacts, Shown};
use crate::http::pages::gallery::{Frame, Part, html};
use crate::mail::notice::Language;

/// The name of the page that shows them.
const INDEX: &str = "index.html";

pub(super) fn direction(language: Language) -> &'static str {
    match language {
        Language::He => "rtl",
        Language::En | Language::Az | Language::Ru => "ltr",
    }
}

/// What stands in the frame of a file.
fn frame(file: String, (language, of): (&'static str, Language)) -> Frame {
    Frame {
        file,
        language,
        direction: direction(of),
    }
}

/// Where a page lies beside the mails.
fn page_file(name: &str, tag: &str) -> String {
    format!("page-{name}.{tag}.html")
}

/// Every page in one language.
pub(super) fn pages_in(tag: &str, language: Language) -> Result<Vec<Shown>, Failure> {
    let Facts {
        programme,
        country,
        teaser,
        mandate,
        reasons,
        band,
        stage,
        tags,
        reader,
        zone,
    } = facts(language);
    Ok(pages::all(&PageFacts {
        language: tag.parse().map_err(Failure::new)?,
        zone,
        now: start(),
        reader: reader.0.to_owned(),
        address: reader.1.to_owned(),
        startup: STARTUP.to_owned(),
        investor: INVESTOR.to_owned(),
        programme: programme.to_owned(),
        mandate: mandate.to_owned(),
        country: country.to_owned(),
        teaser: teaser.to_owned(),
        stage: stage.to_owned(),
        tags: tags.map(str::to_owned).to_vec(),
        band: band.to_owned(),
        reasons: reasons.map(str::to_owned).to_vec(),
        blurb: BLURB.to_owned(),
    }))
}

/// Writes the pages, and the page that shows them beside the mails that are
/// written already; answers how many pages.
pub(super) fn write(
    out: &Path,
    events: &[&'static str],
    wanted: &[(&'static str, Language)],
) -> Result<usize, Failure> {
    let mut mails = Part {
        id: "mail",
        title: "Mails",
        shown: events.iter().map(|event| (*event, vec![])).collect(),
    };
    let mut shown = Part {
        id: "page",
        title: "Pages",
        shown: std::collections::BTreeMap::new(),
    };
    let mut written = 0;
    for (tag, language) in LANGUAGES.into_iter().filter(|one| wanted.contains(one)) {
        for (event, frames) in &mut mails.shown {
            frames.push(frame(format!("{event}.{tag}.html"), (tag, language)));
        }
        for (name, html) in pages_in(tag, language)? {
            let file = page_file(name, tag);
            put(&out.join(&file), &html)?;
            let frames = shown.shown.entry(name).or_default();
            frames.push(frame(file, (tag, language)));
            written += 1;
        }
    }
    put(&out.join(INDEX), &html(&[mails, shown]))?;
    Ok(written)
}

fn put(path: &Path, html: &str) -> Result<(), Failure> {
    fs::write(path, html).map_err(|error| unwritable(path, &error))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::examples;
    use super::*;
    use crate::services::destinations::Destinations;

    /// The texts between the tags, without marks of direction.
    fn texts(html: &str) -> BTreeSet<String> {
        let mut bare = String::new();
        let mut rest = html;
        while let Some((before, (_, after))) = rest
            .split_once("<style>")
            .and_then(|(before, style)| Some((before, style.split_once("</style>")?)))
        {
            bare.push_str(before);
            rest = after;
        }
        bare.push_str(rest);
        let nodes = bare
            .split('>')
            .filter_map(|piece| piece.split('<').next())
            .map(|text| {
                text.trim()
                    .trim_matches(['\u{2068}', '\u{2069}'])
                    .to_owned()
            });
        let has_word = |text: &String| {
            text.split(|c: char| !c.is_ascii_alphabetic())
                .any(|word| word.len() >= 3)
        };
        nodes.filter(has_word).collect()
    }

    /// Whether it is the same in every language: names, addresses, what others
    /// wrote, and languages in their own words.
    fn is_of_all(text: &str) -> bool {
        // What stands behind a name in the title of a page.
        let text = text.strip_suffix(" – Corridor").unwrap_or(text);
        if !text.contains(char::is_alphabetic) {
            return true;
        }
        let written = BLURB.lines().any(|line| line == text);
        let said = ["Say who pays for it.", "Say what you look for."];
        let names = [STARTUP, INVESTOR, "Gülnar Əliyeva", "Rauf Hüseynov"];
        written
            || names.contains(&text)
            || said.iter().any(|said| text.contains(said))
            || ["English", "Azərbaycanca", "Corridor"].contains(&text)
            || text == BLURB
            || text.starts_with("https://")
            // A zone of the tz database, an address of somebody.
            || !text.contains(' ') && text.contains(['/', '@'])
    }

    #[test]
    fn nothing_is_left_in_english_and_each_says_its_language_and_direction() {
        let shown = |tag, language| {
            let mails = examples::all(language, &Destinations::default());
            let mails = mails.into_iter().map(|it| {
                let html = it
                    .notice
                    .render_with(language, it.links(language).foot())
                    .html;
                (it.event.to_owned(), html)
            });
            let pages = pages_in(tag, language).unwrap().into_iter();
            let pages = pages.map(|(name, html)| (format!("page {name}"), html));
            mails.chain(pages).collect::<Vec<_>>()
        };
        let english = shown("en", Language::En);
        let names: BTreeSet<_> = english.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), english.len(), "each has a name of its own");
        for (tag, language) in LANGUAGES {
            let marks = [
                format!("lang=\"{tag}\""),
                format!("dir=\"{}\"", direction(language)),
            ];
            for ((name, html), (same, other)) in shown(tag, language).iter().zip(&english) {
                assert_eq!(name, same);
                for mark in &marks {
                    assert!(html.contains(mark), "{name} in {tag} has no {mark}");
                }
                assert!(!html.contains("<link"), "{name} stands alone");
                if language != Language::En {
                    let both = texts(html);
                    let both: Vec<_> = both.intersection(&texts(other)).cloned().collect();
                    // Where it stands, this page is offered in its other languages.
                    let offered = name.starts_with("page my_consents_ask");
                    let offers = ["My consents", "Razılıqlarım"];
                    let is_offer = |text: &str| offered && offers.contains(&text);
                    let left = both.iter().filter(|it| !is_of_all(it) && !is_offer(it));
                    let left: Vec<_> = left.collect();
                    assert!(left.is_empty(), "{name} in {tag}: {left:?}");
                }
            }
        }
    }

    #[test]
    fn the_index_names_every_mail_and_page_in_every_language() {
        let out = tempfile::tempdir().unwrap();
        let all = examples::all(Language::En, &Destinations::default());
        let events: Vec<_> = all.iter().map(|example| example.event).collect();
        let written = write(out.path(), &events, &LANGUAGES).unwrap();
        let index = fs::read_to_string(out.path().join(INDEX)).unwrap();
        let pages = pages_in("en", Language::En).unwrap();
        assert_eq!(written, pages.len() * LANGUAGES.len());
        for (tag, language) in LANGUAGES {
            let mails = events.iter().map(|event| format!("{event}.{tag}.html"));
            let files = pages.iter().map(|(name, _)| page_file(name, tag));
            for file in mails.chain(files) {
                let framed = format!("<iframe src=\"{file}\" title=\"");
                assert_eq!(index.matches(&framed).count(), 1, "{file}");
            }
            let marked = format!("lang=\"{tag}\" dir=\"{}\"", direction(language));
            let each = index.matches(&format!("{marked} loading")).count();
            assert_eq!(each, events.len() + pages.len());
        }
        for (name, _) in pages {
            let file = out.path().join(page_file(name, "he"));
            assert!(file.is_file(), "{name}");
        }
    }
}
