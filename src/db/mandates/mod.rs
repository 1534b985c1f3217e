//! Mandates. The row holds the present state; every revision of what a
//! mandate said stays, because matches refer to it.

mod filter;
mod said;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::IntoBoxed;
use diesel::prelude::*;
use uuid::Uuid;

use crate::db::conn::Backend;
use crate::db::deals::GOING_ON;
use crate::db::head::{Head, HeadRow, Headed, by_due};
use crate::db::limited::Limit;
use crate::db::name_order::by_words;
use crate::db::page::{self, Cursor};
use crate::db::prepared::{FEW, Prepare, of_few_lengths};
use crate::db::schema::mandates::{self, dsl};
use crate::db::schema::{deals, mandate_revisions as revisions, programme_mandates};
use crate::db::together::{Part, Together};
use crate::db::types::Timestamp;
use crate::db::{Conn, Error, Result, json, keyset, organizations, search, sql, stored};
use crate::domain::country::Country;
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId};
use crate::domain::mandate::{Mandate, MandateStatus};
use crate::domain::organization::Organization;
use crate::domain::pipeline::DealStatus;
use crate::domain::search::{Order, Query, Texts};

use filter::narrowed;
pub use filter::{Filter, rates};
pub use said::{content_at, find_revision, forget_said, revisions_of};

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
    _cheque_currency: Option<String>,
    _cheque_min: Option<i64>,
    _cheque_max: Option<i64>,
    _active_from: Option<NaiveDate>,
    _active_to: Option<NaiveDate>,
}

impl Headed for Mandate {
    type Id = MandateId;

    fn head(&self) -> Head<MandateId> {
        Head {
            id: self.id,
            organization: self.organization,
            version: self.version,
            place: Cursor::at(self.created_at, self.id),
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
    let kind = search::Kind::Mandate;
    let words = search::insertion(conn, kind, mandate.id.uuid(), firm, texts);
    Ok(bare_insertion(mandate, firm)?.with_all(words))
}

/// [`insertion`] so that it is found by no word: what is only tried is looked
/// for by nobody.
///
/// # Errors
/// It can't be written down.
pub fn bare_insertion<E: From<Error>>(
    mandate: &Mandate,
    firm: &Organization,
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
    let listed = filter::listed(content);
    let content = json::mandate::encode(content)?;
    let row = diesel::insert_into(mandates::table).values((
        listed,
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
    Ok(Together::of(firm)
        .with(Part::new(row))
        .with(Part::new(first)))
}

/// The mandate with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: MandateId) -> Result<Option<Mandate>> {
    let row: Option<Row> = mandates::table.find(id).first(conn).optional()?;
    row.map(mandate).transpose()
}

/// The revision of the mandate with that id.
///
/// # Errors
/// A statement failed.
pub fn revision(conn: &mut Conn, id: MandateId) -> Result<Option<i64>> {
    Ok(mandates::table
        .find(id)
        .select(dsl::revision)
        .first(conn)
        .optional()?)
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
        .filter(dsl::id.eq_any(of_few_lengths(ids)))
        .select(HEAD)
        .prepared()
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
    let rows: Vec<Row> = if ids.len() <= FEW {
        mandates::table
            .filter(dsl::id.eq_any(of_few_lengths(ids)))
            .order(dsl::id)
            .prepared()
            .load(conn)?
    } else {
        mandates::table
            .filter(dsl::id.eq_any(ids.to_vec()))
            .order(dsl::id)
            .load(conn)?
    };
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
    let rows: Vec<Row> = listed(conn, filter, Order::Created, after)?
        .limited(page::fetch(limit))
        .load(conn)?;
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
    if matches!(order, Order::Name | Order::NameLast | Order::Relevance) {
        return walked(conn, filter, order, after, limit);
    }
    if order == Order::Due {
        return by_due(conn, after, limit, |conn, part, most| {
            let query = keyset::due(narrowed(conn, filter)?, "mandates", part);
            let query = query.select((HEAD, dsl::reconfirm_by));
            Ok(query.limited(most).load(conn)?)
        });
    }
    let query = listed(conn, filter, order, after)?.select(HEAD);
    let query = query.limited(page::fetch(limit));
    let rows: Vec<HeadRow<MandateId>> = query.load(conn)?;
    Ok(rows.into_iter().map(|row| Head::of(row, order)).collect())
}

/// The heads in an order of the index of words: of fit, or of names.
fn walked(
    conn: &mut Conn,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Head<MandateId>>> {
    let mut rest = filter.clone();
    if order == Order::Relevance {
        rest.query = Query::default();
    }
    let heads = |conn: &mut Conn, ids: &[Uuid]| {
        let ids: Vec<MandateId> = ids.iter().map(|id| (*id).into()).collect();
        let query = narrowed(conn, &rest)?.filter(dsl::id.eq_any(ids));
        let rows: Vec<HeadRow<MandateId>> = query.select(HEAD).load(conn)?;
        let heads = rows.into_iter();
        Ok(heads.map(|row| Head::of(row, Order::Relevance)).collect())
    };
    let few = |conn: &mut Conn| {
        if rest.is_by_index(Order::Created) {
            return Ok(None);
        }
        let query = narrowed(conn, &rest)?.limit(page::fetch(search::FEW));
        let ids: Vec<MandateId> = query.select(dsl::id).load(conn)?;
        let few = ids.len() <= search::FEW;
        Ok(few.then(|| ids.iter().map(|id| id.uuid()).collect()))
    };
    let list = search::Listed {
        kind: search::Kind::Mandate,
        owner: filter.organization,
        heads,
        few,
    };
    by_words(conn, list, (order, &filter.query), after, limit)
}

/// How many there are.
pub(in crate::db) fn count(conn: &mut Conn) -> Result<i64> {
    Ok(mandates::table.count().get_result(conn)?)
}

/// Up to `limit` ids and ages after the cursor, the oldest first.
pub(in crate::db) fn ages(
    conn: &mut Conn,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Cursor>> {
    let order = Order::Created;
    let query = listed(conn, &Filter::default(), order, after)?.select(HEAD);
    let query = query.limited(page::fetch(limit));
    let rows: Vec<HeadRow<MandateId>> = query.load(conn)?;
    let heads = rows.into_iter().take(limit).map(|row| Head::of(row, order));
    Ok(heads.map(|head| head.place).collect())
}

type Boxed = IntoBoxed<'static, mandates::table, Backend>;

fn listed(conn: &mut Conn, filter: &Filter, order: Order, after: Option<Cursor>) -> Result<Boxed> {
    let query = narrowed(conn, filter)?;
    let columns = (dsl::created_at, dsl::updated_at, dsl::id);
    let order = keyset::by_time(order);
    Ok(keyset::sorted(query, order, columns, after))
}

/// Every mandate admitted to a programme, by id.
pub(in crate::db) fn admitted_to(conn: &mut Conn, programme: ProgrammeId) -> Result<Vec<Mandate>> {
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
    let listed = filter::listed(content);
    let content = json::mandate::encode(content)?;
    let before = mandates::table
        .find(id)
        .filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            listed,
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

/// Up to `limit` mandates that ended before that instant and of which no deal
/// goes on, the longest ended first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn due_for_archiving(
    conn: &mut Conn,
    before: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Mandate>> {
    let going_on = deals::table
        .filter(deals::status.eq_any(GOING_ON.map(DealStatus::code)))
        .select(deals::mandate_id);
    let rows: Vec<Row> = mandates::table
        .filter(dsl::status.eq(MandateStatus::Withdrawn.code()))
        .filter(dsl::updated_at.lt(Timestamp(before)))
        .filter(dsl::id.ne_all(going_on))
        .order((dsl::updated_at, dsl::id))
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
        _cheque_currency,
        _cheque_min,
        _cheque_max,
        _active_from,
        _active_to,
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
