//! The columns of Corridor's own CSV. A column is named by the path of a field
//! in the JSON form, with dots between, so that both forms say the same: a row
//! becomes the document, and the document a row, without loss.

/// What stands in the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Text as it is.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// Texts with `|` between; `\` before a `|` or `\` that belongs to a text.
    List,
    /// Tags with their weights, such as `water:3|energy:1`.
    Weights,
    /// A list of records, as JSON.
    Records,
}

/// A column that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Where its value stands in the document.
    pub path: Vec<String>,
    /// What stands in its cells.
    pub cell: Cell,
}

impl Column {
    /// Whether a number in a register stands there.
    pub fn is_number(&self) -> bool {
        self.path
            .first()
            .is_some_and(|field| field == "identifiers")
    }
}

use Cell::{Flag, List, Number, Records, Text, Weights};

/// Columns without which a file says nothing.
pub const NEEDED: [&str; 3] = [
    "external_id",
    "organization.kind",
    "organization.legal_name",
];

/// Columns of one name each, in the order in which they are written.
pub const TABLE: &[(&str, Cell)] = &[
    ("external_id", Text),
    ("organization.external_id", Text),
    ("organization.kind", Text),
    ("organization.legal_name", Text),
    ("organization.trade_name", Text),
    ("organization.country", Text),
    ("organization.website", Text),
    ("identifiers.il_company", Text),
    ("identifiers.az_voen", Text),
    ("identifiers.lei", Text),
    ("contact.email", Text),
    ("contact.language", Text),
    ("startup_profile.primary_tags", List),
    ("startup_profile.tags", List),
    ("startup_profile.technologies", List),
    ("startup_profile.business_models", List),
    ("startup_profile.customer_types", List),
    ("startup_profile.stage", Text),
    ("startup_profile.stage_before", Text),
    ("startup_profile.markets_now", List),
    ("startup_profile.markets_wanted", List),
    ("startup_profile.languages", List),
    ("startup_profile.deal_intents", List),
    ("startup_profile.round.currency", Text),
    ("startup_profile.round.min", Number),
    ("startup_profile.round.target", Number),
    ("startup_profile.round.max", Number),
    ("startup_profile.round.min_cheque", Number),
    ("startup_profile.round.instruments", List),
    ("startup_profile.round.lead_wanted", Flag),
    ("startup_profile.round.close_by", Text),
    ("startup_profile.traction.revenue_12m.amount_minor", Number),
    ("startup_profile.traction.revenue_12m.currency", Text),
    ("startup_profile.traction.growth_pct", Number),
    ("startup_profile.traction.customers", Number),
    ("startup_profile.traction.pilots", Number),
    ("startup_profile.team_size", Number),
    ("startup_profile.encumbrances", List),
    ("startup_profile.transfer_topics", List),
    ("startup_profile.controls.defence_customers", Flag),
    ("startup_profile.controls.dual_use", Flag),
    ("startup_profile.controls.interception", Flag),
    ("startup_profile.controls.intrusion", Flag),
    ("startup_profile.controls.biometrics", Flag),
    ("startup_profile.controls.licences", List),
    ("startup_profile.controls.signed_by", Text),
    ("startup_profile.controls.signed_on", Text),
    ("mandate.title", Text),
    ("mandate.tags", Weights),
    ("mandate.excluded_tags", List),
    ("mandate.stages", List),
    ("mandate.cheque.currency", Text),
    ("mandate.cheque.min", Number),
    ("mandate.cheque.max", Number),
    ("mandate.cheque.flexible", Flag),
    ("mandate.startup_countries", List),
    ("mandate.excluded_countries", List),
    ("mandate.markets", List),
    ("mandate.instruments", List),
    ("mandate.role", Text),
    ("mandate.deal_intents", List),
    ("mandate.transfer_topics", List),
    ("mandate.business_models", List),
    ("mandate.customer_types", List),
    ("mandate.languages", List),
    ("mandate.capacity.open_introductions", Number),
    ("mandate.capacity.new_per_week", Number),
    ("mandate.active_from", Text),
    ("mandate.active_to", Text),
    ("investor_profile.type", Text),
    ("investor_profile.residence", Text),
    ("investor_profile.assets", Text),
    ("investor_profile.portfolio", Records),
    ("investor_profile.languages", List),
    ("investor_profile.accreditation.status", Text),
    ("investor_profile.accreditation.basis", Text),
    ("investor_profile.accreditation.valid_to", Text),
    ("source_tags", List),
    ("derived", Flag),
    ("record.id", Text),
    ("record.organization", Text),
    ("record.status", Text),
    ("record.claimed", Flag),
    ("record.version", Number),
    ("record.created_at", Text),
    ("record.updated_at", Text),
];

/// Fields with a text in each language: `<field>.<language>`, and beside it
/// `<field>.<language>.state` where the words are not their author's own.
pub const LOCALIZED: [&str; 3] = [
    "startup_profile.one_liner",
    "startup_profile.summary",
    "investor_profile.about",
];

/// The name in other scripts: `organization.names.<language>`.
pub const NAMES: &str = "organization.names";

/// The languages that a file made here always has columns for.
pub const LANGUAGES: [&str; 4] = ["en", "he", "az", "ru"];

/// The column of that name.
pub fn known(name: &str) -> Option<Column> {
    let column = |path: &str, more: &[&str], cell| Column {
        name: name.to_owned(),
        path: path
            .split('.')
            .chain(more.iter().copied())
            .map(str::to_owned)
            .collect(),
        cell,
    };
    if let Some((_, cell)) = TABLE.iter().find(|(known, _)| *known == name) {
        return Some(column(name, &[], *cell));
    }
    let under = |field: &str| name.strip_prefix(field)?.strip_prefix('.');
    if let Some(tag) = under(NAMES) {
        return is_tag(tag).then(|| column(NAMES, &[tag], Text));
    }
    let field = LOCALIZED.iter().find(|field| under(field).is_some())?;
    let rest = under(field)?;
    let (tag, part) = match rest.strip_suffix(".state") {
        Some(tag) => (tag, "state"),
        None => (rest, "text"),
    };
    is_tag(tag).then(|| column(field, &[tag, part], Text))
}

/// Whether it looks like a language tag; whether it is one is asked later.
fn is_tag(text: &str) -> bool {
    let sane = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (2..=35).contains(&text.len()) && text.chars().all(sane)
}

/// The column that a pointer into the document means, for who reads the CSV.
pub fn of_pointer(pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix('/')?.replace('/', ".");
    let name = name.strip_suffix(".text").unwrap_or(&name);
    let mut place = name;
    loop {
        if known(place).is_some() {
            return Some(place.to_owned());
        }
        // An item of a list, or a weight, stands in the cell of the whole.
        place = place.rsplit_once('.')?.0;
    }
}

/// What people call columns, beside their names here.
const CALLED: &[(&str, &str)] = &[
    ("id", "external_id"),
    ("name", "organization.legal_name"),
    ("company", "organization.legal_name"),
    ("company name", "organization.legal_name"),
    ("organization name", "organization.legal_name"),
    ("kind", "organization.kind"),
    ("type", "organization.kind"),
    ("url", "organization.website"),
    ("site", "organization.website"),
    ("web site", "organization.website"),
    ("homepage", "organization.website"),
    ("country code", "organization.country"),
    ("mail", "contact.email"),
    ("e mail", "contact.email"),
    ("description", "startup_profile.summary.en"),
    ("tagline", "startup_profile.one_liner.en"),
    ("voen", "identifiers.az_voen"),
    ("vöen", "identifiers.az_voen"),
];

/// The known column whose name is most like that one.
pub fn nearest(name: &str) -> Option<String> {
    let wanted = words_of(name);
    let called = CALLED.iter().find(|(said, _)| *said == wanted.join(" "));
    if let Some((_, known)) = called {
        return Some((*known).to_owned());
    }
    let english = LOCALIZED.iter().map(|field| format!("{field}.en"));
    let names = TABLE.iter().map(|(known, _)| (*known).to_owned());
    let mut best: Option<(f64, String)> = None;
    for known in names.chain(english) {
        let whole = likeness(&words_of(&known), &wanted);
        // Without its language, and without the part that it stands in.
        let known_field = known.strip_suffix(".en").unwrap_or(&known);
        let field = likeness(&words_of(known_field), &wanted);
        let last = known_field.rsplit('.').next().unwrap_or(known_field);
        let last = likeness(&words_of(last), &wanted) * 0.95;
        let like = whole.max(field).max(last);
        if best.as_ref().is_none_or(|(most, _)| like > *most) {
            best = Some((like, known));
        }
    }
    best.filter(|(like, _)| *like > 0.6).map(|(_, known)| known)
}

fn words_of(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    let parts = lower.split(|c: char| !c.is_alphanumeric());
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// How many of their words two names have in common, of the longer one's.
fn likeness(one: &[String], other: &[String]) -> f64 {
    let is_there = |word: &&String| {
        other
            .iter()
            .any(|there| strsim::jaro_winkler(word, there) > 0.9)
    };
    let common = u32::try_from(one.iter().filter(is_there).count()).unwrap_or(0);
    let most = u32::try_from(one.len().max(other.len()).max(1)).unwrap_or(u32::MAX);
    f64::from(common) / f64::from(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_paths_of_the_document() {
        let path = |name: &str| known(name).map(|column| column.path.join("/"));
        assert_eq!(path("external_id").as_deref(), Some("external_id"));
        assert_eq!(
            path("organization.names.he").as_deref(),
            Some("organization/names/he")
        );
        assert_eq!(
            path("startup_profile.one_liner.az").as_deref(),
            Some("startup_profile/one_liner/az/text")
        );
        assert_eq!(
            path("startup_profile.summary.zh-Hant.state").as_deref(),
            Some("startup_profile/summary/zh-Hant/state")
        );
        for unknown in [
            "",
            "name",
            "organization",
            "organization.names.",
            "mandate.tags.water",
        ] {
            assert_eq!(path(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn faults_are_told_by_the_column() {
        let column = |pointer: &str| of_pointer(pointer).unwrap_or_default();
        assert_eq!(
            column("/startup_profile/summary/en/text"),
            "startup_profile.summary.en"
        );
        assert_eq!(
            column("/startup_profile/summary/en"),
            "startup_profile.summary.en"
        );
        assert_eq!(
            column("/startup_profile/primary_tags/1"),
            "startup_profile.primary_tags"
        );
        assert_eq!(column("/mandate/tags/water"), "mandate.tags");
        assert_eq!(column("/startup_profile"), "");
        for (name, meant) in [
            ("legal name", Some("organization.legal_name")),
            ("organization.name", Some("organization.legal_name")),
            ("Name", Some("organization.legal_name")),
            ("organisation.contry", Some("organization.country")),
            (
                "startup_profile.one_liner",
                Some("startup_profile.one_liner.en"),
            ),
            ("summary", Some("startup_profile.summary.en")),
            ("email", Some("contact.email")),
            ("startup_profile.tag", Some("startup_profile.tags")),
            ("LEI", Some("identifiers.lei")),
            ("colour", None),
        ] {
            assert_eq!(nearest(name).as_deref(), meant, "{name}");
        }
    }
}
