//! The introduction: a double opt-in that ends with one e-mail connecting
//! both sides (`MACHINES.md`, Introduction).
//!
//! Asking is consent: the side that asks counts as accepted. When a curator or
//! a partner asks, the startup is asked first and the investor only after its
//! yes.

use chrono::{DateTime, Utc};

use super::disclosure::Decision;
use super::ids::{
    IntroductionId, MandateId, MatchId, OrganizationId, ProgrammeId, StartupProfileId, UserId,
};
pub use super::introduction_ask::{Ask, AskState, Delegate};
pub use super::introduction_request::{RequestFacts, check_request};
use super::permission::Hat;
use super::refusal::Refusal;
pub use super::requester::Requester;
use super::values::{PassReason, Side, codes};

/// Most characters of a blurb.
pub const BLURB_MAX: usize = 1_000;

/// The working days after a question on which its person is reminded.
pub const REMINDER_DAYS: [u32; 2] = [3, 6];

/// How often a side passes one introduction's question on.
pub const MOST_PASSED_ON: usize = 3;

/// The working days that whoever a question is passed on to has at least.
pub const PASSED_ON_DAYS: u32 = 3;

codes! {
    /// Where an introduction stands.
    IntroductionStatus {
        /// Asked for; the gate has not spoken yet.
        Requested = "requested",
        /// The gate needs a decision of compliance.
        Held = "held",
        /// The first side was asked.
        AskingFirst = "asking_first",
        /// The second side was asked.
        AskingSecond = "asking_second",
        /// Both said yes; the mail is on its way.
        BothAccepted = "both_accepted",
        /// The mail went out.
        Sent = "sent",
        /// The mail could not be delivered.
        DeliveryProblem = "delivery_problem",
        /// They are talking.
        InConversation = "in_conversation",
        /// They met.
        Met = "met",
        /// A deal came of it.
        Converted = "converted",
        /// It ended without one.
        Closed = "closed",
        /// A side said no.
        Declined = "declined",
        /// The requester took it back.
        Withdrawn = "withdrawn",
        /// Nobody answered in time.
        Expired = "expired",
        /// The gate or compliance said no.
        Refused = "refused",
        /// Stopped by compliance before it was sent.
        Blocked = "blocked",
        /// A freeze covers it.
        Frozen = "frozen",
    }
}

impl IntroductionStatus {
    /// Whether it counts as the pair's one live introduction.
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            Self::Requested
                | Self::Held
                | Self::AskingFirst
                | Self::AskingSecond
                | Self::BothAccepted
                | Self::Sent
                | Self::DeliveryProblem
                | Self::InConversation
                | Self::Met
                | Self::Frozen
        )
    }
}

impl IntroductionStatus {
    /// Whether the mail that connects both has not gone out yet.
    const fn waits_for_mail(self) -> bool {
        matches!(
            self,
            Self::Requested
                | Self::Held
                | Self::AskingFirst
                | Self::AskingSecond
                | Self::BothAccepted
                | Self::DeliveryProblem
                | Self::Frozen
        )
    }
}

/// An introduction on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// Its id.
    pub id: IntroductionId,
    /// Under which programme.
    pub programme: ProgrammeId,
    /// The match it comes from.
    pub matched: MatchId,
    /// Which startup profile.
    pub startup_profile: StartupProfileId,
    /// Whose.
    pub startup: OrganizationId,
    /// Which mandate.
    pub mandate: MandateId,
    /// Whose.
    pub investor: OrganizationId,
    /// Who asked.
    pub requester: Requester,
    /// The person who asked.
    pub requested_by: UserId,
    /// Why, in the requester's words.
    pub blurb: String,
    /// Where it stands.
    pub status: IntroductionStatus,
    /// The startup said yes.
    pub startup_accepted: bool,
    /// The investor said yes.
    pub investor_accepted: bool,
    /// More time was asked for once already by the side now asked.
    pub extended: bool,
    /// The side that reported a deal and waits for the other to confirm.
    pub convert_reported_by: Option<Side>,
    /// The partner that asked, where one did.
    pub partner: Option<OrganizationId>,
    /// Where it stood when a freeze came over it.
    pub frozen_from: Option<IntroductionStatus>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Introduction {
    /// The side whose answer is awaited.
    pub fn asked(&self) -> Option<Side> {
        match self.status {
            IntroductionStatus::AskingFirst => Some(self.requester.first_asked()),
            IntroductionStatus::AskingSecond => Some(self.requester.first_asked().other()),
            _ => None,
        }
    }

    /// Whether both said yes.
    pub const fn both_accepted(&self) -> bool {
        self.startup_accepted && self.investor_accepted
    }

    /// Which organization stands on that side.
    pub const fn organization(&self, side: Side) -> OrganizationId {
        match side {
            Side::Startup => self.startup,
            Side::Investor => self.investor,
        }
    }

    /// Whether that side said yes.
    pub const fn accepted(&self, side: Side) -> bool {
        match side {
            Side::Startup => self.startup_accepted,
            Side::Investor => self.investor_accepted,
        }
    }

    fn accept(&mut self, side: Side) {
        match side {
            Side::Startup => self.startup_accepted = true,
            Side::Investor => self.investor_accepted = true,
        }
    }
}

/// What is done with a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is answered.
    Answer(Answer),
    /// It is passed on.
    PassOn(Delegate),
}

/// What a side answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Accept,
    /// No; the reason is passed on only when `share` says so.
    Decline {
        /// Why.
        reason: PassReason,
        /// Whether the requester may read it.
        share: bool,
    },
    /// Not before a date.
    NotNow {
        /// From when it may be asked again.
        until: DateTime<Utc>,
    },
    /// Ten working days more, once.
    MoreTime,
    /// Not me, ask somebody else.
    PassOn,
    /// No, and the operator's people should look at who asks.
    ReportAbuse,
}

impl Answer {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Decline { .. } => "decline",
            Self::NotNow { .. } => "not_now",
            Self::MoreTime => "need_more_time",
            Self::PassOn => "delegate",
            Self::ReportAbuse => "report_abuse",
        }
    }
}

/// What can happen to an introduction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The gate spoke, at the request, after a decision or before sending.
    Gate(Decision),
    /// Compliance refuses what is held.
    Refuse,
    /// A side answers.
    Answer(Side, Answer),
    /// The requester or a curator takes it back.
    Withdraw,
    /// Who agreed for a side takes the consent back.
    WithdrawConsent(Side),
    /// A side ended the profile or mandate it is about; all read a withdrawal.
    EndRecord(Side),
    /// Its programme is over and no other goes on from it.
    EndProgramme,
    /// A record that it is about is not admitted to its programme any more; all
    /// read a withdrawal.
    EndAdmission,
    /// The time to answer has passed.
    Expire,
    /// The mail was handed over to the mail system.
    Send,
    /// The mail was refused for good, or may have gone out while the gate has
    /// closed since.
    FailDelivery,
    /// A curator learnt that the mail arrived all the same.
    ConfirmSent,
    /// They are talking.
    Reply,
    /// They met.
    Meet,
    /// A deal came of it.
    Convert,
    /// It ended without one.
    Close,
    /// A deal came of it after it had closed.
    LateYes,
    /// Compliance stops it.
    Block,
    /// A freeze covers it, or its programme stands still.
    Freeze,
    /// What these sides agreed to has run out: they are asked anew.
    AskAgain(AskedAgain),
}

/// Of which sides the consent has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedAgain {
    /// The startup's has.
    pub startup: bool,
    /// The investor's has.
    pub investor: bool,
}

impl Action {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Gate(_) => "gate",
            Self::Refuse => "refuse",
            Self::Answer(_, answer) => answer.code(),
            Self::Withdraw | Self::EndRecord(_) | Self::EndAdmission => "withdraw",
            Self::WithdrawConsent(_) => "withdraw_consent",
            Self::Expire | Self::EndProgramme => "expire",
            Self::Send => "send",
            Self::FailDelivery => "fail_delivery",
            Self::ConfirmSent => "confirm_sent",
            Self::Reply => "reply",
            Self::Meet => "met",
            Self::Convert => "convert",
            Self::Close => "close",
            Self::LateYes => "late_yes",
            Self::Block => "block",
            Self::Freeze => "freeze",
            Self::AskAgain(_) => "ask_again",
        }
    }
}

/// The machine: the introduction after `action`, or why it can't be.
pub fn step(before: &Introduction, action: &Action, who: Hat) -> Result<Introduction, Refusal> {
    let mut after = before.clone();
    let allowed = match to_the_mail(before, &mut after, action, who)? {
        Some(allowed) => allowed,
        None => since_the_mail(before.status, &mut after, action, who)?
            .ok_or_else(|| Refusal::no_transition(action.code()))?,
    };
    if after.status != IntroductionStatus::Frozen {
        after.frozen_from = None;
    }
    if allowed {
        Ok(after)
    } else {
        Err(Refusal::not_yours(action.code()))
    }
}

/// What happens before both are connected, and whether `who` may do it; none
/// for what is not of that part.
fn to_the_mail(
    before: &Introduction,
    after: &mut Introduction,
    action: &Action,
    who: Hat,
) -> Result<Option<bool>, Refusal> {
    use Action as A;
    use IntroductionStatus as S;

    Ok(Some(match (before.status, action) {
        (
            S::Requested
            | S::Held
            | S::AskingFirst
            | S::AskingSecond
            | S::BothAccepted
            | S::DeliveryProblem,
            A::Gate(decision),
        ) => {
            after.status = after_gate(before, decision);
            who == Hat::System
        }
        // Everything is checked again, and what waited goes on where it stood.
        (S::Frozen, A::Gate(decision)) => {
            after.status = after_freeze(before, decision);
            who == Hat::System
        }
        (S::Held | S::AskingFirst | S::AskingSecond | S::BothAccepted, A::Freeze) => {
            after.status = S::Frozen;
            after.frozen_from = Some(before.status);
            who == Hat::System
        }
        (S::BothAccepted, A::AskAgain(sides)) => {
            after.startup_accepted &= !sides.startup;
            after.investor_accepted &= !sides.investor;
            after.extended = false;
            after.status = after_gate(after, &Decision::Allow);
            who == Hat::System
        }
        (S::Held, A::Refuse) => {
            after.status = S::Refused;
            who == Hat::Compliance
        }
        (S::AskingFirst | S::AskingSecond, A::Answer(side, answer)) => {
            if before.asked() != Some(*side) {
                return Err(Refusal::not_yours(action.code()));
            }
            after_answer(after, *side, *answer)?;
            matches!(
                (who, side),
                (Hat::Startup, Side::Startup) | (Hat::Investor, Side::Investor)
            )
        }
        (S::Requested | S::Held | S::AskingFirst | S::AskingSecond | S::Frozen, A::Withdraw)
            if before.frozen_from != Some(S::BothAccepted) =>
        {
            after.status = S::Withdrawn;
            who == Hat::Curator
                || who == Hat::Partner && before.partner.is_some()
                || before
                    .requester
                    .side()
                    .is_some_and(|side| hat_of(side) == who)
        }
        (unsent, A::WithdrawConsent(side)) if unsent.waits_for_mail() && before.accepted(*side) => {
            after.status = S::Withdrawn;
            who == hat_of(*side)
        }
        (unsent, A::EndRecord(_) | A::EndAdmission) if unsent.waits_for_mail() => {
            after.status = S::Withdrawn;
            who == Hat::System
        }
        (unsent, A::EndProgramme) if unsent.waits_for_mail() => {
            after.status = S::Expired;
            who == Hat::System
        }
        (S::AskingFirst | S::AskingSecond, A::Expire) => {
            after.status = S::Expired;
            who == Hat::System
        }
        (
            S::Requested | S::Held | S::AskingFirst | S::AskingSecond | S::BothAccepted | S::Frozen,
            A::Block,
        ) => {
            after.status = S::Blocked;
            who == Hat::Compliance
        }
        _ => return Ok(None),
    }))
}

/// What happens from handing the mail over on; likewise.
fn since_the_mail(
    before: IntroductionStatus,
    after: &mut Introduction,
    action: &Action,
    who: Hat,
) -> Result<Option<bool>, Refusal> {
    use Action as A;
    use IntroductionStatus as S;

    let party = matches!(who, Hat::Startup | Hat::Investor);
    Ok(Some(match (before, action) {
        // From a delivery problem when a person has the mail tried again.
        (S::BothAccepted | S::DeliveryProblem, A::Send) => {
            after.status = S::Sent;
            who == Hat::System
        }
        (S::BothAccepted | S::Sent, A::FailDelivery) => {
            after.status = S::DeliveryProblem;
            who == Hat::System
        }
        (S::DeliveryProblem, A::ConfirmSent) => {
            after.status = S::Sent;
            who == Hat::Curator
        }
        (S::Sent, A::Reply) => {
            after.status = S::InConversation;
            party || who == Hat::Curator
        }
        (S::Sent | S::InConversation, A::Meet) => {
            after.status = S::Met;
            party || who == Hat::Curator
        }
        (S::Sent | S::InConversation | S::Met, A::Convert) => {
            after_convert(after, who)?;
            party || who == Hat::Curator
        }
        (S::Sent | S::InConversation | S::Met | S::DeliveryProblem, A::Close) => {
            after.status = S::Closed;
            party || matches!(who, Hat::Curator | Hat::System)
        }
        (S::Closed, A::LateYes) => {
            after.status = S::Converted;
            party || who == Hat::Curator
        }
        _ => return Ok(None),
    }))
}

const fn hat_of(side: Side) -> Hat {
    match side {
        Side::Startup => Hat::Startup,
        Side::Investor => Hat::Investor,
    }
}

fn after_gate(introduction: &Introduction, decision: &Decision) -> IntroductionStatus {
    use IntroductionStatus as S;
    let consented = introduction.both_accepted();
    match decision {
        Decision::Allow if consented => S::BothAccepted,
        // A hold between the two questions goes on where it stopped.
        Decision::Allow if introduction.accepted(introduction.requester.first_asked()) => {
            S::AskingSecond
        }
        Decision::Allow => S::AskingFirst,
        Decision::Review { .. } => S::Held,
        Decision::Deny { .. } if introduction.status == S::Requested => S::Refused,
        Decision::Deny { .. } => S::Blocked,
    }
}

/// What was held waits for its decision still, whatever the gate says.
fn after_freeze(introduction: &Introduction, decision: &Decision) -> IntroductionStatus {
    let held = introduction.frozen_from == Some(IntroductionStatus::Held);
    match decision {
        Decision::Allow | Decision::Review { .. } if held => IntroductionStatus::Held,
        decision => after_gate(introduction, decision),
    }
}

fn after_answer(after: &mut Introduction, side: Side, answer: Answer) -> Result<(), Refusal> {
    use IntroductionStatus as S;
    match answer {
        Answer::Accept => {
            after.accept(side);
            after.extended = false;
            after.status = if after.both_accepted() {
                S::BothAccepted
            } else {
                S::AskingSecond
            };
        }
        Answer::Decline { .. } | Answer::NotNow { .. } | Answer::ReportAbuse => {
            after.status = S::Declined;
        }
        // Somebody else of the same side is asked.
        Answer::PassOn => {}
        Answer::MoreTime if after.extended => {
            return Err(Refusal::new(
                "extended_already",
                "More time can be asked for once.",
            ));
        }
        Answer::MoreTime => after.extended = true,
    }
    Ok(())
}

fn after_convert(after: &mut Introduction, who: Hat) -> Result<(), Refusal> {
    let side = match who {
        Hat::Startup => Side::Startup,
        Hat::Investor => Side::Investor,
        _ => {
            after.status = IntroductionStatus::Converted;
            return Ok(());
        }
    };
    match after.convert_reported_by {
        Some(reported) if reported == side => Err(Refusal::new(
            "reported_already",
            "Your side has reported it; the other side has to confirm.",
        )),
        Some(_) => {
            after.status = IntroductionStatus::Converted;
            Ok(())
        }
        None => {
            after.convert_reported_by = Some(side);
            Ok(())
        }
    }
}
