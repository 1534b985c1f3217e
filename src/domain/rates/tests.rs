//! Quotations as they are read, and the rates that follow from them.

use chrono::Days;
use proptest::prelude::*;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn quoted(
    source: Source,
    on: &str,
    nominal: i64,
    base: &str,
    value: &str,
    quote: &str,
) -> Quotation {
    let quotation = Quotation {
        source,
        base: base.parse().expect("a currency"),
        quote: quote.parse().expect("a currency"),
        on: day(on),
        nominal,
        value: value.parse().expect("a number"),
    };
    quotation.check().expect("a quotation");
    quotation
}

fn both_banks() -> Book {
    Book::new([
        quoted(Source::Ecb, "2026-11-27", 1, "EUR", "1.0823", "USD"),
        quoted(Source::Ecb, "2026-11-27", 1, "EUR", "3.9871", "ILS"),
        quoted(Source::Ecb, "2026-11-27", 1, "EUR", "164.21", "JPY"),
        quoted(Source::Cbar, "2026-11-27", 1, "USD", "1.7000", "AZN"),
        quoted(Source::Cbar, "2026-11-27", 1, "EUR", "1.8401", "AZN"),
        quoted(Source::Cbar, "2026-11-27", 100, "JPY", "1.1205", "AZN"),
    ])
}

fn rate(book: &Book, base: &str, quote: &str) -> String {
    let cross = book.cross(base.parse().unwrap(), quote.parse().unwrap());
    cross.expect("a rate").ratio.decimal().0
}

#[test]
fn numbers_are_read_as_published() {
    for (text, shown) in [
        ("1.0823", "1.0823"),
        ("1.7000", "1.7"),
        ("100", "100"),
        ("0.0065", "0.0065"),
        ("17000.12", "17000.12"),
        ("00.50", "0.5"),
    ] {
        assert_eq!(text.parse::<Decimal>().unwrap().to_string(), shown);
    }
    for text in [
        "",
        "0",
        "0.000",
        "-1",
        "+1",
        "1,5",
        "1e3",
        ".5",
        "5.",
        "N/A",
        " 1",
        "1 ",
        "٣",
        "12345678901",
        "1.0000000000001",
        "NaN",
        "1.2.3",
    ] {
        assert_eq!(text.parse::<Decimal>(), Err(InvalidDecimal), "{text:?}");
    }
}

#[test]
fn a_pair_that_somebody_quotes_is_taken_as_it_is() {
    let book = both_banks();
    assert_eq!(rate(&book, "EUR", "USD"), "1.0823");
    assert_eq!(rate(&book, "USD", "AZN"), "1.7");
    assert_eq!(rate(&book, "JPY", "AZN"), "0.011205");
    let cross = book.cross(Currency::USD, Currency::EUR).unwrap();
    assert_eq!(cross.ratio.numerator(), 10_000);
    assert_eq!(cross.ratio.denominator(), 10_823);
    assert_eq!(cross.ratio.decimal(), ("0.923958237088".to_owned(), false));
}

#[test]
fn a_pair_that_nobody_quotes_goes_through_the_pivots() {
    let book = both_banks();
    let ils: Currency = "ILS".parse().unwrap();
    let cross = book.cross(ils, Currency::AZN).unwrap();
    let path: Vec<_> = cross
        .steps
        .iter()
        .map(|step| (step.quotation.source, step.inverse))
        .collect();
    assert_eq!(path, [(Source::Ecb, true), (Source::Cbar, false)]);
    // 1.8401 / 3.9871
    assert_eq!(cross.ratio, Ratio::new(18_401, 39_871).unwrap());
    assert_eq!(
        cross.convert(Money::new(1_000_000, ils)),
        Some(Money::new(461_513, Currency::AZN))
    );
    assert_eq!(book.cross("KZT".parse().unwrap(), Currency::AZN), None);
}

#[test]
fn the_minor_units_of_both_currencies_count() {
    let book = both_banks();
    let jpy: Currency = "JPY".parse().unwrap();
    let to_yen = book.cross(Currency::EUR, jpy).unwrap();
    assert_eq!(
        to_yen.convert(Money::new(10_000, Currency::EUR)),
        Some(Money::new(16_421, jpy))
    );
    let back = book.cross(jpy, Currency::EUR).unwrap();
    assert_eq!(
        back.convert(Money::new(16_421, jpy)),
        Some(Money::new(10_000, Currency::EUR))
    );
    assert_eq!(back.convert(Money::new(1, Currency::EUR)), None);
}

#[test]
fn a_half_goes_to_the_even_number() {
    let half = Ratio::new(1, 2).unwrap();
    let halves: Vec<_> = [1, 3, 5, -1, -3].map(|it| half.of(it).unwrap()).into();
    assert_eq!(halves, [0, 2, 2, 0, -2]);
    assert_eq!(Ratio::ONE.of(i64::MIN + 1), Some(i64::MIN + 1));
    assert_eq!(Ratio::new(2, 1).unwrap().of(i64::MAX), None);
    assert_eq!(Ratio::new(1, 0), None);
    let nines = Ratio::new(999_999_999_999_999, 1_000_000_000_000_000).unwrap();
    assert_eq!(nines.decimal(), ("1".to_owned(), false));
}

#[test]
fn a_stale_quotation_gives_way_to_a_longer_fresh_chain() {
    let mut quotations: Vec<_> = both_banks().0.into_values().flatten().collect();
    let old = quoted(Source::Operator, "2026-01-05", 1, "ILS", "0.3", "AZN");
    quotations.push(old);
    let ils: Currency = "ILS".parse().unwrap();
    let cross = Book::new(quotations.clone()).cross(ils, Currency::AZN);
    assert_eq!(cross.unwrap().steps.len(), 2);
    quotations.pop();
    let on = day("2026-11-27") - Days::new(3);
    quotations.push(Quotation { on, ..old });
    let cross = Book::new(quotations).cross(ils, Currency::AZN);
    assert_eq!(cross.unwrap().steps.len(), 1);
}

#[test]
fn dollars_of_a_book_leave_out_what_is_outdated() {
    let mut quotations: Vec<_> = both_banks().0.into_values().flatten().collect();
    quotations.push(quoted(
        Source::Operator,
        "2026-09-01",
        1,
        "KZT",
        "0.002",
        "USD",
    ));
    let rates = Book::new(quotations).in_dollars().unwrap();
    assert_eq!(rates.date, day("2026-11-27"));
    let rates: Vec<_> = rates
        .nanos()
        .map(|(currency, nanos)| (currency.to_string(), (nanos + 500) / 1_000))
        .collect();
    let expected = [
        ("AZN", 588_235),
        ("EUR", 1_082_300),
        ("ILS", 271_450),
        ("JPY", 6_591),
        ("USD", 1_000_000),
    ];
    assert_eq!(rates, expected.map(|(code, it)| (code.to_owned(), it)));
    assert_eq!(Book::default().in_dollars(), None);
}

/// Of a currency of which a dollar buys tens of thousands, a millionth of a
/// dollar would be a hundredth of one unit's worth.
#[test]
fn small_units_are_worth_what_they_are() {
    let quotations = [
        quoted(Source::Cbar, "2026-11-27", 100, "VND", "0.0067", "AZN"),
        quoted(Source::Cbar, "2026-11-27", 100, "UZS", "0.0142", "AZN"),
        quoted(Source::Cbar, "2026-11-27", 1, "USD", "1.7", "AZN"),
    ];
    let book = Book::new(quotations);
    let rates = book.in_dollars().unwrap();
    for (code, amount) in [("VND", 25_000_000_000), ("UZS", 1_250_000_000_000)] {
        let money = Money::new(amount, code.parse().unwrap());
        let exact = book.cross(money.currency, Currency::USD).unwrap();
        let exact = exact.convert(money).unwrap().amount_minor;
        let cents = rates.usd_cents(money).unwrap();
        let off = (cents - exact).abs();
        assert!(off * 10_000 <= exact, "{code}: {cents} for {exact}");
    }
}

#[test]
fn what_is_no_quotation_is_refused() {
    let fine = quoted(Source::Cbar, "2026-11-27", 100, "JPY", "1.12", "AZN");
    let wrong = |change: fn(&mut Quotation)| {
        let mut quotation = fine;
        change(&mut quotation);
        quotation.check().unwrap_err()
    };
    assert_eq!(wrong(|it| it.quote = it.base), InvalidQuotation::InItself);
    for nominal in [0, -1, 2, 50, 10_000_000, i64::MIN] {
        let quotation = Quotation { nominal, ..fine };
        assert_eq!(
            quotation.check(),
            Err(InvalidQuotation::Nominal),
            "{nominal}"
        );
    }
    assert_eq!(wrong(|it| it.value.scale = 11), InvalidQuotation::TooFine);
}

#[test]
fn gaps_and_stale_days_are_seen() {
    let days: Vec<_> = ["2026-11-02", "2026-11-03", "2026-11-20"].map(day).into();
    let coverage = Coverage::of(Source::Ecb, &days).unwrap();
    assert_eq!(coverage.gaps, [(day("2026-11-03"), day("2026-11-20"))]);
    assert!(!coverage.is_stale(day("2026-11-30")));
    assert!(coverage.is_stale(day("2026-12-01")));
    assert_eq!(Coverage::of(Source::Ecb, &[]), None);
}

proptest! {
    /// Whatever three quotations say, their product is carried exactly.
    #[test]
    fn three_steps_never_overflow(
        parts in prop::array::uniform3((1_i64..10_i64.pow(10), 0_u32..=12, any::<bool>()))
    ) {
        let mut product = Ratio::ONE;
        for (mantissa, scale, inverse) in parts {
            let ratio = Ratio::new(mantissa.unsigned_abs().into(), 10_u128.pow(scale)).unwrap();
            product = product.times(if inverse { ratio.inverse() } else { ratio }).unwrap();
        }
        let (text, _) = product.decimal();
        prop_assert!(text.starts_with(|first: char| first.is_ascii_digit()));
        prop_assert_eq!(product.times(product.inverse()), Some(Ratio::ONE));
    }

    #[test]
    fn a_number_is_read_back_as_it_is_shown(mantissa in 1_i64..10_i64.pow(10), scale in 0_u32..=12) {
        let text = Decimal { mantissa, scale }.to_string();
        let read: Decimal = text.parse().unwrap();
        prop_assert_eq!(read.to_string().parse::<Decimal>(), Ok(read));
        let ratio = Ratio::new(mantissa.unsigned_abs().into(), 10_u128.pow(scale));
        let again = Ratio::new(read.mantissa.unsigned_abs().into(), 10_u128.pow(read.scale));
        prop_assert_eq!(ratio, again);
    }
}
