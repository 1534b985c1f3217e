//! The question how it goes with facts as they could be.

use super::super::examples::{Facts, Shown, alone};
use super::PulsePage;
use crate::domain::pulse::PulseKind;

/// While it goes on, and long after it closed.
pub(in crate::http::pages) fn pages(facts: &Facts) -> Vec<Shown> {
    let page = |kind| {
        let reader = &facts.language;
        alone(&PulsePage::about(
            reader,
            kind,
            &facts.startup,
            "preview".to_owned(),
        ))
    };
    vec![
        ("pulse", page(PulseKind::Open)),
        ("pulse_late", page(PulseKind::Late)),
    ]
}
