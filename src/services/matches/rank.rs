//! The curators' live ranking: pinned pairs first, vetoed ones left out, with
//! filters that the index answers exactly, and walks through a list as it was
//! when the walk began.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::db::curations::CuratedPair;
use crate::db::matches;
use crate::db::page::{Cursor, Cursors, Page};
use crate::db::walks::{self, Walk};
use crate::db::{self, Conn};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::permission::Operation;
use crate::domain::review::{Curation, Match};
use crate::domain::scoring::{Band, Explanation};
use crate::matching::reference::Filter;
use crate::services::ranking::{self, Counterparts, Ground};
use crate::services::teasers::{Party, parties_of};
use crate::services::{Caller, Context, Error};

/// How many of the best a walk goes through.
pub const WALK: usize = 500;
/// For how long a walk can be gone on with.
const WALK_MINUTES: i64 = 60;

/// For whom a ranking is asked.
#[derive(Debug, Clone, Copy)]
pub enum Query {
    /// The best mandates for a startup profile.
    Startup(StartupProfileId),
    /// The best startups for a mandate.
    Mandate(MandateId),
}

/// Which lines of a ranking somebody wants; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The least score, in bp.
    pub min_score: i64,
    /// The least confidence, in bp.
    pub min_confidence: i64,
    /// From that band upwards.
    pub min_band: Option<Band>,
    /// Only those that wait for a decision (`true`), or that don't.
    pub undecided: Option<bool>,
    /// Only pairs of which the curators say that; the others are listed
    /// without those that are vetoed.
    pub curation: Option<Curation>,
    /// With such counterparts.
    pub about: Counterparts,
}

/// A ranking that somebody asks for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Of which record.
    pub of: Query,
    /// Within which programme; the only one that admits it without.
    pub programme: Option<ProgrammeId>,
    /// Which lines.
    pub wanted: Wanted,
    /// How many.
    pub limit: usize,
    /// Whether the list is kept as it is now, to be walked through.
    pub walk: bool,
    /// Where a walk goes on.
    pub cursor: Option<String>,
}

impl Request {
    /// The best of a record, whatever they are.
    pub fn best(of: Query, programme: Option<ProgrammeId>, limit: usize) -> Self {
        Self {
            of,
            programme,
            wanted: Wanted::default(),
            limit,
            walk: false,
            cursor: None,
        }
    }
}

/// One line of the live ranking: the account as of now, and the match on
/// record, if the pair has a live one.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// The account as of now, or as of when the walk began.
    pub explanation: Explanation,
    /// The match on record.
    pub stored: Option<Match>,
    /// What the curators say of the pair.
    pub curated: Option<CuratedPair>,
    /// The startup.
    pub startup: Party,
    /// The investor.
    pub investor: Party,
}

/// The live ranking, for the operator's people.
pub async fn rank(
    context: &Context,
    caller: &Caller,
    request: Request,
) -> Result<(ProgrammeId, Page<Ranked>), Error> {
    caller.may(Operation::RankMatches, &[])?;
    let cursors = Cursors::new(&context.cursor_key, &list_name(&request));
    if let Some(text) = &request.cursor {
        let cursor = cursors.decode(text).map_err(|_| Error::BadCursor)?;
        return go_on(context, caller, cursors, cursor, request.limit).await;
    }
    let (asked, asking) = (request.clone(), caller.clone());
    let (programme, explanations) = context
        .look_over(move |context, conn| {
            asking.may(Operation::RankMatches, &[owner(conn, asked.of)?])?;
            let programme = match asked.programme {
                Some(programme) => programme,
                None => super::only_programme(conn, asked.of)?,
            };
            let k = if asked.walk { WALK } else { asked.limit };
            let ground = Ground::load(context, conn, programme)?;
            let best = best(context, conn, &ground, &asked, k)?;
            Ok((programme, best))
        })
        .await?;
    if request.walk && explanations.len() > request.limit {
        let walk = begin(context, programme, &explanations).await?;
        return go_on(context, caller, cursors, place(walk, 0), request.limit).await;
    }
    let caller = caller.clone();
    let items = context
        .db
        .read(move |conn| lines(conn, &caller, programme, explanations))
        .await?;
    Ok((programme, Page { items, next: None }))
}

/// The list with all its filters, so that a cursor of another one is refused.
fn list_name(request: &Request) -> String {
    let Request {
        of,
        programme,
        wanted,
        limit: _,
        walk,
        cursor: _,
    } = request;
    format!("ranking {of:?} {programme:?} {wanted:?} {walk}")
}

/// The place after so many lines of a walk: its number stands for a time.
fn place(walk: Uuid, after: i64) -> Cursor {
    Cursor::at(DateTime::from_timestamp(after, 0).unwrap_or_default(), walk)
}

/// Keeps a list as it is now.
async fn begin(
    context: &Context,
    programme: ProgrammeId,
    explanations: &[Explanation],
) -> Result<Uuid, Error> {
    let now = context.now();
    let walk = Walk {
        id: context.new_id(),
        programme,
        created_at: now,
    };
    let id = walk.id;
    let explanations = explanations.to_vec();
    context
        .db
        .write(move |conn| {
            walks::purge(conn, begun_by(now))?;
            walks::insert(conn, &walk, &explanations)
        })
        .await?;
    Ok(id)
}

fn begun_by(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::minutes(WALK_MINUTES)
}

/// The next lines of a walk.
async fn go_on(
    context: &Context,
    caller: &Caller,
    cursors: Cursors,
    cursor: Cursor,
    limit: usize,
) -> Result<(ProgrammeId, Page<Ranked>), Error> {
    let (from, since) = (cursor.created_at.timestamp(), begun_by(context.now()));
    let (id, caller) = (cursor.id, caller.clone());
    let (programme, found, reached, more) = context
        .db
        .read(move |conn| {
            let walk = walks::find(conn, id)?.filter(|walk| walk.created_at > since);
            // One that is over is told apart from nothing by its cursor alone.
            let walk = walk.ok_or(Error::BadCursor)?;
            let mut found = walks::lines(conn, id, from, limit + 1)?;
            let more = found.len() > limit;
            found.truncate(limit);
            let reached = from + i64::try_from(found.len()).unwrap_or(0);
            let found = lines(conn, &caller, walk.programme, found)?;
            Ok::<_, Error>((walk.programme, found, reached, more))
        })
        .await?;
    let next = more.then(|| cursors.encode(&place(id, reached)));
    Ok((programme, Page { items: found, next }))
}

/// The best of a record: pinned ones first.
fn best(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    request: &Request,
    k: usize,
) -> Result<Vec<Explanation>, Error> {
    let programme = ground.programme_id();
    let (curated, startup) = match request.of {
        Query::Startup(id) => {
            let curated = db::curations::of_startup(conn, programme, id)?;
            let pairs = curated.into_iter().map(|(other, one)| (other.uuid(), one));
            (pairs.collect::<BTreeMap<_, _>>(), true)
        }
        Query::Mandate(id) => {
            let curated = db::curations::of_mandate(conn, programme, id)?;
            let pairs = curated.into_iter().map(|(other, one)| (other.uuid(), one));
            (pairs.collect(), false)
        }
    };
    let wanted = &request.wanted;
    let about = &wanted.about;
    let from_band = ground
        .rules()
        .bands
        .least(wanted.min_band.unwrap_or(Band::Weak));
    let filter = Filter {
        undecided: wanted.undecided != Some(false),
        eligible: wanted.undecided != Some(true),
        min_score: wanted.min_score.max(from_band),
        min_confidence: wanted.min_confidence,
    };
    let named = wanted.curation.unwrap_or(Curation::Pinned);
    let mut first = Vec::new();
    for one in curated.values().filter(|one| one.curation == named) {
        let pair = super::Pair::load(conn, one.pair.0, one.pair.1, one.pair.2)?;
        let fits = if startup {
            about.fits_mandate(&context.taxonomy(), &pair.mandate)
        } else {
            about.fits_startup(&context.taxonomy(), &pair.profile)
        };
        if fits {
            first.push(ranking::one_pair(
                context,
                conn,
                ground,
                &pair.profile,
                &pair.mandate,
            )?);
        }
    }
    first.retain(|told| filter.wants_told(told));
    first.sort_by_key(|told| (-told.exact, told.startup.0, told.mandate.0));
    if wanted.curation.is_none() {
        let beside: BTreeSet<Uuid> = curated.keys().copied().collect();
        let others = k.saturating_add(beside.len());
        let found = match request.of {
            Query::Startup(id) => {
                ranking::mandates_about(context, conn, ground, id, others, &filter, about)
            }
            Query::Mandate(id) => {
                ranking::startups_about(context, conn, ground, id, others, &filter, about)
            }
        }?;
        let other = |told: &Explanation| {
            if startup {
                told.mandate.0.uuid()
            } else {
                told.startup.0.uuid()
            }
        };
        let mut found = found;
        found.retain(|told| !beside.contains(&other(told)));
        first.append(&mut found);
    }
    first.truncate(k);
    Ok(first)
}

/// The firm whose record a ranking is of.
fn owner(conn: &mut Conn, of: Query) -> Result<OrganizationId, Error> {
    let owner = match of {
        Query::Startup(id) => db::startup_profiles::find(conn, id)?.map(|it| it.organization),
        Query::Mandate(id) => db::mandates::find(conn, id)?.map(|it| it.organization),
    };
    owner.ok_or(Error::NotFound)
}

/// What stands beside accounts now: names, the match on record, what the
/// curators say. Lines of a firm that the caller belongs to are left out.
fn lines(
    conn: &mut Conn,
    caller: &Caller,
    programme: ProgrammeId,
    explanations: Vec<Explanation>,
) -> Result<Vec<Ranked>, Error> {
    let parties = parties_of(conn, &explanations)?;
    let mut ranked = Vec::with_capacity(explanations.len());
    for (explanation, (startup, investor)) in explanations.into_iter().zip(parties) {
        // Nobody curates what a firm of their own has a part in.
        if !caller.reads_all_of(&[startup.id, investor.id]) {
            continue;
        }
        let (profile, mandate) = (explanation.startup.0, explanation.mandate.0);
        let stored = matches::live_of(conn, programme, profile, mandate)?;
        let curated = db::curations::of_pair(conn, (programme, profile, mandate))?;
        ranked.push(Ranked {
            explanation,
            stored,
            curated,
            startup,
            investor,
        });
    }
    Ok(ranked)
}
