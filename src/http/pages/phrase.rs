//! Sentences with facts in them. A fact stands in an element of its own, so
//! that its reading direction doesn't disturb the sentence's.

use chrono::{DateTime, Datelike, NaiveDate, Offset, Timelike, Utc};
use chrono_tz::Tz;

use super::wording::Wording;

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words of the page.
    Words(&'static str),
    /// A fact put into them.
    Fact(String),
}

/// Puts facts into the `{places}` of a sentence. Facts are never searched for
/// places themselves.
pub(super) fn phrase(sentence: &'static str, facts: &[(&str, &str)]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = sentence;
    while let Some((words, (place, after))) = rest
        .split_once('{')
        .and_then(|(words, open)| Some((words, open.split_once('}')?)))
    {
        pieces.push(Piece::Words(words));
        let fact = facts.iter().find(|(name, _)| *name == place);
        pieces.push(Piece::Fact(fact.map_or("", |(_, fact)| fact).to_owned()));
        rest = after;
    }
    pieces.push(Piece::Words(rest));
    pieces
}

fn month(month0: u32, words: &Wording) -> &'static str {
    usize::try_from(month0)
        .ok()
        .and_then(|place| words.months.get(place))
        .copied()
        .unwrap_or_default()
}

/// A day as `pattern` writes it: `{day}`, `{month}`, `{year}`.
pub(super) fn date(day: NaiveDate, pattern: &str, words: &Wording) -> String {
    pattern
        .replace("{day}", &day.day().to_string())
        .replace("{month}", month(day.month0(), words))
        .replace("{year}", &day.year().to_string())
}

/// A moment as the reader's clock shows it.
pub(super) fn moment(at: DateTime<Utc>, zone: Tz, words: &Wording) -> String {
    let local = at.with_timezone(&zone);
    let month = month(local.month0(), words);
    words
        .moment
        .replace("{day}", &local.day().to_string())
        .replace("{month}", month)
        .replace("{year}", &local.year().to_string())
        .replace(
            "{time}",
            &format!("{:02}:{:02}", local.hour(), local.minute()),
        )
        .replace("{zone}", &offset(local.offset().fix().local_minus_utc()))
}

/// `UTC+4`, `UTC+5:30`: unlike abbreviations, the same to everybody.
fn offset(seconds_east: i32) -> String {
    let sign = if seconds_east < 0 { '−' } else { '+' };
    let minutes = seconds_east.abs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::wording;
    use super::*;

    #[test]
    fn a_fact_is_never_read_as_a_place() {
        let pieces = phrase(
            "By {who} in {where}.",
            &[("who", "{where}"), ("where", "X")],
        );
        assert_eq!(
            pieces,
            [
                Piece::Words("By "),
                Piece::Fact("{where}".into()),
                Piece::Words(" in "),
                Piece::Fact("X".into()),
                Piece::Words("."),
            ]
        );
    }

    #[test]
    fn moments_are_written_in_every_language() {
        let at = "2026-11-30T20:00:00Z".parse().unwrap();
        let written: Vec<_> = wording::ALL
            .iter()
            .map(|words| moment(at, chrono_tz::Asia::Baku, words))
            .collect();
        assert_eq!(
            written,
            [
                "1 December 2026, 00:00 (UTC+4)",
                "1 בדצמבר 2026, בשעה 00:00 (UTC+4)",
                "1 dekabr 2026, saat 00:00 (UTC+4)",
                "1 декабря 2026 г., 00:00 (UTC+4)",
            ]
        );
    }
}
