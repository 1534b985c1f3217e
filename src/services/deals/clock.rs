//! What falls due with deals: holds that end, and deals that stand too long,
//! of which those who have to act are told once.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::db::{self, Conn, deal_clocks, deals};
use crate::domain::account::Role;
use crate::domain::calendar::{Calendars, WorkingCalendar};
use crate::domain::country::Country;
use crate::domain::deal_clock::{self, DealClock, Turn, WorkingDays};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{DealId, OrganizationId, UserId};
use crate::domain::message::Notice;
use crate::domain::pipeline::Deal;
use crate::domain::values::Side;
use crate::services::transitions::code;
use crate::services::{Context, Error, apart, due, notices, pipelines};

use super::gate::resume;
use super::load;

/// Where and by which clock somebody works.
#[derive(Debug, Clone, Copy)]
struct Place {
    country: Option<Country>,
    zone: Tz,
}

/// The working days of all who may have to act for one deal.
pub(in crate::services) struct Places<'a> {
    calendars: &'a Calendars,
    startup: Place,
    investor: Place,
    operator: Place,
}

impl<'a> Places<'a> {
    pub(in crate::services) fn of(
        context: &'a Context,
        conn: &mut Conn,
        deal: &Deal,
    ) -> Result<Self, Error> {
        Ok(Self {
            calendars: &context.calendars,
            startup: place(conn, deal.startup)?,
            investor: place(conn, deal.investor)?,
            operator: Place {
                country: context.settings.operator.country,
                zone: Tz::UTC,
            },
        })
    }

    fn those(&self, turn: Turn) -> Vec<Place> {
        match turn {
            Turn::Startup => vec![self.startup],
            Turn::Investor => vec![self.investor],
            Turn::Both => vec![self.startup, self.investor],
            Turn::Curator => vec![self.operator],
        }
    }

    fn calendar(&self, place: Place) -> &WorkingCalendar {
        self.calendars.of(place.country)
    }
}

/// Where two have to act, neither is late before the other.
impl WorkingDays for Places<'_> {
    fn end(&self, turn: Turn, from: DateTime<Utc>, days: u32) -> DateTime<Utc> {
        let those = self.those(turn).into_iter();
        let ends = those.map(|at| self.calendars.deadline(at.country, at.zone, from, days));
        ends.max().unwrap_or(from)
    }

    fn between(&self, turn: Turn, from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
        let those = self.those(turn).into_iter();
        let days = those.map(|at| {
            let day = |instant: DateTime<Utc>| instant.with_timezone(&at.zone).date_naive();
            self.calendar(at).working_days(day(from), day(to))
        });
        days.max().unwrap_or(0)
    }
}

/// A firm's country, and the zone of the first who answers for it.
fn place(conn: &mut Conn, firm: OrganizationId) -> Result<Place, Error> {
    let country = db::organizations::find(conn, firm)?.and_then(|firm| firm.details.country);
    Ok(Place {
        country,
        zone: notices::zone_of(conn, firm)?,
    })
}

/// Starts the clock of a deal that has none.
pub(super) fn start(context: &Context, conn: &mut Conn, deal: &Deal) -> Result<DealClock, Error> {
    let places = Places::of(context, conn, deal)?;
    let pipeline = pipelines::of_deal(context, conn, deal)?;
    let clock = deal_clock::start(deal, &pipeline, &places);
    deal_clocks::set(conn, deal.id, &clock)?;
    Ok(clock)
}

/// Sets the clock of a deal after it has moved.
pub(super) fn follow(
    context: &Context,
    conn: &mut Conn,
    before: &Deal,
    after: &Deal,
) -> Result<(), Error> {
    let Some(clock) = deal_clocks::find(conn, after.id)? else {
        return start(context, conn, after).map(drop);
    };
    let places = Places::of(context, conn, after)?;
    let pipeline = pipelines::of_deal(context, conn, after)?;
    let now = context.now();
    let set = deal_clock::follow(&clock, before, after, &pipeline, now, &places);
    if set != clock {
        deal_clocks::set(conn, after.id, &set)?;
    }
    Ok(())
}

/// Takes up the deals whose hold ends today or before; answers how many.
pub async fn resume_due(context: &Context) -> Result<usize, Error> {
    let now = context.now();
    let context_in = context.clone();
    due::each(
        context,
        "deal.resume",
        |deal: &Deal| deal.id.uuid(),
        move |conn, limit| deals::due_to_resume(conn, now.date_naive(), limit),
        move |conn, before: &Deal| resume(&context_in, conn, before),
    )
    .await
}

/// Tells those who have to act of the deals that stand too long, once for each
/// time that one does; answers of how many.
pub async fn tell_stale(context: &Context) -> Result<usize, Error> {
    let now = context.now();
    let (starting, telling) = (context.clone(), context.clone());
    due::each(
        context,
        "deal.start_clock",
        |id: &DealId| id.uuid(),
        deal_clocks::missing,
        move |conn, id| {
            let deal = load(conn, *id)?;
            start(&starting, conn, &deal).map(drop)
        },
    )
    .await?;
    due::each(
        context,
        "deal.tell_stale",
        |(id, _): &(DealId, DealClock)| id.uuid(),
        move |conn, limit| Ok(deal_clocks::due(conn, now, limit)?.into_iter().collect()),
        move |conn, (id, clock)| {
            // It may have been moved, or told of by another node.
            let deal = load(conn, *id)?;
            let apart = apart::of_deal(&telling, conn, &deal)?;
            if apart.is_none() && deal_clocks::find(conn, *id)? == Some(*clock) {
                tell(&telling, conn, *id, clock, now)?;
            }
            Ok(())
        },
    )
    .await
}

fn tell(
    context: &Context,
    conn: &mut Conn,
    id: DealId,
    clock: &DealClock,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let deal = load(conn, id)?;
    let told = DealClock {
        told_at: Some(now),
        ..*clock
    };
    deal_clocks::set(conn, id, &told)?;
    let since = clock.stale_at.unwrap_or(now).timestamp_micros();
    for user in people(conn, &deal, clock.turn)? {
        let intent = format!("deal_stale:{id}:{since}:{user}");
        let notice = Notice::DealStale { user, deal: id };
        let subject = (SubjectKind::Deal, id.uuid());
        notices::enqueue(context, conn, &intent, subject, &notice)?;
    }
    context.pen(Actor::System).append(
        conn,
        "deal.went_stale",
        (SubjectKind::Deal, id),
        vec![
            ("stage", code(deal.stage.as_str())),
            ("turn", code(clock.turn.code())),
            ("days", Value::Int(clock.days.into())),
        ],
    )
}

/// Who is to be told: those who answer for a side that has to act, else the
/// curators.
fn people(conn: &mut Conn, deal: &Deal, turn: Turn) -> Result<Vec<UserId>, Error> {
    if turn == Turn::Curator {
        let curators = db::users::with_role(conn, Role::Curator)?;
        return Ok(curators.into_iter().map(|user| user.id).collect());
    }
    let mut people = Vec::new();
    for side in turn.sides() {
        let firm = match side {
            Side::Startup => deal.startup,
            Side::Investor => deal.investor,
        };
        let members = db::users::members(conn, firm)?.into_iter();
        let answering = members.filter(|(_, role)| notices::answers_for(*role));
        people.extend(answering.map(|(user, _)| user.id));
    }
    Ok(people)
}
