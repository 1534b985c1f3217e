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

use super::patronymic::{is_particle, sound_at};
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
        let letters = spelled(word);
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

    /// Either of two ways to write a word in one script.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.keys.extend(other.keys);
        self.skeletons.extend(other.skeletons);
        self
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
    let letters = spelled(word);
    if letters.iter().any(|c| is_hebrew(*c)) {
        return None;
    }
    let places = western(&letters)?;
    let reading: String = places.iter().filter_map(|it| it.first()).copied().collect();
    Some(without_doubles(&reading)).filter(|key| !key.is_empty())
}

/// Whether two names may be the same person's or firm's: word by word, in any
/// order, without the words for son and daughter of a patronymic. A father's
/// name is the same as what is made of it, if one of them says son or daughter
/// of, or both have three words.
pub fn same_name(one: &str, other: &str) -> bool {
    let (one, one_says) = telling_words(one);
    let (other, other_says) = telling_words(other);
    same_words(&one, &other, one_says || other_says)
}

/// [`same_name`] of the telling words of names; `fathers` where one of them
/// says son or daughter of.
pub(super) fn same_words<W: AsRef<str>>(one: &[W], other: &[W], fathers: bool) -> bool {
    let fathers = fathers || one.len() > 2;
    let own = |words: &[W]| -> Vec<Own> {
        let words = words.iter().map(AsRef::as_ref).enumerate();
        words.map(|(place, word)| Own::at(place, word)).collect()
    };
    let (one, mut rest) = (own(one), own(other));
    one.len() == rest.len()
        && !one.is_empty()
        && one.iter().all(|word| {
            let twin = rest.iter().position(|other| word.is_like(other));
            let twin = twin.or_else(|| {
                let like = |other: &Own| fathers && word.with_father.is_like(&other.with_father);
                rest.iter().position(like)
            });
            twin.map(|place| rest.swap_remove(place)).is_some()
        })
}

/// A word of a name.
struct Own {
    folded: String,
    sound: Sound,
    /// With the sounds of the father's name that it may be made of.
    with_father: Sound,
}

impl Own {
    fn at(place: usize, word: &str) -> Self {
        Self {
            folded: fold(word),
            sound: Sound::of(word),
            with_father: sound_at(place, word),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.folded == other.folded || self.sound.is_like(&other.sound)
    }
}

/// The words of a name but for particles, and whether it has one of those.
fn telling_words(name: &str) -> (Vec<&str>, bool) {
    let count = words(name).count();
    let telling: Vec<&str> = words(name)
        .filter(|word| !is_particle(&fold(word)))
        .collect();
    let says = telling.len() < count;
    (telling, says)
}

/// The words of a text. What is written within a word beside its letters (an
/// apostrophe, a geresh) doesn't part it.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = |c: char| !c.is_alphanumeric() && !is_combining_mark(c) && !is_within_word(c);
    text.split(parts)
        .map(|word| {
            let word = word.trim_start_matches(is_within_word);
            let bare = word.trim_end_matches(is_within_word);
            // A geresh belongs to the letter before it.
            let keeps = bare.ends_with(is_hebrew);
            if keeps { word } else { bare }
        })
        .filter(|word| !word.is_empty())
}

const fn is_within_word(c: char) -> bool {
    is_apostrophe(c) || matches!(c, '״' | '"')
}

/// The ways to write an apostrophe, a geresh and what stands for a Semitic
/// letter.
pub(super) const fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '’' | '‘' | '`' | '´' | '′' | '＇' | 'ʼ' | 'ʻ' | 'ʾ' | 'ʿ' | '׳'
    )
}

const fn is_hebrew(c: char) -> bool {
    matches!(c, 'א'..='ת')
}

/// The letters of a word in lower case, one character each and [`LETTERS`] at
/// most: marks that make another letter (ş, ç, ğ, й) stay with it, others go;
/// every apostrophe is `'`.
fn spelled(word: &str) -> Vec<char> {
    let mut letters = Vec::with_capacity(word.len().min(LETTERS));
    if word.is_ascii() {
        letters.extend(word.chars().filter_map(plain_letter).take(LETTERS));
    } else {
        letters.extend(composed_letters(word).take(LETTERS));
    }
    letters
}

/// ASCII needs no tables.
const fn plain_letter(c: char) -> Option<char> {
    match c {
        '"' => None,
        _ if is_within_word(c) => Some('\''),
        _ => Some(c.to_ascii_lowercase()),
    }
}

fn composed_letters(word: &str) -> impl Iterator<Item = char> + '_ {
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
    let mut all = vec![String::with_capacity(places.len() + 4)];
    for readings in places {
        let open = all.len() * readings.len() <= READINGS;
        match readings {
            // Most letters are read in one way, and texts are full of them.
            [only] => push(&mut all, only),
            [first, ..] if !open => push(&mut all, first),
            several => {
                let mut forks = Vec::with_capacity(all.len() * several.len());
                for start in &all {
                    for end in *several {
                        let mut fork = String::with_capacity(places.len() + 4);
                        fork.push_str(start);
                        fork.push_str(end);
                        forks.push(fork);
                    }
                }
                all = forks;
            }
        }
    }
    all
}

fn push(all: &mut [String], end: &str) {
    for reading in all {
        reading.push_str(end);
    }
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

/// The consonants of a key, with a mark where it begins with a vowel.
pub(super) fn skeleton(key: &str) -> String {
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
    fn ascii_is_spelled_like_everything_else() {
        for word in ["Tamar", "O'Neil", "`q\"x", "R2D2", ""] {
            assert_eq!(spelled(word), composed_letters(word).collect::<Vec<_>>());
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
