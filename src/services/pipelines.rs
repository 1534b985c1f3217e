//! The pipelines that deals go through, in versions.
//!
//! A programme opens its deals under the set that it published last, else under
//! the service's own. A deal keeps the version it was opened under: nothing that
//! is published ever changes, so that this node keeps each in memory once read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::db::Conn;
use crate::db::page::Page;
use crate::db::pipeline_sets;
pub use crate::db::pipeline_sets::Filter;
use crate::domain::account::Role;
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{PipelineSetId, ProgrammeId};
use crate::domain::permission::{Hat, Operation};
use crate::domain::pipeline::{Deal, Pipeline};
use crate::domain::pipeline_set::{
    KeptPipelineSet, PipelineSet, PipelineSetAction, PipelineSetStatus, SIGNED, check_edit,
    stages_of_versions, step,
};
use crate::domain::refusal::Refusal;
use crate::domain::text::Slug;

use super::caller::in_any_hat;
use super::log::Pen;
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::transitions::{available, check_version, code};
use super::{Caller, Context, Error, Intent, programmes, succession};

/// The sets that this node has read.
pub struct Pipelines {
    /// What came with the program.
    shipped: Arc<PipelineSet>,
    /// What doesn't change any more, by id.
    known: Mutex<BTreeMap<PipelineSetId, Arc<PipelineSet>>>,
}

impl Pipelines {
    /// With what came with the program.
    pub fn new(shipped: PipelineSet) -> Self {
        Self {
            shipped: Arc::new(shipped),
            known: Mutex::default(),
        }
    }

    /// A version; what came with the program for none.
    ///
    /// # Errors
    /// There is none with that id, or a statement failed.
    pub fn of(
        &self,
        conn: &mut Conn,
        id: Option<PipelineSetId>,
    ) -> Result<Arc<PipelineSet>, Error> {
        let Some(id) = id else {
            return Ok(Arc::clone(&self.shipped));
        };
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(&id) {
            return Ok(Arc::clone(found));
        }
        let kept = load(conn, id)?;
        let set = Arc::new(kept.set);
        if kept.status != PipelineSetStatus::Draft {
            known().insert(id, Arc::clone(&set));
        }
        Ok(set)
    }

    /// The version that a programme opens deals under now: its own, else that of
    /// the programme that went on as it, else the service's.
    ///
    /// # Errors
    /// A statement failed.
    pub fn running(
        &self,
        conn: &mut Conn,
        programme: ProgrammeId,
    ) -> Result<(Option<PipelineSetId>, Arc<PipelineSet>), Error> {
        for programme in succession::gone_on(conn, programme)? {
            if let Some(id) = pipeline_sets::published_of(conn, programme)? {
                return Ok((Some(id), self.of(conn, Some(id))?));
            }
        }
        let id = pipeline_sets::newest_of_service(conn)?;
        Ok((id, self.of(conn, id)?))
    }
}

/// The pipeline that a deal goes through, in the version it was opened under.
pub(super) fn of_deal(
    context: &Context,
    conn: &mut Conn,
    deal: &Deal,
) -> Result<Arc<Pipeline>, Error> {
    let set = context.pipelines.of(conn, deal.pipeline_set)?;
    let found = set.get(&deal.pipeline).map(Arc::clone);
    found.ok_or_else(|| Error::internal(format!("there is no pipeline {}", deal.pipeline)))
}

/// Stages at and after the signature, of all versions under which deals of that
/// programme may have been opened. No name stands before it in one and after it
/// in another; see [`PipelineSet::check_signature`].
pub(super) fn signed_stages(
    context: &Context,
    conn: &mut Conn,
    programme: Option<ProgrammeId>,
) -> Result<BTreeSet<String>, Error> {
    let mut stages = BTreeSet::from([SIGNED.to_owned()]);
    for set in ever_published(context, conn, programme)? {
        stages.extend(set.signed_stages().map(ToString::to_string));
    }
    Ok(stages)
}

/// The stages of each pipeline of a programme in order, those of its present
/// version first; see [`stages_of_versions`].
pub(super) fn stages_in_order(
    context: &Context,
    conn: &mut Conn,
    programme: ProgrammeId,
) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut sets = vec![context.pipelines.running(conn, programme)?.1];
    let ever = ever_published(context, conn, Some(programme))?;
    sets.extend(ever.into_iter().rev());
    let pipelines = sets.iter().flat_map(|set| set.pipelines());
    let names: BTreeSet<_> = pipelines.map(|it| &it.slug).collect();
    let in_order = |name: &Slug| {
        let versions = sets.iter().filter_map(|set| set.get(name));
        let stages = stages_of_versions(versions.map(AsRef::as_ref)).into_iter();
        let stages = stages.map(|stage| stage.slug.to_string()).collect();
        (name.to_string(), stages)
    };
    Ok(names.into_iter().map(in_order).collect())
}

fn ever_published(
    context: &Context,
    conn: &mut Conn,
    programme: Option<ProgrammeId>,
) -> Result<Vec<Arc<PipelineSet>>, Error> {
    let mut sets = vec![context.pipelines.of(conn, None)?];
    let programmes = match programme {
        Some(programme) => succession::gone_on(conn, programme)?,
        None => vec![],
    };
    for id in pipeline_sets::ever_published(conn, &programmes)? {
        sets.push(context.pipelines.of(conn, Some(id))?);
    }
    Ok(sets)
}

/// Where deals stand that their version of the pipelines doesn't know, as
/// `pipeline/stage`; none in a sound store.
///
/// # Errors
/// A statement failed.
pub async fn astray(context: &Context) -> Result<Vec<String>, Error> {
    let context_in = context.clone();
    context
        .db
        .read(move |conn| {
            let mut astray = Vec::new();
            for (id, pipeline, stage) in pipeline_sets::places(conn)? {
                let set = context_in.pipelines.of(conn, id)?;
                let found = pipeline.parse().ok().and_then(|slug| set.get(&slug));
                let known = stage.parse().is_ok_and(|stage| {
                    found.is_some_and(|pipeline| pipeline.find(&stage).is_some())
                });
                if !known {
                    astray.push(format!("{pipeline}/{stage}"));
                }
            }
            Ok(astray)
        })
        .await
}

/// What the service opens deals under, where that is a set which replaced the
/// one that came with this program: it was published by another program, and
/// this one takes nothing back by itself.
///
/// # Errors
/// A statement failed.
pub async fn replaced(context: &Context) -> Result<Option<KeptPipelineSet>, Error> {
    let context_in = context.clone();
    context
        .db
        .read(move |conn| {
            let shipped = context_in.pipelines.of(conn, None)?;
            let mut kept = pipeline_sets::of_service(conn)?.into_iter();
            let newest = kept.next().filter(|newest| newest.set != *shipped);
            Ok(newest.filter(|_| kept.any(|before| before.set == *shipped)))
        })
        .await
}

/// Puts what came with the program on record, unless it is there already, and
/// says of deals from before there were versions that they were opened under it.
/// What was on record once and then replaced stays so: a program of before that
/// starts beside a newer one takes nothing back.
///
/// # Errors
/// The store can't be written.
pub async fn publish_shipped(context: &Context) -> Result<(), Error> {
    let context_in = context.clone();
    let publish = move |conn: &mut Conn| -> Result<(), Error> {
        // Two nodes that start together would each find nothing.
        pipeline_sets::lock(conn)?;
        let shipped = context_in.pipelines.of(conn, None)?;
        let kept = pipeline_sets::of_service(conn)?;
        let known = kept.iter().find(|it| it.set == *shipped).map(|it| it.id);
        let id = match known {
            Some(id) => id,
            None => publish(&context_in, conn, &shipped, &kept)?,
        };
        pipeline_sets::adopt(conn, id)?;
        Ok(())
    };
    match context.db.write(publish).await {
        // Another node was first, and meant the same.
        Err(Error::StaleVersion) => Ok(()),
        done => done,
    }
}

/// Publishes a set of the service in place of those that are published.
fn publish(
    context: &Context,
    conn: &mut Conn,
    shipped: &PipelineSet,
    kept: &[KeptPipelineSet],
) -> Result<PipelineSetId, Error> {
    let (pen, now) = (context.pen(Actor::System), context.now());
    let id: PipelineSetId = context.new_id();
    let published = |it: &&KeptPipelineSet| it.status == PipelineSetStatus::Published;
    for before in kept.iter().filter(published) {
        retire(conn, &pen, before, id)?;
    }
    let new = KeptPipelineSet {
        id,
        programme: None,
        set: shipped.clone(),
        status: PipelineSetStatus::Published,
        published_at: Some(now),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    pipeline_sets::insert(conn, &new)?;
    let subject = (SubjectKind::PipelineSet, id);
    pen.append(conn, "pipeline_set.published", subject, vec![])?;
    Ok(id)
}

/// A draft of a programme; what is left out is as the programme has it now.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    programme: ProgrammeId,
    set: Option<PipelineSet>,
) -> Result<KeptPipelineSet, Error> {
    caller.may(Operation::WriteRules, &[])?;
    let now = context.now();
    let id: PipelineSetId = context.new_id();
    let (context_in, pen) = (context.clone(), context.pen(caller.actor()));
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let programme = programmes::load(conn, programme)?;
            let set = if let Some(set) = set {
                set
            } else {
                let (_, running) = context_in.pipelines.running(conn, programme.id)?;
                running.as_ref().clone()
            };
            set.check_intents(&context_in.taxonomy())?;
            let kept = KeptPipelineSet {
                id,
                programme: Some(programme.id),
                set,
                status: PipelineSetStatus::Draft,
                published_at: None,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            pipeline_sets::insert(conn, &kept)?;
            pen.append(
                conn,
                "pipeline_set.created",
                (SubjectKind::PipelineSet, id),
                vec![("programme", Value::Id(programme.id.uuid()))],
            )?;
            Ok(kept)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// One set, for the operator's people.
pub async fn find(
    context: &Context,
    caller: &Caller,
    id: PipelineSetId,
) -> Result<KeptPipelineSet, Error> {
    caller.may(Operation::ReadRules, &[])?;
    context.db.look_up(move |conn| load(conn, id)).await
}

/// Sets, oldest first, for the operator's people.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<KeptPipelineSet>, Error> {
    caller.may(Operation::ReadRules, &[])?;
    read_page(
        context,
        format!("pipeline sets {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(pipeline_sets::list(conn, &filter, cursor, limit)?),
        |kept| after(kept.created_at, kept.id),
    )
    .await
}

/// Changes what a draft says; `revise` gets what it says and answers what it
/// is to say.
pub async fn edit(
    context: &Context,
    caller: &Caller,
    id: PipelineSetId,
    expected: Option<i64>,
    revise: impl FnOnce(&PipelineSet) -> Result<PipelineSet, Error> + Send + 'static,
) -> Result<KeptPipelineSet, Error> {
    caller.may(Operation::WriteRules, &[])?;
    let now = context.now();
    let taxonomy = context.taxonomy();
    let pen = context.pen(caller.actor());
    context
        .db
        .write(move |conn| {
            let before = load(conn, id)?;
            check_version(expected, before.version)?;
            check_edit(&before)?;
            let set = revise(&before.set)?;
            set.check_intents(&taxonomy)?;
            let after = KeptPipelineSet {
                set,
                version: before.version + 1,
                updated_at: now,
                ..before
            };
            store(conn, &after)?;
            pen.append(
                conn,
                "pipeline_set.edited",
                (SubjectKind::PipelineSet, id),
                vec![("version", Value::Int(after.version))],
            )?;
            Ok(after)
        })
        .await
}

/// Moves a set in its machine. What the programme published before is retired;
/// deals under way stay where they are.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: PipelineSetId,
    expected: Option<i64>,
    action: PipelineSetAction,
) -> Result<KeptPipelineSet, Error> {
    caller.may(Operation::PublishRules, &[])?;
    let now = context.now();
    let hats = hats(caller);
    let (context_in, pen) = (context.clone(), context.pen(caller.actor()));
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load(conn, id)?;
            check_version(expected, before.version)?;
            let (status, _) = in_any_hat(&hats, |hat| step(&before, action, hat))?;
            let after = KeptPipelineSet {
                status,
                version: before.version + 1,
                updated_at: now,
                ..before.clone()
            };
            if status != PipelineSetStatus::Published {
                store(conn, &after)?;
                return moved(conn, &pen, &before, after, vec![]);
            }
            check(&context_in, conn, &before)?;
            let replaced = match before.programme {
                Some(programme) => pipeline_sets::published_of(conn, programme)?,
                None => None,
            };
            if let Some(replaced) = replaced {
                let before_it = load(conn, replaced)?;
                retire(conn, &pen, &before_it, id)?;
            }
            let after = KeptPipelineSet {
                published_at: Some(now),
                ..after
            };
            store(conn, &after)?;
            moved(conn, &pen, &before, after, vec![])
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// What can be done with a set now, each action with what stands in its way.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: PipelineSetId,
) -> Result<Vec<(PipelineSetAction, Option<Refusal>)>, Error> {
    caller.may(Operation::ReadRules, &[])?;
    let hats = hats(caller);
    let context_in = context.clone();
    context
        .db
        .look_up(move |conn| {
            let kept = load(conn, id)?;
            let fits = check(&context_in, conn, &kept);
            let unfit = match fits {
                Ok(()) => None,
                Err(Error::Refused(refusal)) => Some(refusal),
                Err(error) => return Err(error),
            };
            Ok(available(PipelineSetAction::ALL, &hats, |action, hat| {
                let status = step(&kept, action, hat)?;
                match &unfit {
                    Some(refusal) if status == PipelineSetStatus::Published => Err(refusal.clone()),
                    _ => Ok(()),
                }
            }))
        })
        .await
}

/// Whether a draft can be published as it stands: words may have gone since, and
/// others published.
fn check(context: &Context, conn: &mut Conn, kept: &KeptPipelineSet) -> Result<(), Error> {
    let taxonomy = context.taxonomy();
    kept.set
        .check_intents(&taxonomy)
        .map_err(Refusal::incomplete)?;
    let earlier = ever_published(context, conn, kept.programme)?;
    kept.set
        .check_signature(&earlier)
        .map_err(Refusal::incomplete)?;
    Ok(())
}

fn moved(
    conn: &mut Conn,
    pen: &Pen,
    before: &KeptPipelineSet,
    after: KeptPipelineSet,
    more: Vec<(&'static str, Value)>,
) -> Result<KeptPipelineSet, Error> {
    let kind = match after.status {
        PipelineSetStatus::Published => "pipeline_set.published",
        _ => "pipeline_set.retired",
    };
    let mut facts = vec![
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
    ];
    facts.extend(more);
    pen.append(conn, kind, (SubjectKind::PipelineSet, after.id), facts)?;
    Ok(after)
}

/// Retires what another one takes the place of.
fn retire(
    conn: &mut Conn,
    pen: &Pen,
    before: &KeptPipelineSet,
    by: PipelineSetId,
) -> Result<(), Error> {
    let after = KeptPipelineSet {
        status: PipelineSetStatus::Retired,
        version: before.version + 1,
        updated_at: pen.now(),
        ..before.clone()
    };
    store(conn, &after)?;
    let more = vec![("replaced_by", Value::Id(by.uuid()))];
    moved(conn, pen, before, after, more).map(drop)
}

fn hats(caller: &Caller) -> Vec<Hat> {
    if caller.is(Role::Curator) {
        vec![Hat::Curator]
    } else {
        vec![]
    }
}

fn load(conn: &mut Conn, id: PipelineSetId) -> Result<KeptPipelineSet, Error> {
    pipeline_sets::find(conn, id)?.ok_or(Error::NotFound)
}

fn store(conn: &mut Conn, kept: &KeptPipelineSet) -> Result<(), Error> {
    if pipeline_sets::update(conn, kept)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}
