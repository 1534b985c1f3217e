//! What promises are worth in their round's currency, and who gets what of
//! each closing.

use crate::db::Conn;
use crate::domain::closing::{Closing, ClosingStatus, Facts, binds, takes};
use crate::domain::money::{Currency, Money};
use crate::domain::syndicate::{Asked, Interest, Participant, Round, allocate};

use super::Error;
use super::locked::LockedBook;

/// A promise beside the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Promise {
    /// Whether there is one that stands.
    pub(super) stands: bool,
    /// Whether it binds.
    pub(super) binds: bool,
    /// What it is worth; none without a rate.
    pub(super) value: Option<i64>,
    /// What it gets, where it binds and can be compared.
    pub(super) share: Option<i64>,
}

/// Sums of promises.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    /// What doesn't bind.
    pub soft: i64,
    /// What binds.
    pub hard: i64,
    /// Promises that no rate was there for; they are in neither sum.
    pub uncompared: usize,
}

/// Weighs all promises of a round.
pub(super) fn weigh(
    conn: &mut Conn,
    rates: &mut LockedBook,
    round: Option<&Round>,
    closings: &[Closing],
    participants: &[Participant],
) -> Result<Vec<Promise>, Error> {
    let currency = round.map_or(Currency::USD, |round| round.currency);
    let mut promises = Vec::with_capacity(participants.len());
    let mut asked = Vec::with_capacity(participants.len());
    for participant in participants {
        let stands = participant.interest != Interest::Withdrawn;
        let pledge = participant.pledge.filter(|_| stands);
        let (mut value, mut least) = (None, None);
        if let Some(pledge) = &pledge {
            value = rates.convert(conn, pledge.amount, &pledge.lock, currency)?;
            if let Some(minimum) = pledge.minimum {
                let minimum = Money::new(minimum, pledge.amount.currency);
                least = rates.convert(conn, minimum, &pledge.lock, currency)?;
            }
        }
        let binds = pledge.is_some() && binds(participant);
        let amount = value.filter(|_| binds);
        asked.push(Asked { amount, least });
        promises.push(Promise {
            stands: pledge.is_some(),
            binds,
            value,
            share: None,
        });
    }
    if closings.is_empty() {
        let room = round.map_or(0, |round| round.maximum);
        give(&mut promises, &asked, room, |_| round.is_some());
    }
    for closing in closings {
        let takes = |place: usize| {
            let participant = participants.get(place);
            participant.is_some_and(|it| takes(it, closing.number))
        };
        if closing.status == ClosingStatus::Planned {
            give(&mut promises, &asked, closing.maximum, takes);
        }
    }
    for (promise, participant) in promises.iter_mut().zip(participants) {
        // What a closing fixed stays.
        promise.share = participant.allocated.or(promise.share);
    }
    Ok(promises)
}

fn give(promises: &mut [Promise], asked: &[Asked], room: i64, takes: impl Fn(usize) -> bool) {
    let of_it: Vec<Asked> = asked
        .iter()
        .enumerate()
        .map(|(place, asked)| {
            if takes(place) {
                *asked
            } else {
                Asked::default()
            }
        })
        .collect();
    let shares = allocate(&of_it, room);
    for (place, (promise, share)) in promises.iter_mut().zip(shares).enumerate() {
        if takes(place) && promise.binds && promise.value.is_some() {
            promise.share = Some(share);
        }
    }
}

/// Sums up the promises of one closing, or of all where none is named.
pub(super) fn sums(
    promises: &[Promise],
    participants: &[Participant],
    closing: Option<i64>,
) -> Sums {
    let mut sums = Sums::default();
    for (promise, participant) in promises.iter().zip(participants) {
        if !promise.stands || closing.is_some_and(|number| participant.closing != Some(number)) {
            continue;
        }
        match promise.value {
            Some(value) if promise.binds => sums.hard = sums.hard.saturating_add(value),
            Some(value) => sums.soft = sums.soft.saturating_add(value),
            None => sums.uncompared += 1,
        }
    }
    sums
}

/// What the guards of a closing look at.
pub(super) fn facts(
    closing: &Closing,
    closings: &[Closing],
    promises: &[Promise],
    participants: &[Participant],
) -> Facts {
    let of_it: Vec<_> = promises
        .iter()
        .zip(participants)
        .filter(|(promise, it)| promise.binds && takes(it, closing.number))
        .collect();
    let shares = of_it.iter().filter_map(|(promise, _)| promise.share);
    let unpaid = |it: &Participant| {
        it.interest != Interest::Funded && it.allocated.is_none_or(|allocated| allocated > 0)
    };
    Facts {
        earlier_planned: closings
            .iter()
            .any(|it| it.number < closing.number && it.status == ClosingStatus::Planned),
        hard: sums(promises, participants, Some(closing.number)).hard,
        shared: shares.fold(0_i64, i64::saturating_add),
        uncompared: of_it.iter().filter(|(it, _)| it.value.is_none()).count(),
        binding: of_it.len(),
        unpaid: of_it.iter().filter(|(_, it)| unpaid(it)).count(),
    }
}
