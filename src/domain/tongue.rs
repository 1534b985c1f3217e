//! In which language somebody wrote, as far as the letters tell: what is shown
//! to a reader of another one is marked with it, so that it is read aloud and
//! hyphenated right.

use super::text::Language;

/// Of so many letters of an Azerbaijani text one is a schwa, at least.
const SCHWA_OF: usize = 20;
/// Of so many letters of an English text one at most is of another alphabet, as
/// names bring them in.
const FOREIGN_OF: usize = 30;

/// The language of a text in one of the service's: by its Hebrew or Cyrillic
/// letters, by the Azerbaijani schwa, or English where hardly anything but plain
/// Latin letters stands. None where the letters don't tell: a mark that is wrong
/// is worse than none.
pub fn of(text: &str) -> Option<Language> {
    let (mut hebrew, mut cyrillic, mut latin) = (0_usize, 0_usize, 0_usize);
    let (mut schwas, mut azerbaijani, mut foreign) = (0_usize, 0_usize, false);
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        match c {
            '\u{5d0}'..='\u{5f2}' => hebrew += 1,
            'а'..='я' | 'А'..='Я' | 'ё' | 'Ё' => cyrillic += 1,
            'ə' | 'Ə' => schwas += 1,
            'a'..='z' | 'A'..='Z' => latin += 1,
            // Turkish has them as well.
            'ç' | 'Ç' | 'ğ' | 'Ğ' | 'ı' | 'İ' | 'ö' | 'Ö' | 'ş' | 'Ş' | 'ü' | 'Ü' => {
                azerbaijani += 1;
            }
            _ => foreign = true,
        }
    }
    let most = hebrew.max(cyrillic).max(latin);
    let tag = match most {
        0 => return None,
        _ if hebrew == most => "he",
        _ if foreign => return None,
        _ if cyrillic == most => "ru",
        _ if schwas * SCHWA_OF >= latin => "az",
        _ if (schwas + azerbaijani) * FOREIGN_OF < latin => "en",
        _ => return None,
    };
    tag.parse().ok()
}

/// Whether a text can be English: its letters tell no other language of the
/// service, and most of them are Latin. A language that is written in plain
/// Latin letters passes, since letters don't tell it from English.
pub fn may_be_english(text: &str) -> bool {
    if let Some(language) = of(text) {
        return language.primary() == "en";
    }
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (latin, other): (Vec<char>, Vec<char>) = letters.partition(|c| is_latin(*c));
    latin.len() >= other.len()
}

/// Whether a letter is of the Latin alphabet, with its marks and additions.
const fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Option<String> {
        of(text).map(|language| language.to_string())
    }

    #[test]
    fn the_letters_tell_the_languages_of_the_service() {
        for (text, language) in [
            ("Two pilots cut losses by a third.", Some("en")),
            ("שני פיילוטים הקטינו נזילות בשליש, עם IoT.", Some("he")),
            ("Две пилотные установки сократили потери.", Some("ru")),
            ("İki pilot itkiləri üçdə bir azaltdı.", Some("az")),
            // Names and terms of another language don't outweigh the rest.
            ("Мы давно и успешно работаем с SOCAR и Mekorot.", Some("ru")),
            (
                "The pilots in Gəncə cut the losses of the city's network by a third within a year.",
                Some("en"),
            ),
        ] {
            assert_eq!(tag(text).as_deref(), language, "{text}");
        }
    }

    #[test]
    fn what_is_surely_not_english_is_told_from_what_may_be() {
        for (text, may) in [
            ("Two pilots cut losses by a third.", true),
            ("Wir senken Verluste für Städte.", true),
            (
                "Pilots in Gəncə and חיפה, with SOCAR and Mekorot, cut losses.",
                true,
            ),
            ("42 %", true),
            ("İki pilot itkiləri üçdə bir azaltdı.", false),
            ("שני פיילוטים הקטינו נזילות בשליש.", false),
            ("Две пилотные установки сократили потери.", false),
            ("Ми зменшили втрати води в місті.", false),
            ("خفضنا الخسائر", false),
        ] {
            assert_eq!(may_be_english(text), may, "{text}");
        }
    }

    #[test]
    fn where_they_do_not_nothing_is_claimed() {
        for text in [
            "",
            "42 %",
            "Su kaybını üçte bire indirdik.",
            "Ми зменшили втрати води в місті.",
            "خفضنا الخسائر",
            "Wir senken Verluste für Städte.",
        ] {
            assert_eq!(tag(text), None, "{text}");
        }
    }
}
