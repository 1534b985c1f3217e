//! The investor profile: what it says, when it can be submitted, and its state
//! machine (`MACHINES.md`, Profile). What an investor looks for stands in its
//! mandates.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::compliance::{Clearance, check_standing};
use super::country::Country;
use super::fault::Faults;
use super::ids::{InvestorProfileId, OrganizationId};
use super::money::Money;
use super::permission::Hat;
use super::profile::{ProfileAction, ProfileStatus, course, hold, second_person, texts_not_clean};
use super::refusal::Refusal;
use super::screening;
use super::suspension::Standing;
use super::tag::{Sensitivity, Taxonomy};
use super::terms;
use super::text::{Localized, Name, Slug};
use super::values::codes;

/// Days for which a published profile counts as confirmed.
pub const FRESH_DAYS: i64 = 180;

codes! {
    /// How much an investor has under management, in US dollars.
    AssetsBand {
        /// Below a million.
        Under1M = "under_1m",
        /// From a million.
        From1M = "1m_10m",
        /// From ten millions.
        From10M = "10m_50m",
        /// From fifty millions.
        From50M = "50m_250m",
        /// From a quarter of a billion.
        From250M = "250m_1b",
        /// From a billion.
        From1B = "over_1b",
    }
}

codes! {
    /// Whether an investor counts as a qualified one.
    AccreditationStatus {
        /// Nobody says so.
        None = "none",
        /// It says so itself.
        Claimed = "claimed",
        /// The operator's people have seen the proof.
        Verified = "verified",
    }
}

/// As what an investor counts by law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accreditation {
    /// Whether it does.
    pub status: AccreditationStatus,
    /// By which rule or document.
    pub basis: Option<String>,
    /// The last day.
    pub valid_to: Option<NaiveDate>,
}

impl Default for Accreditation {
    fn default() -> Self {
        Self {
            status: AccreditationStatus::None,
            basis: None,
            valid_to: None,
        }
    }
}

impl Accreditation {
    /// Whether it is proved and holds on a day.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.status == AccreditationStatus::Verified && self.valid_to.is_none_or(|last| day <= last)
    }
}

/// A firm that an investor has put money into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Its name.
    pub name: Name,
    /// What it does.
    pub tags: BTreeSet<Slug>,
    /// Since when.
    pub date: Option<NaiveDate>,
    /// How much.
    pub amount: Option<Money>,
}

/// What an investor says of itself. Every part may be missing in a draft;
/// [`missing_to_submit`] names what review needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvestorContent {
    /// What sort of investor it is.
    pub kind: Option<Slug>,
    /// Where it is resident.
    pub residence: Option<Country>,
    /// A few paragraphs.
    pub about: Localized,
    /// How much it has under management.
    pub assets: Option<AssetsBand>,
    /// What it has invested in.
    pub portfolio: Vec<Holding>,
    /// Working languages.
    pub languages: BTreeSet<super::text::Language>,
    /// As what it counts by law.
    pub accreditation: Accreditation,
}

impl InvestorContent {
    /// The highest sensitivity of what it has invested in.
    pub fn sensitivity(&self, taxonomy: &Taxonomy) -> Sensitivity {
        let tags = self.portfolio.iter().flat_map(|holding| &holding.tags);
        let sensitivities = tags.map(|slug| taxonomy.sensitivity(slug));
        sensitivities.max().unwrap_or(Sensitivity::None)
    }

    /// Whether compliance has to let it through: for what it has invested in, or
    /// for words that name something to be careful with.
    pub fn is_sensitive(&self, taxonomy: &Taxonomy) -> bool {
        self.sensitivity(taxonomy) >= Sensitivity::Review
            || !terms::in_investor(self, taxonomy).is_empty()
    }
}

/// An investor profile on record. A firm has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvestorProfile {
    /// Its id.
    pub id: InvestorProfileId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What it says now.
    pub content: InvestorContent,
    /// Where it stands.
    pub status: ProfileStatus,
    /// Whether a person of the firm stands behind it.
    pub claimed: bool,
    /// Counts what it says.
    pub revision: i64,
    /// Counts every change; the `ETag`.
    pub version: i64,
    /// First published.
    pub published_at: Option<DateTime<Utc>>,
    /// Until when it counts as confirmed.
    pub reconfirm_by: Option<NaiveDate>,
    /// When it was last rejected.
    pub rejected_at: Option<DateTime<Utc>>,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Everything that is missing before review, each part with its pointer.
pub fn missing_to_submit(content: &InvestorContent) -> Faults {
    let mut missing = Faults::new();
    let mut need = |there: bool, pointer: &str, what: &str| {
        if !there {
            missing.push(pointer, "required", what);
        }
    };
    let basis = content.accreditation.status == AccreditationStatus::None
        || content.accreditation.basis.is_some();
    need(content.kind.is_some(), "/type", "The type is required.");
    need(
        content.residence.is_some(),
        "/residence",
        "The country of residence is required.",
    );
    need(
        content.about.has_english(),
        "/about/en",
        "An English text about the investor is required.",
    );
    need(
        content.assets.is_some(),
        "/assets",
        "The band of assets is required.",
    );
    need(
        !content.languages.is_empty(),
        "/languages",
        "At least one working language is required.",
    );
    need(
        basis,
        "/accreditation/basis",
        "What an accreditation rests on is required.",
    );
    missing
}

/// Whatever in the text would let a reader pass the service by, or names one of
/// these people: an address, a number, a link. The firm's own name may stand
/// there, for whoever reads the text knows it.
pub fn text_that_tells<'a>(
    content: &InvestorContent,
    people: impl IntoIterator<Item = &'a str> + Clone,
) -> Faults {
    let mut faults = Faults::new();
    for (language, local) in content.about.iter() {
        for finding in screening::findings(&local.text, people.clone()) {
            faults.push(
                format!("/about/{language}"),
                finding.code(),
                finding.detail(),
            );
        }
    }
    faults
}

/// What the machine looks at besides the profile itself.
#[derive(Debug, Clone, Copy)]
pub struct InvestorFacts<'a> {
    /// Says which of its tags and words are sensitive.
    pub taxonomy: &'a Taxonomy,
    /// Compliance has agreed to this revision.
    pub compliance_agreed: bool,
    /// Whoever acts is the one who agreed for compliance.
    pub agreed_alone: bool,
    /// The last check of its firm.
    pub clearance: Option<&'a Clearance>,
    /// What its text would give away ([`text_that_tells`]).
    pub told: &'a Faults,
    /// What suspending and restoring look at.
    pub standing: Standing<'a>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// The machine. Returns the state after `action`, or why it can't be.
///
/// # Errors
/// The refusal.
pub fn step(
    profile: &InvestorProfile,
    action: ProfileAction,
    who: Hat,
    facts: &InvestorFacts<'_>,
) -> Result<ProfileStatus, Refusal> {
    let now = facts.now;
    let next = course(profile.status, action, who, Hat::Investor)?;
    let clean = || facts.told.clone().finish().map_err(texts_not_clean);
    match action {
        ProfileAction::Submit => Refusal::all([
            super::profile::check_again(profile.rejected_at, now),
            missing_to_submit(&profile.content)
                .finish()
                .map_err(Refusal::incomplete),
            clean(),
        ])?,
        ProfileAction::Approve => {
            Refusal::all([check_agreed(&profile.content, facts), clean()])?;
        }
        ProfileAction::Reconfirm => clean()?,
        ProfileAction::Publish => {
            Refusal::all([check_standing(facts.clearance, now.date_naive()), clean()])?;
        }
        _ => {}
    }
    hold(next, action, &facts.standing)
}

/// What is sensitive two people let through: somebody of compliance agrees,
/// and a curator approves.
fn check_agreed(content: &InvestorContent, facts: &InvestorFacts<'_>) -> Result<(), Refusal> {
    if !content.is_sensitive(facts.taxonomy) {
        return Ok(());
    }
    if facts.compliance_agreed {
        return second_person(facts.agreed_alone);
    }
    Err(Refusal::new(
        "compliance_needed",
        "What it has invested in or its texts are sensitive: compliance has to agree first.",
    ))
}

/// Where a profile goes when it is edited: a live one must stay whole.
///
/// # Errors
/// It can't be edited in its state, or would lack something.
pub fn status_after_edit(
    before: &InvestorProfile,
    after: &InvestorContent,
    taxonomy: &Taxonomy,
) -> Result<ProfileStatus, Refusal> {
    use ProfileStatus as S;
    let named = terms::in_investor(&before.content, taxonomy);
    let graver = after.sensitivity(taxonomy) > before.content.sensitivity(taxonomy)
        || !terms::more(&named, terms::in_investor(after, taxonomy)).is_empty();
    match before.status {
        S::Draft | S::ChangesRequested | S::Rejected => Ok(before.status),
        S::Approved | S::Published | S::Paused | S::Stale => missing_to_submit(after)
            .finish()
            .map_err(Refusal::incomplete)
            .map(|()| if graver { S::InReview } else { before.status }),
        _ => Err(Refusal::no_transition("edit")),
    }
}

/// What an edit makes of an accreditation: only the operator's people verify
/// one, and what its firm changes of one that was verified is a claim again.
///
/// # Errors
/// The firm says that it is verified.
pub fn accredited(
    before: &Accreditation,
    after: &Accreditation,
    by_operator: bool,
) -> Result<Accreditation, Faults> {
    use AccreditationStatus as S;
    if by_operator || before == after || after.status == S::None {
        return Ok(after.clone());
    }
    if after.status == S::Verified && before.status != S::Verified {
        let mut faults = Faults::new();
        faults.push(
            "/accreditation/status",
            "not_yours",
            "The operator's people verify an accreditation; yours is `claimed`.",
        );
        return Err(faults);
    }
    Ok(Accreditation {
        status: S::Claimed,
        ..after.clone()
    })
}

/// The day until which a confirmation of today holds.
pub fn fresh_until(now: DateTime<Utc>) -> NaiveDate {
    (now + TimeDelta::days(FRESH_DAYS)).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: AccreditationStatus, basis: &str) -> Accreditation {
        Accreditation {
            status,
            basis: Some(basis.to_owned()),
            valid_to: None,
        }
    }

    #[test]
    fn a_firm_claims_and_the_operator_verifies() {
        use AccreditationStatus as S;
        let none = Accreditation::default();
        let (claim, proof) = (said(S::Claimed, "Law 5728"), said(S::Verified, "Law 5728"));
        assert_eq!(accredited(&none, &claim, false), Ok(claim.clone()));
        assert!(accredited(&claim, &proof, false).is_err());
        assert_eq!(accredited(&claim, &proof, true), Ok(proof.clone()));
        assert_eq!(accredited(&proof, &proof, false), Ok(proof.clone()));
        let other = said(S::Verified, "Another law");
        let again = accredited(&proof, &other, false).unwrap();
        assert_eq!(again, said(S::Claimed, "Another law"));
        assert_eq!(accredited(&proof, &none, false), Ok(none));
    }

    #[test]
    fn everything_that_is_missing_is_named() {
        let mut content = InvestorContent::default();
        content.accreditation.status = AccreditationStatus::Claimed;
        let missing = missing_to_submit(&content).into_iter();
        let pointers: Vec<String> = missing.map(|fault| fault.pointer).collect();
        assert_eq!(
            pointers,
            [
                "/type",
                "/residence",
                "/about/en",
                "/assets",
                "/languages",
                "/accreditation/basis"
            ]
        );
    }
}
