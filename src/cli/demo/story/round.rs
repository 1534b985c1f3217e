//! The round of the demo's deal that is won: a promise that binds by and by, a
//! closing, and money that both sides say is there.

use chrono::{NaiveDate, TimeDelta};

use crate::cli::demo::Failure;
use crate::domain::closing::ClosingAction;
use crate::domain::ids::{DealId, OrganizationId};
use crate::domain::money::{Currency, Money};
use crate::domain::pipeline::{DealAction, Funding};
use crate::domain::rate_lock::RateLock;
use crate::domain::syndicate::{Firmness, Interest, Participant, Pledge, Round};
use crate::services::closings::{self, NewClosing};
use crate::services::{Caller, Context, deals, participants, syndicates};

/// What the round brings, in cents.
const RAISED: i64 = 100_000_000;
/// Below it, it would not close.
const LEAST: i64 = 80_000_000;

/// The investor promises, first without binding itself; the round is closed, the
/// money comes, and both sides confirm it: the deal is won.
pub async fn won(
    context: &Context,
    deal: DealId,
    founder: &Caller,
    investor: &Caller,
) -> Result<(), Failure> {
    let today = context.now().date_naive();
    planned(context, deal, founder, today).await?;
    let firm = deals::find(context, founder, deal).await?.deal.investor;
    for firmness in [Firmness::Soft, Firmness::Hard] {
        let promise = promise(firm, firmness, Interest::Committed);
        participants::set(context, investor, deal, None, promise, None).await?;
    }
    step(context, founder, deal, ClosingAction::Close).await?;
    for caller in [investor, founder] {
        let paid = promise(firm, Firmness::Hard, Interest::Funded);
        participants::set(context, caller, deal, None, paid, None).await?;
    }
    step(context, founder, deal, ClosingAction::Fund).await?;
    let confirm = DealAction::Confirm(Funding {
        amount: Money::new(RAISED, Currency::USD),
        value_date: today,
    });
    for caller in [founder, investor] {
        let confirm = confirm.clone();
        deals::transition(context, caller, None, deal, None, confirm, None).await?;
    }
    Ok(())
}

/// The round, and its only closing.
async fn planned(
    context: &Context,
    deal: DealId,
    founder: &Caller,
    today: NaiveDate,
) -> Result<(), Failure> {
    let round = Round {
        currency: Currency::USD,
        minimum: LEAST,
        target: RAISED,
        maximum: RAISED,
        closes_on: today + TimeDelta::days(60),
        lock: RateLock::default(),
    };
    syndicates::set_round(context, founder, deal, None, round).await?;
    let closing = NewClosing {
        minimum: LEAST,
        maximum: RAISED,
        closes_on: today + TimeDelta::days(30),
    };
    closings::plan(context, founder, deal, None, vec![closing]).await?;
    Ok(())
}

fn promise(firm: OrganizationId, firmness: Firmness, interest: Interest) -> Participant {
    Participant {
        organization: firm,
        lead: false,
        interest,
        pledge: Some(Pledge {
            firmness,
            amount: Money::new(RAISED, Currency::USD),
            minimum: None,
            lock: RateLock::default(),
        }),
        closing: Some(1),
        allocated: None,
        value_date: None,
    }
}

async fn step(
    context: &Context,
    founder: &Caller,
    deal: DealId,
    action: ClosingAction,
) -> Result<(), Failure> {
    closings::transition(context, founder, None, deal, None, 1, action).await?;
    Ok(())
}
