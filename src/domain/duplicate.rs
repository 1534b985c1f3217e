//! Duplicates: two records that may be of one firm. What they have in common
//! is found by itself and explained; a person judges, and merges or dismisses.
//!
//! | from | event | who | guard | to |
//! |---|---|---|---|---|
//! | – | found, reported | system, curator | same kind | open |
//! | open | dismiss | curator | reason | dismissed |
//! | dismissed | reopen | curator | – | open; also by itself when more speaks for it |
//! | open | merge | curator | [`may_merge`] | merged |
//! | merged | undo | curator | nothing was built upon it | open |

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::compliance::ClearanceVerdict;
use super::country::Country;
use super::fault::Faults;
use super::firm_name::{Alike, same_firm};
use super::identifier::Identifier;
use super::ids::{DuplicateId, IntroductionId, OrganizationId, UserId};
use super::permission::Hat;
use super::refusal::Refusal;
use super::values::{OrganizationKind, codes};

/// Certainty, as scores count it.
const CERTAIN: u32 = 10_000;

codes! {
    /// Where a duplicate stands.
    DuplicateState {
        /// Nobody has judged.
        Open = "open",
        /// Two firms.
        Dismissed = "dismissed",
        /// One firm, and one record by now.
        Merged = "merged",
    }
}

codes! {
    /// What can be done with a duplicate.
    DuplicateAction {
        /// They are one firm: the records of one go to the other.
        Merge = "merge",
        /// They are two firms.
        Dismiss = "dismiss",
        /// Judge again.
        Reopen = "reopen",
        /// They were two firms after all.
        Undo = "undo",
    }
}

codes! {
    /// What speaks for two records being of one firm.
    Ground {
        /// Both state the same number of a register.
        SameIdentifier = "same_identifier",
        /// Both name the same web site.
        SameDomain = "same_domain",
        /// They bear the same name.
        SameName = "same_name",
        /// Their names sound the same.
        AlikeName = "alike_name",
        /// A curator says so.
        Reported = "reported",
    }
}

/// One thing that speaks for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// Of what kind.
    pub ground: Ground,
    /// What the first of the two says.
    pub one: String,
    /// What the second says.
    pub other: String,
    /// How much it says by itself, in basis points.
    pub points: u32,
}

/// Two records that may be of one firm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// Its id.
    pub id: DuplicateId,
    /// Both, the lower id first.
    pub organizations: (OrganizationId, OrganizationId),
    /// What they both are.
    pub kind: OrganizationKind,
    /// How likely it is, in basis points.
    pub score: u32,
    /// What speaks for it, most first.
    pub reasons: Vec<Reason>,
    /// Where it stands.
    pub state: DuplicateState,
    /// Why it was judged so, in the words of who did.
    pub note: Option<String>,
    /// Who judged last.
    pub judged_by: Option<UserId>,
    /// Which of the two is kept, once they are merged.
    pub kept: Option<OrganizationId>,
    /// Counts its changes; the `ETag`.
    pub version: i64,
    /// When it was found.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Duplicate {
    /// Whether one of the two has that id.
    pub fn is_about(&self, organization: OrganizationId) -> bool {
        self.organizations.0 == organization || self.organizations.1 == organization
    }

    /// The other one of the two.
    pub fn counterpart(&self, organization: OrganizationId) -> OrganizationId {
        let (lower, upper) = self.organizations;
        if lower == organization { upper } else { lower }
    }
}

/// What a firm is recognised by, with what was merged into it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Face {
    /// All its names.
    pub names: Vec<String>,
    /// Where it is registered, as far as that is known.
    pub countries: BTreeSet<Country>,
    /// The hosts of its web sites.
    pub hosts: BTreeSet<String>,
    /// Its numbers in registers.
    pub identifiers: BTreeSet<Identifier>,
}

/// What speaks for two records being of one firm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// How likely it is, in basis points.
    pub score: u32,
    /// Most first; never empty.
    pub reasons: Vec<Reason>,
}

/// Hosts whose every page is somebody else's, under `m.`, `il.` and the like as
/// well: that two firms name the same one says nothing.
const NETWORKS: &[&str] = &[
    "facebook.com",
    "fb.com",
    "instagram.com",
    "linkedin.com",
    "twitter.com",
    "x.com",
    "youtube.com",
    "crunchbase.com",
    "angel.co",
    "wellfound.com",
    "vk.com",
    "ok.ru",
    "t.me",
    "telegram.me",
    "wa.me",
    "whatsapp.com",
    "tiktok.com",
    "google.com",
];

/// Hosts of which each subdomain is a firm's own, and they themselves nobody's.
const SHARED_HOSTS: &[&str] = &[
    "github.com",
    "github.io",
    "medium.com",
    "wixsite.com",
    "wordpress.com",
    "blogspot.com",
    "tumblr.com",
    "about.me",
    "linktr.ee",
];

/// Whether a web site says whose it is.
pub fn host_tells(host: &str) -> bool {
    let is_of = |network: &&str| {
        let below = host.strip_suffix(*network);
        below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    };
    !SHARED_HOSTS.contains(&host) && !NETWORKS.iter().any(is_of)
}

/// What two records have in common; none when nothing speaks for one firm.
///
/// A number of a register or a web site speaks for itself. A name does only
/// where both are of one country, or it is unknown of which one is.
pub fn compare(one: &Face, other: &Face) -> Option<Likeness> {
    let mut reasons = Vec::new();
    for same in one.identifiers.intersection(&other.identifiers) {
        let value = same.to_string();
        reasons.push(Reason {
            ground: Ground::SameIdentifier,
            one: value.clone(),
            other: value,
            points: 9_800,
        });
    }
    let hosts = one.hosts.intersection(&other.hosts);
    for host in hosts.filter(|host| host_tells(host)) {
        reasons.push(Reason {
            ground: Ground::SameDomain,
            one: host.clone(),
            other: host.clone(),
            points: 9_000,
        });
    }
    reasons.extend(name_reason(one, other));
    reasons.sort_by(|a, b| b.points.cmp(&a.points).then_with(|| a.cmp(b)));
    if reasons.is_empty() {
        return None;
    }
    Some(Likeness {
        score: together(&reasons),
        reasons,
    })
}

fn name_reason(one: &Face, other: &Face) -> Option<Reason> {
    let known = !one.countries.is_empty() && !other.countries.is_empty();
    if known && one.countries.is_disjoint(&other.countries) {
        return None;
    }
    let pairs = one.names.iter().flat_map(|name| {
        let others = other.names.iter();
        others.filter_map(move |twin| Some((same_firm(name, twin)?, name, twin)))
    });
    let (alike, name, twin) = pairs.max_by_key(|(alike, ..)| *alike)?;
    let (ground, points) = match (alike, known) {
        (Alike::Same, true) => (Ground::SameName, 8_500),
        (Alike::Same, false) => (Ground::SameName, 7_000),
        (Alike::Sounds, true) => (Ground::AlikeName, 7_000),
        (Alike::Sounds, false) => (Ground::AlikeName, 5_500),
    };
    Some(Reason {
        ground,
        one: name.clone(),
        other: twin.clone(),
        points,
    })
}

/// Reasons that don't depend on each other leave less doubt together.
pub fn together(reasons: &[Reason]) -> u32 {
    let doubt = reasons.iter().fold(CERTAIN, |doubt, reason| {
        doubt * (CERTAIN - reason.points.min(CERTAIN)) / CERTAIN
    });
    CERTAIN - doubt
}

/// Whether more speaks for it than somebody knew who dismissed it: something
/// of another kind, or another number or web site.
pub fn says_more(before: &[Reason], now: &[Reason]) -> bool {
    let is_new = |reason: &Reason| {
        let name = matches!(reason.ground, Ground::SameName | Ground::AlikeName);
        let known = |it: &Reason| {
            if name {
                matches!(it.ground, Ground::SameName | Ground::AlikeName)
            } else {
                it.ground == reason.ground && it.one == reason.one
            }
        };
        !before.iter().any(known)
    };
    now.iter().any(is_new)
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

/// Whether two firms of a kind may be one.
pub const fn can_be_twins(kind: OrganizationKind) -> bool {
    match kind {
        OrganizationKind::Startup | OrganizationKind::Investor | OrganizationKind::Partner => true,
        OrganizationKind::Operator => false,
    }
}

/// Everything that stands in the way of making one firm of two.
///
/// Two firms that people stand behind are never merged over their heads:
/// those of one of them leave it first. Where people stand behind one, that
/// one is kept, so that nobody comes to act for a firm by a merge. Partners have
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
        (true, true) => missing.push(
            "",
            "both_claimed",
            "People stand behind both; those of one of them have to give it up first.",
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

/// Where an action leads.
///
/// # Errors
/// What is not in the table of this module.
pub fn step(
    state: DuplicateState,
    action: DuplicateAction,
    hat: Hat,
) -> Result<DuplicateState, Refusal> {
    use DuplicateAction as A;
    use DuplicateState as S;

    let next = match (state, action) {
        (S::Open, A::Merge) => S::Merged,
        (S::Open, A::Dismiss) => S::Dismissed,
        (S::Dismissed, A::Reopen) | (S::Merged, A::Undo) => S::Open,
        _ => return Err(Refusal::no_transition(action.code())),
    };
    match hat {
        Hat::Curator => Ok(next),
        _ => Err(Refusal::not_yours(action.code())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(name: &str, country: Option<&str>, host: Option<&str>) -> Face {
        Face {
            names: vec![name.to_owned()],
            countries: country.map(|it| it.parse().unwrap()).into_iter().collect(),
            hosts: host.map(str::to_owned).into_iter().collect(),
            identifiers: BTreeSet::new(),
        }
    }

    fn grounds(one: &Face, other: &Face) -> Vec<Ground> {
        let found = compare(one, other);
        let reasons = found.into_iter().flat_map(|it| it.reasons);
        reasons.map(|it| it.ground).collect()
    }

    #[test]
    fn a_name_counts_within_a_country() {
        let one = face("Xəzər Kapital MMC", Some("AZ"), None);
        let same = face("Khazar Capital", Some("AZ"), None);
        let abroad = face("Khazar Capital", Some("KZ"), None);
        let anywhere = face("Khazar Capital", None, None);
        assert_eq!(grounds(&one, &same), [Ground::AlikeName]);
        assert_eq!(grounds(&one, &abroad), []);
        let (near, far) = (compare(&one, &same), compare(&one, &anywhere));
        assert!(near.unwrap().score > far.unwrap().score);
    }

    #[test]
    fn a_page_in_a_network_is_nobodys_web_site() {
        for shared in [
            "linkedin.com",
            "il.linkedin.com",
            "m.facebook.com",
            "sites.google.com",
            "github.io",
        ] {
            assert!(!host_tells(shared), "{shared}");
        }
        for own in [
            "tamar.github.io",
            "notlinkedin.com",
            "tamar.wixsite.com",
            "x.com.az",
        ] {
            assert!(host_tells(own), "{own}");
        }
    }

    #[test]
    fn a_web_site_counts_by_itself_unless_everybody_has_it() {
        let one = face("Tamar", Some("IL"), Some("tamar.example"));
        let other = face("Something else", Some("AZ"), Some("tamar.example"));
        assert_eq!(grounds(&one, &other), [Ground::SameDomain]);
        let one = face("Tamar", Some("IL"), Some("facebook.com"));
        let other = face("Something else", Some("IL"), Some("facebook.com"));
        assert_eq!(grounds(&one, &other), []);
    }

    #[test]
    fn reasons_add_up_and_never_reach_beyond_certainty() {
        let mut one = face("Tamar", Some("IL"), Some("tamar.example"));
        let mut other = face("TAMAR Ltd", Some("IL"), Some("tamar.example"));
        let two = compare(&one, &other).unwrap();
        assert_eq!(two.reasons.len(), 2);
        assert_eq!(two.score, 9_850);
        let lei: Identifier = "lei:5493001KJTIIGC8Y1R12".parse().unwrap();
        one.identifiers.insert(lei.clone());
        other.identifiers.insert(lei);
        let three = compare(&one, &other).unwrap();
        assert!(three.score > two.score && three.score <= CERTAIN);
        assert!(says_more(&two.reasons, &three.reasons));
        assert!(!says_more(&three.reasons, &two.reasons));
    }

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

    #[test]
    fn only_curators_judge() {
        for action in DuplicateAction::ALL {
            for state in DuplicateState::ALL {
                for hat in [Hat::Startup, Hat::Investor, Hat::Partner, Hat::Compliance] {
                    assert!(step(*state, *action, hat).is_err());
                }
            }
        }
    }
}
