//! The files of documents, and which bytes are still needed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::document_schema::document_versions::{self as files, dsl};
use crate::db::document_schema::documents;
use crate::db::page;
use crate::db::schema::startup_profiles as profiles;
use crate::db::types::Timestamp;
use crate::db::{Conn, Error, Result, deal_documents, stored};
use crate::domain::document::DocumentVersion;
use crate::domain::document::content::ContentKind;
use crate::domain::document::file_name::FileName;
use crate::domain::ids::{DocumentId, OrganizationId, UserId};

#[derive(Queryable)]
struct Row {
    document_id: DocumentId,
    number: i64,
    digest: Vec<u8>,
    bytes: i64,
    kind: String,
    file_name: String,
    uploaded_by: UserId,
    created_at: DateTime<Utc>,
    erased_at: Option<DateTime<Utc>>,
}

/// Stores a version, whose bytes are there already.
///
/// # Errors
/// A statement failed.
pub fn insert_version(
    conn: &mut Conn,
    document: DocumentId,
    version: &DocumentVersion,
) -> Result<()> {
    let DocumentVersion {
        number,
        digest,
        bytes,
        kind,
        file_name,
        uploaded_by,
        created_at,
        erased_at,
    } = version;
    diesel::insert_into(files::table)
        .values((
            dsl::document_id.eq(document),
            dsl::number.eq(number),
            dsl::digest.eq(&digest[..]),
            dsl::bytes.eq(bytes),
            dsl::kind.eq(kind.code()),
            dsl::file_name.eq(file_name.as_str()),
            dsl::uploaded_by.eq(uploaded_by),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::erased_at.eq(erased_at.map(Timestamp)),
        ))
        .execute(conn)?;
    Ok(())
}

/// One version of a document.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_version(
    conn: &mut Conn,
    document: DocumentId,
    number: i64,
) -> Result<Option<DocumentVersion>> {
    let row: Option<Row> = files::table
        .find((document, number))
        .first(conn)
        .optional()?;
    row.map(version).transpose()
}

/// The versions of a document before that one, the newest first; one more than
/// `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list_versions(
    conn: &mut Conn,
    document: DocumentId,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<DocumentVersion>> {
    let rows: Vec<Row> = files::table
        .filter(dsl::document_id.eq(document))
        .filter(dsl::number.lt(before.unwrap_or(i64::MAX)))
        .order(dsl::number.desc())
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(version).collect()
}

/// The versions at these places, by their documents.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub(super) fn current(
    conn: &mut Conn,
    places: &[(DocumentId, i64)],
) -> Result<BTreeMap<DocumentId, DocumentVersion>> {
    let (of, at): (Vec<DocumentId>, Vec<i64>) = places.iter().copied().unzip();
    // Each number fits some document's place; which one is told here.
    let rows: Vec<Row> = files::table
        .filter(dsl::document_id.eq_any(of))
        .filter(dsl::number.eq_any(at))
        .load(conn)?;
    rows.into_iter()
        .filter(|row| places.contains(&(row.document_id, row.number)))
        .map(|row| Ok((row.document_id, version(row)?)))
        .collect()
}

/// Notes that the bytes of all versions go; answers which bytes those are.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn erase_versions(
    conn: &mut Conn,
    document: DocumentId,
    now: DateTime<Utc>,
) -> Result<Vec<[u8; 32]>> {
    let live = files::table
        .filter(dsl::document_id.eq(document))
        .filter(dsl::erased_at.is_null());
    let digests: Vec<Vec<u8>> = live.select(dsl::digest).distinct().load(conn)?;
    diesel::update(live)
        .set(dsl::erased_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    digests.into_iter().map(digest).collect()
}

/// Notes that the bytes of all versions go, and what their files were called.
///
/// # Errors
/// A statement failed.
pub fn forget_versions(conn: &mut Conn, document: DocumentId, now: DateTime<Utc>) -> Result<()> {
    erase_versions(conn, document, now)?;
    diesel::update(files::table.filter(dsl::document_id.eq(document)))
        .set(dsl::file_name.eq(FileName::of("").as_str()))
        .execute(conn)?;
    Ok(())
}

/// Which of these bytes a version, or a paper of a deal, still needs.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn held(conn: &mut Conn, digests: &[[u8; 32]]) -> Result<Vec<[u8; 32]>> {
    let wanted: Vec<Vec<u8>> = digests.iter().map(|digest| digest.to_vec()).collect();
    let of_deals = deal_documents::held(conn, &wanted)?;
    let mut rows: Vec<Vec<u8>> = files::table
        .filter(dsl::digest.eq_any(wanted))
        .filter(dsl::erased_at.is_null())
        .select(dsl::digest)
        .distinct()
        .load(conn)?;
    rows.extend(of_deals);
    rows.into_iter().map(digest).collect()
}

/// How many versions and papers of deals need these bytes.
///
/// # Errors
/// A statement failed.
pub fn holders(conn: &mut Conn, bytes: &[u8; 32]) -> Result<i64> {
    let of_deals = deal_documents::holders(conn, bytes)?;
    let versions: i64 = files::table
        .filter(dsl::digest.eq(&bytes[..]))
        .filter(dsl::erased_at.is_null())
        .count()
        .get_result(conn)?;
    Ok(versions + of_deals)
}

/// The bytes that versions and papers of deals need, with their lengths, in the order of their
/// hashes after that one.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn digests_after(
    conn: &mut Conn,
    after: Option<[u8; 32]>,
    limit: i64,
) -> Result<Vec<([u8; 32], i64)>> {
    let mut query = files::table
        .filter(dsl::erased_at.is_null())
        .select((dsl::digest, dsl::bytes))
        .distinct()
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::digest.gt(after.to_vec()));
    }
    let mut rows: Vec<(Vec<u8>, i64)> = query.order(dsl::digest).limit(limit).load(conn)?;
    let after = after.as_ref().map(<[u8; 32]>::as_slice);
    rows.extend(deal_documents::digests_after(conn, after, limit)?);
    rows.sort_unstable();
    rows.dedup();
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    rows.into_iter()
        .map(|(bytes, length)| Ok((digest(bytes)?, length)))
        .collect()
}

/// The bytes of all versions of a firm's documents. Those that are the same
/// are counted as often as they are stored.
///
/// # Errors
/// A statement failed.
pub fn stored_bytes(conn: &mut Conn, organization: OrganizationId) -> Result<i64> {
    let own = profiles::table
        .filter(profiles::organization_id.eq(organization))
        .select(profiles::id);
    let own = documents::table
        .filter(documents::startup_profile_id.eq_any(own))
        .select(documents::id);
    let lengths: Vec<i64> = files::table
        .filter(dsl::document_id.eq_any(own))
        .filter(dsl::erased_at.is_null())
        .select(dsl::bytes)
        .load(conn)?;
    Ok(lengths.into_iter().fold(0, i64::saturating_add))
}

fn version(row: Row) -> Result<DocumentVersion> {
    let Row {
        document_id: _,
        number,
        digest: bytes_of_digest,
        bytes,
        kind,
        file_name,
        uploaded_by,
        created_at,
        erased_at,
    } = row;
    Ok(DocumentVersion {
        number,
        digest: digest(bytes_of_digest)?,
        bytes,
        kind: stored::code(&kind, ContentKind::from_code)?,
        file_name: FileName::of(&file_name),
        uploaded_by,
        created_at,
        erased_at,
    })
}

fn digest(bytes: Vec<u8>) -> Result<[u8; 32]> {
    bytes
        .try_into()
        .map_err(|_| Error::Corrupt("a document's hash is not 32 bytes".to_owned()))
}
