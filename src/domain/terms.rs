//! Words in free text that name what Corridor brokers with care or not at all,
//! in the four languages of the tags. A hit is no verdict: it has somebody look
//! at the text, with the words marked.

use unicode_normalization::char::is_combining_mark;

use super::fault::Fault;
use super::investor::InvestorContent;
use super::mandate::MandateContent;
use super::profile::StartupContent;
use super::refusal::Refusal;
use super::tag::{Sensitivity, Taxonomy};
use super::text::{Name, Slug, fold};

/// Most words of one term.
const LONGEST: usize = 6;
/// Letters that Hebrew writes onto the front of a word: and, the, in, as, to,
/// from, that.
const PREFIXES: &[char] = &['ו', 'ה', 'ב', 'כ', 'ל', 'מ', 'ש'];

/// How many of them are written onto one word at most.
const MOST_PREFIXES: usize = 4;

/// A marked place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// Where it begins, in characters.
    pub start: usize,
    /// Where it ends, in characters; the first one after it.
    pub end: usize,
    /// The words as they stand there.
    pub words: String,
    /// The tag that they name.
    pub tag: Slug,
    /// How sensitive that is.
    pub sensitivity: Sensitivity,
}

/// A word with its place.
struct Word {
    start: usize,
    end: usize,
    folded: String,
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut begun: Option<(usize, String)> = None;
    for (place, c) in text.chars().chain([' ']).enumerate() {
        // Marks belong to the letter before them and fold to nothing.
        if c.is_alphanumeric() || begun.is_some() && is_combining_mark(c) {
            begun
                .get_or_insert_with(|| (place, String::new()))
                .1
                .push(c);
        } else if let Some((start, word)) = begun.take() {
            words.push(Word {
                start,
                end: place,
                folded: fold(&word),
            });
        }
    }
    words
}

/// The places of a text that name something restricted or prohibited, the
/// longest term where one begins within another. A word within the name of
/// something harmless, as it stands among the tags, is none of these.
pub fn marked(text: &str, taxonomy: &Taxonomy) -> Vec<Marked> {
    let words = words(text);
    let folded: Vec<&str> = words.iter().map(|word| word.folded.as_str()).collect();
    let mut found = Vec::new();
    let (mut at, mut harmless) = (0, 0);
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        let exact = match named_exactly(rest, taxonomy) {
            Exactly::Sensitive(count, tag) => Some((count, tag)),
            Exactly::Harmless(count) => {
                harmless = harmless.max(at + count);
                None
            }
            Exactly::Nothing => None,
        };
        let spoken = folded.get(at..).filter(|_| at >= harmless);
        let inflected = spoken.and_then(|spoken| taxonomy.cautions().named(spoken));
        let inflected = inflected.map(|(count, tag)| (count, tag.clone()));
        let longer = |(count, _): &(usize, Slug)| exact.as_ref().is_none_or(|it| *count > it.0);
        let hit = inflected.filter(longer).or(exact);
        let Some((count, tag)) = hit.filter(|(count, _)| *count > 0) else {
            at += 1;
            continue;
        };
        let place = rest.first().zip(rest.get(count - 1));
        found.extend(place.map(|(first, last)| {
            Marked {
                start: first.start,
                end: last.end,
                words: text
                    .chars()
                    .skip(first.start)
                    .take(last.end - first.start)
                    .collect(),
                sensitivity: taxonomy.sensitivity(&tag),
                tag,
            }
        }));
        at += count;
    }
    found
}

/// What the tags have under exactly these words.
enum Exactly {
    /// A tag to be careful with, in so many words.
    Sensitive(usize, Slug),
    /// Another one, in several words.
    Harmless(usize),
    Nothing,
}

fn named_exactly(rest: &[Word], taxonomy: &Taxonomy) -> Exactly {
    let mut harmless = 0;
    let longest = rest.first().map_or(0, |word| longest(word, taxonomy));
    for count in (1..=longest.min(LONGEST).min(rest.len())).rev() {
        let term = rest.get(..count).unwrap_or_default();
        let Some((tag, sensitivity)) = named(term, taxonomy) else {
            continue;
        };
        if sensitivity >= Sensitivity::Restricted {
            return Exactly::Sensitive(count, tag);
        }
        if count > 1 {
            harmless = harmless.max(count);
        }
    }
    if harmless > 0 {
        Exactly::Harmless(harmless)
    } else {
        Exactly::Nothing
    }
}

/// The most words that a name has which begins with that one, whatever is
/// written onto its front: at most places of a text none does.
fn longest(word: &Word, taxonomy: &Taxonomy) -> usize {
    let folded = fold(&word.folded);
    let mut first = folded.split(' ').next().unwrap_or_default();
    let mut longest = 0;
    for _ in 0..=MOST_PREFIXES {
        longest = longest.max(taxonomy.longest_from(first));
        match first.strip_prefix(PREFIXES) {
            Some(bare) => first = bare,
            None => break,
        }
    }
    longest
}

fn named(term: &[Word], taxonomy: &Taxonomy) -> Option<(Slug, Sensitivity)> {
    let spoken: Vec<&str> = term.iter().map(|word| word.folded.as_str()).collect();
    let mut spoken = spoken.join(" ");
    let mut least = None;
    for taken in 0..=MOST_PREFIXES {
        if let Some(tag) = taxonomy.resolve(&spoken) {
            let sensitivity = taxonomy.sensitivity(&tag.slug);
            if sensitivity >= Sensitivity::Restricted {
                return Some((tag.slug.clone(), sensitivity));
            }
            least.get_or_insert_with(|| (tag.slug.clone(), sensitivity));
        }
        let bare = spoken.strip_prefix(PREFIXES).map(str::to_owned);
        // What is left of a short word is another word.
        match bare.filter(|bare| bare.chars().count() > 2 + taken / 2) {
            Some(bare) => spoken = bare,
            None => break,
        }
    }
    least
}

/// What is marked in a profile's free texts, by JSON pointers.
pub fn in_content(content: &StartupContent, taxonomy: &Taxonomy) -> Vec<(String, Marked)> {
    let fields = [
        ("one_liner", &content.one_liner),
        ("summary", &content.summary),
    ];
    let texts = fields.into_iter().flat_map(|(field, texts)| {
        let texts = texts.iter();
        texts.map(move |(language, local)| (format!("/{field}/{language}"), &local.text))
    });
    texts
        .flat_map(|(pointer, text)| {
            let hits = marked(text, taxonomy).into_iter();
            hits.map(move |hit| (pointer.clone(), hit))
        })
        .collect()
}

/// What is marked in a mandate's free text.
pub fn in_mandate(content: &MandateContent, taxonomy: &Taxonomy) -> Vec<(String, Marked)> {
    let title = content.title.as_ref().map(Name::as_str).unwrap_or_default();
    let hits = marked(title, taxonomy).into_iter();
    hits.map(|hit| ("/title".to_owned(), hit)).collect()
}

/// What is marked in what an investor says of itself.
pub fn in_investor(content: &InvestorContent, taxonomy: &Taxonomy) -> Vec<(String, Marked)> {
    let about = content.about.iter();
    let about = about.map(|(language, local)| (format!("/about/{language}"), local.text.as_str()));
    let basis = content.accreditation.basis.as_deref();
    let basis = basis.map(|text| ("/accreditation/basis".to_owned(), text));
    let portfolio = content.portfolio.iter().enumerate();
    let portfolio =
        portfolio.map(|(place, it)| (format!("/portfolio/{place}/name"), it.name.as_str()));
    let texts = about.chain(basis).chain(portfolio);
    texts
        .flat_map(|(pointer, text)| {
            let hits = marked(text, taxonomy).into_iter();
            hits.map(move |hit| (pointer.clone(), hit))
        })
        .collect()
}

/// What is marked now of which nothing was before.
pub fn more(before: &[(String, Marked)], now: Vec<(String, Marked)>) -> Vec<(String, Marked)> {
    let known = |hit: &Marked| before.iter().any(|(_, was)| was.tag == hit.tag);
    now.into_iter().filter(|(_, hit)| !known(hit)).collect()
}

/// Whether an edit names something that was not named before.
pub fn names_more(before: &StartupContent, after: &StartupContent, taxonomy: &Taxonomy) -> bool {
    let before = in_content(before, taxonomy);
    !more(&before, in_content(after, taxonomy)).is_empty()
}

/// A refusal that marks the words, so that their author can say it otherwise
/// or have a curator look.
pub fn refusal(marked: &[(String, Marked)]) -> Refusal {
    let missing = marked.iter().map(|(pointer, hit)| {
        Fault::new(
            pointer.clone(),
            "sensitive_words",
            format!("“{}” names what has to be looked at first.", hit.words),
        )
    });
    Refusal {
        missing: missing.collect(),
        ..Refusal::new(
            "sensitive_words",
            "Words of it name something restricted or prohibited; leave them out, or ask a curator, who publishes it after a look.",
        )
    }
}
