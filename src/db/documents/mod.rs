//! Documents, each with the file that others get.

mod grants;
mod versions;
mod views;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

pub use self::grants::{
    find_grant, grant_to, grant_to_everybody, insert_grant, list_grants, live_grants, revoke_grant,
};
pub use self::versions::{
    digests_after, erase_versions, find_version, forget_versions, held, holders, insert_version,
    list_versions, stored_bytes,
};
pub use self::views::{insert_view, list_views};
use super::document_schema::documents::{self, dsl};
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::startup_profiles as profiles;
use super::types::{Id, Timestamp};
use super::worklist::Waiting;
use super::{Conn, Error, Result, keyset, stored};
use crate::domain::disclosure::Level;
use crate::domain::document::{
    Document, DocumentClass, DocumentDetails, DocumentState, DocumentVersion,
};
use crate::domain::ids::{DocumentId, OrganizationId, StartupProfileId, UserId};
use crate::domain::time_order::TimeOrder;

/// Which documents to list; what is absent doesn't matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Of that firm.
    pub organization: Option<OrganizationId>,
    /// Of that profile.
    pub startup_profile: Option<StartupProfileId>,
    /// Of that class.
    pub class: Option<DocumentClass>,
    /// That stand there.
    pub state: Option<DocumentState>,
    /// To be had from that level or a lower one on.
    pub up_to: Option<Level>,
    /// In what order; the oldest first, where it says nothing.
    pub sort: TimeOrder,
}

#[derive(Queryable)]
struct Row {
    id: DocumentId,
    startup_profile_id: StartupProfileId,
    class: String,
    title: String,
    language: String,
    level: String,
    state: String,
    current: i64,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    first_cleared_by: Option<UserId>,
}

/// Stores a new document; its file is stored by [`insert_version`].
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, document: &Document) -> Result<()> {
    diesel::insert_into(documents::table)
        .values((
            dsl::id.eq(document.id),
            dsl::startup_profile_id.eq(document.startup_profile),
            dsl::class.eq(document.class.code()),
            dsl::title.eq(&document.details.title),
            dsl::language.eq(document.details.language.as_str()),
            dsl::level.eq(document.details.level.code()),
            dsl::state.eq(document.state.code()),
            dsl::current.eq(document.current.number),
            dsl::version.eq(document.version),
            dsl::created_at.eq(Timestamp(document.created_at)),
            dsl::updated_at.eq(Timestamp(document.updated_at)),
        ))
        .execute(conn)?;
    insert_version(conn, document.id, &document.current)
}

/// Stores the new state of a document, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, document: &Document) -> Result<bool> {
    let before = documents::table
        .find(document.id)
        .filter(dsl::version.eq(document.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::title.eq(&document.details.title),
            dsl::language.eq(document.details.language.as_str()),
            dsl::level.eq(document.details.level.code()),
            dsl::state.eq(document.state.code()),
            dsl::current.eq(document.current.number),
            dsl::first_cleared_by.eq(document.first_cleared_by),
            dsl::version.eq(document.version),
            dsl::updated_at.eq(Timestamp(document.updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

/// The document with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: DocumentId) -> Result<Option<Document>> {
    let row: Option<Row> = documents::table.find(id).first(conn).optional()?;
    Ok(whole(conn, row.into_iter().collect())?.pop())
}

/// Those of these documents that there are.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[DocumentId]) -> Result<Vec<Document>> {
    let rows: Vec<Row> = documents::table
        .filter(dsl::id.eq_any(ids.to_vec()))
        .load(conn)?;
    whole(conn, rows)
}

/// Documents from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Document>> {
    let mut query = documents::table.into_boxed();
    if let Some(organization) = filter.organization {
        let own = profiles::table
            .filter(profiles::organization_id.eq(organization))
            .select(profiles::id);
        query = query.filter(dsl::startup_profile_id.eq_any(own));
    }
    if let Some(profile) = filter.startup_profile {
        query = query.filter(dsl::startup_profile_id.eq(profile));
    }
    if let Some(class) = filter.class {
        query = query.filter(dsl::class.eq(class.code()));
    }
    if let Some(state) = filter.state {
        query = query.filter(dsl::state.eq(state.code()));
    }
    if let Some(level) = filter.up_to {
        // The codes are in the order of the levels.
        query = query.filter(dsl::level.le(level.code()));
    }
    let by = (dsl::created_at, dsl::updated_at, dsl::id);
    let query = keyset::sorted(query, filter.sort, by, after);
    let rows: Vec<Row> = query.limit(page::fetch(limit)).load(conn)?;
    whole(conn, rows)
}

/// The documents that wait for somebody's decision, the longest waiting first:
/// those that this person was the first to let through are left out.
///
/// # Errors
/// A statement failed.
pub fn waiting(conn: &mut Conn, decider: UserId, limit: i64) -> Result<Vec<Waiting>> {
    let rows: Vec<(Id, DateTime<Utc>)> = documents::table
        .filter(dsl::state.eq(DocumentState::InReview.code()))
        .filter(
            dsl::first_cleared_by
                .is_null()
                .or(dsl::first_cleared_by.ne(decider)),
        )
        .order((dsl::updated_at, dsl::id))
        .limit(limit)
        .select((dsl::id, dsl::updated_at))
        .load(conn)?;
    let waiting = |(id, since): (Id, DateTime<Utc>)| Waiting {
        id: id.uuid(),
        programme: None,
        since,
        by: None,
    };
    Ok(rows.into_iter().map(waiting).collect())
}

/// How many documents of a profile there are, the erased ones left out.
///
/// # Errors
/// A statement failed.
pub fn count_live(conn: &mut Conn, profile: StartupProfileId) -> Result<i64> {
    Ok(documents::table
        .filter(dsl::startup_profile_id.eq(profile))
        .filter(dsl::state.ne(DocumentState::Erased.code()))
        .count()
        .get_result(conn)?)
}

/// Rows with the firms and the files that belong to them.
fn whole(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<Document>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let of: Vec<StartupProfileId> = rows.iter().map(|row| row.startup_profile_id).collect();
    let owners: Vec<(StartupProfileId, OrganizationId)> = profiles::table
        .filter(profiles::id.eq_any(of))
        .select((profiles::id, profiles::organization_id))
        .load(conn)?;
    let owners: BTreeMap<_, _> = owners.into_iter().collect();
    let places: Vec<(DocumentId, i64)> = rows.iter().map(|row| (row.id, row.current)).collect();
    let mut files = versions::current(conn, &places)?;
    rows.into_iter()
        .map(|row| {
            let owner = owners.get(&row.startup_profile_id).copied();
            let file = files.remove(&row.id);
            match (owner, file) {
                (Some(owner), Some(file)) => document(row, owner, file),
                _ => Err(Error::Corrupt(format!("document {} is not whole", row.id))),
            }
        })
        .collect()
}

fn document(row: Row, organization: OrganizationId, current: DocumentVersion) -> Result<Document> {
    Ok(Document {
        id: row.id,
        startup_profile: row.startup_profile_id,
        organization,
        class: stored::code(&row.class, DocumentClass::from_code)?,
        details: DocumentDetails {
            title: row.title,
            language: stored::parse(&row.language)?,
            level: stored::code(&row.level, Level::from_code)?,
        },
        state: stored::code(&row.state, DocumentState::from_code)?,
        current,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        first_cleared_by: row.first_cleared_by,
    })
}
