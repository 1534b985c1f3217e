//! Firms that became one: which led to which, and what was moved for it, so
//! that it can be undone. A firm that went keeps its row, its checks and its
//! referrals; what it owned is its keeper's.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::directory_schema::search_entries;
use super::duplicate_schema::merge_moves as moves;
use super::duplicate_schema::organization_merges::{self as merges, dsl};
use super::prepared::Prepare;
use super::rule_schema::investments;
use super::schema::{
    blocks, clearances, deals, disclosures, freezes, introductions, mandates, matches,
    organization_identifiers as identifiers, pair_suppressions as suppressions, startup_profiles,
};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, pair};
use crate::domain::ids::{
    DuplicateId, IntroductionId, MandateId, MergeId, OrganizationId, StartupProfileId,
};
use crate::domain::introduction::IntroductionStatus;
use crate::domain::values::{Side, codes};

/// Longest chain of firms that lead to one another.
const LONGEST: usize = 100;

/// That one firm led to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merge {
    /// Its id.
    pub id: MergeId,
    /// The duplicate that was judged.
    pub duplicate: DuplicateId,
    /// The firm that is kept.
    pub kept: OrganizationId,
    /// The firm that went.
    pub gone: OrganizationId,
    /// When.
    pub created_at: DateTime<Utc>,
}

codes! {
    /// What a merge moves.
    Moved {
        /// A startup's profile; before: its state, and the one it was moved in.
        StartupProfile = "startup_profile",
        /// A mandate; before: its state, and the one it was moved in.
        Mandate = "mandate",
        /// A match.
        Match = "match",
        /// An introduction.
        Introduction = "introduction",
        /// A deal.
        Deal = "deal",
        /// A line of the ledger of what was shown of the firm.
        Shown = "shown",
        /// A line of the ledger of what was shown to it.
        ShownTo = "shown_to",
        /// What it invested in before.
        Investment = "investment",
        /// A number or web site that is the firm's alone.
        Identifier = "identifier",
        /// A firm that the keeper is kept apart from now.
        Block = "block",
        /// A firm that the keeper is not matched with for a time; before: how
        /// long it was without the merge.
        Suppression = "suppression",
        /// A check that holds for the keeper now.
        Clearance = "clearance",
        /// A freeze that holds for the keeper now.
        Freeze = "freeze",
        /// Another duplicate of the firm, which was closed.
        Duplicate = "duplicate",
    }
}

/// One thing that a merge moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// What.
    pub kind: Moved,
    /// Which one.
    pub record: String,
    /// Its version after it.
    pub version: Option<i64>,
    /// What stood there before.
    pub before: Option<String>,
}

#[derive(Queryable)]
struct Row {
    id: MergeId,
    duplicate_id: DuplicateId,
    kept_id: OrganizationId,
    gone_id: OrganizationId,
    created_at: DateTime<Utc>,
    _undone_at: Option<DateTime<Utc>>,
}

impl From<Row> for Merge {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            duplicate: row.duplicate_id,
            kept: row.kept_id,
            gone: row.gone_id,
            created_at: row.created_at,
        }
    }
}

/// Puts a merge on record.
///
/// # Errors
/// A statement failed: also when the firm led to another one already.
pub fn insert(conn: &mut Conn, merge: &Merge) -> Result<()> {
    diesel::insert_into(merges::table)
        .values((
            dsl::id.eq(merge.id),
            dsl::duplicate_id.eq(merge.duplicate),
            dsl::kept_id.eq(merge.kept),
            dsl::gone_id.eq(merge.gone),
            dsl::created_at.eq(Timestamp(merge.created_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that a merge was undone; false when it was before.
///
/// # Errors
/// A statement failed.
pub fn undo(conn: &mut Conn, id: MergeId, now: DateTime<Utc>) -> Result<bool> {
    let held = merges::table.find(id).filter(dsl::undone_at.is_null());
    let changed = diesel::update(held)
        .set(dsl::undone_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    Ok(changed == 1)
}

/// The merge in force by which a firm went.
///
/// # Errors
/// A statement failed.
pub fn of_gone(conn: &mut Conn, gone: OrganizationId) -> Result<Option<Merge>> {
    let row: Option<Row> = merges::table
        .filter(dsl::gone_id.eq(gone))
        .filter(dsl::undone_at.is_null())
        .first(conn)
        .optional()?;
    Ok(row.map(Merge::from))
}

/// Whether a firm became one with another, or another one with it.
///
/// # Errors
/// A statement failed.
pub fn is_part(conn: &mut Conn, firm: OrganizationId) -> Result<bool> {
    let held = merges::table
        .filter(dsl::gone_id.eq(firm).or(dsl::kept_id.eq(firm)))
        .filter(dsl::undone_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(held)).get_result(conn)?)
}

/// The merge in force that a duplicate came to.
///
/// # Errors
/// A statement failed.
pub fn of_duplicate(conn: &mut Conn, duplicate: DuplicateId) -> Result<Option<Merge>> {
    let row: Option<Row> = merges::table
        .filter(dsl::duplicate_id.eq(duplicate))
        .filter(dsl::undone_at.is_null())
        .first(conn)
        .optional()?;
    Ok(row.map(Merge::from))
}

/// The firm that a firm led to in the end; none for one that is itself.
///
/// # Errors
/// A statement failed.
pub fn keeper(conn: &mut Conn, organization: OrganizationId) -> Result<Option<OrganizationId>> {
    let mut keeper = None;
    let mut at = organization;
    for _ in 0..LONGEST {
        let Some(merge) = of_gone(conn, at)? else {
            break;
        };
        at = merge.kept;
        keeper = Some(at);
    }
    Ok(keeper)
}

/// Every firm that led to one of these, be it by others, with the one it led
/// to.
///
/// # Errors
/// A statement failed.
pub fn led_to(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<Vec<(OrganizationId, OrganizationId)>> {
    let mut roots: BTreeMap<OrganizationId, OrganizationId> =
        organizations.iter().map(|id| (*id, *id)).collect();
    let mut layer = organizations.to_vec();
    let mut found = Vec::new();
    while !layer.is_empty() {
        let rows: Vec<(OrganizationId, OrganizationId)> = merges::table
            .filter(dsl::kept_id.eq_any(layer))
            .filter(dsl::undone_at.is_null())
            .select((dsl::gone_id, dsl::kept_id))
            .load(conn)?;
        layer = Vec::new();
        for (gone, kept) in rows {
            let root = roots.get(&kept).copied().unwrap_or(kept);
            if roots.insert(gone, root).is_none() {
                layer.push(gone);
                found.push((gone, root));
            }
        }
    }
    Ok(found)
}

/// Notes what a merge moved.
///
/// # Errors
/// A statement failed.
pub fn insert_move(conn: &mut Conn, merge: MergeId, moved: &Move) -> Result<()> {
    diesel::insert_into(moves::table)
        .values((
            moves::merge_id.eq(merge),
            moves::kind.eq(moved.kind.code()),
            moves::record.eq(&moved.record),
            moves::version.eq(moved.version),
            moves::before.eq(moved.before.as_deref()),
        ))
        .execute(conn)?;
    Ok(())
}

/// What a merge moved.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn moves(conn: &mut Conn, merge: MergeId) -> Result<Vec<Move>> {
    let rows: Vec<(String, String, Option<i64>, Option<String>)> = moves::table
        .filter(moves::merge_id.eq(merge))
        .order((moves::kind, moves::record))
        .select((moves::kind, moves::record, moves::version, moves::before))
        .load(conn)?;
    rows.into_iter()
        .map(|(kind, record, version, before)| {
            Ok(Move {
                kind: super::stored::code(&kind, Moved::from_code)?,
                record,
                version,
                before,
            })
        })
        .collect()
}

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
    found_at(conn, id.uuid(), to)?;
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
    found_at(conn, id.uuid(), to)?;
    Ok(changed == 1)
}

/// The search finds a record by the names of its firm.
fn found_at(conn: &mut Conn, record: Uuid, firm: OrganizationId) -> Result<()> {
    let entry = search_entries::table.filter(search_entries::record_id.eq(Id::of(record)));
    diesel::update(entry)
        .set(search_entries::organization_id.eq(firm))
        .execute(conn)?;
    Ok(())
}

/// Indexes all of a firm's records anew, by its names.
///
/// # Errors
/// A statement failed.
pub fn index_records(conn: &mut Conn, firm: OrganizationId) -> Result<()> {
    super::search::renamed(conn, firm)
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
