//! When the sides of an introduction could meet, and what is proposed to both.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::mail_schema::{
    introduction_meeting_answers, introduction_meetings, introduction_slots,
};
use crate::db::types::Timestamp;
use crate::db::{Conn, Result, stored};
use crate::domain::ids::IntroductionId;
use crate::domain::meeting::{Meeting, MeetingStatus, Offer, Slot};
use crate::domain::meeting_answer::{Answered, MeetingAnswer, Proposal};
use crate::domain::values::Side;

/// Sequence, status, when it begins, minutes, when that was decided.
type Row = (i32, String, DateTime<Utc>, i32, DateTime<Utc>);

/// Stores what a side offers, in place of what it offered before.
///
/// # Errors
/// A statement failed.
pub fn put_slots(
    conn: &mut Conn,
    introduction: IntroductionId,
    side: Side,
    slots: &[Slot],
) -> Result<()> {
    use introduction_slots::dsl;
    let before = introduction_slots::table
        .filter(dsl::introduction_id.eq(introduction))
        .filter(dsl::side.eq(side.code()));
    diesel::delete(before).execute(conn)?;
    for (place, slot) in (0_i32..).zip(slots) {
        diesel::insert_into(introduction_slots::table)
            .values((
                dsl::introduction_id.eq(introduction),
                dsl::side.eq(side.code()),
                dsl::place.eq(place),
                dsl::starts_at.eq(Timestamp(slot.starts_at)),
                dsl::minutes.eq(i32::try_from(slot.minutes).unwrap_or(i32::MAX)),
                dsl::zone.eq(slot.zone.name()),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// What both sides offer: the startup's first, each as it put them.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn slots(conn: &mut Conn, introduction: IntroductionId) -> Result<Vec<Offer>> {
    let offers = slots_of(conn, &[introduction])?;
    Ok(offers.into_iter().map(|(_, offer)| offer).collect())
}

/// What both sides of several introductions offer, of each as [`slots`] says.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn slots_of(
    conn: &mut Conn,
    introductions: &[IntroductionId],
) -> Result<Vec<(IntroductionId, Offer)>> {
    use introduction_slots::dsl;
    type Row = (IntroductionId, String, DateTime<Utc>, i32, String);
    let rows: Vec<Row> = introduction_slots::table
        .filter(dsl::introduction_id.eq_any(introductions.to_vec()))
        .order((dsl::introduction_id, dsl::side.desc(), dsl::place))
        .select((
            dsl::introduction_id,
            dsl::side,
            dsl::starts_at,
            dsl::minutes,
            dsl::zone,
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|(introduction, side, starts_at, minutes, zone)| {
            let offer = Offer {
                side: stored::code(&side, Side::from_code)?,
                slot: Slot {
                    starts_at,
                    minutes: u32::try_from(minutes).unwrap_or_default(),
                    zone: stored::parse(&zone)?,
                },
            };
            Ok((introduction, offer))
        })
        .collect()
}

/// Stores what is proposed.
///
/// # Errors
/// A statement failed.
pub fn put_meeting(conn: &mut Conn, meeting: &Meeting) -> Result<()> {
    use introduction_meetings::dsl;
    let values = (
        dsl::sequence.eq(i32::try_from(meeting.sequence).unwrap_or(i32::MAX)),
        dsl::status.eq(meeting.status.code()),
        dsl::starts_at.eq(Timestamp(meeting.starts_at)),
        dsl::minutes.eq(i32::try_from(meeting.minutes).unwrap_or(i32::MAX)),
        dsl::updated_at.eq(Timestamp(meeting.updated_at)),
    );
    let changed = diesel::update(introduction_meetings::table.find(meeting.introduction))
        .set(values)
        .execute(conn)?;
    if changed == 0 {
        diesel::insert_into(introduction_meetings::table)
            .values((dsl::introduction_id.eq(meeting.introduction), values))
            .execute(conn)?;
    }
    Ok(())
}

/// What is proposed, or was.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn meeting(conn: &mut Conn, introduction: IntroductionId) -> Result<Option<Meeting>> {
    Ok(meetings_of(conn, &[introduction])?.pop())
}

/// What is proposed to both sides of each of several introductions, or was.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn meetings_of(conn: &mut Conn, introductions: &[IntroductionId]) -> Result<Vec<Meeting>> {
    use introduction_meetings::dsl;
    let rows: Vec<(IntroductionId, Row)> = introduction_meetings::table
        .filter(dsl::introduction_id.eq_any(introductions.to_vec()))
        .select((
            dsl::introduction_id,
            (
                dsl::sequence,
                dsl::status,
                dsl::starts_at,
                dsl::minutes,
                dsl::updated_at,
            ),
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|(introduction, row)| {
            let (sequence, status, starts_at, minutes, updated_at) = row;
            Ok(Meeting {
                introduction,
                sequence: u32::try_from(sequence).unwrap_or_default(),
                status: stored::code(&status, MeetingStatus::from_code)?,
                starts_at,
                minutes: u32::try_from(minutes).unwrap_or_default(),
                updated_at,
            })
        })
        .collect()
}

/// Stores what a side's calendar answered, in place of what it did before.
///
/// # Errors
/// A statement failed.
pub fn put_meeting_answer(conn: &mut Conn, answered: &Answered, now: DateTime<Utc>) -> Result<()> {
    use introduction_meeting_answers::dsl;
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let proposes = answered.proposes;
    let key = (answered.introduction, answered.side.code());
    diesel::delete(introduction_meeting_answers::table.find(key)).execute(conn)?;
    diesel::insert_into(introduction_meeting_answers::table)
        .values((
            dsl::introduction_id.eq(answered.introduction),
            dsl::side.eq(answered.side.code()),
            dsl::sequence.eq(number(answered.sequence)),
            dsl::answer.eq(answered.answer.code()),
            dsl::written_at.eq(Timestamp(answered.written_at)),
            dsl::starts_at.eq(proposes.map(|other| Timestamp(other.starts_at))),
            dsl::minutes.eq(proposes.and_then(|other| other.minutes).map(number)),
            dsl::read_at.eq(Timestamp(now)),
        ))
        .execute(conn)?;
    Ok(())
}

/// What calendars answered about the meetings of several introductions, the
/// startup's first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn meeting_answers_of(
    conn: &mut Conn,
    introductions: &[IntroductionId],
) -> Result<Vec<Answered>> {
    use introduction_meeting_answers::dsl;
    type Row = (
        (IntroductionId, String),
        (i32, String, DateTime<Utc>),
        (Option<DateTime<Utc>>, Option<i32>),
    );
    let rows: Vec<Row> = introduction_meeting_answers::table
        .filter(dsl::introduction_id.eq_any(introductions.to_vec()))
        .order((dsl::introduction_id, dsl::side.desc()))
        .select((
            (dsl::introduction_id, dsl::side),
            (dsl::sequence, dsl::answer, dsl::written_at),
            (dsl::starts_at, dsl::minutes),
        ))
        .load(conn)?;
    rows.into_iter()
        .map(
            |((introduction, side), (sequence, answer, written_at), (starts_at, minutes))| {
                Ok(Answered {
                    introduction,
                    side: stored::code(&side, Side::from_code)?,
                    sequence: u32::try_from(sequence).unwrap_or_default(),
                    answer: stored::code(&answer, MeetingAnswer::from_code)?,
                    written_at,
                    proposes: starts_at.map(|starts_at| Proposal {
                        starts_at,
                        minutes: minutes.and_then(|minutes| u32::try_from(minutes).ok()),
                    }),
                })
            },
        )
        .collect()
}

/// Forgets what is proposed: nobody was told of it.
///
/// # Errors
/// A statement failed.
pub fn drop_meeting(conn: &mut Conn, introduction: IntroductionId) -> Result<()> {
    diesel::delete(introduction_meetings::table.find(introduction)).execute(conn)?;
    Ok(())
}
