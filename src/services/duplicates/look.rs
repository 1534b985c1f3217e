//! Looking for other records of a firm: in the transaction that writes it,
//! so that none is ever left unlooked at.
//!
//! Whoever registers or refers a firm learns nothing of this, not even by a
//! different answer: what was found is for the operator's people.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::db::{self, Conn, duplicates, merges, organizations};
use crate::domain::duplicate::{
    Duplicate, DuplicateState, Face, Ground, Likeness, can_be_twins, compare, host_tells, says_more,
};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::firm_name::{FirmKeys, firm_keys};
use crate::domain::identifier::Identifier;
use crate::domain::ids::OrganizationId;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::text::Website;
use crate::domain::values::OrganizationKind;

use super::super::log::Pen;
use super::super::transitions::code;
use super::super::walls;
use super::super::{Context, Error};
use super::{log, store};

/// Most other firms that one is compared with for a number or for a web site,
/// which speak for themselves, and then for a name: who registers the same name
/// or site a thousand times over doesn't make each further one a thousandfold
/// work, nor hides the one with the same number.
const MOST_SURE: i64 = 20;
/// The same for a name.
const MOST_NAMED: i64 = 10;
/// Most open pairs of a firm that are looked at again when it is written, the
/// surest first; the others stay as they are.
const MOST_OPEN: i64 = 200;
/// Firms that are read at a time.
const PART: usize = 50;
/// Firms that are caught up with in one transaction.
const AT_ONCE: i64 = 200;
/// How long catching up waits where the store is busy.
const PATIENCE: Duration = Duration::from_secs(1);

/// Looks for other records of a firm that was just written, and puts down
/// what speaks for each.
pub(in crate::services) fn look(
    conn: &mut Conn,
    pen: &Pen,
    firm: OrganizationId,
) -> Result<(), Error> {
    let Some((kind, face)) = faces(conn, &[firm])?.remove(&firm) else {
        return Ok(());
    };
    duplicates::lock(conn)?;
    if merges::of_gone(conn, firm)?.is_some() {
        // What it is recognised by is its keeper's.
        duplicates::put_traces(conn, firm, &BTreeSet::new())?;
        return walls::look(conn, firm);
    }
    let traces = traces(names(&face), &face);
    duplicates::put_traces(conn, firm, &traces)?;
    walls::look(conn, firm)?;
    let open = duplicates::surest_of(conn, firm, MOST_OPEN)?;
    let near = near(conn, firm, kind, &face, &open)?;
    let alike = alike(conn, firm, &face, &near)?;
    let pen = pen.of_system();
    vanish(conn, &pen, firm, open, &alike)?;
    for (other, likeness) in alike {
        put(conn, &pen, (firm, other), kind, likeness)?;
    }
    Ok(())
}

/// [`look`] for a firm that was registered in this very transaction: nothing is
/// known of it but what it says, and hardly any is like another one.
pub(in crate::services) fn look_at_new(
    conn: &mut Conn,
    pen: &Pen,
    firm: &Organization,
) -> Result<(), Error> {
    let kind = firm.details.kind;
    if !can_be_twins(kind) {
        return Ok(());
    }
    let mut face = Face::default();
    show(
        &mut face,
        &firm.details,
        db::identifiers::of(conn, firm.id)?,
    );
    duplicates::lock(conn)?;
    let keys = names(&face);
    let mut telling = keys.own.clone();
    telling.extend(keys.near.iter().cloned());
    telling.extend(hosts(&face));
    telling.extend(numbers(&face));
    duplicates::put_traces(conn, firm.id, &traces(keys, &face))?;
    walls::look_held(conn, firm.id)?;
    if !duplicates::is_shared(conn, firm.id, kind, &telling)? {
        return Ok(());
    }
    let near = near(conn, firm.id, kind, &face, &[])?;
    let alike = alike(conn, firm.id, &face, &near)?;
    let pen = pen.of_system();
    for (other, likeness) in alike {
        put(conn, &pen, (firm.id, other), kind, likeness)?;
    }
    Ok(())
}

/// Those of these firms that are like one, and how much.
fn alike(
    conn: &mut Conn,
    firm: OrganizationId,
    face: &Face,
    near: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Likeness>, Error> {
    let mut alike = BTreeMap::new();
    for part in near.chunks(PART) {
        for (other, (_, other_face)) in faces(conn, part)? {
            let (one, two) = if firm < other {
                (face, &other_face)
            } else {
                (&other_face, face)
            };
            alike.extend(compare(one, two).map(|likeness| (other, likeness)));
        }
    }
    Ok(alike)
}

/// The firms that one is compared with: those of its open pairs, and those that share a trace, the surest first.
fn near(
    conn: &mut Conn,
    firm: OrganizationId,
    kind: OrganizationKind,
    face: &Face,
    open: &[Duplicate],
) -> Result<Vec<OrganizationId>, Error> {
    let mut near: Vec<_> = open.iter().map(|it| it.counterpart(firm)).collect();
    let FirmKeys {
        own, near: alike, ..
    } = names(face);
    for (part, most) in [
        (numbers(face), MOST_SURE),
        (hosts(face), MOST_SURE),
        (own, MOST_NAMED),
        (alike, MOST_NAMED),
    ] {
        if !part.is_empty() {
            let part: Vec<_> = part.iter().collect();
            near.extend(duplicates::sharing(conn, firm, kind, &part, &near, most)?);
        }
    }
    Ok(near)
}

/// Of which firms of these a duplicate could be, and what each is recognised
/// by, with what was merged into it.
fn faces(
    conn: &mut Conn,
    firms: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, (OrganizationKind, Face)>, Error> {
    let led = merges::led_to(conn, firms)?;
    let mut keepers: BTreeMap<OrganizationId, OrganizationId> =
        firms.iter().map(|id| (*id, *id)).collect();
    keepers.extend(led);
    let all: Vec<OrganizationId> = keepers.keys().copied().collect();
    let mut stated = db::identifiers::of_many(conn, &all)?;
    let mut faces: BTreeMap<OrganizationId, (OrganizationKind, Face)> = BTreeMap::new();
    for firm in organizations::find_many(conn, &all)? {
        let Some(keeper) = keepers.get(&firm.id) else {
            continue;
        };
        let details = firm.details;
        if !can_be_twins(details.kind) {
            continue;
        }
        let (_, face) = faces
            .entry(*keeper)
            .or_insert_with(|| (details.kind, Face::default()));
        let stated = stated.remove(&firm.id).unwrap_or_default();
        show(face, &details, stated);
    }
    Ok(faces)
}

/// Adds to a face what a record says.
fn show(face: &mut Face, details: &OrganizationDetails, stated: BTreeSet<Identifier>) {
    face.names.extend(details.all_names().map(str::to_owned));
    face.countries.extend(details.country);
    let host = details.website.as_ref().map(Website::host);
    face.hosts.extend(host);
    face.identifiers.extend(stated);
}

/// Two firms are compared when they share one of these.
fn traces(names: FirmKeys, face: &Face) -> BTreeSet<String> {
    let mut traces = names.own;
    traces.extend(names.loose);
    traces.extend(hosts(face));
    traces.extend(numbers(face));
    traces
}

/// The keys of its names.
fn names(face: &Face) -> FirmKeys {
    let mut all = FirmKeys::default();
    for name in &face.names {
        let FirmKeys { own, loose, near } = firm_keys(name);
        all.own.extend(own);
        all.loose.extend(loose);
        all.near.extend(near);
    }
    all
}

fn hosts(face: &Face) -> BTreeSet<String> {
    let hosts = face.hosts.iter().filter(|host| host_tells(host));
    hosts.map(|host| format!("@{host}")).collect()
}

fn numbers(face: &Face) -> BTreeSet<String> {
    let numbers = face.identifiers.iter();
    numbers.map(|it| format!("#{it}")).collect()
}

/// Closes what nothing speaks for any more, unless a person said so.
fn vanish(
    conn: &mut Conn,
    pen: &Pen,
    firm: OrganizationId,
    looked_at: Vec<Duplicate>,
    alike: &BTreeMap<OrganizationId, Likeness>,
) -> Result<(), Error> {
    for open in looked_at {
        let reported = open.reasons.iter().any(|it| it.ground == Ground::Reported);
        if reported || alike.contains_key(&open.counterpart(firm)) {
            continue;
        }
        let after = Duplicate {
            state: DuplicateState::Dismissed,
            version: open.version + 1,
            updated_at: pen.now(),
            ..open
        };
        store(conn, &after)?;
        log(conn, pen, "duplicate.vanished", &after, vec![])?;
    }
    Ok(())
}

fn put(
    conn: &mut Conn,
    pen: &Pen,
    (a, b): (OrganizationId, OrganizationId),
    kind: OrganizationKind,
    likeness: Likeness,
) -> Result<(), Error> {
    let now = pen.now();
    let Likeness { score, reasons } = likeness;
    let Some(before) = duplicates::find_pair(conn, a, b)? else {
        let made = Duplicate {
            id: pen.new_id(),
            organizations: if a < b { (a, b) } else { (b, a) },
            kind,
            score,
            reasons,
            state: DuplicateState::Open,
            note: None,
            judged_by: None,
            kept: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        duplicates::insert(conn, &made)?;
        return log(conn, pen, "duplicate.found", &made, vec![]);
    };
    let mut reasons = reasons;
    let reported = before.reasons.iter();
    reasons.extend(reported.filter(|it| it.ground == Ground::Reported).cloned());
    let dismissed_by_hand = before.state == DuplicateState::Dismissed && before.judged_by.is_some();
    let state = match before.state {
        DuplicateState::Merged => return Ok(()),
        _ if dismissed_by_hand && !says_more(&before.reasons, &reasons) => return Ok(()),
        _ => DuplicateState::Open,
    };
    if before.state == state && before.reasons == reasons {
        return Ok(());
    }
    let after = Duplicate {
        score: crate::domain::duplicate::together(&reasons),
        reasons,
        state,
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    store(conn, &after)?;
    let from = ("from", code(before.state.code()));
    log(conn, pen, "duplicate.found", &after, vec![from])
}

/// Looks at every firm that was not looked at, or in an older way, a few at a
/// time, so that others can write meanwhile; answers how many. Stopped in the
/// middle, it goes on the next time.
///
/// # Errors
/// The store failed.
pub async fn catch_up(context: &Context) -> Result<usize, Error> {
    let (mut seen, mut after) = (0, None);
    loop {
        let some = context
            .db
            .read(move |conn| duplicates::unseen(conn, after, AT_ONCE))
            .await?;
        let Some(last) = some.last().copied() else {
            return Ok(seen);
        };
        let count = some.len();
        let pen = context.pen(Actor::System);
        let first = after.is_none();
        let step = context.db.write(move |conn| -> Result<(), Error> {
            if first {
                // What firms are recognised by may have changed: walls are found
                // by the same.
                db::walls::renew_keys(conn)?;
            }
            some.into_iter().try_for_each(|firm| look(conn, &pen, firm))
        });
        match step.await {
            // Who is served goes first.
            Err(Error::Busy { .. }) => tokio::time::sleep(PATIENCE).await,
            step => {
                step?;
                seen += count;
                after = Some(last);
            }
        }
    }
}

/// The payload of an event about a duplicate.
pub(super) fn facts(duplicate: &Duplicate) -> Vec<(&'static str, Value)> {
    let (lower, upper) = duplicate.organizations;
    let grounds = duplicate.reasons.iter();
    vec![
        ("to", code(duplicate.state.code())),
        ("organization", Value::Id(lower.uuid())),
        ("other", Value::Id(upper.uuid())),
        ("score", Value::Int(i64::from(duplicate.score))),
        (
            "grounds",
            Value::Codes(grounds.map(|it| it.ground.code().to_owned()).collect()),
        ),
    ]
}

/// Where events about duplicates stand.
pub(super) const SUBJECT: SubjectKind = SubjectKind::Duplicate;
