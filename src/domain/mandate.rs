//! The mandate: one appetite of an investor, and its state machine.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::compliance::{Clearance, check_standing};
use super::country::Country;
use super::fault::Faults;
use super::ids::{MandateId, OrganizationId};
use super::money::{Currency, Money, Rates};
use super::permission::Hat;
use super::refusal::Refusal;
use super::suspension::Standing;
use super::tag::Taxonomy;
use super::text::{Language, Name, Slug};
use super::values::{InvestorRole, Stage, codes};

/// Days for which a published mandate counts as confirmed.
pub const FRESH_DAYS: i64 = 180;

/// What the investor writes per deal. Amounts are minor units of `currency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cheque {
    /// In what money.
    pub currency: Currency,
    /// The least.
    pub min: i64,
    /// The most.
    pub max: i64,
    /// Whether the bounds give way for the right startup.
    pub flexible: bool,
}

impl Cheque {
    /// The least and the most in US cents; `None` without a rate.
    pub fn in_cents(&self, rates: &Rates) -> Option<[i64; 2]> {
        let cents = |amount| rates.usd_cents(Money::new(amount, self.currency));
        Some([cents(self.min)?, cents(self.max)?])
    }
}

/// How much the investor can take on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Introductions open at a time.
    pub open_introductions: u32,
    /// New matches a week.
    pub new_per_week: u32,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            open_introductions: 10,
            new_per_week: 5,
        }
    }
}

/// What an investor looks for. An empty set says "no preference".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MandateContent {
    /// What the investor calls it.
    pub title: Option<Name>,
    /// Wanted tags with weight 1 to 3.
    pub tags: BTreeMap<Slug, u8>,
    /// Tags that rule a startup out, with all that is under them.
    pub excluded_tags: BTreeSet<Slug>,
    /// Words of an imported file that no tag is known for.
    pub source_tags: Vec<String>,
    /// Stages invested in.
    pub stages: BTreeSet<Stage>,
    /// Cheque size.
    pub cheque: Option<Cheque>,
    /// Countries startups must be in.
    pub startup_countries: BTreeSet<Country>,
    /// Countries startups must not be in.
    pub excluded_countries: BTreeSet<Country>,
    /// Markets the investor opens; its own country when empty.
    pub markets: BTreeSet<Country>,
    /// Paper accepted.
    pub instruments: BTreeSet<Slug>,
    /// Part taken in a round.
    pub role: Option<InvestorRole>,
    /// Kinds of deal wanted.
    pub deal_intents: BTreeSet<Slug>,
    /// Practices wanted to learn.
    pub transfer_topics: BTreeSet<Slug>,
    /// Business models preferred.
    pub business_models: BTreeSet<Slug>,
    /// Customers preferred.
    pub customer_types: BTreeSet<Slug>,
    /// Working languages.
    pub languages: BTreeSet<Language>,
    /// How much can be taken on.
    pub capacity: Capacity,
    /// First day it holds.
    pub active_from: Option<NaiveDate>,
    /// Last day it holds.
    pub active_to: Option<NaiveDate>,
    /// Made from past investments rather than stated by the investor.
    pub derived: bool,
}

codes! {
    /// Where a mandate stands.
    MandateStatus {
        /// Being written.
        Draft = "draft",
        /// Live.
        Published = "published",
        /// Taken out by its owner.
        Paused = "paused",
        /// Not confirmed in time.
        Stale = "stale",
        /// Stopped by compliance.
        Suspended = "suspended",
        /// Ended by its owner.
        Withdrawn = "withdrawn",
        /// Put away.
        Archived = "archived",
        /// What it said is gone for good.
        Erased = "erased",
    }
}

/// A mandate on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// Its id.
    pub id: MandateId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Where the investor is, if known.
    pub country: Option<Country>,
    /// What it says now.
    pub content: MandateContent,
    /// Where it stands.
    pub status: MandateStatus,
    /// Whether a person of the investor stands behind it.
    pub claimed: bool,
    /// Counts what it says; a match refers to one revision.
    pub revision: i64,
    /// Counts every change; the `ETag`.
    pub version: i64,
    /// First published.
    pub published_at: Option<DateTime<Utc>>,
    /// Until when it counts as confirmed.
    pub reconfirm_by: Option<NaiveDate>,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

codes! {
    /// What can be done to a mandate.
    MandateAction {
        /// Show.
        Publish = "publish",
        /// Say that what is shown is still true.
        Reconfirm = "reconfirm",
        /// Take out for a while.
        Pause = "pause",
        /// The time to confirm has run out.
        FreshnessDue = "freshness_due",
        /// Take it from everybody's sight.
        Suspend = "suspend",
        /// Bring it back to where it was; two people.
        Restore = "restore",
        /// End.
        Withdraw = "withdraw",
        /// Put away what ended long ago.
        Archive = "archive",
        /// Delete what it says, for good.
        Erase = "erase",
    }
}

/// Everything that is missing before it can be published.
pub fn missing_to_publish(content: &MandateContent) -> Faults {
    let mut missing = Faults::new();
    if content.title.is_none() {
        missing.push("/title", "required", "A title is required.");
    }
    if content.deal_intents.is_empty() {
        missing.push(
            "/deal_intents",
            "required",
            "At least one deal intent is required.",
        );
    }
    if content.tags.is_empty() && content.stages.is_empty() && content.source_tags.is_empty() {
        missing.push(
            "/tags",
            "required",
            "At least one tag or stage is required.",
        );
    }
    missing
}

/// [`missing_to_publish`], and a time that is over before it is shown. A day is
/// over once it is everywhere.
fn wrong_to_publish(content: &MandateContent, today: NaiveDate) -> Faults {
    let mut wrong = missing_to_publish(content);
    let yesterday = today.pred_opt().unwrap_or(today);
    if content.active_to.is_some_and(|last| last < yesterday) {
        wrong.push("/active_to", "in_the_past", "Its last day is over.");
    }
    wrong
}

/// The excluded tag that rules out a wanted one: itself or one above it. One
/// that did so `before`, as the tree or the rule has changed, may stay.
pub fn ruled_out_by<'a>(
    wanted: &Slug,
    excluded: &'a BTreeSet<Slug>,
    before: &MandateContent,
    taxonomy: &Taxonomy,
) -> Option<&'a Slug> {
    let stood = |out: &Slug| before.tags.contains_key(wanted) && before.excluded_tags.contains(out);
    let rules_out = |out: &&Slug| taxonomy.is_within(wanted, out) && !stood(out);
    excluded.iter().find(rules_out)
}

/// Notes at `place` that what is wanted is ruled out at once: it would never be
/// found, and nobody would know why.
pub fn note_contradiction(faults: &mut Faults, place: &str, wanted: &Slug, out: &Slug) {
    let detail = if out == wanted {
        format!("“{wanted}” is both wanted and excluded.")
    } else {
        format!("“{wanted}” is wanted, and “{out}”, which it is under, is excluded.")
    };
    faults.push(place, "contradiction", detail);
}

/// Every wanted tag that is ruled out, by its place in a document.
pub fn contradictions(
    after: &MandateContent,
    before: &MandateContent,
    taxonomy: &Taxonomy,
) -> Faults {
    let mut faults = Faults::new();
    for wanted in after.tags.keys() {
        if let Some(out) = ruled_out_by(wanted, &after.excluded_tags, before, taxonomy) {
            note_contradiction(&mut faults, &format!("/tags/{wanted}"), wanted, out);
        }
    }
    faults
}

/// What the machine looks at besides the mandate itself.
#[derive(Debug, Clone, Copy)]
pub struct MandateFacts<'a> {
    /// The last check of its firm.
    pub clearance: Option<&'a Clearance>,
    /// What suspending and restoring look at.
    pub standing: Standing<'a>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// The machine. Returns the state after `action`, or why it can't be.
pub fn step(
    mandate: &Mandate,
    action: MandateAction,
    who: Hat,
    facts: MandateFacts<'_>,
) -> Result<MandateStatus, Refusal> {
    use MandateAction as A;
    use MandateStatus as S;

    let owner = matches!(who, Hat::Investor);
    let curator = matches!(who, Hat::Curator);
    let (allowed, next) = match (mandate.status, action) {
        (S::Draft | S::Paused | S::Stale, A::Publish) => (owner || curator, S::Published),
        (S::Published, A::Reconfirm) => (owner || curator, S::Published),
        (S::Published, A::Pause) => (owner, S::Paused),
        (S::Published, A::FreshnessDue) => (matches!(who, Hat::System), S::Stale),
        (S::Published | S::Paused | S::Stale, A::Suspend) => {
            (matches!(who, Hat::Compliance | Hat::System), S::Suspended)
        }
        // Until the second person agrees.
        (S::Suspended, A::Restore) => (matches!(who, Hat::Compliance), S::Suspended),
        (S::Draft | S::Published | S::Paused | S::Stale, A::Withdraw) => (owner, S::Withdrawn),
        (S::Withdrawn, A::Archive) => (matches!(who, Hat::System), S::Archived),
        // Compliance is the privacy officer.
        (status, A::Erase) if status != S::Erased => (matches!(who, Hat::Compliance), S::Erased),
        (_, action) => return Err(Refusal::no_transition(action.code())),
    };
    if !allowed {
        return Err(Refusal::not_yours(action.code()));
    }
    match action {
        A::Publish => Refusal::all([
            wrong_to_publish(&mandate.content, facts.now.date_naive())
                .finish()
                .map_err(Refusal::incomplete),
            check_standing(facts.clearance, facts.now.date_naive()),
        ])
        .map(|()| next),
        A::Suspend => facts.standing.ground().map(|_| next),
        A::Restore => {
            facts.standing.check_restore()?;
            let before = facts.standing.restored().and_then(S::from_code);
            Ok(before.unwrap_or(next))
        }
        A::Erase => facts.standing.check_erasable().map(|()| next),
        _ => Ok(next),
    }
}

/// Whether a mandate in that state can be edited; a live one must stay whole.
pub fn check_edit(before: &Mandate, after: &MandateContent) -> Result<(), Refusal> {
    use MandateStatus as S;
    match before.status {
        S::Draft => Ok(()),
        S::Published | S::Paused | S::Stale => missing_to_publish(after)
            .finish()
            .map_err(Refusal::incomplete),
        _ => Err(Refusal::no_transition("edit")),
    }
}

/// The day until which a confirmation of today holds.
pub fn fresh_until(now: DateTime<Utc>) -> NaiveDate {
    (now + TimeDelta::days(FRESH_DAYS)).date_naive()
}
