//! What lists of mandates are narrowed down by.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Boxed;
use crate::db::amounts::{self, Condition};
use crate::db::schema::mandates::{self, dsl};
use crate::db::schema::programme_mandates;
use crate::db::search::Kind;
use crate::db::{Conn, Result, keyset, sql};
use crate::domain::amounts::{Amounts, Held, Rates, Span};
use crate::domain::country::Country;
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::mandate::{MandateContent, MandateStatus};
use crate::domain::search::{Order, Query};
use crate::domain::time_order::Within;

/// Which mandates to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Of that firm.
    pub organization: Option<OrganizationId>,
    /// In that state.
    pub status: Option<MandateStatus>,
    /// In one of these states; any, where there are none.
    pub statuses: Vec<MandateStatus>,
    /// Of a firm in one of these countries; any, where there are none.
    pub countries: Vec<Country>,
    /// Admitted to that programme.
    pub programme: Option<ProgrammeId>,
    /// Whether somebody of the firm stands behind it.
    pub claimed: Option<bool>,
    /// Whose cheque may be so large.
    pub cheque: Option<Amounts>,
    /// By its own dates in force on that day.
    pub active_on: Option<NaiveDate>,
    /// To be confirmed on that day or before.
    pub reconfirm_by: Option<NaiveDate>,
    /// Made then.
    pub created: Within,
    /// Changed then, for the last time.
    pub updated: Within,
    /// Found by that.
    pub query: Query,
    /// The day on which it is asked, for rates; whoever lists says it.
    pub today: NaiveDate,
    /// The rates at which amounts are compared, where they were looked up
    /// before ([`rates`]); else they are looked up as it is asked.
    pub rates: Option<Rates>,
}

impl Filter {
    /// Whether an index answers it in the list's order, so that a page costs
    /// its own rows and no more.
    pub fn is_by_index(&self, order: Order) -> bool {
        let by_age = Self {
            organization: self.organization,
            today: self.today,
            ..Self::default()
        };
        matches!(order, Order::Created | Order::CreatedLast) && *self == by_age
    }

    /// Whether it asks of amounts.
    pub const fn compares_amounts(&self) -> bool {
        self.cheque.is_some()
    }

    /// The day whose rates count.
    pub fn rates_on(&self) -> NaiveDate {
        let named = self.cheque.and_then(|cheque| cheque.on);
        named.unwrap_or(self.today)
    }
}

/// The rates at which the amounts of a filter are compared now.
///
/// # Errors
/// A statement failed, or a quotation is damaged.
pub fn rates(conn: &mut Conn, filter: &Filter) -> Result<Rates> {
    let wanted = filter.cheque.map(|cheque| (Held::Cheques, cheque));
    amounts::rates(conn, wanted, filter.organization, filter.today)
}

type ListedColumns = (
    diesel::dsl::Eq<dsl::cheque_currency, Option<String>>,
    diesel::dsl::Eq<dsl::cheque_min, Option<i64>>,
    diesel::dsl::Eq<dsl::cheque_max, Option<i64>>,
    diesel::dsl::Eq<dsl::active_from, Option<NaiveDate>>,
    diesel::dsl::Eq<dsl::active_to, Option<NaiveDate>>,
);

/// What lists need to know of what a mandate says.
pub(super) fn listed(content: &MandateContent) -> ListedColumns {
    let cheque = content.cheque.as_ref();
    (
        dsl::cheque_currency.eq(cheque.map(|it| it.currency.to_string())),
        dsl::cheque_min.eq(cheque.map(|it| it.min)),
        dsl::cheque_max.eq(cheque.map(|it| it.max)),
        dsl::active_from.eq(content.active_from),
        dsl::active_to.eq(content.active_to),
    )
}

pub(super) fn narrowed(conn: &mut Conn, filter: &Filter) -> Result<Boxed> {
    let mut query = mandates::table.into_boxed();
    if let Some(organization) = filter.organization {
        query = query.filter(dsl::organization_id.eq(organization));
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if !filter.statuses.is_empty() {
        let codes: Vec<&str> = filter.statuses.iter().map(|it| it.code()).collect();
        query = query.filter(dsl::status.eq_any(codes));
    }
    if !filter.countries.is_empty() {
        let codes: Vec<String> = filter.countries.iter().map(ToString::to_string).collect();
        query = query.filter(dsl::country.eq_any(codes));
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
    if let Some(day) = filter.active_on {
        let begun = dsl::active_from.le(day).assume_not_null();
        let not_over = dsl::active_to.ge(day).assume_not_null();
        query = query
            .filter(dsl::active_from.is_null().or(begun))
            .filter(dsl::active_to.is_null().or(not_over));
    }
    if let Some(day) = filter.reconfirm_by {
        query = query.filter(dsl::reconfirm_by.le(day));
    }
    query = keyset::within(query, dsl::created_at, filter.created);
    query = keyset::within(query, dsl::updated_at, filter.updated);
    if let Some(cheque) = &filter.cheque {
        let rates = match &filter.rates {
            Some(rates) => rates.clone(),
            None => rates(conn, filter)?,
        };
        let spans = rates.spans(Held::Cheques, cheque);
        query = any_of(query, spans, |span| {
            let of = dsl::cheque_currency.eq(span.currency.to_string());
            let within = dsl::cheque_min
                .le(span.to)
                .and(dsl::cheque_max.ge(span.from));
            Box::new(of.and(within))
        });
    }
    if !filter.query.is_empty() {
        let owned = filter.organization.is_some();
        query = query.filter(sql::search::found_by(
            conn,
            Kind::Mandate,
            &filter.query,
            owned,
        ));
    }
    Ok(query)
}

type OfMandates = Condition<mandates::table>;

/// Those of which one of the spans holds; none if there is none.
fn any_of(query: Boxed, spans: Vec<Span>, holds: fn(Span) -> OfMandates) -> Boxed {
    let both = |one: OfMandates, other: OfMandates| -> OfMandates { Box::new(one.or(other)) };
    match spans.into_iter().map(holds).reduce(both) {
        Some(one_of_them) => query.filter(one_of_them),
        None => query.filter(diesel::dsl::sql::<Bool>("1 = 0")),
    }
}
