//! Which name of a tag a mistyped or foreign word may mean: by its letters, by
//! how it sounds in another script, by the words that it shares with a name.

use std::collections::BTreeSet;

use super::sound::{Sound, likeliest_key, words};

/// Sounds of fewer letters are like too many others.
const SHORTEST_SOUND: usize = 4;
/// How near two words must be to count as one of a name in several words.
const SAME_WORD: f64 = 0.9;

/// A word that names no tag, ready to be held against many names.
pub(super) struct Near {
    folded: String,
    sound: String,
    hebrew: BTreeSet<String>,
    parts: Vec<String>,
}

impl Near {
    /// Of a folded word, or several.
    pub(super) fn new(folded: String) -> Self {
        let hebrew = words(&folded).map(Sound::of).filter(|it| it.hebrew);
        Self {
            sound: sound(&folded),
            hebrew: hebrew.flat_map(|it| it.skeletons).collect(),
            parts: parts(&folded),
            folded,
        }
    }

    /// How near a folded name is, from 0 to 1.
    pub(super) fn likeness(&self, known: &str) -> f64 {
        let letters = strsim::jaro_winkler(&self.folded, known);
        letters.max(self.heard(known)).max(self.shared(known))
    }

    /// Across scripts: who writes agrotech in Cyrillic letters means the same.
    fn heard(&self, known: &str) -> f64 {
        if self.folded.is_ascii() == known.is_ascii() && self.hebrew.is_empty() {
            return 0.0;
        }
        if !self.hebrew.is_empty() {
            let same = words(known).any(|word| {
                let sound = Sound::of(word);
                !sound.hebrew && !sound.skeletons.is_disjoint(&self.hebrew)
            });
            let one_word = !known.contains(' ') && !self.folded.contains(' ');
            return if same && one_word { 0.9 } else { 0.0 };
        }
        let known = sound(known);
        let long = |it: &str| it.chars().count() >= SHORTEST_SOUND;
        if long(&self.sound) && long(&known) {
            0.97 * strsim::jaro_winkler(&self.sound, &known)
        } else {
            0.0
        }
    }

    /// By the words that both have.
    fn shared(&self, known: &str) -> f64 {
        if self.parts.len() < 2 {
            return 0.0;
        }
        let names = parts(known);
        let shared = self.parts.iter().filter(|part| {
            names
                .iter()
                .any(|name| strsim::jaro_winkler(part, name) >= SAME_WORD)
        });
        let shared = shared.count();
        if shared < 2 {
            return 0.0;
        }
        let all = self.parts.len().max(names.len());
        // Both are small.
        let of = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        0.75 + 0.24 * of(shared) / of(all)
    }
}

fn sound(folded: &str) -> String {
    let keys: Option<Vec<String>> = words(folded).map(likeliest_key).collect();
    keys.unwrap_or_default().join(" ")
}

/// Words of three letters and more.
fn parts(folded: &str) -> Vec<String> {
    folded
        .split(' ')
        .filter(|word| word.chars().count() >= 3)
        .map(str::to_owned)
        .collect()
}
