//! Single cells: amounts and days.

use chrono::NaiveDate;

use crate::domain::money::Currency;

/// Minor units of a plain decimal number, without a detour over floats.
pub fn minor_units(text: &str, currency: Currency) -> Result<i64, &'static str> {
    const FORM: &str = "is no amount such as 1500000 or 1500000.50";
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if text.starts_with('-') {
        return Err("must not be negative");
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if whole.is_empty() || fraction.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(FORM);
    }
    let places = usize::try_from(currency.exponent()).unwrap_or(0);
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > places {
        return Err("has more decimal places than its currency");
    }
    let minor = format!("{whole}{fraction:0<places$}");
    match minor.parse::<i64>() {
        Ok(0) => Err("must be more than zero; leave the cell empty when it is unknown"),
        Ok(minor) => Ok(minor),
        Err(_) => Err("is too large"),
    }
}

/// A day that has been.
pub fn past_day(text: &str, today: NaiveDate) -> Result<NaiveDate, String> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| format!("{text:?} is no date such as 2012-03-31"))?;
    if day > today {
        return Err(format!("{day} lies in the future"));
    }
    Ok(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_become_minor_units_exactly() {
        let cents = |text| minor_units(text, Currency::USD);
        assert_eq!(cents("2000000.0"), Ok(200_000_000));
        assert_eq!(cents("0.07"), Ok(7));
        assert_eq!(cents("92233720368547758.07"), Ok(i64::MAX));
        assert_eq!(cents("92233720368547758.08"), Err("is too large"));
        assert_eq!(cents("-1"), Err("must not be negative"));
        assert!(cents("0").is_err_and(|why| why.starts_with("must be more than zero")));
        for odd in ["", ".", "1.", ".5", "1e6", "1,000", "$5", "1.005", "NaN"] {
            assert!(cents(odd).is_err(), "{odd}");
        }
        let yen = "JPY".parse().unwrap();
        assert_eq!(minor_units("5.0", yen), Ok(5));
    }
}
