//! Records as lines of files, as the API shows them: lists by the same use
//! cases, filters and views as their routes, and everything of one firm.

mod archive;
mod everything;
mod lists;
mod own;
mod tables;

use std::future::Future;
use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;

use serde::Serialize;
use serde_json::Value;

use super::problem::Problem;
use crate::domain::export::{ExportFormat, ExportKind, Wanted};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::services::export_jobs::{Lines, Scribe};
use crate::services::files::{Incoming, Received};
use crate::services::{Caller, Context, Error, organizations};

pub use lists::Contacts;

/// Records as callers read them.
#[derive(Debug, Clone, Copy)]
pub struct Views;

impl Scribe for Views {
    fn check(&self, context: &Context, caller: &Caller, wanted: &Wanted) -> Result<(), Error> {
        let mut faults = Faults::new();
        let whole = wanted.kind == ExportKind::Organization;
        if whole && wanted.organization.is_none() {
            faults.push("/organization", "required", "Name the firm.");
        }
        if !whole && wanted.organization.is_some() {
            let detail = "A list takes its firm among the filters.";
            faults.push("/organization", "not_taken", detail);
        }
        if whole && wanted.format == ExportFormat::Csv {
            let detail = "Everything of a firm is of many kinds, so it comes as ndjson or zip.";
            faults.push("/format", "not_taken", detail);
        }
        if !whole && wanted.format == ExportFormat::Zip {
            let detail = "A list names no files, so it comes as csv or ndjson.";
            faults.push("/format", "not_taken", detail);
        }
        if !whole && wanted.wait {
            let detail =
                "A list shows each record as its route does; there is nothing to wait for.";
            faults.push("/wait", "not_taken", detail);
        }
        if whole && !wanted.filters.is_empty() {
            faults.push("/filters", "not_taken", "Everything takes no filters.");
        }
        if !whole && let Err(problem) = lists::check(context, caller, wanted) {
            faults.push("/filters", "bad_filter", said(&problem));
        }
        faults.finish()?;
        Ok(())
    }

    fn probe(
        &self,
        context: Context,
        caller: Caller,
        wanted: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        Box::pin(async move {
            match wanted.organization {
                Some(firm) => organizations::find(&context, &caller, firm).await.map(drop),
                None => lists::probe(&context, &caller, &wanted).await,
            }
        })
    }

    fn waits(
        &self,
        context: Context,
        caller: Caller,
        wanted: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<bool, Error>> + Send>> {
        Box::pin(async move {
            match wanted.organization {
                Some(firm) => everything::waits(&context, &caller, firm).await,
                None => Ok(false),
            }
        })
    }

    fn write(
        &self,
        context: Context,
        caller: Caller,
        wanted: Wanted,
        to: Lines,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        Box::pin(write(context, caller, wanted, Contacts::LeftOut, to))
    }

    fn archive(
        &self,
        context: Context,
        caller: Caller,
        firm: Option<OrganizationId>,
        lines: Received,
        to: Incoming,
    ) -> Pin<Box<dyn Future<Output = Result<Received, Error>> + Send>> {
        Box::pin(archive::write(context, caller, firm, lines, to))
    }

    fn tabulate(&self, kind: ExportKind, lines: &Path, to: &mut dyn Write) -> io::Result<()> {
        tables::write(kind, lines, to)
    }
}

/// Sends what is wanted, line by line, until there is no more or nobody takes
/// it any longer.
///
/// # Errors
/// It is not there or not the caller's to read, or the store failed.
pub async fn write(
    context: Context,
    caller: Caller,
    wanted: Wanted,
    contacts: Contacts,
    to: Lines,
) -> Result<(), Error> {
    match wanted.organization {
        Some(firm) => everything::write(&context, &caller, firm, &to).await,
        None => lists::write(&context, &caller, &wanted, contacts, &to).await,
    }
}

/// Sends a line; false when nobody takes it.
async fn send(to: &Lines, line: &impl Serialize) -> Result<bool, Error> {
    let mut text = serde_json::to_vec(line).map_err(Error::internal)?;
    text.push(b'\n');
    Ok(to.send(text).await.is_ok())
}

fn value(view: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(view).map_err(Error::internal)
}

/// What is wrong with a query, for people.
fn said(problem: &Problem) -> String {
    problem.detail_or_meaning().to_owned()
}
