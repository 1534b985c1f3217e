//! Merged tags: all who hold one come to hold the other, a few in each
//! transaction.
//!
//! What a holder says becomes a new revision, so that matches that name an
//! older one, and the explanations computed from it, stay as they were. A pass
//! goes on until it finds nobody any more, so whoever took the old tag up
//! meanwhile, on a node that had not heard of it yet, is met by the next one.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::db::programmes::Filter;
use crate::db::tags::{self as rows, TagMerge};
use crate::db::{self, Conn};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{InvestorProfileId, MandateId, StartupProfileId};
use crate::domain::investor::{InvestorContent, InvestorProfile};
use crate::domain::mandate::{Mandate, MandateContent};
use crate::domain::profile::{ProfileStatus, StartupContent, StartupProfile};
use crate::domain::programme::Programme;
use crate::domain::tag::Taxonomy;
use crate::domain::text::Slug;

use crate::services::log::Pen;
use crate::services::paging::after;
use crate::services::transitions::code;
use crate::services::{Context, Error};

/// Records of one transaction.
const AT_ONCE: usize = 50;
/// Programmes read at a time.
const PAGE: usize = 100;
/// For how long a process has the jobs before another may take them up.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// For how long after a merge somebody may still write what was merged: far
/// longer than a node takes to hear of it.
const LAGGING: TimeDelta = TimeDelta::minutes(10);
/// Who goes on with the jobs.
const NAME: &str = "tag_merges";

/// Goes on with every merge to its end, unless another process does; answers
/// how many it brought there.
///
/// # Errors
/// The store failed; what was written stays, and somebody goes on.
pub async fn run_due(context: &Context) -> Result<usize, Error> {
    let holder: Uuid = context.new_id();
    let mut ended = 0;
    for job in context.db.read(rows::running_merges).await? {
        if drive(context, &job, holder).await? {
            ended += 1;
        }
    }
    if ended > 0 {
        let release = move |conn: &mut Conn| db::leases::release(conn, NAME, holder);
        context.db.write(release).await?;
    }
    Ok(ended)
}

/// Looks once more for holders of what was merged a short while ago: a node that
/// had not heard of the merge when it wrote may have come after the last pass.
/// Answers how many there were.
///
/// # Errors
/// The store failed; what was written stays, and the next look goes on.
pub async fn look_again(context: &Context) -> Result<i64, Error> {
    let holder: Uuid = context.new_id();
    let since = context.now() - LAGGING;
    let (context_in, mut moved) = (context.clone(), 0);
    let read = move |conn: &mut Conn| {
        let held = context_in.taxonomies.refresh(conn)?;
        let jobs = rows::ended_merges(conn, since)?.into_iter();
        // Who was brought back since is held by right.
        let stands = |job: TagMerge| {
            let kept = held.tags.get(&job.source).filter(|kept| kept.merged)?;
            let target = kept.tag.leads_to().clone();
            Some(TagMerge { target, ..job })
        };
        Ok::<_, Error>(jobs.filter_map(stands).collect::<Vec<_>>())
    };
    for job in context.db.read(read).await? {
        // Most looks find nobody, and hinder nobody.
        if !is_held(context, &job).await? {
            continue;
        }
        let found = late(context, &job, holder).await;
        let release = move |conn: &mut Conn| db::leases::release(conn, NAME, holder);
        context.db.write(release).await?;
        moved += found?;
    }
    Ok(moved)
}

/// Goes once to all holders, and counts them.
async fn late(context: &Context, job: &TagMerge, holder: Uuid) -> Result<i64, Error> {
    let startups = pass(context, job, holder, rows::startups_mentioning, startups).await?;
    let mandates = pass(context, job, holder, rows::mandates_mentioning, mandates).await?;
    let mention = db::investor_profiles::mentioning;
    let investors = pass(context, job, holder, mention, investors).await?;
    Ok(startups.unwrap_or(0) + mandates.unwrap_or(0) + investors.unwrap_or(0))
}

/// Whether anybody holds what was merged; what only mentions the word doesn't
/// count.
async fn is_held(context: &Context, job: &TagMerge) -> Result<bool, Error> {
    let startups =
        |conn: &mut Conn, job: &TagMerge, ids: &[StartupProfileId]| -> db::Result<bool> {
            let some = db::startup_profiles::find_many(conn, ids)?;
            let held = |it: &StartupProfile| startup_without(&it.content, job).is_some();
            Ok(some.iter().any(held))
        };
    let mandates = |conn: &mut Conn, job: &TagMerge, ids: &[MandateId]| -> db::Result<bool> {
        let some = db::mandates::find_many(conn, ids)?;
        let held = |it: &Mandate| mandate_without(&it.content, job).is_some();
        Ok(some.iter().any(held))
    };
    let investors =
        |conn: &mut Conn, job: &TagMerge, ids: &[InvestorProfileId]| -> db::Result<bool> {
            for id in ids {
                let found = db::investor_profiles::find(conn, *id)?;
                let mut portfolio = found.iter().flat_map(|it| &it.content.portfolio);
                if portfolio.any(|holding| holding.tags.contains(&job.source)) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
    let mention = db::investor_profiles::mentioning;
    Ok(
        holds(context, job, rows::startups_mentioning, startups).await?
            || holds(context, job, rows::mandates_mentioning, mandates).await?
            || holds(context, job, mention, investors).await?,
    )
}

/// Whether one of the records of a kind that mention a tag holds it.
async fn holds<Id: Copy + Send + 'static>(
    context: &Context,
    job: &TagMerge,
    find: Find<Id>,
    held: fn(&mut Conn, &TagMerge, &[Id]) -> db::Result<bool>,
) -> Result<bool, Error> {
    let mut last = None;
    loop {
        let job = job.clone();
        let look = move |conn: &mut Conn| -> Result<(bool, Option<Id>), Error> {
            let ids = find(conn, &job.source, last, AT_ONCE)?;
            Ok((held(conn, &job, &ids)?, ids.last().copied()))
        };
        match context.db.read(look).await? {
            (true, _) => return Ok(true),
            (false, None) => return Ok(false),
            (false, end) => last = end,
        }
    }
}

/// Goes to all holders, again and again until there are none; false when
/// another process has the jobs.
async fn drive(context: &Context, job: &TagMerge, holder: Uuid) -> Result<bool, Error> {
    loop {
        let startups = pass(context, job, holder, rows::startups_mentioning, startups).await?;
        let mandates = pass(context, job, holder, rows::mandates_mentioning, mandates).await?;
        let mention = db::investor_profiles::mentioning;
        let investors = pass(context, job, holder, mention, investors).await?;
        let (Some(startups), Some(mandates), Some(investors)) = (startups, mandates, investors)
        else {
            return Ok(false);
        };
        if startups + mandates + investors == 0 {
            let (context_in, job) = (context.clone(), job.clone());
            context
                .db
                .write(move |conn| {
                    let pen = context_in.pen(Actor::User(job.by));
                    narrow_scopes(conn, &pen, &job.source)?;
                    Ok::<_, Error>(rows::end_merge(conn, job.id, context_in.now())?)
                })
                .await?;
            return Ok(true);
        }
    }
}

/// What finds the ids of records after one that may mention a tag.
type Find<Id> = fn(&mut Conn, &Slug, Option<Id>, usize) -> db::Result<Vec<Id>>;
/// What moves those of some records that hold it, and counts them.
type Move<Id> = fn(&Context, &mut Conn, &TagMerge, &[Id]) -> Result<i64, Error>;

/// Goes once through the records of a kind; how many it moved, none when
/// another process has the jobs.
async fn pass<Id: Copy + Send + 'static>(
    context: &Context,
    job: &TagMerge,
    holder: Uuid,
    find: Find<Id>,
    go: Move<Id>,
) -> Result<Option<i64>, Error> {
    let (mut moved, mut last) = (0, None);
    loop {
        let source = job.source.clone();
        let look = move |conn: &mut Conn| Ok::<_, Error>(find(conn, &source, last, AT_ONCE)?);
        let ids = context.db.read(look).await?;
        let Some(end) = ids.last() else {
            return Ok(Some(moved));
        };
        last = Some(*end);
        let (context_in, job) = (context.clone(), job.clone());
        let written = context.db.write(move |conn| {
            let now = context_in.now();
            if !db::leases::claim(conn, NAME, holder, now + LEASE, now)? {
                return Ok(None);
            }
            let some = go(&context_in, conn, &job, &ids)?;
            rows::count_merged(conn, job.id, some)?;
            Ok::<_, Error>(Some(some))
        });
        match written.await {
            Ok(Some(some)) => moved += some,
            Ok(None) => return Ok(None),
            // Somebody edited one meanwhile; the next pass comes to it.
            Err(Error::StaleVersion) => moved += 1,
            Err(other) => return Err(other),
        }
    }
}

/// The startup profiles among these that hold the tag.
fn startups(
    context: &Context,
    conn: &mut Conn,
    job: &TagMerge,
    ids: &[StartupProfileId],
) -> Result<i64, Error> {
    let taxonomy = context.taxonomies.refresh(conn)?.taxonomy.clone();
    let mut moved = 0;
    for before in db::startup_profiles::find_many(conn, ids)? {
        // The underscores of a name match other letters too, and texts may
        // say anything.
        if let Some(content) = startup_without(&before.content, job) {
            startup(context, conn, job, &taxonomy, &before, content)?;
            moved += 1;
        }
    }
    Ok(moved)
}

fn startup(
    context: &Context,
    conn: &mut Conn,
    job: &TagMerge,
    taxonomy: &Taxonomy,
    before: &StartupProfile,
    content: StartupContent,
) -> Result<(), Error> {
    let graver = content.sensitivity(taxonomy) > before.content.sensitivity(taxonomy);
    let after = StartupProfile {
        content,
        status: match before.status {
            ProfileStatus::Approved
            | ProfileStatus::Published
            | ProfileStatus::Paused
            | ProfileStatus::Stale
                if graver =>
            {
                ProfileStatus::InReview
            }
            as_it_was => as_it_was,
        },
        revision: before.revision + 1,
        version: before.version + 1,
        updated_at: context.now(),
        ..before.clone()
    };
    if !db::startup_profiles::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    let agreed = db::startup_profiles::compliance_agreed_revision(conn, before.id)?;
    if agreed == Some(before.revision) && !graver {
        db::startup_profiles::agree_compliance(conn, before.id, after.revision, None)?;
    }
    let pen = context.pen(Actor::User(job.by));
    let payload = vec![
        ("revision", Value::Int(after.revision)),
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
        ("tag", code(job.source.as_str())),
        ("into", code(job.target.as_str())),
    ];
    let subject = (SubjectKind::StartupProfile, before.id);
    pen.append(conn, "startup_profile.retagged", subject, payload)
}

/// What a profile says with the one tag in the place of the other; none where
/// it doesn't hold it.
fn startup_without(before: &StartupContent, job: &TagMerge) -> Option<StartupContent> {
    let TagMerge { source, target, .. } = job;
    let mut after = before.clone();
    let mut held = false;
    for tags in [
        &mut after.primary_tags,
        &mut after.tags,
        &mut after.technologies,
    ] {
        if tags.remove(source) {
            tags.insert(target.clone());
            held = true;
        }
    }
    // One that is primary stands nowhere else.
    if after.primary_tags.contains(target) {
        after.tags.remove(target);
    }
    held.then_some(after)
}

/// The mandates among these that name the tag.
fn mandates(
    context: &Context,
    conn: &mut Conn,
    job: &TagMerge,
    ids: &[MandateId],
) -> Result<i64, Error> {
    let mut moved = 0;
    for before in db::mandates::find_many(conn, ids)? {
        if let Some(content) = mandate_without(&before.content, job) {
            mandate(context, conn, job, &before, content)?;
            moved += 1;
        }
    }
    Ok(moved)
}

fn mandate(
    context: &Context,
    conn: &mut Conn,
    job: &TagMerge,
    before: &Mandate,
    content: MandateContent,
) -> Result<(), Error> {
    let after = Mandate {
        content,
        revision: before.revision + 1,
        version: before.version + 1,
        updated_at: context.now(),
        ..before.clone()
    };
    if !db::mandates::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    let pen = context.pen(Actor::User(job.by));
    let payload = vec![
        ("revision", Value::Int(after.revision)),
        ("tag", code(job.source.as_str())),
        ("into", code(job.target.as_str())),
    ];
    let subject = (SubjectKind::Mandate, before.id);
    pen.append(conn, "mandate.retagged", subject, payload)
}

/// What a mandate says with the one tag in the place of the other; none where
/// it doesn't name it. Of two weights the greater one counts, and what is
/// wanted is not excluded.
fn mandate_without(before: &MandateContent, job: &TagMerge) -> Option<MandateContent> {
    let TagMerge { source, target, .. } = job;
    let mut after = before.clone();
    let mut held = false;
    if let Some(weight) = after.tags.remove(source) {
        let there = after.tags.entry(target.clone()).or_insert(weight);
        *there = weight.max(*there);
        held = true;
    }
    if after.excluded_tags.remove(source) {
        after.excluded_tags.insert(target.clone());
        held = true;
    }
    if after.tags.contains_key(target) {
        after.excluded_tags.remove(target);
    }
    held.then_some(after)
}

/// The investor profiles among these whose portfolio names the tag.
fn investors(
    context: &Context,
    conn: &mut Conn,
    job: &TagMerge,
    ids: &[InvestorProfileId],
) -> Result<i64, Error> {
    let mut moved = 0;
    for id in ids {
        let Some(before) = db::investor_profiles::find(conn, *id)? else {
            continue;
        };
        let mut content = before.content.clone();
        let mut held = false;
        for holding in &mut content.portfolio {
            if holding.tags.remove(&job.source) {
                holding.tags.insert(job.target.clone());
                held = true;
            }
        }
        if held {
            investor(context, conn, job, &before, content)?;
            moved += 1;
        }
    }
    Ok(moved)
}

fn investor(
    context: &Context,
    conn: &mut Conn,
    job: &TagMerge,
    before: &InvestorProfile,
    content: InvestorContent,
) -> Result<(), Error> {
    let after = InvestorProfile {
        content,
        revision: before.revision + 1,
        version: before.version + 1,
        updated_at: context.now(),
        ..before.clone()
    };
    if !db::investor_profiles::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    let pen = context.pen(Actor::User(job.by));
    let payload = vec![
        ("revision", Value::Int(after.revision)),
        ("tag", code(job.source.as_str())),
        ("into", code(job.target.as_str())),
    ];
    let subject = (SubjectKind::InvestorProfile, before.id);
    pen.append(conn, "investor_profile.retagged", subject, payload)
}

/// Has programmes that are limited to one tag take in another as well.
pub(super) fn widen_scopes(
    conn: &mut Conn,
    pen: &Pen,
    source: &Slug,
    target: &Slug,
) -> Result<(), Error> {
    each_scope(conn, pen, |scope| {
        if scope.contains(source) && !scope.contains(target) {
            scope.push(target.clone());
            scope.sort();
        }
    })
}

/// Has programmes no longer name a tag that nobody holds any more.
fn narrow_scopes(conn: &mut Conn, pen: &Pen, source: &Slug) -> Result<(), Error> {
    each_scope(conn, pen, |scope| scope.retain(|tag| tag != source))
}

fn each_scope(conn: &mut Conn, pen: &Pen, change: impl Fn(&mut Vec<Slug>)) -> Result<(), Error> {
    let mut from = None;
    loop {
        let page = db::programmes::list(conn, &Filter::default(), from, PAGE)?;
        let more = page.len() > PAGE;
        for programme in page.into_iter().take(PAGE) {
            from = Some(after(programme.created_at, programme.id));
            let mut next = programme.clone();
            change(&mut next.details.scope_tags);
            if next.details.scope_tags != programme.details.scope_tags {
                rescope(conn, pen, next)?;
            }
        }
        if !more {
            return Ok(());
        }
    }
}

fn rescope(conn: &mut Conn, pen: &Pen, programme: Programme) -> Result<(), Error> {
    let after = Programme {
        version: programme.version + 1,
        updated_at: pen.now(),
        ..programme
    };
    if !db::programmes::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    let payload = vec![("version", Value::Int(after.version))];
    let subject = (SubjectKind::Programme, after.id);
    pen.append(conn, "programme.retagged", subject, payload)
}
