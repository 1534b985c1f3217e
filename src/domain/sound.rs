//! How names sound, whatever script they are written in: the one folding that
//! finds Əliyev, Aliyev, Алиев and אלייב as one name.
//!
//! A word in the Latin or Cyrillic script has a few *keys*: its consonants and
//! vowels in one rough alphabet, with doubled letters, the vowels a/e/ə and the
//! many ways to write y made one. There are several where a letter is read in
//! several ways (Azerbaijani q is g or k; Russian г stands for h in Гейдар).
//! Hebrew writes few vowels, so a Hebrew word is compared by *skeletons*: its
//! consonants in all their readings (ב is b or v, פ is p or f, ו may be a
//! vowel) against the consonants of the other word's keys. Two words sound
//! alike when they share one.
//!
//! Exact comparison within one script stays [`fold`]'s; what stands here finds
//! candidates, and people judge.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::text::fold;

/// Most readings of one word that are followed.
const READINGS: usize = 32;
/// Letters of a word that count.
const LETTERS: usize = 40;

/// The readings of a place in a word.
type Readings = &'static [&'static str];

/// How a word may sound.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sound {
    /// Consonants and vowels; none of a Hebrew word.
    pub keys: BTreeSet<String>,
    /// Consonants only, and a mark where it begins with a vowel. None where
    /// there are fewer than two consonants, which would say too little.
    pub skeletons: BTreeSet<String>,
    /// Whether the skeletons are all readings of a Hebrew word.
    pub hebrew: bool,
}

impl Sound {
    /// How a word sounds; nothing for scripts that it knows no sounds of, and
    /// for numbers.
    pub fn of(word: &str) -> Self {
        let letters: Vec<char> = spelled(word).take(LETTERS).collect();
        if letters.iter().any(|c| is_hebrew(*c)) {
            return Self {
                keys: BTreeSet::new(),
                skeletons: followed(&hebrew(&letters))
                    .into_iter()
                    .filter(|it| says_enough(it))
                    .collect(),
                hebrew: true,
            };
        }
        let Some(places) = western(&letters) else {
            return Self::default();
        };
        let keys: BTreeSet<String> = followed(&places)
            .into_iter()
            .map(|reading| without_doubles(&reading))
            .filter(|key| !key.is_empty())
            .collect();
        let skeletons = keys.iter().map(|key| skeleton(key));
        Self {
            skeletons: skeletons.filter(|it| says_enough(it)).collect(),
            keys,
            hebrew: false,
        }
    }

    /// Whether that two words sound alike says something by itself.
    fn tells(&self, other: &Self) -> bool {
        let longest = |all: &BTreeSet<String>| all.iter().map(String::len).max().unwrap_or(0);
        if self.hebrew || other.hebrew {
            longest(&self.skeletons).min(longest(&other.skeletons)) >= TELLING_BONES
        } else {
            longest(&self.keys) >= TELLING
        }
    }

    /// Whether two words may be the same name.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self.hebrew, other.hebrew) {
            (false, false) => !self.keys.is_disjoint(&other.keys),
            // Two Hebrew spellings are compared letter by letter.
            (true, true) => false,
            _ => !self.skeletons.is_disjoint(&other.skeletons),
        }
    }
}

/// The key of a word as it is read most often; it is one of [`Sound::keys`],
/// and there is none where there are no keys.
pub fn likeliest_key(word: &str) -> Option<String> {
    let letters: Vec<char> = spelled(word).take(LETTERS).collect();
    if letters.iter().any(|c| is_hebrew(*c)) {
        return None;
    }
    let places = western(&letters)?;
    let reading: String = places.iter().filter_map(|it| it.first()).copied().collect();
    Some(without_doubles(&reading)).filter(|key| !key.is_empty())
}

/// Whether two names may be the same person's or firm's: word by word, in any
/// order, without the words for son and daughter of a patronymic.
pub fn same_name(one: &str, other: &str) -> bool {
    let (one, mut rest) = (name_words(one), name_words(other));
    one.len() == rest.len()
        && !one.is_empty()
        && one.iter().all(|(word, sound)| {
            let twin = rest
                .iter()
                .position(|(other, other_sound)| word == other || sound.is_like(other_sound));
            twin.map(|place| rest.swap_remove(place)).is_some()
        })
}

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
            let parts: Vec<String> = fold(&word).split(' ').map(str::to_owned).collect();
            let sound = Sound::of(&word);
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
            part == said || (sound.is_like(heard) && (!alone || sound.tells(heard)))
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
    keys
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
    let all: Vec<String> = words(name).collect();
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

fn name_words(name: &str) -> Vec<(String, Sound)> {
    words(name)
        .map(|word| (fold(&word), Sound::of(&word)))
        .filter(|(folded, _)| !PATRONYMIC.contains(&folded.as_str()))
        .collect()
}

/// Son and daughter of, as they stand after a father's name, folded.
const PATRONYMIC: &[&str] = &[
    "oglu",
    "ogli",
    "ogly",
    "oghlu",
    "qizi",
    "gizi",
    "kizi",
    "kyzy",
    "gyzy",
    "оглы",
    "оглу",
    "огли",
    "кызы",
    "гызы",
    "кизи",
    "אוגלו",
    "אוגלי",
    "קיזי",
];

/// The words of a text. What is written within a word beside its letters (an
/// apostrophe, a geresh) doesn't part it.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let parts = |c: char| !c.is_alphanumeric() && !is_combining_mark(c) && !is_within_word(c);
    text.split(parts)
        .map(|word| {
            let word = word.trim_start_matches(is_within_word);
            let bare = word.trim_end_matches(is_within_word);
            // A geresh belongs to the letter before it.
            let keeps = bare.ends_with(is_hebrew);
            if keeps { word } else { bare }.to_owned()
        })
        .filter(|word| !word.is_empty())
}

const fn is_within_word(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '`' | '׳' | '״' | '"')
}

const fn is_hebrew(c: char) -> bool {
    matches!(c, 'א'..='ת')
}

/// The letters of a word in lower case, one character each: marks that make
/// another letter (ş, ç, ğ, й) stay with it, others go; every apostrophe is
/// `'`.
fn spelled(word: &str) -> impl Iterator<Item = char> + '_ {
    let marked = |c: char| matches!(c, 'ş' | 'ç' | 'ğ' | 'š' | 'č' | 'ž' | 'й' | 'ё' | 'ї');
    word.nfc()
        .flat_map(|c| match c {
            'İ' => 'i'.to_lowercase(),
            other => other.to_lowercase(),
        })
        .filter_map(move |c| {
            let bare = c.nfkd().find(|it| !is_combining_mark(*it));
            match c {
                '"' | '״' => None,
                _ if is_within_word(c) => Some('\''),
                _ if marked(c) => Some(c),
                _ if is_combining_mark(c) => None,
                _ => bare,
            }
        })
}

/// All readings of a word, at most [`READINGS`].
fn followed(places: &[Readings]) -> Vec<String> {
    let mut all = vec![String::new()];
    for readings in places {
        let open = all.len() * readings.len() <= READINGS;
        let choices = if open {
            readings
        } else {
            readings.get(..1).unwrap_or_default()
        };
        all = all
            .iter()
            .flat_map(|start| choices.iter().map(move |end| format!("{start}{end}")))
            .collect();
    }
    all
}

fn without_doubles(reading: &str) -> String {
    let mut key = String::with_capacity(reading.len());
    for c in reading.chars() {
        if !key.ends_with(c) {
            key.push(c);
        }
    }
    key
}

const fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'i' | 'o' | 'u')
}

fn skeleton(key: &str) -> String {
    let opens = key.starts_with(is_vowel);
    let mark = opens.then_some('a');
    mark.into_iter()
        .chain(key.chars().filter(|c| !is_vowel(*c)))
        .collect()
}

fn says_enough(skeleton: &str) -> bool {
    skeleton.chars().filter(|c| *c != 'a').count() >= 2
}

/// The places of a Latin or Cyrillic word; none for another script.
///
/// `2` is ts, `3` is j as in John or zh, `4` is ch as in China, `6` is sh.
fn western(letters: &[char]) -> Option<Vec<Readings>> {
    // Letters by which a word is known to be Azerbaijani, where c and x are
    // read in one way only.
    let azerbaijani = letters
        .iter()
        .any(|c| matches!(c, 'ə' | 'ı' | 'ş' | 'ç' | 'ğ'));
    let mut places = Vec::with_capacity(letters.len());
    let mut rest = letters;
    let mut before = None;
    while let [first, tail @ ..] = rest {
        let (taken, readings) = if first.is_ascii_alphabetic() || "əışçğščžøłßæœ".contains(*first)
        {
            latin(rest, before, azerbaijani)
        } else if *first == '\'' {
            (1, &[""] as Readings)
        } else if let ['д', 'ж', ..] = rest {
            (2, &["3"] as Readings)
        } else {
            (1, cyrillic(*first, before)?)
        };
        places.push(readings);
        before = rest.get(taken - 1).copied();
        rest = rest.get(taken..).unwrap_or(tail);
    }
    Some(places)
}

/// The readings of the Latin letters that `rest` begins with, and how many
/// letters they are.
fn latin(rest: &[char], before: Option<char>, azerbaijani: bool) -> (usize, Readings) {
    match rest {
        ['s', 'h', 'c', 'h', ..] => (4, &["64"]),
        ['s', 'c', 'h', ..] => (3, &["6"]),
        ['d', 'z', 'h', ..] => (3, &["3"]),
        ['s', 'h', ..] => (2, &["6"]),
        ['c', 'h', ..] => (2, &["4", "h"]),
        ['k', 'h', ..] => (2, &["h"]),
        ['z', 'h', ..] | ['d', 'j', ..] => (2, &["3"]),
        ['g', 'h', ..] => (2, &["g", "h"]),
        ['t', 'z' | 's', ..] => (2, &["2"]),
        ['p', 'h', ..] => (2, &["f"]),
        ['t', 'h', ..] => (2, &["t"]),
        ['c', 'k', ..] => (2, &["k"]),
        ['e', 'e', ..] => (2, &["i"]),
        ['o', 'o' | 'u', ..] => (2, &["u"]),
        // The y between two vowels is written or left out: Babayev, Babaev.
        ['e', ..] if before.is_some_and(|c| "aouə".contains(c)) => (1, &["a", "ia"]),
        ['a' | 'e' | 'ə' | 'æ' | 'œ', ..] => (1, &["a"]),
        ['i' | 'ı' | 'y', ..] => (1, &["i"]),
        ['o' | 'ø', ..] => (1, &["o"]),
        ['u', ..] => (1, &["u"]),
        ['ş' | 'š', ..] => (1, &["6"]),
        ['ç' | 'č', ..] => (1, &["4"]),
        ['j' | 'ž', ..] => (1, &["3"]),
        ['ğ', ..] => (1, &["g", "h"]),
        ['c', ..] if azerbaijani => (1, &["3"]),
        ['c', 'e' | 'i' | 'y', ..] => (1, &["s", "3"]),
        ['c', ..] => (1, &["k", "3"]),
        ['x', ..] if azerbaijani => (1, &["h"]),
        ['x', ..] => (1, &["h", "ks"]),
        ['q', ..] => (1, &["g", "k"]),
        // At the end after a vowel it is written or left out: Sarah, Sara.
        ['h'] if before.is_some_and(|c| "aeiouə".contains(c)) => (1, &["", "h"]),
        ['h', ..] => (1, &["h"]),
        ['b', ..] => (1, &["b"]),
        ['d', ..] => (1, &["d"]),
        ['f', ..] => (1, &["f"]),
        ['g', ..] => (1, &["g"]),
        ['k', ..] => (1, &["k"]),
        ['l' | 'ł', ..] => (1, &["l"]),
        ['m', ..] => (1, &["m"]),
        ['n', ..] => (1, &["n"]),
        ['p', ..] => (1, &["p"]),
        ['r', ..] => (1, &["r"]),
        ['s' | 'ß', ..] => (1, &["s"]),
        ['t', ..] => (1, &["t"]),
        ['v' | 'w', ..] => (1, &["v"]),
        ['z', ..] => (1, &["z"]),
        _ => (1, &[""]),
    }
}

/// The readings of a Cyrillic letter (also of the Azerbaijani alphabet of
/// 1958); none for what is no such letter.
fn cyrillic(letter: char, before: Option<char>) -> Option<Readings> {
    // е, ё, ю and я begin with a y at the start and after a vowel or a sign.
    let opens = before.is_none_or(|c| "аеёиоуыэюяъьйәөү".contains(c));
    Some(match letter {
        'е' | 'є' if opens => &["ia", "a"],
        'е' | 'є' | 'э' | 'а' | 'ә' => &["a"],
        'ё' => &["io", "a", "o"],
        'я' if opens => &["ia"],
        'я' => &["ia", "a"],
        'ю' if opens => &["iu"],
        'ю' => &["iu", "u"],
        'и' | 'й' | 'ы' | 'і' | 'ї' | 'ј' => &["i"],
        'о' | 'ө' => &["o"],
        'у' | 'ү' => &["u"],
        'ъ' | 'ь' => &[""],
        'г' | 'ғ' => &["g", "h"],
        'ҝ' | 'ґ' => &["g"],
        'х' | 'һ' => &["h"],
        'ж' | 'ҹ' => &["3"],
        'ц' => &["2"],
        'ч' => &["4"],
        'ш' => &["6"],
        'щ' => &["64"],
        'б' => &["b"],
        'в' => &["v"],
        'д' => &["d"],
        'з' => &["z"],
        'к' => &["k"],
        'л' => &["l"],
        'м' => &["m"],
        'н' => &["n"],
        'п' => &["p"],
        'р' => &["r"],
        'с' => &["s"],
        'т' => &["t"],
        'ф' => &["f"],
        _ => return None,
    })
}

/// The places of a Hebrew word, vowels left out.
fn hebrew(letters: &[char]) -> Vec<Readings> {
    let mut places: Vec<Readings> = Vec::with_capacity(letters.len());
    let mut rest = letters;
    while let [letter, tail @ ..] = rest {
        let first = places.is_empty();
        let last = tail.iter().all(|c| !is_hebrew(*c));
        let (taken, readings): (usize, Readings) = match (letter, tail) {
            ('ג' | 'ז', ['\'', ..]) => (2, &["3"]),
            ('צ' | 'ץ', ['\'', ..]) => (2, &["4"]),
            ('ד', ['ז', '\'', ..]) => (3, &["3"]),
            ('ט', ['ש', ..]) => (2, &["ts", "t6", "4"]),
            ('א' | 'ע' | 'י', _) if first => (1, &["a"]),
            ('א' | 'ע' | 'י', _) => (1, &[""]),
            ('ב', _) if first => (1, &["b"]),
            ('ב', _) => (1, &["v", "b"]),
            ('ו', ['ו', ..]) => (2, &["v", ""]),
            ('ו', _) if first => (1, &["v"]),
            ('ו', _) => (1, &["", "v"]),
            // It may be the article: הנגב is the Negev.
            ('ה', [_, _, _, ..]) if first => (1, &["h", ""]),
            ('ה', _) if first => (1, &["h"]),
            ('ה', _) if last => (1, &["", "h"]),
            ('ה', _) => (1, &["h", ""]),
            ('פ', _) if first => (1, &["p", "f"]),
            ('פ', _) => (1, &["f", "p"]),
            ('ף', _) => (1, &["f"]),
            ('כ' | 'ך', _) => (1, &["k", "h"]),
            ('ש', _) => (1, &["6", "s"]),
            ('צ' | 'ץ', _) => (1, &["2"]),
            ('ג', _) => (1, &["g"]),
            ('ד', _) => (1, &["d"]),
            ('ז', _) => (1, &["z"]),
            ('ח', _) => (1, &["h"]),
            ('ט' | 'ת', _) => (1, &["t"]),
            ('ל', _) => (1, &["l"]),
            ('מ' | 'ם', _) => (1, &["m"]),
            ('נ' | 'ן', _) => (1, &["n"]),
            ('ס', _) => (1, &["s"]),
            ('ק', _) => (1, &["k"]),
            ('ר', _) => (1, &["r"]),
            _ => (1, &[""]),
        };
        places.push(readings);
        rest = rest.get(taken..).unwrap_or_default();
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of one line each, `same` or `apart`, tabs between.
    const GOLDEN: &str = include_str!("golden-names.tsv");

    fn pairs(kind: &str) -> Vec<(&'static str, &'static str)> {
        let lines = GOLDEN.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| {
                let mut cells = line.split('\t');
                (cells.next() == Some(kind)).then(|| (cells.next().unwrap(), cells.next().unwrap()))
            })
            .collect()
    }

    #[test]
    fn names_of_the_golden_list_are_the_same() {
        let pairs = pairs("same");
        let missed: Vec<_> = pairs
            .iter()
            .filter(|(one, other)| !same_name(one, other) || !same_name(other, one))
            .map(|(one, other)| {
                format!("{one} {:?} {other} {:?}", Sound::of(one), Sound::of(other))
            })
            .collect();
        println!("{} pairs are the same", pairs.len());
        assert!(missed.is_empty(), "{missed:#?}");
        assert!(pairs.len() >= 150, "{}", pairs.len());
    }

    #[test]
    fn names_of_the_golden_list_stay_apart() {
        let pairs = pairs("apart");
        let mixed: Vec<_> = pairs
            .iter()
            .filter(|(one, other)| same_name(one, other) || same_name(other, one))
            .collect();
        println!("{} pairs stay apart", pairs.len());
        assert!(mixed.is_empty(), "{mixed:#?}");
        assert!(pairs.len() >= 40, "{}", pairs.len());
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
        for (one, other) in pairs("same") {
            let shared = !firm_keys(one).is_disjoint(&firm_keys(other));
            assert!(
                shared,
                "{one} {:?} {other} {:?}",
                firm_keys(one),
                firm_keys(other)
            );
        }
    }

    #[test]
    fn no_text_is_too_strange() {
        for text in [
            "",
            "'",
            "12",
            "日本",
            "ქართული",
            "ואאאאאוווווווושששששש",
            "\u{0301}",
        ] {
            let sound = Sound::of(text);
            assert!(sound.keys.len() + sound.skeletons.len() <= 2 * READINGS);
            for key in sound.keys.iter().chain(&sound.skeletons) {
                assert!(
                    key.chars().all(|c| c.is_ascii_alphanumeric()),
                    "{text} {key}"
                );
            }
        }
    }
}
