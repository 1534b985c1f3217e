//! Reads how the files of another system become profiles, investors and past
//! deals (`config/import-crunchbase.toml`, described at its head).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::domain::country::Country;
use crate::domain::money::Currency;
use crate::domain::tag::{Facet, Tag, Taxonomy};
use crate::domain::text::{Language, Name, Slug, fold};
use crate::domain::values::Stage;

/// The shipped mapping, compiled in.
pub const DEFAULT: &str = include_str!("../../config/import-crunchbase.toml");

/// What a column of the startups' file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StartupField {
    /// Its id in the files; needed.
    ExternalId,
    /// What it is called; needed.
    Name,
    /// Where it is; the column is needed, a cell may be empty.
    Country,
    /// Its web site.
    Website,
    /// The address of somebody of the firm.
    ContactEmail,
    /// The language that is read there.
    ContactLanguage,
    /// Its tags in one cell.
    Tags,
    /// The export's word for its round.
    Stage,
    /// What its round seeks.
    RoundTarget,
    /// One sentence in English.
    OneLiner,
    /// A few paragraphs in English.
    Summary,
    /// Its number in the Israeli register of companies.
    IlCompany,
    /// Its VÖEN, the number in the Azerbaijani tax register.
    AzVoen,
    /// Its legal entity identifier.
    Lei,
}

/// What a column of the investors' file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvestorField {
    /// Its id in the files; needed.
    ExternalId,
    /// What it is called; needed.
    Name,
    /// Where it is; the column is needed, a cell may be empty.
    Country,
    /// Its web site.
    Website,
    /// The address of somebody of the firm.
    ContactEmail,
    /// The language that is read there.
    ContactLanguage,
    /// Its number in the Israeli register of companies.
    IlCompany,
    /// Its VÖEN, the number in the Azerbaijani tax register.
    AzVoen,
    /// Its legal entity identifier.
    Lei,
}

/// What a column of the investments' file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvestmentField {
    /// The startup, by its id in the files; needed.
    StartupExternalId,
    /// The investor, by its id in the files; needed.
    InvestorExternalId,
    /// The day of the deal; needed.
    InvestedOn,
    /// The export's word for the round.
    Stage,
    /// The whole round's amount.
    RoundAmount,
}

/// The column of each field that a file has.
pub type Columns<F> = BTreeMap<F, String>;

/// What becomes of a row without a country. No corridor is known to join it, so
/// it is ranked for curators and shown to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingCountry {
    /// It is taken and counted.
    Take,
    /// It is a bad row.
    Refuse,
}

/// What the files don't say.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// What stands between two tags.
    pub tag_separator: char,
    /// Of every amount.
    pub currency: Currency,
    /// Working languages.
    pub languages: BTreeSet<Language>,
    /// Kinds of deal wanted.
    pub deal_intents: BTreeSet<Slug>,
    /// Title of a derived mandate.
    pub mandate_title: Name,
    /// For rows without a country.
    pub missing_country: MissingCountry,
}

/// How files become records.
#[derive(Debug, Clone)]
pub struct ImportMapping {
    /// Of the startups' file.
    pub startups: Columns<StartupField>,
    /// Of the investors' file.
    pub investors: Columns<InvestorField>,
    /// Of the investments' file.
    pub investments: Columns<InvestmentField>,
    /// What the files don't say.
    pub defaults: Defaults,
    countries: HashMap<String, Country>,
    stages: HashMap<String, Option<Stage>>,
    tags: HashMap<String, Slug>,
}

impl ImportMapping {
    /// The country a word of the export means: as the mapping says, else by
    /// its ISO 3166-1 code, alpha-3 or alpha-2.
    pub fn country(&self, word: &str) -> Option<Country> {
        let listed = self.countries.get(&fold(word)).copied();
        listed
            .or_else(|| Country::from_alpha3(word).ok())
            .or_else(|| word.parse().ok())
    }

    /// The stage a word of the export means: `Some(None)` for a word that
    /// says nothing about it, `None` for a word that is not listed.
    pub fn stage(&self, word: &str) -> Option<Option<Stage>> {
        self.stages.get(&fold(word)).copied()
    }

    /// The tag a word of the export means: as the mapping says, else as the
    /// taxonomy knows it.
    pub fn tag<'a>(&self, word: &str, taxonomy: &'a Taxonomy) -> Option<&'a Tag> {
        self.tags
            .get(&fold(word))
            .and_then(|slug| taxonomy.tag(taxonomy.leads_to(slug)))
            .or_else(|| taxonomy.resolve(word))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    startups: Section<StartupField>,
    investors: Section<InvestorField>,
    investments: Section<InvestmentField>,
    countries: BTreeMap<String, String>,
    stages: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    defaults: DefaultsOfFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section<F> {
    columns: BTreeMap<String, F>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultsOfFile {
    tag_separator: char,
    currency: String,
    languages: Vec<String>,
    deal_intents: Vec<String>,
    mandate_title: String,
    missing_country: MissingCountry,
}

/// The mapping of a file.
///
/// # Errors
/// What is unknown, missing or clashing, one fault to a line.
pub fn parse(text: &str, taxonomy: &Taxonomy) -> Result<ImportMapping, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut faults = Vec::new();
    let startups = columns("startups", file.startups, &mut faults);
    let investors = columns("investors", file.investors, &mut faults);
    let investments = columns("investments", file.investments, &mut faults);
    need("startups", &startups, &STARTUP_NEEDS, &mut faults);
    need("investors", &investors, &INVESTOR_NEEDS, &mut faults);
    need("investments", &investments, &INVESTMENT_NEEDS, &mut faults);
    let countries = words("countries", file.countries, country, &mut faults);
    let stages = words("stages", file.stages, stage, &mut faults);
    let tags = words("tags", file.tags, |slug| tag(slug, taxonomy), &mut faults);
    match defaults(file.defaults, taxonomy, &mut faults) {
        Some(defaults) if faults.is_empty() => Ok(ImportMapping {
            startups,
            investors,
            investments,
            defaults,
            countries,
            stages,
            tags,
        }),
        _ => Err(faults.join("\n")),
    }
}

const STARTUP_NEEDS: [(StartupField, &str); 3] = [
    (StartupField::ExternalId, "external_id"),
    (StartupField::Name, "name"),
    (StartupField::Country, "country"),
];
const INVESTOR_NEEDS: [(InvestorField, &str); 3] = [
    (InvestorField::ExternalId, "external_id"),
    (InvestorField::Name, "name"),
    (InvestorField::Country, "country"),
];
const INVESTMENT_NEEDS: [(InvestmentField, &str); 3] = [
    (InvestmentField::StartupExternalId, "startup_external_id"),
    (InvestmentField::InvestorExternalId, "investor_external_id"),
    (InvestmentField::InvestedOn, "invested_on"),
];

fn columns<F: Ord>(name: &str, section: Section<F>, faults: &mut Vec<String>) -> Columns<F> {
    let mut columns = Columns::new();
    for (column, field) in section.columns {
        if let Some(other) = columns.insert(field, column.clone()) {
            faults.push(format!(
                "[{name}.columns]: the columns {other:?} and {column:?} name the same field"
            ));
        }
    }
    columns
}

fn need<F: Ord>(name: &str, columns: &Columns<F>, needed: &[(F, &str)], faults: &mut Vec<String>) {
    let missing = needed
        .iter()
        .filter(|(field, _)| !columns.contains_key(field));
    faults.extend(missing.map(|(_, word)| format!("[{name}.columns]: no column for {word}")));
}

/// The words of a table with what they mean; two words that are one without
/// case, marks and punctuation must mean the same.
fn words<T: PartialEq>(
    name: &str,
    table: BTreeMap<String, String>,
    meaning: impl Fn(&str) -> Result<T, String>,
    faults: &mut Vec<String>,
) -> HashMap<String, T> {
    let mut words: HashMap<String, T> = HashMap::with_capacity(table.len());
    for (word, text) in table {
        match meaning(&text) {
            Err(fault) => faults.push(format!("[{name}] {word:?}: {fault}")),
            Ok(meant) => match words.get(&fold(&word)) {
                Some(other) if *other != meant => {
                    faults.push(format!("[{name}] {word:?}: the same word is listed twice"));
                }
                _ => {
                    words.insert(fold(&word), meant);
                }
            },
        }
    }
    words
}

fn country(code: &str) -> Result<Country, String> {
    code.parse().map_err(|error| format!("{code:?} {error}"))
}

fn stage(code: &str) -> Result<Option<Stage>, String> {
    if code.is_empty() {
        return Ok(None);
    }
    Stage::from_code(code)
        .map(Some)
        .ok_or_else(|| format!("{code:?} is no stage"))
}

fn tag(slug: &str, taxonomy: &Taxonomy) -> Result<Slug, String> {
    let known = |slug: &Slug| taxonomy.tag(slug).is_some();
    slug.parse()
        .ok()
        .filter(known)
        .ok_or_else(|| format!("the taxonomy has no tag {slug:?}"))
}

fn defaults(
    file: DefaultsOfFile,
    taxonomy: &Taxonomy,
    faults: &mut Vec<String>,
) -> Option<Defaults> {
    let mut fault = |key: &str, why: String| faults.push(format!("[defaults] {key}: {why}"));
    let currency = file.currency.parse().map_err(|error| {
        fault("currency", format!("{:?} is {error}", file.currency));
    });
    let title = file.mandate_title.parse().map_err(|error| {
        fault("mandate_title", format!("{error}"));
    });
    let mut languages = BTreeSet::new();
    for text in &file.languages {
        match text.parse() {
            Ok(language) => _ = languages.insert(language),
            Err(error) => fault("languages", format!("{text:?} {error}")),
        }
    }
    let mut deal_intents = BTreeSet::new();
    for text in &file.deal_intents {
        match text.parse::<Slug>() {
            Ok(slug) if taxonomy.facet_value(Facet::DealIntent, &slug).is_some() => {
                deal_intents.insert(slug);
            }
            _ => fault("deal_intents", format!("the taxonomy has no {text:?}")),
        }
    }
    if deal_intents.is_empty() {
        fault("deal_intents", "at least one is needed".into());
    }
    Some(Defaults {
        tag_separator: file.tag_separator,
        currency: currency.ok()?,
        languages,
        deal_intents,
        mandate_title: title.ok()?,
        missing_country: file.missing_country,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::taxonomy;

    fn shipped() -> Taxonomy {
        taxonomy::parse(taxonomy::DEFAULT).unwrap()
    }

    #[test]
    fn the_shipped_mapping_goes_before_the_taxonomy() {
        let taxonomy = shipped();
        let mapping = parse(DEFAULT, &taxonomy).unwrap();
        let slug = |word: &str| mapping.tag(word, &taxonomy).map(|tag| tag.slug.to_string());
        assert_eq!(slug("Storage").as_deref(), Some("dev_tools"));
        assert_eq!(slug("אגריטק").as_deref(), Some("agri_food"));
        assert_eq!(slug("curated web"), None);
        assert_eq!(mapping.stage("Series-A"), Some(Some(Stage::SeriesA)));
        assert_eq!(mapping.stage("venture-unspecified"), Some(None));
        assert_eq!(mapping.stage("ipo"), None);
        let code = |word: &str| mapping.country(word).map(|it| it.to_string());
        for (word, country) in [("ROM", "RO"), ("ISR", "IL"), ("AZ", "AZ")] {
            assert_eq!(code(word).as_deref(), Some(country));
        }
        assert_eq!(code("Israel"), None);
    }

    #[test]
    fn all_faults_are_named_together() {
        let text = DEFAULT
            .replace("country = \"country\"\nfirst_stage", "first_stage")
            .replace("\"series-a\" = \"series_a\"", "\"series-a\" = \"round_a\"")
            .replace("\"water\" = \"water\"", "\"water\" = \"wet\"")
            .replace("currency = \"USD\"", "currency = \"DOLLAR\"");
        let faults = parse(&text, &shipped()).unwrap_err();
        assert_eq!(
            faults,
            "[startups.columns]: no column for country\n\
             [stages] \"series-a\": \"round_a\" is no stage\n\
             [tags] \"water\": the taxonomy has no tag \"wet\"\n\
             [defaults] currency: \"DOLLAR\" is not an ISO 4217 currency code in use"
        );
    }

    #[test]
    fn unknown_keys_and_fields_are_refused() {
        let taxonomy = shipped();
        let extra = format!("{DEFAULT}\n[extra]\nkey = 1\n");
        assert!(
            parse(&extra, &taxonomy)
                .unwrap_err()
                .contains("unknown field `extra`")
        );
        let field = DEFAULT.replace("first_stage = \"stage\"", "first_stage = \"phase\"");
        assert!(
            parse(&field, &taxonomy)
                .unwrap_err()
                .contains("unknown variant `phase`")
        );
    }
}
