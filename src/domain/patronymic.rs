//! Fathers' names within names: “Heydər oğlu”, “Гейдар оглы” and “Гейдарович”
//! say the same.

use unicode_normalization::UnicodeNormalization;

use super::sound::Sound;
use super::text::fold;

/// Son and daughter of, as they stand after a father's name, folded.
const PARTICLES: &[&str] = &[
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

/// What makes a patronymic of a father's name, folded.
const ENDINGS: &[&str] = &[
    "ович", "евич", "овна", "евна", "ична", "ovich", "evich", "ovna", "evna", "ichna", "ovic",
    "evic",
];

/// Whether a folded word says son or daughter of.
pub(super) fn is_particle(folded: &str) -> bool {
    PARTICLES.contains(&folded)
}

/// Whether a folded word is a patronymic by its ending.
pub(super) fn is_patronymic(folded: &str) -> bool {
    ending_of(folded).is_some()
}

/// The father's name that a word is made of. A family may be called so too:
/// who is called Abramovich needn't be Abram's.
pub(super) fn father(word: &str) -> Option<String> {
    let folded = fold(word);
    let ending = ending_of(&folded)?.chars().count();
    let length = folded.chars().count();
    // Letters that folding takes apart leave no place to cut at.
    if word.nfc().count() == length {
        Some(word.nfc().take(length - ending).collect())
    } else {
        Some(folded.chars().take(length - ending).collect())
    }
}

/// How the word at a place of a name may sound, its father's name included: no
/// name begins with a patronymic.
pub(super) fn sound_at(place: usize, word: &str) -> Sound {
    let sound = Sound::of(word);
    match father(word).filter(|_| place > 0) {
        Some(father) => sound.or(Sound::of(&father)),
        None => sound,
    }
}

fn ending_of(folded: &str) -> Option<&'static str> {
    let mut endings = ENDINGS.iter().copied();
    endings.find(|ending| {
        let stem = folded.strip_suffix(ending);
        stem.is_some_and(|stem| stem.chars().nth(1).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_father_is_found_in_what_is_made_of_his_name() {
        for (word, name) in [
            ("Гейдарович", "Гейдар"),
            ("Алиевна", "Али"),
            ("Arkadyevich", "Arkady"),
            ("Rəşidoviç", "Rəşid"),
        ] {
            assert_eq!(father(word).as_deref(), Some(name), "{word}");
        }
        for word in ["Heydər", "oğlu", "ович", "Овна", ""] {
            assert_eq!(father(word), None, "{word}");
        }
    }

    #[test]
    fn no_name_begins_with_one() {
        assert_eq!(sound_at(0, "Abramovich"), Sound::of("Abramovich"));
        assert!(sound_at(1, "Гейдарович").is_like(&Sound::of("Heydər")));
    }
}
