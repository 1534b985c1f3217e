//! The work of a job: a few startups at a time are looked at on all cores, and
//! what changed is written in one transaction with how far the job has come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread::available_parallelism;

use chrono::TimeDelta;
use uuid::Uuid;

use crate::db::curations::of_startup;
use crate::db::matches::{self, LiveOf};
use crate::db::{self, Conn};
use crate::domain::event::Actor;
use crate::domain::grounds::{Grounds, TaxonomyHash};
use crate::domain::ids::{MandateId, RematchId, RuleSetId, StartupProfileId};
use crate::domain::rematch::{Rematch, RematchStatus, RematchTally, differs};
use crate::domain::review::{Curation, Match, MatchAction, MatchStatus, ended_by};
use crate::domain::scoring::Explanation;
use crate::domain::tag::Taxonomy;
use crate::matching::reference::Filter;
use crate::services::known::{InProgramme, Known};
use crate::services::matches::{move_by_system, put_on_record};
use crate::services::ranking::{self, Ground};
use crate::services::{Context, Error, programmes};

use super::{load, tell_end};

/// Startups of one transaction.
const AT_ONCE: usize = 16;
/// For how long a process has a job before another one may take it up.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Live matches of one startup that are looked at.
const MOST_LIVE: usize = 10_000;
/// Mandates of which everything is read together.
const KNOWN_AT_ONCE: usize = 500;

/// A pair computed afresh.
struct Fresh {
    startup: StartupProfileId,
    mandate: MandateId,
    account: Explanation,
    grounds: Grounds,
}

/// What is to be done with a pair.
enum Change {
    Add(Box<Fresh>),
    Replace(Box<Match>, Box<Fresh>),
    End(Box<Match>),
}

/// What was found of some startups.
#[derive(Default)]
struct Found {
    changes: Vec<Change>,
    unchanged: i64,
    /// The tags that the accounts were computed from; several, where some
    /// changed while others looked.
    taxonomies: Vec<Arc<Taxonomy>>,
}

/// Goes on with every job that nobody else goes on with; answers how many it
/// brought to their end.
///
/// # Errors
/// The store failed; what was written stays, and somebody goes on.
pub async fn run_due(context: &Context) -> Result<usize, Error> {
    let running = context.db.read(db::rematches::running).await?;
    let mut ended = 0;
    for job in running {
        if drive(context, job.id, |_| ()).await?.is_some() {
            ended += 1;
        }
    }
    Ok(ended)
}

/// Goes on with a job to its end, telling its state after each step; none when
/// another process has it.
///
/// # Errors
/// The store failed; what was written stays, and somebody goes on.
pub async fn drive(
    context: &Context,
    id: RematchId,
    mut told: impl FnMut(&Rematch),
) -> Result<Option<Rematch>, Error> {
    let holder: Uuid = context.new_id();
    let name = format!("rematch:{id}");
    loop {
        let (now, lease) = (context.now(), name.clone());
        let mine = context
            .db
            .write(move |conn| db::leases::claim(conn, &lease, holder, now + LEASE, now))
            .await?;
        if !mine {
            return Ok(None);
        }
        match step(context, id).await {
            Ok(job) => {
                told(&job);
                if job.status != RematchStatus::Running {
                    let lease = name.clone();
                    let release = move |conn: &mut Conn| db::leases::release(conn, &lease, holder);
                    context.db.write(release).await?;
                    return Ok(Some(job));
                }
            }
            // It was cancelled, or its lease ran out: look again.
            Err(Error::StaleVersion) => {}
            Err(other) => return Err(other),
        }
    }
}

/// The next startups; the job is done when there are none.
async fn step(context: &Context, id: RematchId) -> Result<Rematch, Error> {
    context.db.seal_pending().await?;
    let (job, startups) = context
        .db
        .read(move |conn| {
            let job = load(conn, id)?;
            let next = db::programmes::published_after(conn, job.programme, job.after, AT_ONCE)?;
            Ok::<_, Error>((job, next))
        })
        .await?;
    if job.status != RematchStatus::Running {
        return Ok(job);
    }
    let found = look(context, job, &startups).await?;
    let context_in = context.clone();
    context
        .db
        .write(move |conn| write(&context_in, conn, &job, &startups, found))
        .await
}

/// Looks at startups on all cores.
async fn look(
    context: &Context,
    job: Rematch,
    startups: &[StartupProfileId],
) -> Result<Found, Error> {
    let cores = available_parallelism().map_or(1, usize::from);
    let share = startups.len().div_ceil(cores).max(1);
    let mut parts = Vec::new();
    for some in startups.chunks(share) {
        let (context_in, some) = (context.clone(), some.to_vec());
        parts.push(tokio::spawn(async move {
            let inner = context_in.clone();
            let work = move |conn: &mut Conn| look_at(&inner, conn, &job, &some);
            context_in.db.read(work).await
        }));
    }
    let mut found = Found::default();
    for part in parts {
        let part = part.await.map_err(Error::internal)??;
        found.changes.extend(part.changes);
        found.taxonomies.extend(part.taxonomies);
        found.unchanged += part.unchanged;
    }
    Ok(found)
}

fn look_at(
    context: &Context,
    conn: &mut Conn,
    job: &Rematch,
    some: &[StartupProfileId],
) -> Result<Found, Error> {
    let ground = Ground::load(context, conn, job.programme)?;
    let mut found = Found {
        taxonomies: vec![Arc::clone(ground.taxonomy())],
        ..Found::default()
    };
    let eye = Eye {
        context,
        taxonomy: db::taxonomies::hash_of(ground.taxonomy())?,
        ground,
    };
    for startup in some {
        eye.look_at(conn, job, *startup, &mut found)?;
    }
    Ok(found)
}

/// What looking needs.
struct Eye<'a> {
    context: &'a Context,
    ground: Ground,
    taxonomy: TaxonomyHash,
}

impl Eye<'_> {
    fn look_at(
        &self,
        conn: &mut Conn,
        job: &Rematch,
        startup: StartupProfileId,
        found: &mut Found,
    ) -> Result<(), Error> {
        let mut best = self.best(conn, job, startup)?;
        let mut live = matches::live(conn, LiveOf::Startup(startup), None, MOST_LIVE)?;
        live.retain(|matched| matched.programme == job.programme);
        for matched in &live {
            best.remove(&matched.mandate);
        }
        let mandates = live.iter().map(|matched| matched.mandate);
        let mandates: Vec<MandateId> = mandates.chain(best.iter().copied()).collect();
        let mut computed = self.fresh(conn, startup, &mandates)?;
        let mut fresh_of = |mandate| computed.remove(&mandate).ok_or(Error::NotFound);
        for matched in live {
            let fresh = fresh_of(matched.mandate)?;
            // One that was shown may be before compliance again.
            let unshown = matched.released_to.is_none()
                && matches!(
                    matched.status,
                    MatchStatus::Candidate | MatchStatus::UnderReview
                );
            if ended_by(&fresh.account, self.ground.programme_status()) {
                found.changes.push(Change::End(Box::new(matched)));
            } else if unshown && differs(&fresh.account, &matched.explanation) {
                let change = Change::Replace(Box::new(matched), Box::new(fresh));
                found.changes.push(change);
            } else {
                found.unchanged += 1;
            }
        }
        for mandate in best {
            let fresh = fresh_of(mandate)?;
            found.changes.push(Change::Add(Box::new(fresh)));
        }
        Ok(())
    }

    /// The best mandates of a startup that nobody vetoed.
    fn best(
        &self,
        conn: &mut Conn,
        job: &Rematch,
        startup: StartupProfileId,
    ) -> Result<BTreeSet<MandateId>, Error> {
        let filter = Filter {
            min_score: self.ground.rules().bands.least(job.min_band),
            ..Filter::default()
        };
        let curated = of_startup(conn, job.programme, startup)?;
        let vetoed = |mandate: &MandateId| {
            let one = curated.get(mandate);
            one.is_some_and(|one| one.curation == Curation::Vetoed)
        };
        let top = usize::try_from(job.top).unwrap_or(0);
        let (context, k) = (self.context, top + curated.len());
        let best = ranking::mandates_for(context, conn, &self.ground, startup, k, &filter)?;
        let best = best.into_iter().map(|told| told.mandate.0);
        Ok(best.filter(|mandate| !vetoed(mandate)).take(top).collect())
    }

    /// The accounts of a startup with these mandates, computed afresh.
    fn fresh(
        &self,
        conn: &mut Conn,
        startup: StartupProfileId,
        mandates: &[MandateId],
    ) -> Result<BTreeMap<MandateId, Fresh>, Error> {
        let profile = db::startup_profiles::find(conn, startup)?.ok_or(Error::NotFound)?;
        let programme = self.ground.programme_id();
        let mut computed = BTreeMap::new();
        for some in mandates.chunks(KNOWN_AT_ONCE) {
            let wishes = db::mandates::find_many(conn, some)?;
            let pairs = wishes.iter().map(|wish| (programme, &profile, wish));
            let pairs: Vec<InProgramme<'_>> = pairs.collect();
            let known = Known::load(conn, &pairs, self.context.now().date_naive())?;
            for wish in &wishes {
                let (account, grounds) = ranking::one_of_with_grounds(
                    self.context,
                    conn,
                    (&self.ground, &known),
                    (&profile, wish),
                    self.taxonomy,
                )?;
                let fresh = Fresh {
                    startup,
                    mandate: wish.id,
                    account,
                    grounds,
                };
                computed.insert(wish.id, fresh);
            }
        }
        Ok(computed)
    }
}

/// Writes what changed and how far the job has come.
fn write(
    context: &Context,
    conn: &mut Conn,
    job: &Rematch,
    startups: &[StartupProfileId],
    found: Found,
) -> Result<Rematch, Error> {
    let rule_set = programmes::load(conn, job.programme)?.rule_set;
    if rule_set != job.rule_set {
        return begin_again(context, conn, job, rule_set);
    }
    // The bytes of the tags that the accounts were computed from.
    for taxonomy in &found.taxonomies {
        db::taxonomies::insert_if_new(conn, taxonomy, context.now())?;
    }
    let mut tally = job.tally;
    tally.unchanged += found.unchanged;
    let actor = job.by.map_or(Actor::System, Actor::User);
    for change in found.changes {
        match change {
            Change::Add(fresh) => {
                if add(context, conn, job, actor, *fresh)? {
                    tally.added += 1;
                }
            }
            Change::Replace(before, fresh) => {
                if still(conn, &before)? {
                    move_by_system(context, conn, &before, MatchAction::Supersede)?;
                    if add(context, conn, job, actor, *fresh)? {
                        tally.replaced += 1;
                    }
                }
            }
            Change::End(before) => {
                if still(conn, &before)? {
                    move_by_system(context, conn, &before, MatchAction::InputsChanged)?;
                    tally.ended += 1;
                }
            }
        }
    }
    let status = if startups.is_empty() {
        RematchStatus::Done
    } else {
        RematchStatus::Running
    };
    let after = Rematch {
        status,
        done: job.done + i64::try_from(startups.len()).unwrap_or(0),
        after: startups.last().copied().or(job.after),
        tally,
        version: job.version + 1,
        updated_at: context.now(),
        ..*job
    };
    if !db::rematches::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    if status == RematchStatus::Done {
        tell_end(context, conn, actor, &after)?;
    }
    Ok(after)
}

/// Begins with the first startup again, since other rules were published: no
/// job puts matches by two rule sets on record.
fn begin_again(
    context: &Context,
    conn: &mut Conn,
    job: &Rematch,
    rule_set: RuleSetId,
) -> Result<Rematch, Error> {
    let after = Rematch {
        rule_set,
        done: 0,
        after: None,
        tally: RematchTally::default(),
        version: job.version + 1,
        updated_at: context.now(),
        ..*job
    };
    if db::rematches::update(conn, &after)? {
        Ok(after)
    } else {
        Err(Error::StaleVersion)
    }
}

/// Whether a match is as it was when it was looked at.
fn still(conn: &mut Conn, before: &Match) -> Result<bool, Error> {
    let now = matches::find(conn, before.id)?;
    Ok(now.is_some_and(|now| now.version == before.version))
}

/// Puts a pair on record, unless it has a live match by now or is ruled out.
fn add(
    context: &Context,
    conn: &mut Conn,
    job: &Rematch,
    actor: Actor,
    fresh: Fresh,
) -> Result<bool, Error> {
    let pair = (job.programme, fresh.startup, fresh.mandate);
    match put_on_record(context, conn, actor, pair, fresh.account, &fresh.grounds) {
        Ok(_) => Ok(true),
        Err(Error::Refused(refusal))
            if matches!(refusal.code.as_ref(), "match_exists" | "ruled_out") =>
        {
            Ok(false)
        }
        Err(other) => Err(other),
    }
}
