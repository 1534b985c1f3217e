//! Walls between competitors: a firm says whom it must never be shown to, by
//! the name that it knows, and compliance raises the wall. It stands before the
//! firm of that name and, where that is asked, before every investor that has it
//! in its portfolio; also before those that come on record later. In either
//! direction it hides as a block does, and whoever is kept away can't learn of
//! it. Nor does the firm learn before whom it stands: what it says takes effect
//! only when somebody of compliance agrees, or it could find out by a wall who
//! is behind a teaser.
//!
//! | from | event | who | guard | to |
//! |---|---|---|---|---|
//! | – | declare | the firm | – | declared |
//! | – | declare | compliance, for a firm | – | in_force |
//! | declared | raise | compliance | – | in_force |
//! | declared | refuse | compliance | reason | refused |
//! | declared, in_force | lift | the firm its own, compliance | reason; of compliance's own somebody else than who declared it | lifted |

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::duplicate::host_tells;
use super::firm_name::{FirmKeys, firm_keys, same_firm};
use super::ids::{OrganizationId, UserId};
use super::refusal::Refusal;
use super::text::{Name, Website};
use super::values::codes;

/// Most walls of one firm that are declared or in force.
pub const MOST: i64 = 100;

codes! {
    /// Before whom a wall stands.
    WallReach {
        /// The firm that it names.
        Firm = "firm",
        /// That firm, and whoever has it in the portfolio.
        Portfolio = "portfolio",
    }
}

codes! {
    /// How a wall stands.
    WallStatus {
        /// The firm asked for it.
        Declared = "declared",
        /// It keeps firms apart.
        InForce = "in_force",
        /// Compliance did not agree.
        Refused = "refused",
        /// It is over.
        Lifted = "lifted",
    }
}

codes! {
    /// What is done with a wall.
    WallAction {
        /// Has it keep firms apart.
        Raise = "raise",
        /// Doesn't agree.
        Refuse = "refuse",
        /// Ends it.
        Lift = "lift",
    }
}

/// For whom somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WallHat {
    /// The firm whose wall it is.
    Firm,
    /// Compliance.
    Compliance,
}

/// A wall on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wall {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What the other firm is called.
    pub name: Name,
    /// Its web site, where that is known.
    pub website: Option<Website>,
    /// Before whom it stands.
    pub reach: WallReach,
    /// Why, in words.
    pub reason: String,
    /// Whether compliance declared it; then the firm reads nothing of it.
    pub by_operator: bool,
    /// How it stands.
    pub status: WallStatus,
    /// Who declared it.
    pub declared_by: UserId,
    /// Who moved it last.
    pub decided_by: Option<UserId>,
    /// Why it was refused or lifted.
    pub note: Option<String>,
    /// When everybody on record had been looked at.
    pub swept_at: Option<DateTime<Utc>>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was declared.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a firm is recognised by before a wall, with what was merged into it.
#[derive(Debug, Clone, Default)]
pub struct Party {
    /// All its names.
    pub names: Vec<String>,
    /// The hosts of its web sites.
    pub hosts: BTreeSet<String>,
    /// What the firms in its portfolio are called.
    pub holdings: Vec<String>,
}

impl Wall {
    /// Whether it stands before a firm.
    pub fn stands_before(&self, party: &Party) -> bool {
        let own = self.name.as_str();
        let is_called = |name: &String| same_firm(own, name).is_some();
        let host = self.host();
        party.names.iter().any(is_called)
            || host.is_some_and(|host| party.hosts.contains(&host))
            || self.reach == WallReach::Portfolio && party.holdings.iter().any(is_called)
    }

    /// Under what it is found by [`Party::keys`] of those before whom it stands.
    pub fn keys(&self) -> BTreeSet<String> {
        let FirmKeys { own, loose, near } = firm_keys(self.name.as_str());
        let mut keys: BTreeSet<String> = own.union(&loose).map(|key| format!("+{key}")).collect();
        keys.extend(near.iter().map(|key| format!("-{key}")));
        keys.extend(self.host().map(|host| format!("@{host}")));
        keys
    }

    /// What firms have among what they are recognised by, before whom it stands
    /// by their own names.
    pub fn traces(&self) -> BTreeSet<String> {
        let FirmKeys { own, near, .. } = firm_keys(self.name.as_str());
        let mut traces = own;
        traces.extend(near);
        traces.extend(self.host().map(|host| format!("@{host}")));
        traces
    }

    fn host(&self) -> Option<String> {
        let host = self.website.as_ref().map(Website::host);
        host.filter(|host| host_tells(host))
    }
}

impl Party {
    /// Under what walls are looked for that may stand before it.
    pub fn keys(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for name in self.names.iter().chain(&self.holdings) {
            let FirmKeys { own, loose, near } = firm_keys(name);
            keys.extend(own.union(&near).map(|key| format!("+{key}")));
            keys.extend(own.union(&loose).map(|key| format!("-{key}")));
        }
        keys.extend(self.hosts.iter().map(|host| format!("@{host}")));
        keys
    }
}

/// Where an action leads.
///
/// # Errors
/// It is not possible in that state, not that person's to do, or needs a
/// reason.
pub fn step(
    wall: &Wall,
    action: WallAction,
    hat: WallHat,
    by: UserId,
    reason: Option<&str>,
) -> Result<WallStatus, Refusal> {
    use WallAction as A;
    use WallStatus as S;
    let to = match (wall.status, action, hat) {
        (S::Declared, A::Raise, WallHat::Compliance) => S::InForce,
        (S::Declared, A::Refuse, WallHat::Compliance) => S::Refused,
        (S::Declared | S::InForce, A::Lift, _) => S::Lifted,
        _ => return Err(Refusal::no_transition(action.code())),
    };
    if action == A::Lift && wall.by_operator && wall.declared_by == by {
        return Err(Refusal::new(
            "second_person_needed",
            "Somebody else of compliance has to lift it.",
        ));
    }
    if action != A::Raise && reason.is_none() {
        return Err(Refusal::new(
            "reason_needed",
            "This needs a reason in words.",
        ));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(name: &str, reach: WallReach) -> Wall {
        Wall {
            id: Uuid::nil(),
            organization: Uuid::nil().into(),
            name: name.parse().expect("a name"),
            website: None,
            reach,
            reason: "They compete with us.".to_owned(),
            by_operator: false,
            status: WallStatus::Declared,
            declared_by: Uuid::from_u128(1).into(),
            decided_by: None,
            note: None,
            swept_at: None,
            version: 1,
            created_at: DateTime::default(),
            updated_at: DateTime::default(),
        }
    }

    fn party(names: &[&str], holdings: &[&str]) -> Party {
        let owned = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
        Party {
            names: owned(names),
            holdings: owned(holdings),
            hosts: BTreeSet::new(),
        }
    }

    #[test]
    fn a_wall_stands_before_the_firm_and_who_holds_it() {
        use WallReach::{Firm, Portfolio};
        let named = party(&["Xəzər Kapital MMC"], &[]);
        let holder = party(&["Bakı Fond"], &["Negev Sun", "ООО «Хазар Капитал»"]);
        let other = party(&["Khazar Ventures"], &["Negev Sun"]);
        for (reach, stood) in [
            (Firm, [true, false, false]),
            (Portfolio, [true, true, false]),
        ] {
            let wall = wall("Khazar Capital", reach);
            let parties = [&named, &holder, &other];
            assert_eq!(parties.map(|it| wall.stands_before(it)), stood, "{reach}");
            // Whoever it stands before comes upon it.
            let keys = wall.keys();
            for (party, stands) in parties.into_iter().zip(stood) {
                assert!(!stands || !keys.is_disjoint(&party.keys()), "{party:?}");
            }
        }
        let mut sited = wall("Something", Firm);
        sited.website = Some("https://www.fond.example/en".parse().expect("a site"));
        let hosts = BTreeSet::from(["fond.example".to_owned()]);
        let party = Party { hosts, ..holder };
        assert!(sited.stands_before(&party));
        assert!(!sited.keys().is_disjoint(&party.keys()));
    }

    #[test]
    fn compliance_raises_it_and_two_people_stand_behind_its_own() {
        use WallAction as A;
        use WallStatus as S;
        let (one, two) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let declared = wall("Khazar Capital", WallReach::Firm);
        let go = |wall: &Wall, action, hat, by, reason| {
            step(wall, action, hat, by, reason).map_err(|refusal| refusal.code.into_owned())
        };
        let (firm, office) = (WallHat::Firm, WallHat::Compliance);
        assert!(go(&declared, A::Raise, firm, one, None).is_err());
        assert_eq!(go(&declared, A::Raise, office, two, None), Ok(S::InForce));
        let mute = go(&declared, A::Refuse, office, two, None);
        assert_eq!(mute, Err("reason_needed".to_owned()));
        let raised = Wall {
            status: S::InForce,
            ..declared
        };
        assert_eq!(
            go(&raised, A::Lift, firm, one, Some("Sold.")),
            Ok(S::Lifted)
        );
        let own = Wall {
            by_operator: true,
            ..raised
        };
        let alone = go(&own, A::Lift, office, one, Some("Over."));
        assert_eq!(alone, Err("second_person_needed".to_owned()));
        assert_eq!(go(&own, A::Lift, office, two, Some("Over.")), Ok(S::Lifted));
        let over = Wall {
            status: S::Lifted,
            ..own
        };
        assert!(go(&over, A::Lift, office, two, Some("Over.")).is_err());
    }
}
