//! Export licences.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::prepared::{Prepare, of_few_lengths};
use super::review_schema::export_licences::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, keyset, stored};
use crate::domain::compliance::Proof;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::licence::{Licence, LicenceContent, LicenceStatus};

#[derive(Queryable)]
struct Row {
    id: Id,
    organization_id: OrganizationId,
    authority: String,
    number: String,
    countries: String,
    tags: String,
    valid_from: NaiveDate,
    valid_to: NaiveDate,
    evidence: Option<String>,
    evidence_sha256: Option<Vec<u8>>,
    status: String,
    recorded_by: UserId,
    decided_by: Option<UserId>,
    reason: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Codes with spaces between them.
fn joined<T: ToString>(codes: impl IntoIterator<Item = T>) -> String {
    let codes: Vec<String> = codes.into_iter().map(|it| it.to_string()).collect();
    codes.join(" ")
}

/// Stores a new licence.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, licence: &Licence) -> Result<()> {
    let LicenceContent {
        authority,
        number,
        countries,
        tags,
        valid_from,
        valid_to,
        proof,
    } = &licence.content;
    diesel::insert_into(export_licences::table)
        .values((
            dsl::id.eq(Id::of(licence.id)),
            dsl::organization_id.eq(licence.organization),
            dsl::authority.eq(authority),
            dsl::number.eq(number),
            dsl::countries.eq(joined(countries)),
            dsl::tags.eq(joined(tags)),
            dsl::valid_from.eq(valid_from),
            dsl::valid_to.eq(valid_to),
            dsl::evidence.eq(&proof.reference),
            dsl::evidence_sha256.eq(proof.document.map(|it| it.to_vec())),
            dsl::status.eq(licence.status.code()),
            dsl::recorded_by.eq(licence.recorded_by),
            dsl::decided_by.eq(licence.decided_by),
            dsl::reason.eq(&licence.reason),
            dsl::version.eq(licence.version),
            dsl::created_at.eq(Timestamp(licence.created_at)),
            dsl::updated_at.eq(Timestamp(licence.updated_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The licence with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Licence>> {
    let row: Option<Row> = export_licences::table
        .find(Id::of(id))
        .first(conn)
        .optional()?;
    row.map(licence).transpose()
}

/// Those of these licences that there are.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[Uuid]) -> Result<Vec<Licence>> {
    let rows: Vec<Row> = export_licences::table
        .filter(dsl::id.eq_any(ids.iter().map(|id| Id::of(*id)).collect::<Vec<_>>()))
        .load(conn)?;
    rows.into_iter().map(licence).collect()
}

/// The licences of a firm, oldest first, a page at a time; one more than
/// `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Licence>> {
    let mut query = export_licences::table
        .filter(dsl::organization_id.eq(organization))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(licence).collect()
}

/// The checked licences of these firms that hold on a day, the one that holds
/// longest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn in_force(
    conn: &mut Conn,
    organizations: &[OrganizationId],
    day: NaiveDate,
) -> Result<Vec<Licence>> {
    let rows: Vec<Row> = export_licences::table
        .filter(dsl::organization_id.eq_any(of_few_lengths(organizations)))
        .filter(dsl::status.eq(LicenceStatus::Checked.code()))
        .filter(dsl::valid_from.le(day))
        .filter(dsl::valid_to.ge(day))
        .order((dsl::valid_to.desc(), dsl::id))
        .prepared()
        .load(conn)?;
    rows.into_iter().map(licence).collect()
}

/// Stores what was decided of a licence, its version risen by one; false when
/// somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, licence: &Licence) -> Result<bool> {
    let before = export_licences::table
        .find(Id::of(licence.id))
        .filter(dsl::version.eq(licence.version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::status.eq(licence.status.code()),
            dsl::decided_by.eq(licence.decided_by),
            dsl::reason.eq(&licence.reason),
            dsl::version.eq(licence.version),
            dsl::updated_at.eq(Timestamp(licence.updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

fn licence(row: Row) -> Result<Licence> {
    let Row {
        id,
        organization_id,
        authority,
        number,
        countries,
        tags,
        valid_from,
        valid_to,
        evidence,
        evidence_sha256,
        status,
        recorded_by,
        decided_by,
        reason,
        version,
        created_at,
        updated_at,
    } = row;
    let proof = Proof::of(evidence, stored::hash(evidence_sha256)?);
    let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
    let countries = words(&countries).into_iter().filter(|it| !it.is_empty());
    let tags = words(&tags).into_iter().filter(|it| !it.is_empty());
    Ok(Licence {
        id: id.uuid(),
        organization: organization_id,
        content: LicenceContent {
            authority,
            number,
            countries: countries
                .map(|it| stored::parse(&it))
                .collect::<Result<_>>()?,
            tags: tags.map(|it| stored::parse(&it)).collect::<Result<_>>()?,
            valid_from,
            valid_to,
            proof: proof.ok_or_else(|| Error::Corrupt("a licence without evidence".to_owned()))?,
        },
        status: stored::code(&status, LicenceStatus::from_code)?,
        recorded_by,
        decided_by,
        reason,
        version,
        created_at,
        updated_at,
    })
}
