//! What the investors of a deal paid, beside what the two who began it confirm of
//! the whole.

use crate::db::{Conn, syndicates};
use crate::domain::deal_money::{Part, common_currency};
use crate::domain::fault::Faults;
use crate::domain::ids::DealId;
use crate::domain::money::Money;
use crate::domain::pipeline::{Deal, Funding};
use crate::domain::refusal::Refusal;
use crate::domain::syndicate::{Participant, Round};

use super::locked::LockedBook;
use super::{Caller, Error};

/// What was promised in a deal and became of it, by who takes part.
pub(super) fn parts(
    conn: &mut Conn,
    id: DealId,
    participants: &[Participant],
) -> Result<Vec<Part>, Error> {
    let round = if needs_round(participants) {
        syndicates::round(conn, id)?
    } else {
        None
    };
    Ok(parts_of(participants, round.as_ref()))
}

/// Whether the round says of what somebody's part is: only what a closing gave is
/// in its currency.
pub(super) fn needs_round(participants: &[Participant]) -> bool {
    participants.iter().any(|it| it.allocated.is_some())
}

/// [`parts`] where the round is known.
pub(super) fn parts_of(participants: &[Participant], round: Option<&Round>) -> Vec<Part> {
    let parts = participants.iter();
    parts.filter_map(|it| Part::of(it, round)).collect()
}

/// Refuses to take a deal's funding as confirmed while it isn't what its
/// investors paid. Where the deal's own investor alone is bound, the two confirm
/// its payment with that; where others are, each payment was confirmed before,
/// and the whole is their sum. An investor doesn't learn of the others by name or
/// amount.
pub(super) fn check_sum(
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
    funding: &Funding,
) -> Result<(), Error> {
    let all = syndicates::participants(conn, &[deal.id])?.remove(&deal.id);
    let parts = parts(conn, deal.id, &all.unwrap_or_default())?;
    owing(caller, deal, &parts)?;
    if !parts.iter().any(|part| part.arrived_on.is_some()) {
        return Ok(());
    }
    let round = syndicates::round(conn, deal.id)?.map(|round| round.currency);
    let Some(currency) = common_currency(&parts, round) else {
        return Err(Error::refused(
            "no_round",
            "It was paid in several currencies; set the round, in whose the sum is.",
        ));
    };
    let (mut rates, mut sum) = (LockedBook::default(), 0_i64);
    for part in parts.iter().filter(|part| part.arrived_on.is_some()) {
        let (amount, lock) = part.counted();
        match rates.convert(conn, amount, &lock, currency)? {
            Some(minor) => sum = sum.saturating_add(minor),
            // Nobody can say what the sum is.
            None => return Ok(()),
        }
    }
    let sum = Money::new(sum, currency);
    if funding.amount == sum {
        return Ok(());
    }
    let detail = if knows_all(caller, deal) {
        format!("The investors paid {sum} in all.")
    } else {
        "It is not what the investors paid in all.".to_owned()
    };
    let mut faults = Faults::new();
    faults.push("/amount", "differs_from_payments", detail);
    Ok(faults.finish()?)
}

/// Refuses while somebody's binding promise is not paid, where the payments are
/// confirmed one by one.
fn owing(caller: &Caller, deal: &Deal, parts: &[Part]) -> Result<(), Refusal> {
    let others = parts
        .iter()
        .any(|part| part.hard && part.firm != deal.investor);
    let paid = parts.iter().any(|part| part.arrived_on.is_some());
    let owed = parts.iter().filter(|part| part.is_owed());
    let mut owed = owed.filter(|_| others || paid).peekable();
    if owed.peek().is_none() {
        return Ok(());
    }
    let all = knows_all(caller, deal);
    let mut missing = Faults::new();
    for part in owed.filter(|part| all || caller.belongs_to(part.firm)) {
        let pointer = format!("/participants/{}", part.firm);
        missing.push(pointer, "not_paid", "Its binding promise is not paid.");
    }
    let detail = "A binding promise of its round is not paid: it is paid or withdrawn before.";
    Err(Refusal {
        missing: missing.into_vec(),
        ..Refusal::new("payments_open", detail)
    })
}

fn knows_all(caller: &Caller, deal: &Deal) -> bool {
    caller.reads_all_of(&[deal.startup, deal.investor]) || caller.belongs_to(deal.startup)
}

/// What keeps a deal's funding from being confirmed, whatever its amount: who of
/// its investors still owes.
pub(super) fn pending(
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
) -> Result<Option<Refusal>, Error> {
    let all = syndicates::participants(conn, &[deal.id])?.remove(&deal.id);
    let parts = parts(conn, deal.id, &all.unwrap_or_default())?;
    Ok(owing(caller, deal, &parts).err())
}
