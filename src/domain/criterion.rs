//! What should be there before a deal leaves a stage, and what may be recorded
//! for it.

use chrono::NaiveDate;

use super::money::{Currency, Money};
use super::text::Slug;
use super::values::codes;

codes! {
    /// What sort of thing satisfies an exit criterion.
    CriterionKind {
        /// A value is recorded.
        Field = "field",
        /// A document is named: by its id or by what it is called.
        Document = "document",
        /// Somebody decided that it goes on; the day is recorded.
        Decision = "decision",
    }
}

codes! {
    /// Who is to provide it.
    CriterionRole {
        /// Either side.
        Either = "either",
        /// The startup.
        Startup = "startup",
        /// The investor.
        Investor = "investor",
        /// The curator.
        Curator = "curator",
    }
}

codes! {
    /// What is recorded in a field.
    ValueKind {
        /// Words.
        Text = "text",
        /// A day.
        Day = "day",
        /// An amount of money with its currency.
        Amount = "amount",
    }
}

/// What should be there before a stage is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// Under which key it is recorded.
    pub key: Slug,
    /// What sort of thing.
    pub kind: CriterionKind,
    /// What a field's value is.
    pub value: ValueKind,
    /// Who provides it.
    pub role: CriterionRole,
    /// What people read.
    pub label: String,
    /// Whether the deal can't go on without it.
    pub required: bool,
}

/// Why a value can't be recorded: a stable code and what to write instead.
pub type Misfit = (&'static str, &'static str);

impl Criterion {
    /// A value as it is kept, or why it isn't one. `latest` is the last day on
    /// which something can have been decided by now.
    ///
    /// # Errors
    /// It is no day or no amount.
    pub fn read(&self, text: &str, latest: NaiveDate) -> Result<String, Misfit> {
        match (self.kind, self.value) {
            (CriterionKind::Decision, _) => {
                let day = day(text)?;
                if day > latest {
                    return Err(("day_ahead", "Nobody has decided on a day that is to come."));
                }
                Ok(day.to_string())
            }
            (CriterionKind::Document, _) | (CriterionKind::Field, ValueKind::Text) => {
                Ok(text.to_owned())
            }
            (CriterionKind::Field, ValueKind::Day) => Ok(day(text)?.to_string()),
            (CriterionKind::Field, ValueKind::Amount) => Ok(amount(text)?.to_string()),
        }
    }

    /// Whether a value is words of somebody's own.
    pub fn is_in_words(&self) -> bool {
        self.kind == CriterionKind::Document
            || self.kind == CriterionKind::Field && self.value == ValueKind::Text
    }
}

fn day(text: &str) -> Result<NaiveDate, Misfit> {
    let day = text.trim().parse::<NaiveDate>();
    day.map_err(|_| ("not_a_day", "Write the day, as 2027-01-15."))
}

/// `USD 1,250,000` or `USD 12.50`, as money is written in prose.
fn amount(text: &str) -> Result<Money, Misfit> {
    const WRONG: Misfit = (
        "not_an_amount",
        "Write the currency and the amount, as USD 1,200,000.",
    );
    let (currency, figures) = text.trim().split_once(' ').ok_or(WRONG)?;
    let currency: Currency = currency.parse().map_err(|_| WRONG)?;
    let (whole, rest) = figures
        .trim()
        .split_once('.')
        .unwrap_or((figures.trim(), ""));
    // A comma stands before three digits, so that nobody's decimal comma is
    // read as one.
    let grouped = whole.split(',').skip(1).all(|group| group.len() == 3);
    let whole: String = whole.chars().filter(|it| *it != ',').collect();
    let unit = currency.minor_per_major();
    let places = unit.to_string().len().saturating_sub(1);
    let digits = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
    if !grouped || whole.is_empty() || !digits(&whole) || !digits(rest) || rest.len() > places {
        return Err(WRONG);
    }
    let whole: i64 = whole.parse().map_err(|_| WRONG)?;
    let rest: i64 = match rest {
        "" => 0,
        rest => format!("{rest:0<places$}").parse().map_err(|_| WRONG)?,
    };
    let minor = whole.checked_mul(unit).and_then(|it| it.checked_add(rest));
    match minor {
        Some(minor) if minor > 0 => Ok(Money::new(minor, currency)),
        _ => Err(WRONG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(kind: CriterionKind, value: ValueKind) -> Criterion {
        Criterion {
            key: "signed_on".parse().expect("a slug"),
            kind,
            value,
            role: CriterionRole::Either,
            label: "Signed".to_owned(),
            required: true,
        }
    }

    #[test]
    fn a_value_is_what_its_criterion_asks_for() {
        let today: NaiveDate = "2027-01-15".parse().expect("a day");
        let read = |kind, value, text: &str| asks(kind, value).read(text, today);
        let day = |text| read(CriterionKind::Field, ValueKind::Day, text);
        assert_eq!(day("2027-06-30").as_deref(), Ok("2027-06-30"));
        assert_eq!(day("banana").unwrap_err().0, "not_a_day");
        let decided = |text| read(CriterionKind::Decision, ValueKind::Text, text);
        assert_eq!(decided("2027-01-15").as_deref(), Ok("2027-01-15"));
        assert_eq!(decided("2027-01-16").unwrap_err().0, "day_ahead");
        assert_eq!(decided("yes").unwrap_err().0, "not_a_day");
        let amount = |text| read(CriterionKind::Field, ValueKind::Amount, text);
        assert_eq!(amount("USD 1,200,000").as_deref(), Ok("USD 1,200,000"));
        assert_eq!(amount("AZN 12.5").as_deref(), Ok("AZN 12.50"));
        for wrong in [
            "x",
            "USD",
            "USD -1",
            "USD 0",
            "XXY 12",
            "USD 1.234",
            "USD 1,20",
            "USD 1200,50",
            "USD 99999999999999999999",
        ] {
            assert_eq!(amount(wrong).unwrap_err().0, "not_an_amount", "{wrong}");
        }
        let words = |text| read(CriterionKind::Document, ValueKind::Text, text);
        assert_eq!(words("The term sheet").as_deref(), Ok("The term sheet"));
    }
}
