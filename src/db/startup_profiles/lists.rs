//! Lists of startups' profiles, in whatever order.

use diesel::dsl::IntoBoxed;
use diesel::prelude::*;
use uuid::Uuid;

use super::filter::{Filter, narrowed};
use super::{HEAD, Row, profile};
use crate::db::conn::Backend;
use crate::db::head::{Head, HeadRow, by_due};
use crate::db::limited::Limit;
use crate::db::name_order::by_words;
use crate::db::page::{self, Cursor};
use crate::db::schema::startup_profiles::{self, dsl};
use crate::db::{Conn, Result, keyset, search};
use crate::domain::ids::StartupProfileId;
use crate::domain::profile::StartupProfile;
use crate::domain::search::{Order, Query};

/// Profiles from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<StartupProfile>> {
    let rows: Vec<Row> = listed(conn, filter, Order::Created, after)?
        .limited(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(profile).collect()
}

/// The heads of profiles in that order; one more than `limit` when there are
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
) -> Result<Vec<Head<StartupProfileId>>> {
    if matches!(order, Order::Name | Order::NameLast | Order::Relevance) {
        return walked(conn, filter, order, after, limit);
    }
    if order == Order::Due {
        return by_due(conn, after, limit, |conn, part, most| {
            let query = keyset::due(narrowed(conn, filter)?, "startup_profiles", part);
            let query = query.select((HEAD, dsl::reconfirm_by));
            Ok(query.limited(most).load(conn)?)
        });
    }
    let query = listed(conn, filter, order, after)?.select(HEAD);
    let query = query.limited(page::fetch(limit));
    let rows: Vec<HeadRow<StartupProfileId>> = query.load(conn)?;
    Ok(rows.into_iter().map(|row| Head::of(row, order)).collect())
}

/// The heads in an order of the index of words: of fit, or of names.
fn walked(
    conn: &mut Conn,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Head<StartupProfileId>>> {
    let mut rest = filter.clone();
    if order == Order::Relevance {
        rest.query = Query::default();
    }
    let heads = |conn: &mut Conn, ids: &[Uuid]| {
        let ids: Vec<StartupProfileId> = ids.iter().map(|id| (*id).into()).collect();
        let query = narrowed(conn, &rest)?.filter(dsl::id.eq_any(ids));
        let rows: Vec<HeadRow<StartupProfileId>> = query.select(HEAD).load(conn)?;
        let heads = rows.into_iter();
        Ok(heads.map(|row| Head::of(row, Order::Relevance)).collect())
    };
    let few = |conn: &mut Conn| {
        if rest.is_by_index(Order::Created) {
            return Ok(None);
        }
        let query = narrowed(conn, &rest)?.limit(page::fetch(search::FEW));
        let ids: Vec<StartupProfileId> = query.select(dsl::id).load(conn)?;
        let few = ids.len() <= search::FEW;
        Ok(few.then(|| ids.iter().map(|id| id.uuid()).collect()))
    };
    let list = search::Listed {
        kind: search::Kind::StartupProfile,
        owner: filter.organization,
        heads,
        few,
    };
    by_words(conn, list, (order, &filter.query), after, limit)
}

/// How many there are.
pub(in crate::db) fn count(conn: &mut Conn) -> Result<i64> {
    Ok(startup_profiles::table.count().get_result(conn)?)
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
    let rows: Vec<HeadRow<StartupProfileId>> = query.load(conn)?;
    let heads = rows.into_iter().take(limit).map(|row| Head::of(row, order));
    Ok(heads.map(|head| head.place).collect())
}

pub(super) type Boxed = IntoBoxed<'static, startup_profiles::table, Backend>;

fn listed(conn: &mut Conn, filter: &Filter, order: Order, after: Option<Cursor>) -> Result<Boxed> {
    let query = narrowed(conn, filter)?;
    let columns = (dsl::created_at, dsl::updated_at, dsl::id);
    let order = keyset::by_time(order);
    Ok(keyset::sorted(query, order, columns, after))
}
