//! The names of what is brokered with care or not at all, and how they are
//! recognised in running text: in any case and number, and with what a language
//! writes onto a word. A name that is missed lets something through unseen, one
//! that is found in vain costs a look; what is common by itself is not taken
//! for a name that it only begins like.

use std::collections::BTreeMap;

use super::{Sensitivity, Tag};
use crate::domain::text::{Slug, fold};

/// What Azerbaijani and English write onto a word, folded; several may follow
/// each other.
const LATIN: &[&str] = &[
    "a", "ci", "cu", "da", "dan", "de", "den", "dir", "dur", "e", "es", "i", "ies", "im", "imiz",
    "in", "iniz", "la", "lar", "le", "ler", "li", "lik", "lu", "luk", "na", "nda", "ndan", "nde",
    "nden", "ne", "ni", "nin", "nu", "nun", "s", "si", "siz", "su", "suz", "u", "um", "umuz", "un",
    "unuz", "y", "ya", "ye",
];
/// Endings of Russian nouns and adjectives, folded; a word has one.
const CYRILLIC: &[&str] = &[
    "", "а", "ам", "ами", "ах", "ая", "е", "ев", "его", "ее", "еи", "ем", "ему", "и", "ие", "иеи",
    "ием", "ии", "им", "ими", "их", "ию", "ия", "иям", "иями", "иях", "о", "ов", "ого", "ое", "ои",
    "ом", "ому", "у", "ую", "ы", "ые", "ыи", "ым", "ыми", "ых", "ь", "ью", "ю", "юю", "я", "ям",
    "ями", "ях", "яя",
];
/// What Hebrew writes behind a word, its last letter written as within one.
const HEBREW: &[&str] = &["", "ה", "ו", "י", "ימ", "ית", "נו", "ת", "ות", "ותי"];
/// Letters that Hebrew writes onto the front of a word: and, the, in, as, to,
/// from, that.
const PREFIXES: &[char] = &['ו', 'ה', 'ב', 'כ', 'ל', 'מ', 'ש'];
/// How many of them are written onto one word at most, as in וכשה.
const MOST_PREFIXES: usize = 4;
/// Most letters that are written behind a word.
const LONGEST_ENDING: usize = 12;
/// Letters by which names are looked up.
const START: usize = 3;

/// The names, by how their first words begin.
#[derive(Debug, Clone, Default)]
pub struct Cautions(BTreeMap<String, Vec<Name>>);

#[derive(Debug, Clone)]
struct Name {
    words: Vec<String>,
    slug: Slug,
}

impl Cautions {
    /// The names of those of these tags that are restricted or prohibited.
    pub(super) fn of<'a>(tags: impl Iterator<Item = (&'a Tag, Sensitivity)>) -> Self {
        let mut cautions = Self::default();
        for (tag, _) in tags.filter(|(_, it)| *it >= Sensitivity::Restricted) {
            let labels = tag.labels.texts.values().chain(&tag.aliases);
            let slug = tag.slug.as_str().replace('_', " ");
            for name in labels.map(String::as_str).chain([slug.as_str()]) {
                cautions.put(name, tag.leads_to());
            }
        }
        cautions
    }

    fn put(&mut self, name: &str, slug: &Slug) {
        let folded = fold(name);
        let words: Vec<String> = folded.split(' ').map(within).collect();
        let Some(first) = words.first().filter(|it| !it.is_empty()) else {
            return;
        };
        let names = self.0.entry(start(first)).or_default();
        if !names.iter().any(|it| it.words == words) {
            let slug = slug.clone();
            names.push(Name { words, slug });
        }
    }

    /// The tag whose longest name some folded words begin with, and how many
    /// words that takes.
    pub fn named(&self, words: &[&str]) -> Option<(usize, &Slug)> {
        let first = words.first()?;
        let mut best: Option<(usize, &Slug)> = None;
        for form in bare_forms(&within(first)) {
            for name in self.0.get(&start(&form)).into_iter().flatten() {
                let count = name.words.len();
                let longer = best.is_none_or(|(most, _)| count > most);
                if longer && words.len() >= count && name.is_said(words) {
                    best = Some((count, &name.slug));
                }
            }
        }
        best
    }
}

impl Name {
    fn is_said(&self, words: &[&str]) -> bool {
        let mut pairs = self.words.iter().zip(words);
        pairs.all(|(name, word)| {
            let mut forms = bare_forms(&within(word)).into_iter();
            forms.any(|form| same_word(name, &form))
        })
    }
}

/// A word whose last letter is written as it is within one: five letters of
/// Hebrew have a form of their own there.
fn within(word: &str) -> String {
    let letter = |c: char| match c {
        'ך' => 'כ',
        'ם' => 'מ',
        'ן' => 'נ',
        'ף' => 'פ',
        'ץ' => 'צ',
        other => other,
    };
    word.chars().map(letter).collect()
}

fn start(word: &str) -> String {
    word.chars().take(START).collect()
}

/// A word with and without what Hebrew writes before it. What is left of a
/// short word is another word.
fn bare_forms(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    let mut at = word;
    for taken in 0..MOST_PREFIXES {
        match at.strip_prefix(PREFIXES) {
            Some(bare) if bare.chars().count() > 2 + taken / 2 => at = bare,
            _ => break,
        }
        forms.push(at.to_owned());
    }
    forms
}

/// Whether a word of a text is a form of a name's word; both are folded.
fn same_word(name: &str, word: &str) -> bool {
    if name == word {
        return true;
    }
    let same = name.chars().zip(word.chars()).take_while(|(a, b)| a == b);
    let common = same.count();
    match name.chars().next() {
        Some('a'..='z') => (common.saturating_sub(2).max(4)..=common)
            .any(|at| is_latin(rest(name, at)) && is_latin(rest(word, at))),
        Some('а'..='я') => {
            let words = without_fleeting(word);
            let mut names = without_fleeting(name).into_iter();
            names.any(|name| words.iter().any(|word| same_cyrillic(&name, word)))
        }
        // Without its ending a short word is another one.
        Some('א'..='ת') => (3..=common).any(|at| {
            let (name, word) = (rest(name, at), rest(word, at));
            (name.is_empty() || at > 3 && HEBREW.contains(&name)) && HEBREW.contains(&word)
        }),
        _ => false,
    }
}

fn same_cyrillic(name: &str, word: &str) -> bool {
    let same = name.chars().zip(word.chars()).take_while(|(a, b)| a == b);
    let common = same.count();
    (common.saturating_sub(3).max(4)..=common)
        .any(|at| CYRILLIC.contains(&rest(name, at)) && CYRILLIC.contains(&rest(word, at)))
}

/// A Russian word, and what it is where the vowel before its last consonant
/// only fills a gap: боеголовок is of боеголовка, писем of письмо.
fn without_fleeting(word: &str) -> Vec<String> {
    const CONSONANTS: &str = "бвгджзклмнпрстфхцчшщ";
    let mut forms = vec![word.to_owned()];
    let letters: Vec<char> = word.chars().collect();
    let [start @ .., before, vowel @ ('е' | 'о'), last] = letters.as_slice() else {
        return forms;
    };
    if start.len() < 2 || !CONSONANTS.contains(*last) {
        return forms;
    }
    let start: String = start.iter().chain([before]).collect();
    match (CONSONANTS.contains(*before), vowel) {
        (true, 'е') => {
            forms.push(format!("{start}{last}"));
            forms.push(format!("{start}ь{last}"));
        }
        (true, _) => forms.push(format!("{start}{last}")),
        (false, 'е') => forms.push(format!("{start}и{last}")),
        (false, _) => {}
    }
    forms
}

fn rest(word: &str, from: usize) -> &str {
    let at = word
        .char_indices()
        .nth(from)
        .map_or(word.len(), |(at, _)| at);
    word.get(at..).unwrap_or_default()
}

/// Whether a text is nothing but endings that Azerbaijani and English write
/// onto a word; folded.
pub fn is_latin(ending: &str) -> bool {
    ending.is_empty()
        || ending.len() <= LONGEST_ENDING
            && LATIN
                .iter()
                .filter_map(|suffix| ending.strip_prefix(suffix))
                .any(is_latin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_are_one_and_other_words_are_not() {
        for (name, word) in [
            ("silah", "silahlarimizin"),
            ("silahlar", "silah"),
            ("weapon", "weapons"),
            ("battery", "batteries"),
            ("оружие", "оружию"),
            ("прослушка", "прослушкои"),
            ("боевои", "боевыми"),
            ("боеголовка", "боеголовок"),
            ("ракета", "ракет"),
            ("пушка", "пушек"),
            ("винтовка", "винтовок"),
            ("клинок", "клинка"),
            ("письмо", "писем"),
            ("армеика", "армеек"),
            ("רחפנ", "רחפנימ"),
            ("תחמושת", "תחמושות"),
        ] {
            assert!(same_word(name, word), "{name} {word}");
        }
        for (name, word) in [
            ("arms", "army"),
            ("arms", "arm"),
            ("missile", "missing"),
            ("оборона", "оборот"),
            ("רובימ", "רוב"),
            ("силы", "сила"),
            ("боеголовка", "головок"),
            ("винтовка", "винт"),
            ("клинок", "клиника"),
            ("граната", "граница"),
            ("mermi", "mermaid"),
        ] {
            assert!(!same_word(name, word), "{name} {word}");
        }
        // And when to the: what is left of a longer word is the word.
        assert!(bare_forms("וכשהטילימ").contains(&"טילימ".to_owned()));
        assert!(!bare_forms("ושלומ").contains(&"ומ".to_owned()));
    }
}
