//! Lists of investor profiles: what they are narrowed down by, and in what
//! order they come.

use chrono::NaiveDate;
use diesel::dsl::IntoBoxed;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::{Row, profile};
use crate::db::conn::Backend;
use crate::db::head::{Head, HeadRow, by_due};
use crate::db::investor_schema::investor_profiles::{self, dsl};
use crate::db::limited::Limit;
use crate::db::name_order::by_words;
use crate::db::page::{self, Cursor};
use crate::db::schema::organizations;
use crate::db::types;
use crate::db::{Conn, Result, keyset, search, sql};
use crate::domain::country::Country;
use crate::domain::ids::{InvestorProfileId, OrganizationId, ProgrammeId};
use crate::domain::investor::{AccreditationStatus, AssetsBand, InvestorProfile};
use crate::domain::profile::ProfileStatus;
use crate::domain::search::{Order, Query};
use crate::domain::text::Slug;
use crate::domain::time_order::Within;

/// Which profiles to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of that firm.
    pub organization: Option<OrganizationId>,
    /// In one of these states; any, where there are none.
    pub statuses: Vec<ProfileStatus>,
    /// Of one of these sorts; any, where there are none.
    pub kinds: Vec<Slug>,
    /// Resident in one of these countries; any, where there are none.
    pub residences: Vec<Country>,
    /// Of a firm in one of these countries; any, where there are none.
    pub countries: Vec<Country>,
    /// Of a firm with a mandate that is admitted to that programme.
    pub programme: Option<ProgrammeId>,
    /// With one of these under management; any, where there are none.
    pub assets: Vec<AssetsBand>,
    /// Accredited in one of these ways; any, where there are none.
    pub accreditations: Vec<AccreditationStatus>,
    /// Whether somebody of the firm stands behind it.
    pub claimed: Option<bool>,
    /// To be confirmed on that day or before.
    pub reconfirm_by: Option<NaiveDate>,
    /// Made then.
    pub created: Within,
    /// Changed then, for the last time.
    pub updated: Within,
    /// Found by that.
    pub query: Query,
}

pub(super) type HeadColumns = (
    dsl::id,
    dsl::organization_id,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

pub(super) const HEAD: HeadColumns = (
    dsl::id,
    dsl::organization_id,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

/// Profiles in an order of time; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<InvestorProfile>> {
    let query = listed(conn, filter, order, after);
    let rows: Vec<Row> = query.limited(page::fetch(limit)).load(conn)?;
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
) -> Result<Vec<Head<InvestorProfileId>>> {
    if matches!(order, Order::Name | Order::NameLast | Order::Relevance) {
        return walked(conn, filter, order, after, limit);
    }
    if order == Order::Due {
        return by_due(conn, after, limit, |conn, part, most| {
            let query = keyset::due(narrowed(conn, filter), "investor_profiles", part);
            let query = query.select((HEAD, dsl::reconfirm_by));
            Ok(query.limited(most).load(conn)?)
        });
    }
    let query = listed(conn, filter, order, after).select(HEAD);
    let query = query.limited(page::fetch(limit));
    let rows: Vec<HeadRow<InvestorProfileId>> = query.load(conn)?;
    Ok(rows.into_iter().map(|row| Head::of(row, order)).collect())
}

/// The heads in an order of the index of words: of fit, or of names.
fn walked(
    conn: &mut Conn,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Head<InvestorProfileId>>> {
    let mut rest = filter.clone();
    if order == Order::Relevance {
        rest.query = Query::default();
    }
    let heads = |conn: &mut Conn, ids: &[Uuid]| {
        let ids: Vec<InvestorProfileId> = ids.iter().map(|id| (*id).into()).collect();
        let query = narrowed(conn, &rest).filter(dsl::id.eq_any(ids));
        let rows: Vec<HeadRow<InvestorProfileId>> = query.select(HEAD).load(conn)?;
        let heads = rows.into_iter();
        Ok(heads.map(|row| Head::of(row, order)).collect())
    };
    let few = |conn: &mut Conn| {
        let query = narrowed(conn, &rest).limit(page::fetch(search::FEW));
        let ids: Vec<InvestorProfileId> = query.select(dsl::id).load(conn)?;
        let few = ids.len() <= search::FEW;
        Ok(few.then(|| ids.iter().map(|id| id.uuid()).collect()))
    };
    let list = search::Listed {
        kind: search::Kind::InvestorProfile,
        owner: filter.organization,
        heads,
        few,
    };
    by_words(conn, list, (order, &filter.query), after, limit)
}

/// How many there are.
pub(in crate::db) fn count(conn: &mut Conn) -> Result<i64> {
    Ok(investor_profiles::table.count().get_result(conn)?)
}

/// Up to `limit` ids and ages after the cursor, the oldest first.
pub(in crate::db) fn ages(
    conn: &mut Conn,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Cursor>> {
    let order = Order::Created;
    let heads = list_heads(conn, &Filter::default(), order, after, limit)?;
    Ok(heads.iter().take(limit).map(|head| head.place).collect())
}

fn listed(conn: &Conn, filter: &Filter, order: Order, after: Option<Cursor>) -> Boxed {
    let query = narrowed(conn, filter);
    let columns = (dsl::created_at, dsl::updated_at, dsl::id);
    keyset::sorted(query, keyset::by_time(order), columns, after)
}

type Boxed = IntoBoxed<'static, investor_profiles::table, Backend>;

fn codes(countries: &[Country]) -> Vec<String> {
    countries.iter().map(ToString::to_string).collect()
}

fn narrowed(conn: &Conn, filter: &Filter) -> Boxed {
    let mut query = investor_profiles::table.into_boxed();
    if let Some(organization) = filter.organization {
        query = query.filter(dsl::organization_id.eq(organization));
    }
    if !filter.statuses.is_empty() {
        let codes: Vec<&str> = filter.statuses.iter().map(|it| it.code()).collect();
        query = query.filter(dsl::status.eq_any(codes));
    }
    if !filter.kinds.is_empty() {
        let slugs: Vec<String> = filter.kinds.iter().map(ToString::to_string).collect();
        query = query.filter(dsl::kind.eq_any(slugs));
    }
    if !filter.residences.is_empty() {
        query = query.filter(dsl::residence.eq_any(codes(&filter.residences)));
    }
    if !filter.countries.is_empty() {
        let firms = organizations::table
            .filter(organizations::country.eq_any(codes(&filter.countries)))
            .select(organizations::id);
        query = query.filter(dsl::organization_id.eq_any(firms));
    }
    if let Some(programme) = filter.programme {
        let admitted = diesel::dsl::sql::<Bool>(
            "investor_profiles.organization_id IN (SELECT m.organization_id
             FROM programme_mandates AS a JOIN mandates AS m ON m.id = a.mandate_id
             WHERE a.programme_id = ",
        );
        query = query.filter(admitted.bind::<types::sql::Id, _>(programme).sql(")"));
    }
    if !filter.assets.is_empty() {
        let codes: Vec<&str> = filter.assets.iter().map(|it| it.code()).collect();
        query = query.filter(dsl::assets.eq_any(codes));
    }
    if !filter.accreditations.is_empty() {
        let codes: Vec<&str> = filter.accreditations.iter().map(|it| it.code()).collect();
        query = query.filter(dsl::accreditation.eq_any(codes));
    }
    if let Some(claimed) = filter.claimed {
        query = query.filter(dsl::claimed.eq(claimed));
    }
    if let Some(day) = filter.reconfirm_by {
        query = query.filter(dsl::reconfirm_by.le(day));
    }
    query = keyset::within(query, dsl::created_at, filter.created);
    query = keyset::within(query, dsl::updated_at, filter.updated);
    if !filter.query.is_empty() {
        let owned = filter.organization.is_some();
        let found =
            sql::search::found_by(conn, search::Kind::InvestorProfile, &filter.query, owned);
        query = query.filter(found);
    }
    query
}
