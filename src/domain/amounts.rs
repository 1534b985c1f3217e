//! Ranges of money that lists are narrowed down to. What is asked for in one
//! currency is compared with what is held in another at the rates of a day:
//! the range is carried over once, so that records are compared as integers.

use chrono::NaiveDate;

use super::money::{Currency, Money};
use super::rates::Cross;

/// A range of money, both ends counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amounts {
    /// In what money the ends are said.
    pub currency: Currency,
    /// From so many minor units, not below zero.
    pub from: i64,
    /// Up to so many minor units.
    pub to: i64,
    /// Other money counts at the last rates up to and with that day; none
    /// means today's.
    pub on: Option<NaiveDate>,
}

/// A range in the minor units of one currency, both ends counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Of which money.
    pub currency: Currency,
    /// The least amount.
    pub from: i64,
    /// The greatest amount.
    pub to: i64,
}

impl Amounts {
    /// The amounts of another currency that lie in the range once they are
    /// converted as [`Cross::convert`] does; none where no amount does, or
    /// where the rate is of other money.
    pub fn span(&self, rate: &Cross) -> Option<Span> {
        if rate.quote != self.currency {
            return None;
        }
        let worth = |amount: i64| {
            let money = rate.convert(Money::new(amount, rate.base));
            // What is worth more than can be written down is worth more than
            // anything that is asked for.
            money.map_or(i128::MAX, |money| i128::from(money.amount_minor))
        };
        let from = first(|amount| worth(amount) >= i128::from(self.from))?;
        let to = match first(|amount| worth(amount) > i128::from(self.to)) {
            Some(beyond) => beyond.checked_sub(1)?,
            None => i64::MAX,
        };
        (from <= to).then_some(Span {
            currency: rate.base,
            from,
            to,
        })
    }
}

/// Whose amounts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Those of startups' rounds.
    Rounds,
    /// Those of mandates' cheques.
    Cheques,
    /// What startups earn.
    Revenues,
}

/// Rates that amounts are compared at, with whose: each was looked up once, and
/// all that is asked for together is compared at the same ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates(Vec<(Held, Cross)>);

impl Rates {
    /// These.
    pub const fn new(rates: Vec<(Held, Cross)>) -> Self {
        Self(rates)
    }

    /// Those between different currencies, each once.
    pub fn between(&self) -> Vec<&Cross> {
        let mut all: Vec<&Cross> = Vec::new();
        for (_, cross) in &self.0 {
            if cross.base != cross.quote && !all.contains(&cross) {
                all.push(cross);
            }
        }
        all
    }

    /// What a range comes to in each currency that such amounts are held in.
    /// Where no rate joins two currencies, nothing of the other is in the range.
    pub fn spans(&self, held: Held, wanted: &Amounts) -> Vec<Span> {
        let of_these = self.0.iter().filter(|(of, _)| *of == held);
        of_these
            .filter_map(|(_, cross)| wanted.span(cross))
            .collect()
    }
}

/// The first number from zero on of which something holds that holds of all
/// after it.
fn first(holds: impl Fn(i64) -> bool) -> Option<i64> {
    let (mut low, mut high) = (0, i64::MAX);
    if !holds(high) {
        return None;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::rates::{Book, Decimal, Quotation, Source};

    fn rate(base: &str, value: i64, scale: u32) -> Cross {
        let base: Currency = base.parse().unwrap();
        let quotation = Quotation {
            source: Source::Operator,
            base,
            quote: Currency::USD,
            on: NaiveDate::default(),
            nominal: 1,
            value: Decimal {
                mantissa: value,
                scale,
            },
        };
        Book::new([quotation]).cross(base, Currency::USD).unwrap()
    }

    fn asked(from: i64, to: i64) -> Amounts {
        Amounts {
            currency: Currency::USD,
            from,
            to,
            on: None,
        }
    }

    #[test]
    fn a_range_is_carried_over_as_amounts_are_converted() {
        let euro = rate("EUR", 11, 1);
        let span = asked(110, 220).span(&euro).unwrap();
        assert_eq!((span.from, span.to), (100, 200));
        let dong = rate("VND", 4, 5);
        // A dong is four thousandths of a cent, and half a cent rounds to even.
        let span = asked(1, 1).span(&dong).unwrap();
        assert_eq!((span.from, span.to), (126, 374));
        assert_eq!(asked(5, 4).span(&euro), None);
        let all = asked(0, i64::MAX).span(&euro).unwrap();
        assert_eq!(all.from, 0);
    }

    proptest! {
        #[test]
        fn an_amount_is_in_the_span_exactly_when_its_worth_is_in_the_range(
            value in 1_i64..2_000_000,
            scale in 0_u32..8,
            amount in 0_i64..1_000_000_000_000,
            near in -1_000_i64..1_000,
            width in 0_i64..100_000,
        ) {
            let rate = rate("KZT", value, scale);
            let worth = rate.convert(Money::new(amount, rate.base)).map(|it| it.amount_minor);
            if let Some(worth) = worth {
                let from = (worth + near).max(0);
                let range = asked(from, from + width);
                let inside = range.span(&rate)
                    .is_some_and(|span| (span.from..=span.to).contains(&amount));
                prop_assert_eq!(inside, (from..=from + width).contains(&worth));
            }
        }
    }
}
