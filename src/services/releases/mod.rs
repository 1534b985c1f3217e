//! Releasing many matches: first a look at what it would mean, then the same
//! with a confirmation that is bound to what was looked at.
//!
//! | module | holds |
//! |---|---|
//! | here | previews, readings, confirming |
//! | `run` | what was confirmed goes out, a few at a time, again where it was cut off; and what a programme releases by its rule |
//! | `settings` | how a programme releases, and how evenly it did |

mod run;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::db::matches::Filter;
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::disclosure::Decision;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{MandateId, MatchId, OrganizationId, ProgrammeId, ReleaseId};
use crate::domain::permission::Operation;
use crate::domain::refusal::Refusal;
use crate::domain::releasing::{
    BulkRelease, Fairness, MOST_LINES, ReleaseAction, ReleaseLine, ReleaseStatus, SkipReason, step,
};
use crate::domain::review::{Audience, Match, MatchStatus};
use crate::domain::scoring::Band;
use crate::domain::values::Side;
use crate::matching::exposure::{Offer, Room, choose};

use super::disclosure::{self, Ids, Occasion, Pair};
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::teasers::{Party, parties};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent, programmes};

pub use run::{release_by_rule, resume_due};
pub use settings::{Report, Shown, change, exposure, settings_of};

/// Which matches somebody wants to release.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// To whom.
    pub to: Audience,
    /// These, instead of what stands as candidate.
    pub matches: Vec<MatchId>,
    /// Only from that band upwards.
    pub min_band: Option<Band>,
    /// Only of that mandate.
    pub mandate: Option<MandateId>,
    /// At most so many are looked at.
    pub limit: usize,
}

/// A release with who each line is about.
#[derive(Debug, Clone)]
pub struct Told {
    /// The release.
    pub release: BulkRelease,
    /// Each line's match and its two firms, in order.
    pub lines: Vec<(Match, Party, Party)>,
}

/// Releasing is the curators'; compliance moves matches in its own way.
fn may_release(caller: &Caller) -> Result<(), Error> {
    caller.may(Operation::RankMatches, &[])?;
    caller.may(Operation::MoveMatch, &[])?;
    if caller.is(Role::Curator) {
        Ok(())
    } else {
        Err(Error::Forbidden)
    }
}

/// Looks at what releasing many matches would mean: who goes out, who is left
/// out and why. Nobody sees anything yet.
pub async fn preview(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    programme: ProgrammeId,
    wanted: Wanted,
) -> Result<BulkRelease, Error> {
    may_release(caller)?;
    let (context_in, by, asking) = (context.clone(), caller.id(), caller.clone());
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            programmes::load(conn, programme)?;
            let found = candidates(conn, &asking, programme, &wanted)?;
            let now = context_in.now();
            let release = BulkRelease {
                id: context_in.new_id(),
                programme,
                to: wanted.to,
                status: ReleaseStatus::Previewed,
                by,
                lines: look(&context_in, conn, programme, &found, wanted.to)?,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            db::releases::insert(conn, &release)?;
            pen.append(
                conn,
                "programme.release_previewed",
                (SubjectKind::Programme, programme),
                vec![
                    ("release", Value::Id(release.id.uuid())),
                    ("matches", count(release.lines.len())),
                    ("released_to", code(release.to.code())),
                ],
            )?;
            Ok(release)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// What was named, or the candidates: pinned first, then the best. Nobody
/// releases what their own firm is part of.
fn candidates(
    conn: &mut Conn,
    caller: &Caller,
    programme: ProgrammeId,
    wanted: &Wanted,
) -> Result<Vec<Match>, Error> {
    if !wanted.matches.is_empty() {
        return named(conn, caller, programme, &wanted.matches);
    }
    let filter = Filter {
        programme: Some(programme),
        mandate: wanted.mandate,
        status: Some(MatchStatus::Candidate),
        min_band: wanted.min_band,
        ..Filter::default()
    };
    let limit = wanted.limit.min(MOST_LINES);
    let mut found = db::matches::best(conn, &filter, limit)?;
    found.retain(|matched| is_theirs_to_release(caller, matched));
    Ok(found)
}

fn is_theirs_to_release(caller: &Caller, matched: &Match) -> bool {
    caller.reads_all_of(&[matched.startup, matched.investor])
}

/// Every one that is none of the programme's is named.
fn named(
    conn: &mut Conn,
    caller: &Caller,
    programme: ProgrammeId,
    ids: &[MatchId],
) -> Result<Vec<Match>, Error> {
    let mut found = db::matches::find_many(conn, ids)?;
    found.retain(|matched| matched.programme == programme && is_theirs_to_release(caller, matched));
    let known: BTreeSet<MatchId> = found.iter().map(|matched| matched.id).collect();
    let mut faults = Faults::new();
    for (place, id) in ids.iter().enumerate() {
        if !known.contains(id) {
            let detail = "This is no match of the programme.";
            faults.push(format!("/matches/{place}"), "unknown_match", detail);
        }
    }
    faults.finish()?;
    found.sort_by_key(|matched| {
        let pinned = matched.curation.is_some();
        (!pinned, -matched.explanation.exact, matched.id)
    });
    Ok(found)
}

/// Looks at each: the state, the veto, the gate, then the room that there is.
fn look(
    context: &Context,
    conn: &mut Conn,
    programme: ProgrammeId,
    found: &[Match],
    to: Audience,
) -> Result<Vec<ReleaseLine>, Error> {
    let mut lines = Vec::with_capacity(found.len());
    let gate = ask_gate(context, conn, found, to)?;
    for (matched, place) in found.iter().zip(1..) {
        let (skip, rules) = closed(matched, to, gate.get(&matched.id));
        lines.push(ReleaseLine {
            place,
            matched: matched.id,
            version: matched.version,
            skip,
            rules,
            outcome: None,
        });
    }
    let fairness = settings::of(conn, programme)?.fairness;
    let open: Vec<&Match> = found
        .iter()
        .zip(&lines)
        .filter(|(_, line)| line.skip.is_none())
        .map(|(matched, _)| matched)
        .collect();
    let choices = room_for(context, conn, programme, &open, to, fairness.as_ref())?;
    let mut choices = choices.into_iter();
    for line in lines.iter_mut().filter(|line| line.skip.is_none()) {
        line.skip = choices.next().flatten();
    }
    Ok(lines)
}

/// What the gate says of those that nothing else closes, asked together.
fn ask_gate(
    context: &Context,
    conn: &mut Conn,
    found: &[Match],
    to: Audience,
) -> Result<BTreeMap<MatchId, Decision>, Error> {
    let asked = found
        .iter()
        .filter(|matched| closed_by_itself(matched, to).is_none());
    let asked: Vec<&Match> = asked.collect();
    let ids: Vec<Ids> = asked.iter().map(|matched| ids_of(matched)).collect();
    let pairs = Pair::load_many(conn, &ids)?;
    let pairs: Vec<&Pair> = ids
        .iter()
        .map(|ids| pairs.get(ids).ok_or(Error::NotFound))
        .collect::<Result<_, _>>()?;
    let decisions = disclosure::ask_all(context, conn, &pairs, Occasion::New)?;
    let asked = asked.iter().map(|matched| matched.id);
    Ok(asked.zip(decisions).collect())
}

const fn ids_of(matched: &Match) -> Ids {
    (matched.programme, matched.startup_profile, matched.mandate)
}

/// Why a match can't be shown, whatever the gate says.
fn closed_by_itself(matched: &Match, to: Audience) -> Option<SkipReason> {
    let seen = |side: Side| {
        let wanted = to.includes(side);
        !wanted || matched.released_to.is_some_and(|to| to.includes(side))
    };
    if matched.is_vetoed() {
        return Some(SkipReason::Vetoed);
    }
    match matched.status {
        MatchStatus::Released if seen(Side::Startup) && seen(Side::Investor) => {
            Some(SkipReason::Shown)
        }
        MatchStatus::Candidate | MatchStatus::Released => None,
        _ => Some(SkipReason::State),
    }
}

/// Why a match can't be shown, whatever room there is, and by which rules of the
/// gate.
fn closed(
    matched: &Match,
    to: Audience,
    gate: Option<&Decision>,
) -> (Option<SkipReason>, Vec<String>) {
    match (closed_by_itself(matched, to), gate) {
        (Some(reason), _) => (Some(reason), Vec::new()),
        (None, Some(Decision::Review { rules, .. } | Decision::Deny { rules })) => {
            let codes = rules.iter().map(|rule| rule.code().to_owned());
            (Some(SkipReason::Gate), codes.collect())
        }
        (None, Some(Decision::Allow)) => (None, Vec::new()),
        // What nobody asked about isn't shown.
        (None, None) => (Some(SkipReason::Gate), Vec::new()),
    }
}

/// Which of those that may be shown find room, in their order.
fn room_for(
    context: &Context,
    conn: &mut Conn,
    programme: ProgrammeId,
    open: &[&Match],
    to: Audience,
    fairness: Option<&Fairness>,
) -> Result<Vec<Option<SkipReason>>, Error> {
    if !to.includes(Side::Investor) {
        // Neither a mandate's week nor a startup's exposure is touched.
        return Ok(vec![None; open.len()]);
    }
    let mandates: BTreeSet<MandateId> = open.iter().map(|matched| matched.mandate).collect();
    let mut room = Room::default();
    for id in mandates {
        room.mandates.insert(id, weekly_room(context, conn, id)?);
    }
    if let Some(fairness) = fairness {
        let since = fairness.since(context.now());
        room.shown = db::matches::showings(conn, programme, since)?;
    }
    let offers: Vec<Offer> = open
        .iter()
        .map(|matched| Offer {
            startup: matched.startup,
            mandate: matched.mandate,
        })
        .collect();
    Ok(choose(&offers, room, fairness))
}

/// How many more matches a mandate takes this week.
fn weekly_room(context: &Context, conn: &mut Conn, id: MandateId) -> Result<u32, Error> {
    let mandate = db::mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    let week_ago = context.now() - TimeDelta::days(7);
    let shown = db::disclosures::matches_shown(conn, id, mandate.organization, week_ago)?;
    Ok(mandate.content.capacity.new_per_week.saturating_sub(shown))
}

/// One release, for the operator's people.
pub async fn find(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    id: ReleaseId,
) -> Result<Told, Error> {
    caller.may(Operation::RankMatches, &[])?;
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let mut release = load_of(conn, programme, id)?;
            let ids: Vec<MatchId> = release.lines.iter().map(|line| line.matched).collect();
            let mut found = db::matches::find_many(conn, &ids)?;
            // Of a colleague's release they read what isn't their own firm's.
            found.retain(|matched| is_theirs_to_release(&caller, matched));
            let theirs: BTreeSet<MatchId> = found.iter().map(|matched| matched.id).collect();
            release.lines.retain(|line| theirs.contains(&line.matched));
            let firms: Vec<OrganizationId> = found
                .iter()
                .flat_map(|matched| [matched.startup, matched.investor])
                .collect();
            let names = parties(conn, &firms)?;
            let mut by_id: BTreeMap<MatchId, Match> = found
                .into_iter()
                .map(|matched| (matched.id, matched))
                .collect();
            let mut lines = Vec::with_capacity(release.lines.len());
            for line in &release.lines {
                let matched = by_id.remove(&line.matched).ok_or(Error::NotFound)?;
                let party = |firm| names.get(&firm).cloned().ok_or(Error::NotFound);
                let (startup, investor) = (party(matched.startup)?, party(matched.investor)?);
                lines.push((matched, startup, investor));
            }
            Ok(Told { release, lines })
        })
        .await
}

/// Releases of a programme without their lines, oldest first, for the
/// operator's people.
pub async fn list(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    page: PageRequest,
) -> Result<Page<BulkRelease>, Error> {
    caller.may(Operation::RankMatches, &[])?;
    read_page(
        context,
        format!("releases {programme}"),
        page,
        move |conn, cursor, limit| {
            programmes::load(conn, programme)?;
            Ok(db::releases::list(conn, programme, cursor, limit)?)
        },
        |release| after(release.created_at, release.id),
    )
    .await
}

/// Confirms a release or gives it up. What is confirmed goes out before this
/// answers; one that was cut off goes on where it was.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    (programme, id): (ProgrammeId, ReleaseId),
    expected: Option<i64>,
    action: ReleaseAction,
) -> Result<BulkRelease, Error> {
    may_release(caller)?;
    let (now, by) = (context.now(), caller.id());
    let pen = context.pen(caller.actor());
    let moved = write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load_of(conn, programme, id)?;
            check_version(expected, before.version)?;
            let status = step(&before, action, now)?;
            let after = BulkRelease {
                status,
                // What goes out does so at the word of who says so.
                by: match action {
                    ReleaseAction::Confirm => by,
                    ReleaseAction::Cancel => before.by,
                },
                version: before.version + 1,
                updated_at: now,
                ..before.clone()
            };
            if !db::releases::update(conn, &after)? {
                return Err(Error::StaleVersion);
            }
            pen.append(
                conn,
                "programme.release_moved",
                (SubjectKind::Programme, programme),
                vec![
                    ("release", Value::Id(after.id.uuid())),
                    ("action", code(action.code())),
                    ("from", code(before.status.code())),
                    ("to", code(after.status.code())),
                ],
            )?;
            Ok(after)
        },
        |conn, id| load(conn, id.into()),
    )
    .await?;
    if moved.status == ReleaseStatus::Running {
        return run::go_on(context, moved.id).await;
    }
    Ok(moved)
}

/// What the caller can do with a release now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    id: ReleaseId,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let release = find(context, caller, programme, id).await?.release;
    if may_release(caller).is_err() {
        return Ok(Vec::new());
    }
    let attempts = ReleaseAction::ALL.iter().map(|action| {
        let refusal = step(&release, *action, context.now()).err();
        (action.code(), refusal)
    });
    let here =
        attempts.filter(|(_, refusal)| !refusal.as_ref().is_some_and(Refusal::is_about_state));
    Ok(here.collect())
}

fn load(conn: &mut Conn, id: ReleaseId) -> Result<BulkRelease, Error> {
    db::releases::find(conn, id)?.ok_or(Error::NotFound)
}

fn load_of(conn: &mut Conn, programme: ProgrammeId, id: ReleaseId) -> Result<BulkRelease, Error> {
    let found = load(conn, id)?;
    if found.programme == programme {
        Ok(found)
    } else {
        Err(Error::NotFound)
    }
}
