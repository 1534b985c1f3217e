//! Quotations of money as central banks publish them, and the rates between
//! any two currencies that follow from them, in exact fractions.
//!
//! The European Central Bank says what a euro is worth and knows no manat; the
//! Central Bank of Azerbaijan says what other money is worth in manat, some by
//! the hundred. A rate between two currencies that nobody quotes is derived
//! through euro, dollar and manat, in at most [`MOST_STEPS`] steps.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::ids::UserId;
use super::money::{Currency, Money, Rates};
use super::rate_lock::{LockedRate, LockedRates};
use super::values::codes;

codes! {
    /// Who quotes. The earlier counts first where two say the same.
    Source {
        /// Somebody of the operator's.
        Operator = "operator",
        /// The Central Bank of the Republic of Azerbaijan.
        Cbar = "cbar",
        /// The European Central Bank.
        Ecb = "ecb",
    }
}

/// Quotations that a rate is made of at most: base, two pivots, quote.
pub const MOST_STEPS: usize = 3;
/// A chain is not taken if a fresher one is newer by more than this.
const FRESHER: TimeDelta = TimeDelta::days(7);
/// Beside newer quotations, older ones than this are none.
pub const OUTDATED: TimeDelta = TimeDelta::days(31);
/// Places that a rate is rounded to where its fraction does not end.
pub const DIGITS: u32 = 12;

/// Significant digits of a quotation, so that three of them multiply within
/// 128 bits: (10^10)^3 over (10^12)^3.
const MOST_DIGITS: u32 = 10;
/// Largest power of ten under a quotation, its nominal counted in.
const MOST_SCALE: u32 = 12;
/// Largest nominal.
pub const MOST_NOMINAL: i64 = 1_000_000;

/// A decimal number above zero, as published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// The number without its point.
    pub mantissa: i64,
    /// Digits behind the point.
    pub scale: u32,
}

/// The text is no number that a quotation can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a decimal number above zero of at most 10 significant digits, such as 1.0823")]
pub struct InvalidDecimal;

impl FromStr for Decimal {
    type Err = InvalidDecimal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
        if !digits(whole) || !digits(rest) || text.len() > 40 {
            return Err(InvalidDecimal);
        }
        let rest = rest.trim_end_matches('0');
        let scale = u32::try_from(rest.len()).map_err(|_| InvalidDecimal)?;
        let all = format!("{whole}{rest}");
        let mantissa: i64 = all.parse().map_err(|_| InvalidDecimal)?;
        let fits = mantissa > 0 && mantissa < 10_i64.pow(MOST_DIGITS) && scale <= MOST_SCALE;
        if fits {
            Ok(Self { mantissa, scale })
        } else {
            Err(InvalidDecimal)
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.scale as usize;
        let digits = format!("{:0width$}", self.mantissa, width = places + 1);
        let (whole, rest) = digits.split_at(digits.len() - places);
        if rest.is_empty() {
            f.write_str(whole)
        } else {
            write!(f, "{whole}.{rest}")
        }
    }
}

/// On a day, `nominal` units of `base` were worth `value` of `quote`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotation {
    /// Who says so.
    pub source: Source,
    /// Of what money.
    pub base: Currency,
    /// In what money.
    pub quote: Currency,
    /// On what day.
    pub on: NaiveDate,
    /// How many units of the base; a power of ten.
    pub nominal: i64,
    /// How much of the quote.
    pub value: Decimal,
}

/// Why something is no quotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuotation {
    /// A currency in itself.
    #[error("quotes a currency in itself")]
    InItself,
    /// A nominal that is no power of ten up to a million.
    #[error("has a nominal that is none of 1, 10, 100 … 1 000 000")]
    Nominal,
    /// More places than a fraction of 128 bits can carry through three steps.
    #[error("has more places than are kept")]
    TooFine,
}

impl Quotation {
    /// Whether it says what a quotation can say.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), InvalidQuotation> {
        let digits = self.nominal.checked_ilog10().unwrap_or_default();
        if self.base == self.quote {
            Err(InvalidQuotation::InItself)
        } else if self.nominal > MOST_NOMINAL || self.nominal != 10_i64.pow(digits.min(6)) {
            Err(InvalidQuotation::Nominal)
        } else if self.value.scale + digits > MOST_SCALE {
            Err(InvalidQuotation::TooFine)
        } else {
            Ok(())
        }
    }

    /// Whether both say the same of the same.
    pub fn agrees_with(&self, other: &Self) -> bool {
        // 100 for 1.70 is what 10 for 0.17 is.
        self.ratio() == other.ratio()
    }

    /// What one unit of the base is worth in units of the quote.
    pub fn ratio(&self) -> Option<Ratio> {
        let under = 10_u128
            .checked_pow(self.value.scale)?
            .checked_mul(u128::try_from(self.nominal).ok()?)?;
        Ratio::new(u128::try_from(self.value.mantissa).ok()?, under)
    }
}

/// A fraction above zero, in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    numerator: u128,
    denominator: u128,
}

impl Ratio {
    /// One.
    pub const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// That fraction; none of or over zero.
    pub fn new(numerator: u128, denominator: u128) -> Option<Self> {
        if numerator == 0 || denominator == 0 {
            return None;
        }
        let common = greatest_common(numerator, denominator);
        Some(Self {
            numerator: numerator / common,
            denominator: denominator / common,
        })
    }

    /// Above the line.
    pub const fn numerator(self) -> u128 {
        self.numerator
    }

    /// Below the line.
    pub const fn denominator(self) -> u128 {
        self.denominator
    }

    /// The other way round.
    #[must_use]
    pub const fn inverse(self) -> Self {
        Self {
            numerator: self.denominator,
            denominator: self.numerator,
        }
    }

    /// The product, if it fits.
    pub fn times(self, other: Self) -> Option<Self> {
        // What cancels out crosswise goes first, so that less overflows.
        let left = greatest_common(self.numerator, other.denominator);
        let right = greatest_common(other.numerator, self.denominator);
        Self::new(
            (self.numerator / left).checked_mul(other.numerator / right)?,
            (self.denominator / right).checked_mul(other.denominator / left)?,
        )
    }

    /// `amount` times this, rounded to the nearest whole number, a half to the
    /// even one; `None` beyond 64 bits.
    pub fn of(self, amount: i64) -> Option<i64> {
        let (whole, rest) = self.divide(amount.unsigned_abs())?;
        let up = self.rounds_up(whole, rest);
        let rounded = i64::try_from(whole.checked_add(u128::from(up))?).ok()?;
        Some(if amount < 0 { -rounded } else { rounded })
    }

    /// `amount` times this, its whole part and what is left over the
    /// denominator.
    fn divide(self, amount: u64) -> Option<(u128, u128)> {
        if let Some(product) = u128::from(amount).checked_mul(self.numerator) {
            return Some((product / self.denominator, product % self.denominator));
        }
        // The product needs more bits than there are: bit by bit, carrying
        // what is left over.
        let of_one = (
            self.numerator / self.denominator,
            self.numerator % self.denominator,
        );
        let add = |a: (u128, u128), b: (u128, u128)| {
            let rest = a.1.checked_add(b.1)?;
            let carried = u128::from(rest >= self.denominator);
            let whole = a.0.checked_add(b.0)?.checked_add(carried)?;
            Some((whole, rest - carried * self.denominator))
        };
        let mut sum = (0, 0);
        for place in (0..u64::BITS).rev() {
            sum = add(sum, sum)?;
            if amount >> place & 1 == 1 {
                sum = add(sum, of_one)?;
            }
        }
        Some(sum)
    }

    /// As a decimal number of at most [`DIGITS`] significant digits (all of
    /// its whole part), the last one rounded to the nearest, a half to the even
    /// one; and whether it is exact.
    pub fn decimal(self) -> (String, bool) {
        let mut number = self.numerator / self.denominator;
        let mut rest = self.numerator % self.denominator;
        let mut places = 0;
        while rest != 0 && number < 10_u128.pow(DIGITS - 1) {
            let Some(tenfold) = rest.checked_mul(10) else {
                break;
            };
            number = number * 10 + tenfold / self.denominator;
            rest = tenfold % self.denominator;
            places += 1;
        }
        let number = number + u128::from(self.rounds_up(number, rest));
        let digits = format!("{number:0width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let fraction = fraction.trim_end_matches('0');
        let text = match fraction {
            "" => whole.to_owned(),
            _ => format!("{whole}.{fraction}"),
        };
        (text, rest == 0)
    }

    /// Whether `rest` over the denominator rounds a number up: a half only an
    /// odd one.
    fn rounds_up(self, number: u128, rest: u128) -> bool {
        // Doubling the rest might need a 129th bit.
        match rest.cmp(&(self.denominator - rest)) {
            Ordering::Greater => true,
            Ordering::Equal => number % 2 == 1,
            Ordering::Less => false,
        }
    }
}

fn greatest_common(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// One quotation of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What was published.
    pub quotation: Quotation,
    /// Whether the chain goes from its quote to its base.
    pub inverse: bool,
}

impl Step {
    fn ratio(&self) -> Option<Ratio> {
        let ratio = self.quotation.ratio()?;
        Some(if self.inverse { ratio.inverse() } else { ratio })
    }
}

/// A rate between two currencies, and the quotations that it follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cross {
    /// Of what money.
    pub base: Currency,
    /// In what money.
    pub quote: Currency,
    /// The chain, from base to quote; none for a currency in itself.
    pub steps: Vec<Step>,
    /// Units of the quote for one unit of the base.
    pub ratio: Ratio,
}

impl Cross {
    /// The day of its oldest quotation.
    pub fn oldest(&self) -> Option<NaiveDate> {
        self.steps.iter().map(|step| step.quotation.on).min()
    }

    /// An amount of the base in the quote, rounded to its nearest minor unit,
    /// a half to the even one.
    pub fn convert(&self, money: Money) -> Option<Money> {
        if money.currency != self.base {
            return None;
        }
        let units = Ratio::new(
            u128::from(self.quote.minor_per_major().unsigned_abs()),
            u128::from(self.base.minor_per_major().unsigned_abs()),
        )?;
        let amount = self.ratio.times(units)?.of(money.amount_minor)?;
        Some(Money::new(amount, self.quote))
    }
}

/// Quotations, at most one of each source and pair, that rates follow from.
#[derive(Debug, Clone, Default)]
pub struct Book(BTreeMap<(Currency, Currency), Vec<Quotation>>);

impl Book {
    /// A book of these.
    pub fn new(quotations: impl IntoIterator<Item = Quotation>) -> Self {
        let mut book: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for quotation in quotations {
            let pair = (quotation.base, quotation.quote);
            book.entry(pair).or_default().push(quotation);
        }
        Self(book)
    }

    /// The rate between two currencies: of the chains whose oldest quotation is
    /// within a week of the freshest chain's, the shortest; of these the
    /// freshest; of these the one of the source that counts first, then the
    /// one by euro before dollar before manat.
    pub fn cross(&self, base: Currency, quote: Currency) -> Option<Cross> {
        if base == quote {
            return Some(Cross {
                base,
                quote,
                steps: Vec::new(),
                ratio: Ratio::ONE,
            });
        }
        let mut chains = Vec::new();
        self.extend(&mut Vec::new(), base, quote, &mut chains);
        let oldest = |chain: &[Step]| chain.iter().map(|step| step.quotation.on).min();
        let freshest = chains.iter().filter_map(|chain| oldest(chain)).max()?;
        let fresh = chains
            .into_iter()
            .filter(|chain| oldest(chain).is_some_and(|on| freshest - on <= FRESHER));
        let steps = fresh.min_by_key(|chain| {
            let sources: Vec<Source> = chain.iter().map(|step| step.quotation.source).collect();
            (chain.len(), Reverse(oldest(chain)), sources)
        })?;
        let ratios = steps.iter().map(Step::ratio);
        let ratio = ratios.reduce(|so_far, next| so_far?.times(next?))??;
        Some(Cross {
            base,
            quote,
            steps,
            ratio,
        })
    }

    /// All chains from `at` to `end` that begin with `begun`.
    fn extend(
        &self,
        begun: &mut Vec<Step>,
        at: Currency,
        end: Currency,
        chains: &mut Vec<Vec<Step>>,
    ) {
        for step in self.between(at, end) {
            let mut chain = begun.clone();
            chain.push(step);
            chains.push(chain);
        }
        if begun.len() + 1 == MOST_STEPS {
            return;
        }
        for pivot in Currency::PIVOTS {
            let visited = begun.iter().any(|step| {
                let Quotation { base, quote, .. } = step.quotation;
                base == pivot || quote == pivot
            });
            if visited || pivot == at || pivot == end {
                continue;
            }
            for step in self.between(at, pivot) {
                begun.push(step);
                self.extend(begun, pivot, end, chains);
                begun.pop();
            }
        }
    }

    fn between(&self, from: Currency, to: Currency) -> impl Iterator<Item = Step> + '_ {
        let step = |inverse| {
            move |quotation: &Quotation| Step {
                quotation: *quotation,
                inverse,
            }
        };
        let straight = self.0.get(&(from, to)).into_iter().flatten();
        let back = self.0.get(&(to, from)).into_iter().flatten();
        straight.map(step(false)).chain(back.map(step(true)))
    }

    /// What every currency of the book is worth in dollars, by the day of the
    /// newest quotation; none of an empty book.
    pub fn in_dollars(&self) -> Option<Rates> {
        let (date, crosses) = self.to_dollars()?;
        let quotes = crosses
            .iter()
            .filter_map(|cross| Some((cross.base, cross.ratio.of(1_000_000_000)?)));
        Some(Rates::of_nanos(date, quotes))
    }

    /// [`Self::in_dollars`] as exact fractions that are to be kept.
    pub fn locked(&self) -> Option<LockedRates> {
        let (on, crosses) = self.to_dollars()?;
        let rates = crosses.into_iter().filter_map(|cross| {
            let mut sources: Vec<Source> =
                cross.steps.iter().map(|it| it.quotation.source).collect();
            sources.sort_unstable();
            sources.dedup();
            let rate = LockedRate {
                ratio: cross.ratio,
                on: cross.oldest()?,
                sources,
            };
            Some((cross.base, rate))
        });
        Some(LockedRates {
            on,
            rates: rates.collect(),
        })
    }

    /// The rates into dollars of every currency of the book, by what is not
    /// outdated beside its newest quotation, and the day of that.
    fn to_dollars(&self) -> Option<(NaiveDate, Vec<Cross>)> {
        let date = self.0.values().flatten().map(|it| it.on).max()?;
        let fresh = self.0.values().flatten().copied();
        let book = Self::new(fresh.filter(|it| date - it.on <= OUTDATED));
        let mut currencies: Vec<Currency> = book
            .0
            .keys()
            .flat_map(|(base, quote)| [*base, *quote])
            .collect();
        currencies.sort_unstable();
        currencies.dedup();
        let crosses = currencies
            .into_iter()
            .filter_map(|currency| book.cross(currency, Currency::USD));
        Some((date, crosses.collect()))
    }
}

/// Quotations that came together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its id.
    pub id: Uuid,
    /// Who quotes.
    pub source: Source,
    /// Who brought them; none for a command.
    pub made_by: Option<UserId>,
    /// How many were new or put right.
    pub quotes: i64,
    /// The first day.
    pub first_day: NaiveDate,
    /// The last day.
    pub last_day: NaiveDate,
    /// When they came.
    pub created_at: DateTime<Utc>,
}

/// How fresh and how whole the quotations of a source are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Whose.
    pub source: Source,
    /// The last day that has any.
    pub last: NaiveDate,
    /// Pairs of days that follow each other in the last year with more than
    /// [`GAP`] between them.
    pub gaps: Vec<(NaiveDate, NaiveDate)>,
}

/// Longest time without a quotation that weekends and holidays explain.
pub const GAP: TimeDelta = TimeDelta::days(10);

impl Coverage {
    /// What the days of a source's quotations, in order, say.
    pub fn of(source: Source, days: &[NaiveDate]) -> Option<Self> {
        let last = days.last().copied()?;
        let both = days.iter().zip(days.iter().skip(1));
        let gaps = both.filter(|(day, next)| **next - **day > GAP);
        Some(Self {
            source,
            last,
            gaps: gaps.map(|(day, next)| (*day, *next)).collect(),
        })
    }

    /// Whether a day is too long ago to be the last one on `today`.
    pub fn is_stale(&self, today: NaiveDate) -> bool {
        today - self.last > GAP
    }
}

#[cfg(test)]
mod tests;
