//! Money as integers of a currency's minor unit, and dated rates.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

/// An ISO 4217 alphabetic code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The text is not an ISO 4217 code in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency code in use")]
pub struct InvalidCurrency;

/// The active codes of ISO 4217 that money can be held in, with no minor unit
/// (0) or with thousandths (3); every other one has two. The fund codes of
/// four places are no money that anybody pays in.
const ZERO: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
];
const THREE: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
const TWO: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD",
    "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP",
    "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP",
    "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS",
    "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD",
    "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN",
    "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR",
    "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE",
    "SOS", "SRD", "SSP", "STN", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD",
    "TZS", "UAH", "USD", "UYU", "UZS", "VED", "VES", "WST", "XCD", "XCG", "YER", "ZAR", "ZMW",
    "ZWG",
];

impl Currency {
    /// The US dollar, in which rates are quoted.
    pub const USD: Self = Self(*b"USD");

    /// The euro, in which the European Central Bank quotes.
    pub const EUR: Self = Self(*b"EUR");

    /// The manat, in which the Central Bank of Azerbaijan quotes.
    pub const AZN: Self = Self(*b"AZN");

    /// What rates between two other currencies go through, the first before
    /// the others.
    pub const PIVOTS: [Self; 3] = [Self::EUR, Self::USD, Self::AZN];

    /// The code.
    pub fn code(&self) -> &str {
        // The bytes come from the ASCII tables above.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimal places of the minor unit.
    pub fn exponent(self) -> u32 {
        let code = self.code();
        if ZERO.contains(&code) {
            0
        } else if THREE.contains(&code) {
            3
        } else {
            2
        }
    }

    /// Minor units in one major unit.
    pub fn minor_per_major(self) -> i64 {
        10_i64.pow(self.exponent())
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let known = TWO.contains(&s) || ZERO.contains(&s) || THREE.contains(&s);
        let bytes: [u8; 3] = s.as_bytes().try_into().map_err(|_| InvalidCurrency)?;
        if known {
            Ok(Self(bytes))
        } else {
            Err(InvalidCurrency)
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount, never a float. Amounts of different currencies are never
/// compared without [`Rates`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Whole minor units (cents, qəpik, agorot).
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// An amount of a currency's minor units.
    pub const fn new(amount_minor: i64, currency: Currency) -> Self {
        Self {
            amount_minor,
            currency,
        }
    }
}

impl fmt::Display for Money {
    /// `USD 1,250,000` or `USD 12.50`, for prose.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.currency.minor_per_major().unsigned_abs();
        let minor = self.amount_minor.unsigned_abs();
        let (whole, rest) = (minor / unit, minor % unit);
        let digits = whole.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if self.amount_minor < 0 { "-" } else { "" };
        write!(f, "{} {sign}{grouped}", self.currency)?;
        if rest > 0 {
            let width = self.currency.exponent() as usize;
            write!(f, ".{rest:0width$}")?;
        }
        Ok(())
    }
}

/// What one unit of each currency was worth on a day, in billionths of a US
/// dollar: of the smallest money in use, of which a dollar buys some hundred
/// thousand units, that keeps four digits. A comparison across currencies keeps
/// the day of the rates it used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    /// The day of the quotation.
    pub date: NaiveDate,
    usd_nanos: BTreeMap<Currency, i64>,
}

/// Billionths in one.
const NANOS: i64 = 1_000_000_000;

impl Rates {
    /// Rates of a day in millionths of a dollar; the dollar is always one
    /// dollar. Rates that are not positive are left out, which makes
    /// conversions from them unknown.
    pub fn new(date: NaiveDate, usd_micros: impl IntoIterator<Item = (Currency, i64)>) -> Self {
        let quotes = usd_micros.into_iter();
        let nanos =
            quotes.filter_map(|(currency, rate)| Some((currency, rate.checked_mul(1_000)?)));
        Self::of_nanos(date, nanos)
    }

    /// The same in billionths of a dollar.
    pub fn of_nanos(date: NaiveDate, usd_nanos: impl IntoIterator<Item = (Currency, i64)>) -> Self {
        let positive = usd_nanos.into_iter().filter(|(_, rate)| *rate > 0);
        let mut usd_nanos: BTreeMap<_, _> = positive.collect();
        usd_nanos.insert(Currency::USD, NANOS);
        Self { date, usd_nanos }
    }

    /// The value in US cents, rounded down; `None` without a rate.
    pub fn usd_cents(&self, money: Money) -> Option<i64> {
        let rate = *self.usd_nanos.get(&money.currency)?;
        // A hundred cents are in the dollar already.
        let whole = money.currency.minor_per_major() * (NANOS / 100);
        // Amounts that people write fit 64 bits, which divide much faster.
        if let Some(product) = money.amount_minor.checked_mul(rate) {
            return Some(product / whole);
        }
        let product = i128::from(money.amount_minor) * i128::from(rate);
        i64::try_from(product / i128::from(whole)).ok()
    }

    /// The value in another currency, in its minor units, rounded down; `None`
    /// without both rates.
    pub fn convert(&self, money: Money, to: Currency) -> Option<i64> {
        if money.currency == to {
            return Some(money.amount_minor);
        }
        let from = i128::from(*self.usd_nanos.get(&money.currency)?);
        let into = i128::from(*self.usd_nanos.get(&to)?);
        let minor = i128::from(money.amount_minor) * from * i128::from(to.minor_per_major());
        let whole = into * i128::from(money.currency.minor_per_major());
        i64::try_from(minor.div_euclid(whole)).ok()
    }

    /// The quoted currencies with their rates in billionths of a dollar, by
    /// code.
    pub fn nanos(&self) -> impl Iterator<Item = (Currency, i64)> {
        self.usd_nanos
            .iter()
            .map(|(currency, rate)| (*currency, *rate))
    }
}
