//! Quotes for those who still read YAML 1.1.
//!
//! In YAML 1.2, which OpenAPI asks for, `on` and `2026-11-01` are texts. Widely
//! used parsers keep to 1.1 (§10.2 of its types: `bool`, `timestamp`), where
//! the one is true and the other a date; a quoted text is a text in both.

/// The document with such keys and values quoted. Blocks of text are left as
/// they are: what stands in them isn't read.
pub fn quoted(document: &str) -> String {
    let mut text = String::with_capacity(document.len());
    let mut block: Option<usize> = None;
    for line in document.lines() {
        let depth = line.len() - line.trim_start_matches(' ').len();
        if block.is_some_and(|at| line.is_empty() || depth > at) {
            text.push_str(line);
        } else {
            block = opens_block(line).then_some(depth);
            push_quoted(&mut text, line);
        }
        text.push('\n');
    }
    text
}

/// Whether the lines below, as far as they stand deeper, are one text.
fn opens_block(line: &str) -> bool {
    let last = line.rsplit(' ').next().unwrap_or_default();
    let mut marks = last.chars();
    matches!(marks.next(), Some('|' | '>')) && marks.all(|it| "+-0123456789".contains(it))
}

fn push_quoted(text: &mut String, line: &str) {
    let mut rest = line.trim_start_matches([' ', '-']);
    let indent = line.len() - rest.len();
    text.extend(line.get(..indent));
    if let Some((key, value)) = rest.split_once(':')
        && (value.is_empty() || value.starts_with(' '))
    {
        push_scalar(text, key);
        text.push(':');
        if value.is_empty() {
            return;
        }
        text.push(' ');
        rest = value.trim_start();
    }
    push_scalar(text, rest);
}

fn push_scalar(text: &mut String, scalar: &str) {
    if is_misread(scalar) {
        text.extend(["'", scalar, "'"]);
    } else {
        text.push_str(scalar);
    }
}

/// Whether YAML 1.1 takes a plain text for something else. What 1.2 takes for
/// something else is quoted already.
fn is_misread(scalar: &str) -> bool {
    const WORDS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    let bytes = scalar.as_bytes();
    let is_date = scalar.is_ascii()
        && bytes.get(..5).is_some_and(|year| {
            let (digits, mark) = year.split_at(4);
            digits.iter().all(u8::is_ascii_digit) && mark == b"-"
        })
        && bytes
            .iter()
            .all(|it| it.is_ascii_digit() || b"-:.TZ+".contains(it));
    is_date || WORDS.contains(&scalar.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use yaml_serde::Value;

    use super::quoted;

    #[test]
    fn what_an_older_reader_mistakes_is_quoted_and_the_rest_is_not_touched() {
        let plain = "on: off\nlist:\n- on\n- no one\n- - yes\nday: 2026-11-01\n\
                     at: 2026-11-01T00:00:00Z\nrange: 2026-11-01..\ncount: 12\nfine: true\n\
                     text: |-\n  on\n  - 2026-11-01\nnext: 'on'\nurl: https://a.example\n";
        let wanted = "'on': 'off'\nlist:\n- 'on'\n- no one\n- - 'yes'\nday: '2026-11-01'\n\
                      at: '2026-11-01T00:00:00Z'\nrange: '2026-11-01..'\ncount: 12\nfine: true\n\
                      text: |-\n  on\n  - 2026-11-01\nnext: 'on'\nurl: https://a.example\n";
        assert_eq!(quoted(plain), wanted);
        let read = |text: &str| yaml_serde::from_str::<Value>(text).expect("YAML");
        assert_eq!(read(plain), read(wanted));
    }

    #[test]
    fn the_contract_says_the_same_quoted() {
        let text = include_str!("../../../openapi.yaml");
        assert_eq!(quoted(text), text);
        assert!(!text.contains("\n- on\n"));
    }
}
