//! A round that closes in several steps: each closing takes some of what was
//! promised, ends on its own when enough of it is binding, and is paid.
//!
//! | from | event | who | guard | to |
//! |---|---|---|---|---|
//! | – | plan | startup, curator | fits the round, the dates in order | planned |
//! | planned | close | startup, curator | earlier ones are over; binding promises reach its minimum; all can be compared | closed; shares fixed, what doesn't bind is in no closing any more |
//! | planned | cancel | startup, curator | nothing binding in it | cancelled |
//! | closed | fund | startup, curator | every binding promise of it is paid | funded |

use chrono::NaiveDate;

use super::fault::Faults;
use super::permission::Hat;
use super::refusal::Refusal;
use super::syndicate::{Firmness, Interest, Participant, Round, Subscription};
use super::values::codes;

/// Most closings of a round.
pub const MOST: usize = 10;

codes! {
    /// How a closing stands.
    ClosingStatus {
        /// To come.
        Planned = "planned",
        /// Who gets what is fixed; the money is due.
        Closed = "closed",
        /// All of it arrived.
        Funded = "funded",
        /// It doesn't take place.
        Cancelled = "cancelled",
    }
}

codes! {
    /// What is done with a closing.
    ClosingAction {
        /// Fixes who gets what.
        Close = "close",
        /// Says that all of it arrived.
        Fund = "fund",
        /// Calls it off.
        Cancel = "cancel",
    }
}

/// One closing of a round, in the round's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// The first is 1.
    pub number: i64,
    /// Below it, it doesn't close.
    pub minimum: i64,
    /// Above it, nothing is taken.
    pub maximum: i64,
    /// The day that is planned for it.
    pub closes_on: NaiveDate,
    /// How it stands.
    pub status: ClosingStatus,
    /// When it was closed.
    pub closed_on: Option<NaiveDate>,
    /// When the last of its money was confirmed.
    pub funded_on: Option<NaiveDate>,
}

impl Closing {
    /// Whether something is still to be done about it.
    pub const fn is_pending(&self) -> bool {
        matches!(self.status, ClosingStatus::Planned | ClosingStatus::Closed)
    }

    /// How it is filled by what is promised bindingly.
    pub const fn subscription(&self, hard: i64) -> Subscription {
        if hard < self.minimum {
            Subscription::BelowMinimum
        } else if hard < self.maximum {
            Subscription::Under
        } else if hard == self.maximum {
            Subscription::Filled
        } else {
            Subscription::Over
        }
    }
}

/// Whether somebody's promise is for that closing and counts.
pub fn takes(participant: &Participant, number: i64) -> bool {
    participant.closing == Some(number)
        && participant.pledge.is_some()
        && participant.interest != Interest::Withdrawn
}

/// Whether it binds.
pub fn binds(participant: &Participant) -> bool {
    let pledge = participant.pledge.as_ref();
    pledge.is_some_and(|pledge| pledge.firmness == Firmness::Hard)
}

/// Every fault of what is planned in place of what was.
pub fn plan_faults(
    planned: &[Closing],
    before: &[Closing],
    round: &Round,
    participants: &[Participant],
) -> Faults {
    let mut faults = Faults::new();
    if planned.len() > MOST {
        let detail = format!("A round has at most {MOST} closings.");
        faults.push("/closings", "too_many", detail);
    }
    let mut last: Option<NaiveDate> = None;
    for (place, closing) in planned.iter().enumerate() {
        let mut push = |field: &str, code: &'static str, detail: &str| {
            faults.push(format!("/closings/{place}/{field}"), code, detail);
        };
        if closing.minimum <= 0 {
            push("minimum", "too_low", "The minimum must be above zero.");
        }
        if closing.maximum < closing.minimum {
            let detail = "The maximum is the minimum or more.";
            push("maximum", "below_minimum", detail);
        }
        if last.is_some_and(|last| closing.closes_on < last) {
            let detail = "Closings follow each other.";
            push("closes_on", "out_of_order", detail);
        }
        if closing.closes_on > round.closes_on {
            let detail = "The round closes before that day.";
            push("closes_on", "after_round", detail);
        }
        last = Some(closing.closes_on);
        let was = before.iter().find(|it| it.number == closing.number);
        let fixed = was.filter(|it| it.status != ClosingStatus::Planned);
        if fixed.is_some_and(|it| it != closing) {
            let detail = "It is closed or cancelled and stays as it was.";
            faults.push(format!("/closings/{place}"), "closing_fixed", detail);
        }
    }
    let room = planned
        .iter()
        .filter(|it| it.status != ClosingStatus::Cancelled);
    let sum = room.fold(0_i64, |sum, it| sum.saturating_add(it.maximum));
    if sum > round.maximum {
        let detail = "All closings together take no more than the round.";
        faults.push("/closings", "above_round", detail);
    }
    for gone in before.iter().skip(planned.len()) {
        let used = participants
            .iter()
            .any(|it| it.closing == Some(gone.number));
        if used || gone.status != ClosingStatus::Planned {
            let detail = format!("Closing {} is fixed or has promises.", gone.number);
            faults.push("/closings", "closing_in_use", detail);
        }
    }
    faults
}

/// What a closing's guards look at.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// An earlier one is still planned.
    pub earlier_planned: bool,
    /// What is promised bindingly in it, in the round's currency.
    pub hard: i64,
    /// How much of that has a share above nothing.
    pub shared: i64,
    /// Binding promises of it that no rate was there for.
    pub uncompared: usize,
    /// Binding promises of it.
    pub binding: usize,
    /// Binding promises of it that are not paid.
    pub unpaid: usize,
}

/// Moves a closing.
///
/// # Errors
/// It isn't the hat's to do, it can't be done in that state, or a guard says
/// no.
pub fn step(
    closing: &Closing,
    action: ClosingAction,
    hat: Hat,
    facts: &Facts,
    today: NaiveDate,
) -> Result<Closing, Refusal> {
    use ClosingAction as A;
    use ClosingStatus as S;
    if !matches!(hat, Hat::Startup | Hat::Curator) {
        return Err(Refusal::not_yours(action.code()));
    }
    let refused = |code: &'static str, detail: &str| Err(Refusal::new(code, detail));
    match (closing.status, action) {
        (S::Planned, A::Close) => {
            if facts.earlier_planned {
                return refused(
                    "earlier_closing_open",
                    "An earlier closing is still to come.",
                );
            }
            if facts.uncompared > 0 {
                let detail = "No rate was there for one of its promises.";
                return refused("not_comparable", detail);
            }
            if facts.hard < closing.minimum || facts.shared < closing.minimum {
                let detail = "What is promised bindingly doesn't reach its minimum.";
                return refused("below_minimum", detail);
            }
            Ok(Closing {
                status: S::Closed,
                closed_on: Some(today),
                ..*closing
            })
        }
        (S::Planned, A::Cancel) if facts.binding > 0 => refused(
            "binding_promises",
            "Binding promises of it go to another closing or are taken back first.",
        ),
        (S::Planned, A::Cancel) => Ok(Closing {
            status: S::Cancelled,
            ..*closing
        }),
        (S::Closed, A::Fund) if facts.unpaid > 0 => {
            refused("not_paid", "Not everybody in it has paid.")
        }
        (S::Closed, A::Fund) => Ok(Closing {
            status: S::Funded,
            funded_on: Some(today),
            ..*closing
        }),
        _ => Err(Refusal::no_transition(action.code())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(status: ClosingStatus) -> Closing {
        Closing {
            number: 1,
            minimum: 50,
            maximum: 100,
            closes_on: NaiveDate::from_ymd_opt(2027, 1, 31).expect("a day"),
            status,
            closed_on: None,
            funded_on: None,
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_refused() {
        let facts = Facts {
            earlier_planned: false,
            hard: 60,
            shared: 60,
            uncompared: 0,
            binding: 0,
            unpaid: 0,
        };
        let today = closing(ClosingStatus::Planned).closes_on;
        for status in ClosingStatus::ALL {
            for action in ClosingAction::ALL {
                let next = step(&closing(*status), *action, Hat::Curator, &facts, today);
                let expected = match (status, action) {
                    (ClosingStatus::Planned, ClosingAction::Close) => Some(ClosingStatus::Closed),
                    (ClosingStatus::Planned, ClosingAction::Cancel) => {
                        Some(ClosingStatus::Cancelled)
                    }
                    (ClosingStatus::Closed, ClosingAction::Fund) => Some(ClosingStatus::Funded),
                    _ => None,
                };
                assert_eq!(next.ok().map(|it| it.status), expected);
                let investor = step(&closing(*status), *action, Hat::Investor, &facts, today);
                assert!(investor.is_err());
            }
        }
    }

    #[test]
    fn a_closing_below_its_minimum_or_before_its_turn_stays_open() {
        let fine = Facts {
            earlier_planned: false,
            hard: 50,
            shared: 50,
            uncompared: 0,
            binding: 1,
            unpaid: 1,
        };
        let planned = closing(ClosingStatus::Planned);
        let close = |facts: Facts| {
            let closed = step(
                &planned,
                ClosingAction::Close,
                Hat::Startup,
                &facts,
                planned.closes_on,
            );
            closed.map_err(|refusal| refusal.code.into_owned())
        };
        assert!(close(fine).is_ok());
        for (facts, code) in [
            (Facts { hard: 49, ..fine }, "below_minimum"),
            (Facts { shared: 40, ..fine }, "below_minimum"),
            (
                Facts {
                    uncompared: 1,
                    ..fine
                },
                "not_comparable",
            ),
            (
                Facts {
                    earlier_planned: true,
                    ..fine
                },
                "earlier_closing_open",
            ),
        ] {
            assert_eq!(close(facts).expect_err("refused"), code);
        }
    }
}
