//! Rule sets, kept once each by the hash of their document: what a match was
//! computed under never changes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::schema::rule_sets::{self, dsl};
use super::types::Timestamp;
use super::{Conn, Result, json, sql};
use crate::domain::ids::RuleSetId;
use crate::domain::scoring::RuleSet;

/// Stores a rule set unless the very same rules are there already, and
/// answers the id under which they are.
///
/// # Errors
/// A statement failed.
pub fn insert_if_new(conn: &mut Conn, rules: &RuleSet, now: DateTime<Utc>) -> Result<RuleSetId> {
    let document = json::rule_set::encode(rules)?;
    let hash = Sha256::digest(document.as_bytes());
    let insert = diesel::insert_into(rule_sets::table)
        .values((
            dsl::id.eq(rules.id),
            dsl::name.eq(&rules.name),
            dsl::document.eq(&document),
            dsl::document_hash.eq(&hash[..]),
            dsl::created_at.eq(Timestamp(now)),
        ))
        .on_conflict(dsl::document_hash)
        .do_nothing();
    if sql::execute(conn, insert)? == 1 {
        return Ok(rules.id);
    }
    Ok(rule_sets::table
        .filter(dsl::document_hash.eq(&hash[..]))
        .select(dsl::id)
        .first(conn)?)
}

/// The rule set with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: RuleSetId) -> Result<Option<RuleSet>> {
    let document: Option<String> = rule_sets::table
        .find(id)
        .select(dsl::document)
        .first(conn)
        .optional()?;
    document
        .map(|document| json::rule_set::decode(id, &document))
        .transpose()
}

/// Every rule set, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(conn: &mut Conn) -> Result<Vec<RuleSet>> {
    let rows: Vec<(RuleSetId, String)> = rule_sets::table
        .order((dsl::created_at, dsl::id))
        .select((dsl::id, dsl::document))
        .load(conn)?;
    rows.into_iter()
        .map(|(id, document)| json::rule_set::decode(id, &document))
        .collect()
}
