//! When both could meet: each side offers times, one of them is proposed to
//! both with the mail that connects, and what changes later is told to both.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::db::{self, Conn, introductions};
use crate::domain::country::Country;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::IntroductionId;
use crate::domain::introduction::{Introduction, IntroductionStatus};
use crate::domain::meeting::{Meeting, MeetingStatus, Offer, Slot, choose, choose_again};
use crate::domain::message::Notice;
use crate::domain::permission::Operation;
use crate::domain::refusal::Refusal;
use crate::domain::values::Side;
use crate::services::notices::{MeetingContent, MeetingSide};
use crate::services::transitions::{check_version, code};
use crate::services::{Caller, Context, Error, notices};

use super::people::person_of;
use super::{load, mail_under_way, see};

/// An offered time, and who has that day off.
#[derive(Debug, Clone)]
pub struct SeenSlot {
    /// The time, and who offers it.
    pub offer: Offer,
    /// The sides that don't work on that day, as far as the reader may know.
    pub days_off: Vec<Side>,
}

/// How time passes on both sides.
struct Clocks<'a> {
    context: &'a Context,
    sides: [(Side, Option<Country>, Tz); 2],
    names: [String; 2],
}

impl<'a> Clocks<'a> {
    fn of(
        context: &'a Context,
        conn: &mut Conn,
        introduction: &Introduction,
    ) -> Result<Self, Error> {
        let mut one = |side| {
            let firm = db::organizations::find(conn, introduction.organization(side))?;
            let firm = firm.ok_or(Error::NotFound)?.details;
            let person = person_of(conn, introduction, side)?;
            let zone = person.map_or(chrono_tz::UTC, |person| person.zone);
            let name = firm.display_name().to_string();
            Ok::<_, Error>(((side, firm.country, zone), name))
        };
        let (startup, startup_name) = one(Side::Startup)?;
        let (investor, investor_name) = one(Side::Investor)?;
        Ok(Self {
            context,
            sides: [startup, investor],
            names: [startup_name, investor_name],
        })
    }

    /// The sides that have the day off on which something begins.
    fn off(&self, starts_at: DateTime<Utc>) -> Vec<Side> {
        let is_off = |(_, country, zone): &&(Side, Option<Country>, Tz)| {
            let day = starts_at.with_timezone(zone).date_naive();
            !self.context.calendars.of(*country).is_working_day(day)
        };
        let off = self.sides.iter().filter(is_off);
        off.map(|(side, _, _)| *side).collect()
    }
}

/// Keeps what a side offers with its request or its yes.
pub(super) fn offer(
    conn: &mut Conn,
    introduction: IntroductionId,
    side: Side,
    slots: &[Slot],
) -> Result<(), Error> {
    if slots.is_empty() {
        return Ok(());
    }
    Ok(introductions::put_slots(conn, introduction, side, slots)?)
}

/// What was offered and proposed.
pub(super) struct Offered {
    pub(super) offers: Vec<Offer>,
    pub(super) meeting: Option<Meeting>,
}

/// What a reader may know of the times that were offered: a side its own, and
/// the other's once both have agreed; who has a day off tells a country.
pub(super) fn seen(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    offered: Offered,
    reader: Option<Side>,
    open: bool,
) -> Result<(Vec<SeenSlot>, Option<Meeting>), Error> {
    let Offered { offers, meeting } = offered;
    let both = reader.is_none() || introduction.both_accepted() && open;
    let meeting = meeting.filter(|_| both);
    if offers.is_empty() {
        return Ok((vec![], meeting));
    }
    let clocks = Clocks::of(context, conn, introduction)?;
    let known = |side: Side| both || reader == Some(side);
    let slots = offers.into_iter().filter(|offer| known(offer.side));
    let slots = slots.map(|offer| SeenSlot {
        days_off: clocks
            .off(offer.slot.starts_at)
            .into_iter()
            .filter(|side| known(*side))
            .collect(),
        offer,
    });
    Ok((slots.collect(), meeting))
}

/// Decides what the mail that connects proposes; nobody was told of anything
/// yet.
pub(in crate::services) fn propose(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
    let offers = introductions::slots(conn, introduction.id)?;
    let clocks = Clocks::of(context, conn, introduction)?;
    let now = context.now();
    let is_off = |slot: &Slot| !clocks.off(slot.starts_at).is_empty();
    match choose(&offers, now, is_off) {
        Some(slot) => {
            let meeting = meeting(introduction.id, 0, slot, now);
            Ok(introductions::put_meeting(conn, &meeting)?)
        }
        None => Ok(introductions::drop_meeting(conn, introduction.id)?),
    }
}

fn meeting(introduction: IntroductionId, sequence: u32, slot: Slot, now: DateTime<Utc>) -> Meeting {
    Meeting {
        introduction,
        sequence,
        status: MeetingStatus::Proposed,
        starts_at: slot.starts_at,
        minutes: slot.minutes,
        updated_at: now,
    }
}

/// Offers other times, in place of those before, and tells both what follows.
pub async fn put_slots(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
    expected: Option<i64>,
    slots: Vec<Slot>,
) -> Result<Introduction, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .write(move |conn| put_slots_in(&context_in, &caller, conn, id, expected, &slots))
        .await
}

fn put_slots_in(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: IntroductionId,
    expected: Option<i64>,
    slots: &[Slot],
) -> Result<Introduction, Error> {
    use IntroductionStatus as S;
    introductions::lock(conn, id)?;
    let before = load(conn, id)?;
    let side = see(context, conn, caller, before.clone())?.side;
    let sides = [before.startup, before.investor];
    caller.may(Operation::MoveIntroduction, &sides)?;
    let side = side.filter(|side| before.accepted(*side)).ok_or_else(|| {
        Error::refused(
            "only_who_agreed",
            "Times are offered by a side that has agreed to the introduction.",
        )
    })?;
    check_version(expected, before.version)?;
    let told = match before.status {
        S::Requested | S::Held | S::AskingFirst | S::AskingSecond => None,
        S::BothAccepted | S::DeliveryProblem => Some(false),
        S::Sent | S::InConversation | S::Met => Some(true),
        _ => return Err(Refusal::no_transition("offer_times").into()),
    };
    let subject = crate::domain::event::Subject::new(SubjectKind::Introduction, id);
    // Who got the mail that connects has its time; it is tried again for the
    // other as it was.
    let halfway = before.status == S::DeliveryProblem
        && db::envelopes::is_taken(conn, SubjectKind::Introduction, id.uuid())?;
    if halfway || told == Some(false) && db::outbox::is_sending(conn, subject)? {
        return Err(mail_under_way());
    }
    introductions::put_slots(conn, id, side, slots)?;
    let after = Introduction {
        version: before.version + 1,
        updated_at: context.now(),
        ..before
    };
    if !introductions::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    context.pen(caller.actor()).append(
        conn,
        "introduction.times_offered",
        (SubjectKind::Introduction, id),
        vec![
            ("side", code(side.code())),
            (
                "count",
                Value::Int(i64::try_from(slots.len()).unwrap_or_default()),
            ),
        ],
    )?;
    match told {
        Some(false) => propose(context, conn, &after)?,
        Some(true) => propose_again(context, conn, &after)?,
        None => {}
    }
    Ok(after)
}

/// Decides anew what both were told, and tells them where it changed.
fn propose_again(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
    let id = introduction.id;
    let offers = introductions::slots(conn, id)?;
    let clocks = Clocks::of(context, conn, introduction)?;
    let now = context.now();
    let is_off = |slot: &Slot| !clocks.off(slot.starts_at).is_empty();
    let before = introductions::meeting(conn, id)?;
    let chosen = match &before {
        Some(before) => choose_again(&offers, before, now, is_off),
        None => choose(&offers, now, is_off),
    };
    match (before, chosen) {
        (None, Some(slot)) => tell(context, conn, &meeting(id, 0, slot, now)),
        (Some(before), Some(slot)) => {
            let same = before.status == MeetingStatus::Proposed
                && (before.starts_at, before.minutes) == (slot.starts_at, slot.minutes);
            if same {
                return Ok(());
            }
            tell(context, conn, &meeting(id, before.sequence + 1, slot, now))
        }
        (Some(_), None) => cancel(context, conn, id),
        (None, None) => Ok(()),
    }
}

/// Calls off what was proposed, where it hasn't passed.
pub(in crate::services) fn cancel(
    context: &Context,
    conn: &mut Conn,
    id: IntroductionId,
) -> Result<(), Error> {
    let now = context.now();
    let standing = introductions::meeting(conn, id)?
        .filter(|meeting| meeting.status == MeetingStatus::Proposed && meeting.starts_at > now);
    let Some(before) = standing else {
        return Ok(());
    };
    let cancelled = Meeting {
        sequence: before.sequence + 1,
        status: MeetingStatus::Cancelled,
        updated_at: now,
        ..before
    };
    tell(context, conn, &cancelled)
}

fn tell(context: &Context, conn: &mut Conn, meeting: &Meeting) -> Result<(), Error> {
    introductions::put_meeting(conn, meeting)?;
    let (introduction, sequence) = (meeting.introduction, meeting.sequence);
    notices::enqueue(
        context,
        conn,
        &format!("meeting:{introduction}:{sequence}"),
        (SubjectKind::Introduction, introduction.uuid()),
        &Notice::Meeting {
            introduction,
            sequence,
        },
    )
}

/// What both read of their meeting; none where none stands, or it has begun.
pub(in crate::services) fn meeting_content(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<Option<MeetingContent>, Error> {
    let now = context.now();
    let found = introductions::meeting(conn, introduction.id)?;
    let Some(meeting) = found.filter(|meeting| meeting.starts_at > now) else {
        return Ok(None);
    };
    let clocks = Clocks::of(context, conn, introduction)?;
    let off = clocks.off(meeting.starts_at);
    let side = |place: usize, (side, _, zone): (Side, Option<Country>, Tz)| MeetingSide {
        organization: clocks.names.get(place).cloned().unwrap_or_default(),
        zone,
        day_off: off.contains(&side),
    };
    let [startup, investor] = clocks.sides;
    let mut others: Vec<_> = introductions::slots(conn, introduction.id)?
        .into_iter()
        .map(|offer| offer.slot.starts_at)
        .filter(|at| *at > now && *at != meeting.starts_at)
        .collect();
    others.sort_unstable();
    others.dedup();
    Ok(Some(MeetingContent {
        introduction: introduction.id,
        starts_at: meeting.starts_at,
        minutes: meeting.minutes,
        sequence: meeting.sequence,
        cancelled: meeting.status == MeetingStatus::Cancelled,
        sides: [side(0, startup), side(1, investor)],
        others,
    }))
}
