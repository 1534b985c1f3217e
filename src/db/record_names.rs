//! By which ids the files that profiles and mandates were imported from know
//! them. A firm's own id in those files stands with the firm.

use std::collections::BTreeMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::exchange_schema::record_names::{self, dsl};
use super::types::Id;
use super::{Conn, Result, sql};

/// Names a record, unless it has a name.
///
/// # Errors
/// A statement failed.
pub fn put(conn: &mut Conn, record: Uuid, external_id: &str) -> Result<()> {
    let insert = diesel::insert_into(record_names::table)
        .values((
            dsl::record_id.eq(Id::of(record)),
            dsl::external_id.eq(external_id),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    Ok(())
}

/// The names of these records; those that have none are left out.
///
/// # Errors
/// A statement failed.
pub fn of(conn: &mut Conn, records: &[Uuid]) -> Result<BTreeMap<Uuid, String>> {
    let ids: Vec<Id> = records.iter().copied().map(Id::of).collect();
    let found: Vec<(Id, String)> = record_names::table
        .filter(dsl::record_id.eq_any(ids))
        .select((dsl::record_id, dsl::external_id))
        .load(conn)?;
    Ok(found
        .into_iter()
        .map(|(id, name)| (id.uuid(), name))
        .collect())
}
