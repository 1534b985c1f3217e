//! Reads the taxonomy from TOML (`config/taxonomy.toml`, described at its
//! head).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::tag::{
    Facet, FacetValue, Labels, Sensitivity, Tag, TagKind, Taxonomy, TaxonomyFault, Term,
};
use crate::domain::text::{Language, Slug};

/// The shipped taxonomy, compiled in.
pub const DEFAULT: &str = include_str!("../../config/taxonomy.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    tags: Vec<TagOfFile>,
    facets: Vec<FacetOfFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagOfFile {
    slug: String,
    kind: String,
    parent: Option<String>,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    machine: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
    sensitivity: String,
    // Industry codes are for people who map the tags elsewhere.
    #[serde(default, rename = "isic4")]
    _isic4: IgnoredAny,
    #[serde(default, rename = "gics")]
    _gics: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FacetOfFile {
    facet: String,
    slug: String,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    machine: Vec<String>,
    equity: Option<bool>,
}

/// The taxonomy of a file.
///
/// # Errors
/// What is unknown, missing or clashing, one fault to a line.
pub fn parse(text: &str) -> Result<Taxonomy, String> {
    let File {
        version,
        tags,
        facets,
    } = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut faults = Vec::new();
    let tags = keep(&mut faults, tags.into_iter().map(tag));
    let facets = keep(&mut faults, facets.into_iter().map(facet));
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    Taxonomy::new(version, tags, facets).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(TaxonomyFault::to_string).collect();
        lines.join("\n")
    })
}

fn keep<T>(faults: &mut Vec<String>, read: impl Iterator<Item = Result<T, String>>) -> Vec<T> {
    read.filter_map(|entry| entry.map_err(|fault| faults.push(fault)).ok())
        .collect()
}

fn tag(tag: TagOfFile) -> Result<Tag, String> {
    let name = tag.slug;
    let named = |what: &str, value: &str| format!("tag {name}: {what} {value:?} is not known");
    let slug = |text: &str| {
        text.parse::<Slug>()
            .map_err(|error| format!("tag {name}: {text:?} {error}"))
    };
    Ok(Tag {
        slug: slug(&name)?,
        kind: TagKind::from_code(&tag.kind).ok_or_else(|| named("kind", &tag.kind))?,
        parent: tag.parent.as_deref().map(slug).transpose()?,
        labels: labels(&name, tag.labels, &tag.machine)?,
        aliases: tag.aliases,
        sensitivity: Sensitivity::from_code(&tag.sensitivity)
            .ok_or_else(|| named("sensitivity", &tag.sensitivity))?,
        term: Term::default(),
    })
}

fn facet(value: FacetOfFile) -> Result<FacetValue, String> {
    let name = value.slug;
    let facet = Facet::from_code(&value.facet)
        .ok_or_else(|| format!("facet value {name}: facet {:?} is not known", value.facet))?;
    if value.equity.is_some() != (facet == Facet::DealIntent) {
        return Err(format!(
            "facet value {name}: equity belongs to deal intents, and to every one of them"
        ));
    }
    Ok(FacetValue {
        facet,
        slug: name
            .parse()
            .map_err(|error| format!("facet value {name:?} {error}"))?,
        labels: labels(&name, value.labels, &value.machine)?,
        equity: value.equity.unwrap_or(false),
    })
}

fn labels(
    name: &str,
    texts: BTreeMap<String, String>,
    machine: &[String],
) -> Result<Labels, String> {
    let language = |code: &str| {
        code.parse()
            .map_err(|error| format!("labels of {name}: {code:?} {error}"))
    };
    if let Some(code) = machine.iter().find(|code| !texts.contains_key(*code)) {
        return Err(format!(
            "labels of {name}: {code} has no text to be reviewed"
        ));
    }
    let mut machine: Vec<Language> = machine
        .iter()
        .map(|code| language(code))
        .collect::<Result<_, _>>()?;
    let texts: BTreeMap<Language, String> = texts
        .into_iter()
        .map(|(code, text)| Ok((language(&code)?, text)))
        .collect::<Result<_, String>>()?;
    machine.sort();
    // The file is written in English; somebody read what is not a machine's.
    let read = |it: &&Language| it.primary() != "en" && !machine.contains(it);
    Ok(Labels {
        human: texts.keys().filter(read).cloned().collect(),
        machine,
        texts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(text: &str) -> Slug {
        text.parse().expect("a slug")
    }

    #[test]
    fn the_shipped_taxonomy_loads_whole() {
        let taxonomy = parse(DEFAULT).expect("the shipped file is sound");
        assert!(
            taxonomy.tags().count() >= 100,
            "{}",
            taxonomy.tags().count()
        );
        for facet in Facet::ALL {
            assert!(taxonomy.facet(*facet).next().is_some(), "{facet}");
        }
        let equity = |intent| {
            taxonomy
                .facet_value(Facet::DealIntent, &slug(intent))
                .map(|value| value.equity)
        };
        assert_eq!(equity("equity_abroad"), Some(true));
        assert_eq!(equity("pilot_poc"), Some(false));
    }

    #[test]
    fn every_label_is_there_in_four_languages() {
        let taxonomy = parse(DEFAULT).expect("the shipped file is sound");
        let tags = taxonomy.tags().map(|tag| (&tag.slug, &tag.labels));
        let facets = Facet::ALL
            .iter()
            .flat_map(|facet| taxonomy.facet(*facet))
            .map(|value| (&value.slug, &value.labels));
        for (slug, labels) in tags.chain(facets) {
            for code in ["en", "he", "az", "ru"] {
                let there = labels.texts.keys().any(|key| key.primary() == code);
                assert!(there, "{slug} in {code}");
            }
        }
    }

    #[test]
    fn prohibited_trades_are_recognised_in_every_language() {
        let taxonomy = parse(DEFAULT).expect("the shipped file is sound");
        for word in ["Weaponry", "כלי נשק", "SİLAH", "оружие"] {
            let tag = taxonomy.resolve(word).map(|tag| &tag.slug);
            let sensitivity = tag.map(|slug| taxonomy.sensitivity(slug));
            assert_eq!(sensitivity, Some(Sensitivity::Prohibited), "{word}");
        }
    }

    #[test]
    fn every_fault_is_named() {
        let text = r#"
            version = "t"
            facets = []
            [[tags]]
            slug = "a"
            kind = "sector"
            labels = { en = "A" }
            aliases = ["x"]
            sensitivity = "none"
            [[tags]]
            slug = "b"
            kind = "tag"
            parent = "nowhere"
            labels = { en = "B" }
            aliases = ["X"]
            sensitivity = "none"
        "#;
        let error = parse(text).expect_err("two faults");
        assert!(
            error.contains("nowhere") && error.contains("\"X\""),
            "{error}"
        );
        let error = parse(&text.replace("\"sector\"", "\"vector\"")).expect_err("a bad kind");
        assert!(error.contains("vector"), "{error}");
    }
}
