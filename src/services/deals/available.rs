//! What can be done with a deal now.

use chrono::NaiveDate;

use crate::db::Conn;
use crate::domain::ids::DealId;
use crate::domain::permission::Hat;
use crate::domain::pipeline::{Deal, DealAction, DealStatus, step};
use crate::domain::refusal::Refusal;
use crate::domain::values::CloseCode;
use crate::services::transitions::available;
use crate::services::{Caller, Context, Error, apart, closings, payments, pipelines};

use super::{find, goes_on_apart, only_one};

/// What can be done with a deal now, each action with what stands in its way.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: DealId,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let deal = find(context, caller, id).await?.deal;
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let mut found = open_to(&context_in, conn, &caller, &deal)?;
            let pending = match closings::pending(conn, id)? {
                None => payments::pending(conn, &caller, &deal)?,
                pending => pending,
            };
            for (action, refusal) in &mut found {
                if *action == "confirm" && refusal.is_none() {
                    refusal.clone_from(&pending);
                }
            }
            Ok(found)
        })
        .await
}

/// What the caller can do with a deal that they may see.
pub(in crate::services) fn open_to(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let now = context.now();
    let pipeline = pipelines::of_deal(context, conn, deal)?;
    let tomorrow: NaiveDate = (now + chrono::TimeDelta::days(1)).date_naive();
    let first = pipeline.stages().first().map(|stage| stage.slug.clone());
    let last = pipeline.stages().last().map(|stage| stage.slug.clone());
    let funding = crate::domain::pipeline::Funding {
        amount: crate::domain::money::Money::new(1, crate::domain::money::Currency::USD),
        value_date: now.date_naive(),
    };
    let mut actions = vec![
        DealAction::Report,
        DealAction::Advance,
        DealAction::Hold(tomorrow),
        DealAction::Resume,
        DealAction::Lose(CloseCode::Other),
        DealAction::Withdraw,
        DealAction::Confirm(funding),
        DealAction::Block,
        DealAction::Unblock,
        DealAction::Reopen,
    ];
    actions.extend(
        last.filter(|slug| *slug != deal.stage)
            .map(DealAction::Skip),
    );
    actions.extend(
        first
            .filter(|slug| *slug != deal.stage)
            .map(DealAction::MoveBack),
    );
    let hats = caller.hats(deal.startup, deal.investor);
    let owners = [deal.startup, deal.investor];
    let apart = apart::of_deal(context, conn, deal)?;
    let stands = apart::check(caller, &owners, apart);
    let in_the_way = only_one::in_the_way(conn, deal)?;
    let found = available(&actions.iter().collect::<Vec<_>>(), &hats, |action, hat| {
        step(deal, action, hat, &pipeline, now)?;
        if goes_on_apart(action) {
            return Ok(());
        }
        stands.clone()?;
        match &in_the_way {
            Some(refusal) if *action == DealAction::Reopen => Err(refusal.clone()),
            _ => Ok(()),
        }
    });
    let mut found: Vec<_> = found
        .into_iter()
        .map(|(action, refusal)| (action.code(), refusal))
        .collect();
    // By another pipeline, which the others are not asked about.
    if deal.status == DealStatus::Open && hats.contains(&Hat::Curator) {
        found.push(("reroute", stands.err()));
    }
    Ok(found)
}
