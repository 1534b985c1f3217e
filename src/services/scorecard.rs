//! What came of a programme on a day, rebuilt from the log: what happened
//! later doesn't show, and nothing that happened earlier can be changed.
//! Amounts are compared by the rates that were locked when both sides
//! confirmed them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::db::events::SealedEvent;
use crate::db::{self, Conn};
use crate::domain::commitment::{
    Adds, Commitment, Health, Measure, TargetKind, WHOLE_BP, after_day, health, share,
};
use crate::domain::deal_money::Funded;
use crate::domain::ids::{CommitmentId, ProgrammeId};
use crate::domain::money::{Currency, Money};
use crate::domain::programme::{Programme, ProgrammeStatus};
use crate::domain::report::small;
use crate::domain::scorecard::{Account, CommitmentState, Line};
use crate::domain::telling::{DealsTold, Teller};

use super::locked::LockedBook;
use super::pipelines::signed_stages;
use super::{Caller, Context, Error, commitments};

/// How far a commitment was.
#[derive(Debug, Clone)]
pub struct Progress {
    /// What it says today; its figures are those of the day.
    pub commitment: Commitment,
    /// How it stood.
    pub state: CommitmentState,
    /// How many, or how many minor units of the target's currency; none where
    /// the reader isn't told, which is not the same as nothing.
    pub done: Option<i64>,
    /// The share of the target, in bp; none likewise.
    pub share: Option<i64>,
    /// How it did; none likewise, unless it was closed.
    pub health: Option<Health>,
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

/// The days on which something first came of a programme; none for what has not
/// happened or is not told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Firsts {
    /// Two met.
    pub meeting: Option<NaiveDate>,
    /// A session of a practice was held.
    pub session: Option<NaiveDate>,
    /// A deal was opened.
    pub deal: Option<NaiveDate>,
    /// A deal was signed.
    pub signature: Option<NaiveDate>,
    /// Money arrived.
    pub funding: Option<NaiveDate>,
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
    /// The day from which days are counted, by [`Account::mou_on`].
    pub mou_on: NaiveDate,
    /// What first came of it.
    pub firsts: Firsts,
    /// What the log says; deals and their money are told beside it.
    pub account: Account,
    /// Deals: to parties as of the end of a quarter, and only where they are
    /// not few.
    pub deals: DealsTold,
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
/// its parties and the operator's people. To parties deals and their money are
/// told as of the end of a quarter, and anew only once enough more of them
/// happened: from two cards, of whatever days, nobody works out one of them.
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
    Ok(found.and_then(|progress| progress.share).unwrap_or(0))
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

/// The same as its parties are told of it, by commitment; none where nothing is
/// told.
pub(super) fn told_of(
    context: &Context,
    conn: &mut Conn,
    programme: &Programme,
) -> Result<BTreeMap<CommitmentId, Health>, Error> {
    let today = context.now().date_naive();
    let told = of(context, conn, programme.clone(), today, false)?.commitments;
    let health = told.into_iter();
    Ok(health
        .filter_map(|it| it.health.map(|health| (it.commitment.id, health)))
        .collect())
}

/// What the log of a programme says to one reader.
struct Reading {
    /// All of it.
    account: Account,
    /// What of its deals is told otherwise to whoever is not of the operator.
    told: Option<Teller>,
}

impl Reading {
    fn of(
        conn: &mut Conn,
        programme: ProgrammeId,
        signed: &BTreeSet<String>,
        as_of: NaiveDate,
        whole: bool,
    ) -> Result<Self, Error> {
        let mut account = Account::default();
        let mut told = (!whole).then(Teller::default);
        db::events::each_of_programme(conn, programme, after_day(as_of), |event| {
            if let Some(told) = &mut told {
                told.before(event.at.date_naive(), &account, signed);
            }
            account.read(&line(event), signed);
        })?;
        if let Some(told) = &mut told {
            told.end(as_of, &account, signed);
        }
        Ok(Self { account, told })
    }

    /// The account by which money is told.
    fn money(&self) -> &Account {
        self.told.as_ref().map_or(&self.account, |told| &told.money)
    }

    /// What that measure counts; none for money and for what people say.
    fn counted(&self, measure: Measure, signed: &BTreeSet<String>) -> Option<i64> {
        match &self.told {
            Some(told) if measure.is_of_deals() => told.deals.counted(measure),
            _ => self.account.counted(measure, signed),
        }
    }

    /// Whether what that measure counts is told at all.
    fn tells(&self, measure: Measure) -> bool {
        match &self.told {
            Some(told) if measure == Measure::MoneyFunded => told.money_until.is_some(),
            Some(told) if measure.is_of_deals() => told.deals.counted(measure).is_some(),
            _ => true,
        }
    }

    fn deals(&self, signed: &BTreeSet<String>) -> DealsTold {
        match &self.told {
            Some(told) => told.deals,
            None => DealsTold {
                opened: Some(self.account.deals.len()),
                signed: Some(self.account.signed(signed)),
                funded: Some(self.account.funded().count()),
            },
        }
    }

    /// The days on which something first came of it, as far as they are told.
    fn firsts(&self) -> Firsts {
        let account = &self.account;
        let mut firsts = Firsts {
            meeting: account.first_meeting(),
            session: account.first_session(),
            deal: account.first_deal,
            signature: account.first_signature(),
            funding: self.money().first_funding(),
        };
        if let Some(Teller { deals, .. }) = &self.told {
            firsts.deal = firsts.deal.filter(|_| deals.opened.is_some());
            firsts.signature = firsts.signature.filter(|_| deals.signed.is_some());
        }
        firsts
    }
}

fn of(
    context: &Context,
    conn: &mut Conn,
    programme: Programme,
    as_of: NaiveDate,
    whole: bool,
) -> Result<Scorecard, Error> {
    let signed = signed_stages(context, conn, Some(programme.id))?;
    let reading = Reading::of(conn, programme.id, &signed, as_of, whole)?;
    let mut rates = LockedBook::default();
    let money = money_funded(conn, &mut rates, reading.money(), whole)?;
    // A programme that is older than the log is of its first day.
    let mou_on = reading.account.mou_on();
    let mou_on = mou_on.unwrap_or(programme.details.starts_on);
    let mut progress = Vec::new();
    for commitment in db::commitments::all(conn, programme.id)? {
        if let Some(state) = reading.account.commitments.get(&commitment.id.uuid()) {
            let state = state.clone();
            progress.push(measure(
                conn, &reading, &signed, &mut rates, commitment, state, as_of, mou_on,
            )?);
        }
    }
    Ok(Scorecard {
        as_of,
        status: reading.account.status,
        mou_on,
        deals: reading.deals(&signed),
        money,
        money_until: match &reading.told {
            Some(told) => told.money_until,
            None => Some(as_of),
        },
        commitments: progress,
        firsts: reading.firsts(),
        account: reading.account,
        programme,
    })
}

/// The money that an account says arrived.
fn money_funded(
    conn: &mut Conn,
    rates: &mut LockedBook,
    account: &Account,
    whole: bool,
) -> Result<MoneyFunded, Error> {
    let mut money = MoneyFunded::default();
    let mut deals: BTreeMap<Currency, i64> = BTreeMap::new();
    for of_deal in account.funded() {
        let currencies: BTreeSet<_> = of_deal.iter().map(|it| it.amount.currency).collect();
        for currency in currencies {
            *deals.entry(currency).or_default() += 1;
        }
        for funded in of_deal {
            let Money {
                amount_minor,
                currency,
            } = funded.amount;
            let sum = money.by_currency.entry(currency).or_default();
            *sum = sum.saturating_add(amount_minor);
            match rates.convert(conn, funded.amount, &funded.lock, Currency::USD)? {
                Some(cents) => money.usd_cents = money.usd_cents.saturating_add(cents),
                None => drop(money.uncompared.insert(currency)),
            }
        }
    }
    if !whole && deals.values().any(|deals| *deals < small::FEWEST) {
        // One currency's sum may be one deal's.
        money.by_currency.clear();
        money.uncompared.clear();
    }
    Ok(money)
}

fn line(event: &SealedEvent) -> Line<'_> {
    Line {
        at: event.at,
        kind: &event.kind,
        subject: event.subject,
        payload: &event.payload,
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one commitment is measured by that many things"
)]
fn measure(
    conn: &mut Conn,
    reading: &Reading,
    signed: &BTreeSet<String>,
    rates: &mut LockedBook,
    commitment: Commitment,
    state: CommitmentState,
    as_of: NaiveDate,
    mou_on: NaiveDate,
) -> Result<Progress, Error> {
    let mut uncompared = Vec::new();
    let told = reading.tells(state.measure);
    let done = match (reading.counted(state.measure, signed), state.kind) {
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
            for funded in money_of(reading.money(), &state, as_of) {
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
    let share = told.then(|| share(done, target));
    let start = mou_on.max(state.made_at.date_naive());
    Ok(Progress {
        health: health(state.status, state.kind, share, (start, state.due), as_of),
        commitment,
        state,
        done: told.then_some(done),
        share: share.map(|share| share.clamp(0, 1_000 * WHOLE_BP)),
        uncompared,
    })
}

/// What evidence of a day or earlier adds up to.
fn added(state: &CommitmentState, as_of: NaiveDate, of: impl Fn(Adds) -> i64) -> i64 {
    let given = state.added.iter().filter(|given| given.on <= as_of);
    given.map(|given| of(given.adds)).sum()
}

/// The money that counts for a commitment: what deals brought, or what
/// evidence says, compared by the rates that were locked when it was given.
fn money_of(account: &Account, state: &CommitmentState, as_of: NaiveDate) -> Vec<Funded> {
    if state.measure == Measure::MoneyFunded {
        return account.funded().flatten().collect();
    }
    let given = state.added.iter().filter(|given| given.on <= as_of);
    given
        .filter_map(|given| match given.adds {
            Adds::Money(amount) => Some(Funded {
                amount,
                value_date: given.on,
                lock: given.lock,
            }),
            _ => None,
        })
        .collect()
}
