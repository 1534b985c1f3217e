//! What the stable codes mean that say more than the kind of a problem: the
//! rule that said no, or what is wrong at one place of a document.

const TABLE: &str = include_str!("codes.txt");

/// All of them with what they mean, in order.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(": "))
}

/// What a code means.
pub fn meaning(code: &str) -> Option<&'static str> {
    let mut known = all();
    known.find_map(|(known, meaning)| (known == code).then_some(meaning))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::super::Kind;
    use super::*;
    use crate::domain::screening::Finding;

    fn sources(folder: &Path, into: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                into.push_str(text.split("#[cfg(test)]").next().unwrap());
            }
        }
    }

    /// The arguments of a call, from behind its parenthesis on.
    fn arguments(text: &str) -> Vec<&str> {
        let (mut depth, mut quoted, mut escaped) = (0, false, false);
        let (mut found, mut from) = (Vec::new(), 0);
        for (at, c) in text.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ if quoted => {}
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 0 => {
                    found.push(text[from..at].trim());
                    break;
                }
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.push(text[from..at].trim());
                    from = at + 1;
                }
                _ => {}
            }
        }
        found
    }

    /// The code that a text is, in its quotation marks.
    fn code(text: &str) -> Option<&str> {
        let code = text.strip_prefix('"')?.strip_suffix('"')?;
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        (!code.is_empty() && code.chars().all(plain)).then_some(code)
    }

    /// All codes that the source gives to refusals and faults: what is called,
    /// of how many arguments at least, and which of them is the code.
    fn given(text: &str) -> BTreeSet<&str> {
        let mut given = BTreeSet::new();
        for (call, least, place) in [
            ("Refusal::new(", 2, 0),
            ("refused(", 2, 0),
            ("one_fault(", 3, 1),
            ("illegible(", 3, 1),
            (".push(", 3, 1),
            (".take(", 3, 1),
            (".of(", 3, 1),
            ("parsed(", 4, 2),
            ("unknown(", 4, 2),
        ] {
            for rest in text.split(call).skip(1) {
                let arguments = arguments(rest);
                let all = arguments.len() >= least;
                let said = arguments.get(place).filter(|_| all);
                given.extend(said.and_then(|it| code(it)));
            }
        }
        for rest in text.split(" code: ").skip(1) {
            let rest = rest.trim_start_matches("Cow::Borrowed(");
            let end = rest.match_indices('"').nth(1).map(|(at, _)| at + 1);
            given.extend(end.and_then(|end| code(&rest[..end])));
        }
        given
    }

    #[test]
    fn every_code_that_somebody_sees_has_a_page_and_every_page_a_code() {
        let mut text = String::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut text,
        );
        let given = given(&text);
        assert!(given.len() > 250, "{}", given.len());
        let is_kind = |code: &str| Kind::ALL.iter().any(|kind| kind.code() == code);
        let findings = [
            Finding::Address,
            Finding::Phone,
            Finding::Link,
            Finding::Handle,
            Finding::OrganizationName,
            Finding::PersonName,
        ];
        let missing: BTreeSet<_> = given
            .into_iter()
            .chain(findings.map(Finding::code))
            .chain(["invalid_value", "missing", "unknown_field", "wrong_type"])
            .chain(["bad_quote", "row_too_long", "unclosed_quote"])
            .filter(|code| meaning(code).is_none() && !is_kind(code))
            .collect();
        assert_eq!(missing, BTreeSet::new(), "explain them in codes.txt");
        let dead: Vec<_> = all()
            .filter(|(code, _)| !text.contains(&format!("\"{code}\"")))
            .collect();
        assert!(dead.is_empty(), "{dead:?}");
        let codes: Vec<_> = all().map(|(code, _)| code).collect();
        let sorted: BTreeSet<_> = codes.iter().copied().collect();
        assert!(codes.iter().copied().eq(sorted));
        assert!(all().all(|(_, meaning)| meaning.ends_with('.')));
    }
}
