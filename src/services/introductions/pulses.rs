//! After the mail: both sides are asked now and then how it goes; silence
//! closes an introduction, and long after that a late yes still opens the deal.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::db::{self, Conn, introductions};
use crate::domain::calendar::latest_day;
use crate::domain::disclosure::Opener;
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::ids::{AskId, IntroductionId, PulseId};
use crate::domain::introduction::{Action, Introduction, IntroductionStatus, step};
use crate::domain::message::Notice;
use crate::domain::permission::Hat;
use crate::domain::pulse::{ANSWER_DAYS, FollowUp, Pulse, PulseAnswer, PulseKind, SILENT_DAYS};
use crate::domain::values::Side;
use crate::services::apart::{self, Apart};
use crate::services::deals::days;
use crate::services::disclosure::opening::{self, Opening};
use crate::services::disclosure::{self, Occasion};
use crate::services::notices::Recipient;
use crate::services::transitions::code;
use crate::services::{Context, Error, deals, due, notices};

use super::people::person_of;
use super::{apply_system, check_met_on, commit, load, note_met_on, opening_by};

/// The hour at which people are asked, by their own clock.
const HOUR: u32 = 9;

/// A pulse as its page shows it.
#[derive(Debug, Clone)]
pub struct OpenPulse {
    /// The question.
    pub pulse: Pulse,
    /// Who is asked.
    pub person: Recipient,
    /// The other side's name, which the mail told.
    pub counterpart: String,
    /// Whether it can be answered no more.
    pub late: bool,
    /// What keeps the two apart now: its page names nobody then.
    pub apart: Option<Apart>,
    /// The first and the last day on which the two can have met by now.
    pub days: (NaiveDate, NaiveDate),
}

/// Notes what a step says of an introduction after it was sent.
pub(super) fn follow(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    after: &Introduction,
    action: &Action,
) -> Result<(), Error> {
    use IntroductionStatus as S;
    let now = context.now();
    let entered = after.status != before.status;
    let known = introductions::follow_up(conn, after.id)?;
    let followed = match (after.status, known) {
        (S::Sent, known) if entered => FollowUp {
            introduction: after.id,
            sent_at: known.map_or(now, |known| known.sent_at),
            heard_at: now,
            closed_at: None,
            rounds: 0,
            next_at: None,
        }
        .scheduled(now),
        (S::Closed, Some(known)) if entered => FollowUp {
            closed_at: Some(now),
            rounds: 0,
            ..known
        }
        .scheduled(now),
        (S::Converted, Some(known)) if entered => FollowUp {
            next_at: None,
            ..known
        },
        (S::InConversation | S::Met, Some(known)) => FollowUp {
            heard_at: now,
            ..known
        },
        // A deal that the other side hasn't confirmed yet.
        (S::Sent, Some(known)) if matches!(action, Action::Convert) => FollowUp {
            heard_at: now,
            ..known
        },
        _ => return Ok(()),
    };
    Ok(introductions::put_follow_up(conn, &followed)?)
}

/// Tells both sides that it is closed, but not the one that closed it.
pub(super) fn tell_closed(
    context: &Context,
    conn: &mut Conn,
    after: &Introduction,
    actor: Actor,
    by: Option<Side>,
) -> Result<(), Error> {
    for side in [Side::Startup, Side::Investor] {
        if by == Some(side) {
            continue;
        }
        notices::enqueue(
            context,
            conn,
            &format!("introduction_over:{}:{}:{side}", after.id, after.version),
            (SubjectKind::Introduction, after.id.uuid()),
            &Notice::IntroductionOver {
                introduction: after.id,
                side,
                silent: actor == Actor::System,
            },
        )?;
    }
    Ok(())
}

/// Asks whom it is time to ask, and closes what was silent for too long;
/// answers how many introductions it did something about.
pub async fn follow_up_due(context: &Context) -> Result<usize, Error> {
    let now = context.now();
    let since = now - TimeDelta::days(SILENT_DAYS);
    let (closing, asking) = (context.clone(), context.clone());
    let closed = due::each(
        context,
        "introduction.close_silent",
        |known: &FollowUp| known.introduction.uuid(),
        move |conn, limit| introductions::silent_follow_ups(conn, since, limit),
        move |conn, known: &FollowUp| {
            let still = |known: &FollowUp| known.heard_at <= since && known.closed_at.is_none();
            match held(conn, known.introduction)?.filter(still) {
                Some(known) => close(&closing, conn, &known),
                None => Ok(()),
            }
        },
    )
    .await?;
    let asked = due::each(
        context,
        "introduction.pulse",
        |known: &FollowUp| known.introduction.uuid(),
        move |conn, limit| introductions::due_follow_ups(conn, now, limit),
        move |conn, known: &FollowUp| {
            let still = |known: &FollowUp| known.next_at.is_some_and(|at| at <= now);
            match held(conn, known.introduction)?.filter(still) {
                Some(known) => ask_both(&asking, conn, &known),
                None => Ok(()),
            }
        },
    )
    .await?;
    Ok(closed + asked)
}

/// What is known of an introduction that nobody else moves meanwhile: whoever
/// saw it due may be late, since another node or a person was first.
fn held(conn: &mut Conn, id: IntroductionId) -> Result<Option<FollowUp>, Error> {
    introductions::lock(conn, id)?;
    Ok(introductions::follow_up(conn, id)?.filter(|known| known.next_at.is_some()))
}

fn close(context: &Context, conn: &mut Conn, known: &FollowUp) -> Result<(), Error> {
    use IntroductionStatus as S;
    let before = load(conn, known.introduction)?;
    if !matches!(before.status, S::Sent | S::InConversation | S::Met) {
        let over = FollowUp {
            next_at: None,
            ..known.clone()
        };
        return Ok(introductions::put_follow_up(conn, &over)?);
    }
    if is_frozen(context, conn, &before)? {
        // Nobody was asked meanwhile, so its time begins again.
        let heard = FollowUp {
            heard_at: context.now(),
            ..known.clone()
        };
        return Ok(introductions::put_follow_up(conn, &heard)?);
    }
    apply_system(context, conn, &before, &Action::Close).map(drop)
}

fn is_frozen(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<bool, Error> {
    let pair = super::pair(conn, introduction)?;
    Ok(disclosure::ask(context, conn, &pair, Occasion::Running)?.is_frozen())
}

fn ask_both(context: &Context, conn: &mut Conn, known: &FollowUp) -> Result<(), Error> {
    use IntroductionStatus as S;
    let now = context.now();
    let introduction = load(conn, known.introduction)?;
    let next = known.clone().scheduled(now);
    introductions::put_follow_up(conn, &next)?;
    let kind = known.kind();
    let wanted = match kind {
        PulseKind::Open => matches!(introduction.status, S::Sent | S::InConversation | S::Met),
        PulseKind::Late => introduction.status == S::Closed,
    };
    if !wanted || is_frozen(context, conn, &introduction)? {
        return Ok(());
    }
    for side in [Side::Startup, Side::Investor] {
        let Some(person) = person_of(conn, &introduction, side)? else {
            continue;
        };
        let at = morning(context, conn, &introduction, side, person.zone)?;
        let pulse = Pulse {
            id: context.new_id(),
            introduction: introduction.id,
            side,
            kind,
            expires_at: at + TimeDelta::days(ANSWER_DAYS),
            answer: None,
            created_at: now,
        };
        introductions::insert_pulse(conn, &pulse)?;
        notices::enqueue_at(
            context,
            conn,
            &intent_of(pulse.id),
            (SubjectKind::Introduction, introduction.id.uuid()),
            &Notice::Pulse { pulse: pulse.id },
            at,
        )?;
    }
    Ok(())
}

/// The next morning, from now on, of a working day of that side.
fn morning(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
    zone: Tz,
) -> Result<DateTime<Utc>, Error> {
    let firm = db::organizations::find(conn, introduction.organization(side))?;
    let country = firm.and_then(|firm| firm.details.country);
    let now = context.now();
    let yesterday = now - TimeDelta::days(1);
    let calendars = &context.calendars;
    let today = calendars.working_hour(country, zone, yesterday, 1, HOUR);
    Ok(if today >= now {
        today
    } else {
        calendars.working_hour(country, zone, now, 1, HOUR)
    })
}

/// Reads the link of a pulse. Reading changes nothing but the ledger, which notes
/// once a day that its page named the other side.
pub async fn open_pulse(context: &Context, token: &str) -> Result<OpenPulse, Error> {
    let id = context.links.parse_pulse(token).ok_or(Error::NotFound)?;
    let context_in = context.clone();
    let (pulse, opening) = context
        .db
        .read(move |conn| {
            let pulse = opened(&context_in, conn, id)?;
            let names_nobody = pulse.late || pulse.apart.is_some() || pulse.pulse.answer.is_some();
            let opening = if names_nobody {
                None
            } else {
                opening_of(&context_in, conn, &pulse)?
            };
            Ok::<_, Error>((pulse, opening))
        })
        .await?;
    opening::note(context, Actor::Link(id.uuid().into()), opening).await?;
    Ok(pulse)
}

/// What of the other side the page of a pulse names.
fn opening_of(
    context: &Context,
    conn: &mut Conn,
    open: &OpenPulse,
) -> Result<Option<Opening>, Error> {
    let introduction = load(conn, open.pulse.introduction)?;
    let opening = opening_by(conn, &introduction, open.pulse.side, Opener::Link)?;
    opening.unless_noted(context, conn)
}

/// A pulse with all that its mail and its page say.
pub(in crate::services) fn opened(
    context: &Context,
    conn: &mut Conn,
    id: PulseId,
) -> Result<OpenPulse, Error> {
    let pulse = introductions::find_pulse(conn, id)?.ok_or(Error::NotFound)?;
    let introduction = load(conn, pulse.introduction)?;
    let person = person_of(conn, &introduction, pulse.side)?.ok_or(Error::NotFound)?;
    let theirs = is_theirs(conn, &pulse, &person)?;
    let other = introduction.organization(pulse.side.other());
    let other = db::organizations::find(conn, other)?.ok_or(Error::NotFound)?;
    Ok(OpenPulse {
        apart: apart::of_introduction(context, conn, &introduction)?,
        late: !theirs || pulse.expires_at <= context.now(),
        counterpart: other.details.display_name().to_string(),
        days: (
            days::of_introduction(&introduction),
            latest_day(context.now()),
        ),
        person,
        pulse,
    })
}

/// Whether the link of a pulse is with whoever stands for the side now: it went
/// out by mail, and its reader may have left since.
fn is_theirs(conn: &mut Conn, pulse: &Pulse, person: &Recipient) -> Result<bool, Error> {
    let Some(mail) = db::outbox::of_intent(conn, &intent_of(pulse.id))? else {
        return Ok(true);
    };
    let readers = db::bounces::recipients(conn, mail)?;
    Ok(readers.is_empty() || readers.contains(&person.email))
}

fn intent_of(pulse: PulseId) -> String {
    format!("pulse:{pulse}")
}

/// Answers a pulse by its link, once. What the answer says happens, as far as
/// the introduction hasn't gone on by itself. `met_on` is the day on which the two
/// met, which another answer doesn't say.
///
/// # Errors
/// It was answered before, or they can't have met on that day.
pub async fn answer_pulse(
    context: &Context,
    token: &str,
    answer: PulseAnswer,
    met_on: Option<NaiveDate>,
) -> Result<(), Error> {
    let met_on = met_on.filter(|_| answer == PulseAnswer::Met);
    let id = context.links.parse_pulse(token).ok_or(Error::NotFound)?;
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let pulse = introductions::find_pulse(conn, id)?.ok_or(Error::NotFound)?;
            introductions::lock(conn, pulse.introduction)?;
            let introduction = load(conn, pulse.introduction)?;
            let person = person_of(conn, &introduction, pulse.side)?;
            let person = person.ok_or(Error::NotFound)?;
            let kept_apart = apart::of_introduction(&context_in, conn, &introduction)?.is_some();
            if kept_apart || !is_theirs(conn, &pulse, &person)? {
                return Err(super::answers::answered_already());
            }
            let answers = answer.answers(pulse.kind);
            let now = context_in.now();
            if !answers || !introductions::answer_pulse(conn, id, answer, now)? {
                return Err(super::answers::answered_already());
            }
            if let Some(day) = met_on {
                check_met_on(&context_in, &introduction, day)?;
            }
            record(&context_in, conn, &pulse, answer, met_on)
        })
        .await
}

fn record(
    context: &Context,
    conn: &mut Conn,
    pulse: &Pulse,
    answer: PulseAnswer,
    met_on: Option<NaiveDate>,
) -> Result<(), Error> {
    use IntroductionStatus as S;
    let before = load(conn, pulse.introduction)?;
    // The link stands for the side, as that of a question does.
    let link: AskId = pulse.id.uuid().into();
    let actor = Actor::Link(link);
    context.pen(actor).append(
        conn,
        "introduction.pulse_answered",
        (SubjectKind::Introduction, before.id),
        vec![
            ("side", code(pulse.side.code())),
            ("answer", code(answer.code())),
        ],
    )?;
    let live = matches!(before.status, S::Sent | S::InConversation | S::Met);
    let action = match answer {
        PulseAnswer::Talking if before.status == S::Sent => Some(Action::Reply),
        PulseAnswer::Met if matches!(before.status, S::Sent | S::InConversation) => {
            Some(Action::Meet)
        }
        PulseAnswer::NotAFit if live => Some(Action::Close),
        // Of a deal that goes on already it says nothing new.
        PulseAnswer::Yes
            if before.status == S::Closed && deals::has_room(context, conn, &before)? =>
        {
            Some(Action::LateYes)
        }
        _ => None,
    };
    if let Some(action) = action {
        let hat = match pulse.side {
            Side::Startup => Hat::Startup,
            Side::Investor => Hat::Investor,
        };
        let after = step(&before, &action, hat)?;
        commit(context, conn, &before, after, &action, actor)?;
        // The first who says that they met says on which day.
        if let Some(day) = met_on.filter(|_| matches!(action, Action::Meet)) {
            note_met_on(context, conn, actor, before.id, day)?;
        }
        return Ok(());
    }
    let heard = matches!(answer, PulseAnswer::Talking | PulseAnswer::Met);
    match introductions::follow_up(conn, before.id)? {
        Some(known) if heard && live => {
            let heard_at = context.now();
            let known = FollowUp { heard_at, ..known };
            Ok(introductions::put_follow_up(conn, &known)?)
        }
        _ => Ok(()),
    }
}
