//! Mandates. The row holds the present state; every revision of what a
//! mandate said stays, because matches refer to it.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::IntoBoxed;
use diesel::prelude::*;

use super::conn::Backend;
use super::head::{Head, HeadRow, Headed};
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::mandates::{self, dsl};
use super::schema::{mandate_revisions as revisions, programme_mandates};
use super::together::{Part, Together};
use super::types::Timestamp;
use super::{Conn, Error, Result, json, keyset, organizations, search, sql, stored};
use crate::domain::country::Country;
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId};
use crate::domain::mandate::{Mandate, MandateContent, MandateStatus};
use crate::domain::organization::Organization;
use crate::domain::search::{Order, Query, Texts};

/// Which mandates to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of that firm.
    pub organization: Option<OrganizationId>,
    /// In that state.
    pub status: Option<MandateStatus>,
    /// Of a firm there.
    pub country: Option<Country>,
    /// Admitted to that programme.
    pub programme: Option<ProgrammeId>,
    /// Whether somebody of the firm stands behind it.
    pub claimed: Option<bool>,
    /// Changed then or later.
    pub updated_since: Option<DateTime<Utc>>,
    /// Found by that.
    pub query: Query,
}

impl Filter {
    /// Whether an index answers it in the list's order, so that a page costs
    /// its own rows and no more.
    pub const fn is_by_index(&self, order: Order) -> bool {
        matches!(order, Order::Created | Order::CreatedLast)
            && self.status.is_none()
            && self.country.is_none()
            && self.programme.is_none()
            && self.claimed.is_none()
            && self.updated_since.is_none()
            && self.query.is_empty()
    }
}

#[derive(Queryable)]
struct Row {
    id: MandateId,
    organization_id: OrganizationId,
    country: Option<String>,
    status: String,
    claimed: bool,
    revision: i64,
    content: String,
    published_at: Option<DateTime<Utc>>,
    reconfirm_by: Option<NaiveDate>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Headed for Mandate {
    type Id = MandateId;

    fn head(&self) -> Head<MandateId> {
        Head {
            id: self.id,
            organization: self.organization,
            version: self.version,
            place: Cursor {
                created_at: self.created_at,
                id: self.id.uuid(),
            },
        }
    }
}

type HeadColumns = (
    dsl::id,
    dsl::organization_id,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

const HEAD: HeadColumns = (
    dsl::id,
    dsl::organization_id,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

/// Stores a new mandate with its first revision.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, mandate: &Mandate) -> Result<()> {
    let firm = organizations::hold(conn, mandate.organization)?;
    let texts = Texts::of_mandate(&mandate.content);
    insertion(conn, mandate, &firm, texts)?.store(conn)
}

/// What stores a new mandate of that firm with its first revision, and the words
/// of its content, by which it is found.
///
/// # Errors
/// It can't be written down.
pub fn insertion<E: From<Error>>(
    conn: &Conn,
    mandate: &Mandate,
    firm: &Organization,
    texts: Texts,
) -> Result<Together<E>> {
    let Mandate {
        id,
        organization,
        country,
        content,
        status,
        claimed,
        revision,
        version,
        published_at,
        reconfirm_by,
        created_at,
        updated_at,
    } = mandate;
    let content = json::mandate::encode(content)?;
    let row = diesel::insert_into(mandates::table).values((
        dsl::id.eq(*id),
        dsl::organization_id.eq(*organization),
        dsl::country.eq(country.map(|it| it.to_string())),
        dsl::status.eq(status.code()),
        dsl::claimed.eq(*claimed),
        dsl::revision.eq(*revision),
        dsl::content.eq(content.clone()),
        dsl::published_at.eq(published_at.map(Timestamp)),
        dsl::reconfirm_by.eq(*reconfirm_by),
        dsl::version.eq(*version),
        dsl::created_at.eq(Timestamp(*created_at)),
        dsl::updated_at.eq(Timestamp(*updated_at)),
    ));
    let first = diesel::insert_into(revisions::table).values((
        revisions::mandate_id.eq(*id),
        revisions::revision.eq(*revision),
        revisions::content.eq(content),
        revisions::created_at.eq(Timestamp(*updated_at)),
    ));
    let [entry, words] = search::insertion(conn, search::Kind::Mandate, id.uuid(), firm, texts);
    Ok(Together::of(firm)
        .with(Part::new(row))
        .with(Part::new(first))
        .with(entry)
        .with(words))
}

/// The mandate with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: MandateId) -> Result<Option<Mandate>> {
    let row: Option<Row> = mandates::table.find(id).first(conn).optional()?;
    row.map(mandate).transpose()
}

/// The head of the mandate with that id.
///
/// # Errors
/// A statement failed.
pub fn find_head(conn: &mut Conn, id: MandateId) -> Result<Option<Head<MandateId>>> {
    let row: Option<HeadRow<MandateId>> = mandates::table
        .find(id)
        .select(HEAD)
        .first(conn)
        .optional()?;
    Ok(row.map(|row| Head::of(row, Order::Created)))
}

/// The heads of those of these mandates that there are.
///
/// # Errors
/// A statement failed.
pub fn find_heads(conn: &mut Conn, ids: &[MandateId]) -> Result<Vec<(MandateId, Head<MandateId>)>> {
    let rows: Vec<HeadRow<MandateId>> = mandates::table
        .filter(dsl::id.eq_any(ids.to_vec()))
        .select(HEAD)
        .load(conn)?;
    let heads = rows.into_iter().map(|row| Head::of(row, Order::Created));
    Ok(heads.map(|head| (head.id, head)).collect())
}

/// Holds a mandate until the transaction ends, so that what is counted for it
/// stays true until then.
///
/// # Errors
/// A statement failed, or there is no such mandate.
pub fn lock(conn: &mut Conn, id: MandateId) -> Result<()> {
    sql::lock_mandate(conn, id)
}

/// Those of these mandates that there are, by id.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[MandateId]) -> Result<Vec<Mandate>> {
    let rows: Vec<Row> = mandates::table
        .filter(dsl::id.eq_any(ids.to_vec()))
        .order(dsl::id)
        .load(conn)?;
    rows.into_iter().map(mandate).collect()
}

/// Where each of these mandates stands, and whether its firm stands behind it.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn states(conn: &mut Conn, ids: &[MandateId]) -> Result<Vec<(MandateId, MandateStatus, bool)>> {
    let rows: Vec<(MandateId, String, bool)> = mandates::table
        .filter(dsl::id.eq_any(ids.to_vec()))
        .select((dsl::id, dsl::status, dsl::claimed))
        .load(conn)?;
    rows.into_iter()
        .map(|(id, status, claimed)| {
            Ok((
                id,
                stored::code(&status, MandateStatus::from_code)?,
                claimed,
            ))
        })
        .collect()
}

/// Mandates from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Mandate>> {
    let rows: Vec<Row> = listed(conn, filter, Order::Created, after, limit).load(conn)?;
    rows.into_iter().map(mandate).collect()
}

/// The heads of mandates in that order; one more than `limit` when there are
/// more.
///
/// # Errors
/// A statement failed.
pub fn list_heads(
    conn: &mut Conn,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Head<MandateId>>> {
    if order == Order::Relevance {
        let rest = Filter {
            query: Query::default(),
            ..filter.clone()
        };
        let (kind, owner) = (search::Kind::Mandate, filter.organization);
        return search::by_fit(
            conn,
            kind,
            &filter.query,
            owner,
            after,
            limit,
            |conn, ids| {
                let ids: Vec<MandateId> = ids.iter().map(|id| (*id).into()).collect();
                let query = narrowed(conn, &rest).filter(dsl::id.eq_any(ids));
                let rows: Vec<HeadRow<MandateId>> = query.select(HEAD).load(conn)?;
                Ok(rows.into_iter().map(|row| Head::of(row, order)).collect())
            },
        );
    }
    let query = listed(conn, filter, order, after, limit).select(HEAD);
    let rows: Vec<HeadRow<MandateId>> = query.load(conn)?;
    Ok(rows.into_iter().map(|row| Head::of(row, order)).collect())
}

/// How many there are.
pub(super) fn count(conn: &mut Conn) -> Result<i64> {
    Ok(mandates::table.count().get_result(conn)?)
}

/// Up to `limit` ids and ages after the cursor, the oldest first.
pub(super) fn ages(conn: &mut Conn, after: Option<Cursor>, limit: usize) -> Result<Vec<Cursor>> {
    let order = Order::Created;
    let query = listed(conn, &Filter::default(), order, after, limit).select(HEAD);
    let rows: Vec<HeadRow<MandateId>> = query.load(conn)?;
    let heads = rows.into_iter().take(limit).map(|row| Head::of(row, order));
    Ok(heads.map(|head| head.place).collect())
}

type Boxed = IntoBoxed<'static, mandates::table, Backend>;

fn listed(
    conn: &Conn,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> Boxed {
    let mut query = narrowed(conn, filter).limit(page::fetch(limit));
    if let Some(cursor) = after {
        query = match order {
            Order::Created | Order::Relevance => {
                query.filter(keyset::after(dsl::created_at, dsl::id, cursor))
            }
            Order::CreatedLast => query.filter(keyset::before(dsl::created_at, dsl::id, cursor)),
            Order::Updated => query.filter(keyset::after(dsl::updated_at, dsl::id, cursor)),
            Order::UpdatedLast => query.filter(keyset::before(dsl::updated_at, dsl::id, cursor)),
        };
    }
    match order {
        Order::Created | Order::Relevance => query.order((dsl::created_at, dsl::id)),
        Order::CreatedLast => query.order((dsl::created_at.desc(), dsl::id.desc())),
        Order::Updated => query.order((dsl::updated_at, dsl::id)),
        Order::UpdatedLast => query.order((dsl::updated_at.desc(), dsl::id.desc())),
    }
}

fn narrowed(conn: &Conn, filter: &Filter) -> Boxed {
    let mut query = mandates::table.into_boxed();
    if let Some(organization) = filter.organization {
        query = query.filter(dsl::organization_id.eq(organization));
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(country) = filter.country {
        query = query.filter(dsl::country.eq(country.to_string()));
    }
    if let Some(programme) = filter.programme {
        let admitted = programme_mandates::table
            .filter(programme_mandates::programme_id.eq(programme))
            .select(programme_mandates::mandate_id);
        query = query.filter(dsl::id.eq_any(admitted));
    }
    if let Some(claimed) = filter.claimed {
        query = query.filter(dsl::claimed.eq(claimed));
    }
    if let Some(since) = filter.updated_since {
        query = query.filter(dsl::updated_at.ge(Timestamp(since)));
    }
    if !filter.query.is_empty() {
        let owned = filter.organization.is_some();
        query = query.filter(sql::search::found_by(
            conn,
            "mandates",
            &filter.query,
            owned,
        ));
    }
    query
}

/// Every mandate admitted to a programme, by id.
pub(super) fn admitted_to(conn: &mut Conn, programme: ProgrammeId) -> Result<Vec<Mandate>> {
    let rows: Vec<Row> = mandates::table
        .inner_join(programme_mandates::table)
        .filter(programme_mandates::programme_id.eq(programme))
        .order(dsl::id)
        .select(mandates::all_columns)
        .load(conn)?;
    rows.into_iter().map(mandate).collect()
}

/// Stores the new state of a mandate, its version risen by one, and keeps its
/// revision if that is new; false when somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, mandate: &Mandate) -> Result<bool> {
    let Mandate {
        id,
        organization,
        country,
        content,
        status,
        claimed,
        revision,
        version,
        published_at,
        reconfirm_by,
        created_at: _,
        updated_at,
    } = mandate;
    // Before the record's own row, so that nobody waits in a circle.
    let firm = organizations::hold(conn, *organization)?;
    let content = json::mandate::encode(content)?;
    let before = mandates::table
        .find(id)
        .filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::country.eq(country.as_ref().map(Country::code)),
            dsl::status.eq(status.code()),
            dsl::claimed.eq(claimed),
            dsl::revision.eq(revision),
            dsl::content.eq(&content),
            dsl::published_at.eq(published_at.map(Timestamp)),
            dsl::reconfirm_by.eq(reconfirm_by),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    if changed == 1 {
        keep_revision(conn, mandate, &content)?;
        search::put_mandate(conn, &firm, mandate)?;
    }
    Ok(changed == 1)
}

/// [`update`] of a mandate that says what it said: only where it stands.
///
/// # Errors
/// [`Error::Outdated`] when somebody else was first; a statement failed.
pub fn update_state(conn: &mut Conn, mandate: &Mandate) -> Result<()> {
    moving(mandate).store(conn)
}

/// What stores where a mandate stands now, its version risen by one, that says
/// what it said.
pub fn moving<E: From<Error>>(mandate: &Mandate) -> Together<E> {
    let before = mandates::table
        .find(mandate.id)
        .filter(dsl::version.eq(mandate.version - 1));
    Together::moving(diesel::update(before).set((
        dsl::status.eq(mandate.status.code()),
        dsl::claimed.eq(mandate.claimed),
        dsl::published_at.eq(mandate.published_at.map(Timestamp)),
        dsl::reconfirm_by.eq(mandate.reconfirm_by),
        dsl::version.eq(mandate.version),
        dsl::updated_at.eq(Timestamp(mandate.updated_at)),
    )))
}

/// What a mandate said at a revision.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_revision(
    conn: &mut Conn,
    id: MandateId,
    revision: i64,
) -> Result<Option<MandateContent>> {
    let content: Option<String> = revisions::table
        .find((id, revision))
        .select(revisions::content)
        .first(conn)
        .optional()?;
    content.as_deref().map(json::mandate::decode).transpose()
}

/// The revisions after that one with when each came, from the first on; one
/// more than `limit` when there are more.
///
/// # Errors
/// A statement failed.
pub fn revisions_of(
    conn: &mut Conn,
    id: MandateId,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, DateTime<Utc>)>> {
    Ok(revisions::table
        .filter(revisions::mandate_id.eq(id))
        .filter(revisions::revision.gt(after))
        .order(revisions::revision)
        .limit(page::fetch(limit))
        .select((revisions::revision, revisions::created_at))
        .load(conn)?)
}

/// What it said at a moment; what it first said when it came later, and `None`
/// when there is no such record.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn content_at(
    conn: &mut Conn,
    id: MandateId,
    at: DateTime<Utc>,
) -> Result<Option<MandateContent>> {
    let of = || revisions::table.filter(revisions::mandate_id.eq(id));
    let then: Option<String> = of()
        .filter(revisions::created_at.lt(Timestamp(at)))
        .order(revisions::revision.desc())
        .select(revisions::content)
        .first(conn)
        .optional()?;
    let content = match then {
        Some(content) => Some(content),
        None => of()
            .order(revisions::revision)
            .select(revisions::content)
            .first(conn)
            .optional()?,
    };
    content.as_deref().map(json::mandate::decode).transpose()
}

/// Up to `limit` published mandates that were to be confirmed before today,
/// the longest due first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn due_for_freshness(conn: &mut Conn, today: NaiveDate, limit: usize) -> Result<Vec<Mandate>> {
    let rows: Vec<Row> = mandates::table
        .filter(dsl::status.eq(MandateStatus::Published.code()))
        .filter(dsl::reconfirm_by.lt(today))
        .order((dsl::reconfirm_by, dsl::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(mandate).collect()
}

/// A revision's content never changes once it is kept.
fn keep_revision(conn: &mut Conn, mandate: &Mandate, content: &str) -> Result<()> {
    let insert = diesel::insert_into(revisions::table)
        .values((
            revisions::mandate_id.eq(mandate.id),
            revisions::revision.eq(mandate.revision),
            revisions::content.eq(content),
            revisions::created_at.eq(Timestamp(mandate.updated_at)),
        ))
        .on_conflict_do_nothing();
    sql::execute(conn, insert)?;
    Ok(())
}

fn mandate(row: Row) -> Result<Mandate> {
    let Row {
        id,
        organization_id,
        country,
        status,
        claimed,
        revision,
        content,
        published_at,
        reconfirm_by,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(Mandate {
        id,
        organization: organization_id,
        country: stored::parse_some(country.as_deref())?,
        content: json::mandate::decode(&content)?,
        status: stored::code(&status, MandateStatus::from_code)?,
        claimed,
        revision,
        version,
        published_at,
        reconfirm_by,
        created_at,
        updated_at,
    })
}
