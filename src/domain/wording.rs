//! Sentences for reasons, in the reader's language. The sentences are data
//! (`config/reasons.toml`); what is checked here is that they are complete and
//! that every language says the same things.

use std::collections::{BTreeMap, BTreeSet};

use super::mandate::MandateStatus;
use super::profile::ProfileStatus;
use super::reason::{Place, Reason, ReasonKey, Var, Vocabulary};
use super::revealed::Signal;
use super::scoring::{Band, Factor, Gate, GateVerdict};
use super::tag::{Labels, Taxonomy};
use super::text::{Language, Slug};
use super::values::{InvestorRole, Stage, codes};

/// The languages in which every sentence must be there.
pub const LANGUAGES: [&str; 4] = ["en", "he", "az", "ru"];

/// What stands where nothing can be named.
const NOTHING: &str = "–";

codes! {
    /// What is told of a firm in numbers.
    Figure {
        /// What a round seeks.
        Round = "round",
        /// Revenue of the last twelve months.
        Revenue = "revenue",
        /// Paying customers.
        Customers = "customers",
        /// Pilots under way or done.
        Pilots = "pilots",
        /// People on the payroll.
        Team = "team",
        /// Firms that it has money in.
        Portfolio = "portfolio",
    }
}

/// What is wrong with a wording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordingFault {
    /// A key has no sentence.
    #[error("{0} is missing")]
    Missing(String),
    /// Nothing asks for this sentence.
    #[error("{0} is no key that anything gives")]
    Unknown(String),
    /// A sentence lacks a language.
    #[error("{0} is missing in {1}")]
    Untranslated(String, &'static str),
    /// A sentence names other places than the English one.
    #[error("{0} names other places in {1} than in English")]
    OtherPlaces(String, Language),
    /// The reason doesn't fill that place, or it is no reason.
    #[error("{0} names the place {{{1}}}, which nothing fills")]
    UnknownPlace(String, String),
}

/// All sentences and words, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording(BTreeMap<String, Labels>);

impl Wording {
    /// Checks texts by their dotted keys, naming every fault. A reason's
    /// sentence stands under the reason's key, a gate's or factor's name under
    /// `gate.….name` or `factor.….name`, the word for a code under
    /// `word.<group>.<code>`.
    pub fn new(texts: BTreeMap<String, Labels>) -> Result<Self, Vec<WordingFault>> {
        let mut faults = Vec::new();
        let required = required_keys();
        for key in required.iter().filter(|key| !texts.contains_key(*key)) {
            faults.push(WordingFault::Missing(key.clone()));
        }
        for (key, labels) in &texts {
            if !required.contains(key) && !is_open(key) {
                faults.push(WordingFault::Unknown(key.clone()));
            }
            check_text(&mut faults, key, labels);
        }
        if faults.is_empty() {
            Ok(Self(texts))
        } else {
            Err(faults)
        }
    }

    /// The sentence of a reason.
    pub fn sentence(&self, reason: &Reason, reader: &Language, taxonomy: &Taxonomy) -> String {
        let words = Words {
            wording: self,
            reader,
            taxonomy,
        };
        let mut sentence = String::new();
        for piece in pieces(self.text(reason.key.code(), reader)) {
            match piece {
                Piece::Text(text) => sentence.push_str(text),
                Piece::Place(name) => sentence.push_str(&words.at(reason, name)),
            }
        }
        sentence
    }

    /// The name of a gate.
    pub fn gate(&self, gate: Gate, reader: &Language) -> &str {
        self.text(&format!("gate.{gate}.name"), reader)
    }

    /// The name of a factor.
    pub fn factor(&self, factor: Factor, reader: &Language) -> &str {
        self.text(&format!("factor.{factor}.name"), reader)
    }

    /// The name of a revealed factor.
    pub fn signal(&self, signal: Signal, reader: &Language) -> &str {
        self.text(&format!("revealed.{signal}.name"), reader)
    }

    /// What a figure of a firm is called.
    pub fn figure(&self, figure: Figure, reader: &Language) -> &str {
        self.text(&format!("word.figure.{figure}"), reader)
    }

    /// The word for a gate's answer.
    pub fn verdict(&self, verdict: GateVerdict, reader: &Language) -> &str {
        self.text(&format!("word.verdict.{verdict}"), reader)
    }

    /// The word for a score.
    pub fn band(&self, band: Band, reader: &Language) -> &str {
        self.text(&format!("word.band.{band}"), reader)
    }

    /// The word for a code of a group (`stage`, `role`, `status`, `country`,
    /// `language`), if there is one.
    pub fn word(&self, group: &str, code: &str, reader: &Language) -> Option<&str> {
        self.0
            .get(&format!("word.{group}.{code}"))
            .map(|labels| labels.for_reader(reader))
    }

    /// That a required text is there has been checked.
    fn text(&self, key: &str, reader: &Language) -> &str {
        self.0
            .get(key)
            .map_or(NOTHING, |labels| labels.for_reader(reader))
    }
}

/// Every key that must be there.
fn required_keys() -> BTreeSet<String> {
    fn group<T: ToString>(prefix: &str, codes: &[T], suffix: &str) -> Vec<String> {
        codes
            .iter()
            .map(|code| format!("{prefix}{}{suffix}", code.to_string()))
            .collect()
    }
    [
        group("", ReasonKey::ALL, ""),
        group("gate.", Gate::ALL, ".name"),
        group("factor.", Factor::ALL, ".name"),
        group("revealed.", Signal::ALL, ".name"),
        group("word.verdict.", GateVerdict::ALL, ""),
        group("word.band.", Band::ALL, ""),
        group("word.figure.", Figure::ALL, ""),
        group("word.stage.", Stage::ALL, ""),
        group("word.role.", InvestorRole::ALL, ""),
        group("word.status.", ProfileStatus::ALL, ""),
        group("word.status.", MandateStatus::ALL, ""),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Groups to which words may be added: what has none is written by its code.
fn is_open(key: &str) -> bool {
    key.starts_with("word.country.") || key.starts_with("word.language.")
}

fn check_text(faults: &mut Vec<WordingFault>, key: &str, labels: &Labels) {
    for code in LANGUAGES {
        if !labels.texts.keys().any(|there| there.primary() == code) {
            faults.push(WordingFault::Untranslated(key.to_owned(), code));
        }
    }
    let english = places(labels.for_reader(&Language::english()));
    let filled = ReasonKey::from_code(key).map_or(&[] as &[Place], ReasonKey::places);
    for place in &english {
        if !filled.iter().any(|known| known.code() == *place) {
            faults.push(WordingFault::UnknownPlace(
                key.to_owned(),
                (*place).to_owned(),
            ));
        }
    }
    for (language, text) in &labels.texts {
        if places(text) != english {
            faults.push(WordingFault::OtherPlaces(key.to_owned(), language.clone()));
        }
    }
}

/// A part of a sentence.
enum Piece<'a> {
    Text(&'a str),
    Place(&'a str),
}

/// Splits a sentence at its `{places}`; a brace without its twin is text.
fn pieces(sentence: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = sentence;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((place, after)) = rest
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'))
        {
            rest = after;
            return Some(Piece::Place(place));
        }
        let from = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest
            .char_indices()
            .find(|(at, c)| *at >= from && *c == '{')
            .map_or(rest.len(), |(at, _)| at);
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(text))
    })
}

fn places(sentence: &str) -> BTreeSet<&str> {
    pieces(sentence)
        .filter_map(|piece| match piece {
            Piece::Place(name) => Some(name),
            Piece::Text(_) => None,
        })
        .collect()
}

/// Writes variables for one reader.
struct Words<'a> {
    wording: &'a Wording,
    reader: &'a Language,
    taxonomy: &'a Taxonomy,
}

impl Words<'_> {
    fn at(&self, reason: &Reason, name: &str) -> String {
        let found = Place::from_code(name).and_then(|place| {
            let (_, var) = reason.vars.iter().find(|(there, _)| *there == place)?;
            Some(self.write(place.vocabulary(), var))
        });
        found.unwrap_or_else(|| NOTHING.to_owned())
    }

    fn write(&self, vocabulary: Vocabulary, var: &Var) -> String {
        match var {
            Var::Int(bp) if vocabulary == Vocabulary::Share => percent(*bp),
            Var::Int(number) => number.to_string(),
            Var::Code(code) => self.label(vocabulary, code).to_owned(),
            Var::Codes(codes) if codes.is_empty() => NOTHING.to_owned(),
            Var::Codes(codes) => {
                let labels: Vec<_> = codes
                    .iter()
                    .map(|code| self.label(vocabulary, code))
                    .collect();
                labels.join(", ")
            }
            Var::Date(day) => day.to_string(),
            Var::Money(money) => money.to_string(),
        }
    }

    /// The label of a code, or the code itself.
    fn label<'b>(&'b self, vocabulary: Vocabulary, code: &'b str) -> &'b str {
        let slug = || code.parse::<Slug>().ok();
        let label = match vocabulary {
            Vocabulary::Plain | Vocabulary::Share => None,
            Vocabulary::Tag => slug()
                .and_then(|slug| self.taxonomy.tag(&slug))
                .map(|tag| tag.labels.for_reader(self.reader)),
            Vocabulary::Facet(facet) => slug()
                .and_then(|slug| self.taxonomy.facet_value(facet, &slug))
                .map(|value| value.labels.for_reader(self.reader)),
            Vocabulary::Words(group) => self.wording.word(group, code, self.reader),
        };
        label.unwrap_or(code)
    }
}

/// Basis points as whole percent, rounded half up.
fn percent(bp: i64) -> String {
    format!("{}%", bp.saturating_add(50).div_euclid(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(sentence: &str) -> Vec<String> {
        pieces(sentence)
            .map(|piece| match piece {
                Piece::Text(text) => text.to_owned(),
                Piece::Place(name) => format!("<{name}>"),
            })
            .collect()
    }

    #[test]
    fn a_sentence_is_split_at_its_places() {
        assert_eq!(split("מים: {tags}."), ["מים: ", "<tags>", "."]);
        assert_eq!(split("{a}{b}"), ["<a>", "<b>"]);
        assert_eq!(split("no place"), ["no place"]);
        assert_eq!(split("open { brace"), ["open ", "{ brace"]);
        assert_eq!(split(""), Vec::<String>::new());
    }

    #[test]
    fn shares_are_whole_percent() {
        for (bp, said) in [
            (0, "0%"),
            (49, "0%"),
            (50, "1%"),
            (2_499, "25%"),
            (20_000, "200%"),
        ] {
            assert_eq!(percent(bp), said, "{bp}");
        }
        assert_eq!(percent(i64::MAX), "92233720368547758%");
    }
}
