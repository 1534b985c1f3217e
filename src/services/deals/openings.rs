//! Deals that somebody of a side opens: each opening that names the other side
//! stands in the ledger.

use crate::db::Conn;
use crate::domain::disclosure::Opener;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::DealId;
use crate::domain::permission::Operation;
use crate::domain::pipeline::Deal;
use crate::domain::values::Side;
use crate::services::disclosure::Occasion;
use crate::services::disclosure::opening::{self, Opening};
use crate::services::{Caller, Context, Error};

use super::{Seen, load, see};

/// One deal, for whoever is shown it: the ledger notes that they opened it,
/// where it names the other side.
pub async fn open_record(context: &Context, caller: &Caller, id: DealId) -> Result<Seen, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (seen, opening) = context
        .db
        .look_up(move |conn| {
            let deal = load(conn, id)?;
            caller_in.may(Operation::ReadDeal, &[deal.startup, deal.investor])?;
            let seen = see(&context_in, conn, &caller_in, deal)?;
            let opening = match opening(conn, &caller_in, &seen)? {
                Some(opening) => opening.unless_noted(&context_in, conn)?,
                None => None,
            };
            Ok::<_, Error>((seen, opening))
        })
        .await?;
    opening::note(context, caller.actor(), opening).await?;
    Ok(seen)
}

/// What of the other side somebody of a side is shown who opens a deal.
fn opening(conn: &mut Conn, caller: &Caller, seen: &Seen) -> Result<Option<Opening>, Error> {
    let deal = &seen.deal;
    let Some(side) = caller.side(deal.startup, deal.investor) else {
        return Ok(None);
    };
    let named = match side {
        Side::Startup => &seen.investor_name,
        Side::Investor => &seen.startup_name,
    };
    match named {
        Some(_) => {
            let by = Opener::Person(caller.id());
            Ok(Some(opening_of(conn, by, deal, side)?))
        }
        None => Ok(None),
    }
}

/// The opening of a deal by somebody of that side, who reads the other's name.
pub(in crate::services) fn opening_of(
    conn: &mut Conn,
    by: Opener,
    deal: &Deal,
    side: Side,
) -> Result<Opening, Error> {
    let (shown, to) = match side {
        Side::Startup => (deal.investor, deal.startup),
        Side::Investor => (deal.startup, deal.investor),
    };
    let records = (deal.startup_profile, deal.mandate);
    Ok(Opening {
        programme: deal.programme,
        shown,
        to,
        subject: Subject::new(SubjectKind::Deal, deal.id),
        by,
        revision: opening::revision_of(conn, side.other(), records)?,
        occasion: Occasion::Connected,
    })
}
