//! What the parties of a programme are told of its deals: as of the end of a
//! quarter, and anew only once so many more of them happened that no single
//! one's day or amount can be worked out from two cards, of whatever days.

use std::collections::BTreeSet;

use chrono::{Months, NaiveDate};

use super::commitment::Measure;
use super::report::{quarter_start, small};
use super::scorecard::Account;

/// How many deals, as it is told; none where too few are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DealsTold {
    /// Deals that were opened.
    pub opened: Option<usize>,
    /// Deals that were signed and still stand.
    pub signed: Option<usize>,
    /// Deals whose money arrived.
    pub funded: Option<usize>,
}

impl DealsTold {
    /// What that measure counts of them, as far as it is told; none for one
    /// that counts no deals.
    pub fn counted(&self, measure: Measure) -> Option<i64> {
        let told = match measure {
            Measure::DealsOpened => self.opened,
            Measure::DealsSigned => self.signed,
            Measure::DealsFunded => self.funded,
            _ => None,
        };
        told.and_then(|told| i64::try_from(told).ok())
    }
}

/// Follows an account as its lines are read, and keeps what is told of it.
#[derive(Debug, Clone, Default)]
pub struct Teller {
    /// The first day of the quarter that is being read.
    quarter: Option<NaiveDate>,
    /// The deals, as told.
    pub deals: DealsTold,
    /// What the account said when money was told last.
    pub money: Account,
    /// The last day of the quarter as of which that was; none where too few
    /// deals brought money for any to be told.
    pub money_until: Option<NaiveDate>,
}

impl Teller {
    /// A line of that day is read next, after all that is in the account.
    pub fn before(&mut self, day: NaiveDate, account: &Account, signed: &BTreeSet<String>) {
        let quarter = *self.quarter.get_or_insert_with(|| quarter_start(day));
        self.close(quarter, |last| last < day, account, signed);
    }

    /// Nothing more is read up to and with that day.
    pub fn end(&mut self, day: NaiveDate, account: &Account, signed: &BTreeSet<String>) {
        if let Some(quarter) = self.quarter {
            self.close(quarter, |last| last <= day, account, signed);
        }
    }

    /// Tells as of the end of each quarter that is over.
    fn close(
        &mut self,
        mut quarter: NaiveDate,
        is_over: impl Fn(NaiveDate) -> bool,
        account: &Account,
        signed: &BTreeSet<String>,
    ) {
        while let Some(next) = quarter.checked_add_months(Months::new(3))
            && let Some(last) = next.pred_opt()
            && is_over(last)
        {
            self.tell(last, account, signed);
            quarter = next;
        }
        self.quarter = Some(quarter);
    }

    fn tell(&mut self, last: NaiveDate, account: &Account, signed: &BTreeSet<String>) {
        tell(&mut self.deals.opened, account.deals.len());
        tell(&mut self.deals.signed, account.signed(signed));
        if tell(&mut self.deals.funded, account.funded().count()) {
            let told = self.deals.funded.map(|_| (account.clone(), last));
            (self.money, self.money_until) = match told {
                Some((money, last)) => (money, Some(last)),
                None => (Account::default(), None),
            };
        }
    }
}

/// Tells a count anew if enough has changed; answers whether it did.
fn tell(told: &mut Option<usize>, now: usize) -> bool {
    let fewest = usize::try_from(small::FEWEST).unwrap_or(usize::MAX);
    let anew = now.abs_diff(told.unwrap_or(0)) >= fewest;
    if anew {
        // One that fell below what is told at all reads as untold.
        *told = (now >= fewest).then_some(now);
    }
    anew
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::event::{Subject, SubjectKind, Value};
    use super::super::money::{Currency, Money};
    use super::super::scorecard::Line;
    use super::*;

    /// What somebody who may read it reads of deals on a day.
    fn told(deals: &[(i64, i64)], day: NaiveDate) -> (DealsTold, i64) {
        let start: DateTime<Utc> = "2026-01-01T12:00:00Z".parse().expect("an instant");
        let signed = BTreeSet::new();
        let (mut account, mut teller) = (Account::default(), Teller::default());
        let mut lines: Vec<(DateTime<Utc>, usize, Option<i64>)> = Vec::new();
        for (place, (opened, amount)) in deals.iter().enumerate() {
            let at = start + TimeDelta::days(*opened);
            lines.push((at, place, None));
            lines.push((at + TimeDelta::days(30), place, Some(*amount)));
        }
        lines.sort();
        for (at, place, amount) in lines {
            if at.date_naive() > day {
                break;
            }
            let id = Uuid::from_u128(place as u128 + 1);
            let mut payload = Vec::new();
            if let Some(minor) = amount {
                let money = Money::new(minor, Currency::USD);
                payload.push(("to".to_owned(), Value::Code("won".to_owned())));
                payload.push(("amount".to_owned(), Value::Money(money)));
            }
            teller.before(at.date_naive(), &account, &signed);
            account.read(
                &Line {
                    at,
                    kind: if amount.is_some() {
                        "deal.moved"
                    } else {
                        "deal.opened"
                    },
                    subject: Subject {
                        kind: SubjectKind::Deal,
                        id,
                    },
                    payload: &payload,
                },
                &signed,
            );
        }
        teller.end(day, &account, &signed);
        let money = teller.money.funded().flatten();
        let money = money.map(|it| it.amount.amount_minor).sum();
        (teller.deals, money)
    }

    #[test]
    fn few_deals_are_not_told_and_five_are_when_their_quarter_is_over() {
        let five = [(3, 1), (5, 1), (8, 1), (13, 1), (21, 1)];
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        assert_eq!(told(&five, day("2026-03-30")), (DealsTold::default(), 0));
        let deals = DealsTold {
            opened: Some(5),
            signed: None,
            funded: Some(5),
        };
        assert_eq!(told(&five, day("2026-03-31")), (deals, 5));
        assert_eq!(
            told(&five[1..], day("2027-03-31")),
            (DealsTold::default(), 0)
        );
    }

    proptest! {
        /// Two cards of whatever days differ by nothing, or by five deals and
        /// more; and so does their money.
        #[test]
        fn no_two_cards_tell_one_deal(
            deals in prop::collection::vec((0_i64..900, 1_i64..1_000_000), 0..30),
            days in (0_i64..1_200, 0_i64..1_200),
        ) {
            let start: NaiveDate = "2026-01-01".parse().expect("a day");
            let on = |day| told(&deals, start + TimeDelta::days(day));
            let ((one, money), (other, other_money)) = (on(days.0), on(days.1));
            for (a, b) in [(one.opened, other.opened), (one.funded, other.funded)] {
                let apart = a.unwrap_or(0).abs_diff(b.unwrap_or(0));
                prop_assert!(apart == 0 || apart >= 5, "{a:?} {b:?}");
            }
            if money != other_money {
                let apart = one.funded.unwrap_or(0).abs_diff(other.funded.unwrap_or(0));
                prop_assert!(apart >= 5, "{money} {other_money} by {apart} deals");
            }
        }
    }
}
