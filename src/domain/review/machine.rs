//! How a match moves: one `match` that reads like the table of the machine.
//!
//! While one side has put a match off, passed, or asked for an introduction, the
//! other may answer as before: a refusal would tell it what the first one did.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Audience, Curation, Match, MatchStatus, PerSide, Response};
use crate::domain::permission::Hat;
use crate::domain::profile::ProfileStatus;
use crate::domain::programme::ProgrammeStatus;
use crate::domain::refusal::Refusal;
use crate::domain::scoring::{Explanation, GateTrace, GateVerdict, ReasonKey, Var};
use crate::domain::values::{PassReason, Side};

/// Days for which a pass keeps the pair from being matched again.
pub const PASS_DAYS: i64 = 180;

/// Most days for which a side can put a match off.
pub const SNOOZE_DAYS: i64 = 90;

/// Days after which a match that was shown and not answered by both ends.
pub const UNANSWERED_DAYS: i64 = 45;

/// What can be done to a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchAction {
    /// Compliance lets a match under review through; with that it releases
    /// what is sensitive in the profile.
    Allow,
    /// Compliance stops it.
    Block,
    /// A curator shows it, or the programme's rule does.
    Release(Audience),
    /// A side wants to meet.
    Interested,
    /// A side puts it off until then, once.
    Snooze(DateTime<Utc>),
    /// A side doesn't.
    Pass(PassReason),
    /// An introduction was asked for.
    Introduce,
    /// A curator puts the pair above the others.
    Pin,
    /// A curator takes that back.
    Unpin,
    /// A curator keeps the pair from being shown.
    Veto,
    /// A curator takes that back.
    Unveto,
    /// What was put off comes back: that is the time by now.
    Wake(DateTime<Utc>),
    /// A gate fails by now.
    InputsChanged,
    /// What is sensitive is not, or no longer, released: compliance is asked.
    AskAgain,
    /// A newer account of the pair takes its place.
    Supersede,
    /// Nobody answered in time.
    Expire,
}

impl MatchAction {
    /// Whether a curator says something of the pair with it: order and
    /// visibility change, neither the state nor the score.
    pub const fn curates(self) -> bool {
        matches!(self, Self::Pin | Self::Unpin | Self::Veto | Self::Unveto)
    }

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
            Self::Release(_) => "release",
            Self::Interested => "interested",
            Self::Snooze(_) => "snooze",
            Self::Pass(_) => "pass",
            Self::Introduce => "introduce",
            Self::Pin => "pin",
            Self::Unpin => "unpin",
            Self::Veto => "veto",
            Self::Unveto => "unveto",
            Self::Wake(_) => "wake",
            Self::InputsChanged => "inputs_changed",
            Self::AskAgain => "ask_again",
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
                // What was shown before goes on where it stood.
                after.status = match before.released_to {
                    None => S::Candidate,
                    Some(_) => answered(before),
                };
            }
        }
        (S::UnderReview | S::Candidate, A::Block, Hat::Compliance) => after.status = S::Blocked,
        (S::Candidate | S::Released, A::Release(to), Hat::Curator | Hat::System) => {
            release(before, &mut after, to, granted)?;
        }
        (S::Released | S::OneSided | S::Snoozed, A::Interested, Hat::Startup | Hat::Investor) => {
            let side = answering_side(before, who, action)?;
            set_response(&mut after, side, Response::Interested);
            if before.status != S::Snoozed {
                after.status = answered(&after);
            }
        }
        (
            S::Released | S::OneSided | S::Snoozed,
            A::Snooze(until),
            Hat::Startup | Hat::Investor,
        ) => {
            let side = answering_side(before, who, action)?;
            put_off(&mut after, side, until)?;
            after.status = S::Snoozed;
        }
        (S::Released | S::OneSided | S::Snoozed, A::Pass(_), Hat::Startup | Hat::Investor) => {
            let side = answering_side(before, who, action)?;
            set_response(&mut after, side, Response::Passed);
            after.status = S::Passed;
        }
        (
            S::Candidate | S::Released | S::OneSided | S::Mutual,
            A::Introduce,
            Hat::Curator | Hat::System | Hat::Partner,
        ) => {
            not_vetoed(before)?;
            after.status = S::Introduced;
        }
        (
            S::Released | S::OneSided | S::Mutual | S::Snoozed,
            A::Introduce,
            Hat::Startup | Hat::Investor,
        ) => {
            let side = answering_side(before, who, action)?;
            set_response(&mut after, side, Response::Interested);
            after.status = S::Introduced;
        }
        (
            S::Passed | S::Introduced,
            A::Interested | A::Snooze(_) | A::Pass(_) | A::Introduce,
            Hat::Startup | Hat::Investor,
        ) if before.is_settled_unseen(side_of(who)) => {
            let side = answering_side(before, who, action)?;
            answer_unseen(&mut after, side, action)?;
        }
        (_, A::Pin | A::Unpin | A::Veto | A::Unveto, Hat::Curator) => {
            after.curation = curated(before, action)?;
        }
        (S::Snoozed | S::Passed | S::Introduced, A::Wake(now), Hat::System) => {
            wake(before, &mut after, now)?;
        }
        (S::Candidate | S::Released | S::OneSided | S::Mutual, A::AskAgain, Hat::System) => {
            after.status = S::UnderReview;
        }
        (live, A::InputsChanged, Hat::System) if live.is_live() => end(&mut after, S::Blocked),
        (live, A::Supersede, Hat::System) if live.is_live() => end(&mut after, S::Superseded),
        (S::Released | S::OneSided, A::Expire, Hat::System) => after.status = S::Expired,
        (_, action, _) if action.curates() && curated(before, action).is_ok() => {
            return Err(Refusal::not_yours(action.code()));
        }
        (live, action, _) if live.is_live() && allowed_for_somebody(live, action) => {
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
                A::Release(_) | A::Interested | A::Snooze(_) | A::Pass(_) | A::Introduce
            )
            | (
                S::OneSided | S::Snoozed,
                A::Interested | A::Snooze(_) | A::Pass(_) | A::Introduce
            )
            | (S::Mutual, A::Introduce)
    )
}

/// What the curators say of the pair after that. It is said of a pair while it
/// has a live match, and taken back whenever.
fn curated(before: &Match, action: MatchAction) -> Result<Option<Curation>, Refusal> {
    use Curation::{Pinned, Vetoed};
    let live = before.status.is_live();
    match (action, before.curation) {
        (MatchAction::Pin, None) if live => Ok(Some(Pinned)),
        (MatchAction::Veto, None | Some(Pinned)) if live => Ok(Some(Vetoed)),
        (MatchAction::Unpin, Some(Pinned)) | (MatchAction::Unveto, Some(Vetoed)) => Ok(None),
        _ => Err(Refusal::no_transition(action.code())),
    }
}

fn release(before: &Match, after: &mut Match, to: Audience, granted: bool) -> Result<(), Refusal> {
    not_vetoed(before)?;
    if !granted {
        return Err(Refusal::new(
            "disclosure_not_allowed",
            "The gate does not allow disclosure of this pair now.",
        ));
    }
    after.status = MatchStatus::Released;
    after.released_to = Some(widen(before.released_to, to));
    Ok(())
}

fn not_vetoed(before: &Match) -> Result<(), Refusal> {
    if before.is_vetoed() {
        return Err(Refusal::new(
            "vetoed",
            "A curator vetoed this pair; the veto has to be taken back first.",
        ));
    }
    Ok(())
}

/// Keeps what a side says that doesn't know that nothing comes of it, or
/// something else. Nobody learns of that by an introduction either.
fn answer_unseen(after: &mut Match, side: Side, action: MatchAction) -> Result<(), Refusal> {
    match action {
        MatchAction::Snooze(until) => return put_off(after, side, until),
        MatchAction::Introduce => {
            return Err(Refusal::new(
                "not_available_now",
                "This introduction can't be asked for at present; the curators can say more.",
            ));
        }
        MatchAction::Pass(_) => set_response(after, side, Response::Passed),
        _ => set_response(after, side, Response::Interested),
    }
    Ok(())
}

const fn side_of(who: Hat) -> Side {
    match who {
        Hat::Startup => Side::Startup,
        _ => Side::Investor,
    }
}

/// The side that answers: it sees the match, and its own putting off is over.
fn answering_side(before: &Match, who: Hat, action: MatchAction) -> Result<Side, Refusal> {
    let side = side_of(who);
    if !before.visible_to(side) {
        return Err(Refusal::not_yours(action.code()));
    }
    if before.is_put_off_by(side) {
        return Err(Refusal::no_transition(action.code()));
    }
    Ok(side)
}

fn set_response(after: &mut Match, side: Side, response: Response) {
    match side {
        Side::Startup => after.startup_response = response,
        Side::Investor => after.investor_response = response,
    }
}

/// Where a shown match stands by what the sides said.
fn answered(matched: &Match) -> MatchStatus {
    let interested = |side| matched.said_by(side) == Response::Interested;
    match (interested(Side::Startup), interested(Side::Investor)) {
        (true, true) => MatchStatus::Mutual,
        (false, false) => MatchStatus::Released,
        _ => MatchStatus::OneSided,
    }
}

fn put_off(after: &mut Match, side: Side, until: DateTime<Utc>) -> Result<(), Refusal> {
    if after.snoozed.of(side).is_some() {
        return Err(Refusal::new(
            "snoozed_before",
            "A match can be put off once.",
        ));
    }
    after.snoozed.set(side, Some(until));
    after.wakes_at = Some(after.wakes_at.map_or(until, |next| next.min(until)));
    Ok(())
}

/// What lasts beyond `now` goes on lasting; when nothing does, the match
/// stands where the answers put it.
fn wake(before: &Match, after: &mut Match, now: DateTime<Utc>) -> Result<(), Refusal> {
    if before.wakes_at.is_none_or(|next| next > now) {
        return Err(Refusal::no_transition(MatchAction::Wake(now).code()));
    }
    let PerSide { startup, investor } = before.snoozed;
    let lasting = [startup, investor].into_iter().flatten();
    after.wakes_at = lasting.filter(|until| *until > now).min();
    if after.wakes_at.is_none() && before.status == MatchStatus::Snoozed {
        after.status = answered(after);
    }
    Ok(())
}

fn end(after: &mut Match, status: MatchStatus) {
    after.status = status;
    after.wakes_at = None;
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

/// Whether a gate that fails by now ends a match. What passes by itself
/// (a pause, a freeze, a suspension, a confirmation that is late) only hides
/// it until it is over.
pub fn ended_by(account: &Explanation, programme: ProgrammeStatus) -> bool {
    let failed = account.gates.iter();
    failed
        .filter(|trace| trace.verdict == GateVerdict::Fail)
        .any(|trace| !passes_by_itself(trace, programme))
}

fn passes_by_itself(trace: &GateTrace, programme: ProgrammeStatus) -> bool {
    match trace.reason.key {
        ReasonKey::LiveStartupStatus | ReasonKey::LiveMandateStatus => {
            // Both kinds of record name these states alike.
            let gone = [
                ProfileStatus::Rejected,
                ProfileStatus::Withdrawn,
                ProfileStatus::Archived,
                ProfileStatus::Erased,
            ];
            let is_gone = |code: &str| gone.iter().any(|status| status.code() == code);
            let mut vars = trace.reason.vars.iter();
            !vars.any(|(_, var)| matches!(var, Var::Code(code) if is_gone(code.as_str())))
        }
        ReasonKey::LiveStartupStale
        | ReasonKey::LiveMandateStale
        | ReasonKey::LiveMandateEarly
        | ReasonKey::FreezeStartup
        | ReasonKey::FreezeInvestor => true,
        ReasonKey::ScopeNotInForce => programme == ProgrammeStatus::Suspended,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
