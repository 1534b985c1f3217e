//! What came of a programme on a day, rebuilt from the log: what happened
//! later doesn't show, and nothing that happened earlier can be changed.
//! Amounts are compared by the rates that were locked when both sides
//! confirmed them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Months, NaiveDate, Utc};

use crate::db::events::SealedEvent;
use crate::db::{self, Conn};
use crate::domain::commitment::{
    Adds, Commitment, Health, Measure, TargetKind, WHOLE_BP, after_day, health, share,
};
use crate::domain::ids::{CommitmentId, ProgrammeId};
use crate::domain::money::{Currency, Money};
use crate::domain::programme::{Programme, ProgrammeStatus};
use crate::domain::report::{quarter_start, small};
use crate::domain::scorecard::{Account, CommitmentState, Funded, Line};

use super::locked::LockedBook;
use super::{Caller, Context, Error, commitments};

/// The stage from which on a deal counts as signed, in pipelines that have it.
const SIGNED: &str = "signed";

/// How far a commitment was.
#[derive(Debug, Clone)]
pub struct Progress {
    /// What it says today; its figures are those of the day.
    pub commitment: Commitment,
    /// How it stood.
    pub state: CommitmentState,
    /// How many, or how many minor units of the target's currency.
    pub done: i64,
    /// The share of the target, in bp.
    pub share: i64,
    /// How it did.
    pub health: Health,
    /// Money that counts for it but could not be compared: no rate was there.
    pub uncompared: Vec<Money>,
}

/// Money that arrived.
#[derive(Debug, Clone, Default)]
pub struct MoneyFunded {
    /// By currency, in its minor units.
    pub by_currency: BTreeMap<Currency, i64>,
    /// What of it could be compared, in US cents at the locked rates.
    pub usd_cents: i64,
    /// The currencies that could not be.
    pub uncompared: BTreeSet<Currency>,
}

/// What came of a programme.
#[derive(Debug, Clone)]
pub struct Scorecard {
    /// The programme as it is today.
    pub programme: Programme,
    /// The day.
    pub as_of: NaiveDate,
    /// Where it stood; none before it came.
    pub status: Option<ProgrammeStatus>,
    /// The day from which days are counted: when it came into force, else its
    /// first day by its text.
    pub mou_on: NaiveDate,
    /// What the log says.
    pub account: Account,
    /// Deals that were signed and still stand.
    pub signed: usize,
    /// Money that arrived, as of the day until which it is told.
    pub money: MoneyFunded,
    /// Until which day money is told: the card's own to the operator's people,
    /// to parties the end of a quarter; none where none is told.
    pub money_until: Option<NaiveDate>,
    /// How far the commitments were.
    pub commitments: Vec<Progress>,
}

impl Scorecard {
    /// Days from the MoU to another day.
    pub fn days_to(&self, day: Option<NaiveDate>) -> Option<i64> {
        day.map(|day| day.signed_duration_since(self.mou_on).num_days())
    }
}

/// The scorecard of a programme as of a day, today where none is named; for
/// its parties and the operator's people. To parties money is told as of the
/// end of a quarter, and anew only once enough more deals have brought some:
/// from two cards, of whatever days, nobody works out what one deal brought.
pub async fn read(
    context: &Context,
    caller: &Caller,
    id: ProgrammeId,
    as_of: Option<NaiveDate>,
) -> Result<Scorecard, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let programme = commitments::readable(conn, &caller, id)?;
            let today = context_in.now().date_naive();
            let whole = caller.reads_everything();
            of(&context_in, conn, programme, as_of.unwrap_or(today), whole)
        })
        .await
}

/// The share of a commitment's target that is there now, in bp.
pub(super) fn share_of(
    context: &Context,
    conn: &mut Conn,
    programme: &Programme,
    id: CommitmentId,
) -> Result<i64, Error> {
    let progress = progress_of(context, conn, programme)?;
    let found = progress.iter().find(|it| it.commitment.id == id);
    Ok(found.map_or(0, |progress| progress.share))
}

/// How the commitments of a programme do today.
pub(super) fn progress_of(
    context: &Context,
    conn: &mut Conn,
    programme: &Programme,
) -> Result<Vec<Progress>, Error> {
    let today = context.now().date_naive();
    Ok(of(context, conn, programme.clone(), today, true)?.commitments)
}

fn of(
    context: &Context,
    conn: &mut Conn,
    programme: Programme,
    as_of: NaiveDate,
    whole: bool,
) -> Result<Scorecard, Error> {
    let signed = signed_stages(context);
    let events = db::events::of_programme(conn, programme.id, after_day(as_of))?;
    let account = account(&events, &signed, after_day(as_of));
    let money_until = if whole {
        Some(as_of)
    } else {
        told_until(&events, &signed, as_of)
    };
    let told = match money_until {
        Some(day) if day < as_of => self::account(&events, &signed, after_day(day)),
        Some(_) => account.clone(),
        None => Account::default(),
    };
    let mut rates = LockedBook::default();
    let mut money = MoneyFunded::default();
    let mut deals: BTreeMap<Currency, i64> = BTreeMap::new();
    for funded in told.funded() {
        *deals.entry(funded.amount.currency).or_default() += 1;
        let Money {
            amount_minor,
            currency,
        } = funded.amount;
        *money.by_currency.entry(currency).or_default() += amount_minor;
        match rates.convert(conn, funded.amount, &funded.lock, Currency::USD)? {
            Some(cents) => money.usd_cents += cents,
            None => drop(money.uncompared.insert(currency)),
        }
    }
    if !whole && deals.values().any(|deals| *deals < small::FEWEST) {
        // One currency's sum may be one deal's.
        money.by_currency.clear();
        money.uncompared.clear();
    }
    let mou_on = account
        .in_force_at
        .map_or(programme.details.starts_on, |at| at.date_naive());
    let mut progress = Vec::new();
    for commitment in db::commitments::all(conn, programme.id)? {
        if let Some(state) = account.commitments.get(&commitment.id.uuid()) {
            let state = state.clone();
            progress.push(measure(
                conn, &account, &told, &signed, &mut rates, commitment, state, as_of, mou_on,
            )?);
        }
    }
    Ok(Scorecard {
        as_of,
        status: account.status,
        mou_on,
        signed: account.signed(&signed),
        money,
        money_until,
        commitments: progress,
        account,
        programme,
    })
}

/// Stages at and after the signature, of all pipelines.
pub(super) fn signed_stages(context: &Context) -> BTreeSet<String> {
    let stages = context.pipelines.values().flat_map(|pipeline| {
        let stages = pipeline.stages().iter();
        stages.skip_while(|stage| stage.slug.as_str() != SIGNED)
    });
    stages.map(|stage| stage.slug.to_string()).collect()
}

/// What the lines before a moment say.
fn account(events: &[SealedEvent], signed: &BTreeSet<String>, until: DateTime<Utc>) -> Account {
    let mut account = Account::default();
    for event in events.iter().filter(|event| event.at < until) {
        account.read(&line(event), signed);
    }
    account
}

fn line(event: &SealedEvent) -> Line<'_> {
    Line {
        at: event.at,
        kind: &event.kind,
        subject: event.subject,
        payload: &event.payload,
    }
}

/// The end of the last quarter up to and with a day by which so many more deals
/// than at the one before it brought money that no single one's can be worked
/// out.
fn told_until(
    events: &[SealedEvent],
    signed: &BTreeSet<String>,
    as_of: NaiveDate,
) -> Option<NaiveDate> {
    let mut account = Account::default();
    let (mut told, mut until) = (0, None);
    let mut events = events.iter().peekable();
    let mut start = quarter_start(events.peek()?.at.date_naive());
    loop {
        let next = start.checked_add_months(Months::new(3))?;
        let last = next.pred_opt()?;
        if last > as_of {
            return until;
        }
        while let Some(event) = events.next_if(|event| event.at < after_day(last)) {
            account.read(&line(event), signed);
        }
        let funded = i64::try_from(account.funded().count()).unwrap_or(i64::MAX);
        if funded - told >= small::FEWEST {
            (told, until) = (funded, Some(last));
        }
        start = next;
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one commitment is measured by that many things"
)]
fn measure(
    conn: &mut Conn,
    account: &Account,
    told: &Account,
    signed: &BTreeSet<String>,
    rates: &mut LockedBook,
    commitment: Commitment,
    state: CommitmentState,
    as_of: NaiveDate,
    mou_on: NaiveDate,
) -> Result<Progress, Error> {
    let mut uncompared = Vec::new();
    let done = match (account.counted(state.measure, signed), state.kind) {
        (Some(count), _) => count,
        (None, TargetKind::Count) => added(&state, as_of, |adds| match adds {
            Adds::Count(count) => count,
            _ => 0,
        }),
        (None, TargetKind::Date | TargetKind::Text) => {
            let fulfilled = added(&state, as_of, |adds| i64::from(adds == Adds::Fulfils));
            fulfilled.min(1)
        }
        (None, TargetKind::Money) => {
            let mut sum = 0_i64;
            let currency = state.money.map_or(Currency::USD, |money| money.currency);
            for funded in money_of(told, &state, as_of) {
                match rates.convert(conn, funded.amount, &funded.lock, currency)? {
                    Some(minor) => sum = sum.saturating_add(minor),
                    None => uncompared.push(funded.amount),
                }
            }
            sum
        }
    };
    let target = match state.kind {
        TargetKind::Count => state.count,
        TargetKind::Money => state.money.map_or(0, |money| money.amount_minor),
        TargetKind::Date | TargetKind::Text => 1,
    };
    let share = share(done, target);
    let start = mou_on.max(state.made_at.date_naive());
    Ok(Progress {
        health: health(state.status, state.kind, share, (start, state.due), as_of),
        commitment,
        state,
        done,
        share: share.clamp(0, 1_000 * WHOLE_BP),
        uncompared,
    })
}

/// What evidence of a day or earlier adds up to.
fn added(state: &CommitmentState, as_of: NaiveDate, of: impl Fn(Adds) -> i64) -> i64 {
    let given = state.added.iter().filter(|(on, ..)| *on <= as_of);
    given.map(|(_, adds, _)| of(*adds)).sum()
}

/// The money that counts for a commitment: what deals brought, or what
/// evidence says, compared by the rates that were locked when it was given.
fn money_of(account: &Account, state: &CommitmentState, as_of: NaiveDate) -> Vec<Funded> {
    if state.measure == Measure::MoneyFunded {
        return account.funded().collect();
    }
    let given = state.added.iter().filter(|(on, ..)| *on <= as_of);
    given
        .filter_map(|(on, adds, lock)| match adds {
            Adds::Money(amount) => Some(Funded {
                amount: *amount,
                value_date: *on,
                lock: *lock,
            }),
            _ => None,
        })
        .collect()
}
