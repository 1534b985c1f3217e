//! Numbers under which registers know a firm.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::values::codes;

codes! {
    /// A register that gives firms numbers.
    IdentifierScheme {
        /// The Israeli register of companies: nine digits, the last one checks.
        IlCompany = "il_company",
        /// The Azerbaijani tax register (VÖEN): ten digits, of which the last
        /// says what it is given to: 1 a firm, 2 a person.
        AzVoen = "az_voen",
        /// The legal entity identifier (ISO 17442).
        Lei = "lei",
    }
}

/// A number under which a register knows a firm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    scheme: IdentifierScheme,
    value: String,
}

/// What is said of a firm's numbers, register by register: a number, or that
/// there is none. Of a register that isn't named nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement(BTreeMap<IdentifierScheme, Option<Identifier>>);

impl Statement {
    /// That these are all of its numbers.
    pub fn whole(numbers: BTreeSet<Identifier>) -> Self {
        let none = IdentifierScheme::ALL.iter().map(|scheme| (*scheme, None));
        let mut said: BTreeMap<_, _> = none.collect();
        said.extend(numbers.into_iter().map(|it| (it.scheme(), Some(it))));
        Self(said)
    }

    /// Says that it has that number.
    pub fn has(&mut self, number: Identifier) {
        self.0.insert(number.scheme(), Some(number));
    }

    /// Says that it has none of that register.
    pub fn has_none(&mut self, scheme: IdentifierScheme) {
        self.0.insert(scheme, None);
    }

    /// What is said, register by register: a number, or that there is none.
    pub fn said(&self) -> impl Iterator<Item = (IdentifierScheme, Option<&str>)> {
        let said = self.0.iter();
        said.map(|(scheme, number)| (*scheme, number.as_ref().map(|it| it.value.as_str())))
    }

    /// The numbers that follow from it for a firm of which these are known.
    pub fn onto(&self, known: &BTreeSet<Identifier>) -> BTreeSet<Identifier> {
        let stay = known.iter().filter(|it| !self.0.contains_key(&it.scheme()));
        let said = self.0.values().flatten();
        stay.chain(said).cloned().collect()
    }
}

/// The text is no such number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentifier {
    /// Not of the form `scheme:value` with a scheme that is known.
    #[error("must name a register that is known: il_company, az_voen or lei")]
    Scheme,
    /// No number of that register.
    #[error("must be nine digits of which the last one checks the others")]
    IlCompany,
    /// No number of that register.
    #[error("must be ten digits, the last one 1 or 2")]
    AzVoen,
    /// No number of that register.
    #[error("must be 18 letters and digits and two check digits (ISO 17442)")]
    Lei,
}

impl Identifier {
    /// Reads a number as people write it, with spaces and hyphens.
    ///
    /// # Errors
    /// It is none of that register.
    pub fn new(scheme: IdentifierScheme, text: &str) -> Result<Self, InvalidIdentifier> {
        use IdentifierScheme as S;
        let bare = |c: &char| !c.is_whitespace() && *c != '-';
        let value: String = text
            .chars()
            .filter(bare)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let (fits, otherwise) = match scheme {
            S::IlCompany => (is_il_company(&value), InvalidIdentifier::IlCompany),
            S::AzVoen => (is_voen(&value), InvalidIdentifier::AzVoen),
            S::Lei => (is_lei(&value), InvalidIdentifier::Lei),
        };
        if fits {
            Ok(Self { scheme, value })
        } else {
            Err(otherwise)
        }
    }

    /// The register.
    pub const fn scheme(&self) -> IdentifierScheme {
        self.scheme
    }

    /// The number.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.value)
    }
}

impl FromStr for Identifier {
    type Err = InvalidIdentifier;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (scheme, value) = s.split_once(':').ok_or(InvalidIdentifier::Scheme)?;
        let scheme = IdentifierScheme::from_code(scheme).ok_or(InvalidIdentifier::Scheme)?;
        Self::new(scheme, value)
    }
}

fn digits(text: &str, count: usize) -> Option<Vec<u32>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
    digits.filter(|it| it.len() == count)
}

/// Weights 1 and 2 in turn, the digits of each product added: a multiple of 10.
fn is_il_company(text: &str) -> bool {
    let Some(digits) = digits(text, 9) else {
        return false;
    };
    let weighed = digits.iter().zip([1, 2].into_iter().cycle());
    let sum: u32 = weighed
        .map(|(digit, weight)| digit * weight)
        .map(|it| it / 10 + it % 10)
        .sum();
    sum > 0 && sum.is_multiple_of(10)
}

fn is_voen(text: &str) -> bool {
    digits(text, 10).is_some_and(|digits| matches!(digits.last(), Some(1 | 2)))
}

/// ISO 7064 MOD 97-10 over the letters as 10 to 35.
fn is_lei(text: &str) -> bool {
    let all = text.chars().map(|c| c.to_digit(36));
    let Some(values) = all.collect::<Option<Vec<u32>>>() else {
        return false;
    };
    let ends = |it: &[u32]| it.iter().rev().take(2).all(|digit| *digit < 10);
    let rest = values.iter().fold(0_u32, |rest, value| {
        let shift = if *value < 10 { 10 } else { 100 };
        (rest * shift + value) % 97
    });
    values.len() == 20 && ends(&values) && rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_checked_as_their_registers_do() {
        for good in [
            "lei:5493001KJTIIGC8Y1R12",
            "lei:5493 001k jtii gc8y 1r12",
            "il_company:520000472",
            "il_company:51-000005-2",
            "az_voen:9900003871",
        ] {
            assert!(good.parse::<Identifier>().is_ok(), "{good}");
        }
        for bad in [
            "lei:5493001KJTIIGC8Y1R13",
            "lei:5493001KJTIIGC8Y1R1",
            "il_company:520000473",
            "il_company:000000000",
            "il_company:52000047",
            "az_voen:9900003870",
            "az_voen:990000387",
            "az_voen:99000x3871",
            "duns:123456789",
            "5493001KJTIIGC8Y1R12",
            "",
        ] {
            assert!(bad.parse::<Identifier>().is_err(), "{bad}");
        }
        let one: Identifier = "lei:5493001kjtiigc8y1r12".parse().unwrap();
        assert_eq!(one.to_string(), "lei:5493001KJTIIGC8Y1R12");
        assert_eq!(one.to_string().parse(), Ok(one));
    }
}
