//! The investors in a deal, one by one: who may say how far one of them is, and
//! when what it promised has arrived.
//!
//! An investor speaks for itself, whether the deal is its own or it joined
//! another one's; the startup invites whom it was introduced to; curators write
//! down what either says. That money arrived is said by both sides, or, where one
//! of them stays silent, by the other and two of the operator's people on
//! evidence, as with the deal as a whole.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::db::deal_seconds::About;
use crate::db::page::Page;
use crate::db::{self, Conn, syndicates};
use crate::domain::calendar::latest_day;
use crate::domain::closing::binds;
use crate::domain::deal_work::{Camp, DealNote, Marks, NoteState, Visibility};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{DealId, OrganizationId};
use crate::domain::permission::{Hat, Operation};
use crate::domain::pipeline::{Deal, DealStatus};
use crate::domain::rate_lock::lock_facts;
use crate::domain::refusal::Refusal;
use crate::domain::syndicate::{Interest, Participant};
use crate::domain::values::OrganizationKind;

use super::deals::{days, load};
use super::locked::{LockedBook, lock};
use super::paging::{PageRequest, after, read_page};
use super::syndicates::{Seen, see, touched};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, apart, closings};

/// The caller's firms that take part in a deal beside its own two.
fn joined(conn: &mut Conn, caller: &Caller, id: DealId) -> Result<Vec<OrganizationId>, Error> {
    let mut all = syndicates::participants(conn, &[id])?;
    let all = all.remove(&id).unwrap_or_default();
    let firms = all.into_iter().map(|it| it.organization);
    Ok(firms.filter(|firm| caller.belongs_to(*firm)).collect())
}

/// Whether the caller may read of a deal's round: its sides, the operator's
/// people, and who takes part in it as long as nothing keeps them from the
/// startup.
pub(super) fn check_reads(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
) -> Result<(), Error> {
    if caller
        .may(Operation::ReadDeal, &[deal.startup, deal.investor])
        .is_ok()
    {
        return Ok(());
    }
    for firm in joined(conn, caller, deal.id)? {
        if apart::of_participant(context, conn, deal, firm)?.is_none() {
            return caller.may(Operation::ReadDeal, &[firm]);
        }
    }
    Err(Error::NotFound)
}

/// For whom the caller speaks of an investor in a deal.
fn voice(
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
    investor: OrganizationId,
) -> Result<Camp, Error> {
    let theirs = caller.hats(deal.startup, investor);
    // Who belongs to any of the deal's investors has no say for the operator.
    let curates = caller.hats(deal.startup, deal.investor);
    let curates = curates.contains(&Hat::Curator) && joined(conn, caller, deal.id)?.is_empty();
    if theirs.contains(&Hat::Investor) {
        Ok(Camp::Investor)
    } else if theirs.contains(&Hat::Startup) {
        Ok(Camp::Startup)
    } else if theirs.contains(&Hat::Curator) && curates {
        Ok(Camp::Operator)
    } else {
        Err(Error::Forbidden)
    }
}

/// Says how far an investor is, in place of what was said before. What the
/// operator's people say of a payment rests on evidence, in words.
pub async fn set(
    context: &Context,
    caller: &Caller,
    id: DealId,
    expected: Option<i64>,
    participant: Participant,
    evidence: Option<String>,
) -> Result<Seen, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    let latest = latest_day(context.now());
    context
        .db
        .write(move |conn| {
            let before = writable(&context_in, conn, &caller, id, expected)?;
            let camp = voice(conn, &caller, &before, participant.organization)?;
            let old = syndicates::participants(conn, &[id])?.remove(&id);
            let mut old = old.unwrap_or_default().into_iter();
            let old = old.find(|it| it.organization == participant.organization);
            check_says(camp, old.as_ref(), &participant)?;
            let mut faults = participant.faults();
            if let Some(day) = participant.value_date {
                let first = days::of_deal(conn, &before)?;
                let said = [old.as_ref().and_then(|old| old.value_date)];
                days::check(&mut faults, "/value_date", (day, &said), first);
                if day > latest {
                    let detail =
                        "The value date is the day the money arrived, today at the latest.";
                    faults.push("/value_date", "in_the_future", detail);
                }
            }
            let funded = participant.interest == Interest::Funded;
            if funded && camp == Camp::Operator && evidence.is_none() {
                let detail = "Say what shows that the money arrived.";
                faults.push("/evidence", "required", detail);
            }
            faults.finish()?;
            let known = participant.organization == before.investor
                || syndicates::were_introduced(conn, before.startup, participant.organization)?;
            if !known {
                return Err(Error::refused(
                    "not_introduced",
                    "Only an investor that the startup was introduced to takes part.",
                ));
            }
            let investor = participant.organization;
            let between = apart::of_participant(&context_in, conn, &before, investor)?;
            apart::check(&caller, &[before.startup, investor], between)?;
            let word = Word {
                caller: &caller,
                camp,
                evidence: evidence.as_deref(),
            };
            put(&context_in, conn, id, word, old.as_ref(), participant)?;
            let after = touched(&context_in, conn, before)?;
            see(&context_in, conn, &caller, &after)
        })
        .await
}

fn writable(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    id: DealId,
    expected: Option<i64>,
) -> Result<Deal, Error> {
    let deal = load(conn, id)?;
    check_reads(context, conn, caller, &deal)?;
    let mut owners = vec![deal.startup, deal.investor];
    owners.extend(joined(conn, caller, id)?);
    caller.may(Operation::MoveDeal, &owners)?;
    check_version(expected, deal.version)?;
    if !matches!(deal.status, DealStatus::Open | DealStatus::OnHold) {
        return Err(Refusal::no_transition("syndicate").into());
    }
    Ok(deal)
}

/// What each may say: the startup invites, and confirms what arrived.
fn check_says(camp: Camp, old: Option<&Participant>, new: &Participant) -> Result<(), Error> {
    if camp != Camp::Startup {
        return Ok(());
    }
    let says = |it: &Participant| {
        (
            it.lead,
            it.closing,
            it.pledge.map(|it| (it.amount, it.minimum)),
        )
    };
    let promised = old.filter(|old| binds(old) && old.interest == Interest::Committed);
    let confirms =
        new.interest == Interest::Funded && promised.is_some_and(|old| says(old) == says(new));
    let invites = old.is_none()
        && matches!(new.interest, Interest::Observing | Interest::Considering)
        && new.pledge.is_none()
        && !new.lead;
    if confirms || invites {
        Ok(())
    } else if new.interest == Interest::Funded {
        Err(Error::refused(
            "not_promised",
            "What arrived is what the investor has promised, word by word.",
        ))
    } else {
        Err(Error::Forbidden)
    }
}

/// Who says something of an investor, for whom, and what they point to.
#[derive(Clone, Copy)]
struct Word<'a> {
    caller: &'a Caller,
    camp: Camp,
    evidence: Option<&'a str>,
}

fn put(
    context: &Context,
    conn: &mut Conn,
    id: DealId,
    word: Word<'_>,
    old: Option<&Participant>,
    mut new: Participant,
) -> Result<(), Error> {
    let curator = word.camp == Camp::Operator;
    closings::fit(conn, id, old, &mut new, curator)?;
    let (now, today) = (context.now(), context.now().date_naive());
    if let Some(old) = old.filter(|old| old.interest == Interest::Funded) {
        return stays_paid(old, &new);
    }
    if new.interest == Interest::Funded {
        new.value_date = agreed_day(old, &new)?;
        say_paid(context, conn, id, word, &new)?;
        if is_paid(&payments(conn, id)?, &new) {
            new.value_date = new.value_date.or(Some(today));
        } else {
            new.interest = Interest::Committed;
        }
    } else {
        // What was said of the promise before is said of another one now.
        db::deal_seconds::clear_payments(conn, id, new.organization)?;
    }
    if old.is_some_and(|old| says_the_same(old, &new) && old.value_date == new.value_date) {
        return Ok(());
    }
    // Money is compared by the rates of the day on which it arrived.
    let day = new.arrived_on().unwrap_or(today);
    let locked = lock_pledge(conn, day, old, &mut new)?;
    syndicates::set_participant(conn, id, &new, now)?;
    log(context, conn, word.caller, id, &new, locked)
}

/// The day on which money arrived by what was said before and is said now: who
/// names none takes the other's.
fn agreed_day(old: Option<&Participant>, new: &Participant) -> Result<Option<NaiveDate>, Refusal> {
    let said = old.and_then(|old| old.value_date);
    match (said, new.value_date) {
        (Some(said), Some(now)) if said != now => Err(Refusal::new(
            "value_date_differs",
            format!("It was said to have arrived on {said}; both name the same day."),
        )),
        (said, now) => Ok(now.or(said)),
    }
}

/// Whether a part says what it said before.
fn says_the_same(old: &Participant, new: &Participant) -> bool {
    let says = |it: &Participant| {
        let pledge = it.pledge.map(|it| (it.firmness, it.amount, it.minimum));
        (it.interest, it.lead, it.closing, pledge)
    };
    says(old) == says(new)
}

/// What arrived, both have said; nobody says otherwise alone.
fn stays_paid(old: &Participant, new: &Participant) -> Result<(), Error> {
    let other_day = new.value_date.is_some() && new.value_date != old.value_date;
    if says_the_same(old, new) && !other_day {
        return Ok(());
    }
    Err(Error::refused(
        "paid_already",
        "Its money has arrived, as both have said; that stays.",
    ))
}

/// What has to be the same for two to mean the same payment.
fn payment(participant: &Participant) -> Option<String> {
    let pledge = participant.pledge?;
    Some(format!(
        "paid {} {}",
        participant.organization, pledge.amount
    ))
}

/// Notes for whom somebody says that an investor's money arrived.
fn say_paid(
    context: &Context,
    conn: &mut Conn,
    id: DealId,
    word: Word<'_>,
    participant: &Participant,
) -> Result<(), Error> {
    let Some(payment) = payment(participant) else {
        return Ok(());
    };
    let Word {
        caller,
        camp,
        evidence,
    } = word;
    let matter = format!("{payment} {}", camp.code());
    let (now, reason) = (context.now(), evidence.unwrap_or_default());
    let said = (About::Paid(participant.organization, camp), matter.as_str());
    if !db::deal_seconds::insert(conn, id, said, caller.id(), reason, now)? {
        return Err(Error::refused(
            "second_person_needed",
            "You have said so already; somebody else has to agree.",
        ));
    }
    let mut facts = vec![
        ("participant", Value::Id(participant.organization.uuid())),
        ("by", code(camp.code())),
    ];
    let day = participant.value_date;
    facts.extend(day.map(|day| ("value_date", Value::Date(day))));
    if let Some(text) = evidence {
        facts.push(("evidence", Value::hash_of(text)));
        let note = DealNote {
            id: context.new_id(),
            deal: id,
            action: "payment".to_owned(),
            note: text.to_owned(),
            // For the people of whoever points to it.
            marks: Marks {
                visibility: Visibility::Team,
                camp,
                author: caller.id(),
            },
            state: NoteState::Shown,
            first_cleared_by: None,
            gate_only: false,
            created_at: now,
        };
        db::deal_notes::insert(conn, &note)?;
    }
    let subject = (SubjectKind::Deal, id);
    let pen = context.pen(caller.actor());
    pen.append(conn, "deal.payment_said", subject, facts)
}

/// Who has said of which payment in a deal that it arrived, and how many.
pub(super) type Payments = BTreeMap<String, usize>;

/// What was said to have arrived in a deal.
pub(super) fn payments(conn: &mut Conn, id: DealId) -> Result<Payments, Error> {
    let mut payments = Payments::new();
    for matter in db::deal_seconds::matters(conn, id)? {
        *payments.entry(matter).or_default() += 1;
    }
    Ok(payments)
}

fn said(payments: &Payments, participant: &Participant, camp: Camp) -> usize {
    let payment = payment(participant);
    let found = payment.and_then(|it| payments.get(&format!("{it} {}", camp.code())));
    found.copied().unwrap_or(0)
}

/// Whether enough have said that an investor's money arrived: both sides, or
/// one of them and, for the silent one, two of the operator's people.
fn is_paid(payments: &Payments, participant: &Participant) -> bool {
    let said = |camp| said(payments, participant, camp);
    match (said(Camp::Startup) > 0, said(Camp::Investor) > 0) {
        (true, true) => true,
        (false, false) => false,
        _ => said(Camp::Operator) > 1,
    }
}

/// Who has said that it arrived, as long as that isn't enough.
pub(super) fn said_paid(payments: &Payments, participant: &Participant) -> Vec<Camp> {
    if participant.interest == Interest::Funded {
        return Vec::new();
    }
    let camps = [Camp::Startup, Camp::Investor, Camp::Operator];
    let camps = camps.into_iter();
    camps
        .filter(|camp| said(payments, participant, *camp) > 0)
        .collect()
}

/// Locks the rates of a day with a promise; one that says the same as before
/// keeps those that it was made by.
fn lock_pledge(
    conn: &mut Conn,
    day: NaiveDate,
    old: Option<&Participant>,
    new: &mut Participant,
) -> Result<Vec<(&'static str, Value)>, Error> {
    let interest = new.interest;
    let Some(pledge) = &mut new.pledge else {
        return Ok(Vec::new());
    };
    let currency = pledge.amount.currency;
    let same = old
        .filter(|old| old.interest == interest)
        .and_then(|old| old.pledge)
        .filter(|old| old.firmness == pledge.firmness && old.amount == pledge.amount);
    if let Some(same) = same {
        pledge.lock = same.lock;
        let rate = LockedBook::default().rate(conn, &same.lock, currency)?;
        return Ok(lock_facts(&same.lock, rate.as_ref()));
    }
    let (lock, facts) = lock(conn, day, currency)?;
    pledge.lock = lock;
    Ok(facts)
}

fn log(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    id: DealId,
    participant: &Participant,
    locked: Vec<(&'static str, Value)>,
) -> Result<(), Error> {
    let mut facts = vec![
        ("participant", Value::Id(participant.organization.uuid())),
        ("interest", code(participant.interest.code())),
        ("lead", Value::Flag(participant.lead)),
    ];
    if let Some(pledge) = &participant.pledge {
        facts.push(("firmness", code(pledge.firmness.code())));
        facts.push(("amount", Value::Money(pledge.amount)));
    }
    facts.extend(participant.closing.map(|it| ("closing", Value::Int(it))));
    let arrived = participant.arrived_on();
    facts.extend(arrived.map(|day| ("value_date", Value::Date(day))));
    facts.extend(locked);
    let subject = (SubjectKind::Deal, id);
    context
        .pen(caller.actor())
        .append(conn, "deal.participant_set", subject, facts)
}

/// A part that a firm has in a deal.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which deal.
    pub deal: DealId,
    /// Of which startup.
    pub startup: OrganizationId,
    /// Of which investor.
    pub investor: OrganizationId,
    /// When that was opened.
    pub opened_at: DateTime<Utc>,
    /// Where that stands.
    pub status: DealStatus,
    /// Whose deal it is, by name; none while something keeps the two apart.
    pub startup_name: Option<String>,
    /// What the firm said.
    pub participant: Participant,
}

/// The parts that an investor has in deals, its own and others', by when these
/// were opened; while something keeps it from a startup that one isn't named.
/// Where two of the caller's own firms take part in one deal, that is one part.
pub async fn list(
    context: &Context,
    caller: &Caller,
    investor: Option<OrganizationId>,
    page: PageRequest,
) -> Result<Page<Part>, Error> {
    let own = caller.organizations(OrganizationKind::Investor);
    let firms: Vec<OrganizationId> = investor.map_or_else(|| own.collect(), |it| vec![it]);
    if firms.is_empty() {
        return Err(Error::NotFound);
    }
    caller.may(Operation::ReadDeal, &firms)?;
    let operator = caller.reads_all_of(&firms);
    let context_in = context.clone();
    read_page(
        context,
        format!("participations {firms:?}"),
        page,
        move |conn, cursor, limit| {
            let filter = db::deals::Filter {
                participants: Some(firms.clone()),
                ..db::deals::Filter::default()
            };
            let deals = db::deals::list(conn, &filter, cursor, limit)?;
            let ids: Vec<DealId> = deals.iter().map(|deal| deal.id).collect();
            let mut all = syndicates::participants(conn, &ids)?;
            let startups: Vec<_> = deals.iter().map(|deal| deal.startup).collect();
            let startups = db::organizations::find_many(conn, &startups)?;
            let mut seen = Vec::new();
            for deal in deals {
                let of_deal = all.remove(&deal.id).unwrap_or_default();
                let mut own = of_deal.into_iter();
                let Some(participant) = own.find(|it| firms.contains(&it.organization)) else {
                    continue;
                };
                let apart =
                    apart::of_participant(&context_in, conn, &deal, participant.organization)?;
                let name = startups.iter().find(|firm| firm.id == deal.startup);
                let name = name.map(|firm| firm.details.display_name().to_string());
                seen.push(Part {
                    deal: deal.id,
                    startup: deal.startup,
                    investor: deal.investor,
                    opened_at: deal.created_at,
                    status: deal.status,
                    startup_name: name.filter(|_| operator || apart.is_none()),
                    participant,
                });
            }
            Ok(seen)
        },
        |part| after(part.opened_at, part.deal),
    )
    .await
}
