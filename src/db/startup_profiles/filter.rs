//! What lists of profiles are narrowed down by.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::lists::Boxed;
use crate::db::amounts::{self, Condition};
use crate::db::schema::programme_startups;
use crate::db::schema::startup_profiles::{self, dsl};
use crate::db::search::Kind;
use crate::db::{Conn, Result, keyset, sql};
use crate::domain::amounts::{Amounts, Held, Rates, Span};
use crate::domain::country::Country;
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::profile::{ProfileStatus, Round, StartupContent};
use crate::domain::search::{Order, Query};
use crate::domain::time_order::Within;

/// Which profiles to list; what is absent doesn't matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Of that firm.
    pub organization: Option<OrganizationId>,
    /// In that state.
    pub status: Option<ProfileStatus>,
    /// In one of these states; any, where there are none.
    pub statuses: Vec<ProfileStatus>,
    /// Of a firm in one of these countries; any, where there are none.
    pub countries: Vec<Country>,
    /// Admitted to that programme.
    pub programme: Option<ProgrammeId>,
    /// Whether somebody of the firm stands behind it.
    pub claimed: Option<bool>,
    /// Whether a round is open: there is one, and its last day is not over.
    pub round_open: Option<bool>,
    /// Whose round seeks so much.
    pub target: Option<Amounts>,
    /// Whose round takes such a cheque.
    pub cheque: Option<Amounts>,
    /// Whose round closes on that day or before.
    pub closes_by: Option<NaiveDate>,
    /// With these figures, from and to.
    pub figures: Vec<(Figure, (i64, i64))>,
    /// That earned so much in twelve months.
    pub revenue: Option<Amounts>,
    /// To be confirmed on that day or before.
    pub reconfirm_by: Option<NaiveDate>,
    /// Made then.
    pub created: Within,
    /// Changed then, for the last time.
    pub updated: Within,
    /// Found by that.
    pub query: Query,
    /// The day on which it is asked, for rounds and rates; whoever lists says
    /// it.
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

    /// What it asks of amounts.
    fn amounts(&self) -> impl Iterator<Item = (Held, Amounts)> {
        let of = |held, wanted: Option<Amounts>| wanted.map(|wanted| (held, wanted));
        [
            of(Held::Rounds, self.target),
            of(Held::Rounds, self.cheque),
            of(Held::Revenues, self.revenue),
        ]
        .into_iter()
        .flatten()
    }

    /// Whether it asks of amounts.
    pub fn compares_amounts(&self) -> bool {
        self.amounts().next().is_some()
    }

    /// The day whose rates count.
    pub fn rates_on(&self) -> NaiveDate {
        let named = self.amounts().find_map(|(_, wanted)| wanted.on);
        named.unwrap_or(self.today)
    }
}

/// The rates at which the amounts of a filter are compared now.
///
/// # Errors
/// A statement failed, or a quotation is damaged.
pub fn rates(conn: &mut Conn, filter: &Filter) -> Result<Rates> {
    amounts::rates(conn, filter.amounts(), filter.organization, filter.today)
}

/// A figure of a startup's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// People on the payroll.
    TeamSize,
    /// Paying customers.
    Customers,
    /// Pilots under way or done.
    Pilots,
    /// Growth of revenue, in percent.
    Growth,
}

type FigureColumns = (
    diesel::dsl::Eq<dsl::team_size, Option<i64>>,
    diesel::dsl::Eq<dsl::customers, Option<i64>>,
    diesel::dsl::Eq<dsl::pilots, Option<i64>>,
    diesel::dsl::Eq<dsl::growth, Option<i64>>,
    diesel::dsl::Eq<dsl::revenue_currency, Option<String>>,
    diesel::dsl::Eq<dsl::revenue, Option<i64>>,
);

/// What lists need to know of a startup's figures.
pub(super) fn figures(content: &StartupContent) -> FigureColumns {
    let traction = &content.traction;
    let revenue = traction.revenue_12m.as_ref();
    (
        dsl::team_size.eq(content.team_size.map(i64::from)),
        dsl::customers.eq(traction.customers.map(i64::from)),
        dsl::pilots.eq(traction.pilots.map(i64::from)),
        dsl::growth.eq(traction.growth_pct.map(i64::from)),
        dsl::revenue_currency.eq(revenue.map(|it| it.currency.to_string())),
        dsl::revenue.eq(revenue.map(|it| it.amount_minor)),
    )
}

type RoundColumns = (
    diesel::dsl::Eq<dsl::round_currency, Option<String>>,
    diesel::dsl::Eq<dsl::round_target, Option<i64>>,
    diesel::dsl::Eq<dsl::round_low, Option<i64>>,
    diesel::dsl::Eq<dsl::round_high, Option<i64>>,
    diesel::dsl::Eq<dsl::round_closes, Option<NaiveDate>>,
);

/// What lists need to know of a round.
pub(super) fn round(round: Option<&Round>) -> RoundColumns {
    (
        dsl::round_currency.eq(round.map(|it| it.currency.to_string())),
        dsl::round_target.eq(round.map(|it| it.target)),
        dsl::round_low.eq(round.map(|it| it.min_cheque.unwrap_or(0))),
        dsl::round_high.eq(round.map(|it| it.max.unwrap_or(it.target))),
        dsl::round_closes.eq(round.and_then(|it| it.close_by)),
    )
}

pub(super) fn narrowed(conn: &mut Conn, filter: &Filter) -> Result<Boxed> {
    let mut query = startup_profiles::table.into_boxed();
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
        let admitted = programme_startups::table
            .filter(programme_startups::programme_id.eq(programme))
            .select(programme_startups::profile_id);
        query = query.filter(dsl::id.eq_any(admitted));
    }
    if let Some(claimed) = filter.claimed {
        query = query.filter(dsl::claimed.eq(claimed));
    }
    if let Some(day) = filter.reconfirm_by {
        query = query.filter(dsl::reconfirm_by.le(day));
    }
    query = keyset::within(query, dsl::created_at, filter.created);
    query = keyset::within(query, dsl::updated_at, filter.updated);
    let rates = match &filter.rates {
        Some(rates) => rates.clone(),
        None => rates(conn, filter)?,
    };
    query = of_rounds(query, filter, &rates);
    query = of_figures(query, filter, &rates);
    if !filter.query.is_empty() {
        let owned = filter.organization.is_some();
        query = query.filter(sql::search::found_by(
            conn,
            Kind::StartupProfile,
            &filter.query,
            owned,
        ));
    }
    Ok(query)
}

fn of_figures(mut query: Boxed, filter: &Filter, rates: &Rates) -> Boxed {
    for (figure, (from, to)) in &filter.figures {
        query = match figure {
            Figure::TeamSize => query.filter(dsl::team_size.between(*from, *to)),
            Figure::Customers => query.filter(dsl::customers.between(*from, *to)),
            Figure::Pilots => query.filter(dsl::pilots.between(*from, *to)),
            Figure::Growth => query.filter(dsl::growth.between(*from, *to)),
        };
    }
    if let Some(revenue) = &filter.revenue {
        let spans = rates.spans(Held::Revenues, revenue);
        query = any_of(query, spans, |span| {
            let of = dsl::revenue_currency.eq(span.currency.to_string());
            Box::new(of.and(dsl::revenue.between(span.from, span.to)))
        });
    }
    query
}

fn of_rounds(mut query: Boxed, filter: &Filter, rates: &Rates) -> Boxed {
    match filter.round_open {
        Some(true) => {
            let open = dsl::round_closes
                .is_null()
                .or(dsl::round_closes.ge(filter.today));
            query = query.filter(dsl::round_currency.is_not_null()).filter(open);
        }
        Some(false) => {
            let over = dsl::round_closes
                .is_not_null()
                .and(dsl::round_closes.lt(filter.today));
            query = query.filter(dsl::round_currency.is_null().or(over));
        }
        None => {}
    }
    if let Some(day) = filter.closes_by {
        query = query.filter(dsl::round_closes.le(day));
    }
    if let Some(target) = &filter.target {
        let spans = rates.spans(Held::Rounds, target);
        query = any_of(query, spans, |span| {
            let of = dsl::round_currency.eq(span.currency.to_string());
            Box::new(of.and(dsl::round_target.between(span.from, span.to)))
        });
    }
    if let Some(cheque) = &filter.cheque {
        let spans = rates.spans(Held::Rounds, cheque);
        query = any_of(query, spans, |span| {
            let of = dsl::round_currency.eq(span.currency.to_string());
            let taken = dsl::round_low
                .le(span.to)
                .and(dsl::round_high.ge(span.from));
            Box::new(of.and(taken))
        });
    }
    query
}

type OfProfiles = Condition<startup_profiles::table>;

/// Those of which one of the spans holds; none if there is none.
fn any_of(query: Boxed, spans: Vec<Span>, holds: fn(Span) -> OfProfiles) -> Boxed {
    let both = |one: OfProfiles, other: OfProfiles| -> OfProfiles { Box::new(one.or(other)) };
    match spans.into_iter().map(holds).reduce(both) {
        Some(one_of_them) => query.filter(one_of_them),
        None => query.filter(diesel::dsl::sql::<Bool>("1 = 0")),
    }
}
