//! The course of an introduction: a new state is stored and noted, and what
//! follows from it happens in the same transaction.

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::introductions::About;
use crate::db::outbox::Claimed;
use crate::db::{self, Conn, introductions, outbox};
use crate::domain::disclosure::{Decision, Level, Rule};
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::domain::ids::{AskId, IntroductionId};
use crate::domain::introduction::{
    Action, Answer, Ask, AskState, Introduction, IntroductionStatus, step,
};
use crate::domain::meeting::MeetingStatus;
use crate::domain::message::{Ending, Matter, Notice};
use crate::domain::permission::Hat;
use crate::domain::values::Side;
use crate::services::disclosure::{self, Occasion, Showing};
use crate::services::transitions::code;
use crate::services::{Context, Error, deals, due, matches, notices};

use super::answers::extend;
use super::freezing::{go_on_asking, thaw};
use super::people::person_to_ask;
use super::reminders::next_reminder;
use super::{load, meetings, pulses};

/// Carries out what the service itself does to an introduction, with all that
/// follows: questions put, mails queued, the match reopened, a deal opened.
pub(in crate::services) fn apply_system(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    action: &Action,
) -> Result<Introduction, Error> {
    let after = step(before, action, Hat::System)?;
    commit(context, conn, before, after, action, Actor::System)
}

/// Stores a new state, notes it and does what follows from it.
pub(super) fn commit(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    after: Introduction,
    action: &Action,
    actor: Actor,
) -> Result<Introduction, Error> {
    let after = Introduction {
        version: before.version + 1,
        updated_at: context.now(),
        ..after
    };
    if after.status == IntroductionStatus::Converted {
        // Before the row, for whose end another request of the two may wait.
        db::organizations::lock_pair(conn, [after.startup, after.investor])?;
    }
    if !introductions::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    log(context, conn, before, &after, action, actor)?;
    pulses::follow(context, conn, before, &after, action)?;
    if after.status != before.status {
        enter(context, conn, before, &after, action)?;
    }
    // Whom no mail named to each other, the closing one doesn't either.
    let was_sent = matches!(
        before.status,
        IntroductionStatus::Sent | IntroductionStatus::InConversation | IntroductionStatus::Met
    );
    if after.status == IntroductionStatus::Closed && was_sent {
        let by = closing_side(conn, &after, actor)?;
        pulses::tell_closed(context, conn, &after, actor, by)?;
    }
    Ok(after)
}

/// The side that closed it, as far as a side did.
fn closing_side(
    conn: &mut Conn,
    introduction: &Introduction,
    actor: Actor,
) -> Result<Option<Side>, Error> {
    match actor {
        Actor::User(user) => {
            let parts = db::users::memberships(conn, user)?;
            let sides = [Side::Startup, Side::Investor];
            Ok(sides.into_iter().find(|side| {
                let firm = introduction.organization(*side);
                parts.iter().any(|part| part.organization == firm)
            }))
        }
        Actor::Link(id) => {
            let pulse = introductions::find_pulse(conn, id.uuid().into())?;
            Ok(pulse.map(|pulse| pulse.side))
        }
        Actor::System => Ok(None),
    }
}

fn log(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    after: &Introduction,
    action: &Action,
    actor: Actor,
) -> Result<(), Error> {
    let mut payload = vec![
        ("action", code(action.code())),
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
    ];
    match action {
        Action::Gate(Decision::Review { rules, two_people }) => {
            payload.push(("rules", rule_codes(rules)));
            payload.push(("two_people", Value::Flag(*two_people)));
        }
        Action::Gate(Decision::Deny { rules }) => payload.push(("rules", rule_codes(rules))),
        // The reason of a refusal stays private, also in the log that both
        // sides can read; the answer itself is on record beside it.
        Action::Answer(side, _) | Action::WithdrawConsent(side) => {
            payload.push(("side", code(side.code())));
        }
        // The time that was proposed to both, if it has come: whoever says so later
        // doesn't say that they met later.
        Action::Meet => {
            let agreed = introductions::meeting(conn, after.id)?;
            let agreed = agreed.filter(|it| it.status == MeetingStatus::Proposed);
            let come = agreed.filter(|it| it.starts_at <= context.now());
            payload.extend(come.map(|it| ("met_on", Value::Date(it.starts_at.date_naive()))));
        }
        _ => {}
    }
    context.pen(actor).append(
        conn,
        "introduction.moved",
        (SubjectKind::Introduction, after.id),
        payload,
    )
}

fn rule_codes(rules: &[crate::domain::disclosure::Rule]) -> Value {
    Value::Codes(rules.iter().map(|rule| rule.code().to_owned()).collect())
}

/// What follows from having come to a state.
fn enter(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    after: &Introduction,
    action: &Action,
) -> Result<(), Error> {
    use IntroductionStatus as S;
    match after.status {
        // What stood still in a freeze goes on: the same question, and the mail
        // that waits in the queue.
        S::AskingFirst | S::AskingSecond if before.status == S::Frozen => {
            go_on_asking(context, conn, before, after)
        }
        S::BothAccepted if before.frozen_from == Some(S::BothAccepted) => Ok(()),
        S::AskingFirst | S::AskingSecond => put_question(context, conn, after),
        S::BothAccepted => connect(context, conn, after),
        S::Declined | S::Expired | S::Withdrawn | S::Refused | S::Blocked => {
            end(context, conn, after, action)
        }
        // A question asked before the hold is put again after it.
        S::Held => Ok(introductions::kill_asks(conn, after.id).map(drop)?),
        S::DeliveryProblem => notices::alert(context, conn, after.id, Matter::DeliveryProblem),
        S::Sent => record_names(context, conn, after),
        S::Converted => deals::open(context, conn, after),
        S::Closed => meetings::cancel(context, conn, after.id),
        _ => Ok(()),
    }
}

/// Where the key of the mail that connects begins; its end is the version in
/// which both had agreed.
fn connecting_keys(id: IntroductionId) -> String {
    format!("introduction:{id}:")
}

/// Queues the mail that connects both.
fn connect(context: &Context, conn: &mut Conn, after: &Introduction) -> Result<(), Error> {
    meetings::propose(context, conn, after)?;
    notices::enqueue(
        context,
        conn,
        // A hold between consent and sending makes a second intent, which the
        // first one's mail, never sent, doesn't stand for.
        &format!("{}{}", connecting_keys(after.id), after.version),
        (SubjectKind::Introduction, after.id.uuid()),
        &Notice::Introduction {
            introduction: after.id,
        },
    )
}

/// Whether a later mail that connects both waits as well: one that was held
/// back by a freeze may be due when it is. What may have arrived was never frozen
/// nor held, so that none comes after it.
pub(in crate::services) fn is_replaced(
    conn: &mut Conn,
    id: IntroductionId,
    claimed: &Claimed,
) -> Result<bool, Error> {
    let version = |key: &str| {
        let (_, version) = key.rsplit_once(':')?;
        version.parse::<i64>().ok()
    };
    let own = version(&claimed.intent_key);
    let waiting = outbox::waiting(conn, &connecting_keys(id))?;
    Ok(waiting.iter().any(|key| version(key) > own))
}

/// Asks the person of the side whose turn it is: the first who may answer for
/// the organization.
pub(super) fn put_question(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
    let Some(side) = introduction.asked() else {
        return Ok(());
    };
    let organization = introduction.organization(side);
    let firm = db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
    let Some(person) = person_to_ask(conn, organization)? else {
        if introduction.status == IntroductionStatus::AskingSecond {
            return hold_without_person(context, conn, introduction);
        }
        return Err(Error::refused(
            "nobody_to_ask",
            "The other side has nobody yet who could answer.",
        ));
    };
    let now = context.now();
    let ask = Ask {
        id: context.new_id(),
        introduction: introduction.id,
        side,
        person: person.id,
        state: AskState::Open,
        expires_at: context.calendars.deadline(
            firm.details.country,
            person.zone,
            now,
            context.settings.ask_working_days,
        ),
        created_at: now,
        remind_at: None,
        reminders: 0,
    };
    introductions::insert_ask(conn, &ask)?;
    let remind_at = next_reminder(context, conn, &ask, 0)?;
    introductions::note_reminder(conn, ask.id, 0, remind_at)?;
    // Asking is consent: who accepted before is named to the one asked.
    let other = side.other();
    let level = if introduction.accepted(other) {
        Level::Named
    } else {
        Level::Teaser
    };
    let subject = Subject::new(SubjectKind::Introduction, introduction.id);
    let by = disclosure::answer_about(context, conn, subject, Occasion::Running)?;
    disclosure::record(
        context,
        conn,
        &context.pen(Actor::System),
        Showing {
            programme: introduction.programme,
            shown: introduction.organization(other),
            to: organization,
            level,
            subject,
            opened: None,
        },
        &by,
    )?;
    notices::enqueue(
        context,
        conn,
        &format!("introduction_ask:{}", ask.id),
        (SubjectKind::Introduction, introduction.id.uuid()),
        &Notice::IntroductionAsk { ask: ask.id },
    )
}

/// The first side's yes stands though the second has nobody who may answer: it
/// is held until somebody releases it, and the curators are told.
fn hold_without_person(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
    let rules = vec![Rule::Claimed];
    let two_people = false;
    let wait = Action::Gate(Decision::Review { rules, two_people });
    let held = apply_system(context, conn, introduction, &wait)?;
    notices::alert(context, conn, held.id, Matter::QuestionUndelivered)
}

/// Ends the open questions, keeps the pair apart where a side said no, and
/// tells those concerned without a reason.
fn end(
    context: &Context,
    conn: &mut Conn,
    after: &Introduction,
    action: &Action,
) -> Result<(), Error> {
    // One reader may have got the invitation before the other's copy came back.
    meetings::cancel(context, conn, after.id)?;
    let asks = introductions::asks(conn, after.id)?;
    introductions::kill_asks(conn, after.id)?;
    let now = context.now();
    // “Not now” names its own date.
    let not_now = matches!(action, Action::Answer(_, Answer::NotNow { .. }));
    if after.status == IntroductionStatus::Declined && !not_now {
        let cool_down = TimeDelta::days(i64::from(context.settings.cool_down_days));
        db::matches::suppress(conn, after.startup, after.investor, now + cool_down)?;
    }
    matches::give_back(
        context,
        conn,
        after.matched,
        after.status == IntroductionStatus::Declined,
    )?;
    let ending = match after.status {
        IntroductionStatus::Declined => Ending::Declined,
        IntroductionStatus::Expired => Ending::Expired,
        IntroductionStatus::Withdrawn if !by_other(after, action) => Ending::Withdrawn,
        // Who asked reads no more than that it was not taken up.
        IntroductionStatus::Withdrawn => Ending::Declined,
        _ => Ending::Refused,
    };
    if matches!(action, Action::Answer(_, Answer::ReportAbuse)) {
        follow_report(context, conn, after)?;
    }
    tell_end(context, conn, after, &asks, ending)
}

/// Whether it is not who asked that took something back: a side its consent or
/// record, or a curator an admission.
fn by_other(after: &Introduction, action: &Action) -> bool {
    match action {
        Action::WithdrawConsent(side) | Action::EndRecord(side) => {
            after.requester.side() != Some(*side)
        }
        Action::EndAdmission => true,
        _ => false,
    }
}

/// Ends an introduction that was not sent because a side took its consent back;
/// one that went further stays where it is.
pub(in crate::services) fn end_without_consent(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    side: Side,
    actor: Actor,
) -> Result<(), Error> {
    let hat = match side {
        Side::Startup => Hat::Startup,
        Side::Investor => Hat::Investor,
    };
    let action = Action::WithdrawConsent(side);
    match step(before, &action, hat) {
        Ok(after) => commit(context, conn, before, after, &action, actor).map(drop),
        Err(_) => Ok(()),
    }
}

/// Ends every introduction about a record that was not sent yet, with the
/// closing mails; one that went further stays where it is.
pub(in crate::services) fn end_all(
    context: &Context,
    conn: &mut Conn,
    about: About,
    actor: Actor,
) -> Result<(), Error> {
    let action = match about {
        About::Profile(..) => Action::EndRecord(Side::Startup),
        About::Mandate(_) | About::Investor(_) => Action::EndRecord(Side::Investor),
        About::Programme(_) => Action::EndProgramme,
        About::ProfileIn(..) | About::MandateIn(..) => Action::EndAdmission,
    };
    for id in introductions::unsent(conn, about)? {
        // Who hands its mail over has it in hand as well.
        introductions::lock(conn, id)?;
        if outbox::is_sending(conn, Subject::new(SubjectKind::Introduction, id))? {
            continue;
        }
        let before = load(conn, id)?;
        if let Ok(after) = step(&before, &action, Hat::System) {
            commit(context, conn, &before, after, &action, actor)?;
        }
    }
    Ok(())
}

/// Who reported abuse is kept apart from who asked, and the operator's people
/// look at it.
fn follow_report(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
    let (startup, investor) = (introduction.startup, introduction.investor);
    let now = context.now();
    db::blocks::insert(conn, startup, investor, "reported abuse", now)?;
    context.pen(Actor::System).append(
        conn,
        "introduction.abuse_reported",
        (SubjectKind::Introduction, introduction.id),
        vec![("requester", code(introduction.requester.code()))],
    )?;
    notices::alert(context, conn, introduction.id, Matter::AbuseReported)
}

/// Tells who has to hear of it that it came to nothing: who asked, unless they
/// took it back; who said yes; and who was asked by mail and didn't answer.
fn tell_end(
    context: &Context,
    conn: &mut Conn,
    after: &Introduction,
    asks: &[Ask],
    ending: Ending,
) -> Result<(), Error> {
    let mut told = Vec::new();
    if ending != Ending::Withdrawn {
        told.push((after.requested_by, None, ending));
    }
    let withdrawn = after.status == IntroductionStatus::Withdrawn;
    let waited = withdrawn || ending == Ending::Expired;
    for ask in asks {
        let concerned = match ask.state {
            AskState::Open => waited && notices::asked_by(conn, ask.id)?.is_some(),
            AskState::Answered => after.accepted(ask.side),
            AskState::Dead => false,
        };
        if concerned {
            let ending = if withdrawn { Ending::Withdrawn } else { ending };
            told.push((ask.person, Some(ask.id), ending));
        }
    }
    for (person, ask, ending) in told {
        let whom = ask.map_or(person.uuid(), AskId::uuid);
        notices::enqueue(
            context,
            conn,
            &format!("introduction_closed:{}:{whom}", after.id),
            (SubjectKind::Introduction, after.id.uuid()),
            &Notice::IntroductionClosed {
                introduction: after.id,
                person,
                ask,
                ending,
            },
        )?;
    }
    Ok(())
}

/// Writes the ledger: the mail names each side to the other.
pub(in crate::services) fn record_names(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
    let pen = context.pen(Actor::System);
    let subject = Subject::new(SubjectKind::Introduction, introduction.id);
    let by = disclosure::answer_about(context, conn, subject, Occasion::Sending)?;
    for side in [Side::Startup, Side::Investor] {
        let showing = Showing {
            programme: introduction.programme,
            shown: introduction.organization(side),
            to: introduction.organization(side.other()),
            level: Level::Named,
            subject,
            opened: None,
        };
        disclosure::record(context, conn, &pen, showing, &by)?;
    }
    Ok(())
}

/// Expires the questions whose time has passed; answers how many.
pub async fn expire_due(context: &Context) -> Result<usize, Error> {
    let now: DateTime<Utc> = context.now();
    let context_in = context.clone();
    due::each(
        context,
        "introduction.expire",
        |ask: &Ask| ask.introduction.uuid(),
        move |conn, limit| introductions::due_asks(conn, now, limit),
        move |conn, ask: &Ask| expire(&context_in, conn, ask),
    )
    .await
}

/// Takes the introduction of a question in hand and sees whether the question
/// still stands as it was read.
///
/// # Errors
/// [`Error::StaleVersion`] when it doesn't; or a statement failed.
pub(super) fn still_as_read(conn: &mut Conn, ask: &Ask) -> Result<Introduction, Error> {
    introductions::lock(conn, ask.introduction)?;
    if introductions::find_ask(conn, ask.id)?.as_ref() != Some(ask) {
        return Err(Error::StaleVersion);
    }
    load(conn, ask.introduction)
}

fn expire(context: &Context, conn: &mut Conn, ask: &Ask) -> Result<(), Error> {
    let read = still_as_read(conn, ask)?;
    let stood_still = read.status == IntroductionStatus::Frozen;
    let before = thaw(context, conn, read)?;
    if stood_still {
        // Its clock stands, or goes on with the time that was left.
        return Ok(());
    }
    if before.asked() != Some(ask.side) {
        introductions::kill_asks(conn, ask.introduction)?;
        return Ok(());
    }
    let pair = super::pair(conn, &before)?;
    let decision = disclosure::ask(context, conn, &pair, Occasion::Running)?;
    if matches!(decision, Decision::Review { .. }) {
        // Nobody could answer, for somebody has to decide first.
        return apply_system(context, conn, &before, &Action::Gate(decision)).map(drop);
    }
    if decision.is_frozen() {
        return prolong(context, conn, &before, ask);
    }
    apply_system(context, conn, &before, &Action::Expire).map(drop)
}

/// Nobody could read the question, so its time begins again.
fn prolong(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    ask: &Ask,
) -> Result<(), Error> {
    extend(context, conn, before, ask, context.now())?;
    let subject = (SubjectKind::Introduction, before.id);
    let pen = context.pen(Actor::System);
    pen.append(conn, "introduction.prolonged", subject, vec![])
}
