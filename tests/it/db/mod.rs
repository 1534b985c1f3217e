//! The store, on both back-ends.

mod aggregates;
mod agreement;
mod compliance;
mod gather;
mod idempotency;
mod log;
mod opening;
mod outbox;
mod parties;
pub mod plans;
mod store;
mod together;
pub mod world;

use chrono::{DateTime, TimeDelta, Utc};
use corridor::db::{Conn, Error, events};
use corridor::domain::event::{Actor, Event, Subject, SubjectKind, Value};
use uuid::Uuid;

/// Noon on a day, and some seconds.
fn noon(seconds: i64) -> DateTime<Utc> {
    let noon: DateTime<Utc> = "2026-11-24T12:00:00Z".parse().expect("an instant");
    noon + TimeDelta::seconds(seconds)
}

/// The event number `number` about the deal number `deal`.
fn event(number: u128, deal: u128) -> Event {
    Event {
        id: Uuid::from_u128(number).into(),
        at: noon(i64::try_from(number).expect("small")),
        kind: "deal.moved",
        subject: Subject::new(SubjectKind::Deal, Uuid::from_u128(deal)),
        actor: Actor::System,
        payload: vec![("to", Value::Code(format!("stage_{number}")))],
    }
}

/// The numbers of the sealed events, in the order of the log.
fn sealed_numbers(conn: &mut Conn) -> Result<Vec<u128>, Error> {
    let page = events::page(conn, 0, 10_000)?;
    for (index, event) in page.iter().enumerate() {
        assert_eq!(
            usize::try_from(event.position),
            Ok(index + 1),
            "positions have no gaps"
        );
    }
    Ok(page.iter().map(|event| event.id.uuid().as_u128()).collect())
}
