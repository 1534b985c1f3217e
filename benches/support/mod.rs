//! What the benchmarks share: sizes from the environment, percentiles, and
//! the table they print.

pub mod report;
pub mod world;

use std::fmt::Debug;
use std::str::FromStr;
use std::time::Duration;

/// A number that the environment may change, such as `BENCH_ROWS=1000`.
pub fn size(name: &str, usual: u32) -> u32 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

/// How long one side is measured before it is the other's turn.
pub fn slice() -> Duration {
    Duration::from_millis(size("BENCH_SLICE_MS", 1_000).into())
}

/// How often the sides take turns.
pub fn rounds() -> u32 {
    size("BENCH_ROUNDS", 3)
}

/// The value of a text that is one.
pub fn of<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("a value")
}

/// Whether something is to be measured: all of it, or what the words on the
/// command line name, as in `cargo bench --bench http -- get list`.
pub fn wanted(name: &str) -> bool {
    let mut words = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--") && word != "json")
        .peekable();
    words.peek().is_none() || words.any(|word| name.starts_with(&word))
}
