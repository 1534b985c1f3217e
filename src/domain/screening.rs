//! Texts shown before consent must not carry a way around it: no address, no
//! phone number, no link, no name on a messenger, no name of the organization
//! or of its people.

use super::heard::Heard;

/// What a text gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// An e-mail address, also one written around the `@`.
    Address,
    /// A number that can be dialled.
    Phone,
    /// A link or the name of a web site.
    Link,
    /// A name on a service by which somebody can be found and written to.
    Handle,
    /// The name of an organization.
    OrganizationName,
    /// The name of somebody of an organization.
    PersonName,
}

impl Finding {
    /// The stable code of the fault.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address => "carries_address",
            Self::Phone => "carries_phone",
            Self::Link => "carries_link",
            Self::Handle => "carries_handle",
            Self::OrganizationName => "carries_organization_name",
            Self::PersonName => "carries_person_name",
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
            Self::Handle => {
                "Take the name on a messenger or network out: people find each other after both sides agree."
            }
            Self::PersonName => {
                "Take the person's name out: names are exchanged after both sides agree."
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
    if has_handle(text) {
        found.push(Finding::Handle);
    }
    if has_name(text, names) {
        found.push(Finding::OrganizationName);
    }
    found
}

/// Whether one of these people is named in it, in whatever script and order,
/// with the father's name or without. Only whole names count: a first name
/// alone tells nobody, and many are ordinary words.
pub fn names_somebody<'a>(text: &str, people: impl IntoIterator<Item = &'a str>) -> bool {
    let text = Heard::of(text);
    // “Anne-Marie” is one.
    let mut whole = people
        .into_iter()
        .filter(|name| name.split_whitespace().nth(1).is_some());
    whole.any(|name| text.names_person(name))
}

/// Services on which people are found by a name, in the scripts of our readers.
const SERVICES: &[&str] = &[
    "telegram",
    "whatsapp",
    "skype",
    "viber",
    "wechat",
    "instagram",
    "facebook",
    "linkedin",
    "twitter",
    "discord",
    "телеграм",
    "телеграме",
    "ватсап",
    "вотсап",
    "скайп",
    "вайбер",
    "инстаграм",
    "линкедин",
    "טלגרם",
    "בטלגרם",
    "ווטסאפ",
    "בווטסאפ",
    "וואטסאפ",
    "סקייפ",
    "לינקדאין",
    "בלינקדאין",
    "אינסטגרם",
    "teleqram",
    "teleqramda",
    "vatsap",
];

/// Short addresses of such services, which lead to somebody with what follows.
const SERVICE_PATHS: &[&str] = &[
    "t.me/",
    "wa.me/",
    "m.me/",
    "fb.me/",
    "linkedin.com/",
    "linktr.ee/",
    "calendly.com/",
    "tg://",
];

/// A name behind an `@` of its own, a short address of a messenger, or a
/// messenger's name with somebody's behind it. A messenger that is only spoken
/// of (“our messenger bot”) is none.
fn has_handle(text: &str) -> bool {
    let lower = text.to_lowercase();
    if SERVICE_PATHS.iter().any(|path| lower.contains(path)) {
        return true;
    }
    let words: Vec<&str> = lower.split_whitespace().collect();
    let is_name = |word: &str| {
        let word = word.trim_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
        word.chars().count() >= 3 && word.chars().any(char::is_alphabetic)
    };
    let behind_an_at = |word: &&str| {
        let bare = word.trim_start_matches(|c: char| !(c.is_alphanumeric() || is_at(c)));
        bare.strip_prefix(is_at).is_some_and(is_name)
    };
    if words.iter().any(behind_an_at) {
        return true;
    }
    words.iter().enumerate().any(|(place, word)| {
        let (service, said) = match word.split_once(':') {
            Some((service, said)) => (service, Some(said)),
            None => (*word, None),
        };
        let service = service.trim_matches(|c: char| !c.is_alphanumeric());
        if !SERVICES.contains(&service) {
            return false;
        }
        let next = words.get(place + 1).copied().unwrap_or_default();
        match said {
            // “skype: dana.levi”, “skype:dana.levi”.
            Some("") => is_name(next),
            Some(said) => is_name(said),
            // “Telegram dana_levi”, “Telegram dana77”.
            None => {
                let next = next.trim_matches(|c: char| !c.is_alphanumeric());
                let letters = next.chars().any(char::is_alphabetic);
                let odd = next.contains('_') || next.chars().any(|c| c.is_ascii_digit());
                letters && odd && next.chars().count() >= 5
            }
        }
    })
}

/// The full-width and small forms of @ read the same to a person.
const fn is_at(c: char) -> bool {
    matches!(c, '@' | '＠' | '﹫')
}

fn has_address(text: &str) -> bool {
    let lower = text.to_lowercase();
    if ["(at)", "[at]", "{at}", " at gmail", " at outlook"]
        .iter()
        .any(|way| lower.contains(way))
    {
        return true;
    }
    lower
        .split(is_at)
        .zip(lower.split(is_at).skip(1))
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
            ("Telegram @dana_levi", Finding::Handle),
            ("find me as ＠dana_levi!", Finding::Handle),
            ("skype: dana.levi", Finding::Handle),
            ("WhatsApp:danalevi", Finding::Handle),
            ("пишите в телеграм dana_77", Finding::Handle),
            ("בטלגרם: danalevi", Finding::Handle),
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
    fn a_person_is_named_by_the_whole_name_in_any_script() {
        let people = ["Dana Levi", "Leyla Məmmədova", "Dana"];
        for text in [
            "ask Dana Levi",
            "שאלו את Dana Levi",
            "DANA LEVI knows",
            "Leyla Memmedova",
        ] {
            assert!(names_somebody(text, people), "{text}");
        }
        for text in ["Dana grows dates", "Levi wears jeans"] {
            assert!(!names_somebody(text, people), "{text}");
        }
    }

    #[test]
    fn ordinary_prose_passes() {
        for text in [
            "We raised USD 1,250,000 in 2023-2024 and grew 40 %.",
            "Node.js and v2.0 of our pump; 1200000 litres a day.",
            "Working with 3 utilities, e.g. in Baku. The tamarind pays.",
            "Məhsulumuz su itkisini 30% azaldır.",
            "Our WhatsApp bot reaches 40 farmers; a Telegram channel @ 3 languages.",
            "We sell through Facebook ads. Twitter, LinkedIn and Skype are no channels.",
            "A timer that flows; tomorrow a flow of dates.",
            "Наш таймер экономит воду, поток за потоком.",
        ] {
            assert_eq!(findings(text, ["Tamar Flow", "Ta", "תמר"]), [], "{text}");
        }
    }
}
