//! Matches: computed on demand, reviewed, released, answered.
//!
//! | module | holds |
//! |---|---|
//! | here | the ranking, computing, readings |
//! | `moves` | transitions by people, and what becomes of a match by itself |

mod moves;

pub use crate::db::matches::Filter;
use crate::db::matches::{self, InsertOutcome};
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::disclosure::Decision;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{MandateId, MatchId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::permission::Operation;
use crate::domain::review::{Match, MatchStatus, Response, initial_status};
use crate::domain::scoring::Explanation;
use crate::domain::values::{OrganizationKind, Side};
pub use crate::matching::reference::Filter as RankFilter;

use super::disclosure::{self, Occasion, Pair};
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::ranking::{self, Ground};
use super::teasers::{Party, parties_of};
use super::transitions::code;
use super::{Caller, Context, Error, Intent};

use moves::supersede;
pub use moves::{Move, expire_due, transition, transitions};
pub(super) use moves::{give_back, introduce, open_to, reason_needed, second_person_needed};

/// For whom a ranking is asked.
#[derive(Debug, Clone, Copy)]
pub enum Query {
    /// The best mandates for a startup profile.
    Startup(StartupProfileId),
    /// The best startups for a mandate.
    Mandate(MandateId),
}

/// One line of the live ranking: the account as of now, and the match on
/// record, if the pair has a live one.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// The account as of now.
    pub explanation: Explanation,
    /// The match on record.
    pub stored: Option<Match>,
    /// The startup.
    pub startup: Party,
    /// The investor.
    pub investor: Party,
}

/// The live ranking, for the operator's people. Without a programme the only
/// one that the record is admitted to is meant.
pub async fn rank(
    context: &Context,
    caller: &Caller,
    query: Query,
    programme: Option<ProgrammeId>,
    limit: usize,
    filter: RankFilter,
) -> Result<(ProgrammeId, Vec<Ranked>), Error> {
    caller.may(Operation::RankMatches, &[])?;
    context
        .look_over(move |context, conn| {
            let programme = match programme {
                Some(programme) => programme,
                None => only_programme(conn, query)?,
            };
            let ground = Ground::load(context, conn, programme)?;
            let explanations = match query {
                Query::Startup(id) => {
                    ranking::mandates_for(context, conn, &ground, id, limit, &filter)
                }
                Query::Mandate(id) => {
                    ranking::startups_for(context, conn, &ground, id, limit, &filter)
                }
            }?;
            let parties = parties_of(conn, &explanations)?;
            let mut ranked = Vec::with_capacity(explanations.len());
            for (explanation, (startup, investor)) in explanations.into_iter().zip(parties) {
                let (profile, mandate) = (explanation.startup.0, explanation.mandate.0);
                let stored = matches::live_of(conn, programme, profile, mandate)?;
                ranked.push(Ranked {
                    explanation,
                    stored,
                    startup,
                    investor,
                });
            }
            Ok((programme, ranked))
        })
        .await
}

pub(super) fn only_programme(conn: &mut Conn, query: Query) -> Result<ProgrammeId, Error> {
    let admitted = match query {
        Query::Startup(id) => db::programmes::programmes_of_startup(conn, id)?,
        Query::Mandate(id) => db::programmes::programmes_of_mandate(conn, id)?,
    };
    match admitted.as_slice() {
        [only] => Ok(only.id),
        [] => Err(Error::refused(
            "not_admitted",
            "It is admitted to no programme, so there is nothing to rank it in.",
        )),
        _ => Err(Error::refused(
            "programme_needed",
            "It is admitted to several programmes: name one.",
        )),
    }
}

/// The account of one pair as of now, ruled out or not: why am I not matched
/// with X?
pub async fn explain_pair(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    profile: StartupProfileId,
    mandate: MandateId,
) -> Result<Explanation, Error> {
    caller.may(Operation::RankMatches, &[])?;
    let context_in = context.clone();
    context
        .db
        .read(move |conn| {
            let pair = Pair::load(conn, programme, profile, mandate)?;
            let ground = Ground::load(&context_in, conn, programme)?;
            ranking::one_pair(&context_in, conn, &ground, &pair.profile, &pair.mandate)
        })
        .await
}

/// Puts a pair on record with the account of its score. It takes the place of a
/// live match that was computed from older revisions or by other rules.
pub async fn compute(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    programme: ProgrammeId,
    profile: StartupProfileId,
    mandate: MandateId,
) -> Result<Match, Error> {
    caller.may(Operation::RankMatches, &[])?;
    // An auditor ranks but puts nothing on record.
    caller.may(Operation::MoveMatch, &[])?;
    let context_in = context.clone();
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let now = context_in.now();
            let pair = Pair::load(conn, programme, profile, mandate)?;
            let ground = Ground::load(&context_in, conn, programme)?;
            let (explanation, grounds) = ranking::one_pair_to_keep(
                &context_in,
                conn,
                &ground,
                &pair.profile,
                &pair.mandate,
            )?;
            let matched = Match {
                id: context_in.new_id(),
                programme,
                startup_profile: profile,
                startup: pair.profile.organization,
                mandate,
                investor: pair.mandate.organization,
                status: initial_status(&explanation)?,
                explanation,
                released_to: None,
                startup_response: Response::None,
                investor_response: Response::None,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            supersede(&context_in, conn, &matched)?;
            if matches::insert(conn, &matched)? == InsertOutcome::LiveMatchExists {
                return Err(Error::refused(
                    "match_exists",
                    "This pair has a live match in this programme already.",
                ));
            }
            matches::keep_grounds(conn, matched.id, &grounds)?;
            pen.append(
                conn,
                "match.computed",
                (SubjectKind::Match, matched.id),
                vec![
                    ("to", code(matched.status.code())),
                    ("score", Value::Int(matched.explanation.score)),
                    ("confidence", Value::Int(matched.explanation.confidence)),
                    ("rule_set", Value::Id(matched.explanation.rule_set.uuid())),
                    (
                        "startup_revision",
                        Value::Int(matched.explanation.startup.1),
                    ),
                    (
                        "mandate_revision",
                        Value::Int(matched.explanation.mandate.1),
                    ),
                ],
            )?;
            Ok(matched)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// One match: for the operator's people, and for a side it was released to.
pub async fn find(context: &Context, caller: &Caller, id: MatchId) -> Result<Match, Error> {
    let context_in = context.clone();
    let caller = caller.clone();
    context
        .db
        .read(move |conn| load_shown(&context_in, &caller, conn, id))
        .await
}

/// A match that the caller may see now: read, moved and replayed alike.
pub(super) fn load_shown(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: MatchId,
) -> Result<Match, Error> {
    let found = load(conn, id)?;
    check_visible(caller, &found)?;
    if caller.reads_everything() || shown_now(context, conn, &found)? {
        Ok(found)
    } else {
        Err(Error::NotFound)
    }
}

/// Whether the gate lets the sides see a match now: what was released is
/// pulled while a profile is paused, under review again, frozen or blocked. An
/// introduction that runs is not hidden from those it runs between.
fn shown_now(context: &Context, conn: &mut Conn, matched: &Match) -> Result<bool, Error> {
    let pair = Pair::load(
        conn,
        matched.programme,
        matched.startup_profile,
        matched.mandate,
    )?;
    let occasion = match matched.status {
        MatchStatus::Introduced => Occasion::Running,
        _ => Occasion::Shown,
    };
    Ok(disclosure::ask(context, conn, &pair, occasion)? == Decision::Allow)
}

fn check_visible(caller: &Caller, found: &Match) -> Result<(), Error> {
    if caller.reads_everything() {
        return caller.may(Operation::ReadMatch, &[found.startup, found.investor]);
    }
    let side = caller
        .side(found.startup, found.investor)
        .ok_or(Error::NotFound)?;
    if found.visible_to(side) {
        caller.may(Operation::ReadMatch, &[found.startup, found.investor])
    } else {
        Err(Error::NotFound)
    }
}

/// Matches on record, oldest first: all for the operator's people, those
/// released to it for a side.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Match>, Error> {
    if !caller.reads_everything() {
        let organization = own_organization(caller).ok_or(Error::NotFound)?;
        caller.may(Operation::ReadMatch, &[organization])?;
        filter.visible_to = Some(organization);
    }
    let context_in = context.clone();
    let everything = caller.reads_everything();
    let page = read_page(
        context,
        format!("matches {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(matches::list(conn, &filter, cursor, limit)?),
        |matched| after(matched.created_at, matched.id),
    )
    .await?;
    if everything || page.items.is_empty() {
        return Ok(page);
    }
    // Filtered after the page was cut, so that its cursor stays true; a page
    // may be shorter than asked for.
    let Page { items, next } = page;
    let items = context
        .db
        .read(move |conn| {
            let mut shown = Vec::with_capacity(items.len());
            for matched in items {
                if shown_now(&context_in, conn, &matched)? {
                    shown.push(matched);
                }
            }
            Ok::<_, Error>(shown)
        })
        .await?;
    Ok(Page { items, next })
}

fn own_organization(caller: &Caller) -> Option<OrganizationId> {
    caller
        .organizations(OrganizationKind::Startup)
        .chain(caller.organizations(OrganizationKind::Investor))
        .next()
}

/// The side as which the caller sees a match; none for the operator's people.
///
/// # Errors
/// The caller is neither.
pub fn side_of(caller: &Caller, matched: &Match) -> Result<Option<Side>, Error> {
    if caller.reads_everything() {
        return Ok(None);
    }
    caller
        .side(matched.startup, matched.investor)
        .map(Some)
        .ok_or(Error::NotFound)
}

pub(super) fn load(conn: &mut Conn, id: MatchId) -> Result<Match, Error> {
    matches::find(conn, id)?.ok_or(Error::NotFound)
}
