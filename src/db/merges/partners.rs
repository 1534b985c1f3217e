//! What of a partner's is moved when two become one, and moved back.

use std::collections::BTreeMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::Moved;
use crate::db::directory_schema::referrals;
use crate::db::exchange_schema::import_jobs;
use crate::db::identity_schema::clients;
use crate::db::programme_schema::{commitments, programme_signatures as signatures};
use crate::db::schema::{programme_parties as parties, programmes};
use crate::db::types::Id;
use crate::db::{Conn, Error, Result};
use crate::domain::ids::{OrganizationId, ProgrammeId};

/// Most ids that are named.
const NAMED: usize = 20;

/// What a partner referred, by its own id for it.
type Referred = BTreeMap<String, (Id, OrganizationId)>;

fn referred(conn: &mut Conn, partner: OrganizationId) -> Result<Referred> {
    let rows: Vec<(String, Id, OrganizationId)> = referrals::table
        .filter(referrals::partner_id.eq(partner))
        .select((
            referrals::external_id,
            referrals::id,
            referrals::organization_id,
        ))
        .load(conn)?;
    let rows = rows.into_iter();
    Ok(rows.map(|(name, id, firm)| (name, (id, firm))).collect())
}

/// Ids by which two partners know different firms, the first ones.
///
/// # Errors
/// A statement failed.
pub fn rival_referrals(
    conn: &mut Conn,
    one: OrganizationId,
    other: OrganizationId,
) -> Result<Vec<String>> {
    let (ours, theirs) = (referred(conn, one)?, referred(conn, other)?);
    let clash = |(name, (_, firm)): &(&String, &(Id, OrganizationId))| {
        theirs.get(*name).is_some_and(|(_, other)| other != firm)
    };
    let names = ours.iter().filter(clash).map(|(name, _)| name.clone());
    Ok(names.take(NAMED).collect())
}

/// A move: what, which one, and what stood there before.
pub type DeskMove = (Moved, String, Option<String>);

/// Gives what a partner works with to another one: what it referred, the
/// programs that act for it, the files it handed in. Where both refer the same
/// firm by the same id, the referral of the one that goes stays with it.
/// Answers what was given.
///
/// # Errors
/// A statement failed.
pub fn give_desk(
    conn: &mut Conn,
    from: OrganizationId,
    to: OrganizationId,
) -> Result<Vec<DeskMove>> {
    let kept = referred(conn, to)?;
    let own = referred(conn, from)?.into_iter();
    let referrals = own.filter(|(name, _)| !kept.contains_key(name));
    let referrals: Vec<Id> = referrals.map(|(_, (id, _))| id).collect();
    let clients: Vec<Id> = clients::table
        .filter(clients::organization_id.eq(from))
        .select(clients::id)
        .load(conn)?;
    let jobs: Vec<Id> = import_jobs::table
        .filter(import_jobs::partner_id.eq(from))
        .select(import_jobs::id)
        .load(conn)?;
    let all = [
        (Moved::Referral, referrals),
        (Moved::Client, clients),
        (Moved::ImportJob, jobs),
    ];
    let mut moves = Vec::new();
    for (kind, ids) in all {
        for id in ids {
            give_desk_line(conn, kind, id.uuid(), to)?;
            moves.push((kind, id.uuid().to_string(), None));
        }
    }
    Ok(moves)
}

/// Gives one thing that a partner works with to another one.
///
/// # Errors
/// A statement failed.
pub fn give_desk_line(conn: &mut Conn, kind: Moved, id: Uuid, to: OrganizationId) -> Result<()> {
    let id = Id::of(id);
    match kind {
        Moved::Referral => diesel::update(referrals::table.find(id))
            .set(referrals::partner_id.eq(to))
            .execute(conn)?,
        Moved::Client => diesel::update(clients::table.find(id))
            .set(clients::organization_id.eq(to))
            .execute(conn)?,
        Moved::ImportJob => diesel::update(import_jobs::table.find(id))
            .set(import_jobs::partner_id.eq(to))
            .execute(conn)?,
        Moved::Commitment => diesel::update(commitments::table.find(id))
            .set(commitments::owner_id.eq(to))
            .execute(conn)?,
        other => return Err(Error::Corrupt(format!("{other} is nothing of a partner's"))),
    };
    Ok(())
}

/// The programmes that an organization is party to.
///
/// # Errors
/// A statement failed.
pub fn programmes_of(conn: &mut Conn, party: OrganizationId) -> Result<Vec<ProgrammeId>> {
    Ok(parties::table
        .filter(parties::organization_id.eq(party))
        .order(parties::programme_id)
        .select(parties::programme_id)
        .load(conn)?)
}

/// Gives a place in a programme to another organization, with the signatures
/// and the commitments that go with it; the programme's version rises by one.
/// An organization that is party to it already keeps its own role. Answers what
/// was given beside the place itself, and in it the role that was given up, if
/// one was.
///
/// # Errors
/// A statement failed.
pub fn give_party(
    conn: &mut Conn,
    programme: ProgrammeId,
    from: OrganizationId,
    to: OrganizationId,
) -> Result<Vec<DeskMove>> {
    // First, so that whoever changes the programme meanwhile waits.
    touch(conn, programme)?;
    let held = parties::table.find((programme, to));
    let both: bool = diesel::select(diesel::dsl::exists(held)).get_result(conn)?;
    let place = parties::table.find((programme, from));
    let role: String = place.select(parties::role).first(conn)?;
    if both {
        diesel::delete(place).execute(conn)?;
    } else {
        diesel::update(place)
            .set(parties::organization_id.eq(to))
            .execute(conn)?;
    }
    let given_up = both.then_some(role);
    let mut moves = vec![(Moved::Party, programme.to_string(), given_up)];
    let places: Vec<i64> = signatures::table
        .filter(signatures::programme_id.eq(programme))
        .filter(signatures::organization_id.eq(from))
        .select(signatures::place)
        .load(conn)?;
    for place in places {
        give_signature(conn, programme, place, to)?;
        moves.push((Moved::Signature, format!("{programme} {place}"), None));
    }
    let owned: Vec<Id> = commitments::table
        .filter(commitments::programme_id.eq(programme))
        .filter(commitments::owner_id.eq(from))
        .select(commitments::id)
        .load(conn)?;
    for id in owned {
        give_desk_line(conn, Moved::Commitment, id.uuid(), to)?;
        moves.push((Moved::Commitment, id.uuid().to_string(), None));
    }
    Ok(moves)
}

/// Gives a place in a programme back: with the role that was given up for it,
/// or as it is.
///
/// # Errors
/// A statement failed.
pub fn give_party_back(
    conn: &mut Conn,
    programme: ProgrammeId,
    (from, to): (OrganizationId, OrganizationId),
    role: Option<&str>,
) -> Result<()> {
    touch(conn, programme)?;
    let held = parties::table.find((programme, to));
    let there: bool = diesel::select(diesel::dsl::exists(held)).get_result(conn)?;
    match role {
        // Somebody made it a party since.
        _ if there => {}
        Some(role) => {
            diesel::insert_into(parties::table)
                .values((
                    parties::programme_id.eq(programme),
                    parties::organization_id.eq(to),
                    parties::role.eq(role),
                ))
                .execute(conn)?;
        }
        None => {
            diesel::update(parties::table.find((programme, from)))
                .set(parties::organization_id.eq(to))
                .execute(conn)?;
        }
    }
    Ok(())
}

/// Gives a signature under a programme to another organization.
///
/// # Errors
/// A statement failed.
pub fn give_signature(
    conn: &mut Conn,
    programme: ProgrammeId,
    place: i64,
    to: OrganizationId,
) -> Result<()> {
    diesel::update(signatures::table.find((programme, place)))
        .set(signatures::organization_id.eq(to))
        .execute(conn)?;
    Ok(())
}

fn touch(conn: &mut Conn, programme: ProgrammeId) -> Result<()> {
    diesel::update(programmes::table.find(programme))
        .set(programmes::version.eq(programmes::version + 1))
        .execute(conn)?;
    Ok(())
}
