//! What a request for an introduction must satisfy besides the gate.

use chrono::{DateTime, Utc};

use super::fault::Faults;
use super::refusal::Refusal;
use super::{screening, tongue};

/// What a request must satisfy besides the gate.
#[derive(Debug, Clone)]
pub struct RequestFacts<'a> {
    /// The pair has a live introduction already.
    pub live_exists: bool,
    /// A declined one or a pass keeps the pair apart until then.
    pub cool_down_until: Option<DateTime<Utc>>,
    /// Live introductions of the mandate.
    pub open_for_mandate: u32,
    /// How many it takes at a time.
    pub mandate_capacity: u32,
    /// Every form of the organizations' names that must not be told.
    pub names: Vec<&'a str>,
    /// The names of their people.
    pub people: Vec<&'a str>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Checks a request; every fault of the blurb is named.
pub fn check_request(blurb: &str, facts: &RequestFacts<'_>) -> Result<(), Refusal> {
    let mut faults = Faults::new();
    for finding in screening::findings(blurb, facts.names.iter().copied()) {
        faults.push("/blurb", finding.code(), finding.detail());
    }
    if screening::names_somebody(blurb, facts.people.iter().copied()) {
        let finding = screening::Finding::PersonName;
        faults.push("/blurb", finding.code(), finding.detail());
    }
    if !tongue::may_be_english(blurb) {
        faults.push(
            "/blurb",
            "not_english",
            "Write it in English: the other side reads it as it stands, and so does compliance.",
        );
    }
    faults.finish().map_err(|faults| Refusal {
        code: "blurb_not_clean".into(),
        detail: "The blurb is read before both sides have agreed. Names and addresses are passed on by the service itself, each when it may be, so the blurb must hold none.".to_owned(),
        missing: faults.into_vec(),
    })?;
    if facts.live_exists {
        return Err(Refusal::new(
            "introduction_exists",
            "These two organizations have a live introduction already.",
        ));
    }
    if let Some(until) = facts.cool_down_until.filter(|until| *until > facts.now) {
        return Err(Refusal::new(
            "cooling_down",
            format!(
                "This pair may be introduced again from {}.",
                until.date_naive()
            ),
        ));
    }
    if facts.open_for_mandate >= facts.mandate_capacity {
        return Err(Refusal::new(
            "mandate_at_capacity",
            "The mandate has as many open introductions as it takes.",
        ));
    }
    Ok(())
}
