//! Firms' names: which are one firm's in whatever script and form of company,
//! the keys that candidates are found by, and names within texts. The folding
//! is [`super::sound`]'s and [`fold`]'s, as in the search.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use super::sound::{PATRONYMIC, Sound, likeliest_key, same_name, skeleton, words};
use super::text::fold;

/// How two firms' names are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alike {
    /// They sound the same, in whatever script.
    Sounds,
    /// The same letters, but for case, marks, the order of the words and the
    /// form of the company.
    Same,
}

/// Whether two names may be the same firm's; the form of the company (Ltd,
/// MMC, ООО, בע״מ) says nothing.
pub fn same_firm(one: &str, other: &str) -> Option<Alike> {
    // Fund 2 is not Fund 3, whatever they sound like.
    if numbers(one) != numbers(other) {
        return None;
    }
    let letters = |name: &str| {
        let mut words: Vec<String> = firm_words(name).iter().map(|it| fold(it)).collect();
        let whole = words.concat();
        words.sort_unstable();
        (words.concat(), whole)
    };
    let ((one_sorted, one_whole), (other_sorted, other_whole)) = (letters(one), letters(other));
    if one_sorted.is_empty() || other_sorted.is_empty() {
        return None;
    }
    if one_sorted == other_sorted || one_whole == other_whole {
        return Some(Alike::Same);
    }
    let sounds = same_name(&firm_words(one).join(" "), &firm_words(other).join(" "));
    sounds.then_some(Alike::Sounds)
}

/// The words of a text, ready to be searched for names.
pub struct Heard(Vec<(String, Sound)>);

/// Letters of a word that is taken for a name by its sound alone.
const TELLING: usize = 5;
/// Consonants of one that Hebrew letters are compared with.
const TELLING_BONES: usize = 4;

impl Heard {
    /// Of a text.
    pub fn of(text: &str) -> Self {
        let heard = words(text).flat_map(|word| {
            // A hyphen or an apostrophe may stand within a name or not.
            let parts: Vec<String> = fold(word).split(' ').map(str::to_owned).collect();
            let sound = Sound::of(word);
            parts.into_iter().map(move |part| (part, sound.clone()))
        });
        Self(heard.collect())
    }

    /// Whether a firm's name stands in it, written in whatever script: its
    /// words one after the other, without the form of the company. A single
    /// short word is taken for a name only letter by letter.
    pub fn names_firm(&self, name: &str) -> bool {
        let name: Vec<(String, Sound)> = firm_words(name)
            .iter()
            .flat_map(|word| {
                let sound = Sound::of(word);
                let parts: Vec<String> = fold(word).split(' ').map(str::to_owned).collect();
                parts.into_iter().map(move |part| (part, sound.clone()))
            })
            .filter(|(part, _)| !part.is_empty())
            .collect();
        let letters: usize = name.iter().map(|(part, _)| part.chars().count()).sum();
        if letters <= 2 {
            return false;
        }
        let alone = name.len() == 1;
        let is = |(part, sound): &(String, Sound), (said, heard): &(String, Sound)| {
            part == said || (sound.is_like(heard) && (!alone || tells(sound, heard)))
        };
        self.0
            .windows(name.len())
            .any(|said| name.iter().zip(said).all(|(own, said)| is(own, said)))
    }
}

/// Keys of a firm's name: two names that [`same_firm`] takes for one share at
/// least one key, unless they have more readings than are followed. What
/// shares a key is only likely to be alike.
pub fn firm_keys(name: &str) -> BTreeSet<String> {
    let words = firm_words(name);
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    for word in &words {
        let readings = bones(word);
        let open = all.len() * readings.len() <= FIRM_READINGS;
        let choices = if open {
            &readings[..]
        } else {
            readings.get(..1).unwrap_or_default()
        };
        let longer = |start: &Vec<String>| {
            let start = start.clone();
            choices.iter().map(move |reading| {
                let mut words = start.clone();
                words.push(reading.clone());
                words
            })
        };
        all = all.iter().flat_map(longer).collect();
    }
    let sorted = |mut words: Vec<String>| {
        words.sort_unstable();
        shortened(words.join(" "))
    };
    let mut keys: BTreeSet<String> = all.into_iter().map(sorted).collect();
    let whole: String = words.iter().map(|word| fold(word)).collect();
    keys.insert(shortened(format!("={whole}")));
    keys.retain(|key| key.len() > 1);
    let numbers = numbers(name);
    if numbers.is_empty() {
        return keys;
    }
    // Only names with the same numbers are compared.
    let numbers: String = numbers.concat().chars().take(FIRM_KEY).collect();
    let with_numbers = keys.into_iter();
    with_numbers.map(|key| format!("{key}#{numbers}")).collect()
}

/// The numbers in a name, in order of size as texts.
fn numbers(name: &str) -> Vec<String> {
    let folded: String = name.nfkd().collect();
    let parts = folded.split(|c: char| !c.is_ascii_digit());
    let mut numbers: Vec<String> = parts
        .filter(|part| !part.is_empty())
        .map(|part| format!("{part} "))
        .collect();
    numbers.sort_unstable();
    numbers
}

/// Most readings of one firm's name that are followed.
const FIRM_READINGS: usize = 16;
/// Letters of a key that count.
const FIRM_KEY: usize = 100;

fn shortened(key: String) -> String {
    if key.chars().nth(FIRM_KEY).is_none() {
        return key;
    }
    key.chars().take(FIRM_KEY).collect()
}

/// The consonants of a word in all its readings, the likeliest first; where
/// they say too little, its vowels as well, or the word itself.
fn bones(word: &str) -> Vec<String> {
    let sound = Sound::of(word);
    let mut found: Vec<String> = likeliest_key(word)
        .map(|key| skeleton(&key))
        .filter(|it| sound.skeletons.contains(it))
        .into_iter()
        .collect();
    for reading in sound.skeletons {
        if !found.contains(&reading) {
            found.push(reading);
        }
    }
    if found.is_empty() {
        found.extend(likeliest_key(word));
        let others = sound.keys.into_iter();
        let others: Vec<String> = others.filter(|it| !found.contains(it)).collect();
        found.extend(others);
    }
    if found.is_empty() {
        found.push(fold(word));
    }
    found
}

/// The words of a firm's name without those for the form of the company and of
/// patronymics; all of them where there are no others.
fn firm_words(name: &str) -> Vec<String> {
    let all: Vec<String> = words(name).map(str::to_owned).collect();
    let telling = all.iter().filter(|word| {
        let folded = fold(word);
        !COMPANY_FORM.contains(&folded.as_str()) && !PATRONYMIC.contains(&folded.as_str())
    });
    let telling: Vec<String> = telling.cloned().collect();
    if telling.is_empty() { all } else { telling }
}

/// Forms of companies as they stand in names, folded.
const COMPANY_FORM: &[&str] = &[
    "ltd",
    "limited",
    "inc",
    "incorporated",
    "llc",
    "llp",
    "lp",
    "plc",
    "pte",
    "pty",
    "corp",
    "corporation",
    "co",
    "company",
    "gmbh",
    "ag",
    "sa",
    "srl",
    "sarl",
    "bv",
    "nv",
    "mmc",
    "asc",
    "qsc",
    "tsc",
    "mehdud",
    "mesuliyyetli",
    "cemiyyeti",
    "aciq",
    "qapali",
    "sehmdar",
    "ооо",
    "оао",
    "зао",
    "пао",
    "ао",
    "тоо",
    "общество",
    "с",
    "ограниченнои",
    "ответственностью",
    "בע מ",
    "בעמ",
    "חברה",
];

/// Whether that two words sound alike says something by itself.
fn tells(one: &Sound, other: &Sound) -> bool {
    let longest = |all: &BTreeSet<String>| all.iter().map(String::len).max().unwrap_or(0);
    if one.hebrew || other.hebrew {
        longest(&one.skeletons).min(longest(&other.skeletons)) >= TELLING_BONES
    } else {
        longest(&one.keys) >= TELLING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs of the golden list that are the same.
    fn same_pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = include_str!("golden-names.tsv").lines();
        lines.filter_map(|line| line.strip_prefix("same\t")?.split_once('\t'))
    }

    #[test]
    fn firms_that_differ_by_a_number_are_two() {
        for (one, other) in [
            ("Big Firm 1 Ltd", "Big Firm 2 Ltd"),
            ("Big Firm 12", "Big Firm 21"),
            ("Negev Sun 2", "Negev Sun"),
            ("Xəzər Kapital 3", "Хазар Капитал 4"),
        ] {
            assert_eq!(same_firm(one, other), None, "{one} {other}");
            assert!(
                firm_keys(one).is_disjoint(&firm_keys(other)),
                "{one} {other}"
            );
        }
        for (one, other) in [("Studio 54 Ltd", "STUDIO 54"), ("Fond ３ MMC", "Fond 3")] {
            assert!(same_firm(one, other).is_some(), "{one} {other}");
            assert!(
                !firm_keys(one).is_disjoint(&firm_keys(other)),
                "{one} {other}"
            );
        }
    }

    #[test]
    fn firms_are_the_same_in_every_script_and_form() {
        for (one, other, alike) in [
            ("Negev Sun Ltd", "NEGEV SUN", Alike::Same),
            ("Negev Sun Ltd.", "NegevSun Inc", Alike::Same),
            ("Sun Negev", "Negev Sun, LLC", Alike::Same),
            ("Xəzər Kapital MMC", "XEZER KAPİTAL", Alike::Same),
            ("Xəzər Kapital MMC", "Khazar Capital LLC", Alike::Sounds),
            ("Xəzər Kapital", "ООО «Хазар Капитал»", Alike::Sounds),
            ("IŞIQ ASC", "Işıq", Alike::Same),
            ("Əliyev Holdinq", "Алиев Холдинг", Alike::Sounds),
            ("אלייב בע\"מ", "Əliyev MMC", Alike::Sounds),
            ("נגב בע״מ", "Negev Ltd", Alike::Sounds),
            ("Çinar Ventures", "Chinar Ventures", Alike::Sounds),
            ("Heydər oğlu Kapital", "Heydar Kapital", Alike::Sounds),
        ] {
            assert_eq!(same_firm(one, other), Some(alike), "{one} {other}");
            assert_eq!(same_firm(other, one), Some(alike), "{other} {one}");
            let shared = !firm_keys(one).is_disjoint(&firm_keys(other));
            assert!(shared, "{:?} {:?}", firm_keys(one), firm_keys(other));
        }
        for (one, other) in [
            ("Tamar Water Ltd", "Tamar Flow Ltd"),
            ("Negev Sun", "Negev Moon"),
            ("Xəzər Kapital", "Xəzər Ventures"),
            ("Ltd", "Inc"),
            ("", "Negev"),
            ("Dana Levi Ltd", "Dana Ltd"),
        ] {
            assert_eq!(same_firm(one, other), None, "{one} {other}");
        }
    }

    #[test]
    fn what_the_golden_list_calls_the_same_shares_a_key() {
        for (one, other) in same_pairs() {
            let shared = !firm_keys(one).is_disjoint(&firm_keys(other));
            assert!(
                shared,
                "{one} {:?} {other} {:?}",
                firm_keys(one),
                firm_keys(other)
            );
        }
    }
}
