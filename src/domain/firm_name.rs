//! Firms' names: which are one firm's in whatever script and form of company,
//! and the keys that candidates are found by. The folding is [`super::sound`]'s and [`fold`]'s, as in the search.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use super::patronymic::{father, is_particle};
use super::sound::{Sound, likeliest_key, same_words, skeleton, words};
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
/// MMC, ООО, בע״מ) says nothing. A number that only one of them has is a year or
/// was left out; two that differ are two firms': Fund 2 is not Fund 3, whatever
/// they sound like.
pub fn same_firm(one: &str, other: &str) -> Option<Alike> {
    let ((one_words, one_numbers), (other_words, other_numbers)) = (split(one), split(other));
    let both_count = !one_numbers.is_empty() && !other_numbers.is_empty();
    if both_count && one_numbers != other_numbers {
        return None;
    }
    if are_same(&firm_words(one), &firm_words(other)) {
        return Some(Alike::Same);
    }
    if are_same(&one_words, &other_words) {
        let numbers_too = one_numbers == other_numbers;
        return Some(if numbers_too {
            Alike::Same
        } else {
            Alike::Sounds
        });
    }
    let says = |name: &str| words(name).any(|word| is_particle(&fold(word)));
    let sounds = same_words(&one_words, &other_words, says(one) || says(other));
    sounds.then_some(Alike::Sounds)
}

/// Whether these are the same letters, in order or word by word.
fn are_same(one: &[String], other: &[String]) -> bool {
    let letters = |words: &[String]| {
        let mut words: Vec<String> = words.iter().map(|it| fold(it)).collect();
        let whole = words.concat();
        words.sort_unstable();
        (words.concat(), whole)
    };
    let ((one_sorted, one_whole), (other_sorted, other_whole)) = (letters(one), letters(other));
    !one_sorted.is_empty()
        && !other_sorted.is_empty()
        && (one_sorted == other_sorted || one_whole == other_whole)
}

/// Keys of a firm's name, under which it is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirmKeys {
    /// Those that it shares with what is written alike.
    pub own: BTreeSet<String>,
    /// Those under which it is found by names without its number.
    pub loose: BTreeSet<String>,
    /// Those of names that are the same but for a number that only one of the
    /// two has: among the own ones of a name without, the loose ones of one
    /// with a number.
    pub near: BTreeSet<String>,
}

/// The keys of a name. Two that [`same_firm`] takes for one share one of their
/// own, or one's near keys are among the other's own or loose ones, unless they
/// have more readings than are followed. What shares a key is only likely to be
/// alike; two with other numbers share none.
pub fn firm_keys(name: &str) -> FirmKeys {
    let (words, numbers) = split(name);
    let keys = keys_of(&words);
    let loose = keys.iter().map(|key| format!("~{key}")).collect();
    if numbers.is_empty() {
        return FirmKeys {
            own: keys,
            loose: BTreeSet::new(),
            near: loose,
        };
    }
    let number: String = numbers.concat().chars().take(FIRM_KEY).collect();
    let numbered = keys.iter().map(|key| format!("{key}#{number}"));
    let mut own: BTreeSet<String> = numbered.collect();
    // Written with or without a space before its number.
    let whole: String = firm_words(name).iter().map(|word| fold(word)).collect();
    own.insert(shortened(format!("={whole}")));
    FirmKeys {
        own,
        loose,
        near: keys,
    }
}

fn keys_of(words: &[String]) -> BTreeSet<String> {
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    for (place, word) in words.iter().enumerate() {
        let mut readings = bones(word);
        if let Some(father) = father(word).filter(|_| place > 0) {
            readings.extend(bones(&father));
        }
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
    keys
}

/// The telling words of a name without those that are numbers, and the numbers
/// in it, in order of size as texts; all words where there are no others.
fn split(name: &str) -> (Vec<String>, Vec<String>) {
    let all = firm_words(name);
    let (mut rest, mut numbers) = (Vec::new(), Vec::new());
    for (place, word) in all.iter().enumerate() {
        let plain: String = word.nfkd().collect();
        if let Some(number) = roman(&plain).filter(|_| place > 0) {
            numbers.push(format!("{number} "));
            continue;
        }
        let digits = plain.split(|c: char| !c.is_ascii_digit());
        let digits = digits.filter(|part| !part.is_empty());
        numbers.extend(digits.map(|part| format!("{} ", part.trim_start_matches('0'))));
        if !plain.chars().all(|c| c.is_ascii_digit()) {
            rest.push(word.clone());
        }
    }
    numbers.sort_unstable();
    if rest.is_empty() {
        rest = all;
    }
    (rest, numbers)
}

/// What a Roman numeral up to twenty says; of one letter only a capital one is
/// one.
fn roman(word: &str) -> Option<usize> {
    let is_numeral = |numeral: &&str| match word.len() {
        1 => word == *numeral,
        _ => word.eq_ignore_ascii_case(numeral),
    };
    ROMAN.iter().position(is_numeral).map(|at| at + 1)
}

const ROMAN: [&str; 20] = [
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV",
    "XVI", "XVII", "XVIII", "XIX", "XX",
];

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
pub(super) fn firm_words(name: &str) -> Vec<String> {
    let all: Vec<String> = words(name).map(str::to_owned).collect();
    let telling = all.iter().filter(|word| {
        let folded = fold(word);
        !COMPANY_FORM.contains(&folded.as_str()) && !is_particle(&folded)
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
    "ferdi",
    "sahibkar",
    "ип",
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs of the golden list that are the same.
    fn same_pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = include_str!("golden-names.tsv").lines();
        lines.filter_map(|line| line.strip_prefix("same\t")?.split_once('\t'))
    }

    /// Whether who looks for `one` comes upon `other`.
    fn is_found(one: &str, other: &str) -> bool {
        let (one, other) = (firm_keys(one), firm_keys(other));
        let is_near = |key: &String| other.own.contains(key) || other.loose.contains(key);
        !one.own.is_disjoint(&other.own) || one.near.iter().any(is_near)
    }

    #[test]
    fn firms_that_differ_by_a_number_are_two() {
        for (one, other) in [
            ("Big Firm 1 Ltd", "Big Firm 2 Ltd"),
            ("Big Firm 12", "Big Firm 21"),
            ("Negev Fund II", "Negev Fund III"),
            ("Negev Fund II", "Negev Fund 3"),
            ("Negev Fund V", "Negev Fund X"),
            ("Xəzər Kapital 3", "Хазар Капитал 4"),
        ] {
            assert_eq!(same_firm(one, other), None, "{one} {other}");
            assert!(!is_found(one, other), "{one} {other}");
        }
        for (one, other, alike) in [
            ("Studio 54 Ltd", "STUDIO 54", Alike::Same),
            ("Studio54", "Studio 54", Alike::Same),
            ("Fond ３ MMC", "Fond 3", Alike::Same),
            ("Fund 02", "Fund 2", Alike::Same),
            ("Fund II", "Fund 2 Ltd", Alike::Same),
            ("Fund Ⅱ", "Fund ii", Alike::Same),
            (
                "Tamar Systems (1996) Ltd",
                "Tamar Systems Ltd",
                Alike::Sounds,
            ),
            ("Negev Sun 2", "Negev Sun", Alike::Sounds),
            ("7", "7 Ltd", Alike::Same),
        ] {
            assert_eq!(same_firm(one, other), Some(alike), "{one} {other}");
            assert_eq!(same_firm(other, one), Some(alike), "{other} {one}");
            assert!(is_found(one, other), "{one} {other}");
            assert!(is_found(other, one), "{other} {one}");
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
            let shared = is_found(one, other);
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
            let shared = is_found(one, other);
            assert!(
                shared,
                "{one} {:?} {other} {:?}",
                firm_keys(one),
                firm_keys(other)
            );
        }
    }
}
