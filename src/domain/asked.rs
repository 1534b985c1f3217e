//! The words that a query asks for.

use super::patronymic::{is_particle, sound_at};
use super::sound::{Sound, is_apostrophe, words};
use super::word_forms::plain;

/// What somebody typed, word by word, and how each sounds. A word that folding
/// parts (ג'רבי, Mə'ruf) is asked for by all of its parts or by the sound of the
/// whole, for each part sounds like the whole.
pub(super) fn asked(text: &str) -> Vec<(String, Sound)> {
    let mut asked: Vec<(String, Sound)> = words(text)
        .enumerate()
        .flat_map(|(place, word)| {
            let mut sound = sound_at(place, word);
            let owner = owner(word);
            if let Some(owner) = owner {
                sound = sound.or(Sound::of(owner));
            }
            let parts = plain(owner.unwrap_or(word)).into_iter();
            parts.map(move |part| (part, sound.clone()))
        })
        .collect();
    // Son and daughter of say nothing of who is meant, and are written in ways
    // that don't sound alike.
    if asked.iter().any(|(word, _)| !is_particle(word)) {
        asked.retain(|(word, _)| !is_particle(word));
    }
    asked
}

/// Whose it is: Tel-Aviv's is Tel-Aviv, and may be called Tel-Avivs.
fn owner(word: &str) -> Option<&str> {
    let owner = word.strip_suffix(['s', 'S'])?.strip_suffix(is_apostrophe)?;
    owner.chars().nth(1).is_some().then_some(owner)
}

#[cfg(test)]
mod tests {
    use super::super::word_forms::{Room, name_words, sounded};
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        asked(text).into_iter().map(|(word, _)| word).collect()
    }

    /// Whether whoever asks for it finds a name on record.
    fn finds(text: &str, name: &str) -> bool {
        let on_record = name_words([name], &mut Room(10_000));
        asked(text).iter().all(|(part, sound)| {
            let script = if sound.hebrew { 'l' } else { 'h' };
            let bones = sound.skeletons.iter();
            on_record.contains(part)
                || sound
                    .keys
                    .iter()
                    .any(|key| on_record.contains(&sounded(key)))
                || bones
                    .map(|it| format!("{script}_{it}"))
                    .any(|it| on_record.contains(&it))
        })
    }

    #[test]
    fn an_apostrophe_parts_a_word_and_keeps_its_sound() {
        assert_eq!(parts("ג'רבי"), ["ג", "רבי"]);
        assert_eq!(parts("Tel-Aviv's"), ["tel", "aviv"]);
        for (text, name) in [
            ("Tel-Aviv's", "Tel Aviv"),
            ("Tel-Aviv’s kitchen", "TEL AVIVS KITCHEN"),
            ("O'Neil", "ONeil"),
            ("ONeil", "O'Neil"),
            ("O`Neil", "O'Neil"),
            ("ג'רבי", "Jerbi"),
            ("ג'רבי", "ג׳רבי"),
            ("Jerbi", "ג'רבי"),
            ("Mə'ruf", "Məruf"),
            ("Məʼruf", "Mə'ruf"),
            ("Mə'ruf", "Маруф"),
            ("Məruf", "Məʼruf"),
        ] {
            assert!(finds(text, name), "{text} {name}");
        }
        for (text, name) in [
            ("O'Neil", "O'Brien"),
            ("ג'רבי", "גרבי"),
            ("Mə'ruf", "Məmmədov"),
        ] {
            assert!(!finds(text, name), "{text} {name}");
        }
    }

    #[test]
    fn names_of_the_golden_list_are_found_from_either_side() {
        let lines = include_str!("golden-names.tsv").lines();
        let pairs = lines.filter_map(|line| line.strip_prefix("same\t")?.split_once('\t'));
        let missed: Vec<_> = pairs
            .filter(|(one, other)| !finds(one, other) || !finds(other, one))
            .collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn a_fathers_name_is_found_in_whatever_form() {
        for (text, name) in [
            ("Əliyev İlham Heydər oğlu", "Ильхам Гейдарович Алиев"),
            ("Ильхам Гейдарович Алиев", "İlham Heydər oğlu Əliyev"),
            ("Leyla Əli qızı", "Лейла Алиевна"),
        ] {
            assert!(finds(text, name), "{text} {name}");
        }
        assert!(!finds("Ильхам Рашидович", "İlham Heydər oğlu"));
    }
}
