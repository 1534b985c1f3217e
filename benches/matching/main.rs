//! The best twenty mandates for a startup out of ten thousand and a hundred
//! thousand, by the index beside a plain scan: what `corridor bench matching`
//! prints. With `MILLION=1` in the environment out of a million too, with
//! `CROSS=1` everything with everything.

use std::env;

use corridor::cli::bench::{Format, MatchingArgs, measure};

fn main() {
    let wanted = |name: &str| env::var_os(name).is_some();
    let million = wanted("MILLION").then_some(1_000_000);
    for mandates in [10_000, 100_000].into_iter().chain(million) {
        let args = MatchingArgs {
            mandates,
            queries: 200,
            top: 20,
            acted: 100,
            seed: 2_026,
            cross: wanted("CROSS"),
            format: Format::Table,
        };
        let figures = measure(&args).expect("the shipped rules are sound");
        print!("{}", figures.table());
        assert_eq!(figures.mismatches, 0, "the index differs from the scan");
    }
}
