//! The gate before disclosure: whether one side may be shown to the other.
//! It runs before every teaser, introduction and mail, on fresh facts; a yes
//! of last week is no yes.
//!
//! Israeli law counts brokering "by any means" as defence marketing before any
//! licence, so the question comes before disclosure and not before closing.

use chrono::NaiveDate;

use super::compliance::ClearanceVerdict;
use super::consent::Standing;
use super::ids::UserId;
use super::tag::Sensitivity;
use super::values::{Side, codes};

/// Who opened something that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opener {
    /// Somebody who was signed in.
    Person(UserId),
    /// Whoever followed a link that was mailed to the firm; mail scanners do, too.
    Link,
}

impl Opener {
    /// Who, where it is known.
    pub const fn person(self) -> Option<UserId> {
        match self {
            Self::Person(id) => Some(id),
            Self::Link => None,
        }
    }
}

codes! {
    /// How much of a firm another one sees.
    Level {
        /// A teaser without a name.
        Teaser = "l0",
        /// The named profile.
        Named = "l1",
        /// The deck.
        Deck = "l2",
        /// The data room.
        DataRoom = "l3",
    }
}

codes! {
    /// The rules of the gate; the codes stand in the ledger.
    Rule {
        /// The programme is in force, joins the two countries, has admitted
        /// both and is about one of the startup's tags.
        Programme = "programme_in_force",
        /// The profile is shown and confirmed.
        Startup = "startup_live",
        /// The mandate is shown and confirmed.
        Mandate = "mandate_live",
        /// Both firms are cleared.
        Clearance = "clearance",
        /// The tags allow it.
        Sensitivity = "sensitivity",
        /// Nothing in the requester's words names what needs a look.
        Terms = "terms",
        /// No freeze, and the programme is not suspended.
        Freeze = "freeze",
        /// No block or conflict.
        Conflict = "conflict",
        /// People of both firms stand behind their records.
        Claimed = "claimed",
        /// The mandate excludes neither the startup's country nor a tag.
        Exclusions = "exclusions",
        /// No pass or decline keeps the two apart.
        CoolDown = "cool_down",
        /// Neither firm took back that it is proposed to others.
        Consent = "consent_withdrawn",
        /// The people of both firms agreed that they are proposed to others, and
        /// that has not run out.
        Unconsented = "consent_unknown",
    }
}

impl Rule {
    /// What a denial by this rule means, for the operator's people.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Programme => {
                "The programme is not in force, does not join the two, has not admitted both, or is about other tags."
            }
            Self::Startup => "The startup's profile is not published, or not confirmed in time.",
            Self::Mandate => {
                "The mandate is not published, not active, or not confirmed in time, or its investor is withdrawn or suspended."
            }
            Self::Clearance => "A firm is not cleared.",
            Self::Sensitivity => "A tag of the startup's is not allowed here.",
            Self::Terms => "Words of the request name something that needs a look.",
            Self::Freeze => {
                "A freeze covers one of the two or the programme, or the programme is suspended."
            }
            Self::Conflict => "The two are kept apart.",
            Self::Claimed => "Nobody stands behind one of the two records yet.",
            Self::Exclusions => "The mandate excludes the startup's country or one of its tags.",
            Self::Consent => "A firm took back its consent to be proposed to others.",
            Self::Unconsented => {
                "Nobody of a firm has agreed that it is proposed to others, or that has run out; one of its people has to say so."
            }
            Self::CoolDown => "A pass or a decline keeps the two apart for some time yet.",
        }
    }

    /// Whether it speaks of nothing but that side's own record, so that the
    /// side may be told.
    pub const fn is_about_own_record(self, side: Side) -> bool {
        matches!(
            (self, side),
            (Self::Startup, Side::Startup) | (Self::Mandate | Self::Exclusions, Side::Investor)
        )
    }
}

/// The gate's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may be shown.
    Allow,
    /// Somebody of compliance decides; two people when `two_people`.
    Review {
        /// What is unknown or sensitive.
        rules: Vec<Rule>,
        /// Whether one person is not enough.
        two_people: bool,
    },
    /// It may not be shown.
    Deny {
        /// What forbids it.
        rules: Vec<Rule>,
    },
}

impl Decision {
    /// Whether a freeze is among what stands in the way: it is lifted some day,
    /// and what was agreed or asked should not be lost meanwhile. What else
    /// stands there is looked at when it is lifted.
    pub fn is_frozen(&self) -> bool {
        matches!(self, Self::Deny { rules } if rules.contains(&Rule::Freeze))
    }
}

/// What the gate looks at, all read in the transaction that will act on it.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// In force today, joining these countries, both admitted, about a tag.
    pub programme_in_force: bool,
    /// Published and `reconfirm_by` not passed.
    pub startup_live: bool,
    /// Somebody has yet to look at what the startup's profile says by now,
    /// between two who were connected before.
    pub under_review: bool,
    /// Published, active and `reconfirm_by` not passed.
    pub mandate_live: bool,
    /// Both sides are claimed.
    pub claimed: bool,
    /// The startup's firm on this day.
    pub startup_clearance: ClearanceVerdict,
    /// The investor's firm on this day.
    pub investor_clearance: ClearanceVerdict,
    /// Of the startup's tags, at this revision.
    pub sensitivity: Sensitivity,
    /// The gravest of what in this revision is sensitive and not released by
    /// enough people of compliance.
    pub unreleased: Sensitivity,
    /// A checked export licence that holds covers what is sensitive, towards
    /// this counterpart's country.
    pub licensed: bool,
    /// A freeze covers either side or the programme, or the programme is
    /// suspended: for the time being in either case.
    pub frozen: bool,
    /// A block or a conflict stands between them.
    pub conflict: bool,
    /// The mandate excludes the startup.
    pub excluded: bool,
    /// A pass or decline keeps them apart.
    pub cooling_down: bool,
    /// Whether the people of both firms agreed that these are proposed to
    /// others: the worse of the two.
    pub consent: Standing,
    /// The two were connected before, which the consents to be proposed did not
    /// outlive: nothing is proposed any more.
    pub connected: bool,
}

impl Facts {
    /// Whether a consent that should stand is not known to.
    const fn consent_is_unknown(&self) -> bool {
        !self.connected && matches!(self.consent, Standing::RanOut | Standing::Missing)
    }
}

/// The gate's answer with what it rests on, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The answer.
    pub decision: Decision,
    /// Every rule that was asked, as its code and, after a colon, what let it
    /// pass where there is more than one way; of an answer other than yes, the
    /// rules that stand against it.
    pub rules: Vec<String>,
}

impl Account {
    /// Decides, and says by what.
    pub fn of(facts: &Facts) -> Self {
        let decision = decide(facts);
        let rules = match &decision {
            Decision::Allow => grounds(facts),
            Decision::Review { rules, .. } | Decision::Deny { rules } => {
                rules.iter().map(|rule| rule.code().to_owned()).collect()
            }
        };
        Self { decision, rules }
    }

    /// The stable code of the answer.
    pub const fn verdict(&self) -> &'static str {
        match self.decision {
            Decision::Allow => "allow",
            Decision::Review { .. } => "review",
            Decision::Deny { .. } => "deny",
        }
    }
}

/// What a yes rests on.
fn grounds(facts: &Facts) -> Vec<String> {
    let sensitive = match (facts.sensitivity, facts.unreleased) {
        (Sensitivity::None, _) => "none",
        (_, Sensitivity::None) => "released",
        _ => "licensed",
    };
    let consent = match facts.consent {
        Standing::Given => "given",
        Standing::Before => "shown_before_it_was_asked",
        Standing::RanOut | Standing::Missing | Standing::Withdrawn => "connected_before",
    };
    let plain = |rule: Rule| rule.code().to_owned();
    let by = |rule: Rule, how: &str| format!("{}:{how}", rule.code());
    vec![
        plain(Rule::Programme),
        plain(Rule::Startup),
        plain(Rule::Mandate),
        plain(Rule::Claimed),
        by(Rule::Clearance, facts.startup_clearance.code()),
        by(Rule::Clearance, facts.investor_clearance.code()),
        by(Rule::Sensitivity, sensitive),
        plain(Rule::Freeze),
        plain(Rule::Conflict),
        plain(Rule::Exclusions),
        plain(Rule::CoolDown),
        format!("consent:{consent}"),
    ]
}

/// Decides. Denials are named together, then what is unknown.
pub fn decide(facts: &Facts) -> Decision {
    let denied = denials(facts);
    if !denied.is_empty() {
        return Decision::Deny { rules: denied };
    }
    let mut rules = Vec::new();
    if facts.under_review {
        rules.push(Rule::Startup);
    }
    let clearances = [facts.startup_clearance, facts.investor_clearance];
    if clearances.contains(&ClearanceVerdict::Review) {
        rules.push(Rule::Clearance);
    }
    let two_people = facts.unreleased >= Sensitivity::Restricted;
    // Releases settle what is sensitive, and so does a licence where one person
    // would do; a missing clearance only a clearance settles.
    let licensed = facts.licensed && !two_people;
    if facts.unreleased >= Sensitivity::Review && !licensed {
        rules.push(Rule::Sensitivity);
    }
    if facts.consent_is_unknown() {
        rules.push(Rule::Unconsented);
    }
    if rules.is_empty() {
        Decision::Allow
    } else {
        Decision::Review { rules, two_people }
    }
}

fn denials(facts: &Facts) -> Vec<Rule> {
    let blocked =
        [facts.startup_clearance, facts.investor_clearance].contains(&ClearanceVerdict::Blocked);
    [
        (!facts.programme_in_force, Rule::Programme),
        (!facts.startup_live, Rule::Startup),
        (!facts.mandate_live, Rule::Mandate),
        (!facts.claimed, Rule::Claimed),
        (blocked, Rule::Clearance),
        (
            facts.sensitivity == Sensitivity::Prohibited,
            Rule::Sensitivity,
        ),
        (facts.frozen, Rule::Freeze),
        (facts.conflict, Rule::Conflict),
        (facts.excluded, Rule::Exclusions),
        (facts.cooling_down, Rule::CoolDown),
        (facts.consent == Standing::Withdrawn, Rule::Consent),
    ]
    .into_iter()
    .filter_map(|(denied, rule)| denied.then_some(rule))
    .collect()
}

/// Whether a record confirmed until `reconfirm_by` is fresh on `day`.
pub fn fresh_on(reconfirm_by: Option<NaiveDate>, day: NaiveDate) -> bool {
    reconfirm_by.is_some_and(|until| until >= day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine() -> Facts {
        Facts {
            programme_in_force: true,
            startup_live: true,
            under_review: false,
            mandate_live: true,
            claimed: true,
            startup_clearance: ClearanceVerdict::Clear,
            investor_clearance: ClearanceVerdict::ClearEnhanced,
            sensitivity: Sensitivity::None,
            unreleased: Sensitivity::None,
            licensed: false,
            frozen: false,
            conflict: false,
            excluded: false,
            cooling_down: false,
            consent: Standing::Given,
            connected: false,
        }
    }

    #[test]
    fn unknown_means_review_and_restricted_needs_two() {
        assert_eq!(decide(&fine()), Decision::Allow);
        let unscreened = Facts {
            investor_clearance: ClearanceVerdict::Review,
            ..fine()
        };
        assert!(matches!(decide(&unscreened), Decision::Review { .. }));
        let restricted = |unreleased| Facts {
            sensitivity: Sensitivity::Restricted,
            unreleased,
            ..fine()
        };
        assert!(matches!(
            decide(&restricted(Sensitivity::Restricted)),
            Decision::Review {
                two_people: true,
                ..
            }
        ));
        // Only something less grave is open by now.
        assert!(matches!(
            decide(&restricted(Sensitivity::Review)),
            Decision::Review {
                two_people: false,
                ..
            }
        ));
        assert_eq!(decide(&restricted(Sensitivity::None)), Decision::Allow);
        // A licence stands for a person's decision, not for two.
        let answered = |unreleased, licensed| Facts {
            sensitivity: unreleased,
            unreleased,
            licensed,
            ..fine()
        };
        let decided = |unreleased, licensed| decide(&answered(unreleased, licensed));
        assert_eq!(decided(Sensitivity::Review, true), Decision::Allow);
        for (unreleased, licensed) in [
            (Sensitivity::Review, false),
            (Sensitivity::Restricted, true),
        ] {
            let decision = decided(unreleased, licensed);
            assert!(
                matches!(decision, Decision::Review { .. }),
                "{unreleased:?}"
            );
        }
        let unscreened = Facts {
            startup_clearance: ClearanceVerdict::Review,
            ..answered(Sensitivity::Review, true)
        };
        assert!(matches!(decide(&unscreened), Decision::Review { .. }));
    }

    #[test]
    fn a_consent_that_nobody_gave_or_that_ran_out_waits_for_one() {
        for consent in [Standing::Missing, Standing::RanOut] {
            let unknown = Facts { consent, ..fine() };
            let account = Account::of(&unknown);
            assert_eq!(account.verdict(), "review", "{consent}");
            assert_eq!(account.rules, ["consent_unknown"], "{consent}");
            // Whom it connected it doesn't part.
            let connected = Facts {
                connected: true,
                ..unknown
            };
            assert_eq!(decide(&connected), Decision::Allow, "{consent}");
        }
        let withdrawn = Facts {
            consent: Standing::Withdrawn,
            connected: true,
            ..fine()
        };
        assert!(matches!(decide(&withdrawn), Decision::Deny { .. }));
    }

    #[test]
    fn a_yes_says_what_it_rests_on() {
        let told = |facts: &Facts| Account::of(facts).rules.join(" ");
        let plain = told(&fine());
        assert!(plain.contains("sensitivity:none"), "{plain}");
        assert!(plain.contains("consent:given"), "{plain}");
        let released = Facts {
            sensitivity: Sensitivity::Restricted,
            ..fine()
        };
        assert!(told(&released).contains("sensitivity:released"));
        let licensed = Facts {
            sensitivity: Sensitivity::Review,
            unreleased: Sensitivity::Review,
            licensed: true,
            ..fine()
        };
        assert!(told(&licensed).contains("sensitivity:licensed"));
    }

    #[test]
    fn what_somebody_has_yet_to_look_at_waits() {
        let changed = Facts {
            under_review: true,
            connected: true,
            ..fine()
        };
        let rules = vec![Rule::Startup];
        let two_people = false;
        assert_eq!(decide(&changed), Decision::Review { rules, two_people });
    }

    #[test]
    fn what_a_freeze_is_among_waits_for_its_end() {
        let frozen = Facts {
            frozen: true,
            ..fine()
        };
        for denied in [
            frozen,
            Facts {
                startup_live: false,
                mandate_live: false,
                programme_in_force: false,
                ..frozen
            },
        ] {
            assert!(decide(&denied).is_frozen(), "{denied:?}");
        }
        let lapsed = Facts {
            startup_live: false,
            ..fine()
        };
        assert!(!decide(&lapsed).is_frozen());
    }

    #[test]
    fn no_release_lifts_a_denial() {
        for denied in [
            Facts {
                frozen: true,
                ..fine()
            },
            Facts {
                sensitivity: Sensitivity::Prohibited,
                ..fine()
            },
            Facts {
                conflict: true,
                ..fine()
            },
            Facts {
                startup_clearance: ClearanceVerdict::Blocked,
                ..fine()
            },
            Facts {
                claimed: false,
                ..fine()
            },
            Facts {
                excluded: true,
                ..fine()
            },
            Facts {
                cooling_down: true,
                ..fine()
            },
            Facts {
                consent: Standing::Withdrawn,
                ..fine()
            },
        ] {
            assert!(
                matches!(decide(&denied), Decision::Deny { .. }),
                "{denied:?}"
            );
        }
    }
}
