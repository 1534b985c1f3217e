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
use crate::domain::permission::Hat;
use crate::domain::pipeline::{Deal, DealAction, step};
use crate::domain::values::Side;
use crate::services::transitions::code;
use crate::services::{Context, Error, notices};

use super::{load, log, pipeline_of, store};

/// Where and by which clock somebody works.
#[derive(Debug, Clone, Copy)]
struct Place {
    country: Option<Country>,
    zone: Tz,
}

/// The working days of all who may have to act for one deal.
struct Places<'a> {
    calendars: &'a Calendars,
    startup: Place,
    investor: Place,
    operator: Place,
}

impl<'a> Places<'a> {
    fn of(context: &'a Context, conn: &mut Conn, deal: &Deal) -> Result<Self, Error> {
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
    let mut people = db::users::members(conn, firm)?.into_iter();
    let first = people.find(|(_, role)| notices::answers_for(*role));
    Ok(Place {
        country,
        zone: first.map_or(Tz::UTC, |(user, _)| user.zone),
    })
}

/// Starts the clock of a deal that has none.
pub(super) fn start(context: &Context, conn: &mut Conn, deal: &Deal) -> Result<DealClock, Error> {
    let places = Places::of(context, conn, deal)?;
    let clock = deal_clock::start(deal, pipeline_of(context, deal)?, &places);
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
    let pipeline = pipeline_of(context, after)?;
    let now = context.now();
    let set = deal_clock::follow(&clock, before, after, pipeline, now, &places);
    if set != clock {
        deal_clocks::set(conn, after.id, &set)?;
    }
    Ok(())
}

/// Takes up the deals whose hold ends today or before; answers how many.
pub async fn resume_due(context: &Context, limit: usize) -> Result<usize, Error> {
    let now = context.now();
    let context_in = context.clone();
    let today = now.date_naive();
    // Mostly nothing is due, and then nobody waits for the writer.
    let due = context
        .db
        .read(move |conn| deals::due_to_resume(conn, today, 1));
    if due.await?.is_empty() {
        return Ok(0);
    }
    context
        .db
        .write(move |conn| {
            let due = deals::due_to_resume(conn, today, limit)?;
            for before in &due {
                // One that can't be resumed must not keep the others.
                let resumed = db::transaction(conn, |conn| resume(&context_in, conn, before, now));
                if let Err(error) = resumed {
                    tracing::error!(deal = %before.id, %error, "not resumed");
                }
            }
            Ok(due.len())
        })
        .await
}

fn resume(
    context: &Context,
    conn: &mut Conn,
    before: &Deal,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let action = DealAction::Resume;
    let pipeline = pipeline_of(context, before)?;
    let after = Deal {
        version: before.version + 1,
        updated_at: now,
        ..step(before, &action, Hat::System, pipeline, now)?
    };
    store(conn, &after)?;
    follow(context, conn, before, &after)?;
    let actor = Actor::System;
    log(context, conn, actor, before, &after, &action, None, None)
}

/// Tells those who have to act of the deals that stand too long, once for each
/// time that one does; answers how many deals it looked at.
pub async fn tell_stale(context: &Context, limit: usize) -> Result<usize, Error> {
    let now = context.now();
    let some = context.db.read(move |conn| {
        let due = deal_clocks::due(conn, now, 1)?;
        Ok::<_, Error>(!due.is_empty() || !deal_clocks::missing(conn, 1)?.is_empty())
    });
    if !some.await? {
        return Ok(0);
    }
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let missing = deal_clocks::missing(conn, limit)?;
            for id in &missing {
                let deal = load(conn, *id)?;
                start(&context_in, conn, &deal)?;
            }
            let due = deal_clocks::due(conn, now, limit)?;
            for (id, clock) in &due {
                let told = db::transaction(conn, |conn| tell(&context_in, conn, *id, clock, now));
                if let Err(error) = told {
                    tracing::error!(deal = %id, %error, "nobody was told that it stands");
                }
            }
            Ok(due.len().max(missing.len()))
        })
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
