//! The forms in which a word stands in the index of the search: folded, and as
//! it sounds. [`super::search`] says what their prefixes mean.

use std::collections::{BTreeSet, HashSet};

use super::patronymic::sound_at;
use super::sound::{likeliest_key, words};
use super::text::fold;

/// Letters of a word that count.
const MAX_WORD: usize = 60;
/// What a word takes beside its letters.
const BESIDE: usize = 8;

/// Room that is left for a record's words: who writes a book is found by its
/// first pages.
pub(super) struct Room(pub(super) usize);

impl Room {
    fn put(&mut self, found: &mut BTreeSet<String>, words: impl IntoIterator<Item = String>) {
        for word in words {
            let cost = word.len() + BESIDE;
            if cost <= self.0 && found.insert(word) {
                self.0 -= cost;
            }
        }
    }
}

/// A text is long and a name is short: in a text only the likeliest reading of
/// a word counts, or a page of them would fill the index.
pub(super) fn text_words<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    room: &mut Room,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // Texts repeat their words, and what a word is folded to never changes.
    let mut seen = HashSet::new();
    for word in texts.into_iter().flat_map(words) {
        if seen.insert(word) {
            room.put(&mut found, plain(word));
            room.put(&mut found, likeliest_key(word).map(|key| sounded(&key)));
        }
    }
    found
}

pub(super) fn name_words<'a>(
    names: impl IntoIterator<Item = &'a str>,
    room: &mut Room,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let names = names.into_iter();
    for (place, word) in names.flat_map(|name| words(name).enumerate()) {
        room.put(&mut found, plain(word));
        let sound = sound_at(place, word);
        room.put(&mut found, sound.keys.iter().map(|key| sounded(key)));
        let script = if sound.hebrew { 'h' } else { 'l' };
        let skeletons = sound.skeletons.iter();
        room.put(&mut found, skeletons.map(|it| format!("{script}_{it}")));
    }
    found
}

/// The folded forms of a word: what is within it may part it in folding.
pub(super) fn plain(word: &str) -> Vec<String> {
    let folded = fold(word);
    // Bytes are no fewer than letters.
    if folded.len() <= MAX_WORD && !folded.is_empty() && !folded.contains(' ') {
        return vec![folded];
    }
    folded
        .split(' ')
        .filter(|part| !part.is_empty())
        .map(|part| part.chars().take(MAX_WORD).collect())
        .collect()
}

pub(super) fn sounded(key: &str) -> String {
    ["k_", key].concat()
}
