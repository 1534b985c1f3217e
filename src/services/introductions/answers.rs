//! Answers: by the link in a mail, or by somebody who is signed in.

use chrono::{DateTime, Utc};

use crate::auth::link::LinkError;
use crate::db::introductions::GivenAnswer;
use crate::db::{self, Conn, introductions};
use crate::domain::disclosure::{Decision, Opener};
use crate::domain::event::Actor;
use crate::domain::ids::AskId;
use crate::domain::introduction::{
    Action, Answer, Ask, AskState, Introduction, IntroductionStatus, Reply, step,
};
use crate::domain::meeting::Enclosed;
use crate::domain::permission::Hat;
use crate::domain::refusal::Refusal;
use crate::domain::values::Side;
use crate::services::caller::in_any_hat;
use crate::services::disclosure::Occasion;
use crate::services::disclosure::opening::{self, Opening};
use crate::services::notices::{AskSight, Recipient};
use crate::services::{AuthFault, Caller, Context, Error, consents, disclosure, notices};

use super::freezing::{as_thawed, thaw};
use super::hand_over::is_still_there;
use super::people::asked_person;
use super::{commit, load, opening_by, pair, passing};

/// Who gave an answer, as the page asks.
#[derive(Debug, Clone)]
pub struct Answerer {
    /// Their name.
    pub name: String,
    /// What they are at their firm.
    pub role: Option<String>,
}

/// An open question as its page shows it.
#[derive(Debug, Clone)]
pub struct Question {
    /// The question.
    pub ask: Ask,
    /// What the mail said, and the page says again.
    pub content: notices::AskContent,
    /// Who is asked.
    pub person: Recipient,
    /// Whether more time was asked for already.
    pub extended: bool,
}

/// What the link of a question opens.
#[derive(Debug, Clone)]
pub enum Opened {
    /// It waits for an answer.
    Open(Box<Question>),
    /// It was answered.
    Answered(Recipient),
    /// Somebody else was asked instead.
    PassedOn(Recipient),
    /// It can't be read or answered for the time being, and nothing is lost.
    Paused(Recipient),
    /// The introduction went on or ended without it.
    Over(Recipient),
    /// Too late.
    Expired(Recipient),
}

/// Reads the link of a question. Reading changes nothing but the ledger, which
/// notes once a day that the page named who asks: mail scanners follow links.
pub async fn open_link(context: &Context, token: &str) -> Result<Opened, Error> {
    let id = match context.links.parse(token, context.now()) {
        // More time may have been granted since the link was made, so the
        // question's own deadline counts.
        Ok(token) | Err(LinkError::Expired(token)) => token.ask,
        Err(LinkError::Invalid) => return Err(Error::NotFound),
    };
    let context_in = context.clone();
    let (opened, opening) = context
        .db
        .read(move |conn| {
            let opened = opened(&context_in, conn, id)?;
            let opening = match &opened {
                Opened::Open(question) => opening_of(conn, &question.ask)?,
                _ => None,
            };
            let opening = match opening {
                Some(opening) => opening.unless_noted(&context_in, conn)?,
                None => None,
            };
            Ok::<_, Error>((opened, opening))
        })
        .await?;
    opening::note(context, Actor::Link(id), opening).await?;
    Ok(opened)
}

/// What of the other side the page of a question names: who asks by it.
fn opening_of(conn: &mut Conn, ask: &Ask) -> Result<Option<Opening>, Error> {
    let introduction = load(conn, ask.introduction)?;
    if !introduction.accepted(ask.side.other()) {
        return Ok(None);
    }
    opening_by(conn, &introduction, ask.side, Opener::Link).map(Some)
}

fn opened(context: &Context, conn: &mut Conn, id: AskId) -> Result<Opened, Error> {
    let ask = introductions::find_ask(conn, id)?.ok_or(Error::NotFound)?;
    let person = asked_person(conn, &ask)?.ok_or(Error::NotFound)?;
    let late = ask.expires_at <= context.now();
    match ask.state {
        AskState::Answered => return Ok(Opened::Answered(person)),
        AskState::Dead if was_passed_on(conn, &ask)? => {
            return Ok(Opened::PassedOn(person));
        }
        AskState::Open | AskState::Dead => {}
    }
    let stored = load(conn, ask.introduction)?;
    let stood_still = stored.status == IntroductionStatus::Frozen;
    let introduction = as_thawed(context, conn, stored)?;
    // It has the time that was left when it began to stand still.
    let late = late && !stood_still;
    let theirs = is_theirs(conn, &introduction, &ask)?;
    // Its time stands still while it is paused, so this comes first.
    Ok(
        match notices::ask_content(context, conn, &ask, &introduction)? {
            AskSight::Paused if theirs => Opened::Paused(person),
            _ if late => Opened::Expired(person),
            AskSight::Open(content) if theirs && ask.state == AskState::Open => {
                Opened::Open(Box::new(Question {
                    extended: introduction.extended,
                    ask,
                    content: *content,
                    person,
                }))
            }
            _ => Opened::Over(person),
        },
    )
}

/// Whether the link of a question still stands for its side: whoever got it, or
/// passed it on, must still be able to answer for the firm.
fn is_theirs(conn: &mut Conn, introduction: &Introduction, ask: &Ask) -> Result<bool, Error> {
    is_still_there(conn, ask.person, introduction.organization(ask.side))
}

fn was_passed_on(conn: &mut Conn, ask: &Ask) -> Result<bool, Error> {
    Ok(introductions::answers(conn, ask.introduction)?
        .iter()
        .any(|given| given.ask == Some(ask.id) && given.answer == Answer::PassOn))
}

/// Answers a question by its link, or passes it on. The link can do so once.
pub async fn answer_link(
    context: &Context,
    token: &str,
    reply: Reply,
    enclosed: Enclosed,
    answerer: Answerer,
) -> Result<Introduction, Error> {
    let id = link_ask(context, token)?;
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let ask = introductions::find_ask(conn, id)?.ok_or(Error::NotFound)?;
            introductions::lock(conn, ask.introduction)?;
            let before = load(conn, ask.introduction)?;
            let before = thaw(&context_in, conn, before)?;
            // One that stood still has its time back.
            let ask = introductions::find_ask(conn, id)?.ok_or(Error::NotFound)?;
            if before.status == IntroductionStatus::Frozen {
                return Err(paused());
            }
            if !is_theirs(conn, &before, &ask)? {
                return Err(answered_already());
            }
            record_answer(
                &context_in,
                conn,
                &before,
                &ask,
                reply,
                enclosed,
                &answerer,
                Actor::Link(id),
            )
        })
        .await
}

fn link_ask(context: &Context, token: &str) -> Result<AskId, Error> {
    match context.links.parse(token, context.now()) {
        Ok(token) | Err(LinkError::Expired(token)) => Ok(token.ask),
        Err(LinkError::Invalid) => Err(Error::Unauthenticated(AuthFault::Invalid)),
    }
}

pub(super) fn answer_by_caller(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    before: &Introduction,
    reply: Reply,
    enclosed: Enclosed,
) -> Result<Introduction, Error> {
    let answer = answer_of(&reply);
    let side = before.asked().ok_or_else(|| match before.status {
        IntroductionStatus::Frozen => paused(),
        _ => Error::Refused(Refusal::no_transition(answer.code())),
    })?;
    let hats = caller.hats(before.startup, before.investor);
    let action = Action::Answer(side, answer);
    let (_, _) = in_any_hat(&hats, |hat| step(before, &action, hat))?;
    let ask = introductions::asks(conn, before.id)?
        .into_iter()
        .find(|ask| ask.side == side && ask.state == AskState::Open)
        .ok_or(Error::StaleVersion)?;
    let answerer = Answerer {
        name: caller.user.name.to_string(),
        role: None,
    };
    record_answer(
        context,
        conn,
        before,
        &ask,
        reply,
        enclosed,
        &answerer,
        caller.actor(),
    )
}

const fn answer_of(reply: &Reply) -> Answer {
    match reply {
        Reply::Answer(answer) => *answer,
        Reply::PassOn(_) => Answer::PassOn,
    }
}

#[expect(clippy::too_many_arguments, reason = "one answer has that many parts")]
fn record_answer(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    ask: &Ask,
    reply: Reply,
    enclosed: Enclosed,
    answerer: &Answerer,
    actor: Actor,
) -> Result<Introduction, Error> {
    let now = context.now();
    let answer = answer_of(&reply);
    if let Answer::NotNow { until } = answer
        && until <= now
    {
        return Err(Error::refused(
            "date_needed",
            "“not_now” needs a date in the future.",
        ));
    }
    let hat = match ask.side {
        Side::Startup => Hat::Startup,
        Side::Investor => Hat::Investor,
    };
    let action = Action::Answer(ask.side, answer);
    let mut after = step(before, &action, hat)?;
    if answer == Answer::Accept {
        // A yes hands over a name, so the gate is asked again first.
        let pair = pair(conn, before)?;
        let decision = disclosure::ask(context, conn, &pair, Occasion::Running)?;
        if decision.is_frozen() {
            return Err(paused());
        }
        if decision != Decision::Allow {
            after = step(&after, &Action::Gate(decision), Hat::System)?;
        }
    }
    if answer == Answer::MoreTime {
        if ask.expires_at <= now {
            return Err(answered_already());
        }
        extend(context, conn, before, ask, ask.expires_at)?;
    } else if let Reply::PassOn(to) = reply {
        if ask.expires_at <= now {
            return Err(answered_already());
        }
        passing::pass_on(context, conn, before, ask, to)?;
    } else if !introductions::answer_ask(conn, ask.id, now)? {
        return Err(answered_already());
    }
    introductions::insert_answer(
        conn,
        &GivenAnswer {
            id: context.new_id(),
            introduction: before.id,
            side: ask.side,
            ask: Some(ask.id),
            answer,
            note: enclosed.note.clone(),
            person_name: answerer.name.clone(),
            person_role: answerer.role.clone(),
            created_at: now,
        },
    )?;
    if matches!(actor, Actor::Link(_)) {
        introductions::name_delegate(conn, ask.id, &answerer.name)?;
    }
    if answer == Answer::Accept {
        let copy = enclosed.curator_copy;
        consents::of_answer(context, conn, before, ask, answerer, actor, copy)?;
        super::meetings::offer(conn, before.id, ask.side, &enclosed.slots)?;
    }
    let after = commit(context, conn, before, after, &action, actor)?;
    if let Answer::NotNow { until } = answer {
        db::matches::suppress(conn, before.startup, before.investor, until)?;
    }
    Ok(after)
}

/// As many working days more as a question has at first.
pub(super) fn extend(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    ask: &Ask,
    from: DateTime<Utc>,
) -> Result<(), Error> {
    let firm = db::organizations::find(conn, introduction.organization(ask.side))?;
    let person = asked_person(conn, ask)?;
    let (Some(firm), Some(person)) = (firm, person) else {
        return Err(Error::NotFound);
    };
    let expires_at = context.calendars.deadline(
        firm.details.country,
        person.zone,
        from,
        context.settings.ask_working_days,
    );
    if introductions::extend_ask(conn, ask.id, expires_at)? {
        Ok(())
    } else {
        Err(Error::refused(
            "answered_already",
            "This question was answered already.",
        ))
    }
}

/// Says nothing of why, for what that would tell of the other side.
fn paused() -> Error {
    Error::refused(
        "paused",
        "This introduction is paused at present; the question stays open, so please answer later.",
    )
}

pub(super) fn answered_already() -> Error {
    Error::refused(
        "answered_already",
        "This question was answered, or its time has passed.",
    )
}
