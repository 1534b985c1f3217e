//! The match as a record: computed, reviewed, released, answered.

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::{MandateId, MatchId, OrganizationId, ProgrammeId, StartupProfileId};
use super::permission::Hat;
use super::refusal::Refusal;
use super::scoring::{Explanation, Outcome};
use super::values::{PassReason, Side, codes};

/// Days for which a pass keeps the pair from being matched again.
pub const PASS_DAYS: i64 = 180;

/// Days after which a match that was shown and not answered by both ends.
pub const UNANSWERED_DAYS: i64 = 45;

codes! {
    /// Where a match stands.
    MatchStatus {
        /// Every gate passes; the curator may release it.
        Candidate = "candidate",
        /// A gate is unknown; compliance decides.
        UnderReview = "under_review",
        /// Shown to a side.
        Released = "released",
        /// One side is interested.
        OneSided = "one_sided",
        /// Both are.
        Mutual = "mutual",
        /// An introduction came of it.
        Introduced = "introduced",
        /// A side passed.
        Passed = "passed",
        /// A side put it off.
        Snoozed = "snoozed",
        /// Nobody answered in time.
        Expired = "expired",
        /// A newer revision took its place.
        Superseded = "superseded",
        /// A gate fails by now, or compliance said no.
        Blocked = "blocked",
    }
}

impl MatchStatus {
    /// Whether the pair can still come of it.
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            Self::Candidate
                | Self::UnderReview
                | Self::Released
                | Self::OneSided
                | Self::Mutual
                | Self::Snoozed
        )
    }
}

codes! {
    /// To whom a match was released.
    Audience {
        /// To the startup.
        Startup = "startup",
        /// To the investor.
        Investor = "investor",
        /// To both.
        Both = "both",
    }
}

impl Audience {
    /// Whether that side sees it.
    pub const fn includes(self, side: Side) -> bool {
        matches!(
            (self, side),
            (Self::Both, _) | (Self::Startup, Side::Startup) | (Self::Investor, Side::Investor)
        )
    }
}

codes! {
    /// What a side said to a released match.
    Response {
        /// Nothing yet.
        None = "none",
        /// Wants to meet.
        Interested = "interested",
        /// Doesn't.
        Passed = "passed",
    }
}

/// A match on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its id.
    pub id: MatchId,
    /// Under which programme.
    pub programme: ProgrammeId,
    /// Which startup profile.
    pub startup_profile: StartupProfileId,
    /// Whose.
    pub startup: OrganizationId,
    /// Which mandate.
    pub mandate: MandateId,
    /// Whose.
    pub investor: OrganizationId,
    /// The account of its score.
    pub explanation: Explanation,
    /// Where it stands.
    pub status: MatchStatus,
    /// Who sees it, once released.
    pub released_to: Option<Audience>,
    /// What the startup said.
    pub startup_response: Response,
    /// What the investor said.
    pub investor_response: Response,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was computed.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Match {
    /// Whether that side may see it: it was released to it and is not blocked.
    pub fn visible_to(&self, side: Side) -> bool {
        self.status != MatchStatus::Blocked && self.released_to.is_some_and(|to| to.includes(side))
    }

    /// What that side said.
    pub const fn response_of(&self, side: Side) -> Response {
        match side {
            Side::Startup => self.startup_response,
            Side::Investor => self.investor_response,
        }
    }
}

/// The state of a freshly computed match; a pair that a gate rules out is none.
pub fn initial_status(explanation: &Explanation) -> Result<MatchStatus, Refusal> {
    match explanation.outcome() {
        Outcome::Eligible => Ok(MatchStatus::Candidate),
        Outcome::NeedsReview => Ok(MatchStatus::UnderReview),
        Outcome::RuledOut => Err(Refusal::new(
            "ruled_out",
            "A gate rules this pair out; the gate trace of the ranking says which.",
        )),
    }
}

/// What can be done to a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchAction {
    /// Compliance lets a match under review through; with that it releases
    /// what is sensitive in the profile.
    Allow,
    /// Compliance stops it.
    Block,
    /// A curator shows it.
    Release(Audience),
    /// A side wants to meet.
    Interested,
    /// A side doesn't.
    Pass(PassReason),
    /// An introduction was asked for.
    Introduce,
    /// A newer account of the pair takes its place.
    Supersede,
    /// Nobody answered in time.
    Expire,
}

impl MatchAction {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
            Self::Release(_) => "release",
            Self::Interested => "interested",
            Self::Pass(_) => "pass",
            Self::Introduce => "introduce",
            Self::Supersede => "supersede",
            Self::Expire => "expire",
        }
    }
}

/// The machine: the match after `action`. `granted` says for a release that the
/// gate allows disclosure at this instant, and for compliance's yes that enough
/// people have said it; until then the match stays under review.
pub fn step(
    before: &Match,
    action: MatchAction,
    who: Hat,
    granted: bool,
) -> Result<Match, Refusal> {
    use MatchAction as A;
    use MatchStatus as S;

    let mut after = before.clone();
    match (before.status, action, who) {
        (S::UnderReview, A::Allow, Hat::Compliance) => {
            if granted {
                after.status = S::Candidate;
            }
        }
        (S::UnderReview | S::Candidate, A::Block, Hat::Compliance) => after.status = S::Blocked,
        (S::Candidate | S::Released, A::Release(to), Hat::Curator | Hat::System) => {
            if !granted {
                return Err(Refusal::new(
                    "disclosure_not_allowed",
                    "The gate does not allow disclosure of this pair now.",
                ));
            }
            after.status = S::Released;
            after.released_to = Some(widen(before.released_to, to));
        }
        (S::Released | S::OneSided, A::Interested, Hat::Startup | Hat::Investor) => {
            let side = visible_side(before, who, action)?;
            set_response(&mut after, side, Response::Interested);
            after.status = if after.response_of(side.other()) == Response::Interested {
                S::Mutual
            } else {
                S::OneSided
            };
        }
        (S::Released | S::OneSided, A::Pass(_), Hat::Startup | Hat::Investor) => {
            let side = visible_side(before, who, action)?;
            set_response(&mut after, side, Response::Passed);
            after.status = S::Passed;
        }
        (
            S::Candidate | S::Released | S::OneSided | S::Mutual,
            A::Introduce,
            Hat::Curator | Hat::System | Hat::Partner,
        ) => {
            after.status = S::Introduced;
        }
        (S::Released | S::OneSided | S::Mutual, A::Introduce, Hat::Startup | Hat::Investor) => {
            let side = visible_side(before, who, action)?;
            set_response(&mut after, side, Response::Interested);
            after.status = S::Introduced;
        }
        (live, A::Supersede, Hat::System) if live.is_live() => after.status = S::Superseded,
        (S::Released | S::OneSided, A::Expire, Hat::System) => after.status = S::Expired,
        (S::UnderReview | S::Candidate | S::Released | S::OneSided | S::Mutual, action, _)
            if allowed_for_somebody(before.status, action) =>
        {
            return Err(Refusal::not_yours(action.code()));
        }
        (_, action, _) => return Err(Refusal::no_transition(action.code())),
    }
    Ok(after)
}

const fn allowed_for_somebody(status: MatchStatus, action: MatchAction) -> bool {
    use MatchAction as A;
    use MatchStatus as S;
    matches!(
        (status, action),
        (S::UnderReview, A::Allow | A::Block)
            | (S::Candidate, A::Block | A::Release(_) | A::Introduce)
            | (
                S::Released,
                A::Release(_) | A::Interested | A::Pass(_) | A::Introduce
            )
            | (S::OneSided, A::Interested | A::Pass(_) | A::Introduce)
            | (S::Mutual, A::Introduce)
    )
}

fn visible_side(before: &Match, who: Hat, action: MatchAction) -> Result<Side, Refusal> {
    let side = match who {
        Hat::Startup => Side::Startup,
        _ => Side::Investor,
    };
    if before.visible_to(side) {
        Ok(side)
    } else {
        Err(Refusal::not_yours(action.code()))
    }
}

fn set_response(after: &mut Match, side: Side, response: Response) {
    match side {
        Side::Startup => after.startup_response = response,
        Side::Investor => after.investor_response = response,
    }
}

fn widen(before: Option<Audience>, to: Audience) -> Audience {
    match before {
        None => to,
        Some(same) if same == to => same,
        Some(_) => Audience::Both,
    }
}

/// Until when a pass keeps the pair apart: 180 days, or as its reason says.
pub fn suppressed_until(
    reason: PassReason,
    not_before: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    match (reason, not_before) {
        (PassReason::NotNow, Some(until)) => until,
        _ => now + TimeDelta::days(PASS_DAYS),
    }
}
