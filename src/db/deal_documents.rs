//! Papers of deals, each for those who learn of it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::deal_notes::shown_camps;
use super::deal_schema::deal_documents::{self, dsl};
use super::page::{self, Cursor};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, keyset, stored};
use crate::domain::deal_document::{DealDocument, DealDocumentClass};
use crate::domain::deal_work::{Camp, Marks, Reader, Visibility};
use crate::domain::document::DocumentVersion;
use crate::domain::document::content::ContentKind;
use crate::domain::document::file_name::FileName;
use crate::domain::ids::{DealId, UserId};

#[derive(Queryable)]
struct Row {
    id: Id,
    deal_id: DealId,
    class: String,
    title: String,
    visibility: String,
    camp: String,
    author_id: UserId,
    digest: Vec<u8>,
    bytes: i64,
    kind: String,
    file_name: String,
    created_at: DateTime<Utc>,
    erased_at: Option<DateTime<Utc>>,
}

/// Keeps a paper, whose bytes are there already.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, document: &DealDocument) -> Result<()> {
    let DealDocument {
        id,
        deal,
        class,
        title,
        marks,
        file,
    } = document;
    diesel::insert_into(deal_documents::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::deal_id.eq(deal),
            dsl::class.eq(class.code()),
            dsl::title.eq(title),
            dsl::visibility.eq(marks.visibility.code()),
            dsl::camp.eq(marks.camp.code()),
            dsl::author_id.eq(marks.author),
            dsl::digest.eq(&file.digest[..]),
            dsl::bytes.eq(file.bytes),
            dsl::kind.eq(file.kind.code()),
            dsl::file_name.eq(file.file_name.as_str()),
            dsl::created_at.eq(Timestamp(file.created_at)),
            dsl::erased_at.eq(file.erased_at.map(Timestamp)),
        ))
        .execute(conn)?;
    Ok(())
}

/// One paper.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<DealDocument>> {
    let row: Option<Row> = deal_documents::table
        .find(Id::of(id))
        .first(conn)
        .optional()?;
    row.map(document).transpose()
}

/// The papers of a deal that its reader learns of, from the oldest on; one more
/// than `limit` when there are more. Those that are `veiled` only their own
/// side's people do.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    deal: DealId,
    reader: &Reader,
    veiled: &[Uuid],
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<DealDocument>> {
    let camps: Vec<_> = reader.camps.iter().map(|camp| camp.code()).collect();
    let across = dsl::visibility
        .eq(Visibility::Both.code())
        .and(dsl::camp.eq_any(shown_camps(reader)))
        .and(dsl::id.ne_all(veiled.iter().copied().map(Id::of).collect::<Vec<_>>()));
    let own = dsl::visibility
        .eq(Visibility::Private.code())
        .and(dsl::author_id.eq(reader.person));
    let ours = dsl::visibility
        .ne(Visibility::Private.code())
        .and(dsl::camp.eq_any(camps));
    let mut query = deal_documents::table
        .filter(dsl::deal_id.eq(deal))
        .filter(own.or(ours).or(across))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(document).collect()
}

/// The lengths of the files that one side's people keep with a deal, of private
/// ones those of one author: nobody else could make room of them.
///
/// # Errors
/// A statement failed.
pub fn lengths(conn: &mut Conn, deal: DealId, camp: Camp, author: UserId) -> Result<Vec<i64>> {
    let shared = dsl::visibility.ne(Visibility::Private.code());
    Ok(deal_documents::table
        .filter(dsl::deal_id.eq(deal))
        .filter(dsl::camp.eq(camp.code()))
        .filter(shared.or(dsl::author_id.eq(author)))
        .filter(dsl::erased_at.is_null())
        .select(dsl::bytes)
        .load(conn)?)
}

/// Notes that the bytes of a paper go; false where they are gone.
///
/// # Errors
/// A statement failed.
pub fn erase(conn: &mut Conn, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let live = deal_documents::table
        .find(Id::of(id))
        .filter(dsl::erased_at.is_null());
    let changed = diesel::update(live)
        .set(dsl::erased_at.eq(Some(Timestamp(now))))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Which of these bytes a paper still needs.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub(super) fn held(conn: &mut Conn, digests: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    Ok(deal_documents::table
        .filter(dsl::digest.eq_any(digests.to_vec()))
        .filter(dsl::erased_at.is_null())
        .select(dsl::digest)
        .distinct()
        .load(conn)?)
}

/// How many papers need these bytes.
///
/// # Errors
/// A statement failed.
pub(super) fn holders(conn: &mut Conn, bytes: &[u8]) -> Result<i64> {
    Ok(deal_documents::table
        .filter(dsl::digest.eq(bytes))
        .filter(dsl::erased_at.is_null())
        .count()
        .get_result(conn)?)
}

/// The bytes that papers need, with their lengths, in the order of their hashes
/// after that one.
///
/// # Errors
/// A statement failed.
pub(super) fn digests_after(
    conn: &mut Conn,
    after: Option<&[u8]>,
    limit: i64,
) -> Result<Vec<(Vec<u8>, i64)>> {
    let mut query = deal_documents::table
        .filter(dsl::erased_at.is_null())
        .select((dsl::digest, dsl::bytes))
        .distinct()
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::digest.gt(after.to_vec()));
    }
    Ok(query.order(dsl::digest).limit(limit).load(conn)?)
}

fn document(row: Row) -> Result<DealDocument> {
    let Row {
        id,
        deal_id,
        class,
        title,
        visibility,
        camp,
        author_id,
        digest,
        bytes,
        kind,
        file_name,
        created_at,
        erased_at,
    } = row;
    let broken = |_| Error::Corrupt("a document's hash is not 32 bytes".to_owned());
    Ok(DealDocument {
        id: id.uuid(),
        deal: deal_id,
        class: stored::code(&class, DealDocumentClass::from_code)?,
        title,
        marks: Marks {
            visibility: stored::code(&visibility, Visibility::from_code)?,
            camp: stored::code(&camp, Camp::from_code)?,
            author: author_id,
        },
        file: DocumentVersion {
            number: 1,
            digest: digest.try_into().map_err(broken)?,
            bytes,
            kind: stored::code(&kind, ContentKind::from_code)?,
            file_name: FileName::of(&file_name),
            uploaded_by: author_id,
            created_at,
            erased_at,
        },
    })
}
