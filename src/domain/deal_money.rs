//! What a deal is worth and what of it arrived: one rule for the board, the
//! reports, the scorecard and the confirmation of its funding.
//!
//! Money that both sides of a payment confirmed has arrived, whatever becomes of
//! the rest of the round: a deal that is lost later has brought it all the same.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::ids::OrganizationId;
use super::money::{Currency, Money};
use super::rate_lock::RateLock;
use super::syndicate::{Firmness, Interest, Participant, Round};

/// Money that arrived, as both sides confirmed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funded {
    /// How much.
    pub amount: Money,
    /// The day it arrived.
    pub value_date: NaiveDate,
    /// The rates that were locked with it.
    pub lock: RateLock,
}

/// What one investor promised, and what became of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which investor.
    pub firm: OrganizationId,
    /// How much it promised.
    pub amount: Money,
    /// The rates that were locked with that.
    pub lock: RateLock,
    /// Whether the promise binds.
    pub hard: bool,
    /// What a closing gave it, in the round's currency.
    pub given: Option<(Money, RateLock)>,
    /// The day on which its money arrived.
    pub arrived_on: Option<NaiveDate>,
}

impl Part {
    /// A part as it is kept; none without a promise that stands.
    pub fn of(participant: &Participant, round: Option<&Round>) -> Option<Self> {
        let stands = participant.interest != Interest::Withdrawn;
        let pledge = participant.pledge.filter(|_| stands)?;
        let given = participant.allocated.zip(round);
        Some(Self {
            firm: participant.organization,
            amount: pledge.amount,
            lock: pledge.lock,
            hard: pledge.firmness == Firmness::Hard,
            given: given.map(|(minor, round)| (Money::new(minor, round.currency), round.lock)),
            arrived_on: participant.arrived_on(),
        })
    }

    /// What counts of it: what a closing gave, else what was promised. Once it
    /// is paid, by the rates that were locked with the payment.
    pub fn counted(&self) -> (Money, RateLock) {
        match self.given {
            Some((given, lock)) if self.arrived_on.is_none() => (given, lock),
            Some((given, _)) => (given, self.lock),
            None => (self.amount, self.lock),
        }
    }

    /// Whether money of it is still to come.
    pub fn is_owed(&self) -> bool {
        self.hard && self.arrived_on.is_none() && self.counted().0.amount_minor > 0
    }
}

/// An amount that counts for a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    /// Whose; none for what the deal's own investor confirmed of all of it.
    pub firm: Option<OrganizationId>,
    /// How much.
    pub amount: Money,
    /// The rates that were locked with it.
    pub lock: RateLock,
    /// Whether it binds.
    pub hard: bool,
    /// The day it arrived; none as long as it has not.
    pub arrived_on: Option<NaiveDate>,
}

impl Worth {
    /// What arrived of it.
    pub fn funded(&self) -> Option<Funded> {
        self.arrived_on.map(|value_date| Funded {
            amount: self.amount,
            value_date,
            lock: self.lock,
        })
    }
}

/// What a deal is worth. Until it is won, every part that stands; then what its
/// investors paid, or, where not all of that was confirmed one by one, what both
/// sides confirmed of the whole.
pub fn worth(parts: &[Part], won: Option<&Funded>) -> Vec<Worth> {
    let paid = |part: &&Part| part.arrived_on.is_some();
    let one_by_one = parts.iter().any(|part| paid(&part)) && !parts.iter().any(Part::is_owed);
    match won {
        Some(won) if !one_by_one => vec![Worth {
            firm: None,
            amount: won.amount,
            lock: won.lock,
            hard: true,
            arrived_on: Some(won.value_date),
        }],
        Some(_) => parts.iter().filter(paid).map(counts).collect(),
        None => parts.iter().map(counts).collect(),
    }
}

fn counts(part: &Part) -> Worth {
    let (amount, lock) = part.counted();
    Worth {
        firm: Some(part.firm),
        amount,
        lock,
        hard: part.hard,
        arrived_on: part.arrived_on,
    }
}

/// The currency in which the payments of a deal are summed up: its round's, or
/// the one in which all of them were made.
pub fn common_currency(parts: &[Part], round: Option<Currency>) -> Option<Currency> {
    let made: BTreeSet<Currency> = parts
        .iter()
        .filter(|part| part.arrived_on.is_some())
        .map(|part| part.counted().0.currency)
        .collect();
    let only = made.first().copied().filter(|_| made.len() == 1);
    round.or(only)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn part(firm: u128, minor: i64, arrived: bool) -> Part {
        Part {
            firm: Uuid::from_u128(firm).into(),
            amount: Money::new(minor, Currency::USD),
            lock: RateLock::default(),
            hard: true,
            given: None,
            arrived_on: arrived.then_some(day()),
        }
    }

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 24).expect("a day")
    }

    fn sum(worth: &[Worth], arrived: bool) -> i64 {
        let of = worth
            .iter()
            .filter(|it| !arrived || it.arrived_on.is_some());
        of.map(|it| it.amount.amount_minor).sum()
    }

    #[test]
    fn what_was_paid_one_by_one_counts_before_and_after_the_deal_is_won() {
        let won = Funded {
            amount: Money::new(70, Currency::USD),
            value_date: day(),
            lock: RateLock::default(),
        };
        let mut cut = part(2, 90, true);
        cut.given = Some((Money::new(40, Currency::USD), RateLock::default()));
        let running = [part(1, 30, true), cut, part(3, 20, false)];
        assert_eq!(sum(&worth(&running, None), false), 90);
        assert_eq!(sum(&worth(&running, None), true), 70);
        // One is not paid: what both said of the whole is what there is.
        let whole = worth(&running, Some(&won));
        assert_eq!((whole.len(), sum(&whole, true)), (1, 70));
        let mut soft = part(3, 20, false);
        soft.hard = false;
        let all = worth(&[part(1, 30, true), cut, soft], Some(&won));
        assert_eq!((all.len(), sum(&all, true)), (2, 70));
        assert_eq!(sum(&worth(&[], Some(&won)), true), 70);
    }

    #[test]
    fn whom_a_closing_gave_nothing_owes_nothing() {
        let mut nothing = part(1, 30, false);
        assert!(nothing.is_owed());
        nothing.given = Some((Money::new(0, Currency::USD), RateLock::default()));
        assert!(!nothing.is_owed());
    }
}
