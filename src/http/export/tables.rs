//! Lines as a table. Files are read twice: once to find the columns, once to
//! write the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use serde_json::Value;

use crate::domain::export::ExportKind;
use crate::http::files::cells;
use crate::http::files::columns::{self, Cell, LANGUAGES, LOCALIZED, NAMES, TABLE};

/// Writes a table of the lines of a file.
pub(super) fn write(kind: ExportKind, lines: &Path, to: &mut dyn Write) -> io::Result<()> {
    let row = match kind {
        ExportKind::StartupProfiles | ExportKind::Mandates | ExportKind::InvestorProfiles => {
            firm_row
        }
        _ => plain_row,
    };
    let mut columns = fixed(kind);
    let mut known: BTreeSet<String> = columns.iter().cloned().collect();
    each(lines, |document| {
        for (name, _) in row(document) {
            if known.insert(name.clone()) {
                columns.push(name);
            }
        }
        Ok(())
    })?;
    let mut to = BufWriter::new(to);
    // Spreadsheets take a file without it for one of their country's old
    // encodings.
    to.write_all("\u{FEFF}".as_bytes())?;
    let mut table = csv::Writer::from_writer(to);
    table.write_record(&columns).map_err(disk)?;
    each(lines, |document| {
        let cells: BTreeMap<String, String> = row(document).into_iter().collect();
        let cell = |name: &String| cells.get(name).map_or("", String::as_str);
        table.write_record(columns.iter().map(cell)).map_err(disk)
    })?;
    table.flush()
}

/// What the disk or the pipe said, as it said it.
fn disk(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn each(lines: &Path, mut then: impl FnMut(&Value) -> io::Result<()>) -> io::Result<()> {
    for line in BufReader::new(File::open(lines)?).lines() {
        then(&serde_json::from_str(&line?)?)?;
    }
    Ok(())
}

/// Columns that are there whatever the rows say, so that programs find them.
fn fixed(kind: ExportKind) -> Vec<String> {
    let part = match kind {
        ExportKind::StartupProfiles => "startup_profile.",
        ExportKind::Mandates => "mandate.",
        ExportKind::InvestorProfiles => "investor_profile.",
        _ => return Vec::new(),
    };
    let mut names = Vec::new();
    for (name, _) in TABLE {
        let wanted = !name.contains('.')
            || name.starts_with("organization.")
            || name.starts_with("identifiers.");
        let derived = *name == "derived" && kind != ExportKind::Mandates;
        if name.starts_with(part) || name.starts_with("record.") || (wanted && !derived) {
            names.push((*name).to_owned());
        }
        if *name == "organization.trade_name" {
            names.extend(LANGUAGES.map(|tag| format!("{NAMES}.{tag}")));
        }
        if *name == "organization.website" {
            let texts = LOCALIZED.iter().filter(|field| field.starts_with(part));
            names.extend(texts.flat_map(|field| LANGUAGES.map(|tag| format!("{field}.{tag}"))));
        }
    }
    names
}

/// The cells of a firm with its profile or mandate, in the form that can be
/// imported.
fn firm_row(document: &Value) -> Vec<(String, String)> {
    let at = |name: &str| document.pointer(&format!("/{}", name.replace('.', "/")));
    let mut cells = Vec::new();
    for (name, cell) in TABLE {
        if let Some(value) = at(name).filter(|value| !value.is_null()) {
            cells.push(((*name).to_owned(), cells::write(*cell, value)));
        }
    }
    let tags = |name: &str| at(name).and_then(Value::as_object).into_iter().flatten();
    for (tag, name) in tags(NAMES) {
        cells.push((format!("{NAMES}.{tag}"), cells::write(Cell::Text, name)));
    }
    for field in LOCALIZED {
        for (tag, local) in tags(field) {
            let text = local.get("text").unwrap_or(&Value::Null);
            cells.push((format!("{field}.{tag}"), cells::write(Cell::Text, text)));
            let state = local.get("state").and_then(Value::as_str);
            if let Some(state) = state.filter(|state| *state != "original") {
                cells.push((format!("{field}.{tag}.state"), state.to_owned()));
            }
        }
    }
    debug_assert!(cells.iter().all(|(name, _)| columns::known(name).is_some()));
    cells
}

/// The cells of any other record: fields of fields with dots between, lists of
/// texts in one cell, lists of records as JSON.
fn plain_row(document: &Value) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    flatten("", document, &mut cells);
    cells
}

fn flatten(name: &str, value: &Value, cells: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (field, value) in fields {
                let inner = match name {
                    "" => field.clone(),
                    name => format!("{name}.{field}"),
                };
                flatten(&inner, value, cells);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            cells.push((name.to_owned(), cells::guarded(value.to_string())));
        }
        Value::Array(_) => cells.push((name.to_owned(), cells::write(Cell::List, value))),
        Value::Number(_) | Value::Bool(_) => {
            cells.push((name.to_owned(), cells::write(Cell::Number, value)));
        }
        Value::String(_) => cells.push((name.to_owned(), cells::write(Cell::Text, value))),
    }
}
