//! Texts shown before consent must not carry a way around it: no address, no
//! phone number, no link, no name of the organization.

use super::firm_name::Heard;

/// What a text gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// An e-mail address, also one written around the `@`.
    Address,
    /// A number that can be dialled.
    Phone,
    /// A link or the name of a web site.
    Link,
    /// The name of an organization.
    OrganizationName,
}

impl Finding {
    /// The stable code of the fault.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address => "carries_address",
            Self::Phone => "carries_phone",
            Self::Link => "carries_link",
            Self::OrganizationName => "carries_organization_name",
        }
    }

    /// What to tell the author.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Address => {
                "Take the e-mail address out: addresses are exchanged after both sides agree."
            }
            Self::Phone => {
                "Take the phone number out: numbers are exchanged after both sides agree."
            }
            Self::Link => {
                "Take the link or web site out: it would name the organization before both sides agree."
            }
            Self::OrganizationName => {
                "Take the organization's name out: it is shown only where it was granted."
            }
        }
    }
}

/// Endings that make a dotted word a web site. A dotted word with another
/// ending (`Node.js`, `v2.0`) is left alone.
const SITE_ENDINGS: &[&str] = &[
    "com", "org", "net", "io", "ai", "co", "il", "az", "ru", "eu", "tech", "app", "dev", "info",
    "biz", "me", "ly", "xyz", "cloud", "example", "online", "site", "vc", "fund",
];

/// Everything the text gives away, each kind once. `names` are all forms of
/// the names that must not stand in it.
pub fn findings<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<Finding> {
    let mut found = Vec::new();
    if has_address(text) {
        found.push(Finding::Address);
    }
    if has_phone(text) {
        found.push(Finding::Phone);
    }
    if has_link(text) {
        found.push(Finding::Link);
    }
    if has_name(text, names) {
        found.push(Finding::OrganizationName);
    }
    found
}

fn has_address(text: &str) -> bool {
    let lower = text.to_lowercase();
    if ["(at)", "[at]", "{at}", " at gmail", " at outlook"]
        .iter()
        .any(|way| lower.contains(way))
    {
        return true;
    }
    // The full-width and small forms of @ read the same to a person.
    lower
        .split(['@', '＠', '﹫'])
        .zip(lower.split(['@', '＠', '﹫']).skip(1))
        .any(|(before, after)| {
            before
                .chars()
                .next_back()
                .is_some_and(|c| !c.is_whitespace())
                && after.chars().next().is_some_and(char::is_alphanumeric)
        })
}

/// Seven or more digits, apart only by what people put between them. Amounts
/// (`1,000,000`) and ranges of years are no numbers to dial.
fn has_phone(text: &str) -> bool {
    let mut number = Number::default();
    let mut before = ' ';
    for c in text.chars().chain(['\n']) {
        if c.is_numeric() {
            number.digit(before);
        } else if !number.goes_on_after(c) {
            if number.can_be_dialled() {
                return true;
            }
            number = Number::default();
            before = c;
        }
    }
    false
}

/// A run of digits with what stands between them.
#[derive(Default)]
struct Number {
    digits: u32,
    separators: u32,
    commas: u32,
    /// Separators since the last digit; they count once another digit follows.
    pending: u32,
    pending_commas: u32,
    plus: bool,
}

impl Number {
    fn digit(&mut self, before: char) {
        if self.digits == 0 {
            self.plus = before == '+';
        }
        self.digits += 1;
        self.separators += self.pending;
        self.commas += self.pending_commas;
        (self.pending, self.pending_commas) = (0, 0);
    }

    fn goes_on_after(&mut self, c: char) -> bool {
        let separates = matches!(
            c,
            ' ' | '-' | '(' | ')' | '.' | '/' | '\u{2011}' | '\u{2013}'
        );
        if self.digits == 0 || self.pending + self.pending_commas >= 2 {
            return false;
        }
        if c == ',' {
            self.pending_commas += 1;
        } else if separates {
            self.pending += 1;
        }
        separates || c == ','
    }

    const fn can_be_dialled(&self) -> bool {
        let years = self.digits == 8 && self.separators <= 1 && !self.plus;
        let dialled = self.plus || self.separators > 0 || self.digits >= 9;
        self.digits >= 7 && self.commas == 0 && dialled && !years
    }
}

fn has_link(text: &str) -> bool {
    let lower = text.to_lowercase();
    if ["http:", "https:", "www.", "://"]
        .iter()
        .any(|mark| lower.contains(mark))
    {
        return true;
    }
    lower
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '"' | '/'))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        // The host of an address is named as an address already.
        .filter(|word| !word.contains('@'))
        .filter_map(|word| word.rsplit_once('.'))
        .any(|(host, ending)| {
            SITE_ENDINGS.contains(&ending)
                && host.chars().next_back().is_some_and(char::is_alphanumeric)
        })
}

/// A name is a name in whatever script it stands. Names of one or two letters
/// would forbid ordinary words, so they pass.
fn has_name<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> bool {
    let text = Heard::of(text);
    names.into_iter().any(|name| text.names_firm(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_around_consent_is_found() {
        for (text, finding) in [
            ("write to dana@tamar.example", Finding::Address),
            ("dana (at) tamar", Finding::Address),
            ("call +972 54-123-4567", Finding::Phone),
            ("call 0541234567", Finding::Phone),
            ("תתקשרו 054-1234567", Finding::Phone),
            ("see https://tamar.example/deck", Finding::Link),
            ("see tamarflow.co.il today", Finding::Link),
            ("We at TAMAR-Flow pump water", Finding::OrganizationName),
            ("we at tamar flow pump water", Finding::OrganizationName),
            ("אנחנו תמר זרימה", Finding::OrganizationName),
            (
                "мы в «Хазар Капитал» качаем воду",
                Finding::OrganizationName,
            ),
            ("we at Khazar-Capital pump water", Finding::OrganizationName),
        ] {
            assert_eq!(
                findings(text, ["Tamar Flow Ltd.", "תמר זרימה", "Xəzər Kapital MMC"]),
                [finding],
                "{text}"
            );
        }
    }

    #[test]
    fn ordinary_prose_passes() {
        for text in [
            "We raised USD 1,250,000 in 2023-2024 and grew 40 %.",
            "Node.js and v2.0 of our pump; 1200000 litres a day.",
            "Working with 3 utilities, e.g. in Baku. The tamarind pays.",
            "Məhsulumuz su itkisini 30% azaldır.",
            "A timer that flows; tomorrow a flow of dates.",
            "Наш таймер экономит воду, поток за потоком.",
        ] {
            assert_eq!(findings(text, ["Tamar Flow", "Ta", "תמר"]), [], "{text}");
        }
    }
}
