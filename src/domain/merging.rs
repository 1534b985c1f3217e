//! When two firms may become one, and what of the one that goes holds for the
//! other.

use super::compliance::ClearanceVerdict;
use super::duplicate::can_be_twins;
use super::fault::Faults;
use super::ids::IntroductionId;
use super::refusal::Refusal;
use super::values::OrganizationKind;

/// What a firm has of its own and no merge moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOver {
    /// Walls before others.
    Walls,
    /// Export licences that hold or wait.
    Licences,
    /// Engagements in which it shows or is shown something.
    Practices,
    /// Parts in rounds.
    Participations,
    /// Programmes that it is a party to.
    Programmes,
    /// Programs that act for it.
    Clients,
    /// A consent to be proposed that its people took back.
    ConsentTakenBack,
}

impl LeftOver {
    /// In words.
    const fn said(self) -> &'static str {
        match self {
            Self::Walls => "walls",
            Self::Licences => "export licences",
            Self::Practices => "engagements",
            Self::Participations => "parts in rounds",
            Self::Programmes => "programmes that it is a party to",
            Self::Clients => "API clients",
            Self::ConsentTakenBack => "people who took back their consent to be proposed",
        }
    }
}

/// What counts when two firms are to become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeFacts {
    /// The one that would be kept.
    pub kept: Party,
    /// The one that would go.
    pub gone: Party,
    /// Whether compliance keeps the two apart.
    pub kept_apart: bool,
    /// Live introductions of both to the same counterpart.
    pub rival_introductions: Vec<IntroductionId>,
    /// Ids by which two partners know different firms.
    pub rival_referrals: Vec<String>,
    /// Whether an owner of each agreed, and is one still.
    pub agreed: bool,
    /// Whether everybody who belongs to the one that would go belongs to the
    /// other as well: its owners let them in, and they came.
    pub people_joined: bool,
    /// What the one that would go has of its own and a merge doesn't move.
    pub left_over: Vec<LeftOver>,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// What it is.
    pub kind: OrganizationKind,
    /// Whether people stand behind it: it has members, or its records were
    /// confirmed by some.
    pub claimed: bool,
    /// Whether it was merged into another one already.
    pub is_gone: bool,
    /// The verdict of its last check.
    pub clearance: Option<ClearanceVerdict>,
}

/// Everything that stands in the way of making one firm of two.
///
/// Two firms that people stand behind are never merged over their heads: an owner
/// of each agrees by name, and those of the one that goes belong to the other
/// first, by an invitation of its owners that they took. Where people stand behind one, that one
/// is kept, so that nobody comes to act for a firm by a merge. Partners have
/// people always; those of the one that goes act for nobody afterwards.
///
/// # Errors
/// All that stands in the way.
pub fn may_merge(facts: &MergeFacts) -> Result<(), Refusal> {
    let mut missing = Faults::new();
    let MergeFacts {
        kept,
        gone,
        kept_apart,
        rival_introductions,
        rival_referrals,
        agreed,
        people_joined,
        left_over,
    } = facts;
    let mergeable = |party: &Party| can_be_twins(party.kind);
    if kept.kind != gone.kind || !mergeable(kept) {
        missing.push(
            "",
            "kinds_differ",
            "Only two startups, two investors or two partners can be one firm.",
        );
    }
    if kept.is_gone {
        missing.push(
            "/keep",
            "merged_already",
            "It was merged into another firm already; name that one.",
        );
    }
    if gone.is_gone {
        missing.push(
            "",
            "merged_already",
            "The other one was merged into another firm already.",
        );
    }
    match (kept.claimed, gone.claimed) {
        // A partner's people stay with the one that goes, which has nothing any
        // more, until the kept one's let them in.
        _ if kept.kind == OrganizationKind::Partner => {}
        (true, true) if *agreed && *people_joined => {
            for what in left_over {
                missing.push(
                    "",
                    "left_over",
                    format!("The one that goes has {} of its own, which stay with it; end them, or have the other one make its own, first.", what.said()),
                );
            }
        }
        (true, true) => missing.push(
            "",
            "both_claimed",
            "People stand behind both: an owner of each has to agree (PUT /v1/organizations/{id}/merge-agreements/{other}), and everybody of the one that goes to belong to the other first, by an invitation of its owners.",
        ),
        (false, true) => missing.push(
            "/keep",
            "keep_the_claimed",
            "People stand behind the other one, so it is the one to keep.",
        ),
        _ => {}
    }
    if *kept_apart {
        missing.push(
            "",
            "kept_apart",
            "Compliance keeps these two apart, so they can't be one.",
        );
    }
    for introduction in rival_introductions {
        missing.push(
            "",
            "live_introduction",
            format!(
                "Both are being introduced to the same counterpart; end introduction {introduction} first."
            ),
        );
    }
    for external_id in rival_referrals {
        missing.push(
            "",
            "same_external_id",
            format!("Each refers another firm as “{external_id}”; one of the two must go first."),
        );
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Refusal {
        code: "merge_blocked".into(),
        detail: "These two can't be merged so; everything in the way is named.".to_owned(),
        missing: missing.into_vec(),
    })
}

/// How strict a verdict is; a firm that nobody checked has none to carry over.
const fn strictness(verdict: ClearanceVerdict) -> u8 {
    match verdict {
        ClearanceVerdict::Clear => 0,
        ClearanceVerdict::ClearEnhanced => 1,
        ClearanceVerdict::Review => 2,
        ClearanceVerdict::Blocked => 3,
    }
}

/// Whether the verdict about the one that goes has to hold for the one that is
/// kept from now on: of two checks the stricter one counts.
pub fn carries_verdict(facts: &MergeFacts) -> bool {
    let strict = facts.gone.clearance.map_or(0, strictness);
    let held = facts.kept.clearance.map(strictness);
    match held {
        Some(held) => strict > held,
        // Nobody checked the kept one: a good check of the other one says
        // nothing about it, a bad one does.
        None => strict > 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(claimed: bool) -> Party {
        Party {
            kind: OrganizationKind::Startup,
            claimed,
            is_gone: false,
            clearance: None,
        }
    }

    fn facts(kept: Party, gone: Party) -> MergeFacts {
        MergeFacts {
            kept,
            gone,
            kept_apart: false,
            rival_introductions: Vec::new(),
            rival_referrals: Vec::new(),
            agreed: false,
            people_joined: false,
            left_over: Vec::new(),
        }
    }

    #[test]
    fn everything_in_the_way_is_named() {
        assert!(may_merge(&facts(party(true), party(false))).is_ok());
        assert!(may_merge(&facts(party(false), party(false))).is_ok());
        let mut all = facts(party(true), party(true));
        all.kept.kind = OrganizationKind::Investor;
        all.gone.is_gone = true;
        all.kept_apart = true;
        all.rival_introductions = vec![uuid::Uuid::nil().into()];
        let refusal = may_merge(&all).unwrap_err();
        let codes: Vec<_> = refusal.missing.iter().map(|it| it.code.as_ref()).collect();
        assert_eq!(
            codes,
            [
                "kinds_differ",
                "merged_already",
                "both_claimed",
                "kept_apart",
                "live_introduction"
            ]
        );
    }

    #[test]
    fn owners_of_both_agree_and_the_people_go_with_it() {
        let mut both = facts(party(true), party(true));
        both.people_joined = true;
        // To belong to both is no agreement.
        let refusal = may_merge(&both).unwrap_err();
        assert_eq!(refusal.missing[0].code, "both_claimed");
        both.agreed = true;
        assert!(may_merge(&both).is_ok());
        both.left_over = vec![LeftOver::Walls];
        let refusal = may_merge(&both).unwrap_err();
        assert_eq!(refusal.missing[0].code, "left_over");
        // Whoever is kept, nobody comes to act for a firm by it.
        let mut wrong = facts(party(false), party(true));
        (wrong.agreed, wrong.people_joined) = (true, true);
        assert_eq!(
            may_merge(&wrong).unwrap_err().missing[0].code,
            "keep_the_claimed"
        );
    }

    #[test]
    fn the_stricter_verdict_is_carried_over() {
        use ClearanceVerdict as V;
        let carries = |kept, gone| {
            let mut facts = facts(party(false), party(false));
            (facts.kept.clearance, facts.gone.clearance) = (kept, gone);
            carries_verdict(&facts)
        };
        assert!(carries(Some(V::Clear), Some(V::Blocked)));
        assert!(carries(Some(V::Clear), Some(V::ClearEnhanced)));
        assert!(carries(None, Some(V::Review)));
        assert!(!carries(None, Some(V::Clear)));
        assert!(!carries(Some(V::Blocked), Some(V::Clear)));
        assert!(!carries(Some(V::Clear), None));
    }
}
