//! Walls between competitors: declared by a firm or by compliance, raised by
//! compliance, and kept true to whoever is on record. Whoever comes on record,
//! or says something else of itself, is looked at in the transaction that
//! writes it; those that are there are looked at when a wall is raised.

use uuid::Uuid;

use crate::db::page::{Cursor, Page};
pub use crate::db::walls::Filter;
use crate::db::worklist::Waiting;
use crate::db::{self, Conn, merges, organizations, walls};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::OrganizationId;
use crate::domain::permission::{Operation, Verdict, decide};
use crate::domain::refusal::Refusal;
use crate::domain::text::{Name, Website};
use crate::domain::values::OrganizationKind;
use crate::domain::wall::{MOST, Party, Wall, WallAction, WallHat, WallReach, WallStatus, step};

use super::duplicates::live_firm;
use super::log::Pen;
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent};

/// Investors that a new wall is held against in one transaction.
const AT_ONCE: i64 = 100;
/// Walls that are held against everybody in one go.
const SWEPT: i64 = 10;

/// A wall that somebody wants.
#[derive(Debug, Clone)]
pub struct NewWall {
    /// What the other firm is called.
    pub name: Name,
    /// Its web site.
    pub website: Option<Website>,
    /// Before whom it is to stand.
    pub reach: WallReach,
    /// Why.
    pub reason: String,
}

/// Declares a wall for a firm. Compliance's own is in force at once.
pub async fn declare(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    organization: OrganizationId,
    new: NewWall,
) -> Result<Wall, Error> {
    caller.may(Operation::WriteWall, &[organization])?;
    let by_operator = hat(caller, organization) == WallHat::Compliance;
    let now = context.now();
    let wall = Wall {
        id: context.new_id(),
        organization,
        name: new.name,
        website: new.website,
        reach: new.reach,
        reason: new.reason,
        by_operator,
        status: if by_operator {
            WallStatus::InForce
        } else {
            WallStatus::Declared
        },
        declared_by: caller.id(),
        decided_by: None,
        note: None,
        swept_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let pen = context.pen(caller.actor());
    let made = write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            organizations::lock(conn, organization)?;
            db::duplicates::lock(conn)?;
            let firm = live_firm(conn, organization)?;
            if !matches!(
                firm.details.kind,
                OrganizationKind::Startup | OrganizationKind::Investor
            ) {
                return Err(Error::refused(
                    "no_side",
                    "Only a startup or an investor has walls.",
                ));
            }
            if walls::count_live(conn, organization)? >= MOST {
                return Err(Error::refused(
                    "too_many_walls",
                    format!("A firm has at most {MOST} walls."),
                ));
            }
            walls::insert(conn, &wall)?;
            log(
                conn,
                &pen,
                "organization.wall_declared",
                &wall,
                &wall.reason,
            )?;
            Ok(wall)
        },
        |conn, id| walls::find(conn, id)?.ok_or(Error::NotFound),
    )
    .await?;
    raise_soon(context, &made).await;
    Ok(made)
}

/// What is raised stands before those on record at once, as far as nothing goes
/// wrong; else the clock sees to it.
async fn raise_soon(context: &Context, wall: &Wall) {
    if wall.status == WallStatus::InForce
        && let Err(error) = sweep_due(context).await
    {
        tracing::warn!(%error, "a wall could not be raised yet; trying again");
    }
}

fn hat(caller: &Caller, organization: OrganizationId) -> WallHat {
    if caller.belongs_to(organization) {
        WallHat::Firm
    } else {
        WallHat::Compliance
    }
}

/// The walls of a firm, oldest first; its own people read those that they
/// declared themselves.
pub async fn list_of(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    page: PageRequest,
) -> Result<Page<Wall>, Error> {
    caller.may(Operation::ReadWall, &[organization])?;
    let own = hat(caller, organization) == WallHat::Firm;
    let filter = Filter {
        organization: Some(organization),
        by_operator: own.then_some(false),
        ..Filter::default()
    };
    pages(context, filter, page).await
}

/// Walls of all firms, oldest first, for the operator's people; none that is of
/// a firm that they belong to as well, or stands before it.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Wall>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    filter.besides = other_firms(caller);
    let caller_in = caller.clone();
    read_page(
        context,
        format!("walls {filter:?}"),
        page,
        move |conn, cursor, limit| open_walls(conn, &caller_in, &filter, cursor, limit),
        of_wall,
    )
    .await
}

/// Walls from a place on that stand before none of the caller's firms; one more
/// than `limit` when there are more.
fn open_walls(
    conn: &mut Conn,
    caller: &Caller,
    filter: &Filter,
    mut cursor: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Wall>, Error> {
    let parties = own_parties(conn, caller)?;
    let mut open = Vec::new();
    loop {
        let some = walls::list(conn, filter, cursor, limit)?;
        let more = some.len() > limit;
        for wall in some {
            cursor = Some(of_wall(&wall));
            if !is_before(conn, &wall, &parties)? {
                open.push(wall);
            }
        }
        if !more || open.len() > limit {
            open.truncate(limit.saturating_add(1));
            return Ok(open);
        }
    }
}

fn of_wall(wall: &Wall) -> Cursor {
    after(wall.created_at, wall.id)
}

fn other_firms(caller: &Caller) -> Vec<OrganizationId> {
    let parts = caller.memberships.iter();
    let others = parts.filter(|part| part.kind != OrganizationKind::Operator);
    others.map(|part| part.organization).collect()
}

async fn pages(context: &Context, filter: Filter, page: PageRequest) -> Result<Page<Wall>, Error> {
    read_page(
        context,
        format!("walls {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(walls::list(conn, &filter, cursor, limit)?),
        of_wall,
    )
    .await
}

/// One wall, and before whom it stands: that is for the operator's people only.
pub async fn find(
    context: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<(Wall, Option<Vec<OrganizationId>>), Error> {
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let wall = readable(conn, &caller, id)?;
            let all = hat(&caller, wall.organization) == WallHat::Compliance;
            let others = all.then(|| walls::others(conn, id)).transpose()?;
            Ok((wall, others))
        })
        .await
}

fn readable(conn: &mut Conn, caller: &Caller, id: Uuid) -> Result<Wall, Error> {
    let wall = walls::find(conn, id)?.ok_or(Error::NotFound)?;
    caller.may(Operation::ReadWall, &[wall.organization])?;
    if hat(caller, wall.organization) == WallHat::Firm {
        return if wall.by_operator {
            Err(Error::NotFound)
        } else {
            Ok(wall)
        };
    }
    // Whoever belongs to a firm that is kept away learns as little as it does.
    let parties = own_parties(conn, caller)?;
    if is_before(conn, &wall, &parties)? {
        Err(Error::NotFound)
    } else {
        Ok(wall)
    }
}

/// The firms that somebody of the operator's belongs to as well, and what they
/// are recognised by.
fn own_parties(conn: &mut Conn, caller: &Caller) -> Result<Vec<(OrganizationId, Party)>, Error> {
    let mut parties = Vec::new();
    for firm in other_firms(caller) {
        let firm = root(conn, firm)?;
        parties.push((firm, party(conn, firm)?.1));
    }
    Ok(parties)
}

/// Whether a wall stands before one of these firms, or would.
fn is_before(
    conn: &mut Conn,
    wall: &Wall,
    parties: &[(OrganizationId, Party)],
) -> Result<bool, Error> {
    if parties.is_empty() {
        return Ok(false);
    }
    let others = walls::others(conn, wall.id)?;
    Ok(parties
        .iter()
        .any(|(firm, party)| others.contains(firm) || wall.stands_before(party)))
}

/// What the caller can do with a wall now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let (wall, _) = find(context, caller, id).await?;
    let owners = [wall.organization];
    if decide(Operation::WriteWall, &caller.memberships, &owners) != Verdict::Allowed {
        return Ok(Vec::new());
    }
    let hat = hat(caller, wall.organization);
    let attempts = WallAction::ALL.iter().map(|action| {
        // A reason can still be given.
        let refusal = step(&wall, *action, hat, caller.id(), Some(""));
        (action.code(), refusal.err())
    });
    let known =
        attempts.filter(|(_, refusal)| !refusal.as_ref().is_some_and(Refusal::is_about_state));
    Ok(known.collect())
}

/// Moves a wall: compliance raises or refuses what a firm declared; the firm
/// lifts its own, and compliance any.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: Uuid,
    expected: Option<i64>,
    (action, reason): (WallAction, Option<String>),
) -> Result<Wall, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let caller_again = caller.clone();
    let moved = write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            // Who is written meanwhile is looked at after this, or found by it.
            db::duplicates::lock(conn)?;
            let before = readable(conn, &caller_in, id)?;
            caller_in.may(Operation::WriteWall, &[before.organization])?;
            check_version(expected, before.version)?;
            let hat = hat(&caller_in, before.organization);
            let status = step(&before, action, hat, caller_in.id(), reason.as_deref())?;
            let after = Wall {
                status,
                decided_by: Some(caller_in.id()),
                note: reason,
                version: before.version + 1,
                updated_at: context_in.now(),
                ..before
            };
            if !walls::update(conn, &after)? {
                return Err(Error::StaleVersion);
            }
            let kind = match action {
                WallAction::Raise => "organization.wall_raised",
                WallAction::Refuse => "organization.wall_refused",
                WallAction::Lift => "organization.wall_lifted",
            };
            let pen = context_in.pen(caller_in.actor());
            log(
                conn,
                &pen,
                kind,
                &after,
                after.note.as_deref().unwrap_or_default(),
            )?;
            Ok(after)
        },
        move |conn, id| readable(conn, &caller_again, id),
    )
    .await?;
    raise_soon(context, &moved).await;
    Ok(moved)
}

fn log(
    conn: &mut Conn,
    pen: &Pen,
    kind: &'static str,
    wall: &Wall,
    reason: &str,
) -> Result<(), Error> {
    pen.append(
        conn,
        kind,
        (SubjectKind::Organization, wall.organization),
        vec![
            ("wall", Value::Id(wall.id)),
            ("reach", code(wall.reach.code())),
            ("status", code(wall.status.code())),
            ("name", Value::hash_of(wall.name.as_str())),
            ("reason", Value::hash_of(reason)),
        ],
    )
}

/// Holds walls that were raised against everybody on record; answers how many
/// are done. What is written meanwhile looks for walls itself.
///
/// # Errors
/// A statement failed.
pub async fn sweep_due(context: &Context) -> Result<usize, Error> {
    let mut done = 0;
    let unswept = |conn: &mut Conn| walls::unswept(conn, SWEPT);
    for wall in context.db.read(unswept).await.map_err(Error::from)? {
        let named = wall.clone();
        let named = context.db.write(move |conn| sweep_named(conn, &named));
        named.await?;
        if wall.reach == WallReach::Portfolio {
            let mut last = None;
            loop {
                let wall = wall.clone();
                let some = context
                    .db
                    .write(move |conn| sweep_holders(conn, &wall, last));
                last = some.await?;
                if last.is_none() {
                    break;
                }
            }
        }
        let context_in = context.clone();
        let finish = context
            .db
            .write(move |conn| finish(&context_in, conn, &wall));
        done += usize::from(finish.await?);
    }
    Ok(done)
}

/// Notes that everybody was looked at; false when another node did.
fn finish(context: &Context, conn: &mut Conn, wall: &Wall) -> Result<bool, Error> {
    if !walls::swept(conn, wall.id, context.now())? {
        return Ok(false);
    }
    // What is under way between the two is looked at again.
    let pen = context.pen(Actor::System);
    let subject = (SubjectKind::Organization, wall.organization);
    let facts = vec![("wall", Value::Id(wall.id))];
    pen.append(conn, "organization.wall_stands", subject, facts)?;
    Ok(true)
}

/// The firm whose a wall is by now; none of one that was lifted meanwhile.
/// Nobody is written or lifts it until the open transaction ends.
fn standing(conn: &mut Conn, wall: &Wall) -> Result<Option<OrganizationId>, Error> {
    db::duplicates::lock(conn)?;
    let now = walls::find(conn, wall.id)?;
    if now.is_some_and(|it| it.status == WallStatus::InForce) {
        Ok(Some(root(conn, wall.organization)?))
    } else {
        Ok(None)
    }
}

/// Holds a wall against those that may bear its name or have its web site.
fn sweep_named(conn: &mut Conn, wall: &Wall) -> Result<(), Error> {
    let Some(holder) = standing(conn, wall)? else {
        return Ok(());
    };
    for firm in db::duplicates::traced(conn, &wall.traces())? {
        hold_against(conn, wall, holder, firm)?;
    }
    Ok(())
}

/// Holds a wall against the next investors by id; the last of them, none at the
/// end.
fn sweep_holders(
    conn: &mut Conn,
    wall: &Wall,
    last: Option<OrganizationId>,
) -> Result<Option<OrganizationId>, Error> {
    let Some(holder) = standing(conn, wall)? else {
        return Ok(None);
    };
    let investors = walls::investors_after(conn, last, AT_ONCE)?;
    for firm in &investors {
        let profile = db::investor_profiles::of(conn, *firm)?;
        if profile.is_some_and(|it| !it.content.portfolio.is_empty()) {
            hold_against(conn, wall, holder, *firm)?;
        }
    }
    Ok(investors.last().copied())
}

fn hold_against(
    conn: &mut Conn,
    wall: &Wall,
    holder: OrganizationId,
    firm: OrganizationId,
) -> Result<(), Error> {
    let firm = root(conn, firm)?;
    if firm != holder && wall.stands_before(&party(conn, firm)?.1) {
        walls::keep_apart(conn, wall.id, holder, firm)?;
    }
    Ok(())
}

/// Which firm a firm is by now.
fn root(conn: &mut Conn, firm: OrganizationId) -> Result<OrganizationId, Error> {
    let mut firm = firm;
    while let Some(merge) = merges::of_gone(conn, firm)? {
        firm = merge.kept;
    }
    Ok(firm)
}

/// What a firm is recognised by, and the firms that became it, itself among
/// them.
fn party(conn: &mut Conn, firm: OrganizationId) -> Result<(Vec<OrganizationId>, Party), Error> {
    let mut all = vec![firm];
    let led = merges::led_to(conn, &[firm])?;
    all.extend(led.into_iter().map(|(gone, _)| gone));
    let mut party = Party::default();
    for one in organizations::find_many(conn, &all)? {
        let details = one.details;
        party.names.extend(details.all_names().map(str::to_owned));
        party
            .hosts
            .extend(details.website.as_ref().map(Website::host));
        if details.kind == OrganizationKind::Investor
            && let Some(profile) = db::investor_profiles::of(conn, one.id)?
        {
            let holdings = profile.content.portfolio.into_iter();
            party
                .holdings
                .extend(holdings.map(|it| it.name.to_string()));
        }
    }
    Ok((all, party))
}

/// Looks which walls stand before a firm that was just written, and has it hold
/// those of the firms that became it. One that stood before it stays: whoever
/// is kept away takes it down by no other name and no other portfolio.
pub(super) fn look(conn: &mut Conn, firm: OrganizationId) -> Result<(), Error> {
    db::duplicates::lock(conn)?;
    look_held(conn, firm)
}

/// [`look`] while nobody else looks for duplicates.
pub(super) fn look_held(conn: &mut Conn, firm: OrganizationId) -> Result<(), Error> {
    if !walls::any_in_force(conn)? {
        return Ok(());
    }
    let now = root(conn, firm)?;
    if now != firm {
        // Whatever else it became is looked at for it.
        return Ok(walls::follow(conn, firm, now)?);
    }
    let (all, party) = party(conn, firm)?;
    for wall in walls::found_by(conn, &party.keys())? {
        let holder = root(conn, wall.organization)?;
        if holder != firm && wall.stands_before(&party) {
            walls::keep_apart(conn, wall.id, holder, firm)?;
        }
    }
    let held = walls::of(conn, &all)?;
    if !held.is_empty() {
        walls::hold(conn, &held, firm)?;
    }
    Ok(())
}

/// Walls that wait for compliance, oldest first.
pub(super) fn waiting(conn: &mut Conn, limit: usize) -> Result<Vec<Waiting>, Error> {
    let filter = Filter {
        status: Some(WallStatus::Declared),
        ..Filter::default()
    };
    let found = walls::list(conn, &filter, None, limit)?.into_iter();
    let waiting = found.map(|wall| Waiting {
        id: wall.id,
        programme: None,
        since: wall.created_at,
        by: None,
    });
    Ok(waiting.collect())
}

/// Whom a wall names, and whose it is, for those who may read and move it.
pub(super) fn load_movable(conn: &mut Conn, caller: &Caller, id: Uuid) -> Result<Wall, Error> {
    let wall = readable(conn, caller, id)?;
    caller.may(Operation::WriteWall, &[wall.organization])?;
    Ok(wall)
}
