//! Rates that amounts were locked with: each set once, by the hash of its
//! text, never changed.

use chrono::NaiveDate;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::prepared::Prepare;
use super::rate_schema::{rate_days, rate_locks};
use super::{Conn, Error, Result, json, rates, sql};
use crate::domain::rate_lock::{LockDigest, LockedRates, RateLock};

/// Keeps what the rates say of a day now, and answers it with what it is found
/// by.
///
/// # Errors
/// A statement failed, or a quotation is damaged.
pub fn lock(conn: &mut Conn, day: NaiveDate) -> Result<(RateLock, LockedRates)> {
    let found = rates::latest_book(conn, day)?.and_then(|book| book.locked());
    let rates_of = found.as_ref().map(|locked| locked.on);
    let locked = found.unwrap_or_else(|| LockedRates::none(day));
    let document = json::rate_lock::encode(&locked)?;
    let digest: LockDigest = Sha256::digest(document.as_bytes()).into();
    let insert = diesel::insert_into(rate_locks::table)
        .values((
            rate_locks::digest.eq(&digest[..]),
            rate_locks::document.eq(&document),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    let lock = RateLock {
        rates_of,
        digest: Some(digest),
    };
    Ok((lock, locked))
}

/// The rates of a lock; none where its day was never locked.
///
/// # Errors
/// A statement failed, or what is stored isn't what was locked.
pub fn find(conn: &mut Conn, lock: &RateLock) -> Result<Option<LockedRates>> {
    let digest = match (lock.digest, lock.rates_of) {
        (Some(digest), _) => Some(digest.to_vec()),
        (None, Some(day)) => {
            let found: Option<Option<Vec<u8>>> = rate_days::table
                .find(day)
                .select(rate_days::digest)
                .first(conn)
                .optional()?;
            found.flatten()
        }
        (None, None) => None,
    };
    let Some(digest) = digest else {
        return Ok(None);
    };
    let document: String = rate_locks::table
        .find(&digest)
        .select(rate_locks::document)
        .first(conn)?;
    if Sha256::digest(document.as_bytes())[..] != digest[..] {
        return Err(Error::Corrupt(
            "locked rates that are not what was locked".to_owned(),
        ));
    }
    json::rate_lock::decode(&document).map(Some)
}

/// Locks the days that amounts were compared by before values were kept, by
/// what the rates say of them now; does nothing where that was done.
///
/// # Errors
/// A statement failed, or a quotation is damaged.
pub fn lock_old_days(conn: &mut Conn) -> Result<()> {
    let days: Vec<NaiveDate> = rate_days::table
        .filter(rate_days::digest.is_null())
        .order(rate_days::rates_on)
        .select(rate_days::rates_on)
        .load(conn)?;
    for day in days {
        let (lock, _) = self::lock(conn, day)?;
        diesel::update(rate_days::table.find(day))
            .set(rate_days::digest.eq(lock.digest.map(|it| it.to_vec())))
            .prepared()
            .execute(conn)?;
    }
    Ok(())
}

/// The hash as it is stored.
///
/// # Errors
/// It has another length.
pub(super) fn digest(stored: Option<Vec<u8>>) -> Result<Option<LockDigest>> {
    let damaged = |_| Error::Corrupt("a hash of another length".to_owned());
    stored.map(|it| it.try_into().map_err(damaged)).transpose()
}
