//! What a side may read in the timeline of a record that it shares with the
//! other side: no ids of others, no hashes, no reasons, no work of compliance.

use serde_json::json;

use super::introductions::neutral;
use super::timeline::{EventView, Timeline, TimelineView};
use crate::domain::event::Value;
use crate::services::Caller;
use crate::services::log::SealedEvent;

/// What a side may read in the timeline of a kind of record.
pub struct SideRules {
    /// Kinds of event.
    kinds: &'static [&'static str],
    /// Actions that only the operator's people know of.
    hidden_actions: &'static [&'static str],
    /// Facts.
    facts: &'static [&'static str],
    /// A state in words that don't say what stopped something.
    state: fn(&str) -> &str,
}

/// For matches: a side learns that it was shown and what was answered, not
/// why, and not what compliance did before.
pub const MATCH: SideRules = SideRules {
    kinds: &["match.moved"],
    hidden_actions: &["allow", "block"],
    facts: &["action", "to"],
    state: |state| state,
};

/// For introductions: a side never learns from it that the gate or compliance
/// stopped something.
pub const INTRODUCTION: SideRules = SideRules {
    kinds: &["introduction.requested", "introduction.moved"],
    hidden_actions: &["gate", "refuse", "block"],
    facts: &["action", "from", "to", "side", "requester"],
    state: neutral,
};

/// For deals: both sides know each other and see what moved.
pub const DEAL: SideRules = SideRules {
    kinds: &["deal.opened", "deal.moved", "deal.facts_recorded"],
    hidden_actions: &["block"],
    facts: &[
        "action",
        "from",
        "to",
        "stage",
        "stage_from",
        "stage_to",
        "as",
        "resume_on",
        "reason",
        "amount",
        "value_date",
        "keys",
    ],
    state: |state| state,
};

impl SideRules {
    /// The part of a timeline that a side may read.
    pub fn apply(&self, caller: &Caller, timeline: &Timeline) -> TimelineView {
        timeline.select(|event| self.shows(event).then(|| self.view(caller, event)))
    }

    fn shows(&self, event: &SealedEvent) -> bool {
        let hidden = |(key, value): &(String, Value)| {
            key == "action"
                && matches!(value, Value::Code(action) if self.hidden_actions.contains(&action.as_str()))
        };
        self.kinds.contains(&event.kind.as_str()) && !event.payload.iter().any(hidden)
    }

    fn view(&self, caller: &Caller, event: &SealedEvent) -> EventView {
        let own = event.actor == caller.actor();
        let mut view = EventView::of(event, own);
        view.payload
            .retain(|key, _| self.facts.contains(&key.as_str()));
        for (key, fact) in &mut view.payload {
            if let ("from" | "to", Some(state)) = (key.as_str(), fact.as_str()) {
                *fact = json!((self.state)(state));
            }
        }
        view
    }
}
