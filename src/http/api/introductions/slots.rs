//! When both could meet.

use actix_web::{HttpResponse, put, web};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::IntroductionView;
use crate::domain::fault::Faults;
use crate::domain::ids::IntroductionId;
use crate::domain::meeting::{Meeting, Slot};
use crate::domain::meeting_answer::Answered;
use crate::domain::values::Side;
use crate::http::api::exchange::{moved, path_id};
use crate::http::api::values::time;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::preconditions::IfMatch;
use crate::http::problem::Problem;
use crate::http::slots::{self, NewSlot};
use crate::services::Context;
use crate::services::introductions::{self, SeenSlot};

/// When a side could meet, in place of what it offered before.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSlots {
    /// The times; none to offer none any more.
    #[schema(max_items = 5)]
    slots: Vec<NewSlot>,
    /// By whose clock they are given, if not the caller's own.
    #[schema(max_length = 64, example = "Asia/Baku")]
    zone: Option<String>,
}

impl NewSlots {
    fn read(&self, own: Tz, now: DateTime<Utc>) -> Result<Vec<Slot>, Faults> {
        let mut faults = Faults::new();
        let read = slots::read(&mut faults, &self.slots, self.zone.as_deref(), own, now);
        faults.finish().map(|()| read)
    }
}

/// A time that was offered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntroductionSlot)]
pub struct SlotView {
    /// By which side.
    #[schema(max_length = 10, example = "startup")]
    side: &'static str,
    /// When it begins.
    #[schema(format = "date-time", max_length = 35)]
    starts_at: String,
    /// For how long.
    #[schema(minimum = 15, maximum = 240, example = 30)]
    minutes: u32,
    /// By whose clock it was given.
    #[schema(max_length = 64, example = "Asia/Jerusalem")]
    zone: String,
    /// The sides that have that day off, as far as the caller may know.
    #[schema(max_items = 2, example = json!(["startup"]))]
    days_off: Vec<&'static str>,
}

impl From<&SeenSlot> for SlotView {
    fn from(seen: &SeenSlot) -> Self {
        let slot = &seen.offer.slot;
        Self {
            side: seen.offer.side.code(),
            starts_at: time(slot.starts_at),
            minutes: slot.minutes,
            zone: slot.zone.name().to_owned(),
            days_off: seen.days_off.iter().copied().map(Side::code).collect(),
        }
    }
}

/// The meeting that is proposed to both.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntroductionMeeting)]
pub struct MeetingView {
    /// `proposed` or `cancelled`.
    #[schema(max_length = 20, example = "proposed")]
    status: &'static str,
    /// When it begins.
    #[schema(format = "date-time", max_length = 35)]
    starts_at: String,
    /// For how long.
    #[schema(minimum = 15, maximum = 240, example = 30)]
    minutes: u32,
    /// How often what both were told changed.
    #[schema(minimum = 0, example = 1)]
    sequence: u32,
    /// What the calendars of both answered to that.
    #[schema(max_items = 2)]
    answers: Vec<MeetingAnswerView>,
}

/// What one side's calendar answered to the invitation, as the letter says:
/// mail proves nothing of who wrote it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntroductionMeetingAnswer)]
pub struct MeetingAnswerView {
    /// Which side's.
    #[schema(max_length = 10, example = "investor")]
    side: &'static str,
    /// `accepted`, `tentative`, `declined`, or `countered` by another time.
    #[schema(max_length = 20, example = "accepted")]
    answer: &'static str,
    /// When it was written.
    #[schema(format = "date-time", max_length = 35)]
    at: String,
    /// When the other time begins, where it was understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    proposed_at: Option<String>,
    /// For how long, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1440, example = 30)]
    proposed_minutes: Option<u32>,
}

impl From<&Answered> for MeetingAnswerView {
    fn from(answered: &Answered) -> Self {
        let other = answered.proposes;
        Self {
            side: answered.side.code(),
            answer: answered.answer.code(),
            at: time(answered.written_at),
            proposed_at: other.map(|other| time(other.starts_at)),
            proposed_minutes: other.and_then(|other| other.minutes),
        }
    }
}

impl MeetingView {
    /// What is proposed, with what was answered to it.
    pub(super) fn of(meeting: &Meeting, answers: &[Answered]) -> Self {
        Self {
            answers: answers.iter().map(MeetingAnswerView::from).collect(),
            status: meeting.status.code(),
            starts_at: time(meeting.starts_at),
            minutes: meeting.minutes,
            sequence: meeting.sequence,
        }
    }
}

/// Says when one's side could meet the other.
///
/// For a side that has agreed. The mail that connects proposes one of the
/// times, with an invitation for the calendar: one that both offer before
/// others, a working day of both before one that somebody has off. After it
/// went out both are mailed what changes: another time when the proposed one is
/// no longer offered or when both offer one, and that it is called off when none
/// is left.
#[utoipa::path(
    operation_id = "offer_times",
    tag = "introductions",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v3\""),
    ),
    request_body = NewSlots,
    responses((status = 200, description = "Offered.", body = IntroductionView, headers(("ETag" = String))))
)]
#[put("/v1/introductions/{id}/slots")]
pub(super) async fn offer_times(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    body: DocumentBody<NewSlots>,
) -> Result<HttpResponse, Problem> {
    let id: IntroductionId = path_id(&id)?;
    let found = introductions::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let slots = body.read(|it| it.read(caller.user.zone, context.now()))?;
    introductions::put_slots(&context, &caller, id, expected, slots).await?;
    let view = super::shown(&context, &caller, id).await?;
    Ok(moved(view.tag()?, &view))
}
