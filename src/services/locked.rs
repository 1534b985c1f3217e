//! Amounts compared by the rates that were locked with them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::NaiveDate;

use crate::db::{self, Conn};
use crate::domain::event::Value;
use crate::domain::money::{Currency, Money};
use crate::domain::rate_lock::{LockedRate, LockedRates, RateLock, lock_facts};

use super::Error;

/// What an event says of rates.
type Facts = Vec<(&'static str, Value)>;

/// Keeps what the rates say of a day now for an amount of that currency, and
/// answers what the amount is found by and what the event says of it.
pub(super) fn lock(
    conn: &mut Conn,
    day: NaiveDate,
    currency: Currency,
) -> Result<(RateLock, Facts), Error> {
    let (lock, locked) = db::rate_locks::lock(conn, day)?;
    let facts = lock_facts(&lock, locked.rates.get(&currency));
    Ok((lock, facts))
}

/// Locked rates that were looked up already.
#[derive(Default)]
pub(super) struct LockedBook(BTreeMap<RateLock, Option<LockedRates>>);

impl LockedBook {
    fn of(&mut self, conn: &mut Conn, lock: &RateLock) -> Result<Option<&LockedRates>, Error> {
        if let Entry::Vacant(place) = self.0.entry(*lock) {
            place.insert(db::rate_locks::find(conn, lock)?);
        }
        Ok(self.0.get(lock).and_then(Option::as_ref))
    }

    /// An amount in another currency's minor units at the rates locked with
    /// it; without any, only what needs none.
    pub(super) fn convert(
        &mut self,
        conn: &mut Conn,
        amount: Money,
        lock: &RateLock,
        to: Currency,
    ) -> Result<Option<i64>, Error> {
        if amount.currency == to {
            return Ok(Some(amount.amount_minor));
        }
        let rates = self.of(conn, lock)?;
        Ok(rates.and_then(|rates| rates.convert(amount, to)))
    }

    /// What one unit of a currency was worth in dollars by a lock.
    pub(super) fn rate(
        &mut self,
        conn: &mut Conn,
        lock: &RateLock,
        currency: Currency,
    ) -> Result<Option<LockedRate>, Error> {
        let rates = self.of(conn, lock)?;
        Ok(rates.and_then(|rates| rates.rates.get(&currency).cloned()))
    }
}
