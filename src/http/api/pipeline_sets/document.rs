//! What a set of pipelines says, as callers write and read it: the structure of
//! `config/pipeline.toml`, and its record.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::criterion::{Criterion, CriterionKind, CriterionRole, ValueKind};
use crate::domain::fault::Faults;
use crate::domain::pipeline::{Pipeline, PipelineStage};
use crate::domain::pipeline_set::{
    CRITERIA, KeptPipelineSet, PIPELINES, PipelineSet, STAGES, Sketch,
};
use crate::domain::text::{Slug, bounded};
use crate::domain::values::CloseCode;
use crate::http::api::values::{code, each, parsed, texts, time, within};

/// Most deal intents that one pipeline is for.
const INTENTS: usize = 30;

/// One pipeline.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Pipeline)]
pub struct PipelineDocument {
    /// Its name in data.
    #[schema(max_length = 80, example = "equity")]
    slug: String,
    /// The deal intents that it is for; no two pipelines are for one. A deal
    /// opens in the first by name that is for an intent of both sides, else in
    /// the first by name.
    #[serde(default)]
    #[schema(max_items = 30, example = json!(["equity_abroad"]))]
    intents: Vec<String>,
    /// The stages, first to last. A deal is signed from one called `signed` on,
    /// and money is confirmed at the last.
    #[schema(min_items = 1, max_items = 30)]
    stages: Vec<StageDocument>,
}

/// One stage of a pipeline.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PipelineStage)]
struct StageDocument {
    /// Its name in data.
    #[schema(max_length = 80, example = "screening")]
    slug: String,
    /// Working days that it should take at most.
    #[schema(minimum = 1, maximum = 1000, example = 20)]
    days: u32,
    /// How likely money is from here, in basis points.
    #[schema(minimum = 0, maximum = 10000, example = 2000)]
    probability_bp: u32,
    /// Whether the next stage is reached when both sides report it; else a
    /// curator confirms.
    side_reports: bool,
    /// What should be there before it is left.
    #[serde(default)]
    #[schema(max_items = 30)]
    exit_criteria: Vec<CriterionDocument>,
}

/// What should be there before a stage is left.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExitCriterion)]
struct CriterionDocument {
    /// Under which key it is recorded in a deal's facts.
    #[schema(max_length = 80, example = "term_sheet_amount")]
    key: String,
    /// `field` (a value), `document` (what it is called, or its id) or
    /// `decision` (the day of a yes).
    #[schema(max_length = 20, example = "field")]
    kind: String,
    /// Of a field: `text`, `day` or `amount`; `text` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "amount")]
    value: Option<String>,
    /// Who provides it: `startup`, `investor`, `either` or `curator`.
    #[schema(max_length = 20, example = "either")]
    role: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 200, example = "Amount in the term sheet")]
    label: String,
    /// Whether a deal can't go on without it.
    required: bool,
}

/// The set that callers wrote.
///
/// # Errors
/// Everything that is wrong, by its pointer.
pub fn read(pipelines: &[PipelineDocument], close_codes: &[String]) -> Result<PipelineSet, Faults> {
    let mut faults = Faults::new();
    let mut sketches = Vec::new();
    if within(&mut faults, "/pipelines", pipelines.len(), PIPELINES) {
        for (place, pipeline) in pipelines.iter().enumerate() {
            let pointer = format!("/pipelines/{place}");
            sketches.extend(sketch(&mut faults, &pointer, pipeline));
        }
    }
    let all = CloseCode::ALL;
    let codes: Vec<CloseCode> = each(
        &mut faults,
        "/close_codes",
        close_codes,
        all.len(),
        |faults, pointer, text| code(faults, pointer, text, all),
    );
    faults.finish()?;
    PipelineSet::new(sketches, &codes)
}

fn slug(faults: &mut Faults, pointer: &str, text: &str) -> Option<Slug> {
    parsed(faults, pointer, "invalid_slug", text)
}

fn sketch(faults: &mut Faults, pointer: &str, document: &PipelineDocument) -> Option<Sketch> {
    let name = slug(faults, &format!("{pointer}/slug"), &document.slug);
    let at = format!("{pointer}/intents");
    let intents: Vec<Slug> = each(faults, &at, &document.intents, INTENTS, slug);
    let mut stages = Vec::new();
    let at = format!("{pointer}/stages");
    if within(faults, &at, document.stages.len(), STAGES) {
        for (place, stage) in document.stages.iter().enumerate() {
            stages.extend(read_stage(faults, &format!("{at}/{place}"), stage));
        }
    }
    Some(Sketch {
        slug: name?,
        intents,
        stages,
    })
}

fn read_stage(
    faults: &mut Faults,
    pointer: &str,
    document: &StageDocument,
) -> Option<PipelineStage> {
    let name = slug(faults, &format!("{pointer}/slug"), &document.slug);
    let at = format!("{pointer}/exit_criteria");
    let mut exit_criteria = Vec::new();
    if within(faults, &at, document.exit_criteria.len(), CRITERIA) {
        for (place, criterion) in document.exit_criteria.iter().enumerate() {
            exit_criteria.extend(read_criterion(faults, &format!("{at}/{place}"), criterion));
        }
    }
    Some(PipelineStage {
        slug: name?,
        days: document.days,
        probability: document.probability_bp,
        side_reports: document.side_reports,
        exit_criteria,
    })
}

fn read_criterion(
    faults: &mut Faults,
    pointer: &str,
    document: &CriterionDocument,
) -> Option<Criterion> {
    let at = |field: &str| format!("{pointer}/{field}");
    let key = slug(faults, &at("key"), &document.key);
    let kind = code(faults, &at("kind"), &document.kind, CriterionKind::ALL);
    let value = document.value.as_deref().unwrap_or("text");
    let value = code(faults, &at("value"), value, ValueKind::ALL);
    let role = code(faults, &at("role"), &document.role, CriterionRole::ALL);
    let label = bounded(&document.label, crate::domain::pipeline_set::LABEL, false);
    let label = faults.take(at("label"), "not_a_label", label);
    Some(Criterion {
        key: key?,
        kind: kind?,
        value: value?,
        role: role?,
        label: label?,
        required: document.required,
    })
}

impl PipelineDocument {
    /// A pipeline as callers read it.
    pub fn of(pipeline: &Pipeline) -> Self {
        Self {
            slug: pipeline.slug.to_string(),
            intents: texts(pipeline.intents()),
            stages: pipeline.stages().iter().map(StageDocument::of).collect(),
        }
    }
}

impl StageDocument {
    fn of(stage: &PipelineStage) -> Self {
        let PipelineStage {
            slug,
            days,
            probability,
            side_reports,
            exit_criteria,
        } = stage;
        Self {
            slug: slug.to_string(),
            days: *days,
            probability_bp: *probability,
            side_reports: *side_reports,
            exit_criteria: exit_criteria.iter().map(CriterionDocument::of).collect(),
        }
    }
}

impl CriterionDocument {
    fn of(criterion: &Criterion) -> Self {
        let Criterion {
            key,
            kind,
            value,
            role,
            label,
            required,
        } = criterion;
        let is_field = *kind == CriterionKind::Field;
        Self {
            key: key.to_string(),
            kind: kind.to_string(),
            value: is_field.then(|| value.to_string()),
            role: role.to_string(),
            label: label.clone(),
            required: *required,
        }
    }
}

/// The pipelines that a programme's deals go through, in one version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PipelineSet)]
pub struct PipelineSetView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Whose it is; absent of one that came with the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// Where it stands: `draft`, `published` or `retired`.
    #[schema(max_length = 20, example = "draft")]
    status: &'static str,
    /// When deals were first opened under it; absent of one that never was
    /// published.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 40)]
    published_at: Option<String>,
    /// The pipelines.
    #[schema(min_items = 1, max_items = 20)]
    pipelines: Vec<PipelineDocument>,
    /// With which codes a deal can be lost.
    #[schema(min_items = 1, max_items = 30, example = json!(["valuation", "other"]))]
    close_codes: Vec<String>,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    pub(super) version: i64,
    /// When it came.
    #[schema(format = "date-time", max_length = 40)]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time", max_length = 40)]
    updated_at: String,
}

impl PipelineSetView {
    /// Where it is found.
    pub(super) fn location(&self) -> String {
        format!("/v1/pipeline-sets/{}", self.id)
    }
}

impl From<KeptPipelineSet> for PipelineSetView {
    fn from(kept: KeptPipelineSet) -> Self {
        let (pipelines, close_codes) = written(&kept.set);
        Self {
            id: kept.id.to_string(),
            programme: kept.programme.map(|id| id.to_string()),
            status: kept.status.code(),
            published_at: kept.published_at.map(time),
            pipelines,
            close_codes,
            version: kept.version,
            created_at: time(kept.created_at),
            updated_at: time(kept.updated_at),
        }
    }
}

/// A set as callers write it.
pub(super) fn written(set: &PipelineSet) -> (Vec<PipelineDocument>, Vec<String>) {
    let pipelines = set.pipelines().iter();
    let pipelines = pipelines.map(|it| PipelineDocument::of(it)).collect();
    (pipelines, texts(set.close_codes()))
}
