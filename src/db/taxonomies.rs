//! The tags as scores saw them, each version once by the hash of its document.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::schema::taxonomies::{self, dsl};
use super::types::Timestamp;
use super::{Conn, Result, json, sql};
use crate::domain::grounds::TaxonomyHash;
use crate::domain::tag::Taxonomy;

/// Stores what scores look at in a taxonomy, unless it is there already, and
/// answers its hash.
///
/// # Errors
/// A statement failed.
pub fn insert_if_new(
    conn: &mut Conn,
    taxonomy: &Taxonomy,
    now: DateTime<Utc>,
) -> Result<TaxonomyHash> {
    let document = json::taxonomy::encode(taxonomy)?;
    let hash = digest(&document);
    let insert = diesel::insert_into(taxonomies::table)
        .values((
            dsl::hash.eq(&hash[..]),
            dsl::document.eq(&document),
            dsl::created_at.eq(Timestamp(now)),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    Ok(hash)
}

/// The hash under which a taxonomy is stored.
///
/// # Errors
/// It can't be written.
pub fn hash_of(taxonomy: &Taxonomy) -> Result<TaxonomyHash> {
    Ok(digest(&json::taxonomy::encode(taxonomy)?))
}

fn digest(document: &str) -> TaxonomyHash {
    Sha256::digest(document.as_bytes()).into()
}

/// The taxonomy with that hash, without labels and aliases.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, hash: &TaxonomyHash) -> Result<Option<Taxonomy>> {
    let document: Option<String> = taxonomies::table
        .find(&hash[..])
        .select(dsl::document)
        .first(conn)
        .optional()?;
    document.as_deref().map(json::taxonomy::decode).transpose()
}
