//! One row of a file: a firm with its contact and its profile or mandate, as
//! a line of NDJSON says it. A row of CSV is another spelling of the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::fault::{Fault, Faults};
use crate::domain::identifier::{IdentifierScheme, Statement};
use crate::domain::investor::InvestorContent;
use crate::domain::organization::OrganizationDetails;
use crate::domain::tag::Taxonomy;
use crate::domain::text::{Language, bounded};
use crate::domain::values::OrganizationKind;
use crate::http::api::identifiers::identifiers;
use crate::http::api::investor_profiles::InvestorProfileDocument;
use crate::http::api::mandates::MandateDocument;
use crate::http::api::registrations::names;
use crate::http::api::startup_profiles::StartupProfileDocument;
use crate::http::api::values::{code, parsed};
use crate::http::fields::Misfit;
use crate::http::idempotency::fingerprint_of;
use crate::services::import_jobs::rows::{FileRow, FirmRow};
use crate::services::referrals::{Contact, Content};

/// Characters of an id in a file; of a referral's fewer are taken.
const EXTERNAL_ID: usize = 200;
/// Words of a source that no tag is known for.
const SOURCE_TAGS: usize = 200;

/// A firm, as a file says it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirmDocument {
    /// Its id for whoever made the file: the same one is the same record
    /// again, and the same firm where that has no id of its own.
    pub external_id: String,
    /// The firm.
    pub organization: FirmDetails,
    /// Its numbers in registers, by register: an empty one says that it has
    /// none there; of those that are not named the ones on record stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifiers: Option<BTreeMap<String, String>>,
    /// Through whom it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactDocument>,
    /// What a startup says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup_profile: Option<StartupProfileDocument>,
    /// What an investor looks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<MandateDocument>,
    /// What an investor says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub investor_profile: Option<InvestorProfileDocument>,
    /// Words of an earlier source that no tag is known for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_tags: Vec<String>,
    /// Whether the mandate was made from past deals.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub derived: bool,
    /// Where the record stood when the file was made; not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordDocument>,
}

/// The firm itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirmDetails {
    /// The firm's own id, where the row's is that of one of its records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// `startup` or `investor`.
    pub kind: String,
    /// As in the register of companies.
    pub legal_name: String,
    /// As people call it, if otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_name: Option<String>,
    /// The name in other scripts, by language tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// ISO 3166-1 alpha-2; unknown when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Its web site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
}

/// Where a firm can be reached.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactDocument {
    /// The address.
    pub email: String,
    /// The language that is read there.
    #[serde(default = "english")]
    pub language: String,
}

impl std::fmt::Debug for ContactDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactDocument").finish_non_exhaustive()
    }
}

fn english() -> String {
    "en".to_owned()
}

/// Where a record stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordDocument {
    /// The profile's or mandate's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The firm's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Whether the firm stands behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed: Option<bool>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// When it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

/// A row that can't even be told apart.
pub fn illegible(line: i64, code: &'static str, detail: impl Into<String>) -> FileRow {
    let mut faults = Faults::new();
    faults.push("", code, detail);
    FileRow {
        line,
        external_id: None,
        firm: Err(faults.into_vec()),
    }
}

/// The row that stands on `line`: `document` is what it says, and `read` the
/// same by its types. What is wrong with its shape and with what it means is
/// told together.
pub(super) fn row(
    line: i64,
    document: Value,
    read: Result<FirmDocument, Misfit<FirmDocument>>,
    taxonomy: &Taxonomy,
) -> FileRow {
    let said = document.get("external_id").and_then(Value::as_str);
    let external_id = said.and_then(external_id);
    let meant = |read: FirmDocument| read.firm(digest(document), taxonomy);
    let firm = match read {
        Ok(read) => meant(read),
        Err(misfit) => Err(misfit.with_meaning(meant)),
    };
    let firm = firm.map_err(Faults::into_vec);
    FileRow {
        line,
        external_id,
        firm: firm.map_err(bounded_number),
    }
}

/// The id that a row goes by, if the text is one.
pub fn external_id(text: &str) -> Option<String> {
    bounded(text, EXTERNAL_ID, false).ok()
}

/// Faults of one row that are told.
const MOST_FAULTS: usize = 100;

fn bounded_number(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.truncate(MOST_FAULTS);
    faults
}

/// What a referral that says the same over the API is known by.
fn digest(mut document: Value) -> [u8; 32] {
    if let Some(fields) = document.as_object_mut() {
        fields.remove("record");
        // A cell without a number says nothing that a document would.
        if let Some(Value::Object(numbers)) = fields.get_mut("identifiers") {
            let before = numbers.len();
            numbers.retain(|register, number| {
                let text = number.as_str();
                !text.is_some_and(|text| is_empty_number(register, text))
            });
            if numbers.is_empty() && before > 0 {
                fields.remove("identifiers");
            }
        }
    }
    fingerprint_of("POST", "/v1/referrals", &document)
}

impl FirmDocument {
    fn firm(self, digest: [u8; 32], taxonomy: &Taxonomy) -> Result<FirmRow, Faults> {
        let mut faults = Faults::new();
        let external_id = bounded(&self.external_id, EXTERNAL_ID, false);
        let external_id = faults.take("/external_id", "bad_text", external_id);
        let firm_id = self.organization.external_id.as_deref();
        let firm_id = firm_id.and_then(|id| {
            let id = bounded(id, EXTERNAL_ID, false);
            faults.take("/organization/external_id", "bad_text", id)
        });
        let details = faults.nest("/organization", self.organization.read());
        let numbers = self.identifiers.unwrap_or_default();
        let stated = statement(&mut faults, numbers);
        let contact = self
            .contact
            .and_then(|contact| faults.nest("/contact", contact.read()));
        let source_tags = source_tags(&mut faults, self.source_tags);
        let kind = details.as_ref().map(|details| details.kind);
        let about = self.investor_profile;
        let about = about.and_then(|it| about_of(&mut faults, &it, kind, taxonomy));
        let mut content = None;
        if let Some(profile) = self.startup_profile {
            let read = faults.nest("/startup_profile", profile.read(taxonomy));
            not_taken(
                &mut faults,
                "/startup_profile",
                profile.organization.is_some(),
            );
            content = read.map(|(_, mut profile)| {
                profile.source_tags.clone_from(&source_tags);
                Content::StartupProfile(Box::new(profile))
            });
        }
        if let Some(mandate) = self.mandate {
            let read = faults.nest("/mandate", mandate.read_as_known(taxonomy));
            not_taken(&mut faults, "/mandate", mandate.organization.is_some());
            if content.is_some() {
                faults.push("/mandate", "not_taken", "A row has a profile or a mandate.");
            }
            content = read.map(|(_, mut mandate)| {
                mandate.source_tags = source_tags;
                mandate.derived = self.derived;
                Content::Mandate(Box::new(mandate))
            });
        }
        if let (Some(kind), Some(content)) = (kind, &content)
            && content.kind() != kind
        {
            let detail = "A startup comes with a profile, an investor with a mandate.";
            faults.push("/organization/kind", "not_taken", detail);
        }
        match (external_id, details) {
            (Some(external_id), Some(details)) if faults.is_empty() => Ok(FirmRow {
                firm_id: firm_id.filter(|firm| *firm != external_id),
                external_id,
                details,
                identifiers: stated,
                contact,
                content,
                about,
                digest,
            }),
            _ => Err(faults),
        }
    }
}

/// What an investor says of itself; other firms have no such thing.
fn about_of(
    faults: &mut Faults,
    document: &InvestorProfileDocument,
    kind: Option<OrganizationKind>,
    taxonomy: &Taxonomy,
) -> Option<Box<InvestorContent>> {
    if kind.is_some_and(|kind| kind != OrganizationKind::Investor) {
        let detail = "Only an investor has an investor profile.";
        faults.push("/investor_profile", "not_taken", detail);
        return None;
    }
    let read = faults.nest("/investor_profile", document.read(taxonomy));
    let named = document.organization.is_some();
    not_taken(faults, "/investor_profile", named);
    read.map(|(_, content)| Box::new(content))
}

fn statement(faults: &mut Faults, numbers: BTreeMap<String, String>) -> Statement {
    let mut said = Statement::default();
    let (none, numbers): (BTreeMap<_, _>, _) = numbers
        .into_iter()
        .partition(|(register, number)| is_empty_number(register, number));
    for register in none.keys() {
        if let Some(scheme) = IdentifierScheme::from_code(register) {
            said.has_none(scheme);
        }
    }
    for number in identifiers(faults, "/identifiers", &numbers) {
        said.has(number);
    }
    said
}

fn is_empty_number(register: &str, number: &str) -> bool {
    number.trim().is_empty() && IdentifierScheme::from_code(register).is_some()
}

fn not_taken(faults: &mut Faults, place: &str, named: bool) {
    if named {
        let detail = "It belongs to the firm of its row.";
        faults.push(format!("{place}/organization"), "not_taken", detail);
    }
}

fn source_tags(faults: &mut Faults, words: Vec<String>) -> Vec<String> {
    if words.len() > SOURCE_TAGS {
        let detail = format!("At most {SOURCE_TAGS} are taken.");
        faults.push("/source_tags", "too_many", detail);
        return Vec::new();
    }
    let mut read = Vec::with_capacity(words.len());
    for (place, word) in words.iter().enumerate() {
        let word = bounded(word, 200, false);
        read.extend(faults.take(format!("/source_tags/{place}"), "bad_text", word));
    }
    read
}

impl FirmDetails {
    fn read(self) -> Result<OrganizationDetails, Faults> {
        let mut faults = Faults::new();
        let kinds = [OrganizationKind::Startup, OrganizationKind::Investor];
        let kind = code(&mut faults, "/kind", &self.kind, &kinds);
        let legal_name = parsed(&mut faults, "/legal_name", "bad_name", &self.legal_name);
        let trade_name = self
            .trade_name
            .and_then(|name| parsed(&mut faults, "/trade_name", "bad_name", &name));
        let names = names(&mut faults, &self.names);
        let country = self
            .country
            .and_then(|country| parsed(&mut faults, "/country", "unknown_country", &country));
        let website = self
            .website
            .and_then(|address| parsed(&mut faults, "/website", "bad_address", &address));
        match (kind, legal_name) {
            (Some(kind), Some(legal_name)) if faults.is_empty() => Ok(OrganizationDetails {
                kind,
                legal_name,
                trade_name,
                names,
                country,
                website,
            }),
            _ => Err(faults),
        }
    }

    /// What a file says of a firm.
    pub fn of(details: &OrganizationDetails) -> Self {
        let names = details.names.iter();
        Self {
            external_id: None,
            kind: details.kind.code().to_owned(),
            legal_name: details.legal_name.to_string(),
            trade_name: details.trade_name.as_ref().map(ToString::to_string),
            names: names
                .map(|(language, name)| (language.to_string(), name.to_string()))
                .collect(),
            country: details.country.map(|country| country.to_string()),
            website: details.website.as_ref().map(ToString::to_string),
        }
    }
}

impl ContactDocument {
    fn read(self) -> Result<Contact, Faults> {
        let mut faults = Faults::new();
        let email = parsed(&mut faults, "/email", "bad_address", &self.email);
        let language: Option<Language> =
            parsed(&mut faults, "/language", "unknown_language", &self.language);
        match (email, language) {
            (Some(email), Some(language)) => Ok(Contact { email, language }),
            _ => Err(faults),
        }
    }
}
