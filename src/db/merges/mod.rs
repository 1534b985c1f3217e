//! Firms that became one: which led to which, and what was moved for it, so
//! that it can be undone. A firm that went keeps its row, its checks and its
//! referrals; what it owned is its keeper's.

mod agreed;
mod give;
mod left;
mod partners;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::duplicate_schema::merge_moves as moves;
use super::duplicate_schema::organization_merges::{self as merges, dsl};
use super::types::Timestamp;
use super::{Conn, Result};
use crate::domain::ids::{DuplicateId, MergeId, OrganizationId};
use crate::domain::values::codes;

pub use agreed::{MergeAgreement, agree, agreements_of, disagree};
pub use give::{
    give_identifier, give_ledgers, give_line, give_mandate, give_profile, give_shared,
    identifiers_of, index_records, made_since, mandates_of, profiles_of, reason_of_block,
    remove_block, remove_clearance, remove_freeze, restore_suppression, rival_introductions,
    shared_of, version_of,
};

pub use left::left_over;
pub use partners::{
    give_desk, give_desk_line, give_party, give_party_back, give_signature, programmes_of,
    rival_referrals,
};

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
        /// An investor's profile; before: its state, and the one it was moved
        /// in.
        InvestorProfile = "investor_profile",
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
        /// A firm that a partner referred.
        Referral = "referral",
        /// A program that acts for a partner.
        Client = "client",
        /// A file that a partner handed in.
        ImportJob = "import_job",
        /// A programme that a partner is party to; before: its role, where the
        /// keeper had one of its own.
        Party = "party",
        /// A signature under a programme, by programme and place.
        Signature = "signature",
        /// What a partner answers for in a programme.
        Commitment = "commitment",
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

/// Has the block of two firms outlive the merge that made it, if one did.
///
/// # Errors
/// A statement failed.
pub fn keep_block(conn: &mut Conn, a: OrganizationId, b: OrganizationId) -> Result<()> {
    for (kept, other) in [(a, b), (b, a)] {
        let of_kept: Vec<MergeId> = merges::table
            .filter(merges::kept_id.eq(kept))
            .select(merges::id)
            .load(conn)?;
        let copies = moves::table
            .filter(moves::kind.eq(Moved::Block.code()))
            .filter(moves::record.eq(other.to_string()))
            .filter(moves::merge_id.eq_any(of_kept));
        diesel::delete(copies).execute(conn)?;
    }
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
