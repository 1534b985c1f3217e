//! Who opened which document. It only grows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::document_schema::document_views::{self as views, dsl};
use crate::db::page::{self, Cursor};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, keyset};
use crate::domain::document::DocumentView;
use crate::domain::ids::{DocumentId, DocumentViewId, IntroductionId, OrganizationId};

type Row = (
    DocumentViewId,
    DocumentId,
    i64,
    OrganizationId,
    Option<IntroductionId>,
    DateTime<Utc>,
);

/// Notes an opening.
///
/// # Errors
/// A statement failed.
pub fn insert_view(conn: &mut Conn, view: &DocumentView) -> Result<()> {
    let DocumentView {
        id,
        document,
        number,
        organization,
        introduction,
        at,
    } = view;
    diesel::insert_into(views::table)
        .values((
            dsl::id.eq(id),
            dsl::document_id.eq(document),
            dsl::number.eq(number),
            dsl::organization_id.eq(organization),
            dsl::introduction_id.eq(introduction),
            dsl::created_at.eq(Timestamp(*at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The openings of a document, the newest first; one more than `limit` when
/// there are more.
///
/// # Errors
/// A statement failed.
pub fn list_views(
    conn: &mut Conn,
    document: DocumentId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<DocumentView>> {
    let mut query = views::table
        .filter(dsl::document_id.eq(document))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::before(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .limit(page::fetch(limit))
        .load(conn)?;
    let view = |(id, document, number, organization, introduction, at): Row| DocumentView {
        id,
        document,
        number,
        organization,
        introduction,
        at,
    };
    Ok(rows.into_iter().map(view).collect())
}
