//! Logarithms and powers of *e* in integers, the same on every machine.

use std::sync::LazyLock;

/// What [`exp`] counts as one.
pub const ONE: u64 = 1 << 20;

/// e^0.001 and e^−0.001, in units of 2^−60.
const STEP_UP: u128 = 1_154_075_002_764_407_758;
const STEP_DOWN: u128 = 1_151_769_159_370_886_877;
const UNIT: u128 = 1 << 60;

/// The powers that are kept, in milli-nats.
const LOWEST: i64 = -14_000;
const HIGHEST: i64 = 5_000;

/// Bits of a mantissa that [`ln`] looks at.
const MANTISSA_BITS: u32 = 12;

static POWERS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let walk = |step: u128, count: i64| {
        let mut power = UNIT;
        let mut powers = Vec::new();
        for _ in 0..count {
            power = (power * step) >> 60;
            powers.push(power);
        }
        powers
    };
    let mut powers = walk(STEP_DOWN, -LOWEST);
    powers.reverse();
    powers.push(UNIT);
    powers.extend(walk(STEP_UP, HIGHEST));
    powers
        .into_iter()
        .map(|power| u64::try_from((power + (1 << 39)) >> 40).unwrap_or(u64::MAX))
        .collect()
});

static MANTISSAS: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let mut power = UNIT;
    let mut milli = 0;
    (0..1_u128 << MANTISSA_BITS)
        .map(|part| {
            let mantissa = UNIT + (part << (60 - MANTISSA_BITS));
            // To the nearest thousandth: on while the middle of the next step
            // is not past it.
            while (power * (UNIT + STEP_UP) / 2) >> 60 <= mantissa {
                power = (power * STEP_UP) >> 60;
                milli += 1;
            }
            milli
        })
        .collect()
});

/// e^(`milli` / 1000) in units of [`ONE`], at least 1.
pub fn exp(milli: i64) -> u64 {
    let place = usize::try_from(milli.clamp(LOWEST, HIGHEST) - LOWEST).unwrap_or(0);
    POWERS.get(place).copied().unwrap_or(1).max(1)
}

/// The natural logarithm in thousandths; of 0 that of 1.
pub fn ln(x: u64) -> i64 {
    let x = x.max(1);
    let zeros = x.leading_zeros();
    let part = ((x << zeros) >> (63 - MANTISSA_BITS)) & ((1 << MANTISSA_BITS) - 1);
    let part = usize::try_from(part).unwrap_or(0);
    i64::from(63 - zeros) * 693_147 / 1_000 + MANTISSAS.get(part).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_and_powers_are_those_of_the_schoolbook() {
        for (x, milli) in [
            (1, 0),
            (2, 693),
            (3, 1_099),
            (10, 2_302),
            (1 << 20, 13_862),
            (u64::MAX, 44_361),
        ] {
            assert!((ln(x) - milli).abs() <= 1, "ln {x} = {}", ln(x));
        }
        for (milli, x) in [
            (0, ONE),
            (693, 2 * ONE),
            (-693, ONE / 2),
            (5_000, 155_622_541),
            (-14_000, 1),
            (-99_000, 1),
        ] {
            assert!(
                exp(milli).abs_diff(x) <= x / 1_000 + 1,
                "exp {milli} = {}",
                exp(milli)
            );
        }
    }

    #[test]
    fn neither_ever_falls() {
        assert!((-15_000..7_000).is_sorted_by_key(exp));
        assert!((1..200_000).is_sorted_by_key(ln));
    }
}
