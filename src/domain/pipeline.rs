//! Pipelines as data, and the deal that moves through one
//! (`MACHINES.md`, Deal).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::calendar::latest_day;
use super::criterion::Criterion;
use super::fault::Faults;
use super::ids::{
    DealId, IntroductionId, MandateId, MatchId, OrganizationId, PipelineSetId, ProgrammeId,
    StartupProfileId, UserId,
};
use super::money::Money;
use super::permission::Hat;
use super::refusal::Refusal;
use super::text::Slug;
use super::values::{CloseCode, Side, codes};

/// Most days for which a deal can be put on hold.
pub const HOLD_DAYS: i64 = 180;

/// One stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineStage {
    /// Its name in data.
    pub slug: Slug,
    /// Working days it should take at most.
    pub days: u32,
    /// How likely money is from here, in bp.
    pub probability: u32,
    /// Whether the next stage is reached when both sides report it; else a
    /// curator confirms.
    pub side_reports: bool,
    /// What should be there before it is left.
    pub exit_criteria: Vec<Criterion>,
}

/// An ordered list of stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Its name in data.
    pub slug: Slug,
    /// First to last; never empty.
    stages: Vec<PipelineStage>,
    /// The deal intents that it is for.
    intents: BTreeSet<Slug>,
}

impl Pipeline {
    /// A pipeline; `None` without a stage or with a stage named twice.
    pub fn new(slug: Slug, stages: Vec<PipelineStage>) -> Option<Self> {
        let mut names: Vec<_> = stages.iter().map(|stage| &stage.slug).collect();
        names.sort();
        names.dedup();
        (!stages.is_empty() && names.len() == stages.len()).then_some(Self {
            slug,
            stages,
            intents: BTreeSet::new(),
        })
    }

    /// The same for deals that are meant so.
    #[must_use]
    pub fn for_intents(self, intents: BTreeSet<Slug>) -> Self {
        Self { intents, ..self }
    }

    /// The deal intents that it is for.
    pub const fn intents(&self) -> &BTreeSet<Slug> {
        &self.intents
    }

    /// The stages in order.
    pub fn stages(&self) -> &[PipelineStage] {
        &self.stages
    }

    /// A stage with its place.
    pub fn find(&self, slug: &Slug) -> Option<(usize, &PipelineStage)> {
        self.stages
            .iter()
            .enumerate()
            .find(|(_, stage)| stage.slug == *slug)
    }

    /// The stage after that one.
    pub fn next(&self, slug: &Slug) -> Option<&PipelineStage> {
        let (place, _) = self.find(slug)?;
        self.stages.get(place + 1)
    }

    /// Whether nothing comes after that stage.
    pub fn is_last(&self, slug: &Slug) -> bool {
        self.stages.last().is_some_and(|stage| stage.slug == *slug)
    }
}

codes! {
    /// How a deal stands, whatever its stage.
    DealStatus {
        /// Under way.
        Open = "open",
        /// Standing still until a date.
        OnHold = "on_hold",
        /// Funded and confirmed by both sides.
        Won = "won",
        /// Lost, with a code.
        Lost = "lost",
        /// Withdrawn by a side.
        Withdrawn = "withdrawn",
        /// Stopped by compliance.
        Blocked = "blocked",
    }
}

/// What one side confirms of the funding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funding {
    /// How much.
    pub amount: Money,
    /// The day the money arrived.
    pub value_date: NaiveDate,
}

/// What a deal came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An introduction that was converted.
    Introduction {
        /// Of which match.
        matched: MatchId,
        /// Which one.
        introduction: IntroductionId,
    },
    /// Two sides that knew each other already; a curator opened it.
    ByHand {
        /// Who.
        by: UserId,
        /// Why.
        reason: String,
        /// By what they know it; empty once it was erased.
        evidence: String,
    },
}

/// A deal on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    /// Its id.
    pub id: DealId,
    /// Attribution, kept for good: the programme
    pub programme: ProgrammeId,
    /// and what it came from.
    pub origin: Origin,
    /// Which startup profile.
    pub startup_profile: StartupProfileId,
    /// Whose.
    pub startup: OrganizationId,
    /// Which mandate.
    pub mandate: MandateId,
    /// Whose.
    pub investor: OrganizationId,
    /// The version of the programme's pipelines that it was opened under; none
    /// for what the service came with.
    pub pipeline_set: Option<PipelineSetId>,
    /// Which pipeline of it.
    pub pipeline: Slug,
    /// Where in it.
    pub stage: Slug,
    /// Since when.
    pub stage_entered_at: DateTime<Utc>,
    /// How it stands.
    pub status: DealStatus,
    /// The day it comes back by itself from hold.
    pub resume_on: Option<NaiveDate>,
    /// Why it was lost.
    pub close_code: Option<CloseCode>,
    /// The side that reported the next stage and waits for the other.
    pub reported_by: Option<Side>,
    /// What is recorded for exit criteria, by key.
    pub facts: BTreeMap<Slug, String>,
    /// What the startup confirmed.
    pub startup_funding: Option<Funding>,
    /// What the investor confirmed.
    pub investor_funding: Option<Funding>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Deal {
    /// The introduction it came from; none where it was opened by hand.
    pub const fn introduction(&self) -> Option<IntroductionId> {
        match self.origin {
            Origin::Introduction { introduction, .. } => Some(introduction),
            Origin::ByHand { .. } => None,
        }
    }

    /// The match it came from, likewise.
    pub const fn matched(&self) -> Option<MatchId> {
        match self.origin {
            Origin::Introduction { matched, .. } => Some(matched),
            Origin::ByHand { .. } => None,
        }
    }

    /// Whether it stands still until a freeze is lifted, and not until a day.
    pub fn is_paused(&self) -> bool {
        self.status == DealStatus::OnHold && self.resume_on.is_none()
    }
}

/// What can happen to a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DealAction {
    /// A side says that the next stage is reached.
    Report,
    /// The curator moves it one stage on.
    Advance,
    /// The curator jumps ahead, with a reason.
    Skip(Slug),
    /// The curator goes back, with a reason.
    MoveBack(Slug),
    /// It stands still until a day, with a reason.
    Hold(NaiveDate),
    /// It goes on.
    Resume,
    /// It is lost.
    Lose(CloseCode),
    /// A side withdraws.
    Withdraw,
    /// A side confirms the funding.
    Confirm(Funding),
    /// Two curators confirm the funding, on evidence, for a side that stays
    /// silent.
    Vouch(Side, Funding),
    /// Compliance stops it.
    Block,
    /// Two people of compliance let it go on.
    Unblock,
    /// The curator takes it up again, with a reason.
    Reopen,
    /// The curator has it go through another pipeline from its first stage on,
    /// with a reason.
    Reroute(Slug),
    /// A freeze puts it on hold until it is lifted, on no date.
    Pause,
    /// The freeze is lifted.
    GoOn,
}

impl DealAction {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Advance => "advance",
            Self::Skip(_) => "skip",
            Self::MoveBack(_) => "move_back",
            Self::Hold(_) => "hold",
            Self::Resume => "resume",
            Self::Lose(_) => "lose",
            Self::Withdraw => "withdraw",
            Self::Confirm(_) => "confirm",
            Self::Vouch(..) => "vouch",
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Reopen => "reopen",
            Self::Reroute(_) => "reroute",
            Self::Pause => "pause",
            Self::GoOn => "go_on",
        }
    }
}

/// Required criteria of the present stage that nothing is recorded for.
pub fn missing_to_leave(deal: &Deal, pipeline: &Pipeline) -> Faults {
    let mut missing = Faults::new();
    let criteria = pipeline
        .find(&deal.stage)
        .map_or(&[][..], |(_, stage)| &stage.exit_criteria);
    for criterion in criteria {
        if criterion.required && !deal.facts.contains_key(&criterion.key) {
            missing.push(
                format!("/facts/{}", criterion.key),
                "required",
                format!("{} ({})", criterion.label, criterion.role),
            );
        }
    }
    missing
}

/// The machine: the deal after `action`, or why it can't be. `pipeline` is the
/// deal's own, for `Reroute` the one that it is to go through.
pub fn step(
    before: &Deal,
    action: &DealAction,
    who: Hat,
    pipeline: &Pipeline,
    now: DateTime<Utc>,
) -> Result<Deal, Refusal> {
    use DealAction as A;
    use DealStatus as S;

    let mut after = before.clone();
    let party = matches!(who, Hat::Startup | Hat::Investor);
    let curator = who == Hat::Curator;
    let allowed = match (before.status, action) {
        (S::Open, A::Report) => {
            if party {
                report(&mut after, who, pipeline, now)?;
            }
            party
        }
        (S::Open, A::Advance) => {
            if curator {
                advance(&mut after, pipeline, now)?;
            }
            curator
        }
        (S::Open, A::Skip(to) | A::MoveBack(to)) => {
            if curator {
                jump(&mut after, action, to, pipeline, now)?;
            }
            curator
        }
        (S::Open, A::Hold(resume_on)) => {
            hold(&mut after, *resume_on, now.date_naive())?;
            party || curator
        }
        (S::OnHold, A::Resume) => {
            after.status = S::Open;
            after.resume_on = None;
            party || curator || who == Hat::System
        }
        (S::Open | S::OnHold, A::Lose(code)) => {
            after.status = S::Lost;
            after.resume_on = None;
            after.close_code = Some(*code);
            party || curator
        }
        (S::Open | S::OnHold, A::Withdraw) => {
            after.status = S::Withdrawn;
            after.resume_on = None;
            party || curator
        }
        (S::Open, A::Confirm(funding)) => {
            if party {
                confirm(&mut after, who, *funding, pipeline, latest_day(now))?;
            }
            party
        }
        (S::Open, A::Vouch(side, funding)) => {
            if curator {
                vouch(&mut after, *side, *funding, pipeline, latest_day(now))?;
            }
            curator
        }
        (S::Blocked, A::Unblock) => {
            after.status = S::Open;
            after.resume_on = None;
            who == Hat::Compliance
        }
        (S::Open | S::OnHold, A::Block) => {
            after.status = S::Blocked;
            after.resume_on = None;
            matches!(who, Hat::Compliance | Hat::System)
        }
        // One that was held until a day stays so, and then as long as the
        // freeze does.
        (S::Open | S::OnHold, A::Pause) if !before.is_paused() => {
            after.status = S::OnHold;
            after.resume_on = None;
            who == Hat::System
        }
        (S::OnHold, A::GoOn) if before.is_paused() => {
            after.status = S::Open;
            who == Hat::System
        }
        (S::Open, A::Reroute(to)) => {
            if curator {
                reroute(&mut after, to, pipeline, now)?;
            }
            curator
        }
        (S::Lost | S::Withdrawn, A::Reopen) => {
            after.status = S::Open;
            after.close_code = None;
            after.startup_funding = None;
            after.investor_funding = None;
            curator
        }
        (_, action) => return Err(Refusal::no_transition(action.code())),
    };
    if allowed {
        Ok(after)
    } else {
        Err(Refusal::not_yours(action.code()))
    }
}

fn hold(deal: &mut Deal, resume_on: NaiveDate, today: NaiveDate) -> Result<(), Refusal> {
    let latest = today + TimeDelta::days(HOLD_DAYS);
    if resume_on <= today || resume_on > latest {
        return Err(Refusal::new(
            "hold_out_of_range",
            format!("A deal can be held until a day after today and up to {latest}."),
        ));
    }
    deal.status = DealStatus::OnHold;
    deal.resume_on = Some(resume_on);
    Ok(())
}

fn enter(deal: &mut Deal, stage: &Slug, now: DateTime<Utc>) {
    deal.stage = stage.clone();
    deal.stage_entered_at = now;
    deal.reported_by = None;
    // What was confirmed was confirmed of the stage that is left.
    deal.startup_funding = None;
    deal.investor_funding = None;
}

fn advance(deal: &mut Deal, pipeline: &Pipeline, now: DateTime<Utc>) -> Result<(), Refusal> {
    let next = pipeline.next(&deal.stage).ok_or_else(|| {
        Refusal::new(
            "last_stage",
            "This is the last stage; both sides confirm the funding now.",
        )
    })?;
    missing_to_leave(deal, pipeline)
        .finish()
        .map_err(Refusal::incomplete)?;
    enter(deal, &next.slug, now);
    Ok(())
}

/// One side's report waits for the other's. From the stage on at which a
/// curator confirms, two equal reports still wait for the curator.
fn report(
    deal: &mut Deal,
    who: Hat,
    pipeline: &Pipeline,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    if pipeline.is_last(&deal.stage) {
        return Err(Refusal::new(
            "last_stage",
            "This is the last stage; both sides confirm the funding now.",
        ));
    }
    let by_sides = pipeline
        .find(&deal.stage)
        .is_some_and(|(_, stage)| stage.side_reports);
    let side = match who {
        Hat::Startup => Side::Startup,
        _ => Side::Investor,
    };
    match deal.reported_by {
        Some(first) if first == side => Err(Refusal::new(
            "reported_already",
            "Your side has reported it; it waits for the other side or the curator.",
        )),
        Some(_) if by_sides => advance(deal, pipeline, now),
        Some(_) => Err(Refusal::new(
            "curator_confirms",
            "The other side has reported it already; from this stage on the curator confirms.",
        )),
        None => {
            deal.reported_by = Some(side);
            Ok(())
        }
    }
}

fn jump(
    deal: &mut Deal,
    action: &DealAction,
    to: &Slug,
    pipeline: &Pipeline,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let here = pipeline.find(&deal.stage).map_or(0, |(place, _)| place);
    let (there, _) = pipeline.find(to).ok_or_else(|| {
        Refusal::new(
            "unknown_stage",
            format!("The pipeline has no stage “{to}”."),
        )
    })?;
    let forward = matches!(action, DealAction::Skip(_));
    if (forward && there <= here) || (!forward && there >= here) {
        return Err(Refusal::new(
            "wrong_direction",
            "“skip” goes forward, “move_back” goes back.",
        ));
    }
    enter(deal, to, now);
    Ok(())
}

/// Only what the other side has confirmed can be confirmed for a silent one.
fn vouch(
    deal: &mut Deal,
    side: Side,
    funding: Funding,
    pipeline: &Pipeline,
    today: NaiveDate,
) -> Result<(), Refusal> {
    let (own, other, who) = match side {
        Side::Startup => (deal.startup_funding, deal.investor_funding, Hat::Startup),
        Side::Investor => (deal.investor_funding, deal.startup_funding, Hat::Investor),
    };
    if own.is_some() || other != Some(funding) {
        return Err(Refusal::new(
            "nothing_to_vouch_for",
            "One side has confirmed exactly this, and the other has said nothing.",
        ));
    }
    confirm(deal, who, funding, pipeline, today)
}

fn reroute(
    deal: &mut Deal,
    to: &Slug,
    pipeline: &Pipeline,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let first = pipeline.stages().first().filter(|_| *to != deal.pipeline);
    let first = first.ok_or_else(|| {
        Refusal::new(
            "same_pipeline",
            "The deal goes through this pipeline already.",
        )
    })?;
    enter(deal, &first.slug, now);
    deal.pipeline = to.clone();
    Ok(())
}

fn confirm(
    deal: &mut Deal,
    who: Hat,
    funding: Funding,
    pipeline: &Pipeline,
    today: NaiveDate,
) -> Result<(), Refusal> {
    if !pipeline.is_last(&deal.stage) {
        return Err(Refusal::new(
            "not_funded_yet",
            "Funding is confirmed at the last stage.",
        ));
    }
    if funding.amount.amount_minor <= 0 {
        return Err(Refusal::new(
            "amount_not_positive",
            "The amount must be above zero.",
        ));
    }
    if funding.value_date > today {
        return Err(Refusal::new(
            "not_arrived_yet",
            "The value date is the day the money arrived, today at the latest.",
        ));
    }
    let other = if who == Hat::Startup {
        deal.startup_funding = Some(funding);
        deal.investor_funding
    } else {
        deal.investor_funding = Some(funding);
        deal.startup_funding
    };
    // A difference is not an error of either side; the deal stays open until
    // one of them corrects its figure.
    if other == Some(funding) {
        deal.status = DealStatus::Won;
    }
    Ok(())
}
