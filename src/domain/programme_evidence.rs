//! Evidence of what came of a programme that no commitment asks for: a
//! delegation, an enquiry or a contract that a party or a curator puts on record.
//! A curator gives it to a commitment later; until then a scorecard shows it
//! apart.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::commitment::EvidenceKind;
use super::fault::Faults;
use super::ids::{CommitmentId, OrganizationId, ProgrammeId, UserId};
use super::refusal::Refusal;
use super::values::codes;

codes! {
    /// Where evidence without a commitment stands.
    EvidenceState {
        /// No commitment has it.
        Open = "open",
        /// It was given to one, and counts there.
        Linked = "linked",
        /// It was taken back.
        Withdrawn = "withdrawn",
    }
}

codes! {
    /// What is done with it.
    EvidenceAction {
        /// Give it to a commitment.
        Link = "link",
        /// Take it back.
        Withdraw = "withdraw",
    }
}

/// Something that happened under a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeEvidence {
    /// Its id, which it keeps as a commitment's.
    pub id: Uuid,
    /// Under which programme.
    pub programme: ProgrammeId,
    /// Of what sort.
    pub kind: EvidenceKind,
    /// The day it happened.
    pub happened_on: NaiveDate,
    /// What and where, in words.
    pub note: String,
    /// For which party it was given; none for the operator's people.
    pub organization: Option<OrganizationId>,
    /// By whom.
    pub by: UserId,
    /// Where it stands.
    pub state: EvidenceState,
    /// To which commitment it was given.
    pub commitment: Option<CommitmentId>,
    /// Why it was taken back, in words, where that was said.
    pub withdrawn_for: Option<String>,
    /// Counts changes.
    pub version: i64,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Every fault of what is put on record on that day.
pub fn faults(happened_on: NaiveDate, today: NaiveDate) -> Faults {
    let mut faults = Faults::new();
    if happened_on > today {
        let detail = "Evidence is of something that happened.";
        faults.push("/happened_on", "in_the_future", detail);
    }
    faults
}

/// The machine: the state after `action` of a curator, or of somebody of the
/// party that gave it; or why it can't be.
///
/// # Errors
/// It was given away or taken back, or it is another's to do.
pub fn step(
    before: EvidenceState,
    action: EvidenceAction,
    (curates, own): (bool, bool),
) -> Result<EvidenceState, Refusal> {
    use EvidenceAction as A;
    use EvidenceState as S;
    match (before, action) {
        (S::Open, A::Link) if curates => Ok(S::Linked),
        (S::Open, A::Withdraw) if curates || own => Ok(S::Withdrawn),
        (S::Open, action) => Err(Refusal::not_yours(action.code())),
        (_, action) => Err(Refusal::no_transition(action.code())),
    }
}

/// What no commitment has, by its id.
pub type Apart = BTreeMap<Uuid, EvidenceKind>;

/// Reads a line of the log about evidence: its kind, which evidence, and of what
/// sort it is.
pub fn follow(apart: &mut Apart, line: &str, evidence: Option<Uuid>, sort: Option<&str>) {
    let Some(id) = evidence else { return };
    match line {
        "programme.evidence_given" => {
            apart.extend(
                sort.and_then(EvidenceKind::from_code)
                    .map(|kind| (id, kind)),
            );
        }
        "programme.evidence_moved" => drop(apart.remove(&id)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curator_gives_it_to_a_commitment_and_its_party_takes_it_back() {
        use EvidenceAction as A;
        use EvidenceState as S;
        let codes = |before, action, who| step(before, action, who).map_err(|it| it.code);
        let [curator, own, other] = [(true, false), (false, true), (false, false)];
        assert_eq!(codes(S::Open, A::Link, curator), Ok(S::Linked));
        assert_eq!(codes(S::Open, A::Withdraw, curator), Ok(S::Withdrawn));
        assert_eq!(codes(S::Open, A::Withdraw, own), Ok(S::Withdrawn));
        for (action, who) in [(A::Link, own), (A::Link, other), (A::Withdraw, other)] {
            let refused = codes(S::Open, action, who).expect_err("not theirs");
            assert_eq!(refused, "transition_not_yours");
        }
        for state in [S::Linked, S::Withdrawn] {
            for action in [A::Link, A::Withdraw] {
                let refused = codes(state, action, curator).expect_err("over");
                assert_eq!(refused, "transition_not_allowed");
            }
        }
    }

    #[test]
    fn what_was_given_away_or_taken_back_stands_apart_no_more() {
        let mut apart = Apart::new();
        let [one, other] = [1, 2].map(Uuid::from_u128);
        for id in [one, other] {
            follow(
                &mut apart,
                "programme.evidence_given",
                Some(id),
                Some("contract"),
            );
        }
        follow(&mut apart, "programme.evidence_moved", Some(one), None);
        follow(&mut apart, "commitment.evidenced", Some(other), None);
        assert_eq!(apart, Apart::from([(other, EvidenceKind::Contract)]));
    }
}
