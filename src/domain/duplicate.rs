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

use super::country::Country;
use super::firm_name::{Alike, same_firm};
use super::identifier::Identifier;
use super::ids::{DuplicateId, OrganizationId, UserId};
use super::permission::Hat;
use super::refusal::Refusal;
use super::values::{OrganizationKind, codes};

pub use super::merging::{MergeFacts, Party, carries_verdict, may_merge};

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

/// Whether two firms of a kind may be one.
pub const fn can_be_twins(kind: OrganizationKind) -> bool {
    match kind {
        OrganizationKind::Startup | OrganizationKind::Investor | OrganizationKind::Partner => true,
        OrganizationKind::Operator => false,
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
