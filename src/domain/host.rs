//! Hosts that read as another's: with letters of several scripts in one label,
//! with letters of one script that all look like Latin ones, or with letters
//! that stand for others. Their ASCII form (RFC 5891) shows what they are.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

/// Letters of other scripts that look like Latin ones.
const LIKE_LATIN: &str = "асԁеһіјӏорԛѕԝхуҽпгѵѡкмтв\
                          αικνρυωηοτγχ";

/// The scripts whose letters are mistaken for each other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Hebrew,
    Georgian,
    Cherokee,
    Other,
}

const fn script(letter: char) -> Script {
    match letter {
        'a'..='z' | 'A'..='Z' | '\u{aa}'..='\u{2af}' | '\u{1e00}'..='\u{1eff}' => Script::Latin,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Script::Greek,
        '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' => Script::Cyrillic,
        '\u{530}'..='\u{58f}' => Script::Armenian,
        '\u{590}'..='\u{5ff}' => Script::Hebrew,
        '\u{10a0}'..='\u{10ff}' | '\u{2d00}'..='\u{2d2f}' => Script::Georgian,
        '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => Script::Cherokee,
        _ => Script::Other,
    }
}

/// Whether a host, as somebody wrote it, reads as another one.
pub fn misleads(host: &str) -> bool {
    // Full-width letters, ligatures and the like are looked up as others.
    if !host.nfkc().eq(host.nfc()) {
        return true;
    }
    let top = host.rsplit('.').next().unwrap_or(host);
    host.split('.').any(|label| {
        let letters = || label.chars().filter(|it| it.is_alphabetic());
        let scripts: BTreeSet<Script> = letters().map(script).collect();
        // Names in Japanese have Latin letters among others; no script that
        // is told apart here does.
        let mixed = scripts.iter().filter(|it| **it != Script::Other).count() > 1
            || scripts.contains(&Script::Other)
                && scripts
                    .iter()
                    .any(|it| !matches!(it, Script::Other | Script::Latin));
        let foreign = !scripts.is_empty() && !scripts.contains(&Script::Latin);
        let like = |letter: char| letter.to_lowercase().all(|it| LIKE_LATIN.contains(it));
        mixed || top.is_ascii() && foreign && letters().all(like)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Website;

    #[test]
    fn what_reads_as_another_is_told_from_names_in_other_scripts() {
        for host in [
            "аррӏе.com",
            "раураl.com",
            "gооgle.com",
            "ｅxample.com",
            "ﬁrma.az",
            "www.СОМ.az",
            "microsоft.example",
            "τοτ.com",
            "shop.аррӏе.com",
        ] {
            assert!(misleads(host), "{host}");
        }
        for host in [
            "tamar.example",
            "www.ŞiRKƏT.az",
            "şirkət.az",
            "ıssıq.az",
            "קורידור.co.il",
            "вода-баку.az",
            "сор.рф",
            "xn--80ak6aa92e.com",
            "web2.example",
            "ソニーsony.example",
            "münchen-3.example",
        ] {
            assert!(!misleads(host), "{host}");
        }
        let older = Website::on_record("https://аррӏе.com").map(|it| it.host());
        assert_eq!(older.as_deref(), Some("xn--80ak6aa92e.com"));
    }
}
