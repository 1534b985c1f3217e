//! Bytes that no row needs: of documents that were erased, of uploads that
//! were refused, and what a process that died left behind.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::db;
use crate::domain::ids::DocumentId;
use crate::services::{Context, Error};

use super::blocking;
use super::vault::Hash;

/// How long bytes without a row lie before the sweep takes them: far longer
/// than an upload may take.
pub const GRACE: Duration = Duration::from_hours(24);
/// Hashes that are looked up at once.
const AT_ONCE: usize = 500;

/// Deletes these bytes unless a version needs them.
///
/// # Errors
/// The store or the disk failed; the sweep will find them.
pub(in crate::services) async fn delete_unneeded(
    context: &Context,
    hash: Hash,
) -> Result<bool, Error> {
    let needed = move |conn: &mut db::Conn| Ok::<_, Error>(db::documents::holders(conn, &hash)?);
    if context.db.read(needed).await? > 0 {
        return Ok(false);
    }
    let vault = context.documents.vault.clone();
    let alone = blocking(move || vault.alone()).await?;
    // Somebody may have put the same bytes there for a row of theirs.
    if context.db.read(needed).await? > 0 {
        return Ok(false);
    }
    let vault = context.documents.vault.clone();
    blocking(move || vault.remove(&hash, &alone)).await?;
    Ok(true)
}

/// Deletes the bytes of an erased document that no other one needs.
///
/// # Errors
/// The store or the disk failed; the sweep will find them.
pub(super) async fn delete_of(context: &Context, id: DocumentId) -> Result<(), Error> {
    let all = move |conn: &mut db::Conn| {
        let limit = usize::try_from(crate::domain::document::MOST_VERSIONS).unwrap_or(0);
        Ok::<_, Error>(db::documents::list_versions(conn, id, None, limit)?)
    };
    for version in context.db.read(all).await? {
        if version.erased_at.is_some() {
            delete_unneeded(context, version.digest).await?;
        }
    }
    Ok(())
}

/// Deletes what has lain without a row for a day in the next of the folder's
/// 256 parts, and uploads that broke off; answers how much it was.
///
/// # Errors
/// The store or the disk failed.
pub async fn sweep(context: &Context) -> Result<usize, Error> {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    let vault = context.documents.vault.clone();
    blocking(move || vault.sweep_incoming()).await?;
    sweep_part(context, NEXT.fetch_add(1, Ordering::Relaxed), GRACE).await
}

/// [`sweep`] of one part of the folder, by another grace.
///
/// # Errors
/// The store or the disk failed.
pub async fn sweep_part(context: &Context, part: u8, grace: Duration) -> Result<usize, Error> {
    let mut deleted = 0;
    for hash in orphans(context, part, grace).await? {
        if delete_unneeded(context, hash).await? {
            deleted += 1;
        }
    }
    if deleted > 0 {
        tracing::info!(deleted, "bytes that no document needs were deleted");
    }
    Ok(deleted)
}

/// The bytes in one part of the folder that no version needs and that have
/// lain there for so long.
///
/// # Errors
/// The store or the disk failed.
pub async fn orphans(context: &Context, part: u8, age: Duration) -> Result<Vec<Hash>, Error> {
    let vault = context.documents.vault.clone();
    let there = blocking(move || vault.part(part, age)).await?;
    let mut orphans = Vec::new();
    for some in there.chunks(AT_ONCE) {
        let some = some.to_vec();
        let look = move |conn: &mut db::Conn| {
            let held = db::documents::held(conn, &some)?;
            let free = some.into_iter().filter(|hash| !held.contains(hash));
            Ok::<Vec<Hash>, Error>(free.collect())
        };
        orphans.extend(context.db.read(look).await?);
    }
    Ok(orphans)
}

/// What is wrong with the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Bytes that versions need.
    pub needed: usize,
    /// Of those, the ones that are not there.
    pub missing: Vec<Hash>,
    /// Of those, the ones that are not what they were.
    pub damaged: Vec<Hash>,
    /// Bytes that no version needs.
    pub orphans: usize,
}

/// Looks whether all bytes are there, by their lengths, or by their hashes.
///
/// # Errors
/// The store or the disk failed.
pub async fn check(context: &Context, hashes: bool) -> Result<Condition, Error> {
    let mut condition = Condition::default();
    let mut last = None;
    loop {
        let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        let look = move |conn: &mut db::Conn| {
            Ok::<_, Error>(db::documents::digests_after(conn, last, limit)?)
        };
        let some = context.db.read(look).await?;
        let Some((newest, _)) = some.last() else {
            break;
        };
        last = Some(*newest);
        let vault = context.documents.vault.clone();
        condition = blocking(move || {
            for (hash, length) in some {
                condition.needed += 1;
                match vault.length(&hash) {
                    Err(_) => condition.missing.push(hash),
                    Ok(real) if real != length => condition.damaged.push(hash),
                    Ok(_) if hashes && !vault.is_whole(&hash)? => condition.damaged.push(hash),
                    Ok(_) => {}
                }
            }
            Ok(condition)
        })
        .await?;
    }
    for part in 0..=u8::MAX {
        condition.orphans += orphans(context, part, Duration::ZERO).await?.len();
    }
    Ok(condition)
}
