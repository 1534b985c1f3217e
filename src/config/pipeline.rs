//! Reads deal pipelines from TOML (`config/pipeline.toml`, described at its
//! head).

use serde::Deserialize;

use crate::domain::criterion::{Criterion, CriterionKind, CriterionRole, ValueKind};
use crate::domain::pipeline::PipelineStage;
use crate::domain::pipeline_set::{PipelineSet, Sketch};
use crate::domain::text::Slug;
use crate::domain::values::CloseCode;

/// The shipped pipelines, compiled in.
pub const DEFAULT: &str = include_str!("../../config/pipeline.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    pipelines: Vec<PipelineOfFile>,
    close_codes: Vec<CloseCodeOfFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PipelineOfFile {
    slug: String,
    #[serde(default)]
    intents: Vec<String>,
    stages: Vec<StageOfFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageOfFile {
    slug: String,
    days: u32,
    probability_bp: u32,
    side_reports: bool,
    exit_criteria: Vec<CriterionOfFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CriterionOfFile {
    key: String,
    kind: String,
    value: Option<String>,
    role: String,
    required: bool,
    label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseCodeOfFile {
    slug: String,
    #[serde(rename = "label")]
    _label: String,
    needs_text: bool,
}

/// The pipelines of a file.
///
/// # Errors
/// What is unknown, missing or stands twice, and where.
pub fn parse(text: &str) -> Result<PipelineSet, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let close_codes = close_codes(&file.close_codes)?;
    let sketches = file.pipelines.into_iter().map(sketch);
    let sketches = sketches.collect::<Result<Vec<_>, _>>()?;
    PipelineSet::new(sketches, &close_codes).map_err(|faults| {
        let faults = faults.into_iter();
        let faults: Vec<_> = faults
            .map(|it| format!("{}: {}", it.pointer, it.detail))
            .collect();
        faults.join("; ")
    })
}

/// The codes are the domain's; the file may not promise others, nor leave one
/// out, nor accept `other` without words.
fn close_codes(codes: &[CloseCodeOfFile]) -> Result<Vec<CloseCode>, String> {
    let mut seen = Vec::new();
    for entry in codes {
        let code = CloseCode::from_code(&entry.slug)
            .ok_or_else(|| format!("unknown close code {:?}", entry.slug))?;
        if entry.needs_text != (code == CloseCode::Other) {
            return Err(format!("close code {code}: only “other” needs words"));
        }
        seen.push(code);
    }
    match CloseCode::ALL.iter().find(|code| !seen.contains(*code)) {
        Some(missing) => Err(format!("close code {missing} is missing")),
        None => Ok(seen),
    }
}

fn sketch(entry: PipelineOfFile) -> Result<Sketch, String> {
    let intents = entry.intents.iter().map(|intent| parse_slug(intent));
    Ok(Sketch {
        slug: parse_slug(&entry.slug)?,
        intents: intents.collect::<Result<_, _>>()?,
        stages: entry
            .stages
            .into_iter()
            .map(stage)
            .collect::<Result<_, _>>()?,
    })
}

fn stage(entry: StageOfFile) -> Result<PipelineStage, String> {
    Ok(PipelineStage {
        slug: parse_slug(&entry.slug)?,
        days: entry.days,
        probability: entry.probability_bp,
        side_reports: entry.side_reports,
        exit_criteria: entry
            .exit_criteria
            .into_iter()
            .map(criterion)
            .collect::<Result<_, _>>()?,
    })
}

fn criterion(entry: CriterionOfFile) -> Result<Criterion, String> {
    let unknown =
        |what: &str, value: &str| format!("criterion {}: unknown {what} {value:?}", entry.key);
    let kind = CriterionKind::from_code(&entry.kind).ok_or_else(|| unknown("kind", &entry.kind))?;
    let value = entry.value.as_deref();
    if value.is_some() && kind != CriterionKind::Field {
        return Err(format!("criterion {}: only a field has a value", entry.key));
    }
    let value = value.unwrap_or("text");
    Ok(Criterion {
        key: parse_slug(&entry.key)?,
        kind,
        value: ValueKind::from_code(value).ok_or_else(|| unknown("value", value))?,
        role: CriterionRole::from_code(&entry.role).ok_or_else(|| unknown("role", &entry.role))?,
        label: entry.label.clone(),
        required: entry.required,
    })
}

fn parse_slug(text: &str) -> Result<Slug, String> {
    text.parse().map_err(|error| format!("{text:?}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_shipped_pipelines_load() {
        let pipelines = parse(DEFAULT).unwrap();
        let equity = pipelines.pipelines().first().unwrap();
        let last = equity.stages().last().unwrap();
        assert_eq!(
            (equity.stages().len(), last.slug.as_str(), last.probability),
            (9, "funded", 10_000)
        );
    }

    #[test]
    fn every_deal_intent_has_one_pipeline() {
        let pipelines = parse(DEFAULT).unwrap();
        let taxonomy = crate::config::taxonomy::parse(crate::config::taxonomy::DEFAULT).unwrap();
        let known: BTreeSet<_> = taxonomy
            .facet(crate::domain::tag::Facet::DealIntent)
            .map(|facet| facet.slug.clone())
            .collect();
        let named: BTreeSet<_> = pipelines
            .pipelines()
            .iter()
            .flat_map(|pipeline| pipeline.intents().iter().cloned())
            .collect();
        assert_eq!(named, known);
    }

    #[test]
    fn what_the_domain_does_not_know_is_named() {
        let wrong = DEFAULT.replacen("kind = \"field\"", "kind = \"feeling\"", 1);
        assert!(
            parse(&wrong)
                .unwrap_err()
                .contains("unknown kind \"feeling\"")
        );
    }
}
