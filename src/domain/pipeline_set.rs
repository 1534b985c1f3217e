//! The pipelines that the deals of a programme go through, in versions: which
//! there are, with what stages, and for what reasons a deal may be lost.
//!
//! A version is drafted, published and never changed again. A deal keeps the
//! version it was opened under, so that what is asked of it doesn't change
//! under its sides' hands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::criterion::{Criterion, CriterionKind, ValueKind};
use super::fault::Faults;
use super::ids::{PipelineSetId, ProgrammeId};
use super::permission::Hat;
use super::pipeline::{Pipeline, PipelineStage};
use super::refusal::Refusal;
use super::tag::{Facet, Taxonomy};
use super::text::{Slug, bounded};
use super::values::{CloseCode, codes};

/// The stage from which on a deal counts as signed, in pipelines that have it.
pub const SIGNED: &str = "signed";

/// Most pipelines of a set.
pub const PIPELINES: usize = 20;
/// Most stages of a pipeline.
pub const STAGES: usize = 30;
/// Most exit criteria of a stage.
pub const CRITERIA: usize = 30;
/// Most working days that a stage may be allowed.
pub const DAYS: u32 = 1_000;
/// Most characters of what people read of a criterion.
pub const LABEL: usize = 200;

codes! {
    /// Where a set of pipelines stands.
    PipelineSetStatus {
        /// Being written; no deal goes through it.
        Draft = "draft",
        /// New deals of its programme go through it, and it never changes.
        Published = "published",
        /// No new deal goes through it; those opened under it still do.
        Retired = "retired",
    }
}

codes! {
    /// What can be done with a set of pipelines.
    PipelineSetAction {
        /// Open the programme's deals under it from now on.
        Publish = "publish",
        /// Give up a draft, or open deals under the service's own again.
        Retire = "retire",
    }
}

/// One pipeline as somebody wrote it, checked with the others by
/// [`PipelineSet::new`].
#[derive(Debug, Clone)]
pub struct Sketch {
    /// Its name in data.
    pub slug: Slug,
    /// The deal intents that it is for.
    pub intents: Vec<Slug>,
    /// First to last.
    pub stages: Vec<PipelineStage>,
}

/// Pipelines, each of another name, and the codes with which a deal in them can be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineSet {
    /// As somebody wrote them down, so that a fault is found where it stands.
    pipelines: Vec<Arc<Pipeline>>,
    close_codes: BTreeSet<CloseCode>,
}

impl PipelineSet {
    /// A set of at least one pipeline and one close code.
    ///
    /// # Errors
    /// Everything that is wrong, by its pointer into the set.
    pub fn new(sketches: Vec<Sketch>, close_codes: &[CloseCode]) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        check_count(&mut faults, "/pipelines", sketches.len(), PIPELINES);
        let (mut pipelines, mut names) = (Vec::new(), BTreeSet::new());
        let mut taken: BTreeMap<Slug, Slug> = BTreeMap::new();
        for (place, sketch) in sketches.into_iter().enumerate() {
            let pointer = format!("/pipelines/{place}");
            let slug = sketch.slug.clone();
            if !names.insert(slug.clone()) {
                let detail = format!("The pipeline “{slug}” stands twice.");
                faults.push(format!("{pointer}/slug"), "named_twice", detail);
            }
            for (at, intent) in sketch.intents.iter().enumerate() {
                if let Some(other) = taken.insert(intent.clone(), slug.clone()) {
                    let detail = format!("“{other}” is for this intent already.");
                    faults.push(format!("{pointer}/intents/{at}"), "intent_taken", detail);
                }
            }
            check_stages(&mut faults, &pointer, &sketch.stages);
            if let Some(pipeline) = Pipeline::new(slug, sketch.stages) {
                let pipeline = pipeline.for_intents(sketch.intents.into_iter().collect());
                pipelines.push(Arc::new(pipeline));
            }
        }
        let all = CloseCode::ALL.len();
        check_count(&mut faults, "/close_codes", close_codes.len(), all);
        let mut seen = BTreeSet::new();
        for (place, code) in close_codes.iter().enumerate() {
            if !seen.insert(*code) {
                let detail = format!("The code “{code}” stands twice.");
                faults.push(format!("/close_codes/{place}"), "named_twice", detail);
            }
        }
        faults.finish()?;
        let set = Self {
            pipelines,
            close_codes: seen,
        };
        set.check_signature(&[])?;
        Ok(set)
    }

    /// The pipelines; never empty.
    pub fn pipelines(&self) -> &[Arc<Pipeline>] {
        &self.pipelines
    }

    /// With which codes a deal can be lost.
    pub const fn close_codes(&self) -> &BTreeSet<CloseCode> {
        &self.close_codes
    }

    /// The pipeline of that name.
    pub fn get(&self, slug: &Slug) -> Option<&Arc<Pipeline>> {
        self.pipelines.iter().find(|it| it.slug == *slug)
    }

    /// The first pipeline by name that is for one of these intents, the first of
    /// all where there is none.
    pub fn for_any(&self, intents: &BTreeSet<Slug>) -> Option<&Arc<Pipeline>> {
        let meant = |it: &&Arc<Pipeline>| !it.intents().is_disjoint(intents);
        let first = self
            .pipelines
            .iter()
            .filter(meant)
            .min_by_key(|it| &it.slug);
        first.or_else(|| self.pipelines.iter().min_by_key(|it| &it.slug))
    }

    /// The deal intents that the taxonomy doesn't know.
    ///
    /// # Errors
    /// Each, by its pointer.
    pub fn check_intents(&self, taxonomy: &Taxonomy) -> Result<(), Faults> {
        let mut faults = Faults::new();
        let known: BTreeSet<&Slug> = taxonomy
            .facet(Facet::DealIntent)
            .map(|facet| &facet.slug)
            .collect();
        for (place, pipeline) in self.pipelines.iter().enumerate() {
            let strange = pipeline.intents().iter().filter(|it| !known.contains(it));
            for intent in strange {
                let detail = format!("There is no deal intent “{intent}”.");
                let pointer = format!("/pipelines/{place}/intents");
                faults.push(pointer, "unknown_intent", detail);
            }
        }
        faults.finish()
    }

    /// Stages at and after the signature, of all its pipelines.
    pub fn signed_stages(&self) -> impl Iterator<Item = &Slug> {
        self.pipelines.iter().flat_map(|pipeline| {
            let stages = pipeline.stages().iter();
            let signed = stages.skip_while(|stage| stage.slug.as_str() != SIGNED);
            signed.map(|stage| &stage.slug)
        })
    }

    /// Stages before the signature, of those pipelines that have one.
    fn unsigned_stages(&self) -> impl Iterator<Item = &Slug> {
        self.pipelines.iter().flat_map(|pipeline| {
            let is_signed = |stage: &PipelineStage| stage.slug.as_str() == SIGNED;
            let end = pipeline.stages().iter().position(is_signed).unwrap_or(0);
            let before = pipeline.stages().iter().take(end);
            before.map(|stage| &stage.slug)
        })
    }

    /// A deal counts as signed by the name of its stage, whatever version it was
    /// opened under: one name can't stand before the signature here and after it
    /// there, or in an earlier set.
    ///
    /// # Errors
    /// Each such stage.
    pub fn check_signature(&self, earlier: &[Arc<Self>]) -> Result<(), Faults> {
        let before = |set: &Self| -> BTreeSet<Slug> { set.unsigned_stages().cloned().collect() };
        let after = |set: &Self| -> BTreeSet<Slug> { set.signed_stages().cloned().collect() };
        let (mut unsigned, mut signed) = (before(self), after(self));
        for set in earlier {
            unsigned.extend(before(set));
            signed.extend(after(set));
        }
        let mut faults = Faults::new();
        for (place, pipeline) in self.pipelines.iter().enumerate() {
            for (at, stage) in pipeline.stages().iter().enumerate() {
                if unsigned.contains(&stage.slug) && signed.contains(&stage.slug) {
                    let detail = format!(
                        "“{}” stands before the signature in one pipeline or version and after it \
                         in another, and what was signed is counted by it: give it another name.",
                        stage.slug
                    );
                    let pointer = format!("/pipelines/{place}/stages/{at}/slug");
                    faults.push(pointer, "moved_over_signature", detail);
                }
            }
        }
        faults.finish()
    }
}

/// The stages of a pipeline over its versions, the present one's first: what
/// only another has stands behind the stage that it follows there.
pub fn stages_of_versions<'a>(
    versions: impl IntoIterator<Item = &'a Pipeline>,
) -> Vec<&'a PipelineStage> {
    let mut stages: Vec<&PipelineStage> = Vec::new();
    for version in versions {
        let mut place = 0;
        for stage in version.stages() {
            let found = stages.iter().position(|it| it.slug == stage.slug);
            if found.is_none() {
                stages.insert(place, stage);
            }
            place = found.unwrap_or(place) + 1;
        }
    }
    stages
}

fn check_count(faults: &mut Faults, pointer: &str, count: usize, most: usize) {
    if count == 0 {
        faults.push(pointer, "required", "At least one is needed.");
    } else if count > most {
        faults.push(pointer, "too_many", format!("At most {most} are taken."));
    }
}

fn check_stages(faults: &mut Faults, pointer: &str, stages: &[PipelineStage]) {
    check_count(faults, &format!("{pointer}/stages"), stages.len(), STAGES);
    let mut names = BTreeSet::new();
    let mut keys: BTreeMap<&Slug, (CriterionKind, ValueKind)> = BTreeMap::new();
    for (at, stage) in stages.iter().enumerate() {
        let pointer = format!("{pointer}/stages/{at}");
        if !names.insert(&stage.slug) {
            let detail = format!("The stage “{}” stands twice.", stage.slug);
            faults.push(format!("{pointer}/slug"), "named_twice", detail);
        }
        if stage.days == 0 || stage.days > DAYS {
            let detail = format!("`days` is 1 to {DAYS} working days.");
            faults.push(format!("{pointer}/days"), "out_of_range", detail);
        }
        if stage.probability > 10_000 {
            let detail = "`probability_bp` is 0 to 10000 basis points.";
            faults.push(format!("{pointer}/probability_bp"), "out_of_range", detail);
        }
        if stage.exit_criteria.len() > CRITERIA {
            let detail = format!("At most {CRITERIA} are taken.");
            faults.push(format!("{pointer}/exit_criteria"), "too_many", detail);
        }
        let mut here = BTreeSet::new();
        for (place, criterion) in stage.exit_criteria.iter().enumerate() {
            let pointer = format!("{pointer}/exit_criteria/{place}");
            let is = (criterion.kind, criterion.value);
            let same = *keys.entry(&criterion.key).or_insert(is) == is;
            if !here.insert(&criterion.key) || !same {
                let detail = format!(
                    "“{}” stands twice; what is recorded under one key is one thing.",
                    criterion.key
                );
                faults.push(format!("{pointer}/key"), "named_twice", detail);
            }
            check_criterion(faults, &pointer, criterion);
        }
    }
}

fn check_criterion(faults: &mut Faults, pointer: &str, criterion: &Criterion) {
    if criterion.kind != CriterionKind::Field && criterion.value != ValueKind::Text {
        let detail = "Only a field has a kind of value.";
        faults.push(format!("{pointer}/value"), "not_a_field", detail);
    }
    if let Err(fault) = bounded(&criterion.label, LABEL, false) {
        faults.push(format!("{pointer}/label"), "not_a_label", fault.to_string());
    }
}

/// A set of pipelines on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPipelineSet {
    /// Its id.
    pub id: PipelineSetId,
    /// Whose it is; none for one that came with the service.
    pub programme: Option<ProgrammeId>,
    /// What it says.
    pub set: PipelineSet,
    /// Where it stands.
    pub status: PipelineSetStatus,
    /// When it was published; none of one that never was.
    pub published_at: Option<DateTime<Utc>>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The machine: the state after `action`, or why it can't be.
///
/// # Errors
/// Nothing leads there from here, or not for `who`.
pub fn step(
    kept: &KeptPipelineSet,
    action: PipelineSetAction,
    who: Hat,
) -> Result<PipelineSetStatus, Refusal> {
    use PipelineSetAction as A;
    use PipelineSetStatus as S;

    let next = match (kept.programme, kept.status, action) {
        (Some(_), S::Draft, A::Publish) => S::Published,
        (Some(_), S::Draft | S::Published, A::Retire) => S::Retired,
        (_, _, action) => return Err(Refusal::no_transition(action.code())),
    };
    if who == Hat::Curator {
        Ok(next)
    } else {
        Err(Refusal::not_yours(action.code()))
    }
}

/// Whether what a set says may still change.
///
/// # Errors
/// It is no draft.
pub fn check_edit(kept: &KeptPipelineSet) -> Result<(), Refusal> {
    if kept.programme.is_some() && kept.status == PipelineSetStatus::Draft {
        Ok(())
    } else {
        Err(Refusal::new(
            "not_a_draft",
            "Only a draft can be changed. Draft another one from this.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(slug: &str) -> PipelineStage {
        PipelineStage {
            slug: slug.parse().expect("a slug"),
            days: 10,
            probability: 5_000,
            side_reports: true,
            exit_criteria: vec![],
        }
    }

    fn sketch(slug: &str, intents: &[&str], stages: &[&str]) -> Sketch {
        let slugs = |texts: &[&str]| texts.iter().map(|it| it.parse().expect("a slug")).collect();
        Sketch {
            slug: slug.parse().expect("a slug"),
            intents: slugs(intents),
            stages: stages.iter().map(|it| stage(it)).collect(),
        }
    }

    fn faults(made: Result<PipelineSet, Faults>) -> Vec<String> {
        let faults = made.expect_err("faults").into_vec().into_iter();
        faults
            .map(|it| format!("{} {}", it.pointer, it.code))
            .collect()
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let mut odd = sketch("trade", &["export"], &["introduced", "introduced"]);
        odd.stages[0].days = 0;
        odd.stages[1].probability = 10_001;
        let made = PipelineSet::new(
            vec![sketch("equity", &["export"], &[]), odd],
            &[CloseCode::Team, CloseCode::Team],
        );
        assert_eq!(
            faults(made),
            [
                "/pipelines/0/stages required",
                "/pipelines/1/intents/0 intent_taken",
                "/pipelines/1/stages/0/days out_of_range",
                "/pipelines/1/stages/1/slug named_twice",
                "/pipelines/1/stages/1/probability_bp out_of_range",
                "/close_codes/1 named_twice",
            ]
        );
        let nothing = PipelineSet::new(vec![], &[]);
        assert_eq!(
            faults(nothing),
            ["/pipelines required", "/close_codes required"]
        );
    }

    #[test]
    fn what_only_an_older_version_has_stands_where_it_stood() {
        let of = |stages: &[&str]| {
            let made = PipelineSet::new(vec![sketch("equity", &[], stages)], &[CloseCode::Other]);
            made.expect("a set")
        };
        let now = of(&["introduced", "terms", "signed"]);
        let old = of(&["first", "introduced", "meeting", "signed", "paid"]);
        let both = [&now, &old].map(|set| set.pipelines()[0].as_ref());
        let names: Vec<_> = stages_of_versions(both)
            .into_iter()
            .map(|stage| stage.slug.as_str())
            .collect();
        let wanted = ["first", "introduced", "meeting", "terms", "signed", "paid"];
        assert_eq!(names, wanted);
    }

    #[test]
    fn no_stage_moves_over_the_signature() {
        let of = |stages: &[&str]| {
            PipelineSet::new(vec![sketch("equity", &[], stages)], &[CloseCode::Other])
        };
        let before = Arc::new(of(&["closing", "signed", "funded"]).expect("a set"));
        let after = of(&["signed", "closing", "funded"]).expect("a set");
        assert!(before.check_signature(&[]).is_ok());
        let found = after.check_signature(&[before]).expect_err("a fault");
        let pointers: Vec<_> = found.into_iter().map(|it| it.pointer).collect();
        assert_eq!(pointers, ["/pipelines/0/stages/1/slug"]);
    }
}
