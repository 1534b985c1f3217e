//! What lists of profiles are narrowed down by.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Boxed;
use crate::db::amounts::{self, Condition, Held};
use crate::db::schema::programme_startups;
use crate::db::schema::startup_profiles::{self, dsl};
pub use crate::db::sql::said::{Control, Figure};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, sql};
use crate::domain::amounts::{Amounts, Span};
use crate::domain::country::Country;
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::profile::{ProfileStatus, Round};
use crate::domain::search::{Order, Query};
use crate::domain::values::Encumbrance;

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
    /// That names such a limit; within it none for those that name none.
    pub encumbrance: Option<Option<Encumbrance>>,
    /// That so answered what export control asks.
    pub control: Option<Control>,
    /// To be confirmed on that day or before.
    pub reconfirm_by: Option<NaiveDate>,
    /// Made then or later.
    pub created_since: Option<DateTime<Utc>>,
    /// Changed then or later.
    pub updated_since: Option<DateTime<Utc>>,
    /// Found by that.
    pub query: Query,
    /// The day on which it is asked, for rounds and rates; whoever lists says
    /// it.
    pub today: NaiveDate,
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
    if let Some(since) = filter.created_since {
        query = query.filter(dsl::created_at.ge(Timestamp(since)));
    }
    if let Some(since) = filter.updated_since {
        query = query.filter(dsl::updated_at.ge(Timestamp(since)));
    }
    query = of_rounds(conn, query, filter)?;
    query = of_figures(conn, query, filter)?;
    if !filter.query.is_empty() {
        let owned = filter.organization.is_some();
        query = query.filter(sql::search::found_by(
            conn,
            "startup_profiles.id",
            &filter.query,
            owned,
        ));
    }
    Ok(query)
}

fn of_figures(conn: &mut Conn, mut query: Boxed, filter: &Filter) -> Result<Boxed> {
    for (figure, between) in &filter.figures {
        query = query.filter(sql::said::between(conn, *figure, *between));
    }
    if let Some(revenue) = &filter.revenue {
        let spans = amounts::spans(conn, Held::Revenues, revenue, filter.today)?;
        query = query.filter(sql::said::earns(conn, &spans));
    }
    if let Some(encumbrance) = filter.encumbrance {
        query = query.filter(sql::said::encumbered(conn, encumbrance));
    }
    if let Some(control) = filter.control {
        query = query.filter(sql::said::controlled(conn, control));
    }
    Ok(query)
}

fn of_rounds(conn: &mut Conn, mut query: Boxed, filter: &Filter) -> Result<Boxed> {
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
        let spans = amounts::spans(conn, Held::Rounds, target, filter.today)?;
        query = any_of(query, spans, |span| {
            let of = dsl::round_currency.eq(span.currency.to_string());
            Box::new(of.and(dsl::round_target.between(span.from, span.to)))
        });
    }
    if let Some(cheque) = &filter.cheque {
        let spans = amounts::spans(conn, Held::Rounds, cheque, filter.today)?;
        query = any_of(query, spans, |span| {
            let of = dsl::round_currency.eq(span.currency.to_string());
            let taken = dsl::round_low
                .le(span.to)
                .and(dsl::round_high.ge(span.from));
            Box::new(of.and(taken))
        });
    }
    Ok(query)
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
