//! Tags that a text speaks of, in whatever language: by the labels, aliases
//! and slugs of the taxonomy, through inflection and across scripts. What is
//! found is a suggestion with the words it comes from; a person accepts it.

use std::collections::{BTreeMap, BTreeSet};

use super::sound::{Sound, words};
use super::tag::{Sensitivity, Tag, Taxonomy};
use super::text::{Slug, fold};

/// Most words of a text that are looked at.
const MOST_WORDS: usize = 4_000;
/// In how many tags a word may stand and still speak for one by itself.
const COMMON: usize = 4;
/// Words of a phrase stand nearer to each other than that.
const FURTHEST: usize = 3;
/// Of a name in several words so many must be there, in hundredths.
const ENOUGH: usize = 60;

/// A tag that a text seems to speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggested {
    /// The tag.
    pub slug: Slug,
    /// How surely, in basis points.
    pub score: u32,
    /// The words of the text, as they stand there, in their order.
    pub words: Vec<String>,
    /// What applies to the tag.
    pub sensitivity: Sensitivity,
}

/// Up to `limit` tags that some texts speak of, the surest first.
pub fn suggested<'a>(
    taxonomy: &Taxonomy,
    texts: impl IntoIterator<Item = &'a str>,
    limit: usize,
) -> Vec<Suggested> {
    let text = Text::of(texts);
    let mut found: Vec<Suggested> = taxonomy
        .tags()
        .filter_map(|tag| text.speaks_of(taxonomy, tag))
        .filter(|found| {
            let tag = taxonomy.tag(&found.slug);
            tag.is_some_and(|tag| taxonomy.offers(tag))
        })
        .collect();
    found.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.slug.cmp(&b.slug)));
    // The words of a tag that redirects speak for what it redirects to.
    let mut met = BTreeSet::new();
    found.retain(|it| met.insert(it.slug.clone()));
    found.truncate(limit);
    found
}

/// Words that stand in names of tags and tell nothing by themselves, folded.
const EMPTY: &[&str] = &[
    "and",
    "the",
    "for",
    "use",
    "tech",
    "technology",
    "ve",
    "texnologiyalari",
    "технологии",
    "для",
    "טכנולוגיות",
    "וגם",
];

/// How a word of a name was found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    /// It sounds so, in another script.
    Sounds,
    /// Inflected.
    Inflected,
    /// As it is.
    Exactly,
}

/// The words of some texts, and where they stand.
struct Text {
    as_written: Vec<String>,
    places: BTreeMap<String, Vec<usize>>,
    sounds: BTreeMap<String, Vec<usize>>,
}

impl Text {
    fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = Self {
            as_written: Vec::new(),
            places: BTreeMap::new(),
            sounds: BTreeMap::new(),
        };
        for one in texts {
            for word in words(one) {
                if text.as_written.len() >= MOST_WORDS {
                    return text;
                }
                text.put(word);
            }
            // Nothing is a phrase across two texts.
            let apart = text.as_written.len() + FURTHEST;
            text.as_written.resize(apart, String::new());
        }
        text
    }

    fn put(&mut self, word: &str) {
        let place = self.as_written.len();
        self.as_written.push(word.to_owned());
        for folded in fold(word).split(' ').filter(|it| !it.is_empty()) {
            self.places
                .entry(folded.to_owned())
                .or_default()
                .push(place);
        }
        for key in Sound::of(word).keys {
            self.sounds.entry(key).or_default().push(place);
        }
    }

    /// The best of a tag's names that the text has.
    fn speaks_of(&self, taxonomy: &Taxonomy, tag: &Tag) -> Option<Suggested> {
        let labels = tag.labels.texts.values().chain(&tag.aliases);
        let slug = tag.slug.as_str().replace('_', " ");
        let names = labels.map(String::as_str).chain([slug.as_str()]);
        let best = names.filter_map(|name| self.holds(taxonomy, name));
        let (score, places) = best.max_by_key(|(score, places)| (*score, places.len()))?;
        let written = places
            .iter()
            .filter_map(|place| self.as_written.get(*place));
        let mut words: Vec<String> = Vec::new();
        for word in written {
            if !words.contains(word) {
                words.push(word.clone());
            }
        }
        Some(Suggested {
            slug: tag.leads_to().clone(),
            score,
            words,
            sensitivity: taxonomy.sensitivity(tag.leads_to()),
        })
    }

    /// How surely the text holds a name, and where its words stand.
    fn holds(&self, taxonomy: &Taxonomy, name: &str) -> Option<(u32, BTreeSet<usize>)> {
        let telling: Vec<String> = fold(name)
            .split(' ')
            .filter(|word| word.chars().count() > 1 && !EMPTY.contains(word))
            .map(str::to_owned)
            .collect();
        if telling.is_empty() {
            return None;
        }
        let found: Vec<Option<(Found, Vec<usize>)>> =
            telling.iter().map(|word| self.find(word)).collect();
        let there = found.iter().flatten().count();
        if there * 100 < telling.len() * ENOUGH || (there < telling.len() && there < 2) {
            return None;
        }
        let worst = found.iter().flatten().map(|(found, _)| *found).min()?;
        let all: Vec<&[usize]> = found
            .iter()
            .map(|it| it.as_ref().map_or(&[] as &[usize], |(_, places)| places))
            .collect();
        let phrase = consecutive(&all);
        let full: u32 = match worst {
            Found::Exactly => 9_500,
            Found::Inflected => 8_000,
            Found::Sounds => 7_000,
        };
        let mut score = full;
        if telling.len() > 1 && phrase.is_none() {
            score -= 2_500;
        }
        if there < telling.len() {
            score -= 1_500;
        }
        if let [only] = telling.as_slice() {
            let tags: BTreeSet<&Slug> = taxonomy.spoken_of(only, false).collect();
            if tags.len() >= COMMON {
                score -= 3_000;
            }
        }
        let places = phrase.unwrap_or_else(|| {
            let first = all.iter().filter_map(|places| places.first());
            first.copied().collect()
        });
        Some((score, places))
    }

    fn find(&self, word: &str) -> Option<(Found, Vec<usize>)> {
        if let Some(places) = self.places.get(word) {
            return Some((Found::Exactly, places.clone()));
        }
        let inflected = self.inflected(word);
        if !inflected.is_empty() {
            return Some((Found::Inflected, inflected));
        }
        // Short words sound like too many others.
        if word.chars().count() < 5 {
            return None;
        }
        let keys = Sound::of(word).keys.into_iter();
        let places: BTreeSet<usize> = keys
            .filter_map(|key| self.sounds.get(&key))
            .flatten()
            .copied()
            .collect();
        (!places.is_empty()).then(|| (Found::Sounds, places.into_iter().collect()))
    }

    /// Where a word stands with another ending, or in Hebrew with a letter
    /// before it (ה, ב, ל, ו, מ, ש, כ).
    fn inflected(&self, word: &str) -> Vec<usize> {
        let length = word.chars().count();
        let shortest = if word.is_ascii() { 4 } else { 3 };
        let mut places = BTreeSet::new();
        if length > shortest {
            let common = shortest.max(length - 2);
            let start: String = word.chars().take(common).collect();
            let longest = length + if length < 6 { 3 } else { 5 };
            let from = self.places.range(start.clone()..);
            let same = from.take_while(|(other, _)| other.starts_with(&start));
            let near = same.filter(|(other, _)| other.chars().count() <= longest);
            places.extend(near.flat_map(|(_, found)| found.iter().copied()));
        }
        if length >= 3 && word.starts_with(|c| matches!(c, 'א'..='ת')) {
            for prefix in ["ה", "ב", "ל", "ו", "מ", "ש", "כ", "וה", "שה", "בה"] {
                let found = self.places.get(&format!("{prefix}{word}"));
                places.extend(found.into_iter().flatten().copied());
            }
        }
        places.into_iter().collect()
    }
}

/// The places of words that stand one after the other, as the name has them:
/// with at most one other word between two.
fn consecutive(all: &[&[usize]]) -> Option<BTreeSet<usize>> {
    let (first, rest) = all.split_first()?;
    first.iter().find_map(|start| {
        let mut at = *start;
        let mut places = BTreeSet::from([at]);
        for next in rest {
            at = next
                .iter()
                .copied()
                .find(|it| *it > at && *it - at < FURTHEST)?;
            places.insert(at);
        }
        Some(places)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tag::{Labels, TagKind, Term};

    fn tag(slug: &str, labels: &[(&str, &str)], aliases: &[&str]) -> Tag {
        let texts = labels.iter();
        let texts = texts.map(|(lang, text)| (lang.parse().unwrap(), (*text).to_owned()));
        Tag {
            slug: slug.parse().unwrap(),
            kind: TagKind::Tag,
            parent: None,
            labels: Labels {
                texts: texts.collect(),
                machine: vec![],
                human: vec![],
            },
            aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
            sensitivity: Sensitivity::None,
            term: Term::default(),
        }
    }

    fn taxonomy() -> Taxonomy {
        let tags = vec![
            tag("water", &[("he", "מים"), ("ru", "вода")], &["su"]),
            tag("leaks", &[("en", "Leak detection")], &["утечки воды"]),
            tag("fintech", &[("en", "Fintech")], &[]),
        ];
        Taxonomy::new("t".to_owned(), tags, vec![]).unwrap()
    }

    fn slugs(text: &str) -> Vec<(String, Vec<String>)> {
        let found = suggested(&taxonomy(), [text], 10).into_iter();
        found.map(|it| (it.slug.to_string(), it.words)).collect()
    }

    #[test]
    fn words_are_found_as_they_are_inflected_and_in_other_scripts() {
        let found = |slug: &str, words: &[&str]| {
            let words = words.iter().map(|it| (*it).to_owned()).collect();
            (slug.to_owned(), words)
        };
        assert_eq!(
            slugs("Detection of leaks: Leak Detection."),
            [found("leaks", &["Leak", "Detection"])]
        );
        assert_eq!(slugs("לחסוך את המים"), [found("water", &["המים"])]);
        assert_eq!(slugs("Мы экономим воду"), [found("water", &["воду"])]);
        assert_eq!(slugs("Финтех для всех"), [found("fintech", &["Финтех"])]);
        assert_eq!(slugs("SU itkisi"), [found("water", &["SU"])]);
        assert_eq!(slugs("Nothing of the kind"), []);
        assert_eq!(slugs(""), []);
    }

    #[test]
    fn no_phrase_reaches_over_two_texts() {
        let apart = suggested(&taxonomy(), ["a leak", "detection"], 10);
        let together = suggested(&taxonomy(), ["a leak detection"], 10);
        assert!(apart[0].score < together[0].score);
    }
}
