//! What the rows of a file say of one firm. Several may be of it, each with
//! another record, and what they say of the firm itself must be the same: else
//! the last one would win without a word, and the same file again would change
//! it to and fro.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::db::imports;
use crate::db::{Conn, Result};
use crate::domain::country::Country;
use crate::domain::fault::Fault;
use crate::domain::ids::ImportId;
use crate::domain::import::{ImportRow, RowFirm, RowOutcome};
use crate::domain::text::{Name, Website};

use super::rows::{FileRow, FirmRow};

/// The firms that rows before were of, each as the first good one says.
pub(super) struct Firms(BTreeMap<String, Before>);

/// The first good row of a firm.
struct Before {
    line: i64,
    outcome: RowOutcome,
    /// What it and the others until now say.
    firm: RowFirm,
}

impl Firms {
    /// Those that a batch speaks of, of the rows before it.
    pub(super) fn before(conn: &mut Conn, import: ImportId, rows: &[FileRow]) -> Result<Self> {
        let first = rows.first().map_or(0, |row| row.line);
        let firms = rows.iter().filter_map(|row| row.firm.as_ref().ok());
        let keys: Vec<String> = firms.map(key).collect();
        let mut seen = Self(BTreeMap::new());
        for row in imports::rows_of_firms(conn, import, first, &keys)? {
            seen.note(&row);
        }
        Ok(seen)
    }

    /// That a row before says otherwise of the same firm.
    pub(super) fn contradicted(&self, firm: &RowFirm) -> Option<Fault> {
        let before = self.0.get(&firm.key)?;
        before.firm.contradicts(firm).then(|| {
            Fault::new(
                "/organization",
                "contradicts",
                format!("Line {} says otherwise of the same firm.", before.line),
            )
        })
    }

    /// What a row comes to, where it was tried without the rows of batches
    /// before: a firm that one of them makes is there by then.
    pub(super) fn tried(&self, row: ImportRow) -> ImportRow {
        let before = row.firm.as_ref().and_then(|firm| self.0.get(&firm.key));
        let created = row.outcome == RowOutcome::Created;
        let outcome = match before {
            Some(_) if created => RowOutcome::Updated,
            _ => row.outcome,
        };
        let is_new = created || before.is_some_and(|it| it.outcome == RowOutcome::Created);
        ImportRow {
            outcome,
            // A firm that would be new has no id.
            record: row.record.filter(|_| !is_new),
            ..row
        }
    }

    /// Remembers a row for those after it.
    pub(super) fn note(&mut self, row: &ImportRow) {
        let Some(firm) = &row.firm else {
            return;
        };
        if matches!(row.outcome, RowOutcome::Bad | RowOutcome::Refused) {
            return;
        }
        let first = self.0.entry(firm.key.clone()).or_insert_with(|| Before {
            line: row.line,
            outcome: row.outcome,
            firm: firm.clone(),
        });
        first.firm.add(firm);
    }
}

/// What a row says of its firm.
pub(super) fn said(row: &FirmRow) -> RowFirm {
    let details = &row.details;
    let mut hash = Hash(Sha256::new());
    hash.add(Some(details.legal_name.as_str()));
    hash.add(details.trade_name.as_ref().map(Name::as_str));
    hash.add(Some(&details.names.len().to_string()));
    for (language, name) in &details.names {
        hash.add(Some(language.as_str()));
        hash.add(Some(name.as_str()));
    }
    hash.add(details.country.as_ref().map(Country::code));
    hash.add(details.website.as_ref().map(Website::as_str));
    let said = row.identifiers.said();
    let numbers: Vec<String> = said
        .map(|(scheme, number)| format!("{}={}", scheme.code(), number.unwrap_or_default()))
        .collect();
    RowFirm {
        key: key(row),
        numbers: numbers.join(" "),
        digest: hash.0.finalize().into(),
    }
}

fn key(row: &FirmRow) -> String {
    let id = row.firm_id.as_ref().unwrap_or(&row.external_id);
    format!("{}:{id}", row.details.kind.code())
}

struct Hash(Sha256);

impl Hash {
    /// Each with its length, so that no two sequences look the same.
    fn add(&mut self, text: Option<&str>) {
        let Some(text) = text else {
            self.0.update([0]);
            return;
        };
        self.0.update([1]);
        self.0
            .update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(text);
    }
}
