//! Rows that go in together. On SQLite, where a statement costs no trip, one
//! that is compiled once goes in for each; on PostgreSQL all are one statement.

use std::collections::BTreeSet;

use diesel::prelude::*;
#[cfg(feature = "postgres")]
use diesel::sql_types::{Array, Text};

use crate::db::duplicate_schema::organization_traces::{self as traces, dsl as trace};
use crate::db::exchange_schema::import_rows::{self, dsl as rows_dsl};
use crate::db::prepared::Prepare;
use crate::db::types::Id;
#[cfg(feature = "postgres")]
use crate::db::types::sql;
use crate::db::{Conn, Result, json};
use crate::domain::ids::{ImportId, OrganizationId};
use crate::domain::import::ImportRow;

/// What a firm is recognised by.
pub(in crate::db) fn traces(
    conn: &mut Conn,
    organization: OrganizationId,
    found: &BTreeSet<String>,
) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => {
            for text in found {
                diesel::insert_into(traces::table)
                    .values((
                        trace::trace.eq(text),
                        trace::organization_id.eq(organization),
                    ))
                    .execute(conn)?;
            }
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            diesel::sql_query(
                "INSERT INTO organization_traces (trace, organization_id)
                 SELECT found.trace, $2 FROM unnest($1) AS found (trace)",
            )
            .bind::<Array<Text>, _>(found)
            .bind::<sql::Id, _>(organization)
            .prepared()
            .execute(conn)?;
        }
    }
    Ok(())
}

/// The report of some rows of a file.
pub(in crate::db) fn import_rows(conn: &mut Conn, job: ImportId, rows: &[ImportRow]) -> Result<()> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let firm = row.firm.as_ref();
        all.push((
            rows_dsl::job_id.eq(job),
            rows_dsl::line.eq(row.line),
            rows_dsl::external_id.eq(row.external_id.as_deref()),
            rows_dsl::outcome.eq(row.outcome.code()),
            rows_dsl::record_id.eq(row.record.map(Id::of)),
            rows_dsl::faults.eq(json::faults::encode(&row.faults)?),
            rows_dsl::firm.eq(firm.map(|firm| firm.key.as_str())),
            rows_dsl::firm_digest.eq(firm.map(|firm| firm.digest.to_vec())),
            rows_dsl::firm_numbers.eq(firm.map(|firm| firm.numbers.as_str())),
        ));
    }
    match conn {
        Conn::Sqlite(conn) => {
            for row in all {
                let insert = diesel::insert_into(import_rows::table).values(row);
                insert.prepared().execute(conn)?;
            }
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            let insert = diesel::insert_into(import_rows::table).values(all);
            insert.prepared().execute(conn)?;
        }
    }
    Ok(())
}
