//! The rounds that deals fill, who takes part in them, and the day of the rates
//! by which a deal that was won is compared.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::programme_schema::deal_locks as locks;
use super::programme_schema::deal_participants::{self as participants, dsl};
use super::programme_schema::deal_rounds as rounds;
use super::types::Timestamp;
use super::{Conn, Result, sql, stored};
use crate::domain::ids::{DealId, OrganizationId};
use crate::domain::introduction::IntroductionStatus;
use crate::domain::money::Money;
use crate::domain::rate_lock::RateLock;
use crate::domain::syndicate::{Firmness, Interest, Participant, Pledge, Round};

/// The round that a deal fills.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn round(conn: &mut Conn, deal: DealId) -> Result<Option<Round>> {
    Ok(rounds(conn, &[deal])?.remove(&deal))
}

/// The rounds that some deals fill; a deal without one is left out.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn rounds(conn: &mut Conn, deals: &[DealId]) -> Result<BTreeMap<DealId, Round>> {
    type Row = (
        DealId,
        String,
        i64,
        i64,
        i64,
        NaiveDate,
        Option<NaiveDate>,
        Option<Vec<u8>>,
    );
    if deals.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<Row> = rounds::table
        .filter(rounds::deal_id.eq_any(deals.to_vec()))
        .select((
            rounds::deal_id,
            rounds::currency,
            rounds::minimum,
            rounds::target,
            rounds::maximum,
            rounds::closes_on,
            rounds::rates_on,
            rounds::rates_digest,
        ))
        .load(conn)?;
    let round = |row: Row| {
        let (deal, currency, minimum, target, maximum, closes_on, rates_of, digest) = row;
        let round = Round {
            currency: stored::parse(&currency)?,
            minimum,
            target,
            maximum,
            closes_on,
            lock: RateLock {
                rates_of,
                digest: stored::hash(digest)?,
            },
        };
        Ok((deal, round))
    };
    rows.into_iter().map(round).collect()
}

/// Stores the round of a deal in place of the one before.
///
/// # Errors
/// A statement failed.
pub fn set_round(conn: &mut Conn, deal: DealId, round: &Round) -> Result<()> {
    let before = rounds::table.filter(rounds::deal_id.eq(deal));
    diesel::delete(before).execute(conn)?;
    diesel::insert_into(rounds::table)
        .values((
            rounds::deal_id.eq(deal),
            rounds::currency.eq(round.currency.code()),
            rounds::minimum.eq(round.minimum),
            rounds::target.eq(round.target),
            rounds::maximum.eq(round.maximum),
            rounds::closes_on.eq(round.closes_on),
            rounds::rates_on.eq(round.lock.rates_of),
            rounds::rates_digest.eq(round.lock.digest.map(|it| it.to_vec())),
        ))
        .execute(conn)?;
    Ok(())
}

type Row = (
    DealId,
    OrganizationId,
    bool,
    String,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<NaiveDate>,
    Option<Vec<u8>>,
    (Option<i64>, Option<i64>, Option<NaiveDate>),
);

/// Who takes part in these deals, the leaders first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn participants(
    conn: &mut Conn,
    deals: &[DealId],
) -> Result<BTreeMap<DealId, Vec<Participant>>> {
    let rows: Vec<Row> = participants::table
        .filter(dsl::deal_id.eq_any(deals.to_vec()))
        .order((dsl::lead.desc(), dsl::updated_at, dsl::organization_id))
        .select((
            dsl::deal_id,
            dsl::organization_id,
            dsl::lead,
            dsl::interest,
            dsl::firmness,
            dsl::amount,
            dsl::currency,
            dsl::minimum,
            dsl::rates_on,
            dsl::rates_digest,
            (dsl::closing, dsl::allocated, dsl::value_date),
        ))
        .load(conn)?;
    let mut by_deal: BTreeMap<DealId, Vec<Participant>> = BTreeMap::new();
    for row in rows {
        by_deal.entry(row.0).or_default().push(participant(row)?);
    }
    Ok(by_deal)
}

fn participant(row: Row) -> Result<Participant> {
    let (
        _,
        organization,
        lead,
        interest,
        firmness,
        amount,
        currency,
        minimum,
        rates_of,
        digest,
        (closing, allocated, value_date),
    ) = row;
    let pledge = match (firmness, amount, currency) {
        (Some(firmness), Some(amount), Some(currency)) => Some(Pledge {
            firmness: stored::code(&firmness, Firmness::from_code)?,
            amount: Money::new(amount, stored::parse(&currency)?),
            minimum,
            lock: RateLock {
                rates_of,
                digest: stored::hash(digest)?,
            },
        }),
        _ => None,
    };
    Ok(Participant {
        organization,
        lead,
        interest: stored::code(&interest, Interest::from_code)?,
        pledge,
        closing,
        allocated,
        value_date,
    })
}

/// Stores how far an investor is in place of what was said before.
///
/// # Errors
/// A statement failed.
pub fn set_participant(
    conn: &mut Conn,
    deal: DealId,
    participant: &Participant,
    now: DateTime<Utc>,
) -> Result<()> {
    let Participant {
        organization,
        lead,
        interest,
        pledge,
        closing,
        allocated,
        value_date,
    } = participant;
    let before = participants::table
        .filter(dsl::deal_id.eq(deal))
        .filter(dsl::organization_id.eq(organization));
    diesel::delete(before).execute(conn)?;
    let pledge = pledge.as_ref();
    diesel::insert_into(participants::table)
        .values((
            dsl::deal_id.eq(deal),
            dsl::organization_id.eq(organization),
            dsl::lead.eq(lead),
            dsl::interest.eq(interest.code()),
            dsl::firmness.eq(pledge.map(|it| it.firmness.code())),
            dsl::amount.eq(pledge.map(|it| it.amount.amount_minor)),
            dsl::currency.eq(pledge.map(|it| it.amount.currency.code().to_owned())),
            dsl::minimum.eq(pledge.and_then(|it| it.minimum)),
            dsl::rates_on.eq(pledge.and_then(|it| it.lock.rates_of)),
            dsl::rates_digest.eq(pledge.and_then(|it| it.lock.digest).map(|it| it.to_vec())),
            dsl::updated_at.eq(Timestamp(now)),
            dsl::closing.eq(closing),
            dsl::allocated.eq(allocated),
            dsl::value_date.eq(value_date),
        ))
        .execute(conn)?;
    Ok(())
}

/// Whether two firms were told of each other by a mail that went out.
///
/// # Errors
/// A statement failed.
pub fn were_introduced(
    conn: &mut Conn,
    startup: OrganizationId,
    investor: OrganizationId,
) -> Result<bool> {
    use super::schema::introductions;
    let told = [
        IntroductionStatus::Sent,
        IntroductionStatus::InConversation,
        IntroductionStatus::Met,
        IntroductionStatus::Converted,
        IntroductionStatus::Closed,
    ]
    .map(IntroductionStatus::code);
    let between = introductions::table
        .filter(introductions::startup_id.eq(startup))
        .filter(introductions::investor_id.eq(investor))
        .filter(introductions::status.eq_any(told));
    Ok(diesel::select(diesel::dsl::exists(between)).get_result(conn)?)
}

/// Keeps the rates by which the money of a deal is compared from now on, and
/// the day of the newest of them.
///
/// # Errors
/// A statement failed.
pub fn lock_rates(
    conn: &mut Conn,
    deal: DealId,
    rates_on: NaiveDate,
    lock: &RateLock,
) -> Result<()> {
    let insert = diesel::insert_into(locks::table)
        .values((
            locks::deal_id.eq(deal),
            locks::rates_on.eq(rates_on),
            locks::rates_digest.eq(lock.digest.map(|it| it.to_vec())),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    Ok(())
}

/// The rates by which the money of these deals is compared.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn locked_rates(conn: &mut Conn, deals: &[DealId]) -> Result<BTreeMap<DealId, RateLock>> {
    let rows: Vec<(DealId, NaiveDate, Option<Vec<u8>>)> = locks::table
        .filter(locks::deal_id.eq_any(deals.to_vec()))
        .select((locks::deal_id, locks::rates_on, locks::rates_digest))
        .load(conn)?;
    let lock = |(deal, day, digest)| {
        let lock = RateLock {
            rates_of: Some(day),
            digest: stored::hash(digest)?,
        };
        Ok((deal, lock))
    };
    rows.into_iter().map(lock).collect()
}
