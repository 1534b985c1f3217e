//! The question how it goes with facts as they could be.

use chrono::NaiveDate;

use super::super::examples::{Facts, Shown, alone};
use super::{Day, PulsePage};
use crate::domain::pulse::PulseKind;

/// While it goes on, and long after it closed.
pub(in crate::http::pages) fn pages(facts: &Facts) -> Vec<Shown> {
    let page = |kind| {
        let reader = &facts.language;
        let day = Day {
            value: String::new(),
            first: NaiveDate::default(),
            last: NaiveDate::default(),
            wrong: false,
        };
        let about = (kind, facts.startup.as_str());
        alone(&PulsePage::about(reader, about, day, "preview".to_owned()))
    };
    vec![
        ("pulse", page(PulseKind::Open)),
        ("pulse_late", page(PulseKind::Late)),
    ]
}
