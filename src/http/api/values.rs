//! Values as they stand on the wire, the same in every noun: money, texts in
//! several languages, codes, dates, times. Reading one notes what is wrong
//! with it, at its place, and goes on.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::fault::Faults;
use crate::domain::money::Money;
use crate::domain::release::check_until;
use crate::domain::text::{Language, LocalText, Localized, TextState, bounded};

/// The largest amount: what every JSON reader keeps exactly (RFC 8259 §6).
pub const MAX_AMOUNT: i64 = 9_007_199_254_740_991;

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Money)]
pub struct MoneyView {
    /// Whole minor units (cents, qəpik, agorot).
    #[schema(
        minimum = 0,
        maximum = 9_007_199_254_740_991_i64,
        example = 250_000_000
    )]
    pub amount_minor: i64,
    /// ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
    pub currency: String,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self {
            amount_minor: money.amount_minor,
            currency: money.currency.to_string(),
        }
    }
}

impl MoneyView {
    /// The amount, if it is one.
    pub fn read(&self, faults: &mut Faults, pointer: &str) -> Option<Money> {
        let amount_minor = amount(
            faults,
            &format!("{pointer}/amount_minor"),
            self.amount_minor,
        );
        let currency = parsed(
            faults,
            &format!("{pointer}/currency"),
            "unknown_currency",
            &self.currency,
        );
        Some(Money::new(amount_minor?, currency?))
    }
}

/// An amount of minor units; none is below zero or beyond [`MAX_AMOUNT`].
pub fn amount(faults: &mut Faults, pointer: &str, minor: i64) -> Option<i64> {
    if (0..=MAX_AMOUNT).contains(&minor) {
        return Some(minor);
    }
    faults.push(
        pointer,
        "out_of_range",
        format!("An amount is 0 to {MAX_AMOUNT} minor units."),
    );
    None
}

/// A text in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object such as {\"text\": \"Water from air.\"}"
)]
#[schema(as = LocalText)]
pub struct LocalTextView {
    /// The words.
    #[schema(min_length = 1, max_length = 5000, example = "Water from air.")]
    pub text: String,
    /// Where the words come from: `original` by their author, `machine` by a
    /// machine and read by nobody, `human` by a translator.
    #[serde(default = "original")]
    #[schema(
        max_length = 10,
        pattern = "^(original|machine|human)$",
        default = "original"
    )]
    pub state: String,
}

fn original() -> String {
    TextState::Original.code().to_owned()
}

/// One text by language tag (BCP 47).
pub type LocalizedView = BTreeMap<String, LocalTextView>;

/// Most languages of one text.
const MAX_LANGUAGES: usize = 20;

/// A text in several languages, each of at most `max` characters.
pub fn localized(
    faults: &mut Faults,
    pointer: &str,
    texts: &LocalizedView,
    max: usize,
) -> Localized {
    let mut read = Localized::new();
    if !within(faults, pointer, texts.len(), MAX_LANGUAGES) {
        return read;
    }
    for (tag, local) in texts {
        let place = format!("{pointer}/{tag}");
        let language: Option<Language> = parsed(faults, &place, "unknown_language", tag);
        let text = bounded(&local.text, max, true);
        let text = faults.take(format!("{place}/text"), "bad_text", text);
        let state =
            TextState::from_code(&local.state).ok_or("must be one of original, machine, human");
        let state = faults.take(format!("{place}/state"), "unknown_code", state);
        if let (Some(language), Some(text), Some(state)) = (language, text, state) {
            read.insert(language, LocalText { text, state });
        }
    }
    read
}

/// All texts by language, as a caller reads and writes them.
pub fn localized_view(texts: &Localized) -> LocalizedView {
    texts
        .iter()
        .map(|(language, local)| {
            let view = LocalTextView {
                text: local.text.clone(),
                state: local.state.code().to_owned(),
            };
            (language.to_string(), view)
        })
        .collect()
}

/// A text in the language that fits its reader best.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReadableText)]
pub struct ReadableView {
    /// The words.
    #[schema(max_length = 10_000)]
    pub text: String,
    /// Their language, BCP 47.
    #[schema(max_length = 35, example = "he")]
    pub lang: String,
    /// Their reading direction, `ltr` or `rtl`.
    #[schema(max_length = 3, example = "rtl")]
    pub dir: &'static str,
    /// `original`, `machine` or `human`.
    #[schema(max_length = 10, example = "original")]
    pub state: &'static str,
}

impl ReadableView {
    /// The best text for a reader, if there is any.
    pub fn for_reader(text: &Localized, reader: &Language) -> Option<Self> {
        let (language, text) = text.for_reader(reader)?;
        Some(Self {
            text: text.text.clone(),
            lang: language.to_string(),
            dir: language.direction(),
            state: text.state.code(),
        })
    }
}

/// What the text says when it is a `T`, such as a country or a date.
pub fn parsed<T>(faults: &mut Faults, pointer: &str, code: &'static str, text: &str) -> Option<T>
where
    T: FromStr,
    T::Err: Display,
{
    faults.take(pointer, code, text.parse())
}

/// A day, `2026-11-30`.
pub fn day(faults: &mut Faults, pointer: &str, text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|day| day.to_string() == text)
        .ok_or("must be a day such as 2026-11-30");
    faults.take(pointer, "not_a_day", day)
}

/// Until when a release by compliance is to hold, if less than 12 months are
/// meant.
pub fn release_until(
    faults: &mut Faults,
    text: Option<&str>,
    now: DateTime<Utc>,
) -> Option<NaiveDate> {
    let until = day(faults, "/valid_to", text?)?;
    match check_until(until, now.date_naive()) {
        Ok(()) => Some(until),
        Err((code, detail)) => {
            faults.push("/valid_to", code, detail);
            None
        }
    }
}

/// A refusal ends with the question; only a release has an end of its own.
pub fn no_end_of_a_refusal(faults: &mut Faults, valid_to: Option<&str>) {
    if valid_to.is_some() {
        faults.push("/valid_to", "not_taken", "A refusal has no end.");
    }
}

/// The value of a closed set with that code.
pub fn code<T: Copy + Display>(
    faults: &mut Faults,
    pointer: &str,
    text: &str,
    all: &[T],
) -> Option<T> {
    let found = all.iter().copied().find(|value| value.to_string() == text);
    if found.is_none() {
        let codes: Vec<String> = all.iter().map(ToString::to_string).collect();
        let detail = format!("Must be one of {}.", codes.join(", "));
        faults.push(pointer, "unknown_code", detail);
    }
    found
}

/// At most `max` items, each read by `read`, which notes what is wrong.
pub fn each<T, C: FromIterator<T>>(
    faults: &mut Faults,
    pointer: &str,
    items: &[String],
    max: usize,
    mut read: impl FnMut(&mut Faults, &str, &str) -> Option<T>,
) -> C {
    if !within(faults, pointer, items.len(), max) {
        return std::iter::empty().collect();
    }
    let read_one =
        |(place, item): (usize, &String)| read(&mut *faults, &format!("{pointer}/{place}"), item);
    items.iter().enumerate().filter_map(read_one).collect()
}

/// Whether there are at most `max` items; else the fault is noted.
pub fn within(faults: &mut Faults, pointer: &str, items: usize, max: usize) -> bool {
    let fits = items <= max;
    if !fits {
        faults.push(pointer, "too_many", format!("At most {max} are taken."));
    }
    fits
}

/// The texts of some values, in their order.
pub fn texts<T: Display>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

/// A time by RFC 3339 in UTC, with microseconds.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::Side;

    fn pointers(faults: Faults) -> Vec<String> {
        let codes = faults.into_iter();
        codes
            .map(|fault| format!("{} {}", fault.pointer, fault.code))
            .collect()
    }

    #[test]
    fn texts_keep_language_and_state() {
        let texts: LocalizedView = serde_json::from_str(
            r#"{"en":{"text":"water"},"he":{"text":"מים","state":"machine"}}"#,
        )
        .unwrap();
        let mut faults = Faults::new();
        let read = localized(&mut faults, "/one_liner", &texts, 10);
        assert!(faults.is_empty());
        let view = localized_view(&read);
        assert_eq!(view["he"].state, "machine");
        assert_eq!(view["en"].state, "original");
    }

    #[test]
    fn every_fault_of_a_text_is_named() {
        let texts: LocalizedView = serde_json::from_str(
            r#"{"en":{"text":" ","state":"x"},"english":{"text":"too long indeed"}}"#,
        )
        .unwrap();
        let mut faults = Faults::new();
        localized(&mut faults, "/t", &texts, 5);
        assert_eq!(
            pointers(faults),
            [
                "/t/en/text bad_text",
                "/t/en/state unknown_code",
                "/t/english unknown_language",
                "/t/english/text bad_text",
            ]
        );
    }

    #[test]
    fn lists_name_the_place_of_each_fault() {
        let mut faults = Faults::new();
        let items = ["startup", "x", "investor"].map(str::to_owned);
        let read: Vec<Side> = each(&mut faults, "/sides", &items, 3, |faults, place, text| {
            code(faults, place, text, Side::ALL)
        });
        assert_eq!(read, [Side::Startup, Side::Investor]);
        let none: Vec<Side> = each(&mut faults, "/sides", &items, 2, |_, _, _| None);
        assert!(none.is_empty());
        assert_eq!(
            pointers(faults),
            ["/sides/1 unknown_code", "/sides too_many"]
        );
    }

    #[test]
    fn days_have_one_spelling_and_amounts_a_range() {
        let mut faults = Faults::new();
        assert!(day(&mut faults, "/d", "2026-11-30").is_some());
        for bad in ["2026-1-3", "2026-02-30", "30.11.2026", ""] {
            assert_eq!(day(&mut faults, "/d", bad), None, "{bad}");
        }
        assert_eq!(amount(&mut faults, "/a", -1), None);
        assert_eq!(amount(&mut faults, "/a", MAX_AMOUNT), Some(MAX_AMOUNT));
        assert_eq!(faults.into_vec().len(), 5);
    }
}
