//! Answers: by the link in a mail, or by somebody who is signed in.

use chrono::{DateTime, Utc};

use crate::auth::link::LinkError;
use crate::db::introductions::GivenAnswer;
use crate::db::{self, Conn, introductions};
use crate::domain::account::User;
use crate::domain::disclosure::Decision;
use crate::domain::event::Actor;
use crate::domain::ids::AskId;
use crate::domain::introduction::{Action, Answer, Ask, AskState, Introduction, step};
use crate::domain::permission::Hat;
use crate::domain::refusal::Refusal;
use crate::domain::values::Side;
use crate::services::caller::in_any_hat;
use crate::services::disclosure::Occasion;
use crate::services::{AuthFault, Caller, Context, Error, disclosure, notices};

use super::{commit, load, pair};

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
    pub person: User,
    /// Whether more time was asked for already.
    pub extended: bool,
}

/// What the link of a question opens.
#[derive(Debug, Clone)]
pub enum Opened {
    /// It waits for an answer.
    Open(Box<Question>),
    /// It was answered.
    Answered(User),
    /// The introduction went on or ended without it.
    Over(User),
    /// Too late.
    Expired(User),
}

/// Reads the link of a question. Reading changes nothing: mail scanners
/// follow links.
pub async fn open_link(context: &Context, token: &str) -> Result<Opened, Error> {
    let id = match context.links.parse(token, context.now()) {
        // More time may have been granted since the link was made, so the
        // question's own deadline counts.
        Ok(token) | Err(LinkError::Expired(token)) => token.ask,
        Err(LinkError::Invalid) => return Err(Error::NotFound),
    };
    let context_in = context.clone();
    context
        .db
        .read(move |conn| {
            let ask = introductions::find_ask(conn, id)?.ok_or(Error::NotFound)?;
            let person = db::users::find(conn, ask.person)?.ok_or(Error::NotFound)?;
            let late = ask.expires_at <= context_in.now();
            match ask.state {
                AskState::Answered => return Ok(Opened::Answered(person)),
                AskState::Open | AskState::Dead if late => return Ok(Opened::Expired(person)),
                AskState::Dead => return Ok(Opened::Over(person)),
                AskState::Open => {}
            }
            let introduction = load(conn, ask.introduction)?;
            match notices::ask_content(&context_in, conn, &ask, &introduction)? {
                Some(content) => Ok(Opened::Open(Box::new(Question {
                    extended: introduction.extended,
                    ask,
                    content,
                    person,
                }))),
                None => Ok(Opened::Over(person)),
            }
        })
        .await
}

/// Answers a question by its link. The link can answer once.
pub async fn answer_link(
    context: &Context,
    token: &str,
    answer: Answer,
    note: Option<String>,
    answerer: Answerer,
) -> Result<Introduction, Error> {
    let id = link_ask(context, token)?;
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let ask = introductions::find_ask(conn, id)?.ok_or(Error::NotFound)?;
            let before = load(conn, ask.introduction)?;
            record_answer(
                &context_in,
                conn,
                &before,
                &ask,
                answer,
                note,
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
    answer: Answer,
    note: Option<String>,
) -> Result<Introduction, Error> {
    let side = before
        .asked()
        .ok_or_else(|| Error::Refused(Refusal::no_transition(answer.code())))?;
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
        answer,
        note,
        &answerer,
        caller.actor(),
    )
}

#[expect(clippy::too_many_arguments, reason = "one answer has that many parts")]
fn record_answer(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    ask: &Ask,
    answer: Answer,
    note: Option<String>,
    answerer: &Answerer,
    actor: Actor,
) -> Result<Introduction, Error> {
    let now = context.now();
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
            note,
            person_name: answerer.name.clone(),
            person_role: answerer.role.clone(),
            created_at: now,
        },
    )?;
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
    let person = db::users::find(conn, ask.person)?;
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

fn answered_already() -> Error {
    Error::refused(
        "answered_already",
        "This question was answered, or its time has passed.",
    )
}
