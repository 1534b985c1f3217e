//! Several investors in one round: who has promised how much, how surely, and
//! who gets what when there is more money than room.

use chrono::NaiveDate;

use super::fault::Faults;
use super::ids::OrganizationId;
use super::money::{Currency, Money};
use super::rate_lock::RateLock;
use super::values::codes;

codes! {
    /// How far an investor is.
    Interest {
        /// Looks on.
        Observing = "observing",
        /// Thinks about it.
        Considering = "considering",
        /// Has promised.
        Committed = "committed",
        /// Has paid.
        Funded = "funded",
        /// Is out.
        Withdrawn = "withdrawn",
    }
}

codes! {
    /// How surely an amount is promised.
    Firmness {
        /// Meant, not binding.
        Soft = "soft",
        /// Binding.
        Hard = "hard",
    }
}

/// An amount that an investor promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pledge {
    /// How surely.
    pub firmness: Firmness,
    /// How much.
    pub amount: Money,
    /// The least that it would still come in with.
    pub minimum: Option<i64>,
    /// The rates that were locked with it.
    pub lock: RateLock,
}

/// An investor in a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Which firm.
    pub organization: OrganizationId,
    /// Whether it leads the round.
    pub lead: bool,
    /// How far it is.
    pub interest: Interest,
    /// What it promises; always there once it has committed.
    pub pledge: Option<Pledge>,
    /// In which closing of the round, by its number.
    pub closing: Option<i64>,
    /// What it got when that was closed, in the round's currency.
    pub allocated: Option<i64>,
    /// The day on which its money arrived, as far as somebody has said so.
    pub value_date: Option<NaiveDate>,
}

impl Participant {
    /// The day on which its money arrived, once both have said so.
    pub fn arrived_on(&self) -> Option<NaiveDate> {
        self.value_date
            .filter(|_| self.interest == Interest::Funded)
    }

    /// Every fault of what was written.
    pub fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        let promised = matches!(self.interest, Interest::Committed | Interest::Funded);
        if promised && self.pledge.is_none() {
            let detail = "Whoever has committed says how much.";
            faults.push("/amount", "required", detail);
        }
        if let Some(pledge) = &self.pledge {
            if pledge.amount.amount_minor <= 0 {
                let detail = "The amount must be above zero.";
                faults.push("/amount/amount_minor", "too_low", detail);
            }
            if pledge
                .minimum
                .is_some_and(|least| least <= 0 || least > pledge.amount.amount_minor)
            {
                let detail = "The least is above zero and at most the amount.";
                faults.push("/minimum", "out_of_range", detail);
            }
            if self.interest == Interest::Funded && pledge.firmness == Firmness::Soft {
                let detail = "What is paid is binding.";
                faults.push("/firmness", "not_hard", detail);
            }
        }
        faults
    }
}

/// The round that a deal fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Of which currency its amounts are.
    pub currency: Currency,
    /// Below it, it doesn't close.
    pub minimum: i64,
    /// What is looked for.
    pub target: i64,
    /// Above it, nothing is taken.
    pub maximum: i64,
    /// The last day.
    pub closes_on: NaiveDate,
    /// The rates that were locked with it.
    pub lock: RateLock,
}

impl Round {
    /// Every fault of what was written.
    pub fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        if self.minimum <= 0 {
            faults.push("/minimum", "too_low", "The minimum must be above zero.");
        }
        if self.target < self.minimum {
            faults.push(
                "/target",
                "below_minimum",
                "The target is the minimum or more.",
            );
        }
        if self.maximum < self.target {
            faults.push(
                "/maximum",
                "below_target",
                "The maximum is the target or more.",
            );
        }
        faults
    }
}

codes! {
    /// How a round is filled by binding promises.
    Subscription {
        /// Not even its minimum.
        BelowMinimum = "below_minimum",
        /// It can close, and looks for more.
        Under = "under",
        /// It has what it looks for.
        Filled = "filled",
        /// More than it takes.
        Over = "over",
    }
}

/// How a round is filled.
pub const fn subscription(round: &Round, hard: i64) -> Subscription {
    if hard < round.minimum {
        Subscription::BelowMinimum
    } else if hard < round.target {
        Subscription::Under
    } else if hard <= round.maximum {
        Subscription::Filled
    } else {
        Subscription::Over
    }
}

/// What somebody asks of the room; nothing where that can't be compared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// How much.
    pub amount: Option<i64>,
    /// With less than that it stays out.
    pub least: Option<i64>,
}

/// Who gets what of `room`: everybody what they promised where there is enough,
/// else their share of it, the last units to those whose share was cut most, in
/// the order given. Whose share falls below the least that they come in with
/// gets nothing, those who miss it by the largest part first, and the others
/// share anew.
pub fn allocate(asked: &[Asked], room: i64) -> Vec<i64> {
    let mut amounts: Vec<i128> = asked
        .iter()
        .map(|it| i128::from(it.amount.unwrap_or(0).max(0)))
        .collect();
    loop {
        let shares = proportional(&amounts, i128::from(room.max(0)));
        let short = shares.iter().zip(asked).enumerate();
        let short = short.filter_map(|(place, (share, asked))| {
            let least = i128::from(asked.least?);
            (*share > 0 && *share < least).then_some((place, *share, least))
        });
        // By the share of the least that is there: a/b < c/d as a·d < c·b.
        let worst = short.min_by(|a, b| (a.1 * b.2).cmp(&(b.1 * a.2)).then(b.0.cmp(&a.0)));
        let Some((place, ..)) = worst else {
            return shares.into_iter().map(narrowed).collect();
        };
        if let Some(amount) = amounts.get_mut(place) {
            *amount = 0;
        }
    }
}

fn proportional(amounts: &[i128], room: i128) -> Vec<i128> {
    let whole: i128 = amounts.iter().sum();
    if whole <= room {
        return amounts.to_vec();
    }
    let mut shares: Vec<i128> = amounts.iter().map(|it| it * room / whole).collect();
    let mut left = room - shares.iter().sum::<i128>();
    let mut by_rest: Vec<usize> = (0..amounts.len()).collect();
    let rest = |place: &usize| amounts.get(*place).map_or(0, |it| it * room % whole);
    by_rest.sort_by_key(|place| std::cmp::Reverse(rest(place)));
    for place in by_rest {
        if left == 0 {
            break;
        }
        if let Some(share) = shares.get_mut(place) {
            *share += 1;
            left -= 1;
        }
    }
    shares
}

fn narrowed(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asks(pledged: &[Option<i64>]) -> Vec<Asked> {
        let one = |amount: &Option<i64>| Asked {
            amount: *amount,
            least: None,
        };
        pledged.iter().map(one).collect()
    }

    #[test]
    fn what_is_too_much_is_cut_in_proportion() {
        let of = |pledged: &[Option<i64>]| allocate(&asks(pledged), 100);
        assert_eq!(of(&[Some(60), Some(30)]), [60, 30]);
        assert_eq!(of(&[Some(100), Some(100), Some(100)]), [34, 33, 33]);
        assert_eq!(of(&[Some(1), None, Some(199)]), [1, 0, 99]);
    }

    #[test]
    fn whose_share_is_too_small_stays_out() {
        let asked = |amount: i64, least: i64| Asked {
            amount: Some(amount),
            least: Some(least),
        };
        // Without the last one there is room for the others.
        let all = [asked(60, 50), asked(60, 40), asked(60, 60)];
        assert_eq!(allocate(&all, 120), [60, 60, 0]);
        assert_eq!(allocate(&[asked(100, 1), asked(100, 1)], 100), [50, 50]);
        assert_eq!(allocate(&[asked(60, 60)], 50), [0]);
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_promised_and_no_room_is_left(
            pledged in proptest::collection::vec(0_i64..1_000_000_000, 0..12),
            room in 0_i64..2_000_000_000,
        ) {
            let some: Vec<_> = pledged.iter().copied().map(Some).collect();
            let given = allocate(&asks(&some), room);
            let sum: i64 = given.iter().sum();
            prop_assert_eq!(sum, room.min(pledged.iter().sum()));
            prop_assert!(given.iter().zip(&pledged).all(|(given, pledged)| given <= pledged));
        }

        #[test]
        fn nobody_gets_less_than_the_least_but_nothing(
            pledged in proptest::collection::vec((1_i64..1_000_000, 1_i64..1_000_000), 0..12),
            room in 0_i64..2_000_000,
        ) {
            let all: Vec<_> = pledged
                .iter()
                .map(|(a, b)| Asked { amount: Some(*a.max(b)), least: Some(*a.min(b)) })
                .collect();
            let given = allocate(&all, room);
            prop_assert!(given.iter().sum::<i64>() <= room);
            for (given, asked) in given.iter().zip(&all) {
                prop_assert!(*given == 0 || Some(*given) >= asked.least);
            }
        }
    }
}
