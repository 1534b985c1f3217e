//! Cells: how a value of the document is written in one, and read back.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a
//! line break for a formula. Such a text is written with an apostrophe before
//! it, and one that begins with apostrophes before such a character with one
//! more; reading takes one away, so that every text comes back as it was.

use serde_json::{Map, Value};

use super::columns::Cell;

fn is_trigger(c: char) -> bool {
    // Spreadsheets set to East Asian languages know the wide forms too.
    matches!(
        c,
        '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'
    )
}

fn would_run(text: &str) -> bool {
    text.trim_start_matches('\'')
        .chars()
        .next()
        .is_some_and(is_trigger)
}

/// The text as no spreadsheet runs it.
pub fn guarded(text: String) -> String {
    if would_run(&text) {
        format!("'{text}")
    } else {
        text
    }
}

/// The text that was [`guarded`]; any other as it is.
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if would_run(rest) => rest,
        _ => text,
    }
}

/// The value of a cell; none of an empty one. What is not of the column's
/// kind stays a text, which the document then refuses at its place.
pub fn read(cell: Cell, text: &str) -> Option<Value> {
    let text = unguarded(text);
    let short = text.trim();
    if short.is_empty() {
        return None;
    }
    Some(match cell {
        Cell::Text => Value::from(text.replace("\r\n", "\n")),
        Cell::Number => short.parse::<i64>().map_or(Value::from(short), Value::from),
        Cell::Flag => match short.to_ascii_lowercase().as_str() {
            "true" => Value::from(true),
            "false" => Value::from(false),
            _ => Value::from(short),
        },
        Cell::Records => serde_json::from_str(short).unwrap_or_else(|_| Value::from(short)),
        Cell::List => split(text).into_iter().map(Value::from).collect(),
        Cell::Weights => Value::Object(split(text).iter().map(|item| weight(item)).collect()),
    })
}

fn weight(item: &str) -> (String, Value) {
    let (tag, weight) = item.rsplit_once(':').unwrap_or((item, ""));
    let value = weight.trim();
    let value = value.parse::<i64>().map_or(Value::from(value), Value::from);
    (tag.trim().to_owned(), value)
}

/// The cell of a value.
pub fn write(cell: Cell, value: &Value) -> String {
    let plain = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (cell, value) {
        (Cell::Weights, Value::Object(weights)) => guarded(weights_of(weights)),
        (Cell::Records, Value::Array(_)) => guarded(value.to_string()),
        // What is no text of anybody's can't hold a formula.
        (Cell::Number | Cell::Flag, value) => plain(value),
        (_, Value::Array(items)) => guarded(join(items.iter().map(plain))),
        (_, value) => guarded(plain(value)),
    }
}

fn weights_of(weights: &Map<String, Value>) -> String {
    join(
        weights
            .iter()
            .map(|(tag, weight)| format!("{tag}:{weight}")),
    )
}

fn join(items: impl Iterator<Item = String>) -> String {
    let escaped = items.map(|item| item.replace('\\', "\\\\").replace('|', "\\|"));
    escaped.collect::<Vec<_>>().join("|")
}

fn split(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut item = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => item.extend(characters.next()),
            '|' => items.push(std::mem::take(&mut item)),
            c => item.push(c),
        }
    }
    items.push(item);
    items
        .into_iter()
        .map(|item| item.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn nothing_that_is_written_runs() {
        for dangerous in [
            "=1+1", "+972 3", "-5", "@SUM(A1)", "\tx", "\rx", "\n=x", "＝1", "'=1", "''=1", "'\t",
        ] {
            let written = guarded(dangerous.to_owned());
            assert!(written.starts_with('\''), "{dangerous:?}");
            assert_eq!(unguarded(&written), dangerous, "{dangerous:?}");
        }
        for harmless in ["", "a=b", "'tis", "'", "שלום", "''quoted''", "5-3"] {
            assert_eq!(guarded(harmless.to_owned()), harmless);
            assert_eq!(unguarded(harmless), harmless);
        }
    }

    #[test]
    fn cells_are_of_their_kind() {
        assert_eq!(read(Cell::Number, " 7 "), Some(json!(7)));
        assert_eq!(read(Cell::Number, "'-7"), Some(json!(-7)));
        assert_eq!(read(Cell::Number, "seven"), Some(json!("seven")));
        assert_eq!(read(Cell::Flag, "TRUE"), Some(json!(true)));
        assert_eq!(
            read(Cell::List, "a| b |c\\|d"),
            Some(json!(["a", "b", "c|d"]))
        );
        assert_eq!(
            read(Cell::Weights, "water:3|energy"),
            Some(json!({"water": 3, "energy": ""}))
        );
        assert_eq!(read(Cell::Text, "  "), None);
        let held = json!([{"name": "Araz | Su", "tags": ["water"]}]);
        let written = write(Cell::Records, &held);
        assert_eq!(read(Cell::Records, &written), Some(held));
        assert_eq!(read(Cell::Records, "[Araz"), Some(json!("[Araz")));
    }

    proptest! {
        #[test]
        fn every_text_comes_back_as_it_was(text in "[='+@\t\r\na-c|\\\\שə -]{0,12}") {
            let written = guarded(text.clone());
            prop_assert!(!written.chars().next().is_some_and(is_trigger), "{written:?}");
            prop_assert_eq!(unguarded(&written), text);
        }

        #[test]
        fn every_list_comes_back_as_it_was(
            items in prop::collection::vec("[='a-c|\\\\:ש]{1,6}", 1..5)
        ) {
            let value = json!(items);
            let written = write(Cell::List, &value);
            prop_assert_eq!(read(Cell::List, &written), Some(value));
        }
    }
}
