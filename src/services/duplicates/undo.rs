//! Making two firms of one again, as long as nothing was built upon it:
//! everything that was moved stands as it was left.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::merges::{Merge, Move, Moved};
use crate::db::{self, Conn, duplicates, merges, organizations};
use crate::domain::duplicate::{Duplicate, DuplicateState};
use crate::domain::event::SubjectKind;
use crate::domain::fault::Faults;
use crate::domain::ids::{InvestorProfileId, MandateId, OrganizationId, StartupProfileId};
use crate::domain::refusal::Refusal;

use super::super::Error;
use super::super::log::Pen;
use super::merge::{note, reassigned, side_of};
use super::{desks, load, log, look, store};

/// Gives everything back that the merge of a duplicate moved.
pub(super) fn undo(conn: &mut Conn, pen: &Pen, duplicate: &Duplicate) -> Result<(), Error> {
    let (lower, upper) = duplicate.organizations;
    organizations::lock(conn, lower)?;
    organizations::lock(conn, upper)?;
    duplicates::lock(conn)?;
    if let Some(refusal) = obstacle(conn, duplicate)? {
        return Err(refusal.into());
    }
    organizations::touch(conn, lower, pen.now())?;
    organizations::touch(conn, upper, pen.now())?;
    let merge = held(conn, duplicate)?;
    if !merges::undo(conn, merge.id, pen.now())? {
        return Err(Error::StaleVersion);
    }
    for moved in merges::moves(conn, merge.id)? {
        give_back(conn, pen, duplicate, &merge, &moved)?;
    }
    for firm in [merge.kept, merge.gone] {
        merges::index_records(conn, firm)?;
    }
    note(
        conn,
        pen,
        merge.id,
        ("organization.parted", merge.kept, merge.gone),
    )?;
    note(
        conn,
        pen,
        merge.id,
        ("organization.parted", merge.gone, merge.kept),
    )?;
    for firm in [merge.gone, merge.kept] {
        look::look(conn, pen, firm)?;
    }
    Ok(())
}

fn held(conn: &mut Conn, duplicate: &Duplicate) -> Result<Merge, Error> {
    merges::of_duplicate(conn, duplicate.id)?
        .ok_or_else(|| Error::internal("a merged duplicate without its merge"))
}

/// Everything that was built upon a merge.
pub(super) fn obstacle(conn: &mut Conn, duplicate: &Duplicate) -> Result<Option<Refusal>, Error> {
    let merge = held(conn, duplicate)?;
    let mut missing = Faults::new();
    if let Some(next) = merges::of_gone(conn, merge.kept)? {
        missing.push(
            "",
            "merged_further",
            format!(
                "The firm that was kept led to {} since; undo that first.",
                next.kept
            ),
        );
    }
    let (mut profiles, mut wanted, mut matched) = (Vec::new(), Vec::new(), Vec::new());
    for moved in merges::moves(conn, merge.id)? {
        let Ok(id) = moved.record.parse::<Uuid>() else {
            continue;
        };
        match moved.kind {
            Moved::StartupProfile => profiles.push(StartupProfileId::from(id)),
            Moved::Mandate => wanted.push(MandateId::from(id)),
            Moved::Match => matched.push(id),
            Moved::Introduction | Moved::Deal | Moved::InvestorProfile => {}
            _ => continue,
        }
        if merges::version_of(conn, moved.kind, id)? != moved.version {
            missing.push(
                "",
                "changed_since",
                format!("The {} {id} was changed since.", moved.kind),
            );
        }
    }
    let made = merges::made_since(conn, &profiles, &wanted, &matched)?;
    if made > 0 {
        missing.push(
            "",
            "matched_since",
            format!("{made} matches were made of what was moved since."),
        );
    }
    if missing.is_empty() {
        return Ok(None);
    }
    Ok(Some(Refusal {
        code: "built_upon".into(),
        detail: "Something was built upon this merge; everything is named.".to_owned(),
        missing: missing.into_vec(),
    }))
}

fn give_back(
    conn: &mut Conn,
    pen: &Pen,
    duplicate: &Duplicate,
    merge: &Merge,
    moved: &Move,
) -> Result<(), Error> {
    let damaged = || Error::internal("a move that names no record");
    let id = || moved.record.parse::<Uuid>().map_err(|_| damaged());
    let Merge { kept, gone, .. } = *merge;
    match moved.kind {
        Moved::StartupProfile | Moved::Mandate | Moved::InvestorProfile => {
            give_record_back(conn, pen, merge, moved, id()?)?;
        }
        Moved::Match | Moved::Introduction | Moved::Deal => {
            let side = side_of(duplicate.kind);
            let version = moved.version.ok_or_else(damaged)?;
            let what = (moved.kind, id()?, version);
            if !merges::give_shared(conn, what, side, gone, pen.now())? {
                return Err(Error::StaleVersion);
            }
            let subject = match moved.kind {
                Moved::Match => SubjectKind::Match,
                Moved::Introduction => SubjectKind::Introduction,
                _ => SubjectKind::Deal,
            };
            reassigned(conn, pen, (subject, id()?), kept, gone, None)?;
        }
        Moved::Shown | Moved::ShownTo | Moved::Investment => {
            merges::give_line(conn, moved.kind, id()?, gone)?;
        }
        Moved::Identifier => merges::give_identifier(conn, &moved.record, kept, gone)?,
        Moved::Block => merges::remove_block(conn, kept, id()?.into())?,
        Moved::Suppression => restore_suppression(conn, merge, moved, id()?.into())?,
        Moved::Clearance => merges::remove_clearance(conn, id()?)?,
        Moved::Freeze => merges::remove_freeze(conn, id()?)?,
        Moved::Duplicate => reopen(conn, pen, moved, id()?)?,
        Moved::Referral
        | Moved::Client
        | Moved::ImportJob
        | Moved::Party
        | Moved::Signature
        | Moved::Commitment => desks::give_back(conn, pen, merge, moved)?,
    }
    Ok(())
}

fn give_record_back(
    conn: &mut Conn,
    pen: &Pen,
    merge: &Merge,
    moved: &Move,
    id: Uuid,
) -> Result<(), Error> {
    let damaged = || Error::internal("a move without what it moved");
    let version = moved.version.ok_or_else(damaged)?;
    let states = moved.before.as_deref().and_then(|it| it.split_once(' '));
    let (before, after) = states.ok_or_else(damaged)?;
    let (kept, gone) = (merge.kept, merge.gone);
    let (given, kind) = match moved.kind {
        Moved::Mandate => {
            let what = (MandateId::from(id), version);
            let given = merges::give_mandate(conn, what, gone, before, pen.now())?;
            (given, SubjectKind::Mandate)
        }
        Moved::InvestorProfile => {
            let what = (InvestorProfileId::from(id), version);
            let given = db::investor_profiles::give(conn, what, gone, before, pen.now())?;
            (given, SubjectKind::InvestorProfile)
        }
        _ => {
            let what = (StartupProfileId::from(id), version);
            let given = merges::give_profile(conn, what, gone, before, pen.now())?;
            (given, SubjectKind::StartupProfile)
        }
    };
    if !given {
        return Err(Error::StaleVersion);
    }
    let states = Some((after, before));
    reassigned(conn, pen, (kind, id), kept, gone, states)
}

/// Only where it stands as the merge left it: a longer pause came since, and
/// stays.
fn restore_suppression(
    conn: &mut Conn,
    merge: &Merge,
    moved: &Move,
    other: OrganizationId,
) -> Result<(), Error> {
    let set = db::matches::suppressed_until(conn, merge.gone, other)?;
    if set == db::matches::suppressed_until(conn, merge.kept, other)? {
        let before: Option<DateTime<Utc>> = moved.before.as_deref().and_then(|it| it.parse().ok());
        merges::restore_suppression(conn, merge.kept, other, before)?;
    }
    Ok(())
}

fn reopen(conn: &mut Conn, pen: &Pen, moved: &Move, id: Uuid) -> Result<(), Error> {
    let before = load(conn, id.into())?;
    if Some(before.version) != moved.version {
        return Ok(());
    }
    let after = Duplicate {
        state: DuplicateState::Open,
        version: before.version + 1,
        updated_at: pen.now(),
        ..before
    };
    store(conn, &after)?;
    log(conn, pen, "duplicate.reopened", &after, vec![])
}
