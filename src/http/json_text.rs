//! What is no JSON, and where.

use super::problem::Kind;
use crate::domain::fault::Faults;

/// Why bytes are no JSON text at all, before anybody looks for its places.
pub(super) fn no_json_text(bytes: &[u8]) -> Option<String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Some("The body is empty; a JSON document was expected.".to_owned());
    }
    if bytes.starts_with("\u{FEFF}".as_bytes()) {
        let why =
            "The body begins with a byte order mark (U+FEFF); send it without (RFC 8259 §8.1).";
        return Some(why.to_owned());
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || bytes.contains(&0) {
        return Some("The body seems to be in UTF-16; send it in UTF-8.".to_owned());
    }
    if bytes.starts_with(&[0x1F, 0x8B]) {
        return Some("The body is compressed; send it as it is.".to_owned());
    }
    let wrong = std::str::from_utf8(bytes).err()?;
    let place = wrong.valid_up_to() + 1;
    Some(format!(
        "The body is not in UTF-8: byte {place} is no character of it."
    ))
}

/// Where a row of a file is no JSON, by its characters: which line of the file
/// it is stands with the row.
pub(super) fn no_json(line: &[u8], error: &serde_json::Error) -> Faults {
    let row = line.trim_ascii_end();
    let ends = error.line() > 1 || error.column() > row.len();
    let before = row.get(..error.column()).filter(|_| !ends).unwrap_or(row);
    let column = String::from_utf8_lossy(before).chars().count();
    let said = error.to_string();
    let detail = format!(
        "This is not JSON: {} (column {column} of the row).",
        place_cut_off(&said)
    );
    let mut faults = Faults::new();
    faults.push("", Kind::MalformedJson.code(), detail);
    faults
}

/// `serde_json` adds where it was in the bytes; the pointer says it better.
pub(super) fn place_cut_off(message: &str) -> &str {
    message
        .split_once(" at line ")
        .map_or(message, |(said, _)| said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_wrong_at_a_character_of_it() {
        let row = "{\"a\": \"תמר\", }".as_bytes();
        let error = serde_json::from_slice::<serde_json::Value>(row).unwrap_err();
        let faults = no_json(row, &error).into_vec();
        let details: Vec<&str> = faults.iter().map(|fault| fault.detail.as_str()).collect();
        assert_eq!(
            details,
            ["This is not JSON: trailing comma (column 14 of the row)."]
        );
        // What stops in the middle is wrong where it stops.
        let row = b"{\"a\": 1\n";
        let error = serde_json::from_slice::<serde_json::Value>(row).unwrap_err();
        let faults = no_json(row, &error).into_vec();
        let stops = faults.first().map(|fault| fault.detail.as_str());
        assert!(
            stops.is_some_and(|it| it.ends_with("(column 7 of the row).")),
            "{stops:?}"
        );
    }
}
