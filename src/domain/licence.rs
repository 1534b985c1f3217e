//! Export licences: what an authority lets a startup show or sell, of what, to
//! whom, from when until when.
//!
//! | from | event | who | guard | to |
//! |---|---|---|---|---|
//! | – | record | the startup, compliance | – | recorded |
//! | recorded | check | compliance | not whoever recorded it | checked |
//! | recorded | refuse | compliance | reason | refused |
//! | checked | revoke | compliance | reason | revoked |
//!
//! Only a checked one counts, and only on days on which it holds.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::compliance::Proof;
use super::country::Country;
use super::fault::Faults;
use super::ids::{OrganizationId, UserId};
use super::profile::{ControlAnswers, StartupContent};
use super::refusal::Refusal;
use super::tag::{Sensitivity, Taxonomy};
use super::text::Slug;
use super::values::codes;

/// Most licences of one firm.
pub const MOST: usize = 200;
/// Most countries that one is for.
pub const MOST_COUNTRIES: usize = 100;
/// Most tags that one is for.
pub const MOST_TAGS: usize = 50;

codes! {
    /// How a licence stands.
    LicenceStatus {
        /// Written down, not looked at.
        Recorded = "recorded",
        /// Found to be what it says.
        Checked = "checked",
        /// Found not to be.
        Refused = "refused",
        /// No longer in force.
        Revoked = "revoked",
    }
}

codes! {
    /// What is done with a licence.
    LicenceAction {
        /// Finds it to be what it says.
        Check = "check",
        /// Finds it not to be.
        Refuse = "refuse",
        /// Says that it is no longer in force.
        Revoke = "revoke",
    }
}

/// What a licence says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenceContent {
    /// Who gave it.
    pub authority: String,
    /// Its number there.
    pub number: String,
    /// Of counterparts of which countries; at least one.
    pub countries: BTreeSet<Country>,
    /// Of what, with all below it; everything the firm makes where none is
    /// named.
    pub tags: BTreeSet<Slug>,
    /// The first day.
    pub valid_from: NaiveDate,
    /// The last day.
    pub valid_to: NaiveDate,
    /// What it rests on.
    pub proof: Proof,
}

impl LicenceContent {
    /// Every fault of what was written.
    pub fn faults(&self, today: NaiveDate) -> Faults {
        let mut faults = Faults::new();
        if self.countries.is_empty() {
            faults.push("/countries", "required", "Say for which countries it is.");
        }
        if self.valid_to < self.valid_from {
            let detail = "It ends on its first day or later.";
            faults.push("/valid_to", "before_start", detail);
        } else if self.valid_to.signed_duration_since(today).num_days() < -1 {
            faults.push("/valid_to", "in_the_past", "That day is over.");
        }
        faults
    }
}

/// A licence on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub organization: OrganizationId,
    /// What it says.
    pub content: LicenceContent,
    /// How it stands.
    pub status: LicenceStatus,
    /// Who wrote it down.
    pub recorded_by: UserId,
    /// Who decided of it last.
    pub decided_by: Option<UserId>,
    /// Why it was refused or revoked.
    pub reason: Option<String>,
    /// Counts changes.
    pub version: i64,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Licence {
    /// Whether it lets what is sensitive in a profile be shown to counterparts
    /// of a country on a day: it was checked, holds, is for that country and
    /// for every sensitive tag; where only the answers to export control are,
    /// for every subject of the firm.
    pub fn covers(
        &self,
        content: &StartupContent,
        counterpart: Country,
        day: NaiveDate,
        taxonomy: &Taxonomy,
    ) -> bool {
        let LicenceContent {
            countries,
            tags,
            valid_from,
            valid_to,
            ..
        } = &self.content;
        let within =
            |tag: &Slug| tags.is_empty() || tags.iter().any(|scope| taxonomy.is_within(tag, scope));
        let sensitive = |tag: &&Slug| taxonomy.sensitivity(tag) >= Sensitivity::Review;
        let answered = content.controls.as_ref();
        let answered = answered.is_some_and(ControlAnswers::needs_review);
        self.status == LicenceStatus::Checked
            && *valid_from <= day
            && day <= *valid_to
            && countries.contains(&counterpart)
            && content.all_tags().filter(sensitive).all(within)
            && (!answered || content.primary_tags.iter().all(within))
    }
}

/// Where an action leads.
///
/// # Errors
/// It is not possible in that state, or not for whoever recorded it.
pub fn step(
    licence: &Licence,
    action: LicenceAction,
    by: UserId,
) -> Result<LicenceStatus, Refusal> {
    use LicenceAction as A;
    use LicenceStatus as S;
    match (licence.status, action) {
        (S::Recorded, A::Check) if licence.recorded_by == by => Err(Refusal::new(
            "second_person_needed",
            "Somebody else than who recorded it checks it.",
        )),
        (S::Recorded, A::Check) => Ok(S::Checked),
        (S::Recorded, A::Refuse) => Ok(S::Refused),
        (S::Checked, A::Revoke) => Ok(S::Revoked),
        _ => Err(Refusal::no_transition(action.code())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn licence(status: LicenceStatus, by: UserId) -> Licence {
        let day = NaiveDate::from_ymd_opt(2026, 11, 24).expect("a day");
        let at = day.and_hms_opt(9, 0, 0).expect("a time").and_utc();
        Licence {
            id: Uuid::nil(),
            organization: Uuid::nil().into(),
            content: LicenceContent {
                authority: "API".to_owned(),
                number: "17".to_owned(),
                countries: BTreeSet::from(["AZ".parse().expect("a country")]),
                tags: BTreeSet::new(),
                valid_from: day,
                valid_to: day,
                proof: Proof {
                    reference: Some("Archive".to_owned()),
                    document: None,
                },
            },
            status,
            recorded_by: by,
            decided_by: None,
            reason: None,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_refused_and_nobody_checks_their_own() {
        let (clerk, officer) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        for status in LicenceStatus::ALL {
            for action in LicenceAction::ALL {
                let next = step(&licence(*status, clerk), *action, officer).ok();
                let expected = match (status, action) {
                    (LicenceStatus::Recorded, LicenceAction::Check) => Some(LicenceStatus::Checked),
                    (LicenceStatus::Recorded, LicenceAction::Refuse) => {
                        Some(LicenceStatus::Refused)
                    }
                    (LicenceStatus::Checked, LicenceAction::Revoke) => Some(LicenceStatus::Revoked),
                    _ => None,
                };
                assert_eq!(next, expected, "{status} {action}");
            }
        }
        let own = step(
            &licence(LicenceStatus::Recorded, officer),
            LicenceAction::Check,
            officer,
        );
        assert_eq!(own.expect_err("refused").code, "second_person_needed");
    }

    #[test]
    fn it_holds_from_its_first_to_its_last_day_for_its_countries_alone() {
        let taxonomy = Taxonomy::new("t".to_owned(), vec![], vec![]).expect("sound");
        let content = StartupContent::default();
        let checked = licence(LicenceStatus::Checked, Uuid::nil().into());
        let day = checked.content.valid_from;
        let covers = |licence: &Licence, country: &str, day| {
            let country = country.parse().expect("a country");
            licence.covers(&content, country, day, &taxonomy)
        };
        assert!(covers(&checked, "AZ", day));
        assert!(!covers(&checked, "TR", day));
        assert!(!covers(&checked, "AZ", day.succ_opt().expect("a day")));
        assert!(!covers(&checked, "AZ", day.pred_opt().expect("a day")));
        let only = licence(LicenceStatus::Recorded, Uuid::nil().into());
        assert!(!covers(&only, "AZ", day));
    }
}
