//! Records that may be of one firm: found by itself when a firm is written,
//! judged by curators. Merging moves what one firm owns to the other and
//! leaves its id leading there; it can be undone until something was built
//! upon it.

mod desks;
mod look;
mod merge;
mod undo;

pub use crate::db::duplicates::Filter;
use crate::db::page::Page;
use crate::db::{self, Conn, duplicates, merges};
use crate::domain::account::Role;
use crate::domain::duplicate::{
    Duplicate, DuplicateAction, DuplicateState, Ground, Reason, can_be_twins, host_tells, step,
    together,
};
use crate::domain::event::Value;
use crate::domain::fault::Faults;
use crate::domain::ids::{DuplicateId, OrganizationId};
use crate::domain::organization::Organization;
use crate::domain::permission::{Hat, Operation};
use crate::domain::refusal::Refusal;
use crate::domain::values::OrganizationKind;

pub use look::catch_up;
pub(super) use look::{look, look_at_new};
pub(super) use merge::is_claimed;

use super::caller::in_any_hat;
use super::log::Pen;
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::transitions::{available, check_version, code};
use super::{Caller, Context, Error, Intent};

/// How much a curator's word says by itself, in basis points.
const REPORTED: u32 = 5_000;

/// What a transition needs beside its name.
#[derive(Debug, Clone, Default)]
pub struct Move {
    /// For `merge`: the one of the two that is kept.
    pub keep: Option<OrganizationId>,
    /// Why, in words.
    pub reason: Option<String>,
}

/// A duplicate with both of its firms.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The duplicate.
    pub duplicate: Duplicate,
    /// Both, in its order.
    pub firms: [Firm; 2],
}

/// One of the two.
#[derive(Debug, Clone)]
pub struct Firm {
    /// The firm.
    pub organization: Organization,
    /// Whether people stand behind it.
    pub claimed: bool,
    /// The firm that it led to, by this or another duplicate.
    pub merged_into: Option<OrganizationId>,
}

/// Duplicates, oldest first, for the operator's people.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Duplicate>, Error> {
    caller.may(Operation::ReadDuplicates, &[])?;
    read_page(
        context,
        format!("duplicates {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(duplicates::list(conn, &filter, cursor, limit)?),
        |duplicate| after(duplicate.created_at, duplicate.id),
    )
    .await
}

/// One duplicate with what there is to compare.
pub async fn find(context: &Context, caller: &Caller, id: DuplicateId) -> Result<Compared, Error> {
    caller.may(Operation::ReadDuplicates, &[])?;
    context
        .db
        .read(move |conn| {
            let duplicate = load(conn, id)?;
            let (lower, upper) = duplicate.organizations;
            let firms = [firm(conn, lower)?, firm(conn, upper)?];
            Ok(Compared { duplicate, firms })
        })
        .await
}

fn firm(conn: &mut Conn, id: OrganizationId) -> Result<Firm, Error> {
    Ok(Firm {
        organization: db::organizations::find(conn, id)?.ok_or(Error::NotFound)?,
        claimed: is_claimed(conn, id)?,
        merged_into: merges::keeper(conn, id)?,
    })
}

/// Puts two firms down as one that nothing found to be alike, for a curator.
pub async fn report(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    (a, b): (OrganizationId, OrganizationId),
    reason: String,
) -> Result<Duplicate, Error> {
    caller.may(Operation::JudgeDuplicates, &[])?;
    let pen = context.pen(caller.actor());
    let by = caller.id();
    write_once(
        context,
        by,
        intent,
        move |conn| {
            let kind = reportable(conn, a, b)?;
            db::duplicates::lock(conn)?;
            if duplicates::find_pair(conn, a, b)?.is_some() {
                return Err(Error::refused(
                    "known_duplicate",
                    "These two are on record as a duplicate already.",
                ));
            }
            let now = pen.now();
            let reasons = vec![Reason {
                ground: Ground::Reported,
                one: String::new(),
                other: String::new(),
                points: REPORTED,
            }];
            let made = Duplicate {
                id: pen.new_id(),
                organizations: if a < b { (a, b) } else { (b, a) },
                kind,
                score: together(&reasons),
                reasons,
                state: DuplicateState::Open,
                note: Some(reason),
                judged_by: Some(by),
                kept: None,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            duplicates::insert(conn, &made)?;
            let hash = made.note.as_deref().map(Value::hash_of);
            let reason = hash.map(|hash| ("reason", hash)).into_iter().collect();
            log(conn, &pen, "duplicate.reported", &made, reason)?;
            Ok(made)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// What both firms are; a fault where they can't be one.
fn reportable(
    conn: &mut Conn,
    a: OrganizationId,
    b: OrganizationId,
) -> Result<OrganizationKind, Error> {
    let mut faults = Faults::new();
    let mut kinds = Vec::new();
    for (place, id) in [a, b].into_iter().enumerate() {
        let pointer = format!("/organizations/{place}");
        match db::organizations::find(conn, id)? {
            None => faults.push(
                pointer,
                "unknown_organization",
                "There is no such organization.",
            ),
            Some(_) if merges::of_gone(conn, id)?.is_some() => faults.push(
                pointer,
                "merged_already",
                "It was merged into another firm already.",
            ),
            Some(firm) => kinds.push(firm.details.kind),
        }
    }
    if let [one, other] = kinds.as_slice()
        && (one != other || !can_be_twins(*one))
    {
        faults.push(
            "/organizations",
            "kinds_differ",
            "Only two startups, two investors or two partners can be one firm.",
        );
    }
    let kind = kinds.first().copied();
    faults.finish()?;
    kind.ok_or(Error::NotFound)
}

/// Moves a duplicate in its machine: merges, dismisses, reopens, undoes.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: DuplicateId,
    expected: Option<i64>,
    action: DuplicateAction,
    details: Move,
) -> Result<Duplicate, Error> {
    caller.may(Operation::ReadDuplicates, &[])?;
    caller.may(Operation::JudgeDuplicates, &[])?;
    let pen = context.pen(caller.actor());
    let (by, hats) = (caller.id(), hats(caller));
    write_once(
        context,
        by,
        intent,
        move |conn| {
            let before = load(conn, id)?;
            check_version(expected, before.version)?;
            let (state, _) = in_any_hat(&hats, |hat| step(before.state, action, hat))?;
            let keep = match action {
                DuplicateAction::Merge => details.keep,
                _ => None,
            };
            let after = Duplicate {
                state,
                note: details.reason.clone().or_else(|| before.note.clone()),
                judged_by: Some(by),
                kept: keep,
                version: before.version + 1,
                updated_at: pen.now(),
                ..before.clone()
            };
            match action {
                DuplicateAction::Merge => merge::merge(conn, &pen, by, &after)?,
                DuplicateAction::Undo => {
                    undo::undo(conn, &pen, &before)?;
                    store(conn, &after)?;
                }
                DuplicateAction::Dismiss | DuplicateAction::Reopen => store(conn, &after)?,
            }
            let mut facts = vec![("from", code(before.state.code()))];
            facts.extend(keep.map(|keep| ("kept", Value::Id(keep.uuid()))));
            let reason = details.reason.as_deref().map(Value::hash_of);
            facts.extend(reason.map(|hash| ("reason", hash)));
            log(conn, &pen, event_kind(action), &after, facts)?;
            Ok(after)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// What can be done with a duplicate now, each action with all that stands in
/// its way. A merge is told of as the likelier of its two directions.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: DuplicateId,
) -> Result<Vec<(DuplicateAction, Option<Refusal>)>, Error> {
    caller.may(Operation::ReadDuplicates, &[])?;
    let (hats, now) = (hats(caller), context.now());
    context
        .db
        .read(move |conn| {
            let duplicate = load(conn, id)?;
            let mut blocks = Vec::new();
            for action in DuplicateAction::ALL {
                let block = match action {
                    DuplicateAction::Merge if duplicate.state == DuplicateState::Open => {
                        merge::obstacle(conn, &duplicate, now)?
                    }
                    DuplicateAction::Undo if duplicate.state == DuplicateState::Merged => {
                        undo::obstacle(conn, &duplicate)?
                    }
                    _ => None,
                };
                blocks.push((*action, block));
            }
            let attempt = |action: DuplicateAction, hat| {
                step(duplicate.state, action, hat)?;
                let block = blocks.iter().find(|(it, _)| *it == action);
                match block.and_then(|(_, block)| block.clone()) {
                    Some(refusal) => Err(refusal),
                    None => Ok(()),
                }
            };
            Ok(available(DuplicateAction::ALL, &hats, attempt))
        })
        .await
}

fn hats(caller: &Caller) -> Vec<Hat> {
    if caller.is(Role::Curator) {
        vec![Hat::Curator]
    } else {
        vec![]
    }
}

const fn event_kind(action: DuplicateAction) -> &'static str {
    match action {
        DuplicateAction::Merge => "duplicate.merged",
        DuplicateAction::Dismiss => "duplicate.dismissed",
        DuplicateAction::Reopen => "duplicate.reopened",
        DuplicateAction::Undo => "duplicate.undone",
    }
}

fn load(conn: &mut Conn, id: DuplicateId) -> Result<Duplicate, Error> {
    duplicates::find(conn, id)?.ok_or(Error::NotFound)
}

fn store(conn: &mut Conn, after: &Duplicate) -> Result<(), Error> {
    if duplicates::update(conn, after)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}

fn log(
    conn: &mut Conn,
    pen: &Pen,
    kind: &'static str,
    duplicate: &Duplicate,
    more: Vec<(&'static str, Value)>,
) -> Result<(), Error> {
    let mut payload = look::facts(duplicate);
    payload.extend(more);
    pen.append(conn, kind, (look::SUBJECT, duplicate.id), payload)
}

/// A firm that a record can be made for: it is there, and has not become
/// another one. What is written about one that has would count for nobody.
pub(super) fn live_firm(conn: &mut Conn, id: OrganizationId) -> Result<Organization, Error> {
    let found = db::organizations::find_and_whether_it_went(conn, id)?;
    let (firm, went) = found.ok_or(Error::NotFound)?;
    if !went {
        return Ok(firm);
    }
    match merges::keeper(conn, id)? {
        None => Ok(firm),
        Some(keeper) => Err(Error::Refused(Refusal {
            detail: format!("This firm is one with {keeper} now; name that one."),
            ..Refusal::new("organization_merged", "")
        })),
    }
}

/// Whether another firm has the web site that this one says is its own: then
/// a person judges which firm it is before anything goes on.
pub(super) fn is_contested(conn: &mut Conn, firm: OrganizationId) -> Result<bool, Error> {
    let details = db::organizations::find(conn, firm)?
        .ok_or(Error::NotFound)?
        .details;
    // Whoever has a page on a host that many share says nothing by it.
    let host = details.website.map(|website| website.host());
    let Some(host) = host.filter(|host| host_tells(host)) else {
        return Ok(false);
    };
    let holder = db::organizations::find_by_identifier(conn, "domain", &host)?;
    let Some(holder) = holder.filter(|holder| holder.id != firm) else {
        return Ok(false);
    };
    let judged = duplicates::find_pair(conn, firm, holder.id)?;
    Ok(judged.is_none_or(|it| it.state != DuplicateState::Dismissed))
}
