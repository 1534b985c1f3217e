//! What is known of several introductions at once: a list asks for all of its
//! rows together what one asks for by itself.

use std::collections::BTreeMap;

use crate::db::introductions::GivenAnswer;
use crate::db::{self, Conn};
use crate::domain::disclosure::Decision;
use crate::domain::ids::{IntroductionId, OrganizationId};
use crate::domain::introduction::{Answer, Ask, AskState, Introduction, IntroductionStatus};
use crate::domain::meeting::{Meeting, Offer};
use crate::domain::meeting_answer::Answered;
use crate::domain::permission::Operation;
use crate::domain::values::Side;
use crate::services::disclosure::{Ids, Occasion, Pair, ask, ask_all};
use crate::services::{Caller, Context, Error};

use super::{Seen, meetings};

/// The introductions at hand.
pub(super) struct Desk {
    asks: BTreeMap<IntroductionId, Vec<Ask>>,
    answers: BTreeMap<IntroductionId, Vec<GivenAnswer>>,
    offers: BTreeMap<IntroductionId, Vec<Offer>>,
    meetings: BTreeMap<IntroductionId, Meeting>,
    meeting_answers: BTreeMap<IntroductionId, Vec<Answered>>,
    names: BTreeMap<OrganizationId, String>,
    /// Of the rows that the gate was asked about together, whether it is open.
    open: BTreeMap<IntroductionId, bool>,
}

/// Whether somebody sees an introduction, and as what.
enum Sight {
    /// As one of the operator's people.
    Whole,
    /// As one of a side's.
    Of(Side),
}

impl Desk {
    /// Looks up what those introductions have in common.
    pub(super) fn load(conn: &mut Conn, rows: &[Introduction]) -> Result<Self, Error> {
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let mut asks: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ask in db::introductions::asks_of(conn, &ids)? {
            asks.entry(ask.introduction).or_default().push(ask);
        }
        let mut answers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for given in db::introductions::answers_of(conn, &ids)? {
            answers.entry(given.introduction).or_default().push(given);
        }
        let mut offers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (id, offer) in db::introductions::slots_of(conn, &ids)? {
            offers.entry(id).or_default().push(offer);
        }
        let meetings = db::introductions::meetings_of(conn, &ids)?;
        let mut meeting_answers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for answered in db::introductions::meeting_answers_of(conn, &ids)? {
            let of_one = meeting_answers.entry(answered.introduction);
            of_one.or_default().push(answered);
        }
        let mut firms: Vec<_> = rows
            .iter()
            .flat_map(|row| [row.startup, row.investor])
            .collect();
        firms.sort_unstable();
        firms.dedup();
        let firms = db::organizations::find_many(conn, &firms)?;
        Ok(Self {
            asks,
            answers,
            offers,
            meetings: meetings
                .into_iter()
                .map(|it| (it.introduction, it))
                .collect(),
            meeting_answers,
            names: firms
                .into_iter()
                .map(|firm| (firm.id, firm.details.display_name().to_string()))
                .collect(),
            open: BTreeMap::new(),
        })
    }

    /// Asks the gate about those rows together that turn on it.
    pub(super) fn prepare(
        &mut self,
        context: &Context,
        conn: &mut Conn,
        caller: &Caller,
        rows: &[Introduction],
    ) -> Result<(), Error> {
        let gated: Vec<_> = rows
            .iter()
            .filter(|row| match self.sight(caller, row) {
                Ok(Sight::Of(side)) => self.turns_on_the_gate(row, side) && is_to_ask(row),
                Ok(Sight::Whole) | Err(_) => false,
            })
            .collect();
        let ids: Vec<Ids> = gated.iter().map(|row| ids_of(row)).collect();
        let pairs = Pair::going_on_many(conn, &ids)?;
        let asked: Vec<_> = gated
            .iter()
            .filter_map(|row| Some((row.id, pairs.get(&ids_of(row))?)))
            .collect();
        let pairs: Vec<&Pair> = asked.iter().map(|(_, pair)| *pair).collect();
        let decisions = ask_all(context, conn, &pairs, Occasion::Running)?;
        let open = asked.iter().zip(decisions);
        self.open = open
            .map(|((id, _), decision)| (*id, decision == Decision::Allow))
            .collect();
        Ok(())
    }

    /// Shows an introduction to the caller, or hides it: the asked side sees it
    /// from the moment it is asked. While the gate is closed a side sees neither
    /// the other's name nor a question, until the mail has told both anyway.
    pub(super) fn see(
        &mut self,
        context: &Context,
        conn: &mut Conn,
        caller: &Caller,
        introduction: Introduction,
    ) -> Result<Seen, Error> {
        let side = match self.sight(caller, &introduction)? {
            Sight::Whole => None,
            Sight::Of(side) => Some(side),
        };
        let open = match side {
            None => true,
            Some(side) => {
                self.turns_on_the_gate(&introduction, side)
                    && self.is_open(context, conn, &introduction)?
            }
        };
        let name = |of: Side| {
            let known = match side {
                None => true,
                Some(side) => side == of || introduction.accepted(of) && open,
            };
            let name = self.names.get(&introduction.organization(of));
            name.filter(|_| known).cloned()
        };
        let (startup_name, investor_name) = (name(Side::Startup), name(Side::Investor));
        let given = self.answers.remove(&introduction.id).unwrap_or_default();
        let shared_reason = given.iter().find_map(|given| match given.answer {
            Answer::Decline { reason, share } if share || side.is_none() => Some(reason),
            _ => None,
        });
        let offered = meetings::Offered {
            offers: self.offers.remove(&introduction.id).unwrap_or_default(),
            meeting: self.meetings.remove(&introduction.id),
        };
        let id = introduction.id;
        let (slots, meeting) = meetings::seen(context, conn, &introduction, offered, side, open)?;
        let asks = self.asks.remove(&introduction.id).unwrap_or_default();
        let open_ask = asks
            .into_iter()
            .find(|ask| open && ask.state == AskState::Open && Some(ask.side) == side);
        Ok(Seen {
            introduction,
            startup_name,
            investor_name,
            side,
            shared_reason,
            open_ask,
            answers: if side.is_none() { given } else { Vec::new() },
            slots,
            meeting,
            meeting_answers: match meeting {
                Some(meeting) => self.answers_to(id, meeting),
                None => vec![],
            },
        })
    }

    /// What was answered to what is proposed now.
    fn answers_to(&mut self, id: IntroductionId, meeting: Meeting) -> Vec<Answered> {
        let mut answers = self.meeting_answers.remove(&id).unwrap_or_default();
        answers.retain(|answered| answered.sequence == meeting.sequence);
        answers
    }

    fn sight(&self, caller: &Caller, introduction: &Introduction) -> Result<Sight, Error> {
        let firms = [introduction.startup, introduction.investor];
        caller.may(Operation::ReadIntroduction, &firms)?;
        if caller.reads_all_of(&firms) {
            return Ok(Sight::Whole);
        }
        let Some(side) = caller.side(introduction.startup, introduction.investor) else {
            return Ok(Sight::Whole);
        };
        let reached = self.asks(introduction.id).any(|ask| ask.side == side);
        if introduction.requester.side() == Some(side) || reached {
            Ok(Sight::Of(side))
        } else {
            Err(Error::NotFound)
        }
    }

    fn asks(&self, id: IntroductionId) -> impl Iterator<Item = &Ask> {
        self.asks.get(&id).into_iter().flatten()
    }

    /// Whether a side sees more of an introduction while the gate is open: the
    /// other's name once that one has agreed, or a question to itself.
    fn turns_on_the_gate(&self, introduction: &Introduction, side: Side) -> bool {
        let mut asks = self.asks(introduction.id);
        introduction.accepted(side.other())
            || asks.any(|ask| ask.state == AskState::Open && ask.side == side)
    }
}

/// Whether it is for the gate to say, and not for what happened.
fn is_to_ask(introduction: &Introduction) -> bool {
    use IntroductionStatus as S;
    match introduction.status {
        S::Requested | S::Held | S::Refused | S::Blocked | S::Frozen => false,
        S::Sent | S::InConversation | S::Met | S::Converted => false,
        S::AskingFirst
        | S::AskingSecond
        | S::BothAccepted
        | S::DeliveryProblem
        | S::Declined
        | S::Withdrawn
        | S::Closed
        | S::Expired => true,
    }
}

impl Desk {
    /// Whether a side may see what was granted to it: not while, or since, the
    /// gate stopped an introduction that was never sent.
    fn is_open(
        &self,
        context: &Context,
        conn: &mut Conn,
        introduction: &Introduction,
    ) -> Result<bool, Error> {
        use IntroductionStatus as S;
        match introduction.status {
            S::Sent | S::InConversation | S::Met | S::Converted => Ok(true),
            // Closed after a mail that never arrived, it named nobody.
            S::Closed if db::introductions::follow_up(conn, introduction.id)?.is_some() => Ok(true),
            _ if !is_to_ask(introduction) => Ok(false),
            _ => {
                if let Some(open) = self.open.get(&introduction.id) {
                    return Ok(*open);
                }
                let (programme, profile, mandate) = ids_of(introduction);
                let pair = Pair::going_on(conn, programme, profile, mandate)?;
                let decision = ask(context, conn, &pair, Occasion::Running)?;
                Ok(decision == Decision::Allow)
            }
        }
    }
}

const fn ids_of(introduction: &Introduction) -> Ids {
    (
        introduction.programme,
        introduction.startup_profile,
        introduction.mandate,
    )
}
