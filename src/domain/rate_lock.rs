//! What money was worth when an amount was promised, asked for or paid, kept
//! as exact fractions: what is quoted of the same day later changes no account.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::event::Value;
use super::money::{Currency, Money};
use super::rates::{Ratio, Source};

/// SHA-256 of the stored text of [`LockedRates`].
pub type LockDigest = [u8; 32];

/// Which rates an amount is compared by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RateLock {
    /// The day of the newest quotation in them; none where nothing was quoted.
    pub rates_of: Option<NaiveDate>,
    /// The rates themselves; none for what was locked by its day alone, before
    /// values were kept.
    pub digest: Option<LockDigest>,
}

/// What one unit of a currency was worth in dollars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedRate {
    /// Dollars for one unit.
    pub ratio: Ratio,
    /// The day of the oldest quotation that it follows from.
    pub on: NaiveDate,
    /// Who quoted, each once.
    pub sources: Vec<Source>,
}

/// What all money that somebody quotes was worth in dollars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedRates {
    /// The day of the newest quotation; the day that was asked for where there
    /// was none.
    pub on: NaiveDate,
    /// By currency. The dollar needs no quotation.
    pub rates: BTreeMap<Currency, LockedRate>,
}

impl LockedRates {
    /// Rates of a day on which nothing was quoted.
    pub const fn none(on: NaiveDate) -> Self {
        Self {
            on,
            rates: BTreeMap::new(),
        }
    }

    fn ratio(&self, currency: Currency) -> Option<Ratio> {
        match self.rates.get(&currency) {
            Some(rate) => Some(rate.ratio),
            None => (currency == Currency::USD).then_some(Ratio::ONE),
        }
    }

    /// The value in another currency's minor units, rounded to the nearest, a
    /// half to the even one; none without both rates.
    pub fn convert(&self, money: Money, to: Currency) -> Option<i64> {
        if money.currency == to {
            return Some(money.amount_minor);
        }
        let (from, into) = (self.ratio(money.currency)?, self.ratio(to)?);
        let units = Ratio::new(
            u128::from(to.minor_per_major().unsigned_abs()),
            u128::from(money.currency.minor_per_major().unsigned_abs()),
        )?;
        from.times(into.inverse())?
            .times(units)?
            .of(money.amount_minor)
    }
}

/// What an event says of the rates that were locked with an amount.
pub fn lock_facts(lock: &RateLock, rate: Option<&LockedRate>) -> Vec<(&'static str, Value)> {
    let mut facts = Vec::with_capacity(5);
    facts.extend(lock.rates_of.map(|day| ("rates_of", Value::Date(day))));
    facts.extend(lock.digest.map(|digest| ("rates", Value::Hash(digest))));
    if let Some(rate) = rate {
        // In digits, since a fraction may need more than 64 bits.
        let (above, below) = (rate.ratio.numerator(), rate.ratio.denominator());
        let sources = rate.sources.iter().map(|it| it.code().to_owned());
        facts.extend([
            ("usd_numerator", Value::Code(above.to_string())),
            ("usd_denominator", Value::Code(below.to_string())),
            ("rate_sources", Value::Codes(sources.collect())),
        ]);
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(rates: &[(&str, u128, u128)]) -> LockedRates {
        let on = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a day");
        let rates = rates.iter().map(|(code, above, below)| {
            let rate = LockedRate {
                ratio: Ratio::new(*above, *below).expect("a fraction"),
                on,
                sources: vec![Source::Cbar],
            };
            (code.parse().expect("a currency"), rate)
        });
        LockedRates {
            on,
            rates: rates.collect(),
        }
    }

    #[test]
    fn a_third_of_a_dollar_stays_a_third() {
        let rates = rates(&[("AZN", 10, 17), ("JPY", 1, 150), ("ILS", 1, 3)]);
        let to = |minor, from: &str, to: &str| {
            let money = Money::new(minor, from.parse().expect("a currency"));
            rates.convert(money, to.parse().expect("a currency"))
        };
        assert_eq!(to(3, "ILS", "USD"), Some(1));
        assert_eq!(to(1_700, "AZN", "USD"), Some(1_000));
        assert_eq!(to(1_700, "AZN", "ILS"), Some(3_000));
        assert_eq!(to(150, "JPY", "USD"), Some(100));
        assert_eq!(to(100, "USD", "JPY"), Some(150));
        assert_eq!(to(7, "EUR", "USD"), None);
        assert_eq!(to(7, "EUR", "EUR"), Some(7));
    }

    #[test]
    fn large_amounts_at_long_fractions_are_exact() {
        let long = 10_u128.pow(30) + 7;
        let rates = rates(&[("AZN", long, long + 10)]);
        let most = 9_007_199_254_740_991;
        let azn = "AZN".parse().expect("a currency");
        assert_eq!(
            rates.convert(Money::new(most, azn), Currency::USD),
            Some(most)
        );
    }
}
