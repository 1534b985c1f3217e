//! Rows become startups, investors and deals, or faults that name their
//! column.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;

use chrono::NaiveDate;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::config::import_mapping::{
    Columns, ImportMapping, InvestmentField, InvestorField, MissingCountry, StartupField,
};
use crate::domain::country::Country;
use crate::domain::fault::Fault;
use crate::domain::identifier::{Identifier, IdentifierScheme, Statement};
use crate::domain::money::Currency;
use crate::domain::organization::OrganizationDetails;
use crate::domain::profile::{Round, StartupContent};
use crate::domain::tag::{Sensitivity, TagKind, Taxonomy};
use crate::domain::text::{Language, LocalText, Localized, Name, TextState, Website, bounded};
use crate::domain::values::{OrganizationKind, Stage};
use crate::services::contacts::Contact;
use crate::services::imports::{NewInvestor, NewStartup};

use super::cells::{minor_units, past_day};
use super::table::{Cells, Line};

/// Tags that say what a startup is.
const PRIMARY: usize = 3;
/// Further tags; with the primary ones ten.
const FURTHER: usize = 7;

/// What is wrong with one cell, or with a whole row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowFault {
    /// The field of the mapping; empty for the whole row.
    pub field: &'static str,
    /// The file's own column for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is wrong.
    pub detail: String,
}

impl Display for RowFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.column.as_deref().unwrap_or(self.field) {
            "" => f.write_str(&self.detail),
            place => write!(f, "{place}: {}", self.detail),
        }
    }
}

impl RowFault {
    /// What is wrong with a cell; with the whole row where `field` is empty.
    pub fn new(field: &'static str, detail: impl Into<String>) -> Self {
        Self {
            field,
            column: None,
            detail: detail.into(),
        }
    }

    /// The same as reports over the API have it, by the field's name.
    pub fn into_fault(self) -> Fault {
        let (pointer, code) = match self.field {
            "" => (String::new(), "bad_row"),
            field => (format!("/{field}"), "bad_cell"),
        };
        Fault::new(pointer, code, self.detail)
    }

    /// The same with the file's own word for the place, which is where people
    /// look for it.
    #[must_use]
    pub fn in_columns<F: Serialize>(self, columns: &Columns<F>) -> Self {
        let is_it = |field: &F| serde_json::to_value(field).is_ok_and(|name| name == self.field);
        let found = columns.iter().find(|(field, _)| is_it(field));
        Self {
            column: found.map(|(_, column)| column.clone()),
            ..self
        }
    }
}

/// A row that was looked at.
#[derive(Debug)]
pub enum Checked<T> {
    /// It can be imported.
    Good(T),
    /// It can't be imported.
    Bad(Vec<RowFault>),
}

/// The faults of one row, collected while it is read.
#[derive(Default)]
struct Notes(Vec<RowFault>);

impl Notes {
    fn add(&mut self, field: &'static str, detail: impl Into<String>) {
        self.0.push(RowFault::new(field, detail));
    }

    fn take<T, E: Display>(&mut self, field: &'static str, result: Result<T, E>) -> Option<T> {
        result
            .map_err(|error| self.add(field, error.to_string()))
            .ok()
    }

    /// A cell that must not be empty, parsed.
    fn need<T, E: Display>(
        &mut self,
        field: &'static str,
        cell: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Some(text) = cell else {
            self.add(field, "must not be empty");
            return None;
        };
        self.take(field, parse(text))
    }
}

/// What rows are read with.
pub struct Rules {
    /// How files become records.
    pub mapping: ImportMapping,
    /// The tags.
    pub taxonomy: std::sync::Arc<Taxonomy>,
    /// No deal lies after it.
    pub today: NaiveDate,
}

/// The ids of a file with their lines: each may come once. What is kept of an
/// id is a hash of 16 bytes, however long it is.
#[derive(Default)]
pub struct Ids(HashMap<[u8; 16], u64>);

impl Ids {
    fn claim(&mut self, id: &str, line: u64) -> Result<String, String> {
        let id = bounded(id, 200, false).map_err(|fault| fault.to_string())?;
        let [hash @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _]: [u8; 32] =
            Sha256::digest(&id).into();
        match self.0.entry(hash) {
            Entry::Occupied(first) => Err(format!("{id:?} was on line {} already", first.get())),
            Entry::Vacant(free) => {
                free.insert(line);
                Ok(id)
            }
        }
    }
}

/// A startup's row.
pub fn startup(rules: &Rules, ids: &mut Ids, line: Line<StartupField>) -> Checked<NewStartup> {
    use StartupField as F;
    let cells = match line.cells {
        Ok(cells) => cells,
        Err(why) => return whole_row(why),
    };
    let mut notes = Notes::default();
    let id = notes.need("external_id", cells.get(F::ExternalId), |id| {
        ids.claim(id, line.number)
    });
    let name = notes.need("name", cells.get(F::Name), str::parse::<Name>);
    let website = cells
        .get(F::Website)
        .and_then(|text| notes.take("website", text.parse()));
    let country = country(rules, &mut notes, cells.get(F::Country));
    let contact = contact(
        &mut notes,
        cells.get(F::ContactEmail),
        cells.get(F::ContactLanguage),
    );
    let content = startup_content(rules, &mut notes, &cells);
    let numbers = [
        (F::IlCompany, IdentifierScheme::IlCompany),
        (F::AzVoen, IdentifierScheme::AzVoen),
        (F::Lei, IdentifierScheme::Lei),
    ];
    let identifiers = identifiers(
        &mut notes,
        numbers.map(|(field, scheme)| (scheme, cells.said(field))),
    );
    match (id, name) {
        (Some(external_id), Some(name)) if notes.0.is_empty() => Checked::Good(NewStartup {
            external_id,
            firm_id: None,
            identifiers,
            details: details(OrganizationKind::Startup, name, country, website),
            content,
            contact,
        }),
        _ => Checked::Bad(notes.0),
    }
}

/// An investor's row; the mandate comes later, from the deals.
pub fn investor(rules: &Rules, ids: &mut Ids, line: Line<InvestorField>) -> Checked<NewInvestor> {
    use InvestorField as F;
    let cells = match line.cells {
        Ok(cells) => cells,
        Err(why) => return whole_row(why),
    };
    let mut notes = Notes::default();
    let id = notes.need("external_id", cells.get(F::ExternalId), |id| {
        ids.claim(id, line.number)
    });
    let name = notes.need("name", cells.get(F::Name), str::parse::<Name>);
    let website = cells
        .get(F::Website)
        .and_then(|text| notes.take("website", text.parse()));
    let country = country(rules, &mut notes, cells.get(F::Country));
    let contact = contact(
        &mut notes,
        cells.get(F::ContactEmail),
        cells.get(F::ContactLanguage),
    );
    let numbers = [
        (F::IlCompany, IdentifierScheme::IlCompany),
        (F::AzVoen, IdentifierScheme::AzVoen),
        (F::Lei, IdentifierScheme::Lei),
    ];
    let identifiers = identifiers(
        &mut notes,
        numbers.map(|(field, scheme)| (scheme, cells.said(field))),
    );
    match (id, name) {
        (Some(external_id), Some(name)) if notes.0.is_empty() => Checked::Good(NewInvestor {
            external_id,
            firm_id: None,
            identifiers,
            details: details(OrganizationKind::Investor, name, country, website),
            mandate: None,
            investments: Vec::new(),
            contact,
        }),
        _ => Checked::Bad(notes.0),
    }
}

/// One investor in one round of a startup.
#[derive(Debug, Clone)]
pub struct Deal {
    /// The startup, by its id in the files.
    pub startup: String,
    /// The investor, by its id in the files.
    pub investor: String,
    /// When.
    pub date: NaiveDate,
    /// The round's stage, where the file says one.
    pub stage: Option<Stage>,
    /// The whole round, in minor units of the mapping's currency.
    pub amount: Option<i64>,
}

/// A past deal's row; whether both sides are known is the caller's to ask.
pub fn deal(rules: &Rules, line: Line<InvestmentField>) -> Checked<Deal> {
    use InvestmentField as F;
    let cells = match line.cells {
        Ok(cells) => cells,
        Err(why) => return whole_row(why),
    };
    let mut notes = Notes::default();
    let own = |id: &str| Ok::<_, String>(id.to_owned());
    let startup = notes.need("startup_external_id", cells.get(F::StartupExternalId), own);
    let investor = notes.need(
        "investor_external_id",
        cells.get(F::InvestorExternalId),
        own,
    );
    let date = notes.need("invested_on", cells.get(F::InvestedOn), |day| {
        past_day(day, rules.today)
    });
    let stage = stage(rules, &mut notes, cells.get(F::Stage));
    let amount = amount(rules, &mut notes, "round_amount", cells.get(F::RoundAmount));
    match (startup, investor, date, notes.0.is_empty()) {
        (Some(startup), Some(investor), Some(date), true) => Checked::Good(Deal {
            startup,
            investor,
            date,
            stage,
            amount,
        }),
        _ => Checked::Bad(notes.0),
    }
}

fn whole_row<T>(detail: String) -> Checked<T> {
    Checked::Bad(vec![RowFault::new("", detail)])
}

/// What a row says of the firm's numbers: an empty cell, that it has none.
fn identifiers<const N: usize>(
    notes: &mut Notes,
    cells: [(IdentifierScheme, Option<&str>); N],
) -> Statement {
    let mut said = Statement::default();
    for (scheme, cell) in cells {
        match cell {
            None => {}
            Some("") => said.has_none(scheme),
            Some(text) => {
                let read = notes.take(scheme.code(), Identifier::new(scheme, text));
                if let Some(number) = read {
                    said.has(number);
                }
            }
        }
    }
    said
}

/// `None` with no fault noted means that the country is unknown.
fn country(rules: &Rules, notes: &mut Notes, cell: Option<&str>) -> Option<Country> {
    let Some(code) = cell else {
        if rules.mapping.defaults.missing_country == MissingCountry::Refuse {
            notes.add("country", "must not be empty");
        }
        return None;
    };
    let known = rules.mapping.country(code).ok_or_else(|| {
        format!("{code:?} is no ISO 3166-1 code such as ISR or IL, nor listed under [countries] of the mapping")
    });
    notes.take("country", known)
}

/// A language without an address says nothing.
fn contact(notes: &mut Notes, email: Option<&str>, language: Option<&str>) -> Option<Contact> {
    let email = email.map(|text| notes.take("contact_email", text.parse()));
    let language = match language {
        None => Some(Language::english()),
        Some(text) => notes.take("contact_language", text.parse()),
    };
    let (email, language) = (email??, language?);
    Some(Contact { email, language })
}

fn details(
    kind: OrganizationKind,
    name: Name,
    country: Option<Country>,
    website: Option<Website>,
) -> OrganizationDetails {
    OrganizationDetails {
        kind,
        legal_name: name,
        trade_name: None,
        names: BTreeMap::new(),
        country,
        website,
    }
}

fn startup_content(
    rules: &Rules,
    notes: &mut Notes,
    cells: &Cells<StartupField>,
) -> StartupContent {
    use StartupField as F;
    let defaults = &rules.mapping.defaults;
    let mut content = StartupContent {
        one_liner: english(notes, "one_liner", cells.get(F::OneLiner), 300),
        summary: english(notes, "summary", cells.get(F::Summary), 5_000),
        stage: stage(rules, notes, cells.get(F::Stage)),
        languages: defaults.languages.clone(),
        deal_intents: defaults.deal_intents.clone(),
        round: amount(rules, notes, "round_target", cells.get(F::RoundTarget))
            .map(|target| round(defaults.currency, target)),
        ..StartupContent::default()
    };
    for word in cells
        .get(F::Tags)
        .unwrap_or_default()
        .split(defaults.tag_separator)
    {
        add_tag(rules, notes, &mut content, word.trim());
    }
    content
}

fn english(notes: &mut Notes, field: &'static str, cell: Option<&str>, max: usize) -> Localized {
    let text = cell.and_then(|text| notes.take(field, bounded(text, max, true)));
    text.into_iter()
        .map(|text| {
            let state = TextState::Original;
            (Language::english(), LocalText { text, state })
        })
        .collect()
}

/// The amount of the round stands for what the startup asks for.
const fn round(currency: Currency, target: i64) -> Round {
    Round {
        currency,
        min: None,
        target,
        max: None,
        min_cheque: None,
        instruments: BTreeSet::new(),
        lead_wanted: false,
        close_by: None,
    }
}

/// Gives a word of the file its place: the first tags are the primary ones;
/// what no tag is known for, or there is no place for, is kept as it is.
fn add_tag(rules: &Rules, notes: &mut Notes, content: &mut StartupContent, word: &str) {
    if word.is_empty() {
        return;
    }
    let Some(tag) = rules.mapping.tag(word, &rules.taxonomy) else {
        if let Some(word) = notes.take("tags", bounded(word, 200, false)) {
            keep(&mut content.source_tags, word);
        }
        return;
    };
    if rules.taxonomy.sensitivity(&tag.slug) == Sensitivity::Prohibited {
        notes.add(
            "tags",
            format!("{word:?} names something that Corridor does not broker"),
        );
    } else if content.all_tags().any(|slug| *slug == tag.slug) {
        // Two words of the file may mean the same tag.
    } else if tag.kind == TagKind::Technology {
        content.technologies.insert(tag.slug.clone());
    } else if content.primary_tags.len() < PRIMARY {
        content.primary_tags.insert(tag.slug.clone());
    } else if content.tags.len() < FURTHER {
        content.tags.insert(tag.slug.clone());
    } else {
        keep(&mut content.source_tags, word.to_owned());
    }
}

fn keep(words: &mut Vec<String>, word: String) {
    if !words.contains(&word) {
        words.push(word);
    }
}

fn stage(rules: &Rules, notes: &mut Notes, cell: Option<&str>) -> Option<Stage> {
    let word = cell?;
    let known = rules
        .mapping
        .stage(word)
        .ok_or_else(|| format!("{word:?} is not listed under [stages] of the mapping"));
    notes.take("stage", known).flatten()
}

fn amount(
    rules: &Rules,
    notes: &mut Notes,
    field: &'static str,
    cell: Option<&str>,
) -> Option<i64> {
    let text = cell?;
    let minor = minor_units(text, rules.mapping.defaults.currency);
    notes.take(field, minor.map_err(|why| format!("{text:?} {why}")))
}
