//! Names within texts: whether a text names a firm or somebody, in whatever
//! script, order and case, with what a language writes onto a name. What sounds
//! so is [`super::sound`]'s to say, as in the search.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::firm_name::firm_words;
use super::patronymic::{father, is_particle, is_patronymic, sound_at};
use super::sound::{Sound, words};
use super::tag::is_latin_ending;
use super::text::fold;

/// The words of a text, ready to be searched for names.
pub struct Heard(Vec<Said>);

/// A word of a text.
struct Said {
    folded: String,
    sound: Sound,
    /// Whether it is all that stands between two gaps.
    whole: bool,
    bare: OnceCell<Vec<Form>>,
}

/// A way to read a word.
struct Form {
    folded: String,
    sound: Sound,
    /// Whether it was a letter of Hebrew before it that was taken off.
    hebrew: bool,
}

/// How a word is taken for one of a name.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// Whether the name has no other word; then what only sounds so has to say
    /// enough.
    alone: bool,
    /// Whether it may bear an ending: with one a word may as well be another,
    /// Алиева is not Алиев, if no other word of the name stands beside it.
    endings: bool,
}

/// How it is where others stand beside it.
const OF_SEVERAL: Reading = Reading {
    alone: false,
    endings: true,
};

/// A word of a name.
type Own = (String, Sound);

/// Letters of a word that is taken for a name by its sound alone.
const TELLING: usize = 5;
/// Consonants of one that Hebrew letters are compared with.
const TELLING_BONES: usize = 4;
/// Letters that Hebrew writes onto the front of a word, and how many at most.
const PREFIXES: &[char] = &['ו', 'ה', 'ב', 'כ', 'ל', 'מ', 'ש'];
const MOST_PREFIXES: usize = 3;
/// Letters of a name that is recognised with something before or behind it.
const SHORTEST: usize = 3;
/// What Russian writes behind a name in one case or another, and what stands
/// there in the first case, folded.
const CASES: &[(&str, &[&str])] = &[
    ("а", &[""]),
    ("у", &["", "а"]),
    ("ы", &["а", ""]),
    ("и", &["я", "ь", "а", "и"]),
    ("е", &["", "а", "я", "ь"]),
    ("ю", &["ь", "я", "и"]),
    ("я", &["ь", "и"]),
    ("ом", &[""]),
    ("ем", &["ь", "и"]),
    ("ым", &[""]),
    ("ои", &["а"]),
    ("ою", &["а"]),
    ("еи", &["я", "а"]),
];
impl Heard {
    /// Of a text.
    pub fn of(text: &str) -> Self {
        let heard = words(text).flat_map(|word| {
            // A hyphen or an apostrophe may stand within a name or not.
            let parts: Vec<String> = fold(word).split(' ').map(str::to_owned).collect();
            let whole = parts.len() == 1;
            let sound = Sound::of(word);
            parts.into_iter().map(move |folded| Said {
                folded,
                sound: sound.clone(),
                whole,
                bare: OnceCell::new(),
            })
        });
        Self(heard.collect())
    }

    /// Whether a firm's name stands in it, written in whatever script: its
    /// words beside each other, without the form of the company. A single short
    /// word is taken for a name only letter by letter.
    pub fn names_firm(&self, name: &str) -> bool {
        let words = firm_words(name);
        let mut name = Vec::new();
        let mut whole: Vec<Own> = Vec::new();
        for (place, word) in words.iter().enumerate() {
            let sound = sound_at(place, word);
            name.extend(parted(word, &sound));
            whole.push((unparted(word).0, sound));
        }
        // What an apostrophe parts may be written as one, too.
        self.says(&name) || whole.len() < name.len() && self.says(&whole)
    }

    fn says(&self, name: &[Own]) -> bool {
        let letters: usize = name.iter().map(|(part, _)| part.chars().count()).sum();
        if letters <= 2 {
            return false;
        }
        // A number says nothing of how the word beside it is to be read.
        let spelled = |(part, _): &&Own| part.chars().any(char::is_alphabetic);
        let reading = Reading {
            alone: name.len() == 1,
            endings: name.iter().filter(spelled).count() > 1,
        };
        // Son and daughter of stand between the words of a name or don't.
        let says = name.iter().any(|(part, _)| is_particle(part));
        let said = self.0.iter();
        let said: Vec<&Said> = said.filter(|it| says || !is_particle(&it.folded)).collect();
        said.windows(name.len()).any(|said| {
            let mut open: Vec<&Own> = name.iter().collect();
            said.iter().all(|said| take(&mut open, said, reading))
        })
    }

    /// Whether somebody is named in it: all words of the name beside each other
    /// in any order, with the father's name between them or not. A name of one
    /// word tells nobody.
    pub fn names_person(&self, name: &str) -> bool {
        let (words, father) = person_words(name);
        let core: Vec<Own> = words.iter().flat_map(|word| own(word)).collect();
        let whole: Vec<Own> = words.iter().map(|word| unparted(word)).collect();
        let father: Vec<Own> = father.into_iter().flat_map(own).collect();
        let named =
            |core: &[Own]| (0..self.0.len()).any(|start| self.names_from(start, core, &father));
        whole.len() > 1 && (named(&core) || whole.len() < core.len() && named(&whole))
    }

    fn names_from(&self, start: usize, core: &[Own], father: &[Own]) -> bool {
        let mut open: Vec<&Own> = core.iter().collect();
        let rest = self.0.get(start..).unwrap_or_default();
        for (place, said) in rest.iter().enumerate() {
            if take(&mut open, said, OF_SEVERAL) {
                if open.is_empty() {
                    return true;
                }
                continue;
            }
            let next = rest.get(place + 1);
            let is_father = is_patronymic(&said.folded)
                || is_particle(&said.folded)
                || next.is_some_and(|next| is_particle(&next.folded))
                || father.iter().any(|own| said.is(own, OF_SEVERAL))
                || said.folded.chars().nth(1).is_none();
            if place == 0 || !is_father {
                return false;
            }
        }
        false
    }
}

/// Takes off the list the word of a name that was said; false if none was.
fn take(open: &mut Vec<&Own>, said: &Said, reading: Reading) -> bool {
    let place = open.iter().position(|own| said.is(own, reading));
    place.map(|place| open.swap_remove(place)).is_some()
}

impl Said {
    /// Whether it is a word of a name.
    fn is(&self, own: &Own, reading: Reading) -> bool {
        let (part, sound) = own;
        let Reading { alone, endings } = reading;
        let sounds = |heard: &Sound| sound.is_like(heard) && (!alone || tells(sound, heard));
        if *part == self.folded || sounds(&self.sound) {
            return true;
        }
        let forms = self.forms_like(own).iter();
        let mut forms = forms.filter(|form| form.hebrew || endings);
        forms.any(|form| *part == form.folded || sounds(&form.sound))
            || endings && part.chars().count() > SHORTEST && self.goes_on_from(part)
    }

    /// It without what Hebrew writes before a word, or as Russian has it in
    /// other cases; none where that could not be the word of the name, which is
    /// so of most of a text.
    fn forms_like(&self, (part, sound): &Own) -> &[Form] {
        let first = |text: &str| text.chars().next();
        let begins_so = || {
            let mut keys = self.sound.keys.iter();
            first(part) == first(&self.folded)
                || keys.any(|key| sound.keys.iter().any(|own| first(own) == first(key)))
                || sound.hebrew
        };
        let hebrew = self.folded.starts_with(PREFIXES);
        if !self.whole || !hebrew && !begins_so() {
            return &[];
        }
        self.bare.get_or_init(|| bare(&self.folded))
    }

    /// Whether it is a word with what Azerbaijani or English writes behind it.
    fn goes_on_from(&self, part: &str) -> bool {
        let ending = self.folded.strip_prefix(part);
        ending.is_some_and(|it| it.is_ascii() && is_latin_ending(it))
    }
}

fn own(word: &str) -> Vec<Own> {
    parted(word, &Sound::of(word))
}

/// A word that its apostrophe doesn't part.
fn unparted(word: &str) -> Own {
    (fold(word).replace(' ', ""), Sound::of(word))
}

/// The parts of a word that sounds so.
fn parted(word: &str, sound: &Sound) -> Vec<Own> {
    let folded = fold(word);
    let parts = folded.split(' ').filter(|part| !part.is_empty());
    parts.map(|part| (part.to_owned(), sound.clone())).collect()
}

fn bare(folded: &str) -> Vec<Form> {
    let form = |text: String, hebrew: bool| Form {
        sound: Sound::of(&text),
        folded: text,
        hebrew,
    };
    let father = |text: &str| father(text).map(|name| form(name, false));
    match folded.chars().next() {
        Some('א'..='ת') => {
            let (mut forms, mut at) = (Vec::new(), folded);
            for _ in 0..MOST_PREFIXES {
                match at.strip_prefix(PREFIXES) {
                    Some(rest) if rest.chars().count() >= SHORTEST => at = rest,
                    _ => break,
                }
                forms.push(form(at.to_owned(), true));
            }
            forms
        }
        Some('а'..='я') => {
            let in_first_case = CASES.iter().flat_map(|(ending, firsts)| {
                let stem = folded.strip_suffix(ending);
                let stem = stem.filter(|stem| stem.chars().count() >= SHORTEST);
                stem.into_iter()
                    .flat_map(|stem| firsts.iter().map(move |first| format!("{stem}{first}")))
            });
            let mut forms: Vec<Form> = father(folded).into_iter().collect();
            for text in in_first_case {
                forms.extend(father(&text));
                forms.push(form(text, false));
            }
            forms
        }
        _ => father(folded).into_iter().collect(),
    }
}

/// The words of a person's name: those by which somebody is known, and the
/// father's.
fn person_words(name: &str) -> (Vec<&str>, Vec<&str>) {
    let all: Vec<(&str, String)> = words(name).map(|word| (word, fold(word))).collect();
    let marks = |word: Option<&(&str, String)>| word.is_some_and(|(_, folded)| is_particle(folded));
    let (mut core, mut father) = (Vec::new(), Vec::new());
    for (place, (word, folded)) in all.iter().enumerate() {
        if marks(all.get(place)) {
            continue;
        }
        // “Heydər oğlu”, “Гейдарович”; a family may be called Abramovich.
        let after_first = place > 0 && father.is_empty() && all.len() > 2;
        if marks(all.get(place + 1)) || after_first && is_patronymic(folded) {
            father.push(*word);
        } else {
            core.push(*word);
        }
    }
    if core.len() < 2 {
        core.append(&mut father);
    }
    (core, father)
}

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

    /// Lines of `named|silent`, a kind, a name and a text, tabs between.
    const GOLDEN: &str = include_str!("golden-mentions.tsv");

    #[test]
    fn names_of_the_golden_list_are_found_in_its_texts() {
        let lines = GOLDEN.lines().filter(|line| !line.starts_with('#'));
        let (mut wrong, mut counted) = (Vec::new(), [0, 0]);
        for line in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            let [verdict, kind, name, text] = cells.as_slice() else {
                panic!("{line}");
            };
            let heard = Heard::of(text);
            let named = match *kind {
                "firm" => heard.names_firm(name),
                "person" => heard.names_person(name),
                other => panic!("{other}"),
            };
            counted[usize::from(named)] += 1;
            if named != (*verdict == "named") {
                wrong.push(line);
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(counted[0] >= 20 && counted[1] >= 30, "{counted:?}");
    }
}
