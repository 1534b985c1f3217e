//! A round that closes in several steps.

use chrono::NaiveDate;

use crate::db::{Conn, closings, syndicates};
use crate::domain::closing::{
    Closing, ClosingAction, ClosingStatus, Facts, binds, plan_faults, step, takes,
};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::DealId;
use crate::domain::money::{Currency, Money};
use crate::domain::permission::{Hat, Operation};
use crate::domain::pipeline::Deal;
use crate::domain::rate_lock::RateLock;
use crate::domain::refusal::Refusal;
use crate::domain::syndicate::{Interest, Participant, Pledge, Round};

use super::caller::in_any_hat;
use super::deals::load;
use super::locked::LockedBook;
use super::once::write_once;
use super::shares::{Promise, facts, weigh};
use super::syndicates::{Seen, see, touched, writable};
use super::transitions::{available, code};
use super::{Caller, Context, Error, Intent, participants};

/// A closing as it is planned.
#[derive(Debug, Clone, Copy)]
pub struct NewClosing {
    /// Below it, it doesn't close.
    pub minimum: i64,
    /// Above it, nothing is taken.
    pub maximum: i64,
    /// The day that is planned for it.
    pub closes_on: NaiveDate,
}

/// Plans the closings of a deal's round in place of those planned before, the
/// first first, for the startup and curators. Closed and cancelled ones are
/// named again as they are.
pub async fn plan(
    context: &Context,
    caller: &Caller,
    id: DealId,
    expected: Option<i64>,
    planned: Vec<NewClosing>,
) -> Result<Seen, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .write(move |conn| {
            let before = writable(conn, &caller, id, expected)?;
            let hats = caller.hats(before.startup, before.investor);
            if !hats.contains(&Hat::Startup) && !hats.contains(&Hat::Curator) {
                return Err(Error::Forbidden);
            }
            let round = syndicates::round(conn, id)?.ok_or_else(no_round)?;
            let old = closings::of(conn, id)?;
            let planned = numbered(&planned, &old);
            let participants = participants(conn, id)?;
            plan_faults(&planned, &old, &round, &participants).finish()?;
            closings::set(conn, id, &planned)?;
            let after = touched(&context_in, conn, before)?;
            let pen = context_in.pen(caller.actor());
            for closing in planned.iter().filter(|it| !old.contains(it)) {
                let money = |minor| Value::Money(Money::new(minor, round.currency));
                let facts = vec![
                    ("closing", Value::Int(closing.number)),
                    ("minimum", money(closing.minimum)),
                    ("maximum", money(closing.maximum)),
                    ("closes_on", Value::Date(closing.closes_on)),
                ];
                pen.append(conn, "deal.closing_planned", (SubjectKind::Deal, id), facts)?;
            }
            for gone in old.iter().skip(planned.len()) {
                let facts = vec![("closing", Value::Int(gone.number))];
                pen.append(conn, "deal.closing_dropped", (SubjectKind::Deal, id), facts)?;
            }
            see(&context_in, conn, &caller, &after)
        })
        .await
}

fn no_round() -> Error {
    Error::refused("no_round", "Set the round first.")
}

/// As they are stored; one that was moved already keeps how it stands.
fn numbered(planned: &[NewClosing], old: &[Closing]) -> Vec<Closing> {
    let numbered = planned.iter().zip(1_i64..).map(|(new, number)| {
        let was = old.iter().find(|it| it.number == number);
        Closing {
            number,
            minimum: new.minimum,
            maximum: new.maximum,
            closes_on: new.closes_on,
            status: was.map_or(ClosingStatus::Planned, |it| it.status),
            closed_on: was.and_then(|it| it.closed_on),
            funded_on: was.and_then(|it| it.funded_on),
        }
    });
    numbered.collect()
}

fn participants(conn: &mut Conn, id: DealId) -> Result<Vec<Participant>, Error> {
    let mut found = syndicates::participants(conn, &[id])?;
    Ok(found.remove(&id).unwrap_or_default())
}

/// A closing with what its guards look at.
struct Looked {
    closing: Closing,
    all: Vec<Closing>,
    participants: Vec<Participant>,
    promises: Vec<Promise>,
    facts: Facts,
    currency: Currency,
}

fn look(conn: &mut Conn, id: DealId, number: i64) -> Result<Looked, Error> {
    let all = closings::of(conn, id)?;
    let closing = *all
        .iter()
        .find(|it| it.number == number)
        .ok_or(Error::NotFound)?;
    let round = syndicates::round(conn, id)?.ok_or_else(no_round)?;
    let participants = participants(conn, id)?;
    let mut rates = LockedBook::default();
    let promises = weigh(conn, &mut rates, Some(&round), &all, &participants)?;
    let facts = facts(&closing, &all, &promises, &participants);
    Ok(Looked {
        closing,
        all,
        participants,
        promises,
        facts,
        currency: round.currency,
    })
}

/// What can be done with a closing now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: DealId,
    number: i64,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let (caller, today) = (caller.clone(), context.now().date_naive());
    context
        .db
        .read(move |conn| {
            let deal = load(conn, id)?;
            caller.may(Operation::ReadDeal, &[deal.startup, deal.investor])?;
            let looked = look(conn, id, number)?;
            let hats = caller.hats(deal.startup, deal.investor);
            let found = available(ClosingAction::ALL, &hats, |action, hat| {
                step(&looked.closing, action, hat, &looked.facts, today).map(drop)
            });
            Ok(found
                .into_iter()
                .map(|(action, refusal)| (action.code(), refusal))
                .collect())
        })
        .await
}

/// The first closing of a deal that should be closed by now or waits for its
/// money, with what the caller can do with it.
pub(super) fn open_to(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
) -> Result<Option<(i64, Vec<&'static str>)>, Error> {
    let today = context.now().date_naive();
    let all = closings::of(conn, deal.id)?;
    let due = all.iter().find(|it| match it.status {
        ClosingStatus::Planned => it.closes_on <= today,
        status => status == ClosingStatus::Closed,
    });
    let Some(due) = due else {
        return Ok(None);
    };
    let looked = look(conn, deal.id, due.number)?;
    let hats = caller.hats(deal.startup, deal.investor);
    let found = available(ClosingAction::ALL, &hats, |action, hat| {
        step(&looked.closing, action, hat, &looked.facts, today).map(drop)
    });
    let open = found.into_iter().filter(|(_, refusal)| refusal.is_none());
    let open = open.map(|(action, _)| action.code()).collect();
    Ok(Some((due.number, open)))
}

/// Moves a closing. Closing it fixes who gets what; a promise of it that
/// doesn't bind belongs to no closing afterwards.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: DealId,
    expected: Option<i64>,
    number: i64,
    action: ClosingAction,
) -> Result<Deal, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (context_again, caller_again) = (context.clone(), caller.clone());
    let telling = Intent::telling_of(intent.as_ref());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = writable(conn, &caller_in, id, expected)?;
            let looked = look(conn, id, number)?;
            let hats = caller_in.hats(before.startup, before.investor);
            let today = context_in.now().date_naive();
            let (after, hat) = in_any_hat(&hats, |hat| {
                step(&looked.closing, action, hat, &looked.facts, today)
            })?;
            let mut all = looked.all.clone();
            for closing in all.iter_mut().filter(|it| it.number == number) {
                *closing = after;
            }
            closings::set(conn, id, &all)?;
            let pen = context_in.pen(caller_in.actor());
            let money = |minor| Value::Money(Money::new(minor, looked.currency));
            let facts = vec![
                ("closing", Value::Int(number)),
                ("action", code(action.code())),
                ("from", code(looked.closing.status.code())),
                ("to", code(after.status.code())),
                ("as", code(hat.code())),
                ("hard", money(looked.facts.hard)),
            ];
            let subject = (SubjectKind::Deal, id);
            pen.append(conn, "deal.closing_moved", subject, facts)?;
            let places = looked.participants.iter().zip(&looked.promises);
            for (participant, promise) in places.filter(|(it, _)| it.closing == Some(number)) {
                let Some(changed) = settled(participant, promise, action, number) else {
                    continue;
                };
                syndicates::set_participant(conn, id, &changed, context_in.now())?;
                let mut facts = vec![
                    ("participant", Value::Id(changed.organization.uuid())),
                    ("closing", Value::Int(number)),
                ];
                facts.extend(changed.allocated.map(|minor| ("allocated", money(minor))));
                pen.append(conn, "deal.allocated", subject, facts)?;
            }
            touched(&context_in, conn, before)
        },
        move |conn, id| {
            let deal = load(conn, id.into())?;
            participants::check_reads(&context_again, conn, &caller_again, &deal)?;
            // It names who takes part and with how much; what of that a side may
            // read is as it stands now.
            let all = caller_again.reads_all_of(&[deal.startup, deal.investor]);
            if let Some(telling) = telling.filter(|_| !all) {
                telling.withhold();
            }
            Ok(deal)
        },
    )
    .await
}

/// Somebody's part after its closing was moved; none where it stays.
fn settled(
    participant: &Participant,
    promise: &Promise,
    action: ClosingAction,
    number: i64,
) -> Option<Participant> {
    let mut changed = participant.clone();
    match action {
        ClosingAction::Fund => return None,
        ClosingAction::Close if takes(participant, number) && binds(participant) => {
            changed.allocated = promise.share;
        }
        ClosingAction::Close | ClosingAction::Cancel => changed.closing = None,
    }
    Some(changed)
}

/// Whether what is written of an investor fits the closings of the deal: a
/// binding promise names one, one that is fixed keeps who is in it, and what is
/// paid was closed before.
///
/// # Errors
/// Every fault, or what stands in the way.
pub(super) fn fit(
    conn: &mut Conn,
    id: DealId,
    before: Option<&Participant>,
    new: &mut Participant,
    curator: bool,
) -> Result<(), Error> {
    let all = closings::of(conn, id)?;
    let find = |number| all.iter().find(|it| it.number == number);
    let fixed = |it: &Closing| it.status != ClosingStatus::Planned;
    if let Some(before) = before
        && before.closing.and_then(find).is_some_and(fixed)
    {
        // Who doesn't pay is out, which a curator says, and the others go on.
        if curator && new.interest == Interest::Withdrawn {
            (new.closing, new.allocated) = (None, None);
            return Ok(());
        }
        return fit_fixed(before, new);
    }
    let mut faults = crate::domain::fault::Faults::new();
    match new.closing {
        Some(number) if find(number).is_none() => {
            faults.push(
                "/closing",
                "unknown_closing",
                "The round has no such closing.",
            );
        }
        None if !all.is_empty() && binds(new) && new.interest != Interest::Withdrawn => {
            let detail = "A binding promise says for which closing it is.";
            faults.push("/closing", "required", detail);
        }
        _ => {}
    }
    faults.finish()?;
    if new.closing.and_then(find).is_some_and(fixed) {
        return Err(closing_fixed());
    }
    if new.interest == Interest::Funded && !all.is_empty() {
        return Err(Error::refused(
            "closing_open",
            "Its closing is to be closed before anything is paid.",
        ));
    }
    Ok(())
}

fn closing_fixed() -> Error {
    Error::refused(
        "closing_fixed",
        "The closing is closed: what was promised in it stays, and is paid.",
    )
}

/// In a closed closing a promise is paid, and nothing else about it changes.
fn fit_fixed(before: &Participant, new: &mut Participant) -> Result<(), Error> {
    new.allocated = before.allocated;
    let says = |pledge: &Option<Pledge>| pledge.map(|it| (it.firmness, it.amount, it.minimum));
    let same = new.closing == before.closing && says(&new.pledge) == says(&before.pledge);
    let onwards = new.interest == before.interest
        || before.interest != Interest::Funded && new.interest == Interest::Funded;
    if same && onwards {
        Ok(())
    } else {
        Err(closing_fixed())
    }
}

/// Whether the closings of a deal still fit a round that is set anew, and the
/// rates that it keeps since a closing was fixed by them.
pub(super) fn fit_round(
    conn: &mut Conn,
    id: DealId,
    round: &Round,
) -> Result<Option<RateLock>, Error> {
    let all = closings::of(conn, id)?;
    let participants = participants(conn, id)?;
    plan_faults(&all, &all, round, &participants).finish()?;
    let before = syndicates::round(conn, id)?;
    let before = before.filter(|_| all.iter().any(|it| it.closed_on.is_some()));
    if before.is_some_and(|before| before.currency != round.currency) {
        return Err(Error::refused(
            "closing_fixed",
            "A closing is closed: the round keeps its currency.",
        ));
    }
    Ok(before.map(|before| before.lock))
}

/// What keeps a deal from being won: a closing that is to come or to be paid.
pub(super) fn pending(conn: &mut Conn, id: DealId) -> Result<Option<Refusal>, Error> {
    let pending = closings::of(conn, id)?.iter().any(Closing::is_pending);
    Ok(pending.then(|| {
        let detail = "A closing of its round is still to come or to be paid.";
        Refusal::new("closings_open", detail)
    }))
}
