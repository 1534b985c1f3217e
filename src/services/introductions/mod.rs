//! Introductions: asked for, answered by both sides, sent once.
//!
//! | module | holds |
//! |---|---|
//! | here | readings, transitions by people |
//! | `asking`, `partners` | requests of sides and curators, and of partners |
//! | `available` | what can be done now |
//! | `course` | what follows from each state: questions, mails, deals |
//! | `desk` | what is known of several at once |
//! | `freezing` | what stands still in a freeze, and goes on after it |
//! | `answers` | answers by link and by people who are signed in |
//! | `meetings` | when both could meet |
//! | `passing` | questions passed on to somebody else |
//! | `people` | who stands for a side |
//! | `quotas` | how much one firm may ask for |
//! | `portrait` | what somebody who is asked reads of the other side |
//! | `profiles` | the other side by name, to who is asked by it and after both said yes |
//! | `pulses` | what is asked after the mail went out |
//! | `reminders` | who is reminded, and when |
//! | `hand_over` | what follows when somebody leaves a firm |

mod answers;
mod asking;
mod available;
mod course;
mod desk;
mod freezing;
mod hand_over;
mod lists;
mod meetings;
mod partners;
mod passing;
mod people;
mod portrait;
mod profiles;
mod pulses;
mod quotas;
mod reminders;
mod replies;

use chrono::NaiveDate;

pub use crate::db::introductions::{Filter, GivenAnswer};
use crate::db::page::{Cursor, Page};
use crate::db::{self, Conn};
use crate::domain::calendar::latest_day;
use crate::domain::disclosure::{Decision, Opener};
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::IntroductionId;
use crate::domain::introduction::{
    Action, Answer, Ask, Introduction, IntroductionStatus, Reply, step,
};
use crate::domain::meeting::{Enclosed, Meeting};
use crate::domain::meeting_answer::Answered;
use crate::domain::permission::{Hat, Operation};
use crate::domain::release::Leave;
use crate::domain::values::{PassReason, Side};

use super::compliance::note_decision;
use super::deals::days;
use super::disclosure::opening::{self, Opening};
use super::disclosure::{self, Occasion, Pair};
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::transitions::check_version;
use super::{Caller, Context, Error, Intent, Telling, matches};

use answers::answer_by_caller;
pub use answers::{Answerer, Opened, Question, answer_link, open_link};
pub use asking::request;
pub(in crate::services) use available::open_to;
pub use available::transitions;
use course::commit;
pub use course::expire_due;
pub(in crate::services) use course::{
    apply_system, end_all, end_without_consent, is_replaced, record_names,
};
use desk::Desk;
pub use freezing::follow_freezes;
pub(in crate::services) use freezing::thaw;
pub(in crate::services) use hand_over::{hand_over, is_still_there};
pub(in crate::services) use lists::narrow;
pub use meetings::{SeenSlot, put_slots};
pub(in crate::services) use meetings::{cancel as cancel_meeting, meeting_content, propose};
pub use partners::{
    Asked, Wanted, actions_of_partner, find_of_partner, list_of_partner, request_for_partner,
    withdraw_for_partner,
};
pub(in crate::services) use people::{asked_person, curator_of, named_for, person_of};
pub use portrait::Portrait;
pub use profiles::{Counterpart, Says, counterpart};
pub(in crate::services) use pulses::opened as opened_pulse;
pub use pulses::{OpenPulse, answer_pulse, follow_up_due, open_pulse};
pub use reminders::remind_due;
pub(super) use replies::hear_reply;

/// An introduction as one reader may see it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The record.
    pub introduction: Introduction,
    /// The startup's name, where the reader may know it.
    pub startup_name: Option<String>,
    /// The investor's name, where the reader may know it.
    pub investor_name: Option<String>,
    /// The side the reader stands on; none for the operator's people.
    pub side: Option<Side>,
    /// A reason the asked side chose to share, for the requester.
    pub shared_reason: Option<PassReason>,
    /// The open question to the reader's side, if there is one.
    pub open_ask: Option<Ask>,
    /// Every answer with who gave it, for the operator's people.
    pub answers: Vec<GivenAnswer>,
    /// When the sides could meet, as far as the reader may know.
    pub slots: Vec<SeenSlot>,
    /// What is proposed to both.
    pub meeting: Option<Meeting>,
    /// What their calendars answered to that.
    pub meeting_answers: Vec<Answered>,
}

/// One introduction, as the caller may see it.
pub async fn find(context: &Context, caller: &Caller, id: IntroductionId) -> Result<Seen, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let introduction = load(conn, id)?;
            see(&context_in, conn, &caller, introduction)
        })
        .await
}

/// [`find`], for whoever is shown it: the ledger notes that they opened it,
/// where it names the other side.
pub async fn open(context: &Context, caller: &Caller, id: IntroductionId) -> Result<Seen, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (seen, opening) = context
        .db
        .read(move |conn| {
            let introduction = load(conn, id)?;
            let seen = see(&context_in, conn, &caller_in, introduction)?;
            let opening = match opening(conn, &caller_in, &seen)? {
                Some(opening) => opening.unless_noted(&context_in, conn)?,
                None => None,
            };
            Ok::<_, Error>((seen, opening))
        })
        .await?;
    opening::note(context, caller.actor(), opening).await?;
    Ok(seen)
}

/// What of the other side somebody of a side is shown who opens it.
fn opening(conn: &mut Conn, caller: &Caller, seen: &Seen) -> Result<Option<Opening>, Error> {
    let Some(side) = seen.side else {
        return Ok(None);
    };
    let other = side.other();
    let named = match other {
        Side::Startup => &seen.startup_name,
        Side::Investor => &seen.investor_name,
    };
    if named.is_none() {
        return Ok(None);
    }
    let by = Opener::Person(caller.id());
    opening_by(conn, &seen.introduction, side, by).map(Some)
}

/// The opening of an introduction by somebody of that side, who reads the other's
/// name.
fn opening_by(
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
    by: Opener,
) -> Result<Opening, Error> {
    let (it, other) = (introduction, side.other());
    Ok(Opening {
        programme: it.programme,
        shown: it.organization(other),
        to: it.organization(side),
        subject: Subject::new(SubjectKind::Introduction, it.id),
        by,
        revision: opening::revision_of(conn, other, (it.startup_profile, it.mandate))?,
        occasion: if it.both_accepted() {
            Occasion::Connected
        } else {
            Occasion::Running
        },
    })
}

/// Shows one introduction to the caller, or hides it; see [`Desk::see`].
pub(in crate::services) fn see(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    introduction: Introduction,
) -> Result<Seen, Error> {
    let mut desk = Desk::load(conn, std::slice::from_ref(&introduction))?;
    desk.see(context, conn, caller, introduction)
}

/// The reason of the side that declined, where it shared it.
pub(in crate::services) fn shared_reason(
    conn: &mut Conn,
    id: IntroductionId,
) -> Result<Option<PassReason>, Error> {
    Ok(db::introductions::answers(conn, id)?
        .into_iter()
        .find_map(|given| match given.answer {
            Answer::Decline {
                reason,
                share: true,
            } => Some(reason),
            _ => None,
        }))
}

/// Introductions in an order of time: all for the operator's people, those that
/// concern it for a side.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Seen>, Error> {
    narrow(context, caller, &mut filter).await?;
    let key: fn(&Seen) -> Cursor = if filter.sort.is_by_change() {
        |seen| after(seen.introduction.updated_at, seen.introduction.id)
    } else {
        |seen| after(seen.introduction.created_at, seen.introduction.id)
    };
    let (context_in, caller) = (context.clone(), caller.clone());
    read_page(
        context,
        format!("introductions {filter:?}"),
        page,
        move |conn, cursor, limit| list_in(&context_in, conn, &caller, &filter, cursor, limit),
        key,
    )
    .await
}

/// A page of those introductions in the open transaction: what its rows have in
/// common is looked up once.
///
/// # Errors
/// One of them is not for the caller to see.
pub fn list_in(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Seen>, Error> {
    let rows = db::introductions::list(conn, filter, cursor, limit)?;
    let mut desk = Desk::load(conn, &rows)?;
    desk.prepare(context, conn, caller, &rows)?;
    rows.into_iter()
        .map(|introduction| desk.see(context, conn, caller, introduction))
        .collect()
}

/// What somebody wants to do with an introduction.
#[derive(Debug, Clone)]
pub enum Step {
    /// Answer for one's side.
    Answer(Reply, Enclosed),
    /// Anything else the machine knows.
    Other(Action),
    /// They met, on that day.
    Met(NaiveDate),
    /// Compliance releases what the gate holds: why and for how long, and at
    /// which revision of the startup's profile it read it.
    Release(Leave, i64),
    /// Compliance refuses what the gate holds; with a reason.
    Refuse(String),
    /// Compliance stops it; with a reason.
    Block(String),
}

/// Moves an introduction in its machine.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: IntroductionId,
    expected: Option<i64>,
    wanted: Step,
) -> Result<Introduction, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (context_again, caller_again) = (context.clone(), caller.clone());
    let telling = Intent::telling_of(intent.as_ref());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| apply(&context_in, &caller_in, conn, id, expected, wanted),
        move |conn, id| {
            let found = load(conn, id.into())?;
            find_again(&context_again, conn, &caller_again, found, telling.as_ref())
        },
    )
    .await
}

/// An introduction that somebody made or moved, when their request comes again.
/// What it was told of is withheld while the gate keeps from them the name of the
/// other side, who had agreed to be named.
fn find_again(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    introduction: Introduction,
    telling: Option<&Telling>,
) -> Result<Introduction, Error> {
    let seen = see(context, conn, caller, introduction)?;
    let name = match seen.side {
        Some(Side::Startup) => &seen.investor_name,
        Some(Side::Investor) => &seen.startup_name,
        None => return Ok(seen.introduction),
    };
    let agreed = |side: Side| seen.introduction.accepted(side.other());
    if name.is_none()
        && seen.side.is_some_and(agreed)
        && let Some(telling) = telling
    {
        telling.withhold();
    }
    Ok(seen.introduction)
}

pub(super) fn apply(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: IntroductionId,
    expected: Option<i64>,
    wanted: Step,
) -> Result<Introduction, Error> {
    let subject = Subject::new(SubjectKind::Introduction, id);
    // The mail is prepared under the same lock, so that nothing is stopped or
    // closed that goes out meanwhile.
    db::introductions::lock(conn, id)?;
    let before = load(conn, id)?;
    see(context, conn, caller, before.clone())?;
    caller.may(
        Operation::MoveIntroduction,
        &[before.startup, before.investor],
    )?;
    check_version(expected, before.version)?;
    let before = thaw(context, conn, before)?;
    match wanted {
        Step::Answer(reply, enclosed) => {
            answer_by_caller(context, caller, conn, &before, reply, enclosed)
        }
        // Those two come with a reason.
        Step::Other(Action::Refuse | Action::Block) => Err(matches::reason_needed()),
        Step::Other(Action::Close) if db::outbox::is_under_way(conn, subject)? => {
            Err(mail_under_way())
        }
        Step::Other(action) => act(context, caller, conn, &before, &action),
        Step::Met(day) => met(context, caller, conn, &before, day),
        Step::Release(leave, revision) => release(context, caller, conn, &before, &leave, revision),
        Step::Refuse(reason) => stop(context, caller, conn, &before, &Action::Refuse, &reason),
        Step::Block(reason) => {
            check_not_sending(conn, subject)?;
            stop(context, caller, conn, &before, &Action::Block, &reason)
        }
    }
}

fn act(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    before: &Introduction,
    action: &Action,
) -> Result<Introduction, Error> {
    let after = available::stepped(context, caller, conn, before, action)?;
    commit(context, conn, before, after, action, caller.actor())
}

/// The two met on a day that somebody names.
fn met(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    before: &Introduction,
    day: NaiveDate,
) -> Result<Introduction, Error> {
    check_met_on(context, before, day)?;
    let after = act(context, caller, conn, before, &Action::Meet)?;
    note_met_on(context, conn, caller.actor(), before.id, day)?;
    Ok(after)
}

/// Whether the two can have met on a day.
///
/// # Errors
/// It has not come, or lies before the introduction.
fn check_met_on(
    context: &Context,
    introduction: &Introduction,
    day: NaiveDate,
) -> Result<(), Error> {
    let mut faults = Faults::new();
    days::check(
        &mut faults,
        "/met_on",
        (day, &[]),
        days::of_introduction(introduction),
    );
    days::check_come(&mut faults, "/met_on", day, latest_day(context.now()));
    Ok(faults.finish()?)
}

/// Notes on which day the two met.
fn note_met_on(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    id: IntroductionId,
    day: NaiveDate,
) -> Result<(), Error> {
    context.pen(actor).append(
        conn,
        "introduction.met_on",
        (SubjectKind::Introduction, id),
        vec![("met_on", Value::Date(day))],
    )
}

/// Compliance stops it, and says why.
fn stop(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    before: &Introduction,
    action: &Action,
    reason: &str,
) -> Result<Introduction, Error> {
    let after = act(context, caller, conn, before, action)?;
    let subject = Subject::new(SubjectKind::Introduction, before.id);
    note_decision(context, caller, conn, subject, action.code(), reason)?;
    Ok(after)
}

/// What is on its way to a mail server can't be called back, and an
/// introduction that may have gone out must not read as stopped.
fn check_not_sending(conn: &mut Conn, subject: Subject) -> Result<(), Error> {
    if db::outbox::is_sending(conn, subject)? {
        return Err(mail_under_way());
    }
    Ok(())
}

fn mail_under_way() -> Error {
    Error::refused(
        "mail_under_way",
        "The mail that connects both is on its way, or may have gone out; keep the two apart to stop another attempt.",
    )
}

/// Compliance releases what is held; the gate then decides again, so that a
/// restricted tag needs a second person and a missing clearance a clearance.
fn release(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    before: &Introduction,
    leave: &Leave,
    revision: i64,
) -> Result<Introduction, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    if before.status != IntroductionStatus::Held {
        return Err(crate::domain::refusal::Refusal::no_transition("release").into());
    }
    let pair = pair(conn, before)?;
    if pair.profile.revision != revision {
        return Err(Error::refused(
            "revision_changed",
            "The profile has another revision by now; read that one and decide on it.",
        ));
    }
    let new = disclosure::release(context, conn, &pair, caller, leave)?;
    let decision = disclosure::ask(context, conn, &pair, Occasion::Running)?;
    if let Decision::Deny { rules } = &decision
        && decision.is_frozen()
    {
        // It stays held until the freeze is lifted.
        return Err(disclosure::refusal(rules, None).into());
    }
    if !new
        && matches!(
            decision,
            Decision::Review {
                two_people: true,
                ..
            }
        )
    {
        return Err(matches::second_person_needed());
    }
    let subject = Subject::new(SubjectKind::Introduction, before.id);
    note_decision(context, caller, conn, subject, "release", &leave.reason)?;
    let action = Action::Gate(decision);
    let after = step(before, &action, Hat::System)?;
    commit(context, conn, before, after, &action, caller.actor())
}

pub(in crate::services) fn load(
    conn: &mut Conn,
    id: IntroductionId,
) -> Result<Introduction, Error> {
    db::introductions::find(conn, id)?.ok_or(Error::NotFound)
}

pub(in crate::services) fn pair(
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<Pair, Error> {
    Pair::going_on(
        conn,
        introduction.programme,
        introduction.startup_profile,
        introduction.mandate,
    )
}
