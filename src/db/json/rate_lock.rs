//! The rates that amounts are compared by, once for all amounts that were
//! locked with the same ones.

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use crate::db::{Error, Result};
use crate::domain::rate_lock::{LockedRate, LockedRates};
use crate::domain::rates::{Ratio, Source};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    on: String,
    rates: Vec<StoredRate>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRate {
    currency: String,
    numerator: String,
    denominator: String,
    on: String,
    sources: Vec<String>,
}

/// The canonical text of locked rates.
pub(in crate::db) fn encode(locked: &LockedRates) -> Result<String> {
    let LockedRates { on, rates } = locked;
    let rates = rates.iter().map(|(currency, rate)| {
        let LockedRate { ratio, on, sources } = rate;
        StoredRate {
            currency: currency.to_string(),
            numerator: ratio.numerator().to_string(),
            denominator: ratio.denominator().to_string(),
            on: on.to_string(),
            sources: sources.iter().map(|it| it.code().to_owned()).collect(),
        }
    });
    form::write(&Stored {
        schema: One,
        on: on.to_string(),
        rates: rates.collect(),
    })
}

/// The locked rates of that text.
pub(in crate::db) fn decode(text: &str) -> Result<LockedRates> {
    let Stored {
        schema: One,
        on,
        rates,
    } = form::read("locked rates", text)?;
    let rates = rates.into_iter().map(|stored| {
        let StoredRate {
            currency,
            numerator,
            denominator,
            on,
            sources,
        } = stored;
        let ratio = Ratio::new(form::parse(&numerator)?, form::parse(&denominator)?);
        let rate = LockedRate {
            ratio: ratio.ok_or_else(|| Error::Corrupt("a locked rate of zero".to_owned()))?,
            on: form::day(&on)?,
            sources: form::codes(&sources, Source::from_code)?,
        };
        Ok((form::parse(&currency)?, rate))
    });
    Ok(LockedRates {
        on: form::day(&on)?,
        rates: rates.collect::<Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_rates_survive_storage() {
        let text = r#"{"schema":1,"on":"2026-11-20","rates":[{"currency":"AZN","numerator":"10","denominator":"17","on":"2026-11-19","sources":["cbar"]},{"currency":"ILS","numerator":"340282366920938463463374607431768211455","denominator":"2","on":"2026-11-20","sources":["operator","ecb"]}]}"#;
        let locked = decode(text).expect("decodes");
        assert_eq!(encode(&locked).expect("encodes"), text);
        let zero = text.replace(r#""denominator":"17""#, r#""denominator":"0""#);
        assert!(decode(&zero).is_err());
    }
}
