//! The startup profile: what it says, when it can be submitted, and its state
//! machine (`MACHINES.md`, Profile).

mod content;
mod review;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::compliance::{Clearance, check_standing};
use super::country::Country;
use super::fault::Faults;
use super::ids::{OrganizationId, StartupProfileId};
use super::permission::Hat;
use super::refusal::Refusal;
use super::suspension::Standing;
use super::tag::{Sensitivity, Taxonomy};
use super::terms;
use super::values::codes;

pub use content::{ControlAnswers, Round, StartupContent, Traction};
pub use review::{
    is_sensitive, second_person, telling_nothing, texts_not_clean, texts_that_tell, to_look_at,
};

/// Days for which a published profile counts as confirmed.
pub const FRESH_DAYS: i64 = 90;

/// Days after its end from which on a profile is put away.
pub const ARCHIVE_DAYS: i64 = 180;

/// Days after a rejection before it may be submitted again.
pub const REJECTION_DAYS: i64 = 30;

codes! {
    /// Where a profile stands.
    ProfileStatus {
        /// Being written.
        Draft = "draft",
        /// Waiting for review.
        Submitted = "submitted",
        /// Under review.
        InReview = "in_review",
        /// Sent back with comments.
        ChangesRequested = "changes_requested",
        /// Refused; may come again.
        Rejected = "rejected",
        /// Reviewed, not yet shown.
        Approved = "approved",
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
        /// Emptied on a person's demand.
        Erased = "erased",
    }
}

/// A startup profile on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartupProfile {
    /// Its id.
    pub id: StartupProfileId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Where the firm is, if known.
    pub country: Option<Country>,
    /// What it says now.
    pub content: StartupContent,
    /// Where it stands.
    pub status: ProfileStatus,
    /// Whether a person of the firm stands behind it; imported and referred
    /// ones do not until their contact confirms.
    pub claimed: bool,
    /// Counts what it says; a match refers to one revision.
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

codes! {
    /// What can be done to a profile.
    ProfileAction {
        /// Ask for review.
        Submit = "submit",
        /// Take on the review.
        Claim = "claim",
        /// Send back with comments.
        RequestChanges = "request_changes",
        /// Refuse.
        Reject = "reject",
        /// Let through.
        Approve = "approve",
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

/// Everything that is missing before review, each part with its pointer.
pub fn missing_to_submit(content: &StartupContent) -> Faults {
    let mut missing = Faults::new();
    let mut need = |there: bool, pointer: &str, what: &str| {
        if !there {
            missing.push(pointer, "required", what);
        }
    };
    need(
        content.one_liner.has_english(),
        "/one_liner/en",
        "An English one-liner is required.",
    );
    need(
        content.summary.has_english(),
        "/summary/en",
        "An English summary is required.",
    );
    need(
        !content.primary_tags.is_empty(),
        "/primary_tags",
        "At least one primary tag is required.",
    );
    need(content.stage.is_some(), "/stage", "The stage is required.");
    need(
        !content.deal_intents.is_empty(),
        "/deal_intents",
        "At least one deal intent is required.",
    );
    need(
        !content.languages.is_empty(),
        "/languages",
        "At least one working language is required.",
    );
    need(
        content.controls.is_some(),
        "/controls",
        "The export-control answers are required.",
    );
    missing
}

/// [`missing_to_submit`], and a round that was to close already. A day is over
/// once it is everywhere.
fn wrong_to_submit(content: &StartupContent, today: NaiveDate) -> Faults {
    let mut wrong = missing_to_submit(content);
    let yesterday = today.pred_opt().unwrap_or(today);
    let close_by = content.round.as_ref().and_then(|round| round.close_by);
    if close_by.is_some_and(|day| day < yesterday) {
        wrong.push("/round/close_by", "in_the_past", "That day is over.");
    }
    wrong
}

/// What the machine looks at besides the profile itself.
#[derive(Debug, Clone, Copy)]
pub struct ProfileFacts<'a> {
    /// The tree that says how sensitive its tags are.
    pub taxonomy: &'a Taxonomy,
    /// Compliance has agreed to this revision.
    pub compliance_agreed: bool,
    /// Whoever acts is the one who agreed for compliance.
    pub agreed_alone: bool,
    /// The last check of its firm.
    pub clearance: Option<&'a Clearance>,
    /// What its texts give away ([`texts_that_tell`]).
    pub told: &'a Faults,
    /// Another firm has the web site that this one says is its own, and nobody
    /// judged yet which one it is. Whoever wrote the profile learns it from
    /// nothing that happens before a person reviews it.
    pub contested: bool,
    /// What suspending and restoring look at.
    pub standing: Standing<'a>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// The machine. Returns the state after `action`, or why it can't be.
pub fn step(
    profile: &StartupProfile,
    action: ProfileAction,
    who: Hat,
    facts: &ProfileFacts<'_>,
) -> Result<ProfileStatus, Refusal> {
    let next = course(profile.status, action, who, Hat::Startup)?;
    guard(profile, action, facts)?;
    hold(next, action, &facts.standing)
}

/// What suspending, restoring and erasing ask for, and where a profile that two
/// people restore stands after it.
///
/// # Errors
/// There is no ground to suspend it; it can't be restored yet, or not by them;
/// it has to be kept.
pub fn hold(
    next: ProfileStatus,
    action: ProfileAction,
    standing: &Standing<'_>,
) -> Result<ProfileStatus, Refusal> {
    match action {
        ProfileAction::Suspend => standing.ground().map(|_| next),
        ProfileAction::Restore => {
            standing.check_restore()?;
            let before = standing.restored().and_then(ProfileStatus::from_code);
            Ok(before.unwrap_or(next))
        }
        ProfileAction::Erase => standing.check_erasable().map(|()| next),
        _ => Ok(next),
    }
}

/// The course of a profile of either side, whatever it says: the state after
/// `action`, for a firm that acts as `own`.
///
/// # Errors
/// There is no such transition, or it is somebody else's.
pub fn course(
    status: ProfileStatus,
    action: ProfileAction,
    who: Hat,
    own: Hat,
) -> Result<ProfileStatus, Refusal> {
    use ProfileAction as A;
    use ProfileStatus as S;

    let owner = who == own;
    let curator = matches!(who, Hat::Curator);
    let (allowed, next) = match (status, action) {
        (S::Draft | S::ChangesRequested | S::Rejected, A::Submit) => (
            owner || matches!(who, Hat::Partner | Hat::Curator),
            S::Submitted,
        ),
        (S::Submitted, A::Claim) => (curator, S::InReview),
        (S::InReview, A::RequestChanges) => (curator, S::ChangesRequested),
        (S::InReview, A::Reject) => (curator, S::Rejected),
        (S::InReview, A::Approve) => (curator, S::Approved),
        (S::Approved | S::Paused | S::Stale, A::Publish) => (owner || curator, S::Published),
        (S::Published, A::Reconfirm) => (owner || curator, S::Published),
        (S::Published, A::Pause) => (owner, S::Paused),
        (S::Published, A::FreshnessDue) => (matches!(who, Hat::System), S::Stale),
        (S::Approved | S::Published | S::Paused | S::Stale, A::Suspend) => {
            (matches!(who, Hat::Compliance | Hat::System), S::Suspended)
        }
        // Until the second person agrees.
        (S::Suspended, A::Restore) => (matches!(who, Hat::Compliance), S::Suspended),
        (S::Withdrawn | S::Rejected, A::Archive) => (matches!(who, Hat::System), S::Archived),
        (
            S::Draft
            | S::Submitted
            | S::InReview
            | S::ChangesRequested
            | S::Rejected
            | S::Approved
            | S::Published
            | S::Paused
            | S::Stale,
            A::Withdraw,
        ) => (owner, S::Withdrawn),
        // Compliance is the privacy officer.
        (status, A::Erase) if status != S::Erased => (matches!(who, Hat::Compliance), S::Erased),
        (_, action) => return Err(Refusal::no_transition(action.code())),
    };
    if allowed {
        Ok(next)
    } else {
        Err(Refusal::not_yours(action.code()))
    }
}

/// Whether a profile that was rejected may be submitted again.
///
/// # Errors
/// The day from which on it may.
pub fn check_again(rejected_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), Refusal> {
    let again_from = rejected_at.map(|at| at + TimeDelta::days(REJECTION_DAYS));
    match again_from.filter(|from| *from > now) {
        None => Ok(()),
        Some(from) => Err(Refusal::new(
            "rejected_recently",
            format!(
                "A rejected profile may be submitted again from {}.",
                from.date_naive()
            ),
        )),
    }
}

/// Everything that stands in the way of an action, named together.
fn guard(
    profile: &StartupProfile,
    action: ProfileAction,
    facts: &ProfileFacts<'_>,
) -> Result<(), Refusal> {
    let clean = || facts.told.clone().finish().map_err(texts_not_clean);
    match action {
        ProfileAction::Submit => Refusal::all([
            check_again(profile.rejected_at, facts.now),
            wrong_to_submit(&profile.content, facts.now.date_naive())
                .finish()
                .map_err(Refusal::incomplete),
            refuse_prohibited(&profile.content, facts.taxonomy),
            clean(),
        ]),
        ProfileAction::Approve => Refusal::all([
            check_agreed(&profile.content, facts),
            check_uncontested(facts.contested),
            refuse_prohibited(&profile.content, facts.taxonomy),
            clean(),
        ]),
        ProfileAction::Publish => Refusal::all([
            check_standing(facts.clearance, facts.now.date_naive()),
            refuse_prohibited(&profile.content, facts.taxonomy),
            clean(),
        ]),
        ProfileAction::Reconfirm => clean(),
        _ => Ok(()),
    }
}

fn check_agreed(content: &StartupContent, facts: &ProfileFacts<'_>) -> Result<(), Refusal> {
    if !is_sensitive(content, facts.taxonomy) {
        return Ok(());
    }
    if facts.compliance_agreed {
        return second_person(facts.agreed_alone);
    }
    Err(Refusal::new(
        "compliance_needed",
        "Its tags, answers or texts are sensitive: compliance has to agree first.",
    ))
}

fn check_uncontested(contested: bool) -> Result<(), Refusal> {
    if !contested {
        return Ok(());
    }
    Err(Refusal::new(
        "contested_firm",
        "Its web site is another firm's on record: judge that duplicate first.",
    ))
}

fn refuse_prohibited(content: &StartupContent, taxonomy: &Taxonomy) -> Result<(), Refusal> {
    if content.sensitivity(taxonomy) == Sensitivity::Prohibited {
        return Err(Refusal::new(
            "prohibited_tag",
            "A tag of this profile names something that Corridor does not broker.",
        ));
    }
    Ok(())
}

/// The day until which a confirmation of today holds.
pub fn fresh_until(now: DateTime<Utc>) -> NaiveDate {
    (now + TimeDelta::days(FRESH_DAYS)).date_naive()
}

/// Where a profile stands after its firm corrected it while taking it over. It
/// need not be complete, for it was not when others published it; but what it
/// says now must not be graver than what was looked at.
///
/// # Errors
/// Tags that Corridor does not broker.
pub fn status_after_correction(
    before: &StartupProfile,
    after: &StartupContent,
    taxonomy: &Taxonomy,
) -> Result<ProfileStatus, Refusal> {
    use ProfileStatus as S;
    let graver = after.sensitivity(taxonomy) > before.content.sensitivity(taxonomy)
        || terms::names_more(&before.content, after, taxonomy);
    match before.status {
        S::Approved | S::Published | S::Paused | S::Stale => {
            refuse_prohibited(after, taxonomy)?;
            Ok(if graver { S::InReview } else { before.status })
        }
        status => Ok(status),
    }
}

/// Where a profile stands once its firm stands behind it as it is: what lets
/// the firm be known, what nobody has looked at and what lacks its control
/// answers is not shown as the firm's own before people looked at it.
pub fn status_when_claimed(
    status: ProfileStatus,
    content: &StartupContent,
    facts: &ProfileFacts<'_>,
) -> ProfileStatus {
    use ProfileStatus as S;
    let shown = matches!(status, S::Approved | S::Published | S::Paused | S::Stale);
    let looked_at = facts.compliance_agreed || !is_sensitive(content, facts.taxonomy);
    if !shown || facts.told.is_empty() && content.controls.is_some() && looked_at {
        status
    } else {
        S::InReview
    }
}

/// Where a profile goes when its owner edits it: a live one stays live, unless
/// the edit raises what has to be looked at.
pub fn status_after_edit(
    before: &StartupProfile,
    after: &StartupContent,
    taxonomy: &Taxonomy,
) -> Result<ProfileStatus, Refusal> {
    use ProfileStatus as S;
    let graver = after.sensitivity(taxonomy) > before.content.sensitivity(taxonomy)
        || terms::names_more(&before.content, after, taxonomy)
        || (after
            .controls
            .as_ref()
            .is_some_and(ControlAnswers::needs_review)
            && after.controls != before.content.controls);
    match before.status {
        S::Draft | S::ChangesRequested | S::Rejected => Ok(before.status),
        S::Approved | S::Published | S::Paused | S::Stale => {
            missing_to_submit(after)
                .finish()
                .map_err(Refusal::incomplete)?;
            refuse_prohibited(after, taxonomy)?;
            Ok(if graver { S::InReview } else { before.status })
        }
        _ => Err(Refusal::no_transition("edit")),
    }
}
