//! The pipelines of a programme's deals as a document.

use serde::{Deserialize, Serialize};

use super::form::{self, One};
use crate::db::{Error, Result};
use crate::domain::criterion::{Criterion, CriterionKind, CriterionRole, ValueKind};
use crate::domain::pipeline::{Pipeline, PipelineStage};
use crate::domain::pipeline_set::{PipelineSet, Sketch};
use crate::domain::values::CloseCode;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    pipelines: Vec<StoredPipeline>,
    close_codes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPipeline {
    slug: String,
    intents: Vec<String>,
    stages: Vec<StoredStage>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredStage {
    slug: String,
    days: u32,
    probability: u32,
    side_reports: bool,
    exit_criteria: Vec<StoredCriterion>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCriterion {
    key: String,
    kind: String,
    value: String,
    role: String,
    label: String,
    required: bool,
}

/// The canonical text of a set of pipelines.
pub(in crate::db) fn encode(set: &PipelineSet) -> Result<String> {
    let pipelines = set.pipelines().iter();
    form::write(&Stored {
        schema: One,
        pipelines: pipelines.map(|it| store_pipeline(it)).collect(),
        close_codes: form::texts(set.close_codes()),
    })
}

fn store_pipeline(pipeline: &Pipeline) -> StoredPipeline {
    StoredPipeline {
        slug: pipeline.slug.to_string(),
        intents: form::texts(pipeline.intents()),
        stages: pipeline.stages().iter().map(store_stage).collect(),
    }
}

fn store_stage(stage: &PipelineStage) -> StoredStage {
    let PipelineStage {
        slug,
        days,
        probability,
        side_reports,
        exit_criteria,
    } = stage;
    StoredStage {
        slug: slug.to_string(),
        days: *days,
        probability: *probability,
        side_reports: *side_reports,
        exit_criteria: exit_criteria.iter().map(store_criterion).collect(),
    }
}

fn store_criterion(criterion: &Criterion) -> StoredCriterion {
    let Criterion {
        key,
        kind,
        value,
        role,
        label,
        required,
    } = criterion;
    StoredCriterion {
        key: key.to_string(),
        kind: kind.to_string(),
        value: value.to_string(),
        role: role.to_string(),
        label: label.clone(),
        required: *required,
    }
}

/// The set of pipelines of that text.
pub(in crate::db) fn decode(text: &str) -> Result<PipelineSet> {
    let Stored {
        schema: One,
        pipelines,
        close_codes,
    } = form::read("pipelines", text)?;
    let sketches = pipelines.into_iter().map(sketch);
    let sketches = sketches.collect::<Result<Vec<_>>>()?;
    let codes: Vec<CloseCode> = form::codes(&close_codes, CloseCode::from_code)?;
    PipelineSet::new(sketches, &codes).map_err(|faults| {
        let faults: Vec<_> = faults.into_iter().map(|it| it.pointer).collect();
        Error::Corrupt(format!("stored pipelines: {}", faults.join(", ")))
    })
}

fn sketch(stored: StoredPipeline) -> Result<Sketch> {
    let StoredPipeline {
        slug,
        intents,
        stages,
    } = stored;
    Ok(Sketch {
        slug: form::parse(&slug)?,
        intents: form::parse_all(&intents)?,
        stages: stages.into_iter().map(stage).collect::<Result<_>>()?,
    })
}

fn stage(stored: StoredStage) -> Result<PipelineStage> {
    let StoredStage {
        slug,
        days,
        probability,
        side_reports,
        exit_criteria,
    } = stored;
    Ok(PipelineStage {
        slug: form::parse(&slug)?,
        days,
        probability,
        side_reports,
        exit_criteria: exit_criteria
            .into_iter()
            .map(criterion)
            .collect::<Result<_>>()?,
    })
}

fn criterion(stored: StoredCriterion) -> Result<Criterion> {
    let StoredCriterion {
        key,
        kind,
        value,
        role,
        label,
        required,
    } = stored;
    Ok(Criterion {
        key: form::parse(&key)?,
        kind: form::code(&kind, CriterionKind::from_code)?,
        value: form::code(&value, ValueKind::from_code)?,
        role: form::code(&role, CriterionRole::from_code)?,
        label,
        required,
    })
}
