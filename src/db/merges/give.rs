//! What is moved when two firms become one, and moved back.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::Moved;
use crate::db::investor_schema::investor_profiles;
use crate::db::prepared::Prepare;
use crate::db::review_schema::{blocks, freezes};
use crate::db::rule_schema::investments;
use crate::db::schema::{
    clearances, deals, disclosures, introductions, mandates, matches,
    organization_identifiers as identifiers, pair_suppressions as suppressions, startup_profiles,
};
use crate::db::types::{Id, Timestamp};
use crate::db::{Conn, Error, Result, pair, search};
use crate::domain::ids::{IntroductionId, MandateId, OrganizationId, StartupProfileId};
use crate::domain::introduction::IntroductionStatus;
use crate::domain::values::Side;

/// The profiles of a startup with state and version.
///
/// # Errors
/// A statement failed.
pub fn profiles_of(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Vec<(StartupProfileId, String, bool, i64)>> {
    Ok(startup_profiles::table
        .filter(startup_profiles::organization_id.eq(organization))
        .order(startup_profiles::id)
        .select((
            startup_profiles::id,
            startup_profiles::status,
            startup_profiles::claimed,
            startup_profiles::version,
        ))
        .load(conn)?)
}

/// The mandates of an investor with state and version.
///
/// # Errors
/// A statement failed.
pub fn mandates_of(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Vec<(MandateId, String, bool, i64)>> {
    Ok(mandates::table
        .filter(mandates::organization_id.eq(organization))
        .order(mandates::id)
        .select((
            mandates::id,
            mandates::status,
            mandates::claimed,
            mandates::version,
        ))
        .load(conn)?)
}

/// Gives a profile at that version to another startup, in that state; false
/// when somebody else changed it meanwhile.
///
/// # Errors
/// A statement failed.
pub fn give_profile(
    conn: &mut Conn,
    (id, version): (StartupProfileId, i64),
    to: OrganizationId,
    status: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let before = startup_profiles::table
        .find(id)
        .filter(startup_profiles::version.eq(version));
    let changed = diesel::update(before)
        .set((
            startup_profiles::organization_id.eq(to),
            startup_profiles::status.eq(status),
            startup_profiles::version.eq(version + 1),
            startup_profiles::updated_at.eq(Timestamp(now)),
        ))
        .prepared()
        .execute(conn)?;
    search::given(conn, id.uuid(), to)?;
    Ok(changed == 1)
}

/// Gives a mandate at that version to another investor, in that state; false
/// when somebody else changed it meanwhile.
///
/// # Errors
/// A statement failed.
pub fn give_mandate(
    conn: &mut Conn,
    (id, version): (MandateId, i64),
    to: OrganizationId,
    status: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let before = mandates::table
        .find(id)
        .filter(mandates::version.eq(version));
    let changed = diesel::update(before)
        .set((
            mandates::organization_id.eq(to),
            mandates::status.eq(status),
            mandates::version.eq(version + 1),
            mandates::updated_at.eq(Timestamp(now)),
        ))
        .prepared()
        .execute(conn)?;
    search::given(conn, id.uuid(), to)?;
    Ok(changed == 1)
}

/// Indexes all of a firm's records anew, by its names.
///
/// # Errors
/// A statement failed.
pub fn index_records(conn: &mut Conn, firm: OrganizationId) -> Result<()> {
    let firm = crate::db::organizations::find(conn, firm)?;
    firm.map_or(Ok(()), |firm| search::renamed(conn, &firm))
}

/// Ids and versions of what two sides share.
type Versions = Vec<(Id, i64)>;

/// The matches, introductions and deals of a firm, with their versions.
///
/// # Errors
/// A statement failed.
pub fn shared_of(
    conn: &mut Conn,
    side: Side,
    firm: OrganizationId,
) -> Result<Vec<(Moved, Uuid, i64)>> {
    let matched: Versions = match side {
        Side::Startup => matches::table
            .filter(matches::startup_id.eq(firm))
            .order(matches::id)
            .select((matches::id, matches::version))
            .load(conn)?,
        Side::Investor => matches::table
            .filter(matches::investor_id.eq(firm))
            .order(matches::id)
            .select((matches::id, matches::version))
            .load(conn)?,
    };
    let introduced: Versions = match side {
        Side::Startup => introductions::table
            .filter(introductions::startup_id.eq(firm))
            .order(introductions::id)
            .select((introductions::id, introductions::version))
            .load(conn)?,
        Side::Investor => introductions::table
            .filter(introductions::investor_id.eq(firm))
            .order(introductions::id)
            .select((introductions::id, introductions::version))
            .load(conn)?,
    };
    let dealt: Versions = match side {
        Side::Startup => deals::table
            .filter(deals::startup_id.eq(firm))
            .order(deals::id)
            .select((deals::id, deals::version))
            .load(conn)?,
        Side::Investor => deals::table
            .filter(deals::investor_id.eq(firm))
            .order(deals::id)
            .select((deals::id, deals::version))
            .load(conn)?,
    };
    let of = |kind: Moved, rows: Versions| {
        rows.into_iter()
            .map(move |(id, version)| (kind, id.uuid(), version))
    };
    Ok(of(Moved::Match, matched)
        .chain(of(Moved::Introduction, introduced))
        .chain(of(Moved::Deal, dealt))
        .collect())
}

/// Gives a match, an introduction or a deal at that version to another firm on
/// one side; false when somebody else changed it meanwhile.
///
/// # Errors
/// A statement failed.
pub fn give_shared(
    conn: &mut Conn,
    (kind, id, version): (Moved, Uuid, i64),
    side: Side,
    to: OrganizationId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (id, at) = (Id::of(id), Timestamp(now));
    let changed = match kind {
        Moved::Match => {
            let row = matches::table.find(id).filter(matches::version.eq(version));
            let state = (matches::version.eq(version + 1), matches::updated_at.eq(at));
            match side {
                Side::Startup => diesel::update(row)
                    .set((matches::startup_id.eq(to), state))
                    .execute(conn)?,
                Side::Investor => diesel::update(row)
                    .set((matches::investor_id.eq(to), state))
                    .execute(conn)?,
            }
        }
        Moved::Introduction => give_introduction(conn, (id, version), side, to, at)?,
        Moved::Deal => {
            let row = deals::table.find(id).filter(deals::version.eq(version));
            let state = (deals::version.eq(version + 1), deals::updated_at.eq(at));
            match side {
                Side::Startup => diesel::update(row)
                    .set((deals::startup_id.eq(to), state))
                    .execute(conn)?,
                Side::Investor => diesel::update(row)
                    .set((deals::investor_id.eq(to), state))
                    .execute(conn)?,
            }
        }
        other => return Err(Error::Corrupt(format!("{other} is not shared"))),
    };
    Ok(changed == 1)
}

/// An introduction is also known by its unordered pair.
fn give_introduction(
    conn: &mut Conn,
    (id, version): (Id, i64),
    side: Side,
    to: OrganizationId,
    at: Timestamp,
) -> Result<usize> {
    let (startup, investor): (OrganizationId, OrganizationId) = introductions::table
        .find(id)
        .select((introductions::startup_id, introductions::investor_id))
        .first(conn)?;
    let (startup, investor) = match side {
        Side::Startup => (to, investor),
        Side::Investor => (startup, to),
    };
    let (lower, upper) = pair::ordered(startup, investor);
    let row = introductions::table
        .find(id)
        .filter(introductions::version.eq(version));
    Ok(diesel::update(row)
        .set((
            introductions::startup_id.eq(startup),
            introductions::investor_id.eq(investor),
            introductions::lower_organization_id.eq(lower),
            introductions::upper_organization_id.eq(upper),
            introductions::version.eq(version + 1),
            introductions::updated_at.eq(at),
        ))
        .execute(conn)?)
}

/// Live introductions of both firms to the same counterpart.
///
/// # Errors
/// A statement failed.
pub fn rival_introductions(
    conn: &mut Conn,
    a: OrganizationId,
    b: OrganizationId,
) -> Result<Vec<IntroductionId>> {
    let live = IntroductionStatus::ALL.iter().filter(|it| it.is_live());
    let live: Vec<&str> = live.map(|it| it.code()).collect();
    let rows: Vec<(IntroductionId, OrganizationId, OrganizationId)> = introductions::table
        .filter(introductions::status.eq_any(live))
        .filter(
            introductions::startup_id
                .eq_any([a, b])
                .or(introductions::investor_id.eq_any([a, b])),
        )
        .order(introductions::id)
        .select((
            introductions::id,
            introductions::startup_id,
            introductions::investor_id,
        ))
        .load(conn)?;
    let met: Vec<_> = rows
        .into_iter()
        .map(|(id, startup, investor)| {
            if [a, b].contains(&startup) {
                (id, startup, investor)
            } else {
                (id, investor, startup)
            }
        })
        .collect();
    let rivals = met.iter().filter(|(_, own, other)| {
        met.iter()
            .any(|(_, twin, counterpart)| twin != own && counterpart == other)
    });
    Ok(rivals.map(|(id, ..)| *id).collect())
}

/// How many matches there are of these records beside the ones that were
/// moved: what came of them since.
///
/// # Errors
/// A statement failed.
pub fn made_since(
    conn: &mut Conn,
    profiles: &[StartupProfileId],
    wanted: &[MandateId],
    known: &[Uuid],
) -> Result<i64> {
    let known: Vec<Id> = known.iter().map(|id| Id::of(*id)).collect();
    Ok(matches::table
        .filter(
            matches::startup_profile_id
                .eq_any(profiles.to_vec())
                .or(matches::mandate_id.eq_any(wanted.to_vec())),
        )
        .filter(matches::id.ne_all(known))
        .count()
        .get_result(conn)?)
}

/// The version at which a moved record stands now; none when it is gone.
///
/// # Errors
/// A statement failed.
pub fn version_of(conn: &mut Conn, kind: Moved, id: Uuid) -> Result<Option<i64>> {
    let id = Id::of(id);
    Ok(match kind {
        Moved::StartupProfile => startup_profiles::table
            .find(id)
            .select(startup_profiles::version)
            .first(conn)
            .optional()?,
        Moved::Mandate => mandates::table
            .find(id)
            .select(mandates::version)
            .first(conn)
            .optional()?,
        Moved::InvestorProfile => investor_profiles::table
            .find(id)
            .select(investor_profiles::version)
            .first(conn)
            .optional()?,
        Moved::Match => matches::table
            .find(id)
            .select(matches::version)
            .first(conn)
            .optional()?,
        Moved::Introduction => introductions::table
            .find(id)
            .select(introductions::version)
            .first(conn)
            .optional()?,
        Moved::Deal => deals::table
            .find(id)
            .select(deals::version)
            .first(conn)
            .optional()?,
        _ => None,
    })
}

/// Gives everything that bears no version to another firm: what was shown of
/// it and to it, and what it invested in. Answers what was given.
///
/// # Errors
/// A statement failed.
pub fn give_ledgers(
    conn: &mut Conn,
    from: OrganizationId,
    to: OrganizationId,
) -> Result<Vec<(Moved, Uuid)>> {
    let shown: Vec<Id> = disclosures::table
        .filter(disclosures::shown_organization_id.eq(from))
        .select(disclosures::id)
        .load(conn)?;
    let shown_to: Vec<Id> = disclosures::table
        .filter(disclosures::shown_to_organization_id.eq(from))
        .select(disclosures::id)
        .load(conn)?;
    let invested: Vec<Id> = investments::table
        .filter(investments::investor_id.eq(from))
        .select(investments::id)
        .load(conn)?;
    let all: Vec<(Moved, Uuid)> = [
        (Moved::Shown, shown),
        (Moved::ShownTo, shown_to),
        (Moved::Investment, invested),
    ]
    .into_iter()
    .flat_map(|(kind, ids)| ids.into_iter().map(move |id| (kind, id.uuid())))
    .collect();
    for (kind, id) in &all {
        give_line(conn, *kind, *id, to)?;
    }
    Ok(all)
}

/// Gives a line of a ledger to another firm.
///
/// # Errors
/// A statement failed.
pub fn give_line(conn: &mut Conn, kind: Moved, id: Uuid, to: OrganizationId) -> Result<()> {
    let id = Id::of(id);
    match kind {
        Moved::Shown => diesel::update(disclosures::table.find(id))
            .set(disclosures::shown_organization_id.eq(to))
            .execute(conn)?,
        Moved::ShownTo => diesel::update(disclosures::table.find(id))
            .set(disclosures::shown_to_organization_id.eq(to))
            .execute(conn)?,
        Moved::Investment => diesel::update(investments::table.find(id))
            .set(investments::investor_id.eq(to))
            .execute(conn)?,
        other => return Err(Error::Corrupt(format!("{other} is no line of a ledger"))),
    };
    Ok(())
}

/// What is a firm's alone, as `scheme:value`.
///
/// # Errors
/// A statement failed.
pub fn identifiers_of(conn: &mut Conn, firm: OrganizationId) -> Result<Vec<String>> {
    let rows: Vec<(String, String)> = identifiers::table
        .filter(identifiers::organization_id.eq(firm))
        .order((identifiers::scheme, identifiers::value))
        .select((identifiers::scheme, identifiers::value))
        .load(conn)?;
    let joined = rows.into_iter();
    Ok(joined
        .map(|(scheme, value)| format!("{scheme}:{value}"))
        .collect())
}

/// Gives what was one firm's alone to another, if the first has it still.
///
/// # Errors
/// A statement failed.
pub fn give_identifier(
    conn: &mut Conn,
    identifier: &str,
    from: OrganizationId,
    to: OrganizationId,
) -> Result<()> {
    if let Some((scheme, value)) = identifier.split_once(':') {
        let held = identifiers::table
            .find((scheme, value))
            .filter(identifiers::organization_id.eq(from));
        diesel::update(held)
            .set(identifiers::organization_id.eq(to))
            .execute(conn)?;
    }
    Ok(())
}

/// Why a pair is kept apart.
///
/// # Errors
/// A statement failed.
pub fn reason_of_block(
    conn: &mut Conn,
    a: OrganizationId,
    b: OrganizationId,
) -> Result<Option<String>> {
    Ok(blocks::table
        .find(pair::ordered(a, b))
        .select(blocks::reason)
        .first(conn)
        .optional()?)
}

/// Takes a block away that a merge made.
///
/// # Errors
/// A statement failed.
pub fn remove_block(conn: &mut Conn, a: OrganizationId, b: OrganizationId) -> Result<()> {
    diesel::delete(blocks::table.find(pair::ordered(a, b))).execute(conn)?;
    Ok(())
}

/// Puts the time back for which a pair is not matched, as it was before a
/// merge.
///
/// # Errors
/// A statement failed.
pub fn restore_suppression(
    conn: &mut Conn,
    a: OrganizationId,
    b: OrganizationId,
    until: Option<DateTime<Utc>>,
) -> Result<()> {
    let row = suppressions::table.find(pair::ordered(a, b));
    match until {
        Some(until) => diesel::update(row)
            .set(suppressions::until.eq(Timestamp(until)))
            .execute(conn)?,
        None => diesel::delete(row).execute(conn)?,
    };
    Ok(())
}

/// Takes a check away that a merge carried over.
///
/// # Errors
/// A statement failed.
pub fn remove_clearance(conn: &mut Conn, id: Uuid) -> Result<()> {
    diesel::delete(clearances::table.find(Id::of(id))).execute(conn)?;
    Ok(())
}

/// Takes a freeze away that a merge carried over, unless somebody is lifting
/// it; then it stays as they leave it.
///
/// # Errors
/// A statement failed.
pub fn remove_freeze(conn: &mut Conn, id: Uuid) -> Result<()> {
    let untouched = freezes::table
        .find(Id::of(id))
        .filter(freezes::first_lifted_by.is_null());
    diesel::delete(untouched).execute(conn)?;
    Ok(())
}
