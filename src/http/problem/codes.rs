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

    use super::*;

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

    #[test]
    fn every_rule_that_says_no_has_a_page_and_every_page_a_code() {
        let mut text = String::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut text,
        );
        let mut missing = BTreeSet::new();
        for begin in ["Refusal::new(", "Error::refused("] {
            for rest in text.split(begin).skip(1) {
                let Some(rest) = rest.trim_start().strip_prefix('"') else {
                    continue;
                };
                let code = rest.split('"').next().unwrap();
                if meaning(code).is_none() {
                    missing.insert(code.to_owned());
                }
            }
        }
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
