//! The ledger for its owner: what of a firm was shown, when, and to whom as far
//! as the firm may know the other.

use std::collections::BTreeMap;

pub use crate::db::disclosures::Disclosure;
use crate::db::page::Page;
use crate::db::{self, disclosures};
use crate::domain::ids::OrganizationId;

use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error};

/// One line as its reader may see it.
#[derive(Debug, Clone)]
pub struct Line {
    /// What is on record.
    pub disclosure: Disclosure,
    /// The other firm's name: for the operator's people, and for the firm once
    /// the other was named to it as well.
    pub shown_to: Option<String>,
    /// Whether its reader may know what the gate's answer rested on: that tells
    /// of the other firm, too.
    pub rules_told: bool,
}

/// What was shown of a firm, oldest first: for its own people and the
/// operator's.
pub async fn list(
    context: &Context,
    caller: &Caller,
    shown: OrganizationId,
    page: PageRequest,
) -> Result<Page<Line>, Error> {
    // Of a firm of their own the operator's people read what the firm does.
    let everything = caller.reads_all_of(&[shown]);
    if !everything && !caller.belongs_to(shown) {
        return Err(Error::NotFound);
    }
    read_page(
        context,
        format!("disclosures {shown}"),
        page,
        move |conn, cursor, limit| {
            db::organizations::find(conn, shown)?.ok_or(Error::NotFound)?;
            let lines = disclosures::list_for(conn, shown, cursor, limit)?;
            let mut others: Vec<_> = lines.iter().map(|line| line.shown_to).collect();
            others.sort_unstable();
            others.dedup();
            if !everything {
                others = disclosures::named_to(conn, shown, &others)?;
            }
            let names: BTreeMap<_, _> = db::organizations::find_many(conn, &others)?
                .into_iter()
                .map(|firm| (firm.id, firm.details.display_name().to_string()))
                .collect();
            let line = |disclosure: Disclosure| Line {
                shown_to: names.get(&disclosure.shown_to).cloned(),
                rules_told: everything,
                disclosure,
            };
            Ok(lines.into_iter().map(line).collect())
        },
        |line| after(line.disclosure.at, line.disclosure.id),
    )
    .await
}
