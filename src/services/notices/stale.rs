//! The mail about a deal that stands too long.

use super::content::{Content, Prepared, StaleContent};
use super::facts::ready;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::ids::{DealId, OrganizationId, UserId};
use crate::domain::pipeline::DealStatus;
use crate::services::apart::{self, Apart};
use crate::services::{Context, Error, deal_entries, deals, programmes};

/// Looks up what it says, unless the deal went on meanwhile; while a freeze is
/// in force it waits, and whom something else keeps apart gets none.
pub(super) fn prepare_stale(
    context: &Context,
    conn: &mut Conn,
    user: UserId,
    id: DealId,
) -> Result<Prepared, Error> {
    let deal = deals::load(conn, id)?;
    let clock = db::deal_clocks::find(conn, id)?;
    let stale_at = clock.and_then(|clock| clock.stale_at);
    let stands = stale_at.is_some_and(|at| at < context.now());
    if deal.status != DealStatus::Open || !stands {
        return Ok(Prepared::Obsolete("went_on"));
    }
    match apart::of_deal(context, conn, &deal)? {
        Some(Apart::Frozen) => return Ok(Prepared::Later),
        Some(Apart::Barred) => return Ok(Prepared::Obsolete("gate_closed")),
        None => {}
    }
    let parts = db::users::memberships(conn, user)?;
    let belongs = |firm| parts.iter().any(|part| part.organization == firm);
    let name = |conn: &mut Conn, firm: OrganizationId| -> Result<String, Error> {
        let firm = db::organizations::find(conn, firm)?.ok_or(Error::NotFound)?;
        Ok(firm.details.display_name().to_string())
    };
    let of_side = belongs(deal.startup) || belongs(deal.investor);
    let counterpart = if belongs(deal.startup) {
        name(conn, deal.investor)?
    } else if belongs(deal.investor) {
        name(conn, deal.startup)?
    } else if parts.iter().any(|part| part.role == Role::Curator) {
        let (startup, investor) = (name(conn, deal.startup)?, name(conn, deal.investor)?);
        format!("{startup} – {investor}")
    } else {
        // They left meanwhile.
        return Ok(Prepared::Obsolete("no_recipient"));
    };
    let programme = programmes::load(conn, deal.programme)?;
    let link = of_side.then(|| deal_entries::token(context, &deal, user));
    let link = link.transpose()?;
    let content = StaleContent {
        programme: programme.details.title.to_string(),
        counterpart,
        since: deal.stage_entered_at,
        deal: id,
        link,
    };
    let to = db::users::find(conn, user)?.into_iter().collect();
    Ok(ready(to, Content::Stale(Box::new(content))))
}
